/* sgd.c - stochastic gradient descent.
 *
 *     g <- g + weight_decay w          v <- momentum v + g          w <- w - lr v
 *
 * and with proximal_l1 = tau the proximal step of lr tau |w|: soft thresholding,
 *
 *     w <- sign(w) max(|w| - lr tau, 0)
 *
 * which unlike the gradient of |w| gives exact zeros. The moments start at 0, so v is g at first.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"

static int moments(const tw_opt *opt)
{
    return opt->o.momentum > 0;
}

static void assign(const tw_loc *at, const tw_opt *opt, tw_node *w, tw_node *g, tw_node *const *m)
{
    const tw__rates *o = &opt->o;
    if (o->weight_decay > 0) g = tw_add(g, tw_mul(tw__slot(o->weight_decay), w));
    if (o->momentum > 0) tw_assign(m[0], g = tw_add(tw_mul(tw__slot(o->momentum), m[0]), g));

    tw_node *new_w = tw_sub(w, tw_mul(tw__slot(opt->lr), g));
    if (o->proximal_l1 > 0) {
        tw_node *left = tw_maximum(tw_sub(tw_abs(new_w), tw__slot(opt->lr * o->proximal_l1)), 0.0);
        new_w = tw_mul(tw_sign(new_w), left);
    }
    tw_assign(w, new_w);
}

static const tw__update sgd = { .name = "sgd", .moments = moments, .assign = assign };

tw_opt *tw_sgd_at(const tw_loc *at, tw_net *net, const tw_sgd_args *o)
{
    static const tw_sgd_args none;
    if (!o) o = &none;
    return tw__opt_new(at, net, &sgd, (tw__rates){
        .lr = o->lr, .schedule = o->schedule, .momentum = o->momentum, .weight_decay = o->weight_decay, .l2 = o->l2,
        .l1 = o->l1, .proximal_l1 = o->proximal_l1, .clip_norm = o->clip_norm, .only = o->only,
    });
}
