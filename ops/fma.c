/* fma.c - a b + c, rounded once.
 *
 * d = b da + a db + dc.
 */
#include "ops/ops_impl.h"

static tw_node *d_fma(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return i == 2 ? g : tw_mul(g, tw_in(y, 1 - i));
}

TW_MAP(fma, 3);

tw_node *tw_fma_at(const tw_loc *at, tw_arg a, tw_arg b, tw_arg c)
{
    tw_node *in[3] = { NULL };
    const tw_arg all[] = { a, b, c };
    for (int i = 0; i < 3; i++)
        if (!tw__is_number(all[i])) in[0] = all[i].node;
    if (!tw_operands(at, "fma", 3, all, in)) return tw_nil(tw_ctx_of(in[0]));
    return tw_build_node(&(tw_build){ .op = &tw_op_fma, .at = at, .n = 3, .in = in });
}
