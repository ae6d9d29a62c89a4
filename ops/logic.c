/* logic.c - and, or, exclusive or, not, of booleans. */
#include "ops/ops_impl.h"

const tw_op tw_op_logical_and = {
    TW_WORD(logical_and),
    .arity    = 2,
    .traits   = TW_BROADCAST | TW_CHEAP,
    .rule     = TW_NONE,
    .shape    = tw__shape_bool,
    .block_id = TW_B_logical_and,
};

const tw_op tw_op_logical_or = {
    TW_WORD(logical_or),
    .arity    = 2,
    .traits   = TW_BROADCAST | TW_CHEAP,
    .rule     = TW_NONE,
    .shape    = tw__shape_bool,
    .block_id = TW_B_logical_or,
};

const tw_op tw_op_logical_xor = {
    TW_WORD(logical_xor),
    .arity    = 2,
    .traits   = TW_BROADCAST,
    .rule     = TW_NONE,
    .shape    = tw__shape_bool,
    .block_id = TW_B_logical_xor,
};

const tw_op tw_op_logical_not = {
    TW_WORD(logical_not),
    .arity    = 1,
    .traits   = TW_CHEAP,
    .rule     = TW_NONE,
    .shape    = tw__shape_bool,
    .block_id = TW_B_logical_not,
};

static tw_node *both(const tw_loc *at, const tw_op *op, tw_node *a, tw_node *b)
{
    return tw_build_node(&(tw_build){ .op = op, .at = at, .n = 2, .in = (tw_node *[]){ a, b } });
}

tw_node *tw_logical_and_at(const tw_loc *at, tw_node *a, tw_node *b) { return both(at, &tw_op_logical_and, a, b); }
tw_node *tw_logical_or_at(const tw_loc *at, tw_node *a, tw_node *b)  { return both(at, &tw_op_logical_or, a, b); }
tw_node *tw_logical_xor_at(const tw_loc *at, tw_node *a, tw_node *b) { return both(at, &tw_op_logical_xor, a, b); }
tw_node *tw_logical_not_at(const tw_loc *at, tw_node *x)             { return tw__unary(at, &tw_op_logical_not, x); }
