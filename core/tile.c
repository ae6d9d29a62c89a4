/* tile.c - elementwise instructions and programs: block kernels over tiles.
 *
 * A block kernel works on consecutive elements. Operands that lie otherwise (broadcast, permuted)
 * are gathered a tile at a time into memory of the first-level cache; a repeated row is laid out
 * once, long enough that every tile finds its elements consecutive.
 */
#include "core/plan_impl.h"
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { PAST = 32 << 20, PIECE = 1024 };     /* bytes of a result larger than the caches; elements on their way past them */
enum { TILE = 512, MOST_PERIOD = 2048, MOST_IN = 4 };

/* Merges axes that run on into each other, drops those of size 1, and names the pattern. */
void tw__tiles_operand(tw__operand *o, const tw_dims *shape, const int64_t *strides, tw_dtype dtype)
{
    *o = (tw__operand){ .size = (int32_t)tw_dtype_size(dtype), .rank = 0 };
    for (int i = 0; i < shape->n; i++) {
        if (shape->at[i] == 1) continue;
        int k = o->rank - 1;
        if (k >= 0 && o->strides[k] == strides[i] * shape->at[i]) {
            o->dims[k] *= shape->at[i], o->strides[k] = strides[i];
        } else {
            o->dims[o->rank] = shape->at[i], o->strides[o->rank++] = strides[i];
        }
    }
    if (o->rank == 0 || (o->rank == 1 && o->strides[0] == 1)) o->mode = TW__FLAT;
    else if (o->rank == 1 && o->strides[0] == 0) o->mode = TW__SCALAR;
    else if (o->rank == 2 && o->strides[0] == 0 && o->strides[1] == 1 && o->dims[1] <= MOST_PERIOD)
        o->mode = TW__PERIODIC, o->period = o->dims[1];
    else o->mode = TW__GATHER;
}

typedef uint64_t eight __attribute__((vector_size(64)));

/* n times the same element, 64 bytes at a time. */
static void repeat(void *to, const void *from, int64_t n, int size)
{
    uint64_t v = 0;
    memcpy(&v, from, (size_t)size);
    if (size == 1) v *= 0x0101010101010101;
    if (size == 4) v |= v << 32;
    const eight all = { v, v, v, v, v, v, v, v };
    char *q = to;
    int64_t left = n * size;
    for (; left >= (int64_t)sizeof all; q += sizeof all, left -= (int64_t)sizeof all) memcpy(q, &all, sizeof all);
    if (left) memcpy(q, &all, (size_t)left);
}

#define PICK(T) do { const T *p = (const T *)from; T *q = to; for (int64_t i = 0; i < n; i++) q[i] = p[i * stride]; } while (0)
static void pick(void *to, const char *from, int64_t n, int64_t stride, int size)
{
    if (stride == 1) memcpy(to, from, (size_t)(n * size));
    else if (stride == 0) repeat(to, from, n, size);
    else if (size == 4) PICK(uint32_t);
    else if (size == 8) PICK(uint64_t);
    else PICK(uint8_t);
}

/* Elements [lo, lo + n) in logical order to consecutive memory. */
static void gather(const tw__operand *o, const char *data, int64_t lo, int64_t n, char *to)
{
    int64_t at[TW_MAX_RANK], rest = lo, offset = 0;
    const int last = o->rank - 1;
    for (int k = last; k >= 0; k--) {
        at[k] = rest % o->dims[k], rest /= o->dims[k];
        offset += at[k] * o->strides[k];
    }
    while (n > 0) {
        int64_t run = o->dims[last] - at[last];
        if (run > n) run = n;
        pick(to, data + offset * o->size, run, o->strides[last], o->size);
        to += run * o->size, n -= run;
        offset += run * o->strides[last], at[last] += run;
        for (int k = last; k > 0 && at[k] == o->dims[k]; k--) {
            offset += o->strides[k - 1] - at[k] * o->strides[k];
            at[k] = 0, at[k - 1]++;
        }
    }
}

/* A row laid out again and again, n elements in all. */
static void repeat_row(char *to, const char *from, int64_t period, int64_t n, int size)
{
    const int64_t whole = period * size, all = n * size;
    for (int64_t k = 0; k < all; k += whole)
        memcpy(to + k, from, (size_t)(all - k < whole ? all - k : whole));
}

/* Elements [lo, lo + n) of what o says, to consecutive memory. */
void tw__tiles_spread(const tw__operand *o, const char *data, int64_t lo, int64_t n, char *to)
{
    if (o->mode == TW__FLAT) memcpy(to, data + lo * o->size, (size_t)(n * o->size));
    else if (o->mode == TW__SCALAR) repeat(to, data, n, o->size);
    else if (o->mode == TW__PERIODIC && lo % o->period == 0) repeat_row(to, data, o->period, n, o->size);
    else gather(o, data, lo, n, to);
}

typedef union any_block { tw_block b; tw_block_f32 f32; tw_block_f64 f64; } any_block;

static void call(const tw_op *op, tw_block_fn block, bool f64, const any_block *b)
{
    if (block) block(&b->b);
    else if (f64) op->block_f64(&b->f64);
    else op->block_f32(&b->f32);
}

/* To memory past the caches: what is larger than they are leaves them before it is read again, and a plain store would
 * first read what it overwrites. */
static void stream(char *to, const char *from, size_t bytes)
{
    size_t k = 0;
#if defined(__SSE2__)
    for (; k + 16 <= bytes && (uintptr_t)to % 16 == 0; k += 16) _mm_stream_si128((__m128i *)(void *)(to + k), *(const __m128i *)(const void *)(from + k));
#endif
    memcpy(to + k, from + k, bytes - k);
}

static bool past_caches(const tw__instr *i, size_t out)
{
    bool apart = i->flat && (size_t)i->count * out >= PAST;
    for (int k = 0; k < i->call.n_in; k++) apart = apart && i->call.in[k].data != i->call.out->data;
    return apart;
}

/* Operands that lie flat, a result that goes past the caches. */
static void run_past(const tw__instr *i, any_block *b, bool f64, size_t out)
{
    _Alignas(64) char piece[PIECE * 8];
    char *y = b->b.y;
    for (int64_t left = b->b.n; left > 0; left -= PIECE) {
        b->b.n = left < PIECE ? left : PIECE, b->b.y = piece;
        call(i->op, i->block, f64, b);
        stream(y, piece, (size_t)b->b.n * out);
        y += (size_t)b->b.n * out;
        for (int k = 0; k < i->call.n_in; k++) b->b.x[k] = (const char *)b->b.x[k] + PIECE * i->operand[k].size;
    }
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

void tw__tiles_run(const tw__instr *i, int64_t from, int64_t to)
{
    if (from == to) return;             /* of nothing there may be no memory to spread */
    const tw_call *c = &i->call;
    const bool f64 = c->in[i->op->by].dtype == TW_F64;
    const size_t out = tw_dtype_size(c->out->dtype);
    any_block b = { .b = { .n = to - from, .y = (char *)c->out->data + (size_t)from * out, .attr = c->attr, .to = c->out->dtype } };
    if (i->flat) {
        for (int k = 0; k < c->n_in; k++) b.b.x[k] = (const char *)c->in[k].data + from * i->operand[k].size;
        if (past_caches(i, out)) run_past(i, &b, f64, out);
        else call(i->op, i->block, f64, &b);
        return;
    }
    _Alignas(64) char tile[MOST_IN][(MOST_PERIOD + TILE) * 8];
    const int64_t first = to - from < TILE ? to - from : TILE;
    for (int k = 0; k < c->n_in; k++) {
        const tw__operand *o = &i->operand[k];
        const char *data = c->in[k].data;
        if (o->mode == TW__SCALAR) repeat(tile[k], data, first, o->size);
        if (o->mode == TW__PERIODIC) repeat_row(tile[k], data, o->period, o->period + TILE, o->size);
    }
    for (int64_t lo = from; lo < to; lo += TILE) {
        b.b.n = to - lo < TILE ? to - lo : TILE;
        b.b.y = (char *)c->out->data + (size_t)lo * out;
        for (int k = 0; k < c->n_in; k++) {
            const tw__operand *o = &i->operand[k];
            const char *data = c->in[k].data;
            switch (o->mode) {
            case TW__FLAT:     b.b.x[k] = data + lo * o->size; break;
            case TW__SCALAR:   b.b.x[k] = tile[k]; break;
            case TW__PERIODIC: b.b.x[k] = tile[k] + lo % o->period * o->size; break;
            default:           gather(o, data, lo, b.b.n, tile[k]), b.b.x[k] = tile[k];
            }
        }
        call(i->op, i->block, f64, &b);
    }
}

/* ---- programs ----------------------------------------------------------------------------- */

/* A kernel on rows of its own memory; a leaf's on the range of the tile, whose memory begins there; sums of lines on these lines. */
static void call_kernel(const tw__step *s, char *const *at, const tw_call *c, int64_t row, int64_t rows)
{
    tw_view view[TW__STEP_IN + 1];
    memcpy(view, s->view, (size_t)(s->n_in + 1) * sizeof *view);
    for (int k = 0; k < s->n_in; k++) view[k].data = at[s->x[k]];
    tw_view *y = &view[s->n_in];
    const bool lines = s->kind == TW__LINES;
    const int64_t lo = lines ? row : s->n_in ? 0 : row * s->per, size = (int64_t)tw_dtype_size(y->dtype);
    y->data = (void *)((uintptr_t)at[s->y] - (uintptr_t)(lines ? 0 : lo * size));
    const tw_call call = { .in = view, .out = y, .n_in = s->n_in, .n_out = 1, .attr = s->attr, .slot = s->slot, .seed = c->seed,
                           .lo = lo, .hi = lo + rows * (lines ? 1 : s->per) };
    s->kernel(&call);
}

/* Elements that make no whole strip, the last n of a tile: what moves is copied to a strip, and back. */
static void last_strip(const tw__program *g, const tw__chain *h, char *const *at, int64_t lo, int64_t n, char *room)
{
    char *own[TW__SPOTS];
    const int64_t each = (int64_t)h->strip * h->size;
    memcpy(own, at, (size_t)g->n_spot * sizeof *own);
    for (int32_t k = 0; k < h->n_read + h->n_write; k++, room += each) {
        const bool read = k < h->n_read;
        const tw__end *e = read ? &h->read[k] : &h->write[k - h->n_read];
        if (e->size == 0) continue;
        if (read) {
            memcpy(room, at[e->spot] + lo * e->size, (size_t)(n * e->size));
            memset(room + n * e->size, 0, (size_t)((h->strip - n) * e->size));
        }
        own[e->spot] = (char *)((uintptr_t)room - (uintptr_t)(lo * e->size));
    }
    h->run(h->link, own, lo * h->size, (lo + h->strip) * h->size, 0);
    for (int32_t k = 0; k < h->n_write; k++) {
        const tw__end *e = &h->write[k];
        memcpy(at[e->spot] + lo * e->size, (char *)((uintptr_t)own[e->spot] + (uintptr_t)(lo * e->size)), (size_t)(n * e->size));
    }
}

static void call_chain(const tw__program *g, const tw__step *s, char *const *at, int64_t rows, char *room)
{
    const tw__chain *h = s->chain;
    if (h->rows) {
        const int64_t bytes = s->per * h->size;
        for (int64_t r = 0; r < rows; r++) h->run(h->link, at, r * bytes, (r + 1) * bytes, r * h->size);
        return;
    }
    const int64_t n = rows * s->per, whole = n - n % h->strip;
    h->run(h->link, at, 0, whole * h->size, 0);
    if (whole < n) last_strip(g, h, at, whole, n - whole, room);
}

static void step_run(const tw__program *g, const tw__step *s, char *const *at, const tw_call *c, int64_t row, int64_t rows, char *scratch)
{
    if (s->kind == TW__BLOCK) {
        any_block b;                    /* all four operands, though fewer may mean something: a loop costs more */
        b.b.n = rows * s->per, b.b.y = at[s->y], b.b.attr = s->attr, b.b.to = (tw_dtype)s->to;
        b.b.x[0] = at[s->x[0]], b.b.x[1] = at[s->x[1]], b.b.x[2] = at[s->x[2]], b.b.x[3] = at[s->x[3]];
        call(s->op, s->block, s->f64, &b);
    } else if (s->kind == TW__SPREAD) {
        const bool still = g->spot[s->x[0]].kind == TW__STILL;
        tw__tiles_spread(&s->spread, at[s->x[0]], still ? row * s->per : 0, rows * s->per, at[s->y]);
    } else if (s->kind == TW__CHAIN) {
        call_chain(g, s, at, rows, scratch + g->ends);
    } else {
        call_kernel(s, at, c, row, rows);
    }
}

void tw__program_run(const tw__instr *i, int64_t lo, int64_t hi, void *scratch)
{
    const tw__program *g = i->program;
    const tw_call *c = &i->call;
    char *at[TW__SPOTS];
    for (int32_t k = g->n_moving; k < g->n_spot; k++)
        if (g->spot[k].kind >= TW__REGISTER) at[k] = (char *)scratch + g->spot[k].offset;
    for (int32_t k = g->n_moving; k < g->n_spot; k++) {
        const tw__spot *s = &g->spot[k];
        if (s->kind == TW__STILL) at[k] = (s->output ? (char *)c->out[s->k].data : s->k < 0 ? at[-1 - s->k] : (char *)c->in[s->k].data) + s->offset;
    }
    const int64_t first = lo * g->unit, tiles = (g->rows + g->tile - 1) / g->tile, end = hi * g->unit < tiles ? hi * g->unit : tiles;
    for (int64_t t = first; t < end; t++) {
        const int64_t row = t * g->tile, rows = g->rows - row < g->tile ? g->rows - row : g->tile;
        for (int32_t k = 0; k < g->n_moving; k++) {
            const tw__spot *s = &g->spot[k];
            char *base = s->output ? c->out[s->k].data : c->in[s->k].data;
            at[k] = base + (s->kind == TW__MOVING ? row * s->row : row * s->row % s->period);
        }
        for (int32_t k = t == first ? 0 : g->n_once; k < g->n_step; k++) step_run(g, &g->step[k], at, c, row, rows, scratch);
    }
}
