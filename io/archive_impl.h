/* archive_impl.h - named tensors as bytes: what safetensors and npz files hold, in memory. */
#pragma once
#include "io/io.h"
#include "io/sink_impl.h"
#include "io/tensor_impl.h"

typedef struct tw__entry {
    char      *name;            /* own block */
    tw__tensor t;
    int64_t    begin, end;      /* where its elements are said to lie, for the reader of a format */
    bool       used;            /* for whoever takes tensors out */
} tw__entry;

typedef struct tw__note { char *key, *value; } tw__note;      /* own blocks */

struct tw_archive {
    tw_ctx    *cx;              /* NULL: dead */
    char      *path;            /* own block */
    int        n, room;
    tw__entry *entry;           /* by name, after tw__archive_sort */
    int        notes, notes_room;
    tw__note  *note;
};

/* Reads a file of either format, by its first bytes. False after failing; then there is nothing to drop. */
bool tw__archive_load(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, tw_archive *a);
void tw__archive_drop(tw_archive *a);
/* Appends an entry without elements; NULL without memory. */
tw__entry *tw__archive_add(tw_archive *a, const char *name);
bool       tw__archive_note(tw_archive *a, const char *key, const char *value);
/* By name; false after failing, if there are two of one name. */
bool       tw__archive_sort(tw__source *s, tw_archive *a);
tw__entry *tw__archive_find(const tw_archive *a, const char *name);
const char *tw__archive_text(const tw_archive *a, const char *key);
/* A copy of the text from the context's allocator, and its way back. */
char *tw__text_copy(tw_ctx *cx, const char *text);
void  tw__text_drop(tw_ctx *cx, char *text);

/* What is to be written: bytes row by row. */
typedef struct tw__written {
    const char    *name;
    tw_dtype       dtype;
    const tw_dims *dims;
    const void    *data;
} tw__written;

bool tw__archive_write(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int n, const tw__written *items,
                       int notes, const tw__note *note);
bool tw__safetensors_read(tw__source *s, tw_archive *a);
bool tw__safetensors_write(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int n, const tw__written *items,
                           int notes, const tw__note *note);
bool tw__npz_read(const tw_loc *at, const char *op, tw_archive *a);
bool tw__npz_write(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int n, const tw__written *items);
