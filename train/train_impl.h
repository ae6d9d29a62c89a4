/* train_impl.h - what the files of train/ share: the data set and the state of a loop over it. */
#pragma once
#include "core/op.h"
#include "train/train.h"

/* The examples of one tensor. Bytes of u8 stay bytes, and become numbers batch by batch. */
typedef struct tw__column {
    tw_dtype stored, dtype;     /* in memory, and of the batches */
    double   scale;             /* from the one to the other */
    tw_shape item;              /* of one example */
    int64_t  size;              /* elements of one example */
    size_t   bytes;             /* of data */
    void    *data;              /* NULL: no such column */
} tw__column;

struct tw_dataset {
    tw_ctx     *cx;
    int64_t     count;
    const char *unit;           /* what the examples are called */
    tw__column  x, y;
    const struct tw_dataset *base;      /* whose bytes these are; NULL: its own */
    int64_t    *index;          /* the base's numbers of the examples; NULL: the same */
    const struct tw__augment *augment;  /* NULL: examples as they are */
    int          classes;
    const char **class_names;   /* in a block of class_room bytes; NULL: not told */
    size_t       class_room;
};

/* What stands for every data set that could not be made. Never written. */
extern tw_dataset tw__dataset_dead;
/* A copy of made that lives until tw_close. Takes its columns and its index, also when it fails. */
tw_dataset *tw__dataset_settle(tw_dataset *made);
/* Another view of d: made from it, without a copy of the bytes. */
tw_dataset  tw__dataset_view(const tw_dataset *d);
/* Whether there is something to work on. */
bool        tw__dataset_usable(const tw_dataset *d);
/* Element i as a number. */
double tw__column_element(const tw__column *c, int64_t i);
/* One example as elements of c->dtype. */
void tw__column_get(const tw__column *c, int64_t example, void *to);

/* augment.c: what batches are made of; dtype and shape of an example's part, after augmentation. */
typedef struct tw__piece { tw_dtype dtype; tw_shape item; size_t bytes; } tw__piece;
tw__piece tw__piece_x(const tw_dataset *d);
tw__piece tw__piece_y(const tw_dataset *d);       /* 0 bytes: there is none */
/* Bytes of scratch that tw__example needs. */
size_t   tw__example_scratch(const tw_dataset *d);
/* Example i of d in an epoch: a function of seed, epoch and i. Touches bytes only: for any thread. */
void     tw__example(const tw_dataset *d, uint64_t seed, int epoch, int64_t i, void *x, void *y, void *scratch);

/* SplitMix64: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014. */
typedef struct tw__random { uint64_t state; } tw__random;
static inline uint64_t tw__mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
static inline uint64_t tw__random_next(tw__random *r) { return tw__mix(r->state += 0x9e3779b97f4a7c15u); }
/* Numbers of their own for every seed and number. */
static inline tw__random tw__random_of(uint64_t seed, int64_t number)
{
    return (tw__random){ tw__mix(tw__mix(seed + 0x9e3779b97f4a7c15u) + (uint64_t)number) };
}
/* Below n; uneven by less than n / 2^64. */
static inline int64_t tw__random_below(tw__random *r, int64_t n) { return (int64_t)(tw__random_next(r) % (uint64_t)n); }
/* The first n numbers in an order of that seed. */
void tw__shuffle(int64_t *order, int64_t n, tw__random r);

typedef struct tw__progress {
    double  begun, shown;       /* seconds; shown: when the line was last written */
    int64_t done;               /* examples */
    bool    open;               /* a line on the terminal waits for its end */
} tw__progress;

struct tw__loop {
    const tw_loc    *at;
    tw_dataset      *d;
    tw_batches_args  o;
    tw_scope         scope;
    bool             in_scope;
    tw__progress     progress;
    size_t           bytes;     /* of this block */
    int64_t         *order;     /* of the examples */
    tw__piece         x, y;
    struct tw__loader *loader;
};

/* loader.c: batches as bytes, made by worker threads ahead of their use, or when they are asked for. */
typedef struct tw__loader tw__loader;
/* NULL after failing. Nothing of the loop changes as long as the loader lives. */
tw__loader *tw__loader_start(const struct tw__loop *l, int64_t of);
/* The elements of a batch, in the order in which they are numbered; valid until the next call. */
void tw__loader_get(tw__loader *w, int64_t batch, const void **x, const void **y);
void tw__loader_stop(tw__loader *w);

double tw__seconds(void);
void   tw__progress_end(tw__progress *p);
