// Command fused looks for fused multiply-add instructions in what the compiler
// makes of the module's packages. A fused one rounds once where the code says
// twice, so that bits would differ between CPUs: a product that is added to
// something must be converted first, as in float32(a*b) + c.
//
//	go run ./internal/tools/fused [TARGET …]
//
// A target is a GOARCH, or GOARCH/VARIANT as in amd64/v3; without any it is those
// whose compilers fuse. What is found is printed with its place in the source, and
// the exit status is 1. Assembly is not seen: the tests of package asm read it.
package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// targets are the architectures for which the compiler fuses.
var targets = []string{"arm64", "riscv64", "ppc64le", "s390x", "amd64/v3"}

// allowed are the beginnings of the names of functions that may be fused, and why.
var allowed = []struct{ function, reason string }{
	{"plot.", "places on a picture; gonum's canvases, which paint it, are fused as well"},
}

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fused:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, args []string) error {
	module, err := exec.Command("go", "list", "-m").Output()
	if err != nil {
		return fmt.Errorf("go list -m: %w", err)
	}
	prefix := strings.TrimSpace(string(module)) + "/"
	if len(args) == 0 {
		args = targets
	}
	bad, excused := 0, map[string]int{}
	for _, target := range args {
		found, functions, err := compile(target, ".", prefix)
		if err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		if functions == 0 {
			return fmt.Errorf("%s: no function in the compiler's output", target)
		}
		count := 0
		for _, f := range found {
			if a := excuse(f.function); a != "" {
				excused[a]++
				continue
			}
			count++
			fmt.Fprintf(out, "%s: %s: %s in %s\n", f.place, target, f.instruction, f.function)
		}
		fmt.Fprintf(out, "%-8s %5d functions, %d fused instructions that are not allowed\n", target, functions, count)
		bad += count
	}
	for _, a := range allowed {
		if excused[a.function] == 0 {
			return fmt.Errorf("functions %s… need not be allowed: nothing of it is fused", a.function)
		}
	}
	if bad > 0 {
		return errors.New("convert the product before it is added: float64(a*b) + c")
	}
	return nil
}

// excuse returns the entry of allowed that holds for a function, or "".
func excuse(function string) string {
	for _, a := range allowed {
		if strings.HasPrefix(function, a.function) {
			return a.function
		}
	}
	return ""
}

// A finding is a line of the source whose code is fused.
type finding struct{ place, function, instruction string }

// variants are the environment variables of architectures' variants.
var variants = map[string]string{"amd64": "GOAMD64", "arm64": "GOARM64", "ppc64le": "GOPPC64", "riscv64": "GORISCV64"}

// compile compiles all packages of the module in dir for a target. It returns
// what is fused and the number of functions that it saw.
func compile(target, dir, prefix string) ([]finding, int, error) {
	arch, variant, _ := strings.Cut(target, "/")
	build := exec.Command("go", "build", "-gcflags="+prefix+"...=-S", "./...")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0", "GOARCH="+arch)
	if variant != "" {
		build.Env = append(build.Env, cmp.Or(variants[arch], "GO"+strings.ToUpper(arch))+"="+variant)
	}
	pipe, err := build.StderrPipe()
	if err != nil {
		return nil, 0, err
	}
	if err := build.Start(); err != nil {
		return nil, 0, err
	}
	found, functions, rest, err := scan(pipe, prefix)
	if failed := build.Wait(); err == nil && failed != nil {
		err = fmt.Errorf("go build: %w\n%s", failed, rest)
	}
	return found, functions, err
}

var (
	header      = regexp.MustCompile(`^(\S+) STEXT `)
	instruction = regexp.MustCompile(`^\t0x[0-9a-f]+ \d+ \((.+?)\)\t(\S+)`)
	fused       = regexp.MustCompile(`^(V?FN?M(ADD|SUB)|VFML[AS]|[VW]FN?M[AS][DS]B$|X[SV]N?M(ADD|SUB))`)
)

// scan reads the listing of the compiler. The rest is its lines that are of no
// function: messages of errors.
func scan(r io.Reader, prefix string) (found []finding, functions int, rest string, err error) {
	var function string
	var other strings.Builder
	places := map[finding]bool{}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if m := header.FindStringSubmatch(line); m != nil {
			function = strings.TrimPrefix(m[1], prefix)
			functions++
		} else if m := instruction.FindStringSubmatch(line); m != nil {
			if fused.MatchString(m[2]) {
				places[finding{strings.TrimPrefix(m[1], prefix), function, m[2]}] = true
			}
		} else if line != "" && line[0] != '\t' && line[0] != '#' && other.Len() < 1<<12 && !strings.Contains(line, " S") {
			other.WriteString(line)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, 0, "", err
		}
	}
	found = slices.SortedFunc(maps.Keys(places), func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.function, b.function), cmp.Compare(a.place, b.place), cmp.Compare(a.instruction, b.instruction))
	})
	return found, functions, other.String(), nil
}
