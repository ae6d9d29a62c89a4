/* record.c - what of protocol buffers files of events need, and their records.
 *
 *     length (8 bytes)   masked CRC-32C of the length   bytes   masked CRC-32C of the bytes
 *
 * A message is a row of fields, each a key, field number * 8 + kind, and a value; whole numbers and
 * lengths take seven bits a byte, the lowest first.
 * References: tensorflow/core/lib/io/record_writer.cc; protobuf.dev, "Encoding"; CRC-32C: RFC 3720, B.4.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/record_impl.h"

#include <string.h>

enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

static void varint(tw__bytes *m, uint64_t v)
{
    unsigned char b[10];
    size_t n = 0;
    for (; v > 127; v >>= 7) b[n++] = (unsigned char)((v & 127) | 128);
    b[n++] = (unsigned char)v;
    tw__bytes_put(m, b, n);
}

static void key(tw__bytes *m, int field, int kind) { varint(m, (uint64_t)(field << 3 | kind)); }

/* The lowest byte first. */
static void fixed(tw__bytes *m, uint64_t v, int bytes)
{
    unsigned char b[8];
    for (int i = 0; i < bytes; i++) b[i] = (unsigned char)(v >> 8 * i & 255);
    tw__bytes_put(m, b, (size_t)bytes);
}

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

void tw__put_int(tw__bytes *m, int field, int64_t v)   { key(m, field, VARINT), varint(m, (uint64_t)v); }
void tw__put_double(tw__bytes *m, int field, double v) { key(m, field, FIXED64), fixed(m, bits_of(v), 8); }

void tw__put_float(tw__bytes *m, int field, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    key(m, field, FIXED32), fixed(m, bits, 4);
}

void tw__put_text(tw__bytes *m, int field, const void *from, size_t n)
{
    key(m, field, LENGTH), varint(m, n);
    tw__bytes_put(m, from, n);
}

void tw__put_message(tw__bytes *m, int field, tw__bytes *inner)
{
    tw__put_text(m, field, inner->b, inner->n);
    tw__bytes_drop(inner);
}

void tw__put_doubles(tw__bytes *m, int field, int64_t n, const double *v)
{
    key(m, field, LENGTH), varint(m, (uint64_t)n * 8);
    for (int64_t i = 0; i < n; i++) fixed(m, bits_of(v[i]), 8);
}

/* ---- records */

uint32_t tw__crc32c(const void *from, size_t n)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        crc ^= ((const unsigned char *)from)[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

static void masked(tw__bytes *m, const void *from, size_t n)
{
    const uint32_t crc = tw__crc32c(from, n);
    fixed(m, (crc >> 15 | crc << 17) + 0xa282ead8, 4);
}

void tw__record_write(FILE *f, tw__bytes *m)
{
    tw__bytes frame = { .cx = m->cx };
    fixed(&frame, m->n, 8);
    masked(&frame, frame.b, frame.n);
    tw__bytes_put(&frame, m->b, m->n);
    masked(&frame, m->b, m->n);
    if (tw_ok(m->cx)) fwrite(frame.b, 1, frame.n, f);
    tw__bytes_drop(&frame);
    tw__bytes_drop(m);
}
