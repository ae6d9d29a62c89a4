/* overhead.c - what the library itself costs: building, planning, recognising and differentiating
 * graphs, apart from the arithmetic; and one whole training step of a tiny network.
 *
 * Prints JSON lines; every figure is a median over repetitions in fresh scopes.
 *
 *   build          appending nodes. A call may make several (a number, broadcasts), so both rates.
 *   plan_hit       evaluating a value of one node in a graph that was seen before: what it takes to
 *                  recognise the graph and find its plan, with next to nothing to run.
 *   plan_hit_run   evaluating all of a graph that was seen before: recognising, and one small
 *                  kernel for each node.
 *   plan_miss      the same for graphs never seen: planning and running.
 *   gradient       appending the gradient, per node of the forward graph.
 *   step           2-5-4-1 network with ReLU, batch 8: build, gradient, SGD update, loss read.
 */
#include "bench/clock.h"
#include <thalweg.h>


enum { CHAINS = 3, MOST = 4001 };

typedef struct graph {
    tw_node *leaf[CHAINS];      /* made once, outside of all scopes */
    tw_node *first, *last;
    int      calls;
} graph;

static graph leaves(tw_ctx *cx)
{
    graph g = { .calls = 0 };
    g.leaf[0] = tw_param(cx, "a", tw_fill(cx, TW_SHAPE(8), .value = 0.5));
    g.leaf[1] = tw_param(cx, "b", tw_fill(cx, TW_SHAPE(4, 4), .value = 0.5));
    g.leaf[2] = tw_param(cx, "c", tw_fill(cx, TW_SHAPE(2, 3, 4), .value = 0.5));
    return g;
}

/* Three chains of tanh, add and mul, side by side, of some n nodes together, summed in the end. */
static void chain(graph *g, int n)
{
    tw_node *x[CHAINS];
    g->calls = 0;
    for (int k = 0; k < CHAINS; k++) x[k] = tw_add(g->leaf[k], g->leaf[k]), g->calls++;
    g->first = x[0];

    const int made = 2 * CHAINS;                                    /* so far */
    for (int i = made; i < n - 8; i += 4, g->calls += 3) {          /* the number is a node too */
        const int k = i / 4 % CHAINS;
        x[k] = tw_mul(tw_add(tw_tanh(x[k]), g->leaf[k]), 0.5);
    }
    g->last = tw_add(tw_add(tw_sum(x[0]), tw_sum(x[1])), tw_sum(x[2]));
    g->calls += 5;
}

static int nodes_of(const graph *g) { return g->last->id - g->first->id + 1; }

static void per_node(const char *what, int nodes, double ns)
{
    printf("{\"bench\":\"overhead\",\"what\":\"%s\",\"nodes\":%d,\"ns_per_node\":%.1f}\n", what, nodes, ns / nodes);
}

static void bench_build(tw_ctx *cx, graph *g, int n, int times)
{
    double t[MOST];
    int nodes = 0;
    for (int r = 0; r < times; r++) {
        TW_SCOPE(cx);
        const double since = now();
        chain(g, n);
        t[r] = now() - since;
        nodes = nodes_of(g);
    }
    const double ns = median(t, times);
    printf("{\"bench\":\"overhead\",\"what\":\"build\",\"nodes\":%d,\"calls\":%d,\"ns_per_node\":%.1f,\"ns_per_call\":%.1f}\n",
           nodes, g->calls, ns / nodes, ns / g->calls);
}

/* Evaluates the first or the last node of the same graph again and again; says so when it was not a hit. */
static void bench_hit(tw_ctx *cx, graph *g, int n, int times, bool all)
{
    double t[MOST];
    int nodes = 0;
    int64_t hits = 0;
    for (int r = -2; r < times; r++) {
        TW_SCOPE(cx);
        chain(g, n);
        tw_node *y = all ? g->last : g->first;
        if (r == 0) hits = tw_counts(cx).hits;
        const double since = now();
        tw_eval_nodes(1, &y);
        if (r >= 0) t[r] = now() - since;
        nodes = nodes_of(g);
    }
    if (tw_counts(cx).hits - hits != times) fprintf(stderr, "overhead: %d evaluations, %d hits\n", times, (int)(tw_counts(cx).hits - hits));
    per_node(all ? "plan_hit_run" : "plan_hit", nodes, median(t, times));
}

static void bench_miss(tw_ctx *cx, graph *g, int n, int times)
{
    double t[MOST];
    int nodes = 0;
    const int64_t misses = tw_counts(cx).misses;
    for (int r = 0; r < times; r++) {
        TW_SCOPE(cx);
        chain(g, n + 4 * (r + 1));                  /* another graph each time */
        const double since = now();
        tw_eval_nodes(1, &g->last);
        t[r] = now() - since;
        nodes = nodes_of(g);
    }
    if (tw_counts(cx).misses - misses != times) fprintf(stderr, "overhead: %d evaluations, %d misses\n", times, (int)(tw_counts(cx).misses - misses));
    per_node("plan_miss", nodes, median(t, times));
}

static void bench_gradient(tw_ctx *cx, graph *g, int n, int times)
{
    double t[MOST];
    int nodes = 0, emitted = 0;
    for (int r = 0; r < times; r++) {
        TW_SCOPE(cx);
        tw_node *grads[CHAINS];
        chain(g, n);
        nodes = nodes_of(g);
        const double since = now();
        tw_grads(g->last, CHAINS, g->leaf, grads);
        t[r] = now() - since;
        for (int k = 0; k < CHAINS; k++)
            if (grads[k]->id - g->last->id > emitted) emitted = grads[k]->id - g->last->id;
    }
    const double ns = median(t, times);
    printf("{\"bench\":\"overhead\",\"what\":\"gradient\",\"nodes\":%d,\"emitted\":%d,\"ns_per_forward_node\":%.1f,\"ns_per_node\":%.1f}\n",
           nodes, emitted, ns / nodes, ns / emitted);
}

/* ---- the tiny network --------------------------------------------------------------------- */

enum { LAYERS = 3, BATCH = 8 };

static double step(tw_ctx *cx, tw_node **p, const float *rows, const float *targets)
{
    TW_SCOPE(cx);
    tw_node *x = tw_data(cx, TW_F32, TW_SHAPE(BATCH, 2), rows);
    tw_node *y = tw_data(cx, TW_F32, TW_SHAPE(BATCH, 1), targets), *g[2 * LAYERS];
    for (int l = 0; l < LAYERS; l++) {
        x = tw_add(tw_matmul(x, p[2 * l]), p[2 * l + 1]);
        if (l + 1 < LAYERS) x = tw_relu(x);
    }
    tw_node *loss = tw_want(tw_mean(tw_square(tw_sub(x, y))));
    tw_grads(loss, 2 * LAYERS, p, g);
    for (int i = 0; i < 2 * LAYERS; i++) tw_assign(p[i], tw_sub(p[i], tw_mul(0.01, g[i])));
    tw_eval(cx);
    return tw_item(loss);
}

static void bench_step(tw_ctx *cx, int times)
{
    static const int width[LAYERS + 1] = { 2, 5, 4, 1 };
    static const char *const name[2 * LAYERS] = { "w1", "b1", "w2", "b2", "w3", "b3" };
    tw_node *p[2 * LAYERS];
    for (int l = 0; l < LAYERS; l++) {
        p[2 * l]     = tw_param(cx, name[2 * l], tw_normal(cx, TW_SHAPE(width[l], width[l + 1]), .std = 0.5));
        p[2 * l + 1] = tw_param(cx, name[2 * l + 1], tw_zeros(cx, TW_SHAPE(width[l + 1])));
    }
    float rows[BATCH * 2], targets[BATCH];
    for (int i = 0; i < 2 * BATCH; i++) rows[i] = (float)(i * 7 % 16) / 16;
    for (int i = 0; i < BATCH; i++) targets[i] = rows[2 * i] * rows[2 * i + 1];

    double t[MOST], loss = 0;
    for (int r = -10; r < times; r++) {
        const double since = now();
        loss = step(cx, p, rows, targets);
        if (r >= 0) t[r] = now() - since;
    }
    printf("{\"bench\":\"overhead\",\"what\":\"step\",\"network\":\"2-5-4-1\",\"batch\":%d,\"us_per_step\":%.2f,\"loss\":%.6f}\n",
           BATCH, median(t, times) / 1e3, loss);
}

int main(void)
{
    tw_ctx *cx = tw_open(.seed = 1);
    graph g = leaves(cx);
    for (int n = 100; n <= 10000; n *= 100) bench_build(cx, &g, n, n == 100 ? MOST : 101);
    for (int n = 100; n <= 10000; n *= 100) bench_hit(cx, &g, n, n == 100 ? MOST : 101, false);
    for (int n = 100; n <= 10000; n *= 100) bench_hit(cx, &g, n, n == 100 ? MOST : 101, true);
    for (int n = 100; n <= 10000; n *= 100) bench_miss(cx, &g, n, n == 100 ? 101 : 11);
    for (int n = 100; n <= 10000; n *= 100) bench_gradient(cx, &g, n, n == 100 ? MOST : 101);
    bench_step(cx, MOST);
    return tw_close(cx);
}
