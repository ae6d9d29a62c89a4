/* terms.c - cotangents summed: a running total, and products that become one.
 *
 * A matrix that is used in every step of a sequence gets one term of its cotangent from each: products of
 * few rows, as large as the matrix. Operations that say so (`sum`) have their terms wait until enough
 * of them are together: A1' B1 + A2' B2 + ... is the product of the A one below the other with the B one
 * below the other, which is as quick as products are. More than enough is never waited for, so what
 * the terms are made of lives no longer than that. Which terms meet is decided here, in the graph, by
 * shapes alone.
 */
#include "core/derive_impl.h"

enum { TARGETS = 8 };

/* Terms of x's cotangent that wait, each like the first that did. */
typedef struct waiting { tw_node *x, *like, *term[TW_TERMS]; int n; } waiting;
struct tw__terms { waiting of[TARGETS]; int n; };

tw_node *tw__plus(const tw_loc *at, tw_node *a, tw_node *b)
{
    if (!a || !b) return a ? a : b;
    return tw_build_node(&(tw_build){ .op = tw__vocab.add, .at = at, .n = 2, .in = (tw_node *[]){ a, b } });
}

static bool alike(const tw_node *a, const tw_node *b)
{
    if (a->op != b->op || a->attr.bits != b->attr.bits || a->n_in != b->n_in) return false;
    for (int k = 0; k < a->n_in; k++)
        if (tw_inputs(a)[k]->shape != tw_inputs(b)[k]->shape) return false;
    return true;
}

/* What waits is added up. */
static void settle(tw__sweep *s, waiting *w)
{
    tw_node *all = w->n > 1 ? w->like->op->sum(w->term[w->n - 1]->at, w->n, w->term) : NULL, **sum = &TW__AT(s, g, w->x);
    if (all) *sum = tw__plus(all->at, *sum, all);
    for (int k = 0; !all && k < w->n; k++) *sum = tw__plus(w->term[k]->at, *sum, w->term[k]);
    w->n = 0;
}

void tw__terms_settle(tw__sweep *s, const tw_node *x)
{
    for (int k = 0; s->terms && k < s->terms->n; k++) {
        waiting *w = &s->terms->of[k];
        if (!w->x || (x && w->x != x)) continue;
        settle(s, w);
        w->x = NULL;
    }
}

/* Where terms of x that are like g wait, or could; NULL: nowhere. */
static waiting *place(tw__sweep *s, tw_node *x, tw_node *g)
{
    if (!s->terms) {
        if (!(s->terms_buf = tw__buf_new(s->cx, sizeof *s->terms))) return NULL;
        s->terms = s->terms_buf->data, s->terms->n = 0;
    }
    struct tw__terms *t = s->terms;
    waiting *none = NULL;
    for (int k = 0; k < t->n; k++) {
        if (t->of[k].x == x) return alike(t->of[k].like, g) ? &t->of[k] : NULL;
        if (!t->of[k].x) none = &t->of[k];
    }
    if (!none && t->n < TARGETS) none = &t->of[t->n++];
    if (none) *none = (waiting){ .x = x, .like = g };
    return none;
}

/* The first term is the sum as it stands; the second waits with it. */
void tw__terms_add(tw__sweep *s, const tw_loc *at, tw_node *x, tw_node *g)
{
    tw_node **sum = &TW__AT(s, g, x);
    const int enough = (*sum || s->terms) && g->op->together ? g->op->together(g) : 0;
    waiting *w = enough > 1 ? place(s, x, g) : NULL;
    if (!w) {
        *sum = tw__plus(at, *sum, g);
        return;
    }
    if (!w->n && *sum && alike(*sum, g)) w->term[w->n++] = *sum, *sum = NULL;
    w->term[w->n++] = g;
    if (w->n >= enough || w->n == TW_TERMS) settle(s, w);
}
