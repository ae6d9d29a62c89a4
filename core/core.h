/* core.h - contexts, scopes, nodes, derivatives, evaluation: what a program sees of the graph.
 *
 * A call that makes a node does no arithmetic: it checks shapes and records. Values are computed
 * when they are read (tw_item, tw_f32, ...), by tw_eval, or by an optimiser's step. Every program
 * gives the numbers that it would give if each call ran when it was made, or an error.
 * Nodes die with the scope that they were built in; nothing else is freed but the context.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TW_API __attribute__((visibility("default")))
#define TW_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#error "thalweg needs gcc or clang: statement expressions and the cleanup attribute"
#endif

typedef struct tw_ctx  tw_ctx;
typedef struct tw_node tw_node;
typedef struct tw_op   tw_op;

/* The place of a call: one static record, eight bytes to pass on. */
typedef struct tw_loc { const char *file, *func; int line; } tw_loc;

/* A number or a node, as arithmetic takes them: tw_mul(0.5, x). */
typedef struct tw_arg { tw_node *node; double num; } tw_arg;

#define TW_MAX_RANK 8
typedef struct tw_shape { int n; int64_t at[TW_MAX_RANK]; } tw_shape;
typedef struct tw_axes  { int n; int at[TW_MAX_RANK]; } tw_axes;    /* n = 0: not given */

/* ---- the devices: places, numbers as nodes, order of arguments, options by name ---------- */

#define TW__CAT_(a, b) a##b
#define TW__CAT(a, b)  TW__CAT_(a, b)
#ifndef TW_HERE
#define TW_HERE TW__HERE(TW__CAT(tw__at_, __COUNTER__))
#endif
#define TW__HERE(l) __extension__({ static const tw_loc l = { __FILE__, __func__, __LINE__ }; &l; })

/* A NULL node is told from a number by its text: an error then names the argument. */
#define TW__NO_NODE (-1.5e308)
static inline tw_arg tw__arg_node(tw_node *n)  { tw_arg a = { n, n ? 0 : TW__NO_NODE }; return a; }
static inline tw_arg tw__arg_number(double v)  { tw_arg a = { NULL, v }; return a; }

#ifdef __cplusplus
#include "core/cpp.h"
#else
#define TW_ARG(x) TW__ARG(x, TW__CAT(tw__arg_, __COUNTER__))
#define TW__ARG(x, v) __extension__({ __auto_type v = (x); \
    _Generic(v, tw_node *: tw__arg_node, default: tw__arg_number)(v); })
/* Zero means default; the struct starts with its size, so that it can grow without breaking binaries. */
#define TW_OPTS(T, ...) (&(const T){ ._size = (int)sizeof(T), __VA_ARGS__ })
#define TW_AXES(...)  ((tw_axes){ (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)), { __VA_ARGS__ } })
#define TW_SHAPE(...) ((tw_shape){ (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), { __VA_ARGS__ } })
#define TW_AUTO __auto_type
#endif
#define TW_SCALAR_SHAPE TW__SCALAR_SHAPE()
static inline tw_shape TW__SCALAR_SHAPE(void) { tw_shape s = { 0, { 0 } }; return s; }

/* Says "zero" where 0 would mean "default". */
#define TW_ZERO (-0.0)

/* Arguments are built left to right: compilers differ when left alone, and ids would. */
#define TW__U(x) TW__CAT(x, __COUNTER__)
#define TW__CALL_AA(f, a, b) TW__CALL_AA_(f, a, b, TW__U(tw__a_), TW__U(tw__b_))
#define TW__CALL_AA_(f, a, b, u, v) __extension__({ tw_arg u = TW_ARG(a), v = TW_ARG(b); f(TW_HERE, u, v); })
#define TW__CALL_AAA(f, a, b, c) TW__CALL_AAA_(f, a, b, c, TW__U(tw__a_), TW__U(tw__b_), TW__U(tw__c_))
#define TW__CALL_AAA_(f, a, b, c, u, v, w) __extension__({ tw_arg u = TW_ARG(a), v = TW_ARG(b), w = TW_ARG(c); f(TW_HERE, u, v, w); })
#define TW__CALL_NAA(f, c, a, b) TW__CALL_NAA_(f, c, a, b, TW__U(tw__c_), TW__U(tw__a_), TW__U(tw__b_))
#define TW__CALL_NAA_(f, c, a, b, w, u, v) __extension__({ tw_node *w = (c); tw_arg u = TW_ARG(a), v = TW_ARG(b); f(TW_HERE, w, u, v); })
#define TW__CALL_NN(f, a, b) TW__CALL_NN_(f, a, b, TW__U(tw__a_), TW__U(tw__b_))
#define TW__CALL_NN_(f, a, b, u, v) __extension__({ tw_node *u = (a), *v = (b); f(TW_HERE, u, v); })
#define TW__CALL_NNO(f, T, a, b, ...) TW__CALL_NNO_(f, T, a, b, TW__U(tw__a_), TW__U(tw__b_), __VA_ARGS__)
#define TW__CALL_NNO_(f, T, a, b, u, v, ...) __extension__({ tw_node *u = (a), *v = (b); f(TW_HERE, u, v, TW_OPTS(T, __VA_ARGS__)); })
#define TW__CALL_NNN(f, a, b, c) TW__CALL_NNN_(f, a, b, c, TW__U(tw__a_), TW__U(tw__b_), TW__U(tw__c_))
#define TW__CALL_NNN_(f, a, b, c, u, v, w) __extension__({ tw_node *u = (a), *v = (b), *w = (c); f(TW_HERE, u, v, w); })
#define TW__CALL_NNNO(f, T, a, b, c, ...) TW__CALL_NNNO_(f, T, a, b, c, TW__U(tw__a_), TW__U(tw__b_), TW__U(tw__c_), __VA_ARGS__)
#define TW__CALL_NNNO_(f, T, a, b, c, u, v, w, ...) __extension__({ tw_node *u = (a), *v = (b), *w = (c); f(TW_HERE, u, v, w, TW_OPTS(T, __VA_ARGS__)); })

/* ---- dtypes, codes, errors ---------------------------------------------------------------- */

typedef enum tw_dtype {
    TW_DTYPE_DEFAULT,                       /* the context's */
    TW_F32, TW_F64, TW_I32, TW_I64, TW_U8, TW_BOOL,
    TW__DTYPES
} tw_dtype;

typedef enum tw_code {
    TW_OK,
    TW_ENOMEM,      /* the allocator said no, or the limit was reached */
    TW_EARG,        /* an argument outside of what the call takes */
    TW_ESHAPE,      /* shapes that do not go together */
    TW_EDTYPE,      /* dtypes that do not go together */
    TW_EGRAD,       /* not differentiable as asked */
    TW_ESCOPE,      /* a node of a scope that was left, or of another context */
    TW_ESPENT,      /* a value whose inputs were overwritten after it had been used */
    TW_EVALUE,      /* data outside of what an operation takes, found while computing */
    TW_EIO,         /* a file that cannot be opened, read or understood */
    TW_EUSER,       /* a user's function said no */
    TW_EMISSING,    /* an operation or a part of the library that is not there */
    TW_ETHREAD,     /* a context used by two threads at a time; noticed in debug builds */
    TW__CODES
} tw_code;

typedef struct tw_error {
    tw_code       code;
    const tw_loc *at;          /* the user's call; never NULL after an error */
    const char   *op;          /* the operation or function */
    char          text[256];   /* what, with the numbers */
} tw_error;

/* The caller's allocator, by Lua's contract: new_size 0 frees, p NULL allocates, NULL says no. */
typedef void *(*tw_resize_fn)(void *user, void *p, size_t old_size, size_t new_size);

typedef struct tw_ctx_args {
    int          _size;
    uint64_t     seed;             /* of random numbers; 0 is a seed like any other */
    tw_dtype     dtype;            /* of constructors without .dtype; default TW_F32 */
    int          threads;          /* at most so many work for it; default what TW_THREADS says, or all that the machine gives */
    size_t       memory_limit;     /* bytes of tensors; default none */
    bool         trap_nonfinite;   /* the first NaN or infinity computed is an error */
    bool         profile;          /* instructions are timed, for tw_plan_dump */
    tw_resize_fn resize;           /* the allocator; default realloc and free */
    void        *resize_user;
    void       (*on_error)(void *user, const tw_error *e);          /* called once an error sticks */
    void       (*on_diagnostic)(void *user, const tw_error *e);     /* advice, never an error */
    void        *user;             /* of both callbacks */
} tw_ctx_args;

/* Opens a context; never NULL: without memory a dead one, in which every call fails. */
TW_API tw_ctx *tw_open_at(const tw_loc *at, const tw_ctx_args *options);
#define tw_open(...) tw_open_at(TW_HERE, TW_OPTS(tw_ctx_args, __VA_ARGS__))
/* Frees everything. Returns 0, or 1 after an error that nobody took, which it prints unless there is .on_error. */
TW_API int tw_close(tw_ctx *cx);
TW_API bool tw_ok(const tw_ctx *cx);
/* Hands the first error over and clears it; pending assignments are dropped, scopes and cells stay. False if there is none. */
TW_API bool tw_error_take(tw_ctx *cx, tw_error *e);
/* The error as it stands, or NULL. */
TW_API const tw_error *tw_error_get(const tw_ctx *cx);
/* The latest advice (a loop that forgot its scope, work done twice, ...), or NULL. */
TW_API const tw_error *tw_diagnostic(const tw_ctx *cx);
TW_API const char *tw_code_name(tw_code code);
TW_API const char *tw_dtype_name(tw_dtype dtype);
TW_API size_t      tw_dtype_size(tw_dtype dtype);

/* ---- scopes ------------------------------------------------------------------------------- */

typedef struct tw_scope { tw_ctx *cx; int depth; } tw_scope;

TW_API tw_scope tw_scope_enter(tw_ctx *cx);
/* Leaves the scope, and inner ones left open; pending assignments and kept nodes are evaluated first. */
TW_API void tw_scope_leave(tw_scope *scope);
/* From here to the end of the block; break, continue and return behave as in C. */
#define TW_SCOPE(cx) tw_scope TW__CAT(tw__scope_, __COUNTER__) __attribute__((cleanup(tw__scope_end), unused)) = tw__scope_begin(cx)
TW_API tw_scope tw__scope_begin(tw_ctx *cx);
TW_API void tw__scope_end(tw_scope *scope);

/* The value of n for the parent scope: use the node returned; it becomes a leaf there. */
TW_API tw_node *tw_keep_at(const tw_loc *at, tw_node *n);
#define tw_keep(n) tw_keep_at(TW_HERE, n)
/* Marks n to be evaluated together with the next assignments; returns n. */
TW_API tw_node *tw_want_at(const tw_loc *at, tw_node *n);
#define tw_want(n) tw_want_at(TW_HERE, n)

/* ---- leaves and cells --------------------------------------------------------------------- */

/* A number, as a tensor of rank 0 of the context's dtype. */
TW_API tw_node *tw_scalar_at(const tw_loc *at, tw_ctx *cx, double value);
#define tw_scalar(cx, v) tw_scalar_at(TW_HERE, cx, v)
/* A tensor of the given elements, row by row: copied. */
TW_API tw_node *tw_data_at(const tw_loc *at, tw_ctx *cx, tw_dtype dtype, tw_shape shape, const void *elements);
#define tw_data(cx, dtype, ...) tw__data(cx, dtype, __VA_ARGS__)
#define tw__data(cx, dtype, ...) tw_data_at(TW_HERE, cx, dtype, __VA_ARGS__)
/* The same, borrowed: read when evaluated, never written; must not change or go until then. */
TW_API tw_node *tw_wrap_at(const tw_loc *at, tw_ctx *cx, tw_dtype dtype, tw_shape shape, const void *elements);
#define tw_wrap(cx, dtype, ...) tw_wrap_at(TW_HERE, cx, dtype, __VA_ARGS__)

typedef struct tw_fill_args { int _size; tw_dtype dtype; double value; } tw_fill_args;
/* A tensor of one value everywhere (.value; .dtype default: the context's). */
TW_API tw_node *tw_fill_at(const tw_loc *at, tw_ctx *cx, tw_shape shape, const tw_fill_args *options);

/* A trained cell called name, with its first value. Lives in the context; read like any node. */
TW_API tw_node *tw_param_at(const tw_loc *at, tw_ctx *cx, const char *name, tw_node *value);
#define tw_param(cx, name, value) tw_param_at(TW_HERE, cx, name, value)
/* An untrained cell: running statistics, recurrent state, caches. */
TW_API tw_node *tw_state_at(const tw_loc *at, tw_ctx *cx, tw_node *value);
#define tw_state(cx, value) tw_state_at(TW_HERE, cx, value)
/* A new version of the cell: later calls read it, earlier nodes keep the old one. Runs at tw_eval, a step, a read that needs it, or the end of the scope. */
TW_API void tw_assign_at(const tw_loc *at, tw_node *cell, tw_node *value);
#define tw_assign(cell, value) tw_assign_at(TW_HERE, cell, value)
TW_API bool        tw_is_cell(const tw_node *n);
TW_API const char *tw_cell_name(const tw_node *cell);       /* NULL for states */

/* ---- values ------------------------------------------------------------------------------- */

/* Evaluates what is pending: assignments, wanted and kept nodes. False in error. */
TW_API bool tw_eval_at(const tw_loc *at, tw_ctx *cx);
#define tw_eval(cx) tw_eval_at(TW_HERE, cx)
/* Evaluates the given nodes together; each keeps its value. */
TW_API bool tw_eval_nodes_at(const tw_loc *at, int n, tw_node *const *ys);
#define tw_eval_nodes(n, ys) tw_eval_nodes_at(TW_HERE, n, ys)
/* The one element of n, as a double; NaN in error. */
TW_API double tw_item_at(const tw_loc *at, tw_node *n);
#define tw_item(n) tw_item_at(TW_HERE, n)
/* The elements, row by row, of exactly that dtype; NULL in error. Valid while n lives; of a cell, until its next assignment ran. */
TW_API const void *tw_read_at(const tw_loc *at, tw_node *n, tw_dtype dtype);
#define tw_f32(n)  ((const float   *)tw_read_at(TW_HERE, n, TW_F32))
#define tw_f64(n)  ((const double  *)tw_read_at(TW_HERE, n, TW_F64))
#define tw_i32(n)  ((const int32_t *)tw_read_at(TW_HERE, n, TW_I32))
#define tw_i64(n)  ((const int64_t *)tw_read_at(TW_HERE, n, TW_I64))
#define tw_u8(n)   ((const uint8_t *)tw_read_at(TW_HERE, n, TW_U8))
#define tw_bools(n) ((const bool   *)tw_read_at(TW_HERE, n, TW_BOOL))
/* Copies the elements into memory of `bytes` bytes, which must be their size. False in error. */
TW_API bool tw_copy_at(const tw_loc *at, tw_node *n, void *to, size_t bytes);
#define tw_copy(n, to, bytes) tw_copy_at(TW_HERE, n, to, bytes)
/* Prints shape, dtype and elements (the first and last of long axes) to stdout. */
TW_API void tw_print_at(const tw_loc *at, tw_node *n);
#define tw_print(n) tw_print_at(TW_HERE, n)

TW_API int      tw_rank(const tw_node *n);
TW_API int64_t  tw_dim(const tw_node *n, int axis);       /* negative axes count from the end */
TW_API int64_t  tw_count(const tw_node *n);
TW_API tw_shape tw_shape_of(const tw_node *n);
TW_API tw_dtype tw_dtype_of(const tw_node *n);
TW_API tw_ctx  *tw_ctx_of(const tw_node *n);
TW_API bool     tw_is_nil(const tw_node *n);              /* the node that stands for "an error happened" */

/* ---- derivatives -------------------------------------------------------------------------- */

/* The gradient of the scalar y with respect to x, any node or cell; zeros where y does not depend on x. */
TW_API tw_node *tw_grad_at(const tw_loc *at, tw_node *y, tw_node *x);
#define tw_grad(y, x) TW__CALL_NN(tw_grad_at, y, x)
TW_API void tw_grads_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs, tw_node **gs);
#define tw_grads(y, n, xs, gs) tw_grads_at(TW_HERE, y, n, xs, gs)
/* gxs = the sum over k of (d ys[k] / d xs) transposed times gys[k]: reverse mode with seeds. */
TW_API void tw_vjp_at(const tw_loc *at, int m, tw_node *const *ys, tw_node *const *gys, int n, tw_node *const *xs, tw_node **gxs);
#define tw_vjp(m, ys, gys, n, xs, gxs) tw_vjp_at(TW_HERE, m, ys, gys, n, xs, gxs)
/* The sum over k of (d y / d xs[k]) times ts[k]: forward mode. */
TW_API tw_node *tw_jvp_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs, tw_node *const *ts);
#define tw_jvp(y, n, xs, ts) tw_jvp_at(TW_HERE, y, n, xs, ts)
/* The Hessian of the scalar y with respect to x, times v: forward over reverse mode. It builds the gradient anew, which
 * plans compute once; for many v build it once, too: tw_jvp of it, or all at once by tw_jvps. */
TW_API tw_node *tw_hvp_at(const tw_loc *at, tw_node *y, tw_node *x, tw_node *v);
#define tw_hvp(y, x, v) TW__CALL_NNN(tw_hvp_at, y, x, v)
/* y for many values of xs at once: values[k] has a new first axis of size n, and so has the result. Operations without a batching rule are built n times. */
TW_API tw_node *tw_vmap_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs, tw_node *const *values);
#define tw_vmap(y, n, xs, values) tw_vmap_at(TW_HERE, y, n, xs, values)
/* tw_vjp and tw_jvp for many seeds or tangents at once: each has a new first axis, and so have the results. */
TW_API void tw_vjps_at(const tw_loc *at, int m, tw_node *const *ys, tw_node *const *gys, int n, tw_node *const *xs, tw_node **gxs);
#define tw_vjps(m, ys, gys, n, xs, gxs) tw_vjps_at(TW_HERE, m, ys, gys, n, xs, gxs)
TW_API tw_node *tw_jvps_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs, tw_node *const *ts);
#define tw_jvps(y, n, xs, ts) tw_jvps_at(TW_HERE, y, n, xs, ts)
/* y as it would be with news in the place of xs: the same operations built again. */
TW_API tw_node *tw_replace_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs, tw_node *const *news);
#define tw_replace(y, n, xs, news) tw_replace_at(TW_HERE, y, n, xs, news)
/* Whether g is the zero that a derivative gives where nothing depends. */
TW_API bool tw_is_zero(const tw_node *g);
/* x, but a constant for every derivative. */
TW_API tw_node *tw_stop_grad_at(const tw_loc *at, tw_node *x);
#define tw_stop_grad(x) tw_stop_grad_at(TW_HERE, x)

/* y; but reverse mode computes again, from xs, what it needs of the nodes between xs and y, instead of keeping their values. */
TW_API tw_node *tw_checkpoint_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs);
#define tw_checkpoint(y, n, xs) tw_checkpoint_at(TW_HERE, y, n, xs)

/* What a derivative rule sees. It fills gx[i] for the inputs with need[i]; NULL says zero. */
typedef struct tw_rule {
    tw_node        *y;        /* the node that the rule is about; tw_in(y, i) are its inputs */
    int             m, n;     /* outputs, inputs */
    tw_node *const *gy;       /* cotangents of the outputs; NULL where there is none */
    tw_node       **gx;       /* to be filled */
    const bool     *need;
    void           *user;
} tw_rule;

/* y, with a derivative of one's own: rule gets tw_in(r->y, i) = xs[i]. What y reads beyond xs cannot be differentiated through it. */
TW_API tw_node *tw_custom_grad_at(const tw_loc *at, tw_node *y, int n, tw_node *const *xs, void (*rule)(tw_rule *r), void *user);
#define tw_custom_grad(y, n, xs, rule, user) tw_custom_grad_at(TW_HERE, y, n, xs, rule, user)

/* Input i of a node, as its builder got it after broadcasting; NULL if there is none. */
TW_API tw_node *tw_in(const tw_node *n, int i);

/* ---- operations of one's own (core/op.h has the descriptor) -------------------------------- */

/* Puts an operation in the context's registry; the descriptor must outlive the context. */
TW_API bool tw_op_register_at(const tw_loc *at, tw_ctx *cx, const tw_op *op);
#define tw_op_register(cx, op) tw_op_register_at(TW_HERE, cx, op)
TW_API const tw_op *tw_op_find(tw_ctx *cx, const char *name);
/* Calls f for every registered operation, in order of registration. */
TW_API void tw_op_each(tw_ctx *cx, void (*f)(const tw_op *op, void *user), void *user);
/* Applies a registered operation without attributes to its inputs; elementwise ones broadcast. */
TW_API tw_node *tw_apply_at(const tw_loc *at, const tw_op *op, int n, tw_node *const *in);
#ifdef __cplusplus
#define tw_apply(op, ...) __extension__({ tw_node *tw__in[] = { __VA_ARGS__ }; tw_apply_at(TW_HERE, op, (int)(sizeof tw__in / sizeof *tw__in), tw__in); })
#else
#define tw_apply(op, ...) tw_apply_at(TW_HERE, op, (int)(sizeof((tw_node *[]){ __VA_ARGS__ }) / sizeof(tw_node *)), (tw_node *[]){ __VA_ARGS__ })
#endif

/* ---- names and looking --------------------------------------------------------------------- */

/* Nodes built until the matching leave belong to a cluster of that name in drawings. */
TW_API void tw_name_enter(tw_ctx *cx, const char *name);
TW_API void tw_name_leave(tw_ctx *cx);
/* Gives n a name of its own for drawings and dumps; returns n. */
TW_API tw_node *tw_named(tw_node *n, const char *name);

typedef struct tw_dot_args {
    int         _size;
    const char *file;       /* where to; default: stdout */
    FILE       *stream;     /* instead of a file */
    const char *title;
    bool        values;     /* show single values and ranges of what is evaluated */
    bool        groups;     /* clusters are what ran as one instruction in the latest evaluation (with .profile: and how long), not names */
} tw_dot_args;
/* The graph behind y as Graphviz DOT: names, shapes, dtypes; gradient nodes in another colour; clusters by name. */
TW_API bool tw_dot_nodes_at(const tw_loc *at, int n, tw_node *const *ys, const tw_dot_args *options);
#define tw_dot(...) tw__dot(__VA_ARGS__, )
#define tw__dot(y, ...) tw__dot_at(TW_HERE, y, TW_OPTS(tw_dot_args, __VA_ARGS__))
#define tw_dot_nodes(...) tw__dot_nodes(__VA_ARGS__, )
#define tw__dot_nodes(n, ys, ...) tw_dot_nodes_at(TW_HERE, n, ys, TW_OPTS(tw_dot_args, __VA_ARGS__))
TW_API bool tw__dot_at(const tw_loc *at, tw_node *y, const tw_dot_args *options);
/* The graph behind y as text, a node a line, to a stream (NULL: stdout). */
TW_API void tw_dump(tw_node *y, FILE *to);
/* The latest plan as text (NULL: stdout): instructions, shapes, places, bytes moved, estimated time; with .profile the measured one too. */
TW_API void tw_plan_dump(tw_ctx *cx, FILE *to);

typedef struct tw_plan_counts {
    int64_t hits, misses, uncached;     /* evaluations by what the cache said */
    int64_t nodes_run;                  /* instructions executed */
    int64_t plans, plan_bytes;          /* plans held, and what they take */
    int64_t bytes_live, bytes_cached, bytes_peak, slab;     /* tensor memory */
} tw_plan_counts;
TW_API tw_plan_counts tw_counts(const tw_ctx *cx);

#ifdef __cplusplus
}
#endif
