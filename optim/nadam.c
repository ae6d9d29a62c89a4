/* nadam.c - Adam with Nesterov's momentum (Dozat 2016; as torch.optim.NAdam).
 *
 *     mu_t = beta1 (1 - 0.96^(t psi) / 2), psi = momentum_decay;     M_t = mu_1 mu_2 ... mu_t
 *     m <- m + (1 - beta1) (g - m)          v <- v + (1 - beta2) (g^2 - v)
 *     w <- (1 - lr weight_decay) w - lr ((1 - mu_t) / (1 - M_t) g + mu_t+1 / (1 - M_t+1) m) / (sqrt(v / (1 - beta2^t)) + epsilon)
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"
#include <math.h>

static int moments(const tw__numbers *o, const tw_node *w)
{
    (void)o, (void)w;
    return 2;
}

static double momentum_of(const tw__numbers *o, int64_t t)
{
    return o->beta1 * (1 - 0.5 * pow(0.96, (double)t * o->momentum_decay));
}

/* M_t. Nearly always the next one, or the same for another parameter. Once it is nothing beside 1 it need not be known. */
static double product_of(tw_opt *opt, int64_t t)
{
    if (t < opt->nadam.t || !opt->nadam.t) opt->nadam.t = 0, opt->nadam.product = 1;
    while (opt->nadam.t < t && opt->nadam.product > 1e-30) opt->nadam.product *= momentum_of(&opt->numbers, ++opt->nadam.t);
    return opt->nadam.product;
}

static tw_node *next(const tw_loc *at, const tw__turn *u)
{
    const tw__numbers *o = u->o;
    const double mu = momentum_of(o, u->t), mu_next = momentum_of(o, u->t + 1), product = product_of(u->opt, u->t);
    const double of_g = u->lr * (1 - mu) / (1 - product), of_m = u->lr * mu_next / (1 - product * mu_next);

    tw_node *m = tw__moved(at, u->m[0], u->g, o->beta1), *v = tw__moved(at, u->m[1], tw_square(u->g), o->beta2);
    tw_assign(u->m[0], m);
    tw_assign(u->m[1], v);
    tw_node *along = tw_add(tw_mul(tw__slot(of_g), u->g), tw_mul(tw__slot(of_m), m));
    return tw_sub(tw__decayed(at, u), tw_div(along, tw__root(at, v, sqrt(1 - pow(o->beta2, (double)u->t)), o->epsilon)));
}

static const tw__update nadam = { .name = "nadam", .moments = moments, .next = next };

tw_opt *tw_nadam_at(const tw_loc *at, tw_net *net, const tw_nadam_args *o)
{
    TW_OPTIONS(tw_nadam_args, o);
    return tw__opt_new(at, net, &nadam, o, 2e-3, (tw__numbers){
        .beta1 = tw__rate_or(o->beta1, 0.9), .beta2 = tw__rate_or(o->beta2, 0.999), .epsilon = tw__rate_or(o->epsilon, 1e-8),
        .momentum_decay = tw__rate_or(o->momentum_decay, 4e-3),
    });
}
