/* rows_matrix.c - rows of sums of products and of operations on matrices: see rows.h. */
#include "tests/rows.h"
#include "tests/slow_matrix.h"

/* The equation is the row's text. */
static tw_node *b_einsum(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    return tw_einsum_at(TW_HERE, r->what, row_inputs(r), x);
}
REF(r_einsum, slow_einsum(strchr(r->what, '>') ? r->what : r->p[0] ? "ij,jk->ik" : "...ii->...", row_inputs(r), x))

/* p: upper, transpose, unit. */
BUILD(b_triangular_solve, tw_triangular_solve(x[0], x[1], .upper = r->p[0], .transpose = r->p[1], .unit = r->p[2]))
REF(r_triangular_solve, slow_triangular_solve(&x[0], &x[1], r->p[0], r->p[1], r->p[2]))

/* Operands that are views, and a batch that broadcasts. */
BUILD(b_triangular_views, tw_triangular_solve(tw_transpose(x[0]), tw_transpose(x[1]), .upper = true))
static arr r_triangular_views(const row *r, const arr *x)
{
    (void)r;
    int64_t at[3] = { x[1].at[0], x[0].at[0], x[0].at[1] };
    arr t = slow_transpose(&x[0]), b = slow_transpose(&x[1]);
    t = slow_broadcast(&t, 3, at);
    return slow_triangular_solve(&t, &b, true, false, false);
}

/* x with 1, 2, ... added to its diagonal, which makes small ones positive definite, and all eigenvalues distinct. */
static tw_node *steep(tw_node *x)
{
    const int64_t r = tw_dim(x, -2), c = tw_dim(x, -1);
    double v[64] = { 0 };
    if (tw_is_nil(x) || r * c > 64) return x;
    for (int64_t i = 0; i < r && i < c; i++) v[i * c + i] = (double)(i + 1);
    return tw_add(x, tw_cast(tw_data(tw_ctx_of(x), TW_F64, TW_SHAPE(r, c), v), tw_dtype_of(x)));
}
static arr slow_steep(const arr *x)
{
    arr y = arr_like(x);
    const int64_t r = x->at[x->n - 2], c = x->at[x->n - 1];
    for (int64_t k = 0; k < x->count; k++) y.v[k] = x->v[k] + (k % c == k / c % r ? (double)(k % c + 1) : 0);
    return y;
}
#define STEEP(...) IN(-0.3, 0.3, __VA_ARGS__)

/* p: upper. */
BUILD(b_cholesky, tw_cholesky(steep(x[0]), .upper = r->p[0]))
static arr r_cholesky(const row *r, const arr *x)
{
    arr a = slow_steep(&x[0]), l = slow_cholesky(&a);
    return r->p[0] ? slow_transpose(&l) : l;
}

BUILD(b_cholesky_solve, tw_cholesky_solve(x[0], x[1], .upper = r->p[0]))
static arr r_cholesky_solve(const row *r, const arr *x)
{
    arr y = slow_triangular_solve(&x[1], &x[0], r->p[0], r->p[0], false);
    return slow_triangular_solve(&x[1], &y, r->p[0], !r->p[0], false);
}

/* p: which output, 1 P, 2 L, 3 U. */
static tw_node *b_lu(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    tw_node *l, *u, *p = tw_lu(x[0], &l, &u);
    return r->p[0] == 1 ? p : r->p[0] == 2 ? l : u;
}
static arr r_lu(const row *r, const arr *x)
{
    arr p, l, u;
    slow_lu(&x[0], &p, &l, &u);
    return r->p[0] == 1 ? p : r->p[0] == 2 ? l : u;
}
/* Square: both factors in one. */
BUILD(b_lu_factor, tw_lu_factor(x[0], NULL))
static arr r_lu_factor(const row *r, const arr *x)
{
    (void)r;
    arr p, l, u;
    slow_lu(&x[0], &p, &l, &u);
    for (int64_t k = 0, n = x->at[x->n - 1]; k < l.count; k++) u.v[k] += k / n % n > k % n ? l.v[k] : 0;
    return u;
}

BUILD(b_solve, tw_solve(x[0], x[1]))
static arr r_solve(const row *r, const arr *x)
{
    (void)r;
    arr i = slow_inv(&x[0]), b = x[1];
    if (b.n == 1) b.n = 2, b.at[1] = 1;
    if (i.n < b.n) i = slow_broadcast(&i, 3, (int64_t[]){ b.at[0], i.at[0], i.at[1] });
    arr y = slow_matmul(&i, &b, false, false);
    y.n -= x[1].n == 1;
    return y;
}
BUILD(b_inv, tw_inv(x[0]))
REF(r_inv, slow_inv(&x[0]))
BUILD(b_det, tw_det(x[0]))
REF(r_det, slow_det(&x[0]))
BUILD(b_logdet, tw_logdet(steep(x[0])))
static arr r_logdet(const row *r, const arr *x)
{
    (void)r;
    arr a = slow_steep(&x[0]), d = slow_det(&a);
    return slow_map1(&d, log);
}
/* p: the sign, or the logarithm. */
static tw_node *b_slogdet(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    tw_node *log, *sign = tw_slogdet(x[0], &log);
    return r->p[0] ? log : sign;
}
static double sign_of(double a) { return a > 0 ? 1 : a < 0 ? -1 : 0; }
static double log_abs(double a) { return log(fabs(a)); }
static arr r_slogdet(const row *r, const arr *x)
{
    arr d = slow_det(&x[0]);
    return slow_map1(&d, r->p[0] ? log_abs : sign_of);
}

/* p: Q or R, of signs that make the diagonal of R positive. */
static tw_node *b_qr(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    tw_node *t, *q = tw_qr(x[0], &t);
    if (tw_is_nil(q)) return q;
    const int rank = tw_rank(t);
    tw_slice_args o = { ._size = sizeof o };
    o.size[rank - 1] = tw_dim(t, -2);
    tw_node *sign = tw_sign(tw_einsum("...ii->...i", tw_slice_at(TW_HERE, t, &o)));
    return r->p[0] ? tw_mul(t, tw_expand_dims(sign, .axis = -1)) : tw_mul(q, tw_expand_dims(sign, .axis = -2));
}
static arr r_qr(const row *r, const arr *x)
{
    arr q, t;
    slow_qr(&x[0], &q, &t);
    return r->p[0] ? t : q;
}

/* Factors 1, 2, 3, ... along the last axis: a function of vectors that their signs do not change. */
static arr counted(const arr *w)
{
    arr y = arr_like(w);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = (double)(k % w->at[w->n - 1] + 1);
    return y;
}
static tw_node *times_counted(tw_node *v)
{
    return tw_is_nil(v) ? v : tw_mul(v, tw_cast(tw_add(tw_arange(tw_ctx_of(v), tw_dim(v, -1)), 1), tw_dtype_of(v)));
}

static tw_node *b_eigh(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    tw_node *v, *w = tw_eigh(steep(x[0]), &v);
    return r->p[0] ? tw_matmul(times_counted(v), v, .transpose_b = true) : w;
}
static arr r_eigh(const row *r, const arr *x)
{
    arr a = slow_steep(&x[0]), w, v;
    slow_eigh(&a, &w, &v);
    if (!r->p[0]) return w;
    arr factor = counted(&w), left = slow_scale(&v, &factor, false);
    return slow_matmul(&left, &v, false, true);
}
BUILD(b_eigvalsh, tw_eigvalsh(steep(x[0])))

/* p: the values; or U diag(1, 2, ...) V'; or U diag(1, 2, ...) U'. */
static tw_node *b_svd(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    tw_node *s, *vh, *u = tw_svd(steep(x[0]), &s, &vh);
    if (!r->p[0]) return s;
    return r->p[0] == 1 ? tw_matmul(times_counted(u), vh) : tw_matmul(times_counted(u), u, .transpose_b = true);
}
static arr r_svd(const row *r, const arr *x)
{
    arr a = slow_steep(&x[0]), u, s, vh;
    slow_svd(&a, &u, &s, &vh);
    if (!r->p[0]) return s;
    arr factor = counted(&s), left = slow_scale(&u, &factor, false);
    return r->p[0] == 1 ? slow_matmul(&left, &vh, false, false) : slow_matmul(&left, &u, false, true);
}
BUILD(b_svdvals, tw_svdvals(steep(x[0])))

BUILD(b_pinv, tw_pinv(steep(x[0])))
static arr pinv_of(const arr *x)
{
    arr u, s, vh;
    slow_svd(x, &u, &s, &vh);
    for (int64_t k = 0; k < s.count; k++) s.v[k] = 1 / s.v[k];
    arr left = slow_scale(&u, &s, false), p = slow_matmul(&left, &vh, false, false);
    return slow_transpose(&p);
}
static arr r_pinv(const row *r, const arr *x)
{
    (void)r;
    arr a = slow_steep(&x[0]);
    return pinv_of(&a);
}
BUILD(b_lstsq, tw_lstsq(steep(x[0]), x[1]))
static arr r_lstsq(const row *r, const arr *x)
{
    (void)r;
    arr a = slow_steep(&x[0]), p = pinv_of(&a), b = x[1];
    if (b.n == 1) b.n = 2, b.at[1] = 1;
    arr y = slow_matmul(&p, &b, false, false);
    y.n -= x[1].n == 1;
    return y;
}

/* A product of [m, 2] and [2, n]: of rank 2. */
BUILD(b_matrix_rank, tw_matrix_rank(tw_matmul(x[0], x[1])))
static arr r_matrix_rank(const row *r, const arr *x)
{
    (void)r;
    arr y = arr_new(x[0].n - 2, x[0].at);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = 2;
    return y;
}

/* The norm is the row's text. */
static tw_node *b_matrix_norm(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    return tw_matrix_norm(steep(x[0]), .ord = r->what);
}
static double norm_of(const arr *a, const char *ord)
{
    arr u, s, vh, abs = slow_map1(a, fabs);
    slow_svd(a, &u, &s, &vh);
    const int64_t k = s.count;
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < k; i++) sum += s.v[i], squares += s.v[i] * s.v[i];
    if (!strcmp(ord, "nuc")) return sum;
    if (!strcmp(ord, "fro")) return sqrt(squares);
    if (!strcmp(ord, "2")) return s.v[0];
    if (!strcmp(ord, "-2")) return s.v[k - 1];
    arr sums = slow_reduce(&abs, !strcmp(ord, "1") ? 1 : 2, false, '+'), most = slow_reduce(&sums, 1, false, 'M');
    return most.v[0];
}
static arr r_matrix_norm(const row *r, const arr *x)
{
    arr a = slow_steep(&x[0]), y = arr_new(0, NULL);
    y.v[0] = norm_of(&a, r->what);
    return y;
}
static tw_node *b_cond(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    return tw_cond(steep(x[0]), .ord = r->what);
}
static arr r_cond(const row *r, const arr *x)
{
    arr a = slow_steep(&x[0]), y = arr_new(0, NULL), i = pinv_of(&a);
    y.v[0] = norm_of(&a, r->what) * norm_of(&i, r->what);
    return y;
}

BUILD(b_matrix_exp, tw_matrix_exp(x[0]))
REF(r_matrix_exp, slow_exp(&x[0]))

/* p: the power. */
BUILD(b_matrix_power, tw_matrix_power(r->p[0] < 0 ? steep(x[0]) : x[0], r->p[0]))
static arr r_matrix_power(const row *r, const arr *x)
{
    arr y = arr_like(x), by = r->p[0] < 0 ? slow_steep(x) : x[0];
    if (r->p[0] < 0) by = slow_inv(&by);
    const int64_t n = x->at[x->n - 1];
    for (int64_t k = 0; k < y.count; k++) y.v[k] = k % n == k / n % n;
    for (int k = 0; k < abs(r->p[0]); k++) y = slow_matmul(&y, &by, false, false);
    return y;
}

BUILD(b_tensordot, r->p[0] ? tw_tensordot(x[0], x[1], .axes = r->p[0]) : tw_tensordot(x[0], x[1]))
REF(r_tensordot, slow_einsum(r->p[0] ? "abc,cde->abde" : "abc,bcd->ad", 2, x))
BUILD(b_tensordot_axes, tw_tensordot(x[0], x[1], .a = TW_AXES(0, -1), .b = TW_AXES(1, 0)))
REF(r_tensordot_axes, slow_einsum("abc,cad->bd", 2, x))
BUILD(b_inner, tw_inner(x[0], x[1]))
REF(r_inner, slow_einsum("abc,dc->abd", 2, x))
BUILD(b_bilinear, tw_bilinear(x[0], x[1], x[2]))
REF(r_bilinear, slow_einsum("ni,kij,nj->nk", 3, x))
BUILD(b_kron, tw_kron(x[0], x[1]))
static arr r_kron(const row *r, const arr *x)
{
    (void)r;
    arr y = slow_einsum("nij,kl->nikjl", 2, x);
    return slow_reshape(&y, 3, (int64_t[]){ y.at[0], y.at[1] * y.at[2], y.at[3] * y.at[4] });
}
/* p: the axis, with its sign. */
BUILD(b_cross, r->p[0] ? tw_cross(x[0], x[1]) : tw_cross(x[0], x[1], .axes = TW_AXES(0)))
static arr r_cross(const row *r, const arr *x)
{
    arr y = arr_like(&x[0]);
    const int64_t step = r->p[0] ? 1 : y.count / 3, blocks = y.count / 3;
    for (int64_t k = 0; k < blocks; k++) {
        const int64_t o = r->p[0] ? 3 * k : k;
        const double *a = &x[0].v[o], *b = &x[1].v[o];
        for (int64_t i = 0; i < 3; i++) {
            const int64_t p = (i + 1) % 3 * step, q = (i + 2) % 3 * step;
            y.v[o + i * step] = a[p] * b[q] - a[q] * b[p];
        }
    }
    return y;
}

#define TRIANGLE(...) IN(0.6, 1.8, __VA_ARGS__)

const row rows_matrix[] = {
    { "einsum", "ij,jk->ik", { REAL(3, 4), REAL(4, 2) }, IS(einsum), .tol = 8 },
    { "einsum", "ij,jk", { REAL(3, 4), REAL(4, 2) }, IS(einsum), .p = { 1 }, .tol = 8 },
    { "einsum", "...ii", { REAL(2, 3, 3) }, IS(einsum), .tol = 8 },
    { "einsum", "ij,kj->ki", { REAL(3, 4), REAL(2, 4) }, IS(einsum), .tol = 8 },
    { "einsum", "bij,bjk->bik", { REAL(2, 3, 4), REAL(2, 4, 2) }, IS(einsum), .tol = 8 },
    { "einsum", "ji->ij", { REAL(3, 4) }, IS(einsum) },
    { "einsum", "ij->", { REAL(3, 4) }, IS(einsum), .tol = 16 },
    { "einsum", "iji->ji", { REAL(3, 2, 3) }, IS(einsum) },
    { "einsum", "iijj->ij", { REAL(2, 2, 3, 3) }, IS(einsum) },
    { "einsum", "iiik->k", { REAL(2, 2, 2, 3) }, IS(einsum), .tol = 8 },
    { "einsum", "i,j->ij", { REAL(3), REAL(4) }, IS(einsum) },
    { "einsum", "i,i->", { REAL(5), REAL(5) }, IS(einsum), .tol = 8 },
    { "einsum", "bi,bi->b", { REAL(3, 4), REAL(3, 4) }, IS(einsum), .tol = 8 },
    { "einsum", "ib,bi->b", { REAL(4, 3), REAL(3, 4) }, IS(einsum), .tol = 8 },
    { "einsum", "ij,k->j", { REAL(3, 4), REAL(2) }, IS(einsum), .tol = 16 },
    { "einsum", ",ij->ji", { { K_REAL, 0, 0, S0 }, REAL(3, 4) }, IS(einsum) },
    { "einsum", "i...,ij...->j...", { REAL(3, 2), REAL(3, 4, 1) }, IS(einsum), .tol = 8 },
    { "einsum", "...ij,...j->...i", { REAL(2, 1, 3, 4), REAL(5, 4) }, IS(einsum), .tol = 8 },
    { "einsum", "...,...->...", { REAL(2, 3), REAL(3) }, IS(einsum) },
    { "einsum", "bi,oij,bj->bo", { REAL(2, 3), REAL(4, 3, 5), REAL(2, 5) }, IS(einsum), .tol = 16 },
    { "einsum", "ij,jk,kl,lm->im", { REAL(2, 3), REAL(3, 4), REAL(4, 2), REAL(2, 3) }, IS(einsum), .tol = 64 },
    { "einsum", "ijk,jil,kl->", { REAL(2, 3, 4), REAL(3, 2, 5), REAL(4, 5) }, IS(einsum), .tol = 200 },
    { "einsum", "aij,aik,aijk->ak", { REAL(2, 3, 4), REAL(2, 3, 5), REAL(2, 3, 4, 5) }, IS(einsum), .tol = 64 },
    { "triangular_solve", "lower", { TRIANGLE(4, 4), REAL(4, 3) }, IS(triangular_solve), .tol = 64 },
    { "triangular_solve", "upper, batch", { TRIANGLE(2, 3, 3), REAL(2, 3, 2) }, IS(triangular_solve), .p = { 1 }, .tol = 64 },
    { "triangular_solve", "lower transposed", { TRIANGLE(3, 3), REAL(3, 2) }, IS(triangular_solve), .p = { 0, 1 }, .tol = 64 },
    { "triangular_solve", "upper transposed, unit", { TRIANGLE(3, 3), REAL(3, 2) }, IS(triangular_solve), .p = { 1, 1, 1 }, .tol = 64 },
    { "triangular_solve", "lower, unit", { REAL(3, 3), REAL(3, 1) }, IS(triangular_solve), .p = { 0, 0, 1 }, .tol = 64 },
    { "triangular_solve", "views, broadcast batch", { TRIANGLE(3, 3), REAL(2, 2, 3) }, IS(triangular_views), .tol = 64 },
    { "triangular_solve", "two blocks of columns", { TRIANGLE(3, 3), REAL(3, 70) }, IS(triangular_solve), .tol = 64 },
    { "cholesky_solve", "lower", { REAL(3, 2), TRIANGLE(3, 3) }, IS(cholesky_solve), .tol = 512, .adjoint = 1e-11 },
    { "cholesky_solve", "upper", { REAL(2, 3, 1), TRIANGLE(2, 3, 3) }, IS(cholesky_solve), .p = { 1 }, .tol = 512, .adjoint = 1e-11 },
    { "matrix_exp", "batch", { REAL(2, 3, 3) }, IS(matrix_exp), .tol = 512, .adjoint = 1e-11 },
    { "matrix_exp", "large", { IN(-9, 9, 2, 2) }, IS(matrix_exp), .tol = 1e4, .flags = R_VALUE },
    { "matrix_power", "5", { IN(-1, 1, 2, 3, 3) }, IS(matrix_power), .p = { 5 }, .tol = 128 },
    { "matrix_power", "1", { REAL(3, 3) }, IS(matrix_power), .p = { 1 } },
    { "matrix_power", "0", { REAL(2, 3, 3) }, IS(matrix_power), .p = { 0 }, .flags = R_VALUE },
    { "tensordot", "two axes", { REAL(2, 3, 4), REAL(3, 4, 2) }, IS(tensordot), .tol = 32 },
    { "tensordot", "one axis", { REAL(2, 3, 4), REAL(4, 2, 2) }, IS(tensordot), .p = { 1 }, .tol = 16 },
    { "tensordot", "named axes", { REAL(2, 3, 4), REAL(4, 2, 5) }, IS(tensordot_axes), .tol = 32 },
    { "inner", "tensors", { REAL(2, 3, 4), REAL(2, 4) }, IS(inner), .tol = 16 },
    { "bilinear", "batch", { REAL(2, 3), REAL(4, 3, 5), REAL(2, 5) }, IS(bilinear), .tol = 64 },
    { "kron", "a batch by one", { REAL(2, 2, 3), REAL(3, 2) }, IS(kron) },
    { "cross", "last axis", { REAL(2, 3), REAL(2, 3) }, IS(cross), .p = { -1 } },
    { "cross", "first axis", { REAL(3, 2), REAL(3, 2) }, IS(cross), .p = { 0 } },
};
const int n_rows_matrix = sizeof rows_matrix / sizeof *rows_matrix;

const row rows_lapack[] = {
    { "cholesky", "one", { STEEP(4, 4) }, IS(cholesky), .tol = 16 },
    { "cholesky", "upper, batch", { STEEP(2, 3, 3) }, IS(cholesky), .p = { 1 }, .tol = 16 },
    { "lu_factor", "square", { DISTINCT(4, 4) }, IS(lu_factor), .tol = 64, .adjoint = 1e-11 },
    { "lu", "P, batch", { DISTINCT(2, 3, 3) }, IS(lu), .p = { 1 }, .flags = R_VALUE },
    { "lu", "L, tall", { DISTINCT(5, 3) }, IS(lu), .p = { 2 }, .tol = 64 },
    { "lu", "U, tall", { DISTINCT(4, 3) }, IS(lu), .p = { 3 }, .tol = 64 },
    { "lu", "L, wide", { DISTINCT(3, 5) }, IS(lu), .p = { 2 }, .tol = 64 },
    { "lu", "U, wide, batch", { DISTINCT(2, 2, 3) }, IS(lu), .p = { 3 }, .tol = 64 },
    { "solve", "columns", { TRIANGLE(3, 3), REAL(3, 2) }, IS(solve), .tol = 256, .adjoint = 1e-11 },
    { "solve", "a vector", { DISTINCT(3, 3), REAL(3) }, IS(solve), .tol = 256, .adjoint = 1e-11 },
    { "solve", "one matrix, a batch of columns", { DISTINCT(3, 3), REAL(2, 3, 1) }, IS(solve), .tol = 256, .adjoint = 1e-11 },
    { "matrix_power", "-2", { STEEP(3, 3) }, IS(matrix_power), .p = { -2 }, .tol = 256, .adjoint = 1e-11 },
    { "inv", "batch", { DISTINCT(2, 3, 3) }, IS(inv), .tol = 256, .adjoint = 1e-11 },
    { "det", "batch", { DISTINCT(2, 3, 3) }, IS(det), .tol = 64 },
    { "det", "four", { REAL(4, 4) }, IS(det), .tol = 64 },
    { "slogdet", "sign", { DISTINCT(3, 3, 3) }, IS(slogdet), .flags = R_VALUE },
    { "slogdet", "logarithm", { DISTINCT(3, 3, 3) }, IS(slogdet), .p = { 1 }, .tol = 256, .adjoint = 1e-11 },
    { "logdet", "positive", { STEEP(3, 3) }, IS(logdet), .tol = 64 },
    { "qr", "Q, square", { STEEP(3, 3) }, IS(qr), .tol = 1024, .adjoint = 1e-11 },
    { "qr", "R, square, batch", { DISTINCT(2, 2, 2) }, IS(qr), .p = { 1 }, .tol = 64 },
    { "qr", "Q, tall", { DISTINCT(4, 3) }, IS(qr), .tol = 64 },
    { "qr", "R, tall, batch", { DISTINCT(2, 3, 2) }, IS(qr), .p = { 1 }, .tol = 64 },
    { "qr", "Q, wide", { DISTINCT(2, 4) }, IS(qr), .tol = 64 },
    { "qr", "R, wide", { DISTINCT(3, 4) }, IS(qr), .p = { 1 }, .tol = 64 },
    { "eigh", "values, batch", { STEEP(2, 3, 3) }, IS(eigh), .tol = 16 },
    { "eigh", "vectors, batch", { STEEP(2, 3, 3) }, IS(eigh), .p = { 1 }, .tol = 64, .adjoint = 1e-11 },
    { "eigvalsh", "values", { STEEP(4, 4) }, .build = b_eigvalsh, .ref = r_eigh, .tol = 16 },
    { "svd", "values, batch", { STEEP(2, 3, 3) }, IS(svd), .tol = 16 },
    { "svd", "vectors, square", { STEEP(3, 3) }, IS(svd), .p = { 1 }, .tol = 64, .adjoint = 1e-11 },
    { "svd", "vectors, tall", { STEEP(4, 3) }, IS(svd), .p = { 1 }, .tol = 64, .adjoint = 1e-11 },
    { "svd", "vectors, wide, batch", { STEEP(2, 2, 4) }, IS(svd), .p = { 1 }, .tol = 64, .adjoint = 1e-11 },
    { "svd", "U alone, tall", { STEEP(3, 2) }, IS(svd), .p = { 2 }, .tol = 64, .adjoint = 1e-11 },
    { "svdvals", "wide", { STEEP(2, 3) }, .build = b_svdvals, .ref = r_svd, .tol = 16 },
    { "pinv", "tall", { STEEP(4, 2) }, IS(pinv), .tol = 64 },
    { "pinv", "wide, batch", { STEEP(2, 2, 3) }, IS(pinv), .tol = 64 },
    { "lstsq", "columns", { STEEP(4, 2), REAL(4, 2) }, IS(lstsq), .tol = 64 },
    { "lstsq", "vector, wide", { STEEP(2, 4), REAL(2) }, IS(lstsq), .tol = 64 },
    { "matrix_rank", "two", { DISTINCT(3, 4, 2), DISTINCT(3, 2, 5) }, IS(matrix_rank), .flags = R_VALUE },
    { "matrix_norm", "fro", { STEEP(2, 3) }, IS(matrix_norm), .tol = 16 },
    { "matrix_norm", "nuc", { STEEP(3, 2) }, IS(matrix_norm), .tol = 16 },
    { "matrix_norm", "1", { STEEP(2, 3) }, IS(matrix_norm), .tol = 16 },
    { "matrix_norm", "2", { STEEP(2, 3) }, IS(matrix_norm), .tol = 16 },
    { "matrix_norm", "-2", { STEEP(3, 3) }, IS(matrix_norm), .tol = 16 },
    { "matrix_norm", "inf", { STEEP(2, 3) }, IS(matrix_norm), .tol = 16 },
    { "cond", "2", { STEEP(3, 3) }, IS(cond), .tol = 256, .adjoint = 1e-11 },
    { "cond", "1", { STEEP(3, 3) }, IS(cond), .tol = 256, .adjoint = 1e-11 },
};
const int n_rows_lapack = sizeof rows_lapack / sizeof *rows_lapack;
