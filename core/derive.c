/* derive.c - derivatives as graph-to-graph transforms: reverse mode.
 *
 * Ids are a topological order, so reverse mode is one descending sweep over a dense array of
 * cotangents; nothing recurses. A node takes part if an output reaches it and it depends on a target.
 * A missing cotangent is NULL, never a tensor of zeros. Integers, booleans, stop_grad and cells cut.
 */
#include "core/derive_impl.h"
#include <string.h>

static size_t sweep_size(const tw__sweep *s) { return ((size_t)s->count + TW__FEW) * sizeof *s->g + 3 * (size_t)s->count; }

static bool sweep_open(tw__sweep *s, int32_t low, int32_t top)
{
    s->low = low, s->count = top >= low ? top - low + 1 : 0;
    const size_t n = (size_t)s->count;
    if (!n) return true;
    const size_t size = sweep_size(s);      /* with room for projections beyond the last id */
    if (!(s->buf = tw__buf_new(s->cx, size))) return false;        /* from the cache: a steady step allocates nothing */
    s->g = s->buf->data;
    memset(s->g, 0, size);
    s->reach = (uint8_t *)(s->g + n + TW__FEW), s->on = s->reach + n, s->target = s->on + n;
    return true;
}

void tw__sweep_close(tw__sweep *s)
{
    tw__buf_release(s->cx, s->buf);
    tw__buf_release(s->cx, s->terms_buf);
    s->buf = s->terms_buf = NULL, s->g = NULL, s->terms = NULL;
}

/* What the marked outputs reach, and what of it depends on a target. */
static void mark(tw__sweep *s)
{
    for (int32_t i = s->count - 1; i >= 0; i--) {
        const tw_node *y = tw__node_at(s, i);
        if (!s->reach[i] || !tw__passes(y)) continue;
        for (int k = tw__first_in(y); k < y->n_in; k++)
            if (tw__inside(s, tw_inputs(y)[k])) TW__AT(s, reach, tw_inputs(y)[k]) = 1;
    }
    for (int32_t i = 0; i < s->count; i++) {
        const tw_node *y = tw__node_at(s, i);
        s->on[i] = s->target[i];
        if (s->on[i] || !tw__passes(y)) continue;
        for (int k = tw__first_in(y); k < y->n_in && !s->on[i]; k++)
            s->on[i] = tw__inside(s, tw_inputs(y)[k]) && TW__AT(s, on, tw_inputs(y)[k]);
    }
}

/* ---- custom nodes: nothing reads beyond the declared inputs ------------------------------ */

static const char *name_of(const tw_node *n)
{
    const char *cell = tw_cell_name(n);
    return cell ? cell : n->name && n->flags & TW_N_NAMED ? n->name : n->op->name;
}

static bool declared(const tw_node *custom, const tw_node *n)
{
    for (int k = 1; k < custom->n_in; k++)
        if (tw_inputs(custom)[k] == n) return true;
    return false;
}

/* Walks back from the hidden value over what depends on a target, to the declared inputs; a target met before is an error. */
static bool closed(tw__sweep *s, const tw_node *custom)
{
    uint8_t *seen = s->cx->mark;
    const tw_node *bad = NULL, *start = tw_inputs(custom)[0];
    if (!tw__inside(s, start)) return true;
    seen[start->id] = 1;
    for (int32_t id = start->id; id >= s->low; id--) {
        if (!seen[id]) continue;
        seen[id] = 0;
        const tw_node *n = s->cx->by_id[id];
        if (bad || declared(custom, n) || !TW__AT(s, on, n)) continue;
        if (TW__AT(s, target, n)) { bad = n; continue; }
        for (int k = tw__first_in(n); k < n->n_in; k++)
            if (tw__inside(s, tw_inputs(n)[k])) seen[tw_inputs(n)[k]->id] = 1;
    }
    if (!bad) return true;
    tw_fail(s->cx, TW_EGRAD, s->op, s->at, "\"%s\" of line %d is read inside the custom gradient of line %d, but not listed there: "
            "list it, or tw_stop_grad", name_of(bad), bad->at ? bad->at->line : 0, custom->at ? custom->at->line : 0);
    return false;
}

static bool all_closed(tw__sweep *s)
{
    for (int32_t i = 0; i < s->count; i++)
        if (s->reach[i] && tw__node_at(s, i)->op == &tw_op_custom && !closed(s, tw__node_at(s, i))) return false;
    return true;
}

/* ---- targets ------------------------------------------------------------------------------ */

/* A cell stands for its read nodes that the outputs reach: all of one version. */
static bool aim_at_cell(tw__sweep *s, const tw_node *cell)
{
    int64_t version = -1;
    for (int32_t i = 0; i < s->count; i++) {
        const tw_node *n = tw__node_at(s, i);
        if (!tw__is_read_of(n, cell)) continue;
        s->target[i] = 1;
        if (!s->reach[i]) continue;
        if (version >= 0 && version != n->slot.i) {
            tw_fail(s->cx, TW_EGRAD, s->op, s->at, "two versions of \"%s\" are read: by lines before and after its assignment",
                    tw_cell_name(cell) ? tw_cell_name(cell) : "a state");
            return false;
        }
        version = n->slot.i;
    }
    return true;
}

/* What a checkpoint computed again stands for what it copied. */
static void aim_at_copies(tw__sweep *s)
{
    for (int32_t i = 0; i < s->count; i++) {
        tw_node *y = tw__node_at(s, i), *o = tw__original(y);
        if (o == y || !tw__inside(s, o) || !TW__AT(s, target, o)) continue;
        s->target[i] = 1;
        s->copies = true;
    }
}

/* Checks x; cells stay cells. NULL after an error, nil for nil. */
static tw_node *target_of(tw__sweep *s, int32_t top, int index, tw_node *x)
{
    if (!x) return tw_fail(s->cx, TW_EARG, s->op, s->at, "argument %d is NULL", index), NULL;
    if (x->flags & TW_N_NIL) return x;
    if (x->op != &tw_op_cell && !(x = tw_input(s->at, s->op, index, x))) return NULL;
    if (x->cx != s->cx) {
        tw_fail(s->cx, TW_ESCOPE, s->op, s->at, "argument %d belongs to another context", index);
        return tw_fail(x->cx, TW_ESCOPE, s->op, s->at, "argument %d belongs to another context", index), NULL;
    }
    if (!tw_is_float(x->dtype))
        return tw_fail(s->cx, TW_EGRAD, s->op, s->at, "argument %d is %s: there is no derivative", index, tw_dtype_name((tw_dtype)x->dtype)), NULL;
    if (x->id > top)
        return tw_fail(s->cx, TW_EGRAD, s->op, s->at, "argument %d is newer than what is differentiated: it cannot depend on it", index), NULL;
    return x;
}

/* Checks the outputs and finds the highest id. */
static bool outputs(tw__sweep *s, int m, tw_node *const *ys, tw_node **out, int32_t *top)
{
    *top = -1;
    for (int i = 0; i < m; i++) {
        if (!ys[i]) return tw_fail(s->cx, TW_EARG, s->op, s->at, "output %d is NULL", i), false;
        tw_node *y = tw_input(s->at, s->op, i, ys[i]);
        if (!y || y->flags & TW_N_NIL) return false;
        if (y->cx != s->cx) return tw_fail(s->cx, TW_ESCOPE, s->op, s->at, "output %d belongs to another context", i), false;
        if (!tw_is_float(y->dtype))
            return tw_fail(s->cx, TW_EGRAD, s->op, s->at, "the output is %s: there is no derivative", tw_dtype_name((tw_dtype)y->dtype)), false;
        if (y->id > *top) *top = y->id;
        out[i] = y;
    }
    return true;
}

/* A seed or a tangent g of n: same shape and dtype. */
tw_node *tw__partner(tw__sweep *s, const tw_node *n, tw_node *g)
{
    char a[96], b[96];
    g = g ? tw_input(s->at, s->op, 0, g) : tw_fail(s->cx, TW_EARG, s->op, s->at, "a seed is NULL");
    if (!g || g->flags & TW_N_NIL) return NULL;
    if (g->shape != n->shape)
        return tw_fail(s->cx, TW_ESHAPE, s->op, s->at, "a seed of shape %s for %s", tw_shape_text(g->shape, a, sizeof a), tw_shape_text(n->shape, b, sizeof b)), NULL;
    if (g->dtype != n->dtype)
        return tw_fail(s->cx, TW_EDTYPE, s->op, s->at, "a seed of dtype %s for %s", tw_dtype_name((tw_dtype)g->dtype), tw_dtype_name((tw_dtype)n->dtype)), NULL;
    return g;
}

/* ---- one node ----------------------------------------------------------------------------- */

bool tw__fits(tw__sweep *s, const tw_node *y, const tw_node *x, const tw_node *g)
{
    char a[96], b[96];
    if (g->flags & TW_N_NIL) return false;
    if (g->shape == x->shape && g->dtype == x->dtype && g->cx == x->cx) return true;
    tw_fail(s->cx, TW_EGRAD, y->op->name, y->at, "its derivative rule gave %s %s for an input of %s %s", tw_dtype_name((tw_dtype)g->dtype),
            tw_shape_text(g->shape, a, sizeof a), tw_dtype_name((tw_dtype)x->dtype), tw_shape_text(x->shape, b, sizeof b));
    return false;
}

tw_node *tw__d_of(tw_node *y, int i, tw_node *g)
{
    if (y->op->d) return y->op->d(y, i, g);
    tw_node *p = y->op->partial ? y->op->partial(y, i) : NULL;
    return p ? tw_build_node(&(tw_build){ .op = tw__vocab.mul, .at = y->at, .n = 2, .in = (tw_node *[]){ g, p } }) : NULL;
}

/* The cotangents of y's inputs by a general rule: n of them into gx. */
void tw__general(tw_node *y, tw_node *const *gy, const bool *need, tw_node **gx)
{
    tw_rule r = { .y = y, .m = y->op->outputs > 1 ? y->op->outputs : 1, .n = y->n_in - tw__first_in(y), .gy = gy, .gx = gx, .need = need };
    if (y->op == &tw_op_custom) {
        const tw__own_rule *own = tw_slot(y);
        r.user = own->user;
        own->rule(&r);
    } else {
        y->op->vjp(&r);
    }
}

static void pull(tw__sweep *s, tw_node *y, tw_node *const *gy)
{
    const int first = tw__first_in(y), n = y->n_in - first;
    tw_node *few[TW__FEW] = { NULL }, **gx = few;
    bool few_needs[TW__FEW] = { false }, *need = few_needs;
    const size_t size = (size_t)n * (sizeof *gx + sizeof *need);
    if (n > TW__FEW) {
        if (!(gx = tw_resize(s->cx, NULL, 0, size))) return;
        memset(gx, 0, size);
        need = (bool *)(gx + n);
    }
    for (int i = 0; i < n; i++) {
        const tw_node *x = tw_inputs(y)[first + i];
        need[i] = tw__inside(s, x) && TW__AT(s, on, x);
    }
    const bool whole = y->op->vjp || y->op == &tw_op_custom;
    if (whole) tw__general(y, gy, need, gx);
    for (int i = 0; i < n && tw_ok(s->cx); i++) {
        if (!need[i]) continue;
        tw_node *x = tw_inputs(y)[first + i], **sum = &TW__AT(s, g, x);
        if (!whole && *sum && y->op->d_into) {
            *sum = y->op->d_into(y, i, gy[0], *sum);
            continue;
        }
        tw_node *g = whole ? gx[i] : tw__d_of(y, i, gy[0]);
        if (!g || !tw__fits(s, y, x, g)) continue;
        if (whole) *sum = tw__plus(y->at, *sum, g);
        else tw__terms_add(s, y->at, x, g);
    }
    if (gx != few) tw_resize(s->cx, gx, size, 0);
}

/* The descending sweep over cotangents that stand in s->g. */
static void reverse(tw__sweep *s)
{
    tw_ctx *cx = s->cx;
    const int32_t origin = cx->origin;
    const char *name = cx->name;
    for (int32_t i = s->count - 1; i >= 0 && tw_ok(cx); i--) {
        tw_node *y = tw__node_at(s, i);
        if (!s->on[i]) continue;
        if (s->terms) tw__terms_settle(s, y);
        if (!tw__passes(y)) continue;
        if (y->op == &tw_op_checkpoint) {
            cx->origin = y->id, cx->name = y->flags & TW_N_NAMED ? name : y->name;
            tw__terms_settle(s, NULL);
            if (tw__checkpoint_last(y)) tw__checkpoint_pull(s, y);
            continue;
        }
        tw_node *const *gy = &s->g[i];
        bool any = s->g[i] != NULL;
        if (y->op->outputs > 1) {
            gy = &s->g[i + 1];              /* its projections follow it */
            any = false;
            for (int k = 0; k < y->op->outputs; k++) any |= gy[k] != NULL;
        }
        if (!any || y->op == &tw_op_project) continue;
        if (y->op->rule == TW_NONE && !tw__ruled(y->op)) continue;
        if (!tw__ruled(y->op)) { tw_fail(cx, TW_EGRAD, y->op->name, y->at, "has no derivative"); break; }
        cx->origin = y->id, cx->name = y->flags & TW_N_NAMED ? name : y->name;
        pull(s, y, gy);
    }
    cx->origin = origin, cx->name = name;
}

/* ---- reverse mode ------------------------------------------------------------------------- */

tw_node *tw__zero(const tw_loc *at, const tw_node *x)
{
    const tw_shape shape = tw_shape_of(x);
    tw_node *z = tw_constant(at, x->cx, (tw_dtype)x->dtype, &shape, 0);
    if (!(z->flags & TW_N_NIL)) z->flags |= TW_N_ZERO;
    return z;
}

static tw_node *result(tw__sweep *s, const tw_node *x)
{
    tw_node *g = NULL;
    if (x->op == &tw_op_cell) {
        for (int32_t i = s->count - 1; i >= 0; i--)
            if (s->reach[i] && tw__is_read_of(tw__node_at(s, i), x)) g = tw__plus(s->at, g, s->g[i]);
    } else if (tw__inside(s, x)) {
        g = TW__AT(s, g, x);
        for (int32_t i = s->count - 1; s->copies && i >= 0; i--)
            if (tw__node_at(s, i)->copy && tw__original(tw__node_at(s, i)) == x) g = tw__plus(s->at, g, s->g[i]);
    }
    return g ? g : tw_ok(s->cx) ? tw__zero(s->at, x) : tw_nil(s->cx);
}

/* A node or cell that was kept or read in between hides what came before: say so when the answer is zero. */
static void advise(tw__sweep *s, const tw_node *g)
{
    if (!tw_is_zero(g)) return;
    for (int32_t i = 0; i < s->count; i++)
        if (s->reach[i] && tw__node_at(s, i)->op == &tw_op_kept) {
            tw_advise(s->cx, &s->cx->said_kept, s->op, s->at, "zero: a kept value is a leaf, and no derivative goes beyond it");
            return;
        }
}

void tw__nils(tw_ctx *cx, int n, tw_node **gs)
{
    for (int i = 0; gs && i < n; i++) gs[i] = tw_nil(cx);
}

/* Nodes behind a project node's producer take part with it. */
bool tw__sweep_begin(tw__sweep *s, int m, tw_node *const *ys, int n, tw_node *const *xs, tw_node **y, tw_node **x)
{
    int32_t top, low = INT32_MAX;
    if (!outputs(s, m, ys, y, &top)) return false;
    for (int i = 0; i < n; i++) {
        if (!(x[i] = target_of(s, top, i, xs[i])) || x[i]->flags & TW_N_NIL) return false;
        const int32_t id = x[i]->op == &tw_op_cell ? 0 : x[i]->id;
        if (id < low) low = id;
    }
    if (!sweep_open(s, low, top)) return false;
    for (int i = 0; i < m; i++) if (tw__inside(s, y[i])) TW__AT(s, reach, y[i]) = 1;
    for (int i = 0; i < n; i++) if (x[i]->op != &tw_op_cell) TW__AT(s, target, x[i]) = 1;
    aim_at_copies(s);
    mark(s);
    bool cells = false;
    for (int i = 0; i < n; i++)
        if (x[i]->op == &tw_op_cell) {
            if (!aim_at_cell(s, x[i])) return false;
            cells = true;
        }
    if (cells) mark(s);
    return all_closed(s);
}

/* What a transform emitted and its results do not reach counts as nobody's reader: values are not kept for it. */
void tw__discount(tw_ctx *cx, int32_t start, int n, tw_node *const *results)
{
    uint8_t *live = cx->mark;
    for (int i = 0; i < n; i++)
        if (results[i]->cx == cx && results[i]->id >= start) live[results[i]->id] = 1;
    for (int32_t id = cx->next_id - 1; id >= start; id--) {
        tw_node *y = cx->by_id[id];
        if (live[id]) {
            live[id] = 0;
            for (int k = 0; k < y->n_in; k++)
                if (tw_inputs(y)[k]->id >= start) live[tw_inputs(y)[k]->id] = 1;
        } else if (y->op != &tw_op_read && y->n_in > 0 && !(y->flags & TW_N_DEAD)) {
            y->flags |= TW_N_DEAD;
            tw__log_word2(cx, cx->depth, TW__EV_DEAD, (uint64_t)(cx->next_id - id));
        }
    }
}

void tw__vjp(const tw_loc *at, const char *op, tw_ctx *cx, int m, tw_node *const *ys, tw_node *const *gys, int n,
                tw_node *const *xs, tw_node **gxs)
{
    tw__sweep s = { .cx = cx, .op = op, .at = at };
    tw_node *few[2 * TW__FEW], **y = few;
    const size_t size = (size_t)(m + n) * sizeof *y;
    if (!tw_ok(cx) || (m + n > 2 * TW__FEW && !(y = tw_resize(cx, NULL, 0, size)))) { tw__nils(cx, n, gxs); return; }
    tw_node **x = y + m;
    const int32_t start = cx->next_id;

    bool ok = tw__sweep_begin(&s, m, ys, n, xs, y, x);
    for (int i = 0; ok && i < m; i++) {
        tw_node *g = tw__partner(&s, y[i], gys[i]);
        if (!(ok = g != NULL)) break;
        if (tw__inside(&s, y[i])) TW__AT(&s, g, y[i]) = tw__plus(at, TW__AT(&s, g, y[i]), g);
    }
    if (ok) reverse(&s);
    for (int i = 0; i < n; i++) gxs[i] = ok && tw_ok(cx) ? result(&s, x[i]) : tw_nil(cx);
    for (int i = 0; ok && tw_ok(cx) && i < n; i++) advise(&s, gxs[i]);
    if (ok && tw_ok(cx)) tw__discount(cx, start, n, gxs);
    tw__sweep_close(&s);
    if (y != few) tw_resize(cx, y, size, 0);
}

void tw_vjp_at(const tw_loc *at, int m, tw_node *const *ys, tw_node *const *gys, int n, tw_node *const *xs, tw_node **gxs)
{
    tw_ctx *cx = NULL;
    for (int i = 0; ys && i < m && !cx; i++) if (ys[i]) cx = ys[i]->cx;
    for (int i = 0; xs && i < n && !cx; i++) if (xs[i]) cx = xs[i]->cx;
    tw__nils(cx, n, gxs);
    if (!cx || cx->dead) return;
    if (tw__listed(cx, at, "vjp", m, ys) && tw__listed(cx, at, "vjp", m, gys) && tw__listed(cx, at, "vjp", n, xs) && tw__listed(cx, at, "vjp", n, gxs))
        tw__vjp(at, "vjp", cx, m, ys, gys, n, xs, gxs);
}

void tw_grads_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs, tw_node **gs)
{
    char text[96];
    tw_ctx *cx = y ? y->cx : NULL;
    for (int i = 0; xs && i < n && !cx; i++) if (xs[i]) cx = xs[i]->cx;
    tw__nils(cx, n, gs);
    if (!cx || cx->dead || !tw__listed(cx, at, "grad", n, xs) || !tw__listed(cx, at, "grad", n, gs)) return;
    if (!y) tw_fail(cx, TW_EARG, "grad", at, "what is to be differentiated is NULL");
    else y = tw_input(at, "grad", 0, y);
    if (!y || y->flags & TW_N_NIL) return;
    for (int i = 0; i < n; i++)
        if (!xs[i]) tw_fail(cx, TW_EARG, "grad", at, "argument %d is NULL", i + 1);
    if (tw_ok(cx) && y->shape->count != 1)
        tw_fail(cx, TW_EGRAD, "grad", at, "a gradient is of one number, not of shape %s: sum it, or tw_vjp with a seed", tw_shape_text(y->shape, text, sizeof text));
    if (tw_ok(cx) && !tw_is_float(y->dtype))
        tw_fail(cx, TW_EGRAD, "grad", at, "the output is %s: there is no derivative", tw_dtype_name((tw_dtype)y->dtype));
    if (!tw_ok(cx)) return;
    tw_node *one = tw_constant_like(at, y, 1);
    tw__vjp(at, "grad", cx, 1, &y, &one, n, xs, gs);
}

tw_node *tw_grad_at(const tw_loc *at, tw_node *y, tw_node *x)
{
    tw_node *g = tw_nil(NULL);
    tw_grads_at(at, y, 1, &x, &g);
    return g;
}
