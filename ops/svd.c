/* svd.c - singular values: U diag(s) V' of matrices, reduced, with s falling; and what is spelled in it.
 *
 * With k the lesser of m and n, V = V'^T, and F_ij = 1 / (s_j^2 - s_i^2), 0 on the diagonal,
 *
 *     dL/dA = U (diag(gs) + (F o (U^T gU - gU^T U)) S + S (F o (V^T gV - gV^T V))) V^T
 *           + (1 - U U^T) gU S^-1 V^T                     where m > k
 *           + U S^-1 gV^T (1 - V V^T)                     where n > k
 *
 * (Townsend 2016, "Differentiating the singular value decomposition"). Signs of singular vectors are
 * LAPACK's: what is computed from them should not depend on it, that is, flip both of a pair freely.
 * At equal singular values, and at 0 where m and n differ, singular vectors have no derivative: F or
 * S^-1 is infinite, and so are derivatives through U and V, and second derivatives of s. First
 * derivatives of s alone are finite.
 *
 * pinv has a rule of its own, written in A and P = pinv(A), which holds for equal singular values, too,
 * as long as the rank stays what it is (Golub and Pereyra 1973):
 *
 *     dP = -P dA P + P P^T dA^T (1 - A P) + (1 - P A) dA^T P^T P
 */
#include "ops/ops_impl.h"
#include "ops/kernel/lapack.h"
#include <float.h>
#include <string.h>

static int64_t rows_of(const tw_node *x)    { return x->shape->at[x->shape->n - 2]; }
static int64_t columns_of(const tw_node *x) { return x->shape->at[x->shape->n - 1]; }

static bool shape(tw_node *y)
{
    return tw__has_lapack(y) && tw__is_matrix(y->at, y->op->name, tw_in(y, 0), false);
}

static bool shape_out(const tw_node *y, int k, tw_shape *s, tw_dtype *dtype)
{
    *s = tw_shape_of(tw_in(y, 0));
    (void)dtype;
    const int64_t rows = s->at[s->n - 2], columns = s->at[s->n - 1], least = rows < columns ? rows : columns;
    if (k == 0) s->at[s->n - 1] = least;
    else s->at[s->n - 2] = least;
    if (k == 1) s->n--;
    return true;
}

/* F o (m - m^T) */
static tw_node *twisted(const tw_loc *at, tw_node *f, tw_node *m) { return tw_mul(f, tw_sub(m, tw_transpose(m))); }

static void vjp(tw_rule *r)
{
    const tw_loc *at = r->y->at;
    tw_node *u = tw_output(r->y, 0), *s = tw_output(r->y, 1), *vh = tw_output(r->y, 2);
    tw_node *gu = r->gy[0], *gs = r->gy[1], *gvh = r->gy[2], *inner = NULL, *rest = NULL;
    tw_node *row = tw_expand_dims(s, .axis = -2), *column = tw_expand_dims(s, .axis = -1);
    if (gu || gvh) {
        tw_node *f = tw__apart(at, tw_mul(tw_sub(row, column), tw_add(row, column)));
        tw_node *utgu = gu ? tw_matmul(u, gu, .transpose_a = true) : NULL, *gvhv = gvh ? tw_matmul(gvh, vh, .transpose_b = true) : NULL;
        if (gu) inner = tw_mul(twisted(at, f, utgu), row);
        if (gvh) {
            tw_node *part = tw_neg(tw_mul(column, twisted(at, f, gvhv)));       /* gV^T V is the transpose of V^T gV */
            inner = inner ? tw_add(inner, part) : part;
        }
        if (gu && rows_of(u) > columns_of(u)) rest = tw_matmul(tw_div(tw_sub(gu, tw_matmul(u, utgu)), row), vh);
        if (gvh && columns_of(vh) > rows_of(vh)) {
            tw_node *part = tw_matmul(u, tw_div(tw_sub(gvh, tw_matmul(gvhv, vh)), column));
            rest = rest ? tw_add(rest, part) : part;
        }
    }
    if (gs && inner) inner = tw_add(tw__on_diagonal(at, gs), inner);
    tw_node *left = inner ? tw_matmul(u, inner) : tw_mul(u, tw_expand_dims(gs, .axis = -2)), *g = tw_matmul(left, vh);
    r->gx[0] = rest ? tw_add(g, rest) : g;
}

static size_t scratch(const tw_node *y)
{
    const tw_node *x = tw_in(y, 0);
    const int64_t m = rows_of(x), n = columns_of(x);
    return (size_t)(m * n + tw__svd_work(m, n)) * tw_dtype_size((tw_dtype)y->dtype) + (size_t)(8 * (m < n ? m : n)) * sizeof(int);
}

const tw_op tw_op_svd = {
    TW_WORD(svd),
    .arity     = 1,
    .outputs   = 3,
    .traits    = TW_CHECKED,
    .rule      = TW_GENERAL,
    .shape     = shape,
    .batch     = tw__batch_leading,
    .shape_out = shape_out,
    .vjp       = vjp,
    .kernel    = tw__svd_kernel,
    .work      = tw__batch_work,
    .scratch   = scratch,
    .explain   = tw__explain_values,
};

tw_node *tw_svd_at(const tw_loc *at, tw_node *x, tw_node **s, tw_node **vh)
{
    tw_node *y = tw__unary(at, &tw_op_svd, x);
    if (s) *s = tw_output(y, 1);
    if (vh) *vh = tw_output(y, 2);
    return tw_output(y, 0);
}

tw_node *tw_svdvals_at(const tw_loc *at, tw_node *x)
{
    tw_node *s;
    tw_svd_at(at, x, &s, NULL);
    return s;
}

/* ---- spelled ------------------------------------------------------------------------------------ */

/* Which singular values count: those above .tolerance times the largest, by default max(m, n) times the rounding unit. */
static tw_node *counting(const tw_loc *at, tw_node *x, tw_node *s, double tolerance)
{
    const int64_t m = rows_of(x), n = columns_of(x);
    const double unit = (double)(m > n ? m : n) * (x->dtype == TW_F32 ? (double)FLT_EPSILON : DBL_EPSILON);
    tw_node *largest = tw__range(at, s, s->shape->n - 1, 0, s->shape->at[s->shape->n - 1] ? 1 : 0);
    return tw_less(tw_mul(tw__slot(tw__or(tolerance, unit)), largest), s);
}

static void pinv_rule(tw_rule *r)
{
    const tw_loc *at = r->y->at;
    tw_node *p = r->y, *a = tw_in(p, 0), *g = r->gy[0], *gt = tw_transpose(g);
    const bool tall = rows_of(a) >= columns_of(a);
    tw_node *first = tw_matmul(tw_matmul(p, g, .transpose_a = true), p, .transpose_b = true);
    tw_node *w = tw_matmul(tw_matmul(gt, p), p, .transpose_b = true);
    tw_node *z = tw_matmul(p, tw_matmul(p, gt), .transpose_a = true);
    tw_node *aw = tall ? tw_matmul(a, tw_matmul(p, w)) : tw_matmul(tw_matmul(a, p), w);
    tw_node *za = tall ? tw_matmul(z, tw_matmul(p, a)) : tw_matmul(tw_matmul(z, p), a);
    r->gx[0] = tw_sub(tw_add(tw_sub(w, aw), tw_sub(z, za)), first);
}

tw_node *tw_pinv_at(const tw_loc *at, tw_node *x, const tw_tolerance_args *o)
{
    TW_OPTIONS(tw_tolerance_args, o);
    tw_node *s, *vh, *u;
    if (!tw__operand(at, "pinv", 0, &x)) return x;
    if (!tw__is_matrix(at, "pinv", x, false)) return tw_nil(x->cx);
    u = tw_svd_at(at, x, &s, &vh);
    if (tw_is_nil(u)) return u;
    tw_node *counts = counting(at, x, s, o->tolerance);
    tw_node *back = tw_where(counts, tw_recip(tw_where(counts, s, 1)), 0);
    tw_node *p = tw_matmul(tw_mul(u, tw_expand_dims(back, .axis = -2)), vh);
    return tw_custom_grad_at(at, tw_transpose(p), 1, &x, pinv_rule, NULL);
}

tw_node *tw_lstsq_at(const tw_loc *at, tw_node *a, tw_node *b, const tw_tolerance_args *o)
{
    tw_node *in[2] = { a, b };
    if (!tw__operands(at, "lstsq", 2, in)) return in[0];
    const bool vector = in[1]->shape->n == 1;
    if (vector) in[1] = tw_expand_dims(in[1], .axis = -1);
    if (!tw__is_matrix(at, "lstsq", in[0], false) || !tw__is_matrix(at, "lstsq", in[1], false)) return tw_nil(in[0]->cx);
    char ta[96], tb[96];
    if (rows_of(in[0]) != rows_of(in[1]))
        return tw_fail(in[0]->cx, TW_ESHAPE, "lstsq", at, "%s for right-hand sides %s", tw_shape_text(in[0]->shape, ta, sizeof ta),
                       tw_shape_text(in[1]->shape, tb, sizeof tb));
    tw_node *x = tw_matmul(tw_pinv_at(at, in[0], o), in[1]);
    return vector ? tw_squeeze(x, .axes = TW_AXES(-1)) : x;
}

tw_node *tw_matrix_rank_at(const tw_loc *at, tw_node *x, const tw_tolerance_args *o)
{
    TW_OPTIONS(tw_tolerance_args, o);
    if (!tw__operand(at, "matrix_rank", 0, &x)) return x;
    if (!tw__is_matrix(at, "matrix_rank", x, false)) return tw_nil(x->cx);
    tw_node *s = tw_svdvals_at(at, x);
    return tw_is_nil(s) ? s : tw_sum(counting(at, x, s, o->tolerance), .axes = TW_AXES(-1));
}

/* The largest sum of absolute values along the axis. */
static tw_node *largest_sum(const tw_loc *at, tw_node *x, int axis)
{
    return tw_max(tw_sum(tw_abs(x), .axes = TW_AXES(axis)), .axes = TW_AXES(-1));
}

/* sqrt(sum(x^2)), of derivative 0 at 0. */
static tw_node *frobenius(const tw_loc *at, tw_node *x)
{
    tw_node *sum = tw_sum(tw_square(x), .axes = TW_AXES(-2, -1)), *none = tw_equal(sum, 0);
    return tw_where(none, 0, tw_sqrt(tw_where(none, 1, sum)));
}

tw_node *tw_matrix_norm_at(const tw_loc *at, tw_node *x, const tw_matrix_norm_args *o)
{
    TW_OPTIONS(tw_matrix_norm_args, o);
    const char *ord = o->ord ? o->ord : "fro";
    if (!tw__operand(at, "matrix_norm", 0, &x)) return x;
    if (!tw__is_matrix(at, "matrix_norm", x, false)) return tw_nil(x->cx);
    if (!strcmp(ord, "fro")) return frobenius(at, x);
    if (!strcmp(ord, "1"))   return largest_sum(at, x, -2);
    if (!strcmp(ord, "inf")) return largest_sum(at, x, -1);
    if (!strcmp(ord, "nuc")) return tw_sum(tw_svdvals_at(at, x), .axes = TW_AXES(-1));
    if (!strcmp(ord, "2"))   return tw_index(tw_svdvals_at(at, x), .axis = -1, .at = 0);
    if (!strcmp(ord, "-2"))  return tw_index(tw_svdvals_at(at, x), .axis = -1, .at = -1);
    return tw_fail(x->cx, TW_EARG, "matrix_norm", at, "\"%.20s\" is none of fro, nuc, 1, 2, -2, inf", ord);
}

tw_node *tw_cond_at(const tw_loc *at, tw_node *x, const tw_matrix_norm_args *o)
{
    TW_OPTIONS(tw_matrix_norm_args, o);
    if (!tw__operand(at, "cond", 0, &x)) return x;
    if (!tw__is_matrix(at, "cond", x, o->ord && strcmp(o->ord, "2"))) return tw_nil(x->cx);
    if (o->ord && strcmp(o->ord, "2")) return tw_mul(tw_matrix_norm_at(at, x, o), tw_matrix_norm_at(at, tw_inv(x), o));
    tw_node *s = tw_svdvals_at(at, x);
    if (tw_is_nil(s)) return s;
    return tw_div(tw_index(s, .axis = -1, .at = 0), tw_index(s, .axis = -1, .at = -1));
}
