/* match.h - one product or convolution, ours and oneDNN's, at each number of threads. */
#pragma once
#include "bench/kernels/contest.h"
#include "bench/kernels/onednn.h"
#include "thalweg.h"

typedef struct match {
    const char *what;
    double      flop;
    int64_t     results;                        /* elements */
    tw_node  *(*build)(tw_ctx *cx, void *job);  /* in a scope */
    void       *job[2];                         /* for each number of threads, of its context */
    tw_ctx     *cx[2];
    onednn     *peer[2];                        /* NULL: none; dropped at the end */
} match;

/* against: oneDNN; scale: what two threads gain, for work of 10 MFLOP and more. Results that differ end the program. */
void play(match *m, tally *against, tally *scale);
/* Numbers in [-1, 1), the same for each call; the program ends without memory. */
float *numbers(int64_t n);
/* A context for each number of threads. */
void open_contexts(tw_ctx *cx[2]);
void close_contexts(tw_ctx *cx[2]);
