/* rows_norm.c - rows of norms, standard deviations, any, all and argmin: see rows.h.
 *
 * p[0]: the axes, by bits; -1: all. p[1]: keep_dims. p[2]: .ddof, of norms .p in quarters.
 */
#include "tests/rows_map.h"

static tw_axes axes_of(const row *r)
{
    tw_axes a = { 0 };
    for (int i = 0; r->p[0] >= 0 && i < 8; i++)
        if (r->p[0] >> i & 1) a.at[a.n++] = i;
    return a;
}
static unsigned bits_of(const row *r, const arr *x) { return r->p[0] >= 0 ? (unsigned)r->p[0] : (1u << x->n) - 1; }

enum { P_INF = 1000 };
static double exponent_of(const row *r) { return r->p[2] == P_INF ? INF : r->p[2] == -P_INF ? -INF : r->p[2] / 4.0; }

BUILD(b_norm, tw_norm(x[0], .axes = axes_of(r), .keep_dims = r->p[1], .p = r->p[2] ? exponent_of(r) : TW_ZERO))
BUILD(b_norm_default, tw_norm(x[0]))
static arr norm_of(const row *r, const arr *x, double p)
{
    arr a = arr_like(x);
    for (int64_t k = 0; k < a.count; k++)
        a.v[k] = isinf(p) ? fabs(x->v[k]) : p == 0 ? x->v[k] != 0 : pow(fabs(x->v[k]), p);
    arr y = slow_reduce(&a, bits_of(r, x), r->p[1], isinf(p) ? p > 0 ? 'M' : 'm' : '+');
    for (int64_t k = 0; k < y.count && !isinf(p) && p != 0; k++) y.v[k] = pow(y.v[k], 1 / p);
    return y;
}
REF(r_norm, norm_of(r, &x[0], exponent_of(r)))
REF(r_norm_default, norm_of(&(row){ .p = { -1 } }, &x[0], 2))

BUILD(b_std, tw_std(x[0], .axes = axes_of(r), .keep_dims = r->p[1], .ddof = r->p[2]))
static double over(double a, double b) { return a / b; }
static double minus(double a, double b) { return a - b; }
static arr r_std(const row *r, const arr *x)
{
    const unsigned axes = bits_of(r, &x[0]);
    const arr sum = slow_reduce(&x[0], axes, true, '+');
    arr n = arr_new(0, NULL), c;
    n.v[0] = (double)(x[0].count / sum.count);
    const arr mean = slow_map2(&sum, &n, over);
    c = slow_map2(&x[0], &mean, minus);
    for (int64_t k = 0; k < c.count; k++) c.v[k] *= c.v[k];
    arr y = slow_reduce(&c, axes, r->p[1], '+');
    for (int64_t k = 0; k < y.count; k++) y.v[k] = sqrt(y.v[k] / (n.v[0] - r->p[2]));
    return y;
}

BUILD(b_any, tw_any(x[0], .axes = axes_of(r), .keep_dims = r->p[1]))
BUILD(b_all, tw_all(x[0], .axes = axes_of(r), .keep_dims = r->p[1]))
static arr truth_of(const row *r, const arr *x, char how)
{
    arr a = arr_like(x);
    for (int64_t k = 0; k < a.count; k++) a.v[k] = x->v[k] != 0;
    if (how == 'm' && !x->count) {                      /* all of nothing are */
        arr y = slow_reduce(&a, bits_of(r, x), r->p[1], '+');
        for (int64_t k = 0; k < y.count; k++) y.v[k] = 1;
        return y;
    }
    arr y = slow_reduce(&a, bits_of(r, x), r->p[1], how == 'm' ? '*' : '+');
    for (int64_t k = 0; k < y.count; k++) y.v[k] = y.v[k] != 0;
    return y;
}
REF(r_any, truth_of(r, &x[0], 'M'))
REF(r_all, truth_of(r, &x[0], 'm'))

BUILD(b_argmin, tw_argmin(x[0], .axis = r->p[0]))
static double negated(double a) { return -a; }
static arr r_argmin(const row *r, const arr *x)
{
    const arr a = slow_map1(&x[0], negated);
    return slow_argmax(&a, r->p[0] < 0 ? r->p[0] + x[0].n : r->p[0]);
}

const row rows_norm[] = {
    { "norm", "default", { REAL(3, 4) }, IS(norm_default) },
    { "norm", "2 of rows", { REAL(3, 4) }, IS(norm), .p = { 2, 0, 8 } },
    { "norm", "2 of columns, kept", { REAL(3, 4) }, IS(norm), .p = { 1, 1, 8 } },
    { "norm", "1", { AWAY(3, 4) }, IS(norm), .p = { -1, 0, 4 } },
    { "norm", "1 of rows", { AWAY(2, 3, 2) }, IS(norm), .p = { 4, 0, 4 } },
    { "norm", "infinite", { DISTINCT(3, 4) }, IS(norm), .p = { 2, 0, P_INF }, .flags = R_NO_SECOND },
    { "norm", "minus infinite", { { K_DISTINCT, 0.2, 2, S(3, 4) } }, IS(norm), .p = { 2, 1, -P_INF }, .flags = R_NO_SECOND },
    { "norm", "3", { AWAY(3, 4) }, IS(norm), .p = { 2, 0, 12 }, .tol = 8 },
    { "norm", "2.5", { AWAY(3, 4) }, IS(norm), .p = { -1, 1, 10 }, .tol = 8 },
    { "norm", "a half", { AWAY(2, 3) }, IS(norm), .p = { 2, 0, 2 }, .tol = 32 },
    { "norm", "zero counts", { TIES(3, 4) }, IS(norm), .p = { 2, 0, 0 }, .flags = R_VALUE },
    { "norm", "empty rows", { REAL(3, 0) }, IS(norm), .p = { 2, 0, 8 } },
    { "std", "all", { REAL(3, 4) }, IS(std), .p = { -1 } },
    { "std", "rows, ddof 1", { REAL(3, 4) }, IS(std), .p = { 2, 0, 1 } },
    { "std", "columns, kept", { REAL(3, 4) }, IS(std), .p = { 1, 1 } },
    { "any", "all axes", { BOOLS(3, 4) }, IS(any), .p = { -1 }, .flags = R_VALUE },
    { "any", "rows of numbers", { TIES(40, 2) }, IS(any), .p = { 2 }, .flags = R_VALUE },
    { "any", "of nothing", { BOOLS(3, 0) }, IS(any), .p = { 2, 1 }, .flags = R_VALUE },
    { "all", "rows", { BOOLS(40, 2) }, IS(all), .p = { 2 }, .flags = R_VALUE },
    { "all", "columns of integers, kept", { { K_I64, -1, 2, S(3, 40) } }, IS(all), .p = { 1, 1 }, .flags = R_VALUE },
    { "all", "of nothing", { BOOLS(3, 0) }, IS(all), .p = { 2 }, .flags = R_VALUE },
    { "argmin", "rows", { DISTINCT(4, 7) }, IS(argmin), .p = { 1 }, .flags = R_VALUE },
    { "argmin", "ties, first axis", { TIES(9, 6) }, IS(argmin), .p = { 0 }, .flags = R_VALUE },
    { "argmin", "last axis", { DISTINCT(2, 3, 5) }, IS(argmin), .p = { -1 }, .flags = R_VALUE },
    { "argmin", "i64", { { K_I64, -4, 4, S(5, 9) } }, IS(argmin), .p = { 1 }, .flags = R_VALUE },
    { "argmin", "u8", { U8(0, 255, 5, 300) }, IS(argmin), .p = { 1 }, .flags = R_VALUE },
    { "argmin", "booleans", { BOOLS(9, 3) }, IS(argmin), .p = { 1 }, .flags = R_VALUE },
};
const int n_rows_norm = sizeof rows_norm / sizeof *rows_norm;
