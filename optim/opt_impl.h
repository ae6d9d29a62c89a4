/* opt_impl.h - what update rules share. */
#pragma once
#include "core/here_impl.h"
#include "optim/optim.h"

enum { TW__MOMENTS = 2 };

/* One rule: a constant struct. */
typedef struct tw__update {
    const char *name;
    int (*moments)(const tw_opt *opt);      /* cells beside each parameter, zero at first */
    /* Assigns the parameter w and its moments m, for the gradient g. */
    void (*assign)(const tw_loc *at, const tw_opt *opt, tw_node *w, tw_node *g, tw_node *const *m);
} tw__update;

/* The numbers of all rules, defaults filled in; a rule leaves what it does not know at 0. */
typedef struct tw__rates {
    double lr, momentum, beta1, beta2, epsilon, weight_decay, l1, l2, proximal_l1, clip_norm;
    tw_schedule schedule;
    const char *only;
} tw__rates;

/* One parameter that matches .only: frozen ones keep their record, and their moments. */
typedef struct tw__trained {
    const tw_net_item *item;
    tw_node *moment[TW__MOMENTS];
} tw__trained;

struct tw_opt {
    tw_ctx *cx;                     /* NULL: dead */
    tw_net *net;
    const tw__update *update;
    tw__rates o;
    int64_t steps;
    double lr;                      /* of the step that is being built */
    const tw_net_item *seen;        /* the latest item of the network that was looked at */
    tw__trained *trained;           /* n of them, in the network's order; one block with the three below */
    tw__trained **live;             /* those of the latest gradient, which were not frozen: active of them */
    tw_node **cells, **grads;       /* theirs */
    int n, room, active;
};

/* Given, or the default where 0 was given; TW_ZERO gives 0. */
double tw__rate_or(double given, double otherwise);
/* Checks the numbers, and makes an optimiser of them; never NULL. */
tw_opt *tw__opt_new(const tw_loc *at, tw_net *net, const tw__update *update, tw__rates o);
/* Whether there is something to do; otherwise an error is set, where there is a context for it. */
bool tw__opt_usable(const tw_loc *at, const char *op, tw_opt *opt, tw_node **loss);
/* Brings live and cells up to date. False without memory. */
bool tw__opt_collect(tw_opt *opt);
