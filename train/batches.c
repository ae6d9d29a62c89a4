/* batches.c - the loop over mini-batches.
 *
 * The order of an epoch is a shuffle by Fisher and Yates whose random numbers are SplitMix64 of
 * (seed, epoch): it depends on nothing that happened before, so that a run that is resumed in the
 * middle sees what the uninterrupted one would have seen.
 * What is in a batch is made by loader.c.
 * Each batch is a scope; the scope of the batch before is left first, which evaluates what it
 * still owes. Leaves copy their elements, so the room for a batch can be used again.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/train_impl.h"

#include <string.h>

typedef struct tw__loop loop;

void tw__shuffle(int64_t *order, int64_t n, tw__random r)
{
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = tw__random_below(&r, i + 1), t = order[i];
        order[i] = order[j], order[j] = t;
    }
}

/* One block: the loop and the order. */
static loop *loop_new(const tw_loc *at, tw_dataset *d, const tw_batches_args *o, int64_t of)
{
    const size_t head = (sizeof(loop) + 63) / 64 * 64, bytes = head + (size_t)d->count * sizeof(int64_t);
    char *block = tw_resize(d->cx, NULL, 0, bytes);
    if (!block) return NULL;

    loop *l = (loop *)(void *)block;
    *l = (loop){ .at = at, .d = d, .o = *o, .bytes = bytes, .x = tw__piece_x(d), .y = tw__piece_y(d) };
    l->order = (int64_t *)(void *)(block + head);
    for (int64_t i = 0; i < d->count; i++) l->order[i] = i;
    if (o->shuffle) tw__shuffle(l->order, d->count, tw__random_of(tw_seed(d->cx), o->epoch));
    l->progress.begun = l->progress.shown = tw__seconds();
    if ((l->loader = tw__loader_start(l, of))) return l;
    tw_resize(d->cx, l, bytes, 0);
    return NULL;
}

tw_batch tw__batches_at(const tw_loc *at, tw_dataset *d, const tw_batches_args *options)
{
    TW_OPTIONS(tw_batches_args, options);
    tw_batch b = { .index = -1, .epoch = options->epoch };
    if (!d || d->count == 0 || !tw_ok(d->cx)) return b;

    tw_batches_args o = *options;
    if (o.size == 0) o.size = 32;
    if (o.size < 0) {
        tw_fail(d->cx, TW_EARG, "batches", at, ".size is %lld", (long long)o.size);
        return b;
    }
    b.of = d->count / o.size + (!o.drop_last && d->count % o.size);
    if (o.first < 0 || o.first > b.of) {
        tw_fail(d->cx, TW_EARG, "batches", at, ".first is %lld of %lld batches", (long long)o.first, (long long)b.of);
        return b;
    }
    if (o.size > d->count) o.size = d->count;
    if (o.workers == 0 && d->augment) o.workers = 1;
    b.index = o.first - 1;
    b.loop = loop_new(at, d, &o, b.of);
    if (b.loop) tw_hold(d->cx);
    return b;
}

static tw_node *leaf(const loop *l, const tw__piece *p, const tw_batch *b, const void *elements)
{
    if (!p->bytes) return NULL;
    tw_shape shape = { p->item.n + 1, { b->count } };
    memcpy(shape.at + 1, p->item.at, (size_t)p->item.n * sizeof *shape.at);
    return tw_data_at(l->at, l->d->cx, p->dtype, shape, elements);
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
    const void *x, *y;
    tw__loader_get(l->loader, b->index, &x, &y);
    b->x = leaf(l, &l->x, b, x);
    b->y = leaf(l, &l->y, b, y);
    return tw_ok(l->d->cx);
}

void tw__batches_end(tw_batch *b)
{
    loop *l = b->loop;
    if (!l) return;
    leave(l);
    tw__loader_stop(l->loader);
    tw__progress_end(&l->progress);
    tw_ctx *cx = l->d->cx;
    tw_resize(cx, l, l->bytes, 0);
    b->loop = NULL;
    tw_let_go(cx);
}
