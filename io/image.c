/* image.c - pictures as tensors: PNG and JPEG in, PNG out.
 *
 * A file of n bytes cannot stand for much more than 1000 n bytes of picture in either format, so
 * what claims more is refused before there is memory for it.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/image_impl.h"
#include "io/io.h"
#include "io/sink_impl.h"
#include "io/source_impl.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 2000, FIRST_BLOCK = 1 << 16 };

bool tw__picture_fail(const tw__picture_file *f, tw_code code, const char *format, ...)
{
    char text[160];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return tw__file_fail(f->at, f->cx, f->op, f->path, code, "%s", text);
}

bool tw__image_room(const tw__picture_file *f, int64_t height, int64_t width, int channels, tw__image *to)
{
    int64_t bytes;
    const bool over = __builtin_mul_overflow(height, width, &bytes) || __builtin_mul_overflow(bytes, channels, &bytes);
    if (over || bytes > (int64_t)f->size * MOST + FIRST_BLOCK)
        return tw__picture_fail(f, TW_EIO, "claims to be %lld by %lld pixels, in a file of %zu bytes", (long long)height, (long long)width, f->size);
    *to = (tw__image){ height, width, channels, (size_t)bytes, tw_resize(f->cx, NULL, 0, (size_t)bytes) };
    return to->data;
}

void tw__image_drop(tw_ctx *cx, tw__image *i)
{
    if (i->data) tw_resize(cx, i->data, i->bytes, 0);
    i->data = NULL;
}

/* ---- reading */

bool tw__image_load(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int channels, tw__image *to)
{
    size_t size, room;
    unsigned char *bytes = tw__file_contents(at, cx, op, path, &size, &room);
    *to = (tw__image){ .data = NULL };
    if (!bytes) return false;
    const tw__picture_file f = { at, cx, op, path, bytes, size, channels };
    bool ok;
    if (size >= 8 && !memcmp(bytes, "\x89PNG\r\n\x1a\n", 8)) ok = tw__png_decode(&f, to);
    else if (size >= 3 && !memcmp(bytes, "\xff\xd8\xff", 3)) ok = tw__jpeg_decode(&f, to);
    else ok = tw__picture_fail(&f, TW_EIO, "is neither PNG nor JPEG: begins with %02x %02x", bytes[0], size > 1 ? bytes[1] : 0);
    tw_resize(cx, bytes, room, 0);
    if (!ok) tw__image_drop(cx, to);
    return ok;
}

tw_node *tw_image_read_at(const tw_loc *at, tw_ctx *cx, const char *path, const tw_image_args *o)
{
    TW_OPTIONS(tw_image_args, o);
    tw__image i;
    if (tw_ok(cx) && (o->channels < 0 || o->channels > 4)) return tw_fail(cx, TW_EARG, "image_read", at, ".channels is %d: 1 to 4", o->channels);
    if (!tw__image_load(at, cx, "image_read", path, o->channels, &i)) return tw_nil(cx);
    tw_node *n = tw_data(cx, TW_U8, TW_SHAPE(i.height, i.width, i.channels), i.data);
    tw__image_drop(cx, &i);
    return n;
}

/* ---- another size */

/* What one line of `from` pixels gives for pixel k of `to`: the mean over [k from / to, (k + 1) from / to), ends weighted. */
static void shrink(const float *in, int64_t from, int64_t in_step, float *out, int64_t to, int64_t out_step, int channels)
{
    const double ratio = (double)from / (double)to;
    for (int64_t k = 0; k < to; k++) {
        const double begin = (double)k * ratio, end = begin + ratio;
        for (int c = 0; c < channels; c++) {
            double sum = 0, weight = 0;
            for (int64_t i = (int64_t)begin; i < from && (double)i < end; i++) {
                const double left = begin > (double)i ? begin : (double)i, right = end < (double)(i + 1) ? end : (double)(i + 1);
                sum += (right - left) * (double)in[i * in_step + c], weight += right - left;
            }
            out[k * out_step + c] = (float)(weight > 0 ? sum / weight : (double)in[(from - 1) * in_step + c]);
        }
    }
}

bool tw__image_resize(tw_ctx *cx, tw__image *i, int64_t height, int64_t width)
{
    if (i->height == height && i->width == width) return true;
    const int n = i->channels;
    const size_t whole = (size_t)(i->height * i->width * n), wide = (size_t)(i->height * width * n), small = (size_t)(height * width * n);
    const size_t size = (whole + wide + small) * sizeof(float);
    float *a = tw_resize(cx, NULL, 0, size), *b = a + whole, *c = b + wide;
    unsigned char *data = a ? tw_resize(cx, NULL, 0, small) : NULL;
    if (data) {
        for (size_t k = 0; k < whole; k++) a[k] = i->data[k];
        for (int64_t y = 0; y < i->height; y++) shrink(a + y * i->width * n, i->width, n, b + y * width * n, width, n, n);
        for (int64_t x = 0; x < width; x++) shrink(b + x * n, i->height, width * n, c + x * n, height, width * n, n);
        for (size_t k = 0; k < small; k++) data[k] = (unsigned char)lrintf(c[k]);
        tw__image_drop(cx, i);
        *i = (tw__image){ height, width, n, small, data };
    }
    if (a) tw_resize(cx, a, size, 0);
    return data;
}

/* ---- writing */

/* The bytes of pixels: of u8 as they are, of numbers from 0 to 1. */
static void bytes_of(const void *from, tw_dtype dtype, int64_t n, unsigned char *to)
{
    for (int64_t k = 0; k < n; k++) {
        const double v = dtype == TW_F32 ? (double)((const float *)from)[k] : dtype == TW_F64 ? ((const double *)from)[k] : 0;
        to[k] = dtype == TW_U8 ? ((const unsigned char *)from)[k] : (unsigned char)(v > 0 ? v < 1 ? 255 * v + 0.5 : 255 : 0);
    }
}

bool tw__image_of(const tw_loc *at, const char *op, tw_node *n, tw__image *to)
{
    const tw_dtype dtype = tw_dtype_of(n);
    char text[96];
    *to = (tw__image){ tw_dim(n, 0), tw_dim(n, 1), tw_rank(n) == 3 ? (int)tw_dim(n, 2) : 1, (size_t)tw_count(n), NULL };
    if (tw_rank(n) < 2 || tw_rank(n) > 3 || to->channels < 1 || to->channels > 4 || !to->bytes)
        return tw_fail(n->cx, TW_ESHAPE, op, at, "%s is no picture, [h, w] or [h, w, 1 to 4]", tw_shape_text(n->shape, text, sizeof text)), false;
    if (dtype != TW_U8 && !tw_is_float(dtype)) return tw_fail(n->cx, TW_EDTYPE, op, at, "%s: u8, or numbers from 0 to 1", tw_dtype_name(dtype)), false;
    const void *from = tw_read_at(at, n, dtype);
    if (!from || !(to->data = tw_resize(n->cx, NULL, 0, to->bytes))) return false;
    bytes_of(from, dtype, tw_count(n), to->data);
    return true;
}

static bool put(const tw_loc *at, tw_ctx *cx, const char *path, const tw__image *i)
{
    size_t size;
    unsigned char *png = tw__png_encode(at, cx, "png_write", path, i, &size);
    tw__sink *s = png ? tw__sink_open(at, cx, "png_write", path) : NULL;
    const bool ok = s && tw__sink_close(s, tw__sink_write(s, png, size));
    free(png);
    return ok;
}

bool tw_png_write_at(const tw_loc *at, tw_node *n, const char *path)
{
    tw__image i;
    if (!n || !tw_ok(n->cx) || !(n = tw_input(at, "png_write", 0, n)) || tw_is_nil(n)) return false;
    if (!tw__image_of(at, "png_write", n, &i)) return false;
    const bool ok = put(at, n->cx, path, &i);
    tw__image_drop(n->cx, &i);
    return ok;
}
