/* cholesky.c - the lower triangular L with L L^T = (X + X^T) / 2.
 *
 * As a function of all elements of X, whose symmetric part counts: so value and derivative agree, and
 * the derivative is symmetric. With P = L^T G, and C its lower triangle copied to the upper,
 *
 *     dL/dX = 1/2 L^-T C L^-1
 *
 * (Giles 2008, "Collected matrix derivative results"; Murray 2016, arXiv:1602.07527). Only the lower
 * triangle of G counts. Defined for positive definite matrices; others are found while computing.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/lapack.h"

static bool shape(tw_node *y)
{
    return tw__has_lapack(y) && tw__is_matrix(y->at, y->op->name, tw_in(y, 0), true);
}

static void vjp(tw_rule *r)
{
    const tw_loc *at = r->y->at;
    tw_node *l = r->y, *c = tw__mirrored(at, tw_matmul(l, r->gy[0], .transpose_a = true));
    tw_node *left = tw_triangular_solve(l, c, .transpose = true);
    tw_node *both = tw_triangular_solve(l, tw_transpose(left), .transpose = true);
    r->gx[0] = tw_mul(0.5, both);
}

static void explain(const tw_node *y, const tw_call *c, int64_t bad, char *text, size_t size)
{
    const int64_t n = y->shape->at[y->shape->n - 1];
    (void)c;
    snprintf(text, size, "matrix %lld of the batch is not positive definite: its leading minor of order %lld is not", (long long)(bad / (n + 1)),
             (long long)(bad % (n + 1)));
}

const tw_op tw_op_cholesky = {
    TW_WORD(cholesky),
    .arity   = 1,
    .traits  = TW_CHECKED,
    .rule    = TW_GENERAL,
    .shape   = shape,
    .vjp     = vjp,
    .batch   = tw__batch_leading,
    .depends = tw__depends_matrix,
    .kernel  = tw__cholesky_kernel,
    .work    = tw__batch_work,
    .explain = explain,
};

tw_node *tw_cholesky_at(const tw_loc *at, tw_node *x, const tw_cholesky_args *o)
{
    TW_OPTIONS(tw_cholesky_args, o);
    tw_node *l = tw__unary(at, &tw_op_cholesky, x);
    return o->upper && !tw_is_nil(l) ? tw_transpose(l) : l;
}
