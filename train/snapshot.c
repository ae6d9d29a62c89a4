/* snapshot.c - copies of a network's weights, as bytes outside of the graph.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "nn/nn.h"
#include "train/fit_impl.h"

#include <string.h>

static size_t bytes_of(const tw_node *cell) { return (size_t)tw_count(cell) * tw_dtype_size(tw_dtype_of(cell)); }
static size_t rounded(size_t n) { return (n + 15) / 16 * 16; }

void tw__snapshot_drop(tw_ctx *cx, tw__snapshot *s)
{
    if (s->shot) tw_resize(cx, s->shot, s->bytes, 0);
    *s = (tw__snapshot){ .n = 0 };
}

bool tw__snapshot_take(const tw_loc *at, tw_net *net, tw__snapshot *s)
{
    tw_ctx *cx = tw_net_ctx(net);
    tw__snapshot_drop(cx, s);
    int n = 0;
    size_t data = 0;
    TW_NET_EACH(item, net, NULL) n++, data += rounded(bytes_of(item->cell));
    s->bytes = rounded((size_t)n * sizeof *s->shot) + data;
    if (!n || !(s->shot = tw_resize(cx, NULL, 0, s->bytes))) return tw_ok(cx);
    char *to = (char *)s->shot + rounded((size_t)n * sizeof *s->shot);
    TW_NET_EACH(item, net, NULL) {
        s->shot[s->n++] = (struct tw__shot){ item->path, tw_dtype_of(item->cell), *item->cell->shape, to };
        if (!tw_copy_at(at, item->cell, to, bytes_of(item->cell))) return false;
        to += rounded(bytes_of(item->cell));
    }
    return true;
}

/* In the shape and dtype that it was taken in, or that a file claims: what is not the cell's own tw_assign refuses. */
static tw_node *leaf(const tw_loc *at, tw_ctx *cx, const struct tw__shot *s)
{
    tw_shape shape = { .n = s->dims.n };
    memcpy(shape.at, s->dims.at, sizeof shape.at);
    return tw_data_at(at, cx, s->dtype, shape, s->data);
}

bool tw__snapshot_restore(const tw_loc *at, tw_net *net, const tw__snapshot *s)
{
    tw_ctx *cx = tw_net_ctx(net);
    TW_SCOPE(cx);
    TW_NET_EACH(item, net, NULL)
        for (int i = 0; i < s->n; i++)
            if (!strcmp(s->shot[i].path, item->path)) tw_assign(item->cell, leaf(at, cx, &s->shot[i]));
    return tw_eval(cx);
}
