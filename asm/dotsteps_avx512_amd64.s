//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "dotsteps_amd64.h"

// func dotStepsAVX512(t *stepTile)
//
// DotSteps for up to 15 steps. A turn takes 16 or 32 inputs, as many as let their
// rows of w stay in the first-level cache from step to step. A step's row of d
// lies in registers, and the inputs that have the step take it four by four, each
// in 16 lanes of its own: fewer would wait for their additions. Then the lanes of
// all of them are folded at once, and the products go where they belong in dst.
//
// Columns are taken in blocks of four panels, then of one, then of one vector;
// from block to block the lanes lie in memory. Rows of a single vector need no
// sums, only the folding.
//
//	Z0-Z15 the block of the row of d, then lanes that are folded
//	Z16-Z23 products    Z24-Z27 lanes of four inputs
//	Z30 and Z31 the sets of the inputs    K1 and K2 those that have the step
//	DI tile    SI part    DX steps left    R13 inputs left that have the step
//	R8 w, R9 bytes from row to row, R10 from panel to panel
//	R12, BX, R14 and CX rows of four inputs    AX their lanes, R15 all lanes
//	R11 0 in the first block of a row
//
// In narrow, Z20 is the row of d, Z21 zero and R14 the step.

// From R15 on: the lanes of 32 inputs, their products, and what finds no
// register.
#define FOLDED 2048
#define STEP   2176
#define ASKED  2184
#define LEFT   2192
#define DELTA  2200

#define LOAD4(a, b, c, e) \
	VMOVUPS (BX), a; \
	VMOVUPS 64(BX), b; \
	VMOVUPS 128(BX), c; \
	VMOVUPS 192(BX), e

// MUL multiplies vector i of a panel, d, with those of the rows of four inputs.
#define MUL(i, d, a, b, c, e) \
	VMULPS (64*i)(R12), d, a; \
	VMULPS (64*i)(BX), d, b; \
	VMULPS (64*i)(R14), d, c; \
	VMULPS (64*i)(CX), d, e

// ADD adds products to the lanes.
#define ADD(a, b, c, e) \
	VADDPS a, Z24, Z24; \
	VADDPS b, Z25, Z25; \
	VADDPS c, Z26, Z26; \
	VADDPS e, Z27, Z27

#define MUL_EVEN(i, d) MUL(i, d, Z16, Z17, Z18, Z19)
#define MUL_ODD(i, d) MUL(i, d, Z20, Z21, Z22, Z23)
#define ADD_EVEN ADD(Z16, Z17, Z18, Z19)
#define ADD_ODD ADD(Z20, Z21, Z22, Z23)

// PANEL does both for a panel, in the order of the columns.
#define PANEL(a, b, c, e) \
	MUL_EVEN(0, a); \
	MUL_ODD(1, b); \
	ADD_EVEN; \
	MUL_EVEN(2, c); \
	ADD_ODD; \
	MUL_ODD(3, e); \
	ADD_EVEN; \
	ADD_ODD

// NEXT_PANEL moves on in the rows.
#define NEXT_PANEL \
	ADDQ R10, R12; \
	ADDQ R10, BX; \
	ADDQ R10, R14; \
	ADDQ R10, CX

// TAKE takes four inputs out of R13, the last one again where fewer are left,
// and finds their rows and lanes. Lanes start at zero without a load, which
// would wait for what was stored there.
#define TAKE(sum) \
	TZCNTL R13, R12; \
	BLSRL R13, CX; \
	CMOVLEQ R13, CX; \
	TZCNTL CX, BX; \
	BLSRL CX, R13; \
	CMOVLEQ CX, R13; \
	TZCNTL R13, R14; \
	BLSRL R13, CX; \
	CMOVLEQ R13, CX; \
	BLSRL CX, R13; \
	TZCNTL CX, CX; \
	IMULQ R9, R12; \
	IMULQ R9, BX; \
	IMULQ R9, R14; \
	IMULQ R9, CX; \
	ADDQ R8, R12; \
	ADDQ R8, BX; \
	ADDQ R8, R14; \
	ADDQ R8, CX; \
	VPXORD Z24, Z24, Z24; \
	VPXORD Z25, Z25, Z25; \
	VPXORD Z26, Z26, Z26; \
	VPXORD Z27, Z27, Z27; \
	TESTL R11, R11; \
	JZ   sum; \
	VMOVUPS (AX), Z24; \
	VMOVUPS 64(AX), Z25; \
	VMOVUPS 128(AX), Z26; \
	VMOVUPS 192(AX), Z27

// KEEP stores the lanes and moves on; the flags say whether inputs are left.
#define KEEP \
	VMOVUPS Z24, (AX); \
	VMOVUPS Z25, 64(AX); \
	VMOVUPS Z26, 128(AX); \
	VMOVUPS Z27, 192(AX); \
	ADDQ $256, AX; \
	TESTL R13, R13

// LANES loads the lanes of two inputs.
#define LANES(i, j) \
	VMOVUPS (64*i)(R15), Z16; \
	VMOVUPS (64*j)(R15), Z17

// PRODUCTS makes them from rows of a single vector.
#define PRODUCTS(i, j) \
	VMULPS (64*i)(R8), Z20, Z16; \
	VMULPS (64*j)(R8), Z20, Z17

// FOLD8 adds lanes i and i+8 of two inputs, FOLD4 then lanes i and i+4 of four,
// FOLD2 i and i+2 of eight, FOLD1 i and i+1 of all.
#define FOLD8(z) \
	VSHUFF64X2 $0x44, Z17, Z16, Z18; \
	VSHUFF64X2 $0xEE, Z17, Z16, Z19; \
	VADDPS Z19, Z18, z

#define FOLD4(a, b, z) \
	VSHUFF64X2 $0x88, b, a, Z18; \
	VSHUFF64X2 $0xDD, b, a, Z19; \
	VADDPS Z19, Z18, z

#define FOLD2(a, b, z) \
	VUNPCKLPD b, a, Z18; \
	VUNPCKHPD b, a, Z19; \
	VADDPS Z19, Z18, z

#define FOLD1(a, b, z) \
	VSHUFPS $0x88, b, a, Z18; \
	VSHUFPS $0xDD, b, a, Z19; \
	VADDPS Z19, Z18, z

// FOLD folds the lanes of 16 inputs to Z0. In the first two turns inputs j and
// j+4 meet, then these and j+8 and j+12, so that all stand in order in the end.
#define FOLD(load) \
	load(0, 4); \
	FOLD8(Z0); \
	load(8, 12); \
	FOLD8(Z1); \
	load(1, 5); \
	FOLD8(Z2); \
	load(9, 13); \
	FOLD8(Z3); \
	load(2, 6); \
	FOLD8(Z4); \
	load(10, 14); \
	FOLD8(Z5); \
	load(3, 7); \
	FOLD8(Z6); \
	load(11, 15); \
	FOLD8(Z7); \
	FOLD4(Z0, Z1, Z0); \
	FOLD4(Z2, Z3, Z2); \
	FOLD4(Z4, Z5, Z4); \
	FOLD4(Z6, Z7, Z6); \
	FOLD2(Z0, Z2, Z0); \
	FOLD2(Z4, Z6, Z4); \
	FOLD1(Z0, Z4, Z0)

TEXT ·dotStepsAVX512(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	FIRST_TURN
	LEAQ (stepTile_room+63)(DI), R15
	ANDQ $~63, R15

inputs:
	// The sets of the inputs of a turn, and the steps that any has.
	MOVQ stepTile_inputs(DI), CX
	MOVQ stepTile_turn(DI), AX
	CMPQ CX, AX
	CMOVQGT AX, CX
	MOVL $1, AX
	SHLQ CX, AX
	DECQ AX
	KMOVD AX, K1
	KSHIFTRD $16, K1, K2
	MOVQ stepTile_set(DI), BX
	VMOVDQU32.Z (BX), K1, Z30
	VMOVDQU32.Z 64(BX), K2, Z31
	VPORD Z30, Z31, Z1
	VEXTRACTI64X4 $1, Z1, Y0
	VPORD Z1, Z0, Z0
	VEXTRACTI128 $1, Y0, X1
	VPOR X1, X0, X0
	VPSHUFD $0x4E, X0, X1
	VPOR X1, X0, X0
	VPSHUFD $0xB1, X0, X1
	VPOR X1, X0, X0
	VMOVD X0, DX
	TESTL DX, DX
	JZ   next
	LEAQ stepTile_parts(DI), SI
	CMPQ stepPart_panels(SI), $0
	JNE  step
	CMPQ (stepPart__size+stepPart_vectors)(SI), $1
	JNE  step
	CMPQ CX, $16
	JEQ  narrow

step:
	TZCNTL DX, R14
	MOVQ R14, STEP(R15)
	BLSIL DX, BX
	BLSRL DX, DX
	VPBROADCASTD BX, Z0
	VPTESTMD Z0, Z30, K1
	VPTESTMD Z0, Z31, K2
	KUNPCKWD K1, K2, K3
	KMOVD K3, AX
	MOVQ AX, ASKED(R15)
	XORL R11, R11
	LEAQ stepTile_parts(DI), SI

part:
	MOVQ STEP(R15), BX
	IMULQ stepPart_dStride(SI), BX
	ADDQ stepPart_d(SI), BX
	MOVQ BX, DELTA(R15)
	MOVQ stepPart_row(SI), R8
	MOVQ stepPart_wStride(SI), R9
	MOVQ stepPart_wSkip(SI), R10
	ADDQ $256, R10
	MOVQ stepPart_panels(SI), CX
	MOVQ CX, LEFT(R15)
	CMPQ stepPart_vectors(SI), $4
	JNE  vectors
	CMPQ CX, $4
	JL   panels

fourPanels:
	MOVQ DELTA(R15), BX
	MOVQ stepPart_dSkip(SI), CX
	ADDQ $256, CX
	LOAD4(Z0, Z1, Z2, Z3)
	ADDQ CX, BX
	LOAD4(Z4, Z5, Z6, Z7)
	ADDQ CX, BX
	LOAD4(Z8, Z9, Z10, Z11)
	ADDQ CX, BX
	LOAD4(Z12, Z13, Z14, Z15)
	ADDQ CX, BX
	MOVQ BX, DELTA(R15)
	MOVQ ASKED(R15), R13
	MOVQ R15, AX

four:
	TAKE(fourSum)

fourSum:
	PANEL(Z0, Z1, Z2, Z3)
	NEXT_PANEL
	PANEL(Z4, Z5, Z6, Z7)
	NEXT_PANEL
	PANEL(Z8, Z9, Z10, Z11)
	NEXT_PANEL
	PANEL(Z12, Z13, Z14, Z15)
	KEEP
	JNZ  four
	MOVL $1, R11
	LEAQ (R8)(R10*4), R8
	SUBQ $4, LEFT(R15)
	CMPQ LEFT(R15), $4
	JGE  fourPanels

panels:
	CMPQ LEFT(R15), $0
	JEQ  nextPart

panel:
	MOVQ DELTA(R15), BX
	LOAD4(Z0, Z1, Z2, Z3)
	ADDQ stepPart_dSkip(SI), BX
	ADDQ $256, BX
	MOVQ BX, DELTA(R15)
	MOVQ ASKED(R15), R13
	MOVQ R15, AX

one:
	TAKE(oneSum)

oneSum:
	PANEL(Z0, Z1, Z2, Z3)
	KEEP
	JNZ  one
	MOVL $1, R11
	ADDQ R10, R8
	DECQ LEFT(R15)
	JNZ  panel

nextPart:
	LEAQ (stepTile_parts+stepPart__size)(DI), CX
	CMPQ SI, CX
	JEQ  fold
	MOVQ CX, SI
	JMP  part

vectors:
	// A part of less than a panel: there is one panel of it, or none.
	MOVQ stepPart_vectors(SI), CX
	TESTQ CX, CX
	JZ   nextPart
	MOVQ CX, LEFT(R15)

vector:
	MOVQ DELTA(R15), BX
	VMOVUPS (BX), Z0
	ADDQ $64, BX
	MOVQ BX, DELTA(R15)
	MOVQ ASKED(R15), R13
	MOVQ R15, AX

each:
	TAKE(eachSum)

eachSum:
	MUL_EVEN(0, Z0)
	ADD_EVEN
	KEEP
	JNZ  each
	MOVL $1, R11
	ADDQ $64, R8
	DECQ LEFT(R15)
	JNZ  vector

fold:
	MOVQ STEP(R15), R14
	IMULQ stepTile_dstStride(DI), R14
	ADDQ stepTile_to(DI), R14
	FOLD(LANES)
	MOVQ ASKED(R15), CX
	VEXPANDPS.Z Z0, K1, Z1
	VMOVUPS Z1, K1, (R14)
	CMPL CX, $0xFFFF
	JLS  nextStep

	// Those of the second 16 inputs follow those of the first.
	VMOVUPS Z0, FOLDED(R15)
	POPCNTL CX, AX
	MOVWLZX CX, CX
	POPCNTL CX, CX
	CMPL AX, $16
	JLE  expand
	ADDQ $1024, R15
	FOLD(LANES)
	SUBQ $1024, R15
	VMOVUPS Z0, (FOLDED+64)(R15)

expand:
	VMOVUPS FOLDED(R15)(CX*4), Z0
	VEXPANDPS.Z Z0, K2, Z0
	VMOVUPS Z0, K2, 64(R14)

nextStep:
	TESTL DX, DX
	JNZ  step

next:
	NEXT_TURN
	JGT  inputs
	VZEROUPPER
	RET

narrow:
	// 16 rows of a single vector, one behind the other in every layout. A product
	// is its own sum, once −0 is +0 as in a sum.
	ADDQ $stepPart__size, SI
	MOVQ stepPart_row(SI), R8
	VPXORD Z21, Z21, Z21

narrowStep:
	TZCNTL DX, R14
	BLSIL DX, BX
	BLSRL DX, DX
	VPBROADCASTD BX, Z0
	VPTESTMD Z0, Z30, K1
	MOVQ stepPart_dStride(SI), BX
	IMULQ R14, BX
	ADDQ stepPart_d(SI), BX
	VMOVUPS (BX), Z20
	FOLD(PRODUCTS)
	VADDPS Z21, Z0, Z0
	IMULQ stepTile_dstStride(DI), R14
	ADDQ stepTile_to(DI), R14
	VMOVUPS Z0, K1, (R14)
	TESTL DX, DX
	JNZ  narrowStep
	JMP  next
