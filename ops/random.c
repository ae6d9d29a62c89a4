/* random.c - random tensors: leaves that are a function of the context's seed, a number and the place of the element.
 *
 * The bits are those of Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as
 * easy as 1, 2, 3", SC 2011), keyed by the seed and counting (number, element): the same whatever
 * the threads, the vector length or the evaluation. The number is a slot: the context's next, or
 * .key for a stream of one's own. uniform is in [0, 1), normal by Box and Muller; other ranges and
 * moments are arithmetic on those. Constants for every derivative.
 */
#include "ops/ops_impl.h"
#include <float.h>
#include <math.h>

static bool shape_bits(tw_node *y)
{
    return y->dtype == TW_I32 || tw_reject(y, TW_EDTYPE, "%s: bits are i32", tw_dtype_name((tw_dtype)y->dtype));
}

bool tw__shape_draw(tw_node *y)
{
    return tw_is_float(y->dtype) || tw_reject(y, TW_EDTYPE, "%s: f32 or f64 needed", tw_dtype_name((tw_dtype)y->dtype));
}

const tw_op tw_op_random_bits = {
    TW_WORD(random_bits),
    .slot_size = sizeof(uint64_t),
    .traits    = TW_LEAF | TW_RANDOM,
    .rule      = TW_NONE,
    .shape     = shape_bits,
    .kernel_id = TW_K_random_bits,
};

const tw_op tw_op_uniform = {
    TW_WORD(uniform),
    .slot_size = sizeof(uint64_t),
    .traits    = TW_LEAF | TW_RANDOM,
    .rule      = TW_NONE,
    .shape     = tw__shape_draw,
    .kernel_id = TW_K_uniform,
};

const tw_op tw_op_normal = {
    TW_WORD(normal),
    .slot_size = sizeof(uint64_t),
    .traits    = TW_LEAF | TW_RANDOM,
    .rule      = TW_NONE,
    .shape     = tw__shape_draw,
    .kernel_id = TW_K_normal,
};

uint64_t tw__random_number(tw_ctx *cx, uint64_t key)
{
    /* Streams of one's own have the high bit, so that they never meet the context's numbers. */
    return key ? key | (uint64_t)1 << 63 : tw_next_random(cx);
}

static tw_node *leaf(const tw_loc *at, const tw_op *op, tw_ctx *cx, tw_shape shape, tw_dtype dtype, uint64_t key)
{
    if (!tw_ok(cx)) return tw_nil(cx);
    const uint64_t number = tw__random_number(cx, key);
    return tw_build_node(&(tw_build){ .op = op, .at = at, .cx = cx, .slot = &number, .shape = &shape, .dtype = dtype });
}

tw_node *tw_random_bits_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, const tw_random_args *o)
{
    TW_OPTIONS(tw_random_args, o);
    return leaf(at, &tw_op_random_bits, cx, shape, TW_I32, o->key);
}

tw_node *tw_uniform_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, const tw_uniform_args *o)
{
    TW_OPTIONS(tw_uniform_args, o);
    const double low = tw__or(o->low, 0), high = tw__or(o->high, 1);
    if (!(low <= high && high - low <= DBL_MAX)) return tw_fail(cx, TW_EARG, "uniform", at, "no numbers from %g to %g", low, high);
    tw_node *y = leaf(at, &tw_op_uniform, cx, shape, tw__dtype_or(o->dtype, cx), o->key);
    if (high - low != 1) y = tw_mul(tw__slot(high - low), y);
    return low == 0 ? y : tw_add(tw__slot(low), y);
}

tw_node *tw_normal_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, const tw_normal_args *o)
{
    TW_OPTIONS(tw_normal_args, o);
    const double std = tw__or(o->std, 1);
    if (!(std >= 0 && std <= DBL_MAX && fabs(o->mean) <= DBL_MAX))
        return tw_fail(cx, TW_EARG, "normal", at, "mean %g and deviation %g: the deviation is at least 0, and both are finite", o->mean, std);
    tw_node *y = leaf(at, &tw_op_normal, cx, shape, tw__dtype_or(o->dtype, cx), o->key);
    if (std != 1) y = tw_mul(tw__slot(std), y);
    return o->mean == 0 ? y : tw_add(tw__slot(o->mean), y);
}
