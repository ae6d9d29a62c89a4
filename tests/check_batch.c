/* check_batch.c - many values at once: on every row a batch is the values one by one, in value and in both modes. */
#include "tests/rows.h"

enum { MOST = 4, N = 3 };

/* The row's inputs: each k of N is another noise; those without the new axis are the first's. */
typedef struct setup { tw_ctx *cx; const row *r; int n; arr x[N][MOST]; char text[128]; } setup;

static setup begin(int i)
{
    setup s = { .cx = rig_open(TW_F64, NULL, true), .r = row_at(i), .n = row_inputs(row_at(i)) };
    row_text(s.r, s.text, sizeof s.text);
    for (int k = 0; k < N; k++) {
        row_noise(s.r, TW_F64, s.x[k]);
        for (int j = 0; j < s.n; j++)
            for (int64_t e = 0; k && e < s.x[k][j].count; e++)      /* the domain's elements in another order */
                s.x[k][j].v[e] = s.x[0][j].v[(e + k) % s.x[0][j].count];
    }
    return s;
}

static void end(setup *s)
{
    ok(s->cx);
    ck_assert_int_eq(tw_close(s->cx), 0);
    arrs_drop();
}

static bool batchable(const setup *s)
{
    bool fits = s->n > 0;
    for (int i = 0; i < s->n; i++) fits = fits && s->x[0][i].n < 8;
    return fits;
}

/* The parts of N arrays as one with a new first axis. */
static arr stacked(const arr *part, int64_t step)
{
    int64_t at[8] = { N };
    memcpy(at + 1, part->at, (size_t)part->n * sizeof *at);
    arr a = arr_new(part->n + 1, at);
    for (int k = 0; k < N; k++) memcpy(a.v + k * part->count, part[k * step].v, (size_t)part->count * sizeof(double));
    return a;
}

static tw_node *batch_of(setup *s, int i)
{
    const arr a = stacked(&s->x[0][i], MOST);
    return node_of(s->cx, kind_dtype(s->r->x[i].kind, TW_F64), &a);
}

static bool fits_a_batch(const tw_node *y) { return tw_rank(y) < 8; }

/* mask: the inputs that have the new axis. */
static void a_batch(setup *s, unsigned mask)
{
    tw_node *in[MOST], *xs[MOST], *many[MOST];
    row_leaves(s->r, s->cx, TW_F64, s->x[0], in);
    tw_node *y = s->r->build(s->r, s->cx, in);
    ok(s->cx);
    int n = 0;
    for (int i = 0; i < s->n; i++)
        if (mask >> i & 1) xs[n] = in[i], many[n++] = batch_of(s, i);
    if (!fits_a_batch(y)) return;
    const arr got = arr_of(tw_vmap(y, n, xs, many));
    arr want[N];
    for (int k = 0; k < N; k++) {
        arr x[MOST];
        tw_node *one[MOST];
        for (int i = 0; i < s->n; i++) x[i] = s->x[mask >> i & 1 ? k : 0][i];
        row_leaves(s->r, s->cx, TW_F64, x, one);
        want[k] = arr_of(s->r->build(s->r, s->cx, one));
    }
    const arr all = stacked(want, 1);
    char text[200];
    snprintf(text, sizeof text, "%s, batch of inputs %x", s->text, mask);
    arr_near(&got, &all, s->r->adjoint != 0 ? s->r->adjoint : 1e-11, text);
}

START_TEST(a_batch_is_the_values_one_by_one)
{
    setup s = begin(_i);
    for (unsigned mask = 1; batchable(&s) && mask < 1u << s.n; mask++) {
        if (strstr(s.r->name, "random") || s.r->flags & R_VALUE) break;
        TW_SCOPE(s.cx);
        a_batch(&s, mask);
        ok(s.cx);
    }
    end(&s);
}
END_TEST

static bool differentiable(const setup *s, int i) { return kind_is_float(s->r->x[i].kind); }

START_TEST(many_products_are_the_products_one_by_one)
{
    setup s = begin(_i);
    if (!batchable(&s) || s.r->flags & R_VALUE || !row_has_float(s.r)) { end(&s); return; }
    tw_node *in[MOST], *xs[MOST], *ts[MOST], *gx[MOST];
    row_leaves(s.r, s.cx, TW_F64, s.x[0], in);
    tw_node *y = s.r->build(s.r, s.cx, in);
    if (!fits_a_batch(y)) { end(&s); return; }
    uint64_t seed = 700 + (uint64_t)_i;
    arr seeds[N], tangents[MOST][N];
    int n = 0;
    for (int k = 0; k < N; k++) seeds[k] = arr_noise(tw_shape_of(y), -1, 1, &seed);
    for (int i = 0; i < s.n; i++) {
        if (!differentiable(&s, i)) continue;
        for (int k = 0; k < N; k++) tangents[n][k] = arr_noise(shape_of(&s.x[0][i]), -1, 1, &seed);
        const arr all = stacked(tangents[n], 1);
        xs[n] = in[i], ts[n++] = node_of(s.cx, TW_F64, &all);
    }
    const arr all = stacked(seeds, 1);
    tw_node *g = node_of(s.cx, tw_dtype_of(y), &all);
    const arr forward = arr_of(tw_jvps(y, n, xs, ts));
    tw_vjps(1, &y, &g, n, xs, gx);
    ok(s.cx);
    arr reverse[MOST];
    for (int i = 0; i < n; i++) reverse[i] = arr_of(gx[i]);
    for (int k = 0; k < N; k++) {
        tw_node *one[MOST], *t[MOST], *gy = node_of(s.cx, tw_dtype_of(y), &seeds[k]);
        for (int i = 0; i < n; i++) t[i] = node_of(s.cx, TW_F64, &tangents[i][k]);
        tw_vjp(1, &y, &gy, n, xs, one);
        const arr want = arr_of(tw_jvp(y, n, xs, t));
        for (int64_t e = 0; e < want.count; e++)
            ck_assert_msg(close_to(forward.v[k * want.count + e], want.v[e], 1e-11), "%s: tangent %d, element %lld: %.15g, alone %.15g", s.text, k,
                          (long long)e, forward.v[k * want.count + e], want.v[e]);
        for (int i = 0; i < n; i++) {
            const arr w = arr_of(one[i]);
            for (int64_t e = 0; e < w.count; e++)
                ck_assert_msg(close_to(reverse[i].v[k * w.count + e], w.v[e], 1e-11), "%s: cotangent %d of input %d, element %lld: %.15g, alone %.15g",
                              s.text, k, i, (long long)e, reverse[i].v[k * w.count + e], w.v[e]);
        }
    }
    end(&s);
}
END_TEST

/* ---- gradients of the program's own ---------------------------------------------------------------- */

/* Twice the gradient, scaled to length one: axes, sums and shapes of one value. */
static void scaled(tw_rule *r)
{
    if (r->need[0]) r->gx[0] = tw_mul(2, tw_div(r->gy[0], tw_sqrt(tw_sum(tw_square(tw_mul(r->gy[0], tw_in(r->y, 1)))))));
    if (r->need[1]) r->gx[1] = tw_sum(tw_mul(r->y, r->gy[0]), .axes = TW_AXES(0), .keep_dims = true);
}

/* Linear in the cotangent, so that forward mode can have it. */
static void straight(tw_rule *r)
{
    if (r->need[0]) r->gx[0] = tw_mul(tw_in(r->y, 1), tw_cumsum(r->gy[0]));
    if (r->need[1]) r->gx[1] = tw_sum(r->gy[0], .axes = TW_AXES(0), .keep_dims = true);
}

static tw_node *own(void (*rule)(tw_rule *r), tw_node *x, tw_node *s)
{
    tw_node *in[2] = { x, s };
    return tw_sin(tw_custom_grad(tw_mul(tw_round(x), s), 2, in, rule, NULL));
}

START_TEST(a_batch_of_custom_gradients_is_the_gradients_one_by_one)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    for (int t = 0; t < 4; t++) {
        void (*rule)(tw_rule *) = t < 2 ? scaled : straight;
        tw_node *x = rig_wave(cx, TW_SHAPE(4), 3, 0.1, 1), *s = rig_wave(cx, TW_SHAPE(1), 1, 1, 1), *y = own(rule, x, s);
        tw_node *xs = rig_wave(cx, TW_SHAPE(N, 4), 3, 0.5, 1), *ss = rig_wave(cx, TW_SHAPE(N, 1), 1, 1.2, 1);
        const int m = 1 + t % 2;        /* s, too, or one for all */
        tw_node *many = tw_vmap(y, m, ((tw_node *[]){ x, s }), ((tw_node *[]){ xs, ss })), *gs[2], *g[2], *dual = NULL;
        tw_grads(tw_sum(tw_square(many)), 2, ((tw_node *[]){ xs, m == 2 ? ss : s }), gs);
        if (rule == straight) dual = tw_jvp(many, 1, &xs, &xs);
        const arr all = arr_of(gs[0]), of_s = arr_of(gs[1]);
        double sum = 0;
        for (int k = 0; k < N; k++) {
            tw_node *xk = tw_index(xs, .at = k), *sk = m == 2 ? tw_index(ss, .at = k) : s, *one = own(rule, xk, sk);
            tw_grads(tw_sum(tw_square(one)), 2, ((tw_node *[]){ xk, sk }), g);
            const arr want = arr_of(g[0]);
            for (int e = 0; e < 4; e++) near(all.v[4 * k + e], want.v[e], 1e-13);
            if (m == 2) near(of_s.v[k], tw_item(g[1]), 1e-13);
            sum += tw_item(g[1]);
            if (!dual) continue;
            const arr forward = arr_of(tw_index(dual, .at = k)), t1 = arr_of(tw_jvp(one, 1, &xk, &xk));
            arr_near(&forward, &t1, 1e-13, "forward");
        }
        if (m == 1) near(of_s.v[0], sum, 1e-13);
        const tw_error *d = tw_diagnostic(cx);
        ck_assert(!d || !strstr(d->text, "batching rule"));
    }
    tw_node *x = rig_wave(cx, TW_SHAPE(4), 3, 0.1, 1), *s = rig_wave(cx, TW_SHAPE(1), 1, 1, 1);
    tw_node *y = own(straight, x, s), *twice = tw_vmap(y, 1, &x, (tw_node *[]){ rig_wave(cx, TW_SHAPE(N, 4), 3, 0.5, 1) });
    ck_assert(!tw_is_nil(twice));
    const arr forward = arr_of(tw_jacobian(y, x, .mode = TW_FORWARD)), reverse = arr_of(tw_jacobian(y, x, .mode = TW_REVERSE));
    arr_near(&forward, &reverse, 1e-13, "jacobian");
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
    arrs_drop();
}
END_TEST

static void hidden(tw_rule *r) { r->gx[0] = tw_mul(r->gy[0], (tw_node *)r->user); }

START_TEST(a_rule_that_reads_beyond_its_list_is_an_error)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    tw_node *x = rig_wave(cx, TW_SHAPE(4), 3, 0.1, 1), *z = rig_wave(cx, TW_SHAPE(4), 1, 1, 1), *many[2];
    for (int i = 0; i < 2; i++) many[i] = rig_wave(cx, TW_SHAPE(N, 4), 3, 0.5, 1);
    tw_node *y = tw_custom_grad(tw_square(x), 1, &x, hidden, tw_exp(z));
    ck_assert(!tw_is_nil(tw_vmap(y, 1, &x, many)));
    ok(cx);
    tw_vmap(y, 2, ((tw_node *[]){ x, z }), many); const int line = __LINE__;
    fails_with(cx, TW_EGRAD, "vmap", line, "does not list it");
    ck_assert_int_eq(tw_close(cx), 0);
    arrs_drop();
}
END_TEST

/* ---- what has no rule -------------------------------------------------------------------------------- */

/* Not elementwise, and built once for each value: few, and rare. */
static const char *const loops[] = { "extern", "extern_vjp", "extern_jvp", "solution", "linear_solve", "searchsorted", "sparse_check" };

static void has_a_rule(const tw_op *op, void *user)
{
    static const char *const core[] = { "custom", "checkpoint", "barrier", "project", "stop_grad", "keep", "assign" };      /* batch.c knows them */
    (void)user;
    if (op->batch || op->rule == TW_ELEMENTWISE || op->traits & (TW_BROADCAST | TW_LEAF) || tw_is_block_op(op) || op->arity == 0) return;
    for (size_t i = 0; i < sizeof core / sizeof *core; i++) if (!strcmp(core[i], op->name)) return;
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) if (!strcmp(loops[i], op->name)) return;
    ck_abort_msg("%s has no batching rule", op->name);
}

START_TEST(operations_have_batching_rules)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    tw_op_each(cx, has_a_rule, NULL);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* Convolutions, pools, norms, attention and a softmax loss: Jacobians to weights and inputs, in both modes. */
START_TEST(a_network_needs_no_loop)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    tw_node *x = rig_wave(cx, TW_SHAPE(2, 4, 4, 2), 1, 0.1, 1.3), *w = rig_wave(cx, TW_SHAPE(3, 3, 2, 4), 0.5, 0.2, 1.7);
    tw_node *v = rig_wave(cx, TW_SHAPE(2, 2, 2, 4), 0.5, 0.3, 1.9);
    tw_node *h = tw_gelu(tw_conv2d(x, w, .padding = TW_PAD(1)));
    h = tw_sub(h, tw_mean(h, .axes = TW_AXES(0, 1, 2), .keep_dims = true));
    h = tw_conv2d(h, v, .groups = 2);
    h = tw_max_pool2d(h, .window = { 2 }, .stride = { 1 });
    h = tw_add(tw_avg_pool2d(h, .window = { 2 }, .stride = { 1 }), tw_slice(h, .size = { 2, 1, 1, 4 }));
    h = tw_div(h, tw_sqrt(tw_add(tw_var(h, .axes = TW_AXES(-1), .keep_dims = true), 1e-3)));
    tw_node *q = tw_reshape(h, TW_SHAPE(1, 2, 4));
    q = tw_attention(q, q, q, .causal = true);
    tw_node *y = tw_log_softmax(tw_reshape(q, TW_SHAPE(2, 4))), *to[3] = { x, w, v };
    for (int i = 0; i < 3; i++) {
        const arr forward = arr_of(tw_jacobian(y, to[i], .mode = TW_FORWARD)), reverse = arr_of(tw_jacobian(y, to[i], .mode = TW_REVERSE));
        arr_near(&forward, &reverse, 1e-10, "network");
        arr_of(tw_hessian(tw_sum(tw_square(y)), to[i]));
        const tw_error *d = tw_diagnostic(cx);
        ck_assert_msg(!d || !strstr(d->text, "batching rule"), "%s: %s", d ? d->op : "", d ? d->text : "");
    }
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
    arrs_drop();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("batch");
    const TTest *tests[] = { a_batch_is_the_values_one_by_one, many_products_are_the_products_one_by_one };
    const TTest *programs[] = {
        a_batch_of_custom_gradients_is_the_gradients_one_by_one, a_rule_that_reads_beyond_its_list_is_an_error, operations_have_batching_rules,
        a_network_needs_no_loop,
    };
    TCase *p = tcase_create("programs");
    tcase_set_timeout(p, 60);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) tcase_add_test(p, programs[i]);
    suite_add_tcase(s, p);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        TCase *c = tcase_create(i ? "products" : "values");
        tcase_set_timeout(c, 60);
        tcase_add_loop_test(c, tests[i], 0, row_count());
        suite_add_tcase(s, c);
    }
    return rig_run(s);
}
