/* check_odd.c - every operation on odd operands: empty, of rank 0 and 8, of each dtype, not finite, NULL, cells, views.
 *
 * What follows from their types is called as ops.def lists it, without options, on each of these operands or pair of them, and
 * what comes of it is evaluated and differentiated twice. Whatever that means, it is a value or an error with a nil. It happens
 * in two contexts, whose memory is filled with different bytes before it is given out: so an element that nobody wrote is seen.
 */
#include "tests/rig.h"

typedef struct row { const char *name, *params; void (*f)(void); } row;
static const row rows[] = {
#define RULE(name, text)
#define FN(name, params, text) { #name, #params, (void (*)(void))tw_##name##_at },
#define OP(name, params, text) FN(name, params, text)
#include "ops/ops.def"
#undef RULE
#undef FN
#undef OP
};
enum { ROWS = sizeof rows / sizeof *rows };

/* ---- calling by signature ------------------------------------------------------------------------ */

typedef tw_node *node;
typedef const tw_loc *loc;
typedef const void *options;

/* "nno": nodes a and b, and options; a place for another result is p, a number as a node a; NULL: of another kind. */
static const char *signature(const char *params)
{
    static const struct { const char *starts; char letter; } kinds[] = { { "tw_node **", 'p' }, { "tw_node *const", 0 }, { "tw_node *", 'n' }, { "tw_arg ", 'a' },
                                                                         { "const tw_", 'o' } };
    static char text[8];
    int n = 0;
    for (const char *c = params; c && n < 7; c = strchr(c, ',')) {
        c += strspn(c, "(, ");
        size_t k = 0;
        while (k < 5 && strncmp(c, kinds[k].starts, strlen(kinds[k].starts))) k++;
        if (k == 5 || !kinds[k].letter) return NULL;
        text[n++] = kinds[k].letter;
    }
    text[n] = 0;
    return text;
}

/* How many operands, or 0. */
static int operands(const char *params)
{
    const char *s = signature(params);
    int n = 0;
    for (; s && *s; s++) n += *s == 'n' || *s == 'a';
    return n;
}

static node call(const row *r, node *x)
{
    const char *s = signature(r->params);
    const loc at = TW_HERE;
    node other[2];
#define AS(...) (((node (*)(loc, __VA_ARGS__))r->f)
    if (!strcmp(s, "n"))    return AS(node)(at, x[0]));
    if (!strcmp(s, "no"))   return AS(node, options)(at, x[0], NULL));
    if (!strcmp(s, "np"))   return AS(node, node *)(at, x[0], other));
    if (!strcmp(s, "npp"))  return AS(node, node *, node *)(at, x[0], other, other + 1));
    if (!strcmp(s, "nn"))   return AS(node, node)(at, x[0], x[1]));
    if (!strcmp(s, "nno"))  return AS(node, node, options)(at, x[0], x[1], NULL));
    if (!strcmp(s, "nnn"))  return AS(node, node, node)(at, x[0], x[1], x[0]));
    if (!strcmp(s, "nnno")) return AS(node, node, node, options)(at, x[0], x[1], x[0], NULL));
    const tw_arg a = tw__arg_node(x[0]), b = tw__arg_node(x[1]);
    if (!strcmp(s, "aa"))   return AS(tw_arg, tw_arg)(at, a, b));
    if (!strcmp(s, "aao"))  return AS(tw_arg, tw_arg, options)(at, a, b, NULL));
    if (!strcmp(s, "aaa"))  return AS(tw_arg, tw_arg, tw_arg)(at, a, b, a));
    if (!strcmp(s, "naa"))  return AS(node, tw_arg, tw_arg)(at, x[0], b, b));
    if (!strcmp(s, "nna"))  return AS(node, node, tw_arg)(at, x[0], x[1], a));
#undef AS
    ck_abort_msg("%s%s: no such call here", r->name, r->params);
}

/* ---- odd operands --------------------------------------------------------------------------------- */

enum { OPERANDS = 19 };

static node operand(tw_ctx *cx, int k)
{
    const tw_shape square = TW_SHAPE(2, 2);
    switch (k) {
    case 0:  return tw_ones(cx, TW_SHAPE(0));
    case 1:  return tw_ones(cx, TW_SHAPE(0, 3));
    case 2:  return tw_ones(cx, TW_SHAPE(3, 0));
    case 3:  return tw_ones(cx, TW_SHAPE(0, 0));
    case 4:  return tw_ones(cx, TW_SHAPE(2, 0, 4, 4, 2));
    case 5:  return tw_scalar(cx, 1);
    case 6:  return tw_ones(cx, TW_SHAPE(1, 2, 1, 1, 1, 1, 1, 2));
    case 7:  return tw_arange(cx, 3);
    case 8:  return tw_zeros(cx, square, .dtype = TW_BOOL);
    case 9:  return tw_ones(cx, TW_SHAPE(3), .dtype = TW_U8);
    case 10: return tw_zeros(cx, square, .dtype = TW_I32);
    case 11: return tw_ones(cx, square, .dtype = TW_F64);
    case 12: return tw_fill(cx, square, .value = NaN);
    case 13: return tw_fill(cx, square, .value = INF);
    case 14: return tw_state(cx, tw_ones(cx, square));
    case 15: return tw_broadcast_to(tw_scalar(cx, 1), TW_SHAPE(3, 3));
    case 16: return tw_ones(cx, TW_SHAPE(1, 4, 4, 2));
    case 17: return tw_ones(cx, TW_SHAPE(1, 4, 2));
    default: return NULL;
    }
}

/* ---- the law ---------------------------------------------------------------------------------------- */

typedef struct outcome { tw_code code; unsigned char value[3][1 << 12]; size_t size[3]; } outcome;

/* An allocator whose memory has that byte everywhere. */
static void *filled(void *byte, void *p, size_t old_size, size_t new_size)
{
    if (!new_size) return free(p), NULL;
    unsigned char *to = realloc(p, new_size);
    if (to && new_size > old_size) memset(to + old_size, *(unsigned char *)byte, new_size - old_size);
    return to;
}

/* The elements of n, as much as there is room for. */
static bool take(node n, outcome *o, int k)
{
    const void *v = tw_read_at(TW_HERE, n, tw_dtype_of(n));
    if (!v) return false;
    const size_t size = (size_t)tw_count(n) * tw_dtype_size(tw_dtype_of(n));
    o->size[k] = size < sizeof o->value[k] ? size : sizeof o->value[k];
    memcpy(o->value[k], v, o->size[k]);
    return true;
}

static void derivatives(node y, node x, outcome *o)
{
    if (!x || !tw_is_float(tw_dtype_of(x)) || !tw_is_float(tw_dtype_of(y))) return;
    node g = tw_grad(tw_sum(y), x);
    if (tw_is_nil(g) || !take(g, o, 1) || tw_is_zero(g)) return;
    node h = tw_grad(tw_sum(tw_square(g)), x);
    if (!tw_is_nil(h)) take(h, o, 2);
}

static void run(tw_ctx *cx, const row *r, int i, int j, outcome *o)
{
    TW_SCOPE(cx);
    node x[2] = { operand(cx, i), operand(cx, j) };
    memset(o, 0, sizeof *o);
    node y = call(r, x);
    const bool known = x[0] || (x[1] && operands(r->params) > 1);       /* else it is nobody's error */
    ck_assert_msg(tw_is_nil(y) == !tw_ok(cx) || !known, "%s(%d, %d): %s", r->name, i, j, tw_ok(cx) ? "nil without an error" : "an error without nil");
    if (!tw_is_nil(y) && take(y, o, 0)) derivatives(y, x[0], o);
    tw_error e = { .code = TW_OK };
    tw_error_take(cx, &e);
    o->code = e.code;
}

START_TEST(odd_operands_give_values_or_errors)
{
    const row *r = &rows[_i];
    const int n = operands(r->params);
    if (!n) return;
    static outcome o[2];
    unsigned char bytes[] = { 0x3d, 0xc2 };
    tw_ctx *cx[2];
    for (int k = 0; k < 2; k++) cx[k] = tw_open(.seed = 1, .threads = 1, .resize = filled, .resize_user = &bytes[k], .on_error = rig_quiet);
    for (int i = 0; i < OPERANDS; i++)
        for (int j = 0; j < (n > 1 ? OPERANDS : 1); j++) {
            for (int k = 0; k < 2; k++) run(cx[k], r, i, j, &o[k]);
            ck_assert_msg(o[0].code == o[1].code, "%s(%d, %d): %s, %s", r->name, i, j, tw_code_name(o[0].code), tw_code_name(o[1].code));
            for (int k = 0; k < 3; k++)
                ck_assert_msg(o[0].size[k] == o[1].size[k] && !memcmp(o[0].value[k], o[1].value[k], o[0].size[k]),
                              "%s(%d, %d): its %s is what was in memory before", r->name, i, j, k == 0 ? "value" : k == 1 ? "derivative" : "second derivative");
        }
    tw_close(cx[0]), tw_close(cx[1]);
}
END_TEST

START_TEST(nearly_all_operations_are_called)
{
    int n = 0;
    for (int i = 0; i < ROWS; i++) n += operands(rows[i].params) > 0;
    ck_assert_int_ge(n, ROWS * 3 / 4);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("odd");
    TCase *c = tcase_create("operands");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, odd_operands_give_values_or_errors, 0, ROWS);
    tcase_add_test(c, nearly_all_operations_are_called);
    suite_add_tcase(s, c);
    return rig_run(s);
}
