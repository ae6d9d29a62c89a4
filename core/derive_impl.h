/* derive_impl.h - what the files about derivatives share: one sweep over ids, and the rules of one node.
 *
 * derive.c is reverse mode, terms.c its sums, forward.c forward mode, batch.c many vectors at once, checkpoint.c
 * regions that are computed again.
 */
#pragma once
#include "core/ctx_impl.h"
#include "core/op.h"

/* One transform. Arrays are indexed by id - low. */
typedef struct tw__sweep {
    tw_ctx       *cx;
    const char   *op;               /* what the user called */
    const tw_loc *at;
    int32_t       low, count;       /* ids low .. low + count - 1 */
    uint8_t      *reach, *on, *target;
    tw_node     **g;                /* cotangents or tangents */
    tw_buf       *buf, *terms_buf;  /* what the arrays lie in, and terms that wait */
    struct tw__terms *terms;        /* of terms.c; NULL: none ever waited */
    bool          copies;           /* there are copies of targets */
} tw__sweep;

enum { TW__FEW = 16 };              /* inputs and outputs that need no memory of their own */

static inline bool tw__inside(const tw__sweep *s, const tw_node *n) { return n->id >= s->low && n->id < s->low + s->count; }
static inline tw_node *tw__node_at(const tw__sweep *s, int32_t i) { return s->cx->by_id[s->low + i]; }
#define TW__AT(s, array, n) ((s)->array[(n)->id - (s)->low])

/* First input that a derivative passes to: the value inside a custom node is hidden. */
static inline int tw__first_in(const tw_node *y) { return y->op == &tw_op_custom; }
/* Whether a derivative goes from y to its inputs: decided here, in one place. */
static inline bool tw__passes(const tw_node *y)
{
    return tw_is_float(y->dtype) && y->op != &tw_op_stop_grad && y->op != &tw_op_read && y->op != &tw_op_assign && y->n_in > 0;
}
static inline bool tw__is_read_of(const tw_node *n, const tw_node *cell)
{
    return n->op == &tw_op_read && tw__cell_of(n) == tw__cell_of(cell);
}
/* What n is a copy of; n itself if of nothing. And whether n stands for x. */
static inline tw_node *tw__original(tw_node *n) { return n->copy ? n->cx->by_id[n->origin] : n; }
static inline bool tw__stands_for(tw_node *n, const tw_node *x)
{
    return n == x || (x->op == &tw_op_cell ? tw__is_read_of(n, x) : tw__original(n) == x);
}

static inline bool tw__ruled(const tw_op *op) { return op->d || op->partial || op->vjp || op == &tw_op_custom; }

/* Outputs and targets checked and resolved into y and x, the sweep opened and marked. */
bool     tw__sweep_begin(tw__sweep *s, int m, tw_node *const *ys, int n, tw_node *const *xs, tw_node **y, tw_node **x);
void     tw__sweep_close(tw__sweep *s);
/* A seed or a tangent g of n, checked: same shape and dtype; NULL after an error. */
tw_node *tw__partner(tw__sweep *s, const tw_node *n, tw_node *g);
/* a + b, where NULL is nothing. */
tw_node *tw__plus(const tw_loc *at, tw_node *a, tw_node *b);
/* Adds g to the cotangent of x, at once or when the terms that it can be one with have come; settle: now, of x or (NULL) of all. */
void     tw__terms_add(tw__sweep *s, const tw_loc *at, tw_node *x, tw_node *g);
void     tw__terms_settle(tw__sweep *s, const tw_node *x);
/* The zero of x's shape that says that nothing depends. */
tw_node *tw__zero(const tw_loc *at, const tw_node *x);
/* Whether g can be the cotangent of x that y's rule gave; an error otherwise. */
bool     tw__fits(tw__sweep *s, const tw_node *y, const tw_node *x, const tw_node *g);
tw_node *tw__d_of(tw_node *y, int i, tw_node *g);
/* The cotangents of y's inputs by a general rule: n of them into gx. */
void     tw__general(tw_node *y, tw_node *const *gy, const bool *need, tw_node **gx);
void     tw__vjp(const tw_loc *at, const char *op, tw_ctx *cx, int m, tw_node *const *ys, tw_node *const *gys, int n,
                 tw_node *const *xs, tw_node **gxs);
tw_node *tw__jvp(const tw_loc *at, const char *op, tw_node *y, int n, tw_node *const *xs, tw_node *const *ts);
/* The group of checkpoints that ends with `last`, whose cotangents are complete; and whether y is the last of its group. */
void     tw__checkpoint_pull(tw__sweep *s, tw_node *last);
bool     tw__checkpoint_last(const tw_node *y);
/* What a transform emitted since id `start` and its results do not reach counts as nobody's reader. */
void     tw__discount(tw_ctx *cx, int32_t start, int n, tw_node *const *results);
/* A number that an evaluation never needs: the seed of a derivative that is differentiated or batched. */
tw_node *tw__dummy(const tw_loc *at, const tw_node *like);
void     tw__nils(tw_ctx *cx, int n, tw_node **gs);
