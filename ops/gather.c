/* gather.c - elements by index along an axis; writing and adding at an index; take, whose index is of any shape.
 *
 *     gather:       y[i][j] = x[index[i][j]][j]                            (axis 0)
 *     scatter_add:  y = x, then y[index[i][j]][j] += src[i][j], in the order of src
 *     scatter_set:  y = x, then y[index[i][j]][j]  = src[i][j], in the order of src
 *
 * Linear in x and src; dx of gather is scatter_add to zeros, dsrc of scatter_add is gather. When
 * many gathers read one x, d_into adds each into the running sum, in place. Where several elements of
 * src are set to one place the last stays, and it alone has a derivative: whose place is whose is
 * found by setting their numbers in the same way. An index of size 1 along another axis is repeated.
 * An index out of range is found while computing, and is an error then.
 */
#include "ops/ops_impl.h"

static int axis_of(const tw_node *y) { return *(const int32_t *)tw_attr(y); }

/* index [..., k, ...] picks k along the axis of x; other axes are equal. */
static bool picks(tw_node *y, const tw_node *x, const tw_node *index)
{
    const int axis = axis_of(y);
    if (index->dtype != TW_I32 && index->dtype != TW_I64)
        return tw_reject(y, TW_EDTYPE, "the index is %s: i32 or i64 needed", tw_dtype_name((tw_dtype)index->dtype));
    bool ok = index->shape->n == x->shape->n;
    for (int i = 0; i < x->shape->n && ok; i++) ok = i == axis || index->shape->at[i] == x->shape->at[i];

    char tx[96], ti[96];
    return ok || tw_reject(y, TW_ESHAPE, "index %s and x %s differ beside axis %d",
                           tw_shape_text(index->shape, ti, sizeof ti), tw_shape_text(x->shape, tx, sizeof tx), axis);
}

static void label(const tw_node *y, char *text, size_t size)
{
    snprintf(text, size, "axis %d", axis_of(y));
}

/* The index that picks nothing, and what would pick something. */
static void explain(const tw_node *y, const tw_call *c, int64_t bad, char *text, size_t size)
{
    const tw_view *index = &c->in[1];
    int64_t at = 0, rest = bad;
    for (int k = index->shape->n - 1; k >= 0; k--) at += rest % index->shape->at[k] * index->strides[k], rest /= index->shape->at[k];
    const int64_t i = index->dtype == TW_I32 ? ((const int32_t *)index->data)[at] : ((const int64_t *)index->data)[at];
    snprintf(text, size, "element %lld of the index is %lld: out of range, 0 to %lld", (long long)bad, (long long)i,
             (long long)c->in[0].shape->at[axis_of(y)] - 1);
}

/* ---- rules ------------------------------------------------------------------------------------ */

static tw_node *build(const tw_loc *at, const tw_op *op, int axis, int n, tw_node *const *in)
{
    return tw_build_node(&(tw_build){ .op = op, .at = at, .attr = &(int32_t){ axis }, .n = n, .in = in });
}

/* The same index of another x. */
static tw_node *gather(const tw_node *y, tw_node *x)
{
    return build(y->at, &tw_op_gather, axis_of(y), 2, (tw_node *[]){ x, tw_in(y, 1) });
}

static tw_node *scatter(const tw_node *y, const tw_op *op, tw_node *x, tw_node *src)
{
    return build(y->at, op, axis_of(y), 3, (tw_node *[]){ x, tw_in(y, 1), src });
}

static bool shape_gather(tw_node *y)
{
    const tw_node *index = tw_in(y, 1);
    if (!picks(y, tw_in(y, 0), index)) return false;
    y->shape = index->shape;
    return true;
}

static tw_node *d_gather_into(tw_node *y, int i, tw_node *g, tw_node *sum)
{
    (void)i;
    return scatter(y, &tw_op_scatter_add, sum, g);
}

static tw_node *d_gather(tw_node *y, int i, tw_node *g)
{
    return d_gather_into(y, i, g, tw_constant_like(y->at, tw_in(y, 0), 0));
}

static bool shape_scatter(tw_node *y)
{
    const tw_node *x = tw_in(y, 0), *index = tw_in(y, 1), *src = tw_in(y, 2);
    if (x->dtype != src->dtype) return tw__reject_dtypes(y, x->dtype, src->dtype);
    if (!picks(y, x, index)) return false;
    char ts[96], ti[96];
    return src->shape == index->shape || tw_reject(y, TW_ESHAPE, "src %s and index %s differ",
        tw_shape_text(src->shape, ts, sizeof ts), tw_shape_text(index->shape, ti, sizeof ti));
}

static bool shape_scatter_add(tw_node *y)
{
    return tw_in(y, 0)->dtype == TW_BOOL ? tw__reject_dtype(y, TW_BOOL) : shape_scatter(y);
}

static tw_node *d_scatter_add(tw_node *y, int i, tw_node *g)
{
    return i == 0 ? g : gather(y, g);
}

/* Which elements of src stay: those that find their own number at their place. */
static tw_node *stays(tw_node *y)
{
    TW_RULE;
    tw_node *src = tw_in(y, 2);
    const tw_shape places = tw_shape_of(y);
    tw_node *number = tw_reshape(tw_arange(y->cx, src->shape->count), tw_shape_of(src));
    tw_node *nobody = tw_constant(at, y->cx, TW_I64, &places, -1);
    return tw_equal(gather(y, scatter(y, &tw_op_scatter_set, nobody, number)), number);
}

static tw_node *d_scatter_set(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    if (i == 0) return scatter(y, &tw_op_scatter_set, g, tw_constant_like(at, tw_in(y, 2), 0));
    return tw_where(stays(y), gather(y, g), 0);
}

/* Operands with the new axis, and the attribute that counts it. */
static tw_node *batch(const tw_batching *b)
{
    const int32_t axis = axis_of(b->y) + 1;
    tw_node *in[3];
    for (int k = 0; k < b->y->n_in; k++) in[k] = tw__many(b, k);
    return tw_build_node(&(tw_build){ .op = b->y->op, .at = b->at, .attr = &axis, .n = b->y->n_in, .in = in });
}

const tw_op tw_op_gather = {
    TW_WORD(gather),
    .arity     = 2,
    .attr_size = sizeof(int32_t),
    .traits    = TW_STRIDED | TW_CHECKED | TW_MOVES,
    .rule      = TW_LINEAR,
    .shape     = shape_gather,
    .d         = d_gather,
    .d_into    = d_gather_into,
    .batch     = batch,
    .kernel_id = TW_K_gather,
    .label     = label,
    .explain   = explain,
};

const tw_op tw_op_scatter_add = {
    TW_WORD(scatter_add),
    .arity     = 3,
    .attr_size = sizeof(int32_t),
    .traits    = TW_STRIDED | TW_CHECKED | TW_INPLACE | TW_SUMS,
    .rule      = TW_LINEAR,
    .shape     = shape_scatter_add,
    .d         = d_scatter_add,
    .batch     = batch,
    .kernel_id = TW_K_scatter_add,
    .label     = label,
    .explain   = explain,
};

const tw_op tw_op_scatter_set = {
    TW_WORD(scatter_set),
    .arity     = 3,
    .attr_size = sizeof(int32_t),
    .traits    = TW_STRIDED | TW_CHECKED | TW_INPLACE | TW_MOVES,
    .rule      = TW_LINEAR,
    .shape     = shape_scatter,
    .d         = d_scatter_set,
    .batch     = batch,
    .kernel_id = TW_K_scatter_set,
    .label     = label,
    .explain   = explain,
};

/* ---- builders --------------------------------------------------------------------------------- */

/* The index repeated to the shape of like, but with its own size along the axis; false after an error. */
static bool spread(const tw_loc *at, const char *op, const tw_node *like, tw_node **index, int axis)
{
    const tw_dims *have = (*index)->shape;
    tw_shape s = tw_shape_of(like);
    if (have->n != s.n)
        return tw_fail(like->cx, TW_ESHAPE, op, at, "an index of rank %d for rank %d", have->n, s.n), false;
    s.at[axis] = have->at[axis];
    char ti[96], tl[96];
    for (int i = 0; i < s.n; i++)
        if (have->at[i] != s.at[i] && have->at[i] != 1)
            return tw_fail(like->cx, TW_ESHAPE, op, at, "index %s for %s: axis %d is neither equal nor 1",
                           tw_shape_text(have, ti, sizeof ti), tw_shape_text(like->shape, tl, sizeof tl), i), false;
    *index = tw_broadcast_to(*index, s);
    return true;
}

/* in: x, index and, for what writes, src, whose shape the index then has. */
static tw_node *at_index(const tw_loc *at, const char *name, const tw_op *op, int n, tw_node **in, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    int axis;
    if (!tw__operands(at, name, n, in)) return in[0];
    tw_node *x = in[0], *like = n == 3 ? in[2] : x;
    if (!tw__axis(at, name, x, o->axis, x->shape->n, &axis)) return tw_nil(x->cx);
    if (like->shape->n != x->shape->n)
        return tw_fail(x->cx, TW_ESHAPE, name, at, "src of rank %d for rank %d", like->shape->n, x->shape->n);
    if (!spread(at, name, like, &in[1], axis)) return tw_nil(x->cx);
    return build(at, op, axis, n, in);
}

tw_node *tw_gather_at(const tw_loc *at, tw_node *x, tw_node *index, const tw_axis_args *o)
{
    return at_index(at, "gather", &tw_op_gather, 2, (tw_node *[]){ x, index }, o);
}

tw_node *tw_take_along_axis_at(const tw_loc *at, tw_node *x, tw_node *index, const tw_axis_args *o)
{
    return at_index(at, "take_along_axis", &tw_op_gather, 2, (tw_node *[]){ x, index }, o);
}

tw_node *tw_scatter_add_at(const tw_loc *at, tw_node *x, tw_node *index, tw_node *src, const tw_axis_args *o)
{
    return at_index(at, "scatter_add", &tw_op_scatter_add, 3, (tw_node *[]){ x, index, src }, o);
}

tw_node *tw_scatter_set_at(const tw_loc *at, tw_node *x, tw_node *index, tw_node *src, const tw_axis_args *o)
{
    return at_index(at, "scatter_set", &tw_op_scatter_set, 3, (tw_node *[]){ x, index, src }, o);
}

/* Rows, as gather copies them: the index as a column, then its own shape in place of the axis. */
tw_node *tw_take_at(const tw_loc *at, tw_node *x, tw_node *index, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    int axis;
    tw_node *in[2] = { x, index };
    if (!tw__operands(at, "take", 2, in)) return in[0];
    x = in[0], index = in[1];
    const int rank = x->shape->n, more = index->shape->n;
    if (!tw__axis(at, "take", x, o->axis, rank, &axis)) return tw_nil(x->cx);
    if (rank - 1 + more > TW_MAX_RANK)
        return tw_fail(x->cx, TW_ESHAPE, "take", at, "an index of rank %d along an axis of rank %d: more than %d axes", more,
                       rank, TW_MAX_RANK);
    if (index->dtype != TW_I32 && index->dtype != TW_I64)
        return tw_fail(x->cx, TW_EDTYPE, "take", at, "the index is %s: i32 or i64 needed", tw_dtype_name((tw_dtype)index->dtype));

    tw_shape column = { .n = rank }, picked = tw_shape_of(x), s = { .n = rank - 1 + more };
    for (int i = 0; i < rank; i++) column.at[i] = 1;
    column.at[axis] = picked.at[axis] = index->shape->count;
    for (int i = 0; i < s.n; i++)
        s.at[i] = i < axis ? x->shape->at[i] : i < axis + more ? index->shape->at[i - axis] : x->shape->at[i - more + 1];
    tw_node *pick[2] = { x, tw_broadcast_to(tw_reshape(index, column), picked) };
    return tw_reshape(build(at, &tw_op_gather, axis, 2, pick), s);
}
