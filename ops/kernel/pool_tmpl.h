/* pool_tmpl.h - maximum and sum over windows of images of three axes, channels last, and their derivatives.
 *
 * Each output pixel looks at the part of its window that lies inside of the image: padding adds
 * nothing and never wins. Lanes run along the channels. What flows back is added pixel by pixel of
 * the output, in order, so images are the unit of work there.
 * Ties share evenly; a NaN wins, and all NaNs of its window are the ties.
 */
struct FN(pool) {
    int64_t in[3], out[3], c;
    const tw_pool_attr *t;
};

static struct FN(pool) FN(pool_of)(const tw_call *call, const tw_dims *x, const tw_dims *y)
{
    struct FN(pool) g = { .c = x->at[x->n - 1], .t = call->attr };
    for (int k = 0; k < 3; k++) g.in[k] = tw__pixels_at(x, k), g.out[k] = tw__pixels_at(y, k);
    return g;
}

/* The pixels of a window that lie inside: elements first + i * step[0] + j * step[1] + k * step[2] for
 * i < n[0], j < n[1], k < n[2]. */
struct FN(panes) { int64_t first, n[3], step[3]; };

/* Cuts the window of output place o along axis k, whose pixels are `pitch` elements apart. */
TW_INLINE void FN(cut)(const struct FN(pool) *g, int k, int64_t o, int64_t pitch, struct FN(panes) *q)
{
    const int64_t d = g->t->at.dilation[k], in = g->in[k];
    const int64_t begin = o * g->t->at.stride[k] - g->t->at.before[k], end = begin + g->t->window[k] * d;
    const int64_t first = begin >= 0 ? begin : d == 1 ? 0 : begin + (d - 1 - begin) / d * d;
    const int64_t last = end < in ? end : in;
    q->n[k] = d == 1 ? last - first : (last - first + d - 1) / d;
    q->step[k] = pitch * d;
    q->first += first * pitch;
}

/* The window of pixel ox in line `line` of the output, lines counted through all images. */
TW_INLINE struct FN(panes) FN(panes_of)(const struct FN(pool) *g, int64_t line, int64_t ox)
{
    const int64_t plane = line / g->out[1], oy = line - plane * g->out[1];
    const int64_t image = plane / g->out[0], oz = plane - image * g->out[0];
    const int64_t row = g->in[2] * g->c, slice = g->in[1] * row;
    struct FN(panes) q = { .first = image * g->in[0] * slice };
    FN(cut)(g, 0, oz, slice, &q);
    FN(cut)(g, 1, oy, row, &q);
    FN(cut)(g, 2, ox, g->c, &q);
    return q;
}

/* Runs over the offsets of a window's pixels from its first. */
#define PANES(q, at) \
    for (int64_t i_ = 0; i_ < (q)->n[0]; i_++) \
        for (int64_t j_ = 0; j_ < (q)->n[1]; j_++) \
            for (int64_t k_ = 0, at = i_ * (q)->step[0] + j_ * (q)->step[1]; k_ < (q)->n[2]; k_++, at += (q)->step[2])

/* n lanes, of which those beyond VL are another step's. */
TW_INLINE V FN(get)(const T *p, int64_t n) { return n >= VL ? FN(ld)(p) : FN(ldn)(p, n, 0); }
TW_INLINE void FN(set)(T *p, V v, int64_t n)
{
    if (n >= VL) FN(st)(p, v);
    else FN(stn)(p, v, n);
}

/* ---- the steps: one window, VL channels or the n that remain; x is at the window's first ---- */

TW_INLINE V FN(window_max)(const struct FN(panes) *q, const T *x, int64_t n)
{
    V most = FN(get)(x, n);
    PANES(q, at) {
        const V v = FN(get)(x + at, n);
        most = FN(select)((v > most) | (v != v), v, most);
    }
    return most;
}

TW_INLINE V FN(window_sum)(const struct FN(panes) *q, const T *x, int64_t n)
{
    V sum = { 0 };
    PANES(q, at) sum += FN(get)(x + at, n);
    return sum;
}

TW_INLINE VI FN(wins)(V x, V y) { return (x == y) | ((x != x) & (y != y)); }

TW_INLINE V FN(window_ties)(const struct FN(panes) *q, const T *x, V y, int64_t n)
{
    V count = { 0 };
    PANES(q, at) count += FN(select)(FN(wins)(FN(get)(x + at, n), y), FN(splat)(1), (V){ 0 });
    return count;
}

/* Adds v to each pixel of the window that wins, or where x is NULL to all; fresh pixels are not
 * zeroed yet. */
TW_INLINE void FN(window_give)(const struct FN(panes) *q, T *gx, const T *x, V y, V v, int64_t n,
                              bool fresh)
{
    PANES(q, at) {
        const V add = x ? FN(select)(FN(wins)(FN(get)(x + at, n), y), v, (V){ 0 }) : v;
        FN(set)(gx + at, (fresh ? (V){ 0 } : FN(get)(gx + at, n)) + add, n);
    }
}

/* ---- kernels ------------------------------------------------------------------------------ */

/* y = the maximum, or the sum, of each window. */
TW_INLINE void FN(pool_forward)(const tw_call *c, bool sum)
{
    const struct FN(pool) g = FN(pool_of)(c, c->in[0].shape, c->out->shape);
    const T *x = c->in[0].data;
    T *y = (T *)c->out->data + c->lo * g.out[2] * g.c;
    for (int64_t line = c->lo; line < c->hi; line++)
        for (int64_t ox = 0; ox < g.out[2]; ox++, y += g.c) {
            const struct FN(panes) q = FN(panes_of)(&g, line, ox);
            for (int64_t k = 0; k < g.c; k += VL) {
                const int64_t n = g.c - k;
                const T *from = x + q.first + k;
                FN(set)(y + k, sum ? FN(window_sum)(&q, from, n) : FN(window_max)(&q, from, n), n);
            }
        }
}

static int64_t FN(max_pool)(const tw_call *c)
{
    FN(pool_forward)(c, false);
    return -1;
}

static int64_t FN(sum_pool)(const tw_call *c)
{
    FN(pool_forward)(c, true);
    return -1;
}

static int64_t FN(max_pool_y)(const tw_call *c)
{
    const struct FN(pool) g = FN(pool_of)(c, c->in[0].shape, c->out->shape);
    const T *x = c->in[0].data, *t = c->in[2].data;
    const int64_t start = c->lo * g.out[2] * g.c;
    const T *y = (const T *)c->in[1].data + start;
    T *ty = (T *)c->out->data + start;
    for (int64_t line = c->lo; line < c->hi; line++)
        for (int64_t ox = 0; ox < g.out[2]; ox++, y += g.c, ty += g.c) {
            const struct FN(panes) q = FN(panes_of)(&g, line, ox);
            for (int64_t k = 0; k < g.c; k += VL) {
                const int64_t n = g.c - k;
                const V top = FN(get)(y + k, n);
                V sum = { 0 };
                PANES(&q, at) {
                    const VI win = FN(wins)(FN(get)(x + q.first + k + at, n), top);
                    sum += FN(select)(win, FN(get)(t + q.first + k + at, n), (V){ 0 });
                }
                FN(set)(ty + k, sum / FN(window_ties)(&q, x + q.first + k, top, n), n);
            }
        }
    return -1;
}

/* Whether every pixel is in exactly one window. */
static bool FN(tiled)(const struct FN(pool) *g)
{
    const tw_pool_attr *t = g->t;
    for (int k = 0; k < 3; k++)
        if (t->at.stride[k] != t->window[k] || t->at.dilation[k] != 1 || t->at.before[k] || g->out[k] * t->window[k] != g->in[k])
            return false;
    return true;
}

/* gx = what flows back through each window: through its winners, or where x is NULL to all. */
TW_INLINE void FN(pool_backward)(const tw_call *c, const T *x, const T *y, const tw_view *from)
{
    const struct FN(pool) g = FN(pool_of)(c, c->out->shape, from->shape);
    const int64_t image = g.in[0] * g.in[1] * g.in[2] * g.c, lines = g.out[0] * g.out[1];
    const int64_t start = c->lo * lines * g.out[2] * g.c;
    const T *gy = (const T *)from->data + start;
    T *gx = c->out->data;
    const bool fresh = FN(tiled)(&g);
    if (!fresh) memset(gx + c->lo * image, 0, (size_t)((c->hi - c->lo) * image) * sizeof(T));
    if (x) y += start;
    for (int64_t line = c->lo * lines; line < c->hi * lines; line++)
        for (int64_t ox = 0; ox < g.out[2]; ox++, gy += g.c) {
            const struct FN(panes) q = FN(panes_of)(&g, line, ox);
            for (int64_t k = 0; k < g.c; k += VL) {
                const int64_t n = g.c - k, at = q.first + k;
                V top = { 0 }, v = FN(get)(gy + k, n);
                if (x) {
                    top = FN(get)(y + k, n);
                    v = v / FN(window_ties)(&q, x + at, top, n);
                }
                FN(window_give)(&q, gx + at, x ? x + at : NULL, top, v, n, fresh);
            }
            if (x) y += g.c;
        }
}

static int64_t FN(max_pool_x)(const tw_call *c)
{
    FN(pool_backward)(c, c->in[0].data, c->in[1].data, &c->in[2]);
    return -1;
}

static int64_t FN(sum_pool_x)(const tw_call *c)
{
    FN(pool_backward)(c, NULL, NULL, &c->in[0]);
    return -1;
}
/* Adds each element of the windows to the pixel that it is of. */
static int64_t FN(window_add)(const tw_call *c)
{
    const tw_dims *windows = c->in[0].shape;
    struct FN(pool) g = FN(pool_of)(c, c->out->shape, c->out->shape);
    const int axes = c->out->shape->n - 2;
    for (int i = 0; i < axes; i++) g.out[3 - axes + i] = windows->at[1 + i];
    const int64_t image = g.in[0] * g.in[1] * g.in[2] * g.c, lines = g.out[0] * g.out[1];
    const int64_t window = (int64_t)g.t->window[0] * g.t->window[1] * g.t->window[2] * g.c;
    const T *from = (const T *)c->in[0].data + c->lo * lines * g.out[2] * window;
    T *x = c->out->data;
    memset(x + c->lo * image, 0, (size_t)((c->hi - c->lo) * image) * sizeof(T));
    for (int64_t line = c->lo * lines; line < c->hi * lines; line++)
        for (int64_t ox = 0; ox < g.out[2]; ox++) {
            const struct FN(panes) q = FN(panes_of)(&g, line, ox);
            PANES(&q, at) {
                FN(accumulate)(x + q.first + at, from, g.c);
                from += g.c;
            }
        }
    return -1;
}
#undef PANES
