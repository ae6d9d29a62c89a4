/* forward.c - forward mode: one ascending sweep over tangents.
 *
 * Elementwise, linear and bilinear rules serve both modes. A general rule is differentiated: its vjp is
 * linear in the seed, so with u a dummy seed, the tangent is the derivative of <vjp(u), t> with
 * respect to u. An operation that cannot be differentiated so (an opaque function) brings its own.
 */
#include "core/derive_impl.h"
#include <string.h>

static tw_node *tangent(const tw__sweep *s, const tw_node *x) { return tw__inside(s, x) ? TW__AT(s, g, x) : NULL; }

static tw_node *push_linear(tw__sweep *s, tw_node *y)
{
    tw_node *few[TW__FEW], **in = few;
    const size_t size = (size_t)y->n_in * sizeof *in;
    if (y->n_in > TW__FEW && !(in = tw_resize(s->cx, NULL, 0, size))) return NULL;
    for (int k = 0; k < y->n_in; k++) {
        tw_node *x = tw_inputs(y)[k];
        in[k] = tangent(s, x);
        if (!in[k]) in[k] = tw_is_float(x->dtype) ? tw__zero(y->at, x) : x;
    }
    tw_node *t = tw_again(y, in);
    if (in != few) tw_resize(s->cx, in, size, 0);
    return t;
}

static tw_node *push_bilinear(tw__sweep *s, tw_node *y)
{
    tw_node *sum = NULL;
    for (int k = 0; k < 2; k++) {
        tw_node *in[2] = { tw_inputs(y)[0], tw_inputs(y)[1] }, *t = tangent(s, in[k]);
        if (!t) continue;
        in[k] = t;
        sum = tw__plus(y->at, sum, tw_again(y, in));
    }
    return sum;
}

tw_node *tw__dummy(const tw_loc *at, const tw_node *like)
{
    const tw_shape shape = tw_shape_of(like);
    return tw_build_node(&(tw_build){ .op = &tw_op_dummy, .at = at, .cx = like->cx, .shape = &shape, .dtype = (tw_dtype)like->dtype });
}

static bool depends(tw_ctx *cx, const tw_node *n, const tw_node *on)
{
    uint8_t *seen = cx->mark;
    bool found = false;
    if (n->id < on->id) return false;
    seen[n->id] = 1;
    for (int32_t id = n->id; id >= on->id; id--) {
        if (!seen[id]) continue;
        seen[id] = 0;
        const tw_node *y = cx->by_id[id];
        found |= y == on;
        for (int k = 0; k < y->n_in; k++)
            if (tw_inputs(y)[k]->id >= on->id) seen[tw_inputs(y)[k]->id] = 1;
    }
    return found;
}

/* Output `which` of y: vjp with a dummy seed there, differentiated with respect to the seed along the tangents. */
static tw_node *push_general(tw__sweep *s, tw_node *y, const tw_node *out, int which)
{
    const int first = tw__first_in(y), n = y->n_in - first, m = y->op->outputs > 1 ? y->op->outputs : 1;
    tw_ctx *cx = s->cx;
    if (n > TW__FEW || m > TW__FEW) return tw_fail(cx, TW_EGRAD, y->op->name, y->at, "forward mode takes at most %d inputs here", TW__FEW);
    tw_node *gx[TW__FEW] = { NULL }, *gy[TW__FEW] = { NULL }, *u = tw__dummy(out->at, out), *sum = NULL;
    bool need[TW__FEW] = { false };
    if (u->flags & TW_N_NIL) return u;
    gy[which] = u;
    for (int k = 0; k < n; k++) need[k] = tangent(s, tw_inputs(y)[first + k]) != NULL;
    tw__general(y, gy, need, gx);
    for (int k = 0; k < n && tw_ok(cx); k++) {
        tw_node *x = tw_inputs(y)[first + k], *t = tangent(s, x), *part;
        if (!need[k] || !gx[k] || !tw__fits(s, y, x, gx[k])) continue;
        if (gx[k] == u) { sum = tw__plus(y->at, sum, t); continue; }
        if (gx[k]->id < u->id) continue;
        tw__vjp(y->at, s->op, cx, 1, &gx[k], &t, 1, &u, &part);
        if (tw_is_zero(part)) continue;
        if (tw_ok(cx) && depends(cx, part, u))
            return tw_fail(cx, TW_EGRAD, y->op->name, y->at, "its rule is not linear in the cotangent: there is no forward mode");
        sum = tw__plus(y->at, sum, part);
    }
    return sum;
}

static tw_node *push_own(tw__sweep *s, tw_node *y)
{
    tw_node *t[TW__FEW];
    if (y->n_in > TW__FEW) return tw_fail(s->cx, TW_EGRAD, y->op->name, y->at, "forward mode takes at most %d inputs here", TW__FEW);
    for (int k = 0; k < y->n_in; k++) t[k] = tangent(s, tw_inputs(y)[k]);
    tw_node *r = y->op->jvp(y, t);
    return r && !(r->flags & TW_N_NIL) && !tw__fits(s, y, y, r) ? NULL : r;
}

static tw_node *push(tw__sweep *s, tw_node *y)
{
    if (y->op == &tw_op_project) {
        tw_node *from = tw_inputs(y)[0];
        return tw__ruled(from->op) ? push_general(s, from, y, (int)y->attr.i) : NULL;
    }
    if (y->op == &tw_op_checkpoint || y->op == &tw_op_barrier) return tangent(s, tw_inputs(y)[0]);
    if (y->op->jvp) return push_own(s, y);
    if (y->op->vjp || y->op == &tw_op_custom) return push_general(s, y, y, 0);
    switch (y->op->rule) {
    case TW_LINEAR:   return push_linear(s, y);
    case TW_BILINEAR: return push_bilinear(s, y);
    case TW_NONE:     if (!tw__ruled(y->op)) return NULL; break;
    default:          break;
    }
    if (!tw__ruled(y->op)) return tw_fail(s->cx, TW_EGRAD, y->op->name, y->at, "has no derivative");
    tw_node *sum = NULL;
    for (int k = 0; k < y->n_in; k++) {
        tw_node *t = tangent(s, tw_inputs(y)[k]), *part = t ? tw__d_of(y, k, t) : NULL;
        if (part && !tw__fits(s, y, y, part)) return part;
        sum = tw__plus(y->at, sum, part);
    }
    return sum;
}

static void forward(tw__sweep *s)
{
    tw_ctx *cx = s->cx;
    const int32_t origin = cx->origin;
    const char *name = cx->name;
    for (int32_t i = 0; i < s->count && tw_ok(cx); i++) {
        tw_node *y = tw__node_at(s, i);
        if (s->g[i] || s->target[i] || !s->reach[i] || !s->on[i] || !tw__passes(y) || y->op->outputs > 1) continue;
        cx->origin = y->id, cx->name = y->flags & TW_N_NAMED ? name : y->name;
        tw_node *t = push(s, y);
        if (t && !(t->flags & TW_N_NIL)) s->g[i] = t;
    }
    cx->origin = origin, cx->name = name;
}

tw_node *tw__jvp(const tw_loc *at, const char *op, tw_node *y, int n, tw_node *const *xs, tw_node *const *ts)
{
    tw_ctx *cx = y ? y->cx : NULL;
    for (int i = 0; xs && i < n && !cx; i++) if (xs[i]) cx = xs[i]->cx;
    if (!cx || cx->dead || !tw_ok(cx) || !tw__listed(cx, at, op, n, xs) || !tw__listed(cx, at, op, n, ts)) return tw_nil(cx);
    tw__sweep s = { .cx = cx, .op = op, .at = at };
    tw_node *few[2 * TW__FEW], **x = few, *r = NULL, *end;
    const size_t size = (size_t)n * sizeof *x;
    if (n > 2 * TW__FEW && !(x = tw_resize(cx, NULL, 0, size))) return tw_nil(cx);

    const int32_t start = cx->next_id;
    bool ok = tw__sweep_begin(&s, 1, &y, n, xs, &end, x);
    for (int i = 0; ok && i < n; i++) {
        tw_node *t = tw__partner(&s, x[i], ts[i]);
        if (!(ok = t != NULL)) break;
        for (int32_t k = 0; k < s.count; k++)
            if (tw__stands_for(tw__node_at(&s, k), x[i])) s.g[k] = tw__plus(at, s.g[k], t);
    }
    if (ok) forward(&s);
    if (ok && tw_ok(cx)) r = tw__inside(&s, end) ? TW__AT(&s, g, end) : NULL;
    if (ok && tw_ok(cx) && !r) r = tw__zero(at, end);
    if (ok && tw_ok(cx)) tw__discount(cx, start, 1, &r);
    tw__sweep_close(&s);
    if (x != few) tw_resize(cx, x, size, 0);
    return r ? r : tw_nil(cx);
}

tw_node *tw_jvp_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs, tw_node *const *ts)
{
    return tw__jvp(at, "jvp", y, n, xs, ts);
}

tw_node *tw_hvp_at(const tw_loc *at, tw_node *y, tw_node *x, tw_node *v)
{
    tw_node *g = tw_grad_at(at, y, x);
    if (g->flags & TW_N_NIL) return g;
    return tw_is_zero(g) ? g : tw__jvp(at, "hvp", g, 1, &x, &v);
}
