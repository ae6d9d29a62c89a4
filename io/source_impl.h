/* source_impl.h - a file as a stream of bytes, plain or gzip, for the readers of formats. */
#pragma once
#include "core/op.h"

typedef struct tw__source tw__source;

/* NULL after failing the context, at `at`, in the name of `op`. */
tw__source *tw__source_open(const tw_loc *at, tw_ctx *cx, const char *op, const char *path);
/* The same over bytes that come from elsewhere: more says how many it gave, 0 at the end, -1 if they are damaged. */
typedef int64_t (*tw__source_fn)(void *handle, void *to, size_t room);
tw__source *tw__source_from(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, tw__source_fn more, void *handle);
/* Reads size bytes, fewer only at the end of the file; -1 after failing. */
int64_t tw__source_read(tw__source *s, void *to, size_t size);
/* The first bytes of a plain file that was just opened, without reading them; zeros where there are none, and for gzip. */
bool tw__source_peek(tw__source *s, void *to, size_t size);
void tw__source_close(tw__source *s);
/* All bytes of a file, in a block of *room; NULL after failing, and of a file without any the block is empty. */
unsigned char *tw__file_contents(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, size_t *size, size_t *room);
/* Fails the context with "path: text"; returns false. */
bool tw__source_fail(tw__source *s, tw_code code, const char *format, ...) TW_PRINTF(3, 4);
/* The same for whoever has no source. */
bool tw__file_fail(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, tw_code code, const char *format, ...) TW_PRINTF(6, 7);
