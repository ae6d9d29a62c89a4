/* any.c - whether any, whether all elements over axes are true (not 0): a count of booleans, compared. */
#include "ops/ops_impl.h"

/* How many of x are true, or false; NULL in error, with the nil in *x. */
static tw_node *count(const tw_loc *at, const char *op, tw_node **x, bool of, const tw_reduce_args *o)
{
    TW_OPTIONS(tw_reduce_args, o);
    uint8_t mask;
    if (!tw__operand(at, op, 0, x)) return NULL;
    tw_node *n = *x;
    if (!tw__axes_mask(at, op, n, o->axes, &mask)) return *x = tw_nil(n->cx), NULL;
    if (n->dtype != TW_BOOL) n = of ? tw_not_equal(n, 0) : tw_equal(n, 0);
    else if (!of) n = tw_logical_not(n);
    return tw__reduce(at, &tw_op_sum_bool, n, o);
}

tw_node *tw_any_at(const tw_loc *at, tw_node *x, const tw_reduce_args *o)
{
    tw_node *n = count(at, "any", &x, true, o);
    return n ? tw_greater(n, 0) : x;
}

tw_node *tw_all_at(const tw_loc *at, tw_node *x, const tw_reduce_args *o)
{
    tw_node *n = count(at, "all", &x, false, o);
    return n ? tw_equal(n, 0) : x;
}
