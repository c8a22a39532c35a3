// Scatter.Add, from SI to DI, and Collect, from DI to SI, for every instruction
// set. The file that includes it after TEXT defines FROM and TO; VALUE, and its
// low lanes VALUE_X; EACH(op), which applies op to the vectors of BLOCK bytes;
// and REST, which does what is left of a run after its blocks, less than BLOCK
// bytes, by the low bits of CX, and moves SI on.
//
//	R8  packed    R9 strided    R10 end of offsets    R11 places
//	R12 next input    DX inputs left    R14 next value, 0 for none
//	R13 -runs    R15 bytes of a run
//	AX  strided, where the input's pattern begins    BX -runs left
//	SI  packed, DI strided: where the run goes on    CX bytes left of it, - BLOCK

	MOVQ l+0(FP), AX
	MOVQ scatterList_packed(AX), R8
	MOVQ scatterList_strided(AX), R9
	MOVQ scatterList_offsets(AX), R10
	MOVQ scatterList_runs(AX), R13
	LEAQ (R10)(R13*4), R10
	NEGQ R13
	MOVQ scatterList_width(AX), R15
	MOVQ scatterList_places(AX), R11
	MOVQ scatterList_inputs(AX), R12
	MOVQ scatterList_left(AX), DX
	MOVQ scatterList_values(AX), R14
	MOVL $0x3F800000, AX
	VMOVD AX, VALUE_X
	VBROADCASTSS VALUE_X, VALUE

input:
	MOVL (R12), CX
	ADDQ $4, R12
	MOVQ (R11)(CX*8), SI // Sum in the low half, Pattern in the high one
	MOVL SI, AX
	LEAQ (R9)(AX*4), AX
	SHRQ $32, SI
	LEAQ (R8)(SI*4), SI
	MOVQ R13, BX
	TESTQ R14, R14
	JZ   run
	VBROADCASTSS (R14), VALUE
	ADDQ $4, R14

run:
	MOVL (R10)(BX*4), DI
	LEAQ (AX)(DI*4), DI
	MOVQ R15, CX
	SUBQ $BLOCK, CX
	JLT  rest

block:
	EACH(ADD)
	ADDQ $BLOCK, SI
	ADDQ $BLOCK, DI
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
