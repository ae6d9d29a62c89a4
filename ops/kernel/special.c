/* special.c - functions that are rare, and long: one number at a time, compiled once for all instruction sets.
 *
 * f64 computes in long double where a sum could cancel (gamma's kin next to their zeros) and is good to some 1e-15
 * where long double is wider than double; f32 goes through f64.
 */
#include "ops/kernel/special.h"
#include "ops/kernel/attrs.h"
#include <math.h>
#include <string.h>

static const long double pi = 3.14159265358979323846264338327950288L;

/* ---- gamma and its kin ------------------------------------------------------------------------ */

static double log_gamma(double x, const void *attr)
{
    int sign;
    (void)attr;
    return (double)lgammal_r((long double)x, &sign);
}

static double log_gamma_f32(double x, const void *attr)
{
    int sign;
    (void)attr;
    return lgamma_r(x, &sign);
}

/* Bernoulli numbers B_2, B_4, ... of Euler's and Maclaurin's sums */
static const long double bernoulli[] = {
    1 / 6.0L, -1 / 30.0L, 1 / 42.0L, -1 / 30.0L, 5 / 66.0L, -691 / 2730.0L, 7 / 6.0L, -3617 / 510.0L, 43867 / 798.0L,
    -174611 / 330.0L
};
enum { BERNOULLI = sizeof bernoulli / sizeof *bernoulli, FAR = 20 };

/* log x - 1/2x - sum B_2k / (2k x^2k) from FAR on; below, psi(x) = psi(x + 1) - 1/x; psi(1 - x) - psi(x) = pi cot(pi x) */
static double digamma(double at)
{
    long double x = (long double)at, sum = 0, p = 1;
    if (at == 0) return copysign((double)INFINITY, -at);
    if (at < 0) {
        if (at == floor(at)) return (double)NAN;
        sum = -pi / tanl(pi * (x - roundl(x))), x = 1 - x;
    }
    for (; x < FAR; x++) sum -= 1 / x;
    for (int k = 0; k < BERNOULLI; k++) p /= x * x, sum -= bernoulli[k] / (2 * (k + 1)) * p;
    return (double)(sum + logl(x) - 0.5L / x);
}

static long double power(long double x, int64_t n)
{
    long double p = 1;
    for (; n > 0; n >>= 1, x *= x)
        if (n & 1) p *= x;
    return p;
}

/* The sum over k >= 0 of 1 / (x + k)^s for x from FAR + s on, after Euler and Maclaurin */
static long double zeta_far(long double x, int64_t s)
{
    const long double p = 1 / power(x, s);
    long double term = p / x * (long double)s / 2, sum = x * p / (long double)(s - 1) + p / 2;
    for (int k = 0; k < BERNOULLI; k++) {
        sum += bernoulli[k] * term;
        term *= (long double)((s + 2 * k + 1) * (s + 2 * k + 2)) / (x * x * (long double)((2 * k + 3) * (2 * k + 4)));
    }
    return sum;
}

/* (-1)^(n+1) n! times that sum for any x, s = n + 1: its terms up to where the rest is zeta_far; far to the left, those
 * of large magnitude are the difference of two such. Infinite at 0, -1, ... as in SciPy. */
static double polygamma_of(double at, int64_t n)
{
    const int64_t s = n + 1;
    const long double far = (long double)(FAR + s);
    long double x = (long double)at, sum = 0, factorial = 1;
    if (at <= 0 && at == floor(at)) return isinf(at) ? (double)NAN : (double)INFINITY;
    if (isnan(at) || isinf(at)) return isnan(at) ? at : 0;
    for (int64_t k = 2; k <= n; k++) factorial *= (long double)k;

    if (x < -far - 1) {
        const long double last = 1 - x;
        x += floorl(-x - far);
        sum = (s & 1 ? -1 : 1) * (zeta_far(1 - x, s) - zeta_far(last, s));
    }
    for (; x < far; x++) sum += 1 / power(x, s);
    return (double)((n & 1 ? factorial : -factorial) * (sum + zeta_far(x, s)));
}

static double polygamma(double x, const void *attr)
{
    int64_t n;
    memcpy(&n, attr, sizeof n);
    return n == 0 ? digamma(x) : polygamma_of(x, n);
}

/* ---- gamma numbers and their parameter ----------------------------------------------------------- */

/* The integral from 0 to w, by Gauss and Legendre with 24 points, of (u + c) e^(+-a u - y (e^(+-u) - 1)). */
static double integral(double a, double y, double sign, double w, double c)
{
    enum { HALF = 12 };
    static const double at[HALF] = {
        0.0640568928626056261, 0.191118867473616309, 0.315042679696163374, 0.433793507626045138,
        0.545421471388839536, 0.648093651936975569, 0.740124191578554364, 0.820001985973902922,
        0.886415527004401034, 0.938274552002732759, 0.974728555971309498, 0.99518721999702136
    };
    static const double weight[HALF] = {
        0.127938195346752157, 0.125837456346828296, 0.121670472927803391, 0.115505668053725601,
        0.107444270115965635, 0.0976186521041138883, 0.0861901615319532759, 0.0733464814110803057,
        0.0592985849154367807, 0.0442774388174198062, 0.0285313886289336632, 0.0123412297999871995
    };
    double sum = 0;
    for (int k = 0; k < 2 * HALF; k++) {
        const double x = k < HALF ? at[k] : -at[k - HALF], u = w * (x + 1) / 2;
        sum += weight[k % HALF] * (u + c) * exp(sign * a * u - y * expm1(sign * u));
    }
    return sum * w / 2;
}

/* d log y / d alpha at constant P, the gamma distribution function, p its density, psi digamma, c = log y - psi(a):
 *     -dP/da / (y p) = -integral over u < 0 of (u + c) e^(a u - y (e^u - 1)) = the same over u > 0 without the minus,
 * by t = y e^u in P. Far to the left the first is e^-y times a series in y^k / (a (a + 1) ... (a + k)); each is taken
 * where its terms are positive. Relative errors are below 1e-12 for a up to 1e5, and grow with its root beyond. */
static double log_gamma_slope(double a, double y, double log_y)
{
    const double far = digamma(a + 1) - log_y;
    if (far >= 0 && a < 30) {
        double term = 1 / a, sum = far * term, harmonic = 0, more = sum;
        for (int k = 1; k < 1000 && more > sum * 1e-17; k++) {
            harmonic += 1 / (a + k), term *= y / (a + k), more = term * (far + harmonic);
            sum += more;
        }
        return sum;
    }
    const double sign = far >= 0 ? -1 : 1;
    double w = sqrt(80 / (y > a ? y : a));          /* where the exponent is -40, by Newton's steps */
    for (int i = 0; i < 20; i++) {
        const double step = (y * expm1(sign * w) - sign * a * w - 40) / (sign * (y * exp(sign * w) - a));
        w -= step;
        if (fabs(step) < 1e-3 * w) break;
    }
    return integral(a, y, sign, w, sign * (1 / a - far));
}

static double gamma_slope(double a, double y, bool logs)
{
    if (!(a > 0)) return a == 0 ? 0 : (double)NAN;
    if (logs) return log_gamma_slope(a, exp(y), y);
    return y > 0 ? y * log_gamma_slope(a, y, log(y)) : y;
}

/* ---- the normal distribution ------------------------------------------------------------------ */

static double erf_rest(double x, const void *attr)
{
    (void)attr;
    return erfc(x);
}

static double ratio(const double *a, const double *b, double r)
{
    double p = a[7], q = b[7];
    for (int i = 6; i >= 0; i--) p = p * r + a[i], q = q * r + b[i];
    return p / q;
}

/* The quantile of the normal distribution (Wichura 1988, AS 241), to 16 digits, of the probability 1/2 + q; tail is
 * the smaller of it and its complement. */
static double quantile(double q, double tail)
{
    static const double a[] = {
        3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
        4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3
    };
    static const double b[] = {
        1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
        3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3
    };
    static const double c[] = {
        1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
        1.27045825245236838258, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4
    };
    static const double d[] = {
        1, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
        1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9
    };
    static const double e[] = {
        6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 2.96560571828504891230e-1,
        2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7
    };
    static const double f[] = {
        1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4,
        1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15
    };
    if (fabs(q) <= 0.425) return q * ratio(a, b, 0.180625 - q * q);
    if (!(tail > 0)) return tail == 0 ? copysign((double)INFINITY, q) : (double)NAN;
    const double r = sqrt(-log(tail));
    return copysign(r <= 5 ? ratio(c, d, r - 1.6) : ratio(e, f, r - 5), q);
}

static double normal_quantile(double p, const void *attr)
{
    (void)attr;
    return quantile(p - 0.5, p < 0.5 ? p : 1 - p);
}

static double erf_inverse(double x, const void *attr)
{
    (void)attr;
    return quantile(0.5 * x, 0.5 * (1 - fabs(x))) * 0.70710678118654752440;
}

/* ---- Bessel functions ------------------------------------------------------------------------- */

/* exp(-x) I_n(x) for x >= 0: the power series sum (x/2)^(n+2k) / (k! (n+k)!), whose terms are positive; for large x the
 * asymptotic one, sum prod (4 n^2 - (2j-1)^2) / (k! (-8x)^k) / sqrt(2 pi x). */
static long double bessel(long double x, int n)
{
    const long double q = x * x / 4, m = 4.0L * n * n;
    long double term = 1, sum = 0;
    if (isinf(x)) return 0;
    if (x < 30 + (long double)n * n) {
        for (int k = 1; k <= n; k++) term *= x / (2 * k);
        term *= expl(-x);
        for (int k = 1; k < 10000 && term > sum * 1e-21L; k++) sum += term, term *= q / ((long double)k * (n + k));
        return sum;
    }
    for (int k = 1; k < 40 && fabsl(term) > sum * 1e-21L; k++)
        sum += term, term *= -(m - (2.0L * k - 1) * (2.0L * k - 1)) / (8 * k * x);
    return sum / sqrtl(2 * pi * x);
}

static double bessel_i(double x, const void *attr)
{
    tw_bessel_attr a;
    memcpy(&a, attr, sizeof a);
    const int n = a.n < 0 ? -a.n : a.n;
    const double sign = x < 0 && n % 2 ? -1 : 1;
    if (isnan(x)) return x;
    if (isinf(x)) return a.scaled ? 0 : sign * (double)INFINITY;
    const long double y = bessel(fabsl((long double)x), n);
    return sign * (double)(a.scaled ? y : y * expl(fabsl((long double)x)));
}

/* ---- blocks ----------------------------------------------------------------------------------- */

typedef double (*function)(double x, const void *attr);

static void map_f32(const tw_block_f32 *b, function f)
{
    for (int64_t i = 0; i < b->n; i++) b->y[i] = (float)f((double)b->x[0][i], b->attr);
}

static void map_f64(const tw_block_f64 *b, function f)
{
    for (int64_t i = 0; i < b->n; i++) b->y[i] = f(b->x[0][i], b->attr);
}

void tw__lgamma_f32(const tw_block_f32 *b)    { map_f32(b, log_gamma_f32); }
void tw__lgamma_f64(const tw_block_f64 *b)    { map_f64(b, log_gamma); }
void tw__polygamma_f32(const tw_block_f32 *b) { map_f32(b, polygamma); }
void tw__polygamma_f64(const tw_block_f64 *b) { map_f64(b, polygamma); }
void tw__erfc_f32(const tw_block_f32 *b)      { map_f32(b, erf_rest); }
void tw__erfc_f64(const tw_block_f64 *b)      { map_f64(b, erf_rest); }
void tw__ndtri_f32(const tw_block_f32 *b)     { map_f32(b, normal_quantile); }
void tw__ndtri_f64(const tw_block_f64 *b)     { map_f64(b, normal_quantile); }
void tw__erfinv_f32(const tw_block_f32 *b)    { map_f32(b, erf_inverse); }
void tw__erfinv_f64(const tw_block_f64 *b)    { map_f64(b, erf_inverse); }
void tw__bessel_i_f32(const tw_block_f32 *b)  { map_f32(b, bessel_i); }
void tw__bessel_i_f64(const tw_block_f64 *b)  { map_f64(b, bessel_i); }

void tw__gamma_slope_f32(const tw_block_f32 *b)
{
    const tw_gamma_attr *t = b->attr;
    for (int64_t i = 0; i < b->n; i++) b->y[i] = (float)gamma_slope((double)b->x[0][i], (double)b->x[1][i], t->log);
}

void tw__gamma_slope_f64(const tw_block_f64 *b)
{
    const tw_gamma_attr *t = b->attr;
    for (int64_t i = 0; i < b->n; i++) b->y[i] = gamma_slope(b->x[0][i], b->x[1][i], t->log);
}
