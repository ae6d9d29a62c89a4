/* descent.c - the solver that GradBench prescribes for particle and saddle: steps against the gradient, twice as long after
 * ten that went well, half as long after one that did not.
 *
 * Decisions are made with values, the steps are a graph: so the minimum has derivatives, unless it is .final.
 */
#include "bench/gradbench/gradbench.h"

#include <math.h>

tw_node *slope(tw_node *y, tw_node *x, bool forward)
{
    if (!forward) return tw_grad(y, x);
    const int64_t n = tw_count(x);
    tw_node *units = tw_one_hot(tw_arange(tw_ctx_of(x), n), n);
    return tw_jvps(y, 1, &x, &units);
}

typedef struct point { tw_node *x, *value, *slope; } point;

static point look(const objective *f, tw_node *x)
{
    point p = { x, f->of(f, x), NULL };
    p.slope = slope(p.value, x, f->forward);
    tw_eval_nodes(3, ((tw_node *[]){ p.x, p.value, p.slope }));
    return p;
}

/* Without the graph behind the numbers. */
static point look_once(const objective *f, tw_node *x)
{
    TW_SCOPE(tw_ctx_of(x));
    const point p = look(f, x);
    return (point){ x, tw_keep(p.value), tw_keep(p.slope) };
}

static double length(tw_node *v)
{
    const double *x = tw_f64(v);
    double squares = 0;
    for (int64_t i = 0; x && i < tw_count(v); i++) squares += x[i] * x[i];
    return sqrt(squares);
}

tw_node *argmin(const objective *f, tw_node *x)
{
    point (*const to)(const objective *, tw_node *) = f->final ? look_once : look;
    point p = to(f, x);
    double eta = 1e-5;
    for (int good = 0; tw_ok(tw_ctx_of(x)) && length(p.slope) > 1e-5; ) {
        if (good == 10) eta *= 2, good = 0;
        tw_node *step = tw_mul(eta, p.slope);
        if (length(step) <= 1e-5) break;
        const point next = to(f, tw_sub(p.x, step));
        if (tw_item(next.value) < tw_item(p.value)) p = next, good++;
        else eta /= 2, good = 0;
    }
    return p.x;
}
