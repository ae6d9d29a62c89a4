/* ht.c - the distance of measured points to a hand posed by 26 parameters, and its dense Jacobian, by forward mode.
 *
 * theta: the global rotation (about a vector by its length), the global translation, and for each finger the two angles
 * of its first joint and one of the second and third. A vertex is moved by the transforms of 22 bones with weights:
 *
 *     v' = sum_b w_b T_b v,   T_b = A_b B_b,   A_b = A_parent(b) R_b E_b
 *
 * (B_b: inverse_base_absolutes, R_b: base_relatives, E_b: the turn by the joint's angles). As one product over bones and
 * coordinates: [v, 22 * 4] by [22 * 4, 3].
 *
 * With us, a point lies in a triangle at the coordinates (u0, u1, 1 - u0 - u1), two for each point; as a point reads no
 * other's, their part of the Jacobian is two columns.
 */
#include "bench/gradbench/gradbench.h"

enum { THETA, POINTS, RELATIVES, INVERSES, POSITIONS, WEIGHTS, VERTICES, US };
enum { MIRRORED };
enum { BONES = 22, ANGLES = 26 };

/* Parents are read where the graph is built: they say which products there are. */
static int64_t parent(const job *j, int bone)
{
    const json_t *model = json_object_get(json_object_get(j->input, "data"), "model");
    return json_integer_value(json_array_get(json_object_get(model, "parents"), (size_t)bone));
}

static void read_input(job *j)
{
    j->in[THETA] = numbers(j, "theta");
    j->in[POINTS] = numbers(j, "data.points");
    j->in[RELATIVES] = numbers(j, "data.model.base_relatives");
    j->in[INVERSES] = numbers(j, "data.model.inverse_base_absolutes");
    j->in[POSITIONS] = numbers(j, "data.model.base_positions");
    j->in[WEIGHTS] = numbers(j, "data.model.weights");
    j->in[VERTICES] = indices(j, "data.correspondences");
    j->size[MIRRORED] = json_is_true(member(j, "data.model.is_mirrored"));
    const json_t *us = member(j, "us"), *parents = member(j, "data.model.parents");
    if (json_array_size(parents) != BONES) fault(j, "%d parents, not %d", (int)json_array_size(parents), BONES);
    for (int i = 0; i < BONES && !*j->error; i++)
        if (parent(j, i) < -1 || parent(j, i) >= i) fault(j, "the parent of bone %d is %d", i, (int)parent(j, i));
    if (*j->error || !json_array_size(us)) return;
    j->in[US] = numbers(j, "us");
    tw_node *triangles = indices(j, "data.model.triangles");
    if (triangles) j->in[VERTICES] = tw_take(triangles, j->in[VERTICES]);
}

/* The angles of each bone, about x, z and y: [22, 3]. Bones 2 to 4, 6 to 8, ... are those of fingers. */
static tw_node *angles(tw_node *theta)
{
    int64_t from[BONES][3];
    for (int i = 0; i < BONES; i++)
        for (int k = 0; k < 3; k++) from[i][k] = ANGLES;        /* a zero behind theta */
    for (int finger = 0, next = 6; finger < 5; finger++)
        for (int joint = 0; joint < 3; joint++) {
            const int bone = 2 + 4 * finger + joint;
            from[bone][0] = next++;
            if (joint == 0) from[bone][1] = next++;
        }
    return tw_take(tw_pad(theta, .after = { 1 }), tw_data(tw_ctx_of(theta), TW_I64, TW_SHAPE(BONES, 3), from));
}

/* Turns about x, then y, then z, as matrices [22, 4, 4]. */
static tw_node *turns(tw_node *angle)
{
    tw_node *c = tw_cos(angle), *s = tw_sin(angle), *cos[3], *sin[3];
    tw_split(c, 3, cos, .axis = 1);
    tw_split(s, 3, sin, .axis = 1);
    tw_node *cx = cos[0], *cz = cos[1], *cy = cos[2], *sx = sin[0], *sz = sin[1], *sy = sin[2];
    tw_node *sysx = tw_mul(sy, sx), *sycx = tw_mul(sy, cx);
    tw_node *element[9] = {
        tw_mul(cz, cy), tw_sub(tw_mul(cz, sysx), tw_mul(sz, cx)), tw_add(tw_mul(cz, sycx), tw_mul(sz, sx)),
        tw_mul(sz, cy), tw_add(tw_mul(sz, sysx), tw_mul(cz, cx)), tw_sub(tw_mul(sz, sycx), tw_mul(cz, sx)),
        tw_neg(sy),     tw_mul(cy, sx),                           tw_mul(cy, cx),
    };
    tw_node *turn = tw_reshape(tw_concat(9, element, .axis = 1), TW_SHAPE(BONES, 3, 3));
    const double corner[16] = { [15] = 1 };
    return tw_add(tw_pad(turn, .after = { 0, 1, 1 }), tw_data(tw_ctx_of(turn), TW_F64, TW_SHAPE(4, 4), corner));
}

/* About r by |r|, by Rodrigues: cos I + (1 - cos) v v' + sin [v]; none below 1e-4, as GradBench has it. */
static tw_node *turn_about(tw_node *r)
{
    static const double skew[9][3] = { { 0 }, { 0, 0, -1 }, { 0, 1 }, { 0, 0, 1 }, { 0 }, { -1 }, { 0, -1 }, { 1 }, { 0 } };
    tw_ctx *cx = tw_ctx_of(r);
    tw_node *square = tw_sum(tw_square(r)), *small = tw_less(square, 1e-8);
    tw_node *angle = tw_sqrt(tw_where(small, 1, square)), *one = tw_one_hot(tw_arange(cx, 3), 3), *c = tw_cos(angle);
    tw_node *v = tw_reshape(tw_div(r, angle), TW_SHAPE(3, 1));
    tw_node *across = tw_reshape(tw_matmul(tw_data(cx, TW_F64, TW_SHAPE(9, 3), skew), v), TW_SHAPE(3, 3));
    tw_node *along = tw_mul(tw_sub(1, c), tw_matmul(v, v, .transpose_b = true));
    return tw_where(small, one, tw_add(tw_add(tw_mul(c, one), along), tw_mul(tw_sin(angle), across)));
}

/* The transforms of the bones, [22 * 4, 3]. */
static tw_node *transforms(const job *j)
{
    tw_node *relatives = tw_matmul(j->in[RELATIVES], turns(angles(j->in[THETA]))), *absolute[BONES];
    for (int i = 0; i < BONES; i++) {
        absolute[i] = tw_index(relatives, .at = i);
        if (parent(j, i) >= 0) absolute[i] = tw_matmul(absolute[parent(j, i)], absolute[i]);
    }
    tw_node *t = tw_matmul(tw_stack(BONES, absolute), j->in[INVERSES]);
    return tw_reshape(tw_transpose(tw_slice(t, .size = { 0, 3 })), TW_SHAPE(BONES * 4, 3));
}

/* Where the vertices are: [v, 3]. */
static tw_node *posed(const job *j)
{
    const int64_t v = tw_dim(j->in[POSITIONS], 0);
    tw_node *theta = j->in[THETA];
    tw_node *weighted = tw_mul(tw_reshape(j->in[WEIGHTS], TW_SHAPE(v, BONES, 1)), tw_reshape(j->in[POSITIONS], TW_SHAPE(v, 1, 4)));
    tw_node *at = tw_matmul(tw_reshape(weighted, TW_SHAPE(v, BONES * 4)), transforms(j));
    if (j->size[MIRRORED]) at = tw_mul(at, tw_data(j->cx, TW_F64, TW_SHAPE(3), (const double[]){ -1, 1, 1 }));
    tw_node *turn = turn_about(tw_slice(theta, .size = { 3 }));
    return tw_add(tw_matmul(at, turn, .transpose_b = true), tw_slice(theta, .start = { 3 }, .size = { 3 }));
}

static tw_node *errors(const job *j)
{
    tw_node *at = tw_take(posed(j), j->in[VERTICES]);       /* [p, 3], or [p, corner, 3] */
    if (j->in[US]) {
        const int64_t p = tw_dim(j->in[US], 0);
        tw_node *third = tw_sub(1, tw_sum(j->in[US], .axes = TW_AXES(1), .keep_dims = true));
        tw_node *us = tw_concat(2, ((tw_node *[]){ j->in[US], third }), .axis = 1);
        at = tw_sum(tw_mul(at, tw_reshape(us, TW_SHAPE(p, 3, 1))), .axes = TW_AXES(1));
    }
    return tw_reshape(tw_sub(j->in[POINTS], at), TW_SHAPE(-1));
}

static void objective_of(job *j) { answer(j, NULL, errors(j)); }

static void jacobian(job *j)
{
    tw_node *y = errors(j), *all[3], *theta = tw_jacobian(y, j->in[THETA], .mode = TW_FORWARD);
    int n = 0;
    for (int k = 0; k < 2 && j->in[US]; k++) {
        tw_node *one = tw_one_hot(tw_fill(j->cx, TW_SHAPE(tw_dim(j->in[US], 0)), .dtype = TW_I64, .value = k), 2);
        all[n++] = tw_reshape(tw_jvp(y, 1, &j->in[US], &one), TW_SHAPE(-1, 1));
    }
    all[n++] = theta;
    answer(j, NULL, tw_concat(n, all, .axis = 1));
}

/* Five fingers of four bones from the wrist, and the forearm. */
static json_t *parents(void)
{
    json_t *all = json_array();
    for (int i = 0; i < BONES; i++) json_array_append_new(all, json_integer(i == 0 ? -1 : i % 4 == 1 ? 0 : i - 1));
    return all;
}

static json_t *sample(void)
{
    enum { v = 544, p = 100 };
    json_t *of = json_array();
    for (int i = 0; i < p; i++) json_array_append_new(of, json_integer(i * 5 % v));
    json_t *model = json_pack("{s:o, s:o, s:o, s:o, s:o, s:[[i,i,i]], s:b}", "parents", parents(), "base_relatives", DRAWN(NORMAL, BONES, 4, 4),
                              "inverse_base_absolutes", DRAWN(NORMAL, BONES, 4, 4), "base_positions", DRAWN(NORMAL, v, 4),
                              "weights", DRAWN(UNIFORM, v, BONES), "triangles", 0, 1, 2, "is_mirrored", 0);
    return json_pack("{s:o, s:[], s:{s:o, s:o, s:o}}", "theta", DRAWN(NORMAL, ANGLES), "us", "data", "correspondences", of,
                     "points", DRAWN(NORMAL, p, 3), "model", model);
}

const evaluation ht_evaluation = {
    .name = "ht", .read = read_input, .sample = sample,
    .functions = (const function[]){ { .name = "objective", .run = objective_of }, { .name = "jacobian", .run = jacobian }, { 0 } },
};
