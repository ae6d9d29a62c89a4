/* fit_report.c - what tw_fit puts on its page: sizes of gradients at each step, the time of layers, and after some epochs how the
 * network is and what it answers.
 *
 * Looking costs a part of the run: the page is written again when twenty times as long has passed as it took the last time.
 * Nothing here changes a bit of the run: the number of the next random node is put back.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "optim/opt_impl.h"
#include "ops/ops.h"
#include "train/fit_impl.h"
#include "train/report_impl.h"
#include "train/train_impl.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { TIMED_STEPS = 5, NAME = 300, REST = 20 };

static bool usable(const tw__fit_page *p) { return p->r && p->r->cx && tw_ok(p->r->cx); }

void tw__fit_page_open(const tw_loc *at, tw__fit_page *p, tw_net *net, tw_model_fn model, const tw_fit_args *o, int64_t steps)
{
    char text[64];
    *p = (tw__fit_page){ .at = at, .net = net, .model = model, .o = o };
    p->r = tw_report_open_at(at, tw_net_ctx(net), o->report, &(tw_report_args){ .from = steps ? steps + 1 : 0 });
    if (!usable(p)) return;
    tw_report_note(p->r, "optimiser", o->opt->update ? o->opt->update->name : "none");
    snprintf(text, sizeof text, "%" PRId64 " in batches of %" PRId64, tw_dataset_count(o->train), o->batch);
    tw_report_note(p->r, "examples", text);
    snprintf(text, sizeof text, "%" PRIu64, tw_seed(p->r->cx));
    tw_report_note(p->r, "seed", text);
}

/* ---- the sizes of gradients: of each layer, which is a path without the parameter's own name, and of all */

static int layer_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return (int)(slash ? slash - path : (long)strlen(path));
}

static tw_node *plus(const tw_loc *at, tw_node *sum, tw_node *x) { return sum ? tw_add(sum, x) : x; }

/* The sums of squares of gradients, to be evaluated with the step. */
static void want_squares(tw__fit_page *p, tw_node *const *grads)
{
    const tw_loc *at = p->at;
    p->n = 0, p->all = NULL;
    for (int i = 0; i < tw_opt_count(p->o->opt); i++) {
        if (tw_is_zero(grads[i])) continue;
        const char *path = p->o->opt->live[i]->item->path;
        const int length = layer_length(path);
        tw_node *square = tw_sum(tw_square(grads[i]));
        p->all = plus(at, p->all, square);
        int k = 0;
        while (k < p->n && (p->part[k].length != length || strncmp(p->part[k].path, path, (size_t)length))) k++;
        if (k == TW__FIT_LINES) continue;
        if (k == p->n) p->part[p->n++] = (struct tw__fit_part){ path, length, NULL };
        p->part[k].squares = plus(at, p->part[k].squares, square);
    }
    if (p->all) tw_want(p->all);
    for (int k = 0; k < p->n; k++) tw_want(p->part[k].squares);
}

static void note(tw__fit_page *p, const char *tag, int64_t step, double value)
{
    tw_report_scalar(p->r, tag, step, value);
    if (p->events) tw_events_scalar(p->events, tag, step, value);
}

static void note_norms(tw__fit_page *p, int64_t step)
{
    const tw_loc *at = p->at;
    char tag[NAME];
    if (p->all) note(p, "gradient norm/all", step, sqrt(tw_item(p->all)));
    for (int k = 0; k < p->n; k++) {
        snprintf(tag, sizeof tag, "gradient norm/%.*s", p->part[k].length, p->part[k].path);
        note(p, tag, step, sqrt(tw_item(p->part[k].squares)));
    }
}

/* ---- the time of layers */

typedef struct stopwatch { tw_report *r; const tw_node *loss; } stopwatch;

/* A derivative's time is its layer's; what comes later than the loss and is none updates; what is in no layer has its operation's name. */
static void add_time(void *user, const tw_node *n, double ns)
{
    const stopwatch *w = user;
    const bool gradient = n->flags & TW_N_GRAD, update = !gradient && n->id > w->loss->id;
    char layer[NAME];
    const char *path = n->name ? n->name : "", *slash = strrchr(path, '/');
    const int length = n->flags & TW_N_NAMED ? (int)(slash ? slash - path : 0) : (int)strlen(path);
    if (update) snprintf(layer, sizeof layer, "update");
    else if (length) snprintf(layer, sizeof layer, "%.*s", length, path);
    else snprintf(layer, sizeof layer, "(%s)", gradient ? "other gradients" : n->op->name);
    tw__report_time(w->r, layer, gradient || update ? 0 : ns, gradient || update ? ns : 0);
}

/* ---- steps */

bool tw__fit_page_update(tw__fit_page *p, tw_node *loss)
{
    const tw_loc *at = p->at;
    tw_ctx *cx = tw_net_ctx(p->net);
    tw_opt *opt = p->o->opt;
    if (!p->drawn) tw_report_graph_at(at, p->r, 1, &loss);
    p->drawn = true, p->lr = tw_opt_lr(opt);
    tw_node **grads = tw_opt_grads(opt, loss);
    if (!grads) return false;
    want_squares(p, grads);
    const bool timed = p->timed < TIMED_STEPS, before = timed && tw_profile(cx, true);
    const bool good = tw_opt_apply(opt, grads);
    if (timed) {
        tw_profile(cx, before);
        tw__report_times_begin(p->r);
        tw_plan_times(cx, add_time, &(stopwatch){ p->r, loss });
        p->timed++;
    }
    return good;
}

void tw__fit_page_step(tw__fit_page *p, int64_t step, double loss)
{
    tw_report_scalar(p->r, "loss/each step", step, loss);
    if (p->o->opt->update->minimise) return;
    note(p, "learning rate/rate", step, p->lr);
    note_norms(p, step);
}

/* ---- epochs */

static void look_at_layers(tw__fit_page *p)
{
    tw_dataset *d = p->o->valid ? p->o->valid : p->o->train;
    const tw_loc *at = p->at;
    TW_BATCHES(b, d, .size = p->o->batch, .workers = -1) {
        tw_node *y = p->model(p->net, b.x, p->o->user);
        p->classifies = p->o->valid && tw__report_classifies(y, b.y);
        tw_report_network_at(at, p->r, p->net, y);
        break;
    }
}

static void look_at_answers(tw__fit_page *p)
{
    if (!p->classifies || !usable(p)) return;
    TW_SCOPE(p->r->cx);
    const tw_predict_args o = { .batch = p->o->batch, .workers = p->o->workers, .user = p->o->user };
    tw_report_answers_at(p->at, p->r, p->o->valid, tw_predict_at(p->at, p->net, p->model, p->o->valid, &o));
}

/* With the averages, if there are some, unless the network has the weights to be looked at already. */
static void look(tw__fit_page *p, bool as_it_is)
{
    tw_ctx *cx = p->r->cx;
    const uint64_t random = tw_random_count(cx);
    const bool training = tw_net_is_training(p->net), averages = p->o->opt->o.average.on && !as_it_is && !p->o->opt->swapped;
    tw_net_training(p->net, false);
    if (averages) tw_opt_use_average_at(p->at, p->o->opt, true);
    look_at_layers(p), look_at_answers(p);
    if (averages) tw_opt_use_average_at(p->at, p->o->opt, false);
    tw_net_training(p->net, training);
    tw_random_set(cx, random);
}

static void write(tw__fit_page *p, bool as_it_is)
{
    const double begun = tw__seconds();
    char text[64];
    if (!usable(p)) return;
    look(p, as_it_is);
    snprintf(text, sizeof text, "%" PRId64, tw_net_count(p->net));
    tw_report_note(p->r, "parameters", text);
    tw_report_write_at(p->at, p->r);
    p->written = tw__seconds(), p->took = p->written - begun;
}

void tw__fit_page_epoch(tw__fit_page *p, const tw_epoch *e)
{
    char text[64];
    if (!usable(p)) return;
    tw_report_scalar(p->r, "loss/train", e->steps, e->loss);
    if (p->o->metric) tw_report_scalar(p->r, "metric/train", e->steps, e->metric);
    if (p->o->valid) tw_report_scalar(p->r, "loss/valid", e->steps, e->valid_loss);
    if (p->o->valid && p->o->metric) tw_report_scalar(p->r, "metric/valid", e->steps, e->valid_metric);
    snprintf(text, sizeof text, "%d of %d, the last in %.3g s", e->epoch + 1, e->of, e->seconds);
    tw_report_note(p->r, "epochs", text);
    snprintf(text, sizeof text, "%d: %.4g", e->epoch + 1, p->o->by_metric ? (p->o->valid ? e->valid_metric : e->metric) : p->o->valid ? e->valid_loss : e->loss);
    if (e->best) tw_report_note(p->r, "best epoch", text);
    if (tw__seconds() - p->written > REST * p->took) write(p, false);
}

void tw__fit_page_end(tw__fit_page *p, bool as_it_is) { write(p, as_it_is); }
