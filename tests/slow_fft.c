/* slow_fft.c - Fourier transforms by their definition: see slow_fft.h. */
#include "tests/slow_fft.h"

static const double PI = 3.14159265358979323846;

/* Elements in front of the axis, along it, and behind it (pairs included). */
static void cut(const arr *z, int axis, int64_t *before, int64_t *n, int64_t *after)
{
    *before = *after = 1, *n = z->at[axis];
    for (int d = 0; d < axis; d++) *before *= z->at[d];
    for (int d = axis + 1; d < z->n; d++) *after *= z->at[d];
}

static arr resized(const arr *z, int axis, int64_t size)
{
    int64_t at[8];
    for (int d = 0; d < z->n; d++) at[d] = d == axis ? size : z->at[d];
    return arr_new(z->n, at);
}

arr slow_fft(const arr *z, int axis, bool inverse, double scale)
{
    int64_t before, n, after;
    arr y = arr_like(z);
    cut(z, axis, &before, &n, &after);
    for (int64_t b = 0; b < before; b++)
        for (int64_t k = 0; k < n; k++)
            for (int64_t a = 0; a < after; a += 2) {
                double re = 0, im = 0;
                for (int64_t t = 0; t < n; t++) {
                    const double *x = &z->v[(b * n + t) * after + a], w = (inverse ? 2 : -2) * PI * (double)(k * t % n) / (double)n;
                    re += x[0] * cos(w) - x[1] * sin(w), im += x[0] * sin(w) + x[1] * cos(w);
                }
                y.v[(b * n + k) * after + a] = re * scale, y.v[(b * n + k) * after + a + 1] = im * scale;
            }
    return y;
}

arr slow_complex(const arr *re, const arr *im)
{
    int64_t at[8];
    for (int d = 0; d < re->n; d++) at[d] = re->at[d];
    at[re->n] = 2;
    arr y = arr_new(re->n + 1, at);
    for (int64_t k = 0; k < re->count; k++) y.v[2 * k] = re->v[k], y.v[2 * k + 1] = im ? im->v[k] : 0;
    return y;
}

arr slow_part(const arr *z, int k)
{
    arr y = arr_new(z->n - 1, z->at);
    for (int64_t i = 0; i < y.count; i++) y.v[i] = z->v[2 * i + k];
    return y;
}

arr slow_head(const arr *z, int axis, int64_t size)
{
    int64_t before, n, after;
    arr y = resized(z, axis, size);
    cut(z, axis, &before, &n, &after);
    for (int64_t b = 0; b < before; b++)
        for (int64_t k = 0; k < size * after; k++) y.v[b * size * after + k] = z->v[b * n * after + k];
    return y;
}

arr slow_whole(const arr *z, int axis, int64_t n)
{
    int64_t before, half, after;
    arr y = resized(z, axis, n);
    cut(z, axis, &before, &half, &after);
    for (int64_t b = 0; b < before; b++)
        for (int64_t k = 0; k < n; k++)
            for (int64_t a = 0; a < after; a += 2) {
                const bool mirrored = k > n / 2, real = k == 0 || 2 * k == n;
                const double *from = &z->v[(b * half + (mirrored ? n - k : k)) * after + a];
                double *to = &y.v[(b * n + k) * after + a];
                to[0] = from[0], to[1] = real ? 0 : mirrored ? -from[1] : from[1];
            }
    return y;
}
