// AdamStep.Apply, one vector a turn, for n elements, a multiple of LANES. The file
// that includes it after TEXT names the registers: those of the constants, of
// which REST1 and REST2 are 1 − β, and the temporaries GRAD, M, V and W.
//
//	DI w    SI m    DX v    BX gradient    CX n    AX element

	MOVQ a+0(FP), AX
	MOVQ w+8(FP), DI
	MOVQ m+16(FP), SI
	MOVQ v+24(FP), DX
	MOVQ grad+32(FP), BX
	MOVQ n+40(FP), CX
	VBROADCASTSS AdamStep_Rate(AX), RATE
	VBROADCASTSS AdamStep_Epsilon(AX), EPSILON
	VBROADCASTSS AdamStep_Beta1(AX), BETA1
	VBROADCASTSS AdamStep_Beta2(AX), BETA2
	VBROADCASTSS AdamStep_Shrink(AX), SHRINK
	VBROADCASTSS EXP_ONE, REST2
	VSUBPS BETA1, REST2, REST1
	VSUBPS BETA2, REST2, REST2
	XORQ AX, AX

vector:
	VMOVUPS (BX)(AX*4), GRAD
	VMULPS (SI)(AX*4), BETA1, M
	VMULPS GRAD, REST1, W
	VADDPS W, M, M
	VMOVUPS M, (SI)(AX*4)       // m = β₁·m + (1−β₁)·g
	VMULPS (DX)(AX*4), BETA2, V
	VMULPS GRAD, REST2, W
	VMULPS GRAD, W, W
	VADDPS W, V, V
	VMOVUPS V, (DX)(AX*4)       // v = β₂·v + ((1−β₂)·g)·g
	VSQRTPS V, V
	VADDPS EPSILON, V, V
	VMULPS RATE, M, M
	VDIVPS V, M, M              // Rate·m / (√v + Epsilon)
	VMOVUPS (DI)(AX*4), W
	VMULPS W, SHRINK, V
	VSUBPS V, W, W
	VSUBPS M, W, W
	VMOVUPS W, (DI)(AX*4)
	ADDQ $LANES, AX
	CMPQ AX, CX
	JLT  vector
	VZEROUPPER
	RET
