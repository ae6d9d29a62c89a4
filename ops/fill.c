/* fill.c - tensors made from numbers: one value everywhere, 0 to n - 1, even spaces, rows with a single one. */
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

tw_node *tw_full_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, double value, const tw_dtype_args *o)
{
    return tw_fill_at(at, cx, shape, &(tw_fill_args){ .dtype = o ? o->dtype : TW_DTYPE_DEFAULT, .value = value });
}

/* The number is a slot, as of every fill. */
static tw_node *like(const tw_loc *at, const char *op, tw_node *x, double value, const tw_dtype_args *o)
{
    if (!tw__operand(at, op, 0, &x)) return x;
    const tw_dtype dtype = o && o->dtype ? o->dtype : (tw_dtype)x->dtype;
    return tw_fill_at(at, x->cx, tw_shape_of(x), &(tw_fill_args){ .dtype = dtype, .value = value });
}

tw_node *tw_zeros_like_at(const tw_loc *at, tw_node *x, const tw_dtype_args *o) { return like(at, "zeros_like", x, 0, o); }
tw_node *tw_ones_like_at(const tw_loc *at, tw_node *x, const tw_dtype_args *o)  { return like(at, "ones_like", x, 1, o); }
tw_node *tw_full_like_at(const tw_loc *at, tw_node *x, double value, const tw_dtype_args *o)
{
    return like(at, "full_like", x, value, o);
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

/* From start in the first half, from stop in the second, so that both ends are exact. */
tw_node *tw_linspace_at(const tw_loc *at, tw_ctx *cx, double start, double stop, int64_t n, const tw_dtype_args *o)
{
    const tw_dtype dtype = tw__dtype_or(o ? o->dtype : TW_DTYPE_DEFAULT, cx);
    if (n < 0) return tw_fail(cx, TW_EARG, "linspace", at, "%lld elements", (long long)n);
    if (!tw_is_float(dtype)) return tw_fail(cx, TW_EDTYPE, "linspace", at, "%s: f32 or f64 needed", tw_dtype_name(dtype));
    const tw_arg step = tw__slot(n > 1 ? (stop - start) / (double)(n - 1) : 0);
    tw_node *i = tw_arange(cx, n, .dtype = dtype), *left = tw_sub((double)(n - 1), i);
    tw_node *up = tw_add(tw__slot(start), tw_mul(i, step)), *down = tw_sub(tw__slot(n > 1 ? stop : start), tw_mul(left, step));
    return tw_where(tw_less(i, left), up, down);
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
