/* cumsum.c - running sums along an axis, and what all scans share.
 *
 *     y_i = x_0 + ... + x_i;  .exclusive: without x_i;  .reverse: from the other end
 *
 * Linear; the transpose runs the other way: dx_k = the sum of g_i over all i that x_k went into.
 */
#include "ops/ops_impl.h"

/* ---- what all scans share ---------------------------------------------------------------------- */

tw_node *tw__batch_scan(const tw_batching *b)
{
    tw_node *in[2] = { NULL };
    tw_scan_attr attr = *tw__scan_of(b->y);
    for (int k = 0; k < b->y->n_in; k++) in[k] = tw__many(b, k);
    attr.axis++;
    return tw_build_node(&(tw_build){ .op = b->y->op, .at = b->at, .attr = &attr, .n = b->y->n_in, .in = in });
}

tw_node *tw__depends_scan(tw_node *y, tw_node *const *in) { return tw__depends_over(y, in, TW_AXES(tw__scan_of(y)->axis)); }

int64_t tw__scan_lines(const tw_node *y)
{
    return tw__mask_count(y, ~(1u << tw__scan_of(y)->axis));
}

void tw__label_scan(const tw_node *y, char *text, size_t size)
{
    const tw_scan_attr *t = tw__scan_of(y);
    snprintf(text, size, "axis %d%s%s", t->axis, t->reverse ? " reverse" : "", t->exclusive ? " exclusive" : "");
}

tw_node *tw__scan_with(const tw_node *like, const tw_op *op, tw_scan_attr attr, int n, tw_node *const *in)
{
    return tw_build_node(&(tw_build){ .op = op, .at = like->at, .attr = &attr, .n = n, .in = in });
}

tw_node *tw__scan(const tw_loc *at, const tw_op *op, const tw_scan_args *o, int n, tw_node **in)
{
    TW_OPTIONS(tw_scan_args, o);
    int axis;
    if (!tw__operands(at, op->name, n, in)) return in[0];
    if (!tw__axis(at, op->name, in[0], o->axis, in[0]->shape->n, &axis)) return tw_nil(in[0]->cx);
    const tw_scan_attr attr = { .axis = axis, .reverse = o->reverse, .exclusive = o->exclusive };
    return tw_build_node(&(tw_build){ .op = op, .at = at, .attr = &attr, .n = n, .in = in });
}

bool tw__inclusive(tw_node *y)
{
    return !tw__scan_of(y)->exclusive || tw_reject(y, TW_EARG, "exclusive: there is nothing before the first element");
}

/* ---- sums -------------------------------------------------------------------------------------- */

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    (void)i;
    tw_scan_attr attr = *tw__scan_of(y);
    attr.reverse = !attr.reverse;
    return tw__scan_with(y, &tw_op_cumsum, attr, 1, &g);
}

const tw_op tw_op_cumsum = {
    TW_WORD(cumsum),
    .arity     = 1,
    .attr_size = sizeof(tw_scan_attr),
    .rule      = TW_LINEAR,
    .shape     = tw__shape_number,
    .d         = d,
    .batch     = tw__batch_scan,
    .depends   = tw__depends_scan,
    .kernel    = tw__k_cumsum,
    .work      = tw__scan_lines,
    .label     = tw__label_scan,
};

tw_node *tw_cumsum_at(const tw_loc *at, tw_node *x, const tw_scan_args *o)
{
    return tw__scan(at, &tw_op_cumsum, o, 1, &x);
}
