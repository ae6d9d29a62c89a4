/* minimise_impl.h - what methods share that evaluate at trial weights: weights and gradients as one vector of
 * doubles, whatever the dtype of the network. */
#pragma once
#include "optim/opt_impl.h"

/* A function to be minimised, of n numbers. */
typedef struct tw__target {
    const tw_loc *at;
    const char   *op;
    tw_opt       *opt;
    tw_node    *(*build)(void *user);
    void         *user;
    int64_t       n;                /* trained numbers */
    int64_t       evaluations;
} tw__target;

/* The loss at x and its gradient; x NULL: at the weights as they are. NaN in error. */
double tw__target_loss(tw__target *f, const double *x, double *gradient);
/* Half the squares of the residuals at x, and their gradient. */
double tw__target_squares(tw__target *f, const double *x, double *gradient);
/* J' J p at the weights as they are. False in error. */
bool tw__target_curvature(tw__target *f, const double *p, double *product);
/* The network gets the weights x. False in error. */
bool tw__target_set(tw__target *f, const double *x);
bool tw__target_get(tw__target *f, double *x);

static inline double tw__inner(int64_t n, const double *a, const double *b)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static inline double tw__largest(int64_t n, const double *a)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++) {
        const double v = a[i] < 0 ? -a[i] : a[i];
        if (!(v <= most)) most = v;             /* NaN comes, */
        if (!(most == most)) return most;       /* and stays */
    }
    return most;
}

/* to = a + t b */
static inline void tw__along(int64_t n, double *to, const double *a, double t, const double *b)
{
    for (int64_t i = 0; i < n; i++) to[i] = a[i] + t * b[i];
}

/* A point on the line x + t d: the value, the gradient, and its slope along d. */
typedef struct tw__point { double t, f, slope; double *g; } tw__point;

enum { TW__LINE_VECTORS = 4 };
/* wolfe.c: from *p, at t = 0, to a point with enough decrease and little enough slope; t is tried first. scratch
 * has room for TW__LINE_VECTORS vectors. False in error. */
bool tw__strong_wolfe(tw__target *f, const double *x, const double *d, double t, double tolerance, tw__point *p, double *scratch);

/* n doubles; NULL without memory, and for too many, which -1 says: then the context is in error. */
double *tw__vector_new(tw__target *f, int64_t n);
void    tw__vector_free(tw__target *f, double *v, int64_t n);

/* Checks the numbers, and makes an optimiser for tw_opt_minimise; never NULL. */
tw_opt *tw__minimiser_new(const tw_loc *at, tw_net *net, const tw__update *update, const tw__common *common, tw__limits o);
