/* sort.c - the order of elements along an axis, and what is spelled from it: sort, topk, kthvalue, median, quantile.
 *
 * argsort gives places, integers without a derivative; values are gathered there, so that each g goes
 * back to the element that it came from, to any order. Equal elements stay in their order. NaN counts
 * as largest: last, or first when descending, as max and argmax have it; a median or a quantile of NaN is NaN.
 */
#include "ops/ops_impl.h"

static bool shape(tw_node *y)
{
    const tw_dims *x = tw_in(y, 0)->shape;
    y->dtype = TW_I64;
    if (x->n < 1) return tw_reject(y, TW_ESHAPE, "a tensor of rank 0 has no order");
    if (x->at[x->n - 1] <= UINT32_MAX) return true;
    return tw_reject(y, TW_ESHAPE, "rows of %lld: at most %u", (long long)x->at[x->n - 1], UINT32_MAX);
}

static int64_t rows(const tw_node *y)
{
    return tw__mask_count(y, ~(1u << (y->shape->n - 1)));
}

static size_t scratch(const tw_node *y)
{
    return tw__argsort_scratch(y->shape->at[y->shape->n - 1], (tw_dtype)tw_in(y, 0)->dtype);
}

static void label(const tw_node *y, char *text, size_t size)
{
    snprintf(text, size, "%s", *(const uint8_t *)tw_attr(y) ? "descending" : "");
}

const tw_op tw_op_argsort = {
    TW_WORD(argsort),
    .arity     = 1,
    .attr_size = sizeof(uint8_t),
    .rule      = TW_NONE,
    .shape     = shape,
    .batch     = tw__batch_leading,
    .kernel    = tw__k_argsort,
    .work      = rows,
    .scratch   = scratch,
    .label     = label,
};

/* The one axis given, or the last; false after an error. */
static bool one_axis(const tw_loc *at, const char *op, tw_node *x, tw_axes axes, int *axis)
{
    if (axes.n <= 1) return tw__axis(at, op, x, axes.n ? axes.at[0] : -1, x->shape->n, axis);
    return tw_fail(x->cx, TW_EARG, op, at, "%d axes: one at a time", axes.n), false;
}

/* Places along the axis: the kernel's rows are the last axis. */
static tw_node *order(const tw_loc *at, const char *op, tw_node **x, int *axis, const tw_sort_args *o)
{
    TW_OPTIONS(tw_sort_args, o);
    if (!tw__operand(at, op, 0, x)) return *x;
    if (!one_axis(at, op, *x, o->axes, axis)) return tw_nil((*x)->cx);
    tw_node *last = tw_moveaxis(*x, *axis, -1);
    const uint8_t descending = o->descending;
    tw_node *y = tw_build_node(&(tw_build){ .op = &tw_op_argsort, .at = at, .attr = &descending, .n = 1, .in = &last });
    return tw_is_nil(y) ? y : tw_moveaxis(y, -1, *axis);
}

tw_node *tw_argsort_at(const tw_loc *at, tw_node *x, const tw_sort_args *o)
{
    int axis;
    return order(at, "argsort", &x, &axis, o);
}

/* x at the places, which the user may want, too. */
static tw_node *there(const tw_loc *at, tw_node *x, tw_node *place, int axis, tw_node **index)
{
    if (index) *index = place;
    return tw_is_nil(place) ? place : tw_gather_at(at, x, place, &(tw_axis_args){ .axis = axis });
}

tw_node *tw_sort_at(const tw_loc *at, tw_node *x, const tw_sort_args *o)
{
    int axis = 0;
    tw_node *place = order(at, "sort", &x, &axis, o);
    return there(at, x, place, axis, o ? o->index : NULL);
}

tw_node *tw_topk_at(const tw_loc *at, tw_node *x, int64_t k, const tw_topk_args *o)
{
    TW_OPTIONS(tw_topk_args, o);
    int axis = 0;
    tw_node *place = order(at, "topk", &x, &axis, &(tw_sort_args){ .axes = o->axes, .descending = !o->smallest });
    if (!tw_is_nil(place) && (k < 0 || k > x->shape->at[axis]))
        place = tw_fail(x->cx, TW_EARG, "topk", at, "%lld of axis %d of size %lld", (long long)k, axis, (long long)x->shape->at[axis]);
    if (!tw_is_nil(place)) place = tw__range(at, place, axis, 0, k);
    return there(at, x, place, axis, o->index);
}

/* ---- one of the order ------------------------------------------------------------------------- */

/* What is left of a reduction over one row of all the elements in order. */
typedef struct ordered { tw_node *rows; int64_t n; tw_shape shape; } ordered;

/* The axes of the options as one row, in order; false, with a nil in rows, after an error. */
static bool in_order(const tw_loc *at, const char *op, tw_node *x, const tw_reduce_args *o, ordered *r)
{
    uint8_t mask;
    TW_OPTIONS(tw_reduce_args, o);
    if (!tw__operand(at, op, 0, &x)) return r->rows = x, false;
    r->rows = tw_nil(x->cx), r->shape = (tw_shape){ 0 };
    if (!tw__axes_mask(at, op, x, o->axes, &mask)) return false;
    if ((r->n = tw__mask_count(x, mask)) == 0) return tw_fail(x->cx, TW_ESHAPE, op, at, "nothing to choose from"), false;
    for (int i = 0; i < x->shape->n; i++)
        if (!(mask >> i & 1) || o->keep_dims) r->shape.at[r->shape.n++] = mask >> i & 1 ? 1 : x->shape->at[i];
    r->rows = tw_sort_at(at, tw_reshape(tw_permute(x, tw__axes_last(x->shape->n, mask)), TW_SHAPE(x->shape->count / r->n, r->n)), NULL);
    return !tw_is_nil(r->rows);
}

static tw_node *element(const tw_loc *at, const ordered *r, int64_t i)
{
    return tw__range(at, r->rows, 1, i, 1);
}

tw_node *tw_kthvalue_at(const tw_loc *at, tw_node *x, int64_t k, const tw_reduce_args *o)
{
    ordered r;
    if (!in_order(at, "kthvalue", x, o, &r)) return r.rows;
    if (k >= 1 && k <= r.n) return tw_reshape(element(at, &r, k - 1), r.shape);
    return tw_fail(r.rows->cx, TW_EARG, "kthvalue", at, "value %lld of %lld", (long long)k, (long long)r.n);
}

/* Between the two elements next to q (n - 1), or that one itself: its neighbour may be infinite. The last one is NaN if any is. */
static tw_node *quantile(const tw_loc *at, const char *op, tw_node *x, double q, const tw_reduce_args *o)
{
    ordered r;
    if (!in_order(at, op, x, o, &r)) return r.rows;
    if (!tw__need_float(at, op, r.rows)) return tw_nil(r.rows->cx);
    if (!(q >= 0 && q <= 1)) return tw_fail(r.rows->cx, TW_EARG, op, at, "%g is not from 0 to 1", q);

    const double place = q * (double)(r.n - 1);
    const int64_t below = (int64_t)place;
    tw_node *y = element(at, &r, below), *last = element(at, &r, r.n - 1);
    if (place > (double)below) y = tw_add(y, tw_mul(tw__slot(place - (double)below), tw_sub(element(at, &r, below + 1), y)));
    return tw_reshape(tw_where(tw_equal(last, last), y, last), r.shape);
}

tw_node *tw_quantile_at(const tw_loc *at, tw_node *x, double q, const tw_reduce_args *o)
{
    return quantile(at, "quantile", x, q, o);
}

tw_node *tw_median_at(const tw_loc *at, tw_node *x, const tw_reduce_args *o)
{
    return quantile(at, "median", x, 0.5, o);
}
