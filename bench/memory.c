/* memory.c - how much memory programs take that could take much.
 *
 *   recurrent   a network of 500 steps with a 1024 x 1024 matrix, batch 16: gradient of its sum of squares. What must be
 *               kept is the states, 500 times 64 KiB; the matrix's gradients are summed as they come. With
 *               checkpoints every 25 steps as well.
 *   lengths     500 sequence lengths, each seen in three rounds: plans and bytes that the context holds after each.
 *
 * Prints JSON lines; peaks are those of tensor memory, tw_counts, but for the process's.
 */
#include <thalweg.h>
#include <stdio.h>
#include <sys/resource.h>

enum { STEPS = 500, WIDTH = 1024, BATCH = 16, LENGTHS = 500 };

static const double MB = 1 << 20;

static tw_node *recurrent(tw_ctx *cx, tw_node *w, int64_t width, int steps, int every)
{
    tw_node *x = tw_fill(cx, TW_SHAPE(BATCH, width), .value = 0.01), *h = x, *from = h;
    for (int t = 0; t < steps; t++) {
        h = tw_tanh(tw_add(tw_matmul(h, w), x));
        if (!every || t % every != every - 1) continue;
        h = tw_checkpoint(h, 2, ((tw_node *[]){ from, w }));
        from = h;
    }
    return tw_sum(tw_square(h));
}

static int bench_recurrent(const char *what, int every)
{
    tw_ctx *cx = tw_open(.seed = 1);
    tw_node *w = tw_param(cx, "w", tw_normal(cx, TW_SHAPE(WIDTH, WIDTH), .std = 0.03));
    tw_node *y = recurrent(cx, w, WIDTH, STEPS, every), *g = tw_grad(y, w), *both[] = { y, g };
    tw_eval_nodes(2, both);
    const tw_plan_counts c = tw_counts(cx);
    printf("{\"bench\":\"memory\",\"what\":\"recurrent\",\"how\":\"%s\",\"steps\":%d,\"peak_mb\":%.1f,\"temporaries_mb\":%.1f,\"states_mb\":%.1f}\n",
           what, STEPS, (double)c.bytes_peak / MB, (double)c.slab / MB, STEPS * BATCH * WIDTH * 4 / MB);
    return tw_close(cx);
}

/* The process's peak, plans and all. */
static long resident(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return use.ru_maxrss / 1024;
}

static int bench_lengths(void)
{
    tw_ctx *cx = tw_open(.seed = 1);
    tw_node *w = tw_param(cx, "w", tw_normal(cx, TW_SHAPE(64, 64), .std = 0.1));
    for (int round = 0; round < 3; round++) {
        for (int n = 1; n <= LENGTHS; n++) {
            TW_SCOPE(cx);
            tw_node *y = recurrent(cx, w, 64, n, 0);
            tw_assign(w, tw_sub(w, tw_mul(1e-3, tw_grad(y, w))));
            tw_eval(cx);
        }
        const tw_plan_counts c = tw_counts(cx);
        printf("{\"bench\":\"memory\",\"what\":\"lengths\",\"round\":%d,\"lengths\":%d,\"plans\":%lld,\"plans_mb\":%.1f,\"hits\":%lld,"
               "\"misses\":%lld,\"live_mb\":%.2f,\"cached_mb\":%.2f,\"peak_mb\":%.2f,\"process_mb\":%ld}\n",
               round, LENGTHS, (long long)c.plans, (double)c.plan_bytes / MB, (long long)c.hits,
               (long long)c.misses, (double)c.bytes_live / MB, (double)c.bytes_cached / MB, (double)c.bytes_peak / MB, resident());
    }
    return tw_close(cx);
}

int main(void)
{
    return bench_recurrent("as it is", 0) | bench_recurrent("checkpoints", 25) | bench_lengths();
}
