/* check_events.c - files of events, taken apart again, and the table beside them. TensorBoard is asked where it is installed. */
#include "tests/folder.h"
#include "train/record_impl.h"
#include "train/train.h"

#include <dirent.h>
#include <sys/stat.h>

START_TEST(the_checksum_is_castagnoli_s)
{
    ck_assert_uint_eq(tw__crc32c("123456789", 9), 0xe3069283);             /* RFC 3720's are of zeros, ones and counts: */
    unsigned char b[32];
    for (int k = 0; k < 3; k++) {
        static const uint32_t want[] = { 0x8a9136aa, 0x62a8ab43, 0x46dd794e };
        for (int i = 0; i < 32; i++) b[i] = (unsigned char)(k == 0 ? 0 : k == 1 ? 255 : i);
        ck_assert_uint_eq(tw__crc32c(b, 32), want[k]);
    }
}
END_TEST

static uint64_t little(const unsigned char *b, int n) { uint64_t v = 0; while (n--) v = v << 8 | b[n]; return v; }
static uint32_t unmask(uint32_t m) { m -= 0xa282ead8; return m << 15 | m >> 17; }

/* The bytes of the events after their time, of all files in the order of their names. */
static size_t events_of(const char *where, unsigned char *to)
{
    struct dirent **list;
    size_t n = 0;
    const int files = scandir(in_folder(where), &list, NULL, alphasort);
    for (int f = 0; f < files; f++) {
        char name[400];
        snprintf(name, sizeof name, "%s/%s", where, list[f]->d_name);
        const bool is = strstr(name, "tfevents");
        free(list[f]);
        if (!is) continue;
        unsigned char b[8192];
        const size_t size = get(name, b, sizeof b);
        for (size_t i = 0; i < size; ) {
            const size_t length = little(b + i, 8);
            ck_assert(i + 16 + length <= size);
            ck_assert_uint_eq(unmask((uint32_t)little(b + i + 8, 4)), tw__crc32c(b + i, 8));
            ck_assert_uint_eq(unmask((uint32_t)little(b + i + 12 + length, 4)), tw__crc32c(b + i + 12, length));
            ck_assert(length >= 9 && b[i + 12] == 0x09);
            memcpy(to + n, b + i + 21, length - 9);
            n += length - 9, i += 16 + length;
        }
    }
    free(list);
    return n;
}

static const char version[] = "\x1a\x0d" "brain.Event:2";
/* step 300, summary { value { tag "a/b" simple_value 0.5 } } */
static const char one[] = "\x10\xac\x02\x2a\x0c\x0a\x0a\x0a\x03" "a/b\x15\0\0\0\x3f";

static void write_one(tw_ctx *cx)
{
    tw_events *e = tw_events_open(cx, in_folder("run"));
    if (tw_ok(cx)) tw_events_scalar(e, "a/b", 300, 0.5), tw_events_flush(e);
}

START_TEST(events_are_protocol_buffers)
{
    tw_ctx *cx = tw_open();
    write_one(cx);
    ok(cx);
    unsigned char b[8192];
    ck_assert_uint_eq(events_of("run", b), sizeof version - 1 + sizeof one - 1);
    ck_assert_mem_eq(b, version, sizeof version - 1);
    ck_assert_mem_eq(b + sizeof version - 1, one, sizeof one - 1);

    tw_events_open(cx, NULL); fails(cx, TW_EARG, "events", __LINE__);
    tw_events_open(cx, in_folder("run"), .from = -1); fails(cx, TW_EARG, "events", __LINE__);
    tw_events_scalar(tw_events_open(cx, "/nonexistent/a"), "a", 1, 1); fails_with(cx, TW_EIO, "events", __LINE__, "/nonexistent/a: cannot be made");
    put("file", "", 0);
    tw_events_open(cx, in_folder("file")); fails(cx, TW_EIO, "events", __LINE__);
    ck_assert(!tw_events_flush(NULL));
    ck_assert_int_eq(tw_close(cx), 0);
    every_allocation_fails_once(write_one);
}
END_TEST

/* The content of the first field of that number, which has a length or eight bytes; *n becomes its length. */
static const unsigned char *within(const unsigned char *b, size_t *n, unsigned field)
{
    for (size_t i = 0; i < *n; ) {
        const unsigned key = b[i++];
        uint64_t value = 0;
        int shift = 0;
        if ((key & 7) == 1) value = 8;
        else if ((key & 7) == 5) value = 4;
        else do value |= (uint64_t)(b[i] & 127) << shift, shift += 7; while (b[i++] & 128);
        if (key >> 3 == field && key & 7) return *n = value, b + i;
        if (key & 7) i += value;
    }
    ck_abort_msg("no field %u", field);
    return NULL;
}

static double double_of(const unsigned char *b)
{
    double v;
    memcpy(&v, b, sizeof v);
    return v;
}

/* The message under a path of fields of the last event. */
static const unsigned char *of_event(const unsigned char *b, size_t *n, const unsigned *path)
{
    for (; *path; path++) b = within(b, n, *path);
    return b;
}
#define OF_EVENT(b, n, ...) of_event(b, n, (const unsigned[]){ __VA_ARGS__, 0 })

static void write_both(tw_ctx *cx)
{
    static const float values[] = { 0, 1, 1, NAN, 3, INFINITY };
    static const uint8_t pixels[] = { 0, 50, 100, 150, 200, 250 };
    tw_events *e = tw_events_open(cx, in_folder("run"));
    tw_events_histogram(e, "weights", 7, tw_data(cx, TW_F32, TW_SHAPE(6), values));
    tw_events_histogram(e, "steady", 7, tw_fill(cx, TW_SHAPE(4), .value = 2));
    tw_events_histogram(e, "empty", 7, tw_fill(cx, TW_SHAPE(0)));
#ifdef TW_HAVE_PNG
    tw_events_image(e, "picture", 8, tw_data(cx, TW_U8, TW_SHAPE(2, 3), pixels));
#else
    (void)pixels;
#endif
    tw_events_flush(e);
}

START_TEST(histograms_and_pictures)
{
    tw_ctx *cx = tw_open();
    unsigned char b[8192];
    tw_events *e = tw_events_open(cx, in_folder("one"));
    tw_events_histogram(e, "weights", 7, tw_data(cx, TW_F32, TW_SHAPE(6), ((float[]){ 0, 1, 1, NAN, 3, INFINITY })));
    tw_events_flush(e);
    ok(cx);
    size_t all = events_of("one", b) - (sizeof version - 1), n = all;
    const unsigned char *event = b + sizeof version - 1;
    ck_assert(event[0] == 0x10 && event[1] == 7);
    ck_assert_mem_eq(OF_EVENT(event, (n = all, &n), 5, 1, 1), "weights", 7);
    static const double head[] = { 0, 3, 4, 5, 11 };
    for (unsigned k = 0; k < 5; k++) ck_assert_double_eq(double_of(OF_EVENT(event, (n = all, &n), 5, 1, 5, k + 1)), head[k]);
    const unsigned char *ends = OF_EVENT(event, (n = all, &n), 5, 1, 5, 6);
    ck_assert_uint_eq(n, 40 * 8);
    ck_assert_double_eq_tol(double_of(ends), 3.0 / 40, 1e-15);
    ck_assert_double_eq(double_of(ends + 39 * 8), 3);
    const unsigned char *counts = OF_EVENT(event, (n = all, &n), 5, 1, 5, 7);
    for (int k = 0; k < 40; k++) ck_assert_double_eq(double_of(counts + 8 * k), k == 0 ? 1 : k == 13 ? 2 : k == 39 ? 1 : 0);

    tw_events_histogram(e, "none", 7, NULL); fails_with(cx, TW_EARG, "events_histogram", __LINE__, "NULL");
    tw_events_image(e, "none", 7, NULL); fails_with(cx, TW_EARG, "events_image", __LINE__, "NULL");
    tw_events_image(e, "none", 7, tw_fill(cx, TW_SHAPE(4))); fails_with(cx, TW_ESHAPE, "events_image", __LINE__, "[4] is no picture");
    tw_ctx *other = tw_open(.on_error = rig_quiet);
    tw_events_histogram(e, "none", 7, tw_scalar(other, 1)); fails_with(cx, TW_ESCOPE, "events_histogram", __LINE__, "another context");
    tw_close(other);
    tw_events_histogram(NULL, "none", 7, tw_scalar(cx, 1));
    ok(cx);
#ifdef TW_HAVE_PNG
    tw_events *p = tw_events_open(cx, in_folder("two"));
    tw_events_image(p, "picture", 8, tw_data(cx, TW_U8, TW_SHAPE(2, 3, 1), ((uint8_t[]){ 0, 50, 100, 150, 200, 250 })));
    tw_events_flush(p);
    all = events_of("two", b) - (sizeof version - 1);
    const unsigned char *image = OF_EVENT(event, (n = all, &n), 5, 1, 4);
    ck_assert(image[0] == 0x08 && image[1] == 2 && image[2] == 0x10 && image[3] == 3 && image[4] == 0x18 && image[5] == 1);
    const unsigned char *png = OF_EVENT(event, (n = all, &n), 5, 1, 4, 4);
    put("back.png", png, n);
    const uint8_t *back = tw_u8(tw_image_read(cx, in_folder("back.png")));
    for (int k = 0; k < 6; k++) ck_assert_int_eq(back[k], 50 * k);
#endif
    ck_assert_int_eq(tw_close(cx), 0);
    every_allocation_fails_once(write_both);
}
END_TEST

START_TEST(a_run_that_goes_on_has_every_step_once)
{
    tw_ctx *cx = tw_open();
    tw_events *e = tw_events_open(cx, in_folder("run"));
    for (int step = 1; step < 5; step++) tw_events_scalar(e, "a, \"b\"", step, 0.1 * step);
    tw_events_flush(e);
    e = tw_events_open(cx, in_folder("run"), .from = 3);
    tw_events_scalar(e, "c", 3, -1);
    tw_events_flush(e);
    ok(cx);
    char b[8192];
    b[get("run/scalars.csv", b, sizeof b - 1)] = 0;
    ck_assert_str_eq(b, "step,tag,value\n1,\"a, \"\"b\"\"\",0.1\n2,\"a, \"\"b\"\"\",0.2\n3,c,-1\n");
    ck_assert_int_eq(tw_table_rows(tw_csv_read(cx, in_folder("run/scalars.csv"))), 3);
    const size_t n = events_of("run", (unsigned char *)b);
    static const char session[] = "\x10\x03\x3a\x02\x08\x01";                  /* step 3, session_log { status START } */
    bool found = false;
    for (size_t i = 0; i + 6 <= n; i++) found = found || !memcmp(b + i, session, 6);
    ck_assert(found);
    ck_assert_int_eq(tw_close(cx), 0);
}
END_TEST

/* ---- from a run, and read by TensorBoard ---------------------------------------------------------- */

static tw_node *line(tw_net *net, tw_node *x, void *user)
{
    (void)user;
    return tw_nn_dense(net, "fc", x, .units = 1);
}

static void run(tw_ctx *cx, int epochs)
{
    tw_net *net = tw_net_new(cx);
    tw_dataset *d = tw_dataset_tensors(tw_fill(cx, TW_SHAPE(6, 2), .value = 1), tw_fill(cx, TW_SHAPE(6, 1), .value = 2));
    tw_fit(net, line, .loss = tw_mean_squared_error_loss, .opt = tw_sgd(net, .lr = 0.1), .train = d, .valid = d, .epochs = epochs, .batch = 3, .quiet = true,
           .events = in_folder("run"));
}

static bool python(const char *program)
{
    char command[2048];
    snprintf(command, sizeof command, "cd %s && ${TW_PYTHON:-python3} -c '%s' 2>/dev/null", folder, program);
    return system(command) == 0;
}

START_TEST(fit_writes_what_tensorboard_reads)
{
    tw_ctx *cx = tw_open();
    run(cx, 3);
    ok(cx);
    char b[8192];
    b[get("run/scalars.csv", b, sizeof b - 1)] = 0;
    int lines = 0;
    for (const char *c = b; *c; c++) lines += *c == '\n';
    ck_assert_int_eq(lines, 1 + 6 + 9);
    ck_assert_ptr_nonnull(strstr(b, "\n6,epoch/valid_loss,"));
    ck_assert_ptr_nonnull(strstr(b, "\n4,epoch/lr,0.1\n"));
    ck_assert_int_eq(tw_close(cx), 0);
    if (!python("import tensorboard")) return;              /* nobody to ask */
    ck_assert(python("from tensorboard.backend.event_processing.event_accumulator import EventAccumulator as E\n"
                     "import csv\n"
                     "e = E(\"run\"); e.Reload()\n"
                     "rows = list(csv.reader(open(\"run/scalars.csv\")))[1:]\n"
                     "tags = e.Tags()[\"scalars\"]\n"
                     "assert sorted(tags) == sorted(set(r[1] for r in rows)) and len(tags) == 4\n"
                     "for t in tags:\n"
                     "    ours = [(int(r[0]), float(r[2])) for r in rows if r[1] == t]\n"
                     "    theirs = [(s.step, s.value) for s in e.Scalars(t)]\n"
                     "    assert len(ours) == len(theirs) and all(a[0] == b[0] and abs(a[1] - b[1]) < 1e-6 for a, b in zip(ours, theirs))\n"));
    cx = tw_open();
    write_both(cx);
    ck_assert_int_eq(tw_close(cx), 0);
    ck_assert(python("from tensorboard.backend.event_processing.event_accumulator import EventAccumulator as E\n"
                     "e = E(\"run\"); e.Reload()\n"
                     "assert sorted(e.Tags()[\"histograms\"]) == [\"empty\", \"steady\", \"weights\"]\n"
                     "h = e.Histograms(\"weights\")[0]\n"
                     "assert h.step == 7 and h.histogram_value.num == 4 and h.histogram_value.sum == 5 and sum(h.histogram_value.bucket) == 4\n"
                     "assert len(h.histogram_value.bucket_limit) == 40 and h.histogram_value.bucket_limit[-1] == 3\n"
                     "for i in e.Images(\"picture\") if \"picture\" in e.Tags()[\"images\"] else []:\n"
                     "    assert i.step == 8 and (i.height, i.width) == (2, 3) and i.encoded_image_string[1:4] == b\"PNG\"\n"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("events");
    TCase *t = tcase_create("events");
    tcase_add_checked_fixture(t, folder_make, folder_drop);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, the_checksum_is_castagnoli_s);
    tcase_add_test(t, events_are_protocol_buffers);
    tcase_add_test(t, histograms_and_pictures);
    tcase_add_test(t, a_run_that_goes_on_has_every_step_once);
    tcase_add_test(t, fit_writes_what_tensorboard_reads);
    suite_add_tcase(s, t);
    return rig_run(s);
}
