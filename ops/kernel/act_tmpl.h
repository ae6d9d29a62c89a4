/* act_tmpl.h - activations with a long formula, one kernel for the value, one for the slope, and the normal
 * distribution, which gelu needs.
 *
 * All exponentials are of negative numbers, so nothing overflows, and both tails keep their digits:
 * 1 / (1 + e) and e / (1 + e) with e = exp(-|x|) in place of a sigmoid that cancels. Where an
 * infinite x would meet a factor of 0, x is held at a bound beyond which that factor is 0.
 */

/* x within [-a, a]: NaN stays. */
TW_INLINE V FN(within)(V x, T a) { return FN(at_least)(FN(at_most)(x, a), -a); }

/* ---- the normal distribution function, and gelu, x times it ----------------------------------- */

#if BITS == 32
#define NORMAL_MAX  15.0f                   /* beyond, exp(-a^2 / 2) is 0 */
#define NORMAL_K    4.0f
#define HIGH_HALF   0xfff
/* (a + 4) exp(a^2 / 2) P(-a) in (a - 4) / (a + 4), for a >= 0, where P is the distribution function */
static const T FN(normal_p)[] = {
    0.7552851438522339f, -0.607896625995636f, 0.38713738322257996f, -0.1865219920873642f, 0.060396645218133926f,
    -0.007538688834756613f, -0.003479942912235856f, 0.0016242476413026452f, 0.00013364042388275266f,
    -0.00021777107031084597f, -1.7259923197343596e-06f, 2.1979043594910763e-05f
};
#else
#define NORMAL_MAX  39.0
#define NORMAL_K    5.0
#define HIGH_HALF   0x7ffffff
/* (a + 5) exp(a^2 / 2) P(-a) in (a - 5) / (a + 5), for a >= 0 */
static const T FN(normal_p)[] = {
    0.769193049750063, -0.6653825028900568, 0.49530561596998063, -0.31353315667128584, 0.16502036617018967,
    -0.06911863870695671, 0.02079506680331947, -0.002993376760347635, -0.0007978694284287862,
    0.0005448989774454366, -5.9375585163440916e-05, -4.976236467507681e-05, 1.6680843519640492e-05,
    3.979457180792049e-06, -2.768861633372941e-06, -3.337060350835977e-07, 4.334561019475754e-07,
    3.87533092243584e-08, -6.740161179772032e-08, -7.068045653980906e-09, 9.268659037027118e-09,
    1.322102962781694e-09, -7.842796363635921e-10, -1.4191921893580604e-10
};
#endif

/* exp(-a^2 / 2) for 0 <= a <= NORMAL_MAX. The square of the high half of a is exact; rounding a^2 itself would cost
 * the exponential as many units as the square is large. */
TW_INLINE V FN(bell)(V a)
{
    V n;
    const V high = (V)((VI)a & ~(VI)((VU){ 0 } + HIGH_HALF)), rest = (a - high) * (a + high);
    const V r = FN(exp_reduce)((T)-0.5 * (high * high), &n) - (T)0.5 * rest;
    return FN(scale)(1 + FN(exp_rest)(r), n);
}

/* exp(a^2 / 2) P(-a) as a quotient of the result and *d */
TW_INLINE V FN(mills)(V a, V *d)
{
    const V near = FN(at_most)(a, 1 / TINY);
    *d = a + NORMAL_K;
    return FN(poly)((near - NORMAL_K) / (near + NORMAL_K), FN(normal_p), (int)(sizeof FN(normal_p) / sizeof(T)));
}

/* P(-a) for a >= 0; exp(-a^2 / 2) into *bell */
TW_INLINE V FN(tail)(V a, V *bell)
{
    V d;
    const V near = FN(at_most)(a, NORMAL_MAX), m = FN(mills)(near, &d);
    *bell = FN(bell)(near);
    return *bell * (m / d);
}

/* The normal distribution function of x; exp(-x^2 / 2) into *bell. */
TW_INLINE V FN(normal_of)(V x, V *bell)
{
    const V tail = FN(tail)(FN(magnitude)(x), bell);
    return FN(select)(x < 0, tail, 1 - tail);
}

#if BITS == 64
TW_INLINE V FN(vndtr)(V x)
{
    V bell;
    return FN(normal_of)(x, &bell);
}

/* Its logarithm: on the left log(m / d) - x^2 / 2, without cancellation */
TW_INLINE V FN(vlog_ndtr)(V x)
{
    V d, bell;
    const V a = FN(magnitude)(x), m = FN(mills)(a, &d), left = FN(vlog)(m / d) - (T)0.5 * a * a;
    return FN(select)(x < 0, FN(select)(a == INF, -a, left), FN(vlog1p)(-FN(tail)(a, &bell)));
}

/* P' / P, the slope of the logarithm */
TW_INLINE V FN(vlog_ndtr_slope)(V x)
{
    const T c = (T)0.39894228040143267794;
    V d, bell;
    const V a = FN(magnitude)(x), m = FN(mills)(a, &d), tail = FN(tail)(a, &bell);
    return FN(select)(x < 0, d * c / m, c * bell / (1 - tail));
}
#endif

TW_INLINE V FN(vgelu)(V x)
{
    V bell;
    return FN(at_least)(x, -NORMAL_MAX) * FN(normal_of)(x, &bell);
}

/* P(x) + x P'(x) */
TW_INLINE V FN(vgelu_slope)(V x)
{
    V bell;
    const V p = FN(normal_of)(x, &bell);
    return TW_FMA(FN(within)(x, NORMAL_MAX) * (T)0.39894228040143267794, bell, p);
}

/* ---- sigmoids ----------------------------------------------------------------------------- */

/* e = exp(-|u|); the sigmoid of u is 1 / (1 + e) on the right, e / (1 + e) on the left. */
TW_INLINE V FN(sigmoid_parts)(V u, V *e, V *d)
{
    *e = FN(vexp)(-FN(magnitude)(u));
    *d = 1 + *e;
    return FN(select)(u < 0, *e, FN(splat)(1));
}

TW_INLINE V FN(vsilu)(V x)
{
    V e, d;
    const V s = FN(sigmoid_parts)(x, &e, &d);
    return FN(at_least)(x, EXP_MIN) * s / d;
}

/* s + x s', s' = e / (1 + e)^2 */
TW_INLINE V FN(vsilu_slope)(V x)
{
    V e, d;
    const V s = FN(sigmoid_parts)(x, &e, &d);
    return (s + FN(within)(x, -EXP_MIN) * (e / d)) / d;
}

/* x s(u), u = 2 sqrt(2 / pi) (x + 0.044715 x^3) */
#define TANH_GELU(name) (T)1.5957691216057308 * name * (1 + (T)0.044715 * name * name)

TW_INLINE V FN(vgelu_tanh)(V x)
{
    V e, d;
    const V a = FN(at_least)(x, -100), s = FN(sigmoid_parts)(TANH_GELU(a), &e, &d);
    return a * s / d;
}

TW_INLINE V FN(vgelu_tanh_slope)(V x)
{
    V e, d;
    const V a = FN(within)(x, 100), s = FN(sigmoid_parts)(TANH_GELU(a), &e, &d);
    const V du = (T)1.5957691216057308 * (1 + (T)0.134145 * a * a);
    return (s + a * du * (e / d)) / d;
}
#undef TANH_GELU

/* log(1 + e^x) */
TW_INLINE V FN(vsoftplus)(V x)
{
    return FN(at_least)(x, 0) + FN(vlog1p)(FN(vexp)(-FN(magnitude)(x)));
}

/* With e = exp(-|x|) and tanh(log(1 + e^x)) = m / d: m = e (2 + e) and d = m + 2 on the left, m = 1 + 2 e and
 * d = m + 2 e^2 on the right. */
TW_INLINE V FN(mish_parts)(V x, V *e, V *d)
{
    const VI left = x < 0;
    *e = FN(vexp)(-FN(magnitude)(x));
    const V m = FN(select)(left, *e * (2 + *e), 1 + 2 * *e);
    *d = m + FN(select)(left, FN(splat)(2), 2 * *e * *e);
    return m;
}

TW_INLINE V FN(vmish)(V x)
{
    V e, d;
    const V m = FN(mish_parts)(x, &e, &d);
    return FN(at_least)(x, EXP_MIN) * m / d;
}

/* m / d + x 4 e (1 + e) / d^2, with another e on the right */
TW_INLINE V FN(vmish_slope)(V x)
{
    V e, d;
    const V m = FN(mish_parts)(x, &e, &d), c = 4 * e * (1 + e) * FN(select)(x < 0, FN(splat)(1), e);
    return (m + FN(within)(x, -EXP_MIN) * (c / d)) / d;
}

#define ACT(name) static void FN(name)(const tw_block *b) { FN(vmap1)(b, FN(v##name)); }
ACT(gelu)      ACT(gelu_slope)      ACT(gelu_tanh) ACT(gelu_tanh_slope)
ACT(silu)      ACT(silu_slope)      ACT(mish)      ACT(mish_slope)
ACT(softplus)
#if BITS == 64
ACT(ndtr)      ACT(log_ndtr)        ACT(log_ndtr_slope)
#else
static void FN(ndtr)(const tw_block *b)           { FN(through)(b, 1, FN64(ndtr)); }
static void FN(log_ndtr)(const tw_block *b)       { FN(through)(b, 1, FN64(log_ndtr)); }
static void FN(log_ndtr_slope)(const tw_block *b) { FN(through)(b, 1, FN64(log_ndtr_slope)); }
#endif
#undef ACT

/* ---- elu: alpha (e^x - 1) on the left; attr: double alpha ----------------------------------- */

TW_INLINE V FN(velu)(V x, V alpha)       { return FN(select)(x <= 0, alpha * FN(vexpm1)(x), x); }
TW_INLINE V FN(velu_slope)(V x, V alpha) { return FN(select)(x > 0, FN(splat)(1), alpha * FN(vexp)(FN(at_most)(x, 0))); }

TW_INLINE void FN(with_alpha)(const tw_block *b, V (*f)(V, V))
{
    const T *x = b->x[0];
    T *y = b->y;
    double alpha;
    memcpy(&alpha, b->attr, sizeof alpha);
    const V a = FN(splat)((T)alpha);
    int64_t i = 0;
    for (; i + VL <= b->n; i += VL) FN(st)(y + i, f(FN(ld)(x + i), a));
    if (i < b->n) FN(stn)(y + i, f(FN(ldn)(x + i, b->n - i, 1), a), b->n - i);
}

static void FN(elu)(const tw_block *b)       { FN(with_alpha)(b, FN(velu)); }
static void FN(elu_slope)(const tw_block *b) { FN(with_alpha)(b, FN(velu_slope)); }

#undef NORMAL_MAX
#undef NORMAL_K
#undef HIGH_HALF
