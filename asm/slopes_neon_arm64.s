//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "exp_neon_arm64.h"

// func evaluateNEON(t *slopeTile)
//
// Slopes.Evaluate for up to 15 steps, 16 neurons at a time. Operands are in Go's
// order, the destination last.
//
//	R0 tile    R1 blocks left    R2 bias    R3 sets of steps
//	R4 membranes and R5 slopes of the first step
//	R6 membranes and R7 slopes of a step    R8 steps left    R9 bit of the step
//	R10 sStride    R11 dStride    R12 1/Width    R13 Width/2    R14 kind
//	R15 temporary
//	V4-V7 bias    V8-V11 u, then the slope    V28-V31 sets of steps
//	V0-V3 and V12-V19 temporaries    V20-V27 constants of EXP
TEXT ·evaluateNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	MOVD slopeTile_blocks(R0), R1
	MOVD slopeTile_bias(R0), R2
	MOVD slopeTile_open(R0), R3
	MOVD slopeTile_s(R0), R4
	MOVD slopeTile_d(R0), R5
	MOVD slopeTile_sStride(R0), R10
	MOVD slopeTile_dStride(R0), R11
	ADD $slopeTile_inverse, R0, R12
	ADD $slopeTile_half, R0, R13
	MOVBU slopeTile_kind(R0), R14
	EXP_CONSTANTS(R15)

block:
	MOVD R4, R6
	MOVD R5, R7
	MOVD slopeTile_steps(R0), R8
	MOVD $1, R9
	LOAD16(R2, 4, 5, 6, 7)
	VEOR V28.B16, V28.B16, V28.B16
	VEOR V29.B16, V29.B16, V29.B16
	VEOR V30.B16, V30.B16, V30.B16
	VEOR V31.B16, V31.B16, V31.B16

step:
	MOVD R6, R15
	LOAD16(R15, 8, 9, 10, 11)
	CMP $const_slopeSoft, R14
	BEQ soft
	EACH(VFADD, 4, 8, 8)
	VLD1R (R12), [V12.S4]
	CBZ R14, boxcar
	WITH(VFMUL, 12, 8, 8)
	CMP $const_Arctan, R14
	BEQ arctan
	EACH1(VFABS, 8, 8)
	CMP $const_TanhPrime, R14
	BEQ tanh
	BGT fastSigmoid

	// Triangle. The maximum of 0 and what is no number is the latter, as in Go.
	VEOR V12.B16, V12.B16, V12.B16
	FROM(VFSUB, 8, ONE, 8)
	WITH(VFMAX, 12, 8, 8)

	// A slope is not 0 if a bit but the sign is set.
store:
	VST1 [V8.S4, V9.S4, V10.S4, V11.S4], (R7)
	VDUP R9, V12.S4
	VSHL $1, V8.S4, V8.S4
	VSHL $1, V9.S4, V9.S4
	VSHL $1, V10.S4, V10.S4
	VSHL $1, V11.S4, V11.S4
	VCMTST V8.S4, V8.S4, V8.S4
	VCMTST V9.S4, V9.S4, V9.S4
	VCMTST V10.S4, V10.S4, V10.S4
	VCMTST V11.S4, V11.S4, V11.S4
	VAND V12.B16, V8.B16, V8.B16
	VAND V12.B16, V9.B16, V9.B16
	VAND V12.B16, V10.B16, V10.B16
	VAND V12.B16, V11.B16, V11.B16
	VORR V8.B16, V28.B16, V28.B16
	VORR V9.B16, V29.B16, V29.B16
	VORR V10.B16, V30.B16, V30.B16
	VORR V11.B16, V31.B16, V31.B16
	LSL $1, R9
	ADD R10, R6
	ADD R11, R7
	SUBS $1, R8
	BNE step
	VST1.P [V28.S4, V29.S4, V30.S4, V31.S4], 64(R3)
	ADD $64, R4
	ADD $64, R5
	SUBS $1, R1
	BNE block
	RET

soft:
	FROM(VFSUB, 8, ONE, 0)
	EACH(VFMUL, 0, 8, 8)
	B store

boxcar:
	VLD1R (R13), [V13.S4]
	EACH1(VFABS, 8, 8)
	FROM(VFCMGT, 8, 13, 8)
	VAND V12.B16, V8.B16, V8.B16
	VAND V12.B16, V9.B16, V9.B16
	VAND V12.B16, V10.B16, V10.B16
	VAND V12.B16, V11.B16, V11.B16
	B store

	// Doubling is exact: −2·|x| and 4·e are sums.
tanh:
	EACH(VFADD, 8, 8, 8)
	EACH1(VFNEG, 8, 8)
	WITH(VFMAX, LOW, 8, 8)
	EXP
	WITH(VFADD, ONE, 16, 0)
	EACH(VFMUL, 0, 0, 0)
	EACH(VFADD, 16, 16, 16)
	EACH(VFADD, 16, 16, 16)
	EACH(VFDIV, 0, 16, 8)
	B store

fastSigmoid:
	WITH(VFADD, ONE, 8, 8)
	EACH(VFMUL, 8, 8, 8)
	FROM(VFDIV, 8, ONE, 8)
	B store

arctan:
	EACH(VFMUL, 8, 8, 8)
	WITH(VFADD, ONE, 8, 8)
	FROM(VFDIV, 8, ONE, 8)
	B store
