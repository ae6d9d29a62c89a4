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

int main(void)
{
    Suite *s = suite_create("batch");
    const TTest *tests[] = { a_batch_is_the_values_one_by_one, many_products_are_the_products_one_by_one };
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        TCase *c = tcase_create(i ? "products" : "values");
        tcase_set_timeout(c, 60);
        tcase_add_loop_test(c, tests[i], 0, row_count());
        suite_add_tcase(s, c);
    }
    return rig_run(s);
}
