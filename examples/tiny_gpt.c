/* tiny_gpt.c - a small transformer learns to continue Jane Austen, and then does.
 *
 * Letters become vectors; four blocks of causal attention, which tells positions by turning queries and keys, and of
 * two dense layers; the next letter. A batch is pieces from anywhere in the text. Writing keeps keys and values of
 * what is written, so that each letter costs as much as one of the text. The baseline is how often each letter
 * follows the two before.
 *
 *     tiny_gpt [steps]        600 by default; reads data/austen.txt, draws tiny_gpt.svg
 *
 * SPDX-License-Identifier: MIT
 */
#include <thalweg.h>

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCKS = 4, UNITS = 128, HEADS = 4, PIECES = 16, LENGTH = 128, LETTERS = 128, UNSEEN = 65536, WRITTEN = 600, NO_DATA = 77 };
static const char file[] = "data/austen.txt";

/* Letters [n, length] -> logits of those that follow [n, length, LETTERS]. */
static tw_node *model(tw_net *net, tw_node *x, tw_nn_cache *cache)
{
    static const char *const names[BLOCKS] = { "block1", "block2", "block3", "block4" };
    x = tw_nn_embedding(net, "letters", x, .classes = LETTERS, .units = UNITS, .init = tw_normal_init(0.1));
    for (int i = 0; i < BLOCKS; i++)
        x = tw_nn_encoder_block(net, names[i], x, .heads = HEADS, .causal = true, .rotary = true, .norm_first = true, .activation = tw_silu_at, .cache = cache);
    return tw_nn_dense(net, "next", tw_nn_layer_norm(net, "norm", x), .units = LETTERS);
}

/* Pieces of one letter more than is read: what follows each letter is in it. */
static tw_node *loss_of(tw_net *net, tw_node *pieces)
{
    const int64_t n = tw_dim(pieces, 0);
    tw_node *x = tw_slice(pieces, .size = { n, LENGTH }), *y = tw_slice(pieces, .start = { 0, 1 }, .size = { n, LENGTH });
    return tw_cross_entropy(tw_reshape(model(net, x, NULL), TW_SHAPE(-1, LETTERS)), tw_reshape(y, TW_SHAPE(-1)));
}

static tw_node *pieces_at(tw_node *text, tw_node *begin)
{
    return tw_take(text, tw_add(tw_expand_dims(begin, .axis = 1), tw_arange(tw_ctx_of(text), LENGTH + 1)));
}

/* Bits a letter. */
static double measure(tw_net *net, tw_node *text)
{
    tw_ctx *cx = tw_net_ctx(net);
    double sum = 0, n = 0;
    for (int64_t at = 0; at + PIECES * LENGTH < tw_count(text) && tw_ok(cx); at += PIECES * LENGTH, n++) {
        TW_SCOPE(cx);
        sum += tw_item(loss_of(net, pieces_at(text, tw_add(at, tw_mul(LENGTH, tw_arange(cx, PIECES))))));
    }
    return sum / n / M_LN2;
}

/* The same by how often each letter follows the two before it. */
static tw_node *triples_of(tw_node *text)
{
    const int64_t n = tw_count(text) - 2;
    tw_node *a = tw_slice(text, .size = { n }), *b = tw_slice(text, .start = { 1 }, .size = { n }), *c = tw_slice(text, .start = { 2 });
    return tw_add(tw_mul(LETTERS, tw_add(tw_mul(LETTERS, a), b)), c);
}

static double measure_triples(tw_node *text, tw_node *unseen)
{
    tw_ctx *cx = tw_ctx_of(text);
    tw_node *seen = triples_of(text), *counts = tw_full(cx, TW_SHAPE(LETTERS * LETTERS * LETTERS), 0.01);
    counts = tw_reshape(tw_scatter_add(counts, seen, tw_ones(cx, tw_shape_of(seen))), TW_SHAPE(-1, LETTERS));
    tw_node *p = tw_div(counts, tw_sum(counts, .axes = TW_AXES(1), .keep_dims = true));
    return -tw_item(tw_mean(tw_log2(tw_take(tw_reshape(p, TW_SHAPE(-1)), triples_of(unseen)))));
}

/* When what is kept is as long as what was learned from, its later half is read anew. */
static void compose(tw_net *net, const char *begin)
{
    tw_ctx *cx = tw_net_ctx(net);
    tw_nn_cache *cache = tw_nn_cache_new(net, LENGTH);
    int32_t text[WRITTEN + 1] = { '\n' };
    for (int i = 0; i < WRITTEN && tw_ok(cx); i++) {
        TW_SCOPE(cx);
        const bool    full = tw_nn_cache_position(cache) == LENGTH;
        const int64_t n = full ? LENGTH / 2 : 1;
        if (full) tw_nn_cache_seek(cache, 0);
        tw_node *logits = model(net, tw_data(cx, TW_I32, TW_SHAPE(1, n), text + i + 1 - n), cache);
        tw_node *drawn = tw_categorical(tw_div(tw_index(logits, .axis = 1, .at = n - 1), 0.7));
        const int32_t said = (int32_t)tw_item(drawn);
        tw_nn_cache_advance(cache, n);
        putchar(text[i + 1] = *begin ? *begin++ : said);
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    if (access(file, R_OK) != 0) return fprintf(stderr, "no %s: ./dev example fetches it\n", file), NO_DATA;
    const int steps = argc > 1 ? atoi(argv[1]) : 600;
    tw_ctx  *cx   = tw_open(.seed = 1);
    tw_node *all  = tw_cast(tw_bytes_read(cx, file), TW_I64);
    tw_node *text = tw_slice(all, .size = { tw_count(all) - UNSEEN }), *unseen = tw_slice(all, .start = { tw_count(all) - UNSEEN });
    tw_net  *net  = tw_net_new(cx);
    tw_opt  *opt  = tw_adamw(net, .schedule = tw_warmup(50, tw_cosine(3e-3, 1e-4, steps)), .clip_norm = 1);
    tw_plot *p    = tw_plot_new(cx, .title = "A transformer reads Jane Austen", .x = "steps", .y = "bits a letter");

    const double triples = measure_triples(text, unseen);
    for (int step = 0; step < steps && tw_ok(cx); step++) {
        TW_SCOPE(cx);
        tw_node *loss = loss_of(net, pieces_at(text, tw_randint(cx, TW_SHAPE(PIECES), 0, tw_count(text) - LENGTH)));
        tw_opt_step(opt, loss);
        if (step % 5 == 0) tw_plot_line(p, "transformer, as it learns", step, tw_item(loss) / M_LN2);
    }
    const double ours = measure(net, unseen);
    printf("%lld parameters; bits a letter of %d not seen: triples %.3f, transformer %.3f\n\n", (long long)tw_net_count(net), UNSEEN, triples, ours);
    compose(net, "It is a truth universally acknowledged, that ");
    tw_plot_line(p, "triples", 0, triples), tw_plot_line(p, "triples", steps, triples);
    if (tw_plot_write(p, "tiny_gpt.svg")) printf("picture: tiny_gpt.svg\n");
    return tw_close(cx);
}
