/* mod.c - the remainder of a / b that has the sign of b, as in Python, and |a| with the sign of b.
 *
 *     d(mod(a, b)) = da - floor(a / b) db       d(copysign(a, b)) = sign(a) sign(b) da, 0 where a = 0
 *
 * floor(a / b) is taken as (a - y) / b, rounded: a / b itself can round up to the next integer. Of
 * integers the remainder by 0 is 0, of floats NaN.
 */
#include "ops/ops_impl.h"

static tw_node *d_mod(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    if (i == 0) return g;
    return tw_neg(tw_mul(g, tw_round(tw_div(tw_sub(tw_in(y, 0), y), tw_in(y, 1)))));
}

static tw_node *d_copysign(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    if (i == 1) return NULL;
    tw_node *a = tw_in(y, 0);
    return tw_where(tw_equal(a, 0), 0, tw_mul(g, tw_mul(tw_sign(a), tw_sign(y))));
}

TW_MAP(copysign, 2);

const tw_op tw_op_mod = {
    TW_WORD(mod),
    .arity    = 2,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_number,
    .d        = d_mod,
    .block_id = TW_B_mod,
};

tw_node *tw_mod_at(const tw_loc *at, tw_arg a, tw_arg b)      { return tw__binary(at, &tw_op_mod, a, b); }
tw_node *tw_copysign_at(const tw_loc *at, tw_arg a, tw_arg b) { return tw__binary(at, &tw_op_copysign, a, b); }
