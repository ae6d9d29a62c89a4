/* recurrent_impl.h - what the three recurrent cells are, to single steps and to whole layers. */
#pragma once
#include "nn/net_impl.h"
#include "nn/sequence.h"

/* A cell's parameters, and what it makes of one step: zx is x W with its bias. */
typedef struct tw__cell {
    const char *kind;
    int         gates;
    bool        memory;         /* has a c */
    tw_node  *(*step)(const tw_loc *at, const struct tw__cell *cell, tw_node *zx, tw_node *h, tw_node **c);
    tw_node    *w, *u, *b, *b_hidden;
    bool        relu;
} tw__cell;

extern const tw__cell tw__rnn, tw__gru, tw__lstm;

/* The parameters below prefix, found or made. False after an error. */
bool tw__cell_params(const tw__layer *l, tw__cell *cell, const char *prefix, int64_t in, int64_t units, const tw_nn_cell_args *o);
/* x W and its bias; x has any number of axes before the last. */
tw_node *tw__cell_input(const tw_loc *at, const tw__cell *cell, tw_node *x);
