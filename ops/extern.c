/* extern.c - an opaque C function in the graph: memory in, memory out, with its own derivatives.
 *
 *     y = f(x...)          forward
 *     gx = J' gy           vjp: the cotangents of all inputs, packed one after the other
 *     ty = J t             jvp
 *
 * A linear f is its own jvp. vjp and jvp are linear in gy and t, and each other's transpose there, so
 * second derivatives that leave J constant are right; where J depends on x and must be differentiated
 * itself, the function is a wall, and asking is an error that names what is missing. A function that
 * returns a status other than 0 fails the evaluation with it, before anything is assigned.
 */
#include "ops/ops_impl.h"
#include <string.h>

enum { MOST = TW_EXTERN_INPUTS };

typedef struct functions {
    const char  *name;
    tw_extern_fn forward, vjp, jvp;
    void        *user;
    int32_t      n;             /* inputs of the function */
    bool         linear;
} functions;

/* Structure: of vjp the inputs whose cotangents are asked for, as bits (where they start in the packed ones follows from the
 * shapes); and the dtype of the output, which need not be that of an input, for whoever builds the node again. */
typedef struct asked { uint32_t inputs; int32_t dtype; } asked;

static const functions *f_of(const tw_node *y) { return tw_slot(y); }

static tw_node *missing(tw_node *y, const char *what)
{
    return tw_fail(y->cx, TW_EGRAD, f_of(y)->name, y->at, "%s", what);
}

/* ---- what the functions get --------------------------------------------------------------------- */

static tw_array array(const tw_view *v)
{
    tw_array a = { .data = v->data, .dtype = v->dtype, .count = v->shape->count, .shape = { .n = v->shape->n } };
    memcpy(a.shape.at, v->shape->at, sizeof a.shape.at);
    return a;
}

static int64_t call(const tw_call *c, tw_extern_fn f, tw_extern_call *e, tw_array *in)
{
    const functions *own = c->slot;
    for (int k = 0; k < own->n; k++) in[k] = array(&c->in[k]);
    e->n = own->n, e->in = in, e->user = own->user;
    const int status = f(e);
    return status == 0 ? -1 : (int64_t)(uint32_t)status;
}

static int64_t run_forward(const tw_call *c)
{
    tw_array in[MOST];
    tw_extern_call e = { .y = array(c->out) };
    return call(c, ((const functions *)c->slot)->forward, &e, in);
}

/* Inputs: x..., y, gy. */
static int64_t run_vjp(const tw_call *c)
{
    const functions *own = c->slot;
    const asked *a = c->attr;
    tw_array in[MOST], gx[MOST];
    char *to = c->out->data;
    for (int k = 0; k < own->n; k++) {
        gx[k] = array(&c->in[k]);
        gx[k].data = NULL;
        if (!(a->inputs >> k & 1)) continue;
        gx[k].data = to;
        to += (size_t)gx[k].count * (c->out->dtype == TW_F64 ? sizeof(double) : sizeof(float));
    }
    tw_extern_call e = { .y = array(&c->in[own->n]), .gy = array(&c->in[own->n + 1]), .gx = gx };
    return call(c, own->vjp, &e, in);
}

/* Inputs: x..., y, t..., where integers have zeros of their own dtype. */
static int64_t run_jvp(const tw_call *c)
{
    const functions *own = c->slot;
    tw_array in[MOST], t[MOST];
    for (int k = 0; k < own->n; k++) t[k] = array(&c->in[own->n + 1 + k]);
    tw_extern_call e = { .y = array(&c->in[own->n]), .t = t, .ty = array(c->out) };
    return call(c, own->jvp, &e, in);
}

static void explain(const tw_node *y, const tw_call *c, int64_t bad, char *text, size_t size)
{
    (void)c;
    const char *which = y->op == &tw_op_extern ? "forward" : y->op == &tw_op_extern_vjp ? "vjp" : "jvp";
    snprintf(text, size, "\"%s\": its .%s returned %d", f_of(y)->name, which, (int)bad);
}

static int64_t once(const tw_node *y) { (void)y; return 1; }

/* ---- nodes -------------------------------------------------------------------------------------- */

static bool as_asked(tw_node *y)
{
    const asked *a = tw_attr(y);
    if (a->dtype) y->dtype = (uint8_t)a->dtype;
    return true;
}

static bool shape(tw_node *y)
{
    as_asked(y);
    for (int k = 0; k < y->n_in; k++)
        if (tw_is_float(tw_in(y, k)->dtype) && tw_is_float(y->dtype) && tw_in(y, k)->dtype != y->dtype)
            return tw__reject_dtypes(y, tw_in(y, k)->dtype, y->dtype);
    return true;
}

static tw_node *with(tw_node *y, const tw_op *op, uint32_t inputs, const tw_shape *s, int n, tw_node *const *in)
{
    const asked a = { inputs, y->dtype };
    return tw_build_node(&(tw_build){ .op = op, .at = y->at, .attr = &a, .slot = tw_slot(y), .shape = s, .n = n, .in = in });
}

/* J' gy for the inputs asked for, into gx; x and v are the function's inputs and value. */
static void transposed(tw_node *y, tw_node *const *x, tw_node *v, tw_node *gy, const bool *need, tw_node **gx)
{
    const tw_loc *at = y->at;
    const functions *f = f_of(y);
    if (!f->vjp) { gx[0] = missing(y, "it has no .vjp, which reverse mode needs"); return; }
    tw_node *in[MOST + 2];
    uint32_t inputs = 0;
    tw_shape packed = { .n = 1 };
    for (int k = 0; k < f->n; k++) {
        in[k] = x[k];
        if (!need[k] || !tw_is_float(x[k]->dtype)) continue;
        inputs |= 1u << k;
        packed.at[0] += x[k]->shape->count;
    }
    if (!inputs) return;
    in[f->n] = v, in[f->n + 1] = gy;
    tw_node *all = with(y, &tw_op_extern_vjp, inputs, &packed, f->n + 2, in);
    int64_t start = 0;
    for (int k = 0; k < f->n && !tw_is_nil(all); k++) {
        if (!(inputs >> k & 1)) continue;
        gx[k] = tw_reshape(tw__range(at, all, 0, start, x[k]->shape->count), tw_shape_of(x[k]));
        start += x[k]->shape->count;
    }
}

static tw_node *zero_of(const tw_loc *at, tw_node *x) { return tw_constant_like(at, x, 0); }

/* J t; t[k] NULL is zero. */
static tw_node *along(tw_node *y, tw_node *const *x, tw_node *v, tw_node *const *t)
{
    const functions *f = f_of(y);
    tw_node *in[2 * MOST + 1];
    tw_shape s = tw_shape_of(v);
    if (f->linear) {
        for (int k = 0; k < f->n; k++) in[k] = t[k] ? t[k] : tw_is_float(x[k]->dtype) ? zero_of(y->at, x[k]) : x[k];
        return with(y, &tw_op_extern, 0, &s, f->n, in);
    }
    if (!f->jvp) return missing(y, "it has neither .jvp nor .linear, one of which forward mode and second derivatives need");
    for (int k = 0; k < f->n; k++) in[k] = x[k], in[f->n + 1 + k] = t[k] ? t[k] : zero_of(y->at, x[k]);
    in[f->n] = v;
    return with(y, &tw_op_extern_jvp, 0, &s, 2 * f->n + 1, in);
}

/* The cotangents of packed cotangents, apart; NULL where nothing was asked for. */
static void unpack(tw_node *y, tw_node *g, tw_node **t)
{
    const tw_loc *at = y->at;
    const asked *a = tw_attr(y);
    int64_t start = 0;
    for (int k = 0; k < f_of(y)->n; k++) {
        tw_node *x = tw_in(y, k);
        t[k] = NULL;
        if (!(a->inputs >> k & 1)) continue;
        t[k] = tw_reshape(tw__range(at, g, 0, start, x->shape->count), tw_shape_of(x));
        start += x->shape->count;
    }
}

static const char wall[] = "its Jacobian depends on its inputs, and an opaque function's Jacobian has no derivative: if it does not, say .linear";

/* Whether the derivative of a derivative reaches what the Jacobian was taken at: an error unless that is constant. */
static bool walled(tw_node *y, const bool *need, tw_node *const *t)
{
    const functions *f = f_of(y);
    for (int k = 0; k <= f->n && !f->linear; k++)
        if (need ? need[k] : t[k] != NULL) return missing(y, wall), true;
    return false;
}

static tw_node *const *ins(tw_node *y) { return tw_inputs(y); }

static void vjp(tw_rule *r) { transposed(r->y, ins(r->y), r->y, r->gy[0], r->need, r->gx); }
static tw_node *jvp(tw_node *y, tw_node *const *t) { return along(y, ins(y), y, t); }

static void vjp_of_vjp(tw_rule *r)
{
    tw_node *y = r->y, *t[MOST];
    const int n = f_of(y)->n;
    if (walled(y, r->need, NULL) || !r->need[n + 1]) return;
    unpack(y, r->gy[0], t);
    r->gx[n + 1] = along(y, ins(y), ins(y)[n], t);
}

static tw_node *jvp_of_vjp(tw_node *y, tw_node *const *t)
{
    const int n = f_of(y)->n;
    tw_node *in[MOST + 2];
    if (walled(y, NULL, t) || !t[n + 1]) return NULL;
    memcpy(in, ins(y), (size_t)(n + 1) * sizeof *in);
    in[n + 1] = t[n + 1];
    const tw_shape s = tw_shape_of(y);
    return with(y, y->op, ((const asked *)tw_attr(y))->inputs, &s, n + 2, in);
}

static void vjp_of_jvp(tw_rule *r)
{
    const int n = f_of(r->y)->n;
    if (walled(r->y, r->need, NULL)) return;
    transposed(r->y, ins(r->y), ins(r->y)[n], r->gy[0], r->need + n + 1, r->gx + n + 1);
}

static tw_node *jvp_of_jvp(tw_node *y, tw_node *const *t)
{
    const int n = f_of(y)->n;
    return walled(y, NULL, t) ? NULL : along(y, ins(y), ins(y)[n], t + n + 1);
}

static void label(const tw_node *y, char *text, size_t size) { snprintf(text, size, "%s", f_of(y)->name); }

#define OPAQUE(word, ...) \
    const tw_op tw_op_##word = { TW_WORD(word), .arity = -1, .attr_size = sizeof(asked), .slot_size = sizeof(functions), .traits = TW_CHECKED | TW_OPAQUE, \
                                 .rule = TW_GENERAL, .work = once, .explain = explain, .label = label, __VA_ARGS__ }
OPAQUE(extern,     .shape = shape, .kernel = run_forward, .vjp = vjp, .jvp = jvp);
OPAQUE(extern_vjp, .shape = as_asked, .kernel = run_vjp, .vjp = vjp_of_vjp, .jvp = jvp_of_vjp);
OPAQUE(extern_jvp, .shape = as_asked, .kernel = run_jvp, .vjp = vjp_of_jvp, .jvp = jvp_of_jvp);

/* ---- builder ------------------------------------------------------------------------------------ */

tw_node *tw_extern_at(const tw_loc *at, tw_ctx *cx, const tw_extern_args *o)
{
    TW_OPTIONS(tw_extern_args, o);
    if (!tw_ok(cx)) return tw_nil(cx);
    functions f = { .name = tw_intern(cx, o->name && *o->name ? o->name : "extern"), .forward = o->forward, .vjp = o->vjp, .jvp = o->jvp,
                    .user = o->user, .linear = o->linear };
    if (!f.name) return tw_nil(cx);
    if (!f.forward) return tw_fail(cx, TW_EARG, f.name, at, "it has no .forward");
    for (int k = 0; k < MOST; k++) {
        if (!o->in[k]) continue;
        if (f.n != k) return tw_fail(cx, TW_EARG, f.name, at, "input %d is NULL", f.n);
        f.n = k + 1;
    }
    if (f.n == 0) return tw_fail(cx, TW_EARG, f.name, at, "it has no inputs: .in = { x }");
    if (o->in[0]->cx != cx) return tw_fail(cx, TW_ESCOPE, f.name, at, "argument 0 belongs to another context");
    tw_dtype dtype = o->dtype;
    for (int k = 0; k < f.n && !dtype; k++)
        if (tw_is_float(o->in[k]->dtype)) dtype = (tw_dtype)o->in[k]->dtype;
    const asked a = { 0, tw__dtype_or(dtype, cx) };
    return tw_build_node(&(tw_build){ .op = &tw_op_extern, .at = at, .attr = &a, .slot = &f, .shape = &o->out, .n = f.n, .in = o->in });
}
