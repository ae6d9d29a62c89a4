/* onednn.h - products and convolutions by oneDNN, where it was found. */
#pragma once
#include <stdint.h>

enum { FORWARD = 0, DATA, WEIGHTS, PASSES };

typedef struct conv_shape { const char *name; int n, size, c, o, k, stride, padding, groups; } conv_shape;
typedef struct product_shape { const char *name; int64_t batch, m, k, n; } product_shape;

static inline int conv_outputs(const conv_shape *s) { return (s->size + 2 * s->padding - s->k) / s->stride + 1; }

typedef struct onednn onednn;

/* NULL where it was not found. With at most so many threads, here and at each run. */
onednn *onednn_product(const product_shape *s, int transpose_a, int transpose_b, const float *a, const float *b, int threads);
/* data[pass]: what has the shape of the pass's result. Weights as we have them, [kh, kw, in / groups, out]: oneDNN keeps a
 * copy in a layout of its choice, which it is not timed for making. */
onednn *onednn_conv(const conv_shape *s, int pass, const float *const data[PASSES], int threads);
/* An onednn *. */
void    onednn_run(void *q);
/* What it computed, in our layout, n elements; the caller frees. */
float  *onednn_result(onednn *q, int64_t n);
void    onednn_drop(onednn *q);
