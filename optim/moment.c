/* moment.c - what the rules' formulas have in common.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"

tw_node *tw__moved(const tw_loc *at, tw_node *mean, tw_node *x, double beta)
{
    return tw_add(mean, tw_mul(tw__slot(1 - beta), tw_sub(x, mean)));
}

tw_node *tw__decayed(const tw_loc *at, const tw__turn *u)
{
    return u->weight_decay > 0 ? tw_mul(tw__slot(1 - u->lr * u->weight_decay), u->w) : u->w;
}

tw_node *tw__root(const tw_loc *at, tw_node *v, double correction, double epsilon)
{
    return tw_add(tw_mul(tw__slot(1 / correction), tw_sqrt(v)), tw__slot(epsilon));
}
