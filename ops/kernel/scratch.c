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

int64_t tw__conv2d_tile(int64_t window, int64_t size)
{
    const int64_t fit = TILE_BYTES / (tw__conv2d_pitch(window, size) * size);
    return larger(TILE_MIN, smaller(fit / 8 * 8, smaller(TILE_MAX, TW_GEMM_KC(size))));
}

static size_t tile_and_product(int64_t window, tw_product p, tw_dtype dtype)
{
    const int64_t size = (int64_t)tw_dtype_size(dtype);
    return (size_t)((tw__conv2d_tile_elements(window, size) + tw__gemm_packed(p, size)) * size);
}

static int64_t window_of(const tw_dims *w) { return w->at[0] * w->at[1] * w->at[2]; }
static int64_t pixels_of(const tw_dims *y) { return y->at[0] * y->at[1] * y->at[2]; }

size_t tw__conv2d_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                          const tw_conv_attr *t, tw_dtype dtype)
{
    (void)x;
    const tw_product p = { .m = pixels_of(y), .n = w->at[3] / t->groups, .k = window_of(w) };
    return tile_and_product(p.k, p, dtype);
}

/* Rows of pixels. */
int64_t tw__conv2d_work(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                        const tw_conv_attr *t)
{
    (void)x, (void)w, (void)t;
    return y->at[0] * y->at[1];
}

size_t tw__conv2d_x_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                            const tw_conv_attr *t, tw_dtype dtype)
{
    (void)x;
    const tw_product p = { .m = pixels_of(y), .n = window_of(w), .k = w->at[3] / t->groups };
    return tile_and_product(p.n, p, dtype);
}

/* Images: windows that overlap add to the same pixels, in a fixed order. */
int64_t tw__conv2d_x_work(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                          const tw_conv_attr *t)
{
    (void)w, (void)y, (void)t;
    return x->at[0];
}

size_t tw__conv2d_w_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                            const tw_conv_attr *t, tw_dtype dtype)
{
    (void)x;
    const tw_product p = { .m = window_of(w), .n = w->at[3] / t->groups, .k = pixels_of(y) };
    return tile_and_product(p.m, p, dtype);
}

/* Blocks of 16 output channels within each group: sums run over all pixels. */
int64_t tw__conv2d_w_work(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                          const tw_conv_attr *t)
{
    (void)x, (void)y;
    return t->groups * ceil_div(w->at[3] / t->groups, TW_CONV_W_COLUMNS);
}

int64_t tw__pool2d_work(const tw_dims *y)   { return y->at[0] * y->at[1]; }
int64_t tw__pool2d_x_work(const tw_dims *x) { return x->at[0]; }
