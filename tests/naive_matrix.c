/* naive_matrix.c - the naive evaluator's part about matrices: see naive.h.
 *
 * An operation with several outputs stands for its input; its projections compute.
 */
#include "tests/naive.h"
#include "tests/slow_fft.h"
#include "tests/slow_matrix.h"
#include "ops/kernel/attrs.h"
#include "ops/kernel/fft.h"

static arr n_triangular_solve(const tw_node *y, const arr *x)
{
    const tw_triangular_attr *a = tw_attr(y);
    return slow_triangular_solve(&x[0], &x[1], a->upper, a->transpose, a->unit);
}
static arr n_cholesky(const tw_node *y, const arr *x)
{
    (void)y;
    return slow_cholesky(&x[0]);
}
static arr n_same(const tw_node *y, const arr *x)
{
    (void)y;
    return x[0];
}

/* L and U in one, the order of rows, its sign: out of P, L and U. */
static arr lu_output(const arr *x, int k)
{
    arr p, l, u, y = arr_like(x);
    slow_lu(x, &p, &l, &u);
    const int64_t rows = x->at[x->n - 2], columns = x->at[x->n - 1], least = rows < columns ? rows : columns;
    if (k == 2) return slow_det(&p);
    if (k == 1) {
        arr order = arr_new(x->n - 1, x->at);
        for (int64_t i = 0; i < p.count; i++)
            if (p.v[i] == 1) order.v[i / (rows * rows) * rows + i % rows] = (double)(i / rows % rows);
        return order;
    }
    for (int64_t e = 0; e < y.count; e++) {
        const int64_t j = e % columns, i = e / columns % rows, b = e / columns / rows;
        y.v[e] = i > j ? l.v[(b * rows + i) * least + j] : u.v[(b * least + i) * columns + j];
    }
    return y;
}

static arr n_project(const tw_node *y, const arr *x)
{
    const char *op = tw_in(y, 0)->op->name;
    const int k = (int)y->attr.i;
    arr out[3];
    if (!strcmp(op, "lu_factor")) return lu_output(&x[0], k);
    if (!strcmp(op, "qr")) slow_qr(&x[0], &out[0], &out[1]);
    else if (!strcmp(op, "eigh")) slow_eigh(&x[0], &out[0], &out[1]);
    else if (!strcmp(op, "svd")) slow_svd(&x[0], &out[0], &out[1], &out[2]);
    else ck_abort_msg("the naive evaluator does not know the outputs of %s", op);
    return out[k];
}

static arr n_matrix_exp(const tw_node *y, const arr *x)
{
    return slow_exp_along(y->n_in, x);
}
static arr n_fft(const tw_node *y, const arr *x)
{
    const tw_fft_attr *a = tw_attr(y);
    return slow_fft(&x[0], x[0].n - 2, a->inverse, a->scale);
}

#define R(name) { #name, n_##name }
const naive_rule naive_matrix[] = {
    R(triangular_solve), R(cholesky), R(project), R(matrix_exp), R(fft),
    { "lu_factor", n_same }, { "qr", n_same }, { "eigh", n_same }, { "svd", n_same },
    { NULL, NULL },
};
