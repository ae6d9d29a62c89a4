/* check_transforms.c - matrices of derivatives, graphs built again for other values, functions that are given memory. */
#include "tests/fixture.h"

/* ---- matrices of derivatives ----------------------------------------------------------- */

START_TEST(a_jacobian_has_the_axes_of_both)
{
    tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(2, 2), ((double[]){ 1, 2, 3, 4 })), *v = VECTOR(5, 6), *other = tw_scalar(cx, 1);
    tw_node *y = tw_matmul(x, tw_reshape(v, TW_SHAPE(2, 1)));                       /* [2, 1] */
    for (int mode = 0; mode < 3; mode++) {
        tw_node *j = tw_jacobian(y, v, .mode = (tw_mode)mode);
        ck_assert_int_eq(tw_rank(j), 3);
        ELEMENTS(j, 1, 2, 3, 4);
        tw_node *k = tw_jacobian(y, x, .mode = (tw_mode)mode, .chunk = 3);
        ck_assert_int_eq(tw_rank(k), 4);
        ELEMENTS(k, 5, 6, 0, 0, 0, 0, 5, 6);
    }
    ELEMENTS(tw_jacobian(tw_sum(y), v), 4, 6);
    ELEMENTS(tw_jacobian(y, other), 0, 0);
    tw_node *ts = tw_zeros(cx, TW_SHAPE(3));
    ck_assert(tw_is_zero(tw_jvps(y, 1, &other, &ts)));
}
END_TEST

START_TEST(the_cheaper_mode_builds_fewer_products)
{
    tw_node *x = VECTOR(1, 2), *wide = tw_concat(3, ((tw_node *[]){ tw_square(x), tw_exp(x), x })), *narrow = tw_slice(wide, .size = { 1 });
    const double e = exp(1), ee = exp(2);
    ELEMENTS(tw_jacobian(wide, x), 2, 0, 0, 4, e, 0, 0, ee, 1, 0, 0, 1);
    ELEMENTS(tw_jacobian(narrow, x), 2, 0);
}
END_TEST

START_TEST(matrices_are_differentiated_again)
{
    tw_node *x = VECTOR(1, 2), *y = tw_sum(tw_mul(tw_square(x), tw_slice(tw_concat(2, ((tw_node *[]){ x, x })), .start = { 1 }, .size = { 2 })));
    tw_node *h = tw_hessian(y, x);                                  /* y = a a b + b b a */
    ELEMENTS(h, 4, 6, 6, 2);
    tw_node *third = tw_jacobian(h, x);
    ELEMENTS(third, 0, 2, 2, 2, 2, 2, 2, 0);
    ELEMENTS(tw_jacobian(h, x, .mode = TW_REVERSE), 0, 2, 2, 2, 2, 2, 2, 0);
    ELEMENTS(tw_hvp(y, x, VECTOR(1, 10)), 64, 26);
    ELEMENTS(tw_grad(tw_sum(tw_hvp(y, x, VECTOR(1, 10))), x), 42, 24);
}
END_TEST

START_TEST(with_respect_to_a_cell)
{
    tw_node *w = tw_param(cx, "w", VECTOR(3, 5)), *y = tw_sum(tw_mul(tw_square(w), w));
    ELEMENTS(tw_hessian(y, w), 18, 0, 0, 30);
    ELEMENTS(tw_hvp(y, w, VECTOR(1, 1)), 18, 30);
    ELEMENTS(tw_jacobian(tw_square(w), w), 6, 0, 0, 10);
    tw_node *many = tw_data(cx, TW_F64, TW_SHAPE(2, 2), ((double[]){ 1, 1, 2, 0 }));
    ELEMENTS(tw_vmap(y, 1, &w, &many), 2, 8);
    tw_node *other = VECTOR(1, 2);
    item_is(tw_replace(y, 1, &w, &other), 9);
}
END_TEST

START_TEST(what_matrices_refuse)
{
    tw_node *x = VECTOR(1, 2), *deep = tw_reshape(x, TW_SHAPE(1, 1, 1, 1, 1, 1, 1, 2));
    tw_jacobian(deep, x); int line = __LINE__;
    fails_with(cx, TW_ESHAPE, "jacobian", line, "8");
    tw_jacobian(x, tw_arange(cx, 2)); line = __LINE__;
    fails_with(cx, TW_EGRAD, "jacobian", line, "i64");
    tw_jacobian(NULL, x); line = __LINE__;
    fails(cx, TW_EARG, "jacobian", line);
    tw_jacobian(x, x, .chunk = -1); line = __LINE__;
    fails_with(cx, TW_EARG, "jacobian", line, "-1");
    ELEMENTS(tw_jacobian(x, x, .chunk = INT64_MAX), 1, 0, 0, 1);
    tw_node *number = tw_sum(x);
    tw_jacobian(tw_mul(deep, number), number, .mode = TW_REVERSE); line = __LINE__;
    fails_with(cx, TW_ESHAPE, "jacobian", line, "rank 8");
    tw_jacobian(tw_sum(deep), deep, .mode = TW_FORWARD); line = __LINE__;
    fails_with(cx, TW_ESHAPE, "jacobian", line, "rank 8");
    tw_jacobian_sparse(tw_square(deep), deep, .n = 1, .rows = &(int64_t){ 0 }, .cols = &(int64_t){ 0 }); line = __LINE__;
    fails_with(cx, TW_ESHAPE, "jacobian_sparse", line, "ranks 8 and 8");
    tw_hessian(tw_square(x), x); line = __LINE__;
    fails_with(cx, TW_EGRAD, "grad", line, "[2]");
    tw_hvp(tw_sum(tw_square(x)), x, VECTOR(1, 2, 3)); line = __LINE__;
    fails_with(cx, TW_ESHAPE, "hvp", line, "[3]");
    tw_node *three = tw_zeros(cx, TW_SHAPE(4, 3)), *y = tw_square(x), *g;
    tw_vjps(1, &y, &three, 1, &x, &g); line = __LINE__;
    fails_with(cx, TW_ESHAPE, "vjps", line, "[4, 3]");
    ck_assert(tw_is_nil(g));
    tw_jvps(y, 1, &x, &three); line = __LINE__;
    fails_with(cx, TW_ESHAPE, "jvps", line, "[4, 3]");
    tw_vmap(y, 1, &x, &three); line = __LINE__;
    fails_with(cx, TW_ESHAPE, "vmap", line, "[4, 3]");
    tw_replace(y, 1, &x, &three); line = __LINE__;
    fails_with(cx, TW_ESHAPE, "replace", line, "[4, 3]");
    tw_node *f = tw_zeros(cx, TW_SHAPE(2), .dtype = TW_F32);
    tw_replace(y, 1, &x, &f); line = __LINE__;
    fails_with(cx, TW_EDTYPE, "replace", line, "f32");
}
END_TEST

/* Lists that are not there, or of fewer nodes than none. */
START_TEST(lists_that_are_no_lists)
{
    tw_node *x = VECTOR(1, 2), *y = tw_sum(x), *g = NULL;
    tw_grads(y, 1, NULL, &g); int line = __LINE__;
    fails_with(cx, TW_EARG, "grad", line, "list of 1");
    ck_assert(tw_is_nil(g));
    tw_grads(y, 1, &x, NULL); line = __LINE__;
    fails_with(cx, TW_EARG, "grad", line, "list of 1");
    tw_grads(y, -1, &x, &g); line = __LINE__;
    fails_with(cx, TW_EARG, "grad", line, "-1");
    tw_vjp(-1, &y, &y, 1, &x, &g); line = __LINE__;
    fails_with(cx, TW_EARG, "vjp", line, "-1");
    tw_vjp(1, &y, NULL, 1, &x, &g); line = __LINE__;
    fails_with(cx, TW_EARG, "vjp", line, "list of 1");
    REFUSES(TW_EARG, "jvp", "list of 1", tw_jvp(y, 1, &x, NULL));
    REFUSES(TW_EARG, "jvps", "list of 1", tw_jvps(y, 1, &x, NULL));
    REFUSES(TW_EARG, "vmap", "list of 1", tw_vmap(y, 1, NULL, &x));
    REFUSES(TW_EARG, "replace", "-2", tw_replace(y, -2, &x, &x));
    REFUSES(TW_EARG, "checkpoint", "list of 2", tw_checkpoint(y, 2, NULL));
    tw_vjps(1, &y, NULL, 1, &x, &g); line = __LINE__;
    fails_with(cx, TW_EARG, "vjps", line, "list of 1");
    ck_assert(!tw_eval_nodes(1, NULL) && !tw_dot_nodes(1, NULL));
    tw_name_enter(NULL, "nowhere"), tw_name_leave(NULL);
    ck_assert_int_eq(tw_counts(NULL).plans, 0);
}
END_TEST

/* The work of many products is a batch's, not a loop's: the graph does not grow with the number of rows. */
START_TEST(a_hessian_is_one_batch)
{
    int64_t run[2];
    for (int i = 0; i < 2; i++) {
        TW_SCOPE(cx);
        const int64_t n = i ? 40 : 10, before = tw_counts(cx).nodes_run;
        tw_node *x = tw_uniform(cx, TW_SHAPE(30, n)), *w = tw_zeros(cx, TW_SHAPE(n, 1));
        tw_node *z = tw_matmul(x, w), *loss = tw_mean(tw_log1p(tw_exp(z)));
        tw_f64(tw_hessian(loss, w));
        ok(cx);
        run[i] = tw_counts(cx).nodes_run - before;
    }
    ck_assert_int_eq(run[0], run[1]);
    ck_assert_ptr_null(tw_diagnostic(cx));
}
END_TEST

/* A band of three takes three products, whatever its length. */
START_TEST(a_sparse_jacobian_takes_few_products)
{
    enum { N = 500 };
    int64_t rows[3 * N], cols[3 * N], n = 0, products = 0;
    double v[N];
    for (int i = 0; i < N; i++) {
        v[i] = sin(i);
        for (int k = i - 1; k <= i + 1; k++) if (k >= 0 && k < N) rows[n] = i, cols[n++] = k;
    }
    tw_node *x = vector(N, v), *padded = tw_pad(x, .before = { 1 }, .after = { 1 });
    tw_node *left = tw_slice(padded, .size = { N }), *next = tw_slice(padded, .start = { 2 });
    tw_node *y = tw_sub(tw_mul(x, tw_square(x)), tw_mul(left, next));       /* x^3 - l r */
    for (int mode = 0; mode < 3; mode++) {
        const double *j = tw_f64(tw_jacobian_sparse(y, x, .n = n, .rows = rows, .cols = cols, .mode = (tw_mode)mode, .products = &products));
        ok(cx);
        ck_assert_int_eq(products, 3);
        for (int64_t k = 0; k < n; k++) {
            const int64_t i = rows[k], l = i ? i - 1 : N, r = i + 1 < N ? i + 1 : N;
            const double want = cols[k] == i ? 3 * v[i] * v[i] : cols[k] == l ? (r < N ? -v[r] : 0) : l < N ? -v[l] : 0;
            near(j[k], want, 1e-14);
        }
    }
    rows[7] = N;
    tw_jacobian_sparse(y, x, .n = n, .rows = rows, .cols = cols); const int line = __LINE__;
    fails_with(cx, TW_EARG, "jacobian_sparse", line, "entry 7 is (500, ");
}
END_TEST

static bool triple_shape(tw_node *y) { return tw_is_float(y->dtype); }
static tw_node *triple_d(tw_node *y, int i, tw_node *g) { (void)y, (void)i; return tw_mul(3, g); }
static int64_t triple_kernel(const tw_call *c)
{
    for (int64_t i = c->lo; i < c->hi; i++) ((double *)c->out->data)[i] = 3 * ((const double *)c->in->data)[i];
    return -1;
}
static const tw_op triple_op = { .name = "triple", .doc = "3 x", .arity = 1, .rule = TW_LINEAR, .shape = triple_shape, .d = triple_d, .kernel = triple_kernel };

START_TEST(a_missing_batching_rule_is_a_loop_and_said)
{
    tw_op_register(cx, &triple_op);
    tw_node *x = VECTOR(1, 2), *y = tw_apply(&triple_op, tw_square(x)); const int line = __LINE__;
    ELEMENTS(tw_jacobian(y, x, .mode = TW_FORWARD), 6, 0, 0, 12);
    const tw_error *said = tw_diagnostic(cx);
    ck_assert_ptr_nonnull(said);
    ck_assert_str_eq(said->op, "triple");
    ck_assert_int_eq(said->at->line, line);
    ck_assert_ptr_nonnull(strstr(said->text, "no batching rule"));
}
END_TEST

/* ---- functions that are given memory ---------------------------------------------------- */

typedef struct watch { int forward, vjp, jvp, status; } watch;

static int cube(const tw_extern_call *c)
{
    watch *w = c->user;
    w->forward++;
    for (int64_t i = 0; i < c->y.count; i++) {
        const double x = ((const double *)c->in[0].data)[i];
        ((double *)c->y.data)[i] = x * x * x;
    }
    return w->status;
}
static int cube_vjp(const tw_extern_call *c)
{
    watch *w = c->user;
    w->vjp++;
    ck_assert_ptr_null(c->gx[1].data);          /* not asked for: an integer */
    for (int64_t i = 0; i < c->y.count; i++) {
        const double x = ((const double *)c->in[0].data)[i];
        ck_assert_double_eq(((const double *)c->y.data)[i], x * x * x);
        ((double *)c->gx[0].data)[i] = 3 * x * x * ((const double *)c->gy.data)[i];
    }
    return 0;
}
static int cube_jvp(const tw_extern_call *c)
{
    watch *w = c->user;
    w->jvp++;
    for (int64_t i = 0; i < c->y.count; i++) {
        const double x = ((const double *)c->in[0].data)[i];
        ((double *)c->ty.data)[i] = 3 * x * x * ((const double *)c->t[0].data)[i];
    }
    return 0;
}

START_TEST(an_extern_function_with_both_derivatives)
{
    watch w = { 0 };
    tw_node *x = VECTOR(1, -2, 3), *table = tw_arange(cx, 5), *t = VECTOR(1, 10, 100);
    tw_node *y = tw_extern(cx, .name = "cube", .in = { x, table }, .out = TW_SHAPE(3), .forward = cube, .vjp = cube_vjp, .jvp = cube_jvp, .user = &w);
    ELEMENTS(y, 1, -8, 27);
    ELEMENTS(tw_grad(tw_sum(tw_square(y)), x), 6, -192, 6 * 243);
    ELEMENTS(tw_jvp(y, 1, &x, &t), 3, 120, 2700);
    ELEMENTS(tw_jacobian(y, x), 3, 0, 0, 0, 12, 0, 0, 0, 27);
    ck_assert(w.forward >= 1 && w.vjp >= 1 && w.jvp >= 1);
    /* the Jacobian does not move when only the cotangent does: the second derivative with respect to a factor of the loss is there */
    tw_node *a = VECTOR(2, 3, 4), *g = tw_grad(tw_sum(tw_mul(a, y)), x);
    ELEMENTS(tw_grad(tw_sum(tw_mul(g, t)), a), 3, 120, 2700);
}
END_TEST

static int twice(const tw_extern_call *c)
{
    for (int64_t i = 0; i < c->y.count; i++) ((double *)c->y.data)[i] = 2 * ((const double *)c->in[0].data)[i];
    return 0;
}
static int twice_vjp(const tw_extern_call *c)
{
    for (int64_t i = 0; i < c->gy.count; i++) ((double *)c->gx[0].data)[i] = 2 * ((const double *)c->gy.data)[i];
    return 0;
}

static int scaled(const tw_extern_call *c)
{
    const double k = (double)((const int64_t *)c->in[0].data)[0];
    for (int64_t i = 0; i < c->y.count; i++) ((double *)c->y.data)[i] = k * ((const double *)c->in[1].data)[i];
    return 0;
}
static int scaled_vjp(const tw_extern_call *c)
{
    const double k = (double)((const int64_t *)c->in[0].data)[0];
    for (int64_t i = 0; i < c->gy.count; i++) ((double *)c->gx[1].data)[i] = k * ((const double *)c->gy.data)[i];
    return 0;
}

/* The output's dtype is not the first input's, whoever builds the node again. */
START_TEST(an_extern_function_of_integers_first)
{
    tw_node *k = tw_data(cx, TW_I64, TW_SHAPE(1), ((int64_t[]){ 3 })), *x = VECTOR(1, 2), *v = VECTOR(5, 6);
    tw_node *y = tw_extern(cx, .name = "scaled", .in = { k, tw_square(x) }, .out = TW_SHAPE(2), .forward = scaled, .vjp = scaled_vjp, .linear = true);
    tw_node *many = tw_data(cx, TW_F64, TW_SHAPE(2, 2), ((double[]){ 1, 2, 3, 4 }));
    ck_assert_int_eq(tw_dtype_of(y), TW_F64);
    ELEMENTS(tw_replace(y, 1, &x, &v), 75, 108);
    ELEMENTS(tw_vmap(y, 1, &x, &many), 3, 12, 27, 48);
    ELEMENTS(tw_jacobian(y, x, .mode = TW_REVERSE), 6, 0, 0, 12);
    ELEMENTS(tw_jacobian(y, x, .mode = TW_FORWARD), 6, 0, 0, 12);
    ELEMENTS(tw_grad(tw_sum(tw_checkpoint(tw_square(y), 1, &x)), x), 36, 288);
    ELEMENTS(tw_hessian(tw_sum(tw_square(y)), x), 108, 0, 0, 432);
}
END_TEST

START_TEST(a_linear_extern_function_has_all_orders)
{
    tw_node *x = VECTOR(1, 2);
    tw_node *y = tw_extern(cx, .name = "twice", .in = { x }, .out = TW_SHAPE(2), .forward = twice, .vjp = twice_vjp, .linear = true);
    tw_node *f = tw_sum(tw_mul(y, tw_square(y)));                       /* 8 x^3 */
    ELEMENTS(tw_grad(f, x), 24, 96);
    ELEMENTS(tw_hessian(f, x), 48, 0, 0, 96);
    ELEMENTS(tw_hessian(f, x, .mode = TW_REVERSE), 48, 0, 0, 96);
    ELEMENTS(tw_grad(tw_sum(tw_grad(tw_sum(tw_grad(f, x)), x)), x), 48, 48);
}
END_TEST

START_TEST(what_an_extern_function_lacks_is_an_error_by_name)
{
    watch w = { 0 };
    tw_node *x = VECTOR(1, 2), *t = VECTOR(1, 1), *none = tw_arange(cx, 1);
    tw_node *y = tw_extern(cx, .name = "cube", .in = { x, none }, .out = TW_SHAPE(2), .forward = cube, .user = &w); int line = __LINE__;
    ELEMENTS(y, 1, 8);
    tw_grad(tw_sum(y), x);
    fails_with(cx, TW_EGRAD, "cube", line, ".vjp");
    tw_jvp(y, 1, &x, &t);
    fails_with(cx, TW_EGRAD, "cube", line, ".jvp");
    y = tw_extern(cx, .name = "cube", .in = { x, none }, .out = TW_SHAPE(2), .forward = cube, .vjp = cube_vjp, .jvp = cube_jvp, .user = &w); line = __LINE__;
    tw_node *g = tw_grad(tw_sum(y), x);
    tw_grad(tw_sum(g), x);
    fails_with(cx, TW_EGRAD, "cube", line, "Jacobian");
    tw_hvp(tw_sum(y), x, t);
    fails_with(cx, TW_EGRAD, "cube", line, "Jacobian");
    tw_extern(cx, .name = "cube", .in = { x }); line = __LINE__;
    fails_with(cx, TW_EARG, "cube", line, ".forward");
    tw_extern(cx, .name = "cube", .forward = cube); line = __LINE__;
    fails_with(cx, TW_EARG, "cube", line, "inputs");
    tw_extern(cx, .name = "cube", .in = { NULL, x }, .forward = cube); line = __LINE__;
    fails_with(cx, TW_EARG, "cube", line, "0");
    tw_extern(cx, .name = "cube", .in = { x, tw_cast(x, TW_F32) }, .forward = cube); line = __LINE__;
    fails_with(cx, TW_EDTYPE, "extern", line, "f32");
}
END_TEST

/* A status fails the evaluation at the function's line, and nothing is assigned by it. */
START_TEST(an_extern_function_that_fails_changes_nothing)
{
    watch w = { .status = 42 };
    tw_node *s = tw_state(cx, VECTOR(1, 2)), *first = tw_state(cx, tw_scalar(cx, 5)), *none = tw_arange(cx, 1);
    tw_assign(first, tw_add(first, 1));
    tw_node *y = tw_extern(cx, .name = "cube", .in = { s, none }, .out = TW_SHAPE(2), .forward = cube, .user = &w); const int line = __LINE__;
    tw_assign(s, y);
    ck_assert(!tw_eval(cx));
    fails_with(cx, TW_EUSER, "extern", line, "42");
    ELEMENTS(s, 1, 2);
    item_is(first, 5);
    w.status = 0;
    tw_assign(s, tw_extern(cx, .name = "cube", .in = { s, none }, .out = TW_SHAPE(2), .forward = cube, .user = &w));
    ck_assert(tw_eval(cx));
    ELEMENTS(s, 1, 8);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_jacobian_has_the_axes_of_both, the_cheaper_mode_builds_fewer_products, matrices_are_differentiated_again, with_respect_to_a_cell,
        what_matrices_refuse, a_hessian_is_one_batch, a_sparse_jacobian_takes_few_products, a_missing_batching_rule_is_a_loop_and_said,
        an_extern_function_with_both_derivatives, a_linear_extern_function_has_all_orders, what_an_extern_function_lacks_is_an_error_by_name,
        an_extern_function_that_fails_changes_nothing, an_extern_function_of_integers_first, lists_that_are_no_lists,
    };
    return run_programs("transforms", sizeof tests / sizeof *tests, tests);
}
