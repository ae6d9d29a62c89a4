/* csv.c - tables of text: numbers and categories in columns.
 *
 * RFC 4180: fields between separators, quoted where they hold separators, quotes (doubled) or ends
 * of lines; lines end with LF or CRLF; gzip as everywhere. All fields are kept as text first. Then a
 * column whose fields are all numbers, or missing, is one of numbers; any other is one of
 * categories, numbered in the order of their bytes. Numbers are read as in C, whatever the locale.
 * Every row has as many fields as the first, lines that are empty apart.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE             /* strtod_l */
#include "core/here_impl.h"
#include "io/io.h"
#include "io/source_impl.h"
#include "nn/net_impl.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct column {
    const char *name;
    int         classes;        /* 0: numbers */
    double     *number;         /* a row each: NaN where missing */
    int32_t    *code;           /* the category: -1 where missing */
    const char **class_name;    /* room for one a row */
} column;

struct tw_table {
    tw_ctx  *cx;                /* NULL: dead */
    char    *text;              /* all fields, each ended by a 0 */
    size_t   text_n, text_room;
    int64_t *cell;              /* where each begins, row by row; columns of them before the rows if there is a header */
    int64_t  cells, cells_room;
    int      columns;
    int64_t  rows;
    column  *column;
};

static tw_table dead;

/* ---- reading fields */

typedef struct reader {
    tw_table   *t;
    tw__source *s;
    int         separator;      /* a byte */
    int64_t     line;
    size_t      have, next;
    unsigned char in[1 << 13];
} reader;

enum { END = -1, FAILED = -2, MOST_COLUMNS = 1 << 16 };

static int peek(reader *r)
{
    if (r->next == r->have) {
        const int64_t n = tw__source_read(r->s, r->in, sizeof r->in);
        if (n <= 0) return n < 0 ? FAILED : END;
        r->have = (size_t)n, r->next = 0;
    }
    return r->in[r->next];
}

static int take(reader *r)
{
    const int c = peek(r);
    if (c >= 0) r->next++;
    if (c == '\n') r->line++;
    return c;
}

static void *grown(tw_ctx *cx, void *block, size_t need, size_t *room)
{
    if (need <= *room) return block;
    const size_t more = 2 * *room > need ? 2 * *room : need + (1 << 12);
    void *p = tw_resize(cx, block, *room, more);
    if (p) *room = more;
    return p;
}

static bool put(tw_table *t, char c)
{
    char *p = grown(t->cx, t->text, t->text_n + 1, &t->text_room);
    if (!p) return false;
    t->text = p;
    p[t->text_n++] = c;
    return true;
}

static bool begin_cell(tw_table *t)
{
    size_t room = (size_t)t->cells_room * sizeof *t->cell;
    int64_t *p = grown(t->cx, t->cell, (size_t)(t->cells + 1) * sizeof *p, &room);
    if (!p) return false;
    t->cell = p, t->cells_room = (int64_t)(room / sizeof *p);
    p[t->cells++] = (int64_t)t->text_n;
    return true;
}

static bool bad(reader *r, int64_t line, const char *what) { return tw__source_fail(r->s, TW_EIO, "line %lld: %s", (long long)line, what); }

/* After the opening quote. */
static bool quoted(reader *r)
{
    const int64_t begun = r->line;
    for (;;) {
        int c = take(r);
        if (c == FAILED) return false;
        if (c == END) return bad(r, begun, "a quote that does not end");
        if (c == 0) return bad(r, r->line, "a byte of 0: this is no text");
        if (c == '"') {
            if (peek(r) != '"') return true;
            take(r);
        }
        if (!put(r->t, (char)c)) return false;
    }
}

/* One field, and what ends it: the separator, '\n', END, or FAILED. */
static int field(reader *r)
{
    if (!begin_cell(r->t)) return FAILED;
    const bool in_quotes = peek(r) == '"';
    if (in_quotes && (take(r), !quoted(r))) return FAILED;
    for (;;) {
        int c = take(r);
        if (c == '\r' && peek(r) == '\n') c = take(r);
        if (c == FAILED) return FAILED;
        if (c == r->separator || c == '\n' || c == END) return put(r->t, 0) ? c : FAILED;
        if (in_quotes) return bad(r, r->line, "text after a closing quote"), FAILED;
        if (c == 0) return bad(r, r->line, "a byte of 0: this is no text"), FAILED;
        if (c == '"') return bad(r, r->line, "a quote within a field that has none around it"), FAILED;
        if (!put(r->t, (char)c)) return FAILED;
    }
}

/* The next line that is not empty: 1, 0 at the end, or FAILED. */
static int row(reader *r)
{
    tw_table *t = r->t;
    for (;;) {
        const int64_t first = t->cells, line = r->line;
        const size_t  text = t->text_n;
        int c, n = 0;
        do {
            c = field(r);
            n++;
            if (c == FAILED) return FAILED;
            if (n > MOST_COLUMNS) return bad(r, line, "more than 65536 fields"), FAILED;
        } while (c == r->separator);
        const bool empty = n == 1 && t->text_n == text + 1 && (t->columns != 1 || c == END);
        if (!empty && !t->columns) t->columns = n;
        if (!empty && n == t->columns) return 1;
        if (!empty) {
            tw__source_fail(r->s, TW_EIO, "line %lld: %d fields, not the %d of the first line", (long long)line, n, t->columns);
            return FAILED;
        }
        t->cells = first, t->text_n = text;
        if (c == END) return 0;
    }
}

/* A mark of UTF-8 before the first field says nothing. */
static bool skip_mark(reader *r)
{
    if (peek(r) != 0xef) return peek(r) != FAILED;
    const bool mark = r->have >= 3 && r->in[1] == 0xbb && r->in[2] == 0xbf;
    if (mark) r->next = 3;
    return true;
}

static bool read_all(tw__source *s, tw_table *t, const tw_csv_args *o)
{
    reader r = { .t = t, .s = s, .separator = o->separator ? (unsigned char)o->separator : ',', .line = 1 };
    int more = skip_mark(&r) ? 1 : FAILED;
    while (more == 1) more = row(&r);
    if (more == FAILED) return false;
    t->rows = t->columns ? t->cells / t->columns - !o->no_header : 0;
    return t->rows > 0 || tw__source_fail(s, TW_EIO, "has no rows");
}

/* ---- columns */

static bool is_missing(const char *text, const char *word)
{
    static const char *const words[] = { "", "NA", "NaN", "nan", "N/A", "null", "NULL", "?" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(text, words[i])) return true;
    return word && !strcmp(text, word);
}

static bool number_of(const char *text, locale_t c, double *v)
{
    char *end;
    *v = strtod_l(text, &end, c);
    while (*end == ' ') end++;
    return end != text && !*end && !strpbrk(text, "xX");
}

typedef struct named { const char *text; int64_t row; } named;

static int by_text(const void *a, const void *b) { return strcmp(((const named *)a)->text, ((const named *)b)->text); }

/* Numbers the texts of a column; NULL: missing. */
static void categories(tw_table *t, column *c, named *rows)
{
    int64_t n = 0;
    for (int64_t i = 0; i < t->rows; i++)
        if (rows[i].text) rows[n++] = rows[i];
        else c->code[rows[i].row] = -1;
    if (n) qsort(rows, (size_t)n, sizeof *rows, by_text);
    for (int64_t i = 0; i < n; i++) {
        if (!i || strcmp(rows[i].text, rows[i - 1].text)) c->class_name[c->classes++] = rows[i].text;
        c->code[rows[i].row] = c->classes - 1;
    }
    if (!c->classes) c->class_name[c->classes++] = "";
}

static const char *cell(const tw_table *t, int64_t i) { return t->text + t->cell[i]; }

static bool infer(tw_table *t, const tw_csv_args *o, locale_t locale, named *rows, int k)
{
    column *c = &t->column[k];
    const int64_t head = o->no_header ? 0 : t->columns;
    const size_t n = (size_t)t->rows;
    bool numbers = !(o->categories && tw__matches(o->categories, c->name));
    if (!(c->number = tw_resize(t->cx, NULL, 0, n * sizeof *c->number))) return false;
    for (int64_t i = 0; i < t->rows; i++) {
        const char *text = cell(t, head + i * t->columns + k);
        const bool missing = is_missing(text, o->missing);
        rows[i] = (named){ missing ? NULL : text, i };
        c->number[i] = (double)NAN;
        numbers = numbers && (missing || number_of(text, locale, &c->number[i]));
    }
    if (numbers) return true;
    tw_resize(t->cx, c->number, n * sizeof *c->number, 0);
    c->number = NULL;
    c->code = tw_resize(t->cx, NULL, 0, n * sizeof *c->code);
    c->class_name = tw_resize(t->cx, NULL, 0, n * sizeof *c->class_name);
    if (c->code && c->class_name) categories(t, c, rows);
    return c->code && c->class_name;
}

/* "1", "2", ... for columns without names. */
static const char *name_of(tw_table *t, const tw_csv_args *o, int k)
{
    char text[16];
    snprintf(text, sizeof text, "%d", k + 1);
    return o->no_header ? tw_intern(t->cx, text) : cell(t, k);
}

static bool infer_all(tw__source *s, tw_table *t, const tw_csv_args *o)
{
    const size_t size = (size_t)t->columns * sizeof *t->column, rows_size = (size_t)t->rows * sizeof(named);
    if (!(t->column = tw_resize(t->cx, NULL, 0, size))) return false;
    memset(t->column, 0, size);
    named   *rows = tw_resize(t->cx, NULL, 0, rows_size);
    locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    bool ok = rows && c;
    if (rows && !c) tw__source_fail(s, TW_ENOMEM, "no memory for the locale \"C\"");
    for (int k = 0; ok && k < t->columns; k++) ok = (t->column[k].name = name_of(t, o, k)) && infer(t, o, c, rows, k);
    if (c) freelocale(c);
    if (rows) tw_resize(t->cx, rows, rows_size, 0);
    return ok;
}

/* ---- the table */

static void drop(void *object)
{
    tw_table *t = object;
    tw_ctx *cx = t->cx;
    const size_t n = (size_t)t->rows;
    for (int k = 0; t->column && k < t->columns; k++) {
        column *c = &t->column[k];
        if (c->number) tw_resize(cx, c->number, n * sizeof *c->number, 0);
        if (c->code) tw_resize(cx, c->code, n * sizeof *c->code, 0);
        if (c->class_name) tw_resize(cx, (void *)(uintptr_t)c->class_name, n * sizeof *c->class_name, 0);
    }
    if (t->column) tw_resize(cx, t->column, (size_t)t->columns * sizeof *t->column, 0);
    if (t->cell) tw_resize(cx, t->cell, (size_t)t->cells_room * sizeof *t->cell, 0);
    if (t->text) tw_resize(cx, t->text, t->text_room, 0);
    tw_resize(cx, t, sizeof *t, 0);
}

tw_table *tw_csv_read_at(const tw_loc *at, tw_ctx *cx, const char *path, const tw_csv_args *o)
{
    TW_OPTIONS(tw_csv_args, o);
    if (o->separator == '"' || o->separator == '\n' || o->separator == '\r') {
        tw_fail(cx, TW_EARG, "csv_read", at, ".separator is a quote or the end of a line");
        return &dead;
    }
    tw__source *s = tw__source_open(at, cx, "csv_read", path);
    if (!s) return &dead;
    tw_table *t = tw_resize(cx, NULL, 0, sizeof *t);
    if (t) *t = (tw_table){ .cx = cx };
    const bool ok = t && read_all(s, t, o) && infer_all(s, t, o);
    tw__source_close(s);
    if (ok && tw_on_close(cx, drop, t)) return t;
    if (t) drop(t);
    return &dead;
}

tw_ctx     *tw_table_ctx(const tw_table *t)     { return t ? t->cx : NULL; }
int64_t     tw_table_rows(const tw_table *t)    { return t ? t->rows : 0; }
int         tw_table_columns(const tw_table *t) { return t ? t->columns : 0; }
static const column *at_index(const tw_table *t, int k) { return t && k >= 0 && k < t->columns ? &t->column[k] : NULL; }

const char *tw_table_name(const tw_table *t, int k)
{
    const column *c = at_index(t, k);
    return c ? c->name : NULL;
}

int tw_table_find(const tw_table *t, const char *name)
{
    for (int k = 0; name && k < tw_table_columns(t); k++)
        if (!strcmp(t->column[k].name, name)) return k;
    return -1;
}

int tw_table_classes(const tw_table *t, int k)
{
    const column *c = at_index(t, k);
    return c ? c->classes : 0;
}

const char *tw_table_class(const tw_table *t, int k, int number)
{
    const column *c = at_index(t, k);
    return c && number >= 0 && number < c->classes ? c->class_name[number] : NULL;
}

const double  *tw_table_numbers(const tw_table *t, int k) { return at_index(t, k) ? at_index(t, k)->number : NULL; }
const int32_t *tw_table_codes(const tw_table *t, int k)   { return at_index(t, k) ? at_index(t, k)->code : NULL; }

tw_node *tw_table_column_at(const tw_loc *at, const tw_table *t, int k)
{
    const column *c = at_index(t, k);
    if (!t || !t->cx || !tw_ok(t->cx)) return tw_nil(t ? t->cx : NULL);
    if (!c) return tw_fail(t->cx, TW_EARG, "table_column", at, "column %d of %d", k, t->columns);
    if (!c->classes) return tw_cast(tw_data(t->cx, TW_F64, TW_SHAPE(t->rows), c->number), tw_default_dtype(t->cx));
    return tw_data(t->cx, TW_I32, TW_SHAPE(t->rows), c->code);
}
