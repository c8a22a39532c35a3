package sound

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
)

// TestPythonOfFormatDocument holds the encoder against that of docs/FORMAT.md.
func TestPythonOfFormatDocument(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Python")
	}
	if exec.Command("python3", "-c", "import numpy, msgpack").Run() != nil {
		t.Skip("no Python 3 with numpy and msgpack")
	}
	dir := t.TempDir()
	x := append(voice(4003), make([]float32, 1000)...)
	var samples []byte
	for _, v := range x {
		samples = binary.LittleEndian.AppendUint32(samples, math.Float32bits(v))
	}
	if err := os.WriteFile(filepath.Join(dir, "x.f32"), samples, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sections := range []int{1, 3} {
		d := Speech
		d.Sections, d.Bands = sections, 7
		in := inputOf(t, d, x)
		n := in.Size()
		m := &model.Network{
			Steps: 1, Input: in, Readout: model.Readout{Kind: model.SpikeCount},
			Layers: []model.Layer{{
				Kind: model.SNU, In: []int{n}, Out: []int{1}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
				Weight: model.Matrix(1, n, make([]float32, n)), Bias: []float32{-1},
			}},
		}
		file := filepath.Join(dir, "model.msgpack")
		if err := export.WriteFile(file, m); err != nil {
			t.Fatal(err)
		}
		const script = "import sys; sys.path.insert(0, sys.argv[1])\n" +
			"import numpy as np, snurun_read as s\n" +
			"for step in s.sound(s.load(sys.argv[2]), np.fromfile(sys.argv[3], '<f4')): print(*np.flatnonzero(step))\n"
		out, err := exec.Command("python3", "-c", script, filepath.Join("..", "..", "docs", "examples"), file, filepath.Join(dir, "x.f32")).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		steps := encoded(t, in, x)
		if len(lines) != len(steps) {
			t.Fatalf("%d steps in Python, %d here", len(lines), len(steps))
		}
		for i, line := range lines {
			if want := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(steps[i])), " "), "[]"); line != want {
				t.Fatalf("%d sections: step %d spikes in %q in Python, in %q here", sections, i, line, want)
			}
		}
	}
}
