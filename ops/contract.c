/* contract.c - products of tensors under their own names, spelled in einsum: tensordot, inner, bilinear, kron; and cross. */
#include "ops/ops_impl.h"

enum { LETTERS = 2 * TW_MAX_RANK };

/* Axes as positions in x, from a list that may count from the end; false after an error. */
static bool positions(const tw_loc *at, tw_node *x, tw_axes axes, int *out)
{
    uint8_t seen;
    if (!tw__axes_mask(at, "tensordot", x, axes, &seen)) return false;
    for (int i = 0; i < axes.n; i++) out[i] = axes.at[i] < 0 ? axes.at[i] + x->shape->n : axes.at[i];
    return true;
}

/* Sums over axis from_a[i] of a together with from_b[i] of b; what remains of a comes first. */
static tw_node *contract(const tw_loc *at, tw_node *a, tw_node *b, int n, const int *from_a, const int *from_b)
{
    char text[4 * LETTERS + 8], of_b[TW_MAX_RANK] = { 0 };
    bool inner[LETTERS] = { false };
    int used = 0;
    for (int i = 0; i < n; i++) of_b[from_b[i]] = (char)('a' + from_a[i]), inner[from_a[i]] = true;
    for (int i = 0; i < a->shape->n; i++) text[used++] = (char)('a' + i);
    text[used++] = ',';
    for (int i = 0; i < b->shape->n; i++) text[used++] = of_b[i] ? of_b[i] : (char)('a' + TW_MAX_RANK + i);
    text[used++] = '-', text[used++] = '>';
    for (int i = 0; i < a->shape->n; i++)
        if (!inner[i]) text[used++] = (char)('a' + i);
    for (int i = 0; i < b->shape->n; i++)
        if (!of_b[i]) text[used++] = (char)('a' + TW_MAX_RANK + i);
    text[used] = 0;
    return tw_einsum_at(at, text, 2, (tw_node *[]){ a, b });
}

tw_node *tw_tensordot_at(const tw_loc *at, tw_node *a, tw_node *b, const tw_tensordot_args *o)
{
    TW_OPTIONS(tw_tensordot_args, o);
    int from_a[TW_MAX_RANK], from_b[TW_MAX_RANK], n = o->a.n;
    tw_node *in[2] = { a, b };
    if (!tw__operands(at, "tensordot", 2, in)) return in[0];
    a = in[0], b = in[1];
    if (o->a.n != o->b.n)
        return tw_fail(a->cx, TW_EARG, "tensordot", at, "%d axes of the first operand and %d of the second", o->a.n, o->b.n);
    if (n) {
        if (!positions(at, a, o->a, from_a) || !positions(at, b, o->b, from_b)) return tw_nil(a->cx);
    } else {
        n = o->axes ? o->axes : 2;
        if (n < 1 || n > a->shape->n || n > b->shape->n)
            return tw_fail(a->cx, TW_EARG, "tensordot", at, "%d axes of ranks %d and %d", n, a->shape->n, b->shape->n);
        for (int i = 0; i < n; i++) from_a[i] = a->shape->n - n + i, from_b[i] = i;
    }
    char ta[96], tb[96];
    for (int i = 0; i < n; i++)
        if (a->shape->at[from_a[i]] != b->shape->at[from_b[i]])
            return tw_fail(a->cx, TW_ESHAPE, "tensordot", at, "axis %d of %s and axis %d of %s differ", from_a[i],
                           tw_shape_text(a->shape, ta, sizeof ta), from_b[i], tw_shape_text(b->shape, tb, sizeof tb));
    return contract(at, a, b, n, from_a, from_b);
}

tw_node *tw_inner_at(const tw_loc *at, tw_node *a, tw_node *b)
{
    tw_node *in[2] = { a, b };
    if (!tw__operands(at, "inner", 2, in)) return in[0];
    const tw_dims *da = in[0]->shape, *db = in[1]->shape;
    if (da->n == 0 || db->n == 0) return tw_fail(in[0]->cx, TW_ESHAPE, "inner", at, "ranks %d and %d: a last axis is needed", da->n, db->n);
    if (da->at[da->n - 1] != db->at[db->n - 1])
        return tw_fail(in[0]->cx, TW_ESHAPE, "inner", at, "last axes of %lld and %lld elements", (long long)da->at[da->n - 1],
                       (long long)db->at[db->n - 1]);
    return contract(at, in[0], in[1], 1, (int[]){ da->n - 1 }, (int[]){ db->n - 1 });
}

tw_node *tw_bilinear_at(const tw_loc *at, tw_node *x, tw_node *w, tw_node *y)
{
    return tw_einsum("...i,kij,...j->...k", x, w, y);
}

tw_node *tw_kron_at(const tw_loc *at, tw_node *a, tw_node *b)
{
    tw_node *in[2] = { a, b };
    if (!tw__operands(at, "kron", 2, in)) return in[0];
    if (!tw__is_matrix(at, "kron", in[0], false) || !tw__is_matrix(at, "kron", in[1], false)) return tw_nil(in[0]->cx);
    tw_node *y = tw_einsum("...ij,...kl->...ikjl", in[0], in[1]);
    if (tw_is_nil(y)) return y;
    tw_shape s = tw_shape_of(y);
    s.n -= 2;
    s.at[s.n - 2] = s.at[s.n - 2] * s.at[s.n - 1];
    s.at[s.n - 1] = y->shape->at[s.n] * y->shape->at[s.n + 1];
    return tw_reshape(y, s);
}

/* x_{i + by} at place i of three along the axis. */
static tw_node *turned(const tw_loc *at, tw_node *x, int axis, int by)
{
    return tw_concat(2, ((tw_node *[]){ tw__range(at, x, axis, by, 3 - by), tw__range(at, x, axis, 0, by) }), .axis = axis);
}

tw_node *tw_cross_at(const tw_loc *at, tw_node *a, tw_node *b, const tw_axes_args *o)
{
    TW_OPTIONS(tw_axes_args, o);
    tw_node *in[2] = { a, b };
    int axis;
    if (!tw__operands(at, "cross", 2, in) || !tw_operands(at, "cross", 2, (tw_arg[]){ tw__arg_node(in[0]), tw__arg_node(in[1]) }, in))
        return tw_nil(tw_ctx_of(in[0]));
    a = in[0], b = in[1];
    if (o->axes.n > 1) return tw_fail(a->cx, TW_EARG, "cross", at, "%d axes, not one", o->axes.n);
    if (!tw__axis(at, "cross", a, o->axes.n ? o->axes.at[0] : -1, a->shape->n, &axis)) return tw_nil(a->cx);
    if (a->shape->at[axis] != 3)
        return tw_fail(a->cx, TW_ESHAPE, "cross", at, "axis %d has %lld elements, not 3", axis, (long long)a->shape->at[axis]);
    return tw_sub(tw_mul(turned(at, a, axis, 1), turned(at, b, axis, 2)), tw_mul(turned(at, a, axis, 2), turned(at, b, axis, 1)));
}
