/* loss_pairs.c - losses that compare: distributions, scores, directions, regions.
 * SPDX-License-Identifier: MIT
 */
#include "nn/loss_impl.h"
#include <float.h>

/* ---- distributions */

/* x log(x / y), 0 where x is 0; lx and ly are their logarithms, of which x's may be -infinity where x is 0. */
static tw_node *times_ratio(const tw_loc *at, tw_node *x, tw_node *lx, tw_node *ly)
{
    tw_node *none = tw_equal(x, 0.0);
    return tw_where(none, 0.0, tw_mul(x, tw_where(none, 0.0, tw_sub(lx, ly))));
}

/* log x where x is above 0, else 0 with derivative 0: whatever multiplies it there is 0 too. */
static tw_node *safe_log(const tw_loc *at, tw_node *x)
{
    return tw_log(tw_where(tw_equal(x, 0.0), 1.0, x));
}

tw_node *tw_kl_divergence_at(const tw_loc *at, tw_node *p, tw_node *q, const tw_divergence_args *o)
{
    TW_OPTIONS(tw_divergence_args, o);
    tw_node *x[] = { p, q };
    if (!tw__loss_enter(at, "kl_divergence", 2, x)) return x[0];
    p = o->logs ? tw_exp(x[0]) : x[0];
    tw_node *log_p = o->logs ? x[0] : safe_log(at, p);
    tw_node *log_q = o->logs ? x[1] : tw_log(tw_where(tw_equal(p, 0.0), 1.0, x[1]));
    tw_node *each = times_ratio(at, p, log_p, log_q);
    return tw__loss_leave(at, tw__last_sum(at, each), o->reduction);
}

tw_node *tw_js_divergence_at(const tw_loc *at, tw_node *p, tw_node *q, const tw_divergence_args *o)
{
    TW_OPTIONS(tw_divergence_args, o);
    tw_node *x[] = { p, q };
    if (!tw__loss_enter(at, "js_divergence", 2, x)) return x[0];
    p = o->logs ? tw_exp(x[0]) : x[0];
    q = o->logs ? tw_exp(x[1]) : x[1];
    tw_node *log_p = o->logs ? x[0] : safe_log(at, p), *log_q = o->logs ? x[1] : safe_log(at, q);
    tw_node *log_m = safe_log(at, tw_mul(0.5, tw_add(p, q)));
    tw_node *both = tw_add(times_ratio(at, p, log_p, log_m), times_ratio(at, q, log_q, log_m));
    return tw__loss_leave(at, tw_mul(0.5, tw__last_sum(at, both)), o->reduction);
}

/* (log v2 - log v1 + (v1 + (m1 - m2)^2) / v2 - 1) / 2. */
tw_node *tw_gaussian_kl_at(const tw_loc *at, tw_node *mean, tw_node *log_variance, const tw_gaussian_kl_args *o)
{
    TW_OPTIONS(tw_gaussian_kl_args, o);
    tw_node *x[] = { mean, log_variance, o->mean ? o->mean : mean, o->log_variance ? o->log_variance : mean };
    if (!tw__loss_enter(at, "gaussian_kl", 4, x)) return x[0];
    tw_node *d = tw_square(o->mean ? tw_sub(x[0], x[2]) : x[0]), *spread = tw_add(tw_exp(x[1]), d), *twice;
    if (o->log_variance) twice = tw_sub(tw_add(tw_sub(x[3], x[1]), tw_mul(spread, tw_exp(tw_neg(x[3])))), 1);
    else                 twice = tw_sub(tw_sub(spread, x[1]), 1);
    return tw__loss_leave(at, tw_mul(0.5, tw__last_sum(at, twice)), o->reduction);
}

/* ---- pairs and triples */

tw_node *tw_margin_ranking_loss_at(const tw_loc *at, tw_node *a, tw_node *b, tw_node *t, const tw_margin_args *o)
{
    TW_OPTIONS(tw_margin_args, o);
    tw_node *x[] = { a, b, t };
    if (!tw__loss_enter(at, "margin_ranking_loss", 3, x)) return x[0];
    if (!tw__loss_option(at, "margin_ranking_loss", x, "margin", o->margin, -DBL_MAX, DBL_MAX)) return x[0];
    return tw__loss_leave(at, tw_relu(tw_sub(tw__slot(o->margin), tw_mul(x[2], tw_sub(x[0], x[1])))), o->reduction);
}

/* 1e-6 is added to each difference, as torch does: two equal points have a derivative. */
static tw_node *distance(const tw_loc *at, tw_node *a, tw_node *b)
{
    return tw_sqrt(tw__last_sum(at, tw_square(tw_add(tw_sub(a, b), 1e-6))));
}

tw_node *tw_triplet_loss_at(const tw_loc *at, tw_node *anchor, tw_node *positive, tw_node *negative, const tw_margin_args *o)
{
    TW_OPTIONS(tw_margin_args, o);
    tw_node *x[] = { anchor, positive, negative };
    if (!tw__loss_enter(at, "triplet_loss", 3, x)) return x[0];
    const double margin = tw__loss_number(o->margin, 1);
    if (!tw__loss_option(at, "triplet_loss", x, "margin", margin, -DBL_MAX, DBL_MAX)) return x[0];
    tw_node *closer = tw_sub(distance(at, x[0], x[1]), distance(at, x[0], x[2]));
    return tw__loss_leave(at, tw_relu(tw_add(closer, tw__slot(margin))), o->reduction);
}

static tw_node *normalised(const tw_loc *at, tw_node *x)
{
    tw_node *squares = tw_sum(tw_square(x), .axes = TW_AXES(-1), .keep_dims = true);
    return tw_mul(x, tw_rsqrt(tw_maximum(squares, 1e-24)));
}

/* -log softmax of each row at its own place. */
static tw_node *own(const tw_loc *at, tw_node *scores)
{
    const int64_t n = tw_dim(scores, 0);
    tw_node *rows = tw_reshape(tw_arange(scores->cx, n), TW_SHAPE(n, 1));
    return tw_neg(tw_reshape(tw_gather(tw_log_softmax(scores), rows, .axis = 1), TW_SHAPE(n)));
}

tw_node *tw_info_nce_at(const tw_loc *at, tw_node *queries, tw_node *keys, const tw_info_nce_args *o)
{
    TW_OPTIONS(tw_info_nce_args, o);
    tw_node *x[] = { queries, keys };
    char text[96];
    const double temperature = tw__loss_number(o->temperature, 0.1);
    if (!tw__loss_inputs(at, "info_nce", 2, x)) return x[0];
    if (tw_rank(x[0]) != 2)
        return tw_fail(x[0]->cx, TW_ESHAPE, "info_nce", at, "queries are %s, not [n, d]", tw_shape_text(x[0]->shape, text, sizeof text));
    if (!(temperature > 0)) return tw_fail(x[0]->cx, TW_EARG, "info_nce", at, "temperature is %g: greater than 0", temperature);
    if (!tw__loss_enter(at, "info_nce", 2, x)) return x[0];
    tw_node *cosines = tw_matmul(normalised(at, x[0]), normalised(at, x[1]), .transpose_b = true);
    tw_node *scores = tw_mul(tw__slot(1 / temperature), cosines), *each = own(at, scores);
    if (o->symmetric) each = tw_mul(0.5, tw_add(each, own(at, tw_transpose(scores))));
    return tw__loss_leave(at, each, o->reduction);
}

tw_node *tw_cosine_loss_at(const tw_loc *at, tw_node *a, tw_node *b, const tw_cosine_args *o)
{
    TW_OPTIONS(tw_cosine_args, o);
    tw_node *x[] = { a, b };
    if (!tw__loss_enter(at, "cosine_loss", 2, x)) return x[0];
    if (!tw__loss_option(at, "cosine_loss", x, "margin", o->margin, -DBL_MAX, DBL_MAX)) return x[0];
    tw_node *cosine = tw__last_sum(at, tw_mul(normalised(at, x[0]), normalised(at, x[1]))), *each = tw_sub(1, cosine);
    if (o->t) each = tw_where(tw_greater(o->t, 0.0), each, tw_relu(tw_sub(cosine, tw__slot(o->margin))));
    return tw__loss_leave(at, each, o->reduction);
}

/* ---- regions */

/* The sum over all axes but the first. */
static tw_node *by_example(const tw_loc *at, tw_node *x)
{
    const int64_t n = tw_rank(x) ? tw_dim(x, 0) : 1;
    return tw_sum(tw_reshape(x, TW_SHAPE(n, n ? tw_count(x) / n : 0)), .axes = TW_AXES(1));
}

static tw_node *overlap(const tw_loc *at, const char *op, tw_node *p, tw_node *t, const tw_overlap_args *o, bool dice)
{
    tw_node *x[] = { p, t };
    if (!tw__loss_enter(at, op, 2, x)) return x[0];
    const double added = tw__loss_number(o->smooth, 1);
    if (!tw__loss_option(at, op, x, "smooth", added, 0, DBL_MAX)) return x[0];
    const tw_arg smooth = tw__slot(added);
    tw_node *common = by_example(at, tw_mul(x[0], x[1])), *total = tw_add(by_example(at, x[0]), by_example(at, x[1]));
    tw_node *part = dice ? tw_mul(2, common) : common, *whole = dice ? total : tw_sub(total, common);
    return tw__loss_leave(at, tw_sub(1, tw_div(tw_add(part, smooth), tw_add(whole, smooth))), o->reduction);
}

tw_node *tw_dice_loss_at(const tw_loc *at, tw_node *p, tw_node *targets, const tw_overlap_args *o)
{
    TW_OPTIONS(tw_overlap_args, o);
    return overlap(at, "dice_loss", p, targets, o, true);
}

tw_node *tw_iou_loss_at(const tw_loc *at, tw_node *p, tw_node *targets, const tw_overlap_args *o)
{
    TW_OPTIONS(tw_overlap_args, o);
    return overlap(at, "iou_loss", p, targets, o, false);
}
