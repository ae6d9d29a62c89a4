/* own_solver.c - somebody else's solver in the graph: memory in, memory out, with its transposed solve as the rule.
 *
 * -u'' = f on n inner points of (0, 1), u = 0 at both ends, by the Thomas algorithm. */
#include <math.h>
#include <stdio.h>
#include <thalweg.h>

enum { N = 31 };

static void poisson(const double *f, double *u)
{
    double c[N];
    for (int i = 0; i < N; i++) {
        const double pivot = 2 - (i ? c[i - 1] : 0);
        c[i] = 1 / pivot;
        u[i] = (f[i] / ((N + 1) * (N + 1)) + (i ? u[i - 1] : 0)) / pivot;
    }
    for (int i = N - 2; i >= 0; i--) u[i] += c[i] * u[i + 1];
}

static int solve(const tw_extern_call *c)            { return poisson(c->in[0].data, c->y.data), 0; }
static int solve_transposed(const tw_extern_call *c) { return poisson(c->gy.data, c->gx[0].data), 0; }      /* symmetric */
static tw_node *solution(int n, tw_node *const *f, void *user)
{
    (void)n, (void)user;
    return tw_extern(tw_ctx_of(f[0]), .name = "poisson", .in = { f[0] }, .out = TW_SHAPE(N), .forward = solve, .vjp = solve_transposed, .linear = true);
}

/* Which force bends the beam to sin(pi x)? One step of steepest descent finds it: sines are eigenvectors. */
int main(void)
{
    tw_ctx *cx = tw_open(.dtype = TW_F64);
    tw_node *force = tw_zeros(cx, TW_SHAPE(N)), *x = tw_div(tw_add(tw_arange(cx, N, .dtype = TW_F64), 1), N + 1), *wanted = tw_sin(tw_mul(M_PI, x));
    tw_node *u = solution(1, &force, NULL), *misfit = tw_sum(tw_square(tw_sub(u, wanted))), *g = tw_grad(misfit, force);
    tw_node *length = tw_div(tw_sum(tw_square(g)), tw_sum(tw_mul(g, tw_hvp(misfit, force, g))));     /* the best along g */
    tw_node *better = tw_sub(force, tw_mul(length, g)), *bent = solution(1, &better, NULL);
    printf("misfit %.6f, after one step %.2e; force in the middle %.4f, pi^2 is %.4f\n", tw_item(misfit),
           tw_item(tw_sum(tw_square(tw_sub(bent, wanted)))), tw_f64(better)[N / 2], M_PI * M_PI);
    return !tw_grad_check(solution, 1, &force) || tw_close(cx);
}
