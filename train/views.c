/* views.c - parts of a data set: splits, folds, and choices. They share its bytes.
 *
 * A split shuffles the examples by the context's seed; stratified, it then puts those of a class
 * beside one another (keeping their order), so that dealing the row out evenly gives every part its
 * share of every class. Within a part the examples keep the order of the whole.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/train_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A view of n examples, whose numbers in d are in `which`. */
static tw_dataset *view(const tw_dataset *d, int64_t n, const int64_t *which)
{
    tw_dataset v = tw__dataset_view(d);
    v.count = n;
    if (!(v.index = tw_resize(d->cx, NULL, 0, (size_t)(n ? n : 1) * sizeof *v.index))) return &tw__dataset_dead;
    for (int64_t k = 0; k < n; k++) v.index[k] = d->index ? d->index[which[k]] : which[k];
    if (n) return tw__dataset_settle(&v);
    tw_resize(d->cx, v.index, sizeof *v.index, 0);
    return &tw__dataset_dead;
}

tw_dataset *tw_dataset_take_at(const tw_loc *at, const tw_dataset *d, int64_t n, const int64_t *examples)
{
    if (!tw__dataset_usable(d)) return &tw__dataset_dead;
    if (n < 1 || !examples) return tw_fail(d->cx, TW_EARG, "dataset_take", at, "%lld examples%s", (long long)n, examples ? "" : ": NULL"), &tw__dataset_dead;
    for (int64_t k = 0; k < n; k++)
        if (examples[k] < 0 || examples[k] >= d->count) {
            tw_fail(d->cx, TW_EARG, "dataset_take", at, "example %lld of %lld", (long long)examples[k], (long long)d->count);
            return &tw__dataset_dead;
        }
    return view(d, n, examples);
}

/* ---- splits */

typedef struct row { double label; int64_t place, example; } row;

static int by_label(const void *x, const void *y)
{
    const row *a = x, *b = y;
    if (a->label != b->label) return (a->label > b->label) - (a->label < b->label);
    return (a->place > b->place) - (a->place < b->place);
}

/* All examples in the order in which they are dealt out. */
static bool deal(const tw_loc *at, const tw_dataset *d, const char *op, bool stratified, bool ordered, int64_t *order)
{
    for (int64_t i = 0; i < d->count; i++) order[i] = i;
    if (!ordered) tw__shuffle(order, d->count, tw__random_of(tw_seed(d->cx), -1));
    if (!stratified) return true;
    if (!d->y.data || d->y.size != 1) {
        tw_fail(d->cx, TW_EARG, op, at, "stratified by labels, but there %s", d->y.data ? "is more than one an example" : "are none");
        return false;
    }
    const size_t size = (size_t)d->count * sizeof(row);
    row *rows = tw_resize(d->cx, NULL, 0, size);
    if (!rows) return false;
    for (int64_t i = 0; i < d->count; i++)
        rows[i] = (row){ tw__column_element(&d->y, d->index ? d->index[order[i]] : order[i]), i, order[i] };
    qsort(rows, (size_t)d->count, sizeof *rows, by_label);
    for (int64_t i = 0; i < d->count; i++) order[i] = rows[i].example;
    tw_resize(d->cx, rows, size, 0);
    return true;
}

/* Which part the example at each place of the row goes to: place p of a share f goes to the second if f p passes a whole number. */
typedef struct shares { double second; int64_t fold, folds; bool ordered; int64_t count; } shares;

static bool to_second(const shares *s, int64_t p)
{
    if (s->folds) return s->ordered ? p * s->folds / s->count == s->fold : p % s->folds == s->fold;
    if (s->ordered) return (double)p >= (double)s->count - rint(s->second * (double)s->count);
    return floor((double)(p + 1) * s->second + 1e-9) > floor((double)p * s->second + 1e-9);
}

static void split(const tw_loc *at, const tw_dataset *d, const char *op, const shares *s, bool stratified, tw_dataset **out)
{
    const size_t count = (size_t)d->count, size = count * (2 * sizeof(int64_t) + 1);
    int64_t *order = tw_resize(d->cx, NULL, 0, size), *which = order + count;
    if (!order) return;
    bool *second = (bool *)(which + count);
    const bool ok = deal(at, d, op, stratified, s->ordered, order);
    for (int64_t p = 0; ok && p < d->count; p++) second[order[p]] = to_second(s, p);
    for (int k = 0; ok && k < 2; k++) {
        int64_t n = 0;
        for (int64_t i = 0; i < d->count; i++)
            if (second[i] == (k == 1)) which[n++] = i;
        if (!n) tw_fail(d->cx, TW_EARG, op, at, "the %s part of %lld examples is empty", k ? "second" : "first", (long long)d->count);
        out[k] = tw_ok(d->cx) ? view(d, n, which) : &tw__dataset_dead;
    }
    tw_resize(d->cx, order, size, 0);
}

void tw_dataset_split_at(const tw_loc *at, const tw_dataset *d, tw_dataset **first, tw_dataset **second, const tw_split_args *o)
{
    TW_OPTIONS(tw_split_args, o);
    tw_dataset *out[2] = { &tw__dataset_dead, &tw__dataset_dead };
    const double share = o->second ? o->second : 0.2;
    if (tw__dataset_usable(d)) {
        if (!(share > 0 && share < 1)) tw_fail(d->cx, TW_EARG, "dataset_split", at, ".second is %g: between 0 and 1", share);
        else split(at, d, "dataset_split", &(shares){ .second = share, .ordered = o->ordered && !o->stratified, .count = d->count }, o->stratified, out);
    }
    if (first) *first = out[0];
    if (second) *second = out[1];
}

void tw_dataset_fold_at(const tw_loc *at, const tw_dataset *d, int fold, int folds, tw_dataset **rest, tw_dataset **held_out, const tw_split_args *o)
{
    TW_OPTIONS(tw_split_args, o);
    tw_dataset *out[2] = { &tw__dataset_dead, &tw__dataset_dead };
    if (tw__dataset_usable(d)) {
        if (folds < 2 || fold < 0 || fold >= folds) tw_fail(d->cx, TW_EARG, "dataset_fold", at, "fold %d of %d", fold, folds);
        else split(at, d, "dataset_fold", &(shares){ .fold = fold, .folds = folds, .ordered = o->ordered && !o->stratified, .count = d->count },
                   o->stratified, out);
    }
    if (rest) *rest = out[0];
    if (held_out) *held_out = out[1];
}
