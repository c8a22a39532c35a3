//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// The operations of addrows_amd64.h.
//
//	Z0 sums    Z1 temporary    Z8-Z13 values

#define VALUE0 Z8
#define VALUE1 Z9
#define VALUE2 Z10
#define VALUE3 Z11
#define VALUE4 Z12
#define VALUE5 Z13

#define CLEAR_VALUES \
	VPXORD VALUE0, VALUE0, VALUE0; \
	VPXORD VALUE1, VALUE1, VALUE1; \
	VPXORD VALUE2, VALUE2, VALUE2; \
	VPXORD VALUE3, VALUE3, VALUE3; \
	VPXORD VALUE4, VALUE4, VALUE4; \
	VPXORD VALUE5, VALUE5, VALUE5

#define LOAD_SUMS VMOVUPS (R14)(SI*1), Z0

#define STORE_SUMS VMOVUPS Z0, (DI)(SI*1)

#define ADD(row) VADDPS (row)(SI*1), Z0, Z0

#define ADD_SCALED(row, value) \
	VMULPS (row)(SI*1), value, Z1; \
	VADDPS Z1, Z0, Z0

// func addRowsAVX512(list *rowList)
TEXT ·addRowsAVX512(SB), NOSPLIT, $0-8

#include "addrows_amd64.h"
