/* anomaly.c - readings of the space shuttle's radiators: a network that has seen only what is normal knows what is not.
 *
 * 58,000 readings of nine numbers (NASA, Statlog). An autoencoder is trained on normal ones (Rad.Flow) to give back
 * what it gets, through two numbers. It has not learned to give back other things: the error is the score. Of
 * readings it has not seen it should be higher for the abnormal ones; the measure is the area under the ROC curve,
 * 1 at best, 0.5 for a coin. The baseline is the distance from the mean.
 *
 *     anomaly [epochs]        20 by default; reads data/shuttle.csv, draws anomaly.svg
 *
 * SPDX-License-Identifier: MIT
 */
#include <thalweg.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FEATURES = 9, NO_DATA = 77 };
static const char file[] = "data/shuttle.csv";

/* What comes back minus what went in. */
static tw_node *error(tw_net *net, tw_node *x, void *user)
{
    (void)user;
    tw_node *h = tw_tanh(tw_nn_dense(net, "encoder1", x, .units = 32));
    h = tw_nn_dense(net, "encoder2", h, .units = 2);
    h = tw_tanh(tw_nn_dense(net, "decoder1", h, .units = 32));
    return tw_sub(tw_nn_dense(net, "decoder2", h, .units = FEATURES), x);
}

static tw_node *loss(tw_node *y, tw_node *target, void *user)
{
    (void)target, (void)user;
    return tw_mean(tw_abs(y));
}

/* From the mean, which is 0. */
static tw_node *distance(tw_net *net, tw_node *x, void *user)
{
    (void)net, (void)user;
    return x;
}

static tw_node *length(tw_node *x) { return tw_norm(x, .axes = TW_AXES(1)); }

/* The share of abnormal readings that is found, over the share of normal ones that is taken for abnormal. */
static void draw(tw_plot *p, const char *name, tw_node *scores, tw_node *labels)
{
    const int32_t *abnormal = tw_i32(tw_take(labels, tw_argsort(scores, .descending = true)));
    const double positives = tw_item(tw_sum(labels)), negatives = (double)tw_count(labels) - positives;
    double found = 0, wrong = 0;
    for (int64_t i = 0; abnormal && i < tw_count(labels); i++) {
        if (abnormal[i]) found++;
        else wrong++;
        if (i % 16 == 0) tw_plot_line(p, name, wrong / negatives, found / positives);
    }
}

int main(int argc, char **argv)
{
    if (access(file, R_OK) != 0) return fprintf(stderr, "no %s: ./dev example fetches it\n", file), NO_DATA;
    tw_ctx     *cx = tw_open(.seed = 1);
    tw_dataset *all = tw_dataset_table(tw_csv_read(cx, file), "Class", .standardise = true), *train, *test;
    tw_dataset_split(all, &train, &test, .second = 0.5, .stratified = true);

    int normal = 0;
    while (normal < tw_dataset_classes(all) && strcmp(tw_dataset_class_names(all)[normal], "Rad.Flow") != 0) normal++;
    tw_node *rows = tw_nonzero_now(tw_equal(tw_dataset_targets(train), normal));
    train = tw_dataset_take(train, tw_count(rows), tw_i64(rows));

    tw_net *net = tw_net_new(cx);
    tw_fit(net, error, .loss = loss, .train = train, .opt = tw_adam(net, .lr = 2e-3), .epochs = argc > 1 ? atoi(argv[1]) : 20, .batch = 128, .quiet = true);

    tw_node *abnormal = tw_cast(tw_not_equal(tw_dataset_targets(test), normal), TW_I32);
    tw_node *ours = length(tw_predict(net, error, test)), *plain = length(tw_predict(net, distance, test));
    printf("%lld of %lld readings are abnormal\n", (long long)tw_item(tw_sum(abnormal)), (long long)tw_count(abnormal));
    printf("area under the ROC curve: distance from the mean %.4f, autoencoder %.4f\n", tw_roc_auc(plain, abnormal), tw_roc_auc(ours, abnormal));
    printf("average precision:        distance from the mean %.4f, autoencoder %.4f\n", tw_average_precision(plain, abnormal), tw_average_precision(ours, abnormal));

    tw_plot *p = tw_plot_new(cx, .title = "Abnormal readings of a shuttle", .x = "normal taken for abnormal", .y = "abnormal found", .equal = true, .height = 560);
    draw(p, "autoencoder", ours, abnormal);
    draw(p, "distance from the mean", plain, abnormal);
    if (tw_plot_write(p, "anomaly.svg")) printf("picture: anomaly.svg\n");
    return tw_close(cx);
}
