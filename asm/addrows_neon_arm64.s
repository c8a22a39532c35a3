//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func addRows8NEON(group *rowGroup)
//
//	for j := range g.columns {
//		for k := range 8 {
//			acc[j] += rows[k][j]             // or rows[k][j]*values[k]
//		}
//	}
//
// A turn does 16 columns. The loads run three rows ahead of the additions.
//
//	R0 g    R1 acc    R2 columns left    R3-R10 the rows
//	V0-V3 sums    V16-V31 four rows    V4, V5 values
TEXT ·addRows8NEON(SB), NOSPLIT, $0-8
	MOVD group+0(FP), R0
	MOVD rowGroup_acc(R0), R1
	MOVD rowGroup_columns(R0), R2
	LDP rowGroup_rows+0(R0), (R3, R4)
	LDP rowGroup_rows+16(R0), (R5, R6)
	LDP rowGroup_rows+32(R0), (R7, R8)
	LDP rowGroup_rows+48(R0), (R9, R10)
	MOVBU rowGroup_scaled(R0), R11
	CBNZ R11, scaled

spikes:
	VLD1 (R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	LOAD16(R3, 16, 17, 18, 19)
	LOAD16(R4, 20, 21, 22, 23)
	LOAD16(R5, 24, 25, 26, 27)
	LOAD16(R6, 28, 29, 30, 31)
	EACH(VFADD, 16, 0, 0)
	LOAD16(R7, 16, 17, 18, 19)
	EACH(VFADD, 20, 0, 0)
	LOAD16(R8, 20, 21, 22, 23)
	EACH(VFADD, 24, 0, 0)
	LOAD16(R9, 24, 25, 26, 27)
	EACH(VFADD, 28, 0, 0)
	LOAD16(R10, 28, 29, 30, 31)
	EACH(VFADD, 16, 0, 0)
	EACH(VFADD, 20, 0, 0)
	EACH(VFADD, 24, 0, 0)
	EACH(VFADD, 28, 0, 0)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R1)
	SUBS $16, R2
	BNE spikes
	RET

scaled:
	ADD $rowGroup_values, R0
	VLD1 (R0), [V4.S4, V5.S4]

turn:
	VLD1 (R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	LOAD16(R3, 16, 17, 18, 19)
	LOAD16(R4, 20, 21, 22, 23)
	LOAD16(R5, 24, 25, 26, 27)
	LOAD16(R6, 28, 29, 30, 31)
	WITH(VFMUL_S0, 4, 16, 16)
	WITH(VFMUL_S1, 4, 20, 20)
	EACH(VFADD, 16, 0, 0)
	LOAD16(R7, 16, 17, 18, 19)
	WITH(VFMUL_S2, 4, 24, 24)
	EACH(VFADD, 20, 0, 0)
	LOAD16(R8, 20, 21, 22, 23)
	WITH(VFMUL_S3, 4, 28, 28)
	EACH(VFADD, 24, 0, 0)
	LOAD16(R9, 24, 25, 26, 27)
	WITH(VFMUL_S0, 5, 16, 16)
	EACH(VFADD, 28, 0, 0)
	LOAD16(R10, 28, 29, 30, 31)
	WITH(VFMUL_S1, 5, 20, 20)
	EACH(VFADD, 16, 0, 0)
	WITH(VFMUL_S2, 5, 24, 24)
	EACH(VFADD, 20, 0, 0)
	WITH(VFMUL_S3, 5, 28, 28)
	EACH(VFADD, 24, 0, 0)
	EACH(VFADD, 28, 0, 0)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R1)
	SUBS $16, R2
	BNE turn
	RET
