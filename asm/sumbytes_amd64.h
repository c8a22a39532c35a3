// The sum of bytes of listed rows, for every instruction set and width; EACH(op)
// applies op to all vectors of a tile. A vector of bytes is added twice: whole,
// as 16-bit lanes in which the odd bytes count 256 and carry out, and the odd
// bytes alone. Their difference is the sum of the even bytes. Both start at what takes
// 128 for each row away.
//
//	DI  byteTile            SI  weights, first column of row 0
//	DX  bytes from a row to the next
//	BX  next row index      CX  rows left
//	AX  row

	MOVQ t+0(FP), DI
	MOVQ byteTile_weights(DI), SI
	MOVQ byteTile_stride(DI), DX
	MOVQ byteTile_rows(DI), BX
	MOVQ byteTile_left(DI), CX
	MOVQ CX, AX
	SHLQ $7, AX
	NEGQ AX
	BROADCAST_BIAS
	EACH(CLEAR)

row:
	MOVL (BX), AX
	ADDQ $4, BX
	IMULQ DX, AX
	ADDQ SI, AX
	EACH(ADD)
	DECQ CX
	JNZ  row
