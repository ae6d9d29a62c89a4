/* dot.c - graphs as Graphviz text that a person can read.
 *
 * Nodes are written in the order of their ids, within nested clusters for the parts of their names
 * ("encoder/block1"); DOT merges clusters of one name, so a cluster is reopened when the sequence
 * comes back to it. What a derivative emitted has clusters and colours of its own: it lies
 * downstream of the whole calculation, and within the forward clusters it would stretch each over
 * the whole drawing. Two kinds of noise are folded: a constant number stands in the label of the
 * node that uses it, and a broadcast is a dashed edge from what it repeats. With .groups the clusters are
 * the programs of the latest plan instead.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "core/ctx_impl.h"
#include "core/look_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

typedef struct drawing {
    tw__reached         reached;
    tw_node           **roots;
    int                 n_roots;
    const tw_dot_args  *options;
    FILE               *to;
} drawing;

typedef struct text { char at[640]; size_t used; } text;

static void put(text *t, const char *format, ...) TW_PRINTF(2, 3);
static void put(text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int more = vsnprintf(t->at + t->used, sizeof t->at - t->used, format, args);
    va_end(args);
    if (more > 0) t->used += (size_t)more;
    if (t->used >= sizeof t->at) t->used = sizeof t->at - 1;
}

/* The length of the UTF-8 sequence at s, 0 if it is none. */
static int utf8(const unsigned char *s)
{
    const int n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return n;
}

/* A DOT string: names come from users and may hold anything. */
static void quote(FILE *to, const char *s)
{
    fputc('"', to);
    while (*s) {
        const int n = utf8((const unsigned char *)s);
        if (*s == '\n') fputs("\\n", to);
        else if (*s == '"' || *s == '\\') fprintf(to, "\\%c", *s);
        else if (*s == '&') fputs("&amp;", to);
        else if (n == 0 || (unsigned char)*s < ' ' || *s == 0x7f) fputc('?', to);
        else fwrite(s, 1, (size_t)n, to);
        s += n ? n : 1;
    }
    fputc('"', to);
}

static bool is_root(const drawing *d, const tw_node *n)
{
    for (int k = 0; k < d->n_roots; k++)
        if (d->roots[k] == n) return true;
    return false;
}

/* Whether n stands for itself in the drawing, though its kind is folded. */
static bool singled_out(const drawing *d, const tw_node *n)
{
    return (n->flags & TW_N_NAMED) || is_root(d, n);
}

/* Behind broadcasts that are drawn as edges. */
static tw_node *source(const drawing *d, tw_node *x)
{
    while (x->op == tw__vocab.broadcast_to && !singled_out(d, x)) x = tw_inputs(x)[0];
    return x;
}

static bool inline_number(const drawing *d, tw_node *x, double *value)
{
    x = source(d, x);
    return tw__number_of(x, value) && !singled_out(d, x);
}

static bool is_folded(const drawing *d, tw_node *n)
{
    double value;
    return source(d, n) != n || inline_number(d, n, &value);
}

/* ---- labels ------------------------------------------------------------------------------- */

/* "mul 0.5", "sub(1, .)": the operation with the numbers among its inputs. */
static void put_call(text *t, const drawing *d, const tw_node *y)
{
    double value;
    int numbers = 0;
    for (int i = 0; i < y->n_in; i++) numbers += inline_number(d, tw_inputs(y)[i], &value);
    put(t, "%s", y->op->name);
    if (!numbers || y->n_in > 8) return;
    if (numbers == 1 && y->n_in == 2 && inline_number(d, tw_inputs(y)[1], &value)) {
        put(t, " %.6g", value);
        return;
    }
    for (int i = 0; i < y->n_in; i++) {
        put(t, i ? ", " : "(");
        if (inline_number(d, tw_inputs(y)[i], &value)) put(t, "%.6g", value);
        else put(t, "\302\267");                                            /* a centred dot */
    }
    put(t, ")");
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void put_label(text *t, const drawing *d, tw_node *n)
{
    const char *name = tw__own_name(n);
    double value;
    char more[160] = "";

    if (name) put(t, "%s\n", last_part(name));
    if (tw__number_of(n, &value)) put(t, "%.6g\n", value);
    else if (n->op != &tw_op_read) {
        put_call(t, d, n);
        if (n->op->label) n->op->label(n, more, sizeof more);
        put(t, more[0] ? " %s\n" : "\n", more);
    } else if (!name) put(t, "state\n");
    put(t, "%s %s", tw_shape_text(n->shape, more, sizeof more), tw_dtype_name((tw_dtype)n->dtype));
    if (d->options->values) tw__value_text(n, more, sizeof more);
    else more[0] = 0;
    if (more[0]) put(t, "\n%s", more);
}

/* ---- nodes -------------------------------------------------------------------------------- */

typedef struct paint { const char *shape, *style, *fill, *line; } paint;

static paint paint_of(const tw_node *n)
{
    static const paint param    = { "box", "filled", "#d7ead2", "#4a7c3f" };
    static const paint state    = { "box", "filled,dashed", "#e9e4d4", "#857440" };
    static const paint leaf     = { "box", "filled,rounded", "#f7efc4", "#a08a2e" };
    static const paint effect   = { "cds", "filled", "#e3d3ee", "#7a4c9c" };
    static const paint forward  = { "ellipse", "filled", "#dbe8f6", "#3f6c9c" };
    static const paint gradient = { "ellipse", "filled", "#fbdcc0", "#b8651b" };

    if (n->op == &tw_op_read) return tw__cell_of(n)->trained ? param : state;
    if (n->op == &tw_op_assign) return effect;
    if (n->flags & TW_N_GRAD) return gradient;
    return n->n_in == 0 ? leaf : forward;
}

static void put_place(text *t, const tw_node *n)
{
    put(t, "%%%d = %s", n->id, n->op->name);
    if (n->at && n->at->file) put(t, "\n%s:%d in %s", n->at->file, n->at->line, n->at->func);
}

static void write_node(const drawing *d, tw_node *n, int depth)
{
    const paint p = paint_of(n);
    text label = { .used = 0 }, place = { .used = 0 };
    put_label(&label, d, n);
    put_place(&place, n);

    fprintf(d->to, "%*sn%d [label=", 2 + 2 * depth, "", n->id);
    quote(d->to, label.at);
    fprintf(d->to, ", shape=%s, style=\"%s\", fillcolor=\"%s\", color=\"%s\"", p.shape, p.style, p.fill, p.line);
    if (is_root(d, n)) fputs(", penwidth=2.5", d->to);
    fputs(", tooltip=", d->to);
    quote(d->to, place.at);
    fputs("];\n", d->to);
}

/* ---- clusters ----------------------------------------------------------------------------- */

/* The cluster of n, as the beginning of a path: a node's own name is not part of it. */
static int cluster_length(const tw_node *n, const char **path)
{
    const char *own = tw__own_name(n);
    *path = own ? own : n->name ? n->name : "";
    if (!own) return (int)strlen(*path);
    const char *slash = strrchr(own, '/');
    return slash ? (int)(slash - own) : 0;
}

static void open_cluster(const drawing *d, const char *path, int length, bool gradient, int depth)
{
    text id = { .used = 0 }, label = { .used = 0 };
    int start = length;
    while (start > 0 && path[start - 1] != '/') start--;
    put(&id, "cluster_%s%.*s", gradient ? "gradient of " : "", length, path);
    put(&label, "%s%.*s", gradient && depth == 0 ? "gradient of " : "", length - start, path + start);

    fprintf(d->to, "%*ssubgraph ", 2 + 2 * depth, "");
    quote(d->to, id.at);
    fputs(" {\n", d->to);
    fprintf(d->to, "%*slabel=", 4 + 2 * depth, "");
    quote(d->to, label.at);
    fprintf(d->to, "; style=\"rounded,filled\"; color=\"%s\"; fillcolor=\"%s\";\n",
            gradient ? "#dfb48a" : "#a9bdd3", gradient ? "#fef6ee" : "#f3f7fb");
}

static void close_clusters(const drawing *d, int from, int to)
{
    for (int depth = from; depth > to; depth--) fprintf(d->to, "%*s}\n", 2 * depth, "");
}

/* Opens what n's path has and the previous node's has not. */
static int open_clusters(const drawing *d, const char *path, int length, bool gradient)
{
    int depth = 0;
    for (int end = 1; end <= length; end++)
        if (end == length || path[end] == '/') open_cluster(d, path, end, gradient, depth++);
    return depth;
}

/* In the cluster of the instruction that computes it, if that computes others too. */
static void write_in_group(const drawing *d, tw_node *n)
{
    const int32_t group = tw__plan_group(d->reached.cx, n);
    char label[96];
    if (group < 0) {
        write_node(d, n, 0);
        return;
    }
    tw__plan_group_text(d->reached.cx, group, label, sizeof label);
    fprintf(d->to, "  subgraph cluster_%d {\n    label=", group);
    quote(d->to, label);
    fputs("; style=\"rounded,filled\"; color=\"#9fb59a\"; fillcolor=\"#f2f7f0\";\n", d->to);
    write_node(d, n, 1);
    fputs("  }\n", d->to);
}

static void write_nodes(const drawing *d)
{
    const char *path = "";
    int length = 0, depth = 0;
    bool gradient = false;

    for (int64_t id = 0; id < d->reached.size; id++) {
        tw_node *n = d->reached.by_id[id];
        if (!n || is_folded(d, n)) continue;
        if (d->options->groups) {
            write_in_group(d, n);
            continue;
        }
        const char *next;
        const int next_length = cluster_length(n, &next);
        const bool next_gradient = (n->flags & TW_N_GRAD) != 0;
        if (next_length != length || next_gradient != gradient || memcmp(next, path, (size_t)length)) {
            close_clusters(d, depth, 0);
            path = next, length = next_length, gradient = next_gradient;
            depth = open_clusters(d, path, length, gradient);
        }
        write_node(d, n, depth);
    }
    close_clusters(d, depth, 0);
}

/* ---- edges -------------------------------------------------------------------------------- */

/* Whether exchanging the inputs may change the result, so that edges say which is which. */
static bool ordered(const tw_node *y)
{
    return y->n_in > 1 && y->op != tw__vocab.add && y->op != tw__vocab.mul;
}

static void write_edges(const drawing *d, tw_node *y)
{
    double value;
    int drawn = 0;
    for (int i = 0; i < y->n_in; i++) drawn += !inline_number(d, tw_inputs(y)[i], &value);
    for (int i = 0; i < y->n_in; i++) {
        tw_node *x = tw_inputs(y)[i], *from = source(d, x);
        if (inline_number(d, x, &value)) continue;
        fprintf(d->to, "  n%d -> n%d [color=\"%s\"", from->id, y->id, y->flags & TW_N_GRAD ? "#b8651b" : "#3f6c9c");
        if (from != x) fputs(", style=dashed", d->to);
        if (drawn > 1 && ordered(y)) fprintf(d->to, ", headlabel=\"%d\"", i);
        fputs("];\n", d->to);
    }
}

static void write_graph(const drawing *d)
{
    fputs("digraph thalweg {\n"
          "  graph [fontname=\"Helvetica\", fontsize=11, nodesep=0.18, ranksep=0.32, labelloc=t, labeljust=l, newrank=true];\n"
          "  node [fontname=\"Helvetica\", fontsize=10, margin=\"0.06,0.03\", height=0.3, width=0.3];\n"
          "  edge [arrowsize=0.6, fontname=\"Helvetica\", fontsize=7, labeldistance=1.2];\n", d->to);
    text title = { .used = 0 };
    if (d->options->title) put(&title, "%s\n", d->options->title);
    put(&title, "blue: forward, orange: gradient, green: parameters, dashed: broadcast\n");
    fputs("  label=", d->to);
    quote(d->to, title.at);
    fputs(";\n", d->to);
    write_nodes(d);
    for (int64_t id = 0; id < d->reached.size; id++) {
        tw_node *y = d->reached.by_id[id];
        if (y && !is_folded(d, y)) write_edges(d, y);
    }
    fputs("}\n", d->to);
}

/* ---- the calls ---------------------------------------------------------------------------- */

static bool write_file(const tw_loc *at, drawing *d)
{
    const char *file = d->options->file;
    errno = 0;
    d->to = d->options->stream ? d->options->stream : file ? fopen(file, "w") : stdout;
    if (!d->to) {
        tw_fail(d->reached.cx, TW_EIO, "dot", at, "cannot open \"%s\": %s", file, strerror(errno));
        return false;
    }
    write_graph(d);
    bool good = fflush(d->to) == 0 && !ferror(d->to);
    if (!d->options->stream && file) good = fclose(d->to) == 0 && good;
    if (!good) tw_fail(d->reached.cx, TW_EIO, "dot", at, "cannot write \"%s\": %s", file ? file : "the stream", strerror(errno));
    return good;
}

/* Cells stand for what they hold now; all must be of one context and not nil. */
static bool take_roots(const tw_loc *at, drawing *d, tw_node *const *ys)
{
    for (int k = 0; k < d->n_roots; k++) {
        tw_node *y = tw_input(at, "dot", k, ys[k]);
        if (!y || tw_is_nil(y)) return false;
        if (y->cx != d->reached.cx) {
            tw_fail(d->reached.cx, TW_ESCOPE, "dot", at, "value %d is of another context than value 0", k);
            return false;
        }
        d->roots[k] = y;
    }
    return true;
}

bool tw_dot_nodes_at(const tw_loc *at, int n, tw_node *const *ys, const tw_dot_args *options)
{
    TW_OPTIONS(tw_dot_args, options);
    static const tw_dot_args defaults = { ._size = (int)sizeof defaults };
    const tw_node *first = n > 0 && ys ? tw_input(at, "dot", 0, ys[0]) : NULL;
    if (!first || tw_is_nil(first) || !tw_ok(first->cx)) return false;

    tw_ctx *cx = first->cx;
    const size_t bytes = (size_t)n * sizeof(tw_node *);
    drawing d = { .n_roots = n, .options = options ? options : &defaults, .reached.cx = cx };
    if (!(d.roots = tw_resize(cx, NULL, 0, bytes))) return false;
    const bool good = take_roots(at, &d, ys) && tw__reach(&d.reached, n, d.roots) && write_file(at, &d);
    tw__reach_done(&d.reached);
    tw_resize(cx, d.roots, bytes, 0);
    return good;
}

bool tw__dot_at(const tw_loc *at, tw_node *y, const tw_dot_args *options)
{
    TW_OPTIONS(tw_dot_args, options);
    return tw_dot_nodes_at(at, 1, &y, options);
}
