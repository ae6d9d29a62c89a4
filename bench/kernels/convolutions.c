/* convolutions.c - convolutions and their derivatives, on channels-last tensors. */
#include "bench/kernels/match.h"
#include <stdio.h>

static const conv_shape shapes[] = {
    { "3x3 [32,56,56,64->64]",                32, 56,  64,  64, 3, 1, 1, 1 },
    { "3x3 [32,28,28,128->128]",              32, 28, 128, 128, 3, 1, 1, 1 },
    { "3x3 [64,28,28,1->32]",                 64, 28,   1,  32, 3, 1, 1, 1 },
    { "3x3 [64,32,32,3->16]",                 64, 32,   3,  16, 3, 1, 1, 1 },
    { "3x3 [64,32,32,16->16]",                64, 32,  16,  16, 3, 1, 1, 1 },
    { "3x3 stride 2 [32,56,56,64->128]",      32, 56,  64, 128, 3, 2, 1, 1 },
    { "7x7 stride 2 [8,112,112,3->64]",        8, 112,  3,  64, 7, 2, 3, 1 },
    { "1x1 [32,28,28,64->256]",               32, 28,  64, 256, 1, 1, 0, 1 },
    { "1x1 [32,28,28,256->64]",               32, 28, 256,  64, 1, 1, 0, 1 },
    { "1x1 stride 2 [32,28,28,128->256]",     32, 28, 128, 256, 1, 2, 0, 1 },
    { "depthwise 3x3 [32,56,56,64]",          32, 56,  64,  64, 3, 1, 1, 64 },
    { "depthwise 3x3 stride 2 [32,56,56,128]", 32, 56, 128, 128, 3, 2, 1, 128 },
    { "depthwise 5x5 [32,14,14,240]",         32, 14, 240, 240, 5, 1, 2, 240 },
    { "depthwise 3x3 [32,28,28,64->128]",     32, 28,  64, 128, 3, 1, 1, 64 },
    { "3x3, 4 groups [32,28,28,128->128]",    32, 28, 128, 128, 3, 1, 1, 4 },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };
static const char *const passes[PASSES] = { "forward", "data", "weights" };

typedef struct job { const conv_shape *s; int pass; tw_node *leaf[PASSES]; } job;

static tw_node *build(tw_ctx *cx, void *arg)
{
    (void)cx;
    job *j = arg;
    const conv_shape *s = j->s;
    tw_node *y = tw_conv2d(j->leaf[DATA], j->leaf[WEIGHTS], .stride = { s->stride }, .padding = TW_PAD(s->padding), .groups = s->groups), *g;
    if (j->pass == FORWARD) return y;
    tw_vjp(1, &y, &j->leaf[FORWARD], 1, &j->leaf[j->pass], &g);
    return g;
}

static void conv(tw_ctx *const cx[2], const conv_shape *s, int pass, const float *v, tally *against, tally *scale)
{
    const int out = conv_outputs(s), in = s->c / s->groups;
    const float *const data[PASSES] = { v, v, v };
    char what[64];
    snprintf(what, sizeof what, "%s %s", s->name, passes[pass]);
    match m = { .what = what, .flop = 2.0 * s->n * out * out * s->o * in * s->k * s->k, .build = build };
    if (!wanted(what) || (set.smoke && m.flop > 100e6)) return;
    job j[2];
    for (int k = 0; k < set.n_threads; k++) {
        j[k] = (job){ s, pass, { tw_wrap(cx[k], TW_F32, TW_SHAPE(s->n, out, out, s->o), v), tw_wrap(cx[k], TW_F32, TW_SHAPE(s->n, s->size, s->size, s->c), v),
                                 tw_wrap(cx[k], TW_F32, TW_SHAPE(s->k, s->k, in, s->o), v) } };
        m.job[k] = &j[k], m.cx[k] = cx[k], m.peer[k] = onednn_conv(s, pass, data, set.threads[k]);
        m.results = tw_count(j[k].leaf[pass]);
    }
    play(&m, against, scale);
}

void convolutions(void)
{
    enum { MOST = 32 * 56 * 56 * 128 };
    tally against = { .section = "convolutions", .what = "convolutions by oneDNN", .bar = 0.75, .mean_bar = 0.95 };
    tally scale = { .section = "convolutions", .what = "convolutions of 10 MFLOP: two threads by one", .bar = 1.8 };
    float *v = numbers(MOST);
    tw_ctx *cx[2];
    open_contexts(cx);
    for (int i = 0; i < SHAPES; i++)
        for (int pass = 0; pass < PASSES; pass++) conv(cx, &shapes[i], pass, v, &against, &scale);
    conclude(&against);
    conclude(&scale);
    close_contexts(cx);
    free(v);
}
