//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "exp_amd64.h"
#include "exp_avx512_amd64.h"

// The operations of slopes_amd64.h on 16 lanes. Operands are in Go's order: the
// destination is last.
//
//	Z0 u, then the slope    Z1 bias    Z2 sets of steps    Z3 bit of the step
//	Z4 1/Width    Z5 all bits but the sign    Z6 the sign    Z7 zero
//	Z8 Width/2    Z16-Z19 temporaries    Z29-Z31 constants of EXP

#define EACH(op) op

// The r, t, n and e of EXP.
#define VECTOR(op) op(Z18, Z16, Z17, Z19)

#define CONSTANTS \
	EXP_CONSTANTS; \
	VPTERNLOGD $0xFF, Z6, Z6, Z6; \
	VPSRLD $1, Z6, Z5; \
	VPSLLD $31, Z6, Z6; \
	VPXORD Z7, Z7, Z7; \
	VBROADCASTSS slopeTile_inverse(DI), Z4; \
	VBROADCASTSS slopeTile_half(DI), Z8

#define LOAD_BIAS \
	VMOVUPS (R8), Z1; \
	VPXORD Z2, Z2, Z2

#define FIRST_BIT \
	MOVL $1, AX; \
	VPBROADCASTD AX, Z3

#define NEXT_BIT VPADDD Z3, Z3, Z3

#define LOAD_U VADDPS (R10), Z1, Z0

// SCALED sets Z0 to |u/Width|.
#define SCALED \
	VMULPS Z4, Z0, Z0; \
	VPANDD Z5, Z0, Z0

#define NOT_ZERO $4
#define LESS     $17

#define STORE \
	VMOVUPS Z0, (R11); \
	VCMPPS NOT_ZERO, Z7, Z0, K1; \
	VPORD Z3, Z2, K1, Z2

#define STORE_OPEN VMOVDQU32 Z2, (R9)

#define SOFT \
	VMOVUPS (R10), Z0; \
	VSUBPS Z0, ONE, Z16; \
	VMULPS Z16, Z0, Z0

#define BOXCAR \
	VPANDD Z5, Z0, Z0; \
	VCMPPS LESS, Z8, Z0, K1; \
	VMOVAPS.Z Z4, K1, Z0

// The maximum of 0 and what is no number is the latter, as in Go.
#define TRIANGLE \
	SCALED; \
	VSUBPS Z0, ONE, Z0; \
	VMAXPS Z0, Z7, Z0

// Doubling is exact: −2·|x| and 4·e are sums.
#define TANH \
	SCALED; \
	VADDPS Z0, Z0, Z0; \
	VPORD Z6, Z0, Z0; \
	VMAXPS Z0, LOW, Z18; \
	EXP(VECTOR); \
	VADDPS ONE, Z19, Z16; \
	VMULPS Z16, Z16, Z16; \
	VADDPS Z19, Z19, Z19; \
	VADDPS Z19, Z19, Z19; \
	VDIVPS Z16, Z19, Z0

#define FAST_SIGMOID \
	SCALED; \
	VADDPS ONE, Z0, Z0; \
	VMULPS Z0, Z0, Z0; \
	VDIVPS Z0, ONE, Z0

#define ARCTAN \
	VMULPS Z4, Z0, Z0; \
	VMULPS Z0, Z0, Z0; \
	VADDPS ONE, Z0, Z0; \
	VDIVPS Z0, ONE, Z0

// func evaluateAVX512(t *slopeTile)
TEXT ·evaluateAVX512(SB), NOSPLIT, $0-8

#include "slopes_amd64.h"
