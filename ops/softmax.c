/* softmax.c - exp(x) / sum(exp(x)), its logarithm, and log(sum(exp(x))), spelled stably.
 *
 * All three subtract the maximum first. It cancels from the result, so it is a constant for every
 * derivative. Rows of nothing but -infinity (everything masked) have no maximum to subtract and
 * a sum of 0; where that could end in NaN, a select takes a harmless number instead, so that
 *     softmax = 0,  log_softmax = -inf,  logsumexp = -inf,  and all their derivatives are finite.
 * A row with +infinity is NaN, all of it, as in PyTorch and JAX; its logsumexp is infinite.
 */
#include "ops/ops_impl.h"
#include <math.h>

typedef struct parts {
    tw_node *shifted;       /* x - max */
    tw_node *exps;          /* exp(x - max) */
    tw_node *sum;           /* their sum, but 1 where it is 0; kept axes */
    tw_node *empty;         /* where the sum is 0 */
    tw_node *max;           /* 0 where it is -inf, or not finite; kept axes */
} parts;

static parts take_apart(const tw_loc *at, tw_node *x, tw_axes axes, bool finite)
{
    tw_node *top = tw_max(x, .axes = axes, .keep_dims = true);
    tw_node *none = tw_equal(finite ? tw_abs(top) : top, finite ? (double)INFINITY : -(double)INFINITY);
    parts p = { .max = tw_stop_grad(tw_where(none, 0, top)) };
    p.shifted = tw_sub(x, p.max);
    p.exps = tw_exp(p.shifted);
    tw_node *sum = tw_sum(p.exps, .axes = axes, .keep_dims = true);
    p.empty = tw_equal(sum, 0);
    p.sum = tw_where(p.empty, 1, sum);
    return p;
}

/* The last axis when none is given; false after an error. */
static bool prepare(const tw_loc *at, const char *op, tw_node **x, tw_axes *axes)
{
    uint8_t mask;
    if (!tw__operand(at, op, 0, x)) return false;
    tw_node *n = *x;
    if (tw__need_float(at, op, n) && tw__axes_mask(at, op, n, *axes, &mask)) {
        if (axes->n == 0 && n->shape->n) *axes = TW_AXES(-1);
        return true;
    }
    *x = tw_nil(n->cx);
    return false;
}

tw_node *tw_softmax_at(const tw_loc *at, tw_node *x, const tw_softmax_args *o)
{
    TW_OPTIONS(tw_softmax_args, o);
    tw_axes axes = o->axes;
    if (!prepare(at, "softmax", &x, &axes) || x->shape->count == 0) return x;
    const parts p = take_apart(at, x, axes, false);
    return tw_mul(p.exps, tw_recip(p.sum));
}

tw_node *tw_log_softmax_at(const tw_loc *at, tw_node *x, const tw_softmax_args *o)
{
    TW_OPTIONS(tw_softmax_args, o);
    tw_axes axes = o->axes;
    if (!prepare(at, "log_softmax", &x, &axes) || x->shape->count == 0) return x;
    const parts p = take_apart(at, x, axes, false);
    return tw_sub(p.shifted, tw_log(p.sum));
}

tw_node *tw_logsumexp_at(const tw_loc *at, tw_node *x, const tw_reduce_args *o)
{
    TW_OPTIONS(tw_reduce_args, o);
    uint8_t mask;
    if (!tw__operand(at, "logsumexp", 0, &x)) return x;
    if (!tw__need_float(at, "logsumexp", x) || !tw__axes_mask(at, "logsumexp", x, o->axes, &mask)) return tw_nil(x->cx);
    if (x->shape->count == 0) return tw_log(tw_sum_at(at, x, o));       /* no exps: log 0 */

    const parts p = take_apart(at, x, o->axes, true);
    tw_node *y = tw_where(p.empty, -(double)INFINITY, tw_add(tw_log(p.sum), p.max));
    if (o->keep_dims) return y;

    tw_shape s = { 0 };
    for (int i = 0; i < x->shape->n; i++)
        if (!(mask >> i & 1)) s.at[s.n++] = x->shape->at[i];
    return tw_reshape(y, s);
}
