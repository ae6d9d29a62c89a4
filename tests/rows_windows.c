/* rows_windows.c - rows of convolutions and pools, and of their adjoints: see rows.h. */
#include "tests/rows.h"
#include "tests/slow.h"
#include "ops/kernel/attrs.h"

/* p, of up to three axes each: stride, dilation, padding (before, after of each axis; -1 first: TW_SAME), window; input
 * dilation or output padding; groups, flags of pools. 0 is the default. */
enum { STRIDE = 0, DILATION = 3, PADDING = 6, WINDOW = 12, MORE = 15, GROUPS = 18, CEIL = 19, EXCLUDE = 20 };

/* The axes to build for; laws pass operands of wrong ranks, too. */
static int axes_of(const tw_node *x)
{
    const int axes = tw_rank(x) - 2;
    return axes < 1 ? 1 : axes > 3 ? 3 : axes;
}

static tw_padding padding_of(const row *r, int axes)
{
    tw_padding given = { .n = 2 * axes };
    int any = 0;
    if (r->p[PADDING] < 0) return TW_SAME;
    for (int i = 0; i < 2 * axes; i++) any |= given.at[i] = r->p[PADDING + i];
    return any ? given : (tw_padding){ 0 };
}

#define THREE(r, at) { (r)->p[at], (r)->p[(at) + 1], (r)->p[(at) + 2] }

/* What {a, b, c} of options means along an axis: {2} is {2, 2, 2}, 0 the default. */
static int64_t along(const int *p, int axis, int64_t otherwise)
{
    const int v = p[axis] ? p[axis] : p[0];
    return v ? v : otherwise;
}

/* The geometry, resolved: TW_SAME gives ceil(in / stride) outputs, the odd element of padding after. */
static slow_window window_of(const row *r, int axes, const int64_t *in, const int64_t *size, bool pool)
{
    slow_window o = { .groups = r->p[GROUPS] ? r->p[GROUPS] : 1 };
    for (int d = 0; d < axes; d++) {
        o.size[d] = size[d];
        o.stride[d] = along(&r->p[STRIDE], d, pool ? size[d] : 1);
        o.dilation[d] = along(&r->p[DILATION], d, 1);
        o.before[d] = r->p[PADDING + 2 * d], o.after[d] = r->p[PADDING + 2 * d + 1];
        if (r->p[PADDING] >= 0) continue;
        const int64_t out = (in[d] + o.stride[d] - 1) / o.stride[d], reach = (size[d] - 1) * o.dilation[d] + 1;
        const int64_t total = (out - 1) * o.stride[d] + reach - in[d];
        o.before[d] = total > 0 ? total / 2 : 0, o.after[d] = total > 0 ? total - total / 2 : 0;
    }
    return o;
}

/* ---- convolutions ------------------------------------------------------------------------ */

static tw_node *b_conv(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    const int axes = axes_of(x[0]);
    const tw_conv_args o = { ._size = sizeof o, .stride = THREE(r, STRIDE), .dilation = THREE(r, DILATION),
                             .input_dilation = THREE(r, MORE), .padding = padding_of(r, axes), .groups = r->p[GROUPS] };
    return (axes == 1 ? tw_conv1d_at : axes == 2 ? tw_conv2d_at : tw_conv3d_at)(TW_HERE, x[0], x[1], &o);
}
static arr r_conv(const row *r, const arr *x)
{
    const int axes = x[0].n - 2;
    arr in = x[0];
    if (r->p[MORE]) {
        int64_t none[5] = { 0 }, step[5] = { 1, 1, 1, 1, 1 }, size[5];
        for (int i = 0; i < in.n; i++) size[i] = in.at[i];
        for (int d = 0; d < axes; d++) {
            step[1 + d] = along(&r->p[MORE], d, 1);
            size[1 + d] = (in.at[1 + d] - 1) * step[1 + d] + 1;
        }
        in = slow_pad(&in, none, size, step, 0);
    }
    const slow_window o = window_of(r, axes, &in.at[1], x[1].at, false);
    return slow_conv(&in, &x[1], &o);
}

/* The adjoints, as rules make them; x[2] has the shape that is asked for. */
static tw_node *adjoint(const row *r, const char *op, tw_node *a, tw_node *b, tw_node *like, const int64_t *in, const int64_t *size)
{
    const int axes = axes_of(a);
    const slow_window o = window_of(r, axes, in, size, false);
    tw_conv_attr t = { { .stride = { 1, 1, 1 }, .dilation = { 1, 1, 1 } }, (int32_t)o.groups };
    for (int d = 0, k = 3 - axes; d < axes; d++, k++) {
        t.at.stride[k] = (int32_t)o.stride[d], t.at.dilation[k] = (int32_t)o.dilation[d];
        t.at.before[k] = (int32_t)o.before[d], t.at.after[k] = (int32_t)o.after[d];
    }
    const tw_shape shape = tw_shape_of(like);
    return tw_build_node(&(tw_build){ .op = tw_op_find(tw_ctx_of(a), op), .at = TW_HERE, .attr = &t, .shape = &shape, .n = 2,
                                      .in = (tw_node *[]){ a, b } });
}
static tw_node *b_conv_x(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    return adjoint(r, "conv_x", x[0], x[1], x[2], &x[2]->shape->at[1], x[1]->shape->at);
}
static tw_node *b_conv_w(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    return adjoint(r, "conv_w", x[0], x[1], x[2], &x[0]->shape->at[1], x[2]->shape->at);
}
static arr r_conv_x(const row *r, const arr *x)
{
    const slow_window o = window_of(r, x[0].n - 2, &x[2].at[1], x[1].at, false);
    return slow_conv_x(&x[0], &x[1], &o, &x[2]);
}
static arr r_conv_w(const row *r, const arr *x)
{
    const slow_window o = window_of(r, x[0].n - 2, &x[0].at[1], x[2].at, false);
    return slow_conv_w(&x[0], &x[1], &o, &x[2]);
}

static tw_node *b_conv_transpose(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    const int axes = axes_of(x[0]);
    const tw_conv_transpose_args o = { ._size = sizeof o, .stride = THREE(r, STRIDE), .dilation = THREE(r, DILATION),
                                       .output_padding = THREE(r, MORE), .padding = padding_of(r, axes), .groups = r->p[GROUPS] };
    return (axes == 1 ? tw_conv_transpose1d_at : axes == 2 ? tw_conv_transpose2d_at : tw_conv_transpose3d_at)(TW_HERE, x[0], x[1], &o);
}
/* PyTorch's size: (in - 1) stride - 2 padding + reach + output padding; with TW_SAME, in stride. */
static arr r_conv_transpose(const row *r, const arr *x)
{
    const int axes = x[0].n - 2;
    slow_window o = window_of(r, axes, &x[0].at[1], x[1].at, false);
    int64_t at[5] = { x[0].at[0] };
    for (int d = 0; d < axes; d++) {
        const int64_t reach = (x[1].at[d] - 1) * o.dilation[d] + 1;
        if (r->p[PADDING] < 0) {
            const int64_t total = reach > o.stride[d] ? reach - o.stride[d] : 0;
            o.before[d] = total / 2, o.after[d] = total - total / 2;
            at[1 + d] = x[0].at[1 + d] * o.stride[d];
        } else {
            at[1 + d] = (x[0].at[1 + d] - 1) * o.stride[d] - o.before[d] - o.after[d] + reach + r->p[MORE + d];
        }
    }
    at[1 + axes] = x[1].at[axes] * o.groups;
    const arr like = arr_new(axes + 2, at);
    return slow_conv_x(&x[0], &x[1], &o, &like);
}

/* ---- pools --------------------------------------------------------------------------------- */

static tw_pool_args pool_args(const row *r, int axes)
{
    return (tw_pool_args){ ._size = sizeof(tw_pool_args), .window = THREE(r, WINDOW), .stride = THREE(r, STRIDE),
                           .dilation = THREE(r, DILATION), .padding = padding_of(r, axes),
                           .ceil_mode = r->p[CEIL], .exclude_padding = r->p[EXCLUDE] };
}

/* With .ceil_mode, room for a last window that begins inside or before; more: how much that added. */
static slow_window pool_window(const row *r, int axes, const int64_t *in, int64_t *more)
{
    int64_t size[3] = { 0 };
    for (int d = 0; d < axes; d++) size[d] = along(&r->p[WINDOW], d, 0);
    slow_window o = window_of(r, axes, in, size, true);
    for (int d = 0; d < axes; d++) {
        more[d] = 0;
        if (!r->p[CEIL]) continue;
        const int64_t reach = (size[d] - 1) * o.dilation[d] + 1;
        int64_t begin = 0;
        while (begin + reach < in[d] + o.before[d] + o.after[d]) begin += o.stride[d];
        if (begin < in[d] + o.before[d]) more[d] = begin + reach - in[d] - o.before[d] - o.after[d];
        o.after[d] += more[d];
    }
    return o;
}

static slow_window pool_of(const row *r, const arr *x)
{
    int64_t more[3];
    return pool_window(r, x->n - 2, &x->at[1], more);
}

#define POOL(kind, how)                                                             \
    static tw_node *b_##kind##_pool(const row *r, tw_ctx *cx, tw_node *const *x)    \
    {                                                                               \
        (void)cx;                                                                   \
        const int axes = axes_of(x[0]);                                         \
        const tw_pool_args o = pool_args(r, axes);                                  \
        return (axes == 1 ? tw_##kind##_pool1d_at : axes == 2 ? tw_##kind##_pool2d_at : tw_##kind##_pool3d_at)(TW_HERE, x[0], &o); \
    }                                                                               \
    static arr r_##kind##_pool(const row *r, const arr *x)                          \
    {                                                                               \
        const slow_window o = pool_of(r, &x[0]);                                    \
        return slow_pool(&x[0], &o, how);                                           \
    }
POOL(max, 'M')
POOL(sum, '+')

static tw_node *b_avg_pool(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    const int axes = axes_of(x[0]);
    const tw_pool_args o = pool_args(r, axes);
    return (axes == 1 ? tw_avg_pool1d_at : axes == 2 ? tw_avg_pool2d_at : tw_avg_pool3d_at)(TW_HERE, x[0], &o);
}
/* Padding counts, unless excluded; what .ceil_mode adds never does. */
static arr r_avg_pool(const row *r, const arr *x)
{
    const int axes = x[0].n - 2;
    int64_t more[3];
    slow_window o = pool_window(r, axes, &x[0].at[1], more);
    arr y = slow_pool(&x[0], &o, '+'), ones = x[0];
    if (!r->p[EXCLUDE]) {
        for (int d = 0; d < axes; d++) {
            ones.at[1 + d] += o.before[d] + o.after[d] - more[d];
            o.before[d] = 0, o.after[d] = more[d];
        }
        ones = arr_new(ones.n, ones.at);
    }
    const arr counts = slow_pool(&ones, &o, '#');
    for (int64_t k = 0; k < y.count; k++) y.v[k] /= counts.v[k];
    return y;
}

static tw_node *pool_adjoint(const row *r, const char *op, int n, tw_node *const *in, tw_node *x, tw_node *like)
{
    const int axes = axes_of(x);
    int64_t more[3];
    const slow_window o = pool_window(r, axes, &x->shape->at[1], more);
    tw_pool_attr t = { { .stride = { 1, 1, 1 }, .dilation = { 1, 1, 1 } }, { 1, 1, 1 } };
    for (int d = 0, k = 3 - axes; d < axes; d++, k++) {
        t.window[k] = (int32_t)o.size[d], t.at.stride[k] = (int32_t)o.stride[d], t.at.dilation[k] = (int32_t)o.dilation[d];
        t.at.before[k] = (int32_t)o.before[d], t.at.after[k] = (int32_t)o.after[d];
    }
    const tw_shape shape = tw_shape_of(like);
    return tw_build_node(&(tw_build){ .op = tw_op_find(tw_ctx_of(x), op), .at = TW_HERE, .attr = &t, .shape = &shape, .n = n, .in = in });
}
/* Inputs: x, cotangent of y (max_pool_x) or tangent of x (max_pool_y). */
static tw_node *b_max_pool_x(const row *r, tw_ctx *cx, tw_node *const *x)
{
    tw_node *y = b_max_pool(r, cx, x);
    return pool_adjoint(r, "max_pool_x", 3, (tw_node *[]){ x[0], y, x[1] }, x[0], x[0]);
}
static tw_node *b_max_pool_y(const row *r, tw_ctx *cx, tw_node *const *x)
{
    tw_node *y = b_max_pool(r, cx, x);
    return pool_adjoint(r, "max_pool_y", 3, (tw_node *[]){ x[0], y, x[1] }, x[0], y);
}
/* Inputs: cotangent of y, x (for its shape). */
static tw_node *b_sum_pool_x(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    return pool_adjoint(r, "sum_pool_x", 1, &x[0], x[1], x[1]);
}
static arr r_max_pool_x(const row *r, const arr *x)
{
    const slow_window o = pool_of(r, &x[0]);
    arr y = slow_pool(&x[0], &o, 'M');
    return slow_max_pool_x(&x[0], &y, &x[1], &o);
}
static arr r_max_pool_y(const row *r, const arr *x)
{
    const slow_window o = pool_of(r, &x[0]);
    arr y = slow_pool(&x[0], &o, 'M');
    return slow_max_pool_y(&x[0], &y, &x[1], &o);
}
static arr r_sum_pool_x(const row *r, const arr *x)
{
    const slow_window o = pool_of(r, &x[1]);
    return slow_sum_pool_x(&x[0], &o, &x[1]);
}

const row rows_windows[] = {
    { "conv2d", "3 by 3", { REAL(1, 4, 5, 2), REAL(3, 3, 2, 2) }, IS(conv), .tol = 16 },
    { "conv2d", "same", { REAL(2, 3, 4, 1), REAL(3, 3, 1, 2) }, IS(conv), .p = { [PADDING] = -1 }, .tol = 16 },
    { "conv2d", "same, even kernel, stride 2", { REAL(1, 5, 4, 1), REAL(2, 4, 1, 2) }, IS(conv), .p = { [STRIDE] = 2, [PADDING] = -1 }, .tol = 16 },
    { "conv2d", "strides 2 and 1", { REAL(1, 5, 4, 1), REAL(2, 2, 1, 2) }, IS(conv), .p = { [STRIDE] = 2, 1 }, .tol = 16 },
    { "conv2d", "stride beyond the kernel", { REAL(1, 7, 7, 1), REAL(2, 1, 1, 1) }, IS(conv), .p = { [STRIDE] = 3 }, .tol = 16 },
    { "conv2d", "padding of four", { REAL(1, 3, 3, 1), REAL(2, 3, 1, 2) }, IS(conv), .p = { [PADDING] = 1, 0, 2, 1 }, .tol = 16 },
    { "conv2d", "dilation", { REAL(1, 6, 5, 1), REAL(3, 2, 1, 2) }, IS(conv), .p = { [DILATION] = 2, 3 }, .tol = 16 },
    { "conv2d", "groups", { REAL(1, 3, 3, 4), REAL(2, 2, 2, 4) }, IS(conv), .p = { [GROUPS] = 2 }, .tol = 16 },
    { "conv2d", "depthwise, same", { REAL(1, 3, 4, 3), REAL(3, 3, 1, 6) }, IS(conv), .p = { [PADDING] = -1, [GROUPS] = 3 }, .tol = 16 },
    { "conv2d", "everything", { REAL(2, 7, 6, 4), REAL(2, 3, 2, 2) }, IS(conv),
      .p = { [STRIDE] = 2, 1, [DILATION] = 1, 2, [PADDING] = 1, 2, 0, 1, [GROUPS] = 2 }, .tol = 16 },
    { "conv2d", "1 by 1", { REAL(2, 2, 3, 3), REAL(1, 1, 3, 2) }, IS(conv), .tol = 16 },
    { "conv2d", "no images", { REAL(0, 3, 3, 1), REAL(2, 2, 1, 1) }, IS(conv) },
    { "conv2d", "large", { REAL(2, 13, 17, 19), REAL(3, 3, 19, 37) }, IS(conv), .p = { [PADDING] = -1 }, .tol = 400, .flags = R_VALUE },
    { "conv2d", "large, stride 2", { REAL(2, 14, 15, 33), REAL(5, 3, 33, 18) }, IS(conv),
      .p = { [STRIDE] = 2, 2, [PADDING] = 2, 1, 1, 1 }, .tol = 900, .flags = R_VALUE },
    { "conv_x", "same", { REAL(1, 3, 4, 2), REAL(3, 3, 1, 2), REAL(1, 3, 4, 1) }, IS(conv_x), .p = { [PADDING] = -1 }, .tol = 16 },
    { "conv_x", "stride 2, a rest", { REAL(1, 2, 2, 2), REAL(2, 2, 1, 2), REAL(1, 5, 5, 1) }, IS(conv_x), .p = { [STRIDE] = 2 }, .tol = 16 },
    { "conv_x", "groups and dilation", { REAL(1, 2, 3, 4), REAL(2, 2, 1, 4), REAL(1, 4, 5, 2) }, IS(conv_x),
      .p = { [DILATION] = 2, 2, [GROUPS] = 2 }, .tol = 16 },
    { "conv_x", "large", { REAL(2, 13, 17, 37), REAL(3, 3, 19, 37), REAL(2, 13, 17, 19) }, IS(conv_x),
      .p = { [PADDING] = -1 }, .tol = 900, .flags = R_VALUE },
    { "conv_w", "same", { REAL(1, 3, 4, 1), REAL(1, 3, 4, 2), REAL(3, 3, 1, 2) }, IS(conv_w), .p = { [PADDING] = -1 }, .tol = 16 },
    { "conv_w", "stride 2, a rest", { REAL(1, 5, 5, 1), REAL(1, 2, 2, 2), REAL(2, 2, 1, 2) }, IS(conv_w), .p = { [STRIDE] = 2 }, .tol = 16 },
    { "conv_w", "groups and dilation", { REAL(1, 4, 5, 2), REAL(1, 2, 3, 4), REAL(2, 2, 1, 4) }, IS(conv_w),
      .p = { [DILATION] = 2, 2, [GROUPS] = 2 }, .tol = 16 },
    { "conv_w", "large", { REAL(2, 13, 17, 19), REAL(2, 13, 17, 37), REAL(3, 3, 19, 37) }, IS(conv_w),
      .p = { [PADDING] = -1 }, .tol = 2000, .flags = R_VALUE },

    { "max_pool2d", "2 by 2", { DISTINCT(1, 4, 4, 2) }, IS(max_pool), .p = { [WINDOW] = 2 } },
    { "max_pool2d", "overlapping", { DISTINCT(1, 5, 4, 1) }, IS(max_pool), .p = { [STRIDE] = 1, 2, [WINDOW] = 3, 2 } },
    { "max_pool2d", "padded", { DISTINCT(2, 3, 4, 1) }, IS(max_pool), .p = { [STRIDE] = 2, 2, [PADDING] = 1, 1, 1, 1, [WINDOW] = 3 } },
    { "max_pool2d", "same, a rest", { DISTINCT(1, 5, 3, 1) }, IS(max_pool), .p = { [PADDING] = -1, [WINDOW] = 2 } },
    { "max_pool2d", "ties", { TIES(1, 6, 6, 2) }, IS(max_pool), .p = { [WINDOW] = 2 }, .flags = R_NO_DIFF },
    { "max_pool2d", "large", { REAL(2, 28, 27, 35) }, IS(max_pool), .p = { [WINDOW] = 2 }, .flags = R_VALUE },
    { "sum_pool2d", "2 by 2", { REAL(1, 4, 4, 2) }, IS(sum_pool), .p = { [WINDOW] = 2 } },
    { "sum_pool2d", "overlapping and padded", { REAL(1, 4, 3, 1) }, IS(sum_pool), .p = { [STRIDE] = 1, 2, [PADDING] = 1, 0, 1, 1, [WINDOW] = 3, 2 } },
    { "sum_pool2d", "large", { REAL(2, 28, 27, 35) }, IS(sum_pool), .p = { [WINDOW] = 3 }, .tol = 16, .flags = R_VALUE },
    { "avg_pool2d", "2 by 2", { REAL(1, 4, 4, 2) }, IS(avg_pool), .p = { [WINDOW] = 2 } },
    { "avg_pool2d", "padding counts", { REAL(1, 4, 3, 1) }, IS(avg_pool), .p = { [STRIDE] = 1, 2, [PADDING] = 1, 0, 1, 1, [WINDOW] = 3, 2 } },
    { "max_pool_x", "2 by 2", { DISTINCT(1, 4, 4, 1), REAL(1, 2, 2, 1) }, IS(max_pool_x), .p = { [WINDOW] = 2 } },
    { "max_pool_x", "overlapping ties", { TIES(1, 5, 5, 2), REAL(1, 3, 3, 2) }, IS(max_pool_x),
      .p = { [STRIDE] = 1, [WINDOW] = 3 }, .flags = R_NO_DIFF },
    { "max_pool_y", "2 by 2", { DISTINCT(1, 4, 4, 1), REAL(1, 4, 4, 1) }, IS(max_pool_y), .p = { [WINDOW] = 2 } },
    { "max_pool_y", "overlapping ties", { TIES(1, 5, 5, 2), REAL(1, 5, 5, 2) }, IS(max_pool_y),
      .p = { [STRIDE] = 1, [WINDOW] = 3 }, .flags = R_NO_DIFF },
    { "sum_pool_x", "2 by 2", { REAL(1, 2, 2, 2), REAL(1, 4, 4, 2) }, IS(sum_pool_x), .p = { [WINDOW] = 2 } },
    { "sum_pool_x", "overlapping and padded", { REAL(1, 3, 2, 1), REAL(1, 4, 3, 1) }, IS(sum_pool_x),
      .p = { [STRIDE] = 1, 2, [PADDING] = 1, 0, 1, 1, [WINDOW] = 3, 2 } },

    { "conv", "one axis", { REAL(1, 5, 2), REAL(2, 2, 2) }, IS(conv), .tol = 16 },
    { "conv1d", "same", { REAL(2, 5, 2), REAL(3, 2, 3) }, IS(conv), .p = { [PADDING] = -1 }, .tol = 16 },
    { "conv1d", "causal, dilated", { REAL(1, 6, 2), REAL(2, 2, 1) }, IS(conv), .p = { [DILATION] = 2, [PADDING] = 2, 0 }, .tol = 16 },
    { "conv1d", "everything", { REAL(2, 8, 4), REAL(3, 2, 2) }, IS(conv),
      .p = { [STRIDE] = 2, [DILATION] = 2, [PADDING] = 1, 2, [GROUPS] = 2 }, .tol = 16 },
    { "conv1d", "input dilation", { REAL(1, 4, 1), REAL(2, 1, 2) }, IS(conv), .p = { [PADDING] = 1, 1, [MORE] = 2 }, .tol = 16 },
    { "conv2d", "input dilation", { REAL(1, 2, 3, 1), REAL(2, 2, 1, 1) }, IS(conv), .p = { [STRIDE] = 1, 2, [MORE] = 3, 2 }, .tol = 16 },
    { "conv3d", "2 by 2 by 2", { REAL(1, 3, 2, 3, 2), REAL(2, 2, 2, 2, 2) }, IS(conv), .tol = 16 },
    { "conv3d", "same", { REAL(1, 2, 3, 2, 1), REAL(3, 3, 3, 1, 2) }, IS(conv), .p = { [PADDING] = -1 }, .tol = 32 },
    { "conv3d", "everything", { REAL(2, 4, 3, 5, 4), REAL(2, 1, 2, 2, 2) }, IS(conv),
      .p = { [STRIDE] = 1, 2, 2, [DILATION] = 2, 1, 3, [PADDING] = 1, 0, 0, 1, 1, 2, [GROUPS] = 2 }, .tol = 32 },
    { "conv3d", "large", { REAL(1, 4, 7, 9, 17), REAL(3, 3, 3, 17, 18) }, IS(conv), .p = { [PADDING] = -1 }, .tol = 900, .flags = R_VALUE },
    { "conv_x", "three axes, a rest", { REAL(1, 2, 1, 2, 2), REAL(2, 2, 1, 1, 2), REAL(1, 4, 3, 4, 1) }, IS(conv_x),
      .p = { [STRIDE] = 2 }, .tol = 16 },
    { "conv_x", "three axes, large", { REAL(2, 4, 7, 9, 18), REAL(3, 3, 3, 17, 18), REAL(2, 4, 7, 9, 17) }, IS(conv_x),
      .p = { [PADDING] = -1 }, .tol = 2000, .flags = R_VALUE },
    { "conv_w", "three axes, a rest", { REAL(1, 4, 3, 4, 1), REAL(1, 2, 1, 2, 2), REAL(2, 2, 1, 1, 2) }, IS(conv_w),
      .p = { [STRIDE] = 2 }, .tol = 16 },
    { "conv_w", "three axes, large", { REAL(2, 4, 7, 9, 17), REAL(2, 4, 7, 9, 18), REAL(3, 3, 3, 17, 18) }, IS(conv_w),
      .p = { [PADDING] = -1 }, .tol = 2000, .flags = R_VALUE },
    { "conv_transpose1d", "stride 2", { REAL(1, 3, 2), REAL(3, 2, 2) }, IS(conv_transpose), .p = { [STRIDE] = 2 }, .tol = 16 },
    { "conv_transpose1d", "same, stride 3, short taps", { REAL(1, 3, 1), REAL(2, 2, 1) }, IS(conv_transpose),
      .p = { [STRIDE] = 3, [PADDING] = -1 }, .tol = 16 },
    { "conv_transpose2d", "same, stride 2", { REAL(1, 2, 3, 2), REAL(3, 4, 1, 2) }, IS(conv_transpose),
      .p = { [STRIDE] = 2, [PADDING] = -1 }, .tol = 16 },
    { "conv_transpose2d", "everything", { REAL(2, 3, 2, 4), REAL(2, 3, 1, 4) }, IS(conv_transpose),
      .p = { [STRIDE] = 2, 3, [DILATION] = 1, 2, [PADDING] = 1, 0, 1, 2, [MORE] = 1, 2, [GROUPS] = 2 }, .tol = 16 },
    { "conv_transpose2d", "no images", { REAL(0, 3, 3, 1), REAL(2, 2, 1, 1) }, IS(conv_transpose) },
    { "conv_transpose3d", "stride 2", { REAL(1, 2, 1, 2, 2), REAL(2, 3, 2, 1, 2) }, IS(conv_transpose),
      .p = { [STRIDE] = 2, 1, 2, [PADDING] = 0, 0, 1, 1, 0, 1 }, .tol = 16 },

    { "conv1d", "tiles, few channels", { REAL(3, 50, 1), REAL(5, 1, 17) }, IS(conv),
      .p = { [STRIDE] = 2, [PADDING] = 2, 1 }, .tol = 100, .flags = R_VALUE },
    { "conv2d", "tiles, few channels", { REAL(2, 19, 21, 3), REAL(3, 3, 3, 9) }, IS(conv), .p = { [PADDING] = -1 }, .tol = 100, .flags = R_VALUE },
    { "conv2d", "tiles, nothing beyond the border", { REAL(2, 9, 10, 20), REAL(3, 2, 20, 49) }, IS(conv),
      .p = { [STRIDE] = 2, 1 }, .tol = 300, .flags = R_VALUE },
    { "conv2d", "tiles, dilated groups", { REAL(2, 9, 11, 18), REAL(3, 3, 9, 34) }, IS(conv),
      .p = { [DILATION] = 2, 3, [PADDING] = 2, 2, 3, 3, [GROUPS] = 2 }, .tol = 300, .flags = R_VALUE },
    { "conv2d", "tiles, more terms than a block", { REAL(1, 4, 5, 900), REAL(1, 2, 900, 8) }, IS(conv),
      .p = { [PADDING] = 0, 0, 1, 1 }, .tol = 3000, .flags = R_VALUE },
    { "conv2d", "tiles, few lines of many", { REAL(1, 70, 9, 150), REAL(3, 3, 150, 8) }, IS(conv),
      .p = { [PADDING] = -1 }, .tol = 3000, .flags = R_VALUE },
    { "conv2d", "depthwise, lanes and a rest", { REAL(2, 9, 14, 37), REAL(3, 5, 1, 37) }, IS(conv),
      .p = { [PADDING] = -1, [GROUPS] = 37 }, .tol = 64, .flags = R_VALUE },
    { "conv2d", "depthwise, strided and dilated", { REAL(1, 9, 17, 3), REAL(2, 3, 1, 3) }, IS(conv),
      .p = { [STRIDE] = 2, 3, [DILATION] = 3, 2, [PADDING] = 2, 1, 3, 0, [GROUPS] = 3 }, .tol = 16 },
    { "conv3d", "depthwise", { REAL(1, 3, 4, 5, 2), REAL(2, 3, 2, 1, 2) }, IS(conv), .p = { [PADDING] = -1, [GROUPS] = 2 }, .tol = 16 },
    { "conv3d", "tiles, strided", { REAL(2, 5, 6, 7, 9), REAL(3, 2, 3, 9, 10) }, IS(conv),
      .p = { [STRIDE] = 2, 1, 2, [PADDING] = 1, 1, 0, 1, 1, 1 }, .tol = 900, .flags = R_VALUE },
    { "conv_x", "tiles, stride 2 by 3", { REAL(2, 5, 5, 17), REAL(3, 4, 18, 17), REAL(2, 10, 14, 18) }, IS(conv_x),
      .p = { [STRIDE] = 2, 3, [PADDING] = 1, 0, 1, 1 }, .tol = 900, .flags = R_VALUE },
    { "conv_x", "tiles, stride beyond the window", { REAL(2, 4, 3, 17), REAL(1, 2, 18, 17), REAL(2, 11, 13, 18) }, IS(conv_x),
      .p = { [STRIDE] = 3, 5 }, .tol = 900, .flags = R_VALUE },
    { "conv_x", "tiles, strided, dilated groups", { REAL(1, 4, 5, 34), REAL(3, 2, 9, 34), REAL(1, 11, 14, 18) }, IS(conv_x),
      .p = { [STRIDE] = 2, 3, [DILATION] = 2, 4, [PADDING] = 0, 1, 2, 3, [GROUPS] = 2 }, .tol = 900, .flags = R_VALUE },
    { "conv_x", "depthwise, strided and dilated", { REAL(1, 4, 5, 37), REAL(3, 2, 1, 37), REAL(1, 10, 15, 37) }, IS(conv_x),
      .p = { [STRIDE] = 2, 3, [DILATION] = 1, 2, [PADDING] = 0, 0, 1, 0, [GROUPS] = 37 }, .tol = 64, .flags = R_VALUE },
    { "conv_x", "three axes, strided tiles", { REAL(2, 2, 3, 4, 17), REAL(3, 2, 3, 9, 17), REAL(2, 5, 6, 7, 9) }, IS(conv_x),
      .p = { [STRIDE] = 2, [PADDING] = 0, 0, 0, 0, 1, 1 }, .tol = 900, .flags = R_VALUE },
    { "conv_w", "tiles, few channels", { REAL(2, 19, 21, 3), REAL(2, 19, 21, 9), REAL(3, 3, 3, 9) }, IS(conv_w),
      .p = { [PADDING] = -1 }, .tol = 3000, .flags = R_VALUE },
    { "conv_w", "tiles, strided, dilated groups", { REAL(1, 11, 14, 18), REAL(1, 4, 5, 34), REAL(3, 2, 9, 34) }, IS(conv_w),
      .p = { [STRIDE] = 2, 3, [DILATION] = 2, 4, [PADDING] = 0, 1, 2, 3, [GROUPS] = 2 }, .tol = 900, .flags = R_VALUE },
    { "conv_w", "tiles, many lines", { REAL(2, 80, 31, 2), REAL(2, 80, 31, 64), REAL(3, 1, 2, 64) }, IS(conv_w),
      .p = { [PADDING] = -1 }, .tol = 9000, .flags = R_VALUE },
    { "conv_w", "depthwise, strided and dilated", { REAL(2, 10, 15, 37), REAL(2, 4, 5, 37), REAL(3, 2, 1, 37) }, IS(conv_w),
      .p = { [STRIDE] = 2, 3, [DILATION] = 1, 2, [PADDING] = 0, 0, 1, 0, [GROUPS] = 37 }, .tol = 900, .flags = R_VALUE },
    { "conv_w", "depthwise, a wide window", { REAL(1, 5, 6, 3), REAL(1, 5, 6, 3), REAL(3, 7, 1, 3) }, IS(conv_w),
      .p = { [PADDING] = -1, [GROUPS] = 3 }, .tol = 64 },

    { "max_pool", "one axis", { DISTINCT(2, 5, 2) }, IS(max_pool), .p = { [WINDOW] = 2 } },
    { "max_pool1d", "dilated and padded", { DISTINCT(1, 7, 2) }, IS(max_pool),
      .p = { [WINDOW] = 3, [STRIDE] = 1, [DILATION] = 2, [PADDING] = 1, 2 } },
    { "max_pool1d", "rounded up", { DISTINCT(1, 6, 1) }, IS(max_pool), .p = { [WINDOW] = 3, [STRIDE] = 2, [CEIL] = 1 } },
    { "max_pool2d", "dilated", { DISTINCT(1, 5, 6, 1) }, IS(max_pool),
      .p = { [WINDOW] = 2, 3, [STRIDE] = 2, 1, [DILATION] = 3, 2, [PADDING] = 1, 0, 1, 0 } },
    { "max_pool2d", "rounded up, padded", { DISTINCT(1, 5, 4, 2) }, IS(max_pool),
      .p = { [WINDOW] = 2, [STRIDE] = 2, [PADDING] = 1, 1, 1, 1, [CEIL] = 1 } },
    { "max_pool3d", "overlapping", { DISTINCT(1, 3, 4, 3, 2) }, IS(max_pool),
      .p = { [WINDOW] = 2, 3, 1, [STRIDE] = 1, 1, 2, [PADDING] = 1, 0, 1, 1, 0, 0 } },
    { "sum_pool", "one axis", { REAL(2, 5, 2) }, IS(sum_pool), .p = { [WINDOW] = 2 } },
    { "sum_pool1d", "overlapping", { REAL(1, 5, 2) }, IS(sum_pool), .p = { [WINDOW] = 3, [STRIDE] = 1 } },
    { "sum_pool3d", "2 by 2 by 2", { REAL(1, 2, 4, 4, 2) }, IS(sum_pool), .p = { [WINDOW] = 2 } },
    { "avg_pool1d", "padding excluded", { REAL(2, 5, 2) }, IS(avg_pool), .p = { [WINDOW] = 3, [STRIDE] = 2, [PADDING] = 1, 1, [EXCLUDE] = 1 } },
    { "avg_pool2d", "rounded up", { REAL(1, 5, 4, 1) }, IS(avg_pool), .p = { [WINDOW] = 3, 2, [STRIDE] = 3, [PADDING] = 1, 1, 0, 1, [CEIL] = 1 } },
    { "avg_pool2d", "rounded up, padding excluded", { REAL(1, 5, 4, 1) }, IS(avg_pool),
      .p = { [WINDOW] = 3, 2, [STRIDE] = 3, [PADDING] = 1, 1, 0, 1, [CEIL] = 1, [EXCLUDE] = 1 } },
    { "avg_pool3d", "padded", { REAL(1, 3, 2, 3, 2) }, IS(avg_pool), .p = { [WINDOW] = 2, [STRIDE] = 1, 2, 2, [PADDING] = 0, 1, 0, 0, 1, 0 } },
    { "max_pool_x", "three axes, ties", { TIES(1, 3, 3, 3, 2), REAL(1, 2, 2, 2, 2) }, IS(max_pool_x),
      .p = { [STRIDE] = 1, [WINDOW] = 2 }, .flags = R_NO_DIFF },
    { "max_pool_y", "three axes, ties", { TIES(1, 3, 3, 3, 2), REAL(1, 3, 3, 3, 2) }, IS(max_pool_y),
      .p = { [STRIDE] = 1, [WINDOW] = 2 }, .flags = R_NO_DIFF },
    { "sum_pool_x", "three axes", { REAL(1, 2, 2, 2, 2), REAL(1, 4, 5, 3, 2) }, IS(sum_pool_x), .p = { [STRIDE] = 2, 3, 1, [WINDOW] = 2 } },
};
const int n_rows_windows = sizeof rows_windows / sizeof *rows_windows;
