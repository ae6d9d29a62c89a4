/* check_meaning.c - what a program means: cells, values, numbers, scopes.
 *
 * Every program gives the numbers that it would give if each call ran when it was made, or an error.
 * Each rule of that sentence is a small program here, with the numbers or the error that it must give.
 */
#include "tests/fixture.h"
#include "optim/optim.h"

/* ---- assignments ----------------------------------------------------------------------- */

START_TEST(assign_twice_read_old_and_new)
{
    for (int order = 0; order < 3; order++) {
        tw_node *w = tw_param(cx, "w", tw_scalar(cx, 2));
        tw_node *a = tw_mul(w, 10);
        tw_assign(w, tw_add(w, 1));
        tw_node *b = tw_mul(w, 10);
        tw_assign(w, tw_add(w, 2));
        tw_node *c = tw_mul(w, 10);
        if (order == 1) ck_assert(tw_eval(cx));
        if (order == 2) item_is(c, 50);
        item_is(b, 30);
        item_is(a, 20);
        item_is(c, 50);
        item_is(w, 5);
    }
}
END_TEST

START_TEST(assigns_run_once_in_program_order)
{
    tw_node *n = tw_state(cx, tw_scalar(cx, 0)), *log = tw_state(cx, tw_scalar(cx, 0));
    tw_assign(n, tw_add(n, 1));
    tw_assign(log, tw_add(tw_mul(log, 10), n));
    tw_assign(n, tw_add(n, 1));
    tw_assign(log, tw_add(tw_mul(log, 10), n));
    item_is(log, 12);
    item_is(log, 12);
    ck_assert(tw_eval(cx));
    ck_assert(tw_eval(cx));
    item_is(n, 2);
    item_is(log, 12);
}
END_TEST

START_TEST(a_read_runs_earlier_assigns_too)
{
    tw_node *a = tw_state(cx, tw_scalar(cx, 1)), *b = tw_state(cx, tw_scalar(cx, 1));
    tw_assign(a, tw_mul(b, 5));
    tw_assign(b, tw_scalar(cx, 7));
    item_is(b, 7);
    item_is(a, 5);
}
END_TEST

START_TEST(an_old_reader_in_an_outer_scope_keeps_its_version)
{
    tw_node *w = tw_param(cx, "w", VECTOR(1, 2, 3)), *old = tw_sum(tw_mul(w, w));
    for (int i = 0; i < 3; i++) {
        TW_SCOPE(cx);
        tw_assign(w, tw_mul(w, 2));
    }
    item_is(old, 14);
    item_is(tw_sum(w), 48);
}
END_TEST

START_TEST(a_view_of_a_parameter_is_of_its_version)
{
    tw_node *w = tw_param(cx, "w", tw_reshape(VECTOR(1, 2, 3, 4), TW_SHAPE(2, 2)));
    tw_node *before = tw_transpose(w), *row = tw_index(w, .at = 1), *late = tw_transpose(w);
    ck_assert_double_eq(tw_f64(before)[1], 3);
    tw_assign(w, tw_mul(w, 10));
    tw_node *after = tw_transpose(w);
    ck_assert(tw_eval(cx));
    ck_assert_double_eq(tw_f64(before)[1], 3);
    ck_assert_double_eq(tw_f64(late)[1], 3);
    ck_assert_double_eq(tw_f64(row)[0], 3);
    ck_assert_double_eq(tw_f64(after)[1], 30);
}
END_TEST

START_TEST(a_kept_view_of_a_parameter_is_a_copy)
{
    tw_node *w = tw_param(cx, "w", VECTOR(1, 2, 3, 4)), *kept, *same;
    {
        TW_SCOPE(cx);
        kept = tw_keep(tw_reshape(w, TW_SHAPE(2, 2)));
        same = tw_keep(tw_slice(w, .size = { 4 }));
    }
    tw_assign(w, tw_zeros(cx, TW_SHAPE(4)));
    ck_assert(tw_eval(cx));
    ck_assert_double_eq(tw_f64(kept)[3], 4);
    ck_assert_double_eq(tw_f64(same)[3], 4);
    ck_assert_double_eq(tw_f64(w)[3], 0);
}
END_TEST

START_TEST(a_parameter_assigned_to_another_is_a_copy)
{
    tw_node *a = tw_param(cx, "a", VECTOR(1, 2)), *b = tw_param(cx, "b", VECTOR(3, 4));
    tw_assign(a, b);
    tw_assign(b, tw_mul(b, 10));
    ck_assert_double_eq(tw_f64(a)[0], 3);
    ck_assert_double_eq(tw_f64(b)[0], 30);
    tw_assign(a, b);
    ck_assert(tw_eval(cx));
    tw_assign(b, tw_mul(b, 0));
    ck_assert(tw_eval(cx));
    ck_assert_double_eq(tw_f64(a)[1], 40);
}
END_TEST

START_TEST(a_state_made_of_a_parameter_is_a_copy)
{
    tw_node *a = tw_param(cx, "a", VECTOR(1, 2)), *b = tw_state(cx, a);
    tw_assign(a, tw_mul(a, 10));
    ck_assert(tw_eval(cx));
    ck_assert_double_eq(tw_f64(b)[1], 2);
    ck_assert(tw_is_cell(a) && tw_is_cell(b) && !tw_is_cell(tw_neg(a)));
    ck_assert_str_eq(tw_cell_name(a), "a");
    ck_assert_ptr_null(tw_cell_name(b));
}
END_TEST

START_TEST(swap_needs_a_temporary)
{
    tw_node *a = tw_state(cx, tw_scalar(cx, 1)), *b = tw_state(cx, tw_scalar(cx, 2));
    tw_node *t = tw_mul(a, 1);
    tw_assign(a, b);
    tw_assign(b, t);
    ck_assert(tw_eval(cx));
    item_is(a, 2);
    item_is(b, 1);
    tw_assign(a, b);        /* and without: as in C, both are the same */
    tw_assign(b, a);
    ck_assert(tw_eval(cx));
    item_is(a, 1);
    item_is(b, 1);
}
END_TEST

START_TEST(a_recurrent_state_crosses_steps)
{
    tw_node *h = tw_state(cx, tw_scalar(cx, 0));
    double want = 0;
    for (int t = 1; t < 8; t++) {
        TW_SCOPE(cx);
        tw_assign(h, tw_add(tw_mul(0.5, h), t));
        want = 0.5 * want + t;
        if (t % 3 == 0) item_is(h, want);
    }
    item_is(h, want);
}
END_TEST

START_TEST(no_derivative_flows_through_an_assignment)
{
    tw_node *w = tw_param(cx, "w", tw_scalar(cx, 3)), *x = tw_scalar(cx, 2);
    tw_assign(w, tw_mul(w, x));
    tw_node *y = tw_mul(w, x);
    item_is(tw_grad(y, w), 2);
    item_is(tw_grad(y, x), 6);
}
END_TEST

/* ---- a game ---------------------------------------------------------------------------- */

START_TEST(a_game_of_two_with_both_losses_built_first)
{
    tw_node *g = tw_param(cx, "g", tw_scalar(cx, 1)), *d = tw_param(cx, "d", tw_scalar(cx, 2));
    double gv = 1, dv = 2;
    for (int step = 0; step < 4; step++) {
        TW_SCOPE(cx);
        tw_node *lg = tw_mul(g, d), *ld = tw_neg(tw_mul(g, d));
        tw_assign(d, tw_sub(d, tw_mul(0.1, tw_grad(ld, d))));
        tw_assign(g, tw_sub(g, tw_mul(0.1, tw_grad(lg, g))));
        ck_assert(tw_eval(cx));
        const double g0 = gv, d0 = dv;
        dv = d0 + 0.1 * g0, gv = g0 - 0.1 * d0;
        near(tw_item(g), gv, 1e-15);
        near(tw_item(d), dv, 1e-15);
    }
}
END_TEST

static tw_init one(void) { return tw_constant_init(1); }

START_TEST(a_game_of_two_optimisers)
{
    tw_net *net = tw_net_new(cx);
    tw_node *g = tw_nn_param(net, "generator/w", TW_SCALAR_SHAPE, one()), *d = tw_nn_param(net, "critic/w", TW_SCALAR_SHAPE, tw_constant_init(2));
    tw_opt *og = tw_sgd(net, .only = "generator/*", .lr = 0.1), *od = tw_sgd(net, .only = "critic/*", .lr = 0.1);
    double gv = 1, dv = 2;
    for (int step = 0; step < 4; step++) {
        TW_SCOPE(cx);
        tw_node *lg = tw_mul(g, d), *ld = tw_neg(tw_mul(g, d));
        ck_assert(tw_opt_step(od, ld));
        ck_assert(tw_opt_step(og, lg));
        ok(cx);
        const double g0 = gv, d0 = dv;
        dv = d0 + 0.1 * g0, gv = g0 - 0.1 * d0;
        near(tw_item(g), gv, 1e-14);
        near(tw_item(d), dv, 1e-14);
        near(tw_item(lg), g0 * d0, 1e-14);
    }
}
END_TEST

/* ---- values ---------------------------------------------------------------------------- */

/* A step of logistic regression; acc depends on the parameters before the step. */
static void step_and_accuracy(bool want)
{
    tw_node *w = tw_param(cx, "w", VECTOR(1, -1));
    for (int step = 0; step < 4; step++) {
        TW_SCOPE(cx);
        tw_node *x = tw_reshape(VECTOR(1, 2, 3, 1, -2, 1, 0.5, 0.25), TW_SHAPE(4, 2));
        tw_node *logits = tw_sum(tw_mul(x, w), .axes = TW_AXES(1)), *loss = tw_sum(tw_square(logits));
        tw_node *acc = tw_sum(tw_greater(logits, 0));
        if (want) acc = tw_want(acc);
        double v[2];
        ck_assert(tw_copy(tw_mul(w, 1), v, sizeof v));
        int right = 0;
        const double xs[8] = { 1, 2, 3, 1, -2, 1, 0.5, 0.25 };
        for (int i = 0; i < 4; i++) right += xs[2 * i] * v[0] + xs[2 * i + 1] * v[1] > 0;
        tw_assign(w, tw_sub(w, tw_mul(0.1, tw_grad(loss, w))));
        ck_assert(tw_eval(cx));
        item_is(acc, right);
        ok(cx);
    }
}
START_TEST(accuracy_after_the_step_without_want) { step_and_accuracy(false); } END_TEST
START_TEST(accuracy_after_the_step_with_want) { step_and_accuracy(true); } END_TEST

/* The same step many times, and before some of them a node outside that still needs the old version. */
START_TEST(readers_in_outer_scopes_keep_their_version)
{
    tw_node *w = tw_param(cx, "w", VECTOR(1, 2));
    for (int k = 0; k < 6; k++) {
        tw_node *before = k % 2 ? tw_mul(w, 10) : NULL;
        for (int step = 0; step < 3; step++) {
            TW_SCOPE(cx);
            tw_assign(w, tw_add(w, 1));
            ck_assert(tw_eval(cx));
        }
        if (before) ck_assert_double_eq(tw_f64(before)[0], 10 * (1 + 3 * k));
    }
    ck_assert_double_eq(tw_f64(w)[0], 1 + 3 * 6);
    ok(cx);
}
END_TEST

START_TEST(a_spent_value_is_an_error_that_names_the_cure)
{
    tw_node *w = tw_param(cx, "weight", VECTOR(1, 2)), *y = tw_mul(w, 3), *loss = tw_sum(tw_square(y));
    tw_assign(w, tw_sub(w, tw_grad(loss, w)));
    tw_want(loss);                      /* or y would have a reader that has not run, and keep its value */
    ck_assert(tw_eval(cx));
    tw_error e;
    ck_assert(isnan(tw_item(tw_sum(y))));
    ck_assert(tw_error_take(cx, &e));
    ck_assert_int_eq(e.code, TW_ESPENT);
    ck_assert_msg(strstr(e.text, "weight") && strstr(e.text, "tw_want"), "%s", e.text);
    ck_assert_double_eq(tw_f64(w)[0], 1 - 18);
}
END_TEST

START_TEST(a_wanted_value_is_never_spent)
{
    tw_node *w = tw_param(cx, "w", VECTOR(1, 2)), *y = tw_want(tw_mul(w, 3)), *loss = tw_sum(tw_square(y));
    tw_assign(w, tw_sub(w, tw_grad(loss, w)));
    ck_assert(tw_eval(cx));
    item_is(tw_sum(y), 9);
}
END_TEST

START_TEST(read_pointers_stay_while_their_node_lives)
{
    tw_node *x = VECTOR(1, 2, 3), *y = tw_mul(x, 2);
    const double *p = tw_f64(y);
    for (int i = 0; i < 20; i++) item_is(tw_sum(tw_mul(y, i)), 12.0 * i);
    ck_assert_double_eq(p[2], 6);
    ck_assert_ptr_eq(tw_f64(y), p);
}
END_TEST

START_TEST(a_loss_read_before_its_gradient_is_right_and_gives_advice)
{
    tw_node *w = tw_param(cx, "w", VECTOR(1, 2));
    tw_node *loss = tw_sum(tw_exp(tw_mul(w, w)));
    near(tw_item(loss), exp(1) + exp(4), 1e-14);
    tw_node *g = tw_grad(loss, w);
    near(tw_f64(g)[1], 4 * exp(4), 1e-14);
    ck_assert_msg(tw_diagnostic(cx) != NULL, "no advice that forward nodes ran twice");
}
END_TEST

START_TEST(data_is_copied_and_wrapped_memory_is_read)
{
    double v[3] = { 1, 2, 3 };
    tw_node *copy = tw_data(cx, TW_F64, TW_SHAPE(3), v), *wrap = tw_wrap(cx, TW_F64, TW_SHAPE(3), v);
    item_is(tw_sum(tw_mul(wrap, 2)), 12);
    tw_node *doubled = tw_mul(wrap, wrap);
    item_is(tw_sum(doubled), 14);
    v[0] = 100;
    item_is(tw_sum(copy), 6);
    ck_assert_double_eq(v[1], 2);
}
END_TEST

/* ---- plans do not look into numbers ---------------------------------------------------- */

START_TEST(two_equal_numbers_that_later_differ)
{
    tw_node *x = VECTOR(1, 2, 3);
    for (int k = 0; k < 6; k++) {
        TW_SCOPE(cx);
        const double p = 2, q = k < 3 ? 2 : k;
        tw_node *d = tw_sub(tw_mul(q, x), tw_mul(p, x));
        item_is(tw_sum(d), 6 * (q - p));
        if (k == 1) ck_assert_int_ge(tw_counts(cx).misses, 1);
    }
    const int64_t misses = tw_counts(cx).misses;
    for (int k = 0; k < 5; k++) {
        TW_SCOPE(cx);
        item_is(tw_sum(tw_sub(tw_mul(k, x), tw_mul(2 * k, x))), -6 * k);
    }
    ck_assert_int_le(tw_counts(cx).misses, misses);
}
END_TEST

START_TEST(numbers_that_become_special)
{
    static const double specials[] = { 2, 0, 1, -1, 0.5, -0.0, 3 };
    tw_node *x = VECTOR(1, -2, 3);
    for (int k = 0; k < 7; k++) {
        TW_SCOPE(cx);
        const double s = specials[k];
        tw_node *y = tw_add(tw_mul(s, x), tw_sub(tw_div(x, 2), s));
        for (int i = 0; i < 3; i++) {
            const double v = i == 1 ? -2 : i + 1;
            ck_assert_double_eq(tw_f64(y)[i], s * v + (v / 2 - s));
        }
    }
    tw_node *z = tw_add(tw_scalar(cx, -0.0), 0);        /* -0 + 0 is 0; -0 + -0 is -0 */
    ck_assert(!signbit(tw_item(z)));
    ck_assert(signbit(tw_item(tw_add(tw_scalar(cx, -0.0), -0.0))));
    ck_assert(isnan(tw_item(tw_mul(tw_scalar(cx, INF), 0))));
}
END_TEST

START_TEST(a_slice_whose_start_moves_uses_one_plan)
{
    tw_node *x = VECTOR(1, 2, 3, 4, 5, 6, 7, 8);
    int64_t misses = 0;
    for (int k = 0; k < 6; k++) {
        TW_SCOPE(cx);
        tw_node *part = tw_slice(x, .start = { k }, .size = { 2 });
        tw_node *y = tw_add(tw_sum(tw_mul(part, part)), tw_index(x, .at = 7 - k));
        item_is(y, (k + 1.0) * (k + 1) + (k + 2.0) * (k + 2) + 8 - k);
        if (k == 2) misses = tw_counts(cx).misses;
    }
    ck_assert_int_eq(tw_counts(cx).misses, misses);
}
END_TEST

START_TEST(a_step_uses_one_plan)
{
    tw_node *w = tw_param(cx, "w", VECTOR(1, 2, 3));
    int64_t misses = 0;
    for (int k = 0; k < 8; k++) {
        TW_SCOPE(cx);
        double v[3] = { k, 1, k - 3 };
        tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(3), v), *loss = tw_sum(tw_square(tw_sub(tw_mul(w, x), k)));
        tw_assign(w, tw_sub(w, tw_mul(0.01 / (k + 1), tw_grad(loss, w))));
        ck_assert(tw_eval(cx));
        if (k == 2) misses = tw_counts(cx).misses;
    }
    ck_assert_int_eq(tw_counts(cx).misses, misses);
}
END_TEST

/* ---- scopes ---------------------------------------------------------------------------- */

static double leave_by(int how, tw_node *w, tw_node **stale)
{
    for (int i = 0; i < 5; i++) {
        TW_SCOPE(cx);
        *stale = tw_mul(w, 2);
        tw_assign(w, tw_add(w, 1));
        if (how == 0 && i == 2) break;
        if (how == 1 && i == 2) return tw_item(w);
        if (how == 2 && i < 4) continue;
        tw_assign(w, tw_add(w, 10));
    }
    return tw_item(w);
}

START_TEST(break_return_and_continue_leave_scopes)
{
    static const double want[3] = { 2 * 11 + 1, 2 * 11 + 1, 5 + 10 };
    for (int how = 0; how < 3; how++) {
        tw_node *w = tw_param(cx, "w", tw_scalar(cx, 0)), *stale;
        ck_assert_double_eq(leave_by(how, w, &stale), want[how]);
        item_is(w, want[how]);
        tw_node *y = tw_neg(stale); const int line = __LINE__;
        ck_assert(tw_is_nil(y));
        fails(cx, TW_ESCOPE, "neg", line);
    }
}
END_TEST

static int close_within(tw_ctx *other, double *got)
{
    TW_SCOPE(other);
    tw_node *w = tw_param(other, "w", tw_scalar(other, 1));
    for (;;) {
        TW_SCOPE(other);
        *got = tw_item(tw_add(w, 1));
        tw_assign(w, tw_scalar(other, 7));
        if (*got > 0) return tw_close(other);       /* as main functions end */
    }
}

START_TEST(closing_within_a_scope_is_closing)
{
    heap h = { .left = -1 };
    tw_ctx *other = tw_open(.resize = heap_resize, .resize_user = &h);
    double got = 0;
    ck_assert_int_eq(close_within(other, &got), 0);
    ck_assert_double_eq(got, 2);
    ck_assert_int_eq(h.blocks, 0);
}
END_TEST

START_TEST(a_scope_left_early_leaves_inner_ones)
{
    tw_scope outer = tw_scope_enter(cx);
    tw_scope inner = tw_scope_enter(cx);
    (void)inner;
    tw_node *x = tw_scalar(cx, 1);
    tw_scope_leave(&outer);
    tw_scope_leave(&outer);     /* twice is once */
    tw_scope_leave(&inner);
    tw_neg(x); const int line = __LINE__;
    fails(cx, TW_ESCOPE, "neg", line);
    item_is(tw_scalar(cx, 4), 4);
}
END_TEST

START_TEST(nodes_of_earlier_iterations_are_stale)
{
#ifdef NDEBUG
    enum { AGO = 1 };
#else
    enum { AGO = 300 };     /* debug builds let memory rest before it is used again */
#endif
    tw_node *ago[AGO] = { NULL };
    for (int i = 0; i < 2 * AGO + 4; i++) {
        TW_SCOPE(cx);
        tw_node *x = tw_scalar(cx, i), *y = tw_mul(x, 2), *old = ago[i % AGO];
        item_is(y, 2 * i);
        if (old) {
            tw_add(x, old); const int line = __LINE__;
            fails(cx, TW_ESCOPE, "add", line);
        }
        if (old) {
            ck_assert(isnan(tw_item(old))); const int line = __LINE__;
            fails(cx, TW_ESCOPE, "item", line);
        }
        ago[i % AGO] = y;
    }
}
END_TEST

START_TEST(keep_hands_a_value_to_the_parent)
{
    tw_node *sum = tw_scalar(cx, 0);
    for (int i = 1; i <= 4; i++) {
        tw_node *kept;
        {
            TW_SCOPE(cx);
            tw_node *x = tw_mul(tw_scalar(cx, i), 2);
            {
                TW_SCOPE(cx);
                kept = tw_keep(tw_mul(x, 10));
            }
            kept = tw_keep(tw_add(kept, 1));
        }
        item_is(kept, 20 * i + 1);
        sum = tw_add(sum, kept);
    }
    item_is(sum, 204);
}
END_TEST

START_TEST(a_kept_value_detaches)
{
    tw_node *w = tw_param(cx, "w", tw_scalar(cx, 3)), *kept;
    {
        TW_SCOPE(cx);
        kept = tw_keep(tw_mul(w, w));
    }
    tw_node *y = tw_mul(w, kept);
    item_is(y, 27);
    item_is(tw_grad(y, w), 9);
}
END_TEST

START_TEST(a_loop_without_a_scope_gets_advice)
{
    tw_node *x = tw_scalar(cx, 1);
    int line = 0;
    for (int i = 0; i < 2500000 && !tw_diagnostic(cx); i++) tw_neg(x), line = __LINE__;
    const tw_error *d = tw_diagnostic(cx);
    ck_assert_msg(d != NULL, "no advice after 2500000 nodes");
    ck_assert_ptr_nonnull(d->at);
    ck_assert_msg(strstr(d->at->file, "check_meaning") && d->at->line == line, "%s:%d", d->at->file, d->at->line);
    ck_assert_msg(strstr(d->text, "TW_SCOPE"), "%s", d->text);
}
END_TEST

START_TEST(two_contexts_mixed_are_an_error_in_both)
{
    tw_ctx *other = rig_open(TW_F64, NULL, true);
    tw_node *a = tw_scalar(cx, 1), *b = tw_scalar(other, 2);
    tw_node *c = tw_add(a, b); const int line = __LINE__;
    ck_assert(tw_is_nil(c));
    fails(cx, TW_ESCOPE, "add", line);
    fails(other, TW_ESCOPE, "add", line);
    item_is(tw_add(a, 1), 2);
    item_is(tw_add(b, 1), 3);
    tw_node *w = tw_param(cx, "w", a);
    tw_assign(w, b); const int line2 = __LINE__;
    fails(cx, TW_ESCOPE, "assign", line2);
    fails(other, TW_ESCOPE, "assign", line2);
    ck_assert_int_eq(tw_close(other), 0);
}
END_TEST

/* ---- the suite ------------------------------------------------------------------------ */

int main(void)
{
    const TTest *tests[] = {
        assign_twice_read_old_and_new, assigns_run_once_in_program_order,
        a_read_runs_earlier_assigns_too, an_old_reader_in_an_outer_scope_keeps_its_version,
        a_view_of_a_parameter_is_of_its_version, a_kept_view_of_a_parameter_is_a_copy,
        a_parameter_assigned_to_another_is_a_copy, a_state_made_of_a_parameter_is_a_copy,
        swap_needs_a_temporary, a_recurrent_state_crosses_steps,
        no_derivative_flows_through_an_assignment, a_game_of_two_with_both_losses_built_first,
        a_game_of_two_optimisers, accuracy_after_the_step_without_want,
        accuracy_after_the_step_with_want, readers_in_outer_scopes_keep_their_version, a_spent_value_is_an_error_that_names_the_cure,
        a_wanted_value_is_never_spent, read_pointers_stay_while_their_node_lives,
        a_loss_read_before_its_gradient_is_right_and_gives_advice,
        data_is_copied_and_wrapped_memory_is_read, two_equal_numbers_that_later_differ,
        numbers_that_become_special, a_slice_whose_start_moves_uses_one_plan,
        a_step_uses_one_plan, break_return_and_continue_leave_scopes,
        closing_within_a_scope_is_closing, a_scope_left_early_leaves_inner_ones, nodes_of_earlier_iterations_are_stale,
        keep_hands_a_value_to_the_parent, a_kept_value_detaches,
        a_loop_without_a_scope_gets_advice, two_contexts_mixed_are_an_error_in_both,
    };
    return run_programs("meaning", sizeof tests / sizeof *tests, tests);
}
