/* finite.c - what kind of number it is, as booleans: NaN is the one that differs from itself. */
#include "ops/ops_impl.h"
#include <math.h>

/* x as a float operand; false with the nil to return in *x. */
static bool ready(const tw_loc *at, const char *op, tw_node **x)
{
    if (!tw__operand(at, op, 0, x)) return false;
    if (tw__need_float(at, op, *x)) return true;
    *x = tw_nil((*x)->cx);
    return false;
}

tw_node *tw_isnan_at(const tw_loc *at, tw_node *x)
{
    return ready(at, "isnan", &x) ? tw_not_equal(x, x) : x;
}

tw_node *tw_isinf_at(const tw_loc *at, tw_node *x)
{
    return ready(at, "isinf", &x) ? tw_equal(tw_abs(x), (double)INFINITY) : x;
}

tw_node *tw_isfinite_at(const tw_loc *at, tw_node *x)
{
    return ready(at, "isfinite", &x) ? tw_less(tw_abs(x), (double)INFINITY) : x;
}
