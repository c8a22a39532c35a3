//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "exp_amd64.h"

// The operations of backward_amd64.h on two vectors of 8 lanes; see
// backward_vectors_amd64.h.
//
//	Y0 Y1 next    Y2 Y3 bias      Y4 Y5 cur    Y6 Y7 dec    Y8 Y9 g
//	Y10 Y11 c     Y12 temporary   Y13 bit i in lane i    Y14 one    Y15 zero

#define BYTES 32
#define T     Y12
#define BITS  Y13
#define ONE   Y14
#define ZERO  Y15

#define CONSTANTS \
	VMOVUPS EXP_ONE, ONE; \
	VXORPS ZERO, ZERO, ZERO; \
	VMOVDQU ·bitOfLane(SB), BITS

#define SILENT(i) \
	VPBROADCASTB i(R11), T; \
	VPAND BITS, T, T; \
	VPCMPEQD BITS, T, T; \
	VANDNPS ONE, T, T

// The derivatives of the activations.

#define GREATER $30

#define ELU(i, next, bias, cur, dec, g, c) \
	VMOVUPS (BYTES*i)(R10), T; \
	VADDPS ONE, T, c; \
	VCMPPS GREATER, ZERO, T, T; \
	VBLENDVPS T, ONE, c, T; \
	VMULPS T, g, g

#define RELU(i, next, bias, cur, dec, g, c) \
	VMOVUPS (BYTES*i)(R10), T; \
	VCMPPS GREATER, ZERO, T, T; \
	VANDPS ONE, T, T; \
	VMULPS T, g, g

#define LEAKY(i, next, bias, cur, dec, g, c) \
	VMOVUPS (BYTES*i)(R10), T; \
	VCMPPS GREATER, ZERO, T, T; \
	VBROADCASTSS backTile_factor(DI), c; \
	VBLENDVPS T, ONE, c, T; \
	VMULPS T, g, g

#include "backward_vectors_amd64.h"

#define EACH(op) \
	op(0, Y0, Y2, Y4, Y6, Y8, Y10); \
	op(1, Y1, Y3, Y5, Y7, Y9, Y11)

// func backward16AVX2(t *backTile)
TEXT ·backward16AVX2(SB), NOSPLIT, $0-8

#include "backward_amd64.h"
