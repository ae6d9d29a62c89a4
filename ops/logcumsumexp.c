/* logcumsumexp.c - log(exp(x_0) + ... + exp(x_i)) along an axis, stably.
 *
 * With y_i >= y_{i-1} >= ..., the derivative is dx_k = exp(x_k - y_k) T_k, where T_k, what later ones
 * make of g, is the recurrence T_k = g_k + exp(y_k - y_{k+1}) T_{k+1} in the other direction. No
 * exponent is positive: nothing overflows. Where all so far is -infinity, y is, and its derivative
 * is 0: a harmless 0 is subtracted in its place.
 */
#include "ops/ops_impl.h"
#include <math.h>

static bool shape(tw_node *y)
{
    return tw__shape_float(y) && tw__inclusive(y);
}

static tw_node *harmless(const tw_loc *at, tw_node *y)
{
    return tw_where(tw_equal(y, -(double)INFINITY), 0, y);
}

static void vjp(tw_rule *r)
{
    tw_node *y = r->y, *x = tw_in(y, 0);
    TW_RULE;
    const tw_scan_attr *t = tw__scan_of(y), back = { .axis = t->axis, .reverse = !t->reverse };
    const tw_shape whole = tw_shape_of(y);
    const int64_t n = whole.at[t->axis];
    if (n == 0) {
        r->gx[0] = r->gy[0];
        return;
    }
    /* exp(y_k - y_{k+1}), at k; k + 1 is the next in the direction of the scan. */
    int64_t start[TW_MAX_RANK] = { 0 };
    start[t->axis] = t->reverse;
    tw_node *here = tw__range(at, y, t->axis, t->reverse, n - 1), *next = tw__range(at, y, t->axis, !t->reverse, n - 1);
    tw_node *decay = tw__pad(at, tw_exp(tw_sub(here, harmless(at, next))), start, NULL, 0, &whole);
    tw_node *later = tw__scan_with(y, &tw_op_linear_recurrence, back, 2, (tw_node *[]){ decay, r->gy[0] });
    r->gx[0] = tw_mul(tw_exp(tw_sub(x, harmless(at, y))), later);
}

const tw_op tw_op_logcumsumexp = {
    TW_WORD(logcumsumexp),
    .arity     = 1,
    .attr_size = sizeof(tw_scan_attr),
    .rule      = TW_GENERAL,
    .shape     = shape,
    .vjp       = vjp,
    .batch     = tw__batch_scan,
    .depends   = tw__depends_scan,
    .kernel    = tw__k_logcumsumexp,
    .work      = tw__scan_lines,
    .label     = tw__label_scan,
};

tw_node *tw_logcumsumexp_at(const tw_loc *at, tw_node *x, const tw_scan_args *o)
{
    return tw__scan(at, &tw_op_logcumsumexp, o, 1, &x);
}
