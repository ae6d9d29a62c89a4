/* cybenko.c - sums of sigmoids come uniformly near to a continuous function: the largest error as the width grows.
 *
 * Cybenko (1989): for f continuous on [0, 1]^n and any e > 0 there are a width H and numbers with
 *
 *     | sum over h < H of a_h s(<x, w_h> - w_0h)  -  f(x) |  <  e     for all x in [0, 1]^n.
 *
 * Here n is 2. The numbers are found by Levenberg and Marquardt on a grid, the largest error is looked for on one that
 * is four times finer. Beside it stands that of a table of f with as many numbers as the network has.
 *
 *     cybenko [width]         up to that width (64); draws cybenko.svg
 *
 * SPDX-License-Identifier: MIT
 */
#include <thalweg.h>

#include <math.h>
#include <stdlib.h>

/* All pairs of n numbers from 0 to 1: [n * n, 2]. */
static tw_node *grid(tw_ctx *cx, int64_t n)
{
    tw_node *side = tw_linspace(cx, 0, 1, n);
    return tw_cartesian_prod(2, ((tw_node *[]){ side, side }));
}

/* Waves, and a ridge along the diagonal. */
static tw_node *f(tw_node *x)
{
    tw_node *u = tw_index(x, .axis = 1, .at = 0), *v = tw_index(x, .axis = 1, .at = 1);
    tw_node *waves = tw_mul(tw_sin(tw_mul(2 * M_PI, u)), tw_cos(tw_mul(3, v)));
    return tw_add(waves, tw_exp(tw_mul(-30, tw_square(tw_sub(u, v)))));
}

static tw_node *network(tw_net *net, tw_node *x, int width)
{
    x = tw_sigmoid(tw_nn_dense(net, "w", x, .units = width, .init = tw_normal_init(4), .bias_init = tw_uniform_init(3)));
    return tw_squeeze(tw_nn_dense(net, "a", x, .units = 1, .no_bias = true, .init = tw_normal_init(0.3)));
}

/* f at the middle of the cell in which x lies, of n along each axis. */
static tw_node *table(tw_node *x, double n) { return f(tw_div(tw_add(tw_floor(tw_mul(n, x)), 0.5), n)); }

typedef struct fit { tw_net *net; tw_node *x; int width; } fit;
static tw_node *residuals(void *user)
{
    const fit *k = user;
    return tw_sub(network(k->net, k->x, k->width), f(k->x));
}

static double largest_error(tw_node *y, tw_node *x) { return tw_item(tw_max(tw_abs(tw_sub(y, f(x))))); }

int main(int argc, char **argv)
{
    const int most = argc > 1 ? atoi(argv[1]) : 64;
    tw_ctx  *cx = tw_open(.seed = 1, .dtype = TW_F64);
    tw_node *x  = grid(cx, 33), *fine = grid(cx, 129);
    tw_plot *p  = tw_plot_new(cx, .title = "Uniform approximation by one hidden layer", .x = "width", .y = "largest error", .log_x = true, .log_y = true);

    printf("largest error  %8s %8s\n", "network", "table");
    for (int width = 1; width <= most && tw_ok(cx); width *= 2) {
        fit k = { tw_net_new(cx), x, width };
        tw_opt_minimise(tw_levenberg(k.net, .iterations = 60), residuals, &k);

        TW_SCOPE(cx);
        const double ours = largest_error(network(k.net, fine, width), fine);
        const double plain = largest_error(table(fine, sqrt((double)tw_net_count(k.net))), fine);
        tw_plot_line(p, "network", width, ours);
        tw_plot_line(p, "table of as many numbers", width, plain);
        printf("width %-8d %8.4f %8.4f\n", width, ours, plain);
    }
    if (tw_plot_write(p, "cybenko.svg")) printf("picture: cybenko.svg\n");
    return tw_close(cx);
}
