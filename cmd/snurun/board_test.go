//go:build !board

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
)

// build builds a package for an architecture, as small as it gets, and returns
// the binary.
func build(t *testing.T, arch, pkg string, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "binary")
	cmd := exec.Command("go", append(append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", out}, args...), pkg)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

// TestSizes holds the sizes of what goes onto a board.
func TestSizes(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	t.Parallel()
	for _, c := range []struct {
		pkg  string
		args []string
		most int64
	}{
		{".", []string{"-tags=board"}, 6e6},
		{"../../internal/tools/embedded", nil, 4e6},
	} {
		info, err := os.Stat(build(t, "arm64", c.pkg, c.args...))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > c.most {
			t.Errorf("%s %v: %d bytes, expected at most %d", c.pkg, c.args, info.Size(), c.most)
		}
	}
}

// TestBoard runs a build for boards: it has what a board needs, and says what it
// has not.
func TestBoard(t *testing.T) {
	if testing.Short() || goruntime.GOOS != "linux" {
		t.Skip("builds a program for Linux")
	}
	t.Parallel()
	binary := build(t, goruntime.GOARCH, ".", "-tags=board")
	if head, err := os.ReadFile(binary); err != nil || bytes.Contains(head, []byte("/ld-linux")) {
		t.Errorf("%v, or the binary is not static", err)
	}
	small := filepath.Join(t.TempDir(), "small.msgpack")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"version", exitOK, ", for boards"},
		{"verify " + shipped, exitOK, ""},
		{"classify " + shipped + " --limit 20", exitOK, "accuracy "},
		{"quantize " + shipped + " " + small, exitOK, "agreement "},
		{"inspect " + small, exitOK, "q8"},
		{"bench " + small + " --time 0s --repeat 1 --batch 1 --threads 1", exitOK, "latency "},
		{"train --data x", exitUsage, "train is not in this build for boards: run it on another machine"},
		{"convert a.nir b.msgpack", exitUsage, "convert is not in this build for boards"},
		{"plot raster m --out x.png", exitUsage, "plot is not in this build for boards"},
		{"data mnist", exitUsage, "data is not in this build for boards"},
		{"train --help", exitOK, "without the tag board"},
		{"--help", exitOK, "(not in this build for boards)"},
	} {
		cmd := exec.Command(binary, strings.Fields(c.args)...)
		text, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil {
			t.Fatal(err)
		}
		if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(string(text), c.says) {
			t.Errorf("snurun %s: exit %d, %s\nexpected exit %d and %q", c.args, code, text, c.code, c.says)
		}
	}
}
