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
		{".", []string{"-tags=board,fleet"}, 10.5e6},
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
	const small = "../../testdata/mnist-int8.msgpack"
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"version", exitOK, ", for boards"},
		{"verify " + shipped, exitOK, ""},
		{"classify " + shipped + " --limit 20", exitOK, "accuracy "},
		{"quantize a.msgpack b.msgpack", exitUsage, "quantize is not in this build for boards"},
		{"inspect " + small, exitOK, "q8"},
		{"bench " + small + " --time 0s --repeat 1 --batch 1 --threads 1", exitOK, "latency "},
		{"train --data x", exitUsage, "train is not in this build for boards: run it on another machine"},
		{"convert a.nir b.msgpack", exitUsage, "convert is not in this build for boards"},
		{"plot raster m --out x.png", exitUsage, "plot is not in this build for boards"},
		{"data mnist", exitUsage, "data is not in this build for boards"},
		{"stream " + shipped + " --publish nats://127.0.0.1:1", exitUsage, "--publish is not in this build for boards: build it with the tags board,fleet"},
		{"fleet ls", exitUsage, "fleet is not in this build for boards"},
		{"batch work --help", exitOK, "board,fleet"},
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

// TestNoServer looks for the server of a hub in what the program is linked from: it
// belongs to snurun-hub alone.
func TestNoServer(t *testing.T) {
	t.Parallel()
	for tags, server := range map[string]bool{"": false, "board": false, "board,fleet": false, "hub": true} {
		pkg := "."
		if server {
			pkg = "../snurun-hub"
		}
		out, err := exec.Command("go", "list", "-deps", "-tags", tags, pkg).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if strings.Contains(string(out), "nats-server") != server {
			t.Errorf("tags %q, %s: the server is in it: %v, expected %v", tags, pkg, !server, server)
		}
		if client := strings.Contains(string(out), "paho.mqtt"); !server && client != (tags != "board") {
			t.Errorf("tags %q: the clients are in it: %v", tags, client)
		}
	}
}
