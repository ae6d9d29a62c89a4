/* check_train.c - data sets, the loop over mini-batches, progress, accuracy, confusion. */
#define _GNU_SOURCE             /* posix_openpt */
#include "tests/folder.h"
#include "train/train.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void put_idx(const char *name, const void *header, size_t n_header, const void *bytes, size_t n)
{
    FILE *f = fopen(in_folder(name), "wb");
    ck_assert_ptr_nonnull(f);
    fwrite(header, 1, n_header, f);
    fwrite(bytes, 1, n, f);
    fclose(f);
}

/* n images of 2 x 3 whose pixels are 6 i, 6 i + 1, ...; the label of image i is i % 10. */
static void put_images(int n, int n_labels)
{
    const unsigned char h3[] = { 0, 0, 8, 3, 0, 0, 0, (unsigned char)n, 0, 0, 0, 2, 0, 0, 0, 3 };
    const unsigned char h1[] = { 0, 0, 8, 1, 0, 0, 0, (unsigned char)n_labels };
    unsigned char b[6 * 256];
    for (int i = 0; i < 6 * n; i++) b[i] = (unsigned char)i;
    put_idx("images", h3, sizeof h3, b, 6 * (size_t)n);
    for (int i = 0; i < n_labels; i++) b[i] = (unsigned char)(i % 10);
    put_idx("labels", h1, sizeof h1, b, (size_t)n_labels);
}

/* n examples: x [n, 2] = (i, 10 i) and y [n] = i, as i64. */
static tw_dataset *numbered(tw_ctx *cx, int n)
{
    double  *x = malloc(2 * (size_t)n * sizeof *x);
    int64_t *y = malloc((size_t)n * sizeof *y);
    for (int i = 0; i < n; i++) x[2 * i] = i, x[2 * i + 1] = 10 * i, y[i] = i;
    TW_SCOPE(cx);
    tw_dataset *d = tw_dataset_tensors(tw_data(cx, TW_F64, TW_SHAPE(n, 2), x), tw_data(cx, TW_I64, TW_SHAPE(n), y));
    free(x), free(y);
    return d;
}

/* ---- data sets -------------------------------------------------------------------------- */

START_TEST(images_become_scaled_batches)
{
    tw_ctx *cx = tw_open(.dtype = _i ? TW_F64 : TW_F32);
    put_images(5, 5);
    tw_dataset *d = tw_dataset_idx(cx, in_folder("images"), in_folder("labels"), .scale = 1 / 255.0);
    ok(cx);
    ck_assert_int_eq(tw_dataset_count(d), 5);
    int seen = 0;
    TW_BATCHES(b, d, .size = 2) {
        ck_assert_int_eq(tw_dtype_of(b.x), _i ? TW_F64 : TW_F32);
        ck_assert_int_eq(tw_dtype_of(b.y), TW_I32);
        ck_assert_int_eq(tw_rank(b.x), 4);
        ck_assert(tw_dim(b.x, 0) == b.count && tw_dim(b.x, 1) == 2 && tw_dim(b.x, 2) == 3 && tw_dim(b.x, 3) == 1);
        arr x = arr_of(b.x);
        const int32_t *y = tw_i32(b.y);
        for (int k = 0; k < b.count; k++, seen++) {
            ck_assert_int_eq(y[k], seen);
            for (int j = 0; j < 6; j++) {
                const double want = (6 * seen + j) * (1 / 255.0);
                ck_assert(x.v[6 * k + j] == (_i ? want : (double)(float)want));
            }
        }
    }
    ck_assert_int_eq(seen, 5);
    ok(cx);
    arrs_drop();
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(limit_takes_the_first)
{
    tw_ctx *cx = tw_open();
    put_images(9, 9);
    tw_dataset *d = tw_dataset_idx(cx, in_folder("images"), in_folder("labels"), .limit = 4);
    ck_assert_int_eq(tw_dataset_count(d), 4);
    TW_BATCHES(b, d, .size = 100) {
        ck_assert_int_eq(b.count, 4);
        ck_assert(tw_f32(b.x)[23] == 23);
        ck_assert_int_eq(tw_i32(b.y)[3], 3);
    }
    ck_assert_int_eq(tw_dataset_count(tw_dataset_idx(cx, in_folder("images"), in_folder("labels"), .limit = 100)), 9);
    tw_dataset_idx(cx, in_folder("images"), in_folder("labels"), .limit = -1); fails(cx, TW_EARG, "dataset_idx", __LINE__);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(labels_may_be_missing)
{
    tw_ctx *cx = tw_open();
    put_images(3, 3);
    tw_dataset *d = tw_dataset_idx(cx, in_folder("images"), NULL);
    TW_BATCHES(b, d) ck_assert(b.x && !b.y && b.count == 3);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(data_sets_that_cannot_be)
{
    tw_ctx *cx = tw_open(.on_error = rig_quiet);
    put_images(5, 4);
    tw_dataset *d = tw_dataset_idx(cx, in_folder("images"), in_folder("labels"));
    fails_with(cx, TW_ESHAPE, "dataset_idx", __LINE__ - 1, "5 images but 4 labels");
    ck_assert_ptr_nonnull(d);
    ck_assert_int_eq(tw_dataset_count(d), 0);
    TW_BATCHES(b, d) ck_abort();
    ck_assert_int_eq(tw_dataset_count(NULL), 0);

    tw_dataset_idx(cx, in_folder("images"), in_folder("none")); fails(cx, TW_EIO, "dataset_idx", __LINE__);
    tw_dataset_idx(cx, NULL, in_folder("labels")); fails(cx, TW_EARG, "dataset_idx", __LINE__);
    const unsigned char floats[] = { 0, 0, 13, 1, 0, 0, 0, 5 };
    put_idx("labels", floats, sizeof floats, "aaaabbbbccccddddeeee", 20);
    tw_dataset_idx(cx, in_folder("images"), in_folder("labels")); fails_with(cx, TW_EDTYPE, "dataset_idx", __LINE__, "f32");

    tw_node *three = tw_fill_at(TW_HERE, cx, TW_SHAPE(3), &(tw_fill_args){ 0 }), *two = tw_fill_at(TW_HERE, cx, TW_SHAPE(2), &(tw_fill_args){ 0 });
    tw_dataset_tensors(three, two); fails_with(cx, TW_ESHAPE, "dataset_tensors", __LINE__, "3 examples in x but 2 in y");
    tw_dataset_tensors(tw_scalar(cx, 1), NULL); fails(cx, TW_ESHAPE, "dataset_tensors", __LINE__);
    tw_dataset_tensors(NULL, two); fails(cx, TW_EARG, "dataset_tensors", __LINE__);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(tensors_are_evaluated_and_copied)
{
    tw_ctx *cx = tw_open();
    tw_dataset *d = numbered(cx, 7);       /* whose scope is left by now */
    ok(cx);
    TW_BATCHES(b, d, .size = 3)
        for (int k = 0; k < b.count; k++) {
            ck_assert(tw_i64(b.y)[k] == 3 * b.index + k);
            ck_assert(tw_f64(b.x)[2 * k + 1] == (double)(10 * (3 * b.index + k)));
            ck_assert(b.examples[k] == 3 * b.index + k);
        }
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- the loop --------------------------------------------------------------------------- */

enum { N = 103 };

static void order_of(uint64_t seed, int epoch, int64_t *order)
{
    tw_ctx *cx = tw_open(.seed = seed);
    tw_dataset *d = numbered(cx, N);
    int n = 0;
    TW_BATCHES(b, d, .size = 10, .shuffle = true, .epoch = epoch)
        for (int k = 0; k < b.count; k++) {
            ck_assert(b.examples[k] == tw_i64(b.y)[k]);
            order[n++] = tw_i64(b.y)[k];
        }
    ok(cx);
    ck_assert_int_eq(n, N);
    tw_close(cx);
}

START_TEST(shuffling_depends_on_seed_and_epoch_only)
{
    int64_t a[N], b[N];
    order_of(7, 3, a), order_of(7, 3, b);
    ck_assert_mem_eq(a, b, sizeof a);
    order_of(7, 4, b);
    ck_assert_mem_ne(a, b, sizeof a);
    order_of(8, 3, b);
    ck_assert_mem_ne(a, b, sizeof a);

    bool seen[N] = { false };
    int  fixed = 0;
    for (int i = 0; i < N; i++) {
        ck_assert(!seen[a[i]]);
        seen[a[i]] = true, fixed += a[i] == i;
    }
    ck_assert_int_lt(fixed, 10);
}
END_TEST

START_TEST(every_place_is_equally_likely)
{
    enum { ROUNDS = 3000, M = 5 };
    int count[M][M] = { { 0 } };
    tw_ctx *cx = tw_open(.seed = 1);
    tw_dataset *d = numbered(cx, M);
    for (int e = 0; e < ROUNDS; e++)
        TW_BATCHES(b, d, .size = M, .shuffle = true, .epoch = e)
            for (int k = 0; k < M; k++) count[k][b.examples[k]]++;
    for (int i = 0; i < M; i++)
        for (int j = 0; j < M; j++) ck_assert_int_lt(abs(count[i][j] - ROUNDS / M), 5 * 22);    /* sd 22 */
    tw_close(cx);
}
END_TEST

START_TEST(sizes_of_batches)
{
    tw_ctx *cx = tw_open();
    tw_dataset *d = numbered(cx, 10);
    int batches = 0, examples = 0;
    TW_BATCHES(b, d, .size = 4) {
        ck_assert_int_eq(b.of, 3);
        ck_assert_int_eq(b.index, batches++);
        ck_assert_int_eq(tw_dim(b.x, 0), b.count);
        examples += (int)b.count;
    }
    ck_assert(batches == 3 && examples == 10);
    TW_BATCHES(b, d, .size = 4, .drop_last = true) ck_assert(++batches && b.count == 4);
    ck_assert_int_eq(batches, 5);
    TW_BATCHES(b, d, .size = 1000) ck_assert(++batches && b.count == 10);
    ck_assert_int_eq(batches, 6);
    TW_BATCHES(b, d, .size = 1000, .drop_last = true) batches++;
    ck_assert_int_eq(batches, 6);
    TW_BATCHES(b, d) ck_assert(++batches && b.count == 10 && b.of == 1);     /* 32 would fit */
    ck_assert_int_eq(batches, 7);
    TW_BATCHES(b, d, .size = -1) ck_abort();
    fails(cx, TW_EARG, "batches", __LINE__ - 1);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static int depth_of(tw_ctx *cx)
{
    tw_scope s = tw_scope_enter(cx);
    const int depth = s.depth;
    tw_scope_leave(&s);
    return depth;
}

static int64_t returns_from_within(tw_dataset *d)
{
    TW_BATCHES(b, d, .size = 1) if (b.index == 2) return tw_i64(b.y)[0];
    return -1;
}

static int closes_from_within(tw_ctx *cx, tw_dataset *d)
{
    TW_BATCHES(b, d, .size = 1) if (b.index == 2) return tw_close(cx);
    return -1;
}

START_TEST(break_continue_and_return_leave_the_scope)
{
    heap h = { .left = -1 };
    tw_ctx *cx = tw_open(.resize = heap_resize, .resize_user = &h);
    tw_dataset *d = numbered(cx, 10);
    const int depth = depth_of(cx);
    int odd = 0;
    TW_BATCHES(b, d, .size = 1) {
        ck_assert_int_eq(depth_of(cx), depth + 1);
        if (b.index % 2 == 0) continue;
        odd++;
        if (b.index == 7) break;
    }
    ck_assert_int_eq(odd, 4);
    ck_assert_int_eq(depth_of(cx), depth);
    ck_assert_int_eq(returns_from_within(d), 2);
    ck_assert_int_eq(depth_of(cx), depth);
    TW_BATCHES(a, d, .size = 5)
        TW_BATCHES(b, d, .size = 5) ck_assert_int_eq(depth_of(cx), depth + 2);
    ck_assert_int_eq(depth_of(cx), depth);
    ok(cx);
    ck_assert_int_eq(closes_from_within(cx, d), 0);
    ck_assert_int_eq(h.blocks, 0);
}
END_TEST

START_TEST(kept_values_and_assignments_outlive_their_batch)
{
    tw_ctx *cx = tw_open(.dtype = TW_F64);
    tw_dataset *d = numbered(cx, 6);
    tw_node *sum = tw_state(cx, tw_scalar(cx, 0)), *last = NULL;
    TW_BATCHES(b, d, .size = 2) {
        tw_assign(sum, tw_add(sum, tw_sum(b.x)));       /* runs when the scope is left */
        last = tw_keep(tw_sum(b.x));
        if (b.index == 1) break;
    }
    item_is(sum, 11 * (0 + 1 + 2 + 3));
    item_is(last, 11 * (2 + 3));
    ok(cx);
    tw_close(cx);
}
END_TEST

START_TEST(the_loop_ends_in_error)
{
    tw_ctx *cx = tw_open(.on_error = rig_quiet);
    tw_dataset *d = numbered(cx, 10);
    int rounds = 0;
    TW_BATCHES(b, d, .size = 1) {
        rounds++;
        if (b.index == 1) tw_fail(cx, TW_EUSER, "test", TW_HERE, "enough");
        tw_progress(&b, "not shown");
    }
    ck_assert_int_eq(rounds, 2);
    TW_BATCHES(b, d, .size = 1) rounds++;
    ck_assert_int_eq(rounds, 2);

    tw_error e;
    ck_assert(tw_error_take(cx, &e));
    TW_BATCHES(b, d, .size = 1) rounds++;
    ck_assert_int_eq(rounds, 12);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    put_images(5, 5);
    for (long left = 0; ; left++) {
        heap h = { .left = left };
        tw_ctx *cx = tw_open(.resize = heap_resize, .resize_user = &h, .on_error = rig_quiet);
        tw_dataset *d = tw_dataset_idx(cx, in_folder("images"), in_folder("labels"));
        int64_t counts[9] = { 0 }, seen = 0;
        TW_BATCHES(b, d, .size = 2, .shuffle = true) {
            tw_node *logits = tw_reshape(tw_slice(b.x, .size = { 0, 1 }), TW_SHAPE(b.count, 3));
            tw_node *zeros  = tw_zeros(cx, TW_SHAPE(b.count), .dtype = TW_I32);
            if (tw_confusion(logits, zeros, counts) && isfinite(tw_item(tw_accuracy(logits, zeros)))) seen += b.count;
        }
        const bool done = tw_ok(cx);
        if (done) ck_assert_int_eq(seen, 5);
        else ck_assert_int_eq(tw_error_get(cx)->code, TW_ENOMEM);
        tw_close(cx);
        ck_assert_int_eq(h.blocks, 0);
        ck_assert_int_eq(h.live, 0);
        if (done) break;
        ck_assert_int_lt(left, 10000);
    }
}
END_TEST

/* ---- measures --------------------------------------------------------------------------- */

static const float  logits_of[] = { 0, 1, 2,   5, 4, 3,   1, 9, 1,   7, 7, 0 };    /* 2, 0, 1, 0: the first maximum */

START_TEST(accuracy_is_the_share_of_hits)
{
    tw_ctx *cx = tw_open(.dtype = _i ? TW_F64 : TW_F32);
    tw_node *logits = tw_data(cx, TW_F32, TW_SHAPE(4, 3), logits_of);
    item_is(tw_accuracy(logits, tw_data(cx, TW_I32, TW_SHAPE(4), ((int32_t[]){ 2, 0, 0, 0 }))), 0.75);
    item_is(tw_accuracy(logits, tw_data(cx, TW_I64, TW_SHAPE(4), ((int64_t[]){ 2, 1, 0, 1 }))), 0.25);
    item_is(tw_accuracy(logits, tw_data(cx, TW_U8, TW_SHAPE(4), ((uint8_t[]){ 2, 0, 1, 0 }))), 1);
    item_is(tw_accuracy(logits, logits), 1);
    ck_assert_int_eq(tw_dtype_of(tw_accuracy(logits, logits)), _i ? TW_F64 : TW_F32);
    ok(cx);

    tw_node *column = tw_zeros(cx, TW_SHAPE(4, 1), .dtype = TW_I32);
    tw_accuracy(logits, column); fails_with(cx, TW_ESHAPE, "accuracy", __LINE__, "labels [4, 1] do not fit logits [4, 3]");
    tw_accuracy(logits, tw_zeros(cx, TW_SHAPE(3), .dtype = TW_I32)); fails(cx, TW_ESHAPE, "accuracy", __LINE__);
    tw_accuracy(logits, NULL); fails(cx, TW_EARG, "accuracy", __LINE__);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(confusion_counts)
{
    tw_ctx *cx = tw_open();
    tw_node *logits = tw_data(cx, TW_F32, TW_SHAPE(4, 3), logits_of);
    tw_node *labels = tw_data(cx, TW_I32, TW_SHAPE(4), ((int32_t[]){ 2, 0, 0, 0 }));
    int64_t c[3][3] = { { 0 } };
    ck_assert(tw_confusion(logits, labels, c[0]));
    ck_assert(tw_confusion(logits, labels, c[0]));
    ck_assert(c[0][0] == 4 && c[0][1] == 2 && c[2][2] == 2 && c[0][2] == 0 && c[1][1] == 0);
    ck_assert(tw_confusion_accuracy(3, c[0]) == 0.75);
    ck_assert(isnan(tw_confusion_accuracy(1, c[1])));

    tw_node *beyond = tw_data(cx, TW_I32, TW_SHAPE(4), ((int32_t[]){ 0, 1, 3, 0 }));
    ck_assert(!tw_confusion(logits, beyond, c[0])); fails_with(cx, TW_EVALUE, "confusion", __LINE__, "label 3 of element 2");
    ck_assert(c[0][0] == 4);

    char  *text;
    size_t size;
    FILE  *f = open_memstream(&text, &size);
    c[0][2] = 10;
    tw_confusion_print(f, 3, c[0], (const char *const[]){ "shirt", "b", "trousers" });
    fclose(f);
    ck_assert_str_eq(text, "     label  0  1  2  found\n"
                           "   shirt 0  4  2 10  0.250\n"
                           "       b 1  0  0  0      -\n"
                           "trousers 2  0  0  2  1.000\n");
    free(text);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- what people see -------------------------------------------------------------------- */

static void run_with_progress(const char *why)
{
    tw_ctx *cx = tw_open();
    tw_dataset *d = numbered(cx, 10);
    for (int epoch = 0; epoch < 2; epoch++)
        TW_BATCHES(b, d, .size = 2, .epoch = epoch, .epochs = 2) tw_progress(&b, "loss %.2f%s", 0.25, why);
    tw_close(cx);
}

/* What run_with_progress writes to stderr when that is fd, as read back by get. */
static void with_stderr(int fd, const char *why)
{
    fflush(stderr);
    const int old = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    run_with_progress(why);
    fflush(stderr);
    dup2(old, STDERR_FILENO);
    close(old);
}

START_TEST(progress_in_a_file_is_a_line_an_epoch)
{
    const int fd = open(in_folder("err"), O_RDWR | O_CREAT, 0600);
    with_stderr(fd, "");
    char text[512];
    const ssize_t n = pread(fd, text, sizeof text - 1, 0);
    ck_assert_int_gt(n, 0);
    text[n] = 0;
    ck_assert_ptr_eq(strstr(text, "epoch 1/2, 5/5: loss 0.25, "), text);
    const char *second = strchr(text, '\n');
    ck_assert_ptr_eq(strstr(second, "\nepoch 2/2, 5/5: loss 0.25, "), second);
    ck_assert_ptr_nonnull(strstr(text, " examples/s, 0 s\n"));
    ck_assert_ptr_null(strchr(text, '\r'));
    ck_assert_ptr_null(strchr(second + 1, '\n')[1] ? text : NULL);
    close(fd);
}
END_TEST

START_TEST(progress_on_a_terminal_is_one_line)
{
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) || unlockpt(master)) return;         /* no terminals here */
    const int fd = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (fd < 0) return;
    const struct winsize size = { .ws_row = 24, .ws_col = 60 };
    ioctl(fd, TIOCSWINSZ, &size);
    with_stderr(fd, ", a text that goes beyond the right edge of a small window, whatever else there may be");
    char text[1024];
    const ssize_t n = read(master, text, sizeof text - 1);
    ck_assert_int_gt(n, 0);
    text[n] = 0;
    ck_assert_ptr_eq(strstr(text, "\repoch 1/2, 5/5: loss 0.25, "), text);
    ck_assert_int_eq(strcspn(text, "\033"), 60);       /* \r and 59 columns */
    close(fd), close(master);
}
END_TEST

START_TEST(graphs_are_rendered_without_a_shell)
{
    FILE *f = fopen(in_folder("-g.dot"), "w");
    fprintf(f, "digraph { a -> b }\n");
    fclose(f);
    const bool there = !system("dot -V 2>/dev/null");
    ck_assert(tw_dot_render(in_folder("-g.dot"), in_folder("g g.svg")) == there);
    ck_assert(!there || !access(in_folder("g g.svg"), R_OK));
    if (there) {
        ck_assert_int_eq(chdir(folder), 0);
        ck_assert(tw_dot_render("-g.dot", "g g.svg"));
        ck_assert_int_eq(chdir("/"), 0);
    }
    ck_assert(!tw_dot_render(in_folder("-g.dot"), "no_ending"));
    ck_assert(!tw_dot_render(NULL, "a.svg"));
}
END_TEST

static void add_progress_tests(TCase *t)
{
    tcase_add_test(t, progress_in_a_file_is_a_line_an_epoch);
    tcase_add_test(t, progress_on_a_terminal_is_one_line);
    tcase_add_test(t, graphs_are_rendered_without_a_shell);
}

int main(void)
{
    Suite *s = suite_create("train");
    TCase *t = tcase_create("train");
    tcase_add_checked_fixture(t, folder_make, folder_drop);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, images_become_scaled_batches, 0, 2);
    tcase_add_test(t, limit_takes_the_first);
    tcase_add_test(t, labels_may_be_missing);
    tcase_add_test(t, data_sets_that_cannot_be);
    tcase_add_test(t, tensors_are_evaluated_and_copied);
    tcase_add_test(t, shuffling_depends_on_seed_and_epoch_only);
    tcase_add_test(t, every_place_is_equally_likely);
    tcase_add_test(t, sizes_of_batches);
    tcase_add_test(t, break_continue_and_return_leave_the_scope);
    tcase_add_test(t, kept_values_and_assignments_outlive_their_batch);
    tcase_add_test(t, the_loop_ends_in_error);
    tcase_add_test(t, every_allocation_may_fail);
    tcase_add_loop_test(t, accuracy_is_the_share_of_hits, 0, 2);
    tcase_add_test(t, confusion_counts);
    add_progress_tests(t);
    suite_add_tcase(s, t);
    return rig_run(s);
}
