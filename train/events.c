/* events.c - numbers over steps, as a table and for TensorBoard.
 *
 * A folder gets scalars.csv and one file of events for each time it is opened. A file of events is
 * a row of records,
 *
 *     length (8 bytes)   masked CRC-32C of the length   bytes   masked CRC-32C of the bytes
 *
 * whose bytes are protocol buffers of type Event; of them these fields are written:
 *
 *     Event   1 wall_time: double   2 step: int64   3 file_version: text   5 summary   7 session_log
 *     Summary 1 value { 1 tag: text   2 simple_value: float }            SessionLog 1 status: START = 1
 *
 * A session that starts at a step makes TensorBoard forget what was there from that step on, and
 * drops those rows of the table: a run that is resumed has every step once.
 * References: tensorflow/core/lib/io/record_writer.cc, tensorflow/core/util/event.proto; CRC-32C: RFC 3720, B.4.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/events_impl.h"

#include <errno.h>
#include <math.h>
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

/* ---- protocol buffers: what of them is needed */

typedef struct message { size_t n; unsigned char b[BYTES]; } message;

static void byte(message *m, unsigned v) { if (m->n < BYTES) m->b[m->n++] = (unsigned char)v; }

static void varint(message *m, uint64_t v)
{
    for (; v > 127; v >>= 7) byte(m, (unsigned)(v & 127) | 128);
    byte(m, (unsigned)v);
}

static void fixed(message *m, uint64_t v, int bytes) { for (int i = 0; i < bytes; i++) byte(m, (unsigned)(v >> 8 * i & 255)); }

enum { VARINT = 0, FIXED64 = 1, TEXT = 2, FIXED32 = 5 };
static void key(message *m, int field, int kind) { varint(m, (uint64_t)(field << 3 | kind)); }

static void text(message *m, int field, const void *from, size_t n)
{
    key(m, field, TEXT);
    varint(m, n);
    for (size_t i = 0; i < n; i++) byte(m, ((const unsigned char *)from)[i]);
}

/* ---- records */

uint32_t tw__crc32c(const void *from, size_t n)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        crc ^= ((const unsigned char *)from)[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

static uint32_t masked(const void *from, size_t n)
{
    const uint32_t crc = tw__crc32c(from, n);
    return (crc >> 15 | crc << 17) + 0xa282ead8;
}

static void record(FILE *f, const message *m)
{
    message frame = { .n = 0 };
    fixed(&frame, m->n, 8);
    fixed(&frame, masked(frame.b, 8), 4);
    for (size_t i = 0; i < m->n; i++) byte(&frame, m->b[i]);
    fixed(&frame, masked(m->b, m->n), 4);
    fwrite(frame.b, 1, frame.n, f);
}

static message event_at(int64_t step)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    uint64_t bits;
    memcpy(&bits, &seconds, sizeof bits);
    message m = { .n = 0 };
    key(&m, 1, FIXED64), fixed(&m, bits, 8);
    if (step) key(&m, 2, VARINT), varint(&m, (uint64_t)step);
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

    message version = event_at(0), session = event_at(from);
    text(&version, 3, "brain.Event:2", 13);
    record(e->events, &version);
    text(&session, 7, "\x08\x01", 2);
    if (from) record(e->events, &session);
    return true;
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

void tw_events_scalar(tw_events *e, const char *tag, int64_t step, double value)
{
    if (!e || !e->cx || !tag || !tw_ok(e->cx)) return;
    const float v = (float)value;
    const size_t n = strlen(tag) < TAG ? strlen(tag) : TAG;
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    message one = { .n = 0 }, summary = { .n = 0 }, event = event_at(step);
    text(&one, 1, tag, n);
    key(&one, 2, FIXED32), fixed(&one, bits, 4);
    text(&summary, 1, one.b, one.n);
    text(&event, 5, summary.b, summary.n);
    record(e->events, &event);
    fprintf(e->table, "%lld,", (long long)step);
    put_tag(e->table, tag, n);
    fprintf(e->table, ",%.9g\n", value);
}

bool tw_events_flush(tw_events *e)
{
    return e && e->cx && fflush(e->events) == 0 && fflush(e->table) == 0;
}
