/* sin.c - sine and cosine of radians.
 *
 * d(sin x) = cos x dx,  d(cos x) = -sin x dx.
 */
#include "ops/ops_impl.h"

static tw_node *d_sin(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw_cos(tw_in(y, i)));
}

static tw_node *d_cos(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_neg(tw_mul(g, tw_sin(tw_in(y, i))));
}

const tw_op tw_op_sin = {
    TW_WORD(sin),
    .arity    = 1,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d_sin,
    .block_id = TW_B_sin,
};

const tw_op tw_op_cos = {
    TW_WORD(cos),
    .arity    = 1,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d_cos,
    .block_id = TW_B_cos,
};

tw_node *tw_sin_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_sin, x); }
tw_node *tw_cos_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_cos, x); }
