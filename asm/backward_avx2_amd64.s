//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "exp_amd64.h"

// The operations of backward_amd64.h on two vectors of 8 lanes. Their arguments: i the vector;
// next its Next; bias, cur and dec its sums; g its G, then du, ds and δ; c its
// Next·Decay. Operands are in Go's order: the destination is last.
//
//	Y0 Y1 next    Y2 Y3 bias      Y4 Y5 cur    Y6 Y7 dec    Y8 Y9 g
//	Y10 Y11 c     Y12 temporary   Y13 bit i in lane i    Y14 one    Y15 zero

#define BITS Y13
#define ONE  Y14
#define ZERO Y15

#define CONSTANTS \
	VMOVUPS EXP_ONE, ONE; \
	VXORPS ZERO, ZERO, ZERO; \
	VMOVDQU laneBits<>(SB), BITS

#define LOAD_SUMS \
	MOVQ backTile_next(DI), AX; \
	EACH(LOAD_NEXT); \
	MOVQ backTile_biasSum(DI), AX; \
	EACH(LOAD_BIAS); \
	MOVQ backTile_currentSum(DI), AX; \
	EACH(LOAD_CURRENT); \
	MOVQ backTile_decaySum(DI), AX; \
	EACH(LOAD_DECAY)

#define STORE_SUMS \
	MOVQ backTile_next(DI), AX; \
	EACH(STORE_NEXT); \
	MOVQ backTile_biasSum(DI), AX; \
	EACH(STORE_BIAS); \
	MOVQ backTile_currentSum(DI), AX; \
	EACH(STORE_CURRENT); \
	MOVQ backTile_decaySum(DI), AX; \
	EACH(STORE_DECAY)

#define LOAD_NEXT(i, next, bias, cur, dec, g, c) VMOVUPS (32*i)(AX), next
#define LOAD_BIAS(i, next, bias, cur, dec, g, c) VMOVUPS (32*i)(AX), bias
#define LOAD_CURRENT(i, next, bias, cur, dec, g, c) VMOVUPS (32*i)(AX), cur
#define LOAD_DECAY(i, next, bias, cur, dec, g, c) VMOVUPS (32*i)(AX), dec
#define STORE_NEXT(i, next, bias, cur, dec, g, c) VMOVUPS next, (32*i)(AX)
#define STORE_BIAS(i, next, bias, cur, dec, g, c) VMOVUPS bias, (32*i)(AX)
#define STORE_CURRENT(i, next, bias, cur, dec, g, c) VMOVUPS cur, (32*i)(AX)
#define STORE_DECAY(i, next, bias, cur, dec, g, c) VMOVUPS dec, (32*i)(AX)

#define CARRY(i, next, bias, cur, dec, g, c) \
	VMULPS (32*i)(AX), next, c; \
	VMOVUPS (32*i)(R8), g

#define THROUGH_ZERO(i, next, bias, cur, dec, g, c) \
	VMULPS (32*i)(R10), c, Y12; \
	VSUBPS Y12, g, g

#define THROUGH_SUBTRACT(i, next, bias, cur, dec, g, c) \
	VMULPS (32*i)(AX), next, Y12; \
	VSUBPS Y12, g, g

#define FIRE(i, next, bias, cur, dec, g, c) \
	VMULPS (32*i)(R9), g, g; \
	VADDPS g, bias, bias

// SILENT sets Y12 to 0 where there is a spike, else to 1.
#define SILENT(i) \
	VPBROADCASTB i(R11), Y12; \
	VPAND BITS, Y12, Y12; \
	VPCMPEQD BITS, Y12, Y12; \
	VANDNPS ONE, Y12, Y12

#define SHUT_SPIKES(i, next, bias, cur, dec, g, c) \
	SILENT(i); \
	VMULPS Y12, c, c

#define SHUT_SOFT(i, next, bias, cur, dec, g, c) \
	VSUBPS (32*i)(R12), ONE, Y12; \
	VMULPS Y12, c, c

#define SUM(i, next, bias, cur, dec, g, c) VADDPS c, g, g

// The derivatives of the activations.

#define GREATER $30

#define ELU(i, next, bias, cur, dec, g, c) \
	VMOVUPS (32*i)(R10), Y12; \
	VADDPS ONE, Y12, c; \
	VCMPPS GREATER, ZERO, Y12, Y12; \
	VBLENDVPS Y12, ONE, c, Y12; \
	VMULPS Y12, g, g

#define RELU(i, next, bias, cur, dec, g, c) \
	VMOVUPS (32*i)(R10), Y12; \
	VCMPPS GREATER, ZERO, Y12, Y12; \
	VANDPS ONE, Y12, Y12; \
	VMULPS Y12, g, g

#define LEAKY(i, next, bias, cur, dec, g, c) \
	VMOVUPS (32*i)(R10), Y12; \
	VCMPPS GREATER, ZERO, Y12, Y12; \
	VBROADCASTSS backTile_factor(DI), c; \
	VBLENDVPS Y12, ONE, c, Y12; \
	VMULPS Y12, g, g

#define TAKE(i, next, bias, cur, dec, g, c) \
	VMOVAPS g, next; \
	VADDPS g, cur, cur; \
	VMOVUPS g, (32*i)(R13)

#define BEFORE(i, next, bias, cur, dec, g, c) \
	VMULPS (32*i)(R10), next, Y12; \
	VADDPS Y12, dec, dec

#define BEFORE_SPIKES(i, next, bias, cur, dec, g, c) \
	SILENT(i); \
	VMULPS (32*i)(R10), Y12, Y12; \
	VMULPS Y12, next, Y12; \
	VADDPS Y12, dec, dec

#define BEFORE_SOFT(i, next, bias, cur, dec, g, c) \
	VSUBPS (32*i)(R12), ONE, Y12; \
	VMULPS (32*i)(R10), Y12, Y12; \
	VMULPS Y12, next, Y12; \
	VADDPS Y12, dec, dec

#define EACH(op) \
	op(0, Y0, Y2, Y4, Y6, Y8, Y10); \
	op(1, Y1, Y3, Y5, Y7, Y9, Y11)

// func backward16AVX2(t *backTile)
TEXT ·backward16AVX2(SB), NOSPLIT, $0-8

#include "backward_amd64.h"

DATA laneBits<>+0(SB)/4, $1
DATA laneBits<>+4(SB)/4, $2
DATA laneBits<>+8(SB)/4, $4
DATA laneBits<>+12(SB)/4, $8
DATA laneBits<>+16(SB)/4, $16
DATA laneBits<>+20(SB)/4, $32
DATA laneBits<>+24(SB)/4, $64
DATA laneBits<>+28(SB)/4, $128
GLOBL laneBits<>(SB), RODATA|NOPTR, $32
