//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "sum_neon_arm64.h"

// LOAD_SUM_TILE loads what both widths of SumRows have in common. Per row of dst
// the sums start there and take in one listed row after the other.
//
//	R0-R5 as sum_neon_arm64.h has them    R6 rows of dst left
//	R7 row of dst    R8 bytes from it to the next    R10 R11 temporaries
#define LOAD_SUM_TILE \
	MOVD t+0(FP), R0; \
	MOVD sumTile_src(R0), R1; \
	MOVD sumTile_srcStride(R0), R2; \
	MOVD sumTile_rows(R0), R3; \
	MOVD sumTile_values(R0), R4; \
	MOVD sumTile_ends(R0), R5; \
	MOVD sumTile_steps(R0), R6; \
	MOVD sumTile_dst(R0), R7; \
	MOVD sumTile_dstStride(R0), R8

// func sumRows64NEON(t *sumTile)
TEXT ·sumRows64NEON(SB), NOSPLIT, $0-8
	LOAD_SUM_TILE

row:
	LIST_END(sumTile_rows)
	CMP R10, R3
	BEQ next
	MOVD R7, R11
	LOAD64(R11)
	CALL sum64<>(SB)
	MOVD R7, R11
	STORE64(R11)

next:
	ADD R8, R7
	SUBS $1, R6
	BNE row
	RET

// func sumRows16NEON(t *sumTile)
TEXT ·sumRows16NEON(SB), NOSPLIT, $0-8
	LOAD_SUM_TILE

row:
	LIST_END(sumTile_rows)
	CMP R10, R3
	BEQ next
	VLD1 (R7), [V0.S4, V1.S4, V2.S4, V3.S4]
	CALL sum16<>(SB)
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R7)

next:
	ADD R8, R7
	SUBS $1, R6
	BNE row
	RET

// LOAD_SPIKE_TILE loads what both widths of SumSpikes have in common.
//
//	R0 tile    R1 src, row 0    R2 bytes from a row of src to the next
//	R3 next word    R4 bytes from it to the one after    R5 bits left
//	R6 rows of dst left    R7 row of dst    R8 bytes from it to the next
//	R9 bit    R10 row of src    R11 row of dst
#define LOAD_SPIKE_TILE \
	MOVD t+0(FP), R0; \
	MOVD spikeTile_src(R0), R1; \
	MOVD spikeTile_srcStride(R0), R2; \
	MOVD spikeTile_words(R0), R3; \
	MOVD spikeTile_wordStride(R0), R4; \
	MOVD spikeTile_rows(R0), R6; \
	MOVD spikeTile_dst(R0), R7; \
	MOVD spikeTile_dstStride(R0), R8

// NEXT_WORD goes to none if the next word has no bits.
#define NEXT_WORD(none) \
	MOVD (R3), R5; \
	ADD R4, R3; \
	CBZ R5, none

// NEXT_SPIKE takes a bit out of R5 and finds its row.
#define NEXT_SPIKE \
	RBIT R5, R9; \
	CLZ R9, R9; \
	SUB $1, R5, R10; \
	AND R10, R5, R5; \
	MADD R2, R1, R9, R10

// func sumSpikes64NEON(t *spikeTile)
//
//	V0-V15 sums    V16-V31 row
TEXT ·sumSpikes64NEON(SB), NOSPLIT, $0-8
	LOAD_SPIKE_TILE

row:
	NEXT_WORD(next)
	MOVD R7, R11
	LOAD64(R11)

add:
	NEXT_SPIKE
	LOAD16(R10, 16, 17, 18, 19)
	LOAD16(R10, 20, 21, 22, 23)
	LOAD16(R10, 24, 25, 26, 27)
	LOAD16(R10, 28, 29, 30, 31)
	EACH(VFADD, 16, 0, 0)
	EACH(VFADD, 20, 4, 4)
	EACH(VFADD, 24, 8, 8)
	EACH(VFADD, 28, 12, 12)
	CBNZ R5, add
	MOVD R7, R11
	STORE64(R11)

next:
	ADD R8, R7
	SUBS $1, R6
	BNE row
	RET

// func sumSpikes16NEON(t *spikeTile)
//
//	V0-V3 sums    V16-V19 row
TEXT ·sumSpikes16NEON(SB), NOSPLIT, $0-8
	LOAD_SPIKE_TILE

row:
	NEXT_WORD(next)
	VLD1 (R7), [V0.S4, V1.S4, V2.S4, V3.S4]

add:
	NEXT_SPIKE
	LOAD16(R10, 16, 17, 18, 19)
	EACH(VFADD, 16, 0, 0)
	CBNZ R5, add
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R7)

next:
	ADD R8, R7
	SUBS $1, R6
	BNE row
	RET

// func dotRows8NEON(group *dotGroup)
//
// Adds the products of eight rows and d to their 16 lanes: over panels, each
// of vectors×16 columns, the next one's columns skip bytes further on. Then it
// folds the lanes to one sum a row, as DotRows says. Registers hold the lanes
// of four rows, so the second four are a second pass.
//
//	R0 next four row addresses    R1 next sums    R2 next lanes    R3 passes left
//	R4 d    R5-R8 the rows    R9 skip
//	R10 panels left    R11 vectors×16 columns left in the panel
//	R12 g    R13 end of the lanes' pass
//	V0-V15 lanes    V16-V19 part of d    V20-V31 parts of three rows
TEXT ·dotRows8NEON(SB), NOSPLIT, $0-8
	MOVD group+0(FP), R12
	ADD $dotGroup_rows, R12, R0
	ADD $dotGroup_sums, R12, R1
	ADD $dotGroup_lanes, R12, R2
	MOVD dotGroup_skip(R12), R9
	MOVD $2, R3

pass:
	LDP.P 16(R0), (R5, R6)
	LDP.P 16(R0), (R7, R8)
	MOVD dotGroup_d(R12), R4
	MOVD dotGroup_panels(R12), R10
	MOVD R2, R13
	LOAD64(R13)

panel:
	MOVD dotGroup_vectors(R12), R11

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
	SUBS $1, R11
	BNE vector

nextPanel:
	ADD R9, R5
	ADD R9, R6
	ADD R9, R7
	ADD R9, R8
	SUBS $1, R10
	BNE panel

	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R2)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R2)
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R2)
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R2)

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
	VST1.P [V16.S4], 16(R1)
	SUBS $1, R3
	BNE pass
	RET

// func adamNEON(a *AdamStep, w, m, v, grad *float32, n int)
//
// AdamStep.Apply for n elements, a multiple of 16, four vectors a turn.
//
//	R0 w    R1 m    R2 v    R3 g    R4 elements left
//	V0-V3 g    V4-V7 m    V8-V11 v    V12-V15 w    V16-V19 temporaries
//	V24 Rate    V25 Epsilon    V26 Beta1    V27 Beta2    V28 Shrink
//	V29 1-Beta1    V30 1-Beta2
TEXT ·adamNEON(SB), NOSPLIT, $0-48
	MOVD a+0(FP), R5
	ADD $AdamStep_Rate, R5, R6
	VLD1R (R6), [V24.S4]
	ADD $AdamStep_Epsilon, R5, R6
	VLD1R (R6), [V25.S4]
	ADD $AdamStep_Beta1, R5, R6
	VLD1R (R6), [V26.S4]
	ADD $AdamStep_Beta2, R5, R6
	VLD1R (R6), [V27.S4]
	ADD $AdamStep_Shrink, R5, R6
	VLD1R (R6), [V28.S4]
	FMOVS $1.0, F31
	VDUP V31.S[0], V31.S4
	VFSUB(26, 31, 29)
	VFSUB(27, 31, 30)
	MOVD w+8(FP), R0
	MOVD m+16(FP), R1
	MOVD v+24(FP), R2
	MOVD grad+32(FP), R3
	MOVD n+40(FP), R4

turn:
	VLD1.P 64(R3), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1 (R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1 (R2), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1 (R0), [V12.S4, V13.S4, V14.S4, V15.S4]

	// v = β₂·v + ((1−β₂)·g)·g
	WITH(VFMUL, 30, 0, 16)
	WITH(VFMUL, 27, 8, 8)
	EACH(VFMUL, 0, 16, 16)
	EACH(VFADD, 16, 8, 8)
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R2)

	// m = β₁·m + (1−β₁)·g
	WITH(VFMUL, 29, 0, 0)
	WITH(VFMUL, 26, 4, 4)
	EACH(VFADD, 0, 4, 4)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R1)

	// w = (w − Shrink·w) − (Rate·m)/(√v + Epsilon)
	EACH1(VFSQRT, 8, 8)
	WITH(VFMUL, 24, 4, 4)
	WITH(VFMUL, 28, 12, 16)
	WITH(VFADD, 25, 8, 8)
	EACH(VFDIV, 8, 4, 4)
	EACH(VFSUB, 16, 12, 12)
	EACH(VFSUB, 4, 12, 12)
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R0)
	SUBS $16, R4
	BNE turn

end:
	RET
