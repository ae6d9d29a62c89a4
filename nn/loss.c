/* loss.c - what training minimises: negative log-likelihoods, averaged over the batch.
 *
 * categorical   -log softmax(z)[c], or -sum_c p_c log softmax(z)[c]      (cross-entropy)
 * Bernoulli     -t log s(z) - (1 - t) log(1 - s(z)) = log(1 + e^z) - t z (binary cross-entropy)
 * Gaussian      (y - t)^2 / (2 sigma^2) + const                           (mean squared error)
 * Laplace       |y - t| / b + const                                       (mean absolute error)
 *
 * Probabilities are computed from logits: no logarithm of a rounded-off zero. Broadcasting is no part of
 * a loss: [n, 1] against [n] would silently be an n by n matrix.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"

/* Both inputs resolved, or false with an error set somewhere. */
static bool inputs(const tw_loc *at, const char *op, tw_node **a, tw_node **b)
{
    if (!*a || !*b) {
        const tw_node *other = *a ? *a : *b;
        tw_fail(other ? other->cx : NULL, TW_EARG, op, at, "argument %d is NULL", *a ? 1 : 0);
        return false;
    }
    if (!(*a = tw_input(at, op, 0, *a)) || !(*b = tw_input(at, op, 1, *b))) return false;
    return !tw_is_nil(*a) && !tw_is_nil(*b);
}

static bool same_inputs(const tw_loc *at, const char *op, tw_node **a, tw_node **b)
{
    char left[96], right[96];
    if (!inputs(at, op, a, b)) return false;
    if ((*a)->cx != (*b)->cx || (*a)->shape == (*b)->shape) return true;
    tw_fail((*a)->cx, TW_ESHAPE, op, at, "shapes %s and %s differ",
            tw_shape_text((*a)->shape, left, sizeof left), tw_shape_text((*b)->shape, right, sizeof right));
    return false;
}

/* The end of a loss, which is a cluster of its own in drawings. */
static tw_node *named(const tw_node *x, tw_node *loss)
{
    tw_name_leave(x->cx);
    return loss;
}

static tw_node *nil_of(const tw_node *x)
{
    return tw_nil(x ? x->cx : NULL);
}

/* ---- categorical */

static bool are_classes_of(const tw_dims *labels, const tw_dims *logits)
{
    bool yes = labels->n == logits->n - 1;
    for (int i = 0; yes && i < labels->n; i++) yes = labels->at[i] == logits->at[i];
    return yes;
}

static tw_node *of_classes(const tw_loc *at, tw_node *log_p, tw_node *labels)
{
    tw_shape column = tw_shape_of(labels);
    column.at[column.n++] = 1;
    if (labels->dtype == TW_U8) labels = tw_cast(labels, TW_I32);
    return tw_neg(tw_mean(tw_gather(log_p, tw_reshape(labels, column), .axis = column.n - 1)));
}

static tw_node *of_distributions(const tw_loc *at, tw_node *log_p, tw_node *p)
{
    return tw_neg(tw_mean(tw_sum(tw_mul(p, log_p), .axes = TW_AXES(-1))));
}

tw_node *tw_cross_entropy_at(const tw_loc *at, tw_node *logits, tw_node *labels)
{
    const char *op = "cross_entropy";
    char z[96], t[96];
    if (!inputs(at, op, &logits, &labels)) return nil_of(logits);
    const bool same = logits->shape == labels->shape, floating = tw_is_float(labels->dtype);
    const bool classes = are_classes_of(labels->shape, logits->shape);
    if (logits->cx == labels->cx && (!tw_rank(logits) || (!same && !classes)))
        return tw_fail(logits->cx, TW_ESHAPE, op, at, "logits are %s: labels are not %s but classes, without the last axis, "
                       "or distributions, of the same shape", tw_shape_text(logits->shape, z, sizeof z),
                       tw_shape_text(labels->shape, t, sizeof t));
    if (same != floating || labels->dtype == TW_BOOL)
        return tw_fail(logits->cx, TW_EDTYPE, op, at, "labels %s are %s: classes are integers, distributions floating",
                       tw_shape_text(labels->shape, t, sizeof t), tw_dtype_name(tw_dtype_of(labels)));

    tw_name_enter(logits->cx, op);
    tw_node *log_p = tw_log_softmax(logits);
    return named(logits, same ? of_distributions(at, log_p, labels) : of_classes(at, log_p, labels));
}

/* ---- Bernoulli */

/* log(1 + e^z) = max(z, 0) + log(1 + e^-|z|): no overflow. Both come by selection, because then each side
 * of 0 is the same smooth function, and derivatives of any order are right at 0 too. */
tw_node *tw_binary_cross_entropy_at(const tw_loc *at, tw_node *z, tw_node *t)
{
    const char *op = "binary_cross_entropy";
    if (!same_inputs(at, op, &z, &t)) return nil_of(z);
    tw_name_enter(z->cx, op);
    tw_node *positive = tw_greater(z, 0.0);
    tw_node *tail = tw_log1p(tw_exp(tw_where(positive, tw_neg(z), z)));
    return named(z, tw_mean(tw_add(tw_sub(tw_where(positive, z, 0.0), tw_mul(z, t)), tail)));
}

/* ---- Gaussian, Laplace */

tw_node *tw_mean_squared_error_at(const tw_loc *at, tw_node *prediction, tw_node *target)
{
    const char *op = "mean_squared_error";
    if (!same_inputs(at, op, &prediction, &target)) return nil_of(prediction);
    tw_name_enter(prediction->cx, op);
    return named(prediction, tw_mean(tw_square(tw_sub(prediction, target))));
}

tw_node *tw_mean_absolute_error_at(const tw_loc *at, tw_node *prediction, tw_node *target)
{
    const char *op = "mean_absolute_error";
    if (!same_inputs(at, op, &prediction, &target)) return nil_of(prediction);
    tw_name_enter(prediction->cx, op);
    return named(prediction, tw_mean(tw_abs(tw_sub(prediction, target))));
}
