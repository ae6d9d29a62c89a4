/* check_own.c - tw_op_check and tw_grad_check: right operations pass, and of wrong ones they say what is wrong. */
#include "tests/fixture.h"

/* ---- operations, right and wrong ---------------------------------------------------------- */

static bool same_shape(tw_node *y) { return tw_shape_elementwise(y); }

static void cube_f64(const tw_block_f64 *b) { for (int64_t k = 0; k < b->n; k++) b->y[k] = b->x[0][k] * b->x[0][k] * b->x[0][k]; }
static void cube_f32(const tw_block_f32 *b) { for (int64_t k = 0; k < b->n; k++) b->y[k] = b->x[0][k] * b->x[0][k] * b->x[0][k]; }
static void cube_f32_wrong(const tw_block_f32 *b) { for (int64_t k = 0; k < b->n; k++) b->y[k] = b->x[0][k] * b->x[0][k]; }

static tw_node *slope3(tw_node *y) { return tw_mul(3, tw_square(tw_in(y, 0))); }
static tw_node *right(tw_node *y, int i, tw_node *g)  { (void)i; return tw_mul(g, slope3(y)); }
static tw_node *negative(tw_node *y, int i, tw_node *g) { (void)i; return tw_neg(tw_mul(g, slope3(y))); }
static tw_node *twofold(tw_node *y, int i, tw_node *g) { (void)i; return tw_mul(2, tw_mul(g, slope3(y))); }
static tw_node *unused(tw_node *y, int i, tw_node *g) { (void)i, (void)g; return slope3(y); }
static tw_node *none(tw_node *y, int i, tw_node *g)   { (void)y, (void)i, (void)g; return NULL; }
static tw_node *misshapen(tw_node *y, int i, tw_node *g) { (void)y, (void)i; return tw_sum(g); }
static tw_node *strange(tw_node *y, int i, tw_node *g) { (void)i; return tw_mul(g, tw_exp(tw_in(y, 0))); }

#define CUBE(word, ...) \
    static const tw_op word = { .name = #word, .doc = "x^3", .arity = 1, .rule = TW_ELEMENTWISE, .shape = same_shape, .block_f64 = cube_f64, __VA_ARGS__ }
CUBE(cube,          .d = right, .block_f32 = cube_f32);
CUBE(cube_double,   .d = right);
CUBE(cube_sign,     .d = negative);
CUBE(cube_factor,   .d = twofold);
CUBE(cube_unused,   .d = unused);
CUBE(cube_none,     .d = none);
CUBE(cube_shape,    .d = misshapen);
CUBE(cube_strange,  .d = strange);
CUBE(cube_single,   .d = right, .block_f32 = cube_f32_wrong);

/* a * a * b: rules for either exchanged. */
static void aab_f64(const tw_block_f64 *b) { for (int64_t k = 0; k < b->n; k++) b->y[k] = b->x[0][k] * b->x[0][k] * b->x[1][k]; }
static tw_node *aab_d(tw_node *y, int i, tw_node *g)
{
    return tw_mul(g, i == 0 ? tw_mul(2, tw_mul(tw_in(y, 0), tw_in(y, 1))) : tw_square(tw_in(y, 0)));
}
static tw_node *aab_exchanged(tw_node *y, int i, tw_node *g) { return aab_d(y, 1 - i, g); }
static const tw_op aab = { .name = "aab", .doc = "a a b", .arity = 2, .rule = TW_ELEMENTWISE, .shape = same_shape, .d = aab_d, .block_f64 = aab_f64 };
static const tw_op aab_swap = { .name = "aab_swap", .doc = "a a b", .arity = 2, .rule = TW_ELEMENTWISE, .shape = same_shape, .d = aab_exchanged, .block_f64 = aab_f64 };

/* A first derivative that is right and hides its own: x^3 as a constant. */
static tw_node *hidden(tw_node *y, int i, tw_node *g) { (void)i; return tw_mul(g, tw_stop_grad(slope3(y))); }
CUBE(cube_hidden, .d = hidden);

/* Row i of y is i + 1 times row i of x: linear, its rule transposed when square. */
static int64_t rows_kernel(const tw_call *c)
{
    const int64_t n = c->in[0].shape->at[1];
    for (int64_t k = c->lo; k < c->hi; k++) ((double *)c->out->data)[k] = (double)(k / n + 1) * ((const double *)c->in[0].data)[k];
    return -1;
}
static bool rows_shape(tw_node *y) { return tw_rank(y) == 2 && (y->dtype == TW_F64 || tw_reject(y, TW_EDTYPE, "f64 only")); }
static tw_node *weights(tw_node *y) { return tw_add(tw_reshape(tw_cast(tw_arange(y->cx, tw_dim(y, 0)), TW_F64), TW_SHAPE(tw_dim(y, 0), 1)), 1); }
static tw_node *rows_d(tw_node *y, int i, tw_node *g) { (void)i; return tw_mul(g, weights(y)); }
static tw_node *rows_transposed(tw_node *y, int i, tw_node *g) { return tw_transpose(rows_d(y, i, g)); }
#define ROWS(word, ...) \
    static const tw_op word = { .name = #word, .doc = "rows times 1, 2, ...", .arity = 1, .rule = TW_LINEAR, .shape = rows_shape, .kernel = rows_kernel, __VA_ARGS__ }
ROWS(rows, .d = rows_d);
ROWS(rows_turned, .d = rows_transposed);

/* Claims to be linear. */
static int64_t squares_kernel(const tw_call *c)
{
    for (int64_t k = c->lo; k < c->hi; k++) ((double *)c->out->data)[k] = ((const double *)c->in[0].data)[k] * ((const double *)c->in[0].data)[k];
    return -1;
}
static bool f64_shape(tw_node *y) { return y->dtype == TW_F64 || tw_reject(y, TW_EDTYPE, "f64 only"); }
static tw_node *squares_d(tw_node *y, int i, tw_node *g) { (void)i; return tw_mul(g, tw_mul(2, tw_in(y, 0))); }
static const tw_op squares = { .name = "squares", .doc = "x x", .arity = 1, .rule = TW_LINEAR, .shape = f64_shape, .d = squares_d, .kernel = squares_kernel };

/* A shape rule that looks at nothing. */
static bool anything(tw_node *y) { (void)y; return true; }
static const tw_op careless = { .name = "careless", .doc = "a a b", .arity = 2, .rule = TW_ELEMENTWISE, .shape = anything, .d = aab_d, .block_f64 = aab_f64 };

/* A kernel that takes any float for f64. */
static bool float_shape(tw_node *y) { return tw_is_float(y->dtype) || tw_reject(y, TW_EDTYPE, "floats only"); }
static tw_node *twice_d(tw_node *y, int i, tw_node *g) { (void)y, (void)i; return tw_mul(2, g); }
static int64_t twice_kernel(const tw_call *c)
{
    for (int64_t k = c->lo; k < c->hi; k++) ((double *)c->out->data)[k] = 2 * ((const double *)c->in[0].data)[k];
    return -1;
}
static const tw_op blind = { .name = "blind", .doc = "2 x", .arity = 1, .rule = TW_LINEAR, .shape = float_shape, .d = twice_d, .kernel = twice_kernel };

static const char *const all_names[] = {
#define RULE(name, ...) #name,
#define FN(name, ...)
#define OP(name, ...) #name,
#include "ops/ops.def"
#undef RULE
#undef FN
#undef OP
};
enum { NAMES = sizeof all_names / sizeof *all_names };

static void passes(const tw_op *op)
{
    ck_assert(tw_op_register(cx, op));
    if (!tw_op_check(cx, op->name)) ok(cx);
}

static void says(const tw_op *op, const char *first, const char *then)
{
    tw_error e;
    ck_assert(tw_op_register(cx, op));
    ck_assert_msg(!tw_op_check(cx, op->name), "%s passes", op->name); const int line = __LINE__;
    ck_assert(tw_error_take(cx, &e));
    ck_assert_str_eq(e.op, op->name);
    ck_assert_int_eq(e.at->line, line);
    ck_assert_msg(strstr(e.text, first) && strstr(e.text, then), "%s: \"%s\" has not \"%s\" and \"%s\"", op->name, e.text, first, then);
}

START_TEST(right_operations_pass)
{
    passes(&cube);
    passes(&cube_double);
    passes(&aab);
    passes(&rows);
}
END_TEST

START_TEST(wrong_operations_are_described)
{
    says(&cube_sign, "vjp to input 0, element [0", "likely the sign is wrong");
    says(&cube_factor, "vjp to input 0", "likely a factor of 2 too much");
    says(&cube_unused, "vjp to input 0", "likely the cotangent is not used");
    says(&cube_none, "vjp to input 0", "likely the rule gives nothing");
    says(&cube_shape, "its derivative rule gave f64 [] for an input of f64", "");
    says(&cube_strange, "vjp to input 0", "the rule gives");
    says(&cube_hidden, "second order, vjp to input 0", "the rule gives");
    says(&cube_single, "value, element", "in f32");
    says(&aab_swap, "vjp to input 0", "inputs are exchanged");
    says(&squares, "jvp, element", "likely it is not linear");
    says(&careless, "shape rule: f32 for input 0", "not refused");
    says(&blind, "value, element", "dtype");
}
END_TEST

START_TEST(a_transposed_rule_is_called_so)
{
    tw_error e;
    tw_node *x = tw_data(cx, TW_F64, TW_SHAPE(2, 2), ((double[]){ 1, 2, 3, 5 }));
    ck_assert(tw_op_register(cx, &rows_turned));
    ck_assert(!tw_op_check(cx, "rows_turned", .in = { x }));
    ck_assert(tw_error_take(cx, &e));
    ck_assert_msg(strstr(e.text, "likely it is transposed"), "%s", e.text);
    ck_assert(tw_op_check(cx, "exp", .low = 0.1, .high = 0.9));
    ck_assert(tw_op_check(cx, "matmul", .in = { x, x }));
}
END_TEST

START_TEST(built_in_operations_pass)
{
    static const char *const names[] = { "neg", "exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "recip", "square", "sin", "cos", "tanh",
                                         "sigmoid", "erf", "add", "sub", "mul", "div", "matmul" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!tw_op_check(cx, names[i])) ck_abort_msg("%s: %s", names[i], tw_error_get(cx)->text);
}
END_TEST

/* Without attributes, operands of its own choice: an answer or an error, for each. */
START_TEST(every_operation_can_be_asked)
{
    tw_error e;
    for (int i = 0; i < NAMES; i++) {
        if (!tw_op_check(cx, all_names[i])) ck_assert_msg(tw_error_take(cx, &e), "%s: neither right nor an error", all_names[i]);
        ok(cx);
    }
}
END_TEST

START_TEST(what_cannot_be_checked)
{
    tw_op_check(cx, "no_such"); int line = __LINE__;
    fails_with(cx, TW_EARG, "op_check", line, "no_such");
    tw_op_check(cx, "assign"); line = __LINE__;
    fails_with(cx, TW_EARG, "op_check", line, "assign");
    tw_op_check(cx, "extern"); line = __LINE__;
    fails_with(cx, TW_EARG, "op_check", line, "tw_grad_check");
    tw_op_check(cx, "conv"); line = __LINE__;
    fails_with(cx, TW_EARG, "op_check", line, "attributes of \"conv\"");
    tw_build_node(&(tw_build){ .op = tw_op_find(cx, "max_pool"), .at = TW_HERE, .n = 1, .in = (tw_node *[]){ tw_ones(cx, TW_SHAPE(1, 2, 1)) } }); line = __LINE__;
    fails_with(cx, TW_EARG, "max_pool", line, "attributes are missing");
    ck_assert(tw_op_check(cx, "equal"));
}
END_TEST

/* ---- functions ----------------------------------------------------------------------------- */

static tw_node *net(int n, tw_node *const *xs, void *user)
{
    (void)n;
    return tw_mul(*(double *)user, tw_tanh(tw_matmul(tw_sin(xs[0]), xs[1])));
}

static void clipped(tw_rule *r) { r->gx[0] = tw_clip(r->gy[0], -0.1, 0.1); }
static void scaled(tw_rule *r) { r->gx[0] = tw_mul(0.5, r->gy[0]); }
typedef struct own { void (*rule)(tw_rule *r); } own;
static tw_node *with_rule(int n, tw_node *const *xs, void *user)
{
    (void)n;
    tw_node *x = xs[0];
    return tw_mul(xs[1], tw_custom_grad(tw_mul(x, 1), 1, &x, ((own *)user)->rule, NULL));
}

START_TEST(functions_are_checked)
{
    double factor = 3;
    tw_node *xs[] = { tw_uniform(cx, TW_SHAPE(5, 4)), tw_uniform(cx, TW_SHAPE(4, 30)) };
    ck_assert(tw_grad_check(net, 2, xs, .user = &factor));
    tw_node *v[] = { tw_uniform(cx, TW_SHAPE(3)), tw_uniform(cx, TW_SHAPE(3)) };
    tw_grad_check(with_rule, 2, v, .user = &(own){ scaled }); int line = __LINE__;
    fails_with(cx, TW_EGRAD, "grad_check", line, "vjp to input 0, element [0]");
    tw_grad_check(with_rule, 2, v, .user = &(own){ scaled }); line = __LINE__;
    fails_with(cx, TW_EGRAD, "grad_check", line, "a factor of 0.5");
    ck_assert(!tw_grad_check(with_rule, 2, v, .user = &(own){ clipped }));
    tw_error e;
    ck_assert(tw_error_take(cx, &e));
    tw_node *single = tw_cast(v[0], TW_F32), *null = NULL;
    tw_grad_check(net, 1, &single); line = __LINE__;
    fails_with(cx, TW_EDTYPE, "grad_check", line, "f64");
    tw_grad_check(NULL, 1, v); line = __LINE__;
    fails(cx, TW_EARG, "grad_check", line);
    v[1] = null;
    tw_grad_check(net, 2, v); line = __LINE__;
    fails_with(cx, TW_EARG, "grad_check", line, "1");
}
END_TEST

static int lookup(const tw_extern_call *c)
{
    for (int64_t k = 0; k < c->y.count; k++) ((double *)c->y.data)[k] = sin(((const double *)c->in[0].data)[k]);
    return 0;
}
static int lookup_vjp(const tw_extern_call *c)
{
    const double *x = c->in[0].data, *gy = c->gy.data;
    for (int64_t k = 0; k < c->y.count; k++) ((double *)c->gx[0].data)[k] = *(double *)c->user * cos(x[k]) * gy[k];
    return 0;
}
static int lookup_jvp(const tw_extern_call *c)
{
    for (int64_t k = 0; k < c->y.count; k++) ((double *)c->ty.data)[k] = cos(((const double *)c->in[0].data)[k]) * ((const double *)c->t[0].data)[k];
    return 0;
}
static tw_node *table(int n, tw_node *const *xs, void *user)
{
    (void)n;
    return tw_extern(cx, .name = "table", .in = { xs[0] }, .out = tw_shape_of(xs[0]), .forward = lookup, .vjp = lookup_vjp, .jvp = lookup_jvp, .user = user);
}

START_TEST(opaque_functions_are_checked_to_first_order)
{
    double factor = 1;
    tw_node *x = tw_uniform(cx, TW_SHAPE(3));
    ck_assert(tw_grad_check(table, 1, &x, .user = &factor, .first_order = true));
    factor = -1;
    tw_grad_check(table, 1, &x, .user = &factor, .first_order = true); const int line = __LINE__;
    fails_with(cx, TW_EGRAD, "grad_check", line, "sign");
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        right_operations_pass, wrong_operations_are_described, a_transposed_rule_is_called_so, built_in_operations_pass, every_operation_can_be_asked,
        what_cannot_be_checked, functions_are_checked, opaque_functions_are_checked_to_first_order,
    };
    return run_programs("own", sizeof tests / sizeof *tests, tests);
}
