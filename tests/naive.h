/* naive.h - the value of a graph, node after node, without the library's evaluator: in doubles, with slow.h. */
#pragma once
#include "tests/rig.h"

/* The value of y. Leaves are read; everything else is computed here. Fails the test on an unknown operation. */
arr  naive(tw_node *y);
/* Whether naive knows the operation. */
bool naive_knows(const char *op);

/* An operation's value out of those of its inputs; tables of them end with NULL. */
typedef arr (*naive_fn)(const tw_node *y, const arr *x);
typedef struct naive_rule { const char *op; naive_fn f; } naive_rule;
extern const naive_rule naive_index[];
extern const naive_rule naive_math[];
extern const naive_rule naive_matrix[];
