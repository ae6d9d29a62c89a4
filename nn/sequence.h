/* sequence.h - layers for sequences: embedding, recurrence, attention, positions, transformers.
 *
 * Sequences are [n, steps, features]. A recurrence is C: cells are called in a loop, or a layer runs the loop.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "nn/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tw_nn_embedding_args {
    int     _size;
    int64_t classes, units;     /* required */
    tw_init init;               /* default normal with deviation 1, as torch */
} tw_nn_embedding_args;
/* Rows of "weight" [classes, units] for integers of any shape, [...]: [..., units]. */
TW_API tw_node *tw_nn_embedding_at(const tw_loc *at, tw_net *net, const char *name, tw_node *index, const tw_nn_embedding_args *options);
#define tw_nn_embedding(...) TW__LAYER(tw_nn_embedding_at, tw_nn_embedding_args, __VA_ARGS__, )

/* ---- recurrence ---------------------------------------------------------------------------- */

typedef struct tw_nn_cell_args {
    int     _size;
    int64_t units;              /* required where h is NULL, which says zeros */
    bool    no_bias;
    bool    relu;               /* of simple cells: instead of tanh */
    tw_init init, hidden_init;  /* default tw_glorot_uniform and tw_orthogonal, as Keras */
} tw_nn_cell_args;
#define TW__CELL(f, net, name, x, h, ...) TW__CELL_(f, net, name, x, h, TW__U(tw__x_), TW__U(tw__h_), __VA_ARGS__)
#define TW__CELL_(f, net, name, x, h, u, v, ...) __extension__({ tw_node *u = (x), *v = (h); f(TW_HERE, net, name, u, v, TW_OPTS(tw_nn_cell_args, __VA_ARGS__)); })
/* tanh(x W + h U + b), for x [n, in] and h [n, units]. "input_weight" W [in, units], "hidden_weight" U [units, units] and
 * two biases, "input_bias" and "hidden_bias", as torch has them. */
TW_API tw_node *tw_nn_rnn_cell_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, tw_node *h, const tw_nn_cell_args *options);
#define tw_nn_rnn_cell(...) TW__CELL(tw_nn_rnn_cell_at, __VA_ARGS__, )
/* Gates r, z, n side by side in the weights [in, 3 units]:  h = (1 - z) n + z h,  n = tanh(x W + r (h U + b)) (Cho et al. 2014). */
TW_API tw_node *tw_nn_gru_cell_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, tw_node *h, const tw_nn_cell_args *options);
#define tw_nn_gru_cell(...) TW__CELL(tw_nn_gru_cell_at, __VA_ARGS__, )
/* Gates i, f, g, o side by side in the weights [in, 4 units]:  c = f c + i g,  h = o tanh(c) (Hochreiter and Schmidhuber
 * 1997). *c is the cell's memory, replaced by its next value; NULL in it says zeros. */
TW_API tw_node *tw_nn_lstm_cell_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, tw_node *h, tw_node **c, const tw_nn_cell_args *options);
#define tw_nn_lstm_cell(...) TW__LSTM_CELL(__VA_ARGS__, )
#define TW__LSTM_CELL(net, name, x, h, c, ...) TW__LSTM_CELL_(net, name, x, h, c, TW__U(tw__x_), TW__U(tw__h_), __VA_ARGS__)
#define TW__LSTM_CELL_(net, name, x, h, c, u, v, ...) __extension__({ tw_node *u = (x), *v = (h); \
    tw_nn_lstm_cell_at(TW_HERE, net, name, u, v, c, TW_OPTS(tw_nn_cell_args, __VA_ARGS__)); })

typedef struct tw_nn_recurrent_args {
    int       _size;
    int64_t   units;            /* required */
    int       layers;           /* default 1 */
    bool      bidirectional;    /* outputs of both directions side by side: [n, steps, 2 units] */
    bool      no_bias, relu;
    double    dropout;          /* between layers; default none */
    tw_node  *lengths;          /* [n], integers: steps that count; beyond them outputs are 0 and states stay */
    tw_node  *h, *c;            /* states at first, [layers * directions, n, units]; default zeros */
    tw_node **last_h, **last_c; /* where to put those at the end, of the same shape */
    tw_init   init, hidden_init;
} tw_nn_recurrent_args;
/* x [n, steps, in] to [n, steps, units]. Parameters are those of the cells below "0/", "1/", ... and "0/reverse/", .... */
TW_API tw_node *tw_nn_rnn_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_recurrent_args *options);
#define tw_nn_rnn(...) TW__LAYER(tw_nn_rnn_at, tw_nn_recurrent_args, __VA_ARGS__, )
TW_API tw_node *tw_nn_gru_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_recurrent_args *options);
#define tw_nn_gru(...) TW__LAYER(tw_nn_gru_at, tw_nn_recurrent_args, __VA_ARGS__, )
TW_API tw_node *tw_nn_lstm_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_recurrent_args *options);
#define tw_nn_lstm(...) TW__LAYER(tw_nn_lstm_at, tw_nn_recurrent_args, __VA_ARGS__, )

/* ---- positions ----------------------------------------------------------------------------- */

typedef struct tw_position_args {
    int     _size;
    int64_t start;              /* position of the first step: may change without a new plan */
    double  base;               /* default 10,000 */
    bool    interleaved;        /* rotary: pairs are neighbours, not the two halves */
    int64_t capacity;           /* learned: positions that there are; required */
    tw_init init;               /* learned; default normal with deviation 0.02 */
} tw_position_args;
/* sin and cos of position / base^(2 i / units) in turn, [steps, units] (Vaswani et al. 2017); units is even. */
TW_API tw_node *tw_sinusoidal_at(const tw_loc *at, tw_ctx *cx, int64_t steps, int64_t units, const tw_position_args *options);
#define tw_sinusoidal(...) TW__SINUSOIDAL(__VA_ARGS__, )
#define TW__SINUSOIDAL(cx, steps, units, ...) tw_sinusoidal_at(TW_HERE, cx, steps, units, TW_OPTS(tw_position_args, __VA_ARGS__))
/* Pairs of features of x [..., steps, units] turned by position / base^(2 i / units) (Su et al. 2021). */
TW_API tw_node *tw_rotary_at(const tw_loc *at, tw_node *x, const tw_position_args *options);
#define tw_rotary(...) TW__X1(tw_rotary_at, tw_position_args, __VA_ARGS__, )
/* x [n, steps, units] plus rows of "weight" [capacity, units]. */
TW_API tw_node *tw_nn_positions_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_position_args *options);
#define tw_nn_positions(...) TW__LAYER(tw_nn_positions_at, tw_position_args, __VA_ARGS__, )

/* ---- attention ----------------------------------------------------------------------------- */

/* Keys and values of earlier steps, for generation: each attention layer that is given the cache keeps a state of fixed
 * capacity in it, and writes at the position, which is a slot: no token plans anew. Lives until tw_close. */
typedef struct tw_nn_cache tw_nn_cache;
TW_API tw_nn_cache *tw_nn_cache_new_at(const tw_loc *at, tw_net *net, int64_t capacity);
#define tw_nn_cache_new(net, capacity) tw_nn_cache_new_at(TW_HERE, net, capacity)
/* Where the next steps are written. After each call of the model move it on by the steps that the call was given. */
TW_API int64_t tw_nn_cache_position(const tw_nn_cache *cache);
TW_API void    tw_nn_cache_advance(tw_nn_cache *cache, int64_t steps);
/* 0 begins anew. */
TW_API void    tw_nn_cache_seek(tw_nn_cache *cache, int64_t position);

typedef struct tw_nn_attention_args {
    int          _size;
    int          heads;         /* required; divides the features of x */
    tw_node     *memory;        /* [n, m, features]: keys and values come from it; default x */
    bool         causal;        /* no step sees a later one */
    tw_node     *mask;          /* booleans that broadcast to [n, heads, steps, m]: true may be seen */
    double       dropout;       /* of the weights; default none */
    bool         rotary;        /* queries and keys are turned by their positions */
    tw_nn_cache *cache;         /* with .causal: steps go on from its position */
    bool         no_bias;
    tw_init      init;          /* default tw_glorot_uniform */
} tw_nn_attention_args;
/* softmax(q k' / sqrt(d)) v by heads, of x [n, steps, features] (Vaswani et al. 2017). "query", "key", "value" and
 * "output" are dense layers. */
TW_API tw_node *tw_nn_attention_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_attention_args *options);
#define tw_nn_attention(...) TW__LAYER(tw_nn_attention_at, tw_nn_attention_args, __VA_ARGS__, )

typedef struct tw_nn_block_args {
    int          _size;
    int          heads;                 /* required */
    int64_t      hidden;                /* features inside of the feed-forward part; default 4 times those of x */
    bool         norm_first;            /* normalises what enters each part instead of what leaves it */
    bool         causal, rotary;
    tw_node     *mask;                  /* as of the attention to x itself */
    tw_node     *memory, *memory_mask;  /* of the decoder's attention to the encoder's output */
    double       dropout;               /* after each part and inside; default none */
    double       epsilon;               /* of the norms; default 1e-5 */
    tw_nn_cache *cache;
    tw_node   *(*activation)(const tw_loc *at, tw_node *x);     /* default tw_relu_at */
} tw_nn_block_args;
/* Attention and two dense layers, each with a residual and a layer norm: "attention", "norm1", "dense1", "dense2", "norm2".
 * As torch.nn.TransformerEncoderLayer. */
TW_API tw_node *tw_nn_encoder_block_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_block_args *options);
#define tw_nn_encoder_block(...) TW__LAYER(tw_nn_encoder_block_at, tw_nn_block_args, __VA_ARGS__, )
/* The same with attention to .memory between: "cross_attention", "norm2", and "norm3" last. As torch.nn.TransformerDecoderLayer. */
TW_API tw_node *tw_nn_decoder_block_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_block_args *options);
#define tw_nn_decoder_block(...) TW__LAYER(tw_nn_decoder_block_at, tw_nn_block_args, __VA_ARGS__, )

#ifdef __cplusplus
}
#endif
