/* add.c - a + b, a - b and -x.
 *
 * d(a + b) = da + db,  d(a - b) = da - db,  d(-x) = -dx.  Integers wrap.
 */
#include "ops/ops_impl.h"

static tw_node *d_add(tw_node *y, int i, tw_node *g)
{
    (void)y, (void)i;
    return g;
}

static tw_node *d_sub(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return i == 0 ? g : tw_neg(g);
}

static tw_node *d_neg(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    (void)i;
    return tw_neg(g);
}

const tw_op tw_op_add = {
    TW_WORD(add),
    .arity    = 2,
    .traits   = TW_CHEAP,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_number,
    .d        = d_add,
    .block_id = TW_B_add,
};

const tw_op tw_op_sub = {
    TW_WORD(sub),
    .arity    = 2,
    .traits   = TW_CHEAP,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_number,
    .d        = d_sub,
    .block_id = TW_B_sub,
};

const tw_op tw_op_neg = {
    TW_WORD(neg),
    .arity    = 1,
    .traits   = TW_CHEAP,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_number,
    .d        = d_neg,
    .block_id = TW_B_neg,
};

tw_node *tw_add_at(const tw_loc *at, tw_arg a, tw_arg b) { return tw__binary(at, &tw_op_add, a, b); }
tw_node *tw_sub_at(const tw_loc *at, tw_arg a, tw_arg b) { return tw__binary(at, &tw_op_sub, a, b); }
tw_node *tw_neg_at(const tw_loc *at, tw_node *x)         { return tw__unary(at, &tw_op_neg, x); }
