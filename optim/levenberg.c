/* levenberg.c - nonlinear least squares by Levenberg and Marquardt; without damping, by Gauss and Newton.
 *
 * Residuals r are linearised, r(x + d) = r + J d, and sum r^2 / 2 is minimised for them:
 *
 *     (J'J + lambda) d = -J'r
 *
 * by conjugate gradients, whose matrix is only ever multiplied with: J p in forward mode, J' of that in reverse. A step
 * that lowers the sum is taken. lambda follows how much of the predicted fall there was (Nielsen 1999): with
 * gain = 2 (F(x) - F(x + d)) / (d, lambda d - J'r),
 *
 *     taken       lambda <- lambda max(1/3, 1 - (2 gain - 1)^3),  nu <- 2
 *     otherwise   lambda <- lambda nu,  nu <- 2 nu
 *
 * Without damping a step that does not lower the sum is halved until it does.
 * SPDX-License-Identifier: MIT
 */
#include "optim/minimise_impl.h"
#include <math.h>
#include <string.h>

typedef struct vectors { double *x, *d, *g, *trial, *trial_g, *r, *p, *q; } vectors;
enum { VECTORS = 8, HALVINGS = 30 };

/* d with (J'J + lambda) d = -g. In exact arithmetic n rounds are enough; a few more make up for rounding. */
static bool solve(tw__target *f, const vectors *v, double lambda)
{
    const int64_t n = f->n;
    memset(v->d, 0, (size_t)n * sizeof *v->d);
    for (int64_t i = 0; i < n; i++) v->r[i] = v->p[i] = -v->g[i];
    double rr = tw__inner(n, v->r, v->r);
    const double enough = 1e-24 * rr;
    for (int64_t k = 0; k < 3 * n && rr > enough; k++) {
        if (!tw__target_curvature(f, v->p, v->q)) return false;
        tw__along(n, v->q, v->q, lambda, v->p);
        const double curvature = tw__inner(n, v->p, v->q);
        if (!(curvature > 0)) break;                    /* nothing to be gained in that direction */
        const double t = rr / curvature, before = rr;
        tw__along(n, v->d, v->d, t, v->p);
        tw__along(n, v->r, v->r, -t, v->q);
        rr = tw__inner(n, v->r, v->r);
        tw__along(n, v->p, v->r, rr / before, v->p);
    }
    return true;
}

/* What the linear model says that the step d wins. */
static double predicted(int64_t n, const vectors *v, double lambda)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += v->d[i] * (lambda * v->d[i] - v->g[i]);
    return sum / 2;
}

/* The trial becomes the point. */
static void take(int64_t n, const vectors *v)
{
    memcpy(v->x, v->trial, (size_t)n * sizeof *v->x);
    memcpy(v->g, v->trial_g, (size_t)n * sizeof *v->g);
}

typedef struct damping { double lambda, nu; } damping;

/* Along d as it is, or halved: *loss is lowered, or left as it was. False in error. */
static bool try_step(tw__target *f, const vectors *v, damping *c, double *loss, bool *taken)
{
    const int64_t n = f->n;
    double t = 1, there;
    for (int k = 0; ; k++, t /= 2) {
        tw__along(n, v->trial, v->x, t, v->d);
        there = tw__target_squares(f, v->trial, v->trial_g);
        if (!tw_ok(f->opt->cx)) return false;
        if (c->lambda > 0 || there < *loss || k == HALVINGS) break;
    }
    *taken = there < *loss;
    if (*taken) {
        const double gain = (*loss - there) / predicted(n, v, c->lambda);
        c->lambda *= fmax(1.0 / 3, 1 - pow(2 * gain - 1, 3));
        c->nu = 2;
        *loss = there;
        take(n, v);
        return true;
    }
    c->lambda *= c->nu;
    c->nu *= 2;
    return tw__target_set(f, v->x);
}

static tw_opt_result run(tw__target *f, const tw__limits *o, const vectors *v)
{
    tw_opt_result best = { .loss = (double)NAN };
    if (!tw__target_get(f, v->x)) return best;
    double loss = tw__target_squares(f, NULL, v->g);
    damping c = { o->damping, 2 };
    best.converged = tw__largest(f->n, v->g) <= o->tolerance_grad;
    while (!best.converged && isfinite(loss) && tw_ok(f->opt->cx) && best.iterations < o->iterations) {
        bool taken;
        if (!solve(f, v, c.lambda) || !try_step(f, v, &c, &loss, &taken)) return best;
        best.iterations++;
        best.converged = tw__largest(f->n, v->d) <= o->tolerance_change || tw__largest(f->n, v->g) <= o->tolerance_grad;
        if (!taken && c.lambda == 0) break;
    }
    if (tw_ok(f->opt->cx)) best.loss = loss;
    return best;
}

static tw_opt_result minimise(tw__target *f, const tw__limits *o)
{
    const int64_t n = f->n;
    double *b = tw__vector_new(f, VECTORS * n);
    if (!b) return (tw_opt_result){ .loss = (double)NAN };
    const vectors v = { b, b + n, b + 2 * n, b + 3 * n, b + 4 * n, b + 5 * n, b + 6 * n, b + 7 * n };
    const tw_opt_result best = run(f, o, &v);
    tw__vector_free(f, b, VECTORS * n);
    return best;
}

static const tw__update levenberg = { .name = "levenberg", .minimise = minimise, .squares = true };

tw_opt *tw_levenberg_at(const tw_loc *at, tw_net *net, const tw_levenberg_args *o)
{
    TW_OPTIONS(tw_levenberg_args, o);
    const tw__limits limits = {
        .iterations = o->iterations ? o->iterations : 100, .damping = tw__rate_or(o->damping, 1e-3),
        .tolerance_grad = tw__rate_or(o->tolerance_grad, 1e-7), .tolerance_change = tw__rate_or(o->tolerance_change, 1e-9),
    };
    return tw__minimiser_new(at, net, &levenberg, &(tw__common){ .lr = 1, .only = o->only }, limits);
}
