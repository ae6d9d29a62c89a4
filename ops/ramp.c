/* ramp.c - activations made of straight lines, spelled with where; derivatives at the kinks are PyTorch's.
 *
 *     leaky_relu, prelu: x where x > 0, else slope x; at 0 the slope
 *     hardtanh: low, x, high; at and beyond the bounds 0 (clip lets the derivative through at its bounds)
 *     relu6: hardtanh from 0 to 6      hardsigmoid: relu6(x + 3) / 6      hardswish: x relu6(x + 3) / 6
 *     softshrink: x moved by lambda towards 0, 0 where |x| <= lambda; hardshrink: x, 0 there; both 0 at the edges
 *     threshold: x where x > t, else value
 *     softsign: x / (1 + |x|)          tanhshrink: x - tanh x
 *
 * Comparisons are written so that NaN comes through.
 */
#include "ops/ops_impl.h"

/* x as a float operand; false with the nil to return in *x. */
static bool ready(const tw_loc *at, const char *op, tw_node **x)
{
    if (!tw__operand(at, op, 0, x)) return false;
    if (tw__need_float(at, op, *x)) return true;
    *x = tw_nil((*x)->cx);
    return false;
}

static tw_node *between(const tw_loc *at, tw_node *x, double low, double high)
{
    return tw_where(tw_less_equal(x, low), low, tw_where(tw_less_equal(high, x), high, x));
}

/* relu6(x + 3) / 6 */
static tw_node *gate(const tw_loc *at, tw_node *x) { return tw_mul(between(at, tw_add(x, 3), 0, 6), 1.0 / 6); }

tw_node *tw_leaky_relu_at(const tw_loc *at, tw_node *x, const tw_leaky_relu_args *o)
{
    TW_OPTIONS(tw_leaky_relu_args, o);
    if (!ready(at, "leaky_relu", &x)) return x;
    return tw_where(tw_less(0, x), x, tw_mul(tw__or(o->negative_slope, 0.01), x));
}

tw_node *tw_prelu_at(const tw_loc *at, tw_node *x, tw_node *slope)
{
    tw_node *in[] = { x, slope };
    if (!tw__operands(at, "prelu", 2, in)) return in[0];
    x = in[0];
    if (!ready(at, "prelu", &x)) return x;
    return tw_where(tw_less(0, x), x, tw_mul(in[1], x));
}

tw_node *tw_hardtanh_at(const tw_loc *at, tw_node *x, const tw_hardtanh_args *o)
{
    TW_OPTIONS(tw_hardtanh_args, o);
    const double low = tw__or(o->low, -1), high = tw__or(o->high, 1);
    if (!ready(at, "hardtanh", &x)) return x;
    if (!(low < high)) return tw_fail(x->cx, TW_EARG, "hardtanh", at, ".low %g is not below .high %g", low, high);
    return between(at, x, low, high);
}

tw_node *tw_relu6_at(const tw_loc *at, tw_node *x)       { return ready(at, "relu6", &x) ? between(at, x, 0, 6) : x; }
tw_node *tw_hardsigmoid_at(const tw_loc *at, tw_node *x) { return ready(at, "hardsigmoid", &x) ? gate(at, x) : x; }
tw_node *tw_softsign_at(const tw_loc *at, tw_node *x)    { return ready(at, "softsign", &x) ? tw_div(x, tw_add(1, tw_abs(x))) : x; }
tw_node *tw_tanhshrink_at(const tw_loc *at, tw_node *x)  { return ready(at, "tanhshrink", &x) ? tw_sub(x, tw_tanh(x)) : x; }

/* The gate is 0 from -3 down: where, lest -infinity times 0 be NaN. */
tw_node *tw_hardswish_at(const tw_loc *at, tw_node *x)
{
    if (!ready(at, "hardswish", &x)) return x;
    tw_node *off = tw_less_equal(x, -3), *safe = tw_where(off, 0, x);
    return tw_where(off, 0, tw_mul(safe, gate(at, safe)));
}

/* lambda of both shrinks; false after an error. */
static bool lambda(const tw_loc *at, const char *op, tw_node **x, const tw_shrink_args *o, double *l)
{
    TW_OPTIONS(tw_shrink_args, o);
    *l = tw__or(o->lambda, 0.5);
    if (!ready(at, op, x)) return false;
    if (*l >= 0) return true;
    *x = tw_fail((*x)->cx, TW_EARG, op, at, ".lambda is %g: not negative", *l);
    return false;
}

tw_node *tw_softshrink_at(const tw_loc *at, tw_node *x, const tw_shrink_args *o)
{
    double l;
    if (!lambda(at, "softshrink", &x, o, &l)) return x;
    return tw_where(tw_less_equal(tw_abs(x), l), 0, tw_where(tw_less(x, 0), tw_add(x, l), tw_sub(x, l)));
}

tw_node *tw_hardshrink_at(const tw_loc *at, tw_node *x, const tw_shrink_args *o)
{
    double l;
    if (!lambda(at, "hardshrink", &x, o, &l)) return x;
    return tw_where(tw_less_equal(tw_abs(x), l), 0, x);
}

tw_node *tw_threshold_at(const tw_loc *at, tw_node *x, tw_arg threshold, tw_arg value)
{
    tw_node *nil = tw__null_beside(at, "threshold", x, threshold, value);
    if (nil) return nil;
    if (!ready(at, "threshold", &x)) return x;
    return tw_where(tw_less_equal(x, threshold), value, x);
}

/* a s(b), a and b the halves of x along the axis */
tw_node *tw_glu_at(const tw_loc *at, tw_node *x, const tw_axes_args *o)
{
    TW_OPTIONS(tw_axes_args, o);
    int axis;
    if (!ready(at, "glu", &x)) return x;
    if (o->axes.n > 1) return tw_fail(x->cx, TW_EARG, "glu", at, "%d axes: one is halved", o->axes.n);
    if (!tw__axis(at, "glu", x, o->axes.n ? o->axes.at[0] : -1, x->shape->n, &axis)) return tw_nil(x->cx);
    const int64_t n = x->shape->at[axis];
    if (n % 2) return tw_fail(x->cx, TW_ESHAPE, "glu", at, "%lld along axis %d: no halves", (long long)n, axis);
    return tw_mul(tw__range(at, x, axis, 0, n / 2), tw_sigmoid(tw__range(at, x, axis, n / 2, n / 2)));
}
