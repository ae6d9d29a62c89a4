/* ceiling.c - compiled with -O3 -march=native. */
#include "bench/kernels/ceiling.h"
#include "bench/clock.h"
#include "ops/kernel/isa.h"
#include <pthread.h>
#include <stdatomic.h>

enum { VL = TW_VEC / 4 };
static volatile float sink;

static inline tw_vf32 get(const float *p) { tw_vf32 v; memcpy(&v, p, sizeof v); return v; }
static inline void    put(float *p, tw_vf32 v) { memcpy(p, &v, sizeof v); }
static inline void    put_past(float *p, tw_vf32 v)
{
#if defined(__AVX512F__)
    _mm512_stream_ps(p, (__m512)v);
#elif defined(__AVX2__)
    _mm256_stream_ps(p, (__m256)v);
#else
    put(p, v);
#endif
}

static void reads(const float *x, int64_t n)
{
    tw_vf32 s[8] = { 0 };
    int64_t i = 0;
    for (; i + 8 * VL <= n; i += 8 * VL)
        for (int k = 0; k < 8; k++) s[k] += get(x + i + k * VL);
    for (int k = 1; k < 8; k++) s[0] += s[k];
    sink = s[0][0] + (i < n ? x[i] : 0);
}

#define EACH for (int64_t i = lo; i < hi; i += VL)
static void some(const stream *s, int64_t lo, int64_t hi)
{
    const float *x = s->x, *z = s->z;
    float *y = s->y;
    const tw_vf32 one = (tw_vf32){ 0 } + 1.0001f;
    switch (s->kind) {
    case READ_ONE:  reads(x + lo, hi - lo); break;
    case WRITE_ONE: EACH put(y + i, one); break;
    case COPY_ONE:  EACH put(y + i, get(x + i)); break;
    case ADD_TWO:   EACH put(y + i, get(x + i) + get(z + i)); break;
    case IN_PLACE:  EACH put(y + i, get(y + i) * one); break;
    case COPY_PAST: EACH put_past(y + i, get(x + i)); break;
    default:        EACH put_past(y + i, get(x + i) + get(z + i));
    }
}

int stream_bytes(loop kind)
{
    return kind == READ_ONE || kind == WRITE_ONE ? 4 : kind == ADD_TWO || kind == ADD_PAST ? 12 : 8;
}

/* ---- a second thread --------------------------------------------------------------------------- */

/* It spins while there is work, and sleeps between blocks of it. */
static struct { pthread_t thread; bool there; _Atomic int turn, done, stop; void (*f)(void *); void *arg; } second;

static void relax(void)
{
#if defined(__x86_64__)
    _mm_pause();
#endif
}

static void *work(void *unused)
{
    (void)unused;
    for (int seen = 0; !atomic_load(&second.stop); seen++) {
        for (double until = now() + 200e3; atomic_load(&second.turn) == seen && !atomic_load(&second.stop); ) {
            for (int k = 0; k < 64 && atomic_load(&second.turn) == seen; k++) relax();
            if (now() > until) nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
        }
        if (!atomic_load(&second.stop)) second.f(second.arg), atomic_store(&second.done, seen + 1);
    }
    return NULL;
}

static void start(void (*f)(void *), void *arg)
{
    if (!second.there) second.there = pthread_create(&second.thread, NULL, work, NULL) == 0;
    second.f = f, second.arg = arg;
    atomic_fetch_add(&second.turn, 1);
}

static void finish(void)
{
    while (second.there && atomic_load(&second.done) != atomic_load(&second.turn)) relax();
}

void ceiling_close(void)
{
    if (!second.there) return;
    atomic_store(&second.stop, 1);
    pthread_join(second.thread, NULL);
    second.there = false;
}

static int64_t half(const stream *s) { return s->n / 2 / (8 * VL) * (8 * VL); }
static void upper(void *arg)
{
    const stream *s = arg;
    some(s, half(s), s->n);
}

void stream_run(void *arg)
{
    const stream *s = arg;
    if (s->threads < 2) {
        some(s, 0, s->n);
        return;
    }
    start(upper, arg);
    some(s, 0, half(s));
    finish();
}

/* ---- arithmetic -------------------------------------------------------------------------------- */

enum { CHAINS = 12, STEPS = 100000 };

static void fmas(void *unused)
{
    (void)unused;
    tw_vf32 s[CHAINS];
    const tw_vf32 a = (tw_vf32){ 0 } + 0.999f, b = (tw_vf32){ 0 } + 1e-3f;
    for (int k = 0; k < CHAINS; k++) s[k] = b * (float)k;
    for (int i = 0; i < STEPS; i++)
        for (int k = 0; k < CHAINS; k++) s[k] = TW_FMA(s[k], a, b);
    for (int k = 1; k < CHAINS; k++) s[0] += s[k];
    sink = s[0][0];
}

double fma_run(int threads)
{
    if (threads > 1) start(fmas, NULL);
    fmas(NULL);
    if (threads > 1) finish();
    return 2.0 * VL * CHAINS * STEPS * threads;
}

double clock_rate(void)
{
    enum { LINKS = 1 << 20 };
    double best = 0;
    for (int round = 0; round < 7; round++) {
        uint64_t x = (uint64_t)round | 3;
        const double since = now();
        for (int i = 0; i < LINKS; i++) {
            x *= 0x9E3779B97F4A7C15;
#if defined(__GNUC__)
            __asm__ volatile("" : "+r"(x));
#endif
        }
        const double rate = 3.0 * LINKS / (now() - since);
        sink = (float)x;
        if (rate > best) best = rate;
    }
    return best;
}
