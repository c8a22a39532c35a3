//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// The operations of conv_amd64.h on 16 lanes: i the vector, p a temporary.
// Operands are in Go's order: the destination is last.

#define VALUE Z15
#define VALUE_X X15

#define ADD(i, p) \
	VMULPS (64*i)(FROM), VALUE, p; \
	VADDPS (64*i)(TO), p, p; \
	VMOVUPS p, (64*i)(TO)

#define BLOCK 256

#define EACH(op) \
	op(0, Z0); \
	op(1, Z1); \
	op(2, Z2); \
	op(3, Z3)

#define REST \
	TESTL $128, CX; \
	JZ   under32; \
	ADD(0, Z0); \
	ADD(1, Z1); \
	SUBQ $-128, SI; \
	SUBQ $-128, DI; \
under32: \
	TESTL $64, CX; \
	JZ   under16; \
	ADD(0, Z0); \
	ADDQ $64, SI; \
	ADDQ $64, DI; \
under16: \
	TESTL $32, CX; \
	JZ   done; \
	VMULPS (FROM), Y15, Y0; \
	VADDPS (TO), Y0, Y0; \
	VMOVUPS Y0, (TO); \
	ADDQ $32, SI; \
done:

#define FROM SI
#define TO DI

// func scatterAVX512(l *scatterList)
TEXT ·scatterAVX512(SB), NOSPLIT, $0-8

#include "conv_amd64.h"

#undef FROM
#undef TO

#define FROM DI
#define TO SI

// func collectAVX512(l *scatterList)
TEXT ·collectAVX512(SB), NOSPLIT, $0-8

#include "conv_amd64.h"
