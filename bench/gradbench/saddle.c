/* saddle.c - the saddle point of |x|^2 - |y|^2: derivatives of a function whose values are maxima, found by descent.
 *
 * The functions say the modes, outer then inner: forward or reverse.
 */
#include "bench/gradbench/gradbench.h"

static void read_input(job *j)
{
    j->in[0] = numbers(j, "start");
    if (j->in[0] && tw_count(j->in[0]) != 2) fault(j, "start has %lld numbers", (long long)tw_count(j->in[0]));
}

static tw_node *height(tw_node *x, tw_node *y) { return tw_sub(tw_sum(tw_square(x)), tw_sum(tw_square(y))); }

/* What the outer problem knows of the inner one. */
typedef struct inner { tw_node *start; bool forward; } inner;

/* .more: x */
static tw_node *depth(const objective *f, tw_node *y) { return tw_neg(height((tw_node *)(uintptr_t)f->more, y)); }

static tw_node *highest(const inner *in, tw_node *x, bool final)
{
    const objective f = { .of = depth, .forward = in->forward, .final = final, .more = x };
    return argmin(&f, tw_stop_grad(in->start));      /* another node than x, which begins there too */
}

static tw_node *ridge(const objective *f, tw_node *x) { return height(x, highest(f->more, x, false)); }

static void solve(job *j, bool outer, bool in)
{
    const inner i = { j->in[0], in };
    const objective f = { .of = ridge, .forward = outer, .final = true, .more = &i };
    tw_node *x = argmin(&f, j->in[0]), *y = highest(&i, x, true);
    answer(j, NULL, tw_concat(2, ((tw_node *[]){ x, y })));
}

static void ff(job *j) { solve(j, true, true); }
static void fr(job *j) { solve(j, true, false); }
static void rf(job *j) { solve(j, false, true); }
static void rr(job *j) { solve(j, false, false); }

/* One look of the outer solver: how high the ridge is at the start, and its slope there, by reverse mode twice. */
static void look(job *j, bool derivative)
{
    const inner i = { j->in[0], false };
    tw_node *y = ridge(&(objective){ .more = &i }, j->in[0]);
    answer(j, NULL, y);
    if (derivative) answer(j, NULL, slope(y, j->in[0], false));
}
static void objective_of(job *j) { look(j, false); }
static void gradient_of(job *j)  { look(j, true); }

static json_t *sample(void) { return json_pack("{s:[f,f]}", "start", 1.0, 1.0); }

const evaluation saddle_evaluation = {
    .name = "saddle", .read = read_input, .sample = sample,
    .timed = (const function[]){ { .name = "objective", .run = objective_of }, { .name = "gradient", .run = gradient_of }, { 0 } },
    .functions = (const function[]){ { .name = "ff", .run = ff }, { .name = "rr", .run = rr }, { .name = "fr", .run = fr }, { .name = "rf", .run = rf }, { 0 } },
};
