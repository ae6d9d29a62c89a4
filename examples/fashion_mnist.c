/* fashion_mnist.c - a convolutional network learns to tell ten kinds of clothes apart.
 *
 * Fashion-MNIST has 60,000 pictures of 28 x 28 grey pixels to learn from and 10,000 to be tested on
 * (Xiao, Rasul and Vollgraf 2017; Debian: dataset-fashion-mnist). The network is the C function
 * `model`. It is trained by Adam at a falling rate on shuffled mini-batches, with dropout; then
 * come the confusion matrix and the accuracy on the test pictures. The graph of one step, forward
 * and gradient, is left as fashion_mnist.dot and, if Graphviz is there, as fashion_mnist.svg.
 *
 *     fashion_mnist [--epochs n] [--limit n] [--data folder] [--out folder]
 *
 * SPDX-License-Identifier: MIT
 */
#include <thalweg.h>

#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

enum { CLASSES = 10, NO_DATA = 77 };

static const char *const names[CLASSES] = { "T-shirt", "trousers", "pullover", "dress", "coat",
                                            "sandal", "shirt", "sneaker", "bag", "ankle boot" };

static tw_node *model(tw_net *net, tw_node *x)      /* [batch, 28, 28, 1] -> [batch, 10] */
{
    x = tw_relu(tw_nn_conv2d(net, "conv1", x, .filters = 32, .kernel = {3}, .padding = TW_SAME));
    x = tw_max_pool2d(x, .window = {2});
    x = tw_relu(tw_nn_conv2d(net, "conv2", x, .filters = 64, .kernel = {3}, .padding = TW_SAME));
    x = tw_max_pool2d(x, .window = {2});
    x = tw_relu(tw_nn_dense(net, "fc1", tw_flatten(x), .units = 128));
    x = tw_nn_dropout(net, x, .p = 0.3);
    return tw_nn_dense(net, "fc2", x, .units = CLASSES);
}

static void learn(tw_net *net, tw_opt *opt, tw_dataset *data, int epoch, int epochs)
{
    TW_BATCHES(b, data, .size = 64, .shuffle = true, .epoch = epoch, .epochs = epochs) {
        tw_node *logits = model(net, b.x);
        tw_node *loss   = tw_cross_entropy(logits, b.y);
        tw_node *acc    = tw_want(tw_accuracy(logits, b.y));
        tw_opt_step(opt, loss);
        tw_progress(&b, "loss %.3f, accuracy %.3f", tw_item(loss), tw_item(acc));
    }
}

static double test(tw_net *net, tw_dataset *data)
{
    int64_t counts[CLASSES][CLASSES] = { { 0 } };
    tw_net_training(net, false);
    TW_BATCHES(b, data, .size = 250) tw_confusion(model(net, b.x), b.y, counts[0]);
    tw_confusion_print(stdout, CLASSES, counts[0], names);
    return tw_confusion_accuracy(CLASSES, counts[0]);
}

/* One step's loss and the gradients of all parameters, drawn but not computed. */
static void draw(tw_net *net, tw_opt *opt, tw_dataset *data, const char *folder)
{
    char dot[4096], svg[4096];
    snprintf(dot, sizeof dot, "%s/fashion_mnist.dot", folder);
    snprintf(svg, sizeof svg, "%s/fashion_mnist.svg", folder);
    TW_BATCHES(b, data, .size = 64) {
        tw_node *all[32] = { tw_cross_entropy(model(net, b.x), b.y) }, **grads = tw_opt_grads(opt, all[0]);
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

typedef struct options { int epochs; long limit; const char *data, *out; } options;

static options options_of(int argc, char **argv)
{
    static const struct option known[] = {
        { "epochs", required_argument, NULL, 'e' }, { "limit", required_argument, NULL, 'l' },
        { "data",   required_argument, NULL, 'd' }, { "out",   required_argument, NULL, 'o' }, { NULL, 0, NULL, 0 },
    };
    options o = { .epochs = 4, .data = getenv("TW_DATA"), .out = "." };
    if (!o.data) o.data = "/usr/share/datasets/fashion-mnist";
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1; )
        switch (c) {
        case 'e': o.epochs = atoi(optarg); break;
        case 'l': o.limit  = atol(optarg); break;
        case 'd': o.data   = optarg; break;
        case 'o': o.out    = optarg; break;
        default:
            fprintf(stderr, "usage: %s [--epochs n] [--limit n] [--data folder] [--out folder]\n", argv[0]);
            exit(2);
        }
    return o;
}

int main(int argc, char **argv)
{
    const options o = options_of(argc, argv);
    tw_ctx     *cx    = tw_open(.seed = 1);
    tw_dataset *train = part(cx, o.data, "train", o.limit), *unseen = part(cx, o.data, "t10k", o.limit);
    tw_net     *net   = tw_net_new(cx);
    tw_opt     *opt   = tw_adam(net, .schedule = tw_inverse_time(0.002, 1000));

    draw(net, opt, train, o.out);
    printf("%lld parameters, %lld pictures to learn from, %lld to be tested on\n", (long long)tw_net_count(net),
           (long long)tw_dataset_count(train), (long long)tw_dataset_count(unseen));
    fflush(stdout);
    for (int epoch = 0; epoch < o.epochs; epoch++) learn(net, opt, train, epoch, o.epochs);

    const double accuracy = test(net, unseen);
    if (tw_ok(cx)) printf("test accuracy %.4f\n", accuracy);
    return tw_close(cx);
}
