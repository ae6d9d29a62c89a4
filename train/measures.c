/* measures.c - how good predictions are, over a whole set of them: computed at once, as a number.
 *
 *     ROC-AUC            share of pairs (positive, negative) in the right order, ties counting half:
 *                        (sum of the positives' ranks - p (p + 1) / 2) / (p n), ranks shared by ties
 *     average precision  sum over thresholds of (recall - recall before) times precision
 *     R2                 1 - sum (t - y)^2 / sum (t - mean t)^2, the mean over the columns
 *     perplexity         exp of the mean of -log of the label's probability
 *     calibration        the mean over examples of |accuracy - confidence| of their bin of confidence
 *
 * As scikit-learn's functions of these names. What is not defined (one class only, no spread of the
 * targets) is NaN, no error.
 * Reference for the last: C. Guo et al., "On calibration of modern neural networks", 2017.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "ops/ops.h"
#include "train/train_impl.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const double undefined = (double)NAN;

/* Two tensors as doubles, in one block. */
typedef struct pair {
    tw_ctx *cx;
    const tw_loc *at;
    const char *op;
    double *a, *b;              /* a of na elements, b of nb */
    int64_t na, nb;
} pair;

static double *doubles(const pair *p, tw_node *n, double *to)
{
    const void *from = tw_read_at(p->at, n, tw_dtype_of(n));
    tw__column c = { .stored = tw_dtype_of(n), .data = (void *)(uintptr_t)from };
    for (int64_t i = 0; from && i < tw_count(n); i++) to[i] = tw__column_element(&c, i);
    return from ? to : NULL;
}

static void pair_drop(pair *p)
{
    if (p->a) tw_resize(p->cx, p->a, (size_t)(p->na + p->nb + 1) * sizeof(double), 0);
    p->a = NULL;
}

/* False in error; then there is nothing to drop. No element is NaN. */
static bool pair_of(const tw_loc *at, const char *op, tw_node *a, tw_node *b, pair *p)
{
    tw_ctx *cx = a ? tw_ctx_of(a) : tw_ctx_of(b);
    *p = (pair){ .cx = cx, .at = at, .op = op };
    if (!a || !b) return tw_fail(cx, TW_EARG, op, at, "argument %d is NULL", a ? 1 : 0), false;
    tw_node *both[] = { tw_input(at, op, 0, a), tw_input(at, op, 1, b) };
    if (!tw_ok(cx) || !both[0] || !both[1] || tw_is_nil(both[0]) || tw_is_nil(both[1]) || !tw_eval_nodes(2, both)) return false;
    p->na = tw_count(both[0]), p->nb = tw_count(both[1]);
    if (!(p->a = tw_resize(cx, NULL, 0, (size_t)(p->na + p->nb + 1) * sizeof(double)))) return false;
    p->b = p->a + p->na;
    bool ok = doubles(p, both[0], p->a) && doubles(p, both[1], p->b);
    for (int64_t i = 0; ok && i < p->na + p->nb; i++) {
        if (!isnan(p->a[i])) continue;
        tw_fail(cx, TW_EVALUE, op, at, "element %lld of argument %d is NaN", (long long)(i < p->na ? i : i - p->na), i >= p->na);
        ok = false;
    }
    if (!ok) pair_drop(p);
    return ok;
}

static bool refuse(pair *p, tw_code code, const char *format, ...) TW_PRINTF(3, 4);
static bool refuse(pair *p, tw_code code, const char *format, ...)
{
    char text[120];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    tw_fail(p->cx, code, p->op, p->at, "%s", text);
    pair_drop(p);
    return false;
}

static bool same_shape(pair *p, tw_node *a, tw_node *b)
{
    const tw_shape s = tw_shape_of(a), t = tw_shape_of(b);
    bool same = s.n == t.n;
    for (int k = 0; same && k < s.n; k++) same = s.at[k] == t.at[k];
    char left[60], right[60];
    return same || refuse(p, TW_ESHAPE, "shapes %s and %s differ", tw_shape_text(a->shape, left, sizeof left),
                          tw_shape_text(b->shape, right, sizeof right));
}

/* ---- rankings */

typedef struct ranked { double score; bool positive; } ranked;

static int by_score(const void *x, const void *y)
{
    const double a = ((const ranked *)x)->score, b = ((const ranked *)y)->score;
    return (a < b) - (a > b);
}

/* Scores in falling order, in a block of p->na + 1; the pair is dropped. */
static ranked *ranking(const tw_loc *at, const char *op, tw_node *scores, tw_node *labels, pair *p, int64_t *positives)
{
    if (!pair_of(at, op, scores, labels, p)) return NULL;
    if (p->na != p->nb) return refuse(p, TW_ESHAPE, "%lld scores but %lld labels", (long long)p->na, (long long)p->nb), NULL;
    ranked *r = tw_resize(p->cx, NULL, 0, (size_t)(p->na + 1) * sizeof *r);
    *positives = 0;
    for (int64_t i = 0; r && i < p->na; i++) {
        if (p->b[i] != 0 && p->b[i] != 1) {
            tw_resize(p->cx, r, (size_t)(p->na + 1) * sizeof *r, 0);
            return refuse(p, TW_EVALUE, "label %lld is %g, neither 0 nor 1", (long long)i, p->b[i]), NULL;
        }
        r[i] = (ranked){ p->a[i], p->b[i] == 1 };
        *positives += r[i].positive;
    }
    if (r && p->na) qsort(r, (size_t)p->na, sizeof *r, by_score);
    pair_drop(p);
    return r;
}

/* The end of the run of equal scores that begins at i, and its positives. */
static int64_t run_of(const ranked *r, int64_t n, int64_t i, int64_t *positives)
{
    int64_t end = i;
    for (*positives = 0; end < n && r[end].score == r[i].score; end++) *positives += r[end].positive;
    return end;
}

double tw_roc_auc_at(const tw_loc *at, tw_node *scores, tw_node *labels)
{
    pair p;
    int64_t positives, k;
    ranked *r = ranking(at, "roc_auc", scores, labels, &p, &positives);
    if (!r) return undefined;
    double pairs = 0, above = 0;        /* positives with a higher score */
    for (int64_t i = 0, end; i < p.na; i = end) {
        end = run_of(r, p.na, i, &k);
        pairs += (double)(end - i - k) * (above + 0.5 * (double)k);
        above += (double)k;
    }
    tw_resize(p.cx, r, (size_t)(p.na + 1) * sizeof *r, 0);
    return pairs / ((double)positives * (double)(p.na - positives));        /* 0 / 0 with one class */
}

double tw_average_precision_at(const tw_loc *at, tw_node *scores, tw_node *labels)
{
    pair p;
    int64_t positives, k;
    ranked *r = ranking(at, "average_precision", scores, labels, &p, &positives);
    if (!r) return undefined;
    double sum = 0, hits = 0;
    for (int64_t i = 0, end; i < p.na; i = end) {
        end = run_of(r, p.na, i, &k);
        hits += (double)k;
        sum  += (double)k * hits / (double)end;
    }
    tw_resize(p.cx, r, (size_t)(p.na + 1) * sizeof *r, 0);
    return sum / (double)positives;
}

/* ---- regression */

double tw_rmse_at(const tw_loc *at, tw_node *prediction, tw_node *target)
{
    pair p;
    if (!pair_of(at, "rmse", prediction, target, &p) || !same_shape(&p, prediction, target)) return undefined;
    double sum = 0;
    for (int64_t i = 0; i < p.na; i++) sum += (p.a[i] - p.b[i]) * (p.a[i] - p.b[i]);
    pair_drop(&p);
    return sqrt(sum / (double)p.na);
}

double tw_mae_at(const tw_loc *at, tw_node *prediction, tw_node *target)
{
    pair p;
    if (!pair_of(at, "mae", prediction, target, &p) || !same_shape(&p, prediction, target)) return undefined;
    double sum = 0;
    for (int64_t i = 0; i < p.na; i++) sum += fabs(p.a[i] - p.b[i]);
    pair_drop(&p);
    return sum / (double)p.na;
}

double tw_r2_at(const tw_loc *at, tw_node *prediction, tw_node *target)
{
    pair p;
    if (!pair_of(at, "r2", prediction, target, &p) || !same_shape(&p, prediction, target)) return undefined;
    const int64_t rows = tw_dim(target, 0), columns = rows ? p.na / rows : 0;
    double sum = 0;
    for (int64_t j = 0; j < columns; j++) {
        double mean = 0, left = 0, all = 0;
        for (int64_t i = j; i < p.na; i += columns) mean += p.b[i] / (double)rows;
        for (int64_t i = j; i < p.na; i += columns) {
            left += (p.b[i] - p.a[i]) * (p.b[i] - p.a[i]);
            all  += (p.b[i] - mean) * (p.b[i] - mean);
        }
        sum += all > 0 ? 1 - left / all : undefined;
    }
    pair_drop(&p);
    return sum / (double)columns;
}

/* ---- classification by logits [..., classes] and integer labels [...] */

static bool classes_of(const tw_loc *at, const char *op, tw_node *logits, tw_node *labels, pair *p, int64_t *classes)
{
    if (!pair_of(at, op, logits, labels, p)) return false;
    *classes = tw_dim(logits, -1);
    if (tw_rank(logits) < 1 || *classes * p->nb != p->na || tw_is_float(tw_dtype_of(labels)))
        return refuse(p, TW_ESHAPE, "%lld %s labels for logits of %lld rows of %lld", (long long)p->nb, tw_dtype_name(tw_dtype_of(labels)),
                      (long long)(*classes ? p->na / *classes : 0), (long long)*classes);
    for (int64_t i = 0; i < p->nb; i++)
        if (p->b[i] < 0 || p->b[i] >= (double)*classes)
            return refuse(p, TW_EVALUE, "label of row %lld is %g: from 0 to %lld", (long long)i, p->b[i], (long long)*classes - 1);
    return true;
}

double tw_top_k_accuracy_at(const tw_loc *at, tw_node *logits, tw_node *labels, int k)
{
    pair p;
    int64_t classes, hits = 0;
    if (!classes_of(at, "top_k_accuracy", logits, labels, &p, &classes)) return undefined;
    if (k < 1) return refuse(&p, TW_EARG, "k is %d: at least 1", k), undefined;
    for (int64_t i = 0; i < p.nb; i++) {
        const double *row = p.a + i * classes, own = row[(int64_t)p.b[i]];
        int64_t better = 0;
        for (int64_t c = 0; c < classes; c++) better += row[c] > own || (row[c] == own && c < (int64_t)p.b[i]);
        hits += better < k;
    }
    pair_drop(&p);
    return (double)hits / (double)p.nb;
}

/* log sum exp of a row, about its largest. */
static double log_sum(const double *row, int64_t n, int64_t *largest)
{
    double sum = 0;
    *largest = 0;
    for (int64_t c = 1; c < n; c++) *largest = row[c] > row[*largest] ? c : *largest;
    for (int64_t c = 0; c < n; c++) sum += exp(row[c] - row[*largest]);
    return row[*largest] + log(sum);
}

double tw_perplexity_at(const tw_loc *at, tw_node *logits, tw_node *labels)
{
    pair p;
    int64_t classes, largest;
    if (!classes_of(at, "perplexity", logits, labels, &p, &classes)) return undefined;
    double sum = 0;
    for (int64_t i = 0; i < p.nb; i++) sum += log_sum(p.a + i * classes, classes, &largest) - p.a[i * classes + (int64_t)p.b[i]];
    pair_drop(&p);
    return exp(sum / (double)p.nb);
}

enum { BINS = 15, MOST_BINS = 1000 };

double tw_calibration_error_at(const tw_loc *at, tw_node *logits, tw_node *labels, int bins)
{
    pair p;
    int64_t classes, largest;
    double confidence[MOST_BINS] = { 0 }, hits[MOST_BINS] = { 0 }, sum = 0;
    if (!classes_of(at, "calibration_error", logits, labels, &p, &classes)) return undefined;
    if (bins < 0 || bins > MOST_BINS) return refuse(&p, TW_EARG, "%d bins: at most %d", bins, MOST_BINS), undefined;
    if (!bins) bins = BINS;
    for (int64_t i = 0; i < p.nb; i++) {
        const double *row = p.a + i * classes, total = log_sum(row, classes, &largest), sure = exp(row[largest] - total);
        const int bin = sure > 0 ? (int)ceil(sure * bins) - 1 : 0;      /* (lower, upper] */
        const int k = bin >= bins ? bins - 1 : bin;
        confidence[k] += sure, hits[k] += (int64_t)p.b[i] == largest;
    }
    for (int k = 0; k < bins; k++) sum += fabs(confidence[k] - hits[k]);
    pair_drop(&p);
    return sum / (double)p.nb;
}

/* ---- from counts */

static double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

static tw_scores scores_of(int classes, const int64_t *counts, int64_t c)
{
    double found = 0, there = 0;
    const double hit = (double)counts[c * classes + c];
    for (int64_t k = 0; k < classes; k++) found += (double)counts[k * classes + c], there += (double)counts[c * classes + k];
    return (tw_scores){ ratio(hit, found), ratio(hit, there), ratio(2 * hit, found + there), (int64_t)there };
}

tw_scores tw_confusion_scores(int classes, const int64_t *counts, int which)
{
    double weight = 0, diagonal = 0;
    tw_scores sum = { 0 };
    if (!counts || which < TW_WEIGHTED || which >= classes) return (tw_scores){ undefined, undefined, undefined, 0 };
    if (which >= 0) return scores_of(classes, counts, which);
    for (int64_t c = 0; c < classes; c++) {
        const tw_scores s = scores_of(classes, counts, c);
        const double w = which == TW_WEIGHTED ? (double)s.count : 1;
        sum.precision += w * s.precision, sum.recall += w * s.recall, sum.f1 += w * s.f1, sum.count += s.count;
        weight += w, diagonal += (double)counts[c * classes + c];
    }
    const double right = ratio(diagonal, (double)sum.count);
    if (which == TW_MICRO) return (tw_scores){ right, right, right, sum.count };
    return (tw_scores){ ratio(sum.precision, weight), ratio(sum.recall, weight), ratio(sum.f1, weight), sum.count };
}
