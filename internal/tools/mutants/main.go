// Mutants changes the kernels of package asm, one operation at a time, and
// checks that the tests notice. It prints a Markdown table of the changes and of
// the tests that failed, and fails itself if a change went unnoticed that is not
// listed in equivalent.go:
//
//	go run ./internal/tools/mutants [-files 'exp*'] [-goarch arm64 -exec qemu-aarch64 -timeout 15m]
//
// The changes are made in a copy of the package.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	m := mutator{out: os.Stdout}
	files := flag.String("files", "*", "change only the files of this `pattern`")
	flag.StringVar(&m.goarch, "goarch", "amd64", "architecture of the kernels")
	flag.StringVar(&m.exec, "exec", "", "`command` that runs the tests")
	flag.DurationVar(&m.timeout, "timeout", time.Minute, "of the tests for one change")
	flag.Parse()
	unnoticed, err := m.all(*files)
	if err == nil && unnoticed > 0 {
		err = fmt.Errorf("%d changes unnoticed", unnoticed)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// mutator runs the tests on changed copies of the package.
type mutator struct {
	out          io.Writer
	dir          string // of the copy of the module
	goarch, exec string
	timeout      time.Duration
}

// all tries all changes to the kernels in files that match pattern and returns
// how many went unnoticed.
func (m *mutator) all(pattern string) (unnoticed int, err error) {
	if err := m.copyPackage(); err != nil {
		return 0, err
	}
	defer os.RemoveAll(m.dir)
	fmt.Fprint(m.out, "| line | change | noticed by |\n|---|---|---|\n")
	for _, kernels := range []string{"*_generic.go", "exp.go", "indices.go", "*_" + m.goarch + ".[sh]"} {
		files, err := filepath.Glob(filepath.Join(m.dir, "asm", kernels))
		if err != nil {
			return 0, err
		}
		for _, file := range files {
			if ok, err := filepath.Match(pattern, filepath.Base(file)); err != nil {
				return 0, err
			} else if !ok {
				continue
			}
			n, err := m.file(file)
			if err != nil {
				return 0, err
			}
			unnoticed += n
		}
	}
	return unnoticed, nil
}

// file tries all changes to one file.
func (m *mutator) file(path string) (unnoticed int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	defer os.WriteFile(path, text, 0o644)
	name := filepath.Base(path)
	names := testsOf(name)
	if result, err := m.test(names); err != nil {
		return 0, err
	} else if result != "" {
		return 0, fmt.Errorf("%s without any change: %s", name, result)
	}
	for _, c := range changes(name, string(text)) {
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			return 0, err
		}
		result, err := m.test(names)
		if err != nil {
			return 0, err
		}
		if result == noBuild {
			continue
		}
		if result == "" {
			if result = equivalent[c.key(name)]; result == "" {
				result = "**nothing**"
				unnoticed++
			}
		}
		fmt.Fprintf(m.out, "| %s:%d | `%s` → `%s` | %s |\n", name, c.line, c.from, c.to, result)
	}
	return unnoticed, nil
}

// noBuild is the result of a change that is no program.
const noBuild = "does not build"

var failure = regexp.MustCompile(`--- FAIL: (\S+)|(panic: test timed out)|(fatal error: \S+|SIG[A-Z]+)`)

// tests are those that are run for changes to the files of a prefix, the
// quickest to notice.
var tests = []struct{ prefix, names string }{
	{"exp", "Exp"},
	{"forward", "Forward|Update|Batch|Exp"},
	{"addrows", "Forward|Batch"},
	{"sum_", "Forward|SumRows"},
	{"sumbytes", "Integers"},
	{"addbytes", "Integers"},
	{"convertbytes", "Integers"},
	{"integers", "Integers"},
	{"conv", "Scatter"},
	{"joinlanes", "Scatter"},
	{"indices", "Indices"},
	{"sumrows", "SumRows"},
	{"sumspikes", "SumSpikes"},
	{"gradient", "SumRows|SumSpikes|DotRows|DotSteps|Adam"},
	{"slopes", "Slopes"},
	{"backward", "Backward|DotSteps"},
	{"dotsteps", "DotSteps"},
	{"", "Test"},
}

func testsOf(file string) string {
	for _, t := range tests {
		if strings.HasPrefix(file, t.prefix) {
			return t.names
		}
	}
	return ""
}

// test runs the named tests and returns what failed, or nothing.
func (m *mutator) test(names string) (string, error) {
	args := []string{"test", "-vet=off", "-failfast", "-ldflags=-w", "-timeout=" + m.timeout.String(), "-run=" + names}
	if m.exec != "" {
		args = append(args, "-exec="+m.exec)
	}
	c := exec.Command("go", append(args, "./asm")...)
	c.Dir = m.dir
	c.Env = append(os.Environ(), "GOARCH="+m.goarch, "GOFLAGS=-mod=mod")
	out, err := c.CombinedOutput()
	switch match := failure.FindSubmatch(out); {
	case err == nil:
		return "", nil
	case bytes.Contains(out, []byte("[build failed]")) || bytes.Contains(out, []byte("[setup failed]")):
		return noBuild, nil
	case match == nil:
		return "", fmt.Errorf("%s: %w\n%s", c, err, out)
	default:
		return string(bytes.Join(match[1:], nil)), nil
	}
}

// copyPackage copies package asm and what it needs of the module.
func (m *mutator) copyPackage() error {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("the module: %w", err)
	}
	if m.dir, err = os.MkdirTemp("", "mutants"); err != nil {
		return err
	}
	for _, part := range []string{"go.mod", "go.sum", "asm/*.go", "asm/*.[sh]", "internal/bandwidth/*"} {
		files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), part))
		if err != nil {
			return err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			to := filepath.Join(m.dir, filepath.Dir(part), filepath.Base(file))
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(to, text, 0o644); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(filepath.Join(m.dir, "asm", "fused.go"), []byte(fused), 0o644)
}

// fused is what the changed Go calls in place of a multiplication and an
// addition.
const fused = `package asm

import "math"

func fused(a, b, c float32) float32 {
	return float32(math.FMA(float64(a), float64(b), float64(c)))
}
`
