/* check_fuse.c - programs: that what belongs together runs as one instruction, in place, and as before.
 *
 * Instructions are counted by tw_counts; the same graph without fusion gives the numbers to compare with.
 */
#include "tests/rig.h"
#include "thalweg.h"

static tw_ctx *open_with(const char *fuse, int threads)
{
    rig_env("TW_FUSE", fuse);
    tw_ctx *cx = tw_open(.seed = 7, .threads = threads, .on_error = rig_quiet);
    rig_env("TW_FUSE", NULL);
    return cx;
}

static tw_node *leaf(tw_ctx *cx, tw_shape s, uint64_t seed)
{
    const arr a = arr_noise(s, -2, 2, &seed);
    return node_of(cx, TW_F32, &a);
}

/* ---- what is one instruction ------------------------------------------------------------- */

typedef int build_fn(tw_ctx *cx, tw_node **out);

static int chain(tw_ctx *cx, tw_node **out)
{
    tw_node *x = leaf(cx, TW_SHAPE(30, 50), 1), *b = leaf(cx, TW_SHAPE(50), 2);
    tw_node *y = tw_mul(tw_tanh(tw_add(x, b)), 0.5);
    out[0] = tw_where(tw_less(y, 0.1), tw_exp(y), tw_cast(tw_cast(x, TW_I32), TW_F32));
    return 1;
}

static int value_and_derivative(tw_ctx *cx, tw_node **out)
{
    tw_node *x = leaf(cx, TW_SHAPE(2000), 1), *g = leaf(cx, TW_SHAPE(2000), 2);
    out[0] = tw_mul(x, tw_sigmoid(x));
    tw_vjp(1, out, &g, 1, &x, out + 1);
    return 2;
}

static int rows(tw_ctx *cx, tw_node **out)
{
    tw_node *x = leaf(cx, TW_SHAPE(40, 70), 1), *g = leaf(cx, TW_SHAPE(40, 70), 2);
    out[0] = tw_log_softmax(x);
    tw_vjp(1, out, &g, 1, &x, out + 1);
    return 2;
}

static int normalisation(tw_ctx *cx, tw_node **out)
{
    tw_node *x = leaf(cx, TW_SHAPE(40, 300), 1), *g = leaf(cx, TW_SHAPE(40, 300), 2);
    tw_node *c = tw_sub(x, tw_mean(x, .axes = TW_AXES(-1), .keep_dims = true));
    out[0] = tw_mul(c, tw_rsqrt(tw_add(tw_mean(tw_square(c), .axes = TW_AXES(-1), .keep_dims = true), 1e-5)));
    tw_vjp(1, out, &g, 1, &x, out + 1);
    return 2;
}

static int random_within(tw_ctx *cx, tw_node **out)
{
    tw_node *x = leaf(cx, TW_SHAPE(3000), 1);
    out[0] = tw_where(tw_less(tw_uniform(cx, TW_SHAPE(3000), .key = 5), 0.5), tw_mul(x, 2), 0);
    return 1;
}

static int small_of_all_sizes(tw_ctx *cx, tw_node **out)
{
    for (int i = 0; i < 4; i++) {
        tw_node *x = leaf(cx, TW_SHAPE(3 + 20 * i), 1 + (uint64_t)i);
        out[i] = tw_sub(x, tw_mul(0.1, tw_tanh(x)));
    }
    return 4;
}

static void softly(const tw_block_f32 *b)
{
    for (int64_t i = 0; i < b->n; i++) b->y[i] = b->x[0][i] / (1 + fabsf(b->x[0][i]));
}

static const tw_op softsign = { .name = "softsign_of_mine", .doc = "x / (1 + |x|)", .arity = 1, .rule = TW_NONE,
                                .shape = tw_shape_elementwise, .block_f32 = softly };

static int of_the_users(tw_ctx *cx, tw_node **out)
{
    tw_op_register(cx, &softsign);
    tw_node *x = leaf(cx, TW_SHAPE(3000), 1);
    out[0] = tw_add(tw_apply(&softsign, tw_mul(x, x)), 1);
    return 1;
}

static const struct { const char *name; build_fn *build; int instructions; } groups[] = {
    { "a chain with broadcasting, comparisons and casts", chain, 1 },
    { "a value and its derivative", value_and_derivative, 1 },
    { "log_softmax and its derivative", rows, 1 },
    { "layer normalisation and its derivative", normalisation, 1 },
    { "random numbers and what they choose", random_within, 1 },
    { "small updates of all sizes", small_of_all_sizes, 1 },
    { "an operation of the program's own", of_the_users, 1 },
};

START_TEST(what_belongs_together_is_one_instruction)
{
    tw_node *fused[4], *apart[4];
    tw_ctx *cx = open_with(NULL, 1), *plain = open_with("0", 1);
    const int n = groups[_i].build(cx, fused);
    groups[_i].build(plain, apart);
    ok(cx), ok(plain);
    ck_assert(tw_eval_nodes(n, fused) && tw_eval_nodes(n, apart));
    ck_assert_msg(tw_counts(cx).nodes_run == groups[_i].instructions, "%s: %d instructions", groups[_i].name, (int)tw_counts(cx).nodes_run);
    ck_assert_msg(tw_counts(plain).nodes_run > groups[_i].instructions, "%s: as few without fusion", groups[_i].name);
    for (int k = 0; k < n; k++) ck_assert_msg(same_bits(fused[k], apart[k]), "%s: result %d", groups[_i].name, k);
    ck_assert_int_eq(tw_close(cx) + tw_close(plain), 0);
    arrs_drop();
}
END_TEST

/* ---- done again ------------------------------------------------------------------------- */

/* Two layers with a long formula of cheap operations between; the gradients of x and of both matrices. */
static int64_t layers(const char *fuse, int threads, arr *g)
{
    tw_ctx *cx = open_with(fuse, threads);
    tw_node *in[] = { leaf(cx, TW_SHAPE(256, 64), 1), leaf(cx, TW_SHAPE(64, 64), 2), leaf(cx, TW_SHAPE(64, 64), 3) }, *out[3];
    tw_node *h = tw_add(tw_matmul(in[0], in[1]), leaf(cx, TW_SHAPE(64), 4));
    tw_node *t = tw_tanh(tw_mul(0.8, tw_add(h, tw_mul(0.04, tw_mul(tw_square(h), h)))));
    tw_grads(tw_sum(tw_matmul(tw_mul(tw_mul(0.5, h), tw_add(1, t)), in[2])), 3, in, out);
    tw_eval_nodes(3, out);
    for (int k = 0; k < 3; k++) g[k] = arr_of(out[k]);
    const int64_t slab = tw_counts(cx).slab;
    ck_assert_int_eq(tw_close(cx), 0);
    return slab;
}

START_TEST(what_is_cheap_is_not_kept_for_the_backward_pass)
{
    enum { VALUE = 256 * 64 * 4 };
    arr want[3], got[3];
    layers("0", 1, want);
    for (int threads = 1; threads <= 2; threads++) {
        const int64_t slab = layers(NULL, threads, got);
        for (int k = 0; k < 3; k++) ck_assert_msg(!memcmp(want[k].v, got[k].v, (size_t)want[k].count * sizeof *want[k].v), "gradient %d", k);
        /* The product, tanh, and what the second layer reads, or the gradient that comes back; and room for packed operands and registers. */
        ck_assert_msg(threads > 1 || slab <= 4 * VALUE, "%lld bytes: %.1f values", (long long)slab, (double)slab / VALUE);
    }
    arrs_drop();
}
END_TEST

/* ---- sums of lines ---------------------------------------------------------------------- */

/* As batch statistics and gradients of biases are: y, its sums, those of its squares, and a sum of what is not made here. */
static int64_t line_sums(const char *fuse, int threads, tw_shape s, bool rows_too, tw_node **out, tw_ctx **cx)
{
    *cx = open_with(fuse, threads);
    tw_axes front = { .n = s.n - 1 };
    for (int k = 0; k < s.n - 1; k++) front.at[k] = k;
    tw_node *x = leaf(*cx, s, 1), *y = tw_add(tw_mul(x, leaf(*cx, TW_SHAPE(s.at[s.n - 1]), 2)), 0.25);
    if (rows_too) y = tw_mul(y, tw_rsqrt(tw_mean(tw_square(y), .axes = TW_AXES(-1), .keep_dims = true)));
    out[0] = y;
    out[1] = tw_sum(y, .axes = front);
    out[2] = tw_sum(tw_square(y), .axes = front, .keep_dims = true);
    out[3] = tw_sum(x, .axes = front);
    ck_assert(tw_eval_nodes(4, out));
    return tw_counts(*cx).nodes_run;
}

START_TEST(sums_of_lines_belong_to_what_makes_the_lines)
{
    static const int64_t lines[] = { 2, 33, 63, 64, 65, 96, 1000, 4099, 40000 }, columns[] = { 2, 3, 16, 17, 33, 64, 300 };
    for (size_t k = 0; k < sizeof lines / sizeof *lines; k++)
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
            for (int kind = 0; kind < 4; kind++) {
                tw_node *want[4], *got[4];
                tw_ctx *plain, *cx;
                if (lines[k] * columns[c] > 1 << 20) continue;
                const tw_shape s = kind & 1 ? TW_SHAPE(lines[k], columns[c]) : TW_SHAPE(3, 1, lines[k], columns[c]);
                line_sums("0", 1, s, kind & 2, want, &plain);
                const int64_t ran = line_sums(NULL, 1 + kind % 3, s, kind & 2, got, &cx);
                for (int i = 0; i < 4; i++) ck_assert_msg(same_bits(want[i], got[i]), "%d lines of %d, sum %d", (int)lines[k], (int)columns[c], i);
                if (s.n == 2 && lines[k] * columns[c] > 4096) ck_assert_int_le(ran, 2 + 3);       /* what is made here in one, and the second halves */
                ck_assert_int_eq(tw_close(cx) + tw_close(plain), 0);
                arrs_drop();
            }
}
END_TEST

/* ---- in place, by threads ---------------------------------------------------------------- */

enum { MANY = 300000, STEPS = 3 };

/* Three cells updated by Adam; the last value of the first. */
static arr trained(tw_ctx *cx, int64_t *bytes, int64_t *instructions)
{
    tw_node *w = tw_param(cx, "w", leaf(cx, TW_SHAPE(MANY), 1));
    tw_node *m = tw_state(cx, tw_zeros(cx, TW_SHAPE(MANY))), *v = tw_state(cx, tw_zeros(cx, TW_SHAPE(MANY)));
    *instructions = tw_counts(cx).nodes_run;
    for (int t = 0; t < STEPS; t++) {
        TW_SCOPE(cx);
        if (t == STEPS - 1) *bytes = tw_counts(cx).bytes_live;
        tw_node *g = tw_tanh(w), *m1 = tw_add(m, tw_mul(0.1, tw_sub(g, m))), *v1 = tw_add(v, tw_mul(0.01, tw_sub(tw_square(g), v)));
        tw_assign(m, m1);
        tw_assign(v, v1);
        tw_assign(w, tw_sub(w, tw_mul(0.1, tw_div(m1, tw_add(tw_sqrt(v1), 1e-8)))));
        tw_eval(cx);
        if (t == STEPS - 1) *bytes = tw_counts(cx).bytes_peak - *bytes;
    }
    *instructions = tw_counts(cx).nodes_run - *instructions;
    return arr_of(w);
}

START_TEST(an_update_is_one_pass_in_place)
{
    int64_t bytes = 0, other = 0, passes = 0;
    tw_ctx *cx = open_with(NULL, 1);
    const arr a = trained(cx, &bytes, &passes);
    ck_assert_int_eq(passes, STEPS);
    ck_assert_int_lt(bytes, MANY);              /* less than a quarter of one of the arrays: registers */
    tw_close(cx);
    cx = open_with("0", 1);
    const arr b = trained(cx, &other, &passes);
    tw_close(cx);
    cx = open_with(NULL, 2);
    const arr c = trained(cx, &other, &passes);
    tw_close(cx);
    ck_assert(!memcmp(a.v, b.v, (size_t)a.count * sizeof *a.v));
    ck_assert(!memcmp(a.v, c.v, (size_t)a.count * sizeof *a.v));
    arrs_drop();
}
END_TEST

/* An output may not go where an input lies that is read later on. */
START_TEST(what_is_read_later_is_not_written_over)
{
    tw_node *cell[2];
    tw_ctx *cx = open_with(NULL, 1);
    for (int k = 0; k < 2; k++) cell[k] = tw_param(cx, k ? "b" : "a", tw_fill(cx, TW_SHAPE(2000), .value = k + 1));
    for (int t = 0; t < 3; t++) {
        TW_SCOPE(cx);
        tw_node *a = tw_add(cell[0], cell[1]), *b = tw_mul(tw_sub(cell[0], 1), tw_add(cell[0], cell[1]));
        tw_assign(cell[0], a);
        tw_assign(cell[1], b);
        tw_eval(cx);
    }
    double a = 1, b = 2;
    for (int t = 0; t < 3; t++) {
        const double next = a + b;
        b = (a - 1) * (a + b), a = next;
    }
    for (int i = 0; i < 2000; i++) {
        ck_assert_double_eq((double)tw_f32(cell[0])[i], a);
        ck_assert_double_eq((double)tw_f32(cell[1])[i], b);
    }
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* With the trap on, the first operation with such a value is named, not the group. */
START_TEST(the_trap_names_the_operation)
{
    tw_ctx *cx = tw_open(.trap_nonfinite = true, .on_error = rig_quiet);
    tw_node *x = tw_fill(cx, TW_SHAPE(1000), .value = -1), *y = tw_exp(x);
    const int line = __LINE__ + 1;
    tw_node *bad = tw_log(tw_neg(y));
    tw_item(tw_sum(tw_mul(tw_add(bad, 1), 0.5)));
    fails(cx, TW_EVALUE, "log", line);
    tw_close(cx);
}
END_TEST

/* ---- chains ------------------------------------------------------------------------------ */

enum { FORMS = 5, BINARY = 13 };

static tw_node *binary(int which, tw_node *a, tw_node *b)
{
    switch (which) {
    case 0:  return tw_add(a, b);
    case 1:  return tw_sub(a, b);
    case 2:  return tw_mul(a, b);
    case 3:  return tw_div(a, b);
    case 4:  return tw_maximum(a, b);
    case 5:  return tw_minimum(a, b);
    case 6:  return tw_where(tw_equal(tw_relu(a), tw_relu(b)), a, b);
    case 7:  return tw_where(tw_logical_or(tw_less(a, b), tw_less(tw_neg(a), b)), 1, b);
    case 8:  return tw_where(tw_logical_and(tw_less_equal(a, b), tw_less(0, a)), a, -1);
    case 9:  return tw_where(tw_logical_not(tw_not_equal(a, tw_maximum(b, a))), a, -2);
    case 10: return tw_sqrt(tw_add(tw_square(a), tw_abs(b)));
    case 11: return tw_rsqrt(tw_add(tw_abs(a), tw_recip(tw_add(tw_abs(b), 1))));
    default: return tw_where(tw_less(a, b), tw_mul(tw_neg(a), b), tw_mul(a, b));
    }
}

/* Every operation that can be a link, with both operands an array, a number, one element a row, a row, or a link's value. */
static int all_links(tw_ctx *cx, tw_dtype dtype, tw_shape s, tw_node **out)
{
    uint64_t seed = 5;
    const arr a = arr_noise(s, -2, 2, &seed), b = arr_noise(s, -2, 2, &seed), r = arr_noise(TW_SHAPE(s.at[0], 1), -2, 2, &seed),
              c = arr_noise(TW_SHAPE(s.at[1]), -2, 2, &seed);
    tw_node *x = node_of(cx, dtype, &a), *y = node_of(cx, dtype, &b), *row = node_of(cx, dtype, &r), *column = node_of(cx, dtype, &c);
    tw_node *half = tw_cast(tw_fill(cx, TW_SHAPE(1), .value = 0.5), dtype), *sum = NULL;
    tw_node *with[FORMS] = { y, half, row, column, tw_sub(tw_mul(y, x), row) };
    for (int k = 0; k < BINARY; k++)
        for (int f = 0; f < FORMS; f++) {
            tw_node *both = tw_sub(binary(k, x, with[f]), tw_mul(0.25, binary(k, with[f], x)));
            sum = sum ? tw_add(tw_mul(sum, 0.5), both) : both;
        }
    out[0] = sum;
    out[1] = tw_less(sum, x);               /* bytes out, and in again in another evaluation */
    return 2;
}

static const tw_shape widths[] = { { 2, { 3, 1 } }, { 2, { 2, 9 } }, { 2, { 7, 64 } }, { 2, { 5, 127 } }, { 2, { 9, 128 } }, { 2, { 3, 384 } }, { 2, { 2, 700 } } };

START_TEST(links_give_the_same_bits)
{
    static const char *const isa[] = { "base", "avx2", "avx512" };
    const tw_dtype dtype = _i % 2 ? TW_F64 : TW_F32;
    tw_node *fused[4], *apart[4];
    rig_env("TW_ISA", isa[_i / 2]);
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        tw_ctx *cx = open_with(NULL, 1), *plain = open_with("0", 1);
        const int n = all_links(cx, dtype, widths[w], fused);
        all_links(plain, dtype, widths[w], apart);
        ok(cx), ok(plain);
        ck_assert(tw_eval_nodes(n, fused) && tw_eval_nodes(n, apart));
        for (int k = 0; k < 2; k++) {       /* a mask that is there already, beside one that is made here */
            tw_node **side = k ? apart : fused;
            side[2] = tw_logical_xor(tw_less(0, tw_mul(side[0], 2)), side[1]);
            side[3] = tw_where(side[1], tw_mul(side[0], 3), tw_where(side[2], side[0], 1));
        }
        ck_assert(tw_eval_nodes(2, fused + 2) && tw_eval_nodes(2, apart + 2));
        for (int k = 0; k < 4; k++) ck_assert_msg(same_bits(fused[k], apart[k]), "%s, width %d: result %d", isa[_i / 2], (int)widths[w].at[1], k);
        ck_assert_int_eq(tw_close(cx) + tw_close(plain), 0);
    }
    rig_env("TW_ISA", NULL);
    arrs_drop();
}
END_TEST

START_TEST(numbers_and_values_of_rows_are_read_where_they_lie)
{
    char text[8192] = "";
    tw_ctx *cx = open_with(NULL, 1);
    tw_node *x = leaf(cx, TW_SHAPE(40, 256), 3), *y = tw_mul(tw_sub(x, tw_max(x, .axes = TW_AXES(-1), .keep_dims = true)), 0.5);
    tw_eval_nodes(1, &y);
    FILE *f = fmemopen(text, sizeof text, "w");
    tw_plan_dump(cx, f);
    fclose(f);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && !(getenv("TW_ISA") && !strcmp(getenv("TW_ISA"), "base")))
        ck_assert_msg(strstr(text, "chain") && strstr(text, "row by row") && !strstr(text, "spread"), "%s", text);
#endif
    tw_close(cx);
    arrs_drop();
}
END_TEST

START_TEST(the_plan_says_what_it_fused)
{
    char text[8192] = "";
    tw_ctx *cx = open_with(NULL, 1);
    tw_node *x = leaf(cx, TW_SHAPE(40, 70), 1), *y = tw_softmax(x);
    tw_eval_nodes(1, &y);
    FILE *f = fmemopen(text, sizeof text, "w");
    tw_plan_dump(cx, f);
    fclose(f);
    ck_assert_msg(strstr(text, "(program)") && strstr(text, "on 40 rows") && strstr(text, "exp") && strstr(text, "bytes"), "%s", text);
    ck_assert_msg(strstr(text, " about ") && !strstr(text, "took"), "%s", text);
    tw_close(cx);
    arrs_drop();
}
END_TEST

/* Two products and what follows them, timed: of each a time, and at the end a line for both products and one for all. */
START_TEST(a_profile_says_what_took_how_long)
{
    char text[8192] = "", *at = text;
    tw_ctx *cx = tw_open(.profile = true, .threads = 1);
    tw_node *w = leaf(cx, TW_SHAPE(64, 64), 1);
    for (int k = 0; k < 3; k++) {
        TW_SCOPE(cx);
        tw_node *y = tw_tanh(tw_matmul(w, tw_matmul(w, w)));
        tw_eval_nodes(1, &y);
    }
    FILE *f = fmemopen(text, sizeof text, "w");
    tw_plan_dump(cx, f);
    fclose(f);
    int lines = 0;
    double took = 0, all = 0;
    for (; (at = strstr(at, "took ")); at++, lines++) {
        all = atof(at + 5);
        if (lines < 3) took += all;
    }
    ck_assert_msg(lines == 6 && all > 0 && fabs(took - all) < 0.2, "%d times, %g us and %g:\n%s", lines, took, all, text);
    const char *both = strstr(text, "     matmul              2");
    ck_assert_msg(both && strstr(both, "%)") && strstr(both, "     all                 3"), "%s", text);
    tw_close(cx);
    arrs_drop();
}
END_TEST

static const char *drawn(tw_node *y)
{
    static char text[16384];
    FILE *f = fmemopen(text, sizeof text, "w");
    ck_assert(tw_dot(y, .stream = f, .groups = true));
    fclose(f);
    return text;
}

START_TEST(drawings_have_what_ran_together_as_clusters)
{
    tw_ctx *cx = tw_open(.profile = true, .threads = 1);
    tw_node *x = leaf(cx, TW_SHAPE(40, 70), 1), *y = tw_matmul(tw_softmax(x), tw_tanh(leaf(cx, TW_SHAPE(70, 9), 2)));
    ck_assert(!strstr(drawn(y), "subgraph"));            /* nothing ran yet */
    tw_eval_nodes(1, &y);
    const char *text = drawn(y), *first = strstr(text, "subgraph cluster_");
    ck_assert_msg(first && strstr(first, "operations, ") && strstr(first, " us\"") && strstr(first, "exp"), "%s", text);
    for (const char *a = first; a; a = strstr(a + 1, "subgraph cluster_")) ck_assert_msg(!strncmp(a, first, 18), "softmax only: %s", text);
    ck_assert_int_eq(tw_close(cx), 0);
    arrs_drop();
}
END_TEST

/* ---- plans that are never found again ---------------------------------------------------- */

/* Twenty turns of a loop, of which the k-th differs as asked. */
static const tw_error *loop(tw_ctx *cx, int what, int *line)
{
    tw_node *w = tw_param(cx, "w", leaf(cx, TW_SHAPE(64), 1));
    for (int k = 0; k < 20; k++) {
        TW_SCOPE(cx);
        tw_node *x = what == 0 ? leaf(cx, TW_SHAPE(1 + k), 1) : w;
        x = tw_add(x, what == 1 ? 0.5 * k : 1);
        for (int i = 0; i < 12; i++) x = tw_tanh(tw_mul(x, 0.5));
        if (what == 2) x = tw_pow(x, 3 + k), *line = __LINE__;
        if (what == 3 && k % 2) x = tw_exp(x);
        tw_node *y = tw_sum(x);
        tw_item(y);
    }
    ok(cx);
    return tw_diagnostic(cx);
}

START_TEST(a_program_that_is_planned_every_time_is_told_why)
{
    static const char *const words[] = { "shape is [", NULL, "an attribute", NULL };
    for (int what = 0; what < 4; what++) {
        int line = 0;
        tw_ctx *cx = open_with(NULL, 1);
        const tw_error *e = loop(cx, what, &line);
        if (words[what]) ck_assert_msg(e && strstr(e->text, "no plan") && strstr(e->text, words[what]), "loop %d: %s", what, e ? e->text : "nothing said");
        else ck_assert_msg(!e || !strstr(e->text, "no plan"), "loop %d: %s", what, e->text);
        if (what == 2) ck_assert_int_eq(e->at->line, line);
        ck_assert_int_eq(tw_close(cx), 0);
    }
    arrs_drop();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fuse");
    TCase *c = tcase_create("fuse");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, what_belongs_together_is_one_instruction, 0, (int)(sizeof groups / sizeof *groups));
    tcase_add_test(c, an_update_is_one_pass_in_place);
    tcase_add_test(c, what_is_read_later_is_not_written_over);
    tcase_add_loop_test(c, links_give_the_same_bits, 0, 6);
    tcase_add_test(c, numbers_and_values_of_rows_are_read_where_they_lie);
    tcase_add_test(c, the_trap_names_the_operation);
    tcase_add_test(c, what_is_cheap_is_not_kept_for_the_backward_pass);
    tcase_add_test(c, sums_of_lines_belong_to_what_makes_the_lines);
    tcase_add_test(c, drawings_have_what_ran_together_as_clusters);
    tcase_add_test(c, the_plan_says_what_it_fused);
    tcase_add_test(c, a_profile_says_what_took_how_long);
    tcase_add_test(c, a_program_that_is_planned_every_time_is_told_why);
    suite_add_tcase(s, c);
    return rig_run(s);
}
