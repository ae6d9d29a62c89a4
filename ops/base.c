/* base.c - powers of 2 and logarithms to other bases: powers of the base give whole numbers exactly.
 *
 *     d(2^x) = y log 2 dx       d(log2 x) = dx / (x log 2)       d(log10 x) = dx / (x log 10)
 */
#include "ops/ops_impl.h"

static const double log_2 = 0.69314718055994530942, log_10 = 2.30258509299404568402;

static tw_node *d_exp2(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    (void)i;
    return tw_mul(g, tw_mul(log_2, y));
}

static tw_node *d_log2(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_div(g, tw_mul(log_2, tw_in(y, i)));
}

static tw_node *d_log10(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_div(g, tw_mul(log_10, tw_in(y, i)));
}

TW_MAP(exp2, 1);
TW_MAP(log2, 1);
TW_MAP(log10, 1);

tw_node *tw_exp2_at(const tw_loc *at, tw_node *x)  { return tw__unary(at, &tw_op_exp2, x); }
tw_node *tw_log2_at(const tw_loc *at, tw_node *x)  { return tw__unary(at, &tw_op_log2, x); }
tw_node *tw_log10_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_log10, x); }
