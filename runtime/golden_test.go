package runtime_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

var update = flag.Bool("update", false, "write the golden models anew")

const goldenDir = "../testdata/golden"

// TestGolden verifies the self-tests of the golden models, made once: every
// kind of layer, activation, output, reset and readout must give the same bits
// on every architecture and tier.
func TestGolden(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	files, err := filepath.Glob(filepath.Join(goldenDir, "*.msgpack"))
	if err != nil || len(files) != len(goldenActivations)*len(goldenReadouts) {
		t.Fatalf("%d golden models, %v, expected %d", len(files), err, len(goldenActivations)*len(goldenReadouts))
	}
	for _, file := range files {
		m, err := export.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := runtime.Verify(m); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if silent := silentLayers(t, m); len(silent) > 0 {
			t.Errorf("%s: layers %v never fire: the model proves nothing", file, silent)
		}
	}
}

// silentLayers returns the spiking layers without a spike in the self-test.
func silentLayers(t *testing.T, m *model.Network) (silent []int) {
	n, err := runtime.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	s := n.NewSession()
	counts := make([]int64, len(m.Layers))
	for _, x := range m.SelfTest.Inputs {
		if _, err := s.Classify(x); err != nil {
			t.Fatal(err)
		}
		for i, c := range s.Stats().Spikes {
			counts[i] += c
		}
	}
	for i := range m.Layers {
		if m.Layers[i].Spikes() && counts[i] == 0 {
			silent = append(silent, i)
		}
	}
	return silent
}

// TestOtherModels verifies the model of the README, and networks of convolutions,
// pools, residual connections, synaptic currents and integers whose digests were computed
// by the Python reader of docs/FORMAT.md.
func TestOtherModels(t *testing.T) {
	for _, file := range []string{"../testdata/mnist.msgpack", "../export/testdata/planes.msgpack", "../export/testdata/integers.msgpack"} {
		m, err := export.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := runtime.Verify(m); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

var (
	goldenActivations = []model.Activation{model.Identity, model.ReLU, model.LeakyReLU, model.ELU}
	goldenReadouts    = []model.ReadoutKind{model.SpikeCount, model.MembraneSum, model.MembraneMax, model.FirstSpike}
)

// draws is a stream of numbers in [-1, 1), the same everywhere.
type draws struct {
	key dataset.Key
	n   uint64
}

func (d *draws) next() float32 {
	d.n++
	return float32(int64(d.key.Uint64(d.n))>>40) / (1 << 23)
}

func (d *draws) values(n int, scale, shift float32) []float32 {
	p := make([]float32, n)
	for i := range p {
		p[i] = float32(scale*d.next()) + shift
	}
	return p
}

func writeGolden(t *testing.T) {
	if err := os.MkdirAll(goldenDir, 0o777); err != nil {
		t.Fatal(err)
	}
	for i, g := range goldenActivations {
		for k, readout := range goldenReadouts {
			d := &draws{key: dataset.Key{Seed: uint64(i), Sample: uint64(k)}}
			m := goldenNetwork(d, g, readout, k%2 == 1)
			var inputs []spike.Input
			for range 2 {
				x, v := spike.NewTrain(12, 20), spike.NewValues(12, 20)
				for s := range 12 {
					for c := range 20 {
						r := d.next()
						if r > 0.2 {
							x.At(s).Set(c)
							v.At(s)[c] = r
						}
					}
				}
				if m.Input.Encoder.Analog() {
					inputs = append(inputs, v)
				} else {
					inputs = append(inputs, x)
				}
			}
			if err := runtime.AddSelfTest(m, inputs); err != nil {
				t.Fatal(err)
			}
			if err := export.WriteFile(filepath.Join(goldenDir, fmt.Sprintf("%s-%s.msgpack", g, readout)), m); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// goldenNetwork has a layer of each output and reset, one of them recurrent and
// one quantised, and ends as the readout asks.
func goldenNetwork(d *draws, g model.Activation, readout model.ReadoutKind, analog bool) *model.Network {
	m := &model.Network{
		Name: "golden", Steps: 12, Readout: model.Readout{Kind: readout},
		Input: model.Input{Dt: 1, Shape: []int{20}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
	}
	if analog {
		m.Input.Encoder = model.Encoder{Coding: model.Direct}
	}
	in := 20
	add := func(out int, output model.Output, reset model.Reset) *model.Layer {
		m.Layers = append(m.Layers, model.Layer{
			Name: fmt.Sprint("layer", len(m.Layers)), Kind: model.SNU, In: []int{in}, Out: []int{out},
			Activation: g, Output: output, Reset: reset,
			Weight: model.Matrix(out, in, d.values(out*in, 0.5, 0.03)), Decay: d.values(out, 0.2, 0.75), Bias: d.values(out, 0.1, -0.2),
		})
		l := &m.Layers[len(m.Layers)-1]
		if g == model.LeakyReLU {
			l.Slope = 0.125
		}
		if reset == model.ResetSubtract {
			l.Theta = d.values(1, 0.2, 0.5)
		}
		in = out
		return l
	}
	add(70, model.Step, model.ResetZero).Current = d.values(70, 0.1, 0)
	h := model.Matrix(33, 33, d.values(33*33, 0.3, 0))
	add(33, model.Step, model.ResetSubtract).Recurrent = &h
	add(17, model.Sigmoid, model.ResetZero).Initial = d.values(17, 1, 0)
	l := add(16, model.None, model.ResetNone)
	l.Kind, l.Decay, l.Bias = model.Dense, nil, nil
	add(21, model.Step, model.ResetNone).Decay = []float32{0.5}
	add(23, model.Step, model.ResetLateral)
	h2 := model.Matrix(9, 9, d.values(81, 0.3, 0))
	add(9, model.Sigmoid, model.ResetSubtract).Recurrent = &h2
	l = add(18, model.Step, model.ResetZero)
	l.Weight = model.Tensor{Shape: []int{18, 9}, I8: make([]int8, 18*9), Scale: d.values(18, 0.005, 0.008)}
	for i := range l.Weight.I8 {
		l.Weight.I8[i] = int8(127 * d.next())
	}
	switch readout {
	case model.MembraneSum, model.MembraneMax:
		add(5, model.None, model.ResetNone)
	default:
		add(5, model.Step, model.ResetZero)
	}
	return m
}
