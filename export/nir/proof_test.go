package nir_test

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/snurun/snurun/export/nir"
	"github.com/snurun/snurun/internal/hdf5"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// trace reads a recording of the NIR paper: a line a step with the input, the
// membrane after the reset, and the spike.
func trace(t *testing.T, name string) (x, v []float32, spikes []int) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for step, line := range lines {
		var n [3]float64
		for i := range n {
			if n[i], err = strconv.ParseFloat(line[i], 32); err != nil {
				t.Fatal(err)
			}
		}
		x, v = append(x, float32(n[0])), append(v, float32(n[1]))
		if n[2] != 0 {
			spikes = append(spikes, step)
		}
	}
	return x, v, spikes
}

// TestNorse runs the paper's LIF neuron on the input of its published traces:
// the same spikes as Norse and snnTorch, and Norse's membrane.
func TestNorse(t *testing.T) {
	im, err := nir.ReadFile("testdata/lif_norse.nir", nir.Options{Dt: 1e-4})
	if err != nil {
		t.Fatal(err)
	}
	x, want, spikes := trace(t, "testdata/lif_norse.csv")
	xSnn, _, spikesSnn := trace(t, "testdata/lif_snntorch.csv")
	if !slices.Equal(x, xSnn) {
		t.Fatal("the traces have different inputs")
	}
	net, err := runtime.Compile(im.Network)
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession()
	defer s.Close()
	var fired []int
	worst := 0.0
	input, err := spike.FromData(len(x), 1, x)
	if err != nil {
		t.Fatal(err)
	}
	for step := range x {
		if err := s.Step(input, step); err != nil {
			t.Fatal(err)
		}
		v := float64(s.Membrane(0)[0])
		if s.Spikes(0).Count() > 0 {
			fired = append(fired, step)
			v = 0 // the trace has the membrane after the reset
		}
		worst = max(worst, math.Abs(v-float64(want[step])))
	}
	if published := []int{460, 510, 710, 760}; !slices.Equal(fired, published) || !slices.Equal(spikes, published) || !slices.Equal(spikesSnn, published) {
		t.Errorf("spikes at %v, in Norse at %v, in snnTorch at %v, expected %v", fired, spikes, spikesSnn, published)
	}
	if worst > 1e-6 {
		t.Errorf("the membrane is up to %g off Norse's", worst)
	}
	t.Logf("the membrane is up to %.2g off Norse's", worst)
}

// TestBraille reads the recurrent network of the NIR paper, by snnTorch.
func TestBraille(t *testing.T) {
	im, err := nir.ReadFile("testdata/braille_noDelay_bias_zero.nir", nir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := im.Network
	if n.Input.Dt != 0.1 || !slices.Equal(n.Input.Shape, []int{12}) || len(n.Layers) != 2 {
		t.Fatalf("a step of %v ms, input %v, %d layers, expected 0.1, [12], 2", n.Input.Dt, n.Input.Shape, len(n.Layers))
	}
	first, second := &n.Layers[0], &n.Layers[1]
	if first.Recurrent == nil || second.Recurrent != nil {
		t.Error("the first layer should be recurrent, the second not")
	}
	for i, c := range []struct{ got, want float32 }{
		{first.Synapse[0], 0.55}, {first.Decay[0], 0.9}, {first.Bias[0], -1},
		{second.Synapse[0], 0.5}, {second.Decay[0], 0.55}, {second.Bias[0], -1},
		// fc1 and fc2 have weights and biases of float32, all factors are 1, and the
		// bias of the recurrent weights adds to that of fc1.
		{first.Weight.F32[1], 0.0579449}, {second.Weight.F32[0], -0.50683886},
		{second.Current[0], 0.35732532},
	} {
		if math.Abs(float64(c.got-c.want)) > 1e-6 {
			t.Errorf("value %d is %v, expected %v", i, c.got, c.want)
		}
	}
}

// TestBrailleRuns holds the imported network against snnTorch's equations of
// RSynaptic and Synaptic, in float64 with the file's numbers.
func TestBrailleRuns(t *testing.T) {
	const name = "testdata/braille_noDelay_bias_zero.nir"
	im, err := nir.ReadFile(name, nir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := hdf5.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	affine := func(node string) func(x []float64) []float64 {
		var w, b []float64
		for _, p := range []struct {
			to   *[]float64
			name string
		}{{&w, "weight"}, {&b, "bias"}} {
			d, err := f.Root().Dataset("node/nodes/" + node + "/" + p.name)
			if err != nil {
				t.Fatal(err)
			}
			if *p.to, err = d.Float64s(); err != nil {
				t.Fatal(err)
			}
		}
		return func(x []float64) []float64 {
			out := slices.Clone(b)
			for j := range out {
				for i, v := range x {
					out[j] += w[j*len(x)+i] * v
				}
			}
			return out
		}
	}
	fc1, rec, fc2 := affine("fc1"), affine("lif1.w_rec"), affine("fc2")
	synaptic := func(alpha, beta float64, n int) func(in []float64) []float64 {
		syn, mem := make([]float64, n), make([]float64, n)
		return func(in []float64) []float64 {
			y := make([]float64, n)
			for j := range y {
				syn[j] = alpha*syn[j] + in[j]
				if mem[j] = beta*mem[j] + syn[j]; mem[j] > 1 {
					y[j], mem[j] = 1, 0
				}
			}
			return y
		}
	}
	lif1, lif2 := synaptic(0.55, 0.9, 38), synaptic(0.5, 0.55, 7)
	net, err := runtime.Compile(im.Network)
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession()
	defer s.Close()
	r := rand.New(rand.NewPCG(15, 16))
	y := make([]float64, 38)
	spikes := [2]int{}
	for step := range 256 {
		x, values := make([]float64, 12), spike.NewValues(1, 12)
		for i := range x {
			if r.Float64() < 0.3 {
				x[i], values.Data()[i] = 1, 1
			}
		}
		if err := s.Run(values); err != nil {
			t.Fatal(err)
		}
		y = lif1(add(fc1(x), rec(y)))
		for i, want := range [][]float64{y, lif2(fc2(y))} {
			for j, v := range want {
				if s.Spikes(i).Get(j) != (v == 1) {
					t.Fatalf("step %d, layer %d, neuron %d: snnTorch's equations give %v", step, i, j, v)
				}
				spikes[i] += int(v)
			}
		}
	}
	if spikes[0] == 0 || spikes[1] == 0 {
		t.Errorf("%v spikes: the test proves nothing", spikes)
	}
}
