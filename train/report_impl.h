/* report_impl.h - what a page is made of, for the files that fill it and the one that writes it. */
#pragma once
#include "train/bytes_impl.h"
#include "train/histogram_impl.h"
#include "train/train.h"

enum { TW__POINTS = 1024, TW__WORST = 12 };

/* A line of a chart. When there is no room each two points become their mean. */
typedef struct tw__series {
    struct tw__series *next;
    const char *tag;                /* "chart/line" */
    int64_t     every, gathered;    /* numbers that a point is the mean of; that wait to become one */
    double      sum;
    int         n;
    struct { int64_t step; double value; } at[TW__POINTS];
} tw__series;

typedef struct tw__spread {
    struct tw__spread *next;
    const char   *tag;              /* "section/name" */
    char          shape[64];
    bool          twice;            /* there is a latest beside the first */
    tw__histogram first, latest;
} tw__spread;

typedef struct tw__said { struct tw__said *next; const char *name, *text; } tw__said;
typedef struct tw__shown { struct tw__shown *next; const char *caption; int64_t height, width; tw__bytes png; } tw__shown;
typedef struct tw__spent { struct tw__spent *next; const char *layer; double forward, backward; } tw__spent;     /* nanoseconds */

/* An example that was taken for another class; how probable both seemed. */
typedef struct tw__mistake { int64_t example, label, guess; double p_label, p_guess, loss; } tw__mistake;

struct tw_report {
    tw_ctx      *cx;                /* NULL: dead */
    char        *path, *title;
    tw__series  *series;            /* lists in the order of their first entries */
    tw__spread  *spreads;
    tw__said    *notes;
    tw__shown   *pictures;
    tw__spent   *times;
    tw_dataset  *answered;          /* NULL: no answers yet */
    int64_t      classes, *confusion;
    int          worst_n;
    tw__mistake  worst[TW__WORST];  /* the worst first */
    tw__bytes    graph, landscape;  /* SVG */
    int          graph_nodes;       /* of a graph that was not drawn */
    bool         no_dot;
};

/* What stands for a page that could not be opened. Never written. */
extern tw_report tw__report_dead;

/* report_page.c: the page as text. */
void tw__report_page(const tw_loc *at, const tw_report *r, tw__bytes *to);
/* Chart.js as it may stand within a page; nothing where it is not installed. */
void tw__report_library(tw_ctx *cx, tw__bytes *to);
/* What the page's own script reads, and a page that goes on. */
void tw__report_numbers(const tw_report *r, tw__bytes *to);

/* report_answers.c: of one batch; labels are classes. False in error. */
void tw__report_answers_begin(const tw_loc *at, tw_report *r, tw_dataset *d, int64_t classes);
bool tw__report_answers_add(const tw_loc *at, tw_report *r, int64_t n, const int64_t *examples, tw_node *logits, tw_node *labels);
/* Whether they are answers of a classifier. */
bool tw__report_classifies(const tw_node *logits, const tw_node *labels);

/* The time of one evaluation, by the layers whose nodes took it, in the place of another's. */
void tw__report_times_begin(tw_report *r);
void tw__report_time(tw_report *r, const char *layer, double forward, double backward);
