/* eigh.c - eigenvalues w, growing, and eigenvectors V, as columns, of the symmetric part of matrices.
 *
 * As a function of all elements of X, whose symmetric part (X + X^T) / 2 counts: so value and
 * derivative agree, and the derivative is symmetric:
 *
 *     dL/dX = the symmetric part of V (diag(gw) + F o (V^T gV)) V^T,   F_ij = 1 / (w_j - w_i), 0 on the diagonal
 *
 * (Giles 2008, "Collected matrix derivative results"). The sign of an eigenvector is LAPACK's: what is
 * computed from V should not depend on it. At equal eigenvalues eigenvectors have no derivative: F is
 * infinite, and so are derivatives through V, and second derivatives of the values; first derivatives
 * of the values alone are finite, those of one choice of V.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/lapack.h"

static bool shape(tw_node *y)
{
    return tw__has_lapack(y) && tw__is_matrix(y->at, y->op->name, tw_in(y, 0), true);
}

static bool shape_out(const tw_node *y, int k, tw_shape *s, tw_dtype *dtype)
{
    *s = tw_shape_of(tw_in(y, 0));
    (void)dtype;
    if (k == 0) s->n--;
    return true;
}

static void vjp(tw_rule *r)
{
    const tw_loc *at = r->y->at;
    tw_node *w = tw_output(r->y, 0), *v = tw_output(r->y, 1), *gw = r->gy[0], *gv = r->gy[1], *inner = NULL;
    if (gv) {
        tw_node *gap = tw_sub(tw_expand_dims(w, .axis = -2), tw_expand_dims(w, .axis = -1));
        inner = tw_mul(tw__apart(at, gap), tw_matmul(v, gv, .transpose_a = true));
    }
    if (gw && inner) inner = tw_add(tw__on_diagonal(at, gw), inner);
    tw_node *left = inner ? tw_matmul(v, inner) : tw_mul(v, tw_expand_dims(gw, .axis = -2));
    r->gx[0] = tw__symmetric(at, tw_matmul(left, v, .transpose_b = true));
}

static size_t scratch(const tw_node *y)
{
    const int64_t n = y->shape->at[y->shape->n - 1];
    return (size_t)tw__eigh_work(n) * tw_dtype_size((tw_dtype)y->dtype) + (size_t)tw__eigh_integers(n) * sizeof(int);
}

const tw_op tw_op_eigh = {
    TW_WORD(eigh),
    .arity     = 1,
    .outputs   = 2,
    .traits    = TW_CHECKED,
    .rule      = TW_GENERAL,
    .shape     = shape,
    .batch     = tw__batch_leading,
    .shape_out = shape_out,
    .vjp       = vjp,
    .kernel    = tw__eigh_kernel,
    .work      = tw__batch_work,
    .scratch   = scratch,
    .explain   = tw__explain_values,
};

tw_node *tw_eigh_at(const tw_loc *at, tw_node *x, tw_node **vectors)
{
    tw_node *y = tw__unary(at, &tw_op_eigh, x);
    if (vectors) *vectors = tw_output(y, 1);
    return tw_output(y, 0);
}

tw_node *tw_eigvalsh_at(const tw_loc *at, tw_node *x) { return tw_eigh_at(at, x, NULL); }
