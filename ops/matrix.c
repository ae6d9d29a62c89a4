/* matrix.c - what operations on matrices share: their shapes, triangles, diagonals and symmetric parts.
 *
 * A matrix is the last two axes of a tensor, the axes before them are a batch. Triangles are chosen by
 * where, so that what is masked has no say even if it is not finite; a diagonal is a slice of the
 * elements in a row, every n + 1.
 */
#include "ops/ops_impl.h"

bool tw__is_matrix(const tw_loc *at, const char *op, const tw_node *x, bool square)
{
    char text[96];
    const tw_dims *d = x->shape;
    if (!tw__need_float(at, op, x)) return false;
    if (d->n < 2)
        return tw_fail(x->cx, TW_ESHAPE, op, at, "%s: a matrix has two axes", tw_shape_text(d, text, sizeof text)), false;
    if (square && d->at[d->n - 2] != d->at[d->n - 1])
        return tw_fail(x->cx, TW_ESHAPE, op, at, "%s: the matrix is not square", tw_shape_text(d, text, sizeof text)), false;
    return true;
}

int64_t tw__batch(const tw_dims *d)
{
    int64_t n = 1;
    for (int i = 0; i < d->n - 2; i++) n *= d->at[i];
    return n;
}

int64_t tw__batch_work(const tw_node *y)
{
    const tw_dims *d = tw_in(y, 0)->shape;
    return d->count ? tw__batch(d) : 0;
}

tw_node *tw__batch_leading(const tw_batching *b)
{
    const tw_loc *at = b->at;
    tw_node *in[8];
    for (int k = 0; k < b->y->n_in; k++) {
        tw_shape s = tw_shape_of(tw_in(b->y, k));
        for (int i = s.n++; i > 0; i--) s.at[i] = s.at[i - 1];
        s.at[0] = b->n;
        in[k] = b->many[k] ? b->in[k] : tw_broadcast_to(b->in[k], s);
    }
    return tw_build_node(&(tw_build){ .op = b->y->op, .at = at, .attr = tw_attr(b->y), .n = b->y->n_in, .in = in });
}

tw_node *tw__depends_over(tw_node *y, tw_node *const *in, tw_axes axes)
{
    const tw_loc *at = y->at;
    tw_node *sum = NULL;
    for (int k = 0; k < y->n_in; k++) {
        tw_node *part = in[k] ? tw_sum(in[k], .axes = axes, .keep_dims = true) : NULL;
        sum = sum && part ? tw_add(sum, part) : sum ? sum : part;
    }
    return tw_broadcast_to(sum, tw_shape_of(y));
}

tw_node *tw__depends_matrix(tw_node *y, tw_node *const *in) { return tw__depends_over(y, in, TW_AXES(-2, -1)); }

bool tw__has_lapack(tw_node *y)
{
#ifdef TW_HAVE_LAPACK
    (void)y;
    return true;
#else
    return tw_reject(y, TW_EMISSING, "this library was built without LAPACK, which it needs");
#endif
}

tw_node *tw__triangle(const tw_loc *at, tw_node *x, bool upper, int skip)
{
    const tw_dims *d = x->shape;
    tw_node *rows = tw_arange(x->cx, d->at[d->n - 2], .dtype = TW_I32), *columns = tw_arange(x->cx, d->at[d->n - 1], .dtype = TW_I32);
    rows = tw_expand_dims(rows, .axis = -1);
    if (skip) upper ? (rows = tw_add(rows, skip)) : (columns = tw_add(columns, skip));
    return tw_where(upper ? tw_less_equal(rows, columns) : tw_less_equal(columns, rows), x, 0);
}

tw_node *tw__diagonal(const tw_loc *at, tw_node *x)
{
    tw_shape s = tw_shape_of(x);
    const int64_t n = s.at[s.n - 1], start[TW_MAX_RANK] = { 0 };
    int32_t step[TW_MAX_RANK] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    s.n--, s.at[s.n - 1] = n * n;
    tw_node *row = tw_reshape(x, s);
    if (tw_is_nil(row)) return row;
    s.at[s.n - 1] = n, step[s.n - 1] = (int32_t)n + 1;
    return tw__slice(at, row, start, step, &s);
}

tw_node *tw__on_diagonal(const tw_loc *at, tw_node *x)
{
    tw_shape s = tw_shape_of(x);
    const int64_t n = s.at[s.n - 1], before[TW_MAX_RANK] = { 0 };
    int32_t step[TW_MAX_RANK] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    s.at[s.n - 1] = n * n, step[s.n - 1] = (int32_t)n + 1;
    tw_node *row = tw__pad(at, x, before, step, 0, &s);
    s.at[s.n - 1] = n, s.at[s.n++] = n;
    return tw_reshape(row, s);
}

tw_node *tw__identity(const tw_loc *at, const tw_node *like, int64_t n)
{
    tw_shape s = { .n = 1, .at = { n } };
    return tw__on_diagonal(at, tw_constant(at, like->cx, (tw_dtype)like->dtype, &s, 1));
}

tw_node *tw__mirrored(const tw_loc *at, tw_node *x)
{
    return tw_add(tw__triangle(at, x, false, 0), tw_transpose(tw__triangle(at, x, false, 1)));
}

/* The ones on the diagonal keep it out of the derivative, too. */
tw_node *tw__apart(const tw_loc *at, tw_node *gap)
{
    tw_node *i = tw__identity(at, gap, gap->shape->at[gap->shape->n - 1]);
    return tw_sub(tw_recip(tw_add(gap, i)), i);
}

void tw__explain_values(const tw_node *y, const tw_call *c, int64_t bad, char *text, size_t size)
{
    (void)y, (void)c;
    snprintf(text, size, "matrix %lld of the batch %s", (long long)(bad / 2), bad % 2 ? "does not converge" : "has an element that is not finite");
}

tw_node *tw__symmetric(const tw_loc *at, tw_node *x)
{
    return tw_mul(0.5, tw_add(x, tw_transpose(x)));
}

bool tw__common_batch(const tw_loc *at, const char *op, tw_node **a, tw_node **b)
{
    const tw_dims *da = (*a)->shape, *db = (*b)->shape;
    tw_shape s = { .n = da->n > db->n ? da->n : db->n }, t;
    for (int k = 3; k <= s.n; k++) {
        const int64_t p = k <= da->n ? da->at[da->n - k] : 1, q = k <= db->n ? db->at[db->n - k] : 1;
        char ta[96], tb[96];
        if (p != q && p != 1 && q != 1)
            return tw_fail((*a)->cx, TW_ESHAPE, op, at, "batches of %s and %s do not broadcast", tw_shape_text(da, ta, sizeof ta),
                           tw_shape_text(db, tb, sizeof tb)), false;
        s.at[s.n - k] = p == 1 ? q : p;
    }
    t = s;
    for (int k = 1; k <= 2; k++) s.at[s.n - k] = da->at[da->n - k], t.at[t.n - k] = db->at[db->n - k];
    *a = tw_broadcast_to(*a, s), *b = tw_broadcast_to(*b, t);
    return !tw_is_nil(*a) && !tw_is_nil(*b);
}
