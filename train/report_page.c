/* report_page.c - the page: HTML that is complete in itself.
 *
 * Nothing is loaded, and the policy in its head lets nothing be: pictures are part of it, and only scripts with the page's
 * own random number run. Texts from the program come through tw__print_escaped. What the page's script draws (its text is
 * in report_text.c) stands there as numbers, and as a table for whoever has no Chart.js.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/image_impl.h"
#include "train/report_impl.h"
#include "train/report_text.h"
#include "train/train_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

enum { MOST_CLASSES = 30, MOST_PAIRS = 15, LIBRARY = 1 << 22 };

typedef struct page {
    tw__bytes       *to;
    const tw_report *r;
    const tw_loc    *at;
    char             nonce[33];
} page;

#define PUT(...) tw__print(p->to, __VA_ARGS__)
static void put_text(const page *p, const char *text) { tw__print_escaped(p->to, text); }

static void put_lines(tw__bytes *to, const char *const *line)
{
    for (; *line; line++) tw__print(to, "%s\n", *line);
}

/* ---- Chart.js */

static size_t read_whole(const char *path, char *to, size_t room)
{
    FILE *f = fopen(path, "rb");
    if (!f) return 0;
    const size_t n = fread(to, 1, room, f);
    fclose(f);
    return n < room ? n : 0;
}

/* Within a script element "</script" would end it and "<!--" change how it ends: both only occur in strings and patterns, where
 * a backslash before the second character says the same. */
void tw__report_library(tw_ctx *cx, tw__bytes *to)
{
    const char *other = getenv("TW_CHART_JS"), *path = other ? other : "/usr/share/javascript/chart.js/chart.min.js";
    char *text = tw_resize(cx, NULL, 0, LIBRARY);
    const size_t n = text ? read_whole(path, text, LIBRARY) : 0;
    size_t from = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        if (text[i] != '<') continue;
        const bool ends = n - i > 8 && !strncasecmp(text + i, "</script", 8), opens = n - i > 4 && !strncmp(text + i, "<!--", 4);
        const bool nests = n - i > 7 && !strncasecmp(text + i, "<script", 7);
        if (!ends && !opens && !nests) continue;
        tw__bytes_put(to, text + from, i + 1 - from);
        tw__print_text(to, nests ? "\\x" : "\\");
        if (nests) tw__print(to, "%02x", (unsigned char)text[++i]);
        from = i + 1;
    }
    tw__bytes_put(to, text + from, n - from);
    if (text) tw_resize(cx, text, LIBRARY, 0);
}

/* ---- curves */

static size_t chart_length(const char *tag)
{
    const char *slash = strchr(tag, '/');
    return slash ? (size_t)(slash - tag) : strlen(tag);
}

static bool same_chart(const tw__series *a, const tw__series *b)
{
    const size_t n = chart_length(a->tag);
    return n == chart_length(b->tag) && !strncmp(a->tag, b->tag, n);
}

static bool begins_chart(const tw_report *r, const tw__series *s)
{
    const tw__series *t = r->series;
    while (t != s && !same_chart(t, s)) t = t->next;
    return t == s;
}

/* A part of a tag, as text. */
static void put_part(const page *p, const char *from, size_t n)
{
    char part[512];
    snprintf(part, sizeof part, "%.*s", (int)n, from);
    put_text(p, part);
}

static const char *const colours[] = { "one", "two", "c3", "c4", "c5", "c6" };
enum { COLOURS = sizeof colours / sizeof *colours };

/* Its numbers in short; colour: the one that it is drawn in, NULL where the script says that. */
static void put_line_of_chart(const page *p, const tw__series *s, const char *colour)
{
    const size_t chart = chart_length(s->tag), all = strlen(s->tag);
    int low = 0, high = 0;
    for (int i = 1; i < s->n; i++) {
        if (!(s->at[i].value >= s->at[low].value))  low = i;
        if (!(s->at[i].value <= s->at[high].value)) high = i;
    }
    PUT("<tr><th>");
    if (colour) PUT("<b style=\"color:var(--%s)\">&#9644;</b> ", colour);
    if (chart == all) put_part(p, s->tag, all);
    else put_part(p, s->tag + chart + 1, all - chart - 1);
    if (!s->n) PUT("</th><td colspan=3>");
    else PUT("</th><td>%.4g</td><td>%.4g <i>at %lld</i></td><td>%.4g <i>at %lld</i></td>", s->at[s->n - 1].value, s->at[low].value,
             (long long)s->at[low].step, s->at[high].value, (long long)s->at[high].step);
    PUT("</tr>\n");
}

/* The lines of a chart without Chart.js: from the first step to the last, from the lowest number to the highest. */
static void put_lines_of_chart(const page *p, const tw__series *first)
{
    enum { W = 480, H = 160 };
    double x[2] = { (double)INFINITY, -(double)INFINITY }, y[2] = { (double)INFINITY, -(double)INFINITY };
    for (const tw__series *s = first; s; s = s->next)
        for (int i = 0; same_chart(first, s) && i < s->n; i++) {
            if (!isfinite(s->at[i].value)) continue;
            x[0] = fmin(x[0], (double)s->at[i].step), x[1] = fmax(x[1], (double)s->at[i].step);
            y[0] = fmin(y[0], s->at[i].value), y[1] = fmax(y[1], s->at[i].value);
        }
    if (!(x[1] > x[0])) return;
    if (!(y[1] > y[0])) y[1] = y[0] + 1;
    PUT("<svg viewBox=\"0 0 %d %d\" role=img aria-label=curves><path class=axis d=\"M0 0V%dH%d\"/>", W, H + 14, H, W);
    int k = 0;
    for (const tw__series *s = first; s; s = s->next) {
        if (!same_chart(first, s)) continue;
        bool on = false;
        PUT("<path class=line style=\"stroke:var(--%s)\" d=\"", colours[k++ % COLOURS]);
        for (int i = 0; i < s->n; i++) {
            const bool finite = isfinite(s->at[i].value);
            if (finite) PUT("%c%.1f %.1f", on ? 'L' : 'M', ((double)s->at[i].step - x[0]) / (x[1] - x[0]) * W, H - (s->at[i].value - y[0]) / (y[1] - y[0]) * H);
            on = finite;
        }
        PUT("\"/>");
    }
    PUT("<text x=4 y=11>%.3g</text><text x=4 y=%d>%.3g</text><text x=0 y=%d>step %.0f</text><text x=%d y=%d text-anchor=end>%.0f</text></svg>\n",
        y[1], H - 4, y[0], H + 12, x[0], W, H + 12, x[1]);
}

/* Twenty points of each line, for whom there is no drawing. */
static void put_points(const page *p, const tw__series *first)
{
    enum { ROWS = 20 };
    PUT("<details><summary>points</summary><div class=wide><table><tr><th>line</th><th>step</th><th>value</th></tr>\n");
    for (const tw__series *s = first; s; s = s->next) {
        if (!same_chart(first, s)) continue;
        const int rows = s->n < ROWS ? s->n : ROWS;
        for (int k = 0; k < rows; k++) {
            const int i = rows > 1 ? (int)((int64_t)k * (s->n - 1) / (rows - 1)) : 0;
            const size_t chart = chart_length(s->tag);
            PUT("<tr><th>");
            put_text(p, s->tag[chart] ? s->tag + chart + 1 : s->tag);
            PUT("</th><td>%lld</td><td>%.5g</td></tr>\n", (long long)s->at[i].step, s->at[i].value);
        }
    }
    PUT("</table></div></details>\n");
}

static void put_chart(const page *p, const tw__series *first, int number, bool drawn)
{
    const char *log = strstr(first->tag, "norm") ? "true" : "false";
    int k = 0;
    PUT("<figure class=card><figcaption><h3>");
    put_part(p, first->tag, chart_length(first->tag));
    PUT("</h3>");
    if (drawn) PUT("<button type=button data-log=%d aria-pressed=%s>log</button>", number, log);
    PUT("</figcaption>\n");
    if (drawn) PUT("<div class=plot><canvas data-chart=%d role=img></canvas></div>\n", number);
    else put_lines_of_chart(p, first);
    PUT("<div class=wide><table><tr><th></th><th>last</th><th>lowest</th><th>highest</th></tr>\n");
    for (const tw__series *s = first; s; s = s->next)
        if (same_chart(first, s)) put_line_of_chart(p, s, drawn ? NULL : colours[k++ % COLOURS]);
    PUT("</table></div>\n");
    if (!drawn) put_points(p, first);
    PUT("</figure>\n");
}

static void put_curves(const page *p, bool drawn)
{
    int number = 0;
    if (!p->r->series) return;
    PUT("<section id=curves><h2>Curves</h2><div class=grid>\n");
    for (const tw__series *s = p->r->series; s; s = s->next)
        if (begins_chart(p->r, s)) put_chart(p, s, number++, drawn);
    PUT("</div></section>\n");
}

/* ---- histograms */

enum { WIDE = 240, HIGH = 72 };

/* Of few elements several bins are drawn as one. */
static int together(const tw__histogram *h) { return h->n < 100 ? 4 : h->n < 400 ? 2 : 1; }

static double density(const tw__histogram *h, int k, int bins)
{
    int64_t count = 0;
    for (int i = k; i < k + bins; i++) count += h->count[i];
    return (double)count / ((h->high - h->low) * bins / TW__BINS) / (double)h->n;
}

/* The outline of a histogram over [low, high], where most elements per width fill the height. */
static void put_outline(const page *p, const tw__histogram *h, double low, double high, double most, const char *class)
{
    const double x = WIDE / (high - low);
    const int bins = together(h);
    PUT("<path class=%s d=\"M%.1f %d", class, (h->low - low) * x, HIGH);
    for (int k = 0; k < TW__BINS; k += bins)
        PUT("V%.1fH%.1f", HIGH - (HIGH - 2) * density(h, k, bins) / most, (tw__bin(h, k + bins) - low) * x);
    PUT("V%dZ\"/>", HIGH);
}

static double densest(const tw__histogram *h)
{
    double most = 0;
    for (int k = 0; k < TW__BINS; k += together(h)) most = fmax(most, density(h, k, together(h)));
    return most;
}

static bool spread_out(const tw__histogram *h) { return h->n > 0 && h->high > h->low; }

static void put_histogram(const page *p, const tw__spread *s)
{
    const tw__histogram *now = &s->latest, *then = &s->first;
    const bool two = s->twice && spread_out(then);
    if (!spread_out(now)) {
        PUT("<p class=flat>%s</p>", now->n ? "all the same" : "no finite element");
        return;
    }
    const double low = two ? fmin(now->low, then->low) : now->low, high = two ? fmax(now->high, then->high) : now->high;
    const double most = two ? fmax(densest(now), densest(then)) : densest(now);
    PUT("<svg viewBox=\"0 0 %d %d\" role=img aria-label=\"histogram\">", WIDE, HIGH + 14);
    put_outline(p, now, low, high, most, "now");
    if (two) put_outline(p, then, low, high, most, "then");
    PUT("<path class=axis d=\"M0 %dH%d\"/>", HIGH, WIDE);
    if (low < 0 && high > 0) PUT("<path class=axis d=\"M%.1f %dv3\"/>", -low * WIDE / (high - low), HIGH);
    PUT("<text x=0 y=%d>%.3g</text><text x=%d y=%d text-anchor=end>%.3g</text></svg>", HIGH + 12, low, WIDE, HIGH + 12, high);
}

static void put_spread(const page *p, const tw__spread *s, size_t section)
{
    const tw__histogram *h = &s->latest;
    const double n = h->n ? (double)h->n : 1, mean = h->sum / n, variance = h->squares / n - mean * mean;
    PUT("<figure class=card><figcaption><h3>");
    put_text(p, s->tag[section] ? s->tag + section + 1 : s->tag);
    PUT("</h3><span>%s</span></figcaption>", s->shape);
    put_histogram(p, s);
    PUT("<p>mean %.3g, deviation %.3g", mean, sqrt(fmax(variance, 0)));
    if (h->zeros) PUT(", <b>%.1f %%</b> zero", 100 * (double)h->zeros / n);
    if (h->bad) PUT(", <b class=bad>%lld not finite</b>", (long long)h->bad);
    PUT("</p></figure>\n");
}

static void put_spreads(const page *p)
{
    for (const tw__spread *s = p->r->spreads; s; s = s->next) {
        const size_t n = chart_length(s->tag);
        const tw__spread *t = p->r->spreads;
        while (t != s && (chart_length(t->tag) != n || strncmp(t->tag, s->tag, n))) t = t->next;
        if (t != s) continue;
        PUT("<section><h2>");
        put_part(p, s->tag, n);
        PUT("</h2>%s<div class=\"grid small\">\n", s->twice ? "<p class=hint>Filled: now. Outline: when the page began.</p>" : "");
        for (; t; t = t->next)
            if (chart_length(t->tag) == n && !strncmp(t->tag, s->tag, n)) put_spread(p, t, n);
        PUT("</div></section>\n");
    }
}

/* ---- answers */

static void put_class(const page *p, int64_t c)
{
    const char *const *names = tw_dataset_class_names(p->r->answered);
    if (names && c < tw_dataset_classes(p->r->answered)) put_text(p, names[c]);
    else PUT("%lld", (long long)c);
}

static int64_t row_sum(const tw_report *r, int64_t c)
{
    int64_t sum = 0;
    for (int64_t k = 0; k < r->classes; k++) sum += r->confusion[c * r->classes + k];
    return sum;
}

static void put_matrix(const page *p)
{
    const tw_report *r = p->r;
    PUT("<div class=wide><table class=matrix><tr><th class=corner>label \\ answer</th>");
    for (int64_t c = 0; c < r->classes; c++) PUT("<th><span>"), put_class(p, c), PUT("</span></th>");
    PUT("<th><span>found</span></th></tr>\n");
    for (int64_t c = 0; c < r->classes; c++) {
        const int64_t *row = r->confusion + c * r->classes, all = row_sum(r, c);
        PUT("<tr><th>"), put_class(p, c), PUT("</th>");
        for (int64_t k = 0; k < r->classes; k++) {
            const double share = all ? (double)row[k] / (double)all : 0;
            if (row[k]) PUT("<td class=%s style=\"--share:%.3f\">%lld</td>", k == c ? "right" : "wrong", sqrt(share), (long long)row[k]);
            else PUT("<td></td>");
        }
        if (all) PUT("<td class=sum>%.1f %%</td></tr>\n", 100 * (double)row[c] / (double)all);
        else PUT("<td></td></tr>\n");
    }
    PUT("</table></div>\n");
}

/* Of many classes only what is taken for what most often. */
static void put_pairs(const page *p)
{
    const tw_report *r = p->r;
    int64_t below = INT64_MAX, after = -1;
    PUT("<div class=wide><table><tr><th>label</th><th>answer</th><th>times</th></tr>\n");
    for (int k = 0; k < MOST_PAIRS; k++) {
        int64_t best = -1;
        for (int64_t i = 0; i < r->classes * r->classes; i++) {
            const int64_t n = r->confusion[i];
            if (i / r->classes == i % r->classes || !n || n > below || (n == below && i <= after)) continue;
            if (best < 0 || n > r->confusion[best]) best = i;
        }
        if (best < 0) break;
        PUT("<tr><th>"), put_class(p, best / r->classes), PUT("</th><th>"), put_class(p, best % r->classes);
        PUT("</th><td>%lld</td></tr>\n", (long long)r->confusion[best]);
        below = r->confusion[best], after = best;
    }
    PUT("</table></div>\n");
}

static bool is_picture(const tw_shape *s)
{
    return (s->n == 2 || (s->n == 3 && (s->at[2] == 1 || s->at[2] == 3 || s->at[2] == 4))) && s->at[0] > 1 && s->at[1] > 1
        && s->at[0] <= 512 && s->at[1] <= 512;
}

/* From the least to the largest element where they are no numbers from 0 to 1. */
static void bytes_of(const tw__column *c, int64_t n, unsigned char *to)
{
    double low = 0, high = c->stored == TW_U8 ? 255 : 1, least = (double)INFINITY, most = -(double)INFINITY;
    for (int64_t i = 0; i < n; i++) least = fmin(least, tw__column_element(c, i)), most = fmax(most, tw__column_element(c, i));
    if (least < low || most > high || most < high / 16) low = least, high = most > least ? most : least + 1;
    for (int64_t i = 0; i < n; i++) to[i] = (unsigned char)(fmin(fmax((tw__column_element(c, i) - low) / (high - low), 0), 1) * 255 + 0.5);
}

static void put_png(const page *p, const void *png, size_t size, const char *alt)
{
    PUT("<img src=\"data:image/png;base64,");
    tw__print_base64(p->to, png, size);
    PUT("\" alt=\"");
    put_text(p, alt);
    PUT("\">");
}

#ifdef TW_HAVE_PNG
static void put_example(const page *p, int64_t example)
{
    tw_ctx *cx = p->r->cx;
    const tw_dataset *d = p->r->answered;
    const tw__piece x = tw__piece_x(d), y = tw__piece_y(d);
    if (!is_picture(&x.item)) return;
    const size_t room = x.bytes + y.bytes + tw__example_scratch(d) + 64;
    char *block = tw_resize(cx, NULL, 0, room);
    if (!block) return;
    tw__example(d, tw_seed(cx), 0, example, block, block + x.bytes, block + (x.bytes + y.bytes + 15) / 16 * 16);
    const tw__column c = { .stored = x.dtype, .data = block };
    tw__image i = { x.item.at[0], x.item.at[1], x.item.n == 3 ? (int)x.item.at[2] : 1, x.bytes / tw_dtype_size(x.dtype), NULL };
    if ((i.data = tw_resize(cx, NULL, 0, i.bytes))) {
        size_t size;
        bytes_of(&c, (int64_t)i.bytes, i.data);
        unsigned char *png = tw__png_encode(p->at, cx, "report", "example", &i, &size);
        if (png) put_png(p, png, size, "the example");
        free(png);
    }
    tw__image_drop(cx, &i);
    tw_resize(cx, block, room, 0);
}
#else
static void put_example(const page *p, int64_t example)
{
    (void)p, (void)example, (void)is_picture, (void)bytes_of;
}
#endif

static void put_answers(const page *p)
{
    const tw_report *r = p->r;
    if (!r->classes) return;
    int64_t all = 0, right = 0;
    for (int64_t c = 0; c < r->classes; c++) all += row_sum(r, c), right += r->confusion[c * r->classes + c];
    PUT("<section><h2>Confusion</h2><p class=hint>%lld of %lld right: accuracy %.4f.</p><div class=card>\n", (long long)right, (long long)all,
        (double)right / (double)(all ? all : 1));
    (r->classes <= MOST_CLASSES ? put_matrix : put_pairs)(p);
    PUT("</div></section>\n");
    if (!r->worst_n) return;
    PUT("<section><h2>Worst mistakes</h2><p class=hint>Where the label seemed least probable.</p><div class=\"grid tiny\">\n");
    for (int k = 0; k < r->worst_n; k++) {
        const tw__mistake *m = &r->worst[k];
        PUT("<figure class=\"card picture\">");
        put_example(p, m->example);
        PUT("<figcaption><b>"), put_class(p, m->label), PUT("</b> (%.1g&nbsp;%%)<br>taken for <b>", 100 * m->p_label), put_class(p, m->guess);
        PUT("</b> (%.0f&nbsp;%%)<br><span>example %lld</span></figcaption></figure>\n", 100 * m->p_guess, (long long)m->example);
    }
    PUT("</div></section>\n");
}

/* ---- the rest */

static void put_notes(const page *p)
{
    if (!p->r->notes) return;
    PUT("<dl class=card>\n");
    for (const tw__said *n = p->r->notes; n; n = n->next) {
        PUT("<div><dt>"), put_text(p, n->name), PUT("</dt><dd>"), put_text(p, n->text), PUT("</dd></div>\n");
    }
    PUT("</dl>\n");
}

static void put_ms(const page *p, double ns)
{
    if (ns > 0) PUT("<td>%.3g ms</td>", ns / 1e6);
    else PUT("<td></td>");
}

static void put_time(const page *p, const char *layer, double forward, double backward, double most, double all)
{
    PUT("<tr><th>"), put_text(p, layer);
    PUT("</th><td class=bars><i class=forward style=\"width:%.1f%%\"></i><i class=backward style=\"width:%.1f%%\"></i></td>", 100 * forward / most,
        100 * backward / most);
    put_ms(p, forward), put_ms(p, backward);
    PUT("<td>%.1f %%</td></tr>\n", 100 * (forward + backward) / all);
}

/* What takes less than a hundredth is one row. */
static void put_times(const page *p)
{
    double all = 0, most = 0, rest[2] = { 0, 0 };
    for (const tw__spent *t = p->r->times; t; t = t->next) all += t->forward + t->backward, most = fmax(most, t->forward + t->backward);
    if (!(all > 0)) return;
    PUT("<section><h2>Time by layer</h2><p class=hint>Of one step, %.3g ms: <b class=forward>forward</b>, <b class=backward>backward and "
        "update</b>.</p><div class=\"card wide\"><table class=times>\n<tr><th>layer</th><th class=bars></th><th>forward</th><th>backward</th>"
        "<th>share</th></tr>\n", all / 1e6);
    for (const tw__spent *t = p->r->times; t; t = t->next) {
        if (t->forward + t->backward > all / 100) put_time(p, t->layer, t->forward, t->backward, most, all);
        else rest[0] += t->forward, rest[1] += t->backward;
    }
    if (rest[0] + rest[1] > 0) put_time(p, "(the rest)", rest[0], rest[1], most, all);
    PUT("</table></div></section>\n");
}

static void put_pictures(const page *p)
{
    if (p->r->landscape.n) {
        PUT("<section><h2>Loss landscape</h2><div class=\"card paper\">\n");
        tw__bytes_put(p->to, p->r->landscape.b, p->r->landscape.n);
        PUT("</div></section>\n");
    }
    if (!p->r->pictures) return;
    PUT("<section><h2>Pictures</h2><div class=\"grid small\">\n");
    for (const tw__shown *s = p->r->pictures; s; s = s->next) {
        PUT("<figure class=\"card picture\">");
        put_png(p, s->png.b, s->png.n, s->caption);
        PUT("<figcaption>"), put_text(p, s->caption), PUT("</figcaption></figure>\n");
    }
    PUT("</div></section>\n");
}

static void put_graph(const page *p)
{
    const tw_report *r = p->r;
    if (!r->graph_nodes) return;
    PUT("<section><h2>Graph</h2>");
    if (r->graph.n) {
        PUT("<p class=hint>Point at a node to see the line that built it.</p><div class=\"card paper scroll\">\n");
        tw__bytes_put(p->to, r->graph.b, r->graph.n);
        PUT("</div>");
    }
    else PUT("<p class=hint>%d nodes; not drawn: %s.</p>", r->graph_nodes, r->no_dot ? "there is no dot (Debian: graphviz)" : "too many to be read");
    PUT("</section>\n");
}

static void draw_nonce(page *p)
{
    unsigned char random[16];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) memset(random, 0, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) snprintf(p->nonce + 2 * i, 3, "%02x", random[i]);
}

static void put_scripts(const page *p, const tw__bytes *library)
{
    PUT("<script type=\"text/plain\" id=\"numbers\">\n");
    tw__report_numbers(p->r, p->to);
    PUT("</script>\n");
    if (!library->n) return;
    PUT("<script nonce=\"%s\">\n", p->nonce);
    tw__bytes_put(p->to, library->b, library->n);
    PUT("\n</script>\n<script nonce=\"%s\">\n", p->nonce);
    put_lines(p->to, tw__report_js);
    PUT("</script>\n");
}

void tw__report_page(const tw_loc *at, const tw_report *r, tw__bytes *to)
{
    page all = { .to = to, .r = r, .at = at };
    page *p = &all;
    tw__bytes library = { .cx = r->cx };
    draw_nonce(p);
    tw__report_library(r->cx, &library);
    PUT("<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; script-src 'nonce-%s'; style-src 'unsafe-inline'; img-src data:\">\n"
        "<meta name=color-scheme content=\"light dark\">\n<title>", p->nonce);
    put_text(p, r->title);
    PUT("</title>\n<style>\n");
    put_lines(to, tw__report_css);
    PUT("</style>\n</head>\n<body>\n<header><h1>");
    put_text(p, r->title);
    PUT("</h1></header>\n<main>\n");
    put_notes(p), put_curves(p, library.n > 0), put_answers(p), put_spreads(p), put_times(p), put_pictures(p), put_graph(p);
    PUT("</main>\n");
    put_scripts(p, &library);
    PUT("</body>\n</html>\n");
    tw__bytes_drop(&library);
}
