// Offsets into expTable.
#define EXP_MIN ·expTable+0(SB)
#define EXP_MAX ·expTable+32(SB)
#define EXP_LOG2E ·expTable+64(SB)
#define EXP_ROUND ·expTable+96(SB)
#define EXP_LN2HI ·expTable+128(SB)
#define EXP_LN2LO ·expTable+160(SB)
#define EXP_C2 ·expTable+192(SB)
#define EXP_C3 ·expTable+224(SB)
#define EXP_C4 ·expTable+256(SB)
#define EXP_C5 ·expTable+288(SB)
#define EXP_C6 ·expTable+320(SB)
#define EXP_ONE ·expTable+352(SB)

// Exp for any number of vectors at once, whose operations take
// turns, so that each has others to follow it while the processor waits for its
// result. EXP(vectors) sets e to Exp(r) for each vector; r is within Exp's bounds
// and lost like t and n. vectors(op) applies op(r, t, n, e) to all vectors.
//
// t takes x·log2(e), rounded, which has n in its low bits. The low 9 bits of
// expRound are 0, so that shifting it leaves n<<23.
#define EXP(vectors) \
	vectors(TIMES_LOG2E); \
	vectors(PLUS_ROUND); \
	vectors(FIND_N); \
	vectors(N_LN2HI); \
	vectors(REDUCE); \
	vectors(N_LN2LO); \
	vectors(REDUCE); \
	vectors(TIMES_C6); \
	vectors(PLUS_C5); \
	vectors(TIMES_R); \
	vectors(PLUS_C4); \
	vectors(TIMES_R); \
	vectors(PLUS_C3); \
	vectors(TIMES_R); \
	vectors(PLUS_C2); \
	vectors(SQUARE_R); \
	vectors(TIMES_SQUARE); \
	vectors(PLUS_R); \
	vectors(PLUS_ONE); \
	vectors(EXPONENT); \
	vectors(PLUS_EXPONENT)
