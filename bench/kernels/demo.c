/* demo.c - the network, batch and optimiser of examples/fashion_mnist.c, step by step, by PyTorch's of the same.
 *
 * Pictures are made up and lie in memory; both take 64 at random, channels last, and read the loss and the accuracy of
 * every step. PyTorch runs eagerly and by torch.compile; the faster one counts.
 */
#include "bench/kernels/match.h"
#include "bench/kernels/remote.h"
#include "bench/demo_net.h"
#include <math.h>
#include <stdio.h>

enum { BATCH = 64, PICTURES = 6400 };
static const double BAR = 1.2;

typedef struct job { tw_net *net; tw_opt *opt; tw_dataset *data; tw_batch b; int epoch; double loss; } job;

static tw_batch epoch_of(job *j) { return tw__batches(j->data, .size = BATCH, .shuffle = true, .epoch = j->epoch++, ); }

static void step(void *arg)
{
    job *j = arg;
    if (!tw__batches_next(&j->b)) {
        tw__batches_end(&j->b);
        j->b = epoch_of(j);
        tw__batches_next(&j->b);
    }
    tw_node *logits = demo_net(j->net, j->b.x), *loss = tw_cross_entropy(logits, j->b.y), *acc = tw_want(tw_accuracy(logits, j->b.y));
    tw_opt_step(j->opt, loss);
    j->loss = tw_item(loss) + 0 * tw_item(acc);
}

static job prepare(tw_ctx *cx)
{
    tw_node *x = tw_uniform(cx, TW_SHAPE(PICTURES, 28, 28, 1)), *y = tw_mod(tw_arange(cx, PICTURES), 10);
    job j = { .net = tw_net_new(cx), .data = tw_dataset_tensors(x, y) };
    j.opt = tw_adam(j.net, .schedule = tw_inverse_time(0.002, 1000));
    j.b = epoch_of(&j);
    return j;
}

void demo(void)
{
    tally t = { .section = "demo", .what = "a training step by PyTorch", .bar = BAR };
    tw_ctx *cx[2];
    job j[2];
    contestant c[6], *all[6];
    remote eager = { "torch.demo", BATCH }, compiled = { "torch.demo_compiled", BATCH };
    open_contexts(cx);
    for (int k = 0; k < set.n_threads; k++) {
        j[k] = prepare(cx[k]);
        c[3 * k] = (contestant){ .name = "ours", .threads = set.threads[k], .run = step, .arg = &j[k] };
        c[3 * k + 1] = (contestant){ .name = "PyTorch", .threads = set.threads[k], .block = remote_block, .arg = &eager };
        c[3 * k + 2] = (contestant){ .name = "PyTorch, compiled", .threads = set.threads[k], .block = remote_block, .arg = &compiled };
    }
    for (int k = 0; k < 3 * set.n_threads; k++) all[k] = &c[k];
    for (int k = 0; k < set.n_threads; k++) step(&j[k]);
    alternate(3 * set.n_threads, all);
    for (int k = 0; k < set.n_threads; k++) {
        const contestant *best = &c[3 * k + 1];
        for (int i = 3 * k; i < 3 * k + 3; i++)
            if (c[i].ns > 0)
                printf("{\"bench\": \"kernels\", \"section\": \"demo\", \"by\": \"%s\", \"threads\": %d, \"images_per_second\": %.0f}\n", c[i].name,
                       c[i].threads, BATCH * 1e9 / c[i].ns);
        if (c[3 * k + 2].ns > 0 && (best->ns == 0 || c[3 * k + 2].ns < best->ns)) best = &c[3 * k + 2];
        row(&t, "step", set.threads[k], c[3 * k].ns, 0, best->name, best->ns);
        if (!isfinite(j[k].loss)) exit(1);
        tw__batches_end(&j[k].b);
    }
    conclude(&t);
    close_contexts(cx);
}
