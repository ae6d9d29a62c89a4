/* conv.c - convolutions, against oneDNN's on channels-last tensors where it was found.
 *
 *     conv [threads [name]]      default one thread, all shapes
 *
 * For each shape and pass (forward, data and weights: the derivatives to x and w) prints a JSON line with our median
 * time, oneDNN's of the same run, taken in turn, and their ratio: above 1 ours is faster. Ours is a whole evaluation of
 * a graph that was seen before. oneDNN may keep its weights in a layout of its choice, which it is not timed for
 * making. Results are compared; another one than oneDNN's ends the program. Last comes the geometric mean.
 */
#include "thalweg.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct shape { const char *name; int n, size, c, o, k, stride, padding, groups; } shape;
static const shape shapes[] = {
    { "3x3 [32,56,56,64->64]",            32, 56,  64,  64, 3, 1, 1, 1 },
    { "3x3 [32,28,28,128->128]",          32, 28, 128, 128, 3, 1, 1, 1 },
    { "3x3 [64,28,28,1->32]",             64, 28,   1,  32, 3, 1, 1, 1 },
    { "3x3 [64,32,32,3->16]",             64, 32,   3,  16, 3, 1, 1, 1 },
    { "3x3 [64,32,32,16->16]",            64, 32,  16,  16, 3, 1, 1, 1 },
    { "3x3 stride 2 [32,56,56,64->128]",  32, 56,  64, 128, 3, 2, 1, 1 },
    { "7x7 stride 2 [8,112,112,3->64]",    8, 112,  3,  64, 7, 2, 3, 1 },
    { "1x1 [32,28,28,64->256]",           32, 28,  64, 256, 1, 1, 0, 1 },
    { "1x1 [32,28,28,256->64]",           32, 28, 256,  64, 1, 1, 0, 1 },
    { "1x1 stride 2 [32,28,28,128->256]", 32, 28, 128, 256, 1, 2, 0, 1 },
    { "depthwise 3x3 [32,56,56,64]",      32, 56,  64,  64, 3, 1, 1, 64 },
    { "depthwise 3x3 stride 2 [32,56,56,128]", 32, 56, 128, 128, 3, 2, 1, 128 },
    { "depthwise 5x5 [32,14,14,240]",     32, 14, 240, 240, 5, 1, 2, 240 },
    { "3x3, 4 groups [32,28,28,128->128]", 32, 28, 128, 128, 3, 1, 1, 4 },
};
enum { SHAPES = sizeof shapes / sizeof *shapes, FORWARD = 0, DATA, WEIGHTS, PASSES, RUNS = 200 };
static const char *const passes[PASSES] = { "forward", "data", "weights" };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int rising(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int outputs(const shape *s) { return (s->size + 2 * s->padding - s->k) / s->stride + 1; }

/* ---- oneDNN ------------------------------------------------------------------------------ */

typedef struct peer peer;

#ifdef TW_HAVE_DNNL
#include <oneapi/dnnl/dnnl.h>

#define TRY(call) do { if ((call) != dnnl_success) fprintf(stderr, "conv: %s failed\n", #call), exit(1); } while (0)

struct peer { dnnl_stream_t stream; dnnl_primitive_t run; dnnl_exec_arg_t args[3]; dnnl_memory_t result; };

static dnnl_engine_t engine;

/* OpenMP's, where oneDNN uses it. */
extern void omp_set_num_threads(int n) __attribute__((weak));

static dnnl_memory_t memory(const dnnl_memory_desc_t *d, void *data)
{
    dnnl_memory_t m;
    TRY(dnnl_memory_create(&m, d, engine, data));
    return m;
}

static void reorder(dnnl_stream_t stream, dnnl_memory_t from, dnnl_memory_t to)
{
    const dnnl_memory_desc_t *a, *b;
    dnnl_primitive_desc_t d;
    dnnl_primitive_t p;
    TRY(dnnl_memory_get_memory_desc(from, &a));
    TRY(dnnl_memory_get_memory_desc(to, &b));
    TRY(dnnl_reorder_primitive_desc_create(&d, a, engine, b, engine, NULL));
    TRY(dnnl_primitive_create(&p, d));
    TRY(dnnl_primitive_execute(p, stream, 2, (dnnl_exec_arg_t[]){ { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } }));
    TRY(dnnl_stream_wait(stream));
    dnnl_primitive_destroy(p), dnnl_primitive_desc_destroy(d);
}

/* Weights as we have them, [kh, kw, in / groups, out], and in a layout of oneDNN's choice. */
static void weight_layouts(const shape *s, dnnl_memory_desc_t *ours, dnnl_memory_desc_t *any)
{
    const int in = s->c / s->groups, out = s->o / s->groups;
    const dnnl_dims_t dims = { s->groups, out, in, s->k, s->k };
    const dnnl_dims_t strides = { out, 1, s->o, (dnnl_dim_t)s->k * in * s->o, (dnnl_dim_t)in * s->o };
    const int plain = s->groups == 1;
    TRY(dnnl_memory_desc_init_by_strides(ours, 5 - plain, dims + plain, dnnl_f32, strides + plain));
    TRY(dnnl_memory_desc_init_by_tag(any, 5 - plain, dims + plain, dnnl_f32, dnnl_format_tag_any));
}

static peer peer_new(const shape *s, int pass, void *const data[PASSES])
{
    const dnnl_dims_t x = { s->n, s->c, s->size, s->size }, y = { s->n, s->o, outputs(s), outputs(s) };
    const dnnl_dims_t stride = { s->stride, s->stride }, padding = { s->padding, s->padding };
    dnnl_memory_desc_t dx, dy, dw, ours;
    TRY(dnnl_memory_desc_init_by_tag(&dx, 4, x, dnnl_f32, dnnl_nhwc));
    TRY(dnnl_memory_desc_init_by_tag(&dy, 4, y, dnnl_f32, dnnl_nhwc));
    weight_layouts(s, &ours, &dw);

    dnnl_convolution_desc_t d[PASSES];
    dnnl_primitive_desc_t forward, p;
    TRY(dnnl_convolution_forward_desc_init(&d[FORWARD], dnnl_forward_training, dnnl_convolution_direct, &dx, &dw, NULL, &dy,
                                           stride, padding, padding));
    TRY(dnnl_convolution_backward_data_desc_init(&d[DATA], dnnl_convolution_direct, &dx, &dw, &dy, stride, padding, padding));
    TRY(dnnl_convolution_backward_weights_desc_init(&d[WEIGHTS], dnnl_convolution_direct, &dx, &dw, NULL, &dy, stride, padding, padding));
    TRY(dnnl_primitive_desc_create(&forward, &d[FORWARD], NULL, engine, NULL));
    TRY(dnnl_primitive_desc_create(&p, &d[pass], NULL, engine, pass == FORWARD ? NULL : forward));

    peer q = { 0 };
    TRY(dnnl_stream_create(&q.stream, engine, dnnl_stream_default_flags));
    TRY(dnnl_primitive_create(&q.run, p));
    const dnnl_query_t which = pass == WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
    dnnl_memory_t w = memory(dnnl_primitive_desc_query_md(p, which, 0), DNNL_MEMORY_ALLOCATE);
    if (pass != WEIGHTS) reorder(q.stream, memory(&ours, data[WEIGHTS]), w);
    dnnl_memory_t mx = memory(&dx, pass == DATA ? DNNL_MEMORY_ALLOCATE : data[DATA]);
    dnnl_memory_t my = memory(&dy, pass == FORWARD ? DNNL_MEMORY_ALLOCATE : data[FORWARD]);
    q.args[0] = (dnnl_exec_arg_t){ pass == DATA ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, mx };
    q.args[1] = (dnnl_exec_arg_t){ pass == WEIGHTS ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, w };
    q.args[2] = (dnnl_exec_arg_t){ pass == FORWARD ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, my };
    q.result = pass == FORWARD ? my : pass == DATA ? mx : w;
    dnnl_primitive_desc_destroy(p), dnnl_primitive_desc_destroy(forward);
    return q;
}

static void peer_run(const peer *q)
{
    TRY(dnnl_primitive_execute(q->run, q->stream, 3, q->args));
    TRY(dnnl_stream_wait(q->stream));
}

/* What it computed, in our layout; the caller frees. */
static float *peer_result(const peer *q, const shape *s, int pass, int64_t count)
{
    dnnl_memory_desc_t ours, any;
    const dnnl_memory_desc_t *have;
    weight_layouts(s, &ours, &any);
    TRY(dnnl_memory_get_memory_desc(q->result, &have));
    float *to = malloc((size_t)count * sizeof *to);
    dnnl_memory_t m = memory(pass == WEIGHTS ? &ours : have, to);
    reorder(q->stream, q->result, m);
    dnnl_memory_destroy(m);
    return to;
}

static void peer_drop(peer *q)
{
    for (int i = 0; i < 3; i++) dnnl_memory_destroy(q->args[i].memory);
    dnnl_primitive_destroy(q->run), dnnl_stream_destroy(q->stream);
}

static void peer_open(int threads)
{
    if (omp_set_num_threads) omp_set_num_threads(threads);
    TRY(dnnl_engine_create(&engine, dnnl_cpu, 0));
}
enum { HAVE_PEER = 1 };
#else
struct peer { int none; };
static peer   peer_new(const shape *s, int pass, void *const data[PASSES]) { (void)s, (void)pass, (void)data; return (peer){ 0 }; }
static void   peer_run(const peer *q) { (void)q; }
static float *peer_result(const peer *q, const shape *s, int pass, int64_t count) { (void)q, (void)s, (void)pass, (void)count; return NULL; }
static void   peer_drop(peer *q) { (void)q; }
static void   peer_open(int threads) { (void)threads; }
enum { HAVE_PEER = 0 };
#endif

/* ---- ours -------------------------------------------------------------------------------- */

/* The pass's result, evaluated. */
static tw_node *ours(const shape *s, int pass, tw_node *x, tw_node *w, tw_node *gy)
{
    tw_node *y = tw_conv2d(x, w, .stride = { s->stride }, .padding = TW_PAD(s->padding), .groups = s->groups), *g;
    if (pass != FORWARD) tw_vjp(1, &y, &gy, 1, pass == DATA ? &x : &w, &g);
    tw_node *result = pass == FORWARD ? y : g;
    tw_eval_nodes(1, &result);
    return result;
}

static void compare(const shape *s, int pass, const float *a, const float *b, int64_t n)
{
    double worst = 0, most = 0;
    for (int64_t i = 0; i < n; i++) {
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
        most = fmax(most, fabs((double)b[i]));
    }
    if (worst <= 1e-3 * most) return;
    fprintf(stderr, "conv: %s, %s: %g apart, of %g\n", s->name, passes[pass], worst, most);
    exit(1);
}

/* Medians of both, in milliseconds, taken in turn. */
static void measure(tw_ctx *cx, const shape *s, int pass, double *own, double *theirs)
{
    TW_SCOPE(cx);
    const int in = s->c / s->groups;
    tw_node *leaf[PASSES] = {
        tw_uniform(cx, TW_SHAPE(s->n, outputs(s), outputs(s), s->o), .low = -1),
        tw_uniform(cx, TW_SHAPE(s->n, s->size, s->size, s->c), .low = -1),
        tw_uniform(cx, TW_SHAPE(s->k, s->k, in, s->o), .low = -1),
    };
    void *data[PASSES];
    for (int i = 0; i < PASSES; i++) data[i] = (void *)(uintptr_t)tw_f32(leaf[i]);
    peer q = peer_new(s, pass, data);

    double a[RUNS], b[RUNS];
    int n = 0;
    for (const double since = now(); n < RUNS && (n < 5 || now() - since < 400); n++) {
        TW_SCOPE(cx);
        const double begin = now();
        tw_node *y = ours(s, pass, leaf[DATA], leaf[WEIGHTS], leaf[FORWARD]);
        a[n] = now() - begin;
        peer_run(&q);
        b[n] = now() - begin - a[n];
        if (n == 0 && HAVE_PEER) {
            float *want = peer_result(&q, s, pass, tw_count(y));
            compare(s, pass, tw_f32(y), want, tw_count(y));
            free(want);
        }
    }
    peer_drop(&q);
    qsort(a, (size_t)n, sizeof *a, rising), qsort(b, (size_t)n, sizeof *b, rising);
    *own = a[n / 2], *theirs = b[n / 2];
}

int main(int argc, char **argv)
{
    const int threads = argc > 1 ? atoi(argv[1]) : 1;
    tw_ctx *cx = tw_open(.seed = 1, .threads = threads);
    double sum = 0, least = (double)INFINITY;
    int rows = 0;
    peer_open(threads);
    for (int i = 0; i < SHAPES; i++)
        for (int pass = 0; pass < PASSES; pass++) {
            const shape *s = &shapes[i];
            if (argc > 2 && !strstr(s->name, argv[2])) continue;
            double own, theirs;
            measure(cx, s, pass, &own, &theirs);
            const double flop = 2.0 * s->n * outputs(s) * outputs(s) * s->o * (s->c / s->groups) * s->k * s->k;
            printf("{\"bench\": \"conv\", \"shape\": \"%s\", \"pass\": \"%s\", \"threads\": %d, \"ms\": %.4g, \"gflops\": %.4g", s->name,
                   passes[pass], threads, own, flop / own * 1e-6);
            if (HAVE_PEER) printf(", \"onednn_ms\": %.4g, \"ratio\": %.3f", theirs, theirs / own);
            puts("}");
            fflush(stdout);
            sum += log(theirs / own), rows++;
            least = fmin(least, theirs / own);
        }
    if (HAVE_PEER && rows)
        printf("{\"bench\": \"conv\", \"peer\": \"oneDNN\", \"rows\": %d, \"geometric_mean\": %.3f, \"least\": %.3f}\n", rows, exp(sum / rows), least);
    return tw_close(cx);
}
