/* maximum.c - the larger and the smaller of two, element by element.
 *
 * The one that is chosen gets g; equal ones half of it each.
 */
#include "ops/ops_impl.h"

/* wins: where input i is the one chosen. */
static tw_node *choose(const tw_loc *at, tw_node *y, tw_node *wins, tw_node *g)
{
    tw_node *tie = tw_equal(tw_in(y, 0), tw_in(y, 1));
    return tw_where(wins, g, tw_where(tie, tw_mul(0.5, g), 0));
}

static tw_node *d_maximum(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return choose(at, y, tw_less(tw_in(y, 1 - i), tw_in(y, i)), g);
}

static tw_node *d_minimum(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return choose(at, y, tw_less(tw_in(y, i), tw_in(y, 1 - i)), g);
}

const tw_op tw_op_maximum = {
    TW_WORD(maximum),
    .arity    = 2,
    .traits   = TW_CHEAP,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_number,
    .d        = d_maximum,
    .block_id = TW_B_maximum,
};

const tw_op tw_op_minimum = {
    TW_WORD(minimum),
    .arity    = 2,
    .traits   = TW_CHEAP,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_number,
    .d        = d_minimum,
    .block_id = TW_B_minimum,
};

tw_node *tw_maximum_at(const tw_loc *at, tw_arg a, tw_arg b) { return tw__binary(at, &tw_op_maximum, a, b); }
tw_node *tw_minimum_at(const tw_loc *at, tw_arg a, tw_arg b) { return tw__binary(at, &tw_op_minimum, a, b); }
