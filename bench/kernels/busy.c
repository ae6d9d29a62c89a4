/* busy.c - two threads while another process keeps one core busy: no slower than one thread.
 *
 * The other process is on the machine's last processor, where the pool's second thread would like to be. oneDNN's times
 * show what a team of threads that wait for one another does then.
 */
#define _GNU_SOURCE
#include "bench/kernels/match.h"
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const double BAR = 1.05;         /* the median of two threads by that of one */

typedef struct job { tw_ctx *cx; tw_node *x, *w; onednn *peer; } job;

static void product(void *arg)
{
    const job *j = arg;
    TW_SCOPE(j->cx);
    tw_node *y = tw_matmul(j->x, j->w);
    tw_eval_nodes(1, &y);
}

static void chain(void *arg)
{
    const job *j = arg;
    TW_SCOPE(j->cx);
    tw_node *y = tw_exp(tw_add(j->x, j->w));
    tw_eval_nodes(1, &y);
}

/* The process that keeps the core busy. */
static pid_t spin(void)
{
    cpu_set_t may;
    sched_getaffinity(0, sizeof may, &may);
    int last = CPU_SETSIZE - 1;
    while (last > 0 && !CPU_ISSET(last, &may)) last--;
    const pid_t pid = fork();
    if (pid) return pid;
    CPU_ZERO(&may);
    CPU_SET(last, &may);
    sched_setaffinity(0, sizeof may, &may);
    for (volatile unsigned k = 0;; k++) { }
}

static void report(tally *t, const char *what, const contestant *one, const contestant *two)
{
    printf("{\"bench\": \"kernels\", \"section\": \"busy\", \"what\": \"%s\", \"by\": \"%s\", \"threads\": %d, \"us\": %.4g, \"p99_us\": %.4g}\n", what, one->name, 1,
           one->ns * 1e-3, one->p99 * 1e-3);
    printf("{\"bench\": \"kernels\", \"section\": \"busy\", \"what\": \"%s\", \"by\": \"%s\", \"threads\": %d, \"us\": %.4g, \"p99_us\": %.4g}\n", what, two->name, 2,
           two->ns * 1e-3, two->p99 * 1e-3);
    if (t) row(t, what, 2, two->ns, 0, "one thread", one->ns);
}

static void measure(tally *t, const char *what, void (*run)(void *), job *one, job *two)
{
    contestant c[4] = {
        { .name = "ours", .threads = 1, .run = run, .arg = one }, { .name = "ours", .threads = 2, .run = run, .arg = two },
        { .name = "oneDNN", .threads = 1, .run = onednn_run, .arg = one->peer }, { .name = "oneDNN", .threads = 2, .run = onednn_run, .arg = two->peer },
    }, *all[] = { &c[0], &c[1], &c[2], &c[3] };
    alternate(one->peer ? 4 : 2, all);
    report(t, what, &c[0], &c[1]);
    if (one->peer) report(NULL, what, &c[2], &c[3]);
}

void busy_core(void)
{
    enum { SIZE = 256, MANY = 1 << 20 };
    static const product_shape square = { "256", 1, SIZE, SIZE, SIZE };
    tally t = { .section = "busy", .what = "two threads beside a busy process, by one", .bar = 1 / BAR };
    if (set.n_threads < 2) return;
    float *v = numbers(2 * MANY);
    tw_ctx *cx[2];
    job a[2], b[2];
    open_contexts(cx);
    for (int k = 0; k < 2; k++) {
        a[k] = (job){ cx[k], tw_wrap(cx[k], TW_F32, TW_SHAPE(SIZE, SIZE), v), tw_wrap(cx[k], TW_F32, TW_SHAPE(SIZE, SIZE), v + MANY),
                      onednn_product(&square, 0, 0, v, v + MANY, set.threads[k]) };
        b[k] = (job){ cx[k], tw_wrap(cx[k], TW_F32, TW_SHAPE(MANY), v), tw_wrap(cx[k], TW_F32, TW_SHAPE(MANY), v + MANY), NULL };
    }
    fflush(stdout);
    const pid_t other = spin();
    measure(&t, "256 NN", product, &a[0], &a[1]);
    measure(&t, "exp(x + y) 1e6", chain, &b[0], &b[1]);
    if (other > 0) kill(other, SIGKILL), waitpid(other, NULL, 0);
    conclude(&t);
    for (int k = 0; k < 2; k++) onednn_drop(a[k].peer);
    close_contexts(cx);
    free(v);
}
