/* slow_matrix.c - operations on matrices again, from their definitions: see slow_matrix.h. */
#include "tests/slow_matrix.h"

static int64_t rows(const arr *a)    { return a->at[a->n - 2]; }
static int64_t columns(const arr *a) { return a->at[a->n - 1]; }
static int64_t batch(const arr *a)
{
    int64_t n = 1;
    for (int d = 0; d < a->n - 2; d++) n *= a->at[d];
    return n;
}
/* Element i, j of matrix m. */
static double *at(const arr *a, int64_t m, int64_t i, int64_t j) { return &a->v[(m * rows(a) + i) * columns(a) + j]; }

/* A tensor of x's batch of r x c matrices. */
static arr matrices(const arr *x, int64_t r, int64_t c)
{
    int64_t dims[8];
    for (int d = 0; d < x->n - 2; d++) dims[d] = x->at[d];
    dims[x->n - 2] = r, dims[x->n - 1] = c;
    return arr_new(x->n, dims);
}

arr slow_transpose(const arr *x)
{
    arr y = matrices(x, columns(x), rows(x));
    for (int64_t m = 0; m < batch(x); m++)
        for (int64_t i = 0; i < rows(x); i++)
            for (int64_t j = 0; j < columns(x); j++) *at(&y, m, j, i) = *at(x, m, i, j);
    return y;
}

/* ---- einsum ---------------------------------------------------------------------------- */

/* The letters of one term, "..." as the capitals from 'Z' down, the last axis first; returns where it ends. */
static const char *term_of(const char *c, int rank, char *letters)
{
    int n = 0, named = 0;
    for (const char *q = c; *q && *q != ',' && *q != '-'; q++) named += *q != '.';
    for (; *c && *c != ',' && *c != '-'; c++) {
        if (*c != '.') { letters[n++] = *c; continue; }
        for (int k = rank - named; k-- > 0; ) letters[n++] = (char)('Z' - k);
        c += 2;
    }
    letters[n] = 0;
    return c;
}

/* A letter that the set lacks. */
static void add(char *set, char letter)
{
    if (strchr(set, letter)) return;
    const size_t n = strlen(set);
    set[n] = letter, set[n + 1] = 0;
}

arr slow_einsum(const char *equation, int n, const arr *xs)
{
    char term[4][16], out[16], all[64] = "";
    const char *c = equation;
    int64_t size[128] = { 0 };
    int dots = 0;
    for (int i = 0; i < n; i++, c++) {
        c = term_of(c, xs[i].n, term[i]);
        for (int k = 0; term[i][k]; k++) {
            const int l = term[i][k];
            if (xs[i].at[k] > size[l]) size[l] = xs[i].at[k];
            add(all, (char)l);
            if (l > 'T' && l <= 'Z' && 'Z' - l >= dots) dots = 'Z' - l + 1;
        }
    }
    int named = 0;
    for (const char *q = c + 1; *q; q++) named += *q != '.';
    term_of(c + 1, named + dots, out);

    /* The output's letters first, so that one walk over all indices passes each of its elements in turn. */
    int64_t dims[8], whole[64];
    char order[64] = "";
    for (int k = 0; out[k]; k++) add(order, out[k]);
    for (int k = 0; all[k]; k++) add(order, all[k]);
    const int labels = (int)strlen(order), rank = (int)strlen(out);
    for (int k = 0; k < labels; k++) whole[k] = size[(int)order[k]];
    for (int k = 0; k < rank; k++) dims[k] = whole[k];
    arr y = arr_new(rank, dims);
    int64_t total = 1, index[64] = { 0 };
    for (int k = 0; k < labels; k++) total *= whole[k];
    for (int64_t step = 0; step < total; step++) {
        int64_t rest = step, to = 0;
        for (int k = labels; k-- > 0; rest /= whole[k]) index[k] = rest % whole[k];
        double product = 1;
        for (int i = 0; i < n; i++) {
            int64_t from = 0;
            for (int k = 0; term[i][k]; k++)
                from = from * xs[i].at[k] + (xs[i].at[k] == 1 ? 0 : index[strchr(order, term[i][k]) - order]);
            product *= xs[i].v[from];
        }
        for (int k = 0; k < rank; k++) to = to * dims[k] + index[k];
        y.v[to] += product;
    }
    return y;
}

/* ---- triangles ------------------------------------------------------------------------- */

arr slow_triangular_solve(const arr *t, const arr *b, bool upper, bool transpose, bool unit)
{
    arr x = arr_like(b);
    const int64_t n = rows(b);
    const bool up = upper != transpose;
    for (int64_t m = 0; m < batch(b); m++)
        for (int64_t k = 0; k < columns(b); k++)
            for (int64_t s = 0; s < n; s++) {
                const int64_t i = up ? n - 1 - s : s;
                double v = *at(b, m, i, k);
                for (int64_t j = 0; j < n; j++)
                    if (up ? j > i : j < i) v -= *at(t, m, transpose ? j : i, transpose ? i : j) * *at(&x, m, j, k);
                *at(&x, m, i, k) = unit ? v : v / *at(t, m, i, i);
            }
    return x;
}

arr slow_cholesky(const arr *x)
{
    arr l = arr_like(x);
    const int64_t n = rows(x);
    for (int64_t m = 0; m < batch(x); m++)
        for (int64_t j = 0; j < n; j++)
            for (int64_t i = j; i < n; i++) {
                double v = (*at(x, m, i, j) + *at(x, m, j, i)) / 2;
                for (int64_t k = 0; k < j; k++) v -= *at(&l, m, i, k) * *at(&l, m, j, k);
                *at(&l, m, i, j) = i == j ? sqrt(v) : v / *at(&l, m, j, j);
            }
    return l;
}
