//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// The operations of sumbytes_amd64.h and convertbytes_amd64.h on 64 bytes. Their arguments: i the vector,
// all and odd its sums, t a temporary.
//
//	Z0-Z3 sums of all bytes    Z4-Z7 of the odd ones    Z8-Z11 temporaries
//	Z30 Z31 what all and odd start at

#define BROADCAST_BIAS \
	VPBROADCASTW AX, Z31; \
	VPSLLW $8, Z31, Z30; \
	VPADDW Z31, Z30, Z30

#define CLEAR(i, all, odd, t) \
	VMOVDQA32 Z30, all; \
	VMOVDQA32 Z31, odd

#define ADD(i, all, odd, t) \
	VMOVDQU32 (64*i)(AX), t; \
	VPADDW t, all, all; \
	VPSRLW $8, t, t; \
	VPADDW t, odd, odd

#define SPLIT(i, all, odd, t) \
	VPSLLW $8, odd, t; \
	VPSUBW t, all, all; \
	VMOVDQU32 all, (128*i)(AX); \
	VMOVDQU32 odd, (128*i+64)(AX)

#define CONVERT \
	VPMOVSXWD (AX)(SI*2), Z0; \
	VCVTDQ2PS Z0, Z0; \
	VMULPS (R10)(SI*4), Z0, Z0; \
	VADDPS (R9)(SI*4), Z0, Z0; \
	VMOVUPS Z0, (R8)(SI*4)

// CONVERT64 is SPLIT and CONVERT of all columns of a vector, in registers.
#define CONVERT64(i, all, odd, t) \
	VPSLLW $8, odd, t; \
	VPSUBW t, all, all; \
	HALVES(256*i, all); \
	HALVES(256*i+128, odd)

#define HALVES(offset, words) \
	VEXTRACTI64X4 $1, words, Y13; \
	VEXTRACTI64X4 $0, words, Y12; \
	VPMOVSXWD Y12, Z12; \
	VPMOVSXWD Y13, Z13; \
	SCALE(offset, Z12); \
	SCALE(offset+64, Z13)

#define SCALE(offset, n) \
	VCVTDQ2PS n, n; \
	VMULPS (offset)(R10), n, n; \
	VADDPS (offset)(R9), n, n; \
	VMOVUPS n, (offset)(R8)

#define EACH(op) \
	op(0, Z0, Z4, Z8); \
	op(1, Z1, Z5, Z9); \
	op(2, Z2, Z6, Z10); \
	op(3, Z3, Z7, Z11)

// func sumBytes256AVX512(t *byteTile)
TEXT ·sumBytes256AVX512(SB), NOSPLIT, $0-8

#include "sumbytes_amd64.h"

	MOVQ byteTile_out(DI), R8
	MOVQ byteTile_start(DI), R9
	MOVQ byteTile_scale(DI), R10
	EACH(CONVERT64)
	VZEROUPPER
	RET

#undef EACH

#define EACH(op) op(0, Z0, Z4, Z8)

// func sumBytes64AVX512(t *byteTile)
TEXT ·sumBytes64AVX512(SB), NOSPLIT, $0-8

#include "sumbytes_amd64.h"
#include "convertbytes_amd64.h"

#define LOAD(i, all, odd, t) \
	VPADDW (128*i)(AX), Z30, all; \
	VPADDW (128*i+64)(AX), Z31, odd

// func joinBytes64AVX512(t *byteTile)
TEXT ·joinBytes64AVX512(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	MOVQ byteTile_left(DI), AX
	SHLQ $7, AX
	NEGQ AX
	BROADCAST_BIAS
	MOVQ byteTile_weights(DI), AX
	EACH(LOAD)

#include "convertbytes_amd64.h"

#define LOAD_SUMS \
	VMOVDQU32 (R13)(SI*2), Z0; \
	VMOVDQU32 64(R13)(SI*2), Z4

#define ADD_ROW(row) \
	VMOVDQU32 (row)(SI*1), Z8; \
	VPADDW Z8, Z0, Z0; \
	VPSRLW $8, Z8, Z8; \
	VPADDW Z8, Z4, Z4

#define STORE_SUMS \
	VMOVDQU32 Z0, (R13)(SI*2); \
	VMOVDQU32 Z4, 64(R13)(SI*2)

// func addBytesAVX512(l *byteRows)
TEXT ·addBytesAVX512(SB), NOSPLIT, $0-8

#include "addbytes_amd64.h"
