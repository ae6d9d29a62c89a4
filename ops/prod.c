/* prod.c - products over axes.
 *
 * dy/dx[i] is the product of all the others. y / x[i] would fail at zeros, so the others are
 * multiplied anew, by halves: with a and b the halves of x and e the products of all others of a * b,
 * those of x are e * b for the first half and e * a for the second. That is 2 n products in
 * O(log n) nodes, without division: exact with any number of zeros, to any order.
 */
#include "ops/ops_impl.h"

static bool shape(tw_node *y)
{
    if (y->dtype == TW_BOOL) return tw__reject_dtype(y, TW_BOOL);
    return tw__shape_reduced(y);
}

/* For each element of the last axis of x, whose size is a power of two from 2 on, the product of the others. */
static tw_node *others(const tw_loc *at, tw_node *x)
{
    if (tw_is_nil(x)) return x;
    const int axis = x->shape->n - 1;
    const int64_t half = x->shape->at[axis] / 2;
    tw_node *a = tw__range(at, x, axis, 0, half), *b = tw__range(at, x, axis, half, half);
    tw_node *swapped[2] = { b, a };
    if (half > 1) {
        tw_node *e = others(at, tw_mul(a, b));
        swapped[0] = tw_mul(e, b), swapped[1] = tw_mul(e, a);
    }
    return tw_concat_at(at, 2, swapped, &(tw_axis_args){ .axis = axis });
}

static tw_axes inverse(tw_axes order)
{
    tw_axes back = { .n = order.n };
    for (int i = 0; i < order.n; i++) back.at[order.at[i]] = i;
    return back;
}

static void vjp(tw_rule *r)
{
    const tw_loc *at = r->y->at;
    const unsigned mask = tw__reduced(r->y);
    tw_node *x = tw_in(r->y, 0), *g = tw__spread(at, r->gy[0], x, mask);
    const int64_t n = tw__mask_count(x, mask);
    if (n <= 1 || x->shape->count == 0) {
        r->gx[0] = g;
        return;
    }
    const tw_axes order = tw__axes_last(x->shape->n, mask);
    tw_node *last = tw_permute(x, order);
    tw_node *rows = tw_reshape(last, TW_SHAPE(-1, n));

    int64_t room = 2;
    while (room < n) room *= 2;
    tw_node *padded = tw_pad(rows, .after = { 0, room - n }, .value = 1);
    tw_node *rest = tw__range(at, others(at, padded), 1, 0, n);
    r->gx[0] = tw_mul(g, tw_permute(tw_reshape(rest, tw_shape_of(last)), inverse(order)));
}

const tw_op tw_op_prod = {
    TW_WORD(prod),
    .arity     = 1,
    .attr_size = sizeof(tw_reduce_attr),
    .traits    = TW_STRIDED,
    .rule      = TW_GENERAL,
    .shape     = shape,
    .vjp       = vjp,
    .batch     = tw__batch_reduced,
    .depends   = tw__depends_reduced,
    .kernel_id = TW_K_prod,
    .rows      = tw__rows_reduced,
    .label     = tw__label_reduced,
};

tw_node *tw_prod_at(const tw_loc *at, tw_node *x, const tw_reduce_args *o)
{
    return tw__reduce(at, &tw_op_prod, x, o);
}
