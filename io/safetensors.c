/* safetensors.c - named tensors in the format of Hugging Face's safetensors.
 *
 *     length      of the header: 8 bytes, little-endian
 *     header      JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}, and
 *                 under "__metadata__" an object of texts
 *     elements    of all tensors, little-endian, without a gap and without an overlap
 *
 * The tensors are read in the order in which they lie, so that the file can be any stream, and what
 * the header claims is compared with what comes. They are written largest element first, like the
 * reference does, so that each begins aligned.
 * Reference: github.com/huggingface/safetensors, "Format".
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/archive_impl.h"

#ifdef TW_HAVE_JANSSON

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 32 << 20, FIRST_BLOCK = 1 << 16 };     /* of the header: some 300,000 tensors */

static bool bad(tw__source *s, const char *name, const char *what)
{
    return tw__source_fail(s, TW_EIO, "tensor \"%.60s\": %s", name, what);
}

static bool shape_of(tw__source *s, const char *name, const json_t *list, tw_dims *d)
{
    const size_t n = json_array_size(list);
    if (!json_is_array(list)) return bad(s, name, "no shape");
    if (n > TW_MAX_RANK) return tw__source_fail(s, TW_EIO, "tensor \"%.60s\": %zu dimensions, more than %d", name, n, TW_MAX_RANK);
    d->n = (int)n;
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        if (!json_is_integer(v) || json_integer_value(v) < 0) return bad(s, name, "a dimension that is no size");
        d->at[i] = json_integer_value(v);
    }
    return true;
}

static bool offsets_of(tw__source *s, const char *name, const json_t *list, tw__entry *e)
{
    const json_t *begin = json_array_get(list, 0), *end = json_array_get(list, 1);
    if (json_array_size(list) != 2 || !json_is_integer(begin) || !json_is_integer(end)) return bad(s, name, "no data_offsets");
    e->begin = json_integer_value(begin), e->end = json_integer_value(end);
    if (e->begin < 0 || e->end < e->begin)
        return tw__source_fail(s, TW_EIO, "tensor \"%.60s\": lies from %lld to %lld", name, (long long)e->begin, (long long)e->end);
    return true;
}

static bool entry(tw__source *s, tw_archive *a, const char *name, const json_t *about)
{
    tw__entry *e = tw__archive_add(a, name);
    if (!e) return false;
    const char *word = json_string_value(json_object_get(about, "dtype"));
    if (!word) return bad(s, name, "no dtype");
    if (!(e->t.as = tw__stored_word(word)))
        return tw__source_fail(s, TW_EIO, "tensor \"%.60s\": elements are %.20s, for which there is no dtype", name, word);
    if (!shape_of(s, name, json_object_get(about, "shape"), &e->t.dims) || !tw__tensor_measure(s, &e->t) ||
        !offsets_of(s, name, json_object_get(about, "data_offsets"), e)) return false;
    const int64_t bytes = e->t.dims.count * e->t.as->size;
    char text[100];
    return e->end - e->begin == bytes ||
           tw__source_fail(s, TW_EIO, "tensor \"%.60s\": %lld bytes from %lld on for %s %s", name, (long long)(e->end - e->begin),
                           (long long)e->begin, word, tw_shape_text(&e->t.dims, text, sizeof text));
}

static bool notes(tw__source *s, tw_archive *a, json_t *about)
{
    const char *key;
    json_t *value;
    if (!json_is_object(about)) return tw__source_fail(s, TW_EIO, "its __metadata__ is no object");
    json_object_foreach(about, key, value) {
        if (!json_is_string(value)) return tw__source_fail(s, TW_EIO, "its __metadata__ \"%.60s\" is no text", key);
        if (!tw__archive_note(a, key, json_string_value(value))) return false;
    }
    return true;
}

/* The header's text, in a block of *room bytes; NULL after failing. */
static char *text_of(tw__source *s, tw_ctx *cx, size_t length, size_t *room)
{
    char  *text = NULL;
    size_t got = 0;
    for (*room = 0; got < length; ) {
        size_t more = *room ? 2 * *room : FIRST_BLOCK;
        if (more > length) more = length;
        char *p = tw_resize(cx, text, *room, more);
        if (!p) break;
        text = p, *room = more;
        const int64_t n = tw__source_read(s, text + got, more - got);
        if (n < 0) break;
        got += (size_t)n;
        if (got == more) continue;
        tw__source_fail(s, TW_EIO, "ends after %zu of the %zu bytes of its header", got, length);
        break;
    }
    if (got == length) return text;
    if (text) tw_resize(cx, text, *room, 0);
    return NULL;
}

static json_t *header_of(tw__source *s, tw_ctx *cx)
{
    unsigned char b[8];
    const int64_t n = tw__source_read(s, b, sizeof b);
    if (n < 0) return NULL;
    if (n < 8) return tw__source_fail(s, TW_EIO, "ends after %d bytes, within the length of its header", (int)n), NULL;
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--) length = length << 8 | b[i];
    if (length < 2 || length > LONGEST)
        return tw__source_fail(s, TW_EIO, "no safetensors file: claims a header of %llu bytes", (unsigned long long)length), NULL;
    size_t room;
    char *text = text_of(s, cx, (size_t)length, &room);
    if (!text) return NULL;
    json_error_t e;
    json_t *header = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &e);
    tw_resize(cx, text, room, 0);
    if (!header) tw__source_fail(s, TW_EIO, "its header is no JSON: %.100s", e.text);
    else if (!json_is_object(header)) tw__source_fail(s, TW_EIO, "its header is no object");
    if (header && json_is_object(header)) return header;
    json_decref(header);
    return NULL;
}

static int by_place(const void *x, const void *y)
{
    const tw__entry *a = x, *b = y;
    return a->begin != b->begin ? (a->begin > b->begin) - (a->begin < b->begin) : (a->end > b->end) - (a->end < b->end);
}

static bool elements(tw__source *s, tw_archive *a)
{
    int64_t at = 0;
    if (a->n) qsort(a->entry, (size_t)a->n, sizeof *a->entry, by_place);
    for (int i = 0; i < a->n; at = a->entry[i++].end) {
        tw__entry *e = &a->entry[i];
        if (e->begin != at)
            return tw__source_fail(s, TW_EIO, "tensor \"%.60s\": begins at %lld, where the one before ends at %lld", e->name,
                                   (long long)e->begin, (long long)at);
        if (!tw__tensor_read(a->cx, s, false, &e->t)) return false;
    }
    unsigned char more;
    const int64_t n = tw__source_read(s, &more, 1);
    return n == 0 || (n > 0 && tw__source_fail(s, TW_EIO, "goes on after the %lld bytes of its tensors", (long long)at));
}

bool tw__safetensors_read(tw__source *s, tw_archive *a)
{
    json_t *header = header_of(s, a->cx), *about;
    const char *name;
    bool ok = header;
    json_object_foreach(header, name, about)
        ok = ok && (!strcmp(name, "__metadata__") ? notes(s, a, about) : entry(s, a, name, about));
    json_decref(header);
    return ok && elements(s, a);
}

/* ---- writing */

/* The next of the items whose elements have that many bytes. */
static int next_of(const tw__written *items, int n, int i, size_t size)
{
    while (i < n && tw_dtype_size(items[i].dtype) != size) i++;
    return i;
}

static size_t bytes_of(const tw__written *w) { return (size_t)w->dims->count * tw_dtype_size(w->dtype); }

#define EACH_BY_SIZE(i, items, n) \
    for (size_t size_ = 8; size_; size_ /= 2) for (int i = next_of(items, n, 0, size_); i < n; i = next_of(items, n, i + 1, size_))

static json_t *about(const tw__written *w, int64_t begin)
{
    json_t *shape = json_array();
    for (int k = 0; k < w->dims->n; k++) json_array_append_new(shape, json_integer(w->dims->at[k]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", tw__stored_dtype(w->dtype)->word, "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)(begin + (int64_t)bytes_of(w)));
}

/* JSON as text, to be freed; NULL if a name is no UTF-8. */
static char *header_text(int n, const tw__written *items, int n_notes, const tw__note *note)
{
    json_t *header = json_object(), *meta = n_notes ? json_object() : NULL;
    bool ok = header && (!n_notes || meta);
    for (int i = 0; ok && i < n_notes; i++) ok = json_object_set_new(meta, note[i].key, json_string(note[i].value)) == 0;
    if (ok && meta) ok = json_object_set(header, "__metadata__", meta) == 0;
    int64_t begin = 0;
    EACH_BY_SIZE(i, items, n) {
        ok = ok && strcmp(items[i].name, "__metadata__") && json_object_set_new(header, items[i].name, about(&items[i], begin)) == 0;
        begin += (int64_t)bytes_of(&items[i]);
    }
    char *text = ok ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(meta);
    json_decref(header);
    return text;
}

bool tw__safetensors_write(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int n, const tw__written *items,
                           int n_notes, const tw__note *note)
{
    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        return tw_fail(cx, TW_EMISSING, op, at, "safetensors are written by little-endian machines only"), false;
    char *text = header_text(n, items, n_notes, note);
    if (!text) return tw_fail(cx, TW_EARG, op, at, "a name is no UTF-8, or \"__metadata__\""), false;
    tw__sink *s = tw__sink_open(at, cx, op, path);
    const size_t length = strlen(text), padded = (length + 7) / 8 * 8;
    unsigned char front[8];
    for (int i = 0; i < 8; i++) front[i] = (unsigned char)((uint64_t)padded >> 8 * i);
    bool ok = s && tw__sink_write(s, front, 8) && tw__sink_write(s, text, length) && tw__sink_write(s, "       ", padded - length);
    EACH_BY_SIZE(i, items, n) ok = ok && tw__sink_write(s, items[i].data, bytes_of(&items[i]));
    free(text);
    return tw__sink_close(s, ok);
}

#else

bool tw__safetensors_read(tw__source *s, tw_archive *a)
{
    (void)a;
    return tw__source_fail(s, TW_EMISSING, "safetensors need jansson, which this build has not");
}

bool tw__safetensors_write(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int n, const tw__written *items,
                           int n_notes, const tw__note *note)
{
    (void)n, (void)items, (void)n_notes, (void)note;
    return tw__file_fail(at, cx, op, path, TW_EMISSING, "safetensors need jansson, which this build has not");
}

#endif
