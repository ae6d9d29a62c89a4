/* plot.c - curves, points and bands over two axes, drawn by gnuplot.
 *
 * A plot collects numbers under names, a series each, and writes them as a gnuplot script with the numbers in it. The
 * script is a file of its own (.gp) or goes straight to gnuplot, which draws the picture.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/picture_impl.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { LINE, DOT, BAND };
enum { NAME = 80 };

typedef struct series {
    char    name[NAME];
    int     kind, colour;       /* the colour is that of the name */
    int64_t n, room;            /* points, and how many fit */
    double (*at)[3];            /* x, y, and of bands the upper y */
} series;

struct tw_plot {
    tw_ctx      *cx;            /* NULL: dead */
    tw_plot_args o;
    char         text[3][NAME]; /* title, x, y */
    series      *s;
    int64_t      n, room;
};

static tw_plot dead;

static void close_plot(void *object)
{
    tw_plot *p = object;
    tw_ctx *cx = p->cx;
    for (int64_t i = 0; i < p->n; i++) tw_resize(cx, p->s[i].at, (size_t)p->s[i].room * sizeof *p->s[i].at, 0);
    tw_resize(cx, p->s, (size_t)p->room * sizeof *p->s, 0);
    tw_resize(cx, p, sizeof *p, 0);
}

static void copy(char *to, const char *from) { snprintf(to, NAME, "%s", from ? from : ""); }

tw_plot *tw_plot_new_at(const tw_loc *at, tw_ctx *cx, const tw_plot_args *o)
{
    TW_OPTIONS(tw_plot_args, o);
    if (!tw_ok(cx)) return &dead;
    if (o->width < 0 || o->height < 0) return tw_fail(cx, TW_EARG, "plot", at, "a picture of %d x %d pixels", o->width, o->height), &dead;
    tw_plot *p = tw_resize(cx, NULL, 0, sizeof *p);
    if (!p) return &dead;
    *p = (tw_plot){ .cx = cx, .o = *o };
    if (!o->width) p->o.width = 720;
    if (!o->height) p->o.height = 480;
    copy(p->text[0], o->title), copy(p->text[1], o->x), copy(p->text[2], o->y);
    if (tw_on_close(cx, close_plot, p)) return p;
    close_plot(p);
    return &dead;
}

/* ---- numbers */

/* One more element, of `size` bytes, in an array that is doubled when it is full. */
static void *grow(tw_ctx *cx, void *array, size_t size, int64_t n, int64_t *room)
{
    if (n < *room) return array;
    const int64_t more = *room ? 2 * *room : 8;
    void *larger = tw_resize(cx, array, (size_t)*room * size, (size_t)more * size);
    if (larger) *room = more;
    return larger;
}

static series *series_of(tw_plot *p, int kind, const char *name)
{
    char cut[NAME];
    int colour = -1, colours = 0;
    copy(cut, name);
    for (int64_t i = 0; i < p->n; i++) {
        const bool same = !strcmp(p->s[i].name, cut);
        if (same && p->s[i].kind == kind) return &p->s[i];
        if (same) colour = p->s[i].colour;
        if (p->s[i].colour == colours) colours++;
    }
    series *s = grow(p->cx, p->s, sizeof *s, p->n, &p->room);
    if (!s) return NULL;
    p->s = s, s += p->n++;
    *s = (series){ .kind = kind, .colour = colour >= 0 ? colour : colours };
    copy(s->name, cut);
    return s;
}

static void point(tw_plot *p, int kind, const char *name, double x, double y, double upper)
{
    if (!p || !p->cx || !tw_ok(p->cx)) return;
    series *s = series_of(p, kind, name);
    double (*v)[3] = s ? grow(p->cx, s->at, sizeof *v, s->n, &s->room) : NULL;
    if (!v) return;
    s->at = v, v += s->n++;
    (*v)[0] = x, (*v)[1] = y, (*v)[2] = upper;
}

void tw_plot_line(tw_plot *p, const char *name, double x, double y)                 { point(p, LINE, name, x, y, y); }
void tw_plot_dot(tw_plot *p, const char *name, double x, double y)                  { point(p, DOT, name, x, y, y); }
void tw_plot_band(tw_plot *p, const char *name, double x, double low, double high)  { point(p, BAND, name, x, low, high); }

/* ---- the script */

/* As a string of gnuplot's, in which nothing is special but the quote. */
static void quoted(FILE *f, const char *text)
{
    putc('\'', f);
    for (; *text; text++) {
        if (*text == '\'') putc('\'', f);
        putc((unsigned char)*text < ' ' ? ' ' : *text, f);
    }
    putc('\'', f);
}

static void setting(FILE *f, const char *what, const char *text)
{
    fprintf(f, "set %s ", what);
    quoted(f, text);
    fputs(" noenhanced\n", f);
}

static void number(FILE *f, double v, bool logarithmic)
{
    if (isfinite(v) && (v > 0 || !logarithmic)) fprintf(f, " %.9g", v);
    else fputs(" NaN", f);
}

/* Okabe and Ito's, which are told apart also by those who see fewer colours, and more that lie between them. */
static const char *const colours[] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
                                       "#7f3c8d", "#5f6b6d", "#80ba5a", "#a50026" };
enum { COLOURS = sizeof colours / sizeof *colours };

static void numbers_of(FILE *f, const tw_plot *p, int64_t i)
{
    const series *s = &p->s[i];
    fprintf(f, "$series%lld << end\n", (long long)i);
    for (int64_t k = 0; k < s->n; k++) {
        number(f, s->at[k][0], p->o.log_x);
        number(f, s->at[k][1], p->o.log_y);
        if (s->kind == BAND) number(f, s->at[k][2], p->o.log_y);
        putc('\n', f);
    }
    fputs("end\n", f);
}

static void drawing_of(FILE *f, const tw_plot *p, int64_t i)
{
    const series *s = &p->s[i];
    const char *c = colours[s->colour % COLOURS];
    char how[128];
    if (s->kind == BAND) snprintf(how, sizeof how, "with filledcurves fillcolor '%s' fillstyle transparent solid 0.18 noborder", c);
    if (s->kind == LINE) snprintf(how, sizeof how, "with %s linewidth 2 linecolor '%s'", s->n < 3 || s->n > 20 ? "lines" : "linespoints pointtype 7 pointsize 0.5", c);
    if (s->kind == DOT)   snprintf(how, sizeof how, "with points pointtype 7 linecolor '%s' pointsize", c);
    const char *size = s->kind != DOT ? "" : s->n > 300 ? " 0.25" : s->n > 60 ? " 0.4" : " 0.6";

    fprintf(f, "  $series%lld using 1:2%s %s%s notitle, \\\n", (long long)i, s->kind == BAND ? ":3" : "", how, size);
    if (!s->name[0]) return;
    fprintf(f, "  keyentry %s%s title ", how, s->kind == DOT ? " 0.8" : "");
    quoted(f, s->name);
    fputs(" noenhanced, \\\n", f);
}

static void script(FILE *f, const tw_plot *p)
{
    fputs("set border 3 linecolor '#777777'\nset tics nomirror out\nset grid linetype 1 linecolor '#e4e4e4'\nset rmargin 4\n"
          "set key outside top center horizontal Left reverse samplen 1.5\n", f);
    setting(f, "title", p->text[0]);
    setting(f, "xlabel", p->text[1]);
    setting(f, "ylabel", p->text[2]);
    if (p->o.log_x) fputs("set logscale x\n", f);
    if (p->o.log_y) fputs("set logscale y\nset format y '%h'\n", f);
    if (p->o.equal) fputs("set size ratio -1\n", f);
    for (int64_t i = 0; i < p->n; i++) numbers_of(f, p, i);
    fputs("plot \\\n", f);
    for (int64_t i = 0; i < p->n; i++) drawing_of(f, p, i);
    fputs("  NaN notitle\n", f);
}

/* ---- the picture */

static bool terminal(FILE *f, const tw_plot *p, const char *ending)
{
    const int w = p->o.width, h = p->o.height;
    if (!strcmp(ending, ".svg"))      fprintf(f, "set terminal svg size %d,%d font 'sans-serif,14' background '#ffffff'\n", w, h);
    else if (!strcmp(ending, ".png")) fprintf(f, "set terminal pngcairo size %d,%d font 'sans-serif,11'\n", w, h);
    else if (!strcmp(ending, ".pdf")) fprintf(f, "set terminal pdfcairo size %.3f,%.3f font 'sans-serif,11'\n", w / 96.0, h / 96.0);
    else return false;
    return true;
}

static bool draw(const tw_plot *p, const char *picture, const char *ending)
{
    FILE *f = tmpfile();
    bool good = f && terminal(f, p, ending);
    if (good) {
        fputs("set output ", f), quoted(f, picture), putc('\n', f);
        script(f, p);
        char program[] = "gnuplot", input[] = "-";
        good = fflush(f) == 0 && fseek(f, 0, SEEK_SET) == 0 && tw__run_quietly((char *[]){ program, input, NULL }, fileno(f));
    }
    if (f) fclose(f);
    return good;
}

bool tw_plot_write_at(const tw_loc *at, tw_plot *p, const char *path)
{
    if (!p || !p->cx || !tw_ok(p->cx)) return false;
    const char *ending = path ? strrchr(path, '.') : NULL;
    if (!ending) return tw_fail(p->cx, TW_EARG, "plot", at, "%.60s has no ending .svg, .png, .pdf or .gp", path ? path : "NULL"), false;
    if (strcmp(ending, ".gp") != 0) return draw(p, path, ending);

    FILE *f = fopen(path, "w");
    if (f) script(f, p);
    const bool written = f && !ferror(f);
    if (f && fclose(f) == 0 && written) return true;
    return tw_fail(p->cx, TW_EIO, "plot", at, "%.120s: cannot be written: %s", path, strerror(errno)), false;
}
