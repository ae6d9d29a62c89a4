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

/* ---- order ----------------------------------------------------------------------------- */

/* p: axis, descending. */
BUILD(b_argsort, tw_argsort(x[0], .axes = TW_AXES(r->p[0]), .descending = r->p[1]))
REF(r_argsort, slow_argsort(&x[0], from_end(r->p[0], x[0].n), r->p[1]))
BUILD(b_sort, tw_sort(x[0], .axes = TW_AXES(r->p[0]), .descending = r->p[1]))
static arr sorted(const row *r, const arr *x)
{
    const int axis = from_end(r->p[0], x[0].n);
    const arr place = slow_argsort(&x[0], axis, r->p[1]);
    return slow_gather(&x[0], &place, axis);
}
REF(r_sort, sorted(r, x))

/* p: axis, smallest, k. The places take part, lest they be wrong unseen. */
static tw_node *b_topk(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    tw_node *place = NULL, *y = tw_topk(x[0], r->p[2], .axes = TW_AXES(r->p[0]), .smallest = r->p[1], .index = &place);
    return tw_is_nil(y) ? y : tw_mul(y, tw_cast(place, tw_dtype_of(y)));
}
static arr r_topk(const row *r, const arr *x)
{
    const int axis = from_end(r->p[0], x[0].n);
    const arr place = slow_argsort(&x[0], axis, !r->p[1]), all = slow_gather(&x[0], &place, axis);
    int64_t start[8] = { 0 }, size[8], step[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    for (int d = 0; d < all.n; d++) size[d] = d == axis ? r->p[2] : all.at[d];
    arr v = slow_slice(&all, start, size, step), p = slow_slice(&place, start, size, step);
    for (int64_t k = 0; k < v.count; k++) v.v[k] *= p.v[k];
    return v;
}

/* p: keep_dims, the axis (or -9: all), the number: k, or hundredths of q. */
static tw_reduce_args over(const row *r)
{
    tw_reduce_args o = { ._size = sizeof o, .keep_dims = r->p[0] };
    if (r->p[1] != -9) o.axes = TW_AXES(r->p[1]);
    return o;
}
static tw_node *b_kthvalue(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    const tw_reduce_args o = over(r);
    return tw_kthvalue_at(TW_HERE, x[0], r->p[2], &o);
}
static tw_node *b_quantile(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    const tw_reduce_args o = over(r);
    return tw_quantile_at(TW_HERE, x[0], r->p[2] / 100.0, &o);
}
static tw_node *b_median(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    const tw_reduce_args o = over(r);
    return tw_median_at(TW_HERE, x[0], &o);
}

/* Between the elements next to place(n) of each line in order. */
static arr at_place(const row *r, const arr *x, double place)
{
    arr flat = r->p[1] == -9 ? slow_reshape(&x[0], 1, &x[0].count) : x[0];
    const int axis = r->p[1] == -9 ? 0 : from_end(r->p[1], x[0].n);
    const arr order = slow_argsort(&flat, axis, false), all = slow_gather(&flat, &order, axis);
    const double p = place < 0 ? -place * (double)(flat.at[axis] - 1) : place, below = floor(p);
    arr y = slow_reduce(&all, 1u << axis, true, '+');
    for (int64_t k = 0; k < y.count; k++) {
        int64_t j[8] = { 0 }, rest = k;
        for (int d = y.n - 1; d >= 0; d--) j[d] = rest % y.at[d], rest /= y.at[d];
        j[axis] = (int64_t)below;
        const double low = all.v[slow_offset(&all, j)];
        if (p > below) j[axis]++;
        y.v[k] = low + (p - below) * (all.v[slow_offset(&all, j)] - low);
    }
    const arr kept = r->p[1] == -9 ? x[0] : y;
    int64_t at[8];
    int n = 0;
    for (int d = 0; d < kept.n; d++)
        if (r->p[0] || (r->p[1] != -9 && d != axis)) at[n++] = r->p[1] == -9 || d == axis ? 1 : kept.at[d];
    return slow_reshape(&y, n, at);
}
REF(r_kthvalue, at_place(r, x, r->p[2] - 1))
REF(r_quantile, at_place(r, x, -r->p[2] / 100.0))
REF(r_median, at_place(r, x, -0.5))

/* p: right. */
BUILD(b_searchsorted, tw_searchsorted(tw_sort(x[0]), x[1], .right = r->p[0]))
static arr r_searchsorted(const row *r, const arr *x)
{
    const arr place = slow_argsort(&x[0], x[0].n - 1, false), rows = slow_gather(&x[0], &place, x[0].n - 1);
    return slow_searchsorted(&rows, &x[1], r->p[0]);
}

BUILD(b_nonzero_now, tw_nonzero_now(x[0]))
static arr r_nonzero_now(const row *r, const arr *x)
{
    (void)r;
    arr y = arr_new(1, &x[0].count);
    y.at[0] = 0;
    for (int64_t k = 0; k < x[0].count; k++)
        if (x[0].v[k] != 0) y.v[y.at[0]++] = (double)k;
    y.count = y.at[0];
    return y;
}
BUILD(b_unique_now, tw_unique_now(x[0]))
static arr r_unique_now(const row *r, const arr *x)
{
    (void)r;
    arr flat = slow_reshape(&x[0], 1, &x[0].count), place = slow_argsort(&flat, 0, false), y = slow_gather(&flat, &place, 0);
    int64_t n = 0;
    for (int64_t k = 0; k < y.count; k++)
        if (!k || y.v[k] != y.v[n - 1]) y.v[n++] = y.v[k];
    y.count = y.at[0] = n;
    return y;
}

/* ---- draws: where they must lie; check_draws.c has their distributions ------------------ */

static arr ones(int64_t n)
{
    arr y = arr_new(1, &n);
    for (int64_t k = 0; k < n; k++) y.v[k] = 1;
    return y;
}
#define DRAW(name, draw, low, high)                                                                        \
    BUILD(b_##name, tw_logical_and(tw_greater_equal(draw, low), tw_less_equal(draw, high)))                \
    static arr r_##name(const row *r, const arr *x) { (void)r, (void)x; return ones(500); }
DRAW(randint, tw_randint(cx, TW_SHAPE(500), -3, 4, .key = 1), -3, 3)
DRAW(truncated_normal, tw_truncated_normal(cx, TW_SHAPE(500), .key = 1), -2, 2)
DRAW(exponential, tw_exponential(cx, TW_SHAPE(500), .key = 1), 0, 40)
DRAW(gumbel, tw_gumbel(cx, TW_SHAPE(500), .key = 1), -4, 40)
DRAW(laplace, tw_laplace(cx, TW_SHAPE(500), .key = 1), -40, 40)
DRAW(bernoulli, tw_cast(tw_bernoulli(cx, TW_SHAPE(500), .key = 1), TW_F64), 0, 1)
DRAW(permutation, tw_permutation(cx, 500, .key = 1), 0, 499)
BUILD(b_categorical, tw_less_equal(tw_categorical(x[0]), 3))
static arr r_categorical(const row *r, const arr *x) { (void)r; return ones(x[0].at[0]); }
static arr r_ones_like(const row *r, const arr *x)
{
    (void)r;
    arr y = arr_like(&x[0]);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = 1;
    return y;
}
BUILD(b_gamma, tw_logical_and(tw_greater(tw_gamma(x[0], .key = 1), 0), tw_less(tw_gamma(x[0], .key = 1, .log = true), 5)))
BUILD(b_beta, tw_logical_and(tw_greater(tw_beta(x[0], x[1], .key = 1), 0), tw_less(tw_beta(x[0], x[1], .key = 1), 1)))
BUILD(b_dirichlet, tw_less(tw_abs(tw_sub(tw_sum(tw_dirichlet(x[0], .key = 1), .axes = TW_AXES(-1), .keep_dims = true), tw_ones_like(x[0]))), 1e-6))

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
    { "argsort", "with ties", { TIES(3, 40) }, IS(argsort), .p = { -1 }, .flags = R_VALUE },
    { "argsort", "with ties, long, falling", { TIES(2, 300) }, IS(argsort), .p = { -1, 1 }, .flags = R_VALUE },
    { "argsort", "first axis", { REAL(200, 3) }, IS(argsort), .p = { 0 }, .flags = R_VALUE },
    { "argsort", "i64", { { K_I64, -1000, 1000, S(2, 90) } }, IS(argsort), .p = { 1 }, .flags = R_VALUE },
    { "argsort", "i32, falling", { { K_I32, -9, 9, S(70) } }, IS(argsort), .p = { 0, 1 }, .flags = R_VALUE },
    { "argsort", "u8", { { K_U8, 0, 255, S(300) } }, IS(argsort), .p = { 0 }, .flags = R_VALUE },
    { "argsort", "bool", { BOOLS(60) }, IS(argsort), .p = { 0 }, .flags = R_VALUE },
    { "sort", "a vector", { DISTINCT(9) }, IS(sort), .p = { 0 } },
    { "sort", "first axis, falling", { DISTINCT(6, 3) }, IS(sort), .p = { 0, 1 } },
    { "sort", "middle axis", { DISTINCT(2, 5, 2) }, IS(sort), .p = { 1 } },
    { "sort", "long", { DISTINCT(2, 150) }, IS(sort), .p = { -1 } },
    { "sort", "nothing", { REAL(3, 0) }, IS(sort), .p = { -1 } },
    { "topk", "largest", { DISTINCT(2, 9) }, IS(topk), .p = { -1, 0, 3 } },
    { "topk", "smallest, first axis", { DISTINCT(7, 2) }, IS(topk), .p = { 0, 1, 2 } },
    { "kthvalue", "of all", { DISTINCT(3, 4) }, IS(kthvalue), .p = { 0, -9, 5 } },
    { "kthvalue", "an axis, kept", { DISTINCT(3, 4, 2) }, IS(kthvalue), .p = { 1, 1, 2 } },
    { "median", "of an even number", { DISTINCT(3, 4) }, IS(median), .p = { 0, -9 } },
    { "median", "of an axis", { DISTINCT(5, 3) }, IS(median), .p = { 0, 0 } },
    { "quantile", "between", { DISTINCT(2, 9) }, IS(quantile), .p = { 1, -1, 37 } },
    { "quantile", "the largest", { DISTINCT(5) }, IS(quantile), .p = { 0, 0, 100 } },
    { "searchsorted", "a vector", { TIES(9), { K_REAL, -2, 2, S(3, 4) } }, IS(searchsorted), .flags = R_VALUE },
    { "searchsorted", "rows, equal ones to the right", { TIES(3, 8), TIES(3, 5) }, IS(searchsorted), .p = { 1 }, .flags = R_VALUE },
    { "searchsorted", "i32", { { K_I32, -9, 9, S(20) }, { K_I32, -9, 9, S(9) } }, IS(searchsorted), .flags = R_VALUE },
    { "nonzero_now", "some", { TIES(4, 9) }, IS(nonzero_now), .flags = R_VALUE },
    { "nonzero_now", "bool", { BOOLS(17) }, IS(nonzero_now), .flags = R_VALUE },
    { "unique_now", "few", { TIES(4, 9) }, IS(unique_now), .flags = R_VALUE },
    { "unique_now", "i64", { { K_I64, -9, 9, S(40) } }, IS(unique_now), .flags = R_VALUE },
    { "randint", "within", { { 0 } }, IS(randint), .flags = R_VALUE },
    { "truncated_normal", "within", { { 0 } }, IS(truncated_normal), .flags = R_VALUE },
    { "exponential", "within", { { 0 } }, IS(exponential), .flags = R_VALUE },
    { "gumbel", "within", { { 0 } }, IS(gumbel), .flags = R_VALUE },
    { "laplace", "within", { { 0 } }, IS(laplace), .flags = R_VALUE },
    { "bernoulli", "within", { { 0 } }, IS(bernoulli), .flags = R_VALUE },
    { "permutation", "within", { { 0 } }, IS(permutation), .flags = R_VALUE },
    { "categorical", "within", { REAL(40, 4) }, IS(categorical), .flags = R_VALUE },
    { "gamma", "within", { IN(0.5, 9, 40, 4) }, .build = b_gamma, .ref = r_ones_like, .flags = R_VALUE },
    { "beta", "within", { IN(0.5, 9, 40, 4), IN(0.5, 9, 4) }, .build = b_beta, .ref = r_ones_like, .flags = R_VALUE },
    { "dirichlet", "within", { IN(0.5, 9, 40, 4) }, .build = b_dirichlet, .ref = r_ones_like, .flags = R_VALUE },
};
const int n_rows_order = sizeof rows_order / sizeof *rows_order;
