package c

import (
	"flag"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/snurun/snurun/internal/outside"
)

// strict are the flags under which the text must compile without a warning.
var strict = strings.Fields("-std=c99 -pedantic -Wall -Wextra -Wconversion -Wdouble-promotion -Werror")

// full asks for every compiler, core and network; without it tests take a selection.
var full = flag.Bool("full", false, "test with every compiler, core and network")

// selection returns the first with -short, the last with -full, else the second.
func selection[T any](short, usual, all T) T {
	switch {
	case *full:
		return all
	case testing.Short():
		return short
	}
	return usual
}

// tool returns the path of a program, or skips the test.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		outside.Missing(t, name)
	}
	return path
}

// output runs a command and returns what it wrote.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	text, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%.4000s", name, strings.Join(args, " "), err, text)
	}
	return string(text)
}

// compile runs a compiler and returns whether it failed.
func compile(name string, args ...string) error { return exec.Command(name, args...).Run() }

// TestRandomNetworks holds random networks, as compiled for this machine, against
// package runtime: all membranes, spikes, scores, classes and leads.
func TestRandomNetworks(t *testing.T) {
	t.Parallel()
	c := randomTrial(t, 0, selection[uint64](6, 16, 100), 40, 1)
	dir := t.TempDir()
	source := write(t, dir, "all.c", c.program())
	out := write(t, dir, "out.c", hosted)
	configs := [][]string{{"gcc", "-O1"}, {"clang", "-O2"}}
	if *full {
		configs = [][]string{
			{"gcc", "-O0"}, {"gcc", "-O1"}, {"gcc", "-O2"}, {"gcc", "-O3", "-march=native"}, {"gcc", "-Os"},
			{"clang", "-O0"}, {"clang", "-O1"}, {"clang", "-O2"}, {"clang", "-O3", "-march=native"},
		}
	}
	for _, config := range configs {
		t.Run(strings.Join(config, ""), func(t *testing.T) {
			cc := tool(t, config[0])
			binary := filepath.Join(dir, strings.Join(config, ""))
			args := append(append([]string{}, strict...), config[1:]...)
			output(t, cc, append(args, source, out, "-o", binary)...)
			c.compare(t, output(t, binary))
		})
	}
}
