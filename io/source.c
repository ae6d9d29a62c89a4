/* source.c - a file as a stream of bytes, plain or gzip.
 *
 * A gzip file is recognised by its first two bytes, whatever its name. It is inflated as it is
 * asked for, so that a few kilobytes which stand for gigabytes cost nothing unless a format wants
 * them; checksums are verified, several members follow one another as RFC 1952 allows, and what
 * follows the last must not be anything else. Memory comes from the context's allocator, zlib's too.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/source_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#ifdef TW_HAVE_ZLIB
#define ZLIB_CONST
#include <zlib.h>
#endif

struct tw__source {
    tw_ctx       *cx;
    const tw_loc *at;
    const char   *op, *path;
    int           fd;
    tw__source_fn more;             /* instead of fd: bytes that somebody else unpacks */
    void         *handle;
    bool          gzip;
#ifdef TW_HAVE_ZLIB
    bool          between;          /* two members: the last one has ended */
    z_stream      z;
#endif
    size_t        have;             /* bytes of in[] not yet used */
    const unsigned char *next;
    unsigned char in[1 << 16];
};

static bool fail(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, tw_code code, const char *format, va_list ap)
{
    enum { SHOWN = 100 };           /* of a long path the end, so that the numbers fit as well */
    const size_t n = strlen(path);
    const bool   cut = n > SHOWN;
    char text[160];
    vsnprintf(text, sizeof text, format, ap);
    tw_fail(cx, code, op, at, "%s%s: %s", cut ? "..." : "", path + (cut ? n - SHOWN : 0), text);
    return false;
}

bool tw__file_fail(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, tw_code code, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fail(at, cx, op, path, code, format, ap);
    va_end(ap);
    return false;
}

bool tw__source_fail(tw__source *s, tw_code code, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fail(s->at, s->cx, s->op, s->path, code, format, ap);
    va_end(ap);
    return false;
}

/* Refills in[], as far as the file goes; only when it is empty. */
static bool fill(tw__source *s)
{
    s->next = s->in;
    while (s->have < sizeof s->in) {
        const size_t  room = sizeof s->in - s->have;
        const int64_t n = s->more ? s->more(s->handle, s->in + s->have, room) : read(s->fd, s->in + s->have, room);
        if (n < 0 && !s->more && errno == EINTR) continue;
        if (n < 0) return tw__source_fail(s, TW_EIO, "cannot be read: %s", s->more ? "damaged" : strerror(errno));
        if (n == 0) break;
        s->have += (size_t)n;
    }
    return true;
}

static int64_t read_plain(tw__source *s, unsigned char *to, size_t size)
{
    size_t got = 0;
    while (got < size) {
        if (s->have == 0 && !fill(s)) return -1;
        if (s->have == 0) break;
        const size_t n = size - got < s->have ? size - got : s->have;
        memcpy(to + got, s->next, n);
        got += n, s->next += n, s->have -= n;
    }
    return (int64_t)got;
}

#ifdef TW_HAVE_ZLIB

/* zlib frees without telling the size, which the context's allocator wants to hear: it stands before the block. */
typedef union prefix { size_t size; max_align_t align; } prefix;

static voidpf z_alloc(voidpf cx, uInt items, uInt size)
{
    const size_t bytes = sizeof(prefix) + (size_t)items * size;
    prefix *p = tw_resize(cx, NULL, 0, bytes);
    if (!p) return Z_NULL;
    p->size = bytes;
    return p + 1;
}

static void z_free(voidpf cx, voidpf block)
{
    prefix *p = (prefix *)block - 1;
    tw_resize(cx, p, p->size, 0);
}

static bool gzip_begin(tw__source *s)
{
    s->z.zalloc = z_alloc, s->z.zfree = z_free, s->z.opaque = s->cx;
    s->gzip = inflateInit2(&s->z, MAX_WBITS + 16) == Z_OK;
    return s->gzip || tw__source_fail(s, TW_ENOMEM, "no memory to inflate");
}

/* Inflates what is in in[] to z.next_out, up to the end of the member. */
static bool inflate_some(tw__source *s)
{
    if (s->between) inflateReset(&s->z);
    s->z.next_in = s->next, s->z.avail_in = (uInt)s->have;
    const int status = inflate(&s->z, Z_NO_FLUSH);
    s->next = s->z.next_in, s->have = s->z.avail_in;
    s->between = status == Z_STREAM_END;
    if (status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR) return true;
    if (status == Z_MEM_ERROR) return tw__source_fail(s, TW_ENOMEM, "no memory to inflate");
    return tw__source_fail(s, TW_EIO, "damaged gzip data: %s", s->z.msg ? s->z.msg : "no reason given");
}

static int64_t read_gzip(tw__source *s, unsigned char *to, size_t size)
{
    size_t got = 0;
    while (got < size) {
        const size_t part = size - got < (1u << 30) ? size - got : (1u << 30);   /* zlib counts in 32 bits */
        if (s->have == 0 && !fill(s)) return -1;
        if (s->have == 0 && s->between) break;
        if (s->have == 0) {
            tw__source_fail(s, TW_EIO, "ends within its gzip data");
            return -1;
        }
        s->z.next_out = to + got, s->z.avail_out = (uInt)part;
        if (!inflate_some(s)) return -1;
        got += part - s->z.avail_out;
    }
    return (int64_t)got;
}

static void gzip_end(tw__source *s) { inflateEnd(&s->z); }

#else

static bool gzip_begin(tw__source *s)
{
    return tw__source_fail(s, TW_EMISSING, "is a gzip file, and this build has no zlib: unpack it with gunzip");
}

static int64_t read_gzip(tw__source *s, unsigned char *to, size_t size) { return read_plain(s, to, size); }
static void gzip_end(tw__source *s) { (void)s; }

#endif

static bool start(tw__source *s)
{
    if (s->more) return true;
    s->fd = open(s->path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0) return tw__source_fail(s, TW_EIO, "cannot be opened: %s", strerror(errno));
    if (!fill(s)) return false;
    if (s->have == 0) return tw__source_fail(s, TW_EIO, "is empty");
    const bool gzip = s->have >= 2 && s->in[0] == 0x1f && s->in[1] == 0x8b;
    return !gzip || gzip_begin(s);
}

tw__source *tw__source_open(const tw_loc *at, tw_ctx *cx, const char *op, const char *path)
{
    return tw__source_from(at, cx, op, path, NULL, NULL);
}

tw__source *tw__source_from(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, tw__source_fn more, void *handle)
{
    if (!tw_ok(cx)) return NULL;
    if (!path) {
        tw_fail(cx, TW_EARG, op, at, "no path: NULL");
        return NULL;
    }
    tw__source *s = tw_resize(cx, NULL, 0, sizeof *s);
    if (!s) return NULL;
    memset(s, 0, offsetof(tw__source, in));
    s->cx = cx, s->at = at, s->op = op, s->path = path, s->fd = -1, s->more = more, s->handle = handle;
    if (start(s)) return s;
    tw__source_close(s);
    return NULL;
}

bool tw__source_peek(tw__source *s, void *to, size_t size)
{
    memset(to, 0, size);
    if (s->gzip) return true;
    if (s->have == 0 && !fill(s)) return false;
    memcpy(to, s->next, size < s->have ? size : s->have);
    return true;
}

int64_t tw__source_read(tw__source *s, void *to, size_t size)
{
    return s->gzip ? read_gzip(s, to, size) : read_plain(s, to, size);
}

void tw__source_close(tw__source *s)
{
    if (s->gzip) gzip_end(s);
    if (s->fd >= 0) close(s->fd);
    tw_resize(s->cx, s, sizeof *s, 0);
}

enum { FIRST_BLOCK = 1 << 16 };

unsigned char *tw__file_contents(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, size_t *size, size_t *room)
{
    tw__source *s = tw__source_open(at, cx, op, path);
    unsigned char *bytes = NULL;
    int64_t n = -1;
    *size = *room = 0;
    while (s) {
        if (*size == *room) {
            const size_t more = *room ? 2 * *room : FIRST_BLOCK;
            unsigned char *p = tw_resize(cx, bytes, *room, more);
            if (!p) break;
            bytes = p, *room = more;
        }
        if ((n = tw__source_read(s, bytes + *size, *room - *size)) <= 0) break;
        *size += (size_t)n;
    }
    if (s) tw__source_close(s);
    if (tw_ok(cx) && n == 0) return bytes;
    if (bytes) tw_resize(cx, bytes, *room, 0);
    return NULL;
}
