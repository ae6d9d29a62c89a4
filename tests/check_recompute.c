/* check_recompute.c - tw_checkpoint: the same numbers, to any order, and a lower peak. */
#include "tests/fixture.h"

enum { BLOCKS = 8, ROWS = 64, WIDTH = 32 };

/* Several layers deep, with a parameter that is not listed, and random numbers. */
static tw_node *block(tw_node *x, tw_node *w, uint64_t key)
{
    tw_node *h = tw_tanh(tw_matmul(x, w));
    tw_node *kept = tw_less(tw_uniform(tw_ctx_of(x), tw_shape_of(h), .key = key), 0.8);
    h = tw_mul(tw_where(kept, h, 0), 1.25);
    h = tw_sin(tw_add(h, tw_exp(tw_neg(tw_square(h)))));
    return tw_add(x, tw_tanh(tw_matmul(tw_softmax(h), w)));
}

static tw_node *model(tw_node *x, tw_node *const *w, bool checkpoint)
{
    for (int i = 0; i < BLOCKS; i++) {
        tw_node *y = block(x, w[i], 100 + (uint64_t)i);
        x = checkpoint ? tw_checkpoint(y, 1, &x) : y;
    }
    return tw_mean(tw_square(x));
}

static void leaves(tw_node **x, tw_node **w, int64_t rows, int64_t width)
{
    *x = tw_uniform(cx, TW_SHAPE(rows, width), .low = -1, .high = 1, .key = 7);
    for (int i = 0; i < BLOCKS; i++) w[i] = tw_mul(tw_uniform(cx, TW_SHAPE(width, width), .low = -1, .high = 1, .key = 8 + (uint64_t)i), 0.5);
}

/* Gradients to the input and all weights, checkpointed or not, as arrays. */
static void gradients(bool checkpoint, arr *out)
{
    TW_SCOPE(cx);
    tw_node *w[BLOCKS], *x[BLOCKS + 1], *g[BLOCKS + 1];
    leaves(&x[0], w, ROWS, WIDTH);
    memcpy(x + 1, w, sizeof w);
    ck_assert(tw_eval_nodes(BLOCKS + 1, x));
    tw_grads(model(x[0], w, checkpoint), BLOCKS + 1, x, g);
    ck_assert(tw_eval_nodes(BLOCKS + 1, g));
    for (int i = 0; i <= BLOCKS; i++) out[i] = arr_of(g[i]);
}

START_TEST(gradients_are_the_same_bits)
{
    arr with[BLOCKS + 1], without[BLOCKS + 1];
    gradients(true, with);
    gradients(false, without);
    for (int i = 0; i <= BLOCKS; i++)
        ck_assert_msg(!memcmp(with[i].v, without[i].v, (size_t)with[i].count * sizeof(double)), "gradient %d differs", i);
}
END_TEST

START_TEST(gradients_are_the_same_node_by_node)
{
    arr with[BLOCKS + 1], plan[BLOCKS + 1];
    gradients(true, plan);
    ck_assert_int_eq(tw_close(cx), 0);
    cx = rig_open(TW_F64, NULL, false);
    gradients(true, with);
    for (int i = 0; i <= BLOCKS; i++) ck_assert(!memcmp(with[i].v, plan[i].v, (size_t)with[i].count * sizeof(double)));
}
END_TEST

START_TEST(the_peak_falls)
{
    arr out[BLOCKS + 1];
    int64_t slab[2];
    for (int i = 0; i < 2; i++) {
        tw_ctx *was = cx;
        cx = rig_open(TW_F64, NULL, true);
        gradients(i, out);
        slab[i] = tw_counts(cx).slab;
        ok(cx);
        ck_assert_int_eq(tw_close(cx), 0);
        cx = was;
    }
    printf("check_recompute: temporaries of %d blocks: %lld bytes, with checkpoints %lld\n", BLOCKS, (long long)slab[0], (long long)slab[1]);
    ck_assert_msg(2 * slab[1] < slab[0], "%lld bytes without, %lld with", (long long)slab[0], (long long)slab[1]);
}
END_TEST

static double near_all(tw_node *a, tw_node *b)
{
    const arr x = arr_of(a), y = arr_of(b);
    arr_near(&x, &y, 1e-11, "checkpointed");
    return x.v[0];
}

START_TEST(any_order_and_both_modes)
{
    tw_node *w[BLOCKS], *x, *y[2], *g[2], *h[2], *v;
    leaves(&x, w, 2, 3);
    v = tw_uniform(cx, TW_SHAPE(2, 3), .key = 99);
    for (int i = 0; i < 2; i++) y[i] = model(x, w, i), g[i] = tw_grad(y[i], x);
    near_all(g[1], g[0]);
    near_all(tw_jvp(y[1], 1, &x, &v), tw_jvp(y[0], 1, &x, &v));
    near_all(tw_hvp(y[1], x, v), tw_hvp(y[0], x, v));
    near_all(tw_hessian(y[1], x), tw_hessian(y[0], x));
    near_all(tw_hessian(y[1], x, .mode = TW_REVERSE), tw_hessian(y[0], x, .mode = TW_REVERSE));
    for (int i = 0; i < 2; i++) h[i] = tw_grad(tw_sum(tw_mul(g[i], v)), x);
    near_all(h[1], h[0]);
    for (int i = 0; i < 2; i++) h[i] = tw_grad(tw_sum(tw_mul(h[i], v)), x);
    near_all(h[1], h[0]);
    for (int i = 0; i < 2; i++) h[i] = tw_grad(tw_sum(tw_mul(g[i], v)), w[1]);
    near_all(h[1], h[0]);
    tw_node *many = tw_uniform(cx, TW_SHAPE(3, 2, 3), .key = 98);
    near_all(tw_vmap(y[1], 1, &x, &many), tw_vmap(y[0], 1, &x, &many));
    near_all(tw_vmap(g[1], 1, &x, &many), tw_vmap(g[0], 1, &x, &many));
    tw_node *other = tw_mul(x, 2);
    near_all(tw_replace(g[1], 1, &x, &other), tw_replace(g[0], 1, &x, &other));
}
END_TEST

static tw_node *nested(tw_node *x, tw_node *const *w, bool checkpoint)
{
    tw_node *start = x;
    for (int i = 0; i < 4; i++) {
        tw_node *y = block(x, w[i], 50 + (uint64_t)i);
        x = checkpoint ? tw_checkpoint(y, 1, &x) : y;
    }
    return checkpoint ? tw_checkpoint(x, 1, &start) : x;
}

START_TEST(checkpoints_within_checkpoints)
{
    tw_node *w[BLOCKS], *x, *y[2], *g[2], *h[2], *gw[2];
    leaves(&x, w, 2, 3);
    for (int i = 0; i < 2; i++) {
        y[i] = tw_sum(tw_square(nested(nested(x, w, i), w + 4, i)));
        tw_node *xs[2] = { x, w[2] }, *gs[2];
        tw_grads(y[i], 2, xs, gs);
        g[i] = gs[0], gw[i] = gs[1];
        h[i] = tw_grad(tw_sum(tw_square(g[i])), w[3]);
    }
    near_all(g[1], g[0]);
    near_all(gw[1], gw[0]);
    near_all(h[1], h[0]);
}
END_TEST

/* Nodes inside the region that others read, that are targets, or that are the region. */
START_TEST(regions_of_any_form)
{
    tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(2), ((double[]){ 0.5, 2 })), *old = tw_exp(x), *a = tw_sin(x);
    for (int i = 0; i < 2; i++) {
        tw_node *u = tw_square(a), *v = tw_mul(tw_tanh(u), old), *z = i ? tw_checkpoint(v, 1, &a) : v;
        tw_node *y = tw_sum(tw_mul(tw_add(z, u), z)), *xs[] = { x, a, u, old, v }, *g[5];
        static arr want[5];
        tw_grads(y, i ? 4 : 5, xs, g);
        for (int k = 0; k < (i ? 4 : 5); k++) {
            const arr got = arr_of(g[k]);
            if (!i) want[k] = got;
            else arr_near(&got, &want[k], 1e-14, "a region");
        }
    }
    tw_node *same = tw_checkpoint(a, 1, &a), *both[] = { x, a }, *c = tw_checkpoint(tw_mul(tw_square(a), tw_cos(x)), 2, both);
    near_all(tw_grad(tw_sum(tw_square(same)), x), tw_grad(tw_sum(tw_square(a)), x));
    near_all(tw_grad(tw_sum(c), x), tw_grad(tw_sum(tw_mul(tw_square(a), tw_cos(x))), x));
    ck_assert(tw_is_zero(tw_grad(tw_sum(tw_checkpoint(tw_mul(tw_stop_grad(a), 2), 1, &a)), a)));
    tw_node *stopped = tw_checkpoint(tw_exp(old), 1, &a);               /* a listed input that is not read */
    near_all(tw_grad(tw_sum(stopped), x), tw_grad(tw_sum(tw_exp(old)), x));
}
END_TEST

START_TEST(cells_and_a_step_within_a_loop)
{
    double value[2][3];
    for (int mode = 0; mode < 2; mode++) {
        tw_node *w = tw_param(cx, "w", tw_fill(cx, TW_SHAPE(3, 3), .value = 0.3));
        for (int step = 0; step < 3; step++) {
            TW_SCOPE(cx);
            tw_node *x = tw_fill(cx, TW_SHAPE(2, 3), .value = 0.1 * (step + 1)), *y = block(x, w, 5);
            if (mode) y = tw_checkpoint(y, 1, &x);
            tw_node *loss = tw_want(tw_sum(tw_square(y)));
            tw_assign(w, tw_sub(w, tw_mul(0.1, tw_grad(loss, w))));
            ck_assert(tw_eval(cx));
            value[mode][step] = tw_item(loss);
        }
    }
    for (int step = 0; step < 3; step++) ck_assert_double_eq(value[0][step], value[1][step]);
}
END_TEST

START_TEST(what_a_checkpoint_refuses)
{
    tw_node *x = tw_scalar(cx, 2), *y = tw_exp(x), *null = NULL;
    tw_checkpoint(NULL, 1, &x); int line = __LINE__;
    fails(cx, TW_EARG, "checkpoint", line);
    tw_checkpoint(y, 1, &null); line = __LINE__;
    fails_with(cx, TW_EARG, "checkpoint", line, "1");
    tw_checkpoint(y, 0, &x); line = __LINE__;
    fails_with(cx, TW_EARG, "checkpoint", line, "0");
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        gradients_are_the_same_bits, gradients_are_the_same_node_by_node, the_peak_falls, any_order_and_both_modes,
        checkpoints_within_checkpoints, regions_of_any_form, cells_and_a_step_within_a_loop, what_a_checkpoint_refuses,
    };
    return run_programs("recompute", sizeof tests / sizeof *tests, tests);
}
