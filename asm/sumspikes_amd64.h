// SumSpikes for a few neighbouring columns, for every instruction set and width;
// EACH(op) applies op to all vectors of the tile. Per row of dst: load it, add
// the rows of src that its word has, store it.
//
//	DI  spikeTile           SI  src, first column of row 0
//	DX  bytes from a row of src to the next
//	BX  next word           R8  bytes from it to the one after
//	CX  bits left           R9  rows of dst left
//	R10 row of dst          R11 bytes from it to the next
//	AX  row of src

	MOVQ t+0(FP), DI
	MOVQ spikeTile_src(DI), SI
	MOVQ spikeTile_srcStride(DI), DX
	MOVQ spikeTile_words(DI), BX
	MOVQ spikeTile_wordStride(DI), R8
	MOVQ spikeTile_rows(DI), R9
	MOVQ spikeTile_dst(DI), R10
	MOVQ spikeTile_dstStride(DI), R11

row:
	MOVQ (BX), CX
	ADDQ R8, BX
	TESTQ CX, CX
	JZ   next
	EACH(LOAD)

add:
	TZCNTQ CX, AX
	IMULQ DX, AX
	ADDQ SI, AX
	EACH(ADD)
	BLSRQ CX, CX
	JNZ  add
	EACH(STORE)

next:
	ADDQ R11, R10
	DECQ R9
	JNZ  row
	VZEROUPPER
	RET
