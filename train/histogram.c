/* histogram.c - how the elements of a tensor are distributed.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/histogram_impl.h"
#include "train/train_impl.h"

#include <math.h>

static void measure(const tw__column *c, int64_t n, tw__histogram *h)
{
    h->low = (double)INFINITY, h->high = -(double)INFINITY;
    for (int64_t i = 0; i < n; i++) {
        const double v = tw__column_element(c, i);
        if (!isfinite(v)) continue;
        h->n++, h->zeros += v == 0;
        h->sum += v, h->squares += v * v;
        h->low  = v < h->low  ? v : h->low;
        h->high = v > h->high ? v : h->high;
    }
    h->bad = n - h->n;
    if (!h->n) h->low = h->high = 0;
}

bool tw__histogram_of(const tw_loc *at, tw_node *n, tw__histogram *h)
{
    *h = (tw__histogram){ .n = 0 };
    const tw_dtype dtype = tw_dtype_of(n);
    const tw__column c = { .stored = dtype, .data = (void *)(uintptr_t)tw_read_at(at, n, dtype) };
    if (!c.data) return false;
    measure(&c, tw_count(n), h);
    const double scale = h->high > h->low ? TW__BINS / (h->high - h->low) : 0;
    for (int64_t i = 0; i < tw_count(n); i++) {
        const double v = tw__column_element(&c, i);
        if (!isfinite(v)) continue;
        const int k = (int)((v - h->low) * scale);
        h->count[k < TW__BINS ? k : TW__BINS - 1]++;
    }
    return true;
}
