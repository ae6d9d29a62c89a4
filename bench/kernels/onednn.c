/* onednn.c - oneDNN's primitives, made once and run often. */
#include "bench/kernels/onednn.h"
#include <stdio.h>
#include <stdlib.h>

#ifdef TW_HAVE_DNNL
#include <oneapi/dnnl/dnnl.h>

#define TRY(call) do { if ((call) != dnnl_success) fprintf(stderr, "kernels: %s failed\n", #call), exit(1); } while (0)

struct onednn {
    int                threads;
    dnnl_stream_t      stream;
    dnnl_primitive_t   run;
    dnnl_exec_arg_t    args[3];
    dnnl_memory_t      result;
    dnnl_memory_desc_t ours;        /* the result, as we have it */
};

static dnnl_engine_t engine;

/* OpenMP's, where oneDNN uses it. */
extern void omp_set_num_threads(int n) __attribute__((weak));

static onednn *open_with(int threads)
{
    if (omp_set_num_threads) omp_set_num_threads(threads);
    if (!engine) TRY(dnnl_engine_create(&engine, dnnl_cpu, 0));
    onednn *q = calloc(1, sizeof *q);
    if (!q) exit(1);
    q->threads = threads;
    TRY(dnnl_stream_create(&q->stream, engine, dnnl_stream_default_flags));
    return q;
}

static dnnl_memory_t memory(const dnnl_memory_desc_t *d, const void *data)
{
    dnnl_memory_t m;
    TRY(dnnl_memory_create(&m, d, engine, (void *)(uintptr_t)data));
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

static dnnl_memory_desc_t matrices(int64_t batch, int64_t rows, int64_t columns, int transposed)
{
    dnnl_memory_desc_t d;
    const dnnl_dims_t dims = { batch, rows, columns };
    const dnnl_dims_t strides = { rows * columns, transposed ? 1 : columns, transposed ? rows : 1 };
    TRY(dnnl_memory_desc_init_by_strides(&d, 2 + (batch > 1), dims + (batch == 1), dnnl_f32, strides + (batch == 1)));
    return d;
}

onednn *onednn_product(const product_shape *s, int transpose_a, int transpose_b, const float *a, const float *b, int threads)
{
    onednn *q = open_with(threads);
    const dnnl_memory_desc_t da = matrices(s->batch, s->m, s->k, transpose_a), db = matrices(s->batch, s->k, s->n, transpose_b);
    q->ours = matrices(s->batch, s->m, s->n, 0);
    dnnl_matmul_desc_t d;
    dnnl_primitive_desc_t p;
    TRY(dnnl_matmul_desc_init(&d, &da, &db, NULL, &q->ours));
    TRY(dnnl_primitive_desc_create(&p, &d, NULL, engine, NULL));
    TRY(dnnl_primitive_create(&q->run, p));
    q->result = memory(&q->ours, DNNL_MEMORY_ALLOCATE);
    q->args[0] = (dnnl_exec_arg_t){ DNNL_ARG_SRC, memory(&da, a) };
    q->args[1] = (dnnl_exec_arg_t){ DNNL_ARG_WEIGHTS, memory(&db, b) };
    q->args[2] = (dnnl_exec_arg_t){ DNNL_ARG_DST, q->result };
    dnnl_primitive_desc_destroy(p);
    return q;
}

/* Weights as we have them, and in a layout of oneDNN's choice. */
static void weight_layouts(const conv_shape *s, dnnl_memory_desc_t *ours, dnnl_memory_desc_t *any)
{
    const int in = s->c / s->groups, out = s->o / s->groups;
    const dnnl_dims_t dims = { s->groups, out, in, s->k, s->k };
    const dnnl_dims_t strides = { out, 1, s->o, (dnnl_dim_t)s->k * in * s->o, (dnnl_dim_t)in * s->o };
    const int plain = s->groups == 1;
    TRY(dnnl_memory_desc_init_by_strides(ours, 5 - plain, dims + plain, dnnl_f32, strides + plain));
    TRY(dnnl_memory_desc_init_by_tag(any, 5 - plain, dims + plain, dnnl_f32, dnnl_format_tag_any));
}

static dnnl_memory_desc_t images(int n, int c, int size)
{
    dnnl_memory_desc_t d;
    const dnnl_dims_t dims = { n, c, size, size };
    TRY(dnnl_memory_desc_init_by_tag(&d, 4, dims, dnnl_f32, dnnl_nhwc));
    return d;
}

static dnnl_primitive_desc_t conv_of(const conv_shape *s, int pass, const dnnl_memory_desc_t *dx, const dnnl_memory_desc_t *dw,
                                     const dnnl_memory_desc_t *dy)
{
    const dnnl_dims_t stride = { s->stride, s->stride }, padding = { s->padding, s->padding };
    dnnl_convolution_desc_t d[PASSES];
    dnnl_primitive_desc_t forward, p;
    TRY(dnnl_convolution_forward_desc_init(&d[FORWARD], dnnl_forward_training, dnnl_convolution_direct, dx, dw, NULL, dy, stride, padding, padding));
    TRY(dnnl_convolution_backward_data_desc_init(&d[DATA], dnnl_convolution_direct, dx, dw, dy, stride, padding, padding));
    TRY(dnnl_convolution_backward_weights_desc_init(&d[WEIGHTS], dnnl_convolution_direct, dx, dw, NULL, dy, stride, padding, padding));
    TRY(dnnl_primitive_desc_create(&forward, &d[FORWARD], NULL, engine, NULL));
    if (pass == FORWARD) return forward;
    TRY(dnnl_primitive_desc_create(&p, &d[pass], NULL, engine, forward));
    dnnl_primitive_desc_destroy(forward);
    return p;
}

onednn *onednn_conv(const conv_shape *s, int pass, const float *const data[PASSES], int threads)
{
    onednn *q = open_with(threads);
    const dnnl_memory_desc_t dx = images(s->n, s->c, s->size), dy = images(s->n, s->o, conv_outputs(s));
    dnnl_memory_desc_t dw, ours;
    weight_layouts(s, &ours, &dw);
    dnnl_primitive_desc_t p = conv_of(s, pass, &dx, &dw, &dy);
    TRY(dnnl_primitive_create(&q->run, p));

    const dnnl_query_t which = pass == WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
    dnnl_memory_t w = memory(dnnl_primitive_desc_query_md(p, which, 0), DNNL_MEMORY_ALLOCATE);
    if (pass != WEIGHTS) {
        dnnl_memory_t from = memory(&ours, data[WEIGHTS]);
        reorder(q->stream, from, w);
        dnnl_memory_destroy(from);
    }
    dnnl_memory_t mx = memory(&dx, pass == DATA ? DNNL_MEMORY_ALLOCATE : data[DATA]);
    dnnl_memory_t my = memory(&dy, pass == FORWARD ? DNNL_MEMORY_ALLOCATE : data[FORWARD]);
    q->args[0] = (dnnl_exec_arg_t){ pass == DATA ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, mx };
    q->args[1] = (dnnl_exec_arg_t){ pass == WEIGHTS ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, w };
    q->args[2] = (dnnl_exec_arg_t){ pass == FORWARD ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, my };
    q->result = pass == FORWARD ? my : pass == DATA ? mx : w;
    q->ours = pass == FORWARD ? dy : pass == DATA ? dx : ours;
    dnnl_primitive_desc_destroy(p);
    return q;
}

void onednn_run(void *p)
{
    onednn *q = p;
    if (omp_set_num_threads) omp_set_num_threads(q->threads);
    TRY(dnnl_primitive_execute(q->run, q->stream, 3, q->args));
    TRY(dnnl_stream_wait(q->stream));
}

float *onednn_result(onednn *q, int64_t n)
{
    float *to = malloc((size_t)n * sizeof *to);
    if (!to) exit(1);
    dnnl_memory_t m = memory(&q->ours, to);
    reorder(q->stream, q->result, m);
    dnnl_memory_destroy(m);
    return to;
}

void onednn_drop(onednn *q)
{
    if (!q) return;
    for (int i = 0; i < 3; i++) dnnl_memory_destroy(q->args[i].memory);
    dnnl_primitive_destroy(q->run), dnnl_stream_destroy(q->stream);
    free(q);
}
#else
struct onednn { int none; };
onednn *onednn_product(const product_shape *s, int transpose_a, int transpose_b, const float *a, const float *b, int threads)
{
    return (void)s, (void)transpose_a, (void)transpose_b, (void)a, (void)b, (void)threads, NULL;
}
onednn *onednn_conv(const conv_shape *s, int pass, const float *const data[PASSES], int threads)
{
    return (void)s, (void)pass, (void)data, (void)threads, NULL;
}
void    onednn_run(void *q) { (void)q; }
float  *onednn_result(onednn *q, int64_t n) { return (void)q, (void)n, NULL; }
void    onednn_drop(onednn *q) { (void)q; }
#endif
