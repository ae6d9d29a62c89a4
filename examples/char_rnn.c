/* char_rnn.c - a recurrent network reads Jane Austen letter by letter, and then writes.
 *
 * The text is cut into strips, which are read side by side. The state of the network crosses from one step to the next
 * in a cell, and no gradient does: backpropagation is truncated. What is measured is how well the next letter of
 * the last novel's end is foretold, in bits; the baseline are the frequencies of all pairs of letters.
 *
 *     char_rnn [steps]        1,500 by default; reads data/austen.txt, draws char_rnn.svg
 *
 * SPDX-License-Identifier: MIT
 */
#include <thalweg.h>

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { STRIPS = 32, LENGTH = 50, UNITS = 256, LETTERS = 128, UNSEEN = 64000, WRITTEN = 600, NO_DATA = 77 };
static const char file[] = "data/austen.txt";

/* x [n, length] -> logits of the letters that follow [n, length, LETTERS]; the state [1, n, UNITS] moves on. */
static tw_node *model(tw_net *net, tw_node *x, tw_node *state)
{
    tw_node *last, *h = tw_nn_embedding(net, "letters", x, .classes = LETTERS, .units = 64);
    h = tw_nn_gru(net, "memory", h, .units = UNITS, .h = state, .last_h = &last);
    tw_assign(state, last);
    return tw_nn_dense(net, "next", h, .units = LETTERS);
}

/* The loss of letters at .. at + LENGTH of each strip. */
static tw_node *loss_at(tw_net *net, tw_node *strips, int64_t at, tw_node *state)
{
    tw_node *x = tw_slice(strips, .start = { 0, at }, .size = { STRIPS, LENGTH }), *y = tw_slice(strips, .start = { 0, at + 1 }, .size = { STRIPS, LENGTH });
    return tw_cross_entropy(tw_reshape(model(net, x, state), TW_SHAPE(-1, LETTERS)), tw_reshape(y, TW_SHAPE(-1)));
}

static tw_node *strips_of(tw_node *text)
{
    const int64_t n = tw_count(text) / STRIPS;
    return tw_reshape(tw_slice(text, .size = { n * STRIPS }), TW_SHAPE(STRIPS, n));
}

static tw_node *rest(tw_ctx *cx, int64_t n) { return tw_state(cx, tw_zeros(cx, TW_SHAPE(1, n, UNITS))); }

/* Bits a letter. */
static double measure(tw_net *net, tw_node *strips)
{
    tw_ctx *cx = tw_net_ctx(net);
    tw_node *state = rest(cx, STRIPS);
    double sum = 0, n = 0;
    for (int64_t at = 0; at + LENGTH < tw_dim(strips, 1) && tw_ok(cx); at += LENGTH, n++) {
        TW_SCOPE(cx);
        sum += tw_item(loss_at(net, strips, at, state));
    }
    return sum / n / M_LN2;
}

/* The same if only the letter before is known, by how often each pair is in the text. */
static tw_node *pairs_of(tw_node *text)
{
    const int64_t n = tw_count(text) - 1;
    return tw_add(tw_mul(LETTERS, tw_slice(text, .size = { n })), tw_slice(text, .start = { 1 }));
}

static double measure_pairs(tw_node *text, tw_node *unseen)
{
    tw_ctx *cx = tw_ctx_of(text);
    tw_node *seen = pairs_of(text), *counts = tw_full(cx, TW_SHAPE(LETTERS * LETTERS), 0.1);
    counts = tw_reshape(tw_scatter_add(counts, seen, tw_ones(cx, tw_shape_of(seen))), TW_SHAPE(LETTERS, LETTERS));
    tw_node *p = tw_div(counts, tw_sum(counts, .axes = TW_AXES(1), .keep_dims = true));
    return -tw_item(tw_mean(tw_log2(tw_take(tw_reshape(p, TW_SHAPE(-1)), pairs_of(unseen)))));
}

static void compose(tw_net *net, const char *begin)
{
    tw_ctx *cx = tw_net_ctx(net);
    tw_node *state = rest(cx, 1);
    int32_t letter = '\n';
    for (int i = 0; i < WRITTEN && tw_ok(cx); i++) {
        TW_SCOPE(cx);
        tw_node *logits = model(net, tw_data(cx, TW_I32, TW_SHAPE(1, 1), &letter), state);
        tw_node *drawn = tw_want(tw_categorical(tw_div(logits, 0.7)));
        tw_eval(cx);
        letter = *begin ? *begin++ : (int32_t)tw_item(drawn);
        putchar(letter);
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    if (access(file, R_OK) != 0) return fprintf(stderr, "no %s: ./dev example fetches it\n", file), NO_DATA;
    const int steps = argc > 1 ? atoi(argv[1]) : 1500;
    tw_ctx  *cx   = tw_open(.seed = 1);
    tw_node *all  = tw_cast(tw_bytes_read(cx, file), TW_I32);
    tw_node *text = tw_slice(all, .size = { tw_count(all) - UNSEEN }), *unseen = tw_slice(all, .start = { tw_count(all) - UNSEEN });
    tw_node *strips = strips_of(text), *state = rest(cx, STRIPS);
    tw_net  *net  = tw_net_new(cx);
    tw_opt  *opt  = tw_adam(net, .schedule = tw_cosine(3e-3, 1e-4, steps), .clip_norm = 1);
    tw_plot *p    = tw_plot_new(cx, .title = "Reading Jane Austen", .x = "steps", .y = "bits a letter");

    const double pairs = measure_pairs(text, unseen);
    for (int step = 0; step < steps && tw_ok(cx); step++) {
        TW_SCOPE(cx);
        tw_node *loss = loss_at(net, strips, step * (int64_t)LENGTH % (tw_dim(strips, 1) - LENGTH), state);
        tw_opt_step(opt, loss);
        if (step % 10 == 0) tw_plot_line(p, "network, as it learns", step, tw_item(loss) / M_LN2);
    }
    const double ours = measure(net, strips_of(unseen));
    printf("bits a letter of %d not seen: pairs %.3f, network %.3f\n\n", UNSEEN, pairs, ours);
    compose(net, "It is a truth universally acknowledged, that ");
    tw_plot_line(p, "pairs", 0, pairs), tw_plot_line(p, "pairs", steps, pairs);
    if (tw_plot_write(p, "char_rnn.svg")) printf("picture: char_rnn.svg\n");
    return tw_close(cx);
}
