/* ba.c - bundle adjustment: reprojection errors of p observations, each of one camera and one point.
 *
 * Components are rows, observations columns, so all arithmetic is on vectors of length p. The Jacobian is p blocks of
 * 2 by 15 (11 of the camera, 3 of the point, 1 weight) and p numbers below. As an observation reads no other's
 * parameters, the sums of all first and of all second errors have the blocks' rows for gradients.
 */
#include "bench/gradbench/gradbench.h"

#include <stdlib.h>

enum { CAMERA = 11, POINT = 3, COLUMNS = CAMERA + POINT + 1, SHOWN = 2 * COLUMNS };
enum { CAMERAS, POINTS, WEIGHTS, FEATURES, CAMERA_OF, POINT_OF };
enum { N, M, P };

static tw_node *repeated(tw_node *column, int64_t rows, int64_t n)
{
    return tw_broadcast_to(tw_reshape(column, TW_SHAPE(rows, 1)), TW_SHAPE(rows, n));
}

static tw_node *modulo(job *j, int64_t count, int64_t n)
{
    return tw_mod(tw_arange(j->cx, count), tw_cast(tw_scalar(j->cx, (double)n), TW_I64));
}

static void read_input(job *j)
{
    const int64_t n = integer(j, "n"), m = integer(j, "m"), p = integer(j, "p");
    tw_node *cam = numbers(j, "cam"), *x = numbers(j, "x"), *w = numbers(j, "w"), *feat = numbers(j, "feat");
    if (n < 1 || m < 1 || p < 1) fault(j, "n, m, p are %lld, %lld, %lld", (long long)n, (long long)m, (long long)p);
    if (*j->error) return;
    j->size[N] = n, j->size[M] = m, j->size[P] = p;
    j->in[CAMERAS] = repeated(cam, CAMERA, n);
    j->in[POINTS] = repeated(x, POINT, m);
    j->in[WEIGHTS] = repeated(w, 1, p);
    j->in[FEATURES] = repeated(feat, 2, p);
    j->in[CAMERA_OF] = modulo(j, p, n);
    j->in[POINT_OF] = modulo(j, p, m);
}

static tw_node *rows(tw_node *x, int first, int n) { return tw_slice(x, .start = { first }, .size = { n }); }
static tw_node *dot(tw_node *a, tw_node *b) { return tw_sum(tw_mul(a, b), .axes = TW_AXES(0), .keep_dims = true); }

/* v x p by rows. */
static tw_node *cross(tw_node *v, tw_node *p)
{
    tw_node *out[3];
    for (int i = 0; i < 3; i++) {
        const int a = (i + 1) % 3, b = (i + 2) % 3;
        out[i] = tw_sub(tw_mul(rows(v, a, 1), rows(p, b, 1)), tw_mul(rows(v, b, 1), rows(p, a, 1)));
    }
    return tw_concat(3, out);
}

/* p turned about r by |r|, by Rodrigues; about 0 to first order, so that the derivative is there. */
static tw_node *turned(tw_node *r, tw_node *p)
{
    tw_node *square = dot(r, r), *zero = tw_equal(square, 0);
    tw_node *theta = tw_sqrt(tw_where(zero, 1, square)), *v = tw_div(r, theta), *c = tw_cos(theta);
    tw_node *along = tw_mul(v, tw_mul(dot(v, p), tw_sub(1, c)));
    tw_node *turn = tw_add(tw_add(tw_mul(p, c), tw_mul(cross(v, p), tw_sin(theta))), along);
    return tw_where(zero, tw_add(p, cross(r, p)), turn);
}

/* [2, p] from the parameters of each observation. */
static tw_node *errors(tw_node *cam, tw_node *x, tw_node *w, tw_node *feat)
{
    tw_node *seen = turned(rows(cam, 0, 3), tw_sub(x, rows(cam, 3, 3)));
    tw_node *flat = tw_div(rows(seen, 0, 2), rows(seen, 2, 1)), *rho = dot(flat, flat);
    tw_node *bend = tw_add(1, tw_mul(rho, tw_add(rows(cam, 9, 1), tw_mul(rows(cam, 10, 1), rho))));
    tw_node *shown = tw_add(tw_mul(tw_mul(flat, bend), rows(cam, 6, 1)), rows(cam, 7, 2));
    return tw_mul(w, tw_sub(shown, feat));
}

typedef struct observed { tw_node *each[3], *reprojection, *weight; } observed;

static observed observe(const job *j)
{
    observed o = { .each = {
        tw_take(j->in[CAMERAS], j->in[CAMERA_OF], .axis = 1), tw_take(j->in[POINTS], j->in[POINT_OF], .axis = 1), j->in[WEIGHTS],
    } };
    o.reprojection = errors(o.each[0], o.each[1], o.each[2], j->in[FEATURES]);
    o.weight = tw_sub(1, tw_square(j->in[WEIGHTS]));
    return o;
}

static void objective_of(job *j)
{
    const observed o = observe(j);
    answer(j, NULL, tw_transpose(o.reprojection));
    answer(j, NULL, o.weight);
}

static json_t *print_objective(const job *j)
{
    const double *e = tw_f64(j->out[0]), *w = tw_f64(j->out[1]);
    if (!e || !w) return NULL;
    const json_int_t p = j->size[P];
    return json_pack("{s:{s:[o,o], s:I}, s:{s:o, s:I}}", "reproj_error", "elements", real(e[0]), real(e[1]), "repeated", p,
                     "w_err", "element", real(w[0]), "repeated", p);
}

/* All values: the blocks [p, 2, 15], and what is below. */
static void jacobian(job *j)
{
    const observed o = observe(j);
    const int64_t p = j->size[P];
    tw_node *row[2], *g[3], *below;
    for (int i = 0; i < 2; i++) {
        tw_grads(tw_sum(rows(o.reprojection, i, 1)), 3, o.each, g);
        row[i] = tw_concat(3, g);
    }
    tw_node *blocks = tw_permute(tw_stack(2, row), TW_AXES(2, 0, 1));
    below = tw_grad(tw_sum(o.weight), j->in[WEIGHTS]);
    answer(j, NULL, tw_concat(2, ((tw_node *[]){ tw_reshape(blocks, TW_SHAPE(p * SHOWN)), tw_reshape(below, TW_SHAPE(p)) })));
}

/* The column of element i of the first two rows of the observation 0. */
static json_int_t column(const job *j, int i)
{
    i %= COLUMNS;
    if (i < CAMERA) return i;
    if (i < CAMERA + POINT) return CAMERA * j->size[N] + i - CAMERA;
    return CAMERA * j->size[N] + POINT * j->size[M];
}

/* Where row i begins. */
static json_int_t start(const job *j, int64_t i)
{
    const int64_t p = j->size[P];
    return i <= 2 * p ? COLUMNS * i : COLUMNS * 2 * p + i - 2 * p;
}

static json_t *print_jacobian(const job *j)
{
    const double *v = tw_f64(j->out[0]);
    if (!v) return NULL;
    const int64_t p = j->size[P];
    json_t *begins = json_array(), *columns = json_array(), *values = json_array();
    for (int i = 0; i < SHOWN; i++) {
        if (i <= 3 * p) json_array_append_new(begins, json_integer(start(j, i)));
        json_array_append_new(columns, json_integer(column(j, i)));
        json_array_append_new(values, real(v[i]));
    }
    json_array_append_new(begins, json_integer(start(j, 3 * p)));
    json_array_append_new(columns, json_integer(column(j, COLUMNS - 1) + p - 1));
    json_array_append_new(values, real(v[p * SHOWN + p - 1]));
    return json_pack("{s:o, s:o, s:o}", "rows", begins, "cols", columns, "vals", values);
}

static json_t *sample(void)
{
    return json_pack("{s:i, s:i, s:i, s:o, s:o, s:o, s:o}", "n", 49, "m", 7776, "p", 31843, "cam", DRAWN(NORMAL, CAMERA), "x", DRAWN(NORMAL, POINT),
                     "w", DRAWN(UNIFORM, 1), "feat", DRAWN(NORMAL, 2));
}

const evaluation ba_evaluation = {
    .name = "ba", .read = read_input, .sample = sample,
    .functions = (const function[]){
        { .name = "objective", .run = objective_of, .print = print_objective },
        { .name = "jacobian", .run = jacobian, .print = print_jacobian },
        { 0 },
    },
};
