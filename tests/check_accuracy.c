/* check_accuracy.c - how far the vectorised functions are from the truth, in units of the last place.
 *
 * The worst error of every function and instruction set is printed, and must stay within its bound. f32 is compared
 * with libm in double, f64 with long double. Ordinarily some 10^6 floats and 10^5 doubles are tried; with TW_TEST_SLOW=1
 * all 2^32 floats and 10^7 doubles, which takes minutes a function; with TW_TEST_SLOW=exp those of exp alone. Floats are
 * taken by their bits, so every range has its share: zeros, numbers below the normal range, infinities and NaN among them.
 */
#include "tests/rig.h"
#include "core/vocab_impl.h"
#include "ops/kernel/table.h"

static double      sigmoid_f64(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static long double sigmoid_long(long double x) { return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x)); }
static double      lgamma_f64(double x) { int sign; return lgamma_r(x, &sign); }
static long double lgamma_long(long double x) { int sign; return lgammal_r(x, &sign); }

typedef struct function {
    const char  *name;
    int          block;                     /* 0: that of op */
    const tw_op *op;
    double     (*exact)(double);
    long double (*exacter)(long double);
    double       f32, f64;                  /* bounds */
} function;

#define F(name, f32, f64) { #name, TW_B_##name, NULL, name, name##l, f32, f64 }
static const function functions[] = {
    F(exp, 2, 4), F(expm1, 2, 4), F(log, 2, 4), F(log1p, 2, 4), F(tanh, 2, 4), F(erf, 2, 4), F(sin, 2, 4), F(cos, 2, 4), F(cbrt, 2, 4),
    { "sigmoid", TW_B_sigmoid, NULL, sigmoid_f64, sigmoid_long, 2, 4 },
    { "lgamma", 0, &tw_op_lgamma, lgamma_f64, lgamma_long, 2, 4 },
    F(tan, 2, 4), F(asin, 2, 4), F(acos, 2, 4), F(atan, 2, 4), F(sinh, 2, 4), F(cosh, 2, 4), F(asinh, 2, 4), F(acosh, 2, 4), F(atanh, 2, 4),
    F(exp2, 2, 4), F(log2, 2, 4), F(log10, 2, 4), F(sqrt, 0.5, 0.501),
};
#undef F
enum { FUNCTIONS = sizeof functions / sizeof *functions, N = 4096, ISAS = 3 };
static const char *const isa_names[] = { "base", "avx2", "avx512" };

static bool slow(const char *name)
{
    const char *s = getenv("TW_TEST_SLOW");
    return s && (!strcmp(s, "1") || !strcmp(s, name));
}

/* The distance in units of the last place that the dtype has at want. A number beyond the range is infinite. */
static double units(long double got, long double want, int mantissa, int least)
{
    int e;
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INF;
    if (got == want) return 0;
    const long double top = ldexpl(1, mantissa == 23 ? 128 : 1024), half_up = top - ldexpl(1, (mantissa == 23 ? 127 : 1023) - mantissa - 1);
    if (isinf(got)) return fabsl(want) >= half_up && (got > 0) == (want > 0) ? 0 : fabsl(want) > 0.999999L * top ? 1 : INF;
    if (isinf(want)) return INF;
    frexpl(want, &e);
    const int unit = (want == 0 || e - 1 < least ? least : e - 1) - mantissa;
    return (double)fabsl(ldexpl(got - want, -unit));
}
static double units_f32(float got, double want)       { return units((long double)got, (long double)want, 23, -126); }
static double units_f64(double got, long double want) { return units((long double)got, want, 52, -1022); }

static float float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}
static double double_of(uint64_t bits)
{
    double f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

typedef struct worst { double units, at; } worst;
static void note(worst *w, double u, double at)
{
    if (u > w->units) w->units = u, w->at = at;
}

static void run(const function *f, tw_isa isa, tw_dtype dtype, int n, const void *x, void *y)
{
    const tw_block_f32 a = { .n = n, .x = { x }, .y = y };
    const tw_block_f64 b = { .n = n, .x = { x }, .y = y };
    const tw_block c = { .n = n, .x = { x }, .y = y };
    if (f->block) tw__vocab.block(isa, f->block, dtype)(&c);
    else if (dtype == TW_F32) f->op->block_f32(&a);
    else f->op->block_f64(&b);
}

static void report(const char *name, const char *dtype, const worst *w, double bound)
{
    printf("%-8s %s: worst", name, dtype);
    for (int i = 0; i < ISAS; i++)
        if (tw__vocab.has_isa((tw_isa)i)) printf("  %s %.3f ulp at %.9g", isa_names[i], w[i].units, w[i].at);
    printf("  (bound %g)\n", bound);
    fflush(stdout);
    for (int i = 0; i < ISAS; i++)
        ck_assert_msg(w[i].units <= bound, "%s %s, %s: %g ulp at %.17g, bound %g", name, dtype, isa_names[i], w[i].units, w[i].at, bound);
}

START_TEST(floats)
{
    const function *f = &functions[_i];
    const uint64_t stride = slow(f->name) ? 1 : 4093;
    worst w[ISAS] = { { 0, 0 } };
    static float x[N], y[N];
    static double want[N];
    for (uint64_t bits = 0; bits < (uint64_t)1 << 32; ) {
        int n = 0;
        for (; n < N && bits < (uint64_t)1 << 32; n++, bits += stride) x[n] = float_of((uint32_t)bits), want[n] = f->exact((double)x[n]);
        for (int isa = 0; isa < ISAS; isa++) {
            if (!tw__vocab.has_isa((tw_isa)isa)) continue;
            run(f, (tw_isa)isa, TW_F32, n, x, y);
            for (int i = 0; i < n; i++)         /* most are rounded right: seen at once */
                if (y[i] != (float)want[i] || w[isa].units < 0.5) note(&w[isa], units_f32(y[i], want[i]), (double)x[i]);
        }
    }
    report(f->name, "f32", w, f->f32);
}
END_TEST

/* Half of them by bits, the others between -20 and 20, where functions have their shape, or around 1. */
static double some_double(int64_t k, uint64_t *seed)
{
    if (k % 2 == 0) return double_of(noise_bits(seed) ^ noise_bits(seed) << 32);
    return k % 4 == 1 ? noise(seed, -20, 20) : noise(seed, -1.5, 1.5);
}

START_TEST(doubles)
{
    const function *f = &functions[_i];
    const int64_t count = slow(f->name) ? 10000000 : 100000;
    uint64_t seed = 99;
    worst w[ISAS] = { { 0, 0 } };
    static double x[N], y[N];
    static long double want[N];
    for (int64_t k = 0; k < count; k += N) {
        for (int i = 0; i < N; i++) x[i] = some_double(k + i, &seed), want[i] = f->exacter((long double)x[i]);
        for (int isa = 0; isa < ISAS; isa++) {
            if (!tw__vocab.has_isa((tw_isa)isa)) continue;
            run(f, (tw_isa)isa, TW_F64, N, x, y);
            for (int i = 0; i < N; i++) note(&w[isa], units_f64(y[i], want[i]), x[i]);
        }
    }
    report(f->name, "f64", w, f->f64);
}
END_TEST

/* Bases and exponents whose power is within the range, and any at all. */
START_TEST(powers)
{
    const int64_t count = slow("pow") ? 20000000 : 400000;
    uint64_t seed = 5;
    worst w32[ISAS] = { { 0, 0 } }, w64[ISAS] = { { 0, 0 } };
    static double a[N], b[N], y[N];
    static float a32[N], b32[N], y32[N];
    for (int64_t k = 0; k < count; k += N) {
        for (int i = 0; i < N; i++) {
            a[i] = i % 4 == 0 ? double_of(noise_bits(&seed) ^ noise_bits(&seed) << 32) : exp2(noise(&seed, -30, 30));
            b[i] = i % 4 == 0 ? noise(&seed, -9, 9) : noise(&seed, -1000, 1000) / (fabs(log2(a[i])) + 0.01);
            if (i % 8 == 0) b[i] = nearbyint(b[i]);
            if (k == 0 && i < 64) {
                static const double special[] = { 0, -0.0, 1, -1, 2, 0.5, INF, NaN };
                a[i] = special[i / 8], b[i] = special[i % 8];
            }
            a32[i] = (float)a[i], b32[i] = (float)(i % 4 ? b[i] / 8 : b[i]);
        }
        for (int isa = 0; isa < ISAS; isa++) {
            if (!tw__vocab.has_isa((tw_isa)isa)) continue;
            const tw_block d = { .n = N, .x = { a, b }, .y = y }, s = { .n = N, .x = { a32, b32 }, .y = y32 };
            tw__vocab.block((tw_isa)isa, TW_B_pow, TW_F64)(&d);
            tw__vocab.block((tw_isa)isa, TW_B_pow, TW_F32)(&s);
            for (int i = 0; i < N; i++) {
                note(&w64[isa], units_f64(y[i], powl((long double)a[i], (long double)b[i])), a[i]);
                note(&w32[isa], units_f32(y32[i], pow((double)a32[i], (double)b32[i])), (double)a32[i]);
            }
        }
    }
    report("pow", "f32", w32, 2);
    report("pow", "f64", w64, 4);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("accuracy");
    TCase *c = tcase_create("accuracy");
    tcase_set_timeout(c, getenv("TW_TEST_SLOW") ? 3600 : 60);
    tcase_add_loop_test(c, floats, 0, FUNCTIONS);
    tcase_add_loop_test(c, doubles, 0, FUNCTIONS);
    tcase_add_test(c, powers);
    suite_add_tcase(s, c);
    return rig_run(s);
}
