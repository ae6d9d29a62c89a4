/* rows_math.c - rows of the rarer functions of one, two and three numbers: see rows.h. */
#include "tests/rows_map.h"

UNARY(ceil, ceil(a))
UNARY(trunc, trunc(a))
UNARY(tan, tan(a))
UNARY(asin, asin(a))
UNARY(acos, acos(a))
UNARY(atan, atan(a))
UNARY(sinh, sinh(a))
UNARY(cosh, cosh(a))
UNARY(asinh, asinh(a))
UNARY(acosh, acosh(a))
UNARY(atanh, atanh(a))
UNARY(exp2, exp2(a))
UNARY(log2, log2(a))
UNARY(log10, log10(a))
UNARY(cbrt, (double)cbrtl((long double)a))
UNARY(isnan, isnan(a) != 0)
UNARY(isinf, isinf(a) != 0)
UNARY(isfinite, isfinite(a) != 0)

BINARY(mod, slow_mod(a, b))
BINARY(atan2, atan2(a, b))
BINARY(hypot, hypot(a, b))
BINARY(logaddexp, log(exp(a) + exp(b)))
BINARY(xlogy, a == 0 ? 0 : a * log(b))
BINARY(copysign, copysign(a, b))
BINARY(logical_xor, (a != 0) != (b != 0))

/* Infinities and NaN among the numbers. */
BUILD(b_isnan_of_root, tw_isnan(tw_sqrt(x[0])))
BUILD(b_isinf_of_inf, tw_isinf(tw_div(x[0], x[1])))
BUILD(b_isfinite_of_all, tw_isfinite(tw_div(x[0], x[1])))
static double root_is_nan(double a)               { return a < 0; }
static double ratio_is_inf(double a, double b)    { return isinf(a / b) != 0; }
static double ratio_is_finite(double a, double b) { return isfinite(a / b) != 0; }
REF(r_isnan_of_root, slow_map1(&x[0], root_is_nan))
REF(r_isinf_of_inf, slow_map2(&x[0], &x[1], ratio_is_inf))
REF(r_isfinite_of_all, slow_map2(&x[0], &x[1], ratio_is_finite))

BUILD(b_fma, tw_fma(x[0], x[1], x[2]))
static arr r_fma(const row *r, const arr *x)
{
    (void)r;
    const arr p = slow_map2(&x[0], &x[1], slow_mul);
    return slow_map2(&p, &x[2], slow_add);
}
BUILD(b_fma_number, tw_fma(x[0], 0.5, x[1]))
static arr r_fma_number(const row *r, const arr *x)
{
    (void)r;
    arr y = arr_like(&x[0]);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = 0.5 * x[0].v[k] + x[1].v[k];
    return y;
}
BUILD(b_mod_number, tw_mod(x[0], 0.75))
static double mod_number_of(double a) { return slow_mod(a, 0.75); }
REF(r_mod_number, slow_map1(&x[0], mod_number_of))

#define ROW_MOD(what, la, ha, lb, hb) { "mod", what, { IN(la, ha, 3, 4), IN(lb, hb, 4) }, IS(mod) }

const row rows_math[] = {
    ROWS1(ceil, K_REAL, -4, 4, .tol = 0.25),
    ROWS1(trunc, K_REAL, 1.05, 1.95, .tol = 0.25),
    { "trunc", "either sign", { IN(-4, 4, BIG) }, IS(trunc), .flags = R_VALUE | R_EXACT },
    ROWS1(tan, K_REAL, -1.2, 1.2),
    ROWS1(asin, K_REAL, -0.9, 0.9),
    ROWS1(acos, K_REAL, -0.9, 0.9),
    ROWS1(atan, K_REAL, -4, 4),
    ROWS1(sinh, K_REAL, -3, 3),
    ROWS1(cosh, K_REAL, -3, 3),
    ROWS1(asinh, K_REAL, -4, 4),
    ROWS1(acosh, K_REAL, 1.5, 5),
    ROWS1(atanh, K_REAL, -0.9, 0.9),
    ROWS1(exp2, K_REAL, -4, 4, .tol = 2),
    ROWS1(log2, K_REAL, 0.4, 4, .tol = 2),
    ROWS1(log10, K_REAL, 0.4, 4, .tol = 2),
    ROWS1(cbrt, K_AWAY, 0.3, 4, .tol = 2),
    { "isnan", "ordinary numbers", { REAL(3, 5) }, IS(isnan), .flags = R_VALUE },
    { "isinf", "ordinary numbers", { REAL(3, 5) }, IS(isinf), .flags = R_VALUE },
    { "isfinite", "ordinary numbers", { REAL(3, 5) }, IS(isfinite), .flags = R_VALUE },
    { "isnan", "some are", { TIES(77) }, IS(isnan_of_root), .flags = R_VALUE },
    { "isinf", "some are", { TIES(77), TIES(77) }, IS(isinf_of_inf), .flags = R_VALUE },
    { "isfinite", "some are not", { TIES(77), TIES(77) }, IS(isfinite_of_all), .flags = R_VALUE },
    ROWS2(mod, K_REAL, 2.3, 2.7, K_REAL, 1, 1.1),
    ROW_MOD("quotient below 1", 0.1, 0.9, 1.1, 2),
    ROW_MOD("negative dividend", -2.7, -2.3, 1, 1.1),
    ROW_MOD("negative divisor", 2.3, 2.7, -1.1, -1),
    ROW_MOD("both negative", -2.7, -2.3, -1.1, -1),
    { "mod", "i64", { { K_I64, -9, 9, S(3, 13) }, { K_I64, 1, 5, S(13) } }, IS(mod), .flags = R_VALUE },
    { "mod", "i32", { I32(-9, 9, 41), I32(1, 5, 41) }, IS(mod), .flags = R_VALUE },
    { "mod", "i64, negative divisor", { { K_I64, -9, 9, S(3, 13) }, { K_I64, -5, -1, S(13) } }, IS(mod), .flags = R_VALUE },
    { "mod", "i32, negative divisor", { I32(-9, 9, 41), I32(-5, -1, 41) }, IS(mod), .flags = R_VALUE },
    { "mod", "u8, large divisor", { U8(200, 255, 41), U8(250, 255, 41) }, IS(mod), .flags = R_VALUE },
    { "mod", "large quotient", { IN(-1e6, 1e6, BIG), IN(-1, 1, BIG) }, IS(mod), .flags = R_VALUE | R_EXACT },
    { "mod", "a number", { IN(1.6, 2.1, 3, 2) }, IS(mod_number) },
    ROWS2(atan2, K_AWAY, 0.3, 2, K_AWAY, 0.3, 2),
    ROWS2(hypot, K_AWAY, 0.3, 2, K_REAL, -2, 2),
    ROWS2(logaddexp, K_REAL, -4, 4, K_REAL, -4, 4),
    ROWS2(xlogy, K_REAL, -2, 2, K_REAL, 0.4, 3),
    ROWS2(copysign, K_AWAY, 0.3, 2, K_AWAY, 0.3, 2),
    { "logical_xor", "booleans", { BOOLS(3, 11), BOOLS(11) }, IS(logical_xor), .flags = R_VALUE },
    { "fma", "equal shapes", { REAL(3, 4), REAL(3, 4), REAL(3, 4) }, IS(fma) },
    { "fma", "broadcast", { REAL(3, 1), REAL(4), REAL(2, 1, 1) }, IS(fma) },
    { "fma", "a number", { REAL(3, 4), REAL(3, 4) }, IS(fma_number) },
    { "fma", "1003", { REAL(BIG), REAL(BIG), REAL(BIG) }, IS(fma), .flags = R_VALUE },
};
const int n_rows_math = sizeof rows_math / sizeof *rows_math;
