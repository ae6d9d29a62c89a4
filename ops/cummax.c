/* cummax.c - the largest and the smallest so far, and where they are.
 *
 * The places are integers without a derivative; the values are gathered there, so that each g goes to
 * the element that it came from: of equal ones the first met, from the end with .reverse. NaN wins,
 * and stays.
 */
#include "ops/ops_impl.h"

static bool shape(tw_node *y)
{
    y->dtype = TW_I64;
    return tw__inclusive(y);
}

const tw_op tw_op_cumargmax = {
    TW_WORD(cumargmax),
    .arity     = 1,
    .attr_size = sizeof(tw_scan_attr),
    .rule      = TW_NONE,
    .shape     = shape,
    .batch     = tw__batch_scan,
    .kernel    = tw__k_cumargmax,
    .work      = tw__scan_lines,
    .label     = tw__label_scan,
};

const tw_op tw_op_cumargmin = {
    TW_WORD(cumargmin),
    .arity     = 1,
    .attr_size = sizeof(tw_scan_attr),
    .rule      = TW_NONE,
    .shape     = shape,
    .batch     = tw__batch_scan,
    .kernel    = tw__k_cumargmin,
    .work      = tw__scan_lines,
    .label     = tw__label_scan,
};

tw_node *tw_cumargmax_at(const tw_loc *at, tw_node *x, const tw_scan_args *o)
{
    return tw__scan(at, &tw_op_cumargmax, o, 1, &x);
}

tw_node *tw_cumargmin_at(const tw_loc *at, tw_node *x, const tw_scan_args *o)
{
    return tw__scan(at, &tw_op_cumargmin, o, 1, &x);
}

static tw_node *extreme(const tw_loc *at, const tw_op *where, tw_node *x, const tw_scan_args *o)
{
    tw_node *place = tw__scan(at, where, o, 1, &x);
    return tw_is_nil(place) ? place : tw_gather_at(at, x, place, &(tw_axis_args){ .axis = tw__scan_of(place)->axis });
}

tw_node *tw_cummax_at(const tw_loc *at, tw_node *x, const tw_scan_args *o) { return extreme(at, &tw_op_cumargmax, x, o); }
tw_node *tw_cummin_at(const tw_loc *at, tw_node *x, const tw_scan_args *o) { return extreme(at, &tw_op_cumargmin, x, o); }
