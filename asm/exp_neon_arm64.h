// Exp on 16 lanes, in four vectors. EXP_CONSTANTS loads expTable, a row a vector:
//
//	V20 log2(e), high part of ln 2, low part, c6
//	V21 rounds    V22-V25 c5 to c2    V26 1    V27 lower bound
#define FACTORS 20
#define ROUND 21
#define C5 22
#define C4 23
#define C3 24
#define C2 25
#define ONE 26
#define LOW 27

#define EXP_CONSTANTS(r) \
	MOVD $·expTable(SB), r; \
	VLD1.P 64(r), [V20.S4, V21.S4, V22.S4, V23.S4]; \
	VLD1 (r), [V24.S4, V25.S4, V26.S4, V27.S4]

// EXP sets V16-V19 to Exp of V8-V11, which are within its bounds. V0-V3 and
// V8-V15 are lost. V12-V15 take x·log2(e), rounded, which has n in its low
// bits, then 2^n's exponent; V8-V11 take r; r·r goes to V0-V3.
#define EXP \
	WITH(VFMUL_S0, FACTORS, 8, 12); \
	WITH(VFADD, ROUND, 12, 12); \
	WITH(VFSUB, ROUND, 12, 16); \
	WITH(VFMUL_S1, FACTORS, 16, 0); \
	EACH(VFSUB, 0, 8, 8); \
	WITH(VFMUL_S2, FACTORS, 16, 0); \
	EACH(VFSUB, 0, 8, 8); \
	WITH(VFMUL_S3, FACTORS, 8, 16); \
	EACH(VFMUL, 8, 8, 0); \
	WITH(VFADD, C5, 16, 16); \
	VSHL $23, V12.S4, V12.S4; \
	VSHL $23, V13.S4, V13.S4; \
	VSHL $23, V14.S4, V14.S4; \
	VSHL $23, V15.S4, V15.S4; \
	EACH(VFMUL, 8, 16, 16); \
	WITH(VFADD, C4, 16, 16); \
	EACH(VFMUL, 8, 16, 16); \
	WITH(VFADD, C3, 16, 16); \
	EACH(VFMUL, 8, 16, 16); \
	WITH(VFADD, C2, 16, 16); \
	EACH(VFMUL, 0, 16, 16); \
	EACH(VFADD, 8, 16, 16); \
	WITH(VFADD, ONE, 16, 16); \
	VADD V12.S4, V16.S4, V16.S4; \
	VADD V13.S4, V17.S4, V17.S4; \
	VADD V14.S4, V18.S4, V18.S4; \
	VADD V15.S4, V19.S4, V19.S4

