/* fuse.c - which instructions become one: groups that run as a program over tiles of rows.
 *
 * Instructions are looked at from the last to the first, so that each joins what reads it: work moves
 * towards its readers and few values cross between groups. An instruction may join a group if no path
 * leads from it to the group through anything outside, which would have to run between. For that each
 * open group keeps which others depend on it, as a set of bits, closed under "depends on"; there are 64
 * at once, and when they are used up the oldest is joined no more.
 *
 * A group has a number of rows. While all its values have the same number of elements that number is
 * not decided (0), and any split will do. A reduction over trailing axes, and the repeated use of its
 * result, decide it; small values of any sizes meet in groups of a single row.
 */
#include "core/planner_impl.h"

enum { SLOTS = 64, SMALL = 1024, LONG_ROW = 8192 };

typedef struct group {
    int64_t  count, rows;       /* of its largest value; 0: not decided */
    int32_t  members, merged;   /* merged: into which group; -1 */
    uint64_t bits, down;        /* its slots; the groups that depend on it */
    bool     open;
} group;

typedef struct fuser {
    tw__planner *q;
    int32_t  n;
    int32_t *of;                /* by instruction: its group or -1 */
    int32_t *first, *reader;    /* by value: where its readers begin; instructions */
    uint64_t *reach;            /* by instruction without group: the groups that depend on it */
    int32_t *near;              /* by value: the group of its earliest reader so far */
    tw_rows *rows;              /* by instruction: of kernels that work on rows; n = 0 otherwise */
    group   *group; int32_t n_groups;
    int32_t  slot[SLOTS], opened[SLOTS];        /* the group there, and at which instruction it opened */
    int32_t  small;             /* a group for what is small; -1 */
} fuser;

static int32_t root(const fuser *f, int32_t g)
{
    while (g >= 0 && f->group[g].merged >= 0) g = f->group[g].merged;
    return g;
}

/* ---- what depends on what ----------------------------------------------------------------- */

/* A set of slots, noted when instruction pos was looked at, as it is now: without those reused, with what depends on them. */
static uint64_t now(const fuser *f, uint64_t set, int32_t pos)
{
    uint64_t all = 0;
    for (; set; set &= set - 1) {
        const int b = __builtin_ctzll(set);
        if (f->slot[b] >= 0 && f->opened[b] >= pos) all |= f->group[root(f, f->slot[b])].bits | f->group[root(f, f->slot[b])].down;
    }
    return all;
}

static uint64_t below(const fuser *f, int32_t reader)
{
    const int32_t g = root(f, f->of[reader]);
    if (g < 0) return now(f, f->reach[reader], reader);
    const group *r = &f->group[g];
    return r->open ? r->bits | r->down : now(f, r->down, (int32_t)r->count);     /* closed: count holds the time */
}

/* What depends on instruction pos other than directly in group g. */
static uint64_t beyond(const fuser *f, int32_t pos, int32_t g)
{
    const tw__planner *q = f->q;
    const tw_call *c = &q->instr.at[pos].call;
    uint64_t set = 0;
    for (int k = 0; k < c->n_out; k++) {
        const int32_t v = q->uses.at[pos][c->n_in + k].val;
        for (int32_t r = f->first[v]; r < f->first[v + 1]; r++)
            if (g < 0 || root(f, f->of[f->reader[r]]) != g) set |= below(f, f->reader[r]);
    }
    return set;
}

static void depends(fuser *f, int32_t g, uint64_t set)
{
    group *x = &f->group[g];
    x->down |= set & ~x->bits;
    for (int b = 0; b < SLOTS; b++) {
        if (f->slot[b] < 0) continue;
        group *h = &f->group[root(f, f->slot[b])];
        if (h != x && h->down & x->bits) h->down |= (x->bits | x->down) & ~h->bits;
    }
}

static void shut(fuser *f, int32_t g, int32_t pos)
{
    uint64_t set = f->group[g].bits | f->group[g].down;
    for (int b = 0; b < SLOTS; b++) {
        if (!(set >> b & 1) || f->slot[b] < 0) continue;
        group *x = &f->group[root(f, f->slot[b])];
        x->open = false, x->count = pos, x->down = 0;
        f->slot[b] = -1;
    }
    for (int b = 0; b < SLOTS; b++)
        if (f->slot[b] >= 0) f->group[root(f, f->slot[b])].down &= ~set;
    if (f->small >= 0 && !f->group[root(f, f->small)].open) f->small = -1;
}

static int free_slot(fuser *f, int32_t pos)
{
    int oldest = 0;
    for (int b = 0; b < SLOTS; b++) {
        if (f->slot[b] < 0) return b;
        if (f->opened[b] > f->opened[oldest]) oldest = b;
    }
    shut(f, root(f, f->slot[oldest]), pos);
    return oldest;
}

/* ---- whether rows go together ------------------------------------------------------------- */

static int64_t count_of(const tw__instr *i) { return i->lines ? i->call.in[0].shape->count : i->call.out[0].shape->count; }

static int64_t longest(const fuser *f, int32_t pos)
{
    const tw_call *c = &f->q->instr.at[pos].call;
    int64_t most = count_of(&f->q->instr.at[pos]);
    for (int k = 0; k < c->n_in; k++) if (c->in[k].shape->count > most) most = c->in[k].shape->count;
    return most;
}

static bool fusable(const fuser *f, int32_t pos)
{
    const tw__instr *i = &f->q->instr.at[pos];
    if (!i->op || i->alone || i->call.n_out != 1 || i->checked || i->scratch || i->call.n_in > TW__STEP_IN || count_of(i) == 0) return false;
    if (i->operand) return i->call.n_in > 0;
    return f->rows[pos].n > 0 || (i->call.n_in == 0 && i->kernel && !i->op->work && i->op->traits & TW_LEAF && i->call.hi > 0);
}

/* How input k of a member reads: 0 element by element, or the rows that it repeats; -1: otherwise. */
static int64_t reads(const tw__planner *q, int32_t pos, int k)
{
    const tw__instr *i = &q->instr.at[pos];
    const tw__use *u = &q->uses.at[pos][k];
    tw__operand o;
    if (i->operand) o = i->operand[k];
    else tw__tiles_operand(&o, i->call.in[k].shape, i->call.in[k].strides, i->call.in[k].dtype);
    if (o.mode == TW__FLAT && u->whole) return 0;
    if (!i->operand || u->offset) return -1;
    if (o.mode == TW__SCALAR) return 1;
    return o.rank == 2 && o.strides[0] == 1 && o.strides[1] == 0 ? o.dims[0] : -1;
}

/* Whether members of g can read pos within a program of so many rows. */
static bool edges_fit(const fuser *f, int32_t pos, int32_t g, int64_t rows)
{
    const tw__planner *q = f->q;
    const tw__instr *i = &q->instr.at[pos];
    const int32_t v = q->uses.at[pos][i->call.n_in].val;
    for (int32_t r = f->first[v]; r < f->first[v + 1]; r++) {
        const int32_t reader = f->reader[r];
        if (root(f, f->of[reader]) != g) continue;
        for (int k = 0; k < q->instr.at[reader].call.n_in; k++) {
            if (q->uses.at[reader][k].val != v) continue;
            const int64_t how = reads(q, reader, k);
            if (how != 0 && rows != 1 && (how != rows || count_of(i) != rows)) return false;
        }
    }
    return true;
}

static bool short_enough(int64_t count, int64_t rows)
{
    return rows == 0 || (count % rows == 0 && count / rows <= (rows == 1 ? 4 * SMALL : LONG_ROW));
}

/* The rows of g if pos joins; -1: they do not go together. */
static int64_t rows_with(const fuser *f, int32_t pos, int32_t g)
{
    const tw__planner *q = f->q;
    const tw__instr *i = &q->instr.at[pos];
    const group *x = &f->group[g];
    int64_t rows = x->rows;
    if (rows == 0 && f->rows[pos].n) {
        rows = f->rows[pos].n;
    } else if (rows == 0 && count_of(i) != x->count) {
        const int32_t v = q->uses.at[pos][i->call.n_in].val;
        for (int32_t r = f->first[v]; r < f->first[v + 1] && rows == 0; r++)
            for (int k = 0; root(f, f->of[f->reader[r]]) == g && k < q->instr.at[f->reader[r]].call.n_in; k++)
                if (q->uses.at[f->reader[r]][k].val == v && reads(q, f->reader[r], k)) rows = count_of(i);
        if (rows == 0) return -1;
    }
    if (i->lines && rows != f->rows[pos].n) return -1;
    if (rows && (count_of(i) % rows || (f->rows[pos].n && f->rows[pos].n % rows))) return -1;
    if (!short_enough(x->count, rows) || !short_enough(longest(f, pos), rows)) return -1;
    return edges_fit(f, pos, g, rows) ? rows : -1;
}

/* The rows of both groups together; -1. */
static int64_t rows_of_both(const group *a, const group *b)
{
    if (a->rows == b->rows) return a->rows || a->count == b->count ? a->rows : -1;
    if (a->rows && b->rows) return -1;
    const group *open = a->rows ? b : a;
    const int64_t rows = a->rows + b->rows;
    return open->count % rows == 0 && short_enough(open->count, rows) ? rows : -1;
}

/* ---- joining ------------------------------------------------------------------------------ */

static void enter(fuser *f, int32_t pos, int32_t g)
{
    const tw__planner *q = f->q;
    f->of[pos] = g;
    f->group[g].members++;
    if (longest(f, pos) > f->group[g].count) f->group[g].count = longest(f, pos);
    for (int k = 0; k < q->instr.at[pos].call.n_in; k++) f->near[q->uses.at[pos][k].val] = g;
}

static bool join(fuser *f, int32_t pos, int32_t g)
{
    group *x = &f->group[g];
    if (!x->open || x->members >= TW__MEMBERS) return false;
    const int64_t rows = rows_with(f, pos, g);
    if (rows < 0) return false;
    const uint64_t set = beyond(f, pos, g);
    if (set & x->bits) return false;
    x->rows = rows;
    enter(f, pos, g);
    depends(f, g, set);
    return true;
}

static bool merge(fuser *f, int32_t a, int32_t b)
{
    group *x = &f->group[a], *y = &f->group[b];
    if (a == b || !x->open || !y->open || x->members + y->members > TW__MEMBERS) return false;
    if (x->down & y->bits || y->down & x->bits) return false;
    const int64_t rows = rows_of_both(x, y);
    if (rows < 0) return false;
    x->rows = rows, x->bits |= y->bits, x->members += y->members;
    if (y->count > x->count) x->count = y->count;
    y->merged = a, y->open = false;
    depends(f, a, y->down);
    return true;
}

static void begin(fuser *f, int32_t pos)
{
    const int b = free_slot(f, pos);
    const int32_t g = f->n_groups++;
    f->group[g] = (group){ .count = count_of(&f->q->instr.at[pos]), .rows = f->rows[pos].n, .merged = -1, .bits = 1ull << b, .open = true };
    f->slot[b] = g, f->opened[b] = pos;
    const uint64_t set = beyond(f, pos, -1);
    enter(f, pos, g);
    depends(f, g, set & ~f->group[g].bits);
}

/* Groups that pos might join: those of its readers, then those that read what it reads. */
static int candidates(const fuser *f, int32_t pos, int32_t *found, int most, bool readers)
{
    const tw__planner *q = f->q;
    const tw_call *c = &q->instr.at[pos].call;
    int n = 0;
    const int32_t v = q->uses.at[pos][c->n_in].val;
    for (int32_t r = f->first[v]; readers && r < f->first[v + 1] && n < most; r++) {
        const int32_t g = root(f, f->of[f->reader[r]]);
        bool known = g < 0;
        for (int k = 0; k < n; k++) known |= found[k] == g;
        if (!known) found[n++] = g;
    }
    for (int k = 0; !readers && k < c->n_in && n < most; k++) {
        const int32_t u = q->uses.at[pos][k].val, g = root(f, f->near[u]);
        if (g >= 0 && q->val.at[u].kind != TW__NUM) found[n++] = g;
    }
    return n;
}

static void look_at(fuser *f, int32_t pos)
{
    int32_t found[16];
    if (!fusable(f, pos)) {
        f->reach[pos] = beyond(f, pos, -1);
        return;
    }
    int n = candidates(f, pos, found, 16, true);
    for (int a = 0; a < n; a++)
        for (int b = a + 1; b < n; b++)
            if (edges_fit(f, pos, root(f, found[a]), f->group[root(f, found[a])].rows) && edges_fit(f, pos, root(f, found[b]), f->group[root(f, found[a])].rows))
                merge(f, root(f, found[a]), root(f, found[b]));
    for (int a = 0; a < n && f->of[pos] < 0; a++) join(f, pos, root(f, found[a]));
    n = f->q->barriers ? 0 : candidates(f, pos, found, 16, false);      /* work that waits must not join what came before */
    for (int a = 0; a < n; a++) {
        if (f->of[pos] < 0) join(f, pos, root(f, found[a]));
        else merge(f, root(f, f->of[pos]), root(f, found[a]));
    }
    const bool small = longest(f, pos) <= SMALL && !f->q->barriers;
    if (f->of[pos] < 0 && small && f->small >= 0) join(f, pos, root(f, f->small));
    if (f->of[pos] < 0) begin(f, pos);
    group *x = &f->group[root(f, f->of[pos])];
    if (small && f->small < 0 && x->open && x->count <= SMALL && x->rows <= 1) x->rows = 1, f->small = f->of[pos];
}

/* ---- the new order ------------------------------------------------------------------------ */

/* Instructions by their groups, in order. */
typedef struct units { int32_t n, *unit, *first, *member; bool *done; } units;

static bool gather_units(fuser *f, units *u)
{
    tw__planner *q = f->q;
    int32_t *of_group = tw__plan_borrow(q, ((size_t)f->n_groups + 1) * sizeof *of_group);
    u->unit = tw__plan_borrow(q, (size_t)f->n * sizeof *u->unit);
    u->first = tw__plan_borrow(q, ((size_t)f->n + 2) * sizeof *u->first);
    u->member = tw__plan_borrow(q, (size_t)f->n * sizeof *u->member);
    u->done = tw__plan_borrow(q, (size_t)f->n + 1);
    if (!q->ok) return false;
    for (int32_t i = f->n - 1; i >= 0; i--) {           /* a unit's number: by its last member */
        const int32_t g = root(f, f->of[i]);
        if (g >= 0 && of_group[g]) u->unit[i] = of_group[g] - 1;
        else u->unit[i] = u->n++;
        if (g >= 0) of_group[g] = u->unit[i] + 1;
    }
    for (int32_t i = 0; i < f->n; i++) u->unit[i] = u->n - 1 - u->unit[i], u->first[u->unit[i] + 2]++;
    for (int32_t k = 2; k <= u->n + 1; k++) u->first[k] += u->first[k - 1];
    for (int32_t i = 0; i < f->n; i++) u->member[u->first[u->unit[i] + 1]++] = i;
    return true;
}

/* Units in the order of their last members, but each after those that it reads. False: there is a circle. */
static bool sort_units(fuser *f, const units *u, int32_t *order)
{
    const tw__planner *q = f->q;
    int32_t n = 0, depth = 0, *stack = tw__plan_borrow(f->q, ((size_t)u->n + 1) * sizeof *stack), *at = tw__plan_borrow(f->q, ((size_t)u->n + 1) * sizeof *at);
    bool *open = tw__plan_borrow(f->q, (size_t)u->n + 1);
    if (!q->ok) return false;
    for (int32_t k = 0; k < u->n; k++) {
        if (u->done[k]) continue;
        stack[depth++] = k, open[k] = true;
        while (depth) {
            const int32_t x = stack[depth - 1];
            int32_t next = -1;
            for (; at[x] < u->first[x + 1] - u->first[x] && next < 0; at[x] += next < 0) {
                const int32_t i = u->member[u->first[x] + at[x]];
                for (int j = 0; j < q->instr.at[i].call.n_in && next < 0; j++) {
                    const int32_t def = q->val.at[q->uses.at[i][j].val].def;
                    if (def >= 0 && u->unit[def] != x && !u->done[u->unit[def]]) next = u->unit[def];
                }
            }
            if (next >= 0) {
                if (open[next]) return false;
                stack[depth++] = next, open[next] = true;
            } else {
                u->done[x] = true, order[n++] = x, depth--;
            }
        }
    }
    return true;
}

static void share(fuser *f, const units *u)
{
    tw__planner *q = f->q;
    for (int64_t v = 0; v < q->val.n; v++) q->val.at[v].shared = q->val.at[v].kind == TW__OUT;
    for (int32_t i = 0; i < f->n; i++)
        for (int k = 0; k < q->instr.at[i].call.n_in; k++) {
            tw__value *v = &q->val.at[q->uses.at[i][k].val];
            v->shared |= v->def >= 0 && u->unit[v->def] != u->unit[i];
        }
}

/* The instructions anew: programs for groups, the rest as it was, lifetimes by the new order. */
static void rebuild(fuser *f, const units *u, const int32_t *order)
{
    tw__planner *q = f->q;
    tw__instr *instr = tw__plan_borrow(q, (size_t)u->n * sizeof *instr);
    tw__use **uses = tw__plan_borrow(q, (size_t)u->n * sizeof *uses);
    for (int32_t k = 0; q->ok && k < u->n; k++) {
        const int32_t x = order[k], members = u->first[x + 1] - u->first[x], *at = u->member + u->first[x];
        if (members > 1 || (q->instr.at[at[0]].lines && f->of[at[0]] >= 0)) {
            const group *g = &f->group[root(f, f->of[at[0]])];
            int64_t rows = g->rows;
            if (rows == 0) rows = count_of(&q->instr.at[at[0]]);
            tw__program_make(q, members, at, rows, &instr[k], &uses[k]);
        } else {
            instr[k] = q->instr.at[at[0]], uses[k] = q->uses.at[at[0]];
        }
    }
    if (!q->ok) return;
    q->instr.n = q->uses.n = u->n;
    memcpy(q->instr.at, instr, (size_t)u->n * sizeof *instr);
    memcpy(q->uses.at, uses, (size_t)u->n * sizeof *uses);
    for (int64_t v = 0; v < q->val.n; v++) q->val.at[v].def = q->val.at[v].last = -1;
    for (int32_t k = 0; k < u->n; k++) {
        const tw__instr *i = &instr[k];
        for (int j = 0; j < i->call.n_in; j++) q->val.at[uses[k][j].val].last = k;
        for (int j = 0; j < i->call.n_out + (i->scratch > 0); j++) {
            tw__value *v = &q->val.at[uses[k][i->call.n_in + j].val];
            v->def = v->last = k;
        }
    }
}

/* ---- all of it ---------------------------------------------------------------------------- */

static bool find_readers(fuser *f)
{
    tw__planner *q = f->q;
    f->first = tw__plan_borrow(q, ((size_t)q->val.n + 2) * sizeof *f->first);
    if (!q->ok) return false;
    for (int32_t i = 0; i < f->n; i++)
        for (int k = 0; k < q->instr.at[i].call.n_in; k++) f->first[q->uses.at[i][k].val + 2]++;
    for (int64_t v = 2; v <= q->val.n + 1; v++) f->first[v] += f->first[v - 1];
    f->reader = tw__plan_borrow(q, ((size_t)f->first[q->val.n + 1] + 1) * sizeof *f->reader);
    for (int32_t i = 0; q->ok && i < f->n; i++)
        for (int k = 0; k < q->instr.at[i].call.n_in; k++) f->reader[f->first[q->uses.at[i][k].val + 1]++] = i;
    return q->ok;
}

static bool prepare(fuser *f)
{
    tw__planner *q = f->q;
    const size_t n = (size_t)f->n + 1;
    f->of = tw__plan_borrow(q, n * sizeof *f->of);
    f->reach = tw__plan_borrow(q, n * sizeof *f->reach);
    f->rows = tw__plan_borrow(q, n * sizeof *f->rows);
    f->group = tw__plan_borrow(q, n * sizeof *f->group);
    f->near = tw__plan_borrow(q, ((size_t)q->val.n + 1) * sizeof *f->near);
    if (!q->ok || !find_readers(f)) return false;
    memset(f->of, 0xff, n * sizeof *f->of);
    memset(f->near, 0xff, (size_t)q->val.n * sizeof *f->near);
    memset(f->slot, 0xff, sizeof f->slot);
    f->small = -1;
    for (int32_t i = 0; i < f->n; i++) {
        const tw__instr *t = &q->instr.at[i];
        tw_rows r = { 0 };
        if (t->op && t->op->rows && t->op->rows(q->cx->by_id[q->s->log_first + t->rel], &r) && r.n > 0) f->rows[i] = r;
    }
    return true;
}

void tw__fuse(tw__planner *q)
{
    fuser f = { .q = q, .n = (int32_t)q->instr.n };
    units u = { 0 };
    if (f.n < 2 || !prepare(&f)) return;
    for (int32_t pos = f.n - 1; pos >= 0; pos--) look_at(&f, pos);
    for (int32_t pos = 0; pos < f.n; pos++) f.of[pos] = root(&f, f.of[pos]);
    if (!q->barriers) {         /* what waits at one must not keep more alive */
        tw__groups all = { f.n, f.n_groups, f.of, f.first, f.reader };
        tw__again(q, &all);
        f.n = all.n, f.of = all.of;
    }
    int32_t *order = tw__plan_borrow(q, ((size_t)f.n + 1) * sizeof *order);
    if (!q->ok || !gather_units(&f, &u) || !sort_units(&f, &u, order)) return;
    share(&f, &u);
    rebuild(&f, &u, order);
}
