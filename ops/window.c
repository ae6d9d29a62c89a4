/* window.c - strides, padding and the number of windows, for convolutions and pools over x [n, h, w, c]. */
#include "ops/ops_impl.h"

bool tw__pair(const tw_loc *at, const char *op, tw_node *x, const char *what, const int v[2], int otherwise,
              int32_t out[2])
{
    out[0] = v[0] ? v[0] : otherwise;
    out[1] = v[1] ? v[1] : out[0];
    if (out[0] >= 1 && out[1] >= 1) return true;
    tw_fail(x->cx, TW_EARG, op, at, ".%s is {%d, %d}: name it, 1 or more", what, out[0], out[1]);
    return false;
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

bool tw__padding(const tw_loc *at, const char *op, tw_node *x, tw_padding padding, const int64_t extent[2],
                 const int32_t stride[2], int32_t before[2], int32_t after[2])
{
    const int *p = padding.at;
    switch (padding.n) {
    case -1:
        for (int k = 0; k < 2; k++) same(x->shape->at[1 + k], extent[k], stride[k], &before[k], &after[k]);
        break;
    case 0:
        before[0] = before[1] = after[0] = after[1] = 0;
        break;
    case 1:
        before[0] = before[1] = after[0] = after[1] = p[0];
        break;
    case 2:
        before[0] = after[0] = p[0], before[1] = after[1] = p[1];
        break;
    case 4:
        before[0] = p[0], after[0] = p[1], before[1] = p[2], after[1] = p[3];
        break;
    default:
        tw_fail(x->cx, TW_EARG, op, at, "TW_PAD of %d numbers: 1, 2 or 4 of them", padding.n);
        return false;
    }
    for (int k = 0; k < 2; k++) {
        if (before[k] < 0 || after[k] < 0)
            return tw_fail(x->cx, TW_EARG, op, at, "padding %d, %d along axis %d", before[k], after[k], 1 + k), false;
        const int64_t in = x->shape->at[1 + k];
        if (tw__windows(in, before[k], after[k], extent[k], stride[k]) < 1)
            return tw_fail(x->cx, TW_ESHAPE, op, at, "a window of %lld does not fit axis %d of size %lld padded by %d, %d",
                           (long long)extent[k], 1 + k, (long long)in, before[k], after[k]), false;
    }
    return true;
}
