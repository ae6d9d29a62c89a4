/* planner_impl.h - a plan in the making: what plan.c, fuse.c, program.c and place.c share. */
#pragma once
#include "core/plan_impl.h"
#include <string.h>

typedef struct tw__value {
    int32_t kind, index;        /* tw__place; of ext or out */
    int32_t def, last;          /* the instructions that write it and read it last */
    int32_t dies;               /* next value that dies with the same instruction */
    int32_t spot;               /* in the program being made; -1 */
    int64_t bytes, offset;
    bool    committed, moved;   /* an assignment's; its place was taken over */
    bool    shared;             /* read outside of its group, or after the plan */
} tw__value;

/* What a node is made of: a layout over a value; whole says the value itself, row by row. */
typedef struct tw__rec { int32_t val, barrier; bool whole; tw_layout lay; } tw__rec;      /* barrier: that it came through; 0: none */

typedef struct tw__use { int32_t val; bool whole; int64_t offset; } tw__use;     /* offset in bytes */

typedef struct tw__planner {
    tw_ctx       *cx;
    tw__scope    *s;
    tw_plan      *p;
    int32_t       n;
    tw_node *const *list;
    uint8_t      *want;
    tw__rec      *rec;
    TW__VEC(tw__value) val;
    TW__VEC(tw__instr) instr;
    TW__VEC(tw__use *) uses;        /* for each instruction: its inputs, its outputs, its scratch */
    TW__VEC(tw__ext) ext;
    TW__VEC(tw__out) out;
    TW__VEC(tw__result) result;
    TW__VEC(tw__commit) commit;
    TW__VEC(tw__patch) patch;
    int32_t      *table, table_size;
    tw__arena     scratch;          /* what only planning needs */
    bool          barriers, ok;     /* barriers: there are some */
} tw__planner;

/* Zeroed memory of the plan, and of its making; NULL without memory: then q->ok is false. */
void   *tw__plan_take(tw__planner *q, size_t size);
void   *tw__plan_borrow(tw__planner *q, size_t size);
void    tw__row_by_row(const tw_dims *d, int64_t *strides);
int32_t tw__value_new(tw__planner *q, int kind, int32_t index, int64_t bytes);
void    tw__view_set(tw__planner *q, const tw_view *to, const tw_dims *d, int dtype, const int64_t *strides);
/* again.c: groups get their own copies of cheap operations, rather than read what others keep for them. */
typedef struct tw__groups {
    int32_t  n, n_groups;
    int32_t *of;                /* by instruction: its group or -1 */
    const int32_t *first, *reader;      /* by value: where its readers begin; instructions */
} tw__groups;
void    tw__again(tw__planner *q, tw__groups *f);
/* fuse.c: instructions that share their elements become one, with a program; the others keep their order. */
void    tw__fuse(tw__planner *q);
/* program.c: one instruction out of n, given by their numbers in ascending order. */
bool    tw__program_make(tw__planner *q, int32_t n, const int32_t *at, int64_t rows, tw__instr *made, tw__use **uses);
/* Whether output k of i may be written where input j lies. */
bool    tw__program_in_place(const tw__instr *i, int j, int k);
/* place.c: lifetimes, places in the slab, addresses to patch. */
void    tw__place_all(tw__planner *q);
void    tw__patch_all(tw__planner *q);
