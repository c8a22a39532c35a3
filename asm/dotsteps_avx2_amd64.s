//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "dotsteps_amd64.h"

// func dotStepsAVX2(t *stepTile)
//
// DotSteps for up to 15 steps. A turn takes 16 or 32 inputs, as many as let their
// rows of w stay in the first-level cache from step to step. First it lists the
// steps that any of them has. Then the inputs that have a step take its row of d
// four by four: a part of it is loaded once for all of them, and eight independent
// sums hide the latency of the adds. Where fewer inputs are left, the last one
// fills up the four.
//
//	Y0-Y7 lanes of the inputs, two vectors an input    Y8 Y9 part of the row of d
//	Y10-Y15 products
//	DI tile    DX inputs left that have the step
//	R8-R11 rows of w    SI offset into them    AX row of d
//	R12-R15 the inputs
//	BX part    CX vectors left in the panel
//
// On the stack: the panels left, and the entry of the list that is at work.

#define PANELS panels-8(SP)
#define ENTRY  entry-16(SP)

// The list is in room. Its entries are 32 bits that say which inputs have the
// step, and the step. Its last one has no inputs.

// WORDS loads the sets of eight inputs from i on and moves step 14 to the sign.
#define WORDS(i, y) \
	VMOVDQU (4*i)(AX), y; \
	VPSLLD $(32-const_stepsWord), y, y

// HAVE tells which of eight inputs have the step in the sign and moves the next
// lower one there.
#define HAVE(y, dst) \
	VMOVMSKPS y, dst; \
	VPADDD y, y, y

// NEXT puts the first input left into input, or leaves there what it has if
// there is none.
#define NEXT(input) \
	TZCNTL DX, CX; \
	CMOVLCC CX, AX; \
	MOVL AX, input; \
	BLSRL DX, DX

// ROW puts the row of w of input into row.
#define ROW(input, row) \
	MOVQ input, row; \
	IMULQ stepPart_wStride(BX), row; \
	ADDQ stepPart_row(BX), row

#define DOT(row, p, q, s, t) \
	VMULPS (row)(SI*1), Y8, s; \
	VMULPS 32(row)(SI*1), Y9, t; \
	VADDPS s, p, p; \
	VADDPS t, q, q

// FOLD4 adds lanes i and i+4 of p, and of q: p in the lower half of the sum.
#define FOLD4(p, q, sum) \
	VPERM2F128 $0x20, q, p, Y8; \
	VPERM2F128 $0x31, q, p, Y9; \
	VADDPS Y9, Y8, sum

TEXT ·dotStepsAVX2(SB), NOSPLIT, $16-8
	MOVQ t+0(FP), DI
	FIRST_TURN

inputs:
	MOVQ stepTile_set(DI), AX
	WORDS(0, Y0)
	WORDS(8, Y1)
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	LEAQ stepTile_room(DI), BX
	MOVL $(const_stepsWord-1), SI
	CMPQ stepTile_turn(DI), $32
	JNE  list
	WORDS(16, Y2)
	WORDS(24, Y3)

list:
	HAVE(Y0, DX)
	HAVE(Y1, R8)
	HAVE(Y2, R9)
	HAVE(Y3, R10)
	SHLL $8, R8
	SHLL $16, R9
	SHLL $24, R10
	ORL  R8, DX
	ORL  R9, DX
	ORL  R10, DX
	MOVL DX, (BX)
	MOVL SI, 4(BX)
	LEAQ 8(BX), CX
	TESTL DX, DX
	CMOVQNE CX, BX
	DECL SI
	JGE  list
	MOVL $0, (BX)
	LEAQ stepTile_room(DI), AX
	MOVQ AX, ENTRY
	MOVL (AX), DX
	TESTL DX, DX
	JZ   next

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
	MOVQ ENTRY, AX
	MOVL 4(AX), AX
	IMULQ stepPart_dStride(BX), AX
	ADDQ stepPart_d(BX), AX
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
	ADDQ stepPart_dSkip(BX), AX
	ADDQ stepPart_wSkip(BX), SI
	DECQ PANELS
	JNZ  panel

nextPart:
	ADDQ $stepPart__size, BX
	LEAQ (stepTile_parts+2*stepPart__size)(DI), AX
	CMPQ BX, AX
	JNE  part

	// Lanes i and i+8, i and i+4, i and i+2, i and i+1: then the sums of the four
	// inputs stand in X0.
	VADDPS Y1, Y0, Y0
	VADDPS Y3, Y2, Y2
	VADDPS Y5, Y4, Y4
	VADDPS Y7, Y6, Y6
	FOLD4(Y0, Y4, Y0)
	FOLD4(Y2, Y6, Y2)
	VUNPCKLPD Y2, Y0, Y8
	VUNPCKHPD Y2, Y0, Y9
	VADDPS Y9, Y8, Y0
	VEXTRACTF128 $1, Y0, X1
	VSHUFPS $0x88, X1, X0, X8
	VSHUFPS $0xDD, X1, X0, X9
	VADDPS X9, X8, X0
	MOVQ ENTRY, BX
	MOVL 4(BX), AX
	IMULQ stepTile_dstStride(DI), AX
	ADDQ stepTile_to(DI), AX
	VMOVSS X0, (AX)(R12*4)
	VEXTRACTPS $1, X0, (AX)(R13*4)
	VEXTRACTPS $2, X0, (AX)(R14*4)
	VEXTRACTPS $3, X0, (AX)(R15*4)

	// After the last input comes the next entry, without a branch, which would be
	// hard to foresee.
	LEAQ 8(BX), CX
	TESTL DX, DX
	CMOVQEQ CX, BX
	CMOVLEQ (BX), DX
	MOVQ BX, ENTRY
	TESTL DX, DX
	JNZ  group

next:
	NEXT_TURN
	JGT  inputs
	VZEROUPPER
	RET
