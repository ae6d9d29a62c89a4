/* plan.c - from nodes to instructions: operands resolved, equal nodes once.
 *
 * Four passes. The first, over the nodes in id order, emits instructions: views and identities
 * become layouts over the value that they look at, equal pure nodes share one value, and what
 * outlives the plan becomes an output. The second (fuse.c, program.c) makes one instruction of many
 * that share their elements. The third (place.c) places all other values in one slab by lifetime,
 * in place where the last reader is elementwise, and the fourth lists the addresses to patch.
 */
#include "core/planner_impl.h"

void *tw__plan_take(tw__planner *q, size_t size)
{
    void *m = tw__arena_take(q->cx, &q->p->memory, size ? size : 1);
    if (!m) q->ok = false;
    else memset(m, 0, size);
    return m;
}

void *tw__plan_borrow(tw__planner *q, size_t size)
{
    void *m = tw__arena_take(q->cx, &q->scratch, size ? size : 1);
    if (!m) q->ok = false;
    else memset(m, 0, size);
    return m;
}

static int64_t bytes_of(const tw_dims *d, int dtype) { return d->count * (int64_t)tw_dtype_size((tw_dtype)dtype); }

void tw__row_by_row(const tw_dims *d, int64_t *strides)
{
    int64_t s = 1;
    memset(strides, 0, TW_MAX_RANK * sizeof *strides);
    for (int i = d->n - 1; i >= 0; i--) strides[i] = s, s *= d->at[i];
}

/* Whether the elements follow each other; strides of axes of size 1 do not matter. */
static bool contiguous(const tw_dims *d, const tw_layout *l)
{
    int64_t s = 1;
    for (int i = d->n - 1; i >= 0; i--) {
        if (d->at[i] != 1 && l->strides[i] != s) return d->count == 0;
        s *= d->at[i];
    }
    return true;
}

int32_t tw__value_new(tw__planner *q, int kind, int32_t index, int64_t bytes)
{
    const tw__value v = { .kind = kind, .index = index, .bytes = bytes, .def = -1, .last = -1, .dies = -1, .spot = -1 };
    if (!TW__PUSH(q->cx, q->val, v)) { q->ok = false; return 0; }
    return (int32_t)q->val.n - 1;
}

static tw__rec over(int32_t val, const tw_dims *d)
{
    tw__rec r = { .val = val, .whole = true };
    tw__row_by_row(d, r.lay.strides);
    return r;
}

/* Where node x stands in the list: only asked of nodes that are in it. */
static tw__rec *rec_of(tw__planner *q, const tw_node *x) { return &q->rec[q->cx->index[x->id]]; }

static int32_t rel(const tw__planner *q, const tw_node *n) { return n->id - q->s->log_first; }

/* ---- leaves ------------------------------------------------------------------------------- */

static tw__rec leaf(tw__planner *q, const tw_node *n)
{
    const bool number = n->op == &tw_op_number || n->op == &tw_op_constant;
    const bool bytes = n->flags & TW_N_REALISED;
    const bool outer = n->id < q->s->first;
    const tw__ext e = { .id = outer ? n->id : rel(q, n), .outer = outer, .op = n->op, .shape = n->shape, .dtype = n->dtype,
                        .kind = bytes ? TW__BYTES : number ? TW__NUMBER : TW__READ };
    if (!TW__PUSH(q->cx, q->ext, e)) q->ok = false;
    const bool num = e.kind == TW__NUMBER;
    tw__rec r = over(tw__value_new(q, num ? TW__NUM : TW__EXT, (int32_t)q->ext.n - 1, num ? 8 : bytes_of(n->shape, n->dtype)), n->shape);
    if (num) memset(r.lay.strides, 0, sizeof r.lay.strides), r.whole = false;
    return r;
}

/* ---- instructions ------------------------------------------------------------------------- */

static tw__instr *new_instr(tw__planner *q, const tw_op *op, int32_t r, int n_in, int n_out, bool scratch)
{
    tw__use *uses = tw__plan_borrow(q, (size_t)(n_in + n_out + scratch) * sizeof *uses);
    tw_view *views = tw__plan_take(q, (size_t)(n_in + n_out) * sizeof *views);
    if (!q->ok || !TW__ROOM(q->cx, q->instr, 1) || !TW__ROOM(q->cx, q->uses, 1)) { q->ok = false; return NULL; }
    q->uses.at[q->uses.n++] = uses;
    tw__instr *i = &q->instr.at[q->instr.n++];
    *i = (tw__instr){ .op = op, .rel = r, .n_nodes = 1, .parts = 1 };
    i->call = (tw_call){ .in = views, .out = views + n_in, .n_in = n_in, .n_out = n_out, .seed = q->cx->args.seed };
    return i;
}

void tw__view_set(tw__planner *q, const tw_view *to, const tw_dims *d, int dtype, const int64_t *strides)
{
    int64_t *own = tw__plan_take(q, TW_MAX_RANK * sizeof *own);
    if (!own) return;
    memcpy(own, strides, TW_MAX_RANK * sizeof *own);
    *(tw_view *)(uintptr_t)to = (tw_view){ .shape = d, .strides = own, .dtype = (tw_dtype)dtype };
}

static void read_operand(tw__planner *q, int32_t pos, int k, const tw__rec *r, const tw_dims *d, int dtype)
{
    q->uses.at[pos][k] = (tw__use){ r->val, r->whole, r->lay.offset * (int64_t)tw_dtype_size((tw_dtype)dtype) };
    if (pos > q->val.at[r->val].last) q->val.at[r->val].last = pos;
    tw__view_set(q, &q->instr.at[pos].call.in[k], d, dtype, r->lay.strides);
}

static int32_t write_output(tw__planner *q, int32_t pos, int k, const tw_dims *d, int dtype)
{
    const int32_t v = tw__value_new(q, TW__SLAB, 0, bytes_of(d, dtype));
    if (!q->ok) return v;
    q->val.at[v].def = q->val.at[v].last = pos;
    int64_t strides[TW_MAX_RANK];
    tw__row_by_row(d, strides);
    const tw__instr *i = &q->instr.at[pos];
    q->uses.at[pos][i->call.n_in + k] = (tw__use){ v, true, 0 };
    tw__view_set(q, &i->call.out[k], d, dtype, strides);
    return v;
}

/* The elements of r, row by row, in a value of their own. */
static tw__rec copy_of(tw__planner *q, const tw__rec *r, const tw_node *n)
{
    const tw_dims *d = n->shape;
    const int dtype = n->dtype;
    tw__instr *i = new_instr(q, NULL, rel(q, n), 1, 1, false);
    if (!i) return *r;
    const int32_t pos = (int32_t)q->instr.n - 1;
    i->kernel = tw__vocab.kernel(q->cx->isa, tw__vocab.copy_id, (tw_dtype)dtype);
    i->call.hi = d->count;
    i->cost = (double)bytes_of(d, dtype) / 8;
    read_operand(q, pos, 0, r, d, dtype);
    return over(write_output(q, pos, 0, d, dtype), d);
}

static bool choose_kernel(tw__planner *q, tw__instr *i, const tw_node *y)
{
    const tw_op *op = y->op;
    const tw_isa isa = q->cx->isa;
    const tw_dtype by = y->n_in ? (tw_dtype)tw_inputs(y)[op->by]->dtype : (tw_dtype)y->dtype;
    bool found = false;
    if (op->block_id) found = (i->block = tw__vocab.block(isa, op->block_id, by)) != NULL;
    else if (op->kernel_id) found = (i->kernel = tw__vocab.kernel(isa, op->kernel_id, by)) != NULL;
    else if (op->kernel) found = (i->kernel = op->kernel) != NULL;
    else found = (by == TW_F32 && op->block_f32) || (by == TW_F64 && op->block_f64);
    if (!found) tw_fail(q->cx, TW_EMISSING, op->name, y->at, "there is no kernel for %s", tw_dtype_name(by));
    return q->ok = q->ok && found;
}

/* ---- equal nodes -------------------------------------------------------------------------- */

static bool mergeable(const tw_op *op)
{
    return op->slot_size == 0 && op->outputs <= 1 && !(op->traits & (TW_RANDOM | TW_EFFECT | TW_LEAF));
}

static uint64_t mix(uint64_t h, uint64_t w) { h = (h ^ w) * 0x9e3779b97f4a7c15u; return h ^ h >> 29; }

static bool equal(tw__planner *q, const tw_node *a, const tw_node *b)
{
    if (a->op != b->op || a->attr.bits != b->attr.bits || a->shape != b->shape || a->dtype != b->dtype || a->n_in != b->n_in)
        return false;
    for (int k = 0; k < a->n_in; k++) {
        const tw__rec *x = rec_of(q, tw_inputs(a)[k]), *y = rec_of(q, tw_inputs(b)[k]);
        if (x->val != y->val || x->barrier != y->barrier || memcmp(&x->lay, &y->lay, sizeof x->lay)) return false;
    }
    return true;
}

/* An earlier node that computes the same, or NULL; enters y otherwise. */
static const tw_node *twin(tw__planner *q, int32_t at)
{
    const tw_node *y = q->list[at];
    uint64_t h = mix((uint64_t)(uintptr_t)y->op, y->attr.bits ^ (uint64_t)(uintptr_t)y->shape);
    for (int k = 0; k < y->n_in; k++) h = mix(h, (uint64_t)rec_of(q, tw_inputs(y)[k])->val);
    const int32_t last = q->table_size - 1;
    for (int32_t i = (int32_t)(h & (uint64_t)last); ; i = (i + 1) & last) {
        if (q->table[i] == 0) { q->table[i] = at + 1; return NULL; }
        if (equal(q, q->list[q->table[i] - 1], y)) return q->list[q->table[i] - 1];
    }
}

/* ---- nodes to instructions ---------------------------------------------------------------- */

/* Inputs of kernels that need them row by row are copied before the instruction. */
static void straighten(tw__planner *q, const tw_node *y, tw__rec *in)
{
    const bool any = tw_is_block_op(y->op) || y->op->traits & TW_STRIDED;
    for (int k = 0; k < y->n_in && q->ok; k++) {
        const tw_node *x = tw_inputs(y)[k];
        in[k] = *rec_of(q, x);
        if (!any && !contiguous(x->shape, &in[k].lay)) in[k] = copy_of(q, &in[k], x);
    }
}

static tw__rec compute(tw__planner *q, const tw_node *y)
{
    const tw_op *op = y->op;
    const int n_out = op->outputs > 1 ? op->outputs : 1;
    tw__rec none = { 0 }, *in = tw__plan_borrow(q, (size_t)(y->n_in + 1) * sizeof *in);
    if (!in) return none;
    straighten(q, y, in);
    const int32_t parts = tw__parts(q->cx, y);
    const size_t each = op->scratch ? (op->scratch(y) + 63) & ~(size_t)63 : 0;
    const size_t scratch = each * (size_t)(parts < q->cx->threads ? parts : q->cx->threads);
    tw__instr *i = q->ok ? new_instr(q, op, rel(q, y), y->n_in, n_out, op->scratch != NULL) : NULL;
    if (!i || !choose_kernel(q, i, y)) return none;
    const int32_t pos = (int32_t)q->instr.n - 1;
    i->count = y->shape->count;
    i->parts = parts, i->scratch = (int64_t)each, i->cost = tw__cost(y);
    i->checked = (op->traits & TW_CHECKED) != 0;
    i->attr = y->attr.bits;
    i->call.attr = op->attr_size > 8 ? y->attr.p : NULL;        /* small ones: set when the array stands */
    i->call.hi = op->work ? op->work(y) : y->shape->count;
    for (int k = 0; k < y->n_in; k++) i->alone |= in[k].barrier != 0;
    for (int k = 0; k < y->n_in && q->ok; k++) read_operand(q, pos, k, &in[k], tw_inputs(y)[k]->shape, tw_inputs(y)[k]->dtype);
    tw__rec r = over(0, y->shape);
    for (int k = 0; k < n_out && q->ok; k++) {
        const tw_node *o = n_out > 1 ? q->cx->by_id[y->id + 1 + k] : y;
        const int32_t v = write_output(q, pos, k, o->shape, o->dtype);
        if (k == 0) r.val = v;
    }
    if (scratch && q->ok) {
        const int32_t v = tw__value_new(q, TW__SLAB, 0, (int64_t)scratch);
        q->uses.at[pos][y->n_in + n_out] = (tw__use){ v, true, 0 };
        if (q->ok) q->val.at[v].def = q->val.at[v].last = pos;
    }
    if (q->ok && tw_is_block_op(op)) {
        tw__operand *o = tw__plan_take(q, (size_t)y->n_in * sizeof *o);
        bool flat = true;
        for (int k = 0; o && k < y->n_in; k++) {
            tw__tiles_operand(&o[k], tw_inputs(y)[k]->shape, in[k].lay.strides, (tw_dtype)tw_inputs(y)[k]->dtype);
            flat = flat && o[k].mode == TW__FLAT;
        }
        q->instr.at[pos].operand = o, q->instr.at[pos].flat = flat;
    }
    return r;
}

/* ---- sums of lines ------------------------------------------------------------------------ */

/* Whether y is a sum of lines that lie one after the other and are worth it. */
static bool sums_lines(tw__planner *q, const tw_node *y, tw_rows *r)
{
    enum { LEAST = 64 };
    if (!y->op->lines || !q->cx->fuse || q->cx->args.trap_nonfinite) return false;
    const tw_node *x = tw_inputs(y)[0];
    const tw__rec *in = rec_of(q, x);
    return contiguous(x->shape, &in->lay) && !in->barrier && y->op->lines(y, r) && r->n >= LEAST;
}

static const tw_dims *matrix(tw__planner *q, int64_t n, int64_t m)
{
    const tw_dims *d = tw__intern_dims(q->cx, &(tw_shape){ .n = 2, .at = { n, m } });
    if (!d) q->ok = false;
    return d;
}

static tw__instr *half(tw__planner *q, const tw_op *op, const tw_node *y)
{
    tw__instr *i = new_instr(q, op, rel(q, y), 1, 1, false);
    if (i) i->kernel = tw__vocab.kernel(q->cx->isa, op->kernel_id, (tw_dtype)y->dtype);
    return i;
}

/* Two instructions: sums of 32 lines each, which can be a member of the group that makes the lines; and the sum of those. */
static tw__rec sum_of_lines(tw__planner *q, const tw_node *y, const tw_rows *r)
{
    const tw__rec *in = rec_of(q, tw_inputs(y)[0]), none = { 0 };
    const tw_dims *lines = matrix(q, r->n, r->out), *blocks = matrix(q, (r->n + 31) / 32, r->out);
    tw__instr *i = q->ok ? half(q, tw__vocab.sum_lines, y) : NULL;
    if (!i) return none;
    tw__rec from = over(in->val, lines), sums;
    from.lay.offset = in->lay.offset, from.whole = in->whole;
    i->lines = true, i->call.hi = r->n, i->cost = tw__cost(y);
    int32_t pos = (int32_t)q->instr.n - 1;
    read_operand(q, pos, 0, &from, lines, y->dtype);
    sums = over(write_output(q, pos, 0, blocks, y->dtype), blocks);
    if (!q->ok || !(i = half(q, tw__vocab.sum_blocks, y))) return none;
    i->call.hi = r->out, i->cost = (double)bytes_of(blocks, y->dtype) / 32;
    pos = (int32_t)q->instr.n - 1;
    read_operand(q, pos, 0, &sums, blocks, y->dtype);
    return over(write_output(q, pos, 0, y->shape, y->dtype), y->shape);
}

static tw__rec look_at(tw__planner *q, const tw_node *y)
{
    const tw_node *x = tw_inputs(y)[0];
    tw__rec r = *rec_of(q, x);
    tw_layout l = { 0 };
    if (!y->op->view(y, &r.lay, &l)) {
        r = copy_of(q, &r, x);
        if (!q->ok || !y->op->view(y, &r.lay, &l)) {
            if (q->ok) tw_fail(q->cx, TW_EMISSING, y->op->name, y->at, "its view refuses contiguous elements");
            q->ok = false;
            return r;
        }
    }
    r.lay = l;
    r.whole = q->val.at[r.val].kind != TW__NUM && l.offset == 0 && contiguous(y->shape, &l)
           && bytes_of(y->shape, y->dtype) == q->val.at[r.val].bytes;
    return r;
}

/* An output that holds the node's elements row by row; copied unless the value was computed here as a whole. */
static int32_t output(tw__planner *q, const tw__rec *r, const tw_node *n, bool for_cell)
{
    tw__rec own = *r;
    tw__value *v = &q->val.at[r->val];
    const bool computed = v->kind == TW__SLAB || v->kind == TW__OUT;
    if (!computed || !r->whole || (for_cell && v->committed)) own = copy_of(q, r, n);
    if (!q->ok) return 0;
    v = &q->val.at[own.val];
    if (v->kind == TW__SLAB) {
        const tw__out o = { .bytes = v->bytes };
        if (!TW__PUSH(q->cx, q->out, o)) q->ok = false;
        v->kind = TW__OUT, v->index = (int32_t)q->out.n - 1;
    }
    v->committed |= for_cell;
    return v->index;
}

static void assign(tw__planner *q, const tw_node *y)
{
    const tw_node *x = tw_inputs(y)[0];
    const tw__rec r = *rec_of(q, x);
    const tw__commit c = { .rel = rel(q, y), .out = output(q, &r, x, true), .cell = tw__cell_of(y) };
    const int64_t readers = ((const int64_t *)tw_attr(y))[1];       /* that the log does not describe */
    q->p->needs_prev |= readers == 1, q->p->regular &= readers != 2;
    q->ok = q->ok && TW__PUSH(q->cx, q->commit, c);
}

/* What comes through a barrier is not merged with what does not, nor moved in front of it. */
static void wait_at(tw__planner *q, tw__rec *r, const tw_node *y, int32_t at)
{
    if (y->op == &tw_op_barrier) r->barrier = at + 1, q->barriers = true;
}

static void node(tw__planner *q, int32_t at)
{
    const tw_node *y = q->list[at], *same;
    tw_rows lines;
    tw__rec *r = &q->rec[at];
    if (tw__given(y)) *r = leaf(q, y);
    else if (y->op == &tw_op_read) *r = *rec_of(q, tw_inputs(tw_inputs(y)[0])[0]);
    else if (tw__identity(y)) *r = *rec_of(q, tw_inputs(y)[0]), wait_at(q, r, y, at);
    else if (y->op == &tw_op_assign) { assign(q, y); return; }
    else if (y->op == &tw_op_project) *r = over(rec_of(q, tw_inputs(y)[0])->val + (int32_t)y->attr.i, y->shape);
    else if (y->op->view) *r = look_at(q, y);
    else if (y->op == &tw_op_dummy || y->op == &tw_op_cell) q->ok = !tw_fail(q->cx, TW_EGRAD, y->op->name, y->at, "has no value");
    else if (mergeable(y->op) && (same = twin(q, at))) *r = *rec_of(q, same);
    else if (sums_lines(q, y, &lines)) *r = sum_of_lines(q, y, &lines);
    else *r = compute(q, y);
    if (!q->ok || !q->want[at] || y->flags & TW_N_REALISED) return;
    if (q->want[at] == 2 && tw__given(y)) return;
    const tw__result s = { .rel = rel(q, y), .out = output(q, r, y, false) };
    q->ok = q->ok && TW__PUSH(q->cx, q->result, s);
}

#define MOVE(q, to, from) ((q)->p->n_##to = (int32_t)(q)->from.n, (q)->p->to = tw__plan_take((q), (size_t)(q)->from.n * sizeof *(q)->from.at), \
    (q)->p->to && (q)->from.n ? (void)memcpy((q)->p->to, (q)->from.at, (size_t)(q)->from.n * sizeof *(q)->from.at) : (void)0)

static void pack(tw__planner *q)
{
    bool *cell = tw__plan_borrow(q, (size_t)q->out.n);
    for (int64_t i = 0; cell && i < q->commit.n; i++) cell[q->commit.at[i].out] = true;
    for (int64_t i = 0; cell && i < q->out.n; i++) {
        tw__out *o = &q->out.at[i];
        if (cell[i] || o->bytes > 64) continue;
        o->packed = true, o->offset = q->p->packed_bytes;
        q->p->packed_bytes += o->bytes > 8 ? (o->bytes + 7) & ~(int64_t)7 : 8;
    }
}

/* What is bound anew in every run, wherever the array of instructions now stands. */
static void slots(tw__planner *q)
{
    tw_plan *p = q->p;
    int32_t most = 0;
    for (int32_t i = 0; i < p->n_instr; i++) most += p->instr[i].program ? p->instr[i].program->n_step : 1;
    p->slotted = tw__plan_take(q, (size_t)most * sizeof *p->slotted);
    for (int32_t i = 0; q->ok && i < p->n_instr; i++) {
        tw__instr *t = &p->instr[i];
        if (t->op && t->op->attr_size <= 8) t->call.attr = &t->attr;
        if (t->op && t->op->slot_size) p->slotted[p->n_slotted++] = (tw__slot){ t->rel, &t->call.slot, t->op->slot_size > 8 ? NULL : &t->slot };
        for (int32_t k = 0; t->program && k < t->program->n_step; k++) {
            tw__step *s = &t->program->step[k];
            if (s->op && s->op->slot_size) p->slotted[p->n_slotted++] = (tw__slot){ s->rel, &s->slot, s->op->slot_size > 8 ? NULL : &s->own_slot };
        }
    }
}

static void finish(tw__planner *q)
{
    if (q->cx->fuse && !q->cx->args.trap_nonfinite) tw__fuse(q);
    if (q->ok) tw__place_all(q);
    if (!q->ok) return;
    pack(q);
    if (!q->ok) return;
    MOVE(q, instr, instr);
    MOVE(q, ext, ext);
    MOVE(q, out, out);
    MOVE(q, result, result);
    MOVE(q, commit, commit);
    tw_plan *p = q->p;
    p->number = tw__plan_take(q, (size_t)p->n_ext * sizeof *p->number);
    p->data = tw__plan_take(q, (size_t)p->n_ext * sizeof *p->data);
    p->bound = tw__plan_take(q, ((size_t)p->n_out + 1) * sizeof *p->bound);
    p->executed = tw__plan_take(q, (size_t)q->n * sizeof *p->executed);
    if (!q->ok) return;
    for (int32_t i = 0; i < q->n; i++)
        if (!tw__given(q->list[i])) p->executed[p->n_executed++] = rel(q, q->list[i]);
    slots(q);
    tw__patch_all(q);
    MOVE(q, patch, patch);
}

#define DROP(q, v) tw_resize((q)->cx, (q)->v.at, (size_t)(q)->v.room * sizeof *(q)->v.at, 0)

tw_plan *tw__plan_new(tw_ctx *cx, int32_t n, tw_node *const *list, uint8_t *want)
{
    static uint64_t uid = 1;
    tw_plan *p = tw_resize(cx, NULL, 0, sizeof *p);
    if (!p) return NULL;
    *p = (tw_plan){ .uid = __atomic_fetch_add(&uid, 1, __ATOMIC_RELAXED), .regular = true };
    tw__planner q = { .cx = cx, .s = &cx->scope[cx->depth], .p = p, .n = n, .list = list, .want = want, .ok = true };
    for (q.table_size = 16; q.table_size < 2 * n; ) q.table_size *= 2;
    q.rec = tw__plan_borrow(&q, (size_t)n * sizeof *q.rec);
    q.table = tw__plan_borrow(&q, (size_t)q.table_size * sizeof *q.table);
    for (int32_t i = 0; i < n && q.ok; i++) {
        const tw_node *y = list[i];
        node(&q, i);
        if (want[i] == 1 && y->op != &tw_op_keep) p->regular &= y->depth == cx->depth;
        if (tw__given(y)) continue;
        p->needs_prev |= y->id < q.s->log_first;
        p->regular &= y->depth == cx->depth || y->op == &tw_op_keep;
    }
    if (q.ok) finish(&q);
    DROP(&q, val); DROP(&q, instr); DROP(&q, uses); DROP(&q, ext); DROP(&q, out); DROP(&q, result); DROP(&q, commit); DROP(&q, patch);
    tw__arena_free(cx, &q.scratch);
    if (q.ok) return p;
    tw__plan_free(cx, p);
    return NULL;
}

void tw__plan_free(tw_ctx *cx, tw_plan *p)
{
    if (!p) return;
    tw_resize(cx, p->key, (size_t)p->key_words * sizeof *p->key, 0);
    tw__arena_free(cx, &p->memory);
    tw_resize(cx, p, sizeof *p, 0);
}
