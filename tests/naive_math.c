/* naive_math.c - activations, special functions, and the rarer ones of one, two and three numbers, for the naive evaluator: see naive.h. */
#include "tests/naive.h"
#include "tests/slow_special.h"
#include "ops/kernel/attrs.h"
#include "ops/kernel/special.h"

static double cbrt_of(double a)                 { return (double)cbrtl((long double)a); }        /* glibc's cbrt errs by up to 3.7 units */
static double logaddexp_of(double a, double b)  { return a > b ? a + log1p(exp(b - a)) : b + log1p(exp(a - b)); }
static double xor_of(double a, double b)        { return (a != 0) != (b != 0); }

#define ONE(name, f) static arr n_##name(const tw_node *y, const arr *x) { (void)y; return slow_map1(&x[0], f); }
#define TWO(name, f) static arr n_##name(const tw_node *y, const arr *x) { (void)y; return slow_map2(&x[0], &x[1], f); }

ONE(ceil, ceil)     ONE(trunc, trunc)   ONE(tan, tan)       ONE(asin, asin)     ONE(acos, acos)
ONE(atan, atan)     ONE(sinh, sinh)     ONE(cosh, cosh)     ONE(asinh, asinh)   ONE(acosh, acosh)
ONE(atanh, atanh)   ONE(exp2, exp2)     ONE(log2, log2)     ONE(log10, log10)   ONE(cbrt, cbrt_of)
TWO(mod, slow_mod)  TWO(atan2, atan2)   TWO(hypot, hypot)   TWO(copysign, copysign)
TWO(logaddexp, logaddexp_of)            TWO(logical_xor, xor_of)

static double silu_of(double x)     { return x / (1 + exp(-x)); }
static double softplus_of(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
ONE(gelu, slow_gelu)    ONE(gelu_slope, slow_gelu_slope)    ONE(gelu_tanh, slow_gelu_tanh)
ONE(gelu_tanh_slope, slow_gelu_tanh_slope)                  ONE(silu, silu_of)      ONE(silu_slope, slow_silu_slope)
ONE(mish, slow_mish)    ONE(mish_slope, slow_mish_slope)    ONE(softplus, softplus_of)

static arr n_elu(const tw_node *y, const arr *x)
{
    arr r = arr_like(&x[0]);
    for (int64_t k = 0; k < r.count; k++) r.v[k] = x[0].v[k] > 0 ? x[0].v[k] : y->attr.num * expm1(x[0].v[k]);
    return r;
}

static arr n_elu_slope(const tw_node *y, const arr *x)
{
    arr r = arr_like(&x[0]);
    for (int64_t k = 0; k < r.count; k++) r.v[k] = slow_elu_slope(x[0].v[k], y->attr.num);
    return r;
}

static double lgamma_of(double x)   { return (double)lgammal((long double)x); }
static double log_ndtr_of(double x) { return log(slow_ndtr(x)); }
ONE(erfc, erfc)         ONE(erfinv, slow_erfinv)    ONE(ndtr, slow_ndtr)    ONE(ndtri, slow_ndtri)
ONE(lgamma, lgamma_of)  ONE(log_ndtr, log_ndtr_of)  ONE(log_ndtr_slope, slow_hazard)

static arr n_polygamma(const tw_node *y, const arr *x)
{
    arr r = arr_like(&x[0]);
    for (int64_t k = 0; k < r.count; k++) r.v[k] = slow_polygamma((int)y->attr.i, x[0].v[k]);
    return r;
}

static arr n_bessel_i(const tw_node *y, const arr *x)
{
    const tw_bessel_attr *a = tw_attr(y);
    arr r = arr_like(&x[0]);
    for (int64_t k = 0; k < r.count; k++)
        r.v[k] = slow_bessel_i(a->n, x[0].v[k]) * (a->scaled ? exp(-fabs(x[0].v[k])) : 1);
    return r;
}

static double log_slope_of(double alpha, double log_y) { return slow_gamma_slope(alpha, exp(log_y)) * exp(-log_y); }
static arr n_gamma_slope(const tw_node *y, const arr *x)
{
    return slow_map2(&x[0], &x[1], ((const tw_gamma_attr *)tw_attr(y))->log ? log_slope_of : slow_gamma_slope);
}

static arr n_fma(const tw_node *y, const arr *x)
{
    (void)y;
    const arr p = slow_map2(&x[0], &x[1], slow_mul);
    return slow_map2(&p, &x[2], slow_add);
}

#define R(name) { #name, n_##name }
const naive_rule naive_math[] = {
    R(ceil), R(trunc), R(tan), R(asin), R(acos), R(atan), R(sinh), R(cosh), R(asinh), R(acosh), R(atanh), R(exp2), R(log2),
    R(log10), R(cbrt), R(mod), R(atan2), R(hypot), R(copysign), R(logaddexp), R(logical_xor), R(fma),
    R(gelu), R(gelu_slope), R(gelu_tanh), R(gelu_tanh_slope), R(silu), R(silu_slope), R(mish), R(mish_slope), R(softplus),
    R(elu), R(elu_slope), R(erfc), R(erfinv), R(ndtr), R(ndtri), R(lgamma), R(log_ndtr), R(log_ndtr_slope), R(polygamma),
    R(bessel_i), R(gamma_slope),
    { NULL, NULL },
};
