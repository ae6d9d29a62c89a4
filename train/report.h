/* report.h - what a run looks like: a page of HTML that needs nothing else, and pictures of loss landscapes.
 *
 * tw_fit makes a page by itself, with .report = "run.html"; a loop of one's own puts into one what it wants.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "nn/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tw_dataset;

typedef struct tw_report_args {
    int         _size;
    const char *title;      /* default: the name of the file */
    int64_t     from;       /* numbers of an earlier page there, for steps before this one, are taken over: for runs that go on */
} tw_report_args;
/* A page, in memory until tw_close. Never NULL: after an error one that nothing is put into. The page loads nothing, from the
 * network or elsewhere: curves are drawn by Chart.js where it is installed (Debian: libjs-chart.js; or TW_CHART_JS says which
 * file), which becomes part of the page, and are tables otherwise; graphs by Graphviz's dot. */
typedef struct tw_report tw_report;
TW_API tw_report *tw_report_open_at(const tw_loc *at, tw_ctx *cx, const char *path, const tw_report_args *options);
#define tw_report_open(...) tw__report_open(__VA_ARGS__, )
#define tw__report_open(cx, path, ...) tw_report_open_at(TW_HERE, cx, path, TW_OPTS(tw_report_args, __VA_ARGS__))
/* Writes the page as it is by now, whole or not at all; as often as one likes. False in error. */
TW_API bool tw_report_write_at(const tw_loc *at, tw_report *r);
#define tw_report_write(r) tw_report_write_at(TW_HERE, r)

/* A line at the top, such as "optimiser", "adam"; the latest of a name stands. */
TW_API void tw_report_note(tw_report *r, const char *name, const char *text);
/* One number over steps: "loss/valid" is the line "valid" of the chart "loss". */
TW_API void tw_report_scalar(tw_report *r, const char *tag, int64_t step, double value);
/* How the elements of n are distributed: "weights/conv1/weight" is called "conv1/weight" among the "weights". The first of a
 * tag stays as an outline behind the latest. */
TW_API void tw_report_histogram_at(const tw_loc *at, tw_report *r, const char *tag, tw_node *n);
#define tw_report_histogram(r, tag, n) tw_report_histogram_at(TW_HERE, r, tag, n)
/* The parameters of a network, among the "weights", and what its layers in the graph behind y give, among the "activations":
 * y is evaluated with them, and may be NULL. */
TW_API void tw_report_network_at(const tw_loc *at, tw_report *r, tw_net *net, tw_node *y);
#define tw_report_network(r, net, y) tw_report_network_at(TW_HERE, r, net, y)
/* The graph behind ys, drawn now; in the place of an earlier one. */
TW_API void tw_report_graph_at(const tw_loc *at, tw_report *r, int n, tw_node *const *ys);
#define tw_report_graph(r, n, ys) tw_report_graph_at(TW_HERE, r, n, ys)
/* Answers to the first examples of d, logits [n, classes] as of tw_predict: the confusion matrix, and the worst mistakes, as
 * pictures where examples are pictures; in the place of earlier ones. */
TW_API void tw_report_answers_at(const tw_loc *at, tw_report *r, struct tw_dataset *d, tw_node *logits);
#define tw_report_answers(r, d, logits) tw_report_answers_at(TW_HERE, r, d, logits)
/* A picture, [h, w] or [h, w, 1 to 4] as tw_png_write takes it, with words below. */
TW_API void tw_report_picture_at(const tw_loc *at, tw_report *r, const char *caption, tw_node *n);
#define tw_report_picture(r, caption, n) tw_report_picture_at(TW_HERE, r, caption, n)

typedef struct tw_landscape_args {
    int         _size;
    const char *file;       /* a picture, SVG; this, .report or .losses is required */
    tw_report  *report;     /* a page that gets the picture */
    double     *losses;     /* points * points numbers to be filled in: [points along the second direction, along the first] */
    int         points;     /* along each direction; default 25 */
    double      reach;      /* of each, to both sides, where 1 is as far as the weights are from 0; default 1 */
    const char *only;       /* pattern of the parameters that are moved; default all */
    uint64_t    seed;       /* other directions */
} tw_landscape_args;
/* The loss that loss_of(user) builds, over two random directions around the weights as they are, with lines of equal loss.
 * Each direction is normal numbers, scaled so that every filter's part of it is as long as the filter; vectors (biases, norms)
 * stay (Li et al. 2018). Not in training mode. Afterwards weights, buffers and random numbers are what they were. False in error. */
TW_API bool tw_landscape_at(const tw_loc *at, tw_net *net, tw_node *(*loss_of)(void *user), void *user, const tw_landscape_args *options);
#define tw_landscape(...) tw__landscape(__VA_ARGS__, )
#define tw__landscape(net, loss_of, user, ...) tw_landscape_at(TW_HERE, net, loss_of, user, TW_OPTS(tw_landscape_args, __VA_ARGS__))

#ifdef __cplusplus
}
#endif
