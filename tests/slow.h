/* slow.h - the operations again, as plain loops over doubles: what the library is compared with.
 *
 * Written from the definitions, one index at a time, sharing nothing with the kernels. The rows'
 * references and the naive evaluator call them.
 */
#pragma once
#include "tests/rig.h"

/* Stepping through all indices of a shape, the last axis fastest: for (i.. = 0; more; more = slow_next(..)). */
bool    slow_next(const arr *a, int64_t *index);
int64_t slow_offset(const arr *a, const int64_t *index);
/* The element at an index of a larger shape, by broadcasting. */
double  slow_at_broadcast(const arr *a, int n, const int64_t *index);

arr slow_map1(const arr *a, double (*f)(double));
arr slow_map2(const arr *a, const arr *b, double (*f)(double, double));      /* broadcasts */
double slow_add(double a, double b);
double slow_mul(double a, double b);
double slow_mod(double a, double b);            /* with the sign of b */
arr slow_where(const arr *c, const arr *a, const arr *b);
arr slow_reshape(const arr *a, int n, const int64_t *at);
arr slow_permute(const arr *a, const int *axes);
arr slow_broadcast(const arr *a, int n, const int64_t *at);
arr slow_sum_to(const arr *a, int n, const int64_t *at);
arr slow_slice(const arr *a, const int64_t *start, const int64_t *size, const int64_t *step);
arr slow_pad(const arr *a, const int64_t *before, const int64_t *size, const int64_t *step, double value);  /* a[i] lands at before + i * step */
arr slow_flip(const arr *a, unsigned axes);
arr slow_concat(int n, const arr *xs, int axis);
/* how: '+', '*', 'M', 'm'; axes by bits. */
arr slow_reduce(const arr *a, unsigned axes, bool keep_dims, char how);
arr slow_argmax(const arr *a, int axis);
arr slow_matmul(const arr *a, const arr *b, bool ta, bool tb);

/* What convolutions and pools have in common, along each of the spatial axes of x [n, spatial, c]. */
typedef struct slow_window { int64_t size[3], stride[3], dilation[3], before[3], after[3], groups; } slow_window;
arr slow_conv(const arr *x, const arr *w, const slow_window *o);             /* .size is w's */
arr slow_conv_x(const arr *gy, const arr *w, const slow_window *o, const arr *x_like);
arr slow_conv_w(const arr *x, const arr *gy, const slow_window *o, const arr *w_like);
arr slow_pool(const arr *x, const slow_window *o, char how);                 /* 'M', '+', or '#': elements that are not padding */
arr slow_max_pool_x(const arr *x, const arr *y, const arr *gy, const slow_window *o);
arr slow_max_pool_y(const arr *x, const arr *y, const arr *t, const slow_window *o);
arr slow_unfold(const arr *x, const slow_window *o);                         /* [n, places, window, c] */
arr slow_fold(const arr *y, const slow_window *o, const arr *x_like);        /* its transpose */
arr slow_sum_pool_x(const arr *gy, const slow_window *o, const arr *x_like);

arr slow_gather(const arr *x, const arr *index, int axis);
arr slow_scatter_add(const arr *x, const arr *index, const arr *src, int axis);

/* Philox 4x32-10 of Salmon, Moraes, Dror and Shaw (2011). */
void slow_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
/* The word of one element of a random node. */
uint32_t slow_random_word(uint64_t seed, uint64_t number, uint64_t element);
