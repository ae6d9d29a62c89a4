/* events.c - numbers, histograms and pictures over steps, for TensorBoard; the numbers also as a table.
 *
 * A folder gets scalars.csv and one file of events for each time it is opened. A file of events is
 * a row of records (train/record.c), which are protocol buffers of type Event; of them these fields
 * are written:
 *
 *     Event     1 wall_time: double   2 step: int64   3 file_version: text   5 summary   7 session_log
 *     Summary   1 value { 1 tag: text   2 simple_value: float   4 image   5 histo }      SessionLog 1 status: START = 1
 *     Image     1 height   2 width   3 colorspace: channels   4 encoded_image_string: PNG
 *     Histogram 1 min   2 max   3 num   4 sum   5 sum_squares   6 bucket_limit[]: where each ends   7 bucket[]
 *
 * A session that starts at a step makes TensorBoard forget what was there from that step on, and
 * drops those rows of the table: a run that is resumed has every step once.
 * References: tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto, histogram.proto.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/image_impl.h"
#include "train/histogram_impl.h"
#include "train/record_impl.h"
#include "train/train.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH = 4096, TAG = 200, BYTES = 512 };

struct tw_events {
    tw_ctx *cx;                 /* NULL: dead */
    FILE   *events, *table;
};

static tw_events dead;

static tw__bytes event_at(tw_ctx *cx, int64_t step)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    tw__bytes m = { .cx = cx };
    tw__put_double(&m, 1, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec);
    if (step) tw__put_int(&m, 2, step);
    return m;
}

/* ---- the folder */

static void close_events(void *object)
{
    tw_events *e = object;
    tw_ctx *cx = e->cx;
    if (e->events) fclose(e->events);
    if (e->table) fclose(e->table);
    tw_resize(cx, e, sizeof *e, 0);
}

static FILE *open_at(const tw_loc *at, tw_ctx *cx, const char *folder, const char *name, const char *mode)
{
    char path[PATH];
    const int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = n < PATH ? fopen(path, mode) : NULL;
    if (!f) tw_fail(cx, TW_EIO, "events", at, "%.60s/%.60s: cannot be written: %s", folder, name, n < PATH ? strerror(errno) : "its path is too long");
    return f;
}

/* Leaves of the table what came before a step. */
static bool cut(FILE *table, int64_t from)
{
    char line[BYTES];
    long end = 0;
    rewind(table);
    while (fgets(line, sizeof line, table) && (end == 0 || atoll(line) < from)) end = ftell(table);
    fseek(table, end, SEEK_SET);
    if (ftruncate(fileno(table), end) != 0) return false;
    return end || fputs("step,tag,value\n", table) >= 0;
}

static bool begin(const tw_loc *at, tw_events *e, const char *folder, int64_t from)
{
    static int number;          /* of files that this process opened in one second */
    char name[160], host[64] = "localhost";
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return tw_fail(e->cx, TW_EIO, "events", at, "%.120s: cannot be made: %s", folder, strerror(errno)), false;
    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, "events.out.tfevents.%010lld.%s.%d.%d", (long long)time(NULL), host, (int)getpid(),
             __atomic_fetch_add(&number, 1, __ATOMIC_RELAXED));
    if (!(e->events = open_at(at, e->cx, folder, name, "wb"))) return false;
    if (!(e->table = open_at(at, e->cx, folder, "scalars.csv", "a+"))) return false;
    if (!cut(e->table, from)) return tw_fail(e->cx, TW_EIO, "events", at, "%.120s/scalars.csv: cannot be written", folder), false;

    tw__bytes version = event_at(e->cx, 0), session = event_at(e->cx, from);
    tw__put_text(&version, 3, "brain.Event:2", 13);
    tw__record_write(e->events, &version);
    tw__put_text(&session, 7, "\x08\x01", 2);
    if (from) tw__record_write(e->events, &session);
    tw__bytes_drop(&session);
    return tw_ok(e->cx);
}

tw_events *tw_events_open_at(const tw_loc *at, tw_ctx *cx, const char *folder, const tw_events_args *o)
{
    TW_OPTIONS(tw_events_args, o);
    if (!tw_ok(cx)) return &dead;
    if (!folder || o->from < 0) return tw_fail(cx, TW_EARG, "events", at, folder ? ".from is negative" : "no folder: NULL"), &dead;
    tw_events *e = tw_resize(cx, NULL, 0, sizeof *e);
    if (!e) return &dead;
    *e = (tw_events){ .cx = cx };
    if (begin(at, e, folder, o->from) && tw_on_close(cx, close_events, e)) return e;
    close_events(e);
    return &dead;
}

/* In quotes where a table needs them; ends of lines become spaces. */
static void put_tag(FILE *to, const char *tag, size_t n)
{
    const bool quote = strcspn(tag, ",\"\r\n") < n;
    if (quote) fputc('"', to);
    for (size_t i = 0; i < n; i++) {
        if (tag[i] == '"') fputc('"', to);
        fputc(tag[i] == '\n' || tag[i] == '\r' ? ' ' : tag[i], to);
    }
    if (quote) fputc('"', to);
}

static size_t tag_length(const char *tag) { return strnlen(tag, TAG); }

/* A summary of one value, whose tag is written and whose content follows. */
static tw__bytes value_of(tw_ctx *cx, const char *tag)
{
    tw__bytes value = { .cx = cx };
    tw__put_text(&value, 1, tag, tag_length(tag));
    return value;
}

static void write_value(tw_events *e, int64_t step, tw__bytes *value)
{
    tw__bytes summary = { .cx = e->cx }, event = event_at(e->cx, step);
    tw__put_message(&summary, 1, value);
    tw__put_message(&event, 5, &summary);
    tw__record_write(e->events, &event);
}

static bool usable(const tw_events *e, const char *tag) { return e && e->cx && tag && tw_ok(e->cx); }

void tw_events_scalar(tw_events *e, const char *tag, int64_t step, double value)
{
    if (!usable(e, tag)) return;
    tw__bytes m = value_of(e->cx, tag);
    tw__put_float(&m, 2, (float)value);
    write_value(e, step, &m);
    fprintf(e->table, "%lld,", (long long)step);
    put_tag(e->table, tag, tag_length(tag));
    fprintf(e->table, ",%.9g\n", value);
}

/* n as a node of the context of e that has a value to be written; NULL after failing. */
static tw_node *value_node(const tw_loc *at, const char *op, tw_events *e, tw_node *n)
{
    if (!n) return tw_fail(e->cx, TW_EARG, op, at, "the value is NULL"), NULL;
    if (!(n = tw_input(at, op, 0, n)) || tw_is_nil(n)) return NULL;
    if (n->cx == e->cx) return n;
    tw_fail(e->cx, TW_ESCOPE, op, at, "the value is of another context than the events");
    return NULL;
}

void tw_events_histogram_at(const tw_loc *at, tw_events *e, const char *tag, int64_t step, tw_node *n)
{
    tw__histogram h;
    if (!usable(e, tag) || !(n = value_node(at, "events_histogram", e, n)) || !tw__histogram_of(at, n, &h)) return;
    double ends[TW__BINS], counts[TW__BINS];
    for (int k = 0; k < TW__BINS; k++) ends[k] = tw__bin(&h, k + 1), counts[k] = (double)h.count[k];
    tw__bytes histo = { .cx = e->cx }, value = value_of(e->cx, tag);
    const double head[] = { h.low, h.high, (double)h.n, h.sum, h.squares };
    for (int k = 0; k < 5; k++) tw__put_double(&histo, k + 1, head[k]);
    tw__put_doubles(&histo, 6, TW__BINS, ends);
    tw__put_doubles(&histo, 7, TW__BINS, counts);
    tw__put_message(&value, 5, &histo);
    write_value(e, step, &value);
}

void tw_events_image_at(const tw_loc *at, tw_events *e, const char *tag, int64_t step, tw_node *n)
{
    tw__image i;
    size_t size;
    if (!usable(e, tag) || !(n = value_node(at, "events_image", e, n)) || !tw__image_of(at, "events_image", n, &i)) return;
    unsigned char *png = tw__png_encode(at, e->cx, "events_image", tag, &i, &size);
    tw__bytes image = { .cx = e->cx }, value = value_of(e->cx, tag);
    tw__put_int(&image, 1, i.height), tw__put_int(&image, 2, i.width), tw__put_int(&image, 3, i.channels);
    if (png) tw__put_text(&image, 4, png, size);
    tw__put_message(&value, 4, &image);
    if (png) write_value(e, step, &value);
    tw__bytes_drop(&value);
    tw__image_drop(e->cx, &i);
    free(png);
}

bool tw_events_flush(tw_events *e)
{
    return e && e->cx && fflush(e->events) == 0 && fflush(e->table) == 0;
}
