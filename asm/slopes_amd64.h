// Slopes.Evaluate for up to 15 steps, for every instruction set. The file that
// includes it after TEXT defines the operations in capitals and EACH(op), which
// applies op to all vectors of 16 neurons.
//
//	DI  slopeTile         BX  blocks left
//	R8  bias              R9  sets of steps
//	R10 membranes and R11 slopes of a step
//	SI  membranes and DX slopes of the first step
//	CX  steps left        AX  temporary

	MOVQ t+0(FP), DI
	MOVQ slopeTile_blocks(DI), BX
	MOVQ slopeTile_s(DI), SI
	MOVQ slopeTile_bias(DI), R8
	MOVQ slopeTile_d(DI), DX
	MOVQ slopeTile_open(DI), R9
	CONSTANTS

block:
	MOVQ SI, R10
	MOVQ DX, R11
	MOVQ slopeTile_steps(DI), CX
	EACH(LOAD_BIAS)
	FIRST_BIT

step:
	MOVBLZX slopeTile_kind(DI), AX
	CMPB AX, $const_slopeSoft
	JEQ  soft
	EACH(LOAD_U)
	CMPB AX, $const_Boxcar
	JEQ  boxcar
	CMPB AX, $const_Triangle
	JEQ  triangle
	CMPB AX, $const_TanhPrime
	JEQ  tanh
	CMPB AX, $const_FastSigmoid
	JEQ  fastSigmoid
	EACH(ARCTAN)

store:
	EACH(STORE)
	NEXT_BIT
	ADDQ slopeTile_sStride(DI), R10
	ADDQ slopeTile_dStride(DI), R11
	DECQ CX
	JNZ  step
	EACH(STORE_OPEN)
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, R8
	ADDQ $64, R9
	DECQ BX
	JNZ  block
	VZEROUPPER
	RET

soft:
	EACH(SOFT)
	JMP store

boxcar:
	EACH(BOXCAR)
	JMP store

triangle:
	EACH(TRIANGLE)
	JMP store

tanh:
	EACH(TANH)
	JMP store

fastSigmoid:
	EACH(FAST_SIGMOID)
	JMP store
