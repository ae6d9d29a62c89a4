/* bessel.c - modified Bessel functions I_n of the first kind, n = 0 and 1 for users, as they are or times e^(-|x|).
 *
 *     I_n' = (I_{n-1} + I_{n+1}) / 2, with I_{-1} = I_1        (e^-|x| I_n)' = that of both times e^-|x|, less sign(x) y
 */
#include "ops/ops_impl.h"
#include "ops/kernel/special.h"

static tw_node *bessel(const tw_loc *at, int n, bool scaled, tw_node *x)
{
    const tw_bessel_attr attr = { n < 0 ? -n : n, scaled };
    return tw_build_node(&(tw_build){ .op = &tw_op_bessel_i, .at = at, .attr = &attr, .n = 1, .in = &x });
}

static tw_node *d(tw_node *y, int i, tw_node *g)
{
    TW_RULE;
    const tw_bessel_attr *attr = tw_attr(y);
    tw_node *x = tw_in(y, i);
    tw_node *p = tw_mul(0.5, tw_add(bessel(at, attr->n - 1, attr->scaled, x), bessel(at, attr->n + 1, attr->scaled, x)));
    return tw_mul(g, attr->scaled ? tw_sub(p, tw_mul(tw_sign(x), y)) : p);
}

static void label(const tw_node *y, char *text, size_t size)
{
    const tw_bessel_attr *attr = tw_attr(y);
    snprintf(text, size, "order %d%s", (int)attr->n, attr->scaled ? ", scaled" : "");
}

const tw_op tw_op_bessel_i = {
    TW_WORD(bessel_i),
    .arity     = 1,
    .attr_size = sizeof(tw_bessel_attr),
    .rule      = TW_ELEMENTWISE,
    .shape     = tw__shape_float,
    .d         = d,
    .block_f32 = tw__bessel_i_f32,
    .block_f64 = tw__bessel_i_f64,
    .label     = label,
};

tw_node *tw_i0_at(const tw_loc *at, tw_node *x)  { return bessel(at, 0, false, x); }
tw_node *tw_i0e_at(const tw_loc *at, tw_node *x) { return bessel(at, 0, true, x); }
tw_node *tw_i1_at(const tw_loc *at, tw_node *x)  { return bessel(at, 1, false, x); }
tw_node *tw_i1e_at(const tw_loc *at, tw_node *x) { return bessel(at, 1, true, x); }
