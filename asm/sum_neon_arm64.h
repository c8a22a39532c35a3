// The sums of listed rows, for the files of forward and sumRows.
//
//	R0 argument    R1 first column of the tile in row 0    R2 bytes from a row to the next
//	R3 next row index    R4 next value, 0 for spikes    R5 next end    R10 end
//	R11-R17 temporaries

// Where expTable has a 1.
#define EXP_ONE 96

// LIST_END puts the end of the step's row indices, which start at rows, into
// R10.
#define LIST_END(rows) \
	MOVWU.P 4(R5), R11; \
	MOVD rows(R0), R10; \
	ADD R11<<2, R10, R10

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
