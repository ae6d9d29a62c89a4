/* folder.c - a data set of pictures: a folder for each class, in the order of their names.
 *
 * Pictures are decoded once and kept as bytes; hidden files, and those that are called neither
 * .png nor .jpg nor .jpeg, are passed over.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/image_impl.h"
#include "io/source_impl.h"
#include "train/train_impl.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { PATH = 4096, MOST = 65535 };

/* Texts in the context's table, sorted. */
typedef struct list { const char **at; int64_t n; size_t room; } list;

static bool push(tw_ctx *cx, list *l, const char *text)
{
    if ((size_t)(l->n + 1) * sizeof *l->at > l->room) {
        const size_t more = 2 * l->room + 64 * sizeof *l->at;
        const char **p = tw_resize(cx, (void *)(uintptr_t)l->at, l->room, more);
        if (!p) return false;
        l->at = p, l->room = more;
    }
    return (l->at[l->n++] = tw_intern(cx, text)) != NULL;
}

static void list_drop(tw_ctx *cx, list *l)
{
    if (l->at) tw_resize(cx, (void *)(uintptr_t)l->at, l->room, 0);
    *l = (list){ .n = 0 };
}

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static bool is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static bool is_picture(const char *path)
{
    const char *ending = strrchr(path, '.');
    return ending && (!strcasecmp(ending, ".png") || !strcasecmp(ending, ".jpg") || !strcasecmp(ending, ".jpeg")) && !is_folder(path);
}

/* The paths within a folder that pass, sorted. */
static bool entries(const tw_loc *at, tw_ctx *cx, const char *path, bool (*passes)(const char *path), list *l)
{
    DIR *d = opendir(path);
    if (!d) return tw__file_fail(at, cx, "dataset_folder", path, TW_EIO, "cannot be opened: %s", strerror(errno));
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(d)); ) {
        char whole[PATH];
        const int n = snprintf(whole, sizeof whole, "%s/%s", path, e->d_name);
        if (e->d_name[0] != '.' && n < PATH && passes(whole)) ok = push(cx, l, whole);
    }
    closedir(d);
    if (ok && l->n) qsort(l->at, (size_t)l->n, sizeof *l->at, by_name);
    return ok;
}

/* ---- pictures, one after the other */

typedef struct album {
    const tw_loc *at;
    tw_ctx *cx;
    tw_folder_args o;
    int64_t count, height, width;
    int     channels;
    size_t  pixels_room, labels_room;
    unsigned char *pixels;
    int32_t *labels;
} album;

static void *room_for(tw_ctx *cx, void *block, size_t need, size_t *room)
{
    if (need <= *room) return block;
    const size_t more = 2 * *room > need ? 2 * *room : need;
    void *p = tw_resize(cx, block, *room, more);
    if (p) *room = more;
    return p;
}

static bool add(album *a, const char *path, int32_t label)
{
    tw__image i;
    if (!tw__image_load(a->at, a->cx, "dataset_folder", path, a->o.channels, &i)) return false;
    bool ok = !a->o.size[0] || tw__image_resize(a->cx, &i, a->o.size[0], a->o.size[1] ? a->o.size[1] : a->o.size[0]);
    if (!a->count) a->height = i.height, a->width = i.width, a->channels = i.channels;
    if (ok && (i.height != a->height || i.width != a->width || i.channels != a->channels))
        ok = tw__file_fail(a->at, a->cx, "dataset_folder", path, TW_ESHAPE, "is %lld by %lld with %d channels, not %lld by %lld with %d: "
                           "give a .size and .channels", (long long)i.height, (long long)i.width, i.channels, (long long)a->height,
                           (long long)a->width, a->channels);
    void *pixels = ok ? room_for(a->cx, a->pixels, (size_t)(a->count + 1) * i.bytes, &a->pixels_room) : NULL;
    if (pixels) a->pixels = pixels;
    void *labels = pixels ? room_for(a->cx, a->labels, (size_t)(a->count + 1) * sizeof *a->labels, &a->labels_room) : NULL;
    if (labels) a->labels = labels;
    if (labels) memcpy(a->pixels + (size_t)a->count * i.bytes, i.data, i.bytes), a->labels[a->count++] = label;
    tw__image_drop(a->cx, &i);
    return labels;
}

static bool add_class(album *a, const char *folder, int32_t label)
{
    list files = { .n = 0 };
    bool ok = entries(a->at, a->cx, folder, is_picture, &files);
    for (int64_t i = 0; ok && i < files.n; i++) ok = add(a, files.at[i], label);
    list_drop(a->cx, &files);
    return ok;
}

static tw_dataset *settle(album *a, list *classes)
{
    const int64_t size = a->height * a->width * a->channels;
    tw_dataset d = { .cx = a->cx, .count = a->count, .unit = "images" };
    d.x = (tw__column){ .stored = TW_U8, .dtype = tw_default_dtype(a->cx), .scale = a->o.scale ? a->o.scale : 1,
                        .item = TW_SHAPE(a->height, a->width, a->channels), .size = size, .bytes = a->pixels_room, .data = a->pixels };
    d.y = (tw__column){ .stored = TW_I32, .dtype = TW_I32, .scale = 1, .size = 1, .bytes = a->labels_room, .data = a->labels };
    for (int64_t k = 0; k < classes->n; k++) classes->at[k] = strrchr(classes->at[k], '/') + 1;
    d.classes = (int)classes->n, d.class_names = classes->at, d.class_room = classes->room;
    *classes = (list){ .n = 0 };
    return tw__dataset_settle(&d);
}

tw_dataset *tw_dataset_folder_at(const tw_loc *at, tw_ctx *cx, const char *path, const tw_folder_args *o)
{
    TW_OPTIONS(tw_folder_args, o);
    album a = { .at = at, .cx = cx, .o = *o };
    list classes = { .n = 0 };
    if (!tw_ok(cx)) return &tw__dataset_dead;
    if (!path || o->channels < 0 || o->channels > 4 || o->size[0] < 0 || o->size[1] < 0 || (o->size[1] && !o->size[0])
        || o->size[0] > MOST || o->size[1] > MOST)
        return tw_fail(cx, TW_EARG, "dataset_folder", at, !path ? "no path: NULL" : ".size is of two numbers to 65,535, or of the first, "
                       ".channels from 1 to 4"), &tw__dataset_dead;
    bool ok = entries(at, cx, path, is_folder, &classes);
    for (int64_t k = 0; ok && k < classes.n; k++) ok = add_class(&a, classes.at[k], (int32_t)k);
    if (ok && !a.count) ok = tw__file_fail(at, cx, "dataset_folder", path, TW_EIO, "has no folders with pictures");
    tw_dataset *d = ok ? settle(&a, &classes) : &tw__dataset_dead;
    if (!ok && a.pixels) tw_resize(cx, a.pixels, a.pixels_room, 0);
    if (!ok && a.labels) tw_resize(cx, a.labels, a.labels_room, 0);
    list_drop(cx, &classes);
    return d;
}
