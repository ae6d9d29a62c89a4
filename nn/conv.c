/* conv.c - y = x * W + b over one to three spatial axes, channels last; its transpose; depthwise-separable.
 *
 *     x: [n, ..., in]    W: [kernel..., in / groups, filters]    transposed: [kernel..., filters / groups, in]    b: [filters]
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include <limits.h>

typedef struct shape_of_conv { int axes; bool transposed; } kind;

/* {3} says the same along each axis. False after an error. */
static bool kernel_of(const tw__layer *l, int axes, const int given[3], int64_t kernel[3])
{
    bool good = given[0] > 0;
    for (int i = 0; i < axes; i++) {
        kernel[i] = given[i] ? given[i] : given[0];
        good = good && kernel[i] > 0;
    }
    if (!good && axes == 2)
        tw__layer_fail(l, TW_EARG, l->kind, "kernel is {%d, %d}: give its size, .kernel = {3}", given[0], given[1]);
    else if (!good)
        tw__layer_fail(l, TW_EARG, l->kind, "kernel is {%d}: give its size, .kernel = {3}", given[0]);
    return good;
}

static bool fits(const tw__layer *l, tw_node *x, kind k, const tw_nn_conv_args *o, int groups)
{
    static const char *const axes[] = { "", "length", "height, width", "depth, height, width" };
    char text[96];
    if (tw_rank(x) != k.axes + 2)
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "x is %s, not [n, %s, channels]", tw_shape_text(x->shape, text, sizeof text), axes[k.axes]), false;
    const int64_t in = tw_dim(x, -1);
    if (groups < 1 || in % groups || o->filters % groups)
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "groups of %d do not divide %lld channels and %lld filters", groups,
                              (long long)in, (long long)o->filters), false;
    const tw_node *old = tw__layer_has(l, "weight");
    const int64_t takes = old && tw_rank(old) == k.axes + 2 ? k.transposed ? tw_dim(old, -1) : tw_dim(old, -2) * groups : in;
    if (takes != in)
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "x has %lld channels, the weight %s takes %lld", (long long)in,
                              tw_shape_text(old->shape, text, sizeof text), (long long)takes), false;
    return true;
}

static tw_node *forward(const tw_loc *at, tw_node *x, tw_node *w, int axes, const tw_nn_conv_args *o, int groups)
{
    tw_conv_args c = { .padding = o->padding, .groups = groups };
    for (int i = 0; i < axes; i++) c.stride[i] = o->stride[i], c.dilation[i] = o->dilation[i];
    return axes == 1 ? tw_conv1d_at(at, x, w, &c) : axes == 2 ? tw_conv2d_at(at, x, w, &c) : tw_conv3d_at(at, x, w, &c);
}

static tw_node *transposed(const tw_loc *at, tw_node *x, tw_node *w, int axes, const tw_nn_conv_args *o, int groups)
{
    tw_conv_transpose_args c = { .padding = o->padding, .groups = groups };
    for (int i = 0; i < axes; i++) c.stride[i] = o->stride[i], c.dilation[i] = o->dilation[i], c.output_padding[i] = o->output_padding[i];
    return axes == 1 ? tw_conv_transpose1d_at(at, x, w, &c)
         : axes == 2 ? tw_conv_transpose2d_at(at, x, w, &c) : tw_conv_transpose3d_at(at, x, w, &c);
}

static tw_node *conv(const tw__layer *l, tw_node *x, kind k, const tw_nn_conv_args *o)
{
    const tw_loc *at = l->at;
    const int groups = o->groups ? o->groups : 1;
    int64_t kernel[3];
    if (o->filters < 1)
        return tw__layer_fail(l, TW_EARG, l->kind, "filters is %lld: give the width, .filters = n", (long long)o->filters);
    if (!k.transposed && (o->output_padding[0] || o->output_padding[1] || o->output_padding[2]))
        return tw__layer_fail(l, TW_EARG, l->kind, ".output_padding is for transposed convolutions");
    if (!kernel_of(l, k.axes, o->kernel, kernel) || !fits(l, x, k, o, groups)) return NULL;

    tw_shape shape = { .n = k.axes + 2 };
    for (int i = 0; i < k.axes; i++) shape.at[i] = kernel[i];
    shape.at[k.axes]     = k.transposed ? o->filters / groups : tw_dim(x, -1) / groups;
    shape.at[k.axes + 1] = k.transposed ? tw_dim(x, -1) : o->filters;
    tw_node *w = tw_nn_param(l->net, "weight", shape, tw__init_or(o->init, tw_glorot_uniform));
    tw_node *y = k.transposed ? transposed(at, x, w, k.axes, o, groups) : forward(at, x, w, k.axes, o, groups);
    if (o->no_bias) return y;
    return tw_add(y, tw_nn_param(l->net, "bias", TW_SHAPE(o->filters), tw__init_or(o->bias_init, tw_zeros_init)));
}

static tw_node *layer(const tw_loc *at, const char *word, kind k, tw_net *net, const char *name, tw_node *x, const tw_nn_conv_args *o)
{
    tw__layer l = tw__layer_enter(at, word, net, name ? name : "", &x);
    return tw__layer_leave(&l, l.ok ? conv(&l, x, k, o) : NULL);
}

#define LAYER(word, axes, transposed)                                                                                       \
    tw_node *tw_nn_##word##_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_conv_args *o)       \
    {                                                                                                                       \
        TW_OPTIONS(tw_nn_conv_args, o);                                                                                     \
        return layer(at, #word, (kind){ axes, transposed }, net, name, x, o);                                               \
    }
LAYER(conv1d, 1, false)
LAYER(conv2d, 2, false)
LAYER(conv3d, 3, false)
LAYER(conv_transpose1d, 1, true)
LAYER(conv_transpose2d, 2, true)
LAYER(conv_transpose3d, 3, true)
#undef LAYER

/* A kernel for each channel, and then a mixture of the channels (Chollet 2017). */
static tw_node *separable(const tw__layer *l, tw_node *x, const tw_nn_conv_args *o)
{
    const tw_loc *at = l->at;
    char text[96];
    if (tw_rank(x) != 4)
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "x is %s, not [n, height, width, channels]", tw_shape_text(x->shape, text, sizeof text));
    const int64_t in = tw_dim(x, 3);
    if (o->groups) return tw__layer_fail(l, TW_EARG, l->kind, "groups is %d: each channel is a group of its own", o->groups);
    if (in < 1 || in > INT_MAX) return tw__layer_fail(l, TW_ESHAPE, l->kind, "x has %lld channels", (long long)in);
    tw_nn_conv_args each = *o;
    each.filters = in;
    each.groups  = (int)in;
    each.no_bias = true;
    x = tw_nn_conv2d_at(at, l->net, "depthwise", x, &each);
    return tw_nn_conv2d(l->net, "pointwise", x, .filters = o->filters, .kernel = {1}, .no_bias = o->no_bias, .init = o->init,
                        .bias_init = o->bias_init);
}

tw_node *tw_nn_separable_conv2d_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_conv_args *o)
{
    TW_OPTIONS(tw_nn_conv_args, o);
    tw__layer l = tw__layer_enter(at, "separable_conv2d", net, name ? name : "", &x);
    return tw__layer_leave(&l, l.ok ? separable(&l, x, o) : NULL);
}
