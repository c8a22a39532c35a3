//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func backward16NEON(t *backTile)
//
// Backward for 16 neurons. No multiply-add is fused. Operands are in Go's order,
// the destination last.
//
//	R0 tile    R1 gradients    R2 slopes
//	R3 membranes, R4 spikes and R5 soft outputs after the step;
//	    from take on, before the step
//	R6 δ    R7 steps left    R8 stride    R9 sStride    R10 yStride
//	R11 deltaStride    R12 through    R13 shut    R14 activation    R15 output
//	R16 temporary
//	V0-V3 Next    V4-V7 Bias    V8-V11 Current    V12-V15 Decay
//	V16-V19 G, then du, ds and δ    V20-V23 Next·Decay, then temporaries
//	V24-V28 temporaries    V29 one    V30 ones    V31 Units.Slope

#define ONE 29

// SILENT sets V24-V27 to 0 where there is a spike, else to 1.
#define SILENT \
	VLD1R (R4), [V28.H8]; \
	MOVD $·spikeBits(SB), R16; \
	LOAD16(R16, 24, 25, 26, 27); \
	VEOR V30.B16, V28.B16, V28.B16; \
	VCMTST V28.S4, V24.S4, V24.S4; \
	VCMTST V28.S4, V25.S4, V25.S4; \
	VCMTST V28.S4, V26.S4, V26.S4; \
	VCMTST V28.S4, V27.S4, V27.S4; \
	VAND V29.B16, V24.B16, V24.B16; \
	VAND V29.B16, V25.B16, V25.B16; \
	VAND V29.B16, V26.B16, V26.B16; \
	VAND V29.B16, V27.B16, V27.B16

// SOFT sets V24-V27 to 1 less the soft output.
#define SOFT \
	LOAD(R5, 24, 25, 26, 27); \
	FROM(VFSUB, 24, ONE, 24)

// LOAD is LOAD16 that stays.
#define LOAD(from, a, b, c, d) \
	MOVD from, R16; \
	LOAD16(R16, a, b, c, d)

// LOAD_FIELD loads the 16 elements that a field of the tile points to.
#define LOAD_FIELD(field, a, b, c, d) \
	MOVD field(R0), R16; \
	LOAD16(R16, a, b, c, d)

// POSITIVE sets V20-V23 to ones where s in V24-V27 is above 0.
#define POSITIVE \
	LOAD(R3, 24, 25, 26, 27); \
	EACH1(VFCMGT0, 24, 20)

// CHOOSE_ONE replaces V24-V27 by 1 where V20-V23 are ones.
#define CHOOSE_ONE \
	VBIT V20.B16, V29.B16, V24.B16; \
	VBIT V21.B16, V29.B16, V25.B16; \
	VBIT V22.B16, V29.B16, V26.B16; \
	VBIT V23.B16, V29.B16, V27.B16

TEXT ·backward16NEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	MOVD backTile_steps(R0), R7
	MOVD backTile_grad(R0), R1
	MOVD backTile_slope(R0), R2
	MOVD backTile_s(R0), R3
	MOVD backTile_y(R0), R4
	MOVD backTile_soft(R0), R5
	MOVD backTile_delta(R0), R6
	MOVD backTile_stride(R0), R8
	MOVD backTile_sStride(R0), R9
	MOVD backTile_yStride(R0), R10
	MOVD backTile_deltaStride(R0), R11
	MOVBU backTile_through(R0), R12
	MOVBU backTile_shut(R0), R13
	MOVBU backTile_activation(R0), R14
	MOVBU backTile_output(R0), R15
	LOAD_FIELD(backTile_next, 0, 1, 2, 3)
	LOAD_FIELD(backTile_biasSum, 4, 5, 6, 7)
	LOAD_FIELD(backTile_currentSum, 8, 9, 10, 11)
	LOAD_FIELD(backTile_decaySum, 12, 13, 14, 15)
	FMOVS $1.0, F29
	VDUP V29.S[0], V29.S4
	VCMEQ V30.S4, V30.S4, V30.S4
	ADD $backTile_factor, R0, R16
	VLD1R (R16), [V31.S4]

step:
	LOAD_FIELD(backTile_decay, 20, 21, 22, 23)
	LOAD(R1, 16, 17, 18, 19)
	EACH(VFMUL, 0, 20, 20)
	CBZ R12, output
	CMP $const_throughSubtract, R12
	BEQ throughSubtract
	LOAD(R3, 24, 25, 26, 27)
	EACH(VFMUL, 20, 24, 24)
	EACH(VFSUB, 24, 16, 16)

output:
	CMP $const_NoOutput, R15
	BEQ sum
	LOAD(R2, 24, 25, 26, 27)
	EACH(VFMUL, 24, 16, 16)
	EACH(VFADD, 16, 4, 4)
	CBZ R13, sum
	CMP $const_shutSoft, R13
	BEQ shutSoft
	SILENT
	EACH(VFMUL, 24, 20, 20)

sum:
	EACH(VFADD, 20, 16, 16)
	CBZ R14, take
	POSITIVE
	CMP $const_ReLU, R14
	BEQ relu
	CMP $const_LeakyReLU, R14
	BEQ leaky
	WITH(VFADD, ONE, 24, 24)

factor:
	CHOOSE_ONE
	EACH(VFMUL, 24, 16, 16)

take:
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R6)
	VMOV V16.B16, V0.B16
	VMOV V17.B16, V1.B16
	VMOV V18.B16, V2.B16
	VMOV V19.B16, V3.B16
	EACH(VFADD, 16, 8, 8)
	SUB R9, R3
	SUB R9, R5
	SUB R10, R4
	LOAD(R3, 20, 21, 22, 23)
	CBZ R13, before
	CMP $const_shutSoft, R13
	BEQ beforeSoft
	SILENT
	EACH(VFMUL, 24, 20, 20)

before:
	EACH(VFMUL, 0, 20, 20)
	EACH(VFADD, 20, 12, 12)
	SUB R8, R1
	SUB R8, R2
	SUB R11, R6
	SUBS $1, R7
	BNE step

	MOVD backTile_next(R0), R16
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R16)
	MOVD backTile_biasSum(R0), R16
	VST1 [V4.S4, V5.S4, V6.S4, V7.S4], (R16)
	MOVD backTile_currentSum(R0), R16
	VST1 [V8.S4, V9.S4, V10.S4, V11.S4], (R16)
	MOVD backTile_decaySum(R0), R16
	VST1 [V12.S4, V13.S4, V14.S4, V15.S4], (R16)
	RET

throughSubtract:
	LOAD_FIELD(backTile_theta, 24, 25, 26, 27)
	EACH(VFMUL, 0, 24, 24)
	EACH(VFSUB, 24, 16, 16)
	B output

shutSoft:
	SOFT
	EACH(VFMUL, 24, 20, 20)
	B sum

relu:
	VEOR V24.B16, V24.B16, V24.B16
	VEOR V25.B16, V25.B16, V25.B16
	VEOR V26.B16, V26.B16, V26.B16
	VEOR V27.B16, V27.B16, V27.B16
	B factor

leaky:
	VMOV V31.B16, V24.B16
	VMOV V31.B16, V25.B16
	VMOV V31.B16, V26.B16
	VMOV V31.B16, V27.B16
	B factor

beforeSoft:
	SOFT
	EACH(VFMUL, 24, 20, 20)
	B before
