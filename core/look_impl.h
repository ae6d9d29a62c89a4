/* look_impl.h - what drawings and dumps share: the nodes behind some values, and words for one node. */
#pragma once
#include "core/op.h"

/* What some values reach: by_id[id] is the node, NULL where an id is not reached. */
typedef struct tw__reached {
    tw_ctx   *cx;
    tw_node **by_id;
    int64_t   size;
} tw__reached;

/* False without memory. The caller calls tw__reach_done in both cases. */
bool tw__reach(tw__reached *r, int n, tw_node *const *ys);
void tw__reach_done(tw__reached *r);

/* Whether n is a number, which may stand for a whole tensor of them. */
bool tw__number_of(const tw_node *n, double *value);
/* The cell's name, or the node's own; NULL without. */
const char *tw__own_name(const tw_node *n);
/* Element i, as a double. */
double tw__element(const void *elements, tw_dtype dtype, int64_t i);
/* Element i, as text; returns the length. */
int tw__element_text(const void *elements, tw_dtype dtype, int64_t i, char *text, size_t size);
/* The single element or the range of a value that is there; "" of one that is not: never evaluates. */
void tw__value_text(tw_node *n, char *text, size_t size);
/* The program of the latest plan that computes n, by its number; -1: none. And what to call it. */
int32_t tw__plan_group(const tw_ctx *cx, const tw_node *n);
void    tw__plan_group_text(const tw_ctx *cx, int32_t group, char *text, size_t size);
