/* rows_special.c - rows of special functions: see rows.h. check_special.c has values from outside. */
#include "tests/rows_map.h"
#include "tests/slow_special.h"

UNARY(erfc, erfc(a))
UNARY(erfinv, slow_erfinv(a))
UNARY(ndtr, slow_ndtr(a))
UNARY(log_ndtr, log(slow_ndtr(a)))
UNARY(ndtri, slow_ndtri(a))
UNARY(lgamma, (double)lgammal((long double)a))
UNARY(digamma, slow_polygamma(0, a))
UNARY(i0, slow_bessel_i(0, a))
UNARY(i1, slow_bessel_i(1, a))
UNARY(i0e, slow_bessel_i(0, a) * exp(-fabs(a)))
UNARY(i1e, slow_bessel_i(1, a) * exp(-fabs(a)))
BINARY(betaln, (double)(lgammal((long double)a) + lgammal((long double)b) - lgammal((long double)(a + b))))

#define WITH(name, call, expr)                              \
    static double name##_of(double a) { return expr; }      \
    BUILD(b_##name, call)                                   \
    REF(r_##name, slow_map1(&x[0], name##_of))
WITH(trigamma, tw_polygamma(1, x[0]), slow_polygamma(1, a))
WITH(tetragamma, tw_polygamma(2, x[0]), slow_polygamma(2, a))
WITH(polygamma_4, tw_polygamma(4, x[0]), slow_polygamma(4, a))
WITH(polygamma_0, tw_polygamma(0, x[0]), slow_polygamma(0, a))
WITH(log_ndtr_slope, tw_build_node(&(tw_build){ .op = &tw_op_log_ndtr_slope, .at = TW_HERE, .n = 1, .in = x }),
     slow_hazard(a))

#define SMALL(f, low, high, ...)                                                \
    { #f, "scalar", { { K_REAL, low, high, S0 } }, IS(f), __VA_ARGS__ },        \
    { #f, "3 by 5", { IN(low, high, 3, 5) }, IS(f), __VA_ARGS__ },              \
    { #f, "empty", { IN(low, high, 2, 0) }, IS(f), __VA_ARGS__ }

const row rows_special[] = {
    ROWS1(erfc, K_REAL, -3, 3),
    SMALL(erfinv, -0.9, 0.9, .tol = 8),
    ROWS1(ndtr, K_REAL, -4, 4),
    ROWS1(log_ndtr, K_REAL, -4, 4, .tol = 8),
    ROWS1(log_ndtr_slope, K_REAL, -4, 4, .tol = 8),
    SMALL(ndtri, 0.15, 0.85, .tol = 8),
    ROWS1(lgamma, K_REAL, 0.5, 6),
    { "lgamma", "to the left", { IN(-1.8, -1.2, 3, 5) }, IS(lgamma) },
    SMALL(digamma, 0.5, 6, .tol = 8),
    { "digamma", "to the left", { IN(-1.8, -1.2, 3, 5) }, IS(digamma), .tol = 8 },
    { "polygamma", "order 0", { IN(0.5, 6, 3, 5) }, IS(polygamma_0), .tol = 8 },
    { "polygamma", "order 1", { IN(0.8, 6, 3, 5) }, IS(trigamma), .tol = 8 },
    { "polygamma", "order 1, to the left", { IN(-1.7, -1.3, 3, 5) }, IS(trigamma), .tol = 8 },
    { "polygamma", "order 2", { IN(1, 6, 3, 5) }, IS(tetragamma), .tol = 8 },
    { "polygamma", "order 4", { IN(1.5, 6, 3, 5) }, IS(polygamma_4), .tol = 8 },
    ROWS2(betaln, K_REAL, 0.5, 4, K_REAL, 0.5, 4),
    SMALL(i0, -4, 4, .tol = 4),
    SMALL(i1, -4, 4, .tol = 4),
    { "i0e", "3 by 5", { { K_AWAY, 0.3, 4, S(3, 5) } }, IS(i0e) },
    { "i1e", "3 by 5", { { K_AWAY, 0.3, 4, S(3, 5) } }, IS(i1e) },
    { "bessel_i", "order 0", { REAL(3, 5) }, IS(i0) },
};
const int n_rows_special = sizeof rows_special / sizeof *rows_special;
