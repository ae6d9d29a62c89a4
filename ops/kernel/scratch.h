/* scratch.h - scratch memory and units of work of products, convolutions and pools.
 *
 * Functions of shapes alone, the same for every instruction set: operation descriptors ask them,
 * and the kernels rely on the same constants. The scratch is that of one call on any range of the
 * work; calls that run at once need one each.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "core/op.h"
#include "ops/kernel/attrs.h"

/* The blocking of a product [m, k] x [k, n] (gemm_tmpl.h). KC decides the roundings: sums over k
 * run in blocks of so many terms. MC and NC bound what is packed at once: A in the second-level
 * cache, B there or in the third. */
#define TW_GEMM_KC(size) ((int64_t)(1536 / (size)))
enum {
    TW_GEMM_MC = 160,           /* rows of A packed at once */
    TW_GEMM_NC = 480,           /* columns of B packed at once: whole panels of any vectors */
    TW_GEMM_ROWS = 8,           /* rows, or */
    TW_GEMM_COLUMNS = 48,       /* columns, in a unit of work */
    TW_CONV_W_COLUMNS = 16      /* output channels in a unit of work of conv2d_w */
};

/* Shapes are those of the inputs, batch axes broadcast. */
size_t  tw__matmul_scratch(const tw_dims *a, const tw_dims *b, const tw_matmul_attr *t,
                           tw_dtype dtype);
int64_t tw__matmul_work(const tw_dims *a, const tw_dims *b, const tw_matmul_attr *t);

/* x [n, h, w, c], w [kh, kw, c / groups, o], y [n, oh, ow, o], whichever is the output. */
size_t  tw__conv2d_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                            const tw_conv_attr *t, tw_dtype dtype);
int64_t tw__conv2d_work(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                        const tw_conv_attr *t);
size_t  tw__conv2d_x_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                              const tw_conv_attr *t, tw_dtype dtype);
int64_t tw__conv2d_x_work(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                          const tw_conv_attr *t);
size_t  tw__conv2d_w_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                              const tw_conv_attr *t, tw_dtype dtype);
int64_t tw__conv2d_w_work(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                          const tw_conv_attr *t);

/* Pools: max_pool2d, max_pool2d_y and sum_pool2d split over the rows of their output, the
 * gradients max_pool2d_x and sum_pool2d_x over the images. No scratch. */
int64_t tw__pool2d_work(const tw_dims *y);
int64_t tw__pool2d_x_work(const tw_dims *x);

/* ---- shared by scratch.c and the kernels -------------------------------------------------- */

typedef struct tw_product { int64_t m, n, k; } tw_product;

/* The product in its logical shape, transposes applied. */
static inline tw_product tw__matmul_product(const tw_dims *a, const tw_dims *b,
                                            const tw_matmul_attr *t)
{
    const tw_product p = {
        .m = a->at[a->n - 2 + t->transpose_a],
        .k = a->at[a->n - 1 - t->transpose_a],
        .n = b->at[b->n - 1 - t->transpose_b],
    };
    return p;
}
/* Whether units of work are blocks of columns: where rows would leave threads without work. */
static inline bool tw__matmul_by_columns(tw_product p) { return p.n >= 4 * p.m; }
/* Units of work in one matrix of the batch. */
static inline int64_t tw__matmul_units(tw_product p)
{
    return tw__matmul_by_columns(p) ? (p.n + TW_GEMM_COLUMNS - 1) / TW_GEMM_COLUMNS
                                    : (p.m + TW_GEMM_ROWS - 1) / TW_GEMM_ROWS;
}
/* Elements from row to row in a tile of gathered windows of so many elements: an odd number of
 * cache lines, lest the rows compete for the same sets of the cache. */
static inline int64_t tw__conv2d_pitch(int64_t window, int64_t size)
{
    const int64_t lane = 64 / size;
    return ((window + lane - 1) / lane | 1) * lane;
}
/* Output pixels gathered at once. */
int64_t tw__conv2d_tile(int64_t window, int64_t size);
/* Elements of the tile, rounded to cache lines, with room for a vector written beyond its end. */
static inline int64_t tw__conv2d_tile_elements(int64_t window, int64_t size)
{
    return tw__conv2d_tile(window, size) * tw__conv2d_pitch(window, size) + 64 / size;
}
/* Elements of the packed block of A, and of both blocks. A product may run as its transpose, so
 * either operand may be the longer one. */
static inline int64_t tw__gemm_packed_a(tw_product p, int64_t size)
{
    const int64_t lane = 64 / size, k = p.k < TW_GEMM_KC(size) ? p.k : TW_GEMM_KC(size);
    const int64_t most = p.m > p.n ? p.m : p.n, rows = most < TW_GEMM_MC ? most : TW_GEMM_MC;
    return (rows * k + lane - 1) / lane * lane;
}
int64_t tw__gemm_packed(tw_product p, int64_t size);
/* A convolution with windows of one pixel, one to one: a matrix product as it lies. */
static inline bool tw__conv2d_pointwise(const tw_dims *w, const tw_conv_attr *t)
{
    return w->at[0] == 1 && w->at[1] == 1 && t->stride[0] == 1 && t->stride[1] == 1
        && !t->before[0] && !t->before[1] && !t->after[0] && !t->after[1];
}
