/* report.c - what a page holds: gathered here, written by report_page.c.
 *
 * Numbers of a run that goes on are read back from the page that it left: they stand there as text
 * (tw__report_numbers), a tag and then its points, which is also what draws the curves.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/archive_impl.h"
#include "io/image_impl.h"
#include "io/sink_impl.h"
#include "train/report_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 1024 };

tw_report tw__report_dead;

static bool usable(const tw_report *r) { return r && r->cx && tw_ok(r->cx); }

/* ---- lists: entries are blocks that begin with the next one's address */

typedef struct entry { struct entry *next; } entry;

static void *append(tw_ctx *cx, void *list, size_t size)
{
    entry **end = list, *new = tw_resize(cx, NULL, 0, size);
    if (!new) return NULL;
    memset(new, 0, size);
    while (*end) end = &(*end)->next;
    return *end = new;
}

static void drop_list(tw_ctx *cx, void *first, size_t size)
{
    for (entry *next, *l = first; l; l = next) {
        next = l->next;
        tw_resize(cx, l, size, 0);
    }
}

static void close_report(void *object)
{
    tw_report *r = object;
    tw_ctx *cx = r->cx;
    for (tw__shown *p = r->pictures; p; p = p->next) tw__bytes_drop(&p->png);
    drop_list(cx, r->series, sizeof *r->series), drop_list(cx, r->spreads, sizeof *r->spreads), drop_list(cx, r->notes, sizeof *r->notes);
    drop_list(cx, r->pictures, sizeof *r->pictures), drop_list(cx, r->times, sizeof *r->times);
    if (r->confusion) tw_resize(cx, r->confusion, (size_t)(r->classes * r->classes) * sizeof *r->confusion, 0);
    tw__bytes_drop(&r->graph), tw__bytes_drop(&r->landscape);
    tw__text_drop(cx, r->path), tw__text_drop(cx, r->title);
    tw_resize(cx, r, sizeof *r, 0);
}

/* ---- numbers */

static tw__series *series_of(tw_report *r, const char *tag)
{
    tw__series *s = r->series;
    while (s && strcmp(s->tag, tag)) s = s->next;
    const char *kept = s ? NULL : tw_intern(r->cx, tag);
    if (!kept || !(s = append(r->cx, &r->series, sizeof *s))) return s;
    s->tag = kept, s->every = 1;
    return s;
}

static void halve(tw__series *s)
{
    for (int i = 0; i < TW__POINTS / 2; i++) {
        s->at[i].step  = s->at[2 * i + 1].step;
        s->at[i].value = (s->at[2 * i].value + s->at[2 * i + 1].value) / 2;
    }
    s->n = TW__POINTS / 2, s->every *= 2;
}

void tw_report_scalar(tw_report *r, const char *tag, int64_t step, double value)
{
    tw__series *s = usable(r) && tag ? series_of(r, tag) : NULL;
    if (!s) return;
    s->sum += value;
    if (++s->gathered < s->every) return;
    s->at[s->n].step = step, s->at[s->n++].value = s->sum / (double)s->gathered;
    s->sum = 0, s->gathered = 0;
    if (s->n == TW__POINTS) halve(s);
}

/* As in an address, which JavaScript decodes: what is no UTF-8 is a question mark. */
static void put_tag(tw__bytes *to, const char *tag)
{
    for (const unsigned char *c = (const unsigned char *)tag; *c; ) {
        const size_t n = tw__utf8_length(c);
        const bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("/_.-", *c);
        if (plain) tw__print(to, "%c", *c);
        else if (!n) tw__print_text(to, "%3f");
        else for (size_t i = 0; i < n; i++) tw__print(to, "%%%02x", c[i]);
        c += n ? n : 1;
    }
}

void tw__report_numbers(const tw_report *r, tw__bytes *to)
{
    for (const tw__series *s = r->series; s; s = s->next) {
        tw__print_text(to, "tag ");
        put_tag(to, s->tag);
        tw__print(to, " %lld\n", (long long)s->every);
        for (int i = 0; i < s->n; i++) tw__print(to, "%lld %.7g\n", (long long)s->at[i].step, s->at[i].value);
    }
}

static void decode(char *tag)
{
    char *to = tag;
    for (const char *c = tag; *c; to++) {
        char two[3] = { c[0] == '%' ? c[1] : 0, c[0] == '%' && c[1] ? c[2] : 0, 0 }, *end;
        const long byte = strtol(two, &end, 16);
        const bool coded = end == two + 2 && byte;
        *to = coded ? (char)byte : *c;
        c += coded ? 3 : 1;
    }
    *to = 0;
}

/* The points that an earlier page has for steps before from. */
static void take_over(tw_report *r, FILE *f, int64_t from)
{
    char line[LINE], tag[LINE];
    tw__series *s = NULL;
    long long step, every;
    double value;
    while (fgets(line, sizeof line, f) && !strstr(line, "id=\"numbers\"")) { }
    while (fgets(line, sizeof line, f) && line[0] != '<' && tw_ok(r->cx)) {
        if (sscanf(line, "tag %1000s %lld", tag, &every) == 2 && every > 0) {
            decode(tag);
            s = series_of(r, tag);
            if (s && !s->n) s->every = every;
        }
        else if (s && s->n + 1 < TW__POINTS && sscanf(line, "%lld %lf", &step, &value) == 2 && step < from)
            s->at[s->n].step = step, s->at[s->n++].value = value;
    }
}

/* ---- opening and writing */

static bool can_be_written(const tw_loc *at, tw_ctx *cx, const char *path)
{
    tw__sink *s = tw__sink_open(at, cx, "report", path);
    tw__sink_close(s, false);
    return s;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

tw_report *tw_report_open_at(const tw_loc *at, tw_ctx *cx, const char *path, const tw_report_args *o)
{
    TW_OPTIONS(tw_report_args, o);
    if (!tw_ok(cx)) return &tw__report_dead;
    if (o->from < 0) return tw_fail(cx, TW_EARG, "report", at, ".from is %lld", (long long)o->from), &tw__report_dead;
    if (!can_be_written(at, cx, path)) return &tw__report_dead;
    tw_report *r = tw_resize(cx, NULL, 0, sizeof *r);
    if (!r) return &tw__report_dead;
    *r = (tw_report){ .cx = cx, .graph.cx = cx, .landscape.cx = cx };
    r->path = tw__text_copy(cx, path), r->title = tw__text_copy(cx, o->title ? o->title : last_part(path));
    FILE *before = o->from ? fopen(path, "r") : NULL;
    if (before && r->title) take_over(r, before, o->from);
    if (before) fclose(before);
    if (tw_ok(cx) && tw_on_close(cx, close_report, r)) return r;
    close_report(r);
    return &tw__report_dead;
}

bool tw_report_write_at(const tw_loc *at, tw_report *r)
{
    if (!usable(r)) return false;
    tw__bytes page = { .cx = r->cx };
    tw__report_page(at, r, &page);
    tw__sink *s = tw_ok(r->cx) ? tw__sink_open(at, r->cx, "report", r->path) : NULL;
    const bool good = s && tw__sink_close(s, tw__sink_write(s, page.b, page.n));
    tw__bytes_drop(&page);
    return good;
}

/* ---- other content */

void tw_report_note(tw_report *r, const char *name, const char *text)
{
    if (!usable(r) || !name || !text) return;
    tw__said *n = r->notes;
    while (n && strcmp(n->name, name)) n = n->next;
    if (!n && !(n = append(r->cx, &r->notes, sizeof *n))) return;
    const char *kept = tw_intern(r->cx, name), *kept_text = tw_intern(r->cx, text);
    n->name = kept ? kept : "", n->text = kept_text ? kept_text : "";
}

/* What stands for n, of the page's context; NULL after failing. */
static tw_node *value_of(const tw_loc *at, tw_report *r, tw_node *n)
{
    if (!usable(r)) return NULL;
    if (!n) return tw_fail(r->cx, TW_EARG, "report", at, "the value is NULL"), NULL;
    if (!(n = tw_input(at, "report", 0, n)) || tw_is_nil(n)) return NULL;
    if (n->cx == r->cx) return n;
    return tw_fail(r->cx, TW_ESCOPE, "report", at, "the value is of another context than the page"), NULL;
}

void tw_report_histogram_at(const tw_loc *at, tw_report *r, const char *tag, tw_node *n)
{
    tw__histogram h;
    if (!(n = value_of(at, r, n))) return;
    if (!tag) { tw_fail(r->cx, TW_EARG, "report", at, "the tag is NULL"); return; }
    if (!tw__histogram_of(at, n, &h)) return;
    tw__spread *s = r->spreads;
    while (s && strcmp(s->tag, tag)) s = s->next;
    const char *kept = s ? s->tag : tw_intern(r->cx, tag);
    if (s) s->twice = true;
    else if (kept && (s = append(r->cx, &r->spreads, sizeof *s))) s->first = h;
    if (!s) return;
    s->tag = kept, s->latest = h;
    tw_shape_text(n->shape, s->shape, sizeof s->shape);
}

void tw_report_picture_at(const tw_loc *at, tw_report *r, const char *caption, tw_node *n)
{
    tw__image i;
    size_t size;
    if (!(n = value_of(at, r, n)) || !tw__image_of(at, "report", n, &i)) return;
    unsigned char *png = tw__png_encode(at, r->cx, "report", caption ? caption : "picture", &i, &size);
    const char *kept = png ? tw_intern(r->cx, caption ? caption : "") : NULL;
    tw__shown *p = kept ? append(r->cx, &r->pictures, sizeof *p) : NULL;
    if (p) {
        p->caption = kept, p->height = i.height, p->width = i.width, p->png.cx = r->cx;
        tw__bytes_put(&p->png, png, size);
    }
    tw__image_drop(r->cx, &i);
    free(png);
}

void tw__report_times_begin(tw_report *r)
{
    for (tw__spent *t = r->times; t; t = t->next) t->forward = t->backward = 0;
}

void tw__report_time(tw_report *r, const char *layer, double forward, double backward)
{
    if (!usable(r)) return;
    tw__spent *t = r->times;
    while (t && strcmp(t->layer, layer)) t = t->next;
    const char *kept = t ? t->layer : tw_intern(r->cx, layer);
    if (!t && kept) t = append(r->cx, &r->times, sizeof *t);
    if (t) t->layer = kept, t->forward += forward, t->backward += backward;
}
