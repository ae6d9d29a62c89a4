/* mul.c - a b, and x x with half the operands.
 *
 * d(a b) = b da + a db,  d(x x) = 2 x dx.  Integers wrap.
 */
#include "ops/ops_impl.h"

static tw_node *d_mul(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw_in(y, 1 - i));
}

static tw_node *d_square(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw_mul(2, tw_in(y, i)));
}

const tw_op tw_op_mul = {
    TW_WORD(mul),
    .arity    = 2,
    .traits   = TW_CHEAP,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_number,
    .d        = d_mul,
    .block_id = TW_B_mul,
};

const tw_op tw_op_square = {
    TW_WORD(square),
    .arity    = 1,
    .traits   = TW_CHEAP,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_number,
    .d        = d_square,
    .block_id = TW_B_square,
};

tw_node *tw_mul_at(const tw_loc *at, tw_arg a, tw_arg b) { return tw__binary(at, &tw_op_mul, a, b); }
tw_node *tw_square_at(const tw_loc *at, tw_node *x)      { return tw__unary(at, &tw_op_square, x); }
