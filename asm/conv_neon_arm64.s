//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// LOAD4 loads four vectors from offset on, STORE4 stores them.
#define LOAD4(from, offset, a, b, c, d) \
	FMOVQ (offset)(from), F(a); \
	FMOVQ (offset+16)(from), F(b); \
	FMOVQ (offset+32)(from), F(c); \
	FMOVQ (offset+48)(from), F(d)

#define STORE4(a, b, c, d, to, offset) \
	FMOVQ F(a), (offset)(to); \
	FMOVQ F(b), (offset+16)(to); \
	FMOVQ F(c), (offset+32)(to); \
	FMOVQ F(d), (offset+48)(to)

// func scatterRunsNEON(l *scatterList, collect bool)
//
// Scatter.Add, from packed to strided, and Collect, from strided to packed: 32
// elements a turn, then what is left of a run. Spikes skip the multiplication.
//
//	R1 packed    R2 strided    R3 offsets    R4 runs    R5 bytes of a run
//	R6 places    R7 next input    R8 inputs left    R9 next value, 0 for none
//	R10 collect
//	R11 strided, where the input's pattern begins    R12 packed run
//	R13 next offset    R14 runs left    R15 strided run
//	R16 from    R17 to    R19 bytes left of the run
//	V0-V7 sums    V16-V23 products    V31 value
TEXT ·scatterRunsNEON(SB), NOSPLIT, $0-9
	MOVD l+0(FP), R0
	MOVBU collect+8(FP), R10
	LDP scatterList_packed(R0), (R1, R2)
	LDP scatterList_offsets(R0), (R3, R4)
	LDP scatterList_width(R0), (R5, R6)
	LDP scatterList_inputs(R0), (R7, R8)
	MOVD scatterList_values(R0), R9
	FMOVS $1.0, F31
	VDUP V31.S[0], V31.S4

input:
	MOVWU.P 4(R7), R13
	ADD R13<<3, R6, R13
	LDPW (R13), (R11, R12)
	ADD R11<<2, R2, R11
	ADD R12<<2, R1, R12
	MOVD R3, R13
	MOVD R4, R14
	CBZ R9, run
	VLD1R.P 4(R9), [V31.S4]

run:
	MOVWU.P 4(R13), R15
	ADD R15<<2, R11, R15
	CMP $0, R10
	CSEL EQ, R12, R15, R16
	CSEL EQ, R15, R12, R17
	ADD R5, R12
	SUBS $128, R5, R19
	BLT rest

block:
	LOAD4(R16, 0, 16, 17, 18, 19)
	LOAD4(R16, 64, 20, 21, 22, 23)
	LOAD4(R17, 0, 0, 1, 2, 3)
	LOAD4(R17, 64, 4, 5, 6, 7)
	CBZ R9, add

scaled:
	WITH(VFMUL, 31, 16, 16)
	WITH(VFMUL, 31, 20, 20)

add:
	EACH(VFADD, 16, 0, 0)
	EACH(VFADD, 20, 4, 4)
	STORE4(0, 1, 2, 3, R17, 0)
	STORE4(4, 5, 6, 7, R17, 64)
	ADD $128, R16
	ADD $128, R17
	SUBS $128, R19
	BGE block

rest:
	TBZ $6, R19, rest8
	LOAD4(R16, 0, 16, 17, 18, 19)
	LOAD4(R17, 0, 0, 1, 2, 3)
	CBZ R9, add16
	WITH(VFMUL, 31, 16, 16)

add16:
	EACH(VFADD, 16, 0, 0)
	STORE4(0, 1, 2, 3, R17, 0)
	ADD $64, R16
	ADD $64, R17

rest8:
	TBZ $5, R19, next
	FMOVQ (R16), F16
	FMOVQ 16(R16), F17
	FMOVQ (R17), F0
	FMOVQ 16(R17), F1
	VFMUL(31, 16, 16)
	VFMUL(31, 17, 17)
	VFADD(16, 0, 0)
	VFADD(17, 1, 1)
	FMOVQ F0, (R17)
	FMOVQ F1, 16(R17)

next:
	SUBS $1, R14
	BNE run
	SUBS $1, R8
	BNE input
	RET

// func scatterDotNEON(l *dotList)
//
// Four inputs at once, eight products of each a turn, so that the adds need not
// wait for each other.
//
//	V0-V7 lanes of the inputs, two vectors an input
//	V16-V23 weights, then products    V24-V31 delta
//	R0 list    R1-R4 weights of the inputs
//	R5-R8 delta, where the patterns of the inputs begin    R9-R12 their runs
//	R13 next offset    R14 runs left    R15 bytes of a run    R16 bytes left
//	R17 next input    R19 sums    R20 inputs in groups left    R21 temporary
TEXT ·scatterDotNEON(SB), NOSPLIT, $0-8
	MOVD l+0(FP), R0
	MOVD dotList_width(R0), R15
	LDP dotList_inputs(R0), (R17, R19)
	MOVD dotList_groups(R0), R20

// PLACE finds the weights and delta of the next input.
#define PLACE(weights, delta) \
	MOVWU.P 4(R17), R21; \
	ADD R21<<3, R11, R21; \
	LDPW (R21), (delta, weights); \
	ADD delta<<2, R10, delta; \
	ADD weights<<2, R9, weights

group:
	LDP dotList_weights(R0), (R9, R10)
	MOVD dotList_places(R0), R11
	PLACE(R1, R5)
	PLACE(R2, R6)
	PLACE(R3, R7)
	PLACE(R4, R8)
	LDP dotList_offsets(R0), (R13, R14)
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	VEOR V7.B16, V7.B16, V7.B16

dotRun:
	MOVWU.P 4(R13), R21
	ADD R21<<2, R5, R9
	ADD R21<<2, R6, R10
	ADD R21<<2, R7, R11
	ADD R21<<2, R8, R12
	MOVD R15, R16

// LOAD8 loads eight elements and moves on.
#define LOAD8(from, a, b) \
	FMOVQ (from), F(a); \
	FMOVQ 16(from), F(b); \
	ADD $32, from

vector:
	LOAD8(R1, 16, 17)
	LOAD8(R9, 24, 25)
	LOAD8(R2, 18, 19)
	LOAD8(R10, 26, 27)
	LOAD8(R3, 20, 21)
	LOAD8(R11, 28, 29)
	LOAD8(R4, 22, 23)
	LOAD8(R12, 30, 31)
	EACH(VFMUL, 24, 16, 16)
	EACH(VFMUL, 28, 20, 20)
	EACH(VFADD, 16, 0, 0)
	EACH(VFADD, 20, 4, 4)
	SUBS $32, R16
	BGT vector

nextRun:
	SUBS $1, R14
	BNE dotRun

	// Lanes i and i+4; i and i+2 of two inputs at once; i and i+1 of all four.
	VFADD(1, 0, 0)
	VFADD(3, 2, 2)
	VFADD(5, 4, 4)
	VFADD(7, 6, 6)
	VUZP1 V2.D2, V0.D2, V16.D2
	VUZP2 V2.D2, V0.D2, V17.D2
	VUZP1 V6.D2, V4.D2, V18.D2
	VUZP2 V6.D2, V4.D2, V19.D2
	VFADD(17, 16, 16)
	VFADD(19, 18, 18)
	VFADDP(18, 16, 16)
	VST1.P [V16.S4], 16(R19)
	SUBS $1, R20
	BNE group
	RET
