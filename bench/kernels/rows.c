/* rows.c - softmax, layer normalisation and cross-entropy with their gradients, 1024 rows of 1024, by PyTorch's kernels. */
#include "bench/kernels/match.h"
#include "bench/kernels/remote.h"

enum { N = 1024 };

typedef struct job { tw_ctx *cx; tw_node *x, *g, *gain, *shift, *label; int (*build)(const struct job *j, tw_node **out); } job;

static int softmax(const job *j, tw_node **out)
{
    out[0] = tw_softmax(j->x);
    tw_node *g = j->g, *x = j->x;
    tw_vjp(1, out, &g, 1, &x, out + 1);
    return 2;
}

static int layer_norm(const job *j, tw_node **out)
{
    tw_node *away = tw_sub(j->x, tw_mean(j->x, .axes = TW_AXES(-1), .keep_dims = true));
    tw_node *scale = tw_rsqrt(tw_add(tw_mean(tw_square(away), .axes = TW_AXES(-1), .keep_dims = true), 1e-5));
    out[0] = tw_add(tw_mul(tw_mul(away, scale), j->gain), j->shift);
    tw_node *g = j->g, *x[] = { j->x, j->gain, j->shift };
    tw_vjp(1, out, &g, 3, x, out + 1);
    return 4;
}

static int cross_entropy(const job *j, tw_node **out)
{
    out[0] = tw_cross_entropy(j->x, j->label);
    out[1] = tw_grad(out[0], j->x);
    return 2;
}

static const struct { const char *name, *peer; int (*build)(const job *j, tw_node **out); } works[] = {
    { "softmax", "torch.softmax", softmax }, { "layer norm", "torch.layer_norm", layer_norm }, { "cross-entropy", "torch.cross_entropy", cross_entropy },
};

static void evaluate(void *arg)
{
    const job *j = arg;
    TW_SCOPE(j->cx);
    tw_node *out[4];
    const int n = j->build(j, out);
    tw_eval_nodes(n, out);
}

void rows(void)
{
    tally t = { .section = "rows", .what = "value and gradient by PyTorch", .bar = 1 };
    float *v = numbers(2 * N * N);
    int64_t *label = malloc(N * sizeof *label);
    tw_ctx *cx[2];
    if (!label) exit(1);
    for (int i = 0; i < N; i++) label[i] = i * 7 % N;
    open_contexts(cx);
    for (size_t w = 0; w < sizeof works / sizeof *works; w++) {
        if (!wanted(works[w].name)) continue;
        remote by_torch = { works[w].peer, N };
        job j[2];
        contestant c[4], *all[4];
        int n = 0;
        for (int k = 0; k < set.n_threads; k++) {
            j[k] = (job){ cx[k], tw_wrap(cx[k], TW_F32, TW_SHAPE(N, N), v), tw_wrap(cx[k], TW_F32, TW_SHAPE(N, N), v + N * N),
                          tw_wrap(cx[k], TW_F32, TW_SHAPE(N), v), tw_wrap(cx[k], TW_F32, TW_SHAPE(N), v + N),
                          tw_wrap(cx[k], TW_I64, TW_SHAPE(N), label), works[w].build };
            c[n] = (contestant){ .name = "ours", .threads = set.threads[k], .run = evaluate, .arg = &j[k] }, all[n] = &c[n], n++;
            c[n] = (contestant){ .name = "PyTorch", .threads = set.threads[k], .block = remote_block, .arg = &by_torch }, all[n] = &c[n], n++;
        }
        alternate(n, all);
        for (int k = 0; k < set.n_threads; k++) row(&t, works[w].name, set.threads[k], c[2 * k].ns, 0, "PyTorch", c[2 * k + 1].ns);
    }
    conclude(&t);
    close_contexts(cx);
    free(v), free(label);
}
