/* check_fit.c - tw_fit: what it computes, when it stops, and that a run which is killed goes on with the same bits.
 *
 * The run that is killed has all that decides bits: dropout, augmentation on worker threads, batch statistics, averaged
 * weights, momenta, a rate that falls, early stopping. TW_KILLS=n kills more often than the few times of every day.
 */
#define _GNU_SOURCE
#include "io/io.h"
#include "optim/optim.h"
#include "tests/folder.h"
#include "train/train.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

/* n pictures of 6 x 6 with a bright quarter, which is the class. */
static tw_dataset *pictures(tw_ctx *cx, int n, uint64_t seed)
{
    float *x = malloc((size_t)n * 36 * sizeof *x);
    int32_t *y = malloc((size_t)n * sizeof *y);
    for (int i = 0; i < n; i++) {
        y[i] = (int32_t)(noise_bits(&seed) % 4);
        for (int k = 0; k < 36; k++) x[36 * i + k] = (float)(noise(&seed, 0, 1) + (k / 18 * 2 + k % 6 / 3 == y[i] ? 0.5 : 0));
    }
    TW_SCOPE(cx);
    tw_dataset *d = tw_dataset_tensors(tw_data(cx, TW_F32, TW_SHAPE(n, 6, 6, 1), x), tw_data(cx, TW_I32, TW_SHAPE(n), y));
    free(x), free(y);
    return d;
}

/* First values by the running number of random nodes, not by the path: a resumed network must not use them up again. */
static tw_node *draw(const tw_loc *at, const tw_init *init, const tw_init_request *r)
{
    (void)at, (void)init;
    return tw_uniform(r->cx, r->shape);
}

static tw_node *model(tw_net *net, tw_node *x, void *user)
{
    (void)user;
    x = tw_add(x, tw_nn_param(net, "offset", TW_SHAPE(1), ((tw_init){ draw, 0 })));
    x = tw_nn_conv2d(net, "conv", x, .filters = 4, .kernel = {3}, .padding = TW_SAME);
    x = tw_relu(tw_nn_batch_norm(net, "bn", x));
    x = tw_nn_dropout(net, tw_flatten(tw_max_pool2d(x, .window = {2})), .p = 0.3);
    return tw_nn_dense(net, "fc", x, .units = 4);
}

/* ---- what it computes: the loop of the tour, written out -------------------------------------- */

START_TEST(fit_is_the_loop_written_out)
{
    tw_ctx *cx = tw_open(.seed = 5), *own = tw_open(.seed = 5);
    tw_net *net = tw_net_new(cx), *other = tw_net_new(own);
    const tw_fit_result r = tw_fit(net, model, .loss = tw_cross_entropy_loss, .opt = tw_sgd(net, .lr = 0.1, .momentum = 0.9),
                                   .train = pictures(cx, 50, 1), .epochs = 3, .batch = 16, .quiet = true);
    ok(cx);
    ck_assert(r.ok && r.epochs == 3 && r.steps == 12 && !r.resumed && !r.stopped && !r.interrupted);

    tw_opt *opt = tw_sgd(other, .lr = 0.1, .momentum = 0.9);
    double loss = 0;
    for (int epoch = 0; epoch < 3; epoch++) {
        loss = 0;
        TW_BATCHES(b, pictures(own, 50, 1), .size = 16, .shuffle = true, .epoch = epoch) {
            tw_node *l = tw_cross_entropy(model(other, b.x, NULL), b.y);
            tw_opt_step(opt, l);
            loss += tw_item(l) * (double)b.count;
        }
    }
    ck_assert(r.last.loss == loss / 50);
    TW_NET_EACH(item, net, NULL) ck_assert_msg(same_bits(item->cell, tw_net_param(other, item->path)), "%s", item->path);
    ck_assert_int_eq(tw_close(cx), 0);
    ck_assert_int_eq(tw_close(own), 0);
}
END_TEST

static tw_node *one_number(tw_net *net, tw_node *x, void *user)
{
    (void)user;
    return tw_nn_dense(net, "back", tw_nn_dense(net, "code", x, .units = 1), .units = 2);
}

START_TEST(without_y_the_target_is_x)
{
    tw_ctx *cx = tw_open(.seed = 5);
    tw_net *net[2] = { tw_net_new(cx), tw_net_new(cx) };
    tw_node *x = tw_normal(cx, TW_SHAPE(40, 2)), *y[2] = { NULL, x };
    double last[2];
    for (int i = 0; i < 2; i++) {
        tw_dataset *d = tw_dataset_tensors(x, y[i]);
        const tw_fit_result r = tw_fit(net[i], one_number, .loss = tw_mean_squared_error_loss, .metric = tw_mean_absolute_error_loss, .opt = tw_sgd(net[i], .lr = 0.1),
                                       .train = d, .valid = d, .epochs = 3, .quiet = true);
        ok(cx);
        ck_assert(r.last.loss > 0 && r.last.valid_loss > 0 && r.last.metric > 0 && r.last.valid_metric > 0);
        last[i] = r.last.valid_loss;
    }
    ck_assert_double_eq(last[0], last[1]);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- early stopping --------------------------------------------------------------------------- */

typedef struct script { const double *metric; int epochs, seen; float weight; } script;

/* A model that moves by one each step, and a metric that follows a script. */
static tw_node *line(tw_net *net, tw_node *x, void *user)
{
    (void)user;
    return tw_mul(tw_nn_param(net, "w", TW_SHAPE(1), tw_zeros_init), tw_mean(x));
}

static tw_node *minus(tw_node *y, tw_node *t, void *user) { (void)t, (void)user; return tw_neg(tw_sum(y)); }

static tw_node *scripted(tw_node *y, tw_node *t, void *user)
{
    const script *s = user;
    (void)t;
    return tw_add(tw_mul(0, tw_sum(y)), s->metric[s->seen]);
}

static bool next_epoch(const tw_epoch *e, void *user)
{
    script *s = user;
    ck_assert_int_eq(e->epoch, s->seen);
    ck_assert_int_eq(e->steps, s->seen + 1);
    s->seen++;
    return s->seen < s->epochs;
}

static tw_dataset *ones(tw_ctx *cx)
{
    TW_SCOPE(cx);
    return tw_dataset_tensors(tw_fill(cx, TW_SHAPE(4, 1), .value = 1), tw_fill(cx, TW_SHAPE(4), .value = 0));
}

START_TEST(the_best_epoch_comes_back)
{
    static const double metric[] = { 0.1, 0.5, 0.4, 0.45, 0.5, 0.9 };
    tw_ctx *cx = tw_open();
    tw_net *net = tw_net_new(cx);
    script s = { metric, 99, 0, 0 };
    const tw_fit_result r = tw_fit(net, line, .loss = minus, .opt = tw_sgd(net, .lr = 1), .train = ones(cx), .metric = scripted, .by_metric = true,
                                   .patience = 3, .epochs = 50, .quiet = true, .on_epoch = next_epoch, .user = &s);
    ok(cx);
    ck_assert(r.stopped && r.epochs == 5 && r.best_epoch == 1 && !r.interrupted);
    near(r.best, 0.5, 1e-6);
    ck_assert(tw_f32(tw_net_param(net, "w"))[0] == 2);         /* after two steps of 1 */

    s = (script){ metric, 2, 0, 0 };
    tw_net *again = tw_net_new(cx);
    const tw_fit_result e = tw_fit(again, line, .loss = minus, .opt = tw_sgd(again, .lr = 1), .train = ones(cx), .epochs = 50, .metric = scripted,
                                   .quiet = true, .on_epoch = next_epoch, .user = &s);
    ck_assert(e.stopped && e.epochs == 2 && e.best_epoch == 1 && e.best == -1);        /* the lowest loss */
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(validation_neither_trains_nor_drops)
{
    tw_ctx *cx = tw_open(.seed = 2);
    tw_net *net = tw_net_new(cx);
    tw_dataset *all = pictures(cx, 60, 3), *train, *valid;
    tw_dataset_split(all, &train, &valid, .stratified = true);
    tw_opt *opt = tw_adam(net, .lr = 0.01, .average = tw_ema(0.5));
    const tw_fit_result r = tw_fit(net, model, .loss = tw_cross_entropy_loss, .opt = opt, .train = train, .valid = valid,
                                   .metric = tw_accuracy_metric, .epochs = 2, .quiet = true);
    ok(cx);
    ck_assert(tw_net_is_training(net) && r.best_epoch >= 0);
    tw_net_training(net, false);
    ck_assert(tw_opt_use_average(opt, true));
    TW_BATCHES(b, valid) {
        tw_node *y = model(net, b.x, NULL);
        item_is(tw_cross_entropy(y, b.y), r.last.valid_loss);
        item_is(tw_accuracy(y, b.y), r.last.valid_metric);
    }
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static tw_node *fails_untrained(tw_net *net, tw_node *x, void *user)
{
    tw_node *y = model(net, x, user);
    return tw_net_is_training(net) ? y : tw_reshape(y, TW_SHAPE(7));
}

/* A validation that fails leaves the network in training. */
START_TEST(a_failed_validation_leaves_training_on)
{
    tw_ctx *cx = tw_open();
    tw_net *net = tw_net_new(cx);
    tw_dataset *d = pictures(cx, 8, 1);
    ck_assert(!tw_fit(net, fails_untrained, .loss = tw_cross_entropy_loss, .opt = tw_sgd(net, .lr = 0.1), .train = d, .valid = d, .quiet = true).ok);
    ck_assert(tw_error_take(cx, NULL) && tw_net_is_training(net));
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- methods that evaluate at trial weights ------------------------------------------------------ */

/* A line and what lies on it but for some noise. */
static tw_dataset *points(tw_ctx *cx)
{
    TW_SCOPE(cx);
    tw_node *x = tw_normal(cx, TW_SHAPE(40, 3));
    return tw_dataset_tensors(x, tw_add(tw_sum(x, .axes = TW_AXES(1), .keep_dims = true), tw_normal(cx, TW_SHAPE(40, 1), .std = 0.1)));
}

static tw_node *affine(tw_net *net, tw_node *x, void *user) { (void)user; return tw_nn_dense(net, "fc", x, .units = 1); }

typedef struct points_of { tw_net *net; tw_node *x, *y; } points_of;
static tw_node *whole_loss(void *of)
{
    const points_of *w = of;
    return tw_mean_squared_error(affine(w->net, w->x, NULL), w->y);
}

START_TEST(a_minimiser_takes_the_whole_batch)
{
    tw_ctx *cx = tw_open(.seed = 3);
    tw_dataset *d = points(cx);
    tw_net *net = tw_net_new(cx), *other = tw_net_new(cx);
    tw_opt *opt = tw_lbfgs(net, .iterations = 3);
    const tw_fit_result r = tw_fit(net, affine, .loss = tw_mean_squared_error_loss, .metric = tw_mean_squared_error_loss, .opt = opt, .train = d, .valid = d,
                                   .epochs = 2, .batch = 40, .ordered = true, .quiet = true);
    ok(cx);
    ck_assert(r.ok && r.steps == 2 && tw_opt_steps(opt) > 2 && tw_opt_steps(opt) <= 6);
    points_of w = { other, NULL, NULL };
    TW_BATCHES(b, d, .size = 40) {
        w.x = b.x, w.y = b.y;
        tw_opt *by_hand = tw_lbfgs(other, .iterations = 3);
        for (int k = 0; k < 2; k++) ck_assert(tw_opt_minimise(by_hand, whole_loss, &w).loss <= r.last.loss || k == 0);
        item_is(whole_loss(&w), r.last.loss);
    }
    ck_assert(r.last.metric == r.last.loss && r.last.valid_loss == r.last.loss);       /* the loss and the metric are those after the update */
    TW_NET_EACH(item, net, NULL) ck_assert_msg(same_bits(item->cell, tw_net_param(other, item->path)), "%s", item->path);

    tw_fit(net, affine, .loss = tw_mean_squared_error_loss, .opt = tw_levenberg(net), .train = d);
    fails_with(cx, TW_EARG, "fit", __LINE__ - 1, "levenberg minimises squares of residuals, and .loss is one number: use tw_opt_minimise");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(what_fit_refuses)
{
    tw_ctx *cx = tw_open();
    tw_net *net = tw_net_new(cx);
    tw_opt *opt = tw_sgd(net, .lr = 1);
    tw_dataset *d = ones(cx);
    tw_fit(net, NULL, .loss = minus, .opt = opt, .train = d); fails_with(cx, TW_EARG, "fit", __LINE__, "the model is missing");
    tw_fit(net, line, .opt = opt, .train = d); fails_with(cx, TW_EARG, "fit", __LINE__, ".loss is missing");
    tw_fit(net, line, .loss = minus, .train = d); fails_with(cx, TW_EARG, "fit", __LINE__, ".opt is missing");
    tw_fit(net, line, .loss = minus, .opt = opt); fails_with(cx, TW_EARG, "fit", __LINE__, ".train is missing");
    tw_fit(net, line, .loss = minus, .opt = opt, .train = d, .epochs = -1); fails(cx, TW_EARG, "fit", __LINE__);
    tw_fit(net, line, .loss = minus, .opt = opt, .train = d, .by_metric = true); fails_with(cx, TW_EARG, "fit", __LINE__, "without a .metric");
    tw_fit(net, line, .loss = minus, .opt = opt, .train = d, .log = "/nonexistent/log"); fails(cx, TW_EIO, "fit", __LINE__);
    ck_assert(!tw_fit(NULL, line, .loss = minus, .opt = opt, .train = d).ok);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(the_log_is_a_table)
{
    tw_ctx *cx = tw_open();
    tw_net *net = tw_net_new(cx);
    tw_fit(net, line, .loss = minus, .opt = tw_sgd(net, .lr = 1), .train = ones(cx), .epochs = 3, .quiet = true, .log = in_folder("log.csv"));
    ok(cx);
    char text[1024], wants[] = "epoch,steps,loss,metric,valid_loss,valid_metric,lr,seconds,best\n0,1,0,nan,nan,nan,1,0.00";
    FILE *f = fopen(in_folder("log.csv"), "r");
    const size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    ck_assert_msg(!strncmp(text, wants, sizeof wants - 1), "%s", text);
    int lines = 0;
    for (const char *c = text; *c; c++) lines += *c == '\n';
    ck_assert_int_eq(lines, 4);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

#ifdef TW_HAVE_JANSSON

/* ---- killed, and going on --------------------------------------------------------------------- */

static bool slowly(const tw_batch *b, double loss, void *user)
{
    (void)b, (void)loss, (void)user;
    nanosleep(&(struct timespec){ .tv_nsec = 1500000 }, NULL);
    return true;
}

/* A whole run, which leaves its last weights in `out`. */
static void whole_run(const char *checkpoint, const char *out, bool slow)
{
    tw_ctx *cx = tw_open(.seed = 11);
    tw_net *net = tw_net_new(cx);
    tw_dataset *train, *valid;
    tw_dataset_split(pictures(cx, 90, 7), &train, &valid, .stratified = true);
    train = tw_dataset_augment(train, .shift = 1, .flip = true, .noise = 0.1, .mix_up = 0.3, .classes = 4);
    tw_opt *opt = tw_adam(net, .schedule = tw_inverse_time(0.01, 20), .average = tw_ema(0.9), .clip_norm = 1, .plateau = { .factor = 0.5, .patience = 2 },
                          .lookahead = { .steps = 5, .alpha = 0.5 }, .accumulate = 2);
    const tw_fit_result r = tw_fit(net, model, .loss = tw_cross_entropy_loss, .opt = opt, .train = train, .valid = valid, .epochs = 6, .batch = 8,
                                   .keep_best = true, .checkpoint = checkpoint, .checkpoint_steps = 4, .workers = 2, .quiet = true,
                                   .on_step = slow ? slowly : NULL);
    if (r.ok && r.epochs == 6) {
        TW_SCOPE(cx);
        tw_net_training(net, false);
        if (!tw_net_next(net, NULL, NULL)) model(net, tw_fill(cx, TW_SHAPE(2, 6, 6, 1), .value = 1), NULL);      /* the run had ended before */
        tw_eval(cx);
        tw_net_save(net, out);
    }
    tw_close(cx);
}

START_TEST(a_killed_run_ends_with_the_same_bits)
{
    const char *often = getenv("TW_KILLS");
    const int wanted = often ? atoi(often) : 6;
    char undisturbed[16384], killed[16384];
    whole_run(NULL, in_folder("a"), false);
    const size_t n = get("a", undisturbed, sizeof undisturbed);
    ck_assert_uint_gt(n, 1000);

    uint64_t seed = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    int kills = 0, ended = 0;
    for (int starts = 0; kills < wanted || !ended; starts++) {
        ck_assert_int_lt(starts, 40 * wanted + 100);
        const pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (!child) whole_run(in_folder("run"), in_folder("b"), true), _exit(0);
        if (kills < wanted) {
            nanosleep(&(struct timespec){ .tv_nsec = 1000000 + (long)(noise_bits(&seed) % 90000000) }, NULL);
            kill(child, SIGKILL);
        }
        int status;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        if (WIFSIGNALED(status)) kills++;
        else {
            ended++;
            ck_assert_uint_eq(get("b", killed, sizeof killed), n);
            ck_assert_msg(!memcmp(undisturbed, killed, n), "after %d kills the weights are others", kills);
            unlink(in_folder("b")), unlink(in_folder("run"));         /* from the beginning */
        }
    }
    printf("%d kills, %d runs to the end\n", kills, ended);
}
END_TEST

/* A network that has parameters already, in the same process: by epochs, and by a callback within one. */
static bool up_to_ten(const tw_batch *b, double loss, void *user)
{
    (void)b, (void)loss;
    return ++*(int *)user < 10;
}

START_TEST(a_stopped_run_goes_on)
{
    tw_ctx *cx = tw_open(.seed = 4), *own = tw_open(.seed = 4);
    tw_net *net = tw_net_new(cx), *other = tw_net_new(own);
    tw_opt *opt = tw_adam(net, .lr = 0.01), *whole = tw_adam(other, .lr = 0.01);
    tw_dataset *d = pictures(cx, 50, 1);
    int steps = 0;
    tw_fit_result last;
    const char *path = in_folder("c.safetensors");
    for (int k = 0; k < 2; k++) {
        const tw_fit_result r = tw_fit(net, model, .loss = tw_cross_entropy_loss, .opt = opt, .train = d, .epochs = 4, .batch = 16, .quiet = true,
                                       .checkpoint = path, .on_step = k ? NULL : up_to_ten, .user = &steps, .log = in_folder("log.csv"));
        ok(cx);
        last = r;
        ck_assert(r.resumed == (k == 1) && r.stopped == (k == 0) && r.steps == (k ? 16 : 10) && r.epochs == (k ? 4 : 2));
        if (!k) TW_NET_EACH(item, net, NULL) tw_assign(item->cell, tw_fill(cx, tw_shape_of(item->cell), .value = 7));
    }
    const tw_fit_result w = tw_fit(other, model, .loss = tw_cross_entropy_loss, .opt = whole, .train = pictures(own, 50, 1), .epochs = 4, .batch = 16,
                                   .quiet = true);
    ok(own);
    ck_assert(w.best_epoch == last.best_epoch && w.best == last.best && w.last.loss == last.last.loss && w.best_epoch > 0);
    TW_NET_EACH(item, net, NULL) ck_assert_msg(same_bits(item->cell, tw_net_param(other, item->path)), "%s", item->path);
    FILE *f = fopen(in_folder("log.csv"), "r");
    char row[200];
    for (int k = -1; k < 4; k++) {
        ck_assert_ptr_nonnull(fgets(row, sizeof row, f));
        if (k >= 0) ck_assert_int_eq(atoi(row), k);
    }
    ck_assert_ptr_null(fgets(row, sizeof row, f));
    fclose(f);
    ck_assert_int_eq(tw_close(cx), 0);
    ck_assert_int_eq(tw_close(own), 0);
}
END_TEST

/* Somebody looks at the averages when the run stops: what is written are the trained weights all the same, whether the next
 * run has the same network, with the averages in it, or a new one. */
typedef struct look { tw_opt *opt; int until; bool swap; } look;

static bool look_at_averages(const tw_epoch *e, void *user)
{
    const look *l = user;
    if (e->epoch + 1 < l->until) return true;
    if (l->swap) ck_assert(tw_opt_use_average(l->opt, true));
    return false;
}

static tw_fit_result averaged(tw_net *net, tw_opt *opt, int until, bool swap, const char *path)
{
    look l = { opt, until, swap };
    return tw_fit(net, model, .loss = tw_cross_entropy_loss, .opt = opt, .train = pictures(tw_net_ctx(net), 50, 1), .epochs = 4, .batch = 16, .quiet = true,
                  .checkpoint = path, .on_epoch = look_at_averages, .user = &l);
}

START_TEST(a_run_goes_on_from_the_trained_weights)
{
    for (int again = 0; again < 2; again++) {
        tw_ctx *cx = tw_open(.seed = 4), *own = tw_open(.seed = 4), *later = tw_open(.seed = 4);
        tw_net *net = tw_net_new(cx), *undisturbed = tw_net_new(own), *new = tw_net_new(later);
        tw_opt *opt = tw_adam(net, .lr = 0.01, .average = tw_ema(0.8)), *own_opt = tw_adam(undisturbed, .lr = 0.01, .average = tw_ema(0.8));
        const char *path = in_folder("e.safetensors");
        unlink(path);
        averaged(net, opt, 2, true, path);
        ok(cx);
        averaged(undisturbed, own_opt, 2, false, NULL);
        tw_opt_use_average(own_opt, true);
        TW_NET_EACH(item, net, NULL) ck_assert(same_bits(item->cell, tw_net_param(undisturbed, item->path)));      /* still swapped in */

        tw_net *last = again ? net : new;
        tw_opt *last_opt = again ? opt : tw_adam(new, .lr = 0.01, .average = tw_ema(0.8));
        ck_assert(averaged(last, last_opt, 4, true, path).resumed);
        ok(tw_net_ctx(last));
        tw_close(own), own = tw_open(.seed = 4), undisturbed = tw_net_new(own);
        averaged(undisturbed, own_opt = tw_adam(undisturbed, .lr = 0.01, .average = tw_ema(0.8)), 4, true, NULL);
        for (int swapped = 1; swapped >= 0; swapped--) {
            tw_opt_use_average(own_opt, swapped), tw_opt_use_average(last_opt, swapped);
            TW_NET_EACH(item, last, NULL) ck_assert_msg(same_bits(item->cell, tw_net_param(undisturbed, item->path)), "%s", item->path);
        }
        ck_assert_int_eq(tw_close(cx) + tw_close(own) + tw_close(later), 0);
    }
}
END_TEST

START_TEST(checkpoints_of_other_runs_are_refused)
{
    const char *path = in_folder("c.safetensors");
    for (int k = 0; k < 5; k++) {
        tw_ctx *cx = tw_open(.seed = k == 1 ? 9 : 4, .on_error = rig_quiet);
        tw_net *net = tw_net_new(cx);
        tw_opt *opt = k == 3 ? tw_sgd(net, .lr = 0.1) : tw_adam(net, .lr = 0.01);
        tw_dataset *d = pictures(cx, k == 2 ? 40 : 50, 1);
        if (k == 4) {
            FILE *f = fopen(path, "w");
            fprintf(f, "no checkpoint");
            fclose(f);
        }
        tw_fit(net, model, .loss = tw_cross_entropy_loss, .opt = opt, .train = d, .epochs = 1, .quiet = true, .checkpoint = path); const int line = __LINE__;
        if (k == 0) ok(cx);
        if (k == 1) fails_with(cx, TW_EARG, "fit", line, "the seed 4, not 9");
        if (k == 2) fails_with(cx, TW_EARG, "fit", line, "50 examples in batches of 32, not 40");
        if (k == 3) fails_with(cx, TW_EARG, "sgd", line, "the state is one of adam");
        if (k == 4) fails(cx, TW_EIO, "fit", line);
        tw_fit(net, model, .loss = tw_cross_entropy_loss, .opt = opt, .train = d, .epochs = 1, .quiet = true, .checkpoint = in_folder("d"), .restart = true);
        ok(cx);
        tw_close(cx);
    }
}
END_TEST

/* One epoch of two, of which the first remains the best. */
static tw_fit_result fit_first(tw_ctx *cx, int epochs)
{
    tw_net *net = tw_net_new(cx);
    return tw_fit(net, model, .loss = tw_cross_entropy_loss, .opt = tw_sgd(net, .lr = 0.1), .train = pictures(cx, 50, 1), .epochs = epochs,
                  .keep_best = true, .min_delta = 1e9, .quiet = true, .checkpoint = in_folder("b.safetensors"));
}

START_TEST(best_weights_of_other_shapes_are_refused)
{
    static char bytes[1 << 16];
    tw_ctx *cx = tw_open(.on_error = rig_quiet);
    ck_assert(fit_first(cx, 1).ok);
    const size_t n = get("b.safetensors", bytes, sizeof bytes);
    char *bias = memmem(bytes, n, "best/conv/bias", 14), *weight = memmem(bytes, n, "best/fc/weight", 14);
    ck_assert(n < sizeof bytes && bias && weight);
    memcpy(bias, "best/fc/weight", 14), memcpy(weight, "best/conv/bias", 14);
    put("b.safetensors", bytes, n);
    ck_assert(!fit_first(cx, 2).ok);
    tw_error e;
    ck_assert(tw_error_take(cx, &e) && e.code == TW_ESHAPE);
    tw_close(cx);
}
END_TEST

/* ---- Ctrl-C ------------------------------------------------------------------------------------ */

static bool interrupt_at_six(const tw_batch *b, double loss, void *user)
{
    (void)b, (void)loss;
    if (++*(int *)user == 6) raise(SIGINT);
    return true;
}

START_TEST(an_interrupt_ends_the_run_cleanly)
{
    tw_ctx *cx = tw_open(.seed = 4);
    tw_net *net = tw_net_new(cx);
    tw_opt *opt = tw_adam(net, .lr = 0.01);
    tw_dataset *d = pictures(cx, 50, 1);
    int steps = 0;
    struct sigaction before, after;
    sigaction(SIGINT, NULL, &before);
    for (int k = 0; k < 2; k++) {
        const tw_fit_result r = tw_fit(net, model, .loss = tw_cross_entropy_loss, .opt = opt, .train = d, .epochs = 3, .batch = 16, .quiet = true,
                                       .checkpoint = in_folder("i.safetensors"), .on_step = interrupt_at_six, .user = &steps);
        ok(cx);
        ck_assert(r.ok && r.interrupted == (k == 0) && r.resumed == (k == 1) && r.steps == (k ? 12 : 6));
    }
    sigaction(SIGINT, NULL, &after);
    ck_assert(before.sa_handler == after.sa_handler);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- no memory --------------------------------------------------------------------------------- */

static void twice(tw_ctx *cx)
{
    tw_net *net = tw_net_new(cx);
    unlink(in_folder("m"));
    for (int k = 0; k < 2; k++)
        tw_fit(net, line, .loss = minus, .opt = tw_adam(net, .lr = 1), .train = ones(cx), .valid = ones(cx), .epochs = 1 + k, .quiet = true,
               .keep_best = true, .checkpoint = in_folder("m"));
}

START_TEST(every_allocation_may_fail) { every_allocation_fails_once(twice); }
END_TEST

static void checkpoint_tests(TCase *t)
{
    tcase_add_test(t, a_killed_run_ends_with_the_same_bits);
    tcase_add_test(t, a_stopped_run_goes_on);
    tcase_add_test(t, a_run_goes_on_from_the_trained_weights);
    tcase_add_test(t, checkpoints_of_other_runs_are_refused);
    tcase_add_test(t, best_weights_of_other_shapes_are_refused);
    tcase_add_test(t, an_interrupt_ends_the_run_cleanly);
    tcase_add_test(t, every_allocation_may_fail);
}

#else
static void checkpoint_tests(TCase *t) { (void)t; }
#endif

int main(void)
{
    Suite *s = suite_create("fit");
    TCase *t = tcase_create("fit");
    tcase_add_checked_fixture(t, folder_make, folder_drop);
    tcase_set_timeout(t, 500);
    tcase_add_test(t, fit_is_the_loop_written_out);
    tcase_add_test(t, without_y_the_target_is_x);
    tcase_add_test(t, the_best_epoch_comes_back);
    tcase_add_test(t, validation_neither_trains_nor_drops);
    tcase_add_test(t, a_minimiser_takes_the_whole_batch);
    tcase_add_test(t, what_fit_refuses);
    tcase_add_test(t, a_failed_validation_leaves_training_on);
    tcase_add_test(t, the_log_is_a_table);
    checkpoint_tests(t);
    suite_add_tcase(s, t);
    return rig_run(s);
}
