/* lion.c - only the sign of the momentum (Chen et al. 2023; as optax.lion).
 *
 *     w <- (1 - lr weight_decay) w - lr sign(beta1 m + (1 - beta1) g)          m <- beta2 m + (1 - beta2) g
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
    tw_node *sign = tw_sign(tw__moved(at, u->m[0], u->g, u->o->beta1));
    tw_assign(u->m[0], tw__moved(at, u->m[0], u->g, u->o->beta2));
    return tw_sub(tw__decayed(at, u), tw_mul(tw__slot(u->lr), sign));
}

static const tw__update lion = { .name = "lion", .moments = moments, .next = next };

tw_opt *tw_lion_at(const tw_loc *at, tw_net *net, const tw_lion_args *o)
{
    TW_OPTIONS(tw_lion_args, o);
    return tw__opt_new(at, net, &lion, o, 1e-4, (tw__numbers){
        .beta1 = tw__rate_or(o->beta1, 0.9), .beta2 = tw__rate_or(o->beta2, 0.99),
    });
}
