/* trig.c - tangent and arc functions, in radians.
 *
 *     d(tan x)  = (1 + y^2) dx              d(atan x) = dx / (1 + x^2)
 *     d(asin x) = dx / sqrt(1 - x^2)        d(acos x) = -dx / sqrt(1 - x^2)
 *
 * asin and acos are NaN beyond [-1, 1], and their slope is infinite at the ends. 1 - x^2 is taken
 * as (1 - x)(1 + x), which keeps its digits there.
 *
 *     atan2(a, b), the angle of the point (b, a):  (b da - a db) / (a^2 + b^2),  0 at the origin
 */
#include "ops/ops_impl.h"

static tw_node *d_tan(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    (void)i;
    return tw_mul(g, tw_add(1, tw_square(y)));
}

static tw_node *d_asin(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *x = tw_in(y, i);
    return tw_mul(g, tw_rsqrt(tw_mul(tw_sub(1, x), tw_add(1, x))));
}

static tw_node *d_acos(tw_node *y, int i, tw_node *g) { TW_RULE; return tw_neg(d_asin(y, i, g)); }

static tw_node *d_atan(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_div(g, tw_add(1, tw_square(tw_in(y, i))));
}

/* Divided by the distance twice: its square could leave the range. */
static tw_node *d_atan2(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *a = tw_in(y, 0), *b = tw_in(y, 1), *origin = tw_logical_and(tw_equal(a, 0), tw_equal(b, 0));
    tw_node *far = tw_hypot(a, tw_where(origin, 1, b));
    tw_node *p = tw_mul(g, tw_div(tw_div(i == 0 ? b : tw_neg(a), far), far));
    return tw_where(origin, 0, p);
}

TW_MAP(tan, 1);
TW_MAP(asin, 1);
TW_MAP(acos, 1);
TW_MAP(atan, 1);
TW_MAP(atan2, 2);

tw_node *tw_tan_at(const tw_loc *at, tw_node *x)            { return tw__unary(at, &tw_op_tan, x); }
tw_node *tw_asin_at(const tw_loc *at, tw_node *x)           { return tw__unary(at, &tw_op_asin, x); }
tw_node *tw_acos_at(const tw_loc *at, tw_node *x)           { return tw__unary(at, &tw_op_acos, x); }
tw_node *tw_atan_at(const tw_loc *at, tw_node *x)           { return tw__unary(at, &tw_op_atan, x); }
tw_node *tw_atan2_at(const tw_loc *at, tw_arg a, tw_arg b)  { return tw__binary(at, &tw_op_atan2, a, b); }
