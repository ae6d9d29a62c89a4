/* order_tmpl.h - argsort and searchsorted of one dtype: T, with keys of BITS bits; see order.c. */
#define PAIR JOIN(pair, BITS)

static int64_t FN(argsort)(const tw_call *c)
{
    const tw_dims *d = c->in[0].shape;
    const int64_t n = d->at[d->n - 1];
    const bool descending = *(const uint8_t *)c->attr;
    PAIR *a = c->scratch;
    for (int64_t r = c->lo; r < c->hi; r++) {
        const T *x = (const T *)c->in[0].data + r * n;
        int64_t *y = (int64_t *)c->out[0].data + r * n;
        for (int64_t i = 0; i < n; i++) {
            a[i].key = FN(key)(x[i]), a[i].at = (JOIN(key, BITS))i;
            if (descending) a[i].key = ~a[i].key;
        }
        const PAIR *in_order = JOIN(sorted, BITS)(a, a + n, n);
        for (int64_t i = 0; i < n; i++) y[i] = (int64_t)in_order[i].at;
    }
    return -1;
}

/* How many of the row lie before v: with right, also those equal to it. */
static int64_t FN(searchsorted)(const tw_call *c)
{
    const tw_dims *rows = c->in[0].shape, *d = c->in[1].shape;
    const int64_t n = rows->at[rows->n - 1], each = d->n ? d->at[d->n - 1] : 1;
    const bool right = *(const uint8_t *)c->attr;
    int64_t *y = c->out[0].data;
    for (int64_t o = c->lo; o < c->hi; o++) {
        const T *x = (const T *)c->in[0].data + (rows->n > 1 ? o / each * n : 0);
        const JOIN(key, BITS) key = FN(key)(((const T *)c->in[1].data)[o]);
        int64_t lo = 0, hi = n;
        while (lo < hi) {
            const int64_t mid = lo + (hi - lo) / 2;
            const JOIN(key, BITS) at = FN(key)(x[mid]);
            if (at < key || (right && at == key)) lo = mid + 1;
            else hi = mid;
        }
        y[o] = lo;
    }
    return -1;
}

#undef PAIR
#undef T
#undef SUFFIX
