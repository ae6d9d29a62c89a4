/* hand.h - loops fused by hand: what the planner's programs are measured against. */
#pragma once
#include <stdint.h>

enum { HAND_CLASSES = 64, HAND_FEATURES = 512 };

typedef struct hand {
    int64_t      n;
    const float *x, *dy, *bias, *gain, *uniform;
    const int32_t *label;
    float       *y, *dx, *p, *m, *v;
} hand;

void hand_gelu(const hand *h);
void hand_swish(const hand *h);
void hand_adam(const hand *h);
void hand_dropout(const hand *h);
void hand_cross_entropy(const hand *h);
void hand_layer_norm(const hand *h);
void hand_twenty(const hand *h);
