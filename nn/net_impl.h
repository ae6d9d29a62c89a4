/* net_impl.h - what the files of nn/ share: the collection behind a tw_net, and the frame of a layer. */
#pragma once
#include "core/here_impl.h"
#include "nn/nn.h"

enum { TW__PATH_MAX = 256 };        /* bytes of a whole path, its end included */

/* Where first values come from instead of initialisers: a file that was loaded before the model ran. */
typedef struct tw__net_source {
    /* The value of a new parameter that its initialiser would draw as `drawn`; nil after failing. */
    tw_node *(*value)(const tw_loc *at, tw_net *net, const char *path, tw_node *drawn);
    void     (*drop)(struct tw__net_source *s);
} tw__net_source;

struct tw_net {
    tw_ctx *cx;                     /* NULL: dead */
    tw__net_source *source;         /* NULL: initialisers */
    struct tw__net_row *rows;       /* table.c: by path, in order of creation */
    bool training, sealed;
    int  depth, length;             /* names entered; bytes of prefix */
    char prefix[TW__PATH_MAX];      /* "encoder/", or empty */
};

/* table.c: items by path. */
tw_net_item *tw__net_find(const tw_net *net, const char *path);
tw_net_item *tw__net_after(const tw_net *net, const tw_net_item *item);
tw_net_item *tw__net_insert(tw_net *net, const tw_net_item *item);      /* copied; NULL without memory */
void         tw__net_clear(tw_net *net);
/* Takes s, or NULL, and drops the source before. */
void         tw__net_source_set(tw_net *net, tw__net_source *s);
uint64_t     tw__path_hash(const char *path);

/* pattern.c */
bool tw__matches(const char *pattern, const char *text);

/* net.c: the prefix and name as one path, into path[TW__PATH_MAX]; false after an error. */
bool tw__net_path(const tw_loc *at, const char *op, const tw_net *net, const char *name, char *path);
tw_node *tw__net_nil(const tw_net *net);

/* layer.c: between enter and leave names are the layer's own, and x can be looked at. */
typedef struct tw__layer {
    const tw_loc *at;
    const char   *kind;
    tw_net       *net;
    tw_net_mark   mark;
    bool          ok;               /* otherwise there is nothing to build on */
} tw__layer;

tw__layer tw__layer_enter(const tw_loc *at, const char *kind, tw_net *net, const char *name, tw_node **x);
/* Returns y, or nil for NULL. */
tw_node *tw__layer_leave(tw__layer *l, tw_node *y);
/* What the network has under that name, if it is there already; its parameter. */
const tw_net_item *tw__layer_item(const tw__layer *l, const char *name);
tw_node *tw__layer_has(const tw__layer *l, const char *name);
/* tw_fail that adds which layer it was and who called it. */
tw_node *tw__layer_fail(const tw__layer *l, tw_code code, const char *op, const char *format, ...) TW_PRINTF(4, 5);

/* Of first values; without terms there are none, and any will do. */
static inline double tw__variance(double of_all, double terms) { return terms > 0 ? of_all / terms : 0; }
static inline tw_init tw__init_or(tw_init given, tw_init otherwise) { return given.draw ? given : otherwise; }
