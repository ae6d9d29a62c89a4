/* rows_spread.c - rows of repetitions, diagonals, grids and constants: see rows.h. */
#include "tests/rows.h"
#include "tests/slow.h"

#define EACH(y, index, k) \
    for (int64_t index[8] = { 0 }, k = 0; k < (y).count; k++, slow_next(&(y), index))

static int from_end(int axis, int n) { return axis < 0 ? axis + n : axis; }

/* ---- repetitions ----------------------------------------------------------------------- */

/* p: rank, counts. */
static tw_shape counts(const row *r)
{
    tw_shape s = { .n = r->p[0] };
    for (int d = 0; d < s.n; d++) s.at[d] = r->p[1 + d];
    return s;
}
BUILD(b_tile, tw_tile(x[0], counts(r)))
static arr r_tile(const row *r, const arr *x)
{
    const int n = r->p[0] > x[0].n ? r->p[0] : x[0].n, more = n - x[0].n, fewer = n - r->p[0];
    int64_t at[8];
    for (int d = 0; d < n; d++) at[d] = (d < more ? 1 : x[0].at[d - more]) * (d < fewer ? 1 : r->p[1 + d - fewer]);
    arr y = arr_new(n, at);
    EACH(y, i, k) {
        int64_t j[8];
        for (int d = more; d < n; d++) j[d - more] = i[d] % x[0].at[d - more];
        y.v[k] = x[0].v[slow_offset(&x[0], j)];
    }
    return y;
}

/* p: axis, number. */
static arr along(const row *r, const arr *x, int64_t size, int64_t (*from)(int64_t i, int64_t n, int64_t dim))
{
    const int axis = from_end(r->p[0], x[0].n);
    int64_t at[8];
    for (int d = 0; d < x[0].n; d++) at[d] = d == axis ? size : x[0].at[d];
    arr y = arr_new(x[0].n, at);
    EACH(y, i, k) {
        int64_t j[8];
        for (int d = 0; d < y.n; d++) j[d] = d == axis ? from(i[d], r->p[1], x[0].at[d]) : i[d];
        y.v[k] = x[0].v[slow_offset(&x[0], j)];
    }
    return y;
}
static int64_t repeated(int64_t i, int64_t n, int64_t dim) { (void)dim; return i / n; }
static int64_t rolled(int64_t i, int64_t n, int64_t dim) { return ((i - n) % dim + dim) % dim; }
BUILD(b_repeat, tw_repeat(x[0], r->p[1], .axis = r->p[0]))
REF(r_repeat, along(r, x, r->p[1] * x[0].at[from_end(r->p[0], x[0].n)], repeated))
BUILD(b_roll, tw_roll(x[0], r->p[1], .axis = r->p[0]))
REF(r_roll, along(r, x, x[0].at[from_end(r->p[0], x[0].n)], rolled))

/* ---- diagonals: p is k ----------------------------------------------------------------- */

BUILD(b_diagonal, tw_diagonal(x[0], .k = r->p[0]))
BUILD(b_diag, tw_diag(x[0], .k = r->p[0]))
BUILD(b_diag_embed, tw_diag_embed(x[0], .k = r->p[0]))
BUILD(b_trace, tw_trace(x[0]))
BUILD(b_tril, tw_tril(x[0], .k = r->p[0]))
BUILD(b_triu, tw_triu(x[0], .k = r->p[0]))

static arr diagonal(const arr *x, int k)
{
    const int n = x->n;
    int64_t at[8], length = 0;
    for (int64_t i = 0; i < x->at[n - 2]; i++) length += i + k >= 0 && i + k < x->at[n - 1];
    for (int d = 0; d < n - 2; d++) at[d] = x->at[d];
    at[n - 2] = length;
    arr y = arr_new(n - 1, at);
    EACH(y, i, e) {
        int64_t j[8];
        for (int d = 0; d < n - 2; d++) j[d] = i[d];
        j[n - 2] = i[n - 2] + (k < 0 ? -k : 0), j[n - 1] = i[n - 2] + (k > 0 ? k : 0);
        y.v[e] = x->v[slow_offset(x, j)];
    }
    return y;
}
static arr diag_embed(const arr *x, int k)
{
    int64_t at[8];
    for (int d = 0; d < x->n; d++) at[d] = x->at[d];
    at[x->n - 1] = at[x->n] = x->at[x->n - 1] + abs(k);
    arr y = arr_new(x->n + 1, at);
    EACH(*x, i, e) {
        int64_t j[8];
        for (int d = 0; d < x->n; d++) j[d] = i[d];
        j[x->n] = j[x->n - 1] + (k > 0 ? k : 0), j[x->n - 1] += k < 0 ? -k : 0;
        y.v[slow_offset(&y, j)] = x->v[e];
    }
    return y;
}
REF(r_diagonal, diagonal(&x[0], r->p[0]))
REF(r_diag_embed, diag_embed(&x[0], r->p[0]))
REF(r_diag, x[0].n == 1 ? diag_embed(&x[0], r->p[0]) : diagonal(&x[0], r->p[0]))
static arr r_trace(const row *r, const arr *x)
{
    (void)r;
    const arr d = diagonal(&x[0], 0);
    return slow_reduce(&d, 1u << (d.n - 1), false, '+');
}

static arr triangle(const row *r, const arr *x, int sign)
{
    arr y = arr_like(&x[0]);
    EACH(y, i, k) y.v[k] = sign * (i[y.n - 1] - i[y.n - 2] - r->p[0]) <= 0 ? x[0].v[k] : 0;
    return y;
}
REF(r_tril, triangle(r, x, 1))
REF(r_triu, triangle(r, x, -1))

/* p: rows, columns, k. */
BUILD(b_eye, tw_eye(cx, r->p[0], .columns = r->p[1], .k = r->p[2]))
static arr r_eye(const row *r, const arr *x)
{
    (void)x;
    arr y = arr_new(2, (int64_t[]){ r->p[0], r->p[1] ? r->p[1] : r->p[0] });
    EACH(y, i, k) y.v[k] = i[1] - i[0] == r->p[2];
    return y;
}

/* ---- products and grids ---------------------------------------------------------------- */

BUILD(b_outer, tw_outer(x[0], x[1]))
static arr r_outer(const row *r, const arr *x)
{
    (void)r;
    arr y = arr_new(2, (int64_t[]){ x[0].count, x[1].count });
    EACH(y, i, k) y.v[k] = x[0].v[i[0]] * x[1].v[i[1]];
    return y;
}

/* A function of all three coordinates. */
static tw_node *b_meshgrid(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)r, (void)cx;
    tw_node *g[3];
    tw_meshgrid(3, x, g);
    return tw_add(tw_mul(g[0], g[1]), tw_square(g[2]));
}
static arr r_meshgrid(const row *r, const arr *x)
{
    (void)r;
    arr y = arr_new(3, (int64_t[]){ x[0].count, x[1].count, x[2].count });
    EACH(y, i, k) y.v[k] = x[0].v[i[0]] * x[1].v[i[1]] + x[2].v[i[2]] * x[2].v[i[2]];
    return y;
}
BUILD(b_cartesian_prod, tw_cartesian_prod(3, x))
static arr r_cartesian_prod(const row *r, const arr *x)
{
    (void)r;
    arr y = arr_new(2, (int64_t[]){ x[0].count * x[1].count * x[2].count, 3 });
    for (int64_t k = 0; k < y.at[0]; k++) {
        y.v[3 * k] = x[0].v[k / (x[1].count * x[2].count)];
        y.v[3 * k + 1] = x[1].v[k / x[2].count % x[1].count];
        y.v[3 * k + 2] = x[2].v[k % x[2].count];
    }
    return y;
}

/* The last part, then all that come before it, in reverse order. */
static tw_node *b_chunk(const row *r, tw_ctx *cx, tw_node *const *x)
{
    (void)cx;
    tw_node *part[8], *back[8];
    const int n = tw_chunk(x[0], r->p[1], part, .axis = r->p[0]);
    for (int i = 0; i < n; i++) back[i] = part[n - 1 - i];
    return tw_concat(n, back, .axis = r->p[0]);
}
static int64_t chunked(int64_t i, int64_t n, int64_t dim)
{
    const int64_t size = (dim + n - 1) / n, last = dim % size ? dim % size : size;
    return i < last ? dim - last + i : dim - last - ((i - last) / size + 1) * size + (i - last) % size;
}
REF(r_chunk, along(r, x, x[0].at[r->p[0]], chunked))

/* ---- axes and constants ---------------------------------------------------------------- */

/* p: a, b, then the order that they make. */
BUILD(b_swapaxes, tw_swapaxes(x[0], r->p[0], r->p[1]))
BUILD(b_moveaxis, tw_moveaxis(x[0], r->p[0], r->p[1]))
REF(r_ordered, slow_permute(&x[0], r->p + 2))

static arr filled(int n, const int64_t *at, double value)
{
    arr y = arr_new(n, at);
    for (int64_t k = 0; k < y.count; k++) y.v[k] = value;
    return y;
}
BUILD(b_full, tw_full(cx, TW_SHAPE(2, 3), 2.5))
static arr r_full(const row *r, const arr *x) { (void)r, (void)x; return filled(2, (int64_t[]){ 2, 3 }, 2.5); }
BUILD(b_full_like, tw_full_like(x[0], -3))
BUILD(b_zeros_like, tw_zeros_like(x[0]))
BUILD(b_ones_like, tw_ones_like(x[0], .dtype = TW_I64))
REF(r_full_like, filled(x[0].n, x[0].at, -3))
REF(r_zeros_like, filled(x[0].n, x[0].at, 0))
REF(r_ones_like, filled(x[0].n, x[0].at, 1))

/* p: start, stop in tenths, n. */
BUILD(b_linspace, tw_linspace(cx, r->p[0] / 10.0, r->p[1] / 10.0, r->p[2]))
static arr r_linspace(const row *r, const arr *x)
{
    (void)x;
    arr y = arr_new(1, (int64_t[]){ r->p[2] });
    for (int64_t k = 0; k < y.count; k++) y.v[k] = (r->p[0] + (r->p[1] - r->p[0]) * (double)k / fmax(1, (double)(y.count - 1))) / 10;
    return y;
}

const row rows_spread[] = {
    { "tile", "two axes", { REAL(2, 3) }, IS(tile), .p = { 2, 3, 2 } },
    { "tile", "fewer counts", { REAL(2, 1, 3) }, IS(tile), .p = { 2, 4, 1 } },
    { "tile", "more counts", { REAL(3) }, IS(tile), .p = { 3, 2, 1, 2 } },
    { "tile", "nothing", { REAL(3, 2) }, IS(tile), .p = { 2, 0, 2 } },
    { "tile", "bool", { BOOLS(3, 2) }, IS(tile), .p = { 2, 2, 2 }, .flags = R_VALUE },
    { "repeat", "first axis", { REAL(3, 2) }, IS(repeat), .p = { 0, 3 } },
    { "repeat", "last axis", { REAL(2, 3, 2) }, IS(repeat), .p = { -1, 2 } },
    { "repeat", "none", { REAL(2, 3) }, IS(repeat), .p = { 1, 0 } },
    { "roll", "on", { REAL(5, 3) }, IS(roll), .p = { 0, 2 } },
    { "roll", "back, round and round", { REAL(2, 5, 2) }, IS(roll), .p = { 1, -13 } },
    { "roll", "one element", { REAL(3, 1) }, IS(roll), .p = { 1, 4 } },
    { "diagonal", "of a wide matrix", { REAL(3, 5) }, IS(diagonal) },
    { "diagonal", "above, of a batch", { REAL(2, 4, 3) }, IS(diagonal), .p = { 1 } },
    { "diagonal", "below", { REAL(5, 3) }, IS(diagonal), .p = { -3 } },
    { "diagonal", "beyond", { REAL(2, 3) }, IS(diagonal), .p = { 7 } },
    { "diagonal", "of one column", { REAL(3, 1) }, IS(diagonal), .p = { -2 } },
    { "diag", "of a vector, below", { REAL(3) }, IS(diag), .p = { -1 } },
    { "diag", "of a matrix", { REAL(3, 3) }, IS(diag) },
    { "diag_embed", "a batch, above", { REAL(2, 3) }, IS(diag_embed), .p = { 2 } },
    { "diag_embed", "one element", { REAL(1) }, IS(diag_embed) },
    { "trace", "a matrix", { REAL(3, 4) }, IS(trace) },
    { "trace", "a batch", { REAL(2, 3, 3) }, IS(trace) },
    { "tril", "square", { REAL(4, 4) }, IS(tril) },
    { "tril", "a batch, above", { REAL(2, 3, 5) }, IS(tril), .p = { 1 } },
    { "triu", "tall", { REAL(5, 3) }, IS(triu) },
    { "triu", "below", { REAL(4, 4) }, IS(triu), .p = { -2 } },
    { "triu", "bool", { BOOLS(4, 4) }, IS(triu), .p = { 1 }, .flags = R_VALUE },
    { "eye", "square", { { 0 } }, IS(eye), .p = { 3 }, .flags = R_VALUE },
    { "eye", "wide, above", { { 0 } }, IS(eye), .p = { 3, 5, 1 }, .flags = R_VALUE },
    { "outer", "vectors", { REAL(3), REAL(4) }, IS(outer) },
    { "outer", "a matrix and a vector", { REAL(2, 2), REAL(3) }, IS(outer) },
    { "outer", "grids of three", { REAL(2), REAL(3), REAL(2) }, IS(meshgrid) },
    { "cartesian_prod", "three", { REAL(2), REAL(3), REAL(2) }, IS(cartesian_prod) },
    { "split", "chunks, the last smaller", { REAL(7, 2) }, IS(chunk), .p = { 0, 3 } },
    { "split", "chunks, fewer than asked for", { REAL(2, 5) }, IS(chunk), .p = { 1, 4 } },
    { "swapaxes", "the ends", { REAL(2, 3, 4) }, .build = b_swapaxes, .ref = r_ordered, .p = { 0, -1, 2, 1, 0 } },
    { "moveaxis", "to the end", { REAL(2, 3, 4) }, .build = b_moveaxis, .ref = r_ordered, .p = { 0, -1, 1, 2, 0 } },
    { "moveaxis", "to the front", { REAL(2, 3, 4, 2) }, .build = b_moveaxis, .ref = r_ordered, .p = { 2, 0, 2, 0, 1, 3 } },
    { "full", "a number", { { 0 } }, IS(full), .flags = R_VALUE },
    { "full_like", "of integers", { I64(9, 2, 3) }, IS(full_like), .flags = R_VALUE },
    { "zeros_like", "of floats", { REAL(2, 3) }, IS(zeros_like), .flags = R_VALUE },
    { "ones_like", "as integers", { REAL(2, 3) }, IS(ones_like), .flags = R_VALUE },
    { "linspace", "up", { { 0 } }, IS(linspace), .p = { -3, 17, 23 }, .flags = R_VALUE },
    { "linspace", "down", { { 0 } }, IS(linspace), .p = { 10, -4, 4 }, .flags = R_VALUE },
    { "linspace", "one", { { 0 } }, IS(linspace), .p = { 7, 9, 1 }, .flags = R_VALUE },
};
const int n_rows_spread = sizeof rows_spread / sizeof *rows_spread;
