/* window.c - strides, padding and the number of windows, for convolutions and pools over x [n, spatial axes, c].
 *
 * Spatial axes are one to three, and triples hold them at their end: one axis is {1, 1, v}, so that
 * kernels see three axes always.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/scratch.h"

bool tw__triple(const tw_loc *at, const char *op, tw_node *x, const char *what, const int v[3], int axes, int otherwise,
                int32_t out[3])
{
    out[0] = out[1] = 1;
    for (int k = 0; k < axes; k++) {
        int32_t *to = &out[3 - axes + k];
        *to = v[k] ? v[k] : v[0] ? v[0] : otherwise;
        if (*to < 1)
            return tw_fail(x->cx, TW_EARG, op, at, ".%s is {%d, %d, %d}: name it, 1 or more", what, v[0], v[1], v[2]), false;
    }
    for (int k = axes; k < 3; k++)
        if (v[k])
            return tw_fail(x->cx, TW_EARG, op, at, ".%s has more than %d numbers", what, axes), false;
    return true;
}

int64_t tw__windows(int64_t in, int64_t before, int64_t after, int64_t extent, int64_t stride)
{
    const int64_t spare = in + before + after - extent;
    return spare < 0 ? 0 : spare / stride + 1;
}

/* The output is the input divided by the stride, rounded up; of an odd padding the greater half comes after. */
static void same(int64_t in, int64_t extent, int64_t stride, int32_t *before, int32_t *after)
{
    const int64_t out = (in + stride - 1) / stride;
    int64_t total = (out - 1) * stride + extent - in;
    if (total < 0 || in == 0) total = 0;
    *before = (int32_t)(total / 2);
    *after = (int32_t)(total - total / 2);
}

bool tw__padding(const tw_loc *at, const char *op, tw_node *x, tw_padding padding, int axes, const int64_t in[3],
                 const int64_t extent[3], tw_window *w)
{
    const int n = padding.n, *p = padding.at;
    if (n != -1 && n != 0 && n != 1 && n != axes && n != 2 * axes) {
        if (axes == 1) tw_fail(x->cx, TW_EARG, op, at, "TW_PAD of %d numbers: 1 or 2 of them", n);
        else tw_fail(x->cx, TW_EARG, op, at, "TW_PAD of %d numbers: 1, %d or %d of them", n, axes, 2 * axes);
        return false;
    }
    for (int k = 3 - axes, i = 0; k < 3; k++, i++) {
        if (n == -1) same(in[k], extent[k], w->stride[k], &w->before[k], &w->after[k]);
        else if (n == 2 * axes) w->before[k] = p[2 * i], w->after[k] = p[2 * i + 1];
        else if (n) w->before[k] = w->after[k] = p[n == 1 ? 0 : i];
        if (w->before[k] < 0 || w->after[k] < 0)
            return tw_fail(x->cx, TW_EARG, op, at, "padding %d, %d along axis %d", w->before[k], w->after[k], 1 + i), false;
    }
    return true;
}

bool tw__windows_fit(const tw_loc *at, const char *op, tw_node *x, int axes, const int64_t in[3], const int64_t extent[3],
                     const tw_window *w)
{
    for (int k = 3 - axes; k < 3; k++)
        if (tw__windows(in[k], w->before[k], w->after[k], extent[k], w->stride[k]) < 1)
            return tw_fail(x->cx, TW_ESHAPE, op, at, "a window of %lld does not fit axis %d of size %lld padded by %d, %d",
                           (long long)extent[k], k - 2 + axes, (long long)in[k], w->before[k], w->after[k]), false;
    return true;
}

bool tw__images(const tw_loc *at, const char *op, tw_node *x, int axes)
{
    static const char *const shapes[] = { "[batch, length, channels]", "[batch, height, width, channels]",
                                          "[batch, depth, height, width, channels]" };
    if (x->shape->n == axes + 2) return tw__need_float(at, op, x);
    return tw_fail(x->cx, TW_ESHAPE, op, at, "x has rank %d: %s has %d", x->shape->n, shapes[axes - 1], axes + 2), false;
}

void tw__pixels(const tw_dims *x, int64_t out[3])
{
    for (int k = 0; k < 3; k++) out[k] = tw__pixels_at(x, k);
}

int tw__triple_label(const char *name, const int32_t v[3], int axes, char *text, size_t size)
{
    int used = snprintf(text, size, "%s", name);
    for (int k = 3 - axes; k < 3 && used >= 0 && (size_t)used < size; k++)
        used += snprintf(text + used, size - (size_t)used, " %d", v[k]);
    return used;
}
