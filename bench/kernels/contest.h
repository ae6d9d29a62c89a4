/* contest.h - several ways to do the same work, timed in turn, and the lines that say how they compare.
 *
 * A contestant works in blocks of some milliseconds, one after the other, round after round, so that what the machine
 * does meanwhile meets all of them. Threads of OpenMP spin for some milliseconds after their work, which would slow
 * down whoever comes next: with more than one thread there is a pause before each block.
 */
#pragma once
#include "bench/clock.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct contestant contestant;
struct contestant {
    const char *name;
    int         threads;
    void      (*run)(void *arg);        /* the work, once */
    void       *arg;
    /* Instead of run: up to `most` samples, nanoseconds of the work, taken in about ns; returns how many, 0 in error. */
    int       (*block)(contestant *c, double ns, double *samples, int most);
    double      ns, p99;                /* results: the median, and what one in a hundred exceeds */
    double     *samples;
    int         n;
    int64_t     calls;                  /* in a sample */
};

typedef struct settings {
    bool        smoke;                  /* everything once, what takes long left out */
    const char *name;                   /* only what has this in its name; NULL: all */
    int         threads[2], n_threads;
} settings;
extern settings set;

/* Whether the row is asked for. */
bool wanted(const char *what);
/* Fills in the results of all. Without block, run is called. */
void alternate(int n, contestant *const *all);

/* ---- lines --------------------------------------------------------------------------------- */

/* Rows that have a bar in common. Ratios above 1 say that we are faster. */
typedef struct tally {
    const char *section, *what;
    double      bar, mean_bar;          /* the least ratio that will do, of each row and of their geometric mean; 0: none */
    int         rows;
    double      sum, least;
    char        worst[64];
} tally;

/* Adds the row to t and prints it. flop may be 0. Without a peer (ns 0) only our time is printed. */
void row(tally *t, const char *what, int threads, double ns, double flop, const char *peer, double peer_ns);
/* How much faster two threads are than one. */
void scaling(tally *t, const char *what, double one, double two);
void conclude(const tally *t);

/* ---- sections ------------------------------------------------------------------------------ */

void products(void);
void convolutions(void);
void elementwise(void);
void rows(void);
void busy_core(void);
void demo(void);
