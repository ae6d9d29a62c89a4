/* check_misuse.c - wrong and extreme arguments of networks, losses, optimisers, data sets and files: each is an error that says
 * by code, operation, line and words what is wrong, and none is undefined behaviour (run it with the sanitizers).
 * What operations refuse is in check_refusals.c.
 */
#include "io/io.h"
#include "nn/sequence.h"
#include "optim/optim.h"
#include "tests/folder.h"
#include "tests/fixture.h"
#include "train/train.h"

static tw_net *net;
static tw_ctx *other;           /* another context */

static void open_all(void)
{
    folder_make();
    open_f64();
    net = tw_net_new(cx);
    other = tw_open(.on_error = rig_quiet);
}

static void close_all(void)
{
    tw_close(other);
    close_clean();
    folder_drop();
}

/* A call without a node for a result. */
#define DENIES(code, op, words, ...) do { (void)(__VA_ARGS__); fails_with(cx, code, op, __LINE__, words); } while (0)
/* Nothing is wrong with it. */
#define TAKES(...) do { ck_assert(!tw_is_nil(__VA_ARGS__)); ok(cx); } while (0)
/* What mixes contexts is an error in both. */
static void both_fail(const char *op, int line)
{
    fails(cx, TW_ESCOPE, op, line);
    fails(other, TW_ESCOPE, op, line);
}

/* ---- options that are NULL are all defaults ---------------------------------------------------- */

START_TEST(layers_without_options)
{
    tw_node *x = Z(2, 3), *steps = Z(2, 5, 4), *image = Z(2, 6, 6, 4), *line = Z(2, 6, 4), *room = Z(1, 4, 4, 4, 2), *c = NULL;
#define NEEDS(layer, x) REFUSES(TW_EARG, #layer, "give", tw_nn_##layer##_at(TW_HERE, net, "l", x, NULL))
    NEEDS(dense, x);
    NEEDS(conv1d, line);
    NEEDS(conv2d, image);
    NEEDS(conv3d, room);
    NEEDS(conv_transpose1d, line);
    NEEDS(conv_transpose2d, image);
    NEEDS(conv_transpose3d, room);
    NEEDS(embedding, tw_arange(cx, 3));
    NEEDS(rnn, steps);
    NEEDS(gru, steps);
    NEEDS(lstm, steps);
    NEEDS(positions, steps);
    NEEDS(attention, steps);
    NEEDS(decoder_block, steps);
#undef NEEDS
    REFUSES(TW_EARG, "conv2d", "kernel", tw_nn_separable_conv2d_at(TW_HERE, net, "l", image, NULL));
    REFUSES(TW_EARG, "attention", "heads", tw_nn_encoder_block_at(TW_HERE, net, "l", steps, NULL));
    REFUSES(TW_ESHAPE, "group_norm", "groups", tw_nn_group_norm_at(TW_HERE, net, "l", image, NULL));
    TAKES(tw_nn_batch_norm_at(TW_HERE, net, "batch", x, NULL));
    TAKES(tw_nn_layer_norm_at(TW_HERE, net, "layer", x, NULL));
    TAKES(tw_nn_rms_norm_at(TW_HERE, net, "rms", x, NULL));
    TAKES(tw_nn_instance_norm_at(TW_HERE, net, "instance", image, NULL));
    TAKES(tw_nn_dropout_at(TW_HERE, net, x, NULL));
    TAKES(tw_nn_rnn_cell_at(TW_HERE, net, "cell", x, Z(2, 3), NULL));
    TAKES(tw_nn_gru_cell_at(TW_HERE, net, "gru_cell", x, Z(2, 3), NULL));
    TAKES(tw_nn_lstm_cell_at(TW_HERE, net, "lstm_cell", x, Z(2, 3), &c, NULL));
    TAKES(tw_sinusoidal_at(TW_HERE, cx, 3, 4, NULL));
    TAKES(tw_rotary_at(TW_HERE, steps, NULL));
}
END_TEST

START_TEST(losses_without_options)
{
    tw_node *x = tw_ones(cx, TW_SHAPE(2, 3)), *t = tw_fill(cx, TW_SHAPE(2, 3), .value = 0.5), *labels = tw_arange(cx, 2);
#define F(name) { #name, (void (*)(void))tw_##name##_at }
    static const struct { const char *name; void (*f)(void); } pairs[] = {
        F(binary_cross_entropy), F(bernoulli_nll), F(focal_loss), F(hinge_loss), F(mean_squared_error), F(mean_absolute_error), F(huber_loss),
        F(smooth_l1_loss), F(log_cosh_loss), F(quantile_loss), F(poisson_nll), F(kl_divergence), F(js_divergence), F(gaussian_kl), F(info_nce),
        F(cosine_loss), F(dice_loss), F(iou_loss), F(cross_entropy), F(categorical_nll),
    }, triples[] = { F(gaussian_nll), F(laplace_nll), F(margin_ranking_loss), F(triplet_loss) };
#undef F
    typedef tw_node *(*pair)(const tw_loc *at, tw_node *a, tw_node *b, const void *options);
    typedef tw_node *(*triple)(const tw_loc *at, tw_node *a, tw_node *b, tw_node *c, const void *options);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        ck_assert_msg(isfinite(tw_item(((pair)pairs[i].f)(TW_HERE, t, t, NULL))), "%s", pairs[i].name);
    for (size_t i = 0; i < sizeof triples / sizeof *triples; i++)
        ck_assert_msg(isfinite(tw_item(((triple)triples[i].f)(TW_HERE, x, t, t, NULL))), "%s", triples[i].name);
    TAKES(tw_cross_entropy_at(TW_HERE, x, labels, NULL));
    TAKES(tw_ctc_loss_at(TW_HERE, tw_log_softmax(Z(2, 3, 4)), tw_ones(cx, TW_SHAPE(2, 1), .dtype = TW_I32), NULL));
}
END_TEST

/* ---- layers and losses --------------------------------------------------------------------------- */

START_TEST(sizes_that_no_layer_has)
{
    const int64_t most = INT64_MAX;
    tw_node *x = Z(2, 3), *steps = Z(1, 2, 4), *image = Z(1, 4, 4, 2);
    REFUSES(TW_ESHAPE, "uniform", "2^46", tw_nn_dense(net, "a", x, .units = most));
    REFUSES(TW_ESHAPE, "uniform", "2^46", tw_nn_conv2d(net, "b", image, .filters = 3, .kernel = { INT32_MAX }));
    REFUSES(TW_ESHAPE, "uniform", "2^46", tw_nn_conv2d(net, "b", image, .filters = most, .kernel = {9}));
    REFUSES(TW_ESHAPE, "uniform", "2^46", tw_nn_param(net, "c", TW_SHAPE(most, most, 3, 4), tw_glorot_uniform));
    REFUSES(TW_ESHAPE, "uniform", "-1", tw_nn_param(net, "c", TW_SHAPE(-1, 3), tw_glorot_uniform));
    REFUSES(TW_ESHAPE, "normal", "2^46", tw_nn_embedding(net, "d", tw_arange(cx, 3), .classes = most, .units = most));
    REFUSES(TW_ESHAPE, "uniform", "2^46", tw_nn_rnn(net, "e", steps, .units = most));
    REFUSES(TW_ESHAPE, "uniform", "2^46", tw_nn_lstm(net, "f", steps, .units = most / 2));
    REFUSES(TW_EARG, "positions", "capacity", tw_nn_positions(net, "g", steps, .capacity = INT64_MIN));
    REFUSES(TW_EARG, "positions", "capacity", tw_nn_positions(net, "g", steps, .capacity = most, .start = most));
    REFUSES(TW_ESHAPE, "arange", "2^46", tw_sinusoidal(cx, most, 4));
    tw_nn_cache *cache = tw_nn_cache_new(net, 3);
    for (int i = 0; i < 2; i++) tw_nn_cache_advance(cache, most);
    REFUSES(TW_EARG, "attention", "in a cache of 3", tw_nn_attention(net, "h", steps, .heads = 2, .causal = true, .cache = cache));
}
END_TEST

START_TEST(layers_of_nothing)
{
    TAKES(tw_nn_dense(net, "a", Z(1, 0), .units = 2, .init = tw_orthogonal));
    TAKES(tw_nn_dense(net, "b", Z(1, 0), .units = 2, .init = tw_he_uniform));
    TAKES(tw_nn_dense(net, "c", Z(0, 3), .units = 2));
    TAKES(tw_nn_positions(net, "d", Z(2, 0, 4), .capacity = 5));
    TAKES(tw_nn_attention(net, "e", Z(1, 0, 4), .heads = 2));
    TAKES(tw_nn_lstm(net, "f", Z(0, 2, 3), .units = 2));
}
END_TEST

START_TEST(options_that_a_layer_does_not_read_are_errors)
{
    tw_node *steps = Z(1, 2, 4), *image = Z(1, 4, 4, 2), *last;
    REFUSES(TW_EARG, "conv2d", "transposed", tw_nn_conv2d(net, "a", image, .filters = 2, .kernel = {3}, .output_padding = {1}));
    REFUSES(TW_EARG, "separable_conv2d", "groups is 2", tw_nn_separable_conv2d(net, "a", image, .filters = 2, .kernel = {3}, .groups = 2));
    REFUSES(TW_EARG, "gru", "lstm", tw_nn_gru(net, "a", steps, .units = 2, .last_c = &last));
    ck_assert(tw_is_nil(last));
    REFUSES(TW_EARG, "rnn", "lstm", tw_nn_rnn(net, "a", steps, .units = 2, .c = Z(1, 1, 2)));
    REFUSES(TW_EARG, "lstm", "simple cells", tw_nn_lstm(net, "a", steps, .units = 2, .relu = true));
    REFUSES(TW_EARG, "gru_cell", "simple cells", tw_nn_gru_cell(net, "a", Z(1, 3), NULL, .units = 2, .relu = true));
}
END_TEST

START_TEST(numbers_that_no_layer_takes)
{
    tw_node *steps = Z(1, 2, 4);
    REFUSES(TW_EARG, "dropout", "nan", tw_nn_attention(net, "a", steps, .heads = 2, .dropout = NaN));
    REFUSES(TW_EARG, "dropout", "-1", tw_nn_encoder_block(net, "b", steps, .heads = 2, .dropout = -1));
    REFUSES(TW_EARG, "dropout", "nan", tw_nn_rnn(net, "c", steps, .units = 2, .layers = 2, .dropout = NaN));
    REFUSES(TW_EARG, "sinusoidal", "base is -1", tw_sinusoidal(cx, 3, 4, .base = -1));
    REFUSES(TW_EARG, "rotary", "base is inf", tw_rotary(steps, .base = INF));
    REFUSES(TW_EARG, "normal", "nan", tw_nn_dense(net, "d", Z(2, 3), .units = 2, .init = tw_normal_init(NaN)));
    REFUSES(TW_EARG, "uniform", "from 1 to -1", tw_nn_dense(net, "e", Z(2, 3), .units = 2, .init = tw_uniform_init(-1)));
}
END_TEST

START_TEST(numbers_that_no_loss_takes)
{
    tw_node *x = Z(2, 3);
    REFUSES(TW_EARG, "binary_cross_entropy", "positive_weight is -1", tw_binary_cross_entropy(x, x, .positive_weight = -1));
    REFUSES(TW_EARG, "focal_loss", "gamma is nan", tw_focal_loss(x, x, .gamma = NaN));
    REFUSES(TW_EARG, "focal_loss", "alpha is 3: from 0 to 1", tw_focal_loss(x, x, .alpha = 3));
    REFUSES(TW_EARG, "margin_ranking_loss", "margin is nan", tw_margin_ranking_loss(x, x, x, .margin = NaN));
    REFUSES(TW_EARG, "triplet_loss", "margin is inf", tw_triplet_loss(x, x, x, .margin = INF));
    REFUSES(TW_EARG, "cosine_loss", "margin is nan", tw_cosine_loss(x, x, .margin = NaN));
    REFUSES(TW_EARG, "dice_loss", "smooth is -1", tw_dice_loss(x, x, .smooth = -1));
    TAKES(tw_mean_squared_error(x, x));         /* at the top of the drawing, not inside of a loss that failed */
    ck_assert_str_eq(tw_mean_squared_error(x, x)->name, "mean_squared_error");
}
END_TEST

/* After no step the one thing that was said is nothing. */
START_TEST(ctc_of_no_steps)
{
    tw_node *log_p = tw_log_softmax(Z(3, 3, 4)), *labels = tw_ones(cx, TW_SHAPE(3, 2), .dtype = TW_I64);
    tw_node *steps = tw_data(cx, TW_I64, TW_SHAPE(3), ((int64_t[]){ 0, 0, 3 })), *said = tw_data(cx, TW_I64, TW_SHAPE(3), ((int64_t[]){ 0, 1, 1 }));
    tw_node *loss = tw_ctc_loss(log_p, labels, .input_lengths = steps, .label_lengths = said, .reduction = TW_REDUCE_NONE);
    ELEMENTS(loss, 0, INF, 3 * log(4) - log(6));
}
END_TEST

/* ---- optimisers ------------------------------------------------------------------------------------ */

static tw_node *w(void) { return tw_nn_param(net, "w", TW_SHAPE(2), tw_ones_init); }
static tw_node *bowl(void *user) { (void)user; return tw_sum(tw_square(tw_sub(w(), 3))); }
static tw_node *no_number(void *user) { (void)user; return tw_sum(tw_mul(w(), NaN)); }
static tw_node *nothing_later(void *calls) { return (*(int *)calls)++ ? NULL : w(); }

START_TEST(numbers_that_no_optimiser_takes)
{
    DENIES(TW_EARG, "rmsprop", "alpha is 2", tw_rmsprop(net, .alpha = 2));
    DENIES(TW_EARG, "adadelta", "rho is -1", tw_adadelta(net, .rho = -1));
    DENIES(TW_EARG, "adam", "plateau.threshold is nan", tw_adam(net, .plateau = { .factor = 0.5, .threshold = NaN }));
    DENIES(TW_EARG, "adam", "plateau.cooldown is -1", tw_adam(net, .plateau = { .factor = 0.5, .cooldown = -1 }));
    DENIES(TW_EARG, "adam", "average.from", tw_adam(net, .average = tw_swa(INT64_MIN, 1)));
    DENIES(TW_EARG, "adam", "average.every is -2", tw_adam(net, .average = tw_swa(0, -2)));
    tw_opt *opt = tw_sgd(net, .schedule = tw_step_decay(1, 0, 0.5));
    DENIES(TW_EARG, "opt_step", "step 0", tw_opt_step(opt, bowl(NULL)));
}
END_TEST

START_TEST(schedules_at_the_ends_of_time)
{
    const tw_schedule none_of_it = tw_then(tw_constant_rate(1), -5, tw_linear_rate(1, 0, 10));
    near(tw_rate(&none_of_it, 0), 1, 0);
    const tw_schedule long_ones = tw_then(tw_constant_rate(1), INT64_MAX, tw_then(tw_constant_rate(3), INT64_MAX, tw_constant_rate(4)));
    near(tw_rate(&long_ones, 5), 1, 0);
    near(tw_rate(&long_ones, INT64_MAX), 4, 0);
}
END_TEST

START_TEST(gradients_of_another_shape)
{
    tw_opt *opt = tw_adam(net);
    ck_assert_ptr_nonnull(tw_opt_grads(opt, bowl(NULL)));
    DENIES(TW_ESHAPE, "opt_apply", "gradient 0 is [4, 2], but \"w\" is [2]", tw_opt_apply(opt, (tw_node *[]){ Z(4, 2) }));
    DENIES(TW_ESHAPE, "opt_apply", "gradient 0 is [1]", tw_opt_apply(opt, (tw_node *[]){ Z(1) }));
    ck_assert(tw_opt_apply(opt, (tw_node *[]){ Z(2) }));
}
END_TEST

START_TEST(minimisers_of_what_is_no_number)
{
    tw_opt *methods[] = { tw_lbfgs(net), tw_levenberg(net) };
    for (int i = 0; i < 2; i++) {
        const tw_opt_result r = tw_opt_minimise(methods[i], no_number, NULL);
        ok(cx);
        ck_assert_msg(isnan(r.loss) && !r.converged, "method %d: loss %g%s", i, r.loss, r.converged ? ", converged" : "");
        int calls = 0;
        DENIES(TW_EARG, "opt_minimise", "the loss is NULL", tw_opt_minimise(methods[i], nothing_later, &calls).loss);
    }
}
END_TEST

START_TEST(a_history_beyond_memory_is_as_long_as_the_run)
{
    near(tw_opt_minimise(tw_lbfgs(net, .history = INT64_MAX), bowl, NULL).loss, 0, 1e-12);
    tw_opt *endless = tw_lbfgs(net, .history = INT64_MAX, .iterations = INT64_MAX);
    DENIES(TW_ENOMEM, "opt_minimise", ".history", tw_opt_minimise(endless, bowl, NULL).loss);
}
END_TEST

/* decay 0 forgets all but the last; it is not the mean of all, which tw_swa asks for. */
START_TEST(an_average_that_forgets_is_the_weights)
{
    tw_opt *opt = tw_sgd(net, .lr = 0.1, .average = tw_ema(0));
    for (int i = 0; i < 3; i++) tw_opt_step(opt, bowl(NULL));
    const double before = tw_f64(w())[0];
    ck_assert(tw_opt_use_average(opt, true));
    near(tw_f64(w())[0], before, 0);
}
END_TEST

START_TEST(a_plateau_is_not_confused_by_nan)
{
    tw_opt *opt = tw_sgd(net, .lr = 1, .plateau = { .factor = 0.5, .patience = 1 });
    tw_opt_observe(opt, NaN);
    for (int i = 9; i > 0; i--) ck_assert(!tw_opt_observe(opt, i));
    near(tw_opt_lr(opt), 1, 0);
}
END_TEST

/* w = 1 + 0.5 (w - 1) every second step. */
START_TEST(looking_ahead_goes_half_of_the_way)
{
    tw_opt *opt = tw_sgd(net, .lr = 0.25, .lookahead = { .steps = 2 });
    for (int i = 0; i < 2; i++) tw_opt_step(opt, bowl(NULL));
    near(tw_f64(w())[0], 1 + 0.5 * (3 - 2 * 0.25 - 1), 1e-15);
}
END_TEST

/* ---- data, measures, the loop ------------------------------------------------------------------------ */

static tw_dataset *of(tw_ctx *c) { return tw_dataset_tensors(tw_ones(c, TW_SHAPE(3, 4)), tw_zeros(c, TW_SHAPE(3), .dtype = TW_I32)); }
static tw_node *model(tw_net *n, tw_node *x, void *user) { (void)user; return tw_nn_dense(n, "d", x, .units = 2); }

START_TEST(data_that_is_none)
{
    DENIES(TW_ESHAPE, "dataset_tensors", "[0, 3] has no elements", tw_dataset_tensors(Z(0, 3), NULL));
    DENIES(TW_ESHAPE, "dataset_tensors", "[3, 0] has no elements", tw_dataset_tensors(Z(3, 2), Z(3, 0)));
    tw_dataset_tensors(Z(3, 2), tw_zeros(other, TW_SHAPE(3))); both_fail("dataset_tensors", __LINE__);
    tw_dataset *images = tw_dataset_tensors(Z(2, 3, 3, 1), NULL);
    DENIES(TW_EARG, "dataset_augment", "crop", tw_dataset_augment(images, .shift = INT32_MAX, .crop = { INT32_MAX, INT32_MAX }));
    ck_assert_int_eq(tw_dataset_count(tw_dataset_augment(images, .shift = INT32_MAX)), 2);
    DENIES(TW_EARG, "dataset_folder", ".size", tw_dataset_folder(cx, folder, .size = { 0, 24 }));
}
END_TEST

START_TEST(runs_over_data_of_another_context)
{
    tw_opt *opt = tw_adam(net);
    tw_dataset *own = of(cx), *foreign = of(other);
    DENIES(TW_ESCOPE, "fit", ".train", tw_fit(net, model, .train = foreign, .loss = tw_cross_entropy_loss, .opt = opt));
    DENIES(TW_ESCOPE, "fit", ".valid", tw_fit(net, model, .train = own, .valid = foreign, .loss = tw_cross_entropy_loss, .opt = opt));
}
END_TEST

START_TEST(measures_say_what_is_wrong)
{
    tw_node *logits = tw_fill(cx, TW_SHAPE(2, 3), .value = INF), *labels = tw_arange(cx, 2);
    DENIES(TW_EARG, "top_k_accuracy", "k is 0: at least 1", tw_top_k_accuracy(logits, labels, 0));
    DENIES(TW_EARG, "calibration_error", "1001 bins", tw_calibration_error(logits, labels, 1001));
    DENIES(TW_EVALUE, "perplexity", "label of row 0 is 3: from 0 to 2", tw_perplexity(logits, tw_add(labels, 3)));
    DENIES(TW_ESHAPE, "mae", "[2, 3] and [2]", tw_mae(logits, labels));
    ck_assert(isnan(tw_calibration_error(logits, labels, 0)));

    const int64_t none[4] = { 0 };
    for (int which = TW_WEIGHTED; which < 2; which++) {
        const tw_scores s = tw_confusion_scores(2, none, which);
        ck_assert(s.precision == 0 && s.recall == 0 && s.f1 == 0 && s.count == 0);
    }
    ck_assert(isnan(tw_confusion_scores(2, none, 2).f1) && isnan(tw_confusion_scores(2, NULL, 0).f1));
    ck_assert(isnan(tw_confusion_accuracy(2, NULL)));
}
END_TEST

/* ---- files --------------------------------------------------------------------------------------------- */

START_TEST(tables_between_strange_separators)
{
    put("t.csv", "a\xa7" "b\n1\xa7" "2\n", 8);
    const char *path = in_folder("t.csv");
    for (const char *s = "\"\n\r"; *s; s++) DENIES(TW_EARG, "csv_read", ".separator", tw_csv_read(cx, path, .separator = *s));
    tw_table *t = tw_csv_read(cx, path, .separator = (char)0xa7);
    ck_assert_int_eq(tw_table_columns(t), 2);
    near(tw_table_numbers(t, 1)[0], 2, 0);
}
END_TEST

START_TEST(names_that_no_archive_takes)
{
    char longest[400];
    memset(longest, 'a', sizeof longest), longest[399] = 0;
    const tw_archive_item none = { "", Z(2) }, many = { longest, Z(2) }, foreign = { "a", tw_zeros(other, TW_SHAPE(2)) };
#ifdef TW_HAVE_LIBZIP
    DENIES(TW_EARG, "archive_write", "0 bytes", tw_archive_write(cx, in_folder("a.npz"), 1, &none));
    DENIES(TW_EARG, "archive_write", "399 bytes", tw_archive_write(cx, in_folder("a.npz"), 1, &many));
#else
    (void)none, (void)many;
#endif
    tw_archive_write(cx, in_folder("a.npz"), 1, &foreign); both_fail("archive_write", __LINE__);
}
END_TEST

/* Axes of a rule are of tensors of that rank; others lie as without the rule. */
START_TEST(rules_permute_tensors_of_their_rank)
{
    const tw_name_rule rule = { "*", "*", TW_AXES(1, 0) };
    tw_nn_conv1d(net, "c", Z(1, 6, 2), .filters = 3, .kernel = {5});
    ck_assert(tw_net_save(net, in_folder("n.st"), .names = TW_NAMES_TORCH, .rules = &rule, .n_rules = 1));
    const tw_node *weight = tw_archive_get(tw_archive_read(cx, in_folder("n.st")), "c.weight");
    ck_assert(tw_dim(weight, 0) == 3 && tw_dim(weight, 1) == 2 && tw_dim(weight, 2) == 5);
}
END_TEST

/* A program that was compiled when the struct ended after .axes knows nothing of what lies behind. */
START_TEST(options_of_older_programs_are_shorter)
{
    struct { int _size; tw_axes axes; bool rubbish[8]; } old = { .axes = TW_AXES(1) };
    memset(old.rubbish, 1, sizeof old.rubbish);
    old._size = (int)offsetof(tw_reduce_args, keep_dims);
    tw_node *y = tw_sum_at(TW_HERE, Z(2, 3), (const tw_reduce_args *)(const void *)&old);
    ck_assert_int_eq(tw_rank(y), 1);
    ck_assert_int_eq(tw_dim(y, 0), 2);
    ck_assert_int_eq(tw_rank(tw_sum(Z(2, 3), .axes = TW_AXES(1), .keep_dims = true)), 2);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        layers_without_options, losses_without_options, sizes_that_no_layer_has, layers_of_nothing,
        options_that_a_layer_does_not_read_are_errors, numbers_that_no_layer_takes, numbers_that_no_loss_takes, ctc_of_no_steps,
        numbers_that_no_optimiser_takes, schedules_at_the_ends_of_time, gradients_of_another_shape, minimisers_of_what_is_no_number,
        a_history_beyond_memory_is_as_long_as_the_run, an_average_that_forgets_is_the_weights, a_plateau_is_not_confused_by_nan,
        looking_ahead_goes_half_of_the_way, data_that_is_none, runs_over_data_of_another_context, measures_say_what_is_wrong,
        tables_between_strange_separators, names_that_no_archive_takes, rules_permute_tensors_of_their_rank,
        options_of_older_programs_are_shorter,
    };
    Suite *s = suite_create("misuse");
    TCase *c = tcase_create("programs");
    tcase_add_checked_fixture(c, open_all, close_all);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(c, tests[i]);
    suite_add_tcase(s, c);
    return rig_run(s);
}
