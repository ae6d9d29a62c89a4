/* lamb.c - Adam's direction, as long as the weights are (You et al. 2020; as optax.lamb).
 *
 *     d = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) + weight_decay w
 *     w <- w - lr |w| / |d| d, for each tensor; without the ratio where |w| or |d| is 0
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"
#include <math.h>

static int moments(const tw__numbers *o, const tw_node *w)
{
    (void)o, (void)w;
    return 2;
}

static tw_node *norm(const tw_loc *at, tw_node *x)
{
    return tw_sqrt(tw_sum(tw_square(x)));
}

static tw_node *next(const tw_loc *at, const tw__turn *u)
{
    const tw__numbers *o = u->o;
    const double t = (double)u->t, short1 = 1 - pow(o->beta1, t), short2 = sqrt(1 - pow(o->beta2, t));
    tw_node *m = tw__moved(at, u->m[0], u->g, o->beta1), *v = tw__moved(at, u->m[1], tw_square(u->g), o->beta2);
    tw_assign(u->m[0], m);
    tw_assign(u->m[1], v);
    tw_node *d = tw_div(tw_mul(tw__slot(1 / short1), m), tw__root(at, v, short2, o->epsilon));
    if (u->weight_decay > 0) d = tw_add(d, tw_mul(tw__slot(u->weight_decay), u->w));

    tw_node *of_w = norm(at, u->w), *of_d = norm(at, d);
    tw_node *none = tw_logical_or(tw_equal(of_w, 0.0), tw_equal(of_d, 0.0));
    tw_node *ratio = tw_where(none, 1.0, tw_div(of_w, of_d));
    return tw_sub(u->w, tw_mul(tw_mul(tw__slot(u->lr), ratio), d));
}

static const tw__update lamb = { .name = "lamb", .moments = moments, .next = next };

tw_opt *tw_lamb_at(const tw_loc *at, tw_net *net, const tw_lamb_args *o)
{
    TW_OPTIONS(tw_lamb_args, o);
    return tw__opt_new(at, net, &lamb, o, 1e-3, (tw__numbers){
        .beta1 = tw__rate_or(o->beta1, 0.9), .beta2 = tw__rate_or(o->beta2, 0.999), .epsilon = tw__rate_or(o->epsilon, 1e-6),
    });
}
