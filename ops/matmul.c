/* matmul.c - y = op(a) op(b) over the last two axes, where op is identity or transpose.
 *
 * With Y = A B:  dL/dA = G B^T  and  dL/dB = A^T G.  A transposed operand swaps the roles, so the
 * eight cases are one formula: build the product that has the wanted shape, and swap the factors if
 * the operand entered transposed. No transpose is materialised; the kernel reads through the flags.
 *
 * Batch axes are broadcast before, by nodes of their own, whose derivative sums over the copies.
 * A batch times one matrix is one product of all its rows: no copies of the matrix, and none of
 * its gradient. And a sum of products of few terms each is one product of many: A1 B1 + A2 B2 + ... is
 * [A1 A2 ...] by the B one below the other.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/scratch.h"
#include <string.h>

static const tw_matmul_attr *attr_of(const tw_node *y) { return tw_attr(y); }

static bool shape(tw_node *y)
{
    const tw_matmul_attr *t = attr_of(y);
    const tw_node *a = tw_in(y, 0), *b = tw_in(y, 1);
    if (!tw_is_float(a->dtype)) return tw__reject_dtype(y, a->dtype);
    if (a->dtype != b->dtype) return tw__reject_dtypes(y, a->dtype, b->dtype);

    const int n = a->shape->n;
    char ta[96], tb[96];            /* written in error only */
    bool batch = n >= 2 && b->shape->n == n;
    for (int i = 0; i < n - 2 && batch; i++) batch = a->shape->at[i] == b->shape->at[i];
    if (!batch)
        return tw_reject(y, TW_ESHAPE, "batches of %s and %s differ", tw_shape_text(a->shape, ta, sizeof ta), tw_shape_text(b->shape, tb, sizeof tb));

    const tw_product p = tw__matmul_product(a->shape, b->shape, t);
    const int64_t kb = b->shape->at[n - 2 + t->transpose_b];
    if (p.k != kb)
        return tw_reject(y, TW_ESHAPE, "inner dimensions %lld and %lld differ: %s%s by %s%s",
                         (long long)p.k, (long long)kb, tw_shape_text(a->shape, ta, sizeof ta), t->transpose_a ? " transposed" : "",
                         tw_shape_text(b->shape, tb, sizeof tb), t->transpose_b ? " transposed" : "");
    tw_shape s = { .n = n };
    memcpy(s.at, a->shape->at, (size_t)(n - 2) * sizeof *s.at);
    s.at[n - 2] = p.m, s.at[n - 1] = p.n;
    return tw_set_shape(y, &s);
}

static tw_node *product(const tw_loc *at, tw_node *a, tw_node *b, bool ta, bool tb)
{
    const tw_matmul_attr attr = { ta, tb };
    return tw_build_node(&(tw_build){ .op = &tw_op_matmul, .at = at, .attr = &attr,
                                      .n = 2, .in = (tw_node *[]){ a, b } });
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *a = tw_in(y, 0), *b = tw_in(y, 1);
    const bool ta = attr_of(y)->transpose_a, tb = attr_of(y)->transpose_b;
    if (i == 0) return ta ? product(at, b, g, tb, true) : product(at, g, b, false, !tb);
    return tb ? product(at, g, a, true, ta) : product(at, a, g, !ta, false);
}

static tw_product product_of(const tw_node *y) { return tw__matmul_product(tw_in(y, 0)->shape, tw_in(y, 1)->shape, attr_of(y)); }

/* Products of two matrices whose inner dimension is short: as many as make it long, where the operands,
 * which are copied, are less than the results, which are not added up. */
static int together(const tw_node *y)
{
    enum { LONG = 512 };
    const tw_product p = product_of(y);
    return y->shape->n == 2 && p.k > 0 && 2 * p.k * (p.m + p.n) < 3 * p.m * p.n ? (int)((LONG + p.k - 1) / p.k) : 0;
}

static tw_node *sum(const tw_loc *at, int n, tw_node *const *terms)
{
    tw_node *side[2][TW_TERMS], *whole[2];
    const tw_matmul_attr *t = attr_of(terms[0]);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < n; i++) side[k][i] = tw_in(terms[i], k);
        whole[k] = tw_concat(n, side[k], .axis = k == 0 ? !t->transpose_a : t->transpose_b);
    }
    return product(at, whole[0], whole[1], t->transpose_a, t->transpose_b);
}

/* Multiplications and additions, some hundred a nanosecond in f32. */
static double cost(const tw_node *y)
{
    const tw_product p = product_of(y);
    return 2e-2 * (double)y->shape->count * (double)p.k * (y->dtype == TW_F64 ? 2 : 1);
}

static int64_t work(const tw_node *y)
{
    return tw__matmul_work(tw_in(y, 0)->shape, tw_in(y, 1)->shape, attr_of(y));
}

static size_t scratch(const tw_node *y)
{
    return tw__matmul_scratch(tw_in(y, 0)->shape, tw_in(y, 1)->shape, attr_of(y), (tw_dtype)y->dtype);
}

static void label(const tw_node *y, char *text, size_t size)
{
    snprintf(text, size, "A%s B%s", attr_of(y)->transpose_a ? "'" : "", attr_of(y)->transpose_b ? "'" : "");
}

/* An operand without the new axis is one matrix (or batch) for all. */
static tw_node *batch(const tw_batching *b)
{
    const tw_loc *at = b->at;
    return tw_matmul(b->in[0], b->in[1], .transpose_a = attr_of(b->y)->transpose_a, .transpose_b = attr_of(b->y)->transpose_b);
}

/* Element [i, j] of row i of A and of column j of B. */
static tw_node *depends(tw_node *y, tw_node *const *in)
{
    TW_RULE;
    tw_node *sum = NULL;
    for (int k = 0; k < 2; k++) {
        if (!in[k]) continue;
        const bool transposed = k ? attr_of(y)->transpose_b : attr_of(y)->transpose_a;
        tw_node *x = transposed ? tw_transpose(in[k]) : in[k];
        x = tw_broadcast_to(tw_sum(x, .axes = TW_AXES(k ? -2 : -1), .keep_dims = true), tw_shape_of(y));
        sum = sum ? tw_add(sum, x) : x;
    }
    return sum;
}

const tw_op tw_op_matmul = {
    TW_WORD(matmul),
    .arity     = 2,
    .attr_size = sizeof(tw_matmul_attr),
    .traits    = TW_STRIDED,
    .rule      = TW_BILINEAR,
    .shape     = shape,
    .d         = d,
    .together  = together,
    .sum       = sum,
    .batch     = batch,
    .depends   = depends,
    .kernel_id = TW_K_matmul,
    .work      = work,
    .cost      = cost,
    .scratch   = scratch,
    .label     = label,
};

/* a [..., m, k] by one matrix: [... * m, k] by it. */
static tw_node *rows_by_matrix(const tw_loc *at, tw_node *a, tw_node *b, bool tb)
{
    tw_shape s = tw_shape_of(a);
    tw_node *rows = tw_reshape(a, TW_SHAPE(tw__mask_count(a, ~(1u << (s.n - 1))), s.at[s.n - 1]));
    tw_node *y = product(at, rows, b, false, tb);
    if (tw_is_nil(y)) return y;
    s.at[s.n - 1] = y->shape->at[1];
    return tw_reshape(y, s);
}

/* x with the batch axes of s, the last two its own. */
static tw_node *with_batch(const tw_loc *at, tw_node *x, tw_shape s)
{
    s.at[s.n - 2] = x->shape->at[x->shape->n - 2];
    s.at[s.n - 1] = x->shape->at[x->shape->n - 1];
    return tw_broadcast_to(x, s);
}

/* The batch axes of both, by NumPy's rule; false when they do not go together. */
static bool common_batch(const tw_dims *a, const tw_dims *b, tw_shape *s)
{
    s->n = a->n > b->n ? a->n : b->n;
    for (int k = 3; k <= s->n; k++) {
        const int64_t p = k <= a->n ? a->at[a->n - k] : 1, q = k <= b->n ? b->at[b->n - k] : 1;
        if (p != q && p != 1 && q != 1) return false;
        s->at[s->n - k] = p == 1 ? q : p;
    }
    return true;
}

static tw_node *too_flat(const tw_loc *at, const char *which, const tw_node *x)
{
    if (x->shape->n == 0)
        return tw_fail(x->cx, TW_ESHAPE, "matmul", at, "%s has rank 0: tw_mul multiplies by a number", which);
    const long long n = (long long)x->shape->at[0];
    return tw_fail(x->cx, TW_ESHAPE, "matmul", at, "%s is a vector [%lld]: reshape it to [1, %lld] or [%lld, 1]",
                   which, n, n, n);
}

tw_node *tw_matmul_at(const tw_loc *at, tw_node *a, tw_node *b, const tw_matmul_args *o)
{
    TW_OPTIONS(tw_matmul_args, o);
    tw_node *in[2] = { a, b };
    if (!tw__operands(at, "matmul", 2, in)) return in[0];
    a = in[0], b = in[1];
    if (a->shape->n < 2) return too_flat(at, "a", a);
    if (b->shape->n < 2) return too_flat(at, "b", b);
    if (a->shape->n == 2 && b->shape->n == 2) return product(at, a, b, o->transpose_a, o->transpose_b);
    if (b->shape->n == 2 && !o->transpose_a && a->dtype == b->dtype &&
        a->shape->at[a->shape->n - 1] == b->shape->at[o->transpose_b]) return rows_by_matrix(at, a, b, o->transpose_b);

    tw_shape s = { 0 };
    char ta[96], tb[96];
    if (!common_batch(a->shape, b->shape, &s))
        return tw_fail(a->cx, TW_ESHAPE, "matmul", at, "batches of %s and %s do not broadcast",
                       tw_shape_text(a->shape, ta, sizeof ta), tw_shape_text(b->shape, tb, sizeof tb));
    return product(at, with_batch(at, a, s), with_batch(at, b, s), o->transpose_a, o->transpose_b);
}
