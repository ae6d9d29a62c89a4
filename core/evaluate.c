/* evaluate.c - what an evaluation runs: the nodes behind what was asked for, as a plan.
 *
 * A scope's log holds what was built since the last evaluation. If an equal log with the same
 * questions has been planned from an equal state, its plan is run again and nothing is walked.
 * Otherwise the reachable nodes are collected by one descending sweep over ids, and planned. Graphs
 * of very many nodes run in windows of consecutive ids, each planned for itself and not kept.
 */
#include "core/plan_impl.h"
#include <stdlib.h>
#include <string.h>

enum { MANY = 100000 };

typedef TW__VEC(tw_node *) nodes;

typedef struct job {
    tw_ctx *cx;
    nodes   roots;
    nodes   list;               /* ascending */
    nodes   leaves;             /* given ones from before the log began, until they are in the list */
    uint8_t *need;              /* by id: will run later, with what it reads beyond the list that is not kept */
    int32_t low;                /* the first id that has a need */
    const uint8_t *cross;       /* by id: a later window reads it; windows only */
    bool    assigns;            /* the pending assignments run, and all that is wanted */
    int64_t upto;               /* so many of them */
    bool    ok;
} job;

#define DROP(cx, v) tw_resize((cx), (v).at, (size_t)(v).room * sizeof *(v).at, 0)

static void root(job *j, tw_node *n) { if (!(n->flags & TW_N_REALISED)) j->ok = j->ok && TW__PUSH(j->cx, j->roots, n); }

static void root_effects(job *j)
{
    tw_ctx *cx = j->cx;
    for (int64_t i = 0; i < j->upto; i++) root(j, cx->pending.at[i]);
    for (int64_t i = 0; i < cx->wanted.n; i++) root(j, cx->wanted.at[i]);
    for (int d = 1; d <= cx->depth; d++)
        for (int64_t i = 0; i < cx->scope[d].kept.n; i++) root(j, cx->scope[d].kept.at[i]);
}

/* Reads of versions that come and go within this evaluation: readers that do not run now will want them. */
static void root_passing(job *j)
{
    tw_ctx *cx = j->cx;
    bool any = false;
    for (int64_t i = 0; i < j->upto; i++) any |= ++tw__cell_of(cx->pending.at[i])->mark > 1;
    for (int32_t id = any ? cx->pending.at[0]->id + 1 : cx->next_id; id < cx->next_id; id++) {
        tw_node *r = cx->by_id[id];
        if (tw__pending_read(r) && tw__cell_of(r)->mark > 1) root(j, r);
    }
    for (int64_t i = 0; i < j->upto; i++) tw__cell_of(cx->pending.at[i])->mark = 0;
}

static int64_t pending_index(const tw_ctx *cx, const tw_node *assign)
{
    for (int64_t i = 0; i < cx->pending.n; i++) if (cx->pending.at[i] == assign) return i;
    return -1;
}

static int older(const void *a, const void *b)
{
    const int32_t p = (*(tw_node *const *)a)->id, q = (*(tw_node *const *)b)->id;
    return p < q ? -1 : p > q;
}

/* Leaves from before the log began are noted at once: the sweep need not go on until it meets them. */
static bool is_old_leaf(const tw_ctx *cx, const tw_node *n) { return n->id < cx->scope[cx->depth].log_first && tw__given(n); }

static void reach(job *j, tw_node *n, int32_t *open)
{
    tw_ctx *cx = j->cx;
    if (cx->mark[n->id]) return;
    const bool old = is_old_leaf(cx, n);
    if (old && !TW__PUSH(cx, j->leaves, n)) { j->ok = false; return; }
    cx->mark[n->id] = 1;
    *open += !old;
}

/* The list, which is descending, ascending and with the leaves. */
static void arrange(job *j)
{
    for (int64_t a = 0, b = j->list.n - 1; a < b; a++, b--) {
        tw_node *t = j->list.at[a];
        j->list.at[a] = j->list.at[b], j->list.at[b] = t;
    }
    if (!TW__ROOM(j->cx, j->list, j->leaves.n)) {
        for (int64_t i = 0; i < j->leaves.n; i++) j->cx->mark[j->leaves.at[i]->id] = 0;
        j->ok = false;
        return;
    }
    if (j->leaves.n > 1) qsort(j->leaves.at, (size_t)j->leaves.n, sizeof *j->leaves.at, older);
    int64_t a = j->list.n - 1, b = j->leaves.n - 1;
    for (int64_t k = j->list.n += j->leaves.n; b >= 0; )
        j->list.at[--k] = a >= 0 && older(&j->list.at[a], &j->leaves.at[b]) > 0 ? j->list.at[a--] : j->leaves.at[b--];
}

static void unmark(job *j)
{
    for (int64_t i = 0; i < j->list.n; i++) j->cx->mark[j->list.at[i]->id] = 0;
}

/* Marks and lists what the roots need. Returns the assignment that a read turned out to need, or NULL. */
static tw_node *collect(job *j, bool follow)
{
    tw_ctx *cx = j->cx;
    int32_t open = 0, id = -1;
    tw_node *needed = NULL;
    j->list.n = j->leaves.n = 0;
    for (int64_t i = 0; i < j->roots.n; i++) {
        reach(j, j->roots.at[i], &open);
        if (j->roots.at[i]->id > id) id = j->roots.at[i]->id;
    }
    for (; open > 0 && id >= 0; id--) {
        if (!cx->mark[id] || is_old_leaf(cx, cx->by_id[id])) continue;
        tw_node *n = cx->by_id[id];
        open--;
        if (!TW__PUSH(cx, j->list, n)) { cx->mark[id] = 0; j->ok = false; continue; }
        if (tw__given(n)) continue;
        if (tw__pending_read(n)) {
            tw_node *assign = n->in[0];
            if (follow && (!j->assigns || pending_index(cx, assign) >= j->upto)) needed = needed ? needed : assign;
            if (follow) reach(j, assign, &open);
            reach(j, assign->in[0], &open);
            continue;
        }
        for (int k = 0; k < n->n_in; k++) reach(j, tw_inputs(n)[k], &open);
    }
    arrange(j);
    return needed;
}

/* ---- what outlives the plan --------------------------------------------------------------- */

static bool is_view(const tw_node *n) { return tw__identity(n) || n->op->view; }

static void keep_for(job *j, uint8_t *want, const tw_node *reader, bool deeper_only)
{
    tw_ctx *cx = j->cx;
    for (int k = 0; k < reader->n_in; k++) {
        const tw_node *x = tw_inputs(reader)[k];
        if (cx->mark[x->id] && (!deeper_only || x->depth < reader->depth) && !want[cx->index[x->id]]) want[cx->index[x->id]] = 2;
    }
}

/* What has not run and is not in the list; and what has run but left no bytes that such nodes could read. Of ids
 * below cx->settled all have run, so what does not reach there from above costs nothing. */
static void find_needs(job *j)
{
    tw_ctx *cx = j->cx;
    int32_t open = 0, settled = cx->next_id;        /* open: needs below id */
    j->low = cx->next_id;
    memset(j->need, 0, (size_t)cx->next_id);
    for (int32_t id = cx->next_id - 1; id >= 0 && (open > 0 || id >= cx->settled); id--) {
        const tw_node *y = cx->by_id[id];
        open -= j->need[id];
        const bool leaf = tw__given(y) || !y->n_in, runs = !leaf && !(y->flags & (TW_N_EXECUTED | TW_N_DEAD));
        if (runs) settled = id;
        j->need[id] = !leaf && !cx->mark[id] && (runs || j->need[id]);
        if (!j->need[id]) continue;
        j->low = id;
        for (int k = 0; k < y->n_in; k++) {
            uint8_t *x = &j->need[tw_inputs(y)[k]->id];
            open += !*x, *x = 1;
        }
    }
    cx->settled = settled;
}

/* 1: asked for, wanted or kept. 2: has readers that have not run and are not in the list, or in a deeper scope. */
static void outlive(job *j, uint8_t *want, int64_t n_asked, tw_node *const *asked)
{
    tw_ctx *cx = j->cx;
    const int64_t n = j->list.n;
    for (int64_t i = 0; i < n; i++) cx->index[j->list.at[i]->id] = (int32_t)i;
    for (int64_t i = 0; i < n_asked; i++)
        if (cx->mark[asked[i]->id]) want[cx->index[asked[i]->id]] = 1;
    for (int64_t i = 0; i < n; i++) {
        const tw_node *y = j->list.at[i];
        if ((y->flags & TW_N_WANTED && !tw__given(y)) || y->op == &tw_op_keep) want[i] = 1;
        if (cx->window == 1 && !is_view(y) && y->op != &tw_op_assign && !want[i] && y->op->outputs <= 1) want[i] = 2;
        if (!tw__given(y)) keep_for(j, want, y, true);
        for (int k = 0; y->op->outputs > 1 && k < y->op->outputs; k++)
            if (cx->window == 1 && cx->mark[y->id + 1 + k]) want[cx->index[y->id + 1 + k]] = 2;
    }
    for (int64_t i = 0; j->cross && i < n; i++)
        if (!want[i] && j->cross[j->list.at[i]->id]) want[i] = 2;
    const int32_t first = n && cx->window > 1 && !j->cross ? j->list.at[0]->id + 1 : cx->next_id;
    for (int32_t id = first > j->low ? first : j->low; id < cx->next_id; id++)
        if (j->need[id]) keep_for(j, want, cx->by_id[id], false);
    for (int64_t i = n - 1; i >= 0; i--) {      /* a view is free to make again: what it looks at is kept */
        const tw_node *y = j->list.at[i];
        if (want[i] != 2) continue;
        if (is_view(y) && !tw__given(y)) {
            want[i] = 0;
            keep_for(j, want, y, false);
        } else if (y->op->outputs > 1) {
            want[i] = 0;
        }
    }
}

/* Reads of the versions that this plan overwrites, wherever they are, that readers outside still need. */
static bool hold(job *j, tw_plan *p)
{
    tw_ctx *cx = j->cx;
    TW__VEC(int32_t) held = { 0 };
    const int32_t first = cx->scope[cx->depth].log_first;
    bool ok = true;
    for (int32_t k = 0; k < p->n_commit; k++) p->commit[k].cell->mark = 1;
    for (int32_t id = j->low; ok && p->n_commit && id < cx->next_id; id++) {
        const tw_node *y = cx->by_id[id];
        if (!j->need[id]) continue;
        for (int k = 0; ok && k < y->n_in; k++) {
            tw_node *r = tw_inputs(y)[k];
            if (r->op != &tw_op_read || !tw__given(r) || r->flags & TW_N_REALISED || !tw__cell_of(r)->mark) continue;
            ok = TW__PUSH(cx, held, r->id - first);
            p->needs_prev |= r->id < first;
            p->regular &= r->depth == cx->depth;
        }
    }
    for (int32_t k = 0; k < p->n_commit; k++) p->commit[k].cell->mark = 0;
    if (ok && held.n) {
        p->retain = tw__arena_take(cx, &p->memory, (size_t)held.n * sizeof *p->retain);
        if ((ok = p->retain != NULL)) memcpy(p->retain, held.at, (size_t)held.n * sizeof *p->retain), p->n_retain = (int32_t)held.n;
    }
    DROP(cx, held);
    return ok;
}

static void twice(job *j)
{
    for (int64_t i = 0; i < j->list.n; i++) {
        const tw_node *y = j->list.at[i];
        if (!(y->flags & TW_N_EXECUTED) || tw__given(y) || is_view(y) || y->op == &tw_op_read || y->op->outputs > 1 || y->op == &tw_op_project) continue;
        tw_advise(j->cx, &j->cx->said_twice, y->op->name, y->at,
                  "this runs a second time: build gradients before a value is read, or tw_want what is read later");
        return;
    }
}

/* Collects, plans and runs once. The plan is the caller's. */
static tw_plan *plan_and_run(job *j, int64_t n_asked, tw_node *const *asked, bool *ran)
{
    tw_ctx *cx = j->cx;
    uint8_t *want = NULL;
    tw_plan *p = NULL;
    const bool needs = !j->cross && (cx->window > 1 || j->assigns);
    const size_t size = (size_t)j->list.n + 1 + (needs ? (size_t)cx->next_id : 0);
    *ran = false;
    if (j->ok && (want = tw_resize(cx, NULL, 0, size))) {
        memset(want, 0, (size_t)j->list.n + 1);
        j->need = want + j->list.n + 1;
        j->low = cx->next_id;
        if (needs) find_needs(j);
        outlive(j, want, n_asked, asked);
        twice(j);
        p = tw__plan_new(cx, (int32_t)j->list.n, j->list.at, want);
        if (p && !hold(j, p)) tw__plan_free(cx, p), p = NULL;
    }
    unmark(j);
    if (want) tw_resize(cx, want, size, 0);
    if (p) *ran = tw__plan_run(cx, p, cx->scope[cx->depth].log_first);
    return p;
}

/* ---- windows ------------------------------------------------------------------------------ */

/* What runs as a node of some window; views and assignments are made where they are read, or at the end. */
static bool of_window(const tw_node *y) { return !tw__given(y) && y->op != &tw_op_assign && !is_view(y) && !tw__pending_read(y); }

/* The end of the window that starts with list[a]: outputs stay with what computes them. */
static int64_t window_end(const job *j, int64_t a)
{
    int64_t n = 0;
    for (; a < j->list.n && (n < j->cx->window || j->list.at[a]->op == &tw_op_project); a++) n += of_window(j->list.at[a]);
    return a;
}

static void read_in(int32_t *last, const tw_node *x, int32_t window) { if (window > last[x->id]) last[x->id] = window; }

/* Marks in cross what nodes of a later window read, or nodes outside of the list; one pass over ids. In wins: room for two numbers an id. */
static void find_crossings(job *j, int64_t n_asked, tw_node *const *asked, uint8_t *cross, int32_t *wins)
{
    enum { NONE = -1, END = INT32_MAX - 1, OUTSIDE = INT32_MAX };
    tw_ctx *cx = j->cx;
    int32_t *own = wins, *last = wins + cx->next_id, window = 0;
    j->need = cross;
    find_needs(j);
    for (int32_t id = 0; id < cx->next_id; id++) own[id] = last[id] = NONE;
    for (int64_t a = 0; a < j->list.n; window++)
        for (const int64_t end = window_end(j, a); a < end; a++) if (of_window(j->list.at[a])) own[j->list.at[a]->id] = window;
    for (int64_t i = 0; i < n_asked; i++) read_in(last, asked[i], END);
    for (int32_t id = cx->next_id - 1; id >= 0; id--) {
        const tw_node *y = cx->by_id[id];
        const bool listed = cx->mark[id];
        if (listed ? tw__given(y) : !j->need[id]) continue;
        if (y->op == &tw_op_assign || y->op == &tw_op_keep || y->flags & TW_N_WANTED) read_in(last, y, END);
        const int32_t by = !listed ? OUTSIDE : own[id] == NONE ? last[id] : own[id];
        for (int k = 0; by != NONE && k < y->n_in; k++) read_in(last, tw__pending_read(y) ? tw_inputs(y->in[0])[0] : tw_inputs(y)[k], by);
    }
    for (int32_t id = 0; id < cx->next_id; id++) cross[id] = own[id] != NONE && last[id] > own[id];
}

static void list(job *w, tw_node *n)
{
    if (w->cx->mark[n->id]) return;
    if (TW__PUSH(w->cx, w->list, n)) w->cx->mark[n->id] = 1;
    else w->ok = false;
}

/* The roots, the views that they read, and the values, of earlier windows or given, that those look at. */
static void collect_window(job *w)
{
    w->list.n = 0;
    for (int64_t i = 0; i < w->roots.n; i++) list(w, w->roots.at[i]);
    for (int64_t i = 0; i < w->list.n && w->ok; i++) {
        tw_node *n = w->list.at[i];
        if (tw__given(n)) continue;
        if (tw__pending_read(n)) { list(w, n->in[0]->in[0]); continue; }
        for (int k = 0; k < n->n_in; k++) list(w, tw_inputs(n)[k]);
    }
    qsort(w->list.at, (size_t)w->list.n, sizeof *w->list.at, older);
}

/* All but the assignments, a window of nodes after the other: what later ones read stays realised. */
static bool in_windows(job *j, int64_t n_asked, tw_node *const *asked)
{
    tw_ctx *cx = j->cx;
    const size_t size = (size_t)cx->next_id * (2 * sizeof(int32_t) + 1);
    int32_t *wins = tw_resize(cx, NULL, 0, size);
    uint8_t *cross = (uint8_t *)(wins + 2 * (size_t)cx->next_id);
    job w = { .cx = cx, .ok = wins != NULL, .cross = cross };
    bool ok = w.ok;
    if (ok) find_crossings(j, n_asked, asked, cross, wins);
    unmark(j);
    for (int64_t a = 0; ok && a < j->list.n; ) {
        w.roots.n = 0;
        for (const int64_t end = window_end(j, a); a < end; a++) if (of_window(j->list.at[a])) root(&w, j->list.at[a]);
        if (!w.ok || w.roots.n == 0) continue;
        collect_window(&w);
        tw_plan *p = plan_and_run(&w, n_asked, asked, &ok);
        tw__plan_free(cx, p);
    }
    DROP(cx, w.roots);
    DROP(cx, w.list);
    if (wins) tw_resize(cx, wins, size, 0);
    return ok && w.ok;
}

/* ---- the key ------------------------------------------------------------------------------ */

static bool all_here(const tw_ctx *cx)
{
    for (int64_t i = 0; i < cx->pending.n; i++) if (cx->pending.at[i]->depth != cx->depth) return false;
    for (int64_t i = 0; i < cx->wanted.n; i++) if (cx->wanted.at[i]->depth != cx->depth) return false;
    for (int d = 1; d < cx->depth; d++) if (cx->scope[d].kept.n) return false;
    return true;
}

static bool ask(tw_ctx *cx, tw__scope *s, int n, tw_node *const *asked, bool effects)
{
    if (!TW__ROOM(cx, s->log, 3 + n)) return false;
    s->log.at[s->log.n++] = TW__EV_EVAL;
    s->log.at[s->log.n++] = (uint64_t)effects | (uint64_t)cx->args.trap_nonfinite << 1 | (uint64_t)n << 8;
    s->log.at[s->log.n++] = (uint64_t)cx->pending.n | (uint64_t)cx->wanted.n << 32;
    for (int i = 0; i < n; i++)
        s->log.at[s->log.n++] = asked[i]->id >= s->first ? (uint64_t)(cx->next_id - asked[i]->id) : 1ull << 40 | (uint64_t)asked[i]->id;
    return true;
}

/* After an evaluation the log starts anew; what it did to outer scopes makes theirs unlike any other. */
static void settle(tw_ctx *cx, const tw_plan *p, bool known)
{
    tw__scope *s = &cx->scope[cx->depth];
    s->log.n = 0, s->log_first = cx->next_id;
    s->prev = known ? p->uid : ~cx->accidents++;
    if (p && p->regular) return;
    for (int d = 0; d < cx->depth; d++) tw__log_word2(cx, d, TW__EV_NONCE, cx->accidents++);
}

static void forget_pending(tw_ctx *cx, int64_t upto)
{
    if (upto) memmove(cx->pending.at, cx->pending.at + upto, (size_t)(cx->pending.n - upto) * sizeof *cx->pending.at);
    cx->pending.n -= upto;
    for (int64_t i = 0; i < cx->wanted.n; i++) cx->wanted.at[i]->flags &= (uint8_t)~TW_N_WANTED;
    cx->wanted.n = 0;
}

static bool walk(job *j, int n, tw_node *const *asked, bool effects, tw_plan **plan)
{
    tw_ctx *cx = j->cx;
    bool ran = false;
    j->assigns = effects, j->upto = effects ? cx->pending.n : 0;
    for (;;) {
        j->roots.n = 0;
        for (int i = 0; i < n; i++) root(j, asked[i]);
        if (j->assigns) root_effects(j), root_passing(j);
        tw_node *needed = collect(j, true);
        if (!needed || !j->ok) break;
        unmark(j);
        const int64_t k = pending_index(cx, needed);
        if (k < 0) return tw_fail(cx, TW_ESPENT, "read", needed->at, "the assignment of this line was dropped by an error"), false;
        j->assigns = true, j->upto = k + 1;
    }
    if (j->ok && (j->list.n > MANY || cx->window == 1)) {
        if (!in_windows(j, n, asked)) return false;
        collect(j, true);
    }
    *plan = plan_and_run(j, n, asked, &ran);
    return ran;
}

static bool evaluate(tw_ctx *cx, int n, tw_node *const *asked, bool effects)
{
    tw__scope *s = &cx->scope[cx->depth];
    bool given = !effects;
    for (int i = 0; given && i < n; i++) given = asked[i]->flags & TW_N_REALISED;
    if (!tw_ok(cx)) return false;
    if (given) return true;
    if (!ask(cx, s, n, asked, effects)) return false;
    const bool usual = cx->cache_plans && all_here(cx);
    tw_plan *p = usual ? tw__plan_find(cx, s) : NULL;
    bool ok;
    if (p) {
        cx->hits++, cx->missed = 0;
        const int64_t assigns = p->n_commit;
        ok = tw__plan_run(cx, p, s->log_first);
        if (ok && (assigns || effects)) forget_pending(cx, assigns);
        if (ok) tw__plan_follows(s, p);
        cx->last_plan = p;
        settle(cx, p, ok);
        return ok;
    }
    if (usual) tw__missed(cx, s, s->hint);
    job j = { .cx = cx, .ok = true };
    ok = walk(&j, n, asked, effects, &p);
    const bool keep = ok && usual && p && p->regular && j.list.n <= MANY;
    if (ok && j.assigns) forget_pending(cx, j.upto);
    DROP(cx, j.roots);
    DROP(cx, j.list);
    DROP(cx, j.leaves);
    const bool kept = keep && tw__plan_keep(cx, s, p);
    if (usual && keep) cx->misses++;
    else cx->uncached++;
    if (kept) tw__plan_follows(s, p);
    settle(cx, p, kept);
    if (!kept) tw__plan_free(cx, p);
    return ok && tw_ok(cx);
}

bool tw__evaluate(tw_ctx *cx, const tw_loc *at, int n, tw_node *const *asked, bool effects)
{
    if (!tw__enter(cx, at)) return false;
    const bool ok = evaluate(cx, n, asked, effects);
    tw__leave_ctx(cx, "evaluate");
    return ok && tw_ok(cx);
}
