/* attention.c - scaled dot-product attention: softmax(scale q k' + mask) v, over the last two axes.
 *
 * Spelled from products and softmax, which the planner joins. Masked scores are -infinity before the
 * softmax, so that they take no part in it nor in any derivative; a row with nothing but masked scores
 * has weights 0, and so the value 0 (others give NaN there). Causal: query i sees keys 0 to i.
 */
#include "ops/ops_impl.h"
#include <math.h>

/* What is wrong with the shapes, as an error; true if nothing is. */
static bool agree(const tw_loc *at, const tw_node *q, const tw_node *k, const tw_node *v)
{
    char tq[96], tk[96], tv[96];
    tw_shape_text(q->shape, tq, sizeof tq), tw_shape_text(k->shape, tk, sizeof tk), tw_shape_text(v->shape, tv, sizeof tv);
    const int nq = q->shape->n, nk = k->shape->n, nv = v->shape->n;
    if (nq < 2 || nk < 2 || nv < 2)
        return tw_fail(q->cx, TW_ESHAPE, "attention", at, "q %s, k %s, v %s: [.., time, features] are needed", tq, tk, tv), false;
    if (q->shape->at[nq - 1] != k->shape->at[nk - 1])
        return tw_fail(q->cx, TW_ESHAPE, "attention", at, "q %s and k %s differ in features", tq, tk), false;
    if (k->shape->at[nk - 2] != v->shape->at[nv - 2])
        return tw_fail(q->cx, TW_ESHAPE, "attention", at, "k %s and v %s differ in time", tk, tv), false;
    return tw__need_float(at, "attention", q);
}

/* Whether the mask broadcasts to the scores without making them more. */
static bool covers(const tw_loc *at, const tw_node *mask, const tw_node *scores)
{
    const tw_dims *m = mask->shape, *s = scores->shape;
    bool ok = m->n <= s->n;
    for (int i = 1; i <= m->n && ok; i++) ok = m->at[m->n - i] == 1 || m->at[m->n - i] == s->at[s->n - i];
    char tm[96], ts[96];
    if (!ok)
        tw_fail(mask->cx, TW_ESHAPE, "attention", at, "a mask %s for scores %s", tw_shape_text(m, tm, sizeof tm),
                tw_shape_text(s, ts, sizeof ts));
    return ok;
}

/* [t, s]: whether query i sees key j. */
static tw_node *causal(const tw_loc *at, const tw_node *scores)
{
    const int64_t t = scores->shape->at[scores->shape->n - 2], s = scores->shape->at[scores->shape->n - 1];
    tw_node *query = tw_reshape(tw_arange(scores->cx, t, .dtype = TW_I32), TW_SHAPE(t, 1));
    return tw_less_equal(tw_arange(scores->cx, s, .dtype = TW_I32), query);
}

tw_node *tw_attention_at(const tw_loc *at, tw_node *q, tw_node *k, tw_node *v, const tw_attention_args *o)
{
    TW_OPTIONS(tw_attention_args, o);
    tw_node *in[4] = { q, k, v, o->mask };
    if (!tw__operands(at, "attention", o->mask ? 4 : 3, in)) return in[0];
    q = in[0], k = in[1], v = in[2];
    if (!agree(at, q, k, v)) return tw_nil(q->cx);

    const int64_t features = q->shape->at[q->shape->n - 1];
    const tw_arg scale = o->scale != 0 ? tw__slot(o->scale) : tw__arg_constant(features ? 1 / sqrt((double)features) : 1);
    tw_node *scores = tw_matmul(tw_mul(q, scale), k, .transpose_b = true);
    if (tw_is_nil(scores)) return scores;
    if (o->mask) {
        tw_node *mask = in[3];
        if (!covers(at, mask, scores)) return tw_nil(q->cx);
        scores = mask->dtype == TW_BOOL ? tw_where(mask, scores, -(double)INFINITY) : tw_add(scores, mask);
    }
    if (o->causal) scores = tw_where(causal(at, scores), scores, -(double)INFINITY);
    return tw_matmul(tw_softmax(scores), v);
}
