/* layer.c - the frame that every layer stands in: its name entered and left, its input looked at,
 * its errors completed with which layer it was.
 * SPDX-License-Identifier: MIT
 */
#include "nn/net_impl.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* An input of a layer can be of no context at all (NULL), of an error (nil), or of another context. */
static bool usable(const tw_loc *at, const char *kind, tw_net *net, tw_node **x)
{
    if (!net || !net->cx) {
        if (*x) tw_fail((*x)->cx, TW_EARG, kind, at, net ? "there was no memory for the network" : "the network is NULL");
        return false;
    }
    if (!tw_ok(net->cx)) return false;
    if (!*x) tw_fail(net->cx, TW_EARG, kind, at, "input is NULL");
    if (!*x || !(*x = tw_input(at, kind, 0, *x)) || tw_is_nil(*x)) return false;
    if ((*x)->cx == net->cx) return true;
    tw_fail(net->cx, TW_ESCOPE, kind, at, "input belongs to another context than the network");
    tw_fail((*x)->cx, TW_ESCOPE, kind, at, "the network belongs to another context than its input");
    return false;
}

tw__layer tw__layer_enter(const tw_loc *at, const char *kind, tw_net *net, const char *name, tw_node **x)
{
    tw__layer l = { .at = at, .kind = kind, .net = net };
    if (!usable(at, kind, net, x)) return l;
    char path[TW__PATH_MAX];
    if (name && !tw__net_path(at, kind, net, name, path)) return l;
    if (name) l.mark = tw_net_enter_at(at, net, name);
    l.ok = tw_ok(net->cx);
    return l;
}

tw_node *tw__layer_leave(tw__layer *l, tw_node *y)
{
    tw_net_leave(&l->mark);
    return y ? y : tw__net_nil(l->net);
}

const tw_net_item *tw__layer_item(const tw__layer *l, const char *name)
{
    char path[TW__PATH_MAX];
    return tw__net_path(l->at, l->kind, l->net, name, path) ? tw__net_find(l->net, path) : NULL;
}

tw_node *tw__layer_has(const tw__layer *l, const char *name)
{
    const tw_net_item *item = tw__layer_item(l, name);
    return item ? item->cell : NULL;
}

tw_node *tw__layer_fail(const tw__layer *l, tw_code code, const char *op, const char *format, ...)
{
    char text[200];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);

    const tw_net *net = l->net;
    const int path = net->length ? net->length - 1 : 0;         /* without the last '/' */
    return path ? tw_fail(net->cx, code, op, l->at, "%s  (in %s \"%.*s\", called by %s)", text, l->kind,
                          path, net->prefix, l->at->func)
                : tw_fail(net->cx, code, op, l->at, "%s", text);
}
