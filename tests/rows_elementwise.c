/* rows_elementwise.c - rows of operations that work element by element: see rows.h. */
#include "tests/rows_map.h"

static double sign_value(double a) { return a > 0 ? 1 : a < 0 ? -1 : a; }

UNARY(neg, -a)
UNARY(abs, fabs(a))
UNARY(sign, sign_value(a))
UNARY(exp, exp(a))
UNARY(expm1, expm1(a))
UNARY(log, log(a))
UNARY(log1p, log1p(a))
UNARY(sqrt, sqrt(a))
UNARY(rsqrt, 1 / sqrt(a))
UNARY(recip, 1 / a)
UNARY(square, a * a)
UNARY(sin, sin(a))
UNARY(cos, cos(a))
UNARY(tanh, tanh(a))
UNARY(sigmoid, 1 / (1 + exp(-a)))
UNARY(erf, erf(a))
UNARY(relu, a > 0 ? a : 0)
UNARY(round, nearbyint(a))
UNARY(floor, floor(a))
UNARY(logical_not, a == 0)

BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a * b)
BINARY(div, a / b)
BINARY(pow, pow(a, b))
BINARY(maximum, a > b ? a : b)
BINARY(minimum, a < b ? a : b)
BINARY(equal, a == b)
BINARY(not_equal, a != b)
BINARY(less, a < b)
BINARY(less_equal, a <= b)
BINARY(greater, a > b)
BINARY(greater_equal, a >= b)
BINARY(logical_and, a != 0 && b != 0)
BINARY(logical_or, a != 0 || b != 0)

BUILD(b_where, tw_where(x[0], x[1], x[2]))
REF(r_where, slow_where(&x[0], &x[1], &x[2]))

/* p[0]: an integer exponent, which is structure. */
BUILD(b_powi, tw_pow(x[0], r->p[0]))
static arr r_powi(const row *r, const arr *x)
{
    arr y = arr_like(&x[0]);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = pow(x[0].v[k], r->p[0]);
    return y;
}

/* A number on either side. */
BUILD(b_pow_number, tw_pow(x[0], 0.7))
static double pow_number_of(double a) { return pow(a, 0.7); }
REF(r_pow_number, slow_map1(&x[0], pow_number_of))
BUILD(b_number_pow, tw_pow(1.7, x[0]))
static double number_pow_of(double a) { return pow(1.7, a); }
REF(r_number_pow, slow_map1(&x[0], number_pow_of))
BUILD(b_number_sub, tw_sub(0.25, x[0]))
static double number_sub_of(double a) { return 0.25 - a; }
REF(r_number_sub, slow_map1(&x[0], number_sub_of))
BUILD(b_div_number, tw_div(x[0], 4))
static double div_number_of(double a) { return a / 4; }
REF(r_div_number, slow_map1(&x[0], div_number_of))
BUILD(b_where_numbers, tw_where(x[0], x[1], 0.5))
static arr r_where_numbers(const row *r, const arr *x)
{
    (void)r;
    arr half = arr_new(0, NULL);
    half.v[0] = 0.5;
    return slow_where(&x[0], &x[1], &half);
}

/* One node as both operands. */
BUILD(b_mul_self, tw_mul(x[0], x[0]))
static double mul_self_of(double a) { return a * a; }
REF(r_mul_self, slow_map1(&x[0], mul_self_of))

BUILD(b_clip, tw_clip(x[0], -0.75, 1.25))
static double clip_of(double a) { return a < -0.75 ? -0.75 : a > 1.25 ? 1.25 : a; }
REF(r_clip, slow_map1(&x[0], clip_of))

/* p[0]: the dtype to cast to. */
BUILD(b_cast, tw_cast(x[0], (tw_dtype)r->p[0]))
static arr r_cast(const row *r, const arr *x)
{
    arr y = arr_like(&x[0]);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = r->p[0] == TW_BOOL ? x[0].v[k] != 0 : x[0].v[k];
    return arr_rounded(&y, (tw_dtype)r->p[0]);
}

const row rows_elementwise[] = {
    ROWS1(neg, K_REAL, -2, 2, .tol = 0.25), ROWS_INTEGER1(neg),
    ROWS1(abs, K_AWAY, 0.3, 2, .tol = 0.25), ROWS_INTEGER1(abs),
    ROWS1(sign, K_AWAY, 0.3, 2, .tol = 0.25), ROWS_INTEGER1(sign),
    ROWS1(exp, K_REAL, -3, 3, .tol = 2),
    ROWS1(expm1, K_REAL, -2, 2, .tol = 2),
    ROWS1(log, K_REAL, 0.4, 4, .tol = 2),
    ROWS1(log1p, K_REAL, -0.5, 3, .tol = 2),
    ROWS1(sqrt, K_REAL, 0.4, 4, .tol = 1),
    ROWS1(rsqrt, K_REAL, 0.4, 4, .tol = 2),
    ROWS1(recip, K_AWAY, 0.4, 3, .tol = 1),
    ROWS1(square, K_REAL, -2, 2, .tol = 1), ROWS_INTEGER1(square),
    ROWS1(sin, K_REAL, -4, 4, .tol = 2),
    ROWS1(cos, K_REAL, -4, 4, .tol = 2),
    ROWS1(tanh, K_REAL, -3, 3, .tol = 2),
    ROWS1(sigmoid, K_REAL, -4, 4, .tol = 2),
    ROWS1(erf, K_REAL, -2, 2, .tol = 2),
    ROWS1(relu, K_AWAY, 0.3, 2, .tol = 0.25), ROWS_INTEGER1(relu),
    ROWS1(round, K_REAL, -4, 4, .tol = 0.25),
    ROWS1(floor, K_REAL, -4, 4, .tol = 0.25),
    ROWS2(add, K_REAL, -2, 2, K_REAL, -2, 2), ROWS_INTEGER2(add),
    ROWS2(sub, K_REAL, -2, 2, K_REAL, -2, 2), ROWS_INTEGER2(sub),
    ROWS2(mul, K_REAL, -2, 2, K_REAL, -2, 2), ROWS_INTEGER2(mul),
    ROWS2(div, K_REAL, -2, 2, K_AWAY, 0.5, 2),
    ROWS2(pow, K_REAL, 0.4, 2, K_REAL, -2, 2),
    ROWS2(maximum, K_REAL, -2, -0.1, K_REAL, 0.1, 2), ROWS_INTEGER2(maximum),
    ROWS2(minimum, K_REAL, -2, -0.1, K_REAL, 0.1, 2), ROWS_INTEGER2(minimum),
    { "maximum", "either side wins", { DISTINCT(3, 4), { K_DISTINCT, -1.9, 2.1, S(3, 4) } }, IS(maximum) },
    { "minimum", "either side wins", { DISTINCT(3, 4), { K_DISTINCT, -1.9, 2.1, S(3, 4) } }, IS(minimum) },
    { "maximum", "ties", { TIES(4, 5), TIES(4, 5) }, IS(maximum), .flags = R_NO_DIFF },
    { "minimum", "ties", { TIES(4, 5), TIES(4, 5) }, IS(minimum), .flags = R_NO_DIFF },
    ROWS_COMPARE(equal),
    ROWS_COMPARE(not_equal),
    ROWS_COMPARE(less),
    ROWS_COMPARE(less_equal),
    ROWS_COMPARE(greater),
    ROWS_COMPARE(greater_equal),
    { "equal", "booleans", { BOOLS(33), BOOLS(33) }, IS(equal), .flags = R_VALUE },
    { "logical_and", "booleans", { BOOLS(3, 11), BOOLS(11) }, IS(logical_and), .flags = R_VALUE },
    { "logical_or", "booleans", { BOOLS(3, 11), BOOLS(3, 1) }, IS(logical_or), .flags = R_VALUE },
    { "logical_not", "booleans", { BOOLS(77) }, IS(logical_not), .flags = R_VALUE },
    { "where", "equal shapes", { BOOLS(3, 4), REAL(3, 4), REAL(3, 4) }, IS(where) },
    { "where", "broadcast", { BOOLS(3, 1), REAL(4), REAL(2, 1, 1) }, IS(where) },
    { "where", "a number", { BOOLS(3, 4), REAL(3, 4) }, IS(where_numbers) },
    { "where", "1003", { BOOLS(BIG), REAL(BIG), REAL(BIG) }, IS(where), .flags = R_VALUE },
    { "where", "integers", { BOOLS(40), { K_I64, -9, 9, S(40) }, { K_I64, -9, 9, S(40) } }, IS(where), .flags = R_VALUE },
    { "where", "booleans", { BOOLS(40), BOOLS(40), BOOLS(40) }, IS(where), .flags = R_VALUE },
    { "sub", "from a number", { REAL(3, 2) }, IS(number_sub) },
    { "div", "by a number", { REAL(3, 2) }, IS(div_number) },
    { "mul", "with itself", { REAL(3, 2) }, IS(mul_self) },
    { "pow", "a number as exponent", { IN(0.4, 2, 3, 2) }, IS(pow_number) },
    { "pow", "a number as base", { REAL(3, 2) }, IS(number_pow) },
    { "powi", "exponent 2", { REAL(3, 4) }, IS(powi), .p = { 2 } },
    { "powi", "exponent 3", { REAL(3, 4) }, IS(powi), .p = { 3 }, .tol = 8 },
    { "powi", "exponent 1", { REAL(3, 4) }, IS(powi), .p = { 1 } },
    { "powi", "exponent 0", { REAL(3, 4) }, IS(powi), .p = { 0 } },
    { "powi", "exponent -1", { AWAY(3, 4) }, IS(powi), .p = { -1 } },
    { "powi", "exponent -3", { AWAY(3, 4) }, IS(powi), .p = { -3 }, .tol = 8 },
    { "powi", "exponent 7", { REAL(BIG) }, IS(powi), .p = { 7 }, .tol = 16, .flags = R_VALUE },
    { "powi", "integers", { { K_I64, -5, 5, S(20) } }, IS(powi), .p = { 3 }, .flags = R_VALUE },
    { "clip", "both bounds", { AWAY(4, 5) }, IS(clip) },
    { "cast", "to f32", { REAL(3, 4) }, IS(cast), .p = { TW_F32 }, .adjoint = 1e-6, .flags = R_NO_DIFF | R_NO_SECOND },
    { "cast", "to f64", { REAL(3, 4) }, IS(cast), .p = { TW_F64 } },
    { "cast", "to i64", { IN(-9, 9, 57) }, IS(cast), .p = { TW_I64 }, .flags = R_VALUE },
    { "cast", "to i32", { IN(-9, 9, 57) }, IS(cast), .p = { TW_I32 }, .flags = R_VALUE },
    { "cast", "to u8", { IN(0, 255, 57) }, IS(cast), .p = { TW_U8 }, .flags = R_VALUE },
    { "cast", "to bool", { TIES(57) }, IS(cast), .p = { TW_BOOL }, .flags = R_VALUE },
    { "cast", "i64 to f32", { { K_I64, -99, 99, S(57) } }, IS(cast), .p = { TW_F32 }, .flags = R_VALUE },
    { "cast", "i64 to i32", { { K_I64, -99, 99, S(57) } }, IS(cast), .p = { TW_I32 }, .flags = R_VALUE },
    { "cast", "u8 to f64", { U8(0, 255, 57) }, IS(cast), .p = { TW_F64 }, .flags = R_VALUE },
    { "cast", "u8 to f32", { U8(0, 255, 57) }, IS(cast), .p = { TW_F32 }, .flags = R_VALUE },
    { "cast", "bool to f32", { BOOLS(57) }, IS(cast), .p = { TW_F32 }, .flags = R_VALUE },
    { "cast", "bool to i64", { BOOLS(57) }, IS(cast), .p = { TW_I64 }, .flags = R_VALUE },
    { "cast", "i64 to bool", { { K_I64, -1, 1, S(57) } }, IS(cast), .p = { TW_BOOL }, .flags = R_VALUE },
};
const int n_rows_elementwise = sizeof rows_elementwise / sizeof *rows_elementwise;
