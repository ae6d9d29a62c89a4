/* progress.c - the line that says how far a loop is.
 *
 * A person at a terminal sees one line that is rewritten, cut to the width of the window; a file or
 * a pipe gets whole lines, few of them. The line goes to stderr, so that stdout belongs to the
 * program's results.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/train_impl.h"

#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 512 };

double tw__seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t columns(void)
{
    struct winsize w;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 1 ? w.ws_col : 80;
}

static void duration(double s, char *text, size_t size)
{
    if (s < 99.5) snprintf(text, size, "%.0f s", s);
    else if (s < 5970) snprintf(text, size, "%.0f min", s / 60);
    else snprintf(text, size, "%.1f h", s / 3600);
}

/* "epoch 2/5, 312/938: ", the user's text, "5210 images/s, 2 min left". */
static void compose(const tw_batch *b, double now, char *line, size_t size, const char *format, va_list ap)
{
    const struct tw__loop *l = b->loop;
    char of[16] = "", time[32];
    if (l->o.epochs > 0) snprintf(of, sizeof of, "/%d", l->o.epochs);
    int n = snprintf(line, size, "epoch %lld%s, %lld/%lld: ", (long long)b->epoch + 1, of, (long long)b->index + 1, (long long)b->of);
    n += vsnprintf(line + n, size - (size_t)n, format, ap);
    if (n >= (int)size) return;

    const double spent = now - l->progress.begun, each = spent / (double)l->progress.done;
    const bool   last  = b->index + 1 == b->of;
    const double left  = each * (double)((b->of - b->index - 1) * l->o.size +
                                         (l->o.epochs > b->epoch ? l->o.epochs - b->epoch - 1 : 0) * l->d->count);
    duration(last ? spent : left, time, sizeof time);
    snprintf(line + n, size - (size_t)n, ", %.0f %s/s, %s%s", each > 0 ? 1 / each : 0, l->d->unit, time, last ? "" : " left");
}

/* Over the line before: cut to the window, the rest of the old line erased. */
static void rewrite(tw__progress *p, const char *line)
{
    const size_t width = columns() - 1, n = strlen(line) < width ? strlen(line) : width;
    fprintf(stderr, "\r%.*s\033[K", (int)n, line);
    fflush(stderr);
    p->open = true;
}

void tw__progress_end(tw__progress *p)
{
    if (p->open) fputc('\n', stderr);
    p->open = false;
}

void tw_progress(tw_batch *b, const char *format, ...)
{
    struct tw__loop *l = b ? b->loop : NULL;
    if (!l || !format || !tw_ok(l->d->cx)) return;

    tw__progress *p = &l->progress;
    const bool   terminal = isatty(STDERR_FILENO), last = b->index + 1 == b->of;
    const double now = tw__seconds();
    if (!last && now - p->shown < (terminal ? 0.1 : 10)) return;

    char line[LINE];
    va_list ap;
    va_start(ap, format);
    compose(b, now, line, sizeof line, format, ap);
    va_end(ap);
    if (terminal) rewrite(p, line);
    else fprintf(stderr, "%s\n", line);
    p->shown = now;
}
