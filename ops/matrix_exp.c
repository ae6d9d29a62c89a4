/* matrix_exp.c - exp(A) of matrices, by scaling, squaring and Pade (ops/kernel/matrix_exp.c), and integer powers.
 *
 * With further inputs the node is the derivative of exp at A along all of them, D(A; E1, ..., Ek), a
 * symmetric form linear in each. Such forms are closed under their own derivatives, since
 *
 *     <G, D(A; E1, ..., Ek)> = <D(A^T; E2^T, ..., Ek^T, G), E1>
 *
 * and one along A is one direction more: so derivatives of any order exist in both modes. Each order
 * doubles the matrix whose exponential is computed. Works for all matrices; what is not finite gives NaN.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/matrix_exp.h"

enum { MOST = 8 };          /* inputs: beyond the seventh derivative the matrices would be too large anyway */

static bool shape(tw_node *y)
{
    const tw_node *a = tw_in(y, 0);
    if (y->n_in > MOST) return tw_reject(y, TW_EGRAD, "derivatives beyond order %d", MOST - 1);
    for (int k = 1; k < y->n_in; k++)
        if (tw_in(y, k)->shape != a->shape) return tw_reject(y, TW_ESHAPE, "direction %d is not of the shape of the matrix", k);
    return tw__is_matrix(y->at, y->op->name, a, true);
}

/* The transposed form without direction `without`, and with g for a last one. */
static tw_node *adjoint(const tw_loc *at, const tw_node *y, int without, tw_node *g)
{
    tw_node *in[MOST + 1];
    int n = 0;
    for (int k = 0; k < y->n_in; k++)
        if (k == 0 || k != without) in[n++] = tw_transpose(tw_in(y, k));
    in[n++] = g;
    return tw_build_node(&(tw_build){ .op = &tw_op_matrix_exp, .at = at, .n = n, .in = in });
}

static void vjp(tw_rule *r)
{
    for (int k = 0; k < r->y->n_in; k++)
        if (r->need[k]) r->gx[k] = adjoint(r->y->at, r->y, k, r->gy[0]);
}

static size_t scratch(const tw_node *y)
{
    const int64_t n = y->shape->at[y->shape->n - 1] << (y->n_in - 1);
    return (size_t)(TW_EXP_MATRICES * n * n) * tw_dtype_size((tw_dtype)y->dtype);
}

static void label(const tw_node *y, char *text, size_t size)
{
    if (y->n_in > 1) snprintf(text, size, "derivative %d", y->n_in - 1);
}

const tw_op tw_op_matrix_exp = {
    TW_WORD(matrix_exp),
    .arity   = -1,
    .rule    = TW_GENERAL,
    .shape   = shape,
    .vjp     = vjp,
    .batch   = tw__batch_leading,
    .depends = tw__depends_matrix,
    .kernel  = tw__matrix_exp_kernel,
    .work    = tw__batch_work,
    .scratch = scratch,
    .label   = label,
};

tw_node *tw_matrix_exp_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_matrix_exp, x); }

/* By squaring: as many products as n has binary digits, and one for each that is 1. */
tw_node *tw_matrix_power_at(const tw_loc *at, tw_node *x, int n)
{
    if (!tw__operand(at, "matrix_power", 0, &x)) return x;
    if (!tw__is_matrix(at, "matrix_power", x, true)) return tw_nil(x->cx);
    if (n == 0) return tw_broadcast_to(tw__identity(at, x, x->shape->at[x->shape->n - 1]), tw_shape_of(x));
    tw_node *power = n < 0 ? tw_inv(x) : x, *y = NULL;
    for (unsigned left = n < 0 ? 0u - (unsigned)n : (unsigned)n; left; left >>= 1) {
        if (left & 1) y = y ? tw_matmul(y, power) : power;
        if (left > 1) power = tw_matmul(power, power);
    }
    return y;
}
