//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// The operations of conv_amd64.h on 8 lanes: i the vector, p a temporary.
// Operands are in Go's order: the destination is last.

#define VALUE Y15
#define VALUE_X X15

#define ADD(i, p) \
	VMULPS (32*i)(FROM), VALUE, p; \
	VADDPS (32*i)(TO), p, p; \
	VMOVUPS p, (32*i)(TO)

#define BLOCK 128

#define EACH(op) \
	op(0, Y0); \
	op(1, Y1); \
	op(2, Y2); \
	op(3, Y3)

#define REST \
	TESTL $64, CX; \
	JZ   under16; \
	ADD(0, Y0); \
	ADD(1, Y1); \
	ADDQ $64, SI; \
	ADDQ $64, DI; \
under16: \
	TESTL $32, CX; \
	JZ   done; \
	ADD(0, Y0); \
	ADDQ $32, SI; \
done:

#define FROM SI
#define TO DI

// func scatterAVX2(l *scatterList)
TEXT ·scatterAVX2(SB), NOSPLIT, $0-8

#include "conv_amd64.h"

#undef FROM
#undef TO

#define FROM DI
#define TO SI

// func collectAVX2(l *scatterList)
TEXT ·collectAVX2(SB), NOSPLIT, $0-8

#include "conv_amd64.h"

// func scatterDotAVX2(l *dotList)
//
// Four inputs at once, one vector of each a turn: as many independent sums hide
// the latency of the adds, and the loads are the limit.
//
//	Y0-Y3 lanes of the inputs    Y4-Y7 products
//	R8-R11 weights of the inputs, BX offset into them
//	R12-R15 delta, where the patterns of the inputs begin, SI offset into them
//	AX end of offsets    DX -runs left, or list
//	DI bytes of a run    CX bytes left of it
TEXT ·scatterDotAVX2(SB), NOSPLIT, $0-8

// PLACE finds the weights and delta of the k-th input. A Place is one word, Sum
// in its low half.
#define PLACE(k, weights, delta) \
	MOVL (4*k)(AX), CX; \
	MOVQ (BX)(CX*8), weights; \
	MOVL weights, delta; \
	LEAQ (SI)(delta*4), delta; \
	SHRQ $32, weights; \
	LEAQ (DI)(weights*4), weights

group:
	MOVQ l+0(FP), DX
	MOVQ dotList_inputs(DX), AX
	ADDQ dotList_done(DX), AX
	MOVQ dotList_places(DX), BX
	MOVQ dotList_delta(DX), SI
	MOVQ dotList_weights(DX), DI
	PLACE(0, R8, R12)
	PLACE(1, R9, R13)
	PLACE(2, R10, R14)
	PLACE(3, R11, R15)
	MOVQ dotList_width(DX), DI
	MOVQ dotList_offsets(DX), AX
	MOVQ dotList_runs(DX), DX
	LEAQ (AX)(DX*4), AX
	NEGQ DX
	XORQ BX, BX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3

run:
	MOVL (AX)(DX*4), SI
	SHLQ $2, SI
	MOVQ DI, CX

#define DOT(weights, delta, lanes, product) \
	VMOVUPS (weights)(BX*1), product; \
	VMULPS (delta)(SI*1), product, product; \
	VADDPS product, lanes, lanes

vector:
	DOT(R8, R12, Y0, Y4)
	DOT(R9, R13, Y1, Y5)
	DOT(R10, R14, Y2, Y6)
	DOT(R11, R15, Y3, Y7)
	ADDQ $32, BX
	ADDQ $32, SI
	SUBQ $32, CX
	JGT  vector
	INCQ DX
	JNZ  run

// FOLD adds lanes i and i+4, i and i+2, i and i+1 and stores the sum.
#define FOLD(k, y, x) \
	VEXTRACTF128 $1, y, X4; \
	VADDPS X4, x, x; \
	VMOVHLPS x, x, X4; \
	VADDPS X4, x, x; \
	VMOVSHDUP x, X4; \
	VADDSS X4, x, x; \
	VMOVSS x, (4*k)(AX)

	MOVQ l+0(FP), DX
	MOVQ dotList_dst(DX), AX
	ADDQ dotList_done(DX), AX
	ADDQ $16, dotList_done(DX)
	FOLD(0, Y0, X0)
	FOLD(1, Y1, X1)
	FOLD(2, Y2, X2)
	FOLD(3, Y3, X3)
	DECQ dotList_groups(DX)
	JNZ  group
	VZEROUPPER
	RET
