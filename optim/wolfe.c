/* wolfe.c - a line search for the strong Wolfe conditions (Nocedal and Wright, algorithms 3.5 and 3.6).
 *
 *     f(t) <= f(0) + c1 t f'(0)          |f'(t)| <= c2 |f'(0)|
 *
 * First t grows until an interval must hold such a point; then the interval shrinks around it. New points are
 * the minima of the cubic that has the values and slopes of two points; one too near an end of the interval
 * twice in a row is moved a tenth inwards. The order of tests is torch's, so that points agree.
 * SPDX-License-Identifier: MIT
 */
#include "optim/minimise_impl.h"
#include <math.h>
#include <string.h>

static const double c1 = 1e-4, c2 = 0.9;
enum { MOST_POINTS = 25 };

typedef struct line {
    tw__target   *f;
    const double *x, *d;
    double       *at;           /* x + t d */
    tw__point     start;
    int           points;       /* tried after the first */
} line;

static double cubic_minimum(tw__point a, tw__point b, double low, double high)
{
    const double d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t), square = d1 * d1 - a.slope * b.slope;
    if (!(square >= 0)) return (low + high) / 2;
    const double d2 = sqrt(square);
    const double t = a.t <= b.t ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
                                : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2));
    return fmin(fmax(t, low), high);
}

static bool try_point(line *l, double t, tw__point *p)
{
    const int64_t n = l->f->n;
    tw__along(n, l->at, l->x, t, l->d);
    p->t     = t;
    p->f     = tw__target_loss(l->f, l->at, p->g);
    p->slope = tw__inner(n, p->g, l->d);
    return tw_ok(l->f->opt->cx);
}

static bool too_high(const line *l, const tw__point *p)
{
    return !(p->f <= l->start.f + c1 * p->t * l->start.slope);
}

static bool flat_enough(const line *l, const tw__point *p)
{
    return fabs(p->slope) <= -c2 * l->start.slope;
}

static void exchange(tw__point *a, tw__point *b)
{
    const tw__point c = *a;
    *a = *b;
    *b = c;
}

/* Grows t: *done with the point in *now, or an interval between *before and *now. */
static bool bracket(line *l, double t, tw__point *before, tw__point *now, bool *done)
{
    *done = false;
    if (!try_point(l, t, now)) return false;
    for (; l->points < MOST_POINTS; l->points++) {
        if (too_high(l, now) || (l->points > 1 && now->f >= before->f)) return true;
        if (flat_enough(l, now)) return *done = true;
        if (now->slope >= 0) return true;
        t = cubic_minimum(*before, *now, now->t + 0.01 * (now->t - before->t), 10 * now->t);
        exchange(before, now);
        if (!try_point(l, t, now)) return false;
    }
    memcpy(before->g, l->start.g, (size_t)l->f->n * sizeof *before->g);
    *before = (tw__point){ l->start.t, l->start.f, l->start.slope, before->g };
    return true;
}

/* A point between the two, kept away from the ends; *near says that the latest one was near an end. */
static double between(const tw__point *a, const tw__point *b, bool *near)
{
    const double low = fmin(a->t, b->t), high = fmax(a->t, b->t), margin = 0.1 * (high - low);
    double t = cubic_minimum(*a, *b, low, high);
    if (!(fmin(high - t, t - low) < margin)) return *near = false, t;
    if (!*near && t < high && t > low) return *near = true, t;
    *near = false;
    return fabs(t - high) < fabs(t - low) ? high - margin : low + margin;
}

/* Shrinks the interval from a to b; the better of its ends is left in *a. new has room for a gradient. */
static bool zoom(line *l, tw__point *a, tw__point *b, tw__point *new, double tolerance)
{
    const double length = tw__largest(l->f->n, l->d);
    bool near = false;
    if (!(a->f <= b->f)) exchange(a, b);            /* from here on a is the lower one */
    for (; l->points < MOST_POINTS && fabs(b->t - a->t) * length >= tolerance; l->points++) {
        if (!try_point(l, between(a, b, &near), new)) return false;
        if (too_high(l, new) || new->f >= a->f) {
            exchange(b, new);
            if (!(a->f <= b->f)) exchange(a, b);
            continue;
        }
        const bool done = flat_enough(l, new);
        if (!done && new->slope * (b->t - a->t) >= 0) exchange(b, a);
        exchange(a, new);
        if (done) break;
    }
    return true;
}

bool tw__strong_wolfe(tw__target *f, const double *x, const double *d, double t, double tolerance, tw__point *p, double *scratch)
{
    const int64_t n = f->n;
    line l = { .f = f, .x = x, .d = d, .at = scratch, .start = *p };
    tw__point a = { p->t, p->f, p->slope, scratch + n }, b = { .g = scratch + 2 * n }, new = { .g = scratch + 3 * n };
    memcpy(a.g, p->g, (size_t)n * sizeof *a.g);

    bool done;
    if (!bracket(&l, t, &a, &b, &done)) return false;
    if (done) exchange(&a, &b);
    else if (!zoom(&l, &a, &b, &new, tolerance)) return false;
    memcpy(p->g, a.g, (size_t)n * sizeof *a.g);
    *p = (tw__point){ a.t, a.f, a.slope, p->g };
    return true;
}
