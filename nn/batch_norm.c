/* batch_norm.c - each feature normalised by the batch's statistics (Ioffe and Szegedy 2015).
 *
 * y = (x - mean) / sqrt(var + epsilon) weight + bias, over all axes but the last. In training mean and
 * var are the batch's, var divided by N; the running ones move by momentum towards mean and
 * N / (N - 1) var, as in PyTorch. At inference the running ones make it one scale and one shift.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include <math.h>

typedef struct norm {
    tw_node *mean, *var;            /* running */
    tw_node *weight, *bias;         /* NULL without */
    double   momentum, epsilon;
} norm;

/* 1 / sqrt(var + epsilon), times the weight: one number a feature. */
static tw_node *scale_of(const tw_loc *at, const norm *b, tw_node *var)
{
    tw_node *s = tw_rsqrt(tw_add(var, tw__slot(b->epsilon)));
    return b->weight ? tw_mul(s, b->weight) : s;
}

static void move(const tw_loc *at, tw_node *running, tw_node *to, double momentum)
{
    tw_assign(running, tw_add(running, tw_mul(tw__slot(momentum), tw_sub(to, running))));
}

static tw_node *train(const tw_loc *at, tw_node *x, const norm *b)
{
    tw_axes all_but_last = { .n = tw_rank(x) - 1 };
    for (int i = 0; i < all_but_last.n; i++) all_but_last.at[i] = i;
    const double n = (double)(tw_count(x) / tw_dim(x, -1));

    tw_node *mean = tw_mean(x, .axes = all_but_last), *centred = tw_sub(x, mean);
    tw_node *var  = tw_mean(tw_square(centred), .axes = all_but_last);
    move(at, b->mean, mean, b->momentum);
    move(at, b->var, tw_mul(n / (n - 1), var), b->momentum);

    tw_node *y = tw_mul(centred, scale_of(at, b, var));
    return b->bias ? tw_add(y, b->bias) : y;
}

static tw_node *infer(const tw_loc *at, tw_node *x, const norm *b)
{
    tw_node *scale = scale_of(at, b, b->var), *moved = tw_mul(b->mean, scale);
    return tw_add(tw_mul(x, scale), b->bias ? tw_sub(b->bias, moved) : tw_neg(moved));
}

static tw_node *batch_norm(const tw__layer *l, tw_node *x, const tw_nn_batch_norm_args *o)
{
    const tw_loc *at = l->at;
    tw_net *net = l->net;
    char text[96];
    tw_shape_text(x->shape, text, sizeof text);
    if (tw_rank(x) < 2) return tw__layer_fail(l, TW_ESHAPE, l->kind, "x is %s, not [n, ..., features]", text);

    norm b = { .momentum = o->momentum == 0 && !signbit(o->momentum) ? 0.1 : o->momentum,
               .epsilon  = o->epsilon == 0 && !signbit(o->epsilon) ? 1e-5 : o->epsilon };
    if (!(b.momentum >= 0 && b.momentum <= 1))
        return tw__layer_fail(l, TW_EARG, l->kind, "momentum is %g: from 0 to 1", b.momentum);
    if (!(b.epsilon >= 0)) return tw__layer_fail(l, TW_EARG, l->kind, "epsilon is %g: not negative", b.epsilon);
    if (net->training && tw_count(x) <= tw_dim(x, -1))
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "x is %s: training needs more than one value a feature", text);

    const tw_shape features = TW_SHAPE(tw_dim(x, -1));
    const tw_node *old = tw__layer_has(l, "running_mean");
    if (old && tw_count(old) != features.at[0])
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "x is %s, but there are %lld features", text, (long long)tw_count(old));
    if (!o->no_affine) {
        b.weight = tw_nn_param(net, "weight", features, tw_ones_init);
        b.bias   = tw_nn_param(net, "bias", features, tw_zeros_init);
    }
    b.mean = tw_nn_buffer(net, "running_mean", features, tw_zeros_init);
    b.var  = tw_nn_buffer(net, "running_var", features, tw_ones_init);
    if (!tw_ok(net->cx)) return NULL;
    return net->training ? train(at, x, &b) : infer(at, x, &b);
}

tw_node *tw_nn_batch_norm_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_batch_norm_args *o)
{
    TW_OPTIONS(tw_nn_batch_norm_args, o);
    tw__layer l = tw__layer_enter(at, "batch_norm", net, name ? name : "", &x);
    return tw__layer_leave(&l, l.ok ? batch_norm(&l, x, o) : NULL);
}
