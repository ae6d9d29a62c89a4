/* gradbench.h - what an evaluation of GradBench is: how its input is read, and the functions that are asked of it.
 *
 * One file and one line in evaluations.def for each. All numbers are f64, all derivatives the library's.
 */
#pragma once
#include <jansson.h>
#include <thalweg.h>

#include <stdbool.h>
#include <stdint.h>

/* One request. Leaves are made once; every run builds its graph anew, in a scope of its own. */
typedef struct job {
    tw_ctx       *cx;
    const json_t *input;
    tw_node      *in[8];        /* leaves, in the order that the evaluation chose */
    int64_t       size[4];      /* numbers of the input that are not data */
    int           outs;
    tw_node      *out[4];       /* results of the run */
    const char   *name[4];      /* of the results; NULL: the only one, without a name */
    char          error[160];   /* the first fault of the input */
} job;

typedef struct function {
    const char *name;
    void      (*run)(job *j);                   /* calls answer() for each result */
    json_t   *(*print)(const job *j);           /* default: the results as nested lists */
} function;

typedef struct evaluation {
    const char     *name;
    void          (*read)(job *j);
    const function *functions;                  /* up to one without a name; the second is the derivative of the first, unless .timed */
    json_t       *(*sample)(void);              /* an input for --ratios */
    const function *timed;                      /* where all functions give a minimum: what is minimised, and its derivative, for --ratios */
} evaluation;

#define EVALUATION(name) extern const evaluation name##_evaluation;
#include "bench/gradbench/evaluations.def"
#undef EVALUATION

/* ---- of the input: nothing after the first fault has an effect ------------------------------- */

/* The member, which may be one of a member: "data.points". */
const json_t *member(job *j, const char *key);
/* Numbers in lists of lists of any depth, as f64; as i64. */
tw_node *numbers(job *j, const char *key);
tw_node *indices(job *j, const char *key);
double   number(job *j, const char *key);
int64_t  integer(job *j, const char *key);
void     fault(job *j, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- of the output ----------------------------------------------------------------------------- */

void    answer(job *j, const char *name, tw_node *y);
json_t *lists(tw_node *y);
json_t *real(double v);

/* ---- samples: numbers that depend on nothing but their order -------------------------------------- */

typedef enum distribution { UNIFORM, NORMAL } distribution;
json_t *drawn(distribution which, int rank, const int *shape);
#define DRAWN(which, ...) drawn(which, (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)), (int[]){ __VA_ARGS__ })

/* ---- for particle and saddle ------------------------------------------------------------------------ */

/* A number as a function of the vector x. */
typedef struct objective {
    tw_node *(*of)(const struct objective *f, tw_node *x);
    bool        forward;        /* the mode of its derivative */
    bool        final;          /* nobody differentiates the minimum */
    const void *more;
} objective;
/* d y / d x of one number, as a vector, by one mode or the other. */
tw_node *slope(tw_node *y, tw_node *x, bool forward);
/* The solver that GradBench prescribes; the graph of its steps is part of the result, so it may be differentiated. */
tw_node *argmin(const objective *f, tw_node *x);
