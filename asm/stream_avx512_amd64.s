//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// func addRows8AVX512(group *rowGroup)
//
//	for j := range columns {
//		for k := range 8 {
//			acc[j] += rows[k][j]             // or rows[k][j]*values[k]
//		}
//	}
//
// One vector of sums is in flight a turn; the processor overlaps the turns.
//
//	DI acc    SI column offset in bytes    CX columns left
//	AX BX DX R8-R12 the rows
//	Z0 sums    Z1 temporary    Z8-Z15 values
TEXT ·addRows8AVX512(SB), NOSPLIT, $0-8
	MOVQ group+0(FP), R13
	MOVQ rowGroup_acc(R13), DI
	MOVQ rowGroup_columns(R13), CX
	MOVQ rowGroup_rows+0(R13), AX
	MOVQ rowGroup_rows+8(R13), BX
	MOVQ rowGroup_rows+16(R13), DX
	MOVQ rowGroup_rows+24(R13), R8
	MOVQ rowGroup_rows+32(R13), R9
	MOVQ rowGroup_rows+40(R13), R10
	MOVQ rowGroup_rows+48(R13), R11
	MOVQ rowGroup_rows+56(R13), R12
	XORQ SI, SI
	CMPB rowGroup_scaled(R13), $0
	JNE  scaled

#define ADD(row) VADDPS (row)(SI*1), Z0, Z0

spikes:
	VMOVUPS (DI)(SI*1), Z0
	ADD(AX)
	ADD(BX)
	ADD(DX)
	ADD(R8)
	ADD(R9)
	ADD(R10)
	ADD(R11)
	ADD(R12)
	VMOVUPS Z0, (DI)(SI*1)
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  spikes
	VZEROUPPER
	RET

#define ADD_SCALED(row, value) \
	VMULPS (row)(SI*1), value, Z1; \
	VADDPS Z1, Z0, Z0

scaled:
	VBROADCASTSS rowGroup_values+0(R13), Z8
	VBROADCASTSS rowGroup_values+4(R13), Z9
	VBROADCASTSS rowGroup_values+8(R13), Z10
	VBROADCASTSS rowGroup_values+12(R13), Z11
	VBROADCASTSS rowGroup_values+16(R13), Z12
	VBROADCASTSS rowGroup_values+20(R13), Z13
	VBROADCASTSS rowGroup_values+24(R13), Z14
	VBROADCASTSS rowGroup_values+28(R13), Z15

loop:
	VMOVUPS (DI)(SI*1), Z0
	ADD_SCALED(AX, Z8)
	ADD_SCALED(BX, Z9)
	ADD_SCALED(DX, Z10)
	ADD_SCALED(R8, Z11)
	ADD_SCALED(R9, Z12)
	ADD_SCALED(R10, Z13)
	ADD_SCALED(R11, Z14)
	ADD_SCALED(R12, Z15)
	VMOVUPS Z0, (DI)(SI*1)
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  loop
	VZEROUPPER
	RET
