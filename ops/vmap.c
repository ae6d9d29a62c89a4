/* vmap.c - what batching rules share: operands with the new first axis, reductions, images. */
#include "ops/ops_impl.h"
#include <string.h>

tw_shape tw__batch_shape(const tw_batching *b, tw_shape s)
{
    memmove(s.at + 1, s.at, (size_t)s.n * sizeof *s.at);        /* the new axis is known to fit */
    s.at[0] = b->n, s.n++;
    return s;
}

tw_node *tw__many(const tw_batching *b, int k)
{
    const tw_loc *at = b->at;
    return b->many[k] ? b->in[k] : tw_broadcast_to(b->in[k], tw__batch_shape(b, tw_shape_of(b->in[k])));
}

tw_node *tw__batch_reduced(const tw_batching *b)
{
    tw_reduce_attr attr = *(const tw_reduce_attr *)tw_attr(b->y);
    attr.axes = (uint8_t)(attr.axes << 1);
    return tw_build_node(&(tw_build){ .op = b->y->op, .at = b->at, .attr = &attr, .n = 1, .in = b->in });
}

tw_node *tw__batch_images(const tw_batching *b)
{
    const tw_loc *at = b->at;
    tw_node *in[4];
    for (int k = 0; k < b->y->n_in; k++) {
        tw_shape s = tw_shape_of(tw_in(b->y, k));
        s.at[0] *= b->n;
        in[k] = tw_reshape(tw__many(b, k), s);
    }
    tw_shape s = tw_shape_of(b->y);
    s.at[0] *= b->n;
    tw_node *y = tw_build_node(&(tw_build){ .op = b->y->op, .at = at, .attr = tw_attr(b->y), .slot = tw_slot(b->y), .shape = &s,
                                            .n = b->y->n_in, .in = in });
    return tw_reshape(y, tw__batch_shape(b, tw_shape_of(b->y)));
}
