/* fft_tmpl.h - the transform of fft.c for one type: complex numbers are pairs of T. */

typedef struct FN(complex) { T re, im; } FN(complex);
#define C FN(complex)

static inline C FN(add)(C a, C b) { return (C){ a.re + b.re, a.im + b.im }; }
static inline C FN(sub)(C a, C b) { return (C){ a.re - b.re, a.im - b.im }; }
static inline C FN(mul)(C a, C b) { return (C){ a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re }; }
static inline C FN(conjugate)(C a) { return (C){ a.re, -a.im }; }

/* exp(-2 pi i t / n), exact where it is simple. */
static C FN(root)(int64_t t, int64_t n)
{
    const double a = 2 * PI * (double)t / (double)n;
    if (4 * t % n == 0) {
        static const C quarter[4] = { { 1, 0 }, { 0, -1 }, { -1, 0 }, { 0, 1 } };
        return quarter[4 * t / n % 4];
    }
    return (C){ (T)cos(a), (T)-sin(a) };
}

static void FN(roots)(C *w, int64_t n, bool inverse)
{
    for (int64_t t = 0; t < n; t++) {
        w[t] = FN(root)(t, n);
        if (inverse) w[t].im = -w[t].im;
    }
}

static void FN(by_two)(const C *x, C *y, int64_t m, int64_t s, const C *w)
{
    for (int64_t p = 0; p < m; p++)
        for (int64_t q = 0; q < s; q++) {
            const C a = x[q + s * p], b = x[q + s * (p + m)];
            y[q + s * 2 * p] = FN(add)(a, b);
            y[q + s * (2 * p + 1)] = FN(mul)(FN(sub)(a, b), w[s * p]);
        }
}

/* turn: -1, or 1 for the inverse: the sign of i in its fourth root. */
static void FN(by_four)(const C *x, C *y, int64_t m, int64_t s, const C *w, T turn)
{
    for (int64_t p = 0; p < m; p++) {
        const C w1 = w[s * p], w2 = w[s * 2 * p], w3 = w[s * 3 * p];
        for (int64_t q = 0; q < s; q++) {
            const C a = x[q + s * p], b = x[q + s * (p + m)], c = x[q + s * (p + 2 * m)], d = x[q + s * (p + 3 * m)];
            const C ac = FN(add)(a, c), a_c = FN(sub)(a, c), bd = FN(add)(b, d), b_d = FN(sub)(b, d);
            const C turned = { -turn * b_d.im, turn * b_d.re };
            C *out = y + q + s * 4 * p;
            out[0]     = FN(add)(ac, bd);
            out[s]     = FN(mul)(FN(add)(a_c, turned), w1);
            out[2 * s] = FN(mul)(FN(sub)(ac, bd), w2);
            out[3 * s] = FN(mul)(FN(sub)(a_c, turned), w3);
        }
    }
}

/* By definition. n: the length of the whole transform, whose roots w has. */
static void FN(by_radix)(const C *x, C *y, int64_t m, int64_t s, const C *w, int r, int64_t n)
{
    for (int64_t p = 0; p < m; p++)
        for (int64_t q = 0; q < s; q++)
            for (int64_t j = 0; j < r; j++) {
                C sum = x[q + s * p];
                for (int64_t k = 1; k < r; k++) sum = FN(add)(sum, FN(mul)(x[q + s * (p + k * m)], w[n / r * (j * k % r)]));
                y[q + s * (r * p + j)] = FN(mul)(sum, w[s * p * j]);
            }
}

/* The transform of x, of a length without large primes, by way of y; returns which of both has it. */
static C *FN(stages)(C *x, C *y, int64_t n, const C *w, bool inverse)
{
    for (int64_t left = n, s = 1; left > 1; ) {
        const int r = radix_of(left);
        const int64_t m = left / r;
        if (r == 4) FN(by_four)(x, y, m, s, w, inverse ? 1 : -1);
        else if (r == 2) FN(by_two)(x, y, m, s, w);
        else FN(by_radix)(x, y, m, s, w, r, n);
        C *t = x;
        x = y, y = t, left = m, s *= r;
    }
    return x;
}

/* What Bluestein's algorithm keeps: roots of length m, the chirp of length n, the transform of its conjugate. */
typedef struct FN(chirp) { int64_t n, m; C *w, *x, *y, *filter, *c; } FN(chirp);

static FN(chirp) FN(chirp_of)(C *scratch, int64_t n, bool inverse)
{
    const int64_t m = padded(n);
    FN(chirp) b = { n, m, scratch, scratch + m, scratch + 2 * m, scratch + 3 * m, scratch + 4 * m };
    FN(roots)(b.w, m, false);
    for (int64_t t = 0, square = 0; t < n; square = (square + 2 * t + 1) % (2 * n), t++) {
        b.c[t] = FN(root)(square, 2 * n);
        if (inverse) b.c[t].im = -b.c[t].im;
    }
    for (int64_t t = 0; t < m; t++) b.x[t] = (C){ 0, 0 };
    for (int64_t t = 0; t < n; t++) b.x[t] = b.x[t ? m - t : 0] = FN(conjugate)(b.c[t]);
    const C *f = FN(stages)(b.x, b.y, m, b.w, false);
    for (int64_t t = 0; t < m; t++) b.filter[t] = (C){ f[t].re / (T)m, f[t].im / (T)m };
    return b;
}

/* b->x holds n elements; the result is returned. The way back is the conjugate of the way there. */
static C *FN(bluestein)(const FN(chirp) *b)
{
    for (int64_t t = 0; t < b->m; t++) b->x[t] = t < b->n ? FN(mul)(b->x[t], b->c[t]) : (C){ 0, 0 };
    C *f = FN(stages)(b->x, b->y, b->m, b->w, false), *other = f == b->x ? b->y : b->x;
    for (int64_t t = 0; t < b->m; t++) f[t] = FN(conjugate)(FN(mul)(f[t], b->filter[t]));
    f = FN(stages)(f, other, b->m, b->w, false);
    for (int64_t t = 0; t < b->n; t++) f[t] = FN(mul)(FN(conjugate)(f[t]), b->c[t]);
    return f;
}

static int64_t FN(fft)(const tw_call *call)
{
    const tw_fft_attr *a = call->attr;
    const tw_view *v = call->in;
    const int rank = v->shape->n;
    const int64_t n = v->shape->at[rank - 2], step = v->strides[rank - 2], part = v->strides[rank - 1];
    C *scratch = call->scratch, *x = scratch + n, *y = x + n;
    const bool direct = smooth(n);
    FN(chirp) chirp;
    if (call->lo >= call->hi) return -1;
    if (direct) FN(roots)(scratch, n, a->inverse);
    else chirp = FN(chirp_of)(scratch, n, a->inverse), x = chirp.x;

    for (int64_t b = call->lo; b < call->hi; b++) {
        int64_t offset = 0, rest = b;
        for (int i = rank - 3; i >= 0; i--) offset += rest % v->shape->at[i] * v->strides[i], rest /= v->shape->at[i];
        const T *from = (const T *)v->data + offset;
        for (int64_t t = 0; t < n; t++) x[t] = (C){ from[t * step], from[t * step + part] };
        const C *f = direct ? FN(stages)(x, y, n, scratch, a->inverse) : FN(bluestein)(&chirp);
        C *to = (C *)call->out->data + b * n;
        const T scale = (T)a->scale;
        for (int64_t t = 0; t < n; t++) to[t] = (C){ f[t].re * scale, f[t].im * scale };
    }
    return -1;
}

#undef C
#undef T
#undef SUFFIX
