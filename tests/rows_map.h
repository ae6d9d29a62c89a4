/* rows_map.h - how rows of functions that work element by element are written: see rows.h. */
#pragma once
#include "tests/rows.h"
#include "tests/slow.h"

/* One operand: tw_f of it, and f of each element. */
#define UNARY(f, expr)                                      \
    static double f##_of(double a) { return expr; }         \
    BUILD(b_##f, tw_##f(x[0]))                              \
    REF(r_##f, slow_map1(&x[0], f##_of))
/* Two operands, broadcast. */
#define BINARY(f, expr)                                                 \
    static double f##_of(double a, double b) { return expr; }           \
    BUILD(b_##f, tw_##f(x[0], x[1]))                                    \
    REF(r_##f, slow_map2(&x[0], &x[1], f##_of))

#define I32(low, high, ...) { K_I32, low, high, S(__VA_ARGS__) }
#define U8(low, high, ...) { K_U8, low, high, S(__VA_ARGS__) }
#define BIG 1003

/* Every function of one operand in three sizes; f, domain of the small ones, domain of the large one, tolerance. */
#define ROWS1(f, dom, low, ...) ROWS1_(f, dom, low, __VA_ARGS__, )
#define ROWS1_(f, dom, low, high, ...)                                                                 \
    { #f, "scalar", { { dom, low, high, S0 } }, IS(f), __VA_ARGS__ },                                  \
    { #f, "3 by 5", { { dom, low, high, S(3, 5) } }, IS(f), __VA_ARGS__ },                             \
    { #f, "empty", { { dom, low, high, S(2, 0) } }, IS(f), __VA_ARGS__ },                              \
    { #f, "1003", { { dom, low, high, S(BIG) } }, IS(f), .flags = R_VALUE, __VA_ARGS__ }
/* Every function of two operands with broadcasting, size one, empty and large ones. */
#define ROWS2(f, ka, la, ha, kb, lb, hb)                                                               \
    { #f, "scalars", { { ka, la, ha, S0 }, { kb, lb, hb, S0 } }, IS(f) },                              \
    { #f, "equal shapes", { { ka, la, ha, S(2, 3) }, { kb, lb, hb, S(2, 3) } }, IS(f) },               \
    { #f, "a row", { { ka, la, ha, S(4, 3) }, { kb, lb, hb, S(3) } }, IS(f) },                         \
    { #f, "a column and a row", { { ka, la, ha, S(3, 1) }, { kb, lb, hb, S(1, 4) } }, IS(f) },         \
    { #f, "a scalar first", { { ka, la, ha, S0 }, { kb, lb, hb, S(2, 2) } }, IS(f) },                  \
    { #f, "a middle axis", { { ka, la, ha, S(2, 1, 3) }, { kb, lb, hb, S(4, 1) } }, IS(f) },           \
    { #f, "empty", { { ka, la, ha, S(0, 3) }, { kb, lb, hb, S(3) } }, IS(f) },                         \
    { #f, "1003", { { ka, la, ha, S(BIG) }, { kb, lb, hb, S(BIG) } }, IS(f), .flags = R_VALUE },       \
    { #f, "17 by 61", { { ka, la, ha, S(17, 61) }, { kb, lb, hb, S(17, 1) } }, IS(f), .flags = R_VALUE }
/* Comparisons: with ties, as the three values give. */
#define ROWS_COMPARE(f)                                                                                \
    { #f, "ties", { TIES(5, 4), TIES(5, 4) }, IS(f), .flags = R_VALUE },                               \
    { #f, "a row", { TIES(5, 4), TIES(4) }, IS(f), .flags = R_VALUE },                                 \
    { #f, "1003", { TIES(BIG), TIES(BIG) }, IS(f), .flags = R_VALUE },                                 \
    { #f, "i64", { { K_I64, -1, 1, S(40) }, { K_I64, -1, 1, S(40) } }, IS(f), .flags = R_VALUE },      \
    { #f, "i32", { I32(-1, 1, 40), I32(-1, 1, 40) }, IS(f), .flags = R_VALUE },                        \
    { #f, "u8", { U8(0, 2, 40), U8(0, 2, 40) }, IS(f), .flags = R_VALUE }
#define ROWS_INTEGER2(f)                                                                               \
    { #f, "i64", { { K_I64, -9, 9, S(3, 13) }, { K_I64, -9, 9, S(13) } }, IS(f), .flags = R_VALUE },   \
    { #f, "i32", { I32(-9, 9, 41), I32(-9, 9, 41) }, IS(f), .flags = R_VALUE },                        \
    { #f, "u8", { U8(10, 15, 41), U8(0, 10, 41) }, IS(f), .flags = R_VALUE }
#define ROWS_INTEGER1(f)                                                                               \
    { #f, "i64", { { K_I64, -9, 9, S(3, 13) } }, IS(f), .flags = R_VALUE },                            \
    { #f, "i32", { I32(-9, 9, 41) }, IS(f), .flags = R_VALUE }
