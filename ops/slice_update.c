/* slice_update.c - x with a slice of it replaced, or added to: what slice reads, these write.
 *
 *     slice_update:  y = x, then y[start + i * step] = src[i]
 *     slice_add:     y = x, then y[start + i * step] += src[i]
 *
 * Linear in x and src. The transposes: dx = g, without the slice where that was replaced; dsrc = the
 * slice of g. Both write in place where nothing else reads x: one row of a state costs one row.
 */
#include "ops/ops_impl.h"

static const int32_t *step_of(const tw_node *y) { return tw_attr(y); }
static const int64_t *start_of(const tw_node *y) { return tw_slot(y); }

static tw_node *build(const tw_loc *at, const tw_op *op, tw_node *x, tw_node *src, const int64_t *start, const int32_t *step)
{
    return tw_build_node(&(tw_build){ .op = op, .at = at, .attr = step, .slot = start, .n = 2, .in = (tw_node *[]){ x, src } });
}

/* The builder has checked where it lies. */
static bool shape(tw_node *y)
{
    const tw_node *x = tw_in(y, 0), *src = tw_in(y, 1);
    return x->dtype == src->dtype || tw__reject_dtypes(y, x->dtype, src->dtype);
}

static tw_node *d_src(tw_node *y, tw_node *g)
{
    const tw_shape s = tw_shape_of(tw_in(y, 1));
    return tw__slice(y->at, g, start_of(y), step_of(y), &s);
}

static tw_node *d_update(tw_node *y, int i, tw_node *g)
{
    if (i == 1) return d_src(y, g);
    return build(y->at, &tw_op_slice_update, g, tw_constant_like(y->at, tw_in(y, 1), 0), start_of(y), step_of(y));
}

static tw_node *d_add(tw_node *y, int i, tw_node *g)
{
    return i == 1 ? d_src(y, g) : g;
}

static tw_node *batch(const tw_batching *b)
{
    int64_t start[TW_MAX_RANK] = { 0 };
    int32_t step[TW_MAX_RANK] = { 1 };
    for (int i = 1; i < TW_MAX_RANK; i++) start[i] = start_of(b->y)[i - 1], step[i] = step_of(b->y)[i - 1];
    return build(b->at, b->y->op, tw__many(b, 0), tw__many(b, 1), start, step);
}

const tw_op tw_op_slice_update = {
    TW_WORD(slice_update),
    .arity     = 2,
    .attr_size = TW_MAX_RANK * sizeof(int32_t),
    .slot_size = TW_MAX_RANK * sizeof(int64_t),
    .traits    = TW_STRIDED | TW_INPLACE | TW_MOVES,
    .rule      = TW_LINEAR,
    .shape     = shape,
    .d         = d_update,
    .batch     = batch,
    .kernel_id = TW_K_slice_update,
};

const tw_op tw_op_slice_add = {
    TW_WORD(slice_add),
    .arity     = 2,
    .attr_size = TW_MAX_RANK * sizeof(int32_t),
    .slot_size = TW_MAX_RANK * sizeof(int64_t),
    .traits    = TW_STRIDED | TW_INPLACE | TW_SUMS,
    .rule      = TW_LINEAR,
    .shape     = shape,
    .d         = d_add,
    .batch     = batch,
    .kernel_id = TW_K_slice_add,
};

tw_node *tw__slice_add(const tw_loc *at, tw_node *x, tw_node *src, const int64_t *start, const int32_t *step)
{
    return build(at, &tw_op_slice_add, x, src, start, step);
}

/* ---- builders --------------------------------------------------------------------------------- */

static tw_node *unlike(const tw_loc *at, const char *op, const tw_node *x, const tw_node *src, const char *what)
{
    char ts[96], tx[96];
    return tw_fail(x->cx, TW_ESHAPE, op, at, "%s %s for x %s", what, tw_shape_text(src->shape, ts, sizeof ts),
                   tw_shape_text(x->shape, tx, sizeof tx));
}

/* src has the axes of x, or all but the one that i counts along. */
tw_node *tw_slice_update_at(const tw_loc *at, tw_node *x, tw_node *src, int64_t i, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    int axis;
    tw_node *in[2] = { x, src };
    int64_t start[TW_MAX_RANK] = { 0 };
    if (!tw__operands(at, "slice_update", 2, in)) return in[0];
    x = in[0], src = in[1];
    if (!tw__axis(at, "slice_update", x, o->axis, x->shape->n, &axis)) return tw_nil(x->cx);
    if (src->shape->n == x->shape->n - 1) src = tw_expand_dims(src, .axis = axis);

    bool fits = src->shape->n == x->shape->n;
    for (int k = 0; fits && k < x->shape->n; k++) fits = k == axis || src->shape->at[k] == x->shape->at[k];
    if (!fits) return unlike(at, "slice_update", x, in[1], "a slice");
    if (!tw__place(at, "slice_update", x, axis, i, src->shape->at[axis], &start[axis])) return tw_nil(x->cx);
    return build(at, &tw_op_slice_update, x, src, start, tw__ones);
}

/* What is not said of the slice follows from the shape of src. */
static tw_node *scattered(const tw_loc *at, const char *op, const tw_op *how, tw_node *x, tw_node *src, const tw_slice_args *o)
{
    TW_OPTIONS(tw_slice_args, o);
    tw_node *in[2] = { x, src };
    int64_t start[TW_MAX_RANK];
    int32_t step[TW_MAX_RANK];
    tw_shape s;
    tw_slice_args all = *o;
    if (!tw__operands(at, op, 2, in)) return in[0];
    x = in[0], src = in[1];
    if (src->shape->n != x->shape->n) return unlike(at, op, x, src, "a slice");
    for (int k = 0; k < x->shape->n; k++)
        if (!o->size[k] && !o->stop[k]) all.size[k] = src->shape->at[k];
    if (!tw__cut(at, op, x, &all, start, step, &s)) return tw_nil(x->cx);
    if (!tw__same_shape(src->shape, &s)) return unlike(at, op, x, src, "another slice than");
    return build(at, how, x, src, start, step);
}

tw_node *tw_slice_scatter_at(const tw_loc *at, tw_node *x, tw_node *src, const tw_slice_args *o)
{
    return scattered(at, "slice_scatter", &tw_op_slice_update, x, src, o);
}

tw_node *tw_slice_add_at(const tw_loc *at, tw_node *x, tw_node *src, const tw_slice_args *o)
{
    return scattered(at, "slice_add", &tw_op_slice_add, x, src, o);
}
