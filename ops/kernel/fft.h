/* fft.h - the discrete Fourier transform: see fft.c.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "core/op.h"

typedef struct tw_fft_attr { double scale; bool inverse; } tw_fft_attr;

/* x [..., n, 2] of any strides -> sum over t of x_t exp(-+ 2 pi i k t / n), times scale. Work: transforms. */
int64_t tw__fft_kernel(const tw_call *c);
/* Elements of scratch for length n. */
int64_t tw__fft_scratch(int64_t n);
