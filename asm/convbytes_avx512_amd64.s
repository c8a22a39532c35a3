//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// The operations of convbytes_amd64.h on 32 lanes: i the vector, p a temporary.
// Operands are in Go's order: the destination is last.

#define ADD(i, p) \
	VPMOVSXBW (32*i)(SI), p; \
	VPADDW (64*i)(DI), p, p; \
	VMOVDQU32 p, (64*i)(DI)

#define BLOCK 128

#define EACH(op) \
	op(0, Z0); \
	op(1, Z1); \
	op(2, Z2); \
	op(3, Z3)

#define REST \
	TESTL $64, CX; \
	JZ   under64; \
	ADD(0, Z0); \
	ADD(1, Z1); \
	ADDQ $64, SI; \
	SUBQ $-128, DI; \
under64: \
	TESTL $32, CX; \
	JZ   under32; \
	ADD(0, Z0); \
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

// func scatterBytes32AVX512(l *byteList)
TEXT ·scatterBytes32AVX512(SB), NOSPLIT, $0-8

#include "convbytes_amd64.h"

// func joinLanesAVX512(t *laneRow)
TEXT ·joinLanesAVX512(SB), NOSPLIT, $0-8

#include "joinlanes_amd64.h"

	TESTQ $8, CX
	JZ   whole
	JOIN(Y0, X15)
	ADDQ $8, CX
	JZ   end

whole:
	JOIN(Z0, Y15)
	ADDQ $16, CX
	JNZ  whole

end:
	VZEROUPPER
	RET
