/* attrs.h - attributes that builders write and kernels read. Zeroed before filling, so that equal means equal bytes. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct tw_reduce_attr { uint8_t axes, keep_dims; } tw_reduce_attr;      /* axes: bit i is axis i */
typedef struct tw_matmul_attr { bool transpose_a, transpose_b; } tw_matmul_attr;
typedef struct tw_triangular_attr { bool upper, transpose, unit; } tw_triangular_attr;
typedef struct tw_pad_attr { int32_t step[8]; double value; } tw_pad_attr;      /* step - 1 values between elements, too */
/* Windows over the spatial axes of x [n, (d, (h,)) w, c]: places are counted from the end, so one and two axes have
 * ones, and no padding, in front. dilation is the distance of the taps of a window. */
typedef struct tw_window { int32_t stride[3], dilation[3], before[3], after[3]; } tw_window;
/* The trilinear form sum x[n, o*stride + k*dilation - before, c] w[k, c, m] y[n, o, m] that the three convolutions share. */
typedef struct tw_conv_attr { tw_window at; int32_t groups; } tw_conv_attr;
typedef struct tw_pool_attr { tw_window at; int32_t window[3]; } tw_pool_attr;
typedef struct tw_scan_attr { int32_t axis; uint8_t reverse, exclusive, unused[2]; } tw_scan_attr;     /* no byte that = leaves as it was */
/* Numbers of the gamma distribution, or their logarithms; element k has the stream of k % count. */
typedef struct tw_gamma_attr { int64_t count; bool log; } tw_gamma_attr;
/* Slots of random draws: the number of the node first. */
typedef struct tw_randint_slot { uint64_t number; int64_t low; uint64_t range; } tw_randint_slot;
typedef struct tw_truncated_slot { uint64_t number; double low, high; } tw_truncated_slot;
