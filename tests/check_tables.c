/* check_tables.c - tables of text: what is read, what is refused, and the data sets made of them. */
#include "io/io.h"
#include "tests/folder.h"
#include "train/train.h"

#include <locale.h>

#define PUT(text) put("a.csv", text, sizeof(text) - 1)

static const char houses[] =
    "\xef\xbb\xbf" "price,area,street,code\r\n"
    "100.5,30,\"Main, upper \"\"M\"\"\",7\r\n"
    "\r\n"
    "200,,B,8\r\n"
    "-3e2,50,\"Main, upper \"\"M\"\"\",7\r\n"
    "1,60,NA,\"9\"";

START_TEST(numbers_and_categories)
{
    tw_ctx *cx = tw_open();
    setlocale(LC_ALL, "de_DE.UTF-8");           /* whose comma would end the numbers, where it is installed */
    PUT(houses);
    tw_table *t = tw_csv_read(cx, in_folder("a.csv"));
    ok(cx);
    ck_assert(tw_table_rows(t) == 4 && tw_table_columns(t) == 4);
    ck_assert_str_eq(tw_table_name(t, 0), "price");
    ck_assert(tw_table_find(t, "code") == 3 && tw_table_find(t, "none") == -1 && !tw_table_name(t, 4) && !tw_table_name(t, -1));
    ck_assert(tw_table_classes(t, 0) == 0 && tw_table_classes(t, 2) == 2 && tw_table_classes(t, 3) == 0);
    ck_assert_str_eq(tw_table_class(t, 2, 0), "B");
    ck_assert_str_eq(tw_table_class(t, 2, 1), "Main, upper \"M\"");
    ck_assert_ptr_null(tw_table_class(t, 2, 2));
    const double *price = tw_table_numbers(t, 0), *area = tw_table_numbers(t, 1);
    ck_assert(price[0] == 100.5 && price[2] == -300 && area[0] == 30 && isnan(area[1]));
    ck_assert_mem_eq(tw_table_codes(t, 2), ((int32_t[]){ 1, 0, 1, -1 }), 16);
    ck_assert(!tw_table_codes(t, 0) && !tw_table_numbers(t, 2));
    ck_assert_mem_eq(tw_i32(tw_table_column(t, 2)), ((int32_t[]){ 1, 0, 1, -1 }), 16);
    ck_assert(tw_f32(tw_table_column(t, 0))[0] == 100.5f);
    tw_table_column(t, 4); fails(cx, TW_EARG, "table_column", __LINE__);

    tw_table *forced = tw_csv_read(cx, in_folder("a.csv"), .categories = "co*");
    ck_assert_int_eq(tw_table_classes(forced, 3), 3);
    ck_assert_mem_eq(tw_table_codes(forced, 3), ((int32_t[]){ 0, 1, 0, 2 }), 16);
    PUT("1;x\n-;y\n");
    tw_table *bare = tw_csv_read(cx, in_folder("a.csv"), .separator = ';', .no_header = true, .missing = "-");
    ok(cx);
    ck_assert(tw_table_rows(bare) == 2 && isnan(tw_table_numbers(bare, 0)[1]) && !strcmp(tw_table_name(bare, 1), "2"));
    PUT("a\n1\n\n3\n");                           /* one column: an empty line is a missing value */
    tw_table *one = tw_csv_read(cx, in_folder("a.csv"));
    ck_assert(tw_table_rows(one) == 3 && isnan(tw_table_numbers(one, 0)[1]));
    PUT("a,b\n0x10,inf\n1 ,-inf\n");
    tw_table *odd = tw_csv_read(cx, in_folder("a.csv"));
    ck_assert(tw_table_classes(odd, 0) == 2 && tw_table_numbers(odd, 1)[1] == -INF);
    ok(cx);
    setlocale(LC_ALL, "C");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

#define TEXT(s) s, sizeof(s) - 1
static const struct { const char *bytes; size_t n; const char *words; } bad[] = {
    { TEXT("a,b\n1,2\n3\n"), "line 3: 1 fields, not the 2 of the first line" },
    { TEXT("a,b\n1,2,3\n"), "line 2: 3 fields, not the 2" },
    { TEXT("a,b\n1,\"2\n\n"), "line 2: a quote that does not end" },
    { TEXT("a,b\n1,\"2\"x\n"), "line 2: text after a closing quote" },
    { TEXT("a,b\n1,2\"x\n"), "line 2: a quote within a field" },
    { TEXT("a,b\n1,\0\n"), "line 2: a byte of 0" },
    { TEXT("a,b\n1,\"\0\"\n"), "line 2: a byte of 0" },
    { TEXT("a,b\n\"x\ny\",2\n\"z\",\n1\n"), "line 5: 1 fields" },
    { TEXT("a,b\n"), "has no rows" },
    { TEXT("\n\n\n"), "has no rows" },
    { TEXT(""), "is empty" },
};

START_TEST(bad_tables_are_errors)
{
    tw_ctx *cx = tw_open();
    put("a.csv", bad[_i].bytes, bad[_i].n);
    tw_table *t = tw_csv_read(cx, in_folder("a.csv")); const int line = __LINE__;
    fails_with(cx, TW_EIO, "csv_read", line, bad[_i].words);
    ck_assert(tw_table_rows(t) == 0 && tw_table_columns(t) == 0);
    ck_assert_int_eq(tw_dataset_count(tw_dataset_table(t, "a")), 0);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static void read_table(tw_ctx *cx)
{
    tw_table *t = tw_csv_read(cx, in_folder("a.csv"));
    for (int k = 0; k < tw_table_columns(t); k++) tw_table_column(t, k);
}

static void read_rows(tw_ctx *cx)
{
    tw_table *t = tw_csv_read(cx, in_folder("a.csv"));
    tw_dataset_table(t, NULL, .missing = TW_MISSING_MEAN);
    tw_dataset_table(t, "street", .missing = TW_MISSING_ROW);
}

START_TEST(tables_under_attack)
{
    PUT(houses);
    attack("a.csv", read_table, false, 3000, 2 << 20);
    every_allocation_fails_once(read_rows);
}
END_TEST

/* ---- data sets ---------------------------------------------------------------------------------- */

START_TEST(tables_become_data_sets)
{
    tw_ctx *cx = tw_open(.dtype = TW_F64);
    PUT(houses);
    tw_table *t = tw_csv_read(cx, in_folder("a.csv"));
    tw_dataset *d = tw_dataset_table(t, "price", .missing = TW_MISSING_MEAN);
    ok(cx);
    const double mean = (30 + 50 + 60) / 3.0;
    TW_BATCHES(b, d) {
        ck_assert(b.count == 4 && tw_rank(b.x) == 2 && tw_dim(b.x, 1) == 4 && tw_rank(b.y) == 1);
        const double want[] = { 30, 0, 1, 7,  mean, 1, 0, 8,  50, 0, 1, 7,  60, 0, 0, 9 };
        for (int i = 0; i < 16; i++) near(tw_f64(b.x)[i], want[i], 1e-12);
        ck_assert_mem_eq(tw_f64(b.y), ((double[]){ 100.5, 200, -300, 1 }), 32);
    }
    tw_dataset *rows = tw_dataset_table(t, "street", .missing = TW_MISSING_ROW, .only = "price", .standardise = true);
    TW_BATCHES(b, rows) {           /* whole in what is used: three of them */
        ck_assert(b.count == 3 && tw_dim(b.x, 1) == 1 && tw_dtype_of(b.y) == TW_I32);
        ck_assert_mem_eq(tw_i32(b.y), ((int32_t[]){ 1, 0, 1 }), 12);
        const double m = 0.5 / 3, s = sqrt(((100.5 - m) * (100.5 - m) + (200 - m) * (200 - m) + (300 + m) * (300 + m)) / 3);
        near(tw_f64(b.x)[0], (100.5 - m) / s, 1e-12), near(tw_f64(b.x)[2], (-300 - m) / s, 1e-12);
    }
    ck_assert(tw_dataset_classes(rows) == 2 && tw_dataset_classes(d) == 0 && !tw_dataset_class_names(d));
    ck_assert_str_eq(tw_dataset_class_names(rows)[0], "B");
    TW_BATCHES(b, tw_dataset_table(t, NULL, .only = "code")) ck_assert(!b.y && b.count == 4);
    ok(cx);
    tw_dataset_table(t, "price"); fails_with(cx, TW_EVALUE, "dataset_table", __LINE__, "row 2 has no \"area\"");
    tw_dataset_table(t, "street", .only = "price", .missing = TW_MISSING_MEAN); fails_with(cx, TW_EVALUE, "dataset_table", __LINE__, "row 4 has no \"street\"");
    tw_dataset_table(t, "none"); fails_with(cx, TW_EARG, "dataset_table", __LINE__, "no column \"none\"");
    tw_dataset_table(t, "price", .only = "z*"); fails_with(cx, TW_EARG, "dataset_table", __LINE__, "no column matches \"z*\"");
    PUT("a,b\n,1\n1,\n");
    tw_dataset_table(tw_csv_read(cx, in_folder("a.csv")), "a", .missing = TW_MISSING_ROW); fails_with(cx, TW_EARG, "dataset_table", __LINE__, "no row is complete");
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- bytes as they are */

START_TEST(bytes_are_those_of_the_file)
{
    tw_ctx *cx = tw_open();
    static char big[200000];
    for (size_t i = 0; i < sizeof big; i++) big[i] = (char)(i * i >> 3);
    put("big", big, sizeof big), put("none", "", 0);
    tw_node *n = tw_bytes_read(cx, in_folder("big"));
    ck_assert(tw_rank(n) == 1 && tw_count(n) == sizeof big && tw_dtype_of(n) == TW_U8 && !memcmp(tw_u8(n), big, sizeof big));
    tw_bytes_read(cx, in_folder("none")); fails_with(cx, TW_EIO, "bytes_read", __LINE__, "none: is empty");
    tw_bytes_read(cx, "/nonexistent/a.txt"); fails_with(cx, TW_EIO, "bytes_read", __LINE__, "/nonexistent/a.txt: cannot be opened: ");
    tw_bytes_read(cx, NULL); fails(cx, TW_EARG, "bytes_read", __LINE__);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

static void read_bytes(tw_ctx *cx) { tw_bytes_read(cx, in_folder("text")); }

START_TEST(reading_bytes_may_run_out_of_memory)
{
    put("text", "some words", 10);
    every_allocation_fails_once(read_bytes);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tables");
    TCase *t = tcase_create("tables");
    tcase_add_checked_fixture(t, folder_make, folder_drop);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, bytes_are_those_of_the_file);
    tcase_add_test(t, reading_bytes_may_run_out_of_memory);
    tcase_add_test(t, numbers_and_categories);
    tcase_add_loop_test(t, bad_tables_are_errors, 0, sizeof bad / sizeof *bad);
    tcase_add_test(t, tables_under_attack);
    tcase_add_test(t, tables_become_data_sets);
    suite_add_tcase(s, t);
    return rig_run(s);
}
