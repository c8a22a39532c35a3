//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "exp_amd64.h"

// Operands are in Go's order: the destination is last.

// The operations of sumrows_amd64.h and sumspikes_amd64.h on 8 lanes: i the
// vector, p its sums in Y0 to Y7; Y8 and Y9 are temporaries.

#define LOAD(i, p) VMOVUPS (32*i)(R10), p

#define ADD(i, p) VADDPS (32*i)(AX), p, p

#define LOAD_VALUE VBROADCASTSS (R13), Y8

#define ADD_SCALED(i, p) \
	VMULPS (32*i)(AX), Y8, Y9; \
	VADDPS Y9, p, p

#define STORE(i, p) VMOVUPS p, (32*i)(R10)

// func sumRows64AVX2(t *sumTile)
TEXT ·sumRows64AVX2(SB), NOSPLIT, $0-8

#define EACH(op) \
	op(0, Y0); \
	op(1, Y1); \
	op(2, Y2); \
	op(3, Y3); \
	op(4, Y4); \
	op(5, Y5); \
	op(6, Y6); \
	op(7, Y7)

#include "sumrows_amd64.h"

// func sumSpikes64AVX2(t *spikeTile)
TEXT ·sumSpikes64AVX2(SB), NOSPLIT, $0-8

#include "sumspikes_amd64.h"

#undef EACH

// func sumRows16AVX2(t *sumTile)
TEXT ·sumRows16AVX2(SB), NOSPLIT, $0-8

#define EACH(op) \
	op(0, Y0); \
	op(1, Y1)

#include "sumrows_amd64.h"

// func sumSpikes16AVX2(t *spikeTile)
TEXT ·sumSpikes16AVX2(SB), NOSPLIT, $0-8

#include "sumspikes_amd64.h"

// func dotRows8AVX2(group *dotGroup)
//
// Adds the products of eight rows and d to their 16 lanes each, panel after
// panel; then folds the lanes to one sum a row, as DotRows says.
//
// It takes four rows, then the other four: eight independent sums hide the
// latency of the adds.
//
//	Y0-Y7 lanes of four rows, two vectors a row
//	Y8 Y9 part of d    Y10-Y15 products
//	DI group    SI d    R14 offset into the rows, in bytes
//	AX BX DX R8 the rows
//	CX vectors left in the panel    R13 panels left
//	R9 rows, R10 lanes and R11 sums of these four, less their offset in group
//	R12 times left
TEXT ·dotRows8AVX2(SB), NOSPLIT, $0-8
	MOVQ group+0(FP), DI
	MOVQ DI, R9
	MOVQ DI, R10
	MOVQ DI, R11
	MOVQ $2, R12

four:
	MOVQ dotGroup_rows+0(R9), AX
	MOVQ dotGroup_rows+8(R9), BX
	MOVQ dotGroup_rows+16(R9), DX
	MOVQ dotGroup_rows+24(R9), R8
	MOVQ dotGroup_d(DI), SI
	MOVQ dotGroup_panels(DI), R13
	XORQ R14, R14
	VMOVUPS dotGroup_lanes+0(R10), Y0
	VMOVUPS dotGroup_lanes+32(R10), Y1
	VMOVUPS dotGroup_lanes+64(R10), Y2
	VMOVUPS dotGroup_lanes+96(R10), Y3
	VMOVUPS dotGroup_lanes+128(R10), Y4
	VMOVUPS dotGroup_lanes+160(R10), Y5
	VMOVUPS dotGroup_lanes+192(R10), Y6
	VMOVUPS dotGroup_lanes+224(R10), Y7

panel:
	MOVQ dotGroup_vectors(DI), CX

#define DOT(row, p, q, s, t) \
	VMULPS (row)(R14*1), Y8, s; \
	VMULPS 32(row)(R14*1), Y9, t; \
	VADDPS s, p, p; \
	VADDPS t, q, q

vector:
	VMOVUPS (SI), Y8
	VMOVUPS 32(SI), Y9
	DOT(AX, Y0, Y1, Y10, Y11)
	DOT(BX, Y2, Y3, Y12, Y13)
	DOT(DX, Y4, Y5, Y14, Y15)
	DOT(R8, Y6, Y7, Y10, Y11)
	ADDQ $64, SI
	ADDQ $64, R14
	DECQ CX
	JNZ  vector
	ADDQ dotGroup_skip(DI), R14
	DECQ R13
	JNZ  panel

	VMOVUPS Y0, dotGroup_lanes+0(R10)
	VMOVUPS Y1, dotGroup_lanes+32(R10)
	VMOVUPS Y2, dotGroup_lanes+64(R10)
	VMOVUPS Y3, dotGroup_lanes+96(R10)
	VMOVUPS Y4, dotGroup_lanes+128(R10)
	VMOVUPS Y5, dotGroup_lanes+160(R10)
	VMOVUPS Y6, dotGroup_lanes+192(R10)
	VMOVUPS Y7, dotGroup_lanes+224(R10)

// FOLD adds lanes i and i+8, i and i+4, i and i+2, i and i+1 of row k.
#define FOLD(y, z, x, k) \
	VADDPS z, y, y; \
	VEXTRACTF128 $1, y, X8; \
	VADDPS X8, x, x; \
	VMOVHLPS x, x, X8; \
	VADDPS X8, x, x; \
	VMOVSHDUP x, X8; \
	VADDSS X8, x, x; \
	VMOVSS x, dotGroup_sums+(4*k)(R11)

	FOLD(Y0, Y1, X0, 0)
	FOLD(Y2, Y3, X2, 1)
	FOLD(Y4, Y5, X4, 2)
	FOLD(Y6, Y7, X6, 3)
	ADDQ $32, R9
	ADDQ $256, R10
	ADDQ $16, R11
	DECQ R12
	JNZ  four
	VZEROUPPER
	RET

#define LANES 8
#define RATE Y0
#define EPSILON Y1
#define BETA1 Y2
#define BETA2 Y3
#define SHRINK Y4
#define REST1 Y5
#define REST2 Y6
#define GRAD Y7
#define M Y8
#define V Y9
#define W Y10

// func adamAVX2(a *AdamStep, w, m, v, grad *float32, n int)
TEXT ·adamAVX2(SB), NOSPLIT, $0-48

#include "adam_amd64.h"
