/* minimise.c - methods that evaluate the loss several times a step.
 *
 * They work on one vector of doubles: the trained weights, one after the other. An evaluation assigns trial weights,
 * lets the program build its loss, and reads loss and gradient: one plan, which is the same every time.
 * SPDX-License-Identifier: MIT
 */
#include "optim/minimise_impl.h"
#include <math.h>
#include <string.h>

/* ---- vectors and tensors */

/* The part of x that parameter i is; i == active: the length of all. */
static int64_t offset_of(const tw_opt *opt, int i)
{
    int64_t sum = 0;
    for (int k = 0; k < i; k++) sum += tw_count(opt->cells[k]);
    return sum;
}

static tw_node *leaf_of(const tw_loc *at, tw_node *like, const double *x)
{
    tw_node *wide = tw_data(like->cx, TW_F64, tw_shape_of(like), x);
    return tw_dtype_of(like) == TW_F64 ? wide : tw_cast(wide, tw_dtype_of(like));
}

static bool read_into(const tw_loc *at, tw_node *n, double *x)
{
    return tw_copy(tw_dtype_of(n) == TW_F64 ? n : tw_cast(n, TW_F64), x, (size_t)tw_count(n) * sizeof *x);
}

static void assign_trial(tw__target *f, const double *x)
{
    const tw_loc *at = f->at;
    for (int i = 0; x && i < f->opt->active; i++)
        tw_assign(f->opt->cells[i], leaf_of(at, f->opt->cells[i], x + offset_of(f->opt, i)));
}

bool tw__target_set(tw__target *f, const double *x)
{
    const tw_loc *at = f->at;
    TW_SCOPE(f->opt->cx);
    assign_trial(f, x);
    return tw_eval(f->opt->cx);
}

bool tw__target_get(tw__target *f, double *x)
{
    bool good = true;
    for (int i = 0; i < f->opt->active; i++)
        good = good && read_into(f->at, f->opt->cells[i], x + offset_of(f->opt, i));
    return good;
}

/* One tensor for each parameter, into one vector. */
static bool flatten(tw__target *f, tw_node *const *parts, double *x)
{
    bool good = true;
    for (int i = 0; i < f->opt->active; i++) {
        double *to = x + offset_of(f->opt, i);
        if (tw_is_zero(parts[i])) memset(to, 0, (size_t)tw_count(f->opt->cells[i]) * sizeof *to);
        else good = good && read_into(f->at, parts[i], to);
    }
    return good;
}

double *tw__vector_new(tw__target *f, int64_t n)
{
    if (n < 0 || n > INT64_MAX / (int64_t)sizeof(double)) {
        tw_fail(f->opt->cx, TW_ENOMEM, f->op, f->at, "no memory holds so many numbers: a shorter .history");
        return NULL;
    }
    return tw_resize(f->opt->cx, NULL, 0, (size_t)n * sizeof(double));
}

void tw__vector_free(tw__target *f, double *v, int64_t n)
{
    if (v) tw_resize(f->opt->cx, v, (size_t)n * sizeof(double), 0);
}

/* ---- evaluations */

static bool reaches_some(tw__target *f)
{
    const tw_opt *opt = f->opt;
    for (int i = 0; i < opt->active; i++)
        if (!tw_is_zero(opt->grads[i])) return true;
    tw_fail(opt->cx, TW_EGRAD, f->op, f->at, "the loss reaches none of the %d parameters that match \"%s\" and are not frozen",
            opt->active, opt->o.only ? opt->o.only : "*");
    return false;
}

/* The optimiser's gradients, in doubles and in one evaluation with whatever else is wanted. */
static bool together(tw__target *f)
{
    const tw_loc *at = f->at;
    tw_opt *opt = f->opt;
    for (int i = 0; i < opt->active; i++) {
        if (tw_is_zero(opt->grads[i])) continue;
        if (tw_dtype_of(opt->grads[i]) != TW_F64) opt->grads[i] = tw_cast(opt->grads[i], TW_F64);
        tw_want(opt->grads[i]);
    }
    return tw_ok(opt->cx) && tw_eval(opt->cx);
}

static double evaluated(tw__target *f, tw_node *y, double *gradient)
{
    const tw_loc *at = f->at;
    f->evaluations++;
    tw_want(y);
    return together(f) && flatten(f, f->opt->grads, gradient) ? tw_item(y) : (double)NAN;
}

/* What the program builds; nil after failing. */
static tw_node *built(tw__target *f)
{
    tw_node *y = f->build(f->user);
    return y || !tw_ok(f->opt->cx) ? y : tw_fail(f->opt->cx, TW_EARG, f->op, f->at, "the loss is NULL");
}

static double value_and_gradient(tw__target *f, const double *x, double *gradient, tw_node *(*of)(tw__target *f, tw_node *built))
{
    const tw_loc *at = f->at;
    tw_opt *opt = f->opt;
    TW_SCOPE(opt->cx);
    assign_trial(f, x);
    tw_node *y = built(f);
    if (tw_ok(opt->cx)) y = of(f, y);
    if (!tw_ok(opt->cx)) return (double)NAN;
    tw_grads(y, opt->active, opt->cells, opt->grads);
    return tw_ok(opt->cx) && reaches_some(f) ? evaluated(f, y, gradient) : (double)NAN;
}

static tw_node *objective(tw__target *f, tw_node *loss)
{
    const tw_loc *at = f->at;
    return tw_opt_objective(f->opt, loss);
}

static tw_node *half_squares(tw__target *f, tw_node *residuals)
{
    const tw_loc *at = f->at;
    return tw_mul(0.5, tw_sum(tw_square(residuals)));
}

double tw__target_loss(tw__target *f, const double *x, double *gradient)
{
    return value_and_gradient(f, x, gradient, objective);
}

/* J' r is the gradient of half the squares of r. */
double tw__target_squares(tw__target *f, const double *x, double *gradient)
{
    return value_and_gradient(f, x, gradient, half_squares);
}

bool tw__target_curvature(tw__target *f, const double *p, double *product)
{
    const tw_loc *at = f->at;
    tw_opt *opt = f->opt;
    TW_SCOPE(opt->cx);
    tw_node *r = built(f);
    for (int i = 0; i < opt->active; i++) opt->grads[i] = leaf_of(at, opt->cells[i], p + offset_of(opt, i));
    tw_node *along = tw_ok(opt->cx) ? tw_jvp(r, opt->active, opt->cells, opt->grads) : NULL;
    if (!tw_ok(opt->cx)) return false;
    tw_vjp(1, &r, &along, opt->active, opt->cells, opt->grads);
    f->evaluations++;
    return tw_ok(opt->cx) && together(f) && flatten(f, opt->grads, product);
}

/* ---- the frame */

/* Parameters come into being while the loss is first built. */
static bool begin(tw__target *f)
{
    tw_opt *opt = f->opt;
    {
        TW_SCOPE(opt->cx);
        built(f);
        if (!tw_ok(opt->cx)) return false;
    }
    if (!tw__opt_collect(opt)) return false;
    f->n = offset_of(opt, opt->active);
    if (f->n) return true;
    tw_fail(opt->cx, TW_EGRAD, f->op, f->at, "no parameter to train matches \"%s\"", opt->o.only ? opt->o.only : "*");
    return false;
}

tw_opt_result tw_opt_minimise_at(const tw_loc *at, tw_opt *opt, tw_node *(*loss_of)(void *user), void *user)
{
    const tw_opt_result none = { .loss = (double)NAN };
    if (!opt || !opt->cx || !tw_ok(opt->cx)) return none;
    if (!loss_of || !opt->update->minimise) {
        tw_fail(opt->cx, TW_EARG, "opt_minimise", at, loss_of ? "%s is a rule for steps: use tw_opt_step"
                                                              : "%s: the function that builds the loss is NULL", opt->update->name);
        return none;
    }
    tw__target f = { .at = at, .op = "opt_minimise", .opt = opt, .build = loss_of, .user = user };
    TW_SCOPE(opt->cx);
    if (!begin(&f)) return none;
    tw_opt_result m = opt->update->minimise(&f, &opt->limits);
    m.evaluations = f.evaluations;
    if (!tw_ok(opt->cx)) return none;
    opt->steps += m.iterations;
    return m;
}

tw_opt *tw__minimiser_new(const tw_loc *at, tw_net *net, const tw__update *update, const tw__common *common, tw__limits o)
{
    const struct { const char *name; double value; } limits[] = {
        { "iterations", (double)o.iterations }, { "history", (double)o.history }, { "tolerance_grad", o.tolerance_grad },
        { "tolerance_change", o.tolerance_change }, { "damping", o.damping },
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (!(limits[i].value >= 0 && limits[i].value < HUGE_VAL))
            tw_fail(tw_net_ctx(net), TW_EARG, update->name, at, "%s is %g: at least 0 and finite", limits[i].name, limits[i].value);
    tw_opt *opt = tw__opt_new(at, net, update, common, 0, (tw__numbers){ 0 });
    if (opt->cx) opt->limits = o;
    return opt;
}
