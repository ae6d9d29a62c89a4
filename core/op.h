/* op.h - what an operation is: one constant struct, and what its functions may see.
 *
 * Evaluator, differentiators, drawings and tests see operations only through the descriptor, so
 * adding one means adding one file. Rules (shape, derivative) map graph to graph and may fail;
 * kernels map memory to memory and may not, but for those with the trait TW_CHECKED, which report
 * the first bad element of their data.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "core/core.h"
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An interned shape: equal shapes of a context are the same pointer. */
typedef struct tw_dims {
    int      n;                     /* rank */
    int64_t  at[TW_MAX_RANK];       /* zero beyond the rank */
    int64_t  count;                 /* elements; 1 for rank 0 */
} tw_dims;

/* Where the elements of a view lie, in elements from a base; strides beyond the rank are 0. */
typedef struct tw_layout { int64_t offset; int64_t strides[TW_MAX_RANK]; } tw_layout;

enum tw_node_flags {
    TW_N_REALISED = 1,      /* has bytes: buf and offset */
    TW_N_EXECUTED = 2,      /* an evaluation that ran it completed */
    TW_N_DEAD     = 4,      /* emitted by a transform whose results do not reach it */
    TW_N_WANTED   = 8,
    TW_N_GRAD     = 16,     /* emitted by a derivative: colours the drawing */
    TW_N_ZERO     = 32,     /* a derivative that nothing depends on */
    TW_N_NIL      = 64,
    TW_N_NAMED    = 128     /* name is its own, not only its cluster's */
};

struct tw_node {
    int32_t        id;              /* creation number: inputs always have smaller ones */
    int32_t        origin;          /* id of the forward node whose rule emitted this; -1: the user */
    uint8_t        dtype, flags;
    uint16_t       n_in;
    int16_t        depth;           /* of the scope it lives in */
    uint16_t       copy;            /* a checkpoint's: the node computes what its origin computed, and counts as it */
    tw_ctx        *cx;
    const tw_op   *op;
    const tw_dims *shape;
    union { uint64_t bits; double num; int64_t i; const void *p; char bytes[8]; } attr;   /* structure: compared by plans */
    union { uint64_t bits; double num; int64_t i; void *p; char bytes[8]; } slot;         /* bound anew, never compared */
    union { tw_node *in[3]; tw_node **more; };      /* more when n_in > 3 */
    const tw_loc  *at;
    const char    *name;            /* cluster, interned; or its own */
    struct tw_buf *buf;             /* bytes once realised, always contiguous */
    int64_t        offset;          /* of the first element in buf, in bytes */
};

/* ---- kernels ------------------------------------------------------------------------------ */

typedef struct tw_view {
    void          *data;            /* the first element, offset included */
    const tw_dims *shape;
    const int64_t *strides;         /* elements, one per axis; 0 where broadcast; never negative sizes, strides may be */
    tw_dtype       dtype;
} tw_view;

typedef struct tw_call {
    const tw_view *in, *out;        /* outputs are contiguous; they alias an input only for elementwise operations, and the first with TW_INPLACE */
    int            n_in, n_out;
    const void    *attr, *slot;     /* attr_size and slot_size bytes */
    int64_t        lo, hi;          /* the range of the work to do, out of [0, op->work(y)) */
    void          *scratch;         /* op->scratch(y) bytes, 64-byte aligned */
    uint64_t       seed;            /* the context's */
    void          *user;
} tw_call;

/* Returns -1, or with TW_CHECKED the index of the first element that is out of range. */
typedef int64_t (*tw_kernel)(const tw_call *c);

/* Elementwise work on n consecutive elements. y may be x[k] itself, never overlap it otherwise. */
typedef struct tw_block     { int64_t n; const void   *x[4]; void   *y; const void *attr; tw_dtype to; } tw_block;
typedef struct tw_block_f32 { int64_t n; const float  *x[4]; float  *y; const void *attr; } tw_block_f32;
typedef struct tw_block_f64 { int64_t n; const double *x[4]; double *y; const void *attr; } tw_block_f64;
typedef void (*tw_block_fn)(const tw_block *b);

/* What a batching rule sees: inputs with many[k] have a new first axis of size n, and so has the result. */
typedef struct tw_batching { const tw_loc *at; tw_node *y; tw_node *const *in; const bool *many; int64_t n; } tw_batching;
/* Work in rows: row r of the output depends on row r of each input alone; rows follow one another in all of them. */
typedef struct tw_rows { int64_t n, in[4], out; } tw_rows;      /* how many; elements of one in each input and in the output */

/* ---- the descriptor ----------------------------------------------------------------------- */

enum { TW_TERMS = 64 };

typedef enum tw_class {
    TW_NONE,            /* no derivative: constants, integers, comparisons */
    TW_ELEMENTWISE,     /* d(y, i, g) = g times the partial, written so that it can select */
    TW_LINEAR,          /* d(y, i, g) = the transpose; forward mode applies the operation to the tangents */
    TW_BILINEAR,        /* linear in each of its two inputs */
    TW_GENERAL          /* vjp; forward mode differentiates it twice */
} tw_class;

enum tw_traits {
    TW_STRIDED   = 1,       /* the kernel reads inputs of any strides; without it they are contiguous */
    TW_CHECKED   = 2,       /* the kernel may report a bad element */
    TW_RANDOM    = 4,       /* never merged with an equal one */
    TW_EFFECT    = 8,
    TW_LEAF      = 16,
    TW_INPLACE   = 64,      /* the output may be the first input itself: the kernel then writes only what differs */
    TW_OPAQUE    = 128,     /* runs a function of the program's: what it reports is a status, and fails with TW_EUSER */
    TW_CHEAP     = 256,     /* elementwise, in an instruction or two: plans may do it again rather than keep what it gave */
    TW_MOVES     = 512,     /* each element of the output is one of an input's, or a constant */
    TW_SUMS      = 1024,    /* each element of an input goes into one of the output, and d, which moves, says into which */
    TW_ATTRS     = 2048,    /* attributes have to be given: zeros mean nothing to it */
    TW_BROADCAST = 32       /* operands are broadcast against each other (implied by TW_ELEMENTWISE and block kernels) */
};

struct tw_op {
    const char *name, *doc;                 /* [a-z0-9_]+, unique; one line */
    int         arity;                      /* inputs; -1: any number */
    int         outputs;                    /* 0 and 1 both say one */
    int         attr_size, slot_size;       /* bytes of structure and of slot; zeroed before they are filled */
    unsigned    traits;
    tw_class    rule;
    /* Checks the inputs and sets y->shape (tw_set_shape) and y->dtype, which start as the first input's, or as the builder's request. */
    bool      (*shape)(tw_node *y);
    /* Shape and dtype of output k, when there are several. */
    bool      (*shape_out)(const tw_node *y, int k, tw_shape *shape, tw_dtype *dtype);
    tw_node  *(*d)(tw_node *y, int i, tw_node *g);       /* NULL result: zero */
    tw_node  *(*d_into)(tw_node *y, int i, tw_node *g, tw_node *sum);    /* optional: sum + d as one node */
    int       (*together)(const tw_node *y);             /* optional: so many nodes like y (attributes, shapes of inputs) are worth summing as one; below 2: none */
    tw_node  *(*sum)(const tw_loc *at, int n, tw_node *const *terms);    /* that one, of up to TW_TERMS, or NULL */
    tw_node  *(*partial)(tw_node *y, int i);             /* for users: the derivative without g */
    void      (*vjp)(tw_rule *r);
    tw_node  *(*jvp)(tw_node *y, tw_node *const *t);     /* general, if its vjp is not to be differentiated; t[i] NULL: zero; NULL result: zero */
    tw_node  *(*batch)(const tw_batching *b);            /* y for b->n values of its inputs at once, or NULL: one by one; not needed by elementwise operations */
    /* For sparse Jacobians: a graph of operations that move, sum or are elementwise, of y's shape, each of whose elements
     * depends on those of in that y's depends on of its inputs, or more; in[k] NULL: nobody asks about input k. */
    tw_node  *(*depends)(tw_node *y, tw_node *const *in);
    /* Not NULL: the output is a view. Fills out from x, or false when x must be made contiguous first. */
    bool      (*view)(const tw_node *y, const tw_layout *x, tw_layout *out);
    /* One of these computes. */
    int         kernel_id, block_id;        /* TW_K_..., TW_B_... of ops/kernel/kernels.def */
    int         by;                         /* the input whose dtype chooses the kernel; leaves: their own */
    tw_kernel   kernel;
    void      (*block_f32)(const tw_block_f32 *b);
    void      (*block_f64)(const tw_block_f64 *b);
    int64_t   (*work)(const tw_node *y);    /* units of work a kernel can be split into; default: elements of the output */
    double    (*cost)(const tw_node *y);    /* nanoseconds of one thread, roughly; default: by the bytes that are moved */
    /* Optional: whether the work falls into rows. The kernel then takes fewer of them, in memory of their own. */
    bool      (*rows)(const tw_node *y, tw_rows *r);
    /* Optional: whether it is the sum of n lines of `out` elements that follow one another. Plans add up 32 lines at a time, as they come. */
    bool      (*lines)(const tw_node *y, tw_rows *r);
    size_t    (*scratch)(const tw_node *y); /* bytes of scratch, of each thread; default none */
    void      (*label)(const tw_node *y, char *text, size_t size);      /* attributes, for drawings */
    void      (*explain)(const tw_node *y, const tw_call *c, int64_t bad, char *text, size_t size);     /* what is wrong with a bad element */
};

/* ---- for builders and rules --------------------------------------------------------------- */

/* Everything a new node can be told; the one way to make nodes. */
typedef struct tw_build {
    const tw_op     *op;
    const tw_loc    *at;
    tw_ctx          *cx;            /* for leaves; otherwise from the inputs */
    const void      *attr, *slot;   /* op->attr_size and op->slot_size bytes; NULL: zeros */
    const tw_shape  *shape;         /* a request that the shape rule checks; NULL: the rule decides */
    tw_dtype         dtype;         /* a request; default: the first input's, leaves: the context's */
    int              n;
    tw_node *const  *in;            /* cells are replaced by what they hold */
} tw_build;
TW_API tw_node *tw_build_node(const tw_build *b);
/* The same operation, attributes, slot and shape on other inputs, at y's place. */
TW_API tw_node *tw_again(const tw_node *y, tw_node *const *in);

static inline const void *tw_attr(const tw_node *n);
static inline const void *tw_slot(const tw_node *n);
/* The only writer of errors: keeps the first, returns the context's nil. Set a breakpoint here. */
TW_API tw_node *tw_fail(tw_ctx *cx, tw_code code, const char *op, const tw_loc *at, const char *format, ...) TW_PRINTF(5, 6);
/* tw_fail for shape rules: returns false. */
TW_API bool tw_reject(tw_node *y, tw_code code, const char *format, ...) TW_PRINTF(3, 4);
/* The context's nil node. */
TW_API tw_node *tw_nil(tw_ctx *cx);
TW_API bool tw_set_shape(tw_node *y, const tw_shape *shape);
/* Shape rule of elementwise operations: the first input's shape; all dtypes equal and floating. */
TW_API bool tw_shape_elementwise(tw_node *y);
/* "[2, 3]" into text; returns text. */
TW_API const char *tw_shape_text(const tw_dims *shape, char *text, size_t size);
/* A constant of the library's own rules: shape and dtype of like, structure for plans. */
TW_API tw_node *tw_constant_like(const tw_loc *at, tw_node *like, double value);
/* A constant of the given shape and dtype: structure. */
TW_API tw_node *tw_constant(const tw_loc *at, tw_ctx *cx, tw_dtype dtype, const tw_shape *shape, double value);
/* Operands as nodes of one dtype and shape: numbers take their partner's, shapes broadcast. False in error. */
TW_API bool tw_operands(const tw_loc *at, const char *op, int n, const tw_arg *args, tw_node **nodes);
/* The number of the next random node of this context. */
TW_API uint64_t tw_next_random(tw_ctx *cx);
/* How many such numbers were given out, for checkpoints; and going on from there. */
TW_API uint64_t tw_random_count(const tw_ctx *cx);
TW_API void     tw_random_set(tw_ctx *cx, uint64_t count);
/* Interned for the context's lifetime; NULL without memory. */
TW_API const char *tw_intern(tw_ctx *cx, const char *text);
TW_API tw_dtype tw_default_dtype(const tw_ctx *cx);
/* NULL, a cell, a stale or a foreign node: checks and resolves to a node that can be an input; NULL after an error. */
TW_API tw_node *tw_input(const tw_loc *at, const char *op, int index, tw_node *n);
/* Advice that is not an error: handed to .on_diagnostic, kept for tw_diagnostic; each kind once. */
TW_API void tw_advise(tw_ctx *cx, int *once, const char *op, const tw_loc *at, const char *format, ...) TW_PRINTF(5, 6);
/* f(object) at tw_close, last registered first. False without memory: then it will not be called. */
TW_API bool tw_on_close(tw_ctx *cx, void (*f)(void *object), void *object);
/* First in a function with options: bindings may pass NULL, which says all defaults, and so does a program that was
 * compiled when the struct was shorter for what it did not know. */
#define TW_OPTIONS(T, o) T tw__whole; (o) = (const T *)tw__options((o), &tw__whole, sizeof tw__whole)
static inline const void *tw__options(const void *given, void *whole, size_t size)
{
    int have = 0;
    if (given) memcpy(&have, given, sizeof have);
    if (given && (have <= 0 || (size_t)have >= size)) return given;
    memset(whole, 0, size);
    if (given) memcpy(whole, given, (size_t)have);
    return whole;
}
/* For what the cleanup attribute ends: `return tw_close(cx)` in its block closes before it ends, so a context that is
 * held is freed only when it is let go. */
TW_API void tw_hold(tw_ctx *cx);
TW_API void tw_let_go(tw_ctx *cx);
/* The seed that the context was opened with. */
TW_API uint64_t tw_seed(const tw_ctx *cx);
/* The places (row, column), flat and by rows, where d y / d x may differ from 0, in arrays of tw_resize that the caller
 * gives back; how many, or -1 after an error. Indices that y depends on are computed. */
TW_API int64_t tw_dependence(const tw_loc *at, const char *op, tw_node *y, tw_node *x, int64_t **rows, int64_t **cols);
/* Output k of a node with several. */
TW_API tw_node *tw_output(tw_node *y, int k);
/* Times the instructions of plans from now on, or no more, as .profile does; what it was before. */
TW_API bool tw_profile(tw_ctx *cx, bool on);
/* f for each node of the latest evaluation that was timed, with nanoseconds: of the shortest run of its plan. Operations that
 * ran as one share its time by what they are believed to cost. Only as long as the nodes live. */
TW_API void tw_plan_times(tw_ctx *cx, void (*f)(void *user, const tw_node *n, double ns), void *user);
/* The context's allocator; NULL says no (and fails the context when growing). */
TW_API void *tw_resize(tw_ctx *cx, void *p, size_t old_size, size_t new_size);

static inline bool tw_is_float(int dtype) { return dtype == TW_F32 || dtype == TW_F64; }
static inline bool tw_is_view_op(const tw_op *op) { return op->view != NULL; }
static inline bool tw_is_block_op(const tw_op *op) { return op->block_id || op->block_f32 || op->block_f64; }
static inline tw_node *const *tw_inputs(const tw_node *n) { return n->n_in > 3 ? n->more : n->in; }
static inline const void *tw_attr(const tw_node *n) { return n->op->attr_size > 8 ? n->attr.p : n->attr.bytes; }
static inline const void *tw_slot(const tw_node *n) { return n->op->slot_size > 8 ? n->slot.p : n->slot.bytes; }

#ifdef __cplusplus
}
#endif
