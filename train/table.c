/* table.c - a data set from a table: numbers as they are or standardised, categories as ones among zeros.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/io.h"
#include "nn/net_impl.h"
#include "train/train_impl.h"

#include <math.h>
#include <string.h>

typedef struct plan {
    const tw_table *t;
    const tw_table_args *o;
    tw_ctx *cx;
    int target;
    int64_t rows, width;        /* that are kept; of x */
    bool *keep;
} plan;

/* A number, or the category's, with NaN for what is missing. */
static double value(const tw_table *t, int k, int64_t row)
{
    if (!tw_table_classes(t, k)) return tw_table_numbers(t, k)[row];
    const int32_t code = tw_table_codes(t, k)[row];
    return code < 0 ? (double)NAN : code;
}

static bool used(const plan *p, int k)
{
    return k != p->target && (!p->o->only || tw__matches(p->o->only, tw_table_name(p->t, k)));
}

/* Which rows stay: all but those whose target is missing or, if asked, anything. */
static bool choose_rows(const tw_loc *at, plan *p)
{
    for (int64_t i = 0; i < tw_table_rows(p->t); i++) {
        p->keep[i] = true;
        for (int k = 0; k < tw_table_columns(p->t); k++) {
            if ((k != p->target && !used(p, k)) || !isnan(value(p->t, k, i))) continue;
            if (p->o->missing == TW_MISSING_ROW) p->keep[i] = false;
            else if (k == p->target || p->o->missing == TW_MISSING_ERROR) {
                tw_fail(p->cx, TW_EVALUE, "dataset_table", at, "row %lld has no \"%.80s\": say what to do, .missing", (long long)i + 1, tw_table_name(p->t, k));
                return false;
            }
        }
        p->rows += p->keep[i];
    }
    if (!p->rows) tw_fail(p->cx, TW_EARG, "dataset_table", at, "no row is complete");
    return p->rows;
}

/* Mean and deviation of a column of numbers, over what is there. */
static void spread(const plan *p, int k, double *mean, double *deviation)
{
    double n = 0, sum = 0, squares = 0;
    for (int64_t i = 0; i < tw_table_rows(p->t); i++)
        if (p->keep[i] && !isnan(value(p->t, k, i))) n++, sum += value(p->t, k, i);
    *mean = n > 0 ? sum / n : 0;
    for (int64_t i = 0; i < tw_table_rows(p->t); i++)
        if (p->keep[i] && !isnan(value(p->t, k, i))) squares += (value(p->t, k, i) - *mean) * (value(p->t, k, i) - *mean);
    *deviation = n > 0 && squares > 0 ? sqrt(squares / n) : 1;
}

static void fill_column(const plan *p, int k, int64_t first, double *x)
{
    const int classes = tw_table_classes(p->t, k);
    double mean = 0, deviation = 1;
    if (!classes) spread(p, k, &mean, &deviation);
    for (int64_t i = 0, row = 0; i < tw_table_rows(p->t); i++) {
        if (!p->keep[i]) continue;
        const double v = value(p->t, k, i);
        double *to = x + row++ * p->width + first;
        for (int c = 0; c < classes; c++) to[c] = c == v;
        if (!classes) to[0] = p->o->standardise ? ((isnan(v) ? mean : v) - mean) / deviation : isnan(v) ? mean : v;
    }
}

static tw_node *targets(const tw_loc *at, const plan *p, double *y)
{
    const bool classes = tw_table_classes(p->t, p->target) > 0;
    int64_t row = 0;
    for (int64_t i = 0; i < tw_table_rows(p->t); i++)
        if (p->keep[i]) y[row++] = value(p->t, p->target, i);
    tw_node *n = tw_data(p->cx, TW_F64, TW_SHAPE(p->rows), y);
    return tw_cast(n, classes ? TW_I32 : tw_default_dtype(p->cx));
}

/* The table lives as long as the data set: its texts need no copies. */
static bool name_classes(const plan *p, tw_dataset *d)
{
    const int n = p->target >= 0 ? tw_table_classes(p->t, p->target) : 0;
    if (!n) return true;
    d->class_room = (size_t)n * sizeof *d->class_names;
    if (!(d->class_names = tw_resize(p->cx, NULL, 0, d->class_room))) return false;
    for (int k = 0; k < n; k++) d->class_names[k] = tw_table_class(p->t, p->target, k);
    d->classes = n;
    return true;
}

static tw_dataset *build(const tw_loc *at, const plan *p)
{
    const size_t size = (size_t)(p->rows * (p->width + 1)) * sizeof(double);
    double *x = tw_resize(p->cx, NULL, 0, size);
    if (!x) return &tw__dataset_dead;
    int64_t first = 0;
    for (int k = 0; k < tw_table_columns(p->t); k++) {
        if (!used(p, k)) continue;
        fill_column(p, k, first, x);
        first += tw_table_classes(p->t, k) ? tw_table_classes(p->t, k) : 1;
    }
    TW_SCOPE(p->cx);
    tw_node *y = p->target >= 0 ? targets(at, p, x + p->rows * p->width) : NULL;
    tw_node *n = tw_cast(tw_data(p->cx, TW_F64, TW_SHAPE(p->rows, p->width), x), tw_default_dtype(p->cx));
    tw_dataset *d = tw_ok(p->cx) ? tw_dataset_tensors(n, y) : &tw__dataset_dead;
    tw_resize(p->cx, x, size, 0);
    return d->count && !name_classes(p, d) ? &tw__dataset_dead : d;
}

tw_dataset *tw_dataset_table_at(const tw_loc *at, const tw_table *t, const char *target, const tw_table_args *o)
{
    TW_OPTIONS(tw_table_args, o);
    tw_ctx *cx = tw_table_ctx(t);
    if (!cx || !tw_ok(cx)) return &tw__dataset_dead;
    plan p = { .t = t, .o = o, .cx = cx, .target = target ? tw_table_find(t, target) : -1 };
    if (target && p.target < 0) return tw_fail(cx, TW_EARG, "dataset_table", at, "no column \"%.100s\"", target), &tw__dataset_dead;
    for (int k = 0; k < tw_table_columns(t); k++)
        if (used(&p, k)) p.width += tw_table_classes(t, k) ? tw_table_classes(t, k) : 1;
    if (!p.width) return tw_fail(cx, TW_EARG, "dataset_table", at, "no column matches \"%.100s\"", o->only ? o->only : "*"), &tw__dataset_dead;
    const size_t size = (size_t)tw_table_rows(t);
    if (!(p.keep = tw_resize(cx, NULL, 0, size))) return &tw__dataset_dead;
    tw_dataset *d = choose_rows(at, &p) ? build(at, &p) : &tw__dataset_dead;
    tw_resize(cx, p.keep, size, 0);
    return d;
}
