/* place.c - where the values of a plan lie: one slab by lifetime, in place where that is safe; and the
 * addresses that must be filled in before a run.
 */
#include "core/planner_impl.h"

/* ---- places ------------------------------------------------------------------------------- */

typedef struct hole { int64_t offset, size; } hole;
typedef TW__VEC(hole) holes;

static int64_t dig(tw__planner *q, holes *h, int64_t bytes)
{
    bytes = (bytes + 63) & ~(int64_t)63;
    int64_t best = -1;
    for (int64_t i = 0; i < h->n; i++)
        if (h->at[i].size >= bytes && (best < 0 || h->at[i].size < h->at[best].size)) best = i;
    if (best < 0) {
        int64_t end = q->p->slab_bytes, start = end;
        if (h->n && h->at[h->n - 1].offset + h->at[h->n - 1].size == end) start = h->at[--h->n].offset;
        q->p->slab_bytes = start + bytes;
        return start;
    }
    const int64_t at = h->at[best].offset;
    h->at[best].offset += bytes;
    if ((h->at[best].size -= bytes) == 0) {
        memmove(&h->at[best], &h->at[best + 1], (size_t)(h->n - best - 1) * sizeof *h->at);
        h->n--;
    }
    return at;
}

static void fill_in(tw__planner *q, holes *h, int64_t offset, int64_t bytes)
{
    bytes = (bytes + 63) & ~(int64_t)63;
    if (!bytes) return;
    if (!TW__ROOM(q->cx, *h, 1)) { q->ok = false; return; }
    int64_t lo = 0, hi = h->n;
    while (lo < hi) {
        const int64_t mid = (lo + hi) / 2;
        if (h->at[mid].offset < offset) lo = mid + 1; else hi = mid;
    }
    const bool left = lo > 0 && h->at[lo - 1].offset + h->at[lo - 1].size == offset;
    const bool right = lo < h->n && offset + bytes == h->at[lo].offset;
    if (left && right) {
        h->at[lo - 1].size += bytes + h->at[lo].size;
        memmove(&h->at[lo], &h->at[lo + 1], (size_t)(h->n - lo - 1) * sizeof *h->at);
        h->n--;
    } else if (left) {
        h->at[lo - 1].size += bytes;
    } else if (right) {
        h->at[lo].offset = offset, h->at[lo].size += bytes;
    } else {
        memmove(&h->at[lo + 1], &h->at[lo], (size_t)(h->n - lo) * sizeof *h->at);
        h->at[lo] = (hole){ offset, bytes };
        h->n++;
    }
}

/* Writes over what it reads, where that is allowed. */
static bool overwrites(const tw__instr *i) { return i->operand || i->program || (i->op && i->op->traits & TW_INPLACE); }

/* Whether all that instruction pos reads of value v, it has read of each element before it writes that of output k. */
static bool reads_before(const tw__planner *q, int32_t pos, int32_t v, int k)
{
    const tw__instr *i = &q->instr.at[pos];
    if (!overwrites(i)) return false;
    for (int j = 0; j < i->call.n_in; j++) {
        if (q->uses.at[pos][j].val != v) continue;
        if (!q->uses.at[pos][j].whole) return false;
        if (i->program ? !tw__program_in_place(i, j, k) : i->operand ? i->operand[j].mode != TW__FLAT : j > 0) return false;
    }
    return true;
}

static void place(tw__planner *q, holes *h, int32_t pos, int k)
{
    const tw__instr *i = &q->instr.at[pos];
    tw__value *o = &q->val.at[q->uses.at[pos][k].val];
    const int n_in = i->call.n_in;
    if (o->kind != TW__SLAB) return;
    for (int j = 0; overwrites(i) && k < n_in + i->call.n_out && j < n_in; j++) {
        const int32_t a = q->uses.at[pos][j].val;
        tw__value *x = &q->val.at[a];
        if (x->kind != TW__SLAB || x->last != pos || x->moved || x->bytes != o->bytes || !reads_before(q, pos, a, k - n_in)) continue;
        x->moved = true, o->offset = x->offset;
        return;
    }
    o->offset = dig(q, h, o->bytes);
}

static void place_temporaries(tw__planner *q)
{
    const int32_t n = (int32_t)q->instr.n;
    holes h = { 0 };
    int32_t *dying = tw__plan_borrow(q, (size_t)n * sizeof *dying);
    if (!dying) return;
    for (int32_t i = 0; i < n; i++) dying[i] = -1;
    for (int32_t v = 0; v < q->val.n; v++)
        if (q->val.at[v].kind == TW__SLAB && q->val.at[v].last >= 0)
            q->val.at[v].dies = dying[q->val.at[v].last], dying[q->val.at[v].last] = v;
    for (int32_t i = 0; i < n && q->ok; i++) {
        const tw_call *c = &q->instr.at[i].call;
        const bool scratch = q->instr.at[i].scratch > 0;
        for (int k = c->n_in; k < c->n_in + c->n_out + scratch; k++) place(q, &h, i, k);
        for (int32_t v = dying[i]; v >= 0; v = q->val.at[v].dies)
            if (!q->val.at[v].moved) fill_in(q, &h, q->val.at[v].offset, q->val.at[v].bytes);
    }
    tw_resize(q->cx, h.at, (size_t)h.room * sizeof *h.at, 0);
}

/* Which output of its instruction v is. */
static int output_of(const tw__planner *q, int32_t v)
{
    const int32_t pos = q->val.at[v].def;
    const tw_call *c = &q->instr.at[pos].call;
    int k = 0;
    while (k < c->n_out - 1 && q->uses.at[pos][c->n_in + k].val != v) k++;
    return k;
}

/* A cell's bytes are written where they lie if nothing reads the old ones later and nothing can fail any more. */
static void cells_in_place(tw__planner *q)
{
    int32_t *def = tw__plan_borrow(q, (size_t)q->out.n * sizeof *def), *who = tw__plan_borrow(q, (size_t)q->out.n * sizeof *who);
    int32_t last_checked = -1;
    if (!def || !who) return;
    for (int64_t v = 0; v < q->val.n; v++)
        if (q->val.at[v].kind == TW__OUT) def[q->val.at[v].index] = q->val.at[v].def, who[q->val.at[v].index] = (int32_t)v;
    for (int64_t i = 0; i < q->instr.n; i++)
        if (q->instr.at[i].checked || q->cx->args.trap_nonfinite) last_checked = (int32_t)i;
    for (int64_t i = 0; i < q->commit.n; i++) q->commit.at[i].cell->mark = 0;
    for (int64_t i = 0; i < q->commit.n; i++) {
        tw__commit *c = &q->commit.at[i];
        c->in_place = c->cell->mark++ == 0 && def[c->out] > last_checked;
        if (c->cell->mark > 1)
            for (int64_t j = 0; j < i; j++) if (q->commit.at[j].cell == c->cell) q->commit.at[j].in_place = false;
    }
    for (int64_t i = 0; i < q->commit.n; i++) q->commit.at[i].cell->mark = (int)i + 1;
    for (int32_t at = 0; at < q->n; at++) {         /* every leaf that reads a cell's old bytes */
        const tw_node *r = q->list[at];
        if (r->op != &tw_op_read || !tw__given(r) || r->flags & TW_N_REALISED) continue;
        tw_cell *cell = tw__cell_of(r);
        if (!cell->mark || cell->mark > q->commit.n || q->commit.at[cell->mark - 1].cell != cell) continue;
        tw__commit *c = &q->commit.at[cell->mark - 1];
        const tw__value *v = &q->val.at[q->rec[at].val];
        if (v->last > def[c->out]) c->in_place = false;
        if (v->last == def[c->out] && !reads_before(q, v->last, q->rec[at].val, output_of(q, who[c->out]))) c->in_place = false;
    }
    for (int64_t i = 0; i < q->commit.n; i++) q->commit.at[i].cell->mark = 0;
}

void tw__place_all(tw__planner *q)
{
    place_temporaries(q);
    if (q->ok) cells_in_place(q);
}

/* ---- addresses ---------------------------------------------------------------------------- */

static void patch(tw__planner *q, void **at, const tw__use *u, bool slab)
{
    const tw__value *v = &q->val.at[u->val];
    if ((v->kind == TW__SLAB) != slab) return;
    const tw__patch p = { at, v->kind, v->index, u->offset + (slab ? v->offset : 0) };
    q->patch.at[q->patch.n++] = p;
}

void tw__patch_all(tw__planner *q)
{
    int64_t most = 0;
    for (int64_t i = 0; i < q->instr.n; i++) most += q->instr.at[i].call.n_in + q->instr.at[i].call.n_out + 1;
    if (!TW__ROOM(q->cx, q->patch, most)) { q->ok = false; return; }
    for (int slab = 1; slab >= 0; slab--) {
        for (int64_t i = 0; i < q->instr.n; i++) {
            tw__instr *t = &q->p->instr[i];
            const tw__use *u = q->uses.at[i];
            for (int k = 0; k < t->call.n_in; k++) patch(q, &((tw_view *)(uintptr_t)&t->call.in[k])->data, &u[k], slab);
            for (int k = 0; k < t->call.n_out; k++) patch(q, &((tw_view *)(uintptr_t)&t->call.out[k])->data, &u[t->call.n_in + k], slab);
            if (t->scratch) patch(q, &t->call.scratch, &u[t->call.n_in + t->call.n_out], slab);
        }
        if (slab) q->p->n_slab_patch = (int32_t)q->patch.n;
    }
}

