/* qr.c - Q R of matrices: Q with orthonormal columns, R upper triangular; reduced, so that Q is [m, k] and R [k, n].
 *
 * Signs are LAPACK's: the diagonal of R may be negative. With M = R gR^T - gQ^T Q and its lower
 * triangle copied to the upper,
 *
 *     dL/dA = (gQ + Q mirrored(M)) R^-T                     (m >= n)
 *
 * (Walter and Lehmann 2018, "Algorithmic differentiation of linear algebra functions with
 * application in optimum experimental design"; Seeger et al. 2017, arXiv:1710.08717). A wide matrix
 * is A = [X Y] with X = Q U and R = [U Q^T Y] (Roberts and Roberts 2020, arXiv:2009.10071). The
 * derivative divides by R: where A, or X, is rank deficient that is an error found while computing.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/lapack.h"

static bool shape(tw_node *y)
{
    return tw__has_lapack(y) && tw__is_matrix(y->at, y->op->name, tw_in(y, 0), false);
}

static bool shape_out(const tw_node *y, int k, tw_shape *s, tw_dtype *dtype)
{
    *s = tw_shape_of(tw_in(y, 0));
    (void)dtype;
    int64_t *rows = &s->at[s->n - 2], *columns = &s->at[s->n - 1];
    const int64_t least = *rows < *columns ? *rows : *columns;
    *(k == 0 ? columns : rows) = least;
    return true;
}

/* Of a matrix that is not wide; gq and gr may be NULL, not both. */
static tw_node *tall_rule(const tw_loc *at, tw_node *q, tw_node *r, tw_node *gq, tw_node *gr)
{
    tw_node *m = gr ? tw_matmul(r, gr, .transpose_b = true) : NULL, *n = gq ? tw_matmul(gq, q, .transpose_a = true) : NULL;
    m = m && n ? tw_sub(m, n) : m ? m : tw_neg(n);
    tw_node *g = tw_matmul(q, tw__mirrored(at, m));
    if (gq) g = tw_add(gq, g);
    return tw_transpose(tw_triangular_solve(r, tw_transpose(g), .upper = true));
}

static void vjp(tw_rule *r)
{
    const tw_loc *at = r->y->at;
    tw_node *a = tw_in(r->y, 0), *q = tw_output(r->y, 0), *t = tw_output(r->y, 1), *gq = r->gy[0], *gr = r->gy[1];
    const int last = a->shape->n - 1;
    const int64_t rows = a->shape->at[last - 1], beyond = a->shape->at[last] - rows;
    if (beyond <= 0) {
        r->gx[0] = tall_rule(at, q, t, gq, gr);
        return;
    }
    tw_node *u = tw__range(at, t, last, 0, rows), *y = tw__range(at, a, last, rows, beyond);
    tw_node *gu = NULL, *gy = NULL;
    if (gr) {
        tw_node *gv = tw__range(at, gr, last, rows, beyond), *more = tw_matmul(y, gv, .transpose_b = true);
        gu = tw__range(at, gr, last, 0, rows);
        gy = tw_matmul(q, gv);
        gq = gq ? tw_add(gq, more) : more;
    }
    tw_node *gx = tall_rule(at, q, u, gq, gu);
    r->gx[0] = tw_concat(2, ((tw_node *[]){ gx, gy ? gy : tw_constant_like(at, y, 0) }), .axis = -1);
}

static size_t scratch(const tw_node *y)
{
    const tw_dims *d = tw_in(y, 0)->shape;
    const int64_t rows = d->at[d->n - 2], columns = d->at[d->n - 1];
    return (size_t)(rows * columns + rows + TW_QR_BLOCK * columns) * tw_dtype_size((tw_dtype)y->dtype);
}

const tw_op tw_op_qr = {
    TW_WORD(qr),
    .arity     = 1,
    .outputs   = 2,
    .rule      = TW_GENERAL,
    .shape     = shape,
    .batch     = tw__batch_leading,
    .shape_out = shape_out,
    .vjp       = vjp,
    .kernel    = tw__qr_kernel,
    .work      = tw__batch_work,
    .scratch   = scratch,
};

tw_node *tw_qr_at(const tw_loc *at, tw_node *x, tw_node **r)
{
    tw_node *y = tw__unary(at, &tw_op_qr, x);
    if (r) *r = tw_output(y, 1);
    return tw_output(y, 0);
}
