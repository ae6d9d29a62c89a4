/* check_special.c - special functions and activations against values from outside, over their whole range.
 *
 * The values were computed by mpmath 1.3 with 60 digits, at the doubles written here.
 */
#include "tests/rig.h"

typedef struct value { const char *name; double x, y; } value;
static const value values[] = {
    { "lgamma", 1e-300, 690.7755278982137052 },
    { "lgamma", 1e-10, 23.02585092988273524 },
    { "lgamma", 0.1, 2.252712651734205902 },
    { "lgamma", 0.999, 0.0005780385328913802382 },
    { "lgamma", 1.0000001, -5.772155829918507097e-8 },
    { "lgamma", 1.4616321449683622, -0.1214862905358496081 },
    { "lgamma", 2.0001, 0.00004228165811291994632 },
    { "lgamma", 3.7, 1.428072326665388129 },
    { "lgamma", 10.5, 13.94062521940376363 },
    { "lgamma", 171.5, 709.1431630309282423 },
    { "lgamma", 100000.0, 1051287.708973656895 },
    { "lgamma", 1e+17, 3814394658089877644.0 },
    { "lgamma", -0.5, 1.265512123484645396 },
    { "lgamma", -1.5, 0.8600470153764810145 },
    { "lgamma", -2.4570247, 5.79275845510029583e-8 },
    { "lgamma", -2.457, 0.00003749630595809978848 },
    { "lgamma", -3.955, -0.006077366819974692891 },
    { "lgamma", -10.3, -14.45751544002420833 },
    { "lgamma", -50.7, -149.8713235486061271 },
    { "digamma", 1e-09, -1000000000.577215601 },
    { "digamma", 0.1, -10.42375494041107623 },
    { "digamma", 1.0, -0.5772156649015328606 },
    { "digamma", 1.46, -0.001580561987083452106 },
    { "digamma", 2.5, 0.7031566406452431872 },
    { "digamma", 10.0, 2.251752589066721108 },
    { "digamma", 100.0, 4.6001618527380874 },
    { "digamma", 10000000000.0, 23.02585092989045684 },
    { "digamma", -0.5, 0.03648997397857652056 },
    { "digamma", -1.5, 0.7031566406452431872 },
    { "digamma", -3.9, -8.185090197209119352 },
    { "digamma", -20.25, 6.174235633614483769 },
    { "digamma", -1e-09, 999999999.4227842712 },
    { "polygamma_1", 1e-05, 10000000001.64490839 },
    { "polygamma_1", 0.1, 101.4332991507927477 },
    { "polygamma_1", 1.0, 1.644934066848226436 },
    { "polygamma_1", 3.5, 0.330357756100234865 },
    { "polygamma_1", 25.0, 0.04081066325722557919 },
    { "polygamma_1", 1000000.0, 1.000000500000166667e-6 },
    { "polygamma_1", -0.5, 8.934802200544679309 },
    { "polygamma_1", -5.25, 19.56572956901978507 },
    { "polygamma_3", 0.01, 600000006.2510618229 },
    { "polygamma_3", 1.0, 6.493939402266829149 },
    { "polygamma_3", 3.5, 0.07030584881725205126 },
    { "polygamma_3", 25.0, 0.000135884636508273704 },
    { "polygamma_3", 10000.0, 2.0003000199999999e-12 },
    { "polygamma_3", -0.5, 193.4090910340024372 },
    { "polygamma_3", -5.25, 1558.535091346441056 },
    { "polygamma_12", 0.5, -3923983571677.609427 },
    { "polygamma_12", 1.0, -479060379.8898314524 },
    { "polygamma_12", 3.5, -42.17265738445785998 },
    { "polygamma_12", 25.0, -8.442714431136018487e-10 },
    { "polygamma_12", 100.0, -4.236368168960810441e-17 },
    { "polygamma_1", -30.3, 15.04694902139553859 },
    { "polygamma_1", -1000000.25, 19.73920780217946724 },
    { "polygamma_1", -999999999999999.5, 9.869604401089357619 },
    { "polygamma_3", -40.75, 1558.545428058098191 },
    { "polygamma_3", -123456.5, 194.8181820680048734 },
    { "polygamma_12", -50.1, 4.790015999997369305e+21 },
    { "erfc", -3.0, 1.999977909503001415 },
    { "erfc", -0.1, 1.112462916018284898 },
    { "erfc", 0.0, 1.0 },
    { "erfc", 0.1, 0.8875370839817151016 },
    { "erfc", 0.5, 0.4795001221869534623 },
    { "erfc", 1.0, 0.1572992070502851307 },
    { "erfc", 3.0, 0.00002209049699858544137 },
    { "erfc", 10.0, 2.088487583762544757e-45 },
    { "erfc", 26.0, 5.663192408856142846e-296 },
    { "erfinv", -0.999999, -3.458910737275498778 },
    { "erfinv", -0.5, -0.4769362762044698734 },
    { "erfinv", 1e-10, 8.862269254527580459e-11 },
    { "erfinv", 1e-300, 8.862269254527580359e-301 },
    { "erfinv", 0.1, 0.08885599049425769197 },
    { "erfinv", 0.5, 0.4769362762044698734 },
    { "erfinv", 0.9, 1.163087153676674163 },
    { "erfinv", 0.99999, 3.123413274341570864 },
    { "erfinv", 0.9999999999990905, 5.051254085249389967 },
    { "erfinv", 0.9999999999999999, 5.863584748755167927 },
    { "ndtr", -38.0, 2.885428360068784308e-316 },
    { "ndtr", -20.0, 2.753624118606233695e-89 },
    { "ndtr", -5.0, 2.866515718791939117e-7 },
    { "ndtr", -1.0, 0.1586552539314570514 },
    { "ndtr", -0.1, 0.4601721627229710163 },
    { "ndtr", 0.0, 0.5 },
    { "ndtr", 0.5, 0.6914624612740131036 },
    { "ndtr", 1.0, 0.8413447460685429486 },
    { "ndtr", 3.0, 0.9986501019683699055 },
    { "ndtr", 8.0, 0.9999999999999993779 },
    { "log_ndtr", -100000000.0, -5000000000000019.34 },
    { "log_ndtr", -1000.0, -500007.8266948121843 },
    { "log_ndtr", -100.0, -5005.524208694205089 },
    { "log_ndtr", -38.5, -745.6952702904110813 },
    { "log_ndtr", -39.5, -784.7208791043175772 },
    { "log_ndtr", -20.0, -203.9171553710972639 },
    { "log_ndtr", -5.0, -15.06499839398872574 },
    { "log_ndtr", -1.0, -1.841021645009263506 },
    { "log_ndtr", -0.1, -0.7761545927302733256 },
    { "log_ndtr", 0.0, -0.6931471805599453094 },
    { "log_ndtr", 0.5, -0.3689464152886563931 },
    { "log_ndtr", 1.0, -0.1727537790234498895 },
    { "log_ndtr", 3.0, -0.001350809964748193799 },
    { "log_ndtr", 8.0, -6.220960574271786059e-16 },
    { "log_ndtr", 20.0, -2.753624118606233695e-89 },
    { "log_ndtr_slope", -1000.0, 1000.00099999800001 },
    { "log_ndtr_slope", -100.0, 100.0099980009992607 },
    { "log_ndtr_slope", -39.5, 39.52528410740758305 },
    { "log_ndtr_slope", -20.0, 20.04975306852785054 },
    { "log_ndtr_slope", -5.0, 5.186503967125842116 },
    { "log_ndtr_slope", -1.0, 1.525135276160981209 },
    { "log_ndtr_slope", 0.0, 0.7978845608028653559 },
    { "log_ndtr_slope", 0.5, 0.5091604338370334858 },
    { "log_ndtr_slope", 3.0, 0.004437839042125663793 },
    { "log_ndtr_slope", 8.0, 5.052271083536895431e-15 },
    { "ndtri", 1e-300, -37.04709629936119924 },
    { "ndtri", 1e-100, -21.27345356096532429 },
    { "ndtri", 1e-20, -9.26234008979840758 },
    { "ndtri", 1e-10, -6.361340902404056199 },
    { "ndtri", 1e-05, -4.26489079392282461 },
    { "ndtri", 0.01, -2.326347874040841093 },
    { "ndtri", 0.3, -0.524400512708040816 },
    { "ndtri", 0.4999, -0.0002506628300880074924 },
    { "ndtri", 0.5, 0.0 },
    { "ndtri", 0.9, 1.281551565544600593 },
    { "ndtri", 0.999, 3.090232306167813278 },
    { "i0", -5.0, 27.23987182360444689 },
    { "i0", 0.0, 1.0 },
    { "i0", 1e-05, 1.000000000025 },
    { "i0", 0.5, 1.063483370741323519 },
    { "i0", 3.0, 4.880792585865024086 },
    { "i0", 10.0, 2815.716628466254471 },
    { "i0", 29.0, 292520631785.6908663 },
    { "i0", 31.0, 2089962966491.903795 },
    { "i0", 100.0, 1.073751707131073824e+42 },
    { "i0", 700.0, 1.529593347671873736e+302 },
    { "i0e", -5.0, 0.1835408126093283531 },
    { "i0e", 0.0, 1.0 },
    { "i0e", 0.5, 0.6450352704491500681 },
    { "i0e", 10.0, 0.1278333371634286073 },
    { "i0e", 29.0, 0.07440746822222558505 },
    { "i0e", 31.0, 0.07194649669698383276 },
    { "i0e", 35.0, 0.06767837835041362573 },
    { "i0e", 100.0, 0.03994437929909668265 },
    { "i0e", 700.0, 0.01508129565153135759 },
    { "i0e", 1000000.0, 0.0003989423302692457788 },
    { "i1", -5.0, -24.3356421424505272 },
    { "i1", 0.0, 0.0 },
    { "i1", 1e-05, 5.000000000062500409e-6 },
    { "i1", 0.5, 0.2578943053908963164 },
    { "i1", 3.0, 3.953370217402609396 },
    { "i1", 10.0, 2670.988303701254654 },
    { "i1", 29.0, 287432108126.2548121 },
    { "i1", 31.0, 2055972795294.564731 },
    { "i1", 100.0, 1.068369390338162481e+42 },
    { "i1", 700.0, 1.528500390233900688e+302 },
    { "i1e", -5.0, -0.1639722669445423569 },
    { "i1e", 0.0, 0.0 },
    { "i1e", 0.5, 0.1564208031848716971 },
    { "i1e", 10.0, 0.1212626813844555187 },
    { "i1e", 29.0, 0.0731131179393883651 },
    { "i1e", 31.0, 0.07077639283438568017 },
    { "i1e", 35.0, 0.06670443172949143908 },
    { "i1e", 100.0, 0.03974415302513025267 },
    { "i1e", 700.0, 0.01507051944471684695 },
    { "i1e", 1000000.0, 0.0003989421307980307763 },
    { "gelu", -30.0, -1.472014178144456118e-196 },
    { "gelu", -10.0, -7.619853024160526066e-23 },
    { "gelu", -5.0, -1.433257859395969558e-6 },
    { "gelu", -1.0, -0.1586552539314570514 },
    { "gelu", -0.1, -0.04601721627229710419 },
    { "gelu", 0.3, 0.1853734266566857831 },
    { "gelu", 2.0, 1.954499736103641586 },
    { "gelu", 6.0, 5.99999999408047413 },
    { "gelu_slope", -30.0, -4.41603169070849437e-195 },
    { "gelu_slope", -10.0, -7.618400096464814086e-22 },
    { "gelu_slope", -5.0, -7.146946001792294628e-6 },
    { "gelu_slope", -1.0, -0.08331547058768629838 },
    { "gelu_slope", -0.1, 0.4204769079752698376 },
    { "gelu_slope", 0.3, 0.7323277668271098549 },
    { "gelu_slope", 2.0, 1.085231801078196897 },
    { "gelu_slope", 6.0, 1.000000035468709454 },
    { "silu", -700.0, -6.9017735806318396e-302 },
    { "silu", -50.0, -9.643749239819588915e-21 },
    { "silu", -5.0, -0.0334642546214242778 },
    { "silu", -1.0, -0.2689414213699951207 },
    { "silu", 0.3, 0.172332755043497689 },
    { "silu", 20.0, 19.99999995877692764 },
    { "mish", -700.0, -6.9017735806318396e-302 },
    { "mish", -50.0, -9.643749239819588915e-21 },
    { "mish", -5.0, -0.0335762377301617054 },
    { "mish", -1.0, -0.3034014613741089181 },
    { "mish", 0.3, 0.2080013723481150202 },
    { "mish", 20.0, 19.99999999999999983 },
    { "mish_slope", -50.0, -9.450874255023197137e-21 },
    { "mish_slope", -5.0, -0.0267474980199019335 },
    { "mish_slope", -1.0, 0.05921675587739494801 },
    { "mish_slope", 0.3, 0.7828272995511303783 },
    { "mish_slope", 2.0, 1.069317934279489685 },
    { "mish_slope", 20.0, 1.000000000000000331 },
    { "softplus", -700.0, 9.859676543759770857e-305 },
    { "softplus", -50.0, 1.928749847963917783e-22 },
    { "softplus", -5.0, 0.006715348489118068616 },
    { "softplus", -1.0, 0.313261687518222834 },
    { "softplus", 0.0, 0.6931471805599453094 },
    { "softplus", 0.3, 0.8543552444685271124 },
    { "softplus", 20.0, 20.00000000206115362 },
    { "softplus", 800.0, 800.0 },
};
enum { VALUES = sizeof values / sizeof *values };

static tw_node *softplus(const tw_loc *at, tw_node *x) { return tw_softplus_at(at, x, NULL); }
static tw_node *gelu(const tw_loc *at, tw_node *x)     { return tw_gelu_at(at, x, NULL); }
static tw_node *gelu_slope(const tw_loc *at, tw_node *x) { return tw_grad_at(at, tw_sum_at(at, gelu(at, x), NULL), x); }
static tw_node *mish_slope(const tw_loc *at, tw_node *x) { return tw_grad_at(at, tw_sum_at(at, tw_mish_at(at, x), NULL), x); }
static tw_node *log_ndtr_slope(const tw_loc *at, tw_node *x) { return tw_grad_at(at, tw_sum_at(at, tw_log_ndtr_at(at, x), NULL), x); }
static tw_node *polygamma_1(const tw_loc *at, tw_node *x)  { return tw_polygamma_at(at, 1, x); }
static tw_node *polygamma_3(const tw_loc *at, tw_node *x)  { return tw_polygamma_at(at, 3, x); }
static tw_node *polygamma_12(const tw_loc *at, tw_node *x) { return tw_polygamma_at(at, 12, x); }

/* A function with its errors in units of the precision: f64, f32. */
static const struct function { const char *name; tw_node *(*f)(const tw_loc *at, tw_node *x); double f64, f32; } functions[] = {
    { "lgamma", tw_lgamma_at, 2, 1 },
    { "digamma", tw_digamma_at, 4, 1 },
    { "polygamma_1", polygamma_1, 4, 1 },
    { "polygamma_3", polygamma_3, 4, 1 },
    { "polygamma_12", polygamma_12, 4, 1 },
    { "erfc", tw_erfc_at, 4, 1 },
    { "erfinv", tw_erfinv_at, 16, 1 },
    { "ndtr", tw_ndtr_at, 8, 1 },
    { "log_ndtr", tw_log_ndtr_at, 8, 1 },
    { "log_ndtr_slope", log_ndtr_slope, 8, 1 },
    { "ndtri", tw_ndtri_at, 16, 1 },
    { "i0", tw_i0_at, 2, 1 },
    { "i0e", tw_i0e_at, 2, 1 },
    { "i1", tw_i1_at, 2, 1 },
    { "i1e", tw_i1e_at, 2, 1 },
    { "gelu", gelu, 8, 8 },
    { "gelu_slope", gelu_slope, 64, 64 },      /* has a zero near -0.75 */
    { "silu", tw_silu_at, 8, 8 },
    { "mish", tw_mish_at, 8, 8 },
    { "mish_slope", mish_slope, 64, 64 },
    { "softplus", softplus, 8, 8 },
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

START_TEST(values_from_outside)
{
    const struct function *f = &functions[_i];
    int compared = 0;
    for (const char *const *isa = rig_isas(); *isa; isa++)
        for (int d = 0; d < 2; d++) {
            tw_ctx *cx = rig_open(d ? TW_F64 : TW_F32, *isa, true);
            for (int i = 0; i < VALUES; i++) {
                const value *v = &values[i];
                if (strcmp(v->name, f->name) || (!d && (double)(float)v->x != v->x)) continue;
                const double got = tw_item(f->f(TW_HERE, tw_scalar(cx, v->x)));
                const double want = d ? v->y : (double)(float)v->y, tol = d ? f->f64 * 0x1p-52 : f->f32 * 0x1p-23;
                const bool good = got == want || fabs(got - want) <= tol * fabs(want) || (!d && fabs(want) < 0x1p-126 && fabs(got - want) <= 0x1p-148);
                ck_assert_msg(good, "%s, %s, %s: of %.17g: %.17g, not %.17g", f->name, d ? "f64" : "f32", *isa, v->x, got, want);
                compared++;
            }
            ok(cx);
            ck_assert_int_eq(tw_close(cx), 0);
        }
    ck_assert_int_ge(compared, 15);
}
END_TEST

/* Every name in the table of values is that of a function. */
START_TEST(no_value_is_forgotten)
{
    for (int i = 0; i < VALUES; i++) {
        bool found = false;
        for (int k = 0; k < FUNCTIONS; k++) found |= !strcmp(values[i].name, functions[k].name);
        ck_assert_msg(found, "%s", values[i].name);
    }
}
END_TEST

START_TEST(ends_and_poles)
{
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    static const struct { tw_node *(*f)(const tw_loc *, tw_node *); double x, y; } ends[] = {
        { tw_lgamma_at, 0, INF }, { tw_lgamma_at, -2, INF }, { tw_lgamma_at, INF, INF }, { tw_lgamma_at, -INF, INF }, { tw_lgamma_at, 1, 0 },
        { tw_lgamma_at, 2, 0 }, { tw_lgamma_at, NaN, NaN },
        { tw_digamma_at, 0, -INF }, { tw_digamma_at, -0.0, INF }, { tw_digamma_at, -3, NaN }, { tw_digamma_at, INF, INF },
        { tw_digamma_at, -INF, NaN }, { tw_digamma_at, NaN, NaN },
        { polygamma_1, 0, INF }, { polygamma_1, -2, INF }, { polygamma_1, INF, 0 }, { polygamma_1, NaN, NaN },
        { tw_erfc_at, -INF, 2 }, { tw_erfc_at, INF, 0 }, { tw_erfinv_at, 1, INF }, { tw_erfinv_at, -1, -INF }, { tw_erfinv_at, 1.5, NaN },
        { tw_erfinv_at, 0, 0 }, { tw_erfinv_at, NaN, NaN },
        { tw_ndtr_at, -INF, 0 }, { tw_ndtr_at, INF, 1 }, { tw_ndtr_at, NaN, NaN }, { tw_log_ndtr_at, -INF, -INF }, { tw_log_ndtr_at, INF, 0 },
        { tw_log_ndtr_at, NaN, NaN }, { log_ndtr_slope, -INF, INF }, { log_ndtr_slope, INF, 0 }, { log_ndtr_slope, -1e200, 1e200 },
        { tw_ndtri_at, 0, -INF }, { tw_ndtri_at, 1, INF }, { tw_ndtri_at, -0.1, NaN }, { tw_ndtri_at, NaN, NaN },
        { tw_i0_at, INF, INF }, { tw_i1_at, -INF, -INF }, { tw_i0e_at, INF, 0 }, { tw_i1e_at, -INF, 0 }, { tw_i0_at, 800, INF }, { tw_i0_at, NaN, NaN },
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const double got = tw_item(ends[i].f(TW_HERE, tw_scalar(cx, ends[i].x)));
        ck_assert_msg(close_to(got, ends[i].y, 1e-14), "number %d, of %g: %g, not %g", (int)i, ends[i].x, got, ends[i].y);
    }
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* I_0 and its derivatives at 0: 1, 0, 1/2, 0, 3/8; trigamma's own rule at 1: -2 zeta(3). */
START_TEST(derivatives_of_any_order)
{
    static const double want[] = { 1, 0, 0.5, 0, 0.375 };
    tw_ctx *cx = rig_open(TW_F64, NULL, true);
    tw_node *x = tw_scalar(cx, 0), *y = tw_i0(x), *one = tw_scalar(cx, 1);
    for (int i = 0; i < 5; i++, y = tw_grad(y, x)) near(tw_item(y), want[i], 1e-15);
    near(tw_item(tw_grad(tw_grad(tw_grad(tw_lgamma(one), one), one), one)), -2.4041138063191885708, 1e-15);
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("special");
    TCase *c = tcase_create("special");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, values_from_outside, 0, FUNCTIONS);
    tcase_add_test(c, no_value_is_forgotten);
    tcase_add_test(c, ends_and_poles);
    tcase_add_test(c, derivatives_of_any_order);
    suite_add_tcase(s, c);
    return rig_run(s);
}
