/* attrs.h - attributes that builders write and kernels read. Zeroed before filling, so that equal means equal bytes. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct tw_reduce_attr { uint8_t axes, keep_dims; } tw_reduce_attr;      /* axes: bit i is axis i */
typedef struct tw_matmul_attr { bool transpose_a, transpose_b; } tw_matmul_attr;
typedef struct tw_pad_attr { int32_t step[8]; double value; } tw_pad_attr;      /* step - 1 values between elements, too */
/* The trilinear form sum x[n, oy*stride + ky*dilation - before, ., c] w[ky, ., c, o] y[n, oy, ., o] that the three convolutions share. */
typedef struct tw_conv_attr { int32_t stride[2], dilation[2], before[2], after[2], groups; } tw_conv_attr;
typedef struct tw_pool_attr { int32_t window[2], stride[2], before[2], after[2]; } tw_pool_attr;
