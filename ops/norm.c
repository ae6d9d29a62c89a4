/* norm.c - (sum |x|^p)^(1/p) over axes, spelled in sums; p = infinity: max |x|, -infinity: min |x|, 0: how many are not 0.
 *
 * At x = 0 the derivatives of every order are 0 (for p = 1: those of |x|), where the formula has 0 / 0. Equal maxima
 * share the derivative evenly.
 */
#include "ops/ops_impl.h"
#include <math.h>

/* The root of a sum of squares, with derivative 0 where it is 0. */
tw_node *tw__safe_sqrt(const tw_loc *at, tw_node *x)
{
    tw_node *zero = tw_equal(x, 0);
    return tw_where(zero, 0, tw_sqrt(tw_where(zero, 1, x)));
}

/* p, positive and not 1, 2 or infinite. Zeros are left out of the sum, which has no derivative there. */
static tw_node *general(const tw_loc *at, tw_node *x, double p, const tw_reduce_args *o)
{
    tw_node *a = tw_abs(x), *zero = tw_equal(a, 0);
    tw_node *sum = tw_sum_at(at, tw_where(zero, 0, tw_pow(tw_where(zero, 1, a), p)), o), *none = tw_equal(sum, 0);
    return tw_where(none, 0, tw_pow(tw_where(none, 1, sum), 1 / p));
}

tw_node *tw_norm_at(const tw_loc *at, tw_node *x, const tw_norm_args *options)
{
    TW_OPTIONS(tw_norm_args, options);
    const double p = tw__or(options->p, 2);
    uint8_t mask;
    const tw_reduce_args o = { sizeof o, options->axes, options->keep_dims };
    if (!tw__operand(at, "norm", 0, &x)) return x;
    if (!tw__need_float(at, "norm", x) || !tw__axes_mask(at, "norm", x, o.axes, &mask)) return tw_nil(x->cx);
    if (isnan(p) || (p < 0 && !isinf(p)))
        return tw_fail(x->cx, TW_EARG, "norm", at, ".p is %g: positive, TW_ZERO or infinite", p);

    if (isinf(p)) return p > 0 ? tw_max_at(at, tw_abs(x), &o) : tw_min_at(at, tw_abs(x), &o);
    if (p == 2) return tw__safe_sqrt(at, tw_sum_at(at, tw_square(x), &o));
    if (p == 1) return tw_sum_at(at, tw_abs(x), &o);
    if (p == 0) return tw_cast(tw_sum_at(at, tw_not_equal(x, 0), &o), (tw_dtype)x->dtype);
    return general(at, x, p, &o);
}
