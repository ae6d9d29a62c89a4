/* execute.c - evaluation: what was asked for, and with effects what is pending and wanted, in id order.
 *
 * One pass marks what is needed, one runs it. Values that nobody asked for are given back after their
 * last reader, and computed again should somebody want them later: read nodes hold on to the bytes of
 * their version, so that gives the same numbers. Assignments write fresh bytes, which the cells take
 * over at the very end, when nothing can fail any more: all effects or none.
 */
#include "core/ctx_impl.h"
#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* The default rounding and denormals, for as long as an evaluation runs. */
#if defined(__x86_64__)
static unsigned mode_enter(void) { unsigned was = _mm_getcsr(); _mm_setcsr(0x1f80); return was; }
static void mode_leave(unsigned was) { _mm_setcsr(was); }
#else
static unsigned mode_enter(void) { return 0; }
static void mode_leave(unsigned was) { (void)was; }
#endif

enum { FEW = 16 };

typedef struct job {
    tw_ctx        *cx;
    const tw_loc  *at;
    int32_t        low, top;        /* ids of what is marked lie between */
    uint8_t       *need;            /* cx->mark: zero between evaluations */
    int32_t       *uses;            /* cx->index: readers that have not run, of marked nodes */
} job;

enum { NEEDED = 1, STAYS = 2 };

static size_t bytes_of(const tw_node *n) { return (size_t)n->shape->count * tw_dtype_size((tw_dtype)n->dtype); }
static void *data_of(const tw_node *n) { return (char *)n->buf->data + n->offset; }
static bool realised(const tw_node *n) { return n->flags & TW_N_REALISED; }

static void want(job *j, const tw_node *n, int how)
{
    if (realised(n)) return;
    j->need[n->id] |= (uint8_t)(NEEDED | how);
    if (n->id < j->low) j->low = n->id;
    if (n->id > j->top) j->top = n->id;
}

/* Every unread version that the coming assignments would replace keeps its bytes. */
static bool hold_versions(tw_ctx *cx)
{
    for (int32_t id = 0; id < cx->next_id; id++) {
        tw_node *r = cx->by_id[id];
        if (r->op != &tw_op_read || realised(r)) continue;
        tw_cell *c = tw__cell_of(r);
        if (r->slot.i == c->done && !tw__realise(cx, r, tw__buf_ref(c->buf), 0)) return false;
    }
    return true;
}

static tw_node *assign_of(const tw_node *read) { return read->n_in ? tw_inputs(read)[0] : NULL; }

/* Marks inputs, descending. A read of a pending version needs that assignment and all before it. False: something is spent. */
static bool close_over(job *j, bool *effects)
{
    tw_ctx *cx = j->cx;
    for (int32_t id = j->top; id >= j->low; id--) {
        if (!j->need[id]) continue;
        const tw_node *n = cx->by_id[id];
        if (n->op == &tw_op_dummy) return tw_fail(cx, TW_EGRAD, "dummy", n->at, "a rule that is not linear was evaluated"), false;
        if (n->op == &tw_op_read) {
            const tw_cell *c = tw__cell_of(n);
            const tw_node *a = assign_of(n);
            if (n->slot.i == c->done) continue;
            if (!a || a->flags & TW_N_DEAD) {
                tw_fail(cx, TW_ESPENT, "read", n->at, "this version of \"%s\" was dropped, or overwritten at line %d: tw_want what is read later",
                        c->name ? c->name : "a state", c->assigned ? c->assigned->line : 0);
                return false;
            }
            *effects = true;
        }
        for (int k = 0; k < n->n_in; k++) want(j, tw_inputs(n)[k], 0), j->uses[tw_inputs(n)[k]->id]++;
    }
    return true;
}

/* ---- running one node --------------------------------------------------------------------- */

static void contiguous(const tw_dims *d, int64_t *strides)
{
    int64_t s = 1;
    memset(strides, 0, TW_MAX_RANK * sizeof *strides);
    for (int i = d->n - 1; i >= 0; i--) strides[i] = s, s *= d->at[i];
}

static void fill(void *to, tw_dtype dtype, int64_t n, double v)
{
    for (int64_t i = 0; i < n; i++)
        switch (dtype) {
        case TW_F32: ((float *)to)[i] = (float)v; break;
        case TW_F64: ((double *)to)[i] = v; break;
        case TW_I32: ((int32_t *)to)[i] = (int32_t)v; break;
        case TW_I64: ((int64_t *)to)[i] = (int64_t)v; break;
        default:     ((uint8_t *)to)[i] = (uint8_t)v; break;
        }
}

static bool no_kernel(tw_node *y, tw_dtype dtype)
{
    tw_fail(y->cx, TW_EMISSING, y->op->name, y->at, "there is no kernel for %s", tw_dtype_name(dtype));
    return false;
}

static double number_at(const tw_node *n, int64_t i)
{
    const void *p = data_of(n);
    switch (n->dtype) {
    case TW_F32: return (double)((const float *)p)[i];
    case TW_F64: return ((const double *)p)[i];
    case TW_I32: return ((const int32_t *)p)[i];
    case TW_I64: return (double)((const int64_t *)p)[i];
    default:     return ((const uint8_t *)p)[i];
    }
}

static bool bad_element(tw_node *y, int64_t i)
{
    const tw_node *x = tw_inputs(y)[y->n_in > 1 ? 1 : 0];
    if (i < x->shape->count)
        tw_fail(y->cx, TW_EVALUE, y->op->name, y->at, "element %lld of argument %d is %g: out of range", (long long)i, y->n_in > 1, number_at(x, i));
    else
        tw_fail(y->cx, TW_EVALUE, y->op->name, y->at, "element %lld is out of range", (long long)i);
    return false;
}

static bool run_block(tw_node *y, const tw_view *in, void *out)
{
    const tw_op *op = y->op;
    const tw_dtype by = y->n_in ? in[op->by].dtype : (tw_dtype)y->dtype;
    tw_block b = { .n = y->shape->count, .y = out, .attr = tw_attr(y), .to = (tw_dtype)y->dtype };
    for (int k = 0; k < y->n_in && k < 4; k++) b.x[k] = in[k].data;
    const tw_block_fn f = op->block_id ? tw__vocab.block(y->cx->isa, op->block_id, by) : NULL;
    if (f) { if (b.n) f(&b); return true; }
    if (by == TW_F32 && op->block_f32) {
        tw_block_f32 o = { .n = b.n, .y = out, .attr = b.attr };
        for (int k = 0; k < y->n_in && k < 4; k++) o.x[k] = in[k].data;
        op->block_f32(&o);
        return true;
    }
    if (by == TW_F64 && op->block_f64) {
        tw_block_f64 o = { .n = b.n, .y = out, .attr = b.attr };
        for (int k = 0; k < y->n_in && k < 4; k++) o.x[k] = in[k].data;
        op->block_f64(&o);
        return true;
    }
    return no_kernel(y, by);
}

static bool run_kernel(tw_node *y, const tw_view *in, const tw_view *out, int n_out)
{
    const tw_op *op = y->op;
    tw_ctx *cx = y->cx;
    const tw_dtype by = y->n_in ? in[op->by].dtype : (tw_dtype)y->dtype;
    const tw_kernel f = op->kernel ? op->kernel : op->kernel_id ? tw__vocab.kernel(cx->isa, op->kernel_id, by) : NULL;
    if (!f) return no_kernel(y, by);
    const size_t size = op->scratch ? op->scratch(y) : 0;
    tw_buf *scratch = size ? tw__buf_new(cx, size) : NULL;
    if (size && !scratch) return false;
    const tw_call c = { .in = in, .out = out, .n_in = y->n_in, .n_out = n_out, .attr = tw_attr(y), .slot = tw_slot(y), .lo = 0,
                        .hi = op->work ? op->work(y) : y->shape->count, .scratch = scratch ? scratch->data : NULL, .seed = cx->args.seed };
    const int64_t bad = c.hi > 0 ? f(&c) : -1;
    tw__buf_release(cx, scratch);
    return bad < 0 || bad_element(y, bad);
}

static bool run_view(tw_node *y, tw_view in, void *out)
{
    tw_layout x = { 0 }, l = { 0 };
    contiguous(in.shape, x.strides);
    if (!y->op->view(y, &x, &l)) return no_kernel(y, (tw_dtype)y->dtype);
    if (!y->shape->count) return true;
    int64_t strides[TW_MAX_RANK];
    contiguous(y->shape, strides);
    const tw_view from = { (char *)in.data + l.offset * (int64_t)tw_dtype_size(in.dtype), y->shape, l.strides, in.dtype };
    const tw_view to = { out, y->shape, strides, (tw_dtype)y->dtype };
    const tw_kernel copy = tw__vocab.kernel(y->cx->isa, tw__vocab.copy_id, in.dtype);
    if (!copy) return no_kernel(y, in.dtype);
    copy(&(tw_call){ .in = &from, .out = &to, .n_in = 1, .n_out = 1, .lo = 0, .hi = y->shape->count });
    return true;
}

static bool all_finite(tw_node *y, const tw_node *value)
{
    if (!tw_is_float(value->dtype)) return true;
    for (int64_t i = 0; i < value->shape->count; i++)
        if (!isfinite(number_at(value, i)))
            return tw_fail(y->cx, TW_EVALUE, y->op->name, y->at, "element %lld is %g", (long long)i, number_at(value, i)), false;
    return true;
}

/* What was realised only for this evaluation, or by one that failed, is given back. */
static void give_back(tw_ctx *cx, tw_node *n)
{
    tw__buf_release(cx, n->buf);
    n->buf = NULL, n->flags &= (uint8_t)~TW_N_REALISED;
}

/* Fresh bytes for n. */
static void *room(tw_node *n)
{
    tw_buf *b = tw__buf_new(n->cx, bytes_of(n) ? bytes_of(n) : 1);
    return b && tw__realise(n->cx, n, b, 0) ? b->data : NULL;
}

static bool share(tw_node *y, const tw_node *x) { return tw__realise(y->cx, y, tw__buf_ref(x->buf), x->offset); }

/* A producer of several outputs computes straight into its projections. */
static bool run_several(tw_node *y, const tw_view *in)
{
    enum { MOST = 16 };
    int64_t strides[MOST][TW_MAX_RANK];
    tw_view out[MOST];
    if (y->op->outputs > MOST) return tw_fail(y->cx, TW_EMISSING, y->op->name, y->at, "more than %d outputs", MOST), false;
    for (int k = 0; k < y->op->outputs; k++) {
        tw_node *p = y->cx->by_id[y->id + 1 + k];
        if (!realised(p) && !room(p)) return false;
        contiguous(p->shape, strides[k]);
        out[k] = (tw_view){ data_of(p), p->shape, strides[k], (tw_dtype)p->dtype };
    }
    const bool ok = run_kernel(y, in, out, y->op->outputs);
    for (int k = 0; !ok && k < y->op->outputs; k++) give_back(y->cx, y->cx->by_id[y->id + 1 + k]);
    return ok;
}

static bool same_bytes(const tw_op *op)
{
    return op == &tw_op_stop_grad || op == &tw_op_custom || op == &tw_op_keep || op == &tw_op_assign;
}

static bool run(tw_node *y)
{
    tw_ctx *cx = y->cx;
    if (y->op == &tw_op_read) {
        const tw_node *a = assign_of(y);
        const tw_cell *c = tw__cell_of(y);
        return y->slot.i == c->done ? tw__realise(cx, y, tw__buf_ref(c->buf), 0) : share(y, a);
    }
    if (same_bytes(y->op)) return share(y, tw_inputs(y)[0]);
    if (y->op == &tw_op_project) return realised(y);

    tw_view few[FEW], *in = few;
    int64_t few_strides[FEW][TW_MAX_RANK], (*strides)[TW_MAX_RANK] = few_strides;
    const size_t size = (size_t)y->n_in * (sizeof *in + sizeof *strides);
    if (y->n_in > FEW) {
        if (!(in = tw_resize(cx, NULL, 0, size))) return false;
        strides = (int64_t (*)[TW_MAX_RANK])(void *)(in + y->n_in);
    }
    for (int k = 0; k < y->n_in; k++) {
        const tw_node *x = tw_inputs(y)[k];
        contiguous(x->shape, strides[k]);
        in[k] = (tw_view){ data_of(x), x->shape, strides[k], (tw_dtype)x->dtype };
    }
    bool ok;
    if (y->op->outputs > 1) {
        ok = run_several(y, in);
    } else {
        void *to = room(y);
        int64_t own[TW_MAX_RANK];
        contiguous(y->shape, own);
        const tw_view out = { to, y->shape, own, (tw_dtype)y->dtype };
        if (!to) ok = false;
        else if (y->op == &tw_op_number) fill(to, (tw_dtype)y->dtype, y->shape->count, y->slot.num), ok = true;
        else if (y->op == &tw_op_constant) fill(to, (tw_dtype)y->dtype, y->shape->count, y->attr.num), ok = true;
        else if (y->op->view) ok = run_view(y, in[0], to);
        else if (tw_is_block_op(y->op)) ok = run_block(y, in, to);
        else ok = run_kernel(y, in, &out, 1);
    }
    if (in != few) tw_resize(cx, in, size, 0);
    cx->nodes_run++;
    if (!ok || !cx->args.trap_nonfinite) return ok;
    for (int k = 0; k < (y->op->outputs > 1 ? y->op->outputs : 1); k++)
        if (!all_finite(y, y->op->outputs > 1 ? cx->by_id[y->id + 1 + k] : y)) return false;
    return true;
}

/* ---- an evaluation ------------------------------------------------------------------------ */

static bool is_leaf_value(const tw_node *n) { return n->op == &tw_op_data || n->op == &tw_op_kept; }

/* The scopes' lists of realised nodes without those that gave their bytes back. */
static void tidy(tw_ctx *cx)
{
    for (int d = 0; d <= cx->depth; d++) {
        tw__scope *s = &cx->scope[d];
        int64_t n = 0;
        for (int64_t i = 0; i < s->realised.n; i++)
            if (realised(s->realised.at[i])) s->realised.at[n++] = s->realised.at[i];
        s->realised.n = n;
    }
}

/* Values of assignments as bytes of their own: cells share with nobody. Nothing is written yet. */
static bool own_bytes(tw_ctx *cx)
{
    for (int32_t id = 0; cx->pending.n && id < cx->next_id; id++) {     /* readers of versions in between keep theirs */
        tw_node *r = cx->by_id[id];
        const tw_node *a = r->op == &tw_op_read ? assign_of(r) : NULL;
        if (a && realised(a) && !realised(r) && !share(r, a)) return false;
    }
    for (int64_t i = 0; i < cx->pending.n; i++) {
        tw_node *y = cx->pending.at[i];
        tw_buf *b = tw__buf_new(cx, bytes_of(y) ? bytes_of(y) : 1);
        if (!b) return false;
        if (bytes_of(y)) memcpy(b->data, data_of(y), bytes_of(y));
        tw__buf_release(cx, y->buf);
        y->buf = b, y->offset = 0;
    }
    return true;
}

/* The cells take their new versions over. */
static void commit(tw_ctx *cx)
{
    for (int64_t i = 0; i < cx->pending.n; i++) {
        tw_node *y = cx->pending.at[i];
        tw_cell *c = tw__cell_of(y);
        tw__buf_release(cx, c->buf);
        c->buf = y->buf, y->buf = NULL;
        y->flags = (uint8_t)((y->flags & ~TW_N_REALISED) | TW_N_EXECUTED);
        c->done = ((const int64_t *)y->slot.p)[0];
        c->assigned = y->at;
        if (c->pending == y) c->pending = NULL;
    }
    cx->pending.n = 0;
}

static bool run_all(job *j)
{
    tw_ctx *cx = j->cx;
    bool again = false;
    for (int32_t id = j->low; id <= j->top; id++) {
        if (!j->need[id]) continue;
        tw_node *y = cx->by_id[id];
        if (!run(y)) return false;
        again |= y->flags & TW_N_EXECUTED && y->n_in && y->op != &tw_op_read;
        for (int k = 0; k < y->n_in; k++) {
            tw_node *x = tw_inputs(y)[k];
            if (--j->uses[x->id] == 0 && j->need[x->id] == NEEDED && x->op != &tw_op_assign && x->op != &tw_op_read && realised(x)) give_back(cx, x);
        }
    }
    if (again)
        tw_advise(cx, &cx->said_twice, "evaluate", j->at, "nodes ran a second time: build gradients before values are read, or tw_want them");
    return true;
}

/* Asked for, wanted, and everything pending: marks roots. */
static void roots(job *j, int n, tw_node *const *asked, bool effects)
{
    tw_ctx *cx = j->cx;
    for (int i = 0; i < n; i++) want(j, asked[i], STAYS);
    if (!effects) return;
    for (int64_t i = 0; i < cx->pending.n; i++) want(j, cx->pending.at[i], STAYS);
    for (int64_t i = 0; i < cx->wanted.n; i++) want(j, cx->wanted.at[i], STAYS);
    for (int d = 0; d <= cx->depth; d++)
        for (int64_t i = 0; i < cx->scope[d].kept.n; i++) want(j, cx->scope[d].kept.at[i], STAYS);
}

bool tw__evaluate(tw_ctx *cx, const tw_loc *at, int n, tw_node *const *asked, bool effects)
{
    if (!tw_ok(cx)) return false;
    job j = { .cx = cx, .at = at, .low = cx->next_id, .top = -1, .need = cx->mark, .uses = cx->index };
    if (cx->next_id == 0) return true;
    memset(j.uses, 0, (size_t)cx->next_id * sizeof *j.uses);
    bool more = effects, ok = !cx->pending.n || hold_versions(cx);
    if (ok) roots(&j, n, asked, effects);
    ok = ok && close_over(&j, &more);
    if (ok && more) {               /* a read that needs an assignment brings all, in program order */
        memset(j.uses, 0, (size_t)cx->next_id * sizeof *j.uses);
        roots(&j, n, asked, true);
        ok = close_over(&j, &more);
    }
    const unsigned mode = mode_enter();
    ok = ok && run_all(&j) && (!more || own_bytes(cx));
    mode_leave(mode);
    for (int32_t id = j.low; id <= j.top; id++) {
        tw_node *y = cx->by_id[id];
        const int how = j.need[id];
        j.need[id] = 0;
        if (!how) continue;
        if (ok) y->flags |= TW_N_EXECUTED;
        const bool stays = ok && (how & STAYS || y->op->outputs > 1 || y->op == &tw_op_project || y->op == &tw_op_read);
        if (!stays && realised(y) && !is_leaf_value(y)) give_back(cx, y);
    }
    if (ok && more) {
        commit(cx);
        int64_t left = 0;
        for (int64_t i = 0; i < cx->wanted.n; i++) cx->wanted.at[i]->flags &= (uint8_t)~TW_N_WANTED;
        cx->wanted.n = left;
    }
    tidy(cx);
    for (int d = 0; d <= cx->depth; d++) cx->scope[d].log.n = 0;       /* nothing compares logs here */
    cx->uncached++;
    return ok;
}

void tw__plans_free(tw_ctx *cx) { (void)cx; }

void tw_plan_dump(tw_ctx *cx, FILE *to)
{
    fprintf(to ? to : stdout, "no plans: %lld evaluations, %lld nodes run\n", (long long)cx->uncached, (long long)cx->nodes_run);
}

tw_plan_counts tw_counts(const tw_ctx *cx)
{
    return (tw_plan_counts){ .hits = cx->hits, .misses = cx->misses, .uncached = cx->uncached, .nodes_run = cx->nodes_run,
                             .bytes_live = cx->live, .bytes_cached = cx->cached, .bytes_peak = cx->peak };
}
