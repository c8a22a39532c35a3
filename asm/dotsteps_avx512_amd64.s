//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// func dotStepsAVX512(t *stepTile)
//
// DotSteps for up to 32 steps. Row by row of w, up to eight steps of its set at
// once: a part of the row is loaded once for all of them, and eight independent
// sums hide the latency of the adds. Where fewer steps are left, the last one
// fills up the eight, or the four.
//
//	Z0-Z7 lanes of the steps    Z16 part of the row of w    Z17-Z24 products
//	DI tile    DX steps left
//	R8-R15 rows of d    SI offset into them    AX row of w
//	BX part    CX vectors left in the panel
//
// On the stack: the steps of the group, their number, the steps left, the
// panels left.

#define STEP(i) step-(64-4*i)(SP)
#define COUNT   count-32(SP)
#define LEFT    left-24(SP)
#define PANELS  panels-16(SP)

// NEXT puts the first step left into step i, or step i-1 if there is none.
#define NEXT(i) \
	TZCNTL DX, CX; \
	CMOVLCC CX, AX; \
	MOVL AX, STEP(i); \
	BLSRL DX, DX

// ROW puts the row of d of step i into row.
#define ROW(i, row) \
	MOVL STEP(i), row; \
	IMULQ CX, row; \
	ADDQ AX, row

#define DOT(row, product) VMULPS (row)(SI*1), Z16, product
#define ADD(product, lanes) VADDPS product, lanes, lanes

// FOLD4 adds lanes i and i+8, i and i+4, i and i+2, i and i+1 of four sums; the
// results are lane 0 of each 128 bits of a.
#define FOLD4(a, b, c, d, ya, yb, yc, yd) \
	VSHUFF64X2 $0x44, b, a, Z16; \
	VSHUFF64X2 $0xEE, b, a, Z17; \
	VADDPS Z17, Z16, Z16; \
	VSHUFF64X2 $0x44, d, c, Z18; \
	VSHUFF64X2 $0xEE, d, c, Z19; \
	VADDPS Z19, Z18, Z18; \
	VSHUFF64X2 $0x88, Z18, Z16, Z17; \
	VSHUFF64X2 $0xDD, Z18, Z16, Z19; \
	VADDPS Z19, Z17, Z16; \
	VPERMILPD $0x55, Z16, Z17; \
	VADDPS Z17, Z16, Z16; \
	VMOVSHDUP Z16, Z17; \
	VADDPS Z17, Z16, a

// STORE4 stores the results in z, x, from step i on.
#define STORE4(i, z, x) \
	STORE(i, x); \
	VEXTRACTF32X4 $1, z, X16; \
	STORE(i+1, X16); \
	VEXTRACTF32X4 $2, z, X16; \
	STORE(i+2, X16); \
	VEXTRACTF32X4 $3, z, X16; \
	STORE(i+3, X16)

#define STORE(i, x) \
	MOVL STEP((i)), CX; \
	IMULQ R8, CX; \
	VMOVSS x, (AX)(CX*1)

TEXT ·dotStepsAVX512(SB), NOSPLIT, $64-8
	MOVQ t+0(FP), DI

input:
	MOVQ stepTile_words(DI), AX
	MOVL (AX), DX
	ADDQ $4, AX
	MOVQ AX, stepTile_words(DI)
	TESTL DX, DX
	JZ   nextInput

group:
	POPCNTL DX, AX
	MOVQ AX, COUNT
	NEXT(0)
	NEXT(1)
	NEXT(2)
	NEXT(3)
	NEXT(4)
	NEXT(5)
	NEXT(6)
	NEXT(7)
	MOVQ DX, LEFT
	VXORPS X0, X0, X0
	VXORPS X1, X1, X1
	VXORPS X2, X2, X2
	VXORPS X3, X3, X3
	VXORPS X4, X4, X4
	VXORPS X5, X5, X5
	VXORPS X6, X6, X6
	VXORPS X7, X7, X7
	LEAQ stepTile_parts(DI), BX

part:
	MOVQ stepPart_panels(BX), DX
	TESTQ DX, DX
	JZ   nextPart
	MOVQ DX, PANELS
	MOVQ stepPart_d(BX), AX
	MOVQ stepPart_dStride(BX), CX
	ROW(0, R8)
	ROW(1, R9)
	ROW(2, R10)
	ROW(3, R11)
	ROW(4, R12)
	ROW(5, R13)
	ROW(6, R14)
	ROW(7, R15)
	MOVQ stepPart_w(BX), AX
	XORQ SI, SI
	MOVQ PANELS, DX
	CMPQ COUNT, $4
	JLS  four

eight:
	MOVQ stepPart_vectors(BX), CX

vector8:
	VMOVUPS (AX), Z16
	DOT(R8, Z17)
	DOT(R9, Z18)
	DOT(R10, Z19)
	DOT(R11, Z20)
	DOT(R12, Z21)
	DOT(R13, Z22)
	DOT(R14, Z23)
	DOT(R15, Z24)
	ADD(Z17, Z0)
	ADD(Z18, Z1)
	ADD(Z19, Z2)
	ADD(Z20, Z3)
	ADD(Z21, Z4)
	ADD(Z22, Z5)
	ADD(Z23, Z6)
	ADD(Z24, Z7)
	ADDQ $64, AX
	ADDQ $64, SI
	DECQ CX
	JNZ  vector8
	ADDQ stepPart_wSkip(BX), AX
	ADDQ stepPart_dSkip(BX), SI
	DECQ DX
	JNZ  eight

nextPart:
	ADDQ $stepPart__size, BX
	LEAQ (stepTile_parts+2*stepPart__size)(DI), AX
	CMPQ BX, AX
	JNE  part

	FOLD4(Z0, Z1, Z2, Z3, Y0, Y1, Y2, Y3)
	MOVQ stepTile_dst(DI), AX
	MOVQ stepTile_dstStride(DI), R8
	STORE4(0, Z0, X0)
	CMPQ COUNT, $4
	JLS  nextInput
	FOLD4(Z4, Z5, Z6, Z7, Y4, Y5, Y6, Y7)
	STORE4(4, Z4, X4)
	MOVQ LEFT, DX
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

four:
	MOVQ stepPart_vectors(BX), CX

vector4:
	VMOVUPS (AX), Z16
	DOT(R8, Z17)
	DOT(R9, Z18)
	DOT(R10, Z19)
	DOT(R11, Z20)
	ADD(Z17, Z0)
	ADD(Z18, Z1)
	ADD(Z19, Z2)
	ADD(Z20, Z3)
	ADDQ $64, AX
	ADDQ $64, SI
	DECQ CX
	JNZ  vector4
	ADDQ stepPart_wSkip(BX), AX
	ADDQ stepPart_dSkip(BX), SI
	DECQ DX
	JNZ  four
	JMP  nextPart
