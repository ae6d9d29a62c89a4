/* positions.c - where a step is in its sequence: waves, turns, or a learned table.
 *
 * Pair i of the features goes round with wavelength 2 pi base^(2 i / units). Turning queries and keys by their
 * positions makes their products depend on the distance alone.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include "nn/sequence.h"
#include <math.h>

static bool has_base(const tw_loc *at, tw_ctx *cx, const char *op, const tw_position_args *o)
{
    if (o->base >= 0 && o->base < HUGE_VAL) return true;
    tw_fail(cx, TW_EARG, op, at, "base is %g: greater than 0", o->base);
    return false;
}

/* position / base^(2 i / units), [steps, units / 2]. */
static tw_node *angles(const tw_loc *at, tw_ctx *cx, tw_dtype dtype, int64_t steps, int64_t units, const tw_position_args *o)
{
    const double base = o->base == 0 ? 10000 : o->base;
    tw_node *position = tw_add(tw_arange(cx, steps, .dtype = dtype), tw__slot((double)o->start));
    tw_node *rate = tw_exp(tw_mul(-2 * log(base) / (double)units, tw_arange(cx, units / 2, .dtype = dtype)));
    return tw_mul(tw_reshape(position, TW_SHAPE(steps, 1)), rate);
}

tw_node *tw_sinusoidal_at(const tw_loc *at, tw_ctx *cx, int64_t steps, int64_t units, const tw_position_args *o)
{
    TW_OPTIONS(tw_position_args, o);
    if (!cx || !tw_ok(cx)) return tw_nil(cx);
    if (steps < 0 || units < 2 || units % 2)
        return tw_fail(cx, TW_EARG, "sinusoidal", at, "%lld steps of %lld features: the number of features must be even",
                       (long long)steps, (long long)units);
    if (!has_base(at, cx, "sinusoidal", o)) return tw_nil(cx);
    tw_node *angle = tw_reshape(angles(at, cx, tw_default_dtype(cx), steps, units, o), TW_SHAPE(steps, units / 2, 1));
    tw_node *both[] = { tw_sin(angle), tw_cos(angle) };
    return tw_reshape(tw_concat(2, both, .axis = 2), TW_SHAPE(steps, units));
}

tw_node *tw_rotary_at(const tw_loc *at, tw_node *x, const tw_position_args *o)
{
    TW_OPTIONS(tw_position_args, o);
    if (!x || !(x = tw_input(at, "rotary", 0, x)) || tw_is_nil(x)) return x ? x : tw_nil(NULL);
    const int rank = tw_rank(x);
    const int64_t units = rank ? tw_dim(x, -1) : 0;
    char text[96];
    if (rank < 2 || units < 2 || units % 2 || !tw_is_float(x->dtype))
        return tw_fail(x->cx, TW_ESHAPE, "rotary", at, "x is %s of %s, not [..., steps, an even number of features] of floats",
                       tw_shape_text(x->shape, text, sizeof text), tw_dtype_name(tw_dtype_of(x)));
    if (rank == TW_MAX_RANK) return tw_fail(x->cx, TW_ESHAPE, "rotary", at, "x has %d axes: at most %d", rank, TW_MAX_RANK - 1);
    if (!has_base(at, x->cx, "rotary", o)) return tw_nil(x->cx);

    tw_node *angle = angles(at, x->cx, tw_dtype_of(x), tw_dim(x, -2), units, o);
    tw_node *c = tw_cos(angle), *s = tw_sin(angle), *part[2];
    tw_shape pairs = tw_shape_of(x);        /* features as [2, units / 2] or [units / 2, 2] */
    pairs.at[rank - 1] = o->interleaved ? units / 2 : 2;
    pairs.at[pairs.n++] = o->interleaved ? 2 : units / 2;
    const int axis = o->interleaved ? rank : rank - 1;
    tw_node *apart = tw_reshape(x, pairs);
    for (int k = 0; k < 2; k++) part[k] = tw_index(apart, .axis = axis, .at = k);
    tw_node *turned[] = { tw_sub(tw_mul(part[0], c), tw_mul(part[1], s)), tw_add(tw_mul(part[0], s), tw_mul(part[1], c)) };
    return tw_reshape(tw_stack(2, turned, .axis = axis), tw_shape_of(x));
}

static tw_node *learned(const tw__layer *l, tw_node *x, const tw_position_args *o)
{
    const tw_loc *at = l->at;
    char text[96];
    if (tw_rank(x) < 2)
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "x is %s, not [n, steps, features]", tw_shape_text(x->shape, text, sizeof text));
    const int64_t steps = tw_dim(x, -2), units = tw_dim(x, -1);
    if (o->capacity < steps || o->start < 0 || o->start > o->capacity - steps)
        return tw__layer_fail(l, TW_EARG, l->kind, "%lld positions from %lld on of %lld: give .capacity = n", (long long)steps,
                              (long long)o->start, (long long)o->capacity);
    tw_node *table = tw_nn_param(l->net, "weight", TW_SHAPE(o->capacity, units), tw__init_or(o->init, tw_normal_init(0.02)));
    return steps ? tw_add(x, tw_slice(table, .start = { o->start }, .size = { steps })) : x;
}

tw_node *tw_nn_positions_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_position_args *o)
{
    TW_OPTIONS(tw_position_args, o);
    tw__layer l = tw__layer_enter(at, "positions", net, name ? name : "", &x);
    return tw__layer_leave(&l, l.ok ? learned(&l, x, o) : NULL);
}
