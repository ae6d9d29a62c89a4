/* check_errors.c - errors: what happens after one, while computing, and when values are read or operations registered.
 * What single operations refuse is in check_refusals.c.
 */
#include "tests/fixture.h"
#include "nn/nn.h"
#include <unistd.h>

/* ---- sticking -------------------------------------------------------------------------- */

static int  calls;
static char heard[256];
static void hear(void *user, const tw_error *e)
{
    ck_assert_ptr_eq(user, &calls);
    calls++;
    snprintf(heard, sizeof heard, "%s", e->text);
}

START_TEST(the_first_error_sticks_and_nil_spreads)
{
    calls = 0;
    tw_ctx *c = tw_open(.on_error = hear, .user = &calls);
    tw_node *x = tw_ones(c, TW_SHAPE(2, 3));
    tw_node *bad = tw_matmul(x, x); const int line = __LINE__;
    tw_node *worse = tw_reshape(x, TW_SHAPE(5)), *far = tw_sum(tw_add(tw_exp(bad), worse));
    ck_assert(tw_is_nil(bad) && tw_is_nil(worse) && tw_is_nil(far) && !tw_ok(c));
    ck_assert(isnan(tw_item(far)));
    ck_assert_ptr_null(tw_f32(far));
    ck_assert(tw_is_nil(tw_grad(far, x)));
    ck_assert(!tw_eval(c));
    ck_assert_int_eq(tw_rank(far), 0);
    ck_assert_int_eq(tw_count(far), 1);
    ck_assert_int_eq(calls, 1);
    const tw_error *e = tw_error_get(c);
    ck_assert_int_eq(e->code, TW_ESHAPE);
    ck_assert_str_eq(e->op, "matmul");
    ck_assert_int_eq(e->at->line, line);
    ck_assert_str_eq(e->at->func, "the_first_error_sticks_and_nil_spreads_fn");
    ck_assert_str_eq(e->text, heard);
    ck_assert_int_eq(tw_close(c), 1);
}
END_TEST

START_TEST(after_taking_there_is_none)
{
    tw_error e;
    ck_assert(!tw_error_take(cx, &e));
    ck_assert_ptr_null(tw_error_get(cx));
    tw_node *bad = tw_exp(tw_arange(cx, 2));
    ck_assert(tw_error_take(cx, &e));
    ck_assert(!tw_error_take(cx, &e));
    ck_assert(tw_is_nil(tw_exp(bad)));      /* nil stays nil, without a new error */
    ok(cx);
}
END_TEST

/* What a function writes to stderr. */
static void heard_from(int (*f)(void), char *text, size_t size, int *result)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    fflush(stderr);
    const int was = dup(2);
    dup2(ends[1], 2);
    *result = f();
    fflush(stderr);
    dup2(was, 2);
    close(was);
    close(ends[1]);
    ssize_t n = read(ends[0], text, size - 1);
    close(ends[0]);
    text[n > 0 ? n : 0] = 0;
}

static int wrong_line;
static int wrong(void)
{
    tw_ctx *c = tw_open();
    tw_net *net = tw_net_new(c);
    tw_nn_dense(net, "hidden", tw_ones(c, TW_SHAPE(4, 3)), .units = 8);
    tw_node *x = tw_ones(c, TW_SHAPE(4, 2));
    tw_node *h = tw_nn_dense(net, "hidden", x, .units = 8); wrong_line = __LINE__;
    tw_node *loss = tw_mean(tw_square(tw_tanh(h)));
    tw_item(loss);
    return tw_close(c);
}

START_TEST(a_wrong_program_prints_one_line_and_ends)
{
    char text[1024], where[256];
    int result;
    heard_from(wrong, text, sizeof text, &result);
    ck_assert_int_eq(result, 1);
    snprintf(where, sizeof where, "check_errors.c:%d: ", wrong_line);
    ck_assert_msg(strstr(text, where), "%s", text);
    ck_assert_msg(strstr(text, "matmul") || strstr(text, "dense"), "%s", text);
    ck_assert_msg(strstr(text, "2") && strstr(text, "3"), "%s", text);
    ck_assert_msg(strchr(text, '\n') == text + strlen(text) - 1, "not one line: %s", text);
}
END_TEST

static int fine(void) { return tw_close(tw_open()); }
START_TEST(a_right_program_prints_nothing)
{
    char text[64];
    int result;
    heard_from(fine, text, sizeof text, &result);
    ck_assert_int_eq(result, 0);
    ck_assert_str_eq(text, "");
}
END_TEST

/* ---- while computing ------------------------------------------------------------------- */

START_TEST(bad_indices_are_errors_of_their_line)
{
    tw_node *x = tw_ones(cx, TW_SHAPE(3, 2));
    tw_node *i = tw_data(cx, TW_I64, TW_SHAPE(3, 1), ((int64_t[]){ 0, 3, 9 }));
    tw_node *y = tw_gather(x, i); const int line = __LINE__;
    ck_assert(!tw_is_nil(y));
    ck_assert(isnan(tw_item(tw_sum(y))));
    fails_with(cx, TW_EVALUE, "gather", line, "is 3: out of range, 0 to 2");
    tw_node *n = tw_data(cx, TW_I32, TW_SHAPE(1, 1), ((int32_t[]){ -1 }));
    tw_node *z = tw_gather(x, n); const int line2 = __LINE__;
    ck_assert_ptr_null(tw_f64(z));
    fails_with(cx, TW_EVALUE, "gather", line2, "-1");
    tw_node *s = tw_scatter_add(x, n, tw_ones(cx, TW_SHAPE(1, 2))); const int line3 = __LINE__;
    ck_assert_ptr_null(tw_f64(s));
    fails_with(cx, TW_EVALUE, "scatter_add", line3, "-1");
    ck_assert_ptr_null(tw_f64(s));      /* and once more: it is tried again */
    fails(cx, TW_EVALUE, "scatter_add", line3);
}
END_TEST

START_TEST(of_two_errors_while_computing_the_first_by_id_is_reported)
{
    tw_node *x = tw_ones(cx, TW_SHAPE(3, 1)), *i = tw_data(cx, TW_I64, TW_SHAPE(1, 1), ((int64_t[]){ 5 }));
    tw_node *a = tw_gather(x, i); const int line = __LINE__;
    tw_node *b = tw_gather(tw_exp(x), i);
    item_is(tw_sum(x), 3);
    ck_assert(isnan(tw_item(tw_add(tw_sum(b), tw_sum(a)))));
    fails(cx, TW_EVALUE, "gather", line);
}
END_TEST

START_TEST(an_error_while_computing_writes_no_cell)
{
    tw_node *w = tw_param(cx, "w", tw_ones(cx, TW_SHAPE(3, 1))), *v = tw_param(cx, "v", tw_ones(cx, TW_SHAPE(1, 1)));
    tw_node *i = tw_data(cx, TW_I64, TW_SHAPE(1, 1), ((int64_t[]){ 5 }));
    tw_assign(w, tw_mul(w, 2));
    tw_assign(v, tw_gather(w, i)); const int line = __LINE__;
    ck_assert(!tw_eval(cx));
    fails(cx, TW_EVALUE, "gather", line);
    item_is(tw_sum(w), 3);
    item_is(tw_sum(v), 1);
}
END_TEST

START_TEST(the_first_not_finite_number_is_trapped)
{
    tw_ctx *c = tw_open(.trap_nonfinite = true, .on_error = rig_quiet);
    tw_node *x = tw_data(c, TW_F32, TW_SHAPE(3), ((float[]){ 1, 0, 2 }));
    tw_node *y = tw_log(x); const int line = __LINE__;
    ck_assert(isnan(tw_item(tw_mean(tw_mul(y, 2)))));
    fails(c, TW_EVALUE, "log", line);
    item_is(tw_sum(x), 3);
    ck_assert_int_eq(tw_close(c), 0);
}
END_TEST

START_TEST(too_much_memory_is_an_error)
{
    tw_ctx *c = tw_open(.memory_limit = 1 << 20, .on_error = rig_quiet);
    tw_node *x = tw_uniform(c, TW_SHAPE(1000));
    ck_assert(tw_item(tw_sum(x)) > 0);
    tw_node *big = tw_uniform(c, TW_SHAPE(1000, 1000));
    ck_assert_ptr_null(tw_f32(big));
    tw_error e;
    ck_assert(tw_error_take(c, &e));
    ck_assert_int_eq(e.code, TW_ENOMEM);
    ck_assert_ptr_nonnull(tw_f32(tw_mul(x, 2)));
    ck_assert_int_eq(tw_close(c), 0);
}
END_TEST

/* ---- other functions ------------------------------------------------------------------- */

START_TEST(reading_refuses)
{
    tw_node *x = Z(2, 3);
    double v[6];
    ck_assert(isnan(tw_item(x))); int line = __LINE__;
    fails_with(cx, TW_ESHAPE, "item", line, "[2, 3]");
    ck_assert(!tw_copy(x, v, sizeof v - 8)); line = __LINE__;
    fails(cx, TW_EARG, "copy", line);
    ck_assert(tw_copy(x, v, sizeof v));
    ck_assert(!tw_eval_nodes(2, ((tw_node *[]){ x, NULL }))); line = __LINE__;
    fails(cx, TW_EARG, "eval_nodes", line);
    tw_assign(tw_state(cx, x), Z(3, 2)); line = __LINE__;
    fails_with(cx, TW_ESHAPE, "assign", line, "[3, 2]");
    tw_assign(tw_state(cx, x), tw_cast(x, TW_F32)); line = __LINE__;
    fails_with(cx, TW_EDTYPE, "assign", line, "f32");
    tw_param(cx, "p", NULL); line = __LINE__;
    fails(cx, TW_EARG, "param", line);
    tw_data(cx, TW_F64, TW_SHAPE(2), NULL); line = __LINE__;
    fails(cx, TW_EARG, "data", line);
    tw_data(cx, TW_F64, TW_SHAPE(-2), v); line = __LINE__;
    fails(cx, TW_ESHAPE, "data", line);
    ck_assert(!tw_dot(x, .file = "/nonexistent/folder/g.dot")); line = __LINE__;
    fails(cx, TW_EIO, "dot", line);
}
END_TEST

static bool any(tw_node *y) { (void)y; return true; }
static bool says_no(tw_node *y) { (void)y; return false; }
static void block(const tw_block_f64 *b) { for (int64_t i = 0; i < b->n; i++) b->y[i] = b->x[0][i]; }

START_TEST(registering_refuses)
{
    static const tw_op taken = { .name = "exp", .doc = "d", .arity = 1, .shape = any, .block_f64 = block };
    static const tw_op unnamed = { .name = NULL, .doc = "d", .arity = 1, .shape = any, .block_f64 = block };
    static const tw_op spaced = { .name = "Not a name", .doc = "d", .arity = 1, .shape = any, .block_f64 = block };
    static const tw_op shapeless = { .name = "shapeless", .doc = "d", .arity = 1, .block_f64 = block };
    static const tw_op refusing = { .name = "refusing", .doc = "d", .arity = 1, .shape = says_no, .block_f64 = block };
    static const tw_op stranger = { .name = "stranger", .doc = "d", .arity = 1, .shape = any, .block_f64 = block };
    const tw_op *wrong_ones[] = { &taken, &unnamed, &spaced, &shapeless, NULL };
    for (int i = 0; i < 5; i++) {
        ck_assert_msg(!tw_op_register(cx, wrong_ones[i]), "%d", i);
        tw_error e;
        ck_assert(tw_error_take(cx, &e));
        ck_assert_int_eq(e.code, TW_EARG);
    }
    tw_node *x = Z(2);
    tw_apply(&stranger, x); int line = __LINE__;
    fails(cx, TW_EARG, "stranger", line);
    ck_assert(tw_op_register(cx, &stranger));
    ck_assert_ptr_eq(tw_op_find(cx, "stranger"), &stranger);
    ck_assert_ptr_null(tw_op_find(cx, "nobody"));
    item_is(tw_sum(tw_apply(&stranger, x)), 0);
    tw_apply(&stranger, x, x); line = __LINE__;
    fails(cx, TW_EARG, "stranger", line);
    ck_assert(tw_op_register(cx, &refusing));
    tw_apply(&refusing, x); line = __LINE__;
    fails(cx, TW_ESHAPE, "refusing", line);
}
END_TEST

START_TEST(codes_and_dtypes_have_names)
{
    for (int i = 0; i < TW__CODES; i++) ck_assert(tw_code_name((tw_code)i) && tw_code_name((tw_code)i)[0]);
    for (int i = TW_F32; i < TW__DTYPES; i++) ck_assert(tw_dtype_name((tw_dtype)i)[0] && tw_dtype_size((tw_dtype)i) > 0);
    ck_assert_str_eq(tw_dtype_name(TW_F32), "f32");
    ck_assert_int_eq((int)tw_dtype_size(TW_I64), 8);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        the_first_error_sticks_and_nil_spreads, after_taking_there_is_none, a_wrong_program_prints_one_line_and_ends,
        a_right_program_prints_nothing, bad_indices_are_errors_of_their_line,
        of_two_errors_while_computing_the_first_by_id_is_reported, an_error_while_computing_writes_no_cell,
        the_first_not_finite_number_is_trapped, too_much_memory_is_an_error, reading_refuses, registering_refuses,
        codes_and_dtypes_have_names,
    };
    return run_programs("errors", sizeof tests / sizeof *tests, tests);
}
