/* histogram_impl.h - how the elements of a tensor are distributed. */
#pragma once
#include "core/op.h"

enum { TW__BINS = 40 };

/* Bins are of equal width, from low to high; what is not finite is in none. */
typedef struct tw__histogram {
    int64_t n, zeros, bad;              /* finite elements; of them 0; others */
    double  low, high, sum, squares;
    int64_t count[TW__BINS];
} tw__histogram;

/* Evaluates n. False in error. */
bool tw__histogram_of(const tw_loc *at, tw_node *n, tw__histogram *h);
/* Where bin k begins; k == TW__BINS: where the last one ends. */
static inline double tw__bin(const tw__histogram *h, int k) { return h->low + (h->high - h->low) * k / TW__BINS; }
