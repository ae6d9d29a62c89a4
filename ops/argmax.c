/* argmax.c - where the first maximum or minimum along an axis is, as i64. NaN wins. No derivative.
 *
 * The minimum is the maximum of the complement: -x, -1 - x of integers (which wraps nowhere), not x.
 */
#include "ops/ops_impl.h"

static int axis_of(const tw_node *y) { return *(const int32_t *)tw_attr(y); }

static bool shape(tw_node *y)
{
    const tw_node *x = tw_in(y, 0);
    const int axis = axis_of(y);
    tw_shape s = { 0 };
    for (int i = 0; i < x->shape->n; i++)
        if (i != axis) s.at[s.n++] = x->shape->at[i];
    y->dtype = TW_I64;
    if (!tw_set_shape(y, &s)) return false;

    char text[96];
    return x->shape->count || !y->shape->count ||
           tw_reject(y, TW_ESHAPE, "nothing to choose from along axis %d of %s", axis,
                     tw_shape_text(x->shape, text, sizeof text));
}

static void label(const tw_node *y, char *text, size_t size)
{
    snprintf(text, size, "axis %d", axis_of(y));
}

static tw_node *batch(const tw_batching *b)
{
    const tw_loc *at = b->at;
    return tw_argmax(b->in[0], .axis = axis_of(b->y) + 1);
}

const tw_op tw_op_argmax = {
    TW_WORD(argmax),
    .arity     = 1,
    .attr_size = sizeof(int32_t),
    .traits    = TW_STRIDED,
    .rule      = TW_NONE,
    .shape     = shape,
    .batch     = batch,
    .kernel_id = TW_K_argmax,
    .label     = label,
};

tw_node *tw_argmax_at(const tw_loc *at, tw_node *x, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    int axis;
    if (!tw__operand(at, "argmax", 0, &x)) return x;
    if (!tw__axis(at, "argmax", x, o->axis, x->shape->n, &axis)) return tw_nil(x->cx);
    return tw_build_node(&(tw_build){ .op = &tw_op_argmax, .at = at, .attr = &(int32_t){ axis }, .n = 1, .in = &x });
}

tw_node *tw_argmin_at(const tw_loc *at, tw_node *x, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    int axis;
    if (!tw__operand(at, "argmin", 0, &x)) return x;
    if (!tw__axis(at, "argmin", x, o->axis, x->shape->n, &axis)) return tw_nil(x->cx);
    if (x->dtype == TW_BOOL) x = tw_logical_not(x);
    else x = tw_is_float(x->dtype) ? tw_neg(x) : tw_sub(tw_neg(x), 1);
    return tw_argmax_at(at, x, o);
}
