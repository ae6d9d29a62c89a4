/* fixture.h - what files of small programs share: a context in f64 for each test, and vectors in it. */
#pragma once
#include "tests/rig.h"

static tw_ctx *cx;

static void open_f64(void) { cx = rig_open(TW_F64, NULL, true); }
static void close_clean(void)
{
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
    arrs_drop();
}

static inline tw_node *vector(int n, const double *v) { return tw_data(cx, TW_F64, TW_SHAPE(n), v); }
#define VECTOR(...) vector((int)(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double)), (double[]){ __VA_ARGS__ })

/* The elements of n, of any dtype, are these, to 1e-14. */
static inline void elements(tw_node *n, int count, const double *want, int line)
{
    const arr got = arr_of(n);
    ck_assert_int_eq(got.count, count);
    for (int i = 0; i < count; i++)
        ck_assert_msg(close_to(got.v[i], want[i], 1e-14), "line %d: element %d is %.17g, not %.17g", line, i, got.v[i], want[i]);
}
#define ELEMENTS(n, ...) elements(n, (int)(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double)), (double[]){ __VA_ARGS__ }, __LINE__)

/* The call gives nil and an error with that code, of that operation, at this line, whose text has the words. */
#define REFUSES(code, op, words, ...) do {                      \
        tw_node *bad_ = (__VA_ARGS__);                          \
        ck_assert_msg(tw_is_nil(bad_), "line %d: not nil", __LINE__);   \
        fails_with(cx, code, op, __LINE__, words);              \
    } while (0)

static inline tw_node *zeros(int n, const int64_t *at)
{
    tw_shape s = { .n = n };
    for (int i = 0; i < n; i++) s.at[i] = at[i];
    return tw_zeros(cx, s);
}
#define Z(...) zeros((int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), (int64_t[]){ __VA_ARGS__ })

/* A suite of these programs, each in a process and with a context of its own. */
static inline int run_programs(const char *area, size_t n, const TTest *const *tests)
{
    Suite *s = suite_create(area);
    TCase *c = tcase_create("programs");
    tcase_add_checked_fixture(c, open_f64, close_clean);
    tcase_set_timeout(c, 60);
    for (size_t i = 0; i < n; i++) tcase_add_test(c, tests[i]);
    suite_add_tcase(s, c);
    return rig_run(s);
}
