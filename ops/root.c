/* root.c - the cube root, and the distance sqrt(a^2 + b^2).
 *
 *     d(cbrt x) = dx / (3 y^2), infinite at 0       d(hypot(a, b)) = (a da + b db) / y, 0 at the origin
 */
#include "ops/ops_impl.h"

static tw_node *d_cbrt(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    (void)i;
    return tw_div(g, tw_mul(3, tw_square(y)));
}

static tw_node *d_hypot(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *origin = tw_equal(y, 0);
    return tw_where(origin, 0, tw_mul(g, tw_div(tw_in(y, i), tw_where(origin, 1, y))));
}

TW_MAP(cbrt, 1);
TW_MAP(hypot, 2);

tw_node *tw_cbrt_at(const tw_loc *at, tw_node *x)          { return tw__unary(at, &tw_op_cbrt, x); }
tw_node *tw_hypot_at(const tw_loc *at, tw_arg a, tw_arg b) { return tw__binary(at, &tw_op_hypot, a, b); }
