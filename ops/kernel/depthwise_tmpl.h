/* depthwise_tmpl.h - convolutions with one channel in each group, in and out: each channel has a window of its own.
 *
 * Lanes run along the channels. Value and derivative to x are one loop: a pixel is the sum over the taps that meet it,
 * in order (taps.h), of source pixels times weights; taps in the padding are left out. Of pixels whose windows lie
 * inside, several are made at once, so that a weight is loaded once for them. The derivative to the weights
 * sums over a line of output pixels, then adds the line. There is little to compute for a byte, so each step asks
 * for what the next line needs, where the machine's own prefetching sees only steps over channels.
 */
enum { FN(DW_PIXELS) = 8, FN(DW_TAPS) = 4 };

/* A line of pixels to make: every `pixel`-th element of to, count of them, of `channels` channels. */
struct FN(dw) {
    tw_taps  taps[3];           /* the first two cut to the source, the last as of pixel 0 */
    int64_t  shift;             /* places of the last axis from pixel to pixel */
    const T *from, *w;          /* the source image; the weights */
    int64_t  in, step[3];       /* source pixels along the last axis; elements from place to place along each */
    int64_t  w_step[3];         /* elements from tap to tap */
    T       *to;
    int64_t  pixel, count, channels;
};

/* n lanes, of which those beyond VL are another step's. */
TW_INLINE V FN(dw_get)(const T *p, int64_t n) { return n >= VL ? FN(ld)(p) : FN(ldn)(p, n, 0); }
TW_INLINE void FN(dw_set)(T *p, V v, int64_t n)
{
    if (n >= VL) FN(st)(p, v);
    else FN(stn)(p, v, n);
}

/* `pixels` pixels from j on, whose taps along the last axis are x, lanes from channel c on. */
TW_INLINE void FN(dw_tile)(int pixels, const struct FN(dw) *g, const tw_taps *x, int64_t j, int64_t c, int64_t n)
{
    const tw_taps *z = &g->taps[0], *y = &g->taps[1];
    const int64_t next = g->shift * g->step[2], along = x->step * g->step[2], w_along = x->tap_step * g->w_step[2];
    const int64_t up = y->step * g->step[1], w_up = y->tap_step * g->w_step[1];
    const int64_t deep = z->step * g->step[0] - y->n * up, w_deep = z->tap_step * g->w_step[0] - y->n * w_up;
    const T *from = g->from + c + z->at * g->step[0] + y->at * g->step[1] + x->at * g->step[2];
    const T *w = g->w + c + z->tap * g->w_step[0] + y->tap * g->w_step[1] + x->tap * g->w_step[2];
    T *to = g->to + j * g->pixel + c;
    const T *ahead = from + y->n * up;
    for (int i = 0; i < pixels; i++) {
        __builtin_prefetch(ahead + i * next);
        __builtin_prefetch(to + (i + g->count) * g->pixel, 1);
    }
    V sum[FN(DW_PIXELS)];
    UNROLL
    for (int i = 0; i < pixels; i++) sum[i] = (V){ 0 };
    for (int64_t kz = z->n; kz > 0; kz--, from += deep, w += w_deep)
        for (int64_t ky = y->n; ky > 0; ky--, from += up, w += w_up) {
            const T *p = from, *q = w;
            for (int64_t kx = x->n; kx > 0; kx--, p += along, q += w_along) {
                const V weight = FN(dw_get)(q, n);
                UNROLL
                for (int i = 0; i < pixels; i++) sum[i] = TW_FMA(FN(dw_get)(p + i * next, n), weight, sum[i]);
            }
        }
    UNROLL
    for (int i = 0; i < pixels; i++) FN(dw_set)(to + i * g->pixel, sum[i], n);
}

/* The channels that fill no vector, pixel by pixel. */
static __attribute__((noinline)) void FN(dw_rest)(int64_t pixels, const struct FN(dw) *g, const tw_taps *x, int64_t j, int64_t c)
{
    tw_taps at = *x;
    for (int64_t i = 0; i < pixels; i++, at.at += g->shift) FN(dw_tile)(1, g, &at, j + i, c, g->channels - c);
}

/* The same for all channels; x's places are those of pixel j. */
TW_INLINE void FN(dw_channels)(int pixels, const struct FN(dw) *of, const tw_taps *x, int64_t j)
{
    const struct FN(dw) g = *of;        /* a copy, which no store can change */
    int64_t c = 0;
    for (; c + VL <= g.channels; c += VL) FN(dw_tile)(pixels, &g, x, j, c, VL);
    if (c < g.channels) FN(dw_rest)(pixels, of, x, j, c);
}

static void FN(dw_pixels)(int64_t pixels, const struct FN(dw) *g, int64_t j, bool inside)
{
    tw_taps x = g->taps[2];
    x.at += j * g->shift;
    if (!inside) x = tw__taps_inside(x, g->in);
    switch (pixels) {
    case 8: FN(dw_channels)(8, g, &x, j); break;
    case 7: FN(dw_channels)(7, g, &x, j); break;
    case 6: FN(dw_channels)(6, g, &x, j); break;
    case 5: FN(dw_channels)(5, g, &x, j); break;
    case 4: FN(dw_channels)(4, g, &x, j); break;
    case 3: FN(dw_channels)(3, g, &x, j); break;
    case 2: FN(dw_channels)(2, g, &x, j); break;
    default: FN(dw_channels)(1, g, &x, j); break;
    }
}

static void FN(dw_line)(const struct FN(dw) *g)
{
    const tw_taps *x = &g->taps[2];
    const int64_t last = x->at + (x->n - 1) * x->step;      /* place of the last tap */
    int64_t first = x->at < 0 ? (g->shift - 1 - x->at) / g->shift : 0, end = last < g->in ? (g->in - 1 - last) / g->shift + 1 : 0;
    if (x->n == 0 || first > g->count) first = g->count;
    end = FN(least)(end, g->count);
    int64_t j = 0;
    for (; j < first; j++) FN(dw_pixels)(1, g, j, false);
    for (int64_t n; j < end; j += n) {
        n = FN(even)(end - j, FN(DW_PIXELS));
        FN(dw_pixels)(n, g, j, true);
    }
    for (; j < g->count; j++) FN(dw_pixels)(1, g, j, false);
}

/* Elements from place to place of an image along each axis, and of the whole. */
TW_INLINE int64_t FN(dw_steps)(const tw_dims *x, int64_t step[3])
{
    int64_t n = x->at[x->n - 1];
    for (int k = 2; k >= 0; k--) {
        step[k] = n;
        n *= tw__pixels_at(x, k);
    }
    return n;
}

static void FN(dw_weights)(struct FN(dw) *g, const tw_dims *w)
{
    g->channels = w->at[w->n - 1];
    g->w_step[2] = g->channels;
    g->w_step[1] = g->w_step[2] * tw__taps_at(w, 2);
    g->w_step[0] = g->w_step[1] * tw__taps_at(w, 1);
}

static void FN(depthwise)(const tw_call *c)
{
    const tw_window *t = &((const tw_conv_attr *)c->attr)->at;
    const tw_dims *x = c->in[0].shape, *w = c->in[1].shape, *y = c->out->shape;
    const int64_t planes = tw__pixels_at(y, 0), lines = tw__pixels_at(y, 1);
    struct FN(dw) g = { .w = c->in[1].data, .in = tw__pixels_at(x, 2), .shift = t->stride[2], .count = tw__pixels_at(y, 2) };
    FN(dw_weights)(&g, w);
    const int64_t image = FN(dw_steps)(x, g.step);
    g.pixel = g.channels;
    g.taps[2] = tw__taps_of_output(t, 2, tw__taps_at(w, 2), 0);
    for (int64_t line = c->lo; line < c->hi; line++) {
        const int64_t plane = line / lines, n = plane / planes;
        g.taps[0] = tw__taps_inside(tw__taps_of_output(t, 0, tw__taps_at(w, 0), plane - n * planes), tw__pixels_at(x, 0));
        g.taps[1] = tw__taps_inside(tw__taps_of_output(t, 1, tw__taps_at(w, 1), line - plane * lines), tw__pixels_at(x, 1));
        g.from = (const T *)c->in[0].data + n * image;
        g.to = (T *)c->out->data + line * g.count * g.channels;
        FN(dw_line)(&g);
    }
}

/* The pixels of a line that have the same taps, a stride apart, are made together. */
static void FN(depthwise_x)(const tw_call *c)
{
    const tw_window *t = &((const tw_conv_attr *)c->attr)->at;
    const tw_dims *x = c->out->shape, *w = c->in[1].shape, *y = c->in[0].shape;
    const int64_t planes = tw__pixels_at(x, 0), lines = tw__pixels_at(x, 1), pixels = tw__pixels_at(x, 2), stride = t->stride[2];
    struct FN(dw) g = { .w = c->in[1].data, .in = tw__pixels_at(y, 2), .shift = 1 };
    FN(dw_weights)(&g, w);
    const int64_t image = FN(dw_steps)(y, g.step);
    g.pixel = stride * g.channels;
    for (int64_t line = c->lo * planes * lines; line < c->hi * planes * lines; line++) {
        const int64_t plane = line / lines, n = plane / planes;
        g.taps[0] = tw__taps_inside(tw__taps_of_input(t, 0, tw__taps_at(w, 0), plane - n * planes), tw__pixels_at(y, 0));
        g.taps[1] = tw__taps_inside(tw__taps_of_input(t, 1, tw__taps_at(w, 1), line - plane * lines), tw__pixels_at(y, 1));
        g.from = (const T *)c->in[0].data + n * image;
        for (int64_t i = 0; i < stride && i < pixels; i++) {
            g.taps[2] = tw__taps_of_input(t, 2, tw__taps_at(w, 2), i);
            g.to = (T *)c->out->data + (line * pixels + i) * g.channels;
            g.count = (pixels - i + stride - 1) / stride;
            FN(dw_line)(&g);
        }
    }
}

/* ---- the weights ------------------------------------------------------------------------------ */

/* A line of output pixels and the line of x under one line of taps. */
struct FN(dw_pair) {
    const T *x, *y;             /* of the first channel */
    int64_t  in, out;           /* pixels */
    int64_t  stride, dilation, before, channels;
};

/* Output pixels whose tap kx is inside: [*first, *end). */
TW_INLINE void FN(dw_reach)(const struct FN(dw_pair) *g, int64_t kx, int64_t *first, int64_t *end)
{
    const int64_t at = kx * g->dilation - g->before;
    *first = at < 0 ? (g->stride - 1 - at) / g->stride : 0;
    *end = at < g->in ? FN(least)(g->out, (g->in - 1 - at) / g->stride + 1) : 0;
    if (*end < *first) *end = *first;
}

/* Output pixels that some taps meet: each of its own, and all of them. */
struct FN(dw_span) { int64_t first[FN(DW_TAPS)], end[FN(DW_TAPS)], from, to; };

TW_INLINE struct FN(dw_span) FN(dw_span_of)(const struct FN(dw_pair) *g, int64_t kx, int64_t taps)
{
    struct FN(dw_span) s = { .from = 0, .to = g->out };
    for (int64_t i = 0; i < taps; i++) {
        FN(dw_reach)(g, kx + i, &s.first[i], &s.end[i]);
        s.from = s.first[i] > s.from ? s.first[i] : s.from;
        s.to = FN(least)(s.to, s.end[i]);
    }
    if (s.to < s.from) s.to = s.from;
    return s;
}

/* Adds to gw, of `taps` taps from kx on, the sums over a line; lanes from channel c on. */
TW_INLINE void FN(dw_w_taps)(int taps, const struct FN(dw_pair) *g, const struct FN(dw_span) *s, T *gw, int64_t kx,
                             int64_t c, int64_t n)
{
    const int64_t C = g->channels, step = g->stride * C, next = g->dilation * C;
    const T *const x = g->x + c + (kx * g->dilation - g->before) * C, *const y = g->y + c;
    V sum[FN(DW_TAPS)];
    UNROLL
    for (int i = 0; i < taps; i++) {
        sum[i] = (V){ 0 };
        for (int64_t p = s->first[i]; p < FN(least)(s->from, s->end[i]); p++)
            sum[i] = TW_FMA(FN(dw_get)(x + p * step + i * next, n), FN(dw_get)(y + p * C, n), sum[i]);
    }
    for (int64_t p = s->from; p < s->to; p++) {
        const V v = FN(dw_get)(y + p * C, n);
        __builtin_prefetch(y + (p + g->out) * C);
        __builtin_prefetch(x + p * step + g->stride * g->in * C);
        UNROLL
        for (int i = 0; i < taps; i++) sum[i] = TW_FMA(FN(dw_get)(x + p * step + i * next, n), v, sum[i]);
    }
    UNROLL
    for (int i = 0; i < taps; i++) {
        for (int64_t p = s->to > s->first[i] ? s->to : s->first[i]; p < s->end[i]; p++)
            sum[i] = TW_FMA(FN(dw_get)(x + p * step + i * next, n), FN(dw_get)(y + p * C, n), sum[i]);
        T *const w = gw + (kx + i) * C + c;
        FN(dw_set)(w, FN(dw_get)(w, n) + sum[i], n);
    }
}

static void FN(dw_w_some)(int64_t taps, const struct FN(dw_pair) *g, const struct FN(dw_span) *s, T *gw, int64_t kx, int64_t c,
                          int64_t n)
{
    if (n < VL) {                       /* part of a vector: tap by tap */
        for (int64_t i = 0; i < taps; i++) {
            const struct FN(dw_span) one = FN(dw_span_of)(g, kx + i, 1);
            FN(dw_w_taps)(1, g, &one, gw, kx + i, c, n);
        }
        return;
    }
    switch (taps) {
    case 4: FN(dw_w_taps)(4, g, s, gw, kx, c, VL); break;
    case 3: FN(dw_w_taps)(3, g, s, gw, kx, c, VL); break;
    case 2: FN(dw_w_taps)(2, g, s, gw, kx, c, VL); break;
    default: FN(dw_w_taps)(1, g, s, gw, kx, c, VL); break;
    }
}

/* Channels [from, to) of the sum over all output pixels, line by line. */
static void FN(depthwise_w)(const tw_call *c, int64_t from, int64_t to)
{
    const tw_window *t = &((const tw_conv_attr *)c->attr)->at;
    const tw_dims *x = c->in[0].shape, *w = c->out->shape, *y = c->in[1].shape;
    const int64_t planes = tw__pixels_at(y, 0), lines = tw__pixels_at(y, 1), taps = tw__taps_at(w, 2);
    const int64_t rows = tw__taps_at(w, 0) * tw__taps_at(w, 1) * taps;
    struct FN(dw_pair) g = { .in = tw__pixels_at(x, 2), .out = tw__pixels_at(y, 2), .stride = t->stride[2],
                             .dilation = t->dilation[2], .before = t->before[2], .channels = w->at[w->n - 1] };
    int64_t step[3];
    const int64_t image = FN(dw_steps)(x, step), total = y->at[0] * planes * lines;
    T *gw = c->out->data;
    for (int64_t k = 0; k < rows; k++) memset(gw + k * g.channels + from, 0, (size_t)(to - from) * sizeof(T));
    for (int64_t line = 0; line < total; line++) {
        const int64_t plane = line / lines, n = plane / planes;
        const tw_taps z = tw__taps_inside(tw__taps_of_output(t, 0, tw__taps_at(w, 0), plane - n * planes), tw__pixels_at(x, 0));
        const tw_taps v = tw__taps_inside(tw__taps_of_output(t, 1, tw__taps_at(w, 1), line - plane * lines), tw__pixels_at(x, 1));
        g.y = (const T *)c->in[1].data + line * g.out * g.channels;
        for (int64_t kx = 0, some; kx < taps; kx += some) {
            some = FN(least)(FN(DW_TAPS), taps - kx);
            const struct FN(dw_span) s = FN(dw_span_of)(&g, kx, some);
            for (int64_t ch = from; ch < to; ch += VL)
                for (int64_t kz = 0; kz < z.n; kz++)
                    for (int64_t ky = 0; ky < v.n; ky++) {
                        g.x = (const T *)c->in[0].data + n * image + (z.at + kz * z.step) * step[0] + (v.at + ky * v.step) * step[1];
                        FN(dw_w_some)(some, &g, &s, gw + ((z.tap + kz) * tw__taps_at(w, 1) + v.tap + ky) * taps * g.channels, kx,
                                      ch, to - ch);
                    }
        }
    }
}
