/* tensor_impl.h - the elements of a file on their way to a node, and how files may store them. */
#pragma once
#include "core/op.h"
#include "io/source_impl.h"

/* One way to store an element. */
typedef struct tw__stored {
    const char *word;       /* in safetensors; NULL: not there */
    char        kind;       /* in npy, f i u b; 0: not there */
    int         size;       /* bytes */
    tw_dtype    dtype;      /* that holds all its values */
    void      (*widen)(const unsigned char *from, int64_t n, void *to);     /* NULL: the bytes are the dtype's own */
} tw__stored;

/* NULL if there is none. */
const tw__stored *tw__stored_word(const char *word);
const tw__stored *tw__stored_kind(char kind, int size);
const tw__stored *tw__stored_dtype(tw_dtype dtype);     /* how a dtype is written: always there */

typedef struct tw__tensor {
    const tw__stored *as;
    tw_dtype dtype;
    tw_dims  dims;
    size_t   bytes, room;   /* of data, and of its block */
    void    *data;          /* NULL before tw__tensor_read */
} tw__tensor;

/* From as and dims: dtype, count and bytes. False after failing, if no memory could hold it. */
bool tw__tensor_measure(tw__source *s, tw__tensor *t);
/* Reads the elements of a measured tensor. Memory grows with the data that arrives, so that a header's claim costs nothing. */
bool tw__tensor_read(tw_ctx *cx, tw__source *s, bool big_endian, tw__tensor *t);
/* Fails unless the file ends here. Asking for one byte more also makes gzip verify its checksum. */
bool tw__tensor_is_last(tw__source *s, const tw__tensor *t);
tw_node *tw__tensor_node(const tw_loc *at, tw_ctx *cx, const tw__tensor *t);
void tw__tensor_drop(tw_ctx *cx, tw__tensor *t);

/* to[i of axes] = from[...]: axis k of the result is axis from_axis[k] of the source, whose shape is dims. */
void tw__permute(size_t size, const tw_dims *dims, const int *from_axis, const void *from, void *to);
