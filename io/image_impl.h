/* image_impl.h - pictures as bytes. */
#pragma once
#include "core/op.h"

/* Rows of pixels of 1 (grey), 2 (grey, alpha), 3 (red, green, blue) or 4 bytes. */
typedef struct tw__image {
    int64_t  height, width;
    int      channels;
    size_t   bytes;             /* of data, a block of the context's */
    unsigned char *data;
} tw__image;

/* A file's contents, to be read by one of the formats. */
typedef struct tw__picture_file {
    const tw_loc *at;
    tw_ctx       *cx;
    const char   *op, *path;
    const unsigned char *bytes;
    size_t        size;
    int           channels;     /* asked for; 0: as they are in the file */
} tw__picture_file;

/* Reads the picture of a file, by its first bytes. False after failing; then there is nothing to drop. */
bool tw__image_load(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int channels, tw__image *to);
void tw__image_drop(tw_ctx *cx, tw__image *i);
/* To another size: each pixel the mean of the part of the picture that it covers. */
bool tw__image_resize(tw_ctx *cx, tw__image *i, int64_t height, int64_t width);

bool tw__picture_fail(const tw__picture_file *f, tw_code code, const char *format, ...) TW_PRINTF(3, 4);
/* Room for a picture of that size, unless it is larger than so many bytes could stand for. False after failing. */
bool tw__image_room(const tw__picture_file *f, int64_t height, int64_t width, int channels, tw__image *to);
bool tw__png_decode(const tw__picture_file *f, tw__image *to);
bool tw__jpeg_decode(const tw__picture_file *f, tw__image *to);
/* The value of n, [h, w] or [h, w, 1 to 4], as a picture: u8, or numbers from 0 to 1. False after failing. */
bool tw__image_of(const tw_loc *at, const char *op, tw_node *n, tw__image *to);
/* The bytes of a PNG file, in a block of malloc's; NULL after failing, in the name of what it is for. */
unsigned char *tw__png_encode(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, const tw__image *i, size_t *size);
