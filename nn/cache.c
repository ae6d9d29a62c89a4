/* cache.c - keys and values of earlier steps.
 *
 * Each layer that attends through a cache has two states in it, found by the layer's path, so that one cache serves a
 * whole model. A state has its full size from the first step on and is written at a position that is a slot; what lies
 * beyond the position is hidden by the mask.
 * All layers of a model write at one position, which the program moves on after each call of the model.
 * SPDX-License-Identifier: MIT
 */
#include "nn/attention_impl.h"
#include <string.h>

typedef struct entry {
    struct entry *next;
    const char   *path;
    tw_node      *k, *v;
} entry;

struct tw_nn_cache {
    tw_ctx  *cx;                /* NULL: dead */
    int64_t  capacity, position;
    entry   *entries;
};

static tw_nn_cache dead;

static void cache_close(void *object)
{
    tw_nn_cache *cache = object;
    for (entry *e = cache->entries, *next; e; e = next) {
        next = e->next;
        tw_resize(cache->cx, e, sizeof *e, 0);
    }
    tw_resize(cache->cx, cache, sizeof *cache, 0);
}

tw_nn_cache *tw_nn_cache_new_at(const tw_loc *at, tw_net *net, int64_t capacity)
{
    tw_ctx *cx = tw_net_ctx(net);
    if (!cx || !tw_ok(cx)) return &dead;
    if (capacity < 1) {
        tw_fail(cx, TW_EARG, "nn_cache", at, "the capacity is %lld: at least 1", (long long)capacity);
        return &dead;
    }
    tw_nn_cache *cache = tw_resize(cx, NULL, 0, sizeof *cache);
    if (!cache) return &dead;
    *cache = (tw_nn_cache){ .cx = cx, .capacity = capacity };
    if (tw_on_close(cx, cache_close, cache)) return cache;
    tw_resize(cx, cache, sizeof *cache, 0);
    return &dead;
}

int64_t tw_nn_cache_position(const tw_nn_cache *cache) { return cache ? cache->position : 0; }

void tw_nn_cache_advance(tw_nn_cache *cache, int64_t steps)
{
    if (cache && cache->cx && __builtin_add_overflow(cache->position, steps, &cache->position)) cache->position = -1;
}

void tw_nn_cache_seek(tw_nn_cache *cache, int64_t position)
{
    if (cache && cache->cx) cache->position = position;
}

/* The layer's states, made at first for batches of the shape of k. */
static entry *entry_of(const tw__layer *l, tw_nn_cache *cache, tw_node *k)
{
    const tw_loc *at = l->at;
    for (entry *e = cache->entries; e; e = e->next)
        if (!strcmp(e->path, l->net->prefix)) return e;
    const char *path = tw_intern(cache->cx, l->net->prefix);
    entry *e = path ? tw_resize(cache->cx, NULL, 0, sizeof *e) : NULL;
    if (!e) return NULL;
    const tw_shape all = TW_SHAPE(tw_dim(k, 0), tw_dim(k, 1), cache->capacity, tw_dim(k, 3));
    *e = (entry){ .next = cache->entries, .path = path };
    e->k = tw_state(cache->cx, tw_zeros(cache->cx, all, .dtype = tw_dtype_of(k)));
    e->v = tw_state(cache->cx, tw_zeros(cache->cx, all, .dtype = tw_dtype_of(k)));
    if (!tw_ok(cache->cx)) return tw_resize(cache->cx, e, sizeof *e, 0), NULL;
    return cache->entries = e;
}

static tw_node *written(const tw_loc *at, tw_node *state, tw_node *steps, int64_t position)
{
    tw_assign(state, tw_slice_update(state, steps, position, .axis = 2));
    return state;
}

bool tw__cache_extend(const tw__layer *l, tw_nn_cache *cache, tw_node **k, tw_node **v)
{
    const tw_loc *at = l->at;
    const int64_t steps = tw_dim(*k, 2);
    if (cache->cx != l->net->cx) return tw__layer_fail(l, TW_EARG, l->kind, "the cache is of another context"), false;
    if (cache->position < 0 || cache->position > cache->capacity - steps)
        return tw__layer_fail(l, TW_EARG, l->kind, "%lld steps from %lld on in a cache of %lld", (long long)steps,
                              (long long)cache->position, (long long)cache->capacity), false;
    entry *e = entry_of(l, cache, *k);
    if (!e) return false;
    if (tw_dim(e->k, 0) != tw_dim(*k, 0))
        return tw__layer_fail(l, TW_ESHAPE, l->kind, "%lld sequences, but the cache has %lld", (long long)tw_dim(*k, 0),
                              (long long)tw_dim(e->k, 0)), false;
    *k = written(at, e->k, *k, cache->position);
    *v = written(at, e->v, *v, cache->position);
    return tw_ok(cache->cx);
}
