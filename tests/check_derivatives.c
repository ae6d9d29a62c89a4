/* check_derivatives.c - derivatives: what is an error, rules of one's own, and conventions at kinks.
 *
 * The laws (check_laws.c) hold where functions are smooth; here is what the contract says elsewhere.
 */
#include "tests/fixture.h"
#include "optim/optim.h"

/* ---- what may be asked ----------------------------------------------------------------- */

START_TEST(any_number_of_times)
{
    tw_node *x = tw_scalar(cx, 2), *y = tw_mul(x, tw_exp(tw_neg(tw_square(x))));
    tw_node *d1 = tw_grad(y, x), *d2 = tw_grad(d1, x), *d3 = tw_grad(d2, x);
    const double e = exp(-4);
    near(tw_item(y), 2 * e, 1e-15);
    near(tw_item(d1), (1 - 8) * e, 1e-15);
    near(tw_item(d2), (-12 + 32) * e, 1e-14);
    near(tw_item(d3), (-6 + 24 * 4 - 8 * 16) * e, 1e-14);
}
END_TEST

START_TEST(with_respect_to_any_node)
{
    tw_node *x = VECTOR(1, 2), *u = tw_square(x), *v = tw_mul(u, 3), *y = tw_sum(tw_mul(v, u));
    ELEMENTS(tw_grad(y, v), 1, 4);
    ELEMENTS(tw_grad(y, u), 6, 24);
    ELEMENTS(tw_grad(y, x), 12, 96);
    ELEMENTS(tw_grad(y, y), 1);
}
END_TEST

START_TEST(reverse_mode_with_seeds_and_several_outputs)
{
    tw_node *x = VECTOR(1, 2), *w = VECTOR(3, 4), *ys[] = { tw_mul(x, w), tw_square(x) }, *xs[] = { x, w }, *g[2];
    tw_node *seeds[] = { VECTOR(1, 10), VECTOR(100, 1000) };
    tw_vjp(2, ys, seeds, 2, xs, g);
    ELEMENTS(g[0], 3 + 200, 40 + 4000);
    ELEMENTS(g[1], 1, 20);
}
END_TEST

START_TEST(forward_mode_of_several_inputs)
{
    tw_node *x = VECTOR(1, 2), *w = VECTOR(3, 4), *xs[] = { x, w }, *ts[] = { VECTOR(1, 0), VECTOR(0, 1) };
    ELEMENTS(tw_jvp(tw_mul(x, w), 2, xs, ts), 3, 2);
    ELEMENTS(tw_jvp(tw_sum(tw_mul(x, tw_square(w))), 2, xs, ts), 9 + 16);
}
END_TEST

START_TEST(a_gradient_of_what_is_not_reached_is_zero_and_says_so)
{
    tw_node *x = VECTOR(1, 2), *other = VECTOR(5, 6, 7), *g = tw_grad(tw_sum(x), other);
    ck_assert(tw_is_zero(g));
    ELEMENTS(g, 0, 0, 0);
    ck_assert(!tw_is_zero(tw_grad(tw_sum(x), x)));
    ck_assert(tw_is_zero(tw_grad(tw_sum(tw_stop_grad(x)), x)));
    ck_assert(tw_is_zero(tw_grad(tw_sum(tw_sign(x)), x)));
    ck_assert(tw_is_zero(tw_grad(tw_sum(tw_round(x)), x)));
    ck_assert(tw_is_zero(tw_grad(tw_sum(tw_cast(tw_greater(x, 1), TW_F64)), x)));
}
END_TEST

START_TEST(a_cell_means_what_y_read)
{
    tw_node *w = tw_param(cx, "w", tw_scalar(cx, 3)), *y;
    {
        TW_SCOPE(cx);
        y = tw_mul(w, tw_mul(w, w));
        item_is(tw_grad(y, w), 27);
    }
    tw_node *first = tw_square(w);
    tw_assign(w, tw_scalar(cx, 5));
    item_is(tw_grad(first, w), 6);
    tw_node *both = tw_mul(first, w);
    tw_grad(both, w); const int line = __LINE__;
    fails_with(cx, TW_EGRAD, "grad", line, "w");
}
END_TEST

START_TEST(reads_in_two_scopes_are_summed)
{
    tw_node *w = tw_param(cx, "w", tw_scalar(cx, 3)), *outer = tw_square(w);
    TW_SCOPE(cx);
    item_is(tw_grad(tw_mul(outer, w), w), 27);
}
END_TEST

START_TEST(newer_than_y_is_an_error)
{
    tw_node *x = tw_scalar(cx, 2), *y = tw_square(x), *late = tw_mul(x, 3);
    tw_grad(y, late); const int line = __LINE__;
    fails(cx, TW_EGRAD, "grad", line);
}
END_TEST

START_TEST(only_scalars_have_gradients)
{
    tw_node *x = VECTOR(1, 2, 3);
    tw_grad(tw_square(x), x); const int line = __LINE__;
    fails_with(cx, TW_EGRAD, "grad", line, "[3]");
}
END_TEST

START_TEST(integers_have_none)
{
    tw_node *i = tw_arange(cx, 3), *x = VECTOR(1, 2, 3);
    tw_grad(tw_sum(x), i); int line = __LINE__;
    fails_with(cx, TW_EGRAD, "grad", line, "i64");
    tw_grad(tw_sum(i), x); line = __LINE__;
    fails_with(cx, TW_EGRAD, "grad", line, "i64");
    tw_node *y = tw_sum(tw_mul(x, tw_cast(tw_argmax(x), TW_F64)));
    ELEMENTS(tw_grad(y, x), 2, 2, 2);
}
END_TEST

START_TEST(seeds_and_tangents_have_their_partners_shape_and_dtype)
{
    tw_node *x = VECTOR(1, 2), *y = tw_square(x), *g, *three = VECTOR(1, 2, 3), *f = tw_ones(cx, TW_SHAPE(2), .dtype = TW_F32);
    tw_vjp(1, &y, &three, 1, &x, &g); int line = __LINE__;
    fails(cx, TW_ESHAPE, "vjp", line);
    tw_vjp(1, &y, &f, 1, &x, &g); line = __LINE__;
    fails(cx, TW_EDTYPE, "vjp", line);
    tw_jvp(y, 1, &x, &three); line = __LINE__;
    fails(cx, TW_ESHAPE, "jvp", line);
    tw_jvp(y, 1, &x, &f); line = __LINE__;
    fails(cx, TW_EDTYPE, "jvp", line);
    tw_grad(y, NULL); line = __LINE__;
    fails(cx, TW_EARG, "grad", line);
}
END_TEST

START_TEST(a_step_on_a_loss_that_reaches_nothing_is_an_error)
{
    tw_net *net = tw_net_new(cx);
    tw_node *w = tw_nn_param(net, "w", TW_SHAPE(2), tw_ones_init);
    tw_opt *opt = tw_sgd(net, .lr = 0.1);
    tw_node *loss = tw_sum(VECTOR(1, 2));
    ck_assert(!tw_opt_step(opt, loss)); int line = __LINE__;
    fails(cx, TW_EGRAD, "opt_step", line);
    ck_assert(!tw_opt_step(opt, tw_sum(tw_stop_grad(w)))); line = __LINE__;
    fails(cx, TW_EGRAD, "opt_step", line);
    ck_assert(tw_opt_step(opt, tw_sum(w)));
    ELEMENTS(w, 0.9, 0.9);
}
END_TEST

/* ---- rules of one's own ---------------------------------------------------------------- */

static void through(tw_rule *r) { r->gx[0] = r->gy[0]; }
static void reversed(tw_rule *r) { r->gx[0] = tw_mul(-*(double *)r->user, r->gy[0]); }
static void of_both(tw_rule *r)
{
    ck_assert_int_eq(r->n, 2);
    if (r->need[0]) r->gx[0] = tw_mul(r->gy[0], tw_in(r->y, 1));
    if (r->need[1]) r->gx[1] = tw_mul(r->gy[0], tw_mul(10, tw_in(r->y, 0)));
}
static void nothing(tw_rule *r) { (void)r; }
static void misshapen(tw_rule *r) { r->gx[0] = tw_sum(r->gy[0]); }

START_TEST(a_straight_through_estimator)
{
    tw_node *x = VECTOR(0.2, 1.7), *q = tw_custom_grad(tw_round(x), 1, &x, through, NULL);
    ELEMENTS(q, 0, 2);
    ELEMENTS(tw_grad(tw_sum(tw_square(q)), x), 0, 4);
    tw_node *t = VECTOR(1, 10);
    ELEMENTS(tw_jvp(q, 1, &x, &t), 1, 10);
}
END_TEST

START_TEST(a_rule_with_a_pointer_and_two_inputs)
{
    double strength = 3;
    tw_node *x = VECTOR(1, 2), *w = VECTOR(4, 5), *xs[] = { x, w };
    tw_node *r = tw_custom_grad(tw_mul(x, 1), 1, &x, reversed, &strength);
    ELEMENTS(tw_grad(tw_sum(tw_square(r)), x), -6, -12);
    tw_node *y = tw_custom_grad(tw_mul(x, w), 2, xs, of_both, NULL);
    ELEMENTS(y, 4, 10);
    ELEMENTS(tw_grad(tw_sum(y), x), 4, 5);
    ELEMENTS(tw_grad(tw_sum(y), w), 10, 20);
    ELEMENTS(tw_grad(tw_sum(tw_grad(tw_sum(y), w)), x), 10, 10);       /* the rule's nodes are differentiated like any */
    tw_node *none = tw_custom_grad(tw_mul(x, w), 2, xs, nothing, NULL);
    ck_assert(tw_is_zero(tw_grad(tw_sum(none), x)));
}
END_TEST

START_TEST(what_a_composite_reads_beyond_its_inputs_is_an_error)
{
    tw_node *w = tw_param(cx, "hidden_weight", VECTOR(4, 5)), *x = VECTOR(1, 2), *inner = tw_exp(x);
    tw_node *y = tw_sum(tw_custom_grad(tw_mul(inner, w), 1, &x, through, NULL));
    ELEMENTS(tw_grad(y, x), 1, 1);
    tw_grad(y, w); int line = __LINE__;
    fails_with(cx, TW_EGRAD, "grad", line, "hidden_weight");
    tw_grad(y, inner); line = __LINE__;
    fails(cx, TW_EGRAD, "grad", line);
    /* cured by stop_grad */
    tw_node *z = tw_sum(tw_custom_grad(tw_mul(inner, tw_stop_grad(w)), 1, &x, through, NULL));
    ck_assert(tw_is_zero(tw_grad(z, w)));
}
END_TEST

START_TEST(a_rule_whose_result_has_the_wrong_shape_is_an_error)
{
    tw_node *x = VECTOR(1, 2), *y = tw_custom_grad(tw_square(x), 1, &x, misshapen, NULL); const int line = __LINE__;
    tw_grad(tw_sum(y), x);
    tw_error e;
    ck_assert(tw_error_take(cx, &e));
    ck_assert_msg(e.code == TW_EGRAD || e.code == TW_ESHAPE, "%s", tw_code_name(e.code));
    ck_assert_msg(e.at->line == line || e.at->line == line + 1, "line %d", e.at->line);
}
END_TEST

START_TEST(errors_in_derivatives_are_at_the_users_line)
{
    tw_node *i = tw_data(cx, TW_I64, TW_SHAPE(1, 1), &(int64_t){ 7 }), *x = tw_ones(cx, TW_SHAPE(3, 2));
    tw_node *y = tw_gather(x, i); const int line = __LINE__;
    tw_item(tw_sum(tw_grad(tw_sum(y), x)));
    fails(cx, TW_EVALUE, "scatter_add", line);
}
END_TEST

/* ---- kinks and singular points --------------------------------------------------------- */

#define GRAD(f, x) tw_grad(tw_sum(f), x)

START_TEST(kinks_of_functions_of_one)
{
    tw_node *x = VECTOR(-1, 0, 2);
    ELEMENTS(GRAD(tw_abs(x), x), -1, 0, 1);
    ELEMENTS(GRAD(tw_relu(x), x), 0, 0, 1);
    ELEMENTS(GRAD(tw_sign(x), x), 0, 0, 0);
    ELEMENTS(GRAD(tw_floor(x), x), 0, 0, 0);
    ELEMENTS(tw_grad(tw_sum(GRAD(tw_relu(x), x)), x), 0, 0, 0);
    ELEMENTS(tw_grad(tw_sum(GRAD(tw_abs(x), x)), x), 0, 0, 0);
    tw_node *p = VECTOR(0, 4);
    ELEMENTS(GRAD(tw_sqrt(p), p), INF, 0.25);
    ELEMENTS(GRAD(tw_log(p), p), INF, 0.25);
}
END_TEST

START_TEST(a_bound_of_clip_lets_the_gradient_through)
{
    tw_node *x = VECTOR(-2, -1, 0, 1, 2), *low = tw_scalar(cx, -1), *high = tw_scalar(cx, 1), *y = tw_clip(x, low, high);
    ELEMENTS(y, -1, -1, 0, 1, 1);
    ELEMENTS(GRAD(y, x), 0, 1, 1, 1, 0);
    ck_assert(tw_is_zero(GRAD(y, low)) && tw_is_zero(GRAD(y, high)));
    ELEMENTS(GRAD(tw_clip(x, -1, 1), x), 0, 1, 1, 1, 0);
}
END_TEST

START_TEST(ties_share_evenly)
{
    tw_node *a = VECTOR(1, 2, 3), *b = VECTOR(1, 3, 2);
    ELEMENTS(GRAD(tw_maximum(a, b), a), 0.5, 0, 1);
    ELEMENTS(GRAD(tw_maximum(a, b), b), 0.5, 1, 0);
    ELEMENTS(GRAD(tw_minimum(a, b), a), 0.5, 1, 0);
    tw_node *x = VECTOR(3, 1, 3, 3, 1);
    const double third = 1.0 / 3;
    ELEMENTS(GRAD(tw_max(x), x), third, 0, third, third, 0);
    ELEMENTS(GRAD(tw_min(x), x), 0, 0.5, 0, 0, 0.5);
    tw_node *t = VECTOR(3, 0, 6, 9, 0);
    ELEMENTS(tw_jvp(tw_max(x), 1, &x, &t), 6);
    tw_node *image = tw_reshape(VECTOR(2, 2, 1, 2), TW_SHAPE(1, 2, 2, 1));
    ELEMENTS(GRAD(tw_max_pool2d(image, .window = { 2 }), image), third, third, 0, third);
}
END_TEST

START_TEST(powers_at_zero)
{
    tw_node *x = VECTOR(0, 0, 0, 2), *e = VECTOR(0, 1, 2, 0);
    ELEMENTS(tw_pow(x, e), 1, 0, 0, 1);
    ELEMENTS(GRAD(tw_pow(x, e), x), 0, 1, 0, 0);
    ELEMENTS(GRAD(tw_pow(x, e), e), 0, 0, 0, log(2));
    tw_node *z = VECTOR(0, -2);
    ELEMENTS(GRAD(tw_pow(z, 2), z), 0, -4);
    ELEMENTS(GRAD(tw_pow(z, 3), z), 0, 12);
    ELEMENTS(GRAD(tw_pow(z, 1), z), 1, 1);
    ELEMENTS(GRAD(tw_pow(z, 0), z), 0, 0);
    ELEMENTS(GRAD(GRAD(tw_pow(z, 2), z), z), 2, 2);
}
END_TEST

START_TEST(where_selects_and_never_multiplies)
{
    tw_node *x = VECTOR(0, 4), *zero = tw_equal(x, 0);
    tw_node *safe = tw_where(zero, 1, x), *y = tw_where(zero, 0, tw_log(safe));
    ELEMENTS(GRAD(y, x), 0, 0.25);
    tw_node *a = VECTOR(1, 2), *b = VECTOR(3, 4), *c = tw_data(cx, TW_BOOL, TW_SHAPE(2), ((bool[]){ true, false }));
    tw_node *seed = VECTOR(INF, NaN), *w = tw_where(c, a, b), *g;
    tw_vjp(1, &w, &seed, 1, &a, &g);
    ELEMENTS(g, INF, 0);
    tw_vjp(1, &w, &seed, 1, &b, &g);
    ELEMENTS(g, 0, NaN);
}
END_TEST

START_TEST(products_with_zeros_are_exact)
{
    tw_node *x = VECTOR(2, 0, 5), *two = VECTOR(0, 3, 0);
    ELEMENTS(GRAD(tw_prod(x), x), 0, 10, 0);
    ELEMENTS(GRAD(tw_prod(two), two), 0, 0, 0);
    tw_node *d = GRAD(tw_prod(two), two);
    ELEMENTS(tw_grad(tw_index(d, .at = 0), two), 0, 0, 3);      /* d2 (abc) / da dc = b */
}
END_TEST

START_TEST(nothing_but_minus_infinity)
{
    tw_node *x = VECTOR(-INF, -INF), *y = tw_logsumexp(x);
    item_is(y, -INF);
    tw_node *big = VECTOR(1000, 1000);
    near(tw_item(tw_logsumexp(big)), 1000 + log(2), 1e-15);
    ELEMENTS(tw_softmax(big), 0.5, 0.5);
    ELEMENTS(GRAD(tw_logsumexp(big), big), 0.5, 0.5);
    near(tw_f64(tw_log_softmax(VECTOR(0, 1000)))[0], -1000, 1e-15);
}
END_TEST

START_TEST(nan_goes_through)
{
    tw_node *x = VECTOR(1, NaN, 3);
    ck_assert(isnan(tw_item(tw_max(x))) && isnan(tw_item(tw_min(x))) && isnan(tw_item(tw_sum(x))));
    ELEMENTS(tw_maximum(x, 2), 2, NaN, 3);
    ELEMENTS(tw_relu(x), 1, NaN, 3);
    ck_assert_int_eq(tw_i64(tw_argmax(x))[0], 1);
}
END_TEST

START_TEST(second_derivatives_at_kinks_are_zero)
{
    tw_node *x = VECTOR(3, 1, 3), *a = VECTOR(1, 2), *b = VECTOR(1, 3);
    ELEMENTS(tw_grad(tw_sum(GRAD(tw_max(x), x)), x), 0, 0, 0);
    ELEMENTS(tw_grad(tw_sum(GRAD(tw_maximum(a, b), a)), a), 0, 0);
    ELEMENTS(tw_grad(tw_sum(GRAD(tw_clip(a, 1, 2), a)), a), 0, 0);
}
END_TEST

START_TEST(a_gradient_has_its_inputs_dtype)
{
    tw_node *x = tw_fill(cx, TW_SHAPE(2), .value = 3, .dtype = TW_F32), *y = tw_sum(tw_square(tw_cast(x, TW_F64))), *g = tw_grad(y, x);
    ck_assert_int_eq(tw_dtype_of(y), TW_F64);
    ck_assert_int_eq(tw_dtype_of(g), TW_F32);
    ck_assert_double_eq((double)tw_f32(g)[0], 6);
}
END_TEST

START_TEST(logsumexp_of_nothing_but_minus_infinity_has_no_slope)
{
    tw_node *x = VECTOR(-INF, -INF);
    ELEMENTS(GRAD(tw_logsumexp(x), x), 0, 0);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        any_number_of_times, with_respect_to_any_node, reverse_mode_with_seeds_and_several_outputs, forward_mode_of_several_inputs,
        a_gradient_of_what_is_not_reached_is_zero_and_says_so, a_cell_means_what_y_read, reads_in_two_scopes_are_summed,
        newer_than_y_is_an_error, only_scalars_have_gradients, integers_have_none, seeds_and_tangents_have_their_partners_shape_and_dtype,
        a_step_on_a_loss_that_reaches_nothing_is_an_error, a_straight_through_estimator, a_rule_with_a_pointer_and_two_inputs,
        what_a_composite_reads_beyond_its_inputs_is_an_error, a_rule_whose_result_has_the_wrong_shape_is_an_error,
        errors_in_derivatives_are_at_the_users_line, kinks_of_functions_of_one, a_bound_of_clip_lets_the_gradient_through,
        ties_share_evenly, powers_at_zero, where_selects_and_never_multiplies, products_with_zeros_are_exact,
        nothing_but_minus_infinity, nan_goes_through,
        second_derivatives_at_kinks_are_zero, a_gradient_has_its_inputs_dtype,
        logsumexp_of_nothing_but_minus_infinity_has_no_slope,
    };
    return run_programs("derivatives", sizeof tests / sizeof *tests, tests);
}
