/* How a stroke of the wand becomes spikes: the one definition of it, for training on a
 * computer (prepare.c) and for the board (main.c).
 *
 * A stroke is points (x, y) in the order in which they were drawn. It is moved and
 * scaled, both axes alike, to fill a grid of 16 by 16 fields. Step t takes the t-th of
 * 16 equal parts of the points: each, and seven places between it and the one before,
 * spike in their fields. */
#ifndef ENCODE_H
#define ENCODE_H

#include <stdint.h>

#define GRID 16u
#define STEPS 16u

/* Sets spikes[t] to the fields of step t, of a stroke of count points: field
 * 16*row + column is bit i%32 of word i/32. */
void encode(const float *points, uint32_t count, uint32_t spikes[STEPS][GRID * GRID / 32u]);

#endif
