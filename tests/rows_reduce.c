/* rows_reduce.c - rows of reductions and of what is spelled from them: see rows.h. */
#include "tests/rows.h"
#include "tests/slow.h"

/* p: keep_dims, count of axes, axes. */
static tw_axes axes_of(const row *r)
{
    tw_axes a = { .n = r->p[1] };
    for (int d = 0; d < a.n; d++) a.at[d] = r->p[2 + d];
    return a;
}

static unsigned mask_of(const row *r, const arr *x)
{
    if (!r->p[1]) return (1u << x->n) - 1;
    unsigned mask = 0;
    for (int k = 0; k < r->p[1]; k++) mask |= 1u << (r->p[2 + k] < 0 ? r->p[2 + k] + x->n : r->p[2 + k]);
    return mask;
}

#define REDUCTION(f, how)                                                       \
    BUILD(b_##f, tw_##f(x[0], .axes = axes_of(r), .keep_dims = r->p[0]))        \
    REF(r_##f, slow_reduce(&x[0], mask_of(r, x), r->p[0], how))
REDUCTION(sum, '+')
REDUCTION(prod, '*')
REDUCTION(max, 'M')
REDUCTION(min, 'm')

/* The sum of a view whose elements are nowhere next to each other. */
BUILD(b_sum_view, tw_sum(tw_permute(tw_slice(x[0], .step = { 2, 1, 3 }), TW_AXES(2, 1, 0)), .axes = TW_AXES(0, 2)))
static arr r_sum_view(const row *r, const arr *x)
{
    (void)r;
    arr s = slow_slice(&x[0], (int64_t[]){ 0, 0, 0 }, (int64_t[]){ (x[0].at[0] + 1) / 2, x[0].at[1], (x[0].at[2] + 2) / 3 }, (int64_t[]){ 2, 1, 3 });
    return slow_reduce(&s, 5, false, '+');
}

/* p: axis. */
BUILD(b_argmax, tw_argmax(x[0], .axis = r->p[0]))
REF(r_argmax, slow_argmax(&x[0], r->p[0] < 0 ? r->p[0] + x[0].n : r->p[0]))

static double per(const arr *x, unsigned mask)
{
    double n = 1;
    for (int d = 0; d < x->n; d++) n *= mask >> d & 1 ? (double)x->at[d] : 1;
    return n;
}

BUILD(b_mean, tw_mean(x[0], .axes = axes_of(r), .keep_dims = r->p[0]))
static arr r_mean(const row *r, const arr *x)
{
    arr y = slow_reduce(&x[0], mask_of(r, x), r->p[0], '+');
    for (int64_t k = 0; k < y.count; k++) y.v[k] /= per(&x[0], mask_of(r, x));
    return y;
}

/* p[6]: ddof. */
BUILD(b_var, tw_var(x[0], .axes = axes_of(r), .keep_dims = r->p[0], .ddof = r->p[6]))
static arr r_var(const row *r, const arr *x)
{
    const unsigned mask = mask_of(r, x);
    const double n = per(&x[0], mask);
    arr mean = slow_reduce(&x[0], mask, true, '+'), d = arr_like(&x[0]);
    arr wide = slow_broadcast(&mean, x[0].n, x[0].at);
    for (int64_t k = 0; k < d.count; k++) d.v[k] = (x[0].v[k] - wide.v[k] / n) * (x[0].v[k] - wide.v[k] / n);
    arr y = slow_reduce(&d, mask, r->p[0], '+');
    for (int64_t k = 0; k < y.count; k++) y.v[k] /= n - r->p[6];
    return y;
}

static arr exp_sum(const arr *x, unsigned mask, bool keep)
{
    arr e = slow_map1(x, exp);
    return slow_reduce(&e, mask, keep, '+');
}

BUILD(b_logsumexp, tw_logsumexp(x[0], .axes = axes_of(r), .keep_dims = r->p[0]))
static arr r_logsumexp(const row *r, const arr *x)
{
    arr s = exp_sum(&x[0], mask_of(r, x), r->p[0]);
    return slow_map1(&s, log);
}

static unsigned last_or_given(const row *r, const arr *x) { return r->p[1] ? mask_of(r, x) : 1u << (x->n - 1); }
BUILD(b_softmax, tw_softmax(x[0], .axes = axes_of(r)))
static arr r_softmax(const row *r, const arr *x)
{
    arr s = exp_sum(&x[0], last_or_given(r, x), true), y = slow_broadcast(&s, x[0].n, x[0].at);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = exp(x[0].v[k]) / y.v[k];
    return y;
}
BUILD(b_log_softmax, tw_log_softmax(x[0], .axes = axes_of(r)))
static arr r_log_softmax(const row *r, const arr *x)
{
    arr y = r_softmax(r, x);
    return slow_map1(&y, log);
}

/* Every shape of reduction of small operands, by what an operand is. */
#define ROWS_REDUCE(f, dom, low, high)                                                          \
    { #f, "all", { { dom, low, high, S(2, 3) } }, IS(f) },                                      \
    { #f, "all, kept", { { dom, low, high, S(2, 3) } }, IS(f), .p = { 1 } },                    \
    { #f, "last axis", { { dom, low, high, S(2, 3) } }, IS(f), .p = { 0, 1, -1 } },             \
    { #f, "first axis", { { dom, low, high, S(4, 3) } }, IS(f), .p = { 0, 1, 0 } },             \
    { #f, "middle axis, kept", { { dom, low, high, S(2, 4, 3) } }, IS(f), .p = { 1, 1, 1 } },   \
    { #f, "outer axes", { { dom, low, high, S(2, 3, 2) } }, IS(f), .p = { 0, 2, 0, 2 } },       \
    { #f, "axis of one", { { dom, low, high, S(3, 1) } }, IS(f), .p = { 0, 1, 1 } },            \
    { #f, "a scalar", { { dom, low, high, S0 } }, IS(f) }
/* Large ones, in each order of axes: tails, several blocks, several accumulators. */
#define ROWS_LARGE(f, dom, low, high, t)                                                                         \
    { #f, "4099", { { dom, low, high, S(4099) } }, IS(f), .tol = t, .flags = R_VALUE },                           \
    { #f, "rows of 777", { { dom, low, high, S(5, 777) } }, IS(f), .p = { 0, 1, -1 }, .tol = t, .flags = R_VALUE }, \
    { #f, "columns of 777", { { dom, low, high, S(777, 37) } }, IS(f), .p = { 0, 1, 0 }, .tol = t, .flags = R_VALUE }, \
    { #f, "middle of three", { { dom, low, high, S(3, 65, 19) } }, IS(f), .p = { 0, 1, 1 }, .tol = t, .flags = R_VALUE }, \
    { #f, "outer of three", { { dom, low, high, S(33, 5, 67) } }, IS(f), .p = { 0, 2, 0, 2 }, .tol = t, .flags = R_VALUE }

const row rows_reduce[] = {
    ROWS_REDUCE(sum, K_REAL, -2, 2),
    ROWS_LARGE(sum, K_REAL, -2, 2, 600),
    { "sum", "of nothing", { REAL(0, 3) }, IS(sum), .p = { 0, 1, 0 } },
    { "sum", "of a view", { REAL(5, 2, 7) }, IS(sum_view) },
    { "sum", "i64", { { K_I64, -99, 99, S(7, 300) } }, IS(sum), .p = { 0, 1, 1 }, .flags = R_VALUE },
    { "sum", "i32, columns", { { K_I32, -99, 99, S(70, 9) } }, IS(sum), .p = { 0, 1, 0 }, .flags = R_VALUE },
    { "sum_bool", "booleans, as i64", { BOOLS(7, 300) }, IS(sum), .p = { 0, 1, 1 }, .flags = R_VALUE },
    { "sum_bool", "booleans, columns", { BOOLS(300, 7) }, IS(sum), .p = { 0, 1, 0 }, .flags = R_VALUE },
    ROWS_REDUCE(prod, K_AWAY, 0.5, 1.5),
    ROWS_LARGE(prod, K_REAL, 0.99, 1.0099, 2000),
    { "prod", "of nothing", { REAL(0, 3) }, IS(prod), .p = { 0, 1, 0 } },
    { "prod", "with zeros", { TIES(4, 3) }, IS(prod), .p = { 0, 1, 0 } },
    { "prod", "i64", { { K_I64, -3, 3, S(4, 5) } }, IS(prod), .p = { 0, 1, 1 }, .flags = R_VALUE },
    ROWS_REDUCE(max, K_DISTINCT, -2, 2),
    ROWS_LARGE(max, K_REAL, -2, 2, 1),
    { "max", "ties", { TIES(5, 6) }, IS(max), .p = { 0, 1, 1 }, .flags = R_NO_DIFF },
    { "max", "i32", { { K_I32, -99, 99, S(7, 31) } }, IS(max), .p = { 0, 1, 1 }, .flags = R_VALUE },
    { "max", "u8", { { K_U8, 0, 255, S(7, 31) } }, IS(max), .p = { 0, 1, 0 }, .flags = R_VALUE },
    ROWS_REDUCE(min, K_DISTINCT, -2, 2),
    ROWS_LARGE(min, K_REAL, -2, 2, 1),
    { "min", "ties", { TIES(5, 6) }, IS(min), .p = { 0, 1, 1 }, .flags = R_NO_DIFF },
    { "min", "i64", { { K_I64, -99, 99, S(7, 31) } }, IS(min), .flags = R_VALUE },
    { "argmax", "first axis", { DISTINCT(7, 5) }, IS(argmax), .flags = R_VALUE },
    { "argmax", "last axis, ties", { TIES(9, 40) }, IS(argmax), .p = { -1 }, .flags = R_VALUE },
    { "argmax", "middle axis", { TIES(3, 20, 5) }, IS(argmax), .p = { 1 }, .flags = R_VALUE },
    { "argmax", "i64", { { K_I64, -9, 9, S(9, 40) } }, IS(argmax), .p = { 1 }, .flags = R_VALUE },
    { "argmax", "booleans", { BOOLS(9, 40) }, IS(argmax), .p = { 1 }, .flags = R_VALUE },
    ROWS_REDUCE(mean, K_REAL, -2, 2),
    { "var", "all", { REAL(3, 4) }, IS(var), .tol = 8 },
    { "var", "first axis, ddof 1, kept", { REAL(4, 3) }, IS(var), .p = { 1, 1, 0, 0, 0, 0, 1 }, .tol = 8 },
    { "var", "outer axes", { REAL(2, 3, 2) }, IS(var), .p = { 0, 2, 0, 2 }, .tol = 8 },
    { "logsumexp", "all", { REAL(3, 4) }, IS(logsumexp), .tol = 8 },
    { "logsumexp", "last axis, kept", { REAL(3, 4) }, IS(logsumexp), .p = { 1, 1, -1 }, .tol = 8 },
    { "softmax", "last axis", { REAL(3, 5) }, IS(softmax), .tol = 8 },
    { "softmax", "first axis", { REAL(3, 5) }, IS(softmax), .p = { 0, 1, 0 }, .tol = 8 },
    { "softmax", "two axes", { REAL(2, 3, 2) }, IS(softmax), .p = { 0, 2, 1, 2 }, .tol = 8 },
    { "softmax", "rows of 300", { REAL(5, 300) }, IS(softmax), .tol = 30, .flags = R_VALUE },
    { "log_softmax", "last axis", { REAL(3, 5) }, IS(log_softmax), .tol = 8 },
    { "log_softmax", "first axis", { REAL(3, 5) }, IS(log_softmax), .p = { 0, 1, 0 }, .tol = 8 },
};
const int n_rows_reduce = sizeof rows_reduce / sizeof *rows_reduce;
