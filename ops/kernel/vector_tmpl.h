/* vector_tmpl.h - vectors from and to memory, whole or in part; element alignment suffices. */

TW_INLINE V FN(ld)(const T *p)
{
    V v;
    memcpy(&v, p, sizeof v);
    return v;
}

TW_INLINE void FN(st)(T *p, V v)
{
    memcpy(p, &v, sizeof v);
}

TW_INLINE V FN(splat)(T x)
{
    return x - (V){ 0 };                    /* not +: -0 + 0 is 0 */
}

/* The first n < VL lanes from p, fill in the others; and to p. */
#if TW_PARTS && BITS > 8
TW_INLINE V FN(ldn)(const T *p, int64_t n, T fill)
{
    return (V)JOIN2(tw__load_part_, BITS)(p, n, (VI)FN(splat)(fill));
}

TW_INLINE void FN(stn)(T *p, V v, int64_t n)
{
    JOIN2(tw__store_part_, BITS)(p, n, (VI)v);
}
#else
TW_INLINE V FN(ldn)(const T *p, int64_t n, T fill)
{
    T t[VL];
    for (int i = 0; i < VL; i++) t[i] = i < n ? p[i] : fill;
    return FN(ld)(t);
}

TW_INLINE void FN(stn)(T *p, V v, int64_t n)
{
    T t[VL];
    FN(st)(t, v);
    for (int i = 0; i < n; i++) p[i] = t[i];
}
#endif

/* a where the mask m (all ones or all zeros per lane) holds, else b. */
TW_INLINE V FN(select)(VI m, V a, V b)
{
    return (V)((m & (VI)a) | (~m & (VI)b));
}
