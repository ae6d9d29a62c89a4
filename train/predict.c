/* predict.c - what a model answers for a whole data set, in its order.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "ops/ops.h"
#include "train/train_impl.h"

#include <string.h>

/* A growing tensor of rows, as bytes. */
typedef struct rows { tw_dtype dtype; tw_shape shape; size_t bytes, room; char *data; } rows;

static bool append(const tw_loc *at, tw_ctx *cx, tw_node *n, const char *op, int64_t count, rows *r)
{
    const tw_shape s = tw_shape_of(n);
    const size_t size = (size_t)tw_count(n) * tw_dtype_size(tw_dtype_of(n));
    const void *from = tw_read_at(at, n, tw_dtype_of(n));
    if (!from) return false;
    bool fits = s.n >= 1 && s.at[0] == count;
    if (r->data) fits = fits && s.n == r->shape.n && r->dtype == tw_dtype_of(n) && !memcmp(s.at + 1, r->shape.at + 1, (size_t)(s.n - 1) * sizeof *s.at);
    if (!fits) return tw_fail(cx, TW_ESHAPE, op, at, "the model's answers for %lld examples are no rows like those before", (long long)count), false;
    if (r->bytes + size > r->room || !r->data) {
        const size_t room = 2 * r->room + size + 1;
        char *p = tw_resize(cx, r->data, r->room, room);
        if (!p) return false;
        r->data = p, r->room = room;
    }
    const int64_t before = r->bytes ? r->shape.at[0] : 0;
    memcpy(r->data + r->bytes, from, size);
    r->bytes += size, r->shape = s, r->dtype = tw_dtype_of(n), r->shape.at[0] = before + count;
    return true;
}

static tw_node *leaf(const tw_loc *at, tw_ctx *cx, rows *r)
{
    tw_node *n = tw_ok(cx) && r->data ? tw_data_at(at, cx, r->dtype, r->shape, r->data) : tw_nil(cx);
    if (r->data) tw_resize(cx, r->data, r->room, 0);
    return n;
}

tw_node *tw_predict_at(const tw_loc *at, tw_net *net, tw_model_fn model, tw_dataset *d, const tw_predict_args *o)
{
    TW_OPTIONS(tw_predict_args, o);
    tw_ctx *cx = tw_net_ctx(net);
    if (!cx || !tw_ok(cx)) return tw_nil(cx);
    if (!model || tw_dataset_count(d) == 0) return tw_fail(cx, TW_EARG, "predict", at, model ? "no examples" : "the model is missing");
    const bool training = tw_net_is_training(net);
    rows r = { .data = NULL };
    tw_net_training(net, false);
    TW_BATCHES(b, d, .size = o->batch ? o->batch : 256, .workers = o->workers) {
        tw_node *y = model(net, b.x, o->user);
        if (tw_ok(cx) && !y) tw_fail(cx, TW_EARG, "predict", at, "the model gave NULL");
        if (!tw_ok(cx) || !append(at, cx, y, "predict", b.count, &r)) break;
    }
    tw_net_training(net, training);
    return leaf(at, cx, &r);
}

tw_node *tw_dataset_targets_at(const tw_loc *at, tw_dataset *d)
{
    if (!tw__dataset_usable(d)) return tw_nil(d ? d->cx : NULL);
    if (!d->y.data) return tw_fail(d->cx, TW_EARG, "dataset_targets", at, "the data set has none");
    rows r = { .data = NULL };
    TW_BATCHES(b, d, .size = 4096, .workers = -1)
        if (!append(at, d->cx, b.y, "dataset_targets", b.count, &r)) break;
    return leaf(at, d->cx, &r);
}
