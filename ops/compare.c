/* compare.c - comparisons: booleans, without derivative. NaN is unequal to everything and in no order. */
#include "ops/ops_impl.h"

const tw_op tw_op_equal = {
    TW_WORD(equal),
    .arity    = 2,
    .traits   = TW_BROADCAST | TW_CHEAP,
    .rule     = TW_NONE,
    .shape    = tw__shape_compare,
    .block_id = TW_B_equal,
};

const tw_op tw_op_not_equal = {
    TW_WORD(not_equal),
    .arity    = 2,
    .traits   = TW_BROADCAST | TW_CHEAP,
    .rule     = TW_NONE,
    .shape    = tw__shape_compare,
    .block_id = TW_B_not_equal,
};

const tw_op tw_op_less = {
    TW_WORD(less),
    .arity    = 2,
    .traits   = TW_BROADCAST | TW_CHEAP,
    .rule     = TW_NONE,
    .shape    = tw__shape_compare,
    .block_id = TW_B_less,
};

const tw_op tw_op_less_equal = {
    TW_WORD(less_equal),
    .arity    = 2,
    .traits   = TW_BROADCAST | TW_CHEAP,
    .rule     = TW_NONE,
    .shape    = tw__shape_compare,
    .block_id = TW_B_less_equal,
};

tw_node *tw_equal_at(const tw_loc *at, tw_arg a, tw_arg b)         { return tw__binary(at, &tw_op_equal, a, b); }
tw_node *tw_not_equal_at(const tw_loc *at, tw_arg a, tw_arg b)     { return tw__binary(at, &tw_op_not_equal, a, b); }
tw_node *tw_less_at(const tw_loc *at, tw_arg a, tw_arg b)          { return tw__binary(at, &tw_op_less, a, b); }
tw_node *tw_less_equal_at(const tw_loc *at, tw_arg a, tw_arg b)    { return tw__binary(at, &tw_op_less_equal, a, b); }
tw_node *tw_greater_at(const tw_loc *at, tw_arg a, tw_arg b)       { return tw__binary(at, &tw_op_less, b, a); }
tw_node *tw_greater_equal_at(const tw_loc *at, tw_arg a, tw_arg b) { return tw__binary(at, &tw_op_less_equal, b, a); }
