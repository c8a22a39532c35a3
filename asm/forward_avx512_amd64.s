//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "exp_amd64.h"
#include "streams_amd64.h"

// The operations of forward_amd64.h on 16 lanes. Their arguments: i the
// vector; p its sums a, then p, then membranes s; s, decay, bias of the step
// before, which stay in registers; y the mask of its spikes of the step before.
//
//	Z0-Z3    p            Z4-Z7    s
//	Z8-Z11   decay        Z12-Z15  bias
//	Z16-Z19  temporaries  Z20-Z31  constants
//	K1-K4    y            K5, K6   temporaries
//
// Operands are in Go's order: the destination is last, VSUBPS b, a, d is
// d = a - b.

#define ZERO  Z20
#define ONE   Z21
#define LOW   Z22
#define LOG2E Z23
#define ROUND Z24
#define LN2HI Z25
#define LN2LO Z26
#define C2    Z27
#define C3    Z28
#define C4    Z29
#define C5    Z30
#define C6    Z31

#define CONSTANTS \
	VPXORD ZERO, ZERO, ZERO; \
	VBROADCASTSS EXP_ONE, ONE; \
	VBROADCASTSS EXP_MIN, LOW; \
	VBROADCASTSS EXP_LOG2E, LOG2E; \
	VBROADCASTSS EXP_ROUND, ROUND; \
	VBROADCASTSS EXP_LN2HI, LN2HI; \
	VBROADCASTSS EXP_LN2LO, LN2LO; \
	VBROADCASTSS EXP_C2, C2; \
	VBROADCASTSS EXP_C3, C3; \
	VBROADCASTSS EXP_C4, C4; \
	VBROADCASTSS EXP_C5, C5; \
	VBROADCASTSS EXP_C6, C6

#define LOAD_UNITS \
	MOVQ tile_decay(DI), AX; \
	EACH(LOAD_DECAY); \
	MOVQ tile_bias(DI), AX; \
	EACH(LOAD_BIAS)

#define LOAD_STATE \
	EACH(LOAD_MEMBRANE); \
	CMPB tile_output(DI), $const_Step; \
	JNE  step; \
	EACH(LOAD_SPIKES)

#define LOAD_DECAY(i, p, s, decay, bias, y) VMOVUPS (64*i)(AX), decay
#define LOAD_BIAS(i, p, s, decay, bias, y) VMOVUPS (64*i)(AX), bias
#define LOAD_MEMBRANE(i, p, s, decay, bias, y) VMOVUPS (64*i)(R10), s
#define LOAD_SPIKES(i, p, s, decay, bias, y) KMOVW (2*i)(R11), y

#define START(i, p, s, decay, bias, y) VMOVUPS (64*i)(AX), p

#define ADD(i, p, s, decay, bias, y) VADDPS (64*i)(AX), p, p

#define LOAD_VALUE VBROADCASTSS (R13), Z16

#define ADD_SCALED(i, p, s, decay, bias, y) \
	VMULPS (64*i)(AX), Z16, Z17; \
	VADDPS Z17, p, p

// The gates.

#define GATE_NONE(i, p, s, decay, bias, y) \
	VMULPS decay, s, Z16; \
	VADDPS Z16, p, p

#define GATE_ZERO(i, p, s, decay, bias, y) \
	VMULPS decay, s, Z16; \
	KNOTW y, K5; \
	VADDPS Z16, p, K5, p

#define GATE_SUBTRACT(i, p, s, decay, bias, y) \
	VMULPS decay, s, Z16; \
	VADDPS Z16, p, p; \
	VSUBPS (64*i)(AX), p, y, p

#define GATE_SOFT_ZERO(i, p, s, decay, bias, y) \
	VMULPS decay, s, Z16; \
	VSUBPS (64*i)(R12), ONE, Z17; \
	VMULPS Z17, Z16, Z16; \
	VADDPS Z16, p, p

#define GATE_SOFT_SUBTRACT(i, p, s, decay, bias, y) \
	VMULPS decay, s, Z16; \
	VADDPS Z16, p, p; \
	VMOVUPS (64*i)(R12), Z17; \
	VMULPS (64*i)(AX), Z17, Z17; \
	VSUBPS Z17, p, p

// The activations. NOT_GREATER is !(a > b), true for NaN.

#define GREATER     $30
#define NOT_GREATER $26

#define RELU(i, p, s, decay, bias, y) VMAXPS ZERO, p, p

#define LOAD_SLOPE VBROADCASTSS tile_slope(DI), Z16

#define LEAKY(i, p, s, decay, bias, y) \
	VCMPPS NOT_GREATER, ZERO, p, K5; \
	VMULPS Z16, p, K5, p

// EXP sets Z19 to Exp(x), x being at most expMax; Z16 to Z18 are lost. The low 9
// bits of expRound are 0, so the shift of n + expRound leaves n<<23.
#define EXP(x) \
	VMAXPS x, LOW, Z18; \
	VMULPS LOG2E, Z18, Z16; \
	VADDPS ROUND, Z16, Z16; \
	VSUBPS ROUND, Z16, Z17; \
	VMULPS LN2HI, Z17, Z19; \
	VSUBPS Z19, Z18, Z18; \
	VMULPS LN2LO, Z17, Z19; \
	VSUBPS Z19, Z18, Z18; \
	VMULPS C6, Z18, Z19; \
	VADDPS C5, Z19, Z19; \
	VMULPS Z18, Z19, Z19; \
	VADDPS C4, Z19, Z19; \
	VMULPS Z18, Z19, Z19; \
	VADDPS C3, Z19, Z19; \
	VMULPS Z18, Z19, Z19; \
	VADDPS C2, Z19, Z19; \
	VMULPS Z18, Z18, Z17; \
	VMULPS Z17, Z19, Z19; \
	VADDPS Z18, Z19, Z19; \
	VADDPS ONE, Z19, Z19; \
	VPSLLD $23, Z16, Z16; \
	VPADDD Z16, Z19, Z19

#define ELU(i, p, s, decay, bias, y) \
	EXP(p); \
	VCMPPS NOT_GREATER, ZERO, p, K5; \
	VSUBPS ONE, Z19, K5, p

// The outputs.

#define STORE(i, p, s, decay, bias, y) \
	VMOVUPS p, (64*i)(R10); \
	VMOVAPS p, s

#define SPIKE(i, p, s, decay, bias, y) \
	VADDPS bias, s, Z16; \
	VCMPPS GREATER, ZERO, Z16, y

#define SIGMOID(i, p, s, decay, bias, y) \
	VADDPS bias, s, Z18; \
	VSUBPS Z18, ZERO, Z18; \
	VMINPS.BCST EXP_MAX, Z18, Z18; \
	EXP(Z18); \
	VADDPS ONE, Z19, Z19; \
	VDIVPS Z19, ONE, Z19; \
	VMOVUPS Z19, (64*i)(R12)

#define LOAD_STREAM LOAD_ONE
#define NEXT_STREAM

#define COLUMNS 64

#define EACH(op) \
	op(0, Z0, Z4, Z8, Z12, K1); \
	op(1, Z1, Z5, Z9, Z13, K2); \
	op(2, Z2, Z6, Z10, Z14, K3); \
	op(3, Z3, Z7, Z11, Z15, K4)

#define STORE_SPIKES \
	KUNPCKWD K1, K2, K5; \
	KUNPCKWD K3, K4, K6; \
	KUNPCKDQ K5, K6, K5; \
	KMOVQ K5, (R11)

// func forward64AVX512(t *tile)
TEXT ·forward64AVX512(SB), NOSPLIT, $0-8

#include "forward_amd64.h"

#undef COLUMNS
#undef EACH
#undef STORE_SPIKES

#define COLUMNS 16

#define EACH(op) op(0, Z0, Z4, Z8, Z12, K1)

#define STORE_SPIKES KMOVW K1, (R11)

// func forward16AVX512(t *tile)
TEXT ·forward16AVX512(SB), NOSPLIT, $0-8

#include "forward_amd64.h"

#undef LOAD_STREAM
#undef NEXT_STREAM

#define LOAD_STREAM LOAD_NEXT
#define NEXT_STREAM AGAIN

// func batch16AVX512(t *batchTile)
TEXT ·batch16AVX512(SB), NOSPLIT, $0-8

#include "forward_amd64.h"

#undef COLUMNS
#undef EACH
#undef STORE_SPIKES

#define COLUMNS 64

#define EACH(op) \
	op(0, Z0, Z4, Z8, Z12, K1); \
	op(1, Z1, Z5, Z9, Z13, K2); \
	op(2, Z2, Z6, Z10, Z14, K3); \
	op(3, Z3, Z7, Z11, Z15, K4)

#define STORE_SPIKES \
	KUNPCKWD K1, K2, K5; \
	KUNPCKWD K3, K4, K6; \
	KUNPCKDQ K5, K6, K5; \
	KMOVQ K5, (R11)

// func batch64AVX512(t *batchTile)
TEXT ·batch64AVX512(SB), NOSPLIT, $0-8

#include "forward_amd64.h"
