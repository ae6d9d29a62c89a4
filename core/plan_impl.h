/* plan_impl.h - what a plan is: an array of instructions whose operands have fixed places.
 *
 * A plan refers to nodes by their distance from the first id that its log describes, so that it
 * serves every graph with an equal log. Addresses that change between runs (leaves, outputs, the
 * slab when it grew) are patched before a run through a list; nothing is allocated but outputs.
 */
#pragma once
#include "core/ctx_impl.h"
#include "core/link.h"

enum tw__place { TW__SLAB, TW__EXT, TW__OUT, TW__NUM };

/* An address to fill in: where, and from what. */
typedef struct tw__patch { void **at; int32_t kind, index; int64_t offset; } tw__patch;

/* How an elementwise instruction reads an operand. */
enum tw__mode { TW__FLAT, TW__SCALAR, TW__PERIODIC, TW__GATHER };

typedef struct tw__operand {
    int32_t mode;
    int32_t size;               /* bytes of an element */
    int64_t period;             /* of TW__PERIODIC, in elements: contiguous, repeated over all leading axes */
    int64_t strides[TW_MAX_RANK], dims[TW_MAX_RANK];    /* of TW__GATHER: merged axes, outermost first */
    int32_t rank;
} tw__operand;

/* A program: what a group of operations does to a tile of rows, a block kernel after the other. Values that
 * only the group needs lie in registers: pieces of scratch memory that stay in the first-level cache. All
 * values of a group have the same number of rows, and each so many elements a row: one, where all are of
 * one size; of the shorter ones, results of reductions over rows, one for each row of the others. */
enum { TW__STEP_IN = 4, TW__MEMBERS = 96, TW__SPOTS = TW__MEMBERS * (3 * TW__STEP_IN + 3) };
enum tw__step_kind { TW__BLOCK, TW__SPREAD, TW__KERNEL, TW__LINES, TW__CHAIN };      /* lines: sums of 32 rows each, in the order of rows */

/* Block steps that run as a chain (core/link.h), strip after strip of the tile; and where that meets the rest:
 * size is the bytes of an element, 0: does not move; link is the last that reads, or the one that writes. */
typedef struct tw__end { int16_t spot; int8_t size; int32_t link; } tw__end;
typedef struct tw__chain {
    tw_link     *link; int32_t n_link;
    const char **name;          /* of links, for dumps; and how many operands they have in memory */
    uint8_t     *operands;
    tw__end     *read, *write;  int32_t n_read, n_write;        /* what others made, and what others need */
    tw_chain_fn  run;
    int32_t      strip, size;   /* elements; bytes of one */
    bool         rows;          /* goes row by row: some operands have one element for each */
} tw__chain;

typedef struct tw__step {
    uint8_t       kind, n_in, f64, to, by;
    int16_t       x[4], y;      /* spots */
    int32_t       rel;          /* the node */
    int64_t       per;          /* elements of the output in a row */
    const tw_op  *op;           /* NULL: a spread */
    tw_kernel     kernel;       /* of rows; or of leaves: then without inputs, and with absolute ranges */
    tw_block_fn   block;
    const void   *attr, *slot;
    uint64_t      own_attr, own_slot;       /* small ones, copied */
    tw_view      *view;         /* of a kernel's inputs and output, as if row by row */
    tw__operand   spread;
    tw__chain    *chain;
} tw__step;

enum tw__spot_kind { TW__MOVING, TW__TURNING, TW__STILL, TW__REGISTER, TW__STRIP };
typedef struct tw__spot {
    uint8_t kind;
    bool    output;
    int32_t k;                  /* which input or output */
    int64_t row;                /* bytes of a row */
    int64_t period;             /* of TW__TURNING: bytes after which it is at the start again */
    int64_t offset;             /* of a register or a strip, in scratch */
} tw__spot;

typedef struct tw__program {
    int64_t   rows, tile;       /* tile: rows at once */
    int64_t   unit;             /* tiles that are one unit of work: one, or so many as begin with a block of lines */
    int32_t   n_once, n_step, n_spot, n_moving;     /* steps of the first tile only come first, then all; so do spots that move */
    tw__step *step;
    tw__spot *spot;
    int64_t   ends;             /* in scratch: room for the last strip of a tile, if it is not whole */
    int32_t  *in_last, *out_def;                    /* the last step that reads an input in its order (or none but the end); the one that writes */
} tw__program;

typedef struct tw__instr {
    const tw_op  *op;           /* NULL: a copy that the planner added, or a program */
    tw_kernel     kernel;       /* or */
    tw_block_fn   block;        /* of the library, by dtype; or */
    tw__program  *program;
    tw_call       call;         /* views, attributes, scratch; in and out point into the plan */
    tw__operand  *operand;      /* elementwise: one for each input */
    int64_t       count;        /* elements, elementwise */
    int32_t       rel;          /* the node */
    int32_t       parts;        /* that threads may share; 1: none */
    int64_t       scratch;      /* bytes of each thread's */
    double        cost, took;   /* nanoseconds: estimated, of one thread; the shortest run that was timed, or 0 */
    int32_t       n_nodes;      /* that it computes */
    bool          checked, flat, alone;     /* flat: every operand is TW__FLAT; alone: in no program */
    bool          lines;                    /* the first half of a sum of lines */
    uint64_t      attr, slot;   /* small ones, copied */
} tw__instr;

/* A leaf, as it must be found again: by distance, or by id for nodes of outer scopes. */
enum tw__kind { TW__BYTES, TW__READ, TW__NUMBER };
typedef struct tw__ext { int32_t id; bool outer; uint8_t kind, dtype; const tw_op *op; const tw_dims *shape; } tw__ext;
typedef struct tw__out { int64_t bytes, offset; bool packed; } tw__out;
typedef struct tw__slot { int32_t rel; const void **at; uint64_t *own; } tw__slot;    /* own: of eight bytes or less */
typedef struct tw__result { int32_t rel, out; } tw__result;
typedef struct tw__commit { int32_t rel, out; tw_cell *cell; bool in_place; } tw__commit;

struct tw_plan {
    uint64_t    uid, hash, prev;            /* prev: 0, or the only state that it may start from */
    uint64_t   *key;
    int64_t     key_words;
    tw_plan    *same_hash;                  /* next in the cache's chain */
    tw_plan    *then;                       /* what came next, last time */
    uint64_t    used;                       /* a clock, for eviction */
    bool        needs_prev, regular;        /* regular: runs nothing of outer scopes, so may be kept */
    int64_t     timed;                      /* runs */
    int32_t     first, reach;               /* of the latest run: the id that nodes are counted from, and the ids from there to its end */

    tw__instr  *instr;    int32_t n_instr;
    tw__ext    *ext;      int32_t n_ext;
    tw__out    *out;      int32_t n_out;
    tw__patch  *patch;    int32_t n_patch, n_slab_patch;    /* those of the slab come first */
    tw__result *result;   int32_t n_result;
    tw__commit *commit;   int32_t n_commit;
    int32_t    *executed; int32_t n_executed;
    int32_t    *retain;   int32_t n_retain;                 /* reads of versions that are overwritten */
    tw__slot   *slotted;  int32_t n_slotted;
    uint64_t   *number;                                     /* the values of numbers, one for each ext */
    void      **data;                                       /* where a leaf's bytes are in this run */
    tw_buf    **bound;                                      /* the bytes of outputs in this run */
    int64_t     slab_bytes, packed_bytes;
    void       *slab_seen;                                  /* where the slab was when it was patched */
    tw__arena   memory;
};

/* Plans the nodes of list (ascending ids), of which want[i] says 1: own bytes, 2: keep what it computes. */
tw_plan *tw__plan_new(tw_ctx *cx, int32_t n, tw_node *const *list, uint8_t *want);
void     tw__plan_free(tw_ctx *cx, tw_plan *plan);
/* Whether the leaves are as they were when the plan was made. */
bool     tw__plan_fits(const tw_ctx *cx, const tw_plan *plan, const tw__scope *s);
/* Binds and runs; ids count from `first`. */
bool     tw__plan_run(tw_ctx *cx, tw_plan *plan, int32_t first);
/* Elements [lo, hi) of an elementwise instruction, over tiles. */
void     tw__tiles_run(const tw__instr *i, int64_t lo, int64_t hi);
void     tw__tiles_spread(const tw__operand *o, const char *data, int64_t lo, int64_t n, char *to);
/* Units [lo, hi) of a program, with registers in scratch. */
void     tw__program_run(const tw__instr *i, int64_t lo, int64_t hi, void *scratch);
void     tw__tiles_operand(tw__operand *o, const tw_dims *shape, const int64_t *strides, tw_dtype dtype);
/* How many parts of y's work are worth a thread each; 1 where one thread does it sooner. */
int32_t  tw__parts(const tw_ctx *cx, const tw_node *y);
int32_t  tw__parts_of(const tw_ctx *cx, double cost, int64_t work);
/* Nanoseconds that y takes one thread, roughly. */
double   tw__cost(const tw_node *y);
/* The instruction, by so many threads; -1, or the first bad element. */
int64_t  tw__instr_run(const tw__instr *t, int threads);
/* The default rounding and denormals, for as long as kernels run. */
unsigned tw__mode_enter(void);
void     tw__mode_leave(unsigned was);
/* The cache. */
tw_plan *tw__plan_find(tw_ctx *cx, tw__scope *s);
bool     tw__plan_keep(tw_ctx *cx, tw__scope *s, tw_plan *plan);
void     tw__plan_follows(tw__scope *s, tw_plan *plan);
/* No plan for this log; before: the one of the same place in the last iteration. After some in a row, advice says what differs. */
void     tw__missed(tw_ctx *cx, const tw__scope *s, const tw_plan *before);
static inline bool tw__identity(const tw_node *n)
{
    return n->op == &tw_op_keep || n->op == &tw_op_stop_grad || n->op == &tw_op_custom
        || n->op == &tw_op_checkpoint || n->op == &tw_op_barrier;
}
static inline bool tw__pending_read(const tw_node *n)
{
    return n->op == &tw_op_read && n->n_in && !(n->flags & TW_N_REALISED) && !(n->in[0]->flags & TW_N_EXECUTED);
}
/* Whether evaluation starts from n: its bytes are there, or it is a number. */
static inline bool tw__given(const tw_node *n)
{
    return n->flags & TW_N_REALISED || n->op == &tw_op_number || n->op == &tw_op_constant
        || (n->op == &tw_op_read && !tw__pending_read(n));
}
