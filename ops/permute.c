/* permute.c - axes in another order: axis i of y is axis axes[i] of x. A view.
 *
 * Linear; the transpose is the inverse permutation.
 */
#include "ops/ops_impl.h"

static const uint8_t *axes_of(const tw_node *y) { return tw_attr(y); }

static bool shape(tw_node *y)
{
    const tw_dims *x = tw_in(y, 0)->shape;
    tw_shape s = { .n = x->n };
    for (int i = 0; i < s.n; i++) s.at[i] = x->at[axes_of(y)[i]];
    return tw_set_shape(y, &s);
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    (void)i;
    tw_axes back = { .n = y->shape->n };
    for (int k = 0; k < back.n; k++) back.at[axes_of(y)[k]] = k;
    return tw_permute(g, back);
}

static bool view(const tw_node *y, const tw_layout *x, tw_layout *out)
{
    *out = (tw_layout){ .offset = x->offset };
    for (int i = 0; i < y->shape->n; i++) out->strides[i] = x->strides[axes_of(y)[i]];
    return true;
}

static void label(const tw_node *y, char *text, size_t size)
{
    int used = snprintf(text, size, "axes");
    for (int i = 0; i < y->shape->n && used >= 0 && (size_t)used < size; i++)
        used += snprintf(text + used, size - (size_t)used, " %d", axes_of(y)[i]);
}

static tw_node *batch(const tw_batching *b)
{
    const tw_loc *at = b->at;
    tw_axes axes = { .n = b->y->shape->n + 1 };
    for (int i = 1; i < axes.n; i++) axes.at[i] = axes_of(b->y)[i - 1] + 1;
    return tw_permute(b->in[0], axes);
}

const tw_op tw_op_permute = {
    TW_WORD(permute),
    .arity     = 1,
    .traits    = TW_MOVES,
    .attr_size = TW_MAX_RANK,
    .rule      = TW_LINEAR,
    .shape     = shape,
    .d         = d,
    .batch     = batch,
    .view      = view,
    .label     = label,
};

tw_node *tw_permute_at(const tw_loc *at, tw_node *x, tw_axes axes)
{
    uint8_t attr[TW_MAX_RANK] = { 0 }, seen;
    if (!tw__operand(at, "permute", 0, &x)) return x;
    if (axes.n != x->shape->n)
        return tw_fail(x->cx, TW_EARG, "permute", at, "%d axes for rank %d", axes.n, x->shape->n);
    if (!tw__axes_mask(at, "permute", x, axes, &seen)) return tw_nil(x->cx);

    bool moved = false;
    for (int i = 0; i < axes.n; i++) {
        attr[i] = (uint8_t)(axes.at[i] < 0 ? axes.at[i] + axes.n : axes.at[i]);
        moved |= attr[i] != i;
    }
    if (!moved) return x;
    return tw_build_node(&(tw_build){ .op = &tw_op_permute, .at = at, .attr = attr, .n = 1, .in = &x });
}

tw_node *tw_transpose_at(const tw_loc *at, tw_node *x)
{
    if (!tw__operand(at, "transpose", 0, &x)) return x;
    tw_axes axes = { .n = x->shape->n };
    if (axes.n < 2)
        return tw_fail(x->cx, TW_ESHAPE, "transpose", at, "rank %d: two axes to exchange are needed", axes.n);
    for (int i = 0; i < axes.n; i++) axes.at[i] = i;
    axes.at[axes.n - 2] = axes.n - 1;
    axes.at[axes.n - 1] = axes.n - 2;
    return tw_permute(x, axes);
}

/* The axes in order, but for those that move; false after an error. */
static bool moved(const tw_loc *at, const char *op, tw_node *x, int from, int to, int *a, int *b, tw_axes *order)
{
    *order = (tw_axes){ .n = x->shape->n };
    for (int i = 0; i < order->n; i++) order->at[i] = i;
    return tw__axis(at, op, x, from, order->n, a) && tw__axis(at, op, x, to, order->n, b);
}

tw_node *tw_swapaxes_at(const tw_loc *at, tw_node *x, int a, int b)
{
    tw_axes order;
    if (!tw__operand(at, "swapaxes", 0, &x)) return x;
    if (!moved(at, "swapaxes", x, a, b, &a, &b, &order)) return tw_nil(x->cx);
    order.at[a] = b, order.at[b] = a;
    return tw_permute(x, order);
}

tw_node *tw_moveaxis_at(const tw_loc *at, tw_node *x, int from, int to)
{
    tw_axes order;
    if (!tw__operand(at, "moveaxis", 0, &x)) return x;
    if (!moved(at, "moveaxis", x, from, to, &from, &to, &order)) return tw_nil(x->cx);
    const int by = from < to ? 1 : -1;
    for (int i = from; i != to; i += by) order.at[i] = i + by;
    order.at[to] = from;
    return tw_permute(x, order);
}
