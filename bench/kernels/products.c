/* products.c - matrix products of many shapes, in the three forms that training needs: NN is x W, NT the derivative to
 * x, TN the derivative to W.
 */
#include "bench/kernels/match.h"
#include <stdio.h>

static const product_shape shapes[] = {
    { "64",            1,   64,   64,   64 }, { "128",           1,  128,  128,  128 }, { "256",  1,  256,  256,  256 },
    { "512",           1,  512,  512,  512 }, { "1024",          1, 1024, 1024, 1024 }, { "2048", 1, 2048, 2048, 2048 },
    { "128x784x512",   1,  128,  784,  512 }, { "512x512x10",    1,  512,  512,   10 }, { "32x256x1024", 1, 32, 256, 1024 },
    { "64 of 64",     64,   64,   64,   64 }, { "4096x4096x1",   1, 4096, 4096,    1 }, { "8x5x2", 1, 8, 5, 2 },
};
enum { SHAPES = sizeof shapes / sizeof *shapes, FORMS = 3, TINY = 256 };
static const struct { const char *name; bool a, b; } forms[FORMS] = { { "NN", false, false }, { "NT", false, true }, { "TN", true, false } };

typedef struct job { tw_node *a, *b; bool ta, tb; } job;

static tw_node *build(tw_ctx *cx, void *arg)
{
    (void)cx;
    const job *j = arg;
    return tw_matmul(j->a, j->b, .transpose_a = j->ta, .transpose_b = j->tb);
}

static tw_node *matrices(tw_ctx *cx, const product_shape *s, int64_t rows, int64_t columns, const float *v)
{
    return s->batch > 1 ? tw_wrap(cx, TW_F32, TW_SHAPE(s->batch, rows, columns), v) : tw_wrap(cx, TW_F32, TW_SHAPE(rows, columns), v);
}

static void product(tw_ctx *const cx[2], const product_shape *s, int form, const float *a, const float *b, tally *against, tally *scale)
{
    const bool ta = forms[form].a, tb = forms[form].b;
    char what[64];
    snprintf(what, sizeof what, "%s %s", s->name, forms[form].name);
    match m = { .what = what, .flop = 2.0 * (double)(s->batch * s->m * s->n) * (double)s->k, .results = s->batch * s->m * s->n, .build = build };
    if (!wanted(what) || (set.smoke && m.flop > 40e6)) return;
    job j[2];
    for (int k = 0; k < set.n_threads; k++) {
        j[k] = (job){ ta ? matrices(cx[k], s, s->k, s->m, a) : matrices(cx[k], s, s->m, s->k, a),
                      tb ? matrices(cx[k], s, s->n, s->k, b) : matrices(cx[k], s, s->k, s->n, b), ta, tb };
        m.job[k] = &j[k], m.cx[k] = cx[k], m.peer[k] = onednn_product(s, ta, tb, a, b, set.threads[k]);
    }
    play(&m, against, scale);
}

/* ---- tiny ones ------------------------------------------------------------------------------ */

typedef struct crowd { tw_ctx *cx; tw_node *a, *b[TINY]; bool with_building; } crowd;

/* Many in one evaluation, each with a right operand of its own: what one takes to run, and with its node to be built. */
static int crowd_block(contestant *c, double ns, double *samples, int most)
{
    crowd *g = c->arg;
    int n = 0;
    for (const double begin = now(); n < most && (n < 2 || now() - begin < ns); n++) {
        TW_SCOPE(g->cx);
        tw_node *y[TINY];
        const double since = now();
        for (int i = 0; i < TINY; i++) y[i] = tw_matmul(g->a, g->b[i]);
        const double built = now();
        tw_eval_nodes(TINY, y);
        samples[n] = (now() - (g->with_building ? since : built)) / TINY;
    }
    return n;
}

static void tiny(tw_ctx *cx, const float *v)
{
    tally runs = { .section = "products", .what = "tiny ones: 100 ns by ours", .bar = 1 }, whole = { .section = "products" };
    crowd c[2] = { { .cx = cx, .a = tw_wrap(cx, TW_F32, TW_SHAPE(8, 5), v) } };
    for (int i = 0; i < TINY; i++) c[0].b[i] = tw_wrap(cx, TW_F32, TW_SHAPE(5, 2), v + i);
    c[1] = c[0], c[1].with_building = true;
    contestant ours[2] = { { .threads = 1, .block = crowd_block, .arg = &c[0] }, { .threads = 1, .block = crowd_block, .arg = &c[1] } };
    if (!wanted("8x5x2 among many")) return;
    alternate(2, (contestant *[]){ &ours[0], &ours[1] });
    row(&runs, "8x5x2 among many", 1, ours[0].ns, 2.0 * 8 * 5 * 2, "100 ns", 100);
    row(&whole, "8x5x2 among many, with building", 1, ours[1].ns, 2.0 * 8 * 5 * 2, NULL, 0);
    conclude(&runs);
}

void products(void)
{
    enum { MOST = 4096 * 4096 };
    tally against = { .section = "products", .what = "products by oneDNN", .bar = 0.8, .mean_bar = 0.95 };
    tally scale = { .section = "products", .what = "products of 10 MFLOP: two threads by one", .bar = 1.8 };
    float *a = numbers(MOST), *b = numbers(MOST);
    tw_ctx *cx[2];
    open_contexts(cx);
    for (int i = 0; i < SHAPES; i++)
        for (int form = 0; form < FORMS; form++) product(cx, &shapes[i], form, a, b, &against, &scale);
    if (set.threads[0] == 1) tiny(cx[0], a);
    conclude(&against);
    conclude(&scale);
    close_contexts(cx);
    free(a), free(b);
}
