/* lecture_nets.c - the three networks of a first lecture, each trained on data that it makes.
 *
 *     lecture_nets [steps] [folder]
 *
 * All are linear(2, 5), relu, linear(5, 4), relu, linear(4, k) on points of the square [-1, 1] x [-1, 1].
 * What differs is the likelihood: Gaussian for a height, Bernoulli for a disc, categorical for rings.
 * Every step draws a new mini-batch, so the test points are points never seen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <thalweg.h>

static tw_node *perceptron(tw_net *net, tw_node *x, int outputs)
{
    x = tw_relu(tw_nn_dense(net, "hidden1", x, .units = 5, .init = tw_he_normal));
    x = tw_relu(tw_nn_dense(net, "hidden2", x, .units = 4, .init = tw_he_normal));
    return tw_nn_dense(net, "output", x, .units = outputs);
}

/* ---- what is to be learned, from points x [n, 2] */

static tw_node *radius2(tw_node *x) { return tw_sum(tw_square(x), .axes = TW_AXES(1), .keep_dims = true); }
static tw_node *height(tw_node *x)  { return tw_exp(tw_mul(-2.0, radius2(x))); }
static tw_node *disc(tw_node *x)    { return tw_cast(tw_less(radius2(x), 0.5), TW_F32); }

static tw_node *rings(tw_node *x)
{
    tw_node *r2 = tw_squeeze(radius2(x));
    return tw_add(tw_cast(tw_greater(r2, 0.3), TW_I32), tw_cast(tw_greater(r2, 0.8), TW_I32));
}

/* ---- loss and final layer, from the outputs z of the last linear layer */

static tw_node *squared(tw_node *z, tw_node *t)     { return tw_mean_squared_error(z, t); }
static tw_node *binary(tw_node *z, tw_node *t)      { return tw_binary_cross_entropy(z, t); }
static tw_node *categorical(tw_node *z, tw_node *t) { return tw_cross_entropy(z, t); }
static tw_node *identity(tw_node *z)                { return z; }
static tw_node *sigmoid(tw_node *z)                 { return tw_sigmoid(z); }
static tw_node *softmax(tw_node *z)                 { return tw_softmax(z); }

/* ---- how good it is, 1 at best */

static tw_node *explained(tw_node *z, tw_node *t)
{
    return tw_sub(1.0, tw_div(tw_mean_squared_error(z, t), tw_var(t)));
}

static tw_node *sides(tw_node *z, tw_node *t)
{
    return tw_mean(tw_cast(tw_equal(tw_cast(tw_greater(z, 0.0), TW_F32), t), TW_F32));
}

static tw_node *classes(tw_node *z, tw_node *t)     { return tw_accuracy(z, t); }

static const struct task {
    const char *name, *goodness;
    int         outputs;
    tw_node  *(*target)(tw_node *x), *(*loss)(tw_node *z, tw_node *t), *(*last)(tw_node *z), *(*good)(tw_node *z, tw_node *t);
} tasks[] = {
    { "regression", "variance explained", 1, height, squared,     identity, explained },
    { "binary",     "accuracy",           1, disc,   binary,      sigmoid,  sides     },
    { "classes",    "accuracy",           3, rings,  categorical, softmax,  classes   },
};

static void report(tw_net *net, const struct task *k, const char *when)
{
    TW_SCOPE(tw_net_ctx(net));
    tw_node *x = tw_uniform(tw_net_ctx(net), TW_SHAPE(1000, 2), .low = -1, .high = 1, .key = 1);
    tw_node *z = perceptron(net, x, k->outputs), *t = k->target(x), *both[] = { k->loss(z, t), k->good(z, t) };
    tw_eval_nodes(2, both);
    printf("%-10s  %-6s  loss %.4f  %s %.3f\n", k->name, when, tw_item(both[0]), k->goodness, tw_item(both[1]));
}

static void draw(tw_net *net, const struct task *k, const char *folder)
{
    char file[1024];
    snprintf(file, sizeof file, "%s/lecture_%s.dot", folder, k->name);
    TW_SCOPE(tw_net_ctx(net));
    tw_node *x = tw_named(tw_zeros(tw_net_ctx(net), TW_SHAPE(1, 2)), "x");
    tw_dot(tw_named(k->last(perceptron(net, x, k->outputs)), k->name), .file = file, .title = k->name);
}

int main(int argc, char **argv)
{
    const int steps = argc > 1 ? atoi(argv[1]) : 3000;
    tw_ctx *cx = tw_open(.seed = 3);
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        const struct task *k = &tasks[i];
        tw_net *net = tw_net_new(cx);
        tw_opt *opt = tw_adam(net, .schedule = tw_inverse_time(0.02, 500));

        report(net, k, "before");
        for (int step = 0; step < steps && tw_ok(cx); step++) {
            TW_SCOPE(cx);
            tw_node *x = tw_uniform(cx, TW_SHAPE(64, 2), .low = -1, .high = 1);
            tw_opt_step(opt, k->loss(perceptron(net, x, k->outputs), k->target(x)));
        }
        report(net, k, "after");
        draw(net, k, argc > 2 ? argv[2] : ".");
    }
    return tw_close(cx);
}
