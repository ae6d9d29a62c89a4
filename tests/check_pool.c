/* check_pool.c - threads: every part once, the same bits, forks, signals, other users of the pool. */
#include "core/pool_impl.h"
#include "tests/rig.h"
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 5000 };

typedef struct tally { _Atomic int times[MANY]; _Atomic int wrong; int threads; _Atomic int inside[TW__MOST_THREADS]; } tally;

static void count(void *arg, int64_t k, int me)
{
    tally *t = arg;
    if (me < 0 || me >= t->threads || atomic_fetch_add(&t->inside[me], 1)) atomic_fetch_add(&t->wrong, 1);
    atomic_fetch_add(&t->times[k], 1);
    for (volatile int spin = 0; spin < 50; spin++) { }
    atomic_fetch_sub(&t->inside[me], 1);
}

static void every_part_once(int threads, int64_t parts)
{
    tally *t = calloc(1, sizeof *t);
    ck_assert_ptr_nonnull(t);
    t->threads = threads < 1 ? 1 : threads;
    tw__pool_run(threads, parts, parts % 3 == 0, count, t);
    for (int64_t k = 0; k < MANY; k++) ck_assert_int_eq(t->times[k], k < parts);
    ck_assert_int_eq(t->wrong, 0);
    free(t);
}

START_TEST(every_part_is_done_once)
{
    tw__pool_open();
    for (int round = 0; round < 200; round++)
        for (int threads = 1; threads <= 4; threads++) every_part_once(threads, (round * 37 + threads) % 97);
    every_part_once(2, MANY);
    usleep(2000);           /* threads sleep by now */
    every_part_once(2, MANY);
    tw__pool_close();
}
END_TEST

static void *user_of_the_pool(void *rounds)
{
    for (int i = 0; i < *(int *)rounds; i++) every_part_once(2, i % 50);
    return NULL;
}

START_TEST(several_users_wait_for_none)
{
    tw__pool_open();
    pthread_t t[3];
    int rounds = 300;
    for (int i = 0; i < 3; i++) ck_assert_int_eq(pthread_create(&t[i], NULL, user_of_the_pool, &rounds), 0);
    for (int i = 0; i < 3; i++) pthread_join(t[i], NULL);
    tw__pool_close();
}
END_TEST

static int threads_of_this_process(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/task");
    for (struct dirent *e; d && (e = readdir(d)); ) n += e->d_name[0] != '.';
    if (d) closedir(d);
    return n;
}

/* Large enough to be shared: a product, elementwise work, sums, a permutation. */
static tw_node *heavy(tw_ctx *cx)
{
    tw_node *a = tw_uniform(cx, TW_SHAPE(300, 200), .key = 1), *b = tw_uniform(cx, TW_SHAPE(200, 300), .key = 2);
    tw_node *y = tw_tanh(tw_add(tw_matmul(a, b), tw_slice(a, .size = { 1, 1 })));
    tw_node *image = tw_reshape(tw_slice(y, .size = { 256, 256 }), TW_SHAPE(4, 64, 64, 4));
    tw_node *w = tw_uniform(cx, TW_SHAPE(3, 3, 4, 16), .key = 3);
    tw_node *c = tw_max_pool2d(tw_conv2d(image, w, .padding = TW_SAME), .window = { 2 });
    tw_node *z = tw_add(tw_sum(tw_square(c)), tw_sum(tw_mul(tw_sum(y, .axes = TW_AXES(0)), tw_sum(tw_permute(y, TW_AXES(1, 0)), .axes = TW_AXES(1)))));
    return tw_add(tw_sum(tw_grad(z, w)), tw_add(z, tw_sum(tw_square(tw_grad(z, a)))));
}

START_TEST(the_same_bits_whoever_takes_part)
{
    for (int f64 = 0; f64 < 2; f64++) {
        double want = 0;
        for (int threads = 1; threads <= 3; threads++)
            for (int round = 0; round < 20; round++) {
                tw_ctx *cx = tw_open(.threads = threads, .dtype = f64 ? TW_F64 : TW_F32, .seed = 5);
                const double got = tw_item(heavy(cx));
                ok(cx);
                if (threads == 1 && round == 0) want = got;
                ck_assert_msg(got == want, "%d threads: %.17g, not %.17g", threads, got, want);
                ck_assert_int_eq(tw_close(cx), 0);
            }
    }
}
END_TEST

START_TEST(the_last_context_joins_the_threads)
{
    const int before = threads_of_this_process();
    tw_ctx *a = tw_open(.seed = 1), *b = tw_open(.seed = 1);
    ck_assert(tw_item(heavy(a)) == tw_item(heavy(b)));
    if (tw__pool_limit() > 1) ck_assert_int_eq(threads_of_this_process(), before + tw__pool_limit() - 1);
    ck_assert_int_eq(tw_close(a), 0);
    if (tw__pool_limit() > 1) ck_assert_int_gt(threads_of_this_process(), before);
    ck_assert_int_eq(tw_close(b), 0);
    ck_assert_int_eq(threads_of_this_process(), before);
    tw_ctx *one = tw_open(.threads = 1);
    ck_assert(isfinite(tw_item(heavy(one))));
    ck_assert_int_eq(threads_of_this_process(), before);
    ck_assert_int_eq(tw_close(one), 0);
}
END_TEST

#ifndef __SANITIZE_THREAD__      /* which knows no threads of a child whose parent has some */
START_TEST(a_child_of_a_fork_computes)
{
    tw_ctx *cx = tw_open(.seed = 1);
    const double want = tw_item(heavy(cx));
    ok(cx);
    for (int i = 0; i < 10; i++) {
        const pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (!child) {
            const bool same = tw_item(heavy(cx)) == want && tw_item(heavy(cx)) == want;
            _exit(!(same && tw_close(cx) == 0));
        }
        int status = 1;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ends with %x", (unsigned)status);
    }
    ck_assert(tw_item(heavy(cx)) == want);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST
#endif

START_TEST(the_first_bad_element_is_reported)
{
    enum { N = 400000 };
    int64_t *at = calloc(N, sizeof *at);
    ck_assert_ptr_nonnull(at);
    at[N - 1] = at[333333] = at[333334] = 99;
    tw_ctx *cx = tw_open(.on_error = rig_quiet);
    tw_node *x = tw_ones(cx, TW_SHAPE(10)), *i = tw_data(cx, TW_I64, TW_SHAPE(N), at);
    tw_node *y = tw_gather(x, i); const int line = __LINE__;
    ck_assert(isnan(tw_item(tw_sum(y))));
    fails_with(cx, TW_EVALUE, "gather", line, "333333");
    ck_assert_int_eq(tw_close(cx), 0);
    free(at);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        every_part_is_done_once, several_users_wait_for_none, the_same_bits_whoever_takes_part,
        the_last_context_joins_the_threads, the_first_bad_element_is_reported,
#ifndef __SANITIZE_THREAD__
        a_child_of_a_fork_computes,
#endif
    };
    Suite *s = suite_create("pool");
    TCase *c = tcase_create("pool");
    tcase_set_timeout(c, 120);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(c, tests[i]);
    suite_add_tcase(s, c);
    return rig_run(s);
}
