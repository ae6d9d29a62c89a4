/* slow.c - the operations again, as plain loops over doubles: see slow.h. */
#include "tests/slow.h"

bool slow_next(const arr *a, int64_t *index)
{
    for (int d = a->n - 1; d >= 0; d--) {
        if (++index[d] < a->at[d]) return true;
        index[d] = 0;
    }
    return false;
}

int64_t slow_offset(const arr *a, const int64_t *index)
{
    int64_t at = 0;
    for (int d = 0; d < a->n; d++) at = at * a->at[d] + index[d];
    return at;
}

double slow_at_broadcast(const arr *a, int n, const int64_t *index)
{
    int64_t at = 0;
    for (int d = 0; d < a->n; d++) {
        const int64_t i = index[n - a->n + d];
        at = at * a->at[d] + (a->at[d] == 1 ? 0 : i);
    }
    return a->v[at];
}

/* Every index of y, in order, with its place k. */
#define EACH(y, index, k) \
    for (int64_t index[8] = { 0 }, k = 0; k < (y).count; k++, slow_next(&(y), index))

/* ---- elementwise ----------------------------------------------------------------------- */

arr slow_map1(const arr *a, double (*f)(double))
{
    arr y = arr_like(a);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = f(a->v[k]);
    return y;
}

static arr common(const arr *a, const arr *b)
{
    int64_t at[8];
    const int n = a->n > b->n ? a->n : b->n;
    for (int d = 0; d < n; d++) {
        const int64_t i = d < n - a->n ? 1 : a->at[d - (n - a->n)], j = d < n - b->n ? 1 : b->at[d - (n - b->n)];
        at[d] = i == 1 ? j : i;
    }
    return arr_new(n, at);
}

arr slow_map2(const arr *a, const arr *b, double (*f)(double, double))
{
    arr y = common(a, b);
    EACH(y, i, k) y.v[k] = f(slow_at_broadcast(a, y.n, i), slow_at_broadcast(b, y.n, i));
    return y;
}

double slow_add(double a, double b) { return a + b; }
double slow_mul(double a, double b) { return a * b; }

double slow_mod(double a, double b)
{
    const double r = fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

arr slow_where(const arr *c, const arr *a, const arr *b)
{
    arr ab = common(a, b), y = common(c, &ab);
    EACH(y, i, k) y.v[k] = slow_at_broadcast(slow_at_broadcast(c, y.n, i) != 0 ? a : b, y.n, i);
    return y;
}

/* ---- elements elsewhere ---------------------------------------------------------------- */

arr slow_reshape(const arr *a, int n, const int64_t *at)
{
    arr y = arr_new(n, at);
    ck_assert_int_eq(y.count, a->count);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = a->v[k];
    return y;
}

arr slow_permute(const arr *a, const int *axes)
{
    int64_t at[8];
    for (int d = 0; d < a->n; d++) at[d] = a->at[axes[d]];
    arr y = arr_new(a->n, at);
    EACH(y, i, k) {
        int64_t j[8];
        for (int d = 0; d < a->n; d++) j[axes[d]] = i[d];
        y.v[k] = a->v[slow_offset(a, j)];
    }
    return y;
}

arr slow_broadcast(const arr *a, int n, const int64_t *at)
{
    arr y = arr_new(n, at);
    EACH(y, i, k) y.v[k] = slow_at_broadcast(a, n, i);
    return y;
}

arr slow_sum_to(const arr *a, int n, const int64_t *at)
{
    arr y = arr_new(n, at);
    EACH(*a, i, k) {
        int64_t j[8];
        for (int d = 0; d < n; d++) j[d] = at[d] == 1 ? 0 : i[a->n - n + d];
        y.v[slow_offset(&y, j)] += a->v[k];
    }
    return y;
}

arr slow_slice(const arr *a, const int64_t *start, const int64_t *size, const int64_t *step)
{
    arr y = arr_new(a->n, size);
    EACH(y, i, k) {
        int64_t j[8];
        for (int d = 0; d < a->n; d++) j[d] = start[d] + i[d] * step[d];
        y.v[k] = a->v[slow_offset(a, j)];
    }
    return y;
}

arr slow_pad(const arr *a, const int64_t *before, const int64_t *size, const int64_t *step, double value)
{
    arr y = arr_new(a->n, size);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = value;
    EACH(*a, i, k) {
        int64_t j[8];
        for (int d = 0; d < a->n; d++) j[d] = before[d] + i[d] * step[d];
        y.v[slow_offset(&y, j)] = a->v[k];
    }
    return y;
}

arr slow_flip(const arr *a, unsigned axes)
{
    arr y = arr_like(a);
    EACH(y, i, k) {
        int64_t j[8];
        for (int d = 0; d < a->n; d++) j[d] = axes >> d & 1 ? a->at[d] - 1 - i[d] : i[d];
        y.v[k] = a->v[slow_offset(a, j)];
    }
    return y;
}

arr slow_concat(int n, const arr *xs, int axis)
{
    arr shape = xs[0];
    for (int m = 1; m < n; m++) shape.at[axis] += xs[m].at[axis];
    arr y = arr_new(shape.n, shape.at);
    int64_t done = 0;
    for (int m = 0; m < n; done += xs[m++].at[axis])
        EACH(xs[m], i, k) {
            int64_t j[8];
            for (int d = 0; d < y.n; d++) j[d] = i[d] + (d == axis ? done : 0);
            y.v[slow_offset(&y, j)] = xs[m].v[k];
        }
    return y;
}

/* ---- reductions ------------------------------------------------------------------------ */

arr slow_reduce(const arr *a, unsigned axes, bool keep_dims, char how)
{
    int64_t kept[8], at[8];
    int n = 0;
    for (int d = 0; d < a->n; d++) kept[d] = axes >> d & 1 ? 1 : a->at[d];
    for (int d = 0; d < a->n; d++)
        if (keep_dims || !(axes >> d & 1)) at[n++] = kept[d];
    arr y = arr_new(a->n, kept);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = how == '+' ? 0 : how == '*' ? 1 : how == 'M' ? -INF : INF;
    EACH(*a, i, k) {
        int64_t j[8];
        for (int d = 0; d < a->n; d++) j[d] = axes >> d & 1 ? 0 : i[d];
        double *to = &y.v[slow_offset(&y, j)];
        const double v = a->v[k];
        if (how == '+') *to += v;
        else if (how == '*') *to *= v;
        else if (isnan(v) || (how == 'M' ? v > *to : v < *to)) *to = v;
    }
    return slow_reshape(&y, n, at);
}

arr slow_argmax(const arr *a, int axis)
{
    int64_t at[8];
    int n = 0;
    for (int d = 0; d < a->n; d++)
        if (d != axis) at[n++] = a->at[d];
    arr y = arr_new(n, at);
    EACH(y, i, k) {
        int64_t j[8] = { 0 };
        for (int d = 0, m = 0; d < a->n; d++)
            if (d != axis) j[d] = i[m++];
        int64_t best = 0;
        double most = 0;
        for (int64_t m = 0; m < a->at[axis]; m++) {
            j[axis] = m;
            const double v = a->v[slow_offset(a, j)];
            if (m == 0 || v > most || (isnan(v) && !isnan(most))) best = m, most = v;
        }
        y.v[k] = (double)best;
    }
    return y;
}

arr slow_matmul(const arr *a, const arr *b, bool ta, bool tb)
{
    const int n = a->n > b->n ? a->n : b->n;
    int64_t at[8];
    for (int d = 0; d < n - 2; d++) {
        const int64_t i = d < n - a->n ? 1 : a->at[d - (n - a->n)], j = d < n - b->n ? 1 : b->at[d - (n - b->n)];
        at[d] = i == 1 ? j : i;
    }
    at[n - 2] = a->at[a->n - (ta ? 1 : 2)];
    at[n - 1] = b->at[b->n - (tb ? 2 : 1)];
    const int64_t inner = a->at[a->n - (ta ? 2 : 1)];
    arr y = arr_new(n, at);
    EACH(y, i, k) {
        int64_t p[8], q[8];
        for (int d = 0; d < n; d++) p[d] = q[d] = i[d];
        for (int64_t m = 0; m < inner; m++) {
            p[n - 2] = ta ? m : i[n - 2], p[n - 1] = ta ? i[n - 2] : m;
            q[n - 2] = tb ? i[n - 1] : m, q[n - 1] = tb ? m : i[n - 1];
            y.v[k] += slow_at_broadcast(a, n, p) * slow_at_broadcast(b, n, q);
        }
    }
    return y;
}

/* ---- windows --------------------------------------------------------------------------- */

/* The shape of what windows of x give, with c channels. */
static arr windows(const arr *x, const slow_window *o, int64_t c)
{
    int64_t at[5] = { x->at[0] };
    for (int d = 0; d < x->n - 2; d++) {
        const int64_t reach = (o->size[d] - 1) * o->dilation[d] + 1, room = x->at[1 + d] + o->before[d] + o->after[d] - reach;
        at[1 + d] = room < 0 ? 0 : room / o->stride[d] + 1;
    }
    at[x->n - 1] = c;
    return arr_new(x->n, at);
}

/* The next tap of a window, the last axis fastest; false after the last. */
static bool next_tap(const slow_window *o, int axes, int64_t *tap)
{
    for (int d = axes - 1; d >= 0; d--) {
        if (++tap[d] < o->size[d]) return true;
        tap[d] = 0;
    }
    return false;
}

#define TAPS(o, axes, tap) \
    for (int64_t tap[3] = { 0 }, more_ = 1; more_; more_ = next_tap(o, axes, tap))

/* The element of x, of channel c, that a tap of the window of y at i looks at, or NULL in the padding. */
static double *under(const arr *x, const slow_window *o, const int64_t *i, const int64_t *tap, int64_t c)
{
    int64_t at[5] = { i[0] };
    for (int d = 0; d < x->n - 2; d++) {
        at[1 + d] = i[1 + d] * o->stride[d] + tap[d] * o->dilation[d] - o->before[d];
        if (at[1 + d] < 0 || at[1 + d] >= x->at[1 + d]) return NULL;
    }
    at[x->n - 1] = c;
    return &x->v[slow_offset(x, at)];
}

/* The trilinear form behind all three convolutions: adds to whichever of x, w, y is `to` the product of the others. */
static void trilinear(const arr *x, const arr *w, const arr *y, const slow_window *of, const arr *to)
{
    const int axes = x->n - 2;
    const int64_t in = w->at[axes], out = w->at[axes + 1] / of->groups;
    slow_window o = *of;
    for (int d = 0; d < axes; d++) o.size[d] = w->at[d];
    EACH(*y, i, k)
        TAPS(&o, axes, tap)
            for (int64_t c = 0; c < in; c++) {
                double *px = under(x, &o, i, tap, i[axes + 1] / out * in + c), *py = &y->v[k];
                int64_t at[5] = { tap[0], tap[1], tap[2] };
                at[axes] = c, at[axes + 1] = i[axes + 1];
                double *pw = &w->v[slow_offset(w, at)];
                if (!px) continue;
                if (to == y) *py += *px * *pw;
                else if (to == x) *px += *py * *pw;
                else *pw += *px * *py;
            }
}

arr slow_conv(const arr *x, const arr *w, const slow_window *o)
{
    slow_window sized = *o;
    for (int d = 0; d < x->n - 2; d++) sized.size[d] = w->at[d];
    arr y = windows(x, &sized, w->at[w->n - 1]);
    trilinear(x, w, &y, o, &y);
    return y;
}

arr slow_conv_x(const arr *gy, const arr *w, const slow_window *o, const arr *x_like)
{
    arr gx = arr_like(x_like);
    trilinear(&gx, w, gy, o, &gx);
    return gx;
}

arr slow_conv_w(const arr *x, const arr *gy, const slow_window *o, const arr *w_like)
{
    arr gw = arr_like(w_like);
    trilinear(x, &gw, gy, o, &gw);
    return gw;
}

arr slow_pool(const arr *x, const slow_window *o, char how)
{
    const int last = x->n - 1;
    arr y = windows(x, o, x->at[last]);
    EACH(y, i, k) {
        y.v[k] = how == 'M' ? -INF : 0;
        TAPS(o, last - 1, tap) {
            const double *v = under(x, o, i, tap, i[last]);
            if (v) y.v[k] = how == 'M' ? fmax(y.v[k], *v) : y.v[k] + (how == '#' ? 1 : *v);
        }
    }
    return y;
}

static int64_t ties(const arr *x, const slow_window *o, const int64_t *i, double most)
{
    int64_t n = 0;
    TAPS(o, x->n - 2, tap) {
        const double *v = under(x, o, i, tap, i[x->n - 1]);
        n += v && *v == most;
    }
    return n;
}

arr slow_max_pool_x(const arr *x, const arr *y, const arr *gy, const slow_window *o)
{
    arr gx = arr_like(x);
    EACH(*y, i, k) {
        const int64_t n = ties(x, o, i, y->v[k]);
        TAPS(o, x->n - 2, tap) {
            const double *v = under(x, o, i, tap, i[x->n - 1]);
            if (v && *v == y->v[k]) *under(&gx, o, i, tap, i[x->n - 1]) += gy->v[k] / (double)n;
        }
    }
    return gx;
}

arr slow_max_pool_y(const arr *x, const arr *y, const arr *t, const slow_window *o)
{
    arr ty = arr_like(y);
    EACH(*y, i, k) {
        const int64_t n = ties(x, o, i, y->v[k]);
        TAPS(o, x->n - 2, tap) {
            const double *v = under(x, o, i, tap, i[x->n - 1]);
            if (v && *v == y->v[k]) ty.v[k] += *under(t, o, i, tap, i[x->n - 1]) / (double)n;
        }
    }
    return ty;
}

arr slow_sum_pool_x(const arr *gy, const slow_window *o, const arr *x_like)
{
    arr gx = arr_like(x_like);
    EACH(*gy, i, k)
        TAPS(o, gx.n - 2, tap) {
            double *to = under(&gx, o, i, tap, i[gx.n - 1]);
            if (to) *to += gy->v[k];
        }
    return gx;
}

/* The element of x that element i of its windows is, or NULL in the padding. */
static double *unfolded(const arr *x, const slow_window *o, const int64_t *i)
{
    const int axes = x->n - 2;
    int64_t at[5] = { 0 };
    for (int d = 0; d <= axes; d++) at[d] = i[d];
    return under(x, o, at, &i[1 + axes], i[1 + 2 * axes]);
}

arr slow_unfold(const arr *x, const slow_window *o)
{
    const int axes = x->n - 2;
    const arr places = windows(x, o, x->at[1 + axes]);
    int64_t at[8];
    for (int d = 0; d <= axes; d++) at[d] = places.at[d];
    for (int d = 0; d < axes; d++) at[1 + axes + d] = o->size[d];
    at[1 + 2 * axes] = x->at[1 + axes];
    arr y = arr_new(2 * axes + 2, at);
    EACH(y, i, k) {
        const double *from = unfolded(x, o, i);
        y.v[k] = from ? *from : 0;
    }
    return y;
}

arr slow_fold(const arr *y, const slow_window *o, const arr *x_like)
{
    arr x = arr_like(x_like);
    EACH(*y, i, k) {
        double *to = unfolded(&x, o, i);
        if (to) *to += y->v[k];
    }
    return x;
}

/* ---- indices --------------------------------------------------------------------------- */

/* Axes of size 1 in index, but for the axis itself, stand for all of x's. */
static arr gathered(const arr *x, const arr *index, int axis)
{
    int64_t at[8];
    for (int d = 0; d < x->n; d++) at[d] = d == axis ? index->at[d] : x->at[d];
    return arr_new(x->n, at);
}

arr slow_gather(const arr *x, const arr *index, int axis)
{
    arr y = gathered(x, index, axis);
    EACH(y, i, k) {
        int64_t j[8];
        for (int d = 0; d < x->n; d++) j[d] = i[d];
        j[axis] = (int64_t)slow_at_broadcast(index, y.n, i);
        y.v[k] = x->v[slow_offset(x, j)];
    }
    return y;
}

arr slow_scatter_add(const arr *x, const arr *index, const arr *src, int axis)
{
    arr y = arr_like(x);
    for (int64_t k = 0; k < x->count; k++) y.v[k] = x->v[k];
    EACH(*src, i, k) {
        int64_t j[8];
        for (int d = 0; d < x->n; d++) j[d] = i[d];
        j[axis] = (int64_t)slow_at_broadcast(index, src->n, i);
        y.v[slow_offset(&y, j)] += src->v[k];
    }
    return y;
}

/* ---- random bits ----------------------------------------------------------------------- */

void slow_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c[4] = { counter[0], counter[1], counter[2], counter[3] }, k[2] = { key[0], key[1] };
    for (int round = 0; round < 10; round++) {
        const uint64_t p = (uint64_t)0xD2511F53u * c[0], q = (uint64_t)0xCD9E8D57u * c[2];
        const uint32_t next[4] = { (uint32_t)(q >> 32) ^ c[1] ^ k[0], (uint32_t)q, (uint32_t)(p >> 32) ^ c[3] ^ k[1], (uint32_t)p };
        memcpy(c, next, sizeof c);
        k[0] += 0x9E3779B9u, k[1] += 0xBB67AE85u;
    }
    memcpy(out, c, sizeof c);
}

uint32_t slow_random_word(uint64_t seed, uint64_t number, uint64_t element)
{
    const uint64_t block = element / 4;
    const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    const uint32_t counter[4] = { (uint32_t)block, (uint32_t)(block >> 32), (uint32_t)number, (uint32_t)(number >> 32) };
    uint32_t out[4];
    slow_philox(counter, key, out);
    return out[element % 4];
}
