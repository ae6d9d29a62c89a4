/* run.c - a plan bound to the nodes of this evaluation, and run.
 *
 * Everything that can fail (memory, leaves that are gone) comes first; then the instructions, of
 * which only checked ones can fail; at last what cannot: results, new versions of cells.
 */
#include "core/plan_impl.h"
#include <math.h>
#include <string.h>
#include <time.h>

static tw_node *node_of(tw_ctx *cx, const tw__ext *e, int32_t first) { return cx->by_id[e->outer ? e->id : first + e->id]; }

bool tw__plan_fits(const tw_ctx *cx, const tw_plan *p, const tw__scope *s)
{
    for (int32_t k = 0; k < p->n_ext; k++) {
        const tw__ext *e = &p->ext[k];
        const int32_t id = e->outer ? e->id : s->log_first + e->id;
        if (id < 0 || id >= cx->next_id || (e->outer && id >= s->first)) return false;
        const tw_node *n = cx->by_id[id];
        if (n->op != e->op || n->shape != e->shape || n->dtype != e->dtype) return false;
        const bool bytes = n->flags & TW_N_REALISED;
        if (bytes != (e->kind == TW__BYTES) || (e->kind == TW__READ && tw__pending_read(n))) return false;
    }
    return true;
}

static uint64_t number(double v, int dtype)
{
    union { float f; double d; int32_t i; int64_t l; uint8_t u; uint64_t bits; } x = { .bits = 0 };
    switch (dtype) {
    case TW_F32: x.f = (float)v; break;
    case TW_F64: x.d = v; break;
    case TW_I32: x.i = (int32_t)v; break;
    case TW_I64: x.l = (int64_t)v; break;
    default:     x.u = (uint8_t)v;
    }
    return x.bits;
}

static bool spent(tw_ctx *cx, const tw_node *r)
{
    const tw_cell *c = tw__cell_of(r);
    tw_fail(cx, TW_ESPENT, "read", r->at, "this version of %s%s%s was %s, line %d: tw_want(n) before it what is read after",
            c->name ? "\"" : "", c->name ? c->name : "a state", c->name ? "\"" : "",
            r->slot.i > c->done ? "dropped" : "overwritten", c->assigned ? c->assigned->line : 0);
    return false;
}

static bool bind_leaves(tw_ctx *cx, tw_plan *p, int32_t first)
{
    for (int32_t k = 0; k < p->n_ext; k++) {
        const tw__ext *e = &p->ext[k];
        const tw_node *n = node_of(cx, e, first);
        if (e->kind == TW__BYTES) {
            p->data[k] = (char *)n->buf->data + n->offset;
        } else if (e->kind == TW__NUMBER) {
            p->number[k] = number(n->op == &tw_op_number ? n->slot.num : n->attr.num, n->dtype);
        } else {
            const tw_cell *c = tw__cell_of(n);
            if (n->slot.i != c->done) return spent(cx, n);
            p->data[k] = c->buf->data;
        }
    }
    return true;
}

/* Reads of versions that are about to be overwritten, with readers that have not run: they keep the bytes. */
static bool hold_versions(tw_ctx *cx, const tw_plan *p, int32_t first)
{
    for (int32_t k = 0; k < p->n_retain; k++) {
        tw_node *r = cx->by_id[first + p->retain[k]];
        tw_cell *c = tw__cell_of(r);
        if (r->flags & TW_N_REALISED || r->slot.i != c->done) continue;
        tw_advise(cx, &cx->said_copied, "assign", r->at, "what was built here still needs the old version of %s: its bytes are kept beside the new ones",
                  c->name ? c->name : "a state");
        if (!tw__realise(cx, r, tw__buf_ref(c->buf), 0)) return false;
    }
    return true;
}

static void drop_outputs(tw_ctx *cx, tw_plan *p)
{
    for (int32_t k = 0; k <= p->n_out; k++) {
        tw__buf_release(cx, p->bound[k]);
        p->bound[k] = NULL;
    }
}

/* bound[n_out] is the buf that small outputs share. */
static bool bind_outputs(tw_ctx *cx, tw_plan *p)
{
    for (int32_t k = 0; k < p->n_commit; k++) {
        const tw__commit *c = &p->commit[k];
        if (c->in_place && c->cell->buf->refs == 1) p->bound[c->out] = tw__buf_ref(c->cell->buf);
    }
    if (p->packed_bytes && !(p->bound[p->n_out] = tw__buf_new(cx, (size_t)p->packed_bytes))) return false;
    for (int32_t k = 0; k < p->n_out; k++)
        if (!p->bound[k] && !p->out[k].packed && !(p->bound[k] = tw__buf_new(cx, (size_t)p->out[k].bytes))) return false;
    for (int d = 0; d <= cx->depth; d++)
        if (!TW__ROOM(cx, cx->scope[d].realised, p->n_result)) return false;
    return true;
}

static bool bind_slab(tw_ctx *cx, tw_plan *p)
{
    if (!p->slab_bytes) return true;
    if (!cx->slab || cx->slab->bytes < (size_t)p->slab_bytes) {
        tw_buf *b = tw__buf_new(cx, (size_t)p->slab_bytes);
        if (!b) return false;
        tw__buf_release(cx, cx->slab);
        cx->slab = b;
        /* Which thread's scratch is used first, and when, is chance: no step but this one is to meet a fresh page. */
        for (size_t k = 0; k < b->bytes; k += 4096) ((volatile char *)b->data)[k] = 0;
    }
    if (p->slab_seen == cx->slab->data) return true;
    p->slab_seen = cx->slab->data;
    for (int32_t k = 0; k < p->n_slab_patch; k++) *p->patch[k].at = (char *)cx->slab->data + p->patch[k].offset;
    return true;
}

static void patch(tw_plan *p)
{
    for (int32_t k = p->n_slab_patch; k < p->n_patch; k++) {
        const tw__patch *t = &p->patch[k];
        char *base;
        if (t->kind == TW__EXT) base = p->data[t->index];
        else if (t->kind == TW__NUM) base = (char *)&p->number[t->index];
        else base = p->out[t->index].packed ? (char *)p->bound[p->n_out]->data + p->out[t->index].offset : p->bound[t->index]->data;
        *t->at = base ? base + t->offset : NULL;
    }
}

static void bind_slots(tw_ctx *cx, tw_plan *p, int32_t first)
{
    for (int32_t k = 0; k < p->n_slotted; k++) {
        const tw__slot *t = &p->slotted[k];
        const tw_node *n = cx->by_id[first + t->rel];
        if (t->own) *t->own = n->slot.bits, *t->at = t->own;
        else *t->at = n->slot.p;
    }
}

static bool bad_element(const tw_node *n, const tw__instr *t, int64_t bad)
{
    char text[160];
    snprintf(text, sizeof text, "element %lld is out of range", (long long)bad);
    const tw_view *v = &t->call.in[t->call.n_in > 1 ? 1 : 0];
    if (t->op->explain) {
        t->op->explain(n, &t->call, bad, text, sizeof text);
    } else if (bad < v->shape->count) {
        int64_t at = 0, rest = bad;
        for (int k = v->shape->n - 1; k >= 0; k--) at += rest % v->shape->at[k] * v->strides[k], rest /= v->shape->at[k];
        const double x = v->dtype == TW_I32 ? (double)((const int32_t *)v->data)[at] : v->dtype == TW_I64 ? (double)((const int64_t *)v->data)[at]
                       : v->dtype == TW_F32 ? (double)((const float *)v->data)[at] : v->dtype == TW_F64 ? ((const double *)v->data)[at]
                       : (double)((const uint8_t *)v->data)[at];
        snprintf(text, sizeof text, "element %lld of argument %d is %g: out of range", (long long)bad, t->call.n_in > 1, x);
    }
    return tw_fail(n->cx, t->op->traits & TW_OPAQUE ? TW_EUSER : TW_EVALUE, n->op->name, n->at, "%s", text), false;
}

static bool all_finite(const tw_node *n, const tw__instr *t)
{
    for (int k = 0; k < t->call.n_out; k++) {
        const tw_view *v = &t->call.out[k];
        for (int64_t i = 0; tw_is_float(v->dtype) && i < v->shape->count; i++) {
            const double x = v->dtype == TW_F32 ? (double)((const float *)v->data)[i] : ((const double *)v->data)[i];
            if (!isfinite(x)) return tw_fail(n->cx, TW_EVALUE, n->op->name, n->at, "element %lld is %g", (long long)i, x), false;
        }
    }
    return true;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int64_t timed(tw__instr *t, int threads)
{
    const double since = now();
    const int64_t bad = tw__instr_run(t, threads);
    const double took = now() - since;
    if (t->took == 0 || took < t->took) t->took = took;
    return bad;
}

static bool run(tw_ctx *cx, tw_plan *p, int32_t first)
{
    const bool profile = cx->args.profile;
    p->timed += profile;
    for (int32_t k = 0; k < p->n_instr; k++) {
        tw__instr *t = &p->instr[k];
        const int64_t bad = profile ? timed(t, cx->threads) : tw__instr_run(t, cx->threads);
        if (bad >= 0 && t->checked) return bad_element(cx->by_id[first + t->rel], t, bad);
        if (cx->args.trap_nonfinite && t->op && !all_finite(cx->by_id[first + t->rel], t)) return false;
    }
    cx->nodes_run += p->n_instr;
    return true;
}

static void commit(tw_ctx *cx, tw_plan *p, int32_t first)
{
    for (int32_t k = 0; k < p->n_commit; k++) {
        const tw_node *y = cx->by_id[first + p->commit[k].rel];
        tw_cell *c = p->commit[k].cell;
        tw__buf_release(cx, c->buf);
        c->buf = tw__buf_ref(p->bound[p->commit[k].out]);
        c->done = ((const int64_t *)y->slot.p)[0];
        c->assigned = y->at;
        if (c->pending == y) c->pending = NULL;
    }
}

static bool bind(tw_ctx *cx, tw_plan *p, int32_t first)
{
    if (!bind_leaves(cx, p, first) || !hold_versions(cx, p, first) || !bind_outputs(cx, p) || !bind_slab(cx, p)) return false;
    patch(p);
    bind_slots(cx, p, first);
    return true;
}

static void conclude(tw_ctx *cx, tw_plan *p, int32_t first)
{
    for (int32_t k = 0; k < p->n_executed; k++) cx->by_id[first + p->executed[k]]->flags |= TW_N_EXECUTED;
    for (int32_t k = 0; k < p->n_result; k++) {
        const tw__result *r = &p->result[k];
        const bool packed = p->out[r->out].packed;
        tw__realise(cx, cx->by_id[first + r->rel], tw__buf_ref(p->bound[packed ? p->n_out : r->out]), p->out[r->out].offset);
    }
    commit(cx, p, first);
}

bool tw__plan_run(tw_ctx *cx, tw_plan *p, int32_t first)
{
    const unsigned mode = tw__mode_enter();
    p->first = first, p->reach = cx->next_id - first;
    const bool ok = bind(cx, p, first) && run(cx, p, first);
    tw__mode_leave(mode);
    if (ok) conclude(cx, p, first);
    drop_outputs(cx, p);
    return ok;
}
