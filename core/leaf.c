/* leaf.c - nodes without inputs: numbers, constants, data; and small questions about nodes.
 *
 * A number of the user's is a slot: plans do not look at it. A constant belongs to the library's
 * own mathematics and is structure. Both are one value with zero strides, whatever their shape.
 */
#include "core/ctx_impl.h"
#include <string.h>

static bool as_asked(tw_node *y) { (void)y; return true; }

static void label_number(const tw_node *y, char *text, size_t size) { snprintf(text, size, "%g", y->slot.num); }
static void label_constant(const tw_node *y, char *text, size_t size) { snprintf(text, size, "%g", y->attr.num); }

static tw_node *leaf(const tw_loc *at, tw_ctx *cx, const tw_op *op, tw_dtype dtype, const tw_shape *shape, double value)
{
    if (!cx) return tw_nil(NULL);
    return tw_build_node(&(tw_build){ .op = op, .at = at, .cx = cx, .attr = &value, .slot = &value, .shape = shape, .dtype = dtype });
}

tw_node *tw_constant(const tw_loc *at, tw_ctx *cx, tw_dtype dtype, const tw_shape *shape, double value)
{
    return leaf(at, cx, &tw_op_constant, dtype, shape, value);
}

tw_node *tw_constant_like(const tw_loc *at, tw_node *like, double value)
{
    const tw_shape s = tw_shape_of(like);
    return leaf(at, like->cx, &tw_op_constant, (tw_dtype)like->dtype, &s, value);
}

tw_node *tw_scalar_at(const tw_loc *at, tw_ctx *cx, double value)
{
    const tw_shape s = { 0 };
    return leaf(at, cx, &tw_op_number, TW_DTYPE_DEFAULT, &s, value);
}

tw_node *tw_fill_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, const tw_fill_args *o)
{
    TW_OPTIONS(tw_fill_args, o);
    if (o->dtype >= TW__DTYPES) return tw_fail(cx, TW_EARG, "fill", at, "%d is no dtype", (int)o->dtype);
    if (!tw__holds(o->dtype, o->value))
        return tw_fail(cx, TW_EDTYPE, "fill", at, "%g is no number of dtype %s", o->value, tw_dtype_name(o->dtype));
    return leaf(at, cx, &tw_op_number, o->dtype, &shape, o->value);
}

static tw_node *data(const tw_loc *at, tw_ctx *cx, const char *op, tw_dtype dtype, const tw_shape *shape, const void *elements, bool borrow)
{
    if (!tw_ok(cx)) return tw_nil(cx);
    if (dtype >= TW__DTYPES) return tw_fail(cx, TW_EARG, op, at, "%d is no dtype", (int)dtype);
    tw_node *y = tw_build_node(&(tw_build){ .op = &tw_op_data, .at = at, .cx = cx, .shape = shape, .dtype = dtype });
    if (y->flags & TW_N_NIL) return y;
    const size_t bytes = (size_t)y->shape->count * tw_dtype_size((tw_dtype)y->dtype);
    if (!elements && bytes) return tw_fail(cx, TW_EARG, op, at, "the elements are NULL");
    tw_buf *b = borrow && elements ? tw__buf_borrow(cx, elements) : tw__buf_new(cx, bytes);
    if (!b) return &cx->nil;
    if (!b->borrowed && bytes) memcpy(b->data, elements, bytes);
    return tw__realise(cx, y, b, 0) ? y : &cx->nil;
}

tw_node *tw_data_at(const tw_loc *at, tw_ctx *cx, tw_dtype dtype, tw_shape shape, const void *elements)
{
    return data(at, cx, "data", dtype, &shape, elements, false);
}

tw_node *tw_wrap_at(const tw_loc *at, tw_ctx *cx, tw_dtype dtype, tw_shape shape, const void *elements)
{
    return data(at, cx, "wrap", dtype, &shape, elements, true);
}

/* ---- questions ---------------------------------------------------------------------------- */

static const tw_dims no_dims = { .count = 1 };
static const tw_dims *dims(const tw_node *n) { return n && n->shape ? n->shape : &no_dims; }

int     tw_rank(const tw_node *n)  { return dims(n)->n; }
int64_t tw_count(const tw_node *n) { return dims(n)->count; }
tw_dtype tw_dtype_of(const tw_node *n) { return n ? (tw_dtype)n->dtype : TW_F32; }
tw_ctx *tw_ctx_of(const tw_node *n) { return n ? n->cx : &tw__dead; }
bool    tw_is_nil(const tw_node *n) { return !n || n->flags & TW_N_NIL; }
bool    tw_is_zero(const tw_node *g) { return g && g->flags & TW_N_ZERO; }

int64_t tw_dim(const tw_node *n, int axis)
{
    const tw_dims *d = dims(n);
    if (axis < 0) axis += d->n;
    return axis >= 0 && axis < d->n ? d->at[axis] : 1;
}

tw_shape tw_shape_of(const tw_node *n)
{
    const tw_dims *d = dims(n);
    tw_shape s = { .n = d->n };
    memcpy(s.at, d->at, sizeof s.at);
    return s;
}

#define LEAF(word, text, ...) const tw_op tw_op_##word = { .name = #word, .doc = text, .traits = TW_LEAF, .shape = as_asked, __VA_ARGS__ }
LEAF(number,   "a number of the program's", .slot_size = 8, .label = label_number);
LEAF(constant, "a number of the mathematics", .attr_size = 8, .label = label_constant);
LEAF(data,     "elements that the program gave", .label = NULL);
LEAF(kept,     "the value that an inner scope kept", .label = NULL);
LEAF(dummy,    "the seed of a derivative that is differentiated for forward mode; never computed", .label = NULL);
LEAF(nil,      "stands for what an error prevented", .label = NULL);
