/* regression.c - how strong will this concrete be, and how sure is that? An ensemble of networks that say so.
 *
 * 1,030 mixtures of eight numbers (cement, slag, ash, water, ..., age) with their strength in MPa (Yeh 1998). Each network
 * gives the mean and the variance of a Gaussian, whose negative log-likelihood is its loss; five that differ in their
 * first weights give a mixture, with the mean of the means and, by the law of total variance, the mean of the variances
 * plus the variance of the means (Lakshminarayanan et al. 2017). The baseline is linear regression.
 *
 *     regression [epochs]         200 by default; reads data/concrete.csv, draws regression.svg
 *
 * SPDX-License-Identifier: MIT
 */
#include <thalweg.h>

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { MEMBERS = 5, NO_DATA = 77 };
static const char file[] = "data/concrete.csv";
static const char *const names[MEMBERS] = { "first", "second", "third", "fourth", "fifth" };

/* Of the targets, before anything is learned. */
typedef struct scale { double mean, std; } scale;

/* [n, 8] -> [n, 2], of which the Gaussian is made. */
static tw_node *model(tw_net *net, tw_node *x, void *user)
{
    (void)user;
    x = tw_silu(tw_nn_dense(net, "hidden1", x, .units = 64));
    x = tw_silu(tw_nn_dense(net, "hidden2", x, .units = 64));
    return tw_nn_dense(net, "output", x, .units = 2);
}

static tw_node *mean(tw_node *y, const scale *s)
{
    return tw_add(s->mean, tw_mul(s->std, tw_index(y, .axis = 1, .at = 0)));
}

static tw_node *variance(tw_node *y, const scale *s)
{
    return tw_mul(s->std * s->std, tw_softplus(tw_index(y, .axis = 1, .at = 1)));
}

static tw_node *loss(tw_node *y, tw_node *target, void *user)
{
    return tw_gaussian_nll(mean(y, user), variance(y, user), target);
}

/* Features of linear regression: the numbers, and a one. */
static tw_node *with_one(tw_net *net, tw_node *x, void *user)
{
    (void)net, (void)user;
    return tw_pad(x, .after = { 0, 1 }, .value = 1);
}

/* The errors beside the deviations that were announced: most should lie within twice that. */
static void draw(tw_ctx *cx, tw_node *error, tw_node *deviation)
{
    tw_plot *p = tw_plot_new(cx, .title = "Strength of concrete not seen before", .x = "deviation announced, MPa", .y = "error, MPa");
    const double *e = tw_f64(error), *d = tw_f64(deviation);
    const double most = tw_item(tw_max(deviation));
    tw_plot_band(p, "two deviations", 0, 0, 0), tw_plot_band(p, "two deviations", most, -2 * most, 2 * most);
    for (int64_t i = 0; e && d && i < tw_count(error); i++) tw_plot_dot(p, "a mixture", d[i], e[i]);
    if (tw_plot_write(p, "regression.svg")) printf("picture: regression.svg\n");
}

int main(int argc, char **argv)
{
    if (access(file, R_OK) != 0) return fprintf(stderr, "no %s: ./dev example fetches it\n", file), NO_DATA;
    tw_ctx     *cx = tw_open(.seed = 1, .dtype = TW_F64);
    tw_dataset *all = tw_dataset_table(tw_csv_read(cx, file), "compressive_strength", .standardise = true), *train, *test;
    tw_dataset_split(all, &train, &test, .second = 0.2);

    tw_node *y = tw_dataset_targets(test), *known = tw_dataset_targets(train);
    scale s = { tw_item(tw_mean(known)), tw_item(tw_std(known)) };
    tw_node *m[MEMBERS], *v[MEMBERS];
    for (int i = 0; i < MEMBERS; i++) {
        tw_net *net = tw_net_new(cx);
        tw_net_scope(net, names[i]);                        /* first weights depend on the names */
        tw_fit(net, model, .loss = loss, .train = train, .opt = tw_adam(net, .lr = 3e-3, .weight_decay = 0.01), .user = &s,
               .epochs = argc > 1 ? atoi(argv[1]) : 200, .quiet = true);
        tw_node *answer = tw_predict(net, model, test);
        m[i] = mean(answer, &s), v[i] = variance(answer, &s);
    }
    tw_node *means = tw_stack(MEMBERS, m), *predicted = tw_mean(means, .axes = TW_AXES(0));
    tw_node *deviation = tw_sqrt(tw_add(tw_mean(tw_stack(MEMBERS, v), .axes = TW_AXES(0)), tw_var(means, .axes = TW_AXES(0))));
    tw_node *error = tw_sub(y, predicted), *within = tw_less_equal(tw_abs(error), tw_mul(1.96, deviation));

    tw_net  *none = tw_net_new(cx);
    tw_node *linear = tw_inner(tw_predict(none, with_one, test), tw_lstsq(tw_predict(none, with_one, train), known));
    printf("error of %lld strengths not seen (RMSE, MPa): linear %.2f, one network %.2f, five %.2f\n", (long long)tw_count(y),
           tw_rmse(linear, y), tw_rmse(m[0], y), tw_rmse(predicted, y));
    printf("R2: linear %.3f, five networks %.3f; %.1f %% lie within the interval of 95 %%\n", tw_r2(linear, y), tw_r2(predicted, y),
           100 * tw_item(tw_mean(tw_cast(within, TW_F64))));
    draw(cx, error, deviation);
    return tw_close(cx);
}
