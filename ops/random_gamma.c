/* random_gamma.c - numbers of the gamma distribution with the derivative by its parameter; beta and dirichlet numbers from them.
 *
 * y has the density y^(alpha - 1) e^-y / gamma(alpha). It moves with alpha so that its distribution function P(alpha, y)
 * stays where it is (implicit reparameterisation: Figurnov, Mohamed, Mnih, NeurIPS 2018):
 *     dy/dalpha = -(dP/dalpha) / (dP/dy)        gamma_slope, computed to 1e-12 (kernel/special.c)
 * That has no further derivative: an error says so. Numbers too small for the dtype are 0; .log gives their logarithm,
 * out of which beta and dirichlet are made:
 *     beta:       sigmoid(log y_a - log y_b)
 *     dirichlet:  softmax(log y) over the last axis
 * alpha = 0 gives 0, a negative one NaN. Other scales: tw_mul(scale, y).
 */
#include "ops/ops_impl.h"
#include "ops/kernel/special.h"
#include <string.h>

static const tw_gamma_attr *attr_of(const tw_node *y) { return tw_attr(y); }

static tw_node *again(const tw_loc *at, tw_node *alpha, const tw_gamma_attr *attr, uint64_t number)
{
    return tw_build_node(&(tw_build){ .op = &tw_op_gamma, .at = at, .attr = attr, .slot = &number, .n = 1, .in = &alpha });
}

static void vjp_gamma(tw_rule *r)
{
    tw_node *y = r->y;
    TW_RULE;
    tw_node *slope = tw_build_node(&(tw_build){ .op = &tw_op_gamma_slope, .at = at, .attr = tw_attr(y), .n = 2,
                                                .in = (tw_node *[]){ tw_in(y, 0), y } });
    if (r->need[0]) r->gx[0] = tw_mul(r->gy[0], slope);
}

static tw_node *d_gamma_slope(tw_node *y, int i, tw_node *g)
{
    (void)i, (void)g;
    return tw_fail(y->cx, TW_EGRAD, "gamma", y->at, "the derivative of a gamma number by its parameter has no derivative: first order only");
}

/* For each alpha the numbers that it would get alone. */
static tw_node *batch_gamma(const tw_batching *b)
{
    uint64_t number;
    memcpy(&number, tw_slot(b->y), sizeof number);
    return again(b->at, b->in[0], attr_of(b->y), number);
}

/* Nanoseconds: some five logarithms and roots, and three rounds of bits. */
static double cost_gamma(const tw_node *y)       { return 150.0 * (double)y->shape->count; }
static double cost_gamma_slope(const tw_node *y) { return 500.0 * (double)y->shape->count; }

static void label(const tw_node *y, char *text, size_t size) { snprintf(text, size, "%s", attr_of(y)->log ? "log" : ""); }

const tw_op tw_op_gamma = {
    TW_WORD(gamma),
    .arity     = 1,
    .attr_size = sizeof(tw_gamma_attr),
    .slot_size = sizeof(uint64_t),
    .traits    = TW_RANDOM | TW_ATTRS,
    .rule      = TW_GENERAL,
    .shape     = tw__shape_float,
    .vjp       = vjp_gamma,
    .batch     = batch_gamma,
    .kernel    = tw__k_gamma,
    .cost      = cost_gamma,
    .label     = label,
};

const tw_op tw_op_gamma_slope = {
    TW_WORD(gamma_slope),
    .arity     = 2,
    .attr_size = sizeof(tw_gamma_attr),
    .traits    = TW_ATTRS,
    .rule      = TW_ELEMENTWISE,
    .shape     = tw__shape_float,
    .d         = d_gamma_slope,
    .block_f32 = tw__gamma_slope_f32,
    .block_f64 = tw__gamma_slope_f64,
    .cost      = cost_gamma_slope,
    .label     = label,
};

static tw_node *gamma_of(const tw_loc *at, const char *op, tw_node *alpha, int64_t samples, bool log, uint64_t key)
{
    if (!tw__operand(at, op, 0, &alpha)) return alpha;
    tw_ctx *cx = alpha->cx;
    tw_shape s = tw_shape_of(alpha);
    if (!tw__need_float(at, op, alpha)) return tw_nil(cx);
    if (samples < 0 || (samples && s.n == TW_MAX_RANK))
        return tw_fail(cx, TW_ESHAPE, op, at, "%lld samples of parameters of rank %d", (long long)samples, s.n);
    if (samples) {
        memmove(s.at + 1, s.at, (size_t)s.n * sizeof *s.at);
        s.at[0] = samples, s.n++;
        alpha = tw_broadcast_to(alpha, s);
    }
    tw_gamma_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.count = alpha->shape->count, attr.log = log;
    return again(at, alpha, &attr, tw__random_number(cx, key));
}

tw_node *tw_gamma_at(const tw_loc *at, tw_node *alpha, const tw_gamma_args *o)
{
    TW_OPTIONS(tw_gamma_args, o);
    return gamma_of(at, "gamma", alpha, o->samples, o->log, o->key);
}

tw_node *tw_beta_at(const tw_loc *at, tw_arg a, tw_arg b, const tw_sample_args *o)
{
    TW_OPTIONS(tw_sample_args, o);
    tw_node *x[2];
    if (!tw_operands(at, "beta", 2, (tw_arg[]){ a, b }, x)) return tw_nil(tw_ctx_of(tw__is_number(a) ? b.node : a.node));
    const int axis = o->samples ? 1 : 0;
    tw_node *both = gamma_of(at, "beta", tw_stack(2, x), o->samples, true, o->key);
    return tw_sigmoid(tw_sub(tw_index(both, .axis = axis, .at = 0), tw_index(both, .axis = axis, .at = 1)));
}

tw_node *tw_dirichlet_at(const tw_loc *at, tw_node *alpha, const tw_sample_args *o)
{
    TW_OPTIONS(tw_sample_args, o);
    if (!tw__operand(at, "dirichlet", 0, &alpha)) return alpha;
    if (tw_rank(alpha) < 1) return tw_fail(alpha->cx, TW_ESHAPE, "dirichlet", at, "a number for a vector of parameters");
    return tw_softmax(gamma_of(at, "dirichlet", alpha, o->samples, true, o->key));
}
