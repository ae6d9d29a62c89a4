/* interpolate.c - images at other sizes, by nearest pixels, linear or cubic interpolation, axis by axis.
 *
 * Output pixel o of `out` looks at the place
 *     s = (o + 1/2) in / out - 1/2,  or with .align_corners  s = o (in - 1) / (out - 1)
 * of x, in / out replaced by 1 / scale where a scale was given; nearest takes pixel floor(o in / out), and
 * nearest_exact the one that the first place is in. Linear interpolation is between the pixels on both
 * sides of s, cubic by Keys' kernel with a = -3/4 over four of them; pixels beyond the border are those
 * at the border (linear: s itself stops at 0). These are PyTorch's conventions.
 *
 * Each tap is a gather times weights along the axis, both computed in the graph, in f64, where quotients of
 * sizes that are whole stay whole. So the operation is linear in x, and its transpose is scatter_add's.
 */
#include "ops/ops_impl.h"

typedef struct along { int axis; int64_t in, out; double scale; bool corners; } along;      /* scale 0: in / out */

/* v [out] along the axis of x's rank. */
static tw_node *stand(const tw_loc *at, tw_node *v, const tw_node *x, int axis)
{
    tw_shape s = { .n = x->shape->n };
    for (int i = 0; i < s.n; i++) s.at[i] = 1;
    s.at[axis] = tw_count(v);
    return tw_reshape(v, s);
}

/* The pixels of x at whole places, those at the border for those beyond. */
static tw_node *pick(const tw_loc *at, tw_node *x, tw_node *place, const along *l)
{
    tw_node *index = tw_cast(tw_minimum(tw_maximum(place, 0), (double)(l->in - 1)), TW_I64);
    return tw_gather(x, stand(at, index, x, l->axis), .axis = l->axis);
}

/* (0, 1, ..., out - 1) + shift, times what an output pixel is of an input pixel. */
static tw_node *places(const tw_loc *at, tw_ctx *cx, const along *l, double shift)
{
    tw_node *o = tw_add(tw_arange(cx, l->out, .dtype = TW_F64), shift);
    return l->scale != 0 ? tw_div(o, l->scale) : tw_div(tw_mul(o, (double)l->in), (double)l->out);
}

/* s, before any rounding. */
static tw_node *source(const tw_loc *at, tw_ctx *cx, const along *l)
{
    if (!l->corners) return tw_sub(places(at, cx, l, 0.5), 0.5);
    tw_node *o = tw_arange(cx, l->out, .dtype = TW_F64);
    return l->out > 1 ? tw_div(tw_mul(o, (double)(l->in - 1)), (double)(l->out - 1)) : o;
}

/* The tap's pixels times its weight. */
static tw_node *weighted(const tw_loc *at, tw_node *x, tw_node *place, tw_node *weight, const along *l)
{
    return tw_mul(pick(at, x, place, l), stand(at, tw_cast(weight, (tw_dtype)x->dtype), x, l->axis));
}

static tw_node *linear(const tw_loc *at, tw_node *x, const along *l)
{
    tw_node *s = tw_maximum(source(at, x->cx, l), 0), *left = tw_minimum(tw_floor(s), (double)(l->in - 1));
    tw_node *t = tw_clip(tw_sub(s, left), 0, 1);
    return tw_add(weighted(at, x, left, tw_sub(1, t), l), weighted(at, x, tw_add(left, 1), t, l));
}

/* Keys' kernel at distance d, of the two pixels within 1, and of the two beyond. */
static tw_node *near(const tw_loc *at, tw_node *d)
{
    return tw_add(tw_mul(tw_square(d), tw_sub(tw_mul(1.25, d), 2.25)), 1);
}
static tw_node *far(const tw_loc *at, tw_node *d)
{
    tw_node *p = tw_add(tw_mul(-0.75, d), 3.75);                    /* ((a d - 5 a) d + 8 a) d - 4 a */
    return tw_add(tw_mul(tw_sub(tw_mul(p, d), 6), d), 3);
}

static tw_node *cubic(const tw_loc *at, tw_node *x, const along *l)
{
    tw_node *s = source(at, x->cx, l), *left = tw_floor(s), *t = tw_sub(s, left), *rest = tw_sub(1, t);
    tw_node *outer = tw_add(weighted(at, x, tw_sub(left, 1), far(at, tw_add(t, 1)), l),
                            weighted(at, x, tw_add(left, 2), far(at, tw_add(rest, 1)), l));
    tw_node *inner = tw_add(weighted(at, x, left, near(at, t), l), weighted(at, x, tw_add(left, 1), near(at, rest), l));
    return tw_add(outer, inner);
}

static tw_node *along_axis(const tw_loc *at, tw_node *x, const along *l, tw_interpolation mode)
{
    if (l->in == l->out && (l->scale == 0 || l->scale == 1)) return x;
    switch (mode) {
    case TW_INTERP_NEAREST:       return pick(at, x, tw_floor(places(at, x->cx, l, 0)), l);
    case TW_INTERP_NEAREST_EXACT: return pick(at, x, tw_floor(places(at, x->cx, l, 0.5)), l);
    case TW_INTERP_LINEAR:        return linear(at, x, l);
    default:               return cubic(at, x, l);
    }
}

/* The output's size and scale along an axis; false after an error. */
static bool resolve(const tw_loc *at, const tw_node *x, const tw_interpolate_args *o, int axes, int k, along *l)
{
    const int64_t size = o->size[k] ? o->size[k] : o->size[0];
    const double scale = o->scale[k] != 0 ? o->scale[k] : o->scale[0];
    *l = (along){ .axis = 1 + k, .in = x->shape->at[1 + k], .corners = o->align_corners };
    if ((size != 0) == (scale != 0))
        return tw_fail(x->cx, TW_EARG, "interpolate", at, size ? "both .size and .scale" : "neither .size nor .scale"), false;
    if (size < 0 || !(scale >= 0 && scale * (double)l->in < 0x1p46))
        return tw_fail(x->cx, TW_EARG, "interpolate", at, ".size %lld, .scale %g along axis %d", (long long)size, scale, 1 + k), false;
    l->out = size ? size : (int64_t)((double)l->in * scale);
    l->scale = o->align_corners ? 0 : scale;
    if (l->in > 0 && l->out > 0) return true;
    return tw_fail(x->cx, TW_ESHAPE, "interpolate", at, "axis %d of %d: from %lld pixels to %lld", 1 + k, axes, (long long)l->in,
                   (long long)l->out), false;
}

tw_node *tw_interpolate_at(const tw_loc *at, tw_node *x, const tw_interpolate_args *o)
{
    TW_OPTIONS(tw_interpolate_args, o);
    along l[3];
    if (!tw__operand(at, "interpolate", 0, &x)) return x;
    const int axes = x->shape->n - 2;
    const bool nearest = o->mode == TW_INTERP_NEAREST || o->mode == TW_INTERP_NEAREST_EXACT;
    if (axes < 1 || axes > 3)
        return tw_fail(x->cx, TW_ESHAPE, "interpolate", at, "x has rank %d: [n, 1 to 3 spatial axes, c] has 3 to 5", x->shape->n);
    if (o->mode < TW_INTERP_NEAREST || o->mode > TW_INTERP_CUBIC)
        return tw_fail(x->cx, TW_EARG, "interpolate", at, ".mode is %d", o->mode);
    if (nearest && o->align_corners)
        return tw_fail(x->cx, TW_EARG, "interpolate", at, ".align_corners is for TW_INTERP_LINEAR and TW_INTERP_CUBIC");
    if (!nearest && !tw__need_float(at, "interpolate", x)) return tw_nil(x->cx);
    for (int k = 0; k < axes; k++)
        if (!resolve(at, x, o, axes, k, &l[k])) return tw_nil(x->cx);
    for (int k = 0; k < axes; k++) x = along_axis(at, x, &l[k], o->mode);
    return x;
}

/* ---- pixels as channels ---------------------------------------------------------------------- */

static bool image(const tw_loc *at, const char *op, tw_node *x, int r)
{
    if (r < 1) return tw_fail(x->cx, TW_EARG, op, at, "a factor of %d", r), false;
    if (x->shape->n == 4) return true;
    return tw_fail(x->cx, TW_ESHAPE, op, at, "x has rank %d: [n, h, w, c] has 4", x->shape->n), false;
}

tw_node *tw_pixel_shuffle_at(const tw_loc *at, tw_node *x, int r)
{
    if (!tw__operand(at, "pixel_shuffle", 0, &x)) return x;
    if (!image(at, "pixel_shuffle", x, r)) return tw_nil(x->cx);
    const int64_t *d = x->shape->at, c = d[3] / ((int64_t)r * r);
    if (d[3] % ((int64_t)r * r))
        return tw_fail(x->cx, TW_ESHAPE, "pixel_shuffle", at, "%lld channels into %d by %d pixels", (long long)d[3], r, r);
    tw_node *y = tw_permute(tw_reshape(x, TW_SHAPE(d[0], d[1], d[2], c, r, r)), TW_AXES(0, 1, 4, 2, 5, 3));
    return tw_reshape(y, TW_SHAPE(d[0], d[1] * r, d[2] * r, c));
}

tw_node *tw_pixel_unshuffle_at(const tw_loc *at, tw_node *x, int r)
{
    if (!tw__operand(at, "pixel_unshuffle", 0, &x)) return x;
    if (!image(at, "pixel_unshuffle", x, r)) return tw_nil(x->cx);
    const int64_t *d = x->shape->at;
    if (d[1] % r || d[2] % r)
        return tw_fail(x->cx, TW_ESHAPE, "pixel_unshuffle", at, "%lld by %lld pixels by squares of %d", (long long)d[1], (long long)d[2], r);
    tw_node *y = tw_permute(tw_reshape(x, TW_SHAPE(d[0], d[1] / r, r, d[2] / r, r, d[3])), TW_AXES(0, 1, 3, 5, 2, 4));
    return tw_reshape(y, TW_SHAPE(d[0], d[1] / r, d[2] / r, d[3] * r * r));
}
