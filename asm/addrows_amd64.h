// The algorithm of addRows for every instruction set:
//
//	for j := range columns {
//		acc[j] = from[j]
//		for k := range left {
//			acc[j] += data[rows[k]*stride+j] // or that times values[k]
//		}
//	}
//
// Six rows a pass, so that sums in the first-level cache cost a sixth of their
// loads and stores, and six streams keep the memory busy. Rows that lie a power
// of two apart share the eight places of a set of that cache with the sums. The
// last pass fills up with the row none, which is 0: a sum is never −0, so that
// adding 0 leaves it as it is. A pass fetches the start of the next one's rows,
// which the processor cannot foresee.
//
// The file that includes this after TEXT defines LOAD_SUMS, ADD(row),
// ADD_SCALED(row, value) and STORE_SUMS for the 16 columns of a turn, and the
// registers VALUE0 to VALUE5. The processor overlaps the turns.
//
//	R13 list    R11 data    R12 stride    DI acc
//	SI column offset in bytes    CX columns left
//	AX BX DX R8 R9 R10 the rows
//	R14 next row indices or values, then where the sums are read: at from in
//	    the first pass

// ROW makes row the address of the k-th next row.
#define ROW(k, row) \
	MOVL (4*k)(R14), row; \
	IMULQ R12, row; \
	ADDQ R11, row

// ROW_IF goes on with the pass if there is no k-th row, or else is ROW.
#define ROW_IF(k, row) \
	CMPQ rowList_left(R13), $k; \
	JLE  add; \
	ROW(k, row)

#define FETCH(k) \
	ROW(k, CX); \
	PREFETCHT0 (CX); \
	PREFETCHT0 64(CX)

// VALUE_IF sets value to the k-th next value, if there is one.
#define VALUE_IF(k, value) \
	CMPQ rowList_left(R13), $k; \
	JLE  scaled; \
	VBROADCASTSS (4*k)(R14), value

	MOVQ list+0(FP), R13
	MOVQ rowList_data(R13), R11
	MOVQ rowList_stride(R13), R12
	MOVQ rowList_acc(R13), DI

pass:
	MOVQ rowList_rows(R13), R14
	ADDQ rowList_done(R13), R14
	CMPQ rowList_left(R13), $6
	JLT  rest
	ROW(0, AX)
	ROW(1, BX)
	ROW(2, DX)
	ROW(3, R8)
	ROW(4, R9)
	ROW(5, R10)
	CMPQ rowList_left(R13), $12
	JLT  add
	FETCH(6)
	FETCH(7)
	FETCH(8)
	FETCH(9)
	FETCH(10)
	FETCH(11)

add:
	XORQ SI, SI
	MOVQ rowList_columns(R13), CX
	CMPQ rowList_values(R13), $0
	JNE  values
	MOVQ rowList_from(R13), R14

turn:
	LOAD_SUMS
	ADD(AX)
	ADD(BX)
	ADD(DX)
	ADD(R8)
	ADD(R9)
	ADD(R10)
	STORE_SUMS
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  turn

next:
	MOVQ DI, rowList_from(R13)
	ADDQ $24, rowList_done(R13)
	SUBQ $6, rowList_left(R13)
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
	ROW_IF(0, AX)
	ROW_IF(1, BX)
	ROW_IF(2, DX)
	ROW_IF(3, R8)
	ROW_IF(4, R9)
	JMP  add

values:
	MOVQ rowList_values(R13), R14
	ADDQ rowList_done(R13), R14
	CLEAR_VALUES
	VALUE_IF(0, VALUE0)
	VALUE_IF(1, VALUE1)
	VALUE_IF(2, VALUE2)
	VALUE_IF(3, VALUE3)
	VALUE_IF(4, VALUE4)
	VALUE_IF(5, VALUE5)

scaled:
	MOVQ rowList_from(R13), R14

scaledTurn:
	LOAD_SUMS
	ADD_SCALED(AX, VALUE0)
	ADD_SCALED(BX, VALUE1)
	ADD_SCALED(DX, VALUE2)
	ADD_SCALED(R8, VALUE3)
	ADD_SCALED(R9, VALUE4)
	ADD_SCALED(R10, VALUE5)
	STORE_SUMS
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  scaledTurn
	JMP  next
