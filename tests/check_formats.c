/* check_formats.c - npy, npz, safetensors and the weights of networks: round trips, the files of others, hostile files.
 *
 * Damage is tried systematically (cut at every length) and at random; TW_FUZZ=rounds tries harder.
 * Nothing of it may crash, leak, or take memory that the file has no data for.
 */
#include "io/io.h"
#include "tests/folder.h"

#include <sys/stat.h>

static void read_npy(tw_ctx *cx) { tw_npy_read(cx, in_folder("a.npy")); }

static const char *archive;         /* that is under attack */

static void read_archive(tw_ctx *cx)
{
    tw_archive *a = tw_archive_read(cx, in_folder(archive));
    for (int i = 0; i < tw_archive_count(a); i++) tw_archive_get(a, tw_archive_name(a, i));
}

enum { MOST = 12 << 20 };           /* bytes that a small file may cost: a block of the reader's is one of them */

/* ---- npy -------------------------------------------------------------------------------- */

static const struct { tw_dtype dtype; tw_shape shape; } kinds[] = {
    { TW_F32, { 2, { 2, 3 } } }, { TW_F64, { 0, { 0 } } }, { TW_I32, { 1, { 5 } } },     { TW_I64, { 3, { 2, 0, 3 } } },
    { TW_U8,  { 1, { 7 } } },    { TW_BOOL, { 1, { 4 } } }, { TW_F32, { 8, { 1, 2, 1, 2, 1, 2, 1, 2 } } },
};

static tw_node *some(tw_ctx *cx, int k)
{
    static const unsigned char bytes[64] = { 1, 0, 1, 1, 0, 0, 0xc0, 0x3f, 5, 6, 7, 8, 9, 10, 11, 12, 13 };
    static const bool bools[] = { true, false, true, true };
    return tw_data(cx, kinds[k].dtype, kinds[k].shape, kinds[k].dtype == TW_BOOL ? (const void *)bools : bytes);
}

START_TEST(npy_comes_back_as_it_went)
{
    tw_ctx *cx = tw_open();
    tw_node *n = some(cx, _i);
    ck_assert(tw_npy_write(n, in_folder("a.npy")));
    tw_node *back = tw_npy_read(cx, in_folder("a.npy"));
    ok(cx);
    ck_assert_int_eq(tw_rank(back), kinds[_i].shape.n);
    ck_assert(tw_dtype_of(back) == kinds[_i].dtype && same_bits(n, back));
    struct stat s;
    ck_assert(stat(in_folder("a.npy"), &s) == 0 && (s.st_size - tw_count(n) * (int64_t)tw_dtype_size(kinds[_i].dtype)) % 64 == 0);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* A file of version 1 with that header and elements. */
static void put_npy(const char *header, const void *elements, size_t n)
{
    char b[512] = "\x93NUMPY\x01\0";
    const size_t h = strlen(header);
    b[8] = (char)h, b[9] = (char)(h >> 8);
    memcpy(b + 10, header, h);
    if (n) memcpy(b + 10 + h, elements, n);
    put("a.npy", b, 10 + h + n);
}

START_TEST(npy_of_other_kinds)
{
    tw_ctx *cx = tw_open();
    put_npy("{'shape': (2, 3), 'fortran_order': True, 'descr': '>i2'}\n", "\0\1\0\4\0\2\xff\xff\0\3\0\6", 12);
    tw_node *n = tw_npy_read(cx, in_folder("a.npy"));
    ok(cx);
    ck_assert(tw_dim(n, 0) == 2 && tw_dim(n, 1) == 3);
    ck_assert_mem_eq(tw_i32(n), ((int32_t[]){ 1, 2, 3, 4, -1, 6 }), 24);

    put_npy("{\"descr\": \"<f2\", \"fortran_order\": False, \"shape\": (6L,), }\n", "\0\x3e\0\xc0\1\0\xff\x7b\0\x7c\0\xfc", 12);
    ck_assert_mem_eq(tw_f32(tw_npy_read(cx, in_folder("a.npy"))), ((float[]){ 1.5f, -2, 0x1p-24f, 65504, (float)INF, -(float)INF }), 24);
    put_npy("{'descr': '<f2', 'fortran_order': False, 'shape': (3,)}", "\1\x7e\0\x80\xff\x83", 6);
    const float *f = tw_f32(tw_npy_read(cx, in_folder("a.npy")));
    ck_assert(isnan(f[0]) && f[1] == 0 && signbit(f[1]) && f[2] == -1023 * 0x1p-24f);

    put_npy("{'descr': '|i1', 'fortran_order': False, 'shape': (2,)}", "\x80\x7f", 2);
    ck_assert_mem_eq(tw_i32(tw_npy_read(cx, in_folder("a.npy"))), ((int32_t[]){ -128, 127 }), 8);
    put_npy("{'descr': '<u2', 'fortran_order': False, 'shape': (2,)}", "\xff\xff\1\0", 4);
    ck_assert_mem_eq(tw_i32(tw_npy_read(cx, in_folder("a.npy"))), ((int32_t[]){ 65535, 1 }), 8);
    put_npy("{'descr': '>u4', 'fortran_order': False, 'shape': (1,)}", "\xff\xff\xff\xfe", 4);
    ck_assert_int_eq(tw_i64(tw_npy_read(cx, in_folder("a.npy")))[0], 0xfffffffe);
    put_npy("{'descr': '<u8', 'fortran_order': False, 'shape': ()}", "\1\0\0\0\0\0\0\0", 8);
    ck_assert_int_eq(tw_i64(tw_npy_read(cx, in_folder("a.npy")))[0], 1);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

#define H(descr, shape) "{'descr': " descr ", 'fortran_order': False, 'shape': " shape "}"
static const struct { const char *header; size_t n; const char *words; } bad_npy[] = {
    { H("'<f4'", "(2,)"), 7, "ends after 7 of the 8 bytes of its f32 [2]" },
    { H("'<f4'", "(2,)"), 9, "goes on after the 8 bytes" },
    { H("'<i2'", "(3,)"), 5, "ends after 5 of the 6 bytes of its i32 [3]" },
    { H("'<c8'", "(2,)"), 8, "'<c8', for which there is no dtype" },
    { H("'O'", "(2,)"), 8, "'O', for which" },
    { H("'|O8'", "(2,)"), 8, "for which" },
    { H("''", "(2,)"), 8, "for which" },
    { H("'<f8888888888888888888'", "(2,)"), 8, "no short quoted word" },
    { H("[('a', '<f4')]", "(2,)"), 8, "holds records" },
    { H("'<f4'", "(1,1,1,1,1,1,1,1,1)"), 4, "more than 8 dimensions" },
    { H("'<f4'", "(-1,)"), 4, "no number at \"-1" },
    { H("'<f4'", "(99999999999999999999,)"), 4, "beyond 2^63" },
    { H("'<f4'", "(4294967296, 4294967296)"), 4, "which no memory holds" },
    { H("'<f4'", "(9223372036854775807,)"), 4, "which no memory holds" },
    { H("'<f4'", "(1000000000000,)"), 4, "ends after 4 of the 4000000000000 bytes" },
    { H("'<f4'", "(0, 9223372036854775807, 9223372036854775807)"), 0, "which no memory holds" },
    { H("'<f4'", "(2"), 8, "no ')' at \"}" },
    { H("'<f4'", "2"), 8, "no '(' at \"2" },
    { H("'<f4'", "(2,)") "x", 8, "no end at \"x" },
    { H("'<f4'", "(2,), 'shape': (2,)"), 8, "says shape twice" },
    { H("'<f4'", "(2,), 'more': 1"), 8, "unknown key 'more'" },
    { "{'descr': '<f4', 'shape': (1,)}", 4, "lacks fortran_order" },
    { "{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}", 4, "no True or False" },
    { "", 4, "no '{' at" }, { "{", 4, "no quoted word at" }, { "{'descr'", 4, "no ':'" }, { "{'descr': '", 4, "quoted word" },
    { H("'|b1'", "(2,)"), 2, "element 1 of its booleans is 2" },
    { H("'<u8'", "(1,)"), 8, "element 0 is 9295717724481323521, which no i64 holds" },
};

START_TEST(bad_npy_files_are_errors)
{
    tw_ctx *cx = tw_open();
    put_npy(bad_npy[_i].header, "\1\2\3\4\5\6\1\x81\0", bad_npy[_i].n);
    tw_npy_read(cx, in_folder("a.npy")); fails_with(cx, TW_EIO, "npy_read", __LINE__, bad_npy[_i].words);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(what_is_no_npy_file)
{
    tw_ctx *cx = tw_open();
    put("a.npy", "\x89PNG\r\n\x1a\n\0\0", 10);
    tw_npy_read(cx, in_folder("a.npy")); fails_with(cx, TW_EIO, "npy_read", __LINE__, "begins with 89 50");
    put("a.npy", "\x93NUMPY\x04\0\0\0", 10);
    tw_npy_read(cx, in_folder("a.npy")); fails_with(cx, TW_EIO, "npy_read", __LINE__, "version 4.0");
    put("a.npy", "\x93NUMPY\x02\0\xff\xff\xff\xff", 12);
    tw_npy_read(cx, in_folder("a.npy")); fails_with(cx, TW_EIO, "npy_read", __LINE__, "a header of 4294967295 bytes");
    put("a.npy", "\x93NUMPY\x01\0\x20\0{'descr'", 18);
    tw_npy_read(cx, in_folder("a.npy")); fails_with(cx, TW_EIO, "npy_read", __LINE__, "ends after 8 of the 32 bytes of its header");
    tw_npy_read(cx, "/nonexistent/a.npy"); fails(cx, TW_EIO, "npy_read", __LINE__);
    tw_npy_write(tw_scalar(cx, 1), "/nonexistent/a.npy"); fails_with(cx, TW_EIO, "npy_write", __LINE__, "/nonexistent/a.npy: cannot be written");
    tw_npy_write(tw_scalar(cx, 1), NULL); fails(cx, TW_EARG, "npy_write", __LINE__);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(npy_under_attack)
{
    put_npy(H("'>f2'", "(2, 3)"), "\1\2\3\4\5\6\7\x08\x09\x10\x11\x12", 12);
    attack("a.npy", read_npy, true, 1500, MOST);
    every_allocation_fails_once(read_npy);
}
END_TEST

/* ---- files are there whole, or not at all ------------------------------------------------ */

START_TEST(writing_replaces_at_once)
{
    tw_ctx *cx = tw_open();
    put("a.npy.tmp", "what a killed writer left", 25);
    ck_assert(tw_npy_write(tw_scalar(cx, 3), in_folder("a.npy")));
    ck_assert(access(in_folder("a.npy.tmp"), F_OK) != 0);
    tw_node *bad = tw_add(tw_fill(cx, TW_SHAPE(2), .value = 1), tw_fill(cx, TW_SHAPE(3), .value = 1));
    ck_assert(!tw_npy_write(bad, in_folder("a.npy")));
    tw_error e;
    ck_assert(tw_error_take(cx, &e));
    item_is(tw_npy_read(cx, in_folder("a.npy")), 3);
    ck_assert(tw_npy_write(tw_scalar(cx, 3), "/dev/null"));
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

#ifdef TW_HAVE_JANSSON
#define HAVE_JANSSON 1
#else
#define HAVE_JANSSON 0
#endif
#ifdef TW_HAVE_LIBZIP
#define HAVE_LIBZIP 1
#else
#define HAVE_LIBZIP 0
#endif

/* ---- archives --------------------------------------------------------------------------- */

static void write_archive(tw_ctx *cx, const char *name)
{
    static const char *const names[] = { "b/c", "a", "z", "empty", "byte", "truth", "deep" };
    tw_archive_item items[7];
    for (int i = 0; i < 7; i++) items[i] = (tw_archive_item){ names[i], some(cx, i) };
    tw_archive_write(cx, in_folder(name), 7, items);
}

static const char *const archives[] = {
#ifdef TW_HAVE_JANSSON
    "a.safetensors",
#endif
#ifdef TW_HAVE_LIBZIP
    "a.npz",
#endif
    ""          /* not counted: a build may have neither */
};
enum { ARCHIVES = sizeof archives / sizeof *archives - 1 };

START_TEST(archives_come_back)
{
    tw_ctx *cx = tw_open();
    write_archive(cx, archives[_i]);
    tw_archive *a = tw_archive_read(cx, in_folder(archives[_i]));
    ok(cx);
    ck_assert_int_eq(tw_archive_count(a), 7);
    ck_assert_str_eq(tw_archive_name(a, 0), "a");
    ck_assert_ptr_null(tw_archive_name(a, 7));
    ck_assert(same_bits(tw_archive_get(a, "b/c"), some(cx, 0)));
    ck_assert(same_bits(tw_archive_get(a, "truth"), some(cx, 5)));
    ck_assert_int_eq(tw_count(tw_archive_get(a, "empty")), 0);
    ck_assert_int_eq(tw_rank(tw_archive_get(a, "deep")), 8);
    tw_archive_get(a, "c"); fails_with(cx, TW_EARG, "archive_get", __LINE__, "has no tensor \"c\"");
    tw_archive_get(a, NULL); fails(cx, TW_EARG, "archive_get", __LINE__);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(archives_that_cannot_be_written)
{
    tw_ctx *cx = tw_open();
    tw_node *one = tw_scalar(cx, 1);
    const tw_archive_item twice[] = { { "a", one }, { "a", one } }, nameless[] = { { NULL, one } }, valueless[] = { { "a", NULL } };
    tw_archive_write(cx, in_folder(archives[_i]), 2, twice); fails_with(cx, TW_EARG, "archive_write", __LINE__, "two tensors are called \"a\"");
    tw_archive_write(cx, in_folder(archives[_i]), 1, nameless); fails_with(cx, TW_EARG, "archive_write", __LINE__, "name of tensor 0");
    tw_archive_write(cx, in_folder(archives[_i]), 1, valueless); fails_with(cx, TW_EARG, "archive_write", __LINE__, "value of tensor 0");
    tw_archive_write(cx, in_folder(archives[_i]), -1, twice); fails(cx, TW_EARG, "archive_write", __LINE__);
    ck_assert(access(in_folder(archives[_i]), F_OK) != 0);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(archives_under_attack)
{
    tw_ctx *cx = tw_open();
    write_archive(cx, archives[_i]);
    tw_close(cx);
    archive = archives[_i];
    attack(archive, read_archive, true, 1500, MOST);
    every_allocation_fails_once(read_archive);
}
END_TEST

#ifdef TW_HAVE_JANSSON

static void put_safetensors(const char *header, size_t n)
{
    char b[1024] = { 0 };
    const size_t h = strlen(header);
    b[0] = (char)h, b[1] = (char)(h >> 8);
    memcpy(b + 8, header, h);
    put("a.safetensors", b, 8 + h + n);
}

#define T(dtype, shape, from, to) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}"
static const struct { const char *header; size_t n; const char *words; } bad_st[] = {
    { "{\"a\":" T("F32", "[2]", "0", "8") "}", 7, "ends after 7 of the 8 bytes" },
    { "{\"a\":" T("F32", "[2]", "0", "8") "}", 9, "goes on after the 8 bytes" },
    { "{\"a\":" T("F32", "[2]", "0", "4") "}", 4, "4 bytes from 0 on for F32 [2]" },
    { "{\"a\":" T("F32", "[1]", "4", "8") "}", 8, "begins at 4, where the one before ends at 0" },
    { "{\"a\":" T("F32", "[1]", "0", "4") ",\"b\":" T("F32", "[1]", "2", "6") "}", 6, "begins at 2, where the one before ends at 4" },
    { "{\"a\":" T("F32", "[1]", "0", "4") ",\"b\":" T("F32", "[1]", "0", "4") "}", 4, "begins at 0, where the one before ends at 4" },
    { "{\"a\":" T("F32", "[1]", "0", "4") ",\"b\":" T("F32", "[1]", "8", "12") "}", 12, "begins at 8, where the one before ends at 4" },
    { "{\"a\":" T("F32", "[1]", "0", "4") ",\"a\":" T("F32", "[1]", "4", "8") "}", 8, "no JSON" },
    { "{\"a\":" T("F32", "[-1]", "0", "4") "}", 4, "a dimension that is no size" },
    { "{\"a\":" T("F32", "[1.0]", "0", "4") "}", 4, "a dimension that is no size" },
    { "{\"a\":" T("F32", "1", "0", "4") "}", 4, "no shape" },
    { "{\"a\":" T("F32", "[1,1,1,1,1,1,1,1,1]", "0", "4") "}", 4, "9 dimensions" },
    { "{\"a\":" T("F32", "[4294967296,4294967296]", "0", "4") "}", 4, "which no memory holds" },
    { "{\"a\":" T("F32", "[9223372036854775808]", "0", "4") "}", 4, "no JSON" },
    { "{\"a\":" T("F32", "[1]", "-4", "0") "}", 4, "lies from -4 to 0" },
    { "{\"a\":" T("F32", "[1]", "4", "0") "}", 4, "lies from 4 to 0" },
    { "{\"a\":" T("F8_E4M3", "[1]", "0", "1") "}", 1, "F8_E4M3, for which there is no dtype" },
    { "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "no dtype" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "no data_offsets" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}", 4, "no data_offsets" },
    { "{\"a\":4}", 4, "no dtype" },
    { "{\"__metadata__\":{\"a\":4}}", 0, "__metadata__ \"a\" is no text" },
    { "{\"__metadata__\":[]}", 0, "__metadata__ is no object" },
    { "[1,2]", 0, "no object" },
    { "{\"a", 0, "no JSON" },
    { "{\"a\":" T("F32", "[1000000000]", "0", "4000000000") "}", 400, "ends after 400 of the 4000000000 bytes" },
};

START_TEST(bad_safetensors_are_errors)
{
    heap h = { .left = -1 };
    tw_ctx *cx = tw_open(.resize = heap_resize, .resize_user = &h);
    put_safetensors(bad_st[_i].header, bad_st[_i].n);
    tw_archive *a = tw_archive_read(cx, in_folder("a.safetensors")); const int line = __LINE__;
    ck_assert_int_eq(tw_archive_count(a), 0);
    fails_with(cx, TW_EIO, "archive_read", line, bad_st[_i].words);
    ck_assert_uint_lt(h.peak, 8u << 20);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

START_TEST(safetensors_of_other_kinds)
{
    tw_ctx *cx = tw_open();
    put("a.safetensors", "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10);
    tw_archive_read(cx, in_folder("a.safetensors")); fails_with(cx, TW_EIO, "archive_read", __LINE__, "a header of 18446744073709551615 bytes");
    put("a.safetensors", "\xff\xff\xff\0\0\0\0\0{}", 10);
    tw_archive_read(cx, in_folder("a.safetensors")); fails_with(cx, TW_EIO, "archive_read", __LINE__, "ends after 2 of the 16777215 bytes");

    put_safetensors("{\"__metadata__\":{\"made\":\"by hand\"}, \"b\": " T("BF16", "[2]", "1", "5") ", \"i\":" T("I8", "[]", "0", "1") "}   ", 5);
    char b[512];
    const size_t n = get("a.safetensors", b, sizeof b);
    memcpy(b + n - 5, "\xfe\xc0\x3f\x20\xc1", 5);
    put("a.safetensors", b, n);
    tw_archive *a = tw_archive_read(cx, in_folder("a.safetensors"));
    ok(cx);
    ck_assert_str_eq(tw_archive_note(a, "made"), "by hand");
    ck_assert_ptr_null(tw_archive_note(a, "else"));
    ck_assert_mem_eq(tw_f32(tw_archive_get(a, "b")), ((float[]){ 1.5f, -10 }), 8);
    ck_assert_int_eq(tw_i32(tw_archive_get(a, "i"))[0], -2);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static void safetensors_tests(TCase *t)
{
    tcase_add_loop_test(t, bad_safetensors_are_errors, 0, sizeof bad_st / sizeof *bad_st);
    tcase_add_test(t, safetensors_of_other_kinds);
}

#else
static void safetensors_tests(TCase *t) { (void)t; }
#endif

START_TEST(what_was_left_out_is_an_error)
{
    tw_ctx *cx = tw_open();
    const tw_archive_item one[] = { { "a", tw_scalar(cx, 1) } };
    if (!HAVE_JANSSON) {
        tw_archive_write(cx, in_folder("a.safetensors"), 1, one); fails_with(cx, TW_EMISSING, "archive_write", __LINE__, "jansson");
        put("a.safetensors", "\2\0\0\0\0\0\0\0{}", 10);
        tw_archive_read(cx, in_folder("a.safetensors")); fails_with(cx, TW_EMISSING, "archive_read", __LINE__, "jansson");
    }
    if (!HAVE_LIBZIP) {
        tw_archive_write(cx, in_folder("a.npz"), 1, one); fails_with(cx, TW_EMISSING, "archive_write", __LINE__, "libzip");
        put("a.npz", "PK\3\4", 4);
        tw_archive_read(cx, in_folder("a.npz")); fails_with(cx, TW_EMISSING, "archive_read", __LINE__, "libzip");
    }
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- Python reads ours, and we read Python's --------------------------------------------- */

static bool python(const char *program)
{
    char command[2048];
    snprintf(command, sizeof command, "cd %s && ${TW_PYTHON:-python3} -c '%s' 2>/dev/null", folder, program);
    return system(command) == 0;
}

START_TEST(python_agrees)
{
    if (!HAVE_JANSSON || !HAVE_LIBZIP || !python("import numpy, safetensors")) return;      /* nobody to ask */
    tw_ctx *cx = tw_open();
    write_archive(cx, "a.safetensors");
    write_archive(cx, "a.npz");
    ck_assert(python("import numpy, safetensors.numpy as s\n"
                     "a, z = s.load_file(\"a.safetensors\"), numpy.load(\"a.npz\")\n"
                     "assert len(a) == 7 and set(a) == set(z)\n"
                     "for k in a: assert a[k].dtype == z[k].dtype and a[k].shape == z[k].shape and a[k].tobytes() == z[k].tobytes(), k\n"
                     "assert a[\"b/c\"].shape == (2, 3) and a[\"truth\"].tolist() == [True, False, True, True]\n"
                     "s.save_file(dict(a), \"b.safetensors\", {\"k\": \"v\"})\n"
                     "numpy.savez_compressed(\"b.npz\", **a)\n"));
    for (int k = 0; k < 2; k++) {
        tw_archive *a = tw_archive_read(cx, in_folder(k ? "b.npz" : "b.safetensors"));
        ok(cx);
        ck_assert_int_eq(tw_archive_count(a), 7);
        ck_assert(same_bits(tw_archive_get(a, "b/c"), some(cx, 0)) && same_bits(tw_archive_get(a, "byte"), some(cx, 4)));
        if (!k) ck_assert_str_eq(tw_archive_note(a, "k"), "v");
    }
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("formats");
    TCase *t = tcase_create("formats");
    tcase_add_checked_fixture(t, folder_make, folder_drop);
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, npy_comes_back_as_it_went, 0, sizeof kinds / sizeof *kinds);
    tcase_add_test(t, npy_of_other_kinds);
    tcase_add_loop_test(t, bad_npy_files_are_errors, 0, sizeof bad_npy / sizeof *bad_npy);
    tcase_add_test(t, what_is_no_npy_file);
    tcase_add_test(t, npy_under_attack);
    tcase_add_test(t, writing_replaces_at_once);
    tcase_add_loop_test(t, archives_come_back, 0, ARCHIVES);
    tcase_add_loop_test(t, archives_that_cannot_be_written, 0, ARCHIVES);
    tcase_add_loop_test(t, archives_under_attack, 0, ARCHIVES);
    tcase_add_test(t, what_was_left_out_is_an_error);
    tcase_add_test(t, python_agrees);
    safetensors_tests(t);
    suite_add_tcase(s, t);
    return rig_run(s);
}
