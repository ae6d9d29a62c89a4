/* slow_fft.h - Fourier transforms by their definition: see slow.h. Complex tensors have a last axis of size 2. */
#pragma once
#include "tests/slow.h"

/* Along an axis of the data, times scale. */
arr slow_fft(const arr *z, int axis, bool inverse, double scale);
arr slow_complex(const arr *re, const arr *im);
/* k: 0 real, 1 imaginary parts. */
arr slow_part(const arr *z, int k);
/* The first elements along an axis; and all n of a spectrum of real numbers, out of its half. */
arr slow_head(const arr *z, int axis, int64_t size);
arr slow_whole(const arr *z, int axis, int64_t n);
