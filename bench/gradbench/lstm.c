/* lstm.c - the loss of a recurrent network with diagonal weights.
 *
 * Of layer i, row 2i of main_params has the weights of the gates forget, in, out and change, row 2i + 1 their biases:
 *
 *     f = sigmoid(x wf + bf)   g = sigmoid(h wi + bi)   o = sigmoid(x wo + bo)   a = tanh(h wc + bc)
 *     c <- c f + g a           h <- o tanh(c)           and h is the next layer's x
 *
 * A layer reads the one before at the same time only, so it runs over all of time before the next one begins; what
 * depends on x alone is then one operation for all times, and what remains for each time is the recurrence.
 */
#include "bench/gradbench/gradbench.h"

#include <stdlib.h>

enum { MAIN, EXTRA, STATE, SEQUENCE };

static void read_input(job *j)
{
    j->in[MAIN] = numbers(j, "main_params");
    j->in[EXTRA] = numbers(j, "extra_params");
    j->in[STATE] = numbers(j, "state");
    j->in[SEQUENCE] = numbers(j, "sequence");
    if (j->in[SEQUENCE] && tw_dim(j->in[SEQUENCE], 0) < 2) fault(j, "sequence has less than two rows");
}

static tw_node *row(tw_node *x, int64_t i) { return tw_index(x, .at = i); }

typedef struct layer { tw_node *weight[4], *bias[4], *h, *c; } layer;
enum { FORGET, IN, OUT, CHANGE };

static layer layer_at(const job *j, int i)
{
    layer l = { .h = row(j->in[STATE], 2 * i), .c = row(j->in[STATE], 2 * i + 1) };
    tw_split(row(j->in[MAIN], 2 * i), 4, l.weight);
    tw_split(row(j->in[MAIN], 2 * i + 1), 4, l.bias);
    return l;
}

static tw_node *gate(const layer *l, int k, tw_node *x) { return tw_fma(x, l->weight[k], l->bias[k]); }

/* Rows of x are times, and so are those of the result; hs has room for a node each. */
static tw_node *through(layer l, tw_node *x, tw_node **hs)
{
    const int64_t times = tw_dim(x, 0);
    tw_node *f = tw_sigmoid(gate(&l, FORGET, x)), *o = tw_sigmoid(gate(&l, OUT, x));
    for (int64_t t = 0; t < times; t++) {
        tw_node *a = tw_mul(tw_sigmoid(gate(&l, IN, l.h)), tw_tanh(gate(&l, CHANGE, l.h)));
        l.c = tw_fma(l.c, row(f, t), a);
        hs[t] = l.h = tw_mul(row(o, t), tw_tanh(l.c));
    }
    return tw_stack((int)times, hs);
}

static tw_node *loss(job *j)
{
    const int64_t times = tw_dim(j->in[SEQUENCE], 0) - 1, b = tw_dim(j->in[SEQUENCE], 1);
    tw_node *seen = tw_slice(j->in[SEQUENCE], .size = { times }), *next = tw_slice(j->in[SEQUENCE], .start = { 1 });
    tw_node *x = tw_mul(seen, row(j->in[EXTRA], 0));
    tw_node **hs = malloc((size_t)times * sizeof *hs);
    if (!hs) return fault(j, "no memory"), NULL;
    for (int i = 0; i < tw_dim(j->in[MAIN], 0) / 2; i++) x = through(layer_at(j, i), x, hs);
    free(hs);
    tw_node *y = tw_fma(x, row(j->in[EXTRA], 1), row(j->in[EXTRA], 2));
    tw_node *lse = tw_log(tw_add(2, tw_sum(tw_exp(y), .axes = TW_AXES(1), .keep_dims = true)));
    return tw_mul(-1 / (double)(times * b), tw_sum(tw_mul(next, tw_sub(y, lse))));
}

static void objective_of(job *j) { answer(j, NULL, loss(j)); }

static void jacobian(job *j)
{
    tw_node *g[2];
    tw_grads(loss(j), 2, j->in, g);
    for (int i = 0; i < 2; i++) g[i] = tw_reshape(g[i], TW_SHAPE(-1));
    answer(j, NULL, tw_concat(2, g));
}

static json_t *sample(void)
{
    enum { l = 2, c = 1024, b = 14 };
    return json_pack("{s:o, s:o, s:o, s:o}", "main_params", DRAWN(NORMAL, 2 * l, 4 * b), "extra_params", DRAWN(NORMAL, 3, b),
                     "state", DRAWN(NORMAL, 2 * l, b), "sequence", DRAWN(UNIFORM, c, b));
}

const evaluation lstm_evaluation = {
    .name = "lstm", .read = read_input, .sample = sample,
    .functions = (const function[]){ { .name = "objective", .run = objective_of }, { .name = "jacobian", .run = jacobian }, { 0 } },
};
