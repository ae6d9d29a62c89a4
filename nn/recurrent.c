/* recurrent.c - one step of a recurrence.
 *
 *     simple    h <- tanh(x W + h U + b)
 *     GRU       r, z = sigmoid;  n = tanh((x W)_n + r (h U + b)_n);  h <- (1 - z) n + z h
 *     LSTM      i, f, o = sigmoid, g = tanh;  c <- f c + i g;  h <- o tanh(c)
 *
 * Gates stand side by side in one product. As torch.nn.RNNCell, GRUCell, LSTMCell, with weights transposed.
 * SPDX-License-Identifier: MIT
 */
#include "nn/recurrent_impl.h"
#include <stdio.h>

static tw_node *hidden(const tw_loc *at, const tw__cell *cell, tw_node *h)
{
    tw_node *z = tw_matmul(h, cell->u);
    return cell->b_hidden ? tw_add(z, cell->b_hidden) : z;
}

static tw_node *step_rnn(const tw_loc *at, const tw__cell *cell, tw_node *zx, tw_node *h, tw_node **c)
{
    (void)c;
    tw_node *z = tw_add(zx, hidden(at, cell, h));
    return cell->relu ? tw_relu(z) : tw_tanh(z);
}

static tw_node *step_gru(const tw_loc *at, const tw__cell *cell, tw_node *zx, tw_node *h, tw_node **c)
{
    (void)c;
    tw_node *x[3], *y[3];
    tw_split(zx, 3, x, .axis = -1);
    tw_split(hidden(at, cell, h), 3, y, .axis = -1);
    tw_node *r = tw_sigmoid(tw_add(x[0], y[0])), *z = tw_sigmoid(tw_add(x[1], y[1]));
    tw_node *n = tw_tanh(tw_add(x[2], tw_mul(r, y[2])));
    return tw_add(n, tw_mul(z, tw_sub(h, n)));
}

static tw_node *step_lstm(const tw_loc *at, const tw__cell *cell, tw_node *zx, tw_node *h, tw_node **c)
{
    tw_node *z[4];
    tw_split(tw_add(zx, hidden(at, cell, h)), 4, z, .axis = -1);
    *c = tw_add(tw_mul(tw_sigmoid(z[1]), *c), tw_mul(tw_sigmoid(z[0]), tw_tanh(z[2])));
    return tw_mul(tw_sigmoid(z[3]), tw_tanh(*c));
}

const tw__cell tw__rnn  = { .kind = "rnn",  .gates = 1, .step = step_rnn };
const tw__cell tw__gru  = { .kind = "gru",  .gates = 3, .step = step_gru };
const tw__cell tw__lstm = { .kind = "lstm", .gates = 4, .step = step_lstm, .memory = true };

/* ---- parameters */

static tw_node *param(const tw__layer *l, const char *prefix, const char *name, tw_shape shape, tw_init init)
{
    const tw_loc *at = l->at;
    char path[64];
    snprintf(path, sizeof path, "%s%s", prefix, name);
    return tw_nn_param(l->net, path, shape, init);
}

bool tw__cell_params(const tw__layer *l, tw__cell *cell, const char *prefix, int64_t in, int64_t units, const tw_nn_cell_args *o)
{
    TW_OPTIONS(tw_nn_cell_args, o);
    if (units < 1) {
        tw__layer_fail(l, TW_EARG, l->kind, "units is %lld: give the width, .units = n", (long long)units);
        return false;
    }
    int64_t all;
    if (__builtin_mul_overflow(units, cell->gates, &all)) all = INT64_MAX;       /* too large, like itself */
    if (o->relu && cell->gates > 1) {
        tw__layer_fail(l, TW_EARG, l->kind, ".relu is for simple cells: gates have functions of their own");
        return false;
    }
    cell->relu = o->relu;
    cell->w = param(l, prefix, "input_weight", TW_SHAPE(in, all), tw__init_or(o->init, tw_glorot_uniform));
    cell->u = param(l, prefix, "hidden_weight", TW_SHAPE(units, all), tw__init_or(o->hidden_init, tw_orthogonal));
    cell->b = cell->b_hidden = NULL;
    if (!o->no_bias) {
        cell->b = param(l, prefix, "input_bias", TW_SHAPE(all), tw_zeros_init);
        cell->b_hidden = param(l, prefix, "hidden_bias", TW_SHAPE(all), tw_zeros_init);
    }
    return tw_ok(l->net->cx);
}

tw_node *tw__cell_input(const tw_loc *at, const tw__cell *cell, tw_node *x)
{
    tw_shape shape = tw_shape_of(x);
    const int64_t in = shape.at[shape.n - 1], rows = in ? tw_count(x) / in : 0;
    tw_node *z = tw_matmul(tw_reshape(x, TW_SHAPE(rows, in)), cell->w);
    if (cell->b) z = tw_add(z, cell->b);
    shape.at[shape.n - 1] = tw_dim(z, 1);
    return tw_reshape(z, shape);
}

/* ---- single steps */

static tw_node *state(const tw__layer *l, tw_node *h, int64_t n, int64_t units, const tw_node *x)
{
    const tw_loc *at = l->at;
    char text[96];
    if (!h) return tw_zeros(x->cx, TW_SHAPE(n, units), .dtype = tw_dtype_of(x));
    if (tw_is_nil(h) || (tw_rank(h) == 2 && tw_dim(h, 0) == n && tw_dim(h, 1) == units)) return h;
    return tw__layer_fail(l, TW_ESHAPE, l->kind, "the state is %s, not [%lld, %lld]", tw_shape_text(h->shape, text, sizeof text),
                          (long long)n, (long long)units);
}

static tw_node *single(const tw__layer *l, const tw__cell *kind, tw_node *x, tw_node *h, tw_node **c, const tw_nn_cell_args *o)
{
    const tw_loc *at = l->at;
    char text[96];
    if (tw_rank(x) != 2)
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "x is %s, not [n, features]", tw_shape_text(x->shape, text, sizeof text));
    tw__cell cell = *kind;
    const int64_t units = o->units ? o->units : h && tw_rank(h) ? tw_dim(h, -1) : 0;
    if (!tw__cell_params(l, &cell, "", tw_dim(x, 1), units, o)) return NULL;
    h = state(l, h, tw_dim(x, 0), units, x);
    if (c) *c = state(l, *c, tw_dim(x, 0), units, x);
    return tw_ok(l->net->cx) ? cell.step(at, &cell, tw__cell_input(at, &cell, x), h, c) : NULL;
}

static tw_node *one_step(const tw_loc *at, const tw__cell *kind, const char *word, tw_net *net, const char *name, tw_node *x,
                         tw_node *h, tw_node **c, const tw_nn_cell_args *o)
{
    tw__layer l = tw__layer_enter(at, word, net, name ? name : "", &x);
    if (l.ok && kind->memory && !c) tw__layer_fail(&l, TW_EARG, word, "c is NULL: give the address of the cell's memory"), l.ok = false;
    return tw__layer_leave(&l, l.ok ? single(&l, kind, x, h, c, o) : NULL);
}

tw_node *tw_nn_rnn_cell_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, tw_node *h, const tw_nn_cell_args *o)
{
    TW_OPTIONS(tw_nn_cell_args, o);
    return one_step(at, &tw__rnn, "rnn_cell", net, name, x, h, NULL, o);
}

tw_node *tw_nn_gru_cell_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, tw_node *h, const tw_nn_cell_args *o)
{
    TW_OPTIONS(tw_nn_cell_args, o);
    return one_step(at, &tw__gru, "gru_cell", net, name, x, h, NULL, o);
}

tw_node *tw_nn_lstm_cell_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, tw_node *h, tw_node **c, const tw_nn_cell_args *o)
{
    TW_OPTIONS(tw_nn_cell_args, o);
    return one_step(at, &tw__lstm, "lstm_cell", net, name, x, h, c, o);
}
