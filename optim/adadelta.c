/* adadelta.c - steps in the unit of the weights (Zeiler 2012; as torch.optim.Adadelta).
 *
 *     v <- rho v + (1 - rho) g^2            d = sqrt(u + epsilon) / sqrt(v + epsilon) g
 *     u <- rho u + (1 - rho) d^2            w <- w - lr d
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"

static int moments(const tw__numbers *o, const tw_node *w)
{
    (void)o, (void)w;
    return 2;
}

static tw_node *next(const tw_loc *at, const tw__turn *u)
{
    const tw__numbers *o = u->o;
    tw_node *v = tw__moved(at, u->m[0], tw_square(u->g), o->beta2);
    tw_node *over = tw_sqrt(tw_add(u->m[1], tw__slot(o->epsilon)));
    tw_node *d = tw_mul(tw_div(over, tw_sqrt(tw_add(v, tw__slot(o->epsilon)))), u->g);
    tw_assign(u->m[0], v);
    tw_assign(u->m[1], tw__moved(at, u->m[1], tw_square(d), o->beta2));
    return tw_sub(tw__decayed(at, u), tw_mul(tw__slot(u->lr), d));
}

static const tw__update adadelta = { .name = "adadelta", .beta2 = "rho", .moments = moments, .next = next };

tw_opt *tw_adadelta_at(const tw_loc *at, tw_net *net, const tw_adadelta_args *o)
{
    TW_OPTIONS(tw_adadelta_args, o);
    return tw__opt_new(at, net, &adadelta, o, 1, (tw__numbers){
        .beta2 = tw__rate_or(o->rho, 0.9), .epsilon = tw__rate_or(o->epsilon, 1e-6),
    });
}
