/* outer.c - products of vectors, and grids over them: outer, inner, meshgrid, cartesian_prod. */
#include "ops/ops_impl.h"

tw_node *tw_outer_at(const tw_loc *at, tw_node *a, tw_node *b)
{
    tw_node *in[2] = { a, b };
    if (!tw__operands(at, "outer", 2, in)) return in[0];
    return tw_mul(tw_reshape(in[0], TW_SHAPE(in[0]->shape->count, 1)), tw_reshape(in[1], TW_SHAPE(in[1]->shape->count)));
}

/* The last axis of both is summed over; a's other axes come first. */
tw_node *tw_inner_at(const tw_loc *at, tw_node *a, tw_node *b)
{
    tw_node *in[2] = { a, b };
    if (!tw__operands(at, "inner", 2, in)) return in[0];
    const tw_dims *da = in[0]->shape, *db = in[1]->shape;
    char ta[96], tb[96];
    if (da->n < 1 || db->n < 1 || da->at[da->n - 1] != db->at[db->n - 1])
        return tw_fail(in[0]->cx, TW_ESHAPE, "inner", at, "the last axes of %s and %s differ", tw_shape_text(da, ta, sizeof ta),
                       tw_shape_text(db, tb, sizeof tb));
    if (da->n + db->n - 2 > TW_MAX_RANK)
        return tw_fail(in[0]->cx, TW_ESHAPE, "inner", at, "of ranks %d and %d: more than %d axes", da->n, db->n, TW_MAX_RANK);
    if (da->n == 1 && db->n == 1) return tw_sum(tw_mul(in[0], in[1]));

    const int64_t k = da->at[da->n - 1];
    tw_shape s = { .n = da->n + db->n - 2 };
    int64_t rows[2] = { 1, 1 };
    for (int i = 0; i < s.n; i++) {
        s.at[i] = i < da->n - 1 ? da->at[i] : db->at[i - da->n + 1];
        rows[i >= da->n - 1] *= s.at[i];
    }
    return tw_reshape(tw_matmul(tw_reshape(in[0], TW_SHAPE(rows[0], k)), tw_reshape(in[1], TW_SHAPE(rows[1], k)), .transpose_b = true), s);
}

/* The xs, which must be vectors, in v, and the shape of the grid over them; false, with a nil in v[0], after an error. */
static bool vectors(const tw_loc *at, const char *op, int n, tw_node *const *xs, tw_node **v, tw_shape *s)
{
    *s = (tw_shape){ .n = n };
    if (n < 1 || n > TW_MAX_RANK || !xs) {
        v[0] = tw_fail(n > 0 && xs && xs[0] ? xs[0]->cx : NULL, TW_EARG, op, at, "%d vectors: from 1 to %d", n, TW_MAX_RANK);
        return false;
    }
    for (int i = 0; i < n; i++) v[i] = xs[i];
    if (!tw__operands(at, op, n, v)) return false;
    for (int i = 0; i < n; i++) {
        if (v[i]->shape->n != 1) {
            v[0] = tw_fail(v[i]->cx, TW_ESHAPE, op, at, "argument %d is of rank %d: vectors needed", i, v[i]->shape->n);
            return false;
        }
        s->at[i] = v[i]->shape->at[0];
    }
    return true;
}

/* x along axis i of the grid. */
static tw_node *along(const tw_loc *at, tw_node *x, int i, const tw_shape *s)
{
    tw_shape lying = { .n = s->n };
    for (int k = 0; k < s->n; k++) lying.at[k] = k == i ? s->at[i] : 1;
    return tw_broadcast_to(tw_reshape(x, lying), *s);
}

void tw_meshgrid_at(const tw_loc *at, int n, tw_node *const *xs, tw_node **outs)
{
    tw_node *v[TW_MAX_RANK];
    tw_shape s;
    const bool ok = vectors(at, "meshgrid", n, xs, v, &s);
    for (int i = 0; i < n; i++) outs[i] = ok ? along(at, v[i], i, &s) : v[0];
}

tw_node *tw_cartesian_prod_at(const tw_loc *at, int n, tw_node *const *xs)
{
    tw_node *v[TW_MAX_RANK];
    tw_shape s;
    if (!vectors(at, "cartesian_prod", n, xs, v, &s)) return v[0];
    for (int i = 0; i < n; i++) v[i] = tw_reshape(along(at, v[i], i, &s), TW_SHAPE(-1));
    return tw_stack_at(at, n, v, &(tw_axis_args){ .axis = 1 });
}
