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

/* ---- order ----------------------------------------------------------------------------- */

START_TEST(nan_counts_as_largest_and_zeros_are_equal)
{
    tw_node *x = VECTOR(3, NaN, -0.0, 0, -INF, INF, -1), *place;
    ELEMENTS(tw_argsort(x), 4, 6, 2, 3, 0, 5, 1);
    ELEMENTS(tw_argsort(x, .descending = true), 1, 5, 0, 2, 3, 6, 4);
    ELEMENTS(tw_topk(x, 2, .index = &place), NaN, INF);
    ELEMENTS(place, 1, 5);
    ELEMENTS(tw_median(x), NaN);
    ELEMENTS(tw_kthvalue(x, 2), -1);
    ELEMENTS(tw_searchsorted(VECTOR(1, 2, NaN), VECTOR(NaN, 1.5, INF)), 2, 1, 2);
}
END_TEST

START_TEST(the_derivative_of_a_median_goes_to_the_middle)
{
    tw_node *x = VECTOR(5, 1, 4, 2);
    ELEMENTS(tw_median(x), 3);
    ELEMENTS(tw_median(VECTOR(4, INF, 2)), 4);
    ELEMENTS(tw_quantile(VECTOR(-INF, 1, INF), 0.5), 1);
    ELEMENTS(GRAD(tw_median(x), x), 0, 0, 0.5, 0.5);
    ELEMENTS(GRAD(tw_square(tw_topk(x, 2)), x), 10, 0, 8, 0);
    ELEMENTS(GRAD(GRAD(tw_square(tw_sort(x)), x), x), 2, 2, 2, 2);
}
END_TEST

/* As a program selects by a condition: values decide the shape. */
START_TEST(what_is_not_zero_is_taken)
{
    tw_node *x = tw_reshape(VECTOR(5, -1, 4, -2, 3, -6), TW_SHAPE(2, 3)), *flat = tw_reshape(x, TW_SHAPE(-1));
    tw_node *positive = tw_take(flat, tw_nonzero_now(tw_greater(x, 0)));
    ELEMENTS(positive, 5, 4, 3);
    ELEMENTS(GRAD(tw_square(positive), x), 10, 0, 8, 0, 6, 0);
    ck_assert_int_eq(tw_count(tw_nonzero_now(tw_zeros(cx, TW_SHAPE(3)))), 0);
    ELEMENTS(tw_unique_now(VECTOR(2, NaN, 1, 2, -0.0, 0)), 0, 1, 2, NaN);
}
END_TEST

START_TEST(orders_refuse)
{
    tw_node *x = tw_zeros(cx, TW_SHAPE(2, 3)), *i = tw_arange(cx, 3), *s = tw_scalar(cx, 1);
    BAD(TW_EARG, "sort", "axis -1 of rank 0", tw_sort(s));
    BAD(TW_EARG, "argsort", "2 axes", tw_argsort(x, .axes = TW_AXES(0, 1)));
    BAD(TW_EARG, "topk", "4 of axis 1 of size 3", tw_topk(x, 4));
    BAD(TW_EARG, "kthvalue", "value 0 of 6", tw_kthvalue(x, 0));
    BAD(TW_EARG, "quantile", "1.5", tw_quantile(x, 1.5));
    BAD(TW_EDTYPE, "median", "i64", tw_median(i));
    BAD(TW_ESHAPE, "median", "nothing", tw_median(tw_zeros(cx, TW_SHAPE(0))));
    BAD(TW_ESHAPE, "searchsorted", "[2, 3]", tw_searchsorted(x, tw_zeros(cx, TW_SHAPE(3, 3))));
    BAD(TW_EDTYPE, "searchsorted", "i64", tw_searchsorted(i, tw_zeros(cx, TW_SHAPE(3))));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        running_products_with_zeros_are_exact, running_logsumexp_of_nothing_but_minus_infinity,
        of_ties_the_first_met_has_the_derivative, long_sums_do_not_drift, scans_refuse,
        nan_counts_as_largest_and_zeros_are_equal, the_derivative_of_a_median_goes_to_the_middle, what_is_not_zero_is_taken,
        orders_refuse,
    };
    return run_programs("order", sizeof tests / sizeof *tests, tests);
}
