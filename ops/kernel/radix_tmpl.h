/* radix_tmpl.h - pairs of a key of BITS bits and a place, sorted by key; see order.c. */
#define PAIR JOIN(pair, BITS)

static void JOIN(insertion, BITS)(PAIR *a, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        const PAIR p = a[i];
        int64_t k = i;
        for (; k > 0 && a[k - 1].key > p.key; k--) a[k] = a[k - 1];
        a[k] = p;
    }
}

/* n pairs in a, with room for as many in b; returns where they lie in order. */
static const PAIR *JOIN(sorted, BITS)(PAIR *a, PAIR *b, int64_t n)
{
    enum { DIGITS = BITS / 8 };
    if (n <= SHORT) {
        JOIN(insertion, BITS)(a, n);
        return a;
    }
    int64_t count[DIGITS][256] = { { 0 } };
    for (int64_t i = 0; i < n; i++)
        for (int d = 0; d < DIGITS; d++) count[d][a[i].key >> 8 * d & 255]++;
    for (int d = 0; d < DIGITS; d++) {
        if (count[d][a[0].key >> 8 * d & 255] == n) continue;
        for (int64_t digit = 0, before = 0; digit < 256; digit++) {
            const int64_t these = count[d][digit];
            count[d][digit] = before, before += these;
        }
        for (int64_t i = 0; i < n; i++) b[count[d][a[i].key >> 8 * d & 255]++] = a[i];
        PAIR *t = a;
        a = b, b = t;
    }
    return a;
}

#undef PAIR
