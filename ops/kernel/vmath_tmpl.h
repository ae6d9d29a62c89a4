/* vmath_tmpl.h - exp, log, sin, tanh, erf, pow and their kin on vectors, without branches.
 *
 * libm's functions do not vectorise, and differ from machine to machine. These are the same
 * operations on every lane: reduce the argument, evaluate a polynomial (vmath_f32.h, vmath_f64.h),
 * undo the reduction, and choose the special points with masks. f32 is good to 2 units in the last
 * place, f64 to 4 (mostly to 1), at zeros, infinities, NaN and numbers below the normal range, too.
 * AVX2 and AVX-512 do the same operations and agree to the bit. Constants stay defined for later templates
 * (rare_tmpl.h) and go in vmath_end.h.
 */

/* c[0] + c[1] x + ... by Horner's rule */
TW_INLINE V FN(poly)(V x, const T *c, int n)
{
    V p = FN(splat)(c[n - 1]);
#pragma GCC unroll 24
    for (int i = n - 2; i >= 0; i--) p = TW_FMA(p, x, FN(splat)(c[i]));
    return p;
}

#if BITS == 32
#include "ops/kernel/vmath_f32.h"
#else
#include "ops/kernel/vmath_f64.h"
#endif

#define SIGN_BIT ((VI)(((VU){ 0 } + 1) << (BITS - 1)))
#define INF      ((T)INFINITY)

TW_INLINE V FN(magnitude)(V x)         { return (V)((VI)x & ~SIGN_BIT); }
TW_INLINE V FN(with_sign)(V a, V sign) { return (V)((VI)a | ((VI)sign & SIGN_BIT)); }
/* At most, at least: NaN stays. */
TW_INLINE V FN(at_most)(V x, T a)      { return JOIN2(tw__at_most_, SUFFIX)(FN(splat)(a), x); }
TW_INLINE V FN(at_least)(V x, T a)     { return JOIN2(tw__at_least_, SUFFIX)(FN(splat)(a), x); }

/* To the nearest integer, ties to even; from 2^MANTISSA on all numbers are integers. */
TW_INLINE V FN(vround)(V x)
{
    const T big = (T)((int64_t)1 << MANTISSA);
    const V a = FN(magnitude)(x), r = (a + big) - big;
    return FN(select)(a < big, FN(with_sign)(r, x), x);
}

TW_INLINE V FN(vfloor)(V x)
{
    const V r = FN(vround)(x);
    return FN(select)(r > x, r - 1, r);
}

TW_INLINE V FN(vceil)(V x)             { return -FN(vfloor)(-x); }
TW_INLINE V FN(vtrunc)(V x)            { return FN(with_sign)(FN(vfloor)(FN(magnitude)(x)), x); }
TW_INLINE V FN(vcopysign)(V a, V sign) { return FN(with_sign)(FN(magnitude)(a), sign); }

/* ---- exponentials ------------------------------------------------------------------------- */

/* 2^n for n in the normal range */
TW_INLINE V FN(power_of_2)(VI n)
{
    return (V)((n + EXPONENT_0) << MANTISSA);
}

/* x = n log(2) + r: returns r, and n with MAGIC added to it. */
TW_INLINE V FN(exp_reduce)(V x, V *n)
{
    *n = TW_FMA(x, FN(splat)((T)1.4426950408889634), FN(splat)(MAGIC));
    const V k = *n - MAGIC;
    return TW_FMA(k, FN(splat)(-LN2_LO), TW_FMA(k, FN(splat)(-LN2_HI), x));
}

/* n as an integer, out of its sum with MAGIC */
TW_INLINE VI FN(whole)(V n)
{
    return (VI)((VU)n - (VU)FN(splat)(MAGIC));
}

/* p 2^n, n with MAGIC. It may lie beyond the normal range: two factors, of which the first is exact. */
TW_INLINE V FN(scale)(V p, V n)
{
#if TW_SCALE
    return JOIN2(tw__scale_, SUFFIX)(p, n - MAGIC);
#else
    const VI k = FN(whole)(n), half = (VI)(((VU)k + 4096) >> 1) - 2048;
    return p * FN(power_of_2)(half) * FN(power_of_2)((VI)((VU)k - (VU)half));
#endif
}

/* exp(r) - 1 */
TW_INLINE V FN(exp_rest)(V r)
{
    return TW_FMA(r * r, FN(poly)(r, FN(exp_q), (int)(sizeof FN(exp_q) / sizeof(T))), r);
}

TW_INLINE V FN(vexp)(V x)
{
    V n;
    const V r = FN(exp_reduce)(FN(at_least)(FN(at_most)(x, EXP_MAX), EXP_MIN), &n);
    return FN(scale)(1 + FN(exp_rest)(r), n);
}

/* exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1), halved, since 2^n may be infinite */
TW_INLINE V FN(vexpm1)(V x)
{
    V n;
    const V a = FN(at_least)(FN(at_most)(x, EXP_MAX), EXPM1_MIN);
    const V p = FN(exp_rest)(FN(exp_reduce)(a, &n)), half = FN(power_of_2)(FN(whole)(n) - 1);
    const V y = 2 * TW_FMA(half, p, half - (T)0.5);
    return FN(select)(FN(magnitude)(x) < TINY, x, y);
}

/* With a = |x|, (e^2a - 1) / (e^2a + 1) has no cancellation anywhere, but three roundings: too many for
 * f32, which takes a polynomial for small a, and 1 - 2 / (e^2a + 1) for others. */
#if BITS == 32
TW_INLINE V FN(vtanh)(V x)
{
    const V a = FN(magnitude)(x), t = FN(at_most)(a, TANH_MAX);
    const V n = TW_FMA(t, FN(splat)((T)2.8853900817779268), FN(splat)(MAGIC)), k = n - MAGIC;
    const V r = TW_FMA(k, FN(splat)(-LN2_LO / 2), TW_FMA(k, FN(splat)(-LN2_HI / 2), t));     /* half of what is left of 2 a */
    const V e = FN(poly)(r, FN(tanh_q), 7) * FN(power_of_2)(FN(whole)(n));
    return FN(with_sign)(FN(select)(a < 0.625f, FN(tanh_small)(a), 1 - 2 / (e + 1)), x);
}
#else
TW_INLINE V FN(vtanh)(V x)
{
    const V e = FN(vexpm1)(2 * FN(at_most)(FN(magnitude)(x), TANH_MAX));
    return FN(with_sign)(e / (e + 2), x);
}
#endif

/* e / (1 + e) or 1 / (1 + e) with e = exp(-|x|): never infinite, and exact far to the left. What the two
 * sums in e and 1 + e lose would make more than 2 units with the rest; it goes back into the quotient. */
TW_INLINE V FN(vsigmoid)(V x)
{
    V n;
    const V a = FN(at_least)(-FN(magnitude)(x), EXP_MIN);
    const V rest = FN(exp_rest)(FN(exp_reduce)(a, &n)), p = 1 + rest, p_lost = rest - (p - 1);
    const V e = FN(scale)(p, n), d = 1 + e, d_lost = e - (d - 1);
    const VI left = x < 0;
    const V q = FN(select)(left, e, FN(splat)(1)) / d;
    /* of e: 1 / (1 + e) on the left, -e / (1 + e) on the right; of d: about 1 - e / 2, as 1 / d is */
    const V lost = FN(select)(left, p_lost, -e * p_lost) - d_lost;
    return TW_FMA(q, lost * (1 - (T)0.5 * e), q);
}

/* ---- logarithms --------------------------------------------------------------------------- */

/* x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), for positive finite x */
TW_INLINE V FN(log_reduce)(V x, V *k)
{
    const VI small = x < LEAST;
    x = FN(select)(small, x * (T)((int64_t)1 << (MANTISSA + 1)), x);
    const VI bits = (VI)((VU)x + (VU)((((VI){ 0 } + EXPONENT_0) << MANTISSA) - SQRT_HALF));
    const VI e = (VI)((VU)bits >> MANTISSA) - EXPONENT_0 - (small & (MANTISSA + 1));
    *k = (V)((VU)e + (VU)FN(splat)(MAGIC)) - MAGIC;         /* as a float: AVX2 cannot convert 64-bit integers */
    return (V)((bits & ((((VI){ 0 } + 1) << MANTISSA) - 1)) + SQRT_HALF) - 1;
}

/* x is where the logarithm of at is not y: at 0, below, and at infinity and NaN. */
TW_INLINE V FN(log_special)(V y, V at)
{
    y = FN(select)(at < INF, y, at);
    y = FN(select)(at == 0, FN(splat)(-INF), y);
    return FN(select)(at < 0, FN(splat)((T)NAN), y);
}

#if BITS == 32
static __attribute__((noinline)) V FN(log_any)(V x)
{
    V k;
    const V f = FN(log_reduce)(x, &k);
    return FN(log_special)(FN(log_of)(k, f, (V){ 0 }), x);
}

/* Where all lanes are positive, finite and not below the normal range, no other kind is looked for: the same bits. */
TW_INLINE V FN(vlog)(V x)
{
    const VU least = (VU)FN(splat)(LEAST);
    if (tw__any((tw_vi64)((VU)x - least >= (VU)FN(splat)(INF) - least))) return FN(log_any)(x);
    const VI bits = (VI)((VU)x + (VU)((((VI){ 0 } + EXPONENT_0) << MANTISSA) - SQRT_HALF));
    const V k = __builtin_convertvector((VI)((VU)bits >> MANTISSA) - EXPONENT_0, V);
    const V f = (V)((bits & ((((VI){ 0 } + 1) << MANTISSA) - 1)) + SQRT_HALF) - 1;
    return FN(log_of)(k, f, (V){ 0 });
}
#else
TW_INLINE V FN(vlog)(V x)
{
    V k;
    const V f = FN(log_reduce)(x, &k);
    return FN(log_special)(FN(log_of)(k, f, (V){ 0 }), x);
}
#endif

/* log(u) with u = 1 + x, and what rounding u has lost, over u. Where u is in the octave, f is x itself. */
TW_INLINE V FN(vlog1p)(V x)
{
    V k;
    const V u = 1 + x, f = FN(log_reduce)(u, &k);
    const V lost = FN(select)(k > 1, 1 - (u - x), x - (u - 1)) / u;
    const VI near = k == 0;
    const V y = FN(log_of)(k, FN(select)(near, x, f), FN(select)(near, (V){ 0 }, lost));
    return FN(select)(FN(magnitude)(x) < TINY, x, FN(log_special)(y, u));
}

/* ---- sine and cosine ---------------------------------------------------------------------- */

/* The sine of |r| <= pi / 4; its cosine into *c. */
TW_INLINE V FN(sin_cos)(V r, V *c)
{
    const V z = r * r, h = (T)0.5 * z, w = 1 - h;
    *c = w + (((1 - w) - h) + z * z * FN(poly)(z, FN(cos_p), FN(cos_n)));
    return TW_FMA(z * r, FN(poly)(z, FN(sin_p), FN(sin_n)), r);
}

/* sin(r) or cos(r) of the quarter that q says */
TW_INLINE V FN(sin_of)(V r, VI q)
{
    V c;
    const V s = FN(sin_cos)(r, &c), y = FN(select)((q & 1) != 0, c, s);
    return (V)((VI)y ^ ((q & 2) << (BITS - 2)));
}

/* Angles too large to be reduced here, infinities and NaN. */
static __attribute__((noinline)) V FN(sin_libm)(V x, V y)
{
    for (int i = 0; i < VL; i++)
        if (!(LIBM(fabs)(x[i]) <= SIN_MAX)) y[i] = LIBM(sin)(x[i]);
    return y;
}

static __attribute__((noinline)) V FN(cos_libm)(V x, V y)
{
    for (int i = 0; i < VL; i++)
        if (!(LIBM(fabs)(x[i]) <= SIN_MAX)) y[i] = LIBM(cos)(x[i]);
    return y;
}

TW_INLINE V FN(vsin)(V x)
{
    VI q;
    const V r = FN(sin_reduce)(x, &q), y = FN(select)(x == 0, x, FN(sin_of)(r, q));
    return tw__any((tw_vi64)~(FN(magnitude)(x) <= SIN_MAX)) ? FN(sin_libm)(x, y) : y;
}

TW_INLINE V FN(vcos)(V x)
{
    VI q;
    const V r = FN(sin_reduce)(x, &q), y = FN(sin_of)(r, q + 1);
    return tw__any((tw_vi64)~(FN(magnitude)(x) <= SIN_MAX)) ? FN(cos_libm)(x, y) : y;
}

/* ---- erf, pow ----------------------------------------------------------------------------- */

TW_INLINE V FN(verf)(V x)
{
    const V a = FN(magnitude)(x), t = FN(at_most)(a, ERF_MAX);
    const V near = TW_FMA(x, FN(poly)(x * x, FN(erf_p), FN(erf_p_n)), x);
    const V p = FN(poly)(t - ERF_CENTRE, FN(erf_q), FN(erf_q_n));
    const V far = 1 - FN(vexp)(TW_FMA(t, FN(splat)(ERF_SLOPE), p));
    return FN(select)(a < ERF_SPLIT, near, FN(with_sign)(far, x));
}

#if BITS == 64
/* |x|^y: exp(y log x) with the logarithm, and its product with y, in two numbers. */
TW_INLINE V FN(pow_of)(V x, V y)
{
    V k, low, e, n;
    const V f = FN(log_reduce)(x, &k), l = FN(log_two)(f, k, &low);
    y = FN(at_least)(FN(at_most)(y, 0x1p66), -0x1p66);      /* beyond, all but 1^y is 0 or infinite */
    const V z = FN(product)(l, y, &e), r = FN(exp_reduce)(FN(at_least)(FN(at_most)(z, EXP_MAX), EXP_MIN), &n);
    const V rest = FN(select)(FN(magnitude)(z) < -EXP_MIN, e + y * low, (V){ 0 });
    return FN(scale)(1 + FN(exp_rest)(r + rest), n);
}
#endif

/* C's pow: the special points one after the other, later ones winning. */
TW_INLINE V FN(vpow)(V x, V y)
{
    const V a = FN(magnitude)(x), one = FN(splat)(1), h = (T)0.5 * y;
    const VI whole = FN(vround)(y) == y, odd = whole & (FN(vround)(h) != h);
    const V zero_side = FN(select)(y < 0, FN(splat)(INF), (V){ 0 });
    const V inf_side  = FN(select)(y < 0, (V){ 0 }, FN(splat)(INF));

    V r = FN(pow_of)(a, y);
    r = FN(select)(a == 0, zero_side, r);
    r = FN(select)(a == INF, inf_side, r);
    r = FN(select)((a == 1) & (y == y), one, r);
    r = (V)((VI)r ^ (odd & (VI)x & SIGN_BIT));
    r = FN(select)((x < 0) & (a < INF) & ~whole, FN(splat)((T)NAN), r);
    r = FN(select)((x == x) & (y == y), r, x + y);
    return FN(select)((y == 0) | (x == 1), one, r);
}
