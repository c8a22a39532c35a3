// The algorithm of the forward kernels, for every instruction set and width.
// The file that includes it after TEXT defines the operations in capitals,
// COLUMNS, the width of a tile, and EACH(op), which applies op to all vectors of
// a tile.
//
// Per time step: the sums start at Current and take in one row of weights
// after the other, in registers; then the update turns them into membranes and
// outputs. The processor overlaps the update of one step with the rows of the
// next, because neither the list of rows nor the sums depend on the update.
//
//	DI  tile              SI  weights, first column of the tile in row 0
//	DX  bytes from a row to the next
//	BX  next row index    CX  end of the step's row indices
//	R8  next end          R9  steps left
//	R10 membranes, R11 spikes or soft outputs of the step before; from output
//	    on, of this step
//	R12 bytes from column 0 to the tile in an array of float32
//	R13 next value, 0 for spikes
//	R14 where the tile's constants of the units lie, if they are not in registers
//	AX  the array or row that an operation reads, or a temporary

	MOVQ t+0(FP), DI
	MOVQ tile_weights(DI), SI
	MOVQ tile_weightStride(DI), DX
	MOVQ tile_from(DI), R12
	CONSTANTS

tile:
	LOAD_UNITS
	LOAD_STREAM
	ADDQ R12, R10
	MOVQ tile_outShift(DI), CX
	MOVQ R12, AX
	SHRQ CX, AX
	ADDQ AX, R11
	LOAD_STATE

step:
	MOVQ tile_current(DI), AX
	ADDQ R12, AX
	EACH(START)
	MOVL (R8), CX
	ADDQ $4, R8
	SHLQ $2, CX
	ADDQ tile_rows(DI), CX
	CMPQ BX, CX
	JEQ  gate
	TESTQ R13, R13
	JNZ  scaled

spikes:
	MOVL (BX), AX
	ADDQ $4, BX
	IMULQ DX, AX
	ADDQ SI, AX
	EACH(ADD)
	CMPQ BX, CX
	JNE  spikes

gate:
	FIND_DECAY
	MOVBLZX tile_gate(DI), AX
	CMPB AX, $const_gateZero
	JEQ  gateZero
	CMPB AX, $const_gateSubtract
	JEQ  gateSubtract
	CMPB AX, $const_gateSoftZero
	JEQ  gateSoftZero
	CMPB AX, $const_gateSoftSubtract
	JEQ  gateSoftSubtract
	EACH(GATE_NONE)

activate:
	MOVBLZX tile_activation(DI), AX
	CMPB AX, $const_ELU
	JEQ  elu
	CMPB AX, $const_ReLU
	JEQ  relu
	CMPB AX, $const_LeakyReLU
	JEQ  leaky

output:
	FIND_BIAS
	ADDQ tile_sStride(DI), R10
	EACH(STORE)
	MOVBLZX tile_output(DI), AX
	CMPB AX, $const_NoOutput
	JEQ  next
	ADDQ tile_outStride(DI), R11
	CMPB AX, $const_Sigmoidal
	JEQ  sigmoid
	EACH(SPIKE)
	STORE_SPIKES

next:
	DECQ R9
	JNZ  step
	NEXT_STREAM
	ADDQ tile_nextWeights(DI), SI
	ADDQ $(4*COLUMNS), R12
	CMPQ R12, tile_to(DI)
	JNE  tile
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
	JMP  gate

gateZero:
	EACH(GATE_ZERO)
	JMP activate

gateSubtract:
	MOVQ tile_theta(DI), AX
	ADDQ R12, AX
	EACH(GATE_SUBTRACT)
	JMP activate

gateSoftZero:
	EACH(GATE_SOFT_ZERO)
	JMP activate

gateSoftSubtract:
	MOVQ tile_theta(DI), AX
	ADDQ R12, AX
	EACH(GATE_SOFT_SUBTRACT)
	JMP activate

relu:
	EACH(RELU)
	JMP output

leaky:
	LOAD_SLOPE
	EACH(LEAKY)
	JMP output

elu:
	ELU
	JMP output

sigmoid:
	SIGMOID
	JMP next
