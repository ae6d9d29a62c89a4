/* metrics.c - how well a classifier does: accuracy as a node, confusion as a table.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "ops/ops.h"
#include "train/train_impl.h"

#include <math.h>
#include <string.h>

/* Resolves both; false in error or if one is missing. */
static bool given(const tw_loc *at, const char *op, tw_node **logits, tw_node **labels)
{
    if (!*logits || !*labels) {
        tw_node *other = *logits ? *logits : *labels;
        tw_fail(tw_ctx_of(other), TW_EARG, op, at, "the %s are NULL", *logits ? "labels" : "logits");
        return false;
    }
    *logits = tw_input(at, op, 0, *logits);
    *labels = tw_input(at, op, 1, *labels);
    return *logits && *labels && !tw_is_nil(*logits) && !tw_is_nil(*labels);
}

/* Labels as classes, i64 [...], for logits [..., classes]; NULL after failing. */
static tw_node *classes_of(const tw_loc *at, const char *op, tw_node *logits, tw_node *labels)
{
    const tw_dims *s = logits->shape, *t = labels->shape;
    char a[100], b[100];
    const bool whole = tw_is_float(labels->dtype);      /* distributions */
    bool fits = s->n >= 1 && t->n == s->n - !whole;
    for (int i = 0; fits && i < t->n; i++) fits = s->at[i] == t->at[i];
    if (!fits) {
        tw_fail(logits->cx, TW_ESHAPE, op, at, "labels %s do not fit logits %s",
                tw_shape_text(t, a, sizeof a), tw_shape_text(s, b, sizeof b));
        return NULL;
    }
    return whole ? tw_argmax(labels, .axis = -1) : tw_cast(labels, TW_I64);
}

tw_node *tw_accuracy_at(const tw_loc *at, tw_node *logits, tw_node *labels)
{
    if (!given(at, "accuracy", &logits, &labels)) return tw_nil(logits ? logits->cx : NULL);
    tw_node *classes = classes_of(at, "accuracy", logits, labels);
    if (!classes) return tw_nil(logits->cx);
    tw_node *hit = tw_equal(tw_argmax(logits, .axis = -1), classes);
    return tw_named(tw_mean(tw_cast(hit, tw_default_dtype(logits->cx))), "accuracy");
}

bool tw_confusion_at(const tw_loc *at, tw_node *logits, tw_node *labels, int64_t *counts)
{
    if (!given(at, "confusion", &logits, &labels)) return false;
    if (!counts) return tw_fail(logits->cx, TW_EARG, "confusion", at, "the counts are NULL"), false;

    tw_node *both[] = { tw_argmax(logits, .axis = -1), classes_of(at, "confusion", logits, labels) };
    if (!both[1] || !tw_eval_nodes(2, both)) return false;
    const int64_t *guess = tw_i64(both[0]), *truth = tw_i64(both[1]);
    if (!guess || !truth) return false;

    const int64_t classes = tw_dim(logits, -1), n = tw_count(both[1]);
    for (int64_t i = 0; i < n; i++)
        if (truth[i] < 0 || truth[i] >= classes) {
            tw_fail(logits->cx, TW_EVALUE, "confusion", at, "label %lld of element %lld is not within the %lld classes",
                    (long long)truth[i], (long long)i, (long long)classes);
            return false;
        }
    for (int64_t i = 0; i < n; i++) counts[truth[i] * classes + guess[i]]++;
    return true;
}

double tw_confusion_accuracy(int classes, const int64_t *counts)
{
    int64_t hits = 0, all = 0;
    for (int64_t i = 0; counts && i < classes; i++)
        for (int64_t j = 0; j < classes; j++) {
            all  += counts[i * classes + j];
            hits += i == j ? counts[i * classes + j] : 0;
        }
    return all ? (double)hits / (double)all : (double)NAN;
}

static int digits(int64_t n)
{
    int d = 1;
    while (n /= 10) d++;
    return d;
}

void tw_confusion_print(FILE *to, int classes, const int64_t *counts, const char *const *names)
{
    if (classes < 1 || !counts) return;
    if (!to) to = stdout;
    int width = digits(classes - 1), name = 5;
    for (int64_t i = 0; i < (int64_t)classes * classes; i++)
        if (digits(counts[i]) > width) width = digits(counts[i]);
    for (int i = 0; names && i < classes; i++)
        if ((int)strlen(names[i]) > name) name = (int)strlen(names[i]);

    fprintf(to, "%*s", name + digits(classes - 1) + 1, "label");
    for (int j = 0; j < classes; j++) fprintf(to, " %*d", width, j);
    fprintf(to, "  found\n");
    for (int64_t i = 0; i < classes; i++) {
        int64_t row = 0;
        fprintf(to, "%*s %*d", name, names ? names[i] : "", digits(classes - 1), (int)i);
        for (int j = 0; j < classes; j++) {
            fprintf(to, " %*lld", width, (long long)counts[i * classes + j]);
            row += counts[i * classes + j];
        }
        if (row) fprintf(to, "  %.3f\n", (double)counts[i * classes + i] / (double)row);
        else fprintf(to, "      -\n");
    }
}
