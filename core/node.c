/* node.c - making nodes: inputs checked, operands broadcast, shapes inferred, the log kept.
 *
 * The one way to make a node is tw_build_node. It is the library's hottest path: a node of an
 * elementwise operation on equal shapes touches its inputs, one line of the arena and the log.
 */
#include "core/ctx_impl.h"
#include <stdarg.h>
#include <string.h>

_Static_assert(sizeof(tw_node) <= 128, "a node is at most two lines of the cache");

tw_node tw__structure = { .id = -1, .dtype = TW_F32, .flags = TW_N_NIL };

bool tw__alive(const tw_ctx *cx, const tw_node *n)
{
    return (uint32_t)n->id < (uint32_t)cx->next_id && cx->by_id[n->id] == n;
}

/* ---- inputs ------------------------------------------------------------------------------- */

static tw_node *foreign(const tw_loc *at, const char *op, int index, tw_ctx *cx, tw_ctx *other)
{
    tw_fail(cx, TW_ESCOPE, op, at, "argument %d belongs to another context", index);
    tw_fail(other, TW_ESCOPE, op, at, "argument %d belongs to another context", index);
    return NULL;
}

/* The context does not matter yet: that of the first input is the node's. */
static tw_node *resolve(const tw_loc *at, const char *op, int index, tw_node *n)
{
    if (!n) {
        tw_fail(NULL, TW_EARG, op, at, "argument %d is NULL", index);
        return NULL;
    }
    if (n->flags & TW_N_NIL) return n;
    tw_ctx *cx = n->cx;
    if (n->op == &tw_op_cell) return cx->error.code ? &cx->nil : tw__read(at, tw__cell_of(n));
    if (!tw__alive(cx, n)) {
        tw_fail(cx, TW_ESCOPE, op, at, "argument %d belongs to a scope that was left: tw_keep(n) takes a value along", index);
        return NULL;
    }
    return n;
}

tw_node *tw_input(const tw_loc *at, const char *op, int index, tw_node *n)
{
    tw_node *r = resolve(at, op, index, n);
    return r && r->op == &tw_op_nil && !(r->flags & TW_N_NIL) ? NULL : r;
}

bool tw__listed(tw_ctx *cx, const tw_loc *at, const char *op, int n, const void *list)
{
    if (n >= 0 && (list || !n)) return true;
    return tw_fail(cx, TW_EARG, op, at, n < 0 ? "%d nodes" : "the list of %d nodes is NULL", n), false;
}

/* ---- the log ------------------------------------------------------------------------------ */

/* An input as seen from a node: how far back in the same scope, or which node of an outer one. */
static inline uint32_t edge(const tw__scope *s, int32_t id, const tw_node *in)
{
    return in->id >= s->first ? (uint32_t)(id - in->id) : 0x80000000u | (uint32_t)in->id;
}

void tw__log_node(tw_ctx *cx, const tw_node *n)
{
    tw__scope *s = &cx->scope[cx->depth];
    const int words = 4 + (n->n_in + 1) / 2;
    if (!TW__ROOM(cx, s->log, words)) return;
    uint64_t *w = s->log.at + s->log.n;
    s->log.n += words;
    w[0] = (uint64_t)(uintptr_t)n->op;
    w[1] = (uint64_t)(uintptr_t)n->shape;
    w[2] = n->attr.bits;
    w[3] = (uint64_t)n->dtype | (uint64_t)n->n_in << 8 | (uint64_t)(uint32_t)(n->depth - cx->depth) << 32;
    tw_node *const *in = tw_inputs(n);
    for (int i = 0; i < n->n_in; i += 2)
        w[4 + i / 2] = (uint64_t)edge(s, n->id, in[i])
                     | (uint64_t)(i + 1 < n->n_in ? edge(s, n->id, in[i + 1]) : 0) << 32;
}

void tw__log_word2(tw_ctx *cx, int depth, uint64_t event, uint64_t what)
{
    tw__scope *s = &cx->scope[depth];
    if (!TW__ROOM(cx, s->log, 2)) return;
    s->log.at[s->log.n++] = event;
    s->log.at[s->log.n++] = what;
}

/* ---- making one --------------------------------------------------------------------------- */

static bool ids_grow(tw_ctx *cx)
{
    int32_t old = cx->by_id_room;
    if (old > INT32_MAX / 4) return tw_fail(cx, TW_ENOMEM, "graph", NULL, "more than %d nodes", old), false;
    int32_t room = old ? old * 2 : 1024;
    void *p = tw_resize(cx, cx->by_id, (size_t)old * sizeof *cx->by_id, (size_t)room * sizeof *cx->by_id);
    if (!p) return false;
    cx->by_id = p;
    /* by_id_room speaks for the three together, so a failure half-way must leave the others' sizes known */
    void *m = tw_resize(cx, NULL, 0, (size_t)room);
    void *x = m ? tw_resize(cx, NULL, 0, (size_t)room * sizeof *cx->index) : NULL;
    if (!x) {
        if (m) tw_resize(cx, m, (size_t)room, 0);
        void *back = cx->resize(cx->args.resize_user, cx->by_id, (size_t)room * sizeof *cx->by_id,
                                (size_t)old * sizeof *cx->by_id);
        cx->by_id = back || !old ? back : cx->by_id;
        return false;
    }
    memset(m, 0, (size_t)room);
    if (old) memcpy(m, cx->mark, (size_t)old);
    tw_resize(cx, cx->mark, (size_t)old, 0);
    tw_resize(cx, cx->index, (size_t)old * sizeof *cx->index, 0);
    cx->mark = m, cx->index = x, cx->by_id_room = room;
    return true;
}

enum { PILE = 2000000 };

static void piled(tw_ctx *cx, tw__scope *s, const tw_loc *at)
{
    int once = s->piled;
    s->piled = true;
    tw_advise(cx, &once, "scope", at, "%d nodes in one scope and still growing here: a loop wants TW_SCOPE(cx) in its body", PILE);
}

/* A blank node in the arena of the scope at depth; has an id once it is entered. */
static tw_node *blank(tw_ctx *cx, const tw_build *b, int depth)
{
    tw__scope *s = &cx->scope[depth];
    if (cx->next_id == cx->by_id_room && !ids_grow(cx)) return NULL;
    tw_node *y = tw__arena_take(cx, &s->half[s->now], sizeof *y);
    if (!y) return NULL;
    *y = (tw_node){ .id = cx->next_id, .origin = cx->origin, .depth = (int16_t)depth, .cx = cx, .op = b->op,
                    .at = b->at, .name = cx->name, .n_in = (uint16_t)b->n, .dtype = (uint8_t)b->dtype,
                    .flags = cx->origin >= 0 ? TW_N_GRAD : 0 };
    return y;
}

/* Attributes that nobody gave. */
static const void *zeros(tw_ctx *cx, size_t size)
{
    void *block = tw_resize(cx, NULL, 0, size);
    if (!block) return NULL;
    const void *kept = tw__intern_bytes(cx, 2, memset(block, 0, size), size);
    tw_resize(cx, block, size, 0);
    return kept;
}

static bool copy_fixed(tw_ctx *cx, tw_node *y, const tw_build *b)
{
    const int size = b->op->attr_size, slot = b->op->slot_size;
    if (size > 8) y->attr.p = b->attr ? tw__intern_bytes(cx, 2, b->attr, (size_t)size) : zeros(cx, (size_t)size);
    else if (b->attr && size) memcpy(y->attr.bytes, b->attr, (size_t)size);
    if (size > 8 && !y->attr.p) return false;
    if (slot > 8) {
        if (!(y->slot.p = tw__arena_take(cx, &cx->scope[y->depth].half[cx->scope[y->depth].now], (size_t)slot))) return false;
        if (b->slot) memcpy(y->slot.p, b->slot, (size_t)slot);
        else memset(y->slot.p, 0, (size_t)slot);
    } else if (b->slot && slot) {
        memcpy(y->slot.bytes, b->slot, (size_t)slot);
    }
    return true;
}

static void enter(tw_ctx *cx, tw_node *y)
{
    cx->by_id[cx->next_id++] = y;
    tw__log_node(cx, y);
    tw__scope *s = &cx->scope[cx->depth];
    if (cx->next_id - s->first > PILE && !s->piled) piled(cx, s, y->at);
}

/* All outputs of y, at once and in order: output k has the id that follows y's by k + 1. */
static bool project(tw_node *y)
{
    for (int k = 0; k < y->op->outputs; k++) {
        tw_shape shape = { 0 };
        tw_dtype dtype = (tw_dtype)y->dtype;
        if (!y->op->shape_out(y, k, &shape, &dtype)) return false;
        const int64_t which = k;
        if (tw_build_node(&(tw_build){ .op = &tw_op_project, .at = y->at, .attr = &which, .shape = &shape, .dtype = dtype,
                                       .n = 1, .in = &y })->flags & TW_N_NIL) return false;
    }
    return true;
}

static tw_node *make(tw_ctx *cx, const tw_build *b, tw_node *const *in, int depth)
{
    tw_node *y = blank(cx, b, depth);
    if (!y) return &cx->nil;
    if (b->n > 3) {
        tw__scope *s = &cx->scope[depth];
        y->more = tw__arena_take(cx, &s->half[s->now], (size_t)b->n * sizeof *y->more);
        if (!y->more) return &cx->nil;
        memcpy(y->more, in, (size_t)b->n * sizeof *in);
    } else {
        for (int i = 0; i < b->n; i++) y->in[i] = in[i];
    }
    if (b->n) {
        y->shape = in[0]->shape;
        if (!b->dtype) y->dtype = in[0]->dtype;
    } else {
        y->shape = cx->scalar;
        if (!b->dtype) y->dtype = (uint8_t)cx->args.dtype;
    }
    if (b->shape && !tw_set_shape(y, b->shape)) return &cx->nil;
    if (!copy_fixed(cx, y, b)) return &cx->nil;
    if (!b->op->shape(y)) {
        if (!cx->error.code) tw_reject(y, TW_ESHAPE, "its shape rule refuses these inputs");
        return &cx->nil;
    }
    enter(cx, y);
    if (b->op->outputs > 1 && !project(y)) return &cx->nil;
    return y;
}

static bool same_shapes(int n, tw_node *const *in)
{
    for (int i = 1; i < n; i++)
        if (in[i]->shape != in[0]->shape) return false;
    return true;
}

static bool broadcast(const tw_loc *at, const char *op, int n, tw_node **in);

static tw_node *wrong_count(tw_ctx *cx, const tw_build *b)
{
    return tw_fail(cx, TW_EARG, b->op->name, b->at, "takes %d inputs, not %d", b->op->arity, b->n);
}

tw_node *tw_build_node(const tw_build *b)
{
    tw_ctx *cx = b->cx;
    tw_node *few[8], **in = few;
    if (b->n > 8) {         /* concat of many: resolved in the arena */
        if (!b->in[0]) return tw_fail(cx, TW_EARG, b->op->name, b->at, "argument 0 is NULL");
        tw_ctx *c = b->in[0]->cx;
        if (c->dead || c->error.code) return &c->nil;
        in = tw__arena_take(c, &c->scope[c->depth].half[c->scope[c->depth].now], (size_t)b->n * sizeof *in);
        if (!in) return &c->nil;
    }
    for (int i = 0; i < b->n; i++) {
        if (!b->in[i] && !cx)
            for (int k = 0; k < b->n && !cx; k++)       /* a NULL among nodes is their context's error */
                if (b->in[k]) cx = b->in[k]->cx;
        if (!b->in[i]) return tw_fail(cx, TW_EARG, b->op->name, b->at, "argument %d is NULL", i);
        if (!(in[i] = resolve(b->at, b->op->name, i, b->in[i]))) return tw_nil(b->in[i]->cx);
        if (!cx) cx = in[i]->cx;
        else if (in[i]->cx != cx) return foreign(b->at, b->op->name, i, cx, in[i]->cx), &cx->nil;
        if (in[i]->flags & TW_N_NIL) return &cx->nil;
    }
    if (!cx) return &tw__dead.nil;
    if (cx->error.code) return &cx->nil;
    if (b->op->arity >= 0 && b->n != b->op->arity) return wrong_count(cx, b);
    if (b->op->traits & TW_ATTRS && !b->attr) return tw_fail(cx, TW_EARG, b->op->name, b->at, "its attributes are missing");
    if (b->n > UINT16_MAX) return tw_fail(cx, TW_EARG, b->op->name, b->at, "%d inputs are more than %d", b->n, UINT16_MAX);
    if (b->n > 1 && (b->op->rule == TW_ELEMENTWISE || (b->op->traits & TW_BROADCAST) || tw_is_block_op(b->op))
        && !same_shapes(b->n, in) && !broadcast(b->at, b->op->name, b->n, in)) return &cx->nil;
    if (!tw__enter(cx, b->at)) return &tw__dead.nil;
    tw_node *y = make(cx, b, in, cx->depth);
    tw__leave_ctx(cx, b->op->name);
    return cx->error.code ? &cx->nil : y;
}

/* As tw_build_node, but the node lives in the parent scope: for tw_keep. */
tw_node *tw__build_in_parent(tw_ctx *cx, const tw_build *b)
{
    tw_node *y = make(cx, b, b->in, cx->depth - 1);
    return cx->error.code ? &cx->nil : y;
}

tw_node *tw_apply_at(const tw_loc *at, const tw_op *op, int n, tw_node *const *in)
{
    if (!op) return tw_fail(n > 0 && in[0] ? in[0]->cx : NULL, TW_EARG, "apply", at, "the operation is NULL");
    tw_node *y = tw_build_node(&(tw_build){ .op = op, .at = at, .n = n, .in = in });
    if (!(y->flags & TW_N_NIL) && tw_op_find(y->cx, op->name) != op)
        return tw_fail(y->cx, TW_EARG, op->name, at, "the operation was not registered in this context");
    return y;
}

tw_node *tw_again(const tw_node *y, tw_node *const *in)
{
    tw_shape shape = tw_shape_of(y);
    return tw_build_node(&(tw_build){ .op = y->op, .at = y->at, .n = y->n_in, .in = in, .attr = tw_attr(y),
                                      .slot = tw_slot(y), .shape = &shape });
}

tw_node *tw_output(tw_node *y, int k)
{
    if (!y) return tw_nil(NULL);
    if (y->flags & TW_N_NIL) return y;
    if (k < 0 || k >= (y->op->outputs > 1 ? y->op->outputs : 1))
        return tw_fail(y->cx, TW_EARG, y->op->name, y->at, "there is no output %d", k);
    if (y->op->outputs <= 1) return y;
    if (!tw__alive(y->cx, y)) return tw_fail(y->cx, TW_ESCOPE, y->op->name, y->at, "belongs to a scope that was left");
    return y->cx->by_id[y->id + 1 + k];
}

tw_node *tw_in(const tw_node *n, int i)
{
    if (!n) return NULL;
    const int hidden = n->op == &tw_op_custom;      /* the value itself; the declared inputs follow it */
    return i >= 0 && i + hidden < n->n_in ? tw_inputs(n)[i + hidden] : NULL;
}

/* ---- shapes and operands ------------------------------------------------------------------ */

bool tw_set_shape(tw_node *y, const tw_shape *s)
{
    if (s->n < 0 || s->n > TW_MAX_RANK) return tw_reject(y, TW_ESHAPE, "rank %d is not from 0 to %d", s->n, TW_MAX_RANK);
    for (int i = 0; i < s->n; i++)
        if (s->at[i] < 0) return tw_reject(y, TW_ESHAPE, "dimension %d is %lld", i, (long long)s->at[i]);
    const tw_dims *d = tw__intern_dims(y->cx, s);
    if (!d) return false;
    if (d->count > ((int64_t)1 << 46)) return tw_reject(y, TW_ESHAPE, "a shape of more than 2^46 elements");
    y->shape = d;
    return true;
}

bool tw_shape_elementwise(tw_node *y)
{
    tw_node *const *in = tw_inputs(y);
    for (int i = 0; i < y->n_in; i++) {
        if (!tw_is_float(in[i]->dtype))
            return tw_reject(y, TW_EDTYPE, "input %d is %s: cast it to f32 or f64 first", i, tw_dtype_name((tw_dtype)in[i]->dtype));
        if (in[i]->dtype != in[0]->dtype)
            return tw_reject(y, TW_EDTYPE, "dtypes %s and %s differ", tw_dtype_name((tw_dtype)in[0]->dtype),
                             tw_dtype_name((tw_dtype)in[i]->dtype));
    }
    return true;
}

const char *tw_shape_text(const tw_dims *s, char *text, size_t size)
{
    size_t k = 0;
    if (size) text[0] = 0;
    for (int i = 0; i <= s->n && k < size; i++) {
        int w = i < s->n ? snprintf(text + k, size - k, "%s%lld", i ? ", " : "[", (long long)s->at[i])
                         : snprintf(text + k, size - k, s->n ? "]" : "[]");
        k += w > 0 ? (size_t)w : 0;
    }
    return text;
}

/* The common shape by NumPy's rule: aligned at the end, sizes equal or 1. */
static bool common(int n, tw_node *const *in, tw_shape *s)
{
    *s = (tw_shape){ 0 };
    for (int i = 0; i < n; i++) if (in[i]->shape->n > s->n) s->n = in[i]->shape->n;
    for (int a = 0; a < s->n; a++) s->at[a] = 1;
    for (int i = 0; i < n; i++) {
        const tw_dims *d = in[i]->shape;
        for (int k = 0; k < d->n; k++) {
            int64_t *to = &s->at[s->n - d->n + k];
            if (*to == 1) *to = d->at[k];
            else if (d->at[k] != 1 && d->at[k] != *to) return false;
        }
    }
    return true;
}

static bool broadcast(const tw_loc *at, const char *op, int n, tw_node **in)
{
    tw_ctx *cx = in[0]->cx;
    tw_shape s;
    if (!common(n, in, &s)) {
        char a[96], b[96];
        int k = 1;
        while (k < n - 1 && in[k]->shape == in[0]->shape) k++;
        return tw_fail(cx, TW_ESHAPE, op, at, "shapes %s and %s do not broadcast", tw_shape_text(in[0]->shape, a, sizeof a),
                       tw_shape_text(in[k]->shape, b, sizeof b)), false;
    }
    const tw_dims *d = tw__intern_dims(cx, &s);
    if (!d) return false;
    for (int i = 0; i < n; i++) {
        if (in[i]->shape == d) continue;
        in[i] = tw_build_node(&(tw_build){ .op = tw__vocab.broadcast_to, .at = at, .n = 1, .in = &in[i], .shape = &s });
        if (in[i]->flags & TW_N_NIL) return false;
    }
    return true;
}

/* Beyond 2^53 a literal may have been rounded by the compiler. */
static bool exact(double v, tw_dtype dtype)
{
    return tw__holds(dtype, v) && (dtype != TW_I64 || (v >= -0x1p53 && v <= 0x1p53));
}

static tw_node *number(tw_ctx *cx, const tw_loc *at, const char *op, const tw_arg *a, tw_dtype dtype, const tw_shape *s)
{
    if (!exact(a->num, dtype))
        return tw_fail(cx, TW_EDTYPE, op, at, "%g is no number of dtype %s: tw_cast the tensor first", a->num, tw_dtype_name(dtype));
    if (a->node) return tw_constant(at, cx, dtype, s, a->num);
    return tw_build_node(&(tw_build){ .op = &tw_op_number, .at = at, .cx = cx, .slot = &a->num, .shape = s, .dtype = dtype });
}

/* Shapes pass in registers of the fast path: two nodes of one shape and dtype need nothing. */
bool tw_operands(const tw_loc *at, const char *op, int n, const tw_arg *args, tw_node **nodes)
{
    tw_ctx *cx = NULL;
    tw_node *real[8];
    int k = 0, numbers = 0;
    for (int i = 0; i < n; i++) {
        nodes[i] = NULL;
        if (!args[i].node || args[i].node == &tw__structure) { numbers++; continue; }
        if (!(nodes[i] = resolve(at, op, i, args[i].node))) return false;
        if (!cx) cx = nodes[i]->cx;
        else if (nodes[i]->cx != cx) return foreign(at, op, i, cx, nodes[i]->cx), false;
        if (nodes[i]->flags & TW_N_NIL) return false;
        real[k++] = nodes[i];
    }
    if (!cx || cx->error.code) return false;
    for (int i = 0; i < n; i++)
        if (!args[i].node && args[i].num == TW__NO_NODE)
            return tw_fail(cx, TW_EARG, op, at, "argument %d is NULL", i), false;
    for (int i = 1; i < k; i++)
        if (real[i]->dtype != real[0]->dtype)
            return tw_fail(cx, TW_EDTYPE, op, at, "dtypes %s and %s differ: tw_cast one of them", tw_dtype_name((tw_dtype)real[0]->dtype),
                           tw_dtype_name((tw_dtype)real[i]->dtype)), false;
    if (k > 1 && !same_shapes(k, real)) {
        if (!broadcast(at, op, k, real)) return false;
        for (int i = 0, j = 0; i < n; i++) if (nodes[i]) nodes[i] = real[j++];
    }
    if (!numbers) return true;
    const tw_shape s = tw_shape_of(real[0]);
    for (int i = 0; i < n; i++)
        if (!nodes[i] && (nodes[i] = number(cx, at, op, &args[i], (tw_dtype)real[0]->dtype, &s))->flags & TW_N_NIL) return false;
    return true;
}
