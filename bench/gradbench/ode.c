/* ode.c - y_i' = x_i y_(i-1), y_0' = x_0, from 0 to time 2 by s steps of Runge and Kutta; the gradient is of the last y. */
#include "bench/gradbench/gradbench.h"

static void read_input(job *j)
{
    j->in[0] = numbers(j, "x");
    j->size[0] = integer(j, "s");
    if (j->size[0] < 1) fault(j, "s is %lld", (long long)j->size[0]);
}

static tw_node *rate(tw_node *x, tw_node *y)
{
    const int64_t n = tw_count(x);
    return n == 1 ? x : tw_mul(x, tw_pad(tw_slice(y, .size = { n - 1 }), .before = { 1 }, .value = 1));
}

static tw_node *solution(const job *j)
{
    tw_node *x = j->in[0], *y = tw_zeros(j->cx, tw_shape_of(x));
    const double h = 2.0 / (double)j->size[0];
    for (int64_t i = 0; i < j->size[0]; i++) {
        tw_node *k1 = rate(x, y), *k2 = rate(x, tw_add(y, tw_mul(h / 2, k1)));
        tw_node *k3 = rate(x, tw_add(y, tw_mul(h / 2, k2))), *k4 = rate(x, tw_add(y, tw_mul(h, k3)));
        tw_node *sum = tw_add(tw_add(k1, k4), tw_mul(2, tw_add(k2, k3)));
        y = tw_add(y, tw_mul(h / 6, sum));
    }
    return y;
}

static void primal(job *j)   { answer(j, NULL, solution(j)); }
static void gradient(job *j) { answer(j, NULL, tw_grad(tw_index(solution(j), .at = -1), j->in[0])); }

static json_t *sample(void) { return json_pack("{s:o, s:i}", "x", DRAWN(UNIFORM, 10000), "s", 10); }

const evaluation ode_evaluation = {
    .name = "ode", .read = read_input, .sample = sample,
    .functions = (const function[]){ { .name = "primal", .run = primal }, { .name = "gradient", .run = gradient }, { 0 } },
};
