/* chain.c - block steps of a program that can be links (core/link.h) become steps that are chains.
 *
 * A step stands at a level: how many times, from there to the end of the program, values have to be there for
 * the whole tile, because what reads them is not of the same chain. Steps of a level with as many elements a
 * row and the same dtype are one chain. So chains are long, and few values go through tiles; of those that only
 * a chain needs, all that are not used at once lie in strips. A number, or what has one element for each row,
 * is read where it lies.
 *
 * Within a chain the next link is, if possible, one that uses what the registers hold.
 */
#include "core/program_impl.h"
#include "core/vocab_impl.h"

enum { CLASSES = 16, NONE = -1 };

typedef struct operand { int16_t spot; bool one, by_row; } operand;     /* one: a single element, of the tile or of each row */

typedef struct chainer {
    tw__maker      *m;
    int32_t         n;                          /* steps */
    int64_t         n_spot;
    operand       (*x)[TW__STEP_IN];            /* by step */
    const tw_link_row **row;                    /* by step: as links, or NULL */
    int8_t         *kind;                       /* by step: its class, or NONE */
    int16_t        *level;
    bool           *dead;                       /* spreads that nothing needs */
    int32_t        *writer;                     /* by spot: a step, or NONE */
    struct { int64_t per; const tw_links *links; uint8_t dtype; } of[CLASSES];
    int             n_of;
    TW__VEC(tw__step) step;                     /* the new ones */
} chainer;

/* ---- which steps, and what they read ------------------------------------------------------ */

/* The spot whose memory this one is a part of. */
static int16_t source(const chainer *c, int16_t spot)
{
    const tw__spot *s = &c->m->spot.at[spot];
    if (s->kind != TW__STILL) return spot;
    if (s->k < 0) return (int16_t)(-1 - s->k);
    for (int64_t k = 0; s->output && k < c->n_spot; k++)
        if (c->m->spot.at[k].output && c->m->spot.at[k].kind == TW__MOVING && c->m->spot.at[k].k == s->k) return (int16_t)k;
    return spot;
}

static const tw_link_row *row_of(const tw_links *l, const tw__step *s)
{
    for (int k = 0; l && s->block && k < l->n; k++)
        if (l->row[k].block_id == s->op->block_id) return &l->row[k];
    return NULL;
}

static int class_of(chainer *c, int64_t per, uint8_t dtype)
{
    for (int k = 0; k < c->n_of; k++) if (c->of[k].per == per && c->of[k].dtype == dtype) return k;
    if (c->n_of == CLASSES) return NONE;
    c->of[c->n_of].per = per, c->of[c->n_of].dtype = dtype;
    c->of[c->n_of].links = tw__vocab.links(c->m->q->cx->isa, (tw_dtype)dtype);
    return c->n_of++;
}

/* Operations on booleans belong to the chain that made the first. */
static void classify(chainer *c, int32_t k)
{
    const tw__step *s = &c->m->step.at[k];
    c->kind[k] = NONE;
    if (s->kind != TW__BLOCK) return;
    int kind = NONE;
    if (tw_is_float(s->by)) {
        kind = class_of(c, s->per, s->by);
    } else if (s->by == TW_BOOL && s->to == TW_BOOL) {
        const int32_t w = c->writer[s->x[0]];
        if (w >= 0 && c->kind[w] != NONE && c->of[c->kind[w]].per == s->per) kind = c->kind[w];
    }
    const tw_links *l = kind == NONE ? NULL : c->of[kind].links;
    if (!l || s->per * c->m->g->rows < l->strip) return;               /* less than one strip: not worth the copies */
    c->row[k] = row_of(l, s);
    if (c->row[k]) c->kind[k] = (int8_t)kind;
}

/* Operand j of step k is a mask, not a number. */
static bool is_mask(const chainer *c, int32_t k, int j)
{
    const tw__step *s = &c->m->step.at[k];
    return s->by == TW_BOOL || (c->row[k] && c->row[k]->form[TW_RMM] && j == 0);
}

/* A spot whose only element of each row is that of a still one. */
static int16_t moving(chainer *c, int16_t spot, int64_t size)
{
    tw__maker *m = c->m;
    const tw__spot s = m->spot.at[spot];
    for (int64_t k = 0; k < m->spot.n; k++) {
        const tw__spot *t = &m->spot.at[k];
        if (t->kind == TW__MOVING && !t->output && t->k == s.k && t->row == size) return (int16_t)k;
    }
    return tw__spot_new(m, (tw__spot){ .kind = TW__MOVING, .k = s.k, .row = size });
}

static operand look_through(chainer *c, int32_t k, int j)
{
    tw__maker *m = c->m;
    const operand as_is = { .spot = m->step.at[k].x[j] };
    const int32_t w = as_is.spot < c->n_spot ? c->writer[as_is.spot] : NONE;
    if (c->kind[k] == NONE || w < 0 || m->step.at[w].kind != TW__SPREAD || is_mask(c, k, j)) return as_is;
    const tw__step *s = &m->step.at[w];
    const tw__operand *o = &s->spread;
    const tw__spot *from = &m->spot.at[s->x[0]];
    if (o->mode == TW__SCALAR) return (operand){ s->x[0], true, false };
    const bool by_row = o->rank == 2 && o->strides[0] == 1 && o->strides[1] == 0 && o->dims[0] == m->g->rows && o->dims[1] == s->per;
    if (!by_row || s->per % c->of[c->kind[k]].links->strip) return as_is;
    if (from->kind != TW__STILL) return (operand){ s->x[0], true, true };
    if (from->k < 0 || from->output || from->offset) return as_is;
    return (operand){ moving(c, s->x[0], o->size), true, true };
}

static bool prepare(chainer *c)
{
    tw__maker *m = c->m;
    const size_t n = (size_t)c->n + 1;
    c->x = tw__plan_borrow(m->q, n * sizeof *c->x);
    c->row = tw__plan_borrow(m->q, n * sizeof *c->row);
    c->kind = tw__plan_borrow(m->q, n);
    c->level = tw__plan_borrow(m->q, n * sizeof *c->level);
    c->dead = tw__plan_borrow(m->q, n);
    c->writer = tw__plan_borrow(m->q, ((size_t)c->n_spot + 1) * sizeof *c->writer);
    if (!m->q->ok) return false;
    for (int64_t k = 0; k < c->n_spot; k++) c->writer[k] = NONE;
    for (int32_t k = 0; k < c->n; k++) c->writer[m->step.at[k].y] = k;
    for (int32_t k = 0; k < c->n; k++) classify(c, k);
    for (int32_t k = 0; k < c->n; k++) {
        c->dead[k] = m->step.at[k].kind == TW__SPREAD;
        for (int j = 0; j < m->step.at[k].n_in; j++) c->x[k][j] = look_through(c, k, j);
    }
    return m->q->ok;
}

/* Readers come after what they read, so a step's level is final when it is looked at, from the last to the first. */
static int32_t set_levels(chainer *c)
{
    int32_t most = 0;
    for (int32_t k = c->n - 1; k >= 0; k--) {
        if (c->dead[k]) continue;
        if (c->level[k] > most) most = c->level[k];
        for (int j = 0; j < c->m->step.at[k].n_in; j++) {
            const int16_t spot = source(c, c->x[k][j].spot);
            const int32_t w = spot < c->n_spot ? c->writer[spot] : NONE;
            if (w < 0) continue;
            const bool apart = c->kind[w] != NONE && (c->kind[w] != c->kind[k] || c->x[k][j].one);
            if (c->level[w] < c->level[k] + apart) c->level[w] = (int16_t)(c->level[k] + apart);
            c->dead[w] = false;
        }
    }
    return most;
}

/* ---- a chain ------------------------------------------------------------------------------ */

typedef struct chain {
    chainer        *c;
    const tw_links *links;
    int32_t         n;
    const int32_t  *member;
    tw__chain      *h;
    int16_t         now;            /* the value in the registers, by its spot; NONE */
    int32_t        *left;           /* by spot: how many operands of members read it from here on */
    int16_t        *place;          /* by spot: where it is in memory; NONE */
    bool           *made, *needed;  /* by spot: by a member; by others */
    bool           *mask;
    TW__VEC(tw_link) link;
    TW__VEC(const char *) name;
    TW__VEC(uint8_t) operands;
    TW__VEC(tw__end) read, write;
    TW__VEC(int16_t) free_;         /* strips to be used again */
    int64_t         strips;
} chain;

static void push(chain *h, tw_link_fn run, const char *name, int n, operand x, operand y)
{
    tw__planner *q = h->c->m->q;
    const tw_link l = { run, x.spot, y.spot, x.one ? -x.by_row : -(h->c->m->spot.at[x.spot].kind != TW__STRIP),
                        y.one ? -y.by_row : -(h->c->m->spot.at[y.spot].kind != TW__STRIP) };
    if (!TW__PUSH(q->cx, h->link, l) || !TW__PUSH(q->cx, h->name, name) || !TW__PUSH(q->cx, h->operands, (uint8_t)n)) q->ok = false;
}

/* An operand that others made is read by the link that comes next. */
static void note_read(chain *h, operand x, int size)
{
    tw__planner *q = h->c->m->q;
    if (h->c->m->spot.at[x.spot].kind == TW__STRIP || (x.spot < h->c->n_spot && h->made[x.spot])) return;
    const tw__end e = { x.spot, (int8_t)(x.one ? 0 : size), (int32_t)h->link.n };
    h->h->rows |= x.by_row;
    for (int64_t k = 0; k < h->read.n; k++)
        if (h->read.at[k].spot == e.spot && h->read.at[k].size == e.size) { h->read.at[k].link = e.link; return; }
    if (!TW__PUSH(q->cx, h->read, e)) q->ok = false;
}

static int16_t strip(chain *h)
{
    tw__maker *m = h->c->m;
    if (h->free_.n) return h->free_.at[--h->free_.n];
    const int64_t offset = h->strips++ * h->links->strip * h->h->size;
    for (int64_t k = 0; k < m->spot.n; k++)
        if (m->spot.at[k].kind == TW__STRIP && m->spot.at[k].offset == offset) return (int16_t)k;
    return tw__spot_new(m, (tw__spot){ .kind = TW__STRIP, .offset = offset });
}

/* What the registers hold goes to memory, where it is needed and not there yet. */
static void save(chain *h)
{
    tw__planner *q = h->c->m->q;
    const int16_t v = h->now;
    if (v == NONE || !h->made[v] || h->place[v] != NONE || !q->ok) return;
    if (h->needed[v]) {
        const tw__end e = { v, (int8_t)(h->mask[v] ? 1 : h->h->size), (int32_t)h->link.n };
        push(h, h->mask[v] ? h->links->pack : h->links->store, "store", 1, (operand){ .spot = v }, (operand){ 0 });
        if (!TW__PUSH(q->cx, h->write, e)) q->ok = false;
        h->place[v] = v;
    }
    if (h->left[v] > 0 && (h->mask[v] || !h->needed[v])) {
        h->place[v] = strip(h);
        push(h, h->links->store, "store", 1, (operand){ .spot = h->place[v] }, (operand){ 0 });
    }
}

/* x in memory, or a single element, for the link that comes next. */
static operand in_memory(chain *h, operand x)
{
    const operand from = { x.one || x.spot >= h->c->n_spot ? x.spot : h->place[x.spot], x.one, x.by_row };
    if (from.spot == x.spot) note_read(h, x, h->h->size);
    return from;
}

static void done_with(chain *h, operand x)
{
    if (x.one || x.spot >= h->c->n_spot || --h->left[x.spot] > 0) return;
    const int16_t p = h->place[x.spot];
    if (p != NONE && h->c->m->spot.at[p].kind == TW__STRIP && !TW__PUSH(h->c->m->q->cx, h->free_, p)) h->c->m->q->ok = false;
}

static bool holds(const chain *h, operand x) { return !x.one && x.spot == h->now; }

/* Operand j of the step into the registers, if it is not there; the others then are memory. */
static void take(chain *h, int32_t k, int j)
{
    const operand x = h->c->x[k][j];
    if (holds(h, x)) {
        h->left[x.spot]--;
        save(h);
        return;
    }
    save(h);
    const operand from = in_memory(h, x);
    push(h, x.one ? h->links->spread : h->links->load, "load", 1, from, (operand){ 0 });
    done_with(h, x);
}

/* The operand that the registers hold or shall hold: numbers rather not. */
static int choose(const chain *h, int32_t k)
{
    const operand *x = h->c->x[k];
    const int n = h->c->m->step.at[k].n_in;
    for (int j = 0; j < n; j++) if (holds(h, x[j])) return j;
    return n == 2 && x[0].one && !x[1].one;
}

/* The operands but operand j, as they are now; how many. */
static int others(chain *h, int32_t k, int j, operand *x)
{
    int n = 0;
    for (int l = 0; l < h->c->m->step.at[k].n_in; l++)
        if (l != j) x[n++] = in_memory(h, h->c->x[k][l]);
    return n;
}

static int form_of(const chain *h, int32_t k, int j)
{
    static const uint8_t choice[2][2] = { { TW_RMM, TW_RMS }, { TW_RSM, TW_RSS } };
    const operand *x = h->c->x[k];
    switch (h->c->m->step.at[k].n_in) {
    case 1:  return TW_R;
    case 2:  return j == 0 || h->c->row[k]->swaps ? (x[1 - j].one ? TW_RS : TW_RM) : x[0].one ? TW_SR : TW_MR;
    default: return j == 0 ? choice[x[1].one][x[2].one] : j == 1 ? (x[2].one ? TW_MRS : TW_MRM) : x[1].one ? TW_MSR : TW_MMR;
    }
}

static void emit(chain *h, int32_t k)
{
    const chainer *c = h->c;
    const tw__step *s = &c->m->step.at[k];
    operand x[TW__STEP_IN] = { { 0 } };
    const int j = choose(h, k);
    take(h, k, j);
    const int n = others(h, k, j, x);
    push(h, c->row[k]->form[form_of(h, k, j)], s->op->name, n, x[0], x[1]);
    for (int l = 0; l < s->n_in; l++) if (l != j) done_with(h, c->x[k][l]);
    h->now = s->y;
}

/* Masks that others made: into strips, before all else. */
static void unpack(chain *h, int32_t k)
{
    for (int j = 0; j < h->c->m->step.at[k].n_in; j++) {
        const operand x = h->c->x[k][j];
        if (!is_mask(h->c, k, j) || h->made[x.spot] || h->place[x.spot] != x.spot) continue;
        note_read(h, x, 1);
        push(h, h->links->unpack, "unpack", 1, x, (operand){ 0 });
        h->place[x.spot] = strip(h);
        push(h, h->links->store, "store", 1, (operand){ .spot = h->place[x.spot] }, (operand){ 0 });
    }
}

/* done: by step. */
static bool ready(const chain *h, const bool *done, int32_t k)
{
    for (int j = 0; j < h->c->m->step.at[k].n_in; j++) {
        const operand x = h->c->x[k][j];
        if (!x.one && x.spot < h->c->n_spot && h->made[x.spot] && !done[h->c->writer[x.spot]]) return false;
    }
    return true;
}

/* The first that can come next, but rather one that uses what the registers hold. */
static int32_t next(const chain *h, const bool *done)
{
    int32_t first = NONE;
    for (int32_t a = 0; a < h->n; a++) {
        const int32_t k = h->member[a];
        if (done[k] || !ready(h, done, k)) continue;
        for (int j = 0; j < h->c->m->step.at[k].n_in; j++) if (holds(h, h->c->x[k][j])) return k;
        if (first == NONE) first = k;
    }
    return first;
}

/* Who reads and makes what. */
static bool survey(chain *h)
{
    const chainer *c = h->c;
    tw__maker *m = c->m;
    const size_t n = (size_t)c->n_spot + 1;
    bool *member = tw__plan_borrow(m->q, (size_t)c->n + 1);
    h->left = tw__plan_borrow(m->q, n * sizeof *h->left);
    h->place = tw__plan_borrow(m->q, n * sizeof *h->place);
    h->made = tw__plan_borrow(m->q, n), h->needed = tw__plan_borrow(m->q, n), h->mask = tw__plan_borrow(m->q, n);
    h->h = tw__plan_take(m->q, sizeof *h->h);
    if (!m->q->ok) return false;
    for (int64_t k = 0; k < c->n_spot; k++) h->place[k] = (int16_t)k;
    for (int32_t a = 0; a < h->n; a++) {
        const tw__step *s = &m->step.at[h->member[a]];
        member[h->member[a]] = h->made[s->y] = true;
        h->place[s->y] = NONE;
        h->needed[s->y] = m->spot.at[s->y].output;
        h->mask[s->y] = s->to == TW_BOOL;
    }
    for (int32_t k = 0; k < c->n; k++)
        for (int j = 0; !c->dead[k] && j < m->step.at[k].n_in; j++) {
            const operand x = c->x[k][j];
            if (member[k] && !x.one && x.spot < c->n_spot) h->left[x.spot]++;
            else if (source(c, x.spot) < c->n_spot) h->needed[source(c, x.spot)] = true;
        }
    return true;
}

static void *stand(tw__planner *q, const void *from, size_t bytes)
{
    void *to = tw__plan_take(q, bytes);
    if (to && bytes) memcpy(to, from, bytes);
    return to;
}

#define DROP(q, v) tw_resize((q)->cx, (v).at, (size_t)(v).room * sizeof *(v).at, 0)

static void conclude(chain *h, tw__step *s)
{
    tw__maker *m = h->c->m;
    tw__chain *t = h->h;
    push(h, h->links->end, NULL, 0, (operand){ 0 }, (operand){ 0 });
    if (m->q->ok) {
        t->n_link = (int32_t)h->link.n, t->n_read = (int32_t)h->read.n, t->n_write = (int32_t)h->write.n;
        t->link = stand(m->q, h->link.at, (size_t)h->link.n * sizeof *h->link.at);
        t->name = stand(m->q, h->name.at, (size_t)h->name.n * sizeof *h->name.at);
        t->operands = stand(m->q, h->operands.at, (size_t)h->operands.n);
        t->read = stand(m->q, h->read.at, (size_t)h->read.n * sizeof *h->read.at);
        t->write = stand(m->q, h->write.at, (size_t)h->write.n * sizeof *h->write.at);
        const int64_t each = (int64_t)t->strip * t->size;
        if (h->strips * each > m->strip_bytes) m->strip_bytes = h->strips * each;
        if (!t->rows && (t->n_read + t->n_write) * each > m->end_bytes) m->end_bytes = (t->n_read + t->n_write) * each;
    }
    s->chain = t;
    DROP(m->q, h->link); DROP(m->q, h->name); DROP(m->q, h->operands); DROP(m->q, h->read); DROP(m->q, h->write); DROP(m->q, h->free_);
}

static void make(chainer *c, int32_t n, const int32_t *member)
{
    tw__maker *m = c->m;
    const tw__step *last = &m->step.at[member[n - 1]];
    chain h = { .c = c, .links = c->of[c->kind[member[0]]].links, .n = n, .member = member, .now = NONE };
    bool *done = tw__plan_borrow(m->q, (size_t)c->n);
    if (!survey(&h) || !done) return;
    *h.h = (tw__chain){ .run = h.links->run, .strip = h.links->strip, .size = (int32_t)tw_dtype_size((tw_dtype)c->of[c->kind[member[0]]].dtype) };
    for (int32_t a = 0; a < n && m->q->ok; a++) unpack(&h, member[a]);
    for (int32_t k = 0; k < n && m->q->ok; k++) {
        const int32_t at = next(&h, done);
        emit(&h, at);
        done[at] = true;
    }
    save(&h);
    tw__step s = { .kind = TW__CHAIN, .rel = last->rel, .per = last->per };
    conclude(&h, &s);
    if (m->q->ok && !TW__PUSH(m->q->cx, c->step, s)) m->q->ok = false;
}

/* ---- all of them -------------------------------------------------------------------------- */

static bool alone(const chainer *c, int32_t n, const int32_t *member)
{
    for (int j = 0; j < c->m->step.at[member[0]].n_in; j++) if (c->x[member[0]][j].one) return false;
    return n == 1;
}

void tw__chains(tw__maker *m)
{
    tw__planner *q = m->q;
    chainer c = { .m = m, .n = (int32_t)m->step.n, .n_spot = m->spot.n };
    int32_t *member = tw__plan_borrow(q, (size_t)c.n * sizeof *member);
    if (!member || !prepare(&c) || c.n_of == 0) return;
    for (int32_t level = set_levels(&c); level >= 0; level--)
        for (int kind = NONE; kind < c.n_of; kind++) {
            int32_t n = 0;
            for (int32_t k = 0; k < c.n; k++)
                if (c.level[k] == level && c.kind[k] == kind && !c.dead[k]) member[n++] = k;
            if (kind != NONE && n && !alone(&c, n, member)) make(&c, n, member);
            else for (int32_t a = 0; a < n && q->ok; a++) q->ok = TW__PUSH(q->cx, c.step, m->step.at[member[a]]);
        }
    if (!q->ok) { DROP(q, c.step); return; }
    DROP(q, m->step);
    memcpy(&m->step, &c.step, sizeof c.step);
}
