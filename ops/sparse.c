/* sparse.c - a sparse Jacobian out of few products: columns that share no row are found by one tangent together.
 *
 * The program gives the pattern. Columns (or rows, in reverse mode) are coloured greedily so that no
 * two of one colour meet in a row (column); the product with the sum of a colour's unit vectors holds
 * all their elements, each at a place of its own. A band of width w takes w products, whatever its length.
 */
#include "ops/ops_impl.h"
#include <string.h>

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

/* [colours, shape of like]: for each colour the sum of its unit vectors. */
static tw_node *seeds(const tw_loc *at, const colouring *c, const tw_node *like)
{
    tw_shape s = { .n = like->shape->n + 1, .at = { c->colours } };
    for (int i = 1; i < s.n; i++) s.at[i] = like->shape->at[i - 1];
    const size_t bytes = (size_t)(c->colours * c->vertices) * sizeof(double);
    double *v = tw_resize(c->cx, NULL, 0, bytes);
    if (!v) return tw_nil(c->cx);
    memset(v, 0, bytes);
    for (int64_t k = 0; k < c->vertices; k++) if (c->colour[k] >= 0) v[c->colour[k] * c->vertices + k] = 1;
    tw_node *n = tw_data_at(at, c->cx, TW_F64, s, v);
    tw_resize(c->cx, v, bytes, 0);
    return tw_cast(n, (tw_dtype)like->dtype);
}

/* The elements in the order of the pattern, out of products [colours, groups]. */
static tw_node *unpack(const tw_loc *at, const colouring *c, tw_node *products)
{
    const size_t bytes = (size_t)c->n * sizeof(int64_t);
    int64_t *where = tw_resize(c->cx, NULL, 0, bytes);
    if (!where) return tw_nil(c->cx);
    for (int64_t e = 0; e < c->n; e++) where[e] = c->colour[c->vertex[e]] * c->groups + c->group[e];
    tw_node *index = tw_data_at(at, c->cx, TW_I64, TW_SHAPE(c->n), where);
    tw_resize(c->cx, where, bytes, 0);
    return tw_gather(tw_reshape(products, TW_SHAPE(c->colours * c->groups)), index);
}

static tw_node *check(const tw_loc *at, tw_node *y, tw_node *x, const tw_jacobian_sparse_args *o)
{
    tw_ctx *cx = y->cx;
    for (int i = 0; i < 2; i++)
        if (!tw_is_float((i ? x : y)->dtype))
            return tw_fail(cx, TW_EGRAD, "jacobian_sparse", at, "argument %d is %s: there is no derivative", i, tw_dtype_name((tw_dtype)(i ? x : y)->dtype));
    if (x->shape->n == TW_MAX_RANK || y->shape->n == TW_MAX_RANK)       /* vectors have an axis more */
        return tw_fail(cx, TW_ESHAPE, "jacobian_sparse", at, "ranks %d and %d: at most %d, reshape", y->shape->n, x->shape->n, TW_MAX_RANK - 1);
    if (o->n < 1 || !o->rows || !o->cols)
        return tw_fail(cx, TW_EARG, "jacobian_sparse", at, "no pattern: .n, .rows and .cols say where elements may differ from 0");
    for (int64_t e = 0; e < o->n; e++)
        if (o->rows[e] < 0 || o->rows[e] >= y->shape->count || o->cols[e] < 0 || o->cols[e] >= x->shape->count)
            return tw_fail(cx, TW_EARG, "jacobian_sparse", at, "entry %lld is (%lld, %lld) of a matrix of %lld by %lld", (long long)e, (long long)o->rows[e],
                           (long long)o->cols[e], (long long)y->shape->count, (long long)x->shape->count);
    return NULL;
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
    const int64_t m = y->shape->count, n = x->shape->count;
    colouring by_x = { .cx = cx, .n = o->n, .vertices = n, .groups = m, .vertex = o->cols, .group = o->rows };
    colouring by_y = { .cx = cx, .n = o->n, .vertices = m, .groups = n, .vertex = o->rows, .group = o->cols };
    if (colour(&by_x) && colour(&by_y)) {
        const bool forward = o->mode ? o->mode == TW_FORWARD : by_x.colours < by_y.colours;
        const colouring *c = forward ? &by_x : &by_y;
        tw_node *s = seeds(at, c, forward ? x : y), *products = NULL;
        if (o->products) *o->products = c->colours;
        if (forward) products = tw_jvps_at(at, y, 1, &x, &s);
        else tw_vjps_at(at, 1, &y, &s, 1, &x, &products);
        values = unpack(at, c, products);
    }
    tw_resize(cx, by_x.memory, by_x.memory ? by_x.bytes : 0, 0);
    tw_resize(cx, by_y.memory, by_y.memory ? by_y.bytes : 0, 0);
    return values ? values : tw_nil(cx);
}
