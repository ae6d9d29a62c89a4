/* link.h - chains: elementwise steps that hand their values on in vector registers.
 *
 * A chain works on strips: as many elements as eight vector registers hold. Each link does one operation to all
 * eight, with operands from memory where it needs more than one, and then jumps to the next link with the
 * registers as they are; so a chain stores only what is read again later. An operand is an entry of a table of
 * addresses, to which a link adds how far the strip is along the tile. How links pass registers is between them
 * (ops/kernel/link_tmpl.h): core puts them in a row and has `run` start the first.
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "core/op.h"

typedef void (*tw_link_fn)(void);

typedef struct tw_link {
    tw_link_fn run;
    int32_t    x, y;        /* operands: entries of the table */
    int64_t    mx, my;      /* -1: the address moves with the strip (of a single element: with the row); 0: it stays */
} tw_link;

/* The strips of bytes [lo, hi) of the operands that move; row: how far those are that have one element a row. */
typedef void (*tw_chain_fn)(const tw_link *first, char *const *at, int64_t lo, int64_t hi, int64_t row);

/* Which operand is in the registers (R); the others are memory, element by element (M), or a single element (S). */
enum tw_link_form {
    TW_R, TW_RM, TW_MR, TW_RS, TW_SR,                           /* of one operand; of two, in their order */
    TW_RMM, TW_RMS, TW_RSM, TW_RSS, TW_MRM, TW_MRS, TW_MMR, TW_MSR,   /* of a choice: condition, value, other value */
    TW_FORMS
};

/* An operation as links, by its block kernel; NULL: not in that form. A form with M or S in front is not
 * needed where operands may change places. Booleans are lanes of all ones or all zeros. */
typedef struct tw_link_row { int block_id; bool swaps; tw_link_fn form[TW_FORMS]; } tw_link_row;

/* The links of a floating dtype. */
typedef struct tw_links {
    int                strip;               /* elements */
    tw_chain_fn        run;
    tw_link_fn         load, spread, store; /* M to R; S to R; R to M */
    tw_link_fn         unpack, pack;        /* the same for booleans in bytes */
    tw_link_fn         end;                 /* the last link */
    int                n;
    const tw_link_row *row;
} tw_links;
