/* ctx.c - contexts: opening, closing, and the first error, which is the error. */
#include "core/ctx_impl.h"
#include "core/pool_impl.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

static const tw_dims scalar_dims = { .n = 0, .count = 1 };
static const tw_loc nowhere = { "?", "?", 0 };

/* Stands for a context where there was no memory for one: every call on it fails. */
#define DEAD(...) { \
    .dead = true, .origin = -1, .scalar = &scalar_dims, \
    .error = { .code = TW_ENOMEM, .at = &nowhere, .op = "open", .text = "no memory for a context" }, \
    .nil = { .id = -1, .origin = -1, .cx = &tw__dead, .op = &tw_op_nil, .shape = &scalar_dims, .at = &nowhere, \
             .dtype = TW_F32, .flags = TW_N_NIL }, \
    __VA_ARGS__ \
}
tw_ctx tw__dead = DEAD();

/* The same where a callback has heard of it: closing prints nothing. */
static void heard(void *user, const tw_error *e) { (void)user, (void)e; }
static tw_ctx dead_told = DEAD(.args.on_error = heard);


enum { LARGE = 2 << 20 };       /* bytes of a large page, mostly */

/* Large blocks lie on large pages, where the system has them: one fault for 512, and fewer misses later. */
static void *large(size_t size)
{
    void *p = NULL;
#if defined(MADV_HUGEPAGE)
    if (posix_memalign(&p, LARGE, size)) return NULL;
    madvise(p, size & ~(size_t)(LARGE - 1), MADV_HUGEPAGE);      /* refused: small pages, as ever */
#else
    p = malloc(size);
#endif
    return p;
}

static void *default_resize(void *user, void *p, size_t old_size, size_t new_size)
{
    (void)user, (void)old_size;
    if (!p && new_size >= LARGE) return large(new_size);
    if (new_size) return realloc(p, new_size);
    free(p);
    return NULL;
}

/* ---- one thread at a time ----------------------------------------------------------------- */

#ifndef NDEBUG
static _Thread_local char me;       /* its address names the thread */

/* The intruder touches nothing but a word: the thread that is inside fails the context when it leaves. */
bool tw__enter(tw_ctx *cx, const tw_loc *at)
{
    uintptr_t free = 0;
    if (atomic_load_explicit(&cx->owner, memory_order_relaxed) != (uintptr_t)&me
        && !atomic_compare_exchange_strong(&cx->owner, &free, (uintptr_t)&me)) {
        atomic_store(&cx->intruder, at ? at : &nowhere);
        return false;
    }
    cx->inside++;
    return true;
}

void tw__leave_ctx(tw_ctx *cx, const char *op)
{
    if (--cx->inside) return;
    const tw_loc *at = atomic_exchange(&cx->intruder, NULL);
    if (at) tw_fail(cx, TW_ETHREAD, op, at, "another thread was using this context: one at a time, or a context for each");
    atomic_store(&cx->owner, 0);
}
#endif

/* ---- errors ------------------------------------------------------------------------------- */

tw_node *tw_fail(tw_ctx *cx, tw_code code, const char *op, const tw_loc *at, const char *format, ...)
{
    if (!cx) cx = &tw__dead;
    if (cx->error.code != TW_OK) return &cx->nil;
    tw_error *e = &cx->error;
    e->code = code, e->op = op, e->at = at ? at : &nowhere;
    va_list ap;
    va_start(ap, format);
    vsnprintf(e->text, sizeof e->text, format, ap);
    va_end(ap);
    if (cx->args.on_error) cx->args.on_error(cx->args.user, e);
    return &cx->nil;
}

bool tw_reject(tw_node *y, tw_code code, const char *format, ...)
{
    char text[sizeof y->cx->error.text];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    tw_fail(y->cx, code, y->op->name, y->at, "%s", text);
    return false;
}

void tw_advise(tw_ctx *cx, int *once, const char *op, const tw_loc *at, const char *format, ...)
{
    if (cx->dead || *once) return;
    *once = 1;
    tw_error *e = &cx->advice;
    e->code = TW_OK, e->op = op, e->at = at ? at : &nowhere;
    va_list ap;
    va_start(ap, format);
    vsnprintf(e->text, sizeof e->text, format, ap);
    va_end(ap);
    if (cx->args.on_diagnostic) cx->args.on_diagnostic(cx->args.user, e);
}

bool tw_ok(const tw_ctx *cx) { return cx && cx->error.code == TW_OK; }

const tw_error *tw_error_get(const tw_ctx *cx)
{
    if (!cx) cx = &tw__dead;
    return cx->error.code ? &cx->error : NULL;
}

const tw_error *tw_diagnostic(const tw_ctx *cx) { return cx && cx->advice.at ? &cx->advice : NULL; }

bool tw_error_take(tw_ctx *cx, tw_error *e)
{
    if (!cx) cx = &tw__dead;
    if (!cx->error.code) return false;
    if (e) *e = cx->error;
    if (cx->dead) return true;
    tw__drop_pending(cx, 0);
    cx->error = (tw_error){ .code = TW_OK };
    for (int d = 0; d <= cx->depth; d++)        /* no plan describes what the error left behind */
        cx->scope[d].prev = ~cx->accidents++;
    return true;
}

const char *tw_code_name(tw_code code)
{
    static const char *const name[] = { "ok", "no memory", "argument", "shape", "dtype", "gradient", "scope", "spent",
                                        "value", "input/output", "user", "missing", "thread" };
    return code < TW__CODES ? name[code] : "?";
}

const char *tw_dtype_name(tw_dtype dtype)
{
    static const char *const name[] = { "default", "f32", "f64", "i32", "i64", "u8", "bool" };
    return dtype < TW__DTYPES ? name[dtype] : "?";
}

size_t tw_dtype_size(tw_dtype dtype)
{
    static const size_t size[] = { 0, 4, 8, 4, 8, 1, 1 };
    return dtype < TW__DTYPES ? size[dtype] : 0;
}

/* ---- opening and closing ------------------------------------------------------------------ */

static tw_isa choose_isa(void)
{
    static const char *const name[] = { "base", "avx2", "avx512" };
    const char *wish = getenv("TW_ISA");
    tw_isa best = TW_ISA_BASE;
    for (int k = TW_ISA_BASE; k < TW__ISAS; k++) {
        if (!tw__vocab.has_isa((tw_isa)k)) continue;
        best = (tw_isa)k;
        if (wish && !strcmp(wish, name[k])) break;
    }
    return best;
}

static int choose_threads(int asked)
{
    const char *wish = getenv("TW_THREADS");
    const int most = tw__pool_limit();
    if (!asked && wish) asked = atoi(wish);
    return asked > 0 && asked < most ? asked : most;
}

static void set_up(tw_ctx *cx, const tw_ctx_args *o)
{
    const char *plan = getenv("TW_PLAN"), *fuse = getenv("TW_FUSE"), *profile = getenv("TW_PROFILE");
    cx->args = *o;
    cx->args.profile |= profile && profile[0] != '0';
    if (!cx->args.dtype) cx->args.dtype = TW_F32;
    cx->resize = o->resize ? o->resize : default_resize;
    cx->nil = (tw_node){ .id = -1, .origin = -1, .cx = cx, .op = &tw_op_nil, .shape = &scalar_dims, .at = &nowhere,
                         .dtype = (uint8_t)cx->args.dtype, .flags = TW_N_NIL };
    cx->isa = choose_isa();
    cx->cache_plans = !(plan && plan[0] == '0');
    cx->window = cx->cache_plans ? 16384 : 1;
    cx->fuse = cx->cache_plans && !(fuse && fuse[0] == '0');
    cx->again = fuse && fuse[0] == '2' ? 1 : 32 << 10;
    cx->origin = -1;
    cx->threads = choose_threads(o->threads);
    tw__pool_open();
    for (int d = 0; d <= TW__MAX_DEPTH; d++) cx->scope[d].prev = ~cx->accidents++;
}

bool tw_on_close(tw_ctx *cx, void (*f)(void *object), void *object)
{
    return !cx->dead && TW__PUSH(cx, cx->closers, ((struct tw__closer){ f, object }));
}

static void print_error(const tw_error *e)
{
    fprintf(stderr, "%s:%d: %s: %s\n", e->at->file, e->at->line, e->op, e->text);
}

#define FREE(cx, v) tw_resize(cx, (v).at, (size_t)(v).room * sizeof *(v).at, 0)

static void free_scope(tw_ctx *cx, tw__scope *s)
{
    for (int64_t i = 0; i < s->realised.n; i++) tw__buf_release(cx, s->realised.at[i]->buf);
    for (int h = 0; h < 2; h++) tw__arena_free(cx, &s->half[h]);
    FREE(cx, s->log);
    FREE(cx, s->realised);
    FREE(cx, s->kept);
}

static void free_context(tw_ctx *cx)
{
    tw__pool_close();
    for (int d = 0; d <= TW__MAX_DEPTH; d++) free_scope(cx, &cx->scope[d]);
#ifndef NDEBUG
    tw__arena_free(cx, &(tw__arena){ .first = cx->oldest });
#endif
    tw__plans_free(cx);
    tw__cells_free(cx);
    tw__buf_free_all(cx);
    tw__registry_free(cx);
    tw__intern_free(cx);
    FREE(cx, cx->names);
    FREE(cx, cx->pending);
    FREE(cx, cx->wanted);
    FREE(cx, cx->closers);
    tw_resize(cx, cx->by_id, (size_t)cx->by_id_room * sizeof *cx->by_id, 0);
    tw_resize(cx, cx->mark, (size_t)cx->by_id_room, 0);
    tw_resize(cx, cx->index, (size_t)cx->by_id_room * sizeof *cx->index, 0);
    tw_resize_fn resize = cx->resize;
    resize(cx->args.resize_user, cx, sizeof *cx, 0);
}

tw_ctx *tw_open_at(const tw_loc *at, const tw_ctx_args *o)
{
    TW_OPTIONS(tw_ctx_args, o);
    tw_resize_fn resize = o->resize ? o->resize : default_resize;
    tw_ctx *cx = resize(o->resize_user, NULL, 0, sizeof *cx);
    if (!cx && o->on_error) o->on_error(o->user, &tw__dead.error);
    if (!cx) return o->on_error ? &dead_told : &tw__dead;
    memset(cx, 0, sizeof *cx);
    set_up(cx, o);
    const tw_shape none = { 0 };
    cx->scalar = tw__intern_dims(cx, &none);
    if (!cx->scalar || !tw__registry_init(cx)) {        /* half a context is none */
        free_context(cx);
        return o->on_error ? &dead_told : &tw__dead;
    }
    cx->nil.shape = cx->scalar;
    if (cx->args.dtype != TW_F32 && cx->args.dtype != TW_F64)
        tw_fail(cx, TW_EDTYPE, "open", at, "the default dtype is TW_F32 or TW_F64, not %s", tw_dtype_name(cx->args.dtype));
    return cx;
}

static void bury(tw_ctx *cx)
{
    while (cx->closers.n > 0) {
        struct tw__closer c = cx->closers.at[--cx->closers.n];
        c.f(c.object);
    }
    free_context(cx);
}

/* Whatever still runs in a context that was closed does nothing, as in any error. */
static const tw_error closed = { .code = TW_ESCOPE, .at = &nowhere, .op = "close", .text = "the context was closed" };

int tw_close(tw_ctx *cx)
{
    if (!cx || cx->closed) return 1;
    if (!cx->dead) {
        for (tw_scope s = { cx, 1 }; cx->depth > 0; s.depth = 1) tw_scope_leave(&s);
        if (tw_ok(cx) && cx->pending.n) tw__evaluate(cx, NULL, 0, NULL, true);
    }
    int status = cx->error.code != TW_OK;
    if (status && !cx->args.on_error) print_error(&cx->error);
    if (cx->dead) return status;
    if (cx->held) cx->closed = true, cx->error = closed;
    else bury(cx);
    return status;
}

void tw_hold(tw_ctx *cx) { if (!cx->dead) cx->held++; }

void tw_let_go(tw_ctx *cx)
{
    if (!cx->dead && --cx->held == 0 && cx->closed) bury(cx);
}

/* ---- small questions ---------------------------------------------------------------------- */

tw_node *tw_nil(tw_ctx *cx) { return cx ? &cx->nil : &tw__dead.nil; }
uint64_t tw_next_random(tw_ctx *cx) { return cx->random++; }
uint64_t tw_random_count(const tw_ctx *cx) { return cx ? cx->random : 0; }
void     tw_random_set(tw_ctx *cx, uint64_t count) { if (tw_ok(cx)) cx->random = count; }
uint64_t tw_seed(const tw_ctx *cx) { return cx->args.seed; }
tw_dtype tw_default_dtype(const tw_ctx *cx) { return cx->dead ? TW_F32 : cx->args.dtype; }

void tw_name_enter(tw_ctx *cx, const char *name)
{
    if (!cx || cx->dead || !TW__PUSH(cx, cx->names, cx->name)) return;
    char path[512];
    snprintf(path, sizeof path, "%s%s%s", cx->name ? cx->name : "", cx->name ? "/" : "", name ? name : "?");
    const char *kept = tw_intern(cx, path);
    if (kept) cx->name = kept;
}

void tw_name_leave(tw_ctx *cx)
{
    if (cx && !cx->dead && cx->names.n > 0) cx->name = cx->names.at[--cx->names.n];
}

tw_node *tw_named(tw_node *n, const char *name)
{
    if (!n || (n->flags & TW_N_NIL) || !name) return n;
    char path[512];
    snprintf(path, sizeof path, "%s%s%s", n->name ? n->name : "", n->name ? "/" : "", name);
    const char *kept = tw_intern(n->cx, path);
    if (kept) n->name = kept, n->flags |= TW_N_NAMED;
    return n;
}
