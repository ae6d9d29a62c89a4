/* unfold.c - the windows of images as axes of their own, and the sum of windows where they came from.
 *
 *     window:      y[n, p, k, c] = x[n, p s + k d, c]            x [n, spatial, c], y [n, places, window, c]
 *     window_add:  x[n, q, c] = the sum of y[n, p, k, c] over p s + k d = q
 *
 * Each is the other's transpose. Windows are a view: no element is copied. Padding is zeros around x
 * before, and cut off after.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/scratch.h"

static const tw_pool_attr *attr_of(const tw_node *y) { return tw_attr(y); }

/* The shape of the windows of x. */
static tw_shape windows(const tw_dims *x, const tw_pool_attr *t)
{
    const int axes = x->n - 2;
    tw_shape s = { .n = 2 * axes + 2, .at = { x->at[0] } };
    for (int i = 0, k = 3 - axes; i < axes; i++, k++) {
        const int64_t extent = (int64_t)(t->window[k] - 1) * t->at.dilation[k] + 1;
        s.at[1 + i] = tw__windows(x->at[1 + i], 0, 0, extent, t->at.stride[k]);
        s.at[1 + axes + i] = t->window[k];
    }
    s.at[1 + 2 * axes] = x->at[1 + axes];
    return s;
}

static void label(const tw_node *y, char *text, size_t size)
{
    const int used = tw__triple_label("window", attr_of(y)->window, 3, text, size);
    if (used >= 0 && (size_t)used < size)
        tw__triple_label(", stride", attr_of(y)->at.stride, 3, text + used, size - (size_t)used);
}

static bool shape(tw_node *y)
{
    const tw_shape s = windows(tw_in(y, 0)->shape, attr_of(y));
    return tw_set_shape(y, &s);
}

static bool shape_add(tw_node *x)
{
    const tw_shape s = windows(x->shape, attr_of(x));
    char tx[96], ty[96];
    if (!tw__shape_float(x)) return false;
    return tw__same_shape(tw_in(x, 0)->shape, &s) ||
           tw_reject(x, TW_ESHAPE, "%s are not the windows of %s", tw_shape_text(tw_in(x, 0)->shape, ty, sizeof ty),
                     tw_shape_text(x->shape, tx, sizeof tx));
}

static bool view(const tw_node *y, const tw_layout *x, tw_layout *out)
{
    const tw_pool_attr *t = attr_of(y);
    const int axes = y->shape->n / 2 - 1;
    *out = (tw_layout){ .offset = x->offset, .strides = { x->strides[0] } };
    for (int i = 0, k = 3 - axes; i < axes; i++, k++) {
        out->strides[1 + i] = x->strides[1 + i] * t->at.stride[k];
        out->strides[1 + axes + i] = x->strides[1 + i] * t->at.dilation[k];
    }
    out->strides[1 + 2 * axes] = x->strides[1 + axes];
    return true;
}

static tw_node *build(const tw_op *op, const tw_loc *at, const tw_pool_attr *t, tw_node *x, const tw_shape *s)
{
    return tw_build_node(&(tw_build){ .op = op, .at = at, .attr = t, .shape = s, .n = 1, .in = &x });
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    const tw_shape s = tw_shape_of(tw_in(y, i));
    return build(&tw_op_window_add, y->at, attr_of(y), g, &s);
}

static tw_node *d_add(tw_node *x, int i, tw_node *g)
{
    (void)i;
    return build(&tw_op_window, x->at, attr_of(x), g, NULL);
}

static int64_t work_add(const tw_node *x) { return tw__pool_x_work(x->shape); }

const tw_op tw_op_window = {
    TW_WORD(window),
    .arity     = 1,
    .traits    = TW_MOVES | TW_ATTRS,
    .attr_size = sizeof(tw_pool_attr),
    .rule      = TW_LINEAR,
    .shape     = shape,
    .d         = d,
    .batch     = tw__batch_images,
    .view      = view,
    .label     = label,
};

const tw_op tw_op_window_add = {
    TW_WORD(window_add),
    .arity     = 1,
    .traits    = TW_SUMS | TW_ATTRS,
    .attr_size = sizeof(tw_pool_attr),
    .rule      = TW_LINEAR,
    .shape     = shape_add,
    .d         = d_add,
    .batch     = tw__batch_images,
    .kernel_id = TW_K_window_add,
    .work      = work_add,
    .label     = label,
};

/* ---- builders --------------------------------------------------------------------------------- */

/* Options for images of that many pixels; the padded size of them in s. False after an error. */
static bool resolve(const tw_loc *at, const char *op, tw_node *x, int axes, const int64_t in[3], const tw_window_args *o,
                    tw_pool_attr *t, tw_shape *s)
{
    int64_t extent[3];
    *t = (tw_pool_attr){ 0 };
    if (!tw__triple(at, op, x, "window", o->window, axes, 0, t->window) ||
        !tw__triple(at, op, x, "stride", o->stride, axes, 1, t->at.stride) ||
        !tw__triple(at, op, x, "dilation", o->dilation, axes, 1, t->at.dilation)) return false;
    for (int k = 0; k < 3; k++) extent[k] = (int64_t)(t->window[k] - 1) * t->at.dilation[k] + 1;
    if (!tw__padding(at, op, x, o->padding, axes, in, extent, &t->at) ||
        !tw__windows_fit(at, op, x, axes, in, extent, &t->at)) return false;
    for (int i = 0, k = 3 - axes; i < axes; i++, k++) s->at[1 + i] += (int64_t)t->at.before[k] + t->at.after[k];
    return true;
}

/* Where the image begins in the padded one, by axes of x; t's own padding is done with. */
static void margin(tw_pool_attr *t, int axes, int64_t before[TW_MAX_RANK])
{
    for (int i = 0; i < TW_MAX_RANK; i++) before[i] = i >= 1 && i <= axes ? t->at.before[2 - axes + i] : 0;
    for (int k = 0; k < 3; k++) t->at.before[k] = t->at.after[k] = 0;
}

tw_node *tw_window_at(const tw_loc *at, tw_node *x, const tw_window_args *o)
{
    TW_OPTIONS(tw_window_args, o);
    if (!tw__operand(at, "window", 0, &x)) return x;
    const int axes = x->shape->n - 2;
    if (axes < 1 || axes > 3)
        return tw_fail(x->cx, TW_ESHAPE, "window", at, "x has rank %d: [n, 1 to 3 spatial axes, c] has 3 to 5", x->shape->n);

    tw_pool_attr t;
    int64_t in[3], before[TW_MAX_RANK];
    tw_shape s = tw_shape_of(x);
    tw__pixels(x->shape, in);
    if (!resolve(at, "window", x, axes, in, o, &t, &s)) return tw_nil(x->cx);
    margin(&t, axes, before);
    return build(&tw_op_window, at, &t, tw__pad(at, x, before, NULL, 0, &s), NULL);
}

tw_node *tw_window_add_at(const tw_loc *at, tw_node *y, tw_shape shape, const tw_window_args *o)
{
    TW_OPTIONS(tw_window_args, o);
    if (!tw__operand(at, "window_add", 0, &y)) return y;
    const int axes = shape.n - 2;
    if (axes < 1 || axes > 3 || y->shape->n != 2 * axes + 2)
        return tw_fail(y->cx, TW_ESHAPE, "window_add", at, "rank %d from windows of rank %d: axes + 2 from 2 axes + 2", shape.n, y->shape->n);

    tw_pool_attr t;
    int64_t in[3] = { 1, 1, 1 }, before[TW_MAX_RANK];
    for (int i = 0; i < axes; i++) in[3 - axes + i] = shape.at[1 + i];
    tw_shape s = shape;
    if (!resolve(at, "window_add", y, axes, in, o, &t, &s)) return tw_nil(y->cx);
    margin(&t, axes, before);
    tw_node *x = build(&tw_op_window_add, at, &t, y, &s);
    return tw_is_nil(x) || tw__same_shape(x->shape, &shape) ? x : tw__slice(at, x, before, NULL, &shape);
}

/* ---- sparsity: windows without their weights --------------------------------------------------- */

static tw_window_args options_of(const tw_window *t, const int32_t taps[3], int axes)
{
    tw_window_args o = { ._size = (int)sizeof o, .padding.n = 2 * axes };
    for (int i = 0, k = 3 - axes; i < axes; i++, k++) {
        o.window[i] = taps[k], o.stride[i] = t->stride[k], o.dilation[i] = t->dilation[k];
        o.padding.at[2 * i] = t->before[k], o.padding.at[2 * i + 1] = t->after[k];
    }
    return o;
}

tw_node *tw__windows_summed(const tw_loc *at, tw_node *x, const tw_window *t, const int32_t taps[3])
{
    const int axes = x->shape->n - 2;
    const tw_window_args o = options_of(t, taps, axes);
    tw_axes over = { .n = axes };
    for (int i = 0; i < axes; i++) over.at[i] = 1 + axes + i;
    return tw_sum(tw_window_at(at, x, &o), .axes = over);
}

tw_node *tw__windows_spread(const tw_loc *at, tw_node *y, const tw_window *t, const int32_t taps[3], tw_shape x)
{
    const int axes = x.n - 2;
    const tw_window_args o = options_of(t, taps, axes);
    tw_shape one = { .n = 2 * axes + 2 }, all;
    for (int i = 0; i <= axes; i++) one.at[i] = y->shape->at[i];
    for (int i = 0; i < axes; i++) one.at[1 + axes + i] = 1;
    one.at[one.n - 1] = y->shape->at[axes + 1];
    all = one;
    for (int i = 0; i < axes; i++) all.at[1 + axes + i] = taps[3 - axes + i];
    return tw_window_add_at(at, tw_broadcast_to(tw_reshape(y, one), all), x, &o);
}
