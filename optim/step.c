/* step.c - one step: gradients, penalties, clipping, the rule, one evaluation.
 *
 * The penalties of the loss are differentiated by hand, since that takes two nodes a parameter:
 * l2/2 sum w^2 has the gradient l2 w, and l1 sum |w| has l1 sign(w).
 * Clipping scales all gradients by min(1, clip_norm / (norm + 1e-6)), norm over all of them, as PyTorch does.
 * SPDX-License-Identifier: MIT
 */
#include "optim/opt_impl.h"
#include <math.h>

static bool reaches_some(const tw_loc *at, const char *op, const tw_opt *opt)
{
    for (int i = 0; i < opt->active; i++)
        if (!tw_is_zero(opt->grads[i])) return true;
    const char *only = opt->o.only ? opt->o.only : "*";
    if (!opt->n)
        tw_fail(opt->cx, TW_EGRAD, op, at, "no parameter of the network matches \"%s\"", only);
    else
        tw_fail(opt->cx, TW_EGRAD, op, at, "the loss reaches none of the %d parameters that match \"%s\" (%d of them frozen)",
                opt->n, only, opt->n - opt->active);
    return false;
}

static tw_node *penalised(const tw_loc *at, const tw__rates *o, tw_node *w, tw_node *g)
{
    if (tw_is_zero(g)) return g;
    if (o->l2 > 0) g = tw_add(g, tw_mul(tw__slot(o->l2), w));
    if (o->l1 > 0) g = tw_add(g, tw_mul(tw__slot(o->l1), tw_sign(w)));
    return g;
}

static tw_node **gradients(const tw_loc *at, const char *op, tw_opt *opt, tw_node *loss)
{
    if (!tw__opt_usable(at, op, opt, &loss) || !tw__opt_collect(opt)) return NULL;
    if (opt->active) tw_grads(loss, opt->active, opt->cells, opt->grads);
    if (!tw_ok(opt->cx) || !reaches_some(at, op, opt)) return NULL;
    for (int i = 0; i < opt->active; i++) opt->grads[i] = penalised(at, &opt->o, opt->cells[i], opt->grads[i]);
    tw_want(loss);
    return tw_ok(opt->cx) ? opt->grads : NULL;
}

/* What all gradients are multiplied by. */
static tw_node *clipping(const tw_loc *at, const tw_opt *opt, tw_node *const *grads)
{
    tw_node *sum = NULL;
    for (int i = 0; i < opt->active; i++) {
        if (tw_is_zero(grads[i])) continue;
        tw_node *s = tw_sum(tw_square(grads[i]));
        sum = sum ? tw_add(sum, s) : s;
    }
    return sum ? tw_minimum(tw_div(tw__slot(opt->o.clip_norm), tw_add(tw_sqrt(sum), 1e-6)), 1.0) : NULL;
}

static bool has_moments(const tw_loc *at, const tw_opt *opt, tw__trained *t)
{
    tw_node *w = t->item->cell;
    const int n = opt->update->moments(opt);
    for (int k = 0; k < n; k++) {
        if (t->moment[k]) continue;
        tw_node *zero = tw_state(opt->cx, tw_zeros(opt->cx, tw_shape_of(w), .dtype = tw_dtype_of(w)));
        if (!tw_ok(opt->cx)) return false;
        t->moment[k] = zero;
    }
    return true;
}

static bool apply(const tw_loc *at, const char *op, tw_opt *opt, tw_node *const *grads)
{
    tw_ctx *cx = opt->cx;
    opt->lr = tw_opt_lr(opt);
    if (!(opt->lr >= 0 && opt->lr < HUGE_VAL)) {
        tw_fail(cx, TW_EARG, op, at, "the schedule gave %g for step %lld", opt->lr, (long long)opt->steps);
        return false;
    }
    tw_node *scale = opt->o.clip_norm > 0 ? clipping(at, opt, grads) : NULL;
    for (int i = 0; i < opt->active; i++) {
        if (tw_is_zero(grads[i])) continue;
        if (!has_moments(at, opt, opt->live[i])) return false;
        tw_node *g = scale ? tw_mul(grads[i], scale) : grads[i];
        opt->update->assign(at, opt, opt->cells[i], g, opt->live[i]->moment);
    }
    if (!tw_ok(cx) || !tw_eval(cx)) return false;
    opt->steps++;
    return true;
}

tw_node **tw_opt_grads_at(const tw_loc *at, tw_opt *opt, tw_node *loss)
{
    return gradients(at, "opt_grads", opt, loss);
}

bool tw_opt_apply_at(const tw_loc *at, tw_opt *opt, tw_node *const *grads)
{
    if (!opt || !opt->cx || !tw_ok(opt->cx)) return false;
    if (grads) return apply(at, "opt_apply", opt, grads);
    tw_fail(opt->cx, TW_EARG, "opt_apply", at, "the gradients are NULL");
    return false;
}

bool tw_opt_step_at(const tw_loc *at, tw_opt *opt, tw_node *loss)
{
    tw_node **grads = gradients(at, "opt_step", opt, loss);
    return grads && apply(at, "opt_step", opt, grads);
}

tw_node *tw_opt_objective_at(const tw_loc *at, tw_opt *opt, tw_node *loss)
{
    if (!tw__opt_usable(at, "opt_objective", opt, &loss)) return tw_nil(opt ? opt->cx : NULL);
    const tw__rates *o = &opt->o;
    if (o->l2 > 0) loss = tw_add(loss, tw_mul(tw__slot(o->l2), tw_l2_penalty(opt->net, o->only)));
    if (o->l1 > 0) loss = tw_add(loss, tw_mul(tw__slot(o->l1), tw_l1_penalty(opt->net, o->only)));
    return loss;
}
