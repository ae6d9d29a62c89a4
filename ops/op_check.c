/* op_check.c - an operation by name, checked: values, derivatives, refusals. For those who write one.
 *
 * Runs in contexts of its own, so that the program's goes on whatever is wrong. Inputs are the
 * program's (.in), or shapes are tried until the operation takes some. They are small (of at most
 * 8 elements), so that a kernel that mistakes f32 for f64 stays within the 64 bytes that every tensor has.
 */
#include "ops/check_impl.h"
#include <math.h>
#include <string.h>

enum { MOST = 4, CELLS = 8 };

typedef struct subject {
    tw__subject   s;
    const tw_op  *op;
    const void   *attr;
    tw_dtype      dtype;            /* that inputs are cast to */
    double        cells[TW__CHECKED][CELLS];
} subject;

static tw_node *build(int n, tw_node *const *xs, void *user)
{
    const subject *q = user;
    return tw_build_node(&(tw_build){ .op = q->op, .at = q->s.at, .attr = q->attr, .n = n, .in = xs });
}

static void quiet(void *user, const tw_error *e) { (void)user, (void)e; }

static tw_ctx *open_own(subject *q, tw_dtype dtype)
{
    tw_ctx *cx = tw_open_at(q->s.at, &(tw_ctx_args){ ._size = sizeof(tw_ctx_args), .dtype = dtype, .on_error = quiet });
    if (tw_ok(cx) && tw_op_find(cx, q->op->name) != q->op) tw_op_register_at(q->s.at, cx, q->op);
    q->s.cx = cx;
    return cx;
}

/* Numbers without symmetry: away from 0 and of either sign, positive, within (0, 1), or above 1. */
static double number(int domain, int i, int64_t k, double low, double high)
{
    const double u = fmod(0.37 + 0.618033988749895 * (double)(k + 3 * i), 1);
    if (low < high) return low + (high - low) * u;
    if (domain == 0) return (0.4 + 0.8 * u) * ((k + i) % 2 ? -1 : 1);
    return domain == 1 ? 0.4 + 0.8 * u : domain == 2 ? 0.15 + 0.7 * u : 1.2 + u;
}

static void fill(subject *q, int domain, double low, double high)
{
    for (int i = 0; i < q->s.n; i++)
        for (int64_t k = 0; !q->s.fixed[i] && k < q->s.count[i]; k++) q->s.x[i][k] = number(domain, i, k, low, high);
}

/* Inputs of a dtype, and the operation on them; -1 where an integer stays. */
static tw_node *apply(subject *q, tw_dtype dtype)
{
    tw_node *xs[TW__CHECKED];
    const tw_loc *at = q->s.at;
    for (int i = 0; i < q->s.n; i++) {
        xs[i] = q->s.fixed[i];
        if (!xs[i]) xs[i] = tw_cast(tw_cast(tw_data_at(at, q->s.cx, TW_F64, q->s.shape[i], q->s.x[i]), TW_F32), dtype);
    }
    return build(q->s.n, xs, q);
}

/* Whether the operation takes the inputs as they are and computes finite numbers of them. */
static bool works(subject *q)
{
    tw_error e;
    TW_SCOPE(q->s.cx);
    tw_node *y = apply(q, TW_F64);
    const void *v = tw_is_nil(y) ? NULL : tw_read_at(q->s.at, y, (tw_dtype)y->dtype);
    bool ok = v && tw_ok(q->s.cx) && (y->dtype == TW_F64 || q->op->rule == TW_NONE);
    for (int64_t k = 0; ok && y->dtype == TW_F64 && k < y->shape->count; k++) ok = isfinite(((const double *)v)[k]);
    tw_error_take(q->s.cx, &e);
    return ok;
}

/* ---- inputs ------------------------------------------------------------------------------------- */

static void take_shape(subject *q, int i, tw_shape s)
{
    q->s.shape[i] = s;
    q->s.count[i] = 1;
    for (int k = 0; k < s.n; k++) q->s.count[i] *= s.at[k];
    q->s.x[i] = q->cells[i];
}

/* Shapes for all inputs; where two stand, for the first and the others. */
static const tw_shape tries[][2] = {
    { { 2, { 2, 3 } }, { 2, { 2, 3 } } }, { { 2, { 2, 3 } }, { 2, { 3, 2 } } }, { { 2, { 2, 2 } }, { 2, { 2, 2 } } }, { { 1, { 3 } }, { 1, { 3 } } },
    { { 0, { 0 } }, { 0, { 0 } } }, { { 2, { 2, 3 } }, { 1, { 3 } } }, { { 3, { 2, 2, 2 } }, { 3, { 2, 2, 2 } } }, { { 4, { 1, 2, 2, 1 } }, { 4, { 2, 2, 1, 1 } } },
};

static bool find_inputs(subject *q, double low, double high)
{
    q->s.n = q->op->arity >= 0 ? q->op->arity : 2;
    for (size_t t = 0; t < sizeof tries / sizeof *tries; t++)
        for (int domain = 0; domain < 4; domain++) {
            for (int i = 0; i < q->s.n; i++) take_shape(q, i, tries[t][i > 0]);
            fill(q, domain, low, high);
            if (works(q)) return true;
        }
    snprintf(q->s.text, sizeof q->s.text, "no inputs were found that it takes and of which it gives finite f64: .in = { ... } names some of at most %d elements", CELLS);
    return false;
}

static bool given_inputs(subject *q, tw_node *const *in)
{
    for (q->s.n = 0; q->s.n < MOST && in[q->s.n]; q->s.n++) {
        const int i = q->s.n;
        tw_node *x = in[i];
        if (x->shape->count > CELLS || (!tw_is_float(x->dtype) && x->dtype != TW_I64))
            return snprintf(q->s.text, sizeof q->s.text, "input %d has %lld elements of %s: at most %d floats or i64 can be checked", i,
                            (long long)x->shape->count, tw_dtype_name((tw_dtype)x->dtype), CELLS), false;
        take_shape(q, i, tw_shape_of(x));
        const void *v = tw_read_at(q->s.at, x, (tw_dtype)x->dtype);
        if (!v) return false;
        for (int64_t k = 0; k < x->shape->count && tw_is_float(x->dtype); k++)
            q->s.x[i][k] = x->dtype == TW_F64 ? ((const double *)v)[k] : (double)((const float *)v)[k];
        if (!tw_is_float(x->dtype)) q->s.fixed[i] = tw_data_at(q->s.at, q->s.cx, TW_I64, q->s.shape[i], v);
    }
    if (works(q)) return true;
    snprintf(q->s.text, sizeof q->s.text, "it refuses these inputs, or gives what is not finite, or not f64");
    return false;
}

/* ---- values and refusals ------------------------------------------------------------------------- */

static bool says(subject *q, const char *words) { return snprintf(q->s.text, sizeof q->s.text, "%s", words), false; }

/* f32 against f64, where the operation takes f32. */
static bool single(subject *q)
{
    tw_error e;
    TW_SCOPE(q->s.cx);
    tw_node *single = apply(q, TW_F32);
    const float *a = tw_is_nil(single) || single->dtype != TW_F32 ? NULL : tw_read_at(q->s.at, single, TW_F32);
    if (!a) return tw_error_take(q->s.cx, &e), true;        /* f64 only */
    tw_node *both = apply(q, TW_F64);
    const double *b = tw_read_at(q->s.at, both, TW_F64);
    double scale = 1;
    for (int64_t k = 0; b && k < both->shape->count; k++) scale = fmax(scale, fabs(b[k]));
    for (int64_t k = 0; b && k < both->shape->count; k++)
        if (!(fabs((double)a[k] - b[k]) <= 1e-5 * scale))
            return snprintf(q->s.text, sizeof q->s.text, "value, element %lld: %.9g in f32, %.9g in f64: likely the kernel does not look at the dtype",
                            (long long)k, (double)a[k], b[k]), false;
    return true;
}

/* Whether the builder says no, with an error, to these. */
static bool refuses(subject *q, int n, tw_node *const *in)
{
    tw_error e;
    build(n, in, q);
    return tw_error_take(q->s.cx, &e);
}

static bool refusals(subject *q)
{
    TW_SCOPE(q->s.cx);
    tw_node *in[TW__CHECKED + 1];
    const tw_loc *at = q->s.at;
    int floats = 0;
    for (int i = 0; i < q->s.n; i++) {
        in[i] = q->s.fixed[i] ? q->s.fixed[i] : tw_data_at(at, q->s.cx, TW_F64, q->s.shape[i], q->s.x[i]);
        floats += !q->s.fixed[i];
    }
    tw_node *y = build(q->s.n, in, q);
    if (q->op->rule == TW_ELEMENTWISE && y->shape != in[0]->shape && q->s.n == 1)
        return says(q, "shape: an elementwise operation gives its operand's shape, and this does not");
    for (int i = 0; i < q->s.n && floats > 1; i++) {
        if (q->s.fixed[i]) continue;
        tw_node *was = in[i];
        in[i] = tw_cast(was, TW_F32);
        const bool good = refuses(q, q->s.n, in);
        in[i] = was;
        if (!good) return snprintf(q->s.text, sizeof q->s.text, "shape rule: f32 for input %d and f64 for another are not refused", i), false;
    }
    if (q->op->block_f32 || q->op->block_f64 || q->op->rule == TW_ELEMENTWISE) {
        for (int i = 0; i < q->s.n; i++) in[i] = tw_is_float(in[i]->dtype) ? tw_cast(in[i], TW_BOOL) : in[i];
        tw_node *b = build(q->s.n, in, q);
        tw_error e;
        const bool taken = !tw_is_nil(b) && !tw_read_at(at, b, (tw_dtype)b->dtype);
        tw_error_take(q->s.cx, &e);
        if (taken) return says(q, "shape rule: booleans are not refused, and there is no kernel for them");
    }
    return true;
}

bool tw_op_check_at(const tw_loc *at, tw_ctx *cx, const char *name, const tw_check_args *o)
{
    TW_OPTIONS(tw_check_args, o);
    if (!tw_ok(cx)) return false;
    const tw_op *op = name ? tw_op_find(cx, name) : NULL;
    if (!op) return tw_fail(cx, TW_EARG, "op_check", at, "there is no operation \"%s\"", name ? name : "NULL"), false;
    if (op->traits & (TW_LEAF | TW_EFFECT) || op->arity > MOST || op->outputs > 1)
        return tw_fail(cx, TW_EARG, "op_check", at, "\"%s\": only operations of up to %d inputs and one output are checked", name, MOST), false;
    if (op->traits & TW_OPAQUE && op->slot_size)
        return tw_fail(cx, TW_EARG, "op_check", at, "\"%s\" runs functions of the program: tw_grad_check checks them", name), false;
    if (op->traits & TW_ATTRS && !o->attr)
        return tw_fail(cx, TW_EARG, "op_check", at, "the attributes of \"%s\" are missing: .attr", name), false;
    subject q = { .op = op, .attr = o->attr, .s = { .at = at, .name = op->name, .f = build, .tol = o->tol > 0 ? o->tol : 1e-7,
                  .first_order = o->first_order, .linear = op->rule == TW_LINEAR } };
    q.s.user = &q;
    open_own(&q, TW_F64);
    bool ok = tw_ok(q.s.cx) && (o->in[0] ? given_inputs(&q, o->in) : find_inputs(&q, o->low, o->high));
    ok = ok && single(&q) && (op->rule == TW_NONE || tw__check(&q.s)) && refusals(&q) && tw_ok(q.s.cx);
    tw_error e = { 0 };
    if (!ok && tw_error_take(q.s.cx, &e)) tw_fail(cx, e.code, name, at, "%s: %s", e.op ? e.op : "?", e.text);
    else if (!ok && tw_ok(cx)) tw_fail(cx, TW_EGRAD, name, at, "%s", q.s.text);
    tw_close(q.s.cx);
    return ok;
}
