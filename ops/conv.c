/* conv.c - cross-correlation over one to three spatial axes, channels last, its two derivatives and its transpose.
 *
 * All three are faces of one trilinear form,
 *     T(x, w, y) = sum x[n, p s + k d - b, c] w[k, c, o] y[n, p, o]
 * over images n, output pixels p, window pixels k, channels c and o (of one group), with stride s,
 * dilation d and padding b, vectors of as many numbers as there are axes:
 *     conv(x, w) = dT/dy      conv_x(y, w) = dT/dx      conv_w(x, y) = dT/dw
 * Each is bilinear, and its derivatives are the other two: the family is closed to any order.
 * conv_x and conv_w get their shape as a request, since rounding down in p forgets it.
 *
 * A transposed convolution is conv_x as a layer: its x is the form's y, and it takes the weights of the
 * convolution whose transpose it is. Input dilation is zeros between the pixels of x, by pad.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/scratch.h"

static const tw_conv_attr *attr_of(const tw_node *y) { return tw_attr(y); }

/* ---- the three roles, wherever they stand ---------------------------------------------------- */

/* Pixels that one window extends over. */
static void extents(const tw_window *t, const tw_dims *w, int64_t out[3])
{
    for (int k = 0; k < 3; k++) out[k] = (tw__taps_at(w, k) - 1) * t->dilation[k] + 1;
}

/* The shape of y. */
static tw_shape outputs(const tw_conv_attr *t, const tw_dims *x, const tw_dims *w)
{
    int64_t extent[3], in[3];
    extents(&t->at, w, extent);
    tw__pixels(x, in);
    tw_shape s = { .n = x->n, .at = { x->at[0] } };
    for (int i = 1, k = 4 - s.n + 1; k < 3; i++, k++)
        s.at[i] = tw__windows(in[k], t->at.before[k], t->at.after[k], extent[k], t->at.stride[k]);
    s.at[s.n - 1] = w->at[w->n - 1];
    return s;
}

static bool ranks(const tw_dims *x, const tw_dims *w) { return x->n >= 3 && x->n <= 5 && w->n == x->n; }

static bool fits(tw_node *node, const tw_dims *x, const tw_dims *w, const tw_dims *y)
{
    const tw_conv_attr *t = attr_of(node);
    const int n = x->n;
    bool ok = ranks(x, w) && y->n == n && x->at[n - 1] == w->at[n - 2] * t->groups
           && w->at[n - 1] % t->groups == 0;
    if (ok) {
        const tw_shape s = outputs(t, x, w);
        ok = tw__same_shape(y, &s);
    }
    char tx[96], tw[96], ty[96];
    return ok || tw_reject(node, TW_ESHAPE, "x %s, w %s and y %s do not go together", tw_shape_text(x, tx, sizeof tx),
                           tw_shape_text(w, tw, sizeof tw), tw_shape_text(y, ty, sizeof ty));
}

static bool floats(tw_node *y)
{
    const int a = tw_in(y, 0)->dtype, b = tw_in(y, 1)->dtype;
    if (!tw_is_float(a)) return tw__reject_dtype(y, a);
    return a == b || tw__reject_dtypes(y, a, b);
}

static tw_node *build(const tw_op *op, const tw_node *like, tw_node *a, tw_node *b, const tw_node *shape)
{
    const tw_shape s = tw_shape_of(shape);
    return tw_build_node(&(tw_build){ .op = op, .at = like->at, .attr = attr_of(like), .shape = &s,
                                      .n = 2, .in = (tw_node *[]){ a, b } });
}

static void label(const tw_node *y, char *text, size_t size)
{
    const tw_conv_attr *t = attr_of(y);
    const int axes = y->shape->n - 2;
    size_t used = 0;
    const struct { const char *name; const int32_t *v; } part[] = {
        { "stride", t->at.stride }, { ", before", t->at.before }, { ", after", t->at.after }, { ", dilation", t->at.dilation } };
    for (int i = 0; i < 4 && used < size; i++)
        used += (size_t)tw__triple_label(part[i].name, part[i].v, axes, text + used, size - used);
    if (t->groups > 1 && used < size) snprintf(text + used, size - used, ", groups %d", t->groups);
}

/* Nanoseconds: multiplications and additions, some hundred a nanosecond in f32. */
static double costs(const tw_dims *w, const tw_dims *y, int dtype)
{
    const int64_t o = y->at[y->n - 1];
    return o ? 2e-2 * (double)y->count * (double)(w->count / o) * (dtype == TW_F64 ? 2 : 1) : 0;
}

/* ---- conv: y from x and w -------------------------------------------------------------------- */

static bool shape(tw_node *y)
{
    const tw_dims *x = tw_in(y, 0)->shape, *w = tw_in(y, 1)->shape;
    if (!floats(y)) return false;
    if (!ranks(x, w)) return fits(y, x, w, y->shape);
    const tw_shape s = outputs(attr_of(y), x, w);
    return tw_set_shape(y, &s) && fits(y, x, w, y->shape);
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    tw_node *x = tw_in(y, 0), *w = tw_in(y, 1);
    return i == 0 ? build(&tw_op_conv_x, y, g, w, x) : build(&tw_op_conv_w, y, x, g, w);
}

static double cost(const tw_node *y) { return costs(tw_in(y, 1)->shape, y->shape, y->dtype); }

static int64_t work(const tw_node *y)
{
    return tw__conv_work(tw_in(y, 0)->shape, tw_in(y, 1)->shape, y->shape, attr_of(y));
}

static size_t scratch(const tw_node *y)
{
    return tw__conv_scratch(tw_in(y, 0)->shape, tw_in(y, 1)->shape, y->shape, attr_of(y), (tw_dtype)y->dtype);
}

/* [many, ..., c] as [..., many * c], and back. */
static tw_node *into_channels(const tw_loc *at, tw_node *x)
{
    const int last = x->shape->n - 1;
    tw_node *y = tw_moveaxis(x, 0, last - 1);
    tw_shape s = tw_shape_of(y);
    s.at[last - 1] *= s.at[last], s.n--;
    return tw_reshape(y, s);
}

static tw_node *out_of_channels(const tw_loc *at, tw_node *x, int64_t many)
{
    tw_shape s = tw_shape_of(x);
    s.at[s.n] = s.at[s.n - 1] / many, s.at[s.n - 1] = many, s.n++;
    return tw_moveaxis(tw_reshape(x, s), s.n - 2, 0);
}

/* Many of both operands are groups; many of the second for one x, where that has no groups, are only more channels. */
static tw_node *batch_groups(const tw_batching *b)
{
    const tw_loc *at = b->at;
    tw_conv_attr attr = *attr_of(b->y);
    const bool one_x = !b->many[0] && attr.groups == 1 && b->y->op != &tw_op_conv_x;
    tw_node *in[2] = { one_x ? b->in[0] : into_channels(at, tw__many(b, 0)), into_channels(at, tw__many(b, 1)) };
    tw_shape s = tw_shape_of(b->y);
    s.at[s.n - 1] *= b->n;
    if (!one_x) attr.groups *= (int32_t)b->n;
    tw_node *y = tw_build_node(&(tw_build){ .op = b->y->op, .at = at, .attr = &attr, .shape = &s, .n = 2, .in = in });
    return tw_is_nil(y) ? y : out_of_channels(at, y, b->n);
}

/* More images are one batch of images. */
static tw_node *batch(const tw_batching *b)
{
    const tw_loc *at = b->at;
    if (b->many[1]) return batch_groups(b);
    tw_shape x = tw_shape_of(tw_in(b->y, 0)), y = tw_shape_of(b->y);
    x.at[0] *= b->n, y.at[0] *= b->n;
    tw_node *in[2] = { tw_reshape(b->in[0], x), b->in[1] };
    tw_node *all = tw_build_node(&(tw_build){ .op = b->y->op, .at = at, .attr = tw_attr(b->y), .shape = &y, .n = 2, .in = in });
    return tw_reshape(all, tw__batch_shape(b, tw_shape_of(b->y)));
}

/* For sparsity: the channels of each group are united, and each is given to as many as make `to`. */
static tw_node *channels(const tw_loc *at, tw_node *x, int64_t groups, int64_t to)
{
    tw_shape s = tw_shape_of(x), one, all;
    s.at[s.n] = s.at[s.n - 1] / groups, s.at[s.n - 1] = groups, s.n++;
    one = all = s;
    one.at[s.n - 1] = 1, all.at[s.n - 1] = to / groups;
    tw_node *y = tw_broadcast_to(tw_reshape(tw_sum(tw_reshape(x, s), .axes = TW_AXES(-1)), one), all);
    all.at[s.n - 2] = to, all.n--;
    return tw_reshape(y, all);
}

static void taps_of(const tw_dims *w, int32_t taps[3])
{
    for (int k = 0; k < 3; k++) taps[k] = (int32_t)tw__taps_at(w, k);
}

/* All weights of an output channel of y; or of all of them. */
static tw_node *weights(tw_node *y, tw_node *w, bool by_channel)
{
    TW_RULE;
    tw_axes axes = { .n = w->shape->n - by_channel };
    for (int i = 0; i < axes.n; i++) axes.at[i] = i;
    return tw_broadcast_to(tw_sum(w, .axes = axes), tw_shape_of(y));
}

static tw_node *depends(tw_node *y, tw_node *const *in)
{
    TW_RULE;
    int32_t taps[3];
    taps_of(tw_in(y, 1)->shape, taps);
    tw_node *w = in[1] ? weights(y, in[1], true) : NULL;
    if (!in[0]) return w;
    tw_node *x = channels(at, tw__windows_summed(at, in[0], &attr_of(y)->at, taps), attr_of(y)->groups, y->shape->at[y->shape->n - 1]);
    return w ? tw_add(x, w) : x;
}

const tw_op tw_op_conv = {
    TW_WORD(conv),
    .arity     = 2,
    .attr_size = sizeof(tw_conv_attr),
    .traits    = TW_ATTRS,
    .rule      = TW_BILINEAR,
    .shape     = shape,
    .d         = d,
    .batch     = batch,
    .depends   = depends,
    .kernel_id = TW_K_conv,
    .work      = work,
    .cost      = cost,
    .scratch   = scratch,
    .label     = label,
};

/* ---- conv_x: x from y and w ---------------------------------------------------------------- */

static bool shape_x(tw_node *gx)
{
    return floats(gx) && fits(gx, gx->shape, tw_in(gx, 1)->shape, tw_in(gx, 0)->shape);
}

static tw_node *d_x(tw_node *gx, int i, tw_node *g)
{
    tw_node *y = tw_in(gx, 0), *w = tw_in(gx, 1);
    return i == 0 ? build(&tw_op_conv, gx, g, w, y) : build(&tw_op_conv_w, gx, g, y, w);
}

static double cost_x(const tw_node *gx) { return costs(tw_in(gx, 1)->shape, tw_in(gx, 0)->shape, gx->dtype); }

static int64_t work_x(const tw_node *gx)
{
    return tw__conv_x_work(gx->shape, tw_in(gx, 1)->shape, tw_in(gx, 0)->shape, attr_of(gx));
}

static size_t scratch_x(const tw_node *gx)
{
    return tw__conv_x_scratch(gx->shape, tw_in(gx, 1)->shape, tw_in(gx, 0)->shape, attr_of(gx), (tw_dtype)gx->dtype);
}

static tw_node *depends_x(tw_node *gx, tw_node *const *in)
{
    const tw_loc *at = gx->at;
    int32_t taps[3];
    taps_of(tw_in(gx, 1)->shape, taps);
    tw_node *w = in[1] ? weights(gx, in[1], false) : NULL;
    if (!in[0]) return w;
    tw_node *y = channels(at, in[0], attr_of(gx)->groups, gx->shape->at[gx->shape->n - 1]);
    y = tw__windows_spread(at, y, &attr_of(gx)->at, taps, tw_shape_of(gx));
    return w ? tw_add(y, w) : y;
}

const tw_op tw_op_conv_x = {
    TW_WORD(conv_x),
    .arity     = 2,
    .attr_size = sizeof(tw_conv_attr),
    .traits    = TW_ATTRS,
    .rule      = TW_BILINEAR,
    .shape     = shape_x,
    .d         = d_x,
    .batch     = batch,
    .depends   = depends_x,
    .kernel_id = TW_K_conv_x,
    .work      = work_x,
    .cost      = cost_x,
    .scratch   = scratch_x,
    .label     = label,
};

/* ---- conv_w: w from x and y ------------------------------------------------------------------ */

static bool shape_w(tw_node *gw)
{
    return floats(gw) && fits(gw, tw_in(gw, 0)->shape, gw->shape, tw_in(gw, 1)->shape);
}

static tw_node *d_w(tw_node *gw, int i, tw_node *g)
{
    tw_node *x = tw_in(gw, 0), *y = tw_in(gw, 1);
    return i == 0 ? build(&tw_op_conv_x, gw, y, g, x) : build(&tw_op_conv, gw, x, g, y);
}

static double cost_w(const tw_node *gw) { return costs(gw->shape, tw_in(gw, 1)->shape, gw->dtype); }

static int64_t work_w(const tw_node *gw)
{
    return tw__conv_w_work(tw_in(gw, 0)->shape, gw->shape, tw_in(gw, 1)->shape, attr_of(gw));
}

static size_t scratch_w(const tw_node *gw)
{
    return tw__conv_w_scratch(tw_in(gw, 0)->shape, gw->shape, tw_in(gw, 1)->shape, attr_of(gw), (tw_dtype)gw->dtype);
}

const tw_op tw_op_conv_w = {
    TW_WORD(conv_w),
    .arity     = 2,
    .attr_size = sizeof(tw_conv_attr),
    .traits    = TW_ATTRS,
    .rule      = TW_BILINEAR,
    .shape     = shape_w,
    .d         = d_w,
    .batch     = batch_groups,
    .kernel_id = TW_K_conv_w,
    .work      = work_w,
    .cost      = cost_w,
    .scratch   = scratch_w,
    .label     = label,
};

/* ---- builders --------------------------------------------------------------------------------- */

/* What is wrong with x, w, and the channels that w takes of x, as an error with the numbers; true if nothing is. */
static bool agree(const tw_loc *at, const char *op, int axes, tw_node *x, const tw_node *w, int groups, bool transposed)
{
    static const char *const windows[] = { "[taps, ", "[height, width, ", "[depth, height, width, " };
    const tw_dims *b = w->shape;
    if (!tw__images(at, op, x, axes)) return false;
    if (b->n != axes + 2)
        return tw_fail(x->cx, TW_ESHAPE, op, at, "w has rank %d: %s%s] has %d", b->n, windows[axes - 1],
                       transposed ? "out / groups, channels" : "channels / groups, out", axes + 2), false;
    if (w->dtype != x->dtype)
        return tw_fail(x->cx, TW_EDTYPE, op, at, "x is %s and w %s: cast one", tw_dtype_name((tw_dtype)x->dtype),
                       tw_dtype_name((tw_dtype)w->dtype)), false;

    const long long c = x->shape->at[axes + 1], out = b->at[axes + 1], in = b->at[axes];
    if (groups < 1 || out % groups)
        return tw_fail(x->cx, TW_EARG, op, at, "%lld channels of w into %d groups", out, groups), false;
    if (c != (transposed ? out : in * groups))
        return tw_fail(x->cx, TW_ESHAPE, op, at, "x has %lld channels, w takes %lld in each of %d groups", c,
                       transposed ? out / groups : in, groups), false;
    for (int k = 0; k < axes; k++)
        if (b->at[k] < 1) {
            char text[96];
            return tw_fail(x->cx, TW_ESHAPE, op, at, "w is %s: no taps", tw_shape_text(b, text, sizeof text)), false;
        }
    return true;
}

/* x with .input_dilation - 1 zeros between its pixels; false after an error. */
static bool dilate(const tw_loc *at, const char *op, int axes, tw_node **x, const int v[3])
{
    int32_t by[3];
    if (!tw__triple(at, op, *x, "input_dilation", v, axes, 1, by)) return false;
    tw_shape s = tw_shape_of(*x);
    int32_t step[TW_MAX_RANK];
    for (int i = 0; i < TW_MAX_RANK; i++) step[i] = i >= 1 && i <= axes ? by[2 - axes + i] : 1;
    for (int i = 1; i <= axes; i++) s.at[i] = s.at[i] ? (s.at[i] - 1) * step[i] + 1 : 0;
    *x = tw__pad(at, *x, (int64_t[TW_MAX_RANK]){ 0 }, step, 0, &s);
    return true;
}

/* Several results from each of the channels that are groups of their own: the same as from as many copies of the channel,
 * each a group with one result, of which the kernels make the most. */
static void spread_groups(const tw_loc *at, int axes, tw_node **x, const tw_node *w, tw_conv_attr *t)
{
    const int64_t each = w->shape->at[axes + 1] / t->groups;
    if (w->shape->at[axes] != 1 || t->groups < 2 || each < 2) return;
    *x = tw_repeat_at(at, *x, each, &(tw_axis_args){ .axis = -1 });
    t->groups *= (int)each;
}

static tw_node *convolve(const tw_loc *at, const char *op, int axes, tw_node *x, tw_node *w, const tw_conv_args *o)
{
    TW_OPTIONS(tw_conv_args, o);
    tw_node *in[2] = { x, w };
    if (!tw__operands(at, op, 2, in)) return in[0];

    tw_conv_attr t = { .groups = o->groups ? o->groups : 1 };
    if (!agree(at, op, axes, in[0], in[1], t.groups, false) ||
        !tw__triple(at, op, in[0], "stride", o->stride, axes, 1, t.at.stride) ||
        !tw__triple(at, op, in[0], "dilation", o->dilation, axes, 1, t.at.dilation) ||
        !dilate(at, op, axes, &in[0], o->input_dilation)) return tw_nil(in[0]->cx);

    int64_t pixels[3], extent[3];
    tw__pixels(in[0]->shape, pixels);
    extents(&t.at, in[1]->shape, extent);
    if (!tw__padding(at, op, in[0], o->padding, axes, pixels, extent, &t.at) ||
        !tw__windows_fit(at, op, in[0], axes, pixels, extent, &t.at)) return tw_nil(in[0]->cx);
    spread_groups(at, axes, &in[0], in[1], &t);
    return tw_build_node(&(tw_build){ .op = &tw_op_conv, .at = at, .attr = &t, .n = 2, .in = in });
}

/* The size of the image whose convolution has x's: (pixels - 1) * stride + extent - padding + output padding;
 * with TW_SAME pixels * stride, which decides the padding. False after an error. */
static bool enlarge(const tw_loc *at, const char *op, int axes, tw_node *x, const tw_conv_transpose_args *o,
                    const int64_t extent[3], tw_window *t, tw_shape *s)
{
    int64_t from[3], to[3] = { 1, 1, 1 };
    tw__pixels(x->shape, from);
    for (int k = 3 - axes; k < 3; k++) to[k] = from[k] * t->stride[k];
    if (!tw__padding(at, op, x, o->padding, axes, to, extent, t)) return false;
    for (int k = 3 - axes, i = 0; k < 3; k++, i++) {
        const int64_t more = o->output_padding[i];
        if (more < 0 || more >= t->stride[k])
            return tw_fail(x->cx, TW_EARG, op, at, ".output_padding %lld along axis %d: from 0 to below the stride, %d",
                           (long long)more, 1 + i, t->stride[k]), false;
        if (o->padding.n != -1) to[k] = (from[k] - 1) * t->stride[k] + extent[k] - t->before[k] - t->after[k] + more;
        else if (more)
            return tw_fail(x->cx, TW_EARG, op, at, ".output_padding %lld along axis %d, and TW_SAME decides the size",
                           (long long)more, 1 + i), false;
        if (from[k] == 0) to[k] = 0;
        if (to[k] < 1)
            return tw_fail(x->cx, TW_ESHAPE, op, at, "no pixel of axis %d, of size %lld, is left by padding %d, %d", 1 + i,
                           (long long)from[k], t->before[k], t->after[k]), false;
        s->at[1 + i] = to[k];
    }
    return true;
}

static tw_node *transpose(const tw_loc *at, const char *op, int axes, tw_node *x, tw_node *w, const tw_conv_transpose_args *o)
{
    TW_OPTIONS(tw_conv_transpose_args, o);
    tw_node *in[2] = { x, w };
    if (!tw__operands(at, op, 2, in)) return in[0];
    x = in[0], w = in[1];

    tw_conv_attr t = { .groups = o->groups ? o->groups : 1 };
    if (!agree(at, op, axes, x, w, t.groups, true) ||
        !tw__triple(at, op, x, "stride", o->stride, axes, 1, t.at.stride) ||
        !tw__triple(at, op, x, "dilation", o->dilation, axes, 1, t.at.dilation)) return tw_nil(x->cx);

    int64_t extent[3];
    extents(&t.at, w->shape, extent);
    tw_shape s = { .n = axes + 2, .at = { x->shape->at[0] } };
    s.at[axes + 1] = w->shape->at[axes] * t.groups;
    if (!enlarge(at, op, axes, x, o, extent, &t.at, &s)) return tw_nil(x->cx);
    return tw_build_node(&(tw_build){ .op = &tw_op_conv_x, .at = at, .attr = &t, .shape = &s, .n = 2, .in = in });
}

#define CONV(n) \
    tw_node *tw_conv##n##d_at(const tw_loc *at, tw_node *x, tw_node *w, const tw_conv_args *o) \
    { \
        return convolve(at, "conv" #n "d", n, x, w, o); \
    } \
    tw_node *tw_conv_transpose##n##d_at(const tw_loc *at, tw_node *x, tw_node *w, const tw_conv_transpose_args *o) \
    { \
        return transpose(at, "conv_transpose" #n "d", n, x, w, o); \
    }
CONV(1)
CONV(2)
CONV(3)
