/* check_losses.c - every loss and its gradient against PyTorch's numbers; what losses refuse.
 *
 * The numbers are in reference_nn.inc, written by tools/reference.py, which has the same inputs.
 */
#include "nn/nn.h"
#include "tests/fixture.h"

#define LOSS(name, value, n, ...) static const double name##_value = value, name##_gradient[n] = __VA_ARGS__;
#define OUTPUT(...)
#define SLOPE(...)
#include "tests/reference_nn.inc"
#undef SLOPE
#undef OUTPUT
#undef LOSS

#define wave(...) rig_wave(cx, __VA_ARGS__)

/* What the losses compare with, as tools/reference.py has it. */
static tw_node *target(void)   { return wave(TW_SHAPE(4, 3), 1, 2, 0.7); }
static tw_node *other(void)    { return wave(TW_SHAPE(4, 3), 1.2, 1, 1.3); }
static tw_node *share(void)    { return tw_add(0.5, wave(TW_SHAPE(4, 3), 0.4, 1, 1.1)); }
static tw_node *soft(void)     { return tw_softmax(target()); }
static tw_node *positive(void) { return tw_exp(other()); }
static tw_node *labels(void)   { return tw_data(cx, TW_I64, TW_SHAPE(4), ((int64_t[]){ 2, 0, 1, 2 })); }
static tw_node *weights(void)  { return tw_data(cx, TW_F64, TW_SHAPE(3), ((double[]){ 0.5, 2, 1.25 })); }
static tw_node *sign(void)     { return tw_data(cx, TW_F64, TW_SHAPE(4), ((double[]){ 1, -1, 1, -1 })); }
static tw_node *one_or_none(void) { return tw_cast(tw_greater(share(), 0.5), TW_F64); }
static tw_node *pairs(int a, int b) { return tw_data(cx, TW_I32, TW_SHAPE(2), ((int32_t[]){ a, b })); }
static tw_node *says(int s, const int32_t *l) { return tw_data(cx, TW_I32, TW_SHAPE(2, s), l); }

#define LOSSES(ROW)                                                                                                     \
    ROW(cross_entropy,       tw_cross_entropy(x, labels()))                                                             \
    ROW(cross_entropy_all,   tw_cross_entropy(x, labels(), .class_weights = weights(), .label_smoothing = 0.2, .ignore = TW_LABELS(0))) \
    ROW(cross_entropy_soft,  tw_cross_entropy(x, soft(), .class_weights = weights(), .label_smoothing = 0.1))           \
    ROW(categorical_nll,     tw_categorical_nll(x, labels(), .ignore = TW_LABELS(1)))                                   \
    ROW(binary,              tw_binary_cross_entropy(x, share()))                                                       \
    ROW(binary_weighted,     tw_binary_cross_entropy(x, share(), .positive_weight = 3))                                 \
    ROW(binary_by_class,     tw_binary_cross_entropy(x, share(), .positive_weights = weights()))                        \
    ROW(bernoulli_nll,       tw_bernoulli_nll(tw_sigmoid(x), share()))                                                  \
    ROW(focal,               tw_focal_loss(x, one_or_none(), .gamma = 1.5, .alpha = 0.25))                              \
    ROW(hinge,               tw_hinge_loss(x, tw_sign(target())))                                                       \
    ROW(squared_hinge,       tw_hinge_loss(x, tw_sign(target()), .squared = true))                                      \
    ROW(mean_squared_error,  tw_mean_squared_error(x, target()))                                                        \
    ROW(mean_absolute_error, tw_mean_absolute_error(x, target()))                                                       \
    ROW(huber,               tw_huber_loss(x, target(), .delta = 0.7))                                                  \
    ROW(smooth_l1,           tw_smooth_l1_loss(x, target(), .delta = 0.7))                                              \
    ROW(log_cosh,            tw_log_cosh_loss(x, target()))                                                             \
    ROW(quantile,            tw_quantile_loss(x, target(), .q = 0.9))                                                   \
    ROW(gaussian_nll,        tw_gaussian_nll(x, positive(), target(), .full = true))                                    \
    ROW(gaussian_nll_of_variance, tw_gaussian_nll(other(), tw_exp(x), target()))                                        \
    ROW(laplace_nll,         tw_laplace_nll(x, positive(), target()))                                                   \
    ROW(poisson_nll,         tw_poisson_nll(x, tw_mul(3, share()), .full = true))                                       \
    ROW(kl_from_logs,        tw_kl_divergence(tw_log_softmax(x), tw_log(soft()), .logs = true))                         \
    ROW(kl,                  tw_kl_divergence(tw_softmax(x), soft()))                                                   \
    ROW(kl_reverse,          tw_kl_divergence(soft(), tw_softmax(x)))                                                   \
    ROW(js,                  tw_js_divergence(tw_softmax(x), soft()))                                                   \
    ROW(gaussian_kl,         tw_gaussian_kl(x, target(), .mean = other(), .log_variance = share()))                     \
    ROW(gaussian_kl_standard, tw_gaussian_kl(target(), x))                                                              \
    ROW(margin_ranking,      tw_margin_ranking_loss(x, target(), tw_sign(other()), .margin = 0.3))                      \
    ROW(triplet,             tw_triplet_loss(x, target(), other(), .margin = 1.2))                                      \
    ROW(cosine,              tw_cosine_loss(x, target(), .t = sign(), .margin = 0.1))                                   \
    ROW(info_nce,            tw_info_nce(x, target(), .temperature = 0.2))                                              \
    ROW(clip,                tw_info_nce(x, target(), .temperature = 0.2, .symmetric = true))                           \
    ROW(dice,                tw_dice_loss(tw_sigmoid(x), share()))                                                      \
    ROW(iou,                 tw_iou_loss(tw_sigmoid(x), share(), .smooth = 0.5))                                        \
    ROW(ctc,                 tw_ctc_loss(tw_log_softmax(x), says(3, (int32_t[]){ 1, 1, 2, 2, 0, 0 }),                   \
                                         .input_lengths = pairs(6, 4), .label_lengths = pairs(3, 1)))                   \
    ROW(ctc_sum,             tw_ctc_loss(tw_log_softmax(x), says(2, (int32_t[]){ 1, 0, 2, 1 }), .blank = 3,             \
                                         .reduction = TW_REDUCE_SUM))

#define ROW(name, ...) static tw_node *make_##name(tw_node *x) { return __VA_ARGS__; }
LOSSES(ROW)
#undef ROW

static const struct { const char *name; tw_node *(*make)(tw_node *x); double value; const double *gradient; int64_t n; } losses[] = {
#define ROW(name, ...) { #name, make_##name, name##_value, name##_gradient, (int64_t)(sizeof name##_gradient / sizeof(double)) },
    LOSSES(ROW)
#undef ROW
};
enum { N_LOSSES = (int)(sizeof losses / sizeof *losses) };

START_TEST(a_loss_follows_the_reference)
{
    const tw_shape shape = losses[_i].n == 12 ? TW_SHAPE(4, 3) : TW_SHAPE(2, 6, 4);
    tw_node *x = wave(shape, 1.5, 0.4, 0.9), *loss = losses[_i].make(x), *g = tw_grad(loss, x);
    ok(cx);
    ck_assert_int_eq(tw_rank(loss), 0);
    if (!close_to(tw_item(loss), losses[_i].value, 1e-10)) ck_abort_msg("%s is %.15g, not %.15g", losses[_i].name, tw_item(loss), losses[_i].value);
    for (int64_t i = 0; i < losses[_i].n; i++)
        if (!close_to(tw_f64(g)[i], losses[_i].gradient[i], 1e-10))
            ck_abort_msg("%s: derivative %d is %.15g, not %.15g", losses[_i].name, (int)i, tw_f64(g)[i], losses[_i].gradient[i]);
}
END_TEST

/* The mean and the sum are of what TW_REDUCE_NONE gives. */
START_TEST(reductions)
{
    tw_node *x = wave(TW_SHAPE(4, 3), 1.5, 0.4, 0.9);
#define BOTH(n, f, ...) do {                                                                        \
        tw_node *each = f(__VA_ARGS__, .reduction = TW_REDUCE_NONE);                                \
        ck_assert_int_eq(tw_count(each), n);                                                        \
        near(tw_item(f(__VA_ARGS__)), tw_item(tw_mean(each)), 1e-13);                               \
        near(tw_item(f(__VA_ARGS__, .reduction = TW_REDUCE_SUM)), tw_item(tw_sum(each)), 1e-13);    \
    } while (0)
    BOTH(4, tw_cross_entropy, x, labels());
    BOTH(4, tw_cross_entropy, x, soft());
    BOTH(12, tw_binary_cross_entropy, x, share());
    BOTH(12, tw_mean_squared_error, x, target());
    BOTH(4, tw_kl_divergence, soft(), tw_softmax(x));
    BOTH(4, tw_triplet_loss, x, target(), other());
    BOTH(4, tw_dice_loss, share(), share());
#undef BOTH
}
END_TEST

/* Where something is 0 or impossible: values and derivatives stay numbers. */
START_TEST(edges)
{
    tw_node *p = tw_data(cx, TW_F64, TW_SHAPE(1, 3), ((double[]){ 0, 0.25, 0.75 }));
    tw_node *q = tw_data(cx, TW_F64, TW_SHAPE(1, 3), ((double[]){ 0, 0.5, 0.5 }));
    const double kl = 0.25 * log(0.5) + 0.75 * log(1.5);
    near(tw_item(tw_kl_divergence(p, q)), kl, 1e-15);
    near(tw_f64(tw_grad(tw_kl_divergence(p, q), q))[0], 0, 0);
    near(tw_item(tw_js_divergence(p, p)), 0, 0);
    ck_assert(isfinite(tw_f64(tw_grad(tw_js_divergence(p, q), q))[0]));
    tw_node *yes = tw_data(cx, TW_F64, TW_SHAPE(2), ((double[]){ 0, 1 }));
    near(tw_item(tw_bernoulli_nll(yes, yes)), 0, 0);
    near(tw_item(tw_bernoulli_nll(tw_sub(1, yes), yes)), 100, 0);
    tw_node *d = tw_zeros(cx, TW_SHAPE(2)), *g = tw_grad(tw_log_cosh_loss(d, tw_zeros(cx, TW_SHAPE(2)), .reduction = TW_REDUCE_SUM), d);
    near(tw_f64(g)[0], 0, 0);
    near(tw_f64(tw_grad(tw_sum(g), d))[0], 1, 1e-15);
    tw_node *none = tw_cross_entropy(tw_zeros(cx, TW_SHAPE(2, 3)), tw_data(cx, TW_I32, TW_SHAPE(2), ((int32_t[]){ 255, -1 })),
                                     .ignore = TW_LABELS(255, -1), .reduction = TW_REDUCE_SUM);
    near(tw_item(none), 0, 0);
    tw_node *short_log_p = tw_log_softmax(tw_zeros(cx, TW_SHAPE(1, 2, 3)));
    near(tw_item(tw_ctc_loss(short_log_p, tw_data(cx, TW_I32, TW_SHAPE(1, 2), ((int32_t[]){ 1, 1 })))), INF, 0);
    near(tw_item(tw_ctc_loss(short_log_p, tw_zeros(cx, TW_SHAPE(1, 0), .dtype = TW_I32))), log(9), 1e-15);
}
END_TEST

START_TEST(losses_refuse)
{
    tw_node *x = wave(TW_SHAPE(4, 3), 1, 0, 1), *column = tw_zeros(cx, TW_SHAPE(4, 1));
    tw_cross_entropy(x, labels(), .class_weights = tw_zeros(cx, TW_SHAPE(4)));
    fails_with(cx, TW_ESHAPE, "cross_entropy", __LINE__ - 1, "[4] for 3 classes");
    tw_cross_entropy(x, labels(), .label_smoothing = 1.5);
    fails_with(cx, TW_EARG, "cross_entropy", __LINE__ - 1, "label_smoothing is 1.5");
    tw_cross_entropy(x, soft(), .ignore = TW_LABELS(1));
    fails_with(cx, TW_EARG, "cross_entropy", __LINE__ - 1, ".ignore");
    tw_huber_loss(x, column);
    fails_with(cx, TW_ESHAPE, "huber_loss", __LINE__ - 1, "[4, 1]");
    tw_huber_loss(x, target(), .delta = -1);
    fails_with(cx, TW_EARG, "huber_loss", __LINE__ - 1, "delta is -1");
    tw_quantile_loss(x, target(), .q = 1);
    fails_with(cx, TW_EARG, "quantile_loss", __LINE__ - 1, "q is 1");
    tw_gaussian_nll(x, column, target());
    fails_with(cx, TW_ESHAPE, "gaussian_nll", __LINE__ - 1, "[4, 1]");
    tw_gaussian_nll(x, target(), NULL);
    fails_with(cx, TW_EARG, "gaussian_nll", __LINE__ - 1, "argument 2");
    tw_info_nce(labels(), labels());
    fails_with(cx, TW_ESHAPE, "info_nce", __LINE__ - 1, "[4]");
    tw_info_nce(x, target(), .temperature = -1);
    fails_with(cx, TW_EARG, "info_nce", __LINE__ - 1, "temperature is -1");
    tw_ctc_loss(x, labels());
    fails_with(cx, TW_ESHAPE, "ctc_loss", __LINE__ - 1, "[4, 3]");
    tw_node *steps = tw_zeros(cx, TW_SHAPE(2, 6, 4)), *words = says(1, (int32_t[]){ 1, 1 });
    tw_ctc_loss(steps, words, .blank = 4);
    fails_with(cx, TW_EARG, "ctc_loss", __LINE__ - 1, "blank is 4");
    tw_ctc_loss(steps, tw_zeros(cx, TW_SHAPE(2, 1)));
    fails_with(cx, TW_EDTYPE, "ctc_loss", __LINE__ - 1, "f64");
    tw_ctc_loss(steps, words, .label_lengths = labels());
    fails_with(cx, TW_ESHAPE, "ctc_loss", __LINE__ - 1, "label lengths");
    tw_ctx *strange = rig_open(TW_F64, NULL, true);
    tw_mean_squared_error(x, tw_zeros(strange, TW_SHAPE(4, 3)));
    fails(cx, TW_ESCOPE, "mean_squared_error", __LINE__ - 1);
    fails(strange, TW_ESCOPE, "mean_squared_error", __LINE__ - 2);
    tw_close(strange);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("losses");
    TCase *t = tcase_create("losses");
    tcase_add_checked_fixture(t, open_f64, close_clean);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, a_loss_follows_the_reference, 0, N_LOSSES);
    tcase_add_test(t, reductions);
    tcase_add_test(t, edges);
    tcase_add_test(t, losses_refuse);
    suite_add_tcase(s, t);
    return rig_run(s);
}
