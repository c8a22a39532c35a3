package c

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/runtime"
)

// runExample builds an example with its network exported anew, and returns what it
// writes in qemu.
func runExample(t *testing.T, name, file string) []string {
	t.Helper()
	tool(t, "make")
	tool(t, Compiler)
	tool(t, "qemu-system-arm")
	s, err := Export(shipped(t, file, false), Options{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if err := s.WriteDir(filepath.Join(out, "net"), false); err != nil {
		t.Fatal(err)
	}
	text := output(t, "make", "-s", "-C", "../../examples/microcontrollers/"+name, "OUT="+out, "run")
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// TestWand has the board recognise ten strokes of a wand.
func TestWand(t *testing.T) {
	t.Parallel()
	lines := runExample(t, "wand", "../../examples/microcontrollers/wand/wand.msgpack")
	if len(lines) != 10 {
		t.Fatalf("the example writes %q", lines)
	}
	for k, line := range lines {
		if want := fmt.Sprintf("strokes/%d.npy: %d after ", k, k); !strings.HasPrefix(line, want) {
			t.Errorf("the example writes %q, expected %s", line, want)
		}
	}
}

// TestEventCamera has the board classify recordings as snurun does.
func TestEventCamera(t *testing.T) {
	t.Parallel()
	const file = "../../testdata/nmnist.msgpack"
	lines := runExample(t, "nmnist", file)
	if len(lines) != 10 {
		t.Fatalf("the example writes %q", lines)
	}
	m := shipped(t, file, false)
	net, err := runtime.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	recordings := []int{60004, 60003, 60002, 60019, 60005, 60009, 60012, 60001, 60062, 60008}
	for k, line := range lines {
		source, err := dataset.Open(fmt.Sprintf("../../testdata/nmnist/%d.bs2", recordings[k]), m)
		if err != nil {
			t.Fatal(err)
		}
		x := m.Input.New(m.Steps)
		if err := source.Load(x, 0, dataset.Key{}); err != nil {
			t.Fatal(err)
		}
		r, err := net.NewSession().Classify(x)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("a recording of a %d: %d, from ", k, r.Class); !strings.HasPrefix(line, want) {
			t.Errorf("the example writes %q, expected %s", line, want)
		}
	}
}
