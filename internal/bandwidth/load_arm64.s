//go:build !purego && !noasm

#include "textflag.h"

// func load16(p *float32, n int)
// Loads n bytes, a multiple of 256, from p with 16-byte vectors.
TEXT ·load16(SB), NOSPLIT, $0-16
	MOVD p+0(FP), R0
	MOVD n+8(FP), R1

loop:
	VLD1.P 64(R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R0), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R0), [V20.S4, V21.S4, V22.S4, V23.S4]
	SUBS   $256, R1
	BNE    loop
	RET
