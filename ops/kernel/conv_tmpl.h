/* conv_tmpl.h - the three convolutions of one trilinear form, as matrix products.
 *
 *    f(x, w, y) = sum x[n, p*stride + k*dilation - before, c] w[k, c, o] y[n, p, o]
 *
 * over three spatial axes, of which images have the last two and sequences the last.
 *
 * Let row p of X be the window of x that output pixel p sees, taps and channels in the order of w.
 *     conv      y  = X w             windows are gathered, a tile of pixels at a time
 *     conv_w    gw = X' gy           the same tiles; their products are added in order
 *     conv_x    X += gy w'           tiles of gy w' are added to gx, window by window, in order
 * A tile of some 200 windows fits the second-level cache, next to the weights, so the copy costs a
 * few per cent of the product and X never exists as a whole. Channels come last: a row of a window
 * is one run of memory. With windows of one pixel X is x itself and nothing is copied.
 * Groups are products of their own, of narrow columns. Those of a single channel are depthwise_tmpl.h's, and where
 * there are channels enough in the result direct_tmpl.h reads the windows as they lie: what is left here are windows of
 * one pixel, and results of few channels.
 */
#include "ops/kernel/depthwise_tmpl.h"
#include "ops/kernel/direct_tmpl.h"

struct FN(conv) {
    int64_t in[3], taps[3], out[3];         /* sizes of x, of the weights, of y */
    int64_t c, o;                           /* channels of x and y */
    int64_t cg, og;                         /* channels of a group, in and out */
    int64_t groups, size_x, pixels;         /* elements of x; rows of X */
    int64_t plane, line;                    /* elements of x from one to the next along the first two axes */
    int64_t stride[3], dilation[3], before[3];
    int64_t window, pitch, tile;            /* elements, from one to the next; windows in a tile */
    bool    pointwise;
    T      *scratch, *gathered;             /* for the product; the tile */
};

static struct FN(conv) FN(conv_of)(const tw_call *call, const tw_dims *x, const tw_dims *w,
                                   const tw_dims *y)
{
    const tw_conv_attr *t = call->attr;
    struct FN(conv) g = {
        .c = x->at[x->n - 1], .o = y->at[y->n - 1],
        .cg = w->at[w->n - 2], .og = y->at[y->n - 1] / t->groups, .groups = t->groups,
        .size_x = x->count, .pixels = y->at[0], .window = w->at[w->n - 2],
        .pointwise = tw__conv_pointwise(w, t),
    };
    for (int k = 0; k < 3; k++) {
        g.in[k] = tw__pixels_at(x, k), g.taps[k] = tw__taps_at(w, k), g.out[k] = tw__pixels_at(y, k);
        g.stride[k] = t->at.stride[k], g.dilation[k] = t->at.dilation[k], g.before[k] = t->at.before[k];
        g.window *= g.taps[k];
        g.pixels *= g.out[k];
    }
    g.line = g.in[2] * g.c;
    g.plane = g.in[1] * g.line;
    g.pitch = tw__conv_pitch(g.window, BITS / 8);
    g.tile = tw__conv_tile(g.window, BITS / 8);
    g.gathered = call->scratch;
    g.scratch = g.gathered + tw__conv_tile_elements(g.window, BITS / 8);
    return g;
}

/* ---- windows ------------------------------------------------------------------------------ */

/* Copies n elements; writes whole vectors (short ones where they suffice: long ones straddle cache
 * lines), beyond n, which what comes next in the tile overwrites. `room` elements can be read. */
TW_INLINE void FN(put)(T *to, const T *from, int64_t n, int64_t room)
{
    enum { SHORT = 16 / sizeof(T) };
    if (n <= SHORT && SHORT <= room) {
        memcpy(to, from, SHORT * sizeof(T));
        return;
    }
    for (int64_t i = 0; i < n; i += VL)
        FN(st)(to + i, i + VL <= room ? FN(ld)(from + i)
                                      : FN(ldn)(from + i, FN(least)(n - i, VL), 0));
}

TW_INLINE void FN(put_zeros)(T *to, int64_t n)
{
    for (int64_t i = 0; i < n; i += 16 / (int64_t)sizeof(T)) memset(to + i, 0, 16);
}

TW_INLINE void FN(accumulate)(T *to, const T *from, int64_t n)
{
    int64_t i = 0;
    for (; i + VL <= n; i += VL) FN(st)(to + i, FN(ld)(to + i) + FN(ld)(from + i));
    for (; i < n; i++) to[i] += from[i];
}

/* Whether a row of a window is one run of memory, where it lies inside of the image. */
TW_INLINE bool FN(in_runs)(const struct FN(conv) *g)
{
    return g->groups == 1 && g->dilation[2] == 1;
}

/* Output pixels [first, last) of a line of them: the place in x of the first tap of the line's first pixel, whether
 * inside or not. */
struct FN(strip) { int64_t image, at[3], first, last; };

/* The strip that begins at output pixel p, of at most n pixels; x's channels from those of the group on. */
TW_INLINE struct FN(strip) FN(strip_at)(const struct FN(conv) *g, int64_t group, int64_t p, int64_t n)
{
    const int64_t line = p / g->out[2], plane = line / g->out[1], image = plane / g->out[0];
    const int64_t first = p - line * g->out[2];
    return (struct FN(strip)){
        .image = image * g->in[0] * g->plane + group * g->cg,
        .at = { (plane - image * g->out[0]) * g->stride[0] - g->before[0],
                (line - plane * g->out[1]) * g->stride[1] - g->before[1], -g->before[2] },
        .first = first, .last = FN(least)(g->out[2], first + n),
    };
}

/* Where line (kz, ky) of the windows of a strip begins in x; negative when it is outside. */
TW_INLINE int64_t FN(line_at)(const struct FN(conv) *g, const struct FN(strip) *s, int64_t kz, int64_t ky)
{
    const int64_t iz = s->at[0] + kz * g->dilation[0], iy = s->at[1] + ky * g->dilation[1];
    if (iz < 0 || iz >= g->in[0] || iy < 0 || iy >= g->in[1]) return -1;
    return s->image + iz * g->plane + iy * g->line;
}

#define LINES(g, kz, ky) \
    for (int64_t kz = 0; kz < (g)->taps[0]; kz++) \
        for (int64_t ky = 0; ky < (g)->taps[1]; ky++)

/* The window whose first tap has the place `left` along the last axis, tap by tap. */
static void FN(gather_taps)(const struct FN(conv) *g, const struct FN(strip) *s, const T *x, int64_t left, T *to)
{
    LINES(g, kz, ky) {
        const int64_t line = FN(line_at)(g, s, kz, ky);
        for (int64_t kx = 0; kx < g->taps[2]; kx++, to += g->cg) {
            const int64_t ix = left + kx * g->dilation[2], at = line + ix * g->c;
            if (line < 0 || ix < 0 || ix >= g->in[2]) FN(put_zeros)(to, g->cg);
            else FN(put)(to, x + at, g->cg, g->size_x - at);
        }
    }
}

/* The same by runs of kw * c elements, `left` elements from the line's begin; those of a window
 * that is not inside are cut at the line's ends. */
TW_INLINE void FN(gather_runs)(const struct FN(conv) *g, const struct FN(strip) *s, const T *x, int64_t left,
                               bool inside, T *to)
{
    const int64_t run = g->taps[2] * g->c;
    const int64_t first = inside || left >= 0 ? 0 : FN(least)(run, -left);
    const int64_t last = inside ? run : FN(least)(run, g->line - left);
    LINES(g, kz, ky) {
        const int64_t line = FN(line_at)(g, s, kz, ky), at = line + left + first;
        if (line < 0 || first >= last) {
            FN(put_zeros)(to, run);
        } else {
            if (!inside) FN(put_zeros)(to, first);
            FN(put)(to + first, x + at, last - first, g->size_x - at);
            if (!inside) FN(put_zeros)(to + last, run - last);
        }
        to += run;
    }
}

/* The windows of a strip. */
static void FN(gather_strip)(const struct FN(conv) *of, const struct FN(strip) *strip, const T *x, T *to)
{
    const struct FN(conv) g = *of;      /* copies, which no store to the tile can change */
    const struct FN(strip) s = *strip;
    const int64_t inside = (g.in[2] - g.taps[2]) * g.c;
    const bool runs = FN(in_runs)(&g);
    for (int64_t ox = s.first; ox < s.last; ox++, to += g.pitch) {
        const int64_t ix = s.at[2] + ox * g.stride[2], left = ix * g.c;
        if (!runs) FN(gather_taps)(&g, &s, x, ix, to);
        else if (left >= 0 && left <= inside) FN(gather_runs)(&g, &s, x, left, true, to);
        else FN(gather_runs)(&g, &s, x, left, false, to);
    }
}

/* Adds a window back to where gather_taps found it. */
static void FN(scatter_taps)(const struct FN(conv) *g, const struct FN(strip) *s, T *x, int64_t left, const T *from)
{
    LINES(g, kz, ky) {
        const int64_t line = FN(line_at)(g, s, kz, ky);
        for (int64_t kx = 0; kx < g->taps[2]; kx++, from += g->cg) {
            const int64_t ix = left + kx * g->dilation[2];
            if (line >= 0 && ix >= 0 && ix < g->in[2]) FN(accumulate)(x + line + ix * g->c, from, g->cg);
        }
    }
}

static void FN(scatter_runs)(const struct FN(conv) *g, const struct FN(strip) *s, T *x, int64_t left, const T *from)
{
    const int64_t run = g->taps[2] * g->c;
    const int64_t first = FN(least)(run, left < 0 ? -left : 0), last = FN(least)(run, g->line - left);
    LINES(g, kz, ky) {
        const int64_t line = FN(line_at)(g, s, kz, ky);
        if (line >= 0 && first < last) FN(accumulate)(x + line + left + first, from + first, last - first);
        from += run;
    }
}

/* Gathers the windows of pixels [at, at + n) into the tile. */
static void FN(gather_tile)(const struct FN(conv) *g, const T *x, int64_t group,
                            int64_t at, int64_t n)
{
    T *to = g->gathered;
    for (int64_t p = at; p < at + n;) {
        const struct FN(strip) s = FN(strip_at)(g, group, p, at + n - p);
        FN(gather_strip)(g, &s, x, to);
        to += (s.last - s.first) * g->pitch;
        p += s.last - s.first;
    }
}

/* Adds the tile's windows to those pixels of x. */
static void FN(scatter_tile)(const struct FN(conv) *g, T *x, int64_t group,
                             int64_t at, int64_t n)
{
    const T *from = g->gathered;
    const bool runs = FN(in_runs)(g);
    for (int64_t p = at; p < at + n;) {
        const struct FN(strip) s = FN(strip_at)(g, group, p, at + n - p);
        for (int64_t ox = s.first; ox < s.last; ox++, from += g->pitch) {
            const int64_t ix = s.at[2] + ox * g->stride[2];
            if (runs) FN(scatter_runs)(g, &s, x, ix * g->c, from);
            else FN(scatter_taps)(g, &s, x, ix, from);
        }
        p += s.last - s.first;
    }
}

/* ---- kernels ------------------------------------------------------------------------------ */

/* n windows from pixel `at` on, as the left operand: gathered, or as they lie. */
static struct FN(gemm) FN(windows)(const struct FN(conv) *g, const T *x, int64_t group,
                                   int64_t at, int64_t n)
{
    struct FN(gemm) product = {
        .m = n, .k = g->window, .scratch = g->scratch,
        .a = g->gathered, .ars = g->pitch, .acs = 1,
    };
    if (g->pointwise) {
        product.a = x + at * g->c + group * g->cg;
        product.ars = g->c;
    } else {
        FN(gather_tile)(g, x, group, at, n);
    }
    return product;
}

static int64_t FN(conv)(const tw_call *c)
{
    if (tw__conv_depthwise(c->in[1].shape, c->attr)) {
        FN(depthwise)(c);
        return -1;
    }
    if (tw__conv_direct(c->in[1].shape, c->attr, c->out->shape->at[c->out->shape->n - 1], BITS / 8)) {
        FN(direct)(c, c->lo, c->hi);
        return -1;
    }
    const struct FN(conv) g = FN(conv_of)(c, c->in[0].shape, c->in[1].shape, c->out->shape);
    const T *x = c->in[0].data, *w = c->in[1].data;
    T *y = c->out->data;
    const int64_t end = c->hi * g.out[2], step = g.pointwise ? g.pixels : g.tile;

    for (int64_t at = c->lo * g.out[2]; at < end; at += step)
        for (int64_t group = 0; group < g.groups; group++) {
            struct FN(gemm) product = FN(windows)(&g, x, group, at, FN(least)(step, end - at));
            product.n = g.og;
            product.b = w + group * g.og;
            product.brs = g.o;
            product.bcs = 1;
            product.c = y + at * g.o + group * g.og;
            product.crs = g.o;
            product.ccs = 1;
            FN(gemm)(&product);
        }
    return -1;
}

/* Columns [from, to) of one group's weights: the sum over all pixels, tile by tile. */
static void FN(conv_w_columns)(const struct FN(conv) *g, const T *x, const T *gy, T *gw,
                                 int64_t group, int64_t from, int64_t to)
{
    const int64_t step = g->pointwise ? g->pixels : g->tile, column = group * g->og + from;
    int64_t at = 0;
    do {
        const int64_t n = FN(least)(step, g->pixels - at);
        const struct FN(gemm) windows = FN(windows)(g, x, group, at, n);
        FN(gemm)(&(struct FN(gemm)){
            .m = g->window, .n = to - from, .k = n, .add = at > 0, .scratch = g->scratch,
            .a = windows.a, .ars = 1, .acs = windows.ars,
            .b = gy + at * g->o + column, .brs = g->o, .bcs = 1,
            .c = gw + column, .crs = g->o, .ccs = 1,
        });
        at += step;
    } while (at < g->pixels);
}

static int64_t FN(conv_w)(const tw_call *c)
{
    if (tw__conv_depthwise(c->out->shape, c->attr)) {
        FN(depthwise_w)(c, c->lo * TW_CONV_W_COLUMNS, FN(least)(c->hi * TW_CONV_W_COLUMNS, c->out->shape->at[c->out->shape->n - 1]));
        return -1;
    }
    const struct FN(conv) g = FN(conv_of)(c, c->in[0].shape, c->out->shape, c->in[1].shape);
    const bool direct = tw__conv_direct(c->out->shape, c->attr, g.o, BITS / 8);
    const int64_t units = (g.og + TW_CONV_W_COLUMNS - 1) / TW_CONV_W_COLUMNS;
    for (int64_t unit = c->lo; unit < c->hi;) {
        const int64_t group = unit / units, next = FN(least)(c->hi, (group + 1) * units);
        if (direct)
            FN(direct_w)(c, group, (unit - group * units) * TW_CONV_W_COLUMNS,
                         FN(least)(g.og, (next - group * units) * TW_CONV_W_COLUMNS));
        else FN(conv_w_columns)(&g, c->in[0].data, c->in[1].data, c->out->data, group,
                             (unit - group * units) * TW_CONV_W_COLUMNS,
                             FN(least)(g.og, (next - group * units) * TW_CONV_W_COLUMNS));
        unit = next;
    }
    return -1;
}

static int64_t FN(conv_x)(const tw_call *c)
{
    if (tw__conv_depthwise(c->in[1].shape, c->attr)) {
        FN(depthwise_x)(c);
        return -1;
    }
    if (tw__conv_direct(c->in[1].shape, c->attr, c->out->shape->at[c->out->shape->n - 1], BITS / 8)) {
        FN(direct_x)(c, c->lo, c->hi);
        return -1;
    }
    const struct FN(conv) g = FN(conv_of)(c, c->out->shape, c->in[1].shape, c->in[0].shape);
    const T *gy = c->in[0].data, *w = c->in[1].data;
    T *gx = c->out->data;
    const int64_t image = g.in[0] * g.plane, pixels = g.out[0] * g.out[1] * g.out[2], end = c->hi * pixels;
    const int64_t step = g.pointwise ? g.pixels : g.tile;

    if (!g.pointwise) memset(gx + c->lo * image, 0, (size_t)((c->hi - c->lo) * image) * sizeof(T));
    for (int64_t at = c->lo * pixels; at < end; at += step)
        for (int64_t group = 0; group < g.groups; group++) {
            const int64_t n = FN(least)(step, end - at);
            FN(gemm)(&(struct FN(gemm)){
                .m = n, .n = g.window, .k = g.og, .scratch = g.scratch,
                .a = gy + at * g.o + group * g.og, .ars = g.o, .acs = 1,
                .b = w + group * g.og, .brs = 1, .bcs = g.o,
                .c = g.pointwise ? gx + at * g.c + group * g.cg : g.gathered,
                .crs = g.pointwise ? g.c : g.pitch, .ccs = 1,
            });
            if (!g.pointwise) FN(scatter_tile)(&g, gx, group, at, n);
        }
    return -1;
}
#undef LINES
#undef MR
#undef NV
#undef KC
#undef UNROLL
