/* chains.c - chains of small operations, as the planner runs them, against loops fused by hand.
 *
 * Prints a JSON line for each chain and size: nanoseconds an element of both, and their ratio. Runs
 * alternate, figures are medians; what is timed is the evaluation of a graph that was seen before.
 * Chains with a derivative compute the value and the derivative for a given cotangent.
 */
#include "bench/clock.h"
#include <thalweg.h>

#include "bench/hand.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OUT = 4, RUNS = 9 };

typedef struct bench {
    tw_ctx  *cx;
    hand     h;
    tw_node *x, *dy, *bias, *gain, *label;      /* the arrays of h */
    tw_node *p, *m, *v;                         /* cells */
    int64_t  n;
} bench;

/* ---- the chains --------------------------------------------------------------------------- */

static int with_derivative(const bench *b, tw_node *x, tw_node *y, tw_node **out)
{
    out[0] = y;
    tw_vjp(1, &y, (tw_node *[]){ tw_reshape(b->dy, tw_shape_of(y)) }, 1, &x, out + 1);
    return 2;
}

static int gelu(bench *b, tw_node **out)
{
    tw_node *x = b->x, *u = tw_mul(0.7978845608, tw_add(x, tw_mul(0.044715, tw_mul(tw_mul(x, x), x))));
    return with_derivative(b, x, tw_mul(tw_mul(0.5, x), tw_add(1, tw_tanh(u))), out);
}

static int swish(bench *b, tw_node **out)
{
    return with_derivative(b, b->x, tw_mul(b->x, tw_sigmoid(b->x)), out);
}

static tw_node *moved(tw_node *mean, tw_node *x, double rate)
{
    return tw_add(mean, tw_mul(rate, tw_sub(x, mean)));
}

static int adam(bench *b, tw_node **out)
{
    (void)out;
    tw_node *m = moved(b->m, b->dy, 0.1), *v = moved(b->v, tw_square(b->dy), 0.001);
    tw_assign(b->m, m);
    tw_assign(b->v, v);
    tw_assign(b->p, tw_sub(b->p, tw_mul(1e-3, tw_div(m, tw_add(tw_mul(1.0001, tw_sqrt(v)), 1e-8)))));
    return 0;
}

static tw_node *rows(const bench *b, tw_node *x, int64_t width) { return tw_reshape(x, TW_SHAPE(b->n / width, width)); }

static int dropout(bench *b, tw_node **out)
{
    tw_node *x = rows(b, b->x, HAND_FEATURES), *u = tw_wrap(b->cx, TW_F32, tw_shape_of(x), b->h.uniform);
    tw_node *y = tw_relu(tw_add(x, b->bias));
    return with_derivative(b, x, tw_where(tw_less(u, 0.9), tw_mul(y, 1 / 0.9), 0), out);
}

static int cross_entropy(bench *b, tw_node **out)
{
    tw_node *x = rows(b, b->x, HAND_CLASSES);
    out[0] = tw_cross_entropy(x, b->label);
    out[1] = tw_grad(out[0], x);
    return 2;
}

static int layer_norm(bench *b, tw_node **out)
{
    tw_node *x = rows(b, b->x, HAND_FEATURES), *c = tw_sub(x, tw_mean(x, .axes = TW_AXES(-1), .keep_dims = true));
    tw_node *inv = tw_rsqrt(tw_add(tw_mean(tw_square(c), .axes = TW_AXES(-1), .keep_dims = true), 1e-5));
    return with_derivative(b, x, tw_add(tw_mul(tw_mul(c, inv), b->gain), b->bias), out);
}

static int twenty(bench *b, tw_node **out)
{
    tw_node *x = b->x, *d = b->dy;
    for (int k = 0; k < 5; k++) {
        x = tw_add(tw_mul(x, 0.75), d);
        x = tw_sub(x, tw_mul(x, d));
    }
    out[0] = x;
    return 1;
}

static const struct chain { const char *name; int (*build)(bench *b, tw_node **out); void (*by_hand)(const hand *h); } chains[] = {
    { "gelu", gelu, hand_gelu },
    { "swish", swish, hand_swish },
    { "adam", adam, hand_adam },
    { "bias_relu_dropout", dropout, hand_dropout },
    { "softmax_cross_entropy", cross_entropy, hand_cross_entropy },
    { "layer_norm", layer_norm, hand_layer_norm },
    { "twenty", twenty, hand_twenty },
};

/* ---- running ------------------------------------------------------------------------------ */

static double ours(bench *b, const struct chain *c, int times)
{
    double spent = 0;
    for (int k = 0; k < times; k++) {
        TW_SCOPE(b->cx);
        tw_node *out[MOST_OUT];
        const int n = c->build(b, out);
        const double since = now();
        if (n) tw_eval_nodes(n, out);
        else tw_eval(b->cx);
        spent += now() - since;
    }
    return spent / times;
}

static double by_hand(const bench *b, const struct chain *c, int times)
{
    const double since = now();
    for (int k = 0; k < times; k++) c->by_hand(&b->h);
    return (now() - since) / times;
}

static void measure(bench *b, const struct chain *c)
{
    double t[RUNS], h[RUNS];
    ours(b, c, 2), by_hand(b, c, 1);
    const int times = 1 + (int)(3e6 / (by_hand(b, c, 1) + 1));
    for (int r = 0; r < RUNS; r++) {
        t[r] = ours(b, c, times) / (double)b->n;
        h[r] = by_hand(b, c, times) / (double)b->n;
    }
    const double mine = median(t, RUNS), theirs = median(h, RUNS);
    printf("{\"bench\":\"chains\",\"chain\":\"%s\",\"elements\":%lld,\"ns_per_element\":%.3f,\"hand\":%.3f,\"ratio\":%.2f}\n",
           c->name, (long long)b->n, mine, theirs, mine / theirs);
    fflush(stdout);
}

static float *room(int64_t n, float low, float high)
{
    float *p = aligned_alloc(64, ((size_t)n * sizeof *p + 63) & ~(size_t)63);
    if (!p) exit(1);
    for (int64_t i = 0; i < n; i++) p[i] = low + (high - low) * (float)((uint64_t)i * 2654435761u >> 9 & 1023) / 1024;
    return p;
}

static void open_arrays(bench *b, int64_t n)
{
    const int64_t classes = n / HAND_CLASSES;
    int32_t *label = malloc((size_t)classes * sizeof *label);
    if (!label) exit(1);
    for (int64_t i = 0; i < classes; i++) label[i] = (int32_t)(i * 7 % HAND_CLASSES);
    b->n = n;
    b->h = (hand){ .n = n, .x = room(n, -3, 3), .dy = room(n, -1, 1), .bias = room(HAND_FEATURES, -1, 1), .gain = room(HAND_FEATURES, 0.5f, 1.5f),
                   .uniform = room(n, 0, 1), .label = label, .y = room(n, 0, 0), .dx = room(n, 0, 0), .p = room(n, -1, 1),
                   .m = room(n, 0, 0), .v = room(n, 0, 0) };
    b->cx = tw_open(.seed = 1, .threads = 1);
    b->x     = tw_wrap(b->cx, TW_F32, TW_SHAPE(n), b->h.x);
    b->dy    = tw_wrap(b->cx, TW_F32, TW_SHAPE(n), b->h.dy);
    b->bias  = tw_wrap(b->cx, TW_F32, TW_SHAPE(HAND_FEATURES), b->h.bias);
    b->gain  = tw_wrap(b->cx, TW_F32, TW_SHAPE(HAND_FEATURES), b->h.gain);
    b->label = tw_wrap(b->cx, TW_I32, TW_SHAPE(classes), label);
    b->p = tw_param(b->cx, "p", tw_wrap(b->cx, TW_F32, TW_SHAPE(n), b->h.p));
    b->m = tw_state(b->cx, tw_zeros(b->cx, TW_SHAPE(n)));
    b->v = tw_state(b->cx, tw_zeros(b->cx, TW_SHAPE(n)));
}

static int close_arrays(bench *b)
{
    const hand *h = &b->h;
    const void *all[] = { h->x, h->dy, h->bias, h->gain, h->uniform, h->label, h->y, h->dx, h->p, h->m, h->v };
    const int status = tw_close(b->cx);
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) free((void *)(uintptr_t)all[k]);
    return status;
}

/* chains [NAME [ELEMENTS]] */
int main(int argc, char **argv)
{
    static const int64_t sizes[] = { 10240, 102400, 1024000, 10240000 };
    int status = 0;
    for (int s = 0; s < 4; s++) {
        bench b = { 0 };
        if (argc > 2 && atoll(argv[2]) != sizes[s]) continue;
        open_arrays(&b, sizes[s]);
        for (size_t k = 0; k < sizeof chains / sizeof *chains; k++)
            if (argc < 2 || !strcmp(argv[1], chains[k].name)) measure(&b, &chains[k]);
        status |= close_arrays(&b);
    }
    return status;
}
