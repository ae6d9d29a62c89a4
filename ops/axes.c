/* axes.c - axes as users give them, and shapes with axes left out or kept. */
#include "ops/ops_impl.h"

bool tw__axis(const tw_loc *at, const char *op, tw_node *x, int axis, int rank, int *out)
{
    *out = axis < 0 ? axis + rank : axis;
    if (*out >= 0 && *out < rank) return true;
    tw_fail(x->cx, TW_EARG, op, at, "axis %d of rank %d", axis, rank);
    return false;
}

bool tw__axes_mask(const tw_loc *at, const char *op, tw_node *x, tw_axes axes, uint8_t *mask)
{
    const int rank = x->shape->n;
    *mask = (uint8_t)((1u << rank) - 1);
    if (axes.n == 0) return true;
    if (axes.n < 0 || axes.n > TW_MAX_RANK)
        return tw_fail(x->cx, TW_EARG, op, at, "%d axes", axes.n), false;

    *mask = 0;
    for (int i = 0; i < axes.n; i++) {
        int axis;
        if (!tw__axis(at, op, x, axes.at[i], rank, &axis)) return false;
        if (*mask >> axis & 1)
            return tw_fail(x->cx, TW_EARG, op, at, "axis %d of rank %d is given twice", axes.at[i], rank), false;
        *mask |= (uint8_t)(1u << axis);
    }
    return true;
}

tw_shape tw__kept_shape(const tw_node *x, unsigned mask)
{
    tw_shape s = tw_shape_of(x);
    for (int i = 0; i < s.n; i++)
        if (mask >> i & 1) s.at[i] = 1;
    return s;
}

int64_t tw__mask_count(const tw_node *x, unsigned mask)
{
    int64_t n = 1;
    for (int i = 0; i < x->shape->n; i++)
        if (mask >> i & 1) n *= x->shape->at[i];
    return n;
}

tw_axes tw__axes_last(int rank, unsigned mask)
{
    tw_axes order = { 0 };
    for (int last = 0; last < 2; last++)
        for (int i = 0; i < rank; i++)
            if ((int)(mask >> i & 1) == last) order.at[order.n++] = i;
    return order;
}

tw_node *tw__spread(const tw_loc *at, tw_node *g, const tw_node *x, unsigned mask)
{
    return tw_broadcast_to(tw_reshape(g, tw__kept_shape(x, mask)), tw_shape_of(x));
}

void tw__axes_label(const char *name, unsigned mask, char *text, size_t size)
{
    int used = snprintf(text, size, "%s", name);
    for (int i = 0; i < TW_MAX_RANK && used >= 0 && (size_t)used < size; i++)
        if (mask >> i & 1) used += snprintf(text + used, size - (size_t)used, " %d", i);
}

bool tw__same_shape(const tw_dims *a, const tw_shape *b)
{
    if (a->n != b->n) return false;
    for (int i = 0; i < a->n; i++)
        if (a->at[i] != b->at[i]) return false;
    return true;
}
