/* transformer.c - blocks of attention and two dense layers (Vaswani et al. 2017).
 *
 * Each part p stands in a residual. The norm is after the sum as in the paper, norm(x + p(x)), or before the part,
 * x + p(norm(x)), which trains deep stacks without warming up (Xiong et al. 2020). As torch.nn.TransformerEncoderLayer
 * and TransformerDecoderLayer.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include "nn/sequence.h"

typedef tw_node *(*part)(const tw__layer *l, tw_node *x, const tw_nn_block_args *o);

static tw_node *dropped(const tw__layer *l, tw_node *x, const tw_nn_block_args *o)
{
    const tw_loc *at = l->at;
    return o->dropout != 0 ? tw_nn_dropout(l->net, x, .p = o->dropout) : x;
}

static tw_node *to_itself(const tw__layer *l, tw_node *x, const tw_nn_block_args *o)
{
    const tw_loc *at = l->at;
    return tw_nn_attention(l->net, "attention", x, .heads = o->heads, .causal = o->causal, .rotary = o->rotary, .mask = o->mask,
                           .cache = o->cache, .dropout = o->dropout);
}

static tw_node *to_memory(const tw__layer *l, tw_node *x, const tw_nn_block_args *o)
{
    const tw_loc *at = l->at;
    return tw_nn_attention(l->net, "cross_attention", x, .heads = o->heads, .memory = o->memory, .mask = o->memory_mask,
                           .dropout = o->dropout);
}

static tw_node *forward(const tw__layer *l, tw_node *x, const tw_nn_block_args *o)
{
    const tw_loc *at = l->at;
    const int64_t units = tw_dim(x, -1);
    tw_node *h = tw_nn_dense(l->net, "dense1", x, .units = o->hidden ? o->hidden : 4 * units);
    h = o->activation ? o->activation(at, h) : tw_relu(h);
    return tw_nn_dense(l->net, "dense2", dropped(l, h, o), .units = units);
}

static tw_node *residual(const tw__layer *l, const char *norm, tw_node *x, part p, const tw_nn_block_args *o)
{
    const tw_loc *at = l->at;
    if (o->norm_first) return tw_add(x, dropped(l, p(l, tw_nn_layer_norm(l->net, norm, x, .epsilon = o->epsilon), o), o));
    return tw_nn_layer_norm(l->net, norm, tw_add(x, dropped(l, p(l, x, o), o)), .epsilon = o->epsilon);
}

static tw_node *block(const tw_loc *at, const char *kind, tw_net *net, const char *name, tw_node *x, const tw_nn_block_args *o, bool decoder)
{
    tw__layer l = tw__layer_enter(at, kind, net, name ? name : "", &x);
    if (l.ok && decoder && !o->memory) tw__layer_fail(&l, TW_EARG, kind, "give the encoder's output, .memory = y");
    if (!l.ok || !tw_ok(net->cx)) return tw__layer_leave(&l, NULL);
    tw_node *y = residual(&l, "norm1", x, to_itself, o);
    if (decoder) y = residual(&l, "norm2", y, to_memory, o);
    return tw__layer_leave(&l, residual(&l, decoder ? "norm3" : "norm2", y, forward, o));
}

tw_node *tw_nn_encoder_block_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_block_args *o)
{
    TW_OPTIONS(tw_nn_block_args, o);
    return block(at, "encoder_block", net, name, x, o, false);
}

tw_node *tw_nn_decoder_block_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_block_args *o)
{
    TW_OPTIONS(tw_nn_block_args, o);
    return block(at, "decoder_block", net, name, x, o, true);
}
