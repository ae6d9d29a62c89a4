/* ndtr.c - the normal distribution function P, its logarithm and its inverse, and the inverse of erf.
 *
 *     P' = p(x) = e^(-x^2/2) / sqrt(2 pi)       (log P)' = h = p / P, a kernel of its own: to the left both vanish
 *     h' = -h (x + h)                           (P^-1)' = 1 / p(y)
 *     erfc' = -2/sqrt(pi) e^(-x^2)              erfinv' = sqrt(pi)/2 e^(y^2)
 */
#include "ops/ops_impl.h"
#include "ops/kernel/special.h"

static tw_node *d_erfc(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw_mul(-1.12837916709551257390, tw_exp(tw_neg(tw_square(tw_in(y, i))))));
}

static tw_node *d_ndtr(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw_mul(0.39894228040143267794, tw_exp(tw_mul(-0.5, tw_square(tw_in(y, i))))));
}

static tw_node *d_log_ndtr(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw__unary(at, &tw_op_log_ndtr_slope, tw_in(y, i)));
}

static tw_node *d_log_ndtr_slope(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_neg(tw_mul(g, tw_mul(y, tw_add(tw_in(y, i), y))));
}

static tw_node *d_ndtri(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    (void)i;
    return tw_mul(g, tw_mul(2.50662827463100050242, tw_exp(tw_mul(0.5, tw_square(y)))));
}

static tw_node *d_erfinv(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    (void)i;
    return tw_mul(g, tw_mul(0.88622692545275801365, tw_exp(tw_square(y))));
}

TW_MAP(ndtr, 1);
TW_MAP(log_ndtr, 1);
TW_MAP(log_ndtr_slope, 1);

const tw_op tw_op_erfc = {
    TW_WORD(erfc),
    .arity     = 1,
    .rule      = TW_ELEMENTWISE,
    .shape     = tw__shape_float,
    .d         = d_erfc,
    .block_f32 = tw__erfc_f32,
    .block_f64 = tw__erfc_f64,
};

const tw_op tw_op_ndtri = {
    TW_WORD(ndtri),
    .arity     = 1,
    .rule      = TW_ELEMENTWISE,
    .shape     = tw__shape_float,
    .d         = d_ndtri,
    .block_f32 = tw__ndtri_f32,
    .block_f64 = tw__ndtri_f64,
};

const tw_op tw_op_erfinv = {
    TW_WORD(erfinv),
    .arity     = 1,
    .rule      = TW_ELEMENTWISE,
    .shape     = tw__shape_float,
    .d         = d_erfinv,
    .block_f32 = tw__erfinv_f32,
    .block_f64 = tw__erfinv_f64,
};

tw_node *tw_erfc_at(const tw_loc *at, tw_node *x)     { return tw__unary(at, &tw_op_erfc, x); }
tw_node *tw_erfinv_at(const tw_loc *at, tw_node *x)   { return tw__unary(at, &tw_op_erfinv, x); }
tw_node *tw_ndtr_at(const tw_loc *at, tw_node *x)     { return tw__unary(at, &tw_op_ndtr, x); }
tw_node *tw_log_ndtr_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_log_ndtr, x); }
tw_node *tw_ndtri_at(const tw_loc *at, tw_node *x)    { return tw__unary(at, &tw_op_ndtri, x); }
