package nir_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/export/nir"
	"github.com/snurun/snurun/internal/hdf5"
	"github.com/snurun/snurun/internal/outside"
	"github.com/snurun/snurun/model"
)

// TestRoundTrip writes what was read and reads it again: from then on the
// networks are the same, bit for bit, and they do what the graph does.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	o := nir.Options{Dt: dt, Reset: nir.ResetZero}
	for name, g := range graphs(r) {
		t.Run(name, func(t *testing.T) {
			g = withoutVReset(g)
			for i := range g.nodes { // a membrane that does not start at 0 has no words
				if _, ok := g.nodes[i].params["v_leak"]; ok {
					g.nodes[i].params["v_leak"] = 0.0
				}
			}
			first, err := nir.Read(g.file(t), o)
			if err != nil {
				t.Fatal(err)
			}
			if name == "conv1d after flatten" { // a plane that NIR cannot make of another
				if err := nir.Write(new(bytes.Buffer), first.Network); !errors.Is(err, nir.ErrUnsupported) {
					t.Errorf("error is %v, expected ErrUnsupported", err)
				}
				return
			}
			second := again(t, first.Network)
			compare(t, r, second, newEuler(g, dt, nir.ResetZero))
			if third := again(t, second); !reflect.DeepEqual(third, second) {
				t.Error("a second round trip changes the network")
			}
		})
	}
}

// again writes and reads a network.
func again(t *testing.T, n *model.Network) *model.Network {
	t.Helper()
	var b bytes.Buffer
	if err := nir.Write(&b, n); err != nil {
		t.Fatal(err)
	}
	im, err := nir.Read(b.Bytes(), nir.Options{Reset: nir.ResetZero})
	if err != nil {
		t.Fatal(err)
	}
	if im.Network.Input.Dt != n.Input.Dt {
		t.Errorf("a step of %v ms, expected %v", im.Network.Input.Dt, n.Input.Dt)
	}
	return im.Network
}

func TestNotExpressible(t *testing.T) {
	layer := func(change func(*model.Layer)) *model.Network {
		l := model.Layer{Name: "fc", Kind: model.SNU, In: []int{2}, Out: []int{2}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(2, 2, []float32{1, 2, 3, 4}), Decay: []float32{0.5}, Bias: []float32{-1}}
		change(&l)
		return &model.Network{Steps: 1, Input: model.Input{Dt: 1, Shape: []int{2}, Encoder: model.Encoder{Coding: model.Direct}},
			Layers: []model.Layer{l}, Readout: model.Readout{Kind: model.SpikeCount}}
	}
	for _, c := range []struct {
		change func(*model.Layer)
		kind   error
		says   string
	}{
		{func(l *model.Layer) {}, nil, ""},
		{func(l *model.Layer) { l.Activation = model.ELU }, nir.ErrUnsupported, `layer 0 ("fc"): unsupported: activation elu`},
		{func(l *model.Layer) { l.Name, l.Activation = "", model.ELU }, nir.ErrUnsupported, "layer 0: unsupported: activation elu"},
		{func(l *model.Layer) { l.Output = model.Sigmoid }, nir.ErrUnsupported, "output sigmoid"},
		{func(l *model.Layer) { l.Reset, l.Theta = model.ResetSubtract, []float32{1} }, nil, ""},   // the threshold, after the decay
		{func(l *model.Layer) { l.Reset, l.Theta = model.ResetSubtract, []float32{0.5} }, nil, ""}, // before it
		{func(l *model.Layer) { l.Reset, l.Theta = model.ResetLagged, []float32{0.5} }, nil, ""},
		{func(l *model.Layer) { l.Reset = model.ResetRefractory }, nil, ""},
		{func(l *model.Layer) { l.Reset, l.Theta = model.ResetSubtract, []float32{0.7} }, nir.ErrUnsupported, "reset subtract"},
		{func(l *model.Layer) { l.Reset, l.Theta = model.ResetLagged, []float32{1} }, nir.ErrUnsupported, "reset lagged"},
		{func(l *model.Layer) { l.Reset = model.ResetLateral }, nir.ErrUnsupported, "reset lateral"},
		{func(l *model.Layer) { l.Initial = []float32{0.5} }, nir.ErrUnsupported, "initial"},
		{func(l *model.Layer) { l.Reset, l.Synapse = model.ResetNone, []float32{0.5} }, nir.ErrUnsupported, "synapse with reset none"},
		{func(l *model.Layer) { l.Decay = []float32{2} }, model.ErrInvalid, "decay"},
	} {
		err := nir.Write(new(bytes.Buffer), layer(c.change))
		if !errors.Is(err, c.kind) || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("error is %v, expected %v with %q", err, c.kind, c.says)
		}
	}
}

// TestResetsGoBack: what a spike does is in the metadata, and read from there unless
// something else is asked for.
func TestResetsGoBack(t *testing.T) {
	for _, c := range []struct {
		reset model.Reset
		theta []float32
		says  string
	}{
		{model.ResetZero, nil, ""},
		{model.ResetSubtract, []float32{1, 2}, "[delayed]"},
		{model.ResetSubtract, []float32{0.75, 1.5}, "[subtract]"},
		{model.ResetLagged, []float32{0.75, 1.5}, "[lagged]"},
		{model.ResetRefractory, nil, "[refractory]"},
	} {
		n := &model.Network{Steps: 1, Input: model.Input{Dt: 1, Shape: []int{2}, Encoder: model.Encoder{Coding: model.Direct}},
			Layers: []model.Layer{{Name: "fc", Kind: model.SNU, In: []int{2}, Out: []int{2}, Activation: model.Identity, Output: model.Step, Reset: c.reset,
				Weight: model.Matrix(2, 2, []float32{1, 2, 3, 4}), Decay: []float32{0.75}, Bias: []float32{-1, -2}, Theta: c.theta}}, Readout: model.Readout{Kind: model.SpikeCount}}
		for _, to := range []nir.Framework{"", nir.NIR, nir.SnnTorch} {
			var b bytes.Buffer
			if err := nir.WriteFor(&b, n, to); err != nil {
				t.Fatal(err)
			}
			im, err := nir.Read(b.Bytes(), nir.Options{})
			if err != nil {
				t.Fatal(err)
			}
			l := &im.Network.Layers[0]
			scale := float32(1)
			if to == nir.SnnTorch {
				scale = 2 // of the second neuron: its threshold
			}
			theta := slices.Clone(c.theta)
			if theta != nil {
				theta[1] /= scale
			}
			if got := model.Broadcast(l.Theta, 2); l.Reset != c.reset || theta != nil && !slices.Equal(got, theta) || model.Broadcast(l.Bias, 2)[1] != -2/scale || l.Weight.F32[3] != 4/scale {
				t.Errorf("%s to %q: reset %s, theta %v, bias %v, weights %v", c.reset, to, l.Reset, l.Theta, l.Bias, l.Weight.F32)
			}
			if warned := strings.Contains(strings.Join(im.Warnings, " "), "does not say how a spike resets"); warned != (c.says == "") {
				t.Errorf("%s to %q: warnings %q", c.reset, to, im.Warnings)
			}
			if im, err = nir.Read(b.Bytes(), nir.Options{Reset: nir.ResetNone}); err != nil || im.Network.Layers[0].Reset != model.ResetNone {
				t.Errorf("%s to %q, another reset asked for: %v", c.reset, to, err)
			}
		}
		if says := strings.Join(nir.Remarks(n, nir.SnnTorch), " "); !strings.Contains(says, c.says) || !strings.Contains(says, "one threshold a layer") {
			t.Errorf("%s: remarks %q", c.reset, says)
		}
		if err := nir.WriteFor(new(bytes.Buffer), n, nir.Norse); (err == nil) != (c.says == "") {
			t.Errorf("%s to Norse: %v", c.reset, err)
		}
	}
}

// TestPythonReads has testdata/check.py read a written file with h5py in the way
// of the nir package, and check what that package asserts.
func TestPythonReads(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Python")
	}
	const python = "/usr/bin/python3" // Debian's, which has Debian's h5py
	if err := exec.Command(python, "-c", "import h5py").Run(); err != nil {
		outside.Missing(t, "Python with h5py")
	}
	r := rand.New(rand.NewPCG(11, 12))
	dir := t.TempDir()
	args := []string{"testdata/check.py", "testdata/lif_norse.nir", "testdata/braille_noDelay_bias_zero.nir"}
	all := graphs(r)
	for _, name := range []string{"lif", "recurrent", "conv", "cubali", "integrators", "threshold", "residual", "readout", "scales"} {
		im, err := nir.Read(withoutVReset(all[name]).file(t), nir.Options{Dt: dt, Reset: nir.ResetZero})
		if err != nil {
			t.Fatal(err)
		}
		for i := range im.Network.Layers {
			im.Network.Layers[i].Initial = nil
		}
		file := filepath.Join(dir, strings.ReplaceAll(name, " ", "_")+".nir")
		if err := nir.WriteFile(file, im.Network); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	if out, err := exec.Command(python, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestIntegersBecomeFloats writes integer weights as the numbers that they stand
// for.
func TestIntegersBecomeFloats(t *testing.T) {
	t.Parallel()
	integers := func(q ...int8) model.Tensor {
		return model.Tensor{Shape: []int{2, 2}, I8: q, Scale: []float32{0.125, 0.3}, Integer: true}
	}
	h := integers(5, -6, 7, 127)
	m := &model.Network{Steps: 1, Input: model.Input{Dt: 1, Shape: []int{2}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
		Layers: []model.Layer{{Name: "fc", Kind: model.SNU, In: []int{2}, Out: []int{2}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: integers(1, -2, 3, -127), Recurrent: &h, Decay: []float32{0.5}, Bias: []float32{-1}}},
		Readout: model.Readout{Kind: model.SpikeCount}}
	var whole, floats bytes.Buffer
	if err := nir.Write(&whole, m); err != nil {
		t.Fatal(err)
	}
	if err := nir.Write(&floats, m.Floats()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(whole.Bytes(), floats.Bytes()) {
		t.Error("integer weights are written as other numbers than they stand for")
	}
	if r := nir.Remarks(m, ""); len(r) != 1 || !strings.Contains(r[0], "no integer weights") {
		t.Errorf("remarks %q, expected one on integer weights", r)
	}
	m.Input.Encoder = model.Encoder{Coding: model.Series, Delta: []float32{1}}
	if r := nir.Remarks(m, ""); len(r) != 2 || !strings.Contains(r[1], "no encoder series") {
		t.Errorf("remarks %q, expected one on the encoder too", r)
	}
	m.Input.Encoder = model.Encoder{Coding: model.Direct}
	if r := nir.Remarks(m.Floats(), ""); r != nil {
		t.Errorf("remarks %q on a network of floats", r)
	}
}

// layers makes a network of its layers.
func layers(in []int, l ...model.Layer) *model.Network {
	n := &model.Network{
		Steps: 1, Input: model.Input{Shape: in, Dt: 1, Encoder: model.Encoder{Coding: model.Direct}},
		Layers: l, Readout: model.Readout{Kind: model.SpikeCount},
	}
	if l[len(l)-1].Output == model.None {
		n.Readout.Kind = model.MembraneSum
	}
	return n
}

// leaky is a layer of n leaky neurons that spike.
func leaky(n int, decay float32) model.Layer {
	return model.Layer{
		Kind: model.SNU, In: []int{n}, Out: []int{n}, Weight: model.Matrix(n, n, []float32{0.3, 0.7, -0.1, 1.3}[:n*n]),
		Activation: model.Identity, Output: model.Step, Reset: model.ResetZero, Decay: []float32{decay}, Bias: []float32{-1},
	}
}

// TestForms: what the nodes of a file say to a reader that takes R for 1, such as
// Norse, and to snnTorch, which wants R = τ/0.0001 s of a CubaLIF.
func TestForms(t *testing.T) {
	readout := leaky(2, 0.8)
	readout.Output, readout.Reset, readout.Bias = model.None, model.ResetNone, nil
	one := [2]int{1, 1}
	grouped := model.Layer{
		Kind: model.Conv2D, In: []int{2, 3, 3}, Out: []int{2, 2, 2}, Groups: 2, Window: model.Window{Kernel: [2]int{2, 2}, Stride: one, Dilation: one},
		Weight:     model.Tensor{Shape: []int{2, 1, 2, 2}, F32: []float32{1, 2, 3, 4, 5, 6, 7, 8}},
		Activation: model.Identity, Output: model.Step, Reset: model.ResetZero, Decay: []float32{0.5}, Bias: []float32{-1},
	}
	alone := model.Layer{ // neurons without weights
		Kind: model.Conv2D, In: []int{2, 3, 3}, Out: []int{2, 3, 3}, Groups: 2, Window: model.Window{Kernel: one, Stride: one, Dilation: one},
		Weight:     model.Tensor{Shape: []int{2, 1, 1, 1}, F32: []float32{1, 1}},
		Activation: model.Identity, Output: model.Step, Reset: model.ResetZero, Decay: []float32{0.5}, Bias: []float32{-1},
	}
	nodes := func(n *model.Network, to nir.Framework) (*hdf5.Group, error) {
		var b bytes.Buffer
		if err := nir.WriteFor(&b, n, to); err != nil {
			return nil, err
		}
		f, err := hdf5.Open(b.Bytes())
		if err != nil {
			return nil, err
		}
		return f.Root().Group("node/nodes")
	}
	for _, c := range []struct {
		n    *model.Network
		to   nir.Framework
		node string
		want map[string]float64 // parameters; NaN for none of the name
	}{
		{layers([]int{2}, leaky(2, 0.9)), "", "layer0", map[string]float64{"r": 10, "tau_mem": 0.01, "tau_syn": 0.001, "w_in": 1}},
		{layers([]int{2}, leaky(2, 0.9)), nir.SnnTorch, "layer0", map[string]float64{"r": 10, "tau_mem": 0.001, "tau_syn": 0.0001, "w_in": 1}},
		{layers([]int{2}, leaky(2, 0.9)), nir.NIR, "layer0", map[string]float64{"r": 1, "tau": 0.01}},
		{layers([]int{2}, leaky(2, 0.9)), "", "layer0_in", map[string]float64{"weight": 0.3}},
		{layers([]int{2}, leaky(2, 0.9)), nir.NIR, "layer0_in", map[string]float64{"weight": 3}},
		{layers([]int{2}, leaky(2, 1)), "", "layer0", map[string]float64{"r": 1, "tau": math.NaN()}},
		{layers([]int{2}, leaky(2, 1)), nir.SnnTorch, "layer0", map[string]float64{"w_in": 1}},
		{layers([]int{2}, leaky(2, 0.5), readout), "", "layer1", map[string]float64{"r": 1, "tau": 0.005}},
		{layers([]int{2}, leaky(2, 0.5), readout), "", "layer1_in", map[string]float64{"weight": 1.5}},
		{layers([]int{2, 3, 3}, grouped), "", "layer0_in", map[string]float64{"input_shape": math.NaN(), "groups": 2}},
		{layers([]int{2, 3, 3}, alone), "", "layer0_in", nil},
	} {
		g, err := nodes(c.n, c.to)
		if err != nil {
			t.Fatal(err)
		}
		node, err := g.Group(c.node)
		if c.want == nil {
			if err == nil {
				t.Errorf("there is a node %s, expected none", c.node)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range c.want {
			d, err := node.Dataset(name)
			if math.IsNaN(want) {
				if err == nil {
					t.Errorf("%s has %s", c.node, name)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := d.Float64s()
			if err != nil || math.Abs(got[0]-want) > 1e-6*want {
				t.Errorf("to %q: %s of %s is %v, %v, expected %v", c.to, name, c.node, got, err, want)
			}
		}
	}

	recurrent, thresholds := leaky(2, 0.5), leaky(2, 0.5)
	h := model.Matrix(2, 2, make([]float32, 4))
	recurrent.Recurrent, thresholds.Bias = &h, []float32{-1, 0}
	silent, scaled := leaky(2, 0.5), alone
	silent.Reset = model.ResetNone
	scaled.Weight.F32 = []float32{1, 2}
	for _, c := range []struct {
		n    *model.Network
		to   nir.Framework
		says string
	}{
		{layers([]int{2}, recurrent), nir.SnnTorch, "snntorch does not read recurrent weights"},
		{layers([]int{2}, thresholds), nir.SnnTorch, "snntorch does not read thresholds that differ"},
		{layers([]int{2}, leaky(2, 0.5), readout), nir.SnnTorch, "snntorch does not read an LI"},
		{layers([]int{2}, silent), nir.Norse, "norse does not read a Threshold"},
		{layers([]int{2, 3, 3}, scaled), nir.Norse, "a Scale node, which norse does not read"},
		{layers([]int{2}, leaky(2, 0.5)), nir.Sinabs, "files for sinabs: expected nir, norse or snntorch"},
	} {
		if _, err := nodes(c.n, c.to); !errors.Is(err, nir.ErrUnsupported) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error is %v, expected ErrUnsupported with %q", err, c.says)
		}
	}
}
