// The operations of EXP on 16 lanes. EXP_CONSTANTS loads the constants that are
// used as first operands.

#define ONE   Z29
#define LOW   Z30
#define ROUND Z31

#define EXP_CONSTANTS \
	VBROADCASTSS EXP_ONE, ONE; \
	VBROADCASTSS EXP_MIN, LOW; \
	VBROADCASTSS EXP_ROUND, ROUND

#define TIMES_LOG2E(r, t, n, e) VMULPS.BCST EXP_LOG2E, r, t
#define PLUS_ROUND(r, t, n, e) VADDPS ROUND, t, t
#define FIND_N(r, t, n, e) VSUBPS ROUND, t, n
#define N_LN2HI(r, t, n, e) VMULPS.BCST EXP_LN2HI, n, e
#define N_LN2LO(r, t, n, e) VMULPS.BCST EXP_LN2LO, n, e
#define REDUCE(r, t, n, e) VSUBPS e, r, r
#define TIMES_C6(r, t, n, e) VMULPS.BCST EXP_C6, r, e
#define PLUS_C5(r, t, n, e) VADDPS.BCST EXP_C5, e, e
#define PLUS_C4(r, t, n, e) VADDPS.BCST EXP_C4, e, e
#define PLUS_C3(r, t, n, e) VADDPS.BCST EXP_C3, e, e
#define PLUS_C2(r, t, n, e) VADDPS.BCST EXP_C2, e, e
#define TIMES_R(r, t, n, e) VMULPS r, e, e
#define SQUARE_R(r, t, n, e) VMULPS r, r, n
#define TIMES_SQUARE(r, t, n, e) VMULPS n, e, e
#define PLUS_R(r, t, n, e) VADDPS r, e, e
#define PLUS_ONE(r, t, n, e) VADDPS ONE, e, e
#define EXPONENT(r, t, n, e) VPSLLD $23, t, t
#define PLUS_EXPONENT(r, t, n, e) VPADDD t, e, e
