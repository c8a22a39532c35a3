//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "exp_amd64.h"

// The operations of backward_amd64.h on 16 lanes. Their arguments: i the vector;
// next its Next; bias, cur and dec its sums; g its G, then du, ds and δ; c its
// Next·Decay. Operands are in Go's order: the destination is last.
//
//	Z0-Z3   next    Z4-Z7   bias    Z8-Z11  cur    Z12-Z15 dec
//	Z16-Z19 g       Z20-Z23 c       Z28 one        Z29 zero
//	Z30 temporary   K1 temporary

#define ONE  Z28
#define ZERO Z29

#define CONSTANTS \
	VBROADCASTSS EXP_ONE, ONE; \
	VPXORD ZERO, ZERO, ZERO

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

#define LOAD_NEXT(i, next, bias, cur, dec, g, c) VMOVUPS (64*i)(AX), next
#define LOAD_BIAS(i, next, bias, cur, dec, g, c) VMOVUPS (64*i)(AX), bias
#define LOAD_CURRENT(i, next, bias, cur, dec, g, c) VMOVUPS (64*i)(AX), cur
#define LOAD_DECAY(i, next, bias, cur, dec, g, c) VMOVUPS (64*i)(AX), dec
#define STORE_NEXT(i, next, bias, cur, dec, g, c) VMOVUPS next, (64*i)(AX)
#define STORE_BIAS(i, next, bias, cur, dec, g, c) VMOVUPS bias, (64*i)(AX)
#define STORE_CURRENT(i, next, bias, cur, dec, g, c) VMOVUPS cur, (64*i)(AX)
#define STORE_DECAY(i, next, bias, cur, dec, g, c) VMOVUPS dec, (64*i)(AX)

#define CARRY(i, next, bias, cur, dec, g, c) \
	VMULPS (64*i)(AX), next, c; \
	VMOVUPS (64*i)(R8), g

#define THROUGH_ZERO(i, next, bias, cur, dec, g, c) \
	VMULPS (64*i)(R10), c, Z30; \
	VSUBPS Z30, g, g

#define THROUGH_SUBTRACT(i, next, bias, cur, dec, g, c) \
	VMULPS (64*i)(AX), next, Z30; \
	VSUBPS Z30, g, g

#define FIRE(i, next, bias, cur, dec, g, c) \
	VMULPS (64*i)(R9), g, g; \
	VADDPS g, bias, bias

// SILENT sets Z30 to 0 where there is a spike, else to 1.
#define SILENT(i) \
	KMOVW (2*i)(R11), K1; \
	KNOTW K1, K1; \
	VMOVAPS.Z ONE, K1, Z30

#define SHUT_SPIKES(i, next, bias, cur, dec, g, c) \
	SILENT(i); \
	VMULPS Z30, c, c

#define SHUT_SOFT(i, next, bias, cur, dec, g, c) \
	VSUBPS (64*i)(R12), ONE, Z30; \
	VMULPS Z30, c, c

#define SUM(i, next, bias, cur, dec, g, c) VADDPS c, g, g

// The derivatives of the activations.

#define GREATER $30

#define ELU(i, next, bias, cur, dec, g, c) \
	VMOVUPS (64*i)(R10), Z30; \
	VCMPPS GREATER, ZERO, Z30, K1; \
	VADDPS ONE, Z30, Z30; \
	VMOVAPS ONE, K1, Z30; \
	VMULPS Z30, g, g

#define RELU(i, next, bias, cur, dec, g, c) \
	VMOVUPS (64*i)(R10), Z30; \
	VCMPPS GREATER, ZERO, Z30, K1; \
	VMOVAPS.Z ONE, K1, Z30; \
	VMULPS Z30, g, g

#define LEAKY(i, next, bias, cur, dec, g, c) \
	VMOVUPS (64*i)(R10), Z30; \
	VCMPPS GREATER, ZERO, Z30, K1; \
	VBROADCASTSS backTile_factor(DI), Z30; \
	VMOVAPS ONE, K1, Z30; \
	VMULPS Z30, g, g

#define TAKE(i, next, bias, cur, dec, g, c) \
	VMOVAPS g, next; \
	VADDPS g, cur, cur; \
	VMOVUPS g, (64*i)(R13)

#define BEFORE(i, next, bias, cur, dec, g, c) \
	VMULPS (64*i)(R10), next, Z30; \
	VADDPS Z30, dec, dec

#define BEFORE_SPIKES(i, next, bias, cur, dec, g, c) \
	SILENT(i); \
	VMULPS (64*i)(R10), Z30, Z30; \
	VMULPS Z30, next, Z30; \
	VADDPS Z30, dec, dec

#define BEFORE_SOFT(i, next, bias, cur, dec, g, c) \
	VSUBPS (64*i)(R12), ONE, Z30; \
	VMULPS (64*i)(R10), Z30, Z30; \
	VMULPS Z30, next, Z30; \
	VADDPS Z30, dec, dec

#define EACH(op) \
	op(0, Z0, Z4, Z8, Z12, Z16, Z20); \
	op(1, Z1, Z5, Z9, Z13, Z17, Z21); \
	op(2, Z2, Z6, Z10, Z14, Z18, Z22); \
	op(3, Z3, Z7, Z11, Z15, Z19, Z23)

// func backward64AVX512(t *backTile)
TEXT ·backward64AVX512(SB), NOSPLIT, $0-8

#include "backward_amd64.h"

#undef EACH

#define EACH(op) op(0, Z0, Z4, Z8, Z12, Z16, Z20)

// func backward16AVX512(t *backTile)
TEXT ·backward16AVX512(SB), NOSPLIT, $0-8

#include "backward_amd64.h"
