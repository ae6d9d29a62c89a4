/* idx_impl.h - the contents of an IDX file, as bytes. */
#pragma once
#include "core/op.h"

typedef struct tw__idx {
    tw_dtype dtype;
    tw_dims  dims;          /* what was read: the first axis may be cut by the limit */
    int64_t  rows;          /* along the first axis of the file */
    size_t   bytes, room;   /* of data in the machine's byte order, and of the block */
    void    *data;
} tw__idx;

/* Reads a file, or its first `limit` rows if limit > 0. False after failing the context; then there is nothing to drop. */
bool tw__idx_load(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int64_t limit, tw__idx *f);
void tw__idx_drop(tw_ctx *cx, tw__idx *f);
