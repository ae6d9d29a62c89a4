/* div.c - a / b and 1 / x, of floats.
 *
 * With y = a / b:  d/da = 1 / b,  d/db = -y / b.  With y = 1 / x:  d/dx = -y^2.
 * Infinite or NaN at b = 0 as the arithmetic has it.
 */
#include "ops/ops_impl.h"

static tw_node *d_div(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *b = tw_in(y, 1);
    return i == 0 ? tw_div(g, b) : tw_neg(tw_div(tw_mul(g, y), b));
}

static tw_node *d_recip(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    (void)i;
    return tw_neg(tw_mul(g, tw_square(y)));
}

const tw_op tw_op_div = {
    TW_WORD(div),
    .arity    = 2,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d_div,
    .block_id = TW_B_div,
};

const tw_op tw_op_recip = {
    TW_WORD(recip),
    .arity    = 1,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d_recip,
    .block_id = TW_B_recip,
};

tw_node *tw_div_at(const tw_loc *at, tw_arg a, tw_arg b) { return tw__binary(at, &tw_op_div, a, b); }
tw_node *tw_recip_at(const tw_loc *at, tw_node *x)       { return tw__unary(at, &tw_op_recip, x); }
