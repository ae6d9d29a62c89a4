/* step.c - one step: gradients, penalties, clipping, the rule, one evaluation.
 *
 * The penalties of the loss are differentiated by hand, since that takes two nodes a parameter:
 * l2/2 sum w^2 has the gradient l2 w, and l1 sum |w| has l1 sign(w).
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

static tw_node *penalised(const tw_loc *at, const tw__group_numbers *o, tw_node *w, tw_node *g)
{
    if (tw_is_zero(g)) return g;
    if (o->l2 > 0) g = tw_add(g, tw_mul(tw__slot(o->l2), w));
    if (o->l1 > 0) g = tw_add(g, tw_mul(tw__slot(o->l1), tw_sign(w)));
    return g;
}

static tw_node **gradients(const tw_loc *at, const char *op, tw_opt *opt, tw_node *loss)
{
    if (!tw__opt_usable(at, op, opt, &loss) || !tw__opt_collect(opt)) return NULL;
    if (opt->update->minimise) {
        tw_fail(opt->cx, TW_EARG, op, at, "%s evaluates the loss at trial weights: use tw_opt_minimise", opt->update->name);
        return NULL;
    }
    if (opt->active) tw_grads(loss, opt->active, opt->cells, opt->grads);
    if (!tw_ok(opt->cx) || !reaches_some(at, op, opt)) return NULL;
    for (int i = 0; i < opt->active; i++)
        opt->grads[i] = penalised(at, &opt->live[i]->o, opt->cells[i], opt->grads[i]);
    tw_want(loss);
    return tw_ok(opt->cx) ? opt->grads : NULL;
}

static bool has_moments(const tw_loc *at, const tw_opt *opt, tw__trained *t)
{
    tw_node *w = t->item->cell;
    const int n = opt->update->moments(&opt->numbers, w);
    for (int k = 0; k < n; k++)
        if (!t->moment[k] && !(t->moment[k] = tw__zeros_of(at, w))) return false;
    return tw_ok(opt->cx);
}

static bool update(const tw_loc *at, tw_opt *opt, tw__trained *t, tw_node *g)
{
    if (!has_moments(at, opt, t)) return false;
    tw_node *w = t->item->cell;
    const tw__turn u = {
        .opt = opt, .o = &opt->numbers, .w = w, .g = g, .m = t->moment, .t = t->steps + 1,
        .lr = opt->lr * t->o.lr_scale, .weight_decay = t->o.weight_decay,
    };
    tw_node *next = tw__constrained(at, opt, t, opt->update->next(at, &u));
    next = tw__looked_ahead(at, opt, t, next);
    tw_assign(w, next);
    return tw_ok(opt->cx);
}

/* Only after the evaluation: what failed did not happen. */
static void count(tw_opt *opt, tw_node *const *grads, bool averaged)
{
    for (int i = 0; i < opt->active; i++) {
        opt->live[i]->steps    += !tw_is_zero(grads[i]);
        opt->live[i]->averaged += averaged;
    }
    opt->steps++;
    tw__gather_done(opt);
}

static bool ready(const tw_loc *at, const char *op, tw_opt *opt)
{
    opt->lr = tw_opt_lr(opt);
    if (opt->swapped)
        tw_fail(opt->cx, TW_EARG, op, at, "the network has the averages: tw_opt_use_average(opt, false) before the next step");
    else if (!(opt->lr >= 0 && opt->lr < HUGE_VAL))
        tw_fail(opt->cx, TW_EARG, op, at, "the schedule gave %g for step %lld", opt->lr, (long long)opt->steps);
    return tw_ok(opt->cx);
}

/* grads become what the update used. */
static bool apply(const tw_loc *at, const char *op, tw_opt *opt, tw_node **grads)
{
    bool good;
    if (!ready(at, op, opt)) return false;
    if (!tw__gathered(at, opt, grads, &good)) return good;
    tw__clip(at, opt, grads);
    for (int i = 0; i < opt->active; i++)
        if (!tw_is_zero(grads[i]) && !update(at, opt, opt->live[i], grads[i])) return false;
    const bool averages = tw__averages_now(opt);
    if (averages) tw__average(at, opt);
    if (!tw_ok(opt->cx) || !tw_eval(opt->cx)) return false;
    count(opt, grads, averages);
    return true;
}

tw_node **tw_opt_grads_at(const tw_loc *at, tw_opt *opt, tw_node *loss)
{
    return gradients(at, "opt_grads", opt, loss);
}

static void wrong_shape(const tw_loc *at, const tw_opt *opt, int i, const tw_node *g)
{
    char has[96], wants[96];
    if (g->cx != opt->cx) return;           /* shapes of contexts cannot be compared; what uses g will refuse it */
    tw_fail(opt->cx, TW_ESHAPE, "opt_apply", at, "gradient %d is %s, but \"%s\" is %s", i, tw_shape_text(g->shape, has, sizeof has),
            opt->live[i]->item->path, tw_shape_text(opt->cells[i]->shape, wants, sizeof wants));
}

bool tw_opt_apply_at(const tw_loc *at, tw_opt *opt, tw_node *const *grads)
{
    if (!opt || !opt->cx || !tw_ok(opt->cx)) return false;
    if (!grads) {
        tw_fail(opt->cx, TW_EARG, "opt_apply", at, "the gradients are NULL");
        return false;
    }
    if (!opt->active) tw_fail(opt->cx, TW_EARG, "opt_apply", at, "no parameters are known yet: tw_opt_grads says which gradients are due");
    for (int i = 0; i < opt->active && tw_ok(opt->cx); i++) {
        if (!grads[i]) tw_fail(opt->cx, TW_EARG, "opt_apply", at, "gradient %d, of \"%s\", is NULL", i, opt->live[i]->item->path);
        else if (!tw_is_nil(grads[i]) && grads[i]->shape != opt->cells[i]->shape) wrong_shape(at, opt, i, grads[i]);
        opt->grads[i] = grads[i];
    }
    return tw_ok(opt->cx) && apply(at, "opt_apply", opt, opt->grads);
}

bool tw_opt_step_at(const tw_loc *at, tw_opt *opt, tw_node *loss)
{
    tw_node **grads = gradients(at, "opt_step", opt, loss);
    return grads && apply(at, "opt_step", opt, grads);
}

tw_node *tw_opt_objective_at(const tw_loc *at, tw_opt *opt, tw_node *loss)
{
    if (!tw__opt_usable(at, "opt_objective", opt, &loss) || !tw__opt_collect(opt)) return tw_nil(opt ? opt->cx : NULL);
    for (int i = 0; i < opt->active; i++) {
        const tw__group_numbers *o = &opt->live[i]->o;
        tw_node *w = opt->cells[i];
        if (o->l2 > 0) loss = tw_add(loss, tw_mul(tw__slot(o->l2 / 2), tw_sum(tw_square(w))));
        if (o->l1 > 0) loss = tw_add(loss, tw_mul(tw__slot(o->l1), tw_sum(tw_abs(w))));
    }
    return loss;
}
