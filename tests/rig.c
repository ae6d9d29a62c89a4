/* rig.c - contexts whose memory is counted, arrays of doubles, noise: see rig.h. */
#include "tests/rig.h"

void rig_ok(tw_ctx *cx, const char *file, int line)
{
    const tw_error *e = tw_error_get(cx);
    if (!e) return;
    ck_abort_msg("%s:%d: %s from %s:%d: %s: %s", file, line, tw_code_name(e->code),
                 e->at ? e->at->file : "?", e->at ? e->at->line : 0, e->op, e->text);
}

void rig_fails(tw_ctx *cx, tw_code code, const char *op, int line, const char *words, const char *file, int at)
{
    tw_error e;
    if (!tw_error_take(cx, &e)) ck_abort_msg("%s:%d: no error, wanted %s of %s", file, at, tw_code_name(code), op);
    const bool right = e.code == code && e.at && e.at->line == line && !strcmp(e.op, op)
                       && e.text[0] && (!words || strstr(e.text, words));
    if (!right)
        ck_abort_msg("%s:%d: got %s of %s at line %d: %s; wanted %s of %s at line %d%s%s", file, at, tw_code_name(e.code),
                     e.op, e.at ? e.at->line : -1, e.text, tw_code_name(code), op, line, words ? " with: " : "", words ? words : "");
    if (!tw_ok(cx)) ck_abort_msg("%s:%d: in error after the error was taken", file, at);
}

bool close_to(double got, double want, double tol)
{
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got);
    if (isinf(want) || isinf(got)) return got == want;
    return fabs(got - want) <= tol * fmax(1, fabs(want));
}

void rig_near(double got, double want, double tol, const char *what, const char *file, int line)
{
    if (!close_to(got, want, tol)) ck_abort_msg("%s:%d: %s is %.17g, not %.17g", file, line, what, got, want);
}

/* ---- memory ---------------------------------------------------------------------------- */

void *heap_resize(void *user, void *p, size_t old_size, size_t new_size)
{
    heap *h = user;
    if (new_size) h->calls++;
    if (new_size > old_size && h->left >= 0 && h->left-- == 0) {
        h->left = h->once ? -1 : 0;
        return NULL;
    }
    if (!new_size) {
        if (p) h->blocks--;
        h->live -= old_size;
        free(p);
        return NULL;
    }
    void *q = realloc(p, new_size);
    if (!q) return NULL;
    if (!p) h->blocks++;
    h->live += new_size - (p ? old_size : 0);
    if (h->live > h->peak) h->peak = h->live;
    return q;
}

/* ---- contexts -------------------------------------------------------------------------- */

void rig_quiet(void *user, const tw_error *e) { (void)user, (void)e; }

void rig_env(const char *name, const char *value)
{
    if (value) setenv(name, value, 1);
    else unsetenv(name);
}

tw_ctx *rig_open(tw_dtype dtype, const char *isa, bool plan)
{
    rig_env("TW_ISA", isa);
    rig_env("TW_PLAN", plan ? NULL : "0");
    tw_ctx *cx = tw_open(.seed = 7, .dtype = dtype, .on_error = rig_quiet);
    rig_env("TW_ISA", NULL);
    rig_env("TW_PLAN", NULL);
    return cx;
}

const char *const *rig_isas(void)
{
    static const char *isas[4];
    int n = 0;
    isas[n++] = "base";
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) isas[n++] = "avx2";
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512bw")) isas[n++] = "avx512";
#endif
    isas[n] = NULL;
    return isas;
}

/* ---- noise ----------------------------------------------------------------------------- */

uint64_t noise_bits(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;          /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double noise(uint64_t *seed, double low, double high)
{
    return low + (high - low) * (double)(noise_bits(seed) >> 11) * 0x1p-53;
}

/* ---- arrays ---------------------------------------------------------------------------- */

static double **held;
static size_t   n_held, room;

arr arr_new(int n, const int64_t *at)
{
    arr a = { .n = n, .count = 1 };
    for (int i = 0; i < n; i++) a.count *= a.at[i] = at[i];
    a.v = calloc(a.count ? (size_t)a.count : 1, sizeof(double));
    if (n_held == room) held = realloc(held, (room = room ? 2 * room : 64) * sizeof *held);
    if (!a.v || !held) abort();
    held[n_held++] = a.v;
    return a;
}

arr arr_like(const arr *a) { return arr_new(a->n, a->at); }

void arrs_drop(void)
{
    while (n_held) free(held[--n_held]);
    free(held);
    held = NULL, room = 0;
}

arr arr_noise(tw_shape shape, double low, double high, uint64_t *seed)
{
    arr a = arr_new(shape.n, shape.at);
    for (int64_t i = 0; i < a.count; i++) a.v[i] = noise(seed, low, high);
    return a;
}

tw_node *rig_wave(tw_ctx *cx, tw_shape shape, double size, double start, double step)
{
    arr a = arr_new(shape.n, shape.at);
    for (int64_t i = 0; i < a.count; i++) a.v[i] = size * sin(start + step * (double)i);
    return node_of(cx, TW_F64, &a);
}

tw_shape shape_of(const arr *a)
{
    tw_shape s = { .n = a->n };
    for (int i = 0; i < a->n; i++) s.at[i] = a->at[i];
    return s;
}

arr arr_of_bytes(tw_shape shape, tw_dtype dtype, const void *bytes)
{
    arr a = arr_new(shape.n, shape.at);
    for (int64_t i = 0; i < a.count; i++)
        switch (dtype) {
        case TW_F32:  a.v[i] = (double)((const float *)bytes)[i]; break;
        case TW_F64:  a.v[i] = ((const double *)bytes)[i]; break;
        case TW_I32:  a.v[i] = ((const int32_t *)bytes)[i]; break;
        case TW_I64:  a.v[i] = (double)((const int64_t *)bytes)[i]; break;
        case TW_U8:   a.v[i] = ((const uint8_t *)bytes)[i]; break;
        case TW_BOOL: a.v[i] = ((const uint8_t *)bytes)[i]; break;
        default:      ck_abort_msg("dtype %d", (int)dtype);
        }
    return a;
}

arr arr_of(tw_node *n)
{
    const void *bytes = tw_read_at(TW_HERE, n, tw_dtype_of(n));
    ok(tw_ctx_of(n));
    ck_assert_msg(bytes || tw_count(n) == 0, "no elements and no error");
    return arr_of_bytes(tw_shape_of(n), tw_dtype_of(n), bytes);
}

/* The elements as the dtype stores them; freed by the caller. */
static void *bytes_of(const arr *a, tw_dtype dtype)
{
    void *bytes = calloc((size_t)a->count + 1, 8);
    if (!bytes) abort();
    for (int64_t i = 0; i < a->count; i++)
        switch (dtype) {
        case TW_F32:  ((float *)bytes)[i] = (float)a->v[i]; break;
        case TW_F64:  ((double *)bytes)[i] = a->v[i]; break;
        case TW_I32:  ((int32_t *)bytes)[i] = (int32_t)a->v[i]; break;
        case TW_I64:  ((int64_t *)bytes)[i] = (int64_t)a->v[i]; break;
        case TW_U8:   ((uint8_t *)bytes)[i] = (uint8_t)a->v[i]; break;
        case TW_BOOL: ((uint8_t *)bytes)[i] = a->v[i] != 0; break;
        default:      ck_abort_msg("dtype %d", (int)dtype);
        }
    return bytes;
}

tw_node *node_of(tw_ctx *cx, tw_dtype dtype, const arr *a)
{
    void *bytes = bytes_of(a, dtype);
    tw_node *n = tw_data(cx, dtype, shape_of(a), bytes);
    free(bytes);
    return n;
}

arr arr_rounded(const arr *a, tw_dtype dtype)
{
    void *bytes = bytes_of(a, dtype);
    arr b = arr_of_bytes(shape_of(a), dtype, bytes);
    free(bytes);
    return b;
}

double arr_dot(const arr *a, const arr *b)
{
    ck_assert_int_eq(a->count, b->count);
    double sum = 0;
    for (int64_t i = 0; i < a->count; i++) sum += a->v[i] * b->v[i];
    return sum;
}

double arr_dot_size(const arr *a, const arr *b)
{
    double sum = 0;
    for (int64_t i = 0; i < a->count; i++) sum += fabs(a->v[i] * b->v[i]);
    return sum;
}

void arr_near(const arr *got, const arr *want, double tol, const char *what)
{
    if (got->n != want->n) ck_abort_msg("%s: rank %d, not %d", what, got->n, want->n);
    for (int i = 0; i < got->n; i++)
        if (got->at[i] != want->at[i])
            ck_abort_msg("%s: axis %d has %lld elements, not %lld", what, i, (long long)got->at[i], (long long)want->at[i]);
    for (int64_t i = 0; i < got->count; i++)
        if (!close_to(got->v[i], want->v[i], tol))
            ck_abort_msg("%s: element %lld of %lld is %.17g, not %.17g", what, (long long)i, (long long)got->count, got->v[i], want->v[i]);
}

bool same_bits(tw_node *a, tw_node *b)
{
    if (tw_dtype_of(a) != tw_dtype_of(b) || tw_count(a) != tw_count(b)) return false;
    const void *p = tw_read_at(TW_HERE, a, tw_dtype_of(a)), *q = tw_read_at(TW_HERE, b, tw_dtype_of(b));
    if (!tw_count(a)) return true;
    return p && q && !memcmp(p, q, (size_t)tw_count(a) * tw_dtype_size(tw_dtype_of(a)));
}

int rig_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
