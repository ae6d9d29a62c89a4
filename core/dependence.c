/* dependence.c - which elements of one node may depend on which of another: the pattern of a Jacobian.
 *
 * Each element of a node has a set of elements of x: a number, out of a table in which equal sets are one. What an
 * operation does to sets follows from facts that it states:
 *     elementwise         the sets of its operands are united, element by element
 *     TW_MOVES            it is run on the numbers of the sets: they move as elements do
 *     TW_SUMS             its derivative, which moves, is run on the numbers of the output's elements: where each input goes
 *     op->depends         a graph of those, with the same dependences, is gone through instead
 *     op->rows            within each row all depends on all
 * and any other operation makes all depend on all. So the pattern may hold elements that are 0, and misses none.
 * Indices are read, so it is the pattern for the indices at hand.
 */
#include "core/derive_impl.h"
#include <stdlib.h>
#include <string.h>

/* ---- sets --------------------------------------------------------------------------------- */

/* Members rise. Set 0 is empty, set i + 1 is { i }; sets of more are also in a chain of those of equal hash. */
typedef struct set { int64_t start, count, next, seen; uint64_t hash; } set;

typedef struct sets {
    tw_ctx  *cx;
    int64_t  elements;                      /* of x */
    set     *set;
    int64_t *member, *chain, *listed, *stamp;
    int64_t  n, room, members, member_room, chains;
    int64_t  mark, only, list;              /* the union being made: its first set, and how many are listed; -1: that set alone */
} sets;

static bool grow(tw_ctx *cx, void *array, int64_t *room, int64_t need, size_t size)
{
    void **p = array;
    const int64_t more = need > 2 * *room ? need : 2 * *room;
    if (need <= *room) return true;
    void *q = tw_resize(cx, *p, (size_t)*room * size, (size_t)more * size);
    if (!q) return false;
    *p = q, *room = more;
    return true;
}

static void sets_close(sets *s)
{
    tw_resize(s->cx, s->set, (size_t)s->room * sizeof *s->set, 0);
    tw_resize(s->cx, s->member, (size_t)s->member_room * sizeof *s->member, 0);
    tw_resize(s->cx, s->chain, (size_t)s->chains * sizeof *s->chain, 0);
    if (s->listed) tw_resize(s->cx, s->listed, 2 * (size_t)s->elements * sizeof *s->listed, 0);
}

static bool sets_open(sets *s)
{
    const int64_t n = s->elements;
    if (!grow(s->cx, &s->set, &s->room, n + 1, sizeof *s->set) || !grow(s->cx, &s->member, &s->member_room, n + 1, sizeof *s->member)
        || !grow(s->cx, &s->chain, &s->chains, 1024, sizeof *s->chain)) return false;
    if (n && !(s->listed = tw_resize(s->cx, NULL, 0, 2 * (size_t)n * sizeof *s->listed))) return false;
    s->stamp = s->listed + n;
    memset(s->chain, 0, (size_t)s->chains * sizeof *s->chain);
    s->set[0] = (set){ 0 };
    for (int64_t i = 0; i < n; i++) s->member[i] = i, s->stamp[i] = 0, s->set[i + 1] = (set){ .start = i, .count = 1 };
    s->n = n + 1, s->members = n;
    return true;
}

static void begin(sets *s) { s->mark++, s->only = 0, s->list = -1; }

static void enlist(sets *s, int64_t id)
{
    const set *a = &s->set[id];
    for (int64_t k = a->start; k < a->start + a->count; k++) {
        const int64_t m = s->member[k];
        if (s->stamp[m] != s->mark) s->stamp[m] = s->mark, s->listed[s->list++] = m;
    }
}

static void unite(sets *s, double number)
{
    const int64_t id = (int64_t)number;
    if (!id || s->set[id].seen == s->mark) return;
    s->set[id].seen = s->mark;
    if (!s->only) { s->only = id; return; }
    if (s->list < 0) s->list = 0, enlist(s, s->only);
    enlist(s, id);
}

static int rising(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Twice as many chains, once there are as many sets. */
static bool rechain(sets *s)
{
    if (s->n < s->chains) return true;
    if (!grow(s->cx, &s->chain, &s->chains, 2 * s->chains, sizeof *s->chain)) return false;
    memset(s->chain, 0, (size_t)s->chains * sizeof *s->chain);
    for (int64_t i = s->elements + 1; i < s->n; i++) {
        int64_t *head = &s->chain[s->set[i].hash % (uint64_t)s->chains];
        s->set[i].next = *head, *head = i;
    }
    return true;
}

/* The number of the union; the empty set's without memory, which is the context's error. */
static int64_t end(sets *s)
{
    if (s->list < 0) return s->only;
    uint64_t hash = 1469598103934665603u;
    if (s->list > 1) qsort(s->listed, (size_t)s->list, sizeof *s->listed, rising);
    for (int64_t k = 0; k < s->list; k++) hash = (hash ^ (uint64_t)s->listed[k]) * 1099511628211u;
    for (int64_t i = s->chain[hash % (uint64_t)s->chains]; i; i = s->set[i].next)
        if (s->set[i].hash == hash && s->set[i].count == s->list && !memcmp(s->member + s->set[i].start, s->listed, (size_t)s->list * sizeof *s->member))
            return i;
    if (!grow(s->cx, &s->set, &s->room, s->n + 1, sizeof *s->set)
        || !grow(s->cx, &s->member, &s->member_room, s->members + s->list, sizeof *s->member) || !rechain(s)) return 0;
    int64_t *head = &s->chain[hash % (uint64_t)s->chains];
    s->set[s->n] = (set){ .start = s->members, .count = s->list, .hash = hash, .next = *head };
    memcpy(s->member + s->members, s->listed, (size_t)s->list * sizeof *s->member);
    s->members += s->list;
    return *head = s->n++;
}

/* ---- nodes -------------------------------------------------------------------------------- */

/* Nodes of ids low to low + count - 1, and for each the numbers of its elements' sets, as doubles; NULL: all empty. */
typedef struct frame { sets *s; int32_t low, count; tw_buf **of; tw_buf *memory; } frame;

static bool frame_open(frame *f, int32_t end_id)
{
    f->count = end_id > f->low ? end_id - f->low : 0;
    const size_t bytes = (size_t)(f->count + 1) * sizeof *f->of;
    if (!(f->memory = tw__buf_new(f->s->cx, bytes))) return false;
    f->of = f->memory->data;
    memset(f->of, 0, bytes);
    return true;
}

static void frame_close(frame *f)
{
    for (int32_t i = 0; f->of && i < f->count; i++) tw__buf_release(f->s->cx, f->of[i]);
    tw__buf_release(f->s->cx, f->memory);
}

static tw_buf *of(const frame *f, const tw_node *n) { return n->id >= f->low && n->id < f->low + f->count ? f->of[n->id - f->low] : NULL; }
static const double *numbers(const frame *f, const tw_node *n) { const tw_buf *b = of(f, n); return b ? b->data : NULL; }
static tw_buf *room_for(const frame *f, const tw_node *y) { return tw__buf_new(f->s->cx, (size_t)(y->shape->count + 1) * sizeof(double)); }

static tw_node *leaf_of(const tw_node *like, const double *v)
{
    return tw_data_at(like->at, like->cx, TW_F64, tw_shape_of(like), v);
}

/* The values of n, which came from numbers 0 to below limit; others are a margin's: nothing. One of a margin that looks
 * like a number is taken for one: then the pattern holds more. */
static tw_buf *values(const frame *f, tw_node *n, int64_t limit)
{
    const double *v = tw_f64(n);
    tw_buf *b = v ? room_for(f, n) : NULL;
    double *to = b ? b->data : NULL;
    for (int64_t e = 0; b && e < n->shape->count; e++) to[e] = v[e] >= 0 && v[e] < (double)limit ? (double)(int64_t)v[e] : 0;
    return b;
}

static tw_buf *moved(frame *f, tw_node *y)
{
    tw_ctx *cx = f->s->cx;
    TW_SCOPE(cx);
    tw_node *few[TW__FEW], **in = few;
    const size_t size = (size_t)y->n_in * sizeof *in;
    if (y->n_in > TW__FEW && !(in = tw_resize(cx, NULL, 0, size))) return NULL;
    for (int k = 0; k < y->n_in; k++) {
        tw_node *x = tw_inputs(y)[k];
        const tw_shape s = tw_shape_of(x);
        const double *v = numbers(f, x);
        in[k] = !tw_is_float(x->dtype) ? x : v ? leaf_of(x, v) : tw_constant(y->at, cx, TW_F64, &s, 0);
    }
    tw_buf *b = values(f, tw_again(y, in), f->s->n);
    if (in != few) tw_resize(cx, in, size, 0);
    return b;
}

/* For each element of input k the number of the element of y that it goes into, counted from 1. */
static tw_buf *places(frame *f, tw_node *y, int k)
{
    tw_ctx *cx = f->s->cx;
    TW_SCOPE(cx);
    tw_buf *b = room_for(f, y), *to = NULL;
    double *v = b ? b->data : NULL;
    for (int64_t e = 0; b && e < y->shape->count; e++) v[e] = (double)(e + 1);
    tw_node *g = b ? tw__d_of(y, k, leaf_of(y, v)) : NULL;
    if (g && g->shape == tw_inputs(y)[k]->shape) to = values(f, g, y->shape->count + 1);
    tw__buf_release(cx, b);
    return to;
}

/* Where elements of inputs go into elements of y: chains of them, by element of y. */
static tw_buf *summed(frame *f, tw_node *y)
{
    tw_ctx *cx = f->s->cx;
    int64_t all = 0, n = 0, room = 0;
    for (int k = 0; k < y->n_in; k++) if (of(f, tw_inputs(y)[k])) all += tw_inputs(y)[k]->shape->count;
    struct link { double set; int64_t next; } *link = NULL;
    int64_t *head = NULL, heads = 0;
    tw_buf *b = NULL;
    if (grow(cx, &link, &room, all + 1, sizeof *link) && grow(cx, &head, &heads, y->shape->count + 1, sizeof *head) && (b = room_for(f, y))) {
        memset(head, 0, (size_t)heads * sizeof *head);
        for (int k = 0; k < y->n_in && tw_ok(cx); k++) {
            const double *set_of = numbers(f, tw_inputs(y)[k]);
            tw_buf *to = set_of ? places(f, y, k) : NULL;
            for (int64_t e = 0; to && e < tw_inputs(y)[k]->shape->count; e++) {
                int64_t *h = &head[(int64_t)((const double *)to->data)[e]];
                link[++n].set = set_of[e], link[n].next = *h, *h = n;
            }
            tw__buf_release(cx, to);
        }
        for (int64_t e = 0; e < y->shape->count; e++) {
            begin(f->s);
            for (int64_t i = head[e + 1]; i; i = link[i].next) unite(f->s, link[i].set);
            ((double *)b->data)[e] = (double)end(f->s);
        }
    }
    tw_resize(cx, link, (size_t)room * sizeof *link, 0);
    tw_resize(cx, head, (size_t)heads * sizeof *head, 0);
    return b;
}

/* Rows of y from those of the inputs; a row may be an element, or all. */
static tw_buf *by_rows(frame *f, const tw_node *y, int first, int64_t rows)
{
    tw_buf *b = room_for(f, y);
    for (int64_t r = 0; b && r < rows; r++) {
        const int64_t width = y->shape->count / rows;
        begin(f->s);
        for (int k = first; k < y->n_in; k++) {
            const double *v = numbers(f, tw_inputs(y)[k]);
            const int64_t in = tw_inputs(y)[k]->shape->count / rows;
            for (int64_t e = 0; v && e < in; e++) unite(f->s, v[r * in + e]);
        }
        const double id = (double)end(f->s);
        for (int64_t e = 0; e < width; e++) ((double *)b->data)[r * width + e] = id;
    }
    return b;
}

static tw_buf *traced(frame *f, tw_node *y);

static void trace(frame *f, const tw__sweep *only)
{
    tw_ctx *cx = f->s->cx;
    for (int32_t i = 0; i < f->count && tw_ok(cx); i++) {
        tw_node *y = cx->by_id[f->low + i];
        if (!f->of[i] && tw__passes(y) && (!only || (only->reach[i] && only->on[i]))) f->of[i] = traced(f, y);
    }
}

/* By a graph that depends in the same way, on dummies that have the sets of y's inputs. */
static tw_buf *like_another(frame *f, tw_node *y)
{
    tw_ctx *cx = f->s->cx;
    TW_SCOPE(cx);
    frame g = { .s = f->s, .low = cx->next_id };
    tw_node *in[TW__FEW] = { NULL };
    tw_buf *b = NULL;
    for (int k = 0; k < y->n_in; k++) {
        const tw_shape s = tw_shape_of(tw_inputs(y)[k]);
        if (of(f, tw_inputs(y)[k]))
            in[k] = tw_build_node(&(tw_build){ .op = &tw_op_dummy, .at = y->at, .cx = cx, .shape = &s, .dtype = TW_F64 });
    }
    tw_node *z = y->op->depends(y, in);
    if (tw_ok(cx) && frame_open(&g, cx->next_id)) {
        for (int k = 0; k < y->n_in; k++) if (in[k]) g.of[in[k]->id - g.low] = tw__buf_ref(of(f, tw_inputs(y)[k]));
        trace(&g, NULL);
        if (of(&g, z) && z->shape == y->shape) b = tw__buf_ref(of(&g, z));
        frame_close(&g);
    }
    return b;
}

static bool elementwise(const tw_node *y)
{
    const tw_op *op = y->op;
    bool same = op->rule == TW_ELEMENTWISE || op->traits & TW_BROADCAST || tw_is_block_op(op);
    for (int k = 0; k < y->n_in; k++) same = same && tw_inputs(y)[k]->shape == y->shape;
    return same;
}

static tw_buf *traced(frame *f, tw_node *y)
{
    const int first = tw__first_in(y);
    const tw_op *op = y->op;
    tw_rows r;
    bool any = false;
    for (int k = first; k < y->n_in; k++) any |= of(f, tw_inputs(y)[k]) != NULL;
    if (!any || (op->rule == TW_NONE && !tw__ruled(op) && op != &tw_op_checkpoint && op != &tw_op_barrier)) return NULL;
    if (y->n_in == 1 && elementwise(y)) return tw__buf_ref(of(f, tw_inputs(y)[0]));
    if (op == &tw_op_checkpoint || op == &tw_op_barrier) return of(f, tw_inputs(y)[0]) ? tw__buf_ref(of(f, tw_inputs(y)[0])) : NULL;
    if (op->traits & TW_MOVES) return moved(f, y);
    if (op->traits & TW_SUMS) return summed(f, y);
    if (op->depends && y->n_in <= TW__FEW) return like_another(f, y);
    if (elementwise(y)) return by_rows(f, y, 0, y->shape->count);
    if (op->rows && op->rows(y, &r) && r.n > 0) return by_rows(f, y, first, r.n);
    return by_rows(f, y, first, 1);
}

/* ---- what is asked for -------------------------------------------------------------------- */

static tw_buf *singles(const frame *f, const tw_node *x)
{
    tw_buf *b = room_for(f, x);
    for (int64_t e = 0; b && e < x->shape->count; e++) ((double *)b->data)[e] = (double)(e + 1);
    return b;
}

/* The members of all sets of y, with their rows. */
static int64_t list(const sets *s, const tw_node *y, const double *number, int64_t **rows, int64_t **cols)
{
    int64_t n = 0;
    for (int64_t e = 0; number && e < y->shape->count; e++) n += s->set[(int64_t)number[e]].count;
    const size_t bytes = (size_t)n * sizeof **rows;
    if (!n) return 0;
    *rows = tw_resize(s->cx, NULL, 0, bytes), *cols = tw_resize(s->cx, NULL, 0, bytes);
    if (!*rows || !*cols) return -1;
    for (int64_t e = 0, at = 0; e < y->shape->count; e++) {
        const set *a = &s->set[(int64_t)number[e]];
        for (int64_t k = 0; k < a->count; k++, at++) (*rows)[at] = e, (*cols)[at] = s->member[a->start + k];
    }
    return n;
}

int64_t tw_dependence(const tw_loc *at, const char *op, tw_node *y, tw_node *x, int64_t **rows, int64_t **cols)
{
    tw_ctx *cx = y->cx;
    sets s = { .cx = cx, .elements = x->shape->count };
    frame f = { .s = &s };
    tw__sweep sweep = { .cx = cx, .op = op, .at = at };
    tw_node *end_node, *target;
    int64_t n = -1;
    *rows = *cols = NULL;
    if (tw__sweep_begin(&sweep, 1, &y, 1, &x, &end_node, &target) && sets_open(&s)) {
        f.low = sweep.low;
        if (frame_open(&f, sweep.low + sweep.count)) {
            for (int32_t i = 0; i < sweep.count; i++) if (sweep.target[i] && sweep.reach[i]) f.of[i] = singles(&f, x);
            trace(&f, &sweep);
            if (tw_ok(cx)) n = list(&s, end_node, numbers(&f, end_node), rows, cols);
            frame_close(&f);
        }
    }
    sets_close(&s);
    tw__sweep_close(&sweep);
    return tw_ok(cx) ? n : -1;
}
