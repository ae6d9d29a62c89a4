/* loss.h - losses: negative log-likelihoods and other measures of how wrong a prediction is.
 *
 * Each is the mean over the examples, unless .reduction says otherwise. Broadcasting is no part of a loss: [n, 1] against
 * [n] would silently be an n by n matrix. Each line says which likelihood the loss comes from.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "ops/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tw_reduction {
    TW_REDUCE_MEAN,         /* the default */
    TW_REDUCE_SUM,
    TW_REDUCE_NONE          /* one number for each example, or each element: what the mean is of */
} tw_reduction;

typedef struct tw_loss_args { int _size; tw_reduction reduction; } tw_loss_args;

/* ---- classes ------------------------------------------------------------------------------- */

#define TW_LABELS(...) TW_AXES(__VA_ARGS__)

typedef struct tw_cross_entropy_args {
    int          _size;
    tw_reduction reduction;
    double       label_smoothing;   /* so much of each label is spread evenly over all classes; default 0 */
    tw_node     *class_weights;     /* [classes]: the mean is weighted by the weights of the labels; default all 1 */
    tw_axes      ignore;            /* class labels that do not count: .ignore = TW_LABELS(255); default none */
} tw_cross_entropy_args;
/* -log of the probability that softmax(logits) gives to the labels: integer classes [n], or distributions
 * [n, k], for logits [n, k]. The likelihood of categorical outcomes. */
TW_API tw_node *tw_cross_entropy_at(const tw_loc *at, tw_node *logits, tw_node *labels, const tw_cross_entropy_args *options);
#define tw_cross_entropy(...) TW__X2(tw_cross_entropy_at, tw_cross_entropy_args, __VA_ARGS__, )
/* The same from log-probabilities. */
TW_API tw_node *tw_categorical_nll_at(const tw_loc *at, tw_node *log_p, tw_node *labels, const tw_cross_entropy_args *options);
#define tw_categorical_nll(...) TW__X2(tw_categorical_nll_at, tw_cross_entropy_args, __VA_ARGS__, )

typedef struct tw_binary_args {
    int          _size;
    tw_reduction reduction;
    double       positive_weight;   /* of the part of the targets that is 1; default 1 */
    tw_node     *positive_weights;  /* the same for each of the last axis */
} tw_binary_args;
/* -log of the probability that sigmoid(logits) gives to targets in [0, 1], of the same shape. Bernoulli outcomes. */
TW_API tw_node *tw_binary_cross_entropy_at(const tw_loc *at, tw_node *logits, tw_node *targets, const tw_binary_args *options);
#define tw_binary_cross_entropy(...) TW__X2(tw_binary_cross_entropy_at, tw_binary_args, __VA_ARGS__, )
/* The same from probabilities, whose logarithms are kept above -100. */
TW_API tw_node *tw_bernoulli_nll_at(const tw_loc *at, tw_node *p, tw_node *targets, const tw_loss_args *options);
#define tw_bernoulli_nll(...) TW__X2(tw_bernoulli_nll_at, tw_loss_args, __VA_ARGS__, )

typedef struct tw_focal_args {
    int          _size;
    tw_reduction reduction;
    double       gamma;             /* default 2 */
    double       alpha;             /* weight of targets of 1, 1 - alpha of 0; default: no weights */
} tw_focal_args;
/* Binary cross-entropy times (1 - p)^gamma, p the probability given to the truth: what is known already counts less (Lin et
 * al. 2017). Bernoulli outcomes, tempered. */
TW_API tw_node *tw_focal_loss_at(const tw_loc *at, tw_node *logits, tw_node *targets, const tw_focal_args *options);
#define tw_focal_loss(...) TW__X2(tw_focal_loss_at, tw_focal_args, __VA_ARGS__, )

typedef struct tw_hinge_args { int _size; tw_reduction reduction; bool squared; } tw_hinge_args;
/* max(0, 1 - t s) for scores s and t of -1 or 1: the margin of a support vector machine; no likelihood. */
TW_API tw_node *tw_hinge_loss_at(const tw_loc *at, tw_node *scores, tw_node *targets, const tw_hinge_args *options);
#define tw_hinge_loss(...) TW__X2(tw_hinge_loss_at, tw_hinge_args, __VA_ARGS__, )

/* ---- numbers ------------------------------------------------------------------------------- */

/* Mean of (prediction - target)^2, of the same shape. Gaussian noise. */
TW_API tw_node *tw_mean_squared_error_at(const tw_loc *at, tw_node *prediction, tw_node *target, const tw_loss_args *options);
#define tw_mean_squared_error(...) TW__X2(tw_mean_squared_error_at, tw_loss_args, __VA_ARGS__, )
/* Mean of |prediction - target|, of the same shape. Laplace noise. */
TW_API tw_node *tw_mean_absolute_error_at(const tw_loc *at, tw_node *prediction, tw_node *target, const tw_loss_args *options);
#define tw_mean_absolute_error(...) TW__X2(tw_mean_absolute_error_at, tw_loss_args, __VA_ARGS__, )

typedef struct tw_huber_args { int _size; tw_reduction reduction; double delta; } tw_huber_args;     /* delta: default 1 */
/* Half the square of an error up to delta, beyond that delta (|error| - delta/2). Gaussian noise with Laplace tails. */
TW_API tw_node *tw_huber_loss_at(const tw_loc *at, tw_node *prediction, tw_node *target, const tw_huber_args *options);
#define tw_huber_loss(...) TW__X2(tw_huber_loss_at, tw_huber_args, __VA_ARGS__, )
/* Huber's loss divided by delta, which tends to the absolute error for small ones. Laplace noise, rounded off. */
TW_API tw_node *tw_smooth_l1_loss_at(const tw_loc *at, tw_node *prediction, tw_node *target, const tw_huber_args *options);
#define tw_smooth_l1_loss(...) TW__X2(tw_smooth_l1_loss_at, tw_huber_args, __VA_ARGS__, )
/* log cosh(prediction - target). Noise of hyperbolic secant density. */
TW_API tw_node *tw_log_cosh_loss_at(const tw_loc *at, tw_node *prediction, tw_node *target, const tw_loss_args *options);
#define tw_log_cosh_loss(...) TW__X2(tw_log_cosh_loss_at, tw_loss_args, __VA_ARGS__, )

typedef struct tw_quantile_args { int _size; tw_reduction reduction; double q; } tw_quantile_args;   /* q: default 0.5 */
/* q times the target above the prediction, 1 - q times the target below: least at the q-quantile. Asymmetric Laplace noise. */
TW_API tw_node *tw_quantile_loss_at(const tw_loc *at, tw_node *prediction, tw_node *target, const tw_quantile_args *options);
#define tw_quantile_loss(...) TW__X2(tw_quantile_loss_at, tw_quantile_args, __VA_ARGS__, )

typedef struct tw_nll_args { int _size; tw_reduction reduction; bool full; } tw_nll_args;    /* full: with the terms that are constant */
/* log(variance) / 2 + (target - mean)^2 / (2 variance), the variance kept above 1e-6. Gaussian noise of known size. */
TW_API tw_node *tw_gaussian_nll_at(const tw_loc *at, tw_node *mean, tw_node *variance, tw_node *target, const tw_nll_args *options);
#define tw_gaussian_nll(...) TW__X3(tw_gaussian_nll_at, tw_nll_args, __VA_ARGS__, )
/* log(2 scale) + |target - location| / scale. Laplace noise of known size. */
TW_API tw_node *tw_laplace_nll_at(const tw_loc *at, tw_node *location, tw_node *scale, tw_node *target, const tw_loss_args *options);
#define tw_laplace_nll(...) TW__X3(tw_laplace_nll_at, tw_loss_args, __VA_ARGS__, )
/* exp(z) - t z for counts t, z the logarithm of their rate; full: plus Stirling's log t! for t > 1. Poisson counts. */
TW_API tw_node *tw_poisson_nll_at(const tw_loc *at, tw_node *log_rate, tw_node *counts, const tw_nll_args *options);
#define tw_poisson_nll(...) TW__X2(tw_poisson_nll_at, tw_nll_args, __VA_ARGS__, )

/* ---- distributions ------------------------------------------------------------------------- */

typedef struct tw_divergence_args { int _size; tw_reduction reduction; bool logs; } tw_divergence_args;  /* logs: p and q are given by their logarithms */
/* D(p || q) = sum p log(p / q) over the last axis, 0 where p is 0. Minimal in q: the likelihood of data from p. */
TW_API tw_node *tw_kl_divergence_at(const tw_loc *at, tw_node *p, tw_node *q, const tw_divergence_args *options);
#define tw_kl_divergence(...) TW__X2(tw_kl_divergence_at, tw_divergence_args, __VA_ARGS__, )
/* (D(p || m) + D(q || m)) / 2, m the mean of p and q: symmetric, at most log 2. */
TW_API tw_node *tw_js_divergence_at(const tw_loc *at, tw_node *p, tw_node *q, const tw_divergence_args *options);
#define tw_js_divergence(...) TW__X2(tw_js_divergence_at, tw_divergence_args, __VA_ARGS__, )

typedef struct tw_gaussian_kl_args {
    int          _size;
    tw_reduction reduction;
    tw_node     *mean, *log_variance;       /* of the second; default the standard normal distribution */
} tw_gaussian_kl_args;
/* D(first || second) of Gaussians with diagonal covariance, summed over the last axis. */
TW_API tw_node *tw_gaussian_kl_at(const tw_loc *at, tw_node *mean, tw_node *log_variance, const tw_gaussian_kl_args *options);
#define tw_gaussian_kl(...) TW__X2(tw_gaussian_kl_at, tw_gaussian_kl_args, __VA_ARGS__, )

/* ---- pairs and triples ----------------------------------------------------------------------- */

typedef struct tw_margin_args { int _size; tw_reduction reduction; double margin; } tw_margin_args;
/* max(0, margin - t (a - b)): t = 1 wants a above b, -1 below; margin default 0. No likelihood. */
TW_API tw_node *tw_margin_ranking_loss_at(const tw_loc *at, tw_node *a, tw_node *b, tw_node *t, const tw_margin_args *options);
#define tw_margin_ranking_loss(...) TW__X3(tw_margin_ranking_loss_at, tw_margin_args, __VA_ARGS__, )
/* max(0, |anchor - positive| - |anchor - negative| + margin), Euclidean over the last axis; margin default 1. No likelihood. */
TW_API tw_node *tw_triplet_loss_at(const tw_loc *at, tw_node *anchor, tw_node *positive, tw_node *negative, const tw_margin_args *options);
#define tw_triplet_loss(...) TW__X3(tw_triplet_loss_at, tw_margin_args, __VA_ARGS__, )

typedef struct tw_info_nce_args {
    int          _size;
    tw_reduction reduction;
    double       temperature;       /* default 0.1 */
    bool         symmetric;         /* the mean of both directions, as CLIP */
} tw_info_nce_args;
/* Row i of queries [n, d] belongs to row i of keys [n, d]: cross-entropy of softmax(cosines / temperature) (van den Oord et
 * al. 2018). Which of n keys it is: categorical. */
TW_API tw_node *tw_info_nce_at(const tw_loc *at, tw_node *queries, tw_node *keys, const tw_info_nce_args *options);
#define tw_info_nce(...) TW__X2(tw_info_nce_at, tw_info_nce_args, __VA_ARGS__, )

typedef struct tw_cosine_args { int _size; tw_reduction reduction; double margin; tw_node *t; } tw_cosine_args;
/* 1 - cos(a, b) over the last axis; where .t is -1 instead of 1, max(0, cos(a, b) - margin). Directions of von Mises and
 * Fisher's distribution. */
TW_API tw_node *tw_cosine_loss_at(const tw_loc *at, tw_node *a, tw_node *b, const tw_cosine_args *options);
#define tw_cosine_loss(...) TW__X2(tw_cosine_loss_at, tw_cosine_args, __VA_ARGS__, )

/* ---- regions and sequences ------------------------------------------------------------------- */

typedef struct tw_overlap_args { int _size; tw_reduction reduction; double smooth; } tw_overlap_args;    /* smooth: default 1 */
/* 1 - (2 sum p t + smooth) / (sum p + sum t + smooth) for each example of probabilities p [n, ...]. No likelihood. */
TW_API tw_node *tw_dice_loss_at(const tw_loc *at, tw_node *p, tw_node *targets, const tw_overlap_args *options);
#define tw_dice_loss(...) TW__X2(tw_dice_loss_at, tw_overlap_args, __VA_ARGS__, )
/* 1 - (sum p t + smooth) / (sum p + sum t - sum p t + smooth): intersection over union. No likelihood. */
TW_API tw_node *tw_iou_loss_at(const tw_loc *at, tw_node *p, tw_node *targets, const tw_overlap_args *options);
#define tw_iou_loss(...) TW__X2(tw_iou_loss_at, tw_overlap_args, __VA_ARGS__, )

typedef struct tw_ctc_args {
    int          _size;
    tw_reduction reduction;         /* the mean divides each sequence's loss by its number of labels */
    tw_node     *input_lengths;     /* [n], integers: steps that count; default all */
    tw_node     *label_lengths;     /* [n], integers: labels that count; default all */
    int          blank;             /* the class that says nothing; default 0 */
} tw_ctc_args;
/* -log of the sum of the probabilities of all ways to say the labels [n, s] in order, with repetitions and blanks, by
 * log-probabilities [n, steps, classes] (Graves et al. 2006). A label at every step: categorical, alignments summed out. */
TW_API tw_node *tw_ctc_loss_at(const tw_loc *at, tw_node *log_p, tw_node *labels, const tw_ctc_args *options);
#define tw_ctc_loss(...) TW__X2(tw_ctc_loss_at, tw_ctc_args, __VA_ARGS__, )

#ifdef __cplusplus
}
#endif
