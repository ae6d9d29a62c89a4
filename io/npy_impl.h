/* npy_impl.h - arrays in NumPy's format, as files and as entries of npz archives. */
#pragma once
#include "io/tensor_impl.h"

/* Reads one array, which the source ends with. False after failing; then there is nothing to drop. */
bool tw__npy_read(tw_ctx *cx, tw__source *s, tw__tensor *t);

enum { TW__NPY_HEADER = 512 };
/* The header of an array of that dtype and shape; returns its bytes. The elements follow it. */
size_t tw__npy_header(tw_dtype dtype, const tw_dims *dims, char to[TW__NPY_HEADER]);
