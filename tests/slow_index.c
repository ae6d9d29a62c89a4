/* slow_index.c - indexing, scans, sorting and random draws again: see slow_index.h. */
#include "tests/slow_index.h"

#define EACH(y, index, k) \
    for (int64_t index[8] = { 0 }, k = 0; k < (y).count; k++, slow_next(&(y), index))

static arr copied(const arr *x)
{
    arr y = arr_like(x);
    for (int64_t k = 0; k < x->count; k++) y.v[k] = x->v[k];
    return y;
}

arr slow_slice_put(const arr *x, const arr *src, const int64_t *start, const int64_t *step, bool add)
{
    arr y = copied(x);
    EACH(*src, i, k) {
        int64_t j[8];
        for (int d = 0; d < x->n; d++) j[d] = start[d] + i[d] * step[d];
        double *to = &y.v[slow_offset(&y, j)];
        *to = src->v[k] + (add ? *to : 0);
    }
    return y;
}

arr slow_scatter_set(const arr *x, const arr *index, const arr *src, int axis)
{
    arr y = copied(x);
    EACH(*src, i, k) {
        int64_t j[8];
        for (int d = 0; d < x->n; d++) j[d] = i[d];
        j[axis] = (int64_t)slow_at_broadcast(index, src->n, i);
        y.v[slow_offset(&y, j)] = src->v[k];
    }
    return y;
}

arr slow_take(const arr *x, const arr *index, int axis)
{
    int64_t at[8];
    int n = 0;
    for (int d = 0; d < axis; d++) at[n++] = x->at[d];
    for (int d = 0; d < index->n; d++) at[n++] = index->at[d];
    for (int d = axis + 1; d < x->n; d++) at[n++] = x->at[d];
    arr y = arr_new(n, at);
    EACH(y, i, k) {
        int64_t j[8];
        for (int d = 0; d < x->n; d++)
            j[d] = d < axis ? i[d] : d > axis ? i[d + index->n - 1] : (int64_t)index->v[slow_offset(index, i + axis)];
        y.v[k] = x->v[slow_offset(x, j)];
    }
    return y;
}

/* ---- scans ----------------------------------------------------------------------------- */

/* Each element from all that came before it, counted anew. */
arr slow_scan(const arr *x, int axis, bool reverse, bool exclusive, char how)
{
    arr y = arr_like(x);
    EACH(y, i, k) {
        const int64_t n = x->at[axis], place = reverse ? n - 1 - i[axis] : i[axis];
        double acc = how == '*' ? 1 : 0, best = 0, most = -INF;
        int64_t j[8];
        memcpy(j, i, sizeof j);
        for (int64_t e = 0; e < place + !exclusive; e++) {
            j[axis] = reverse ? n - 1 - e : e;
            const double v = x->v[slow_offset(x, j)];
            most = v > most ? v : most;
            if (how == '+') acc += v;
            if (how == '*') acc *= v;
            if (how == 'M' || how == 'm') {
                const bool better = e == 0 || (how == 'M' ? v > best : v < best) || (isnan(v) && !isnan(best));
                if (better) best = v, acc = (double)j[axis];
            }
        }
        for (int64_t e = 0; how == 'L' && e < place + !exclusive; e++) {
            j[axis] = reverse ? n - 1 - e : e;
            const double v = x->v[slow_offset(x, j)];
            acc += v == most ? 1 : exp(v - most);
        }
        y.v[k] = how != 'L' ? acc : most == -INF ? most : most + log(acc);
    }
    return y;
}

arr slow_recurrence(const arr *a, const arr *b, int axis, bool reverse)
{
    arr y = arr_like(b);
    EACH(y, i, k) {
        const int64_t n = b->at[axis], place = reverse ? n - 1 - i[axis] : i[axis];
        double acc = 0;
        int64_t j[8];
        memcpy(j, i, sizeof j);
        for (int64_t e = 0; e <= place; e++) {
            j[axis] = reverse ? n - 1 - e : e;
            acc = (e ? slow_at_broadcast(a, b->n, j) * acc : 0) + b->v[slow_offset(b, j)];
        }
        y.v[k] = acc;
    }
    return y;
}

/* ---- order ----------------------------------------------------------------------------- */

static bool before(double a, double b) { return a < b || (isnan(b) && !isnan(a)); }

arr slow_argsort(const arr *x, int axis, bool descending)
{
    arr y = arr_like(x);
    EACH(y, i, k) {
        if (i[axis]) continue;
        int64_t j[8], line[512];
        memcpy(j, i, sizeof j);
        double v[512];
        for (int64_t e = 0; e < x->at[axis]; e++) {
            j[axis] = e;
            line[e] = slow_offset(x, j);
            int64_t to = e;
            for (; to > 0; to--) {
                const double other = x->v[line[(int64_t)v[to - 1]]], own = x->v[line[e]];
                if (!(descending ? before(other, own) : before(own, other))) break;
                v[to] = v[to - 1];
            }
            v[to] = (double)e;
        }
        for (int64_t e = 0; e < x->at[axis]; e++) y.v[line[e]] = v[e];
    }
    return y;
}

arr slow_searchsorted(const arr *rows, const arr *values, bool right)
{
    arr y = arr_like(values);
    const int64_t n = rows->at[rows->n - 1], each = values->n ? values->at[values->n - 1] : 1;
    for (int64_t k = 0; k < y.count; k++)
        for (int64_t e = 0; e < n; e++) {
            const double r = rows->v[(rows->n > 1 ? k / each * n : 0) + e], v = values->v[k];
            y.v[k] += before(r, v) || (right && !before(v, r));
        }
    return y;
}
