package asm

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/arch/arm64/arm64asm"
)

// sources returns the lines of the files that match one of the patterns.
func sources(t *testing.T, patterns ...string) map[string][]string {
	files := make(map[string][]string)
	for _, pattern := range patterns {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = strings.Split(string(text), "\n")
		}
	}
	return files
}

// arm64Sources returns the lines of the arm64 assembly, on any architecture.
func arm64Sources(t *testing.T) map[string][]string {
	return sources(t, "*_arm64.s", "*_arm64.h")
}

var (
	wordMacro = regexp.MustCompile(`^#define (\w+)\(([mnd, ]+)\) WORD \$\((0x[0-9A-F]{8})((?: \| \([mnd]\)(?:<<\d+)?)+)\) // (\S.*)$`)
	wordField = regexp.MustCompile(`\(([mnd])\)(?:<<(\d+))?`)
	register  = regexp.MustCompile(`v([MND])\b`)
)

// Each instruction written as a WORD is a macro with the instruction in a
// comment beside it: it decodes to that, whatever registers it is given.
func TestWords(t *testing.T) {
	words := 0
	for name, lines := range arm64Sources(t) {
		for i, line := range lines {
			code, _, _ := strings.Cut(line, "//")
			if !regexp.MustCompile(`\bWORD\b`).MatchString(code) {
				continue
			}
			words++
			m := wordMacro.FindStringSubmatch(line)
			if m == nil {
				t.Errorf("%s:%d: not a macro of the form of the others: %s", name, i+1, line)
				continue
			}
			base, _ := strconv.ParseUint(m[3], 0, 32)
			for r := range 32 {
				for _, regs := range []map[string]int{
					{"m": r, "n": 0, "d": 0}, {"m": 0, "n": r, "d": 0}, {"m": 0, "n": 0, "d": r}, {"m": r, "n": 31 - r, "d": r ^ 21},
				} {
					word := uint32(base)
					for _, f := range wordField.FindAllStringSubmatch(m[4], -1) {
						shift, _ := strconv.Atoi(f[2])
						word |= uint32(regs[f[1]]) << shift
					}
					want := register.ReplaceAllStringFunc(m[5], func(v string) string {
						return "v" + strconv.Itoa(regs[strings.ToLower(v[1:])])
					})
					inst, err := arm64asm.Decode(binary.LittleEndian.AppendUint32(nil, word))
					if got := arm64asm.GNUSyntax(inst); err != nil || got != want {
						t.Fatalf("%s:%d: %s of %v is %#08x, which decodes to %q (%v), not %q", name, i+1, m[1], regs, word, got, err, want)
					}
				}
			}
		}
	}
	if words == 0 {
		t.Error("no WORD in the arm64 assembly")
	}
}

var use = regexp.MustCompile(`\b(VF\w+|EACH1?|WITH|FROM)\(([^()]*)\)`)

// No macro is given a register beyond 31, whose bits would change the
// instruction. EACH, WITH and FROM count three registers up, WITH but for m,
// FROM but for n.
func TestWordOperands(t *testing.T) {
	uses := 0
	for name, lines := range arm64Sources(t) {
		for i, line := range lines {
			for _, m := range use.FindAllStringSubmatch(line, -1) {
				uses++
				for k, operand := range strings.Split(m[2], ",") {
					limit := 31
					if strings.HasPrefix(m[1], "EACH") || m[1] == "WITH" && k > 1 || m[1] == "FROM" && k != 2 {
						limit = 28
					}
					if r, err := strconv.Atoi(strings.TrimSpace(operand)); err == nil && (r < 0 || r > limit) {
						t.Errorf("%s:%d: register %d in %s", name, i+1, r, m[0])
					}
				}
			}
		}
	}
	if uses == 0 {
		t.Error("no use of the macros in the arm64 assembly")
	}
}
