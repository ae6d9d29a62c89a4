/* rmsprop.c - steps divided by the running root mean square of the gradient (Hinton 2012; as torch.optim.RMSprop).
 *
 *     v <- alpha v + (1 - alpha) g^2         c <- alpha c + (1 - alpha) g
 *     d = g / (sqrt(v) + epsilon)            centered  d = g / (sqrt(v - c^2) + epsilon)
 *     w <- w - lr d                          with momentum  b <- momentum b + d,  w <- w - lr b
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"

static int moments(const tw__numbers *o, const tw_node *w)
{
    (void)w;
    return 1 + o->centered + (o->momentum > 0);
}

static tw_node *next(const tw_loc *at, const tw__turn *u)
{
    const tw__numbers *o = u->o;
    tw_node *v = tw__moved(at, u->m[0], tw_square(u->g), o->beta2);
    tw_assign(u->m[0], v);
    if (o->centered) {
        tw_node *c = tw__moved(at, u->m[1], u->g, o->beta2);
        tw_assign(u->m[1], c);
        v = tw_sub(v, tw_square(c));
    }
    tw_node *d = tw_div(u->g, tw__root(at, v, 1, o->epsilon));
    if (o->momentum > 0) {
        tw_node *b = u->m[1 + o->centered];
        tw_assign(b, d = tw_add(tw_mul(tw__slot(o->momentum), b), d));
    }
    return tw_sub(tw__decayed(at, u), tw_mul(tw__slot(u->lr), d));
}

static const tw__update rmsprop = { .name = "rmsprop", .beta2 = "alpha", .moments = moments, .next = next };

tw_opt *tw_rmsprop_at(const tw_loc *at, tw_net *net, const tw_rmsprop_args *o)
{
    TW_OPTIONS(tw_rmsprop_args, o);
    return tw__opt_new(at, net, &rmsprop, o, 1e-2, (tw__numbers){
        .beta2 = tw__rate_or(o->alpha, 0.99), .epsilon = tw__rate_or(o->epsilon, 1e-8), .momentum = o->momentum,
        .centered = o->centered,
    });
}
