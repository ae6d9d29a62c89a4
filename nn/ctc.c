/* ctc.c - connectionist temporal classification (Graves, Fernandez, Gomez and Schmidhuber 2006).
 *
 * The labels l with blanks around them, l' = - l1 - l2 - ... -, are said by every path that stays, goes on by one, or
 * skips a blank between two different labels. a_t(s) is the log of the probability of having said l'[0..s] after step t:
 *
 *     a_t(s) = logsumexp(a_t-1(s), a_t-1(s - 1), a_t-1(s - 2) if l'[s] may be reached from s - 2) + log p_t(l'[s])
 *
 * and the loss is -logsumexp of the last two at the end. Sequences of other lengths keep their a after their last step,
 * and read it at their own last places: selections, so one graph serves a batch.
 * SPDX-License-Identifier: MIT
 */
#include "nn/loss_impl.h"
#include <math.h>

typedef struct ctc {
    const tw_loc *at;
    tw_node *log_p, *labels;            /* [n, steps, classes], [n, s] of i64 */
    tw_node *extended, *skips;          /* l' [n, 2 s + 1]; where a skip leads to: [n, 2 s + 1] of booleans */
    int64_t  n, steps, places;
} ctc;

/* x moved by so many places to the right, with v coming in. */
static tw_node *moved(const tw_loc *at, tw_node *x, int64_t by, double v)
{
    const int64_t places = tw_dim(x, 1);
    if (by >= places) return tw_fill(x->cx, tw_shape_of(x), .dtype = tw_dtype_of(x), .value = v);
    return tw_pad(tw_slice(x, .size = { 0, places - by }), .before = { 0, by }, .value = v);
}

/* Blank, label, blank, label, ..., blank. */
static tw_node *with_blanks(const tw_loc *at, tw_node *labels, int blank)
{
    const int64_t n = tw_dim(labels, 0), s = tw_dim(labels, 1);
    tw_node *column = tw_reshape(labels, TW_SHAPE(n, s, 1));
    tw_node *pairs[] = { tw_add(tw_mul(column, 0), (double)blank), column };
    tw_node *both = tw_reshape(tw_concat(2, pairs, .axis = 2), TW_SHAPE(n, 2 * s));
    return tw_pad(both, .after = { 0, 1 }, .value = blank);
}

static tw_node *at_places(const ctc *c, int64_t step)
{
    const tw_loc *at = c->at;
    return tw_gather(tw_index(c->log_p, .axis = 1, .at = step), c->extended, .axis = 1);
}

static tw_node *advance(const ctc *c, tw_node *a, int64_t step)
{
    const tw_loc *at = c->at;
    const double never = -(double)INFINITY;
    tw_node *ways[] = { a, moved(at, a, 1, never), tw_where(c->skips, moved(at, a, 2, never), never) };
    return tw_add(tw_logsumexp(tw_stack(3, ways), .axes = TW_AXES(0)), at_places(c, step));
}

static tw_node *forward(const ctc *c, tw_node *lengths)
{
    const tw_loc *at = c->at;
    tw_node *place = tw_arange(c->log_p->cx, c->places);
    tw_node *silence = tw_where(tw_equal(place, 0), tw_zeros_like(at_places(c, 0)), -(double)INFINITY);     /* after no step */
    tw_node *a = tw_where(tw_less(place, 2), at_places(c, 0), -(double)INFINITY);
    if (lengths) lengths = tw_reshape(lengths, TW_SHAPE(c->n, 1)), a = tw_where(tw_greater(lengths, 0), a, silence);
    for (int64_t t = 1; t < c->steps; t++) {
        tw_node *next = advance(c, a, t);
        a = lengths ? tw_where(tw_greater(lengths, (double)t), next, a) : next;
    }
    return a;
}

/* The last blank and the last label, as one number each. */
static tw_node *ends(const ctc *c, tw_node *a, tw_node *counts)
{
    const tw_loc *at = c->at;
    tw_node *last = tw_reshape(tw_mul(counts, 2), TW_SHAPE(c->n, 1)), *before = tw_sub(last, 1);
    tw_node *label = tw_gather(a, tw_maximum(before, 0), .axis = 1);
    tw_node *both[] = { tw_gather(a, last, .axis = 1), tw_where(tw_less(before, 0), -(double)INFINITY, label) };
    return tw_neg(tw_logsumexp(tw_concat(2, both, .axis = 1), .axes = TW_AXES(1)));
}

static tw_node *integers(const tw_loc *at, tw_node *x) { return tw_dtype_of(x) == TW_I64 ? x : tw_cast(x, TW_I64); }

static tw_node *refused(const tw_loc *at, tw_node *log_p, tw_node *labels, const tw_ctc_args *o)
{
    char p[96], l[96];
    if (tw_rank(log_p) != 3 || tw_rank(labels) != 2 || tw_dim(log_p, 0) != tw_dim(labels, 0) || tw_dim(log_p, 1) < 1)
        return tw_fail(log_p->cx, TW_ESHAPE, "ctc_loss", at, "log-probabilities are %s and labels %s, not [n, steps, classes] and [n, s]",
                       tw_shape_text(log_p->shape, p, sizeof p), tw_shape_text(labels->shape, l, sizeof l));
    if (tw_is_float(labels->dtype) || labels->dtype == TW_BOOL)
        return tw_fail(log_p->cx, TW_EDTYPE, "ctc_loss", at, "labels are %s, not integers", tw_dtype_name(tw_dtype_of(labels)));
    if (o->blank < 0 || o->blank >= tw_dim(log_p, 2))
        return tw_fail(log_p->cx, TW_EARG, "ctc_loss", at, "blank is %d of %lld classes", o->blank, (long long)tw_dim(log_p, 2));
    tw_node *const lengths[] = { o->input_lengths, o->label_lengths };
    for (int i = 0; i < 2; i++)
        if (lengths[i] && !tw_is_nil(lengths[i]) && (tw_rank(lengths[i]) != 1 || tw_count(lengths[i]) != tw_dim(log_p, 0)))
            return tw_fail(log_p->cx, TW_ESHAPE, "ctc_loss", at, "%s lengths are %s for %lld sequences", i ? "label" : "input",
                           tw_shape_text(lengths[i]->shape, l, sizeof l), (long long)tw_dim(log_p, 0));
    return NULL;
}

tw_node *tw_ctc_loss_at(const tw_loc *at, tw_node *log_p, tw_node *labels, const tw_ctc_args *o)
{
    TW_OPTIONS(tw_ctc_args, o);
    tw_node *x[] = { log_p, labels };
    if (!tw__loss_inputs(at, "ctc_loss", 2, x)) return x[0];
    tw_node *error = refused(at, x[0], x[1], o);
    if (error) return error;

    tw_name_enter(x[0]->cx, "ctc_loss");
    ctc c = { .at = at, .log_p = x[0], .labels = integers(at, x[1]), .n = tw_dim(x[0], 0), .steps = tw_dim(x[0], 1) };
    const int64_t s = tw_dim(x[1], 1);
    c.places   = 2 * s + 1;
    c.extended = with_blanks(at, c.labels, o->blank);
    tw_node *two_before = moved(at, c.extended, 2, o->blank);
    c.skips = tw_logical_and(tw_not_equal(c.extended, (double)o->blank), tw_not_equal(c.extended, two_before));

    tw_node *counts = o->label_lengths ? integers(at, o->label_lengths)
                                       : tw_fill(c.log_p->cx, TW_SHAPE(c.n), .dtype = TW_I64, .value = (double)s);
    tw_node *each = ends(&c, forward(&c, o->input_lengths ? integers(at, o->input_lengths) : NULL), counts);
    if (o->reduction == TW_REDUCE_MEAN) each = tw_div(each, tw_cast(tw_maximum(counts, 1), tw_dtype_of(each)));
    return tw__loss_leave(at, each, o->reduction);
}
