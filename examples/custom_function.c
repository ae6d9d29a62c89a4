/* custom_function.c - functions of one's own in the graph: a new operation, and a derivative set by hand.
 *
 * Both are checked against central differences; exit status 1 if one is wrong.
 */
#include <math.h>
#include <stdio.h>
#include <thalweg.h>

/* ---- softplus(x) = log(1 + e^x), as good as a built-in operation. Its derivative is sigmoid(x), which is
 * itself a graph: so derivatives of any order come with it. */

static bool     shape(tw_node *y)          { return tw_shape_elementwise(y); }
static tw_node *partial(tw_node *y, int i) { (void)i; return tw_sigmoid(tw_in(y, 0)); }

static void block_f64(const tw_block_f64 *b)
{
    for (int64_t k = 0; k < b->n; k++) b->y[k] = fmax(b->x[0][k], 0) + log1p(exp(-fabs(b->x[0][k])));
}

static void block_f32(const tw_block_f32 *b)
{
    for (int64_t k = 0; k < b->n; k++) b->y[k] = fmaxf(b->x[0][k], 0) + log1pf(expf(-fabsf(b->x[0][k])));
}

static const tw_op softplus = {
    .name = "my_softplus", .doc = "log(1 + exp(x))", .arity = 1, .rule = TW_ELEMENTWISE,
    .shape = shape, .partial = partial, .block_f32 = block_f32, .block_f64 = block_f64,
};

/* ---- rounding that lets gradients through: the straight-through estimator. */

static void through(tw_rule *r) { r->gx[0] = r->gy[0]; }

static tw_node *quantised(tw_node *x)
{
    return tw_custom_grad(tw_round(x), 1, &x, through, NULL);
}

/* ---- the checks: [f(x + h) - f(x - h)] / 2h has an error of h^2 and of 1e-16 / h */

static const double h = 1e-5;
static int wrong;

static void check(const char *what, double got, double difference)
{
    const bool good = fabs(got - difference) < 1e-8;
    printf("%-42s %15.10f %15.10f%s\n", what, got, difference, good ? "" : "  wrong");
    wrong += !good;
}

static void check_softplus(tw_ctx *cx, double at)
{
    TW_SCOPE(cx);
    double value[3], slope[3];
    tw_node *curvature = NULL;
    for (int i = 0; i < 3; i++) {           /* at at - h, at + h, at */
        tw_node *x = tw_scalar(cx, at + (i == 0 ? -h : i == 1 ? h : 0)), *y = tw_apply(&softplus, x), *d = tw_grad(y, x);
        value[i] = tw_item(y);
        slope[i] = tw_item(d);
        curvature = tw_grad(d, x);
    }
    char what[64];
    snprintf(what, sizeof what, "softplus'(%g)", at);
    check(what, slope[2], (value[1] - value[0]) / (2 * h));
    snprintf(what, sizeof what, "softplus''(%g)", at);
    check(what, tw_item(curvature), (slope[1] - slope[0]) / (2 * h));
}

/* With f(q) = q sin q and q = round(x), straight through means: df/dx is f' at the rounded value. */
static void check_quantised(tw_ctx *cx, double at)
{
    TW_SCOPE(cx);
    tw_node *x = tw_scalar(cx, at), *q = quantised(x), *f = tw_mul(q, tw_sin(q));
    const double r = rint(at);
    char what[64];
    snprintf(what, sizeof what, "d/dx f(round(x)) at %g, straight through", at);
    check(what, tw_item(tw_grad(f, x)), ((r + h) * sin(r + h) - (r - h) * sin(r - h)) / (2 * h));
}

int main(void)
{
    tw_ctx *cx = tw_open(.dtype = TW_F64);
    tw_op_register(cx, &softplus);
    printf("%-42s %15s %15s\n", "", "graph", "differences");
    for (double x = -2; x <= 3; x += 1.25) check_softplus(cx, x);
    for (double x = -1.7; x < 3; x += 0.9) check_quantised(cx, x);
    return tw_close(cx) || wrong;
}
