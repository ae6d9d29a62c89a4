/* program_impl.h - a program in the making: what program.c and chain.c share. */
#pragma once
#include "core/planner_impl.h"

typedef struct tw__maker {
    tw__planner *q;
    tw__instr   *made;
    tw__program *g;
    int32_t      n;             /* members */
    bool         lines;         /* some sum lines */
    const int32_t *at;
    TW__VEC(tw__step) step;
    TW__VEC(tw__spot) spot;
    TW__VEC(tw__use)  in, out;
    TW__VEC(tw_view)  in_view, out_view;
    TW__VEC(int32_t)  in_spot;
    int64_t      strip_bytes;   /* of strips that are in use at once, and of the room for a last strip */
    int64_t      end_bytes;
} tw__maker;

int16_t tw__spot_new(tw__maker *m, tw__spot s);
/* chain.c: block steps that can be links become steps that are chains. */
void    tw__chains(tw__maker *m);

/* The spots that a step reads, and those that it writes. */
static inline int32_t tw__n_reads(const tw__step *s)  { return s->kind == TW__CHAIN ? s->chain->n_read : s->n_in; }
static inline int32_t tw__n_writes(const tw__step *s) { return s->kind == TW__CHAIN ? s->chain->n_write : 1; }
static inline int16_t *tw__reads(tw__step *s, int32_t k)  { return s->kind == TW__CHAIN ? &s->chain->read[k].spot : &s->x[k]; }
static inline int16_t *tw__writes(tw__step *s, int32_t k) { return s->kind == TW__CHAIN ? &s->chain->write[k].spot : &s->y; }
