/* lu.c - P L U of matrices, and what is spelled in it: solve, inv, det, slogdet, logdet.
 *
 * lu_factor gives one matrix F with U in its upper triangle and L, whose diagonal is 1, below it; the
 * order of rows p, so that A[p] = L U; and the sign of that order. With L^ and U^ the factors made
 * square by ones on the diagonal, and G the cotangent of F,
 *
 *     dL/dA[p] = L^^-T (tril(L^^T G, -1) + triu(G U^^T)) U^^-T
 *
 * which also holds for matrices that are not square (the transpose of dF = L^ tril(Y, -1) + triu(Y) U^,
 * Y = L^^-1 dA[p] U^^-1). The order is locally constant.
 *
 * The spelled ones have rules of their own, written in A and what they gave, so that derivatives of any
 * order solve with the factors that are there and never differentiate a factorisation:
 *
 *     X = A^-1 B:      dL/dB = A^-T G,  dL/dA = -(dL/dB) X^T
 *     Y = A^-1:        dL/dA = -Y^T G Y^T
 *     log |det A|:     dL/dA = g A^-T
 *     det A:           dL/dA = g det(A) A^-T
 *
 * A singular matrix has determinant 0 and log -infinity; its inverse, and so the derivatives, are
 * errors found while computing.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/lapack.h"
#include <math.h>

static bool shape(tw_node *y)
{
    return tw__has_lapack(y) && tw__is_matrix(y->at, y->op->name, tw_in(y, 0), false);
}

static bool shape_out(const tw_node *y, int k, tw_shape *s, tw_dtype *dtype)
{
    *s = tw_shape_of(tw_in(y, 0));
    s->n -= k;
    if (k == 1) *dtype = TW_I64;
    return true;
}

/* x with its rows in that order; and back again. */
static tw_node *in_order(const tw_loc *at, tw_node *x, tw_node *order)
{
    return tw_gather(x, tw_expand_dims(order, .axis = -1), .axis = -2);
}
static tw_node *out_of_order(const tw_loc *at, tw_node *x, tw_node *order)
{
    return tw_scatter_add(tw_constant_like(at, x, 0), tw_expand_dims(order, .axis = -1), x, .axis = -2);
}

/* The first n rows and columns of f, which may be fewer, with ones further down the diagonal. */
static tw_node *squared(const tw_loc *at, tw_node *f, int64_t n)
{
    const int rank = f->shape->n;
    const int64_t rows = f->shape->at[rank - 2], columns = f->shape->at[rank - 1];
    if (rows > n) f = tw__range(at, f, rank - 2, 0, n);
    if (columns > n) f = tw__range(at, f, rank - 1, 0, n);
    tw_pad_args o = { ._size = sizeof o };
    if (rows < n) o.after[rank - 2] = n - rows;
    if (columns < n) o.after[rank - 1] = n - columns;
    if (rows >= n && columns >= n) return f;
    const int64_t least = rows < columns ? rows : columns;
    tw_node *i = tw__identity(at, f, n), *low = tw_greater_equal(tw_arange(f->cx, n, .dtype = TW_I32), least);
    return tw_add(tw_pad_at(at, f, &o), tw_mul(tw_cast(low, (tw_dtype)f->dtype), i));
}

static void vjp(tw_rule *r)
{
    const tw_loc *at = r->y->at;
    tw_node *f = tw_output(r->y, 0), *order = tw_output(r->y, 1), *g = r->gy[0];
    if (!g) return;                         /* nothing depends on the sign */
    const int64_t rows = f->shape->at[f->shape->n - 2], columns = f->shape->at[f->shape->n - 1];
    tw_node *l = squared(at, f, rows), *u = tw__triangle(at, squared(at, f, columns), true, 0);
    tw_node *unit = tw_add(tw__triangle(at, l, false, 1), tw__identity(at, l, rows));
    tw_node *y = tw_add(tw__triangle(at, tw_matmul(unit, g, .transpose_a = true), false, 1),
                        tw__triangle(at, tw_matmul(g, u, .transpose_b = true), true, 0));
    y = tw_triangular_solve(unit, y, .transpose = true, .unit = true);
    y = tw_transpose(tw_triangular_solve(u, tw_transpose(y), .upper = true));
    r->gx[0] = out_of_order(at, y, order);
}

static size_t scratch(const tw_node *y)
{
    const tw_dims *d = tw_in(y, 0)->shape;
    const int64_t rows = d->at[d->n - 2], columns = d->at[d->n - 1];
    return (size_t)(rows * columns) * tw_dtype_size((tw_dtype)y->dtype) + (size_t)(rows + columns) * sizeof(int);
}

const tw_op tw_op_lu_factor = {
    TW_WORD(lu_factor),
    .arity     = 1,
    .outputs   = 3,
    .rule      = TW_GENERAL,
    .shape     = shape,
    .batch     = tw__batch_leading,
    .shape_out = shape_out,
    .vjp       = vjp,
    .kernel    = tw__lu_factor_kernel,
    .work      = tw__batch_work,
    .scratch   = scratch,
};

/* ---- factors ----------------------------------------------------------------------------------- */

tw_node *tw_lu_factor_at(const tw_loc *at, tw_node *x, tw_node **order)
{
    tw_node *y = tw__unary(at, &tw_op_lu_factor, x);
    if (order) *order = tw_output(y, 1);
    return tw_output(y, 0);
}

tw_node *tw_lu_at(const tw_loc *at, tw_node *x, tw_node **l, tw_node **u)
{
    tw_node *order, *f = tw_lu_factor_at(at, x, &order);
    if (l) *l = f;
    if (u) *u = f;
    if (tw_is_nil(f)) return f;
    const int rank = f->shape->n;
    const int64_t rows = f->shape->at[rank - 2], columns = f->shape->at[rank - 1], least = rows < columns ? rows : columns;
    tw_node *tall = tw__range(at, f, rank - 1, 0, least);
    if (l) *l = tw_where(tw_equal(tw_expand_dims(tw_arange(f->cx, rows), .axis = -1), tw_arange(f->cx, least)), 1,
                         tw__triangle(at, tall, false, 1));
    if (u) *u = tw__triangle(at, tw__range(at, f, rank - 2, 0, least), true, 0);
    return tw_transpose(tw_one_hot(order, rows, .dtype = (tw_dtype)f->dtype));
}

/* ---- what solves ------------------------------------------------------------------------------- */

/* A, and its factors, which no derivative enters. */
typedef struct factored { tw_node *a, *f, *order, *sign; } factored;

static bool factorise(const tw_loc *at, const char *op, tw_node **a, factored *out)
{
    if (!tw__operand(at, op, 0, a)) return false;
    if (!tw__is_matrix(at, op, *a, true)) return *a = tw_nil((*a)->cx), false;
    tw_node *y = tw__unary(at, &tw_op_lu_factor, *a);
    *out = (factored){ *a, tw_stop_grad(tw_output(y, 0)), tw_output(y, 1), tw_stop_grad(tw_output(y, 2)) };
    if (!tw_is_nil(y) && !(*a)->shape->count) out->sign = tw_ones_like(out->sign);      /* no rows: none exchanged, and no work for the kernel */
    if (tw_is_nil(y)) *a = y;
    return !tw_is_nil(y);
}

/* A^-1 B, or A^-T B, by substitution; without a rule. */
static tw_node *substitute(const tw_loc *at, tw_node *f, tw_node *order, tw_node *b, bool transpose)
{
    if (!transpose) {
        b = tw_triangular_solve(f, in_order(at, b, order), .unit = true);
        return tw_triangular_solve(f, b, .upper = true);
    }
    b = tw_triangular_solve(f, b, .upper = true, .transpose = true);
    return out_of_order(at, tw_triangular_solve(f, b, .transpose = true, .unit = true), order);
}

static const bool plain = false, transposed = true;

static tw_node *solved(const tw_loc *at, tw_node *a, tw_node *f, tw_node *order, tw_node *b, const bool *transpose);

static void solve_rule(tw_rule *r)
{
    const tw_loc *at = r->y->at;
    const bool *back = *(const bool *)r->user ? &plain : &transposed;
    tw_node *x = r->y, *a = tw_in(x, 0), *f = tw_in(x, 1), *order = tw_in(x, 2);
    tw_node *g = solved(at, a, f, order, r->gy[0], back);
    r->gx[3] = g;
    if (!r->need[0]) return;
    r->gx[0] = tw_neg(back == &plain ? tw_matmul(x, g, .transpose_b = true) : tw_matmul(g, x, .transpose_b = true));
}

static tw_node *solved(const tw_loc *at, tw_node *a, tw_node *f, tw_node *order, tw_node *b, const bool *transpose)
{
    tw_node *in[4] = { a, f, order, b };
    return tw_custom_grad_at(at, substitute(at, f, order, b, *transpose), 4, in, solve_rule, (void *)(uintptr_t)transpose);
}

tw_node *tw_solve_at(const tw_loc *at, tw_node *a, tw_node *b)
{
    factored lu;
    tw_node *in[2] = { a, b };
    if (!tw__operands(at, "solve", 2, in)) return in[0];
    const bool vector = in[1]->shape->n == 1;
    if (vector) in[1] = tw_expand_dims(in[1], .axis = -1);
    if (!tw__is_matrix(at, "solve", in[0], true) || !tw__is_matrix(at, "solve", in[1], false)) return tw_nil(in[0]->cx);
    if (!factorise(at, "solve", &in[0], &lu)) return in[0];

    const tw_dims *da = in[0]->shape, *db = in[1]->shape;
    char ta[96], tb[96];
    if (da->at[da->n - 1] != db->at[db->n - 2])
        return tw_fail(in[0]->cx, TW_ESHAPE, "solve", at, "%s for right-hand sides %s", tw_shape_text(da, ta, sizeof ta),
                       tw_shape_text(db, tb, sizeof tb));
    if (in[0]->dtype != in[1]->dtype)
        return tw_fail(in[0]->cx, TW_EDTYPE, "solve", at, "operands are %s and %s: cast one", tw_dtype_name((tw_dtype)in[0]->dtype),
                       tw_dtype_name((tw_dtype)in[1]->dtype));
    if (!tw__common_batch(at, "solve", &in[0], &in[1])) return tw_nil(in[0]->cx);
    tw_shape s = tw_shape_of(in[0]);
    tw_node *f = tw_broadcast_to(lu.f, s);
    s.n--;
    tw_node *x = solved(at, in[0], f, tw_broadcast_to(lu.order, s), in[1], &plain);
    return vector ? tw_squeeze(x, .axes = TW_AXES(-1)) : x;
}

static void inverse_rule(tw_rule *r)
{
    const tw_loc *at = r->y->at;
    tw_node *y = r->y, *left = tw_matmul(y, r->gy[0], .transpose_a = true);
    r->gx[0] = tw_neg(tw_matmul(left, y, .transpose_b = true));
}

static tw_node *inverse(const tw_loc *at, tw_node *a, tw_node *f, tw_node *order)
{
    tw_node *i = tw_broadcast_to(tw__identity(at, a, a->shape->at[a->shape->n - 1]), tw_shape_of(a));
    return tw_custom_grad_at(at, substitute(at, f, order, i, false), 3, (tw_node *[]){ a, f, order }, inverse_rule, NULL);
}

tw_node *tw_inv_at(const tw_loc *at, tw_node *x)
{
    factored lu;
    return factorise(at, "inv", &x, &lu) ? inverse(at, lu.a, lu.f, lu.order) : x;
}

/* ---- determinants ------------------------------------------------------------------------------ */

static tw_node *by_inverse(const tw_loc *at, tw_rule *r, tw_node *g)
{
    tw_node *y = r->y, *back = tw_transpose(inverse(at, tw_in(y, 0), tw_in(y, 1), tw_in(y, 2)));
    return tw_mul(tw_expand_dims(tw_expand_dims(g, .axis = -1), .axis = -1), back);
}

static void log_rule(tw_rule *r) { r->gx[0] = by_inverse(r->y->at, r, r->gy[0]); }

static void det_rule(tw_rule *r)
{
    const tw_loc *at = r->y->at;
    r->gx[0] = by_inverse(at, r, tw_mul(r->gy[0], r->y));
}

static tw_node *with_rule(const tw_loc *at, tw_node *y, const factored *lu, void (*rule)(tw_rule *r))
{
    return tw_custom_grad_at(at, y, 3, (tw_node *[]){ lu->a, lu->f, lu->order }, rule, NULL);
}

tw_node *tw_det_at(const tw_loc *at, tw_node *x)
{
    factored lu;
    if (!factorise(at, "det", &x, &lu)) return x;
    return with_rule(at, tw_mul(lu.sign, tw_prod(tw__diagonal(at, lu.f), .axes = TW_AXES(-1))), &lu, det_rule);
}

tw_node *tw_slogdet_at(const tw_loc *at, tw_node *x, tw_node **logabsdet)
{
    factored lu;
    if (!factorise(at, "slogdet", &x, &lu)) {
        if (logabsdet) *logabsdet = x;
        return x;
    }
    tw_node *u = tw__diagonal(at, lu.f);
    if (logabsdet) *logabsdet = with_rule(at, tw_sum(tw_log(tw_abs(u)), .axes = TW_AXES(-1)), &lu, log_rule);
    return tw_mul(lu.sign, tw_prod(tw_sign(u), .axes = TW_AXES(-1)));
}

tw_node *tw_logdet_at(const tw_loc *at, tw_node *x)
{
    tw_node *log = x, *sign = tw_slogdet_at(at, x, &log);
    return tw_is_nil(sign) ? sign : tw_where(tw_less(sign, 0), (double)NAN, log);
}
