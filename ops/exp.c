/* exp.c - e^x and e^x - 1.
 *
 * d(e^x) = e^x dx for both. The rule of exp mentions y; that of expm1 computes e^x anew, since
 * y + 1 keeps none of its digits for large negative x.
 */
#include "ops/ops_impl.h"

static tw_node *d_exp(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    (void)i;
    return tw_mul(g, y);
}

static tw_node *d_expm1(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw_exp(tw_in(y, i)));
}

const tw_op tw_op_exp = {
    TW_WORD(exp),
    .arity    = 1,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d_exp,
    .block_id = TW_B_exp,
};

const tw_op tw_op_expm1 = {
    TW_WORD(expm1),
    .arity    = 1,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d_expm1,
    .block_id = TW_B_expm1,
};

tw_node *tw_exp_at(const tw_loc *at, tw_node *x)   { return tw__unary(at, &tw_op_exp, x); }
tw_node *tw_expm1_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_expm1, x); }
