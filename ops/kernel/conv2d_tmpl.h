/* conv2d_tmpl.h - the three convolutions of one trilinear form, as matrix products.
 *
 *    f(x, w, y) = sum x[n, oy*stride + ky*dilation - before, .., c] w[ky, .., c, o] y[n, oy, .., o]
 *
 * Let row p of X be the window of x that output pixel p sees, taps and channels in the order of w.
 *     conv2d      y  = X w             windows are gathered, a tile of pixels at a time
 *     conv2d_w    gw = X' gy           the same tiles; their products are added in order
 *     conv2d_x    X += gy w'           tiles of gy w' are added to gx, window by window, in order
 * A tile of some 200 windows fits the second-level cache, next to the weights, so the copy costs a
 * few per cent of the product and X never exists as a whole. Channels come last: a row of a window
 * is one run of memory. With windows of one pixel X is x itself and nothing is copied.
 * Groups are products of their own, of narrow columns.
 */
struct FN(conv) {
    int64_t h, w, c, kh, kw, o, oh, ow;     /* of x, of the weights, of y */
    int64_t cg, og;                         /* channels of a group, in and out */
    int64_t groups, size_x, pixels;         /* elements of x; rows of X */
    int64_t stride[2], dilation[2], before[2];
    int64_t window, pitch, tile;            /* elements, from one to the next; windows in a tile */
    bool    pointwise;
    T      *scratch, *gathered;             /* for the product; the tile */
};

static struct FN(conv) FN(conv_of)(const tw_call *call, const tw_dims *x, const tw_dims *w,
                                   const tw_dims *y)
{
    const tw_conv_attr *t = call->attr;
    const int64_t window = w->at[0] * w->at[1] * w->at[2], size = BITS / 8;
    T *const scratch = call->scratch;
    return (struct FN(conv)){
        .h = x->at[1], .w = x->at[2], .c = x->at[3], .kh = w->at[0], .kw = w->at[1],
        .o = w->at[3], .oh = y->at[1], .ow = y->at[2],
        .cg = w->at[2], .og = w->at[3] / t->groups,
        .groups = t->groups,
        .size_x = x->at[0] * x->at[1] * x->at[2] * x->at[3],
        .pixels = y->at[0] * y->at[1] * y->at[2],
        .stride = { t->stride[0], t->stride[1] }, .dilation = { t->dilation[0], t->dilation[1] },
        .before = { t->before[0], t->before[1] },
        .window = window,
        .pitch = tw__conv2d_pitch(window, size), .tile = tw__conv2d_tile(window, size),
        .pointwise = tw__conv2d_pointwise(w, t),
        .gathered = scratch, .scratch = scratch + tw__conv2d_tile_elements(window, size),
    };
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
    return g->groups == 1 && g->dilation[1] == 1;
}

/* The window of output pixel (oy, ox) of the image that begins at element `image` of x. */
static void FN(gather_taps)(const struct FN(conv) *g, const T *x, int64_t image,
                            int64_t oy, int64_t ox, T *to)
{
    for (int64_t ky = 0; ky < g->kh; ky++)
        for (int64_t kx = 0; kx < g->kw; kx++, to += g->cg) {
            const int64_t iy = oy * g->stride[0] - g->before[0] + ky * g->dilation[0];
            const int64_t ix = ox * g->stride[1] - g->before[1] + kx * g->dilation[1];
            const int64_t at = image + (iy * g->w + ix) * g->c;
            if (iy < 0 || iy >= g->h || ix < 0 || ix >= g->w) FN(put_zeros)(to, g->cg);
            else FN(put)(to, x + at, g->cg, g->size_x - at);
        }
}

/* The same by runs of kw * c elements, `left` elements from the line's begin; those of a window
 * that is not inside are cut at the line's ends. */
TW_INLINE void FN(gather_runs)(const struct FN(conv) *g, const T *x, int64_t image,
                               int64_t top, int64_t left, bool inside, T *to)
{
    const int64_t kh = g->kh, h = g->h, dilation = g->dilation[0];
    const int64_t run = g->kw * g->c, line = g->w * g->c;
    const int64_t first = inside || left >= 0 ? 0 : FN(least)(run, -left);
    const int64_t last = inside ? run : FN(least)(run, line - left);
    for (int64_t ky = 0; ky < kh; ky++, to += run) {
        const int64_t iy = top + ky * dilation, at = image + iy * line + left + first;
        if (iy < 0 || iy >= h || first >= last) {
            FN(put_zeros)(to, run);
            continue;
        }
        if (!inside) FN(put_zeros)(to, first);
        FN(put)(to + first, x + at, last - first, g->size_x - at);
        if (!inside) FN(put_zeros)(to + last, run - last);
    }
}

/* The windows of output pixels [first, last) of row oy. */
static void FN(gather_row)(const struct FN(conv) *of, const T *x, int64_t image, int64_t oy,
                           int64_t first, int64_t last, T *to)
{
    const struct FN(conv) g = *of;      /* a copy, which no store to the tile can change */
    const int64_t inside = (g.w - g.kw) * g.c;
    const bool runs = FN(in_runs)(&g);
    const int64_t top = oy * g.stride[0] - g.before[0], step = g.stride[1] * g.c;
    int64_t left = first * step - g.before[1] * g.c;
    for (int64_t ox = first; ox < last; ox++, left += step, to += g.pitch) {
        if (!runs) FN(gather_taps)(of, x, image, oy, ox, to);
        else if (left >= 0 && left <= inside) FN(gather_runs)(&g, x, image, top, left, true, to);
        else FN(gather_runs)(&g, x, image, top, left, false, to);
    }
}

/* Adds a window back to where gather_taps found it. */
static void FN(scatter_taps)(const struct FN(conv) *g, T *x, int64_t image,
                             int64_t oy, int64_t ox, const T *from)
{
    for (int64_t ky = 0; ky < g->kh; ky++)
        for (int64_t kx = 0; kx < g->kw; kx++, from += g->cg) {
            const int64_t iy = oy * g->stride[0] - g->before[0] + ky * g->dilation[0];
            const int64_t ix = ox * g->stride[1] - g->before[1] + kx * g->dilation[1];
            if (iy < 0 || iy >= g->h || ix < 0 || ix >= g->w) continue;
            FN(accumulate)(x + image + (iy * g->w + ix) * g->c, from, g->cg);
        }
}

static void FN(scatter_runs)(const struct FN(conv) *g, T *x, int64_t image,
                             int64_t oy, int64_t ox, const T *from)
{
    const int64_t run = g->kw * g->c, line = g->w * g->c;
    const int64_t top = oy * g->stride[0] - g->before[0];
    const int64_t left = (ox * g->stride[1] - g->before[1]) * g->c;
    const int64_t first = FN(least)(run, left < 0 ? -left : 0), last = FN(least)(run, line - left);
    for (int64_t ky = 0; ky < g->kh; ky++, from += run) {
        const int64_t iy = top + ky * g->dilation[0];
        if (iy < 0 || iy >= g->h || first >= last) continue;
        FN(accumulate)(x + image + iy * line + left + first, from + first, last - first);
    }
}

/* Gathers the windows of pixels [at, at + n) into the tile. */
static void FN(gather_tile)(const struct FN(conv) *g, const T *x, int64_t group,
                            int64_t at, int64_t n)
{
    T *to = g->gathered;
    for (int64_t p = at; p < at + n;) {
        const int64_t row = p / g->ow, first = p - row * g->ow;
        const int64_t last = FN(least)(g->ow, first + at + n - p);
        const int64_t image = row / g->oh * g->h * g->w * g->c + group * g->cg;
        FN(gather_row)(g, x, image, row % g->oh, first, last, to);
        to += (last - first) * g->pitch;
        p += last - first;
    }
}

/* Adds the tile's windows to those pixels of x. */
static void FN(scatter_tile)(const struct FN(conv) *g, T *x, int64_t group,
                             int64_t at, int64_t n)
{
    const T *from = g->gathered;
    const bool runs = FN(in_runs)(g);
    for (int64_t p = at; p < at + n;) {
        const int64_t row = p / g->ow, first = p - row * g->ow;
        const int64_t last = FN(least)(g->ow, first + at + n - p);
        const int64_t image = row / g->oh * g->h * g->w * g->c + group * g->cg, oy = row % g->oh;
        for (int64_t ox = first; ox < last; ox++, from += g->pitch) {
            if (runs) FN(scatter_runs)(g, x, image, oy, ox, from);
            else FN(scatter_taps)(g, x, image, oy, ox, from);
        }
        p += last - first;
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

static int64_t FN(conv2d)(const tw_call *c)
{
    const struct FN(conv) g = FN(conv_of)(c, c->in[0].shape, c->in[1].shape, c->out->shape);
    const T *x = c->in[0].data, *w = c->in[1].data;
    T *y = c->out->data;
    const int64_t end = c->hi * g.ow, step = g.pointwise ? g.pixels : g.tile;

    for (int64_t at = c->lo * g.ow; at < end; at += step)
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
static void FN(conv2d_w_columns)(const struct FN(conv) *g, const T *x, const T *gy, T *gw,
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

static int64_t FN(conv2d_w)(const tw_call *c)
{
    const struct FN(conv) g = FN(conv_of)(c, c->in[0].shape, c->out->shape, c->in[1].shape);
    const int64_t units = (g.og + TW_CONV_W_COLUMNS - 1) / TW_CONV_W_COLUMNS;
    for (int64_t unit = c->lo; unit < c->hi;) {
        const int64_t group = unit / units, next = FN(least)(c->hi, (group + 1) * units);
        FN(conv2d_w_columns)(&g, c->in[0].data, c->in[1].data, c->out->data, group,
                             (unit - group * units) * TW_CONV_W_COLUMNS,
                             FN(least)(g.og, (next - group * units) * TW_CONV_W_COLUMNS));
        unit = next;
    }
    return -1;
}

static int64_t FN(conv2d_x)(const tw_call *c)
{
    const struct FN(conv) g = FN(conv_of)(c, c->out->shape, c->in[1].shape, c->in[0].shape);
    const T *gy = c->in[0].data, *w = c->in[1].data;
    T *gx = c->out->data;
    const int64_t image = g.h * g.w * g.c, end = c->hi * g.oh * g.ow;
    const int64_t step = g.pointwise ? g.pixels : g.tile;

    if (!g.pointwise) memset(gx + c->lo * image, 0, (size_t)((c->hi - c->lo) * image) * sizeof(T));
    for (int64_t at = c->lo * g.oh * g.ow; at < end; at += step)
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
