// EXP sets Y11 to Exp(x) on 8 lanes, x being at most expMax; Y8 to Y10 are lost
// and ONE is 1. The low 9 bits of expRound are 0, so the shift of n + expRound
// leaves n<<23.
#define EXP(x) \
	VMOVUPS EXP_MIN, Y8; \
	VMAXPS x, Y8, Y10; \
	VMULPS EXP_LOG2E, Y10, Y8; \
	VADDPS EXP_ROUND, Y8, Y8; \
	VSUBPS EXP_ROUND, Y8, Y9; \
	VMULPS EXP_LN2HI, Y9, Y11; \
	VSUBPS Y11, Y10, Y10; \
	VMULPS EXP_LN2LO, Y9, Y11; \
	VSUBPS Y11, Y10, Y10; \
	VMULPS EXP_C6, Y10, Y11; \
	VADDPS EXP_C5, Y11, Y11; \
	VMULPS Y10, Y11, Y11; \
	VADDPS EXP_C4, Y11, Y11; \
	VMULPS Y10, Y11, Y11; \
	VADDPS EXP_C3, Y11, Y11; \
	VMULPS Y10, Y11, Y11; \
	VADDPS EXP_C2, Y11, Y11; \
	VMULPS Y10, Y10, Y9; \
	VMULPS Y9, Y11, Y11; \
	VADDPS Y10, Y11, Y11; \
	VADDPS ONE, Y11, Y11; \
	VPSLLD $23, Y8, Y8; \
	VPADDD Y8, Y11, Y11
