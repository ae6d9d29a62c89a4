/* loss_numbers.c - losses of numbers: negative log-likelihoods of the noise that one believes in.
 *
 *     Gaussian            (y - t)^2 / (2 v) + log(v) / 2
 *     Laplace             |y - t| / b + log(2 b)
 *     both, Huber         d^2 / 2 up to delta, beyond that delta (|d| - delta / 2)
 *     hyperbolic secant   log cosh d = |d| + log(1 + e^-2|d|) - log 2
 *     asymmetric Laplace  max(q d, (q - 1) d), d = t - y
 *     Poisson             e^z - t z + log t!
 *
 * Huber's derivative at the joints is the same from both sides, its second one is that of the inside.
 * SPDX-License-Identifier: MIT
 */
#include "nn/loss_impl.h"

static const double log_2 = 0.69314718055994530942, log_2_pi = 1.83787706640934548356;

tw_node *tw_mean_squared_error_at(const tw_loc *at, tw_node *prediction, tw_node *target, const tw_loss_args *o)
{
    TW_OPTIONS(tw_loss_args, o);
    tw_node *x[] = { prediction, target };
    if (!tw__loss_enter(at, "mean_squared_error", 2, x)) return x[0];
    return tw__loss_leave(at, tw_square(tw_sub(x[0], x[1])), o->reduction);
}

tw_node *tw_mean_absolute_error_at(const tw_loc *at, tw_node *prediction, tw_node *target, const tw_loss_args *o)
{
    TW_OPTIONS(tw_loss_args, o);
    tw_node *x[] = { prediction, target };
    if (!tw__loss_enter(at, "mean_absolute_error", 2, x)) return x[0];
    return tw__loss_leave(at, tw_abs(tw_sub(x[0], x[1])), o->reduction);
}

static tw_node *huber(const tw_loc *at, const char *op, tw_node *y, tw_node *t, const tw_huber_args *o, bool divided)
{
    tw_node *x[] = { y, t };
    if (!tw__loss_inputs(at, op, 2, x)) return x[0];
    const double delta = tw__loss_number(o->delta, 1);
    if (!(delta > 0)) return tw_fail(x[0]->cx, TW_EARG, op, at, "delta is %g: greater than 0", delta);
    if (!tw__loss_enter(at, op, 2, x)) return x[0];
    tw_node *d = tw_sub(x[0], x[1]), *size = tw_abs(d);
    const double inside = divided ? 0.5 / delta : 0.5, slope = divided ? 1 : delta;
    tw_node *each = tw_where(tw_less_equal(size, tw__slot(delta)), tw_mul(tw__slot(inside), tw_square(d)),
                             tw_mul(tw__slot(slope), tw_sub(size, tw__slot(delta / 2))));
    return tw__loss_leave(at, each, o->reduction);
}

tw_node *tw_huber_loss_at(const tw_loc *at, tw_node *prediction, tw_node *target, const tw_huber_args *o)
{
    TW_OPTIONS(tw_huber_args, o);
    return huber(at, "huber_loss", prediction, target, o, false);
}

tw_node *tw_smooth_l1_loss_at(const tw_loc *at, tw_node *prediction, tw_node *target, const tw_huber_args *o)
{
    TW_OPTIONS(tw_huber_args, o);
    return huber(at, "smooth_l1_loss", prediction, target, o, true);
}

/* |d| by selection: each side of 0 is then the same smooth function. */
tw_node *tw_log_cosh_loss_at(const tw_loc *at, tw_node *prediction, tw_node *target, const tw_loss_args *o)
{
    TW_OPTIONS(tw_loss_args, o);
    tw_node *x[] = { prediction, target };
    if (!tw__loss_enter(at, "log_cosh_loss", 2, x)) return x[0];
    tw_node *d = tw_sub(x[0], x[1]), *size = tw_where(tw_greater(d, 0.0), d, tw_neg(d));
    return tw__loss_leave(at, tw_sub(tw_add(size, tw_log1p(tw_exp(tw_mul(-2, size)))), log_2), o->reduction);
}

tw_node *tw_quantile_loss_at(const tw_loc *at, tw_node *prediction, tw_node *target, const tw_quantile_args *o)
{
    TW_OPTIONS(tw_quantile_args, o);
    tw_node *x[] = { prediction, target };
    if (!tw__loss_inputs(at, "quantile_loss", 2, x)) return x[0];
    const double q = tw__loss_number(o->q, 0.5);
    if (!(q > 0 && q < 1)) return tw_fail(x[0]->cx, TW_EARG, "quantile_loss", at, "q is %g: between 0 and 1", q);
    if (!tw__loss_enter(at, "quantile_loss", 2, x)) return x[0];
    tw_node *d = tw_sub(x[1], x[0]);
    return tw__loss_leave(at, tw_maximum(tw_mul(tw__slot(q), d), tw_mul(tw__slot(q - 1), d)), o->reduction);
}

tw_node *tw_gaussian_nll_at(const tw_loc *at, tw_node *mean, tw_node *variance, tw_node *target, const tw_nll_args *o)
{
    TW_OPTIONS(tw_nll_args, o);
    tw_node *x[] = { mean, variance, target };
    if (!tw__loss_enter(at, "gaussian_nll", 3, x)) return x[0];
    tw_node *v = tw_maximum(x[1], 1e-6);
    tw_node *each = tw_mul(0.5, tw_add(tw_log(v), tw_div(tw_square(tw_sub(x[2], x[0])), v)));
    return tw__loss_leave(at, o->full ? tw_add(each, log_2_pi / 2) : each, o->reduction);
}

tw_node *tw_laplace_nll_at(const tw_loc *at, tw_node *location, tw_node *scale, tw_node *target, const tw_loss_args *o)
{
    TW_OPTIONS(tw_loss_args, o);
    tw_node *x[] = { location, scale, target };
    if (!tw__loss_enter(at, "laplace_nll", 3, x)) return x[0];
    return tw__loss_leave(at, tw_add(tw_log(tw_mul(2, x[1])), tw_div(tw_abs(tw_sub(x[2], x[0])), x[1])), o->reduction);
}

tw_node *tw_poisson_nll_at(const tw_loc *at, tw_node *log_rate, tw_node *counts, const tw_nll_args *o)
{
    TW_OPTIONS(tw_nll_args, o);
    tw_node *x[] = { log_rate, counts };
    if (!tw__loss_enter(at, "poisson_nll", 2, x)) return x[0];
    tw_node *t = x[1], *each = tw_sub(tw_exp(x[0]), tw_mul(t, x[0]));
    if (o->full) {
        tw_node *many = tw_greater(t, 1.0), *safe = tw_where(many, t, 1.0), *log_t = tw_log(safe);
        tw_node *stirling = tw_add(tw_sub(tw_mul(safe, log_t), safe), tw_mul(0.5, tw_add(log_t, log_2_pi)));
        each = tw_add(each, tw_where(many, stirling, 0.0));
    }
    return tw__loss_leave(at, each, o->reduction);
}
