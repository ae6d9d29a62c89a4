/* check_memory.c - every allocation fails once; nothing leaks; a steady step allocates nothing.
 *
 * Each program runs with 0, 1, 2, ... allowed allocations until it succeeds. After a failure the
 * error is TW_ENOMEM (or the context is dead), closing returns, and no byte is left.
 */
#include "tests/rig.h"
#include "optim/optim.h"
#include "train/train.h"
#include <unistd.h>

typedef double (*program)(tw_ctx *cx);

/* Builds, differentiates twice, reads. */
static double graph(tw_ctx *cx)
{
    tw_node *w = tw_fill(cx, TW_SHAPE(2, 2), .value = 0.5), *x = tw_data(cx, TW_F32, TW_SHAPE(2), ((float[]){ 1, 2 }));
    tw_node *y = tw_sum(tw_tanh(tw_matmul(w, tw_add(w, x)))), *g = tw_grad(y, w);
    return tw_item(y) + tw_item(tw_sum(g)) + tw_item(tw_sum(tw_grad(tw_sum(tw_square(g)), w)));
}

/* Cells, scopes, kept and wanted values, several versions. */
static double cells(tw_ctx *cx)
{
    tw_node *w = tw_param(cx, "w", tw_ones(cx, TW_SHAPE(3))), *s = tw_state(cx, tw_scalar(cx, 0)), *best = NULL;
    for (int i = 0; i < 3; i++) {
        tw_node *kept;
        {
            TW_SCOPE(cx);
            tw_node *x = tw_slice(tw_arange(cx, 8, .dtype = TW_F32), .start = { i }, .size = { 3 });
            tw_node *loss = tw_sum(tw_square(tw_sub(tw_mul(w, x), i))), *seen = tw_want(tw_max(tw_mul(w, 2)));
            tw_assign(w, tw_sub(w, tw_mul(0.01, tw_grad(loss, w))));
            tw_assign(s, tw_add(s, loss));
            tw_assign(w, tw_mul(w, 1.5));
            kept = tw_keep(tw_add(seen, loss));
        }
        best = best ? tw_maximum(best, kept) : kept;
    }
    return tw_item(best) + tw_item(s) + tw_item(tw_sum(w));
}

/* A network, two optimisers, drawings. */
static double net(tw_ctx *cx)
{
    tw_net *n = tw_net_new(cx);
    tw_opt *a = tw_sgd(n, .lr = 0.1, .momentum = 0.9, .only = "a/*"), *b = tw_adam(n, .only = "b/*");
    double last = 0;
    for (int i = 0; i < 2; i++) {
        TW_SCOPE(cx);
        tw_node *x = tw_normal(cx, TW_SHAPE(4, 3)), *t = tw_data(cx, TW_I64, TW_SHAPE(4), ((int64_t[]){ 0, 1, 1, 0 }));
        tw_node *h = tw_nn_dropout(n, tw_relu(tw_nn_dense(n, "a", x, .units = 5)), .p = 0.25);
        tw_node *loss = tw_cross_entropy(tw_nn_dense(n, "b", h, .units = 2), t);
        tw_want(loss);
        tw_node **ga = tw_opt_grads(a, loss), **gb = tw_opt_grads(b, loss);    /* both before a step overwrites what they read */
        tw_opt_apply(a, ga);
        tw_opt_apply(b, gb);
        last = tw_item(loss);
        FILE *to = fopen("/dev/null", "w");
        if (to) {
            tw_dot(loss, .stream = to, .values = true);
            tw_dump(loss, to);
            tw_plan_dump(cx, to);
            fclose(to);
        }
    }
    return last;
}

/* Convolution and pooling, an operation with several inputs, concat of many. */
static double images(tw_ctx *cx)
{
    tw_node *x = tw_uniform(cx, TW_SHAPE(1, 6, 6, 2)), *w = tw_param(cx, "w", tw_normal(cx, TW_SHAPE(3, 3, 2, 4), .std = 0.1));
    tw_node *h = tw_max_pool2d(tw_relu(tw_conv2d(x, w, .padding = TW_SAME)), .window = { 2 });
    tw_node *many[12];
    for (int i = 0; i < 12; i++) many[i] = tw_index(tw_flatten(h), .axis = 1, .at = i);
    tw_node *y = tw_sum(tw_square(tw_concat(12, many)));
    return tw_item(y) + tw_item(tw_sum(tw_grad(y, w)));
}

static double batches(tw_ctx *cx)
{
    float x[10][3];
    int64_t y[10];
    for (int i = 0; i < 10; i++) x[i][0] = (float)i, x[i][1] = x[i][2] = 1, y[i] = i % 2;
    tw_dataset *d = tw_dataset_tensors(tw_data(cx, TW_F32, TW_SHAPE(10, 3), x), tw_data(cx, TW_I64, TW_SHAPE(10), y));
    tw_node *w = tw_param(cx, "w", tw_zeros(cx, TW_SHAPE(3, 2)));
    double sum = 0;
    for (int epoch = 0; epoch < 2; epoch++)
        TW_BATCHES(b, d, .size = 4, .shuffle = true, .epoch = epoch) {
            tw_node *loss = tw_cross_entropy(tw_matmul(b.x, w), b.y);
            tw_assign(w, tw_sub(w, tw_mul(0.1, tw_grad(loss, w))));
            tw_eval(cx);
            sum += tw_item(loss);
        }
    return sum;
}

/* A program with an error in it. */
static double wrong(tw_ctx *cx)
{
    tw_node *x = tw_ones(cx, TW_SHAPE(3)), *w = tw_state(cx, x);
    TW_SCOPE(cx);
    tw_keep(tw_exp(w));
    tw_assign(w, tw_mul(w, 2));
    tw_matmul(x, x);
    tw_error e = { 0 };
    tw_error_take(cx, &e);
    if (e.code == TW_ENOMEM) {          /* not ours: it stays */
        tw_fail(cx, TW_ENOMEM, e.op, e.at, "%s", e.text);
        return 0;
    }
    return tw_item(tw_sum(w));
}

/* Blocks of their own for tensors, several chunks of nodes. */
static double large(tw_ctx *cx)
{
    tw_node *x = tw_uniform(cx, TW_SHAPE(30, 700)), *y = tw_matmul(x, x, .transpose_b = true), *s = tw_sum(x);
    for (int i = 0; i < 1500; i++) s = tw_sin(tw_add(s, i));
    return tw_item(tw_sum(y)) + tw_item(tw_mean(tw_tanh(tw_add(x, s))));
}

static const struct { const char *name; program run; } programs[] = {
    { "graph", graph }, { "cells", cells }, { "net", net }, { "images", images }, { "batches", batches }, { "wrong", wrong },
    { "large", large },
};
enum { PROGRAMS = sizeof programs / sizeof *programs };

static tw_ctx *open_with(heap *h)
{
    return tw_open(.seed = 3, .resize = heap_resize, .resize_user = h, .on_error = rig_quiet);
}

START_TEST(every_allocation_may_fail)
{
    heap free_run = { .left = -1 };
    tw_ctx *cx = open_with(&free_run);
    const double want = programs[_i].run(cx);
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
    ck_assert_msg(free_run.live == 0 && free_run.blocks == 0, "%s leaks %zu bytes in %ld blocks", programs[_i].name, free_run.live,
                  free_run.blocks);
    const long step = 1 + free_run.calls / 3000;        /* some hundreds of thousands of runs teach nothing more */
    long n = 0;
    for (;; n += step) {
        heap h = { .left = n };
        cx = open_with(&h);
        const double got = programs[_i].run(cx);
        const bool fine = tw_ok(cx);
        const tw_error *e = tw_error_get(cx);
        ck_assert_msg(fine || !e || e->code == TW_ENOMEM, "%s, %ld allocations: %s: %s", programs[_i].name, n, tw_code_name(e->code), e->text);
        if (fine) ck_assert_msg(got == want, "%s, %ld allocations: %.17g, not %.17g", programs[_i].name, n, got, want);
        tw_close(cx);
        ck_assert_msg(h.live == 0 && h.blocks == 0, "%s, %ld allocations: %zu bytes in %ld blocks left", programs[_i].name, n, h.live, h.blocks);
        if (fine) break;
    }
    printf("check_memory: %s: %ld allocations, peak %zu bytes\n", programs[_i].name, free_run.calls, free_run.peak);
}
END_TEST

START_TEST(one_failure_and_the_program_goes_on)
{
    heap free_run = { .left = -1 };
    tw_ctx *cx = open_with(&free_run);
    programs[_i].run(cx);
    tw_close(cx);
    for (long n = 0; n < free_run.calls; n += 1 + free_run.calls / 500) {
        heap h = { .left = n, .once = true };
        cx = open_with(&h);
        programs[_i].run(cx);
        tw_error e;
        if (tw_error_take(cx, &e)) ck_assert_int_eq(e.code, TW_ENOMEM);
        if (tw_ok(cx)) {                /* it may be dead */
            const double x = tw_item(tw_sum(tw_square(tw_data(cx, TW_F32, TW_SHAPE(2), ((float[]){ 3, 4 })))));
            ck_assert_msg(x == 25, "%s, allocation %ld: afterwards 9 + 16 = %g", programs[_i].name, n, x);
            const double again = programs[_i].run(cx);
            ck_assert_msg(tw_ok(cx) && !isnan(again), "%s, allocation %ld: a second run fails: %s", programs[_i].name, n,
                          tw_ok(cx) ? "NaN" : tw_error_get(cx)->text);
        }
        tw_close(cx);
        ck_assert_msg(h.live == 0 && h.blocks == 0, "%s, allocation %ld: %zu bytes in %ld blocks left", programs[_i].name, n, h.live, h.blocks);
    }
}
END_TEST

START_TEST(without_memory_the_context_is_dead)
{
    heap h = { .left = 0 };
    tw_ctx *cx = open_with(&h);
    ck_assert_ptr_nonnull(cx);
    ck_assert(!tw_ok(cx));
    tw_node *x = tw_scalar(cx, 1);
    ck_assert(tw_is_nil(x) && tw_is_nil(tw_add(x, 1)) && isnan(tw_item(x)));
    {
        TW_SCOPE(cx);
        ck_assert(!tw_eval(cx));
        ck_assert(tw_is_nil(tw_keep(tw_zeros(cx, TW_SHAPE(2)))));
    }
    tw_net *net_of_none = tw_net_new(cx);
    ck_assert_ptr_nonnull(net_of_none);
    tw_close(cx);
    ck_assert_int_eq((int)h.live, 0);
}
END_TEST

/* ---- the steady state ------------------------------------------------------------------ */

static tw_node *model(tw_net *n, tw_node *x)
{
    x = tw_max_pool2d(tw_relu(tw_nn_conv2d(n, "c", x, .filters = 4, .kernel = { 3 }, .padding = TW_SAME)), .window = { 2 });
    return tw_nn_dense(n, "d", tw_nn_dropout(n, tw_flatten(x), .p = 0.3), .units = 3);
}

START_TEST(a_steady_step_allocates_nothing)
{
    heap h = { .left = -1 };
    tw_ctx *cx = open_with(&h);
    tw_net *n = tw_net_new(cx);
    tw_opt *o = tw_sgd(n, .lr = 0.1, .momentum = 0.9);
    enum { STEPS = 12, STEADY = 4 };
    long calls[STEPS];
    size_t live[STEPS];
    int64_t misses = 0;
    float x[2 * 6 * 6] = { 0 };
    for (int i = 0; i < STEPS; i++) {
        TW_SCOPE(cx);
        for (int k = 0; k < 72; k++) x[k] = (float)((k * 7 + i) % 11) / 11;
        tw_node *in = tw_data(cx, TW_F32, TW_SHAPE(2, 6, 6, 1), x), *t = tw_data(cx, TW_I64, TW_SHAPE(2), ((int64_t[]){ 0, i % 3 }));
        tw_node *loss = tw_cross_entropy(model(n, in), t);
        ck_assert(tw_opt_step(o, loss));
        ck_assert(tw_item(loss) > 0);
        calls[i] = h.calls, live[i] = h.live;
        if (i == STEADY) misses = tw_counts(cx).misses;
    }
    ok(cx);
    ck_assert_int_eq(tw_counts(cx).misses, misses);
    for (int i = STEADY + 1; i < STEPS; i++)
        ck_assert_msg(calls[i] == calls[STEADY] && live[i] == live[STEADY], "step %d makes %ld allocations, %ld bytes", i, calls[i] - calls[i - 1],
                      (long)live[i] - (long)live[i - 1]);
    ck_assert_int_eq(tw_close(cx), 0);
    ck_assert_int_eq((int)h.live, 0);
}
END_TEST

START_TEST(a_loop_in_a_scope_does_not_grow)
{
    heap h = { .left = -1 };
    tw_ctx *cx = open_with(&h);
    tw_node *w = tw_param(cx, "w", tw_ones(cx, TW_SHAPE(50)));
    size_t early = 0;
    for (int i = 0; i < 400; i++) {
        TW_SCOPE(cx);
        tw_node *y = w;
        for (int k = 0; k < i % 7; k++) y = tw_tanh(tw_mul(y, tw_uniform(cx, TW_SHAPE(i % 3 + 1, 50))));
        tw_item(tw_sum(y));
        if (i == 100) early = h.live;
    }
    ok(cx);
    ck_assert_msg(h.live <= early, "%zu bytes after 100 iterations, %zu after 400", early, h.live);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static void count_errors(void *user, const tw_error *e) { *(int *)user += e->code == TW_ENOMEM; }

/* Whoever asked to be called hears of a context that could not be, once, and nothing is printed. */
START_TEST(a_context_that_could_not_be_is_told_to_the_callback)
{
    for (long left = 0; ; left++) {
        int heard = 0;
        heap h = { .left = left };
        tw_ctx *cx = tw_open(.resize = heap_resize, .resize_user = &h, .on_error = count_errors, .user = &heard);
        const bool fine = tw_ok(cx);
        char text[64] = "";
        FILE *to = tmpfile();
        ck_assert_ptr_nonnull(to);
        fflush(stderr);
        const int was = dup(2);
        ck_assert(dup2(fileno(to), 2) == 2);
        ck_assert_int_eq(tw_close(cx), !fine);
        fflush(stderr);
        ck_assert(dup2(was, 2) == 2 && close(was) == 0);
        rewind(to);
        ck_assert_msg(!fgets(text, sizeof text, to), "printed: %s", text);
        fclose(to);
        ck_assert_int_eq(heard, !fine);
        ck_assert_int_eq((int)h.live, 0);
        if (fine) break;
    }
}
END_TEST

/* Every size of tensor that a shape can say is asked for, and refused. */
START_TEST(no_size_is_beyond_the_classes)
{
    tw_ctx *cx = tw_open(.memory_limit = 1 << 20);
    for (int bits = 20; bits <= 46; bits++) {
        tw_node *x = tw_random_bits(cx, TW_SHAPE((int64_t)1 << bits));
        ck_assert(!tw_eval_nodes(1, &x));
        tw_error e;
        ck_assert(tw_error_take(cx, &e));
        ck_assert_msg(e.code == TW_ENOMEM, "2^%d: %s", bits, e.text);
    }
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("memory");
    TCase *c = tcase_create("memory");
    tcase_set_timeout(c, 240);
    tcase_add_loop_test(c, every_allocation_may_fail, 0, PROGRAMS);
    tcase_add_loop_test(c, one_failure_and_the_program_goes_on, 0, PROGRAMS);
    tcase_add_test(c, without_memory_the_context_is_dead);
    tcase_add_test(c, no_size_is_beyond_the_classes);
    tcase_add_test(c, a_steady_step_allocates_nothing);
    tcase_add_test(c, a_loop_in_a_scope_does_not_grow);
    tcase_add_test(c, a_context_that_could_not_be_is_told_to_the_callback);
    suite_add_tcase(s, c);
    return rig_run(s);
}
