/* sum.c - sums over axes, and what all reductions share.
 *
 * Linear; the transpose repeats g along the axes. The sum of booleans counts them, as i64, by a
 * kernel of its own. Over no axes at all (rank 0) a reduction is its operand.
 */
#include "ops/ops_impl.h"

bool tw__shape_reduced(tw_node *y)
{
    const tw_reduce_attr *attr = tw_attr(y);
    const tw_dims *x = tw_in(y, 0)->shape;
    tw_shape s = { 0 };
    for (int i = 0; i < x->n; i++) {
        const bool reduced = attr->axes >> i & 1;
        if (!reduced || attr->keep_dims) s.at[s.n++] = reduced ? 1 : x->at[i];
    }
    return tw_set_shape(y, &s);
}

void tw__label_reduced(const tw_node *y, char *text, size_t size)
{
    tw__axes_label("axes", tw__reduced(y), text, size);
}

bool tw__rows_reduced(const tw_node *y, tw_rows *r)
{
    const tw_dims *x = tw_in(y, 0)->shape;
    bool kept = false;                  /* an axis further inside */
    *r = (tw_rows){ .n = 1, .in = { 1 }, .out = 1 };
    for (int i = x->n - 1; i >= 0; i--) {
        const bool reduced = tw__reduced(y) >> i & 1;
        if (reduced && kept && x->at[i] != 1) return false;
        kept |= !reduced && x->at[i] != 1;
        if (reduced) r->in[0] *= x->at[i];
        else r->n *= x->at[i];
    }
    return r->in[0] > 0;
}

bool tw__lines_reduced(const tw_node *y, tw_rows *r)
{
    const tw_dims *x = tw_in(y, 0)->shape;
    bool kept = false;                  /* an axis further outside */
    *r = (tw_rows){ .n = 1, .out = 1 };
    for (int i = 0; i < x->n; i++) {
        const bool reduced = tw__reduced(y) >> i & 1;
        if (reduced && kept && x->at[i] != 1) return false;
        kept |= !reduced && x->at[i] != 1;
        if (reduced) r->n *= x->at[i];
        else r->out *= x->at[i];
    }
    return tw_is_float(y->dtype) && r->n > 0 && r->out > 1;
}

tw_node *tw__depends_reduced(tw_node *y, tw_node *const *in)
{
    return tw_build_node(&(tw_build){ .op = &tw_op_sum, .at = y->at, .attr = tw_attr(y), .n = 1, .in = in });
}

tw_node *tw__reduce(const tw_loc *at, const tw_op *op, tw_node *x, const tw_reduce_args *o)
{
    TW_OPTIONS(tw_reduce_args, o);
    tw_reduce_attr attr = { .keep_dims = o->keep_dims };
    if (!tw__operand(at, op->name, 0, &x)) return x;
    if (!tw__axes_mask(at, op->name, x, o->axes, &attr.axes)) return tw_nil(x->cx);
    return tw_build_node(&(tw_build){ .op = op, .at = at, .attr = &attr, .n = 1, .in = &x });
}

static bool shape(tw_node *y)
{
    if (y->dtype == TW_BOOL) return tw__reject_dtype(y, TW_BOOL);
    return tw__shape_reduced(y);
}

static bool shape_bool(tw_node *y)
{
    if (!tw__shape_bool(y)) return false;
    y->dtype = TW_I64;
    return tw__shape_reduced(y);
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    return tw__spread(y->at, g, tw_in(y, i), tw__reduced(y));
}

const tw_op tw_op_sum = {
    TW_WORD(sum),
    .arity     = 1,
    .attr_size = sizeof(tw_reduce_attr),
    .traits    = TW_STRIDED | TW_SUMS,
    .rule      = TW_LINEAR,
    .shape     = shape,
    .d         = d,
    .batch     = tw__batch_reduced,
    .kernel_id = TW_K_sum,
    .rows      = tw__rows_reduced,
    .lines     = tw__lines_reduced,
    .label     = tw__label_reduced,
};

/* The two halves of a sum of lines, as plans have them: node is the sum. */
static bool rows_of_lines(const tw_node *y, tw_rows *r)
{
    if (!tw__lines_reduced(y, r)) return false;
    r->in[0] = r->out;
    return true;
}

const tw_op tw_op_sum_lines = { .name = "sum_lines", .doc = "sums of 32 lines each", .arity = 1, .kernel_id = TW_K_sum_lines, .rows = rows_of_lines };
const tw_op tw_op_sum_blocks = { .name = "sum_blocks", .doc = "the sum of such sums", .arity = 1, .kernel_id = TW_K_sum_blocks };

const tw_op tw_op_sum_bool = {
    TW_WORD(sum_bool),
    .arity     = 1,
    .attr_size = sizeof(tw_reduce_attr),
    .traits    = TW_STRIDED,
    .rule      = TW_NONE,
    .shape     = shape_bool,
    .batch     = tw__batch_reduced,
    .kernel_id = TW_K_sum_bool,
    .rows      = tw__rows_reduced,
    .label     = tw__label_reduced,
};

tw_node *tw_sum_at(const tw_loc *at, tw_node *x, const tw_reduce_args *o)
{
    if (!tw__operand(at, "sum", 0, &x)) return x;
    return tw__reduce(at, x->dtype == TW_BOOL ? &tw_op_sum_bool : &tw_op_sum, x, o);
}
