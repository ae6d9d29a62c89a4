/* check_gamma.c - gamma, beta and Dirichlet numbers: their distributions, their derivatives by the parameters.
 *
 * Seeds are fixed; bounds on distributions are those of check_draws.c, means are within five standard errors. Derivatives
 * of moments are means of derivatives: for gamma numbers, of E y = alpha and E log y = digamma(alpha).
 */
#include "tests/fixture.h"
#include "tests/slow_special.h"
#include "ops/kernel/attrs.h"

enum { N = 40000 };

static tw_node *same(double v) { return tw_full(cx, TW_SHAPE(N), v); }

static int rising(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The largest distance of the numbers' distribution from P(a, .), in units of 1 / sqrt(N). */
static double distance(tw_node *x, double a, double (*cdf)(double a, double x))
{
    arr v = arr_of(x);
    ck_assert_int_eq(v.count, N);
    qsort(v.v, N, sizeof *v.v, rising);
    double most = 0;
    for (int i = 0; i < N; i++) {
        const double f = cdf(a, v.v[i]);
        most = fmax(most, fmax(fabs(f - (double)i / N), fabs(f - (double)(i + 1) / N)));
    }
    return most * sqrt(N);
}

/* The mean of x is `want`, within five of its standard errors. */
static void mean_is(tw_node *x, double want, const char *what)
{
    const arr a = arr_of(x);
    double m = 0, v = 0;
    for (int64_t i = 0; i < a.count; i++) m += a.v[i] / (double)a.count;
    for (int64_t i = 0; i < a.count; i++) v += (a.v[i] - m) * (a.v[i] - m) / (double)a.count;
    ck_assert_msg(fabs(m - want) < 5 * sqrt(v / (double)a.count) && v < 100 * (1 + want * want), "%s: %g, not %g", what, m, want);
}

static double log_cdf(double a, double log_y) { return slow_gamma_cdf(a, exp(log_y)); }
static double beta_cdf(double a, double x)    { (void)a; return x * x * (6 + x * (3 * x - 8)); }       /* of 2 and 3 */
static double square_cdf(double a, double x)  { (void)a; return sqrt(x); }                             /* of 1/2 and 1 */

START_TEST(numbers_have_their_distributions)
{
    for (int t = 0; t < 2; t++) {
        static const double alphas[] = { 0.3, 0.999, 1, 2.5, 40 };
        for (int i = 0; i < 5; i++) {
            const double a = alphas[i];
            tw_node *alpha = tw_cast(same(a), t ? TW_F32 : TW_F64);
            double d = distance(tw_gamma(alpha), a, slow_gamma_cdf);
            ck_assert_msg(d < 1.95, "gamma %g: distance %g", a, d);
            d = distance(tw_gamma(alpha, .log = true), a, log_cdf);
            ck_assert_msg(d < 1.95, "log gamma %g: distance %g", a, d);
        }
        const tw_dtype dtype = t ? TW_F32 : TW_F64;
        ck_assert(distance(tw_beta(tw_cast(same(2), dtype), 3), 0, beta_cdf) < 1.95);
        ck_assert(distance(tw_beta(tw_cast(same(0.5), dtype), 1), 0, square_cdf) < 1.95);
    }
    ck_assert(distance(tw_gamma(same(2.5)), 2.6, slow_gamma_cdf) > 1.95);       /* the measure sees a difference */
}
END_TEST

/* log y of so small a parameter is -E / alpha, E exponential; y itself is mostly too small. */
START_TEST(logarithms_have_no_lower_end)
{
    tw_node *log_y = tw_gamma(same(1e-5), .log = true, .key = 1), *y = tw_gamma(same(1e-5), .key = 1);
    mean_is(tw_mul(-1e-5, log_y), 1, "exponential");
    ck_assert(tw_item(tw_min(log_y)) < -1e5 && tw_item(tw_min(y)) >= 0);
    item_is(tw_sum(tw_isfinite(log_y)), N);
    tw_node *d = tw_dirichlet(tw_full(cx, TW_SHAPE(1000, 3), 1e-5));
    item_is(tw_sum(tw_isfinite(d)), 3000);
}
END_TEST

START_TEST(dirichlet_has_its_moments)
{
    tw_node *alpha = VECTOR(0.5, 1, 2.5), *y = tw_dirichlet(alpha, .samples = N);
    ck_assert_int_eq(tw_dim(y, 0), N);
    for (int i = 0; i < 3; i++) {
        const double a = (double[]){ 0.5, 1, 2.5 }[i], mean = a / 4;
        tw_node *one = tw_index(y, .axis = 1, .at = i);
        mean_is(one, mean, "mean");
        mean_is(tw_square(tw_sub(one, mean)), mean * (1 - mean) / 5, "variance");
    }
    /* d E y_0 / d alpha = (3.5, -0.5, -0.5) / 16, from the mean over N */
    const arr g = arr_of(tw_grad(tw_mean(tw_index(y, .axis = 1, .at = 0)), alpha));
    near(g.v[0], 3.5 / 16, 0.005);
    near(g.v[1], -0.5 / 16, 0.005);
    near(g.v[2], -0.5 / 16, 0.005);
}
END_TEST

START_TEST(derivatives_are_those_of_the_moments)
{
    static const double alphas[] = { 0.05, 0.7, 3, 33, 2000 };
    for (int i = 0; i < 5; i++) {
        tw_node *alpha = same(alphas[i]), *y = tw_gamma(alpha), *log_y = tw_gamma(alpha, .log = true);
        mean_is(tw_grad(tw_sum(y), alpha), 1, "dy / dalpha");
        mean_is(tw_mul(alphas[i], tw_grad(tw_sum(log_y), alpha)), alphas[i] * slow_polygamma(1, alphas[i]), "d log y / dalpha");
        mean_is(tw_jvp(y, 1, &alpha, (tw_node *[]){ same(1) }), 1, "forward");
    }
    tw_node *a = same(2), *b = same(3), *y = tw_beta(a, b), *g[2];
    tw_grads(tw_sum(y), 2, ((tw_node *[]){ a, b }), g);
    mean_is(g[0], 3 / 25.0, "by a");
    mean_is(g[1], -2 / 25.0, "by b");
}
END_TEST

/* The derivative at a number is a function of alpha and y: by mpmath, 40 digits. */
static const struct { double alpha, y, slope; } exact[] = {
    { 0.001, 1e-300, 6.9019995596640341e-295 },
    { 0.01, 1e-20, 4.5490816402012236e-17 },
    { 0.1, 0.001, 0.064907247383740964 },
    { 0.1, 2.5, 9.0244805707966044 },
    { 0.3, 12.0, 5.7490338146978286 },
    { 0.5, 0.25, 0.90801449176411132 },
    { 1.0, 0.5, 0.80697911682531802 },
    { 1.0, 40.0, 4.2904992340950977 },
    { 2.5, 0.01, 0.022901968802790317 },
    { 2.5, 3.0, 1.1692620067376635 },
    { 7.0, 20.0, 1.6529314130988 },
    { 29.5, 29.75, 1.009917882586401 },
    { 29.5, 10.0, 0.5577924685379589 },
    { 30.5, 30.75, 1.0095917345904571 },
    { 30.5, 90.0, 1.6454132628916062 },
    { 100.0, 60.0, 0.76750540273980507 },
    { 100.0, 99.5, 0.99915996329953002 },
    { 1000.0, 1100.0, 1.0485866785616168 },
    { 10000.0, 10000.0, 1.0000166668333238 },
    { 100000.0, 99000.0, 0.99498490779812499 },
};

static tw_node *slope(double alpha, double y, bool log)
{
    tw_gamma_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.log = log;
    tw_node *in[2] = { tw_scalar(cx, alpha), tw_scalar(cx, y) };
    return tw_build_node(&(tw_build){ .op = &tw_op_gamma_slope, .at = TW_HERE, .attr = &attr, .n = 2, .in = in });
}

START_TEST(derivatives_are_exact_to_twelve_digits)
{
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++) {
        const double got = tw_item(slope(exact[i].alpha, exact[i].y, false)), want = exact[i].slope;
        ck_assert_msg(fabs(got / want - 1) < 1e-12, "at %g, %g: %.17g, not %.17g", exact[i].alpha, exact[i].y, got, want);
        near(tw_item(slope(exact[i].alpha, log(exact[i].y), true)) * exact[i].y / want, 1, 1e-10);      /* the logarithm is rounded */
    }
    near(tw_item(slope(0.001, -2000, true)) / 1999424.4280681897, 1, 1e-12);
}
END_TEST

START_TEST(ends_are_what_they_should_be)
{
    ELEMENTS(tw_gamma(VECTOR(0, -1, NaN, INF)), 0, NaN, NaN, INF);
    ELEMENTS(tw_gamma(VECTOR(0, -1, INF), .log = true), -INF, NaN, INF);
    tw_node *alpha = VECTOR(0, -1);
    ELEMENTS(tw_grad(tw_sum(tw_gamma(alpha)), alpha), 0, NaN);
    ck_assert_int_eq(arr_of(tw_gamma(tw_zeros(cx, TW_SHAPE(0, 3)))).count, 0);
}
END_TEST

/* Numbers are functions of seed, node and place: of no instruction set, thread or neighbour. */
START_TEST(numbers_have_the_same_bits_everywhere)
{
    tw_node *want = NULL;
    tw_ctx *kept[8];
    int n = 0;
    for (const char *const *isa = rig_isas(); *isa; isa++, n++) {
        tw_ctx *c = kept[n] = rig_open(TW_F64, *isa, n % 2 == 0);
        tw_node *y = tw_gamma(tw_full(c, TW_SHAPE(5001), 0.7), .key = 3);
        if (want) ck_assert(same_bits(want, y));
        else want = y;
        ck_assert(same_bits(tw_slice(y, .size = { 9 }), tw_gamma(tw_full(c, TW_SHAPE(9), 0.7), .key = 3)));
    }
    while (n--) ck_assert_int_eq(tw_close(kept[n]), 0);
    ck_assert(!same_bits(tw_gamma(same(2)), tw_gamma(same(2))));
}
END_TEST

/* Many parameters at once are each with the numbers that they would get alone. */
START_TEST(a_batch_draws_what_each_draws)
{
    tw_node *alpha = VECTOR(0.5, 2, 30), *y = tw_gamma(alpha, .samples = 4), *many = tw_data(cx, TW_F64, TW_SHAPE(2, 3), ((double[]){ 1, 2, 3, 4, 5, 6 }));
    tw_node *batch = tw_vmap(y, 1, &alpha, &many);
    ck_assert_int_eq(tw_rank(batch), 3);
    for (int i = 0; i < 2; i++) {
        tw_node *one = tw_index(many, .at = i), *alone = tw_replace(y, 1, &alpha, &one);
        ck_assert(same_bits(tw_index(batch, .at = i), alone));
    }
    near(tw_item(tw_max(tw_abs(tw_sub(tw_jacobian(y, alpha, .mode = TW_FORWARD), tw_jacobian(y, alpha, .mode = TW_REVERSE))))), 0, 0);
}
END_TEST

START_TEST(there_is_no_second_derivative)
{
    tw_node *alpha = VECTOR(0.5, 2);
    for (int forward = 0; forward < 2; forward++) {
        tw_node *y = tw_gamma(alpha); const int line = __LINE__;
        tw_node *g = tw_grad(tw_sum(tw_square(y)), alpha);
        ck_assert(tw_is_nil(forward ? tw_jvp(g, 1, &alpha, &alpha) : tw_grad(tw_sum(g), alpha)));
        fails_with(cx, TW_EGRAD, "gamma", line, "first order only");
    }
    tw_node *y = tw_gamma(tw_stop_grad(alpha)), *x = VECTOR(1, 2);      /* other derivatives are of any order */
    ELEMENTS(tw_div(tw_grad(tw_sum(tw_grad(tw_sum(tw_mul(y, tw_square(x))), x)), x), y), 2, 2);
}
END_TEST

START_TEST(draws_refuse)
{
    REFUSES(TW_EDTYPE, "gamma", "i64", tw_gamma(tw_arange(cx, 3)));
    REFUSES(TW_ESHAPE, "gamma", "-1 samples", tw_gamma(VECTOR(1), .samples = -1));
    REFUSES(TW_ESHAPE, "gamma", "rank 8", tw_gamma(Z(1, 1, 1, 1, 1, 1, 1, 1), .samples = 2));
    REFUSES(TW_ESHAPE, "dirichlet", "a number", tw_dirichlet(tw_scalar(cx, 1)));
    REFUSES(TW_EDTYPE, "beta", "i64", tw_beta(tw_arange(cx, 3), 1));
    REFUSES(TW_ESHAPE, "beta", "[2]", tw_beta(VECTOR(1, 2), VECTOR(1, 2, 3)));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        numbers_have_their_distributions, logarithms_have_no_lower_end, dirichlet_has_its_moments, derivatives_are_those_of_the_moments,
        derivatives_are_exact_to_twelve_digits, ends_are_what_they_should_be, numbers_have_the_same_bits_everywhere,
        a_batch_draws_what_each_draws, there_is_no_second_derivative, draws_refuse,
    };
    return run_programs("gamma", sizeof tests / sizeof *tests, tests);
}
