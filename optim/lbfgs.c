/* lbfgs.c - limited-memory BFGS (Nocedal and Wright, algorithm 7.5; as torch.optim.LBFGS).
 *
 * The inverse Hessian is never written down: from the last m steps s and changes of the gradient y, with
 * rho = 1 / (s, y), two loops over them multiply by it:
 *
 *     q <- g;  from new to old  a_i = rho_i (s_i, q),  q <- q - a_i y_i
 *     q <- (s, y) / (y, y) q;   from old to new  q <- q + (a_i - rho_i (y_i, q)) s_i;   d = -q
 *
 * A call starts without a history. Every point but the last of a line is forgotten.
 * SPDX-License-Identifier: MIT
 */
#include "optim/minimise_impl.h"
#include <math.h>
#include <string.h>

typedef struct memory {
    int64_t n, room, pairs, first;      /* pairs kept, in a ring from first */
    double *s, *y, *rho, *a;
    double  scale;                      /* of the inverse Hessian at first */
} memory;

static int64_t slot_of(const memory *m, int64_t i) { return (m->first + i) % m->room; }

/* Kept only where the curvature along s is positive: otherwise no positive matrix has it. */
static void remember(memory *m, const double *d, double t, const double *g, const double *old_g)
{
    const int64_t slot = slot_of(m, m->pairs < m->room ? m->pairs : 0);
    double *y = m->a + m->room, *s = y + m->n;      /* beside the ring, which is full */
    for (int64_t i = 0; i < m->n; i++) {
        y[i] = g[i] - old_g[i];
        s[i] = t * d[i];
    }
    const double ys = tw__inner(m->n, y, s);
    if (!(ys > 1e-10)) return;
    if (m->pairs < m->room) m->pairs++;
    else m->first = slot_of(m, 1);
    memcpy(m->y + slot * m->n, y, (size_t)m->n * sizeof *y);
    memcpy(m->s + slot * m->n, s, (size_t)m->n * sizeof *s);
    m->rho[slot] = 1 / ys;
    m->scale = ys / tw__inner(m->n, y, y);
}

static void direction(memory *m, const double *g, double *d)
{
    const int64_t n = m->n;
    for (int64_t i = 0; i < n; i++) d[i] = -g[i];
    for (int64_t k = m->pairs - 1; k >= 0; k--) {
        const int64_t i = slot_of(m, k);
        m->a[i] = m->rho[i] * tw__inner(n, m->s + i * n, d);
        tw__along(n, d, d, -m->a[i], m->y + i * n);
    }
    for (int64_t i = 0; i < n; i++) d[i] *= m->scale;
    for (int64_t k = 0; k < m->pairs; k++) {
        const int64_t i = slot_of(m, k);
        tw__along(n, d, d, m->a[i] - m->rho[i] * tw__inner(n, m->y + i * n, d), m->s + i * n);
    }
}

static double sum_of_magnitudes(int64_t n, const double *g)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += fabs(g[i]);
    return sum;
}

/* x, d, g and the old g, and the line search's vectors. */
typedef struct vectors { double *x, *d, *g, *old_g, *line; } vectors;

/* One step from p; *over: no more after it. False in error. */
static bool step(tw__target *f, const tw__limits *o, memory *m, const vectors *v, tw__point *p, bool first, tw_opt_result *best, bool *over)
{
    const int64_t n = f->n;
    const double before = p->f;
    direction(m, v->g, v->d);
    memcpy(v->old_g, v->g, (size_t)n * sizeof *v->g);
    const double t = first ? fmin(1, 1 / sum_of_magnitudes(n, v->g)) : 1;
    *p = (tw__point){ 0, p->f, tw__inner(n, v->g, v->d), v->g };
    if (p->slope > -o->tolerance_change) return *over = best->converged = true;

    best->iterations++;
    if (!tw__strong_wolfe(f, v->x, v->d, t, o->tolerance_change, p, v->line)) return false;
    tw__along(n, v->x, v->x, p->t, v->d);
    remember(m, v->d, p->t, v->g, v->old_g);
    best->converged = tw__largest(n, v->g) <= o->tolerance_grad || fabs(p->t) * tw__largest(n, v->d) <= o->tolerance_change
                      || fabs(p->f - before) < o->tolerance_change;
    *over = best->converged || !isfinite(p->f);
    return true;
}

static tw_opt_result run(tw__target *f, const tw__limits *o, memory *m, const vectors *v)
{
    tw_opt_result best = { .loss = (double)NAN };
    if (!tw__target_get(f, v->x)) return best;
    tw__point p = { .f = tw__target_loss(f, NULL, v->g), .g = v->g };
    if (!tw_ok(f->opt->cx)) return best;
    bool over = best.converged = tw__largest(f->n, v->g) <= o->tolerance_grad;
    while (!over && best.iterations < o->iterations)
        if (!step(f, o, m, v, &p, !best.iterations, &best, &over)) return best;
    if (tw__target_set(f, v->x)) best.loss = p.f;
    return best;
}

static tw_opt_result minimise(tw__target *f, const tw__limits *o)
{
    const int64_t n = f->n, room = o->history < o->iterations ? o->history : o->iterations;      /* a pair each at most */
    int64_t ring_size, size;
    if (__builtin_mul_overflow(room, 2 * n + 2, &ring_size) || __builtin_add_overflow(ring_size, (6 + TW__LINE_VECTORS) * n, &size)) size = -1;
    double *block = tw__vector_new(f, size);
    if (!block) return (tw_opt_result){ .loss = (double)NAN };
    const vectors v = { block, block + n, block + 2 * n, block + 3 * n, block + 4 * n };
    double *ring = v.line + TW__LINE_VECTORS * n;
    memory m = { .n = n, .room = room, .scale = 1, .s = ring, .y = ring + room * n, .rho = ring + 2 * room * n };
    m.a = m.rho + room;
    const tw_opt_result best = run(f, o, &m, &v);
    tw__vector_free(f, block, size);
    return best;
}

static const tw__update lbfgs = { .name = "lbfgs", .minimise = minimise };

tw_opt *tw_lbfgs_at(const tw_loc *at, tw_net *net, const tw_lbfgs_args *o)
{
    TW_OPTIONS(tw_lbfgs_args, o);
    const tw__limits limits = {
        .iterations = o->iterations ? o->iterations : 100, .history = o->history ? o->history : 10,
        .tolerance_grad = tw__rate_or(o->tolerance_grad, 1e-7), .tolerance_change = tw__rate_or(o->tolerance_change, 1e-9),
    };
    const tw__common common = { .lr = 1, .l2 = o->l2, .l1 = o->l1, .only = o->only };
    return tw__minimiser_new(at, net, &lbfgs, &common, limits);
}
