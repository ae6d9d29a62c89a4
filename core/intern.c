/* intern.c - one copy of equal bytes: shapes, large attributes, names. Equality is then equality of pointers.
 *
 * One table for the three kinds; entries live as long as the context.
 */
#include "core/ctx_impl.h"
#include <string.h>

static unsigned mix(const void *key, unsigned length)
{
    const unsigned char *p = key;
    uint64_t h = 0x9e3779b97f4a7c15u ^ length;
    while (length >= 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        h = (h ^ w) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
        p += 8, length -= 8;
    }
    uint64_t w = 0;
    memcpy(&w, p, length);
    h = (h ^ w) * 0xff51afd7ed558ccdu;
    return (unsigned)(h ^ h >> 32);
}

#define HASH_NONFATAL_OOM 1             /* uthash's default without memory is exit */
#define HASH_FUNCTION(key, length, h) ((h) = mix((key), (unsigned)(length)))
#define uthash_malloc(n)  tw_resize(cx, NULL, 0, (n))
#define uthash_free(p, n) tw_resize(cx, (p), (n), 0)
#define uthash_nonfatal_oom(e) ((e)->refused = true)
#include <uthash.h>

typedef struct tw__interned {
    UT_hash_handle hh;
    size_t size;                        /* of bytes, the kind's word included */
    bool   refused;
    int64_t bytes[];                    /* the kind, then what was given */
} interned;

const void *tw__intern_bytes(tw_ctx *cx, int kind, const void *bytes, size_t size)
{
    int64_t small[32], *key = small;
    size_t whole = sizeof(int64_t) + size, room = sizeof(interned) + whole + 8;
    interned *e = NULL, *found;
    if (whole > sizeof small) {
        if (!(e = tw_resize(cx, NULL, 0, room))) return NULL;
        key = e->bytes;
    }
    key[0] = kind;
    if (size) memcpy(key + 1, bytes, size);
    HASH_FIND(hh, cx->interned, key, whole, found);
    if (found) {
        if (e) tw_resize(cx, e, room, 0);
        return found->bytes + 1;
    }
    if (!e) {
        if (!(e = tw_resize(cx, NULL, 0, room))) return NULL;
        memcpy(e->bytes, key, whole);
    }
    e->size = whole, e->refused = false;
    HASH_ADD_KEYPTR(hh, cx->interned, e->bytes, whole, e);
    if (!e->refused) return e->bytes + 1;
    tw_resize(cx, e, room, 0);
    return NULL;
}

/* The shapes of a program are few: most are found in 64 places by a cheap mix. */
const tw_dims *tw__intern_dims(tw_ctx *cx, const tw_shape *s)
{
    tw_dims d = { .n = s->n, .count = 1 };
    uint64_t h = (uint64_t)s->n;
    for (int i = 0; i < s->n; i++) {
        d.at[i] = s->at[i];
        if (__builtin_mul_overflow(d.count, s->at[i], &d.count)) d.count = INT64_MAX;
        h = (h ^ (uint64_t)s->at[i]) * 0x9e3779b97f4a7c15u;
    }
    const tw_dims **place = &cx->dims_cache[h >> 58];
    const tw_dims *c = *place;
    if (c && c->n == d.n && !memcmp(c->at, d.at, sizeof d.at)) return c;
    c = tw__intern_bytes(cx, 0, &d, sizeof d);
    if (c) *place = c;
    return c;
}

const char *tw_intern(tw_ctx *cx, const char *text)
{
    return tw__intern_bytes(cx, 1, text, strlen(text) + 1);
}

void tw__intern_free(tw_ctx *cx)
{
    interned *e, *next;
    HASH_ITER(hh, cx->interned, e, next) {
        HASH_DELETE(hh, cx->interned, e);
        tw_resize(cx, e, sizeof *e + e->size + 8, 0);
    }
}
