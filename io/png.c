/* png.c - PNG through libpng's simplified interface, which turns every kind into 8 bits a channel and does not jump.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/image_impl.h"
#include "io/source_impl.h"

#ifdef TW_HAVE_PNG

#include <png.h>
#include <stdlib.h>
#include <string.h>

static const png_uint_32 formats[] = { 0, PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB, PNG_FORMAT_RGBA };

bool tw__png_decode(const tw__picture_file *f, tw__image *to)
{
    png_image image = { .version = PNG_IMAGE_VERSION };
    if (!png_image_begin_read_from_memory(&image, f->bytes, f->size))
        return tw__picture_fail(f, TW_EIO, "damaged PNG: %s", image.message);
    const int own = 1 + 2 * ((image.format & PNG_FORMAT_FLAG_COLOR) != 0) + ((image.format & PNG_FORMAT_FLAG_ALPHA) != 0);
    const int channels = f->channels ? f->channels : own;
    image.format = formats[channels];
    const png_color black = { 0, 0, 0 };
    bool ok = tw__image_room(f, image.height, image.width, channels, to);
    if (ok && !png_image_finish_read(&image, &black, to->data, 0, NULL)) ok = tw__picture_fail(f, TW_EIO, "damaged PNG: %s", image.message);
    png_image_free(&image);
    return ok;
}

unsigned char *tw__png_encode(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, const tw__image *i, size_t *size)
{
    png_image image = { .version = PNG_IMAGE_VERSION, .width = (png_uint_32)i->width, .height = (png_uint_32)i->height,
                        .format = formats[i->channels] };
    png_alloc_size_t bytes = i->height < 1 << 30 && i->width < 1 << 30 ? PNG_IMAGE_PNG_SIZE_MAX(image) : 0;
    unsigned char *to = bytes ? malloc(bytes) : NULL;
    if (to && png_image_write_to_memory(&image, to, &bytes, 0, i->data, 0, NULL)) return *size = bytes, to;
    tw__file_fail(at, cx, op, path, to ? TW_EIO : TW_ENOMEM, "cannot be encoded: %s", to ? image.message : "no memory");
    free(to);
    return NULL;
}

#else

bool tw__png_decode(const tw__picture_file *f, tw__image *to)
{
    (void)to;
    return tw__picture_fail(f, TW_EMISSING, "PNG needs libpng, which this build has not");
}

unsigned char *tw__png_encode(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, const tw__image *i, size_t *size)
{
    (void)i, (void)size;
    tw__file_fail(at, cx, op, path, TW_EMISSING, "PNG needs libpng, which this build has not");
    return NULL;
}

#endif
