/* philox.h - Philox 4x32-10, a random number generator without a state (Salmon, Moraes, Dror, Shaw:
 * Parallel random numbers: as easy as 1, 2, 3; 2011).
 *
 * Ten rounds mix a counter of four words with a key of two. The key is the seed; the counter is the
 * place of the element and the number of the random node. So any element can be computed by itself,
 * by any thread, in any order. Each 64-bit lane of a vector holds one word of one counter; what lies
 * above the word is rubbish that the products ignore.
 */
#pragma once
#include "ops/kernel/isa.h"

enum { TW_PHILOX = 64 };                    /* counters computed at once */

TW_INLINE void tw__philox_rounds(tw_vu64 c[4], uint64_t key)
{
    const tw_vu64 zero = { 0 };
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        const tw_vu64 p0 = tw__mul_low(c[0], zero + 0xD2511F53u), p1 = tw__mul_low(c[2], zero + 0xCD9E8D57u);
        c[0] = (p1 >> 32) ^ c[1] ^ (zero + k0);
        c[1] = p1;
        c[2] = (p0 >> 32) ^ c[3] ^ (zero + k1);
        c[3] = p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

/* The words of TW_PHILOX counters (first, number), (first + 1, number), ... */
static __attribute__((noinline, unused))
void tw__philox(uint64_t key, uint64_t first, uint64_t number, uint32_t words[4 * TW_PHILOX])
{
    enum { LANES = TW_VEC / 8 };
    const tw_vu64 zero = { 0 };
    uint64_t low[TW_PHILOX], high[TW_PHILOX];           /* words 0 and 1, words 2 and 3 */
    for (int i = 0; i < TW_PHILOX; i += LANES) {
        tw_vu64 n = zero + first + (uint64_t)i;
        for (int l = 0; l < LANES; l++) n[l] += (uint64_t)l;
        tw_vu64 c[4] = { n, n >> 32, zero + number, zero + (number >> 32) };
        tw__philox_rounds(c, key);
        const tw_vu64 a = (c[0] & 0xffffffffu) | c[1] << 32, b = (c[2] & 0xffffffffu) | c[3] << 32;
        memcpy(low + i, &a, sizeof a);
        memcpy(high + i, &b, sizeof b);
    }
    for (int i = 0; i < TW_PHILOX; i++) {
        const uint32_t w[4] = { (uint32_t)low[i], (uint32_t)(low[i] >> 32),
                                (uint32_t)high[i], (uint32_t)(high[i] >> 32) };
        memcpy(words + 4 * i, w, sizeof w);
    }
}
