/* tensor.c - elements from files: every format reads its tensors through here.
 *
 * What a header says of sizes is never believed: memory grows with the data that arrives. What has
 * no dtype of its own is widened to the next one that holds all its values: half precision to f32,
 * small integers to i32, unsigned ones to twice their size.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/tensor_impl.h"

#include <string.h>

enum { FIRST_BLOCK = 1 << 20, RAW = 1 << 13 };

/* ---- how elements are stored */

static uint32_t small(const unsigned char *b) { uint16_t v; memcpy(&v, b, 2); return v; }

static float of_bits(uint32_t bits) { float f; memcpy(&f, &bits, 4); return f; }

/* IEEE half: 1 sign, 5 exponent, 10 fraction. A subnormal is its fraction times 2^-24. */
static float half(uint32_t h)
{
    const uint32_t sign = (h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ff;
    if (exponent == 31) return of_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent > 0)   return of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    return sign ? -(float)fraction * 0x1p-24f : (float)fraction * 0x1p-24f;
}

#define WIDEN(name, T, size, value) \
    static void name(const unsigned char *b, int64_t n, void *to) { for (int64_t i = 0; i < n; i++, b += size) ((T *)to)[i] = (T)(value); }
WIDEN(f16, float, 2, half(small(b)))
WIDEN(bf16, float, 2, of_bits(small(b) << 16))
WIDEN(i8,  int32_t, 1, (int8_t)b[0])
WIDEN(i16, int32_t, 2, (int16_t)small(b))
WIDEN(u16, int32_t, 2, small(b))

static void u32(const unsigned char *b, int64_t n, void *to)
{
    for (int64_t i = 0; i < n; i++) {
        uint32_t v;
        memcpy(&v, b + 4 * i, 4);
        ((int64_t *)to)[i] = v;
    }
}

static const tw__stored ways[] = {
    { "F32",  'f', 4, TW_F32,  NULL }, { "F64", 'f', 8, TW_F64, NULL }, { "F16", 'f', 2, TW_F32, f16 }, { "BF16", 0, 2, TW_F32, bf16 },
    { "I32",  'i', 4, TW_I32,  NULL }, { "I64", 'i', 8, TW_I64, NULL }, { "I16", 'i', 2, TW_I32, i16 }, { "I8", 'i', 1, TW_I32, i8 },
    { "U8",   'u', 1, TW_U8,   NULL }, { "U16", 'u', 2, TW_I32, u16 },  { "U32", 'u', 4, TW_I64, u32 }, { "U64", 'u', 8, TW_I64, NULL },
    { "BOOL", 'b', 1, TW_BOOL, NULL },
};
enum { WAYS = sizeof ways / sizeof *ways };

const tw__stored *tw__stored_word(const char *word)
{
    for (int i = 0; i < WAYS; i++)
        if (!strcmp(word, ways[i].word)) return &ways[i];
    return NULL;
}

const tw__stored *tw__stored_kind(char kind, int size)
{
    for (int i = 0; i < WAYS; i++)
        if (ways[i].kind == kind && ways[i].size == size) return &ways[i];
    return NULL;
}

const tw__stored *tw__stored_dtype(tw_dtype dtype)
{
    for (int i = 0; i < WAYS; i++)
        if (ways[i].dtype == dtype && !ways[i].widen) return &ways[i];
    return &ways[0];
}

/* ---- reading */

static const char *shape_of(const tw__tensor *t, char *text, size_t size) { return tw_shape_text(&t->dims, text, size); }

bool tw__tensor_measure(tw__source *s, tw__tensor *t)
{
    char text[120];
    t->dtype = t->as->dtype;
    int64_t count = 1, bytes = 0;
    bool over = false, empty = false;
    for (int i = 0; i < t->dims.n; i++) {
        if (t->dims.at[i] == 0) empty = true;
        else over = over || __builtin_mul_overflow(count, t->dims.at[i], &count);
    }
    t->dims.count = empty ? 0 : count;
    over = over || __builtin_mul_overflow(count, (int64_t)tw_dtype_size(t->dtype), &bytes) || (uint64_t)bytes > SIZE_MAX / 2;
    if (over) return tw__source_fail(s, TW_EIO, "claims the shape %s, which no memory holds", shape_of(t, text, sizeof text));
    t->bytes = empty ? 0 : (size_t)bytes;
    return true;
}

static bool room_for(tw_ctx *cx, tw__tensor *t, size_t need)
{
    if (need <= t->room) return true;
    size_t room = t->room ? 2 * t->room : FIRST_BLOCK;
    if (room < need) room = need;
    if (room > t->bytes) room = t->bytes;
    void *p = tw_resize(cx, t->data, t->room, room);
    if (p) t->data = p, t->room = room;
    return p;
}

static void swap(unsigned char *b, size_t n, int size)
{
    for (unsigned char *end = b + n; b < end; b += size)
        for (int i = 0; i < size / 2; i++) {
            const unsigned char c = b[i];
            b[i] = b[size - 1 - i], b[size - 1 - i] = c;
        }
}

/* What a dtype cannot hold: an u64 beyond 2^63, a truth value that is neither 0 nor 1. */
static bool holds(tw__source *s, const tw__stored *as, int64_t first, int64_t n, const void *data)
{
    if (as->kind == 'b')
        for (int64_t i = 0; i < n; i++)
            if (((const uint8_t *)data)[i] > 1)
                return tw__source_fail(s, TW_EIO, "element %lld of its booleans is %d", (long long)(first + i), ((const uint8_t *)data)[i]);
    if (as->kind == 'u' && as->size == 8)
        for (int64_t i = 0; i < n; i++)
            if (((const int64_t *)data)[i] < 0)
                return tw__source_fail(s, TW_EIO, "element %lld is %llu, which no i64 holds", (long long)(first + i),
                                       (unsigned long long)((const int64_t *)data)[i]);
    return true;
}

/* Fills elements [first, first + n), for which there is room. */
static bool read_some(tw__source *s, bool foreign, tw__tensor *t, int64_t first, int64_t n)
{
    unsigned char raw[RAW], *to = (unsigned char *)t->data + (size_t)first * tw_dtype_size(t->dtype);
    unsigned char *in = t->as->widen ? raw : to;
    const size_t   want = (size_t)n * (size_t)t->as->size;
    const int64_t  got = tw__source_read(s, in, want);
    char text[120];
    if (got < 0) return false;
    if ((size_t)got < want)
        return tw__source_fail(s, TW_EIO, "ends after %lld of the %lld bytes of its %s %s", (long long)(first * t->as->size + got),
                               (long long)(t->dims.count * t->as->size), tw_dtype_name(t->dtype), shape_of(t, text, sizeof text));
    if (foreign) swap(in, want, t->as->size);
    if (t->as->widen) t->as->widen(raw, n, to);
    return holds(s, t->as, first, n, to);
}

bool tw__tensor_read(tw_ctx *cx, tw__source *s, bool big_endian, tw__tensor *t)
{
    const bool    foreign = big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    const int64_t size = (int64_t)tw_dtype_size(t->dtype), count = t->dims.count;
    const int64_t most = t->as->widen ? RAW / t->as->size : FIRST_BLOCK / size;
    for (int64_t i = 0, n; i < count; i += n) {
        n = count - i < most ? count - i : most;
        if (!room_for(cx, t, (size_t)((i + n) * size)) || !read_some(s, foreign, t, i, n)) return false;
    }
    return true;
}

bool tw__tensor_is_last(tw__source *s, const tw__tensor *t)
{
    unsigned char more;
    char text[120];
    const int64_t n = tw__source_read(s, &more, 1);
    if (n <= 0) return n == 0;
    return tw__source_fail(s, TW_EIO, "goes on after the %lld bytes of its %s %s", (long long)(t->dims.count * t->as->size),
                           tw_dtype_name(t->dtype), shape_of(t, text, sizeof text));
}

tw_node *tw__tensor_node(const tw_loc *at, tw_ctx *cx, const tw__tensor *t)
{
    tw_shape shape = { t->dims.n, { 0 } };
    memcpy(shape.at, t->dims.at, sizeof shape.at);
    return tw_data_at(at, cx, t->dtype, shape, t->data);
}

void tw__tensor_drop(tw_ctx *cx, tw__tensor *t)
{
    if (t->data) tw_resize(cx, t->data, t->room, 0);
    t->data = NULL, t->room = 0;
}

void tw__permute(size_t size, const tw_dims *dims, const int *from_axis, const void *from, void *to)
{
    int64_t stride[TW_MAX_RANK], own[TW_MAX_RANK], at[TW_MAX_RANK] = { 0 }, step = 1;
    for (int k = dims->n - 1; k >= 0; step *= dims->at[k--]) own[k] = step;
    for (int k = 0; k < dims->n; k++) stride[k] = own[from_axis[k]];

    int64_t offset = 0;
    for (int64_t i = 0; i < dims->count; i++) {
        memcpy((char *)to + (size_t)i * size, (const char *)from + (size_t)offset * size, size);
        for (int k = dims->n - 1; k >= 0; k--) {        /* like an odometer, last axis first */
            offset += stride[k];
            if (++at[k] < dims->at[from_axis[k]]) break;
            offset -= at[k] * stride[k], at[k] = 0;
        }
    }
}
