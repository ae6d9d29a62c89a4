/* sink_impl.h - a file that is there whole, or not at all. */
#pragma once
#include "core/op.h"

typedef struct tw__sink tw__sink;

/* NULL after failing the context, at `at`, in the name of `op`; nothing is touched while in error. */
tw__sink *tw__sink_open(const tw_loc *at, tw_ctx *cx, const char *op, const char *path);
/* False after failing; then only tw__sink_close is left to do. */
bool tw__sink_write(tw__sink *s, const void *bytes, size_t size);
/* Puts what was written in the place of path if keep and nothing failed, drops it otherwise. Whether it is there. */
bool tw__sink_close(tw__sink *s, bool keep);
