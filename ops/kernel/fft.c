/* fft.c - the discrete Fourier transform of any length.
 *
 * Stockham's form of Cooley and Tukey: stages of radix 4, 2 and odd primes up to 13 pass the data between
 * two buffers, so that it comes out in order without a permutation of digits. A stage of radix r turns
 * n elements at stride s into r sets of n / r at stride r s:
 *
 *     y[q + s (r p + j)] = w^(p j) * sum over k of x[q + s (p + k n / r)] exp(-2 pi i j k / r),   w = exp(-2 pi i / n)
 *
 * A length with a larger prime factor goes by Bluestein (1970): with c_t = exp(-pi i t^2 / n), y_k is
 * c_k times the convolution of x c with the conjugate of c, which is done by transforms of a power of 2.
 * Roots of unity are computed in double from reduced angles. Compiled once: lengths, not vectors, are
 * what varies here.
 */
#include "ops/kernel/fft.h"
#include <math.h>

enum { LARGEST = 13 };              /* radix done by its definition */
static const double PI = 3.14159265358979323846;

/* The next factor of n; 0: a prime beyond the largest radix. */
static int radix_of(int64_t n)
{
    static const int radices[] = { 4, 2, 3, 5, 7, 11, LARGEST };
    for (int i = 0; i < 7; i++)
        if (n % radices[i] == 0) return radices[i];
    return 0;
}

static bool smooth(int64_t n)
{
    while (n > 1) {
        const int r = radix_of(n);
        if (!r) return false;
        n /= r;
    }
    return true;
}

/* A power of 2 that holds a convolution of length n. */
static int64_t padded(int64_t n)
{
    int64_t m = 1;
    while (m < 2 * n - 1) m *= 2;
    return m;
}

/* Roots and two buffers; for Bluestein those of the padded length, the transformed chirp, and the chirp. */
int64_t tw__fft_scratch(int64_t n)
{
    if (n == 0 || smooth(n)) return 6 * n;
    return 8 * padded(n) + 2 * n;
}

#define JOIN_(a, b) a##_##b
#define JOIN(a, b)  JOIN_(a, b)
#define FN(name)    JOIN(name, SUFFIX)

#define T      double
#define SUFFIX f64
#include "ops/kernel/fft_tmpl.h"

#define T      float
#define SUFFIX f32
#include "ops/kernel/fft_tmpl.h"

int64_t tw__fft_kernel(const tw_call *c) { return c->in->dtype == TW_F32 ? fft_f32(c) : fft_f64(c); }
