package asm

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// gates lists, for each feature that a tier asks the CPU for, the instructions
// of the kernels that need it; what stands in none is a plain integer
// instruction. An instruction on Z or K registers needs AVX512F too, one on X16
// to Y31 or with a mask on X or Y registers AVX512VL.
var instructionGates = map[string]string{
	"AVX": `VADDPS VADDSS VANDNPS VANDPS VBLENDVPS VBROADCASTSS VCMPPS VDIVPS VEXTRACTF128 VEXTRACTPS VMAXPS VMINPS
		VMOVAPS VMOVD VMOVDQA VMOVDQU VMOVHLPS VMOVMSKPS VMOVSHDUP VMOVSS VMOVUPS VMULPS VORPS VPERM2F128 VSHUFPS VSQRTPS
		VSUBPS VUNPCKHPD VUNPCKLPD VXORPS VZEROUPPER VMOVQ VPTEST`,
	"AVX2": `VEXTRACTI128 VPADDD VPAND VPBROADCASTB VPBROADCASTD VPBROADCASTW VPCMPEQD VPMOVZXBD VPOR VPSHUFD VPSLLD
		VPSRLD VPXOR VPADDW VPADDB VPSUBW VPMOVSXBW VPMOVSXWD VPMOVSXBD VPMULLW VPMULLD VPMADDWD VPSRAW VPSRAD
		VCVTDQ2PS VPUNPCKLBW VPUNPCKHBW VINSERTI128 VPMADDUBSW VPSLLW VPSUBD VPUNPCKLWD VPUNPCKHWD VPSRLW VPMOVZXWD`,
	"AVX512F": `KMOVW KNOTW KUNPCKWD VEXPANDPS VEXTRACTI32X4 VEXTRACTI64X4 VMOVDQA32 VMOVDQU32 VPANDD VPORD VPTERNLOGD VPTESTMD
		VPXORD VSHUFF64X2 VINSERTI64X4 VPMOVZXBD`,
	"AVX512BW":    `KMOVD KMOVQ KSHIFTRD KUNPCKDQ VMOVDQU8 VMOVDQU16`,
	"AVX512DQ":    `VEXTRACTF32X8`,
	"AVX512VBMI2": `VPCOMPRESSB`,
	"BMI1":        `BLSIL BLSRL BLSRQ TZCNTL TZCNTQ`,
	"POPCNT":      `POPCNTL POPCNTQ`,
}

// plain are the instructions that every amd64 CPU has.
const plain = `ADDQ ANDQ CMOVLCC CMOVLEQ CMOVQEQ CMOVQGT CMOVQNE CMPB CMPL CMPQ DATA DECL DECQ GLOBL IMULQ INCQ JEQ JG JGE
	JGT JHI JL JLE JLS JLT JMP JNE JNZ JZ LEAQ MOVB MOVBLZX MOVL MOVQ MOVWLZX NEGQ ORL PREFETCHT0 RET SHLL SHLQ SHRQ
	SUBQ TESTL TESTQ TEXT XORL XORQ PCALIGN ADDL SUBL ORQ ANDL CMOVQLT MOVBQSX MOVWQSX MOVLQSX`

var (
	instruction = regexp.MustCompile(`(?:^|[\s;:])([A-Z][A-Z0-9]+)(?:\.[A-Z.]+)?(\s[^;]*|$)`)
	macro       = regexp.MustCompile(`#define (\w+)`)
	wide        = regexp.MustCompile(`\b(Z\d|K[1-7]\b|[XY](1[6-9]|2\d|3[01])\b)|\.(Z|BCST)\b`)
	masked      = regexp.MustCompile(`^VP?MASKMOV`)
)

// Every kernel of amd64 uses only instructions that its tier asks for. Masked
// loads are none of them: emulators read what is masked.
func TestKernelsUseWhatTheirTierHas(t *testing.T) {
	tierGates := map[string][]string{
		"avx2":   {"AVX", "AVX2", "BMI1", "POPCNT"},
		"avx512": {"AVX", "AVX2", "AVX512F", "AVX512BW", "AVX512DQ", "AVX512VBMI2", "BMI1", "POPCNT"},
	}
	needs := make(map[string][]string)
	for gate, names := range instructionGates {
		for _, name := range strings.Fields(names) {
			needs[name] = append(needs[name], gate)
		}
	}
	known := strings.Fields(plain)
	files := sources(t, "*_amd64.s", "*_amd64.h")
	macros := make(map[string]bool)
	for _, lines := range files {
		for _, line := range lines {
			if m := macro.FindStringSubmatch(line); m != nil {
				macros[m[1]] = true
			}
		}
	}
	seen := 0
	for name, lines := range files {
		tier := "avx2" // a header without a name serves both
		if strings.Contains(name, "avx512") {
			tier = "avx512"
		}
		for i, line := range lines {
			code, _, _ := strings.Cut(line, "//")
			code = strings.TrimSuffix(strings.TrimRight(code, " \t"), `\`)
			if m := macro.FindStringSubmatchIndex(code); m != nil {
				_, code, _ = strings.Cut(code[m[1]:]+" ", " ")
			}
			if tier == "avx2" && wide.MatchString(code) {
				t.Errorf("%s:%d: %s needs AVX512F, which %s does not ask for", name, i+1, strings.TrimSpace(line), tier)
			}
			for _, m := range instruction.FindAllStringSubmatch(code, -1) {
				switch op := m[1]; {
				case macros[op] || slices.Contains(known, op):
				case masked.MatchString(op):
					t.Errorf("%s:%d: %s reads what it masks under an emulator", name, i+1, op)
				case needs[op] == nil:
					if strings.HasPrefix(op, "V") || strings.HasPrefix(op, "K") && len(op) > 2 {
						t.Errorf("%s:%d: %s stands at no gate: add it to the feature that it needs", name, i+1, op)
					}
				default:
					seen++
					if !slices.ContainsFunc(needs[op], func(gate string) bool { return slices.Contains(tierGates[tier], gate) }) {
						t.Errorf("%s:%d: %s needs %v, which %s does not ask for", name, i+1, op, needs[op], tier)
					}
				}
			}
		}
	}
	if seen < 500 {
		t.Errorf("%d vector instructions: the test no longer reads the assembly", seen)
	}
	// What the tests know the tiers to have is what they ask for.
	for name, lines := range sources(t, "kernels_amd64.go") {
		asked := map[string]string{}
		tier := ""
		for _, line := range lines {
			if _, after, ok := strings.Cut(line, `name: `); ok {
				tier = strings.Trim(strings.TrimSpace(after), `",`)
			}
			if strings.Contains(line, "cpuid.CPU.Supports(") {
				asked[tier] = line
			}
		}
		for tier, gates := range tierGates {
			for _, gate := range gates {
				if gate != "AVX" && !strings.Contains(asked[tier], "cpuid."+gate) { // AVX2 is AVX with more
					t.Errorf("%s: tier %s does not ask for %s", name, tier, gate)
				}
			}
		}
	}
}

// Every kernel of arm64 uses only instructions that each ARMv8.0 CPU with NEON
// has: no atomics of 8.1, no dot products of 8.2, nothing of SVE.
func TestKernelsUseWhatNEONHas(t *testing.T) {
	later := regexp.MustCompile(`\b(VU?S?DOT\w*|VUSMMLA|VEOR3|VRAX1|VXAR|VBCAX|LD(ADD|CLR|EOR|OR|SMAX|UMAX)\w+|CAS\w*|SWP\w+|Z\w+|P(TRUE|FALSE)\w*|VPMULL2?|SHA\w+|AES\w+|SM[34]\w+)\b`)
	lines := 0
	for name, text := range arm64Sources(t) {
		for i, line := range text {
			code, _, _ := strings.Cut(line, "//")
			lines++
			if m := later.FindString(code); m != "" && m != "ZR" {
				t.Errorf("%s:%d: %s is not in ARMv8.0", name, i+1, m)
			}
		}
	}
	if lines < 500 {
		t.Errorf("%d lines: the test no longer reads the assembly", lines)
	}
}
