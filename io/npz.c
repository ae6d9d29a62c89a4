/* npz.c - archives of NumPy's savez: a zip file of npy files, "name.npy" for the array `name`.
 *
 * libzip reads and writes the archive; the entries are streams to the reader of npy files, which
 * takes memory only as data arrives. libzip verifies each entry's checksum when its end is read.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "io/archive_impl.h"
#include "io/npy_impl.h"

#ifdef TW_HAVE_LIBZIP

#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum { NAME = 400 };                /* bytes of an entry's, ".npy" and its end included */

static int64_t more(void *handle, void *to, size_t room) { return zip_fread(handle, to, room); }

static bool entry(const tw_loc *at, const char *op, tw_archive *a, zip_t *z, zip_int64_t i)
{
    const char *file = zip_get_name(z, (zip_uint64_t)i, 0);
    const size_t n = file ? strlen(file) : 0;
    char name[NAME];
    if (n < 5 || n >= sizeof name || strcmp(file + n - 4, ".npy"))
        return tw__file_fail(at, a->cx, op, a->path, TW_EIO, "entry %lld, \"%.40s\", is no npy file", (long long)i, file ? file : "");
    snprintf(name, sizeof name, "%.*s", (int)n - 4, file);
    tw__entry *e = tw__archive_add(a, name);
    zip_file_t *f = e ? zip_fopen_index(z, (zip_uint64_t)i, 0) : NULL;
    if (!f) return e && tw__file_fail(at, a->cx, op, a->path, TW_EIO, "entry \"%.60s\" cannot be opened: %.80s", file, zip_strerror(z));
    char label[600];
    snprintf(label, sizeof label, "%.200s(%.300s)", a->path, file);
    tw__source *s = tw__source_from(at, a->cx, op, label, more, f);
    const bool ok = s && tw__npy_read(a->cx, s, &e->t);
    if (s) tw__source_close(s);
    zip_fclose(f);
    return ok;
}

bool tw__npz_read(const tw_loc *at, const char *op, tw_archive *a)
{
    int code = 0;
    zip_t *z = zip_open(a->path, ZIP_RDONLY, &code);
    if (!z) {
        zip_error_t e;
        zip_error_init_with_code(&e, code);
        tw__file_fail(at, a->cx, op, a->path, TW_EIO, "no zip archive: %.100s", zip_error_strerror(&e));
        zip_error_fini(&e);
        return false;
    }
    bool ok = true;
    const zip_int64_t n = zip_get_num_entries(z, 0);
    for (zip_int64_t i = 0; ok && i < n; i++) ok = entry(at, op, a, z, i);
    zip_discard(z);
    return ok;
}

/* ---- writing: the archive is made in memory, and put into its place as all files are */

static bool add(zip_t *z, const tw__written *w)
{
    char name[NAME], header[TW__NPY_HEADER];
    snprintf(name, sizeof name, "%s.npy", w->name);
    const size_t front = tw__npy_header(w->dtype, w->dims, header), bytes = (size_t)w->dims->count * tw_dtype_size(w->dtype);
    char *whole = malloc(front + bytes);
    if (!whole) return false;
    memcpy(whole, header, front);
    if (bytes) memcpy(whole + front, w->data, bytes);
    zip_source_t *s = zip_source_buffer(z, whole, front + bytes, 1);        /* libzip frees it */
    if (!s) return free(whole), false;
    const zip_int64_t i = zip_file_add(z, name, s, ZIP_FL_ENC_UTF_8);
    if (i < 0) return zip_source_free(s), false;
    return zip_set_file_compression(z, (zip_uint64_t)i, ZIP_CM_STORE, 0) == 0;
}

/* The bytes of the closed archive. */
static bool copy_out(zip_source_t *all, tw__sink *s)
{
    char block[1 << 13];
    zip_int64_t n = -1;
    if (zip_source_open(all) != 0) return false;
    while ((n = zip_source_read(all, block, sizeof block)) > 0 && tw__sink_write(s, block, (size_t)n)) { }
    zip_source_close(all);
    return n == 0;
}

static bool named(const tw_loc *at, tw_ctx *cx, const char *op, const char *name)
{
    const size_t n = strlen(name);
    if (n && n + 5 <= NAME) return true;
    tw_fail(cx, TW_EARG, op, at, "a name of %zu bytes, \"%.40s\": in a zip archive from 1 to %d", n, name, NAME - 5);
    return false;
}

bool tw__npz_write(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int n, const tw__written *items)
{
    for (int i = 0; i < n; i++)
        if (!named(at, cx, op, items[i].name)) return false;
    if (!n) return tw__file_fail(at, cx, op, path, TW_EARG, "a zip archive of no tensors cannot be written");
    tw__sink *s = tw__sink_open(at, cx, op, path);
    if (!s) return false;
    zip_error_t e;
    zip_error_init(&e);
    zip_source_t *all = zip_source_buffer_create(NULL, 0, 0, &e);
    zip_t *z = all ? zip_open_from_source(all, ZIP_TRUNCATE, &e) : NULL;
    bool ok = z;
    for (int i = 0; ok && i < n; i++) ok = add(z, &items[i]);
    if (all) zip_source_keep(all);
    char why[80] = "no memory";
    if (z && !ok) snprintf(why, sizeof why, "%s", zip_strerror(z));
    if (z && (!ok || zip_close(z) != 0)) ok = false, zip_discard(z);
    ok = ok && copy_out(all, s);
    if (!ok && tw_ok(cx)) tw__file_fail(at, cx, op, path, TW_EIO, "the archive could not be made: %s", why);
    if (all) zip_source_free(all);
    zip_error_fini(&e);
    return tw__sink_close(s, ok);
}

#else

bool tw__npz_read(const tw_loc *at, const char *op, tw_archive *a)
{
    return tw__file_fail(at, a->cx, op, a->path, TW_EMISSING, "zip archives need libzip, which this build has not");
}

bool tw__npz_write(const tw_loc *at, tw_ctx *cx, const char *op, const char *path, int n, const tw__written *items)
{
    (void)n, (void)items;
    return tw__file_fail(at, cx, op, path, TW_EMISSING, "zip archives need libzip, which this build has not");
}

#endif
