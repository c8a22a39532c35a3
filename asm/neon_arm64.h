// The vector instructions that Go's assembler lacks. Operands are register
// numbers in Go's order, the destination last: VFSUB(m, n, d) is d = n - m,
// VFDIV(m, n, d) is d = n / m. TestWords decodes each and compares it with the
// comment beside it.

#define VFADD(m, n, d) WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d)) // fadd vD.4s, vN.4s, vM.4s
#define VFSUB(m, n, d) WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d)) // fsub vD.4s, vN.4s, vM.4s
#define VFMUL(m, n, d) WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d)) // fmul vD.4s, vN.4s, vM.4s
#define VFDIV(m, n, d) WORD $(0x6E20FC00 | (m)<<16 | (n)<<5 | (d)) // fdiv vD.4s, vN.4s, vM.4s
#define VFMAX(m, n, d) WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d)) // fmax vD.4s, vN.4s, vM.4s
#define VFMIN(m, n, d) WORD $(0x4EA0F400 | (m)<<16 | (n)<<5 | (d)) // fmin vD.4s, vN.4s, vM.4s
#define VFMAXNM(m, n, d) WORD $(0x4E20C400 | (m)<<16 | (n)<<5 | (d)) // fmaxnm vD.4s, vN.4s, vM.4s
#define VFADDP(m, n, d) WORD $(0x6E20D400 | (m)<<16 | (n)<<5 | (d)) // faddp vD.4s, vN.4s, vM.4s
#define VFCMGT0(n, d) WORD $(0x4EA0C800 | (n)<<5 | (d)) // fcmgt vD.4s, vN.4s, #0
#define VFCMGT(m, n, d) WORD $(0x6EA0E400 | (m)<<16 | (n)<<5 | (d)) // fcmgt vD.4s, vN.4s, vM.4s
#define VFABS(n, d) WORD $(0x4EA0F800 | (n)<<5 | (d)) // fabs vD.4s, vN.4s
#define VFNEG(n, d) WORD $(0x6EA0F800 | (n)<<5 | (d)) // fneg vD.4s, vN.4s
#define VFSQRT(n, d) WORD $(0x6EA1F800 | (n)<<5 | (d)) // fsqrt vD.4s, vN.4s
#define VFMUL_S0(m, n, d) WORD $(0x4F809000 | (m)<<16 | (n)<<5 | (d)) // fmul vD.4s, vN.4s, vM.s[0]
#define VFMUL_S1(m, n, d) WORD $(0x4FA09000 | (m)<<16 | (n)<<5 | (d)) // fmul vD.4s, vN.4s, vM.s[1]
#define VFMUL_S2(m, n, d) WORD $(0x4F809800 | (m)<<16 | (n)<<5 | (d)) // fmul vD.4s, vN.4s, vM.s[2]
#define VFMUL_S3(m, n, d) WORD $(0x4FA09800 | (m)<<16 | (n)<<5 | (d)) // fmul vD.4s, vN.4s, vM.s[3]

#define VSCVTF(n, d) WORD $(0x4E21D800 | (n)<<5 | (d)) // scvtf vD.4s, vN.4s
#define VFUADDW(m, n, d) WORD $(0x2E201000 | (m)<<16 | (n)<<5 | (d)) // uaddw vD.8h, vN.8h, vM.8b
#define VFUADDW2(m, n, d) WORD $(0x6E201000 | (m)<<16 | (n)<<5 | (d)) // uaddw2 vD.8h, vN.8h, vM.16b
#define VFSADDW(m, n, d) WORD $(0x0E201000 | (m)<<16 | (n)<<5 | (d)) // saddw vD.8h, vN.8h, vM.8b
#define VFSADDW2(m, n, d) WORD $(0x4E201000 | (m)<<16 | (n)<<5 | (d)) // saddw2 vD.8h, vN.8h, vM.16b
#define VSXTL(n, d) WORD $(0x0F10A400 | (n)<<5 | (d)) // sxtl vD.4s, vN.4h
#define VSXTL2(n, d) WORD $(0x4F10A400 | (n)<<5 | (d)) // sxtl2 vD.4s, vN.8h

// The same on four neighbouring registers each: EACH with as many of m, WITH
// with the one register m, FROM with the one register n.

#define EACH(op, m, n, d) op(m, n, d); op(m+1, n+1, d+1); op(m+2, n+2, d+2); op(m+3, n+3, d+3)
#define WITH(op, m, n, d) op(m, n, d); op(m, n+1, d+1); op(m, n+2, d+2); op(m, n+3, d+3)
#define FROM(op, m, n, d) op(m, n, d); op(m+1, n, d+1); op(m+2, n, d+2); op(m+3, n, d+3)
#define EACH1(op, n, d) op(n, d); op(n+1, d+1); op(n+2, d+2); op(n+3, d+3)

// LOAD16 loads 16 elements and moves on. Four loads are cheaper than VLD1 of
// four registers, which keeps an in-order CPU from issuing others.
#define LOAD16(from, a, b, c, d) \
	FMOVQ (from), F(a); \
	FMOVQ 16(from), F(b); \
	FMOVQ 32(from), F(c); \
	FMOVQ 48(from), F(d); \
	ADD $64, from

// LOAD64 loads V0-V15, the sums of 64 columns, and STORE64 stores them. Both move
// their address on by 192 bytes.
#define LOAD64(from) \
	VLD1.P 64(from), [V0.S4, V1.S4, V2.S4, V3.S4]; \
	VLD1.P 64(from), [V4.S4, V5.S4, V6.S4, V7.S4]; \
	VLD1.P 64(from), [V8.S4, V9.S4, V10.S4, V11.S4]; \
	VLD1 (from), [V12.S4, V13.S4, V14.S4, V15.S4]

#define STORE64(to) \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(to); \
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(to); \
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(to); \
	VST1 [V12.S4, V13.S4, V14.S4, V15.S4], (to)
