/* checkpoint.c - regions of a graph that reverse mode computes again, so that their values need not be kept.
 *
 * A checkpoint is y itself for every reader. Reverse mode, where it meets one with its cotangent in
 * hand, builds the nodes between xs and y again, on inputs behind barriers that wait for that
 * cotangent, and differentiates the copy; so the first copy's values die with the forward pass. A
 * barrier is its operand for every purpose but two: it comes after the cotangent, and what reads it is
 * not the same as what reads the operand. Random numbers are a function of their slot: they repeat.
 *
 * What the copy gives are checkpoints again, in a group with consecutive ids (they share the copy), so
 * second derivatives recompute, too. A copy counts as its original in every derivative with respect to it.
 * A region ends at xs, at leaves, at what is older than all xs, and
 * at what the derivative is asked for.
 */
#include "core/derive_impl.h"
#include <string.h>

typedef struct place { int32_t index, count; } place;       /* in a group */
static const place *place_of(const tw_node *y) { return tw_attr(y); }

typedef struct edge { tw_node *from, *barrier; } edge;

typedef struct region {
    tw__sweep   *s;
    tw_node     *z;                 /* a checkpoint of the group */
    tw_node     *wait;              /* a cotangent */
    int32_t      low, count;
    tw_node    **to;                /* by id - low: the copy */
    uint8_t     *reach;
    tw_buf      *buf;
    TW__VEC(edge) edge;
    bool         ok;
} region;

static bool inside(const region *r, const tw_node *n) { return n->id >= r->low && n->id < r->low + r->count; }

static bool declared(const region *r, const tw_node *n)
{
    for (int k = 1; k < r->z->n_in; k++)
        if (tw_inputs(r->z)[k] == n) return true;
    return false;
}

/* Whether n is not computed again. */
static bool ends(const region *r, const tw_node *n)
{
    const bool leaf = n->op == &tw_op_read || n->op == &tw_op_keep || (n->n_in == 0 && !(n->op->traits & TW_RANDOM));
    return leaf || !inside(r, n) || (tw__inside(r->s, n) && TW__AT(r->s, target, n)) || declared(r, n);
}

/* Members of a group are copied together. */
static void touch(region *r, const tw_node *n)
{
    const place one = { 0, 1 }, *p = n->op == &tw_op_checkpoint ? place_of(n) : &one;
    for (int32_t k = 0; k < p->count; k++) {
        const tw_node *m = r->s->cx->by_id[n->id - p->index + k];
        if (inside(r, m)) r->reach[m->id - r->low] = 1;
    }
}

static bool open_region(region *r, int m, tw_node *const *values)
{
    int32_t top = -1;
    r->low = INT32_MAX;
    for (int k = 1; k < r->z->n_in; k++) if (tw_inputs(r->z)[k]->id < r->low) r->low = tw_inputs(r->z)[k]->id;
    for (int j = 0; j < m; j++) if (values[j]->id > top) top = values[j]->id;
    r->count = top >= r->low ? top - r->low + 1 : 0;
    if (!r->count) return true;
    const size_t size = (size_t)r->count * (sizeof *r->to + 1);
    if (!(r->buf = tw__buf_new(r->s->cx, size))) return false;
    memset(r->buf->data, 0, size);
    r->to = r->buf->data, r->reach = (uint8_t *)(r->to + r->count);
    for (int j = 0; j < m; j++) touch(r, values[j]);
    for (int32_t i = r->count - 1; i >= 0; i--) {
        const tw_node *y = r->s->cx->by_id[r->low + i];
        if (!r->reach[i] || ends(r, y)) continue;
        for (int k = 0; k < y->n_in; k++) touch(r, tw_inputs(y)[k]);
    }
    return true;
}

/* What stands for x in the copy: its copy, a barrier, or x itself. */
static tw_node *instead(region *r, tw_node *x)
{
    tw_ctx *cx = r->s->cx;
    if (inside(r, x) && r->to[x->id - r->low]) return r->to[x->id - r->low];
    if (!tw_is_float(x->dtype) || x->op == &tw_op_number || x->op == &tw_op_constant || x->op == &tw_op_dummy) return x;
    for (int64_t k = 0; k < r->edge.n; k++) if (r->edge.at[k].from == x) return r->edge.at[k].barrier;
    tw_node *b = tw_build_node(&(tw_build){ .op = &tw_op_barrier, .at = x->at, .n = 2, .in = (tw_node *[]){ x, r->wait } });
    const edge e = { x, b };
    r->ok = r->ok && !(b->flags & TW_N_NIL) && TW__PUSH(cx, r->edge, e);
    return b;
}

static void copy(region *r, tw_node *y)
{
    tw_ctx *cx = r->s->cx;
    tw_node *few[TW__FEW], **in = few;
    const size_t size = (size_t)y->n_in * sizeof *in;
    if (y->n_in > TW__FEW && !(in = tw_resize(cx, NULL, 0, size))) { r->ok = false; return; }
    for (int k = 0; k < y->n_in; k++) in[k] = instead(r, tw_inputs(y)[k]);
    tw_node **to = &r->to[y->id - r->low];
    const tw_shape shape = tw_shape_of(y);
    *to = tw_build_node(&(tw_build){ .op = y->op, .at = y->at, .cx = cx, .attr = tw_attr(y), .slot = tw_slot(y), .shape = &shape,
                                     .dtype = y->n_in ? TW_DTYPE_DEFAULT : (tw_dtype)y->dtype, .n = y->n_in, .in = in });
    for (int k = 0; y->op->outputs > 1 && k < y->op->outputs; k++)
        if (inside(r, cx->by_id[y->id + 1 + k])) to[1 + k] = tw_output(*to, k);
    if (in != few) tw_resize(cx, in, size, 0);
    r->ok = r->ok && tw_ok(cx);
    for (int k = 0; r->ok && k <= (y->op->outputs > 1 ? y->op->outputs : 0); k++) {
        const tw_node *from = cx->by_id[y->id + k];
        tw_node *c = cx->by_id[(*to)->id + k];
        c->copy = 1, c->origin = from->copy ? from->origin : from->id;
    }
}

static void copy_all(region *r)
{
    for (int32_t i = 0; i < r->count && r->ok; i++) {
        tw_node *y = r->s->cx->by_id[r->low + i];
        if (r->reach[i] && !r->to[i] && !ends(r, y) && y->op != &tw_op_project) copy(r, y);
    }
}

/* Checkpoints of n values of one region. */
static bool group(const tw_loc *at, int n, tw_node *const *values, int n_xs, tw_node *const *xs, tw_node **out)
{
    tw_ctx *cx = values[0]->cx;
    const size_t size = (size_t)(n_xs + 1) * sizeof *xs;
    tw_node **in = tw_resize(cx, NULL, 0, size);
    if (!in) return false;
    memcpy(in + 1, xs, (size_t)n_xs * sizeof *xs);
    for (int k = 0; k < n; k++) {
        const place p = { k, n };
        in[0] = values[k];
        out[k] = tw_build_node(&(tw_build){ .op = &tw_op_checkpoint, .at = at, .attr = &p, .n = n_xs + 1, .in = in });
    }
    tw_resize(cx, in, size, 0);
    return tw_ok(cx);
}

/* The copy differentiated: for each edge that the derivative needs, what is to be added to its cotangent. */
static void pull(region *r, int m, tw_node *const *values, tw_node *const *gs)
{
    tw__sweep *s = r->s;
    tw_ctx *cx = s->cx;
    const int n = (int)r->edge.n;
    const size_t size = (size_t)(m + 4 * n + m) * sizeof(tw_node *);
    tw_node **all = tw_resize(cx, NULL, 0, size), **ys = all, **bs = ys + m, **from = bs + n, **gx = from + n, **xs = gx + n;
    int k = 0, kept = 0;
    if (!all) return;
    for (int j = 0; j < m; j++) ys[j] = instead(r, values[j]);
    for (int64_t e = 0; e < n; e++) {
        tw_node *x = r->edge.at[e].from;
        xs[e] = x;
        if (tw__inside(s, x) && TW__AT(s, on, x)) bs[k] = r->edge.at[e].barrier, from[k++] = x;
    }
    memcpy(xs + n, gs, (size_t)m * sizeof *gs);
    if (k && r->ok) tw__vjp(r->z->at, s->op, cx, m, ys, gs, k, bs, gx);
    for (int i = 0; i < k && tw_ok(cx); i++)
        if (!tw_is_zero(gx[i])) gx[kept] = gx[i], from[kept++] = from[i];
    if (kept && tw_ok(cx) && group(r->z->at, kept, gx, n + m, xs, bs))
        for (int i = 0; i < kept; i++) TW__AT(s, g, from[i]) = tw__plus(r->z->at, TW__AT(s, g, from[i]), bs[i]);
    tw_resize(cx, all, size, 0);
}

void tw__checkpoint_pull(tw__sweep *s, tw_node *last)
{
    const int count = place_of(last)->count;
    tw_ctx *cx = s->cx;
    const size_t size = 2 * (size_t)count * sizeof(tw_node *);
    tw_node **values = tw_resize(cx, NULL, 0, size), **gs = values + count;
    int m = 0;
    if (!values) return;
    for (int k = 0; k < count; k++) {
        tw_node *z = cx->by_id[last->id - count + 1 + k];
        if (!tw__inside(s, z) || !TW__AT(s, g, z)) continue;
        values[m] = tw_inputs(z)[0], gs[m++] = TW__AT(s, g, z);
    }
    if (m) {
        region r = { .s = s, .z = last, .wait = gs[m - 1], .ok = true };
        r.ok = open_region(&r, m, values);
        copy_all(&r);
        if (r.ok) {
            for (int j = 0; j < m; j++) instead(&r, values[j]);     /* a value may be an edge itself */
            pull(&r, m, values, gs);
        }
        tw_resize(cx, r.edge.at, (size_t)r.edge.room * sizeof *r.edge.at, 0);
        tw__buf_release(cx, r.buf);
    }
    tw_resize(cx, values, size, 0);
}

bool tw__checkpoint_last(const tw_node *y) { return place_of(y)->index == place_of(y)->count - 1; }

tw_node *tw_checkpoint_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs)
{
    tw_node *x[TW__FEW], *z = NULL;
    tw_ctx *cx = y ? y->cx : n > 0 && xs && xs[0] ? xs[0]->cx : NULL;
    if (!cx || cx->dead || !tw_ok(cx)) return tw_nil(cx);
    if (!y) return tw_fail(cx, TW_EARG, "checkpoint", at, "what is to be computed again is NULL");
    if (!tw__listed(cx, at, "checkpoint", n, xs)) return tw_nil(cx);
    if (n < 1 || n > TW__FEW) return tw_fail(cx, TW_EARG, "checkpoint", at, "%d inputs are not from 1 to %d", n, TW__FEW);
    if (!(y = tw_input(at, "checkpoint", 0, y)) || y->flags & TW_N_NIL) return tw_nil(cx);
    for (int k = 0; k < n; k++) {
        x[k] = xs[k] ? tw_input(at, "checkpoint", k + 1, xs[k]) : tw_fail(cx, TW_EARG, "checkpoint", at, "argument %d is NULL", k + 1);
        if (!x[k] || x[k]->flags & TW_N_NIL) return tw_nil(cx);
        if (x[k]->cx != cx) return tw_fail(cx, TW_ESCOPE, "checkpoint", at, "argument %d belongs to another context", k + 1);
    }
    return group(at, 1, &y, n, x, &z) ? z : tw_nil(cx);
}

static bool same(tw_node *y)
{
    y->shape = tw_inputs(y)[0]->shape, y->dtype = tw_inputs(y)[0]->dtype;
    return true;
}
static bool same_view(const tw_node *y, const tw_layout *x, tw_layout *out) { (void)y; *out = *x; return true; }
static void vjp_barrier(tw_rule *r) { r->gx[0] = r->gy[0]; }

const tw_op tw_op_checkpoint = { .name = "checkpoint", .doc = "a value whose inputs reverse mode computes again", .arity = -1,
                                 .attr_size = sizeof(place), .shape = same, .view = same_view };
const tw_op tw_op_barrier = { .name = "barrier", .doc = "a value that is not used before another is there", .arity = 2, .rule = TW_GENERAL,
                              .shape = same, .vjp = vjp_barrier, .view = same_view };
