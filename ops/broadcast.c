/* broadcast.c - repetition along axes, and its transpose, the sum over them.
 *
 * Shapes are aligned at their last axes; an axis of size 1, or one that is missing in front, is
 * repeated. broadcast_to is a view with strides 0; sum_to runs the kernel of sum. Each is the
 * other's derivative, so that no other rule ever looks at shapes.
 */
#include "ops/ops_impl.h"

/* Whether small can be repeated to large; *repeated gets the axes of large along which it is. */
static bool fits(const tw_dims *small, const tw_dims *large, unsigned *repeated)
{
    const int ahead = large->n - small->n;
    *repeated = 0;
    if (ahead < 0) return false;
    for (int i = 0; i < large->n; i++) {
        const int64_t dim = i < ahead ? 1 : small->at[i - ahead];
        if (i < ahead || dim != large->at[i]) *repeated |= 1u << i;
        if (dim != 1 && dim != large->at[i]) return false;
    }
    return true;
}

static bool reject(tw_node *y, const char *why)
{
    char from[96], to[96];
    return tw_reject(y, TW_ESHAPE, why, tw_shape_text(tw_in(y, 0)->shape, from, sizeof from),
                     tw_shape_text(y->shape, to, sizeof to));
}

static bool shape_broadcast(tw_node *y)
{
    unsigned repeated;
    return fits(tw_in(y, 0)->shape, y->shape, &repeated) || reject(y, "%s does not repeat to %s");
}

static tw_node *d_broadcast(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_sum_to(g, tw_shape_of(tw_in(y, i)));
}

static bool view(const tw_node *y, const tw_layout *x, tw_layout *out)
{
    const tw_dims *from = tw_in(y, 0)->shape, *to = y->shape;
    const int ahead = to->n - from->n;
    *out = (tw_layout){ .offset = x->offset };
    for (int i = ahead; i < to->n; i++)
        if (from->at[i - ahead] == to->at[i]) out->strides[i] = x->strides[i - ahead];
    return true;
}

/* The shape comes as a request; which axes are summed follows from it. */
static bool shape_sum(tw_node *y)
{
    const tw_node *x = tw_in(y, 0);
    unsigned repeated;
    if (x->dtype == TW_BOOL) return tw__reject_dtype(y, TW_BOOL);
    if (!fits(y->shape, x->shape, &repeated)) return reject(y, "%s is no repetition of %s");
    y->attr.bits = 0;
    ((tw_reduce_attr *)(void *)y->attr.bytes)->axes = (uint8_t)repeated;
    return true;
}

static tw_node *d_sum(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_broadcast_to(g, tw_shape_of(tw_in(y, i)));
}

/* The shape of small behind the new axis, aligned at the end to a rank. */
static tw_shape aligned(const tw_batching *b, const tw_dims *small, int rank)
{
    tw_shape s = { .n = rank + 1, .at = { b->n } };
    for (int i = 0; i < rank; i++) s.at[1 + i] = i < rank - small->n ? 1 : small->at[i - (rank - small->n)];
    return s;
}

static tw_node *batch_broadcast(const tw_batching *b)
{
    const tw_loc *at = b->at;
    tw_node *x = tw_reshape(b->in[0], aligned(b, tw_in(b->y, 0)->shape, b->y->shape->n));
    return tw_broadcast_to(x, tw__batch_shape(b, tw_shape_of(b->y)));
}

static tw_node *batch_sum(const tw_batching *b)
{
    const tw_loc *at = b->at;
    tw_node *y = tw_sum_to(b->in[0], aligned(b, b->y->shape, tw_in(b->y, 0)->shape->n));
    return tw_reshape(y, tw__batch_shape(b, tw_shape_of(b->y)));
}

const tw_op tw_op_broadcast_to = {
    TW_WORD(broadcast_to),
    .arity = 1,
    .traits = TW_MOVES,
    .rule  = TW_LINEAR,
    .shape = shape_broadcast,
    .d     = d_broadcast,
    .batch = batch_broadcast,
    .view  = view,
};

const tw_op tw_op_sum_to = {
    TW_WORD(sum_to),
    .arity     = 1,
    .attr_size = sizeof(tw_reduce_attr),
    .traits    = TW_STRIDED | TW_SUMS,
    .rule      = TW_LINEAR,
    .shape     = shape_sum,
    .d         = d_sum,
    .batch     = batch_sum,
    .kernel_id = TW_K_sum,
    .rows      = tw__rows_reduced,
    .lines     = tw__lines_reduced,
    .label     = tw__label_reduced,
};

static tw_node *to_shape(const tw_loc *at, const tw_op *op, tw_node *x, const tw_shape *s)
{
    if (!tw__operand(at, op->name, 0, &x)) return x;
    if (tw__same_shape(x->shape, s)) return x;
    return tw_build_node(&(tw_build){ .op = op, .at = at, .shape = s, .n = 1, .in = &x });
}

tw_node *tw_broadcast_to_at(const tw_loc *at, tw_node *x, tw_shape s)
{
    return to_shape(at, &tw_op_broadcast_to, x, &s);
}

tw_node *tw_sum_to_at(const tw_loc *at, tw_node *x, tw_shape s)
{
    return to_shape(at, &tw_op_sum_to, x, &s);
}
