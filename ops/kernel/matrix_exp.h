/* matrix_exp.h - the exponential of matrices: see matrix_exp.c.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "core/op.h"

enum { TW_EXP_MATRICES = 9 };       /* of scratch, each of n times 2 to the number of directions rows */

/* x, directions, all [..., n, n] -> exp(x), or its derivative along the directions. Work: matrices. */
int64_t tw__matrix_exp_kernel(const tw_call *c);
