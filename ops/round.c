/* round.c - the nearest integer (ties to even), the next one below, above, and towards zero.
 *
 * Steps: their derivative is 0 wherever it exists, and none is recorded anywhere.
 */
#include "ops/ops_impl.h"

const tw_op tw_op_round = {
    TW_WORD(round),
    .arity    = 1,
    .rule     = TW_NONE,
    .shape    = tw__shape_float,
    .block_id = TW_B_round,
};

const tw_op tw_op_floor = {
    TW_WORD(floor),
    .arity    = 1,
    .rule     = TW_NONE,
    .shape    = tw__shape_float,
    .block_id = TW_B_floor,
};

const tw_op tw_op_ceil = {
    TW_WORD(ceil),
    .arity    = 1,
    .rule     = TW_NONE,
    .shape    = tw__shape_float,
    .block_id = TW_B_ceil,
};

const tw_op tw_op_trunc = {
    TW_WORD(trunc),
    .arity    = 1,
    .rule     = TW_NONE,
    .shape    = tw__shape_float,
    .block_id = TW_B_trunc,
};

tw_node *tw_round_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_round, x); }
tw_node *tw_floor_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_floor, x); }
tw_node *tw_ceil_at(const tw_loc *at, tw_node *x)  { return tw__unary(at, &tw_op_ceil, x); }
tw_node *tw_trunc_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_trunc, x); }
