/* kmeans.c - the squared distance of points to the nearest of k centroids, and the step that Newton's method takes.
 *
 *     min_j |p - c_j|^2 = |p|^2 + min_j (|c_j|^2 - 2 p.c_j)
 *
 * A centroid's coordinates do not meet in the cost, so the Hessian is its diagonal, which is the Hessian times ones:
 * forward mode of the gradient that is there already, where tw_hvp would make one of its own.
 */
#include "bench/gradbench/gradbench.h"

enum { POINTS, CENTROIDS };

static void read_input(job *j)
{
    j->in[POINTS] = numbers(j, "points");
    j->in[CENTROIDS] = numbers(j, "centroids");
}

static tw_node *squares(tw_node *x) { return tw_sum(tw_square(x), .axes = TW_AXES(1)); }

static tw_node *distances(const job *j)
{
    tw_node *products = tw_matmul(j->in[POINTS], j->in[CENTROIDS], .transpose_b = true);
    tw_node *nearest = tw_min(tw_sub(squares(j->in[CENTROIDS]), tw_mul(2, products)), .axes = TW_AXES(1));
    return tw_sum(tw_add(squares(j->in[POINTS]), nearest));
}

static void cost(job *j) { answer(j, NULL, distances(j)); }

static void dir(job *j)
{
    tw_node *y = distances(j), *c = j->in[CENTROIDS];
    tw_node *g = tw_grad(y, c), *ones = tw_ones(j->cx, tw_shape_of(c));
    answer(j, NULL, tw_div(g, tw_jvp(g, 1, &c, &ones)));
}

static json_t *sample(void) { return json_pack("{s:o, s:o}", "points", DRAWN(UNIFORM, 10000, 8), "centroids", DRAWN(UNIFORM, 100, 8)); }

const evaluation kmeans_evaluation = {
    .name = "kmeans", .read = read_input, .sample = sample,
    .functions = (const function[]){ { .name = "cost", .run = cost }, { .name = "dir", .run = dir }, { 0 } },
};
