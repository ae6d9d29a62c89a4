/* vocab_impl.h - the few operations that core itself emits, and the kernels, as ops/vocab.c hands them over.
 * Core applies descriptors; it calls no builder and includes nothing of ops/. */
#pragma once
#include "core/link.h"

typedef enum tw_isa { TW_ISA_BASE, TW_ISA_AVX2, TW_ISA_AVX512, TW__ISAS } tw_isa;

struct tw__vocab {
    const tw_op *const *ops;                /* all built-in descriptors of ops/ (also those that are in no list: kernels' adjoints) */
    int                 n_ops;
    const tw_op        *add, *mul, *broadcast_to, *sum_to, *cast;
    const tw_op        *sum_lines, *sum_blocks;     /* [n, m] -> [n / 32, m] (a range is of lines, and in[0] begins with its first) -> [m] */
    tw_node          *(*pick)(const tw_loc *at, tw_node *x, int64_t i);                 /* x[i], without the first axis */
    tw_node          *(*stack)(const tw_loc *at, int n, tw_node *const *xs);            /* along a new first axis */
    /* NULL where the kernel does not know the dtype. copy: in[0] of any strides, same shape -> out[0], contiguous; fill: in[0] ignored. */
    tw_kernel         (*kernel)(tw_isa isa, int kernel_id, tw_dtype dtype);
    tw_block_fn       (*block)(tw_isa isa, int block_id, tw_dtype dtype);
    const tw_links   *(*links)(tw_isa isa, tw_dtype dtype);                             /* NULL: no chains of that dtype */
    int                 copy_id;            /* TW_K_copy */
    bool              (*has_isa)(tw_isa isa);       /* compiled in and supported by this machine */
};
extern const struct tw__vocab tw__vocab;

/* Whether a dtype has a number; otherwise it would be rounded in silence. */
static inline bool tw__holds(int dtype, double v)
{
    switch (dtype) {
    case TW_I32:  return v >= INT32_MIN && v <= INT32_MAX && v == (double)(int32_t)v;
    case TW_I64:  return v >= -0x1p63 && v < 0x1p63 && v == (double)(int64_t)v;
    case TW_U8:   return v >= 0 && v <= UINT8_MAX && v == (double)(uint8_t)v;
    case TW_BOOL: return v == 0 || v == 1;
    default:      return true;
    }
}
