/* values.c - between JSON and nodes, and numbers for samples. */
#include "bench/gradbench/gradbench.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void fault(job *j, const char *format, ...)
{
    if (*j->error) return;
    va_list list;
    va_start(list, format);
    vsnprintf(j->error, sizeof j->error, format, list);
    va_end(list);
}

/* ---- reading ------------------------------------------------------------------------------- */

const json_t *member(job *j, const char *key)
{
    const json_t *v = j->input;
    char word[64];
    for (const char *k = key; v && k; ) {
        const char *dot = strchr(k, '.');
        const int n = (int)(dot ? dot - k : (ptrdiff_t)strlen(k));
        snprintf(word, sizeof word, "%.*s", n, k);
        v = json_object_get(v, word);
        k = dot ? dot + 1 : NULL;
    }
    if (!v) fault(j, "no %s in the input", key);
    return v;
}

/* The shape that the first elements have. */
static tw_shape shape_of(const json_t *v)
{
    tw_shape s = { 0 };
    for (; v && json_is_array(v) && s.n < TW_MAX_RANK; v = json_array_get(v, 0)) s.at[s.n++] = (int64_t)json_array_size(v);
    return s;
}

/* Fills in order; NULL if what is there has another shape. */
static double *fill(double *to, const json_t *v, tw_shape s, int axis)
{
    if (axis == s.n) {
        if (!json_is_number(v)) return NULL;
        *to = json_number_value(v);
        return to + 1;
    }
    if ((int64_t)json_array_size(v) != s.at[axis]) return NULL;
    for (size_t i = 0; to && i < json_array_size(v); i++) to = fill(to, json_array_get(v, i), s, axis + 1);
    return to;
}

static tw_node *leaf(job *j, const char *key, tw_dtype dtype)
{
    const json_t *v = member(j, key);
    if (!v) return NULL;
    const tw_shape s = shape_of(v);
    size_t n = 1;
    for (int i = 0; i < s.n; i++) n *= (size_t)s.at[i];
    double *x = malloc(n * sizeof *x + 1);
    tw_node *y = NULL;
    if (!x || !fill(x, v, s, 0)) fault(j, "%s is not a table of numbers", key);
    else y = tw_data(j->cx, TW_F64, s, x);
    free(x);
    return y && dtype != TW_F64 ? tw_cast(y, dtype) : y;
}

tw_node *numbers(job *j, const char *key) { return leaf(j, key, TW_F64); }
tw_node *indices(job *j, const char *key) { return leaf(j, key, TW_I64); }

double number(job *j, const char *key)
{
    const json_t *v = member(j, key);
    if (v && !json_is_number(v)) fault(j, "%s is not a number", key);
    return v ? json_number_value(v) : 0;
}

int64_t integer(job *j, const char *key)
{
    const double v = number(j, key);
    if (v != rint(v) || fabs(v) > 1e15) fault(j, "%s is not an integer: %g", key, v);
    return (int64_t)v;
}

/* ---- printing -------------------------------------------------------------------------------- */

void answer(job *j, const char *name, tw_node *y)
{
    j->out[j->outs] = y;
    j->name[j->outs++] = name;
}

/* JSON has no word for what is not finite. */
json_t *real(double v) { return isfinite(v) ? json_real(v) : json_null(); }

static json_t *nest(const double **v, tw_shape s, int axis)
{
    if (axis == s.n) return real(*(*v)++);
    json_t *list = json_array();
    for (int64_t i = 0; i < s.at[axis]; i++) json_array_append_new(list, nest(v, s, axis + 1));
    return list;
}

json_t *lists(tw_node *y)
{
    const double *v = tw_f64(y);
    return v ? nest(&v, tw_shape_of(y), 0) : NULL;
}

/* ---- samples --------------------------------------------------------------------------------- */

static double uniform(void)
{
    static uint64_t state;
    uint64_t z = state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
}

static double normal(void)
{
    const double r = sqrt(-2 * log(uniform()));
    return r * cos(2 * 3.14159265358979323846 * uniform());
}

json_t *drawn(distribution which, int rank, const int *shape)
{
    if (!rank) return json_real(which == NORMAL ? normal() : uniform());
    json_t *list = json_array();
    for (int i = 0; i < *shape; i++) json_array_append_new(list, drawn(which, rank - 1, shape + 1));
    return list;
}
