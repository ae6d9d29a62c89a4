/* cast.c - the same numbers as another dtype.
 *
 * Floats are cut towards zero, anything but 0 is true, integers keep their low bits.
 * Between floats a linear map, whose transpose casts back; integers have no derivative.
 */
#include "ops/ops_impl.h"

/* The target may come as a request alone; it is kept as attribute, where plans and tw_again see it. */
static bool shape(tw_node *y)
{
    if (y->attr.i) y->dtype = (uint8_t)y->attr.i;
    y->attr.i = y->dtype;
    if (y->dtype > TW_DTYPE_DEFAULT && y->dtype < TW__DTYPES) return true;
    return tw_reject(y, TW_EARG, "no dtype has the number %d", y->dtype);
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_cast(g, (tw_dtype)tw_in(y, i)->dtype);
}

static void label(const tw_node *y, char *text, size_t size)
{
    snprintf(text, size, "to %s", tw_dtype_name((tw_dtype)y->dtype));
}

const tw_op tw_op_cast = {
    TW_WORD(cast),
    .arity     = 1,
    .attr_size = sizeof(int64_t),
    .rule      = TW_LINEAR,
    .shape     = shape,
    .d         = d,
    .block_id  = TW_B_cast,
    .label     = label,
};

tw_node *tw_cast_at(const tw_loc *at, tw_node *x, tw_dtype dtype)
{
    if (!tw__operand(at, "cast", 0, &x)) return x;
    const int64_t to = tw__dtype_or(dtype, x->cx);
    if (to == x->dtype) return x;
    return tw_build_node(&(tw_build){ .op = &tw_op_cast, .at = at, .attr = &to, .dtype = (tw_dtype)to,
                                      .n = 1, .in = &x });
}
