/* rows_heavy.c - rows of products, convolutions and pools, and of their adjoints: see rows.h. */
#include "tests/rows.h"
#include "tests/slow.h"
#include "ops/kernel/attrs.h"

/* p: transpose_a, transpose_b. */
BUILD(b_matmul, tw_matmul(x[0], x[1], .transpose_a = r->p[0], .transpose_b = r->p[1]))
REF(r_matmul, slow_matmul(&x[0], &x[1], r->p[0], r->p[1]))

/* Operands that are views: the product of a transpose and a slice. */
BUILD(b_matmul_views, tw_matmul(tw_transpose(x[0]), tw_slice(x[1], .start = { 1, 1 }, .step = { 1, 2 })))
static arr r_matmul_views(const row *r, const arr *x)
{
    (void)r;
    arr b = slow_slice(&x[1], (int64_t[]){ 1, 1 }, (int64_t[]){ x[1].at[0] - 1, x[1].at[1] / 2 }, (int64_t[]){ 1, 2 });
    return slow_matmul(&x[0], &b, true, false);
}

/* ---- convolutions and pools ------------------------------------------------------------ */

/* p: stride, dilation, padding (before, after of each axis; -1 first: TW_SAME), groups; 0 is the default. */
enum { STRIDE = 0, DILATION = 2, PADDING = 4, GROUPS = 8, WINDOW = 9 };

static tw_padding padding_of(const row *r)
{
    const int *p = &r->p[PADDING];
    if (p[0] < 0) return TW_SAME;
    if (!p[0] && !p[1] && !p[2] && !p[3]) return (tw_padding){ 0 };
    return TW_PAD(p[0], p[1], p[2], p[3]);
}

static tw_conv2d_args conv_args(const row *r)
{
    return (tw_conv2d_args){ ._size = sizeof(tw_conv2d_args), .stride = { r->p[0], r->p[1] }, .dilation = { r->p[2], r->p[3] },
                             .padding = padding_of(r), .groups = r->p[GROUPS] };
}

/* What {a, b} of options means along an axis: {2} is {2, 2}, 0 the default. */
static int64_t pair(const int *p, int axis, int64_t otherwise)
{
    const int v = axis && p[1] ? p[1] : p[0];
    return v ? v : otherwise;
}

/* The geometry, resolved: TW_SAME gives ceil(in / stride) outputs, the odd element of padding after. */
static slow_window window_of(const row *r, const int64_t *in, const int64_t *size, bool pool)
{
    slow_window o = { .groups = r->p[GROUPS] ? r->p[GROUPS] : 1 };
    for (int d = 0; d < 2; d++) {
        o.size[d] = size[d];
        o.stride[d] = pair(&r->p[STRIDE], d, pool ? size[d] : 1);
        o.dilation[d] = pair(&r->p[DILATION], d, 1);
        o.before[d] = r->p[PADDING + 2 * d], o.after[d] = r->p[PADDING + 2 * d + 1];
        if (r->p[PADDING] >= 0) continue;
        const int64_t out = (in[d] + o.stride[d] - 1) / o.stride[d], reach = (size[d] - 1) * o.dilation[d] + 1;
        const int64_t total = (out - 1) * o.stride[d] + reach - in[d];
        o.before[d] = total > 0 ? total / 2 : 0, o.after[d] = total > 0 ? total - total / 2 : 0;
    }
    return o;
}

static tw_node *b_conv2d(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    const tw_conv2d_args o = conv_args(r);
    return tw_conv2d_at(TW_HERE, x[0], x[1], &o);
}
static arr r_conv2d(const row *r, const arr *x)
{
    const slow_window o = window_of(r, &x[0].at[1], x[1].at, false);
    return slow_conv2d(&x[0], &x[1], &o);
}

/* The adjoints, as rules make them; x[2] has the shape that is asked for. */
static tw_node *adjoint(const row *r, const char *op, tw_node *a, tw_node *b, tw_node *like, const int64_t *in, const int64_t *size)
{
    const slow_window o = window_of(r, in, size, false);
    tw_conv_attr attr = { .groups = (int32_t)o.groups };
    for (int d = 0; d < 2; d++) {
        attr.stride[d] = (int32_t)o.stride[d], attr.dilation[d] = (int32_t)o.dilation[d];
        attr.before[d] = (int32_t)o.before[d], attr.after[d] = (int32_t)o.after[d];
    }
    const tw_shape shape = tw_shape_of(like);
    return tw_build_node(&(tw_build){ .op = tw_op_find(tw_ctx_of(a), op), .at = TW_HERE, .attr = &attr, .shape = &shape, .n = 2,
                                      .in = (tw_node *[]){ a, b } });
}
static tw_node *b_conv2d_x(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    return adjoint(r, "conv2d_x", x[0], x[1], x[2], &x[2]->shape->at[1], x[1]->shape->at);
}
static tw_node *b_conv2d_w(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    return adjoint(r, "conv2d_w", x[0], x[1], x[2], &x[0]->shape->at[1], x[2]->shape->at);
}
static arr r_conv2d_x(const row *r, const arr *x)
{
    const slow_window o = window_of(r, &x[2].at[1], x[1].at, false);
    return slow_conv2d_x(&x[0], &x[1], &o, &x[2]);
}
static arr r_conv2d_w(const row *r, const arr *x)
{
    const slow_window o = window_of(r, &x[0].at[1], x[2].at, false);
    return slow_conv2d_w(&x[0], &x[1], &o, &x[2]);
}

static tw_pool_args pool_args(const row *r)
{
    return (tw_pool_args){ ._size = sizeof(tw_pool_args), .window = { r->p[WINDOW], r->p[WINDOW + 1] },
                           .stride = { r->p[STRIDE], r->p[STRIDE + 1] }, .padding = padding_of(r) };
}

static slow_window pool_window(const row *r, const arr *x)
{
    const int64_t size[2] = { r->p[WINDOW], pair(&r->p[WINDOW], 1, 0) };
    return window_of(r, &x->at[1], size, true);
}

#define POOL(f, ...)                                                                \
    static tw_node *b_##f(const row *r, tw_ctx *cx, tw_node *const *x)              \
    {                                                                               \
        (void)cx;                                                                   \
        const tw_pool_args o = pool_args(r);                                        \
        return tw_##f##_at(TW_HERE, x[0], &o);                                      \
    }                                                                               \
    static arr r_##f(const row *r, const arr *x)                                    \
    {                                                                               \
        const slow_window o = pool_window(r, &x[0]);                                \
        arr y = slow_pool2d(&x[0], &o, __VA_ARGS__);                                \
        return y;                                                                   \
    }
POOL(max_pool2d, 'M')
POOL(sum_pool2d, '+')

static tw_node *b_avg_pool2d(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    const tw_pool_args o = pool_args(r);
    return tw_avg_pool2d_at(TW_HERE, x[0], &o);
}
static arr r_avg_pool2d(const row *r, const arr *x)
{
    arr y = r_sum_pool2d(r, x);
    const slow_window o = pool_window(r, &x[0]);
    for (int64_t k = 0; k < y.count; k++) y.v[k] /= (double)(o.size[0] * o.size[1]);
    return y;
}

static tw_node *pool_adjoint(const row *r, const char *op, int n, tw_node *const *in, tw_node *x, tw_node *like)
{
    tw_pool_attr attr = { 0 };
    arr dims = { .n = 4, .at = { tw_dim(x, 0), tw_dim(x, 1), tw_dim(x, 2), tw_dim(x, 3) } };
    const slow_window o = pool_window(r, &dims);
    for (int d = 0; d < 2; d++) {
        attr.window[d] = (int32_t)o.size[d], attr.stride[d] = (int32_t)o.stride[d];
        attr.before[d] = (int32_t)o.before[d], attr.after[d] = (int32_t)o.after[d];
    }
    const tw_shape shape = tw_shape_of(like);
    return tw_build_node(&(tw_build){ .op = tw_op_find(tw_ctx_of(x), op), .at = TW_HERE, .attr = &attr, .shape = &shape, .n = n, .in = in });
}
/* Inputs: x, cotangent of y (max_pool2d_x) or tangent of x (max_pool2d_y). */
static tw_node *b_max_pool2d_x(const row *r, tw_ctx *cx, tw_node *const *x)
{
    tw_node *y = b_max_pool2d(r, cx, x);
    return pool_adjoint(r, "max_pool2d_x", 3, (tw_node *[]){ x[0], y, x[1] }, x[0], x[0]);
}
static tw_node *b_max_pool2d_y(const row *r, tw_ctx *cx, tw_node *const *x)
{
    tw_node *y = b_max_pool2d(r, cx, x);
    return pool_adjoint(r, "max_pool2d_y", 3, (tw_node *[]){ x[0], y, x[1] }, x[0], y);
}
/* Inputs: cotangent of y, x (for its shape). */
static tw_node *b_sum_pool2d_x(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    return pool_adjoint(r, "sum_pool2d_x", 1, &x[0], x[1], x[1]);
}
static arr r_max_pool2d_x(const row *r, const arr *x)
{
    const slow_window o = pool_window(r, &x[0]);
    arr y = slow_pool2d(&x[0], &o, 'M');
    return slow_max_pool2d_x(&x[0], &y, &x[1], &o);
}
static arr r_max_pool2d_y(const row *r, const arr *x)
{
    const slow_window o = pool_window(r, &x[0]);
    arr y = slow_pool2d(&x[0], &o, 'M');
    return slow_max_pool2d_y(&x[0], &y, &x[1], &o);
}
static arr r_sum_pool2d_x(const row *r, const arr *x)
{
    const slow_window o = pool_window(r, &x[1]);
    return slow_sum_pool2d_x(&x[0], &o, &x[1]);
}

const row rows_heavy[] = {
    { "matmul", "2 3 by 3 4", { REAL(2, 3), REAL(3, 4) }, IS(matmul) },
    { "matmul", "a transposed", { REAL(3, 2), REAL(3, 4) }, IS(matmul), .p = { 1 } },
    { "matmul", "b transposed", { REAL(2, 3), REAL(4, 3) }, IS(matmul), .p = { 0, 1 } },
    { "matmul", "both transposed", { REAL(3, 2), REAL(4, 3) }, IS(matmul), .p = { 1, 1 } },
    { "matmul", "1 1 by 1 1", { REAL(1, 1), REAL(1, 1) }, IS(matmul) },
    { "matmul", "a row by a column", { REAL(1, 5), REAL(5, 1) }, IS(matmul) },
    { "matmul", "a column by a row", { REAL(3, 1), REAL(1, 4) }, IS(matmul) },
    { "matmul", "nothing inside", { REAL(2, 0), REAL(0, 3) }, IS(matmul) },
    { "matmul", "no rows", { REAL(0, 2), REAL(2, 3) }, IS(matmul) },
    { "matmul", "batches", { REAL(2, 2, 3), REAL(2, 3, 2) }, IS(matmul) },
    { "matmul", "batches by a matrix", { REAL(2, 2, 3), REAL(3, 2) }, IS(matmul) },
    { "matmul", "batches broadcast", { REAL(2, 1, 2, 3), REAL(3, 3, 2) }, IS(matmul) },
    { "matmul", "batches, both transposed", { REAL(2, 3, 2), REAL(2, 2, 3) }, IS(matmul), .p = { 1, 1 } },
    { "matmul", "views", { REAL(3, 2), REAL(4, 5) }, IS(matmul_views) },
    { "matmul", "67 45 131", { REAL(67, 45), REAL(45, 131) }, IS(matmul), .tol = 100, .flags = R_VALUE },
    { "matmul", "67 45 131, a transposed", { REAL(45, 67), REAL(45, 131) }, IS(matmul), .p = { 1, 0 }, .tol = 100, .flags = R_VALUE },
    { "matmul", "67 45 131, b transposed", { REAL(67, 45), REAL(131, 45) }, IS(matmul), .p = { 0, 1 }, .tol = 100, .flags = R_VALUE },
    { "matmul", "67 45 131, both transposed", { REAL(45, 67), REAL(131, 45) }, IS(matmul), .p = { 1, 1 }, .tol = 100, .flags = R_VALUE },
    { "matmul", "long inside", { REAL(17, 1100), REAL(1100, 19) }, IS(matmul), .tol = 2000, .flags = R_VALUE },
    { "matmul", "a long row", { REAL(1, 300), REAL(300, 257) }, IS(matmul), .tol = 600, .flags = R_VALUE },
    { "matmul", "a long column", { REAL(259, 300), REAL(300, 1) }, IS(matmul), .tol = 600, .flags = R_VALUE },
    { "matmul", "batches of 20", { REAL(3, 20, 33), REAL(3, 33, 18) }, IS(matmul), .tol = 100, .flags = R_VALUE },

    { "conv2d", "3 by 3", { REAL(1, 4, 5, 2), REAL(3, 3, 2, 2) }, IS(conv2d), .tol = 16 },
    { "conv2d", "same", { REAL(2, 3, 4, 1), REAL(3, 3, 1, 2) }, IS(conv2d), .p = { [PADDING] = -1 }, .tol = 16 },
    { "conv2d", "same, even kernel, stride 2", { REAL(1, 5, 4, 1), REAL(2, 4, 1, 2) }, IS(conv2d), .p = { 2, 0, [PADDING] = -1 }, .tol = 16 },
    { "conv2d", "strides 2 and 1", { REAL(1, 5, 4, 1), REAL(2, 2, 1, 2) }, IS(conv2d), .p = { 2, 1 }, .tol = 16 },
    { "conv2d", "stride beyond the kernel", { REAL(1, 7, 7, 1), REAL(2, 1, 1, 1) }, IS(conv2d), .p = { 3 }, .tol = 16 },
    { "conv2d", "padding of four", { REAL(1, 3, 3, 1), REAL(2, 3, 1, 2) }, IS(conv2d), .p = { [PADDING] = 1, 0, 2, 1 }, .tol = 16 },
    { "conv2d", "dilation", { REAL(1, 6, 5, 1), REAL(3, 2, 1, 2) }, IS(conv2d), .p = { [DILATION] = 2, 3 }, .tol = 16 },
    { "conv2d", "groups", { REAL(1, 3, 3, 4), REAL(2, 2, 2, 4) }, IS(conv2d), .p = { [GROUPS] = 2 }, .tol = 16 },
    { "conv2d", "depthwise, same", { REAL(1, 3, 4, 3), REAL(3, 3, 1, 6) }, IS(conv2d), .p = { [PADDING] = -1, [GROUPS] = 3 }, .tol = 16 },
    { "conv2d", "everything", { REAL(2, 7, 6, 4), REAL(2, 3, 2, 2) }, IS(conv2d), .p = { 2, 1, 1, 2, 1, 2, 0, 1, 2 }, .tol = 16 },
    { "conv2d", "1 by 1", { REAL(2, 2, 3, 3), REAL(1, 1, 3, 2) }, IS(conv2d), .tol = 16 },
    { "conv2d", "no images", { REAL(0, 3, 3, 1), REAL(2, 2, 1, 1) }, IS(conv2d) },
    { "conv2d", "large", { REAL(2, 13, 17, 19), REAL(3, 3, 19, 37) }, IS(conv2d), .p = { [PADDING] = -1 }, .tol = 400, .flags = R_VALUE },
    { "conv2d", "large, stride 2", { REAL(2, 14, 15, 33), REAL(5, 3, 33, 18) }, IS(conv2d), .p = { 2, 2, 0, 0, 2, 1, 1, 1 }, .tol = 900, .flags = R_VALUE },
    { "conv2d_x", "same", { REAL(1, 3, 4, 2), REAL(3, 3, 1, 2), REAL(1, 3, 4, 1) }, IS(conv2d_x), .p = { [PADDING] = -1 }, .tol = 16 },
    { "conv2d_x", "stride 2, a rest", { REAL(1, 2, 2, 2), REAL(2, 2, 1, 2), REAL(1, 5, 5, 1) }, IS(conv2d_x), .p = { 2 }, .tol = 16 },
    { "conv2d_x", "groups and dilation", { REAL(1, 2, 3, 4), REAL(2, 2, 1, 4), REAL(1, 4, 5, 2) }, IS(conv2d_x), .p = { 0, 0, 2, 2, [GROUPS] = 2 }, .tol = 16 },
    { "conv2d_x", "large", { REAL(2, 13, 17, 37), REAL(3, 3, 19, 37), REAL(2, 13, 17, 19) }, IS(conv2d_x), .p = { [PADDING] = -1 }, .tol = 900, .flags = R_VALUE },
    { "conv2d_w", "same", { REAL(1, 3, 4, 1), REAL(1, 3, 4, 2), REAL(3, 3, 1, 2) }, IS(conv2d_w), .p = { [PADDING] = -1 }, .tol = 16 },
    { "conv2d_w", "stride 2, a rest", { REAL(1, 5, 5, 1), REAL(1, 2, 2, 2), REAL(2, 2, 1, 2) }, IS(conv2d_w), .p = { 2 }, .tol = 16 },
    { "conv2d_w", "groups and dilation", { REAL(1, 4, 5, 2), REAL(1, 2, 3, 4), REAL(2, 2, 1, 4) }, IS(conv2d_w), .p = { 0, 0, 2, 2, [GROUPS] = 2 }, .tol = 16 },
    { "conv2d_w", "large", { REAL(2, 13, 17, 19), REAL(2, 13, 17, 37), REAL(3, 3, 19, 37) }, IS(conv2d_w), .p = { [PADDING] = -1 }, .tol = 2000, .flags = R_VALUE },

    { "max_pool2d", "2 by 2", { DISTINCT(1, 4, 4, 2) }, IS(max_pool2d), .p = { [WINDOW] = 2 } },
    { "max_pool2d", "overlapping", { DISTINCT(1, 5, 4, 1) }, IS(max_pool2d), .p = { 1, 2, [WINDOW] = 3, 2 } },
    { "max_pool2d", "padded", { DISTINCT(2, 3, 4, 1) }, IS(max_pool2d), .p = { 2, 2, 0, 0, 1, 1, 1, 1, [WINDOW] = 3 } },
    { "max_pool2d", "same, a rest", { DISTINCT(1, 5, 3, 1) }, IS(max_pool2d), .p = { [PADDING] = -1, [WINDOW] = 2 } },
    { "max_pool2d", "ties", { TIES(1, 6, 6, 2) }, IS(max_pool2d), .p = { [WINDOW] = 2 }, .flags = R_NO_DIFF },
    { "max_pool2d", "large", { REAL(2, 28, 27, 35) }, IS(max_pool2d), .p = { [WINDOW] = 2 }, .flags = R_VALUE },
    { "sum_pool2d", "2 by 2", { REAL(1, 4, 4, 2) }, IS(sum_pool2d), .p = { [WINDOW] = 2 } },
    { "sum_pool2d", "overlapping and padded", { REAL(1, 4, 3, 1) }, IS(sum_pool2d), .p = { 1, 2, 0, 0, 1, 0, 1, 1, [WINDOW] = 3, 2 } },
    { "sum_pool2d", "large", { REAL(2, 28, 27, 35) }, IS(sum_pool2d), .p = { [WINDOW] = 3 }, .tol = 16, .flags = R_VALUE },
    { "avg_pool2d", "2 by 2", { REAL(1, 4, 4, 2) }, IS(avg_pool2d), .p = { [WINDOW] = 2 } },
    { "avg_pool2d", "padding counts", { REAL(1, 4, 3, 1) }, IS(avg_pool2d), .p = { 1, 2, 0, 0, 1, 0, 1, 1, [WINDOW] = 3, 2 } },
    { "max_pool2d_x", "2 by 2", { DISTINCT(1, 4, 4, 1), REAL(1, 2, 2, 1) }, IS(max_pool2d_x), .p = { [WINDOW] = 2 } },
    { "max_pool2d_x", "overlapping ties", { TIES(1, 5, 5, 2), REAL(1, 3, 3, 2) }, IS(max_pool2d_x), .p = { 1, [WINDOW] = 3 }, .flags = R_NO_DIFF },
    { "max_pool2d_y", "2 by 2", { DISTINCT(1, 4, 4, 1), REAL(1, 4, 4, 1) }, IS(max_pool2d_y), .p = { [WINDOW] = 2 } },
    { "max_pool2d_y", "overlapping ties", { TIES(1, 5, 5, 2), REAL(1, 5, 5, 2) }, IS(max_pool2d_y), .p = { 1, [WINDOW] = 3 }, .flags = R_NO_DIFF },
    { "sum_pool2d_x", "2 by 2", { REAL(1, 2, 2, 2), REAL(1, 4, 4, 2) }, IS(sum_pool2d_x), .p = { [WINDOW] = 2 } },
    { "sum_pool2d_x", "overlapping and padded", { REAL(1, 3, 2, 1), REAL(1, 4, 3, 1) }, IS(sum_pool2d_x), .p = { 1, 2, 0, 0, 1, 0, 1, 1, [WINDOW] = 3, 2 } },
};
const int n_rows_heavy = sizeof rows_heavy / sizeof *rows_heavy;
