/* mean.c - mean, variance and standard deviation over axes, spelled in sums.
 *
 * The variance is taken around the mean, in two passes: E(x^2) - E(x)^2 would cancel. The mean of
 * nothing is 0 / 0. Where the variance is 0, the derivatives of the standard deviation are 0.
 */
#include "ops/ops_impl.h"

tw_node *tw_mean_at(const tw_loc *at, tw_node *x, const tw_reduce_args *o)
{
    TW_OPTIONS(tw_reduce_args, o);
    uint8_t mask;
    if (!tw__operand(at, "mean", 0, &x)) return x;
    if (!tw__need_float(at, "mean", x) || !tw__axes_mask(at, "mean", x, o->axes, &mask)) return tw_nil(x->cx);
    return tw_div(tw_sum_at(at, x, o), tw__mask_count(x, mask));
}

static tw_node *variance(const tw_loc *at, const char *op, tw_node *x, const tw_var_args *o)
{
    TW_OPTIONS(tw_var_args, o);
    uint8_t mask;
    if (!tw__operand(at, op, 0, &x)) return x;
    if (!tw__need_float(at, op, x) || !tw__axes_mask(at, op, x, o->axes, &mask)) return tw_nil(x->cx);

    const int64_t n = tw__mask_count(x, mask);
    if (o->ddof < 0 || (o->ddof > 0 && n <= o->ddof))
        return tw_fail(x->cx, TW_EARG, op, at, "%lld elements and .ddof = %d", (long long)n, o->ddof);
    tw_node *centred = tw_sub(x, tw_mean(x, .axes = o->axes, .keep_dims = true));
    return tw_div(tw_sum(tw_square(centred), .axes = o->axes, .keep_dims = o->keep_dims), n - o->ddof);
}

tw_node *tw_var_at(const tw_loc *at, tw_node *x, const tw_var_args *o) { return variance(at, "var", x, o); }

tw_node *tw_std_at(const tw_loc *at, tw_node *x, const tw_var_args *o)
{
    tw_node *v = variance(at, "std", x, o);
    return tw_is_nil(v) ? v : tw__safe_sqrt(at, v);
}
