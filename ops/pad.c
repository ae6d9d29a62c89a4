/* pad.c - x with a margin of one value around it, and, as the transpose of a slice, between its elements.
 *
 * Element i of x becomes element before + i * step of y; steps may be negative. Linear for value 0
 * and affine for others, so the rule is a general one: dx = slice of g with the same starts and steps. Starts are a slot, as in slice.
 */
#include "ops/ops_impl.h"
#include "core/vocab_impl.h"
#include <string.h>

static const tw_pad_attr *attr_of(const tw_node *y) { return tw_attr(y); }

/* The builder has checked all; the shape is its request. */
static bool shape(tw_node *y)
{
    const int rank = tw_in(y, 0)->shape->n;
    return y->shape->n == rank || tw_reject(y, TW_ESHAPE, "a shape of rank %d for rank %d", y->shape->n, rank);
}

static void vjp(tw_rule *r)
{
    const tw_node *y = r->y;
    const tw_shape part = tw_shape_of(tw_in(y, 0));
    r->gx[0] = tw__slice(y->at, r->gy[0], tw_slot(y), attr_of(y)->step, &part);
}

static void label(const tw_node *y, char *text, size_t size)
{
    snprintf(text, size, "with %g", attr_of(y)->value);
}

static tw_node *batch(const tw_batching *b)
{
    const int64_t *before = tw_slot(b->y);
    int64_t start[TW_MAX_RANK] = { 0 };
    int32_t step[TW_MAX_RANK] = { 1 };
    for (int i = 1; i < TW_MAX_RANK; i++) start[i] = before[i - 1], step[i] = attr_of(b->y)->step[i - 1];
    const tw_shape s = tw__batch_shape(b, tw_shape_of(b->y));
    return tw__pad(b->at, b->in[0], start, step, attr_of(b->y)->value, &s);
}

const tw_op tw_op_pad = {
    TW_WORD(pad),
    .arity     = 1,
    .attr_size = sizeof(tw_pad_attr),
    .slot_size = TW_MAX_RANK * sizeof(int64_t),
    .traits    = TW_STRIDED | TW_MOVES | TW_ATTRS,
    .rule      = TW_GENERAL,
    .shape     = shape,
    .vjp       = vjp,
    .batch     = batch,
    .kernel_id = TW_K_pad,
    .label     = label,
};

tw_node *tw__pad(const tw_loc *at, tw_node *x, const int64_t *before, const int32_t *step, double value,
                 const tw_shape *s)
{
    if (tw__covers(x->shape, step, s)) return x;
    tw_pad_attr attr = { .value = value + 0.0 };       /* -0 is TW_ZERO */
    memcpy(attr.step, step ? step : tw__ones, sizeof attr.step);
    return tw_build_node(&(tw_build){ .op = &tw_op_pad, .at = at, .attr = &attr, .slot = before, .shape = s,
                                      .n = 1, .in = &x });
}

tw_node *tw_pad_at(const tw_loc *at, tw_node *x, const tw_pad_args *o)
{
    TW_OPTIONS(tw_pad_args, o);
    if (!tw__operand(at, "pad", 0, &x)) return x;
    if (!tw__holds(x->dtype, o->value))
        return tw_fail(x->cx, TW_EDTYPE, "pad", at, "%g is no number of dtype %s: cast x first", o->value,
                       tw_dtype_name((tw_dtype)x->dtype));

    tw_shape s = { .n = x->shape->n };
    for (int i = 0; i < TW_MAX_RANK; i++) {
        const int64_t before = o->before[i], after = o->after[i];
        if (i >= s.n && (before || after))
            return tw_fail(x->cx, TW_EARG, "pad", at, "axis %d of rank %d", i, s.n);
        if (i >= s.n) break;
        if (before < 0 || after < 0 || __builtin_add_overflow(x->shape->at[i], before, &s.at[i]) ||
            __builtin_add_overflow(s.at[i], after, &s.at[i]))
            return tw_fail(x->cx, TW_EARG, "pad", at, "axis %d: %lld before and %lld after", i,
                           (long long)before, (long long)after);
    }
    return tw__pad(at, x, o->before, NULL, o->value, &s);
}
