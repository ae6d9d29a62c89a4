/* plain.h - kernels that are compiled once, for any instruction set: scans, orders, draws.
 *
 * Chains of dependent steps, comparisons and table look-ups gain nothing from wider vectors; descriptors
 * name these kernels directly. The contract is that of kernels.c: they honour [lo, hi), do not fail or
 * allocate, and the bits depend on neither. Inputs are contiguous.
 */
#pragma once
#include "core/op.h"
#include "ops/kernel/attrs.h"

/* scan.c: along an axis; a unit of work is one line. */
int64_t tw__k_cumsum(const tw_call *c);
int64_t tw__k_cumprod(const tw_call *c);
int64_t tw__k_logcumsumexp(const tw_call *c);
int64_t tw__k_linear_recurrence(const tw_call *c);
int64_t tw__k_cumargmax(const tw_call *c);
int64_t tw__k_cumargmin(const tw_call *c);

/* order.c: of rows, which are the last axis. */
int64_t tw__k_argsort(const tw_call *c);                /* attr uint8_t descending; a unit of work is a row */
int64_t tw__k_searchsorted(const tw_call *c);           /* attr uint8_t right */
size_t  tw__argsort_scratch(int64_t n, tw_dtype dtype); /* bytes for rows of n, some even for 0 */

/* draw.c */
int64_t tw__k_randint(const tw_call *c);                /* leaf: tw_randint_slot; i64 in [low, low + range) */
int64_t tw__k_truncated_normal(const tw_call *c);       /* leaf: tw_truncated_slot */
int64_t tw__k_gamma(const tw_call *c);                  /* tw_gamma_attr; slot: uint64_t number */
