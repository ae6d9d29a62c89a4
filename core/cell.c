/* cell.c - parameters and states: versioned bytes behind a handle.
 *
 * A cell is never an input. Builders replace it by a read node for (cell, version): while that
 * version is pending, the read node's input is the assign node, so order follows from edges. An
 * assignment runs once, in program order, with an evaluation; its bytes then replace the old ones.
 * Old bytes live on for readers that have not run: they are counted, never overwritten.
 */
#include "core/ctx_impl.h"
#include <string.h>

tw_node *tw__read(const tw_loc *at, tw_cell *c)
{
    tw_ctx *cx = c->node.cx;
    tw_node *r = c->read;
    if (r && tw__alive(cx, r) && r->op == &tw_op_read && tw__cell_of(r) == c && r->depth == cx->depth
        && r->slot.i == c->latest) return r;
    if (r && tw__alive(cx, r) && r->op == &tw_op_read && tw__cell_of(r) == c && r->depth < cx->depth && r->slot.i == c->latest)
        c->read_outside = c->latest;
    const tw_shape shape = tw_shape_of(&c->node);
    tw_node *pending = c->pending;
    const int32_t origin = cx->origin;
    cx->origin = -1;                        /* a read in a rule is still the program's read */
    r = tw_build_node(&(tw_build){ .op = &tw_op_read, .at = at, .cx = cx, .attr = &c->node.attr.p, .slot = &c->latest,
                                   .shape = &shape, .dtype = (tw_dtype)c->node.dtype, .n = pending != NULL, .in = &pending });
    cx->origin = origin;
    if (r->flags & TW_N_NIL) return r;
    if (c->name) r->name = c->name, r->flags |= TW_N_NAMED;
    return c->read = r;
}

static tw_node *cell(const tw_loc *at, tw_ctx *cx, const char *op, const char *name, tw_node *value, bool trained)
{
    value = value ? tw_input(at, op, 1, value) : tw_fail(cx, TW_EARG, op, at, "the value is NULL");
    if (!value || value->flags & TW_N_NIL) return tw_nil(cx ? cx : value ? value->cx : NULL);
    if (value->cx != cx) return tw_fail(cx, TW_ESCOPE, op, at, "the value belongs to another context");
    tw_cell *c = tw_resize(cx, NULL, 0, sizeof *c);
    if (!c) return &cx->nil;
    *c = (tw_cell){ .trained = trained, .read_outside = -1, .next = cx->cells };
    c->node = (tw_node){ .id = -2, .origin = -1, .dtype = value->dtype, .cx = cx, .op = &tw_op_cell, .shape = value->shape,
                         .at = at, .name = cx->name };
    c->node.attr.p = c;
    if (name && !(c->name = tw_intern(cx, name))) return tw_resize(cx, c, sizeof *c, 0), &cx->nil;
    const int once = cx->said_twice;
    cx->said_twice = 1;                     /* evaluating a first value early is nobody's mistake */
    bool ok = tw__evaluate(cx, at, 1, &value, false);
    cx->said_twice = once;
    const size_t bytes = (size_t)value->shape->count * tw_dtype_size((tw_dtype)value->dtype);
    if (!ok || !(c->buf = tw__buf_new(cx, bytes))) return tw_resize(cx, c, sizeof *c, 0), &cx->nil;
    if (bytes) memcpy(c->buf->data, tw_read_at(at, value, (tw_dtype)value->dtype), bytes);
    cx->cells = c;
    return &c->node;
}

tw_node *tw_param_at(const tw_loc *at, tw_ctx *cx, const char *name, tw_node *value)
{
    if (!tw_ok(cx)) return tw_nil(cx);
    if (!name || !*name) return tw_fail(cx, TW_EARG, "param", at, "a parameter needs a name");
    if (value && !(value->flags & TW_N_NIL) && !tw_is_float(value->dtype))
        return tw_fail(cx, TW_EDTYPE, "param", at, "\"%s\" is %s: what is trained is f32 or f64", name, tw_dtype_name((tw_dtype)value->dtype));
    return cell(at, cx, "param", name, value, true);
}

tw_node *tw_state_at(const tw_loc *at, tw_ctx *cx, tw_node *value)
{
    return tw_ok(cx) ? cell(at, cx, "state", NULL, value, false) : tw_nil(cx);
}

bool tw_is_cell(const tw_node *n) { return n && n->op == &tw_op_cell; }
const char *tw_cell_name(const tw_node *n)
{
    return n && (n->op == &tw_op_cell || n->op == &tw_op_read) ? tw__cell_of(n)->name : NULL;
}

/* Whether nodes that the current log does not describe may still read the version to be replaced. */
static int64_t old_readers(tw_ctx *cx, const tw_cell *c)
{
    const tw_node *r = c->read;
    if (c->read_outside == c->latest) return 2;
    if (!r || !tw__alive(cx, r) || r->op != &tw_op_read || tw__cell_of(r) != c || r->slot.i != c->latest) return 0;
    return r->depth != cx->depth ? 2 : r->id < cx->scope[cx->depth].log_first;
}

void tw_assign_at(const tw_loc *at, tw_node *handle, tw_node *value)
{
    tw_ctx *cx = handle ? handle->cx : value ? value->cx : NULL;
    if (!cx || !tw_ok(cx)) return;
    char a[96], b[96];
    if (!handle || handle->op != &tw_op_cell) {
        tw_fail(cx, TW_EARG, "assign", at, "only parameters and states are assigned to: tw_param, tw_state");
        return;
    }
    tw_cell *c = tw__cell_of(handle);
    if (!(value = value ? tw_input(at, "assign", 1, value) : NULL)) {
        tw_fail(cx, TW_EARG, "assign", at, "the value is NULL");
        return;
    }
    if (value->cx != cx) {
        tw_fail(cx, TW_ESCOPE, "assign", at, "the value belongs to another context");
        tw_fail(value->cx, TW_ESCOPE, "assign", at, "the cell belongs to another context");
        return;
    }
    if (value->flags & TW_N_NIL) return;
    if (value->shape != handle->shape) {
        tw_fail(cx, TW_ESHAPE, "assign", at, "a value of shape %s for a cell of shape %s%s%s", tw_shape_text(value->shape, a, sizeof a),
                tw_shape_text(handle->shape, b, sizeof b), c->name ? ", " : "", c->name ? c->name : "");
        return;
    }
    if (value->dtype != handle->dtype) {
        tw_fail(cx, TW_EDTYPE, "assign", at, "a value of dtype %s for a cell of dtype %s", tw_dtype_name((tw_dtype)value->dtype),
                tw_dtype_name((tw_dtype)handle->dtype));
        return;
    }
    const int64_t slot[2] = { c->count + 1, c->latest };
    const struct { const void *cell; int64_t readers; } attr = { c, old_readers(cx, c) };
    if (!TW__ROOM(cx, cx->pending, 1)) return;
    tw_node *y = tw_build_node(&(tw_build){ .op = &tw_op_assign, .at = at, .attr = &attr, .slot = slot, .n = 1, .in = &value });
    if (y->flags & TW_N_NIL) return;
    cx->pending.at[cx->pending.n++] = y;
    c->latest = ++c->count;
    c->pending = y;
}

void tw__drop_pending(tw_ctx *cx, int depth)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < cx->pending.n; i++) {
        tw_node *y = cx->pending.at[i];
        if (y->depth < depth) { cx->pending.at[kept++] = y; continue; }
        tw_cell *c = tw__cell_of(y);
        y->flags |= TW_N_DEAD | TW_N_EXECUTED;
        if (c->latest >= ((const int64_t *)y->slot.p)[0]) c->latest = c->done;
        c->pending = NULL;
    }
    cx->pending.n = kept;
    for (int64_t i = 0; i < kept; i++) {    /* versions that stay pending are the latest again */
        tw_cell *c = tw__cell_of(cx->pending.at[i]);
        c->latest = ((const int64_t *)cx->pending.at[i]->slot.p)[0];
        c->pending = cx->pending.at[i];
    }
}

void tw__cells_free(tw_ctx *cx)
{
    for (tw_cell *c = cx->cells, *next; c; c = next) {
        next = c->next;
        tw__buf_release(cx, c->buf);
        tw_resize(cx, c, sizeof *c, 0);
    }
    cx->cells = NULL;
}

static bool as_asked(tw_node *y) { (void)y; return true; }

static void label(const tw_node *y, char *text, size_t size)
{
    const tw_cell *c = tw__cell_of(y);
    snprintf(text, size, "%s", c->name ? c->name : "state");
}

static void label_assign(const tw_node *y, char *text, size_t size)
{
    const tw_cell *c = *(tw_cell *const *)tw_attr(y);
    snprintf(text, size, "%s", c->name ? c->name : "state");
}

const tw_op tw_op_cell   = { .name = "cell", .doc = "a parameter or a state: the handle", .traits = TW_LEAF, .attr_size = 8,
                             .shape = as_asked, .label = label };
const tw_op tw_op_read   = { .name = "read", .doc = "a version of a cell", .arity = -1, .traits = TW_LEAF, .attr_size = 8, .slot_size = 8,
                             .shape = as_asked, .label = label };
const tw_op tw_op_assign = { .name = "assign", .doc = "gives a cell its next version", .arity = 1, .traits = TW_EFFECT,
                             .attr_size = 16, .slot_size = 16, .shape = as_asked, .label = label_assign };
