/* cache.c - plans by what they are for: a scope's log and the questions at its end.
 *
 * In a loop the plan that came next last time is tried first: one comparison of memory. Otherwise
 * a table by hash is asked (uthash; plans of one hash form a chain). The table is bounded, in plans and
 * in bytes: when it is full, the half that was not used for longest goes.
 */
#include "core/plan_impl.h"
#include <string.h>

static unsigned low_half(const void *key)
{
    unsigned h;
    memcpy(&h, key, sizeof h);          /* keys are hashes already */
    return h;
}

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, length, h) ((h) = low_half(key))
#define uthash_malloc(n)  tw_resize(cx, NULL, 0, (n))
#define uthash_free(p, n) tw_resize(cx, (p), (n), 0)
#define uthash_nonfatal_oom(e) ((e)->refused = true)
#include <uthash.h>

enum { MOST = 256, MOST_BYTES = 256 << 20 };

typedef struct chain { uint64_t hash; tw_plan *first; bool refused; UT_hash_handle hh; } chain;
typedef struct tw__plans { chain *by_hash; uint64_t clock; int32_t n; int64_t bytes; } tw__plans;

static uint64_t hash_of(const uint64_t *w, int64_t n)
{
    uint64_t h[4] = { 1, 2, 3, (uint64_t)n };
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++) h[k] = (h[k] ^ w[i + k]) * 0x9e3779b97f4a7c15u, h[k] ^= h[k] >> 32;
    for (; i < n; i++) h[0] = (h[0] ^ w[i]) * 0x9e3779b97f4a7c15u, h[0] ^= h[0] >> 32;
    uint64_t x = h[0];
    for (int k = 1; k < 4; k++) x = (x ^ h[k]) * 0xff51afd7ed558ccdu, x ^= x >> 29;
    return x;
}

static bool is_it(const tw_ctx *cx, const tw_plan *p, const tw__scope *s)
{
    return p->key_words == s->log.n && !memcmp(p->key, s->log.at, (size_t)s->log.n * sizeof *p->key)
        && (!p->needs_prev || p->prev == s->prev) && tw__plan_fits(cx, p, s);
}

tw_plan *tw__plan_find(tw_ctx *cx, tw__scope *s)
{
    tw__plans *c = cx->plans;
    if (!c) return NULL;
    tw_plan *p = s->hint;
    if (!p || !is_it(cx, p, s)) {
        const uint64_t hash = hash_of(s->log.at, s->log.n);
        chain *e;
        HASH_FIND(hh, c->by_hash, &hash, sizeof hash, e);
        for (p = e ? e->first : NULL; p && !is_it(cx, p, s); ) p = p->same_hash;
    }
    if (p) p->used = ++c->clock;
    return p;
}

/* The plan that will be tried first after this one. */
void tw__plan_follows(tw__scope *s, tw_plan *p)
{
    if (!s->begun) s->first_plan = p;
    else if (s->last) s->last->then = p;
    s->begun = true, s->last = p, s->hint = p->then;
}

static int64_t bytes_of(const tw_plan *p)
{
    int64_t n = (int64_t)sizeof *p + p->key_words * (int64_t)sizeof *p->key;
    for (const tw__chunk *k = p->memory.first; k; k = k->next) n += (int64_t)k->size;
    return n;
}

static void forget_hints(tw_ctx *cx)
{
    for (int d = 0; d <= TW__MAX_DEPTH; d++)
        cx->scope[d].hint = cx->scope[d].first_plan = cx->scope[d].last = NULL;
    cx->last_plan = NULL;
}

static void evict(tw_ctx *cx, tw__plans *c, uint64_t before)
{
    chain *e, *next;
    forget_hints(cx);
    HASH_ITER(hh, c->by_hash, e, next) {
        for (tw_plan **at = &e->first; *at; ) {
            tw_plan *p = *at;
            p->then = NULL;
            if (p->used > before) { at = &p->same_hash; continue; }
            *at = p->same_hash;
            c->n--, c->bytes -= bytes_of(p);
            tw__plan_free(cx, p);
        }
        if (e->first) continue;
        HASH_DELETE(hh, c->by_hash, e);
        tw_resize(cx, e, sizeof *e, 0);
    }
}

bool tw__plan_keep(tw_ctx *cx, tw__scope *s, tw_plan *p)
{
    tw__plans *c = cx->plans;
    if (!c) {
        if (!(c = tw_resize(cx, NULL, 0, sizeof *c))) return false;
        *c = (tw__plans){ 0 };
        cx->plans = c;
    }
    if (c->n >= MOST || c->bytes >= MOST_BYTES) evict(cx, c, c->clock - (uint64_t)c->n / 2);
    const size_t size = (size_t)s->log.n * sizeof *p->key;
    if (!(p->key = tw_resize(cx, NULL, 0, size))) return false;
    memcpy(p->key, s->log.at, size);
    p->key_words = s->log.n;
    p->hash = hash_of(p->key, p->key_words);
    p->prev = s->prev;
    chain *e;
    HASH_FIND(hh, c->by_hash, &p->hash, sizeof p->hash, e);
    if (!e) {
        if (!(e = tw_resize(cx, NULL, 0, sizeof *e))) return false;
        *e = (chain){ .hash = p->hash };
        HASH_ADD(hh, c->by_hash, hash, sizeof e->hash, e);
        if (e->refused) return tw_resize(cx, e, sizeof *e, 0), false;
    }
    p->same_hash = e->first, e->first = p;
    p->used = ++c->clock;
    c->n++, c->bytes += bytes_of(p);
    cx->last_plan = p;
    return true;
}

void tw__plans_free(tw_ctx *cx)
{
    if (!cx->plans) return;
    evict(cx, cx->plans, UINT64_MAX);
    tw_resize(cx, cx->plans, sizeof *cx->plans, 0);
    cx->plans = NULL;
}

tw_plan_counts tw_counts(const tw_ctx *cx)
{
    if (!cx) cx = &tw__dead;
    return (tw_plan_counts){ .hits = cx->hits, .misses = cx->misses, .uncached = cx->uncached, .nodes_run = cx->nodes_run,
                             .plans = cx->plans ? cx->plans->n : 0, .plan_bytes = cx->plans ? cx->plans->bytes : 0, .bytes_live = cx->live, .bytes_cached = cx->cached,
                             .bytes_peak = cx->peak, .slab = cx->slab ? (int64_t)cx->slab->bytes : 0 };
}
