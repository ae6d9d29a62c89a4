/* jpeg.c - JPEG through libjpeg.
 *
 * libjpeg leaves by longjmp when it fails, so the one function that calls it sets where to; what it
 * only warns of (a file that ends early, damaged data) is an error here. A progressive file may
 * cost the whole picture for each of its scans: there is a limit to their number.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/image_impl.h"

#ifdef TW_HAVE_JPEG

#include <setjmp.h>
#include <jpeglib.h>

enum { SCANS = 200 };

typedef struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr         errors;
    struct jpeg_progress_mgr      progress;
    char    text[JMSG_LENGTH_MAX];
    jmp_buf out;
} decoder;

static void leave(j_common_ptr jpeg)
{
    decoder *d = jpeg->client_data;
    jpeg->err->format_message(jpeg, d->text);
    longjmp(d->out, 1);
}

static void message(j_common_ptr jpeg, int level)
{
    if (level < 0) leave(jpeg);
}

static void count_scans(j_common_ptr jpeg)
{
    decoder *d = jpeg->client_data;
    if (!jpeg->is_decompressor || d->jpeg.input_scan_number <= SCANS) return;
    snprintf(d->text, sizeof d->text, "more than %d scans", SCANS);
    longjmp(d->out, 1);
}

static bool decode(decoder *d, const tw__picture_file *f, tw__image *to)
{
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    if (setjmp(d->out)) return tw__picture_fail(f, TW_EIO, "damaged JPEG: %.100s", d->text);
    jpeg_create_decompress(jpeg);
    jpeg->client_data = d, jpeg->progress = &d->progress;
    jpeg_mem_src(jpeg, (unsigned char *)(uintptr_t)f->bytes, f->size);
    jpeg_read_header(jpeg, TRUE);
    const int channels = f->channels ? f->channels : jpeg->num_components == 1 ? 1 : 3;
    if (channels != 1 && channels != 3) return tw__picture_fail(f, TW_EARG, "a JPEG has 1 or 3 channels, not %d", channels);
    jpeg->out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    if (!tw__image_room(f, jpeg->image_height, jpeg->image_width, channels, to)) return false;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = to->data + (size_t)jpeg->output_scanline * (size_t)to->width * (size_t)channels;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
    return true;
}

bool tw__jpeg_decode(const tw__picture_file *f, tw__image *to)
{
    decoder *d = tw_resize(f->cx, NULL, 0, sizeof *d);
    if (!d) return false;
    *d = (decoder){ .progress = { .progress_monitor = count_scans } };
    d->jpeg.err = jpeg_std_error(&d->errors);
    d->errors.error_exit = leave, d->errors.emit_message = message;
    d->jpeg.client_data = d;
    const bool ok = decode(d, f, to);
    jpeg_destroy_decompress(&d->jpeg);
    tw_resize(f->cx, d, sizeof *d, 0);
    return ok;
}

#else

bool tw__jpeg_decode(const tw__picture_file *f, tw__image *to)
{
    (void)to;
    return tw__picture_fail(f, TW_EMISSING, "JPEG needs libjpeg, which this build has not");
}

#endif
