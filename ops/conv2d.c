/* conv2d.c - cross-correlation of images, channels last, and its two derivatives.
 *
 * All three are faces of one trilinear form,
 *     T(x, w, y) = sum x[n, p s + k d - b, c] w[k, c, o] y[n, p, o]
 * over images n, output pixels p, window pixels k, channels c and o (of one group), with stride s,
 * dilation d and padding b:
 *     conv2d(x, w) = dT/dy      conv2d_x(y, w) = dT/dx      conv2d_w(x, y) = dT/dw
 * Each is bilinear, and its derivatives are the other two: the family is closed to any order.
 * conv2d_x and conv2d_w get their shape as a request, since rounding down in p forgets it.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/scratch.h"

static const tw_conv_attr *attr_of(const tw_node *y) { return tw_attr(y); }

/* ---- the three roles, wherever they stand ---------------------------------------------------- */

/* Output pixels along axis 1 + k. */
static int64_t outputs(const tw_conv_attr *t, int k, const tw_dims *x, const tw_dims *w)
{
    const int64_t extent = (w->at[k] - 1) * t->dilation[k] + 1;
    return tw__windows(x->at[1 + k], t->before[k], t->after[k], extent, t->stride[k]);
}

static bool fits(tw_node *node, const tw_dims *x, const tw_dims *w, const tw_dims *y)
{
    const tw_conv_attr *t = attr_of(node);
    bool ok = x->n == 4 && w->n == 4 && y->n == 4 && x->at[0] == y->at[0] && w->at[3] == y->at[3]
           && x->at[3] == w->at[2] * t->groups && w->at[3] % t->groups == 0;
    for (int k = 0; k < 2 && ok; k++) ok = y->at[1 + k] == outputs(t, k, x, w);

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
    const int used = snprintf(text, size, "stride %d %d, padding %d %d %d %d", t->stride[0], t->stride[1],
                              t->before[0], t->after[0], t->before[1], t->after[1]);
    if (used > 0 && (size_t)used < size && (t->groups > 1 || t->dilation[0] > 1 || t->dilation[1] > 1))
        snprintf(text + used, size - (size_t)used, ", dilation %d %d, groups %d",
                 t->dilation[0], t->dilation[1], t->groups);
}

/* ---- conv2d: y from x and w ------------------------------------------------------------------ */

static bool shape(tw_node *y)
{
    const tw_conv_attr *t = attr_of(y);
    const tw_dims *x = tw_in(y, 0)->shape, *w = tw_in(y, 1)->shape;
    if (!floats(y)) return false;
    tw_shape s = { .n = 4, .at = { x->at[0], 0, 0, w->at[3] } };
    for (int k = 0; k < 2; k++) s.at[1 + k] = outputs(t, k, x, w);
    return tw_set_shape(y, &s) && fits(y, x, w, y->shape);
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    tw_node *x = tw_in(y, 0), *w = tw_in(y, 1);
    return i == 0 ? build(&tw_op_conv2d_x, y, g, w, x) : build(&tw_op_conv2d_w, y, x, g, w);
}

static int64_t work(const tw_node *y)
{
    return tw__conv2d_work(tw_in(y, 0)->shape, tw_in(y, 1)->shape, y->shape, attr_of(y));
}

static size_t scratch(const tw_node *y)
{
    return tw__conv2d_scratch(tw_in(y, 0)->shape, tw_in(y, 1)->shape, y->shape, attr_of(y), (tw_dtype)y->dtype);
}

const tw_op tw_op_conv2d = {
    TW_WORD(conv2d),
    .arity     = 2,
    .attr_size = sizeof(tw_conv_attr),
    .rule      = TW_BILINEAR,
    .shape     = shape,
    .d         = d,
    .kernel_id = TW_K_conv2d,
    .work      = work,
    .scratch   = scratch,
    .label     = label,
};

/* ---- conv2d_x: x from y and w ---------------------------------------------------------------- */

static bool shape_x(tw_node *gx)
{
    return floats(gx) && fits(gx, gx->shape, tw_in(gx, 1)->shape, tw_in(gx, 0)->shape);
}

static tw_node *d_x(tw_node *gx, int i, tw_node *g)
{
    tw_node *y = tw_in(gx, 0), *w = tw_in(gx, 1);
    return i == 0 ? build(&tw_op_conv2d, gx, g, w, y) : build(&tw_op_conv2d_w, gx, g, y, w);
}

static int64_t work_x(const tw_node *gx)
{
    return tw__conv2d_x_work(gx->shape, tw_in(gx, 1)->shape, tw_in(gx, 0)->shape, attr_of(gx));
}

static size_t scratch_x(const tw_node *gx)
{
    return tw__conv2d_x_scratch(gx->shape, tw_in(gx, 1)->shape, tw_in(gx, 0)->shape, attr_of(gx), (tw_dtype)gx->dtype);
}

const tw_op tw_op_conv2d_x = {
    TW_WORD(conv2d_x),
    .arity     = 2,
    .attr_size = sizeof(tw_conv_attr),
    .rule      = TW_BILINEAR,
    .shape     = shape_x,
    .d         = d_x,
    .kernel_id = TW_K_conv2d_x,
    .work      = work_x,
    .scratch   = scratch_x,
    .label     = label,
};

/* ---- conv2d_w: w from x and y ---------------------------------------------------------------- */

static bool shape_w(tw_node *gw)
{
    return floats(gw) && fits(gw, tw_in(gw, 0)->shape, gw->shape, tw_in(gw, 1)->shape);
}

static tw_node *d_w(tw_node *gw, int i, tw_node *g)
{
    tw_node *x = tw_in(gw, 0), *y = tw_in(gw, 1);
    return i == 0 ? build(&tw_op_conv2d_x, gw, y, g, x) : build(&tw_op_conv2d, gw, x, g, y);
}

static int64_t work_w(const tw_node *gw)
{
    return tw__conv2d_w_work(tw_in(gw, 0)->shape, gw->shape, tw_in(gw, 1)->shape, attr_of(gw));
}

static size_t scratch_w(const tw_node *gw)
{
    return tw__conv2d_w_scratch(tw_in(gw, 0)->shape, gw->shape, tw_in(gw, 1)->shape, attr_of(gw), (tw_dtype)gw->dtype);
}

const tw_op tw_op_conv2d_w = {
    TW_WORD(conv2d_w),
    .arity     = 2,
    .attr_size = sizeof(tw_conv_attr),
    .rule      = TW_BILINEAR,
    .shape     = shape_w,
    .d         = d_w,
    .kernel_id = TW_K_conv2d_w,
    .work      = work_w,
    .scratch   = scratch_w,
    .label     = label,
};

/* ---- the builder ------------------------------------------------------------------------------ */

/* What is wrong with ranks and channels, as an error with the numbers; NULL if nothing is. */
static tw_node *disagreement(const tw_loc *at, const tw_node *x, const tw_node *w, int groups)
{
    const tw_dims *a = x->shape, *b = w->shape;
    if (a->n != 4)
        return tw_fail(x->cx, TW_ESHAPE, "conv2d", at, "x has rank %d: [batch, height, width, channels] has 4", a->n);
    if (b->n != 4)
        return tw_fail(x->cx, TW_ESHAPE, "conv2d", at, "w has rank %d: [height, width, channels / groups, out] has 4", b->n);
    if (groups < 1 || b->at[3] % groups)
        return tw_fail(x->cx, TW_EARG, "conv2d", at, "%lld output channels into %d groups", (long long)b->at[3], groups);
    if (a->at[3] != b->at[2] * groups)
        return tw_fail(x->cx, TW_ESHAPE, "conv2d", at, "x has %lld channels, w takes %lld in each of %d groups",
                       (long long)a->at[3], (long long)b->at[2], groups);
    if (b->at[0] < 1 || b->at[1] < 1)
        return tw_fail(x->cx, TW_ESHAPE, "conv2d", at, "w is %lld by %lld pixels", (long long)b->at[0], (long long)b->at[1]);
    return NULL;
}

tw_node *tw_conv2d_at(const tw_loc *at, tw_node *x, tw_node *w, const tw_conv2d_args *o)
{
    TW_OPTIONS(tw_conv2d_args, o);
    tw_node *in[2] = { x, w };
    if (!tw__operands(at, "conv2d", 2, in)) return in[0];
    x = in[0], w = in[1];

    tw_conv_attr t = { .groups = o->groups ? o->groups : 1 };
    int64_t extent[2];
    tw_node *nil = disagreement(at, x, w, t.groups);
    if (nil) return nil;
    if (!tw__pair(at, "conv2d", x, "stride", o->stride, 1, t.stride) ||
        !tw__pair(at, "conv2d", x, "dilation", o->dilation, 1, t.dilation)) return tw_nil(x->cx);
    for (int k = 0; k < 2; k++) extent[k] = (w->shape->at[k] - 1) * t.dilation[k] + 1;
    if (!tw__padding(at, "conv2d", x, o->padding, extent, t.stride, t.before, t.after)) return tw_nil(x->cx);
    return tw_build_node(&(tw_build){ .op = &tw_op_conv2d, .at = at, .attr = &t, .n = 2, .in = in });
}
