/* vmath_f32.h - polynomials and constants of vmath_tmpl.h for f32, and what f32 does through double.
 *
 * Reducing an angle and raising to a power lose too many digits in single precision; both halves of
 * the vector go through double instead, which is cheaper than keeping two floats a number.
 */
#define MANTISSA    23
#define EXPONENT_0  127
#define MAGIC       12582912.0f             /* 1.5 * 2^23: adding it rounds to an integer, in the low bits */
#define LN2_HI      0.693359375f            /* few digits: times an exponent it is exact */
#define LN2_LO      -2.12194440e-4f
#define EXP_MAX     89.0f                   /* beyond, infinity */
#define EXP_MIN     -104.0f                 /* below, 0 */
#define EXPM1_MIN   -20.0f                  /* below, -1 */
#define TANH_MAX    10.0f                   /* beyond, 1 */
#define TINY        5.9604645e-8f           /* 2^-24: below, expm1 and log1p are x itself */
#define SQRT_HALF   0x3f3504f3              /* the bits of sqrt(1/2), and of the least normal number */
#define LEAST       1.17549435e-38f
#define SIN_MAX     1.0e6f                  /* beyond, libm */
#define LIBM(name)  name##f

/* (exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2 */
static const T FN(exp_q)[] = {
    0.500000006783307f, 0.16666665866581545f, 0.04166629437377258f, 0.00833349740853182f,
    0.0013944703313095387f, 0.00019790271839187067f
};

/* (log(1 + f) - f) / f^2 for sqrt(1/2) <= 1 + f < sqrt(2), to 8e-9 of the logarithm */
static const T FN(log_p)[] = {
    -0.5f, 3.3333331347e-1f, -2.5000822544e-1f, 2.0001226664e-1f, -1.6623355448e-1f, 1.4201770723e-1f, -1.3160218298e-1f,
    1.2761501968e-1f, -7.6343104243e-2f
};

/* k log(2) + log(1 + f) + c, small terms first */
TW_INLINE V FN(log_of)(V k, V f, V c)
{
    const V rest = TW_FMA(f * f, FN(poly)(f, FN(log_p), 9), TW_FMA(k, FN(splat)(LN2_LO), c));
    return TW_FMA(k, FN(splat)(LN2_HI), f + rest);
}

/* (sin(r) - r) / r^3 and (cos(r) - 1 + r^2 / 2) / r^4 in r^2, for |r| <= pi / 4 (Cephes, sinf) */
static const T FN(sin_p)[] = { -1.6666654611e-1f, 8.3321608736e-3f, -1.9515295891e-4f };
static const T FN(cos_p)[] = { 4.166664568298827e-2f, -1.388731625493765e-3f, 2.443315711809948e-5f };
enum { FN(sin_n) = 3, FN(cos_n) = 3 };

/* tanh(x) for 0 <= x < 0.625 (Cephes, tanhf) */
static const T FN(tanh_p)[] = {
    -3.33332819422e-1f, 1.33314422036e-1f, -5.37397155531e-2f, 2.06390887954e-2f, -5.70498872745e-3f
};

/* exp(2 r) for |r| <= log(2) / 4, to 3e-9 */
static const T FN(tanh_q)[] = {
    1, 2, 1.9999997616f, 1.3333215714f, 6.6669428349e-1f, 2.6780098677e-1f, 8.8412553072e-2f
};

TW_INLINE V FN(tanh_small)(V x)
{
    const V z = x * x;
    return TW_FMA(x * z, FN(poly)(z, FN(tanh_p), 5), x);
}

/* erf(x) / x - 1 in x^2 for |x| < 475/512, and log(1 - erf(t)) + t in t beyond (after N. Juffa) */
static const T FN(erf_p)[] = {
    1.28379166e-1f, -3.76125336e-1f, 1.12819925e-1f, -2.67681349e-2f, 4.99119423e-3f, -5.96761703e-4f
};
static const T FN(erf_q)[] = {
    0, -1.28717512e-1f, -6.34846687e-1f, -1.06777877e-1f, 2.42546219e-2f, -3.88396438e-3f,
    3.83197126e-4f, -1.72853470e-5f
};
enum { FN(erf_p_n) = 6, FN(erf_q_n) = 8 };
#define ERF_SPLIT   0.927734375f
#define ERF_MAX     4.0f
#define ERF_CENTRE  0.0f
#define ERF_SLOPE   -1.0f

/* x = n pi/2 + r with |r| <= pi/4. The product with the first part of pi/2 is exact. */
TW_INLINE tw_vf64 FN(quarters)(tw_vf64 x, tw_vf64 *n)
{
    const tw_vf64 zero = { 0 };
    *n = (x * 0.63661977236758134 + 6755399441055744.0) - 6755399441055744.0;
    return TW_FMA(*n, -6.077100506506192e-11 - zero, TW_FMA(*n, -1.5707963267341256 - zero, x));
}

/* The same, and n modulo 4 in the low bits of q. */
TW_INLINE V FN(sin_reduce)(V x, VI *q)
{
    tw_vf64 n0, n1;
    const tw_vf64 r0 = FN(quarters)(tw__widen_low(x), &n0), r1 = FN(quarters)(tw__widen_high(x), &n1);
    *q = (VI)(tw__narrow(n0, n1) + MAGIC);
    return tw__narrow(r0, r1);
}

/* |x|^y */
TW_INLINE V FN(pow_of)(V x, V y)
{
    const tw_vf64 low  = FN64(vexp)(tw__widen_low(y) * FN64(vlog)(tw__widen_low(x)));
    const tw_vf64 high = FN64(vexp)(tw__widen_high(y) * FN64(vlog)(tw__widen_high(x)));
    return tw__narrow(low, high);
}
