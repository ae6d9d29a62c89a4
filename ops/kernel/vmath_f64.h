/* vmath_f64.h - polynomials and constants of vmath_tmpl.h for f64, and what f64 does in two numbers. */
#define MANTISSA    52
#define EXPONENT_0  1023
#define MAGIC       6755399441055744.0      /* 1.5 * 2^52: adding it rounds to an integer, in the low bits */
#define LN2_HI      6.93147180369123816490e-1   /* few digits: times an exponent it is exact */
#define LN2_LO      1.90821492927058770002e-10
#define EXP_MAX     710.0                   /* beyond, infinity */
#define EXP_MIN     -746.0                  /* below, 0 */
#define EXPM1_MIN   -40.0                   /* below, -1 */
#define TANH_MAX    20.0                    /* beyond, 1 */
#define TINY        1.1102230246251565e-16  /* 2^-53: below, expm1 and log1p are x itself */
#define SQRT_HALF   0x3fe6a09e667f3bcd      /* the bits of sqrt(1/2), and the least normal number */
#define LEAST       2.2250738585072014e-308
#define SIN_MAX     1.6e9                   /* beyond, libm */
#define LIBM(name)  name

/* (exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2 */
static const T FN(exp_q)[] = {
    0.5, 0.16666666666666682, 0.041666666666666095, 0.008333333333316983, 0.001388888888911639,
    0.000198412698965142, 2.4801586925656126e-05, 2.755723472855828e-06, 2.7557582336933143e-07,
    2.511208429721546e-08, 2.0826565597723035e-09
};

/* log((1 + s) / (1 - s)) / s - 2 in s^2, divided by s^2 (FreeBSD, e_log.c) */
static const T FN(log_p)[] = {
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
    1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01
};

/* log(1 + f) - f + f^2 / 2 */
TW_INLINE V FN(log_rest)(V f, V half_square)
{
    const V s = f / (f + 2.0), z = s * s;
    return s * (half_square + z * FN(poly)(z, FN(log_p), 7));
}

/* k log(2) + log(1 + f) + c, small terms first */
TW_INLINE V FN(log_of)(V k, V f, V c)
{
    const V half_square = 0.5 * f * f;
    return k * LN2_HI - ((half_square - (FN(log_rest)(f, half_square) + (k * LN2_LO + c))) - f);
}

/* (sin(r) - r) / r^3 and (cos(r) - 1 + r^2 / 2) / r^4 in r^2, for |r| <= pi / 4 (FreeBSD, k_sin.c, k_cos.c) */
static const T FN(sin_p)[] = {
    -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04,
    2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10
};
static const T FN(cos_p)[] = {
    4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05,
    -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11
};
enum { FN(sin_n) = 6, FN(cos_n) = 6 };

/* erf(x) / x - 1 in x^2 for |x| < 1, and log(1 - erf(t)) in t - 2 beyond */
static const T FN(erf_p)[] = {
    0.1283791670955126, -0.3761263890318375, 0.11283791670954857, -0.026866170645072893, 0.005223977624780835,
    -0.0008548326978740568, 0.00012055331036846668, -1.4925593505766364e-05, 1.6460972801190717e-06,
    -1.6350025076223882e-07, 1.4657878989888879e-08, -1.1365663136628493e-09, 5.945257693941542e-11
};
static const T FN(erf_q)[] = {
    -5.364941264616638, -4.418160805994417, -0.9237508418238048, -0.016465118136863622, 0.0035707563461564937,
    -0.00073239938575003, 0.00013530933472821443, -2.070643254447954e-05, 1.9521937965983285e-06,
    2.0364249397391666e-07, -1.7320487502646882e-07, 5.779722359006139e-08, -1.3950639532671566e-08,
    2.539113124542433e-09, -2.7431848820627604e-10, -4.30849737723008e-11, 3.7365603039414385e-11,
    -1.0111339382841496e-11, 1.0390269467187596e-12
};
enum { FN(erf_p_n) = 13, FN(erf_q_n) = 19 };
#define ERF_SPLIT   1.0
#define ERF_MAX     6.0
#define ERF_CENTRE  2.0
#define ERF_SLOPE   0.0

/* x = q pi/2 + r with |r| <= pi/4 and q modulo 4. Up to 2^30 quarters, products with the first three
 * parts of pi/2, of 23 bits each, are exact, and so are the first two differences; what the third
 * one loses is brought back, since next to a multiple of pi/2 it is all that remains. */
TW_INLINE V FN(sin_reduce)(V x, VI *q)
{
    const V k = x * 0.63661977236758134 + MAGIC, n = k - MAGIC;
    const V a = x - n * 1.570796251296997 - n * 7.549789415861596e-08;
    const V t = n * 5.390302529957765e-15, r = a - t;
    const V b = r - a, lost = (a - (r - b)) - (t + b);
    *q = (VI)k;
    return r + (lost - n * 3.2820035428735005e-22);
}

/* a * b = p + e, exactly */
TW_INLINE V FN(product)(V a, V b, V *e)
{
    const V p = a * b;
#if defined(__FMA__)
    *e = TW_FMA(a, b, -p);
#else
    const V sa = a * 134217729.0, sb = b * 134217729.0;     /* 2^27 + 1: halves of 26 bits (Veltkamp) */
    const V ah = sa - (sa - a), al = a - ah, bh = sb - (sb - b), bl = b - bh;
    *e = ((ah * bh - p) + ah * bl + al * bh) + al * bl;
#endif
    return p;
}

/* a + b = s + e, exactly */
TW_INLINE V FN(total)(V a, V b, V *e)
{
    const V s = a + b, t = s - a;
    *e = (a - (s - t)) + (b - t);
    return s;
}

/* The series 2/5 + 2/7 z + ... of (log((1 + s) / (1 - s)) - 2 s - 2/3 s^3) / s^5 */
static const T FN(log_series)[] = {
    0.4, 0.2857142857142857, 0.2222222222222222, 0.18181818181818182, 0.15384615384615385,
    0.13333333333333333, 0.11764705882352941, 0.10526315789473684, 0.09523809523809523,
    0.08695652173913043, 0.08, 0.07407407407407407
};

/* log(m 2^k) as a sum of two numbers, good to some 2^-65. With s = f / (2 + f), f = m - 1, the first
 * two terms of the series, and the quotient itself, are kept in two numbers. */
TW_INLINE V FN(log_two)(V f, V k, V *low)
{
    V e1, e2, e3, e4, e5, e6, e7;
    const V d = f + 2.0, d_low = f - (d - 2.0);
    const V s = f / d, p = FN(product)(s, d, &e1);
    const V s_low = ((f - p) - e1 - s * d_low) / d;
    const V z = FN(product)(s, s, &e2), z_low = e2 + 2.0 * s * s_low;
    const V c = FN(product)(z, s, &e3), c_low = e3 + z * s_low + z_low * s;
    const V u = FN(product)(c, FN(splat)(0.6666666666666666), &e4);
    const V u_low = e4 + c * 3.700743415417188e-17 + c_low * 0.6666666666666666;
    const V rest = z * c * FN(poly)(z, FN(log_series), 12);

    V h = FN(total)(k * LN2_HI, 2.0 * s, &e5);
    h = FN(total)(h, u, &e6);
    const V l = (e5 + e6) + (k * LN2_LO + (2.0 * s_low + (u_low + rest)));
    h = FN(total)(h, l, &e7);
    *low = e7;
    return h;
}
