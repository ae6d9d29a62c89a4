/* dense.c - y = x W + b.  x: [..., in], W: [in, units], b: [units].
 *
 * More than two axes are one matrix of rows, so that dW is one product and not a sum of products.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"

static tw_node *mismatch(const tw__layer *l, const tw_node *x, const tw_node *w)
{
    char a[96], b[96];
    return tw__layer_fail(l, TW_ESHAPE, "matmul", "inner dimensions %lld and %lld differ: %s by %s",
                          (long long)tw_dim(x, -1), (long long)tw_dim(w, 0),
                          tw_shape_text(x->shape, a, sizeof a), tw_shape_text(w->shape, b, sizeof b));
}

static tw_node *dense(const tw__layer *l, tw_node *x, const tw_nn_dense_args *o)
{
    const tw_loc *at = l->at;
    tw_shape shape = tw_shape_of(x);
    if (o->units < 1)
        return tw__layer_fail(l, TW_EARG, l->kind, "units is %lld: give the width, .units = n", (long long)o->units);
    if (shape.n < 1)
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "x has no axes: give it [..., features]");

    const int64_t in = shape.at[shape.n - 1];
    const tw_node *old = tw__layer_has(l, "weight");
    if (old && tw_rank(old) == 2 && tw_dim(old, 0) != in) return mismatch(l, x, old);

    int64_t rows = 1;
    for (int i = 0; i < shape.n - 1; i++) rows *= shape.at[i];
    tw_node *w = tw_nn_param(l->net, "weight", TW_SHAPE(in, o->units), tw__init_or(o->init, tw_glorot_uniform));
    tw_node *y = tw_matmul(shape.n == 2 ? x : tw_reshape(x, TW_SHAPE(rows, in)), w);
    if (!o->no_bias)
        y = tw_add(y, tw_nn_param(l->net, "bias", TW_SHAPE(o->units), tw__init_or(o->bias_init, tw_zeros_init)));

    shape.at[shape.n - 1] = o->units;
    return shape.n == 2 ? y : tw_reshape(y, shape);
}

tw_node *tw_nn_dense_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_dense_args *o)
{
    TW_OPTIONS(tw_nn_dense_args, o);
    tw__layer l = tw__layer_enter(at, "dense", net, name ? name : "", &x);
    return tw__layer_leave(&l, l.ok ? dense(&l, x, o) : NULL);
}
