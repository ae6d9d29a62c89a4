/* batch.c - a graph built again for other values of some of its nodes: one, or many at once.
 *
 * Only what depends on the replaced nodes is built again, in the order of ids. For many values each
 * new node has a new first axis. An elementwise operation needs no rule: operands without the axis are
 * broadcast. Others bring one (op->batch); where it is missing the node is built once for each value
 * and the results are stacked, which tw_diagnostic says.
 *
 * Many vector products are one product with a dummy for the vector, built again for all vectors.
 */
#include "core/derive_impl.h"
#include <string.h>

typedef struct replay {
    tw_ctx       *cx;
    const char   *op;
    const tw_loc *at;
    int64_t       n;            /* values; 0: one, without a new axis */
    int32_t       low, count;
    tw_node     **to;           /* by id - low: what was built instead; NULL: the node itself serves */
    uint8_t      *reach;
    tw_buf       *buf;
} replay;

static bool inside(const replay *r, const tw_node *n) { return n->id >= r->low && n->id < r->low + r->count; }
static tw_node *instead(const replay *r, const tw_node *n) { return inside(r, n) ? r->to[n->id - r->low] : NULL; }

enum { REACHED = 1, REPLACED = 2 };

/* A value stays what it is, whatever was assigned or kept behind it. */
static bool opaque(const tw_node *n) { return n->op == &tw_op_read || n->op == &tw_op_keep || n->n_in == 0; }

static bool replay_open(replay *r, int m, tw_node *const *ys, int n, tw_node *const *xs)
{
    int32_t top = -1;
    r->low = INT32_MAX;
    for (int i = 0; i < n; i++) {
        const int32_t id = xs[i]->op == &tw_op_cell ? 0 : xs[i]->id;        /* a cell: all that read it */
        if (id < r->low) r->low = id;
    }
    for (int i = 0; i < m; i++) if (ys[i]->id > top) top = ys[i]->id;
    r->count = top >= r->low ? top - r->low + 1 : 0;
    const size_t size = (size_t)r->count * (sizeof *r->to + 1);
    if (!size) return true;
    if (!(r->buf = tw__buf_new(r->cx, size))) return false;
    memset(r->buf->data, 0, size);
    r->to = r->buf->data, r->reach = (uint8_t *)(r->to + r->count);
    return true;
}

static void mark(replay *r, int m, tw_node *const *ys)
{
    for (int i = 0; i < m; i++) if (inside(r, ys[i])) r->reach[ys[i]->id - r->low] |= REACHED;
    for (int32_t i = r->count - 1; i >= 0; i--) {
        const tw_node *y = r->cx->by_id[r->low + i];
        if (!(r->reach[i] & REACHED) || r->to[i] || opaque(y)) continue;
        for (int k = 0; k < y->n_in; k++)
            if (inside(r, tw_inputs(y)[k])) r->reach[tw_inputs(y)[k]->id - r->low] |= REACHED;
    }
}

/* ---- many values of one node -------------------------------------------------------------- */

static tw_node *repeated(const replay *r, tw_node *x)
{
    tw_shape s = tw_shape_of(x);
    if (s.n == TW_MAX_RANK) return tw_fail(r->cx, TW_ESHAPE, r->op, r->at, "a batch of a tensor of rank %d: there is no axis left", s.n);
    memmove(s.at + 1, s.at, (size_t)s.n * sizeof *s.at);
    s.at[0] = r->n, s.n++;
    if (!tw_is_zero(x)) return tw_build_node(&(tw_build){ .op = tw__vocab.broadcast_to, .at = r->at, .n = 1, .in = &x, .shape = &s });
    tw_node *z = tw_constant(r->at, r->cx, (tw_dtype)x->dtype, &s, 0);
    if (!(z->flags & TW_N_NIL)) z->flags |= TW_N_ZERO;
    return z;
}

/* Once for each value; output k of the results stacked into out[k]. */
static void loop(replay *r, tw_node *y, tw_node *const *in, const bool *many, tw_node **out)
{
    const int outputs = y->op->outputs > 1 ? y->op->outputs : 1;
    tw_ctx *cx = r->cx;
    const size_t size = ((size_t)r->n * (size_t)outputs + (size_t)y->n_in) * sizeof(tw_node *);
    tw_node **part = tw_resize(cx, NULL, 0, size), **one = part + r->n * outputs;
    if (!part) return;
    tw_advise(cx, &cx->said_loop, y->op->name, y->at, "it has no batching rule: %s builds it %lld times", r->op, (long long)r->n);
    for (int64_t i = 0; i < r->n && tw_ok(cx); i++) {
        for (int k = 0; k < y->n_in; k++) one[k] = many[k] ? tw__vocab.pick(y->at, in[k], i) : in[k];
        tw_node *z = tw_again(y, one);
        for (int k = 0; k < outputs; k++) part[k * r->n + i] = outputs > 1 ? tw_output(z, k) : z;
    }
    for (int k = 0; k < outputs && tw_ok(cx); k++) out[k] = tw__vocab.stack(y->at, (int)r->n, part + k * r->n);
    tw_resize(cx, part, size, 0);
}

/* ---- gradients of the program's own ------------------------------------------------------- */

static bool replay_run(replay *r, int m, tw_node *const *ys, int n, tw_node *const *xs, tw_node *const *news, tw_node **zs);

/* What the rule of a custom node gives for a dummy cotangent: its number of inputs, or -1 after an error. */
static int own_rule(tw_node *custom, const bool *need, tw_node **u, tw_node **gx)
{
    const int n = custom->n_in - 1;
    if (n + 2 > TW__FEW)
        return tw_fail(custom->cx, TW_EGRAD, "custom_grad", custom->at, "many at once take at most %d inputs here", TW__FEW - 2), -1;
    *u = tw__dummy(custom->at, custom);
    if (!((*u)->flags & TW_N_NIL)) tw__general(custom, u, need, gx);
    return tw_ok(custom->cx) ? n : -1;
}

/* The rule of a custom node of many values: that of the one that it is many of, batched. What there is one of gets the
 * sum. */
static void many_gradients(tw_rule *r)
{
    tw_node *one = r->user, *u, *gx[TW__FEW] = { NULL }, *ys[TW__FEW], *zs[TW__FEW];
    const int n = own_rule(one, r->need, &u, gx);
    tw_node *xs[TW__FEW] = { one, u }, *news[TW__FEW] = { r->y, r->gy[0] };
    int m = 0, replaced = 2;
    for (int k = 0; k < n; k++) {
        tw_node *x = tw_inputs(one)[1 + k], *many = tw_inputs(r->y)[1 + k];
        if (r->need[k] && gx[k]) ys[m++] = gx[k];
        if (many != x) xs[replaced] = x, news[replaced++] = many;
    }
    replay again = { .cx = one->cx, .op = "custom_grad", .at = r->y->at, .n = r->y->shape->at[0] };
    if (n < 0 || !m || !replay_run(&again, m, ys, replaced, xs, news, zs)) return;
    for (int k = 0, i = 0; k < n; k++) {
        if (!r->need[k] || !gx[k]) continue;
        tw_node *z = zs[i++], *x = tw_inputs(r->y)[1 + k];
        const tw_shape s = tw_shape_of(x);
        const bool many = x != tw_inputs(one)[1 + k];
        r->gx[k] = many ? z : tw_build_node(&(tw_build){ .op = tw__vocab.sum_to, .at = r->y->at, .shape = &s, .n = 1, .in = &z });
    }
}

/* Whether the rule reads, beyond its list, something that there are many of: nobody could put those in later. */
static bool reads_beyond(replay *r, tw_node *custom)
{
    tw_node *u, *gx[TW__FEW] = { NULL };
    bool need[TW__FEW], beyond = false;
    uint8_t *seen = r->cx->mark;
    for (int k = 0; k < TW__FEW; k++) need[k] = true;
    const int n = own_rule(custom, need, &u, gx);
    for (int k = 0; k < n; k++) if (gx[k]) seen[gx[k]->id] = 1;
    for (int32_t id = r->cx->next_id - 1; n >= 0 && id >= r->low; id--) {
        if (!seen[id]) continue;
        seen[id] = 0;
        tw_node *y = r->cx->by_id[id];
        bool listed = y == custom;
        for (int k = 1; k <= n; k++) listed |= y == tw_inputs(custom)[k];
        if (listed) continue;
        beyond |= inside(r, y) && r->reach[id - r->low] & REPLACED;
        if (opaque(y)) continue;
        for (int k = 0; k < y->n_in; k++) if (tw_inputs(y)[k]->id >= r->low) seen[tw_inputs(y)[k]->id] = 1;
    }
    if (beyond)
        tw_fail(r->cx, TW_EGRAD, r->op, r->at, "the custom gradient of line %d reads what there are many of, but does not list it",
                custom->at ? custom->at->line : 0);
    return beyond || n < 0;
}

/* One custom node of all values, whose rule is the batched rule. */
static tw_node *batched_custom(replay *r, tw_node *y, tw_node *const *in, const bool *many)
{
    tw_node *all[TW__FEW];
    if (reads_beyond(r, y)) return tw_nil(r->cx);
    for (int k = 0; k < y->n_in; k++) all[k] = many[k] || k > 0 ? in[k] : repeated(r, in[k]);
    const tw__own_rule own = { many_gradients, y };
    return tw_build_node(&(tw_build){ .op = y->op, .at = y->at, .slot = &own, .n = y->n_in, .in = all });
}

/* ---- one operation ------------------------------------------------------------------------- */

static bool elementwise(const tw_op *op) { return op->rule == TW_ELEMENTWISE || op->traits & TW_BROADCAST || tw_is_block_op(op); }

static void batched(replay *r, tw_node *y, tw_node *const *in, const bool *many, tw_node **out)
{
    if (y->op == &tw_op_checkpoint || y->op == &tw_op_barrier)
        *out = many[0] ? in[0] : repeated(r, in[0]);
    else if (y->op == &tw_op_custom)
        *out = batched_custom(r, y, in, many);
    else if (y->op->batch && (*out = y->op->batch(&(tw_batching){ .at = y->at, .y = y, .in = in, .many = many, .n = r->n }))) {
        tw_node *all = *out;
        for (int k = 0; k < y->op->outputs && y->op->outputs > 1; k++) out[k] = tw_output(all, k);
    } else if (elementwise(y->op) || y->op == &tw_op_stop_grad)
        *out = tw_build_node(&(tw_build){ .op = y->op, .at = y->at, .attr = tw_attr(y), .slot = tw_slot(y), .n = y->n_in, .in = in });
    else
        loop(r, y, in, many, out);
}

static bool has_shape(const replay *r, const tw_node *y, const tw_node *z)
{
    char a[96], b[96];
    if (z->flags & TW_N_NIL) return false;
    if (r->n == 0 || (z->shape->n == y->shape->n + 1 && z->shape->at[0] == r->n && z->shape->count == r->n * y->shape->count)) return true;
    tw_fail(r->cx, TW_EGRAD, y->op->name, y->at, "its batching rule gave %s for %lld of %s", tw_shape_text(z->shape, a, sizeof a),
            (long long)r->n, tw_shape_text(y->shape, b, sizeof b));
    return false;
}

/* ---- the sweep ---------------------------------------------------------------------------- */

static void build(replay *r, tw_node *y)
{
    tw_ctx *cx = r->cx;
    tw_node *few[TW__FEW], **in = few, **to = &r->to[y->id - r->low];
    bool few_many[TW__FEW], *many = few_many, any = false;
    const size_t size = (size_t)y->n_in * (sizeof *in + sizeof *many);
    if (y->n_in > TW__FEW) {
        if (!(in = tw_resize(cx, NULL, 0, size))) return;
        many = (bool *)(in + y->n_in);
    }
    for (int k = 0; k < y->n_in; k++) {
        tw_node *x = tw_inputs(y)[k], *z = instead(r, x);
        in[k] = z ? z : x, many[k] = z != NULL, any |= many[k];
    }
    if (any) {
        tw_node *out[4] = { NULL };
        if (r->n > 0 && y->shape->n == TW_MAX_RANK) repeated(r, y);     /* says what is wrong */
        else if (r->n > 0) batched(r, y, in, many, out);
        else out[0] = y->op == &tw_op_checkpoint ? in[0] : tw_again(y, in);
        const int m = y->op->outputs > 1 ? y->op->outputs : 1;
        for (int k = 0; k < m && tw_ok(cx) && m > 1; k++)
            if (inside(r, cx->by_id[y->id + 1 + k])) to[1 + k] = r->n > 0 ? out[k] : tw_output(out[0], k);
        if (tw_ok(cx) && m == 1 && has_shape(r, y, out[0])) *to = out[0];
    }
    if (in != few) tw_resize(cx, in, size, 0);
}

static void put(replay *r, const tw_node *x, tw_node *instead_of_it)
{
    for (int32_t i = 0; i < r->count; i++)
        if (tw__stands_for(r->cx->by_id[r->low + i], x)) r->to[i] = instead_of_it, r->reach[i] |= REPLACED;
}

/* Results of xs replaced by news, into zs. */
static bool replay_run(replay *r, int m, tw_node *const *ys, int n, tw_node *const *xs, tw_node *const *news, tw_node **zs)
{
    tw_ctx *cx = r->cx;
    const int32_t origin = cx->origin;
    const char *name = cx->name;
    if (!replay_open(r, m, ys, n, xs)) return false;
    for (int i = 0; i < n; i++) put(r, xs[i], news[i]);
    mark(r, m, ys);
    for (int32_t i = 0; i < r->count && tw_ok(cx); i++) {
        tw_node *y = cx->by_id[r->low + i];
        if (!(r->reach[i] & REACHED) || r->to[i] || opaque(y) || y->op == &tw_op_project) continue;
        cx->origin = y->origin, cx->name = y->flags & TW_N_NAMED ? name : y->name;
        build(r, y);
    }
    cx->origin = origin, cx->name = name;
    for (int i = 0; i < m && tw_ok(cx); i++) {
        tw_node *z = instead(r, ys[i]);
        zs[i] = z ? z : r->n > 0 ? repeated(r, ys[i]) : ys[i];
    }
    tw__buf_release(cx, r->buf);
    return tw_ok(cx);
}

/* ---- what is asked for -------------------------------------------------------------------- */

/* Checks nodes and the values in their place: axis is 1 when those have a new first one, whose size *many gets. */
static bool pairs(tw_ctx *cx, const tw_loc *at, const char *op, int axis, int n, tw_node *const *xs, tw_node *const *values,
                  tw_node **x, tw_node **v, int64_t *many)
{
    for (int i = 0; i < n; i++) {
        char a[96], b[96];
        if (!xs[i] || !values[i]) return tw_fail(cx, TW_EARG, op, at, "argument %d is NULL", i), false;
        x[i] = tw_is_cell(xs[i]) ? xs[i] : tw_input(at, op, i, xs[i]), v[i] = tw_input(at, op, i, values[i]);
        if (!x[i] || !v[i] || (x[i]->flags | v[i]->flags) & TW_N_NIL) return false;
        if (x[i]->cx != cx || v[i]->cx != cx) return tw_fail(cx, TW_ESCOPE, op, at, "argument %d belongs to another context", i), false;
        const tw_dims *p = x[i]->shape, *q = v[i]->shape;
        const bool same = q->n == p->n + axis && !memcmp(q->at + axis, p->at, (size_t)p->n * sizeof *p->at);
        if (!same || (axis && *many >= 0 && q->at[0] != *many))
            return tw_fail(cx, TW_ESHAPE, op, at, axis ? "argument %d: %s is not a batch of %s like the others" : "argument %d: %s for %s", i,
                           tw_shape_text(q, b, sizeof b), tw_shape_text(p, a, sizeof a)), false;
        if (x[i]->dtype != v[i]->dtype)
            return tw_fail(cx, TW_EDTYPE, op, at, "argument %d: %s for %s", i, tw_dtype_name((tw_dtype)v[i]->dtype), tw_dtype_name((tw_dtype)x[i]->dtype)), false;
        if (axis) *many = q->at[0];
    }
    if (axis && *many < 1) return tw_fail(cx, TW_EARG, op, at, "a batch of %lld", (long long)*many), false;
    return true;
}

static tw_node *replaced(const tw_loc *at, const char *op, int axis, tw_node *y, int n, tw_node *const *xs, tw_node *const *values)
{
    tw_ctx *cx = y ? y->cx : n > 0 && xs && xs[0] ? xs[0]->cx : NULL;
    tw_node *x[TW__FEW], *v[TW__FEW], *z = NULL;
    if (!cx || cx->dead || !tw_ok(cx) || !tw__listed(cx, at, op, n, xs) || !tw__listed(cx, at, op, n, values)) return tw_nil(cx);
    if (!y) return tw_fail(cx, TW_EARG, op, at, "argument 0 is NULL");
    if (n < 1 || n > TW__FEW) return tw_fail(cx, TW_EARG, op, at, "%d nodes to replace are not from 1 to %d", n, TW__FEW);
    replay r = { .cx = cx, .op = op, .at = at, .n = axis ? -1 : 0 };
    const int32_t start = cx->next_id;
    if (!(y = tw_input(at, op, 0, y)) || y->flags & TW_N_NIL || !pairs(cx, at, op, axis, n, xs, values, x, v, &r.n)) return tw_nil(cx);
    if (!replay_run(&r, 1, &y, n, x, v, &z)) return tw_nil(cx);
    tw__discount(cx, start, 1, &z);
    return z;
}

tw_node *tw_replace_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs, tw_node *const *news)
{
    return replaced(at, "replace", 0, y, n, xs, news);
}

tw_node *tw_vmap_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs, tw_node *const *values)
{
    return replaced(at, "vmap", 1, y, n, xs, values);
}

/* Dummies for vectors that go with nodes (or cells) of any kind. */
static bool dummies(tw_ctx *cx, const tw_loc *at, const char *op, int n, tw_node *const *nodes, tw_node **u)
{
    if (n < 1 || n > TW__FEW) return tw_fail(cx, TW_EARG, op, at, "%d vectors are not from 1 to %d", n, TW__FEW), false;
    for (int i = 0; i < n; i++) {
        if (!nodes[i]) return tw_fail(cx, TW_EARG, op, at, "argument %d is NULL", i), false;
        u[i] = tw__dummy(at, nodes[i]);
        if (u[i]->flags & TW_N_NIL) return false;
    }
    return true;
}

void tw_vjps_at(const tw_loc *at, int m, tw_node *const *ys, tw_node *const *gys, int n, tw_node *const *xs, tw_node **gxs)
{
    tw_ctx *cx = m > 0 && ys && ys[0] ? ys[0]->cx : n > 0 && xs && xs[0] ? xs[0]->cx : NULL;
    tw_node *u[TW__FEW], *x[TW__FEW], *v[TW__FEW], *g[TW__FEW];
    tw__nils(cx, n, gxs);
    if (!cx || cx->dead || !tw_ok(cx) || !tw__listed(cx, at, "vjps", m, ys) || !tw__listed(cx, at, "vjps", m, gys)
        || !tw__listed(cx, at, "vjps", n, xs) || !tw__listed(cx, at, "vjps", n, gxs)) return;
    if (n > TW__FEW) { tw_fail(cx, TW_EARG, "vjps", at, "%d nodes are more than %d", n, TW__FEW); return; }
    replay r = { .cx = cx, .op = "vjps", .at = at, .n = -1 };
    const int32_t start = cx->next_id;
    if (!dummies(cx, at, "vjps", m, ys, u) || !pairs(cx, at, "vjps", 1, m, u, gys, x, v, &r.n)) return;
    tw__vjp(at, "vjps", cx, m, ys, u, n, xs, g);
    if (!tw_ok(cx) || !replay_run(&r, n, g, m, u, v, gxs)) { tw__nils(cx, n, gxs); return; }
    tw__discount(cx, start, n, gxs);
}

tw_node *tw_jvps_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs, tw_node *const *ts)
{
    tw_ctx *cx = y ? y->cx : n > 0 && xs && xs[0] ? xs[0]->cx : NULL;
    tw_node *u[TW__FEW], *x[TW__FEW], *v[TW__FEW], *t, *z = NULL;
    if (!cx || cx->dead || !tw_ok(cx) || !tw__listed(cx, at, "jvps", n, xs) || !tw__listed(cx, at, "jvps", n, ts)) return tw_nil(cx);
    replay r = { .cx = cx, .op = "jvps", .at = at, .n = -1 };
    const int32_t start = cx->next_id;
    if (!dummies(cx, at, "jvps", n, xs, u) || !pairs(cx, at, "jvps", 1, n, u, ts, x, v, &r.n)) return tw_nil(cx);
    t = tw__jvp(at, "jvps", y, n, xs, u);
    if (!tw_ok(cx) || !replay_run(&r, 1, &t, n, u, v, &z)) return tw_nil(cx);
    tw__discount(cx, start, 1, &z);
    return z;
}
