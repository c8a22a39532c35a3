//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// The operations of convbytes_amd64.h on 8 or 16 lanes: i the vector, p a
// temporary. Operands are in Go's order: the destination is last.

#define ADD(i, p) \
	VPMOVSXBW (8*i)(SI), p; \
	VPADDW (16*i)(DI), p, p; \
	VMOVDQU p, (16*i)(DI)

#define BLOCK 32

#define EACH(op) \
	op(0, X0); \
	op(1, X1); \
	op(2, X2); \
	op(3, X3)

#define REST \
	TESTL $16, CX; \
	JZ   under16; \
	ADD(0, X0); \
	ADD(1, X1); \
	ADDQ $16, SI; \
	ADDQ $32, DI; \
under16: \
	TESTL $8, CX; \
	JZ   done; \
	ADD(0, X0); \
	ADDQ $8, SI; \
done:

// func scatterBytes8AVX2(l *byteList)
TEXT ·scatterBytes8AVX2(SB), NOSPLIT, $0-8

#include "convbytes_amd64.h"

#undef ADD
#undef BLOCK
#undef EACH
#undef REST

#define ADD(i, p) \
	VPMOVSXBW (16*i)(SI), p; \
	VPADDW (32*i)(DI), p, p; \
	VMOVDQU p, (32*i)(DI)

#define BLOCK 64

#define EACH(op) \
	op(0, Y0); \
	op(1, Y1); \
	op(2, Y2); \
	op(3, Y3)

#define REST \
	TESTL $32, CX; \
	JZ   under32; \
	ADD(0, Y0); \
	ADD(1, Y1); \
	ADDQ $32, SI; \
	ADDQ $64, DI; \
under32: \
	TESTL $16, CX; \
	JZ   under16; \
	ADD(0, Y0); \
	ADDQ $16, SI; \
	ADDQ $32, DI; \
under16: \
	TESTL $8, CX; \
	JZ   done; \
	ADD(0, X0); \
	ADDQ $8, SI; \
done:

// func scatterBytes16AVX2(l *byteList)
TEXT ·scatterBytes16AVX2(SB), NOSPLIT, $0-8

#include "convbytes_amd64.h"

// func joinLanesAVX2(t *laneRow)
TEXT ·joinLanesAVX2(SB), NOSPLIT, $0-8

#include "joinlanes_amd64.h"

turn:
	JOIN(Y0, X15)
	ADDQ $8, CX
	JNZ  turn
	VZEROUPPER
	RET
