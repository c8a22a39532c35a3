//go:build !board

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/internal/bench"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/plot"
	"github.com/snurun/snurun/spike"
)

// planes is a small network of convolutions, pools, a residual connection and
// synaptic currents that takes events.
const planes = "../../export/testdata/planes.msgpack"

func TestInspectPlanes(t *testing.T) {
	out := must(t, "inspect", planes)
	for _, part := range []string{
		"network     2x6x6-4c3-mp2-4c3x1-ap2s1+-sp3s1-5r+-3\n",
		"layer 0     edges  conv2d  2×6×6 → 4×6×6\n  window    3×3, stride 1×1, padding 2×1, dilation 2×1, 2 groups\n",
		"  size      144 neurons, 200 parameters\n  weights   f32 144 bytes",
		"  plan      scatter, 5 steps at once\n  synapse   0.375 ",
		"layer 1     any  pool2d, max  4×6×6 → 4×3×3\n  window    2×2, stride 2×2\n  plan      folded into the next layer\n\n",
		"  weights   i8 64 bytes",
		"  from      layer 2 (block) + layer 1 (any)\n",
		"  from      the input\n",
		"layer 5     flat  flatten  2×4×4 → 32\n  plan ",
		"snu, recurrent  32 → 5",
		"threshold 0\n",
	} {
		if !strings.Contains(out, part) {
			t.Errorf("inspect lacks %q:\n%s", part, out)
		}
	}
	var r report
	if err := json.Unmarshal([]byte(must(t, "inspect", planes, "--json")), &r); err != nil {
		t.Fatal(err)
	}
	conv, pool := r.Layers[0], r.Layers[1]
	if conv.Window == nil || conv.Window.Padding != [2]int{2, 1} || conv.Groups != 2 || conv.Weight == nil || conv.Synapse.Max != 0.75 || conv.From[0] != -1 || conv.Neurons != 144 {
		t.Errorf("conv2d layer %+v", conv)
	}
	if pool.Pool != "max" || pool.Window == nil || pool.Neurons != 0 || pool.Weight != nil || pool.Decay != nil || pool.Threshold != nil || pool.Plan != "folded into the next layer" {
		t.Errorf("pool2d layer %+v", pool)
	}
}

// TestBenchPlanes compares the counts of bench with those of the network's
// self-test, or finds as many random inputs as it asks for.
func TestBenchPlanes(t *testing.T) {
	m, err := export.ReadFile(planes)
	if err != nil {
		t.Fatal(err)
	}
	bench := func(args ...string) (r bench.Report) {
		t.Helper()
		args = append([]string{"bench", planes, "--time", "0s", "--repeat", "1", "--warmup", "0", "--batch", "1", "--threads", "1", "--json"}, args...)
		if err := json.Unmarshal([]byte(must(t, args...)), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := bench()
	if r.Input != "the model's self-test" || r.Samples != 2 || r.Steps != 5 {
		t.Errorf("%d samples of %d steps of %s", r.Samples, r.Steps, r.Input)
	}
	spikes := 0
	for _, x := range m.SelfTest.Inputs {
		spikes += x.(spike.Train).Count()
	}
	if got := float64(spikes) / 2; r.InputSpikes != got {
		t.Errorf("%v spikes of the input a sample, expected %v", r.InputSpikes, got)
	}
	for i, l := range r.Layers {
		if m.Layers[i].HasNeurons() != (l.SynOps > 0) || m.Layers[i].HasNeurons() == strings.HasPrefix(l.Plan, "folded") || l.Density < 0 {
			t.Errorf("layer %d: %+v", i, l)
		}
	}
	if edges := r.Layers[0]; edges.Density <= 0 || edges.Density >= 1 || edges.Bandwidth != 0 {
		t.Errorf("conv2d layer: %+v", edges)
	}

	r = bench("--random", "1", "--steps", "3", "--limit", "4")
	if r.Input != "random, 100 % of the channels active in a step" || r.Samples != 4 || r.Steps != 3 || r.InputSpikes != 3*72 || r.Layers[0].Density != 1 || r.Layers[0].SpikesIn != 72 {
		t.Errorf("%d samples of %d steps of %s: %v spikes, %+v", r.Samples, r.Steps, r.Input, r.InputSpikes, r.Layers[0])
	}
	m.SelfTest, m.Input.Encoder.Counts, m.Layers[1].Pool = nil, true, model.SumPool
	bare := t.TempDir() + "/bare.msgpack"
	if err := export.WriteFile(bare, m); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "bench", bare, "--time", "0s", "--repeat", "1", "--batch", "1", "--threads", "1"); !strings.Contains(out, "input       random, 2 % of the channels active in a step: 16 samples of 5 steps of 0.5 ms\n") {
		t.Errorf("bench without a self-test:\n%s", out)
	}
}

// recordingOf writes a spike train as x.npy and returns its name.
func npyRecording(t *testing.T, x spike.Input) string {
	t.Helper()
	data := make([]uint8, x.Steps()*x.Size())
	for k := range x.Steps() {
		for i := range x.Active(k) {
			data[k*x.Size()+i] = 1
		}
	}
	name := filepath.Join(t.TempDir(), "x.npy")
	writeFile(t, name, npyOf(t, data, x.Steps(), x.Size()))
	return name
}

// TestSimulatePlanes compares the spikes and membranes of a conv2d layer with
// loops over its window; layers without neurons leave nothing.
func TestSimulatePlanes(t *testing.T) {
	m, err := export.ReadFile(planes)
	if err != nil {
		t.Fatal(err)
	}
	x, l := m.SelfTest.Inputs[0].(spike.Train), &m.Layers[0]
	in, out := npyRecording(t, x), filepath.Join(t.TempDir(), "y.npz")
	must(t, "simulate", planes, "--in", in, "--out", out)
	arrays := readArchive(t, out)

	n := l.OutSize()
	per := func(p []float32) []float32 { return model.Broadcast(p, n) }
	current, synapse, decay, bias, theta := per(l.Current), per(l.Synapse), per(l.Decay), per(l.Bias), per(l.Theta)
	q, s, y := make([]float32, n), per(l.Initial), make([]float32, n)
	spikes, membrane := arrays["layer0.spikes"], arrays["layer0.membrane"]
	if want := []int{x.Steps(), 4, 6, 6}; !slices.Equal(spikes.Shape, want) || !slices.Equal(membrane.Shape, want) {
		t.Fatalf("spikes %v, membranes %v, expected %v", spikes.Shape, membrane.Shape, want)
	}
	for k := range x.Steps() {
		for j := range n {
			channel, row, column := j/36, j/6%6, j%6
			a := current[j]
			for ky := range 3 { // rows 2 apart, 2 of padding; channels 0, 1 see plane 0
				for kx := range 3 {
					iy, ix := row+2*ky-2, column+kx-1
					if iy >= 0 && iy < 6 && ix >= 0 && ix < 6 && x.At(k).Get(channel/2*36+iy*6+ix) {
						a += l.Weight.F32[channel*9+ky*3+kx]
					}
				}
			}
			q[j] = a + float32(synapse[j]*q[j])
			p := q[j] + float32(decay[j]*s[j]) - float32(theta[j]*y[j])
			if p < 0 {
				p = l.Slope * p
			}
			s[j], y[j] = p, 0
			if p+bias[j] > 0 {
				y[j] = 1
			}
			if at := k*n + j; membrane.At(at) != float64(s[j]) || spikes.At(at) != float64(y[j]) {
				t.Fatalf("step %d, neuron %d: membrane %v, spike %v, expected %v, %v", k, j, membrane.At(at), spikes.At(at), s[j], y[j])
			}
		}
	}
	for i := range m.Layers {
		a := arrays[fmt.Sprintf("layer%d.membrane", i)]
		if has := a != nil; has != m.Layers[i].HasNeurons() {
			t.Errorf("layer %d has membranes: %v", i, has)
		}
	}
	if soft := arrays["layer2.output"]; soft == nil || !slices.Equal(soft.Shape, []int{x.Steps(), 4, 3, 3}) || arrays["layer2.spikes"] != nil {
		t.Errorf("soft conv2d layer: %v", soft)
	}
}

func TestPlotPlanes(t *testing.T) {
	m, err := export.ReadFile(planes)
	if err != nil {
		t.Fatal(err)
	}
	in := npyRecording(t, m.SelfTest.Inputs[0])
	list := filepath.Join(filepath.Dir(in), "labels.txt")
	writeFile(t, list, []byte("x.npy left\n"))
	for _, line := range []string{
		"input MODEL IN", "input MODEL --list LIST", "raster MODEL IN", "membrane MODEL IN", "membrane MODEL IN --layer 0 --neurons 7,100",
		"weights MODEL", "weights MODEL --layer 2 --neurons 1", "weights MODEL --layer 6", "extrapolate MODEL IN",
		"confusion MODEL IN", "confusion MODEL --list LIST", "accuracy MODEL --list LIST", "spikes MODEL IN",
	} {
		out := filepath.Join(t.TempDir(), "figure.svg")
		line = strings.NewReplacer("MODEL", planes, "IN", in, "LIST", list).Replace(line)
		must(t, append(strings.Fields("plot "+line), "--out", out)...)
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, "raster") && (!strings.Contains(string(text), "edges: 144 neurons") || strings.Contains(string(text), "total")) {
			t.Error("raster does not show the layers that have neurons")
		}
	}
	for args, says := range map[string]string{
		"membrane MODEL IN --layer 1":         "--layer is 1, a pool2d layer, which has no neurons; those that have: 0 2 6 7",
		"weights MODEL --layer 5":             "a flatten layer",
		"weights MODEL --layer 8":             "--layer is 8, the model has 8, from 0",
		"weights MODEL --layer 2 --neurons 4": "between 0 and 3",
		"raster MODEL":                        "takes events: name a recording",
		"input --list LIST":                   "--list needs MODEL",
		"spikes MODEL IN --list LIST":         "exclude each other",
	} {
		args = strings.NewReplacer("MODEL", planes, "IN", in, "LIST", list).Replace(args)
		if _, diagnostics, code := snurun(t, strings.Fields("plot "+args+" --out x.png")...); code != exitUsage || !strings.Contains(diagnostics, says) {
			t.Errorf("snurun plot %s: exit %d, %q, expected %q", args, code, diagnostics, says)
		}
	}
}

// TestKernels finds the weights of a convolution where they belong.
func TestKernels(t *testing.T) {
	m, err := export.ReadFile(planes)
	if err != nil {
		t.Fatal(err)
	}
	l := &m.Layers[2]           // of 4 channels in and out, quantised
	row := l.Weight.Row(1, nil) // 4 kernels of 3×1
	for _, c := range []struct {
		rows, at int
		want     float32 // in the middle of kernel at of channel 1
	}{{4, 2, row[7]}, {1, 0, row[1] + row[4] + row[7] + row[10]}} {
		grid := kernelGrid(l, []int{3, 1}, c.rows)
		if f := grid[c.at][1]; len(grid) != c.rows || f.Name != "1" || f.Height != 3 || f.Width != 1 || f.Values[1] != c.want {
			t.Errorf("%d rows: %+v, expected %v", len(grid), f, c.want)
		}
	}
	if names := kernelNames(m, 2, 4); names[3] != "input 3" {
		t.Errorf("rows %q", names)
	}
	m.Layers[0].Weight.Shape, m.Layers[0].Groups = []int{4, 2, 3, 3}, 1
	if names := kernelNames(m, 0, 2); names[0] != "OFF" || names[1] != "ON" {
		t.Errorf("rows %q", names)
	}
}

// TestPolarities finds ON events in plane 1 and OFF events in plane 0.
func TestPolarities(t *testing.T) {
	x := spike.NewTrain(3, 8)
	x.At(0).Set(1)
	x.At(2).Set(1)
	x.At(2).Set(6)
	for _, shape := range [][]int{{2, 2, 2}, {8}} {
		in := model.Input{Shape: shape, Encoder: model.Encoder{Coding: model.Events}}
		f := inputFrame(in, x, 3)
		want := plot.Frame{
			Name: "sum of 3 steps", Height: 2, Width: 2, Scale: "spikes a pixel: ON blue, OFF red",
			Values: []float32{0, 0, 1, 0}, Off: []float32{0, 2, 0, 0},
		}
		if !reflect.DeepEqual(f, want) {
			t.Errorf("shape %v: %+v, expected %+v", shape, f, want)
		}
		if pixels, width := flatten([]float32{0, 2, 0, 0, 0, 0, 1, 0}, planesOf(in)); width != 2 || !slices.Equal(pixels, []float32{0, 2, 1, 0}) {
			t.Errorf("shape %v: %v of width %d", shape, pixels, width)
		}
	}
	for _, in := range []model.Input{
		{Shape: []int{8}, Encoder: model.Encoder{Coding: model.Poisson}},
		{Shape: []int{4}, Encoder: model.Encoder{Coding: model.Events}},
		{Shape: []int{1, 2, 2}, Encoder: model.Encoder{Coding: model.Events}},
	} {
		if shape := polar(in); shape != nil {
			t.Errorf("%+v has polarities %v", in, shape)
		}
	}
}

// TestShowPlanes draws events beside the scores.
func TestShowPlanes(t *testing.T) {
	m, err := export.ReadFile(planes)
	if err != nil {
		t.Fatal(err)
	}
	out := must(t, "classify", planes, npyRecording(t, m.SelfTest.Inputs[0]), "--show")
	if !strings.Contains(out, "neither ") || strings.Count(out, " <\n") != 1 {
		t.Errorf("%s", out)
	}
}
