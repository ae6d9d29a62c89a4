/* where.c - a where c holds, else b.
 *
 * Selects, never multiplies: an infinity or NaN of the side that is not taken does not come
 * through, neither in the value nor in the derivative: da = where(c, g, 0), db = where(c, 0, g).
 */
#include "ops/ops_impl.h"

static bool shape(tw_node *y)
{
    const tw_node *c = tw_in(y, 0), *a = tw_in(y, 1), *b = tw_in(y, 2);
    if (c->dtype != TW_BOOL)
        return tw_reject(y, TW_EDTYPE, "the condition is %s: booleans needed, compare first",
                         tw_dtype_name((tw_dtype)c->dtype));
    if (a->dtype != b->dtype) return tw__reject_dtypes(y, a->dtype, b->dtype);
    y->dtype = a->dtype;
    return true;
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *c = tw_in(y, 0);
    return i == 1 ? tw_where(c, g, 0) : tw_where(c, 0, g);
}

const tw_op tw_op_where = {
    TW_WORD(where),
    .arity    = 3,
    .traits   = TW_CHEAP,
    .rule     = TW_ELEMENTWISE,
    .shape    = shape,
    .d        = d,
    .block_id = TW_B_where,
    .by       = 1,
};

/* A number that has no node for partner: of the context's dtype. */
static tw_node *number(const tw_loc *at, tw_ctx *cx, tw_arg a)
{
    const tw_shape scalar = TW_SCALAR_SHAPE;
    if (a.node) return tw_constant(at, cx, tw_default_dtype(cx), &scalar, a.num);
    return tw_fill_at(at, cx, scalar, &(tw_fill_args){ .value = a.num });
}

tw_node *tw_where_at(const tw_loc *at, tw_node *c, tw_arg a, tw_arg b)
{
    tw_node *in[3], *nil = tw__null_beside(at, "where", c, a, b);
    if (nil) return nil;
    if (!tw__operand(at, "where", 0, &c)) return c;
    if (tw__is_number(a) && tw__is_number(b)) a = tw__arg_node(number(at, c->cx, a));
    if (!tw_operands(at, "where", 2, (tw_arg[]){ a, b }, in + 1)) return tw_nil(c->cx);
    in[0] = c;
    return tw_build_node(&(tw_build){ .op = &tw_op_where, .at = at, .n = 3, .in = in });
}

tw_node *tw_masked_fill_at(const tw_loc *at, tw_node *x, tw_node *mask, tw_arg value)
{
    tw_node *in[2] = { x, mask };
    if (!tw__operands(at, "masked_fill", 2, in)) return in[0];
    return tw_where_at(at, in[1], value, tw__arg_node(in[0]));
}
