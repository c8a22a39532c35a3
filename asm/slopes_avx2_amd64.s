//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "exp_amd64.h"
#include "exp_avx2_amd64.h"

// The operations of slopes_amd64.h on two vectors of 8 lanes: i the vector; u
// its u, then its slope; bias; open its sets of steps. Operands are in Go's
// order: the destination is last.
//
//	Y0 Y1 u    Y2 Y3 bias    Y4 Y5 open    Y6 bit of the step    Y7 1/Width
//	Y8-Y11 temporaries    Y12 all bits but the sign    Y13 the sign    Y14 one
//	Y15 zero

#define ONE Y14

// The r, t, n and e of EXP.
#define VECTOR(op) op(Y10, Y8, Y9, Y11)

#define EACH(op) \
	op(0, Y0, Y2, Y4); \
	op(1, Y1, Y3, Y5)

#define CONSTANTS \
	VPCMPEQD Y13, Y13, Y13; \
	VPSRLD $1, Y13, Y12; \
	VPSLLD $31, Y13, Y13; \
	VMOVUPS EXP_ONE, ONE; \
	VXORPS Y15, Y15, Y15; \
	VBROADCASTSS slopeTile_inverse(DI), Y7

#define LOAD_BIAS(i, u, bias, open) \
	VMOVUPS (32*i)(R8), bias; \
	VPXOR open, open, open

#define FIRST_BIT \
	VPCMPEQD Y6, Y6, Y6; \
	VPSRLD $31, Y6, Y6

#define NEXT_BIT VPADDD Y6, Y6, Y6

#define LOAD_U(i, u, bias, open) VADDPS (32*i)(R10), bias, u

// SCALED sets u to |u/Width|.
#define SCALED(u) \
	VMULPS Y7, u, u; \
	VANDPS Y12, u, u

#define NOT_ZERO $4
#define LESS     $17

#define STORE(i, u, bias, open) \
	VMOVUPS u, (32*i)(R11); \
	VCMPPS NOT_ZERO, Y15, u, Y8; \
	VPAND Y6, Y8, Y8; \
	VPOR Y8, open, open

#define STORE_OPEN(i, u, bias, open) VMOVDQU open, (32*i)(R9)

#define SOFT(i, u, bias, open) \
	VMOVUPS (32*i)(R10), u; \
	VSUBPS u, ONE, Y8; \
	VMULPS Y8, u, u

#define BOXCAR(i, u, bias, open) \
	VANDPS Y12, u, u; \
	VBROADCASTSS slopeTile_half(DI), Y8; \
	VCMPPS LESS, Y8, u, u; \
	VANDPS Y7, u, u

// The maximum of 0 and what is no number is the latter, as in Go.
#define TRIANGLE(i, u, bias, open) \
	SCALED(u); \
	VSUBPS u, ONE, u; \
	VMAXPS u, Y15, u

// Doubling is exact: −2·|x| and 4·e are sums.
#define TANH(i, u, bias, open) \
	SCALED(u); \
	VADDPS u, u, u; \
	VORPS Y13, u, u; \
	VMOVUPS EXP_MIN, Y8; \
	VMAXPS u, Y8, Y10; \
	EXP(VECTOR); \
	VADDPS ONE, Y11, Y8; \
	VMULPS Y8, Y8, Y8; \
	VADDPS Y11, Y11, Y11; \
	VADDPS Y11, Y11, Y11; \
	VDIVPS Y8, Y11, u

#define FAST_SIGMOID(i, u, bias, open) \
	SCALED(u); \
	VADDPS ONE, u, u; \
	VMULPS u, u, u; \
	VDIVPS u, ONE, u

#define ARCTAN(i, u, bias, open) \
	VMULPS Y7, u, u; \
	VMULPS u, u, u; \
	VADDPS ONE, u, u; \
	VDIVPS u, ONE, u

// func evaluateAVX2(t *slopeTile)
TEXT ·evaluateAVX2(SB), NOSPLIT, $0-8

#include "slopes_amd64.h"
