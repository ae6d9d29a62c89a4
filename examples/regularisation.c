/* regularisation.c - seven ways against overfitting, on a small noisy data set; and why two of them are priors.
 *
 * 100 objects of 20 features, of which two matter, and noise: a network of 3,700 weights learns them by heart. The
 * error on what it has not seen falls at first and then grows. Printed are the means of squared errors at the end,
 * and how many weights of the first layer are exactly 0, which the proximal step of L1 makes them. The baseline is the
 * mean of the targets.
 *
 * Then MAP. Maximising p(y | w) p(w) is minimising -log p(y | w) - log p(w): a Gaussian prior of variance
 * 1/tau adds tau/2 |w|^2, a Laplace prior of scale 1/tau adds tau |w|_1.
 *
 *     regularisation [epochs]         400 by default; draws regularisation.svg, and writes all curves into regularisation.html
 *
 * SPDX-License-Identifier: MIT
 */
#include <thalweg.h>

#include <math.h>
#include <stdlib.h>

enum { FEATURES = 20, FEW = 100, MANY = 2000 };

typedef struct method {
    const char *name;
    double l1, l2, dropout;
    bool   batch_norm;
    int    patience;
} method;

static const method methods[] = {
    { .name = "none" },
    { .name = "L1",             .l1 = 0.1 },
    { .name = "L2",             .l2 = 0.1 },
    { .name = "elastic net",    .l1 = 0.05, .l2 = 0.05 },
    { .name = "dropout",        .dropout = 0.3 },
    { .name = "batch norm",     .batch_norm = true },
    { .name = "early stopping", .patience = 10 },
};
enum { METHODS = sizeof methods / sizeof *methods };

static tw_node *model(tw_net *net, tw_node *x, void *user)
{
    const method *m = user;
    for (int layer = 0; layer < 2; layer++) {
        x = tw_nn_dense(net, layer ? "second" : "first", x, .units = 50, .init = tw_he_normal);
        if (m->batch_norm) x = tw_nn_batch_norm(net, layer ? "norm2" : "norm1", x);
        x = tw_relu(x);
        if (m->dropout) x = tw_nn_dropout(net, x, .p = m->dropout);
    }
    return tw_nn_dense(net, "output", x, .units = 1);
}

/* n objects: y = 2 x_0 + |x_1| + noise of deviation 1. */
static tw_dataset *objects(tw_ctx *cx, int64_t n)
{
    tw_node *x = tw_normal(cx, TW_SHAPE(n, FEATURES)), *noise = tw_normal(cx, TW_SHAPE(n), .std = 1);
    tw_node *y = tw_add(tw_mul(2, tw_index(x, .axis = 1, .at = 0)), tw_abs(tw_index(x, .axis = 1, .at = 1)));
    return tw_dataset_tensors(x, tw_expand_dims(tw_add(y, noise), .axis = 1));
}

typedef struct run { method m; tw_plot *plot; tw_report *report; } run;

static bool draw(const tw_epoch *e, void *user)
{
    const run *r = user;
    char train[64], unseen[64];
    snprintf(train, sizeof train, "error on what is learned from/%s", r->m.name);
    snprintf(unseen, sizeof unseen, "error on unseen objects/%s", r->m.name);
    tw_report_scalar(r->report, train, e->epoch + 1, e->loss);
    tw_report_scalar(r->report, unseen, e->epoch + 1, e->valid_loss);
    tw_plot_line(r->plot, r->m.name, e->epoch + 1, e->valid_loss);
    return true;
}

static int64_t zeros(tw_net *net) { return (int64_t)tw_item(tw_sum(tw_equal(tw_net_param(net, "first/weight"), 0))); }

static void compare(tw_ctx *cx, int epochs, tw_plot *p, tw_report *report)
{
    tw_dataset *train = objects(cx, FEW), *valid = objects(cx, FEW), *test = objects(cx, MANY);
    tw_node *y = tw_dataset_targets(test);
    printf("%-16s %8s %8s %8s\n", "", "train", "test", "zeros");
    printf("%-16s %8s %8.3f\n", "the mean", "", tw_item(tw_var(y)));
    for (int i = 0; i < METHODS && tw_ok(cx); i++) {
        run r = { methods[i], p, report };
        tw_net *net = tw_net_new(cx);
        tw_opt *opt = tw_sgd(net, .lr = 0.003, .momentum = 0.9, .l2 = r.m.l2, .proximal_l1 = r.m.l1);
        tw_fit(net, model, .loss = tw_mean_squared_error_loss, .opt = opt, .train = train, .valid = valid, .epochs = epochs,
               .patience = r.m.patience, .on_epoch = draw, .user = &r, .quiet = true);

        TW_SCOPE(cx);
        const double fit = tw_rmse(tw_predict(net, model, train, .user = &r), tw_dataset_targets(train));
        const double risk = tw_rmse(tw_predict(net, model, test, .user = &r), y);
        printf("%-16s %8.3f %8.3f %8lld\n", r.m.name, fit * fit, risk * risk, (long long)zeros(net));
    }
}

/* ---- priors */

static const double tau = 8;

/* -log p(y | w) - log p(w) for linear regression with noise of variance 1, but for a constant. */
static tw_node *likelihood(tw_node *x, tw_node *y, tw_node *w)
{
    return tw_gaussian_nll(tw_inner(x, w), tw_ones_like(y), y, .reduction = TW_REDUCE_SUM);
}

static tw_node *prior(tw_node *w, bool laplace)
{
    tw_node *centre = tw_zeros_like(w), *size = tw_full_like(w, 1 / tau);
    return laplace ? tw_laplace_nll(centre, size, w, .reduction = TW_REDUCE_SUM) : tw_gaussian_nll(centre, size, w, .reduction = TW_REDUCE_SUM);
}

/* Where the penalised loss is least, the posterior is greatest: there its derivative is 0, but at the kinks of Laplace's,
 * where the likelihood's stays within -tau and tau. */
static void maximise(tw_ctx *cx, bool laplace)
{
    tw_node *x = tw_normal(cx, TW_SHAPE(FEW, FEATURES)), *noise = tw_normal(cx, TW_SHAPE(FEW));
    tw_node *y = tw_add(tw_index(x, .axis = 1, .at = 0), noise);
    tw_net  *net = tw_net_new(cx);
    tw_opt  *opt = laplace ? tw_sgd(net, .lr = 0.004, .proximal_l1 = tau) : tw_sgd(net, .lr = 0.004, .l2 = tau);
    for (int step = 0; step < 1000 && tw_ok(cx); step++) {
        TW_SCOPE(cx);
        tw_opt_step(opt, likelihood(x, y, tw_nn_param(net, "w", TW_SHAPE(FEATURES), tw_zeros_init)));
    }
    tw_node *w = tw_net_param(net, "w"), *zero = tw_equal(w, 0);
    tw_node *g = tw_abs(tw_grad(tw_add(likelihood(x, y, w), prior(w, laplace)), w));
    printf("derivative of the posterior with a %s prior where %s is least: at most %.0e", laplace ? "Laplace" : "Gaussian", laplace ? "L1" : "L2",
           tw_item(tw_max(tw_where(zero, 0, g))));
    if (laplace) printf(" but at %lld zeros, there %.2f tau", (long long)tw_item(tw_sum(zero)), tw_item(tw_max(tw_where(zero, g, 0))) / tau);
    putchar('\n');
}

int main(int argc, char **argv)
{
    tw_ctx  *cx = tw_open(.seed = 2, .dtype = TW_F64);
    tw_plot *p  = tw_plot_new(cx, .title = "Against overfitting: 100 objects, 20 features", .x = "epochs", .y = "squared error on unseen objects");
    tw_report *report = tw_report_open(cx, "regularisation.html", .title = "Against overfitting");
    compare(cx, argc > 1 ? atoi(argv[1]) : 400, p, report);
    maximise(cx, false);
    maximise(cx, true);
    if (tw_report_write(report)) printf("curves: regularisation.html\n");
    if (tw_plot_write(p, "regularisation.svg")) printf("picture: regularisation.svg\n");
    return tw_close(cx);
}
