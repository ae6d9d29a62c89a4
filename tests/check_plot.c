/* check_plot.c - plots: what gnuplot is told, and pictures where it is installed. */
#include "tests/folder.h"
#include "train/train.h"

#include <math.h>

static char text[1 << 16];
static const char *script(tw_plot *p)
{
    ck_assert(tw_plot_write(p, in_folder("p.gp")));
    text[get("p.gp", text, sizeof text - 1)] = 0;
    return text;
}

static int times(const char *in, const char *what)
{
    int n = 0;
    for (const char *s = in; (s = strstr(s, what)); s++) n++;
    return n;
}

START_TEST(every_number_is_in_its_series)
{
    tw_ctx *cx = tw_open();
    tw_plot *p = tw_plot_new(cx, .title = "it's", .x = "a\nb", .y = "q\\n");
    for (int i = 0; i < 100; i++) tw_plot_line(p, "f", i, 0.25 * i), tw_plot_dot(p, NULL, i, -i);
    tw_plot_band(p, "f", 7, 1, 2);
    tw_plot_line(p, "gap", 1, NaN), tw_plot_line(p, "gap", 2, INF);
    const char *s = script(p);
    ck_assert(strstr(s, "set title 'it''s'") && strstr(s, "set xlabel 'a b'") && strstr(s, "set ylabel 'q\\n'"));
    ck_assert(strstr(s, "$series0 << end\n 0 0\n 1 0.25\n") && strstr(s, "\n 99 24.75\nend\n"));
    ck_assert(strstr(s, "$series1 << end\n 0 0\n 1 -1\n") && strstr(s, "$series2 << end\n 7 1 2\nend\n"));
    ck_assert(strstr(s, "$series3 << end\n 1 NaN\n 2 NaN\nend\n"));
    ck_assert_int_eq(times(s, "title 'f'"), 2);             /* line and band, in one colour */
    ck_assert_int_eq(times(s, "'#0072b2'"), 4);
    ck_assert_int_eq(times(s, "keyentry"), 3);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(what_has_no_logarithm_is_a_gap)
{
    tw_ctx *cx = tw_open();
    tw_plot *p = tw_plot_new(cx, .log_y = true, .equal = true);
    tw_plot_line(p, "f", 0, 0), tw_plot_line(p, "f", -1, -1), tw_plot_line(p, "f", 1, 1);
    const char *s = script(p);
    ck_assert(strstr(s, "<< end\n 0 NaN\n -1 NaN\n 1 1\nend\n"));
    ck_assert(strstr(s, "set logscale y") && !strstr(s, "set logscale x") && strstr(s, "set size ratio -1"));
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(gnuplot_draws)
{
    const bool there = !system("gnuplot --version >/dev/null 2>&1");
    tw_ctx *cx = tw_open();
    tw_plot *p = tw_plot_new(cx, .title = "a 'title'", .width = 300, .height = 200);
    for (int i = 0; i < 5; i++) tw_plot_band(p, "b", i, -i, i), tw_plot_line(p, "it's", i, i), tw_plot_dot(p, "d", i, i * i);
    static const struct { const char *file, *begin; } kinds[] = { { "it's a.svg", "<?xml" }, { "a.png", "\x89PNG" }, { "a.pdf", "%PDF" } };
    for (int i = 0; i < 3; i++) {
        ck_assert(tw_plot_write(p, in_folder(kinds[i].file)) == there);
        const size_t n = get(kinds[i].file, text, sizeof text);
        ck_assert(!there || (n > 1000 && !memcmp(text, kinds[i].begin, strlen(kinds[i].begin))));
    }
    ck_assert(!tw_plot_write(p, in_folder("a.gif")) && !tw_plot_write(p, in_folder("no such folder/a.svg")));
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(mistakes_are_errors)
{
    tw_ctx *cx = tw_open(.on_error = rig_quiet);
    tw_plot *p = tw_plot_new(cx);
    tw_plot_line(NULL, "f", 1, 1);
    ck_assert(!tw_plot_write(NULL, "a.svg"));
    ck_assert(!tw_plot_write(p, "no_ending")); fails(cx, TW_EARG, "plot", __LINE__);
    ck_assert(!tw_plot_write(p, NULL)); fails(cx, TW_EARG, "plot", __LINE__);
    ck_assert(!tw_plot_write(p, in_folder("no/a.gp"))); fails(cx, TW_EIO, "plot", __LINE__);
    tw_plot_new(cx, .width = -1); fails(cx, TW_EARG, "plot", __LINE__);
    tw_close(cx);
}
END_TEST

static void plot_and_write(tw_ctx *cx)
{
    tw_plot *p = tw_plot_new(cx);
    for (int i = 0; i < 20; i++) tw_plot_line(p, "f", i, i), tw_plot_dot(p, i % 2 ? "g" : "h", i, i);
    tw_plot_write(p, in_folder("p.gp"));
}

START_TEST(every_allocation_may_fail) { every_allocation_fails_once(plot_and_write); } END_TEST

int main(void)
{
    Suite *s = suite_create("plot");
    TCase *t = tcase_create("plot");
    tcase_add_checked_fixture(t, folder_make, folder_drop);
    tcase_add_test(t, every_number_is_in_its_series);
    tcase_add_test(t, what_has_no_logarithm_is_a_gap);
    tcase_add_test(t, gnuplot_draws);
    tcase_add_test(t, mistakes_are_errors);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return rig_run(s);
}
