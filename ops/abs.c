/* abs.c - |x| and the sign of x.
 *
 * d|x| = sign(x) dx, and 0 at 0 whatever the cotangent is. The sign has no derivative.
 */
#include "ops/ops_impl.h"

static tw_node *d_abs(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *x = tw_in(y, i);
    return tw_where(tw_equal(x, 0), 0, tw_mul(g, tw_sign(x)));
}

const tw_op tw_op_abs = {
    TW_WORD(abs),
    .arity    = 1,
    .traits   = TW_CHEAP,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_number,
    .d        = d_abs,
    .block_id = TW_B_abs,
};

const tw_op tw_op_sign = {
    TW_WORD(sign),
    .arity    = 1,
    .rule     = TW_NONE,
    .shape    = tw__shape_number,
    .block_id = TW_B_sign,
};

tw_node *tw_abs_at(const tw_loc *at, tw_node *x)  { return tw__unary(at, &tw_op_abs, x); }
tw_node *tw_sign_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_sign, x); }
