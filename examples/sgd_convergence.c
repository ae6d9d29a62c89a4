/* sgd_convergence.c - which learning rates let stochastic gradient descent arrive: Robbins and Monro's condition at work.
 *
 * Steps of length h_t along an unbiased estimate of the gradient of a convex function lead to its minimum if
 *
 *     sum h_t = infinity,    sum h_t^2 < infinity.
 *
 * h0 / (1 + t/tau) meets both. A constant meets the first only: it comes near, and stays in a ball of noise.
 * h0 exp(-t/tau) meets the second only: it stops on the way. The function is the risk Q of linear regression, whose
 * minimum is known; each step looks at one random object. The baseline is the distance at the start.
 *
 *     sgd_convergence [steps]         100,000 by default; draws sgd_convergence.svg
 *
 * SPDX-License-Identifier: MIT
 */
#include <thalweg.h>

#include <math.h>
#include <stdlib.h>

enum { OBJECTS = 1000, FEATURES = 10 };

/* The distance of the weights to the minimum, every so often and at the end. */
static double descend(tw_node *x, tw_node *y, tw_node *best, tw_schedule h, int steps, tw_plot *p, const char *name)
{
    tw_ctx *cx  = tw_ctx_of(x);
    tw_net *net = tw_net_new(cx);
    tw_opt *opt = tw_sgd(net, .schedule = h);
    double distance = 0;
    for (int t = 1, shown = 1; t <= steps && tw_ok(cx); t++) {
        TW_SCOPE(cx);
        tw_node *i = tw_randint(cx, TW_SHAPE(1), 0, OBJECTS);
        tw_node *a = tw_nn_dense(net, "linear", tw_take(x, i), .units = 1, .no_bias = true, .init = tw_zeros_init);
        tw_opt_step(opt, tw_mean_squared_error(a, tw_take(y, i)));
        if (t < shown && t < steps) continue;
        distance = tw_item(tw_norm(tw_sub(tw_net_param(net, "linear/weight"), best)));
        tw_plot_line(p, name, t, distance);
        shown = t * 5 / 4 + 1;
    }
    return distance;
}

int main(int argc, char **argv)
{
    const int steps = argc > 1 ? atoi(argv[1]) : 100000;
    tw_ctx  *cx = tw_open(.seed = 1, .dtype = TW_F64);
    tw_node *x  = tw_normal(cx, TW_SHAPE(OBJECTS, FEATURES)), *truth = tw_normal(cx, TW_SHAPE(FEATURES, 1));
    tw_node *y  = tw_add(tw_matmul(x, truth), tw_normal(cx, TW_SHAPE(OBJECTS, 1)));
    tw_node *best = tw_lstsq(x, y);
    tw_plot *p = tw_plot_new(cx, .title = "Stochastic gradient, one object a step", .x = "steps", .y = "distance to the minimum", .log_x = true, .log_y = true);

    const struct { const char *name; tw_schedule h; } rates[] = {
        { "constant",          tw_constant_rate(0.02) },
        { "Robbins-Monro",     tw_inverse_time(0.02, 100) },
        { "falling too fast",  tw_exponential_decay(0.02, 0.98) },
    };
    printf("%-18s %8.4f\n", "at the start", tw_item(tw_norm(best)));
    for (int i = 0; i < 3; i++) printf("%-18s %8.4f\n", rates[i].name, descend(x, y, best, rates[i].h, steps, p, rates[i].name));
    if (tw_plot_write(p, "sgd_convergence.svg")) printf("picture: sgd_convergence.svg\n");
    return tw_close(cx);
}
