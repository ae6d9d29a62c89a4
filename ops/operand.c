/* operand.c - operands of builders, and the shape rules that elementwise operations share. */
#include "ops/ops_impl.h"
#include <math.h>

bool tw__operand(const tw_loc *at, const char *op, int index, tw_node **x)
{
    tw_node *n = tw_input(at, op, index, *x);
    *x = n ? n : tw_nil(tw_ctx_of(*x));
    return !tw_is_nil(*x);
}

tw_node *tw__null_among(const tw_loc *at, const char *op, int n, tw_node *const *xs)
{
    int null = -1;
    tw_ctx *cx = NULL;
    for (int i = n; i-- > 0; ) {
        if (xs[i]) cx = xs[i]->cx;
        else null = i;
    }
    return null < 0 ? NULL : tw_fail(cx, TW_EARG, op, at, "argument %d is NULL", null);
}

tw_node *tw__null_beside(const tw_loc *at, const char *op, const tw_node *x, tw_arg a, tw_arg b)
{
    const tw_node *partner = tw__is_number(a) ? b.node : a.node;
    const bool none = x || !partner || (tw__is_number(a) && tw__is_number(b));
    return none ? NULL : tw_fail(partner->cx, TW_EARG, op, at, "argument 0 is NULL");
}

bool tw__operands(const tw_loc *at, const char *op, int n, tw_node **xs)
{
    tw_node *nil = tw__null_among(at, op, n, xs);
    for (int i = 0; i < n && !nil; i++)
        if (!tw__operand(at, op, i, &xs[i])) nil = xs[i];
    if (nil) xs[0] = nil;
    return !nil;
}

tw_node *tw__unary(const tw_loc *at, const tw_op *op, tw_node *x)
{
    return tw_build_node(&(tw_build){ .op = op, .at = at, .n = 1, .in = &x });
}

tw_node *tw__binary(const tw_loc *at, const tw_op *op, tw_arg a, tw_arg b)
{
    tw_node *in[2];
    if (!tw_operands(at, op->name, 2, (tw_arg[]){ a, b }, in))
        return tw_nil(tw_ctx_of(tw__is_number(a) ? b.node : a.node));
    return tw_build_node(&(tw_build){ .op = op, .at = at, .n = 2, .in = in });
}

double tw__or(double v, double otherwise)
{
    if (v != 0) return v;
    return signbit(v) ? 0 : otherwise;
}

tw_dtype tw__dtype_or(tw_dtype asked, tw_ctx *cx)
{
    if (asked != TW_DTYPE_DEFAULT) return asked;
    return cx ? tw_default_dtype(cx) : TW_F32;
}

bool tw__need_float(const tw_loc *at, const char *op, const tw_node *x)
{
    if (tw_is_float(x->dtype)) return true;
    tw_fail(x->cx, TW_EDTYPE, op, at, "%s operand: cast to f32 first", tw_dtype_name(x->dtype));
    return false;
}

bool tw__reject_dtype(tw_node *y, int dtype)
{
    return tw_reject(y, TW_EDTYPE, "%s operand%s: cast to %s first", tw_dtype_name((tw_dtype)dtype),
                     y->n_in > 1 ? "s" : "", dtype == TW_BOOL ? "a number" : "f32");
}

bool tw__reject_dtypes(tw_node *y, int a, int b)
{
    return tw_reject(y, TW_EDTYPE, "operands are %s and %s: cast one", tw_dtype_name((tw_dtype)a), tw_dtype_name((tw_dtype)b));
}

/* All operands of one dtype. Their shapes are equal already: core broadcasts. */
static bool alike(tw_node *y)
{
    const int first = tw_in(y, 0)->dtype;
    for (int i = 1; i < y->n_in; i++)
        if (tw_in(y, i)->dtype != first) return tw__reject_dtypes(y, first, tw_in(y, i)->dtype);
    return true;
}

bool tw__shape_float(tw_node *y)
{
    if (!alike(y)) return false;
    return tw_is_float(y->dtype) || tw__reject_dtype(y, y->dtype);
}

bool tw__shape_number(tw_node *y)
{
    if (!alike(y)) return false;
    return y->dtype != TW_BOOL || tw__reject_dtype(y, TW_BOOL);
}

bool tw__shape_bool(tw_node *y)
{
    if (!alike(y)) return false;
    if (y->dtype == TW_BOOL) return true;
    return tw_reject(y, TW_EDTYPE, "%s operand%s: booleans needed, compare first",
                     tw_dtype_name((tw_dtype)y->dtype), y->n_in > 1 ? "s" : "");
}

bool tw__shape_compare(tw_node *y)
{
    if (!alike(y)) return false;
    y->dtype = TW_BOOL;
    return true;
}
