/* recurrent_layers.c - a recurrence over whole sequences: several layers, both directions, lengths by mask.
 *
 * The products with x of all steps are one product. Where a sequence has ended its state stays, by selection, so that a
 * reverse pass begins at each sequence's own end; outputs there are 0. As torch.nn.RNN, GRU, LSTM on packed sequences.
 * SPDX-License-Identifier: MIT
 */
#include "nn/recurrent_impl.h"
#include <stdio.h>

enum { MAX_STATES = 64 };

typedef struct run {
    const tw__layer            *l;
    const tw__cell             *kind;
    const tw_nn_recurrent_args *o;
    tw_node *lengths;                       /* [n, 1], or NULL */
    tw_node *h[MAX_STATES], *c[MAX_STATES]; /* at the end, by layer and direction */
} run;

static tw_node *first_state(const run *r, tw_node *given, int k, const tw_node *x)
{
    const tw_loc *at = r->l->at;
    return given ? tw_index(given, .at = k) : tw_zeros(x->cx, TW_SHAPE(tw_dim(x, 0), r->o->units), .dtype = tw_dtype_of(x));
}

/* Outputs of one direction, [n, steps, units]; k is its place among the states. */
static tw_node *direction(run *r, tw_node *x, int k, bool reverse, const char *prefix)
{
    const tw_loc *at = r->l->at;
    tw__cell cell = *r->kind;
    const tw_nn_cell_args args = { .no_bias = r->o->no_bias, .relu = r->o->relu, .init = r->o->init, .hidden_init = r->o->hidden_init };
    if (!tw__cell_params(r->l, &cell, prefix, tw_dim(x, 2), r->o->units, &args)) return NULL;
    const int64_t n = tw_dim(x, 0), steps = tw_dim(x, 1), units = r->o->units;
    tw_ctx *cx = x->cx;
    const size_t size = (size_t)(steps + 1) * sizeof(tw_node *);
    tw_node **ys = tw_resize(cx, NULL, 0, size);
    if (!ys) return NULL;

    tw_node *zx = tw__cell_input(at, &cell, x), *h = first_state(r, r->o->h, k, x);
    tw_node *c = cell.memory ? first_state(r, r->o->c, k, x) : NULL;
    for (int64_t i = 0; i < steps; i++) {
        const int64_t t = reverse ? steps - 1 - i : i;
        tw_node *old_c = c, *next = cell.step(at, &cell, tw_index(zx, .axis = 1, .at = t), h, &c);
        ys[t] = next;
        if (r->lengths) {
            tw_node *on = tw_greater(r->lengths, (double)t);
            ys[t] = tw_where(on, next, 0.0);
            next  = tw_where(on, next, h);
            if (c) c = tw_where(on, c, old_c);
        }
        h = next;
    }
    r->h[k] = h;
    r->c[k] = c;
    tw_node *y = steps ? tw_stack((int)steps, ys, .axis = 1) : tw_zeros(cx, TW_SHAPE(n, 0, units), .dtype = tw_dtype_of(x));
    tw_resize(cx, ys, size, 0);
    return y;
}

static tw_node *layers(run *r, tw_node *x)
{
    const tw_loc *at = r->l->at;
    const int n = r->o->layers ? r->o->layers : 1, both = r->o->bidirectional ? 2 : 1;
    for (int k = 0; k < n; k++) {
        char forward[32], reverse[32];
        snprintf(forward, sizeof forward, "%d/", k);
        snprintf(reverse, sizeof reverse, "%d/reverse/", k);
        tw_node *y[2] = { direction(r, x, k * both, false, forward), NULL };
        if (both == 2) y[1] = direction(r, x, k * both + 1, true, reverse);
        if (!tw_ok(x->cx)) return NULL;
        x = both == 2 ? tw_concat(2, y, .axis = 2) : y[0];
        if (k + 1 < n && r->o->dropout != 0) x = tw_nn_dropout(r->l->net, x, .p = r->o->dropout);
    }
    if (r->o->last_h) *r->o->last_h = tw_stack(n * both, r->h);
    if (r->o->last_c) *r->o->last_c = tw_stack(n * both, r->c);
    return x;
}

static tw_node *recurrent(const tw__layer *l, const tw__cell *kind, tw_node *x, const tw_nn_recurrent_args *o)
{
    const tw_loc *at = l->at;
    char text[96];
    const int most = MAX_STATES / (o->bidirectional ? 2 : 1);
    if (tw_rank(x) != 3)
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "x is %s, not [n, steps, features]", tw_shape_text(x->shape, text, sizeof text));
    if (o->layers < 0 || o->layers > most)
        return tw__layer_fail(l, TW_EARG, l->kind, "layers is %d: from 1 to %d", o->layers, most);
    if (!kind->memory && (o->c || o->last_c))
        return tw__layer_fail(l, TW_EARG, l->kind, ".c and .last_c are of lstm");
    const int states = (o->layers ? o->layers : 1) * (MAX_STATES / most);
    if (o->lengths && !tw_is_nil(o->lengths) && (tw_rank(o->lengths) != 1 || tw_count(o->lengths) != tw_dim(x, 0)))
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "lengths are %s for %lld sequences",
                              tw_shape_text(o->lengths->shape, text, sizeof text), (long long)tw_dim(x, 0));
    tw_node *const given[] = { o->h, o->c };
    for (int i = 0; i < 2; i++) {
        const tw_node *s = given[i];
        if (!s || tw_is_nil(s)) continue;
        if (tw_rank(s) != 3 || tw_dim(s, 0) != states || tw_dim(s, 1) != tw_dim(x, 0) || tw_dim(s, 2) != o->units)
            return tw__layer_fail(l, TW_ESHAPE, l->kind, "the state is %s, not [%d, %lld, %lld]", tw_shape_text(s->shape, text, sizeof text),
                                  states, (long long)tw_dim(x, 0), (long long)o->units);
    }
    run r = { .l = l, .kind = kind, .o = o };
    if (o->lengths) r.lengths = tw_reshape(o->lengths, TW_SHAPE(tw_dim(x, 0), 1));
    return layers(&r, x);
}

static tw_node *whole(const tw_loc *at, const tw__cell *kind, tw_net *net, const char *name, tw_node *x, const tw_nn_recurrent_args *o)
{
    tw__layer l = tw__layer_enter(at, kind->kind, net, name ? name : "", &x);
    tw_node *y = tw__layer_leave(&l, l.ok ? recurrent(&l, kind, x, o) : NULL);
    if (!tw_is_nil(y)) return y;
    if (o->last_h) *o->last_h = y;
    if (o->last_c) *o->last_c = y;
    return y;
}

tw_node *tw_nn_rnn_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_recurrent_args *o)
{
    TW_OPTIONS(tw_nn_recurrent_args, o);
    return whole(at, &tw__rnn, net, name, x, o);
}

tw_node *tw_nn_gru_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_recurrent_args *o)
{
    TW_OPTIONS(tw_nn_recurrent_args, o);
    return whole(at, &tw__gru, net, name, x, o);
}

tw_node *tw_nn_lstm_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_recurrent_args *o)
{
    TW_OPTIONS(tw_nn_recurrent_args, o);
    return whole(at, &tw__lstm, net, name, x, o);
}
