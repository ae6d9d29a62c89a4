/* idx.c - reads IDX, the format of the MNIST files, plain or gzip.
 *
 *     00 00  type  n     two zeros, the type of the elements, the number of dimensions
 *     d0 .. dn-1         the dimensions, four bytes each
 *     elements           row by row
 *
 * Everything is big-endian, and the data must be exactly as much as the dimensions say.
 * Reference: Y. LeCun, C. Cortes, C. Burges, "The MNIST database".
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/idx_impl.h"
#include "io/io.h"

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

static bool read_start(tw__source *s, tw__tensor *t)
{
    unsigned char b[4];
    tw_dtype dtype = TW_U8;
    const int64_t n = tw__source_read(s, b, sizeof b);
    if (n < 0) return false;
    if (n < 4) return tw__source_fail(s, TW_EIO, "ends after %d bytes, within the header", (int)n);
    if (b[0] || b[1])
        return tw__source_fail(s, TW_EIO, "no IDX file: begins with %02x %02x, not with 00 00", b[0], b[1]);
    t->dims.n = b[3];
    if (t->dims.n < 1 || t->dims.n > TW_MAX_RANK)
        return tw__source_fail(s, TW_EIO, "has %d dimensions, not 1 to %d", t->dims.n, TW_MAX_RANK);
    if (!type_of(s, b[2], &dtype)) return false;
    t->as = tw__stored_dtype(dtype);
    return true;
}

static bool read_dims(tw__source *s, tw__tensor *t)
{
    unsigned char b[4 * TW_MAX_RANK];
    const int64_t size = 4 * t->dims.n, n = tw__source_read(s, b, (size_t)size);
    if (n < 0) return false;
    if (n < size) return tw__source_fail(s, TW_EIO, "ends after %d bytes, within the header of %d", 4 + (int)n, 4 + (int)size);
    for (int i = 0; i < t->dims.n; i++) {
        t->dims.at[i] = big32(b + 4 * i);
        if (t->dims.at[i] == 0) return tw__source_fail(s, TW_EIO, "dimension %d of %d is 0", i, t->dims.n);
    }
    return true;
}

bool tw__idx_load(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int64_t limit, tw__idx *f)
{
    *f = (tw__idx){ .rows = 0 };
    tw__source *s = tw__source_open(at, cx, op, path);
    if (!s) return false;

    bool ok = read_start(s, &f->t) && read_dims(s, &f->t);
    f->rows = f->t.dims.at[0];
    const bool cut = limit > 0 && limit < f->rows;
    if (cut) f->t.dims.at[0] = limit;
    ok = ok && tw__tensor_measure(s, &f->t) && tw__tensor_read(cx, s, true, &f->t) && (cut || tw__tensor_is_last(s, &f->t));
    tw__source_close(s);
    if (!ok) tw__tensor_drop(cx, &f->t);
    return ok;
}

tw_node *tw_idx_read_at(const tw_loc *at, tw_ctx *cx, const char *path)
{
    tw__idx f;
    if (!tw__idx_load(at, cx, "idx_read", path, 0, &f)) return tw_nil(cx);
    tw_node *n = tw__tensor_node(at, cx, &f.t);
    tw__tensor_drop(cx, &f.t);
    return n;
}
