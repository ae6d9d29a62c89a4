/* hand.c - the chains of chains.c, each a loop that keeps everything in vector registers.
 *
 * Compiled with -O3 -march=native. exp, tanh and sigmoid are those of the library's kernels, so that
 * the comparison is about loads, stores and calls, not about how an exponential is computed.
 */
#include "bench/hand.h"
#include "ops/kernel/isa.h"

#include <math.h>

#define FN(name)   JOIN3(name, SUFFIX, hand)
#define FN64(name) JOIN3(name, f64, hand)
#define V  JOIN2(tw_v, SUFFIX)
#define VI JOIN2(tw_vi, BITS)
#define VU JOIN2(tw_vu, BITS)
#define VL (TW_VEC / (int)sizeof(T))
#define IS_FLOAT 1

#define T        double
#define TU       uint64_t
#define SUFFIX   f64
#define BITS     64
#include "ops/kernel/vector_tmpl.h"
#include "ops/kernel/vmath_tmpl.h"
#include "ops/kernel/vmath_end.h"
#undef T
#undef TU
#undef SUFFIX
#undef BITS
#define T        float
#define TU       uint32_t
#define SUFFIX   f32
#define BITS     32
#include "ops/kernel/vector_tmpl.h"
#include "ops/kernel/vmath_tmpl.h"
#include "ops/kernel/vmath_end.h"

#define LD(p)    FN(ld)(p)
#define ST(p, v) FN(st)(p, v)
#define ALL(h)   for (int64_t i = 0; i < (h)->n; i += VL)

static inline float total(V v)
{
    float s = 0;
    for (int l = 0; l < VL; l++) s += v[l];
    return s;
}

void hand_gelu(const hand *h)
{
    const float c = 0.7978845608f, a = 0.044715f;
    ALL(h) {
        const V x = LD(h->x + i), g = LD(h->dy + i), x2 = x * x, t = FN(vtanh)(c * (x + a * x2 * x));
        ST(h->y + i, 0.5f * x * (1 + t));
        ST(h->dx + i, g * (0.5f * (1 + t) + 0.5f * x * (1 - t * t) * (c * (1 + 3 * a * x2))));
    }
}

void hand_swish(const hand *h)
{
    ALL(h) {
        const V x = LD(h->x + i), g = LD(h->dy + i), s = FN(vsigmoid)(x), y = x * s;
        ST(h->y + i, y);
        ST(h->dx + i, g * (s + y * (1 - s)));
    }
}

void hand_adam(const hand *h)
{
    ALL(h) {
        const V g = LD(h->dy + i), m0 = LD(h->m + i), v0 = LD(h->v + i);
        const V m = m0 + 0.1f * (g - m0), v = v0 + 0.001f * (g * g - v0);
        ST(h->m + i, m), ST(h->v + i, v);
        ST(h->p + i, LD(h->p + i) - 1e-3f * (m / (1.0001f * TW_SQRT(v) + 1e-8f)));
    }
}

void hand_dropout(const hand *h)
{
    for (int64_t r = 0; r < h->n; r += HAND_FEATURES)
        for (int64_t i = r; i < r + HAND_FEATURES; i += VL) {
            const V x = LD(h->x + i) + LD(h->bias + i - r), zero = { 0 };
            const VI on = (x > zero) & (LD(h->uniform + i) < 0.9f);
            ST(h->y + i, FN(select)(on, x * (1 / 0.9f), zero));
            ST(h->dx + i, FN(select)(on, LD(h->dy + i) * (1 / 0.9f), zero));
        }
}

/* y: the loss of each row. */
void hand_cross_entropy(const hand *h)
{
    const int64_t rows = h->n / HAND_CLASSES;
    for (int64_t r = 0; r < rows; r++) {
        const float *x = h->x + r * HAND_CLASSES;
        float *d = h->dx + r * HAND_CLASSES, most = x[0];
        V top = LD(x), sum = { 0 };
        for (int i = VL; i < HAND_CLASSES; i += VL) top = FN(select)(LD(x + i) > top, LD(x + i), top);
        for (int l = 0; l < VL; l++) most = top[l] > most ? top[l] : most;
        for (int i = 0; i < HAND_CLASSES; i += VL) {
            const V e = FN(vexp)(LD(x + i) - most);
            ST(d + i, e), sum += e;
        }
        const float s = total(sum), scale = 1 / (s * (float)rows);
        for (int i = 0; i < HAND_CLASSES; i += VL) ST(d + i, LD(d + i) * scale);
        d[h->label[r]] -= 1 / (float)rows;
        h->y[r] = logf(s) + most - x[h->label[r]];
    }
}

void hand_layer_norm(const hand *h)
{
    const float part = 1.0f / HAND_FEATURES;
    for (int64_t r = 0; r < h->n; r += HAND_FEATURES) {
        V sum = { 0 }, squares = { 0 }, gs = { 0 }, gys = { 0 };
        for (int64_t i = r; i < r + HAND_FEATURES; i += VL) sum += LD(h->x + i);
        const float mean = total(sum) * part;
        for (int64_t i = r; i < r + HAND_FEATURES; i += VL) {
            const V c = LD(h->x + i) - mean, g = LD(h->dy + i) * LD(h->gain + i - r);
            squares += c * c, gs += g, gys += g * c;
        }
        const float inv = 1 / sqrtf(total(squares) * part + 1e-5f), g0 = total(gs) * part, g1 = total(gys) * part * inv * inv;
        for (int64_t i = r; i < r + HAND_FEATURES; i += VL) {
            const V c = LD(h->x + i) - mean, gain = LD(h->gain + i - r);
            ST(h->y + i, c * inv * gain + LD(h->bias + i - r));
            ST(h->dx + i, inv * (LD(h->dy + i) * gain - g0 - c * g1));
        }
    }
}

void hand_twenty(const hand *h)
{
    ALL(h) {
        V x = LD(h->x + i);
        const V d = LD(h->dy + i);
        for (int k = 0; k < 5; k++) {
            x = x * 0.75f + d;
            x = x - x * d;
        }
        ST(h->y + i, x);
    }
}
