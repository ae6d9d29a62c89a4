/* log.c - natural logarithms: log x and log(1 + x).
 *
 * d(log x) = dx / x,  d(log(1 + x)) = dx / (1 + x).  -infinity at the end of the domain, NaN below.
 */
#include "ops/ops_impl.h"

static tw_node *d_log(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_div(g, tw_in(y, i));
}

static tw_node *d_log1p(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_div(g, tw_add(1, tw_in(y, i)));
}

const tw_op tw_op_log = {
    TW_WORD(log),
    .arity    = 1,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d_log,
    .block_id = TW_B_log,
};

const tw_op tw_op_log1p = {
    TW_WORD(log1p),
    .arity    = 1,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d_log1p,
    .block_id = TW_B_log1p,
};

tw_node *tw_log_at(const tw_loc *at, tw_node *x)   { return tw__unary(at, &tw_op_log, x); }
tw_node *tw_log1p_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_log1p, x); }
