/* loss.c - the frame of a loss, and binary ones.
 *
 * Probabilities are computed from logits where that is possible: no logarithm of a rounded-off zero.
 * SPDX-License-Identifier: MIT
 */
#include "nn/loss_impl.h"
#include <float.h>
#include <math.h>

double tw__loss_number(double given, double otherwise)
{
    return given == 0 && !signbit(given) ? otherwise : given;
}

bool tw__loss_inputs(const tw_loc *at, const char *op, int n, tw_node **xs)
{
    tw_ctx *cx = NULL;
    for (int i = 0; i < n && !cx; i++) cx = xs[i] ? xs[i]->cx : NULL;
    tw_node *nil = tw_nil(cx);
    for (int i = 0; i < n; i++) {
        if (!xs[i]) tw_fail(cx, TW_EARG, op, at, "argument %d is NULL", i);
        if (!xs[i] || !(xs[i] = tw_input(at, op, i, xs[i])) || tw_is_nil(xs[i])) return xs[0] = nil, false;
        if (xs[i]->cx == cx) continue;
        tw_fail(cx, TW_ESCOPE, op, at, "argument %d belongs to another context", i);
        tw_fail(xs[i]->cx, TW_ESCOPE, op, at, "argument 0 belongs to another context");
        return xs[0] = nil, false;
    }
    return true;
}

bool tw__loss_enter(const tw_loc *at, const char *op, int n, tw_node **xs)
{
    char left[96], right[96];
    if (!tw__loss_inputs(at, op, n, xs)) return false;
    for (int i = 1; i < n; i++) {
        if (xs[i]->shape == xs[0]->shape) continue;
        xs[0] = tw_fail(xs[0]->cx, TW_ESHAPE, op, at, "shapes %s and %s differ", tw_shape_text(xs[0]->shape, left, sizeof left),
                        tw_shape_text(xs[i]->shape, right, sizeof right));
        return false;
    }
    tw_name_enter(xs[0]->cx, op);
    return true;
}

bool tw__loss_option(const tw_loc *at, const char *op, tw_node **xs, const char *name, double v, double low, double high)
{
    if (v >= low && v <= high) return true;
    tw_ctx *cx = xs[0]->cx;
    tw_name_leave(cx);
    xs[0] = high < DBL_MAX ? tw_fail(cx, TW_EARG, op, at, "%s is %g: from %g to %g", name, v, low, high)
          : low == 0       ? tw_fail(cx, TW_EARG, op, at, "%s is %g: at least 0, and finite", name, v)
                           : tw_fail(cx, TW_EARG, op, at, "%s is %g: finite", name, v);
    return false;
}

tw_node *tw__loss_leave(const tw_loc *at, tw_node *each, tw_reduction reduction)
{
    tw_ctx *cx = each->cx;
    if (reduction == TW_REDUCE_MEAN) each = tw_mean(each);
    if (reduction == TW_REDUCE_SUM)  each = tw_sum(each);
    tw_name_leave(cx);
    return each;
}

/* ---- Bernoulli */

/* log(1 + e^z) = max(z, 0) + log(1 + e^-|z|): no overflow. Both come by selection, because then each side
 * of 0 is the same smooth function, and derivatives of any order are right at 0 too. */
tw_node *tw__softplus(const tw_loc *at, tw_node *z)
{
    tw_node *positive = tw_greater(z, 0.0);
    tw_node *tail = tw_log1p(tw_exp(tw_where(positive, tw_neg(z), z)));
    return tw_add(tw_where(positive, z, 0.0), tail);
}

/* log(1 + e^z) - t z, and with a weight w of the ones  (1 - t) z + (1 + (w - 1) t) log(1 + e^-z). */
static tw_node *bernoulli(const tw_loc *at, tw_node *z, tw_node *t, const tw_binary_args *o)
{
    tw_node *w = o->positive_weights;
    if (!w && o->positive_weight == 0) return tw_sub(tw__softplus(at, z), tw_mul(z, t));
    tw_node *more = w ? tw_mul(tw_sub(w, 1), t) : tw_mul(tw__slot(o->positive_weight - 1), t);
    return tw_add(tw_mul(tw_sub(1, t), z), tw_mul(tw_add(1, more), tw__softplus(at, tw_neg(z))));
}

tw_node *tw_binary_cross_entropy_at(const tw_loc *at, tw_node *z, tw_node *t, const tw_binary_args *o)
{
    TW_OPTIONS(tw_binary_args, o);
    tw_node *x[] = { z, t };
    if (!tw__loss_enter(at, "binary_cross_entropy", 2, x)) return x[0];
    if (!tw__loss_option(at, "binary_cross_entropy", x, "positive_weight", o->positive_weight, 0, DBL_MAX)) return x[0];
    return tw__loss_leave(at, bernoulli(at, x[0], x[1], o), o->reduction);
}

tw_node *tw_bernoulli_nll_at(const tw_loc *at, tw_node *p, tw_node *t, const tw_loss_args *o)
{
    TW_OPTIONS(tw_loss_args, o);
    tw_node *x[] = { p, t };
    if (!tw__loss_enter(at, "bernoulli_nll", 2, x)) return x[0];
    tw_node *yes = tw_maximum(tw_log(x[0]), -100), *no = tw_maximum(tw_log1p(tw_neg(x[0])), -100);
    return tw__loss_leave(at, tw_neg(tw_add(tw_mul(x[1], yes), tw_mul(tw_sub(1, x[1]), no))), o->reduction);
}

tw_node *tw_focal_loss_at(const tw_loc *at, tw_node *z, tw_node *t, const tw_focal_args *o)
{
    TW_OPTIONS(tw_focal_args, o);
    tw_node *x[] = { z, t };
    if (!tw__loss_enter(at, "focal_loss", 2, x)) return x[0];
    const double gamma = tw__loss_number(o->gamma, 2);
    if (!tw__loss_option(at, "focal_loss", x, "gamma", gamma, 0, DBL_MAX) ||
        !tw__loss_option(at, "focal_loss", x, "alpha", o->alpha, 0, 1)) return x[0];
    t = x[1];
    tw_node *p = tw_sigmoid(x[0]), *other = tw_sub(1, t);
    tw_node *missed = tw_add(tw_mul(tw_sub(1, p), t), tw_mul(p, other));        /* 1 - the probability of the truth */
    tw_node *each = tw_mul(bernoulli(at, x[0], t, &(tw_binary_args){ 0 }), tw_pow(missed, tw__slot(gamma)));
    if (o->alpha > 0) each = tw_mul(tw_add(tw_mul(tw__slot(o->alpha), t), tw_mul(tw__slot(1 - o->alpha), other)), each);
    return tw__loss_leave(at, each, o->reduction);
}

tw_node *tw_hinge_loss_at(const tw_loc *at, tw_node *scores, tw_node *t, const tw_hinge_args *o)
{
    TW_OPTIONS(tw_hinge_args, o);
    tw_node *x[] = { scores, t };
    if (!tw__loss_enter(at, "hinge_loss", 2, x)) return x[0];
    tw_node *short_of = tw_relu(tw_sub(1, tw_mul(x[0], x[1])));
    return tw__loss_leave(at, o->squared ? tw_square(short_of) : short_of, o->reduction);
}
