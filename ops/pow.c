/* pow.c - a^b, and x^n for an integer n that is part of the structure.
 *
 *     d(a^b)/da = b a^(b-1),  0 where a = b = 0        d(a^b)/db = a^b log a,  0 where a = 0 and b >= 0
 *     d(x^n)/dx = n x^(n-1)
 *
 * Where a rule selects 0, the branch that it does not take is kept finite too (a second where,
 * inside), else 0 times infinity would be NaN in the derivative of the derivative. The first
 * guard asks for a = 0 besides b = 0: at b = 0 and any other a the formula is 0 by itself, and its
 * derivative to b, 1 / a, stays right.
 *
 * A number that is an integer, as in tw_pow(x, 3), becomes powi: exact for negative x, cheaper,
 * and known to the plan. Beyond 64 repeated multiplication would lose more bits than pow.
 */
#include "ops/ops_impl.h"
#include <math.h>

enum { LARGEST = 64 };

static tw_node *d_pow(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    tw_node *a = tw_in(y, 0), *b = tw_in(y, 1), *zero = tw_equal(a, 0);
    if (i == 0) {
        tw_node *both = tw_logical_and(zero, tw_equal(b, 0));
        tw_node *safe = tw_where(both, 1, b);
        return tw_where(both, 0, tw_mul(g, tw_mul(b, tw_pow(a, tw_sub(safe, 1)))));
    }
    zero = tw_logical_and(zero, tw_greater_equal(b, 0));
    return tw_where(zero, 0, tw_mul(g, tw_mul(y, tw_log(tw_where(zero, 1, a)))));
}

static int64_t exponent(const tw_node *y) { return y->attr.i; }

static bool shape_powi(tw_node *y)
{
    if (!tw__shape_number(y)) return false;
    if (tw_is_float(y->dtype) || exponent(y) >= 0) return true;
    return tw_reject(y, TW_EDTYPE, "%s to the power of %lld: cast to f32 first",
                     tw_dtype_name((tw_dtype)y->dtype), (long long)exponent(y));
}

static tw_node *d_powi(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    const int64_t n = exponent(y);
    if (n == 0) return NULL;
    return tw_mul(g, tw_mul(n, tw__powi(at, tw_in(y, i), n - 1)));
}

static void label(const tw_node *y, char *text, size_t size)
{
    snprintf(text, size, "x^%lld", (long long)exponent(y));
}

const tw_op tw_op_pow = {
    TW_WORD(pow),
    .arity    = 2,
    .rule     = TW_ELEMENTWISE,
    .shape    = tw__shape_float,
    .d        = d_pow,
    .block_id = TW_B_pow,
};

const tw_op tw_op_powi = {
    TW_WORD(powi),
    .arity     = 1,
    .attr_size = sizeof(int64_t),
    .rule      = TW_ELEMENTWISE,
    .shape     = shape_powi,
    .d         = d_powi,
    .block_id  = TW_B_powi,
    .label     = label,
};

tw_node *tw__powi(const tw_loc *at, tw_node *x, int64_t n)
{
    if (n == 1) return x;
    if (n == 2) return tw_square(x);
    return tw_build_node(&(tw_build){ .op = &tw_op_powi, .at = at, .attr = &n, .n = 1, .in = &x });
}

tw_node *tw_pow_at(const tw_loc *at, tw_arg a, tw_arg b)
{
    const bool integer = tw__is_number(b) && b.num == floor(b.num) && fabs(b.num) <= LARGEST;
    if (tw__is_number(a) || !integer) return tw__binary(at, &tw_op_pow, a, b);

    tw_node *x = a.node;
    if (!tw__operand(at, "pow", 0, &x)) return x;
    return tw__powi(at, x, (int64_t)b.num);
}
