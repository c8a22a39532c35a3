// The algorithm of addBytes for every instruction set: eight rows a pass over a
// long run of columns, whose sums are kept in memory.
//
//	DI byteRows    SI column    CX columns left    R13 sums
//	AX BX DX R8-R12 the rows

	MOVQ l+0(FP), DI
	MOVQ byteRows_rows+0(DI), AX
	MOVQ byteRows_rows+8(DI), BX
	MOVQ byteRows_rows+16(DI), DX
	MOVQ byteRows_rows+24(DI), R8
	MOVQ byteRows_rows+32(DI), R9
	MOVQ byteRows_rows+40(DI), R10
	MOVQ byteRows_rows+48(DI), R11
	MOVQ byteRows_rows+56(DI), R12
	MOVQ byteRows_sums(DI), R13
	MOVQ byteRows_columns(DI), CX
	XORQ SI, SI

turn:
	LOAD_SUMS
	ADD_ROW(AX)
	ADD_ROW(BX)
	ADD_ROW(DX)
	ADD_ROW(R8)
	ADD_ROW(R9)
	ADD_ROW(R10)
	ADD_ROW(R11)
	ADD_ROW(R12)
	STORE_SUMS
	ADDQ $64, SI
	CMPQ SI, CX
	JNE  turn
	VZEROUPPER
	RET
