/* sgd.c - stochastic gradient descent (as torch.optim.SGD).
 *
 *     g <- g + weight_decay w          v <- momentum v + (1 - dampening) g, at first g
 *     w <- w - lr v                    with nesterov  w <- w - lr (g + momentum v)
 *
 * Nesterov's gradient is taken where the momentum will lead; in terms of the weights that the network has,
 * that is the gradient here and the momentum once more.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"

static int moments(const tw__numbers *o, const tw_node *w)
{
    (void)w;
    return o->momentum > 0;
}

static tw_node *next(const tw_loc *at, const tw__turn *u)
{
    const tw__numbers *o = u->o;
    tw_node *g = u->g;
    if (u->weight_decay > 0) g = tw_add(g, tw_mul(tw__slot(u->weight_decay), u->w));
    if (!(o->momentum > 0)) return tw_sub(u->w, tw_mul(tw__slot(u->lr), g));

    tw_node *part = o->dampening > 0 ? tw_mul(tw__slot(u->t == 1 ? 1 : 1 - o->dampening), g) : g;
    tw_node *v = tw_add(tw_mul(tw__slot(o->momentum), u->m[0]), part);
    tw_assign(u->m[0], v);
    if (o->nesterov) v = tw_add(g, tw_mul(tw__slot(o->momentum), v));
    return tw_sub(u->w, tw_mul(tw__slot(u->lr), v));
}

static const tw__update sgd = { .name = "sgd", .moments = moments, .next = next };

tw_opt *tw_sgd_at(const tw_loc *at, tw_net *net, const tw_sgd_args *o)
{
    TW_OPTIONS(tw_sgd_args, o);
    return tw__opt_new(at, net, &sgd, o, 0, (tw__numbers){
        .momentum = o->momentum, .dampening = o->dampening, .nesterov = o->nesterov,
    });
}
