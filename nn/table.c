/* table.c - the items of a network by path; the one file of nn/ that knows uthash.
 *
 * Rows are allocated singly and never move, so a pointer to an item lasts as long as its network.
 * uthash keeps the order of insertion, which is the order of tw_net_next.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(row) ((row)->oom = true)
#define uthash_malloc(n)  tw_resize(cx, NULL, 0, (n))
#define uthash_free(p, n) ((void)tw_resize(cx, (p), (n), 0))
#define HASH_FUNCTION(key, length, value) ((value) = fold((key), (length)))
#include <uthash.h>

typedef struct tw__net_row {
    tw_net_item    item;            /* first: an item is the address of its row */
    bool           oom;
    UT_hash_handle hh;
} row;

/* FNV-1a: paths are short, and the same number seeds a parameter's first value for ever. */
static uint64_t fnv1a(const void *key, size_t length)
{
    const unsigned char *byte = key;
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++) h = (h ^ byte[i]) * 0x100000001b3u;
    return h;
}

static unsigned fold(const void *key, size_t length)
{
    const uint64_t h = fnv1a(key, length);
    return (unsigned)(h ^ h >> 32);
}

uint64_t tw__path_hash(const char *path)
{
    return fnv1a(path, strlen(path));
}

tw_net_item *tw__net_find(const tw_net *net, const char *path)
{
    row *r = NULL;
    HASH_FIND(hh, net->rows, path, strlen(path), r);
    return r ? &r->item : NULL;
}

tw_net_item *tw__net_after(const tw_net *net, const tw_net_item *item)
{
    row *r = item ? ((const row *)(const void *)item)->hh.next : net->rows;
    return r ? &r->item : NULL;
}

tw_net_item *tw__net_insert(tw_net *net, const tw_net_item *item)
{
    tw_ctx *cx = net->cx;
    row *r = tw_resize(cx, NULL, 0, sizeof *r);
    if (!r) return NULL;
    *r = (row){ .item = *item };
    HASH_ADD_KEYPTR(hh, net->rows, r->item.path, strlen(r->item.path), r);
    if (!r->oom) return &r->item;
    tw_resize(cx, r, sizeof *r, 0);
    return NULL;
}

void tw__net_clear(tw_net *net)
{
    tw_ctx *cx = net->cx;
    row *r = net->rows;
    HASH_CLEAR(hh, net->rows);
    while (r) {
        row *next = r->hh.next;
        tw_resize(cx, r, sizeof *r, 0);
        r = next;
    }
}
