/* match.c - ours is a whole evaluation of a graph that was seen before: building, looking up, running. */
#include "bench/kernels/match.h"
#include <math.h>
#include <stdio.h>

static const double MUCH = 10e6;        /* flop: what two threads must gain on */

typedef struct turn { const match *m; int k; } turn;

static void ours(void *arg)
{
    const turn *t = arg;
    tw_ctx *cx = t->m->cx[t->k];
    TW_SCOPE(cx);
    tw_node *y = t->m->build(cx, t->m->job[t->k]);
    tw_eval_nodes(1, &y);
}

static void compare(const match *m, int k)
{
    tw_ctx *cx = m->cx[k];
    TW_SCOPE(cx);
    const float *a = tw_f32(m->build(cx, m->job[k]));
    onednn_run(m->peer[k]);
    float *b = onednn_result(m->peer[k], m->results);
    double worst = 0, most = 0;
    for (int64_t i = 0; a && i < m->results; i++) {
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
        most = fmax(most, fabs((double)b[i]));
    }
    free(b);
    if (a && worst <= 1e-3 * most) return;
    fprintf(stderr, "kernels: %s: %g apart, of %g\n", m->what, worst, most);
    exit(1);
}

void play(match *m, tally *against, tally *scale)
{
    turn turns[2] = { { m, 0 }, { m, 1 } };
    contestant c[4], *all[4];
    int n = 0;
    for (int k = 0; k < set.n_threads; k++) {
        if (m->peer[k]) compare(m, k);
        c[n] = (contestant){ .name = "ours", .threads = set.threads[k], .run = ours, .arg = &turns[k] }, all[n] = &c[n], n++;
        if (m->peer[k]) c[n] = (contestant){ .name = "oneDNN", .threads = set.threads[k], .run = onednn_run, .arg = m->peer[k] }, all[n] = &c[n], n++;
    }
    alternate(n, all);
    const int each = n / set.n_threads;
    for (int k = 0; k < set.n_threads; k++) {
        row(against, m->what, set.threads[k], c[k * each].ns, m->flop, "oneDNN", each > 1 ? c[k * each + 1].ns : 0);
        onednn_drop(m->peer[k]);
    }
    if (set.n_threads == 2 && m->flop >= MUCH) scaling(scale, m->what, c[0].ns, c[each].ns);
}

float *numbers(int64_t n)
{
    float *v = malloc((size_t)n * sizeof *v);
    if (!v) exit(1);
    uint32_t state = 1;
    for (int64_t i = 0; i < n; i++) state = state * 1664525 + 1013904223, v[i] = (float)(state >> 8) * 0x1p-23f - 1;
    return v;
}

void open_contexts(tw_ctx *cx[2])
{
    for (int k = 0; k < set.n_threads; k++) cx[k] = tw_open(.threads = set.threads[k]);
}

void close_contexts(tw_ctx *cx[2])
{
    for (int k = 0; k < set.n_threads; k++)
        if (tw_close(cx[k])) exit(1);
}
