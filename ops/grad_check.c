/* grad_check.c - derivatives against central differences, in words.
 *
 * In both modes, transposed to each other, and of second order. A wrong derivative is described: of
 * which input or output, which element, both numbers; and by comparing all elements what the mistake
 * may be: a sign, a factor, a transpose, exchanged inputs, a cotangent that is not used.
 *
 * [8 (f(h) - f(-h)) - (f(2h) - f(-2h))] / 12h has an error of h^4; at most SOME elements of an input are tried.
 */
#include "ops/check_impl.h"
#include <math.h>
#include <string.h>

enum { SOME = 64 };
static const double h = 0x1p-10;

static bool is_float(const tw__subject *s, int i) { return !s->fixed[i]; }
static int64_t stride_of(int64_t count) { return (count + SOME - 1) / SOME > 0 ? (count + SOME - 1) / SOME : 1; }

/* Numbers for seeds and directions, the same at every run. */
static double noise(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;         /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1;
}

static tw_node *noise_of(const tw__subject *s, tw_shape shape, uint64_t state)
{
    int64_t count = 1;
    for (int i = 0; i < shape.n; i++) count *= shape.at[i];
    const size_t size = (size_t)(count + 1) * sizeof(double);
    double *v = tw_resize(s->cx, NULL, 0, size);
    if (!v) return tw_nil(s->cx);
    for (int64_t k = 0; k < count; k++) v[k] = noise(&state);
    tw_node *n = tw_data_at(s->at, s->cx, TW_F64, shape, v);
    tw_resize(s->cx, v, size, 0);
    return n;
}

/* Seeds and directions are told apart by these. */
enum { OF_Y = 1000, OF_T = 2000, OF_V = 3000, OF_U = 4000 };

/* ---- one evaluation ----------------------------------------------------------------------------- */

/* The function at x, with element k of input i moved by d (i < 0: all inputs moved along their directions by d). */
static tw_node *at_point(const tw__subject *s, int i, int64_t k, double d, tw_node **xs)
{
    for (int j = 0; j < s->n; j++) {
        if (!is_float(s, j)) { xs[j] = s->fixed[j]; continue; }
        const bool moved = i == j;
        const double was = moved ? s->x[j][k] : 0;
        if (moved) s->x[j][k] += d;
        xs[j] = tw_data_at(s->at, s->cx, TW_F64, s->shape[j], s->x[j]);
        if (moved) s->x[j][k] = was;
        if (i < 0 && d != 0) {
            tw_node *t = noise_of(s, s->shape[j], OF_T + (uint64_t)j);
            const tw_loc *at = s->at;
            xs[j] = tw_add(xs[j], tw_mul(d, t));
        }
    }
    tw_node *y = s->f(s->n, xs, s->user);
    if (!tw_is_nil(y) && y->dtype != TW_F64)
        return tw_fail(s->cx, TW_EDTYPE, s->name, s->at, "gives %s for f64: only then its derivatives can be checked", tw_dtype_name((tw_dtype)y->dtype));
    return y;
}

static tw_node *dot(const tw_loc *at, tw_node *a, tw_node *b) { return tw_sum(tw_mul(a, b)); }

/* Float inputs in order: xs[which[k]]. */
static int floats(const tw__subject *s, tw_node *const *xs, tw_node **out)
{
    int n = 0;
    for (int i = 0; i < s->n; i++) if (is_float(s, i)) out[n++] = xs[i];
    return n;
}

/* <g, y>, where g is noise or (plain) ones. */
static tw_node *seen(const tw__subject *s, tw_node *y, bool plain)
{
    const tw_loc *at = s->at;
    return plain ? tw_sum(y) : dot(at, y, noise_of(s, tw_shape_of(y), OF_Y));
}

/* The sum over inputs of <v, J' g>, whose inputs are x and g. */
static tw_node *pulled(const tw__subject *s, tw_node *y, tw_node *g, tw_node *const *xs)
{
    const tw_loc *at = s->at;
    tw_node *in[TW__CHECKED] = { NULL }, *gx[TW__CHECKED], *sum = NULL;
    const int n = floats(s, xs, in);
    tw_vjp_at(at, 1, &y, &g, n, in, gx);
    for (int k = 0; k < n; k++) {
        tw_node *part = dot(at, gx[k], noise_of(s, tw_shape_of(in[k]), OF_V + (uint64_t)k));
        sum = sum ? tw_add(sum, part) : part;
    }
    return sum;
}

typedef enum form { VALUE, PLAIN, FIRST } form;     /* <g, y>, <1, y>, <v, J' g> */

static double scalar_at(const tw__subject *s, form w, int i, int64_t k, double d)
{
    TW_SCOPE(s->cx);
    tw_node *xs[TW__CHECKED], *y = at_point(s, i, k, d, xs);
    if (tw_is_nil(y)) return (double)NAN;
    tw_node *g = w == FIRST ? noise_of(s, tw_shape_of(y), OF_Y) : NULL;
    return tw_item_at(s->at, w == FIRST ? pulled(s, y, g, xs) : seen(s, y, w == PLAIN));
}

static double slope(const tw__subject *s, form w, int i, int64_t k)
{
    return (8 * (scalar_at(s, w, i, k, h) - scalar_at(s, w, i, k, -h)) - (scalar_at(s, w, i, k, 2 * h) - scalar_at(s, w, i, k, -2 * h))) / (12 * h);
}

/* ---- words -------------------------------------------------------------------------------------- */

static bool close_to(double got, double want, double scale, double tol) { return fabs(got - want) <= tol * fmax(1, scale); }

static double largest(int n, const double *v)
{
    double m = 0;
    for (int k = 0; k < n; k++) m = fmax(m, fabs(v[k]));
    return m;
}

static bool all_close(int n, const double *got, const double *want, double factor, double tol)
{
    const double scale = largest(n, want);
    for (int k = 0; k < n; k++)
        if (!close_to(got[k], factor * want[k], fabs(factor) * scale, tol)) return false;
    return true;
}

static void place(const tw_shape *shape, int64_t k, char *text, size_t size)
{
    int64_t at[TW_MAX_RANK];
    for (int i = shape->n - 1; i >= 0; i--) at[i] = k % shape->at[i], k /= shape->at[i];
    tw_dims d = { .n = shape->n };
    memcpy(d.at, at, (size_t)shape->n * sizeof *at);
    tw_shape_text(&d, text, size);
}

/* The elements with the last two axes exchanged, as far as the array is whole. */
static bool transposed(const tw_shape *s, int n, const double *got, const double *want, double tol)
{
    if (s->n < 2) return false;
    const int64_t p = s->at[s->n - 2], q = s->at[s->n - 1];
    if (p < 2 || q < 2 || n % (p * q)) return false;
    const double scale = largest(n, want);
    for (int64_t k = 0; k < n; k++) {
        const int64_t of = k / (p * q) * p * q, i = k % (p * q) / q, j = k % q;
        if (!close_to(got[of + j * p + i], want[k], scale, tol)) return false;
    }
    return true;
}

/* What all elements have in common, or NULL. */
static const char *cause(int n, const double *got, const double *want, const tw_shape *shape, double tol, char *text, size_t size)
{
    const double scale = largest(n, want);
    double ratio = 0;
    for (int k = 0; k < n; k++) if (fabs(want[k]) == scale && scale > 0) ratio = got[k] / want[k];
    for (int k = 0; k < n; k++) if (!isfinite(got[k])) return "it is not finite";
    if (largest(n, got) <= tol) return "the rule gives nothing";
    if (all_close(n, got, want, -1, tol)) return "the sign is wrong";
    if (shape && transposed(shape, n, got, want, tol)) return "it is transposed";
    if (scale > 0 && fabs(ratio - 1) > 1e-3 && all_close(n, got, want, ratio, tol)) {
        snprintf(text, size, "a factor of %.6g too much", ratio);
        return text;
    }
    return NULL;
}

static bool say(tw__subject *s, const char *what, const tw_shape *shape, int64_t k, double got, double want, const char *why)
{
    char at[96];
    place(shape, k, at, sizeof at);
    snprintf(s->text, sizeof s->text, "%s, element %s: the rule gives %.9g, differences %.9g%s%s", what, at, got, want, why ? ": likely " : "", why ? why : "");
    return false;
}

/* The first of n elements (k-th at k * stride) that is wrong; -1 if none is. */
static int first_wrong(int n, const double *got, const double *want, double tol)
{
    const double scale = largest(n, want);
    for (int k = 0; k < n; k++) if (!close_to(got[k], want[k], scale, tol)) return k;
    return -1;
}

/* ---- reverse mode ------------------------------------------------------------------------------- */

static int sample(const tw__subject *s, int i) { return (int)((s->count[i] + stride_of(s->count[i]) - 1) / stride_of(s->count[i])); }

static void slopes(const tw__subject *s, form w, int i, double *want)
{
    for (int k = 0; k < sample(s, i); k++) want[k] = slope(s, w, i, k * stride_of(s->count[i]));
}

/* Elements of a node, every stride-th, into v. */
static bool elements(const tw__subject *s, tw_node *n, int64_t count, double *v)
{
    const double *p = tw_read_at(s->at, n, TW_F64);
    for (int k = 0; p && k * stride_of(count) < count; k++) v[k] = p[k * stride_of(count)];
    return p != NULL;
}

static const char *cause_of_vjp(tw__subject *s, int i, const double *got, const double *want, char *text, size_t size)
{
    const int n = sample(s, i);
    double other[SOME];
    const char *why = cause(n, got, want, n == s->count[i] ? &s->shape[i] : NULL, s->tol, text, size);
    if (why) return why;
    slopes(s, PLAIN, i, other);
    if (all_close(n, got, other, 1, s->tol)) return "the cotangent is not used";
    for (int j = 0; j < s->n; j++) {
        if (j == i || !is_float(s, j) || sample(s, j) != n) continue;
        slopes(s, VALUE, j, other);
        if (!all_close(n, got, other, 1, s->tol)) continue;
        snprintf(text, size, "the derivative to input %d: inputs are exchanged", j);
        return text;
    }
    return NULL;
}

static bool reverse(tw__subject *s)
{
    for (int i = 0; i < s->n; i++) {
        if (!is_float(s, i) || !s->count[i]) continue;
        double got[SOME], want[SOME];
        {
            TW_SCOPE(s->cx);
            tw_node *xs[TW__CHECKED], *y = at_point(s, i, 0, 0, xs), *gx = tw_nil(s->cx);
            if (tw_is_nil(y)) return false;
            tw_node *g = noise_of(s, tw_shape_of(y), OF_Y);
            tw_vjp_at(s->at, 1, &y, &g, 1, &xs[i], &gx);
            if (!elements(s, gx, s->count[i], got)) return false;
        }
        slopes(s, VALUE, i, want);
        if (!tw_ok(s->cx)) return false;
        const int bad = first_wrong(sample(s, i), got, want, s->tol);
        if (bad < 0) continue;
        char what[64], text[96];
        snprintf(what, sizeof what, "vjp to input %d", i);
        return say(s, what, &s->shape[i], bad * stride_of(s->count[i]), got[bad], want[bad], cause_of_vjp(s, i, got, want, text, sizeof text));
    }
    return true;
}

/* ---- forward mode, and that both are each other's transpose -------------------------------------- */

static bool moved(const tw__subject *s, double d, double *v, tw_shape *shape)
{
    TW_SCOPE(s->cx);
    tw_node *xs[TW__CHECKED], *y = at_point(s, -1, 0, d, xs);
    *shape = tw_shape_of(y);
    return elements(s, y, tw_count(y), v);
}

static bool forward(tw__subject *s)
{
    double got[SOME], want[SOME], part[SOME];
    tw_shape shape = { 0 };
    int64_t count = 0;
    double gj = 0, jg = 0;
    {
        TW_SCOPE(s->cx);
        const tw_loc *at = s->at;
        tw_node *xs[TW__CHECKED], *in[TW__CHECKED] = { NULL }, *t[TW__CHECKED], *gx[TW__CHECKED], *y = at_point(s, -1, 0, 0, xs);
        if (tw_is_nil(y)) return false;
        for (int i = 0, k = 0; i < s->n; i++) if (is_float(s, i)) t[k++] = noise_of(s, s->shape[i], OF_T + (uint64_t)i);
        const int n = floats(s, xs, in);
        tw_node *j = tw_jvp_at(at, y, n, in, t), *g = noise_of(s, tw_shape_of(y), OF_Y);
        count = tw_count(y);
        if (!elements(s, j, count, got)) return false;
        gj = tw_item_at(at, dot(at, g, j));
        tw_vjp_at(at, 1, &y, &g, n, in, gx);
        for (int k = 0; k < n; k++) jg += tw_item_at(at, dot(at, gx[k], t[k]));
    }
    const int n = (int)((count + stride_of(count) - 1) / stride_of(count));
    memset(want, 0, sizeof want);
    static const struct { double at, weight; } points[] = { { 1, 8 }, { -1, -8 }, { 2, -1 }, { -2, 1 } };
    for (int p = 0; p < 4; p++) {
        if (!moved(s, points[p].at * h, part, &shape)) return false;
        for (int k = 0; k < n; k++) want[k] += points[p].weight * part[k] / (12 * h);
    }
    const int bad = first_wrong(n, got, want, s->tol);
    char text[96];
    const char *why = bad < 0 ? NULL : cause(n, got, want, n == count ? &shape : NULL, s->tol, text, sizeof text);
    if (bad >= 0) return say(s, "jvp", &shape, bad * stride_of(count), got[bad], want[bad], why ? why : s->linear ? "it is not linear" : NULL);
    if (close_to(jg, gj, fabs(gj), 1e-9)) return true;
    snprintf(s->text, sizeof s->text, "adjointness: <g, J t> is %.15g by jvp, <J' g, t> is %.15g by vjp: they are not each other's transpose", gj, jg);
    return false;
}

/* ---- second order -------------------------------------------------------------------------------- */

static bool second(tw__subject *s)
{
    for (int i = 0; i < s->n; i++) {
        if (!is_float(s, i) || !s->count[i]) continue;
        double got[SOME], want[SOME], along = 0, dots = 0;
        {
            TW_SCOPE(s->cx);
            const tw_loc *at = s->at;
            tw_node *xs[TW__CHECKED], *y = at_point(s, i, 0, 0, xs);
            if (tw_is_nil(y)) return false;
            tw_node *p = pulled(s, y, noise_of(s, tw_shape_of(y), OF_Y), xs), *gx = tw_grad_at(at, p, xs[i]);
            tw_node *u = noise_of(s, s->shape[i], OF_U);
            if (!elements(s, gx, s->count[i], got)) return false;
            along = tw_item_at(at, tw_jvp_at(at, p, 1, &xs[i], &u)), dots = tw_item_at(at, dot(at, gx, u));
        }
        slopes(s, FIRST, i, want);
        if (!tw_ok(s->cx)) return false;
        const int bad = first_wrong(sample(s, i), got, want, 10 * s->tol);
        char what[64], text[96];
        snprintf(what, sizeof what, "second order, vjp to input %d", i);
        if (bad >= 0)
            return say(s, what, &s->shape[i], bad * stride_of(s->count[i]), got[bad], want[bad],
                       cause(sample(s, i), got, want, NULL, s->tol, text, sizeof text));
        if (close_to(along, dots, fabs(dots), 1e-8)) continue;
        snprintf(s->text, sizeof s->text, "second order, input %d: %.12g by forward over reverse mode, %.12g by reverse over reverse", i, along, dots);
        return false;
    }
    return true;
}

bool tw__check(tw__subject *s)
{
    return reverse(s) && forward(s) && (s->first_order || second(s)) && tw_ok(s->cx);
}

/* ---- functions of the program's ------------------------------------------------------------------ */

bool tw_grad_check_at(const tw_loc *at, tw_function f, int n, tw_node *const *xs, const tw_check_args *o)
{
    TW_OPTIONS(tw_check_args, o);
    tw_ctx *cx = n > 0 && xs && xs[0] ? xs[0]->cx : NULL;
    if (!tw_ok(cx)) return false;
    if (!f || n > TW__CHECKED) return tw_fail(cx, TW_EARG, "grad_check", at, f ? "%d inputs are more than %d" : "the function is NULL", n, TW__CHECKED), false;
    tw__subject s = { .at = at, .cx = cx, .name = "grad_check", .f = f, .user = o->user, .n = n, .tol = o->tol > 0 ? o->tol : 1e-7, .first_order = o->first_order };
    bool ok = true;
    for (int i = 0; i < n && ok; i++) {
        tw_node *x = xs[i];
        if (!x) { ok = tw_fail(cx, TW_EARG, "grad_check", at, "argument %d is NULL", i) == NULL; break; }
        ok = tw__operand(at, "grad_check", i, &x);
        if (ok && x->dtype == TW_F32) ok = tw_fail(cx, TW_EDTYPE, "grad_check", at, "argument %d is f32: differences need f64", i) == NULL;
        if (ok && !tw_is_float(x->dtype)) s.fixed[i] = x;
        if (!ok || s.fixed[i]) continue;
        s.shape[i] = tw_shape_of(x), s.count[i] = x->shape->count;
        const size_t bytes = (size_t)s.count[i] * sizeof(double);
        ok = (s.x[i] = tw_resize(cx, NULL, 0, bytes + 8)) && tw_copy_at(at, x, s.x[i], bytes);
    }
    ok = ok && tw__check(&s);
    for (int i = 0; i < n; i++) tw_resize(cx, s.x[i], s.x[i] ? (size_t)s.count[i] * sizeof(double) + 8 : 0, 0);
    if (!ok && tw_ok(cx)) tw_fail(cx, TW_EGRAD, "grad_check", at, "%s", s.text);
    return ok;
}
