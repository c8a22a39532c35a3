// The end of a sum of bytes, for every instruction set and width: EACH(op)
// applies op to all vectors of a tile. The sums of a vector are split, and those
// of the tile's columns converted and scaled, 16 a turn.
//
//	DI  byteTile    AX lanes    CX columns
//	R8 out, R9 start, R10 scale, SI column

	MOVQ byteTile_lanes(DI), AX
	EACH(SPLIT)
	MOVQ byteTile_columns(DI), CX
	MOVQ byteTile_out(DI), R8
	MOVQ byteTile_start(DI), R9
	MOVQ byteTile_scale(DI), R10
	XORQ SI, SI

turn:
	CONVERT
	ADDQ $16, SI
	CMPQ SI, CX
	JNE  turn
	VZEROUPPER
	RET
