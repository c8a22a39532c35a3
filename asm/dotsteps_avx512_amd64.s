//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// func dotStepsAVX512(t *stepTile)
//
// DotSteps for up to 15 steps. Tiles of four rows of w times five rows of d: 20
// sums for nine loads, as few as 32 registers allow, since loads that miss the
// first-level cache take longer than the arithmetic. A tile takes the steps that
// any of its four inputs has in its set; a mask keeps the products that are not
// asked for from dst. Where fewer steps are left, the last one fills up the
// five, and the last row the four. Rows of a single vector need no sums, only the
// folding, and take no lists.
//
// Lists of the steps of four inputs: where their rows of d lie in either part,
// where their products in dst, and their bits in the sets. The steps that any
// has are the mask that compresses those of all steps to them.
//
//	Z0-Z19 lanes, four a step    Z20-Z23 parts of the rows of w
//	Z24 part of a row of d       Z25-Z28 products
//	DI tile    SI part    AX first row of w, R8-R10 offsets of the others
//	BX d, R11-R15 offsets of its rows
//	CX vectors left in the panel    DX panels left
//
// On the stack: the table of all steps, then the list of these, for each of the
// four kinds; the sets of the four inputs; the list at hand; steps left.

#define TABLES tables-544(SP)
#define LISTS  lists-288(SP)
#define SETS   sets-32(SP)
#define LIST   list-16(SP)
#define LEFT   left-8(SP)

// TABLE puts 0, stride, 2·stride, … into a table.
#define TABLE(stride, offset) \
	MOVQ stride, AX; \
	VPBROADCASTD AX, Z0; \
	VPMULLD Z1, Z0, Z0; \
	VMOVDQU32 Z0, offset(BX)

// COMPRESS makes a list of a table: its elements in K1, then the one that Z0
// says.
#define COMPRESS(offset) \
	VMOVDQU32 offset(AX), Z1; \
	VPERMD Z1, Z0, Z2; \
	VPCOMPRESSD Z1, K1, Z2; \
	VMOVDQU32 Z2, offset(BX)

// STEP adds the products of a vector of a row of d.
#define STEP(d, a0, a1, a2, a3) \
	VMOVUPS (BX)(d*1), Z24; \
	VMULPS Z20, Z24, Z25; \
	VMULPS Z21, Z24, Z26; \
	VMULPS Z22, Z24, Z27; \
	VMULPS Z23, Z24, Z28; \
	VADDPS Z25, a0, a0; \
	VADDPS Z26, a1, a1; \
	VADDPS Z27, a2, a2; \
	VADDPS Z28, a3, a3

// ROWS sets R8-R10 to where the other three rows of w lie; those that are not
// there are the last one.
#define ROWS \
	MOVQ stepPart_wStride(SI), BX; \
	XORL R8, R8; \
	CMPQ stepTile_inputs(DI), $2; \
	CMOVQGE BX, R8; \
	LEAQ (BX)(BX*1), R10; \
	MOVQ R8, R9; \
	CMPQ stepTile_inputs(DI), $3; \
	CMOVQGE R10, R9; \
	ADDQ BX, R10; \
	CMPQ stepTile_inputs(DI), $4; \
	CMOVQLT R9, R10

// FOLD adds lanes i and i+8, i and i+4, i and i+2, i and i+1 of four sums and
// leaves the results in X24.
#define FOLD(a0, a1, a2, a3) \
	VSHUFF64X2 $0x44, a1, a0, Z24; \
	VSHUFF64X2 $0xEE, a1, a0, Z25; \
	VADDPS Z25, Z24, Z24; \
	VSHUFF64X2 $0x44, a3, a2, Z26; \
	VSHUFF64X2 $0xEE, a3, a2, Z27; \
	VADDPS Z27, Z26, Z26; \
	VSHUFF64X2 $0x88, Z26, Z24, Z25; \
	VSHUFF64X2 $0xDD, Z26, Z24, Z27; \
	VADDPS Z27, Z25, Z24; \
	VPERMILPD $0x55, Z24, Z25; \
	VADDPS Z25, Z24, Z24; \
	VMOVSHDUP Z24, Z25; \
	VADDPS Z25, Z24, Z24; \
	VPERMPS Z24, Z29, Z24

// STORE folds the sums of step i and stores those of the inputs that have the
// step.
#define STORE(i, a0, a1, a2, a3) \
	FOLD(a0, a1, a2, a3); \
	VPTESTMD.BCST (192+4*i)(CX), X30, K1; \
	MOVL (128+4*i)(CX), DX; \
	VMOVUPS X24, K1, (AX)(DX*1)

TEXT ·dotStepsAVX512(SB), NOSPLIT, $544-8
	MOVQ t+0(FP), DI
	LEAQ TABLES, BX
	VMOVDQU32 numbers<>(SB), Z1
	TABLE((stepTile_parts+stepPart_dStride)(DI), 0)
	TABLE((stepTile_parts+stepPart__size+stepPart_dStride)(DI), 64)
	TABLE(stepTile_dstStride(DI), 128)
	MOVL $1, AX
	VPBROADCASTD AX, Z0
	VPSLLVD Z1, Z0, Z0
	VMOVDQU32 Z0, 192(BX)
	VPSLLD $2, Z1, Z29 // picks lanes 0, 4, 8 and 12

inputs:
	// The sets of up to four inputs, and what is in any.
	MOVQ stepTile_inputs(DI), CX
	MOVL $15, AX
	MOVL $4, DX
	SUBQ CX, DX
	JLE  whole
	MOVQ DX, CX
	SHRL CX, AX

whole:
	KMOVW AX, K1
	MOVQ stepTile_words(DI), BX
	VMOVDQU32.Z (BX), K1, X30
	ADDQ $16, BX
	MOVQ BX, stepTile_words(DI)
	VPSHUFD $0x4E, X30, X0
	VPORD X30, X0, X0
	VPSHUFD $0xB1, X0, X1
	VPORD X1, X0, X0
	VMOVD X0, DX
	TESTL DX, DX
	JZ   next
	CMPQ (stepTile_parts+stepPart_panels)(DI), $0
	JNE  wide
	CMPQ (stepTile_parts+stepPart__size+stepPart_vectors)(DI), $1
	JEQ  narrow

wide:
	VMOVDQU32 X30, SETS
	KMOVW DX, K1
	BSRL DX, CX
	VPBROADCASTD CX, Z0
	POPCNTL DX, DX
	MOVQ DX, LEFT
	LEAQ TABLES, AX
	LEAQ LISTS, BX
	MOVQ BX, LIST
	COMPRESS(0)
	COMPRESS(64)
	COMPRESS(128)
	COMPRESS(192)

tile:
	VXORPS X0, X0, X0
	VXORPS X1, X1, X1
	VXORPS X2, X2, X2
	VXORPS X3, X3, X3
	VXORPS X4, X4, X4
	VXORPS X5, X5, X5
	VXORPS X6, X6, X6
	VXORPS X7, X7, X7
	VXORPS X8, X8, X8
	VXORPS X9, X9, X9
	VXORPS X10, X10, X10
	VXORPS X11, X11, X11
	VXORPS X12, X12, X12
	VXORPS X13, X13, X13
	VXORPS X14, X14, X14
	VXORPS X15, X15, X15
	VPXORD X16, X16, X16
	VPXORD X17, X17, X17
	VPXORD X18, X18, X18
	VPXORD X19, X19, X19
	LEAQ stepTile_parts(DI), SI
	MOVQ LIST, CX

part:
	MOVQ stepPart_panels(SI), DX
	TESTQ DX, DX
	JZ   nextPart
	MOVL (CX), R11
	MOVL 4(CX), R12
	MOVL 8(CX), R13
	MOVL 12(CX), R14
	MOVL 16(CX), R15

	ROWS
	MOVQ stepPart_w(SI), AX
	MOVQ stepPart_d(SI), BX

panel:
	MOVQ stepPart_vectors(SI), CX

vector:
	VMOVUPS (AX), Z20
	VMOVUPS (AX)(R8*1), Z21
	VMOVUPS (AX)(R9*1), Z22
	VMOVUPS (AX)(R10*1), Z23
	STEP(R11, Z0, Z1, Z2, Z3)
	STEP(R12, Z4, Z5, Z6, Z7)
	STEP(R13, Z8, Z9, Z10, Z11)
	STEP(R14, Z12, Z13, Z14, Z15)
	STEP(R15, Z16, Z17, Z18, Z19)
	ADDQ $64, AX
	ADDQ $64, BX
	DECQ CX
	JNZ  vector
	ADDQ stepPart_wSkip(SI), AX
	ADDQ stepPart_dSkip(SI), BX
	DECQ DX
	JNZ  panel

nextPart:
	MOVQ LIST, CX
	LEAQ (stepTile_parts+stepPart__size)(DI), AX
	CMPQ SI, AX
	JEQ  fold
	MOVQ AX, SI
	ADDQ $64, CX
	JMP  part

fold:
	MOVQ stepTile_dst(DI), AX
	VMOVDQU32 SETS, X30
	STORE(0, Z0, Z1, Z2, Z3)
	STORE(1, Z4, Z5, Z6, Z7)
	STORE(2, Z8, Z9, Z10, Z11)
	STORE(3, Z12, Z13, Z14, Z15)
	STORE(4, Z16, Z17, Z18, Z19)
	ADDQ $20, LIST
	SUBQ $5, LEFT
	JHI  tile

next:
	ADDQ $16, stepTile_dst(DI)
	MOVQ (stepTile_parts+stepPart_wStride)(DI), AX
	SHLQ $2, AX
	ADDQ AX, (stepTile_parts+stepPart_w)(DI)
	MOVQ (stepTile_parts+stepPart__size+stepPart_wStride)(DI), AX
	SHLQ $2, AX
	ADDQ AX, (stepTile_parts+stepPart__size+stepPart_w)(DI)
	SUBQ $4, stepTile_inputs(DI)
	JGT  inputs
	VZEROUPPER
	RET

narrow:
	// Rows of one vector: a product is its own sum, once −0 is +0 as in a sum.
	// DX steps left    R11 step    R12 its row of d, then of dst    CX all steps
	LEAQ (stepTile_parts+stepPart__size)(DI), SI
	ROWS
	MOVQ stepPart_w(SI), AX
	VMOVUPS (AX), Z20
	VMOVUPS (AX)(R8*1), Z21
	VMOVUPS (AX)(R9*1), Z22
	VMOVUPS (AX)(R10*1), Z23
	MOVQ stepTile_dst(DI), AX
	MOVQ stepPart_d(SI), BX
	LEAQ TABLES, CX
	VPXORD X28, X28, X28

step:
	TZCNTL DX, R11
	BLSRL DX, DX
	MOVL 64(CX)(R11*4), R12
	VMOVUPS (BX)(R12*1), Z24
	VMULPS Z20, Z24, Z0
	VMULPS Z21, Z24, Z1
	VMULPS Z22, Z24, Z2
	VMULPS Z23, Z24, Z3
	FOLD(Z0, Z1, Z2, Z3)
	VADDPS X28, X24, X24
	VPTESTMD.BCST 192(CX)(R11*4), X30, K1
	MOVL 128(CX)(R11*4), R12
	VMOVUPS X24, K1, (AX)(R12*1)
	TESTL DX, DX
	JNZ  step
	JMP  next

// The numbers 0 to 15.
DATA numbers<>+0(SB)/4, $0
DATA numbers<>+4(SB)/4, $1
DATA numbers<>+8(SB)/4, $2
DATA numbers<>+12(SB)/4, $3
DATA numbers<>+16(SB)/4, $4
DATA numbers<>+20(SB)/4, $5
DATA numbers<>+24(SB)/4, $6
DATA numbers<>+28(SB)/4, $7
DATA numbers<>+32(SB)/4, $8
DATA numbers<>+36(SB)/4, $9
DATA numbers<>+40(SB)/4, $10
DATA numbers<>+44(SB)/4, $11
DATA numbers<>+48(SB)/4, $12
DATA numbers<>+52(SB)/4, $13
DATA numbers<>+56(SB)/4, $14
DATA numbers<>+60(SB)/4, $15
GLOBL numbers<>(SB), RODATA|NOPTR, $64
