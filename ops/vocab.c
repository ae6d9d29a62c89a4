/* vocab.c - the vocabulary as core sees it: all descriptors, the few that core emits, and the kernels.
 *
 * Kernels stand in one table for each instruction set. An entry that one set lacks is that of the
 * set below it.
 */
#include "ops/ops_impl.h"
#include "core/vocab_impl.h"

/* The documentation of each operation, where descriptors find it. */
#define OP(name, params, text) RULE(name, text)
#define RULE(name, text) const char tw__doc_##name[] = text;
#define FN(name, params, text)
#include "ops/ops.def"
#undef OP
#undef RULE

static const tw_op *const ops[] = {
#define OP(name, params, text) RULE(name, text)
#define RULE(name, text) &tw_op_##name,
#include "ops/ops.def"
#undef OP
#undef RULE
#undef FN
};

static const struct tw__kernel_table *const tables[TW__ISAS] = {
    [TW_ISA_BASE] = &tw__kernels_base,
#ifdef TW_HAVE_AVX2
    [TW_ISA_AVX2] = &tw__kernels_avx2,
#endif
#ifdef TW_HAVE_AVX512
    [TW_ISA_AVX512] = &tw__kernels_avx512,
#endif
};

static tw_kernel kernel(tw_isa isa, int id, tw_dtype dtype)
{
    for (int i = (int)isa; i >= 0; i--)
        if (tables[i] && tables[i]->kernel[id][dtype]) return tables[i]->kernel[id][dtype];
    return NULL;
}

static tw_block_fn block(tw_isa isa, int id, tw_dtype dtype)
{
    for (int i = (int)isa; i >= 0; i--)
        if (tables[i] && tables[i]->block[id][dtype]) return tables[i]->block[id][dtype];
    return NULL;
}

static const tw_links *links(tw_isa isa, tw_dtype dtype)
{
    for (int i = (int)isa; i >= 0; i--)
        if (tables[i] && tables[i]->links[dtype]) return tables[i]->links[dtype];
    return NULL;
}

/* What the flags of ops/kernel/meson.build allow the compiler to use. */
static bool machine_has(tw_isa isa)
{
#if defined(__x86_64__)
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    if (isa == TW_ISA_AVX2) return avx2;
    if (isa == TW_ISA_AVX512)
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
    return isa == TW_ISA_BASE;
}

static bool has_isa(tw_isa isa)
{
    return isa >= TW_ISA_BASE && isa < TW__ISAS && tables[isa] && machine_has(isa);
}

static tw_node *pick(const tw_loc *at, tw_node *x, int64_t i)              { return tw_index(x, .at = i); }
static tw_node *stack(const tw_loc *at, int n, tw_node *const *xs)         { return tw_stack(n, xs); }

const struct tw__vocab tw__vocab = {
    .ops          = ops,
    .n_ops        = (int)(sizeof ops / sizeof *ops),
    .add          = &tw_op_add,
    .mul          = &tw_op_mul,
    .broadcast_to = &tw_op_broadcast_to,
    .sum_to       = &tw_op_sum_to,
    .cast         = &tw_op_cast,
    .sum_lines    = &tw_op_sum_lines,
    .sum_blocks   = &tw_op_sum_blocks,
    .pick         = pick,
    .stack        = stack,
    .kernel       = kernel,
    .block        = block,
    .links        = links,
    .copy_id      = TW_K_copy,
    .has_isa      = has_isa,
};
