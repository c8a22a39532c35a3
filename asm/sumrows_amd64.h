// SumRows for a few neighbouring columns, for every instruction set and width;
// EACH(op) applies op to all vectors of the tile. Per row of dst: load it, add
// the listed rows of src one after the other, store it.
//
//	DI  sumTile             SI  src, first column of row 0
//	DX  bytes from a row of src to the next
//	BX  next row index      CX  end of the row indices for this row of dst
//	R8  next end            R9  rows of dst left
//	R10 row of dst          R11 bytes from it to the next
//	R13 next value, 0 for none
//	AX  row of src

	MOVQ t+0(FP), DI
	MOVQ sumTile_src(DI), SI
	MOVQ sumTile_srcStride(DI), DX
	MOVQ sumTile_rows(DI), BX
	MOVQ sumTile_values(DI), R13
	MOVQ sumTile_ends(DI), R8
	MOVQ sumTile_steps(DI), R9
	MOVQ sumTile_dst(DI), R10
	MOVQ sumTile_dstStride(DI), R11

row:
	MOVL (R8), CX
	ADDQ $4, R8
	SHLQ $2, CX
	ADDQ sumTile_rows(DI), CX
	CMPQ BX, CX
	JEQ  next
	EACH(LOAD)
	TESTQ R13, R13
	JNZ  scaled

add:
	MOVL (BX), AX
	ADDQ $4, BX
	IMULQ DX, AX
	ADDQ SI, AX
	EACH(ADD)
	CMPQ BX, CX
	JNE  add

store:
	EACH(STORE)

next:
	ADDQ R11, R10
	DECQ R9
	JNZ  row
	VZEROUPPER
	RET

scaled:
	LOAD_VALUE
	ADDQ $4, R13
	MOVL (BX), AX
	ADDQ $4, BX
	IMULQ DX, AX
	ADDQ SI, AX
	EACH(ADD_SCALED)
	CMPQ BX, CX
	JNE  scaled
	JMP  store
