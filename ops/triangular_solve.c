/* triangular_solve.c - the X of op(T) X = B, with T lower or upper triangular and op identity or transpose.
 *
 *     dX = op(T)^-1 (dB - op(dT) X)
 *     dL/dB = op(T)^-T G,   dL/dT = -tri(dL/dB X^T), or -tri(X dL/dB^T) where T entered transposed
 *
 * Only the triangle is read, of a unit triangle not even the diagonal: so tri keeps just that of the
 * derivative. A zero on the diagonal is found while computing, and is an error then. The substitution
 * is a kernel of our own, so that nothing here needs LAPACK.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/scratch.h"

static const tw_triangular_attr *attr_of(const tw_node *y) { return tw_attr(y); }

static bool shape(tw_node *y)
{
    const tw_node *t = tw_in(y, 0), *b = tw_in(y, 1);
    char tt[96], tb[96];
    if (!tw__is_matrix(y->at, y->op->name, t, true) || !tw__is_matrix(y->at, y->op->name, b, false)) return false;
    if (t->dtype != b->dtype) return tw__reject_dtypes(y, t->dtype, b->dtype);
    const int n = b->shape->n;
    bool fit = t->shape->n == n && t->shape->at[n - 1] == b->shape->at[n - 2];
    for (int i = 0; i < n - 2 && fit; i++) fit = t->shape->at[i] == b->shape->at[i];
    y->shape = b->shape;
    return fit || tw_reject(y, TW_ESHAPE, "a triangle %s for %s", tw_shape_text(t->shape, tt, sizeof tt),
                            tw_shape_text(b->shape, tb, sizeof tb));
}

static tw_node *solve(const tw_loc *at, const tw_triangular_attr *attr, tw_node *t, tw_node *b)
{
    return tw_build_node(&(tw_build){ .op = &tw_op_triangular_solve, .at = at, .attr = attr, .n = 2, .in = (tw_node *[]){ t, b } });
}

static void vjp(tw_rule *r)
{
    const tw_loc *at = r->y->at;
    tw_triangular_attr attr = *attr_of(r->y), back = attr;
    back.transpose = !attr.transpose;
    tw_node *x = r->y, *g = solve(at, &back, tw_in(x, 0), r->gy[0]);
    r->gx[1] = g;
    if (!r->need[0]) return;
    tw_node *outer = attr.transpose ? tw_matmul(x, g, .transpose_b = true) : tw_matmul(g, x, .transpose_b = true);
    r->gx[0] = tw__triangle(at, tw_neg(outer), attr.upper, attr.unit);
}

static int64_t work(const tw_node *y)
{
    const tw_dims *d = y->shape;
    return tw__batch(d) * tw__triangular_blocks(d->at[d->n - 1]);
}

static void explain(const tw_node *y, const tw_call *c, int64_t bad, char *text, size_t size)
{
    const int64_t n = y->shape->at[y->shape->n - 2];
    (void)c;
    snprintf(text, size, "matrix %lld of the batch is singular: element [%lld, %lld] is 0", (long long)(bad / n), (long long)(bad % n),
             (long long)(bad % n));
}

static void label(const tw_node *y, char *text, size_t size)
{
    const tw_triangular_attr *t = attr_of(y);
    snprintf(text, size, "%s%s%s", t->upper ? "upper" : "lower", t->transpose ? "'" : "", t->unit ? " unit" : "");
}

const tw_op tw_op_triangular_solve = {
    TW_WORD(triangular_solve),
    .arity     = 2,
    .attr_size = sizeof(tw_triangular_attr),
    .traits    = TW_STRIDED | TW_CHECKED,
    .rule      = TW_GENERAL,
    .shape     = shape,
    .vjp       = vjp,
    .batch     = tw__batch_leading,
    .depends   = tw__depends_matrix,
    .kernel_id = TW_K_triangular_solve,
    .work      = work,
    .label     = label,
    .explain   = explain,
};

tw_node *tw_triangular_solve_at(const tw_loc *at, tw_node *t, tw_node *b, const tw_triangular_solve_args *o)
{
    TW_OPTIONS(tw_triangular_solve_args, o);
    tw_node *in[2] = { t, b };
    if (!tw__operands(at, "triangular_solve", 2, in)) return in[0];
    if (!tw__is_matrix(at, "triangular_solve", in[0], true) || !tw__is_matrix(at, "triangular_solve", in[1], false) ||
        !tw__common_batch(at, "triangular_solve", &in[0], &in[1])) return tw_nil(in[0]->cx);
    return solve(at, &(tw_triangular_attr){ o->upper, o->transpose, o->unit }, in[0], in[1]);
}

/* A X = B for A = L L^T, or U^T U: two substitutions. */
tw_node *tw_cholesky_solve_at(const tw_loc *at, tw_node *b, tw_node *l, const tw_cholesky_args *o)
{
    TW_OPTIONS(tw_cholesky_args, o);
    tw_node *in[2] = { b, l };
    if (!tw__operands(at, "cholesky_solve", 2, in)) return in[0];
    tw_node *y = tw_triangular_solve(l, b, .upper = o->upper, .transpose = o->upper);
    return tw_triangular_solve(l, y, .upper = o->upper, .transpose = !o->upper);
}
