/* cumprod.c - running products along an axis, and the linear recurrence that their derivative is.
 *
 *     cumprod:            y_i = x_0 ... x_i;  .exclusive: without x_i
 *     linear_recurrence:  y_i = a_i y_{i-1} + b_i, from y_0 = b_0 (a_0 is not read)
 *
 * Both from the other end with .reverse. With P_k the product of all before x_k, and S_k what the
 * later ones make of g,
 *     dx_k = P_k S_k,  S_k = g_k + x_{k+1} S_{k+1};  exclusive: S_k = g_{k+1} + x_{k+1} S_{k+1}
 * and S is a recurrence in the other direction: no division, so zeros are exact, to any order.
 * A recurrence's own derivative is one: s_i = g_i + a_{i+1} s_{i+1};  db = s,  da_i = s_i y_{i-1}.
 */
#include "ops/ops_impl.h"

/* The neighbour of each element, 0 where there is none: the one before it in the direction of the scan, or after it. */
static tw_node *neighbour(tw_node *y, tw_node *x, bool before)
{
    TW_RULE;
    const int axis = tw__scan_of(y)->axis;
    const bool left = before != tw__scan_of(y)->reverse;        /* takes the one with the smaller index */
    const tw_shape whole = tw_shape_of(x);
    if (whole.at[axis] == 0) return x;
    int64_t start[TW_MAX_RANK] = { 0 };
    start[axis] = left;
    return tw__pad(at, tw__range(at, x, axis, !left, whole.at[axis] - 1), start, NULL, 0, &whole);
}

static tw_node *recurrence(tw_node *y, tw_node *a, tw_node *b)
{
    const tw_scan_attr *t = tw__scan_of(y), back = { .axis = t->axis, .reverse = !t->reverse };
    return tw__scan_with(y, &tw_op_linear_recurrence, back, 2, (tw_node *[]){ a, b });
}

static void vjp_prod(tw_rule *r)
{
    tw_node *y = r->y, *x = tw_in(y, 0), *g = r->gy[0];
    TW_RULE;
    tw_scan_attr before = *tw__scan_of(y);
    tw_node *later = recurrence(y, neighbour(y, x, false), before.exclusive ? neighbour(y, g, false) : g);
    before.exclusive = true;
    r->gx[0] = tw_mul(tw__scan_with(y, &tw_op_cumprod, before, 1, &x), later);
}

static void vjp_recurrence(tw_rule *r)
{
    tw_node *y = r->y;
    TW_RULE;
    tw_node *s = recurrence(y, neighbour(y, tw_in(y, 0), false), r->gy[0]);
    if (r->need[0]) r->gx[0] = tw_mul(s, neighbour(y, y, true));
    if (r->need[1]) r->gx[1] = s;
}

static bool shape_recurrence(tw_node *y)
{
    return tw__shape_float(y) && tw__inclusive(y);
}

const tw_op tw_op_cumprod = {
    TW_WORD(cumprod),
    .arity     = 1,
    .attr_size = sizeof(tw_scan_attr),
    .rule      = TW_GENERAL,
    .shape     = tw__shape_number,
    .vjp       = vjp_prod,
    .batch     = tw__batch_scan,
    .depends   = tw__depends_scan,
    .kernel    = tw__k_cumprod,
    .work      = tw__scan_lines,
    .label     = tw__label_scan,
};

const tw_op tw_op_linear_recurrence = {
    TW_WORD(linear_recurrence),
    .arity     = 2,
    .attr_size = sizeof(tw_scan_attr),
    .rule      = TW_GENERAL,
    .shape     = shape_recurrence,
    .vjp       = vjp_recurrence,
    .batch     = tw__batch_scan,
    .depends   = tw__depends_scan,
    .kernel    = tw__k_linear_recurrence,
    .work      = tw__scan_lines,
    .label     = tw__label_scan,
};

tw_node *tw_cumprod_at(const tw_loc *at, tw_node *x, const tw_scan_args *o)
{
    return tw__scan(at, &tw_op_cumprod, o, 1, &x);
}

tw_node *tw_linear_recurrence_at(const tw_loc *at, tw_node *a, tw_node *b, const tw_scan_args *o)
{
    tw_node *in[2];
    if (!tw_operands(at, "linear_recurrence", 2, (tw_arg[]){ tw__arg_node(a), tw__arg_node(b) }, in))
        return tw_nil(tw_ctx_of(a ? a : b));
    return tw__scan(at, &tw_op_linear_recurrence, o, 2, in);
}
