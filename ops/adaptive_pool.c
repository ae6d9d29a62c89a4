/* adaptive_pool.c - pools to a given size: output place o covers pixels floor(o in / out) to ceil((o + 1) in / out).
 *
 * Where in is a multiple of out these are ordinary pools. Otherwise the windows are of different sizes: x is
 * gathered window by window, [.., out, longest window, ..], with what a shorter window has too many
 * replaced by what changes nothing. The mean goes axis by axis; the maximum is of all axes at once, so that
 * ties share evenly over the whole window.
 */
#include "ops/ops_impl.h"
#include <math.h>

/* The sizes asked for; false after an error. */
static bool sizes(const tw_loc *at, const char *op, int axes, tw_node *x, const tw_adaptive_pool_args *o, int64_t out[3])
{
    if (!tw__images(at, op, x, axes)) return false;
    for (int k = 0; k < axes; k++) {
        out[k] = o->size[k] ? o->size[k] : o->size[0];
        if (out[k] < 1 || out[k] > INT32_MAX)
            return tw_fail(x->cx, TW_EARG, op, at, ".size is {%lld, %lld, %lld}: name it, from 1 to 2^31 - 1", (long long)o->size[0],
                           (long long)o->size[1], (long long)o->size[2]), false;
        if (x->shape->at[1 + k] < 1 || x->shape->at[1 + k] > INT32_MAX)
            return tw_fail(x->cx, TW_ESHAPE, op, at, "axis %d has %lld pixels", 1 + k, (long long)x->shape->at[1 + k]), false;
    }
    return true;
}

/* Whether all windows are equal and do not overlap; then o has them. */
static bool even(const tw_node *x, int axes, const int64_t out[3], tw_pool_args *o)
{
    *o = (tw_pool_args){ ._size = sizeof *o };
    for (int k = 0; k < axes; k++) {
        if (x->shape->at[1 + k] % out[k] || x->shape->at[1 + k] / out[k] > INT32_MAX) return false;
        o->window[k] = (int)(x->shape->at[1 + k] / out[k]);
    }
    return true;
}

typedef struct windows { tw_node *x, *valid, *size; } windows;

/* x with `axis` as [out, longest window]; valid [out, longest]: what is of the window; size [out, 1]. */
static windows by_window(const tw_loc *at, tw_node *x, int axis, int64_t out)
{
    const int64_t in = x->shape->at[axis];
    int64_t longest = 1;
    for (int64_t o = 0; o < out; o++) {
        const int64_t size = ((o + 1) * in + out - 1) / out - o * in / out;
        if (size > longest) longest = size;
    }
    tw_node *o = tw_reshape(tw_arange(x->cx, out, .dtype = TW_F64), TW_SHAPE(out, 1));
    tw_node *first = tw_floor(tw_div(tw_mul(o, (double)in), (double)out));
    tw_node *end = tw_neg(tw_floor(tw_div(tw_mul(tw_add(o, 1), -(double)in), (double)out)));
    tw_node *place = tw_add(first, tw_arange(x->cx, longest, .dtype = TW_F64));

    tw_shape index = { .n = x->shape->n }, split = { .n = x->shape->n + 1 };
    for (int i = 0; i < index.n; i++) index.at[i] = 1, split.at[i + (i > axis)] = x->shape->at[i];
    index.at[axis] = out * longest, split.at[axis] = out, split.at[axis + 1] = longest;
    tw_node *which = tw_reshape(tw_cast(tw_minimum(place, (double)(in - 1)), TW_I64), index);
    return (windows){ tw_reshape(tw_gather(x, which, .axis = axis), split), tw_less(place, end), tw_sub(end, first) };
}

/* v [out, m] with ones in front and behind, for axes (axis, axis + 1) of rank n. */
static tw_node *stand(const tw_loc *at, tw_node *v, int axis, int n)
{
    tw_shape s = { .n = n };
    for (int i = 0; i < n; i++) s.at[i] = 1;
    s.at[axis] = v->shape->at[0], s.at[axis + 1] = v->shape->at[1];
    return tw_reshape(v, s);
}

static tw_node *mean(const tw_loc *at, const char *op, int axes, tw_node *x, const tw_adaptive_pool_args *o)
{
    TW_OPTIONS(tw_adaptive_pool_args, o);
    int64_t out[3];
    tw_pool_args pool;
    if (!tw__operand(at, op, 0, &x)) return x;
    if (!sizes(at, op, axes, x, o, out)) return tw_nil(x->cx);
    if (even(x, axes, out, &pool)) return (axes == 1 ? tw_avg_pool1d_at : axes == 2 ? tw_avg_pool2d_at : tw_avg_pool3d_at)(at, x, &pool);

    for (int k = 0; k < axes; k++) {
        const windows w = by_window(at, x, 1 + k, out[k]);
        tw_node *share = tw_cast(tw_where(w.valid, tw_recip(w.size), 0), (tw_dtype)x->dtype);
        x = tw_sum(tw_mul(w.x, stand(at, share, 1 + k, x->shape->n + 1)), .axes = TW_AXES(2 + k));
    }
    return x;
}

static tw_node *maximum(const tw_loc *at, const char *op, int axes, tw_node *x, const tw_adaptive_pool_args *o)
{
    TW_OPTIONS(tw_adaptive_pool_args, o);
    int64_t out[3];
    tw_pool_args pool;
    if (!tw__operand(at, op, 0, &x)) return x;
    if (!sizes(at, op, axes, x, o, out)) return tw_nil(x->cx);
    if (even(x, axes, out, &pool)) return (axes == 1 ? tw_max_pool1d_at : axes == 2 ? tw_max_pool2d_at : tw_max_pool3d_at)(at, x, &pool);

    /* The first axis joins the batch: three of them would leave no axis for a batch of these. */
    tw_axes over = { .n = axes };
    tw_shape pooled = tw_shape_of(x);
    for (int k = 0; k < axes; k++) {
        const int axis = k == 0 ? 1 : 2 * k;
        const windows w = by_window(at, x, axis, out[k]);
        x = tw_where(stand(at, w.valid, axis, w.x->shape->n), w.x, -(double)INFINITY);
        over.at[k] = 1 + 2 * k, pooled.at[1 + k] = out[k];
        if (k > 0) continue;
        tw_shape s = { .n = x->shape->n - 1, .at = { pooled.at[0] * out[0] } };
        for (int i = 1; i < s.n; i++) s.at[i] = x->shape->at[i + 1];
        x = tw_reshape(x, s);
    }
    return tw_reshape(tw_max(x, .axes = over), pooled);
}

#define ADAPTIVE(n) \
    tw_node *tw_adaptive_avg_pool##n##d_at(const tw_loc *at, tw_node *x, const tw_adaptive_pool_args *o) \
    { \
        return mean(at, "adaptive_avg_pool" #n "d", n, x, o); \
    } \
    tw_node *tw_adaptive_max_pool##n##d_at(const tw_loc *at, tw_node *x, const tw_adaptive_pool_args *o) \
    { \
        return maximum(at, "adaptive_max_pool" #n "d", n, x, o); \
    }
ADAPTIVE(1)
ADAPTIVE(2)
ADAPTIVE(3)
