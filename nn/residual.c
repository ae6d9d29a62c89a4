/* residual.c - a shortcut around some layers (He et al. 2016).
 *
 * Where the layers changed the number of channels or took strides, the shortcut is a 1 x 1 convolution with those strides,
 * or for sequences and rows a dense layer, both without bias.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"

static tw_node *differ(const tw__layer *l, const tw_node *x, const tw_node *y)
{
    char a[96], b[96];
    return tw__layer_fail(l, TW_ESHAPE, l->kind, "no shortcut leads from %s to %s", tw_shape_text(x->shape, a, sizeof a),
                          tw_shape_text(y->shape, b, sizeof b));
}

static tw_node *of_images(const tw__layer *l, tw_node *x, tw_node *y)
{
    const tw_loc *at = l->at;
    int stride[2];
    for (int i = 0; i < 2; i++) {
        const int64_t from = tw_dim(x, 1 + i), to = tw_dim(y, 1 + i);
        stride[i] = (int)(to > 0 ? (from + to - 1) / to : 1);
        if (to < 1 || from < 1 || (from + stride[i] - 1) / stride[i] != to) return differ(l, x, y);
    }
    return tw_nn_conv2d(l->net, "shortcut", x, .filters = tw_dim(y, 3), .kernel = {1}, .stride = { stride[0], stride[1] }, .no_bias = true);
}

static tw_node *of_rows(const tw__layer *l, tw_node *x, tw_node *y)
{
    const tw_loc *at = l->at;
    for (int i = 0; i < tw_rank(x) - 1; i++)
        if (tw_dim(x, i) != tw_dim(y, i)) return differ(l, x, y);
    return tw_nn_dense(l->net, "shortcut", x, .units = tw_dim(y, -1), .no_bias = true);
}

static tw_node *residual(const tw__layer *l, tw_node *x, tw_node *y)
{
    const tw_loc *at = l->at;
    if (!y) return tw__layer_fail(l, TW_EARG, l->kind, "what the layers made of x is NULL");
    if (!(y = tw_input(at, l->kind, 1, y)) || tw_is_nil(y)) return NULL;
    if (x->shape == y->shape) return tw_add(x, y);
    if (tw_rank(x) != tw_rank(y) || tw_rank(x) < 1) return differ(l, x, y);
    return tw_add(tw_rank(x) == 4 ? of_images(l, x, y) : of_rows(l, x, y), y);
}

tw_node *tw_nn_residual_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, tw_node *y)
{
    tw__layer l = tw__layer_enter(at, "residual", net, name ? name : "", &x);
    return tw__layer_leave(&l, l.ok ? residual(&l, x, y) : NULL);
}
