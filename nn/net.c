/* net.c - a network: names and the parameters that they stand for.
 *
 * The prefix of open names is one string that grows and shrinks at its end; a parameter's path is
 * that prefix and its name. Entering a name also enters a cluster of the drawing.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include <string.h>

static tw_net dead;     /* what tw_net_new returns without memory: no context, never written to */

static bool lives(const tw_net *net)
{
    return net && net->cx;
}

tw_node *tw__net_nil(const tw_net *net)
{
    return tw_nil(lives(net) ? net->cx : NULL);
}

void tw__net_source_set(tw_net *net, tw__net_source *s)
{
    if (net->source) net->source->drop(net->source);
    net->source = s;
}

static void net_close(void *object)
{
    tw_net *net = object;
    tw__net_source_set(net, NULL);
    tw__net_clear(net);
    tw_resize(net->cx, net, sizeof *net, 0);
}

tw_net *tw_net_new(tw_ctx *cx)
{
    if (!cx) return &dead;
    tw_net *net = tw_resize(cx, NULL, 0, sizeof *net);
    if (!net) return &dead;
    *net = (tw_net){ .cx = cx, .training = true };
    if (tw_on_close(cx, net_close, net)) return net;
    tw_resize(cx, net, sizeof *net, 0);
    return &dead;
}

tw_ctx *tw_net_ctx(const tw_net *net)
{
    return lives(net) ? net->cx : NULL;
}

/* ---- names */

static bool well_formed(const char *name)
{
    const size_t n = strlen(name);
    return n && name[0] != '/' && name[n - 1] != '/' && !strstr(name, "//");
}

bool tw__net_path(const tw_loc *at, const char *op, const tw_net *net, const char *name, char *path)
{
    if (!name || !well_formed(name)) {
        tw_fail(net->cx, TW_EARG, op, at, "name \"%s\": neither empty nor with a '/' at an end", name ? name : "(NULL)");
        return false;
    }
    if ((size_t)net->length + strlen(name) + 2 > TW__PATH_MAX) {        /* room for a '/' after it */
        tw_fail(net->cx, TW_EARG, op, at, "path \"%.80s%.80s...\" is longer than %d bytes", net->prefix, name, TW__PATH_MAX - 2);
        return false;
    }
    memcpy(path, net->prefix, (size_t)net->length);
    strcpy(path + net->length, name);
    return true;
}

tw_net_mark tw_net_enter_at(const tw_loc *at, tw_net *net, const char *name)
{
    if (!lives(net)) return (tw_net_mark){ 0 };
    const tw_net_mark mark = { net, net->length, net->depth };
    char path[TW__PATH_MAX];
    if (!tw__net_path(at, "net_scope", net, name, path)) return mark;

    const size_t n = strlen(path);
    memcpy(net->prefix, path, n);
    memcpy(net->prefix + n, "/", 2);
    net->length = (int)n + 1;
    net->depth++;
    tw_name_enter(net->cx, name);
    return mark;
}

void tw_net_leave(tw_net_mark *mark)
{
    tw_net *net = mark->net;
    if (!net) return;
    for (; net->depth > mark->depth; net->depth--) tw_name_leave(net->cx);
    if (net->length > mark->length) net->length = mark->length;
    net->prefix[net->length] = 0;
}

/* ---- the collection */

const tw_net_item *tw_net_next(const tw_net *net, const char *pattern, const tw_net_item *after)
{
    if (!lives(net)) return NULL;
    do after = tw__net_after(net, after);
    while (after && !tw__matches(pattern, after->path));
    return after;
}

tw_node *tw_net_param_at(const tw_loc *at, tw_net *net, const char *path)
{
    if (!lives(net) || !tw_ok(net->cx)) return tw__net_nil(net);
    const tw_net_item *item = path ? tw__net_find(net, path) : NULL;
    return item ? item->cell : tw_fail(net->cx, TW_EARG, "net_param", at, "no parameter \"%s\"", path ? path : "(NULL)");
}

int64_t tw_net_count(const tw_net *net)
{
    int64_t n = 0;
    TW_NET_EACH(item, net, NULL)
        if (!item->buffer) n += tw_count(item->cell);
    return n;
}

void tw_net_training(tw_net *net, bool on)
{
    if (lives(net)) net->training = on;
}

bool tw_net_is_training(const tw_net *net)
{
    return lives(net) && net->training;
}

void tw_net_seal(tw_net *net)
{
    if (lives(net)) net->sealed = true;
}

int tw_net_freeze_at(const tw_loc *at, tw_net *net, const char *pattern, bool frozen)
{
    if (!lives(net) || !tw_ok(net->cx)) return 0;
    int found = 0;
    for (tw_net_item *item = NULL; (item = tw__net_after(net, item)); ) {
        if (item->buffer || !tw__matches(pattern, item->path)) continue;
        item->frozen = frozen;
        found++;
    }
    if (!found) tw_fail(net->cx, TW_EARG, "net_freeze", at, "no parameter matches \"%s\"", pattern ? pattern : "*");
    return found;
}
