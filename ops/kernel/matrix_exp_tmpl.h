/* matrix_exp_tmpl.h - the exponential of matrix_exp.c for one type. */

static void FN(product)(const T *restrict a, const T *restrict b, T *restrict y, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) y[i * n + j] = 0;
        for (int64_t k = 0; k < n; k++) {
            const T by = a[i * n + k];
            for (int64_t j = 0; j < n; j++) y[i * n + j] += by * b[k * n + j];
        }
    }
}

/* y = c6 A6 + c4 A4 + c2 A2 + c0 1 */
static void FN(combine)(T *y, const T *const power[3], const double *c, int64_t n)
{
    for (int64_t e = 0; e < n * n; e++)
        y[e] = (T)c[6] * power[2][e] + (T)c[4] * power[1][e] + (T)c[2] * power[0][e] + (e % (n + 1) ? 0 : (T)c[0]);
}

/* The largest sum of absolute values of a column; NaN if an element is. */
static double FN(norm)(const T *a, int64_t n)
{
    double most = 0;
    for (int64_t j = 0; j < n; j++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += fabs((double)a[i * n + j]);
        if (!(sum <= most)) most = sum;
        if (isnan(most)) break;
    }
    return most;
}

/* X of Q X = P, into P; both are used up. Q is far from singular. */
static void FN(divide)(T *q, T *p, int64_t n)
{
    for (int64_t c = 0; c < n; c++) {
        int64_t best = c;
        for (int64_t i = c + 1; i < n; i++)
            if (fabs((double)q[i * n + c]) > fabs((double)q[best * n + c])) best = i;
        for (int64_t j = 0; j < n && best != c; j++) {
            const T t = q[c * n + j], u = p[c * n + j];
            q[c * n + j] = q[best * n + j], q[best * n + j] = t;
            p[c * n + j] = p[best * n + j], p[best * n + j] = u;
        }
        for (int64_t i = c + 1; i < n; i++) {
            const T by = q[i * n + c] / q[c * n + c];
            for (int64_t j = c; j < n; j++) q[i * n + j] -= by * q[c * n + j];
            for (int64_t j = 0; j < n; j++) p[i * n + j] -= by * p[c * n + j];
        }
    }
    for (int64_t i = n; i-- > 0; ) {
        for (int64_t k = i + 1; k < n; k++)
            for (int64_t j = 0; j < n; j++) p[i * n + j] -= q[i * n + k] * p[k * n + j];
        for (int64_t j = 0; j < n; j++) p[i * n + j] /= q[i * n + i];
    }
}

static void FN(exponential)(const T *x, T *y, T *scratch, int64_t n)
{
    const int64_t size = n * n;
    T *a = scratch, *a2 = a + size, *a4 = a2 + size, *a6 = a4 + size, *u = a6 + size, *v = u + size, *w = v + size;
    const T *const power[3] = { a2, a4, a6 };
    const double norm = FN(norm)(x, n);
    int s = 0;
    if (!isfinite(norm)) {
        for (int64_t e = 0; e < size; e++) y[e] = (T)NAN;
        return;
    }
    if (norm > SMALL) (void)frexp(norm / SMALL, &s);
    for (int64_t e = 0; e < size; e++) a[e] = (T)ldexp((double)x[e], -s);

    /* U = A (A6 (b13 A6 + ...) + ...), V the same of the even coefficients */
    static const double high_odd[7] = { 0, 0, 40840800, 0, 16380, 0, 1 }, high_even[7] = { 0, 0, 1323241920, 0, 960960, 0, 182 };
    FN(product)(a, a, a2, n), FN(product)(a2, a2, a4, n), FN(product)(a4, a2, a6, n);
    FN(combine)(w, power, high_odd, n), FN(product)(a6, w, v, n), FN(combine)(w, power, PADE + 1, n);
    for (int64_t e = 0; e < size; e++) w[e] += v[e];
    FN(product)(a, w, u, n);
    FN(combine)(w, power, high_even, n), FN(product)(a6, w, v, n), FN(combine)(w, power, PADE, n);
    for (int64_t e = 0; e < size; e++) v[e] += w[e], w[e] = v[e] - u[e], v[e] += u[e];
    FN(divide)(w, v, n);

    T *now = v, *next = w;
    for (int k = 0; k < s; k++) {
        FN(product)(now, now, next, n);
        T *t = now;
        now = next, next = t;
    }
    for (int64_t e = 0; e < size; e++) y[e] = now[e];
}

/* Matrix m of input k over the rows and columns from (i, j) of a block matrix of n rows. */
static void FN(place)(const tw_call *c, int k, int64_t m, T *block, int64_t n, int64_t i, int64_t j, int64_t size)
{
    const T *from = (const T *)c->in[k].data + m * size * size;
    for (int64_t r = 0; r < size; r++) memcpy(block + (i + r) * n + j, from + r * size, (size_t)size * sizeof *block);
}

static int64_t FN(matrix_exp)(const tw_call *c)
{
    const int64_t size = c->out->shape->at[c->out->shape->n - 1], copies = (int64_t)1 << (c->n_in - 1), n = copies * size;
    T *block = c->scratch, *y = block + n * n, *scratch = y + n * n;
    for (int64_t m = c->lo; m < c->hi; m++) {
        memset(block, 0, (size_t)(n * n) * sizeof *block);
        for (int64_t b = 0; b < copies; b++) {
            FN(place)(c, 0, m, block, n, b * size, b * size, size);
            for (int k = 1; k < c->n_in; k++) {             /* direction k leads from where bit k - 1 is 0 to where it is 1 */
                const int64_t bit = (int64_t)1 << (k - 1);
                if (!(b & bit)) FN(place)(c, k, m, block, n, b * size, (b + bit) * size, size);
            }
        }
        FN(exponential)(block, y, scratch, n);
        T *to = (T *)c->out->data + m * size * size;
        for (int64_t r = 0; r < size; r++) memcpy(to + r * size, y + r * n + n - size, (size_t)size * sizeof *to);
    }
    return -1;
}

#undef T
#undef SUFFIX
