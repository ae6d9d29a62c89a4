/* draws.c - random numbers of other distributions, integers, choices and orders.
 *
 * All counter-based, as uniform and normal are (random.c): spelled from those, or leaves of their own
 * whose slot is the number of the node. With u uniform in [0, 1):
 *     exponential:  -log(1 - u)
 *     gumbel:       -log(-log u), u kept from 0
 *     laplace:      the difference of two exponential numbers
 *     categorical:  where logits + gumbel is largest
 *     permutation:  the places of uniform numbers in rising order
 * Constants for every derivative; .loc, .scale, bounds and probabilities may change without a new plan.
 */
#include "ops/ops_impl.h"
#include <float.h>
#include <math.h>

static bool shape_i64(tw_node *y)
{
    return y->dtype == TW_I64 || tw_reject(y, TW_EDTYPE, "%s: i64 needed", tw_dtype_name((tw_dtype)y->dtype));
}

const tw_op tw_op_randint = {
    TW_WORD(randint),
    .slot_size = sizeof(tw_randint_slot),
    .traits    = TW_LEAF | TW_RANDOM,
    .rule      = TW_NONE,
    .shape     = shape_i64,
    .kernel    = tw__k_randint,
};

const tw_op tw_op_truncated_normal = {
    TW_WORD(truncated_normal),
    .slot_size = sizeof(tw_truncated_slot),
    .traits    = TW_LEAF | TW_RANDOM,
    .rule      = TW_NONE,
    .shape     = tw__shape_draw,
    .kernel    = tw__k_truncated_normal,
};

tw_node *tw_randint_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, int64_t low, int64_t high, const tw_randint_args *o)
{
    TW_OPTIONS(tw_randint_args, o);
    const tw_dtype dtype = o->dtype ? o->dtype : TW_I64;
    if (!tw_ok(cx)) return tw_nil(cx);
    const double least = dtype == TW_I32 ? INT32_MIN : dtype == TW_U8 || dtype == TW_BOOL ? 0 : -0x1p63;
    const double most = dtype == TW_I32 ? INT32_MAX : dtype == TW_U8 ? UINT8_MAX : dtype == TW_BOOL ? 1 : 0x1p63;
    if ((double)low < least || (double)high - 1 > most)
        return tw_fail(cx, TW_EARG, "randint", at, "from %lld below %lld: %s holds %.0f to %.0f", (long long)low, (long long)high,
                       tw_dtype_name(dtype), least, most);
    if (low >= high) return tw_fail(cx, TW_EARG, "randint", at, "nothing from %lld below %lld", (long long)low, (long long)high);
    const tw_randint_slot slot = { tw__random_number(cx, o->key), low, (uint64_t)high - (uint64_t)low };
    tw_node *y = tw_build_node(&(tw_build){ .op = &tw_op_randint, .at = at, .cx = cx, .slot = &slot, .shape = &shape, .dtype = TW_I64 });
    return dtype == TW_I64 ? y : tw_cast(y, dtype);
}

/* loc + scale * y; both numbers are slots. */
static tw_node *moved(const tw_loc *at, const char *op, tw_node *y, double loc, double scale)
{
    if (!(scale >= 0 && scale <= DBL_MAX && fabs(loc) <= DBL_MAX))
        return tw_fail(tw_ctx_of(y), TW_EARG, op, at, "place %g and scale %g: the scale is at least 0, and both are finite", loc, scale);
    if (scale != 1) y = tw_mul(tw__slot(scale), y);
    return loc == 0 ? y : tw_add(tw__slot(loc), y);
}

tw_node *tw_truncated_normal_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, const tw_truncated_normal_args *o)
{
    TW_OPTIONS(tw_truncated_normal_args, o);
    const double low = tw__or(o->low, -2), high = tw__or(o->high, 2);
    if (!tw_ok(cx)) return tw_nil(cx);
    if (!(low < high)) return tw_fail(cx, TW_EARG, "truncated_normal", at, "nothing from %g to %g", low, high);
    const tw_truncated_slot slot = { tw__random_number(cx, o->key), low, high };
    tw_node *y = tw_build_node(&(tw_build){ .op = &tw_op_truncated_normal, .at = at, .cx = cx, .slot = &slot, .shape = &shape,
                                            .dtype = tw__dtype_or(o->dtype, cx) });
    return moved(at, "truncated_normal", y, o->mean, tw__or(o->std, 1));
}

/* ---- spelled from uniform ----------------------------------------------------------------------- */

static tw_node *uniform(const tw_loc *at, tw_ctx *cx, tw_shape shape, tw_dtype dtype, uint64_t key)
{
    return tw_uniform_at(at, cx, shape, &(tw_uniform_args){ .dtype = dtype, .key = key });
}

static tw_node *exponential(const tw_loc *at, tw_ctx *cx, tw_shape shape, const tw_draw_args *o)
{
    return tw_neg(tw_log1p(tw_neg(uniform(at, cx, shape, o->dtype, o->key))));
}

tw_node *tw_exponential_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, const tw_draw_args *o)
{
    TW_OPTIONS(tw_draw_args, o);
    return moved(at, "exponential", exponential(at, cx, shape, o), o->loc, tw__or(o->scale, 1));
}

/* u moves up by half of what its neighbours differ by where it is 0: at most one in 2^24. */
static tw_node *gumbel(const tw_loc *at, tw_ctx *cx, tw_shape shape, tw_dtype dtype, uint64_t key)
{
    tw_node *u = uniform(at, cx, shape, dtype, key);
    return tw_neg(tw_log(tw_neg(tw_log(tw_maximum(u, tw_dtype_of(u) == TW_F32 ? 0x1p-25 : 0x1p-54)))));
}

tw_node *tw_gumbel_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, const tw_draw_args *o)
{
    TW_OPTIONS(tw_draw_args, o);
    return moved(at, "gumbel", gumbel(at, cx, shape, o->dtype, o->key), o->loc, tw__or(o->scale, 1));
}

tw_node *tw_laplace_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, const tw_draw_args *o)
{
    TW_OPTIONS(tw_draw_args, o);
    int64_t count = 1;
    for (int i = 0; i < shape.n && i < TW_MAX_RANK; i++)
        if (__builtin_mul_overflow(count, shape.at[i], &count)) return tw_zeros(cx, shape);        /* which says what is wrong */
    tw_node *two = exponential(at, cx, TW_SHAPE(2, count), o);
    tw_node *y = tw_sub(tw_index(two, .at = 0), tw_index(two, .at = 1));
    return moved(at, "laplace", tw_reshape(y, shape), o->loc, tw__or(o->scale, 1));
}

tw_node *tw_bernoulli_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, const tw_bernoulli_args *o)
{
    TW_OPTIONS(tw_bernoulli_args, o);
    const double p = tw__or(o->p, 0.5);
    if (!(p >= 0 && p <= 1)) return tw_fail(cx, TW_EARG, "bernoulli", at, "%g is not from 0 to 1", p);
    tw_node *y = tw_less(uniform(at, cx, shape, TW_DTYPE_DEFAULT, o->key), tw__slot(p));
    return o->dtype && o->dtype != TW_BOOL ? tw_cast(y, o->dtype) : y;
}

tw_node *tw_categorical_at(const tw_loc *at, tw_node *logits, const tw_sample_args *o)
{
    TW_OPTIONS(tw_sample_args, o);
    if (!tw__operand(at, "categorical", 0, &logits)) return logits;
    tw_shape s = tw_shape_of(logits);
    if (!tw__need_float(at, "categorical", logits)) return tw_nil(logits->cx);
    if (s.n < 1 || (o->samples && s.n == TW_MAX_RANK) || o->samples < 0)
        return tw_fail(logits->cx, TW_ESHAPE, "categorical", at, "%lld samples of logits of rank %d", (long long)o->samples, s.n);
    if (o->samples) {
        for (int i = s.n++; i > 0; i--) s.at[i] = s.at[i - 1];
        s.at[0] = o->samples;
    }
    return tw_argmax(tw_add(logits, gumbel(at, logits->cx, s, (tw_dtype)logits->dtype, o->key)), .axis = -1);
}

tw_node *tw_permutation_at(const tw_loc *at, tw_ctx *cx, int64_t n, const tw_random_args *o)
{
    if (n < 0) return tw_fail(cx, TW_EARG, "permutation", at, "%lld elements", (long long)n);
    return tw_argsort_at(at, uniform(at, cx, TW_SHAPE(n), TW_F64, o ? o->key : 0), NULL);
}
