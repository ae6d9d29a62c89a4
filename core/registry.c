/* registry.c - operations by name, for each context: built-in ones and the user's.
 *
 * The entry stands beside the descriptor, which stays read-only and may be shared by contexts.
 */
#include "core/ctx_impl.h"
#include <string.h>

static unsigned mix(const char *key, unsigned length)
{
    unsigned h = 2166136261u;
    for (unsigned i = 0; i < length; i++) h = (h ^ (unsigned char)key[i]) * 16777619u;
    return h;
}

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, length, h) ((h) = mix((key), (unsigned)(length)))
#define uthash_malloc(n)  tw_resize(cx, NULL, 0, (n))
#define uthash_free(p, n) tw_resize(cx, (p), (n), 0)
#define uthash_nonfatal_oom(e) ((e)->refused = true)
#include <uthash.h>

typedef struct tw__entry { const tw_op *op; bool refused; UT_hash_handle hh; } entry;

static bool word(const char *s)
{
    if (!s || !*s) return false;
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '_')) return false;
    return true;
}

/* What is wrong with a descriptor, or NULL. */
static const char *fault(const tw_op *op)
{
    if (op->arity < -1 || op->arity > 8) return "arity is not from 0 to 8, or -1";
    if (!op->shape) return "it has no shape rule";
    if (op->attr_size < 0 || op->slot_size < 0) return "a size is negative";
    if (op->rule == TW_ELEMENTWISE && !op->d && !op->partial) return "an elementwise rule needs d or partial";
    if ((op->rule == TW_LINEAR || op->rule == TW_BILINEAR) && !op->d) return "a linear rule needs d";
    if (op->rule == TW_GENERAL && !op->vjp) return "a general rule needs vjp";
    if (op->rule == TW_BILINEAR && op->arity != 2) return "a bilinear rule needs two inputs";
    if (op->outputs > 1 && !op->shape_out) return "several outputs need shape_out";
    if (op->outputs > 4) return "more than 4 outputs";
    if (tw_is_block_op(op) && op->arity > 4) return "a block kernel takes at most 4 inputs";
    if (!op->view && !op->kernel_id && !op->kernel && !tw_is_block_op(op) && !(op->traits & (TW_LEAF | TW_EFFECT)))
        return "nothing computes it: it needs a kernel or a block kernel";
    return NULL;
}

static bool add(tw_ctx *cx, const tw_loc *at, const tw_op *op)
{
    entry *e = tw_resize(cx, NULL, 0, sizeof *e);
    if (!e) return false;
    *e = (entry){ .op = op };
    HASH_ADD_KEYPTR(hh, cx->registry, op->name, strlen(op->name), e);
    if (!e->refused) return true;
    tw_resize(cx, e, sizeof *e, 0);
    (void)at;
    return false;
}

bool tw_op_register_at(const tw_loc *at, tw_ctx *cx, const tw_op *op)
{
    if (!tw_ok(cx)) return false;
    if (!op || !word(op->name))
        return tw_fail(cx, TW_EARG, "op_register", at, "a name is lower-case letters, digits and _, not \"%s\"",
                       op && op->name ? op->name : "NULL"), false;
    const tw_op *old = tw_op_find(cx, op->name);
    if (old == op) return true;
    if (old) return tw_fail(cx, TW_EARG, "op_register", at, "there is an operation \"%s\" already", op->name), false;
    const char *why = fault(op);
    if (why) return tw_fail(cx, TW_EARG, "op_register", at, "\"%s\": %s", op->name, why), false;
    return add(cx, at, op);
}

const tw_op *tw_op_find(tw_ctx *cx, const char *name)
{
    entry *e = NULL;
    if (name) HASH_FIND(hh, cx->registry, name, strlen(name), e);
    return e ? e->op : NULL;
}

void tw_op_each(tw_ctx *cx, void (*f)(const tw_op *op, void *user), void *user)
{
    for (entry *e = cx->registry; e; e = e->hh.next) f(e->op, user);
}

bool tw__registry_init(tw_ctx *cx)
{
    static const tw_op *const own[] = { &tw_op_number, &tw_op_constant, &tw_op_data, &tw_op_kept, &tw_op_cell,
        &tw_op_read, &tw_op_assign, &tw_op_keep, &tw_op_project, &tw_op_stop_grad, &tw_op_custom,
        &tw_op_checkpoint, &tw_op_barrier, &tw_op_dummy };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!add(cx, NULL, own[i])) return false;
    for (int i = 0; i < tw__vocab.n_ops; i++)
        if (!add(cx, NULL, tw__vocab.ops[i])) return false;
    return true;
}

void tw__registry_free(tw_ctx *cx)
{
    entry *e, *next;
    HASH_ITER(hh, cx->registry, e, next) {
        HASH_DELETE(hh, cx->registry, e);
        tw_resize(cx, e, sizeof *e, 0);
    }
}
