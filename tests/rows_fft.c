/* rows_fft.c - rows of Fourier transforms and of complex numbers as pairs: see rows.h. */
#include "tests/rows.h"
#include "tests/slow_fft.h"

/* p: the axis of the data, which norm. */
static const char *const norms[] = { NULL, "ortho", "forward", "backward" };
static double scale(int norm, bool inverse, int64_t n)
{
    return norm == 1 ? 1 / sqrt((double)n) : (norm == 2) != inverse ? 1 / (double)n : 1;
}
#define OPTIONS .axes = TW_AXES(r->p[0]), .norm = norms[r->p[1]]
static int data_axis(const row *r, int rank) { return r->p[0] < 0 ? r->p[0] + rank : r->p[0]; }

static arr transformed(const row *r, const arr *z, bool inverse)
{
    const int axis = data_axis(r, z->n - 1);
    return slow_fft(z, axis, inverse, scale(r->p[1], inverse, z->at[axis]));
}
BUILD(b_fft, tw_fft(x[0], OPTIONS))
REF(r_fft, transformed(r, &x[0], false))
BUILD(b_ifft, tw_ifft(x[0], OPTIONS))
REF(r_ifft, transformed(r, &x[0], true))

BUILD(b_rfft, tw_rfft(x[0], OPTIONS))
static arr r_rfft(const row *r, const arr *x)
{
    const int axis = data_axis(r, x->n);
    arr z = slow_complex(x, NULL);
    z = transformed(r, &z, false);
    return slow_head(&z, axis, x->at[axis] / 2 + 1);
}
/* p[2]: the length. */
BUILD(b_irfft, tw_irfft(x[0], OPTIONS, .n = r->p[2]))
static arr r_irfft(const row *r, const arr *x)
{
    const int axis = data_axis(r, x->n - 1);
    arr z = slow_whole(x, axis, r->p[2] ? r->p[2] : 2 * (x->at[axis] - 1));
    z = transformed(r, &z, true);
    return slow_part(&z, 0);
}

/* Along the last two axes of the data. */
static arr both(const arr *z, bool inverse)
{
    const int last = z->n - 2;
    arr y = slow_fft(z, last, inverse, scale(0, inverse, z->at[last]));
    return slow_fft(&y, last - 1, inverse, scale(0, inverse, z->at[last - 1]));
}
BUILD(b_fft2, tw_fft2(x[0]))
REF(r_fft2, both(&x[0], false))
BUILD(b_ifft2, tw_ifft2(x[0]))
REF(r_ifft2, both(&x[0], true))
BUILD(b_rfft2, tw_rfft2(x[0]))
static arr r_rfft2(const row *r, const arr *x)
{
    (void)r;
    arr z = slow_complex(x, NULL);
    z = both(&z, false);
    return slow_head(&z, x->n - 1, x->at[x->n - 1] / 2 + 1);
}
BUILD(b_irfft2, tw_irfft2(x[0]))
static arr r_irfft2(const row *r, const arr *x)
{
    (void)r;
    const int last = x->n - 2;
    const int64_t n = 2 * (x->at[last] - 1);
    arr z = slow_fft(x, last - 1, true, scale(0, true, x->at[last - 1]));
    z = slow_whole(&z, last, n);
    z = slow_fft(&z, last, true, scale(0, true, n));
    return slow_part(&z, 0);
}

BUILD(b_complex, tw_complex(x[0], x[1]))
REF(r_complex, slow_complex(&x[0], &x[1]))
BUILD(b_real, tw_real(x[0]))
REF(r_real, slow_part(&x[0], 0))
BUILD(b_imag, tw_imag(x[0]))
REF(r_imag, slow_part(&x[0], 1))
BUILD(b_complex_mul, tw_complex_mul(x[0], x[1]))
static arr r_complex_mul(const row *r, const arr *x)
{
    (void)r;
    arr y = arr_like(&x[0]);
    for (int64_t k = 0; k < y.count; k += 2) {
        const double *a = &x[0].v[k], *b = &x[1].v[k];
        y.v[k] = a[0] * b[0] - a[1] * b[1], y.v[k + 1] = a[0] * b[1] + a[1] * b[0];
    }
    return y;
}

/* The product of spectra is the spectrum of a convolution: here of something with itself, which is not linear. */
BUILD(b_square, tw_irfft(tw_complex_mul(tw_rfft(x[0]), tw_rfft(x[0])), .n = 5))
static arr r_square(const row *r, const arr *x)
{
    (void)r;
    arr y = arr_like(x);
    for (int64_t k = 0; k < 5; k++)
        for (int64_t t = 0; t < 5; t++) y.v[k] += x->v[t] * x->v[(k - t + 5) % 5];
    return y;
}

const row rows_fft[] = {
    { "fft", "8", { REAL(8, 2) }, IS(fft), .p = { -1 }, .tol = 32 },
    { "fft", "1", { REAL(3, 1, 2) }, IS(fft), .p = { -1 } },
    { "fft", "6, batch", { REAL(2, 6, 2) }, IS(fft), .p = { -1 }, .tol = 32 },
    { "fft", "first axis, ortho", { REAL(5, 3, 2) }, IS(fft), .p = { 0, 1 }, .tol = 32 },
    { "fft", "13, forward", { REAL(13, 2) }, IS(fft), .p = { -1, 2 }, .tol = 64 },
    { "fft", "17: a large prime", { REAL(2, 17, 2) }, IS(fft), .p = { -1 }, .tol = 256 },
    { "fft", "38: twice one", { REAL(38, 2) }, IS(fft), .p = { -1 }, .tol = 512 },
    { "fft", "240", { REAL(240, 2) }, IS(fft), .p = { -1 }, .tol = 512, .flags = R_VALUE },
    { "fft", "512", { REAL(512, 2) }, IS(fft), .p = { -1 }, .tol = 1024, .flags = R_VALUE },
    { "fft", "1155", { REAL(1155, 2) }, IS(fft), .p = { -1 }, .tol = 4096, .flags = R_VALUE },
    { "ifft", "12", { REAL(12, 2) }, IS(ifft), .p = { -1 }, .tol = 32 },
    { "ifft", "19: a large prime, ortho", { REAL(19, 2) }, IS(ifft), .p = { 0, 1 }, .tol = 256 },
    { "ifft", "forward", { REAL(2, 4, 2) }, IS(ifft), .p = { -2, 2 }, .tol = 32 },
    { "rfft", "even", { REAL(2, 6) }, IS(rfft), .p = { -1 }, .tol = 32 },
    { "rfft", "odd, first axis", { REAL(5, 2) }, IS(rfft), .p = { 0, 1 }, .tol = 32 },
    { "rfft", "1", { REAL(1) }, IS(rfft), .p = { -1 } },
    { "irfft", "even", { REAL(2, 4, 2) }, IS(irfft), .p = { -1 }, .tol = 32 },
    { "irfft", "odd, first axis", { REAL(3, 2, 2) }, IS(irfft), .p = { 0, 3, 5 }, .tol = 32 },
    { "irfft", "1", { REAL(1, 2) }, IS(irfft), .p = { -1, 0, 1 } },
    { "irfft", "a convolution with itself", { REAL(5) }, IS(square), .tol = 128 },
    { "fft2", "3 by 4", { REAL(3, 4, 2) }, IS(fft2), .tol = 64 },
    { "ifft2", "batch", { REAL(2, 2, 3, 2) }, IS(ifft2), .tol = 64 },
    { "rfft2", "3 by 4", { REAL(3, 4) }, IS(rfft2), .tol = 64 },
    { "irfft2", "3 by 4", { REAL(3, 3, 2) }, IS(irfft2), .tol = 64 },
    { "complex", "of parts", { REAL(3, 2), REAL(3, 2) }, IS(complex), .flags = R_EXACT },
    { "real", "part", { REAL(3, 2) }, IS(real), .flags = R_EXACT },
    { "imag", "part", { REAL(2, 3, 2) }, IS(imag), .flags = R_EXACT },
    { "complex_mul", "of pairs", { REAL(3, 2), REAL(3, 2) }, IS(complex_mul) },
};
const int n_rows_fft = sizeof rows_fft / sizeof *rows_fft;
