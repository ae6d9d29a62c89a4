/* naive_index.c - the naive evaluator's part about indexing, scans, sorting and random draws: see naive.h. */
#include "tests/naive.h"
#include "tests/slow_index.h"
#include "ops/kernel/attrs.h"

#define IS(name, expr) static arr n_##name(const tw_node *y, const arr *x) { (void)y; return expr; }

static arr slice_put(const tw_node *y, const arr *x, bool add)
{
    int64_t step[8];
    for (int d = 0; d < 8; d++) step[d] = ((const int32_t *)tw_attr(y))[d];
    return slow_slice_put(&x[0], &x[1], tw_slot(y), step, add);
}
IS(slice_update, slice_put(y, x, false))
IS(slice_add, slice_put(y, x, true))
IS(scatter_set, slow_scatter_set(&x[0], &x[1], &x[2], *(const int32_t *)tw_attr(y)))

static arr scan(const tw_node *y, const arr *x, char how)
{
    const tw_scan_attr *t = tw_attr(y);
    return slow_scan(&x[0], t->axis, t->reverse, t->exclusive, how);
}
IS(cumsum, scan(y, x, '+'))
IS(cumprod, scan(y, x, '*'))
IS(logcumsumexp, scan(y, x, 'L'))
IS(cumargmax, scan(y, x, 'M'))
IS(cumargmin, scan(y, x, 'm'))
IS(linear_recurrence, slow_recurrence(&x[0], &x[1], ((const tw_scan_attr *)tw_attr(y))->axis, ((const tw_scan_attr *)tw_attr(y))->reverse))

IS(argsort, slow_argsort(&x[0], x[0].n - 1, *(const uint8_t *)tw_attr(y)))
IS(searchsorted, slow_searchsorted(&x[0], &x[1], *(const uint8_t *)tw_attr(y)))

#define R(name) { #name, n_##name }
const naive_rule naive_index[] = {
    R(slice_update), R(slice_add), R(scatter_set), R(cumsum), R(cumprod), R(logcumsumexp), R(cumargmax), R(cumargmin),
    R(linear_recurrence), R(argsort), R(searchsorted),
    { NULL, NULL },
};
