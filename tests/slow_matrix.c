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

/* ---- factors --------------------------------------------------------------------------- */

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static void swap(double *a, double *b) { const double t = *a; *a = *b, *b = t; }

/* A row of the batch of x: n numbers for each matrix. */
static arr vectors(const arr *x, int64_t n)
{
    int64_t dims[8];
    for (int d = 0; d < x->n - 2; d++) dims[d] = x->at[d];
    dims[x->n - 2] = n;
    return arr_new(x->n - 1, dims);
}

void slow_lu(const arr *x, arr *p, arr *l, arr *u)
{
    const int64_t m = rows(x), n = columns(x), k = least(m, n);
    arr a = arr_like(x), order = matrices(x, m, m);
    memcpy(a.v, x->v, (size_t)x->count * sizeof *a.v);
    *p = matrices(x, m, m), *l = matrices(x, m, k), *u = matrices(x, k, n);
    for (int64_t b = 0; b < batch(x); b++) {
        for (int64_t i = 0; i < m; i++) *at(&order, b, i, i) = 1;
        for (int64_t c = 0; c < k; c++) {
            int64_t best = c;
            for (int64_t i = c; i < m; i++)
                if (fabs(*at(&a, b, i, c)) > fabs(*at(&a, b, best, c))) best = i;
            for (int64_t j = 0; j < n && best != c; j++) swap(at(&a, b, c, j), at(&a, b, best, j));
            for (int64_t j = 0; j < m && best != c; j++) swap(at(&order, b, c, j), at(&order, b, best, j));
            for (int64_t i = c + 1; i < m; i++) {
                const double f = *at(&a, b, i, c) /= *at(&a, b, c, c);
                for (int64_t j = c + 1; j < n; j++) *at(&a, b, i, j) -= f * *at(&a, b, c, j);
            }
        }
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < k; j++) *at(l, b, i, j) = i == j ? 1 : i > j ? *at(&a, b, i, j) : 0;
        for (int64_t i = 0; i < k; i++)
            for (int64_t j = i; j < n; j++) *at(u, b, i, j) = *at(&a, b, i, j);
    }
    *p = slow_transpose(&order);
}

/* By minors along the first row: for small matrices only. */
static double minor_sum(const double *a, int64_t n, int64_t stride, unsigned gone)
{
    if (n == 0) return 1;
    double sum = 0, sign = 1;
    for (int64_t j = 0; j < stride; j++) {
        if (gone >> j & 1) continue;
        sum += sign * a[j] * minor_sum(a + stride, n - 1, stride, gone | 1u << j);
        sign = -sign;
    }
    return sum;
}

arr slow_det(const arr *x)
{
    int64_t dims[8];
    for (int d = 0; d < x->n - 2; d++) dims[d] = x->at[d];
    arr y = arr_new(x->n - 2, dims);
    for (int64_t b = 0; b < batch(x); b++) y.v[b] = minor_sum(at(x, b, 0, 0), rows(x), rows(x), 0);
    return y;
}

/* Gauss and Jordan, with pivots. */
arr slow_inv(const arr *x)
{
    const int64_t n = rows(x);
    arr a = arr_like(x), y = arr_like(x);
    memcpy(a.v, x->v, (size_t)x->count * sizeof *a.v);
    for (int64_t b = 0; b < batch(x); b++) {
        for (int64_t i = 0; i < n; i++) *at(&y, b, i, i) = 1;
        for (int64_t c = 0; c < n; c++) {
            int64_t best = c;
            for (int64_t i = c; i < n; i++)
                if (fabs(*at(&a, b, i, c)) > fabs(*at(&a, b, best, c))) best = i;
            for (int64_t j = 0; j < n && best != c; j++)
                swap(at(&a, b, c, j), at(&a, b, best, j)), swap(at(&y, b, c, j), at(&y, b, best, j));
            const double pivot = *at(&a, b, c, c);
            for (int64_t j = 0; j < n; j++) *at(&a, b, c, j) /= pivot, *at(&y, b, c, j) /= pivot;
            for (int64_t i = 0; i < n; i++) {
                const double f = *at(&a, b, i, c);
                for (int64_t j = 0; j < n && i != c; j++)
                    *at(&a, b, i, j) -= f * *at(&a, b, c, j), *at(&y, b, i, j) -= f * *at(&y, b, c, j);
            }
        }
    }
    return y;
}

void slow_qr(const arr *x, arr *q, arr *r)
{
    const int64_t m = rows(x), n = columns(x), k = least(m, n);
    *q = matrices(x, m, k), *r = matrices(x, k, n);
    for (int64_t b = 0; b < batch(x); b++)
        for (int64_t j = 0; j < n; j++) {
            double v[16], norm = 0;
            for (int64_t i = 0; i < m; i++) v[i] = *at(x, b, i, j);
            for (int turn = 0; turn < 2; turn++)
                for (int64_t c = 0; c < least(j, k); c++) {
                    double dot = 0;
                    for (int64_t i = 0; i < m; i++) dot += *at(q, b, i, c) * v[i];
                    for (int64_t i = 0; i < m; i++) v[i] -= dot * *at(q, b, i, c);
                    *at(r, b, c, j) += dot;
                }
            if (j >= k) continue;
            for (int64_t i = 0; i < m; i++) norm += v[i] * v[i];
            *at(r, b, j, j) = sqrt(norm);
            for (int64_t i = 0; i < m; i++) *at(q, b, i, j) = v[i] / sqrt(norm);
        }
}

/* Columns p and q of a matrix of n rows turned by an angle. */
static void rotate(double *a, int64_t n, int64_t stride, int64_t p, int64_t q, double c, double s)
{
    for (int64_t i = 0; i < n; i++) {
        const double x = a[i * stride + p], y = a[i * stride + q];
        a[i * stride + p] = c * x - s * y, a[i * stride + q] = s * x + c * y;
    }
}

/* The rotation that makes the off-diagonal element of [[a, b], [b, d]] zero. */
static void angle(double a, double b, double d, double *c, double *s)
{
    if (b == 0) { *c = 1, *s = 0; return; }
    const double tau = (d - a) / (2 * b), t = (tau >= 0 ? 1 : -1) / (fabs(tau) + sqrt(1 + tau * tau));
    *c = 1 / sqrt(1 + t * t), *s = t * *c;
}

void slow_svd(const arr *x, arr *u, arr *s, arr *vh)
{
    const int64_t m = rows(x), n = columns(x);
    if (m < n) {                    /* the transpose has them the other way round */
        arr t = slow_transpose(x), ut, vht;
        slow_svd(&t, &ut, s, &vht);
        *u = slow_transpose(&vht), *vh = slow_transpose(&ut);
        return;
    }
    arr a = arr_like(x), v = matrices(x, n, n);
    memcpy(a.v, x->v, (size_t)x->count * sizeof *a.v);
    *s = vectors(x, n), *u = matrices(x, m, n);
    for (int64_t b = 0; b < batch(x); b++) {
        for (int64_t i = 0; i < n; i++) *at(&v, b, i, i) = 1;
        for (int sweep = 0; sweep < 40; sweep++)
            for (int64_t p = 0; p < n; p++)
                for (int64_t q = p + 1; q < n; q++) {
                    double aa = 0, ab = 0, bb = 0, c, sn;
                    for (int64_t i = 0; i < m; i++) {
                        const double f = *at(&a, b, i, p), g = *at(&a, b, i, q);
                        aa += f * f, ab += f * g, bb += g * g;
                    }
                    angle(aa, ab, bb, &c, &sn);
                    rotate(at(&a, b, 0, 0), m, n, p, q, c, sn), rotate(at(&v, b, 0, 0), n, n, p, q, c, sn);
                }
        for (int64_t p = 0; p < n; p++) {
            double norm = 0;
            for (int64_t i = 0; i < m; i++) norm += *at(&a, b, i, p) * *at(&a, b, i, p);
            s->v[b * n + p] = sqrt(norm);
        }
        for (int64_t p = 0; p < n; p++) {           /* the largest that is left comes next */
            int64_t best = p;
            for (int64_t q = p; q < n; q++)
                if (s->v[b * n + q] > s->v[b * n + best]) best = q;
            swap(&s->v[b * n + p], &s->v[b * n + best]);
            for (int64_t i = 0; i < m && best != p; i++) swap(at(&a, b, i, p), at(&a, b, i, best));
            for (int64_t i = 0; i < n && best != p; i++) swap(at(&v, b, i, p), at(&v, b, i, best));
            for (int64_t i = 0; i < m; i++) *at(u, b, i, p) = *at(&a, b, i, p) / s->v[b * n + p];
        }
    }
    *vh = slow_transpose(&v);
}

/* From both sides, until nothing is left beside the diagonal. */
void slow_eigh(const arr *x, arr *w, arr *v)
{
    const int64_t n = rows(x);
    arr a = arr_like(x);
    *w = vectors(x, n), *v = arr_like(x);
    for (int64_t b = 0; b < batch(x); b++) {
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) *at(&a, b, i, j) = (*at(x, b, i, j) + *at(x, b, j, i)) / 2, *at(v, b, i, j) = i == j;
        for (int sweep = 0; sweep < 40; sweep++)
            for (int64_t p = 0; p < n; p++)
                for (int64_t q = p + 1; q < n; q++) {
                    double c, s;
                    angle(*at(&a, b, p, p), *at(&a, b, p, q), *at(&a, b, q, q), &c, &s);
                    rotate(at(&a, b, 0, 0), n, n, p, q, c, s), rotate(at(v, b, 0, 0), n, n, p, q, c, s);
                    for (int64_t j = 0; j < n; j++) {
                        const double f = *at(&a, b, p, j), g = *at(&a, b, q, j);
                        *at(&a, b, p, j) = c * f - s * g, *at(&a, b, q, j) = s * f + c * g;
                    }
                }
        for (int64_t p = 0; p < n; p++) w->v[b * n + p] = *at(&a, b, p, p);
        for (int64_t p = 0; p < n; p++) {
            int64_t best = p;
            for (int64_t q = p; q < n; q++)
                if (w->v[b * n + q] < w->v[b * n + best]) best = q;
            swap(&w->v[b * n + p], &w->v[b * n + best]);
            for (int64_t i = 0; i < n && best != p; i++) swap(at(v, b, i, p), at(v, b, i, best));
        }
    }
}

arr slow_scale(const arr *x, const arr *factor, bool by_rows)
{
    arr y = arr_like(x);
    const int64_t n = by_rows ? rows(x) : columns(x);
    for (int64_t b = 0; b < batch(x); b++)
        for (int64_t i = 0; i < rows(x); i++)
            for (int64_t j = 0; j < columns(x); j++) *at(&y, b, i, j) = *at(x, b, i, j) * factor->v[b * n + (by_rows ? i : j)];
    return y;
}

/* ---- functions ------------------------------------------------------------------------- */

arr slow_exp(const arr *x)
{
    arr y = arr_like(x), term = arr_like(x), a = arr_like(x);
    for (int64_t k = 0; k < x->count; k++) {
        const int64_t n = columns(x);
        a.v[k] = x->v[k] / 16, y.v[k] = term.v[k] = k % n == k / n % n;
    }
    for (int i = 1; i < 24; i++) {
        term = slow_matmul(&term, &a, false, false);
        for (int64_t k = 0; k < x->count; k++) y.v[k] += term.v[k] /= i;
    }
    for (int i = 0; i < 4; i++) y = slow_matmul(&y, &y, false, false);
    return y;
}

/* One direction at a time: the corner of a matrix twice as large, whose other directions stand twice on the diagonal. */
arr slow_exp_along(int n, const arr *xs)
{
    const int64_t r = rows(&xs[0]);
    arr wide[8], y;
    if (n == 1) return slow_exp(&xs[0]);
    for (int k = 0; k < n - 1; k++) {
        wide[k] = matrices(&xs[0], 2 * r, 2 * r);
        for (int64_t b = 0; b < batch(&xs[0]); b++)
            for (int64_t i = 0; i < r; i++)
                for (int64_t j = 0; j < r; j++) {
                    *at(&wide[k], b, i, j) = *at(&wide[k], b, r + i, r + j) = *at(&xs[k], b, i, j);
                    if (k == 0) *at(&wide[k], b, i, r + j) = *at(&xs[n - 1], b, i, j);
                }
    }
    const arr all = slow_exp_along(n - 1, wide);
    y = matrices(&xs[0], r, r);
    for (int64_t b = 0; b < batch(&xs[0]); b++)
        for (int64_t i = 0; i < r; i++)
            for (int64_t j = 0; j < r; j++) *at(&y, b, i, j) = *at(&all, b, i, r + j);
    return y;
}
