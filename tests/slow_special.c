/* slow_special.c - see slow_special.h. */
#include "tests/slow_special.h"

/* ---- activations --------------------------------------------------------------------------- */

static const double root_half = 0.70710678118654752440, root_2_pi = 2.50662827463100050242, c = 0.79788456080286535588;

static double sigmoid_of(double x) { return 1 / (1 + exp(-x)); }

double slow_gelu(double x)       { return x * 0.5 * erfc(-x * root_half); }
double slow_gelu_slope(double x) { return 0.5 * erfc(-x * root_half) + x * exp(-x * x / 2) / root_2_pi; }
double slow_gelu_tanh(double x)  { return 0.5 * x * (1 + tanh(c * (x + 0.044715 * x * x * x))); }
double slow_gelu_tanh_slope(double x)
{
    const double t = tanh(c * (x + 0.044715 * x * x * x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x);
}
double slow_silu_slope(double x) { return sigmoid_of(x) * (1 + x * sigmoid_of(-x)); }
double slow_mish(double x)       { return x * tanh(log1p(exp(x))); }
double slow_mish_slope(double x)
{
    const double t = tanh(log1p(exp(x)));
    return t + x * (1 - t * t) * sigmoid_of(x);
}
double slow_elu_slope(double x, double alpha) { return x > 0 ? 1 : alpha * exp(x); }

/* ---- the normal distribution: inverses by bisection ------------------------------------------ */

double slow_ndtr(double x) { return 0.5 * erfc(-x * root_half); }

/* Where f, which grows, is p: between -9 and 9. */
static double inverse(long double (*f)(long double), long double p)
{
    long double low = -9, high = 9;
    for (int i = 0; i < 80; i++) {
        const long double middle = (low + high) / 2;
        if (f(middle) < p) low = middle;
        else high = middle;
    }
    return (double)low;
}

static long double ndtr_long(long double x) { return 0.5L * erfcl(-x * 0.707106781186547524400844362104849039L); }

double slow_hazard(double x)
{
    return (double)(expl(-(long double)x * (long double)x / 2) / (2.506628274631000502415765L * ndtr_long((long double)x)));
}

double slow_ndtri(double p)  { return inverse(ndtr_long, (long double)p); }
double slow_erfinv(double x) { return inverse(erfl, (long double)x); }

/* ---- sums and integrals ----------------------------------------------------------------------- */

/* Of digamma -1 / (x + k), of the n-th (-1)^(n+1) n! / (x + k)^(n+1), over k; the rest by the midpoint rule. */
double slow_polygamma(int n, double x)
{
    enum { N = 3000 };
    long double sum = 0, factorial = 1;
    for (int k = 2; k <= n; k++) factorial *= k;
    for (int k = 0; k < N; k++) sum += 1 / powl((long double)x + k, n + 1);
    const long double m = (long double)x + N - 0.5L;
    if (n == 0) return (double)(logl(m) + 1 / (24 * m * m) - sum);
    sum += 1 / (n * powl(m, n)) - (n + 1) / (24 * powl(m, n + 2));
    return (double)((n & 1 ? 1 : -1) * factorial * sum);
}

/* 1 / pi times the integral of e^(x cos t) cos(n t) from 0 to pi: the trapezoidal rule is exact to all digits. */
double slow_bessel_i(int n, double x)
{
    enum { N = 64 };
    const long double step = 3.14159265358979323846264338327950288L / N;
    long double sum = 0;
    for (int k = 0; k <= N; k++)
        sum += (k == 0 || k == N ? 0.5L : 1) * expl((long double)x * cosl(k * step)) * cosl(n * k * step);
    return (double)(sum / N);
}

/* y^a e^-y / gamma(a + 1) times the sum of y^k / ((a + 1) ... (a + k)) */
static long double gamma_cdf(long double a, long double y)
{
    long double term = expl(a * logl(y) - y - lgammal(a + 1)), sum = 0;
    for (int k = 1; k < 2000; k++) sum += term, term *= y / (a + k);
    return sum;
}

double slow_gamma_cdf(double a, double y) { return y > 0 ? (double)gamma_cdf((long double)a, (long double)y) : 0; }

double slow_gamma_slope(double at, double y)
{
    const long double a = (long double)at, x = (long double)y, h = (a < 1 ? a : sqrtl(a)) * 2e-4L;
    const long double near = gamma_cdf(a + h, x) - gamma_cdf(a - h, x), far = gamma_cdf(a + 2 * h, x) - gamma_cdf(a - 2 * h, x);
    return (double)(-(8 * near - far) / (12 * h) / expl((a - 1) * logl(x) - x - lgammal(a)));
}
