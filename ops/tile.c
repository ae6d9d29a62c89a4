/* tile.c - repetition and rotation: tile, repeat, roll.
 *
 * A repetition is a broadcast along an axis put in for it: in front of the axis the whole comes again,
 * behind it each element. So the derivative sums the copies. A rotation is a slice of two copies side
 * by side, whose start is a slot: rolling by another shift makes no new plan.
 */
#include "ops/ops_impl.h"

/* x as [before, dim, after]; n copies of it between before and dim, or between dim and after. */
static tw_node *copies(const tw_loc *at, tw_node *x, int axis, int64_t n, bool of_each)
{
    tw_shape s = tw_shape_of(x);
    const unsigned earlier = (1u << axis) - 1;
    const int64_t dim = s.at[axis], before = tw__mask_count(x, earlier), after = tw__mask_count(x, ~(earlier | 1u << axis));
    const tw_shape apart = of_each ? TW_SHAPE(before * dim, 1, after) : TW_SHAPE(before, 1, dim * after);
    tw_shape many = apart;
    many.at[1] = n, s.at[axis] = n * dim;
    return tw_reshape(tw_broadcast_to(tw_reshape(x, apart), many), s);
}

/* Whether n copies along the axis are a size; an error otherwise. */
static bool countable(const tw_loc *at, const char *op, const tw_node *x, int axis, int64_t n)
{
    int64_t all;
    if (n >= 0 && !__builtin_mul_overflow(n, x->shape->at[axis], &all)) return true;
    return tw_fail(x->cx, TW_EARG, op, at, "%lld copies along axis %d", (long long)n, axis), false;
}

tw_node *tw_tile_at(const tw_loc *at, tw_node *x, tw_shape reps)
{
    if (!tw__operand(at, "tile", 0, &x)) return x;
    if (reps.n < 0 || reps.n > TW_MAX_RANK) return tw_fail(x->cx, TW_EARG, "tile", at, "%d counts", reps.n);
    tw_shape s = { .n = reps.n };
    const int more = reps.n - x->shape->n;                  /* axes of size 1 in front; or counts of 1 */
    for (int i = 0; i < reps.n; i++) s.at[i] = i < more ? 1 : x->shape->at[i - more];
    if (more > 0) x = tw_reshape(x, s);
    for (int i = 0; i < reps.n && !tw_is_nil(x); i++) {
        const int axis = i - (more < 0 ? more : 0);
        if (!countable(at, "tile", x, axis, reps.at[i])) return tw_nil(x->cx);
        if (reps.at[i] != 1) x = copies(at, x, axis, reps.at[i], false);
    }
    return x;
}

tw_node *tw_repeat_at(const tw_loc *at, tw_node *x, int64_t n, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    int axis;
    if (!tw__operand(at, "repeat", 0, &x)) return x;
    if (!tw__axis(at, "repeat", x, o->axis, x->shape->n, &axis) || !countable(at, "repeat", x, axis, n)) return tw_nil(x->cx);
    return copies(at, x, axis, n, true);
}

tw_node *tw_roll_at(const tw_loc *at, tw_node *x, int64_t shift, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    int axis;
    if (!tw__operand(at, "roll", 0, &x)) return x;
    if (!tw__axis(at, "roll", x, o->axis, x->shape->n, &axis)) return tw_nil(x->cx);
    const int64_t n = x->shape->at[axis];
    if (n < 2) return x;
    tw_node *twice = tw_concat_at(at, 2, (tw_node *[]){ x, x }, &(tw_axis_args){ .axis = axis });
    return tw_is_nil(twice) ? twice : tw__range(at, twice, axis, (n - shift % n) % n, n);
}
