/* jacobian.c - whole matrices of derivatives: many vector products at once, with the rows of an identity for vectors.
 *
 * Reverse mode takes a product for each element of y, forward mode one for each element of x; one
 * costs about as much as y itself, so the fewer are cheaper. All of a chunk run as one batch.
 */
#include "ops/ops_impl.h"

/* Rows first .. first + rows of the identity of size n, as [rows, shape]. */
static tw_node *unit_rows(const tw_loc *at, const tw_node *like, int64_t first, int64_t rows)
{
    tw_shape s = { .n = like->shape->n + 1, .at = { rows } };
    for (int i = 1; i < s.n; i++) s.at[i] = like->shape->at[i - 1];
    tw_node *i = tw_arange(like->cx, rows);
    if (first) i = tw_add(i, (double)first);
    return tw_reshape(tw_one_hot(i, like->shape->count, .dtype = (tw_dtype)like->dtype), s);
}

static tw_node *reverse(const tw_loc *at, tw_node *y, tw_node *x, int64_t first, int64_t rows)
{
    tw_node *seeds = unit_rows(at, y, first, rows), *g = NULL;
    tw_vjps_at(at, 1, &y, &seeds, 1, &x, &g);
    return g;
}

static tw_node *forward(const tw_loc *at, tw_node *y, tw_node *x, int64_t first, int64_t rows)
{
    tw_node *tangents = unit_rows(at, x, first, rows);
    return tw_jvps_at(at, y, 1, &x, &tangents);
}

/* The products with all unit vectors, [count, ...], at most `chunk` of them at once. */
static tw_node *rows_of(const tw_loc *at, tw_node *y, tw_node *x, bool by_x, int64_t chunk)
{
    const int64_t count = by_x ? x->shape->count : y->shape->count;
    if (chunk > count) chunk = count;
    const int64_t parts = chunk ? (count + chunk - 1) / chunk : 1;
    tw_ctx *cx = y->cx;
    const size_t bytes = (size_t)parts * sizeof(tw_node *);
    tw_node **part = tw_resize(cx, NULL, 0, bytes);
    if (!part) return tw_nil(cx);
    for (int64_t i = 0; i < parts; i++) {
        const int64_t first = i * chunk, rows = chunk && count - first > chunk ? chunk : count - first;
        part[i] = (by_x ? forward : reverse)(at, y, x, first, rows);
    }
    tw_node *all = tw_concat((int)parts, part);
    tw_resize(cx, part, bytes, 0);
    return all;
}

static tw_node *jacobian(const tw_loc *at, const char *op, tw_node *y, tw_node *x, bool by_x, int64_t chunk)
{
    tw_shape s = tw_shape_of(y);
    const tw_shape of_x = tw_shape_of(x);
    if (s.n + of_x.n > TW_MAX_RANK)
        return tw_fail(y->cx, TW_ESHAPE, op, at, "ranks %d and %d make more than %d: reshape one", s.n, of_x.n, TW_MAX_RANK);
    if (chunk < 0) return tw_fail(y->cx, TW_EARG, op, at, ".chunk is %lld", (long long)chunk);
    if ((by_x ? of_x.n : s.n) == TW_MAX_RANK)       /* unit vectors have an axis more */
        return tw_fail(y->cx, TW_ESHAPE, op, at, "rank %d leaves no axis for the unit vectors: reshape %s", TW_MAX_RANK, by_x ? "x" : "y");
    for (int i = 0; i < of_x.n; i++) s.at[s.n++] = of_x.at[i];
    if (y->shape->count == 0 || x->shape->count == 0) return tw_constant(at, y->cx, (tw_dtype)y->dtype, &s, 0);
    tw_node *rows = rows_of(at, y, x, by_x, chunk);
    if (tw_is_nil(rows)) return rows;
    if (by_x) rows = tw_transpose(tw_reshape(rows, TW_SHAPE(x->shape->count, y->shape->count)));
    return tw_reshape(rows, s);
}

/* y and x as nodes, x maybe a cell; false with the nil to return in *y. */
static bool take(const tw_loc *at, const char *op, tw_node **y, tw_node **x)
{
    tw_node *both[2] = { *y, *x }, *null = tw__null_among(at, op, 2, both);
    if (null) return *y = null, false;
    if (!tw__operand(at, op, 0, y)) return false;
    if (!tw_is_cell(*x) && !tw__operand(at, op, 1, x)) return *y = *x, false;
    for (int i = 0; i < 2; i++) {
        tw_node *n = i ? *x : *y;
        if (!tw_is_float(n->dtype))
            return *y = tw_fail(n->cx, TW_EGRAD, op, at, "argument %d is %s: there is no derivative", i, tw_dtype_name((tw_dtype)n->dtype)), false;
    }
    return true;
}

tw_node *tw_jacobian_at(const tw_loc *at, tw_node *y, tw_node *x, const tw_jacobian_args *o)
{
    TW_OPTIONS(tw_jacobian_args, o);
    if (!take(at, "jacobian", &y, &x)) return y;
    const bool fewer = x->shape->count < y->shape->count;
    return jacobian(at, "jacobian", y, x, o->mode ? o->mode == TW_FORWARD : fewer, o->chunk);
}

tw_node *tw_hessian_at(const tw_loc *at, tw_node *y, tw_node *x, const tw_jacobian_args *o)
{
    TW_OPTIONS(tw_jacobian_args, o);
    if (!take(at, "hessian", &y, &x)) return y;
    tw_node *g = tw_grad_at(at, y, x);
    if (tw_is_nil(g)) return g;
    return jacobian(at, "hessian", g, x, o->mode != TW_REVERSE, o->chunk);
}
