/* checkpoint.c - everything that decides what a run does next, in one safetensors file.
 *
 *     net/PATH              parameters and buffers              best/PATH   those of the best epoch
 *     opt/PATH/WHAT         what the optimiser keeps beside a parameter
 *     notes                 "run", "random", "opt/PATH": numbers, floating ones in hexadecimal
 *
 * The file is replaced at once (io/sink.c), so a crash at any moment leaves the last good one. A
 * run that goes on usually has a network without parameters: each takes its value from the file
 * when the model first asks for it, and its optimiser's state when a step first meets it.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/archive_impl.h"
#include "nn/net_impl.h"
#include "optim/opt_impl.h"
#include "train/fit_impl.h"

#include <inttypes.h>
#include <string.h>

enum { NAME = TW__PATH_MAX + 32, TEXT = 400 };

/* ---- writing */

/* What is to be written, gathered in two growing blocks; names in the context's table. */
typedef struct outgoing {
    tw__opt_sink  sink;             /* first: what the optimiser knows */
    const tw_loc *at;
    tw_ctx       *cx;
    tw__written  *item;
    tw__note     *note;
    int n, room, notes, notes_room;
} outgoing;

static bool grow(tw_ctx *cx, void **block, int n, int *room, size_t size)
{
    if (n < *room) return true;
    const int more = *room ? 2 * *room : 64;
    void *p = tw_resize(cx, *block, (size_t)*room * size, (size_t)more * size);
    if (p) *block = p, *room = more;
    return p;
}

static bool add_bytes(outgoing *o, const char *folder, const char *path, const char *what, tw_dtype dtype, const tw_dims *dims, const void *data)
{
    char name[NAME];
    snprintf(name, sizeof name, "%s/%s%s%s", folder, path, what ? "/" : "", what ? what : "");
    void *block = o->item;
    if (!grow(o->cx, &block, o->n, &o->room, sizeof *o->item)) return false;
    o->item = block;
    const char *kept = data ? tw_intern(o->cx, name) : NULL;
    if (kept) o->item[o->n++] = (tw__written){ kept, dtype, dims, data };
    return kept;
}

static bool add_cell(outgoing *o, const char *folder, const char *path, const char *what, tw_node *cell)
{
    return add_bytes(o, folder, path, what, tw_dtype_of(cell), cell->shape, tw_read_at(o->at, cell, tw_dtype_of(cell)));
}

static bool add_note(outgoing *o, const char *key, const char *text)
{
    void *block = o->note;
    if (!grow(o->cx, &block, o->notes, &o->notes_room, sizeof *o->note)) return false;
    o->note = block;
    const tw__note note = { tw__text_copy(o->cx, key), tw__text_copy(o->cx, text) };
    o->note[o->notes++] = note;
    return note.key && note.value;
}

static bool opt_text(tw__opt_sink *s, const char *path, const char *text)
{
    char key[NAME];
    snprintf(key, sizeof key, "opt/%s", path);
    return add_note((outgoing *)s, key, text);
}

static bool opt_cell(tw__opt_sink *s, const char *path, const char *what, tw_node *cell)
{
    return add_cell((outgoing *)s, "opt", path, what, cell);
}

static bool add_run(outgoing *o, const tw__run *r)
{
    char text[TEXT];
    snprintf(text, sizeof text, "%d %" PRId64 " %" PRId64 " %a %a %" PRId64 " %a %d %d %d %" PRId64 " %" PRId64, r->epoch, r->batch, r->steps,
             r->loss, r->metric, r->seen, r->best, r->best_epoch, r->bad, (int)r->over, r->size, r->count);
    if (!add_note(o, "run", text)) return false;
    snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64, tw_seed(o->cx), tw_random_count(o->cx));
    return add_note(o, "random", text);
}

static bool write_trained(const tw_loc *at, const char *path, tw_net *net, tw_opt *opt, const tw__run *run)
{
    tw_ctx *cx = net->cx;
    outgoing o = { .sink = { opt_text, opt_cell }, .at = at, .cx = cx };
    bool ok = tw_ok(cx) && add_run(&o, run) && tw__opt_save(opt, &o.sink);
    TW_NET_EACH(item, net, NULL) ok = ok && add_cell(&o, "net", item->path, NULL, item->cell);
    for (int i = 0; ok && i < run->kept.n; i++) {
        const struct tw__shot *s = &run->kept.shot[i];
        ok = add_bytes(&o, "best", s->path, NULL, s->dtype, &s->dims, s->data);
    }
    ok = ok && tw__safetensors_write(at, cx, "fit", path, o.n, o.item, o.notes, o.note);
    for (int i = 0; i < o.notes; i++) tw__text_drop(cx, o.note[i].key), tw__text_drop(cx, o.note[i].value);
    if (o.note) tw_resize(cx, o.note, (size_t)o.notes_room * sizeof *o.note, 0);
    if (o.item) tw_resize(cx, o.item, (size_t)o.room * sizeof *o.item, 0);
    return ok;
}

/* Averages that somebody looks at go back to their place for it: a run that goes on goes on from the trained weights. */
bool tw__checkpoint_write(const tw_loc *at, const char *path, tw_net *net, tw_opt *opt, const tw__run *run)
{
    const bool averages = opt->swapped;
    if (averages && !tw_opt_use_average_at(at, opt, false)) return false;
    const bool ok = write_trained(at, path, net, opt, run);
    return (!averages || tw_opt_use_average_at(at, opt, true)) && ok;
}

/* ---- reading */

/* The file in memory, as long as the network or the optimiser may ask it. */
typedef struct incoming {
    tw__net_source net;
    tw__opt_source opt;
    tw_archive     a;
    const char    *folder;          /* of the weights: "net" or "best" */
    int            users;
} incoming;

static incoming *of_net(tw__net_source *s) { return (incoming *)(void *)((char *)s - offsetof(incoming, net)); }
static incoming *of_opt(tw__opt_source *s) { return (incoming *)(void *)((char *)s - offsetof(incoming, opt)); }

static void let_go(incoming *in)
{
    tw_ctx *cx = in->a.cx;
    if (--in->users) return;
    tw__archive_drop(&in->a);
    tw_resize(cx, in, sizeof *in, 0);
}

static void net_drop(tw__net_source *s) { let_go(of_net(s)); }
static void opt_drop(tw__opt_source *s) { let_go(of_opt(s)); }

/* The value under a name, which must be there and be like `like`; nil after failing. */
static tw_node *value(const tw_loc *at, const incoming *in, const char *name, const tw_node *like)
{
    const tw__entry *e = tw__archive_find(&in->a, name);
    bool same = e && e->t.dtype == like->dtype && e->t.dims.n == like->shape->n;
    for (int k = 0; same && k < like->shape->n; k++) same = e->t.dims.at[k] == like->shape->at[k];
    if (same) return tw__tensor_node(at, in->a.cx, &e->t);
    char wants[96];
    tw__file_fail(at, in->a.cx, "fit", in->a.path, e ? TW_ESHAPE : TW_EIO, "%s \"%.60s\" of %s %s", e ? "there is another" : "there is no", name,
                  tw_dtype_name(tw_dtype_of(like)), tw_shape_text(like->shape, wants, sizeof wants));
    return tw_nil(in->a.cx);
}

static tw_node *net_value(const tw_loc *at, tw_net *net, const char *path, tw_node *drawn)
{
    const incoming *in = of_net(net->source);
    char name[NAME];
    snprintf(name, sizeof name, "%s/%s", in->folder, path);
    return tw_is_nil(drawn) ? drawn : value(at, in, name, drawn);
}

static const char *opt_read_text(tw__opt_source *s, const char *path)
{
    char key[NAME];
    snprintf(key, sizeof key, "opt/%s", path);
    return tw__archive_text(&of_opt(s)->a, key);
}

static tw_node *opt_read_cell(const tw_loc *at, tw__opt_source *s, const char *path, const char *what, const tw_node *like)
{
    char name[NAME];
    snprintf(name, sizeof name, "opt/%s/%s", path, what);
    return tw__archive_find(&of_opt(s)->a, name) ? value(at, of_opt(s), name, like) : NULL;
}

static bool read_run(const tw_loc *at, const incoming *in, tw__run *r)
{
    const char *run = tw__archive_text(&in->a, "run"), *random = tw__archive_text(&in->a, "random");
    tw_ctx *cx = in->a.cx;
    tw__run old = *r;
    uint64_t seed = 0, count = 0;
    int over = 0;
    const bool read = run && random && sscanf(random, "%" SCNu64 " %" SCNu64, &seed, &count) == 2 &&
        sscanf(run, "%d %" SCNd64 " %" SCNd64 " %la %la %" SCNd64 " %la %d %d %d %" SCNd64 " %" SCNd64, &r->epoch, &r->batch, &r->steps,
               &r->loss, &r->metric, &r->seen, &r->best, &r->best_epoch, &r->bad, &over, &r->size, &r->count) == 12;
    if (!read || r->epoch < 0 || r->batch < 0 || r->steps < 0 || r->seen < 0 || r->best_epoch < -1 || r->bad < 0 || r->bad > r->epoch)
        return tw__file_fail(at, cx, "fit", in->a.path, TW_EIO, "is no checkpoint of a run");
    r->over = over;
    if (seed != tw_seed(cx))
        return tw__file_fail(at, cx, "fit", in->a.path, TW_EARG, "is of a run with the seed %" PRIu64 ", not %" PRIu64, seed, tw_seed(cx));
    if (r->size != old.size || r->count != old.count)
        return tw__file_fail(at, cx, "fit", in->a.path, TW_EARG, "is of a run over %" PRId64 " examples in batches of %" PRId64 ", not %" PRId64
                             " in batches of %" PRId64, r->count, r->size, old.count, old.size);
    tw_random_set(cx, count);
    return true;
}

/* The weights of the best epoch, out of the archive. */
static bool read_best(const incoming *in, tw__snapshot *s)
{
    tw_ctx *cx = in->a.cx;
    int n = 0;
    size_t data = 0;
    for (int i = 0; i < in->a.n; i++)
        if (!strncmp(in->a.entry[i].name, "best/", 5)) n++, data += (in->a.entry[i].t.bytes + 15) / 16 * 16;
    if (!n) return true;
    const size_t head = ((size_t)n * sizeof *s->shot + 15) / 16 * 16;
    if (!(s->shot = tw_resize(cx, NULL, 0, s->bytes = head + data))) return false;
    char *to = (char *)s->shot + head;
    for (int i = 0; i < in->a.n; i++) {
        const tw__entry *e = &in->a.entry[i];
        if (strncmp(e->name, "best/", 5)) continue;
        const char *path = tw_intern(cx, e->name + 5);
        if (!path) return false;
        s->shot[s->n++] = (struct tw__shot){ path, e->t.dtype, e->t.dims, to };
        if (e->t.bytes) memcpy(to, e->t.data, e->t.bytes);
        to += (e->t.bytes + 15) / 16 * 16;
    }
    return true;
}

/* Parameters that are there already. */
static bool assign_all(const tw_loc *at, tw_net *net, const incoming *in)
{
    TW_SCOPE(net->cx);
    TW_NET_EACH(item, net, NULL) {
        char name[NAME];
        snprintf(name, sizeof name, "%s/%s", in->folder, item->path);
        tw_node *v = value(at, in, name, item->cell);
        if (tw_ok(net->cx)) tw_assign(item->cell, v);
    }
    return tw_eval(net->cx);
}

bool tw__checkpoint_read(const tw_loc *at, const char *path, tw_net *net, tw_opt *opt, tw__run *run, int epochs, bool best_at_end)
{
    tw_ctx *cx = net->cx;
    incoming *in = tw_resize(cx, NULL, 0, sizeof *in);
    if (!in) return false;
    *in = (incoming){ .net = { net_value, net_drop }, .opt = { opt_read_text, opt_read_cell, opt_drop }, .folder = "net", .users = 2 };
    in->a.cx = cx;
    const bool ok = tw__archive_load(at, cx, "fit", path, &in->a) && read_run(at, in, run) && read_best(in, &run->kept);
    const bool ended = run->over || run->epoch >= epochs;
    if (ended && best_at_end && run->kept.n) in->folder = "best";
    tw__net_source_set(net, &in->net);
    if (tw__opt_restore(at, opt, &in->opt) && ok && assign_all(at, net, in)) return true;
    tw__net_source_set(net, NULL);
    tw__opt_source_set(opt, NULL);
    return false;
}
