/* fashion_mnist.c - a convolutional network learns to tell ten kinds of clothes apart.
 *
 * Fashion-MNIST has 60,000 pictures of 28 x 28 grey pixels to learn from and 10,000 to be tested on
 * (Xiao, Rasul and Vollgraf 2017; Debian: dataset-fashion-mnist). The network is the C function
 * `plain`. It is trained by Adam at a falling rate on shuffled mini-batches, with dropout; then
 * come the confusion matrix and the accuracy on the test pictures. The graph of one step, forward
 * and gradient, is left as fashion_mnist.dot and, if Graphviz is there, as fashion_mnist.svg.
 *
 *     fashion_mnist [--best] [--epochs n] [--limit n] [--data folder] [--out folder]
 *
 * --best takes a quarter of an hour instead of a minute, for a better network: `best` has batch normalisation and
 * residual blocks, learns from pictures that are moved by a pixel and mirrored at random, by
 * stochastic gradient with momentum at a rate that rises and then falls (one cycle), and smoothed
 * labels; in the test it is asked about each picture and its mirror image.
 * SPDX-License-Identifier: MIT
 */
#include <thalweg.h>

#include <getopt.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { CLASSES = 10, NO_DATA = 77 };

static const char *const names[CLASSES] = { "T-shirt", "trousers", "pullover", "dress", "coat",
                                            "sandal", "shirt", "sneaker", "bag", "ankle boot" };

typedef tw_node *(*model_fn)(tw_net *net, tw_node *x);

static tw_node *plain(tw_net *net, tw_node *x)      /* [batch, 28, 28, 1] -> [batch, 10] */
{
    x = tw_relu(tw_nn_conv2d(net, "conv1", x, .filters = 32, .kernel = {3}, .padding = TW_SAME));
    x = tw_max_pool2d(x, .window = {2});
    x = tw_relu(tw_nn_conv2d(net, "conv2", x, .filters = 64, .kernel = {3}, .padding = TW_SAME));
    x = tw_max_pool2d(x, .window = {2});
    x = tw_relu(tw_nn_dense(net, "fc1", tw_flatten(x), .units = 128));
    x = tw_nn_dropout(net, x, .p = 0.3);
    return tw_nn_dense(net, "fc2", x, .units = CLASSES);
}

/* Convolution, normalisation, relu; with the largest of each 2 x 2 pixels in between. */
static tw_node *layer(tw_net *net, const char *name, tw_node *x, int filters, bool halve)
{
    tw_net_scope(net, name);
    x = tw_nn_conv2d(net, "conv", x, .filters = filters, .kernel = {3}, .padding = TW_SAME, .no_bias = true, .init = tw_he_normal);
    if (halve) x = tw_max_pool2d(x, .window = {2});
    return tw_relu(tw_nn_batch_norm(net, "norm", x));
}

static tw_node *best(tw_net *net, tw_node *x)
{
    x = layer(net, "in", x, 32, true);
    x = layer(net, "wide1", x, 48, false);
    x = tw_add(x, layer(net, "block1", x, 48, false));
    x = layer(net, "wide2", x, 96, true);
    x = tw_add(x, layer(net, "block2", x, 96, false));
    x = tw_nn_dropout(net, tw_max(x, .axes = TW_AXES(1, 2)), .p = 0.1);
    return tw_nn_dense(net, "out", x, .units = CLASSES);
}

/* What an example's picture and its mirror image say together. */
static tw_node *best_twice(tw_net *net, tw_node *x)
{
    return tw_add(best(net, x), best(net, tw_flip(x, .axes = TW_AXES(2))));
}

typedef struct recipe { model_fn model, in_test; int epochs, batch; double smoothing; } recipe;

static const recipe recipes[] = { { plain, plain, 4, 64, 0 }, { best, best_twice, 18, 128, 0.1 } };

static void learn(const recipe *r, tw_net *net, tw_opt *opt, tw_dataset *data, int epoch, int epochs)
{
    TW_BATCHES(b, data, .size = r->batch, .shuffle = true, .epoch = epoch, .epochs = epochs) {
        tw_node *logits = r->model(net, b.x);
        tw_node *loss   = tw_cross_entropy(logits, b.y, .label_smoothing = r->smoothing);
        tw_node *acc    = tw_want(tw_accuracy(logits, b.y));
        tw_opt_step(opt, loss);
        tw_progress(&b, "loss %.3f, accuracy %.3f", tw_item(loss), tw_item(acc));
    }
}

static double test(const recipe *r, tw_net *net, tw_dataset *data)
{
    int64_t counts[CLASSES][CLASSES] = { { 0 } };
    tw_net_training(net, false);
    TW_BATCHES(b, data, .size = 250) tw_confusion(r->in_test(net, b.x), b.y, counts[0]);
    tw_confusion_print(stdout, CLASSES, counts[0], names);
    return tw_confusion_accuracy(CLASSES, counts[0]);
}

/* One step's loss and the gradients of all parameters, drawn but not computed. */
static void draw(const recipe *r, tw_net *net, tw_opt *opt, tw_dataset *data, const char *folder)
{
    char dot[4096], svg[4096];
    snprintf(dot, sizeof dot, "%s/fashion_mnist.dot", folder);
    snprintf(svg, sizeof svg, "%s/fashion_mnist.svg", folder);
    TW_BATCHES(b, data, .size = 64) {
        tw_node *all[32] = { tw_cross_entropy(r->model(net, b.x), b.y) }, **grads = tw_opt_grads(opt, all[0]);
        int n = 1;
        for (int i = 0; grads && n < 32 && i < tw_opt_count(opt); i++) all[n++] = grads[i];
        tw_dot_nodes(n, all, .file = dot, .title = "fashion_mnist: the loss of a batch, and its gradient");
        break;
    }
    if (tw_dot_render(dot, svg)) printf("the graph of a step: %s\n", svg);
}

/* "train" or "t10k". */
static tw_dataset *part(tw_ctx *cx, const char *folder, const char *name, long limit)
{
    char images[4096], labels[4096];
    snprintf(images, sizeof images, "%s/%s-images-idx3-ubyte.gz", folder, name);
    snprintf(labels, sizeof labels, "%s/%s-labels-idx1-ubyte.gz", folder, name);
    if (access(images, R_OK) != 0) {
        fprintf(stderr, "cannot read %s: install dataset-fashion-mnist, or say --data folder\n", images);
        exit(NO_DATA);
    }
    return tw_dataset_idx(cx, images, labels, .scale = 1 / 255.0, .limit = limit);
}

typedef struct options { bool best; int epochs; long limit; const char *data, *out; } options;

static options options_of(int argc, char **argv)
{
    static const struct option known[] = {
        { "epochs", required_argument, NULL, 'e' }, { "limit", required_argument, NULL, 'l' },
        { "data",   required_argument, NULL, 'd' }, { "out",   required_argument, NULL, 'o' }, { "best", no_argument, NULL, 'b' },
        { NULL, 0, NULL, 0 },
    };
    options o = { .data = getenv("TW_DATA"), .out = "." };
    if (!o.data) o.data = "/usr/share/datasets/fashion-mnist";
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1; )
        switch (c) {
        case 'b': o.best   = true; break;
        case 'e': o.epochs = atoi(optarg); break;
        case 'l': o.limit  = atol(optarg); break;
        case 'd': o.data   = optarg; break;
        case 'o': o.out    = optarg; break;
        default:
            fprintf(stderr, "usage: %s [--best] [--epochs n] [--limit n] [--data folder] [--out folder]\n", argv[0]);
            exit(2);
        }
    return o;
}

int main(int argc, char **argv)
{
    const options o = options_of(argc, argv);
    const recipe *r = &recipes[o.best];
    const int epochs = o.epochs ? o.epochs : r->epochs;
    const time_t begun = time(NULL);
    tw_ctx     *cx    = tw_open(.seed = 1);
    tw_dataset *train = part(cx, o.data, "train", o.limit), *unseen = part(cx, o.data, "t10k", o.limit);
    const int64_t steps = epochs * ((tw_dataset_count(train) + r->batch - 1) / r->batch);
    tw_net     *net   = tw_net_new(cx);
    tw_opt     *opt   = o.best ? tw_sgd(net, .schedule = tw_one_cycle(0.2, steps), .momentum = 0.9, .nesterov = true, .weight_decay = 5e-4)
                               : tw_adam(net, .schedule = tw_inverse_time(0.002, 1000));
    if (o.best) train = tw_dataset_augment(train, .shift = 1, .flip = true);

    draw(r, net, opt, train, o.out);
    printf("%lld parameters, %lld pictures to learn from, %lld to be tested on\n", (long long)tw_net_count(net),
           (long long)tw_dataset_count(train), (long long)tw_dataset_count(unseen));
    fflush(stdout);
    for (int epoch = 0; epoch < epochs; epoch++) learn(r, net, opt, train, epoch, epochs);

    const double accuracy = test(r, net, unseen);
    if (tw_ok(cx)) printf("test accuracy %.4f, %lld s\n", accuracy, (long long)(time(NULL) - begun));
    return tw_close(cx);
}
