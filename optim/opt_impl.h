/* opt_impl.h - what update rules share. */
#pragma once
#include "core/here_impl.h"
#include "optim/optim.h"

enum { TW__MOMENTS = 3 };

/* The start of every rule's options. */
typedef struct tw__common { TW__RULE_OPTIONS } tw__common;

/* The numbers of the rules' own, defaults filled in; a rule leaves what it does not know at 0. */
typedef struct tw__numbers {
    double momentum, dampening, beta1, beta2, epsilon, momentum_decay;
    bool   nesterov, amsgrad, centered;
} tw__numbers;

/* The numbers of methods that evaluate at trial weights. */
typedef struct tw__limits {
    int64_t iterations, history;
    double  tolerance_grad, tolerance_change, damping;
} tw__limits;

/* What groups may change. */
typedef struct tw__group_numbers { double lr_scale, weight_decay, l2, l1, proximal_l1, max_norm; } tw__group_numbers;

/* One parameter's part of a step, as a rule sees it. */
typedef struct tw__turn {
    tw_opt            *opt;
    const tw__numbers *o;
    tw_node           *w, *g;
    tw_node *const    *m;           /* its moments */
    double             lr, weight_decay;
    int64_t            t;           /* 1 at its first step */
} tw__turn;

struct tw__target;

/* One rule: a constant struct. */
typedef struct tw__update {
    const char *name;
    const char *beta2;                                              /* what its users call it; default "beta2" */
    int (*moments)(const tw__numbers *o, const tw_node *w);         /* cells beside the parameter, zero at first */
    tw_node *(*next)(const tw_loc *at, const tw__turn *u);          /* assigns the moments, gives the new weights */
    tw_opt_result (*minimise)(struct tw__target *f, const tw__limits *o);      /* instead of both: minimise_impl.h */
    bool squares;                                                   /* ... and what it is given are residuals */
} tw__update;

/* One parameter that matches .only: frozen ones keep their record, and their moments. */
typedef struct tw__trained {
    const tw_net_item *item;
    tw__group_numbers  o;
    int64_t            steps, averaged;     /* updates; values that the average is of */
    bool               gathered;            /* sum holds gradients of steps since the last update */
    tw_node           *moment[TW__MOMENTS], *sum, *slow, *average;
} tw__trained;

/* state.c: where a parameter's state comes from when a run goes on. */
typedef struct tw__opt_source {
    const char *(*text)(struct tw__opt_source *s, const char *path);                    /* NULL: nothing is known of it */
    tw_node    *(*cell)(const tw_loc *at, struct tw__opt_source *s, const char *path, const char *what, const tw_node *like);
    void        (*drop)(struct tw__opt_source *s);
} tw__opt_source;

/* Where it goes to: false stops. */
typedef struct tw__opt_sink {
    bool (*text)(struct tw__opt_sink *s, const char *path, const char *text);           /* path "" for the optimiser itself */
    bool (*cell)(struct tw__opt_sink *s, const char *path, const char *what, tw_node *cell);
} tw__opt_sink;

struct tw_opt {
    tw_ctx *cx;                     /* NULL: dead */
    tw__opt_source *source;         /* NULL: every parameter's state begins at zero */
    tw_net *net;
    const tw__update *update;
    tw__common  o;
    tw__numbers numbers;
    tw__limits  limits;
    int64_t steps, gathered;        /* updates; calls since the last one */
    double lr;                      /* of the step that is being built */
    struct { double scale, best; int64_t bad, cooling; bool any; } plateau;
    struct { int64_t t; double product; } nadam;        /* nadam.c: of the first t momenta */
    bool swapped;                   /* the network has the averages */
    struct tw__group *groups;       /* group.c */
    const tw_net_item *seen;        /* the latest item of the network that was looked at */
    tw__trained *trained;           /* n of them, in the network's order; one block with the three below */
    tw__trained **live;             /* those of the latest gradient, which were not frozen: active of them */
    tw_node **cells, **grads;       /* theirs */
    int n, room, active;
};

/* Given, or the default where 0 was given; TW_ZERO gives 0. */
double tw__rate_or(double given, double otherwise);
/* The common options at the start of a rule's. */
tw__common tw__common_of(const void *options);
/* Checks the numbers, and makes an optimiser of them; never NULL. lr: the default, 0 where there is none. */
tw_opt *tw__opt_new(const tw_loc *at, tw_net *net, const tw__update *update, const void *options, double lr, tw__numbers own);
/* Whether there is something to do; otherwise an error is set, where there is a context for it. */
bool tw__opt_usable(const tw_loc *at, const char *op, tw_opt *opt, tw_node **loss);
/* Brings live and cells up to date. False without memory. */
bool tw__opt_collect(tw_opt *opt);
/* A zero state of the shape of w; NULL in error. */
tw_node *tw__zeros_of(const tw_loc *at, tw_node *w);

/* state.c: what a step needs of the steps before, but the network and the options. The network has the trained weights, not
 * their averages, when it is saved, and has them again when it is restored. */
bool tw__opt_save(tw_opt *opt, tw__opt_sink *to);
/* Takes over the source: parameters that are met later have their state from it, too. False after failing. */
bool tw__opt_restore(const tw_loc *at, tw_opt *opt, tw__opt_source *from);
bool tw__opt_restore_one(const tw_loc *at, tw_opt *opt, tw__trained *t);
void tw__opt_source_set(tw_opt *opt, tw__opt_source *s);

/* group.c */
tw__group_numbers tw__group_numbers_of(const tw_opt *opt, const char *path);
void tw__groups_free(tw_opt *opt);

/* moment.c: mean + (1 - beta) (x - mean); w (1 - lr weight_decay); sqrt(v) / correction + epsilon. */
tw_node *tw__moved(const tw_loc *at, tw_node *mean, tw_node *x, double beta);
tw_node *tw__decayed(const tw_loc *at, const tw__turn *u);
tw_node *tw__root(const tw_loc *at, tw_node *v, double correction, double epsilon);

/* gather.c: the gradients with those of earlier calls; false: no update yet, and *good says whether all went well. */
bool tw__gathered(const tw_loc *at, tw_opt *opt, tw_node **grads, bool *good);
void tw__gather_done(tw_opt *opt);

/* clip.c: in place. */
void tw__clip(const tw_loc *at, const tw_opt *opt, tw_node **grads);

/* after.c: what happens to new weights before they are assigned, and to averages after. */
tw_node *tw__constrained(const tw_loc *at, const tw_opt *opt, const tw__trained *t, tw_node *w);
tw_node *tw__looked_ahead(const tw_loc *at, tw_opt *opt, tw__trained *t, tw_node *w);
void tw__average(const tw_loc *at, tw_opt *opt);
bool tw__averages_now(const tw_opt *opt);
