/* mem.c - memory: the caller's allocator, growing arrays, arenas for nodes, counted bytes for tensors.
 *
 * Tensor bytes come from size classes, four to the octave, and go back to a list of their class:
 * a training step in its steady state asks the allocator for nothing. Arenas keep their chunks
 * until the context closes, so a stale node pointer can be read and recognised.
 */
#include "core/ctx_impl.h"
#include <stdlib.h>
#include <string.h>

void *tw_resize(tw_ctx *cx, void *p, size_t old_size, size_t new_size)
{
    if (cx->dead) return NULL;
    void *q = cx->resize(cx->args.resize_user, p, old_size, new_size);
    if (!q && new_size)
        tw_fail(cx, TW_ENOMEM, "memory", NULL, "no room for %zu bytes", new_size);
    return q;
}

bool tw__grow(tw_ctx *cx, void *vec, size_t size, int64_t more)
{
    struct { void *at; int64_t n, room; } *v = vec;
    int64_t room = v->room * 2 > v->n + more ? v->room * 2 : v->n + more;
    if (room < 16) room = 16;
    void *p = tw_resize(cx, v->at, (size_t)v->room * size, (size_t)room * size);
    if (!p) return false;
    v->at = p, v->room = room;
    return true;
}

/* ---- arenas ------------------------------------------------------------------------------- */

enum { CHUNK_FIRST = 16 << 10, CHUNK_BIG = 2 << 20 };

static tw__chunk *chunk_new(tw_ctx *cx, const tw__arena *a, size_t size)
{
    size_t want = a->first ? CHUNK_BIG : CHUNK_FIRST;
    if (a->first && !a->first->next) want = CHUNK_FIRST * 8;
    if (want < size + sizeof(tw__chunk)) want = size + sizeof(tw__chunk);
    tw__chunk *c = tw_resize(cx, NULL, 0, want);
    if (c) *c = (tw__chunk){ .size = want, .used = sizeof *c };
    return c;
}

void *tw__arena_take(tw_ctx *cx, tw__arena *a, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    tw__chunk *c = a->now;
    while (c && c->used + size > c->size) {
        if (!c->next) break;
        c = c->next, c->used = sizeof *c;
    }
    if (!c || c->used + size > c->size) {
        tw__chunk *fresh = chunk_new(cx, a, size);
        if (!fresh) return NULL;
        if (c) c->next = fresh; else a->first = fresh;
        c = fresh;
    }
    a->now = c;
    void *p = (char *)c + c->used;
    c->used += size;
    return p;
}

#ifndef NDEBUG
/* Debug builds let the chunks of scopes rest, so that nodes of long ago are recognised, too: their memory comes
 * back into use only after this many bytes of other nodes. Not with an allocator of the caller's, who may count. */
enum { REST = 32 << 20 };

static void rest(tw_ctx *cx, tw__arena *a)
{
    for (tw__chunk *c = a->first; c; c = c->next) {
        cx->resting += c->size;
        if (cx->newest) cx->newest->next = c; else cx->oldest = c;
        cx->newest = c;
    }
    a->first = NULL;
    tw__chunk **end = &a->first;
    while (cx->resting > REST) {
        tw__chunk *c = *end = cx->oldest;
        cx->resting -= c->size;
        if (!(cx->oldest = c->next)) cx->newest = NULL;
        c->next = NULL, end = &c->next;
    }
}
#endif

void tw__arena_reset(tw_ctx *cx, tw__arena *a)
{
#ifndef NDEBUG
    if (!cx->args.resize) rest(cx, a);
#endif
    (void)cx;
    a->now = a->first;
    if (a->first) a->first->used = sizeof *a->first;
}

void tw__arena_free(tw_ctx *cx, tw__arena *a)
{
    for (tw__chunk *c = a->first, *next; c; c = next) {
        next = c->next;
        tw_resize(cx, c, c->size, 0);
    }
    *a = (tw__arena){ 0 };
}

/* ---- bytes of tensors --------------------------------------------------------------------- */

/* Classes 64 * {4, 5, 6, 7} / 4 * 2^k: at most a fifth is lost to rounding. */
static int class_of(size_t bytes, size_t *rounded)
{
    size_t units = (bytes + 63) / 64;
    if (units < 4) units = units ? units : 1;
    if (units <= 4) return *rounded = units * 64, (int)units - 1;
    int k = 63 - __builtin_clzll((unsigned long long)(units - 1)) - 2;      /* units - 1 in [4, 8) * 2^k */
    size_t step = (size_t)1 << k, up = (units + step - 1) / step;
    *rounded = up * step * 64;
    return 4 * (k + 1) + (int)(up - 5);
}

static void account(tw_ctx *cx, int64_t bytes)
{
    cx->live += bytes;
    if (cx->live > cx->peak) cx->peak = cx->live;
}

enum { HEADER = 64, MOST_BITS = 46 };
_Static_assert(sizeof ((tw_ctx *)0)->cache / sizeof(tw_buf *) >= 4 * (MOST_BITS - 6 - 2), "each size class has its list");

static void give_back(tw_ctx *cx, tw_buf *b)
{
    tw_resize(cx, b, b->bytes + HEADER + 64, 0);
}

static void drain(tw_ctx *cx)
{
    for (size_t k = 0; k < sizeof cx->cache / sizeof *cx->cache; k++)
        for (tw_buf *b = cx->cache[k], *next; b; b = next) {
            next = b->next;
            give_back(cx, b);
            cx->cache[k] = NULL;
        }
    cx->cached = 0;
}

tw_buf *tw__buf_new(tw_ctx *cx, size_t bytes)
{
    size_t rounded;
    if (bytes > (size_t)1 << MOST_BITS) {
        tw_fail(cx, TW_ENOMEM, "memory", NULL, "no room for a tensor of %zu bytes", bytes);
        return NULL;
    }
    int k = class_of(bytes, &rounded);
    tw_buf *b = cx->cache[k];
    if (b) {
        cx->cache[k] = b->next;
        cx->cached -= (int64_t)b->bytes;
    } else {
        size_t limit = cx->args.memory_limit;
        if (limit && (size_t)(cx->live + cx->cached) + rounded > limit) drain(cx);
        if (limit && (size_t)cx->live + rounded > limit) {
            tw_fail(cx, TW_ENOMEM, "memory", NULL, "%zu bytes more than the %lld in use pass the limit of %zu",
                    rounded, (long long)cx->live, limit);
            return NULL;
        }
        b = tw_resize(cx, NULL, 0, rounded + HEADER + 64);
        if (!b) return NULL;
        uintptr_t data = ((uintptr_t)b + HEADER + 63) & ~(uintptr_t)63;
        *b = (tw_buf){ .size_class = k, .bytes = rounded, .data = (void *)data };
    }
    account(cx, (int64_t)b->bytes);
    b->refs = 1, b->next = NULL;
    return b;
}

tw_buf *tw__buf_borrow(tw_ctx *cx, const void *data)
{
    tw_buf *b = tw_resize(cx, NULL, 0, sizeof *b);
    if (b) *b = (tw_buf){ .refs = 1, .size_class = -1, .data = (void *)(uintptr_t)data, .borrowed = true };
    return b;
}

void tw__buf_release(tw_ctx *cx, tw_buf *b)
{
    if (!b || --b->refs > 0) return;
    if (b->borrowed) {
        tw_resize(cx, b, sizeof *b, 0);
        return;
    }
    account(cx, -(int64_t)b->bytes);
    b->next = cx->cache[b->size_class];
    cx->cache[b->size_class] = b;
    cx->cached += (int64_t)b->bytes;
}

void tw__buf_free_all(tw_ctx *cx)
{
    if (cx->slab) tw__buf_release(cx, cx->slab);
    cx->slab = NULL;
    drain(cx);
}
