/* lapack.h - kernels that factorise matrices, by LAPACK: see lapack.c. All are TW_CHECKED.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "core/op.h"

/* What they report of n x n matrices: matrix * (n + 1) + the number (from 1) that LAPACK calls info. */
static inline int64_t tw__bad_matrix(int64_t matrix, int64_t n, int64_t info) { return matrix * (n + 1) + info; }

/* x [..., n, n] -> the lower L of (x + x') / 2; info: the order of a leading minor that is not positive. */
int64_t tw__cholesky_kernel(const tw_call *c);

/* x [..., m, n] -> L and U in one matrix, the order of x's rows (i64 [..., m]), the sign of that order. Never bad. */
int64_t tw__lu_factor_kernel(const tw_call *c);
/* x [..., m, n] -> Q [..., m, k], R [..., k, n], k the lesser of m and n. Never bad. */
int64_t tw__qr_kernel(const tw_call *c);
/* x [..., n, n] -> eigenvalues, growing, of (x + x') / 2, and eigenvectors as columns. x [..., m, n] -> U, S, V'.
 * Bad: 2 * matrix where an element is not finite, 2 * matrix + 1 where it does not converge. */
int64_t tw__eigh_kernel(const tw_call *c);
int64_t tw__svd_kernel(const tw_call *c);

/* ---- work space, in elements, as LAPACK asks for it ----------------------------------------------- */

enum { TW_QR_BLOCK = 32 };
static inline int64_t tw__eigh_work(int64_t n)     { return 1 + 6 * n + 2 * n * n; }
static inline int64_t tw__eigh_integers(int64_t n) { return 3 + 5 * n; }
static inline int64_t tw__svd_work(int64_t m, int64_t n)
{
    const int64_t less = m < n ? m : n, more = m < n ? n : m, square = 5 * less * less + 4 * less;
    return 3 * less + (more > square ? more : square);
}
