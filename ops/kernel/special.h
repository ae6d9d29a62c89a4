/* special.h - block kernels of special functions (special.c): one for all instruction sets. */
#pragma once
#include "core/op.h"

/* Which Bessel function: the order, and whether it is multiplied by exp(-|x|). */
typedef struct tw_bessel_attr { int32_t n, scaled; } tw_bessel_attr;

#define SPECIAL(name)                               \
    void tw__##name##_f32(const tw_block_f32 *b);   \
    void tw__##name##_f64(const tw_block_f64 *b);
SPECIAL(lgamma)
SPECIAL(polygamma)      /* attr: int64_t order; 0: digamma */
SPECIAL(erfc)
SPECIAL(ndtri)
SPECIAL(erfinv)
SPECIAL(gamma_slope)    /* alpha, y; attr: tw_gamma_attr */
SPECIAL(bessel_i)       /* attr: tw_bessel_attr */
#undef SPECIAL
