/* ctx_impl.h - the inside of a context: what the files of core/ share.
 *
 * Scopes are numbered by depth; depth 0 is the context's own. Nodes are numbered from 0 on over all
 * open scopes, so that those of one scope are consecutive and inputs always have smaller numbers.
 */
#pragma once
#include "core/op.h"
#include "core/vocab_impl.h"
#ifndef NDEBUG
#include <stdatomic.h>
#endif

#define TW__MAX_DEPTH 64

/* A growing array of T; never shrinks, freed at close. */
#define TW__VEC(T) struct { T *at; int64_t n, room; }

typedef struct tw_buf {
    int32_t        refs;
    int32_t        size_class;      /* -1: not of the cache */
    size_t         bytes;           /* that were taken from the allocator, or 0 for borrowed ones */
    void          *data;            /* 64-byte aligned, unless borrowed */
    struct tw_buf *next;            /* in the cache */
    bool           borrowed;        /* the user's memory: never written, never shared with a cell */
} tw_buf;

typedef struct tw__chunk { struct tw__chunk *next; size_t size, used; } tw__chunk;
typedef struct tw__arena { tw__chunk *first, *now; } tw__arena;

typedef struct tw_plan tw_plan;

typedef struct tw__scope {
    tw__arena  half[2];
    int        now;                 /* which half is in use; the other is that of the visit before */
    int32_t    first;               /* id of its first node */
    TW__VEC(uint64_t)  log;         /* what happened since the last evaluation: the key of the next plan */
    int32_t    log_first;           /* the first id that the log describes */
    uint64_t   prev;                /* which plan (or accident) made the state that the log starts from */
    tw_plan   *hint;                /* the plan that came next in the iteration before */
    tw_plan   *first_plan;          /* the first plan of the last iteration */
    tw_plan   *last;                /* the plan that ran before in this visit */
    bool       begun;               /* an evaluation ran in this visit */
    TW__VEC(tw_node *) realised;    /* nodes of this scope that hold a buf */
    TW__VEC(tw_node *) kept;        /* keep nodes made in this scope, to become leaves of the parent */
    bool       piled;               /* the diagnostic about too many nodes was given */
} tw__scope;

/* A parameter or a state: the handle that users hold, and the versions of its bytes. */
typedef struct tw_cell {
    tw_node         node;           /* the handle; op is tw_op_cell */
    const char     *name;
    bool            trained;
    tw_buf         *buf;            /* bytes of version `done` */
    int64_t         done, latest, count;    /* executed version; latest, maybe pending; numbers given out */
    tw_node        *read;           /* the newest read node; may be stale */
    int64_t         read_outside;   /* the newest version that an inner scope read after an outer one */
    tw_node        *pending;        /* the assign node of the latest version, while it has not run */
    const tw_loc   *assigned;       /* place of the newest executed assignment */
    int             mark;           /* scratch of derivatives and plans */
    struct tw_cell *next;
} tw_cell;

struct tw_ctx {
    tw_error       error, advice;
    bool           dead;            /* the static context that stands for "no memory at all" */
    bool           closed;          /* and waits to be let go */
    int            held;            /* by blocks that have not ended */
    tw_ctx_args    args;
    tw_resize_fn   resize;
    tw_node        nil;
    tw_isa         isa;
    int            window;          /* nodes planned at once; 1 for TW_PLAN=0 */
    bool           cache_plans, fuse;
    int64_t        again;           /* bytes of the smallest value that is rather computed again than kept */
    int            threads;         /* that may work for it, itself among them */

    int            depth;
    tw__scope      scope[TW__MAX_DEPTH + 1];
    tw_node      **by_id;           /* room for by_id_room of them */
    uint8_t       *mark;            /* as many bytes, zero between uses */
    int32_t       *index;           /* as many numbers, scratch */
    int32_t        next_id, by_id_room;
    int32_t        settled;         /* nodes with smaller ids are given, or have run */

    int32_t        origin;          /* of nodes being emitted by a rule; -1 */
    const char    *name;            /* the current cluster */
    TW__VEC(const char *) names;    /* of the enclosing ones */

    struct tw__interned *interned;  /* core/intern.c */
    const tw_dims       *dims_cache[64];
    struct tw__entry    *registry;  /* core/registry.c */
    const tw_dims       *scalar;    /* the interned rank 0 */

    tw_cell       *cells;
    TW__VEC(tw_node *) pending;     /* assign nodes in program order */
    TW__VEC(tw_node *) wanted;
    uint64_t       random;          /* numbers of random nodes given out */
    uint64_t       accidents;       /* names for states that no plan describes */

    tw_buf        *cache[160];      /* free bufs by size class: 156 of them reach 2^46 bytes */
    tw_buf        *slab;            /* temporaries of the running plan */
    int64_t        live, cached, peak;
    struct tw__plans *plans;        /* core/cache.c */
    tw_plan       *last_plan;
    int64_t        hits, misses, uncached, nodes_run;
    int            missed;          /* long graphs in a row whose plan was not known */
    TW__VEC(struct tw__closer { void (*f)(void *); void *object; }) closers;
#ifndef NDEBUG
    tw__chunk     *oldest, *newest; /* chunks of scopes left long ago, not used again for a while: core/mem.c */
    size_t         resting;         /* their bytes */
    _Atomic(uintptr_t)  owner;      /* the thread inside, 0: none */
    int                 inside;     /* how often it entered; the owner's own */
    _Atomic(const tw_loc *) intruder;       /* where another thread came in meanwhile */
#endif
    int            said_unscoped, said_twice, said_kept, said_copied, said_loop, said_missed;      /* diagnostics given */
};

/* Words in a log that are not the start of a node's record: no descriptor lies at such addresses. */
enum { TW__EV_WANT = 1, TW__EV_DEAD, TW__EV_TOUCH, TW__EV_KEPT, TW__EV_EVAL, TW__EV_NONCE };

/* The slot of a custom node: a rule of the program's own. */
typedef struct tw__own_rule { void (*rule)(tw_rule *r); void *user; } tw__own_rule;

/* Core's own operations. */
extern const tw_op tw_op_number, tw_op_constant, tw_op_data, tw_op_kept, tw_op_cell, tw_op_read,
                   tw_op_assign, tw_op_keep, tw_op_project, tw_op_stop_grad, tw_op_custom, tw_op_checkpoint, tw_op_barrier, tw_op_dummy, tw_op_nil;
extern tw_ctx tw__dead;

/* Makes room for n more at the end of a vector; false without memory (the context then fails). */
bool tw__grow(tw_ctx *cx, void *vec, size_t size, int64_t more);
#define TW__ROOM(cx, v, more) ((v).n + (more) <= (v).room || tw__grow((cx), &(v), sizeof *(v).at, (more)))
#define TW__PUSH(cx, v, x) (TW__ROOM(cx, v, 1) ? ((v).at[(v).n++] = (x), true) : false)

void *tw__arena_take(tw_ctx *cx, tw__arena *arena, size_t size);
void  tw__arena_reset(tw_ctx *cx, tw__arena *arena);
void  tw__arena_free(tw_ctx *cx, tw__arena *arena);

const void    *tw__intern_bytes(tw_ctx *cx, int kind, const void *bytes, size_t size);
const tw_dims *tw__intern_dims(tw_ctx *cx, const tw_shape *shape);
void           tw__intern_free(tw_ctx *cx);
bool           tw__registry_init(tw_ctx *cx);
void           tw__registry_free(tw_ctx *cx);

tw_buf *tw__buf_new(tw_ctx *cx, size_t bytes);
tw_buf *tw__buf_borrow(tw_ctx *cx, const void *data);
void    tw__buf_release(tw_ctx *cx, tw_buf *buf);
void    tw__buf_free_all(tw_ctx *cx);
static inline tw_buf *tw__buf_ref(tw_buf *b) { b->refs++; return b; }

/* Gives n its bytes; takes over one reference. */
bool tw__realise(tw_ctx *cx, tw_node *n, tw_buf *buf, int64_t offset);
void tw__drop_pending(tw_ctx *cx, int depth);       /* those of scopes at depth or deeper */
void tw__log_node(tw_ctx *cx, const tw_node *n);
void tw__log_word2(tw_ctx *cx, int depth, uint64_t event, uint64_t what);
bool tw__alive(const tw_ctx *cx, const tw_node *n); /* not of a scope that was left */
bool tw__listed(tw_ctx *cx, const tw_loc *at, const char *op, int n, const void *list);     /* not NULL, n not negative; an error otherwise */
tw_node *tw__read(const tw_loc *at, tw_cell *cell);
static inline tw_cell *tw__cell_of(const tw_node *n) { return *(tw_cell *const *)tw_attr(n); }
static inline bool tw__is_leaf(const tw_node *n) { return n->n_in == 0; }

/* Debug builds: one thread uses a context at a time. Every enter has its leave; false: another thread is inside. */
#ifndef NDEBUG
bool tw__enter(tw_ctx *cx, const tw_loc *at);
void tw__leave_ctx(tw_ctx *cx, const char *op);
#else
static inline bool tw__enter(tw_ctx *cx, const tw_loc *at) { (void)cx, (void)at; return true; }
static inline void tw__leave_ctx(tw_ctx *cx, const char *op) { (void)cx, (void)op; }
#endif

/* Computes what was asked for and, with effects, what is pending and wanted. */
bool tw__evaluate(tw_ctx *cx, const tw_loc *at, int n, tw_node *const *asked, bool effects);
void tw__plans_free(tw_ctx *cx);
void tw__cells_free(tw_ctx *cx);
tw_node *tw__build_in_parent(tw_ctx *cx, const tw_build *b);
