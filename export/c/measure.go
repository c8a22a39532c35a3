package c

import (
	"bufio"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Core is a core that boards have, as compilers call it.
type Core struct {
	Name  string
	Flags []string
}

// Cores are what Measure compiles for.
var Cores = []Core{
	{"Cortex-M0", []string{"-mcpu=cortex-m0", "-mthumb"}},
	{"Cortex-M3", []string{"-mcpu=cortex-m3", "-mthumb"}},
	{"Cortex-M4F", []string{"-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"}},
	{"Cortex-M7", []string{"-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"}},
	{"Cortex-M33", []string{"-mcpu=cortex-m33", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"}},
}

// Compiler is the compiler that Measure runs.
const Compiler = "arm-none-eabi-gcc"

// ErrNoCompiler is the error of Measure where there is no Compiler.
var ErrNoCompiler = errors.New(Compiler + " is not installed")

// Measured is what a compiler makes of a network for a core.
type Measured struct {
	Core      string `json:"core"`
	Code      int    `json:"code_bytes"`
	Constants int    `json:"constant_bytes"`
	// Stack is the most that net_step and what it calls take, by the compiler's
	// count, without what the functions of its own library take.
	Stack int `json:"stack_bytes"`
}

// Measure compiles a network in the plain layout for a core with -Os, and returns the
// sizes. Without a compiler it returns ErrNoCompiler.
func (s *Source) Measure(ctx context.Context, core Core) (Measured, error) {
	m := Measured{Core: core.Name}
	compiler, err := exec.LookPath(Compiler)
	if err != nil {
		return m, ErrNoCompiler
	}
	dir, err := os.MkdirTemp("", "snurun-c-")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(dir)
	name := ""
	for _, f := range s.Files {
		base := filepath.Base(f.Name)
		if err := os.WriteFile(filepath.Join(dir, base), f.Data, 0o666); err != nil {
			return m, err
		}
		if strings.HasSuffix(base, ".c") && !strings.HasSuffix(base, "_selftest.c") {
			name = strings.TrimSuffix(base, ".c")
		}
	}
	args := append([]string{"-std=c99", "-Os", "-ffp-contract=off", "-fcallgraph-info=su", "-c", name + ".c", "-o", "net.o"}, core.Flags...)
	cmd := exec.CommandContext(ctx, compiler, args...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return m, fmt.Errorf("%s: %w: %.400s", Compiler, err, text)
	}
	if m.Code, m.Constants, err = sections(filepath.Join(dir, "net.o")); err != nil {
		return m, err
	}
	m.Stack, err = stack(filepath.Join(dir, "net.ci"), name+"_step")
	return m, err
}

// sections adds up the code and the constants of an object file.
func sections(name string) (code, constants int, err error) {
	f, err := elf.Open(name)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	for _, s := range f.Sections {
		switch {
		case s.Flags&elf.SHF_ALLOC == 0:
		case s.Flags&elf.SHF_EXECINSTR != 0:
			code += int(s.Size)
		default:
			constants += int(s.Size)
		}
	}
	return code, constants, nil
}

var (
	callNode = regexp.MustCompile(`^node: \{ title: "([^"]*)" label: "[^"]*?(\d+) bytes \(`)
	callEdge = regexp.MustCompile(`^edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"`)
)

// stack returns the most stack that a function and what it calls take, from a file
// of gcc's -fcallgraph-info=su.
func stack(name, function string) (int, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	own, calls := map[string]int{}, map[string][]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if m := callNode.FindStringSubmatch(lines.Text()); m != nil {
			if own[m[1]], err = strconv.Atoi(m[2]); err != nil {
				return 0, err
			}
		}
		if m := callEdge.FindStringSubmatch(lines.Text()); m != nil {
			calls[m[1]] = append(calls[m[1]], m[2])
		}
	}
	if _, ok := own[function]; !ok {
		return 0, fmt.Errorf("%s: the stack of %s is not in the call graph", Compiler, function)
	}
	var deepest func(f string, level int) int
	deepest = func(f string, level int) int {
		most := 0
		if level < 32 { // nothing is recursive
			for _, to := range calls[f] {
				most = max(most, deepest(to, level+1))
			}
		}
		return own[f] + most
	}
	return deepest(function, 0), nil
}
