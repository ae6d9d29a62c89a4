/* io.h - file formats.
 *
 * Every file is taken for hostile: what does not fit its format is an error with the path, what was
 * expected and what was found; no more memory is used than the file has data for. Every file that is
 * written is there whole, or not at all: a crash leaves the old one.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "nn/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one tensor ---------------------------------------------------------------------------- */

/* The tensor of a file in IDX format, the one of MNIST, plain or gzip: u8, i32, f32 or f64. */
TW_API tw_node *tw_idx_read_at(const tw_loc *at, tw_ctx *cx, const char *path);
#define tw_idx_read(cx, path) tw_idx_read_at(TW_HERE, cx, path)

/* The bytes of a file, plain or gzip, as u8 [n]: of a text, its letters. */
TW_API tw_node *tw_bytes_read_at(const tw_loc *at, tw_ctx *cx, const char *path);
#define tw_bytes_read(cx, path) tw_bytes_read_at(TW_HERE, cx, path)

/* The array of a NumPy file, plain or gzip. Half precision becomes f32, small integers i32, u32 and u64 become i64. */
TW_API tw_node *tw_npy_read_at(const tw_loc *at, tw_ctx *cx, const char *path);
#define tw_npy_read(cx, path) tw_npy_read_at(TW_HERE, cx, path)
/* Writes the value of n for numpy.load. False in error. */
TW_API bool tw_npy_write_at(const tw_loc *at, tw_node *n, const char *path);
#define tw_npy_write(n, path) tw_npy_write_at(TW_HERE, n, path)

/* ---- pictures ------------------------------------------------------------------------------- */

typedef struct tw_image_args {
    int _size;
    int channels;           /* 1 (grey), 2 (grey, alpha), 3 (red, green, blue) or 4; default: those of the file */
} tw_image_args;
/* A PNG or JPEG picture as u8 [height, width, channels]. Where alpha is not asked for, it lies on black. */
TW_API tw_node *tw_image_read_at(const tw_loc *at, tw_ctx *cx, const char *path, const tw_image_args *options);
#define tw_image_read(...) tw__image_read(__VA_ARGS__, )
#define tw__image_read(cx, path, ...) tw_image_read_at(TW_HERE, cx, path, TW_OPTS(tw_image_args, __VA_ARGS__))
/* Writes [h, w] or [h, w, 1 to 4] as PNG: u8, or numbers of which 0 is black and 1 is white. False in error. */
TW_API bool tw_png_write_at(const tw_loc *at, tw_node *n, const char *path);
#define tw_png_write(n, path) tw_png_write_at(TW_HERE, n, path)

/* ---- tables of text ------------------------------------------------------------------------ */

typedef struct tw_csv_args {
    int         _size;
    char        separator;      /* default ',' */
    bool        no_header;      /* the first line is a row; columns are called "1", "2", ... */
    const char *missing;        /* a word for what is missing, besides nothing, NA, NaN, N/A, null and ? */
    const char *categories;     /* pattern of the columns that are categories even if they look like numbers */
} tw_csv_args;
/* A table in memory until tw_close, plain or gzip. Never NULL: after an error one without rows. A column holds numbers, NaN
 * where missing, or categories, -1 where missing, which are numbered in the order of their texts. */
typedef struct tw_table tw_table;
TW_API tw_table *tw_csv_read_at(const tw_loc *at, tw_ctx *cx, const char *path, const tw_csv_args *options);
#define tw_csv_read(...) tw__csv_read(__VA_ARGS__, )
#define tw__csv_read(cx, path, ...) tw_csv_read_at(TW_HERE, cx, path, TW_OPTS(tw_csv_args, __VA_ARGS__))
TW_API tw_ctx     *tw_table_ctx(const tw_table *t);
TW_API int64_t     tw_table_rows(const tw_table *t);
TW_API int         tw_table_columns(const tw_table *t);
TW_API const char *tw_table_name(const tw_table *t, int column);
TW_API int         tw_table_find(const tw_table *t, const char *name);             /* the column of that name, or -1 */
TW_API int         tw_table_classes(const tw_table *t, int column);                /* 0: a column of numbers */
TW_API const char *tw_table_class(const tw_table *t, int column, int number);      /* the text of a category */
TW_API const double  *tw_table_numbers(const tw_table *t, int column);             /* a row each; NULL: categories */
TW_API const int32_t *tw_table_codes(const tw_table *t, int column);               /* a row each; NULL: numbers */
/* A column as a leaf of the current scope: of the context's dtype, or i32 for categories. */
TW_API tw_node *tw_table_column_at(const tw_loc *at, const tw_table *t, int column);
#define tw_table_column(t, column) tw_table_column_at(TW_HERE, t, column)

/* ---- named tensors: .safetensors and .npz -------------------------------------------------- */

/* The contents of a file, in memory until tw_close. Never NULL: after an error one without tensors. */
typedef struct tw_archive tw_archive;
TW_API tw_archive *tw_archive_read_at(const tw_loc *at, tw_ctx *cx, const char *path);
#define tw_archive_read(cx, path) tw_archive_read_at(TW_HERE, cx, path)
TW_API int         tw_archive_count(const tw_archive *a);
TW_API const char *tw_archive_name(const tw_archive *a, int i);                /* sorted; NULL beyond the end */
TW_API const char *tw_archive_note(const tw_archive *a, const char *key);      /* of a safetensors' __metadata__; NULL: none */
/* A leaf of the current scope; an error if there is no such name. */
TW_API tw_node *tw_archive_get_at(const tw_loc *at, const tw_archive *a, const char *name);
#define tw_archive_get(a, name) tw_archive_get_at(TW_HERE, a, name)

typedef struct tw_archive_item { const char *name; tw_node *node; } tw_archive_item;
/* Writes the values as .npz or, by any other ending, as safetensors. False in error. */
TW_API bool tw_archive_write_at(const tw_loc *at, tw_ctx *cx, const char *path, int n, const tw_archive_item *items);
#define tw_archive_write(cx, path, n, items) tw_archive_write_at(TW_HERE, cx, path, n, items)

/* ---- the weights of a network -------------------------------------------------------------- */

typedef enum tw_names {
    TW_NAMES_OWN,           /* "conv1/weight" as [kh, kw, in, out], "fc/weight" as [in, out] */
    TW_NAMES_TORCH          /* "conv1.weight" as [out, in, kh, kw], "fc.weight" as [out, in]: what is called weight, by its rank.
                             * Images are flattened channels first there: tw_flatten(tw_permute(x, TW_AXES(0, 3, 1, 2))) */
} tw_names;

/* Says what a parameter is called in a file, and how it lies there. The first rule that matches counts. */
typedef struct tw_name_rule {
    const char *ours;       /* pattern of paths; each * stands for any characters */
    const char *theirs;     /* the name, in which each * is what the same one of ours stands for; NULL: as without the rule */
    tw_axes     axes;       /* our axis k is their axis .axes[k]: TW_AXES(1, 0) transposes; default, and of other ranks, as without the rule */
} tw_name_rule;

typedef struct tw_net_file_args {
    int                 _size;
    tw_names            names;          /* default TW_NAMES_OWN */
    const tw_name_rule *rules;          /* n_rules of them; default none */
    int                 n_rules;
    const char         *only;           /* pattern of the parameters and buffers meant; default all */
    bool                partial;        /* loading: the file may lack some, and have others */
} tw_net_file_args;

/* Writes parameters and buffers as .npz or, by any other ending, as safetensors. False in error. */
TW_API bool tw_net_save_at(const tw_loc *at, tw_net *net, const char *path, const tw_net_file_args *options);
#define tw_net_save(...) TW__NET_FILE(tw_net_save_at, __VA_ARGS__, )
/* Reads them. What the network has already gets its value now, all or nothing; parameters that appear later begin with the
 * file's value instead of their initialiser's, so a network may be loaded before its model has run. Floating dtypes
 * are converted. */
TW_API bool tw_net_load_at(const tw_loc *at, tw_net *net, const char *path, const tw_net_file_args *options);
#define tw_net_load(...) TW__NET_FILE(tw_net_load_at, __VA_ARGS__, )
#define TW__NET_FILE(f, net, path, ...) f(TW_HERE, net, path, TW_OPTS(tw_net_file_args, __VA_ARGS__))

#ifdef __cplusplus
}
#endif
