/* scratch.c - scratch memory and units of work of products, convolutions and pools.
 * SPDX-License-Identifier: MIT
 */
#include "ops/kernel/taps.h"

enum {
    TILE_BYTES = 256 << 10,         /* of gathered windows: a quarter of a second-level cache */
    PANEL_BYTES = 192,              /* of one row of a panel: three of the longest vectors */
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

/* Of direct_tmpl.h: the table, the block, and so many packed elements of the right operand. */
static size_t direct(const tw_field *f, int64_t groups, int64_t packed, int64_t size)
{
    return (size_t)(tw__direct_table(f, groups) * (int64_t)sizeof(int64_t) + (tw__direct_block(f, size) + packed) * size);
}

/* w's elements, with the columns of each group filled up to whole cache lines. */
static int64_t packed_weights(const tw_field *f, int64_t groups, int64_t columns, int64_t size)
{
    const int64_t taps = f->taps[0].n * f->taps[1].n * f->taps[2].n;
    return groups * taps * (f->c / groups) * round_up(columns / groups, 64 / size);
}

size_t tw__conv_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                          const tw_conv_attr *t, tw_dtype dtype)
{
    const int64_t size = (int64_t)tw_dtype_size(dtype), o = w->at[w->n - 1];
    if (tw__conv_depthwise(w, t)) return 0;
    if (tw__conv_direct(w, t, o, size)) {
        tw_field f = tw__field_of_outputs(x, w, y, &t->at);
        tw__field_block(&f, y->at[0] * f.count[0], INT64_MAX, size);
        return direct(&f, t->groups, packed_weights(&f, t->groups, o, size), size);
    }
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

/* That of the class of pixels that needs most. */
static size_t direct_x(const tw_dims *x, const tw_dims *w, const tw_dims *y, const tw_conv_attr *t, int64_t size)
{
    size_t most = 0;
    int64_t r[3];
    for (r[0] = 0; r[0] < t->at.stride[0] && r[0] < tw__pixels_at(x, 0); r[0]++)
        for (r[1] = 0; r[1] < t->at.stride[1] && r[1] < tw__pixels_at(x, 1); r[1]++)
            for (r[2] = 0; r[2] < t->at.stride[2] && r[2] < tw__pixels_at(x, 2); r[2]++) {
                tw_field f = tw__field_of_inputs(x, w, y, &t->at, r);
                if (!f.taps[0].n || !f.taps[1].n || !f.taps[2].n) continue;
                tw__field_block(&f, x->at[0] * f.count[0], INT64_MAX, size);
                const size_t bytes = direct(&f, t->groups, packed_weights(&f, t->groups, x->at[x->n - 1], size), size);
                if (bytes > most) most = bytes;
            }
    return most;
}

size_t tw__conv_x_scratch(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                            const tw_conv_attr *t, tw_dtype dtype)
{
    const int64_t size = (int64_t)tw_dtype_size(dtype), c = x->at[x->n - 1];
    if (tw__conv_depthwise(w, t)) return 0;
    if (tw__conv_direct(w, t, c, size)) return direct_x(x, w, y, t, size);
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
    const int64_t size = (int64_t)tw_dtype_size(dtype), o = w->at[w->n - 1];
    if (tw__conv_depthwise(w, t)) return 0;
    if (tw__conv_direct(w, t, o, size)) {
        tw_field f = tw__field_of_outputs(x, w, y, &t->at);
        tw__field_block(&f, y->at[0] * f.count[0], TW_CONV_TERMS(size), size);
        return direct(&f, t->groups, f.slabs * f.lines * f.count[2] * PANEL_BYTES / size, size);
    }
    const tw_product p = { .m = window_of(w), .n = filters_of(w, t), .k = pixels_of(y) };
    return tile_and_product(p.m, p, dtype);
}

/* Blocks of 16 output channels, within each group if they are more than one: sums run over all pixels. */
int64_t tw__conv_w_work(const tw_dims *x, const tw_dims *w, const tw_dims *y,
                          const tw_conv_attr *t)
{
    (void)x, (void)y;
    if (tw__conv_depthwise(w, t)) return ceil_div(t->groups, TW_CONV_W_COLUMNS);
    return t->groups * ceil_div(filters_of(w, t), TW_CONV_W_COLUMNS);
}

int64_t tw__pool_work(const tw_dims *y)   { return lines_of(y); }
int64_t tw__pool_x_work(const tw_dims *x) { return x->at[0]; }
