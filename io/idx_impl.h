/* idx_impl.h - the contents of an IDX file, as bytes. */
#pragma once
#include "io/tensor_impl.h"

typedef struct tw__idx {
    tw__tensor t;           /* what was read: the first axis may be cut by the limit */
    int64_t    rows;        /* along the first axis of the file */
} tw__idx;

/* Reads a file, or its first `limit` rows if limit > 0. False after failing the context; then there is nothing to drop. */
bool tw__idx_load(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int64_t limit, tw__idx *f);
