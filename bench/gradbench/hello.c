/* hello.c - x^2 and its derivative. */
#include "bench/gradbench/gradbench.h"

static void read_input(job *j)
{
    if (!json_is_number(j->input)) fault(j, "the input is not a number");
    else j->in[0] = tw_scalar(j->cx, json_number_value(j->input));
}

static void square(job *j)  { answer(j, NULL, tw_square(j->in[0])); }
static void doubled(job *j) { answer(j, NULL, tw_grad(tw_square(j->in[0]), j->in[0])); }

static json_t *sample(void) { return json_real(1.5); }

const evaluation hello_evaluation = {
    .name = "hello", .read = read_input, .sample = sample,
    .functions = (const function[]){ { .name = "square", .run = square }, { .name = "double", .run = doubled }, { 0 } },
};
