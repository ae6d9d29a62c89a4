/* logaddexp.c - log(e^a + e^b), and a log b.
 *
 *     d(log(e^a + e^b)) = s(a - b) da + s(b - a) db with the sigmoid s; halves where a and b are the same
 *     infinity, 0 where both are -infinity, as in logsumexp
 *
 * a log b is 0 where a = 0, also at b = 0 (but NaN where b is): information theory's 0 log 0. There
 * log b, the derivative to a, is taken as 0 if b is not positive and finite.
 */
#include "ops/ops_impl.h"
#include <math.h>

static tw_node *d_logaddexp(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *a = tw_in(y, i), *b = tw_in(y, 1 - i);
    tw_node *same = tw_logical_and(tw_equal(a, b), tw_isinf(a)), *nothing = tw_equal(y, -(double)INFINITY);
    return tw_where(nothing, 0, tw_mul(g, tw_sigmoid(tw_where(same, 0, tw_sub(a, b)))));
}

TW_MAP(logaddexp, 2);

tw_node *tw_logaddexp_at(const tw_loc *at, tw_arg a, tw_arg b) { return tw__binary(at, &tw_op_logaddexp, a, b); }

tw_node *tw_xlogy_at(const tw_loc *at, tw_arg a, tw_arg b)
{
    tw_node *x[2];
    if (!tw_operands(at, "xlogy", 2, (tw_arg[]){ a, b }, x)) return tw_nil(tw_ctx_of(tw__is_number(a) ? b.node : a.node));
    if (!tw__need_float(at, "xlogy", x[0])) return tw_nil(x[0]->cx);
    tw_node *bad = tw_logical_or(tw_less_equal(x[1], 0), tw_equal(x[1], (double)INFINITY));
    return tw_mul(x[0], tw_log(tw_where(tw_logical_and(tw_equal(x[0], 0), bad), 1, x[1])));
}
