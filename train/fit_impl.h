/* fit_impl.h - the state of a run: what a checkpoint holds beside the network and the optimiser. */
#pragma once
#include "core/op.h"
#include "train/train.h"

/* A copy of all parameters and buffers, as bytes. */
typedef struct tw__snapshot {
    int    n;
    size_t bytes;               /* of the block, entries and elements */
    struct tw__shot { const char *path; tw_dtype dtype; tw_dims dims; void *data; } *shot;    /* one block; NULL: none */
} tw__snapshot;

bool tw__snapshot_take(const tw_loc *at, tw_net *net, tw__snapshot *s);
/* Assigns it to what the network has. */
bool tw__snapshot_restore(const tw_loc *at, tw_net *net, const tw__snapshot *s);
void tw__snapshot_drop(tw_ctx *cx, tw__snapshot *s);

typedef struct tw__run {
    int     epoch;              /* the one to go on with */
    int64_t batch;              /* its next batch */
    int64_t steps;
    double  loss, metric;       /* sums over the examples of this epoch */
    int64_t seen;               /* of so many */
    double  best;               /* the lowest of what is monitored; epoch best_epoch, -1: none yet */
    int     best_epoch, bad;    /* epochs without a better one */
    bool    over;               /* patience has ended */
    int64_t size, count;        /* of a batch; of the data set: must be the same when the run goes on */
    tw__snapshot kept;          /* the weights of best_epoch */
} tw__run;

/* fit_report.c: the page of a run. */
enum { TW__FIT_LINES = 12 };
typedef struct tw__fit_page {
    const tw_loc      *at;
    tw_report         *r;               /* NULL: there is no page */
    tw_events         *events;          /* which get the same numbers; NULL: none */
    tw_net            *net;
    tw_model_fn        model;
    const tw_fit_args *o;
    bool               drawn, classifies;
    int                timed, n;        /* steps whose time was taken; layers */
    tw_node           *all;             /* the square of the gradient's norm, of this step; and of layers */
    struct tw__fit_part { const char *path; int length; tw_node *squares; } part[TW__FIT_LINES];
    double             lr, written, took;       /* of this step; when the page was last written, and how long that took */
} tw__fit_page;

void tw__fit_page_open(const tw_loc *at, tw__fit_page *p, tw_net *net, tw_model_fn model, const tw_fit_args *o, int64_t steps);
/* tw_opt_step that looks at the gradients. */
bool tw__fit_page_update(tw__fit_page *p, tw_node *loss);
void tw__fit_page_step(tw__fit_page *p, int64_t step, double loss);
void tw__fit_page_epoch(tw__fit_page *p, const tw_epoch *e);
/* as_it_is: the network has the weights to be looked at, not those that are trained. */
void tw__fit_page_end(tw__fit_page *p, bool as_it_is);

/* Writes net, opt, run and the context's random numbers. */
bool tw__checkpoint_write(const tw_loc *at, const char *path, tw_net *net, tw_opt *opt, const tw__run *run);
/* Puts all of them back as they were; parameters and their state follow when the model runs. False after failing. */
bool tw__checkpoint_read(const tw_loc *at, const char *path, tw_net *net, tw_opt *opt, tw__run *run, int epochs, bool best_at_end);
