/* rows.c - the table's parts as one, and the inputs of a row: see rows.h. */
#include "tests/rows.h"

static const struct { const row *rows; const int *n; const char *name; } parts[] = {
#define ROWS(part) { rows_##part, &n_rows_##part, #part },
#include "tests/rows.def"
#undef ROWS
};
enum { PARTS = sizeof parts / sizeof *parts };

/* How many rows of a part this library can run: those of lapack only with LAPACK. */
static int rows_of(int part)
{
#ifndef TW_HAVE_LAPACK
    if (!strcmp(parts[part].name, "lapack")) return 0;
#endif
    return *parts[part].n;
}

int row_count(void)
{
    int n = 0;
    for (int i = 0; i < PARTS; i++) n += rows_of(i);
    return n;
}

const row *row_at(int i)
{
    for (int k = 0; k < PARTS; i -= rows_of(k++))
        if (i < rows_of(k)) return &parts[k].rows[i];
    return NULL;
}

bool row_about(const char *name)
{
    for (int k = 0; k < PARTS; k++)
        for (int i = 0; i < *parts[k].n; i++)
            if (!strcmp(parts[k].rows[i].name, name)) return true;
    return false;
}

int row_inputs(const row *r)
{
    int n = 0;
    while (n < 4 && r->x[n].kind != K_NONE) n++;
    return n;
}

bool kind_is_float(kind k) { return k >= K_REAL && k <= K_TIES; }

tw_dtype kind_dtype(kind k, tw_dtype dtype)
{
    switch (k) {
    case K_I64:  return TW_I64;
    case K_I32:  return TW_I32;
    case K_U8:   return TW_U8;
    case K_BOOL: return TW_BOOL;
    default:     return dtype;
    }
}

bool row_has_float(const row *r)
{
    for (int i = 0; i < row_inputs(r); i++)
        if (kind_is_float(r->x[i].kind)) return true;
    return false;
}

static void shuffle(arr *a, uint64_t *seed)
{
    for (int64_t i = a->count - 1; i > 0; i--) {
        const int64_t j = (int64_t)(noise_bits(seed) % (uint64_t)(i + 1));
        const double t = a->v[i];
        a->v[i] = a->v[j], a->v[j] = t;
    }
}

static double element(const operand *o, double low, double high, int64_t k, int64_t count, uint64_t *seed)
{
    switch (o->kind) {
    case K_AWAY:     return noise(seed, low, high) * (noise_bits(seed) & 1 ? 1 : -1);
    case K_DISTINCT: return low + (high - low) * ((double)k + 0.5) / (double)count;
    case K_TIES:     return (double)(noise_bits(seed) % 3) - 1;
    case K_BOOL:     return (double)(noise_bits(seed) & 1);
    case K_I64: case K_I32: case K_U8: return floor(noise(seed, low, high + 1));
    default:         return noise(seed, low, high);
    }
}

void row_noise(const row *r, tw_dtype dtype, arr *x)
{
    uint64_t seed = 0x7a1e;
    for (const char *c = r->name; *c; c++) seed = seed * 131 + (unsigned char)*c;
    for (const char *c = r->what; *c; c++) seed = seed * 131 + (unsigned char)*c;
    for (int i = 0; i < row_inputs(r); i++) {
        const operand *o = &r->x[i];
        const bool bare = o->kind == K_REAL && o->low == 0 && o->high == 0;
        arr a = arr_new(o->shape.n, o->shape.at);
        for (int64_t k = 0; k < a.count; k++)
            a.v[k] = element(o, bare ? -2 : o->low, bare ? 2 : o->high, k, a.count, &seed);
        if (o->kind == K_DISTINCT) shuffle(&a, &seed);
        x[i] = arr_rounded(&a, kind_dtype(o->kind, dtype));
    }
}

void row_leaves(const row *r, tw_ctx *cx, tw_dtype dtype, const arr *x, tw_node **n)
{
    for (int i = 0; i < row_inputs(r); i++) n[i] = node_of(cx, kind_dtype(r->x[i].kind, dtype), &x[i]);
}

const char *row_text(const row *r, char *text, size_t size)
{
    snprintf(text, size, "%s (%s)", r->name, r->what);
    return text;
}
