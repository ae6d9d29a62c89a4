/* now.c - what depends on values: read by the program, when called, and given back as a leaf.
 *
 * How many elements are not zero, or different, decides a shape, and shapes are known when a node is
 * built. So these evaluate: their name says so.
 */
#include "ops/ops_impl.h"

static bool is_zero(const void *x, int64_t i, tw_dtype dtype)
{
    switch (dtype) {
    case TW_F32: return ((const float *)x)[i] == 0;
    case TW_F64: return ((const double *)x)[i] == 0;
    case TW_I32: return ((const int32_t *)x)[i] == 0;
    case TW_I64: return ((const int64_t *)x)[i] == 0;
    default:     return ((const uint8_t *)x)[i] == 0;
    }
}

tw_node *tw_nonzero_now_at(const tw_loc *at, tw_node *x)
{
    if (!tw__operand(at, "nonzero_now", 0, &x)) return x;
    const tw_dtype dtype = (tw_dtype)x->dtype;
    const int64_t n = x->shape->count;
    const void *v = tw_read_at(at, x, dtype);
    int64_t *place = v ? tw_resize(x->cx, NULL, 0, (size_t)(n + 1) * sizeof *place) : NULL, count = 0;
    if (!place) return tw_nil(x->cx);
    for (int64_t i = 0; i < n; i++)
        if (!is_zero(v, i, dtype)) place[count++] = i;
    tw_node *y = tw_data(x->cx, TW_I64, TW_SHAPE(count), place);
    tw_resize(x->cx, place, (size_t)(n + 1) * sizeof *place, 0);
    return y;
}

/* The first of each run of equal elements in order; NaN are not equal, and all stay. */
tw_node *tw_unique_now_at(const tw_loc *at, tw_node *x)
{
    if (!tw__operand(at, "unique_now", 0, &x)) return x;
    tw_node *sorted = tw_sort_at(at, tw_reshape(x, TW_SHAPE(-1)), NULL);
    if (x->shape->count < 2) return sorted;
    const int64_t n = x->shape->count;
    const tw_shape one = TW_SHAPE(1);
    tw_node *left = tw__range(at, sorted, 0, 0, n - 1), *right = tw__range(at, sorted, 0, 1, n - 1);
    tw_node *starts[2] = { tw_constant(at, x->cx, TW_BOOL, &one, 1), tw_not_equal(left, right) };
    tw_node *first = tw_concat_at(at, 2, starts, NULL);
    return tw_take_at(at, sorted, tw_nonzero_now_at(at, first), NULL);
}
