/* slice.c - elements start, start + step, ... of each axis; index, which takes one and drops the axis; flip.
 *
 * Linear; the transpose puts the elements back among zeros: pad with the same starts and steps. When
 * many slices read one x, d_into adds each into the running sum. Starts are a slot: a loop that reads
 * row t of a tensor makes one plan, not one for each t.
 */
#include "ops/ops_impl.h"

const int32_t tw__ones[TW_MAX_RANK] = { 1, 1, 1, 1, 1, 1, 1, 1 };

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

static tw_node *d_into(tw_node *y, int i, tw_node *g, tw_node *sum)
{
    (void)i;
    return tw__slice_add(y->at, sum, g, start_of(y), step_of(y));
}

static void label(const tw_node *y, char *text, size_t size)
{
    int used = snprintf(text, size, "step");
    for (int i = 0; i < y->shape->n && used >= 0 && (size_t)used < size; i++)
        used += snprintf(text + used, size - (size_t)used, " %d", step_of(y)[i]);
}

static tw_node *batch(const tw_batching *b)
{
    int64_t start[TW_MAX_RANK] = { 0 };
    int32_t step[TW_MAX_RANK] = { 1 };
    for (int i = 1; i < TW_MAX_RANK; i++) start[i] = start_of(b->y)[i - 1], step[i] = step_of(b->y)[i - 1];
    const tw_shape s = tw__batch_shape(b, tw_shape_of(b->y));
    return tw__slice(b->at, b->in[0], start, step, &s);
}

const tw_op tw_op_slice = {
    TW_WORD(slice),
    .arity     = 1,
    .attr_size = TW_MAX_RANK * sizeof(int32_t),
    .slot_size = TW_MAX_RANK * sizeof(int64_t),
    .traits    = TW_STRIDED | TW_MOVES,
    .rule      = TW_LINEAR,
    .shape     = shape,
    .d         = d,
    .d_into    = d_into,
    .batch     = batch,
    .kernel_id = TW_K_slice,
    .label     = label,
};

bool tw__covers(const tw_dims *x, const int32_t *step, const tw_shape *s)
{
    for (int i = 0; step && i < s->n; i++)
        if (step[i] < 0 && s->at[i] > 1) return false;
    return tw__same_shape(x, s);
}

tw_node *tw__slice(const tw_loc *at, tw_node *x, const int64_t *start, const int32_t *step, const tw_shape *s)
{
    /* Of the size of x there is only one slice, whatever the start says. */
    if (tw__covers(x->shape, step, s)) return x;
    return tw_build_node(&(tw_build){ .op = &tw_op_slice, .at = at, .attr = step ? step : tw__ones,
                                      .slot = start, .shape = s, .n = 1, .in = &x });
}

tw_node *tw__range(const tw_loc *at, tw_node *x, int axis, int64_t start, int64_t size)
{
    int64_t starts[TW_MAX_RANK] = { 0 };
    tw_shape s = tw_shape_of(x);
    starts[axis] = start, s.at[axis] = size;
    return tw__slice(at, x, starts, NULL, &s);
}

/* ---- what the user gives ---------------------------------------------------------------------- */

/* How many elements lie from start on before stop, or before the end of dim when stop is 0. */
static int64_t reach(int64_t dim, int64_t start, int64_t stop, int64_t step)
{
    if (stop < 0) stop = stop + dim < 0 ? (step > 0 ? 0 : -1) : stop + dim;
    else if (stop == 0) stop = step > 0 ? dim : -1;
    if (stop > dim) stop = dim;
    const int64_t by = step > 0 ? step : -step, span = step > 0 ? stop - start : start - stop;
    return span <= 0 || dim == 0 ? 0 : span / by + (span % by != 0);
}

/* Start, step and size along one axis of dim elements; false when they reach beyond it. */
static bool resolve(int64_t dim, const tw_slice_args *o, int axis, int64_t *start, int32_t *step, int64_t *size)
{
    const int64_t by = o->step[axis] ? o->step[axis] : 1;
    if (by > INT32_MAX || by < -INT32_MAX) return false;
    int64_t from = o->start[axis];
    if (from < 0) from += dim;
    else if (from == 0 && by < 0 && dim > 0) from = dim - 1;
    if (from < 0 || from > dim || (by < 0 && dim > 0 && from == dim)) return false;

    const int64_t most = reach(dim, from, o->stop[axis], by);
    *start = from, *step = (int32_t)by, *size = o->size[axis] ? o->size[axis] : most;
    return *size >= 0 && *size <= most && !(o->size[axis] && o->stop[axis]);
}

bool tw__cut(const tw_loc *at, const char *op, const tw_node *x, const tw_slice_args *o, int64_t *start,
                    int32_t *step, tw_shape *s)
{
    const int rank = s->n = x->shape->n;
    for (int i = 0; i < TW_MAX_RANK; i++) {
        const bool given = o->start[i] || o->size[i] || o->stop[i] || o->step[i];
        if (given && i >= rank) return tw_fail(x->cx, TW_EARG, op, at, "axis %d of rank %d", i, rank), false;
        start[i] = 0, step[i] = 1;
        if (i >= rank) continue;

        if (!resolve(x->shape->at[i], o, i, &start[i], &step[i], &s->at[i]))
            return tw_fail(x->cx, TW_EARG, op, at, "axis %d of size %lld: no start %lld, size %lld, stop %lld, step %lld", i,
                           (long long)x->shape->at[i], (long long)o->start[i], (long long)o->size[i],
                           (long long)o->stop[i], (long long)o->step[i]), false;
    }
    return true;
}

tw_node *tw_slice_at(const tw_loc *at, tw_node *x, const tw_slice_args *o)
{
    TW_OPTIONS(tw_slice_args, o);
    int64_t start[TW_MAX_RANK];
    int32_t step[TW_MAX_RANK];
    tw_shape s = { 0 };
    if (!tw__operand(at, "slice", 0, &x)) return x;
    if (!tw__cut(at, "slice", x, o, start, step, &s)) return tw_nil(x->cx);
    return tw__slice(at, x, start, step, &s);
}

bool tw__place(const tw_loc *at, const char *op, const tw_node *x, int axis, int64_t i, int64_t size, int64_t *start)
{
    const int64_t dim = x->shape->at[axis];
    *start = i < 0 ? i + dim : i;
    if (*start >= 0 && size <= dim && *start <= dim - size) return true;
    tw_fail(x->cx, TW_EARG, op, at, "%lld along axis %d of size %lld", (long long)i, axis, (long long)dim);
    return false;
}

tw_node *tw_index_at(const tw_loc *at, tw_node *x, const tw_index_args *o)
{
    TW_OPTIONS(tw_index_args, o);
    int axis;
    int64_t i;
    if (!tw__operand(at, "index", 0, &x)) return x;
    if (!tw__axis(at, "index", x, o->axis, x->shape->n, &axis) || !tw__place(at, "index", x, axis, o->at, 1, &i))
        return tw_nil(x->cx);
    return tw_squeeze(tw__range(at, x, axis, i, 1), .axes = TW_AXES(axis));
}

tw_node *tw_flip_at(const tw_loc *at, tw_node *x, const tw_axes_args *o)
{
    TW_OPTIONS(tw_axes_args, o);
    uint8_t mask;
    if (!tw__operand(at, "flip", 0, &x)) return x;
    if (!tw__axes_mask(at, "flip", x, o->axes, &mask)) return tw_nil(x->cx);

    int64_t start[TW_MAX_RANK] = { 0 };
    int32_t step[TW_MAX_RANK];
    const tw_shape s = tw_shape_of(x);
    for (int i = 0; i < TW_MAX_RANK; i++) {
        const bool back = i < s.n && mask >> i & 1 && s.at[i] > 1;
        step[i] = back ? -1 : 1, start[i] = back ? s.at[i] - 1 : 0;
    }
    return tw__slice(at, x, start, step, &s);
}
