//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// The operations of sumbytes_amd64.h and convertbytes_amd64.h on 32 bytes. Their arguments: from, where
// the vector lies in a row; to, where the lanes of its even bytes go; all and odd
// its sums; t a temporary.
//
//	Y0-Y3 sums of all bytes    Y4-Y7 of the odd ones    Y8-Y11 temporaries
//	Y14 Y15 what all and odd start at

#define BROADCAST_BIAS \
	VMOVD AX, X15; \
	VPBROADCASTW X15, Y15; \
	VPSLLW $8, Y15, Y14; \
	VPADDW Y15, Y14, Y14

#define CLEAR(from, to, all, odd, t) \
	VMOVDQA Y14, all; \
	VMOVDQA Y15, odd

#define ADD(from, to, all, odd, t) \
	VMOVDQU from(AX), t; \
	VPADDW t, all, all; \
	VPSRLW $8, t, t; \
	VPADDW t, odd, odd

#define SPLIT(from, to, all, odd, t) \
	VPSLLW $8, odd, t; \
	VPSUBW t, all, all; \
	VMOVDQU all, to(AX); \
	VMOVDQU odd, (to+64)(AX)

#define CONVERT \
	VPMOVSXWD (AX)(SI*2), Y0; \
	VPMOVSXWD 16(AX)(SI*2), Y1; \
	VCVTDQ2PS Y0, Y0; \
	VCVTDQ2PS Y1, Y1; \
	VMULPS (R10)(SI*4), Y0, Y0; \
	VMULPS 32(R10)(SI*4), Y1, Y1; \
	VADDPS (R9)(SI*4), Y0, Y0; \
	VADDPS 32(R9)(SI*4), Y1, Y1; \
	VMOVUPS Y0, (R8)(SI*4); \
	VMOVUPS Y1, 32(R8)(SI*4)

#define EACH(op) \
	op(0, 0, Y0, Y4, Y8); \
	op(32, 32, Y1, Y5, Y9); \
	op(64, 128, Y2, Y6, Y10); \
	op(96, 160, Y3, Y7, Y11)

// func sumBytes128AVX2(t *byteTile)
TEXT ·sumBytes128AVX2(SB), NOSPLIT, $0-8

#include "sumbytes_amd64.h"
#include "convertbytes_amd64.h"

#undef EACH

#define EACH(op) \
	op(0, 0, Y0, Y4, Y8); \
	op(32, 32, Y1, Y5, Y9)

// func sumBytes64AVX2(t *byteTile)
TEXT ·sumBytes64AVX2(SB), NOSPLIT, $0-8

#include "sumbytes_amd64.h"
#include "convertbytes_amd64.h"

#define LOAD(from, to, all, odd, t) \
	VPADDW to(AX), Y14, all; \
	VPADDW (to+64)(AX), Y15, odd

// func joinBytes64AVX2(t *byteTile)
TEXT ·joinBytes64AVX2(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	MOVQ byteTile_left(DI), AX
	SHLQ $7, AX
	NEGQ AX
	BROADCAST_BIAS
	MOVQ byteTile_weights(DI), AX
	EACH(LOAD)

#include "convertbytes_amd64.h"

#define LOAD_SUMS \
	VMOVDQU (R13)(SI*2), Y0; \
	VMOVDQU 32(R13)(SI*2), Y1; \
	VMOVDQU 64(R13)(SI*2), Y4; \
	VMOVDQU 96(R13)(SI*2), Y5

#define ADD_ROW(row) \
	VMOVDQU (row)(SI*1), Y8; \
	VMOVDQU 32(row)(SI*1), Y9; \
	VPADDW Y8, Y0, Y0; \
	VPADDW Y9, Y1, Y1; \
	VPSRLW $8, Y8, Y8; \
	VPSRLW $8, Y9, Y9; \
	VPADDW Y8, Y4, Y4; \
	VPADDW Y9, Y5, Y5

#define STORE_SUMS \
	VMOVDQU Y0, (R13)(SI*2); \
	VMOVDQU Y1, 32(R13)(SI*2); \
	VMOVDQU Y4, 64(R13)(SI*2); \
	VMOVDQU Y5, 96(R13)(SI*2)

// func addBytesAVX2(l *byteRows)
TEXT ·addBytesAVX2(SB), NOSPLIT, $0-8

#include "addbytes_amd64.h"
