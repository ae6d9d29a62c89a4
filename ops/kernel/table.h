/* table.h - numbers of the kernels and their tables, derived from kernels.def. */
#pragma once
#include "core/link.h"

/* 0 means none in a descriptor, so numbers start at 1. */
enum tw__kernel_ids {
    TW_K__NONE,
#define KERNEL(name, dtypes) TW_K_##name,
#define BLOCK(name, dtypes)
#include "ops/kernel/kernels.def"
#undef KERNEL
#undef BLOCK
    TW_K__COUNT
};

enum tw__block_ids {
    TW_B__NONE,
#define KERNEL(name, dtypes)
#define BLOCK(name, dtypes) TW_B_##name,
#include "ops/kernel/kernels.def"
#undef KERNEL
#undef BLOCK
    TW_B__COUNT
};

/* NULL where a kernel does not know the dtype. */
struct tw__kernel_table {
    tw_kernel   kernel[TW_K__COUNT][TW__DTYPES];
    tw_block_fn block[TW_B__COUNT][TW__DTYPES];
    const tw_links *links[TW__DTYPES];
};

/* One for each instruction set; those beyond base only on x86-64. */
extern const struct tw__kernel_table tw__kernels_base, tw__kernels_avx2, tw__kernels_avx512;
