/* embedding.c - rows of a table: what a one-hot vector times a matrix would pick.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include "nn/sequence.h"

static tw_node *embedding(const tw__layer *l, tw_node *index, const tw_nn_embedding_args *o)
{
    const tw_loc *at = l->at;
    if (o->classes < 1 || o->units < 1)
        return tw__layer_fail(l, TW_EARG, l->kind, "classes is %lld and units %lld: give both, .classes = n, .units = d",
                              (long long)o->classes, (long long)o->units);
    if (tw_is_float(index->dtype) || index->dtype == TW_BOOL)
        return tw__layer_fail(l, TW_EDTYPE, l->kind, "the index is %s, not integers", tw_dtype_name(tw_dtype_of(index)));
    tw_node *table = tw_nn_param(l->net, "weight", TW_SHAPE(o->classes, o->units), tw__init_or(o->init, tw_normal_init(1)));
    return tw_take(table, index->dtype == TW_U8 ? tw_cast(index, TW_I32) : index);
}

tw_node *tw_nn_embedding_at(const tw_loc *at, tw_net *net, const char *name, tw_node *index, const tw_nn_embedding_args *o)
{
    TW_OPTIONS(tw_nn_embedding_args, o);
    tw__layer l = tw__layer_enter(at, "embedding", net, name ? name : "", &index);
    return tw__layer_leave(&l, l.ok ? embedding(&l, index, o) : NULL);
}
