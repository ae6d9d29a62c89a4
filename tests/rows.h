/* rows.h - the table of operations: what each takes, how it is built, what it must give.
 *
 * A row is an operation with input shapes, domains and options, a function that builds it and a slow
 * reference. check_laws.c runs every law on every row. Adding an operation means adding a row; a
 * test fails for an operation without one.
 */
#pragma once
#include "tests/rig.h"

/* What the elements of an input are. The first four are of the dtype under test. */
typedef enum kind {
    K_NONE,         /* no input */
    K_REAL,         /* uniform in [low, high]; both 0: [-2, 2] */
    K_AWAY,         /* of either sign, low <= |x| <= high: away from a kink at 0 */
    K_DISTINCT,     /* evenly spaced in [low, high], in random order: no ties */
    K_TIES,         /* -1, 0 or 1 */
    K_I64, K_I32, K_U8,     /* integers in [low, high] */
    K_BOOL
} kind;

typedef struct operand { kind kind; double low, high; tw_shape shape; } operand;

enum row_flags {
    R_VALUE = 1,        /* only the value is tested: integers, or large */
    R_NO_DIFF = 2,      /* no comparison with differences: ties, random numbers */
    R_NO_SECOND = 4,    /* no second order: the derivative is not smooth here */
    R_EXACT = 8,        /* value equals the reference to the bit */
    R_DTYPE = 16        /* the dtype under test does not matter: run once */
};

typedef struct row row;
struct row {
    const char *name, *what;        /* operation or spelled function; which options */
    operand     x[4];               /* up to the first K_NONE */
    tw_node  *(*build)(const row *r, tw_ctx *cx, tw_node *const *x);
    arr       (*ref)(const row *r, const arr *x);
    int         p[24];              /* options, as the row's builder and reference read them */
    double      tol;                /* of values, in units of the dtype's epsilon times max(1, |want|); default 4 */
    double      adjoint;            /* of <g, J t> = <J' g, t>, relative; default 1e-12 */
    unsigned    flags;
};

/* Dimensions of a row's operand: constant, so that tables are. */
#define S(...) { (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), { __VA_ARGS__ } }
#define S0 { 0, { 0 } }
#define REAL(...) { K_REAL, 0, 0, S(__VA_ARGS__) }
#define IN(low, high, ...) { K_REAL, low, high, S(__VA_ARGS__) }
#define AWAY(...) { K_AWAY, 0.3, 2, S(__VA_ARGS__) }
#define DISTINCT(...) { K_DISTINCT, -2, 2, S(__VA_ARGS__) }
#define TIES(...) { K_TIES, 0, 0, S(__VA_ARGS__) }
#define I64(high, ...) { K_I64, 0, high, S(__VA_ARGS__) }
#define BOOLS(...) { K_BOOL, 0, 0, S(__VA_ARGS__) }

/* A builder, a reference, and both in a row. */
#define BUILD(name, expr) \
    static tw_node *name(const row *r, tw_ctx *cx, tw_node *const *x) { (void)r, (void)cx, (void)x; return expr; }
#define REF(name, expr) \
    static arr name(const row *r, const arr *x) { (void)r; return expr; }
#define IS(f) .build = b_##f, .ref = r_##f

#define ROWS(part) extern const row rows_##part[]; extern const int n_rows_##part;
#include "tests/rows.def"
#undef ROWS

int        row_count(void);
const row *row_at(int i);
/* Whether a row is about that operation; also of those that this library cannot run. */
bool       row_about(const char *name);
int        row_inputs(const row *r);
bool       kind_is_float(kind k);
tw_dtype   kind_dtype(kind k, tw_dtype dtype);
/* Whether the dtype under test has anything to do with this row. */
bool       row_has_float(const row *r);

/* Inputs of row r, rounded to the dtype, from its own seed. */
void       row_noise(const row *r, tw_dtype dtype, arr *x);
/* Inputs as leaves of cx. */
void       row_leaves(const row *r, tw_ctx *cx, tw_dtype dtype, const arr *x, tw_node **n);
/* Names the row in messages. */
const char *row_text(const row *r, char *text, size_t size);
