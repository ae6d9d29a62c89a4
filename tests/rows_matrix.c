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
};
const int n_rows_matrix = sizeof rows_matrix / sizeof *rows_matrix;

const row rows_lapack[] = {
    { "cholesky", "one", { STEEP(4, 4) }, IS(cholesky), .tol = 16 },
    { "cholesky", "upper, batch", { STEEP(2, 3, 3) }, IS(cholesky), .p = { 1 }, .tol = 16 },
};
const int n_rows_lapack = sizeof rows_lapack / sizeof *rows_lapack;
