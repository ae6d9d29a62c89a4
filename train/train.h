/* train.h - what surrounds a model: data sets, mini-batches, progress, accuracy, pictures.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "core/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- data sets: examples in memory, until tw_close ---------------------------------------- */

/* Examples x, and what is to be learned about each, y. Never NULL: after an error one without examples. */
typedef struct tw_dataset tw_dataset;

typedef struct tw_idx_args {
    int     _size;
    double  scale;      /* multiplies the images; default 1 */
    int64_t limit;      /* at most so many examples, the first ones; default all */
} tw_idx_args;
/* Images and labels from IDX files, plain or gzip. Images become batches of the context's dtype, [n, h, w] with
 * a channel as [n, h, w, 1]; labels become i32. Without labels (NULL) batches have no y. */
TW_API tw_dataset *tw_dataset_idx_at(const tw_loc *at, tw_ctx *cx, const char *images, const char *labels, const tw_idx_args *options);
#define tw_dataset_idx(...) tw__dataset_idx(__VA_ARGS__, )
#define tw__dataset_idx(cx, images, labels, ...) tw_dataset_idx_at(TW_HERE, cx, images, labels, TW_OPTS(tw_idx_args, __VA_ARGS__))

/* The values of x and y (or NULL), whose first axes are the examples: evaluated now and copied. */
TW_API tw_dataset *tw_dataset_tensors_at(const tw_loc *at, tw_node *x, tw_node *y);
#define tw_dataset_tensors(x, y) TW__CALL_NN(tw_dataset_tensors_at, x, y)

TW_API int64_t tw_dataset_count(const tw_dataset *d);

/* ---- mini-batches ------------------------------------------------------------------------- */

typedef struct tw_batches_args {
    int     _size;
    int64_t size;           /* examples in a batch; default 32 */
    bool    shuffle;        /* in an order that depends on the context's seed, .epoch and nothing else */
    int     epoch;          /* counted from 0 */
    int     epochs;         /* of how many, for tw_progress; default: not told */
    bool    drop_last;      /* leave a smaller last batch out */
} tw_batches_args;

typedef struct tw_batch {
    tw_node       *x, *y;           /* leaves of the batch's scope; y is NULL if the data set has none */
    int64_t        count;           /* examples in this batch */
    int64_t        index, of;       /* which batch of how many, from 0 */
    int            epoch;
    const int64_t *examples;        /* their numbers in the data set */
    struct tw__loop *loop;
} tw_batch;

/* A loop over the mini-batches of a data set, once. Each has a scope of its own: nodes built in the body die with the
 * batch. break, continue and return behave as in C; the loop ends when the context is in error.
 *     TW_BATCHES(b, train, .size = 64, .shuffle = true, .epoch = epoch) { ... b.x, b.y ... } */
#define TW_BATCHES(b, ...) \
    for (tw_batch b __attribute__((cleanup(tw__batches_end))) = tw__batches(__VA_ARGS__, ); tw__batches_next(&b); )
#define tw__batches(d, ...) tw__batches_at(TW_HERE, d, TW_OPTS(tw_batches_args, __VA_ARGS__))
TW_API tw_batch tw__batches_at(const tw_loc *at, tw_dataset *d, const tw_batches_args *options);
TW_API bool     tw__batches_next(tw_batch *b);
TW_API void     tw__batches_end(tw_batch *b);

/* ---- progress and measures ---------------------------------------------------------------- */

/* A line on stderr: which epoch and batch, the text, examples per second, time left. On a terminal it is rewritten ten
 * times a second at most; elsewhere it is printed every ten seconds and for the last batch. Nothing while in error. */
TW_API void tw_progress(tw_batch *b, const char *format, ...) TW_PRINTF(2, 3);

/* The share of rows of logits [..., classes] whose largest element is at the label. Labels are integers, [...], or
 * distributions of the shape of the logits. */
TW_API tw_node *tw_accuracy_at(const tw_loc *at, tw_node *logits, tw_node *labels);
#define tw_accuracy(logits, labels) TW__CALL_NN(tw_accuracy_at, logits, labels)

/* Adds a batch to counts[label * classes + predicted]; evaluates both. False in error. */
TW_API bool tw_confusion_at(const tw_loc *at, tw_node *logits, tw_node *labels, int64_t *counts);
#define tw_confusion(logits, labels, counts) tw_confusion_at(TW_HERE, logits, labels, counts)
/* The matrix as text: a row for each label, the share that was found at its end. names may be NULL. */
TW_API void tw_confusion_print(FILE *to, int classes, const int64_t *counts, const char *const *names);
/* The share of all counts that lies on the diagonal; NaN without any. */
TW_API double tw_confusion_accuracy(int classes, const int64_t *counts);

/* ---- pictures ----------------------------------------------------------------------------- */

/* Lets Graphviz draw a file that tw_dot wrote: .svg, .png or .pdf, by the picture's name. False if there is no `dot`,
 * or it could not. */
TW_API bool tw_dot_render(const char *dot_file, const char *picture);

#ifdef __cplusplus
}
#endif
