/* gather.c - elements by index along an axis, and its transpose, which adds at an index.
 *
 *     gather:       y[i][j] = x[index[i][j]][j]                            (axis 0)
 *     scatter_add:  y = x, then y[index[i][j]][j] += src[i][j], in the order of src
 *
 * Linear in x and src; dx of gather is scatter_add to zeros, dsrc of scatter_add is gather. When
 * many gathers read one x, d_into adds each into the running sum. An index of size 1 along another
 * axis is repeated. An index out of range is found while computing, and is an error then.
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

/* ---- rules ------------------------------------------------------------------------------------ */

static tw_node *gather(const tw_node *like, tw_node *x, tw_node *index)
{
    return tw_build_node(&(tw_build){ .op = &tw_op_gather, .at = like->at, .attr = tw_attr(like),
                                      .n = 2, .in = (tw_node *[]){ x, index } });
}

static tw_node *scatter_add(const tw_node *like, tw_node *x, tw_node *index, tw_node *src)
{
    return tw_build_node(&(tw_build){ .op = &tw_op_scatter_add, .at = like->at, .attr = tw_attr(like),
                                      .n = 3, .in = (tw_node *[]){ x, index, src } });
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
    return scatter_add(y, sum, tw_in(y, 1), g);
}

static tw_node *d_gather(tw_node *y, int i, tw_node *g)
{
    return d_gather_into(y, i, g, tw_constant_like(y->at, tw_in(y, 0), 0));
}

static bool shape_scatter_add(tw_node *y)
{
    const tw_node *x = tw_in(y, 0), *index = tw_in(y, 1), *src = tw_in(y, 2);
    if (x->dtype == TW_BOOL) return tw__reject_dtype(y, TW_BOOL);
    if (x->dtype != src->dtype) return tw__reject_dtypes(y, x->dtype, src->dtype);
    if (!picks(y, x, index)) return false;
    char ts[96], ti[96];
    return src->shape == index->shape || tw_reject(y, TW_ESHAPE, "src %s and index %s differ",
        tw_shape_text(src->shape, ts, sizeof ts), tw_shape_text(index->shape, ti, sizeof ti));
}

static tw_node *d_scatter_add(tw_node *y, int i, tw_node *g)
{
    return i == 0 ? g : gather(y, g, tw_in(y, 1));
}

const tw_op tw_op_gather = {
    TW_WORD(gather),
    .arity     = 2,
    .attr_size = sizeof(int32_t),
    .traits    = TW_STRIDED | TW_CHECKED,
    .rule      = TW_LINEAR,
    .shape     = shape_gather,
    .d         = d_gather,
    .d_into    = d_gather_into,
    .kernel_id = TW_K_gather,
    .label     = label,
};

const tw_op tw_op_scatter_add = {
    TW_WORD(scatter_add),
    .arity     = 3,
    .attr_size = sizeof(int32_t),
    .traits    = TW_STRIDED | TW_CHECKED,
    .rule      = TW_LINEAR,
    .shape     = shape_scatter_add,
    .d         = d_scatter_add,
    .kernel_id = TW_K_scatter_add,
    .label     = label,
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

tw_node *tw_gather_at(const tw_loc *at, tw_node *x, tw_node *index, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    int axis;
    tw_node *in[2] = { x, index };
    if (!tw__operands(at, "gather", 2, in)) return in[0];
    x = in[0];
    if (!tw__axis(at, "gather", x, o->axis, x->shape->n, &axis) ||
        !spread(at, "gather", x, &in[1], axis)) return tw_nil(x->cx);
    return tw_build_node(&(tw_build){ .op = &tw_op_gather, .at = at, .attr = &(int32_t){ axis }, .n = 2, .in = in });
}

tw_node *tw_scatter_add_at(const tw_loc *at, tw_node *x, tw_node *index, tw_node *src, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    int axis;
    tw_node *in[3] = { x, index, src };
    if (!tw__operands(at, "scatter_add", 3, in)) return in[0];
    x = in[0];
    if (!tw__axis(at, "scatter_add", x, o->axis, x->shape->n, &axis)) return tw_nil(x->cx);
    if (in[2]->shape->n != x->shape->n)
        return tw_fail(x->cx, TW_ESHAPE, "scatter_add", at, "src of rank %d for rank %d", in[2]->shape->n, x->shape->n);
    if (!spread(at, "scatter_add", in[2], &in[1], axis)) return tw_nil(x->cx);
    return tw_build_node(&(tw_build){ .op = &tw_op_scatter_add, .at = at, .attr = &(int32_t){ axis }, .n = 3, .in = in });
}
