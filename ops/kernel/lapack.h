/* lapack.h - kernels that factorise matrices, by LAPACK: see lapack.c. All are TW_CHECKED.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "core/op.h"

/* What they report of n x n matrices: matrix * (n + 1) + the number (from 1) that LAPACK calls info. */
static inline int64_t tw__bad_matrix(int64_t matrix, int64_t n, int64_t info) { return matrix * (n + 1) + info; }

/* x [..., n, n] -> the lower L of (x + x') / 2; info: the order of a leading minor that is not positive. */
int64_t tw__cholesky_kernel(const tw_call *c);
