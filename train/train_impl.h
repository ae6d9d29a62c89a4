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
};

/* n examples as elements of c->dtype, one after the other. */
void tw__column_gather(const tw__column *c, int64_t n, const int64_t *examples, void *to);

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
    void            *x, *y;     /* room for a batch */
    int64_t         *order;     /* of the examples */
};

double tw__seconds(void);
void   tw__progress_end(tw__progress *p);
