/* fit.c - everything around a model in a few lines: a split, augmentation, early stopping, checkpoints, measures.
 *
 * The network and the pictures are those of fashion_mnist.c. A tenth of the pictures is held out to
 * choose the best epoch by; the others are shifted and flipped anew each epoch by a thread of its
 * own, and the weights that are judged are an average over the steps. Kill it, or press Ctrl-C, and
 * start it again with the same --checkpoint: it goes on, and ends with the same weights to the bit.
 *
 *     fit [--epochs n] [--limit n] [--data folder] [--checkpoint file] [--weights file] [--events folder]
 *         [--report file]
 *
 * --weights writes what torch.load_state_dict takes, --events what TensorBoard reads, --report a page for a browser.
 * SPDX-License-Identifier: MIT
 */
#include <thalweg.h>

#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

enum { CLASSES = 10, NO_DATA = 77 };

static const char *const names[CLASSES] = { "T-shirt", "trousers", "pullover", "dress", "coat",
                                            "sandal", "shirt", "sneaker", "bag", "ankle boot" };

static tw_node *model(tw_net *net, tw_node *x, void *user)      /* [batch, 28, 28, 1] -> [batch, 10] */
{
    (void)user;
    x = tw_nn_batch_norm(net, "norm1", tw_nn_conv2d(net, "conv1", x, .filters = 32, .kernel = {3}, .padding = TW_SAME));
    x = tw_max_pool2d(tw_relu(x), .window = {2});
    x = tw_nn_batch_norm(net, "norm2", tw_nn_conv2d(net, "conv2", x, .filters = 64, .kernel = {3}, .padding = TW_SAME));
    x = tw_max_pool2d(tw_relu(x), .window = {2});
    x = tw_relu(tw_nn_dense(net, "fc1", tw_flatten(x), .units = 128));
    return tw_nn_dense(net, "fc2", tw_nn_dropout(net, x, .p = 0.3), .units = CLASSES);
}

typedef struct options { int epochs; long limit; const char *data, *checkpoint, *weights, *events, *report; } options;

static options options_of(int argc, char **argv)
{
    static const struct option known[] = {
        { "epochs", required_argument, NULL, 'e' }, { "limit",   required_argument, NULL, 'l' }, { "data",   required_argument, NULL, 'd' },
        { "checkpoint", required_argument, NULL, 'c' }, { "weights", required_argument, NULL, 'w' }, { "events", required_argument, NULL, 'v' },
        { "report", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 },
    };
    options o = { .epochs = 10, .data = getenv("TW_DATA") };
    if (!o.data) o.data = "/usr/share/datasets/fashion-mnist";
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1; )
        switch (c) {
        case 'e': o.epochs = atoi(optarg); break;
        case 'l': o.limit  = atol(optarg); break;
        case 'd': o.data   = optarg; break;
        case 'c': o.checkpoint = optarg; break;
        case 'w': o.weights    = optarg; break;
        case 'v': o.events     = optarg; break;
        case 'r': o.report     = optarg; break;
        default:  exit(2);
        }
    return o;
}

/* "train" or "t10k". */
static tw_dataset *part(tw_ctx *cx, const options *o, const char *name)
{
    char images[4096], labels[4096];
    snprintf(images, sizeof images, "%s/%s-images-idx3-ubyte.gz", o->data, name);
    snprintf(labels, sizeof labels, "%s/%s-labels-idx1-ubyte.gz", o->data, name);
    if (access(images, R_OK) != 0) {
        fprintf(stderr, "cannot read %s: install dataset-fashion-mnist, or say --data folder\n", images);
        exit(NO_DATA);
    }
    tw_dataset *d = tw_dataset_idx(cx, images, labels, .scale = 1 / 255.0, .limit = o->limit);
    tw_dataset_name_classes(d, CLASSES, names);
    return d;
}

int main(int argc, char **argv)
{
    const options o = options_of(argc, argv);
    tw_ctx     *cx  = tw_open(.seed = 1);
    tw_net     *net = tw_net_new(cx);
    tw_opt     *opt = tw_adam(net, .schedule = tw_inverse_time(0.002, 1000), .average = tw_ema(0.995));
    tw_dataset *train, *valid, *unseen = part(cx, &o, "t10k");

    tw_dataset_split(part(cx, &o, "train"), &train, &valid, .second = 0.1, .stratified = true);
    train = tw_dataset_augment(train, .shift = 1, .flip = true);

    const tw_fit_result r = tw_fit(net, model, .loss = tw_cross_entropy_loss, .metric = tw_accuracy_metric, .opt = opt, .train = train,
                                   .valid = valid, .batch = 64, .epochs = o.epochs, .patience = 3, .checkpoint = o.checkpoint,
                                   .checkpoint_steps = 200, .events = o.events, .report = o.report);
    if (r.interrupted) printf("interrupted after %lld steps\n", (long long)r.steps);
    else if (r.ok) {
        TW_SCOPE(cx);
        tw_node *logits = tw_predict(net, model, unseen), *labels = tw_dataset_targets(unseen);
        printf("epoch %d was the best: test accuracy %.4f, among the best two %.4f, calibration error %.4f\n", r.best_epoch + 1,
               tw_item(tw_accuracy(logits, labels)), tw_top_k_accuracy(logits, labels, 2), tw_calibration_error(logits, labels, 0));
        if (o.weights) tw_net_save(net, o.weights, .names = TW_NAMES_TORCH);
    }
    return tw_close(cx);
}
