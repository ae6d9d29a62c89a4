/* batches.c - the loop over mini-batches.
 *
 * The order of an epoch is a shuffle by Fisher and Yates whose random numbers are SplitMix64 of
 * (seed, epoch): it depends on nothing that happened before, so that a run that is resumed in the
 * middle sees what the uninterrupted one would have seen.
 * Each batch is a scope; the scope of the batch before is left first, which evaluates what it
 * still owes. Leaves copy their elements, so the room for a batch can be used again.
 * Reference: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/train_impl.h"

#include <string.h>

typedef struct tw__loop loop;

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void shuffle(int64_t *order, int64_t n, uint64_t seed, int epoch)
{
    const uint64_t golden = 0x9e3779b97f4a7c15u;
    uint64_t state = mix(mix(seed + golden) + (uint64_t)(int64_t)epoch);
    for (int64_t i = n - 1; i > 0; i--) {
        state += golden;
        const int64_t j = (int64_t)(mix(state) % (uint64_t)(i + 1));    /* uneven by less than n / 2^64 */
        const int64_t t = order[i];
        order[i] = order[j], order[j] = t;
    }
}

static size_t batch_bytes(const tw__column *c, int64_t n)
{
    const size_t bytes = c->data ? (size_t)n * (size_t)c->size * tw_dtype_size(c->dtype) : 0;
    return (bytes + 63) / 64 * 64;
}

/* One block: the loop, the order, room for x and y. */
static loop *loop_new(const tw_loc *at, tw_dataset *d, const tw_batches_args *o)
{
    const size_t head = (sizeof(loop) + 63) / 64 * 64, order = ((size_t)d->count * sizeof(int64_t) + 63) / 64 * 64;
    const size_t x = batch_bytes(&d->x, o->size), y = batch_bytes(&d->y, o->size);
    char *block = tw_resize(d->cx, NULL, 0, head + order + x + y);
    if (!block) return NULL;

    loop *l = (loop *)(void *)block;
    *l = (loop){ .at = at, .d = d, .o = *o, .bytes = head + order + x + y };
    l->order = (int64_t *)(void *)(block + head);
    l->x = block + head + order, l->y = block + head + order + x;
    for (int64_t i = 0; i < d->count; i++) l->order[i] = i;
    if (o->shuffle) shuffle(l->order, d->count, tw_seed(d->cx), o->epoch);
    l->progress.begun = l->progress.shown = tw__seconds();
    return l;
}

tw_batch tw__batches_at(const tw_loc *at, tw_dataset *d, const tw_batches_args *options)
{
    tw_batch b = { .index = -1, .epoch = options->epoch };
    if (!d || d->count == 0 || !tw_ok(d->cx)) return b;

    tw_batches_args o = *options;
    if (o.size == 0) o.size = 32;
    if (o.size < 0) {
        tw_fail(d->cx, TW_EARG, "batches", at, ".size is %lld", (long long)o.size);
        return b;
    }
    b.of = (d->count + (o.drop_last ? 0 : o.size - 1)) / o.size;
    if (o.size > d->count) o.size = d->count;
    b.loop = loop_new(at, d, &o);
    if (b.loop) tw_hold(d->cx);
    return b;
}

static tw_node *leaf(const loop *l, const tw__column *c, const tw_batch *b, void *room)
{
    if (!c->data) return NULL;
    tw_shape shape = { c->item.n + 1, { b->count } };
    memcpy(shape.at + 1, c->item.at, (size_t)c->item.n * sizeof *shape.at);
    tw__column_gather(c, b->count, b->examples, room);
    return tw_data_at(l->at, l->d->cx, c->dtype, shape, room);
}

static void leave(loop *l)
{
    if (l->in_scope) tw_scope_leave(&l->scope);
    l->in_scope = false;
}

bool tw__batches_next(tw_batch *b)
{
    loop *l = b->loop;
    if (!l) return false;
    leave(l);
    if (!tw_ok(l->d->cx) || b->index + 1 >= b->of) return false;

    const int64_t from = ++b->index * l->o.size, rest = l->d->count - from;
    b->count = rest < l->o.size ? rest : l->o.size;
    b->examples = l->order + from;
    l->progress.done += b->count;
    l->scope = tw_scope_enter(l->d->cx), l->in_scope = true;
    b->x = leaf(l, &l->d->x, b, l->x);
    b->y = leaf(l, &l->d->y, b, l->y);
    return tw_ok(l->d->cx);
}

void tw__batches_end(tw_batch *b)
{
    loop *l = b->loop;
    if (!l) return;
    leave(l);
    tw__progress_end(&l->progress);
    tw_ctx *cx = l->d->cx;
    tw_resize(cx, l, l->bytes, 0);
    b->loop = NULL;
    tw_let_go(cx);
}
