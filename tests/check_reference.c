/* check_reference.c - operations against values, first and second derivatives that others computed.
 *
 * tests/reference.def is the table of cases: operation, which case, inputs, how it is built here. tools/reference.py
 * reads the same table, computes each case by PyTorch, JAX, NumPy or SciPy in double precision and writes the numbers
 * into reference_ops.inc: the value y, then the product of a fixed cotangent with the Jacobian to each float input, then
 * the derivative of the sum of these products, weighted by fixed numbers, to each float input. Inputs, cotangents and
 * weights come from a generator of integers that both sides spell alike, or are given.
 *
 * After a change of the table: tools/reference.py ops. check_reference --list prints what each operation is tested by.
 */
#include "tests/rows.h"
#include "ops/kernel/attrs.h"

/* Bounds are relative to the number, or to a thousandth of the largest of its array where that is more. */
#define BOUND 1e-9
enum { INPUTS = 4 };

typedef enum from { F_NOISE, F_GIVEN, F_TIES, F_INTEGERS, F_INTEGERS_GIVEN, F_BOOLS, F_BOOLS_GIVEN } from;
typedef struct input { from from; double low, high; tw_shape shape; const double *given; } input;
typedef struct testcase {
    const char   *op, *what;
    int           orders;           /* of derivatives */
    double        bound;
    const input  *in;
    int           n;
    tw_node    *(*build)(tw_ctx *cx, tw_node *const *x);
    const double *want;
    int           n_want;
} testcase;

/* ---- what the table's builders use beside the vocabulary ------------------------------------------ */

static tw_node *eye(tw_node *like) { return tw_one_hot(tw_arange(like->cx, tw_dim(like, -1)), tw_dim(like, -1)); }
static tw_node *spd(tw_node *x)    { return tw_add(tw_matmul(x, x, .transpose_b = true), eye(x)); }
static tw_node *firm(tw_node *x)   { return tw_add(x, tw_mul(3, eye(x))); }
static tw_node *flat(tw_node *x)   { return tw_reshape(x, TW_SHAPE(-1)); }
static tw_node *both(tw_node *a, tw_node *b) { return tw_concat(2, ((tw_node *[]){ flat(a), flat(b) })); }

typedef tw_node *(*with_output)(const tw_loc *at, tw_node *x, tw_node **more);
static tw_node *two(with_output f, tw_node *x)
{
    tw_node *more, *y = f(TW_HERE, x, &more);
    return both(y, more);
}
/* Vectors are known up to their sign. */
static tw_node *eigh_squares(tw_node *x)
{
    tw_node *v, *w = tw_eigh(x, &v);
    return both(w, tw_square(v));
}
static tw_node *svd_squares(tw_node *x)
{
    tw_node *s, *vh, *u = tw_svd(x, &s, &vh);
    return both(both(tw_square(u), s), tw_square(vh));
}
static tw_node *svd_product(tw_node *x)
{
    tw_node *s, *vh, *u = tw_svd(x, &s, &vh);
    return tw_matmul(u, vh);
}
static tw_node *lu_parts(tw_node *x)
{
    tw_node *l, *u, *p = tw_lu(x, &l, &u);
    return both(both(p, l), u);
}
static tw_node *lu_compact(tw_node *x)
{
    tw_node *order;
    return tw_lu_factor(x, &order);
}

/* The square root, as the solution of an equation: its derivatives come from there. */
static tw_node *root_of(tw_node *x)
{
    tw_node *y = tw_stop_grad(tw_sqrt(x));
    return tw_solution(y, tw_sub(tw_square(y), x));
}
static tw_node *root_by(tw_node *x)
{
    tw_node *y = tw_stop_grad(tw_sqrt(x));
    return tw_implicit(y, tw_sub(tw_square(y), x), x);
}
static tw_node *gamma_slope_of(tw_node *alpha, tw_node *y)
{
    static const tw_gamma_attr attr;
    return tw_build_node(&(tw_build){ .op = &tw_op_gamma_slope, .at = TW_HERE, .attr = &attr, .n = 2, .in = (tw_node *[]){ alpha, y } });
}
static const int64_t DIAGONAL[] = { 0, 1, 2 };

/* ---- the table --------------------------------------------------------------------------------------- */

#define R(...)          { F_NOISE, -2, 2, S(__VA_ARGS__), NULL }
#define R0              { F_NOISE, -2, 2, S0, NULL }
#undef IN
#define IN(low, high, ...) { F_NOISE, low, high, S(__VA_ARGS__), NULL }
#define T(...)          { F_TIES, 0, 0, S(__VA_ARGS__), NULL }
#define I(high, ...)    { F_INTEGERS, 0, high, S(__VA_ARGS__), NULL }
#define B(...)          { F_BOOLS, 0, 0, S(__VA_ARGS__), NULL }
#define DOUBLES(...)    (const double[]){ __VA_ARGS__ }
#define LENGTH(...)     (int64_t)(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double))
#define V(...)          { F_GIVEN, 0, 0, { 1, { LENGTH(__VA_ARGS__) } }, DOUBLES(__VA_ARGS__) }
#define M(rows, ...)    { F_GIVEN, 0, 0, { 2, { rows, LENGTH(__VA_ARGS__) / (rows) } }, DOUBLES(__VA_ARGS__) }
#define IV(...)         { F_INTEGERS_GIVEN, 0, 0, { 1, { LENGTH(__VA_ARGS__) } }, DOUBLES(__VA_ARGS__) }
#define IM(rows, ...)   { F_INTEGERS_GIVEN, 0, 0, { 2, { rows, LENGTH(__VA_ARGS__) / (rows) } }, DOUBLES(__VA_ARGS__) }
#define BV(...)         { F_BOOLS_GIVEN, 0, 0, { 1, { LENGTH(__VA_ARGS__) } }, DOUBLES(__VA_ARGS__) }

#define VALUE(op, what, inputs, ...)        CASE(op, what, 0, BOUND, inputs, __VA_ARGS__)
#define FIRST(op, what, inputs, ...)        CASE(op, what, 1, BOUND, inputs, __VA_ARGS__)
#define SECOND(op, what, inputs, ...)       CASE(op, what, 2, BOUND, inputs, __VA_ARGS__)
#define LOOSE(op, what, bound, inputs, ...) CASE(op, what, 2, bound, inputs, __VA_ARGS__)

/* Sets of cases of elementwise operations; tools/reference.py has them too. */
#define UNARY(op, low, high) \
    SECOND(op, plain, (IN(low, high, 3, 4)), tw_##op(x[0])) \
    SECOND(op, one, (IN(low, high, 1)), tw_##op(x[0])) \
    SECOND(op, rank_0, ({ F_NOISE, low, high, S0, NULL }), tw_##op(x[0])) \
    FIRST(op, empty, (IN(low, high, 0, 3)), tw_##op(x[0])) \
    VALUE(op, special, (V(0, 1, -1, 0.5, -2.5, 1e-300, 1e300, -1e300, 1e-9, 30, -30, INF, -INF, NaN)), tw_##op(x[0]))
#define BINARY(op, low, high, low2, high2) \
    SECOND(op, plain, (IN(low, high, 3, 4), IN(low2, high2, 3, 4)), tw_##op(x[0], x[1])) \
    SECOND(op, broadcast, (IN(low, high, 3, 1), IN(low2, high2, 2, 1, 4)), tw_##op(x[0], x[1])) \
    SECOND(op, number, (IN(low, high, 2, 3), { F_NOISE, low2, high2, S0, NULL }), tw_##op(x[0], x[1])) \
    FIRST(op, empty, (IN(low, high, 0, 3), IN(low2, high2, 3)), tw_##op(x[0], x[1])) \
    VALUE(op, special, (M(13, 0, 1, -1, 0.5, -2.5, 1e-300, 1e300, -1e300, 7, -3, INF, -INF, NaN), V(0, 1, -1, 0.5, 2, -3, INF, -INF, NaN)), \
          tw_##op(x[0], x[1]))
#define COMPARE(op) \
    VALUE(op, special, (M(7, 0, 1, -1, 0.5, INF, -INF, NaN), V(0, 1, -1, 0.5, 2, INF, -INF, NaN)), tw_##op(x[0], x[1])) \
    VALUE(op, integers, (I(3, 4, 5), I(3, 5)), tw_##op(x[0], x[1])) \
    VALUE(op, empty, (R(3, 0), R(3, 1)), tw_##op(x[0], x[1]))
#define LOGIC(op) \
    VALUE(op, plain, (B(4, 5), B(4, 5)), tw_##op(x[0], x[1])) \
    VALUE(op, broadcast, (B(4, 1), B(5)), tw_##op(x[0], x[1])) \
    VALUE(op, empty, (B(0, 2), B(2)), tw_##op(x[0], x[1]))

/* Led by their number: some have none. */
#define REFERENCE(op, what, ...) static const double want_##op##_##what[] = { __VA_ARGS__ };
#include "tests/reference_ops.inc"
#undef REFERENCE

#define INPUTS_OF(...) { __VA_ARGS__ }
#define CASE(op, what, orders, bound, inputs, ...) \
    static const input in_##op##_##what[] = INPUTS_OF inputs; \
    static tw_node *build_##op##_##what(tw_ctx *cx, tw_node *const *x) { (void)cx, (void)x; return __VA_ARGS__; }
#define WITHIN(op, other)
#define NONE(op, why)
#include "tests/reference.def"
#undef CASE

static const testcase cases[] = {
#define COUNT(a) (int)(sizeof a / sizeof *a)
#define CASE(op, what, orders, bound, inputs, ...) { #op, #what, orders, bound, in_##op##_##what, COUNT(in_##op##_##what), build_##op##_##what, \
    want_##op##_##what + 1, COUNT(want_##op##_##what) - 1 },
#include "tests/reference.def"
#undef CASE
#undef WITHIN
#undef NONE
};

/* Operations whose cases are another's, and those that nobody else has, with the reason. */
static const struct { const char *op, *other, *why; } excused[] = {
#define CASE(op, what, orders, bound, inputs, ...)
#define WITHIN(op, other) { #op, #other, NULL },
#define NONE(op, why) { #op, NULL, why },
#include "tests/reference.def"
};

/* ---- one case ----------------------------------------------------------------------------------------- */

/* The generator: FNV-1a of "op.what.part" starts a congruential one, whose upper 24 bits are used. */
static uint32_t seed_of(const testcase *c, const char *part)
{
    char name[80];
    snprintf(name, sizeof name, "%s.%s.%s", c->op, c->what, part);
    uint32_t h = 2166136261u;
    for (const char *p = name; *p; p++) h = (h ^ (unsigned char)*p) * 16777619u;
    return h;
}

static double next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) / 16777216.0;
}

static double element(const input *in, int64_t i, uint32_t *seed)
{
    switch (in->from) {
    case F_NOISE:    return in->low + (in->high - in->low) * next(seed);
    case F_TIES:     return floor(3 * next(seed)) - 1;
    case F_INTEGERS: return floor(in->high * next(seed));
    case F_BOOLS:    return floor(2 * next(seed));
    default:         return in->given[i];
    }
}

static tw_node *leaf(tw_ctx *cx, const testcase *c, int k)
{
    const input *in = &c->in[k];
    uint32_t seed = seed_of(c, (const char *[]){ "0", "1", "2", "3" }[k]);
    arr a = arr_new(in->shape.n, in->shape.at);
    for (int64_t i = 0; i < a.count; i++) a.v[i] = element(in, i, &seed);
    const bool integer = in->from == F_INTEGERS || in->from == F_INTEGERS_GIVEN, boolean = in->from == F_BOOLS || in->from == F_BOOLS_GIVEN;
    return node_of(cx, integer ? TW_I64 : boolean ? TW_BOOL : TW_F64, &a);
}

/* Fixed numbers in [-1, 1] of the shape of n. */
static tw_node *weights(const testcase *c, const char *part, tw_node *n)
{
    uint32_t seed = seed_of(c, part);
    arr a = arr_new(n->shape->n, n->shape->at);
    for (int64_t i = 0; i < a.count; i++) a.v[i] = 2 * next(&seed) - 1;
    return node_of(n->cx, TW_F64, &a);
}

/* Compares with the next elements of what is wanted. */
static void compare(const testcase *c, tw_node *n, int *at, const char *what, int k)
{
    const arr got = arr_of(n);
    ck_assert_msg(*at + got.count <= c->n_want, "%s, %s: %s %d: more elements than the reference", c->op, c->what, what, k);
    const double *want = c->want + *at;
    double largest = 0;
    for (int64_t i = 0; i < got.count; i++)
        if (isfinite(want[i])) largest = fmax(largest, fabs(want[i]));
    for (int64_t i = 0; i < got.count; i++) {
        const double g = got.v[i], w = want[i];
        const bool same = isnan(w) ? isnan(g) : isinf(w) ? g == w : fabs(g - w) <= c->bound * fmax(fabs(w), 1e-3 * largest);
        ck_assert_msg(same, "%s, %s: %s %d: element %d is %.17g, others have %.13g", c->op, c->what, what, k, (int)i, g, w);
    }
    *at += (int)got.count;
}

/* Closes the context when the case needs LAPACK and the library was built without. */
static bool left_out(tw_ctx *cx)
{
#ifndef TW_HAVE_LAPACK
    tw_error e;
    if (!tw_ok(cx) && tw_error_take(cx, &e) && e.code == TW_EMISSING) return tw_close(cx), arrs_drop(), true;
#else
    (void)cx;
#endif
    return false;
}

START_TEST(a_case_agrees)
{
    const testcase *c = &cases[_i];
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    tw_node *x[INPUTS], *to[INPUTS], *gx[INPUTS], *hx[INPUTS];
    int floats = 0, at = 0;
    for (int k = 0; k < c->n; k++) {
        x[k] = leaf(cx, c, k);
        if (tw_dtype_of(x[k]) == TW_F64) to[floats++] = x[k];
    }
    tw_node *y = c->build(cx, x);
    if (left_out(cx)) return;
    ok(cx);
    compare(c, y, &at, "value", 0);
    if (c->orders > 0) {
        tw_node *g = weights(c, "g", y), *sum = NULL;
        tw_vjp(1, &y, &g, floats, to, gx);
        for (int k = 0; k < floats; k++) compare(c, gx[k], &at, "derivative", k);
        for (int k = 0; k < floats && c->orders > 1; k++) {
            tw_node *part = tw_sum(tw_mul(gx[k], weights(c, (const char *[]){ "w0", "w1", "w2", "w3" }[k], gx[k])));
            sum = sum ? tw_add(sum, part) : part;
        }
        if (sum) tw_grads(sum, floats, to, hx);
        for (int k = 0; sum && k < floats; k++) compare(c, hx[k], &at, "second derivative", k);
    }
    ck_assert_msg(at == c->n_want, "%s, %s: %d elements, the reference has %d", c->op, c->what, at, c->n_want);
    ck_assert_int_eq(tw_close(cx), 0);
    arrs_drop();
}
END_TEST

/* ---- no gap --------------------------------------------------------------------------------------------- */

static const char *const vocabulary[] = {
#define OP(name, params, text) #name,
#define FN(name, params, text) #name,
#define RULE(name, text) #name,
#include "ops/ops.def"
};

static int cases_of(const char *op)
{
    int n = 0;
    for (int i = 0; i < COUNT(cases); i++) n += !strcmp(cases[i].op, op);
    return n;
}

static int excuse_of(const char *op)
{
    for (int i = 0; i < COUNT(excused); i++)
        if (!strcmp(excused[i].op, op)) return i;
    return -1;
}

START_TEST(no_operation_without_a_reference)
{
    for (int i = 0; i < COUNT(vocabulary); i++) {
        const char *op = vocabulary[i];
        const int n = cases_of(op), e = excuse_of(op);
        ck_assert_msg(n > 0 || e >= 0, "%s: no case in tests/reference.def, and no reason", op);
        ck_assert_msg(n == 0 || e < 0, "%s: has cases and an excuse", op);
        ck_assert_msg(e < 0 || !excused[e].other || cases_of(excused[e].other) > 0, "%s: %s has no case", op, e < 0 ? "" : excused[e].other);
    }
    for (int i = 0; i < COUNT(excused) + COUNT(cases); i++) {
        const char *op = i < COUNT(excused) ? excused[i].op : cases[i - COUNT(excused)].op;
        bool known = false;
        for (int k = 0; k < COUNT(vocabulary); k++) known |= !strcmp(vocabulary[k], op);
        ck_assert_msg(known, "%s: not in ops.def", op);
    }
}
END_TEST

/* One line for each operation; the last ones count. Fails with a gap. */
static int list(void)
{
    int alone = 0, gaps = 0;
    printf("%-20s %5s %6s  %s\n", "operation", "rows", "cases", "without cases of its own");
    for (int i = 0; i < COUNT(vocabulary); i++) {
        const char *op = vocabulary[i];
        const int n = cases_of(op), e = excuse_of(op);
        int rows = 0;
        for (int k = 0; k < row_count(); k++) rows += !strcmp(row_at(k)->name, op);
        printf("%-20s %5d %6d  %s%s\n", op, rows, n, e < 0 ? (n ? "" : "GAP") : excused[e].why ? "nobody else's: " : "part of ",
               e < 0 ? "" : excused[e].why ? excused[e].why : excused[e].other);
        alone += e >= 0 && excused[e].why;
        gaps += !rows || (!n && e < 0);
    }
    printf("%d operations, %d rows (each under every law), %d reference cases; %d operations without an outside reference; %d gaps\n",
           COUNT(vocabulary), row_count(), COUNT(cases), alone, gaps);
    return gaps > 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--list")) return list();
    Suite *s = suite_create("reference");
    TCase *t = tcase_create("cases");
    tcase_add_loop_test(t, a_case_agrees, 0, COUNT(cases));
    tcase_add_test(t, no_operation_without_a_reference);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    return rig_run(s);
}
