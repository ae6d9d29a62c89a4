/* einsum.c - sums of products of tensors, by Einstein's notation.
 *
 *     "ij,jk->ik"      y[i, k] = the sum over j of a[i, j] b[j, k]
 *
 * A letter names an axis; the same letter is the same index everywhere. Letters that the output lacks
 * are summed over, a letter repeated in one term takes a diagonal, "..." stands for any leading axes
 * that broadcast. Without "->" the output is "..." and what occurs once, in alphabetical order.
 *
 * Spelled in permute, reshape, slice, sum, mul and matmul, so that derivatives come from those.
 * Each operand loses its diagonals and what nobody else needs; then two operands at a time become
 * one: letters that both have are a batch where something later needs them, and inner dimensions
 * otherwise. The pair is the one that makes the least memory out of the most (greedy; ties: fewest
 * multiplications), which is the usual heuristic (Smith and Gray 2018, opt_einsum).
 */
#include "ops/ops_impl.h"
#include <stdarg.h>
#include <string.h>

/* A label is a letter, or the place of an axis within "...", counted from its end. */
enum { LETTERS = 52, LABELS = LETTERS + TW_MAX_RANK, MOST = 32 };

typedef struct term { tw_node *x; int n; int label[TW_MAX_RANK]; } term;

typedef struct sum {
    const tw_loc *at;
    tw_ctx       *cx;
    const char   *equation;
    int64_t       size[LABELS];         /* 0: not seen */
    int           from[LABELS];         /* the operand that said so */
    int           n;
    term          term[MOST];
    term          out;                  /* x unused */
    bool          explicit_out;
} sum;

static int label_of(char c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= 'A' && c <= 'Z' ? c - 'A' : -1;
}
static char letter(int label) { return (char)(label < 26 ? 'A' + label : 'a' + label - 26); }

static bool has(const term *t, int label)
{
    for (int i = 0; i < t->n; i++)
        if (t->label[i] == label) return true;
    return false;
}

static bool refuse(sum *s, tw_code code, const char *format, ...) TW_PRINTF(3, 4);
static bool refuse(sum *s, tw_code code, const char *format, ...)
{
    char text[160];
    va_list more;
    va_start(more, format);
    vsnprintf(text, sizeof text, format, more);
    va_end(more);
    tw_fail(s->cx, code, "einsum", s->at, "%s in \"%.60s\"", text, s->equation);
    return false;
}

/* ---- the equation ------------------------------------------------------------------------------ */

/* The term at *p, which is left at its end. rank: axes of the operand, of the output -1; dots: axes of "...". */
static bool parse_term(sum *s, const char **p, term *t, int rank, int dots)
{
    const char *c = *p;
    int letters = 0, ellipses = 0;
    for (; *c && *c != ',' && strncmp(c, "->", 2); c++) {
        if (*c == ' ') continue;
        if (!strncmp(c, "...", 3)) ellipses++, c += 2;
        else if (label_of(*c) >= 0) letters++;
        else return refuse(s, TW_EARG, "'%c' is no letter, comma, arrow or ellipsis", *c);
    }
    if (ellipses > 1) return refuse(s, TW_EARG, "two ellipses in one term");
    if (rank >= 0) dots = ellipses ? rank - letters : 0;
    else if (!ellipses && dots) return refuse(s, TW_EARG, "the output lacks the ellipsis");
    const int have = letters + dots;
    if (dots < 0 || (rank >= 0 && have != rank))
        return refuse(s, TW_ESHAPE, "%d letters for operand %d of rank %d", letters, (int)(t - s->term), rank);
    if (have > TW_MAX_RANK) return refuse(s, TW_ESHAPE, "%d axes of the output, at most %d", have, TW_MAX_RANK);

    t->n = 0;
    for (const char *q = *p; q < c; q++) {
        if (label_of(*q) >= 0) t->label[t->n++] = label_of(*q);
        if (strncmp(q, "...", 3)) continue;
        for (int k = dots; k-- > 0; ) t->label[t->n++] = LETTERS + k;
        q += 2;
    }
    *p = c;
    return true;
}

/* The sizes of the labels of operand i. Axes of "..." broadcast, letters do not. */
static bool learn(sum *s, int i)
{
    const term *t = &s->term[i];
    for (int k = 0; k < t->n; k++) {
        const int l = t->label[k];
        const int64_t size = t->x->shape->at[k];
        if (!s->from[l]) s->size[l] = size, s->from[l] = i + 1;
        if (l >= LETTERS && s->size[l] == 1) s->size[l] = size;
        if (s->size[l] == size || (l >= LETTERS && size == 1)) continue;
        if (l >= LETTERS)
            return refuse(s, TW_ESHAPE, "axis %d of the ellipsis is %lld in operand %d and %lld in operand %d", LETTERS - l - 1,
                          (long long)s->size[l], s->from[l] - 1, (long long)size, i);
        return refuse(s, TW_ESHAPE, "letter '%c' is %lld in operand %d and %lld in operand %d", letter(l), (long long)s->size[l],
                      s->from[l] - 1, (long long)size, i);
    }
    return true;
}

static int occurrences(const sum *s, int label)
{
    int n = 0;
    for (int i = 0; i < s->n; i++)
        for (int k = 0; k < s->term[i].n; k++) n += s->term[i].label[k] == label;
    return n;
}

static bool imply_output(sum *s, int dots)
{
    s->out.n = 0;
    for (int k = dots; k-- > 0; ) s->out.label[s->out.n++] = LETTERS + k;
    for (int l = 0; l < LETTERS; l++) {
        if (occurrences(s, l) != 1) continue;
        if (s->out.n == TW_MAX_RANK) return refuse(s, TW_ESHAPE, "more than %d axes of the output", TW_MAX_RANK);
        s->out.label[s->out.n++] = l;
    }
    return true;
}

static bool check_output(sum *s)
{
    for (int i = 0; i < s->out.n; i++) {
        const int l = s->out.label[i];
        if (l < LETTERS && !s->from[l]) return refuse(s, TW_EARG, "output letter '%c' is in no operand", letter(l));
        for (int k = 0; k < i; k++)
            if (s->out.label[k] == l) return refuse(s, TW_EARG, "output letter '%c' is given twice", letter(l));
    }
    return true;
}

static bool parse(sum *s)
{
    const char *p = s->equation;
    int dots = 0;
    for (int i = 0; i < s->n; i++) {
        if (i && *p++ != ',') return refuse(s, TW_EARG, "%d terms for %d operands", i, s->n);
        if (!parse_term(s, &p, &s->term[i], s->term[i].x->shape->n, 0) || !learn(s, i)) return false;
        for (int k = 0; k < s->term[i].n; k++)
            if (s->term[i].label[k] - LETTERS >= dots) dots = s->term[i].label[k] - LETTERS + 1;
        if (!*p && i < s->n - 1) return refuse(s, TW_EARG, "%d terms for %d operands", i + 1, s->n);
    }
    if (*p == ',') return refuse(s, TW_EARG, "more than %d terms for %d operands", s->n, s->n);
    if (!*p) return imply_output(s, dots);
    p += 2;
    if (!parse_term(s, &p, &s->out, -1, dots)) return false;
    if (*p) return refuse(s, TW_EARG, "the output is followed by '%c'", *p);
    return check_output(s);
}

/* ---- one operand ------------------------------------------------------------------------------- */

static void drop(term *t, int k)
{
    for (t->n--; k < t->n; k++) t->label[k] = t->label[k + 1];
}

/* Axis k of t->x moved to the end. */
static void to_end(sum *s, term *t, int k)
{
    const tw_loc *at = s->at;
    tw_axes axes = { .n = t->n };
    const int moved = t->label[k];
    for (int i = 0; i < t->n; i++) axes.at[i] = i < k ? i : i < t->n - 1 ? i + 1 : k;
    t->x = tw_permute(t->x, axes);
    drop(t, k);
    t->label[t->n++] = moved;
}

/* Letters repeated within the term become one: their diagonal. */
static void take_diagonals(sum *s, term *t)
{
    for (int k = 0; k < t->n; k++)
        for (int j = t->n - 1; j > k; j--) {
            if (t->label[j] != t->label[k]) continue;
            to_end(s, t, j);
            to_end(s, t, k);
            t->x = tw__diagonal(s->at, t->x);
            drop(t, t->n - 1);
            k = -1;
            break;
        }
}

/* Sums over the labels that keep does not say, and drops broadcast axes of "...", which others have. */
static void reduce(sum *s, term *t, const bool *keep)
{
    const tw_loc *at = s->at;
    tw_axes axes = { 0 };
    tw_shape left = { 0 };
    for (int k = 0, out = 0; k < t->n + out; k++) {
        const int64_t dim = t->x->shape->at[k];
        const int l = t->label[k - out];
        const bool stays = keep[l] && dim == s->size[l];
        if (!stays && dim != 1) axes.at[axes.n++] = k;
        if (stays) left.at[left.n++] = dim;
        else drop(t, k - out++);
    }
    if (axes.n) t->x = tw_sum(t->x, .axes = axes, .keep_dims = true);
    t->x = tw_reshape(t->x, left);
}

/* Which labels are needed beside operands i and j (-1: none). */
static void needed(const sum *s, int i, int j, bool *keep)
{
    memset(keep, 0, LABELS * sizeof *keep);
    for (int k = 0; k < s->out.n; k++) keep[s->out.label[k]] = true;
    for (int t = 0; t < s->n; t++)
        for (int k = 0; k < s->term[t].n && t != i && t != j; k++) keep[s->term[t].label[k]] = true;
}

/* ---- two operands ------------------------------------------------------------------------------ */

static int place(const term *t, int label)
{
    for (int i = 0; i < t->n; i++)
        if (t->label[i] == label) return i;
    return t->n;
}

/* Sorts labels as the output has them, so that the last permutation is none if it can be; others stay in order behind. */
static void sort(const sum *s, term *t)
{
    for (int i = 1; i < t->n; i++)
        for (int k = i; k > 0 && place(&s->out, t->label[k]) < place(&s->out, t->label[k - 1]); k--) {
            const int l = t->label[k];
            t->label[k] = t->label[k - 1], t->label[k - 1] = l;
        }
}

static int64_t count(const sum *s, const term *t)
{
    int64_t n = 1;
    for (int i = 0; i < t->n; i++) n *= s->size[t->label[i]];
    return n;
}

/* x with the axes of three groups of labels, each as one axis. */
static tw_node *grouped(const sum *s, const term *t, const term *const group[3])
{
    const tw_loc *at = s->at;
    tw_axes axes = { 0 };
    for (int g = 0; g < 3; g++)
        for (int k = 0; k < group[g]->n; k++) axes.at[axes.n++] = place(t, group[g]->label[k]);
    tw_node *x = axes.n ? tw_permute(t->x, axes) : t->x;
    return tw_reshape(x, TW_SHAPE(count(s, group[0]), count(s, group[1]), count(s, group[2])));
}

/* How the labels of two operands divide. */
typedef struct split { term batch, inner, a, b; } split;

static void divide(const sum *s, const term *a, const term *b, const bool *keep, split *d)
{
    *d = (split){ .batch.n = 0 };
    for (int k = 0; k < a->n; k++) {
        term *to = !has(b, a->label[k]) ? &d->a : keep[a->label[k]] ? &d->batch : &d->inner;
        to->label[to->n++] = a->label[k];
    }
    for (int k = 0; k < b->n; k++)
        if (!has(a, b->label[k])) d->b.label[d->b.n++] = b->label[k];
    sort(s, &d->batch), sort(s, &d->a), sort(s, &d->b);
}

static tw_node *product(const sum *s, const term *a, const term *b, const split *d)
{
    const tw_loc *at = s->at;
    const bool flat = !d->a.n && !d->b.n;
    const term *const rows[3] = { &d->batch, &d->a, &d->inner }, *const columns[3] = { &d->batch, &d->inner, &d->b };
    const term *const across[3] = { &d->batch, &d->b, &d->inner };
    tw_node *x = grouped(s, a, rows), *y = grouped(s, b, flat || !d->inner.n ? across : columns);
    if (flat) return tw_sum(tw_mul(x, y), .axes = TW_AXES(2));
    if (!d->inner.n) return tw_mul(x, tw_transpose(y));
    if (d->batch.n) return tw_matmul(x, y);
    return tw_matmul(tw_squeeze(x, .axes = TW_AXES(0)), tw_squeeze(y, .axes = TW_AXES(0)));
}

/* Operands i < j become one, in the place of i. */
static bool contract(sum *s, int i, int j)
{
    const tw_loc *at = s->at;
    bool keep[LABELS];
    split d;
    const term *a = &s->term[i], *b = &s->term[j];
    needed(s, i, j, keep);
    divide(s, a, b, keep, &d);
    if (d.a.n && d.b.n && place(&s->out, d.b.label[0]) < place(&s->out, d.a.label[0])) {
        a = &s->term[j], b = &s->term[i];
        divide(s, a, b, keep, &d);
    }
    const int n = d.batch.n + d.a.n + d.b.n;
    if (n > TW_MAX_RANK) return refuse(s, TW_ESHAPE, "an intermediate result has %d axes, at most %d", n, TW_MAX_RANK);

    term y = { .x = product(s, a, b, &d) };
    const term *const parts[3] = { &d.batch, &d.a, &d.b };
    tw_shape shape = { .n = n };
    for (int g = 0; g < 3; g++)
        for (int k = 0; k < parts[g]->n; k++) shape.at[y.n] = s->size[parts[g]->label[k]], y.label[y.n++] = parts[g]->label[k];
    y.x = tw_reshape(y.x, shape);
    s->term[i] = y;
    s->term[j] = s->term[--s->n];
    return tw_ok(s->cx);
}

/* The pair that is best made one now. */
static void choose(const sum *s, int *first, int *second)
{
    double least = 0, fewest = 0;
    *first = 0, *second = 1;
    for (int i = 0; i < s->n; i++)
        for (int j = i + 1; j < s->n; j++) {
            bool keep[LABELS];
            split d;
            needed(s, i, j, keep);
            divide(s, &s->term[i], &s->term[j], keep, &d);
            const double rows = (double)count(s, &d.a), columns = (double)count(s, &d.b), batch = (double)count(s, &d.batch);
            const double made = batch * rows * columns - (double)count(s, &s->term[i]) - (double)count(s, &s->term[j]);
            const double work = batch * rows * columns * (double)count(s, &d.inner);
            const bool start = i == 0 && j == 1;
            if (!start && (made > least || (made == least && work >= fewest))) continue;
            least = made, fewest = work, *first = i, *second = j;
        }
}

static tw_node *ordered(sum *s)
{
    const tw_loc *at = s->at;
    tw_axes axes = { .n = s->out.n };
    for (int k = 0; k < axes.n; k++) axes.at[k] = place(&s->term[0], s->out.label[k]);
    return axes.n ? tw_permute(s->term[0].x, axes) : s->term[0].x;
}

static bool operands(sum *s, int n, tw_node *const *xs)
{
    for (int i = 0; i < n; i++) {
        tw_node *x = s->term[i].x = xs[i];
        if (!tw_is_float(x->dtype))
            return refuse(s, TW_EDTYPE, "operand %d is %s: f32 or f64 needed", i, tw_dtype_name((tw_dtype)x->dtype));
        if (x->dtype != xs[0]->dtype)
            return refuse(s, TW_EDTYPE, "operand 0 is %s and operand %d is %s: cast one", tw_dtype_name((tw_dtype)xs[0]->dtype), i,
                          tw_dtype_name((tw_dtype)x->dtype));
    }
    return parse(s);
}

tw_node *tw_einsum_at(const tw_loc *at, const char *equation, int n, tw_node *const *xs)
{
    sum s = { .at = at, .cx = n > 0 && xs ? tw_ctx_of(xs[0]) : NULL, .equation = equation ? equation : "NULL", .n = n };
    tw_node *in[MOST];
    bool keep[LABELS];
    if (!xs) return tw_fail(NULL, TW_EARG, "einsum", at, "the operands are NULL");
    if (n < 1 || n > MOST) return refuse(&s, TW_EARG, "%d operands, not 1 to %d", n, MOST), tw_nil(s.cx);
    memcpy(in, xs, (size_t)n * sizeof *in);
    if (!tw__operands(at, "einsum", n, in)) return in[0];
    s.cx = in[0]->cx;
    if (!operands(&s, n, in)) return tw_nil(s.cx);

    for (int i = 0; i < n; i++) {
        take_diagonals(&s, &s.term[i]);
        if (!tw_ok(s.cx)) return tw_nil(s.cx);
        needed(&s, i, -1, keep);
        reduce(&s, &s.term[i], keep);
    }
    while (s.n > 1 && tw_ok(s.cx)) {
        int i, j;
        choose(&s, &i, &j);
        if (!contract(&s, i, j)) return tw_nil(s.cx);
    }
    return ordered(&s);
}
