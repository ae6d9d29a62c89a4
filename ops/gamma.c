/* gamma.c - log |gamma(x)| and its derivatives, the polygamma functions: psi_0 = digamma, psi_n = d psi_{n-1} / dx.
 *
 * Poles at 0, -1, ...: there lgamma is infinite, digamma NaN (-infinity at +0), polygamma infinite.
 * betaln(a, b) = lgamma a + lgamma b - lgamma(a + b), infinite where both are 0.
 */
#include "ops/ops_impl.h"
#include "ops/kernel/special.h"

static tw_node *polygamma(const tw_loc *at, int64_t n, tw_node *x)
{
    return tw_build_node(&(tw_build){ .op = &tw_op_polygamma, .at = at, .attr = &n, .n = 1, .in = &x });
}

static tw_node *d_lgamma(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, polygamma(at, 0, tw_in(y, i)));
}

static tw_node *d_polygamma(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, polygamma(at, y->attr.i + 1, tw_in(y, i)));
}

static void label(const tw_node *y, char *text, size_t size) { snprintf(text, size, "order %lld", (long long)y->attr.i); }

const tw_op tw_op_lgamma = {
    TW_WORD(lgamma),
    .arity     = 1,
    .rule      = TW_ELEMENTWISE,
    .shape     = tw__shape_float,
    .d         = d_lgamma,
    .block_f32 = tw__lgamma_f32,
    .block_f64 = tw__lgamma_f64,
};

const tw_op tw_op_polygamma = {
    TW_WORD(polygamma),
    .arity     = 1,
    .attr_size = sizeof(int64_t),
    .rule      = TW_ELEMENTWISE,
    .shape     = tw__shape_float,
    .d         = d_polygamma,
    .block_f32 = tw__polygamma_f32,
    .block_f64 = tw__polygamma_f64,
    .label     = label,
};

tw_node *tw_lgamma_at(const tw_loc *at, tw_node *x)  { return tw__unary(at, &tw_op_lgamma, x); }
tw_node *tw_digamma_at(const tw_loc *at, tw_node *x) { return polygamma(at, 0, x); }

tw_node *tw_polygamma_at(const tw_loc *at, int n, tw_node *x)
{
    if (!tw__operand(at, "polygamma", 1, &x)) return x;
    if (n < 0 || n > 100) return tw_fail(x->cx, TW_EARG, "polygamma", at, "order %d: 0 to 100", n);
    return polygamma(at, n, x);
}

tw_node *tw_betaln_at(const tw_loc *at, tw_arg a, tw_arg b)
{
    tw_node *x[2];
    if (!tw_operands(at, "betaln", 2, (tw_arg[]){ a, b }, x)) return tw_nil(tw_ctx_of(tw__is_number(a) ? b.node : a.node));
    if (!tw__need_float(at, "betaln", x[0])) return tw_nil(x[0]->cx);
    tw_node *both = tw_logical_and(tw_equal(x[0], 0), tw_equal(x[1], 0));       /* two poles less one */
    return tw_sub(tw_add(tw_lgamma(x[0]), tw_lgamma(x[1])), tw_where(both, 0, tw_lgamma(tw_add(x[0], x[1]))));
}
