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

/* Writes net, opt, run and the context's random numbers. */
bool tw__checkpoint_write(const tw_loc *at, const char *path, tw_net *net, tw_opt *opt, const tw__run *run);
/* Puts all of them back as they were; parameters and their state follow when the model runs. False after failing. */
bool tw__checkpoint_read(const tw_loc *at, const char *path, tw_net *net, tw_opt *opt, tw__run *run, int epochs, bool best_at_end);
