/* nn.h - networks: parameters found by name, layers as functions, losses.
 *
 * A tw_net is a collection of parameters. A layer, tw_nn_<name>(net, "path", x, options), asks it for
 * what it needs: the first call creates and initialises, later calls find. So a model is an ordinary
 * C function from nodes to nodes, and sharing parameters is using the same name twice. First values
 * depend on the context's seed and on the parameter's path, on nothing else.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "core/core.h"
#include "nn/loss.h"
#include "ops/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tw_net tw_net;

/* Lives until tw_close. Never NULL: without memory a dead one, whose functions do nothing. Starts in training mode. */
TW_API tw_net *tw_net_new(tw_ctx *cx);
/* The context it lives in; NULL for a dead one. */
TW_API tw_ctx *tw_net_ctx(const tw_net *net);

/* ---- names: "encoder/conv1/weight" --------------------------------------------------------- */

typedef struct tw_net_mark { tw_net *net; int length, depth; } tw_net_mark;

/* Names used until the matching leave lie below this one; drawings show a cluster. */
TW_API tw_net_mark tw_net_enter_at(const tw_loc *at, tw_net *net, const char *name);
#define tw_net_enter(net, name) tw_net_enter_at(TW_HERE, net, name)
/* Leaves the name, and inner ones left open. */
TW_API void tw_net_leave(tw_net_mark *mark);
/* A declaration: from here to the end of the block; break, continue and return behave as in C. */
#define tw_net_scope(net, name) \
    tw_net_mark TW__CAT(tw__net_scope_, __COUNTER__) __attribute__((cleanup(tw_net_leave), unused)) = tw_net_enter(net, name)

/* ---- the collection ------------------------------------------------------------------------ */

/* A parameter, or a buffer: a state such as a running mean, saved like a parameter, that no optimiser touches. */
typedef struct tw_net_item {
    const char   *path;
    tw_node      *cell;
    const tw_loc *at;           /* the call that created it */
    bool          buffer, frozen;
    bool          loaded;       /* its first value came from a file, not from its initialiser */
    int64_t       calls;        /* how often a layer asked for it */
} tw_net_item;

/* The item after this one (NULL: the first) whose path matches, in order of creation; NULL at the end.
 * In patterns * stands for any characters, '/' included, ? for one; NULL matches all. */
TW_API const tw_net_item *tw_net_next(const tw_net *net, const char *pattern, const tw_net_item *after);
#define TW_NET_EACH(item, net, pattern) \
    for (const tw_net_item *item = NULL; (item = tw_net_next(net, pattern, item)); )

/* The parameter or buffer of that whole path; an error if there is none. */
TW_API tw_node *tw_net_param_at(const tw_loc *at, tw_net *net, const char *path);
#define tw_net_param(net, path) tw_net_param_at(TW_HERE, net, path)
/* Elements of all parameters, frozen ones included, buffers not. */
TW_API int64_t tw_net_count(const tw_net *net);
/* Switches dropout and batch statistics on (as at first) or off. */
TW_API void tw_net_training(tw_net *net, bool on);
TW_API bool tw_net_is_training(const tw_net *net);
/* From now on a new name is an error: against typing mistakes. */
TW_API void tw_net_seal(tw_net *net);
/* Frozen parameters get no gradient and no update. An error if nothing matches. Returns how many do. */
TW_API int tw_net_freeze_at(const tw_loc *at, tw_net *net, const char *pattern, bool frozen);
#define tw_net_freeze(net, pattern, frozen) tw_net_freeze_at(TW_HERE, net, pattern, frozen)

/* A table of the parameters: paths, shapes, numbers, and in how many places of the model each is used, which is how often it
 * was asked for, relative to the one that was least (NULL: stdout). */
TW_API void tw_net_summary(const tw_net *net, FILE *to);

/* Penalties, to be added to a loss: a Gaussian prior on the weights gives the squares, a Laplace prior
 * the magnitudes. Over the parameters that match and are not frozen. */
TW_API tw_node *tw_l2_penalty_at(const tw_loc *at, tw_net *net, const char *pattern);     /* 1/2 sum w^2 */
TW_API tw_node *tw_l1_penalty_at(const tw_loc *at, tw_net *net, const char *pattern);     /* sum |w| */
#define tw_l2_penalty(net, pattern) tw_l2_penalty_at(TW_HERE, net, pattern)
#define tw_l1_penalty(net, pattern) tw_l1_penalty_at(TW_HERE, net, pattern)

/* ---- initialisers -------------------------------------------------------------------------- */

/* What an initialiser is asked for. Weights are [inputs, outputs], or [kh, kw, inputs, outputs] for convolutions. */
typedef struct tw_init_request {
    tw_ctx     *cx;
    const char *path;
    tw_shape    shape;
    int64_t     fan_in, fan_out;    /* terms that an output sums; outputs that an input reaches */
    uint64_t    key;                /* of random numbers: from the path */
} tw_init_request;

typedef struct tw_init {
    tw_node *(*draw)(const tw_loc *at, const struct tw_init *init, const tw_init_request *r);
    double    value;                /* for draw to use */
} tw_init;

TW_API extern const tw_init tw_glorot_uniform, tw_glorot_normal;    /* variance 2 / (fan_in + fan_out): Glorot and Bengio 2010 */
TW_API extern const tw_init tw_he_uniform, tw_he_normal;            /* variance 2 / fan_in, for relu: He et al. 2015 */
TW_API extern const tw_init tw_zeros_init, tw_ones_init;
TW_API tw_init tw_constant_init(double value);
TW_API tw_init tw_normal_init(double std);
TW_API tw_init tw_uniform_init(double limit);               /* within [-limit, limit) */
TW_API tw_init tw_truncated_normal_init(double std);        /* nothing beyond about 2.3 std, which is that of what is left */
TW_API extern const tw_init tw_lecun_uniform, tw_lecun_normal;      /* variance 1 / fan_in: LeCun et al. 1998; truncated */
TW_API extern const tw_init tw_orthogonal;                  /* [..., outputs] as a matrix: orthonormal rows or columns */
TW_API tw_init tw_orthogonal_init(double gain);

/* A parameter for a layer of one's own: found, or made of that shape by init. */
TW_API tw_node *tw_nn_param_at(const tw_loc *at, tw_net *net, const char *name, tw_shape shape, tw_init init);
#define tw_nn_param(net, name, shape, init) tw_nn_param_at(TW_HERE, net, name, shape, init)
/* The same for a buffer, which tw_assign updates. */
TW_API tw_node *tw_nn_buffer_at(const tw_loc *at, tw_net *net, const char *name, tw_shape shape, tw_init init);
#define tw_nn_buffer(net, name, shape, init) tw_nn_buffer_at(TW_HERE, net, name, shape, init)

/* ---- layers -------------------------------------------------------------------------------- */

#define TW__LAYER(f, T, net, name, x, ...) f(TW_HERE, net, name, x, TW_OPTS(T, __VA_ARGS__))

typedef struct tw_nn_dense_args {
    int     _size;
    int64_t units;              /* required */
    bool    no_bias;
    tw_init init, bias_init;    /* default tw_glorot_uniform and zeros, as Keras */
} tw_nn_dense_args;
/* x W + b: x [..., in], "weight" [in, units], "bias" [units]. */
TW_API tw_node *tw_nn_dense_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_dense_args *options);
#define tw_nn_dense(...) TW__LAYER(tw_nn_dense_at, tw_nn_dense_args, __VA_ARGS__, )

typedef struct tw_nn_conv_args {
    int        _size;
    int64_t    filters;                             /* required */
    int        kernel[3], stride[3], dilation[3];   /* {3} says 3 along each axis; kernel is required, the others 1 by default */
    int        output_padding[3];                   /* of transposed ones: pixels more at the end */
    tw_padding padding;                             /* default none */
    int        groups;                              /* default 1 */
    bool       no_bias;
    tw_init    init, bias_init;                     /* default tw_glorot_uniform and zeros, as Keras */
} tw_nn_conv_args;
/* Cross-correlation: x [n, h, w, in], "weight" [kh, kw, in / groups, filters], "bias" [filters]; conv1d has one axis less,
 * conv3d one more. */
TW_API tw_node *tw_nn_conv1d_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_conv_args *options);
#define tw_nn_conv1d(...) TW__LAYER(tw_nn_conv1d_at, tw_nn_conv_args, __VA_ARGS__, )
TW_API tw_node *tw_nn_conv2d_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_conv_args *options);
#define tw_nn_conv2d(...) TW__LAYER(tw_nn_conv2d_at, tw_nn_conv_args, __VA_ARGS__, )
TW_API tw_node *tw_nn_conv3d_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_conv_args *options);
#define tw_nn_conv3d(...) TW__LAYER(tw_nn_conv3d_at, tw_nn_conv_args, __VA_ARGS__, )
/* The transpose, which enlarges by .stride: "weight" [kh, kw, filters / groups, in]. */
TW_API tw_node *tw_nn_conv_transpose1d_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_conv_args *options);
#define tw_nn_conv_transpose1d(...) TW__LAYER(tw_nn_conv_transpose1d_at, tw_nn_conv_args, __VA_ARGS__, )
TW_API tw_node *tw_nn_conv_transpose2d_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_conv_args *options);
#define tw_nn_conv_transpose2d(...) TW__LAYER(tw_nn_conv_transpose2d_at, tw_nn_conv_args, __VA_ARGS__, )
TW_API tw_node *tw_nn_conv_transpose3d_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_conv_args *options);
#define tw_nn_conv_transpose3d(...) TW__LAYER(tw_nn_conv_transpose3d_at, tw_nn_conv_args, __VA_ARGS__, )
/* "depthwise", a kernel for each channel, and then "pointwise", a 1 x 1 convolution to the filters. */
TW_API tw_node *tw_nn_separable_conv2d_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_conv_args *options);
#define tw_nn_separable_conv2d(...) TW__LAYER(tw_nn_separable_conv2d_at, tw_nn_conv_args, __VA_ARGS__, )

typedef struct tw_nn_batch_norm_args {
    int    _size;
    double momentum;            /* weight of the new batch in the running statistics; default 0.1 */
    double epsilon;             /* added to the variance; default 1e-5 */
    bool   no_affine;           /* without "weight" and "bias" */
} tw_nn_batch_norm_args;
/* (x - mean) / sqrt(var + epsilon) weight + bias for each feature, the last axis: of the batch in training,
 * "running_mean" and "running_var" otherwise. */
TW_API tw_node *tw_nn_batch_norm_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_batch_norm_args *options);
#define tw_nn_batch_norm(...) TW__LAYER(tw_nn_batch_norm_at, tw_nn_batch_norm_args, __VA_ARGS__, )

typedef struct tw_nn_norm_args {
    int     _size;
    double  epsilon;            /* added to the variance; default 1e-5, of rms_norm 1e-6 */
    int     dims;               /* of layer_norm and rms_norm: so many last axes are one; default 1 */
    int64_t groups;             /* of group_norm; required */
    bool    no_affine;          /* without "weight" and "bias" */
    bool    no_bias;
} tw_nn_norm_args;
/* (x - mean) / sqrt(var + epsilon) weight + bias for each example and step, over the last axes. */
TW_API tw_node *tw_nn_layer_norm_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_norm_args *options);
#define tw_nn_layer_norm(...) TW__LAYER(tw_nn_layer_norm_at, tw_nn_norm_args, __VA_ARGS__, )
/* x / sqrt(mean(x^2) + epsilon) weight, over the last axes. */
TW_API tw_node *tw_nn_rms_norm_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_norm_args *options);
#define tw_nn_rms_norm(...) TW__LAYER(tw_nn_rms_norm_at, tw_nn_norm_args, __VA_ARGS__, )
/* The same as layer_norm over all pixels of x [n, ..., channels] and a group of neighbouring channels. */
TW_API tw_node *tw_nn_group_norm_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_norm_args *options);
#define tw_nn_group_norm(...) TW__LAYER(tw_nn_group_norm_at, tw_nn_norm_args, __VA_ARGS__, )
/* Over all pixels of each channel. */
TW_API tw_node *tw_nn_instance_norm_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_norm_args *options);
#define tw_nn_instance_norm(...) TW__LAYER(tw_nn_instance_norm_at, tw_nn_norm_args, __VA_ARGS__, )

/* x + y, where y is what some layers made of x; x through "shortcut", a 1 x 1 convolution with strides or a dense layer,
 * where their shapes differ. */
TW_API tw_node *tw_nn_residual_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, tw_node *y);
#define tw_nn_residual(net, name, x, y) TW__RESIDUAL(net, name, x, y, TW__U(tw__x_), TW__U(tw__y_))
#define TW__RESIDUAL(net, name, x, y, u, v) __extension__({ tw_node *u = (x), *v = (y); tw_nn_residual_at(TW_HERE, net, name, u, v); })

/* q = weight x + (1 - weight) q, at first x: with the loss of each step, the running estimate of the risk. The buffer
 * "estimate" moves with the step that x is evaluated by. No derivative. */
TW_API tw_node *tw_nn_running_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, double weight);
#define tw_nn_running(net, name, x, weight) tw_nn_running_at(TW_HERE, net, name, x, weight)

typedef struct tw_nn_dropout_args {
    int    _size;
    double p;                   /* of becoming zero; default 0.5 */
} tw_nn_dropout_args;
/* In training zero with probability p, the others times 1 / (1 - p); otherwise x. */
TW_API tw_node *tw_nn_dropout_at(const tw_loc *at, tw_net *net, tw_node *x, const tw_nn_dropout_args *options);
#define tw_nn_dropout(...) TW__DROPOUT(__VA_ARGS__, )
#define TW__DROPOUT(net, x, ...) tw_nn_dropout_at(TW_HERE, net, x, TW_OPTS(tw_nn_dropout_args, __VA_ARGS__))

#ifdef __cplusplus
}
#endif
