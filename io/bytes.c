/* bytes.c - a file as it is: text, or whatever a program takes apart by itself.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/io.h"
#include "io/source_impl.h"

tw_node *tw_bytes_read_at(const tw_loc *at, tw_ctx *cx, const char *path)
{
    size_t size, room;
    unsigned char *bytes = tw__file_contents(at, cx, "bytes_read", path, &size, &room);
    if (!bytes) return tw_nil(cx);
    tw_node *n = size ? tw_data(cx, TW_U8, TW_SHAPE((int64_t)size), bytes) : tw_fail(cx, TW_EIO, "bytes_read", at, "%.120s: is empty", path);
    tw_resize(cx, bytes, room, 0);
    return n;
}
