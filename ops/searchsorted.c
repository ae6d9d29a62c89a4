/* searchsorted.c - where values belong in rows that are in order. Integers: no derivative. */
#include "ops/ops_impl.h"

static bool shape(tw_node *y)
{
    const tw_node *rows = tw_in(y, 0), *v = tw_in(y, 1);
    if (rows->dtype != v->dtype) return tw__reject_dtypes(y, rows->dtype, v->dtype);
    bool fits = rows->shape->n == 1 || (rows->shape->n > 1 && rows->shape->n == v->shape->n);
    for (int i = 0; fits && i < rows->shape->n - 1; i++) fits = rows->shape->at[i] == v->shape->at[i];

    char tr[96], tv[96];
    y->dtype = TW_I64, y->shape = v->shape;
    return fits || tw_reject(y, TW_ESHAPE, "rows %s for values %s: a vector, or alike but for the last axis",
                             tw_shape_text(rows->shape, tr, sizeof tr), tw_shape_text(v->shape, tv, sizeof tv));
}

static void label(const tw_node *y, char *text, size_t size)
{
    snprintf(text, size, "%s", *(const uint8_t *)tw_attr(y) ? "right" : "");
}

const tw_op tw_op_searchsorted = {
    TW_WORD(searchsorted),
    .arity     = 2,
    .attr_size = sizeof(uint8_t),
    .rule      = TW_NONE,
    .shape     = shape,
    .kernel    = tw__k_searchsorted,
    .label     = label,
};

tw_node *tw_searchsorted_at(const tw_loc *at, tw_node *rows, tw_node *values, const tw_search_args *o)
{
    TW_OPTIONS(tw_search_args, o);
    tw_node *in[2] = { rows, values };
    if (!tw__operands(at, "searchsorted", 2, in)) return in[0];
    const uint8_t right = o->right;
    return tw_build_node(&(tw_build){ .op = &tw_op_searchsorted, .at = at, .attr = &right, .n = 2, .in = in });
}
