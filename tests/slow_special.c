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
