// Mca prints what the NEON kernels cost on the CPUs of small boards by the
// models of llvm-mca, as a Markdown table. It needs LLVM 17 or later for the
// model of the Cortex-A76, and runs on any machine:
//
//	go run ./internal/tools/mca [-llvm 19]
//
// The instructions are those of the built package: it compiles the tests of
// package asm for arm64, takes the machine code of each path through a kernel,
// from label to label of its source, and repeats it as a loop. The models
// assume that all loads hit the first-level cache and that branches are
// predicted.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	pkg     = "github.com/snurun/snurun/asm"
	sources = "*_neon_arm64.[sh]"
)

// cpus are the columns of the table. LLVM takes a Cortex-A76 for an A57; the
// Neoverse N1 is the same core.
var cpus = []struct{ name, model string }{
	{"Cortex-A53", "cortex-a53"}, {"Cortex-A72", "cortex-a72"}, {"Cortex-A76", "neoverse-n1"},
}

// piece is the code from one label of a function to another. A function's name
// is the label of its start.
type piece struct{ function, from, to string }

// paths are the rows of the table. The code for so many elements is the setup
// and then turns times the loop.
var paths = []struct {
	name     string
	elements int
	setup    []piece
	turns    int
	loop     []piece
}{
	{"row", 64, nil, 1, []piece{{"sum64", "row64", "lastButOne"}}},
	{"row times a value", 64, nil, 1, []piece{{"sum64", "scaled64", "scaledLast"}}},
	{"row in layers of 16 neurons", 64, nil, 1, []piece{{"sum16", "rows16", "lastFour"}}},
	{"row of bytes", 256, nil, 2, []piece{{"sumBytes128NEON", "row", "split"}}},
	{"row in groups of 8 into memory", 128, nil, 1, []piece{{"addRows8NEON", "spikes", "scaled"}}},
	{
		"update: ELU, reset zero, spikes", 64,
		[]piece{{"update", "update", "group"}},
		4, []piece{{"update", "group", "otherGates"}},
	},
	{
		"update: ReLU, reset zero, spikes", 64,
		[]piece{{"update", "update", "constants"}},
		4, []piece{
			{"update", "group", "elu"},
			{"update", "otherActivations", "leaky"},
			{"update", "relu", "otherOutputs"},
			{"update", "output", "otherGates"},
		},
	},
	{"product of a row and d", 64, nil, 1, []piece{{"dotRows8NEON", "vector", "nextPanel"}}},
	{"run of a Scatter", 32, nil, 1, []piece{{"scatterRunsNEON", "block", "scaled"}, {"scatterRunsNEON", "add", "rest"}}},
	{"run of a Scatter times a value", 32, nil, 1, []piece{{"scatterRunsNEON", "block", "rest"}}},
	{"run of a Scatter of bytes", 32, nil, 1, []piece{{"scatterBytesNEON", "block", "rest"}}},
	{"product of a pattern and d", 32, nil, 1, []piece{{"scatterDotNEON", "vector", "nextRun"}}},
	{"Adam", 16, nil, 1, []piece{{"adamNEON", "turn", "end"}}},
}

func main() {
	llvm := flag.String("llvm", "", "version `suffix` of the LLVM tools, as in llvm-mca-19")
	flag.Parse()
	if *llvm != "" {
		*llvm = "-" + *llvm
	}
	if err := run(os.Stdout, *llvm); err != nil {
		fmt.Fprintln(os.Stderr, "mca:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, llvm string) error {
	code, err := disassemble()
	if err != nil {
		return err
	}
	labels, err := readLabels()
	if err != nil {
		return err
	}
	fmt.Fprint(out, "| cycles for 256 elements |")
	for _, c := range cpus {
		fmt.Fprintf(out, " %s |", c.name)
	}
	fmt.Fprintln(out, "\n|---|"+strings.Repeat("--:|", len(cpus)))
	for _, p := range paths {
		var words []uint32
		for _, part := range append(p.setup, slices.Repeat(p.loop, p.turns)...) {
			w, err := part.words(code, labels)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			words = append(words, w...)
		}
		text, err := assembly(words, llvm)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "| %s |", p.name)
		for _, c := range cpus {
			cycles, err := analyse(text, c.model, llvm)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, " %.0f |", 256*cycles/float64(p.elements))
		}
		fmt.Fprintln(out)
	}
	return nil
}

// position is a line of a source file.
type position struct {
	file string
	line int
}

// instruction is a word of machine code and where it is from.
type instruction struct {
	at   position
	word uint32
}

var listing = regexp.MustCompile(`^  (\w+\.[sh]):(\d+)\s+0x[0-9a-f]+\s+([0-9a-f]{8})\s`)

// ret is the word of RET, which a loop does without.
const ret = 0xd65f03c0

// disassemble builds the tests of the package, which link all kernels, and
// returns their machine code.
func disassemble() ([]instruction, error) {
	dir, err := os.MkdirTemp("", "mca")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "asm.test")
	build := exec.Command("go", "test", "-c", "-o", binary, pkg)
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	if _, err := output(build); err != nil {
		return nil, err
	}
	text, err := output(exec.Command("go", "tool", "objdump", "-s", "NEON|^(sum64|sum16|update)$", binary))
	if err != nil {
		return nil, err
	}
	var code []instruction
	seen, again := make(map[string]bool), false // sum64 and sum16 are in two files
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "TEXT "); ok {
			name, _, _ = strings.Cut(name, " ")
			again, seen[name] = seen[name], true
		}
		if again {
			continue
		}
		if m := listing.FindStringSubmatch(lines.Text()); m != nil {
			line, _ := strconv.Atoi(m[2])
			word, _ := strconv.ParseUint(m[3], 16, 32)
			code = append(code, instruction{position{m[1], line}, uint32(word)})
		}
	}
	if len(code) == 0 {
		return nil, errors.New("no kernels in the output of go tool objdump")
	}
	return code, nil
}

var (
	text  = regexp.MustCompile(`^TEXT ·?(\w+)`)
	label = regexp.MustCompile(`^(\w+):`)
)

// readLabels returns where each label of the sources is, as function.label.
func readLabels() (map[string]position, error) {
	dir, err := output(exec.Command("go", "list", "-f", "{{.Dir}}", pkg))
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), sources))
	if err != nil {
		return nil, err
	}
	labels := make(map[string]position)
	for _, file := range files {
		s, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		function := ""
		for i, line := range strings.Split(string(s), "\n") {
			at := position{filepath.Base(file), i + 1}
			if m := text.FindStringSubmatch(line); m != nil {
				function = m[1]
				labels[function+"."+function] = at
			} else if m := label.FindStringSubmatch(line); m != nil {
				labels[function+"."+m[1]] = at
			}
		}
	}
	return labels, nil
}

// words returns the code of a piece.
func (p piece) words(code []instruction, labels map[string]position) ([]uint32, error) {
	from, ok1 := labels[p.function+"."+p.from]
	to, ok2 := labels[p.function+"."+p.to]
	if !ok1 || !ok2 || to.line <= from.line {
		return nil, fmt.Errorf("%s: no labels %s and then %s in the source", p.function, p.from, p.to)
	}
	var words []uint32
	for _, i := range code {
		if i.at.file == from.file && i.at.line >= from.line && i.at.line < to.line && i.word != ret {
			words = append(words, i.word)
		}
	}
	return words, nil
}

// assembly returns the words as assembler text.
func assembly(words []uint32, llvm string) ([]byte, error) {
	var in bytes.Buffer
	for _, w := range words {
		b := binary.LittleEndian.AppendUint32(nil, w)
		fmt.Fprintf(&in, "0x%02x 0x%02x 0x%02x 0x%02x\n", b[0], b[1], b[2], b[3])
	}
	c := exec.Command("llvm-mc"+llvm, "-disassemble", "-triple=aarch64")
	c.Stdin = &in
	return output(c)
}

var total = regexp.MustCompile(`(?s)Iterations:\s+(\d+).*Total Cycles:\s+(\d+)`)

// analyse returns the cycles that the code takes in a loop.
func analyse(text []byte, cpu, llvm string) (float64, error) {
	c := exec.Command("llvm-mca"+llvm, "-march=aarch64", "-mcpu="+cpu, "-iterations=200")
	c.Stdin = bytes.NewReader(text)
	report, err := output(c)
	if err != nil {
		return 0, err
	}
	m := total.FindSubmatch(report)
	if m == nil {
		return 0, fmt.Errorf("no total of cycles in the output of %s", c)
	}
	iterations, _ := strconv.ParseFloat(string(m[1]), 64)
	cycles, _ := strconv.ParseFloat(string(m[2]), 64)
	return cycles / iterations, nil
}

// output is c.Output with the command and its complaint in the error.
func output(c *exec.Cmd) ([]byte, error) {
	var complaint bytes.Buffer
	c.Stderr = &complaint
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", c, err, complaint.Bytes())
	}
	return out, nil
}
