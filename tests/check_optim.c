/* check_optim.c - update rules against their formulas, step by step; what a step refuses. */
#include "optim/optim.h"
#include "tests/rig.h"

static tw_ctx *cx;
static tw_net *net;

/* The loss is sum a w^2 / 2 over three weights, so its gradient is a w. */
enum { N = 3 };
static const double a[N] = { 1, 3, 0.5 }, start[N] = { 1, -2, 0.5 };

static tw_node *weights(void) { return tw_nn_param(net, "w", TW_SHAPE(N), tw_zeros_init); }

static tw_node *quadratic(void)
{
    return tw_mul(0.5, tw_sum(tw_mul(tw_data(cx, TW_F64, TW_SHAPE(N), a), tw_square(weights()))));
}

static void restart(void)
{
    net = tw_net_new(cx);
    tw_assign(weights(), tw_data(cx, TW_F64, TW_SHAPE(N), start));
    tw_eval(cx);            /* taking an error drops what is pending */
}

static void open_f64(void)
{
    cx = rig_open(TW_F64, NULL, true);
    restart();
}

static void close_clean(void)
{
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
    arrs_drop();
}

static void weights_are(const double *w, double tol)
{
    const double *got = tw_f64(weights());
    ok(cx);
    for (int i = 0; i < N; i++) near(got[i], w[i], tol);
}

/* ---- rules ---------------------------------------------------------------------------------- */

/* torch.optim.SGD: g += wd w; v = momentum v + g; w -= lr v. The penalties are part of the loss. */
START_TEST(sgd_follows_its_formula)
{
    const double lr = 0.1, momentum = 0.9, wd = 0.01, l2 = 0.02, l1 = 0.003;
    tw_opt *opt = tw_sgd(net, .lr = lr, .momentum = momentum, .weight_decay = wd, .l2 = l2, .l1 = l1);
    double w[N], v[N] = { 0 };
    memcpy(w, start, sizeof w);
    int64_t misses = 0;
    for (int step = 0; step < 10; step++) {
        TW_SCOPE(cx);
        double loss = 0, penalty = 0;
        for (int i = 0; i < N; i++) {
            loss += a[i] * w[i] * w[i] / 2;
            penalty += l2 / 2 * w[i] * w[i] + l1 * fabs(w[i]);
        }
        tw_node *y = quadratic(), *objective = tw_want(tw_opt_objective(opt, y));
        ck_assert(tw_opt_step(opt, y));
        near(tw_item(y), loss, 1e-13);
        near(tw_item(objective), loss + penalty, 1e-13);
        for (int i = 0; i < N; i++) {
            const double g = a[i] * w[i] + l2 * w[i] + l1 * (w[i] > 0 ? 1 : -1);
            v[i] = momentum * v[i] + (g + wd * w[i]);
            w[i] -= lr * v[i];
        }
        weights_are(w, 1e-13);
        if (step == 3) misses = tw_counts(cx).misses;
    }
    ck_assert_int_eq(tw_opt_steps(opt), 10);
    ck_assert_int_eq(tw_counts(cx).misses, misses);
}
END_TEST

/* torch.optim.AdamW: w *= 1 - lr wd; w -= lr m' / (sqrt(v') + eps). */
START_TEST(adam_follows_its_formula)
{
    const double lr = 0.05, b1 = 0.8, b2 = 0.99, eps = 1e-6, wd = 0.1;
    tw_opt *opt = tw_adam(net, .lr = lr, .beta1 = b1, .beta2 = b2, .epsilon = eps, .weight_decay = wd);
    double w[N], m[N] = { 0 }, v[N] = { 0 };
    memcpy(w, start, sizeof w);
    int64_t misses = 0;
    for (int t = 1; t <= 20; t++) {
        TW_SCOPE(cx);
        ck_assert(tw_opt_step(opt, quadratic()));
        for (int i = 0; i < N; i++) {
            const double g = a[i] * w[i];
            m[i] = b1 * m[i] + (1 - b1) * g;
            v[i] = b2 * v[i] + (1 - b2) * g * g;
            w[i] *= 1 - lr * wd;
            w[i] -= lr * (m[i] / (1 - pow(b1, t))) / (sqrt(v[i] / (1 - pow(b2, t))) + eps);
        }
        weights_are(w, 1e-12);
        if (t == 4) misses = tw_counts(cx).misses;
    }
    ck_assert_int_eq(tw_counts(cx).misses, misses);
}
END_TEST

/* After one step m' = g and v' = g^2, so w moves by lr g / (|g| + epsilon), whatever the betas. */
START_TEST(adam_has_its_defaults)
{
    const double betas[] = { 0, TW_ZERO };
    for (int k = 0; k < 2; k++) {
        restart();
        tw_opt *opt = tw_adam(net, .beta1 = betas[k]);
        near(tw_opt_lr(opt), 1e-3, 0);
        ck_assert(tw_opt_step(opt, quadratic()));
        double w[N];
        for (int i = 0; i < N; i++) w[i] = start[i] - 1e-3 * a[i] * start[i] / (fabs(a[i] * start[i]) + 1e-8);
        weights_are(w, 1e-15);
    }
}
END_TEST

START_TEST(clipping_bounds_the_common_norm)
{
    tw_node *u = tw_nn_param(net, "u", TW_SHAPE(1), tw_constant_init(4));
    tw_opt *opt = tw_sgd(net, .lr = 0.1, .clip_norm = 1.5);
    double w[N], x = 4;
    memcpy(w, start, sizeof w);
    for (int step = 0; step < 60; step++) {         /* at first clipped, in the end not */
        TW_SCOPE(cx);
        ck_assert(tw_opt_step(opt, tw_add(quadratic(), tw_sum(tw_square(u)))));
        double sum = 4 * x * x;
        for (int i = 0; i < N; i++) sum += a[i] * a[i] * w[i] * w[i];
        const double scale = fmin(1, 1.5 / (sqrt(sum) + 1e-6));
        for (int i = 0; i < N; i++) w[i] -= 0.1 * scale * a[i] * w[i];
        x -= 0.1 * scale * 2 * x;
        weights_are(w, 1e-13);
        near(tw_item(u), x, 1e-13);
    }
}
END_TEST

START_TEST(the_proximal_step_gives_exact_zeros)
{
    tw_opt *opt = tw_sgd(net, .lr = 0.1, .proximal_l1 = 2);
    double w[N];
    memcpy(w, start, sizeof w);
    for (int step = 0; step < 12; step++) {
        TW_SCOPE(cx);
        ck_assert(tw_opt_step(opt, quadratic()));
        for (int i = 0; i < N; i++) {
            w[i] -= 0.1 * a[i] * w[i];
            w[i] = copysign(fmax(fabs(w[i]) - 0.2, 0), w[i]);
        }
        weights_are(w, 1e-14);
    }
    weights_are((double[N]){ 0 }, 0);
}
END_TEST

/* ---- learning rates ------------------------------------------------------------------------- */

static double halving(int64_t step, const tw_schedule *s) { return *(double *)s->user / (double)(1 << step); }

START_TEST(schedules_are_functions_of_the_step)
{
    double first = 0.2, w[N];
    memcpy(w, start, sizeof w);
    tw_opt *opt = tw_sgd(net, .schedule = { halving, .user = &first });
    for (int step = 0; step < 6; step++) {
        TW_SCOPE(cx);
        const double lr = 0.2 / (1 << step);
        near(tw_opt_lr(opt), lr, 0);
        ck_assert(tw_opt_step(opt, quadratic()));
        for (int i = 0; i < N; i++) w[i] -= lr * a[i] * w[i];
        weights_are(w, 1e-14);
    }
    tw_opt *inverse = tw_adam(net, .schedule = tw_inverse_time(0.3, 10));
    for (int step = 0; step < 5; step++) tw_opt_step(inverse, quadratic());
    near(tw_opt_lr(inverse), 0.3 / 1.5, 1e-15);
    first = -1;
    ck_assert(!tw_opt_step(opt, quadratic()));
    fails_with(cx, TW_EARG, "opt_step", __LINE__ - 1, "step 6");
    ck_assert_int_eq(tw_opt_steps(opt), 6);
}
END_TEST

/* ---- which parameters ----------------------------------------------------------------------- */

START_TEST(frozen_and_unreached_parameters_stay)
{
    tw_node *u = tw_nn_param(net, "u", TW_SHAPE(1), tw_constant_init(4)), *w = weights();
    tw_nn_buffer(net, "b", TW_SHAPE(1), tw_ones_init);
    tw_opt *opt = tw_sgd(net, .lr = 0.1, .momentum = 0.5, .weight_decay = 0.1);
    ck_assert(tw_opt_step(opt, tw_sum(u)));
    weights_are(start, 0);                          /* not reached: not even decayed */
    near(tw_item(u), 4 - 0.1 * 1.4, 1e-15);
    tw_net_freeze(net, "u", true);
    ck_assert(tw_opt_step(opt, tw_add(tw_sum(w), tw_sum(u))));
    near(tw_item(u), 3.86, 1e-15);
    ck_assert_int_eq(tw_opt_count(opt), 1);
    ck_assert_ptr_eq(tw_opt_param(opt, 0), w);
    tw_net_freeze(net, "*", true);
    ck_assert(!tw_opt_step(opt, quadratic()));
    fails_with(cx, TW_EGRAD, "opt_step", __LINE__ - 1, "2 of them frozen");
    near(tw_item(tw_net_param(net, "b")), 1, 0);
}
END_TEST

START_TEST(a_layer_may_come_later)
{
    tw_opt *opt = tw_sgd(net, .lr = 0.1);
    ck_assert(tw_opt_step(opt, quadratic()));
    char name[16];
    for (int i = 0; i < 40; i++) {                  /* more than there was room for */
        snprintf(name, sizeof name, "p%d", i);
        tw_node *p = tw_nn_param(net, name, TW_SHAPE(1), tw_ones_init);
        TW_SCOPE(cx);
        ck_assert(tw_opt_step(opt, tw_sum(p)));
        near(tw_item(p), 0.9, 1e-15);
    }
    ck_assert_int_eq(tw_opt_count(opt), 41);
}
END_TEST

START_TEST(a_step_in_two)
{
    tw_opt *opt = tw_sgd(net, .lr = 0.1);
    tw_node *loss = quadratic(), **g = tw_opt_grads(opt, loss);
    ck_assert_ptr_nonnull(g);
    ck_assert_int_eq(tw_opt_count(opt), 1);
    g[0] = tw_mul(2.0, g[0]);
    ck_assert(tw_opt_apply(opt, g));
    double w[N];
    for (int i = 0; i < N; i++) w[i] = start[i] - 0.2 * a[i] * start[i];
    weights_are(w, 1e-15);
    near(tw_item(loss), 0.5 * (1 + 12 + 0.125), 1e-15);
    ck_assert(!tw_opt_apply(opt, NULL));
    fails(cx, TW_EARG, "opt_apply", __LINE__ - 1);
}
END_TEST

/* ---- errors --------------------------------------------------------------------------------- */

START_TEST(numbers_that_cannot_be)
{
    tw_opt *opt = tw_sgd(net);
    fails_with(cx, TW_EARG, "sgd", __LINE__ - 1, ".lr");
    ck_assert(!tw_opt_step(opt, quadratic()));
    fails(cx, TW_EARG, "opt_step", __LINE__ - 1);
    tw_sgd(net, .lr = -1);
    fails_with(cx, TW_EARG, "sgd", __LINE__ - 1, "lr is -1");
    tw_sgd(net, .lr = 1, .momentum = 1);
    fails_with(cx, TW_EARG, "sgd", __LINE__ - 1, "momentum");
    tw_sgd(net, .lr = 1, .l1 = (double)NAN);
    fails_with(cx, TW_EARG, "sgd", __LINE__ - 1, "l1");
    tw_sgd(net, .lr = 1, .schedule = tw_inverse_time(1, 1));
    fails_with(cx, TW_EARG, "sgd", __LINE__ - 1, "schedule");
    tw_adam(net, .beta2 = 1.5);
    fails_with(cx, TW_EARG, "adam", __LINE__ - 1, "beta2");
    tw_opt *still = tw_sgd(net, .lr = TW_ZERO);
    ck_assert(tw_opt_step(still, quadratic()));
    weights_are(start, 0);
}
END_TEST

START_TEST(losses_that_cannot_be)
{
    tw_opt *opt = tw_sgd(net, .lr = 0.1), *none = tw_sgd(net, .lr = 0.1, .only = "generator/*");
    ck_assert(!tw_opt_step(opt, tw_square(weights())));
    fails_with(cx, TW_ESHAPE, "opt_step", __LINE__ - 1, "[3]");
    ck_assert(!tw_opt_step(opt, tw_scalar(cx, 2)));
    fails_with(cx, TW_EGRAD, "opt_step", __LINE__ - 1, "none of the 1");
    ck_assert(!tw_opt_step(none, quadratic()));
    fails_with(cx, TW_EGRAD, "opt_step", __LINE__ - 1, "generator/*");
    ck_assert(!tw_opt_step(opt, NULL));
    fails(cx, TW_EARG, "opt_step", __LINE__ - 1);
    ck_assert(!tw_opt_step(NULL, quadratic()));
    fails(cx, TW_EARG, "opt_step", __LINE__ - 1);
    tw_ctx *other = rig_open(TW_F64, NULL, true);
    ck_assert(!tw_opt_step(opt, tw_scalar(other, 1)));
    fails(cx, TW_ESCOPE, "opt_step", __LINE__ - 1);
    fails(other, TW_ESCOPE, "opt_step", __LINE__ - 2);
    tw_close(other);
    ck_assert_int_eq(tw_opt_steps(opt), 0);
    weights_are(start, 0);
}
END_TEST

START_TEST(in_error_a_step_does_nothing)
{
    tw_opt *opt = tw_sgd(net, .lr = 0.1);
    tw_add(tw_zeros(cx, TW_SHAPE(2)), tw_zeros(cx, TW_SHAPE(3)));
    const int line = __LINE__ - 1;
    ck_assert(!tw_opt_step(opt, quadratic()));
    fails(cx, TW_ESHAPE, "add", line);
    ck_assert_int_eq(tw_opt_steps(opt), 0);
    restart();
    opt = tw_sgd(net, .lr = 0.1);
    ck_assert(tw_opt_step(opt, quadratic()));
    ck_assert_int_eq(tw_opt_steps(opt), 1);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    for (long allowed = 0; ; allowed++) {
        heap h = { .left = allowed };
        tw_ctx *c = tw_open(.resize = heap_resize, .resize_user = &h, .on_error = rig_quiet);
        tw_net *n = tw_net_new(c);
        tw_opt *opt = tw_adam(n, .clip_norm = 1);
        for (int step = 0; step < 2; step++) {
            TW_SCOPE(c);
            tw_node *x = tw_ones(c, TW_SHAPE(4, 3));
            {
                tw_net_scope(n, "encoder");
                x = tw_nn_batch_norm(n, "norm", tw_relu(tw_nn_dense(n, "dense", x, .units = 20)));
            }
            tw_opt_step(opt, tw_mean(tw_square(tw_nn_dense(n, "out", tw_nn_dropout(n, x), .units = 1))));
        }
        const bool good = tw_ok(c);
        if (!good && tw_error_get(c)) ck_assert_int_eq(tw_error_get(c)->code, TW_ENOMEM);
        tw_close(c);
        ck_assert_int_eq(h.blocks, 0);
        if (good) break;
    }
}
END_TEST

/* Bindings may pass NULL for options: all defaults, or an error where something is required. */
START_TEST(no_options_are_all_defaults)
{
    tw_adam_at(TW_HERE, net, NULL), tw_adamw_at(TW_HERE, net, NULL), tw_nadam_at(TW_HERE, net, NULL), tw_radam_at(TW_HERE, net, NULL);
    tw_rmsprop_at(TW_HERE, net, NULL), tw_adagrad_at(TW_HERE, net, NULL), tw_adadelta_at(TW_HERE, net, NULL);
    ok(cx);
    tw_sgd_at(TW_HERE, net, NULL); const int line = __LINE__;
    fails(cx, TW_EARG, "sgd", line);
    item_is(tw_fill_at(TW_HERE, cx, TW_SCALAR_SHAPE, NULL), 0);
    tw_ctx *other = tw_open_at(TW_HERE, NULL);
    ck_assert(tw_ok(other));
    ck_assert_int_eq(tw_close(other), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("optim");
    TCase *t = tcase_create("optim");
    tcase_add_checked_fixture(t, open_f64, close_clean);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, sgd_follows_its_formula);
    tcase_add_test(t, adam_follows_its_formula);
    tcase_add_test(t, adam_has_its_defaults);
    tcase_add_test(t, clipping_bounds_the_common_norm);
    tcase_add_test(t, the_proximal_step_gives_exact_zeros);
    tcase_add_test(t, schedules_are_functions_of_the_step);
    tcase_add_test(t, frozen_and_unreached_parameters_stay);
    tcase_add_test(t, a_layer_may_come_later);
    tcase_add_test(t, a_step_in_two);
    tcase_add_test(t, no_options_are_all_defaults);
    tcase_add_test(t, numbers_that_cannot_be);
    tcase_add_test(t, losses_that_cannot_be);
    tcase_add_test(t, in_error_a_step_does_nothing);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return rig_run(s);
}
