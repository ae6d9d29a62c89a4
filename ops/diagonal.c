/* diagonal.c - diagonals and triangles of the matrices in the last two axes: diagonal, diag, diag_embed, trace,
 * tril, triu, eye.
 *
 * A diagonal of a matrix of n columns, row by row, is every (n + 1)st element: a slice, and its
 * transpose puts one back. .k counts diagonals from the main one: above it positive, below negative.
 */
#include "ops/ops_impl.h"

/* Axes before the last two, as one; rows and columns. False after an error. */
static bool matrices(const tw_loc *at, const char *op, tw_node *x, int64_t *m, int64_t *n)
{
    const int rank = x->shape->n;
    if (rank < 2) return tw_fail(x->cx, TW_ESHAPE, op, at, "a tensor of rank %d has no matrices", rank), false;
    *m = x->shape->at[rank - 2], *n = x->shape->at[rank - 1];
    return true;
}

static int64_t length_of(int64_t m, int64_t n, int64_t k)
{
    const int64_t rows = k < 0 ? m + k : m, columns = k > 0 ? n - k : n, l = rows < columns ? rows : columns;
    return l < 0 ? 0 : l;
}

/* Where the diagonal starts among the m * n elements: nowhere if it is empty. */
static int64_t start_of(int64_t n, int64_t k, int64_t length)
{
    return length == 0 ? 0 : k < 0 ? -k * n : k;
}

static bool steps(const tw_loc *at, const char *op, const tw_node *x, int64_t n, int32_t *step)
{
    if (n >= INT32_MAX) return tw_fail(x->cx, TW_ESHAPE, op, at, "%lld columns", (long long)n), false;
    *step = (int32_t)n + 1;
    return true;
}

tw_node *tw_diagonal_at(const tw_loc *at, tw_node *x, const tw_diagonal_args *o)
{
    TW_OPTIONS(tw_diagonal_args, o);
    int64_t m, n, start[TW_MAX_RANK] = { 0 };
    int32_t step[TW_MAX_RANK] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    if (!tw__operand(at, "diagonal", 0, &x)) return x;
    const int last = x->shape->n - 2;
    if (!matrices(at, "diagonal", x, &m, &n) || !steps(at, "diagonal", x, n, &step[last])) return tw_nil(x->cx);

    tw_shape rows = tw_shape_of(x), s;
    rows.n--, rows.at[last] = m * n, rows.at[last + 1] = 0;
    s = rows, s.at[last] = length_of(m, n, o->k);
    start[last] = start_of(n, o->k, s.at[last]);
    return tw__slice(at, tw_reshape(x, rows), start, step, &s);
}

tw_node *tw_diag_embed_at(const tw_loc *at, tw_node *x, const tw_diagonal_args *o)
{
    TW_OPTIONS(tw_diagonal_args, o);
    if (!tw__operand(at, "diag_embed", 0, &x)) return x;
    const int rank = x->shape->n, last = rank - 1;
    if (rank < 1 || rank == TW_MAX_RANK)
        return tw_fail(x->cx, TW_ESHAPE, "diag_embed", at, "diagonals of rank %d: from 1 to %d", rank, TW_MAX_RANK - 1);
    const int64_t length = x->shape->at[last], k = o->k > INT32_MAX || o->k < -INT32_MAX ? INT32_MAX : o->k;     /* too large for steps() */
    const int64_t n = length + (k < 0 ? -k : k);
    int64_t start[TW_MAX_RANK] = { 0 };
    int32_t step[TW_MAX_RANK] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    if (!steps(at, "diag_embed", x, n, &step[last])) return tw_nil(x->cx);

    tw_shape rows = tw_shape_of(x), s;
    rows.at[last] = n * n;
    s = rows, s.n++, s.at[last] = s.at[last + 1] = n;
    start[last] = start_of(n, o->k, length);
    return tw_reshape(tw__pad(at, x, start, step, 0, &rows), s);
}

tw_node *tw_diag_at(const tw_loc *at, tw_node *x, const tw_diagonal_args *o)
{
    if (!tw__operand(at, "diag", 0, &x)) return x;
    if (x->shape->n == 1) return tw_diag_embed_at(at, x, o);
    if (x->shape->n == 2) return tw_diagonal_at(at, x, o);
    return tw_fail(x->cx, TW_ESHAPE, "diag", at, "rank %d: a vector or a matrix needed", x->shape->n);
}

tw_node *tw_trace_at(const tw_loc *at, tw_node *x)
{
    int64_t m, n;
    if (!tw__operand(at, "trace", 0, &x)) return x;
    if (!matrices(at, "trace", x, &m, &n)) return tw_nil(x->cx);
    return tw_sum(tw_diagonal_at(at, x, NULL), .axes = TW_AXES(-1));
}

/* column - row of an m by n matrix, as i64. */
static tw_node *above(const tw_loc *at, tw_ctx *cx, int64_t m, int64_t n)
{
    return tw_sub(tw_arange(cx, n), tw_reshape(tw_arange(cx, m), TW_SHAPE(m, 1)));
}

/* k, or what lies as far beyond an m by n matrix: a number that f64 and i64 both hold. */
static tw_arg within(int64_t k, int64_t m, int64_t n) { return tw__slot((double)(k < -m ? -m : k > n ? n : k)); }

static tw_node *triangle(const tw_loc *at, const char *op, tw_node *x, const tw_diagonal_args *o, bool lower)
{
    TW_OPTIONS(tw_diagonal_args, o);
    int64_t m, n;
    if (!tw__operand(at, op, 0, &x)) return x;
    if (!matrices(at, op, x, &m, &n)) return tw_nil(x->cx);
    const tw_arg k = within(o->k, m, n);
    tw_node *place = above(at, x->cx, m, n);
    return tw_where(lower ? tw_less_equal(place, k) : tw_greater_equal(place, k), x, 0);
}

tw_node *tw_tril_at(const tw_loc *at, tw_node *x, const tw_diagonal_args *o) { return triangle(at, "tril", x, o, true); }
tw_node *tw_triu_at(const tw_loc *at, tw_node *x, const tw_diagonal_args *o) { return triangle(at, "triu", x, o, false); }

tw_node *tw_eye_at(const tw_loc *at, tw_ctx *cx, int64_t n, const tw_eye_args *o)
{
    TW_OPTIONS(tw_eye_args, o);
    const int64_t columns = o->columns ? o->columns : n;
    if (n < 0 || columns < 0)
        return tw_fail(cx, TW_EARG, "eye", at, "%lld rows, %lld columns", (long long)n, (long long)columns);
    return tw_cast(tw_equal(above(at, cx, n, columns), within(o->k, n, columns)), tw__dtype_or(o->dtype, cx));
}
