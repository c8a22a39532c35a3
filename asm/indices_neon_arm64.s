//go:build !purego && !noasm

#include "textflag.h"

// func indicesNEON(dst *uint32, v *uint64, words int, base uint32) (n int)
//
//	for _, w := range v {
//		for w != 0 {
//			for range 4 {
//				dst[n] = base + TrailingZeros64(w)
//				if w != 0 {
//					n++
//				}
//				w &= w - 1
//			}
//		}
//		base += 64
//	}
//
// Four bits a turn, whether set or not: a branch a bit would be mispredicted
// about once a word. Past the last bit a turn writes to dst[n], which the next
// bit overwrites; dst has room for 64 a word.
//
//	R0 dst    R1 v    R2 words left    R3 base    R4 n
//	R5 w    R6 position    R7 w-1
TEXT ·indicesNEON(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD v+8(FP), R1
	MOVD words+16(FP), R2
	MOVWU base+24(FP), R3
	MOVD ZR, R4

#define BIT \
	RBIT R5, R6; \
	CLZ R6, R6; \
	ADD R3, R6; \
	MOVW R6, (R0)(R4<<2); \
	CMP $0, R5; \
	CINC NE, R4, R4; \
	SUB $1, R5, R7; \
	AND R7, R5

word:
	MOVD.P 8(R1), R5
	CBZ R5, next

turn:
	BIT
	BIT
	BIT
	BIT
	CBNZ R5, turn

next:
	ADD $64, R3
	SUBS $1, R2
	BNE word
	MOVD R4, n+32(FP)
	RET
