/* landscape.c - the loss around trained weights, over a plane of two random directions.
 *
 *     f(a, b) = loss(w + a d + b e)
 *
 * Each part of d that belongs to a filter of w (the weights of one output: all axes but the last) is
 * normal numbers, scaled to the length of that filter, so that the scale of weights, which batch
 * normalisation makes arbitrary, does not decide how sharp a minimum looks. Vectors stay.
 * The loss is built as the program builds it, and then again with w + a d + b e in the place of w:
 * no weight is touched. What the program itself assigns on the way is put back from a copy.
 * Reference: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the loss landscape of
 * neural nets", 2018, section 4.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/sink_impl.h"
#include "ops/ops.h"
#include "train/fit_impl.h"
#include "train/landscape_impl.h"
#include "train/report_impl.h"
#include "train/train_impl.h"

#include <math.h>
#include <string.h>

enum { POINTS = 25, MOST_POINTS = 501, AT_ONCE = 16 };      /* AT_ONCE: as many nodes as tw_replace takes */

/* Weights that move: the cell, and w, d and e as leaves of the scope around all evaluations. */
typedef struct moved { tw_node *cell, *w, *d[2]; } moved;

typedef struct plane {
    const tw_loc *at;
    tw_ctx       *cx;
    tw_node    *(*loss_of)(void *user);
    void         *user;
    int           n, room;
    moved        *part;
} plane;

/* ---- directions */

static tw_node *norm_of_filters(const tw_loc *at, tw_node *w)
{
    tw_axes inputs = { .n = tw_rank(w) - 1 };
    for (int k = 0; k < inputs.n; k++) inputs.at[k] = k;
    return tw_sqrt(tw_sum(tw_square(w), .axes = inputs, .keep_dims = true));
}

static tw_node *direction(const tw_loc *at, tw_node *w, uint64_t key)
{
    tw_node *d = tw_normal(w->cx, tw_shape_of(w), .dtype = tw_dtype_of(w), .key = key);
    return tw_mul(d, tw_div(norm_of_filters(at, w), norm_of_filters(at, d)));
}

static bool collect(plane *p, tw_net *net, const tw_landscape_args *o)
{
    const tw_loc *at = p->at;
    uint64_t number = 0;
    TW_NET_EACH(item, net, o->only) p->room += !item->buffer && tw_rank(item->cell) > 1 && tw_count(item->cell) > 0;
    if (!p->room) return tw_fail(p->cx, TW_EARG, "landscape", at, "no matrix of weights matches \"%s\"", o->only ? o->only : "*"), false;
    if (!(p->part = tw_resize(p->cx, NULL, 0, (size_t)p->room * sizeof *p->part))) return false;
    TW_NET_EACH(item, net, o->only) {
        if (item->buffer || tw_rank(item->cell) < 2 || tw_count(item->cell) == 0) continue;
        tw_node *w = tw_reshape(item->cell, tw_shape_of(item->cell));
        moved *m = &p->part[p->n++];
        *m = (moved){ .cell = item->cell, .w = w };
        for (int k = 0; k < 2; k++) m->d[k] = direction(at, w, tw__mix(tw__mix(o->seed) + ++number) | 1);
        if (!tw_ok(p->cx) || !tw_eval_nodes(3, ((tw_node *[]){ m->w, m->d[0], m->d[1] }))) return false;
    }
    return true;
}

/* ---- one point */

static tw_node *with_moved(plane *p, tw_node *y, double a, double b)
{
    const tw_loc *at = p->at;
    tw_node *from[AT_ONCE], *to[AT_ONCE];
    for (int i = 0, n = 0; i < p->n; i++) {
        const moved *m = &p->part[i];
        from[n] = m->cell;
        to[n++] = tw_add(m->w, tw_add(tw_mul(tw__slot(a), m->d[0]), tw_mul(tw__slot(b), m->d[1])));
        if (n == AT_ONCE || i + 1 == p->n) y = tw_replace(y, n, from, to), n = 0;
    }
    return y;
}

static double height(plane *p, double a, double b)
{
    const tw_loc *at = p->at;
    TW_SCOPE(p->cx);
    tw_node *y = p->loss_of(p->user);
    if (tw_ok(p->cx) && !y) tw_fail(p->cx, TW_EARG, "landscape", at, "the loss is NULL");
    if (!tw_ok(p->cx) || !(y = tw_input(at, "landscape", 0, y)) || tw_is_nil(y)) return (double)NAN;
    if (tw_count(y) == 1) return tw_item(with_moved(p, y, a, b));
    char text[96];
    tw_fail(p->cx, TW_ESHAPE, "landscape", at, "the loss is %s, not one number: take its mean", tw_shape_text(y->shape, text, sizeof text));
    return (double)NAN;
}

/* Parameters come into being when the model first runs. */
static bool run_once(plane *p)
{
    TW_SCOPE(p->cx);
    p->loss_of(p->user);
    return tw_ok(p->cx);
}

static bool survey(plane *p, tw_net *net, const tw_landscape_args *o, int points, double reach, double *z)
{
    TW_SCOPE(p->cx);
    bool good = run_once(p) && collect(p, net, o);
    for (int i = 0; good && i < points * points; i++) {
        const double half = points > 1 ? 0.5 * (points - 1) : 1;
        z[i] = height(p, reach * (i % points - half) / half, reach * (i / points - half) / half);
        good = tw_ok(p->cx);
    }
    if (p->part) tw_resize(p->cx, p->part, (size_t)p->room * sizeof *p->part, 0);
    return good;
}

/* ---- the call */

static bool sensible(const tw_loc *at, tw_ctx *cx, const void *loss_of, const tw_landscape_args *o)
{
    if (!loss_of) return tw_fail(cx, TW_EARG, "landscape", at, "the function that builds the loss is NULL"), false;
    if (o->points < 0 || o->points == 1 || o->points > MOST_POINTS)
        return tw_fail(cx, TW_EARG, "landscape", at, ".points is %d: from 2 to %d", o->points, MOST_POINTS), false;
    if (!(o->reach >= 0 && o->reach < (double)INFINITY)) return tw_fail(cx, TW_EARG, "landscape", at, ".reach is %g", o->reach), false;
    if (!o->file && !o->report && !o->losses) return tw_fail(cx, TW_EARG, "landscape", at, "no place for the picture: .file, .report or .losses"), false;
    return true;
}

static bool draw(const tw_loc *at, tw_ctx *cx, const tw_landscape_args *o, int points, double reach, const double *z)
{
    tw__bytes svg = { .cx = cx };
    tw__contours(z, points, reach, &svg);
    tw__sink *s = o->file && tw_ok(cx) ? tw__sink_open(at, cx, "landscape", o->file) : NULL;
    bool good = tw_ok(cx) && (!o->file || (s && tw__sink_close(s, tw__sink_write(s, svg.b, svg.n))));
    if (good && o->report && o->report->cx) {
        tw__bytes_drop(&o->report->landscape);
        tw__bytes_put(&o->report->landscape, svg.b, svg.n);
    }
    tw__bytes_drop(&svg);
    return good && tw_ok(cx);
}

bool tw_landscape_at(const tw_loc *at, tw_net *net, tw_node *(*loss_of)(void *user), void *user, const tw_landscape_args *o)
{
    TW_OPTIONS(tw_landscape_args, o);
    tw_ctx *cx = tw_net_ctx(net);
    if (!cx || !tw_ok(cx) || !sensible(at, cx, (const void *)(uintptr_t)loss_of, o)) return false;
    const int points = o->points ? o->points : POINTS;
    const double reach = o->reach > 0 ? o->reach : 1;
    const bool training = tw_net_is_training(net);
    const uint64_t random = tw_random_count(cx);
    const size_t size = (size_t)(points * points) * sizeof(double);
    double *z = o->losses ? o->losses : tw_resize(cx, NULL, 0, size);
    tw__snapshot before = { .n = 0 };
    plane p = { .at = at, .cx = cx, .loss_of = loss_of, .user = user };

    tw_net_training(net, false);
    bool good = z && tw__snapshot_take(at, net, &before) && survey(&p, net, o, points, reach, z);
    if (tw_ok(cx)) good = tw__snapshot_restore(at, net, &before) && good;
    tw__snapshot_drop(cx, &before);
    tw_net_training(net, training);
    tw_random_set(cx, random);
    good = good && ((!o->file && !o->report) || draw(at, cx, o, points, reach, z));
    if (z && !o->losses) tw_resize(cx, z, size, 0);
    return good;
}
