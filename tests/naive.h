/* naive.h - the value of a graph, node after node, without the library's evaluator: in doubles, with slow.h. */
#pragma once
#include "tests/rig.h"

/* The value of y. Leaves are read; everything else is computed here. Fails the test on an unknown operation. */
arr  naive(tw_node *y);
/* Whether naive knows the operation. */
bool naive_knows(const char *op);
