/* rows_images.c - rows of what images and sequences are looked at with: other sizes, adaptive pools, windows as axes,
 * attention. See rows.h.
 */
#include "tests/rows.h"
#include "tests/slow.h"

/* Every index of y, in order, with its place k. */
#define EACH(y, index, k) \
    for (int64_t index[8] = { 0 }, k = 0; k < (y).count; k++, slow_next(&(y), index))

/* The axes to build for; laws pass operands of wrong ranks, too. */
static int axes_of(const tw_node *x)
{
    const int axes = tw_rank(x) - 2;
    return axes < 1 ? 1 : axes > 3 ? 3 : axes;
}

/* ---- other sizes --------------------------------------------------------------------------- */

/* p: mode, corners, size of each axis, percent of scale of each axis; 0: not given. */
enum { MODE, CORNERS, SIZE, SCALE = 5 };

static tw_node *b_interpolate(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    const int *p = r->p;
    return tw_interpolate(x[0], .mode = (tw_interpolation)p[MODE], .align_corners = p[CORNERS], .size = { p[SIZE], p[SIZE + 1], p[SIZE + 2] },
                          .scale = { p[SCALE] / 100.0, p[SCALE + 1] / 100.0, p[SCALE + 2] / 100.0 });
}

static double keys(double d)
{
    const double a = -0.75, u = fabs(d);
    if (u <= 1) return ((a + 2) * u - (a + 3)) * u * u + 1;
    return u < 2 ? ((a * u - 5 * a) * u + 8 * a) * u - 4 * a : 0;
}

/* The weight that output pixel o gives to the pixel at place i, which may lie beyond the border. */
static double weight(int mode, bool corners, double ratio, int64_t in, int64_t o, int64_t i)
{
    if (mode == TW_INTERP_NEAREST) return i == (int64_t)floor((double)o * ratio + 1e-9);
    if (mode == TW_INTERP_NEAREST_EXACT) return i == (int64_t)floor(((double)o + 0.5) * ratio + 1e-9);
    double s = corners ? (double)o * ratio : ((double)o + 0.5) * ratio - 0.5;
    if (mode == TW_INTERP_CUBIC) return keys(s - (double)i);
    s = s < 0 ? 0 : s > (double)in - 1 ? (double)in - 1 : s;
    const double d = fabs(s - (double)i);
    return d < 1 ? 1 - d : 0;
}

static arr r_interpolate(const row *r, const arr *x)
{
    const int *p = r->p;
    arr y = x[0];
    for (int axis = 1; axis < x[0].n - 1; axis++) {
        const int size = p[SIZE + axis - 1] ? p[SIZE + axis - 1] : p[SIZE];
        const int scale = p[SCALE + axis - 1] ? p[SCALE + axis - 1] : p[SCALE];
        const arr from = y;
        const int64_t in = from.at[axis], out = size ? size : in * scale / 100;
        double ratio = size ? (double)in / (double)out : 100.0 / scale;
        if (p[CORNERS]) ratio = out > 1 ? (double)(in - 1) / (double)(out - 1) : 0;
        int64_t at[8];
        for (int d = 0; d < from.n; d++) at[d] = d == axis ? out : from.at[d];
        y = arr_new(from.n, at);
        EACH(y, i, k)
            for (int64_t j = -3; j < in + 3; j++) {
                int64_t m[8];
                for (int d = 0; d < from.n; d++) m[d] = i[d];
                m[axis] = j < 0 ? 0 : j >= in ? in - 1 : j;
                y.v[k] += weight(p[MODE], p[CORNERS], ratio, in, i[axis], j) * from.v[slow_offset(&from, m)];
            }
    }
    return y;
}

BUILD(b_pixel_shuffle, tw_pixel_shuffle(x[0], r->p[0]))
static arr r_pixel_shuffle(const row *r, const arr *x)
{
    const int64_t f = r->p[0];
    arr y = arr_new(4, (int64_t[]){ x->at[0], x->at[1] * f, x->at[2] * f, x->at[3] / (f * f) });
    EACH(y, i, k) {
        const int64_t j[4] = { i[0], i[1] / f, i[2] / f, i[3] * f * f + i[1] % f * f + i[2] % f };
        y.v[k] = x->v[slow_offset(x, j)];
    }
    return y;
}
BUILD(b_pixel_unshuffle, tw_pixel_unshuffle(x[0], r->p[0]))
static arr r_pixel_unshuffle(const row *r, const arr *x)
{
    const int64_t f = r->p[0];
    arr y = arr_new(4, (int64_t[]){ x->at[0], x->at[1] / f, x->at[2] / f, x->at[3] * f * f });
    EACH(y, i, k) {
        const int64_t j[4] = { i[0], i[1] * f + i[3] / f % f, i[2] * f + i[3] % f, i[3] / (f * f) };
        y.v[k] = x->v[slow_offset(x, j)];
    }
    return y;
}

/* ---- adaptive pools: p: size of each axis ---------------------------------------------------- */

#define ADAPTIVE(kind)                                                                                      \
    static tw_node *b_adaptive_##kind(const row *r, tw_ctx *cx, tw_node *const *x)                          \
    {                                                                                                       \
        (void)cx;                                                                                           \
        const tw_adaptive_pool_args o = { ._size = sizeof o, .size = { r->p[0], r->p[1], r->p[2] } };       \
        const int axes = axes_of(x[0]);                                                                     \
        return (axes == 1 ? tw_adaptive_##kind##_pool1d_at : axes == 2 ? tw_adaptive_##kind##_pool2d_at     \
                          : tw_adaptive_##kind##_pool3d_at)(TW_HERE, x[0], &o);                             \
    }
ADAPTIVE(avg)
ADAPTIVE(max)

static arr adaptive(const row *r, const arr *x, bool max)
{
    int64_t at[8];
    for (int d = 0; d < x->n; d++) at[d] = x->at[d];
    for (int d = 1; d < x->n - 1; d++) at[d] = r->p[d - 1] ? r->p[d - 1] : r->p[0];
    arr y = arr_new(x->n, at);
    EACH(y, i, k) {
        double sum = 0, most = -INF;
        int64_t n = 0;
        EACH(*x, j, m) {
            bool in = j[0] == i[0] && j[x->n - 1] == i[x->n - 1];
            for (int d = 1; d < x->n - 1 && in; d++)
                in = j[d] >= i[d] * x->at[d] / at[d] && j[d] < ((i[d] + 1) * x->at[d] + at[d] - 1) / at[d];
            if (in) sum += x->v[m], most = fmax(most, x->v[m]), n++;
        }
        y.v[k] = max ? most : sum / (double)n;
    }
    return y;
}
REF(r_adaptive_avg, adaptive(r, x, false))
REF(r_adaptive_max, adaptive(r, x, true))

/* ---- windows: p: window, stride, dilation, padding (before, after) of each axis ---------------- */

static tw_window_args window_args(const row *r, int axes)
{
    const int *p = r->p;
    tw_window_args o = { ._size = sizeof o, .window = { p[0], p[1], p[2] }, .stride = { p[3], p[4], p[5] },
                         .dilation = { p[6], p[7], p[8] }, .padding = { .n = 2 * axes } };
    for (int i = 0; i < 2 * axes; i++) o.padding.at[i] = p[9 + i];
    return o;
}
static tw_node *b_window(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    const tw_window_args o = window_args(r, axes_of(x[0]));
    return tw_window_at(TW_HERE, x[0], &o);
}
/* The shape of the image that windows are added in: p from RANK on. */
enum { RANK = 15 };
static tw_node *b_window_add(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    tw_shape s = { .n = r->p[RANK] };
    for (int i = 0; i < s.n; i++) s.at[i] = r->p[RANK + 1 + i];
    const tw_window_args o = window_args(r, s.n - 2);
    return tw_window_add_at(TW_HERE, x[0], s, &o);
}

static slow_window window_of(const row *r, int axes)
{
    slow_window o = { 0 };
    for (int d = 0; d < axes; d++) {
        int64_t *const to[3] = { &o.size[d], &o.stride[d], &o.dilation[d] };
        for (int i = 0; i < 3; i++) {
            const int *p = &r->p[3 * i], v = p[d] ? p[d] : p[0];
            *to[i] = v ? v : 1;
        }
        o.before[d] = r->p[9 + 2 * d], o.after[d] = r->p[10 + 2 * d];
    }
    return o;
}
static arr r_window(const row *r, const arr *x)
{
    const slow_window o = window_of(r, x->n - 2);
    return slow_unfold(x, &o);
}
static arr r_window_add(const row *r, const arr *x)
{
    int64_t at[5];
    for (int i = 0; i < r->p[RANK]; i++) at[i] = r->p[RANK + 1 + i];
    const arr like = arr_new(r->p[RANK], at);
    const slow_window o = window_of(r, like.n - 2);
    return slow_fold(&x[0], &o, &like);
}

/* ---- attention: p: causal, percent of scale; x[3], if any, is the mask --------------------------- */

static tw_node *b_attention(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    return tw_attention(x[0], x[1], x[2], .mask = row_inputs(r) > 3 ? x[3] : NULL, .causal = r->p[0], .scale = r->p[1] / 100.0);
}
static arr r_attention(const row *r, const arr *x)
{
    const bool masked = row_inputs(r) > 3, bools = r->x[3].kind == K_BOOL;
    const arr *q = &x[0], *k = &x[1], *v = &x[2];
    const int n = q->n;
    const int64_t d = q->at[n - 1], s = k->at[n - 2];
    int64_t at[8];
    for (int i = 0; i < n; i++) at[i] = q->at[i];
    at[n - 1] = v->at[n - 1];
    arr y = arr_new(n, at);
    EACH(y, i, m) {
        double sum = 0, score[64], top = -INF;
        for (int64_t j = 0; j < s; j++) {
            int64_t iq[8], ik[8];
            for (int a = 0; a < n; a++) iq[a] = ik[a] = i[a];
            ik[n - 2] = j, score[j] = 0;
            for (int64_t c = 0; c < d; c++) {
                iq[n - 1] = ik[n - 1] = c;
                score[j] += q->v[slow_offset(q, iq)] * slow_at_broadcast(k, n, ik);
            }
            score[j] *= r->p[1] ? r->p[1] / 100.0 : 1 / sqrt((double)d);
            ik[n - 2] = i[n - 2], ik[n - 1] = j;
            const double mask = masked ? slow_at_broadcast(&x[3], n, ik) : 0;
            if (masked && !bools) score[j] += mask;
            if ((bools && mask == 0) || (r->p[0] && j > i[n - 2])) score[j] = -INF;
            top = fmax(top, score[j]);
        }
        for (int64_t j = 0; j < s; j++) sum += score[j] = score[j] == -INF ? 0 : exp(score[j] - top);
        for (int64_t j = 0; j < s; j++) {
            int64_t iv[8];
            for (int a = 0; a < n; a++) iv[a] = i[a];
            iv[n - 2] = j;
            if (sum > 0) y.v[m] += score[j] / sum * slow_at_broadcast(v, n, iv);
        }
    }
    return y;
}

const row rows_images[] = {
    { "interpolate", "nearest, up", { REAL(2, 3, 2, 2) }, IS(interpolate), .p = { TW_INTERP_NEAREST, [SIZE] = 5, 6 } },
    { "interpolate", "nearest, down, one axis", { REAL(1, 7, 2) }, IS(interpolate), .p = { TW_INTERP_NEAREST, [SIZE] = 3 } },
    { "interpolate", "nearest, exact, by scale", { REAL(1, 4, 5, 1) }, IS(interpolate), .p = { TW_INTERP_NEAREST_EXACT, [SCALE] = 150, 60 } },
    { "interpolate", "nearest, three axes", { REAL(1, 2, 3, 2, 1) }, IS(interpolate), .p = { TW_INTERP_NEAREST, [SCALE] = 200 } },
    { "interpolate", "linear, up", { REAL(1, 3, 4, 2) }, IS(interpolate), .p = { TW_INTERP_LINEAR, [SIZE] = 5, 4 }, .tol = 16 },
    { "interpolate", "linear, down by scale", { REAL(1, 7, 5, 1) }, IS(interpolate), .p = { TW_INTERP_LINEAR, [SCALE] = 45, 70 }, .tol = 16 },
    { "interpolate", "linear, corners", { REAL(1, 3, 4, 2) }, IS(interpolate), .p = { TW_INTERP_LINEAR, 1, [SIZE] = 5, 1 }, .tol = 16 },
    { "interpolate", "linear, one axis", { REAL(2, 4, 2) }, IS(interpolate), .p = { TW_INTERP_LINEAR, [SIZE] = 7 }, .tol = 16 },
    { "interpolate", "linear, three axes", { REAL(1, 2, 3, 2, 2) }, IS(interpolate), .p = { TW_INTERP_LINEAR, [SIZE] = 3, 2, 5 }, .tol = 16 },
    { "interpolate", "cubic, up", { REAL(1, 3, 4, 2) }, IS(interpolate), .p = { TW_INTERP_CUBIC, [SIZE] = 5, 7 }, .tol = 32 },
    { "interpolate", "cubic, down", { REAL(1, 7, 5, 1) }, IS(interpolate), .p = { TW_INTERP_CUBIC, [SIZE] = 3, 4 }, .tol = 32 },
    { "interpolate", "cubic, corners, by scale", { REAL(1, 4, 3, 1) }, IS(interpolate), .p = { TW_INTERP_CUBIC, 1, [SCALE] = 170 }, .tol = 32 },
    { "pixel_shuffle", "2", { REAL(2, 2, 3, 8) }, IS(pixel_shuffle), .p = { 2 }, .flags = R_EXACT },
    { "pixel_unshuffle", "3", { REAL(1, 3, 6, 2) }, IS(pixel_unshuffle), .p = { 3 }, .flags = R_EXACT },

    { "adaptive_avg_pool1d", "7 to 3", { REAL(2, 7, 2) }, IS(adaptive_avg), .p = { 3 } },
    { "adaptive_avg_pool2d", "5 6 to 3 4", { REAL(1, 5, 6, 2) }, IS(adaptive_avg), .p = { 3, 4 } },
    { "adaptive_avg_pool2d", "a multiple", { REAL(1, 4, 6, 2) }, IS(adaptive_avg), .p = { 2 } },
    { "adaptive_avg_pool2d", "more than there are", { REAL(1, 2, 3, 1) }, IS(adaptive_avg), .p = { 3, 4 } },
    { "adaptive_avg_pool3d", "to 2", { REAL(1, 3, 2, 5, 1) }, IS(adaptive_avg), .p = { 2 } },
    { "adaptive_max_pool1d", "7 to 3", { DISTINCT(2, 7, 2) }, IS(adaptive_max), .p = { 3 }, .flags = R_EXACT },
    { "adaptive_max_pool2d", "5 6 to 3 4", { DISTINCT(1, 5, 6, 2) }, IS(adaptive_max), .p = { 3, 4 }, .flags = R_EXACT },
    { "adaptive_max_pool2d", "a multiple", { DISTINCT(1, 4, 6, 2) }, IS(adaptive_max), .p = { 2 }, .flags = R_EXACT },
    { "adaptive_max_pool3d", "to 2", { DISTINCT(1, 3, 2, 5, 1) }, IS(adaptive_max), .p = { 2 }, .flags = R_EXACT },

    { "window", "one axis", { REAL(2, 5, 2) }, IS(window), .p = { 3 }, .flags = R_EXACT },
    { "window", "strided, dilated, padded", { REAL(1, 5, 6, 2) }, IS(window), .p = { 2, 3, 0, 2, 1, 0, 1, 2, 0, 1, 0, 0, 2 }, .flags = R_EXACT },
    { "window", "three axes", { REAL(1, 3, 2, 3, 1) }, IS(window), .p = { 2 }, .flags = R_EXACT },
    { "window_add", "one axis", { REAL(2, 3, 3, 2) }, IS(window_add), .p = { 3, [RANK] = 3, 2, 5, 2 } },
    { "window_add", "strided, dilated, padded", { REAL(1, 3, 4, 2, 3, 2) }, IS(window_add),
      .p = { 2, 3, 0, 2, 1, 0, 1, 2, 0, 1, 0, 0, 2, [RANK] = 4, 1, 5, 6, 2 } },
    { "window_add", "three axes", { REAL(1, 2, 1, 2, 2, 2, 2, 1) }, IS(window_add), .p = { 2, [RANK] = 5, 1, 3, 2, 3, 1 } },
    { "window_add", "many channels", { REAL(2, 6, 5, 2, 3, 37) }, IS(window_add), .p = { 2, 3, [RANK] = 4, 2, 7, 7, 37 }, .tol = 16, .flags = R_VALUE },

    { "attention", "plain", { REAL(2, 3, 4), REAL(2, 5, 4), REAL(2, 5, 2) }, IS(attention), .tol = 32 },
    { "attention", "causal, scaled, heads", { REAL(2, 2, 4, 3), REAL(2, 2, 4, 3), REAL(2, 2, 4, 2) }, IS(attention), .p = { 1, 70 }, .tol = 32 },
    { "attention", "an additive mask", { REAL(2, 3, 4), REAL(2, 5, 4), REAL(2, 5, 2), REAL(3, 5) }, IS(attention), .tol = 32 },
    { "attention", "a mask of booleans", { REAL(2, 3, 4), REAL(2, 5, 4), REAL(2, 5, 2), BOOLS(2, 1, 5) }, IS(attention), .tol = 32 },
    { "attention", "keys and values shared", { REAL(3, 2, 2), REAL(1, 4, 2), REAL(1, 4, 2) }, IS(attention), .p = { 1 }, .tol = 32 },
};
const int n_rows_images = sizeof rows_images / sizeof *rows_images;
