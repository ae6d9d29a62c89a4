/* sink.c - writes files so that a crash at any moment leaves the old contents or the new ones.
 *
 *     path.tmp  <- everything;  fsync;  rename to path;  fsync of the folder
 *
 * The lock on path.tmp keeps two writers of one path apart; a writer that was killed leaves a
 * path.tmp, which the next one takes over. What is no regular file (a pipe, /dev/stdout) is written
 * to directly.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/sink_impl.h"
#include "io/source_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096 };

struct tw__sink {
    tw_ctx       *cx;
    const tw_loc *at;
    const char   *op;
    int           fd;
    bool          direct, failed;
    size_t        have;
    char          path[PATH], temporary[PATH + 4];
    unsigned char out[1 << 16];
};

static bool fail(tw__sink *s, const char *what)
{
    s->failed = true;
    return tw__file_fail(s->at, s->cx, s->op, s->path, TW_EIO, "%s: %s", what, strerror(errno));
}

/* The temporary file, empty and ours alone: whoever held it may have renamed it while we waited for the lock. */
static bool take(tw__sink *s)
{
    for (;;) {
        struct stat here, there;
        s->fd = open(s->temporary, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (s->fd < 0) return fail(s, "cannot be written");
        while (flock(s->fd, LOCK_EX) != 0)
            if (errno != EINTR) return fail(s, "cannot be locked");
        if (fstat(s->fd, &here) == 0 && stat(s->temporary, &there) == 0 && here.st_ino == there.st_ino && here.st_dev == there.st_dev)
            return ftruncate(s->fd, 0) == 0 || fail(s, "cannot be emptied");
        close(s->fd), s->fd = -1;
    }
}

static bool start(tw__sink *s, const char *path)
{
    struct stat old;
    snprintf(s->path, sizeof s->path, "%s", path);
    snprintf(s->temporary, sizeof s->temporary, "%s.tmp", path);
    s->direct = stat(path, &old) == 0 && !S_ISREG(old.st_mode);
    if (!s->direct) return take(s);
    s->fd = open(path, O_WRONLY | O_CLOEXEC);
    return s->fd >= 0 || fail(s, "cannot be written");
}

tw__sink *tw__sink_open(const tw_loc *at, tw_ctx *cx, const char *op, const char *path)
{
    if (!tw_ok(cx)) return NULL;
    if (!path || !*path || strlen(path) >= PATH) {
        tw_fail(cx, TW_EARG, op, at, "no path: %s", !path ? "NULL" : *path ? "it is too long" : "it is empty");
        return NULL;
    }
    tw__sink *s = tw_resize(cx, NULL, 0, sizeof *s);
    if (!s) return NULL;
    memset(s, 0, offsetof(tw__sink, out));
    s->cx = cx, s->at = at, s->op = op, s->fd = -1;
    if (start(s, path)) return s;
    tw__sink_close(s, false);
    return NULL;
}

static bool put(tw__sink *s, const unsigned char *bytes, size_t size)
{
    while (size) {
        const ssize_t n = write(s->fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(s, "cannot be written");
        bytes += n, size -= (size_t)n;
    }
    return true;
}

static bool flush(tw__sink *s)
{
    const size_t n = s->have;
    s->have = 0;
    return !s->failed && put(s, s->out, n);
}

bool tw__sink_write(tw__sink *s, const void *bytes, size_t size)
{
    if (s->have + size > sizeof s->out && !flush(s)) return false;
    if (size >= sizeof s->out) return !s->failed && put(s, bytes, size);
    if (size) memcpy(s->out + s->have, bytes, size);
    s->have += size;
    return !s->failed;
}

/* The new name survives a power cut only once its folder is on the disk. */
static bool sync_folder(tw__sink *s)
{
    char folder[PATH];
    snprintf(folder, sizeof folder, "%s", s->path);
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = 0;
    const int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return true;            /* a folder that may be written but not read */
    const bool ok = fsync(fd) == 0 || errno == EINVAL;
    close(fd);
    return ok || fail(s, "its folder cannot be synchronised");
}

static bool commit(tw__sink *s)
{
    if (!flush(s)) return false;
    if (s->direct) return true;
    if (fsync(s->fd) != 0) return fail(s, "cannot be synchronised");
    if (rename(s->temporary, s->path) != 0) return fail(s, "cannot be put in its place");
    return sync_folder(s);
}

bool tw__sink_close(tw__sink *s, bool keep)
{
    if (!s) return false;
    const bool done = keep && !s->failed && commit(s);
    if (!done && !s->direct && s->fd >= 0) unlink(s->temporary);
    if (s->fd >= 0) close(s->fd);
    tw_resize(s->cx, s, sizeof *s, 0);
    return done;
}
