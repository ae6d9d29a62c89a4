/* conv.c - y = x * W + b, channels last.  x: [n, h, w, in], W: [kh, kw, in / groups, filters], b: [filters].
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"

static tw_node *conv2d(const tw__layer *l, tw_node *x, const tw_nn_conv2d_args *o)
{
    const tw_loc *at = l->at;
    const int kh = o->kernel[0], kw = o->kernel[1] ? o->kernel[1] : kh, groups = o->groups ? o->groups : 1;
    if (o->filters < 1)
        return tw__layer_fail(l, TW_EARG, l->kind, "filters is %lld: give the width, .filters = n", (long long)o->filters);
    if (kh < 1 || kw < 1)
        return tw__layer_fail(l, TW_EARG, l->kind, "kernel is {%d, %d}: give its size, .kernel = {3}", kh, kw);
    if (tw_rank(x) != 4) {
        char text[96];
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "x is %s, not [n, height, width, channels]",
                              tw_shape_text(x->shape, text, sizeof text));
    }
    const int64_t in = tw_dim(x, 3);
    if (groups < 1 || in % groups || o->filters % groups)
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "groups of %d do not divide %lld channels and %lld filters", groups,
                              (long long)in, (long long)o->filters);
    const tw_node *old = tw__layer_has(l, "weight");
    if (old && tw_rank(old) == 4 && tw_dim(old, 2) * groups != in) {
        char text[96];
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "x has %lld channels, the weight %s takes %lld", (long long)in,
                              tw_shape_text(old->shape, text, sizeof text), (long long)tw_dim(old, 2) * groups);
    }

    tw_node *w = tw_nn_param(l->net, "weight", TW_SHAPE(kh, kw, in / groups, o->filters),
                             tw__init_or(o->init, tw_glorot_uniform));
    tw_node *y = tw_conv2d(x, w, .stride = { o->stride[0], o->stride[1] }, .padding = o->padding,
                           .dilation = { o->dilation[0], o->dilation[1] }, .groups = groups);
    if (o->no_bias) return y;
    return tw_add(y, tw_nn_param(l->net, "bias", TW_SHAPE(o->filters), tw__init_or(o->bias_init, tw_zeros_init)));
}

tw_node *tw_nn_conv2d_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_conv2d_args *o)
{
    static const tw_nn_conv2d_args none;
    tw__layer l = tw__layer_enter(at, "conv2d", net, name ? name : "", &x);
    return tw__layer_leave(&l, l.ok ? conv2d(&l, x, o ? o : &none) : NULL);
}
