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
//	DI  tile              SI  weights, column first of row 0
//	DX  bytes from a row to the next
//	BX  next row index    CX  end of the step's row indices
//	R8  next end          R9  steps left
//	R10 membranes, R11 spikes and R12 soft outputs of the step before;
//	    from output on, of this step
//	R13 next value, 0 for spikes
//	R14 Decay, from output on Bias
//	AX  the array or row that an operation reads, or a temporary

	MOVQ t+0(FP), DI
	MOVQ tile_weightStride(DI), DX
	CONSTANTS

tile:
	MOVQ tile_weights(DI), SI
	LOAD_UNITS
	LOAD_STREAM
	LOAD_STATE

step:
	MOVQ tile_current(DI), AX
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
	MOVQ tile_decay(DI), R14
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
	MOVQ tile_bias(DI), R14
	ADDQ tile_sStride(DI), R10
	EACH(STORE)
	MOVBLZX tile_output(DI), AX
	CMPB AX, $const_Sigmoidal
	JEQ  sigmoid
	CMPB AX, $const_NoOutput
	JEQ  next
	ADDQ tile_yStride(DI), R11
	EACH(SPIKE)
	STORE_SPIKES

next:
	DECQ R9
	JNZ  step
	NEXT_STREAM
	DECQ tile_tiles(DI)
	JZ   done
	MOVQ tile_nextWeights(DI), AX
	ADDQ AX, tile_weights(DI)
	ADDQ $(4*COLUMNS), tile_current(DI)
	ADDQ $(4*COLUMNS), tile_decay(DI)
	ADDQ $(4*COLUMNS), tile_bias(DI)
	ADDQ $(4*COLUMNS), tile_theta(DI)
	ADDQ $(4*COLUMNS), tile_s(DI)
	ADDQ $(4*COLUMNS), tile_soft(DI)
	ADDQ $(COLUMNS/8), tile_y(DI)
	JMP  tile

done:
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
	EACH(GATE_SUBTRACT)
	JMP activate

gateSoftZero:
	EACH(GATE_SOFT_ZERO)
	JMP activate

gateSoftSubtract:
	MOVQ tile_theta(DI), AX
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
	EACH(ELU)
	JMP output

sigmoid:
	ADDQ tile_sStride(DI), R12
	EACH(SIGMOID)
	JMP next
