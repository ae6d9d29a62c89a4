/* gelu.c - x P(x) with the normal distribution function P (Hendrycks, Gimpel 2016), and its approximation
 * x s(u), u = 2 sqrt(2/pi) (x + 0.044715 x^3), with the sigmoid s: 0.5 x (1 + tanh(u / 2)).
 *
 *     gelu' = P + x p,  p = e^(-x^2/2) / sqrt(2 pi)        gelu''  = (2 - x^2) p
 *     tanh form: s + x s' u',  s' = s (1 - s)              second: s' (2 u' + x ((1 - 2 s) u'^2 + u''))
 *
 * Value and slope have a kernel each; from the second derivative on, rules are spelled out.
 */
#include "ops/ops_impl.h"

static tw_node *d_gelu(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw__unary(at, &tw_op_gelu_slope, tw_in(y, i)));
}

static tw_node *d_gelu_slope(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *square = tw_square(tw_in(y, i)), *p = tw_mul(0.39894228040143267794, tw_exp(tw_mul(-0.5, square)));
    return tw_mul(g, tw_mul(tw_sub(2, square), p));
}

static tw_node *d_gelu_tanh(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    return tw_mul(g, tw__unary(at, &tw_op_gelu_tanh_slope, tw_in(y, i)));
}

static tw_node *d_gelu_tanh_slope(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    const double c = 1.59576912160573071176, k = 0.044715;
    tw_node *x = tw_in(y, i), *square = tw_square(x);
    tw_node *s = tw_sigmoid(tw_mul(tw_mul(c, x), tw_add(1, tw_mul(k, square))));
    tw_node *du = tw_mul(c, tw_add(1, tw_mul(3 * k, square))), *ddu = tw_mul(6 * c * k, x);
    tw_node *bend = tw_mul(x, tw_add(tw_mul(tw_sub(1, tw_mul(2, s)), tw_square(du)), ddu));
    return tw_mul(g, tw_mul(tw_mul(s, tw_sub(1, s)), tw_add(tw_mul(2, du), bend)));
}

TW_MAP(gelu, 1);
TW_MAP(gelu_slope, 1);
TW_MAP(gelu_tanh, 1);
TW_MAP(gelu_tanh_slope, 1);

tw_node *tw_gelu_at(const tw_loc *at, tw_node *x, const tw_gelu_args *o)
{
    TW_OPTIONS(tw_gelu_args, o);
    return tw__unary(at, o->tanh ? &tw_op_gelu_tanh : &tw_op_gelu, x);
}
