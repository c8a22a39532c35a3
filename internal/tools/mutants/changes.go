package main

import (
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// change is a file with one operation changed.
type change struct {
	line     int
	from, to string // the line
	text     string // the file
}

// key is what equivalent knows the change by.
func (c change) key(file string) string { return file + ": " + c.from + " → " + c.to }

// rule replaces what matches in a line.
type rule struct {
	match   *regexp.Regexp
	replace string
}

// The rules for lines of assembly: another operation; a comparison that takes
// equals in; operands in the other order; a step left out.
var assembly = rules(
	`\b(V?F?)ADD(PS|\()`, `${1}SUB${2}`,
	`\b(V?F?)SUB(PS|\()`, `${1}ADD${2}`,
	`\bVMULPS`, `VADDPS`,
	`\bVDIVPS`, `VMULPS`,
	`\bVSQRTPS`, `VMOVUPS`,
	`\bVMAXPS`, `VMINPS`,
	`\bVMINPS`, `VMAXPS`,
	`\bVANDPS`, `VORPS`,
	`\bVANDNPS`, `VANDPS`,
	`\bVPADDD`, `VPSUBD`,
	`\bVPADDW`, `VPSUBW`,
	`\bVPSUB(W|D)`, `VPADD${1}`,
	`\b(VPS[RL]LW) \$8`, `${1} $$7`,
	`\bVF([SU])ADDW\(`, `VF${1}ADDW2(`,
	`\bVF([SU])ADDW2\(`, `VF${1}ADDW(`,
	`\bVSXTL\(`, `VSXTL2(`,
	`\bVSXTL2\(`, `VSXTL(`,
	`\bVPMOVSX`, `VPMOVZX`,
	`\bVUZP1`, `VUZP2`,
	`\bVPSLLD \$23`, `VPSLLD $$22`,
	`\bKNOTW`, `KMOVW`,
	`(GREATER\s+)\$30`, `${1}$$29`,
	`(NOT_GREATER\s+)\$26`, `${1}$$25`,
	`\b(V(?:SUB|DIV)PS) ([^,]+), ([^,]+), `, `$1 $3, $2, `,
	`\b(VFMUL\w*|VFDIV)\(`, `VFADD(`,
	`\bVFMAX(NM)?\(`, `VFMIN(`,
	`\bVFMIN\(`, `VFMAX(`,
	`\bVFNEG\(`, `VFABS(`,
	`\b(VF(?:SUB|DIV)\()(\w+), (\w+), `, `$1$3, $2, `,
	`^\t(?:vectors|EACH|WITH)\(.*\)(; \\)?$`, ``,
)

// The rules for lines of Go; fused is in the copy of the package.
var generic = rules(
	`float32\(([\w.\[\]]+) ?\* ?([\w.\[\]]+)\) \+ ([\w.\[\]()]+)`, `fused($1, $2, $3)`,
	`float32\(float32\((\w+)\)\*(\w+)\) \+ (\w+)`, `fused($1, $2, $3)`,
	`float32\((\w+)\*float32\((\w+\*\w+)\)\) \+ (\w+)`, `fused($1, $2, $3)`,
	`(\w+) - float32\((\w+) ?\* ?(\w+)\)`, `fused(-$2, $3, $1)`,
	`(\S+) \+= float32\((\S+) ?\* ?(\S+)\)`, `$1 = fused($2, $3, $1)`,
	`(\S+) -= float32\((\S+) ?\* ?(\S+)\)`, `$1 = fused(-$2, $3, $1)`,
	` \+ `, ` - `,
	` - `, ` + `,
	` \+= `, ` -= `,
	` -= `, ` += `,
	`(\w) ?\* ?(\w)`, `$1/$2`,
	` > `, ` >= `,
	` < `, ` <= `,
	` == `, ` != `,
	`min\(`, `max(`,
	`max\(`, `min(`,
	`1 << `, `2 << `,
)

func rules(pairs ...string) []rule {
	var r []rule
	for i := 0; i < len(pairs); i += 2 {
		r = append(r, rule{regexp.MustCompile(pairs[i]), pairs[i+1]})
	}
	return r
}

// changes returns the changes of a file: those of the rules, line by line, each
// constant's next value up and down, and multiply-adds fused.
func changes(name, text string) []change {
	set := assembly
	if filepath.Ext(name) == ".go" {
		set = generic
	}
	var all []change
	lines := strings.Split(text, "\n")
	try := func(i int, to string) {
		if to == lines[i] {
			return
		}
		with := slices.Clone(lines)
		with[i] = to
		if to == "" {
			with = slices.Delete(with, i, i+1)
		}
		all = append(all, change{i + 1, strings.TrimSpace(lines[i]), strings.TrimSpace(to), strings.Join(with, "\n")})
	}
	for i, line := range lines {
		code, _, _ := strings.Cut(line, "//")
		if strings.TrimSpace(code) == "" || strings.HasPrefix(code, "#define V") || strings.HasPrefix(code, "TEXT") {
			continue
		}
		for _, r := range set {
			for _, at := range r.match.FindAllStringSubmatchIndex(code, -1) {
				to := code[:at[0]] + string(r.match.ExpandString(nil, r.replace, code, at)) + line[at[1]:]
				try(i, to)
			}
		}
		for _, to := range neighbours(code) {
			try(i, to)
		}
	}
	return append(append(all, fuse(text)...), fuseExp(name, text)...)
}

var multiplyAdd = regexp.MustCompile(`VMULPS ([^;\n]+), (\w+), (\w+)(?:; \\)?\n\tV(ADD|SUB)PS (\w+), (\w+), (?:K\d, )?(\w+)`)

// fuse returns the changes that fuse a multiplication and the addition after it.
func fuse(text string) []change {
	var all []change
	for _, at := range multiplyAdd.FindAllStringSubmatchIndex(text, -1) {
		part := func(k int) string { return text[at[2*k]:at[2*k+1]] }
		if part(5) != part(3) || part(6) != part(7) {
			continue
		}
		to := map[string]string{"ADD": "VFMADD231PS ", "SUB": "VFNMADD231PS "}[part(4)] + part(1) + ", " + part(2) + ", " + part(7)
		all = append(all, replacement(text, at[0], at[1], to))
	}
	return all
}

// fuseExp returns the changes that fuse the operations of EXP.
func fuseExp(name, text string) []change {
	if name != "exp_avx2_amd64.h" && name != "exp_avx512_amd64.h" {
		return nil
	}
	broadcast := ""
	if strings.Contains(name, "512") {
		broadcast = ".BCST"
	}
	var all []change
	for _, f := range []struct{ from, to string }{
		{"TIMES_LOG2E PLUS_ROUND", "VBROADCASTSS EXP_ROUND, t; VFMADD231PS.BCST EXP_LOG2E, r, t"},
		{"N_LN2HI REDUCE", "VFNMADD231PS.BCST EXP_LN2HI, n, r"},
		{"N_LN2LO REDUCE", "VFNMADD231PS.BCST EXP_LN2LO, n, r"},
		{"TIMES_C6 PLUS_C5", "VBROADCASTSS EXP_C5, e; VFMADD231PS.BCST EXP_C6, r, e"},
		{"TIMES_R PLUS_C4", "VFMADD213PS.BCST EXP_C4, r, e"},
		{"TIMES_R PLUS_C3", "VFMADD213PS.BCST EXP_C3, r, e"},
		{"TIMES_R PLUS_C2", "VFMADD213PS.BCST EXP_C2, r, e"},
		{"TIMES_SQUARE PLUS_R", "VFMADD213PS r, n, e"},
	} {
		first, second, _ := strings.Cut(f.from, " ")
		steps := "vectors(" + first + "); \\\n\tvectors(" + second + ")"
		at := strings.Index(text, steps)
		if at < 0 {
			continue
		}
		c := replacement(text, at, at+len(steps), "vectors(FUSED)")
		c.to = strings.ReplaceAll(f.to, ".BCST", broadcast)
		c.text += "\n#define FUSED(r, t, n, e) " + c.to + "\n"
		all = append(all, c)
	}
	return all
}

// replacement is the change of text[from:end].
func replacement(text string, from, end int, to string) change {
	before := strings.NewReplacer(" \\", "", "\n\t", " ").Replace(text[from:end])
	return change{1 + strings.Count(text[:from], "\n"), before, to, text[:from] + to + text[end:]}
}

var constant = regexp.MustCompile(`\d+\.\d{4,}(e-?\d+)?`)

// neighbours returns the line with the float32 next to its constant, above and
// below.
func neighbours(line string) []string {
	at := constant.FindStringIndex(line)
	if at == nil {
		return nil
	}
	v, err := strconv.ParseFloat(line[at[0]:at[1]], 32)
	if err != nil {
		return nil
	}
	var to []string
	for _, direction := range []float32{0, math.MaxFloat32} {
		next := math.Nextafter32(float32(v), direction)
		to = append(to, line[:at[0]]+strconv.FormatFloat(float64(next), 'g', -1, 64)+line[at[1]:])
	}
	return to
}
