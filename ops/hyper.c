/* hyper.c - hyperbolic functions and their inverses (tanh, the one that networks use, is in tanh.c).
 *
 *     d(sinh x)  = cosh x dx                d(cosh x)  = sinh x dx
 *     d(asinh x) = dx / sqrt(x^2 + 1)       d(acosh x) = dx / sqrt(x^2 - 1)      d(atanh x) = dx / (1 - x^2)
 *
 * acosh is NaN below 1, where its slope is infinite; atanh beyond [-1, 1], and infinite at the ends.
 */
#include "ops/ops_impl.h"

static tw_node *d_sinh(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw_cosh(tw_in(y, i)));
}

static tw_node *d_cosh(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw_sinh(tw_in(y, i)));
}

static tw_node *d_asinh(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw_rsqrt(tw_add(tw_square(tw_in(y, i)), 1)));
}

static tw_node *d_acosh(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *x = tw_in(y, i);
    return tw_mul(g, tw_rsqrt(tw_mul(tw_sub(x, 1), tw_add(x, 1))));
}

static tw_node *d_atanh(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *x = tw_in(y, i);
    return tw_div(g, tw_mul(tw_sub(1, x), tw_add(1, x)));
}

TW_MAP(sinh, 1);
TW_MAP(cosh, 1);
TW_MAP(asinh, 1);
TW_MAP(acosh, 1);
TW_MAP(atanh, 1);

tw_node *tw_sinh_at(const tw_loc *at, tw_node *x)  { return tw__unary(at, &tw_op_sinh, x); }
tw_node *tw_cosh_at(const tw_loc *at, tw_node *x)  { return tw__unary(at, &tw_op_cosh, x); }
tw_node *tw_asinh_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_asinh, x); }
tw_node *tw_acosh_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_acosh, x); }
tw_node *tw_atanh_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_atanh, x); }
