/* io.h - file formats.
 *
 * Every file is taken for hostile: what does not fit its format is an error with the path, what was
 * expected and what was found; no more memory is used than the file has data for.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "core/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The tensor of a file in IDX format, the one of MNIST, plain or gzip: u8, i32, f32 or f64. */
TW_API tw_node *tw_idx_read_at(const tw_loc *at, tw_ctx *cx, const char *path);
#define tw_idx_read(cx, path) tw_idx_read_at(TW_HERE, cx, path)

#ifdef __cplusplus
}
#endif
