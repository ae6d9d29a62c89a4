/* adagrad.c - steps divided by the root of all squared gradients so far (Duchi, Hazan and Singer 2011; as
 * torch.optim.Adagrad, whose lr_decay is .schedule = tw_inverse_time(lr, 1 / lr_decay)).
 *
 *     v <- v + g^2          w <- w - lr g / (sqrt(v) + epsilon)
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"

static int moments(const tw__numbers *o, const tw_node *w)
{
    (void)o, (void)w;
    return 1;
}

static tw_node *next(const tw_loc *at, const tw__turn *u)
{
    tw_node *v = tw_add(u->m[0], tw_square(u->g));
    tw_assign(u->m[0], v);
    return tw_sub(tw__decayed(at, u), tw_mul(tw__slot(u->lr), tw_div(u->g, tw__root(at, v, 1, u->o->epsilon))));
}

static const tw__update adagrad = { .name = "adagrad", .moments = moments, .next = next };

tw_opt *tw_adagrad_at(const tw_loc *at, tw_net *net, const tw_adagrad_args *o)
{
    TW_OPTIONS(tw_adagrad_args, o);
    return tw__opt_new(at, net, &adagrad, o, 1e-2, (tw__numbers){ .epsilon = tw__rate_or(o->epsilon, 1e-10) });
}
