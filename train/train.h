/* train.h - what surrounds a model: data sets, mini-batches, progress, accuracy, pictures.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "io/io.h"
#include "optim/optim.h"
#include "train/report.h"

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

typedef enum tw_missing {
    TW_MISSING_ERROR,       /* is an error */
    TW_MISSING_ROW,         /* leaves the row out */
    TW_MISSING_MEAN         /* a number becomes the mean of its column, a category none of them; a target is an error */
} tw_missing;
typedef struct tw_table_args {
    int         _size;
    const char *only;           /* pattern of the columns of x; default all but the target */
    tw_missing  missing;        /* what to do with what is missing */
    bool        standardise;    /* numbers of x minus the mean, divided by the deviation, of their column */
} tw_table_args;
/* The rows of a table. x is [columns], where a category becomes as many numbers as there are, one of them 1; y is the target, a
 * number or, of a column of categories, an i32 class; NULL: no y. */
TW_API tw_dataset *tw_dataset_table_at(const tw_loc *at, const tw_table *t, const char *target, const tw_table_args *options);
#define tw_dataset_table(...) tw__dataset_table(__VA_ARGS__, )
#define tw__dataset_table(t, target, ...) tw_dataset_table_at(TW_HERE, t, target, TW_OPTS(tw_table_args, __VA_ARGS__))

typedef struct tw_folder_args {
    int     _size;
    int     size[2];        /* height and width that pictures are scaled to; {32} means {32, 32}; default: all have one size */
    int     channels;       /* 1, 3 or 4; default: those of the first */
    double  scale;          /* multiplies the bytes; default 1 */
} tw_folder_args;
/* PNG and JPEG pictures in a folder for each class, whose numbers follow the names' order. Bytes in memory until tw_close. */
TW_API tw_dataset *tw_dataset_folder_at(const tw_loc *at, tw_ctx *cx, const char *path, const tw_folder_args *options);
#define tw_dataset_folder(...) tw__dataset_folder(__VA_ARGS__, )
#define tw__dataset_folder(cx, path, ...) tw_dataset_folder_at(TW_HERE, cx, path, TW_OPTS(tw_folder_args, __VA_ARGS__))

/* What the classes of a folder, or of a table's target, are called; NULL and 0 if nobody said. */
TW_API const char *const *tw_dataset_class_names(const tw_dataset *d);
TW_API int tw_dataset_classes(const tw_dataset *d);
/* Says so, of labels 0, 1, ...: for d, and what is made of it later. False in error. */
TW_API bool tw_dataset_name_classes_at(const tw_loc *at, tw_dataset *d, int n, const char *const *names);
#define tw_dataset_name_classes(d, n, names) tw_dataset_name_classes_at(TW_HERE, d, n, names)

TW_API int64_t tw_dataset_count(const tw_dataset *d);

/* ---- parts of a data set, which share its bytes -------------------------------------------- */

typedef struct tw_split_args {
    int    _size;
    double second;          /* share of the second part; default 0.2 */
    bool   stratified;      /* the same shares of every label, whose values are classes */
    bool   ordered;         /* the last ones, or consecutive folds, instead of a choice by the context's seed */
} tw_split_args;
TW_API void tw_dataset_split_at(const tw_loc *at, const tw_dataset *d, tw_dataset **first, tw_dataset **second, const tw_split_args *options);
#define tw_dataset_split(...) tw__dataset_split(__VA_ARGS__, )
#define tw__dataset_split(d, first, second, ...) tw_dataset_split_at(TW_HERE, d, first, second, TW_OPTS(tw_split_args, __VA_ARGS__))
/* Fold 0 <= fold < folds of cross-validation: the examples that are held out, and the rest. */
TW_API void tw_dataset_fold_at(const tw_loc *at, const tw_dataset *d, int fold, int folds, tw_dataset **rest, tw_dataset **held_out,
                               const tw_split_args *options);
#define tw_dataset_fold(...) tw__dataset_fold(__VA_ARGS__, )
#define tw__dataset_fold(d, fold, folds, rest, held_out, ...) \
    tw_dataset_fold_at(TW_HERE, d, fold, folds, rest, held_out, TW_OPTS(tw_split_args, __VA_ARGS__))
/* The examples of these numbers, in this order. */
TW_API tw_dataset *tw_dataset_take_at(const tw_loc *at, const tw_dataset *d, int64_t n, const int64_t *examples);
#define tw_dataset_take(d, n, examples) tw_dataset_take_at(TW_HERE, d, n, examples)

/* ---- augmentation: other examples each epoch ------------------------------------------------ */

typedef struct tw_augment_args {
    int     _size;
    int     shift;          /* pixels at most, in each direction; zeros come in */
    int     crop[2];        /* a window of that height and width, anywhere; {24} means {24, 24} */
    bool    flip;           /* left and right exchanged every second time */
    bool    flip_vertical;
    double  noise;          /* standard deviation, added to each element */
    double  mix_up;         /* alpha: l x + (1 - l) another's, l ~ Beta(alpha, alpha), and so the labels (Zhang et al. 2018) */
    int64_t classes;        /* for .mix_up of labels that are classes: they become distributions */
    /* Whatever else, on the elements of one example, by the random number; before .mix_up, on any thread. */
    void  (*own)(void *user, tw_dtype dtype, const tw_shape *shape, void *x, uint64_t random);
    void   *user;
} tw_augment_args;
/* What happens to an example depends on the context's seed, the epoch and the example's number only. */
TW_API tw_dataset *tw_dataset_augment_at(const tw_loc *at, const tw_dataset *d, const tw_augment_args *options);
#define tw_dataset_augment(...) tw__dataset_augment(__VA_ARGS__, )
#define tw__dataset_augment(d, ...) tw_dataset_augment_at(TW_HERE, d, TW_OPTS(tw_augment_args, __VA_ARGS__))

/* ---- mini-batches ------------------------------------------------------------------------- */

typedef struct tw_batches_args {
    int     _size;
    int64_t size;           /* examples in a batch; default 32 */
    bool    shuffle;        /* in an order that depends on the context's seed, .epoch and nothing else */
    int     epoch;          /* counted from 0 */
    int     epochs;         /* of how many, for tw_progress; default: not told */
    bool    drop_last;      /* leave a smaller last batch out */
    int64_t first;          /* begin with this batch: to go on within an epoch */
    int     workers;        /* threads that make batches ahead; default 1 for an augmented data set, otherwise none; negative: none */
    int     prefetch;       /* batches that they are ahead; default 2 a worker */
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
/* The matrix as text: a row for each label, the share that was found at its end (NULL: stdout). names may be NULL. */
TW_API void tw_confusion_print(FILE *to, int classes, const int64_t *counts, const char *const *names);
/* The share of all counts that lies on the diagonal; NaN without any. */
TW_API double tw_confusion_accuracy(int classes, const int64_t *counts);

/* Of one class of a confusion matrix, or over all. What divides by 0 is 0; of what is neither, NaN. */
typedef struct tw_scores { double precision, recall, f1; int64_t count; } tw_scores;
enum { TW_MACRO = -1, TW_MICRO = -2, TW_WEIGHTED = -3 };        /* the mean of the classes; of all examples; of classes by their examples */
TW_API tw_scores tw_confusion_scores(int classes, const int64_t *counts, int which);

/* Measures over all examples: evaluated now, NaN in error and where they are not defined. Scores are numbers that are
 * higher for label 1 than for 0; logits are [..., classes] and their labels integers [...]. */
TW_API double tw_roc_auc_at(const tw_loc *at, tw_node *scores, tw_node *labels);
TW_API double tw_average_precision_at(const tw_loc *at, tw_node *scores, tw_node *labels);
TW_API double tw_top_k_accuracy_at(const tw_loc *at, tw_node *logits, tw_node *labels, int k);
TW_API double tw_perplexity_at(const tw_loc *at, tw_node *logits, tw_node *labels);
/* The expected calibration error, over so many bins of confidence (0: 15). */
TW_API double tw_calibration_error_at(const tw_loc *at, tw_node *logits, tw_node *labels, int bins);
TW_API double tw_mae_at(const tw_loc *at, tw_node *prediction, tw_node *target);
TW_API double tw_rmse_at(const tw_loc *at, tw_node *prediction, tw_node *target);
TW_API double tw_r2_at(const tw_loc *at, tw_node *prediction, tw_node *target);
#define tw_roc_auc(scores, labels)           TW__CALL_NN(tw_roc_auc_at, scores, labels)
#define tw_average_precision(scores, labels) TW__CALL_NN(tw_average_precision_at, scores, labels)
#define tw_top_k_accuracy(logits, labels, k) tw_top_k_accuracy_at(TW_HERE, logits, labels, k)
#define tw_perplexity(logits, labels)        TW__CALL_NN(tw_perplexity_at, logits, labels)
#define tw_calibration_error(logits, labels, bins) tw_calibration_error_at(TW_HERE, logits, labels, bins)
#define tw_mae(prediction, target)           TW__CALL_NN(tw_mae_at, prediction, target)
#define tw_rmse(prediction, target)          TW__CALL_NN(tw_rmse_at, prediction, target)
#define tw_r2(prediction, target)            TW__CALL_NN(tw_r2_at, prediction, target)

/* ---- numbers over steps -------------------------------------------------------------------------- */

typedef struct tw_events_args {
    int     _size;
    int64_t from;           /* what was written for this step and later ones is forgotten: for runs that go on */
} tw_events_args;
/* A folder, made if need be, with scalars.csv and files of events that TensorBoard reads; closed by tw_close. Never NULL. */
typedef struct tw_events tw_events;
TW_API tw_events *tw_events_open_at(const tw_loc *at, tw_ctx *cx, const char *folder, const tw_events_args *options);
#define tw_events_open(...) tw__events_open(__VA_ARGS__, )
#define tw__events_open(cx, folder, ...) tw_events_open_at(TW_HERE, cx, folder, TW_OPTS(tw_events_args, __VA_ARGS__))
/* One number, under a name such as "loss/train". */
TW_API void tw_events_scalar(tw_events *e, const char *tag, int64_t step, double value);
/* How the elements of n are distributed, and n as a picture, as tw_png_write takes it; not in the table. */
TW_API void tw_events_histogram_at(const tw_loc *at, tw_events *e, const char *tag, int64_t step, tw_node *n);
TW_API void tw_events_image_at(const tw_loc *at, tw_events *e, const char *tag, int64_t step, tw_node *n);
#define tw_events_histogram(e, tag, step, n) tw_events_histogram_at(TW_HERE, e, tag, step, n)
#define tw_events_image(e, tag, step, n)     tw_events_image_at(TW_HERE, e, tag, step, n)
/* Brings what was written into the files. False if it could not be. */
TW_API bool tw_events_flush(tw_events *e);

/* ---- the whole loop -------------------------------------------------------------------------- */

/* The functions of a run; user is .user. */
typedef tw_node *(*tw_model_fn)(tw_net *net, tw_node *x, void *user);
/* A mean over the batch, of the model's answer y and the data set's y or, without one, its x: an autoencoder's. */
typedef tw_node *(*tw_loss_fn)(tw_node *y, tw_node *target, void *user);

/* tw_cross_entropy and so on, as .loss; tw_accuracy, as .metric. */
TW_API tw_node *tw_cross_entropy_loss(tw_node *y, tw_node *target, void *user);
TW_API tw_node *tw_binary_cross_entropy_loss(tw_node *y, tw_node *target, void *user);
TW_API tw_node *tw_mean_squared_error_loss(tw_node *y, tw_node *target, void *user);
TW_API tw_node *tw_mean_absolute_error_loss(tw_node *y, tw_node *target, void *user);
TW_API tw_node *tw_accuracy_metric(tw_node *y, tw_node *target, void *user);

/* An epoch that has ended; what was not asked for is NaN. */
typedef struct tw_epoch {
    int     epoch, of;          /* from 0 */
    int64_t steps;              /* of the run */
    double  loss, metric;       /* means over the examples, as they were learned from */
    double  valid_loss, valid_metric;
    double  lr;                 /* of the next step */
    double  seconds;            /* of this epoch */
    bool    best;               /* better than all before */
} tw_epoch;

typedef struct tw_fit_args {
    int          _size;
    tw_loss_fn   loss;              /* required */
    tw_opt      *opt;               /* required */
    tw_dataset  *train, *valid;     /* train is required */
    tw_loss_fn   metric;            /* reported besides; default none */
    int          epochs;            /* default 10 */
    int64_t      batch;             /* examples; default 32 */
    int          patience;          /* end after so many epochs without a better one, with the best one's weights; default never */
    bool         by_metric;         /* better is a higher metric instead of a lower loss; of .valid, if there is one */
    double       min_delta;         /* better by at least that */
    bool         keep_best;         /* the best epoch's weights at the end, also without .patience */
    const char  *checkpoint;        /* a file: written after each epoch. If it exists, the run goes on from it: same bits */
    int64_t      checkpoint_steps;  /* ... and after every so many steps */
    bool         restart;           /* an existing checkpoint is not read */
    bool         ordered;           /* examples in the order of the data set, not shuffled */
    int          workers, prefetch; /* as TW_BATCHES */
    bool         quiet;             /* says nothing */
    bool         ignore_interrupts; /* Ctrl-C as ever, instead of ending the run cleanly */
    bool       (*on_epoch)(const tw_epoch *e, void *user);          /* false ends the run */
    bool       (*on_step)(const tw_batch *b, double loss, void *user);
    const char  *log;               /* a file: a CSV row each epoch */
    const char  *events;            /* a folder, as tw_events_open: losses, metrics and rate */
    const char  *report;            /* a file: a page about the run, written again and again while it goes on: see tw_report_open. The model runs
                                     * for it, too, not in training mode */
    void        *user;              /* of all functions */
} tw_fit_args;

typedef struct tw_fit_result {
    bool    ok;                     /* no error; the others say how far it came */
    int     epochs;                 /* completed, those before a checkpoint included */
    int64_t steps;
    int     best_epoch;             /* -1: none */
    double  best;                   /* its loss or metric */
    tw_epoch last;
    bool    resumed, stopped, interrupted;      /* by a checkpoint; by patience or a callback; by Ctrl-C */
} tw_fit_result;

/* Trains: shuffled batches, steps of .opt (of tw_lbfgs all its iterations, on the loss of a batch: let .batch be all examples),
 * validation after each epoch (not in training mode; with the averaged weights, if .opt keeps some). A run that is killed and
 * started again ends with the same bits as an undisturbed one, provided that program, seed and data are the same: weights,
 * batch statistics, optimiser, random numbers and place are in the checkpoint. */
TW_API tw_fit_result tw_fit_at(const tw_loc *at, tw_net *net, tw_model_fn model, const tw_fit_args *options);
#define tw_fit(...) tw__fit(__VA_ARGS__, )
#define tw__fit(net, model, ...) tw_fit_at(TW_HERE, net, model, TW_OPTS(tw_fit_args, __VA_ARGS__))

typedef struct tw_predict_args {
    int     _size;
    int64_t batch;              /* examples at once; default 256 */
    int     workers;            /* as TW_BATCHES */
    void   *user;               /* of the model */
} tw_predict_args;
/* What the model answers for all examples, in their order and not in training mode: a leaf of the current scope. */
TW_API tw_node *tw_predict_at(const tw_loc *at, tw_net *net, tw_model_fn model, tw_dataset *d, const tw_predict_args *options);
#define tw_predict(...) tw__predict(__VA_ARGS__, )
#define tw__predict(net, model, d, ...) tw_predict_at(TW_HERE, net, model, d, TW_OPTS(tw_predict_args, __VA_ARGS__))
/* All y of a data set, likewise. */
TW_API tw_node *tw_dataset_targets_at(const tw_loc *at, tw_dataset *d);
#define tw_dataset_targets(d) tw_dataset_targets_at(TW_HERE, d)

/* ---- pictures ----------------------------------------------------------------------------- */

/* Lets Graphviz draw a file that tw_dot wrote: .svg, .png or .pdf, by the picture's name. False if there is no `dot`,
 * or it could not. */
TW_API bool tw_dot_render(const char *dot_file, const char *picture);

typedef struct tw_plot_args {
    int         _size;
    const char *title, *x, *y;      /* above, and along the axes */
    bool        log_x, log_y;
    bool        equal;              /* a unit is as long on both axes */
    int         width, height;      /* pixels; default 720 and 480 */
} tw_plot_args;
/* Curves and points over two axes, collected until they are written. Never NULL; lives until tw_close. */
typedef struct tw_plot tw_plot;
TW_API tw_plot *tw_plot_new_at(const tw_loc *at, tw_ctx *cx, const tw_plot_args *options);
#define tw_plot_new(...) tw__plot_new(__VA_ARGS__, )
#define tw__plot_new(cx, ...) tw_plot_new_at(TW_HERE, cx, TW_OPTS(tw_plot_args, __VA_ARGS__))
/* One more corner of the line of that name, one more of its dots, or one more place of its band. What shares a name shares a
 * colour; NULL is a name that the key does not show. Later names lie above; what is not finite leaves a gap. */
TW_API void tw_plot_line(tw_plot *p, const char *name, double x, double y);
TW_API void tw_plot_dot(tw_plot *p, const char *name, double x, double y);
TW_API void tw_plot_band(tw_plot *p, const char *name, double x, double low, double high);
/* Lets gnuplot draw a picture, .svg, .png or .pdf: false if there is no `gnuplot`, or it could not. Or writes what gnuplot
 * reads, .gp. */
TW_API bool tw_plot_write_at(const tw_loc *at, tw_plot *p, const char *path);
#define tw_plot_write(p, path) tw_plot_write_at(TW_HERE, p, path)

#ifdef __cplusplus
}
#endif
