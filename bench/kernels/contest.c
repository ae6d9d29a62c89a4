/* contest.c - blocks in turn, and their medians. */
#include "bench/kernels/contest.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 1 << 14, ROUNDS = 3 };
static const double BLOCK = 30e6, SAMPLE = 20e3, PAUSE = 15e6;

settings set;

bool wanted(const char *what) { return !set.name || strstr(what, set.name); }

static void pause_for(double ns)
{
    nanosleep(&(struct timespec){ .tv_nsec = (long)ns }, NULL);
}

static int block(contestant *c, double ns, double *samples, int most)
{
    const double begin = now();
    int n = 0;
    if (c->calls == 0) {
        c->run(c->arg);
        const double since = now();
        c->run(c->arg);
        c->calls = set.smoke ? 1 : (int64_t)(SAMPLE / (now() - since + 1)) + 1;
    } else if (c->calls > 1) {
        c->run(c->arg);
    }
    while (n < most && (n < 2 || now() - begin < ns)) {
        const double since = now();
        for (int64_t k = 0; k < c->calls; k++) c->run(c->arg);
        samples[n++] = (now() - since) / (double)c->calls;
    }
    return n;
}

void alternate(int n, contestant *const *all)
{
    for (int k = 0; k < n; k++) all[k]->samples = malloc(MOST * sizeof(double)), all[k]->n = 0, all[k]->calls = 0;
    for (int round = 0; round < (set.smoke ? 1 : ROUNDS); round++)
        for (int i = 0; i < n; i++) {
            contestant *c = all[round % 2 ? n - 1 - i : i];
            if (!set.smoke && set.n_threads > 1) pause_for(PAUSE);
            if (c->samples) c->n += (c->block ? c->block : block)(c, set.smoke ? 0 : BLOCK, c->samples + c->n, (MOST - c->n) / (ROUNDS - round));
        }
    for (int k = 0; k < n; k++) {
        contestant *c = all[k];
        c->ns = c->n ? median(c->samples, c->n) : 0;
        c->p99 = c->n ? c->samples[(int64_t)c->n * 99 / 100] : 0;
        free(c->samples);
        c->samples = NULL;
    }
}

/* ---- lines --------------------------------------------------------------------------------- */

static void count(tally *t, const char *what, int threads, double ratio)
{
    if (t->rows == 0 || ratio < t->least) {
        t->least = ratio;
        snprintf(t->worst, sizeof t->worst, "%s, %d thread%s", what, threads, threads > 1 ? "s" : "");
    }
    t->sum += log(ratio), t->rows++;
}

static void begin(const tally *t) { printf("{\"bench\": \"kernels\", \"section\": \"%s\"", t->section); }
static void end(void) { puts("}"); fflush(stdout); }

void row(tally *t, const char *what, int threads, double ns, double flop, const char *peer, double peer_ns)
{
    begin(t);
    printf(", \"what\": \"%s\", \"threads\": %d, \"us\": %.4g", what, threads, ns * 1e-3);
    if (flop > 0) printf(", \"gflops\": %.4g", flop / ns);
    if (peer_ns > 0) {
        const double ratio = peer_ns / ns;
        printf(", \"peer\": \"%s\", \"peer_us\": %.4g, \"ratio\": %.3f", peer, peer_ns * 1e-3, ratio);
        if (t->bar > 0) printf(", \"bar\": %.3g, \"met\": %s", t->bar, ratio >= t->bar ? "true" : "false");
        count(t, what, threads, ratio);
    }
    end();
}

void scaling(tally *t, const char *what, double one, double two)
{
    begin(t);
    printf(", \"what\": \"%s\", \"us\": %.4g, \"us_of_one_thread\": %.4g, \"ratio\": %.3f, \"bar\": %.3g, \"met\": %s", what, two * 1e-3, one * 1e-3,
           one / two, t->bar, one / two >= t->bar ? "true" : "false");
    count(t, what, 2, one / two);
    end();
}

void conclude(const tally *t)
{
    if (!t->rows) return;
    const double mean = exp(t->sum / t->rows);
    begin(t);
    printf(", \"summary\": \"%s\", \"rows\": %d, \"geometric_mean\": %.3f, \"least\": %.3f, \"worst\": \"%s\"", t->what, t->rows, mean, t->least, t->worst);
    if (t->mean_bar > 0) printf(", \"bar_of_mean\": %.3g", t->mean_bar);
    if (t->bar > 0) printf(", \"bar_of_least\": %.3g", t->bar);
    printf(", \"met\": %s", mean >= t->mean_bar && t->least >= t->bar ? "true" : "false");
    end();
}
