/* check_steady.c - a training step in its steady state: no memory from the system, no page touched for the first time.
 *
 * The network, optimiser and batches of examples/fashion_mnist.c, on made-up pictures. From the third step on the
 * context's allocator is not called and the process, its threads included, takes no page fault. How often sleeping
 * threads had to be woken is printed: it depends on who else uses the machine.
 */
#include "tests/rig.h"
#include "bench/demo_net.h"
#include "core/pool_impl.h"
#include "optim/optim.h"
#include "train/train.h"
#include <sys/resource.h>

enum { SIZE = 16, STEPS = 24, WARM = 2 };

/* Sanitizers keep accounts of memory in pages of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { COUNT_FAULTS = 0 };
#else
enum { COUNT_FAULTS = 1 };
#endif

static tw_dataset *pictures(tw_ctx *cx)
{
    tw_node *x = tw_uniform(cx, TW_SHAPE(SIZE * STEPS, 28, 28, 1)), *y = tw_mod(tw_arange(cx, SIZE * STEPS), 10);
    return tw_dataset_tensors(x, y);
}

typedef struct counts { int64_t calls, faults, wakes; } counts;

static counts counts_now(const heap *h)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (counts){ h->calls, use.ru_minflt + use.ru_majflt, tw__pool_wakes() };
}

/* How many page faults the steps from the third on took; the first step that did into *step. */
static int64_t steps(int threads, int *step)
{
    heap h = { .left = -1 };
    tw_ctx *cx = tw_open(.resize = heap_resize, .resize_user = &h, .threads = threads, .seed = 1);
    tw_net *net = tw_net_new(cx);
    tw_opt *opt = tw_adam(net, .schedule = tw_inverse_time(0.002, 1000));
    tw_dataset *data = pictures(cx);
    counts at[STEPS + 1];
    int n = 0;
    double sum = 0;
    memset(at, 0, sizeof at);           /* touched before it is counted */
    TW_BATCHES(b, data, .size = SIZE, .shuffle = true) {
        tw_node *logits = demo_net(net, b.x), *loss = tw_cross_entropy(logits, b.y), *acc = tw_want(tw_accuracy(logits, b.y));
        tw_opt_step(opt, loss);
        sum += tw_item(loss) + tw_item(acc);
        at[n++] = counts_now(&h);
    }
    ok(cx);
    ck_assert_int_eq(n, STEPS);
    ck_assert(sum > 0);
    int64_t faults = at[n - 1].faults - at[WARM - 1].faults;
    for (int i = n - 1; i >= WARM; i--) {
        ck_assert_msg(at[i].calls == at[i - 1].calls, "%d threads, step %d: %d calls of the allocator", threads, i + 1, (int)(at[i].calls - at[i - 1].calls));
        if (at[i].faults != at[i - 1].faults) *step = i + 1;
    }
    printf("check_steady: %d threads, %d steps: %d wakes\n", threads, n - WARM, (int)(at[n - 1].wakes - at[WARM - 1].wakes));
    ck_assert_int_eq(tw_close(cx), 0);
    return faults;
}

/* The system may take a page away meanwhile, which is no doing of ours: one run of several without a fault will do. */
START_TEST(a_steady_step_takes_nothing_from_the_system)
{
    int64_t faults = 1;
    int step = 0;
    for (int run = 0; run < 4 && faults; run++) faults = COUNT_FAULTS * steps(_i, &step);
    ck_assert_msg(faults == 0, "%d threads: %d page faults in each run, the last at step %d", _i, (int)faults, step);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("steady");
    TCase *c = tcase_create("steady");
    tcase_set_timeout(c, 240);
    tcase_add_loop_test(c, a_steady_step_takes_nothing_from_the_system, 1, 3);
    suite_add_tcase(s, c);
    return rig_run(s);
}
