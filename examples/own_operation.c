/* own_operation.c - a new operation, as good as a built-in one: fused, drawn, differentiated to any order, checked. */
#include <math.h>
#include <stdio.h>
#include <thalweg.h>

/* softplus(x) = log(1 + e^x). Its derivative is a graph, so derivatives of any order come with it. */
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

int main(void)
{
    tw_ctx *cx = tw_open(.dtype = TW_F64);
    tw_op_register(cx, &softplus);
    if (tw_op_check(cx, "my_softplus")) printf("my_softplus: values, both modes, second order and refusals are right\n");
    for (double at = -2; at <= 3; at += 2.5) {
        TW_SCOPE(cx);
        tw_node *x = tw_scalar(cx, at), *y = tw_apply(&softplus, x), *d = tw_grad(y, x), *dd = tw_grad(d, x);
        printf("x = %4.1f: %10.6f %10.6f %10.6f\n", at, tw_item(y), tw_item(d), tw_item(dd));
    }
    return tw_close(cx);        /* 1, after printing the error, if the check found something wrong */
}
