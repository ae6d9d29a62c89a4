/* rare_tmpl.h - functions that no training step waits for: on vectors, for f64; f32 goes through f64.
 *
 * Through f64, f32 runs at half the speed that code of its own would have, and is rounded correctly
 * nearly everywhere. f64 is good to 3 units in the last place. Branch-free, as vmath_tmpl.h.
 */

#if BITS == 64

/* ---- circular functions and their inverses ------------------------------------------------ */

static __attribute__((noinline)) V FN(tan_libm)(V x, V y)
{
    for (int i = 0; i < VL; i++)
        if (!(fabs(x[i]) <= SIN_MAX)) y[i] = tan(x[i]);
    return y;
}

TW_INLINE V FN(vtan)(V x)
{
    VI q;
    V c;
    const V r = FN(sin_reduce)(x, &q), s = FN(sin_cos)(r, &c);
    const VI odd = (q & 1) != 0;
    const V t = FN(select)(odd, -c, s) / FN(select)(odd, s, c), y = FN(select)(x == 0, x, t);
    return tw__any((tw_vi64)~(FN(magnitude)(x) <= SIN_MAX)) ? FN(tan_libm)(x, y) : y;
}

#define PI_2_HI 1.57079632679489655800      /* pi / 2 in two numbers */
#define PI_2_LO 6.12323399573676603587e-17

/* (asin(x) - x) / x in z = x^2, for |x| <= 1/2 (FreeBSD, e_asin.c) */
static const T FN(asin_p)[] = {
    1.66666666666666657415e-01, -3.25565818622400915405e-01, 2.01212532134862925881e-01,
    -4.00555345006794114027e-02, 7.91534994289814532176e-04, 3.47933107596021167570e-05
};
static const T FN(asin_q)[] = {
    1, -2.40339491173441421878e+00, 2.02094576023350569471e+00, -6.88283971605453293030e-01,
    7.70381505559019352791e-02
};

/* With a = |x|: asin(a) = a + rest for a < 1/2; beyond, asin(a) = pi/2 - 2 asin(sqrt((1 - a) / 2)). Gives the
 * argument of that arc sine, and the rest to it. */
TW_INLINE V FN(asin_parts)(V a, V *rest)
{
    const V z = FN(select)(a < 0.5, a * a, 0.5 - 0.5 * a), s = FN(select)(a < 0.5, a, TW_SQRT(z));
    *rest = s * (z * FN(poly)(z, FN(asin_p), 6) / FN(poly)(z, FN(asin_q), 5));
    return s;
}

TW_INLINE V FN(vasin)(V x)
{
    V rest;
    const V a = FN(magnitude)(x), s = FN(asin_parts)(a, &rest);
    const V far = PI_2_HI - (2 * (s + rest) - PI_2_LO);
    return FN(with_sign)(FN(select)(a < 0.5, s + rest, far), x);
}

TW_INLINE V FN(vacos)(V x)
{
    V rest;
    const V a = FN(magnitude)(x), s = FN(asin_parts)(a, &rest);
    const V near = PI_2_HI - (x - (PI_2_LO - FN(with_sign)(rest, x))), twice = 2 * (s + rest);
    const V far = FN(select)(x < 0, 2 * PI_2_HI - (twice - 2 * PI_2_LO), twice);
    return FN(select)(a < 0.5, near, far);
}

/* (atan(t) - t) / t in z = t^2, for |t| <= 0.66 (Cephes, atan.c) */
static const T FN(atan_p)[] = {
    -6.485021904942025371773e1, -1.228866684490136173410e2, -7.500855792314704667340e1,
    -1.615753718733365076637e1, -8.750608600031904122785e-1
};
static const T FN(atan_q)[] = {
    1.945506571482613964425e2, 4.853903996359136964868e2, 4.328810604912902668951e2,
    1.650270098316988542046e2, 2.485846490142306297962e1, 1
};

/* The angle of the point (x, y). That of (larger, smaller magnitude) lies below pi/4: taken from pi/4 near
 * that end, then mirrored at the diagonal, at the y axis and at the x axis. */
TW_INLINE V FN(vatan2)(V y, V x)
{
    const V ay = FN(magnitude)(y), ax = FN(magnitude)(x);
    const VI steep = ay > ax;
    const V high = FN(select)(steep, ay, ax), scale = FN(select)(high > 0x1p1000, FN(splat)(0x1p-4), FN(splat)(1));
    const V big = high * scale, small = FN(select)(steep, ax, ay) * scale;
    const VI upper = (small > 0.66 * big) | (small == INF);
    V t = FN(select)(upper, small - big, small) / FN(select)(upper, small + big, big);
    t = FN(select)((big == 0) | (small == INF), (V){ 0 }, t);
    const V z = t * t, p = z * FN(poly)(z, FN(atan_p), 5) / FN(poly)(z, FN(atan_q), 6);
    V a = FN(select)(upper, 0.5 * PI_2_HI + (t + (t * p + 0.5 * PI_2_LO)), TW_FMA(t, p, t));
    a = FN(select)(steep, PI_2_HI - (a - PI_2_LO), a);
    a = FN(select)((VI)x < 0, 2 * PI_2_HI - (a - 2 * PI_2_LO), a);
    return FN(select)((x == x) & (y == y), FN(with_sign)(a, y), x + y);
}

TW_INLINE V FN(vatan)(V x) { return FN(vatan2)(x, FN(splat)(1)); }

/* ---- hyperbolic functions and their inverses ---------------------------------------------- */

/* A quarter of e^a and of e^a - 1, for a >= 0: finite where twice the quarter is. */
TW_INLINE V FN(quarters)(V a, V *minus_1)
{
    V n;
    const V p = FN(exp_rest)(FN(exp_reduce)(FN(at_most)(a, 710.8), &n)), q = FN(power_of_2)(FN(whole)(n) - 2);
    *minus_1 = TW_FMA(q, p, q - 0.25);
    return TW_FMA(q, p, q);
}

/* (e^a - 1 + (e^a - 1) / e^a) / 2: no cancellation */
TW_INLINE V FN(vsinh)(V x)
{
    V m;
    const V a = FN(magnitude)(x);
    FN(quarters)(a, &m);
    const V y = 2 * m + 2 * (m / (4 * m + 1));
    return FN(with_sign)(FN(select)(a < TINY, a, FN(select)(a < INF, y, a)), x);
}

TW_INLINE V FN(vcosh)(V x)
{
    V m;
    const V a = FN(magnitude)(x), q = FN(quarters)(a, &m);
    return FN(select)(a < INF, 2 * q + 0.125 / q, a);
}

/* log(1 + u), or log(2 x) where x is so large that u was not computed. */
TW_INLINE V FN(log_or_twice)(VI large, V u, V x)
{
    const V y = FN(vlog1p)(FN(select)(large, x, u));
    return y + FN(select)(large, FN(splat)(0.69314718055994530942), (V){ 0 });
}

TW_INLINE V FN(vasinh)(V x)
{
    const V a = FN(magnitude)(x), s = a * a;
    return FN(with_sign)(FN(log_or_twice)(a > 0x1p500, a + s / (1 + TW_SQRT(1 + s)), a), x);
}

TW_INLINE V FN(vacosh)(V x)
{
    const V t = x - 1;
    const V y = FN(log_or_twice)(x > 0x1p500, t + TW_SQRT(2 * t + t * t), x);
    return FN(select)(t < 0, FN(splat)((T)NAN), y);
}

TW_INLINE V FN(vatanh)(V x)
{
    const V a = FN(magnitude)(x);
    return FN(with_sign)(FN(select)(a < TINY, a, 0.5 * FN(vlog1p)(2 * a / (1 - a))), x);
}

/* ---- other bases, roots ------------------------------------------------------------------- */

TW_INLINE V FN(vexp2)(V x)
{
    const V n = FN(vround)(FN(at_least)(FN(at_most)(x, 1100), -1100));
    const V r = FN(select)(FN(magnitude)(x) >= 1100, (V){ 0 }, x - n);
    return FN(scale)(1 + FN(exp_rest)(r * 0.69314718055994530942), n + MAGIC);
}

/* log(x) times a constant in two numbers: powers of the base give whole numbers. */
TW_INLINE V FN(log_times)(V x, T by, T by_low)
{
    V k, low, e;
    const V f = FN(log_reduce)(x, &k), l = FN(log_two)(f, k, &low), p = FN(product)(l, FN(splat)(by), &e);
    return FN(log_special)(p + (e + (l * by_low + low * by)), x);
}

TW_INLINE V FN(vlog2)(V x)  { return FN(log_times)(x, 1.4426950408889634, 2.0355273740931033e-17); }
TW_INLINE V FN(vlog10)(V x) { return FN(log_times)(x, 0.4342944819032518, 1.098319650216765e-17); }

/* cbrt(1 + f) for sqrt(1/2) <= 1 + f < sqrt(2), to 4 digits */
static const T FN(cbrt_p)[] = {
    1.0000068895179226, 0.3332432123089716, -0.11172969285296756, 0.06534528287830144, -0.03600019208330247
};

/* m 2^(3q + s) with s = -1, 0 or 1: a polynomial, twice Newton's method on m 2^s, and 2^q. */
TW_INLINE V FN(vcbrt)(V x)
{
    V k;
    const V a = FN(magnitude)(x), f = FN(log_reduce)(a, &k), q = k * 0.33333333333333333 + MAGIC, s = k - 3 * (q - MAGIC);
    const V m = (1 + f) * FN(select)(s > 0, FN(splat)(2), FN(select)(s < 0, FN(splat)(0.5), FN(splat)(1)));
    V y = FN(poly)(f, FN(cbrt_p), (int)(sizeof FN(cbrt_p) / sizeof(T)));
    y *= FN(select)(s > 0, FN(splat)(1.2599210498948732), FN(select)(s < 0, FN(splat)(0.79370052598409974), FN(splat)(1)));
    y -= (y - m / (y * y)) * 0.33333333333333333;
    y -= (y - m / (y * y)) * 0.33333333333333333;
    const V r = FN(with_sign)(FN(scale)(y, q), x);
    return FN(select)((a > 0) & (a < INF), r, x);
}

/* The larger times sqrt(1 + (smaller / larger)^2), scaled so that no square leaves the range. */
TW_INLINE V FN(vhypot)(V x, V y)
{
    const V a = FN(magnitude)(x), b = FN(magnitude)(y), big = FN(select)(a > b, a, b);
    const VI over = big > 0x1p500, under = big < 0x1p-500;
    const V s = FN(select)(over, FN(splat)(0x1p-600), FN(select)(under, FN(splat)(0x1p600), FN(splat)(1)));
    const V back = FN(select)(over, FN(splat)(0x1p600), FN(select)(under, FN(splat)(0x1p-600), FN(splat)(1)));
    const V u = a * s, v = b * s, h = TW_SQRT(TW_FMA(u, u, v * v)) * back;
    return FN(select)((a == INF) | (b == INF), FN(splat)(INF), h);
}

/* ---- of two --------------------------------------------------------------------------------- */

/* log(e^x + e^y). Equal infinities have no difference. */
TW_INLINE V FN(vlogaddexp)(V x, V y)
{
    const VI x_more = x > y;
    const V more = FN(select)(x_more, x, y), less = FN(select)(x_more, y, x);
    const V d = FN(select)(more == less, (V){ 0 }, less - more);
    const V r = more + FN(vlog1p)(FN(vexp)(d));
    return FN(select)((x == x) & (y == y), r, x + y);
}

#undef PI_2_HI
#undef PI_2_LO

#define RARE1(name) static void FN(name)(const tw_block *b) { FN(vmap1)(b, FN(v##name)); }
#define RARE2(name) static void FN(name)(const tw_block *b) { FN(vmap2)(b, FN(v##name)); }

#else

/* f of f64, on the operands widened a piece at a time. */
static __attribute__((noinline)) void FN(through)(const tw_block *b, int n_in, tw_block_fn f)
{
    enum { M = 64 };
    double x[2][M], y[M];
    for (int64_t lo = 0; lo < b->n; lo += M) {
        const tw_block piece = { .n = b->n - lo < M ? b->n - lo : M, .x = { x[0], x[1] }, .y = y, .attr = b->attr };
        for (int k = 0; k < n_in; k++)
            for (int64_t i = 0; i < piece.n; i++) x[k][i] = (double)((const T *)b->x[k])[lo + i];
        f(&piece);
        for (int64_t i = 0; i < piece.n; i++) ((T *)b->y)[lo + i] = (T)y[i];
    }
}

#define RARE1(name) static void FN(name)(const tw_block *b) { FN(through)(b, 1, FN64(name)); }
#define RARE2(name) static void FN(name)(const tw_block *b) { FN(through)(b, 2, FN64(name)); }
#endif

RARE1(tan)   RARE1(asin)  RARE1(acos)  RARE1(atan)
RARE1(sinh)  RARE1(cosh)  RARE1(asinh) RARE1(acosh) RARE1(atanh)
RARE1(exp2)  RARE1(log2)  RARE1(log10) RARE1(cbrt)
RARE2(atan2) RARE2(hypot) RARE2(logaddexp)

#undef RARE1
#undef RARE2
