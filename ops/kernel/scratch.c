/* scratch.c - scratch memory and units of work of products, convolutions and pools.
 * SPDX-License-Identifier: MIT
 */
#include "ops/kernel/scratch.h"

enum {
    TILE_BYTES = 256 << 10,         /* of gathered windows: a quarter of a second-level cache */
    TILE_MIN = 64, TILE_MAX = 512   /* pixels: enough to use a packed weight often, and too many */
};

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b)  { return a > b ? a : b; }
static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

int64_t tw__gemm_packed(tw_product p, int64_t size)
{
    const int64_t lane = 64 / size, k = smaller(p.k, TW_GEMM_KC(size));
    const int64_t columns = smaller(round_up(larger(p.m, p.n), lane), TW_GEMM_NC);
    return tw__gemm_packed_a(p, size) + columns * k + lane;
}

size_t tw__matmul_scratch(const tw_dims *a, const tw_dims *b, const tw_matmul_attr *t,
                          tw_dtype dtype)
{
    const int64_t size = (int64_t)tw_dtype_size(dtype);
    tw_product p = tw__matmul_product(a, b, t);
    for (int i = 0; i < a->n - 2; i++) p.m *= a->at[i];     /* a batch may run as one product */
    return (size_t)(tw__gemm_packed(p, size) * size);
}

int64_t tw__matmul_work(const tw_dims *a, const tw_dims *b, const tw_matmul_attr *t)
{
    int64_t units = tw__matmul_units(tw__matmul_product(a, b, t));
    for (int i = 0; i < a->n - 2; i++) units *= a->at[i];
    return units;
}

int64_t tw__conv_tile(int64_t window, int64_t size)
{
    const int64_t fit = TILE_BYTES / (tw__conv_pitch(window, size) * size);
    return larger(TILE_MIN, smaller(fit / 8 * 8, smaller(TILE_MAX, TW_GEMM_KC(size))));
}

static size_t tile_and_product(int64_t window, tw_product p, tw_dtype dtype)
{
    const int64_t size = (int64_t)tw_dtype_size(dtype);
    return (size_t)((tw__conv_tile_elements(window, size) + tw__gemm_packed(p, size)) * size);
}

static int64_t window_of(const tw_dims *w)
{
    return tw__taps_at(w, 0) * tw__taps_at(w, 1) * tw__taps_at(w, 2) * w->at[w->n - 2];
}
/* Lines of pixels along the last spatial axis, of all images. */
static int64_t lines_of(const tw_dims *y)  { return y->at[0] * tw__pixels_at(y, 0) * tw__pixels_at(y, 1); }
static int64_t pixels_of(const tw_dims *y) { return lines_of(y) * tw__pixels_at(y, 2); }
static int64_t filters_of(const tw_dims *w, const tw_conv_attr *t) { return w->at[w->n - 1] / t->groups; }

size_t tw__conv_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                          const tw_conv_attr *t, tw_dtype dtype)
{
    (void)x;
    const tw_product p = { .m = pixels_of(y), .n = filters_of(w, t), .k = window_of(w) };
    return tile_and_product(p.k, p, dtype);
}

/* Lines of pixels. */
int64_t tw__conv_work(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                        const tw_conv_attr *t)
{
    (void)x, (void)w, (void)t;
    return lines_of(y);
}

size_t tw__conv_x_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                            const tw_conv_attr *t, tw_dtype dtype)
{
    (void)x;
    const tw_product p = { .m = pixels_of(y), .n = window_of(w), .k = filters_of(w, t) };
    return tile_and_product(p.n, p, dtype);
}

/* Images: windows that overlap add to the same pixels, in a fixed order. */
int64_t tw__conv_x_work(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                          const tw_conv_attr *t)
{
    (void)w, (void)y, (void)t;
    return x->at[0];
}

size_t tw__conv_w_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                            const tw_conv_attr *t, tw_dtype dtype)
{
    (void)x;
    const tw_product p = { .m = window_of(w), .n = filters_of(w, t), .k = pixels_of(y) };
    return tile_and_product(p.m, p, dtype);
}

/* Blocks of 16 output channels within each group: sums run over all pixels. */
int64_t tw__conv_w_work(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                          const tw_conv_attr *t)
{
    (void)x, (void)y;
    return t->groups * ceil_div(filters_of(w, t), TW_CONV_W_COLUMNS);
}

int64_t tw__pool_work(const tw_dims *y)   { return lines_of(y); }
int64_t tw__pool_x_work(const tw_dims *x) { return x->at[0]; }
