/* check_laws.c - every law on every row of the table of operations (rows.h).
 *
 * Values against slow references, for both dtypes and every instruction set; reverse and forward
 * mode against central differences; their adjointness; second order; wrong operands; planned
 * against node by node and against the naive evaluator; drawings that dot accepts.
 */
#include "tests/naive.h"
#include "tests/rows.h"
#include <unistd.h>

enum { MOST = 4 };

static const tw_dtype dtypes[] = { TW_F64, TW_F32 };

static double epsilon(tw_dtype dtype) { return dtype == TW_F32 ? 0x1p-23 : dtype == TW_F64 ? 0x1p-52 : 0; }

/* Element k moved by h, and back. */
typedef struct nudge { double *v, was; } nudge;
static nudge nudge_by(double *v, double h)
{
    nudge n = { v, *v };
    *v += h;
    return n;
}
static void nudge_back(nudge n) { *n.v = n.was; }

/* The derivative of f at 0 out of four values: error of h^4. */
static double slope(double (*f)(void *, double), void *user)
{
    const double h = 0x1p-10;
    return (8 * (f(user, h) - f(user, -h)) - (f(user, 2 * h) - f(user, -2 * h))) / (12 * h);
}

/* At most some 48 elements of an array, spread out. */
static int64_t stride_of(const arr *a) { return a->count / 48 + 1; }

typedef struct setup { tw_ctx *cx; const row *r; int n; arr x[MOST]; tw_node *in[MOST], *y; char text[128]; } setup;

static void build_in(setup *s, tw_dtype dtype)
{
    row_leaves(s->r, s->cx, dtype, s->x, s->in);
    s->y = s->r->build(s->r, s->cx, s->in);
    ok(s->cx);
}

static setup begin(int i, tw_dtype dtype, const char *isa, bool plan)
{
    setup s = { .cx = rig_open(dtype, isa, plan), .r = row_at(i), .n = row_inputs(row_at(i)) };
    row_text(s.r, s.text, sizeof s.text);
    row_noise(s.r, dtype, s.x);
    return s;
}

static void end(setup *s)
{
    ok(s->cx);
    ck_assert_int_eq(tw_close(s->cx), 0);
    arrs_drop();
}

static bool differentiable(const setup *s, int i) { return kind_is_float(s->r->x[i].kind); }

/* ---- value ----------------------------------------------------------------------------- */

START_TEST(value_is_the_reference)
{
    for (int d = 0; d < 2; d++)
        for (const char *const *isa = rig_isas(); *isa; isa++) {
            setup s = begin(_i, dtypes[d], *isa, true);
            build_in(&s, dtypes[d]);
            arr want = s.r->ref(s.r, s.x), got = arr_of(s.y);
            want = arr_rounded(&want, tw_dtype_of(s.y));
            char text[200];
            snprintf(text, sizeof text, "%s, %s, %s", s.text, tw_dtype_name(dtypes[d]), *isa);
            arr_near(&got, &want, (s.r->tol != 0 ? s.r->tol : 4) * epsilon(tw_dtype_of(s.y)), text);
            end(&s);
        }
}
END_TEST

/* ---- first order ----------------------------------------------------------------------- */

typedef struct probe { const row *r; arr *x; int i; int64_t k; const arr *g, *t; } probe;

static double seen_from(void *user, double h)
{
    const probe *p = user;
    nudge n = nudge_by(&p->x[p->i].v[p->k], h);
    const arr y = p->r->ref(p->r, p->x);
    nudge_back(n);
    return arr_dot(p->g, &y);
}

START_TEST(reverse_mode_is_the_difference)
{
    setup s = begin(_i, TW_F64, NULL, true);
    if (s.r->flags & (R_VALUE | R_NO_DIFF)) { end(&s); return; }
    build_in(&s, TW_F64);
    uint64_t seed = 100 + (uint64_t)_i;
    const arr g = arr_noise(tw_shape_of(s.y), -1, 1, &seed);
    tw_node *gy = node_of(s.cx, TW_F64, &g);
    for (int i = 0; i < s.n; i++) {
        if (!differentiable(&s, i)) continue;
        tw_node *gx;
        tw_vjp(1, &s.y, &gy, 1, &s.in[i], &gx);
        ok(s.cx);
        const arr got = arr_of(gx);
        ck_assert_int_eq(got.count, s.x[i].count);
        for (int64_t k = 0; k < got.count; k += stride_of(&got)) {
            probe p = { s.r, s.x, i, k, &g, NULL };
            const double want = slope(seen_from, &p);
            ck_assert_msg(close_to(got.v[k], want, 1e-8), "%s: to input %d, element %lld: %.12g, differences say %.12g", s.text,
                          i, (long long)k, got.v[k], want);
        }
    }
    end(&s);
}
END_TEST

static arr shifted_value(const setup *s, const arr *t, double h)
{
    arr moved[MOST];
    for (int i = 0; i < s->n; i++) {
        moved[i] = arr_like(&s->x[i]);
        for (int64_t k = 0; k < moved[i].count; k++)
            moved[i].v[k] = s->x[i].v[k] + (differentiable(s, i) ? h * t[i].v[k] : 0);
    }
    return s->r->ref(s->r, moved);
}

/* Tangents of the float inputs, as arrays and as nodes; their count. */
static int tangents(setup *s, uint64_t *seed, arr *t, tw_node **xs, tw_node **ts)
{
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        if (!differentiable(s, i)) continue;
        t[i] = arr_noise(shape_of(&s->x[i]), -1, 1, seed);
        xs[n] = s->in[i], ts[n++] = node_of(s->cx, TW_F64, &t[i]);
    }
    return n;
}

START_TEST(forward_mode_is_the_difference)
{
    setup s = begin(_i, TW_F64, NULL, true);
    if (s.r->flags & (R_VALUE | R_NO_DIFF)) { end(&s); return; }
    build_in(&s, TW_F64);
    uint64_t seed = 200 + (uint64_t)_i;
    arr t[MOST] = { 0 };
    tw_node *xs[MOST], *ts[MOST];
    const int n = tangents(&s, &seed, t, xs, ts);
    const arr got = arr_of(tw_jvp(s.y, n, xs, ts));
    const double h = 0x1p-10;
    const arr a = shifted_value(&s, t, h), b = shifted_value(&s, t, -h), c = shifted_value(&s, t, 2 * h), d = shifted_value(&s, t, -2 * h);
    ck_assert_int_eq(got.count, a.count);
    for (int64_t k = 0; k < got.count; k++) {
        const double want = (8 * (a.v[k] - b.v[k]) - (c.v[k] - d.v[k])) / (12 * h);
        ck_assert_msg(close_to(got.v[k], want, 1e-8), "%s: tangent of element %lld: %.12g, differences say %.12g", s.text, (long long)k,
                      got.v[k], want);
    }
    end(&s);
}
END_TEST

START_TEST(reverse_is_the_transpose_of_forward)
{
    setup s = begin(_i, TW_F64, NULL, true);
    if (s.r->flags & R_VALUE) { end(&s); return; }
    build_in(&s, TW_F64);
    uint64_t seed = 300 + (uint64_t)_i;
    arr t[MOST] = { 0 };
    tw_node *xs[MOST], *ts[MOST], *gx[MOST];
    const int n = tangents(&s, &seed, t, xs, ts);
    const arr seeds = arr_noise(tw_shape_of(s.y), -1, 1, &seed);
    tw_node *gy = node_of(s.cx, tw_dtype_of(s.y), &seeds);
    const arr gr = arr_of(gy), jt = arr_of(tw_jvp(s.y, n, xs, ts));
    tw_vjp(1, &s.y, &gy, n, xs, gx);
    ok(s.cx);
    double forward = arr_dot(&gr, &jt), size = arr_dot_size(&gr, &jt), reverse = 0;
    for (int i = 0, k = 0; i < s.n; i++) {
        if (!differentiable(&s, i)) continue;
        const arr got = arr_of(gx[k++]);
        reverse += arr_dot(&got, &t[i]), size += arr_dot_size(&got, &t[i]);
    }
    const double tol = s.r->adjoint != 0 ? s.r->adjoint : 1e-12;
    ck_assert_msg(fabs(forward - reverse) <= tol * fmax(1, size), "%s: <g, J t> = %.17g, <J' g, t> = %.17g", s.text, forward, reverse);
    end(&s);
}
END_TEST

/* ---- second order ---------------------------------------------------------------------- */

/* sum over i of <v_i, gx_i(x, g)>, where gx = J(x)' g: its slots are the float inputs and, last, g. */
typedef struct second { setup *s; arr *g; const arr *v; arr *moved; int64_t k; } second;

static tw_node *pulled(setup *s, const arr *g, const arr *v, tw_node **xs, int *n)
{
    build_in(s, TW_F64);
    tw_node *gy = node_of(s->cx, TW_F64, g), *gx[MOST], *loss = NULL;
    *n = 0;
    for (int i = 0; i < s->n; i++)
        if (differentiable(s, i)) xs[(*n)++] = s->in[i];
    tw_vjp(1, &s->y, &gy, *n, xs, gx);
    for (int k = 0; k < *n; k++) {
        tw_node *part = tw_sum(tw_mul(gx[k], node_of(s->cx, TW_F64, &v[k])));
        loss = loss ? tw_add(loss, part) : part;
    }
    xs[(*n)++] = gy;
    return loss;
}

static double pulled_at(void *user, double h)
{
    second *p = user;
    TW_SCOPE(p->s->cx);
    nudge n = nudge_by(&p->moved->v[p->k], h);
    tw_node *xs[MOST + 1];
    int count;
    const double value = tw_item(pulled(p->s, p->g, p->v, xs, &count));
    nudge_back(n);
    ok(p->s->cx);
    return value;
}

START_TEST(second_order_is_the_difference_of_the_first)
{
    setup s = begin(_i, TW_F64, NULL, true);
    if (s.r->flags & (R_VALUE | R_NO_DIFF | R_NO_SECOND) || !row_has_float(s.r)) { end(&s); return; }
    build_in(&s, TW_F64);
    uint64_t seed = 400 + (uint64_t)_i;
    arr g = arr_noise(tw_shape_of(s.y), -1, 1, &seed), v[MOST], *moved[MOST + 1];
    int n = 0;
    for (int i = 0; i < s.n; i++)
        if (differentiable(&s, i)) moved[n] = &s.x[i], v[n++] = arr_noise(shape_of(&s.x[i]), -1, 1, &seed);
    moved[n] = &g;

    tw_node *xs[MOST + 1], *hs[MOST + 1];
    tw_node *loss = pulled(&s, &g, v, xs, &n);
    tw_grads(loss, n, xs, hs);
    ok(s.cx);
    for (int i = 0; i < n; i++) {
        const arr got = arr_of(hs[i]);
        ck_assert_int_eq(got.count, moved[i]->count);
        for (int64_t k = 0; k < got.count; k += stride_of(&got) * (1 + got.count / 24)) {
            second p = { &s, &g, v, moved[i], k };
            const double want = slope(pulled_at, &p);
            ck_assert_msg(close_to(got.v[k], want, 2e-8), "%s: second order to operand %d of %d, element %lld: %.12g, differences say %.12g",
                          s.text, i, n, (long long)k, got.v[k], want);
        }
    }
    end(&s);
}
END_TEST

/* ---- planned, node by node, naive ------------------------------------------------------ */

/* The row's value and gradients, built afresh, evaluated together or one by one: arrays into out, their count. */
static int all_values(setup *s, tw_dtype dtype, bool together, arr *out)
{
    build_in(s, dtype);
    tw_node *asked[MOST + 1] = { s->y };
    int n = 1;
    if (!(s->r->flags & R_VALUE)) {
        uint64_t seed = 500;
        const arr g = arr_noise(tw_shape_of(s->y), -1, 1, &seed);
        tw_node *gy = node_of(s->cx, tw_dtype_of(s->y), &g), *xs[MOST], *gx[MOST];
        int m = 0;
        for (int i = 0; i < s->n; i++)
            if (differentiable(s, i)) xs[m++] = s->in[i];
        tw_vjp(1, &s->y, &gy, m, xs, gx);
        for (int k = 0; k < m; k++) asked[n++] = gx[k];
        ok(s->cx);
    }
    if (together) ck_assert(tw_eval_nodes(n, asked));
    for (int k = 0; k < n; k++) out[k] = arr_of(asked[k]);
    return n;
}

START_TEST(planned_is_node_by_node)
{
    for (int d = 0; d < 2; d++) {
        setup s = begin(_i, dtypes[d], NULL, false);
        arr want[MOST + 1], got[MOST + 1];
        const int n = all_values(&s, dtypes[d], false, want);
        ok(s.cx);
        tw_close(s.cx);
        s.cx = rig_open(dtypes[d], NULL, true);
        for (int turn = 0; turn < 4; turn++) {
            TW_SCOPE(s.cx);
            all_values(&s, dtypes[d], turn != 3, got);
            for (int k = 0; k < n; k++)
                ck_assert_msg(!memcmp(got[k].v, want[k].v, (size_t)want[k].count * sizeof(double)),
                              "%s, %s: turn %d: result %d differs between plan and node by node", s.text, tw_dtype_name(dtypes[d]), turn, k);
        }
        end(&s);
    }
}
END_TEST

START_TEST(planned_is_naive)
{
    setup s = begin(_i, TW_F64, NULL, true);
    build_in(&s, TW_F64);
    tw_node *asked[MOST + 1] = { s.y };
    int n = 1;
    if (!(s.r->flags & R_VALUE)) {
        uint64_t seed = 600;
        const arr g = arr_noise(tw_shape_of(s.y), -1, 1, &seed);
        tw_node *gy = node_of(s.cx, tw_dtype_of(s.y), &g);
        for (int i = 0; i < s.n; i++)
            if (differentiable(&s, i)) tw_vjp(1, &s.y, &gy, 1, &s.in[i], &asked[n++]);
    }
    for (int k = 0; k < n; k++) {
        const arr got = arr_of(asked[k]), want = naive(asked[k]);
        arr_near(&got, &want, s.r->adjoint != 0 ? s.r->adjoint : s.r->tol > 50 ? 1e-11 : 1e-12, s.text);
    }
    end(&s);
}
END_TEST

/* ---- wrong operands -------------------------------------------------------------------- */

static void still_works(setup *s)
{
    TW_SCOPE(s->cx);
    tw_node *in[MOST];
    row_leaves(s->r, s->cx, TW_F64, s->x, in);
    arr_of(s->r->build(s->r, s->cx, in));
}

/* Builds with operand i replaced: a good error and nil, or a value. */
static void with_wrong(setup *s, int i, tw_node *wrong, const char *how)
{
    tw_node *in[MOST];
    memcpy(in, s->in, sizeof in);
    in[i] = wrong;
    tw_node *y = s->r->build(s->r, s->cx, in);
    if (tw_ok(s->cx) && !tw_is_nil(y)) tw_read_at(TW_HERE, y, tw_dtype_of(y));      /* allowed: then it computes */
    tw_error e;
    if (!tw_error_take(s->cx, &e)) return;
    const bool good = (e.code == TW_ESHAPE || e.code == TW_EDTYPE || e.code == TW_EARG || e.code == TW_EVALUE || e.code == TW_EGRAD)
                      && e.at
                      && strstr(e.at->file, "tests/") && e.at->line > 0 && e.op && e.op[0] && e.text[0];
    ck_assert_msg(good, "%s: operand %d with %s: a poor error: %s of %s: %s", s->text, i, how, tw_code_name(e.code), e.op, e.text);
    ck_assert_msg(wrong || e.code == TW_EARG, "%s: NULL for operand %d gives %s", s->text, i, tw_code_name(e.code));
    ck_assert(tw_ok(s->cx));
}

START_TEST(wrong_operands_are_errors)
{
    setup s = begin(_i, TW_F64, NULL, true);
    build_in(&s, TW_F64);
    const bool adjoint = strchr(s.r->name, '_') && strlen(s.r->name) > 2 && s.r->name[strlen(s.r->name) - 2] == '_';
    for (int i = 0; i < s.n; i++) {
        static const tw_dtype others[] = { TW_F32, TW_F64, TW_I32, TW_I64, TW_U8, TW_BOOL };
        for (int d = 0; d < 6; d++) with_wrong(&s, i, node_of(s.cx, others[d], &s.x[i]), tw_dtype_name(others[d]));
        for (int axis = 0; axis < s.x[i].n; axis++) {
            tw_shape shape = shape_of(&s.x[i]);
            shape.at[axis]++;
            with_wrong(&s, i, tw_zeros(s.cx, shape), "one more");
        }
        if (!adjoint) {
            tw_shape shape = shape_of(&s.x[i]);
            if (shape.n < TW_MAX_RANK) {
                shape.at[shape.n++] = 2;
                with_wrong(&s, i, tw_zeros(s.cx, shape), "an axis more");
            }
            with_wrong(&s, i, tw_zeros(s.cx, TW_SCALAR_SHAPE), "no axes");
            if (s.n) with_wrong(&s, i, NULL, "NULL");
        }
    }
    still_works(&s);
    end(&s);
}
END_TEST

/* ---- the whole table ------------------------------------------------------------------- */

START_TEST(dot_accepts_every_drawing)
{
    if (system("command -v dot >/dev/null 2>&1") != 0) {
        printf("check_laws: no dot here, its law was not checked\n");
        return;
    }
    char path[] = "/tmp/thalweg_dot_XXXXXX", command[128];
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    FILE *to = fdopen(fd, "w");
    int graphs = 0;
    for (int i = 0; i < row_count(); i++) {
        if (row_at(i)->flags & R_VALUE && i % 4) continue;
        setup s = begin(i, TW_F64, NULL, true);
        build_in(&s, TW_F64);
        tw_node *y = s.y;
        for (int k = 0; k < s.n && !(s.r->flags & R_VALUE); k++)
            if (differentiable(&s, k)) y = tw_sum(tw_grad(tw_sum(s.y), s.in[k]));
        if (graphs & 1) arr_of(y);
        ck_assert(tw_dot(y, .stream = to, .title = s.text, .values = graphs & 1));
        graphs++;
        end(&s);
    }
    ck_assert_int_eq(fclose(to), 0);
    snprintf(command, sizeof command, "dot -Tcanon %s >%s.out 2>&1", path, path);
    const int status = system(command);
    if (status) { snprintf(command, sizeof command, "head -5 %s.out >&2", path); ck_assert_int_ge(system(command), 0); }
    snprintf(command, sizeof command, "test $(grep -c '^digraph' %s.out) = %d", path, graphs);
    const int counted = system(command);
    unlink(path);
    snprintf(command, sizeof command, "%s.out", path);
    unlink(command);
    ck_assert_int_eq(status, 0);
    ck_assert_msg(counted == 0, "dot did not see %d graphs", graphs);
}
END_TEST

/* Operations that core makes itself: no builder of ops/ and no kernel; check_meaning.c is about them. */
static const char *const cores[] = {
    "number",       /* a user's number: every row has some */
    "constant",     /* a rule's number */
    "data",         /* the rows' leaves */
    "kept",         /* what tw_keep leaves behind */
    "cell", "read", "assign", "keep",   /* effects and lifetimes */
    "project",      /* an output of several: check_deep.c */
    "stop_grad", "custom", "checkpoint", "barrier",              /* about derivatives only */
    "dummy",        /* the seed of forward mode */
    "nil",          /* stands for an error */
};

static void wants_row(const tw_op *op, void *user)
{
    int *n = user;
    (*n)++;
    for (size_t i = 0; i < sizeof cores / sizeof *cores; i++)
        if (!strcmp(cores[i], op->name)) return;
    ck_assert_msg(row_about(op->name), "the registry knows %s, and no row is about it", op->name);
    ck_assert_msg(naive_knows(op->name) || op->traits & (TW_LEAF | TW_RANDOM), "the naive evaluator does not know %s", op->name);
    ck_assert_msg(op->doc && op->doc[0], "%s has no documentation", op->name);
}

static const char *const vocabulary[] = {
#define OP(name, params, text) #name,
#define FN(name, params, text) #name,
#define RULE(name, text) #name,
#include "ops/ops.def"
#undef OP
#undef FN
#undef RULE
};

START_TEST(every_operation_has_a_row)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    int n = 0;
    tw_op_each(cx, wants_row, &n);
    ck_assert_int_ge(n, 50);
    for (size_t i = 0; i < sizeof vocabulary / sizeof *vocabulary; i++)
        ck_assert_msg(row_about(vocabulary[i]), "ops.def lists %s, and no row is about it", vocabulary[i]);
    for (int i = 0; i < row_count(); i++)
        for (int k = 0; k < i; k++)
            ck_assert_msg(strcmp(row_at(i)->name, row_at(k)->name) || strcmp(row_at(i)->what, row_at(k)->what), "two rows %s (%s)",
                          row_at(i)->name, row_at(i)->what);
    tw_close(cx);
}
END_TEST

static void law(Suite *s, const char *name, const TTest *test)
{
    TCase *c = tcase_create(name);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, test, 0, row_count());
    suite_add_tcase(s, c);
}

int main(void)
{
    Suite *s = suite_create("laws");
    law(s, "value", value_is_the_reference);
    law(s, "reverse", reverse_mode_is_the_difference);
    law(s, "forward", forward_mode_is_the_difference);
    law(s, "adjoint", reverse_is_the_transpose_of_forward);
    law(s, "second", second_order_is_the_difference_of_the_first);
    law(s, "plan", planned_is_node_by_node);
    law(s, "naive", planned_is_naive);
    law(s, "wrong", wrong_operands_are_errors);
    TCase *c = tcase_create("table");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, every_operation_has_a_row);
    tcase_add_test(c, dot_accepts_every_drawing);
    suite_add_tcase(s, c);
    return rig_run(s);
}
