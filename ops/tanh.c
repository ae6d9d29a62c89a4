/* tanh.c - the two saturating curves: tanh x and sigmoid x = 1 / (1 + e^-x).
 *
 * y = tanh x:     dy/dx = 1 - y^2.        y = sigmoid x:  dy/dx = y sigmoid(-x),
 * since 1 - y has no digits left where y is almost 1.
 */
#include "ops/ops_impl.h"

static tw_node *d_tanh(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    (void)i;
    return tw_mul(g, tw_sub(1, tw_square(y)));
}

static tw_node *d_sigmoid(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw_mul(y, tw_sigmoid(tw_neg(tw_in(y, i)))));
}

const tw_op tw_op_tanh = {
    TW_WORD(tanh),
    .arity    = 1,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d_tanh,
    .block_id = TW_B_tanh,
};

const tw_op tw_op_sigmoid = {
    TW_WORD(sigmoid),
    .arity    = 1,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d_sigmoid,
    .block_id = TW_B_sigmoid,
};

tw_node *tw_tanh_at(const tw_loc *at, tw_node *x)    { return tw__unary(at, &tw_op_tanh, x); }
tw_node *tw_sigmoid_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_sigmoid, x); }
