/* scope.c - scopes: where nodes live and when they die; what outlives them; what is wanted.
 *
 * Leaving runs what is pending in the scope and what was kept, then drops its nodes at once. The
 * memory of a depth alternates between two halves, so that a node of the iteration before still
 * has its id and is recognised as stale: by_id[n->id] is another node by then.
 */
#include "core/ctx_impl.h"
#include <string.h>

tw_scope tw_scope_enter(tw_ctx *cx)
{
    if (!cx || cx->dead) return (tw_scope){ &tw__dead, 0 };
    if (cx->depth == TW__MAX_DEPTH) {
        tw_fail(cx, TW_ESCOPE, "scope", NULL, "scopes nest deeper than %d", TW__MAX_DEPTH);
        return (tw_scope){ cx, TW__MAX_DEPTH + 1 };
    }
    tw__scope *s = &cx->scope[++cx->depth];
    s->now = !s->now;
    tw__arena_reset(cx, &s->half[s->now]);
    s->first = s->log_first = cx->next_id;
    s->log.n = 0;
    s->prev = 0;                        /* a fresh scope: every visit starts from the same state */
    s->hint = s->first_plan, s->last = NULL;
    s->begun = s->piled = false;
    s->realised.n = s->kept.n = 0;
    return (tw_scope){ cx, cx->depth };
}

/* A kept node becomes a leaf of the parent, numbered as if it had been built there. */
static void hand_over(tw_ctx *cx, tw__scope *s)
{
    cx->next_id = s->first;
    if (cx->settled > s->first) cx->settled = s->first;
    for (int64_t i = 0; i < s->kept.n; i++) {
        tw_node *k = s->kept.at[i];
        k->id = cx->next_id;
        k->n_in = 0, k->flags &= TW_N_REALISED | TW_N_NAMED, k->origin = -1;
        k->attr.bits = 0;
        k->op = k->flags & TW_N_REALISED ? &tw_op_kept : &tw_op_nil;
        if (k->op == &tw_op_nil) k->flags |= TW_N_NIL, k->shape = cx->scalar;
        cx->by_id[cx->next_id++] = k;
    }
}

static void drop_wanted(tw_ctx *cx)
{
    int64_t n = 0;
    for (int64_t i = 0; i < cx->wanted.n; i++)
        if (cx->wanted.at[i]->depth < cx->depth) cx->wanted.at[n++] = cx->wanted.at[i];
    cx->wanted.n = n;
}

static void leave_one(tw_ctx *cx)
{
    tw__scope *s = &cx->scope[cx->depth];
    bool pending = cx->pending.n > 0 && cx->pending.at[cx->pending.n - 1]->depth == cx->depth;
    if (tw_ok(cx) && (pending || s->kept.n))
        tw__evaluate(cx, s->kept.n ? s->kept.at[0]->at : NULL, (int)s->kept.n, s->kept.at, pending);
    tw__drop_pending(cx, cx->depth);
    drop_wanted(cx);
    for (int64_t i = 0; i < s->realised.n; i++) {
        tw_node *n = s->realised.at[i];
        tw__buf_release(cx, n->buf);
        n->buf = NULL, n->flags &= (uint8_t)~TW_N_REALISED;
    }
    hand_over(cx, s);
    cx->depth--;
    for (int64_t i = 0; i < s->kept.n; i++) tw__log_node(cx, s->kept.at[i]);
    s->kept.n = 0;
}

void tw_scope_leave(tw_scope *scope)
{
    tw_ctx *cx = scope->cx;
    if (!cx || cx->dead || scope->depth < 1) return;
    while (cx->depth >= scope->depth) leave_one(cx);
    scope->depth = 0;
}

tw_scope tw__scope_begin(tw_ctx *cx)
{
    const tw_scope s = tw_scope_enter(cx);
    tw_hold(s.cx);
    return s;
}

void tw__scope_end(tw_scope *scope)
{
    tw_ctx *cx = scope->cx;
    tw_scope_leave(scope);
    tw_let_go(cx);
}

static void note_realised(tw_ctx *cx, tw_node *n)
{
    tw__scope *s = &cx->scope[n->depth];
    s->realised.at[s->realised.n++] = n;        /* room was made before */
}

bool tw__realise(tw_ctx *cx, tw_node *n, tw_buf *buf, int64_t offset)
{
    if (!TW__ROOM(cx, cx->scope[n->depth].realised, 1)) {
        tw__buf_release(cx, buf);
        return false;
    }
    n->buf = buf, n->offset = offset, n->flags |= TW_N_REALISED;
    note_realised(cx, n);
    return true;
}

tw_node *tw_keep_at(const tw_loc *at, tw_node *n)
{
    n = tw_input(at, "keep", 0, n);
    if (!n) return tw_nil(NULL);
    tw_ctx *cx = n->cx;
    if (n->flags & TW_N_NIL) return n;
    if (cx->depth == 0) return tw_want_at(at, n);
    tw__scope *s = &cx->scope[cx->depth];
    if (!TW__ROOM(cx, s->kept, 1)) return &cx->nil;
    tw_node *k = tw__build_in_parent(cx, &(tw_build){ .op = &tw_op_keep, .at = at, .n = 1, .in = &n });
    if (!(k->flags & TW_N_NIL)) s->kept.at[s->kept.n++] = k;
    return k;
}

tw_node *tw_want_at(const tw_loc *at, tw_node *n)
{
    n = tw_input(at, "want", 0, n);
    if (!n) return tw_nil(NULL);
    tw_ctx *cx = n->cx;
    if (n->flags & (TW_N_NIL | TW_N_WANTED) || !TW__PUSH(cx, cx->wanted, n)) return n;
    n->flags |= TW_N_WANTED;
    const uint64_t which = n->depth == cx->depth ? (uint64_t)(cx->next_id - n->id) : 0x80000000u | (uint64_t)n->id;
    tw__log_word2(cx, cx->depth, TW__EV_WANT, which);
    return n;
}
