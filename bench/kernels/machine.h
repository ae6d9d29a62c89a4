/* machine.h - what the memory allows an operation, measured beside it. */
#pragma once
#include "bench/kernels/ceiling.h"
#include "bench/kernels/contest.h"

void machine(void);
