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

#undef T
#undef SUFFIX
#undef LETTER
