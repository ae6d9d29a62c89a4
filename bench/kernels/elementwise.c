/* elementwise.c - operations on 10^3, 10^5 and 10^7 floats.
 *
 * Cheap ones against what the memory allows (machine.h: the faster of stores into the caches and past them), exp, log
 * and tanh against figures of a good implementation, scaled by the clock, where the memory is not slower still. At 10^3
 * floats building and looking up take longer than the work, so there the kernel is called by itself. All of them, whole
 * evaluations, against NumPy and PyTorch.
 */
#include "bench/kernels/machine.h"
#include "bench/kernels/match.h"
#include "bench/kernels/remote.h"
#include "ops/kernel/table.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Nanoseconds of an element at 2.92 GHz (exp, log and tanh alike, on a processor with vectors of 64 bytes); the bars. */
static const double FIGURE = 0.3, CLOCK = 2.92;
typedef struct work { const char *name; int block; bool two; double slack, figure; } work;
static const work works[] = {
    { "neg",  TW_B_neg,  false, 1.1, 0 }, { "relu", TW_B_relu, false, 1.1, 0 }, { "add", TW_B_add, true, 1.1, 0 }, { "mul", TW_B_mul, true, 1.1, 0 },
    { "exp",  TW_B_exp,  false, 1.2, FIGURE }, { "log", TW_B_log, false, 1.2, FIGURE }, { "tanh", TW_B_tanh, false, 1.7, FIGURE },
};
enum { WORKS = sizeof works / sizeof *works, SIZES = 3 };
static const int64_t sizes[SIZES] = { 1000, 100000, 10000000 };

typedef struct job { const work *w; tw_ctx *cx; tw_node *x, *z; tw_block b; tw_block_fn f; } job;

static tw_node *build(const job *j)
{
    switch (j->w->block) {
    case TW_B_neg:  return tw_neg(j->x);
    case TW_B_relu: return tw_relu(j->x);
    case TW_B_add:  return tw_add(j->x, j->z);
    case TW_B_mul:  return tw_mul(j->x, j->z);
    case TW_B_exp:  return tw_exp(j->x);
    case TW_B_log:  return tw_log(j->x);
    default:        return tw_tanh(j->x);
    }
}

static void evaluate(void *arg)
{
    const job *j = arg;
    TW_SCOPE(j->cx);
    tw_node *y = build(j);
    tw_eval_nodes(1, &y);
}

static void call(void *arg)
{
    const job *j = arg;
    j->f(&j->b);
}

static tw_block_fn kernel_of(int block)
{
    const struct tw__kernel_table *t = &tw__kernels_base;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) t = &tw__kernels_avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) t = &tw__kernels_avx512;
#endif
    return t->block[block][TW_F32] ? t->block[block][TW_F32] : tw__kernels_base.block[block][TW_F32];
}

typedef struct tallies { tally cheap, exact, tanh, peers; } tallies;
static double clock_ghz;

/* The bar's row: what is allowed, in nanoseconds, of n elements. */
static void against_limit(tallies *all, const work *w, const char *what, int64_t n, int threads, double ns, double memory)
{
    const double figure = w->figure * CLOCK / clock_ghz * (double)n / threads;
    tally *t = w->figure == 0 ? &all->cheap : w->block == TW_B_tanh ? &all->tanh : &all->exact;
    t->bar = 1 / w->slack;
    row(t, what, threads, ns, 0, figure > memory ? "figure" : "memory", fmax(figure, memory));
}

/* Eight of them: ours, the memory in two ways, PyTorch, for each number of threads; NumPy. */
static void one(tallies *all, tw_ctx *const cx[2], const work *w, int64_t n, const float *x, float *y)
{
    char what[32], torch[32], numpy[32];
    snprintf(what, sizeof what, "%s 1e%d", w->name, (int)lround(log10((double)n)));
    snprintf(torch, sizeof torch, "torch.%s", w->name), snprintf(numpy, sizeof numpy, "numpy.%s", w->name);
    if (!wanted(what) || (set.smoke && n > 200000)) return;
    const bool alone = n < 10000;
    remote by_torch = { torch, n }, by_numpy = { numpy, n };
    job j[2];
    stream s[2][2];
    contestant c[10], *line[10];
    int count = 0;
    for (int k = 0; k < set.n_threads; k++) {
        j[k] = (job){ w, cx[k], tw_wrap(cx[k], TW_F32, TW_SHAPE(n), x), tw_wrap(cx[k], TW_F32, TW_SHAPE(n), x + n), .f = kernel_of(w->block),
                      .b = { .n = n, .x = { x, x + n }, .y = y, .to = TW_F32 } };
        c[count++] = (contestant){ .name = "ours", .threads = set.threads[k], .run = evaluate, .arg = &j[k] };
        for (int past = 0; past < 2; past++) {
            s[k][past] = (stream){ w->two ? past ? ADD_PAST : ADD_TWO : past ? COPY_PAST : COPY_ONE, alone ? 1 : set.threads[k], n / 64 * 64, x, x + n / 64 * 64, y };
            c[count++] = (contestant){ .name = "memory", .threads = set.threads[k], .run = stream_run, .arg = &s[k][past] };
        }
        c[count++] = (contestant){ .name = "PyTorch", .threads = set.threads[k], .block = remote_block, .arg = &by_torch };
    }
    c[count++] = (contestant){ .name = "NumPy", .threads = 1, .block = remote_block, .arg = &by_numpy };
    c[count++] = (contestant){ .name = "kernel", .threads = 1, .run = call, .arg = &j[0] };
    for (int k = 0; k < count; k++) line[k] = &c[k];
    alternate(count, line);
    for (int k = 0; k < set.n_threads; k++) {
        const contestant *own = &c[4 * k], *best = own + 3;
        const double memory = fmin(own[1].ns, own[2].ns) * (double)n / (double)(n / 64 * 64);
        if (!alone) against_limit(all, w, what, n, set.threads[k], own->ns, memory);
        else if (k == 0) against_limit(all, w, what, n, 1, c[count - 1].ns, memory);
        if (best->ns == 0 || c[count - 2].ns < best->ns) best = &c[count - 2];
        if (best->ns > 0) row(&all->peers, what, set.threads[k], own->ns, 0, best->name, best->ns);
    }
}

void elementwise(void)
{
    const int64_t most = sizes[set.smoke ? 1 : 2];
    tallies all = {
        .cheap = { .section = "elementwise", .what = "cheap ones by the memory" },
        .exact = { .section = "elementwise", .what = "exp and log by the figures" },
        .tanh = { .section = "elementwise", .what = "tanh by the figures" },
        .peers = { .section = "elementwise", .what = "all by NumPy and PyTorch" },
    };
    float *v = NULL;
    if (posix_memalign((void **)&v, 4096, 3 * sizeof *v * (size_t)most)) exit(1);
    for (int64_t i = 0; i < 3 * most; i++) v[i] = (float)(i % 1000 + 1) * 2e-3f;
    clock_ghz = clock_rate();
    tw_ctx *cx[2];
    open_contexts(cx);
    for (int i = 0; i < SIZES; i++)
        for (int k = 0; k < WORKS; k++) one(&all, cx, &works[k], sizes[i], v, v + 2 * most);
    conclude(&all.cheap), conclude(&all.exact), conclude(&all.tanh), conclude(&all.peers);
    close_contexts(cx);
    free(v);
}
