/* silu.c - x s(x) with the sigmoid s, softplus log(1 + e^x), whose slope s is, and mish x tanh(softplus x).
 *
 *     silu' = s + x s',  s' = s (1 - s)                    silu'' = s' (2 + x (1 - 2 s))
 *     mish' = t + x t',  t = tanh(softplus x),  t' = (1 - t^2) s
 *     mish'' = 2 t' + x t'',  t'' = (1 - t^2) (s' - 2 t s^2)
 *
 * Value and slope have a kernel each; from the second derivative on, rules are spelled out.
 */
#include "ops/ops_impl.h"

static tw_node *d_silu(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw__unary(at, &tw_op_silu_slope, tw_in(y, i)));
}

static tw_node *d_silu_slope(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *x = tw_in(y, i), *s = tw_sigmoid(x), *ds = tw_mul(s, tw_sub(1, s));
    return tw_mul(g, tw_mul(ds, tw_add(2, tw_mul(x, tw_sub(1, tw_mul(2, s))))));
}

static tw_node *d_softplus(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw_sigmoid(tw_in(y, i)));
}

static tw_node *d_mish(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw__unary(at, &tw_op_mish_slope, tw_in(y, i)));
}

static tw_node *d_mish_slope(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *x = tw_in(y, i), *s = tw_sigmoid(x), *t = tw_tanh(tw_softplus(x)), *rest = tw_sub(1, tw_square(t));
    tw_node *bend = tw_sub(tw_mul(s, tw_sub(1, s)), tw_mul(tw_mul(2, t), tw_square(s)));
    return tw_mul(g, tw_mul(rest, tw_add(tw_mul(2, s), tw_mul(x, bend))));
}

TW_MAP(silu, 1);
TW_MAP(silu_slope, 1);
TW_MAP(softplus, 1);
TW_MAP(mish, 1);
TW_MAP(mish_slope, 1);

tw_node *tw_silu_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_silu, x); }
tw_node *tw_mish_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_mish, x); }

/* log(1 + e^(beta x)) / beta */
tw_node *tw_softplus_at(const tw_loc *at, tw_node *x, const tw_softplus_args *o)
{
    TW_OPTIONS(tw_softplus_args, o);
    const double beta = tw__or(o->beta, 1);
    if (!tw__operand(at, "softplus", 0, &x)) return x;
    if (!(beta > 0)) return tw_fail(x->cx, TW_EARG, "softplus", at, ".beta is %g: positive", beta);
    if (beta == 1 || !tw_is_float(x->dtype)) return tw__unary(at, &tw_op_softplus, x);
    return tw_div(tw__unary(at, &tw_op_softplus, tw_mul(x, beta)), beta);
}

tw_node *tw_log_sigmoid_at(const tw_loc *at, tw_node *x)
{
    if (!tw__operand(at, "log_sigmoid", 0, &x)) return x;
    if (!tw__need_float(at, "log_sigmoid", x)) return tw_nil(x->cx);
    return tw_neg(tw_softplus(tw_neg(x)));
}
