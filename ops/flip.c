/* flip.c - x in reverse order along some axes. Linear, and its own transpose. */
#include "ops/ops_impl.h"

static unsigned mask_of(const tw_node *y) { return *(const uint8_t *)tw_attr(y); }

static bool shape(tw_node *y)
{
    (void)y;
    return true;
}

static tw_node *build(const tw_loc *at, tw_node *x, uint8_t mask)
{
    return tw_build_node(&(tw_build){ .op = &tw_op_flip, .at = at, .attr = &mask, .n = 1, .in = &x });
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    (void)i;
    return build(y->at, g, (uint8_t)mask_of(y));
}

static void label(const tw_node *y, char *text, size_t size)
{
    tw__axes_label("axes", mask_of(y), text, size);
}

const tw_op tw_op_flip = {
    TW_WORD(flip),
    .arity     = 1,
    .attr_size = sizeof(uint8_t),
    .traits    = TW_STRIDED,
    .rule      = TW_LINEAR,
    .shape     = shape,
    .d         = d,
    .kernel_id = TW_K_flip,
    .label     = label,
};

tw_node *tw_flip_at(const tw_loc *at, tw_node *x, const tw_axes_args *o)
{
    TW_OPTIONS(tw_axes_args, o);
    uint8_t mask;
    if (!tw__operand(at, "flip", 0, &x)) return x;
    if (!tw__axes_mask(at, "flip", x, o->axes, &mask)) return tw_nil(x->cx);
    return mask ? build(at, x, mask) : x;
}
