/* pool_tmpl.h - maximum and sum over windows of images, channels last, and their derivatives.
 *
 * Each output pixel looks at the part of its window that lies inside of the image: padding adds
 * nothing and never wins. Lanes run along the channels. What flows back is added pixel by pixel of
 * the output, in order, so images are the unit of work there.
 * Ties share evenly; a NaN wins, and all NaNs of its window are the ties.
 */
struct FN(pool) {
    int64_t h, w, c, oh, ow;
    const tw_pool_attr *t;
};

static struct FN(pool) FN(pool_of)(const tw_call *call, const tw_dims *x, const tw_dims *y)
{
    return (struct FN(pool)){
        .h = x->at[1], .w = x->at[2], .c = x->at[3], .oh = y->at[1], .ow = y->at[2],
        .t = call->attr,
    };
}

/* The pixels of a window: elements first + i * (w * c) + j * c for i < rows, j < columns. */
struct FN(panes) { int64_t first, rows, columns, line, c; };

/* The window of pixel ox in row `row` of the output, rows counted through all images. */
TW_INLINE struct FN(panes) FN(panes_of)(const struct FN(pool) *g, int64_t row, int64_t ox)
{
    const int64_t image = row / g->oh, oy = row - image * g->oh;
    const int64_t top = oy * g->t->stride[0] - g->t->before[0];
    const int64_t left = ox * g->t->stride[1] - g->t->before[1];
    const int64_t y0 = top > 0 ? top : 0, y1 = FN(least)(g->h, top + g->t->window[0]);
    const int64_t x0 = left > 0 ? left : 0, x1 = FN(least)(g->w, left + g->t->window[1]);
    return (struct FN(panes)){
        .first = ((image * g->h + y0) * g->w + x0) * g->c,
        .rows = y1 - y0, .columns = x1 - x0, .line = g->w * g->c, .c = g->c,
    };
}

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
    for (int64_t i = 0; i < q->rows; i++)
        for (int64_t j = 0; j < q->columns; j++) {
            const V v = FN(get)(x + i * q->line + j * q->c, n);
            most = FN(select)((v > most) | (v != v), v, most);
        }
    return most;
}

TW_INLINE V FN(window_sum)(const struct FN(panes) *q, const T *x, int64_t n)
{
    V sum = { 0 };
    for (int64_t i = 0; i < q->rows; i++)
        for (int64_t j = 0; j < q->columns; j++) sum += FN(get)(x + i * q->line + j * q->c, n);
    return sum;
}

TW_INLINE VI FN(wins)(V x, V y) { return (x == y) | ((x != x) & (y != y)); }

TW_INLINE V FN(window_ties)(const struct FN(panes) *q, const T *x, V y, int64_t n)
{
    V count = { 0 };
    for (int64_t i = 0; i < q->rows; i++)
        for (int64_t j = 0; j < q->columns; j++)
            count += FN(select)(FN(wins)(FN(get)(x + i * q->line + j * q->c, n), y),
                                FN(splat)(1), (V){ 0 });
    return count;
}

/* Adds v to each pixel of the window that wins, or where x is NULL to all; fresh pixels are not
 * zeroed yet. */
TW_INLINE void FN(window_add)(const struct FN(panes) *q, T *gx, const T *x, V y, V v, int64_t n,
                              bool fresh)
{
    for (int64_t i = 0; i < q->rows; i++)
        for (int64_t j = 0; j < q->columns; j++) {
            const int64_t at = i * q->line + j * q->c;
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
    T *y = (T *)c->out->data + c->lo * g.ow * g.c;
    for (int64_t row = c->lo; row < c->hi; row++)
        for (int64_t ox = 0; ox < g.ow; ox++, y += g.c) {
            const struct FN(panes) q = FN(panes_of)(&g, row, ox);
            for (int64_t k = 0; k < g.c; k += VL) {
                const int64_t n = g.c - k;
                const T *from = x + q.first + k;
                FN(set)(y + k, sum ? FN(window_sum)(&q, from, n) : FN(window_max)(&q, from, n), n);
            }
        }
}

static int64_t FN(max_pool2d)(const tw_call *c)
{
    FN(pool_forward)(c, false);
    return -1;
}

static int64_t FN(sum_pool2d)(const tw_call *c)
{
    FN(pool_forward)(c, true);
    return -1;
}

static int64_t FN(max_pool2d_y)(const tw_call *c)
{
    const struct FN(pool) g = FN(pool_of)(c, c->in[0].shape, c->out->shape);
    const T *x = c->in[0].data, *t = c->in[2].data;
    const int64_t start = c->lo * g.ow * g.c;
    const T *y = (const T *)c->in[1].data + start;
    T *ty = (T *)c->out->data + start;
    for (int64_t row = c->lo; row < c->hi; row++)
        for (int64_t ox = 0; ox < g.ow; ox++, y += g.c, ty += g.c) {
            const struct FN(panes) q = FN(panes_of)(&g, row, ox);
            for (int64_t k = 0; k < g.c; k += VL) {
                const int64_t n = g.c - k;
                const V top = FN(get)(y + k, n);
                V sum = { 0 };
                for (int64_t i = 0; i < q.rows; i++)
                    for (int64_t j = 0; j < q.columns; j++) {
                        const int64_t at = q.first + k + i * q.line + j * q.c;
                        const VI win = FN(wins)(FN(get)(x + at, n), top);
                        sum += FN(select)(win, FN(get)(t + at, n), (V){ 0 });
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
    return t->stride[0] == t->window[0] && t->stride[1] == t->window[1]
        && !t->before[0] && !t->before[1]
        && g->oh * t->window[0] == g->h && g->ow * t->window[1] == g->w;
}

/* gx = what flows back through each window: through its winners, or where x is NULL to all. */
TW_INLINE void FN(pool_backward)(const tw_call *c, const T *x, const T *y, const tw_view *from)
{
    const struct FN(pool) g = FN(pool_of)(c, c->out->shape, from->shape);
    const int64_t image = g.h * g.w * g.c, start = c->lo * g.oh * g.ow * g.c;
    const T *gy = (const T *)from->data + start;
    T *gx = c->out->data;
    const bool fresh = FN(tiled)(&g);
    if (!fresh) memset(gx + c->lo * image, 0, (size_t)((c->hi - c->lo) * image) * sizeof(T));
    if (x) y += start;
    for (int64_t row = c->lo * g.oh; row < c->hi * g.oh; row++)
        for (int64_t ox = 0; ox < g.ow; ox++, gy += g.c) {
            const struct FN(panes) q = FN(panes_of)(&g, row, ox);
            for (int64_t k = 0; k < g.c; k += VL) {
                const int64_t n = g.c - k, at = q.first + k;
                V top = { 0 }, v = FN(get)(gy + k, n);
                if (x) {
                    top = FN(get)(y + k, n);
                    v = v / FN(window_ties)(&q, x + at, top, n);
                }
                FN(window_add)(&q, gx + at, x ? x + at : NULL, top, v, n, fresh);
            }
            if (x) y += g.c;
        }
}

static int64_t FN(max_pool2d_x)(const tw_call *c)
{
    FN(pool_backward)(c, c->in[0].data, c->in[1].data, &c->in[2]);
    return -1;
}

static int64_t FN(sum_pool2d_x)(const tw_call *c)
{
    FN(pool_backward)(c, NULL, NULL, &c->in[0]);
    return -1;
}
