/* kernels.c - every kernel, for one instruction set: compiled once for each, with -DTW_ISA=base, avx2
 * or avx512 and that set's flags.
 *
 * Two axes, two mechanisms: the instruction set is a matter of compiler flags, the dtype of including
 * the templates (dtype_tmpl.h lists them) once for each dtype. The table at the end is read off
 * kernels.def, whose second word says which dtypes a kernel exists for.
 *
 * A template, x_tmpl.h, has no guard and sees
 *   T           the element type; TU an unsigned integer of its size (int arithmetic wraps through it)
 *   SUFFIX      f32, f64, i32, i64, u8 or b8 (bool is a macro); IS_FLOAT 0 or 1;
 *               BITS of an element
 *   FN(name)    name_f32_avx2: all names that a template defines go through it, helpers included,
 *               since all templates share this one file
 *   V, VI, VU, VL   vector of T; signed (what comparisons give) and unsigned integers of the same size
 *               and number; lanes
 *   FN(ld)(p), FN(st)(p, v)             a vector from and to memory, element-aligned
 *   FN(ldn)(p, n, fill), FN(stn)(p, v, n)   the first n < VL lanes
 *   FN(splat)(x), FN(select)(m, a, b), TW_FMA (isa.h), TW_SQRT
 * defines for each kernel `static int64_t FN(name)(const tw_call *c)`, for each block kernel
 * `static void FN(name)(const tw_block *b)`, and undefines its own macros at its end. Helpers are
 * TW_INLINE or TW_MAYBE, since not every dtype needs each.
 *
 * Units of work, which c->lo and c->hi count, are elements of the output; of concat, rows before its
 * axis; of products, convolutions and pools, what scratch.h says.
 *
 * Contract: kernels honour [c->lo, c->hi), assume element alignment only, and do not allocate, fail
 * (but for TW_CHECKED ones), or check what the shape rule checked. Tails go through the same vector
 * code as the rest, so that an element's bits do not depend on where it stands.
 */
#include "ops/kernel/attrs.h"
#include "ops/kernel/grid.h"
#include "ops/kernel/isa.h"
#include "ops/kernel/philox.h"
#include "ops/kernel/scratch.h"
#include "ops/kernel/table.h"
#include "ops/kernel/taps.h"
#include <math.h>

#ifndef TW_ISA
#error "compile with -DTW_ISA=base, avx2 or avx512"
#endif

#define FN(name)        JOIN3(name, SUFFIX, TW_ISA)
#define FN64(name)      JOIN3(name, f64, TW_ISA)    /* f64 comes first: f32 uses some of it */

#define T        double
#define TU       uint64_t
#define SUFFIX   f64
#define IS_FLOAT 1
#define BITS     64
#include "ops/kernel/dtype_tmpl.h"

#define T        float
#define TU       uint32_t
#define SUFFIX   f32
#define IS_FLOAT 1
#define BITS     32
#include "ops/kernel/dtype_tmpl.h"

/* Integers and booleans have base kernels only: bookkeeping beside floats, and a set of them for each
 * instruction set would be a third of the library. */
#define EVERY_base   1
#define EVERY_avx2   0
#define EVERY_avx512 0
#define EVERY        JOIN2(EVERY_, TW_ISA)
#if EVERY
#define T        int32_t
#define TU       uint32_t
#define SUFFIX   i32
#define IS_FLOAT 0
#define BITS     32
#include "ops/kernel/dtype_tmpl.h"

#define T        int64_t
#define TU       uint64_t
#define SUFFIX   i64
#define IS_FLOAT 0
#define BITS     64
#include "ops/kernel/dtype_tmpl.h"

#define T        uint8_t
#define TU       uint8_t
#define SUFFIX   u8
#define IS_FLOAT 0
#define BITS     8
#include "ops/kernel/dtype_tmpl.h"

#define T        uint8_t
#define TU       uint8_t
#define SUFFIX   b8
#define IS_FLOAT 0
#define BITS     8
#include "ops/kernel/dtype_tmpl.h"
#endif

/* The table: a word of kernels.def expands to one initialiser for each of its dtypes. */
#define AT(name, dtype, suffix) [dtype] = JOIN3(name, suffix, TW_ISA),
#define DTYPES_F(name) AT(name, TW_F32, f32) AT(name, TW_F64, f64)
#if EVERY
#define DTYPES_N(name) DTYPES_F(name) AT(name, TW_I32, i32) AT(name, TW_I64, i64) AT(name, TW_U8, u8)
#define DTYPES_A(name) DTYPES_N(name) AT(name, TW_BOOL, b8)
#define DTYPES_M(name) DTYPES_F(name) AT(name, TW_I32, f32) AT(name, TW_I64, f64) \
                       AT(name, TW_U8, u8) AT(name, TW_BOOL, u8)
#define DTYPES_B(name) AT(name, TW_BOOL, b8)
#define DTYPES_R(name) AT(name, TW_I32, i32)
#else
#define DTYPES_N(name) DTYPES_F(name)
#define DTYPES_A(name) DTYPES_F(name)
#define DTYPES_M(name) DTYPES_F(name) AT(name, TW_I32, f32) AT(name, TW_I64, f64)
#define DTYPES_B(name) NULL
#define DTYPES_R(name) NULL
#endif

#define TABLE_(isa) tw__kernels_##isa
#define TABLE(isa)  TABLE_(isa)

const struct tw__kernel_table TABLE(TW_ISA) = {
    .kernel = {
#define KERNEL(name, dtypes) [TW_K_##name] = { DTYPES_##dtypes(name) },
#define BLOCK(name, dtypes)
#include "ops/kernel/kernels.def"
#undef KERNEL
#undef BLOCK
    },
    .block = {
#define KERNEL(name, dtypes)
#define BLOCK(name, dtypes) [TW_B_##name] = { DTYPES_##dtypes(name) },
#include "ops/kernel/kernels.def"
#undef KERNEL
#undef BLOCK
    },
#if defined(__AVX2__) || !defined(__x86_64__)
    .links[TW_F32] = &JOIN3(links, f32, TW_ISA),
#if !defined(__AVX512F__)
    .links[TW_F64] = &JOIN3(links, f64, TW_ISA),
#endif
#endif
};
