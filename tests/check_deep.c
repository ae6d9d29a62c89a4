/* check_deep.c - deep and wide graphs, the plan cache, operations of several outputs, operations of one's own. */
#include "tests/naive.h"
#include "tests/rig.h"
#include <time.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- a million nodes ------------------------------------------------------------------- */

/* y = f applied n times: x -> x + 1e-6 sin x, whose derivative is the product of 1 + 1e-6 cos x. */
static tw_node *chain(tw_node *x, int64_t nodes)
{
    for (int64_t i = 0; i < nodes; i += 3) x = tw_add(x, tw_mul(tw_sin(x), 1e-6));
    return x;
}

static void chain_in_c(double *x, double *d, int64_t nodes)
{
    for (int64_t i = 0; i < nodes; i += 3) *d *= 1 + 1e-6 * cos(*x), *x += 1e-6 * sin(*x);
}

START_TEST(a_chain_of_a_million_nodes)
{
    enum { NODES = 1000000 };
    heap h = { .left = -1 };
    tw_ctx *cx = tw_open(.dtype = TW_F64, .resize = heap_resize, .resize_user = &h, .on_error = rig_quiet);
    double x = 0.5, d = 1;
    chain_in_c(&x, &d, NODES);
    const double t0 = seconds();
    tw_node *in = tw_scalar(cx, 0.5), *y = chain(in, NODES);
    const double t1 = seconds();
    near(tw_item(y), x, 1e-12);
    const double t2 = seconds();
    tw_node *g = tw_grad(y, in);
    const double t3 = seconds();
    near(tw_item(g), d, 1e-12);
    const double t4 = seconds();
    ok(cx);
    printf("check_deep: %d nodes: build %.2f s, evaluate %.2f s, gradient %.2f s, evaluate %.2f s; peak %zu MB\n", NODES, t1 - t0, t2 - t1,
           t3 - t2, t4 - t3, h.peak >> 20);
    tw_node *t = tw_scalar(cx, 1);
    near(tw_item(tw_jvp(y, 1, &in, &t)), d, 1e-12);
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
    ck_assert_int_eq((int)h.live, 0);
}
END_TEST

/* Values that cross the windows of a graph too large to be cached: early nodes read at the end. */
START_TEST(a_large_graph_with_long_edges)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    enum { NODES = 150000, EARLY = 20 };
    tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(2), ((double[]){ 1, 2 })), *early[EARLY], *y = x;
    double v[2] = { 1, 2 }, ev[EARLY][2];
    for (int i = 0; i < NODES; i++) {
        y = i % 2 ? tw_add(y, 0.5) : tw_mul(y, 0.5);
        for (int k = 0; k < 2; k++) v[k] = i % 2 ? v[k] + 0.5 : v[k] * 0.5;
        if (i < EARLY) early[i] = y, memcpy(ev[i], v, sizeof v);
    }
    double want = v[0] + v[1];
    for (int i = 0; i < EARLY; i++) y = tw_add(y, early[i]), want += ev[i][0] + ev[i][1];
    tw_node *s = tw_sum(y);
    near(tw_item(s), want, 1e-14);
    const double *g = tw_f64(tw_grad(s, x));
    ok(cx);
    double slope = 0;
    for (int i = 0; i < EARLY; i++) slope += pow(0.5, (i + 2) / 2);
    near(g[1], slope, 1e-14);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(many_readers_of_one_node)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(100), (double[100]){ 1, 2, 3 }), *sum = NULL;
    for (int i = 0; i < 3000; i++) {
        tw_node *part = tw_square(tw_index(x, .at = i % 100));
        sum = sum ? tw_add(sum, part) : part;
    }
    item_is(sum, 30 * 14);
    const double *g = tw_f64(tw_grad(sum, x));
    ok(cx);
    ck_assert_double_eq(g[2], 30 * 6);
    ck_assert_double_eq(g[50], 0);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* Rows of a table, gathered many times: the cotangents add up where they belong. */
START_TEST(many_gathers_of_one_table)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    tw_node *table = tw_fill(cx, TW_SHAPE(50, 3), .value = 2), *sum = NULL;
    double count[50] = { 0 };
    for (int i = 0; i < 200; i++) {
        const int64_t rows[4] = { i % 50, (7 * i) % 50, i % 50, (3 * i + 1) % 50 };
        tw_node *part = tw_sum(tw_mul(tw_gather(table, tw_data(cx, TW_I64, TW_SHAPE(4, 1), rows)), i));
        for (int k = 0; k < 4; k++) count[rows[k]] += i;
        sum = sum ? tw_add(sum, part) : part;
    }
    tw_node *g = tw_grad(sum, table), *other = tw_grad(tw_add(sum, tw_sum(tw_square(table))), table);
    for (int i = 0; i < 50; i++) {
        near(tw_f64(g)[3 * i + 1], count[i], 1e-14);
        near(tw_f64(other)[3 * i + 2], count[i] + 4, 1e-14);
    }
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(scopes_nest_deeply)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    tw_scope s[40];
    tw_node *y = tw_scalar(cx, 0);
    for (int i = 0; i < 40; i++) {
        s[i] = tw_scope_enter(cx);
        y = tw_add(y, 1);
    }
    item_is(y, 40);
    for (int i = 39; i >= 0; i--) tw_scope_leave(&s[i]);
    ok(cx);
    tw_scope outer = tw_scope_enter(cx);
    for (int i = 0; i < 100000; i++) tw_scope_enter(cx);
    tw_error e;
    ck_assert(tw_error_take(cx, &e));
    ck_assert_int_eq(e.code, TW_ESCOPE);
    tw_scope_leave(&outer);
    item_is(tw_scalar(cx, 3), 3);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- the plan cache -------------------------------------------------------------------- */

static tw_node *layer(tw_ctx *cx, int64_t n, double a, int variant)
{
    tw_node *x = tw_fill(cx, TW_SHAPE(n), .value = a), *y = tw_mul(a, tw_exp(tw_neg(x)));
    return tw_sum(variant == 1 ? tw_cos(y) : variant == 2 ? tw_sin(x) : tw_sin(y));
}

START_TEST(equal_structure_hits_and_another_misses)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    int64_t misses[9], hits[9];
    static const struct { int64_t n; double a; int variant; } run[9] = {
        { 4, 1, 0 }, { 4, 2, 0 }, { 4, 0, 0 }, { 5, 1, 0 }, { 5, 3, 0 }, { 4, 1, 1 }, { 4, 1, 0 }, { 4, 1, 2 }, { 4, 1, 1 },
    };
    static const bool expect_hit[9] = { false, true, true, false, true, false, true, false, true };
    for (int i = 0; i < 9; i++) {
        TW_SCOPE(cx);
        const double a = run[i].a, y = a * exp(-a);
        near(tw_item(layer(cx, run[i].n, a, run[i].variant)), (double)run[i].n * (run[i].variant == 1 ? cos(y) : run[i].variant == 2 ? sin(a) : sin(y)), 1e-14);
        misses[i] = tw_counts(cx).misses, hits[i] = tw_counts(cx).hits;
    }
    ok(cx);
    for (int i = 1; i < 9; i++)
        ck_assert_msg(expect_hit[i] ? misses[i] == misses[i - 1] && hits[i] > hits[i - 1] : misses[i] > misses[i - 1], "run %d: %s", i,
                      expect_hit[i] ? "a miss" : "a hit");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(what_is_asked_for_is_part_of_a_plan)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    for (int i = 0; i < 8; i++) {
        TW_SCOPE(cx);
        tw_node *x = tw_fill(cx, TW_SHAPE(3), .value = i), *a = tw_square(x), *b = tw_mul(a, 2), *c = tw_sum(tw_add(b, a));
        if (i % 4 == 1) near(tw_f64(a)[1], i * i, 0);
        if (i % 4 == 2) ck_assert(tw_eval_nodes(2, ((tw_node *[]){ b, c })));
        if (i % 4 == 2) near(tw_f64(b)[2], 2 * i * i, 0);
        if (i % 4 == 3) tw_want(b);
        if (i % 4 == 3) item_is(tw_sum(a), 3 * i * i);
        item_is(c, 9 * i * i);
    }
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(the_cache_is_bounded)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    for (int i = 1; i <= 2000; i++) {
        TW_SCOPE(cx);
        item_is(tw_sum(tw_fill(cx, TW_SHAPE(i), .value = 2)), 2 * i);
    }
    ok(cx);
    ck_assert_int_le(tw_counts(cx).plans, 1500);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- random graphs --------------------------------------------------------------------- */

/* A graph of small tensors that stay small, the same for the same seed. */
static tw_node *random_graph(tw_ctx *cx, uint64_t seed, int nodes, tw_node **xs)
{
    tw_node *all[80];
    int n = 0;
    for (; n < 3; n++) {
        arr a = arr_noise(n == 2 ? TW_SHAPE(4) : TW_SHAPE(3, 4), -1, 1, &seed);
        all[n] = xs[n] = node_of(cx, TW_F64, &a);
    }
    while (n < nodes) {
        tw_node *a = all[noise_bits(&seed) % (uint64_t)n], *b = all[noise_bits(&seed) % (uint64_t)n], *y = NULL;
        switch (noise_bits(&seed) % 16) {
        case 0:  y = tw_tanh(tw_add(a, b)); break;
        case 1:  y = tw_mul(a, tw_sin(b)); break;
        case 2:  y = tw_sub(tw_cos(a), tw_mul(noise(&seed, -1, 1), b)); break;
        case 3:  y = tw_div(a, tw_add(2, tw_square(b))); break;
        case 4:  y = tw_maximum(a, b); break;
        case 5:  y = tw_where(tw_less(a, b), tw_sigmoid(a), b); break;
        case 6:  y = tw_sum(a, .axes = TW_AXES(-1), .keep_dims = true); break;
        case 7:  y = tw_softmax(a); break;
        case 8:  y = tw_flip(a, .axes = TW_AXES(-1)); break;
        case 9:  y = tw_mean(a, .axes = TW_AXES(0), .keep_dims = true); break;
        case 10: y = tw_relu(a); break;
        case 11: y = tw_broadcast_to(tw_slice(a, .size = { 1 }), tw_shape_of(a)); break;
        case 12: y = tw_rank(a) == 2 ? tw_transpose(tw_neg(tw_transpose(a))) : tw_exp(tw_neg(tw_square(a))); break;
        case 13: y = tw_add(a, a); break;
        case 14: y = tw_rank(a) == 2 && tw_dim(a, 1) == 4 && tw_rank(b) == 2 && tw_dim(b, 1) == 4
                     ? tw_tanh(tw_matmul(tw_matmul(a, b, .transpose_b = true), b)) : tw_square(tw_tanh(a)); break;
        default: y = tw_stop_grad(tw_mul(a, 0.5)); break;
        }
        ok(cx);
        if (tw_rank(y) <= 2) all[n++] = y;
    }
    tw_node *s = tw_sum(all[n - 1]);
    for (int k = 1; k < 5; k++) s = tw_add(s, tw_mean(tw_tanh(all[n - 1 - k])));
    return s;
}

static void run_random(tw_ctx *cx, uint64_t seed, bool with_naive, double *out, int *count)
{
    TW_SCOPE(cx);
    tw_node *x[3], *asked[5];
    tw_node *y = random_graph(cx, seed, 8 + (int)(seed % 60), x);
    asked[0] = y;
    tw_grads(y, 3, x, &asked[1]);
    asked[4] = tw_grad(tw_sum(tw_square(asked[1])), x[1]);
    ok(cx);
    ck_assert(tw_eval_nodes(5, asked));
    *count = 0;
    for (int k = 0; k < 5; k++) {
        arr a = arr_of(asked[k]);
        memcpy(out + *count, a.v, (size_t)a.count * sizeof *out);
        *count += (int)a.count;
        if (!with_naive) continue;
        arr want = naive(asked[k]);
        char text[64];
        snprintf(text, sizeof text, "random graph %d, result %d", (int)seed, k);
        arr_near(&a, &want, 1e-8, text);
    }
}

START_TEST(random_graphs_planned_node_by_node_and_naive)
{
    tw_ctx *plan = rig_open(TW_F64, NULL, true), *nodes = rig_open(TW_F64, NULL, false);
    for (uint64_t seed = (uint64_t)_i * 40; seed < (uint64_t)_i * 40 + 40; seed++) {
        static double a[400], b[400];
        int n, m;
        run_random(nodes, seed, false, a, &n);
        for (int turn = 0; turn < 3; turn++) {
            run_random(plan, seed, turn == 2, b, &m);
            ck_assert_int_eq(n, m);
            ck_assert_msg(!memcmp(a, b, (size_t)n * sizeof *a), "random graph %d, turn %d: planned differs from node by node", (int)seed, turn);
        }
        arrs_drop();
    }
    ck_assert_int_eq(tw_close(plan), 0);
    ck_assert_int_eq(tw_close(nodes), 0);
}
END_TEST

/* ---- several outputs ------------------------------------------------------------------- */

static bool both_shape(tw_node *y) { return tw_is_float(y->dtype) || tw_reject(y, TW_EDTYPE, "floats only"); }
static bool both_out(const tw_node *y, int k, tw_shape *shape, tw_dtype *dtype)
{
    (void)k;
    *shape = tw_shape_of(tw_in(y, 0)), *dtype = (tw_dtype)y->dtype;
    return true;
}
static int64_t both_kernel(const tw_call *c)
{
    for (int64_t i = c->lo; i < c->hi; i++) {
        const double x = ((const double *)c->in[0].data)[i];
        ((double *)c->out[0].data)[i] = sin(x);
        ((double *)c->out[1].data)[i] = cos(x);
    }
    return -1;
}
static void both_vjp(tw_rule *r)
{
    tw_node *s = r->gy[0] ? tw_mul(r->gy[0], tw_output(r->y, 1)) : NULL;
    tw_node *c = r->gy[1] ? tw_neg(tw_mul(r->gy[1], tw_output(r->y, 0))) : NULL;
    r->gx[0] = s && c ? tw_add(s, c) : s ? s : c;
}
static const tw_op sincos_op = { .name = "sincos", .doc = "sine and cosine", .arity = 1, .outputs = 2, .rule = TW_GENERAL,
                                 .shape = both_shape, .shape_out = both_out, .vjp = both_vjp, .kernel = both_kernel };

START_TEST(an_operation_of_two_outputs)
{
    for (int plan = 0; plan < 2; plan++) {
        tw_ctx *cx = rig_open(TW_F64, NULL, plan);
        ck_assert(tw_op_register(cx, &sincos_op));
        for (int turn = 0; turn < 3; turn++) {
            TW_SCOPE(cx);
            const double v[3] = { 0.5, -1, 2 };
            tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(3), v), *p = tw_apply(&sincos_op, x);
            tw_node *s = tw_output(p, 0), *c = tw_output(p, 1);
            tw_node *y = tw_sum(tw_mul(tw_square(s), c)), *g = tw_grad(y, x), *h = tw_grad(tw_sum(g), x);
            tw_node *only = tw_grad(tw_sum(c), x), *t = tw_data(cx, TW_F64, TW_SHAPE(3), ((double[]){ 1, 2, 3 }));
            tw_node *j = tw_jvp(tw_mul(s, c), 1, &x, &t);
            ok(cx);
            for (int i = 0; i < 3; i++) {
                const double S = sin(v[i]), C = cos(v[i]);
                near(tw_f64(s)[i], S, 1e-15);
                near(tw_f64(c)[i], C, 1e-15);
                near(tw_f64(g)[i], 2 * S * C * C - S * S * S, 1e-14);
                near(tw_f64(h)[i], 2 * C * C * C - 4 * S * S * C - 3 * S * S * C, 1e-14);
                near(tw_f64(only)[i], -S, 1e-15);
                near(tw_f64(j)[i], (i + 1) * (C * C - S * S), 1e-14);
            }
            ok(cx);
        }
        tw_output(tw_apply(&sincos_op, tw_scalar(cx, 1)), 2);
        tw_error e;
        ck_assert(tw_error_take(cx, &e));
        ck_assert_int_eq(e.code, TW_EARG);
        ck_assert_int_eq(tw_close(cx), 0);
    }
}
END_TEST

/* ---- operations of one's own ----------------------------------------------------------- */

static bool softplus_shape(tw_node *y) { return tw_shape_elementwise(y); }
static tw_node *softplus_partial(tw_node *y, int i) { (void)i; return tw_sigmoid(tw_in(y, 0)); }
static void softplus_f64(const tw_block_f64 *b) { for (int64_t k = 0; k < b->n; k++) b->y[k] = log1p(exp(b->x[0][k])); }
static void softplus_f32(const tw_block_f32 *b) { for (int64_t k = 0; k < b->n; k++) b->y[k] = log1pf(expf(b->x[0][k])); }
static const tw_op softplus_op = { .name = "my_softplus", .doc = "log(1 + exp(x))", .arity = 1, .rule = TW_ELEMENTWISE,
                                   .shape = softplus_shape, .partial = softplus_partial, .block_f64 = softplus_f64, .block_f32 = softplus_f32 };

/* hypot: two operands, broadcast; d selects. */
static tw_node *hypot_d(tw_node *y, int i, tw_node *g) { return tw_mul(g, tw_div(tw_in(y, i), y)); }
static void hypot_f64(const tw_block_f64 *b) { for (int64_t k = 0; k < b->n; k++) b->y[k] = hypot(b->x[0][k], b->x[1][k]); }
static const tw_op hypot_op = { .name = "my_hypot", .doc = "sqrt(a a + b b)", .arity = 2, .rule = TW_ELEMENTWISE,
                                .shape = softplus_shape, .d = hypot_d, .block_f64 = hypot_f64 };

/* A kernel that says where its data are bad. */
static int64_t picky_kernel(const tw_call *c)
{
    for (int64_t i = c->lo; i < c->hi; i++) {
        const double x = ((const double *)c->in[0].data)[i];
        if (x < 0) return i;
        ((double *)c->out[0].data)[i] = sqrt(x);
    }
    return -1;
}
static const tw_op picky_op = { .name = "my_sqrt", .doc = "a square root that refuses", .arity = 1, .traits = TW_CHECKED,
                                .shape = softplus_shape, .kernel = picky_kernel };

START_TEST(an_elementwise_operation_of_ones_own)
{
    for (int d = 0; d < 2; d++) {
        const tw_dtype dtype = d ? TW_F32 : TW_F64;
        tw_ctx *cx = rig_open(dtype, NULL, true);
        ck_assert(tw_op_register(cx, &softplus_op));
        arr x = arr_new(1, (int64_t[]){ 777 });
        for (int i = 0; i < 777; i++) x.v[i] = (i - 400) / 100.0;
        for (int turn = 0; turn < 3; turn++) {
            TW_SCOPE(cx);
            tw_node *n = node_of(cx, dtype, &x), *y = tw_apply(&softplus_op, n), *g = tw_grad(tw_sum(tw_mul(y, y)), n);
            tw_node *h = tw_grad(tw_sum(tw_grad(tw_sum(y), n)), n), *t = tw_ones(cx, TW_SHAPE(777)), *j = tw_jvp(y, 1, &n, &t);
            arr yv = arr_of(y), gv = arr_of(g), hv = arr_of(h), jv = arr_of(j);
            for (int i = 0; i < 777; i++) {
                const double s = 1 / (1 + exp(-x.v[i])), p = log1p(exp(x.v[i])), tol = d ? 1e-6 : 1e-14;
                near(yv.v[i], p, tol);
                near(gv.v[i], 2 * p * s, tol);
                near(hv.v[i], s * (1 - s), tol);
                near(jv.v[i], s, tol);
            }
        }
        arrs_drop();
        ck_assert_int_eq(tw_close(cx), 0);
    }
}
END_TEST

START_TEST(ones_own_operations_broadcast_and_report)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    ck_assert(tw_op_register(cx, &hypot_op) && tw_op_register(cx, &picky_op));
    tw_node *a = tw_data(cx, TW_F64, TW_SHAPE(2, 1), ((double[]){ 3, 5 })), *b = tw_data(cx, TW_F64, TW_SHAPE(2), ((double[]){ 4, 12 }));
    tw_node *y = tw_apply(&hypot_op, a, b), *g = tw_grad(tw_sum(y), a);
    near(tw_f64(y)[0], 5, 1e-15);
    near(tw_f64(y)[3], 13, 1e-15);
    near(tw_f64(g)[0], 3 / 5.0 + 3 / sqrt(153), 1e-14);
    tw_node *bad = tw_apply(&picky_op, tw_data(cx, TW_F64, TW_SHAPE(3), ((double[]){ 4, -9, 1 }))); const int line = __LINE__;
    ck_assert_ptr_null(tw_f64(bad));
    fails_with(cx, TW_EVALUE, "my_sqrt", line, "1");
    tw_node *f = tw_apply(&hypot_op, tw_cast(a, TW_F32), tw_cast(b, TW_F32));      /* there is no block for f32 */
    if (!tw_is_nil(f)) ck_assert_ptr_null(tw_f32(f));
    tw_error e;
    ck_assert(tw_error_take(cx, &e));
    ck_assert_str_eq(e.op, "my_hypot");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("deep");
    TCase *c = tcase_create("deep");
    tcase_set_timeout(c, 240);
    const TTest *tests[] = {
        a_chain_of_a_million_nodes, a_large_graph_with_long_edges, many_readers_of_one_node, many_gathers_of_one_table, scopes_nest_deeply,
        equal_structure_hits_and_another_misses, what_is_asked_for_is_part_of_a_plan, the_cache_is_bounded,
        an_operation_of_two_outputs, an_elementwise_operation_of_ones_own, ones_own_operations_broadcast_and_report,
    };
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(c, tests[i]);
    tcase_add_loop_test(c, random_graphs_planned_node_by_node_and_naive, 0, 10);
    suite_add_tcase(s, c);
    return rig_run(s);
}
