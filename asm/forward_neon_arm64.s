//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "exp_neon_arm64.h"
#include "sum_neon_arm64.h"

// Forward for 64 columns (16 vectors) or 16 (four). Per time step the sums start
// at Current and take in one listed row after the other, in registers; sum64 and
// sum16 do that. Then update turns
// them into membranes and outputs, 16 neurons at a time: four vectors, so that
// each instruction has three independent ones to follow it while an in-order
// CPU waits for its result. The branches on gate, activation and output go the
// same way for all neurons of a layer.
//
// No multiply-add is fused. Operands are in Go's order, the destination last.
//
//	R0  tile
//	R1  weights, first column of the tile in row 0
//	R2  bytes from a row to the next
//	R3  next row index    R4  next value, 0 for spikes
//	R5  next end          R6  steps left
//	R7  membranes and R8 spikes or soft outputs of the step before
//	R9  bytes from column 0 to the tile in an array of float32
//	R10-R25 temporaries

// Where expTable has the upper bound.
#define EXP_MAX 128

#define LOAD_TILES \
	MOVD t+0(FP), R0; \
	MOVD tile_weights(R0), R1; \
	MOVD tile_weightStride(R0), R2; \
	MOVD tile_from(R0), R9

#define LOAD_TILE \
	MOVD tile_rows(R0), R3; \
	MOVD tile_values(R0), R4; \
	MOVD tile_ends(R0), R5; \
	MOVD tile_steps(R0), R6; \
	MOVD tile_s(R0), R7; \
	ADD R9, R7; \
	MOVD tile_out(R0), R8; \
	MOVD tile_outShift(R0), R10; \
	LSR R10, R9, R10; \
	ADD R10, R8

// FIND(array, r) makes r where the tile's part of an array begins.
#define FIND(array, r) \
	MOVD array(R0), r; \
	ADD R9, r

// NEXT_TILE moves on by columns and goes to tile, unless it was the last.
#define NEXT_TILE(columns) \
	MOVD tile_nextWeights(R0), R10; \
	ADD R10, R1; \
	MOVD tile_to(R0), R10; \
	ADD $(4*columns), R9; \
	CMP R10, R9; \
	BNE tile

// func forward64NEON(t *tile)
TEXT ·forward64NEON(SB), NOSPLIT, $256-8
	LOAD_TILES

tile:
	LOAD_TILE

step:
	FIND(tile_current, R11)
	LOAD64(R11)
	LIST_END(tile_rows)
	CALL sum64<>(SB)
	MOVD $sums-256(SP), R11
	MOVD R11, R10
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R10)
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R10)
	VST1 [V12.S4, V13.S4, V14.S4, V15.S4], (R10)
	MOVD $4, R10
	CALL update<>(SB)
	SUBS $1, R6
	BNE step
	NEXT_TILE(64)
	RET

// func forward16NEON(t *tile)
TEXT ·forward16NEON(SB), NOSPLIT, $0-8
	LOAD_TILES

tile:
	LOAD_TILE

step:
	FIND(tile_current, R11)
	VLD1 (R11), [V0.S4, V1.S4, V2.S4, V3.S4]
	LIST_END(tile_rows)
	CALL sum16<>(SB)
	MOVD $1, R10
	FIND(tile_current, R11)
	CALL update<>(SB)
	SUBS $1, R6
	BNE step
	NEXT_TILE(16)
	RET

// The constants of update: expTable, a row a vector, and spikeBits.
//
//	V20 log2(e), high part of ln 2, low part, c6
//	V21 rounds    V22-V25 c5 to c2    V26 1    V27 lower bound
//	V28-V31 spikeBits
#define CONSTANTS EXP_CONSTANTS(R25)

// update turns the sums a of R10 times 16 neurons into membranes and outputs,
// as updateGeneric does. It leaves R7 and R8 at what it wrote.
//
//	V0-V3  a of the first 16, temporaries    V4-V7 l·s, then p, then s
//	V8-V18 temporaries    V19 0              V20-V31 constants
//	R10 groups of 16 left    R11 a of the groups after the first; a turn loads
//	    that of the next one, and the last turn 64 bytes that it does not use
//	R12 decay    R13 bias    R14 theta
//	R15 membranes and R16 spikes or soft outputs of the step before
//	R19 membranes and R20 spikes or soft outputs of this step
//	R22 gate, R23 activation and R24 output, 0 for the first in the code
//	R25 temporary
TEXT update<>(SB), NOSPLIT|NOFRAME, $0
	MOVD tile_sStride(R0), R19
	MOVD tile_outStride(R0), R20
	MOVBU tile_gate(R0), R22
	MOVBU tile_activation(R0), R23
	MOVBU tile_output(R0), R24
	FIND(tile_decay, R12)
	FIND(tile_bias, R13)
	FIND(tile_theta, R14)
	MOVD $·spikeBits(SB), R25
	VLD1 (R25), [V28.S4, V29.S4, V30.S4, V31.S4]
	MOVD R7, R15
	MOVD R8, R16
	ADD R19, R7
	ADD R20, R8
	MOVD R7, R19
	MOVD R8, R20
	EOR $const_gateZero, R22
	EOR $const_ELU, R23
	CBZ R23, constants
	CMP $const_Sigmoidal, R24
	BNE group

constants:
	CONSTANTS

// CARRY sets V4-V7 to l·s and V19 to 0. V8-V11 are lost.
#define CARRY \
	LOAD16(R12, 4, 5, 6, 7); \
	LOAD16(R15, 8, 9, 10, 11); \
	VEOR V19.B16, V19.B16, V19.B16; \
	EACH(VFMUL, 8, 4, 4)

// SPIKED sets V12-V15 to ones where V18 says that the neuron spiked.
#define SPIKED \
	VCMTST V28.S4, V18.S4, V12.S4; \
	VCMTST V29.S4, V18.S4, V13.S4; \
	VCMTST V30.S4, V18.S4, V14.S4; \
	VCMTST V31.S4, V18.S4, V15.S4

group:
	CBNZ R22, otherGates
	VLD1R.P 2(R16), [V18.H8]
	CARRY
	SPIKED
	EACH(VFADD, 0, 4, 4)
	VBIT V12.B16, V0.B16, V4.B16
	VBIT V13.B16, V1.B16, V5.B16
	VBIT V14.B16, V2.B16, V6.B16
	VBIT V15.B16, V3.B16, V7.B16

activate:
	CBNZ R23, otherActivations

elu:
	// Above expMax Exp would be cut off, but there s is p.
	WITH(VFMAX, LOW, 4, 8)
	EXP
	WITH(VFSUB, ONE, 16, 16)
	EACH1(VFCMGT0, 4, 0)
	VBIF V0.B16, V16.B16, V4.B16
	VBIF V1.B16, V17.B16, V5.B16
	VBIF V2.B16, V18.B16, V6.B16
	VBIF V3.B16, V19.B16, V7.B16

output:
	LOAD16(R13, 8, 9, 10, 11)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R19)
	CBNZ R24, otherOutputs

spikes:
	EACH(VFADD, 4, 8, 8)
	LOAD16(R11, 0, 1, 2, 3)
	EACH1(VFCMGT0, 8, 8)
	VAND V28.B16, V8.B16, V8.B16
	VAND V29.B16, V9.B16, V9.B16
	VAND V30.B16, V10.B16, V10.B16
	VAND V31.B16, V11.B16, V11.B16
	VORR V9.B16, V8.B16, V8.B16
	VORR V11.B16, V10.B16, V10.B16
	VORR V10.B16, V8.B16, V8.B16
	VADDV V8.S4, V8
	VST1.P V8.H[0], 2(R20)
	SUBS $1, R10
	BNE group
	RET

otherGates:
	CMP $(const_gateSoftZero^const_gateZero), R22
	BEQ softZero
	CARRY
	EACH(VFADD, 0, 4, 4)
	CMP $(const_gateSubtract^const_gateZero), R22
	BEQ subtract
	CMP $(const_gateSoftSubtract^const_gateZero), R22
	BNE activate
	LOAD16(R14, 8, 9, 10, 11)
	LOAD16(R16, 12, 13, 14, 15)
	EACH(VFMUL, 12, 8, 8)
	EACH(VFSUB, 8, 4, 4)
	B activate

subtract:
	// Without a spike it subtracts 0.
	VLD1R.P 2(R16), [V18.H8]
	LOAD16(R14, 8, 9, 10, 11)
	SPIKED
	VAND V12.B16, V8.B16, V8.B16
	VAND V13.B16, V9.B16, V9.B16
	VAND V14.B16, V10.B16, V10.B16
	VAND V15.B16, V11.B16, V11.B16
	EACH(VFSUB, 8, 4, 4)
	B activate

softZero:
	CARRY
	LOAD16(R16, 8, 9, 10, 11)
	VFSUB(8, ONE, 8)
	VFSUB(9, ONE, 9)
	VFSUB(10, ONE, 10)
	VFSUB(11, ONE, 11)
	EACH(VFMUL, 8, 4, 4)
	EACH(VFADD, 0, 4, 4)
	B activate

otherActivations:
	CMP $(const_ReLU^const_ELU), R23
	BEQ relu

leaky:
	CMP $(const_LeakyReLU^const_ELU), R23
	BNE output
	ADD $tile_slope, R0, R25
	VLD1R (R25), [V12.S4]
	WITH(VFMUL, 12, 4, 16)
	EACH1(VFCMGT0, 4, 0)
	VBIF V0.B16, V16.B16, V4.B16
	VBIF V1.B16, V17.B16, V5.B16
	VBIF V2.B16, V18.B16, V6.B16
	VBIF V3.B16, V19.B16, V7.B16
	B output

relu:
	// The greater number: 0 if p is none, as in p > 0 ? p : 0.
	WITH(VFMAXNM, 19, 4, 4)
	B output

otherOutputs:
	CMP $const_Sigmoidal, R24
	BNE next
	MOVD $·expTable+EXP_MAX(SB), R25
	VLD1 (R25), [V12.S4]
	EACH(VFADD, 4, 8, 8)
	EACH1(VFNEG, 8, 8)
	WITH(VFMAX, LOW, 8, 8)
	WITH(VFMIN, 12, 8, 8)
	EXP
	WITH(VFADD, ONE, 16, 16)
	VFDIV(16, ONE, 16)
	VFDIV(17, ONE, 17)
	VFDIV(18, ONE, 18)
	VFDIV(19, ONE, 19)
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(R20)

next:
	LOAD16(R11, 0, 1, 2, 3)
	SUBS $1, R10
	BNE group
	RET
