/* after.c - what happens to new weights: constraints, lookahead, averages.
 *
 *     proximal L1, tau = lr proximal_l1     w <- sign(w) max(|w| - tau, 0)
 *     max-norm                              w <- w min(1, max_norm / (norm + 1e-7)) for each unit, which is a
 *                                           column of the weight: all axes but the last (torch.renorm)
 *     lookahead, every k steps              w <- slow <- slow + alpha (w - slow)
 *     averages                              a <- a + c (w - a), c = 1 - decay, or 1 / n for the mean of n
 *
 * Soft thresholding is the proximal step of tau |w|: unlike the gradient of |w| it gives exact zeros. The
 * average of the first value is that value.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"

static tw_node *thresholded(const tw_loc *at, tw_node *w, double tau)
{
    return tw_mul(tw_sign(w), tw_maximum(tw_sub(tw_abs(w), tw__slot(tau)), 0.0));
}

static tw_node *bounded(const tw_loc *at, tw_node *w, double limit)
{
    tw_axes inputs = { .n = tw_rank(w) - 1 };
    for (int i = 0; i < inputs.n; i++) inputs.at[i] = i;
    tw_node *norm = tw_sqrt(tw_sum(tw_square(w), .axes = inputs, .keep_dims = true));
    return tw_mul(w, tw_minimum(tw_div(tw__slot(limit), tw_add(norm, 1e-7)), 1.0));
}

tw_node *tw__constrained(const tw_loc *at, const tw_opt *opt, const tw__trained *t, tw_node *w)
{
    if (t->o.proximal_l1 > 0) w = thresholded(at, w, opt->lr * t->o.lr_scale * t->o.proximal_l1);
    if (t->o.max_norm > 0 && tw_rank(w) > 1) w = bounded(at, w, t->o.max_norm);
    return w;
}

tw_node *tw__looked_ahead(const tw_loc *at, tw_opt *opt, tw__trained *t, tw_node *w)
{
    const tw_lookahead *o = &opt->o.lookahead;
    if (!o->steps) return w;
    tw_node *slow = t->slow ? t->slow : tw_state(opt->cx, t->item->cell);
    if (!tw_ok(opt->cx)) return w;
    t->slow = slow;
    if ((opt->steps + 1) % o->steps) return w;
    w = tw_add(t->slow, tw_mul(tw__slot(tw__rate_or(o->alpha, 0.5)), tw_sub(w, t->slow)));
    tw_assign(t->slow, w);
    return w;
}

/* ---- averages */

bool tw__averages_now(const tw_opt *opt)
{
    const tw_averaging *a = &opt->o.average;
    const int64_t since = opt->steps + 1 - a->from;
    return a->on && since >= 0 && (a->every < 2 || since % a->every == 0);
}

/* Parameters that the step did not reach are averaged as they are. */
void tw__average(const tw_loc *at, tw_opt *opt)
{
    const double decay = opt->o.average.decay;
    for (int i = 0; i < opt->active; i++) {
        tw__trained *t = opt->live[i];
        tw_node *w = opt->cells[i];
        if (!t->average && !(t->average = tw__zeros_of(at, w))) return;
        const double n = (double)t->averaged, c = n == 0 ? 1 : opt->o.average.mean ? 1 / (n + 1) : 1 - decay;
        tw_assign(t->average, n == 0 ? tw_reshape(w, tw_shape_of(w)) : tw_add(t->average, tw_mul(tw__slot(c), tw_sub(w, t->average))));
    }
}

tw_averaging tw_ema(double decay)                     { return (tw_averaging){ decay, 1, 1, true, false }; }
tw_averaging tw_swa(int64_t from, int64_t every)      { return (tw_averaging){ 0, from, every ? every : 1, true, true }; }

bool tw_opt_use_average_at(const tw_loc *at, tw_opt *opt, bool on)
{
    if (!opt || !opt->cx || !tw_ok(opt->cx)) return false;
    if (!opt->o.average.on) {
        tw_fail(opt->cx, TW_EARG, "opt_use_average", at, "%s keeps no average: give it .average = tw_ema(decay), or tw_swa", opt->update->name);
        return false;
    }
    if (on == opt->swapped) return true;
    for (int i = 0; i < opt->n; i++) {
        const tw__trained *t = &opt->trained[i];
        tw_node *w = t->item->cell, *a = t->average;
        if (!a || !t->averaged) continue;
        tw_node *old_w = tw_reshape(w, tw_shape_of(w)), *old_a = tw_reshape(a, tw_shape_of(w));
        tw_assign(w, old_a);
        tw_assign(a, old_w);
    }
    if (!tw_ok(opt->cx) || !tw_eval(opt->cx)) return false;
    opt->swapped = on;
    return true;
}
