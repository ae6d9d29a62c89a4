/* erf.c - the error function, 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x.
 *
 * d(erf x) = 2 / sqrt(pi) e^(-x^2) dx.
 */
#include "ops/ops_impl.h"

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    const double two_over_root_pi = 1.12837916709551257390;
    return tw_mul(g, tw_mul(two_over_root_pi, tw_exp(tw_neg(tw_square(tw_in(y, i))))));
}

const tw_op tw_op_erf = {
    TW_WORD(erf),
    .arity    = 1,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d,
    .block_id = TW_B_erf,
};

tw_node *tw_erf_at(const tw_loc *at, tw_node *x) { return tw__unary(at, &tw_op_erf, x); }
