//go:build !purego && !noasm

#include "textflag.h"

// func indicesAVX2(dst *uint32, v *uint64, words int, base uint32) (n int)
//
// Each byte of a word selects the list of its set bits from setBits; the list,
// widened to eight positions, is stored whole and the next one starts after its
// set positions, which dst has room for: 64 a word.
//
//	Y0 position of the byte's first bit    Y1 8    Y2 64    Y3 temporary
//	DI dst    SI v    CX words left    AX word    BX byte, then its set bits
//	R8 dst's start    R9 setBits
TEXT ·indicesAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ v+8(FP), SI
	MOVQ words+16(FP), CX
	MOVL base+24(FP), AX
	MOVQ DI, R8
	LEAQ ·setBits(SB), R9
	VMOVD AX, X0
	VPBROADCASTD X0, Y0
	MOVL $8, AX
	VMOVD AX, X1
	VPBROADCASTD X1, Y1
	VPSLLD $3, Y1, Y2

#define LIST_BYTE \
	MOVBLZX AX, BX; \
	SHRQ $8, AX; \
	VPMOVZXBD (R9)(BX*8), Y3; \
	POPCNTL BX, BX; \
	VPADDD Y0, Y3, Y3; \
	VPADDD Y1, Y0, Y0; \
	VMOVDQU Y3, (DI); \
	LEAQ (DI)(BX*4), DI

word:
	MOVQ (SI), AX
	ADDQ $8, SI
	TESTQ AX, AX
	JZ   silent
	LIST_BYTE
	LIST_BYTE
	LIST_BYTE
	LIST_BYTE
	LIST_BYTE
	LIST_BYTE
	LIST_BYTE
	LIST_BYTE

next:
	DECQ CX
	JNZ  word
	SUBQ R8, DI
	SHRQ $2, DI
	MOVQ DI, n+32(FP)
	VZEROUPPER
	RET

silent:
	VPADDD Y2, Y0, Y0
	JMP next
