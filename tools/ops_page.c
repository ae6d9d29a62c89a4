/* ops_page.c - writes docs/ops.md, the page about the vocabulary, from what the source says.
 *
 * ops_page ROOT prints the page, ops_page ROOT --check compares it with ROOT/docs/ops.md. Names, arguments and meanings
 * are those of ops/ops.def, whose comments of the form "---- heading" begin a part of the page. Options come from the
 * structures in ops/ops.h, the class of the derivative from the descriptor, the file from where the builder is defined.
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/op.h"
#include "ops/ops.h"

typedef struct word { const char *name, *params, *text; const tw_op *op; bool built; } word;
static const word words[] = {
#define OP(name, params, text) { #name, #params, text, &tw_op_##name, true },
#define FN(name, params, text) { #name, #params, text, NULL, true },
#define RULE(name, text)       { #name, "", text, &tw_op_##name, false },
#include "ops/ops.def"
};
enum { WORDS = sizeof words / sizeof *words };

static const char head[] =
    "# The operations\n\n"
    "Written by `tools/ops_page.c` from `ops/ops.def`, the descriptors and the sources; `./dev docs` writes it anew.\n\n"
    "Options are by name behind the arguments, and zero means default: `tw_sum(x, .axes = TW_AXES(-1), .keep_dims = true)`.\n"
    "Negative axes count from the end. Operands of elementwise operations broadcast against each other, and a number may\n"
    "stand where two or more are taken. Floats are f32 or f64; operands of different dtypes are an error that names both.\n\n"
    "The column *derivative* is the class of the rule, which says how both modes come about:\n\n"
    "- *elementwise*: the cotangent, or the tangent, times the partial derivative of each element;\n"
    "- *linear*, *bilinear*: the transposed operation on the cotangent, the operation itself on the tangent;\n"
    "- *rule*: a rule of its own for the reverse mode; forward mode is its transpose, or a rule of its own as well;\n"
    "- *composed*: spelled from other operations, and differentiated through them;\n"
    "- *none*: integers, booleans, constants, random numbers: no derivative flows.\n\n"
    "Rules build graphs with these same operations, so all of them can be differentiated again, to any order. What has\n"
    "derivatives only of some orders, or only at some places:\n\n"
    "| | |\n|---|---|\n"
    "| `tw_eigh`, `tw_svd` at equal values | derivatives through the vectors are infinite or NaN; those of the values are right |\n"
    "| `tw_eigvalsh`, `tw_svdvals` at equal values | second derivatives are infinite or NaN |\n"
    "| `tw_extern` without `.vjp` or `.jvp` | that mode is an error that says so; with `.linear` all orders are there |\n\n"
    "Not in the tables, for they have several results or call the program: `tw_split`, `tw_chunk`, `tw_unstack`, `tw_meshgrid`,\n"
    "`tw_extern` (`ops/ops.h`), `tw_custom_grad`, `tw_checkpoint`, `tw_stop_grad`, `tw_op_register` (`core/core.h`).\n";

/* ---- text in memory ---------------------------------------------------------------------------- */

typedef struct text { char *at; size_t n, room; } text;

static void put(text *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (t->n + (size_t)n + 1 > t->room) {
        t->room = 2 * t->room + (size_t)n + 4096;
        char *p = realloc(t->at, t->room);
        if (!p) exit(2);
        t->at = p;
    }
    va_start(ap, format);
    vsnprintf(t->at + t->n, (size_t)n + 1, format, ap);
    va_end(ap);
    t->n += (size_t)n;
}

/* A file as a string; exits without. */
static char *slurp(const char *root, const char *path)
{
    text t = { NULL, 0, 0 };
    char name[1024], line[4096];
    snprintf(name, sizeof name, "%s%s%s", root, *root ? "/" : "", path);
    FILE *f = fopen(name, "r");
    if (!f) fprintf(stderr, "ops_page: no file %s\n", name), exit(2);
    put(&t, "%s", "");
    while (fgets(line, sizeof line, f)) put(&t, "%s", line);
    fclose(f);
    return t.at;
}

/* ---- what the sources say ------------------------------------------------------------------------ */

static char *def, *header;           /* header: those that have the structures of options */
static glob_t sources;
static char *contents[256];

static void read_sources(const char *root)
{
    char pattern[1024];
    text headers = { NULL, 0, 0 };
    put(&headers, "%s%s", slurp(root, "core/core.h"), slurp(root, "ops/ops.h"));
    def = slurp(root, "ops/ops.def"), header = headers.at;
    snprintf(pattern, sizeof pattern, "%s/ops/*.c", root);
    if (glob(pattern, 0, NULL, &sources) != 0 || sources.gl_pathc > sizeof contents / sizeof *contents) exit(2);
    for (size_t i = 0; i < sources.gl_pathc; i++) contents[i] = slurp("", sources.gl_pathv[i]);
}

/* Where the builder, or else the descriptor, is defined; macros may paste the name. */
static const char *source_of(const word *w)
{
    const int stem = (int)strcspn(w->name, "123");
    char at[4][96];
    snprintf(at[0], sizeof at[0], "tw_node *tw_%s_at(const tw_loc *at, ", w->name);
    snprintf(at[1], sizeof at[1], "const tw_op tw_op_%s = {", w->name);
    snprintf(at[2], sizeof at[2], "tw_%.*s##", stem, w->name);
    snprintf(at[3], sizeof at[3], "(%s, ", w->name);
    for (int k = 0; k < 4; k++)
        for (size_t i = 0; i < sources.gl_pathc; i++)
            if (strstr(contents[i], at[k])) return strrchr(sources.gl_pathv[i], '/') + 1;
    return NULL;
}

static const char *class_of(const word *w)
{
    static const char *const names[] = { [TW_NONE] = "none", [TW_ELEMENTWISE] = "elementwise", [TW_LINEAR] = "linear", [TW_BILINEAR] = "bilinear",
                                         [TW_GENERAL] = "rule" };
    return w->op ? names[w->op->rule] : "composed";
}

/* The fields of an options structure, but for its size: the last word of each declarator. */
static void put_options(text *t, const char *type, size_t length)
{
    char end[128], fields[4096];
    snprintf(end, sizeof end, "} %.*s;", (int)length, type);
    const char *stop = strstr(header, end), *start = header;
    if (!stop) fprintf(stderr, "ops_page: no header ends a structure by \"%s\"\n", end), exit(2);
    for (const char *p = header; (p = strstr(p, "typedef struct")) && p < stop; p++) start = strchr(p, '{');
    size_t n = 0;
    for (const char *p = start + 1; p < stop && n < sizeof fields - 1; p++)
        if (strncmp(p, "/*", 2)) fields[n++] = *p;
        else p = strstr(p, "*/") + 1;
    fields[n] = 0;
    for (char *f = strtok(fields, ",;"); f; f = strtok(NULL, ",;")) {
        f[strcspn(f, "[")] = 0;
        const char *name = f + strlen(f);
        while (name > f && (isalnum((unsigned char)name[-1]) || name[-1] == '_')) name--;
        if (*name && strcmp(name, "_size")) put(t, ", .%s", name);
    }
}

/* tw_name(x, n, .option, ...) from the types and names of the parameters. */
static void put_call(text *t, const word *w)
{
    put(t, "`tw_%s(", w->name);
    const char *p = w->params + 1;
    for (int k = 0; *p && *p != ')'; k++) {
        const size_t n = strcspn(p, ",)");
        if (strstr(p, "*options") && strstr(p, "*options") < p + n) {
            const char *type = p + strspn(p, " ") + strlen("const ");
            put_options(t, type, strcspn(type, " "));
        } else {
            const char *name = p + n;
            while (name[-1] != ' ' && name[-1] != '*') name--;
            put(t, "%s%.*s", k ? ", " : "", (int)(p + n - name), name);
        }
        p += n + (p[n] == ',');
    }
    put(t, ")`");
}

static void put_word(text *t, const word *w)
{
    const char *source = source_of(w);
    if (!source) fprintf(stderr, "ops_page: no source of %s\n", w->name), exit(2);
    put(t, "| ");
    if (w->built) put_call(t, w);
    else put(t, "`%s`", w->name);
    put(t, " | ");
    for (const char *p = w->text; *p; p++) put(t, *p == '|' || *p == '*' ? "\\%c" : "%c", *p);
    put(t, " | %s | [%s](../ops/%s) |\n", class_of(w), source, source);
}

static void put_part(text *t, const char *heading, int length)
{
    put(t, "\n## %c%.*s\n\n| call | meaning | derivative | source |\n|---|---|---|---|\n", toupper((unsigned char)*heading), length - 1, heading + 1);
}

/* The word that a line of ops.def is about, or NULL. */
static const word *word_of(const char *line)
{
    const size_t n = strcspn(line, "(\n");
    if (line[n] != '(' || (strncmp(line, "OP", n) && strncmp(line, "FN", n) && strncmp(line, "RULE", n))) return NULL;
    const char *name = line + n + 1;
    for (int i = 0; i < WORDS; i++)
        if (strlen(words[i].name) == strcspn(name, ",") && !strncmp(words[i].name, name, strlen(words[i].name))) return &words[i];
    return NULL;
}

/* Parts and words in the order of ops.def, whose text has the headings. */
static void put_page(text *t)
{
    put(t, "%s", head);
    for (const char *line = def; *line; line = strchr(line, '\n') + 1) {
        const word *w = word_of(line);
        if (!strncmp(line, "/* ---- ", 8)) put_part(t, line + 8, (int)(strstr(line + 8, " --") - line - 8));
        if (w) put_word(t, w);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) return fprintf(stderr, "usage: ops_page ROOT [--check]\n"), 2;
    text page = { NULL, 0, 0 };
    read_sources(argv[1]);
    put_page(&page);
    if (argc < 3) return fputs(page.at, stdout), 0;
    if (!strcmp(page.at, slurp(argv[1], "docs/ops.md"))) return 0;
    fprintf(stderr, "docs/ops.md is not what the source says: ./dev docs writes it anew\n");
    return 1;
}
