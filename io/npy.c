/* npy.c - arrays in NumPy's format.
 *
 *     93 N U M P Y  major minor      version 1.0, 2.0 or 3.0
 *     length                         of the header: 2 bytes in version 1, 4 later, little-endian
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }     padded with spaces, and a newline
 *     elements
 *
 * The header is a Python expression, of which exactly this form is understood, keys in any order.
 * Arrays of Python objects and records have no meaning here and are errors.
 * Reference: numpy/lib/format.py.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/io.h"
#include "io/npy_impl.h"
#include "io/sink_impl.h"

#include <string.h>

enum { LONGEST = 10000 };           /* header, as NumPy's own limit */

typedef struct header {
    tw__source *s;
    const char *at;                 /* the text that is left; ends with a 0 */
    tw__tensor *t;
    bool big_endian, fortran;
    bool descr_seen, order_seen, shape_seen;
} header;

static void skip(header *h) { while (*h->at == ' ' || *h->at == '\n') h->at++; }

static bool next_is(header *h, const char *word)
{
    skip(h);
    const size_t n = strlen(word);
    if (strncmp(h->at, word, n)) return false;
    h->at += n;
    return true;
}

static bool expected(header *h, const char *what)
{
    return tw__source_fail(h->s, TW_EIO, "its header has no %s at \"%.20s\"", what, h->at);
}

/* 'text' or "text", shorter than size. */
static bool quoted(header *h, char *text, size_t size)
{
    skip(h);
    const char quote = *h->at;
    if (quote != '\'' && quote != '"') return expected(h, "quoted word");
    const char *end = strchr(h->at + 1, quote);
    const size_t n = end ? (size_t)(end - h->at - 1) : size;
    if (n >= size) return expected(h, "short quoted word");
    memcpy(text, h->at + 1, n);
    text[n] = 0;
    h->at = end + 1;
    return true;
}

/* '<f4': order, kind, size. One byte has no order, '|'. */
static bool descr(header *h)
{
    char text[16];
    skip(h);
    if (*h->at == '[') return tw__source_fail(h->s, TW_EIO, "holds records, %.40s: save their fields apart", h->at);
    if (!quoted(h, text, sizeof text)) return false;
    const char *order = strchr("<>|=", text[0]), *kind = text + (order && *order);
    const int size = strlen(kind) == 2 && kind[1] >= '1' && kind[1] <= '8' ? kind[1] - '0' : 0;
    h->t->as = size ? tw__stored_kind(kind[0], size) : NULL;
    if (!h->t->as || !text[0]) return tw__source_fail(h->s, TW_EIO, "its elements are '%s', for which there is no dtype", text);
    h->big_endian = text[0] == '>' || (text[0] != '<' && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    return true;
}

static bool order(header *h)
{
    h->fortran = next_is(h, "True");
    return h->fortran || next_is(h, "False") || expected(h, "True or False");
}

static bool number(header *h, int64_t *v)
{
    skip(h);
    if (*h->at < '0' || *h->at > '9') return expected(h, "number");
    for (*v = 0; *h->at >= '0' && *h->at <= '9'; h->at++)
        if (__builtin_mul_overflow(*v, 10, v) || __builtin_add_overflow(*v, *h->at - '0', v))
            return tw__source_fail(h->s, TW_EIO, "its header has a dimension beyond 2^63");
    next_is(h, "L");                /* Python 2 */
    return true;
}

static bool shape(header *h)
{
    tw_dims *d = &h->t->dims;
    if (!next_is(h, "(")) return expected(h, "'('");
    for (d->n = 0; !next_is(h, ")"); d->n++) {
        if (d->n == TW_MAX_RANK) return tw__source_fail(h->s, TW_EIO, "has more than %d dimensions", TW_MAX_RANK);
        if (!number(h, &d->at[d->n])) return false;
        if (next_is(h, ",")) continue;
        return next_is(h, ")") ? d->n++, true : expected(h, "')'");
    }
    return true;
}

static bool entry(header *h)
{
    static const struct { const char *key; bool (*read)(header *h); size_t seen; } keys[] = {
        { "descr", descr, offsetof(header, descr_seen) }, { "fortran_order", order, offsetof(header, order_seen) },
        { "shape", shape, offsetof(header, shape_seen) },
    };
    char key[16];
    if (!quoted(h, key, sizeof key)) return false;
    for (int i = 0; i < 3; i++) {
        bool *seen = (bool *)((char *)h + keys[i].seen);
        if (strcmp(key, keys[i].key)) continue;
        if (*seen) return tw__source_fail(h->s, TW_EIO, "its header says %s twice", key);
        return *seen = true, next_is(h, ":") ? keys[i].read(h) : expected(h, "':'");
    }
    return tw__source_fail(h->s, TW_EIO, "its header has the unknown key '%s'", key);
}

static bool parse(header *h)
{
    if (!next_is(h, "{")) return expected(h, "'{'");
    while (!next_is(h, "}")) {
        if (!entry(h)) return false;
        if (!next_is(h, ",")) {
            if (next_is(h, "}")) break;
            return expected(h, "',' or '}'");
        }
    }
    skip(h);
    if (*h->at) return expected(h, "end");
    return (h->descr_seen && h->order_seen && h->shape_seen) ||
           tw__source_fail(h->s, TW_EIO, "its header lacks %s", !h->descr_seen ? "descr" : !h->order_seen ? "fortran_order" : "shape");
}

/* Bytes of the header's text, or -1. */
static int64_t begin(tw__source *s)
{
    unsigned char b[12];
    int64_t n = tw__source_read(s, b, 10);
    if (n < 0) return -1;
    if (n < 10) return tw__source_fail(s, TW_EIO, "ends after %d bytes, within the header", (int)n), -1;
    if (memcmp(b, "\x93NUMPY", 6)) return tw__source_fail(s, TW_EIO, "no npy file: begins with %02x %02x, not with 93 4e", b[0], b[1]), -1;
    if (b[6] < 1 || b[6] > 3) return tw__source_fail(s, TW_EIO, "is of version %d.%d of the format, not 1 to 3", b[6], b[7]), -1;
    uint32_t length = b[8] | (uint32_t)b[9] << 8;
    if (b[6] > 1) {
        if ((n = tw__source_read(s, b + 10, 2)) < 0) return -1;
        if (n < 2) return tw__source_fail(s, TW_EIO, "ends within the header"), -1;
        length |= (uint32_t)b[10] << 16 | (uint32_t)b[11] << 24;
    }
    if (length > LONGEST) return tw__source_fail(s, TW_EIO, "claims a header of %u bytes, more than %d", length, LONGEST), -1;
    return length;
}

/* Elements that lie first axis fastest, as if the shape were reversed. */
static bool to_rows(tw_ctx *cx, tw__tensor *t)
{
    if (t->dims.n < 2 || !t->data) return true;
    void *rows = tw_resize(cx, NULL, 0, t->bytes);
    if (!rows) return false;
    int back[TW_MAX_RANK];
    tw_dims stored = { .n = t->dims.n, .count = t->dims.count };
    for (int k = 0; k < t->dims.n; k++) back[k] = t->dims.n - 1 - k, stored.at[k] = t->dims.at[t->dims.n - 1 - k];
    tw__permute(tw_dtype_size(t->dtype), &stored, back, t->data, rows);
    tw__tensor_drop(cx, t);
    t->data = rows, t->room = t->bytes;
    return true;
}

static bool read_header(tw__source *s, header *h)
{
    char text[LONGEST + 1];
    const int64_t length = begin(s), n = length < 0 ? -1 : tw__source_read(s, text, (size_t)length);
    if (n < 0) return false;
    if (n < length) return tw__source_fail(s, TW_EIO, "ends after %d of the %d bytes of its header", (int)n, (int)length);
    text[n] = 0;
    h->at = text;
    return parse(h);
}

bool tw__npy_read(tw_ctx *cx, tw__source *s, tw__tensor *t)
{
    *t = (tw__tensor){ .data = NULL };
    header h = { .s = s, .t = t };
    const bool ok = read_header(s, &h) && tw__tensor_measure(s, t) && tw__tensor_read(cx, s, h.big_endian, t) &&
                    tw__tensor_is_last(s, t) && (!h.fortran || to_rows(cx, t));
    if (!ok) tw__tensor_drop(cx, t);
    return ok;
}

tw_node *tw_npy_read_at(const tw_loc *at, tw_ctx *cx, const char *path)
{
    tw__tensor t;
    tw__source *s = tw__source_open(at, cx, "npy_read", path);
    const bool  ok = s && tw__npy_read(cx, s, &t);
    if (s) tw__source_close(s);
    if (!ok) return tw_nil(cx);
    tw_node *n = tw__tensor_node(at, cx, &t);
    tw__tensor_drop(cx, &t);
    return n;
}

/* ---- writing */

size_t tw__npy_header(tw_dtype dtype, const tw_dims *dims, char to[TW__NPY_HEADER])
{
    enum { FRONT = 10 };
    const tw__stored *as = tw__stored_dtype(dtype);
    const char order = as->size == 1 ? '|' : __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? '>' : '<';
    char *text = to + FRONT;
    int n = sprintf(text, "{'descr': '%c%c%d', 'fortran_order': False, 'shape': (", order, as->kind, as->size);
    for (int k = 0; k < dims->n; k++) n += sprintf(text + n, "%s%lld", k ? ", " : "", (long long)dims->at[k]);
    n += sprintf(text + n, "%s), }", dims->n == 1 ? "," : "");
    while ((FRONT + n + 1) % 64) text[n++] = ' ';       /* elements begin aligned */
    text[n++] = '\n';
    memcpy(to, "\x93NUMPY\x01\0", 8);
    to[8] = (char)(n & 0xff), to[9] = (char)(n >> 8);
    return (size_t)(FRONT + n);
}

bool tw_npy_write_at(const tw_loc *at, tw_node *n, const char *path)
{
    if (!n) return false;
    tw_ctx *cx = n->cx;
    if (!tw_ok(cx) || !(n = tw_input(at, "npy_write", 0, n)) || tw_is_nil(n)) return false;
    const void *elements = tw_read_at(at, n, (tw_dtype)n->dtype);
    tw__sink *s = elements ? tw__sink_open(at, cx, "npy_write", path) : NULL;
    char front[TW__NPY_HEADER];
    return s && tw__sink_close(s, tw__sink_write(s, front, tw__npy_header((tw_dtype)n->dtype, n->shape, front)) &&
                                  tw__sink_write(s, elements, (size_t)n->shape->count * tw_dtype_size((tw_dtype)n->dtype)));
}
