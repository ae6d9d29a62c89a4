/* report_graph.c - graphs on a page: drawn by Graphviz, and looked through for what layers give.
 *
 * A layer's nodes have its path as their cluster; what it gives is the latest of them, since inputs
 * are built before what reads them.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/report_impl.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_NODES = 400, MOST_LAYERS = 256, TAG = 300 };

/* ---- drawing */

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)); at++) n++;
    return n;
}

/* The drawing without what an HTML page has no place for: the declarations before it. */
static void take_svg(tw_report *r, FILE *f)
{
    char block[1 << 14];
    size_t n;
    tw__bytes all = { .cx = r->cx };
    while ((n = fread(block, 1, sizeof block, f)) > 0) tw__bytes_put(&all, block, n);
    tw__bytes_put(&all, "", 1);
    const char *begin = tw_ok(r->cx) ? strstr(all.b, "<svg") : NULL;
    if (begin && !strstr(begin, "<script")) tw__bytes_put(&r->graph, begin, strlen(begin));
    tw__bytes_drop(&all);
}

/* In a folder of its own, which is gone afterwards. False where there is no dot. */
static bool draw(tw_report *r, const char *dot, size_t size)
{
    const char *where = getenv("TMPDIR");
    char folder[512], from[540], to[540];
    if (snprintf(folder, sizeof folder, "%s/thalweg_XXXXXX", where && *where ? where : "/tmp") >= (int)sizeof folder || !mkdtemp(folder)) return false;
    snprintf(from, sizeof from, "%s/graph.dot", folder), snprintf(to, sizeof to, "%s/graph.svg", folder);
    FILE *f = fopen(from, "w");
    bool good = f && fwrite(dot, 1, size, f) == size;
    if (f) good = fclose(f) == 0 && good;
    good = good && tw_dot_render(from, to);
    FILE *svg = good ? fopen(to, "r") : NULL;
    good = svg;
    if (svg) take_svg(r, svg), fclose(svg);
    unlink(from), unlink(to), rmdir(folder);
    return good;
}

void tw_report_graph_at(const tw_loc *at, tw_report *r, int n, tw_node *const *ys)
{
    char *dot = NULL;
    size_t size = 0;
    if (!r || !r->cx || !tw_ok(r->cx)) return;
    if (n < 1 || !ys) { tw_fail(r->cx, TW_EARG, "report", at, "a graph of no values"); return; }
    FILE *f = open_memstream(&dot, &size);
    if (!f) { tw_fail(r->cx, TW_ENOMEM, "report", at, "no memory for a drawing"); return; }
    const bool good = tw_dot_nodes_at(at, n, ys, &(tw_dot_args){ .stream = f });
    fclose(f);
    tw__bytes_drop(&r->graph);
    r->graph_nodes = good ? count(dot, "tooltip=") : 0;
    if (good && r->graph_nodes <= MOST_NODES) r->no_dot = !draw(r, dot, size);
    free(dot);
}

/* ---- layers */

typedef struct walk {
    tw_ctx   *cx;
    int32_t   size;                     /* ids below it */
    bool     *seen;
    tw_node **stack;
    int       n;
    tw_node  *layer[MOST_LAYERS];       /* the latest node of each */
} walk;

static void note_layer(walk *w, tw_node *n)
{
    if (!n->name || n->flags & TW_N_NAMED || !tw_is_float(n->dtype) || !tw_count(n)) return;
    int k = 0;
    while (k < w->n && w->layer[k]->name != n->name) k++;
    if (k == w->n && w->n < MOST_LAYERS) w->layer[w->n++] = n;
    else if (k < w->n && n->id > w->layer[k]->id) w->layer[k] = n;
}

static void visit_all(walk *w, tw_node *y)
{
    int32_t top = 0;
    w->stack[top++] = y, w->seen[y->id] = true;
    while (top) {
        tw_node *n = w->stack[--top];
        note_layer(w, n);
        for (int i = 0; i < n->n_in; i++) {
            tw_node *x = tw_inputs(n)[i];
            if (x->id >= 0 && x->id < w->size && !w->seen[x->id]) w->seen[x->id] = true, w->stack[top++] = x;
        }
    }
}

static int by_id(const void *a, const void *b)
{
    const tw_node *x = *(tw_node *const *)a, *y = *(tw_node *const *)b;
    return (x->id > y->id) - (x->id < y->id);
}

static void activations(const tw_loc *at, tw_report *r, tw_node *y)
{
    walk w = { .cx = r->cx, .size = y->id + 1 };
    const size_t each = sizeof *w.stack + sizeof *w.seen, size = (size_t)w.size * each;
    if (!(w.stack = tw_resize(r->cx, NULL, 0, size))) return;
    w.seen = (bool *)(w.stack + w.size);
    memset(w.seen, 0, (size_t)w.size * sizeof *w.seen);
    visit_all(&w, y);
    qsort(w.layer, (size_t)w.n, sizeof *w.layer, by_id);
    if (w.n && tw_eval_nodes_at(at, w.n, w.layer))
        for (int k = 0; k < w.n; k++) {
            char tag[TAG];
            snprintf(tag, sizeof tag, "activations/%s", w.layer[k]->name);
            tw_report_histogram_at(at, r, tag, w.layer[k]);
        }
    tw_resize(r->cx, w.stack, size, 0);
}

void tw_report_network_at(const tw_loc *at, tw_report *r, tw_net *net, tw_node *y)
{
    if (!r || !r->cx || !tw_ok(r->cx)) return;
    TW_NET_EACH(item, net, NULL) {
        char tag[TAG];
        snprintf(tag, sizeof tag, "weights/%s", item->path);
        if (!item->buffer) tw_report_histogram_at(at, r, tag, item->cell);
    }
    if (y && (y = tw_input(at, "report", 1, y)) && !tw_is_nil(y) && y->cx == r->cx) activations(at, r, y);
}
