/* check_layers.c - layers and their gradients against PyTorch's numbers with the same weights; caches, initialisers, summary.
 *
 * The numbers are in reference_nn.inc, written by tools/reference.py. Parameter k of a layer, in the order that they are
 * made, is 0.5 sin(0.2 + k + 0.7 i) here and there.
 */
#include "nn/nn.h"
#include "nn/sequence.h"
#include "optim/optim.h"
#include "tests/rig.h"

#define LOSS(...)
#define OUTPUT(name, n, ...) static const double name##_output[n] = __VA_ARGS__;
#define SLOPE(name, n, ...)  static const double name##_slope[n] = __VA_ARGS__;
#include "tests/reference_nn.inc"
#undef LOSS
#undef OUTPUT
#undef SLOPE

#define wave(...) rig_wave(cx, __VA_ARGS__)

static tw_ctx *cx;
static tw_net *net;

static void open_f64(void)
{
    cx = rig_open(TW_F64, NULL, true);
    net = tw_net_new(cx);
}

static void close_clean(void)
{
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
    arrs_drop();
}

static void set_parameters(void)
{
    int k = 0;
    TW_NET_EACH(item, net, NULL) if (!item->buffer) tw_assign(item->cell, wave(tw_shape_of(item->cell), 0.5, 0.2 + k++, 0.7));
    tw_eval(cx);
}

/* ---- against PyTorch ------------------------------------------------------------------------ */

static tw_node *memory(void) { return wave(TW_SHAPE(2, 5, 4), 1, 2, 0.6); }
static tw_node *two(int a, int b) { return tw_data(cx, TW_I32, TW_SHAPE(2), ((int32_t[]){ a, b })); }

static tw_node *gelu(const tw_loc *at, tw_node *x)
{
    (void)at;
    return tw_mul(tw_mul(0.5, x), tw_add(1, tw_erf(tw_mul(sqrt(0.5), x))));
}

static tw_node *with(tw_node *y, tw_node *last)
{
    tw_node *both[] = { tw_reshape(y, TW_SHAPE(tw_count(y))), tw_reshape(last, TW_SHAPE(tw_count(last))) };
    return tw_concat(2, both);
}

static tw_node *gru_packed(tw_node *x)
{
    tw_node *last, *y = tw_nn_gru(net, "l", x, .units = 2, .layers = 2, .bidirectional = true, .lengths = two(2, 4), .last_h = &last);
    return with(y, last);
}

static tw_node *lstm_packed(tw_node *x)
{
    tw_node *last, *y = tw_nn_lstm(net, "l", x, .units = 2, .bidirectional = true, .lengths = two(4, 1), .last_h = &last);
    return with(y, last);
}

/* By running statistics, after as many batches as the reference had: it is called twice. */
static tw_node *batch_norm_later(tw_node *x)
{
    for (int k = 0; k < 2; k++) tw_eval_nodes(1, (tw_node *[]){ tw_nn_batch_norm(net, "l", x) }), tw_eval(cx);
    tw_net_training(net, false);
    tw_node *y = tw_nn_batch_norm(net, "l", x);
    tw_net_training(net, true);
    return y;
}

static tw_node *residual(tw_node *x)
{
    return tw_nn_residual(net, "r", x, tw_nn_conv2d(net, "l", x, .filters = 3, .kernel = {3}, .stride = {2}, .padding = TW_PAD(1), .no_bias = true));
}

#define LAYERS(ROW)                                                                                                         \
    ROW(layer_norm,       TW_SHAPE(2, 3, 4),    tw_nn_layer_norm(net, "l", x, .epsilon = 1e-3))                             \
    ROW(layer_norm_two,   TW_SHAPE(2, 3, 4),    tw_nn_layer_norm(net, "l", x, .dims = 2))                                   \
    ROW(rms_norm,         TW_SHAPE(2, 3, 4),    tw_nn_rms_norm(net, "l", x))                                                \
    ROW(group_norm,       TW_SHAPE(2, 3, 2, 4), tw_nn_group_norm(net, "l", x, .groups = 2))                                 \
    ROW(instance_norm,    TW_SHAPE(2, 3, 2, 4), tw_nn_instance_norm(net, "l", x))                                           \
    ROW(dense,            TW_SHAPE(2, 3, 4),    tw_nn_dense(net, "l", x, .units = 3))                                       \
    ROW(batch_norm,       TW_SHAPE(2, 3, 2, 4), tw_nn_batch_norm(net, "l", x))                                              \
    ROW(batch_norm_later, TW_SHAPE(2, 3, 2, 4), batch_norm_later(x))                                                        \
    ROW(conv2d,           TW_SHAPE(1, 5, 4, 4), tw_nn_conv2d(net, "l", x, .filters = 4, .kernel = {3}, .stride = {2}, .dilation = {2}, \
                                                             .padding = TW_PAD(2), .groups = 2))                            \
    ROW(residual,         TW_SHAPE(1, 5, 4, 2), residual(x))                                                                \
    ROW(conv_transpose1d, TW_SHAPE(2, 3, 2),    tw_nn_conv_transpose1d(net, "l", x, .filters = 2, .kernel = {3}, .stride = {3}, \
                                                                       .padding = TW_PAD(1)))                               \
    ROW(conv_transpose3d, TW_SHAPE(1, 2, 1, 2, 2), tw_nn_conv_transpose3d(net, "l", x, .filters = 3, .kernel = {2}, .stride = {2})) \
    ROW(conv1d,           TW_SHAPE(2, 6, 4),    tw_nn_conv1d(net, "l", x, .filters = 4, .kernel = {3}, .stride = {2},       \
                                                             .padding = TW_PAD(1), .groups = 2))                            \
    ROW(conv3d,           TW_SHAPE(1, 3, 2, 3, 2), tw_nn_conv3d(net, "l", x, .filters = 3, .kernel = {2}))                  \
    ROW(conv_transpose2d, TW_SHAPE(1, 2, 3, 2), tw_nn_conv_transpose2d(net, "l", x, .filters = 2, .kernel = {3}, .stride = {2}, \
                                                                       .output_padding = { 1, 1 }, .padding = TW_PAD(1)))   \
    ROW(separable_conv2d, TW_SHAPE(1, 3, 3, 2), tw_nn_separable_conv2d(net, "l", x, .filters = 3, .kernel = {3}, .padding = TW_SAME)) \
    ROW(rnn,              TW_SHAPE(2, 4, 3),    tw_nn_rnn(net, "l", x, .units = 2))                                         \
    ROW(gru,              TW_SHAPE(2, 4, 3),    tw_nn_gru(net, "l", x, .units = 2))                                         \
    ROW(lstm,             TW_SHAPE(2, 4, 3),    tw_nn_lstm(net, "l", x, .units = 2, .layers = 2, .bidirectional = true))    \
    ROW(gru_packed,       TW_SHAPE(2, 4, 3),    gru_packed(x))                                                              \
    ROW(lstm_packed,      TW_SHAPE(2, 4, 3),    lstm_packed(x))                                                             \
    ROW(attention,        TW_SHAPE(2, 3, 4),    tw_nn_attention(net, "l", x, .heads = 2))                                   \
    ROW(attention_causal, TW_SHAPE(2, 3, 4),    tw_nn_attention(net, "l", x, .heads = 2, .causal = true))                   \
    ROW(attention_memory, TW_SHAPE(2, 3, 4),    tw_nn_attention(net, "l", x, .heads = 2, .memory = memory()))               \
    ROW(encoder,          TW_SHAPE(2, 3, 4),    tw_nn_encoder_block(net, "l", x, .heads = 2, .hidden = 6))                  \
    ROW(decoder,          TW_SHAPE(2, 3, 4),    tw_nn_decoder_block(net, "l", x, .heads = 2, .hidden = 6, .norm_first = true, \
                                                                    .causal = true, .memory = memory(), .activation = gelu)) \
    ROW(rotary,           TW_SHAPE(2, 3, 4),    tw_rotary(x, .start = 5))

#define ROW(name, shape, ...) static tw_node *make_##name(tw_node *x) { return __VA_ARGS__; }
LAYERS(ROW)
#undef ROW

#define COUNT(a) ((int64_t)(sizeof (a) / sizeof *(a)))
enum { N_LAYERS = 27 };
typedef struct layer_row { const char *name; tw_shape shape; tw_node *(*make)(tw_node *x); const double *output, *slope; int64_t outputs; } layer_row;

static layer_row row_of(int i)
{
#define ROW(name, shape, ...) { #name, shape, make_##name, name##_output, name##_slope, COUNT(name##_output) },
    const layer_row rows[] = { LAYERS(ROW) };
#undef ROW
    ck_assert_int_eq(COUNT(rows), N_LAYERS);
    return rows[i];
}

static void elements_are(tw_node *n, const double *want, const char *name, const char *what)
{
    const double *got = tw_f64(n);
    ok(cx);
    for (int64_t i = 0; i < tw_count(n); i++)
        if (!close_to(got[i], want[i], 1e-10)) ck_abort_msg("%s: %s %d is %.15g, not %.15g", name, what, (int)i, got[i], want[i]);
}

START_TEST(a_layer_follows_the_reference)
{
    const layer_row r = row_of(_i);
    tw_node *x = wave(r.shape, 1, 0.4, 0.9);
    r.make(x);
    ok(cx);
    set_parameters();
    tw_node *y = r.make(x), *g = tw_grad(tw_sum(tw_mul(y, wave(tw_shape_of(y), 0.3, 0.5, 1.1))), x);
    ck_assert_int_eq(tw_count(y), r.outputs);
    elements_are(y, r.output, r.name, "output");
    elements_are(g, r.slope, r.name, "derivative");
}
END_TEST

/* ---- what cannot be had from PyTorch --------------------------------------------------------- */

START_TEST(embeddings_are_rows)
{
    tw_node *index = tw_data(cx, TW_U8, TW_SHAPE(2, 2), ((uint8_t[]){ 3, 0, 1, 3 }));
    tw_node *y = tw_nn_embedding(net, "e", index, .classes = 4, .units = 2), *w = tw_net_param(net, "e/weight");
    ck_assert_int_eq(tw_rank(y), 3);
    static const int rows[] = { 3, 0, 1, 3 }, uses[] = { 1, 1, 0, 2 };
    for (int i = 0; i < 8; i++) near(tw_f64(y)[i], tw_f64(w)[rows[i / 2] * 2 + i % 2], 0);
    tw_node *g = tw_grad(tw_sum(y), w);
    for (int i = 0; i < 8; i++) near(tw_f64(g)[i], uses[i / 2], 0);
    tw_nn_embedding(net, "e", tw_zeros(cx, TW_SHAPE(2)), .classes = 4, .units = 2);
    fails_with(cx, TW_EDTYPE, "embedding", __LINE__ - 1, "f64");
    tw_nn_embedding(net, "e", index, .units = 2);
    fails_with(cx, TW_EARG, "embedding", __LINE__ - 1, ".classes");
}
END_TEST

/* A loop over cells is a layer. */
START_TEST(cells_are_layers)
{
    tw_node *x = wave(TW_SHAPE(2, 4, 3), 1, 0.4, 0.9), *h[3] = { NULL }, *c = NULL;
    tw_node *whole[] = { tw_nn_rnn(net, "r", x, .units = 2, .relu = true), tw_nn_gru(net, "g", x, .units = 2), tw_nn_lstm(net, "l", x, .units = 2) };
    for (int t = 0; t < 4; t++) {
        tw_node *now = tw_index(x, .axis = 1, .at = t);
        h[0] = tw_nn_rnn_cell(net, "r/0", now, h[0], .units = 2, .relu = true);
        h[1] = tw_nn_gru_cell(net, "g/0", now, h[1], .units = 2);
        h[2] = tw_nn_lstm_cell(net, "l/0", now, h[2], &c, .units = 2);
    }
    for (int k = 0; k < 3; k++) ck_assert(same_bits(h[k], tw_index(whole[k], .axis = 1, .at = 3)));
    ck_assert_int_eq(tw_net_count(net), (3 + 2 + 2) * 2 * (1 + 3 + 4));

    tw_node *last, *last_c, *half = tw_slice(x, .start = { 0, 2 }), *first = tw_slice(x, .size = { 0, 2 });
    tw_nn_lstm(net, "l", first, .units = 2, .last_h = &last, .last_c = &last_c);
    tw_node *rest = tw_nn_lstm(net, "l", half, .units = 2, .h = last, .c = last_c);
    ck_assert(same_bits(tw_index(rest, .axis = 1, .at = 1), h[2]));
}
END_TEST

START_TEST(recurrences_refuse)
{
    tw_node *x = tw_zeros(cx, TW_SHAPE(2, 4, 3)), *one = tw_index(x, .axis = 1);
    tw_nn_gru(net, "g", one, .units = 2);
    fails_with(cx, TW_ESHAPE, "gru", __LINE__ - 1, "[2, 3]");
    tw_nn_gru(net, "g", x);
    fails_with(cx, TW_EARG, "gru", __LINE__ - 1, ".units");
    tw_nn_gru(net, "g", x, .units = 2, .lengths = tw_zeros(cx, TW_SHAPE(3)));
    fails_with(cx, TW_ESHAPE, "gru", __LINE__ - 1, "2 sequences");
    tw_nn_lstm(net, "l", x, .units = 2, .h = tw_zeros(cx, TW_SHAPE(2, 2)));
    fails_with(cx, TW_ESHAPE, "lstm", __LINE__ - 1, "[1, 2, 2]");
    tw_nn_rnn(net, "r", x, .units = 2, .layers = 65);
    fails_with(cx, TW_EARG, "rnn", __LINE__ - 1, "layers is 65");
    tw_nn_rnn(net, "r", x, .units = 2, .layers = INT32_MAX, .bidirectional = true);
    fails_with(cx, TW_EARG, "rnn", __LINE__ - 1, "from 1 to 32");
    tw_node *last = NULL, *none = tw_nn_gru(net, "n", tw_zeros(cx, TW_SHAPE(2, 0, 3)), .units = 2, .last_h = &last);       /* no steps: no outputs, the first states */
    ck_assert(tw_rank(none) == 3 && tw_dim(none, 1) == 0 && tw_dim(none, 2) == 2 && tw_count(last) == 4 && tw_f64(last)[3] == 0);
    tw_nn_lstm_cell(net, "c", one, NULL, NULL, .units = 2);
    fails_with(cx, TW_EARG, "lstm_cell", __LINE__ - 1, "memory");
    tw_nn_gru_cell(net, "c", one, tw_zeros(cx, TW_SHAPE(3, 2)));
    fails_with(cx, TW_ESHAPE, "gru_cell", __LINE__ - 1, "[3, 2]");
    tw_nn_rnn_cell(net, "s", x, NULL, .units = 2);
    fails_with(cx, TW_ESHAPE, "rnn_cell", __LINE__ - 1, "[2, 4, 3]");
}
END_TEST

START_TEST(positions)
{
    tw_node *p = tw_sinusoidal(cx, 3, 4, .start = 2);
    for (int i = 0; i < 12; i++) {
        const double angle = (2 + i / 4) / pow(10000, i % 4 / 2 * 2 / 4.0);
        near(tw_f64(p)[i], i % 2 ? cos(angle) : sin(angle), 1e-14);
    }
    tw_node *x = wave(TW_SHAPE(2, 3, 4), 1, 0.4, 0.9), *y = tw_nn_positions(net, "p", x, .capacity = 8, .start = 3);
    tw_node *w = tw_net_param(net, "p/weight");
    for (int i = 0; i < 24; i++) near(tw_f64(y)[i], tw_f64(x)[i] + tw_f64(w)[12 + i % 12], 0);
    tw_node *pairs = tw_rotary(x, .interleaved = true), *halves = tw_rotary(tw_permute(tw_reshape(x, TW_SHAPE(2, 3, 2, 2)), TW_AXES(0, 1, 3, 2)));
    ck_assert(tw_is_nil(halves) == false && tw_rank(halves) == 4);
    halves = tw_rotary(tw_reshape(tw_permute(tw_reshape(x, TW_SHAPE(2, 3, 2, 2)), TW_AXES(0, 1, 3, 2)), TW_SHAPE(2, 3, 4)));
    for (int i = 0; i < 24; i++) near(tw_f64(pairs)[i], tw_f64(halves)[i / 4 * 4 + i % 2 * 2 + i % 4 / 2], 1e-15);
    tw_nn_positions(net, "p", x, .capacity = 8, .start = 6);
    fails_with(cx, TW_EARG, "positions", __LINE__ - 1, "3 positions from 6 on of 8");
    tw_nn_positions(net, "p", x, .capacity = 8, .start = INT64_MAX);
    fails_with(cx, TW_EARG, "positions", __LINE__ - 1, "on of 8");
    tw_rotary(tw_zeros(cx, TW_SHAPE(1, 1, 1, 1, 1, 1, 1, 2)));
    fails_with(cx, TW_ESHAPE, "rotary", __LINE__ - 1, "8 axes");
    tw_sinusoidal(cx, 3, 5);
    fails(cx, TW_EARG, "sinusoidal", __LINE__ - 1);
    tw_rotary(tw_zeros(cx, TW_SHAPE(2, 3)));
    fails_with(cx, TW_ESHAPE, "rotary", __LINE__ - 1, "[2, 3]");
}
END_TEST

/* ---- generation ------------------------------------------------------------------------------ */

static tw_node *stack(tw_node *x, tw_nn_cache *cache)
{
    for (int i = 0; i < 2; i++) {
        x = tw_nn_encoder_block(net, i ? "block1" : "block0", x, .heads = 2, .hidden = 8, .norm_first = true, .causal = true, .rotary = true, .cache = cache);
    }
    return x;
}

/* Step by step through the cache is the same as all at once, and no step plans anew. */
START_TEST(a_cache_remembers)
{
    enum { STEPS = 9, FIRST = 3 };
    tw_node *x = wave(TW_SHAPE(2, STEPS, 4), 1, 0.4, 0.9), *whole = stack(x, NULL);
    tw_nn_cache *cache = tw_nn_cache_new(net, STEPS);
    for (int round = 0; round < 2; round++) {
        tw_nn_cache_seek(cache, 0);
        for (int t = 0; t < STEPS; ) {
            const int n = t ? 1 : FIRST;
            arr want = arr_of(tw_slice(whole, .start = { 0, t }, .size = { 0, n }));
            arr part = arr_of(tw_slice(x, .start = { 0, t }, .size = { 0, n }));
            TW_SCOPE(cx);
            tw_node *y = tw_want(stack(node_of(cx, TW_F64, &part), cache));
            tw_eval(cx);
            arr got = arr_of(y);
            arr_near(&got, &want, 1e-12, "cached");
            tw_nn_cache_advance(cache, n);
            t += n;
        }
        ck_assert_int_eq(tw_nn_cache_position(cache), STEPS);
    }
    tw_node *one = tw_zeros(cx, TW_SHAPE(2, 1, 4));
    tw_nn_attention(net, "a", one, .heads = 2, .causal = true, .cache = cache);
    fails_with(cx, TW_EARG, "attention", __LINE__ - 1, "1 steps from 9 on in a cache of 9");
    tw_nn_cache_seek(cache, 0);
    tw_nn_attention(net, "a", one, .heads = 2, .causal = true, .cache = cache);
    tw_nn_attention(net, "a", tw_zeros(cx, TW_SHAPE(3, 1, 4)), .heads = 2, .causal = true, .cache = cache);
    fails_with(cx, TW_ESHAPE, "attention", __LINE__ - 1, "3 sequences, but the cache has 2");
    tw_nn_attention(net, "a", one, .heads = 2, .cache = cache);
    fails_with(cx, TW_EARG, "attention", __LINE__ - 1, ".causal");
    tw_nn_cache_new(net, 0);
    fails(cx, TW_EARG, "nn_cache", __LINE__ - 1);
}
END_TEST

START_TEST(no_token_plans_anew)
{
    enum { STEPS = 12 };
    tw_nn_cache *cache = tw_nn_cache_new(net, STEPS);
    int64_t misses = 0;
    for (int t = 0; t < STEPS; t++) {
        TW_SCOPE(cx);
        tw_item(tw_sum(stack(wave(TW_SHAPE(2, 1, 4), 1, 0.4 + t, 0.9), cache)));
        tw_nn_cache_advance(cache, 1);
        if (t == 2) misses = tw_counts(cx).misses;
    }
    ck_assert_int_eq(tw_counts(cx).misses, misses);
}
END_TEST

START_TEST(attention_masks_and_refuses)
{
    tw_node *x = wave(TW_SHAPE(2, 3, 4), 1, 0.4, 0.9);
    tw_node *none = tw_zeros(cx, TW_SHAPE(3, 3), .dtype = TW_BOOL), *y = tw_nn_attention(net, "a", x, .heads = 2, .mask = none);
    for (int i = 0; i < 24; i++) near(tw_f64(y)[i], 0, 0);              /* the output's bias */
    ck_assert(isfinite(tw_item(tw_sum(tw_grad(tw_sum(tw_square(y)), tw_net_param(net, "a/query/weight"))))));
    tw_node *row = tw_data(cx, TW_BOOL, TW_SHAPE(3), ((bool[]){ true, false, true }));
    tw_node *masked = tw_nn_attention(net, "a", x, .heads = 2, .mask = row);
    tw_node *g = tw_grad(tw_sum(tw_slice(masked, .size = { 0, 1 })), x);
    for (int i = 0; i < 4; i++) near(tw_f64(g)[4 + i], 0, 0);           /* step 0 does not see step 1 */
    tw_nn_attention(net, "b", x, .heads = 3);
    fails_with(cx, TW_EARG, "attention", __LINE__ - 1, "3 heads for 4 features");
    tw_nn_attention(net, "b", tw_index(x, .at = 0), .heads = 2);
    fails_with(cx, TW_ESHAPE, "attention", __LINE__ - 1, "[3, 4]");
    tw_nn_attention(net, "b", x, .heads = 4, .rotary = true);
    fails_with(cx, TW_EARG, "attention", __LINE__ - 1, "even");
    tw_nn_decoder_block(net, "b", x, .heads = 2);
    fails_with(cx, TW_EARG, "decoder_block", __LINE__ - 1, ".memory");
}
END_TEST

START_TEST(shortcuts)
{
    tw_node *x = wave(TW_SHAPE(2, 5, 7, 3), 1, 0.4, 0.9), *same = tw_nn_residual(net, "a", x, tw_square(x));
    near(tw_f64(same)[8], tw_f64(x)[8] + tw_f64(x)[8] * tw_f64(x)[8], 1e-15);
    ck_assert_int_eq(tw_net_count(net), 0);
    tw_node *y = tw_nn_conv2d(net, "c", x, .filters = 4, .kernel = {3}, .stride = {2}, .padding = TW_SAME);
    tw_node *z = tw_nn_residual(net, "b", x, y), *w = tw_net_param(net, "b/shortcut/weight");
    double sum = tw_f64(y)[(4 + 1) * 4 + 2];                            /* row 1, column 1, channel 2 */
    for (int c = 0; c < 3; c++) sum += tw_f64(x)[(2 * 7 + 2) * 3 + c] * tw_f64(w)[c * 4 + 2];
    near(tw_f64(z)[(4 + 1) * 4 + 2], sum, 1e-14);
    tw_node *rows = tw_zeros(cx, TW_SHAPE(2, 3));
    ck_assert_int_eq(tw_dim(tw_nn_residual(net, "r", rows, tw_zeros(cx, TW_SHAPE(2, 5))), 1), 5);
    tw_nn_residual(net, "s", rows, tw_zeros(cx, TW_SHAPE(3, 5)));
    fails_with(cx, TW_ESHAPE, "residual", __LINE__ - 1, "from [2, 3] to [3, 5]");
    tw_nn_residual(net, "s", x, tw_zeros(cx, TW_SHAPE(2, 4, 7, 3)));
    fails_with(cx, TW_ESHAPE, "residual", __LINE__ - 1, "[2, 4, 7, 3]");
    tw_nn_residual(net, "s", rows, NULL);
    fails(cx, TW_EARG, "residual", __LINE__ - 1);
}
END_TEST

/* One object a step: the estimate of the risk moves with the step, and no step plans anew. */
START_TEST(the_risk_is_estimated)
{
    tw_opt *opt = tw_sgd(net, .lr = 0.1);
    double w = 0, q = 0;
    int64_t misses = 0;
    for (int k = 0; k < 8; k++) {
        TW_SCOPE(cx);
        tw_node *p = tw_nn_param(net, "w", TW_SHAPE(1), tw_zeros_init);
        tw_node *loss = tw_sum(tw_square(tw_sub(p, 1.0 + k % 3))), *risk = tw_nn_running(net, "risk", loss, 0.2);
        tw_opt_step(opt, loss);
        const double l = (w - 1 - k % 3) * (w - 1 - k % 3);
        q = k ? 0.2 * l + 0.8 * q : l;
        w -= 0.2 * (w - 1 - k % 3);
        near(tw_item(risk), q, 1e-14);
        near(tw_item(tw_net_param(net, "risk/estimate")), q, 1e-14);
        if (k == 4) misses = tw_counts(cx).misses;
    }
    ck_assert_int_eq(tw_counts(cx).misses, misses);
    tw_nn_running(net, "other", tw_scalar(cx, 1), 0);
    fails_with(cx, TW_EARG, "running", __LINE__ - 1, "weight is 0");
}
END_TEST

START_TEST(norms_refuse)
{
    tw_node *x = tw_zeros(cx, TW_SHAPE(2, 4));
    tw_nn_group_norm(net, "n", x, .groups = 3);
    fails_with(cx, TW_ESHAPE, "group_norm", __LINE__ - 1, "groups of 3 do not divide 4");
    tw_nn_layer_norm(net, "n", x, .dims = 3);
    fails_with(cx, TW_ESHAPE, "layer_norm", __LINE__ - 1, "3 last axes");
    tw_nn_rms_norm(net, "n", x, .epsilon = -1);
    fails_with(cx, TW_EARG, "rms_norm", __LINE__ - 1, "epsilon is -1");
    tw_nn_instance_norm(net, "n", tw_zeros(cx, TW_SHAPE(2)));
    fails_with(cx, TW_ESHAPE, "instance_norm", __LINE__ - 1, "[2]");
    tw_nn_layer_norm(net, "n", tw_arange(cx, 3));
    fails_with(cx, TW_EDTYPE, "layer_norm", __LINE__ - 1, "i64");
}
END_TEST

START_TEST(convolutions_refuse)
{
    tw_node *x = tw_zeros(cx, TW_SHAPE(1, 5, 4));
    tw_nn_conv1d(net, "c", x, .filters = 2);
    fails_with(cx, TW_EARG, "conv1d", __LINE__ - 1, ".kernel");
    tw_nn_conv3d(net, "c", x, .filters = 2, .kernel = {3});
    fails_with(cx, TW_ESHAPE, "conv3d", __LINE__ - 1, "[1, 5, 4]");
    tw_nn_conv_transpose1d(net, "t", x, .filters = 2, .kernel = {3});
    tw_nn_conv_transpose1d(net, "t", tw_zeros(cx, TW_SHAPE(1, 5, 3)), .filters = 2, .kernel = {3});
    fails_with(cx, TW_ESHAPE, "conv_transpose1d", __LINE__ - 1, "x has 3 channels");
    tw_nn_separable_conv2d(net, "s", x, .filters = 2, .kernel = {3});
    fails_with(cx, TW_ESHAPE, "separable_conv2d", __LINE__ - 1, "[1, 5, 4]");
}
END_TEST

/* ---- first values, and the table --------------------------------------------------------------- */

START_TEST(initialisers)
{
    tw_node *t = tw_nn_param(net, "t", TW_SHAPE(100, 200), tw_truncated_normal_init(0.3));
    const double *p = tw_f64(t);
    double sum = 0, square = 0, most = 0;
    for (int i = 0; i < 20000; i++) {
        sum += p[i];
        square += p[i] * p[i];
        most = fmax(most, fabs(p[i]));
    }
    near(sum / 20000, 0, 0.01);
    near(sqrt(square / 20000) / 0.3, 1, 0.02);
    ck_assert(most <= 0.6 / 0.879 && most > 0.6);
    near(tw_item(tw_mean(tw_square(tw_nn_param(net, "ln", TW_SHAPE(100, 200), tw_lecun_normal)))) * 100, 1, 0.05);
    near(tw_item(tw_mean(tw_square(tw_nn_param(net, "lu", TW_SHAPE(100, 200), tw_lecun_uniform)))) * 100, 1, 0.05);
    near(tw_item(tw_max(tw_abs(tw_nn_param(net, "u", TW_SHAPE(100, 200), tw_uniform_init(0.5))))), 0.5, 1e-3);

    tw_node *tall = tw_nn_param(net, "o", TW_SHAPE(3, 4, 5), tw_orthogonal_init(2)), *wide = tw_nn_param(net, "w", TW_SHAPE(3, 7), tw_orthogonal);
    tw_node *flat = tw_reshape(tall, TW_SHAPE(12, 5));
    tw_node *a = tw_matmul(flat, flat, .transpose_a = true), *b = tw_matmul(wide, wide, .transpose_b = true);
    for (int i = 0; i < 25; i++) near(tw_f64(a)[i], i % 6 ? 0 : 4, 1e-14);
    for (int i = 0; i < 9; i++) near(tw_f64(b)[i], i % 4 ? 0 : 1, 1e-14);
    ck_assert_int_eq(tw_dim(tw_nn_param(net, "empty", TW_SHAPE(0, 3), tw_orthogonal), 1), 3);
}
END_TEST

START_TEST(the_summary_is_a_table)
{
    for (int pass = 0; pass < 3; pass++) {
        tw_node *x = tw_zeros(cx, TW_SHAPE(4, 6));
        x = tw_nn_dense(net, "shared", x, .units = 6);
        x = tw_nn_dense(net, "shared", x, .units = 6);
        x = tw_nn_batch_norm(net, "norm", x);
        tw_nn_dense(net, "head", x, .units = 1000);
    }
    tw_net_freeze(net, "head/bias", true);
    char text[2048] = { 0 };
    FILE *to = fmemopen(text, sizeof text, "w");
    tw_net_summary(net, to);
    fclose(to);
    ck_assert_str_eq(text, "parameter          shape                       numbers  uses\n"
                           "shared/weight      [6, 6]                           36     2\n"
                           "shared/bias        [6]                               6     2\n"
                           "norm/weight        [6]                               6     1\n"
                           "norm/bias          [6]                               6     1\n"
                           "norm/running_mean  [6]                               6     1  buffer\n"
                           "norm/running_var   [6]                               6     1  buffer\n"
                           "head/weight        [6, 1000]                     6,000     1\n"
                           "head/bias          [1000]                        1,000     1  frozen\n"
                           "6,054 to be trained, 1,000 frozen, 12 in buffers\n");
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    tw_net *outer = net;
    tw_ctx *wide = cx;
    for (long allowed = 0; ; allowed++) {
        heap h = { .left = allowed };
        cx = tw_open(.resize = heap_resize, .resize_user = &h, .on_error = rig_quiet);
        net = tw_net_new(cx);
        tw_nn_cache *cache = tw_nn_cache_new(net, 4);
        for (int step = 0; step < 2; step++) {
            TW_SCOPE(cx);
            tw_node *y = stack(tw_ones(cx, TW_SHAPE(1, 2, 4)), cache);
            tw_node *z = tw_nn_gru(net, "gru", y, .units = 2, .bidirectional = true);
            tw_item(tw_sum(z));
            tw_nn_cache_advance(cache, 2);
        }
        const bool good = tw_ok(cx);
        if (!good && tw_error_get(cx)) ck_assert_int_eq(tw_error_get(cx)->code, TW_ENOMEM);
        tw_close(cx);
        ck_assert_int_eq(h.blocks, 0);
        if (good) break;
    }
    net = outer;
    cx = wide;
}
END_TEST

int main(void)
{
    Suite *s = suite_create("layers");
    TCase *t = tcase_create("layers");
    tcase_add_checked_fixture(t, open_f64, close_clean);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, a_layer_follows_the_reference, 0, N_LAYERS);
    tcase_add_test(t, embeddings_are_rows);
    tcase_add_test(t, cells_are_layers);
    tcase_add_test(t, recurrences_refuse);
    tcase_add_test(t, positions);
    tcase_add_test(t, a_cache_remembers);
    tcase_add_test(t, no_token_plans_anew);
    tcase_add_test(t, attention_masks_and_refuses);
    tcase_add_test(t, shortcuts);
    tcase_add_test(t, the_risk_is_estimated);
    tcase_add_test(t, norms_refuse);
    tcase_add_test(t, convolutions_refuse);
    tcase_add_test(t, initialisers);
    tcase_add_test(t, the_summary_is_a_table);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return rig_run(s);
}
