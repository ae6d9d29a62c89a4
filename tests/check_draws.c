/* check_draws.c - random draws: moments, distributions, the same bits whatever the instruction set, errors.
 *
 * Seeds are fixed. Means and variances are within five standard errors; distributions by Kolmogorov and
 * Smirnov: the largest distance from the cumulative distribution times sqrt(n) stays below 1.95, which
 * one draw in a thousand exceeds.
 */
#include "tests/fixture.h"

enum { N = 40000 };

#define BAD(code, op, words, ...) do { ck_assert(tw_is_nil(__VA_ARGS__)); fails_with(cx, code, op, __LINE__, words); } while (0)

static int rising(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double uniform_cdf(double x)     { return x < 0 ? 0 : x > 1 ? 1 : x; }
static double normal_cdf(double x)      { return erfc(-x / sqrt(2)) / 2; }
static double exponential_cdf(double x) { return x < 0 ? 0 : 1 - exp(-x); }
static double gumbel_cdf(double x)      { return exp(-exp(-x)); }
static double laplace_cdf(double x)     { return x < 0 ? exp(x) / 2 : 1 - exp(-x) / 2; }
static double central_cdf(double x)     { return (normal_cdf(x) - normal_cdf(-2)) / (normal_cdf(2) - normal_cdf(-2)); }
static double tail_cdf(double x)        { return 1 - erfc(x / sqrt(2)) / erfc(3 / sqrt(2)); }
static double left_cdf(double x)        { return (normal_cdf(x) - normal_cdf(-2.5)) / (normal_cdf(-1.5) - normal_cdf(-2.5)); }
static double narrow_cdf(double x)      { return (normal_cdf(x) - normal_cdf(-0.3)) / (normal_cdf(0.5) - normal_cdf(-0.3)); }

static void distributed(tw_node *x, double (*cdf)(double), const char *what)
{
    arr a = arr_of(x);
    ck_assert_int_eq(a.count, N);
    qsort(a.v, N, sizeof *a.v, rising);
    double most = 0;
    for (int i = 0; i < N; i++) {
        const double f = cdf(a.v[i]);
        most = fmax(most, fmax(fabs(f - (double)i / N), fabs(f - (double)(i + 1) / N)));
    }
    ck_assert_msg(most * sqrt(N) < 1.95, "%s: distance %g", what, most * sqrt(N));
}

static void moments(tw_node *x, double mean, double var, const char *what)
{
    const arr a = arr_of(x);
    double m = 0, v = 0;
    for (int64_t i = 0; i < a.count; i++) m += a.v[i];
    m /= (double)a.count;
    for (int64_t i = 0; i < a.count; i++) v += (a.v[i] - m) * (a.v[i] - m);
    v /= (double)a.count;
    ck_assert_msg(fabs(m - mean) < 5 * sqrt(var / (double)a.count), "%s: mean %g, not %g", what, m, mean);
    ck_assert_msg(fabs(v / var - 1) < 0.06, "%s: variance %g, not %g", what, v, var);
}

START_TEST(draws_have_their_distributions)
{
    const tw_shape s = TW_SHAPE(N);
    for (int i = 0; i < 2; i++) {
        const tw_dtype t = i ? TW_F32 : TW_F64;
        distributed(tw_uniform(cx, s, .dtype = t), uniform_cdf, "uniform");
        distributed(tw_normal(cx, s, .dtype = t), normal_cdf, "normal");
        distributed(tw_exponential(cx, s, .dtype = t), exponential_cdf, "exponential");
        distributed(tw_gumbel(cx, s, .dtype = t), gumbel_cdf, "gumbel");
        distributed(tw_laplace(cx, s, .dtype = t), laplace_cdf, "laplace");
        distributed(tw_truncated_normal(cx, s, .dtype = t), central_cdf, "truncated_normal");
        distributed(tw_truncated_normal(cx, s, .dtype = t, .low = 3, .high = INF), tail_cdf, "a tail");
        distributed(tw_truncated_normal(cx, s, .dtype = t, .low = -2.5, .high = -1.5), left_cdf, "to the left");
        distributed(tw_truncated_normal(cx, s, .dtype = t, .low = -0.3, .high = 0.5), narrow_cdf, "narrow");
    }
}
END_TEST

START_TEST(draws_have_their_moments)
{
    const tw_shape s = TW_SHAPE(20, N / 20);
    moments(tw_exponential(cx, s, .loc = 1, .scale = 2), 3, 4, "exponential");
    moments(tw_gumbel(cx, s, .loc = -1, .scale = 2), -1 + 2 * 0.5772156649, 4 * 1.6449340668, "gumbel");
    moments(tw_laplace(cx, s, .scale = 3), 0, 18, "laplace");
    moments(tw_truncated_normal(cx, s, .mean = 5, .std = 2), 5, 4 * 0.77374, "truncated_normal");
    moments(tw_randint(cx, s, -3, 7), 1.5, 99.0 / 12, "randint");
    moments(tw_bernoulli(cx, s, .p = 0.3), 0.3, 0.21, "bernoulli");
}
END_TEST

START_TEST(choices_follow_their_probabilities)
{
    tw_node *logits = tw_log(tw_data(cx, TW_F64, TW_SHAPE(2, 3), ((double[]){ 0.2, 0.5, 0.3, 0.9, 0, 0.1 })));
    tw_node *y = tw_categorical(logits, .samples = N);
    const arr got = arr_of(y);
    ck_assert_int_eq(got.n, 2);
    double seen[2][3] = { { 0 } };
    for (int64_t k = 0; k < got.count; k++) seen[k % 2][(int)got.v[k]] += 1.0 / N;
    const double want[2][3] = { { 0.2, 0.5, 0.3 }, { 0.9, 0, 0.1 } };
    for (int r = 0; r < 2; r++)
        for (int c = 0; c < 3; c++) near(seen[r][c], want[r][c], 5 * sqrt(0.25 / N));
    ck_assert(seen[1][1] < 1e-12);
    ck_assert_int_eq(tw_rank(tw_categorical(logits)), 1);
}
END_TEST

/* Every element once; each place equally likely for each. */
START_TEST(permutations_are_orders)
{
    double first[4] = { 0 };
    for (int k = 0; k < 4000; k++) {
        TW_SCOPE(cx);
        const int64_t *p = tw_i64(tw_permutation(cx, 4));
        ck_assert_int_eq(1 << p[0] | 1 << p[1] | 1 << p[2] | 1 << p[3], 15);
        first[p[0]] += 1.0 / 4000;
    }
    for (int i = 0; i < 4; i++) near(first[i], 0.25, 0.04);
    ELEMENTS(tw_sort(tw_permutation(cx, 5)), 0, 1, 2, 3, 4);
}
END_TEST

/* Elements are functions of seed, number and place: of no instruction set, and of no other element. */
START_TEST(draws_have_the_same_bits_everywhere)
{
    tw_node *want = NULL;
    tw_ctx *kept[8];
    int n = 0;
    for (const char *const *isa = rig_isas(); *isa; isa++) {
        tw_ctx *c = kept[n++] = rig_open(TW_F64, *isa, true);
        tw_node *y = tw_truncated_normal(c, TW_SHAPE(1001), .key = 3);
        tw_node *both = tw_concat(2, ((tw_node *[]){ y, tw_cast(tw_randint(c, TW_SHAPE(77), -5, 5, .key = 4), TW_F64) }));
        if (want) ck_assert(same_bits(want, both));
        else want = both;
        ck_assert(same_bits(tw_slice(y, .size = { 9 }), tw_truncated_normal(c, TW_SHAPE(9), .key = 3)));
    }
    while (n--) ck_assert_int_eq(tw_close(kept[n]), 0);
}
END_TEST

START_TEST(integers_reach_both_ends)
{
    const arr a = arr_of(tw_randint(cx, TW_SHAPE(1000), 250, 256, .dtype = TW_U8));
    double low = 999, high = 0;
    for (int i = 0; i < 1000; i++) low = fmin(low, a.v[i]), high = fmax(high, a.v[i]);
    ck_assert(low >= 250 && low <= 250 && high >= 255 && high <= 255);
    tw_node *far = tw_randint(cx, TW_SHAPE(100), INT64_MIN, INT64_MAX);
    ck_assert(tw_item(tw_sum(tw_less(far, 0))) > 20 && tw_item(tw_sum(tw_greater(far, 0))) > 20);
}
END_TEST

START_TEST(draws_refuse)
{
    const tw_shape s = TW_SHAPE(2);
    BAD(TW_EARG, "randint", "from 3 below 3", tw_randint(cx, s, 3, 3));
    BAD(TW_EARG, "truncated_normal", "from 2 to 1", tw_truncated_normal(cx, s, .low = 2, .high = 1));
    BAD(TW_EDTYPE, "truncated_normal", "i64", tw_truncated_normal(cx, s, .dtype = TW_I64));
    BAD(TW_EARG, "bernoulli", "1.5", tw_bernoulli(cx, s, .p = 1.5));
    BAD(TW_EDTYPE, "uniform", "i64", tw_exponential(cx, s, .dtype = TW_I64));
    BAD(TW_EDTYPE, "categorical", "i64", tw_categorical(tw_arange(cx, 3)));
    BAD(TW_ESHAPE, "categorical", "rank 0", tw_categorical(tw_scalar(cx, 0)));
    BAD(TW_EARG, "permutation", "-1", tw_permutation(cx, -1));
    BAD(TW_ESHAPE, "randint", "-2", tw_randint(cx, TW_SHAPE(-2), 0, 2));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        draws_have_their_distributions, draws_have_their_moments, choices_follow_their_probabilities, permutations_are_orders,
        draws_have_the_same_bits_everywhere, integers_reach_both_ends, draws_refuse,
    };
    return run_programs("draws", sizeof tests / sizeof *tests, tests);
}
