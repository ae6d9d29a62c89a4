/* rows_special.c - rows of special functions: see rows.h. check_special.c has values from outside. */
#include "tests/rows_map.h"
#include "tests/slow_special.h"
#include "ops/kernel/attrs.h"
#include <string.h>

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

static tw_node *slope(tw_node *const *x, bool log)
{
    tw_gamma_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.log = log;
    return tw_build_node(&(tw_build){ .op = &tw_op_gamma_slope, .at = TW_HERE, .attr = &attr, .n = 2, .in = x });
}
BUILD(b_gamma_slope, slope(x, false))
REF(r_gamma_slope, slow_map2(&x[0], &x[1], slow_gamma_slope))
static double log_slope(double a, double log_y) { return slow_gamma_slope(a, exp(log_y)) * exp(-log_y); }
BUILD(b_log_gamma_slope, slope(x, true))
REF(r_log_gamma_slope, slow_map2(&x[0], &x[1], log_slope))

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
    /* the tolerance is that of the differences */
    { "gamma_slope", "small parameters", { IN(0.5, 2, 3, 40), IN(0.01, 2, 3, 40) }, IS(gamma_slope), .tol = 4000, .flags = R_VALUE },
    { "gamma_slope", "large parameters", { IN(25, 35, 3, 40), IN(20, 40, 3, 40) }, IS(gamma_slope), .tol = 4000, .flags = R_VALUE },
    { "gamma_slope", "log", { IN(0.5, 4, 3, 40), IN(-4, 0.7, 3, 40) }, IS(log_gamma_slope), .tol = 4000, .flags = R_VALUE },
    { "bessel_i", "order 0", { REAL(3, 5) }, IS(i0) },
};
const int n_rows_special = sizeof rows_special / sizeof *rows_special;
