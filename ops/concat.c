/* concat.c - tensors one after the other along an axis; stack along a new one; split, chunk and unstack
 * as the ways back.
 *
 * Linear; the transpose hands each input its slice of g.
 */
#include "ops/ops_impl.h"

static int axis_of(const tw_node *y) { return *(const int32_t *)tw_attr(y); }

static bool shape(tw_node *y)
{
    const int axis = axis_of(y);
    tw_shape s = tw_shape_of(tw_in(y, 0));
    for (int i = 1; i < y->n_in; i++) {
        const tw_node *x = tw_in(y, i);
        bool fits = x->shape->n == s.n;
        for (int k = 0; k < s.n && fits; k++) fits = k == axis || x->shape->at[k] == s.at[k];

        char first[96], other[96];
        if (!fits)
            return tw_reject(y, TW_ESHAPE, "input %d is %s, the first is %s: they may differ in axis %d only", i,
                             tw_shape_text(x->shape, other, sizeof other),
                             tw_shape_text(tw_in(y, 0)->shape, first, sizeof first), axis);
        if (x->dtype != y->dtype)
            return tw_reject(y, TW_EDTYPE, "input %d is %s, the first is %s: cast one", i,
                             tw_dtype_name((tw_dtype)x->dtype), tw_dtype_name((tw_dtype)y->dtype));
        s.at[axis] += x->shape->at[axis];
    }
    return tw_set_shape(y, &s);
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    const int axis = axis_of(y);
    int64_t start = 0;
    for (int k = 0; k < i; k++) start += tw_in(y, k)->shape->at[axis];
    return tw__range(y->at, g, axis, start, tw_in(y, i)->shape->at[axis]);
}

static int64_t rows(const tw_node *y)
{
    int64_t n = 1;
    for (int k = 0; k < axis_of(y); k++) n *= y->shape->at[k];
    return n;
}

static void label(const tw_node *y, char *text, size_t size)
{
    snprintf(text, size, "axis %d", axis_of(y));
}

static tw_node *batch(const tw_batching *b)
{
    const int n = b->y->n_in;
    tw_ctx *cx = b->y->cx;
    const size_t bytes = (size_t)n * sizeof(tw_node *);
    tw_node **in = tw_resize(cx, NULL, 0, bytes);
    if (!in) return tw_nil(cx);
    for (int k = 0; k < n; k++) in[k] = tw__many(b, k);
    tw_node *y = tw_concat_at(b->at, n, in, &(tw_axis_args){ .axis = axis_of(b->y) + 1 });
    tw_resize(cx, in, bytes, 0);
    return y;
}

const tw_op tw_op_concat = {
    TW_WORD(concat),
    .arity     = -1,
    .attr_size = sizeof(int32_t),
    .traits    = TW_STRIDED | TW_MOVES,
    .rule      = TW_LINEAR,
    .shape     = shape,
    .d         = d,
    .batch     = batch,
    .kernel_id = TW_K_concat,
    .work      = rows,
    .label     = label,
};

/* The first of n inputs, or false and a nil. */
static bool first_of(const tw_loc *at, const char *op, int n, tw_node *const *xs, tw_node **x)
{
    *x = n > 0 && xs ? tw__null_among(at, op, n, xs) : tw_fail(NULL, TW_EARG, op, at, "%d inputs", n);
    if (*x) return false;
    *x = xs[0];
    return tw__operand(at, op, 0, x);
}

tw_node *tw_concat_at(const tw_loc *at, int n, tw_node *const *xs, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    tw_node *x;
    int axis;
    if (!first_of(at, "concat", n, xs, &x)) return x;
    if (!tw__axis(at, "concat", x, o->axis, x->shape->n, &axis)) return tw_nil(x->cx);
    if (n == 1) return x;
    return tw_build_node(&(tw_build){ .op = &tw_op_concat, .at = at, .attr = &(int32_t){ axis }, .n = n, .in = xs });
}

tw_node *tw_stack_at(const tw_loc *at, int n, tw_node *const *xs, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    tw_node *x;
    int axis;
    if (!first_of(at, "stack", n, xs, &x)) return x;
    if (!tw__axis(at, "stack", x, o->axis, x->shape->n + 1, &axis)) return tw_nil(x->cx);

    const size_t bytes = (size_t)n * sizeof(tw_node *);
    tw_ctx *cx = x->cx;
    tw_node **expanded = tw_resize(cx, NULL, 0, bytes);
    if (!expanded) return tw_nil(cx);
    for (int i = 0; i < n; i++) expanded[i] = tw_expand_dims(xs[i], .axis = axis);
    tw_node *y = tw_concat_at(at, n, expanded, &(tw_axis_args){ .axis = axis });
    tw_resize(cx, expanded, bytes, 0);
    return y;
}

/* Whether there is a place for the parts of x. */
static bool room(const tw_loc *at, const char *op, const tw_node *x, tw_node **outs)
{
    if (!outs) tw_fail(x->cx, TW_EARG, op, at, "the place for its results is NULL");
    return outs;
}

void tw_split_at(const tw_loc *at, tw_node *x, int n, tw_node **outs, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    int axis = 0;
    bool ok = tw__operand(at, "split", 0, &x) && room(at, "split", x, outs) && tw__axis(at, "split", x, o->axis, x->shape->n, &axis);
    if (ok && (n < 1 || x->shape->at[axis] % n)) {
        tw_fail(x->cx, TW_EARG, "split", at, "axis %d of size %lld into %d equal parts", axis,
                (long long)x->shape->at[axis], n);
        ok = false;
    }
    const int64_t size = ok ? x->shape->at[axis] / n : 0;
    for (int i = 0; outs && i < n; i++) outs[i] = ok ? tw__range(at, x, axis, i * size, size) : tw_nil(x->cx);
}

/* Parts of ceil(dim / n) elements, the last of what is left; returns how many there are. */
int tw_chunk_at(const tw_loc *at, tw_node *x, int n, tw_node **outs, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    int axis = 0, parts = 0;
    bool ok = tw__operand(at, "chunk", 0, &x) && room(at, "chunk", x, outs) && tw__axis(at, "chunk", x, o->axis, x->shape->n, &axis);
    if (ok && n < 1) tw_fail(x->cx, TW_EARG, "chunk", at, "%d parts", n), ok = false;
    const int64_t dim = ok ? x->shape->at[axis] : 0, size = ok ? dim / n + (dim % n != 0) : 0;
    for (int64_t start = 0; start < dim; start += size)
        outs[parts++] = tw__range(at, x, axis, start, dim - start < size ? dim - start : size);
    for (int i = parts; outs && i < n; i++) outs[i] = tw_nil(x->cx);
    return parts;
}

/* All slices along the axis, which they do not have. */
void tw_unstack_at(const tw_loc *at, tw_node *x, int n, tw_node **outs, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    int axis = 0;
    bool ok = tw__operand(at, "unstack", 0, &x) && room(at, "unstack", x, outs) && tw__axis(at, "unstack", x, o->axis, x->shape->n, &axis);
    if (ok && x->shape->at[axis] != n) {
        tw_fail(x->cx, TW_EARG, "unstack", at, "axis %d of size %lld into %d slices", axis, (long long)x->shape->at[axis], n);
        ok = false;
    }
    for (int i = 0; outs && i < n; i++)
        outs[i] = ok ? tw_index_at(at, x, &(tw_index_args){ .axis = axis, .at = i }) : tw_nil(x->cx);
}
