/* sqrt.c - the square root and its reciprocal.
 *
 * y = sqrt(x):      dy/dx = 1 / (2 y), infinite at 0;  NaN below.
 * y = 1 / sqrt(x):  dy/dx = -y^3 / 2.
 */
#include "ops/ops_impl.h"

static tw_node *d_sqrt(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    (void)i;
    return tw_div(tw_mul(0.5, g), y);
}

static tw_node *d_rsqrt(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    (void)i;
    return tw_mul(g, tw_mul(-0.5, tw_mul(y, tw_square(y))));
}

const tw_op tw_op_sqrt = {
    TW_WORD(sqrt),
    .arity    = 1,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d_sqrt,
    .block_id = TW_B_sqrt,
};

const tw_op tw_op_rsqrt = {
    TW_WORD(rsqrt),
    .arity    = 1,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d_rsqrt,
    .block_id = TW_B_rsqrt,
};

tw_node *tw_sqrt_at(const tw_loc *at, tw_node *x)  { return tw__unary(at, &tw_op_sqrt, x); }
tw_node *tw_rsqrt_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_rsqrt, x); }
