// The start of joinLanes, for every instruction set, and JOIN, the columns of vector v;
// zero is one of half its size.
//
//	AX lanes, R8 out, R9 start, R10 scale: their ends
//	CX -columns left    X15 zero

#define JOIN(v, zero) \
	VPMOVSXWD (AX)(CX*2), v; \
	VMOVDQU zero, (AX)(CX*2); \
	VCVTDQ2PS v, v; \
	VMULPS (R10)(CX*4), v, v; \
	VADDPS (R9)(CX*4), v, v; \
	VMOVUPS v, (R8)(CX*4)

	MOVQ t+0(FP), DI
	MOVQ laneRow_lanes(DI), AX
	MOVQ laneRow_columns(DI), CX
	MOVQ laneRow_out(DI), R8
	MOVQ laneRow_start(DI), R9
	MOVQ laneRow_scale(DI), R10
	LEAQ (AX)(CX*2), AX
	LEAQ (R8)(CX*4), R8
	LEAQ (R9)(CX*4), R9
	LEAQ (R10)(CX*4), R10
	NEGQ CX
	VPXOR X15, X15, X15
