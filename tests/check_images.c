/* check_images.c - pictures: there and back, other sizes, hostile ones, and data sets of folders. */
#include "io/io.h"
#include "tests/folder.h"
#include "train/train.h"

#include <sys/stat.h>

#ifdef TW_HAVE_PNG

static tw_node *noise_picture(tw_ctx *cx, int h, int w, int c)
{
    static uint8_t b[4096];
    uint64_t seed = 7;
    for (int i = 0; i < h * w * c; i++) b[i] = (uint8_t)noise_bits(&seed);
    return tw_data(cx, TW_U8, TW_SHAPE(h, w, c), b);
}

START_TEST(pictures_come_back)
{
    tw_ctx *cx = tw_open();
    tw_node *n = noise_picture(cx, 5, 7, _i);
    ck_assert(tw_png_write(n, in_folder("a.png")));
    tw_node *back = tw_image_read(cx, in_folder("a.png"));
    ok(cx);
    ck_assert(tw_rank(back) == 3 && tw_dim(back, 2) == _i && same_bits(n, back));
    ck_assert_int_eq(tw_dim(tw_image_read(cx, in_folder("a.png"), .channels = 3), 2), 3);
    ck_assert_int_eq(tw_dim(tw_image_read(cx, in_folder("a.png"), .channels = 1), 2), 1);
    if (_i == 1) {          /* grey in three channels */
        const uint8_t *grey = tw_u8(back), *rgb = tw_u8(tw_image_read(cx, in_folder("a.png"), .channels = 3));
        for (int k = 0; k < 35; k++) ck_assert(rgb[3 * k] == grey[k] && rgb[3 * k + 2] == grey[k]);
    }
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(numbers_from_0_to_1_are_written)
{
    tw_ctx *cx = tw_open();
    ck_assert(tw_png_write(tw_data(cx, TW_F32, TW_SHAPE(1, 6), ((float[]){ -1, 0, 0.5f, 1, 9, (float)NAN })), in_folder("a.png")));
    ck_assert_mem_eq(tw_u8(tw_image_read(cx, in_folder("a.png"))), ((uint8_t[]){ 0, 0, 128, 255, 255, 0 }), 6);
    tw_png_write(tw_fill(cx, TW_SHAPE(3), .value = 1), in_folder("a.png")); fails_with(cx, TW_ESHAPE, "png_write", __LINE__, "[3] is no picture");
    tw_png_write(tw_fill(cx, TW_SHAPE(3, 3, 5), .value = 1), in_folder("a.png")); fails(cx, TW_ESHAPE, "png_write", __LINE__);
    tw_png_write(tw_fill(cx, TW_SHAPE(0, 3), .value = 1), in_folder("a.png")); fails(cx, TW_ESHAPE, "png_write", __LINE__);
    tw_png_write(tw_fill(cx, TW_SHAPE(3, 3), .dtype = TW_I32, .value = 1), in_folder("a.png")); fails(cx, TW_EDTYPE, "png_write", __LINE__);
    tw_png_write(tw_fill(cx, TW_SHAPE(3, 3), .value = 1), "/nonexistent/a.png"); fails(cx, TW_EIO, "png_write", __LINE__);
    tw_image_read(cx, in_folder("a.png"), .channels = 5); fails(cx, TW_EARG, "image_read", __LINE__);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static void read_png(tw_ctx *cx)  { tw_image_read(cx, in_folder("a.png")); }

START_TEST(png_under_attack)
{
    tw_ctx *cx = tw_open();
    ck_assert(tw_png_write(noise_picture(cx, 6, 5, 3), in_folder("a.png")));
    tw_close(cx);
    attack("a.png", read_png, false, 1000, 1 << 20);
    every_allocation_fails_once(read_png);
}
END_TEST

START_TEST(what_is_no_picture)
{
    static const unsigned char huge[] = {           /* 65535 by 65535, the checksums right */
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0xff, 0xff,
        0x00, 0x00, 0xff, 0xff, 0x08, 0x02, 0x00, 0x00, 0x00, 0x39, 0x67, 0x4e, 0x07, 0x00, 0x00, 0x00, 0x00, 0x49, 0x44, 0x41,
        0x54, 0x35, 0xaf, 0x06, 0x1e,
    };
    tw_ctx *cx = tw_open();
    put("a.png", "GIF89a", 6);
    tw_image_read(cx, in_folder("a.png")); fails_with(cx, TW_EIO, "image_read", __LINE__, "begins with 47 49");
    put("a.png", huge, sizeof huge);
    tw_image_read(cx, in_folder("a.png")); fails_with(cx, TW_EIO, "image_read", __LINE__, "claims to be 65535 by 65535 pixels");
    put("a.png", huge, 20);
    tw_image_read(cx, in_folder("a.png")); fails_with(cx, TW_EIO, "image_read", __LINE__, "damaged PNG");
    tw_image_read(cx, "/nonexistent"); fails(cx, TW_EIO, "image_read", __LINE__);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- folders -------------------------------------------------------------------------------------- */

static void write_grey(const char *name, int h, int w, double value)
{
    tw_ctx *cx = tw_open();
    ck_assert(tw_png_write(tw_fill(cx, TW_SHAPE(h, w), .value = value), in_folder(name)));
    tw_close(cx);
}

static void make_folders(void)
{
    static const char *const names[] = { "p", "p/zebra", "p/ant", "p/.hidden", "p/empty" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) ck_assert_int_eq(mkdir(in_folder(names[i]), 0700), 0);
    write_grey("p/zebra/1.png", 4, 6, 0.2), write_grey("p/zebra/0.PNG", 4, 6, 0.4), write_grey("p/ant/b.png", 4, 6, 0.6);
    put("p/ant/notes.txt", "no picture", 10), put("p/loose.png", "neither", 7), put("p/.hidden/a.png", "x", 1);
}

static void read_folder(tw_ctx *cx) { tw_dataset_folder(cx, in_folder("p"), .scale = 1 / 255.0, .size = { 2 }); }

START_TEST(folders_are_classes)
{
    tw_ctx *cx = tw_open();
    make_folders();
    tw_dataset *d = tw_dataset_folder(cx, in_folder("p"), .scale = 1 / 255.0);
    ok(cx);
    ck_assert_int_eq(tw_dataset_count(d), 3);
    ck_assert_int_eq(tw_dataset_classes(d), 3);
    ck_assert_str_eq(tw_dataset_class_names(d)[0], "ant");
    ck_assert_str_eq(tw_dataset_class_names(d)[1], "empty");
    ck_assert_str_eq(tw_dataset_class_names(d)[2], "zebra");
    TW_BATCHES(b, d) {
        ck_assert(tw_dim(b.x, 1) == 4 && tw_dim(b.x, 2) == 6 && tw_dim(b.x, 3) == 1);
        ck_assert_mem_eq(tw_i32(b.y), ((int32_t[]){ 0, 2, 2 }), 12);
        near((double)tw_f32(b.x)[0], 0.6, 1e-6), near((double)tw_f32(b.x)[24], 0.4, 1e-6), near((double)tw_f32(b.x)[71], 0.2, 1e-6);
    }
    write_grey("p/zebra/2.png", 5, 6, 0.2);
    tw_dataset_folder(cx, in_folder("p")); fails_with(cx, TW_ESHAPE, "dataset_folder", __LINE__, "is 5 by 6 with 1 channels, not 4 by 6 with 1");
    TW_BATCHES(b, tw_dataset_folder(cx, in_folder("p"), .size = { 3, 2 }, .channels = 3))
        ck_assert(b.count == 4 && tw_dim(b.x, 1) == 3 && tw_dim(b.x, 2) == 2 && tw_dim(b.x, 3) == 3 && tw_f32(b.x)[0] == 153);
    ok(cx);
    every_allocation_fails_once(read_folder);
    put("p/ant/broken.png", "\x89PNG\r\n\x1a\nrest", 12);
    tw_dataset_folder(cx, in_folder("p")); fails_with(cx, TW_EIO, "dataset_folder", __LINE__, "broken.png: damaged PNG");
    tw_dataset_folder(cx, in_folder("p/empty")); fails_with(cx, TW_EIO, "dataset_folder", __LINE__, "has no folders with pictures");
    tw_dataset_folder(cx, "/nonexistent"); fails(cx, TW_EIO, "dataset_folder", __LINE__);
    tw_dataset_folder(cx, NULL); fails(cx, TW_EARG, "dataset_folder", __LINE__);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* A ramp: means of what each new pixel covers. */
START_TEST(pictures_of_other_sizes)
{
    tw_ctx *cx = tw_open();
    ck_assert_int_eq(mkdir(in_folder("p"), 0700), 0);
    ck_assert_int_eq(mkdir(in_folder("p/a"), 0700), 0);
    ck_assert(tw_png_write(tw_data(cx, TW_U8, TW_SHAPE(2, 4), ((uint8_t[]){ 0, 10, 20, 30, 40, 50, 60, 70 })), in_folder("p/a/a.png")));
    TW_BATCHES(b, tw_dataset_folder(cx, in_folder("p"), .size = { 1, 2 })) ck_assert(tw_f32(b.x)[0] == 25 && tw_f32(b.x)[1] == 45);
    TW_BATCHES(b, tw_dataset_folder(cx, in_folder("p"), .size = { 2, 3 })) {
        const float want[] = { 3, 15, 28, 43, 55, 68 };         /* (0 + 10/3) / (4/3) = 2.5, ... */
        for (int i = 0; i < 6; i++) ck_assert(fabsf(tw_f32(b.x)[i] - want[i]) <= 1);
    }
    TW_BATCHES(b, tw_dataset_folder(cx, in_folder("p"), .size = { 4, 8 })) ck_assert(tw_f32(b.x)[0] == 0 && tw_f32(b.x)[31] == 70);
    ok(cx);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static void png_tests(TCase *t)
{
    tcase_add_loop_test(t, pictures_come_back, 1, 5);
    tcase_add_test(t, numbers_from_0_to_1_are_written);
    tcase_add_test(t, png_under_attack);
    tcase_add_test(t, what_is_no_picture);
    tcase_add_test(t, folders_are_classes);
    tcase_add_test(t, pictures_of_other_sizes);
}

#else

START_TEST(png_was_left_out)
{
    tw_ctx *cx = tw_open();
    put("a.png", "\x89PNG\r\n\x1a\n", 8);
    tw_image_read(cx, in_folder("a.png")); fails_with(cx, TW_EMISSING, "image_read", __LINE__, "libpng");
    tw_png_write(tw_fill(cx, TW_SHAPE(1, 1), .value = 1), in_folder("a.png")); fails_with(cx, TW_EMISSING, "png_write", __LINE__, "libpng");
    tw_close(cx);
}
END_TEST

static void png_tests(TCase *t) { tcase_add_test(t, png_was_left_out); }

#endif

#ifdef TW_HAVE_JPEG

#include <jpeglib.h>

/* A smooth picture, written by libjpeg itself. */
static void put_jpeg(const char *name, int h, int w, int channels, bool progressive)
{
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr errors;
    unsigned char *to = NULL, row[300];
    unsigned long size = 0;
    j.err = jpeg_std_error(&errors);
    jpeg_create_compress(&j);
    jpeg_mem_dest(&j, &to, &size);
    j.image_width = (unsigned)w, j.image_height = (unsigned)h, j.input_components = channels;
    j.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&j);
    jpeg_set_quality(&j, 95, TRUE);
    if (progressive) jpeg_simple_progression(&j);
    jpeg_start_compress(&j, TRUE);
    for (int y = 0; y < h; y++) {
        for (int k = 0; k < w * channels; k++) row[k] = (unsigned char)(8 * y + 4 * (k / channels) + 20 * (k % channels));
        JSAMPROW r = row;
        jpeg_write_scanlines(&j, &r, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    put(name, to, size);
    free(to);
}

static void read_jpeg(tw_ctx *cx) { tw_image_read(cx, in_folder("a.jpg")); }

START_TEST(jpeg_is_read)
{
    tw_ctx *cx = tw_open();
    const int c = _i & 1 ? 3 : 1;
    put_jpeg("a.jpg", 9, 12, c, _i & 2);
    tw_node *n = tw_image_read(cx, in_folder("a.jpg"));
    ok(cx);
    ck_assert(tw_dim(n, 0) == 9 && tw_dim(n, 1) == 12 && tw_dim(n, 2) == c);
    for (int k = 0; k < 9 * 12 * c; k++) ck_assert_int_le(abs(tw_u8(n)[k] - (8 * (k / c / 12) + 4 * (k / c % 12) + 20 * (k % c))), 12);
    ck_assert_int_eq(tw_dim(tw_image_read(cx, in_folder("a.jpg"), .channels = 4 - c), 2), 4 - c);
    tw_image_read(cx, in_folder("a.jpg"), .channels = 2); fails_with(cx, TW_EARG, "image_read", __LINE__, "not 2");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(jpeg_under_attack)
{
    put_jpeg("a.jpg", 9, 12, 3, _i);
    attack("a.jpg", read_jpeg, true, 1500, 8 << 20);
    every_allocation_fails_once(read_jpeg);
}
END_TEST

static void jpeg_tests(TCase *t)
{
    tcase_add_loop_test(t, jpeg_is_read, 0, 4);
    tcase_add_loop_test(t, jpeg_under_attack, 0, 2);
}

#else

START_TEST(jpeg_was_left_out)
{
    tw_ctx *cx = tw_open();
    put("a.jpg", "\xff\xd8\xff", 3);
    tw_image_read(cx, in_folder("a.jpg")); fails_with(cx, TW_EMISSING, "image_read", __LINE__, "libjpeg");
    tw_close(cx);
}
END_TEST

static void jpeg_tests(TCase *t) { tcase_add_test(t, jpeg_was_left_out); }

#endif

int main(void)
{
    Suite *s = suite_create("images");
    TCase *t = tcase_create("images");
    tcase_add_checked_fixture(t, folder_make, folder_drop);
    tcase_set_timeout(t, 300);
    png_tests(t);
    jpeg_tests(t);
    suite_add_tcase(s, t);
    return rig_run(s);
}
