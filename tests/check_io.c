/* check_io.c - IDX files: good ones read exactly, every bad one is an error that says what is wrong.
 *
 * Files are made here, byte by byte. Damage (tests/folder.h, and every byte of a gzip file changed) may
 * neither crash nor leak, nor take memory that the file has no data for.
 */
#include "io/io.h"
#include "tests/folder.h"

#ifdef TW_HAVE_ZLIB
#include <zlib.h>
#endif

#define PATH in_folder("a.idx")
#define PUT(bytes, n) put("a.idx", bytes, n)

static void read_file(tw_ctx *cx)
{
    tw_node *n = tw_idx_read(cx, PATH);
    if (tw_ok(cx)) ck_assert_int_ge(tw_count(n), 1);
    else ck_assert(tw_is_nil(n));
}

enum { MOST = 8 << 20 };        /* bytes, for files of a few hundred */
static bool survives(void) { return with_heap(read_file, -1, TW_EIO, MOST); }

/* Two rows of three, as each type: big-endian. */
static const unsigned char u8_file[] = { 0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 253, 254, 255 };
static const unsigned char i32_file[] = { 0, 0, 12, 1, 0, 0, 0, 3, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe, 0x7f, 0xff, 0xff, 0xff };
static const unsigned char f32_file[] = { 0, 0, 13, 1, 0, 0, 0, 2, 0x3f, 0xc0, 0, 0, 0xc0, 0x49, 0x0f, 0xdb };
static const unsigned char f64_file[] = { 0, 0, 14, 1, 0, 0, 0, 1, 0x40, 9, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18 };

START_TEST(every_type_is_read_exactly)
{
    tw_ctx *cx = tw_open();

    PUT(u8_file, sizeof u8_file);
    tw_node *a = tw_idx_read(cx, PATH);
    ok(cx);
    ck_assert_int_eq(tw_dtype_of(a), TW_U8);
    ck_assert_int_eq(tw_rank(a), 2);
    ck_assert_int_eq(tw_dim(a, 0), 2);
    ck_assert_int_eq(tw_dim(a, 1), 3);
    ck_assert_mem_eq(tw_u8(a), u8_file + 12, 6);

    PUT(i32_file, sizeof i32_file);
    const int32_t *i = tw_i32(tw_idx_read(cx, PATH));
    ok(cx);
    ck_assert(i[0] == 1 && i[1] == -2 && i[2] == INT32_MAX);

    PUT(f32_file, sizeof f32_file);
    const float *f = tw_f32(tw_idx_read(cx, PATH));
    ok(cx);
    ck_assert(f[0] == 1.5f && f[1] == -3.14159274f);

    PUT(f64_file, sizeof f64_file);
    const double *d = tw_f64(tw_idx_read(cx, PATH));
    ok(cx);
    ck_assert(d[0] == 3.141592653589793);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static const struct bad { const char *bytes; size_t n; const char *words; } bad[] = {
    { "", 0, "is empty" },
    { "\0\0\x08", 3, "ends after 3 bytes" },
    { "\x89PNG\r\n", 6, "begins with 89 50" },
    { "\0\0\x07\x01\0\0\0\x01" "a", 9, "unknown type of elements 0x07" },
    { "\0\0\x09\x01\0\0\0\x01" "a", 9, "8 bits with a sign" },
    { "\0\0\x0b\x01\0\0\0\x01" "ab", 10, "16 bits" },
    { "\0\0\x08\0a", 5, "0 dimensions" },
    { "\0\0\x08\x09", 4, "9 dimensions" },
    { "\0\0\x08\xff", 4, "255 dimensions" },
    { "\0\0\x08\x02\0\0\0\x01\0\0", 10, "ends after 10 bytes, within the header of 12" },
    { "\0\0\x08\x01\0\0\0\0", 8, "dimension 0 of 1 is 0" },
    { "\0\0\x08\x02\0\0\0\x02\0\0\0\x03" "abcde", 17, "ends after 5 of the 6 bytes of its u8 [2, 3]" },
    { "\0\0\x08\x02\0\0\0\x02\0\0\0\x03" "abcdefg", 19, "goes on after the 6 bytes of its u8 [2, 3]" },
    { "\0\0\x0d\x01\0\0\0\x02" "abcdefg", 15, "ends after 7 of the 8 bytes of its f32 [2]" },
    { "\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff" "abc", 15, "[4294967295, 4294967295], which no memory holds" },
    { "\0\0\x0e\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16, "which no memory holds" },
    { "\0\0\x08\x02\xff\xff\xff\xff\0\0\xff\xff" "abc", 15, "ends after 3 of the 281470681677825 bytes" },
#ifdef TW_HAVE_ZLIB
    { "\x1f\x8b", 2, "ends within its gzip data" },
    { "\x1f\x8b garbage, not a header", 24, "damaged gzip data" },
#endif
};

START_TEST(bad_files_are_errors)
{
    tw_ctx *cx = tw_open(.on_error = rig_quiet);
    PUT(bad[_i].bytes, bad[_i].n);
    tw_node *n = tw_idx_read(cx, PATH); const int line = __LINE__;
    ck_assert(tw_is_nil(n));
    ck_assert_ptr_nonnull(strstr(tw_error_get(cx)->text, PATH));
    fails_with(cx, TW_EIO, "idx_read", line, bad[_i].words);
    tw_close(cx);
    ck_assert(!with_heap(read_file, -1, TW_EIO, 4 << 20));
}
END_TEST

START_TEST(what_is_no_file_is_an_error)
{
    tw_ctx *cx = tw_open();
    tw_idx_read(cx, "/nonexistent/images.idx"); fails_with(cx, TW_EIO, "idx_read", __LINE__, "/nonexistent/images.idx: cannot be opened: ");
    tw_idx_read(cx, folder); fails_with(cx, TW_EIO, "idx_read", __LINE__, "cannot be read: ");
    tw_idx_read(cx, NULL); fails(cx, TW_EARG, "idx_read", __LINE__);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(a_long_path_leaves_room_for_the_reason)
{
    tw_ctx *cx = tw_open();
    char longer[300];
    memset(longer, 'x', sizeof longer);
    memcpy(longer, "/nonexistent/", 13);
    strcpy(longer + 250, "/end.idx");
    tw_idx_read(cx, longer); fails_with(cx, TW_EIO, "idx_read", __LINE__, "/end.idx: cannot be opened: ");
    tw_close(cx);
}
END_TEST

START_TEST(damage_is_survived)
{
    PUT(u8_file, sizeof u8_file);
    attack("a.idx", read_file, true, 3000, MOST);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    PUT(u8_file, sizeof u8_file);
    every_allocation_fails_once(read_file);
}
END_TEST

#ifdef TW_HAVE_ZLIB

static size_t gzip(const void *from, size_t n, unsigned char *to, size_t room)
{
    z_stream z = { .avail_in = (uInt)n, .next_out = to, .avail_out = (uInt)room };
    unsigned char *copy = malloc(n);
    memcpy(copy, from, n);
    z.next_in = copy;
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    free(copy);
    return room - z.avail_out;
}

START_TEST(gzip_reads_the_same)
{
    unsigned char z[256];
    const size_t n = gzip(u8_file, sizeof u8_file, z, sizeof z);
    PUT(z, n);
    tw_ctx *cx = tw_open();
    const uint8_t *v = tw_u8(tw_idx_read(cx, PATH));
    ok(cx);
    ck_assert_mem_eq(v, u8_file + 12, 6);
    tw_close(cx);
    every_allocation_fails_once(read_file);
}
END_TEST

START_TEST(gzip_may_have_members)
{
    unsigned char z[256];
    size_t n = gzip(u8_file, 5, z, sizeof z);
    n += gzip(u8_file + 5, sizeof u8_file - 5, z + n, sizeof z - n);
    PUT(z, n);
    tw_ctx *cx = tw_open();
    const uint8_t *v = tw_u8(tw_idx_read(cx, PATH));
    ok(cx);
    ck_assert_mem_eq(v, u8_file + 12, 6);

    z[n] = 'x';
    PUT(z, n + 1);
    tw_idx_read(cx, PATH); fails_with(cx, TW_EIO, "idx_read", __LINE__, "gzip data");
    tw_close(cx);
}
END_TEST

START_TEST(gzip_damage_is_an_error_or_harmless)
{
    unsigned char z[256];
    const size_t n = gzip(u8_file, sizeof u8_file, z, sizeof z);
    for (size_t cut = 0; cut < n; cut++) {
        PUT(z, cut);
        ck_assert(!survives());
    }
    for (size_t i = 10; i < n; i++) {       /* after the header, whose date and system matter to nobody */
        z[i] ^= 0x55;
        PUT(z, n);
        ck_assert(!survives());
        z[i] ^= 0x55;
    }
}
END_TEST

START_TEST(gzip_bomb_costs_nothing)
{
    const size_t n = 64u << 20, room = 1u << 20;
    unsigned char *zeros = calloc(1, n), *z = malloc(room);
    memcpy(zeros, "\0\0\x08\x01\0\0\0\x04", 8);
    PUT(z, gzip(zeros, n, z, room));
    ck_assert(!survives());               /* which looks at the peak */
    free(zeros), free(z);
}
END_TEST

static void gzip_tests(TCase *t)
{
    tcase_add_test(t, gzip_reads_the_same);
    tcase_add_test(t, gzip_may_have_members);
    tcase_add_test(t, gzip_damage_is_an_error_or_harmless);
    tcase_add_test(t, gzip_bomb_costs_nothing);
}

#else

START_TEST(gzip_without_zlib_is_an_error)
{
    PUT("\x1f\x8b\x08", 3);
    tw_ctx *cx = tw_open();
    tw_idx_read(cx, PATH); fails_with(cx, TW_EMISSING, "idx_read", __LINE__, "no zlib");
    tw_close(cx);
}
END_TEST

static void gzip_tests(TCase *t) { tcase_add_test(t, gzip_without_zlib_is_an_error); }

#endif

int main(void)
{
    Suite *s = suite_create("io");
    TCase *t = tcase_create("idx");
    tcase_add_checked_fixture(t, folder_make, folder_drop);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, every_type_is_read_exactly);
    tcase_add_loop_test(t, bad_files_are_errors, 0, sizeof bad / sizeof *bad);
    tcase_add_test(t, what_is_no_file_is_an_error);
    tcase_add_test(t, a_long_path_leaves_room_for_the_reason);
    tcase_add_test(t, damage_is_survived);
    tcase_add_test(t, every_allocation_may_fail);
    gzip_tests(t);
    suite_add_tcase(s, t);
    return rig_run(s);
}
