/* outer.c - products of vectors, and grids over them: outer, meshgrid, cartesian_prod. */
#include "ops/ops_impl.h"

tw_node *tw_outer_at(const tw_loc *at, tw_node *a, tw_node *b)
{
    tw_node *in[2] = { a, b };
    if (!tw__operands(at, "outer", 2, in)) return in[0];
    return tw_mul(tw_reshape(in[0], TW_SHAPE(in[0]->shape->count, 1)), tw_reshape(in[1], TW_SHAPE(in[1]->shape->count)));
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
    if (ok && !outs) tw_fail(v[0]->cx, TW_EARG, "meshgrid", at, "the place for its results is NULL");
    for (int i = 0; outs && i < n; i++) outs[i] = ok ? along(at, v[i], i, &s) : v[0];
}

tw_node *tw_cartesian_prod_at(const tw_loc *at, int n, tw_node *const *xs)
{
    tw_node *v[TW_MAX_RANK];
    tw_shape s;
    if (!vectors(at, "cartesian_prod", n, xs, v, &s)) return v[0];
    for (int i = 0; i < n; i++) v[i] = tw_reshape(along(at, v[i], i, &s), TW_SHAPE(-1));
    return tw_stack_at(at, n, v, &(tw_axis_args){ .axis = 1 });
}
