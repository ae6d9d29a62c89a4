/* lse.c - the logarithm of a sum of exponentials, by its parts: a + log(sum(exp(x - a))), a = max(x). */
#include "bench/gradbench/gradbench.h"

static void read_input(job *j) { j->in[0] = numbers(j, "x"); }

static tw_node *lse(tw_node *x)
{
    tw_node *a = tw_max(x);
    return tw_add(a, tw_log(tw_sum(tw_exp(tw_sub(x, a)))));
}

static void primal(job *j)   { answer(j, NULL, lse(j->in[0])); }
static void gradient(job *j) { answer(j, NULL, tw_grad(lse(j->in[0]), j->in[0])); }

static json_t *sample(void) { return json_pack("{s:o}", "x", DRAWN(UNIFORM, 1280000)); }

const evaluation lse_evaluation = {
    .name = "lse", .read = read_input, .sample = sample,
    .functions = (const function[]){ { .name = "primal", .run = primal }, { .name = "gradient", .run = gradient }, { 0 } },
};
