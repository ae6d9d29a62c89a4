/* attention.c - softmax(q k' / sqrt(d)) v, in several heads (Vaswani et al. 2017).
 *
 * What may not be seen gets a score of -infinity; a step that may see nothing gets zeros. With a cache the steps of x
 * stand at its position and after, and see all that it holds up to themselves.
 * SPDX-License-Identifier: MIT
 */
#include "nn/attention_impl.h"
#include <math.h>

static tw_node *dense(const tw__layer *l, const char *name, tw_node *x, int64_t units, const tw_nn_attention_args *o)
{
    const tw_loc *at = l->at;
    return tw_nn_dense(l->net, name, x, .units = units, .no_bias = o->no_bias, .init = o->init);
}

/* [n, steps, heads d] as [n, heads, steps, d]. */
static tw_node *apart(const tw_loc *at, tw_node *x, int heads)
{
    const int64_t d = tw_dim(x, 2) / heads;
    return tw_permute(tw_reshape(x, TW_SHAPE(tw_dim(x, 0), tw_dim(x, 1), heads, d)), TW_AXES(0, 2, 1, 3));
}

static tw_node *together(const tw_loc *at, tw_node *x)
{
    const int64_t n = tw_dim(x, 0), heads = tw_dim(x, 1), steps = tw_dim(x, 2), d = tw_dim(x, 3);
    return tw_reshape(tw_permute(x, TW_AXES(0, 2, 1, 3)), TW_SHAPE(n, steps, heads * d));
}

/* Which of m keys a step may see, which stands at start + its number: [steps, m]. */
static tw_node *not_later(const tw_loc *at, tw_ctx *cx, int64_t steps, int64_t m, int64_t start)
{
    tw_node *row = tw_add(tw_reshape(tw_arange(cx, steps), TW_SHAPE(steps, 1)), tw__slot((double)start));
    return tw_less_equal(tw_arange(cx, m), row);
}

static tw_node *seen(const tw__layer *l, const tw_nn_attention_args *o, const tw_node *q, const tw_node *k, int64_t start)
{
    const tw_loc *at = l->at;
    tw_node *causal = o->causal ? not_later(at, q->cx, tw_dim(q, 2), tw_dim(k, 2), start) : NULL;
    return causal && o->mask ? tw_logical_and(causal, o->mask) : causal ? causal : o->mask;
}

static tw_node *attention(const tw__layer *l, tw_node *x, const tw_nn_attention_args *o)
{
    const tw_loc *at = l->at;
    const int64_t features = tw_dim(x, 2), start = o->cache ? tw_nn_cache_position(o->cache) : 0;
    tw_node *from = o->memory ? o->memory : x;
    tw_node *q = apart(at, dense(l, "query", x, features, o), o->heads);
    tw_node *k = apart(at, dense(l, "key", from, features, o), o->heads);
    tw_node *v = apart(at, dense(l, "value", from, features, o), o->heads);
    if (o->rotary) {
        q = tw_rotary(q, .start = start);
        k = tw_rotary(k, .start = start);
    }
    if (!tw_ok(x->cx) || (o->cache && !tw__cache_extend(l, o->cache, &k, &v))) return NULL;

    tw_node *scores = tw_mul(tw_matmul(q, k, .transpose_b = true), 1 / sqrt((double)features / o->heads));
    tw_node *mask = seen(l, o, q, k, start);
    if (mask) scores = tw_where(mask, scores, -(double)INFINITY);
    tw_node *weights = tw_softmax(scores);
    if (o->dropout != 0) weights = tw_nn_dropout(l->net, weights, .p = o->dropout);
    return dense(l, "output", together(at, tw_matmul(weights, v)), features, o);
}

static bool sequences(const tw__layer *l, const tw_node *x, const char *what)
{
    char text[96];
    if (tw_rank(x) == 3) return true;
    tw__layer_fail(l, TW_ESHAPE, l->kind, "%s is %s, not [n, steps, features]", what, tw_shape_text(x->shape, text, sizeof text));
    return false;
}

static tw_node *checked(const tw__layer *l, tw_node *x, const tw_nn_attention_args *o)
{
    if (!sequences(l, x, "x")) return NULL;
    if (o->memory && !tw_is_nil(o->memory) && !sequences(l, o->memory, "the memory")) return NULL;
    if (o->heads < 1 || tw_dim(x, 2) % o->heads)
        return tw__layer_fail(l, TW_EARG, l->kind, "%d heads for %lld features: give a divisor, .heads = n", o->heads, (long long)tw_dim(x, 2));
    if (o->rotary && tw_dim(x, 2) / o->heads % 2)
        return tw__layer_fail(l, TW_EARG, l->kind, "%lld features a head: rotary needs an even number", (long long)tw_dim(x, 2) / o->heads);
    if (o->cache && (!o->causal || o->memory))
        return tw__layer_fail(l, TW_EARG, l->kind, "a cache is for causal attention to x itself: .causal = true, and no .memory");
    return attention(l, x, o);
}

tw_node *tw_nn_attention_at(const tw_loc *at, tw_net *net, const char *name, tw_node *x, const tw_nn_attention_args *o)
{
    TW_OPTIONS(tw_nn_attention_args, o);
    tw__layer l = tw__layer_enter(at, "attention", net, name ? name : "", &x);
    return tw__layer_leave(&l, l.ok ? checked(&l, x, o) : NULL);
}
