/* pool2d.c - maximum, sum and mean over windows of images, channels last.
 *
 * The maximum of a window hands its g to the elements that equal it, in even shares (the mean over
 * the ties, the other way round), so with y = max_pool2d(x):
 *     dx = max_pool2d_x(x, y, g)      and its transpose      dy = max_pool2d_y(x, y, t)
 * Both are linear in their last input, piecewise constant in x and y, and each is the other's
 * derivative. Padding never wins. The sum is linear, with sum_pool2d_x as its transpose.
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
    const tw_pool_attr *t = attr_of(y);
    snprintf(text, size, "window %d %d, stride %d %d", t->window[0], t->window[1], t->stride[0], t->stride[1]);
}

/* ---- shapes ----------------------------------------------------------------------------------- */

static tw_shape pooled(const tw_dims *x, const tw_pool_attr *t)
{
    tw_shape s = { .n = 4, .at = { x->at[0], 0, 0, x->at[3] } };
    for (int k = 0; k < 2; k++)
        s.at[1 + k] = tw__windows(x->at[1 + k], t->before[k], t->after[k], t->window[k], t->stride[k]);
    return s;
}

static bool shape_y(tw_node *y)
{
    const tw_shape s = pooled(tw_in(y, 0)->shape, attr_of(y));
    return tw__shape_float(y) && tw_set_shape(y, &s);
}

/* Whether y can be what pooling x gives. */
static bool fits(tw_node *node, const tw_dims *x, const tw_dims *y)
{
    if (!tw__shape_float(node)) return false;
    const tw_shape s = pooled(x, attr_of(node));
    if (x->n == 4 && tw__same_shape(y, &s)) return true;
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
    r->gx[0] = build(&tw_op_max_pool2d_x, r->y, 3, (tw_node *[]){ x, r->y, r->gy[0] }, x);
}

static void vjp_max_x(tw_rule *r)
{
    tw_node *x = tw_in(r->y, 0), *y = tw_in(r->y, 1);
    r->gx[0] = r->gx[1] = NULL;
    if (r->need[2]) r->gx[2] = build(&tw_op_max_pool2d_y, r->y, 3, (tw_node *[]){ x, y, r->gy[0] }, y);
}

static void vjp_max_y(tw_rule *r)
{
    tw_node *x = tw_in(r->y, 0), *y = tw_in(r->y, 1);
    r->gx[0] = r->gx[1] = NULL;
    if (r->need[2]) r->gx[2] = build(&tw_op_max_pool2d_x, r->y, 3, (tw_node *[]){ x, y, r->gy[0] }, x);
}

static tw_node *d_sum(tw_node *y, int i, tw_node *g)
{
    return build(&tw_op_sum_pool2d_x, y, 1, &g, tw_in(y, i));
}

static tw_node *d_sum_x(tw_node *gx, int i, tw_node *g)
{
    return build(&tw_op_sum_pool2d, gx, 1, &g, tw_in(gx, i));
}

/* ---- descriptors ------------------------------------------------------------------------------ */

static int64_t work_y(const tw_node *y) { return tw__pool2d_work(y->shape); }
static int64_t work_x(const tw_node *x) { return tw__pool2d_x_work(x->shape); }

const tw_op tw_op_max_pool2d = {
    TW_WORD(max_pool2d),
    .arity     = 1,
    .attr_size = sizeof(tw_pool_attr),
    .rule      = TW_GENERAL,
    .shape     = shape_y,
    .vjp       = vjp_max,
    .kernel_id = TW_K_max_pool2d,
    .work      = work_y,
    .label     = label,
};

const tw_op tw_op_max_pool2d_x = {
    TW_WORD(max_pool2d_x),
    .arity     = 3,
    .attr_size = sizeof(tw_pool_attr),
    .rule      = TW_GENERAL,
    .shape     = shape_max_x,
    .vjp       = vjp_max_x,
    .kernel_id = TW_K_max_pool2d_x,
    .work      = work_x,
    .label     = label,
};

const tw_op tw_op_max_pool2d_y = {
    TW_WORD(max_pool2d_y),
    .arity     = 3,
    .attr_size = sizeof(tw_pool_attr),
    .rule      = TW_GENERAL,
    .shape     = shape_max_y,
    .vjp       = vjp_max_y,
    .kernel_id = TW_K_max_pool2d_y,
    .work      = work_y,
    .label     = label,
};

const tw_op tw_op_sum_pool2d = {
    TW_WORD(sum_pool2d),
    .arity     = 1,
    .attr_size = sizeof(tw_pool_attr),
    .rule      = TW_LINEAR,
    .shape     = shape_y,
    .d         = d_sum,
    .kernel_id = TW_K_sum_pool2d,
    .work      = work_y,
    .label     = label,
};

const tw_op tw_op_sum_pool2d_x = {
    TW_WORD(sum_pool2d_x),
    .arity     = 1,
    .attr_size = sizeof(tw_pool_attr),
    .rule      = TW_LINEAR,
    .shape     = shape_sum_x,
    .d         = d_sum_x,
    .kernel_id = TW_K_sum_pool2d_x,
    .work      = work_x,
    .label     = label,
};

/* ---- builders --------------------------------------------------------------------------------- */

/* Options resolved; false after an error. */
static bool resolve(const tw_loc *at, const char *op, tw_node *x, const tw_pool_args *o, tw_pool_attr *t)
{
    *t = (tw_pool_attr){ 0 };
    if (x->shape->n != 4)
        return tw_fail(x->cx, TW_ESHAPE, op, at, "x has rank %d: [batch, height, width, channels] has 4", x->shape->n),
               false;
    if (!tw__pair(at, op, x, "window", o->window, 0, t->window)) return false;

    const int stride[2] = { o->stride[0] ? o->stride[0] : t->window[0],
                            o->stride[0] ? o->stride[1] : o->stride[1] ? o->stride[1] : t->window[1] };
    const int64_t extent[2] = { t->window[0], t->window[1] };
    if (!tw__pair(at, op, x, "stride", stride, 1, t->stride) ||
        !tw__padding(at, op, x, o->padding, extent, t->stride, t->before, t->after)) return false;

    for (int k = 0; k < 2; k++)         /* else a window could lie in the padding alone */
        if (t->before[k] >= t->window[k] || t->after[k] >= t->window[k])
            return tw_fail(x->cx, TW_EARG, op, at, "padding %d, %d along axis %d is not below the window, %d",
                           t->before[k], t->after[k], 1 + k, t->window[k]), false;
    return true;
}

static tw_node *pool(const tw_loc *at, const tw_op *op, const char *name, tw_node *x, const tw_pool_args *o,
                     tw_pool_attr *t)
{
    TW_OPTIONS(tw_pool_args, o);
    if (!tw__operand(at, name, 0, &x)) return x;
    if (!resolve(at, name, x, o, t)) return tw_nil(x->cx);
    return tw_build_node(&(tw_build){ .op = op, .at = at, .attr = t, .n = 1, .in = &x });
}

tw_node *tw_max_pool2d_at(const tw_loc *at, tw_node *x, const tw_pool_args *o)
{
    tw_pool_attr t;
    return pool(at, &tw_op_max_pool2d, "max_pool2d", x, o, &t);
}

tw_node *tw_sum_pool2d_at(const tw_loc *at, tw_node *x, const tw_pool_args *o)
{
    tw_pool_attr t;
    return pool(at, &tw_op_sum_pool2d, "sum_pool2d", x, o, &t);
}

tw_node *tw_avg_pool2d_at(const tw_loc *at, tw_node *x, const tw_pool_args *o)
{
    tw_pool_attr t;
    tw_node *sum = pool(at, &tw_op_sum_pool2d, "avg_pool2d", x, o, &t);
    return tw_is_nil(sum) ? sum : tw_mul(sum, 1.0 / ((double)t.window[0] * t.window[1]));
}
