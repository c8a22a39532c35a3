//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func scatterBytesNEON(l *byteList)
//
// 32 weights a turn, then what is left of a run.
//
//	R1 weights    R2 lanes    R3 offsets    R4 runs    R5 weights of a run
//	R6 places    R7 next input    R8 inputs left
//	R11 lanes, where the input's pattern begins    R12 next weights
//	R13 next offset    R14 runs left    R15 lanes of the run    R19 left of it
//	V0-V3 lanes    V16 V17 weights
TEXT ·scatterBytesNEON(SB), NOSPLIT, $0-8
	MOVD l+0(FP), R0
	LDP byteList_weights(R0), (R1, R2)
	LDP byteList_offsets(R0), (R3, R4)
	LDP byteList_width(R0), (R5, R6)
	LDP byteList_inputs(R0), (R7, R8)

input:
	MOVWU.P 4(R7), R13
	ADD R13<<3, R6, R13
	LDPW (R13), (R11, R12)
	ADD R11<<1, R2, R11
	ADD R12, R1, R12
	MOVD R3, R13
	MOVD R4, R14

run:
	MOVWU.P 4(R13), R15
	ADD R15<<1, R11, R15
	SUBS $32, R5, R19
	BLT rest

block:
	FMOVQ (R12), F16
	FMOVQ 16(R12), F17
	FMOVQ (R15), F0
	FMOVQ 16(R15), F1
	FMOVQ 32(R15), F2
	FMOVQ 48(R15), F3
	VFSADDW(16, 0, 0)
	VFSADDW2(16, 1, 1)
	VFSADDW(17, 2, 2)
	VFSADDW2(17, 3, 3)
	FMOVQ F0, (R15)
	FMOVQ F1, 16(R15)
	FMOVQ F2, 32(R15)
	FMOVQ F3, 48(R15)
	ADD $32, R12
	ADD $64, R15
	SUBS $32, R19
	BGE block

rest:
	TBZ $4, R19, rest8
	FMOVQ (R12), F16
	FMOVQ (R15), F0
	FMOVQ 16(R15), F1
	VFSADDW(16, 0, 0)
	VFSADDW2(16, 1, 1)
	FMOVQ F0, (R15)
	FMOVQ F1, 16(R15)
	ADD $16, R12
	ADD $32, R15

rest8:
	TBZ $3, R19, next
	FMOVD (R12), F16
	FMOVQ (R15), F0
	VFSADDW(16, 0, 0)
	FMOVQ F0, (R15)
	ADD $8, R12

next:
	SUBS $1, R14
	BNE run
	SUBS $1, R8
	BNE input
	RET

// func joinLanesNEON(t *laneRow)
//
//	R7 lanes    R8 out    R9 start    R10 scale    R12 columns left
//	V16 lanes    V0 V1 sums    V4 V5 temporaries    V31 zero
TEXT ·joinLanesNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	LDP laneRow_lanes(R0), (R7, R12)
	LDP laneRow_out(R0), (R8, R9)
	MOVD laneRow_scale(R0), R10
	VEOR V31.B16, V31.B16, V31.B16

turn:
	FMOVQ (R7), F16
	FMOVQ F31, (R7)
	VSXTL(16, 0)
	VSXTL2(16, 1)
	VSCVTF(0, 0)
	VSCVTF(1, 1)
	VLD1.P 32(R10), [V4.S4, V5.S4]
	VFMUL(4, 0, 0)
	VFMUL(5, 1, 1)
	VLD1.P 32(R9), [V4.S4, V5.S4]
	VFADD(4, 0, 0)
	VFADD(5, 1, 1)
	VST1.P [V0.S4, V1.S4], 32(R8)
	ADD $16, R7
	SUBS $8, R12
	BNE turn
	RET
