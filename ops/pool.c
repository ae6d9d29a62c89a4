/* pool.c - maximum, sum and mean over windows along one to three spatial axes, channels last.
 *
 * The maximum of a window hands its g to the elements that equal it, in even shares (the mean over
 * the ties, the other way round), so with y = max_pool(x):
 *     dx = max_pool_x(x, y, g)      and its transpose      dy = max_pool_y(x, y, t)
 * Both are linear in their last input, piecewise constant in x and y, and each is the other's
 * derivative. Padding never wins. The sum is linear, with sum_pool_x as its transpose. The mean
 * divides it by the size of the window, or by how much of it is no padding: the sum over ones.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/scratch.h"

static const tw_pool_attr *attr_of(const tw_node *y) { return tw_attr(y); }

static tw_node *build(const tw_op *op, const tw_node *like, int n, tw_node *const *in, const tw_node *shape)
{
    const tw_shape s = tw_shape_of(shape);
    return tw_build_node(&(tw_build){ .op = op, .at = like->at, .attr = attr_of(like), .shape = &s, .n = n, .in = in });
}

static void label(const tw_node *y, char *text, size_t size)
{
    const int axes = y->shape->n - 2, used = tw__triple_label("window", attr_of(y)->window, axes, text, size);
    if (used >= 0 && (size_t)used < size)
        tw__triple_label(", stride", attr_of(y)->at.stride, axes, text + used, size - (size_t)used);
}

/* ---- shapes ----------------------------------------------------------------------------------- */

static void extents(const tw_pool_attr *t, int64_t out[3])
{
    for (int k = 0; k < 3; k++) out[k] = (int64_t)(t->window[k] - 1) * t->at.dilation[k] + 1;
}

static tw_shape pooled(const tw_dims *x, const tw_pool_attr *t)
{
    int64_t in[3], extent[3];
    tw__pixels(x, in);
    extents(t, extent);
    tw_shape s = { .n = x->n, .at = { x->at[0] } };
    for (int i = 1, k = 5 - s.n; k < 3; i++, k++)
        s.at[i] = tw__windows(in[k], t->at.before[k], t->at.after[k], extent[k], t->at.stride[k]);
    s.at[s.n - 1] = x->at[s.n - 1];
    return s;
}

static bool image(tw_node *y, const tw_dims *x)
{
    return (x->n >= 3 && x->n <= 5) || tw_reject(y, TW_ESHAPE, "x has rank %d: 3 to 5 needed", x->n);
}

static bool shape_y(tw_node *y)
{
    const tw_dims *x = tw_in(y, 0)->shape;
    if (!tw__shape_float(y) || !image(y, x)) return false;
    const tw_shape s = pooled(x, attr_of(y));
    return tw_set_shape(y, &s);
}

/* Whether y can be what pooling x gives. */
static bool fits(tw_node *node, const tw_dims *x, const tw_dims *y)
{
    if (!tw__shape_float(node) || !image(node, x)) return false;
    const tw_shape s = pooled(x, attr_of(node));
    if (tw__same_shape(y, &s)) return true;
    char tx[96], ty[96];
    return tw_reject(node, TW_ESHAPE, "%s does not pool to %s", tw_shape_text(x, tx, sizeof tx),
                     tw_shape_text(y, ty, sizeof ty));
}

static bool shape_max_x(tw_node *gx)
{
    return fits(gx, gx->shape, tw_in(gx, 2)->shape);
}

static bool shape_max_y(tw_node *ty)
{
    return fits(ty, tw_in(ty, 2)->shape, ty->shape);
}

static bool shape_sum_x(tw_node *gx)
{
    return fits(gx, gx->shape, tw_in(gx, 0)->shape);
}

/* ---- derivatives ------------------------------------------------------------------------------ */

static void vjp_max(tw_rule *r)
{
    tw_node *x = tw_in(r->y, 0);
    r->gx[0] = build(&tw_op_max_pool_x, r->y, 3, (tw_node *[]){ x, r->y, r->gy[0] }, x);
}

static void vjp_max_x(tw_rule *r)
{
    tw_node *x = tw_in(r->y, 0), *y = tw_in(r->y, 1);
    r->gx[0] = r->gx[1] = NULL;
    if (r->need[2]) r->gx[2] = build(&tw_op_max_pool_y, r->y, 3, (tw_node *[]){ x, y, r->gy[0] }, y);
}

static void vjp_max_y(tw_rule *r)
{
    tw_node *x = tw_in(r->y, 0), *y = tw_in(r->y, 1);
    r->gx[0] = r->gx[1] = NULL;
    if (r->need[2]) r->gx[2] = build(&tw_op_max_pool_x, r->y, 3, (tw_node *[]){ x, y, r->gy[0] }, x);
}

static tw_node *d_sum(tw_node *y, int i, tw_node *g)
{
    return build(&tw_op_sum_pool_x, y, 1, &g, tw_in(y, i));
}

static tw_node *d_sum_x(tw_node *gx, int i, tw_node *g)
{
    return build(&tw_op_sum_pool, gx, 1, &g, tw_in(gx, i));
}

/* ---- sparsity: of max_pool_x and max_pool_y through their last input alone ---------------------- */

static tw_node *depends(tw_node *y, tw_node *const *in)
{
    tw_node *x = in[y->n_in - 1];
    return x ? tw__windows_summed(y->at, x, &attr_of(y)->at, attr_of(y)->window) : tw_constant_like(y->at, y, 0);
}

static tw_node *depends_x(tw_node *gx, tw_node *const *in)
{
    tw_node *y = in[gx->n_in - 1];
    return y ? tw__windows_spread(gx->at, y, &attr_of(gx)->at, attr_of(gx)->window, tw_shape_of(gx)) : tw_constant_like(gx->at, gx, 0);
}

/* ---- descriptors ------------------------------------------------------------------------------ */

static int64_t work_y(const tw_node *y) { return tw__pool_work(y->shape); }
static int64_t work_x(const tw_node *x) { return tw__pool_x_work(x->shape); }

const tw_op tw_op_max_pool = {
    TW_WORD(max_pool),
    .arity     = 1,
    .attr_size = sizeof(tw_pool_attr),
    .traits    = TW_ATTRS,
    .rule      = TW_GENERAL,
    .shape     = shape_y,
    .vjp       = vjp_max,
    .batch     = tw__batch_images,
    .depends   = depends,
    .kernel_id = TW_K_max_pool,
    .work      = work_y,
    .label     = label,
};

const tw_op tw_op_max_pool_x = {
    TW_WORD(max_pool_x),
    .arity     = 3,
    .attr_size = sizeof(tw_pool_attr),
    .traits    = TW_ATTRS,
    .rule      = TW_GENERAL,
    .shape     = shape_max_x,
    .vjp       = vjp_max_x,
    .batch     = tw__batch_images,
    .depends   = depends_x,
    .kernel_id = TW_K_max_pool_x,
    .work      = work_x,
    .label     = label,
};

const tw_op tw_op_max_pool_y = {
    TW_WORD(max_pool_y),
    .arity     = 3,
    .attr_size = sizeof(tw_pool_attr),
    .traits    = TW_ATTRS,
    .rule      = TW_GENERAL,
    .shape     = shape_max_y,
    .vjp       = vjp_max_y,
    .batch     = tw__batch_images,
    .depends   = depends,
    .kernel_id = TW_K_max_pool_y,
    .work      = work_y,
    .label     = label,
};

const tw_op tw_op_sum_pool = {
    TW_WORD(sum_pool),
    .arity     = 1,
    .attr_size = sizeof(tw_pool_attr),
    .traits    = TW_ATTRS,
    .rule      = TW_LINEAR,
    .shape     = shape_y,
    .d         = d_sum,
    .batch     = tw__batch_images,
    .depends   = depends,
    .kernel_id = TW_K_sum_pool,
    .work      = work_y,
    .label     = label,
};

const tw_op tw_op_sum_pool_x = {
    TW_WORD(sum_pool_x),
    .arity     = 1,
    .attr_size = sizeof(tw_pool_attr),
    .traits    = TW_ATTRS,
    .rule      = TW_LINEAR,
    .shape     = shape_sum_x,
    .d         = d_sum_x,
    .batch     = tw__batch_images,
    .depends   = depends_x,
    .kernel_id = TW_K_sum_pool_x,
    .work      = work_x,
    .label     = label,
};

/* ---- builders --------------------------------------------------------------------------------- */

/* Makes room for a last window that begins inside of x or before it, and ends beyond: by how much. */
static int32_t room(int64_t in, int64_t extent, const tw_window *t, int k)
{
    const int64_t spare = in + t->before[k] + t->after[k] - extent;
    const int64_t more = (t->stride[k] - spare % t->stride[k]) % t->stride[k];
    return spare + more < in + t->before[k] ? (int32_t)more : 0;
}

/* Whether each window along axis k has a tap inside of x: the maximum of nothing is no number. */
static bool touches(const tw_pool_attr *t, int k, int64_t in, int64_t windows)
{
    const tw_window *at = &t->at;
    if (at->dilation[k] == 1)       /* no gaps: the first and the last one decide */
        return t->window[k] > at->before[k] && (windows - 1) * at->stride[k] - at->before[k] < in && in > 0;
    for (int64_t i = 0; i < windows; i++) {
        int64_t place = i * at->stride[k] - at->before[k], taps = t->window[k];
        while (taps > 0 && place < 0) place += at->dilation[k], taps--;
        if (taps == 0 || place >= in) return false;
    }
    return true;
}

/* Options resolved; more: what .ceil_mode added to the padding after x. False after an error. */
static bool resolve(const tw_loc *at, const char *op, int axes, tw_node *x, const tw_pool_args *o, tw_pool_attr *t,
                    int32_t more[3])
{
    *t = (tw_pool_attr){ 0 };
    if (!tw__images(at, op, x, axes)) return false;
    const int *stride = o->stride[0] ? o->stride : o->window;
    if (!tw__triple(at, op, x, "window", o->window, axes, 0, t->window) ||
        !tw__triple(at, op, x, "stride", stride, axes, 1, t->at.stride) ||
        !tw__triple(at, op, x, "dilation", o->dilation, axes, 1, t->at.dilation)) return false;

    int64_t in[3], extent[3];
    tw__pixels(x->shape, in);
    extents(t, extent);
    if (!tw__padding(at, op, x, o->padding, axes, in, extent, &t->at) ||
        !tw__windows_fit(at, op, x, axes, in, extent, &t->at)) return false;
    for (int k = 0; k < 3; k++) {
        more[k] = o->ceil_mode ? room(in[k], extent[k], &t->at, k) : 0;
        t->at.after[k] += more[k];
    }
    for (int k = 3 - axes; k < 3; k++)
        if (!touches(t, k, in[k], tw__windows(in[k], t->at.before[k], t->at.after[k], extent[k], t->at.stride[k])))
            return tw_fail(x->cx, TW_EARG, op, at, "padding %d, %d along axis %d of size %lld: a window of %d has nothing else",
                           t->at.before[k], t->at.after[k], k - 2 + axes, (long long)in[k], t->window[k]), false;
    return true;
}

static tw_node *pool(const tw_loc *at, const tw_op *op, const char *name, int axes, tw_node *x, const tw_pool_args *o)
{
    TW_OPTIONS(tw_pool_args, o);
    tw_pool_attr t;
    int32_t more[3];
    if (!tw__operand(at, name, 0, &x)) return x;
    if (!resolve(at, name, axes, x, o, &t, more)) return tw_nil(x->cx);
    return tw_build_node(&(tw_build){ .op = op, .at = at, .attr = &t, .n = 1, .in = &x });
}

/* How many elements of each window count: of x alone, or of the padding too, but never of what .ceil_mode added. */
static tw_node *counts(const tw_loc *at, const tw_node *x, bool exclude_padding, tw_pool_attr t, const int32_t more[3])
{
    tw_shape s = tw_shape_of(x);
    s.at[0] = s.at[s.n - 1] = 1;
    for (int i = 1, k = 5 - s.n; k < 3 && !exclude_padding; i++, k++) {
        s.at[i] += t.at.before[k] + t.at.after[k] - more[k];
        t.at.before[k] = 0, t.at.after[k] = more[k];
    }
    tw_node *ones = tw_constant(at, x->cx, (tw_dtype)x->dtype, &s, 1);
    return tw_build_node(&(tw_build){ .op = &tw_op_sum_pool, .at = at, .attr = &t, .n = 1, .in = &ones });
}

static tw_node *mean(const tw_loc *at, const char *name, int axes, tw_node *x, const tw_pool_args *o)
{
    TW_OPTIONS(tw_pool_args, o);
    tw_pool_attr t;
    int32_t more[3];
    if (!tw__operand(at, name, 0, &x)) return x;
    if (!resolve(at, name, axes, x, o, &t, more)) return tw_nil(x->cx);
    tw_node *sum = tw_build_node(&(tw_build){ .op = &tw_op_sum_pool, .at = at, .attr = &t, .n = 1, .in = &x });

    bool padded = false, enlarged = false;
    for (int k = 0; k < 3; k++) padded |= t.at.before[k] || t.at.after[k], enlarged |= more[k];
    if (enlarged || (padded && o->exclude_padding)) return tw_div(sum, counts(at, x, o->exclude_padding, t, more));
    return tw_mul(sum, 1.0 / ((double)t.window[0] * t.window[1] * t.window[2]));
}

#define POOL(n) \
    tw_node *tw_max_pool##n##d_at(const tw_loc *at, tw_node *x, const tw_pool_args *o) \
    { \
        return pool(at, &tw_op_max_pool, "max_pool" #n "d", n, x, o); \
    } \
    tw_node *tw_sum_pool##n##d_at(const tw_loc *at, tw_node *x, const tw_pool_args *o) \
    { \
        return pool(at, &tw_op_sum_pool, "sum_pool" #n "d", n, x, o); \
    } \
    tw_node *tw_avg_pool##n##d_at(const tw_loc *at, tw_node *x, const tw_pool_args *o) \
    { \
        return mean(at, "avg_pool" #n "d", n, x, o); \
    }
POOL(1)
POOL(2)
POOL(3)
