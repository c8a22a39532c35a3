package hdf5

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/internal/outside"
)

// network builds a tree with every feature of the writer.
func network() *Builder {
	root := NewBuilder()
	root.String("version", "1.0")
	node := root.Group("node")
	node.Strings("edges", []int{2, 2}, []string{"input", "lif", "lif", "größe"})
	node.Strings("sparse", []int{3}, []string{"", "x", ""})
	nodes := node.Group("nodes")
	nodes.Group("empty")
	g := nodes.Group("größe")
	g.Float32s("weight", []int{2, 3, 1}, []float32{1, -2, 0.5, math.MaxFloat32, 1e-45, float32(math.Inf(-1))})
	g.Float64s("tau", []int{2}, []float64{math.Pi, math.Copysign(0, -1)})
	g.Int64s("shape", []int{2}, []int64{math.MinInt64, math.MaxInt64})
	g.Float32s("scalar f4", nil, []float32{0.1})
	g.Float64s("scalar f8", nil, []float64{0.1})
	g.Int64s("scalar i8", nil, []int64{-7})
	g.String("type", "LIF")
	g.String("blank", "")
	g.Float32s("none", []int{0, 3}, nil)
	g.Strings("no strings", []int{0}, nil)
	return root
}

var networkContents = map[string]object{
	"/version":                     {"strings", []int{}, []string{"1.0"}, ""},
	"/node/edges":                  {"strings", []int{2, 2}, []string{"input", "lif", "lif", "größe"}, ""},
	"/node/sparse":                 {"strings", []int{3}, []string{"", "x", ""}, ""},
	"/node/nodes/größe/weight":     {"floats", []int{2, 3, 1}, []string{"0x1p+00", "-0x1p+01", "0x1p-01", "0x1.fffffep+127", "0x1p-149", "-Inf"}, ""},
	"/node/nodes/größe/tau":        {"floats", []int{2}, []string{"0x1.921fb54442d18p+01", "-0x0p+00"}, ""},
	"/node/nodes/größe/shape":      {"integers", []int{2}, []string{"-9223372036854775808", "9223372036854775807"}, ""},
	"/node/nodes/größe/scalar f4":  {"floats", []int{}, []string{"0x1.99999ap-04"}, ""},
	"/node/nodes/größe/scalar f8":  {"floats", []int{}, []string{"0x1.999999999999ap-04"}, ""},
	"/node/nodes/größe/scalar i8":  {"integers", []int{}, []string{"-7"}, ""},
	"/node/nodes/größe/type":       {"strings", []int{}, []string{"LIF"}, ""},
	"/node/nodes/größe/blank":      {"strings", []int{}, []string{""}, ""},
	"/node/nodes/größe/none":       {"floats", []int{0, 3}, []string{}, ""},
	"/node/nodes/größe/no strings": {"strings", []int{0}, []string{}, ""},
}

func write(t testing.TB, b *Builder) []byte {
	t.Helper()
	var w bytes.Buffer
	n, err := b.WriteTo(&w)
	if err != nil || n != int64(w.Len()) {
		t.Fatalf("WriteTo: %d bytes and %v; wrote %d", n, err, w.Len())
	}
	return w.Bytes()
}

func TestWrite(t *testing.T) {
	data := write(t, network())
	compare(t, read(t, data), networkContents)
	if !bytes.Equal(write(t, network()), data) {
		t.Error("the same tree gives other bytes")
	}
}

// TestWriteMany exceeds what one collection of the global heap holds.
func TestWriteMany(t *testing.T) {
	texts := make([]string, 70000)
	for i := range texts {
		texts[i] = strings.Repeat("s", i%3)
	}
	b := NewBuilder()
	b.Strings("texts", []int{len(texts)}, texts)
	if got := read(t, write(t, b))["/texts"]; !slices.Equal(got.Values, texts) {
		t.Errorf("%d strings and error %q differ from what was written", len(got.Values), got.Error)
	}
}

func TestWriteMistakes(t *testing.T) {
	for name, build := range map[string]func(*Builder){
		"empty name":       func(b *Builder) { b.Group("") },
		"slash":            func(b *Builder) { b.Group("a/b") },
		"dot":              func(b *Builder) { b.Int64s(".", nil, []int64{1}) },
		"NUL":              func(b *Builder) { b.Group("a\x00") },
		"name not UTF-8":   func(b *Builder) { b.Group("\xff") },
		"long name":        func(b *Builder) { b.Group(strings.Repeat("x", 1<<16)) },
		"twice":            func(b *Builder) { b.Group("a"); b.String("a", "") },
		"too few":          func(b *Builder) { b.Float32s("a", []int{2, 2}, make([]float32, 3)) },
		"scalar of two":    func(b *Builder) { b.Float64s("a", nil, make([]float64, 2)) },
		"negative":         func(b *Builder) { b.Float64s("a", []int{-1, -1}, make([]float64, 1)) },
		"overflow":         func(b *Builder) { b.Float64s("a", []int{1 << 30, 1 << 30, 1 << 30}, nil) },
		"rank":             func(b *Builder) { b.Int64s("a", slices.Repeat([]int{1}, 33), make([]int64, 1)) },
		"string not UTF-8": func(b *Builder) { b.String("a", "\xff") },
		"string with NUL":  func(b *Builder) { b.String("a", "a\x00b") },
		"in a group":       func(b *Builder) { b.Group("a").Group("") },
	} {
		b := NewBuilder()
		build(b)
		var w bytes.Buffer
		if n, err := b.WriteTo(&w); err == nil || n != 0 || w.Len() != 0 {
			t.Errorf("%s: %d bytes and error %v, expected none and an error", name, n, err)
		}
	}
}

func TestWriteFails(t *testing.T) {
	want := errors.New("disk full")
	n, err := network().WriteTo(failing{want})
	if n != 3 || !errors.Is(err, want) {
		t.Errorf("WriteTo: %d, %v; expected 3 and the writer's error", n, err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 3, f.err }

// TestPython has h5py read what the writer wrote, and compares what the reader and
// h5py make of a file that is too large for a fixture, and of published NIR files
// if they are beside the source tree.
func TestPython(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Python")
	}
	python := findPython(t)
	dir := t.TempDir()
	written := filepath.Join(dir, "written.h5")
	if err := os.WriteFile(written, write(t, network()), 0o666); err != nil {
		t.Fatal(err)
	}
	compare(t, pythonRead(t, python, written), networkContents)

	links := filepath.Join(dir, "links.h5")
	run(t, python, "testdata/make.py", "links", links)
	files, err := filepath.Glob("../../../shared/data/nir/*.nir")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(files, links) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, read(t, data), pythonRead(t, python, path))
	}
}

// findPython returns a Python that has h5py, or skips the test.
func findPython(t *testing.T) string {
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import h5py").Run() == nil {
			return name
		}
	}
	outside.Missing(t, "Python with h5py")
	return ""
}

func pythonRead(t *testing.T, python, path string) map[string]object {
	t.Helper()
	var want map[string]object
	if err := json.Unmarshal(run(t, python, "testdata/make.py", "read", path), &want); err != nil {
		t.Fatal(err)
	}
	return want
}

func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		var exit *exec.ExitError
		errors.As(err, &exit)
		t.Fatalf("%s: %v\n%s", args, err, exit.Stderr)
	}
	return out
}
