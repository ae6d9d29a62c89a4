/* folder.h - what tests of files share: an empty folder for each, files put there, and a heap that may run dry. */
#pragma once
#include "tests/rig.h"

#include <unistd.h>

static char folder[] = "/tmp/check_thalweg_XXXXXX";

static inline void folder_make(void) { ck_assert_ptr_nonnull(mkdtemp(folder)); }

static inline void folder_drop(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
    strcpy(folder + sizeof folder - 7, "XXXXXX");
}

/* The path of a name there; good until four more were asked for. */
static inline const char *in_folder(const char *name)
{
    static char p[4][512];
    static int  turn;
    turn = (turn + 1) % 4;
    snprintf(p[turn], sizeof p[turn], "%s/%s", folder, name);
    return p[turn];
}

static inline void put(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(in_folder(name), "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

/* The contents, at most room bytes; 0 if there is no such file. */
static inline size_t get(const char *name, void *to, size_t room)
{
    FILE *f = fopen(in_folder(name), "rb");
    if (!f) return 0;
    const size_t n = fread(to, 1, room, f);
    fclose(f);
    return n;
}

/* Runs f with so many allocations (below 0: any number): nothing may be left behind, an error is ENOMEM, or of the code that is
 * asked for, and the peak stays below most. Whether there was none. */
static inline bool with_heap(void (*f)(tw_ctx *cx), long left, tw_code code, size_t most)
{
    heap h = { .left = left };
    tw_ctx *cx = tw_open(.resize = heap_resize, .resize_user = &h, .on_error = rig_quiet);
    f(cx);
    const bool good = tw_ok(cx);
    tw_error e;
    if (tw_error_take(cx, &e)) ck_assert_msg(e.code == (left < 0 ? code : TW_ENOMEM), "%s: %s", tw_code_name(e.code), e.text);
    ck_assert_msg(h.peak <= most, "%zu bytes", h.peak);
    tw_close(cx);
    ck_assert_int_eq(h.blocks, 0);
    return good;
}

static inline void every_allocation_fails_once(void (*f)(tw_ctx *cx))
{
    long left = 0;
    while (left < 4000 && !with_heap(f, left, TW_ENOMEM, SIZE_MAX)) left++;
    ck_assert_int_lt(left, 4000);
}

/* Cuts the file at every length, then damages it at random (TW_FUZZ=rounds: so often): f may fail by EIO only. */
static inline void attack(const char *name, void (*f)(tw_ctx *cx), bool cuts_are_errors, int rounds, size_t most)
{
    static unsigned char whole[1 << 14], b[1 << 14];
    static const char marks[] = "09[]{}\",:-e\r\n;";
    const size_t n = get(name, whole, sizeof whole);
    ck_assert(n > 0 && n < sizeof whole);
    ck_assert(with_heap(f, -1, TW_EIO, most));
    for (size_t cut = 0; cut < n; cut++) {
        put(name, whole, cut);
        ck_assert_msg(!with_heap(f, -1, TW_EIO, most) || !cuts_are_errors, "cut at %zu", cut);
    }
    const char *fuzz = getenv("TW_FUZZ");
    const long  all = fuzz ? atol(fuzz) : rounds;
    uint64_t seed = 42;
    for (long i = 0; i < all; i++) {
        memcpy(b, whole, n);
        const int changes = 1 + (int)(noise_bits(&seed) % 4);
        for (int k = 0; k < changes; k++) {
            unsigned char *at = &b[noise_bits(&seed) % (noise_bits(&seed) % 2 ? n : n < 200 ? n : 200)];
            *at = noise_bits(&seed) % 3 ? (unsigned char)(*at ^ 1u << noise_bits(&seed) % 8) : (unsigned char)marks[noise_bits(&seed) % 14];
        }
        put(name, b, noise_bits(&seed) % 4 ? n : 1 + noise_bits(&seed) % n);
        with_heap(f, -1, TW_EIO, most);
    }
    put(name, whole, n);
}
