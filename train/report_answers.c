/* report_answers.c - a classifier's answers on a page: which classes are taken for which, and the worst mistakes.
 *
 * How bad a mistake is: -log of the probability that the label had, its cross-entropy.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "ops/ops.h"
#include "train/report_impl.h"
#include "train/train_impl.h"

#include <math.h>
#include <string.h>

bool tw__report_classifies(const tw_node *logits, const tw_node *labels)
{
    return logits && labels && tw_rank(logits) == 2 && tw_dim(logits, 1) > 1 && tw_is_float(tw_dtype_of(logits)) && tw_rank(labels) == 1
        && !tw_is_float(tw_dtype_of(labels)) && tw_dim(labels, 0) == tw_dim(logits, 0);
}

void tw__report_answers_begin(const tw_loc *at, tw_report *r, tw_dataset *d, int64_t classes)
{
    (void)at;
    const size_t old = (size_t)(r->classes * r->classes) * sizeof *r->confusion, new = (size_t)(classes * classes) * sizeof *r->confusion;
    if (r->confusion) tw_resize(r->cx, r->confusion, old, 0);
    r->worst_n = 0, r->answered = NULL, r->classes = 0;
    if (!(r->confusion = tw_resize(r->cx, NULL, 0, new))) return;
    memset(r->confusion, 0, new);
    r->classes = classes, r->answered = d;
}

/* Into the list of the worst, if it is one of them. */
static void keep(tw_report *r, const tw__mistake *m)
{
    int k = r->worst_n < TW__WORST ? r->worst_n++ : TW__WORST;
    if (k == TW__WORST && r->worst[--k].loss >= m->loss) return;
    for (; k > 0 && r->worst[k - 1].loss < m->loss; k--) r->worst[k] = r->worst[k - 1];
    r->worst[k] = *m;
}

static void judge(tw_report *r, int64_t example, const tw__column *row, int64_t from, int64_t label)
{
    int64_t guess = 0;
    double sum = 0;
    for (int64_t c = 1; c < r->classes; c++)
        if (tw__column_element(row, from + c) > tw__column_element(row, from + guess)) guess = c;
    const double most = tw__column_element(row, from + guess), own = tw__column_element(row, from + label);
    for (int64_t c = 0; c < r->classes; c++) sum += exp(tw__column_element(row, from + c) - most);
    r->confusion[label * r->classes + guess]++;
    const tw__mistake m = { example, label, guess, exp(own - most) / sum, 1 / sum, most - own + log(sum) };
    if (guess != label) keep(r, &m);
}

bool tw__report_answers_add(const tw_loc *at, tw_report *r, int64_t n, const int64_t *examples, tw_node *logits, tw_node *labels)
{
    const tw__column row = { .stored = tw_dtype_of(logits), .data = (void *)(uintptr_t)tw_read_at(at, logits, tw_dtype_of(logits)) };
    const tw__column own = { .stored = tw_dtype_of(labels), .data = (void *)(uintptr_t)tw_read_at(at, labels, tw_dtype_of(labels)) };
    if (!row.data || !own.data) return false;
    for (int64_t i = 0; i < n && r->classes; i++) {
        const double label = tw__column_element(&own, i);
        if (label >= 0 && label < (double)r->classes) judge(r, examples ? examples[i] : i, &row, i * r->classes, (int64_t)label);
    }
    return true;
}

void tw_report_answers_at(const tw_loc *at, tw_report *r, tw_dataset *d, tw_node *logits)
{
    if (!r || !r->cx || !tw_ok(r->cx) || !tw__dataset_usable(d)) return;
    if (!logits) { tw_fail(r->cx, TW_EARG, "report", at, "the answers are NULL"); return; }
    TW_SCOPE(r->cx);
    tw_node *labels = tw_dataset_targets_at(at, d);
    if (!(logits = tw_input(at, "report", 1, logits)) || tw_is_nil(logits) || !tw_ok(r->cx)) return;
    if (tw_rank(logits) == 2 && tw_dim(logits, 0) < tw_count(labels) && tw_rank(labels) == 1)
        labels = tw_slice(labels, .stop = {tw_dim(logits, 0)});
    if (!tw__report_classifies(logits, labels)) {
        char a[96], b[96];
        tw_fail(r->cx, TW_ESHAPE, "report", at, "answers %s %s to labels %s %s: logits [examples, classes], and labels that are classes",
                tw_shape_text(logits->shape, a, sizeof a), tw_dtype_name(tw_dtype_of(logits)), tw_shape_text(labels->shape, b, sizeof b),
                tw_dtype_name(tw_dtype_of(labels)));
        return;
    }
    tw__report_answers_begin(at, r, d, tw_dim(logits, 1));
    if (tw_ok(r->cx)) tw__report_answers_add(at, r, tw_dim(logits, 0), NULL, logits, labels);
}
