/* here_impl.h - how library files call the vocabulary.
 *
 * A place is the caller's: every builder has a parameter `at`, every rule starts with TW_RULE.
 * A bare number is structure (0.5 in a rule is part of the mathematics); a number that came from
 * the user is a tw_arg and goes through unchanged, or is named with tw__slot: plans never look at it.
 * Included before any other header of the library.
 */
#pragma once
#define TW_HERE at
#include "core/op.h"

#define TW_RULE const tw_loc *at = y->at; (void)at

extern tw_node tw__structure;       /* marks a number that is structure; never an input */
static inline tw_arg tw__arg_constant(double v) { return (tw_arg){ &tw__structure, v }; }
static inline tw_arg tw__arg_same(tw_arg a) { return a; }
static inline tw_arg tw__slot(double v) { return (tw_arg){ NULL, v }; }

#undef TW__ARG
#define TW__ARG(x, v) __extension__({ __auto_type v = (x); \
    _Generic(v, tw_node *: tw__arg_node, tw_arg: tw__arg_same, default: tw__arg_constant)(v); })
