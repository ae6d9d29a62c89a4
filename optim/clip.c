/* clip.c - gradients kept within bounds.
 *
 * By value: each element within [-c, c]. By norm: all are multiplied by min(1, c / (norm + 1e-6)), the norm
 * taken over all of them, which keeps their direction. Both as torch.nn.utils.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"

static tw_node *scale_of(const tw_loc *at, const tw_opt *opt, tw_node *const *grads)
{
    tw_node *sum = NULL;
    for (int i = 0; i < opt->active; i++) {
        if (tw_is_zero(grads[i])) continue;
        tw_node *s = tw_sum(tw_square(grads[i]));
        sum = sum ? tw_add(sum, s) : s;
    }
    return sum ? tw_minimum(tw_div(tw__slot(opt->o.clip_norm), tw_add(tw_sqrt(sum), 1e-6)), 1.0) : NULL;
}

void tw__clip(const tw_loc *at, const tw_opt *opt, tw_node **grads)
{
    const double c = opt->o.clip_value;
    for (int i = 0; c > 0 && i < opt->active; i++)
        if (!tw_is_zero(grads[i])) grads[i] = tw_maximum(tw_minimum(grads[i], tw__slot(c)), tw__slot(-c));

    tw_node *scale = opt->o.clip_norm > 0 ? scale_of(at, opt, grads) : NULL;
    for (int i = 0; scale && i < opt->active; i++)
        if (!tw_is_zero(grads[i])) grads[i] = tw_mul(grads[i], scale);
}
