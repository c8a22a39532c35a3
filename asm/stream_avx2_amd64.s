//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// func addRows8AVX2(group *rowGroup)
//
//	for j := range columns {
//		for k := range 8 {
//			acc[j] += rows[k][j]             // or rows[k][j]*values[k]
//		}
//	}
//
// Two vectors of sums are in flight a turn; the processor overlaps the turns.
//
//	DI acc    SI column offset in bytes    CX columns left
//	AX BX DX R8-R12 the rows
//	Y0 Y1 sums    Y2-Y5 temporaries    Y8-Y15 values
TEXT ·addRows8AVX2(SB), NOSPLIT, $0-8
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

#define ADD(row) \
	VADDPS (row)(SI*1), Y0, Y0; \
	VADDPS 32(row)(SI*1), Y1, Y1

spikes:
	VMOVUPS (DI)(SI*1), Y0
	VMOVUPS 32(DI)(SI*1), Y1
	ADD(AX)
	ADD(BX)
	ADD(DX)
	ADD(R8)
	ADD(R9)
	ADD(R10)
	ADD(R11)
	ADD(R12)
	VMOVUPS Y0, (DI)(SI*1)
	VMOVUPS Y1, 32(DI)(SI*1)
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  spikes
	VZEROUPPER
	RET

#define ADD_SCALED(row, value) \
	VMULPS (row)(SI*1), value, Y2; \
	VMULPS 32(row)(SI*1), value, Y3; \
	VADDPS Y2, Y0, Y0; \
	VADDPS Y3, Y1, Y1

scaled:
	VBROADCASTSS rowGroup_values+0(R13), Y8
	VBROADCASTSS rowGroup_values+4(R13), Y9
	VBROADCASTSS rowGroup_values+8(R13), Y10
	VBROADCASTSS rowGroup_values+12(R13), Y11
	VBROADCASTSS rowGroup_values+16(R13), Y12
	VBROADCASTSS rowGroup_values+20(R13), Y13
	VBROADCASTSS rowGroup_values+24(R13), Y14
	VBROADCASTSS rowGroup_values+28(R13), Y15

loop:
	VMOVUPS (DI)(SI*1), Y0
	VMOVUPS 32(DI)(SI*1), Y1
	ADD_SCALED(AX, Y8)
	ADD_SCALED(BX, Y9)
	ADD_SCALED(DX, Y10)
	ADD_SCALED(R8, Y11)
	ADD_SCALED(R9, Y12)
	ADD_SCALED(R10, Y13)
	ADD_SCALED(R11, Y14)
	ADD_SCALED(R12, Y15)
	VMOVUPS Y0, (DI)(SI*1)
	VMOVUPS Y1, 32(DI)(SI*1)
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  loop
	VZEROUPPER
	RET
