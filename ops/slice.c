/* slice.c - elements start, start + step, ... of each axis; index, which takes one and drops the axis.
 *
 * Linear; the transpose puts the elements back among zeros: pad with the same starts and steps.
 * Starts are a slot: a loop that reads row t of a tensor makes one plan, not one for each t.
 */
#include "ops/ops_impl.h"

static const int32_t *step_of(const tw_node *y) { return tw_attr(y); }
static const int64_t *start_of(const tw_node *y) { return tw_slot(y); }

/* The builder has checked all; the shape is its request. */
static bool shape(tw_node *y)
{
    const int rank = tw_in(y, 0)->shape->n;
    return y->shape->n == rank || tw_reject(y, TW_ESHAPE, "a shape of rank %d for rank %d", y->shape->n, rank);
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    const tw_shape whole = tw_shape_of(tw_in(y, i));
    return tw__pad(y->at, g, start_of(y), step_of(y), 0, &whole);
}

static void label(const tw_node *y, char *text, size_t size)
{
    int used = snprintf(text, size, "step");
    for (int i = 0; i < y->shape->n && used >= 0 && (size_t)used < size; i++)
        used += snprintf(text + used, size - (size_t)used, " %d", step_of(y)[i]);
}

const tw_op tw_op_slice = {
    TW_WORD(slice),
    .arity     = 1,
    .attr_size = TW_MAX_RANK * sizeof(int32_t),
    .slot_size = TW_MAX_RANK * sizeof(int64_t),
    .traits    = TW_STRIDED,
    .rule      = TW_LINEAR,
    .shape     = shape,
    .d         = d,
    .kernel_id = TW_K_slice,
    .label     = label,
};

tw_node *tw__slice(const tw_loc *at, tw_node *x, const int64_t *start, const int32_t *step, const tw_shape *s)
{
    static const int32_t ones[TW_MAX_RANK] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    /* Of the size of x there is only one slice, whatever the start says. */
    if (tw__same_shape(x->shape, s)) return x;
    return tw_build_node(&(tw_build){ .op = &tw_op_slice, .at = at, .attr = step ? step : ones,
                                      .slot = start, .shape = s, .n = 1, .in = &x });
}

tw_node *tw__range(const tw_loc *at, tw_node *x, int axis, int64_t start, int64_t size)
{
    int64_t starts[TW_MAX_RANK] = { 0 };
    tw_shape s = tw_shape_of(x);
    starts[axis] = start, s.at[axis] = size;
    return tw__slice(at, x, starts, NULL, &s);
}

/* Start, step and size along one axis of dim elements; false when they reach beyond it. */
static bool resolve(int64_t dim, int64_t *start, int64_t *step, int64_t *size)
{
    if (*step == 0) *step = 1;
    if (*start < 0) *start += dim;
    if (*step < 1 || *step > INT32_MAX || *start < 0 || *start > dim || *size < 0) return false;

    const int64_t remain = dim - *start, most = remain / *step + (remain % *step != 0);
    if (*size == 0) *size = most;
    return *size <= most;
}

tw_node *tw_slice_at(const tw_loc *at, tw_node *x, const tw_slice_args *o)
{
    TW_OPTIONS(tw_slice_args, o);
    if (!tw__operand(at, "slice", 0, &x)) return x;

    const int rank = x->shape->n;
    int64_t start[TW_MAX_RANK] = { 0 };
    int32_t step[TW_MAX_RANK] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    tw_shape s = { .n = rank };
    for (int i = 0; i < TW_MAX_RANK; i++) {
        const bool given = o->start[i] || o->size[i] || o->step[i];
        if (given && i >= rank) return tw_fail(x->cx, TW_EARG, "slice", at, "axis %d of rank %d", i, rank);
        if (i >= rank) break;

        int64_t by = o->step[i];
        start[i] = o->start[i], s.at[i] = o->size[i];
        if (!resolve(x->shape->at[i], &start[i], &by, &s.at[i]))
            return tw_fail(x->cx, TW_EARG, "slice", at, "axis %d of size %lld: no start %lld, size %lld, step %lld", i,
                           (long long)x->shape->at[i], (long long)o->start[i], (long long)o->size[i], (long long)by);
        step[i] = (int32_t)by;
    }
    return tw__slice(at, x, start, step, &s);
}

tw_node *tw_index_at(const tw_loc *at, tw_node *x, const tw_index_args *o)
{
    TW_OPTIONS(tw_index_args, o);
    int axis;
    if (!tw__operand(at, "index", 0, &x)) return x;
    if (!tw__axis(at, "index", x, o->axis, x->shape->n, &axis)) return tw_nil(x->cx);

    const int64_t dim = x->shape->at[axis], i = o->at < 0 ? o->at + dim : o->at;
    if (i < 0 || i >= dim)
        return tw_fail(x->cx, TW_EARG, "index", at, "%lld along axis %d of size %lld", (long long)o->at, axis,
                       (long long)dim);
    return tw_squeeze(tw__range(at, x, axis, i, 1), .axes = TW_AXES(axis));
}
