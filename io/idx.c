/* idx.c - reads IDX, the format of the MNIST files, plain or gzip.
 *
 *     00 00  type  n     two zeros, the type of the elements, the number of dimensions
 *     d0 .. dn-1         the dimensions, four bytes each
 *     elements           row by row
 *
 * Everything is big-endian. The header's claim is never believed: memory grows with the data that
 * arrives, and the data must be exactly as much as the dimensions say.
 * Reference: Y. LeCun, C. Cortes, C. Burges, "The MNIST database".
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/idx_impl.h"
#include "io/io.h"
#include "io/source_impl.h"

#include <string.h>

enum { FIRST_BLOCK = 1 << 20 };

static uint32_t big32(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool type_of(tw__source *s, int code, tw_dtype *dtype)
{
    switch (code) {
    case 0x08: *dtype = TW_U8;  return true;
    case 0x0C: *dtype = TW_I32; return true;
    case 0x0D: *dtype = TW_F32; return true;
    case 0x0E: *dtype = TW_F64; return true;
    case 0x09: return tw__source_fail(s, TW_EIO, "its elements are 8 bits with a sign, for which there is no dtype");
    case 0x0B: return tw__source_fail(s, TW_EIO, "its elements are 16 bits, for which there is no dtype");
    default:   return tw__source_fail(s, TW_EIO, "unknown type of elements 0x%02x: no IDX file, or a damaged one", code);
    }
}

static bool read_start(tw__source *s, tw__idx *f)
{
    unsigned char b[4];
    const int64_t n = tw__source_read(s, b, sizeof b);
    if (n < 0) return false;
    if (n < 4) return tw__source_fail(s, TW_EIO, "ends after %d bytes, within the header", (int)n);
    if (b[0] || b[1])
        return tw__source_fail(s, TW_EIO, "no IDX file: begins with %02x %02x, not with 00 00", b[0], b[1]);
    f->dims.n = b[3];
    if (f->dims.n < 1 || f->dims.n > TW_MAX_RANK)
        return tw__source_fail(s, TW_EIO, "has %d dimensions, not 1 to %d", f->dims.n, TW_MAX_RANK);
    return type_of(s, b[2], &f->dtype);
}

static bool read_dims(tw__source *s, tw__idx *f)
{
    unsigned char b[4 * TW_MAX_RANK];
    const int64_t size = 4 * f->dims.n, n = tw__source_read(s, b, (size_t)size);
    if (n < 0) return false;
    if (n < size) return tw__source_fail(s, TW_EIO, "ends after %d bytes, within the header of %d", 4 + (int)n, 4 + (int)size);
    for (int i = 0; i < f->dims.n; i++) {
        f->dims.at[i] = big32(b + 4 * i);
        if (f->dims.at[i] == 0) return tw__source_fail(s, TW_EIO, "dimension %d of %d is 0", i, f->dims.n);
    }
    f->rows = f->dims.at[0];
    return true;
}

/* Elements and bytes, after cutting to the limit. */
static bool measure(tw__source *s, tw__idx *f, int64_t limit)
{
    if (limit > 0 && limit < f->rows) f->dims.at[0] = limit;
    int64_t bytes = (int64_t)tw_dtype_size(f->dtype);
    bool    over  = false;
    f->dims.count = 1;
    for (int i = 0; i < f->dims.n && !over; i++) {
        over = __builtin_mul_overflow(bytes, f->dims.at[i], &bytes);
        if (!over) f->dims.count *= f->dims.at[i];
    }
    char text[120];
    if (over || (uint64_t)bytes > SIZE_MAX / 2)
        return tw__source_fail(s, TW_EIO, "claims the shape %s, which no memory holds", tw_shape_text(&f->dims, text, sizeof text));
    f->bytes = (size_t)bytes;
    return true;
}

static bool grow(tw_ctx *cx, tw__idx *f)
{
    size_t room = f->room ? 2 * f->room : FIRST_BLOCK;
    if (room > f->bytes) room = f->bytes;
    void *p = tw_resize(cx, f->data, f->room, room);
    if (!p) return false;
    f->data = p, f->room = room;
    return true;
}

static bool read_elements(tw_ctx *cx, tw__source *s, tw__idx *f)
{
    char text[120];
    for (size_t got = 0; got < f->bytes; ) {
        if (got == f->room && !grow(cx, f)) return false;
        const int64_t n = tw__source_read(s, (unsigned char *)f->data + got, f->room - got);
        if (n < 0) return false;
        got += (size_t)n;
        if (got < f->room)
            return tw__source_fail(s, TW_EIO, "ends after %zu of the %zu bytes of its %s %s", got, f->bytes,
                                   tw_dtype_name(f->dtype), tw_shape_text(&f->dims, text, sizeof text));
    }
    return true;
}

/* Asking for one byte more also makes gzip verify its checksum. */
static bool nothing_follows(tw__source *s, const tw__idx *f)
{
    unsigned char more;
    char text[120];
    const int64_t n = tw__source_read(s, &more, 1);
    if (n <= 0) return n == 0;
    return tw__source_fail(s, TW_EIO, "goes on after the %zu bytes of its %s %s", f->bytes, tw_dtype_name(f->dtype),
                           tw_shape_text(&f->dims, text, sizeof text));
}

/* From big-endian to the machine's order, whichever that is. */
static void to_machine_order(tw__idx *f)
{
    unsigned char *b = f->data;
    const size_t size = tw_dtype_size(f->dtype);
    if (size == 4)
        for (size_t i = 0; i < f->bytes; i += 4) {
            const uint32_t v = big32(b + i);
            memcpy(b + i, &v, 4);
        }
    if (size == 8)
        for (size_t i = 0; i < f->bytes; i += 8) {
            const uint64_t v = (uint64_t)big32(b + i) << 32 | big32(b + i + 4);
            memcpy(b + i, &v, 8);
        }
}

bool tw__idx_load(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int64_t limit, tw__idx *f)
{
    *f = (tw__idx){ .data = NULL };
    tw__source *s = tw__source_open(at, cx, op, path);
    if (!s) return false;

    const bool ok = read_start(s, f) && read_dims(s, f) && measure(s, f, limit) && read_elements(cx, s, f) &&
                    (f->dims.at[0] < f->rows || nothing_follows(s, f));
    tw__source_close(s);
    if (ok) to_machine_order(f);
    else tw__idx_drop(cx, f);
    return ok;
}

void tw__idx_drop(tw_ctx *cx, tw__idx *f)
{
    if (f->data) tw_resize(cx, f->data, f->room, 0);
    f->data = NULL, f->room = 0;
}

tw_node *tw_idx_read_at(const tw_loc *at, tw_ctx *cx, const char *path)
{
    tw__idx f;
    if (!tw__idx_load(at, cx, "idx_read", path, 0, &f)) return tw_nil(cx);
    tw_shape shape = { f.dims.n, { 0 } };
    memcpy(shape.at, f.dims.at, sizeof shape.at);
    tw_node *n = tw_data_at(at, cx, f.dtype, shape, f.data);
    tw__idx_drop(cx, &f);
    return n;
}
