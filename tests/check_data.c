/* check_data.c - parts of data sets, augmentation, and batches made by threads: the right examples, and always the same. */
#include "tests/folder.h"
#include "train/train.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* n images [3, 4, 2] whose elements are 1, 2, 3, ..., and the class i % 3. */
static tw_dataset *images(tw_ctx *cx, int n)
{
    double  *x = malloc((size_t)n * 24 * sizeof *x);
    int32_t *y = malloc((size_t)n * sizeof *y);
    for (int i = 0; i < 24 * n; i++) x[i] = i + 1;
    for (int i = 0; i < n; i++) y[i] = i % 3;
    TW_SCOPE(cx);
    tw_node *a = tw_data(cx, TW_F64, TW_SHAPE(n, 3, 4, 2), x);
    tw_dataset *d = tw_dataset_tensors(tw_default_dtype(cx) == TW_F64 ? a : tw_cast(a, TW_F32), tw_data(cx, TW_I32, TW_SHAPE(n), y));
    free(x), free(y);
    return d;
}

/* The numbers of d's examples among the images. */
static int64_t numbers(tw_dataset *d, int64_t *to)
{
    int64_t n = 0;
    TW_BATCHES(b, d, .size = 7) {
        arr x = arr_of(b.x);
        for (int64_t k = 0; k < b.count; k++) {
            to[n] = (int64_t)(x.v[24 * k] - 1) / 24;
            ck_assert_int_eq(tw_i32(b.y)[k], to[n++] % 3);
        }
    }
    arrs_drop();
    return n;
}

/* ---- parts ------------------------------------------------------------------------------------- */

START_TEST(a_split_is_a_partition)
{
    tw_ctx *cx = tw_open(.seed = 3);
    tw_dataset *d = images(cx, 50), *a, *b, *c, *e;
    int64_t in[2][50], again[50];
    tw_dataset_split(d, &a, &b, .second = 0.3, .ordered = _i == 1, .stratified = _i == 2);
    ok(cx);
    const int64_t n = numbers(a, in[0]), m = numbers(b, in[1]);
    ck_assert(n == 35 && m == 15 && tw_dataset_count(a) == 35);
    bool seen[50] = { false };
    int  classes[2][3] = { { 0 } };
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < (k ? m : n); i++) {
            ck_assert(!seen[in[k][i]] && (!i || in[k][i] > in[k][i - 1]));
            seen[in[k][i]] = true;
            classes[k][in[k][i] % 3]++;
        }
    if (_i == 1) ck_assert(in[1][0] == 35);
    else ck_assert(in[1][0] < 35);
    for (int k = 0; k < 3 && _i == 2; k++) ck_assert_int_eq(classes[1][k], 5);
    tw_dataset_split(d, &c, &e, .second = 0.3, .ordered = _i == 1, .stratified = _i == 2);
    ck_assert_int_eq(numbers(e, again), m);
    ck_assert_mem_eq(again, in[1], (size_t)m * sizeof *again);

    tw_dataset_split(b, &c, &e, .second = 0.4);         /* parts of parts */
    ck_assert(numbers(e, again) == 6);
    for (int i = 0; i < 6; i++) {
        bool found = false;
        for (int k = 0; k < m; k++) found = found || in[1][k] == again[i];
        ck_assert(found);
    }
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(every_example_is_held_out_once)
{
    tw_ctx *cx = tw_open();
    tw_dataset *d = images(cx, 31);
    int64_t which[31];
    int seen[31] = { 0 };
    for (int fold = 0; fold < 4; fold++) {
        tw_dataset *rest, *out;
        tw_dataset_fold(d, fold, 4, &rest, &out, .ordered = _i == 1, .stratified = _i == 2);
        ok(cx);
        const int64_t n = numbers(out, which);
        ck_assert(n >= 7 && n <= 8 && tw_dataset_count(rest) == 31 - n);
        int classes[3] = { 0 };
        for (int i = 0; i < n; i++) seen[which[i]]++, classes[which[i] % 3]++;
        for (int k = 0; k < 3 && _i == 2; k++) ck_assert(classes[k] >= 2 && classes[k] <= 3);
        if (_i == 1) ck_assert_int_eq(which[n - 1] - which[0], n - 1);
    }
    for (int i = 0; i < 31; i++) ck_assert_int_eq(seen[i], 1);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* A batch of all that there is, and workers that are as far ahead as can be. */
START_TEST(no_size_is_too_large)
{
    tw_ctx *cx = tw_open();
    tw_dataset *d = images(cx, 5);
    int64_t n = 0, seen = 0;
    TW_BATCHES(b, d, .size = INT64_MAX) n++, seen += b.count;
    ck_assert(n == 1 && seen == 5);
    TW_BATCHES(b, d, .size = INT64_MAX, .drop_last = true) n++;
    ck_assert_int_eq(n, 1);
    TW_BATCHES(b, d, .size = 2, .workers = 1, .prefetch = INT32_MAX) n++, seen += b.count;
    ck_assert(n == 4 && seen == 10);
    ok(cx);
    tw_dataset_augment(d, .mix_up = 1, .classes = INT64_MAX); fails_with(cx, TW_EARG, "dataset_augment", __LINE__, ".classes");
    int64_t counts[9] = { 0 };
    ck_assert(!tw_confusion(tw_zeros(cx, TW_SHAPE(2, 3)), tw_arange(cx, 2), NULL)); fails_with(cx, TW_EARG, "confusion", __LINE__, "NULL");
    tw_confusion_print(stdout, -1, counts, NULL);
    tw_progress(NULL, "nothing");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(examples_may_be_chosen)
{
    tw_ctx *cx = tw_open();
    tw_dataset *d = images(cx, 5), *a, *b;
    int64_t which[4];
    tw_dataset *t = tw_dataset_take(tw_dataset_take(d, 3, ((int64_t[]){ 4, 1, 2 })), 4, ((int64_t[]){ 2, 2, 0, 1 }));
    ck_assert_int_eq(numbers(t, which), 4);
    ck_assert(which[0] == 2 && which[1] == 2 && which[2] == 4 && which[3] == 1);

    tw_dataset_take(d, 1, ((int64_t[]){ 5 })); fails_with(cx, TW_EARG, "dataset_take", __LINE__, "example 5 of 5");
    tw_dataset_take(d, 1, ((int64_t[]){ -1 })); fails(cx, TW_EARG, "dataset_take", __LINE__);
    tw_dataset_take(d, 0, which); fails(cx, TW_EARG, "dataset_take", __LINE__);
    tw_dataset_take(d, 2, NULL); fails(cx, TW_EARG, "dataset_take", __LINE__);
    tw_dataset_split(d, &a, &b, .second = 1); fails_with(cx, TW_EARG, "dataset_split", __LINE__, ".second is 1");
    tw_dataset_split(d, &a, &b, .second = 0.01); fails_with(cx, TW_EARG, "dataset_split", __LINE__, "the second part of 5 examples is empty");
    tw_dataset_fold(d, 3, 3, &a, &b); fails_with(cx, TW_EARG, "dataset_fold", __LINE__, "fold 3 of 3");
    tw_dataset *bare = tw_dataset_tensors(tw_fill(cx, TW_SHAPE(4, 1), .value = 1), NULL);
    tw_dataset_split(bare, &a, &b, .stratified = true); fails_with(cx, TW_EARG, "dataset_split", __LINE__, "there are none");
    ck_assert_int_eq(tw_dataset_count(a), 0);
    TW_BATCHES(k, a) ck_abort();
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- augmentation ------------------------------------------------------------------------------ */

static double pixel(int64_t example, int64_t i, int64_t j, int c)
{
    return i < 0 || i > 2 || j < 0 || j > 3 ? 0 : (double)(24 * example + 8 * i + 2 * j + c + 1);
}

/* Each result is one of the windows of its image; all of them come, about equally often. */
START_TEST(windows_of_images)
{
    static const struct { int shift, crop[2], windows; bool flip, upside; } how[] = {
        { 1, { 0, 0 }, 9, false, false }, { 0, { 2, 3 }, 4, false, false }, { 0, { 0, 0 }, 2, true, false },
        { 1, { 3, 0 }, 12, false, false }, { 1, { 2, 2 }, 80, true, true },
    };
    tw_ctx *cx = tw_open(.dtype = TW_F64);
    tw_dataset *d = images(cx, 40);
    tw_dataset *a = tw_dataset_augment(d, .shift = how[_i].shift, .crop = { how[_i].crop[0], how[_i].crop[1] }, .flip = how[_i].flip,
                                       .flip_vertical = how[_i].upside);
    const int64_t h = how[_i].crop[0] ? how[_i].crop[0] : 3, w = how[_i].crop[0] ? (how[_i].crop[1] ? how[_i].crop[1] : h) : 4, s = how[_i].shift;
    int count[128] = { 0 }, total = 0;
    for (int epoch = 0; epoch < 25; epoch++)
        TW_BATCHES(b, a, .size = 16, .epoch = epoch) {
            ck_assert(tw_dim(b.x, 1) == h && tw_dim(b.x, 2) == w && tw_dim(b.x, 3) == 2);
            const double *x = tw_f64(b.x);
            for (int64_t k = 0; k < b.count; k++) {
                int found = -1, number = 0;
                for (int flips = 0; flips < 4; flips++)
                    for (int64_t top = -s; top <= 3 - h + s; top++)
                        for (int64_t left = -s; left <= 4 - w + s; left++) {
                            if ((flips & 1 && !how[_i].flip) || (flips & 2 && !how[_i].upside)) continue;
                            bool same = true;
                            for (int64_t i = 0; i < h && same; i++)
                                for (int64_t j = 0; j < w && same; j++)
                                    for (int c = 0; c < 2 && same; c++)
                                        same = x[((k * h + i) * w + j) * 2 + c] ==
                                               pixel(b.examples[k], top + (flips & 2 ? h - 1 - i : i), left + (flips & 1 ? w - 1 - j : j), c);
                            if (same) found = number;
                            number++;
                        }
                ck_assert_int_eq(number, how[_i].windows);
                ck_assert_int_ge(found, 0);
                count[found]++, total++;
            }
        }
    ok(cx);
    ck_assert_int_eq(total, 1000);
    for (int i = 0; i < how[_i].windows; i++) {
        const double wants = 1000.0 / how[_i].windows;
        ck_assert_msg(fabs(count[i] - wants) < 5 * sqrt(wants) + 1, "window %d: %d times, not %g", i, count[i], wants);
    }
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(noise_is_normal)
{
    tw_ctx *cx = tw_open(.dtype = _i ? TW_F64 : TW_F32);
    tw_dataset *a = tw_dataset_augment(images(cx, 100), .noise = 0.5);
    double sum = 0, squares = 0, fourth = 0, n = 0;
    for (int epoch = 0; epoch < 10; epoch++)
        TW_BATCHES(b, a, .epoch = epoch) {
            arr x = arr_of(b.x);
            for (int64_t i = 0; i < x.count; i++) {
                const double e = (x.v[i] - (double)(24 * b.examples[i / 24] + i % 24 + 1)) / 0.5;
                sum += e, squares += e * e, fourth += e * e * e * e, n++;
            }
            arrs_drop();
        }
    near(sum / n, 0, 0.03), near(squares / n, 1, 0.04), near(fourth / n, 3, 0.3);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(mixed_examples_have_mixed_labels)
{
    tw_ctx *cx = tw_open(.dtype = TW_F64);
    tw_dataset *a = tw_dataset_augment(images(cx, 90), .mix_up = 0.4, .classes = 3);
    double sum = 0, squares = 0, n = 0;
    for (int epoch = 0; epoch < 20; epoch++)
        TW_BATCHES(b, a, .epoch = epoch) {
            ck_assert(tw_rank(b.y) == 2 && tw_dim(b.y, 1) == 3);
            const double *x = tw_f64(b.x), *y = tw_f64(b.y);
            for (int64_t k = 0; k < b.count; k++) {
                const int64_t i = b.examples[k];
                const double other = (x[24 * k] - 1) / 24;             /* l i + (1 - l) j */
                near(y[3 * k] + y[3 * k + 1] + y[3 * k + 2], 1, 1e-12);
                const double l = y[3 * k + i % 3];
                if (l > 0.999) continue;                                /* j of the same class, or l next to 1 */
                const double j = (other - l * (double)i) / (1 - l);
                near(j, rint(j), 1e-6);
                ck_assert(j > -0.5 && j < 89.5 && (int64_t)rint(j) % 3 != i % 3);
                sum += l, squares += l * l, n++;
            }
        }
    const double mean = sum / n, var = squares / n - mean * mean;
    near(mean, 0.5, 0.05);
    near(var, 1 / (4 * (2 * 0.4 + 1)), 0.025);              /* of Beta(a, a) */
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static void negate(void *user, tw_dtype dtype, const tw_shape *shape, void *x, uint64_t random)
{
    (void)random;
    ck_assert(dtype == TW_F32 && shape->n == 3 && shape->at[0] == 3);
    for (int i = 0; i < 24; i++) ((float *)x)[i] *= *(const float *)user;
}

START_TEST(own_functions_and_what_is_refused)
{
    tw_ctx *cx = tw_open();
    float minus = -1;
    tw_dataset *d = images(cx, 4), *flat = tw_dataset_tensors(tw_fill(cx, TW_SHAPE(4, 3), .value = 1), tw_fill(cx, TW_SHAPE(4), .value = 2));
    TW_BATCHES(b, tw_dataset_augment(d, .own = negate, .user = &minus)) ck_assert(tw_f32(b.x)[25] == -26);
    tw_dataset *mixed = tw_dataset_augment(flat, .mix_up = 1);             /* targets that are numbers */
    TW_BATCHES(b, mixed) ck_assert(tw_rank(b.y) == 1 && tw_f32(b.y)[0] == 2);
    ok(cx);
    tw_dataset_augment(mixed, .noise = 1); fails_with(cx, TW_EARG, "dataset_augment", __LINE__, "augmented already");
    tw_dataset_augment(flat, .flip = true); fails_with(cx, TW_ESHAPE, "dataset_augment", __LINE__, "only images");
    tw_dataset_augment(d, .crop = { 4 }); fails_with(cx, TW_EARG, "dataset_augment", __LINE__, "a crop of 4 by 4 from images of 3 by 4");
    tw_dataset_augment(d, .shift = -1); fails(cx, TW_EARG, "dataset_augment", __LINE__);
    tw_dataset_augment(d, .noise = NaN); fails(cx, TW_EARG, "dataset_augment", __LINE__);
    tw_dataset_augment(d, .mix_up = 1); fails_with(cx, TW_EARG, "dataset_augment", __LINE__, ".classes = n");
    tw_dataset_augment(d, .mix_up = 1, .classes = 2); fails_with(cx, TW_EVALUE, "dataset_augment", __LINE__, "label 2 of example 2 is not within the 2");
    tw_dataset *whole = tw_dataset_tensors(tw_data(cx, TW_I32, TW_SHAPE(2), ((int32_t[]){ 1, 2 })), NULL);
    tw_dataset_augment(whole, .noise = 1); fails_with(cx, TW_EDTYPE, "dataset_augment", __LINE__, "integers");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- threads ------------------------------------------------------------------------------------ */

/* All bytes of an epoch, in a hash. */
static uint64_t epoch_of(tw_dataset *d, int epoch, int workers, int prefetch, int64_t first)
{
    uint64_t h = 0;
    TW_BATCHES(b, d, .size = 7, .shuffle = true, .epoch = epoch, .workers = workers, .prefetch = prefetch, .first = first) {
        const float *x = tw_f32(b.x);
        for (int64_t i = 0; i < tw_count(b.x); i++) {
            uint32_t bits;
            memcpy(&bits, &x[i], 4);
            h = (h ^ bits) * 0x100000001b3u;
        }
        if (b.index + 1 == first) h = 0;
    }
    return h;
}

static tw_dataset *wild(tw_ctx *cx)
{
    tw_dataset *a, *b;
    tw_dataset_split(images(cx, 100), &a, &b);
    return tw_dataset_augment(a, .shift = 1, .flip = true, .noise = 1, .mix_up = 0.5, .classes = 3);
}

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    tw_ctx *cx = tw_open(.seed = 8), *other = tw_open(.seed = 9);
    tw_dataset *d = wild(cx);
    const uint64_t want = epoch_of(d, 3, -1, 0, 0);
    for (int workers = 0; workers < 6; workers++)
        for (int prefetch = 0; prefetch < 4; prefetch++) ck_assert_uint_eq(epoch_of(d, 3, workers, prefetch, 0), want);
    ck_assert(epoch_of(d, 4, 2, 0, 0) != want);
    ck_assert(epoch_of(wild(other), 3, 2, 0, 0) != want);
    ok(cx);

    /* the second half of an epoch is what it is within the whole */
    uint64_t half = 0;
    TW_BATCHES(b, d, .size = 7, .shuffle = true, .epoch = 3, .workers = -1)
        if (b.index >= 5) {
            const float *x = tw_f32(b.x);
            for (int64_t i = 0; i < tw_count(b.x); i++) {
                uint32_t bits;
                memcpy(&bits, &x[i], 4);
                half = (half ^ bits) * 0x100000001b3u;
            }
        }
    ck_assert_uint_eq(epoch_of(d, 3, 3, 0, 5), half);
    TW_BATCHES(b, d, .size = 7, .first = 12) ck_abort();
    TW_BATCHES(b, d, .size = 7, .first = 13) { ck_abort(); } fails_with(cx, TW_EARG, "batches", __LINE__, ".first is 13 of 12 batches");
    ck_assert_int_eq(tw_close(cx), 0);
    ck_assert_int_eq(tw_close(other), 0);
}
END_TEST

START_TEST(leaving_early_leaves_no_threads)
{
    tw_ctx *cx = tw_open();
    tw_dataset *d = wild(cx);
    for (int i = 0; i < 200; i++)
        TW_BATCHES(b, d, .size = 7, .workers = 3) {
            if (b.index == i % 5) break;
        }
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static pthread_t main_thread;
static volatile int elsewhere;
static void note(int signal) { (void)signal; elsewhere += !pthread_equal(pthread_self(), main_thread); }

START_TEST(signals_are_the_program_s_and_children_work_alone)
{
    tw_ctx *cx = tw_open(.seed = 8);
    tw_dataset *d = wild(cx);
    const uint64_t want = epoch_of(d, 0, -1, 0, 0);
    main_thread = pthread_self();
    signal(SIGUSR1, note);
    uint64_t h = 0;
    pid_t child = -1;
    TW_BATCHES(b, d, .size = 7, .shuffle = true, .workers = 2) {
        kill(getpid(), SIGUSR1);
        const float *x = tw_f32(b.x);
        for (int64_t i = 0; i < tw_count(b.x); i++) {
            uint32_t bits;
            memcpy(&bits, &x[i], 4);
            h = (h ^ bits) * 0x100000001b3u;
        }
        if (b.index == 4 && child < 0) child = fork();
    }
    if (child == 0) _exit(h == want ? 0 : 1);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_uint_eq(h, want);
    ck_assert_int_eq(elsewhere, 0);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static void everything(tw_ctx *cx)
{
    tw_dataset *a, *b;
    tw_dataset_fold(images(cx, 9), 0, 3, &a, &b, .stratified = true);
    a = tw_dataset_augment(tw_dataset_take(a, 2, ((int64_t[]){ 1, 0 })), .shift = 1, .mix_up = 1, .classes = 3);
    TW_BATCHES(k, a, .size = 1, .workers = 2) tw_item(tw_sum(k.x));
}

START_TEST(every_allocation_may_fail) { every_allocation_fails_once(everything); }
END_TEST

int main(void)
{
    Suite *s = suite_create("data");
    TCase *t = tcase_create("data");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, a_split_is_a_partition, 0, 3);
    tcase_add_loop_test(t, every_example_is_held_out_once, 0, 3);
    tcase_add_test(t, examples_may_be_chosen);
    tcase_add_test(t, no_size_is_too_large);
    tcase_add_loop_test(t, windows_of_images, 0, 5);
    tcase_add_loop_test(t, noise_is_normal, 0, 2);
    tcase_add_test(t, mixed_examples_have_mixed_labels);
    tcase_add_test(t, own_functions_and_what_is_refused);
    tcase_add_test(t, any_number_of_threads_gives_the_same_bits);
    tcase_add_test(t, leaving_early_leaves_no_threads);
    tcase_add_test(t, signals_are_the_program_s_and_children_work_alone);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return rig_run(s);
}
