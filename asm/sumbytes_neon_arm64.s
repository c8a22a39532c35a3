//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// The sum of bytes of listed rows, for tiles of 128 columns (8 vectors) and 64
// (4): widening adds of the lower and the upper half of each vector. A turn adds
// the row that the turn before loaded and loads the next one; the last turn loads
// its own row again.
//
//	R0 byteTile    R1 weights    R2 bytes from a row to the next
//	R3 next row index    R4 rows left    R5 row to load    R6 temporary
//	R7 lanes    R8 out    R9 start    R10 scale    R12 columns left
//	V0-V15 sums of the halves, which start at −128 for each row    V16-V23 row
//	then V0-V7 temporaries

#define LOAD_BYTE_TILE \
	MOVD t+0(FP), R0; \
	MOVD byteTile_weights(R0), R1; \
	MOVD byteTile_stride(R0), R2; \
	MOVD byteTile_rows(R0), R3; \
	MOVD byteTile_left(R0), R4; \
	NEG R4<<7, R6; \
	VDUP R6, V0.H8

// NEXT_ROW puts the address of the next listed row into R5.
#define NEXT_ROW \
	MOVWU.P 4(R3), R6; \
	UMADDL R2, R1, R6, R5

#define LOAD(i, low, high, v) FMOVQ (16*i)(R5), F(v)

// TAKE adds vector i of the row, in v, and loads that of the next.
#define TAKE(i, low, high, v) \
	VFUADDW(v, low, low); \
	VFUADDW2(v, high, high); \
	FMOVQ (16*i)(R5), F(v)

// SPLIT stores the sums of the even bytes of a vector at offset to of the lanes
// and those of the odd ones 64 bytes further on.
#define SPLIT(low, high, to) \
	VUZP1 high.H8, low.H8, V24.H8; \
	VUZP2 high.H8, low.H8, V25.H8; \
	FMOVQ F24, (to)(R7); \
	FMOVQ F25, (to+64)(R7)

#define SPLIT4(to) \
	SPLIT(V0, V1, to); \
	SPLIT(V2, V3, to+16); \
	SPLIT(V4, V5, to+32); \
	SPLIT(V6, V7, to+48)

// func sumBytes128NEON(t *byteTile)
TEXT ·sumBytes128NEON(SB), NOSPLIT, $0-8
	LOAD_BYTE_TILE
	VMOV V0.B16, V1.B16
	VMOV V0.B16, V2.B16
	VMOV V0.B16, V3.B16
	VMOV V0.B16, V4.B16
	VMOV V0.B16, V5.B16
	VMOV V0.B16, V6.B16
	VMOV V0.B16, V7.B16
	VMOV V0.B16, V8.B16
	VMOV V0.B16, V9.B16
	VMOV V0.B16, V10.B16
	VMOV V0.B16, V11.B16
	VMOV V0.B16, V12.B16
	VMOV V0.B16, V13.B16
	VMOV V0.B16, V14.B16
	VMOV V0.B16, V15.B16

#define EACH8(op) \
	op(0, 0, 1, 16); \
	op(1, 2, 3, 17); \
	op(2, 4, 5, 18); \
	op(3, 6, 7, 19); \
	op(4, 8, 9, 20); \
	op(5, 10, 11, 21); \
	op(6, 12, 13, 22); \
	op(7, 14, 15, 23)

	NEXT_ROW
	EACH8(LOAD)

row:
	SUBS $1, R4
	BEQ last
	NEXT_ROW

last:
	EACH8(TAKE)
	CBNZ R4, row

split:
	MOVD byteTile_lanes(R0), R7
	SPLIT4(0)
	SPLIT(V8, V9, 128)
	SPLIT(V10, V11, 144)
	SPLIT(V12, V13, 160)
	SPLIT(V14, V15, 176)
	B convert<>(SB)

// func sumBytes64NEON(t *byteTile)
TEXT ·sumBytes64NEON(SB), NOSPLIT, $0-8
	LOAD_BYTE_TILE
	VMOV V0.B16, V1.B16
	VMOV V0.B16, V2.B16
	VMOV V0.B16, V3.B16
	VMOV V0.B16, V4.B16
	VMOV V0.B16, V5.B16
	VMOV V0.B16, V6.B16
	VMOV V0.B16, V7.B16

#define EACH4(op) \
	op(0, 0, 1, 16); \
	op(1, 2, 3, 17); \
	op(2, 4, 5, 18); \
	op(3, 6, 7, 19)

	NEXT_ROW
	EACH4(LOAD)

row:
	SUBS $1, R4
	BEQ last
	NEXT_ROW

last:
	EACH4(TAKE)
	CBNZ R4, row

	MOVD byteTile_lanes(R0), R7
	SPLIT4(0)
	B convert<>(SB)

// convert makes sums of the lanes, 16 columns a turn.
TEXT convert<>(SB), NOSPLIT|NOFRAME, $0
	MOVD byteTile_columns(R0), R12
	MOVD byteTile_out(R0), R8
	MOVD byteTile_start(R0), R9
	MOVD byteTile_scale(R0), R10

turn:
	VLD1.P 32(R7), [V16.H8, V17.H8]
	VSXTL(16, 0)
	VSXTL2(16, 1)
	VSXTL(17, 2)
	VSXTL2(17, 3)
	EACH1(VSCVTF, 0, 0)
	LOAD16(R10, 4, 5, 6, 7)
	EACH(VFMUL, 4, 0, 0)
	LOAD16(R9, 4, 5, 6, 7)
	EACH(VFADD, 4, 0, 0)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R8)
	SUBS $16, R12
	BNE turn
	RET
