/* slow_matrix.h - operations on matrices again, from their definitions: see slow.h. A matrix is the last two axes. */
#pragma once
#include "tests/slow.h"

/* The sum over all indices that the equation names and the output lacks, of the product of the operands. */
arr slow_einsum(const char *equation, int n, const arr *xs);
/* Substitution; see triangular_solve. */
arr slow_triangular_solve(const arr *t, const arr *b, bool upper, bool transpose, bool unit);
/* L of (x + x') / 2, column by column. */
arr slow_cholesky(const arr *x);
arr slow_transpose(const arr *x);

/* P, L, U of x = P L U by partial pivoting. */
void slow_lu(const arr *x, arr *p, arr *l, arr *u);
arr  slow_inv(const arr *x);
arr  slow_det(const arr *x);
/* By orthogonalising columns twice; the diagonal of R is positive. */
void slow_qr(const arr *x, arr *q, arr *r);
/* Of the symmetric part, by Jacobi's rotations: growing values, vectors as columns. */
void slow_eigh(const arr *x, arr *w, arr *v);
/* By rotations of columns (Hestenes): U, falling s, V'. */
void slow_svd(const arr *x, arr *u, arr *s, arr *vh);
/* x times factor[k] along its last axis, or the one before. */
arr  slow_scale(const arr *x, const arr *factor, bool rows);
/* The series, of x / 16, and four squarings. */
arr  slow_exp(const arr *x);
/* The derivative of exp at xs[0] along xs[1], ..., xs[n - 1]. */
arr  slow_exp_along(int n, const arr *xs);
