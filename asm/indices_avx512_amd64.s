//go:build !purego && !noasm

#include "textflag.h"

// func indicesAVX512(dst *uint32, v *uint64, words int, base uint32) (n int)
//
// A word is the mask that compresses the bytes 0 to 63 to the positions of its
// set bits; these are widened and stored 16 at a time. Whole vectors are
// stored and the next word's list starts after the set positions, which dst has
// room for: 64 a word.
//
// The compression goes to a register, as it is slow into memory on some CPUs.
//
//	Z0 bytes 0 to 63    Z1 position of the word's first bit    Z2 64
//	Z3 positions    Z4 temporary
//	DI dst    SI v    CX words left    BX set bits    R8 dst's start
TEXT ·indicesAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ v+8(FP), SI
	MOVQ words+16(FP), CX
	MOVL base+24(FP), AX
	MOVQ DI, R8
	VMOVDQU8 lanes<>(SB), Z0
	VPBROADCASTD AX, Z1
	MOVL $64, AX
	VPBROADCASTD AX, Z2

word:
	KMOVQ (SI), K1
	POPCNTQ (SI), BX
	VPCOMPRESSB.Z Z0, K1, Z3
	VPMOVZXBD X3, Z4
	VPADDD Z1, Z4, Z4
	VMOVDQU32 Z4, (DI)
	CMPQ BX, $16
	JHI  more

next:
	LEAQ (DI)(BX*4), DI
	ADDQ $8, SI
	VPADDD Z2, Z1, Z1
	DECQ CX
	JNZ  word
	SUBQ R8, DI
	SHRQ $2, DI
	MOVQ DI, n+32(FP)
	VZEROUPPER
	RET

#define STORE_PART(part) \
	VEXTRACTI32X4 $part, Z3, X4; \
	VPMOVZXBD X4, Z4; \
	VPADDD Z1, Z4, Z4; \
	VMOVDQU32 Z4, (64*part)(DI)

more:
	STORE_PART(1)
	CMPQ BX, $32
	JLS  next
	STORE_PART(2)
	STORE_PART(3)
	JMP  next

// The numbers 0 to 63.
DATA lanes<>+0(SB)/8, $0x0706050403020100
DATA lanes<>+8(SB)/8, $0x0f0e0d0c0b0a0908
DATA lanes<>+16(SB)/8, $0x1716151413121110
DATA lanes<>+24(SB)/8, $0x1f1e1d1c1b1a1918
DATA lanes<>+32(SB)/8, $0x2726252423222120
DATA lanes<>+40(SB)/8, $0x2f2e2d2c2b2a2928
DATA lanes<>+48(SB)/8, $0x3736353433323130
DATA lanes<>+56(SB)/8, $0x3f3e3d3c3b3a3938
GLOBL lanes<>(SB), RODATA|NOPTR, $64
