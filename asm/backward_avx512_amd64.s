//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"
#include "exp_amd64.h"

// The operations of backward_amd64.h on 16 lanes; see
// backward_vectors_amd64.h.
//
//	Z0-Z3   next    Z4-Z7   bias    Z8-Z11  cur    Z12-Z15 dec
//	Z16-Z19 g       Z20-Z23 c       Z28 one        Z29 zero
//	Z30 temporary   K1 temporary

#define BYTES 64
#define T     Z30
#define ONE   Z28
#define ZERO  Z29

#define CONSTANTS \
	VBROADCASTSS EXP_ONE, ONE; \
	VPXORD ZERO, ZERO, ZERO

#define SILENT(i) \
	KMOVW (2*i)(R11), K1; \
	KNOTW K1, K1; \
	VMOVAPS.Z ONE, K1, T

// The derivatives of the activations.

#define GREATER $30

#define ELU(i, next, bias, cur, dec, g, c) \
	VMOVUPS (BYTES*i)(R10), T; \
	VCMPPS GREATER, ZERO, T, K1; \
	VADDPS ONE, T, T; \
	VMOVAPS ONE, K1, T; \
	VMULPS T, g, g

#define RELU(i, next, bias, cur, dec, g, c) \
	VMOVUPS (BYTES*i)(R10), T; \
	VCMPPS GREATER, ZERO, T, K1; \
	VMOVAPS.Z ONE, K1, T; \
	VMULPS T, g, g

#define LEAKY(i, next, bias, cur, dec, g, c) \
	VMOVUPS (BYTES*i)(R10), T; \
	VCMPPS GREATER, ZERO, T, K1; \
	VBROADCASTSS backTile_factor(DI), T; \
	VMOVAPS ONE, K1, T; \
	VMULPS T, g, g

#include "backward_vectors_amd64.h"

#define EACH(op) \
	op(0, Z0, Z4, Z8, Z12, Z16, Z20); \
	op(1, Z1, Z5, Z9, Z13, Z17, Z21); \
	op(2, Z2, Z6, Z10, Z14, Z18, Z22); \
	op(3, Z3, Z7, Z11, Z15, Z19, Z23)

// func backward64AVX512(t *backTile)
TEXT ·backward64AVX512(SB), NOSPLIT, $0-8

#include "backward_amd64.h"

#undef EACH

#define EACH(op) op(0, Z0, Z4, Z8, Z12, Z16, Z20)

// func backward16AVX512(t *backTile)
TEXT ·backward16AVX512(SB), NOSPLIT, $0-8

#include "backward_amd64.h"
