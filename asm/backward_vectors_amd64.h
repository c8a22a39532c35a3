// The operations of backward_amd64.h that differ between AVX2 and AVX-512 by
// their registers alone. Their arguments: i the vector; next its Next; bias, cur
// and dec its sums; g its G, then du, ds and δ; c its Next·Decay. A file defines
// first
//
//	BYTES       the size of a vector
//	T           a temporary
//	ONE         1 in every lane
//	SILENT(i)   sets T to 0 where there is a spike, else to 1
//
// Operands are in Go's order: the destination is last.

#define LOAD_NEXT(i, next, bias, cur, dec, g, c) VMOVUPS (BYTES*i)(AX), next
#define LOAD_BIAS(i, next, bias, cur, dec, g, c) VMOVUPS (BYTES*i)(AX), bias
#define LOAD_CURRENT(i, next, bias, cur, dec, g, c) VMOVUPS (BYTES*i)(AX), cur
#define LOAD_DECAY(i, next, bias, cur, dec, g, c) VMOVUPS (BYTES*i)(AX), dec
#define STORE_NEXT(i, next, bias, cur, dec, g, c) VMOVUPS next, (BYTES*i)(AX)
#define STORE_BIAS(i, next, bias, cur, dec, g, c) VMOVUPS bias, (BYTES*i)(AX)
#define STORE_CURRENT(i, next, bias, cur, dec, g, c) VMOVUPS cur, (BYTES*i)(AX)
#define STORE_DECAY(i, next, bias, cur, dec, g, c) VMOVUPS dec, (BYTES*i)(AX)

#define CARRY(i, next, bias, cur, dec, g, c) \
	VMULPS (BYTES*i)(AX), next, c; \
	VMOVUPS (BYTES*i)(R8), g

#define THROUGH_ZERO(i, next, bias, cur, dec, g, c) \
	VMULPS (BYTES*i)(R10), c, T; \
	VSUBPS T, g, g

#define THROUGH_SUBTRACT(i, next, bias, cur, dec, g, c) \
	VMULPS (BYTES*i)(AX), next, T; \
	VSUBPS T, g, g

#define FIRE(i, next, bias, cur, dec, g, c) \
	VMULPS (BYTES*i)(R9), g, g; \
	VADDPS g, bias, bias

#define SHUT_SPIKES(i, next, bias, cur, dec, g, c) \
	SILENT(i); \
	VMULPS T, c, c

#define SHUT_SOFT(i, next, bias, cur, dec, g, c) \
	VSUBPS (BYTES*i)(R12), ONE, T; \
	VMULPS T, c, c

#define SUM(i, next, bias, cur, dec, g, c) VADDPS c, g, g

#define TAKE(i, next, bias, cur, dec, g, c) \
	VMOVAPS g, next; \
	VADDPS g, cur, cur; \
	VMOVUPS g, (BYTES*i)(R13)

#define BEFORE(i, next, bias, cur, dec, g, c) \
	VMULPS (BYTES*i)(R10), next, T; \
	VADDPS T, dec, dec

#define BEFORE_SPIKES(i, next, bias, cur, dec, g, c) \
	SILENT(i); \
	VMULPS (BYTES*i)(R10), T, T; \
	VMULPS T, next, T; \
	VADDPS T, dec, dec

#define BEFORE_SOFT(i, next, bias, cur, dec, g, c) \
	VSUBPS (BYTES*i)(R12), ONE, T; \
	VMULPS (BYTES*i)(R10), T, T; \
	VMULPS T, next, T; \
	VADDPS T, dec, dec
