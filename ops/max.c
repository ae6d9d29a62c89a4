/* max.c - the largest and the smallest over axes.
 *
 * All elements that equal the extreme share g evenly, in both modes. The mask and the count of
 * the ties are comparisons, hence constant for every further derivative. NaN wins, and gets none.
 */
#include "ops/ops_impl.h"

static bool shape(tw_node *y)
{
    const tw_dims *x = tw_in(y, 0)->shape;
    if (y->dtype == TW_BOOL) return tw__reject_dtype(y, TW_BOOL);
    if (!tw__shape_reduced(y)) return false;
    char text[96];
    return x->count || !y->shape->count ||
           tw_reject(y, TW_ESHAPE, "nothing to choose from in %s", tw_shape_text(x, text, sizeof text));
}

static void vjp(tw_rule *r)
{
    const tw_loc *at = r->y->at;
    const unsigned mask = tw__reduced(r->y);
    tw_node *x = tw_in(r->y, 0), *g = r->gy[0];
    tw_node *tied = tw_equal(x, tw__spread(at, r->y, x, mask));

    tw_node *ones = tw_cast(tied, (tw_dtype)g->dtype);
    tw_node *count = tw_build_node(&(tw_build){ .op = &tw_op_sum, .at = at, .attr = tw_attr(r->y), .n = 1, .in = &ones });
    r->gx[0] = tw_where(tied, tw__spread(at, tw_div(g, count), x, mask), 0);
}

const tw_op tw_op_max = {
    TW_WORD(max),
    .arity     = 1,
    .attr_size = sizeof(tw_reduce_attr),
    .traits    = TW_STRIDED,
    .rule      = TW_GENERAL,
    .shape     = shape,
    .vjp       = vjp,
    .batch     = tw__batch_reduced,
    .depends   = tw__depends_reduced,
    .kernel_id = TW_K_max,
    .rows      = tw__rows_reduced,
    .label     = tw__label_reduced,
};

const tw_op tw_op_min = {
    TW_WORD(min),
    .arity     = 1,
    .attr_size = sizeof(tw_reduce_attr),
    .traits    = TW_STRIDED,
    .rule      = TW_GENERAL,
    .shape     = shape,
    .vjp       = vjp,
    .batch     = tw__batch_reduced,
    .depends   = tw__depends_reduced,
    .kernel_id = TW_K_min,
    .rows      = tw__rows_reduced,
    .label     = tw__label_reduced,
};

tw_node *tw_max_at(const tw_loc *at, tw_node *x, const tw_reduce_args *o) { return tw__reduce(at, &tw_op_max, x, o); }
tw_node *tw_min_at(const tw_loc *at, tw_node *x, const tw_reduce_args *o) { return tw__reduce(at, &tw_op_min, x, o); }
