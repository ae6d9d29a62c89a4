/* check_sums.c - cotangents of what is read many times: sums of products that become one product.
 *
 * The truth is the same program with a matrix of its own for each read, whose gradients are added here.
 */
#include "tests/fixture.h"

enum { MOST = 130 };

/* What a matrix may be to its products: the right factor or the left, as it is or transposed. */
typedef struct use { bool left, transposed, other; } use;

static tw_node *wave(tw_shape s, double start) { return rig_wave(cx, s, 0.5, start, 0.7); }

/* One product of w [6, 9] with something of k rows. */
static tw_node *product(tw_node *w, use u, int64_t k, int step)
{
    const int64_t inner = u.left == u.transposed ? 6 : 9;
    tw_node *x = wave(u.other ? TW_SHAPE(inner, k) : TW_SHAPE(k, inner), step);
    if (u.left) return tw_matmul(w, x, .transpose_a = u.transposed, .transpose_b = !u.other);
    return tw_matmul(x, w, .transpose_a = u.other, .transpose_b = u.transposed);
}

/* sum of sin of all products, of one w or of n different ones. */
static tw_node *many(int n, tw_node *const *w, const use *u, int64_t k)
{
    tw_node *y = tw_scalar(cx, 0);
    for (int i = 0; i < n; i++) y = tw_add(y, tw_sum(tw_sin(product(w[i], u[i], k, i))));
    return y;
}

static void check(int n, const use *u, int64_t k)
{
    tw_node *w = wave(TW_SHAPE(6, 9), 3), *same[MOST], *own[MOST], *g[MOST];
    for (int i = 0; i < n; i++) same[i] = w, own[i] = tw_mul(w, 1);
    tw_grads(many(n, own, u, k), n, own, g);
    tw_node *want = g[0];
    for (int i = 1; i < n; i++) want = tw_add(want, g[i]);
    const arr a = arr_of(tw_grad(many(n, same, u, k), w)), b = arr_of(want);
    arr_near(&a, &b, 1e-12, "a gradient of many products");
}

START_TEST(products_of_one_matrix_give_the_sum_of_its_gradients)
{
    use u[MOST];
    for (int kind = 0; kind < 8; kind++)
        for (int n = 1; n < 6; n++) {
            for (int i = 0; i < n; i++) u[i] = (use){ kind & 1, kind >> 1 & 1, kind >> 2 & 1 };
            check(n, u, 2);
        }
    for (int i = 0; i < MOST; i++) u[i] = (use){ 0 };
    check(MOST, u, 1);                                                  /* more than wait at a time */
    for (int i = 0; i < MOST; i++) u[i] = (use){ i % 7 == 3, i % 3 == 0, i % 5 > 2 };
    check(MOST, u, 2);                                                  /* of all kinds, in any order */
    check(40, u, 200);                                                  /* long ones do not wait */
}
END_TEST

/* A recurrence h = tanh(h w + x), and with it the derivative of the gradient. */
static tw_node *recurrence(tw_node *w, int steps, bool checkpoints)
{
    tw_node *h = wave(TW_SHAPE(2, 24), 1);
    for (int t = 0; t < steps; t++) {
        tw_node *next = tw_tanh(tw_add(tw_matmul(h, w), wave(TW_SHAPE(2, 24), t))), *from[] = { h, w };
        h = checkpoints && t % 3 == 2 ? tw_checkpoint(next, 2, from) : next;
    }
    return tw_sum(tw_square(h));
}

START_TEST(a_recurrence_has_the_slope_that_differences_show)
{
    tw_node *w = tw_mul(wave(TW_SHAPE(24, 24), 2), 0.4), *v = wave(TW_SHAPE(24, 24), 5);
    const double e = 1e-5;
    tw_node *g = tw_grad(recurrence(w, 40, false), w);
    tw_node *up = recurrence(tw_add(w, tw_mul(v, e)), 40, false), *down = recurrence(tw_sub(w, tw_mul(v, e)), 40, false);
    const double slope = (tw_item(up) - tw_item(down)) / (2 * e);
    near(tw_item(tw_sum(tw_mul(g, v))), slope, 1e-7 * fmax(1, fabs(slope)));
    const arr a = arr_of(g), b = arr_of(tw_grad(recurrence(w, 40, true), w));
    arr_near(&b, &a, 1e-10, "with checkpoints");

    tw_node *gup = tw_grad(recurrence(tw_add(w, tw_mul(v, e)), 40, false), w), *gdown = tw_grad(recurrence(tw_sub(w, tw_mul(v, e)), 40, false), w);
    const arr h = arr_of(tw_hvp(recurrence(w, 40, false), w, v)), d = arr_of(tw_mul(tw_sub(gup, gdown), 1 / (2 * e)));
    arr_near(&h, &d, 1e-4, "a second derivative");
}
END_TEST

/* Steps of two rows each: up to 64 of them make one product. */
START_TEST(a_recurrence_of_many_steps_makes_few_products)
{
    char text[1 << 16] = "";
    tw_node *w = tw_param(cx, "w", tw_mul(wave(TW_SHAPE(24, 24), 2), 0.4));
    {
        TW_SCOPE(cx);
        tw_node *g = tw_grad(recurrence(w, 40, false), w);
        tw_eval_nodes(1, &g);
    }
    FILE *f = fmemopen(text, sizeof text, "w");
    tw_plan_dump(cx, f);
    fclose(f);
    int products = 0;
    const char *at = strstr(text, "     matmul    ");
    ck_assert_msg(at && sscanf(at, " matmul %d", &products) == 1, "%s", text);
    ck_assert_int_eq(products, 40 + 39 + 1);        /* forward, back, and one for w */
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        products_of_one_matrix_give_the_sum_of_its_gradients, a_recurrence_has_the_slope_that_differences_show,
        a_recurrence_of_many_steps_makes_few_products,
    };
    return run_programs("sums", sizeof tests / sizeof *tests, tests);
}
