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

#define R(name) { #name, n_##name }
const naive_rule naive_index[] = {
    R(slice_update), R(slice_add), R(scatter_set),
    { NULL, NULL },
};
