//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "exp_amd64.h"
#include "exp_avx512_amd64.h"
#include "streams_amd64.h"

// The operations of forward_amd64.h on 16 lanes. Their arguments: i the
// vector; p its sums a, then p, then membranes s; s, decay, bias of the step
// before, which stay in registers; y the mask of its spikes of the step before;
// e a temporary.
//
//	Z0-Z3    p            Z4-Z7    s
//	Z8-Z11   decay        Z12-Z15  bias
//	Z16-Z27  temporaries  Z28-Z31  constants
//	K1-K4    y            K5, K6   temporaries
//
// Operands are in Go's order: the destination is last, VSUBPS b, a, d is
// d = a - b.

#define ZERO Z28

#define CONSTANTS \
	VPXORD ZERO, ZERO, ZERO; \
	EXP_CONSTANTS

#define LOAD_UNITS \
	MOVQ tile_decay(DI), AX; \
	ADDQ R12, AX; \
	EACH(LOAD_DECAY); \
	MOVQ tile_bias(DI), AX; \
	ADDQ R12, AX; \
	EACH(LOAD_BIAS)

#define FIND_DECAY
#define FIND_BIAS

#define LOAD_STATE \
	EACH(LOAD_MEMBRANE); \
	CMPB tile_output(DI), $const_Step; \
	JNE  step; \
	EACH(LOAD_SPIKES)

#define LOAD_DECAY(i, p, s, decay, bias, y, e) VMOVUPS (64*i)(AX), decay
#define LOAD_BIAS(i, p, s, decay, bias, y, e) VMOVUPS (64*i)(AX), bias
#define LOAD_MEMBRANE(i, p, s, decay, bias, y, e) VMOVUPS (64*i)(R10), s
#define LOAD_SPIKES(i, p, s, decay, bias, y, e) KMOVW (2*i)(R11), y

#define START(i, p, s, decay, bias, y, e) VMOVUPS (64*i)(AX), p

#define ADD(i, p, s, decay, bias, y, e) VADDPS (64*i)(AX), p, p

#define LOAD_VALUE VBROADCASTSS (R13), Z16

#define ADD_SCALED(i, p, s, decay, bias, y, e) \
	VMULPS (64*i)(AX), Z16, Z17; \
	VADDPS Z17, p, p

// The gates.

#define GATE_NONE(i, p, s, decay, bias, y, e) \
	VMULPS decay, s, Z16; \
	VADDPS Z16, p, p

#define GATE_ZERO(i, p, s, decay, bias, y, e) \
	VMULPS decay, s, Z16; \
	KNOTW y, K5; \
	VADDPS Z16, p, K5, p

#define GATE_SUBTRACT(i, p, s, decay, bias, y, e) \
	VMULPS decay, s, Z16; \
	VADDPS Z16, p, p; \
	VSUBPS (64*i)(AX), p, y, p

#define GATE_SOFT_ZERO(i, p, s, decay, bias, y, e) \
	VMULPS decay, s, Z16; \
	VSUBPS (64*i)(R11), ONE, Z17; \
	VMULPS Z17, Z16, Z16; \
	VADDPS Z16, p, p

#define GATE_SOFT_SUBTRACT(i, p, s, decay, bias, y, e) \
	VMULPS decay, s, Z16; \
	VADDPS Z16, p, p; \
	VMOVUPS (64*i)(R11), Z17; \
	VMULPS (64*i)(AX), Z17, Z17; \
	VSUBPS Z17, p, p

// The activations. NOT_GREATER is !(a > b), true for NaN.

#define GREATER     $30
#define NOT_GREATER $26

#define RELU(i, p, s, decay, bias, y, e) VMAXPS ZERO, p, p

#define LOAD_SLOPE VBROADCASTSS tile_slope(DI), Z16

#define LEAKY(i, p, s, decay, bias, y, e) \
	VCMPPS NOT_GREATER, ZERO, p, K5; \
	VMULPS Z16, p, K5, p

// The step is over with s: it keeps p while EXP takes p as its r.
#define ELU \
	EACH(KEEP); \
	EXP(VECTORS); \
	EACH(CHOOSE)

#define KEEP(i, p, s, decay, bias, y, e) \
	VMOVAPS p, s; \
	VMAXPS s, LOW, p

#define CHOOSE(i, p, s, decay, bias, y, e) \
	VCMPPS NOT_GREATER, ZERO, s, K5; \
	VMOVAPS s, p; \
	VSUBPS ONE, e, K5, p

// The outputs.

#define STORE(i, p, s, decay, bias, y, e) \
	VMOVUPS p, (64*i)(R10); \
	VMOVAPS p, s

#define SPIKE(i, p, s, decay, bias, y, e) \
	VADDPS bias, s, Z16; \
	VCMPPS GREATER, ZERO, Z16, y

#define SIGMOID \
	EACH(NEGATE); \
	EXP(VECTORS); \
	EACH(INVERT)

#define NEGATE(i, p, s, decay, bias, y, e) \
	VADDPS bias, s, p; \
	VSUBPS p, ZERO, p; \
	VMINPS.BCST EXP_MAX, p, p; \
	VMAXPS p, LOW, p

#define INVERT(i, p, s, decay, bias, y, e) \
	VADDPS ONE, e, e; \
	VDIVPS e, ONE, e; \
	VMOVUPS e, (64*i)(R11)

#define COLUMNS 64

#define EACH(op) \
	op(0, Z0, Z4, Z8, Z12, K1, Z24); \
	op(1, Z1, Z5, Z9, Z13, K2, Z25); \
	op(2, Z2, Z6, Z10, Z14, K3, Z26); \
	op(3, Z3, Z7, Z11, Z15, K4, Z27)

// The r, t, n and e of EXP: r is p and e that of EACH.
#define VECTORS(op) \
	op(Z0, Z16, Z20, Z24); \
	op(Z1, Z17, Z21, Z25); \
	op(Z2, Z18, Z22, Z26); \
	op(Z3, Z19, Z23, Z27)

#define STORE_SPIKES \
	KUNPCKWD K1, K2, K5; \
	KUNPCKWD K3, K4, K6; \
	KUNPCKDQ K5, K6, K5; \
	KMOVQ K5, (R11)

#define LOAD_STREAM LOAD_ONE
#define NEXT_STREAM

// func forward64AVX512(t *tile)
TEXT ·forward64AVX512(SB), NOSPLIT, $0-8

#include "forward_amd64.h"

#undef LOAD_STREAM
#undef NEXT_STREAM

#define LOAD_STREAM LOAD_NEXT
#define NEXT_STREAM AGAIN

// func batch64AVX512(t *batchTile)
TEXT ·batch64AVX512(SB), NOSPLIT, $0-8

#include "forward_amd64.h"

#undef COLUMNS
#undef EACH
#undef VECTORS
#undef STORE_SPIKES

#define COLUMNS 16

#define EACH(op) op(0, Z0, Z4, Z8, Z12, K1, Z24)

#define VECTORS(op) op(Z0, Z16, Z20, Z24)

#define STORE_SPIKES KMOVW K1, (R11)

// func batch16AVX512(t *batchTile)
TEXT ·batch16AVX512(SB), NOSPLIT, $0-8

#include "forward_amd64.h"

#undef LOAD_STREAM
#undef NEXT_STREAM

#define LOAD_STREAM LOAD_ONE
#define NEXT_STREAM

// func forward16AVX512(t *tile)
TEXT ·forward16AVX512(SB), NOSPLIT, $0-8

#include "forward_amd64.h"
