// Backward for neighbouring neurons, for every instruction set and width. The
// file that includes it after TEXT defines the operations in capitals and
// EACH(op), which applies op to all vectors of the tile.
//
//	DI  backTile          CX  steps left
//	R8  gradients         R9  slopes
//	R10 membranes, R11 spikes and R12 soft outputs after the step;
//	    from take on, before the step
//	R13 δ
//	AX  the array that an operation reads, or a temporary

	MOVQ t+0(FP), DI
	MOVQ backTile_steps(DI), CX
	MOVQ backTile_grad(DI), R8
	MOVQ backTile_slope(DI), R9
	MOVQ backTile_s(DI), R10
	MOVQ backTile_y(DI), R11
	MOVQ backTile_soft(DI), R12
	MOVQ backTile_delta(DI), R13
	CONSTANTS
	MOVQ backTile_next(DI), AX
	EACH(LOAD_NEXT)
	MOVQ backTile_biasSum(DI), AX
	EACH(LOAD_BIAS)
	MOVQ backTile_currentSum(DI), AX
	EACH(LOAD_CURRENT)
	MOVQ backTile_decaySum(DI), AX
	EACH(LOAD_DECAY)

step:
	MOVQ backTile_decay(DI), AX
	EACH(CARRY)
	CMPB backTile_through(DI), $const_throughZero
	JEQ  throughZero
	CMPB backTile_through(DI), $const_throughSubtract
	JEQ  throughSubtract

output:
	CMPB backTile_output(DI), $const_NoOutput
	JEQ  sum
	EACH(FIRE)
	CMPB backTile_shut(DI), $const_shutSpikes
	JEQ  shutSpikes
	CMPB backTile_shut(DI), $const_shutSoft
	JEQ  shutSoft

sum:
	EACH(SUM)
	MOVBLZX backTile_activation(DI), AX
	CMPB AX, $const_ELU
	JEQ  elu
	CMPB AX, $const_ReLU
	JEQ  relu
	CMPB AX, $const_LeakyReLU
	JEQ  leaky

take:
	EACH(TAKE)
	SUBQ backTile_sStride(DI), R10
	SUBQ backTile_sStride(DI), R12
	SUBQ backTile_yStride(DI), R11
	CMPB backTile_shut(DI), $const_shutSpikes
	JEQ  beforeSpikes
	CMPB backTile_shut(DI), $const_shutSoft
	JEQ  beforeSoft
	EACH(BEFORE)

next:
	SUBQ backTile_stride(DI), R8
	SUBQ backTile_stride(DI), R9
	SUBQ backTile_deltaStride(DI), R13
	DECQ CX
	JNZ  step
	MOVQ backTile_next(DI), AX
	EACH(STORE_NEXT)
	MOVQ backTile_biasSum(DI), AX
	EACH(STORE_BIAS)
	MOVQ backTile_currentSum(DI), AX
	EACH(STORE_CURRENT)
	MOVQ backTile_decaySum(DI), AX
	EACH(STORE_DECAY)
	VZEROUPPER
	RET

throughZero:
	EACH(THROUGH_ZERO)
	JMP output

throughSubtract:
	MOVQ backTile_theta(DI), AX
	EACH(THROUGH_SUBTRACT)
	JMP output

shutSpikes:
	EACH(SHUT_SPIKES)
	JMP sum

shutSoft:
	EACH(SHUT_SOFT)
	JMP sum

elu:
	EACH(ELU)
	JMP take

relu:
	EACH(RELU)
	JMP take

leaky:
	EACH(LEAKY)
	JMP take

beforeSpikes:
	EACH(BEFORE_SPIKES)
	JMP next

beforeSoft:
	EACH(BEFORE_SOFT)
	JMP next
