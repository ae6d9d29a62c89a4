/* resnet.c - layers that add to what they get: a residual network tells clothes apart.
 *
 * A block of two convolutions computes what is to be added to its input, so that a gradient passes undisturbed by
 * way of the sum, however many blocks there are (He et al. 2016). Pictures are shifted and flipped anew in each epoch;
 * the rate rises and falls once. The baseline is logistic regression on the pixels.
 *
 *     resnet [epochs [limit]]         5 and 60,000 by default; reads data/train-images-idx3-ubyte.gz and others,
 *                                     draws resnet.svg
 * SPDX-License-Identifier: MIT
 */
#include <thalweg.h>

#include <stdlib.h>
#include <unistd.h>

enum { CLASSES = 10, BATCH = 64, NO_DATA = 77 };

static tw_node *convolution(tw_net *net, const char *name, tw_node *x, int filters, int stride)
{
    tw_net_scope(net, name);
    x = tw_nn_conv2d(net, "conv", x, .filters = filters, .kernel = {3}, .stride = { stride }, .padding = TW_PAD(1), .no_bias = true, .init = tw_he_normal);
    return tw_nn_batch_norm(net, "norm", x);
}

static tw_node *block(tw_net *net, const char *name, tw_node *x, int filters, int stride)
{
    tw_net_scope(net, name);
    tw_node *y = tw_relu(convolution(net, "first", x, filters, stride));
    return tw_relu(tw_nn_residual(net, "sum", x, convolution(net, "second", y, filters, 1)));
}

static tw_node *resnet(tw_net *net, tw_node *x, void *user)         /* [n, 28, 28, 1] -> [n, 10] */
{
    (void)user;
    x = tw_relu(convolution(net, "begin", x, 16, 2));               /* [n, 14, 14, 16] */
    x = block(net, "block1", x, 16, 1);
    x = block(net, "block2", x, 32, 2);                             /* [n, 7, 7, 32] */
    x = block(net, "block3", x, 32, 1);
    x = block(net, "block4", x, 64, 2);                             /* [n, 4, 4, 64] */
    x = block(net, "block5", x, 64, 1);
    return tw_nn_dense(net, "classes", tw_mean(x, .axes = TW_AXES(1, 2)), .units = CLASSES);
}

static tw_node *logistic(tw_net *net, tw_node *x, void *user) { return (void)user, tw_nn_dense(net, "classes", tw_flatten(x), .units = CLASSES); }

typedef struct curve { tw_plot *plot; const char *name; } curve;

static bool draw(const tw_epoch *e, void *user)
{
    const curve *c = user;
    tw_plot_line(c->plot, c->name, e->epoch + 1, 100 * (1 - e->valid_metric));
    return true;
}

static double learn(tw_net *net, tw_model_fn model, double highest, int epochs, tw_dataset *train, tw_dataset *test, curve c)
{
    const int64_t steps = epochs * ((tw_dataset_count(train) + BATCH - 1) / BATCH);
    return tw_fit(net, model, .loss = tw_cross_entropy_loss, .metric = tw_accuracy_metric, .train = train, .valid = test, .epochs = epochs,
                  .batch = BATCH, .opt = tw_adamw(net, .schedule = tw_one_cycle(highest, steps)), .on_epoch = draw, .user = &c).last.valid_metric;
}

static tw_dataset *part(tw_ctx *cx, const char *images, const char *labels, int limit)
{
    return tw_dataset_idx(cx, images, labels, .scale = 1 / 255.0, .limit = limit);
}

int main(int argc, char **argv)
{
    if (access("data/train-images-idx3-ubyte.gz", R_OK) != 0) return fprintf(stderr, "no data: ./dev example fetches them\n"), NO_DATA;
    const int   epochs = argc > 1 ? atoi(argv[1]) : 5, limit = argc > 2 ? atoi(argv[2]) : 0;
    tw_ctx     *cx    = tw_open(.seed = 1);
    tw_dataset *train = part(cx, "data/train-images-idx3-ubyte.gz", "data/train-labels-idx1-ubyte.gz", limit);
    tw_dataset *test  = part(cx, "data/t10k-images-idx3-ubyte.gz", "data/t10k-labels-idx1-ubyte.gz", limit);
    tw_net     *plain = tw_net_new(cx), *net = tw_net_new(cx);
    tw_plot    *p     = tw_plot_new(cx, .title = "Fashion-MNIST", .x = "epochs", .y = "pictures taken for another class, %");

    const double linear = learn(plain, logistic, 2e-3, epochs, train, test, (curve){ p, "logistic regression" });
    const double ours   = learn(net, resnet, 1e-2, epochs, tw_dataset_augment(train, .shift = 1, .flip = true), test, (curve){ p, "residual network" });
    printf("test accuracy: logistic regression %.4f, residual network of %lld parameters %.4f\n", linear, (long long)tw_net_count(net), ours);
    if (tw_plot_write(p, "resnet.svg")) printf("picture: resnet.svg\n");
    return tw_close(cx);
}
