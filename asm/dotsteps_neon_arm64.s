//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func dotStepsNEON(t *stepTile)
//
// DotSteps for up to 15 steps. Row by row of w, four steps of its set at once: a
// part of the row is loaded once for all of them. Where fewer steps are left,
// the last one fills up the four.
//
//	R0 tile    R1 steps left    R2 next set    R3 inputs left
//	R4 row of w    R5-R8 rows of d    R9 dSkip    R10 wSkip
//	R11 panels left    R12 vectors×16 columns left in the panel
//	R13-R16 the steps    R17 temporary    R19 part    R20 parts left
//	R21 dst    R22 dstStride    R23 dStride    R24 d
//	V0-V15 lanes    V16-V19 part of the row of w    V20-V31 parts of three rows
TEXT ·dotStepsNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	MOVD stepTile_words(R0), R2
	MOVD stepTile_inputs(R0), R3
	MOVD stepTile_dst(R0), R21
	MOVD stepTile_dstStride(R0), R22
	MOVD (stepTile_parts+stepPart_w)(R0), R17
	MOVD R17, (stepTile_parts+stepPart_row)(R0)
	MOVD (stepTile_parts+stepPart__size+stepPart_w)(R0), R17
	MOVD R17, (stepTile_parts+stepPart__size+stepPart_row)(R0)

input:
	MOVWU.P 4(R2), R1
	CBZ R1, nextInput

// NEXT puts the first step left into step, or last if there is none.
#define NEXT(last, step) \
	RBIT R1, R17; \
	CLZ R17, R17; \
	CMP $0, R1; \
	CSEL NE, R17, last, step; \
	SUB $1, R1, R17; \
	AND R17, R1

// ROW puts the row of d of step into row.
#define ROW(step, row) MADD R23, R24, step, row

group:
	NEXT(ZR, R13)
	NEXT(R13, R14)
	NEXT(R14, R15)
	NEXT(R15, R16)
	ADD $stepTile_parts, R0, R19
	MOVD $2, R20
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	VEOR V7.B16, V7.B16, V7.B16
	VEOR V8.B16, V8.B16, V8.B16
	VEOR V9.B16, V9.B16, V9.B16
	VEOR V10.B16, V10.B16, V10.B16
	VEOR V11.B16, V11.B16, V11.B16
	VEOR V12.B16, V12.B16, V12.B16
	VEOR V13.B16, V13.B16, V13.B16
	VEOR V14.B16, V14.B16, V14.B16
	VEOR V15.B16, V15.B16, V15.B16

part:
	MOVD stepPart_panels(R19), R11
	CBZ R11, nextPart
	MOVD stepPart_d(R19), R24
	MOVD stepPart_dStride(R19), R23
	MOVD stepPart_row(R19), R4
	MOVD stepPart_wSkip(R19), R10
	MOVD stepPart_dSkip(R19), R9
	ROW(R13, R5)
	ROW(R14, R6)
	ROW(R15, R7)
	ROW(R16, R8)

panel:
	MOVD stepPart_vectors(R19), R12

vector:
	LOAD16(R4, 16, 17, 18, 19)
	LOAD16(R5, 20, 21, 22, 23)
	LOAD16(R6, 24, 25, 26, 27)
	LOAD16(R7, 28, 29, 30, 31)
	EACH(VFMUL, 16, 20, 20)
	EACH(VFMUL, 16, 24, 24)
	EACH(VFADD, 20, 0, 0)
	LOAD16(R8, 20, 21, 22, 23)
	EACH(VFMUL, 16, 28, 28)
	EACH(VFADD, 24, 4, 4)
	EACH(VFMUL, 16, 20, 20)
	EACH(VFADD, 28, 8, 8)
	EACH(VFADD, 20, 12, 12)
	SUBS $1, R12
	BNE vector
	ADD R10, R4
	ADD R9, R5
	ADD R9, R6
	ADD R9, R7
	ADD R9, R8
	SUBS $1, R11
	BNE panel

nextPart:
	ADD $stepPart__size, R19
	SUBS $1, R20
	BNE part

// FOLD adds lanes i and i+8, then i and i+4; v0 keeps the four sums.
#define FOLD(v0, v1, v2, v3) \
	VFADD(v2, v0, v0); \
	VFADD(v3, v1, v1); \
	VFADD(v1, v0, v0)

	FOLD(0, 1, 2, 3)
	FOLD(4, 5, 6, 7)
	FOLD(8, 9, 10, 11)
	FOLD(12, 13, 14, 15)

	// Lanes i and i+2 of two rows at once, then i and i+1 of all four.
	VUZP1 V4.D2, V0.D2, V16.D2
	VUZP2 V4.D2, V0.D2, V17.D2
	VUZP1 V12.D2, V8.D2, V18.D2
	VUZP2 V12.D2, V8.D2, V19.D2
	VFADD(17, 16, 16)
	VFADD(19, 18, 18)
	VFADDP(18, 16, 16)

#define STORE(i, step) \
	MADD R22, R21, step, R17; \
	VST1 V16.S[i], (R17)

	STORE(0, R13)
	STORE(1, R14)
	STORE(2, R15)
	STORE(3, R16)
	CBNZ R1, group

nextInput:
	ADD $4, R21
	MOVD (stepTile_parts+stepPart_row)(R0), R17
	MOVD (stepTile_parts+stepPart_wStride)(R0), R23
	ADD R23, R17
	MOVD R17, (stepTile_parts+stepPart_row)(R0)
	MOVD (stepTile_parts+stepPart__size+stepPart_row)(R0), R17
	MOVD (stepTile_parts+stepPart__size+stepPart_wStride)(R0), R23
	ADD R23, R17
	MOVD R17, (stepTile_parts+stepPart__size+stepPart_row)(R0)
	SUBS $1, R3
	BNE input
	RET
