/* check_order.c - programs with scans and sorts: conventions at zeros, ties, infinities and NaN, errors. */
#include "tests/fixture.h"

#define BAD(code, op, words, ...) do { ck_assert(tw_is_nil(__VA_ARGS__)); fails_with(cx, code, op, __LINE__, words); } while (0)
#define GRAD(y, x) tw_grad(tw_sum(y), x)

/* ---- scans ----------------------------------------------------------------------------- */

START_TEST(running_products_with_zeros_are_exact)
{
    tw_node *x = VECTOR(2, 0, 3, 0, 5), *g = GRAD(tw_cumprod(x), x);
    ELEMENTS(g, 1, 2 + 6, 0, 0, 0);
    ELEMENTS(GRAD(g, x), 4, 4 + 2 + 36, 2, 36, 0);      /* of x0 + x0 x1 + x0 x1 x2 + ... */
    ELEMENTS(tw_cumprod(x, .exclusive = true), 1, 2, 0, 0, 0);
}
END_TEST

START_TEST(running_logsumexp_of_nothing_but_minus_infinity)
{
    tw_node *x = VECTOR(-INF, -INF, 0, 1000, -INF), *y = tw_logcumsumexp(x), *w = VECTOR(0, 0, 1, 1, 1);
    ELEMENTS(y, -INF, -INF, 0, 1000, 1000);
    tw_node *g = GRAD(tw_where(tw_greater(w, 0), y, 0), x);
    ELEMENTS(g, 0, 0, 1, 2, 0);
    ELEMENTS(GRAD(g, x), 0, 0, 0, 0, 0);
    ELEMENTS(tw_logcumsumexp(VECTOR(1, INF, 2)), 1, INF, INF);
    ELEMENTS(tw_logcumsumexp(VECTOR(1, NaN, 2)), 1, NaN, NaN);
}
END_TEST

START_TEST(of_ties_the_first_met_has_the_derivative)
{
    tw_node *x = VECTOR(1, 3, 3, 2);
    ELEMENTS(GRAD(tw_cummax(x), x), 1, 3, 0, 0);
    ELEMENTS(GRAD(tw_cummax(x, .reverse = true), x), 0, 0, 3, 1);
    ELEMENTS(tw_cummax(VECTOR(1, NaN, 5)), 1, NaN, NaN);
    ELEMENTS(tw_cumargmin(VECTOR(4, NaN, 1)), 0, 1, 1);
}
END_TEST

/* In f32, sums are carried in double: a million ones and tenths end where they should. */
START_TEST(long_sums_do_not_drift)
{
    enum { N = 1000000 };
    tw_node *x = tw_fill(cx, TW_SHAPE(N), .dtype = TW_F32, .value = 0.1);
    near(tw_item(tw_index(tw_cumsum(x), .at = -1)), N * (double)0.1f, 1e-7);
}
END_TEST

START_TEST(scans_refuse)
{
    tw_node *x = tw_zeros(cx, TW_SHAPE(2, 3)), *i = tw_arange(cx, 3), *b = tw_less(i, 1);
    BAD(TW_EARG, "cumsum", "axis 2", tw_cumsum(x, .axis = 2));
    BAD(TW_EARG, "cumsum", "axis 0 of rank 0", tw_cumsum(tw_scalar(cx, 1)));
    BAD(TW_EDTYPE, "cumsum", "bool", tw_cumsum(b));
    BAD(TW_EDTYPE, "cumprod", "bool", tw_cumprod(b));
    BAD(TW_EDTYPE, "logcumsumexp", "i64", tw_logcumsumexp(i));
    BAD(TW_EARG, "logcumsumexp", "exclusive", tw_logcumsumexp(x, .exclusive = true));
    BAD(TW_EARG, "cumargmax", "exclusive", tw_cumargmax(x, .exclusive = true));
    BAD(TW_EARG, "cumargmin", "axis -3", tw_cummin(x, .axis = -3));
    BAD(TW_ESHAPE, "linear_recurrence", "[2, 3]", tw_linear_recurrence(x, tw_zeros(cx, TW_SHAPE(2))));
    BAD(TW_EDTYPE, "linear_recurrence", "i64", tw_linear_recurrence(i, i));
    BAD(TW_EARG, "linear_recurrence", "argument 1", tw_linear_recurrence(x, NULL));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        running_products_with_zeros_are_exact, running_logsumexp_of_nothing_but_minus_infinity,
        of_ties_the_first_met_has_the_derivative, long_sums_do_not_drift, scans_refuse,
    };
    return run_programs("order", sizeof tests / sizeof *tests, tests);
}
