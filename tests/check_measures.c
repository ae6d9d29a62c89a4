/* check_measures.c - measures of predictions against scikit-learn's numbers, and predictions of whole data sets. */
#include "tests/rig.h"
#include "train/train.h"

static const double scores[] = { .1, .4, .35, .8, .4, .9, .05, .8, .4, .7 };
static const int32_t truth[] = { 0, 0, 1, 1, 1, 0, 0, 1, 0, 1 };
static const double logits[] = { 2, 1, 0, -1,  0, .5, .25, 3,  1, 1.5, 0, 0,  -1, 2, .5, .25,  .5, .25, .125, 0,  0, 0, 4, 1 };
static const int64_t labels[] = { 0, 3, 1, 2, 3, 2 };

/* scikit-learn's roc_auc_score and average_precision_score, with ties. */
START_TEST(rankings)
{
    tw_ctx *cx = tw_open();
    tw_node *s = tw_data(cx, TW_F64, TW_SHAPE(10), scores), *t = tw_data(cx, TW_I32, TW_SHAPE(10), truth);
    near(tw_roc_auc(s, t), 0.68, 1e-12);
    near(tw_average_precision(s, t), 0.6559523809523808, 1e-12);
    near(tw_roc_auc(tw_neg(s), t), 1 - 0.68, 1e-12);
    tw_node *f = tw_cast(s, TW_F32), *g = tw_cast(t, TW_F32);
    near(tw_roc_auc(f, g), 0.68, 1e-12);
    ck_assert(isnan(tw_roc_auc(s, tw_fill(cx, TW_SHAPE(10), .value = 1))));
    ck_assert(tw_ok(cx));

    ck_assert(isnan(tw_roc_auc(s, tw_fill(cx, TW_SHAPE(9), .value = 1)))); fails_with(cx, TW_ESHAPE, "roc_auc", __LINE__, "10 scores but 9 labels");
    tw_average_precision(s, s); fails_with(cx, TW_EVALUE, "average_precision", __LINE__, "label 0 is 0.1, neither 0 nor 1");
    tw_roc_auc(tw_fill(cx, TW_SHAPE(10), .value = NaN), t); fails_with(cx, TW_EVALUE, "roc_auc", __LINE__, "element 0 of argument 0 is NaN");
    tw_roc_auc(s, NULL); fails_with(cx, TW_EARG, "roc_auc", __LINE__, "argument 1 is NULL");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(regression)
{
    tw_ctx *cx = tw_open(.dtype = TW_F64);
    tw_node *t = tw_data(cx, TW_F64, TW_SHAPE(4, 2), ((double[]){ 3, -.5, 2, 7, 1.5, 2, 0, 1 }));
    tw_node *y = tw_data(cx, TW_F64, TW_SHAPE(4, 2), ((double[]){ 2.5, 0, 2, 8, 1, 2.5, .25, .5 }));
    near(tw_mae(y, t), 0.46875, 1e-12);
    near(tw_rmse(y, t), 0.5376453291901642, 1e-12);
    near(tw_r2(y, t), 0.9123865877712032, 1e-12);
    ck_assert(isnan(tw_r2(y, tw_fill(cx, TW_SHAPE(4, 2), .value = 1))));
    tw_mae(y, tw_fill(cx, TW_SHAPE(8), .value = 1)); fails(cx, TW_ESHAPE, "mae", __LINE__);
    tw_rmse(NULL, y); fails(cx, TW_EARG, "rmse", __LINE__);
    tw_r2(y, tw_fill(cx, TW_SHAPE(2, 4), .value = 1)); fails(cx, TW_ESHAPE, "r2", __LINE__);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(classification)
{
    tw_ctx *cx = tw_open();
    tw_node *l = tw_data(cx, TW_F64, TW_SHAPE(6, 4), logits), *t = tw_data(cx, TW_I64, TW_SHAPE(6), labels);
    near(tw_top_k_accuracy(l, t, 1), 4 / 6.0, 1e-12);
    near(tw_top_k_accuracy(l, t, 2), 5 / 6.0, 1e-12);
    near(tw_top_k_accuracy(l, t, 4), 1, 1e-12);
    near(tw_perplexity(l, t), 2.2678152704452272, 1e-12);
    near(tw_calibration_error(l, t, 0), 0.35481927572089994, 1e-12);
    near(tw_calibration_error(l, t, 4), 0.12763900481824242, 1e-12);
    near(tw_calibration_error(l, t, 1), 0.015923407941741297, 1e-12);
    tw_node *deep = tw_reshape(l, TW_SHAPE(2, 3, 4)), *tops = tw_reshape(t, TW_SHAPE(2, 3));
    near(tw_perplexity(deep, tops), 2.2678152704452272, 1e-12);
    /* ties go to the first, as tw_accuracy's */
    near(tw_top_k_accuracy(tw_fill(cx, TW_SHAPE(6, 4), .value = 1), t, 1), tw_item(tw_accuracy(tw_fill(cx, TW_SHAPE(6, 4), .value = 1), t)), 1e-7);

    tw_top_k_accuracy(l, t, 0); fails(cx, TW_EARG, "top_k_accuracy", __LINE__);
    tw_calibration_error(l, t, 1001); fails(cx, TW_EARG, "calibration_error", __LINE__);
    tw_perplexity(l, tw_fill(cx, TW_SHAPE(6), .value = 1)); fails_with(cx, TW_ESHAPE, "perplexity", __LINE__, "6 f32 labels");
    tw_perplexity(l, tw_data(cx, TW_I64, TW_SHAPE(5), labels)); fails_with(cx, TW_ESHAPE, "perplexity", __LINE__, "5 i64 labels for logits of 6 rows of 4");
    tw_perplexity(l, tw_mul(t, 2)); fails_with(cx, TW_EVALUE, "perplexity", __LINE__, "label of row 1 is 6");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(scores_of_confusion)
{
    const int64_t c[9] = { 5, 2, 0, 1, 3, 1, 0, 0, 0 };
    const struct { int which; double p, r, f; } want[] = {
        { 0, 5 / 6.0, 5 / 7.0, 10 / 13.0 }, { 1, 0.6, 0.6, 0.6 }, { 2, 0, 0, 0 },
        { TW_MACRO, 0.4777777777777778, 0.4380952380952381, 0.4564102564102564 },
        { TW_MICRO, 2 / 3.0, 2 / 3.0, 2 / 3.0 },
        { TW_WEIGHTED, 0.7361111111111112, 0.6666666666666666, 0.6987179487179488 },
    };
    for (int i = 0; i < 6; i++) {
        const tw_scores s = tw_confusion_scores(3, c, want[i].which);
        near(s.precision, want[i].p, 1e-12), near(s.recall, want[i].r, 1e-12), near(s.f1, want[i].f, 1e-12);
    }
    ck_assert_int_eq(tw_confusion_scores(3, c, 0).count, 7);
    ck_assert_int_eq(tw_confusion_scores(3, c, TW_MACRO).count, 12);
}
END_TEST

/* ---- predictions -------------------------------------------------------------------------------- */

static tw_node *doubled(tw_net *net, tw_node *x, void *user)
{
    (void)user;
    ck_assert(!tw_net_is_training(net));
    return tw_mul(tw_nn_dropout(net, x, .p = 0.5), 2);
}

static tw_node *summed(tw_net *net, tw_node *x, void *user) { (void)net, (void)user; return tw_sum(x); }

START_TEST(predictions_are_in_order)
{
    tw_ctx *cx = tw_open();
    tw_net *net = tw_net_new(cx);
    float x[22];
    int32_t y[11];
    for (int i = 0; i < 22; i++) x[i] = (float)i;
    for (int i = 0; i < 11; i++) y[i] = 100 + i;
    tw_dataset *d = tw_dataset_tensors(tw_data(cx, TW_F32, TW_SHAPE(11, 2), x), tw_data(cx, TW_I32, TW_SHAPE(11), y));
    tw_node *p = tw_predict(net, doubled, d, .batch = 4), *t = tw_dataset_targets(d);
    ok(cx);
    ck_assert(tw_net_is_training(net));
    ck_assert(tw_dim(p, 0) == 11 && tw_dim(p, 1) == 2 && tw_count(t) == 11);
    for (int i = 0; i < 22; i++) ck_assert(tw_f32(p)[i] == (float)(2 * i));
    ck_assert_mem_eq(tw_i32(t), y, sizeof y);

    tw_predict(net, summed, d); fails_with(cx, TW_ESHAPE, "predict", __LINE__, "no rows");
    tw_predict(net, NULL, d); fails(cx, TW_EARG, "predict", __LINE__);
    tw_dataset_targets(tw_dataset_tensors(p, NULL)); fails(cx, TW_EARG, "dataset_targets", __LINE__);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("measures");
    TCase *t = tcase_create("measures");
    tcase_add_test(t, rankings);
    tcase_add_test(t, regression);
    tcase_add_test(t, classification);
    tcase_add_test(t, scores_of_confusion);
    tcase_add_test(t, predictions_are_in_order);
    suite_add_tcase(s, t);
    return rig_run(s);
}
