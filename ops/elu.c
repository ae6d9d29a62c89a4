/* elu.c - x on the right, alpha (e^x - 1) on the left, and its kin.
 *
 *     elu' = 1 where x > 0, else alpha e^x; at 0 that is alpha       elu'' = 0 where x > 0, else elu'
 *     selu = scale elu(x; alpha), the two constants of Klambauer et al. (2017)
 *     celu = alpha elu(x / alpha; 1), whose slope is continuous at 0
 */
#include "ops/ops_impl.h"

static tw_node *with_alpha(const tw_loc *at, const tw_op *op, tw_node *x, double alpha)
{
    return tw_build_node(&(tw_build){ .op = op, .at = at, .attr = &alpha, .n = 1, .in = &x });
}

static tw_node *d_elu(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, with_alpha(at, &tw_op_elu_slope, tw_in(y, i), y->attr.num));
}

static tw_node *d_elu_slope(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_where(tw_less(0, tw_in(y, i)), 0, tw_mul(g, y));
}

static void label(const tw_node *y, char *text, size_t size) { snprintf(text, size, "alpha %g", y->attr.num); }

const tw_op tw_op_elu = {
    TW_WORD(elu),
    .arity     = 1,
    .attr_size = sizeof(double),
    .rule      = TW_ELEMENTWISE,
    .shape     = tw__shape_float,
    .d         = d_elu,
    .block_id  = TW_B_elu,
    .label     = label,
};

const tw_op tw_op_elu_slope = {
    TW_WORD(elu_slope),
    .arity     = 1,
    .attr_size = sizeof(double),
    .rule      = TW_ELEMENTWISE,
    .shape     = tw__shape_float,
    .d         = d_elu_slope,
    .block_id  = TW_B_elu_slope,
    .label     = label,
};

tw_node *tw_elu_at(const tw_loc *at, tw_node *x, const tw_elu_args *o)
{
    TW_OPTIONS(tw_elu_args, o);
    return with_alpha(at, &tw_op_elu, x, tw__or(o->alpha, 1));
}

tw_node *tw_selu_at(const tw_loc *at, tw_node *x)
{
    if (!tw__operand(at, "selu", 0, &x)) return x;
    if (!tw__need_float(at, "selu", x)) return tw_nil(x->cx);
    return tw_mul(1.0507009873554804934, tw_elu(x, .alpha = 1.6732632423543772848));
}

tw_node *tw_celu_at(const tw_loc *at, tw_node *x, const tw_elu_args *o)
{
    TW_OPTIONS(tw_elu_args, o);
    const double alpha = tw__or(o->alpha, 1);
    if (!tw__operand(at, "celu", 0, &x)) return x;
    if (!tw__need_float(at, "celu", x)) return tw_nil(x->cx);
    if (!(alpha > 0)) return tw_fail(x->cx, TW_EARG, "celu", at, ".alpha is %g: positive", alpha);
    return alpha == 1 ? tw_elu(x) : tw_mul(alpha, tw_elu(tw_div(x, alpha)));
}
