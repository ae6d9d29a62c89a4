/* implicit.c - the solution of an equation as a function of what stands in the equation.
 *
 * With e(x, theta) = 0 at x, whatever found it: dx = -A^-1 de, where A = de/dx and de is the change of
 * the equation with x held fixed. So the node has two inputs, the solution, of which nothing is
 * differentiated, and the equation at a constant solution, whose cotangent is -A^-T g; from there the
 * ordinary reverse pass goes on to every theta. A is taken at the node itself, hence higher
 * derivatives are right. It is dense: for systems of up to some thousands of unknowns.
 *
 * linear_solve: X of A X = B by elimination with row exchanges, in double. dB = A^-T g, dA = -dB X^T.
 */
#include "ops/ops_impl.h"
#include <math.h>
#include <string.h>

/* ---- linear_solve --------------------------------------------------------------------------------- */

static bool shape_solve(tw_node *y)
{
    const tw_node *a = tw_in(y, 0), *b = tw_in(y, 1);
    char ta[96], tb[96];
    if (!tw_is_float(a->dtype)) return tw__reject_dtype(y, a->dtype);
    if (a->dtype != b->dtype) return tw__reject_dtypes(y, a->dtype, b->dtype);
    if (a->shape->n != 2 || b->shape->n != 2 || a->shape->at[0] != a->shape->at[1] || a->shape->at[0] != b->shape->at[0])
        return tw_reject(y, TW_ESHAPE, "%s by %s: a square matrix and columns of its height are needed", tw_shape_text(a->shape, ta, sizeof ta),
                         tw_shape_text(b->shape, tb, sizeof tb));
    y->shape = b->shape;
    return true;
}

static tw_node *solve(const tw_loc *at, tw_node *a, tw_node *b)
{
    return tw_build_node(&(tw_build){ .op = &tw_op_linear_solve, .at = at, .n = 2, .in = (tw_node *[]){ a, b } });
}

static void vjp_solve(tw_rule *r)
{
    tw_node *y = r->y;
    TW_RULE;
    tw_node *gb = solve(at, tw_transpose(tw_in(y, 0)), r->gy[0]);
    if (r->need[1]) r->gx[1] = gb;
    if (r->need[0]) r->gx[0] = tw_neg(tw_matmul(gb, y, .transpose_b = true));
}

static double get(const tw_view *v, int64_t k) { return v->dtype == TW_F64 ? ((const double *)v->data)[k] : (double)((const float *)v->data)[k]; }

static void swap_rows(double *m, int64_t width, int64_t i, int64_t k)
{
    for (int64_t j = 0; j < width; j++) {
        const double t = m[i * width + j];
        m[i * width + j] = m[k * width + j], m[k * width + j] = t;
    }
}

/* Returns the column without a pivot, or -1. */
static int64_t eliminate(double *a, double *b, int64_t n, int64_t m)
{
    for (int64_t k = 0; k < n; k++) {
        int64_t best = k;
        for (int64_t i = k + 1; i < n; i++) if (fabs(a[i * n + k]) > fabs(a[best * n + k])) best = i;
        if (!(fabs(a[best * n + k]) > 0)) return k;
        if (best != k) swap_rows(a, n, k, best), swap_rows(b, m, k, best);
        for (int64_t i = k + 1; i < n; i++) {
            const double f = a[i * n + k] / a[k * n + k];
            for (int64_t j = k; j < n; j++) a[i * n + j] -= f * a[k * n + j];
            for (int64_t j = 0; j < m; j++) b[i * m + j] -= f * b[k * m + j];
        }
    }
    for (int64_t k = n - 1; k >= 0; k--)
        for (int64_t j = 0; j < m; j++) {
            double sum = b[k * m + j];
            for (int64_t i = k + 1; i < n; i++) sum -= a[k * n + i] * b[i * m + j];
            b[k * m + j] = sum / a[k * n + k];
        }
    return -1;
}

static int64_t kernel_solve(const tw_call *c)
{
    const int64_t n = c->in[0].shape->at[0], m = c->in[1].shape->at[1];
    double *a = c->scratch, *b = a + n * n;
    for (int64_t k = 0; k < n * n; k++) a[k] = get(&c->in[0], k);
    for (int64_t k = 0; k < n * m; k++) b[k] = get(&c->in[1], k);
    const int64_t bad = eliminate(a, b, n, m);
    for (int64_t k = 0; k < n * m; k++)
        if (c->out->dtype == TW_F64) ((double *)c->out->data)[k] = b[k];
        else ((float *)c->out->data)[k] = (float)b[k];
    return bad;
}

static void explain_solve(const tw_node *y, const tw_call *c, int64_t bad, char *text, size_t size)
{
    (void)c;
    snprintf(text, size, "the matrix of %lld rows is singular: no pivot in column %lld", (long long)tw_dim(tw_in(y, 0), 0), (long long)bad);
}

static int64_t work_solve(const tw_node *y) { return y->shape->count > 0; }
static size_t scratch_solve(const tw_node *y) { return (size_t)(tw_in(y, 0)->shape->count + y->shape->count) * sizeof(double); }

const tw_op tw_op_linear_solve = {
    TW_WORD(linear_solve),
    .arity   = 2,
    .traits  = TW_CHECKED,
    .rule    = TW_GENERAL,
    .shape   = shape_solve,
    .vjp     = vjp_solve,
    .kernel  = kernel_solve,
    .work    = work_solve,
    .scratch = scratch_solve,
    .explain = explain_solve,
};

/* ---- solution --------------------------------------------------------------------------------------- */

static bool shape(tw_node *y)
{
    const tw_node *x = tw_in(y, 0), *e = tw_in(y, 1);
    char tx[96], te[96];
    if (!tw_is_float(x->dtype)) return tw__reject_dtype(y, x->dtype);
    if (x->dtype != e->dtype) return tw__reject_dtypes(y, x->dtype, e->dtype);
    return x->shape->count == e->shape->count
        || tw_reject(y, TW_ESHAPE, "an equation of shape %s for a solution of shape %s: as many are needed as there are unknowns",
                     tw_shape_text(e->shape, te, sizeof te), tw_shape_text(x->shape, tx, sizeof tx));
}

static void vjp(tw_rule *r)
{
    tw_node *y = r->y;
    TW_RULE;
    if (!r->need[1]) return;
    tw_node *at_x = tw_in(y, 0), *e = tw_replace_at(at, tw_in(y, 1), 1, &at_x, &y);
    const int64_t n = y->shape->count;
    tw_node *a = tw_reshape(tw_jacobian(e, y), TW_SHAPE(n, n));
    tw_node *g = solve(at, tw_transpose(a), tw_reshape(r->gy[0], TW_SHAPE(n, 1)));
    r->gx[1] = tw_neg(tw_reshape(g, tw_shape_of(tw_in(y, 1))));
}

static bool view(const tw_node *y, const tw_layout *x, tw_layout *out) { (void)y; *out = *x; return true; }

const tw_op tw_op_solution = {
    TW_WORD(solution),
    .arity = 2,
    .rule  = TW_GENERAL,
    .shape = shape,
    .vjp   = vjp,
    .view  = view,
};

tw_node *tw_solution_at(const tw_loc *at, tw_node *x, tw_node *equation)
{
    tw_node *in[2] = { x, equation };
    if (!tw__operands(at, "solution", 2, in)) return in[0];
    tw_node *fixed = tw_stop_grad_at(at, in[0]);
    tw_node *e = tw_replace_at(at, in[1], 1, &x, &fixed);
    if (tw_is_nil(e)) return e;
    if (e == in[1]) return tw_fail(e->cx, TW_EGRAD, "solution", at, "the equation does not read the solution");
    return tw_build_node(&(tw_build){ .op = &tw_op_solution, .at = at, .n = 2, .in = (tw_node *[]){ fixed, e } });
}

tw_node *tw_implicit_at(const tw_loc *at, tw_node *x, tw_node *equation, tw_node *theta)
{
    return tw_jacobian_at(at, tw_solution_at(at, x, equation), theta, NULL);
}
