//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "exp_amd64.h"
#include "exp_avx2_amd64.h"
#include "streams_amd64.h"

// The operations of forward_amd64.h on 8 lanes. Their arguments: i the vector;
// p its sums a, then p, then membranes s.
//
//	Y0-Y7    p
//	Y8-Y15   temporaries, but for
//	Y13 zero, Y14 one, Y15 bit i in lane i, when there is no EXP
//
// Operands are in Go's order: the destination is last, VSUBPS b, a, d is
// d = a - b.

#define ZERO Y13
#define ONE  Y14
#define BITS Y15

#define CONSTANTS \
	VXORPS ZERO, ZERO, ZERO; \
	VMOVUPS EXP_ONE, ONE; \
	VMOVDQU ·bitOfLane(SB), BITS

#define LOAD_UNITS

#define FIND_DECAY \
	MOVQ tile_decay(DI), R14; \
	ADDQ R12, R14

#define FIND_BIAS \
	MOVQ tile_bias(DI), R14; \
	ADDQ R12, R14

#define LOAD_STATE

#define START(i, p) VMOVUPS (32*i)(AX), p

#define ADD(i, p) VADDPS (32*i)(AX), p, p

#define LOAD_VALUE VBROADCASTSS (R13), Y8

#define ADD_SCALED(i, p) \
	VMULPS (32*i)(AX), Y8, Y9; \
	VADDPS Y9, p, p

// The gates.

#define CARRIED(i) \
	VMOVUPS (32*i)(R10), Y8; \
	VMULPS (32*i)(R14), Y8, Y8

// SPIKED fills the lanes of Y9 that spiked with ones.
#define SPIKED(i) \
	VPBROADCASTB i(R11), Y9; \
	VPAND BITS, Y9, Y9; \
	VPCMPEQD BITS, Y9, Y9

#define GATE_NONE(i, p) \
	CARRIED(i); \
	VADDPS Y8, p, p

// After a spike this adds 0 to a, which changes nothing: a is never −0.
#define GATE_ZERO(i, p) \
	CARRIED(i); \
	SPIKED(i); \
	VANDNPS Y8, Y9, Y8; \
	VADDPS Y8, p, p

#define GATE_SUBTRACT(i, p) \
	CARRIED(i); \
	VADDPS Y8, p, p; \
	SPIKED(i); \
	VANDPS (32*i)(AX), Y9, Y9; \
	VSUBPS Y9, p, p

#define GATE_SOFT_ZERO(i, p) \
	CARRIED(i); \
	VSUBPS (32*i)(R11), ONE, Y9; \
	VMULPS Y9, Y8, Y8; \
	VADDPS Y8, p, p

#define GATE_SOFT_SUBTRACT(i, p) \
	CARRIED(i); \
	VADDPS Y8, p, p; \
	VMOVUPS (32*i)(R11), Y9; \
	VMULPS (32*i)(AX), Y9, Y9; \
	VSUBPS Y9, p, p

// The activations.

#define GREATER $30

#define RELU(i, p) VMAXPS ZERO, p, p

#define LOAD_SLOPE VBROADCASTSS tile_slope(DI), Y10

#define LEAKY(i, p) \
	VMULPS Y10, p, Y8; \
	VCMPPS GREATER, ZERO, p, Y9; \
	VBLENDVPS Y9, p, Y8, p

// Two vectors at a time, which take all temporaries.
#define ELU \
	PAIRS(ELU2); \
	CONSTANTS

#define ELU2(i, p, j, q) \
	VMOVUPS EXP_MIN, Y9; \
	VMAXPS p, Y9, Y8; \
	VMAXPS q, Y9, Y12; \
	EXP(TWO); \
	VXORPS Y8, Y8, Y8; \
	VSUBPS EXP_ONE, Y11, Y11; \
	VSUBPS EXP_ONE, Y15, Y15; \
	VCMPPS GREATER, Y8, p, Y9; \
	VCMPPS GREATER, Y8, q, Y10; \
	VBLENDVPS Y9, p, Y11, p; \
	VBLENDVPS Y10, q, Y15, q

// The r, t, n and e of EXP.
#define TWO(op) \
	op(Y8, Y9, Y10, Y11); \
	op(Y12, Y13, Y14, Y15)

// The outputs.

#define STORE(i, p) VMOVUPS p, (32*i)(R10)

#define SPIKE(i, p) \
	VADDPS (32*i)(R14), p, Y8; \
	VCMPPS GREATER, ZERO, Y8, Y8; \
	VMOVMSKPS Y8, AX; \
	MOVB AX, i(R11)

#define STORE_SPIKES

#define SIGMOID \
	PAIRS(SIGMOID2); \
	CONSTANTS

#define SIGMOID2(i, p, j, q) \
	VXORPS Y9, Y9, Y9; \
	VADDPS (32*i)(R14), p, Y8; \
	VADDPS (32*j)(R14), q, Y12; \
	VSUBPS Y8, Y9, Y8; \
	VSUBPS Y12, Y9, Y12; \
	VMOVUPS EXP_MIN, Y9; \
	VMINPS EXP_MAX, Y8, Y8; \
	VMINPS EXP_MAX, Y12, Y12; \
	VMAXPS Y8, Y9, Y8; \
	VMAXPS Y12, Y9, Y12; \
	EXP(TWO); \
	VMOVUPS EXP_ONE, Y8; \
	VADDPS Y8, Y11, Y11; \
	VADDPS Y8, Y15, Y15; \
	VDIVPS Y11, Y8, Y11; \
	VDIVPS Y15, Y8, Y15; \
	VMOVUPS Y11, (32*i)(R11); \
	VMOVUPS Y15, (32*j)(R11)

#define COLUMNS 64

#define EACH(op) \
	op(0, Y0); \
	op(1, Y1); \
	op(2, Y2); \
	op(3, Y3); \
	op(4, Y4); \
	op(5, Y5); \
	op(6, Y6); \
	op(7, Y7)

// PAIRS applies op to all vectors, two at a time.
#define PAIRS(op) \
	op(0, Y0, 1, Y1); \
	op(2, Y2, 3, Y3); \
	op(4, Y4, 5, Y5); \
	op(6, Y6, 7, Y7)

#define LOAD_STREAM LOAD_ONE
#define NEXT_STREAM

// func forward64AVX2(t *tile)
TEXT ·forward64AVX2(SB), NOSPLIT, $0-8

#include "forward_amd64.h"

#undef LOAD_STREAM
#undef NEXT_STREAM

#define LOAD_STREAM LOAD_NEXT
#define NEXT_STREAM AGAIN

// func batch64AVX2(t *batchTile)
TEXT ·batch64AVX2(SB), NOSPLIT, $0-8

#include "forward_amd64.h"

#undef COLUMNS
#undef EACH
#undef PAIRS

#define COLUMNS 16

#define EACH(op) \
	op(0, Y0); \
	op(1, Y1)

#define PAIRS(op) op(0, Y0, 1, Y1)

// func batch16AVX2(t *batchTile)
TEXT ·batch16AVX2(SB), NOSPLIT, $0-8

#include "forward_amd64.h"

#undef LOAD_STREAM
#undef NEXT_STREAM

#define LOAD_STREAM LOAD_ONE
#define NEXT_STREAM

// func forward16AVX2(t *tile)
TEXT ·forward16AVX2(SB), NOSPLIT, $0-8

#include "forward_amd64.h"

DATA ·bitOfLane+0(SB)/4, $1
DATA ·bitOfLane+4(SB)/4, $2
DATA ·bitOfLane+8(SB)/4, $4
DATA ·bitOfLane+12(SB)/4, $8
DATA ·bitOfLane+16(SB)/4, $16
DATA ·bitOfLane+20(SB)/4, $32
DATA ·bitOfLane+24(SB)/4, $64
DATA ·bitOfLane+28(SB)/4, $128
GLOBL ·bitOfLane(SB), RODATA|NOPTR, $32
