/* particle.c - how to set a charge so that a particle, accelerated by the slope of a potential, lands near 0.
 *
 * The functions say the modes, outer then inner: forward or reverse. The path ends where the height is not positive,
 * which values decide; so the derivative is that of the path that was taken.
 */
#include "bench/gradbench/gradbench.h"

enum { W, PLACE, VELOCITY };        /* the last two are cells */

static void read_input(job *j)
{
    j->in[W] = tw_fill(j->cx, TW_SHAPE(1), .value = number(j, "w"));
    j->in[PLACE] = tw_state(j->cx, tw_zeros(j->cx, TW_SHAPE(2)));
    j->in[VELOCITY] = tw_state(j->cx, tw_zeros(j->cx, TW_SHAPE(2)));
}

/* Of charges at the rows of p. */
static tw_node *potential(tw_node *p, tw_node *x)
{
    return tw_sum(tw_rsqrt(tw_sum(tw_square(tw_sub(p, x)), .axes = TW_AXES(1))));
}

typedef struct state { tw_node *x, *v; } state;

static const double dt = 0.1;

static tw_node *moved(state s) { return tw_add(s.x, tw_mul(dt, s.v)); }

static state step(tw_node *charges, state s, bool forward)
{
    tw_node *uphill = slope(potential(charges, s.x), s.x, forward);
    return (state){ moved(s), tw_sub(s.v, tw_mul(dt, uphill)) };
}

/* What the path depends on besides w. */
typedef struct setting { state cells; bool forward; } setting;

/* How many steps there are before the one that lands. Run in cells: so every step is the same structure, planned once. */
static int steps(const setting *of, tw_node *charges, state s)
{
    const state c = of->cells;
    tw_assign(c.x, s.x);
    tw_assign(c.v, s.v);
    for (int n = 0; ; n++) {
        TW_SCOPE(tw_ctx_of(charges));
        const state next = step(charges, c, of->forward);
        tw_assign(c.x, next.x);
        tw_assign(c.v, next.v);
        const double *x = tw_f64(next.x);
        if (!x || x[1] <= 0) return n;
    }
}

/* The square of where it lands. */
static tw_node *miss(const objective *f, tw_node *w)
{
    tw_ctx *cx = tw_ctx_of(w);
    const setting *of = f->more;
    tw_node *charges = tw_data(cx, TW_F64, TW_SHAPE(2, 2), (const double[]){ 10, 10, 10, 0 });
    charges = tw_sub(charges, tw_mul(w, tw_data(cx, TW_F64, TW_SHAPE(2, 2), (const double[]){ 0, 1, 0, 0 })));
    state s = {
        tw_data(cx, TW_F64, TW_SHAPE(2), (const double[]){ 0, 8 }),
        tw_data(cx, TW_F64, TW_SHAPE(2), (const double[]){ 0.75, 0 }),
    };
    for (int n = steps(of, charges, s); n > 0; n--) s = step(charges, s, of->forward);
    s.x = moved(s);
    tw_node *left = tw_neg(tw_div(tw_index(s.x, .at = 1), tw_index(s.v, .at = 1)));
    return tw_square(tw_index(tw_add(s.x, tw_mul(left, s.v)), .at = 0));
}

static void solve(job *j, bool outer, bool inner)
{
    const setting of = { { j->in[PLACE], j->in[VELOCITY] }, inner };
    const objective f = { .of = miss, .forward = outer, .final = true, .more = &of };
    answer(j, NULL, tw_reshape(argmin(&f, j->in[W]), TW_SCALAR_SHAPE));
}

static void ff(job *j) { solve(j, true, true); }
static void fr(job *j) { solve(j, true, false); }
static void rf(job *j) { solve(j, false, true); }
static void rr(job *j) { solve(j, false, false); }

/* One look of the outer solver: where the particle lands, and the derivative of that by w, by reverse mode twice. */
static void look(job *j, bool derivative)
{
    const setting of = { { j->in[PLACE], j->in[VELOCITY] }, false };
    tw_node *y = tw_reshape(miss(&(objective){ .more = &of }, j->in[W]), TW_SCALAR_SHAPE);
    answer(j, NULL, y);
    if (derivative) answer(j, NULL, slope(y, j->in[W], false));
}
static void objective_of(job *j) { look(j, false); }
static void gradient_of(job *j)  { look(j, true); }

static json_t *sample(void) { return json_pack("{s:f}", "w", 0.0); }

const evaluation particle_evaluation = {
    .name = "particle", .read = read_input, .sample = sample,
    .timed = (const function[]){ { .name = "objective", .run = objective_of }, { .name = "gradient", .run = gradient_of }, { 0 } },
    .functions = (const function[]){ { .name = "ff", .run = ff }, { .name = "rr", .run = rr }, { .name = "fr", .run = fr }, { .name = "rf", .run = rf }, { 0 } },
};
