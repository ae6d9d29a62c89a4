/* adam.c - Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019).
 *
 *     m <- m + (1 - beta1) (g - m)          v <- v + (1 - beta2) (g^2 - v)
 *     w <- (1 - lr weight_decay) w - lr / (1 - beta1^t)  m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 *
 * for t = 1, 2, ...: the running means started at 0, and dividing by 1 - beta^t takes that out.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"
#include <math.h>

static int moments(const tw_opt *opt)
{
    (void)opt;
    return 2;
}

/* mean + (1 - beta) (x - mean) */
static tw_node *moved(const tw_loc *at, tw_node *mean, tw_node *x, double beta)
{
    return tw_add(mean, tw_mul(tw__slot(1 - beta), tw_sub(x, mean)));
}

static void assign(const tw_loc *at, const tw_opt *opt, tw_node *w, tw_node *g, tw_node *const *moment)
{
    const tw__rates *o = &opt->o;
    const double lr = opt->lr, t = (double)(opt->steps + 1);
    const double short1 = 1 - pow(o->beta1, t), short2 = sqrt(1 - pow(o->beta2, t));

    tw_node *m = moved(at, moment[0], g, o->beta1), *v = moved(at, moment[1], tw_square(g), o->beta2);
    tw_node *spread = tw_add(tw_mul(tw__slot(1 / short2), tw_sqrt(v)), tw__slot(o->epsilon));
    tw_node *decayed = o->weight_decay > 0 ? tw_mul(tw__slot(1 - lr * o->weight_decay), w) : w;
    tw_assign(moment[0], m);
    tw_assign(moment[1], v);
    tw_assign(w, tw_sub(decayed, tw_mul(tw__slot(lr / short1), tw_div(m, spread))));
}

static const tw__update adam = { .name = "adam", .moments = moments, .assign = assign };

tw_opt *tw_adam_at(const tw_loc *at, tw_net *net, const tw_adam_args *o)
{
    static const tw_adam_args none;
    if (!o) o = &none;
    return tw__opt_new(at, net, &adam, (tw__rates){
        .lr = o->schedule.rate ? o->lr : tw__rate_or(o->lr, 1e-3), .schedule = o->schedule,
        .beta1 = tw__rate_or(o->beta1, 0.9), .beta2 = tw__rate_or(o->beta2, 0.999),
        .epsilon = tw__rate_or(o->epsilon, 1e-8), .weight_decay = o->weight_decay, .l2 = o->l2, .l1 = o->l1,
        .clip_norm = o->clip_norm, .only = o->only,
    });
}
