//go:build !purego && !noasm

#include "textflag.h"
#include "go_asm.h"

// The operations of addrows_amd64.h.
//
//	Y0 Y1 sums    Y2 Y3 temporaries    Y8-Y13 values

#define VALUE0 Y8
#define VALUE1 Y9
#define VALUE2 Y10
#define VALUE3 Y11
#define VALUE4 Y12
#define VALUE5 Y13

#define CLEAR_VALUES \
	VXORPS VALUE0, VALUE0, VALUE0; \
	VXORPS VALUE1, VALUE1, VALUE1; \
	VXORPS VALUE2, VALUE2, VALUE2; \
	VXORPS VALUE3, VALUE3, VALUE3; \
	VXORPS VALUE4, VALUE4, VALUE4; \
	VXORPS VALUE5, VALUE5, VALUE5

#define LOAD_SUMS \
	VMOVUPS (R14)(SI*1), Y0; \
	VMOVUPS 32(R14)(SI*1), Y1

#define STORE_SUMS \
	VMOVUPS Y0, (DI)(SI*1); \
	VMOVUPS Y1, 32(DI)(SI*1)

#define ADD(row) \
	VADDPS (row)(SI*1), Y0, Y0; \
	VADDPS 32(row)(SI*1), Y1, Y1

#define ADD_SCALED(row, value) \
	VMULPS (row)(SI*1), value, Y2; \
	VMULPS 32(row)(SI*1), value, Y3; \
	VADDPS Y2, Y0, Y0; \
	VADDPS Y3, Y1, Y1

// func addRowsAVX2(list *rowList)
TEXT ·addRowsAVX2(SB), NOSPLIT, $0-8

#include "addrows_amd64.h"
