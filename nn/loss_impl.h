/* loss_impl.h - what losses share: their inputs looked at, their reduction. */
#pragma once
#include "core/here_impl.h"
#include "nn/loss.h"

/* n inputs resolved in place; false, with a nil in xs[0] to be returned and the error set, when there is nothing to build on. */
bool tw__loss_inputs(const tw_loc *at, const char *op, int n, tw_node **xs);
/* The same for inputs that must be of one shape, and then enters the loss's cluster of the drawing. */
bool tw__loss_enter(const tw_loc *at, const char *op, int n, tw_node **xs);
/* Reduces what there is of each example, and leaves the cluster. */
tw_node *tw__loss_leave(const tw_loc *at, tw_node *each, tw_reduction reduction);
/* Whether an option is a number from low to high; false, with the loss left and a nil in x[0], after the error. */
bool tw__loss_option(const tw_loc *at, const char *op, tw_node **xs, const char *name, double v, double low, double high);
/* 0 says the default, TW_ZERO zero. */
double tw__loss_number(double given, double otherwise);
/* log(1 + exp(-|z|)) and max(z, 0) by selection, so that derivatives of any order are right at 0. */
tw_node *tw__softplus(const tw_loc *at, tw_node *z);
/* The sum over the last axis. */
static inline tw_node *tw__last_sum(const tw_loc *at, tw_node *x) { return tw_sum(x, .axes = TW_AXES(-1)); }

