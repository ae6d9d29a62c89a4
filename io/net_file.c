/* net_file.c - the weights of a network in a file, under our names or others'.
 *
 * A path becomes a name by the first rule that matches it, and the separators of the convention;
 * a layout is a permutation of axes. Both are applied from our side to theirs, so saving and
 * loading agree. A file that is loaded stays with the network until each of its tensors has been
 * taken by a parameter.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include "io/archive_impl.h"

#include <string.h>

enum { NAME = 1024, STARS = 8 };

typedef struct waiting {
    tw__net_source   source;        /* first: what the network knows */
    tw_archive       a;
    tw_net_file_args o;             /* its rules and texts in blocks of their own */
    int              left;          /* tensors that nobody has taken */
} waiting;

/* ---- names and layouts */

typedef struct span { const char *from; int n; } span;

/* Like tw__matches, and tells what each * stood for, the shortest that will do. */
static bool match(const char *pattern, const char *text, span *star)
{
    for (; *pattern && *pattern != '*'; pattern++, text++)
        if (!*text || (*pattern != '?' && *pattern != *text)) return false;
    if (!*pattern) return !*text;
    for (const char *end = text; ; end++) {
        *star = (span){ text, (int)(end - text) };
        if (match(pattern + 1, end, star + 1)) return true;
        if (!*end) return false;
    }
}

static int stars_of(const char *pattern)
{
    int n = 0;
    for (; *pattern; pattern++) n += *pattern == '*';
    return n;
}

static const tw_name_rule *rule_of(const tw_net_file_args *o, const char *path, span star[STARS])
{
    for (int i = 0; i < o->n_rules; i++)
        if (match(o->rules[i].ours, path, star)) return &o->rules[i];
    return NULL;
}

/* The name of a path in the file; cut if it is longer than any that a file of ours has. */
static void name_of(const tw_net_file_args *o, const char *path, char name[NAME])
{
    span star[STARS + 1];
    const tw_name_rule *r = rule_of(o, path, star);
    int n = 0, k = 0;
    for (const char *c = r && r->theirs ? r->theirs : path; *c && n < NAME - 1; c++) {
        if (*c != '*' || !(r && r->theirs)) { name[n++] = *c; continue; }
        const int part = star[k].n < NAME - 1 - n ? star[k].n : NAME - 1 - n;
        memcpy(name + n, star[k++].from, (size_t)part);
        n += part;
    }
    name[n] = 0;
    for (char *c = name; o->names == TW_NAMES_TORCH && *c; c++)
        if (*c == '/') *c = '.';
}

/* Our axis k is the file's axis axes[k]. Ranks 3 to 5 are convolutions: [out, in, window] there, [window, in, out] here. */
static void axes_of(const tw_net_file_args *o, const char *path, int rank, int axes[TW_MAX_RANK])
{
    span star[STARS + 1];
    const tw_name_rule *r = rule_of(o, path, star);
    const char *last = strrchr(path, '/');
    for (int k = 0; k < rank; k++) axes[k] = k;
    if (r && r->axes.n == rank) {
        for (int k = 0; k < rank; k++) axes[k] = r->axes.at[k];
        return;
    }
    if (o->names != TW_NAMES_TORCH || strcmp(last ? last + 1 : path, "weight") || rank < 2 || rank > 5) return;
    for (int k = 0; k < rank - 2; k++) axes[k] = k + 2;
    axes[rank - 2] = 1, axes[rank - 1] = 0;
}

static bool is_identity(int n, const int *axes)
{
    for (int k = 0; k < n; k++)
        if (axes[k] != k) return false;
    return true;
}

static bool usable(const tw_loc *at, const char *op, tw_net *net, const tw_net_file_args *o)
{
    tw_ctx *cx = tw_net_ctx(net);
    if (!cx || !tw_ok(cx)) return false;
    if (o->n_rules < 0 || (o->n_rules && !o->rules)) return tw_fail(cx, TW_EARG, op, at, "%d rules, but none are given", o->n_rules), false;
    for (int i = 0; i < o->n_rules; i++) {
        const tw_name_rule *r = &o->rules[i];
        unsigned seen = 0;
        if (r->axes.n < 0 || r->axes.n > TW_MAX_RANK) return tw_fail(cx, TW_EARG, op, at, "rule %d: %d .axes", i, r->axes.n), false;
        for (int k = 0; k < r->axes.n; k++)
            if (r->axes.at[k] >= 0 && r->axes.at[k] < r->axes.n) seen |= 1u << r->axes.at[k];
        if (!r->ours || stars_of(r->ours) > STARS)
            return tw_fail(cx, TW_EARG, op, at, "rule %d has %s", i, r->ours ? "too many *" : "no pattern"), false;
        if (r->theirs && stars_of(r->theirs) > stars_of(r->ours))
            return tw_fail(cx, TW_EARG, op, at, "rule %d: \"%.60s\" has more * than \"%.60s\"", i, r->theirs, r->ours), false;
        if (seen + 1 != 1u << r->axes.n) return tw_fail(cx, TW_EARG, op, at, "rule %d: .axes is no permutation of its %d axes", i, r->axes.n), false;
    }
    return true;
}

/* ---- saving */

static int matching(tw_net *net, const char *only)
{
    int n = 0;
    TW_NET_EACH(item, net, only) n++;
    return n;
}

/* What one tensor is written from: its name, and its elements as the file wants them. */
typedef struct saved { char name[NAME]; tw_dims dims; void *permuted; size_t bytes; } saved;

static bool prepare(const tw_loc *at, tw_ctx *cx, const tw_net_file_args *o, const tw_net_item *item, saved *to, tw__written *w)
{
    const tw_dims *d = item->cell->shape;
    const tw_dtype dtype = tw_dtype_of(item->cell);
    int axes[TW_MAX_RANK], back[TW_MAX_RANK];
    name_of(o, item->path, to->name);
    axes_of(o, item->path, d->n, axes);
    *w = (tw__written){ to->name, dtype, d, tw_read_at(at, item->cell, dtype) };
    if (!w->data || is_identity(d->n, axes)) return w->data;
    to->bytes = (size_t)d->count * tw_dtype_size(dtype);
    to->dims  = *d;
    for (int k = 0; k < d->n; k++) back[axes[k]] = k, to->dims.at[axes[k]] = d->at[k];
    if (!(to->permuted = tw_resize(cx, NULL, 0, to->bytes ? to->bytes : 1))) return false;
    tw__permute(tw_dtype_size(dtype), d, back, w->data, to->permuted);
    w->dims = &to->dims, w->data = to->permuted;
    return true;
}

bool tw_net_save_at(const tw_loc *at, tw_net *net, const char *path, const tw_net_file_args *o)
{
    TW_OPTIONS(tw_net_file_args, o);
    if (!usable(at, "net_save", net, o)) return false;
    tw_ctx *cx = net->cx;
    const int n = matching(net, o->only);
    if (!n) return tw_fail(cx, TW_EARG, "net_save", at, "no parameter matches \"%.100s\"", o->only ? o->only : "*"), false;
    const size_t size = (size_t)n * (sizeof(saved) + sizeof(tw__written));
    saved *s = tw_resize(cx, NULL, 0, size);
    if (!s) return false;
    tw__written *w = (tw__written *)(void *)(s + n);
    memset(s, 0, size);
    bool ok = true;
    int i = 0;
    TW_NET_EACH(item, net, o->only) ok = ok && prepare(at, cx, o, item, &s[i], &w[i]), i++;
    ok = ok && tw__archive_write(at, cx, "net_save", path, n, w, 0, NULL);
    for (i = 0; i < n; i++)
        if (s[i].permuted) tw_resize(cx, s[i].permuted, s[i].bytes ? s[i].bytes : 1, 0);
    tw_resize(cx, s, size, 0);
    return ok;
}

/* ---- loading */

/* The node for a tensor of the file, in our layout and the dtype of `like`; nil after failing. */
static tw_node *value_of(const tw_loc *at, const waiting *w, const char *path, const tw__entry *e, const tw_node *like)
{
    tw_ctx *cx = w->a.cx;
    const tw_dims *want = like->shape;
    int axes[TW_MAX_RANK];
    axes_of(&w->o, path, want->n, axes);
    bool fits = e->t.dims.n == want->n;
    for (int k = 0; fits && k < want->n; k++) fits = e->t.dims.at[axes[k]] == want->at[k];
    char has[96], wants[96], text[200];
    snprintf(text, sizeof text, "\"%.60s\" is %s in the file, which does not make %s", path,
             tw_shape_text(&e->t.dims, has, sizeof has), tw_shape_text(want, wants, sizeof wants));
    if (!fits) return tw__file_fail(at, cx, "net_load", w->a.path, TW_ESHAPE, "%s", text), tw_nil(cx);
    if (e->t.dtype != like->dtype && !(tw_is_float(e->t.dtype) && tw_is_float(like->dtype)))
        return tw__file_fail(at, cx, "net_load", w->a.path, TW_EDTYPE, "\"%.60s\" is %s in the file, not %s", path,
                             tw_dtype_name(e->t.dtype), tw_dtype_name(tw_dtype_of(like))), tw_nil(cx);

    tw_node *n = tw__tensor_node(at, cx, &e->t);
    tw_axes order = { .n = want->n };
    for (int k = 0; k < want->n; k++) order.at[k] = axes[k];
    if (!is_identity(want->n, axes)) n = tw_permute(n, order);
    return e->t.dtype == like->dtype ? n : tw_cast(n, tw_dtype_of(like));
}

/* The tensor for a path, or NULL: after failing, unless the file may lack it. */
static tw__entry *find(const tw_loc *at, const waiting *w, const char *path)
{
    char name[NAME];
    if (w->o.only && !tw__matches(w->o.only, path)) return NULL;
    name_of(&w->o, path, name);
    tw__entry *e = tw__archive_find(&w->a, name);
    if (!e && !w->o.partial) tw__file_fail(at, w->a.cx, "net_load", w->a.path, TW_EIO, "has no \"%.60s\" for \"%.60s\"", name, path);
    return e;
}

static void take(waiting *w, tw__entry *e)
{
    w->left -= !e->used;
    e->used = true;
}

static tw_node *first_value(const tw_loc *at, tw_net *net, const char *path, tw_node *drawn)
{
    waiting *w = (waiting *)net->source;
    tw__entry *e = find(at, w, path);
    if (!tw_ok(net->cx)) return tw_nil(net->cx);
    if (!e || tw_is_nil(drawn)) return drawn;
    tw_node *n = value_of(at, w, path, e, drawn);
    if (tw_ok(net->cx)) take(w, e);
    return n;
}

static void drop(tw__net_source *s)
{
    waiting *w = (waiting *)s;
    tw_ctx *cx = w->a.cx;
    for (int i = 0; w->o.rules && i < w->o.n_rules; i++) {
        tw__text_drop(cx, (char *)(uintptr_t)w->o.rules[i].ours);
        tw__text_drop(cx, (char *)(uintptr_t)w->o.rules[i].theirs);
    }
    if (w->o.rules) tw_resize(cx, (void *)(uintptr_t)w->o.rules, (size_t)w->o.n_rules * sizeof *w->o.rules, 0);
    tw__text_drop(cx, (char *)(uintptr_t)w->o.only);
    tw__archive_drop(&w->a);
    tw_resize(cx, w, sizeof *w, 0);
}

/* The options outlive the call: their texts are copied. */
static bool copy_options(tw_ctx *cx, const tw_net_file_args *from, tw_net_file_args *to)
{
    *to = *from;
    to->only = NULL, to->rules = NULL;
    if (from->only && !(to->only = tw__text_copy(cx, from->only))) return false;
    if (!from->n_rules) return true;
    tw_name_rule *r = tw_resize(cx, NULL, 0, (size_t)from->n_rules * sizeof *r);
    if (!r) return false;
    to->rules = r;
    for (int i = 0; i < from->n_rules; i++) r[i] = (tw_name_rule){ .axes = from->rules[i].axes };
    for (int i = 0; i < from->n_rules; i++) {
        if (!(r[i].ours = tw__text_copy(cx, from->rules[i].ours))) return false;
        if (from->rules[i].theirs && !(r[i].theirs = tw__text_copy(cx, from->rules[i].theirs))) return false;
    }
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* Values for what there is already; assigned only once everything is known to fit. */
static bool assign_all(const tw_loc *at, tw_net *net, waiting *w)
{
    tw_ctx *cx = net->cx;
    TW_SCOPE(cx);
    const int n = matching(net, w->o.only);
    const size_t size = (size_t)n * 2 * sizeof(tw_node *);
    tw_node **cells = tw_resize(cx, NULL, 0, size), **values = cells + n;
    if (!cells) return false;
    int k = 0;
    TW_NET_EACH(item, net, w->o.only) {
        tw__entry *e = find(at, w, item->path);
        if (!tw_ok(cx)) break;
        if (!e) continue;
        cells[k]    = item->cell;
        values[k++] = value_of(at, w, item->path, e, item->cell);
        take(w, e);
    }
    for (int i = 0; !w->o.partial && i < w->a.n; i++) {
        const char *name = w->a.entry[i].name;
        const bool  counter = w->o.names == TW_NAMES_TORCH && ends_with(name, "num_batches_tracked");
        if (tw_ok(cx) && !w->a.entry[i].used && !counter && !w->o.only)
            tw__file_fail(at, cx, "net_load", w->a.path, TW_EIO, "the network has nothing for \"%.60s\"", name);
    }
    for (int i = 0; tw_ok(cx) && i < k; i++) tw_assign(cells[i], values[i]);
    tw_resize(cx, cells, size, 0);
    return tw_eval(cx);
}

bool tw_net_load_at(const tw_loc *at, tw_net *net, const char *path, const tw_net_file_args *o)
{
    TW_OPTIONS(tw_net_file_args, o);
    if (!usable(at, "net_load", net, o)) return false;
    tw_ctx *cx = net->cx;
    waiting *w = tw_resize(cx, NULL, 0, sizeof *w);
    if (!w) return false;
    *w = (waiting){ .source = { first_value, drop } };
    bool ok = tw__archive_load(at, cx, "net_load", path, &w->a) && copy_options(cx, o, &w->o);
    w->left = w->a.n;
    ok = ok && (!tw_net_next(net, NULL, NULL) || assign_all(at, net, w));
    if (ok && w->left) return tw__net_source_set(net, &w->source), true;
    drop(&w->source);
    return ok;
}
