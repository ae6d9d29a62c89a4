/* dtype_tmpl.h - the templates of one dtype, in an order that lets later ones use earlier ones.
 * kernels.c says what they may count on. Included once for each dtype. */
#define V  JOIN2(tw_v, SUFFIX)
#define VI JOIN2(tw_vi, BITS)
#define VU JOIN2(tw_vu, BITS)
#define VL (TW_VEC / (int)sizeof(T))
/* Chains: not for old machines; of f64 one set will do. */
#if IS_FLOAT && (defined(__AVX2__) || !defined(__x86_64__)) && (BITS == 32 || !defined(__AVX512F__))
#define LINKS 1
#else
#define LINKS 0
#endif

#include "ops/kernel/vector_tmpl.h"
#if IS_FLOAT
#include "ops/kernel/vmath_tmpl.h"
#endif
#include "ops/kernel/block_tmpl.h"
#if IS_FLOAT
#include "ops/kernel/rare_tmpl.h"
#include "ops/kernel/act_tmpl.h"
#include "ops/kernel/vmath_end.h"
#endif
#include "ops/kernel/move_tmpl.h"
#include "ops/kernel/reduce_tmpl.h"
#if LINKS
#include "ops/kernel/link_tmpl.h"
#endif
#include "ops/kernel/random_tmpl.h"
#if IS_FLOAT
#include "ops/kernel/matmul_tmpl.h"
#include "ops/kernel/triangular_tmpl.h"
#include "ops/kernel/conv_tmpl.h"
#include "ops/kernel/pool_tmpl.h"
#endif

#undef V
#undef VL
#undef LINKS
#undef T
#undef TU
#undef SUFFIX
#undef IS_FLOAT
#undef BITS
#undef VI
#undef VU
