/* reads.c - many reads of one tensor: the time to build and run the gradient of a sum of n reads of a table.
 *
 * Cotangents of reads add into one tensor in place, so the time a read takes should not depend on n.
 * For each kind of read and n = 1,000, 10,000, 100,000, prints JSON lines with microseconds a read
 * (medians; everything: build, differentiate, plan, run) and its ratio to n = 1,000: "planned" when
 * the graph is new, "replayed" when it was seen before. Graphs of 100,000 reads are planned always.
 *
 * "growing" is a program without scopes that reads a value after every few of n operations, never in the same
 * pattern: what a read takes should not depend on how much was built before.
 */
#include "thalweg.h"
#include <stdlib.h>
#include <time.h>

enum { ROWS = 10000, WIDTH = 64, RUNS = 3 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int rising(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef tw_node *(*read_fn)(tw_ctx *cx, tw_node *table, int64_t row);

static tw_node *by_gather(tw_ctx *cx, tw_node *table, int64_t row)
{
    return tw_gather(table, tw_data(cx, TW_I64, TW_SHAPE(1, 1), &row));
}
static tw_node *by_take(tw_ctx *cx, tw_node *table, int64_t row)
{
    return tw_take(table, tw_data(cx, TW_I64, TW_SHAPE(1), &row));
}
static tw_node *by_index(tw_ctx *cx, tw_node *table, int64_t row)
{
    (void)cx;
    return tw_index(table, .at = row);
}
static tw_node *by_slice(tw_ctx *cx, tw_node *table, int64_t row)
{
    (void)cx;
    return tw_slice(table, .start = { row }, .size = { 1 });
}

/* Microseconds of one gradient of the sum of n reads; checks its sum. */
static double once(tw_ctx *cx, tw_node *table, read_fn reads, int n)
{
    TW_SCOPE(cx);
    const double since = now();
    tw_node *loss = tw_scalar(cx, 0);
    for (int64_t k = 0; k < n; k++) loss = tw_add(loss, tw_sum(reads(cx, table, k * 7919 % ROWS)));
    tw_node *g = tw_grad(loss, table);
    tw_eval_nodes(1, &g);
    const double t = now() - since;
    if (tw_item(tw_sum(g)) != (double)n * WIDTH) fprintf(stderr, "reads: a wrong gradient\n"), exit(1);
    return t;
}

/* The median of some runs, of one graph that was seen before or of new ones. */
static double median_each(tw_ctx *cx, tw_node *table, read_fn reads, int n, bool seen)
{
    double t[RUNS];
    if (seen) once(cx, table, reads, n);
    for (int r = 0; r < RUNS; r++) t[r] = once(cx, table, reads, seen ? n : n + r) / n;
    qsort(t, RUNS, sizeof *t, rising);
    return t[RUNS / 2];
}

static double growing(int n)
{
    uint32_t s = 1;
    int reads = 0;
    tw_ctx *cx = tw_open(.threads = 1);
    tw_node *w = tw_param(cx, "w", tw_fill(cx, TW_SHAPE(8), .value = 0.5)), *x = tw_mul(w, 1);
    const double since = now();
    for (int i = 0; i < n; reads++) {
        for (int k = 1 + (int)((s = s * 1664525 + 1013904223) >> 24) % 12; k > 0; k--, i++) {
            s = s * 1664525 + 1013904223;
            x = s >> 28 & 1 ? tw_tanh(x) : tw_add(x, w);
        }
        if (!tw_f32(x)) exit(1);
    }
    const double t = (now() - since) / reads;
    if (tw_close(cx)) exit(1);
    return t;
}

int main(void)
{
    double few = 0;
    for (int n = 1000; n <= 100000; n *= 10) {
        const double each = growing(n);
        if (n == 1000) few = each;
        printf("{\"bench\":\"reads\",\"kind\":\"growing\",\"operations\":%d,\"us_per_read\":%.3f,\"ratio\":%.2f}\n", n, each, each / few);
    }

    static const struct { const char *name; read_fn f; } kinds[] = {
        { "gather", by_gather }, { "take", by_take }, { "index", by_index }, { "slice", by_slice },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        double first[2] = { 0 };
        for (int n = 1000; n <= 100000; n *= 10) {
            tw_ctx *cx = tw_open();
            tw_node *table = tw_param(cx, "table", tw_normal(cx, TW_SHAPE(ROWS, WIDTH)));
            double each[2];
            for (int seen = 0; seen < 2; seen++) {
                each[seen] = median_each(cx, table, kinds[i].f, n, seen);
                if (n == 1000) first[seen] = each[seen];
            }
            printf("{\"bench\":\"reads\",\"kind\":\"%s\",\"reads\":%d,\"planned_us_per_read\":%.3f,\"ratio\":%.2f,"
                   "\"replayed_us_per_read\":%.3f,\"replayed_ratio\":%.2f}\n",
                   kinds[i].name, n, each[0], each[0] / first[0], each[1], each[1] / first[1]);
            if (tw_close(cx)) return 1;
        }
    }
    return 0;
}
