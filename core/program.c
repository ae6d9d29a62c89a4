/* program.c - one instruction out of many that share their rows: the program that runs on each tile.
 *
 * Members come in an order in which each follows what it reads. What others read, or what outlives the
 * plan, is written where it lies; all else gets a register: so many bytes of scratch for each row of a
 * tile, given again when its last reader is done (a linear scan). Inputs that do not lie element by
 * element (numbers, rows repeated, views) are spread into registers first: once, where every tile
 * needs the same.
 */
#include "core/program_impl.h"

enum { MOST_TILE = 1024, L1 = 16 << 10 };

int16_t tw__spot_new(tw__maker *m, tw__spot s)
{
    if (!TW__PUSH(m->q->cx, m->spot, s)) { m->q->ok = false; return 0; }
    return (int16_t)(m->spot.n - 1);
}

static int64_t size_of(const tw_view *v) { return (int64_t)tw_dtype_size(v->dtype); }

/* Input u as a spot of that kind; the same one for equal questions. */
static int16_t input(tw__maker *m, const tw__use *u, const tw_view *v, int kind, int64_t row)
{
    for (int64_t k = 0; k < m->in.n; k++) {
        const tw__spot *s = &m->spot.at[m->in_spot.at[k]];
        const tw__use *w = &m->in.at[k];
        if (w->val == u->val && w->offset == u->offset && w->whole == u->whole && s->kind == kind && s->row == row) return (int16_t)m->in_spot.at[k];
    }
    const int16_t spot = tw__spot_new(m, (tw__spot){ .kind = (uint8_t)kind, .k = (int32_t)m->in.n, .row = row });
    if (!TW__PUSH(m->q->cx, m->in, *u) || !TW__PUSH(m->q->cx, m->in_view, *v) || !TW__PUSH(m->q->cx, m->in_spot, spot)) m->q->ok = false;
    return spot;
}

static bool same_operand(const tw__operand *a, const tw__operand *b)
{
    if (a->mode != b->mode || a->size != b->size || a->rank != b->rank) return false;
    for (int k = 0; k < a->rank; k++)
        if (a->dims[k] != b->dims[k] || a->strides[k] != b->strides[k]) return false;
    return true;
}

/* A register that a step fills with what o finds at `from`. */
static int16_t spread(tw__maker *m, int16_t from, const tw__operand *o, int64_t per)
{
    for (int64_t k = 0; k < m->step.n; k++) {
        const tw__step *s = &m->step.at[k];
        if (s->kind == TW__SPREAD && s->x[0] == from && s->per == per && same_operand(&s->spread, o)) return s->y;
    }
    const int16_t y = tw__spot_new(m, (tw__spot){ .kind = TW__REGISTER, .row = per * o->size });
    const tw__step s = { .kind = TW__SPREAD, .n_in = 1, .x = { from }, .y = y, .per = per, .spread = *o };
    if (!TW__PUSH(m->q->cx, m->step, s)) m->q->ok = false;
    return y;
}

static int16_t operand(tw__maker *m, int32_t pos, int k, int64_t count)
{
    const tw__instr *i = &m->q->instr.at[pos];
    const tw__use *u = &m->q->uses.at[pos][k];
    const tw_view *v = &i->call.in[k];
    tw__operand o;
    if (i->operand) o = i->operand[k];
    else tw__tiles_operand(&o, v->shape, v->strides, v->dtype);
    const int64_t per = count / m->g->rows, row = per * o.size;
    const int16_t home = (int16_t)m->q->val.at[u->val].spot;
    if (home >= 0 && o.mode == TW__FLAT && u->whole) return home;
    if (home >= 0) {
        if (u->offset) {            /* only where the group has one row: an address that does not move */
            const tw__spot s = m->spot.at[home];
            const int32_t base = s.kind == TW__REGISTER ? -1 - home : s.k;
            return spread(m, tw__spot_new(m, (tw__spot){ .kind = TW__STILL, .output = s.output, .k = base, .offset = u->offset }), &o, per);
        }
        return spread(m, home, &o, per);
    }
    if (o.mode == TW__FLAT) return input(m, u, v, TW__MOVING, row);
    return spread(m, input(m, u, v, TW__STILL, 0), &o, per);
}

static void output(tw__maker *m, int32_t pos, tw__step *s)
{
    tw__planner *q = m->q;
    const tw__instr *i = &q->instr.at[pos];
    const tw__use *u = &q->uses.at[pos][i->call.n_in];
    const int64_t row = s->per * size_of(&i->call.out[0]);
    if (i->lines) {
        s->y = tw__spot_new(m, (tw__spot){ .kind = TW__STILL, .output = true, .k = (int32_t)m->out.n });
        if (!TW__PUSH(q->cx, m->out, *u) || !TW__PUSH(q->cx, m->out_view, i->call.out[0])) q->ok = false;
    } else if (q->val.at[u->val].shared) {
        s->y = tw__spot_new(m, (tw__spot){ .kind = TW__MOVING, .output = true, .k = (int32_t)m->out.n, .row = row });
        if (!TW__PUSH(q->cx, m->out, *u) || !TW__PUSH(q->cx, m->out_view, i->call.out[0])) q->ok = false;
    } else {
        s->y = tw__spot_new(m, (tw__spot){ .kind = TW__REGISTER, .row = row });
    }
    q->val.at[u->val].spot = s->y;
}

/* Views of a kernel that works on rows in memory of their own. */
static tw_view *own_views(tw__maker *m, const tw_call *c)
{
    tw_view *v = tw__plan_take(m->q, (size_t)(c->n_in + 1) * sizeof *v);
    for (int k = 0; v && k <= c->n_in; k++) {
        const tw_view *from = k < c->n_in ? &c->in[k] : &c->out[0];
        int64_t strides[TW_MAX_RANK];
        tw__row_by_row(from->shape, strides);
        tw__view_set(m->q, &v[k], from->shape, from->dtype, strides);
    }
    return v;
}

static void member(tw__maker *m, int32_t pos)
{
    tw__planner *q = m->q;
    const tw__instr *i = &q->instr.at[pos];
    const tw_call *c = &i->call;
    const int64_t count = i->lines ? c->in[0].shape->count : c->out[0].shape->count;
    tw__step s = { .kind = i->operand ? TW__BLOCK : i->lines ? TW__LINES : TW__KERNEL, .n_in = (uint8_t)c->n_in, .op = i->op, .kernel = i->kernel, .block = i->block,
                   .attr = c->attr, .own_attr = i->attr, .rel = i->rel, .per = count / m->g->rows, .to = (uint8_t)c->out[0].dtype };
    m->lines |= i->lines;
    if (c->n_in) s.by = (uint8_t)c->in[i->op->by].dtype, s.f64 = s.by == TW_F64;
    for (int k = 0; k < c->n_in && q->ok; k++) s.x[k] = operand(m, pos, k, c->in[k].shape->count);
    if (!i->operand && q->ok) s.view = own_views(m, c);
    if (q->ok) output(m, pos, &s);
    if (!q->ok || !TW__PUSH(q->cx, m->step, s)) q->ok = false;
    m->made->n_nodes += i->n_nodes, m->made->rel = i->rel;
}

/* ---- tiles -------------------------------------------------------------------------------- */

/* Whether a spread gives the same for each tile: a number, or a row that fits it a whole number of times. */
static bool every_tile(const tw__program *g, const tw__step *s)
{
    if (s->spread.mode == TW__SCALAR) return true;
    return s->spread.mode == TW__PERIODIC && (g->tile >= g->rows || g->tile * s->per % s->spread.period == 0);
}

/* Step k reads its inputs: in last, by spot, or by the spot that it is a part of. */
static void note_last(tw__step *step, const tw__spot *spot, int32_t *last, int32_t k)
{
    for (int32_t j = 0; j < tw__n_reads(step); j++) {
        const int16_t x = *tw__reads(step, j);
        last[spot[x].kind == TW__STILL && spot[x].k < 0 ? -1 - spot[x].k : x] = k;
    }
}

/* Bytes of a row that registers need where most of them are in use. */
static int64_t bytes_at_once(tw__maker *m)
{
    const int64_t n = m->step.n;
    int32_t *last = tw__plan_borrow(m->q, ((size_t)m->spot.n + 1) * sizeof *last);
    int64_t *ends = tw__plan_borrow(m->q, ((size_t)n + 1) * sizeof *ends), now = 0, most = 0;
    if (!last || !ends) return 0;
    for (int64_t k = 0; k < m->spot.n; k++) last[k] = -1;
    for (int64_t k = 0; k < n; k++) note_last(m->step.at + k, m->spot.at, last, (int32_t)k);
    for (int64_t k = 0; k < m->spot.n; k++)
        if (m->spot.at[k].kind == TW__REGISTER && last[k] >= 0) ends[last[k]] += m->spot.at[k].row;
    for (int64_t k = 0; k < n; k++) {
        if (m->step.at[k].kind == TW__BLOCK) now -= ends[k];
        for (int32_t j = 0; j < tw__n_writes(&m->step.at[k]); j++) {
            const tw__spot *y = &m->spot.at[*tw__writes(&m->step.at[k], j)];
            if (y->kind == TW__REGISTER) now += y->row;
        }
        if (now > most) most = now;
        if (m->step.at[k].kind != TW__BLOCK) now -= ends[k];
    }
    return most;
}

/* Blocks of lines are whole numbers of tiles, or tiles of blocks, and no two threads work at one. */
static void keep_blocks(tw__program *g)
{
    enum { BLOCK = 32 };
    if (g->tile > BLOCK) {
        g->tile -= g->tile % BLOCK;
    } else {
        while (BLOCK % g->tile) g->tile--;
        g->unit = BLOCK / g->tile;
    }
}

static void choose_tile(tw__maker *m)
{
    tw__program *g = m->g;
    int64_t longest = 1, period = 0;
    for (int64_t k = 0; k < m->step.n; k++) {
        const tw__step *s = &m->step.at[k];
        if (s->per > longest) longest = s->per;
        if (s->kind == TW__SPREAD && s->spread.mode == TW__PERIODIC && s->spread.period > period) period = s->spread.period;
    }
    const int64_t bytes = bytes_at_once(m);
    int64_t most = MOST_TILE;
    while (most > 128 && most * bytes > L1 * longest) most /= 2;
    g->tile = most / longest ? most / longest : 1;
    if (longest == 1 && period > 1 && period <= g->tile) g->tile -= g->tile % period;
    else if (longest == 1 && period > g->tile)
        for (int64_t d = 2; d < 16; d++)
            if (period % d == 0 && period / d <= g->tile) { g->tile = period / d; break; }
    if (g->tile > g->rows) g->tile = g->rows;
    g->unit = 1;
    if (m->lines) keep_blocks(g);
}

/* A repeated row that is a whole number of tiles is read where it lies. */
static void read_where_it_lies(tw__maker *m)
{
    tw__program *g = m->g;
    for (int64_t k = 0; k < m->step.n; k++) {
        tw__step *s = &m->step.at[k];
        tw__spot *from = &m->spot.at[s->x[0]];
        if (s->kind != TW__SPREAD || s->spread.mode != TW__PERIODIC || from->kind != TW__STILL || from->output || from->k < 0) continue;
        if (s->spread.period % (g->tile * s->per)) continue;
        m->spot.at[s->y] = (tw__spot){ .kind = TW__TURNING, .k = from->k, .row = s->per * s->spread.size, .period = s->spread.period * s->spread.size };
        s->n_in = 0, s->kind = UINT8_MAX;
    }
}

/* ---- registers ---------------------------------------------------------------------------- */

typedef struct loose { int64_t offset, row; } loose;
typedef struct allotment { tw__program *g; int32_t *last; loose *free_; int64_t n_free, end; } allotment;

/* Inputs that die with step k are given back; y takes the place of one where it may be written over it. */
static bool give_back(allotment *a, int32_t k, tw__spot *y)
{
    tw__step *s = &a->g->step[k];
    bool done = y->kind != TW__REGISTER;
    for (int32_t j = 0; j < tw__n_reads(s); j++) {
        const int16_t at = *tw__reads(s, j);
        const tw__spot *x = &a->g->spot[at];
        bool again = false;
        for (int32_t l = 0; l < j; l++) again |= *tw__reads(s, l) == at;
        if (x->kind != TW__REGISTER || a->last[at] != k || again) continue;
        if (x->period) continue;                                        /* filled once: stays */
        if (!done && s->kind == TW__BLOCK && x->row == y->row) y->offset = x->offset, done = true;
        else a->free_[a->n_free++] = (loose){ x->offset, x->row };
    }
    return done;
}

static void place_in(allotment *a, tw__spot *y, int64_t released)
{
    for (int64_t f = 0; f < released; f++) {
        if (a->free_[f].row != y->row) continue;
        y->offset = a->free_[f].offset;
        a->free_[f] = a->free_[--a->n_free];
        return;
    }
    y->offset = a->end, a->end += (y->row * a->g->tile + 63) & ~(int64_t)63;
}

static void allot(tw__maker *m, int64_t *bytes)
{
    tw__planner *q = m->q;
    tw__program *g = m->g;
    allotment a = { .g = g };
    int64_t n_reads = 0;
    for (int32_t k = 0; k < g->n_step; k++) n_reads += tw__n_reads(&g->step[k]);
    a.last = tw__plan_borrow(q, (size_t)m->spot.n * sizeof *a.last);
    a.free_ = tw__plan_borrow(q, ((size_t)n_reads + 1) * sizeof *a.free_);
    if (!q->ok) return;
    for (int32_t k = 0; k < g->n_step; k++) note_last(&g->step[k], g->spot, a.last, k);
    for (int32_t k = 0; k < g->n_step; k++) {
        tw__step *s = &g->step[k];
        const int64_t before = a.n_free;
        if (s->kind == TW__BLOCK) {             /* others may not write over what they read */
            tw__spot *y = &g->spot[s->y];
            if (!give_back(&a, k, y)) place_in(&a, y, a.n_free);
        } else {
            for (int32_t j = 0; j < tw__n_writes(s); j++) {
                tw__spot *y = &g->spot[*tw__writes(s, j)];
                if (y->kind == TW__REGISTER) place_in(&a, y, a.n_free < before ? a.n_free : before);
            }
            give_back(&a, k, &(tw__spot){ .kind = TW__STRIP });
        }
        if (k < g->n_once) g->spot[s->y].period = 1;
    }
    for (int32_t k = 0; k < g->n_spot; k++) {
        if (g->spot[k].kind == TW__REGISTER) g->spot[k].period = 0;
        if (g->spot[k].kind == TW__STRIP) g->spot[k].offset += a.end;
    }
    g->ends = a.end + m->strip_bytes;
    *bytes = g->ends + m->end_bytes;
}

/* Steps of the first tile in front, those that turned out to be nothing gone. */
static void order_steps(tw__maker *m)
{
    tw__program *g = m->g;
    g->step = tw__plan_take(m->q, (size_t)m->step.n * sizeof *g->step);
    for (int pass = 0; g->step && pass < 2; pass++) {
        for (int64_t k = 0; k < m->step.n; k++) {
            const tw__step *s = &m->step.at[k];
            const bool once = s->kind == TW__SPREAD && m->spot.at[s->x[0]].kind == TW__STILL && m->spot.at[s->x[0]].k >= 0
                           && !m->spot.at[s->x[0]].output && every_tile(g, s);
            if (s->kind != UINT8_MAX && once == (pass == 0)) g->step[g->n_step++] = *s;
        }
        if (pass == 0) g->n_once = g->n_step;
    }
}

/* Spots that move in front. */
static void order_spots(tw__maker *m)
{
    tw__program *g = m->g;
    const int32_t n = (int32_t)m->spot.n;
    int16_t *to = tw__plan_borrow(m->q, (size_t)n * sizeof *to);
    g->spot = tw__plan_take(m->q, (size_t)n * sizeof *g->spot);
    if (!to || !g->spot) return;
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t k = 0; k < n; k++) {
            const bool moves = m->spot.at[k].kind <= TW__TURNING;
            if (moves == (pass == 0)) g->spot[to[k] = (int16_t)g->n_spot++] = m->spot.at[k];
        }
        if (pass == 0) g->n_moving = g->n_spot;
    }
    for (int32_t k = 0; k < n; k++)
        if (g->spot[k].kind == TW__STILL && g->spot[k].k < 0) g->spot[k].k = -1 - to[-1 - g->spot[k].k];
    for (int32_t k = 0; k < g->n_step; k++) {
        tw__step *s = &g->step[k];
        for (int32_t j = 0; j < tw__n_reads(s); j++) *tw__reads(s, j) = to[*tw__reads(s, j)];
        for (int32_t j = 0; j < tw__n_writes(s); j++) *tw__writes(s, j) = to[*tw__writes(s, j)];
        for (int32_t j = 0; s->kind == TW__CHAIN && j < s->chain->n_link; j++) {
            tw_link *l = &s->chain->link[j];
            l->x = to[l->x], l->y = to[l->y];
        }
    }
}

/* When a step reads or writes: links of a chain come one after the other. */
static int32_t moment(const tw__step *s, int32_t k, const tw__end *e, int32_t j)
{
    return k << 12 | (s->kind == TW__CHAIN ? e[j].link : 0);
}

static void note_order(tw__maker *m)
{
    tw__program *g = m->g;
    g->in_last = tw__plan_take(m->q, ((size_t)m->in.n + 1) * sizeof *g->in_last);
    g->out_def = tw__plan_take(m->q, ((size_t)m->out.n + 1) * sizeof *g->out_def);
    if (!m->q->ok) return;
    for (int64_t k = 0; k < m->in.n; k++) g->in_last[k] = -1;
    for (int32_t k = 0; k < g->n_step; k++) {
        tw__step *s = &g->step[k];
        const tw__chain *h = s->kind == TW__CHAIN ? s->chain : NULL;
        for (int32_t j = 0; j < tw__n_reads(s); j++) {
            const tw__spot *x = &g->spot[*tw__reads(s, j)];
            const int32_t at = x->kind == TW__MOVING ? moment(s, k, h ? h->read : NULL, j) : INT32_MAX;
            if (x->kind < TW__REGISTER && !x->output && x->k >= 0 && at > g->in_last[x->k]) g->in_last[x->k] = at;
        }
        for (int32_t j = 0; j < tw__n_writes(s); j++) {
            const tw__spot *y = &g->spot[*tw__writes(s, j)];
            if (y->output) g->out_def[y->k] = moment(s, k, h ? h->write : NULL, j);
        }
    }
}

bool tw__program_in_place(const tw__instr *i, int j, int k)
{
    const tw__program *g = i->program;
    const tw__step *s = &g->step[g->out_def[k] >> 12];
    int64_t from = -1, to = -1;
    for (int32_t p = 0; p < g->n_moving; p++) {
        const tw__spot *t = &g->spot[p];
        if (t->kind == TW__MOVING && !t->output && t->k == j) from = t->row;
        if (t->kind == TW__MOVING && t->output && t->k == k) to = t->row;
    }
    if (from < 0 || from != to) return false;
    return g->in_last[j] < g->out_def[k] || (g->in_last[j] == g->out_def[k] && s->kind == TW__BLOCK);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void *stand(tw__planner *q, const void *from, size_t bytes)
{
    void *to = tw__plan_take(q, bytes);
    if (to && bytes) memcpy(to, from, bytes);
    return to;
}

static int64_t threads_of(const tw__maker *m) { return m->made->parts < m->q->cx->threads ? m->made->parts : m->q->cx->threads; }

/* What operations cost apart is what the program costs, but for the memory that it saves. */
static void share_out(tw__maker *m, int64_t scratch)
{
    const tw__planner *q = m->q;
    double cost = 0;
    for (int32_t k = 0; k < m->n; k++) cost += tw__cost(q->cx->by_id[q->s->log_first + q->instr.at[m->at[k]].rel]);
    m->made->cost = cost / 2;
    m->made->parts = tw__parts_of(q->cx, m->made->cost, m->made->call.hi);
    m->made->scratch = (scratch + 63) & ~(int64_t)63;
}

static void finish(tw__maker *m, tw__use **uses)
{
    tw__planner *q = m->q;
    int64_t scratch = 0;
    tw__chains(m);
    if (!q->ok) return;
    choose_tile(m);
    read_where_it_lies(m);
    order_steps(m);
    if (q->ok) order_spots(m);
    if (q->ok) allot(m, &scratch);
    if (q->ok) note_order(m);
    for (int32_t k = 0; q->ok && k < m->g->n_step; k++) {
        tw__step *s = &m->g->step[k];
        if (s->op && s->op->attr_size <= 8) s->attr = &s->own_attr;
    }
    tw_call *c = &m->made->call;
    *c = (tw_call){ .n_in = (int)m->in.n, .n_out = (int)m->out.n, .seed = q->cx->args.seed,
                    .hi = (m->g->rows + m->g->tile * m->g->unit - 1) / (m->g->tile * m->g->unit) };
    c->in = stand(q, m->in_view.at, (size_t)m->in.n * sizeof *c->in);
    c->out = stand(q, m->out_view.at, (size_t)m->out.n * sizeof *c->out);
    *uses = tw__plan_borrow(q, (size_t)(m->in.n + m->out.n + 1) * sizeof **uses);
    if (!q->ok) return;
    if (m->in.n) memcpy(*uses, m->in.at, (size_t)m->in.n * sizeof **uses);
    if (m->out.n) memcpy(*uses + m->in.n, m->out.at, (size_t)m->out.n * sizeof **uses);
    share_out(m, scratch);
    if (m->made->scratch)
        (*uses)[m->in.n + m->out.n] = (tw__use){ tw__value_new(q, TW__SLAB, 0, m->made->scratch * threads_of(m)), true, 0 };
}

#define DROP(v) tw_resize(q->cx, (v).at, (size_t)(v).room * sizeof *(v).at, 0)

bool tw__program_make(tw__planner *q, int32_t n, const int32_t *at, int64_t rows, tw__instr *made, tw__use **uses)
{
    tw__maker m = { .q = q, .made = made, .n = n, .at = at };
    *made = (tw__instr){ .rel = -1 };
    made->program = m.g = tw__plan_take(q, sizeof *m.g);
    if (!q->ok) return false;
    m.g->rows = rows;
    for (int32_t k = 0; k < n && q->ok; k++) member(&m, at[k]);
    for (int32_t k = 0; k < n; k++) q->val.at[q->uses.at[at[k]][q->instr.at[at[k]].call.n_in].val].spot = -1;
    if (q->ok) finish(&m, uses);
    DROP(m.step); DROP(m.spot); DROP(m.in); DROP(m.out); DROP(m.in_view); DROP(m.out_view); DROP(m.in_spot);
    return q->ok;
}
