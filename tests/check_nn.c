/* check_nn.c - parameters by name, layers against plain loops, losses against their formulas. */
#include "nn/nn.h"
#include "optim/optim.h"
#include "tests/rig.h"

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

#define MATRIX(rows, columns, ...) tw_data(cx, TW_F64, TW_SHAPE(rows, columns), ((double[]){ __VA_ARGS__ }))
#define VECTOR(n, ...)             tw_data(cx, TW_F64, TW_SHAPE(n), ((double[]){ __VA_ARGS__ }))

static const tw_net_item *item(const char *path)
{
    const tw_net_item *i = tw_net_next(net, path, NULL);
    ck_assert_msg(i != NULL, "no item %s", path);
    return i;
}

/* ---- names ---------------------------------------------------------------------------------- */

START_TEST(parameters_are_found_by_path)
{
    tw_node *w;
    {
        tw_net_scope(net, "encoder");
        tw_net_scope(net, "block/1");
        w = tw_nn_param(net, "w", TW_SHAPE(2, 3), tw_glorot_uniform);
        ck_assert_ptr_eq(tw_nn_param(net, "w", TW_SHAPE(2, 3), tw_zeros_init), w);
        tw_nn_buffer(net, "mean", TW_SHAPE(3), tw_constant_init(2));
    }
    tw_nn_param(net, "head", TW_SHAPE(4), tw_ones_init);
    ck_assert_str_eq(tw_cell_name(w), "encoder/block/1/w");
    ck_assert_ptr_eq(tw_net_param(net, "encoder/block/1/w"), w);
    near(tw_f64(tw_net_param(net, "encoder/block/1/mean"))[2], 2, 0);
    ck_assert_int_eq(tw_net_count(net), 10);        /* buffers are not counted */
    ck_assert(item("*/mean")->buffer && !item("head")->buffer);
    ck_assert_str_eq(tw_net_next(net, NULL, item("*/w"))->path, "encoder/block/1/mean");
    ck_assert_ptr_null(tw_net_next(net, NULL, item("head")));
}
END_TEST

START_TEST(many_names)
{
    char name[16];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "p%d", i);
        tw_nn_param(net, name, TW_SHAPE(2), tw_constant_init(i));
    }
    int n = 0;
    TW_NET_EACH(p, net, "p?9*") n++;
    ck_assert_int_eq(n, 9 + 20);                    /* p19 ... p99; p190 ... p199, p290 ... p299 */
    near(tw_f64(tw_net_param(net, "p137"))[1], 137, 0);
}
END_TEST

START_TEST(patterns)
{
    static const struct { const char *pattern, *path; bool match; } rows[] = {
        { "*", "a/b", true },       { "a/*", "a/b/c", true },   { "a/*", "a", false },      { "a", "a/b", false },
        { "*/w", "a/b/w", true },   { "*/w", "w", false },      { "a?c", "abc", true },     { "a?c", "ac", false },
        { "*b*b", "abcb", true },   { "*ab", "aab", true },     { "a**", "a", true },       { "", "a", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tw_net *one = tw_net_new(cx);
        tw_nn_param(one, rows[i].path, TW_SHAPE(1), tw_zeros_init);
        ck_assert_msg((tw_net_next(one, rows[i].pattern, NULL) != NULL) == rows[i].match, "%s %s", rows[i].pattern, rows[i].path);
    }
}
END_TEST

START_TEST(scopes_left_open_close_with_the_outer_one)
{
    tw_net_mark outer = tw_net_enter(net, "a");
    tw_net_enter(net, "b");
    tw_nn_param(net, "w", TW_SHAPE(1), tw_zeros_init);
    tw_net_leave(&outer);
    tw_nn_param(net, "w", TW_SHAPE(1), tw_zeros_init);
    ck_assert_str_eq(item("a/b/w")->path, "a/b/w");
    ck_assert_str_eq(item("w")->path, "w");
}
END_TEST

START_TEST(names_that_cannot_be)
{
    tw_nn_param(net, "w", TW_SHAPE(2, 3), tw_zeros_init);
    const int first = __LINE__ - 1;
    char since[64], lengthy[400];
    snprintf(since, sizeof since, "check_nn.c:%d", first);
    memset(lengthy, 'x', sizeof lengthy - 1), lengthy[sizeof lengthy - 1] = 0;

    tw_nn_param(net, "w", TW_SHAPE(3, 3), tw_zeros_init);
    fails_with(cx, TW_ESHAPE, "nn_param", __LINE__ - 1, "[3, 3]");
    tw_nn_param(net, "w", TW_SHAPE(6), tw_zeros_init);
    fails_with(cx, TW_ESHAPE, "nn_param", __LINE__ - 1, since);
    tw_nn_buffer(net, "w", TW_SHAPE(2, 3), tw_zeros_init);
    fails_with(cx, TW_EARG, "nn_buffer", __LINE__ - 1, "parameter");
    static const char *const bad[] = { "", "/a", "a/", "a//b" };
    for (int i = 0; i < 4; i++) {
        tw_nn_param(net, bad[i], TW_SHAPE(1), tw_zeros_init);
        fails_with(cx, TW_EARG, "nn_param", __LINE__ - 1, "name");
    }
    tw_nn_param(net, NULL, TW_SHAPE(1), tw_zeros_init);
    fails(cx, TW_EARG, "nn_param", __LINE__ - 1);
    tw_nn_param(net, lengthy, TW_SHAPE(1), tw_zeros_init);
    fails_with(cx, TW_EARG, "nn_param", __LINE__ - 1, "longer");
    { tw_net_scope(net, ""); }
    fails(cx, TW_EARG, "net_scope", __LINE__ - 1);
    tw_nn_param(net, "v", TW_SHAPE(1), (tw_init){ 0 });
    fails_with(cx, TW_EARG, "nn_param", __LINE__ - 1, "initialiser");
    tw_net_param(net, "v");
    fails_with(cx, TW_EARG, "net_param", __LINE__ - 1, "\"v\"");
    tw_net_freeze(net, "v*", true);
    fails_with(cx, TW_EARG, "net_freeze", __LINE__ - 1, "v*");
    tw_net_seal(net);
    tw_nn_param(net, "v", TW_SHAPE(1), tw_zeros_init);
    fails_with(cx, TW_EARG, "nn_param", __LINE__ - 1, "sealed");
    ck_assert_int_eq(tw_net_count(net), 6);
}
END_TEST

START_TEST(dead_networks_do_nothing)
{
    heap none = { .left = 0 };
    tw_ctx *dead = tw_open(.resize = heap_resize, .resize_user = &none, .on_error = rig_quiet);
    tw_net *n = tw_net_new(dead);
    { tw_net_scope(n, "x"); }
    tw_node *y = tw_nn_dense(n, "a", tw_zeros(dead, TW_SHAPE(2, 2)), .units = 3);
    ck_assert(tw_is_nil(y) && !tw_opt_step(tw_sgd(n, .lr = 1), y) && !tw_net_count(n) && !tw_net_next(n, NULL, NULL));
    ck_assert(!tw_net_is_training(n) && !tw_net_freeze(n, NULL, true) && !tw_net_ctx(n));
    tw_close(dead);

    ck_assert(tw_is_nil(tw_nn_dense(NULL, "a", VECTOR(1, 1), .units = 3)));
    fails(cx, TW_EARG, "dense", __LINE__ - 1);
    tw_ctx *other = rig_open(TW_F64, NULL, true);
    tw_nn_dense(tw_net_new(other), "a", VECTOR(1, 1), .units = 3);
    fails(cx, TW_ESCOPE, "dense", __LINE__ - 1);
    fails(other, TW_ESCOPE, "dense", __LINE__ - 2);
    tw_close(other);
}
END_TEST

/* ---- first values --------------------------------------------------------------------------- */

static double variance(tw_node *w, double *largest)
{
    const double *p = tw_f64(w);
    double sum = 0;
    *largest = 0;
    for (int64_t i = 0; i < tw_count(w); i++) {
        sum += p[i] * p[i];
        *largest = fmax(*largest, fabs(p[i]));
    }
    return sum / (double)tw_count(w);
}

START_TEST(initialisers_have_their_variance)
{
    const struct { tw_init init; double dense, conv; bool bounded; } rows[] = {
        { tw_glorot_uniform, 2.0 / 300, 2.0 / (9 * 72), true }, { tw_glorot_normal, 2.0 / 300, 2.0 / (9 * 72), false },
        { tw_he_uniform, 2.0 / 100, 2.0 / (9 * 8), true },      { tw_he_normal, 2.0 / 100, 2.0 / (9 * 8), false },
        { tw_normal_init(0.3), 0.09, 0.09, false },
    };
    double largest;
    char name[16];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(name, sizeof name, "d%zu", i);
        near(variance(tw_nn_param(net, name, TW_SHAPE(100, 200), rows[i].init), &largest) / rows[i].dense, 1, 0.05);
        ck_assert((largest <= sqrt(3 * rows[i].dense)) == rows[i].bounded);
        snprintf(name, sizeof name, "c%zu", i);
        near(variance(tw_nn_param(net, name, TW_SHAPE(3, 3, 8, 64), rows[i].init), &largest) / rows[i].conv, 1, 0.1);
    }
}
END_TEST

/* ---- layers --------------------------------------------------------------------------------- */

START_TEST(dense_is_a_product_and_a_bias)
{
    const double xs[] = { 1, 2, 3, -1, 0.5, 2, 4, 4, -3, 0, 1, 0 };
    tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(4, 3), xs);
    tw_node *y = tw_nn_dense(net, "h", x, .units = 2, .bias_init = tw_constant_init(0.25));
    const double *w = tw_f64(tw_net_param(net, "h/weight")), *p = tw_f64(y);
    tw_node *of_three = tw_nn_dense(net, "h", tw_reshape(x, TW_SHAPE(2, 2, 3)), .units = 2);
    tw_node *of_one   = tw_nn_dense(net, "h", tw_index(x, .at = 1), .units = 2);
    ck_assert_int_eq(tw_rank(of_three), 3);
    ck_assert_int_eq(tw_rank(of_one), 1);
    for (int i = 0; i < 8; i++) {
        double sum = 0.25;
        for (int k = 0; k < 3; k++) sum += xs[i / 2 * 3 + k] * w[k * 2 + i % 2];
        near(p[i], sum, 1e-14);
        near(tw_f64(of_three)[i], sum, 1e-14);
        if (i / 2 == 1) near(tw_f64(of_one)[i % 2], sum, 1e-14);
    }
    tw_node *bare = tw_nn_dense(net, "bare", x, .units = 2, .no_bias = true, .init = tw_ones_init);
    near(tw_f64(bare)[0], 6, 0);
    ck_assert_int_eq(tw_net_count(net), 6 + 2 + 6);
}
END_TEST

START_TEST(dense_refuses)
{
    tw_node *x = tw_zeros(cx, TW_SHAPE(4, 3));
    {
        tw_net_scope(net, "encoder");
        tw_nn_dense(net, "hidden", x, .units = 8);
        tw_nn_dense(net, "hidden", tw_zeros(cx, TW_SHAPE(4, 2)), .units = 8);
        fails_with(cx, TW_ESHAPE, "matmul", __LINE__ - 1, "inner dimensions 2 and 3 differ: [4, 2] by [3, 8]  "
                   "(in dense \"encoder/hidden\", called by dense_refuses");
    }
    tw_nn_dense(net, "a", x);
    fails_with(cx, TW_EARG, "dense", __LINE__ - 1, ".units");
    tw_nn_dense(net, "a", tw_scalar(cx, 1), .units = 3);
    fails(cx, TW_ESHAPE, "dense", __LINE__ - 1);
    tw_nn_dense(net, "encoder/hidden", x, .units = 5);
    fails_with(cx, TW_ESHAPE, "nn_param", __LINE__ - 1, "[3, 5]");
    tw_nn_dense(net, NULL, x, .units = 5);
    fails(cx, TW_EARG, "dense", __LINE__ - 1);
    tw_nn_dense(net, "a", NULL, .units = 5);
    fails(cx, TW_EARG, "dense", __LINE__ - 1);
    ck_assert_int_eq(tw_net_count(net), 32);
}
END_TEST

START_TEST(conv2d_is_a_correlation_and_a_bias)
{
    uint64_t seed = 1;
    arr a = arr_noise(TW_SHAPE(2, 5, 5, 4), -1, 1, &seed);
    tw_node *y = tw_nn_conv2d(net, "c", node_of(cx, TW_F64, &a), .filters = 6, .kernel = {3}, .stride = {2}, .padding = TW_SAME,
                              .groups = 2, .bias_init = tw_constant_init(0.5));
    tw_node *w = tw_net_param(net, "c/weight");
    ck_assert_int_eq(tw_dim(y, 1), 3);
    ck_assert_int_eq(tw_dim(y, 3), 6);
    ck_assert_int_eq(tw_dim(w, 1), 3);
    ck_assert_int_eq(tw_dim(w, 2), 2);
    double sum = 0.5;           /* image 1, row 1, column 1, filter 4, which is of group 1 */
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int c = 0; c < 2; c++)
                sum += a.v[((5 + 1 + i) * 5 + 1 + j) * 4 + 2 + c] * tw_f64(w)[((i * 3 + j) * 2 + c) * 6 + 4];
    near(tw_f64(y)[((3 + 1) * 3 + 1) * 6 + 4], sum, 1e-13);

    tw_node *x = tw_zeros(cx, TW_SHAPE(2, 5, 5, 3));
    tw_nn_conv2d(net, "c", x, .filters = 6, .kernel = {3});
    fails_with(cx, TW_ESHAPE, "conv2d", __LINE__ - 1, "x has 3 channels");
    tw_nn_conv2d(net, "d", x, .kernel = {3});
    fails_with(cx, TW_EARG, "conv2d", __LINE__ - 1, ".filters");
    tw_nn_conv2d(net, "d", x, .filters = 6);
    fails_with(cx, TW_EARG, "conv2d", __LINE__ - 1, ".kernel");
    tw_nn_conv2d(net, "d", x, .filters = 6, .kernel = {3}, .groups = 2);
    fails(cx, TW_ESHAPE, "conv2d", __LINE__ - 1);
    tw_nn_conv2d(net, "d", tw_zeros(cx, TW_SHAPE(5, 5, 3)), .filters = 6, .kernel = {3});
    fails_with(cx, TW_ESHAPE, "conv2d", __LINE__ - 1, "[5, 5, 3]");
}
END_TEST

START_TEST(dropout_keeps_the_mean)
{
    tw_node *x = tw_ones(cx, TW_SHAPE(100, 100)), *y = tw_nn_dropout(net, x, .p = 0.3), *g = tw_grad(tw_sum(y), x);
    const double *p = tw_f64(y), *q = tw_f64(g);
    int zeros = 0;
    for (int i = 0; i < 10000; i++) {
        zeros += p[i] == 0;
        ck_assert(p[i] == 0 || fabs(p[i] - 1 / 0.7) < 1e-15);
        near(q[i], p[i], 0);
    }
    near(zeros / 10000.0, 0.3, 0.02);
    near(tw_item(tw_mean(tw_cast(tw_equal(tw_nn_dropout(net, x), 0.0), TW_F64))), 0.5, 0.02);
    ck_assert(!same_bits(y, tw_nn_dropout(net, x, .p = 0.3)));
    ck_assert_ptr_eq(tw_nn_dropout(net, x, .p = TW_ZERO), x);
    tw_net_training(net, false);
    ck_assert_ptr_eq(tw_nn_dropout(net, x, .p = 0.3), x);
    tw_nn_dropout(net, x, .p = 1);
    fails_with(cx, TW_EARG, "dropout", __LINE__ - 1, "p is 1");
    tw_nn_dropout(net, tw_arange(cx, 3));
    fails_with(cx, TW_EDTYPE, "dropout", __LINE__ - 1, "i64");
}
END_TEST

START_TEST(batch_norm_normalises)
{
    const double xs[] = { 1, 2, 3, -1, 0.5, 2, 4, 4, -3, 0, 1, 0 };
    tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(4, 3), xs), *y = tw_nn_batch_norm(net, "n", x, .momentum = 0.2, .epsilon = 1e-3);
    const double *p = tw_f64(y), *mean = tw_f64(tw_net_param(net, "n/running_mean"));
    const double *var = tw_f64(tw_net_param(net, "n/running_var"));
    tw_net_training(net, false);
    const double *q = tw_f64(tw_nn_batch_norm(net, "n", x, .epsilon = 1e-3));
    for (int j = 0; j < 3; j++) {
        double m = 0, v = 0;
        for (int i = 0; i < 4; i++) m += xs[i * 3 + j] / 4;
        for (int i = 0; i < 4; i++) v += (xs[i * 3 + j] - m) * (xs[i * 3 + j] - m) / 4;
        near(mean[j], 0.2 * m, 1e-14);
        near(var[j], 0.8 + 0.2 * v * 4 / 3, 1e-14);
        for (int i = 0; i < 4; i++) {
            near(p[i * 3 + j], (xs[i * 3 + j] - m) / sqrt(v + 1e-3), 1e-13);
            near(q[i * 3 + j], (xs[i * 3 + j] - mean[j]) / sqrt(var[j] + 1e-3), 1e-13);
        }
    }
    ck_assert_int_eq(tw_net_count(net), 6);
    tw_net_training(net, true);
    uint64_t seed = 2;
    arr a = arr_noise(TW_SHAPE(3, 4, 5, 2), -1, 3, &seed);
    tw_node *z = tw_nn_batch_norm(net, "images", node_of(cx, TW_F64, &a), .no_affine = true);
    near(tw_item(tw_mean(z)), 0, 1e-14);
    near(tw_item(tw_var(z)), 1, 1e-4);
    tw_nn_batch_norm(net, "n", tw_zeros(cx, TW_SHAPE(1, 3)));
    fails_with(cx, TW_ESHAPE, "batch_norm", __LINE__ - 1, "more than one");
    tw_nn_batch_norm(net, "n", tw_zeros(cx, TW_SHAPE(4, 2)));
    fails_with(cx, TW_ESHAPE, "batch_norm", __LINE__ - 1, "3 features");
    tw_nn_batch_norm(net, "n", tw_zeros(cx, TW_SHAPE(4)));
    fails(cx, TW_ESHAPE, "batch_norm", __LINE__ - 1);
}
END_TEST

/* The batch's statistics depend on x: dropping that dependence is the usual mistake. */
START_TEST(batch_norm_differentiates_its_statistics)
{
    uint64_t seed = 3;
    arr a = arr_noise(TW_SHAPE(4, 2), -1, 1, &seed), weights = arr_noise(TW_SHAPE(4, 2), -1, 1, &seed);
    const double h = 1e-5;
    arr got = { 0 };
    for (int i = -1; i < 8; i++) {
        double value[2] = { 0 };
        for (int s = 0; s < 2; s++) {
            arr moved = arr_like(&a);
            memcpy(moved.v, a.v, 8 * sizeof *a.v);
            if (i >= 0) moved.v[i] += s ? h : -h;
            tw_node *x = node_of(cx, TW_F64, &moved), *y = tw_nn_batch_norm(net, "n", x);
            tw_node *loss = tw_sum(tw_mul(node_of(cx, TW_F64, &weights), y));
            if (i < 0) got = arr_of(tw_grad(loss, x));
            value[s] = tw_item(loss);
        }
        if (i >= 0) near(got.v[i], (value[1] - value[0]) / (2 * h), 1e-7);
    }
}
END_TEST

/* ---- losses --------------------------------------------------------------------------------- */

START_TEST(cross_entropy_is_the_mean_surprise)
{
    const double z[] = { 1, 2, 3, -1, 0, 1000 }, p[] = { 0.2, 0.3, 0.5, 0, 1, 0 };
    const int64_t classes[] = { 2, 1 };
    double by_class = 0, by_p = 0, q[6];
    for (int i = 0; i < 6; i++) q[i] = z[i] - z[i / 3 * 3 + 2] - log(exp(z[i / 3 * 3] - z[i / 3 * 3 + 2]) + exp(z[i / 3 * 3 + 1] - z[i / 3 * 3 + 2]) + 1);
    for (int i = 0; i < 2; i++) by_class -= q[i * 3 + classes[i]] / 2;
    for (int i = 0; i < 6; i++) by_p -= p[i] * q[i] / 2;

    tw_node *logits = tw_data(cx, TW_F64, TW_SHAPE(2, 3), z), *labels = tw_data(cx, TW_I64, TW_SHAPE(2), classes);
    tw_node *loss = tw_cross_entropy(logits, labels), *g = tw_grad(loss, logits);
    near(tw_item(loss), by_class, 1e-14);
    near(tw_item(tw_cross_entropy(logits, tw_cast(labels, TW_I32))), by_class, 1e-14);
    near(tw_item(tw_cross_entropy(logits, tw_cast(labels, TW_U8))), by_class, 1e-14);
    near(tw_item(tw_cross_entropy(logits, tw_data(cx, TW_F64, TW_SHAPE(2, 3), p))), by_p, 1e-14);
    for (int i = 0; i < 6; i++) near(tw_f64(g)[i], (exp(q[i]) - (i == 2 || i == 4)) / 2, 1e-14);
}
END_TEST

START_TEST(cross_entropy_refuses)
{
    tw_node *logits = tw_zeros(cx, TW_SHAPE(2, 3));
    tw_cross_entropy(logits, tw_zeros(cx, TW_SHAPE(2, 1), .dtype = TW_I64));
    fails_with(cx, TW_ESHAPE, "cross_entropy", __LINE__ - 1, "[2, 1]");
    tw_cross_entropy(logits, tw_zeros(cx, TW_SHAPE(2)));
    fails_with(cx, TW_EDTYPE, "cross_entropy", __LINE__ - 1, "f64");
    tw_cross_entropy(logits, tw_zeros(cx, TW_SHAPE(2, 3), .dtype = TW_I64));
    fails_with(cx, TW_EDTYPE, "cross_entropy", __LINE__ - 1, "i64");
    tw_cross_entropy(logits, NULL);
    fails(cx, TW_EARG, "cross_entropy", __LINE__ - 1);
    tw_node *beyond = tw_data(cx, TW_I32, TW_SHAPE(2), ((int32_t[]){ 2, 3 }));
    tw_node *loss = tw_cross_entropy(logits, beyond);
    const int line = __LINE__ - 1;
    ck_assert(isnan(tw_item(loss)));
    fails_with(cx, TW_EVALUE, "gather", line, "3");
}
END_TEST

/* Its two selections meet at 0: both derivatives must be right there, and nothing may overflow. */
START_TEST(binary_cross_entropy_is_smooth)
{
    enum { N = 7 };
    const double z[N] = { 0, 0, 700, -700, 2, -3, -0.0 }, t[N] = { 1, 0, 1, 1, 0.3, 0, 0.5 };
    tw_node *logits = tw_data(cx, TW_F64, TW_SHAPE(N), z), *targets = tw_data(cx, TW_F64, TW_SHAPE(N), t);
    tw_node *loss = tw_binary_cross_entropy(logits, targets), *g = tw_grad(loss, logits), *h = tw_grad(tw_sum(g), logits);
    double want = 0;
    for (int i = 0; i < N; i++) {
        const double s = 1 / (1 + exp(-z[i]));
        want += (fmax(z[i], 0) - z[i] * t[i] + log1p(exp(-fabs(z[i])))) / N;
        near(tw_f64(g)[i], (s - t[i]) / N, 1e-15);
        near(tw_f64(h)[i], s * (1 - s) / N, 1e-15);
    }
    near(tw_item(loss), want, 1e-13);
    tw_binary_cross_entropy(logits, tw_zeros(cx, TW_SHAPE(N, 1)));
    fails_with(cx, TW_ESHAPE, "binary_cross_entropy", __LINE__ - 1, "[7, 1]");
}
END_TEST

START_TEST(errors_of_a_regression)
{
    tw_node *y = VECTOR(3, 1, -2, 4), *t = VECTOR(3, 0, 1, 4);
    near(tw_item(tw_mean_squared_error(y, t)), 10.0 / 3, 1e-15);
    near(tw_item(tw_mean_absolute_error(y, t)), 4.0 / 3, 1e-15);
    tw_mean_squared_error(y, tw_zeros(cx, TW_SHAPE(3, 1)));
    fails_with(cx, TW_ESHAPE, "mean_squared_error", __LINE__ - 1, "[3, 1]");
    tw_mean_absolute_error(NULL, t);
    fails(cx, TW_EARG, "mean_absolute_error", __LINE__ - 1);
}
END_TEST

START_TEST(penalties)
{
    tw_assign(tw_nn_param(net, "a/w", TW_SHAPE(2), tw_zeros_init), VECTOR(2, 1, -2));
    tw_nn_param(net, "b/w", TW_SHAPE(3), tw_constant_init(-2));
    tw_nn_buffer(net, "c", TW_SHAPE(3), tw_constant_init(5));
    near(tw_item(tw_l2_penalty(net, "*/w")), 0.5 * (1 + 4 + 12), 1e-15);
    near(tw_item(tw_l1_penalty(net, NULL)), 3 + 6, 1e-15);
    tw_net_freeze(net, "b/*", true);
    near(tw_item(tw_l1_penalty(net, NULL)), 3, 1e-15);
    tw_l2_penalty(net, "d");
    fails_with(cx, TW_EARG, "l2_penalty", __LINE__ - 1, "\"d\"");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn");
    TCase *t = tcase_create("nn");
    tcase_add_checked_fixture(t, open_f64, close_clean);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, parameters_are_found_by_path);
    tcase_add_test(t, many_names);
    tcase_add_test(t, patterns);
    tcase_add_test(t, scopes_left_open_close_with_the_outer_one);
    tcase_add_test(t, names_that_cannot_be);
    tcase_add_test(t, dead_networks_do_nothing);
    tcase_add_test(t, initialisers_have_their_variance);
    tcase_add_test(t, dense_is_a_product_and_a_bias);
    tcase_add_test(t, dense_refuses);
    tcase_add_test(t, conv2d_is_a_correlation_and_a_bias);
    tcase_add_test(t, dropout_keeps_the_mean);
    tcase_add_test(t, batch_norm_normalises);
    tcase_add_test(t, batch_norm_differentiates_its_statistics);
    tcase_add_test(t, cross_entropy_is_the_mean_surprise);
    tcase_add_test(t, cross_entropy_refuses);
    tcase_add_test(t, binary_cross_entropy_is_smooth);
    tcase_add_test(t, errors_of_a_regression);
    tcase_add_test(t, penalties);
    suite_add_tcase(s, t);
    return rig_run(s);
}
