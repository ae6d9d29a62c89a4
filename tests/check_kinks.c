/* check_kinks.c - functions at their kinks, singular points and special values: one test for each convention.
 *
 * Where functions are smooth the laws (check_laws.c) hold; check_derivatives.c has the kinks of the oldest.
 */
#include "tests/fixture.h"
#include "tests/slow.h"

#define GRAD(f, x) tw_grad(tw_sum(f), x)
#define GRAD2(f, x) GRAD(GRAD(f, x), x)

static tw_node *gelu(const tw_loc *at, tw_node *x)      { return tw_gelu_at(at, x, NULL); }
static tw_node *gelu_tanh(const tw_loc *at, tw_node *x) { return tw_gelu_at(at, x, &(tw_gelu_args){ .tanh = true }); }

/* ---- roots, arcs, steps -------------------------------------------------------------------- */

START_TEST(slopes_are_infinite_where_functions_end)
{
    tw_node *one = VECTOR(-1, 1), *x = VECTOR(0, 8), *top = VECTOR(1);
    ELEMENTS(tw_asin(one), -M_PI / 2, M_PI / 2);
    ELEMENTS(tw_acos(one), M_PI, 0);
    ELEMENTS(GRAD(tw_asin(one), one), INF, INF);
    ELEMENTS(GRAD(tw_acos(one), one), -INF, -INF);
    ELEMENTS(tw_atanh(one), -INF, INF);
    ELEMENTS(GRAD(tw_acosh(top), top), INF);
    ELEMENTS(GRAD(tw_cbrt(x), x), INF, 1.0 / 12);
    ELEMENTS(tw_asin(VECTOR(1.5, -2, INF)), NaN, NaN, NaN);
    ELEMENTS(tw_acosh(VECTOR(0.5, -3, -INF, INF)), NaN, NaN, NaN, INF);
    ELEMENTS(tw_atanh(VECTOR(1.5, -INF)), NaN, NaN);
}
END_TEST

START_TEST(steps_have_no_slope)
{
    tw_node *x = VECTOR(-1.5, 0, 2);
    ELEMENTS(tw_ceil(x), -1, 0, 2);
    ELEMENTS(tw_trunc(x), -1, 0, 2);
    ck_assert(tw_is_zero(GRAD(tw_ceil(x), x)) && tw_is_zero(GRAD(tw_trunc(x), x)));
    ck_assert(signbit(tw_item(tw_ceil(VECTOR(-0.5)))) && signbit(tw_item(tw_trunc(VECTOR(-0.5)))));
}
END_TEST

START_TEST(powers_of_the_base_give_whole_numbers)
{
    for (int i = -307; i < 308; i++) item_is(tw_log10(tw_scalar(cx, strtod((char[8]){ '1', 'e', i < 0 ? '-' : '+', (char)('0' + abs(i) / 100),
                                                                           (char)('0' + abs(i) / 10 % 10), (char)('0' + abs(i) % 10) }, NULL))), i);
    for (int i = -1074; i < 1024; i++) item_is(tw_log2(tw_scalar(cx, ldexp(1, i))), i);
    for (int i = -1080; i < 1030; i++) item_is(tw_exp2(tw_scalar(cx, i)), ldexp(1, i));
    for (int i = -99; i < 100; i++) item_is(tw_cbrt(tw_scalar(cx, i * i * i)), i);
}
END_TEST

/* ---- of two -------------------------------------------------------------------------------- */

START_TEST(the_remainder_has_the_sign_of_the_divisor)
{
    ELEMENTS(tw_mod(VECTOR(5.5, -5.5, 5.5, -5.5), VECTOR(2, 2, -2, -2)), 1.5, 0.5, -0.5, -1.5);
    ELEMENTS(tw_mod(VECTOR(1, -1, 1, NaN, 1, INF), VECTOR(INF, INF, 0, 1, NaN, 1)), 1, INF, NaN, NaN, NaN, NaN);
    tw_node *zeros = tw_mod(VECTOR(-6, 6), VECTOR(3, -3));
    const double *z = tw_f64(zeros);
    ck_assert(z[0] == 0 && !signbit(z[0]) && z[1] == 0 && signbit(z[1]));
    tw_node *a = VECTOR(5.5, -5.5, 6), *b = VECTOR(2, 2, 3);
    ELEMENTS(GRAD(tw_mod(a, b), a), 1, 1, 1);
    ELEMENTS(GRAD(tw_mod(a, b), b), -2, 3, -2);
    const int64_t p[] = { 7, -7, 7, -7, 7, INT64_MIN }, q[] = { 3, 3, -3, -3, 0, -1 };
    ELEMENTS(tw_mod(tw_data(cx, TW_I64, TW_SHAPE(6), p), tw_data(cx, TW_I64, TW_SHAPE(6), q)), 1, 2, -2, -1, 0, 0);
    const int32_t r[] = { 7, -7, 7, INT32_MIN }, s[] = { 3, 3, 0, -1 };
    ELEMENTS(tw_mod(tw_data(cx, TW_I32, TW_SHAPE(4), r), tw_data(cx, TW_I32, TW_SHAPE(4), s)), 1, 2, 0, 0);
    const uint8_t u[] = { 200, 7, 255 }, v[] = { 255, 0, 16 };
    ELEMENTS(tw_mod(tw_data(cx, TW_U8, TW_SHAPE(3), u), tw_data(cx, TW_U8, TW_SHAPE(3), v)), 200, 0, 15);
}
END_TEST

START_TEST(functions_of_two_at_special_points_are_as_in_c)
{
    static const double at[] = { 0, -0.0, 1, -1, 2, 1e-310, -1e-310, 1e300, -1e300, 1.7e308, INF, -INF, NaN };
    enum { N = sizeof at / sizeof *at };
    for (const char *const *isa = rig_isas(); *isa; isa++) {
        tw_ctx *c = rig_open(TW_F64, *isa, true);
        tw_node *x = tw_data(c, TW_F64, TW_SHAPE(N, 1), at), *y = tw_data(c, TW_F64, TW_SHAPE(N), at);
        const double *angle = tw_f64(tw_atan2(x, y)), *far = tw_f64(tw_hypot(x, y)), *sign = tw_f64(tw_copysign(x, y));
        ok(c);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                const double a = at[i], b = at[j];
                const bool both_zero = a == 0 && b == 0;
                const double want = atan2(a, b), got = angle[i * N + j], h = hypot(a, b), scale = h > 1 && isfinite(h) ? h : 1;
                ck_assert_msg(close_to(got, want, both_zero ? 0 : 4e-16) && (isnan(want) || signbit(got) == signbit(want)),
                              "%s: atan2(%g, %g) is %.17g", *isa, a, b, got);
                ck_assert_msg(close_to(far[i * N + j] / scale, h / scale, 4e-16), "%s: hypot(%g, %g) is %.17g", *isa, a, b, far[i * N + j]);
                ck_assert_msg(isnan(a) || sign[i * N + j] == copysign(a, b), "%s: copysign(%g, %g) is %.17g", *isa, a, b, sign[i * N + j]);
            }
        ck_assert_int_eq(tw_close(c), 0);
    }
}
END_TEST

START_TEST(the_origin_has_no_direction)
{
    tw_node *a = VECTOR(0, 0, 3), *b = VECTOR(0, 2, 4);
    ELEMENTS(GRAD(tw_atan2(a, b), a), 0, 0.5, 0.16);
    ELEMENTS(GRAD(tw_atan2(a, b), b), 0, 0, -0.12);
    ELEMENTS(GRAD(tw_hypot(a, b), a), 0, 0, 0.6);
    ELEMENTS(GRAD(tw_hypot(a, b), b), 0, 1, 0.8);
    ELEMENTS(GRAD2(tw_hypot(a, b), a), 0, 0.5, 0.128);
    tw_node *far = VECTOR(3e200), *out = VECTOR(4e200);
    near(tw_item(tw_mul(GRAD(tw_atan2(far, out), far), 1e200)), 0.16, 1e-14);
    tw_node *s = VECTOR(0, -2, 3);
    ELEMENTS(GRAD(tw_copysign(s, VECTOR(-1, 1, -1)), s), 0, -1, -1);
}
END_TEST

START_TEST(logaddexp_of_infinities)
{
    tw_node *a = VECTOR(-INF, -INF, INF, INF, 1000, 3), *b = VECTOR(-INF, 3, INF, -INF, 1000, 3);
    ELEMENTS(tw_logaddexp(a, b), -INF, 3, INF, INF, 1000 + log(2), 3 + log(2));
    ELEMENTS(GRAD(tw_logaddexp(a, b), a), 0, 0, 0.5, 1, 0.5, 0.5);
    ELEMENTS(GRAD(tw_logaddexp(a, b), b), 0, 1, 0.5, 0, 0.5, 0.5);
    ELEMENTS(GRAD2(tw_logaddexp(a, b), a), 0, 0, 0, 0, 0.25, 0.25);
    ELEMENTS(tw_logaddexp(VECTOR(NaN, 1), VECTOR(1, NaN)), NaN, NaN);
}
END_TEST

START_TEST(nothing_times_the_logarithm_of_nothing)
{
    tw_node *a = VECTOR(0, 0, 0, 0, 2), *b = VECTOR(0, INF, NaN, 2, 3);
    ELEMENTS(tw_xlogy(a, b), 0, 0, NaN, 0, 2 * log(3));
    ELEMENTS(GRAD(tw_xlogy(a, b), a), 0, 0, NaN, log(2), log(3));
    ELEMENTS(GRAD(tw_xlogy(a, b), b), 0, 0, NaN, 0, 2.0 / 3);
    item_is(tw_xlogy(0, VECTOR(0)), 0);
}
END_TEST

START_TEST(a_multiply_add_is_rounded_once)
{
    const double e = 0x1p-52;
    for (const char *const *isa = rig_isas(); *isa; isa++) {
        tw_ctx *c = rig_open(TW_F64, *isa, true);
        item_is(tw_fma(tw_scalar(c, 1 + e), 1 - e, -1), -e * e);
        ck_assert_int_eq(tw_close(c), 0);
        c = rig_open(TW_F32, *isa, true);
        item_is(tw_fma(tw_scalar(c, 1 + 0x1p-23), 1 - 0x1p-23, -1), -0x1p-46);
        ck_assert_int_eq(tw_close(c), 0);
    }
}
END_TEST

/* ---- activations --------------------------------------------------------------------------- */

START_TEST(activations_at_infinities)
{
    static tw_node *(*const smooth[])(const tw_loc *, tw_node *) = { tw_silu_at, tw_mish_at, gelu, gelu_tanh };
    for (const char *const *isa = rig_isas(); *isa; isa++)
        for (int d = 0; d < 2; d++) {
            tw_ctx *old = cx;
            cx = rig_open(d ? TW_F64 : TW_F32, *isa, true);
            tw_node *x = tw_cast(VECTOR(-INF, -1e30, -200, 0, 200, 1e30, INF, NaN), d ? TW_F64 : TW_F32);
            const double big = d ? 1e30 : (double)1e30f;
            for (int k = 0; k < 4; k++) {
                ELEMENTS(smooth[k](TW_HERE, x), 0, 0, 0, 0, 200, big, INF, NaN);
                ELEMENTS(GRAD(smooth[k](TW_HERE, x), x), 0, 0, 0, k == 1 ? (d ? 0.6 : (double)0.6f) : 0.5, 1, 1, 1, NaN);
            }
            ELEMENTS(tw_softplus(x), 0, 0, d ? exp(-200) : 0, d ? log(2) : (double)(float)log(2), 200, big, INF, NaN);
            ELEMENTS(GRAD(tw_softplus(x), x), 0, 0, d ? exp(-200) : 0, 0.5, 1, 1, 1, NaN);
            ELEMENTS(tw_elu(x), -1, -1, -1, 0, 200, big, INF, NaN);
            ELEMENTS(GRAD(tw_elu(x, .alpha = 2), x), 0, 0, d ? 2 * exp(-200) : 0, 2, 1, 1, 1, NaN);
            ELEMENTS(tw_hardswish(x), 0, 0, 0, 0, 200, big, INF, NaN);
            ELEMENTS(tw_log_sigmoid(x), -INF, -big, -200, d ? -log(2) : -(double)(float)log(2), d ? -exp(-200) : 0, 0, 0, NaN);
            ok(cx);
            ck_assert_int_eq(tw_close(cx), 0);
            cx = old;
        }
}
END_TEST

START_TEST(kinks_of_activations)
{
    tw_node *x = VECTOR(-1, 0, 1), *w = VECTOR(0.25, 0.5, 2);
    ELEMENTS(GRAD(tw_leaky_relu(x), x), 0.01, 0.01, 1);
    ELEMENTS(GRAD(tw_prelu(x, w), x), 0.25, 0.5, 1);
    ELEMENTS(GRAD(tw_prelu(x, w), w), -1, 0, 0);
    ELEMENTS(GRAD(tw_hardtanh(x), x), 0, 1, 0);
    ELEMENTS(GRAD(tw_elu(x), x), exp(-1), 1, 1);
    ELEMENTS(GRAD2(tw_elu(x), x), exp(-1), 1, 0);
    tw_node *six = VECTOR(-3, 0, 3, 6);
    ELEMENTS(GRAD(tw_relu6(six), six), 0, 0, 1, 0);
    ELEMENTS(GRAD(tw_hardsigmoid(six), six), 0, 1.0 / 6, 0, 0);
    ELEMENTS(GRAD(tw_hardswish(six), six), 0, 0.5, 1, 1);
    tw_node *edge = VECTOR(-0.5, 0, 0.5, 1);
    ELEMENTS(GRAD(tw_softshrink(edge), edge), 0, 0, 0, 1);
    ELEMENTS(GRAD(tw_hardshrink(edge), edge), 0, 0, 0, 1);
    ELEMENTS(GRAD(tw_threshold(edge, 0.5, 7), edge), 0, 0, 0, 1);
    ELEMENTS(tw_threshold(edge, 0.5, 7), 7, 7, 7, 1);
    ELEMENTS(GRAD(tw_softsign(x), x), 0.25, 1, 0.25);
    static tw_node *(*const lines[])(const tw_loc *, tw_node *) = { tw_relu6_at, tw_hardsigmoid_at, tw_hardswish_at, tw_softsign_at, tw_selu_at };
    for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) ck_assert(isnan(tw_item(lines[k](TW_HERE, VECTOR(NaN)))));
    ck_assert(isnan(tw_item(tw_hardtanh(VECTOR(NaN)))) && isnan(tw_item(tw_softshrink(VECTOR(NaN)))) && isnan(tw_item(tw_hardshrink(VECTOR(NaN)))));
}
END_TEST

/* ---- over axes ----------------------------------------------------------------------------- */

START_TEST(norms_at_zero_have_slope_zero_of_every_order)
{
    static const double ps[] = { 1, 2, 3, 2.5, 0.5, INF };
    for (size_t i = 0; i < sizeof ps / sizeof *ps; i++) {
        tw_node *x = VECTOR(0, 0), *y = tw_norm(x, .p = ps[i]);
        item_is(y, 0);
        ELEMENTS(tw_grad(y, x), 0, 0);
        ELEMENTS(GRAD(tw_grad(y, x), x), 0, 0);
    }
    tw_node *x = tw_reshape(VECTOR(0, 0, 3, 4), TW_SHAPE(2, 2));
    ELEMENTS(GRAD(tw_norm(x, .axes = TW_AXES(1)), x), 0, 0, 0.6, 0.8);
    tw_node *c = VECTOR(5, 5, 5);
    item_is(tw_std(c), 0);
    ELEMENTS(tw_grad(tw_std(c), c), 0, 0, 0);
    ELEMENTS(GRAD2(tw_std(c), c), 0, 0, 0);
    tw_node *t = VECTOR(3, -3, 1);
    ELEMENTS(tw_grad(tw_norm(t, .p = INF), t), 0.5, -0.5, 0);
    ck_assert(isnan(tw_item(tw_norm(VECTOR(1, NaN)))));
}
END_TEST

START_TEST(the_smallest_is_nan_where_there_is_one)
{
    ck_assert_int_eq(tw_i64(tw_argmin(VECTOR(1, NaN, 0)))[0], 1);
    ck_assert_int_eq(tw_i64(tw_argmin(VECTOR(1, -INF, -INF)))[0], 1);
    const int64_t i[] = { 3, INT64_MIN, INT64_MAX };
    ck_assert_int_eq(tw_i64(tw_argmin(tw_data(cx, TW_I64, TW_SHAPE(3), i)))[0], 1);
}
END_TEST

/* 1 - y has no digits left from 37 on: the derivative e^-x / (1 + e^-x)^2 keeps all of its own, at both orders. */
START_TEST(the_end_of_a_sigmoid_keeps_its_digits)
{
    static const double at[] = { -700, -40, -1, 0, 1, 20, 36, 40, 200, 700 };
    tw_node *x = vector(10, at), *g = tw_grad(tw_sum(tw_sigmoid(x)), x);
    const arr first = arr_of(g), second = arr_of(tw_grad(tw_sum(g), x));
    for (int i = 0; i < 10; i++) {
        const double e = exp(-fabs(at[i])), want = e / ((1 + e) * (1 + e)), bend = -copysign(1, at[i]) * want * (1 - e) / (1 + e);
        near(first.v[i] / want, 1, 1e-13);
        if (at[i] < 0 || at[i] > 0) near(second.v[i] / bend, 1, 1e-12);
    }
}
END_TEST

/* Diagonals that no matrix has, however far. */
START_TEST(diagonals_may_be_far_away)
{
    tw_node *x = tw_reshape(tw_arange(cx, 6, .dtype = TW_F64), TW_SHAPE(2, 3));
    static const int64_t far[] = { INT64_MAX, INT64_MIN, INT64_MIN + 1, (int64_t)1 << 60 };
    for (int i = 0; i < 4; i++) {
        const bool above = far[i] > 0;
        item_is(tw_sum(tw_tril(x, .k = far[i])), above ? 15 : 0);
        item_is(tw_sum(tw_triu(x, .k = far[i])), above ? 0 : 15);
        item_is(tw_sum(tw_eye(cx, 3, .k = far[i])), 0);
        ck_assert_int_eq(arr_of(tw_diagonal(x, .k = far[i])).count, 0);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        slopes_are_infinite_where_functions_end, steps_have_no_slope, powers_of_the_base_give_whole_numbers,
        the_remainder_has_the_sign_of_the_divisor, functions_of_two_at_special_points_are_as_in_c, the_origin_has_no_direction,
        logaddexp_of_infinities, nothing_times_the_logarithm_of_nothing, a_multiply_add_is_rounded_once, activations_at_infinities, kinks_of_activations,
        norms_at_zero_have_slope_zero_of_every_order, the_end_of_a_sigmoid_keeps_its_digits, diagonals_may_be_far_away, the_smallest_is_nan_where_there_is_one,
    };
    Suite *s = suite_create("kinks");
    TCase *c = tcase_create("kinks");
    tcase_add_checked_fixture(c, open_f64, close_clean);
    tcase_set_timeout(c, 60);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(c, tests[i]);
    suite_add_tcase(s, c);
    return rig_run(s);
}
