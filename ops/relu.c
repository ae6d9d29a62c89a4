/* relu.c - max(x, 0).
 *
 * dy = dx where x > 0, else 0, also at 0. The rule asks y > 0, which says the same and lets the
 * memory of x go.
 */
#include "ops/ops_impl.h"

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    (void)i;
    return tw_where(tw_less(0, y), g, 0);
}

const tw_op tw_op_relu = {
    TW_WORD(relu),
    .arity    = 1,
    .traits   = TW_CHEAP,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_number,
    .d        = d,
    .block_id = TW_B_relu,
};

tw_node *tw_relu_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_relu, x); }
