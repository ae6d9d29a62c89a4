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
    TW_CONV_W_COLUMNS = 16      /* output channels in a unit of work of conv_w */
};

/* Shapes are those of the inputs, batch axes broadcast. */
size_t  tw__matmul_scratch(const tw_dims *a, const tw_dims *b, const tw_matmul_attr *t,
                           tw_dtype dtype);
int64_t tw__matmul_work(const tw_dims *a, const tw_dims *b, const tw_matmul_attr *t);

/* x [n, spatial, c], w [window, c / groups, o], y [n, spatial, o], whichever is the output. */
size_t  tw__conv_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                            const tw_conv_attr *t, tw_dtype dtype);
int64_t tw__conv_work(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                        const tw_conv_attr *t);
size_t  tw__conv_x_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                              const tw_conv_attr *t, tw_dtype dtype);
int64_t tw__conv_x_work(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                          const tw_conv_attr *t);
size_t  tw__conv_w_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                              const tw_conv_attr *t, tw_dtype dtype);
int64_t tw__conv_w_work(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                          const tw_conv_attr *t);

/* Substitution: blocks of columns of one matrix. No scratch. */
enum { TW_TRIANGULAR_COLUMNS = 64 };
static inline int64_t tw__triangular_blocks(int64_t columns)
{
    return (columns + TW_TRIANGULAR_COLUMNS - 1) / TW_TRIANGULAR_COLUMNS;
}

/* Pools: max_pool, max_pool_y and sum_pool split over the rows of their output, the
 * gradients max_pool_x and sum_pool_x over the images. No scratch. */
int64_t tw__pool_work(const tw_dims *y);
int64_t tw__pool_x_work(const tw_dims *x);

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
static inline int64_t tw__conv_pitch(int64_t window, int64_t size)
{
    const int64_t lane = 64 / size;
    return ((window + lane - 1) / lane | 1) * lane;
}
/* Output pixels gathered at once. */
int64_t tw__conv_tile(int64_t window, int64_t size);
/* Elements of the tile, rounded to cache lines, with room for a vector written beyond its end. */
static inline int64_t tw__conv_tile_elements(int64_t window, int64_t size)
{
    return tw__conv_tile(window, size) * tw__conv_pitch(window, size) + 64 / size;
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
/* Sizes along the spatial axis k of three, of x or y [n, (d, (h,)) w, c] and of w [(kd, (kh,)) kw, c, o]:
 * 1 for those that are not there. */
static inline int64_t tw__pixels_at(const tw_dims *x, int k)
{
    const int i = x->n - 4 + k;
    return i >= 1 ? x->at[i] : 1;
}
static inline int64_t tw__taps_at(const tw_dims *w, int k)
{
    const int i = w->n - 5 + k;
    return i >= 0 ? w->at[i] : 1;
}
/* Terms that a convolution sums at once. */
#define TW_CONV_TERMS(size) (2 * TW_GEMM_KC(size))
/* A convolution with a channel in each group, in and out: depthwise_tmpl.h. */
static inline bool tw__conv_depthwise(const tw_dims *w, const tw_conv_attr *t)
{
    return w->at[w->n - 2] == 1 && w->at[w->n - 1] == t->groups && t->groups > 1;
}
/* A convolution with windows of one pixel, one to one: a matrix product as it lies. */
static inline bool tw__conv_pointwise(const tw_dims *w, const tw_conv_attr *t)
{
    for (int k = 0; k < 3; k++)
        if (tw__taps_at(w, k) != 1 || t->at.stride[k] != 1 || t->at.before[k] || t->at.after[k]) return false;
    return true;
}
/* A convolution whose tiles read the windows where they lie: direct_tmpl.h. Not of destinations with few channels, which
 * would waste lanes, nor of windows of one pixel, which need no copy as they are. */
static inline bool tw__conv_direct(const tw_dims *w, const tw_conv_attr *t, int64_t destination, int64_t size)
{
    return w->at[w->n - 2] > 0 && destination / t->groups * size >= 32 && !tw__conv_pointwise(w, t);
}
