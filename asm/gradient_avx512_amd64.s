//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "exp_amd64.h"

// Operands are in Go's order: the destination is last.

// The operations of sumrows_amd64.h and sumspikes_amd64.h on 16 lanes: i the
// vector, p its sums in Z0 to Z3; Z16 and Z17 are temporaries.

#define LOAD(i, p) VMOVUPS (64*i)(R10), p

#define ADD(i, p) VADDPS (64*i)(AX), p, p

#define LOAD_VALUE VBROADCASTSS (R13), Z16

#define ADD_SCALED(i, p) \
	VMULPS (64*i)(AX), Z16, Z17; \
	VADDPS Z17, p, p

#define STORE(i, p) VMOVUPS p, (64*i)(R10)

// func sumRows64AVX512(t *sumTile)
TEXT ·sumRows64AVX512(SB), NOSPLIT, $0-8

#define EACH(op) \
	op(0, Z0); \
	op(1, Z1); \
	op(2, Z2); \
	op(3, Z3)

#include "sumrows_amd64.h"

// func sumSpikes64AVX512(t *spikeTile)
TEXT ·sumSpikes64AVX512(SB), NOSPLIT, $0-8

#include "sumspikes_amd64.h"

#undef EACH

// func sumRows16AVX512(t *sumTile)
TEXT ·sumRows16AVX512(SB), NOSPLIT, $0-8

#define EACH(op) op(0, Z0)

#include "sumrows_amd64.h"

// func sumSpikes16AVX512(t *spikeTile)
TEXT ·sumSpikes16AVX512(SB), NOSPLIT, $0-8

#include "sumspikes_amd64.h"

// func dotRows8AVX512(group *dotGroup)
//
// Adds the products of eight rows and d to their 16 lanes each, panel after
// panel; then folds the lanes to one sum a row, as DotRows says.
//
// Eight rows are eight independent sums, which hides the latency of the adds.
//
//	Z0-Z7 lanes of the rows    Z16 part of d    Z17-Z24 products
//	DI group    R13 d    SI offset into the rows, in bytes
//	AX BX DX R8-R12 the rows
//	CX vectors left in the panel    R14 panels left
TEXT ·dotRows8AVX512(SB), NOSPLIT, $0-8
	MOVQ group+0(FP), DI
	MOVQ dotGroup_rows+0(DI), AX
	MOVQ dotGroup_rows+8(DI), BX
	MOVQ dotGroup_rows+16(DI), DX
	MOVQ dotGroup_rows+24(DI), R8
	MOVQ dotGroup_rows+32(DI), R9
	MOVQ dotGroup_rows+40(DI), R10
	MOVQ dotGroup_rows+48(DI), R11
	MOVQ dotGroup_rows+56(DI), R12
	MOVQ dotGroup_d(DI), R13
	MOVQ dotGroup_panels(DI), R14
	XORQ SI, SI
	VMOVUPS dotGroup_lanes+0(DI), Z0
	VMOVUPS dotGroup_lanes+64(DI), Z1
	VMOVUPS dotGroup_lanes+128(DI), Z2
	VMOVUPS dotGroup_lanes+192(DI), Z3
	VMOVUPS dotGroup_lanes+256(DI), Z4
	VMOVUPS dotGroup_lanes+320(DI), Z5
	VMOVUPS dotGroup_lanes+384(DI), Z6
	VMOVUPS dotGroup_lanes+448(DI), Z7

panel:
	MOVQ dotGroup_vectors(DI), CX

vector:
	VMOVUPS (R13), Z16
	VMULPS (AX)(SI*1), Z16, Z17
	VMULPS (BX)(SI*1), Z16, Z18
	VMULPS (DX)(SI*1), Z16, Z19
	VMULPS (R8)(SI*1), Z16, Z20
	VMULPS (R9)(SI*1), Z16, Z21
	VMULPS (R10)(SI*1), Z16, Z22
	VMULPS (R11)(SI*1), Z16, Z23
	VMULPS (R12)(SI*1), Z16, Z24
	VADDPS Z17, Z0, Z0
	VADDPS Z18, Z1, Z1
	VADDPS Z19, Z2, Z2
	VADDPS Z20, Z3, Z3
	VADDPS Z21, Z4, Z4
	VADDPS Z22, Z5, Z5
	VADDPS Z23, Z6, Z6
	VADDPS Z24, Z7, Z7
	ADDQ $64, R13
	ADDQ $64, SI
	DECQ CX
	JNZ  vector
	ADDQ dotGroup_skip(DI), SI
	DECQ R14
	JNZ  panel

	VMOVUPS Z0, dotGroup_lanes+0(DI)
	VMOVUPS Z1, dotGroup_lanes+64(DI)
	VMOVUPS Z2, dotGroup_lanes+128(DI)
	VMOVUPS Z3, dotGroup_lanes+192(DI)
	VMOVUPS Z4, dotGroup_lanes+256(DI)
	VMOVUPS Z5, dotGroup_lanes+320(DI)
	VMOVUPS Z6, dotGroup_lanes+384(DI)
	VMOVUPS Z7, dotGroup_lanes+448(DI)

// FOLD adds lanes i and i+8, i and i+4, i and i+2, i and i+1.
#define FOLD(z, y, x, k) \
	VEXTRACTF32X8 $1, z, Y8; \
	VADDPS Y8, y, y; \
	VEXTRACTF128 $1, y, X8; \
	VADDPS X8, x, x; \
	VMOVHLPS x, x, X8; \
	VADDPS X8, x, x; \
	VMOVSHDUP x, X8; \
	VADDSS X8, x, x; \
	VMOVSS x, dotGroup_sums+(4*k)(DI)

	FOLD(Z0, Y0, X0, 0)
	FOLD(Z1, Y1, X1, 1)
	FOLD(Z2, Y2, X2, 2)
	FOLD(Z3, Y3, X3, 3)
	FOLD(Z4, Y4, X4, 4)
	FOLD(Z5, Y5, X5, 5)
	FOLD(Z6, Y6, X6, 6)
	FOLD(Z7, Y7, X7, 7)
	VZEROUPPER
	RET

#define LANES 16
#define RATE Z0
#define EPSILON Z1
#define BETA1 Z2
#define BETA2 Z3
#define SHRINK Z4
#define REST1 Z5
#define REST2 Z6
#define GRAD Z7
#define M Z8
#define V Z9
#define W Z10

// func adamAVX512(a *AdamStep, w, m, v, grad *float32, n int)
TEXT ·adamAVX512(SB), NOSPLIT, $0-48

#include "adam_amd64.h"
