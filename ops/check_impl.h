/* check_impl.h - a function whose derivatives are checked: for grad_check.c and op_check.c. */
#pragma once
#include "ops/ops_impl.h"

enum { TW__CHECKED = 8 };       /* inputs at most */

typedef struct tw__subject {
    const tw_loc *at;
    tw_ctx       *cx;           /* where it is computed, in f64 */
    const char   *name;         /* of the function, for messages */
    tw_node    *(*f)(int n, tw_node *const *xs, void *user);
    void         *user;
    int           n;
    tw_shape      shape[TW__CHECKED];
    int64_t       count[TW__CHECKED];
    double       *x[TW__CHECKED];       /* values of the float inputs */
    tw_node      *fixed[TW__CHECKED];   /* the others */
    double        tol;
    bool          first_order, linear;  /* nothing of second order is asked; the operation says that it is linear */
    char          text[256];            /* what is wrong */
} tw__subject;

/* The first thing that is wrong with the derivatives, in s->text, or in the context's error; true if nothing is. */
bool tw__check(tw__subject *s);
