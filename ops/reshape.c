/* reshape.c - the same elements, in row-major order, in another shape; and what is spelled in it.
 *
 * A view wherever strides can say it. Linear; the transpose reshapes back.
 *
 * When can they say it? Both shapes are cut into the shortest runs of axes with equal products.
 * A run of x must be one arithmetic progression, each axis stepping by the extent of the next;
 * its stride then serves the run of y. Axes of size 1 have no say.
 */
#include "ops/ops_impl.h"

static bool shape(tw_node *y)
{
    const tw_dims *x = tw_in(y, 0)->shape;
    if (x->count == y->shape->count) return true;
    char from[96], to[96];
    return tw_reject(y, TW_ESHAPE, "%lld elements of %s do not fill %s", (long long)x->count,
                     tw_shape_text(x, from, sizeof from), tw_shape_text(y->shape, to, sizeof to));
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_reshape(g, tw_shape_of(tw_in(y, i)));
}

/* x's axes without those of size 1. */
static int essential(const tw_dims *x, const int64_t *strides, int64_t *dim, int64_t *stride)
{
    int n = 0;
    for (int i = 0; i < x->n; i++)
        if (x->at[i] != 1) dim[n] = x->at[i], stride[n++] = strides[i];
    return n;
}

static bool view(const tw_node *y, const tw_layout *x, tw_layout *out)
{
    const tw_dims *to = y->shape;
    int64_t dim[TW_MAX_RANK], stride[TW_MAX_RANK];
    const int n = essential(tw_in(y, 0)->shape, x->strides, dim, stride);

    *out = (tw_layout){ .offset = x->offset };
    if (to->count == 0) return true;
    int64_t contiguous = 1;
    for (int k = to->n; k-- > 0; contiguous *= to->at[k]) out->strides[k] = contiguous;

    for (int i = 0, k = 0; i < n; ) {
        int i_end = i + 1, k_end = k;
        int64_t have = dim[i], want = 1;
        for (;;) {                                      /* one run of each with equal products */
            if (want < have) want *= to->at[k_end++];
            else if (have < want) have *= dim[i_end++];
            else break;
        }
        for (int j = i; j + 1 < i_end; j++)
            if (stride[j] != dim[j + 1] * stride[j + 1]) return false;

        int64_t step = stride[i_end - 1];
        for (int j = k_end; j-- > k; step *= to->at[j]) out->strides[j] = step;
        i = i_end, k = k_end;
    }
    return true;
}

static tw_node *batch(const tw_batching *b)
{
    const tw_loc *at = b->at;
    return tw_reshape(b->in[0], tw__batch_shape(b, tw_shape_of(b->y)));
}

const tw_op tw_op_reshape = {
    TW_WORD(reshape),
    .arity = 1,
    .traits = TW_MOVES,
    .rule  = TW_LINEAR,
    .shape = shape,
    .d     = d,
    .batch = batch,
    .view  = view,
};

/* Replaces the one -1 by what is missing. */
static bool complete(const tw_loc *at, tw_node *x, tw_shape *s)
{
    int open = -1;
    int64_t rest = 1;
    for (int i = 0; i < s->n; i++) {
        if (s->at[i] >= 0) {
            if (__builtin_mul_overflow(rest, s->at[i], &rest)) rest = 0;
            continue;
        }
        if (s->at[i] != -1)
            return tw_fail(x->cx, TW_EARG, "reshape", at, "dimension %d is %lld", i, (long long)s->at[i]), false;
        if (open >= 0)
            return tw_fail(x->cx, TW_EARG, "reshape", at, "dimensions %d and %d are both -1", open, i), false;
        open = i;
    }
    if (open < 0) return true;

    char text[96];
    if (rest == 0 || x->shape->count % rest)
        return tw_fail(x->cx, TW_ESHAPE, "reshape", at, "no dimension %d fits %lld elements of %s: the others make %lld",
                       open, (long long)x->shape->count, tw_shape_text(x->shape, text, sizeof text),
                       (long long)rest), false;
    s->at[open] = x->shape->count / rest;
    return true;
}

tw_node *tw_reshape_at(const tw_loc *at, tw_node *x, tw_shape s)
{
    if (!tw__operand(at, "reshape", 0, &x)) return x;
    if (s.n < 0 || s.n > TW_MAX_RANK)
        return tw_fail(x->cx, TW_EARG, "reshape", at, "rank %d: at most %d", s.n, TW_MAX_RANK);
    if (!complete(at, x, &s)) return tw_nil(x->cx);
    if (tw__same_shape(x->shape, &s)) return x;
    return tw_build_node(&(tw_build){ .op = &tw_op_reshape, .at = at, .shape = &s, .n = 1, .in = &x });
}

tw_node *tw_flatten_at(const tw_loc *at, tw_node *x)
{
    if (!tw__operand(at, "flatten", 0, &x)) return x;
    if (x->shape->n < 1) return tw_fail(x->cx, TW_ESHAPE, "flatten", at, "a tensor of rank 0 has no batch axis");
    return tw_reshape(x, TW_SHAPE(x->shape->at[0], tw__mask_count(x, ~1u)));
}

tw_node *tw_expand_dims_at(const tw_loc *at, tw_node *x, const tw_axis_args *o)
{
    TW_OPTIONS(tw_axis_args, o);
    if (!tw__operand(at, "expand_dims", 0, &x)) return x;
    tw_shape s = tw_shape_of(x);
    if (s.n == TW_MAX_RANK)
        return tw_fail(x->cx, TW_ESHAPE, "expand_dims", at, "x has rank %d already, the largest", s.n);

    int axis;
    if (!tw__axis(at, "expand_dims", x, o->axis, ++s.n, &axis)) return tw_nil(x->cx);
    for (int i = s.n; --i > axis; ) s.at[i] = s.at[i - 1];
    s.at[axis] = 1;
    return tw_reshape(x, s);
}

tw_node *tw_squeeze_at(const tw_loc *at, tw_node *x, const tw_axes_args *o)
{
    TW_OPTIONS(tw_axes_args, o);
    uint8_t mask;
    if (!tw__operand(at, "squeeze", 0, &x)) return x;
    if (!tw__axes_mask(at, "squeeze", x, o->axes, &mask)) return tw_nil(x->cx);

    tw_shape s = { 0 };
    for (int i = 0; i < x->shape->n; i++) {
        const int64_t dim = x->shape->at[i];
        const bool drop = mask >> i & 1 && (dim == 1 || o->axes.n);
        if (drop && dim != 1)
            return tw_fail(x->cx, TW_ESHAPE, "squeeze", at, "axis %d has size %lld", i, (long long)dim);
        if (!drop) s.at[s.n++] = dim;
    }
    return tw_reshape(x, s);
}
