//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// func addRowsAVX512(list *rowList)
//
//	for j := range columns {
//		acc[j] = from[j]
//		for k := range left {
//			acc[j] += data[rows[k]*stride+j] // or that times values[k]
//		}
//	}
//
// Eight rows a pass, so that sums in the first-level cache cost an eighth of
// their loads and stores, and eight streams keep the memory busy. The last pass
// fills up with the row none, which is 0: a sum is never −0, so that adding 0
// leaves it as it is. One vector of sums is in flight a turn; the
// processor overlaps the turns.
//
//	R13 list    DI acc    SI column offset in bytes    CX columns left
//	AX BX DX R8-R12 the rows    R14 next row indices
//	    or values, then where the sums are read: at from in the first pass
//	Z0 sums    Z1 temporary    Z8-Z15 values
TEXT ·addRowsAVX512(SB), NOSPLIT, $0-8
	MOVQ list+0(FP), R13
	MOVQ rowList_acc(R13), DI

// ROW makes row the address of the k-th next row.
#define ROW(k, row) \
	MOVL (4*k)(R14), row; \
	IMULQ rowList_stride(R13), row; \
	ADDQ rowList_data(R13), row

// ROW_IF goes on with the pass if there is no k-th row, or else is ROW.
#define ROW_IF(k, row) \
	CMPQ rowList_left(R13), $k; \
	JLE  add; \
	ROW(k, row)

pass:
	MOVQ rowList_rows(R13), R14
	MOVQ rowList_columns(R13), CX
	XORQ SI, SI
	CMPQ rowList_left(R13), $8
	JLT  rest
	ROW(0, AX)
	ROW(1, BX)
	ROW(2, DX)
	ROW(3, R8)
	ROW(4, R9)
	ROW(5, R10)
	ROW(6, R11)
	ROW(7, R12)

add:
	CMPQ rowList_values(R13), $0
	JNE  values
	MOVQ rowList_from(R13), R14

#define ADD(row) VADDPS (row)(SI*1), Z0, Z0

turn:
	VMOVUPS (R14)(SI*1), Z0
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
	JNZ  turn

next:
	MOVQ DI, rowList_from(R13)
	ADDQ $32, rowList_rows(R13)
	SUBQ $8, rowList_left(R13)
	JG   pass
	VZEROUPPER
	RET

rest:
	MOVQ rowList_none(R13), AX
	MOVQ AX, BX
	MOVQ AX, DX
	MOVQ AX, R8
	MOVQ AX, R9
	MOVQ AX, R10
	MOVQ AX, R11
	MOVQ AX, R12
	ROW_IF(0, AX)
	ROW_IF(1, BX)
	ROW_IF(2, DX)
	ROW_IF(3, R8)
	ROW_IF(4, R9)
	ROW_IF(5, R10)
	ROW_IF(6, R11)
	JMP  add

// VALUE_IF sets value to the k-th next value, if there is one.
#define VALUE_IF(k, value) \
	CMPQ rowList_left(R13), $k; \
	JLE  scaled; \
	VBROADCASTSS (4*k)(R14), value

values:
	MOVQ rowList_values(R13), R14
	ADDQ $32, rowList_values(R13)
	VXORPS X8, X8, X8
	VXORPS X9, X9, X9
	VXORPS X10, X10, X10
	VXORPS X11, X11, X11
	VXORPS X12, X12, X12
	VXORPS X13, X13, X13
	VXORPS X14, X14, X14
	VXORPS X15, X15, X15
	VALUE_IF(0, Z8)
	VALUE_IF(1, Z9)
	VALUE_IF(2, Z10)
	VALUE_IF(3, Z11)
	VALUE_IF(4, Z12)
	VALUE_IF(5, Z13)
	VALUE_IF(6, Z14)
	VALUE_IF(7, Z15)

#define ADD_SCALED(row, value) \
	VMULPS (row)(SI*1), value, Z1; \
	VADDPS Z1, Z0, Z0

scaled:
	MOVQ rowList_from(R13), R14

scaledTurn:
	VMOVUPS (R14)(SI*1), Z0
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
	JNZ  scaledTurn
	JMP  next
