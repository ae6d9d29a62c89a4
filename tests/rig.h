/* rig.h - what every test binary uses: contexts whose memory is counted, arrays of doubles, noise.
 *
 * Arrays (arr) hold elements of any dtype as doubles, row by row, and live until arrs_drop: tests
 * make them freely. All noise comes from a seed, so a failure repeats.
 */
#pragma once
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/op.h"
#include "ops/ops.h"

#define INF ((double)INFINITY)
#define NaN ((double)NAN)

/* Fails the test with the context's error, if it has one: call it before using results. */
#define ok(cx) rig_ok(cx, __FILE__, __LINE__)
void rig_ok(tw_ctx *cx, const char *file, int line);

/* Fails the test unless the context holds an error of that code, operation and line; takes the error. */
#define fails(cx, code, op, line) rig_fails(cx, code, op, line, NULL, __FILE__, __LINE__)
/* The same, and its text contains the words. */
#define fails_with(cx, code, op, line, words) rig_fails(cx, code, op, line, words, __FILE__, __LINE__)
void rig_fails(tw_ctx *cx, tw_code code, const char *op, int line, const char *words, const char *file, int at);

/* Nearly equal: within tol times the larger of 1 and |want|; NaN equals NaN, infinities equal themselves. */
bool close_to(double got, double want, double tol);
#define near(got, want, tol) rig_near(got, want, tol, #got, __FILE__, __LINE__)
void rig_near(double got, double want, double tol, const char *what, const char *file, int line);
/* The value of a node of one element, exactly. */
#define item_is(node, want) rig_near(tw_item(node), want, 0, #node, __FILE__, __LINE__)

/* An allocator that counts and, after `left` successes, says no (left < 0: never), for good or once. */
typedef struct heap { long left; bool once; long calls, blocks; size_t live, peak; } heap;
void *heap_resize(void *user, void *p, size_t old_size, size_t new_size);

/* Opens a context that prints nothing, with an instruction set ("base", "avx2", "avx512", NULL: the best)
 * and with plans or node by node. */
tw_ctx *rig_open(tw_dtype dtype, const char *isa, bool plan);
/* The instruction sets of this machine, NULL at the end. */
const char *const *rig_isas(void);
/* Sets or clears an environment variable. */
void rig_env(const char *name, const char *value);
void rig_quiet(void *user, const tw_error *e);      /* for .on_error: says nothing */

uint64_t noise_bits(uint64_t *seed);
double   noise(uint64_t *seed, double low, double high);

typedef struct arr { int n; int64_t at[8]; int64_t count; double *v; } arr;
arr      arr_new(int n, const int64_t *at);
arr      arr_like(const arr *a);
void     arrs_drop(void);
arr      arr_noise(tw_shape shape, double low, double high, uint64_t *seed);
tw_node *rig_wave(tw_ctx *cx, tw_shape shape, double size, double start, double step);     /* size sin(start + step i), in f64 */
arr      arr_of(tw_node *n);                                        /* evaluates; fails the test in error */
arr      arr_of_bytes(tw_shape shape, tw_dtype dtype, const void *bytes);
tw_node *node_of(tw_ctx *cx, tw_dtype dtype, const arr *a);
arr      arr_rounded(const arr *a, tw_dtype dtype);                 /* as the dtype holds it */
tw_shape shape_of(const arr *a);
double   arr_dot(const arr *a, const arr *b);
double   arr_dot_size(const arr *a, const arr *b);                  /* sum of |a_i b_i|: the scale of rounding errors */
/* Fails with the first element that differs. */
void     arr_near(const arr *got, const arr *want, double tol, const char *what);
/* Bytes of two evaluated nodes are equal; -0 and NaN count. */
bool     same_bits(tw_node *a, tw_node *b);

/* main of a binary: runs the suite, returns what main returns. */
int rig_run(Suite *suite);
