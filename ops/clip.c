/* clip.c - min(max(x, low), high), with a derivative that keeps training alive at the bounds.
 *
 * x gets g within and on the bounds, 0 beyond; the bounds get none. NaN stays NaN.
 */
#include "ops/ops_impl.h"

static tw_arg detached(const tw_loc *at, tw_arg a)
{
    return tw__is_number(a) ? a : tw__arg_node(tw_stop_grad(a.node));
}

tw_node *tw_clip_at(const tw_loc *at, tw_node *x, tw_arg low, tw_arg high)
{
    tw_node *nil = tw__null_beside(at, "clip", x, low, high);
    if (nil) return nil;
    if (!tw__operand(at, "clip", 0, &x)) return x;
    low = detached(at, low), high = detached(at, high);
    tw_node *y = tw_where(tw_less(x, low), low, x);
    return tw_where(tw_less(high, y), high, y);
}
