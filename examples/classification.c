/* classification.c - which of 26 letters is it, and how much is that answer worth? Temperature makes confidence honest.
 *
 * 20,000 letters in many fonts, distorted, each as 16 numbers (Frey and Slate 1991). A network is trained by
 * cross-entropy until it knows its examples by heart; then it is sure of more than it knows. Its logits divided by one
 * number T, chosen by maximum likelihood on examples held out, have the same largest place and a fitting
 * confidence (Guo et al. 2017). The baseline is logistic regression.
 *
 *     classification [epochs]         40 by default; reads data/letters.csv, draws classification.svg
 *
 * SPDX-License-Identifier: MIT
 */
#include <thalweg.h>

#include <stdlib.h>
#include <unistd.h>

enum { CLASSES = 26, BINS = 10, NO_DATA = 77 };
static const char file[] = "data/letters.csv";

static tw_node *logistic(tw_net *net, tw_node *x, void *user)
{
    (void)user;
    return tw_nn_dense(net, "output", x, .units = CLASSES);
}

static tw_node *perceptron(tw_net *net, tw_node *x, void *user)
{
    x = tw_relu(tw_nn_dense(net, "hidden1", x, .units = 128, .init = tw_he_normal));
    x = tw_relu(tw_nn_dense(net, "hidden2", x, .units = 128, .init = tw_he_normal));
    return logistic(net, x, user);
}

/* ---- temperature */

typedef struct held_out { tw_net *net; tw_node *logits, *labels; } held_out;

static tw_node *tempered(tw_net *net, tw_node *logits)
{
    return tw_div(logits, tw_nn_param(net, "temperature", TW_SCALAR_SHAPE, tw_ones_init));
}

static tw_node *likelihood(void *user)
{
    const held_out *h = user;
    return tw_cross_entropy(tempered(h->net, h->logits), h->labels);
}

/* ---- what came out */

static void draw(tw_plot *p, const char *name, tw_node *logits, tw_node *labels)
{
    const float   *sure = tw_f32(tw_max(tw_softmax(logits), .axes = TW_AXES(-1)));
    const int64_t *said = tw_i64(tw_argmax(logits, .axis = -1));
    const int32_t *is   = tw_i32(labels);
    double sum[BINS] = { 0 }, right[BINS] = { 0 };
    int    n[BINS] = { 0 };
    for (int64_t i = 0; sure && said && is && i < tw_count(labels); i++) {
        const int k = sure[i] < 1 ? (int)(BINS * sure[i]) : BINS - 1;
        sum[k] += (double)sure[i], right[k] += said[i] == is[i], n[k]++;
    }
    for (int k = 0; k < BINS; k++)
        if (n[k] >= 10) tw_plot_line(p, name, sum[k] / n[k], right[k] / n[k]);
}

static void tell(const char *name, tw_node *logits, tw_node *labels)
{
    printf("%-22s accuracy %.4f  cross-entropy %.4f  calibration error %.4f\n", name, tw_item(tw_accuracy(logits, labels)),
           tw_item(tw_cross_entropy(logits, labels)), tw_calibration_error(logits, labels, BINS));
}

int main(int argc, char **argv)
{
    if (access(file, R_OK) != 0) return fprintf(stderr, "no %s: ./dev example fetches it\n", file), NO_DATA;
    const int   epochs = argc > 1 ? atoi(argv[1]) : 40;
    tw_ctx     *cx = tw_open(.seed = 1);
    tw_dataset *all = tw_dataset_table(tw_csv_read(cx, file), "lettr", .standardise = true), *train, *rest, *valid, *test;
    tw_dataset_split(all, &rest, &test, .second = 0.2, .stratified = true);
    tw_dataset_split(rest, &train, &valid, .second = 0.1, .stratified = true);

    tw_net *plain = tw_net_new(cx), *net = tw_net_new(cx);
    tw_fit(plain, logistic, .loss = tw_cross_entropy_loss, .train = train, .opt = tw_adam(plain, .lr = 0.01), .epochs = epochs, .batch = 128, .quiet = true);
    tw_fit(net, perceptron, .loss = tw_cross_entropy_loss, .train = train, .epochs = epochs, .batch = 128, .quiet = true,
           .opt = tw_adam(net, .schedule = tw_cosine(3e-3, 1e-5, epochs * tw_dataset_count(train) / 128)));

    held_out h = { tw_net_new(cx), tw_predict(net, perceptron, valid), tw_dataset_targets(valid) };
    tw_opt_minimise(tw_lbfgs(h.net), likelihood, &h);

    tw_node *labels = tw_dataset_targets(test), *logits = tw_predict(net, perceptron, test), *honest = tempered(h.net, logits);
    tell("logistic regression", tw_predict(plain, logistic, test), labels);
    tell("network", logits, labels);
    tell("network, calibrated", honest, labels);
    printf("temperature %.2f\n", tw_item(tw_net_param(h.net, "temperature")));

    tw_plot *p = tw_plot_new(cx, .title = "Letters: confidence and truth", .x = "mean confidence", .y = "share that is right", .equal = true, .height = 560);
    tw_plot_line(p, "honest", 0, 0), tw_plot_line(p, "honest", 1, 1);
    draw(p, "network", logits, labels);
    draw(p, "calibrated", honest, labels);
    if (tw_plot_write(p, "classification.svg")) printf("picture: classification.svg\n");
    return tw_close(cx);
}
