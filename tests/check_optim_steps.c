/* check_optim_steps.c - every update rule and schedule, step by step, against PyTorch's and optax's numbers.
 *
 * The numbers are in reference_optim.inc, written by tools/reference.py, which has the same problem: two
 * tensors, a loss that is not convex and not the same at every step.
 */
#include "optim/optim.h"
#include "tests/rig.h"

enum { STEPS = 12, WEIGHTS = 8, RATES = 24 };
#define TOL 1e-9

#define SCHEDULE(...)
#define REFERENCE(name, n, ...) static const double name##_numbers[n][WEIGHTS] = { __VA_ARGS__ };
#include "tests/reference_optim.inc"
#undef REFERENCE
#undef SCHEDULE
#define REFERENCE(...)
#define SCHEDULE(name, ...) static const double name##_rates[RATES] = __VA_ARGS__;
#include "tests/reference_optim.inc"
#undef REFERENCE
#undef SCHEDULE

#define wave(...) rig_wave(cx, __VA_ARGS__)

static tw_ctx *cx;
static tw_net *net;

static tw_node *a(void) { return tw_nn_param(net, "a", TW_SHAPE(3, 2), tw_zeros_init); }
static tw_node *b(void) { return tw_nn_param(net, "b", TW_SHAPE(2), tw_zeros_init); }

static void restart(void)
{
    net = tw_net_new(cx);
    tw_assign(a(), wave(TW_SHAPE(3, 2), 0.5, 0.3, 0.7));
    tw_assign(b(), tw_data(cx, TW_F64, TW_SHAPE(2), ((double[]){ 0.1, -0.2 })));
    tw_eval(cx);
}

static tw_node *loss_at(int k)
{
    tw_node *x = wave(TW_SHAPE(5, 3), 1, 1, 1), *y = wave(TW_SHAPE(5, 2), 0.5, 2, 3);
    tw_node *z = tw_tanh(tw_add(tw_matmul(x, a()), b()));
    return tw_mean(tw_square(tw_sub(z, tw_mul(1 + 0.1 * (k % 3), y))));
}

static void weights_are(const double *want, const char *what, int k)
{
    double got[WEIGHTS];
    tw_copy(a(), got, 6 * sizeof *got);
    tw_copy(b(), got + 6, 2 * sizeof *got);
    ok(cx);
    for (int i = 0; i < WEIGHTS; i++)
        if (!close_to(got[i], want[i], TOL))
            ck_abort_msg("%s, step %d: weight %d is %.15g, not %.15g", what, k, i, got[i], want[i]);
}

static void open_f64(void) { cx = rig_open(TW_F64, NULL, true); }
static void close_clean(void)
{
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
    arrs_drop();
}

/* ---- rules ---------------------------------------------------------------------------------- */

#define RULES(ROW)                                                                                              \
    ROW(sgd,         tw_sgd(net, .lr = 0.3))                                                                    \
    ROW(momentum,    tw_sgd(net, .lr = 0.1, .momentum = 0.9, .weight_decay = 0.01))                             \
    ROW(dampening,   tw_sgd(net, .lr = 0.1, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.01))           \
    ROW(nesterov,    tw_sgd(net, .lr = 0.1, .momentum = 0.8, .nesterov = true, .weight_decay = 0.01))           \
    ROW(adam,        tw_adam(net, .lr = 0.05, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .l2 = 0.02))        \
    ROW(adamw,       tw_adamw(net, .lr = 0.05))                                                                 \
    ROW(amsgrad,     tw_adam(net, .lr = 0.05, .beta1 = 0.8, .beta2 = 0.9, .weight_decay = 0.1, .amsgrad = true)) \
    ROW(nadam,       tw_nadam(net, .lr = 0.05, .weight_decay = 0.1))                                            \
    ROW(radam,       tw_radam(net, .lr = 0.05, .beta2 = 0.95, .weight_decay = 0.1))                             \
    ROW(rmsprop,     tw_rmsprop(net, .lr = 0.02, .alpha = 0.9, .l2 = 0.1))                                      \
    ROW(centered,    tw_rmsprop(net, .lr = 0.02, .momentum = 0.7, .centered = true))                            \
    ROW(adagrad,     tw_adagrad(net, .schedule = tw_inverse_time(0.2, 10)))                                     \
    ROW(adadelta,    tw_adadelta(net, .lr = 2, .rho = 0.8, .epsilon = 1e-4))                                    \
    ROW(lion,        tw_lion(net, .lr = 0.02, .beta1 = 0.8, .beta2 = 0.9, .weight_decay = 0.1))                 \
    ROW(lamb,        tw_lamb(net, .lr = 0.05, .weight_decay = 0.1))                                             \
    ROW(muon,        with_group(tw_muon(net, .lr = 0.05, .weight_decay = 0.1), "b", 1, TW_ZERO))                \
    ROW(clip_value,  tw_sgd(net, .lr = 0.3, .clip_value = 0.05))                                                \
    ROW(clip_norm,   tw_sgd(net, .lr = 0.3, .clip_norm = 0.1))                                                  \
    ROW(elastic,     tw_sgd(net, .lr = 0.3, .l2 = 0.05, .l1 = 0.03))                                            \
    ROW(proximal,    tw_sgd(net, .lr = 0.3, .proximal_l1 = 0.1, .momentum = 0.5))                               \
    ROW(max_norm,    tw_sgd(net, .lr = 0.3, .max_norm = 0.5, .momentum = 0.5))                                  \
    ROW(lookahead,   tw_sgd(net, .lr = 0.3, .lookahead = { 3, 0.4 }, .momentum = 0.5))                          \
    ROW(group,       with_group(tw_sgd(net, .lr = 0.1, .momentum = 0.9), "a*", 0.5, 0.2))                       \
    ROW(scheduled,   tw_adam(net, .schedule = tw_cosine(0.1, 0.01, STEPS)))                                        \
    ROW(accumulated, tw_adam(net, .lr = 0.05, .accumulate = 3, .clip_norm = 0.2))

static tw_opt *with_group(tw_opt *opt, const char *pattern, double lr_scale, double weight_decay)
{
    tw_opt_group(opt, pattern, .lr_scale = lr_scale, .weight_decay = weight_decay);
    return opt;
}

#define ROW(name, ...) static tw_opt *make_##name(void) { return __VA_ARGS__; }
RULES(ROW)
#undef ROW

static const struct { const char *name; tw_opt *(*make)(void); const double (*numbers)[WEIGHTS]; } rules[] = {
#define ROW(name, ...) { #name, make_##name, name##_numbers },
    RULES(ROW)
#undef ROW
};
enum { N_RULES = (int)(sizeof rules / sizeof *rules) };

/* A step that repeats an earlier one's structure makes no new plan: rates and counts are slots. */
START_TEST(a_rule_follows_the_reference)
{
    restart();
    tw_opt *opt = rules[_i].make();
    int64_t misses = 0;
    for (int k = 0; k < STEPS; k++) {
        TW_SCOPE(cx);
        ck_assert(tw_opt_step(opt, loss_at(k)));
        weights_are(rules[_i].numbers[k], rules[_i].name, k);
        if (k == 8) misses = tw_counts(cx).misses;
    }
    ck_assert_int_eq(tw_counts(cx).misses, misses);
}
END_TEST

/* Towards the minimum of a bowl, whatever the rule. */
START_TEST(a_rule_works_in_single_precision)
{
    tw_ctx *wide = cx;
    cx = rig_open(TW_F32, NULL, true);
    net = tw_net_new(cx);
    tw_node *w = tw_nn_param(net, "a", TW_SHAPE(3, 2), tw_normal_init(1));
    tw_nn_param(net, "b", TW_SHAPE(2), tw_normal_init(1));
    tw_opt *opt = rules[_i].make();
    const double before = tw_item(tw_sum(tw_square(w)));
    for (int k = 0; k < STEPS; k++) {
        TW_SCOPE(cx);
        tw_node *loss = tw_add(tw_sum(tw_square(tw_nn_param(net, "a", TW_SHAPE(3, 2), tw_zeros_init))),
                               tw_sum(tw_square(tw_nn_param(net, "b", TW_SHAPE(2), tw_zeros_init))));
        ck_assert(tw_opt_step(opt, loss));
    }
    ck_assert_msg(tw_item(tw_sum(tw_square(w))) < before, "%s goes uphill", rules[_i].name);
    ck_assert_int_eq(tw_close(cx), 0);
    cx = wide;
}
END_TEST

/* ---- averages ------------------------------------------------------------------------------- */

static void trained_with(tw_averaging average, const double *end)
{
    restart();
    tw_opt *opt = tw_sgd(net, .lr = 0.3, .average = average);
    for (int k = 0; k < STEPS; k++) {
        TW_SCOPE(cx);
        ck_assert(tw_opt_step(opt, loss_at(k)));
    }
    weights_are(sgd_numbers[STEPS - 1], "before", STEPS);
    ck_assert(tw_opt_use_average(opt, true) && tw_opt_use_average(opt, true));
    weights_are(end, "average", STEPS);
    ck_assert(!tw_opt_step(opt, loss_at(0)));
    fails_with(cx, TW_EARG, "opt_step", __LINE__ - 1, "averages");
    ck_assert(tw_opt_use_average(opt, false));
    weights_are(sgd_numbers[STEPS - 1], "after", STEPS);
    ck_assert(tw_opt_step(opt, loss_at(0)));
}

START_TEST(averages_follow_the_reference)
{
    trained_with(tw_ema(0.8), ema_end_numbers[0]);
    trained_with(tw_swa(4, 2), swa_end_numbers[0]);
    ck_assert(!tw_opt_use_average(tw_sgd(net, .lr = 1), true));
    fails_with(cx, TW_EARG, "opt_use_average", __LINE__ - 1, "tw_ema");
}
END_TEST

/* ---- schedules ------------------------------------------------------------------------------ */

START_TEST(schedules_follow_the_reference)
{
    const struct { const char *name; const double *rates; tw_schedule s; } rows[] = {
        { "step",        step_rates,        tw_step_decay(0.5, 5, 0.3) },
        { "exponential", exponential_rates, tw_exponential_decay(0.5, 0.9) },
        { "cosine",      cosine_rates,      tw_then(tw_cosine(0.5, 0.05, 20), 20, tw_constant_rate(0.05)) },
        { "linear",      linear_rates,      tw_linear_rate(0.1, 0.3, 15) },
        { "one_cycle",   one_cycle_rates,   tw_one_cycle(0.5, 24) },
        { "warmup",      warmup_rates,      tw_warmup(6, tw_exponential_decay(0.5, 0.8)) },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int k = 0; k < RATES; k++)
            if (!close_to(tw_rate(&rows[i].s, k), rows[i].rates[k], 1e-11))
                ck_abort_msg("%s: step %d is %.15g, not %.15g", rows[i].name, k, tw_rate(&rows[i].s, k), rows[i].rates[k]);
}
END_TEST

START_TEST(schedules_are_composed)
{
    const tw_schedule inner = tw_then(tw_constant_rate(1), 2, tw_constant_rate(2));
    const tw_schedule s = tw_then(tw_then(inner, 4, tw_linear_rate(0, 10, 10)), 7, inner);
    const double want[] = { 1, 1, 2, 2, 0, 1, 2, 1, 1, 2, 2 };
    for (int k = 0; k < 11; k++) near(tw_rate(&s, k), want[k], 1e-15);
    const tw_schedule cut = tw_then(inner, 1, tw_constant_rate(5));
    near(tw_rate(&cut, 0), 1, 0);
    near(tw_rate(&cut, 1), 5, 0);
    near(tw_rate(&(tw_schedule){ 0 }, 1), NaN, 0);

    tw_schedule lengthy = inner;
    for (int i = 0; i < 4; i++) lengthy = tw_then(lengthy, 3, inner);
    restart();
    tw_sgd(net, .schedule = lengthy);
    fails_with(cx, TW_EARG, "sgd", __LINE__ - 1, "10 parts");
}
END_TEST

START_TEST(a_plateau_lowers_the_rate)
{
    static const double seen[RATES] = { 3, 2.9, 2, 2, 1.95, 1.99, 1.5, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6,
                                        1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4 };
    restart();
    const tw_plateau p = { .factor = 0.5, .patience = 2, .threshold = 0.05, .cooldown = 2, .lowest = 0.1 };
    tw_plateau up = p;
    up.rising = true;
    tw_opt *opt = tw_sgd(net, .lr = 0.5, .plateau = p), *rising = tw_adam(net, .lr = 0.5, .plateau = up), *without = tw_adam(net);
    for (int k = 0; k < RATES; k++) {
        const double before = tw_opt_lr(opt);
        const bool lowered = tw_opt_observe(opt, seen[k]);
        near(tw_opt_lr(opt), plateau_rates[k], 1e-12);
        ck_assert_int_eq(lowered, plateau_rates[k] < before);
        tw_opt_observe(rising, (double)k);
        ck_assert(!tw_opt_observe(without, 1));
    }
    near(tw_opt_lr(rising), 0.5, 0);
}
END_TEST

/* ---- groups --------------------------------------------------------------------------------- */

START_TEST(later_groups_win)
{
    restart();
    tw_opt *opt = tw_sgd(net, .lr = 0.1, .weight_decay = 0.5, .l1 = 0.25);
    ck_assert(tw_opt_step(opt, tw_add(tw_sum(a()), tw_sum(b()))));      /* groups may come after the first step */
    tw_opt_group(opt, "*", .lr_scale = 3, .l1 = TW_ZERO);
    tw_opt_group(opt, "b", .lr_scale = 2, .weight_decay = TW_ZERO);
    arr wa = arr_of(a()), wb = arr_of(b());
    ck_assert(tw_opt_step(opt, tw_add(tw_sum(a()), tw_sum(b()))));
    for (int i = 0; i < 6; i++) near(tw_f64(a())[i], wa.v[i] - 0.3 * (1 + 0.5 * wa.v[i]), 1e-14);
    for (int i = 0; i < 2; i++) near(tw_f64(b())[i], wb.v[i] - 0.2, 1e-14);
    tw_opt *penalised = tw_sgd(net, .lr = 0.1);
    tw_opt_group(penalised, "a", .l2 = 0.3, .l1 = 0.7);
    tw_node *objective = tw_opt_objective(penalised, tw_scalar(cx, 2));
    near(tw_item(objective), 2 + tw_item(tw_sum(tw_add(tw_mul(0.15, tw_square(a())), tw_mul(0.7, tw_abs(a()))))), 1e-14);

    tw_opt_group(opt, NULL, .l2 = 1);
    fails(cx, TW_EARG, "opt_group", __LINE__ - 1);
    tw_opt_group(opt, "a", .l2 = -1);
    fails_with(cx, TW_EARG, "opt_group", __LINE__ - 1, "l2 is -1");
}
END_TEST

/* Gradients that only some of the gathered steps have are summed from those. */
START_TEST(gathering_takes_what_there_is)
{
    restart();
    arr wa = arr_of(a()), wb = arr_of(b());
    tw_opt *opt = tw_sgd(net, .lr = 0.1, .accumulate = 2);
    for (int round = 0; round < 2; round++) {
        TW_SCOPE(cx);
        ck_assert(tw_opt_step(opt, tw_sum(a())));
        ck_assert_int_eq(tw_opt_steps(opt), round);
        ck_assert(tw_opt_step(opt, tw_sum(tw_mul(3.0, b()))));
        ck_assert_int_eq(tw_opt_steps(opt), round + 1);
        for (int i = 0; i < 6; i++) near(tw_f64(a())[i], wa.v[i] - (round + 1) * 0.1 * 0.5, 1e-14);
        for (int i = 0; i < 2; i++) near(tw_f64(b())[i], wb.v[i] - (round + 1) * 0.1 * 1.5, 1e-14);
    }
}
END_TEST

/* ---- at trial weights ------------------------------------------------------------------------ */

static tw_node *first_loss(void *calls)
{
    ++*(int64_t *)calls;
    return loss_at(0);
}

static tw_node *residuals(void *unused)
{
    (void)unused;
    tw_node *x = wave(TW_SHAPE(5, 3), 1, 1, 1), *y = wave(TW_SHAPE(5, 2), 0.5, 2, 3);
    return tw_sub(tw_tanh(tw_add(tw_matmul(tw_mul(x, tw_square(x)), a()), b())), y);
}

/* Each from the same start, with one iteration more than the one before. */
START_TEST(minimisers_follow_the_reference)
{
    int64_t calls = 0;
    for (int k = 0; k < STEPS; k++) {
        restart();
        calls = 0;
        tw_opt *opt = tw_lbfgs(net, .iterations = k + 1, .history = 3);
        const tw_opt_result r = tw_opt_minimise(opt, first_loss, &calls);
        weights_are(lbfgs_numbers[k], "lbfgs", k);
        near(r.loss, tw_item(loss_at(0)), 1e-14);
        ck_assert_int_eq(r.evaluations + 1, calls);         /* one to meet the parameters */
        ck_assert_int_eq(r.iterations, k + 1);
        ck_assert_int_eq(tw_opt_steps(opt), k + 1);
    }
    for (int k = 0; k < STEPS; k++) {
        restart();
        tw_opt_minimise(tw_levenberg(net, .iterations = k + 1, .tolerance_grad = TW_ZERO, .tolerance_change = TW_ZERO), residuals, NULL);
        weights_are(levenberg_numbers[k], "levenberg", k);
        restart();
        tw_opt_minimise(tw_levenberg(net, .iterations = k + 1, .damping = TW_ZERO, .tolerance_grad = TW_ZERO, .tolerance_change = TW_ZERO),
                        residuals, NULL);
        weights_are(gauss_newton_numbers[k], "gauss_newton", k);
    }
}
END_TEST

/* Trial weights, directions and damping change no plan. */
START_TEST(minimisers_use_plans_again)
{
    int64_t calls = 0, misses = 0;
    restart();
    for (int k = 0; k < 4; k++) {
        TW_SCOPE(cx);
        tw_assign(b(), tw_data(cx, TW_F64, TW_SHAPE(2), ((double[]){ 0.3, -0.4 })));
        tw_eval(cx);
        misses = tw_counts(cx).misses;
        tw_opt_minimise(tw_lbfgs(net, .iterations = 4), first_loss, &calls);
        tw_opt_minimise(tw_levenberg(net, .iterations = 4), residuals, NULL);
    }
    ck_assert_int_eq(tw_counts(cx).misses, misses);
}
END_TEST

/* Rosenbrock's valley, from the usual start, in both precisions. */
static tw_node *valley(void *unused)
{
    (void)unused;
    tw_node *w = tw_nn_param(net, "w", TW_SHAPE(2), tw_zeros_init), *x = tw_index(w, .at = 0), *y = tw_index(w, .at = 1);
    tw_node *parts[] = { tw_sub(1, x), tw_mul(10, tw_sub(y, tw_square(x))) };
    return tw_stack(2, parts);
}

static tw_node *valley_loss(void *unused) { return tw_sum(tw_square(valley(unused))); }

START_TEST(minimisers_converge)
{
    const double from[2] = { -1.2, 1 };
    for (int i = 0; i < 4; i++) {
        tw_ctx *c = rig_open(i % 2 ? TW_F64 : TW_F32, NULL, true);
        net = tw_net_new(c);
        tw_node *w = tw_nn_param(net, "w", TW_SHAPE(2), tw_zeros_init);
        tw_assign(w, tw_cast(tw_data(c, TW_F64, TW_SHAPE(2), from), tw_dtype_of(w)));
        const tw_opt_result r = i < 2 ? tw_opt_minimise(tw_lbfgs(net), valley_loss, NULL)
                                      : tw_opt_minimise(tw_levenberg(net), valley, NULL);
        ok(c);
        const double tol = i % 2 ? 1e-5 : 1e-2;
        near(tw_item(tw_index(w, .at = 0)), 1, tol);
        near(tw_item(tw_index(w, .at = 1)), 1, tol);
        ck_assert(r.converged && r.loss < tol && r.iterations < 60);
        ck_assert_int_eq(tw_close(c), 0);
    }
}
END_TEST

static tw_node *of_nothing(void *unused) { (void)unused; return tw_scalar(cx, 1); }
static tw_node *missing(void *unused)    { (void)unused; return NULL; }
static tw_node *bad_shapes(void *line)
{
    *(int *)line = __LINE__ + 1;
    return tw_add(a(), tw_zeros(cx, TW_SHAPE(5)));
}

START_TEST(minimisers_refuse)
{
    restart();
    tw_opt *lbfgs = tw_lbfgs(net), *sgd = tw_sgd(net, .lr = 1);
    ck_assert(!tw_opt_step(lbfgs, loss_at(0)));
    fails_with(cx, TW_EARG, "opt_step", __LINE__ - 1, "tw_opt_minimise");
    tw_opt_minimise(sgd, valley_loss, NULL);
    fails_with(cx, TW_EARG, "opt_minimise", __LINE__ - 1, "tw_opt_step");
    tw_opt_minimise(lbfgs, NULL, NULL);
    fails(cx, TW_EARG, "opt_minimise", __LINE__ - 1);
    tw_opt_minimise(lbfgs, of_nothing, NULL);
    fails_with(cx, TW_EGRAD, "opt_minimise", __LINE__ - 1, "none of the 2");
    tw_opt_minimise(lbfgs, missing, NULL);
    fails_with(cx, TW_EARG, "opt_minimise", __LINE__ - 1, "NULL");
    int line = 0;
    ck_assert(isnan(tw_opt_minimise(lbfgs, bad_shapes, &line).loss));
    fails(cx, TW_ESHAPE, "add", line);
    tw_opt_minimise(tw_lbfgs(net, .only = "c*"), valley_loss, NULL);
    fails_with(cx, TW_EGRAD, "opt_minimise", __LINE__ - 1, "c*");
    tw_lbfgs(net, .history = -1);
    fails_with(cx, TW_EARG, "lbfgs", __LINE__ - 1, "history");
    tw_levenberg(net, .damping = -1);
    fails_with(cx, TW_EARG, "levenberg", __LINE__ - 1, "damping");
    ck_assert(isnan(tw_opt_minimise(NULL, valley_loss, NULL).loss));
}
END_TEST

/* ---- errors --------------------------------------------------------------------------------- */

START_TEST(numbers_that_cannot_be)
{
    restart();
    tw_sgd(net, .lr = 1, .momentum = 0.9, .dampening = -1);
    fails_with(cx, TW_EARG, "sgd", __LINE__ - 1, "dampening");
    tw_nadam(net, .momentum_decay = -1);
    fails_with(cx, TW_EARG, "nadam", __LINE__ - 1, "momentum_decay");
    tw_adamw(net, .clip_value = -1);
    fails_with(cx, TW_EARG, "adamw", __LINE__ - 1, "clip_value");
    tw_rmsprop(net, .max_norm = -1);
    fails_with(cx, TW_EARG, "rmsprop", __LINE__ - 1, "max_norm");
    tw_lion(net, .average = tw_ema(1.5));
    fails_with(cx, TW_EARG, "lion", __LINE__ - 1, "average.decay");
    tw_lamb(net, .plateau = { .factor = 2 });
    fails_with(cx, TW_EARG, "lamb", __LINE__ - 1, "plateau.factor");
    tw_muon(net, .accumulate = -2);
    fails_with(cx, TW_EARG, "muon", __LINE__ - 1, "accumulate is -2");
    tw_radam(net, .beta2 = 1);
    fails_with(cx, TW_EARG, "radam", __LINE__ - 1, "beta2");
    tw_adagrad(net, .lookahead = { -1, 0.5 });
    fails_with(cx, TW_EARG, "adagrad", __LINE__ - 1, "lookahead.steps");
    tw_adadelta(net, .lr = -1);
    fails_with(cx, TW_EARG, "adadelta", __LINE__ - 1, "lr is -1");

    tw_opt *opt = tw_sgd(net, .lr = 1, .only = "own", .average = { .decay = 0.5, .on = true });       /* every 0 steps: every step */
    tw_node *loss = tw_sum(tw_square(tw_nn_param(net, "own", TW_SHAPE(2), tw_ones_init))), *g = NULL;
    ck_assert(!tw_opt_apply(opt, &loss));
    fails_with(cx, TW_EARG, "opt_apply", __LINE__ - 1, "tw_opt_grads");
    ck_assert(tw_opt_grads(opt, loss) && tw_opt_count(opt) == 1 && !tw_opt_apply(opt, &g));
    fails_with(cx, TW_EARG, "opt_apply", __LINE__ - 1, "gradient 0, of \"own\", is NULL");
    ck_assert(tw_opt_step(opt, loss) && tw_opt_use_average(opt, true));
    tw_nn_param(net, "w", (tw_shape){ .n = 77 }, tw_ones_init);
    fails_with(cx, TW_ESHAPE, "nn_param", __LINE__ - 1, "\"w\" of rank 77");
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    for (long allowed = 0; ; allowed++) {
        heap h = { .left = allowed };
        tw_ctx *c = tw_open(.resize = heap_resize, .resize_user = &h, .on_error = rig_quiet);
        tw_net *n = tw_net_new(c);
        tw_opt *opt = tw_adam(n, .average = tw_ema(0.9), .lookahead = { 2, 0.5 }, .accumulate = 2, .amsgrad = true);
        tw_opt_group(opt, "*/bias", .lr_scale = 2);
        for (int step = 0; step < 4; step++) {
            TW_SCOPE(c);
            tw_opt_step(opt, tw_mean(tw_square(tw_nn_dense(n, "out", tw_ones(c, TW_SHAPE(4, 3)), .units = 2))));
        }
        tw_opt_use_average(opt, true);
        net = n;
        tw_opt_minimise(tw_lbfgs(n, .only = "w", .iterations = 3), valley_loss, NULL);
        tw_opt_minimise(tw_levenberg(n, .only = "w", .iterations = 2), valley, NULL);
        const bool good = tw_ok(c);
        if (!good && tw_error_get(c)) ck_assert_int_eq(tw_error_get(c)->code, TW_ENOMEM);
        tw_close(c);
        ck_assert_int_eq(h.blocks, 0);
        if (good) break;
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("optim_steps");
    TCase *t = tcase_create("optim_steps");
    tcase_add_checked_fixture(t, open_f64, close_clean);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, a_rule_follows_the_reference, 0, N_RULES);
    tcase_add_loop_test(t, a_rule_works_in_single_precision, 0, N_RULES);
    tcase_add_test(t, averages_follow_the_reference);
    tcase_add_test(t, schedules_follow_the_reference);
    tcase_add_test(t, schedules_are_composed);
    tcase_add_test(t, a_plateau_lowers_the_rate);
    tcase_add_test(t, later_groups_win);
    tcase_add_test(t, gathering_takes_what_there_is);
    tcase_add_test(t, minimisers_follow_the_reference);
    tcase_add_test(t, minimisers_use_plans_again);
    tcase_add_test(t, minimisers_converge);
    tcase_add_test(t, minimisers_refuse);
    tcase_add_test(t, numbers_that_cannot_be);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return rig_run(s);
}
