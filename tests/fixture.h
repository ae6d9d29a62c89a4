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
