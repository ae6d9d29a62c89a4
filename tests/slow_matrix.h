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
