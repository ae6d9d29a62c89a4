/* source_impl.h - a file as a stream of bytes, plain or gzip, for the readers of formats. */
#pragma once
#include "core/op.h"

typedef struct tw__source tw__source;

/* NULL after failing the context, at `at`, in the name of `op`. */
tw__source *tw__source_open(const tw_loc *at, tw_ctx *cx, const char *op, const char *path);
/* Reads size bytes, fewer only at the end of the file; -1 after failing. */
int64_t tw__source_read(tw__source *s, void *to, size_t size);
void tw__source_close(tw__source *s);
/* Fails the context with "path: text"; returns false. */
bool tw__source_fail(tw__source *s, tw_code code, const char *format, ...) TW_PRINTF(3, 4);
