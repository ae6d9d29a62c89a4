/* fill.c - tensors made from numbers: zeros, ones, 0 to n - 1, and rows with a single one. */
#include "ops/ops_impl.h"

static tw_node *constant(const tw_loc *at, tw_ctx *cx, const tw_shape *shape, const tw_fill_args *o, double value)
{
    return tw_constant(at, cx, tw__dtype_or(o ? o->dtype : TW_DTYPE_DEFAULT, cx), shape, value);
}

tw_node *tw_zeros_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, const tw_fill_args *o)
{
    return constant(at, cx, &shape, o, 0);
}

tw_node *tw_ones_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, const tw_fill_args *o)
{
    return constant(at, cx, &shape, o, 1);
}

static bool shape(tw_node *y)
{
    return y->dtype != TW_BOOL || tw_reject(y, TW_EDTYPE, "bool: a number is needed");
}

const tw_op tw_op_arange = {
    TW_WORD(arange),
    .traits    = TW_LEAF,
    .rule      = TW_NONE,
    .shape     = shape,
    .kernel_id = TW_K_arange,
};

tw_node *tw_arange_at(const tw_loc *at, tw_ctx *cx, int64_t n, const tw_fill_args *o)
{
    if (n < 0) return tw_fail(cx, TW_EARG, "arange", at, "%lld elements", (long long)n);
    const tw_shape s = TW_SHAPE(n);
    return tw_build_node(&(tw_build){ .op = &tw_op_arange, .at = at, .cx = cx, .shape = &s,
                                      .dtype = o && o->dtype ? o->dtype : TW_I64 });
}

/* The comparison of x with 0 to n - 1 along a new last axis: numbers outside give a row of zeros. */
tw_node *tw_one_hot_at(const tw_loc *at, tw_node *x, int64_t n, const tw_fill_args *o)
{
    if (!tw__operand(at, "one_hot", 0, &x)) return x;
    if (tw_is_float(x->dtype) || x->dtype == TW_BOOL)
        return tw_fail(x->cx, TW_EDTYPE, "one_hot", at, "%s operand: integers needed",
                       tw_dtype_name((tw_dtype)x->dtype));
    if (n < 0) return tw_fail(x->cx, TW_EARG, "one_hot", at, "rows of %lld", (long long)n);

    /* u8 cannot count beyond 255 */
    tw_node *wide = x->dtype == TW_U8 ? tw_cast(x, TW_I32) : x;
    tw_node *places = tw_arange(x->cx, n, .dtype = (tw_dtype)wide->dtype);
    tw_node *hit = tw_equal(tw_expand_dims(wide, .axis = -1), places);
    return tw_cast(hit, tw__dtype_or(o ? o->dtype : TW_DTYPE_DEFAULT, x->cx));
}
