/* again.c - values computed a second time rather than kept: what costs an element a few instructions, where
 * keeping it would cost a way to memory and back.
 *
 * A forward pass leaves many values for the backward pass: x + b, x - mean, 0.5 x ... They are
 * written by one group and read by another, much later, when no cache has them any more. Where all groups
 * that read such a value can make it from what they read anyway, or from one value as large that
 * is kept in its stead, each gets its own copy of the operations, and the value lives in registers only.
 * The bits are the same: what is copied is exact in its operands.
 */
#include "core/planner_impl.h"

enum { MOST_COPIES = 4 };     /* operations for one value in one group */

/* An operation that group g does for itself. */
typedef struct copy { int32_t of, g, val, next; } copy;     /* instruction; its value there; next of the same instruction */

typedef struct maker {
    tw__planner *q;
    tw__groups  *f;
    TW__VEC(copy) copies;
    int32_t *first_copy;        /* by instruction; -1 */
    int32_t *members;           /* by group */
} maker;

static int32_t copied(const maker *m, int32_t pos, int32_t g)
{
    for (int32_t k = m->first_copy[pos]; k >= 0; k = m->copies.at[k].next)
        if (m->copies.at[k].g == g) return k;
    return -1;
}

static bool read_in(const maker *m, int32_t v, int32_t g)
{
    const tw__groups *f = m->f;
    for (int32_t r = f->first[v]; r < f->first[v + 1]; r++)
        if (f->of[f->reader[r]] == g) return true;
    return false;
}

/* Whether v has a place of its own whatever happens here: given, wanted, of no group, or read outside of its group by what copies nothing. */
static bool kept(const maker *m, int32_t v)
{
    const tw__groups *f = m->f;
    const tw__value *x = &m->q->val.at[v];
    if (x->kind != TW__SLAB || x->def < 0 || f->of[x->def] < 0) return x->kind != TW__NUM;
    for (int32_t r = f->first[v]; r < f->first[v + 1]; r++)
        if (f->of[f->reader[r]] != f->of[x->def] && (f->of[f->reader[r]] < 0 || copied(m, x->def, f->of[f->reader[r]]) < 0)) return true;
    return false;
}

static bool flat(const tw__planner *q, int32_t pos, int k)
{
    return q->instr.at[pos].operand && q->instr.at[pos].operand[k].mode == TW__FLAT && q->uses.at[pos][k].whole;
}

/* Whether instruction pos reads v element by element, as a value of its own group can be read. */
static bool fits(const tw__planner *q, int32_t pos, int32_t v)
{
    for (int k = 0; k < q->instr.at[pos].call.n_in; k++)
        if (q->uses.at[pos][k].val == v && !flat(q, pos, k)) return false;
    return true;
}

static bool cheap(const maker *m, int32_t pos)
{
    const tw__instr *i = &m->q->instr.at[pos];
    return m->f->of[pos] >= 0 && i->operand && i->op && i->op->traits & TW_CHEAP;
}

/* What making a value in group g takes: instructions to be copied, operands first, and whether a large value is read more. */
typedef struct recipe { int32_t n, pos[MOST_COPIES]; bool reads; } recipe;

static bool listed(const recipe *r, int32_t pos)
{
    for (int32_t k = 0; k < r->n; k++) if (r->pos[k] == pos) return true;
    return false;
}

/* Whether group g can do instruction pos for itself; adds to r what that takes. */
static bool can(const maker *m, int32_t pos, int32_t g, recipe *r, int depth)
{
    const tw__planner *q = m->q;
    const tw__instr *i = &q->instr.at[pos];
    if (!cheap(m, pos) || depth == MOST_COPIES) return false;
    for (int k = 0; k < i->call.n_in; k++) {
        const tw__use *u = &q->uses.at[pos][k];
        const tw__value *x = &q->val.at[u->val];
        if (x->kind == TW__NUM) continue;
        if (x->def >= 0 && (copied(m, x->def, g) >= 0 || listed(r, x->def))) {
            if (!flat(q, pos, k)) return false;
            continue;
        }
        if (x->bytes * 4 <= q->val.at[q->uses.at[pos][i->call.n_in].val].bytes) continue;
        if (!flat(q, pos, k)) return false;
        if (read_in(m, u->val, g)) continue;
        if (x->def >= 0 && kept(m, u->val) && !r->reads) {
            r->reads = true;
            continue;
        }
        if (x->def < 0 || x->kind != TW__SLAB || !can(m, x->def, g, r, depth + 1)) return false;
    }
    if (r->n == MOST_COPIES) return false;
    r->pos[r->n++] = pos;
    return true;
}

/* Group g's own operation, after those of its operands. */
static void make(maker *m, int32_t pos, int32_t g)
{
    tw__planner *q = m->q;
    const tw__instr *i = &q->instr.at[pos];
    const int32_t was = q->uses.at[pos][i->call.n_in].val;
    const copy c = { pos, g, tw__value_new(q, TW__SLAB, 0, q->val.at[was].bytes), m->first_copy[pos] };
    if (!q->ok || !TW__PUSH(q->cx, m->copies, c)) { q->ok = false; return; }
    m->first_copy[pos] = (int32_t)m->copies.n - 1;
    m->members[g]++;
}

/* Copies what makes v wherever it is read, or nothing. */
static void look_at(maker *m, int32_t v)
{
    const tw__groups *f = m->f;
    const tw__value *x = &m->q->val.at[v];
    const int32_t pos = x->def;
    if (x->kind != TW__SLAB || x->bytes < m->q->cx->again || pos < 0 || !cheap(m, pos)) return;
    bool outside = false;
    for (int32_t r = f->first[v]; r < f->first[v + 1]; r++) {
        const int32_t g = f->of[f->reader[r]];
        recipe how = { 0 };
        if (g == f->of[pos]) continue;
        if (g < 0 || !fits(m->q, f->reader[r], v) || (copied(m, pos, g) < 0 && !can(m, pos, g, &how, 0)) || m->members[g] + how.n > TW__MEMBERS) return;
        outside = true;
    }
    for (int32_t r = f->first[v]; outside && m->q->ok && r < f->first[v + 1]; r++) {
        const int32_t g = f->of[f->reader[r]];
        recipe how = { 0 };
        if (g == f->of[pos] || copied(m, pos, g) >= 0 || !can(m, pos, g, &how, 0)) continue;
        for (int32_t k = 0; k < how.n; k++) make(m, how.pos[k], g);
    }
}

/* ---- the instructions anew ---------------------------------------------------------------- */

/* Reads of what group g has copied are of its copies: those by instruction pos, in u. */
static void read_copies(const maker *m, int32_t pos, tw__use *u, int32_t g)
{
    for (int k = 0; g >= 0 && k < m->q->instr.at[pos].call.n_in; k++) {
        const int32_t def = m->q->val.at[u[k].val].def, c = def < 0 ? -1 : copied(m, def, g);
        if (c >= 0 && flat(m->q, pos, k) && m->q->uses.at[def][m->q->instr.at[def].call.n_in].val == u[k].val) u[k].val = m->copies.at[c].val;
    }
}

/* Copies of a group stand where its first member does. */
static void rebuild(maker *m)
{
    tw__planner *q = m->q;
    tw__groups *f = m->f;
    const int32_t n = f->n, all = n + (int32_t)m->copies.n;
    int32_t *of = tw__plan_borrow(q, ((size_t)all + 1) * sizeof *of), *chain = tw__plan_borrow(q, ((size_t)m->copies.n + 1) * sizeof *chain);
    int32_t *head = tw__plan_borrow(q, ((size_t)f->n_groups + 1) * sizeof *head), at = 0;
    tw__instr *instr = tw__plan_borrow(q, (size_t)all * sizeof *instr);
    tw__use **uses = tw__plan_borrow(q, (size_t)all * sizeof *uses);
    if (!q->ok || !TW__ROOM(q->cx, q->instr, m->copies.n) || !TW__ROOM(q->cx, q->uses, m->copies.n)) { q->ok = false; return; }
    for (int32_t k = (int32_t)m->copies.n - 1; k >= 0; k--) chain[k] = head[m->copies.at[k].g] - 1, head[m->copies.at[k].g] = k + 1;
    for (int32_t i = 0; i < n; i++) {
        const int32_t g = f->of[i];
        for (int32_t k = g < 0 ? -1 : head[g] - 1; k >= 0 && q->ok; k = chain[k]) {
            const copy *c = &m->copies.at[k];
            const int n_in = q->instr.at[c->of].call.n_in;
            uses[at] = tw__plan_borrow(q, ((size_t)n_in + 1) * sizeof **uses);
            if (!q->ok) return;
            memcpy(uses[at], q->uses.at[c->of], (size_t)n_in * sizeof **uses);
            uses[at][n_in] = (tw__use){ c->val, true, 0 };
            read_copies(m, c->of, uses[at], g);
            instr[at] = q->instr.at[c->of], of[at++] = g;
        }
        if (g >= 0) head[g] = 0;
        instr[at] = q->instr.at[i], uses[at] = q->uses.at[i], of[at++] = g;
    }
    for (int32_t i = 0; i < n; i++) read_copies(m, i, q->uses.at[i], f->of[i]);
    memcpy(q->instr.at, instr, (size_t)all * sizeof *instr);
    memcpy(q->uses.at, uses, (size_t)all * sizeof *uses);
    q->instr.n = q->uses.n = f->n = all, f->of = of;
    for (int32_t i = 0; i < all; i++)
        for (int k = 0; k < instr[i].call.n_out; k++) q->val.at[uses[i][instr[i].call.n_in + k].val].def = i;
}

void tw__again(tw__planner *q, tw__groups *f)
{
    maker m = { .q = q, .f = f };
    m.first_copy = tw__plan_borrow(q, ((size_t)f->n + 1) * sizeof *m.first_copy);
    m.members = tw__plan_borrow(q, ((size_t)f->n_groups + 1) * sizeof *m.members);
    if (!q->ok) return;
    for (int32_t i = 0; i < f->n; i++) {
        m.first_copy[i] = -1;
        if (f->of[i] >= 0) m.members[f->of[i]]++;
    }
    const int64_t n = q->val.n;
    for (int32_t v = 0; v < n && q->ok; v++) look_at(&m, v);
    if (q->ok && m.copies.n) rebuild(&m);
    tw_resize(q->cx, m.copies.at, (size_t)m.copies.room * sizeof *m.copies.at, 0);
}
