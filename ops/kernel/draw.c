/* draw.c - kernels of random draws that may take several tries: integers of a range, truncated normal and gamma numbers.
 *
 * Each element has a stream of its own out of Philox 4x32-10 (philox.h), which counts tries beside
 * elements: what one element rejects does not move the next, so ranges and threads change no bit.
 */
#include "ops/kernel/plain.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

typedef struct stream { uint64_t seed, number, at; uint32_t words[4]; int used; } stream;

enum { ELEMENT_BITS = 46 };         /* more elements no tensor has; the bits above count tries */

static void philox(uint64_t key, uint64_t first, uint64_t number, uint32_t c[4])
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    c[0] = (uint32_t)first, c[1] = (uint32_t)(first >> 32), c[2] = (uint32_t)number, c[3] = (uint32_t)(number >> 32);
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)c[0] * 0xD2511F53u, p1 = (uint64_t)c[2] * 0xCD9E8D57u;
        c[0] = (uint32_t)(p1 >> 32) ^ c[1] ^ k0;
        c[1] = (uint32_t)p1;
        c[2] = (uint32_t)(p0 >> 32) ^ c[3] ^ k1;
        c[3] = (uint32_t)p0;
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
}

static stream stream_of(const tw_call *c, int64_t element)
{
    stream s = { .seed = c->seed, .at = (uint64_t)element, .used = 4 };
    memcpy(&s.number, c->slot, sizeof s.number);
    return s;
}

static uint64_t bits(stream *s)
{
    if (s->used == 4) {
        philox(s->seed, s->at, s->number, s->words);
        s->at += (uint64_t)1 << ELEMENT_BITS, s->used = 0;
    }
    const uint64_t w = (uint64_t)s->words[s->used + 1] << 32 | s->words[s->used];
    s->used += 2;
    return w;
}

/* Between 0 and 1, neither included. */
static double fraction(stream *s) { return ((double)(bits(s) >> 12) + 0.5) * 0x1p-52; }

static double normal(stream *s)
{
    const double radius = sqrt(-2 * log(fraction(s)));
    return radius * cos(6.283185307179586 * fraction(s));
}

/* The high half of a product spreads 64 bits over the range; no number is likelier than another by 2^-32. */
__extension__ typedef unsigned __int128 wide;

int64_t tw__k_randint(const tw_call *c)
{
    const tw_randint_slot *t = c->slot;
    int64_t *y = c->out[0].data;
    for (int64_t o = c->lo; o < c->hi; o++) {
        stream s = stream_of(c, o);
        y[o] = (int64_t)((uint64_t)t->low + (uint64_t)((wide)bits(&s) * t->range >> 64));
    }
    return -1;
}

/* A standard normal number within [low, high]. What is tried is normal where the interval is wide about 0, uniform
 * where it is narrow, exponential in a tail (Robert, "Simulation of truncated normal variables", 1995). */
static double within(stream *s, double low, double high)
{
    if (low > 0 || high < 0) {
        const double sign = low > 0 ? 1 : -1, a = low > 0 ? low : -high, b = low > 0 ? high : -low;
        const double rate = (a + sqrt(a * a + 4)) / 2;
        for (;;) {
            const bool narrow = (b - a) * rate < 1;
            const double x = narrow ? a + (b - a) * fraction(s) : a - log(fraction(s)) / rate;
            const double miss = narrow ? (x - a) * (x + a) : (x - rate) * (x - rate);
            if (x <= b && fraction(s) <= exp(-miss / 2)) return sign * x;
        }
    }
    if (high - low > 2.5)
        for (;;) {
            const double x = normal(s);
            if (x >= low && x <= high) return x;
        }
    for (;;) {
        const double x = low + (high - low) * fraction(s);
        if (fraction(s) <= exp(-x * x / 2)) return x;
    }
}

int64_t tw__k_truncated_normal(const tw_call *c)
{
    const tw_truncated_slot *t = c->slot;
    for (int64_t o = c->lo; o < c->hi; o++) {
        stream s = stream_of(c, o);
        const double x = within(&s, t->low, t->high);
        if (c->out[0].dtype == TW_F32) ((float *)c->out[0].data)[o] = (float)x;
        else ((double *)c->out[0].data)[o] = x;
    }
    return -1;
}

/* The logarithm of a gamma number (Marsaglia and Tsang, "A simple method for generating gamma variables", 2000). For
 * alpha below 1, of one of alpha + 1 times u^(1/alpha). */
static double log_gamma_number(stream *s, double alpha)
{
    const double d = alpha + (alpha < 1 ? 1 : 0) - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        const double x = normal(s), root = 1 + c * x, v = root * root * root;
        if (root <= 0) continue;
        const double u = fraction(s);
        if (u >= 1 - 0.0331 * x * x * x * x && log(u) >= x * x / 2 + d * (1 - v + log(v))) continue;
        return log(d * v) + (alpha < 1 ? log(fraction(s)) / alpha : 0);
    }
}

static double log_gamma_at(const tw_call *c, int64_t element, double alpha)
{
    if (!(alpha > 0)) return alpha == 0 ? -(double)INFINITY : (double)NAN;
    if (isinf(alpha)) return alpha;
    stream s = stream_of(c, element);
    return log_gamma_number(&s, alpha);
}

int64_t tw__k_gamma(const tw_call *c)
{
    const tw_gamma_attr *t = c->attr;
    const bool f32 = c->out[0].dtype == TW_F32;
    for (int64_t o = c->lo; o < c->hi; o++) {
        const double alpha = f32 ? (double)((const float *)c->in[0].data)[o] : ((const double *)c->in[0].data)[o];
        const double log_y = log_gamma_at(c, o % t->count, alpha), y = t->log ? log_y : exp(log_y);
        if (f32) ((float *)c->out[0].data)[o] = (float)y;
        else ((double *)c->out[0].data)[o] = y;
    }
    return -1;
}
