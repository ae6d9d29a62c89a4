/* archive.c - named tensors: read from safetensors or npz, found by name, handed out as leaves.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/archive_impl.h"

#include <stdlib.h>
#include <string.h>

static tw_archive dead;             /* stands for every archive that could not be read; never written */

char *tw__text_copy(tw_ctx *cx, const char *text)
{
    const size_t n = strlen(text) + 1;
    char *copy = tw_resize(cx, NULL, 0, n);
    if (copy) memcpy(copy, text, n);
    return copy;
}

void tw__text_drop(tw_ctx *cx, char *text)
{
    if (text) tw_resize(cx, text, strlen(text) + 1, 0);
}

void tw__archive_drop(tw_archive *a)
{
    tw_ctx *cx = a->cx;
    for (int i = 0; i < a->n; i++) {
        tw__text_drop(cx, a->entry[i].name);
        tw__tensor_drop(cx, &a->entry[i].t);
    }
    for (int i = 0; i < a->notes; i++) {
        tw__text_drop(cx, a->note[i].key);
        tw__text_drop(cx, a->note[i].value);
    }
    if (a->entry) tw_resize(cx, a->entry, (size_t)a->room * sizeof *a->entry, 0);
    if (a->note) tw_resize(cx, a->note, (size_t)a->notes_room * sizeof *a->note, 0);
    tw__text_drop(cx, a->path);
    *a = (tw_archive){ .cx = cx };
}

/* Room for one more of n: the block, moved if it had to grow, or NULL. */
static void *grown(tw_ctx *cx, void *block, int n, int *room, size_t size)
{
    if (n < *room) return block;
    const int more = *room ? 2 * *room : 16;
    void *p = tw_resize(cx, block, (size_t)*room * size, (size_t)more * size);
    if (p) *room = more;
    return p;
}

tw__entry *tw__archive_add(tw_archive *a, const char *name)
{
    tw__entry *block = grown(a->cx, a->entry, a->n, &a->room, sizeof *block);
    if (!block) return NULL;
    a->entry = block;
    block[a->n] = (tw__entry){ .name = tw__text_copy(a->cx, name) };
    return block[a->n].name ? &block[a->n++] : NULL;
}

bool tw__archive_note(tw_archive *a, const char *key, const char *value)
{
    tw__note *block = grown(a->cx, a->note, a->notes, &a->notes_room, sizeof *block);
    if (!block) return false;
    a->note = block;
    const tw__note note = { tw__text_copy(a->cx, key), tw__text_copy(a->cx, value) };
    block[a->notes++] = note;
    return note.key && note.value;
}

static int by_name(const void *a, const void *b) { return strcmp(((const tw__entry *)a)->name, ((const tw__entry *)b)->name); }

bool tw__archive_sort(tw__source *s, tw_archive *a)
{
    if (a->n) qsort(a->entry, (size_t)a->n, sizeof *a->entry, by_name);
    for (int i = 1; i < a->n; i++)
        if (!strcmp(a->entry[i - 1].name, a->entry[i].name))
            return tw__source_fail(s, TW_EIO, "has two tensors called \"%.60s\"", a->entry[i].name);
    return true;
}

tw__entry *tw__archive_find(const tw_archive *a, const char *name)
{
    const tw__entry key = { .name = (char *)(uintptr_t)name };
    return a->n ? bsearch(&key, a->entry, (size_t)a->n, sizeof key, by_name) : NULL;
}

const char *tw__archive_text(const tw_archive *a, const char *key)
{
    for (int i = 0; i < a->notes; i++)
        if (!strcmp(a->note[i].key, key)) return a->note[i].value;
    return NULL;
}

bool tw__archive_load(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, tw_archive *a)
{
    *a = (tw_archive){ .cx = cx };
    tw__source *s = tw__source_open(at, cx, op, path);
    if (!s) return false;
    unsigned char front[2];
    bool ok = (a->path = tw__text_copy(cx, path)) != NULL && tw__source_peek(s, front, sizeof front);
    const bool zip = ok && front[0] == 'P' && front[1] == 'K';
    ok = ok && (zip ? tw__npz_read(at, op, a) : tw__safetensors_read(s, a)) && tw__archive_sort(s, a);
    tw__source_close(s);
    if (!ok) tw__archive_drop(a);
    return ok;
}

/* ---- for programs */

static void close_archive(void *object)
{
    tw_archive *a = object;
    tw_ctx *cx = a->cx;
    tw__archive_drop(a);
    tw_resize(cx, a, sizeof *a, 0);
}

tw_archive *tw_archive_read_at(const tw_loc *at, tw_ctx *cx, const char *path)
{
    tw_archive made;
    if (!tw__archive_load(at, cx, "archive_read", path, &made)) return &dead;
    tw_archive *a = tw_resize(cx, NULL, 0, sizeof *a);
    if (!a) return tw__archive_drop(&made), &dead;
    *a = made;
    if (tw_on_close(cx, close_archive, a)) return a;
    close_archive(a);
    return &dead;
}

int         tw_archive_count(const tw_archive *a) { return a ? a->n : 0; }
const char *tw_archive_name(const tw_archive *a, int i) { return i >= 0 && i < tw_archive_count(a) ? a->entry[i].name : NULL; }
const char *tw_archive_note(const tw_archive *a, const char *key) { return a && key ? tw__archive_text(a, key) : NULL; }

tw_node *tw_archive_get_at(const tw_loc *at, const tw_archive *a, const char *name)
{
    if (!a || !a->cx || !tw_ok(a->cx)) return tw_nil(a ? a->cx : NULL);
    const tw__entry *e = name ? tw__archive_find(a, name) : NULL;
    if (e) return tw__tensor_node(at, a->cx, &e->t);
    tw__file_fail(at, a->cx, "archive_get", a->path, TW_EARG, "has no tensor \"%.60s\"", name ? name : "(NULL)");
    return tw_nil(a->cx);
}

/* Evaluates all together; false in error. */
static bool evaluated(const tw_loc *at, tw_ctx *cx, int n, const tw_archive_item *items, tw__written *out)
{
    const size_t size = (size_t)n * sizeof(tw_node *);
    tw_node **all = tw_resize(cx, NULL, 0, size ? size : 1);
    bool ok = all;
    for (int i = 0; ok && i < n; i++) {
        all[i] = items[i].node ? tw_input(at, "archive_write", i, items[i].node) : NULL;
        if (!items[i].node || !items[i].name)
            tw_fail(cx, TW_EARG, "archive_write", at, "the %s of tensor %d is NULL", items[i].node ? "name" : "value", i);
        if (all[i] && all[i]->cx != cx) {
            tw_fail(cx, TW_ESCOPE, "archive_write", at, "tensor %d belongs to another context", i);
            tw_fail(all[i]->cx, TW_ESCOPE, "archive_write", at, "tensor %d is written by another context", i);
        }
        ok = all[i] && tw_ok(cx) && !tw_is_nil(all[i]);
    }
    ok = ok && tw_eval_nodes(n, all);
    for (int i = 0; ok && i < n; i++) {
        const tw_dtype dtype = (tw_dtype)all[i]->dtype;
        out[i] = (tw__written){ items[i].name, dtype, all[i]->shape, tw_read_at(at, all[i], dtype) };
        ok = out[i].data;
    }
    if (all) tw_resize(cx, all, size ? size : 1, 0);
    return ok;
}

bool tw__archive_write(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int n, const tw__written *items,
                       int notes, const tw__note *note)
{
    const char *ending = path ? strrchr(path, '.') : NULL;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            if (!strcmp(items[i].name, items[k].name)) {
                tw_fail(cx, TW_EARG, op, at, "two tensors are called \"%.80s\"", items[i].name);
                return false;
            }
    if (ending && !strcmp(ending, ".npz")) return tw__npz_write(at, cx, op, path, n, items);
    return tw__safetensors_write(at, cx, op, path, n, items, notes, note);
}

bool tw_archive_write_at(const tw_loc *at, tw_ctx *cx, const char *path, int n, const tw_archive_item *items)
{
    if (!tw_ok(cx)) return false;
    if (n < 0 || (n && !items)) return tw_fail(cx, TW_EARG, "archive_write", at, n < 0 ? "%d tensors" : "%d tensors, but none are given", n), false;
    const size_t size = (size_t)n * sizeof(tw__written) + 1;
    tw__written *out = tw_resize(cx, NULL, 0, size);
    if (!out) return false;
    const bool ok = evaluated(at, cx, n, items, out) && tw__archive_write(at, cx, "archive_write", path, n, out, 0, NULL);
    tw_resize(cx, out, size, 0);
    return ok;
}
