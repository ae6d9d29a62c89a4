/* check_random.c - programs made from random numbers: planned, fused, node by node, the same bits.
 *
 * A seed decides a program over the vocabulary: leaves, cells, shapes, operations, gradients, what is
 * wanted, kept, read in between and assigned, in scopes or not. It runs some iterations (so that plans
 * are found again, with other numbers), and everything that it reads is recorded. The recordings of
 * each way of running it must agree to the bit; any NaN equals any other.
 *
 *   TW_SEED=n     only the program of seed n
 *   TW_PROGRAMS=n so many programs for each test (default 1000)
 */
#include "tests/rig.h"
#include "thalweg.h"
#include <malloc.h>

enum { POOL = 96, CELLS = 3, TURNS = 3, MOST = 4096, RANK = 4, READ = 12 };

typedef struct program {
    tw_ctx  *cx;
    uint64_t seed;
    tw_dtype dtype;
    int      turn;                  /* numbers depend on it, structure does not */
    int      n;
    tw_node *pool[POOL];            /* what the program can use */
    tw_node *cell[CELLS];
} program;

typedef struct record { char *at; size_t n, room; } record;

static int pick(program *p, int n) { return (int)(noise_bits(&p->seed) % (uint64_t)n); }
static bool one_in(program *p, int n) { return pick(p, n) == 0; }
static double number(program *p) { return noise(&p->seed, -1.5, 1.5) + 0.125 * p->turn; }

static void write_down(record *r, tw_node *n)
{
    const size_t bytes = (size_t)tw_count(n) * tw_dtype_size(tw_dtype_of(n));
    const void *from = tw_read_at(TW_HERE, n, tw_dtype_of(n));
    const int32_t head[2] = { (int32_t)tw_dtype_of(n), (int32_t)tw_count(n) };
    if (!from) return;
    if (r->n + bytes + sizeof head > r->room && !(r->at = realloc(r->at, r->room = 2 * (r->n + bytes + sizeof head)))) abort();
    memcpy(r->at + r->n, head, sizeof head);
    memcpy(r->at + r->n + sizeof head, from, bytes);
    r->n += sizeof head + bytes;
}

/* ---- what a program is made of ---------------------------------------------------------- */

static tw_node *put(program *p, tw_node *n)
{
    if (tw_is_nil(n) || tw_count(n) > MOST) return n;
    return p->pool[p->n < POOL ? p->n++ : pick(p, POOL)] = n;
}

static tw_node *any(program *p) { return p->pool[pick(p, p->n)]; }

/* Of the program's dtype. */
static tw_node *real(program *p)
{
    for (int i = 0; i < 8; i++) {
        tw_node *x = any(p);
        if (tw_dtype_of(x) == p->dtype) return x;
    }
    return tw_cast(any(p), p->dtype);
}

/* Later ones more often: chains get long. */
static tw_node *recent(program *p)
{
    tw_node *x = p->pool[p->n - 1 - pick(p, p->n < 6 ? p->n : 6)];
    return tw_dtype_of(x) == p->dtype ? x : real(p);
}

static bool broadcasts(tw_node *a, tw_node *b)
{
    const tw_shape s = tw_shape_of(a), t = tw_shape_of(b);
    int64_t count = 1;
    for (int k = 1; k <= (s.n > t.n ? s.n : t.n); k++) {
        const int64_t u = k <= s.n ? s.at[s.n - k] : 1, v = k <= t.n ? t.at[t.n - k] : 1;
        if (u != v && u != 1 && v != 1) return false;
        count *= u == 1 ? v : u;
    }
    return count <= MOST;
}

static tw_node *partner(program *p, tw_node *x)
{
    for (int i = 0; i < 12; i++) {
        tw_node *y = i < 4 ? recent(p) : real(p);
        if (y != x && tw_dtype_of(y) == tw_dtype_of(x) && broadcasts(x, y)) return y;
    }
    return x;
}

static tw_shape random_shape(program *p)
{
    static const int64_t dims[] = { 1, 2, 3, 4, 5, 7, 8, 10, 16, 17, 33, 64, 100, 256, 300, 520 };
    tw_shape s = { .n = pick(p, RANK) };
    int64_t count = 1;
    for (int i = 0; i < s.n; i++) {
        s.at[i] = dims[pick(p, one_in(p, 3) ? 16 : 11)];
        if (count * s.at[i] > MOST / 2) s.at[i] = 1 + pick(p, 3);
        count *= s.at[i];
    }
    return s;
}

static tw_node *leaf(program *p, tw_shape s)
{
    arr a = arr_noise(s, -2, 2, &p->seed);
    for (int64_t i = 0; i < a.count; i++) a.v[i] += 0.25 * p->turn;
    return node_of(p->cx, p->dtype, &a);
}

static tw_axes axes_of(program *p, tw_node *x)
{
    tw_axes a = { 0 };
    const int how = pick(p, 4), n = tw_rank(x);
    if (how == 0 || n == 0) return a;                                   /* all */
    if (how == 1) return TW_AXES(-1);
    if (how == 2) return TW_AXES(0);
    for (int i = 0; i < n; i++) if (one_in(p, 2)) a.at[a.n++] = i;
    return a;
}

static tw_node *unary(program *p, tw_node *x)
{
    switch (pick(p, 20)) {
    case 0:  return tw_neg(x);
    case 1:  return tw_abs(x);
    case 2:  return tw_sign(x);
    case 3:  return tw_exp(tw_minimum(x, 3.0));
    case 4:  return tw_log(tw_add(0.5, tw_abs(x)));
    case 5:  return tw_sqrt(tw_add(0.25, tw_square(x)));
    case 6:  return tw_tanh(x);
    case 7:  return tw_sigmoid(x);
    case 8:  return tw_relu(x);
    case 9:  return tw_square(tw_sin(x));
    case 10: return tw_sin(x);
    case 11: return tw_cos(x);
    case 12: return tw_erf(x);
    case 13: return tw_recip(tw_add(1.5, tw_abs(x)));
    case 14: return tw_expm1(tw_tanh(x));
    case 15: return tw_log1p(tw_square(x));
    case 16: return tw_rsqrt(tw_add(0.5, tw_square(x)));
    case 17: return tw_pow(x, one_in(p, 2) ? 2 : 3);
    case 18: return one_in(p, 2) ? tw_floor(x) : tw_round(x);
    default: return tw_clip(x, -1.0, number(p));
    }
}

static tw_node *binary(program *p, tw_node *x)
{
    tw_node *y = partner(p, x);
    const bool swap = one_in(p, 2);
    tw_node *a = swap ? y : x, *b = swap ? x : y;
    switch (pick(p, 9)) {
    case 0: case 1: return tw_add(a, b);
    case 2: return tw_sub(a, b);
    case 3: case 4: return tw_mul(a, b);
    case 5: return tw_div(a, tw_add(1.25, tw_square(b)));
    case 6: return tw_maximum(a, b);
    case 7: return tw_minimum(a, b);
    default: return tw_pow(tw_add(0.5, tw_abs(a)), tw_tanh(b));
    }
}

static tw_node *with_number(program *p, tw_node *x)
{
    const double v = number(p);
    switch (pick(p, 7)) {
    case 0: return tw_add(x, v);
    case 1: return tw_sub(v, x);
    case 2: return tw_mul(v, x);
    case 3: return tw_div(x, 1.5 + v * v);
    case 4: return tw_maximum(x, v);
    case 5: return tw_where(tw_greater(x, v), x, v);
    default: return tw_mul(tw_add(x, v), 0.5);
    }
}

static tw_node *choice(program *p, tw_node *x)
{
    tw_node *y = partner(p, x), *c = NULL;
    switch (pick(p, 5)) {
    case 0: c = tw_less(x, y); break;
    case 1: c = tw_equal(tw_sign(x), tw_sign(y)); break;
    case 2: c = tw_logical_or(tw_less_equal(x, y), tw_logical_not(tw_greater(x, 0))); break;
    case 3: c = tw_logical_and(tw_not_equal(x, y), tw_greater_equal(y, number(p))); break;
    default: c = tw_cast(tw_floor(y), TW_BOOL);
    }
    if (one_in(p, 3)) return tw_cast(c, p->dtype);
    return one_in(p, 2) ? tw_where(c, x, y) : tw_where(c, x, number(p));
}

static tw_node *converted(program *p, tw_node *x)
{
    static const tw_dtype to[] = { TW_F32, TW_F64, TW_I32, TW_I64, TW_U8, TW_BOOL };
    tw_node *y = tw_cast(tw_abs(x), to[pick(p, 6)]);
    if (tw_dtype_of(y) == TW_I32 || tw_dtype_of(y) == TW_I64) y = tw_add(tw_mul(y, 3), y);
    return tw_cast(y, p->dtype);
}

static tw_node *reduced(program *p, tw_node *x)
{
    const tw_axes a = axes_of(p, x);
    const bool keep = one_in(p, 2);
    switch (pick(p, 10)) {
    case 0: case 1: return tw_sum(x, .axes = a, .keep_dims = keep);
    case 2: return tw_mean(x, .axes = a, .keep_dims = keep);
    case 3: return tw_max(x, .axes = a, .keep_dims = keep);
    case 4: return tw_min(x, .axes = a, .keep_dims = keep);
    case 5: return tw_var(x, .axes = a, .keep_dims = keep);
    case 6: return tw_softmax(x, .axes = a);
    case 7: return tw_log_softmax(x, .axes = a);
    case 8: return tw_logsumexp(x, .axes = a, .keep_dims = keep);
    default: return tw_prod(tw_tanh(x), .axes = a, .keep_dims = keep);
    }
}

/* Layer normalisation, spelled. */
static tw_node *normalised(program *p, tw_node *x)
{
    const tw_axes last = one_in(p, 4) ? TW_AXES(0) : TW_AXES(-1);
    if (tw_rank(x) == 0) return x;
    tw_node *m = tw_mean(x, .axes = last, .keep_dims = true), *c = tw_sub(x, m);
    return tw_mul(c, tw_rsqrt(tw_add(tw_mean(tw_square(c), .axes = last, .keep_dims = true), 1e-3)));
}

static tw_node *laid_out(program *p, tw_node *x)
{
    const tw_shape s = tw_shape_of(x);
    tw_shape t = s;
    tw_axes a = { .n = s.n };
    for (int i = 0; i < s.n; i++) a.at[i] = s.n - 1 - i;
    switch (pick(p, 8)) {
    case 0: return tw_reshape(x, TW_SHAPE(-1));
    case 1: return s.n ? tw_permute(x, a) : x;
    case 2: t.at[t.n++] = 1 + pick(p, 3); return tw_broadcast_to(tw_expand_dims(x, .axis = -1), t);
    case 3: return tw_flip(x);
    case 4: return s.n && s.at[0] > 1 ? tw_slice(x, .start = { pick(p, 2) }, .step = { 1 + pick(p, 2) }) : x;
    case 5: return s.n ? tw_pad(x, .before = { pick(p, 3) }, .after = { 1 }, .value = 0.5) : x;
    case 6: return s.n ? tw_concat(2, ((tw_node *[]){ x, tw_tanh(x) }), .axis = s.n - 1) : x;
    default: t = (tw_shape){ .n = 2, .at = { s.n ? s.at[0] : 1, -1 } }; return tw_count(x) ? tw_reshape(x, t) : x;
    }
}

static tw_node *product(program *p, tw_node *x)
{
    const int64_t n = tw_count(x);
    if (tw_rank(x) != 2) x = tw_reshape(x, TW_SHAPE(n % 4 == 0 ? n / 4 : n, -1));
    if (tw_dim(x, 0) > 64 || one_in(p, 2)) return tw_matmul(x, leaf(p, TW_SHAPE(tw_dim(x, 1), 1 + pick(p, 9))));
    return tw_matmul(x, x, .transpose_b = true);
}

static tw_node *index_of(program *p, int64_t rows, int64_t k, int64_t below)
{
    int64_t at[MOST];
    for (int64_t i = 0; i < rows * k; i++) at[i] = pick(p, (int)below);
    return tw_data(p->cx, TW_I64, TW_SHAPE(rows, k), at);
}

static tw_node *gathered(program *p, tw_node *x)
{
    if (tw_rank(x) != 2 || !tw_count(x)) x = tw_reshape(x, TW_SHAPE(1, -1));
    const int64_t rows = tw_dim(x, 0), n = tw_dim(x, 1), k = rows * 3 <= MOST ? 1 + pick(p, 3) : 1;
    if (!n || rows * k > MOST) return x;
    tw_node *index = index_of(p, rows, k, n);
    if (one_in(p, 2)) return tw_gather(x, index, .axis = 1);
    return tw_scatter_add(x, index, tw_gather(tw_square(x), index, .axis = 1), .axis = 1);
}

static tw_node *drawn(program *p, tw_node *x)
{
    tw_node *u = one_in(p, 3) ? tw_normal(p->cx, tw_shape_of(x), .dtype = p->dtype)
                              : tw_uniform(p->cx, tw_shape_of(x), .dtype = p->dtype, .key = one_in(p, 2) ? 77 : 0);
    return one_in(p, 2) ? tw_mul(x, u) : tw_where(tw_less(u, 0.5), tw_mul(x, 2), 0);
}

static void half(tw_rule *r) { r->gx[0] = tw_mul(r->gy[0], 0.5); }

static tw_node *marked(program *p, tw_node *x)
{
    if (one_in(p, 2)) return tw_stop_grad(x);
    return tw_custom_grad(tw_tanh(x), 1, &x, half, NULL);
}

/* What training does to an activation. */
static tw_node *layer(program *p, tw_node *x)
{
    const int64_t n = tw_rank(x) ? tw_dim(x, -1) : 1;
    if (tw_rank(x) == 0) return x;
    tw_node *y = tw_add(x, leaf(p, TW_SHAPE(n)));
    return one_in(p, 2) ? tw_relu(y) : tw_mul(y, tw_sigmoid(tw_mul(1.702, y)));
}

static tw_node *grow(program *p)
{
    tw_node *x = one_in(p, 5) ? real(p) : recent(p);
    switch (pick(p, 24)) {
    case 0: case 1: case 2: case 3: return put(p, unary(p, x));
    case 4: case 5: case 6: case 7: return put(p, binary(p, x));
    case 8: case 9: case 10:        return put(p, with_number(p, x));
    case 11: return put(p, choice(p, x));
    case 12: return put(p, converted(p, x));
    case 13: case 14: case 15: return put(p, reduced(p, x));
    case 16: return put(p, normalised(p, x));
    case 17: case 18: return put(p, laid_out(p, x));
    case 19: return put(p, product(p, x));
    case 20: return put(p, gathered(p, x));
    case 21: return put(p, drawn(p, x));
    case 22: return put(p, layer(p, x));
    default: return put(p, marked(p, x));
    }
}

/* ---- one turn ---------------------------------------------------------------------------- */

static tw_node *loss_of(program *p)
{
    tw_node *loss = tw_mean(tw_square(tw_tanh(recent(p))));
    return one_in(p, 2) ? tw_add(loss, tw_sum(tw_mul(0.01, real(p)))) : loss;
}

/* Gradients by cells and by some of what was built, into the pool. */
static void differentiate(program *p, tw_node **g)
{
    tw_node *loss = put(p, loss_of(p)), *xs[CELLS + 2], *gs[CELLS + 2];
    for (int i = 0; i < CELLS; i++) xs[i] = p->cell[i];
    const int n = CELLS + 2;
    for (int i = CELLS; i < n; i++) xs[i] = p->pool[i - CELLS];         /* leaves: the loss is newer */
    tw_grads(loss, n, xs, gs);
    for (int i = 0; i < CELLS; i++) g[i] = gs[i];
    for (int i = 0; i < n; i++) put(p, gs[i]);
}

static void update(program *p, tw_node *const *g, bool adam)
{
    for (int i = 0; i < CELLS; i++) {
        tw_node *by = g[i];
        if (!by || tw_is_nil(by)) by = tw_mul(0.25, tw_tanh(p->cell[i]));
        if (adam) by = tw_div(by, tw_add(tw_sqrt(tw_square(by)), 1e-3));
        tw_assign(p->cell[i], tw_sub(p->cell[i], tw_mul(0.05 + 0.01 * p->turn, by)));
    }
    if (one_in(p, 4)) {                     /* swap, where shapes allow */
        tw_node *a = tw_mul(1, p->cell[0]), *b = tw_mul(1, p->cell[1]);
        if (tw_count(a) == tw_count(b)) {
            tw_assign(p->cell[0], tw_reshape(b, tw_shape_of(p->cell[0])));
            tw_assign(p->cell[1], tw_reshape(a, tw_shape_of(p->cell[1])));
        }
    }
}

/* A scope within: what it keeps goes on living. */
static void nested(program *p)
{
    const int before = p->n;
    tw_node *kept;
    {
        TW_SCOPE(p->cx);
        for (int i = 1 + pick(p, 5); i > 0; i--) grow(p);
        kept = tw_keep(recent(p));
        if (one_in(p, 3)) tw_eval_nodes(1, &p->pool[p->n - 1]);
    }
    p->n = before;
    put(p, kept);
}

static void turn(program *p, record *r)
{
    tw_node *g[CELLS] = { 0 }, *asked[READ];
    p->n = 0;
    for (int i = 2 + pick(p, 2); i > 0; i--) put(p, leaf(p, random_shape(p)));
    for (int i = 0; i < CELLS; i++) put(p, tw_mul(1, p->cell[i]));
    for (int i = 4 + pick(p, 24); i > 0; i--) {
        grow(p);
        if (one_in(p, 40) && p->n < POOL - 8) nested(p);
        if (one_in(p, 40)) write_down(r, recent(p));
    }
    if (!one_in(p, 3)) differentiate(p, g);
    if (one_in(p, 6) && tw_ok(p->cx)) differentiate(p, g);      /* through the gradient, too */
    const int n = 1 + pick(p, READ);
    for (int i = 0; i < n; i++) asked[i] = one_in(p, 3) ? any(p) : p->pool[p->n - 1 - pick(p, p->n < 10 ? p->n : 10)];

    const int how = pick(p, 3);
    if (how == 0) {
        for (int i = 0; i < n; i++) tw_want(asked[i]);
        update(p, g, one_in(p, 2));
        tw_eval(p->cx);
    } else if (how == 1) {
        tw_eval_nodes(n, asked);
        update(p, g, one_in(p, 2));
    }
    for (int i = 0; i < n && tw_ok(p->cx); i++) write_down(r, asked[i]);
    for (int i = 0; i < CELLS && tw_ok(p->cx); i++) write_down(r, p->cell[i]);
}

/* ---- all of it, one way ------------------------------------------------------------------ */

typedef struct way { const char *name, *isa, *fuse; bool plan; int threads; } way;

static record run(uint64_t seed, const way *w)
{
    record r = { 0 };
    program p = { .seed = seed };
    p.dtype = one_in(&p, 4) ? TW_F64 : TW_F32;
    const bool scoped = !one_in(&p, 5);
    rig_env("TW_FUSE", w->fuse);
    rig_env("TW_ISA", w->isa);
    rig_env("TW_PLAN", w->plan ? NULL : "0");
    p.cx = tw_open(.seed = 7, .dtype = p.dtype, .threads = w->threads, .on_error = rig_quiet);
    rig_env("TW_FUSE", NULL);
    rig_env("TW_ISA", NULL);
    rig_env("TW_PLAN", NULL);
    for (int i = 0; i < CELLS; i++) {
        const char name[2] = { (char)('a' + i), 0 };
        p.cell[i] = tw_param(p.cx, name, leaf(&p, random_shape(&p)));
    }
    const uint64_t body = p.seed;
    for (p.turn = 0; p.turn < TURNS && tw_ok(p.cx); p.turn++) {
        p.seed = body;
        if (scoped) {
            TW_SCOPE(p.cx);
            turn(&p, &r);
        } else {
            turn(&p, &r);
        }
    }
    tw_error e;
    if (tw_error_take(p.cx, &e)) {
        ck_abort_msg("seed %llu, %s: %s (line %d): %s", (unsigned long long)seed, w->name, e.op, e.at->line, e.text);
    }
    tw_close(p.cx);
    arrs_drop();
    return r;
}

static bool same_element(const char *a, const char *b, int32_t dtype)
{
    const size_t size = tw_dtype_size((tw_dtype)dtype);
    if (!memcmp(a, b, size)) return true;
    float f, g;
    double d, e;
    if (dtype == TW_F32) return memcpy(&f, a, 4), memcpy(&g, b, 4), isnan(f) && isnan(g);
    if (dtype == TW_F64) return memcpy(&d, a, 8), memcpy(&e, b, 8), isnan(d) && isnan(e);
    return false;
}

static void compare(uint64_t seed, const way *w, const record *a, const record *b)
{
    ck_assert_msg(a->n == b->n, "seed %llu: node by node gives %zu bytes, %s %zu", (unsigned long long)seed, a->n, w->name, b->n);
    int value = 0;
    for (size_t k = 0; k < a->n; value++) {
        int32_t h[2];
        memcpy(h, a->at + k, sizeof h);
        ck_assert_msg(!memcmp(h, b->at + k, sizeof h), "seed %llu: value %d of %s is another", (unsigned long long)seed, value, w->name);
        k += sizeof h;
        const size_t size = tw_dtype_size((tw_dtype)h[0]);
        for (int32_t i = 0; i < h[1]; i++, k += size)
            if (!same_element(a->at + k, b->at + k, h[0]))
                ck_abort_msg("seed %llu: value %d (%s, %d elements), element %d: node by node and %s differ",
                             (unsigned long long)seed, value, tw_dtype_name((tw_dtype)h[0]), h[1], i, w->name);
    }
}

static void check(uint64_t seed, const char *isa)
{
    const way ways[] = { { "node by node", isa, NULL, false, 1 }, { "unfused", isa, "0", true, 1 },
                         { "fused", isa, NULL, true, 1 }, { "two threads", isa, NULL, true, 2 }, { "done again", isa, "2", true, 1 } };
    const record want = run(seed, &ways[0]);
    for (int i = 1; i < (int)(sizeof ways / sizeof *ways); i++) {
        record got = run(seed, &ways[i]);
        compare(seed, &ways[i], &want, &got);
        free(got.at);
    }
    free(want.at);
}

static uint64_t asked_for(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

START_TEST(every_way_of_running_gives_the_same_bits)
{
    const char *const isa = rig_isas()[_i];
    const uint64_t seed = asked_for("TW_SEED", 0), n = seed ? 1 : asked_for("TW_PROGRAMS", 1000);
    for (uint64_t k = 0; k < n; k++) check(seed ? seed : 1 + k + 100000 * (uint64_t)_i, isa);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("random");
    TCase *c = tcase_create("random");
    int isas = 0;
    mallopt(M_MMAP_THRESHOLD, 32 << 20), mallopt(M_TRIM_THRESHOLD, 1 << 30);        /* thousands of contexts: keep their pages */
    while (rig_isas()[isas]) isas++;
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, every_way_of_running_gives_the_same_bits, 0, isas);
    suite_add_tcase(s, c);
    return rig_run(s);
}
