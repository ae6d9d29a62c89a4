/* fit.c - the loop around a model: epochs of steps, validation, early stopping, checkpoints.
 *
 * What a run does next depends on the network, the optimiser, the number of the next random node,
 * and the few numbers of tw__run; all of it is in a checkpoint, at a boundary between two steps.
 * Ctrl-C (SIGINT) lets the step end, writes a checkpoint and returns; a second one kills as ever.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "optim/opt_impl.h"
#include "train/fit_impl.h"
#include "train/train_impl.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

typedef struct fit {
    const tw_loc *at;
    tw_ctx       *cx;
    tw_net       *net;
    tw_model_fn   model;
    tw_fit_args   o;
    tw__run       run;
    tw_fit_result result;
    double        begun;            /* of the epoch */
    FILE         *log;
    tw_events    *events;           /* NULL: none */
    tw__fit_page  page;
} fit;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

/* ---- losses by their signature */

/* The model's last line is to blame. */
#define LOSS(name, call)                                                                \
    tw_node *name(tw_node *y, tw_node *target, void *user)                              \
    {                                                                                   \
        static const tw_loc here = { __FILE__, #name, __LINE__ };                       \
        const tw_loc *at = y ? y->at : &here;                                           \
        (void)user;                                                                     \
        return call(y, target);                                                         \
    }
LOSS(tw_cross_entropy_loss, tw_cross_entropy)
LOSS(tw_binary_cross_entropy_loss, tw_binary_cross_entropy)
LOSS(tw_mean_squared_error_loss, tw_mean_squared_error)
LOSS(tw_mean_absolute_error_loss, tw_mean_absolute_error)
LOSS(tw_accuracy_metric, tw_accuracy)

/* ---- one pass */

static bool answers(fit *f, const tw_batch *b, tw_node **loss, tw_node **metric)
{
    tw_node *y = f->model(f->net, b->x, f->o.user);
    tw_node *target = b->y ? b->y : b->x;
    *loss   = f->o.loss(y, target, f->o.user);
    *metric = f->o.metric ? f->o.metric(y, target, f->o.user) : NULL;
    if (tw_ok(f->cx) && (!*loss || (f->o.metric && !*metric)))
        tw_fail(f->cx, TW_EARG, "fit", f->at, "the %s gave NULL", *loss ? ".metric" : ".loss");
    return tw_ok(f->cx);
}

static bool asked_to_stop(const fit *f) { return interrupted && !f->o.ignore_interrupts; }

static void checkpoint(fit *f)
{
    if (f->o.checkpoint && tw_ok(f->cx)) tw__checkpoint_write(f->at, f->o.checkpoint, f->net, f->o.opt, &f->run);
}

/* One update; the loss and the metric before it. */
static bool update(fit *f, const tw_batch *b, double *l, double *m)
{
    const tw_loc *at = f->at;
    tw_node *loss, *metric;
    if (!answers(f, b, &loss, &metric)) return false;
    if (metric) tw_want(metric);
    if (!(f->page.r ? tw__fit_page_update(&f->page, loss) : tw_opt_step(f->o.opt, loss))) return false;
    *l = tw_item(loss), *m = metric ? tw_item(metric) : 0;
    return true;
}

typedef struct at_batch { fit *f; const tw_batch *b; } at_batch;

static tw_node *loss_of(void *of)
{
    const at_batch *t = of;
    tw_node *loss, *metric;
    return answers(t->f, t->b, &loss, &metric) ? loss : tw_nil(t->f->cx);
}

/* The batch's loss minimised, by as many iterations as the optimiser takes; the loss and the metric after them. */
static bool minimise(fit *f, const tw_batch *b, double *l, double *m)
{
    const tw_loc *at = f->at;
    *l = tw_opt_minimise(f->o.opt, loss_of, &((at_batch){ f, b })).loss, *m = 0;
    if (!tw_ok(f->cx) || !f->o.metric) return tw_ok(f->cx);
    tw_node *loss, *metric;
    if (!answers(f, b, &loss, &metric)) return false;
    *m = tw_item(metric);
    return tw_ok(f->cx);
}

static bool step(fit *f, tw_batch *b)
{
    tw__run *r = &f->run;
    const tw__update *rule = f->o.opt->update;
    double l, m;
    if (!(rule && rule->minimise ? minimise : update)(f, b, &l, &m)) return false;

    const double n = (double)b->count;
    r->loss += l * n, r->metric += m * n, r->seen += b->count;
    r->batch = b->index + 1, r->steps++;
    if (!f->o.quiet && f->o.metric) tw_progress(b, "loss %.4g, metric %.4g", r->loss / (double)r->seen, r->metric / (double)r->seen);
    else if (!f->o.quiet) tw_progress(b, "loss %.4g", r->loss / (double)r->seen);
    if (f->events) tw_events_scalar(f->events, "step/loss", r->steps, l);
    if (f->page.r) tw__fit_page_step(&f->page, r->steps, l);
    const bool go_on = !f->o.on_step || f->o.on_step(b, l, f->o.user);
    if (!go_on) f->result.stopped = true;
    const bool due = f->o.checkpoint_steps > 0 && r->steps % f->o.checkpoint_steps == 0;
    if ((due || asked_to_stop(f) || !go_on) && b->index + 1 < b->of) checkpoint(f);
    return tw_ok(f->cx) && go_on && !asked_to_stop(f);
}

/* The rest of an epoch; whether it came to its end. */
static bool learn(fit *f)
{
    const tw_loc *at = f->at;
    bool going = true;
    TW_BATCHES(b, f->o.train, .size = f->o.batch, .shuffle = !f->o.ordered, .epoch = f->run.epoch, .epochs = f->o.epochs,
               .first = f->run.batch, .workers = f->o.workers, .prefetch = f->o.prefetch)
        if (!(going = step(f, &b))) {
            going = b.index + 1 == b.of && tw_ok(f->cx) && !f->result.stopped;
            break;
        }
    return going && tw_ok(f->cx);
}

static void validate(fit *f, tw_epoch *e)
{
    const tw_loc *at = f->at;
    double loss = 0, metric = 0, n = 0;
    tw_net_training(f->net, false);
    if (f->o.opt->o.average.on) tw_opt_use_average(f->o.opt, true);
    TW_BATCHES(b, f->o.valid, .size = f->o.batch, .workers = f->o.workers, .prefetch = f->o.prefetch) {
        tw_node *both[2];
        if (!answers(f, &b, &both[0], &both[1]) || !tw_eval_nodes(both[1] ? 2 : 1, both)) break;
        loss += tw_item(both[0]) * (double)b.count, n += (double)b.count;
        if (both[1]) metric += tw_item(both[1]) * (double)b.count;
    }
    e->valid_loss = loss / n;
    if (f->o.metric) e->valid_metric = metric / n;
}

/* What the weights that were just judged are: kept if they are the best so far, before averages go back. */
static void judge(fit *f, tw_epoch *e)
{
    tw__run *r = &f->run;
    const double loss = f->o.valid ? e->valid_loss : e->loss, metric = f->o.valid ? e->valid_metric : e->metric;
    const double value = f->o.by_metric ? -metric : loss;
    e->best = value < r->best - (r->best_epoch < 0 ? 0 : f->o.min_delta);
    r->bad  = e->best ? 0 : r->bad + 1;
    if (e->best) r->best = value, r->best_epoch = e->epoch;
    if (e->best && (f->o.patience > 0 || f->o.keep_best)) tw__snapshot_take(f->at, f->net, &r->kept);
    if (f->o.patience > 0 && r->bad >= f->o.patience) r->over = true;
    tw_opt_observe(f->o.opt, value);
}

/* ---- what people see */

static void say(const fit *f, const tw_epoch *e)
{
    if (f->o.quiet) return;
    fprintf(stderr, "epoch %d/%d: loss %.4g", e->epoch + 1, e->of, e->loss);
    if (f->o.metric) fprintf(stderr, ", metric %.4g", e->metric);
    if (f->o.valid) fprintf(stderr, ", valid loss %.4g", e->valid_loss);
    if (f->o.valid && f->o.metric) fprintf(stderr, ", valid metric %.4g", e->valid_metric);
    fprintf(stderr, ", %.1f s%s\n", e->seconds, e->best ? ", best" : "");
}

static const char log_header[] = "epoch,steps,loss,metric,valid_loss,valid_metric,lr,seconds,best\n";

/* A run that goes on keeps the rows of the epochs that it has behind it. */
static void log_open(fit *f)
{
    char line[512];
    long end = 0;
    if (!f->o.log) return;
    f->log = fopen(f->o.log, f->result.resumed ? "r+" : "w");
    if (!f->log && f->result.resumed) f->log = fopen(f->o.log, "w");
    if (!f->log) {
        tw_fail(f->cx, TW_EIO, "fit", f->at, "%.150s: cannot be written", f->o.log);
        return;
    }
    for (int row = -1; f->result.resumed && row < f->run.epoch && fgets(line, sizeof line, f->log); row++) end = ftell(f->log);
    fseek(f->log, end, SEEK_SET);
    if (ftruncate(fileno(f->log), end) == 0 && end == 0) fputs(log_header, f->log);
}

static void log_row(fit *f, const tw_epoch *e)
{
    if (!f->log) return;
    fprintf(f->log, "%d,%lld,%.9g,%.9g,%.9g,%.9g,%.9g,%.3f,%d\n", e->epoch, (long long)e->steps, e->loss, e->metric, e->valid_loss,
            e->valid_metric, e->lr, e->seconds, e->best);
    fflush(f->log);
}

static void events(fit *f, const tw_epoch *e)
{
    if (!f->events) return;
    tw_events_scalar(f->events, "epoch/loss", e->steps, e->loss);
    if (f->o.metric) tw_events_scalar(f->events, "epoch/metric", e->steps, e->metric);
    if (f->o.valid) tw_events_scalar(f->events, "epoch/valid_loss", e->steps, e->valid_loss);
    if (f->o.valid && f->o.metric) tw_events_scalar(f->events, "epoch/valid_metric", e->steps, e->valid_metric);
    tw_events_scalar(f->events, "epoch/lr", e->steps, e->lr);
    tw_events_flush(f->events);
}

/* ---- the run */

static void end_epoch(fit *f)
{
    tw__run *r = &f->run;
    const double none = (double)NAN, n = (double)r->seen;
    const bool training = tw_net_is_training(f->net);
    tw_epoch e = { .epoch = r->epoch, .of = f->o.epochs, .steps = r->steps, .loss = r->loss / n, .metric = f->o.metric ? r->metric / n : none,
                   .valid_loss = none, .valid_metric = none };
    if (f->o.valid) validate(f, &e);
    tw_net_training(f->net, training);
    if (!tw_ok(f->cx)) return;
    judge(f, &e);
    if (f->o.valid && f->o.opt->o.average.on) tw_opt_use_average_at(f->at, f->o.opt, false);
    e.lr = tw_opt_lr(f->o.opt);
    e.seconds = tw__seconds() - f->begun;
    say(f, &e);
    log_row(f, &e);
    events(f, &e);
    if (f->page.r) tw__fit_page_epoch(&f->page, &e);
    r->epoch++, r->batch = 0, r->loss = r->metric = 0, r->seen = 0;
    f->result.last = e;
    if (f->o.on_epoch && !f->o.on_epoch(&e, f->o.user)) f->result.stopped = true;
    checkpoint(f);
}

static bool sensible(const fit *f)
{
    const tw_fit_args *o = &f->o;
    const char *missing = !f->model ? "the model" : !o->loss ? ".loss" : !o->train ? ".train" : !o->opt ? ".opt" : NULL;
    if (missing) return tw_fail(f->cx, TW_EARG, "fit", f->at, "%s is missing", missing), false;
    const tw_dataset *const sets[] = { o->train, o->valid };
    for (int i = 0; i < 2; i++)
        if (sets[i] && sets[i]->cx && sets[i]->cx != f->cx)
            return tw_fail(f->cx, TW_ESCOPE, "fit", f->at, "%s belongs to another context than the network", i ? ".valid" : ".train"), false;
    if (o->epochs < 0 || o->batch < 0 || o->patience < 0 || o->checkpoint_steps < 0)
        return tw_fail(f->cx, TW_EARG, "fit", f->at, ".epochs, .batch, .patience and .checkpoint_steps are not negative"), false;
    if (o->opt->cx && o->opt->update->squares)
        return tw_fail(f->cx, TW_EARG, "fit", f->at, "%s minimises squares of residuals, and .loss is one number: use tw_opt_minimise",
                       o->opt->update->name), false;
    if (o->by_metric && !o->metric) return tw_fail(f->cx, TW_EARG, "fit", f->at, ".by_metric without a .metric"), false;
    if (tw_dataset_count(o->train) == 0 || (o->valid && tw_dataset_count(o->valid) == 0))
        return tw_fail(f->cx, TW_EARG, "fit", f->at, "%s has no examples", tw_dataset_count(o->train) ? ".valid" : ".train"), false;
    return true;
}

static bool resume(fit *f)
{
    const tw_fit_args *o = &f->o;
    if (!o->checkpoint || o->restart || access(o->checkpoint, F_OK) != 0) return true;
    f->result.resumed = tw__checkpoint_read(f->at, o->checkpoint, f->net, o->opt, &f->run, o->epochs, o->patience > 0 || o->keep_best);
    return f->result.resumed;
}

static void run(fit *f)
{
    tw__run *r = &f->run;
    while (r->epoch < f->o.epochs && !r->over && !f->result.stopped && tw_ok(f->cx)) {
        f->begun = tw__seconds();
        if (!learn(f)) break;
        end_epoch(f);
        if (asked_to_stop(f)) break;
    }
    f->result.interrupted = asked_to_stop(f);
    f->result.stopped = f->result.stopped || r->over;
    const bool ended = r->over || r->epoch >= f->o.epochs;
    const bool best = ended && r->kept.n && tw_ok(f->cx);
    if (best) tw__snapshot_restore(f->at, f->net, &r->kept);
    if (f->page.r) tw__fit_page_end(&f->page, best);
}

tw_fit_result tw_fit_at(const tw_loc *at, tw_net *net, tw_model_fn model, const tw_fit_args *options)
{
    TW_OPTIONS(tw_fit_args, options);
    fit f = { .at = at, .cx = tw_net_ctx(net), .net = net, .model = model, .o = *options };
    f.run.best_epoch = f.result.best_epoch = -1, f.run.best = (double)INFINITY;
    if (!f.cx || !tw_ok(f.cx) || !sensible(&f)) return f.result;
    if (!f.o.epochs) f.o.epochs = 10;
    if (!f.o.batch) f.o.batch = 32;
    f.run.size = f.o.batch, f.run.count = tw_dataset_count(f.o.train);

    struct sigaction old, mine = { .sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND | SA_RESTART };
    interrupted = 0;
    if (!f.o.ignore_interrupts) sigaction(SIGINT, &mine, &old);
    if (resume(&f)) log_open(&f);
    if (f.o.events) f.events = tw_events_open_at(at, f.cx, f.o.events, &(tw_events_args){ .from = f.run.steps ? f.run.steps + 1 : 0 });
    if (f.o.report && tw_ok(f.cx)) tw__fit_page_open(at, &f.page, net, model, &f.o, f.run.steps);
    f.page.events = f.events;
    if (tw_ok(f.cx)) run(&f);
    if (f.log) fclose(f.log);
    if (!f.o.ignore_interrupts) sigaction(SIGINT, &old, NULL);

    tw__snapshot_drop(f.cx, &f.run.kept);
    f.result.ok = tw_ok(f.cx), f.result.epochs = f.run.epoch, f.result.steps = f.run.steps;
    f.result.best_epoch = f.run.best_epoch, f.result.best = f.o.by_metric ? -f.run.best : f.run.best;
    return f.result;
}
