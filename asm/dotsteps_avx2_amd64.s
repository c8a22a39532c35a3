//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// func dotStepsAVX2(t *stepTile)
//
// DotSteps for up to 15 steps. Row by row of w, four steps of its set at once:
// a part of the row is loaded once for all of them, and eight independent sums
// hide the latency of the adds. Where fewer steps are left, the last one fills
// up the four.
//
//	Y0-Y7 lanes of the steps, two vectors a step    Y8 Y9 part of the row of w
//	Y10-Y15 products
//	DI tile    DX steps left
//	R8-R11 rows of d    SI offset into them    AX row of w
//	R12-R15 the steps
//	BX part    CX vectors left in the panel
//
// On the stack: the panels left.

#define PANELS panels-8(SP)

// NEXT puts the first step left into step, or leaves there what it has if there
// is none.
#define NEXT(step) \
	TZCNTL DX, CX; \
	CMOVLCC CX, AX; \
	MOVL AX, step; \
	BLSRL DX, DX

// ROW puts the row of d of step into row.
#define ROW(step, row) \
	MOVQ step, row; \
	IMULQ stepPart_dStride(BX), row; \
	ADDQ stepPart_d(BX), row

#define DOT(row, p, q, s, t) \
	VMULPS (row)(SI*1), Y8, s; \
	VMULPS 32(row)(SI*1), Y9, t; \
	VADDPS s, p, p; \
	VADDPS t, q, q

// FOLD adds lanes i and i+8, i and i+4, i and i+2, i and i+1 and stores the sum.
#define FOLD(y, z, x, step) \
	VADDPS z, y, y; \
	VEXTRACTF128 $1, y, X8; \
	VADDPS X8, x, x; \
	VMOVHLPS x, x, X8; \
	VADDPS X8, x, x; \
	VMOVSHDUP x, X8; \
	VADDSS X8, x, x; \
	IMULQ R8, step; \
	VMOVSS x, (AX)(step*1)

TEXT ·dotStepsAVX2(SB), NOSPLIT, $8-8
	MOVQ t+0(FP), DI

input:
	MOVQ stepTile_words(DI), AX
	MOVL (AX), DX
	ADDQ $4, AX
	MOVQ AX, stepTile_words(DI)
	TESTL DX, DX
	JZ   nextInput

group:
	NEXT(R12)
	NEXT(R13)
	NEXT(R14)
	NEXT(R15)
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	LEAQ stepTile_parts(DI), BX

part:
	MOVQ stepPart_panels(BX), CX
	TESTQ CX, CX
	JZ   nextPart
	MOVQ CX, PANELS
	ROW(R12, R8)
	ROW(R13, R9)
	ROW(R14, R10)
	ROW(R15, R11)
	MOVQ stepPart_w(BX), AX
	XORQ SI, SI

panel:
	MOVQ stepPart_vectors(BX), CX

vector:
	VMOVUPS (AX), Y8
	VMOVUPS 32(AX), Y9
	DOT(R8, Y0, Y1, Y10, Y11)
	DOT(R9, Y2, Y3, Y12, Y13)
	DOT(R10, Y4, Y5, Y14, Y15)
	DOT(R11, Y6, Y7, Y10, Y11)
	ADDQ $64, AX
	ADDQ $64, SI
	DECQ CX
	JNZ  vector
	ADDQ stepPart_wSkip(BX), AX
	ADDQ stepPart_dSkip(BX), SI
	DECQ PANELS
	JNZ  panel

nextPart:
	ADDQ $stepPart__size, BX
	LEAQ (stepTile_parts+2*stepPart__size)(DI), AX
	CMPQ BX, AX
	JNE  part

	MOVQ stepTile_dst(DI), AX
	MOVQ stepTile_dstStride(DI), R8
	FOLD(Y0, Y1, X0, R12)
	FOLD(Y2, Y3, X2, R13)
	FOLD(Y4, Y5, X4, R14)
	FOLD(Y6, Y7, X6, R15)
	TESTL DX, DX
	JNZ  group

nextInput:
	ADDQ $4, stepTile_dst(DI)
	MOVQ (stepTile_parts+stepPart_wStride)(DI), AX
	ADDQ AX, (stepTile_parts+stepPart_w)(DI)
	MOVQ (stepTile_parts+stepPart__size+stepPart_wStride)(DI), AX
	ADDQ AX, (stepTile_parts+stepPart__size+stepPart_w)(DI)
	DECQ stepTile_inputs(DI)
	JNZ  input
	VZEROUPPER
	RET
