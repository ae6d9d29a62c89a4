/* param.c - the parameter of a name: found, or created with its first value.
 *
 * The key of its random numbers is the hash of its path with the high bit set, which no running
 * number of a context reaches: adding a layer, or calling layers in another order, changes no
 * other layer's first values.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"

/* [kh, kw, in, out]: an output sums kh * kw * in terms. A vector counts as its own fan. What is too large for that is no
 * shape, as whoever draws will say. */
static tw_init_request request(tw_net *net, const char *path, tw_shape shape)
{
    const int n = shape.n;
    tw_init_request r = { .cx = net->cx, .path = path, .shape = shape, .key = tw__path_hash(path) | (uint64_t)1 << 63 };
    int64_t window = 1;
    bool over = false;
    for (int i = 0; i < n - 2; i++) over = over || __builtin_mul_overflow(window, shape.at[i], &window);
    over = over || __builtin_mul_overflow(window, n ? shape.at[n > 1 ? n - 2 : 0] : 1, &r.fan_in);
    over = over || __builtin_mul_overflow(window, n ? shape.at[n - 1] : 1, &r.fan_out);
    if (over) r.fan_in = r.fan_out = INT64_MAX;
    return r;
}

static bool same_shape(const tw_dims *a, const tw_shape *b)
{
    bool same = a->n == b->n;
    for (int i = 0; same && i < a->n; i++) same = a->at[i] == b->at[i];
    return same;
}

static const char *text_of(tw_shape shape, char *text, size_t size)
{
    tw_dims dims = { .n = shape.n };
    for (int i = 0; i < shape.n; i++) dims.at[i] = shape.at[i];
    return tw_shape_text(&dims, text, size);
}

static tw_node *found(const tw_loc *at, const char *op, const tw_net_item *item, tw_shape shape, bool buffer)
{
    tw_node *cell = item->cell;
    char has[96], wants[96];
    if (item->buffer != buffer)
        return tw_fail(cell->cx, TW_EARG, op, at, "\"%s\" is a %s since %s:%d", item->path,
                       item->buffer ? "buffer" : "parameter", item->at->file, item->at->line);
    if (!same_shape(cell->shape, &shape))
        return tw_fail(cell->cx, TW_ESHAPE, op, at, "\"%s\" is %s since %s:%d, not %s", item->path,
                       tw_shape_text(cell->shape, has, sizeof has), item->at->file, item->at->line,
                       text_of(shape, wants, sizeof wants));
    return cell;
}

static tw_node *create(const tw_loc *at, const char *op, tw_net *net, const char *path, tw_shape shape,
                       tw_init init, bool buffer)
{
    tw_ctx *cx = net->cx;
    if (net->sealed) return tw_fail(cx, TW_EARG, op, at, "no parameter \"%s\", and the network is sealed", path);
    if (!init.draw)  return tw_fail(cx, TW_EARG, op, at, "\"%s\" is new and has no initialiser", path);
    if (!(path = tw_intern(cx, path))) return tw_nil(cx);

    const tw_init_request r = request(net, path, shape);
    const uint64_t random = tw_random_count(cx);
    tw_node *const drawn = init.draw(at, &init, &r), *value = drawn;
    if (net->source && tw_ok(cx)) {     /* nothing is drawn then, so no random number is used up */
        tw_random_set(cx, random);
        value = net->source->value(at, net, path, value);
    }
    tw_node *cell  = buffer ? tw_state(cx, value) : tw_param(cx, path, value);
    if (!tw_ok(cx)) return tw_nil(cx);

    const tw_net_item item = { .path = path, .cell = cell, .at = at, .buffer = buffer, .loaded = value != drawn, .calls = 1 };
    return found(at, op, &item, shape, buffer) == cell && tw__net_insert(net, &item) ? cell : tw_nil(cx);
}

static tw_node *get(const tw_loc *at, const char *op, tw_net *net, const char *name, tw_shape shape,
                    tw_init init, bool buffer)
{
    char path[TW__PATH_MAX];
    if (!net || !net->cx || !tw_ok(net->cx) || !tw__net_path(at, op, net, name, path)) return tw__net_nil(net);
    if (shape.n < 0 || shape.n > TW_MAX_RANK)
        return tw_fail(net->cx, TW_ESHAPE, op, at, "\"%s\" of rank %d: from 0 to %d", path, shape.n, TW_MAX_RANK);
    tw_net_item *item = tw__net_find(net, path);
    if (item) item->calls++;
    return item ? found(at, op, item, shape, buffer) : create(at, op, net, path, shape, init, buffer);
}

tw_node *tw_nn_param_at(const tw_loc *at, tw_net *net, const char *name, tw_shape shape, tw_init init)
{
    return get(at, "nn_param", net, name, shape, init, false);
}

tw_node *tw_nn_buffer_at(const tw_loc *at, tw_net *net, const char *name, tw_shape shape, tw_init init)
{
    return get(at, "nn_buffer", net, name, shape, init, true);
}
