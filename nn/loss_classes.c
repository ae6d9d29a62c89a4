/* loss_classes.c - the surprise at a label: -log p[c], or -sum_c p_c log q_c for a distribution p.
 *
 * With class weights w and labels c_i the mean is sum w[c_i] l_i / sum w[c_i], in which labels that are ignored
 * take no part; for distributions the weights are inside, -sum_c w_c p_c log q_c, and the mean is over the examples.
 * Smoothing by s replaces a label by (1 - s) of it and s / k of each of the k classes. As torch.nn.CrossEntropyLoss.
 * SPDX-License-Identifier: MIT
 */
#include "nn/loss_impl.h"

static bool are_classes_of(const tw_dims *labels, const tw_dims *logits)
{
    bool yes = labels->n == logits->n - 1;
    for (int i = 0; yes && i < labels->n; i++) yes = labels->at[i] == logits->at[i];
    return yes;
}

/* x [k] at each of the labels. */
static tw_node *at_labels(const tw_loc *at, tw_node *x, tw_node *labels)
{
    tw_node *flat = tw_reshape(labels, TW_SHAPE(tw_count(labels)));
    return tw_reshape(tw_gather(x, flat), tw_shape_of(labels));
}

/* Which labels count; NULL: all. */
static tw_node *counted(const tw_loc *at, tw_node *labels, tw_axes ignore)
{
    tw_node *keep = NULL;
    for (int i = 0; i < ignore.n; i++) {
        tw_node *other = tw_not_equal(labels, (double)ignore.at[i]);
        keep = keep ? tw_logical_and(keep, other) : other;
    }
    return keep;
}

static tw_node *of_classes(const tw_loc *at, tw_node *log_p, tw_node *labels, const tw_cross_entropy_args *o)
{
    if (labels->dtype == TW_U8) labels = tw_cast(labels, TW_I32);
    tw_node *keep = counted(at, labels, o->ignore), *weights = o->class_weights;
    if (keep) labels = tw_where(keep, labels, 0);
    tw_shape column = tw_shape_of(labels);
    column.at[column.n++] = 1;
    tw_node *each = tw_neg(tw_reshape(tw_gather(log_p, tw_reshape(labels, column), .axis = column.n - 1), tw_shape_of(labels)));

    tw_node *w = weights ? at_labels(at, weights, labels) : NULL;
    if (w) each = tw_mul(w, each);
    if (o->label_smoothing > 0) {
        const double s = o->label_smoothing;
        tw_node *all = tw_neg(tw__last_sum(at, weights ? tw_mul(weights, log_p) : log_p));
        each = tw_add(tw_mul(tw__slot(1 - s), each), tw_mul(tw__slot(s / (double)tw_dim(log_p, -1)), all));
    }
    if (keep) each = tw_where(keep, each, 0.0);
    if (o->reduction != TW_REDUCE_MEAN || (!keep && !w)) return tw__loss_leave(at, each, o->reduction);

    if (!w) w = tw_cast(keep, tw_dtype_of(log_p));
    else if (keep) w = tw_where(keep, w, 0.0);
    return tw_div(tw__loss_leave(at, each, TW_REDUCE_SUM), tw_sum(w));
}

static tw_node *of_distributions(const tw_loc *at, tw_node *log_p, tw_node *p, const tw_cross_entropy_args *o)
{
    const double s = o->label_smoothing;
    if (s > 0) p = tw_add(tw_mul(tw__slot(1 - s), p), tw__slot(s / (double)tw_dim(p, -1)));
    if (o->class_weights) p = tw_mul(o->class_weights, p);
    return tw__loss_leave(at, tw_neg(tw__last_sum(at, tw_mul(p, log_p))), o->reduction);
}

static tw_node *refused(const tw_loc *at, const char *op, tw_node *logits, tw_node *labels, const tw_cross_entropy_args *o)
{
    char z[96], t[96];
    const tw_node *w = o->class_weights;
    const bool same = logits->shape == labels->shape, floating = tw_is_float(labels->dtype);
    if (!tw_rank(logits) || (!same && !are_classes_of(labels->shape, logits->shape)))
        return tw_fail(logits->cx, TW_ESHAPE, op, at, "logits are %s: labels are not %s but classes, without the last axis, "
                       "or distributions, of the same shape", tw_shape_text(logits->shape, z, sizeof z),
                       tw_shape_text(labels->shape, t, sizeof t));
    if (same != floating || labels->dtype == TW_BOOL)
        return tw_fail(logits->cx, TW_EDTYPE, op, at, "labels %s are %s: classes are integers, distributions floating",
                       tw_shape_text(labels->shape, t, sizeof t), tw_dtype_name(tw_dtype_of(labels)));
    if (w && !tw_is_nil(w) && (tw_rank(w) != 1 || tw_count(w) != tw_dim(logits, -1)))
        return tw_fail(logits->cx, TW_ESHAPE, op, at, "class weights are %s for %lld classes",
                       tw_shape_text(w->shape, t, sizeof t), (long long)tw_dim(logits, -1));
    if (!(o->label_smoothing >= 0 && o->label_smoothing <= 1))
        return tw_fail(logits->cx, TW_EARG, op, at, "label_smoothing is %g: from 0 to 1", o->label_smoothing);
    if (same && o->ignore.n)
        return tw_fail(logits->cx, TW_EARG, op, at, ".ignore is for class labels, not for distributions");
    return NULL;
}

static tw_node *surprise(const tw_loc *at, const char *op, tw_node *z, tw_node *labels, const tw_cross_entropy_args *o, bool logits)
{
    tw_node *x[] = { z, labels };
    if (!tw__loss_inputs(at, op, 2, x)) return x[0];
    tw_node *error = refused(at, op, x[0], x[1], o);
    if (error) return error;
    tw_name_enter(x[0]->cx, op);
    tw_node *log_p = logits ? tw_log_softmax(x[0]) : x[0];
    return x[0]->shape == x[1]->shape ? of_distributions(at, log_p, x[1], o) : of_classes(at, log_p, x[1], o);
}

tw_node *tw_cross_entropy_at(const tw_loc *at, tw_node *logits, tw_node *labels, const tw_cross_entropy_args *o)
{
    TW_OPTIONS(tw_cross_entropy_args, o);
    return surprise(at, "cross_entropy", logits, labels, o, true);
}

tw_node *tw_categorical_nll_at(const tw_loc *at, tw_node *log_p, tw_node *labels, const tw_cross_entropy_args *o)
{
    TW_OPTIONS(tw_cross_entropy_args, o);
    return surprise(at, "categorical_nll", log_p, labels, o, false);
}
