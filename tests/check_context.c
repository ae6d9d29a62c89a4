/* check_context.c - what a program means, too: errors and nil, dtypes, random numbers.
 *
 * Small programs, as in check_meaning.c, with the numbers or the error that each must give.
 */
#include "tests/fixture.h"
#include "nn/nn.h"
#include <pthread.h>

/* ---- errors as values ------------------------------------------------------------------ */

START_TEST(an_error_is_taken_and_the_program_goes_on)
{
    tw_node *w = tw_param(cx, "w", VECTOR(1, 2, 3));
    for (int i = 0; i < 5; i++) {
        TW_SCOPE(cx);
        tw_assign(w, tw_add(w, 1));
        if (i % 2 == 0) {
            tw_node *bad = tw_add(w, VECTOR(1, 2)); const int line = __LINE__;
            ck_assert(tw_is_nil(bad) && tw_is_nil(tw_exp(bad)) && !tw_eval(cx));
            fails(cx, TW_ESHAPE, "add", line);      /* and the assignment is dropped */
        }
    }
    item_is(tw_sum(w), 6 + 3 * 2);
}
END_TEST

START_TEST(pending_assigns_are_dropped_in_error)
{
    tw_node *w = tw_param(cx, "w", tw_scalar(cx, 1));
    tw_assign(w, tw_scalar(cx, 2));
    ck_assert(tw_eval(cx));
    tw_assign(w, tw_scalar(cx, 3));
    tw_node *reader = tw_mul(w, 10);
    tw_sum(NULL);
    tw_neg(tw_reshape(w, TW_SHAPE(7))); const int line = __LINE__;
    tw_assign(w, tw_scalar(cx, 4));
    fails(cx, TW_ESHAPE, "reshape", line);
    item_is(w, 2);
    tw_error e;
    ck_assert(isnan(tw_item(reader)));      /* its version never came to be */
    ck_assert(tw_error_take(cx, &e));
    ck_assert_int_eq(e.code, TW_ESPENT);
    tw_assign(w, tw_add(w, 5));
    item_is(w, 7);
}
END_TEST

START_TEST(scopes_and_cells_survive_an_error)
{
    TW_SCOPE(cx);
    tw_node *x = VECTOR(1, 2), *w = tw_state(cx, x);
    tw_matmul(x, x); const int line = __LINE__;
    fails(cx, TW_ESHAPE, "matmul", line);
    item_is(tw_sum(tw_mul(x, w)), 5);
}
END_TEST

START_TEST(only_numbers_know_no_context)
{
    tw_node *n = tw_add(1, 2);
    ck_assert(tw_is_nil(n));
    ck_assert(isnan(tw_item(n)));
    ck_assert(tw_is_nil(tw_exp(n)) && tw_is_nil(tw_mul(n, 2)));
    ck_assert(tw_is_nil(tw_neg(NULL)) && tw_is_nil(tw_sum(NULL)) && tw_is_nil(tw_matmul(NULL, NULL)));
    ck_assert_int_eq(tw_rank(n), 0);
    ck_assert_int_eq(tw_count(n), 1);
    ok(cx);
}
END_TEST

START_TEST(null_among_nodes_is_an_error_of_their_context)
{
    tw_node *x = tw_scalar(cx, 1), *y;
    y = tw_add(x, (tw_node *)NULL); const int line = __LINE__;
    ck_assert(tw_is_nil(y));
    fails(cx, TW_EARG, "add", line);
    y = tw_matmul(NULL, tw_ones(cx, TW_SHAPE(2, 2))); const int line2 = __LINE__;
    ck_assert(tw_is_nil(y));
    fails(cx, TW_EARG, "matmul", line2);
    tw_assign(tw_param(cx, "w", x), NULL); const int line3 = __LINE__;
    fails(cx, TW_EARG, "assign", line3);
    tw_assign(x, x); const int line4 = __LINE__;
    fails(cx, TW_EARG, "assign", line4);
}
END_TEST

/* ---- dtypes ---------------------------------------------------------------------------- */

START_TEST(numbers_take_their_partners_dtype)
{
    tw_node *f = tw_fill(cx, TW_SHAPE(2), .dtype = TW_F32, .value = 0.5), *i = tw_arange(cx, 3);
    ck_assert_int_eq(tw_dtype_of(tw_mul(0.1, f)), TW_F32);
    ck_assert_int_eq(tw_dtype_of(tw_add(i, 2)), TW_I64);
    ck_assert_double_eq((double)tw_f32(tw_mul(0.1, f))[1], (double)(0.1f * 0.5f));
    ck_assert_int_eq(tw_i64(tw_add(i, 2))[2], 4);
    tw_node *y = tw_mul(i, 0.5); const int line = __LINE__;
    ck_assert(tw_is_nil(y));
    fails_with(cx, TW_EDTYPE, "mul", line, "cast");
    tw_add(tw_cast(i, TW_U8), 256); const int line2 = __LINE__;
    fails(cx, TW_EDTYPE, "add", line2);
    tw_add(tw_cast(i, TW_U8), -1); const int line3 = __LINE__;
    fails(cx, TW_EDTYPE, "add", line3);
    tw_equal(tw_less(i, 1), 2); const int line4 = __LINE__;
    fails(cx, TW_EDTYPE, "equal", line4);
    tw_add(i, NaN); const int line5 = __LINE__;
    fails(cx, TW_EDTYPE, "add", line5);
}
END_TEST

START_TEST(different_dtypes_are_an_error_that_names_both)
{
    tw_node *f = tw_ones(cx, TW_SHAPE(2), .dtype = TW_F32), *d = tw_ones(cx, TW_SHAPE(2)), *i = tw_arange(cx, 2);
    tw_add(f, d); int line = __LINE__;
    fails_with(cx, TW_EDTYPE, "add", line, "f32");
    tw_add(f, d); line = __LINE__;
    fails_with(cx, TW_EDTYPE, "add", line, "f64");
    tw_mul(d, i); line = __LINE__;
    fails_with(cx, TW_EDTYPE, "mul", line, "i64");
    tw_matmul(tw_ones(cx, TW_SHAPE(2, 2)), tw_ones(cx, TW_SHAPE(2, 2), .dtype = TW_F32)); line = __LINE__;
    fails_with(cx, TW_EDTYPE, "matmul", line, "f32");
    tw_div(i, i); line = __LINE__;
    fails(cx, TW_EDTYPE, "div", line);
    tw_exp(i); line = __LINE__;
    fails(cx, TW_EDTYPE, "exp", line);
    tw_read_at(TW_HERE, f, TW_F64); line = __LINE__;
    fails(cx, TW_EDTYPE, "read", line);
}
END_TEST

START_TEST(integers_keep_their_dtype_and_wrap)
{
    const int32_t big[2] = { INT32_MAX, INT32_MIN };
    const uint8_t bytes[2] = { 255, 1 };
    tw_node *i = tw_data(cx, TW_I32, TW_SHAPE(2), big), *u = tw_data(cx, TW_U8, TW_SHAPE(2), bytes);
    ck_assert_int_eq(tw_i32(tw_add(i, 1))[0], INT32_MIN);
    ck_assert_int_eq(tw_i32(tw_neg(i))[1], INT32_MIN);
    ck_assert_int_eq(tw_i32(tw_mul(i, 2))[0], -2);
    ck_assert_int_eq(tw_i32(tw_sum(i))[0], -1);
    ck_assert_int_eq(tw_u8(tw_sub(u, 2))[1], 255);
    ck_assert_int_eq(tw_u8(tw_sum(u))[0], 0);
    ck_assert_int_eq(tw_dtype_of(tw_sum(tw_equal(u, 1))), TW_I64);
    ck_assert_int_eq(tw_dtype_of(tw_argmax(u)), TW_I64);
    ck_assert_int_eq(tw_u8(tw_max(u))[0], 255);
}
END_TEST

START_TEST(constructors_make_the_contexts_dtype)
{
    ck_assert_int_eq(tw_dtype_of(tw_zeros(cx, TW_SHAPE(1))), TW_F64);
    ck_assert_int_eq(tw_dtype_of(tw_uniform(cx, TW_SHAPE(1))), TW_F64);
    ck_assert_int_eq(tw_dtype_of(tw_scalar(cx, 1)), TW_F64);
    tw_ctx *plain = tw_open();
    ck_assert_int_eq(tw_dtype_of(tw_ones(plain, TW_SHAPE(1))), TW_F32);
    ck_assert_int_eq(tw_dtype_of(tw_normal(plain, TW_SHAPE(1))), TW_F32);
    ck_assert_int_eq(tw_dtype_of(tw_ones(plain, TW_SHAPE(1), .dtype = TW_F64)), TW_F64);
    ck_assert_int_eq(tw_close(plain), 0);
}
END_TEST

/* ---- random numbers -------------------------------------------------------------------- */

static double draw(uint64_t seed, int skip, bool backwards)
{
    tw_ctx *c = tw_open(.seed = seed, .dtype = TW_F64);
    for (int i = 0; i < skip; i++) tw_uniform(c, TW_SHAPE(3));
    tw_node *a = tw_uniform(c, TW_SHAPE(50)), *b = tw_normal(c, TW_SHAPE(50));
    double first = backwards ? tw_item(tw_sum(b)) : tw_item(tw_sum(a));
    double second = backwards ? tw_item(tw_sum(a)) : tw_item(tw_sum(b));
    ck_assert_int_eq(tw_close(c), 0);
    return backwards ? second + 1000 * first : first + 1000 * second;
}

START_TEST(random_numbers_are_of_seed_and_order_of_building)
{
    const double it = draw(3, 0, false);
    ck_assert_double_eq(draw(3, 0, false), it);
    ck_assert_double_eq(draw(3, 0, true), it);
    ck_assert_double_ne(draw(4, 0, false), it);
    ck_assert_double_ne(draw(3, 1, false), it);
    tw_node *a = tw_uniform(cx, TW_SHAPE(8)), *b = tw_uniform(cx, TW_SHAPE(8));
    ck_assert(!same_bits(a, b));
    ck_assert(same_bits(tw_uniform(cx, TW_SHAPE(8), .key = 5), tw_uniform(cx, TW_SHAPE(8), .key = 5)));
    ck_assert_double_eq(tw_item(tw_sum(tw_sub(a, a))), 0);      /* one node is one draw */
}
END_TEST

START_TEST(random_numbers_move_on_under_one_plan)
{
    double last = -1;
    int64_t misses = 0;
    for (int k = 0; k < 5; k++) {
        TW_SCOPE(cx);
        const double now = tw_item(tw_sum(tw_uniform(cx, TW_SHAPE(10))));
        ck_assert_double_ne(now, last);
        last = now;
        if (k == 2) misses = tw_counts(cx).misses;
    }
    ck_assert_int_eq(tw_counts(cx).misses, misses);
}
END_TEST

static tw_node *weight_of(tw_ctx *c, const char *before, bool draws)
{
    tw_net *net = tw_net_new(c);
    tw_node *x = tw_ones(c, TW_SHAPE(2, 3));
    if (draws) tw_normal(c, TW_SHAPE(5));
    if (before) tw_nn_dense(net, before, x, .units = 4);
    tw_nn_dense(net, "layer", x, .units = 4);
    return tw_net_param(net, "layer/weight");
}

START_TEST(initial_values_are_of_seed_and_path)
{
    tw_node *a = weight_of(cx, NULL, false), *b = weight_of(cx, "first", true);
    ck_assert(same_bits(a, b));
    tw_ctx *other = tw_open(.seed = 8, .dtype = TW_F64);
    tw_node *c = weight_of(other, NULL, false);
    ck_assert(!same_bits(a, c));
    ck_assert_int_eq(tw_close(other), 0);
}
END_TEST

/* ---- the suite ------------------------------------------------------------------------ */

/* ---- one thread at a time -------------------------------------------------------------- */

#ifndef NDEBUG
static tw_node *meanwhile;      /* what the other thread was given */
static int      its_line;

static void *another(void *x)
{
    meanwhile = tw_neg(x), its_line = __LINE__;
    return NULL;
}

/* A kernel during which another thread builds in the context that is computing. */
static int64_t careless(const tw_call *c)
{
    pthread_t t;
    tw_node *const *x = c->slot;
    ck_assert_int_eq(pthread_create(&t, NULL, another, *x), 0);
    ck_assert_int_eq(pthread_join(t, NULL), 0);
    memcpy(c->out->data, c->in->data, sizeof(double));
    return -1;
}

static bool any_shape(tw_node *y) { (void)y; return true; }

START_TEST(two_threads_in_a_context_are_an_error)
{
    static const tw_op op = { .name = "careless", .doc = "starts a thread", .arity = 1, .slot_size = sizeof(tw_node *),
                              .shape = any_shape, .kernel = careless };
    tw_node *x = tw_scalar(cx, 3);
    ck_assert(tw_op_register(cx, &op));
    tw_node *y = tw_build_node(&(tw_build){ .op = &op, .at = TW_HERE, .n = 1, .in = &x, .slot = &x });
    ck_assert(isnan(tw_item(y)));
    ck_assert(tw_is_nil(meanwhile));
    fails_with(cx, TW_ETHREAD, "evaluate", its_line, "another thread");
    item_is(tw_neg(x), -3);         /* and one after the other they may */
    pthread_t t;
    ck_assert_int_eq(pthread_create(&t, NULL, another, x), 0);
    ck_assert_int_eq(pthread_join(t, NULL), 0);
    item_is(meanwhile, -3);
}
END_TEST
#endif

int main(void)
{
    const TTest *tests[] = {
        an_error_is_taken_and_the_program_goes_on, pending_assigns_are_dropped_in_error,
        scopes_and_cells_survive_an_error, only_numbers_know_no_context,
        null_among_nodes_is_an_error_of_their_context, numbers_take_their_partners_dtype,
        different_dtypes_are_an_error_that_names_both, integers_keep_their_dtype_and_wrap,
        constructors_make_the_contexts_dtype, random_numbers_are_of_seed_and_order_of_building,
        random_numbers_move_on_under_one_plan, initial_values_are_of_seed_and_path,
#ifndef NDEBUG
        two_threads_in_a_context_are_an_error,
#endif
    };
    return run_programs("context", sizeof tests / sizeof *tests, tests);
}
