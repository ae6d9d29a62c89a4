/* landscape_impl.h - a function over a square, drawn. */
#pragma once
#include "train/bytes_impl.h"

/* z[n * row + column] over [-reach, reach] in both directions, the first row at the bottom, as SVG: coloured from low to high,
 * with lines of equal height, and a mark in the middle. What is not finite is highest. */
void tw__contours(const double *z, int n, double reach, tw__bytes *to);
