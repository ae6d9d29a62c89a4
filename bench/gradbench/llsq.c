/* llsq.c - least squares: the sign of t in [-1, 1] by a polynomial of t, at n points.
 *
 * The table of powers [n, m] is doubled in width until it has a column for each coefficient: t^(j + k) = t^j t^k.
 */
#include "bench/gradbench/gradbench.h"

static void read_input(job *j)
{
    j->in[0] = numbers(j, "x");
    j->size[0] = integer(j, "n");
    if (j->size[0] < 2) fault(j, "n is %lld", (long long)j->size[0]);
}

static tw_node *powers(tw_node *t, int64_t m)
{
    const int64_t n = tw_dim(t, 0);
    tw_node *table = tw_ones(tw_ctx_of(t), TW_SHAPE(n, 1)), *power = t;     /* power: t to the width of the table */
    while (tw_dim(table, 1) < m) {
        table = tw_concat(2, ((tw_node *[]){ table, tw_mul(table, power) }), .axis = 1);
        power = tw_square(power);
    }
    return tw_slice(table, .size = { n, m });
}

static tw_node *half_squares(const job *j)
{
    const int64_t n = j->size[0], m = tw_count(j->in[0]);
    tw_node *t = tw_sub(tw_mul(tw_arange(j->cx, n, .dtype = TW_F64), 2.0 / (double)(n - 1)), 1);
    tw_node *fit = tw_matmul(powers(tw_reshape(t, TW_SHAPE(n, 1)), m), tw_reshape(j->in[0], TW_SHAPE(m, 1)));
    return tw_mul(0.5, tw_sum(tw_square(tw_sub(tw_sign(t), tw_reshape(fit, TW_SHAPE(n))))));
}

static void primal(job *j)   { answer(j, NULL, half_squares(j)); }
static void gradient(job *j) { answer(j, NULL, tw_grad(half_squares(j), j->in[0])); }

static json_t *sample(void) { return json_pack("{s:o, s:i}", "x", DRAWN(UNIFORM, 128), "n", 4096); }

const evaluation llsq_evaluation = {
    .name = "llsq", .read = read_input, .sample = sample,
    .functions = (const function[]){ { .name = "primal", .run = primal }, { .name = "gradient", .run = gradient }, { 0 } },
};
