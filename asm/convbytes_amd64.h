// The algorithm of scatterBytes for every instruction set. The file that includes
// it after TEXT defines EACH(op), which applies op to the vectors of BLOCK weights,
// and REST, which does what is left of a run after its blocks, less than BLOCK, by
// the low bits of CX.
//
//	R8  weights    R9 lanes    R10 end of offsets    R11 places
//	R12 next input    DX inputs left    R13 -runs    R15 weights of a run
//	AX  lanes, where the input's pattern begins    BX -runs left
//	SI  weights, DI lanes: where the run goes on    CX left of it, - BLOCK

	MOVQ l+0(FP), AX
	MOVQ byteList_weights(AX), R8
	MOVQ byteList_lanes(AX), R9
	MOVQ byteList_offsets(AX), R10
	MOVQ byteList_runs(AX), R13
	LEAQ (R10)(R13*4), R10
	NEGQ R13
	MOVQ byteList_width(AX), R15
	MOVQ byteList_places(AX), R11
	MOVQ byteList_inputs(AX), R12
	MOVQ byteList_left(AX), DX

input:
	MOVL (R12), CX
	ADDQ $4, R12
	MOVQ (R11)(CX*8), SI // Sum in the low half, Pattern in the high one
	MOVL SI, AX
	LEAQ (R9)(AX*2), AX
	SHRQ $32, SI
	ADDQ R8, SI
	MOVQ R13, BX

run:
	MOVL (R10)(BX*4), DI
	LEAQ (AX)(DI*2), DI
	MOVQ R15, CX
	SUBQ $BLOCK, CX
	JLT  rest

block:
	EACH(ADD)
	ADDQ $BLOCK, SI
	ADDQ $(2*BLOCK), DI
	SUBQ $BLOCK, CX
	JGE  block

rest:
	REST
	INCQ BX
	JNZ  run
	DECQ DX
	JNZ  input
	VZEROUPPER
	RET
