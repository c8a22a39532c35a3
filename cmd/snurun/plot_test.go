//go:build !board

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

func TestPlotWrongUsage(t *testing.T) {
	for _, c := range []struct {
		args string
		says string
	}{
		{"plot rastre", `did you mean "raster"`},
		{"plot raster --out r.png", "expected raster MODEL [INPUT], found 0 arguments"},
		{"plot raster a b c --out r.png", "found 3 arguments"},
		{"plot curves --out c.png", "expected curves MODEL..."},
		{"plot neuron", "--out is missing"},
		{"plot neuron --out n.eps", "expected a name that ends in .png, .svg, .pdf or .gif"},
		{"plot response --rate 2000 --out r.png", "at most a spike a step of 1 ms, 1000 Hz"},
		{"plot neuron --index 1 --out n.png", "unknown flag: --index"},
		{"plot neuron --tau 0.5 --out n.png", "decay"},
		{"plot neuron --dt 0 --out n.png", "dt_ms is 0"},
		{"plot neuron --tau 0 --out n.png", "--tau is 0 ms, expected at least a time step, --dt 1 ms"},
		{"plot neuron --tau NaN --out n.png", "--tau is NaN"},
		{"plot neuron foo --out n.png", `neuron takes no arguments, found "foo"`},
		{"plot input --index -1 --out i.png", "--index is -1"},
		{"plot input --index 1000 --out i.png", "--index is 1000, the input has 1000 samples"},
		{"plot input --steps -1 --out i.png", "--steps is -1"},
		{"plot spikes m --limit -1 --out s.png", "--limit is -1"},
		{"plot raster m x.npy --data d --out r.png", "exclude each other"},
		{"plot membrane " + shipped + " --layer 4 --out m.png", "--layer is 4, the model has 4"},
		{"plot membrane " + shipped + " --neurons 10 --out m.png", `--neurons has "10", expected neurons between 0 and 9`},
		{"plot membrane " + shipped + " --layer 0 --neurons 0-255 --out m.png", "--neurons: data cannot be drawn: 256 neurons, expected 1 to"},
		{"plot weights " + shipped + " --neurons 3-1 --out w.png", `--neurons has "3-1"`},
		{"plot weights " + shipped + " --neurons x --out w.png", `--neurons has "x"`},
	} {
		_, diagnostics, code := snurun(t, strings.Fields(c.args)...)
		if code != exitUsage || !strings.Contains(diagnostics, c.says) || !strings.Contains(diagnostics, "--help") {
			t.Errorf("snurun %s: exit %d, %q, expected exit %d and %q", c.args, code, diagnostics, exitUsage, c.says)
		}
	}
}

func TestLayerName(t *testing.T) {
	m := &model.Network{Layers: []model.Layer{{Name: "conv"}, {}, {Name: "12"}, {Name: "fc2"}}}
	for i, want := range []string{"conv", "layer 1", "layer 12", "fc2"} {
		if got := layerName(m, i); got != want {
			t.Errorf("layer %d is called %q, expected %q", i, got, want)
		}
	}
}

// Spikes are there or not, but values need a key, each frame its own.
func TestKeysOfInput(t *testing.T) {
	dir := t.TempDir()
	file, in, out := filepath.Join(dir, "m.msgpack"), filepath.Join(dir, "x.npy"), filepath.Join(dir, "x.svg")
	m := &model.Network{
		Steps: 2, Input: model.Input{Dt: 1, Shape: []int{1, 2, 2}, Encoder: model.Encoder{Coding: model.Direct}},
		Layers: []model.Layer{{
			Kind: model.Dense, In: []int{1, 2, 2}, Out: []int{1}, Activation: model.Identity, Output: model.None, Reset: model.ResetNone,
			Weight: model.Matrix(1, 4, make([]float32, 4)),
		}},
		Readout: model.Readout{Kind: model.MembraneSum},
	}
	if err := export.WriteFile(file, m); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		values []float32
		keys   int
	}{{[]float32{0, 1, 1, 0, 1, 0, 0, 0}, 1}, {[]float32{0, 0.5, -1, 0, 1, 0, 0, 0}, 2}} {
		writeFile(t, in, npyOf(t, c.values, 2, 4))
		must(t, "plot", "input", file, in, "--out", out)
		svg, err := os.ReadFile(out)
		if n := strings.Count(string(svg), "sum of values"); err != nil || n != c.keys {
			t.Errorf("%v: %d keys, %v, expected %d", c.values, n, err, c.keys)
		}
	}
}

func TestPlotHelp(t *testing.T) {
	out := must(t, "plot", "--help")
	for _, k := range plotKinds {
		name, _, _ := strings.Cut(k.use, " ")
		if !strings.Contains(out, name) {
			t.Errorf("the help of plot does not name %s", name)
		}
		if help := must(t, "plot", name, "--help"); !strings.Contains(help, "Examples:\n  snurun plot "+name) {
			t.Errorf("the help of plot %s has no example", name)
		}
	}
}

// Every kind draws the shipped model on the digits that are part of the
// program, in both formats.
func TestPlotKinds(t *testing.T) {
	if testing.Short() {
		t.Skip("draws every kind of figure; those of package plot do as well")
	}
	dir := t.TempDir()
	for i, line := range []string{
		"neuron",
		"input",
		"input MODEL --index 3 --steps 20",
		"curves MODEL",
		"curves MODEL MODEL",
		"extrapolate MODEL --index 8 --steps 30",
		"raster MODEL --seed 7",
		"membrane MODEL",
		"membrane MODEL --layer 0 --neurons 0-2,7",
		"weights MODEL --neurons 0-3 --title fields",
		"confusion MODEL --limit 20",
		"accuracy MODEL MODEL --limit 10 --steps 12",
		"margin MODEL MODEL --limit 10 --steps 12",
		"tradeoff MODEL MODEL --limit 10",
		"spikes MODEL --limit 20",
		"spikes MODEL MODEL --limit 5",
		"rates MODEL",
		"rates MODEL MODEL",
		"histogram MODEL",
		"response --steps 100",
	} {
		format, magic := ".svg", "<?xml"
		if i%4 == 0 {
			format, magic = ".png", "\x89PNG"
		}
		file := filepath.Join(dir, fmt.Sprint(i)+format)
		args := append([]string{"plot"}, strings.Fields(strings.ReplaceAll(line, "MODEL", shipped))...)
		must(t, append(args, "--out", file)...)
		if data, err := os.ReadFile(file); err != nil || !bytes.HasPrefix(data, []byte(magic)) {
			t.Errorf("plot %s: %v, %d bytes that are no %s file", line, err, len(data), format)
		}
	}
}

// A failing command leaves the file that was there.
func TestPlotFailures(t *testing.T) {
	m, err := export.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bare := filepath.Join(dir, "bare.msgpack")
	m.Metadata = nil
	if err := export.WriteFile(bare, m); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "kept.png")
	writeFile(t, out, []byte("kept"))
	recording := filepath.Join(dir, "x.npy")
	writeFile(t, recording, npyOf(t, make([]uint8, 2*784), 2, 784))
	for _, c := range []struct{ args, says string }{
		{"plot curves " + bare, "history"},
		{"plot curves " + filepath.Join(dir, "none.msgpack"), "none.msgpack"},
		{"plot confusion " + shipped + " " + recording, "the class of sample 0 is not known"},
	} {
		_, diagnostics, code := snurun(t, append(strings.Fields(c.args), "--out", out)...)
		if code != exitFailure || !strings.Contains(diagnostics, c.says) {
			t.Errorf("snurun %s: exit %d, %q, expected exit %d and %q", c.args, code, diagnostics, exitFailure, c.says)
		}
	}
	if data, err := os.ReadFile(out); err != nil || string(data) != "kept" {
		t.Errorf("the file is %q, %v, expected that it is kept", data, err)
	}
}

// The unit of plot neuron is the leaky integrate-and-fire neuron of the blog:
// W = 1, V_th = 2.5, τ = 25 ms, Δt = 1 ms, that is l = 0.96.
func TestPlotNeuronUnit(t *testing.T) {
	p := &plotter{ctx: context.Background(), options: plotOptions{
		seed: 1, unit: unitOptions{rate: 100, weight: 1, threshold: 2.5, tau: 25, dt: 1},
	}}
	input, trace, err := p.runUnit()
	if err != nil {
		t.Fatal(err)
	}
	if input.Steps() != 100 || len(trace.Membrane) != 100 {
		t.Fatalf("%d steps of input, %d of membrane, expected 100", input.Steps(), len(trace.Membrane))
	}
	var s float32
	var spikes []int
	for step := range input.Steps() {
		s = float32(0.96) * s
		if input.At(step).Get(0) {
			s++
		}
		if trace.Membrane[step] != s {
			t.Fatalf("step %d: membrane %v, expected %v", step, trace.Membrane[step], s)
		}
		if s > 2.5 {
			spikes = append(spikes, step)
			s = 0
		}
	}
	if len(spikes) == 0 || !slices.Equal(trace.Spikes, spikes) {
		t.Errorf("spikes at %v, expected %v", trace.Spikes, spikes)
	}
}

// The history that curves reads is the one that train writes.
func TestPlotCurvesOfTraining(t *testing.T) {
	history, err := json.Marshal([]epochReport{{Epoch: 1, Loss: 2, TrainAccuracy: 0.5, HeldAccuracy: 0.4, TestAccuracy: 0.3}})
	if err != nil {
		t.Fatal(err)
	}
	runs, err := readHistory("m", &model.Network{Metadata: map[string]any{"history": string(history)}})
	if err != nil {
		t.Fatal(err)
	}
	if e := runs.Epochs[0]; e.Epoch != 1 || e.Loss != 2 || e.Train != 0.5 || e.Held != 0.4 || e.Test != 0.3 {
		t.Errorf("read %+v", e)
	}
}

func TestRunNames(t *testing.T) {
	for _, c := range []struct{ files, want string }{
		{"x/a.msgpack y/b.msgpack", "a b"},
		{"runs/1/model.msgpack runs/2/model.msgpack", "1/model 2/model"},
		{"x/1/m.msgpack y/1/m.msgpack x/a.b.msgpack", "x/1/m y/1/m a.b"},
		{"m.msgpack 1/m.msgpack ../m.msgpack", "m 1/m ../m"},
		{"/1/m.msgpack 1/m.msgpack", "/1/m 1/m"},
		{"m.msgpack m.msgpack ./m.msgpack", "m m m"},
	} {
		if got := strings.Join(runNames(strings.Fields(c.files)), " "); got != c.want {
			t.Errorf("%s: names are %s, expected %s", c.files, got, c.want)
		}
	}
}

// TestChannelsOfSound counts the levels that each band reaches.
func TestChannelsOfSound(t *testing.T) {
	in := model.Input{Shape: []int{6}, Encoder: model.Encoder{Coding: model.Sounds, Sound: &model.Sound{
		SampleHz: 8000, Filters: model.Tensor{Shape: []int{3, 1, 3}, F32: []float32{1, 1, -0.5, 1, 0, -0.5, 1, -1, -0.5}}, Levels: model.Tensor{Shape: []int{3, 2}},
	}}}
	x := spike.NewTrain(2, 6)
	for _, c := range []int{0, 2, 3} { // bands 0 and 2, and band 0 at the second level
		x.At(1).Set(c)
	}
	a := channels(in, x)
	if v, ok := a.Data.(spike.Values); !ok || !slices.Equal(v.Data(), []float32{0, 0, 0, 2, 0, 1}) || a.Name != "sound, 1000 to 3000 Hz" || a.Kind != "band" {
		t.Errorf("%+v", a)
	}
	in.Encoder = model.Encoder{Coding: model.Poisson}
	if a := channels(in, x); a.Data.Size() != 6 || a.Kind != "channel" {
		t.Errorf("of spikes: %+v", a)
	}
}

func TestPictureOf(t *testing.T) {
	for _, c := range []struct {
		coding model.Coding
		shape  []int
		want   []int
	}{
		{model.Poisson, []int{784}, []int{28, 28}},
		{model.Direct, []int{1, 4, 4}, []int{1, 4, 4}},
		{model.Direct, []int{9}, nil},
		{model.Direct, []int{20}, nil},
		{model.Events, []int{2}, nil},
		{model.Events, []int{64}, nil},
		{model.Events, []int{2, 34, 34}, []int{2, 34, 34}},
		{model.Events, []int{700, 1, 1}, nil},
		{model.Events, []int{34 * 34}, []int{1, 34, 34}},
	} {
		in := model.Input{Dt: 1, Shape: c.shape, Encoder: model.Encoder{Coding: c.coding, BinUS: 1000}}
		if got := pictureOf(in); !slices.Equal(got, c.want) {
			t.Errorf("%s of shape %v is a picture of %v, expected %v", c.coding, c.shape, got, c.want)
		}
	}
}

// The curves of response are what the equations of the unit give: constant input w·r·Δt
// a step fires every k-th step, the first at which l·s + input crosses the threshold.
func TestPlotResponse(t *testing.T) {
	p := &plotter{ctx: context.Background(), options: plotOptions{
		seed: 1, steps: 400, unit: unitOptions{weight: 1, threshold: 2.5, tau: 25, dt: 1},
	}}
	curves, err := p.responses()
	if err != nil {
		t.Fatal(err)
	}
	for k, rate := range curves[1].X {
		var s float32
		spikes := 0
		for range 400 {
			s = float32(float32(0.96)*s) + float32(rate/1000)
			if s > 2.5 {
				spikes++
				s = 0
			}
		}
		if want := float64(spikes) / 400 * 1000; curves[1].Y[k] != want {
			t.Errorf("%v Hz of constant input: %v Hz, expected %v", rate, curves[1].Y[k], want)
		}
	}
	last := len(curves[0].Y) - 1
	if curves[0].Y[0] != 0 || curves[0].Y[last] != curves[1].Y[last] {
		t.Errorf("Poisson input of no spikes gives %v Hz, of a spike a step %v, expected 0 and %v", curves[0].Y[0], curves[0].Y[last], curves[1].Y[last])
	}
}

func TestPicture(t *testing.T) {
	for _, c := range []struct {
		shape  []int
		height int
		want   string
	}{
		{[]int{4}, 2, "[0 1 2 3]"},
		{[]int{5}, 2, "[0 1 2 3 4 0]"},
		{[]int{2, 3}, 2, "[0 1 2 3 4 5]"},
		{[]int{1, 2, 2}, 2, "[0 1 2 3]"},
		{[]int{2, 2, 2}, 2, "[0 1 4 5 2 3 6 7]"},
		{[]int{5, 1, 2}, 2, "[0 1 2 3 4 5 6 7 8 9 0 0]"},
	} {
		n := 1
		for _, d := range c.shape {
			n *= d
		}
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(i)
		}
		height, width, pixels := picture(c.shape, values)
		if height != c.height || width*height != len(pixels) || fmt.Sprint(pixels) != c.want {
			t.Errorf("shape %v: %d×%d %v, expected height %d, %s", c.shape, height, width, pixels, c.height, c.want)
		}
	}
}

// A file of another framework is named by every command that takes a model, with the
// page that helps.
func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "net.onnx")
	writeFile(t, file, []byte("\x08\x07"))
	for _, line := range []string{
		"classify F", "inspect F", "verify F", "bench F", "simulate F --in x.npy --out y.npz", "quantize F O", "export c F O", "convert F O", "stream F", "compare F",
		"plot raster F --out p.png", "plot curves F --out p.png", "plot rates F --out p.png", "plot histogram F --out p.png", "plot weights F --out p.png", "plot input F --out p.png",
		"train --init F --data " + dir,
	} {
		args := strings.Fields(line)
		for i := range args {
			switch args[i] {
			case "F":
				args[i] = file
			case "O", "p.png":
				args[i] = filepath.Join(dir, args[i])
			}
		}
		_, diagnostics, code := snurun(t, args...)
		if code == exitOK || !strings.Contains(diagnostics, "a file of ONNX is not read: docs/CONVERT.md") {
			t.Errorf("snurun %s: exit %d, %q", line, code, diagnostics)
		}
	}
}
