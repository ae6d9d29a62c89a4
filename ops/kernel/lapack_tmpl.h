/* lapack_tmpl.h - the kernels of lapack.c for one type: T, of suffix SUFFIX and LAPACK's LETTER. */

void LA(potrf)(const char *uplo, const int *n, T *a, const int *lda, int *info, size_t);

static int64_t FN(cholesky)(const tw_call *c)
{
    const int64_t n = c->out->shape->at[c->out->shape->n - 1];
    const int order = (int)n;
    for (int64_t m = c->lo; m < c->hi; m++) {
        const T *x = (const T *)c->in->data + m * n * n;
        T *l = (T *)c->out->data + m * n * n;
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) l[i * n + j] = j <= i ? (T)0.5 * (x[i * n + j] + x[j * n + i]) : 0;
        int info = 0;
        LA(potrf)("U", &order, l, &order, &info, 1);
        if (info) return tw__bad_matrix(m, n, info);
    }
    return -1;
}

/* ---- LU: Fortran factors columns with pivots among rows, so this one turns its matrix ------------ */

void LA(getrf)(const int *m, const int *n, T *a, const int *lda, int *pivots, int *info);

/* rows x columns to columns x rows. */
static void FN(turn)(const T *from, T *to, int64_t rows, int64_t columns)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) to[j * rows + i] = from[i * columns + j];
}

static int64_t FN(lu_factor)(const tw_call *c)
{
    const tw_dims *d = c->in->shape;
    const int64_t rows = d->at[d->n - 2], columns = d->at[d->n - 1], least = rows < columns ? rows : columns;
    const int m = (int)rows, n = (int)columns;
    T *turned = c->scratch;
    int *pivots = (int *)(turned + rows * columns);
    for (int64_t k = c->lo; k < c->hi; k++) {
        int64_t *order = (int64_t *)c->out[1].data + k * rows;
        int info = 0;
        FN(turn)((const T *)c->in->data + k * rows * columns, turned, rows, columns);
        LA(getrf)(&m, &n, turned, &m, pivots, &info);
        FN(turn)(turned, (T *)c->out[0].data + k * rows * columns, columns, rows);
        T sign = 1;
        for (int64_t i = 0; i < rows; i++) order[i] = i;
        for (int64_t i = 0; i < least; i++) {
            const int64_t j = pivots[i] - 1, was = order[i];
            if (j == i) continue;
            order[i] = order[j], order[j] = was, sign = -sign;
        }
        ((T *)c->out[2].data)[k] = sign;
    }
    return -1;
}

/* ---- QR: that of our matrix is the LQ of the one that Fortran sees ------------------------------- */

void LA(gelqf)(const int *m, const int *n, T *a, const int *lda, T *tau, T *work, const int *lwork, int *info);
void LA(orglq)(const int *m, const int *n, const int *k, T *a, const int *lda, const T *tau, T *work, const int *lwork, int *info);

static int64_t FN(qr)(const tw_call *c)
{
    const tw_dims *d = c->in->shape;
    const int64_t rows = d->at[d->n - 2], columns = d->at[d->n - 1], least = rows < columns ? rows : columns;
    const int m = (int)columns, n = (int)rows, k = (int)least, room = TW_QR_BLOCK * m;
    T *a = c->scratch, *tau = a + rows * columns, *work = tau + least;
    for (int64_t b = c->lo; b < c->hi; b++) {
        T *q = (T *)c->out[0].data + b * rows * least, *r = (T *)c->out[1].data + b * least * columns;
        int info = 0;
        memcpy(a, (const T *)c->in->data + b * rows * columns, (size_t)(rows * columns) * sizeof *a);
        LA(gelqf)(&m, &n, a, &m, tau, work, &room, &info);
        for (int64_t i = 0; i < least; i++)
            for (int64_t j = 0; j < columns; j++) r[i * columns + j] = j < i ? 0 : a[i * columns + j];
        LA(orglq)(&k, &n, &k, a, &m, tau, work, &room, &info);
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < least; j++) q[i * least + j] = a[i * columns + j];
    }
    return -1;
}

/* ---- eigenvalues and singular values ------------------------------------------------------------- */

void LA(syevd)(const char *job, const char *uplo, const int *n, T *a, const int *lda, T *w, T *work, const int *lwork,
               int *iwork, const int *liwork, int *info, size_t, size_t);
void LA(gesdd)(const char *job, const int *m, const int *n, T *a, const int *lda, T *s, T *u, const int *ldu, T *vt, const int *ldvt,
               T *work, const int *lwork, int *iwork, int *info, size_t);

static bool FN(finite)(const T *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

/* Eigenvectors come as rows here: they are turned in place. */
static int64_t FN(eigh)(const tw_call *c)
{
    const int64_t n = c->in->shape->at[c->in->shape->n - 1];
    const int order = (int)n, room = (int)tw__eigh_work(n), iroom = (int)tw__eigh_integers(n);
    T *work = c->scratch;
    int *iwork = (int *)(work + tw__eigh_work(n));
    for (int64_t m = c->lo; m < c->hi; m++) {
        const T *x = (const T *)c->in->data + m * n * n;
        T *w = (T *)c->out[0].data + m * n, *v = (T *)c->out[1].data + m * n * n;
        int info = 0;
        if (!FN(finite)(x, n * n)) return 2 * m;
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) v[i * n + j] = (T)0.5 * (x[i * n + j] + x[j * n + i]);
        LA(syevd)("V", "U", &order, v, &order, w, work, &room, iwork, &iroom, &info, 1, 1);
        if (info) return 2 * m + 1;
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < i; j++) {
                const T t = v[i * n + j];
                v[i * n + j] = v[j * n + i], v[j * n + i] = t;
            }
    }
    return -1;
}

/* Our U S V' is V S U' of the matrix that Fortran sees: its U is our V', row by row, and the reverse. */
static int64_t FN(svd)(const tw_call *c)
{
    const tw_dims *d = c->in->shape;
    const int64_t rows = d->at[d->n - 2], columns = d->at[d->n - 1], least = rows < columns ? rows : columns;
    const int m = (int)columns, n = (int)rows, k = (int)least, room = (int)tw__svd_work(rows, columns);
    T *a = c->scratch, *work = a + rows * columns;
    int *iwork = (int *)(work + tw__svd_work(rows, columns));
    for (int64_t b = c->lo; b < c->hi; b++) {
        T *u = (T *)c->out[0].data + b * rows * least, *s = (T *)c->out[1].data + b * least;
        T *vh = (T *)c->out[2].data + b * least * columns;
        int info = 0;
        memcpy(a, (const T *)c->in->data + b * rows * columns, (size_t)(rows * columns) * sizeof *a);
        if (!FN(finite)(a, rows * columns)) return 2 * b;
        LA(gesdd)("S", &m, &n, a, &m, s, vh, &m, u, &k, work, &room, iwork, &info, 1);
        if (info) return 2 * b + 1;
    }
    return -1;
}

#undef T
#undef SUFFIX
#undef LETTER
