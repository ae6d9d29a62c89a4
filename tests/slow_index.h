/* slow_index.h - indexing, scans, sorting and random draws again, as plain loops over doubles: see slow.h. */
#pragma once
#include "tests/slow.h"

/* x with src set (or added) at start + i * step. */
arr slow_slice_put(const arr *x, const arr *src, const int64_t *start, const int64_t *step, bool add);
arr slow_scatter_set(const arr *x, const arr *index, const arr *src, int axis);
/* The index's own axes in place of the axis. */
arr slow_take(const arr *x, const arr *index, int axis);

/* Scans along an axis. how: '+', '*', 'L' for log of sums of exps, 'M' and 'm' for where the extreme is. */
arr slow_scan(const arr *x, int axis, bool reverse, bool exclusive, char how);
arr slow_recurrence(const arr *a, const arr *b, int axis, bool reverse);

/* Places in rising order along the axis, by insertion; NaN counts as largest. */
arr slow_argsort(const arr *x, int axis, bool descending);
arr slow_searchsorted(const arr *rows, const arr *values, bool right);
