/* rows_activation.c - rows of activations: see rows.h. */
#include "tests/rows_map.h"
#include "tests/slow_special.h"

UNARY(gelu, slow_gelu(a))
UNARY(silu, a / (1 + exp(-a)))
UNARY(mish, slow_mish(a))
UNARY(softplus, log(1 + exp(a)))
UNARY(elu, a > 0 ? a : expm1(a))
UNARY(selu, 1.0507009873554804934193349852946 * (a > 0 ? a : 1.6732632423543772848170429916717 * expm1(a)))
UNARY(celu, a > 0 ? a : expm1(a))
UNARY(log_sigmoid, -log(1 + exp(-a)))
UNARY(leaky_relu, a > 0 ? a : 0.01 * a)
UNARY(relu6, fmin(fmax(a, 0), 6))
UNARY(hardtanh, fmin(fmax(a, -1), 1))
UNARY(hardsigmoid, fmin(fmax(a + 3, 0), 6) / 6)
UNARY(hardswish, a * fmin(fmax(a + 3, 0), 6) / 6)
UNARY(softsign, a / (1 + fabs(a)))
UNARY(softshrink, a > 0.5 ? a - 0.5 : a < -0.5 ? a + 0.5 : 0)
UNARY(hardshrink, fabs(a) > 0.5 ? a : 0)
UNARY(tanhshrink, a - tanh(a))
BINARY(prelu, a > 0 ? a : b * a)

/* With options, one value of each. */
#define WITH(name, call, expr)                              \
    static double name##_of(double a) { return expr; }      \
    BUILD(b_##name, call)                                   \
    REF(r_##name, slow_map1(&x[0], name##_of))
WITH(gelu_tanh, tw_gelu(x[0], .tanh = true), slow_gelu_tanh(a))
WITH(softplus_3, tw_softplus(x[0], .beta = 3), log(1 + exp(3 * a)) / 3)
WITH(elu_2, tw_elu(x[0], .alpha = 2), a > 0 ? a : 2 * expm1(a))
WITH(celu_2, tw_celu(x[0], .alpha = 2), a > 0 ? a : 2 * expm1(a / 2))
WITH(leaky_third, tw_leaky_relu(x[0], .negative_slope = 0.3), a > 0 ? a : 0.3 * a)
WITH(leaky_zero, tw_leaky_relu(x[0], .negative_slope = TW_ZERO), a > 0 ? a : 0)
WITH(hardtanh_0_2, tw_hardtanh(x[0], .low = TW_ZERO, .high = 1.5), fmin(fmax(a, 0), 1.5))
WITH(softshrink_1, tw_softshrink(x[0], .lambda = 1), a > 1 ? a - 1 : a < -1 ? a + 1 : 0)
WITH(hardshrink_1, tw_hardshrink(x[0], .lambda = 1), fabs(a) > 1 ? a : 0)
WITH(threshold, tw_threshold(x[0], 0.1, 20), a > 0.1 ? a : 20)

/* Slopes, which rules alone build. */
static tw_node *slope_of(const tw_op *op, tw_node *x, const void *attr)
{
    return tw_build_node(&(tw_build){ .op = op, .at = TW_HERE, .attr = attr, .n = 1, .in = &x });
}
WITH(gelu_slope, slope_of(&tw_op_gelu_slope, x[0], NULL), slow_gelu_slope(a))
WITH(gelu_tanh_slope, slope_of(&tw_op_gelu_tanh_slope, x[0], NULL), slow_gelu_tanh_slope(a))
WITH(silu_slope, slope_of(&tw_op_silu_slope, x[0], NULL), slow_silu_slope(a))
WITH(mish_slope, slope_of(&tw_op_mish_slope, x[0], NULL), slow_mish_slope(a))
WITH(elu_slope, slope_of(&tw_op_elu_slope, x[0], &(double){ 2 }), slow_elu_slope(a, 2))

/* p[0]: the axis, p[1]: whether it is given. */
BUILD(b_glu, r->p[1] ? tw_glu(x[0], .axes = TW_AXES(r->p[0])) : tw_glu(x[0]))
static arr r_glu(const row *r, const arr *x)
{
    const int axis = r->p[0] < 0 ? r->p[0] + x->n : r->p[0];
    arr y = arr_new(x->n, x->at);
    y.at[axis] /= 2, y.count /= 2;
    int64_t inner = 1;
    for (int d = axis + 1; d < x->n; d++) inner *= x->at[d];
    const int64_t run = y.at[axis] * inner;
    for (int64_t k = 0; k < y.count; k++) {
        const double a = x->v[k / run * 2 * run + k % run], b = x->v[k / run * 2 * run + run + k % run];
        y.v[k] = a / (1 + exp(-b));
    }
    return y;
}

const row rows_activation[] = {
    ROWS1(gelu, K_REAL, -4, 4),
    ROWS1(silu, K_REAL, -4, 4),
    ROWS1(mish, K_REAL, -4, 4),
    ROWS1(softplus, K_REAL, -4, 4),
    ROWS1(elu, K_AWAY, 0.3, 3),
    ROWS1(selu, K_AWAY, 0.3, 3),
    ROWS1(celu, K_AWAY, 0.3, 3),
    ROWS1(log_sigmoid, K_REAL, -4, 4),
    ROWS1(leaky_relu, K_AWAY, 0.3, 3),
    ROWS1(relu6, K_AWAY, 0.3, 5),
    ROWS1(hardtanh, K_AWAY, 0.1, 0.9),
    ROWS1(hardsigmoid, K_REAL, -2.9, 2.9),
    ROWS1(hardswish, K_REAL, -2.9, 2.9),
    ROWS1(softsign, K_AWAY, 0.3, 3),
    ROWS1(softshrink, K_AWAY, 0.6, 3),
    ROWS1(hardshrink, K_AWAY, 0.6, 3),
    ROWS1(tanhshrink, K_REAL, -3, 3),
    ROWS2(prelu, K_AWAY, 0.3, 3, K_REAL, -1, 1),
    ROWS1(gelu_tanh, K_REAL, -4, 4),
    ROWS1(gelu_slope, K_REAL, -4, 4),
    ROWS1(gelu_tanh_slope, K_REAL, -4, 4),
    ROWS1(silu_slope, K_REAL, -4, 4),
    ROWS1(mish_slope, K_REAL, -4, 4),
    ROWS1(elu_slope, K_AWAY, 0.3, 3),
    { "relu6", "above", { IN(5, 8, BIG) }, IS(relu6), .flags = R_VALUE },
    { "hardtanh", "beyond", { IN(-3, 3, BIG) }, IS(hardtanh), .flags = R_VALUE },
    { "hardsigmoid", "beyond", { IN(-6, 6, BIG) }, IS(hardsigmoid), .flags = R_VALUE },
    { "hardswish", "beyond", { IN(-6, 6, BIG) }, IS(hardswish), .flags = R_VALUE },
    { "softshrink", "inside", { IN(-0.6, 0.6, BIG) }, IS(softshrink), .flags = R_VALUE },
    { "hardshrink", "inside", { IN(-0.6, 0.6, BIG) }, IS(hardshrink), .flags = R_VALUE },
    { "softplus", "beta 3", { REAL(3, 5) }, IS(softplus_3) },
    { "elu", "alpha 2", { AWAY(3, 5) }, IS(elu_2) },
    { "celu", "alpha 2", { AWAY(3, 5) }, IS(celu_2) },
    { "leaky_relu", "0.3", { AWAY(3, 5) }, IS(leaky_third) },
    { "leaky_relu", "slope 0", { AWAY(3, 5) }, IS(leaky_zero) },
    { "hardtanh", "0 to 1.5", { { K_AWAY, 0.2, 1.3, S(3, 5) } }, IS(hardtanh_0_2) },
    { "softshrink", "1", { { K_AWAY, 1.1, 3, S(3, 5) } }, IS(softshrink_1) },
    { "hardshrink", "1", { { K_AWAY, 1.1, 3, S(3, 5) } }, IS(hardshrink_1) },
    { "threshold", "numbers", { AWAY(3, 5) }, IS(threshold) },
    { "glu", "default axis", { REAL(3, 4) }, IS(glu), .p = { -1 } },
    { "glu", "first axis", { REAL(4, 3) }, IS(glu), .p = { 0, 1 } },
    { "glu", "middle axis", { REAL(2, 6, 3) }, IS(glu), .p = { -2, 1 } },
};
const int n_rows_activation = sizeof rows_activation / sizeof *rows_activation;
