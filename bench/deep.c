/* deep.c - a chain of scalar operations: time and memory of its value, gradient, and Hessian-vector product, by length.
 *
 * usage: deep [operations ...] (default 10000 100000 1000000). Linear means that the last columns stay as they are.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/core.h"
#include "ops/ops.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct heap { size_t live, peak; } heap;

static void *resize(void *user, void *p, size_t old_size, size_t new_size)
{
    heap *h = user;
    if (!new_size) return h->live -= old_size, free(p), NULL;
    void *q = realloc(p, new_size);
    if (!q) return NULL;
    h->live += new_size - (p ? old_size : 0);
    if (h->live > h->peak) h->peak = h->live;
    return q;
}

/* x -> x + sin(x) / n, n / 3 times. */
static tw_node *chain(tw_node *x, long n)
{
    for (long i = 0; i < n; i += 3) x = tw_add(x, tw_mul(tw_sin(x), 1.0 / (double)n));
    return x;
}

static void in_c(double x, long n, double *d)
{
    const double h = 1 / (double)n;
    d[0] = x, d[1] = 1, d[2] = 0;
    for (long i = 0; i < n; i += 3) {
        const double s = sin(d[0]), c = cos(d[0]);
        d[2] = d[2] * (1 + h * c) - h * s * d[1] * d[1];
        d[1] *= 1 + h * c;
        d[0] += h * s;
    }
}

static int run(long n)
{
    heap h = { 0 };
    tw_ctx *cx = tw_open(.dtype = TW_F64, .resize = resize, .resize_user = &h);
    double want[3], value[3], t[7];
    in_c(0.5, n, want);
    t[0] = now();
    tw_node *x = tw_scalar(cx, 0.5), *v = tw_scalar(cx, 1), *y = chain(x, n);
    t[1] = now(), value[0] = tw_item(y);
    t[2] = now();
    tw_node *g = tw_grad(y, x);
    t[3] = now(), value[1] = tw_item(g);
    t[4] = now();
    tw_node *hv = tw_hvp(y, x, v);
    t[5] = now(), value[2] = tw_item(hv);
    t[6] = now();
    for (int i = 0; i < 3; i++)
        if (!(fabs(value[i] - want[i]) < 1e-10)) printf("result %d is %.15g, not %.15g\n", i, value[i], want[i]);
    printf("%9ld operations: build %.3f s, value %.3f, gradient graph %.3f, gradient %.3f, vector product graph %.3f, its value %.3f; "
           "%.2f us and %.0f bytes an operation in all\n", n, t[1] - t[0], t[2] - t[1], t[3] - t[2], t[4] - t[3], t[5] - t[4], t[6] - t[5],
           1e6 * (t[6] - t[0]) / (double)n, (double)h.peak / (double)n);
    return tw_close(cx);
}

int main(int argc, char **argv)
{
    static const long usual[] = { 10000, 100000, 1000000 };
    int failed = 0;
    for (int i = 1; i < argc; i++) failed |= run(atol(argv[i]));
    for (int i = 0; argc == 1 && i < 3; i++) failed |= run(usual[i]);
    return failed;
}
