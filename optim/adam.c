/* adam.c - Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019), and AMSGrad
 * (Reddi, Kale and Kumar 2018).
 *
 *     m <- m + (1 - beta1) (g - m)          v <- v + (1 - beta2) (g^2 - v)
 *     w <- (1 - lr weight_decay) w - lr / (1 - beta1^t)  m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 *
 * for t = 1, 2, ...: the running means started at 0, and dividing by 1 - beta^t takes that out. AMSGrad
 * divides by the largest v so far, so that no step is longer than one that came before would have been.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"
#include <math.h>

static int moments(const tw__numbers *o, const tw_node *w)
{
    (void)w;
    return 2 + o->amsgrad;
}

static tw_node *next(const tw_loc *at, const tw__turn *u)
{
    const tw__numbers *o = u->o;
    const double t = (double)u->t, short1 = 1 - pow(o->beta1, t), short2 = sqrt(1 - pow(o->beta2, t));

    tw_node *m = tw__moved(at, u->m[0], u->g, o->beta1), *v = tw__moved(at, u->m[1], tw_square(u->g), o->beta2);
    tw_assign(u->m[0], m);
    tw_assign(u->m[1], v);
    if (o->amsgrad) tw_assign(u->m[2], v = tw_maximum(u->m[2], v));
    tw_node *step = tw_div(m, tw__root(at, v, short2, o->epsilon));
    return tw_sub(tw__decayed(at, u), tw_mul(tw__slot(u->lr / short1), step));
}

static tw_opt *made(const tw_loc *at, tw_net *net, const tw__update *update, const tw_adam_args *o)
{
    return tw__opt_new(at, net, update, o, 1e-3, (tw__numbers){
        .beta1 = tw__rate_or(o->beta1, 0.9), .beta2 = tw__rate_or(o->beta2, 0.999), .epsilon = tw__rate_or(o->epsilon, 1e-8),
        .amsgrad = o->amsgrad,
    });
}

tw_opt *tw_adam_at(const tw_loc *at, tw_net *net, const tw_adam_args *o)
{
    TW_OPTIONS(tw_adam_args, o);
    static const tw__update adam = { .name = "adam", .moments = moments, .next = next };
    return made(at, net, &adam, o);
}

tw_opt *tw_adamw_at(const tw_loc *at, tw_net *net, const tw_adam_args *o)
{
    TW_OPTIONS(tw_adam_args, o);
    static const tw__update adamw = { .name = "adamw", .moments = moments, .next = next };
    tw_adam_args with = *o;
    with.weight_decay = tw__rate_or(with.weight_decay, 0.01);
    return made(at, net, &adamw, &with);
}
