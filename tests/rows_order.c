/* rows_order.c - rows of scans, sorting and what is spelled from it: see rows.h. */
#include "tests/rows.h"
#include "tests/slow_index.h"

static int from_end(int axis, int n) { return axis < 0 ? axis + n : axis; }

/* ---- scans: p is axis, reverse, exclusive ---------------------------------------------- */

#define SCAN(name, how)                                                                                      \
    BUILD(b_##name, tw_##name(x[0], .axis = r->p[0], .reverse = r->p[1], .exclusive = r->p[2]))              \
    REF(r_##name, slow_scan(&x[0], from_end(r->p[0], x[0].n), r->p[1], r->p[2], how))
SCAN(cumsum, '+')
SCAN(cumprod, '*')
SCAN(logcumsumexp, 'L')
SCAN(cumargmax, 'M')
SCAN(cumargmin, 'm')

BUILD(b_cummax, tw_cummax(x[0], .axis = r->p[0], .reverse = r->p[1]))
BUILD(b_cummin, tw_cummin(x[0], .axis = r->p[0], .reverse = r->p[1]))
static arr extreme(const row *r, const arr *x, char how)
{
    const int axis = from_end(r->p[0], x[0].n);
    const arr place = slow_scan(&x[0], axis, r->p[1], false, how);
    return slow_gather(&x[0], &place, axis);
}
REF(r_cummax, extreme(r, x, 'M'))
REF(r_cummin, extreme(r, x, 'm'))

BUILD(b_linear_recurrence, tw_linear_recurrence(x[0], x[1], .axis = r->p[0], .reverse = r->p[1]))
REF(r_linear_recurrence, slow_recurrence(&x[0], &x[1], from_end(r->p[0], x[1].n), r->p[1]))

const row rows_order[] = {
    { "cumsum", "a vector", { REAL(7) }, IS(cumsum) },
    { "cumsum", "first axis", { REAL(5, 3) }, IS(cumsum) },
    { "cumsum", "middle axis, from the end", { REAL(2, 5, 3) }, IS(cumsum), .p = { 1, 1 } },
    { "cumsum", "last axis, exclusive", { REAL(3, 6) }, IS(cumsum), .p = { -1, 0, 1 } },
    { "cumsum", "exclusive from the end", { REAL(4, 2) }, IS(cumsum), .p = { 0, 1, 1 } },
    { "cumsum", "nothing", { REAL(0, 3) }, IS(cumsum) },
    { "cumsum", "many columns", { REAL(9, 301) }, IS(cumsum), .flags = R_VALUE },
    { "cumsum", "i64", { { K_I64, -9, 9, S(4, 5) } }, IS(cumsum), .p = { 1 }, .flags = R_VALUE },
    { "cumsum", "u8", { { K_U8, 0, 9, S(6, 2) } }, IS(cumsum), .p = { 0, 1, 1 }, .flags = R_VALUE },
    { "cumprod", "a vector", { REAL(6) }, IS(cumprod), .tol = 20 },
    { "cumprod", "with zeros", { TIES(9) }, IS(cumprod) },
    { "cumprod", "with zeros, exclusive from the end", { TIES(3, 7) }, IS(cumprod), .p = { 1, 1, 1 } },
    { "cumprod", "middle axis, from the end", { REAL(2, 5, 2) }, IS(cumprod), .p = { 1, 1 } },
    { "cumprod", "first axis, exclusive", { REAL(5, 2) }, IS(cumprod), .p = { 0, 0, 1 } },
    { "cumprod", "one element", { REAL(2, 1) }, IS(cumprod), .p = { 1 } },
    { "cumprod", "i32", { { K_I32, -4, 4, S(5, 2) } }, IS(cumprod), .flags = R_VALUE },
    { "logcumsumexp", "a vector", { REAL(7) }, IS(logcumsumexp) },
    { "logcumsumexp", "far apart", { IN(-40, 40, 3, 9) }, IS(logcumsumexp), .p = { 1 } },
    { "logcumsumexp", "middle axis, from the end", { REAL(2, 4, 3) }, IS(logcumsumexp), .p = { 1, 1 } },
    { "logcumsumexp", "one element", { REAL(1, 2) }, IS(logcumsumexp) },
    { "linear_recurrence", "vectors", { REAL(6), REAL(6) }, IS(linear_recurrence), .tol = 20 },
    { "linear_recurrence", "middle axis, from the end", { REAL(2, 5, 3), REAL(2, 5, 3) }, IS(linear_recurrence), .p = { 1, 1 }, .tol = 20 },
    { "linear_recurrence", "one factor for each line", { REAL(4, 1), REAL(4, 6) }, IS(linear_recurrence), .p = { -1 }, .tol = 20 },
    { "linear_recurrence", "one element", { REAL(1), REAL(1) }, IS(linear_recurrence) },
    { "cumargmax", "with ties", { TIES(4, 9) }, IS(cumargmax), .p = { 1 }, .flags = R_VALUE },
    { "cumargmax", "u8, from the end", { { K_U8, 0, 9, S(9, 4) } }, IS(cumargmax), .p = { 0, 1 }, .flags = R_VALUE },
    { "cumargmin", "i64", { { K_I64, -9, 9, S(3, 9, 2) } }, IS(cumargmin), .p = { 1 }, .flags = R_VALUE },
    { "cummax", "first axis", { DISTINCT(7, 3) }, IS(cummax) },
    { "cummax", "last axis, from the end", { DISTINCT(2, 9) }, IS(cummax), .p = { -1, 1 } },
    { "cummin", "middle axis", { DISTINCT(2, 6, 2) }, IS(cummin), .p = { 1 } },
};
const int n_rows_order = sizeof rows_order / sizeof *rows_order;
