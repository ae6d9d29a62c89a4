/* check_orders.c - derivatives of higher order against closed forms, against JAX, and against differences. */
#include "tests/fixture.h"
#include "nn/nn.h"

/* ---- logistic regression: H = X' diag(p (1 - p)) X / N ------------------------------------ */

START_TEST(the_hessian_of_logistic_regression)
{
    enum { D = 100, N = 1000 };
    uint64_t seed = 11;
    arr x = arr_noise(TW_SHAPE(N, D), -1, 1, &seed), w = arr_noise(TW_SHAPE(D, 1), -0.5, 0.5, &seed), want = arr_new(2, (int64_t[]){ D, D });
    arr label = arr_noise(TW_SHAPE(N, 1), 0, 1, &seed);
    for (int i = 0; i < N; i++) label.v[i] = label.v[i] > 0.5;
    for (int i = 0; i < N; i++) {
        double z = 0;
        for (int k = 0; k < D; k++) z += x.v[i * D + k] * w.v[k];
        const double p = 1 / (1 + exp(-z));
        for (int a = 0; a < D; a++)
            for (int b = 0; b < D; b++) want.v[a * D + b] += p * (1 - p) * x.v[i * D + a] * x.v[i * D + b] / N;
    }
    tw_node *W = node_of(cx, TW_F64, &w), *z = tw_matmul(node_of(cx, TW_F64, &x), W), *t = node_of(cx, TW_F64, &label);
    tw_node *loss = tw_mean(tw_sub(tw_log1p(tw_exp(z)), tw_mul(t, z)));
    for (int mode = 1; mode < 3; mode++) {
        const arr h = arr_of(tw_reshape(tw_hessian(loss, W, .mode = (tw_mode)mode), TW_SHAPE(D, D)));
        arr_near(&h, &want, 1e-10, "Hessian");
    }
    const arr part = arr_of(tw_reshape(tw_hessian(loss, W, .chunk = 17), TW_SHAPE(D, D)));
    arr_near(&part, &want, 1e-10, "Hessian in chunks");
    arr v = arr_noise(TW_SHAPE(D, 1), -1, 1, &seed), hv = arr_like(&v);
    for (int a = 0; a < D * D; a++) hv.v[a / D] += want.v[a] * v.v[a % D];
    const arr got = arr_of(tw_hvp(loss, W, node_of(cx, TW_F64, &v)));
    arr_near(&got, &hv, 1e-10, "Hessian times a vector");
}
END_TEST

/* ---- a chain of ten operations ------------------------------------------------------------- */

/* Printed by JAX 64-bit:
 *   f = lambda x: jnp.exp(jnp.cos(erf(sigmoid(sqrt(log1p(square(tanh(sin(x / (1 + x))))))))))
 *   for x in (0.4, 1.1, 2.5): print(f(x), grad(f)(x), grad(grad(f))(x), grad(grad(grad(f)))(x)) */
static const struct { double x, d[4]; } jax[] = {
    { 0.4, { 2.3115126485761204, -0.10862657754874538, 0.22937153475729172, -0.5976163229487457 } },
    { 1.1, { 2.269260480474772, -0.03227690276229895, 0.045141518389489224, -0.08854555041868487 } },
    { 2.5, { 2.2468397046726447, -0.00777611900558452, 0.00585798737600059, -0.006433676569172354 } },
};

static tw_node *chain(tw_node *x)
{
    x = tw_tanh(tw_sin(tw_div(x, tw_add(1, x))));
    return tw_exp(tw_cos(tw_erf(tw_sigmoid(tw_sqrt(tw_log1p(tw_square(x)))))));
}

START_TEST(third_derivatives_of_a_chain_of_ten)
{
    for (size_t i = 0; i < sizeof jax / sizeof *jax; i++) {
        tw_node *x = tw_scalar(cx, jax[i].x), *one = tw_scalar(cx, 1), *r = chain(x), *f = r;
        for (int k = 0; k < 4; k++) {
            near(tw_item(r), jax[i].d[k], 1e-13);
            near(tw_item(f), jax[i].d[k], 1e-13);
            r = tw_grad(r, x);
            f = k < 2 ? tw_jvp(f, 1, &x, &one) : tw_grad(f, x);     /* forward over forward, then reverse */
        }
    }
}
END_TEST

/* ---- second order through layers: both modes against differences of the first order -------- */

static tw_node *of_conv(int n, tw_node *const *x, void *user)
{
    (void)n, (void)user;
    return tw_mul(tw_conv2d(tw_sin(x[0]), x[1], .stride = { 2 }, .padding = TW_SAME), 0.5);
}
static tw_node *of_pools(int n, tw_node *const *x, void *user)
{
    (void)n, (void)user;
    return tw_mul(tw_max_pool2d(tw_exp(x[0]), .window = { 2 }), tw_avg_pool2d(tw_square(x[0]), .window = { 2 }));
}
static tw_node *normed(tw_node *x, tw_axes axes)
{
    tw_node *c = tw_sub(x, tw_mean(x, .axes = axes, .keep_dims = true));
    return tw_mul(c, tw_rsqrt(tw_add(tw_var(x, .axes = axes, .keep_dims = true), 1e-3)));
}
static tw_node *of_layer_norm(int n, tw_node *const *x, void *user)
{
    (void)n, (void)user;
    return tw_add(tw_mul(normed(x[0], TW_AXES(-1)), x[1]), x[2]);
}
static tw_node *of_batch_norm(int n, tw_node *const *x, void *user)
{
    (void)n, (void)user;
    return tw_mul(tw_tanh(normed(x[0], TW_AXES(0))), x[1]);
}
static tw_node *of_cross_entropy(int n, tw_node *const *x, void *user)
{
    (void)n, (void)user;
    return tw_cross_entropy(x[0], x[1]);
}
static tw_node *of_attention(int n, tw_node *const *x, void *user)
{
    (void)n, (void)user;
    return tw_matmul(tw_softmax(tw_mul(0.5, tw_matmul(x[0], x[1], .transpose_b = true))), x[2]);
}
static tw_node *of_solution(int n, tw_node *const *x, void *user)
{
    (void)n, (void)user;
    tw_node *s = tw_mul(tw_stop_grad(x[0]), 0.5);
    for (int i = 0; i < 40; i++) s = tw_sub(s, tw_div(tw_sub(tw_add(tw_mul(tw_square(s), s), s), tw_stop_grad(x[0])), tw_add(1, tw_mul(3, tw_square(s)))));
    tw_node *root = tw_stop_grad(s);
    return tw_solution(root, tw_sub(tw_add(tw_mul(tw_square(root), root), root), x[0]));
}

#define UNIFORM(...) tw_uniform(cx, TW_SHAPE(__VA_ARGS__), .low = -1, .high = 1)
#define CHECKED(f, ...) \
    do { \
        tw_node *xs[] = { __VA_ARGS__ }; \
        if (!tw_grad_check(f, (int)(sizeof xs / sizeof *xs), xs)) ck_abort_msg("%s: %s", #f, tw_error_get(cx)->text); \
    } while (0)

START_TEST(second_order_through_layers)
{
    CHECKED(of_conv, UNIFORM(1, 4, 3, 2), UNIFORM(3, 3, 2, 2));
    CHECKED(of_pools, UNIFORM(1, 4, 4, 1));
    CHECKED(of_layer_norm, UNIFORM(3, 5), UNIFORM(5), UNIFORM(5));
    CHECKED(of_batch_norm, UNIFORM(4, 3), UNIFORM(3));
    CHECKED(of_attention, UNIFORM(3, 2), UNIFORM(4, 2), UNIFORM(4, 2));
    CHECKED(of_cross_entropy, UNIFORM(3, 4), tw_data(cx, TW_I64, TW_SHAPE(3), ((int64_t[]){ 2, 0, 3 })));
    CHECKED(of_solution, UNIFORM(3));
}
END_TEST

/* ---- solutions of equations ----------------------------------------------------------------- */

START_TEST(the_derivative_of_a_solution)
{
    /* x1 + x2 = a, x1 x2 = b: x by the user's own solver, here the formula. */
    const double a = 5, b = 6, d = sqrt(a * a - 4 * b);
    tw_node *theta = tw_data(cx, TW_F64, TW_SHAPE(2), ((double[]){ a, b })), *x = tw_data(cx, TW_F64, TW_SHAPE(2), ((double[]){ (a + d) / 2, (a - d) / 2 }));
    tw_node *x1 = tw_index(x, .at = 0), *x2 = tw_index(x, .at = 1);
    tw_node *equation = tw_sub(tw_stack(2, ((tw_node *[]){ tw_add(x1, x2), tw_mul(x1, x2) })), theta);
    const double *j = tw_f64(tw_implicit(x, equation, theta));
    const double want[] = { 0.5 + a / (2 * d), -1 / d, 0.5 - a / (2 * d), 1 / d };
    ok(cx);
    for (int i = 0; i < 4; i++) near(j[i], want[i], 1e-14);
    /* the second derivative of x1 by a: d/da (1/2 + a / 2d) = 1/2d - a^2 / 2d^3 */
    tw_node *s = tw_index(tw_solution(x, equation), .at = 0), *g = tw_grad(s, theta), *gg = tw_grad(tw_index(g, .at = 0), theta);
    near(tw_f64(gg)[0], 1 / (2 * d) - a * a / (2 * d * d * d), 1e-14);
    near(tw_f64(tw_hessian(s, theta, .mode = TW_REVERSE))[0], 1 / (2 * d) - a * a / (2 * d * d * d), 1e-14);
}
END_TEST

START_TEST(what_solutions_refuse)
{
    tw_node *theta = tw_fill(cx, TW_SHAPE(2), .value = 1), *x = tw_zeros(cx, TW_SHAPE(2));
    tw_solution(x, tw_mul(theta, 2)); int line = __LINE__;
    fails_with(cx, TW_EGRAD, "solution", line, "does not read");
    tw_solution(x, tw_sum(tw_mul(x, theta))); line = __LINE__;
    fails_with(cx, TW_ESHAPE, "solution", line, "[2]");
    tw_solution(x, NULL); line = __LINE__;
    fails(cx, TW_EARG, "solution", line);
    ck_assert_ptr_null(tw_f64(tw_implicit(x, tw_mul(tw_square(x), theta), theta))); line = __LINE__;
    fails_with(cx, TW_EVALUE, "linear_solve", line, "singular");
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        the_hessian_of_logistic_regression, third_derivatives_of_a_chain_of_ten, second_order_through_layers, the_derivative_of_a_solution,
        what_solutions_refuse,
    };
    return run_programs("orders", sizeof tests / sizeof *tests, tests);
}
