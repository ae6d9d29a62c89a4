/* rows_heavy.c - rows of matrix products: see rows.h. */
#include "tests/rows.h"
#include "tests/slow.h"
#include "ops/kernel/attrs.h"

/* p: transpose_a, transpose_b. */
BUILD(b_matmul, tw_matmul(x[0], x[1], .transpose_a = r->p[0], .transpose_b = r->p[1]))
REF(r_matmul, slow_matmul(&x[0], &x[1], r->p[0], r->p[1]))

/* Operands that are views: the product of a transpose and a slice. */
BUILD(b_matmul_views, tw_matmul(tw_transpose(x[0]), tw_slice(x[1], .start = { 1, 1 }, .step = { 1, 2 })))
static arr r_matmul_views(const row *r, const arr *x)
{
    (void)r;
    arr b = slow_slice(&x[1], (int64_t[]){ 1, 1 }, (int64_t[]){ x[1].at[0] - 1, x[1].at[1] / 2 }, (int64_t[]){ 1, 2 });
    return slow_matmul(&x[0], &b, true, false);
}

const row rows_heavy[] = {
    { "matmul", "2 3 by 3 4", { REAL(2, 3), REAL(3, 4) }, IS(matmul) },
    { "matmul", "a transposed", { REAL(3, 2), REAL(3, 4) }, IS(matmul), .p = { 1 } },
    { "matmul", "b transposed", { REAL(2, 3), REAL(4, 3) }, IS(matmul), .p = { 0, 1 } },
    { "matmul", "both transposed", { REAL(3, 2), REAL(4, 3) }, IS(matmul), .p = { 1, 1 } },
    { "matmul", "1 1 by 1 1", { REAL(1, 1), REAL(1, 1) }, IS(matmul) },
    { "matmul", "a row by a column", { REAL(1, 5), REAL(5, 1) }, IS(matmul) },
    { "matmul", "a column by a row", { REAL(3, 1), REAL(1, 4) }, IS(matmul) },
    { "matmul", "nothing inside", { REAL(2, 0), REAL(0, 3) }, IS(matmul) },
    { "matmul", "no rows", { REAL(0, 2), REAL(2, 3) }, IS(matmul) },
    { "matmul", "batches", { REAL(2, 2, 3), REAL(2, 3, 2) }, IS(matmul) },
    { "matmul", "batches by a matrix", { REAL(2, 2, 3), REAL(3, 2) }, IS(matmul) },
    { "matmul", "batches broadcast", { REAL(2, 1, 2, 3), REAL(3, 3, 2) }, IS(matmul) },
    { "matmul", "batches, both transposed", { REAL(2, 3, 2), REAL(2, 2, 3) }, IS(matmul), .p = { 1, 1 } },
    { "matmul", "views", { REAL(3, 2), REAL(4, 5) }, IS(matmul_views) },
    { "matmul", "67 45 131", { REAL(67, 45), REAL(45, 131) }, IS(matmul), .tol = 100, .flags = R_VALUE },
    { "matmul", "67 45 131, a transposed", { REAL(45, 67), REAL(45, 131) }, IS(matmul), .p = { 1, 0 }, .tol = 100, .flags = R_VALUE },
    { "matmul", "67 45 131, b transposed", { REAL(67, 45), REAL(131, 45) }, IS(matmul), .p = { 0, 1 }, .tol = 100, .flags = R_VALUE },
    { "matmul", "67 45 131, both transposed", { REAL(45, 67), REAL(131, 45) }, IS(matmul), .p = { 1, 1 }, .tol = 100, .flags = R_VALUE },
    { "matmul", "long inside", { REAL(17, 1100), REAL(1100, 19) }, IS(matmul), .tol = 2000, .flags = R_VALUE },
    { "matmul", "a long row", { REAL(1, 300), REAL(300, 257) }, IS(matmul), .tol = 600, .flags = R_VALUE },
    { "matmul", "a long column", { REAL(259, 300), REAL(300, 1) }, IS(matmul), .tol = 600, .flags = R_VALUE },
    { "matmul", "batches of 20", { REAL(3, 20, 33), REAL(3, 33, 18) }, IS(matmul), .tol = 100, .flags = R_VALUE },
};
const int n_rows_heavy = sizeof rows_heavy / sizeof *rows_heavy;
