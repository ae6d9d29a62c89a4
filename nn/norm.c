/* norm.c - normalisation that does not look at other examples: layer (Ba, Kiros and Hinton 2016), root mean square
 * (Zhang and Sennrich 2019), group (Wu and He 2018) and instance norm (Ulyanov et al. 2016).
 *
 *     y = (x - mean) / sqrt(var + epsilon) weight + bias
 *
 * over the last axes for layer norm, over space and the channels of a group for group norm, over space for
 * instance norm; root mean square norm does without mean and bias. Channels are last.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include <math.h>

static tw_axes axes_from(int first, int n)
{
    tw_axes axes = { .n = n };
    for (int i = 0; i < n; i++) axes.at[i] = first + i;
    return axes;
}

static tw_node *normalised(const tw_loc *at, tw_node *x, tw_axes axes, double epsilon, bool centred)
{
    if (centred) x = tw_sub(x, tw_mean(x, .axes = axes, .keep_dims = true));
    tw_node *squares = tw_mean(tw_square(x), .axes = axes, .keep_dims = true);
    return tw_mul(x, tw_rsqrt(tw_add(squares, tw__slot(epsilon))));
}

static tw_node *affine(const tw__layer *l, tw_node *y, tw_shape shape, const tw_nn_norm_args *o, bool bias)
{
    const tw_loc *at = l->at;
    if (o->no_affine) return y;
    y = tw_mul(y, tw_nn_param(l->net, "weight", shape, tw_ones_init));
    return bias && !o->no_bias ? tw_add(y, tw_nn_param(l->net, "bias", shape, tw_zeros_init)) : y;
}

static double epsilon_of(const tw_nn_norm_args *o, double otherwise)
{
    return o->epsilon == 0 && !signbit(o->epsilon) ? otherwise : o->epsilon;
}

static tw_node *over_last(const tw__layer *l, tw_node *x, const tw_nn_norm_args *o, bool centred)
{
    const int n = o->dims ? o->dims : 1, rank = tw_rank(x);
    char text[96];
    if (n < 1 || n > rank)
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "x is %s: there are no %d last axes", tw_shape_text(x->shape, text, sizeof text), n);
    tw_shape shape = { .n = n };
    for (int i = 0; i < n; i++) shape.at[i] = tw_dim(x, rank - n + i);
    return affine(l, normalised(l->at, x, axes_from(rank - n, n), epsilon_of(o, centred ? 1e-5 : 1e-6), centred), shape, o, centred);
}

/* [n, ..., c] as [n, pixels, groups, c / groups], normalised over axes 1 and 3. */
static tw_node *over_groups(const tw__layer *l, tw_node *x, const tw_nn_norm_args *o, int64_t groups)
{
    const tw_loc *at = l->at;
    char text[96];
    const int64_t c = tw_rank(x) ? tw_dim(x, -1) : 0, n = tw_rank(x) ? tw_dim(x, 0) : 0;
    if (tw_rank(x) < 2)
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "x is %s, not [n, ..., channels]", tw_shape_text(x->shape, text, sizeof text));
    if (groups < 1 || c % groups)
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "groups of %lld do not divide %lld channels", (long long)groups, (long long)c);
    tw_node *apart = tw_reshape(x, TW_SHAPE(n, n > 0 && c > 0 ? tw_count(x) / (n * c) : 0, groups, c / groups));
    tw_node *y = tw_reshape(normalised(at, apart, TW_AXES(1, 3), epsilon_of(o, 1e-5), true), tw_shape_of(x));
    return affine(l, y, TW_SHAPE(c), o, true);
}

typedef enum kind { LAYER, RMS, GROUP, INSTANCE } kind;

static tw_node *norm(const tw_loc *at, kind k, const char *word, tw_net *net, const char *name, tw_node *x, const tw_nn_norm_args *o)
{
    tw__layer l = tw__layer_enter(at, word, net, name ? name : "", &x);
    tw_node *y = NULL;
    if (l.ok && !(o->epsilon >= 0)) tw__layer_fail(&l, TW_EARG, word, "epsilon is %g: not negative", o->epsilon);
    else if (l.ok && !tw_is_float(x->dtype))
        tw__layer_fail(&l, TW_EDTYPE, word, "x is %s, not floating", tw_dtype_name(tw_dtype_of(x)));
    else if (l.ok && (k == LAYER || k == RMS)) y = over_last(&l, x, o, k == LAYER);
    else if (l.ok) y = over_groups(&l, x, o, k == INSTANCE && tw_rank(x) ? tw_dim(x, -1) : o->groups);
    return tw__layer_leave(&l, y);
}

tw_node *tw_nn_layer_norm_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_norm_args *o)
{
    TW_OPTIONS(tw_nn_norm_args, o);
    return norm(at, LAYER, "layer_norm", net, name, x, o);
}

tw_node *tw_nn_rms_norm_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_norm_args *o)
{
    TW_OPTIONS(tw_nn_norm_args, o);
    return norm(at, RMS, "rms_norm", net, name, x, o);
}

tw_node *tw_nn_group_norm_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_norm_args *o)
{
    TW_OPTIONS(tw_nn_norm_args, o);
    return norm(at, GROUP, "group_norm", net, name, x, o);
}

tw_node *tw_nn_instance_norm_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_norm_args *o)
{
    TW_OPTIONS(tw_nn_norm_args, o);
    return norm(at, INSTANCE, "instance_norm", net, name, x, o);
}
