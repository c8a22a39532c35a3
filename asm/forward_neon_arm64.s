//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "exp_neon_arm64.h"

// Forward and SumRows for 64 columns (16 vectors) or 16 (four). Per time step
// the sums start at Current (at the row of dst) and take in one listed row
// after the other, in registers; sum64 and sum16 do that. Then update turns
// them into membranes and outputs, 16 neurons at a time: four vectors, so that
// each instruction has three independent ones to follow it while an in-order
// CPU waits for its result. The branches on gate, activation and output go the
// same way for all neurons of a layer.
//
// No multiply-add is fused. Operands are in Go's order, the destination last.
//
//	R0  tile or sumTile
//	R1  weights or src, first column of the tile in row 0
//	R2  bytes from a row to the next
//	R3  next row index    R4  next value, 0 for spikes
//	R5  next end          R6  steps left
//	R7  membranes and R8 spikes or soft outputs of the step before; row of dst
//	    and bytes from it to the next
//	R9  bytes from column 0 to the tile in an array of float32
//	R10-R25 temporaries

// Offsets into expTable.
#define EXP_ONE 96
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

#define LOAD_SUM_TILE \
	MOVD t+0(FP), R0; \
	MOVD sumTile_src(R0), R1; \
	MOVD sumTile_srcStride(R0), R2; \
	MOVD sumTile_rows(R0), R3; \
	MOVD sumTile_values(R0), R4; \
	MOVD sumTile_ends(R0), R5; \
	MOVD sumTile_steps(R0), R6; \
	MOVD sumTile_dst(R0), R7; \
	MOVD sumTile_dstStride(R0), R8

// LIST_END puts the end of the step's row indices, which start at rows, into
// R10.
#define LIST_END(rows) \
	MOVWU.P 4(R5), R11; \
	MOVD rows(R0), R10; \
	ADD R11<<2, R10, R10

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

// func sumRows64NEON(t *sumTile)
TEXT ·sumRows64NEON(SB), NOSPLIT, $0-8
	LOAD_SUM_TILE

row:
	LIST_END(sumTile_rows)
	CMP R10, R3
	BEQ next
	MOVD R7, R11
	LOAD64(R11)
	CALL sum64<>(SB)
	MOVD R7, R11
	STORE64(R11)

next:
	ADD R8, R7
	SUBS $1, R6
	BNE row
	RET

// func sumRows16NEON(t *sumTile)
TEXT ·sumRows16NEON(SB), NOSPLIT, $0-8
	LOAD_SUM_TILE

row:
	LIST_END(sumTile_rows)
	CMP R10, R3
	BEQ next
	VLD1 (R7), [V0.S4, V1.S4, V2.S4, V3.S4]
	CALL sum16<>(SB)
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R7)

next:
	ADD R8, R7
	SUBS $1, R6
	BNE row
	RET

// NEXT_ROW puts the address of the next listed row into row.
#define NEXT_ROW(row) \
	MOVWU.P 4(R3), R11; \
	UMADDL R2, R1, R11, row

// sum64 adds the listed rows up to R10 to the sums of 64 columns:
//
//	for ; index != end; index++ {
//		for j := range 64 {
//			sum[j] += weights[*index][j]       // times *value, if there are values
//		}
//	}
//
// A turn adds the row that the turn before loaded and loads the next one,
// whose address the turn before found.
//
//	V0-V15 sums    V16-V31 row
//	R11 row index    R12 row to load    R13 the one after it
TEXT sum64<>(SB), NOSPLIT|NOFRAME, $0
	CMP R10, R3
	BEQ done
	CBNZ R4, scaled
	NEXT_ROW(R12)
	MOVD R12, R13
	LOAD16(R13, 16, 17, 18, 19)
	LOAD16(R13, 20, 21, 22, 23)
	LOAD16(R13, 24, 25, 26, 27)
	LOAD16(R13, 28, 29, 30, 31)
	CMP R10, R3
	BEQ last
	NEXT_ROW(R12)
	CMP R10, R3
	BEQ lastButOne

// TURN adds vector i of the row, in register v, and loads that of the next.
#define TURN(i, v) \
	VFADD(v, i, i); \
	FMOVQ (16*i)(R12), F(v)

#define TURNS_0_7 \
	TURN(0, 16); \
	TURN(1, 17); \
	TURN(2, 18); \
	TURN(3, 19); \
	TURN(4, 20); \
	TURN(5, 21); \
	TURN(6, 22); \
	TURN(7, 23)

#define TURNS_8_15 \
	TURN(8, 24); \
	TURN(9, 25); \
	TURN(10, 26); \
	TURN(11, 27); \
	TURN(12, 28); \
	TURN(13, 29); \
	TURN(14, 30); \
	TURN(15, 31)

row64:
	MOVWU.P 4(R3), R11
	TURNS_0_7
	UMADDL R2, R1, R11, R13
	TURNS_8_15
	MOVD R13, R12
	CMP R10, R3
	BNE row64

lastButOne:
	TURNS_0_7
	TURNS_8_15

last:
	EACH(VFADD, 16, 0, 0)
	EACH(VFADD, 20, 4, 4)
	EACH(VFADD, 24, 8, 8)
	EACH(VFADD, 28, 12, 12)

done:
	RET

// With values, the row comes in quarters: one quarter's products are added
// while the next one is multiplied and the one after it loaded.
//
//	V16-V19, V20-V23 quarters    V24-V27 products
//	V28 value    V29 next value
//	R12 row    R13 next row; for the last one, R12 again
//	R14 bytes of row indices left
scaled:
	NEXT_ROW(R12)
	VLD1R.P 4(R4), [V28.S4]
	MOVD R12, R13
	LOAD16(R13, 16, 17, 18, 19)
	LOAD16(R13, 20, 21, 22, 23)

	// The first turn adds the products of no row: -0 changes no sum.
	VEOR V24.B16, V24.B16, V24.B16
	VFNEG(24, 24)
	VMOV V24.B16, V25.B16
	VMOV V24.B16, V26.B16
	VMOV V24.B16, V27.B16

// SCALED_TURN adds product p to sum i, replaces it by the product of v, and
// reloads v.
#define SCALED_TURN(i, p, v, row, offset) \
	VFADD(p, i, i); \
	VFMUL(28, v, p); \
	FMOVQ offset(row), F(v)

scaled64:
	MOVD R12, R13
	SUBS R3, R10, R14
	BEQ turn
	NEXT_ROW(R13)
	VLD1R.P 4(R4), [V29.S4]

turn:
	SCALED_TURN(12, 24, 16, R12, 128)
	SCALED_TURN(13, 25, 17, R12, 144)
	SCALED_TURN(14, 26, 18, R12, 160)
	SCALED_TURN(15, 27, 19, R12, 176)
	SCALED_TURN(0, 24, 20, R12, 192)
	SCALED_TURN(1, 25, 21, R12, 208)
	SCALED_TURN(2, 26, 22, R12, 224)
	SCALED_TURN(3, 27, 23, R12, 240)
	SCALED_TURN(4, 24, 16, R13, 0)
	SCALED_TURN(5, 25, 17, R13, 16)
	SCALED_TURN(6, 26, 18, R13, 32)
	SCALED_TURN(7, 27, 19, R13, 48)
	SCALED_TURN(8, 24, 20, R13, 64)
	SCALED_TURN(9, 25, 21, R13, 80)
	SCALED_TURN(10, 26, 22, R13, 96)
	SCALED_TURN(11, 27, 23, R13, 112)
	VMOV V29.B16, V28.B16
	MOVD R13, R12
	CBNZ R14, scaled64

scaledLast:
	EACH(VFADD, 24, 12, 12)
	RET

// sum16 is sum64 for 16 columns. A turn adds four rows and loads four.
//
//	V0-V3 sums    V16-V31 four rows
//	R12 bytes of row indices left    R14-R17 rows to load
TEXT sum16<>(SB), NOSPLIT|NOFRAME, $0
	MOVD R4, R13
	MOVD $4, R14
	CBNZ R4, rest
	SUB R3, R10, R12
	SUBS $16, R12
	BLT fewer

#define NEXT_ROWS \
	LDPW.P 8(R3), (R14, R15); \
	LDPW.P 8(R3), (R16, R17); \
	UMADDL R2, R1, R14, R14; \
	UMADDL R2, R1, R15, R15; \
	UMADDL R2, R1, R16, R16; \
	UMADDL R2, R1, R17, R17

	NEXT_ROWS
	VLD1 (R14), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1 (R15), [V20.S4, V21.S4, V22.S4, V23.S4]
	VLD1 (R16), [V24.S4, V25.S4, V26.S4, V27.S4]
	VLD1 (R17), [V28.S4, V29.S4, V30.S4, V31.S4]
	SUBS $16, R12
	BLT lastFour

// ROW_TURN adds the row in registers a to d and loads the next one there.
#define ROW_TURN(row, a, b, c, d) \
	VFADD(a, 0, 0); \
	FMOVQ (row), F(a); \
	VFADD(b, 1, 1); \
	FMOVQ 16(row), F(b); \
	VFADD(c, 2, 2); \
	FMOVQ 32(row), F(c); \
	VFADD(d, 3, 3); \
	FMOVQ 48(row), F(d)

rows16:
	NEXT_ROWS
	ROW_TURN(R14, 16, 17, 18, 19)
	ROW_TURN(R15, 20, 21, 22, 23)
	ROW_TURN(R16, 24, 25, 26, 27)
	ROW_TURN(R17, 28, 29, 30, 31)
	SUBS $16, R12
	BGE rows16

lastFour:
	EACH(VFADD, 16, 0, 0)
	EACH(VFADD, 20, 0, 0)
	EACH(VFADD, 24, 0, 0)
	EACH(VFADD, 28, 0, 0)

	// The rest is added one by one, each times the same 1.
fewer:
	MOVD $·expTable+EXP_ONE(SB), R13
	MOVD ZR, R14

// One row a turn, times a value.
//
//	R12 row    R13 value    R14 bytes to the next value
//	V16-V19 row    V20 value
rest:
	CMP R10, R3
	BEQ done
	NEXT_ROW(R12)
	VLD1R (R13), [V20.S4]
	VLD1 (R12), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD R14, R13
	WITH(VFMUL, 20, 16, 16)
	EACH(VFADD, 16, 0, 0)
	B rest

done:
	CMP $0, R4
	CSEL NE, R13, R4, R4
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
