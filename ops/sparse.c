/* sparse.c - a sparse Jacobian out of few products: columns that share no row are found by one tangent together.
 *
 * The program gives the pattern, or it is found by what depends on what (tw_dependence). Columns (or rows, in reverse mode) are coloured greedily so that no
 * two of one colour meet in a row (column); the product with the sum of a colour's unit vectors holds
 * all their elements, each at a place of its own. A band of width w takes w products, whatever its length.
 *
 * A given pattern that lacks an element would give wrong numbers in silence. So there is one product more, with a vector
 * of noise, which must be what the elements make of it; sparse_check looks at that when it is computed.
 */
#include "ops/ops_impl.h"
#include <math.h>
#include <string.h>

static double element(const tw_view *v, int64_t i)
{
    return v->dtype == TW_F32 ? (double)((const float *)v->data)[i] : ((const double *)v->data)[i];
}

/* One way to colour: vertices are what gets colours, groups what two of a colour may not share. */
typedef struct colouring {
    tw_ctx        *cx;
    int64_t        n, vertices, groups, colours;
    const int64_t *vertex, *group;
    int64_t       *memory, *colour, *by_vertex, *by_group, *vertex_start, *group_start, *taken;
    size_t         bytes;
} colouring;

/* Entries sorted by key: those of key k are order[start[k]] .. order[start[k + 1] - 1]. */
static void sort(int64_t n, const int64_t *key, int64_t keys, int64_t *start, int64_t *order)
{
    memset(start, 0, (size_t)(keys + 2) * sizeof *start);
    for (int64_t e = 0; e < n; e++) start[key[e] + 2]++;
    for (int64_t k = 1; k < keys + 2; k++) start[k] += start[k - 1];
    for (int64_t e = 0; e < n; e++) order[start[key[e] + 1]++] = e;
}

static bool colour(colouring *c)
{
    const int64_t words = 2 * c->vertices + 2 * c->n + c->vertices + 2 + c->groups + 2 + 2;
    c->bytes = (size_t)words * sizeof *c->memory;
    if (!(c->memory = tw_resize(c->cx, NULL, 0, c->bytes))) return false;
    c->colour = c->memory, c->taken = c->colour + c->vertices, c->by_vertex = c->taken + c->vertices + 1, c->by_group = c->by_vertex + c->n;
    c->vertex_start = c->by_group + c->n, c->group_start = c->vertex_start + c->vertices + 2;
    sort(c->n, c->vertex, c->vertices, c->vertex_start, c->by_vertex);
    sort(c->n, c->group, c->groups, c->group_start, c->by_group);
    for (int64_t v = 0; v < c->vertices; v++) c->colour[v] = c->taken[v] = -1;
    for (int64_t v = 0; v < c->vertices; v++) {
        if (c->vertex_start[v] == c->vertex_start[v + 1]) continue;     /* an empty column takes no product */
        for (int64_t a = c->vertex_start[v]; a < c->vertex_start[v + 1]; a++) {
            const int64_t g = c->group[c->by_vertex[a]];
            for (int64_t b = c->group_start[g]; b < c->group_start[g + 1]; b++) {
                const int64_t other = c->colour[c->vertex[c->by_group[b]]];
                if (other >= 0) c->taken[other] = v;
            }
        }
        int64_t k = 0;
        while (c->taken[k] == v) k++;
        c->colour[v] = k;
        if (k >= c->colours) c->colours = k + 1;
    }
    return true;
}

/* Between 0.5 and 1.5, of either sign. */
static double noise(int64_t i)
{
    uint64_t z = ((uint64_t)i + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (z & 1 ? 1 : -1) * (0.5 + (double)(z >> 11) * 0x1p-53);
}

/* [colours, shape of like]: for each colour the sum of its unit vectors; and noise, if the pattern is to be checked. */
static tw_node *seeds(const tw_loc *at, const colouring *c, const tw_node *like, bool check)
{
    tw_shape s = { .n = like->shape->n + 1, .at = { c->colours + check } };
    for (int i = 1; i < s.n; i++) s.at[i] = like->shape->at[i - 1];
    const size_t bytes = (size_t)(s.at[0] * c->vertices) * sizeof(double);
    double *v = tw_resize(c->cx, NULL, 0, bytes);
    if (!v) return tw_nil(c->cx);
    memset(v, 0, bytes);
    for (int64_t k = 0; k < c->vertices; k++) {
        if (c->colour[k] >= 0) v[c->colour[k] * c->vertices + k] = 1;
        if (check) v[c->colours * c->vertices + k] = noise(k);
    }
    tw_node *n = tw_data_at(at, c->cx, TW_F64, s, v);
    tw_resize(c->cx, v, bytes, 0);
    return tw_cast(n, (tw_dtype)like->dtype);
}

/* The elements in the order of the pattern, out of products [colours (and one), groups]. */
static tw_node *unpack(const tw_loc *at, const colouring *c, tw_node *products)
{
    const size_t bytes = (size_t)c->n * sizeof(int64_t);
    int64_t *where = tw_resize(c->cx, NULL, 0, bytes);
    if (!where) return tw_nil(c->cx);
    for (int64_t e = 0; e < c->n; e++) where[e] = c->colour[c->vertex[e]] * c->groups + c->group[e];
    tw_node *index = tw_data_at(at, c->cx, TW_I64, TW_SHAPE(c->n), where);
    tw_resize(c->cx, where, bytes, 0);
    return tw_gather(tw_reshape(products, TW_SHAPE(products->shape->count)), index);
}

/* ---- whether a given pattern is one ------------------------------------------------------------- */

/* The values, when the product with noise is what the pattern's elements make of it; scale is the sum of their sizes. */
static int64_t kernel(const tw_call *c)
{
    const bool f32 = c->in[0].dtype == TW_F32;
    const double tolerance = f32 ? 3.5e-4 : 1.5e-8, epsilon = f32 ? 0x1p-23 : 0x1p-52;
    const int64_t n = c->in[1].shape->count;
    double most = 0;
    memcpy(c->out[0].data, c->in[0].data, (size_t)c->in[0].shape->count * tw_dtype_size(c->in[0].dtype));
    for (int pass = 0; pass < 2; pass++)
        for (int64_t i = 0; i < n; i++) {
            const double got = element(&c->in[1], i), want = element(&c->in[2], i), scale = element(&c->in[3], i);
            if (pass && fabs(got - want) > tolerance * scale + 1000 * epsilon * most) return i;
            if (isfinite(scale) && scale > most) most = scale;
        }
    return -1;
}

static void explain(const tw_node *y, const tw_call *c, int64_t bad, char *text, size_t size)
{
    (void)y;
    snprintf(text, size, "the pattern of the sparse Jacobian lacks elements: %s %lld times a vector is %g, and %g by its elements there",
             *(const uint8_t *)c->attr ? "row" : "column", (long long)bad, element(&c->in[1], bad), element(&c->in[2], bad));
}

static bool shape(tw_node *y)
{
    return tw_is_float(y->dtype) || tw__reject_dtype(y, y->dtype);
}
static void vjp(tw_rule *r)                                 { r->gx[0] = r->gy[0]; }
static tw_node *jvp(tw_node *y, tw_node *const *t)          { (void)y; return t[0]; }
static int64_t work(const tw_node *y)                       { (void)y; return 1; }

const tw_op tw_op_sparse_check = {
    TW_WORD(sparse_check),
    .arity     = 4,
    .attr_size = sizeof(uint8_t),
    .traits    = TW_CHECKED,
    .rule      = TW_GENERAL,
    .shape     = shape,
    .vjp       = vjp,
    .jvp       = jvp,
    .kernel    = kernel,
    .work      = work,
    .explain   = explain,
};

/* What each of the pattern's elements is multiplied by in that product: 0 where it is given again. */
static tw_node *factors(const tw_loc *at, const colouring *c)
{
    const size_t bytes = (size_t)c->n * sizeof(double), marks = (size_t)c->groups * sizeof(int64_t);
    double *v = tw_resize(c->cx, NULL, 0, bytes);
    int64_t *last = tw_resize(c->cx, NULL, 0, marks);
    tw_node *factor = tw_nil(c->cx);
    if (v && last) {
        for (int64_t g = 0; g < c->groups; g++) last[g] = -1;
        for (int64_t i = 0; i < c->n; i++) {
            const int64_t e = c->by_vertex[i], k = c->vertex[e];
            v[e] = last[c->group[e]] == k ? 0 : noise(k);
            last[c->group[e]] = k;
        }
        factor = tw_data_at(at, c->cx, TW_F64, TW_SHAPE(c->n), v);
    }
    if (v) tw_resize(c->cx, v, bytes, 0);
    if (last) tw_resize(c->cx, last, marks, 0);
    return factor;
}

static tw_node *checked(const tw_loc *at, const colouring *c, tw_node *products, tw_node *values, bool forward)
{
    const tw_shape all = TW_SHAPE(c->groups);
    tw_node *index = tw_data_at(at, c->cx, TW_I64, TW_SHAPE(c->n), c->group), *fixed = tw_stop_grad(values);
    tw_node *part = tw_mul(fixed, tw_cast(factors(at, c), (tw_dtype)values->dtype));
    tw_node *none = tw_constant(at, c->cx, (tw_dtype)values->dtype, &all, 0);
    tw_node *got = tw_reshape(tw_index(tw_reshape(tw_stop_grad(products), TW_SHAPE(c->colours + 1, c->groups)), .at = -1), all);
    tw_node *in[4] = { values, got, tw_scatter_add(none, index, part), tw_scatter_add(none, index, tw_abs(part)) };
    return tw_build_node(&(tw_build){ .op = &tw_op_sparse_check, .at = at, .attr = &(uint8_t){ forward }, .n = 4, .in = in });
}

/* ---- what is asked for ------------------------------------------------------------------------- */

static tw_node *check(const tw_loc *at, tw_node *y, tw_node *x, const tw_jacobian_sparse_args *o)
{
    tw_ctx *cx = y->cx;
    for (int i = 0; i < 2; i++)
        if (!tw_is_float((i ? x : y)->dtype))
            return tw_fail(cx, TW_EGRAD, "jacobian_sparse", at, "argument %d is %s: there is no derivative", i, tw_dtype_name((tw_dtype)(i ? x : y)->dtype));
    if (x->shape->n == TW_MAX_RANK || y->shape->n == TW_MAX_RANK)       /* vectors have an axis more */
        return tw_fail(cx, TW_ESHAPE, "jacobian_sparse", at, "ranks %d and %d: at most %d, reshape", y->shape->n, x->shape->n, TW_MAX_RANK - 1);
    if ((o->n || o->rows || o->cols) && (o->n < 1 || !o->rows || !o->cols))
        return tw_fail(cx, TW_EARG, "jacobian_sparse", at, "half a pattern: .n, .rows and .cols go together, or none is given");
    for (int64_t e = 0; e < o->n; e++)
        if (o->rows[e] < 0 || o->rows[e] >= y->shape->count || o->cols[e] < 0 || o->cols[e] >= x->shape->count)
            return tw_fail(cx, TW_EARG, "jacobian_sparse", at, "entry %lld is (%lld, %lld) of a matrix of %lld by %lld", (long long)e, (long long)o->rows[e],
                           (long long)o->cols[e], (long long)y->shape->count, (long long)x->shape->count);
    return NULL;
}

/* The elements at o's places, by whichever products are fewer. */
static tw_node *elements(const tw_loc *at, tw_node *y, tw_node *x, const tw_jacobian_sparse_args *o, bool check)
{
    tw_ctx *cx = y->cx;
    tw_node *values = tw_nil(cx);
    const int64_t m = y->shape->count, n = x->shape->count;
    colouring by_x = { .cx = cx, .n = o->n, .vertices = n, .groups = m, .vertex = o->cols, .group = o->rows };
    colouring by_y = { .cx = cx, .n = o->n, .vertices = m, .groups = n, .vertex = o->rows, .group = o->cols };
    if (colour(&by_x) && colour(&by_y)) {
        const bool forward = o->mode ? o->mode == TW_FORWARD : by_x.colours < by_y.colours;
        const colouring *c = forward ? &by_x : &by_y;
        tw_node *s = seeds(at, c, forward ? x : y, check), *products = NULL;
        if (o->products) *o->products = c->colours;
        if (forward) products = tw_jvps_at(at, y, 1, &x, &s);
        else tw_vjps_at(at, 1, &y, &s, 1, &x, &products);
        if (!tw_is_nil(products)) values = unpack(at, c, products);
        if (check && !tw_is_nil(values)) values = checked(at, c, products, values, forward);
    }
    tw_resize(cx, by_x.memory, by_x.memory ? by_x.bytes : 0, 0);
    tw_resize(cx, by_y.memory, by_y.memory ? by_y.bytes : 0, 0);
    return values;
}

tw_node *tw_jacobian_sparse_at(const tw_loc *at, tw_node *y, tw_node *x, const tw_jacobian_sparse_args *o)
{
    TW_OPTIONS(tw_jacobian_sparse_args, o);
    tw_node *both[2] = { y, x }, *wrong = tw__null_among(at, "jacobian_sparse", 2, both), *values = NULL;
    if (wrong) return wrong;
    if (!tw__operand(at, "jacobian_sparse", 0, &y)) return y;
    if (!tw_is_cell(x) && !tw__operand(at, "jacobian_sparse", 1, &x)) return x;
    if ((wrong = check(at, y, x, o))) return wrong;

    tw_ctx *cx = y->cx;
    tw_jacobian_sparse_args with = *o;
    int64_t *rows = NULL, *cols = NULL, nothing = 0;
    if (!o->rows && (with.n = tw_dependence(at, "jacobian_sparse", y, x, &rows, &cols)) >= 0) with.rows = rows, with.cols = cols;
    const size_t bytes = with.n > 0 ? (size_t)with.n * sizeof *rows : 0;
    if (with.n > 0) values = elements(at, y, x, &with, o->rows && !o->unchecked);
    else if (o->products) *o->products = 0;
    if (with.n == 0) values = tw_zeros(cx, TW_SHAPE(0), .dtype = (tw_dtype)y->dtype);
    if (o->row_index) *o->row_index = with.n < 0 ? tw_nil(cx) : tw_data_at(at, cx, TW_I64, TW_SHAPE(with.n), with.n ? with.rows : &nothing);
    if (o->col_index) *o->col_index = with.n < 0 ? tw_nil(cx) : tw_data_at(at, cx, TW_I64, TW_SHAPE(with.n), with.n ? with.cols : &nothing);
    if (rows) tw_resize(cx, rows, bytes, 0);
    if (cols) tw_resize(cx, cols, bytes, 0);
    return with.n < 0 ? tw_nil(cx) : values;
}
