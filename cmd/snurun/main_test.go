//go:build !board

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/internal/npy"
	"github.com/snurun/snurun/model"
)

const shipped = "../../testdata/mnist.msgpack"

// counting is a small model whose readout counts spikes, with integer weights.
const counting = "../../testdata/counts.msgpack"

// snurun runs a command line and returns what it printed and its exit code.
func snurun(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, diagnostics bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(""), &out, &diagnostics)
	return out.String(), diagnostics.String(), code
}

// must runs a command line that has to succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	out, diagnostics, code := snurun(t, args...)
	if code != exitOK {
		t.Fatalf("snurun %s: exit %d: %s", strings.Join(args, " "), code, diagnostics)
	}
	return out
}

func TestWrongUsage(t *testing.T) {
	for _, c := range []struct {
		args string
		says string
	}{
		{"clasify", `did you mean "classify"`},
		{"data minst", `did you mean "mnist"`},
		{"classify", "expected MODEL"},
		{"classify m --bogus", "unknown flag: --bogus"},
		{"classify m --threads 0", "--threads is 0, expected 1 to 1024"},
		{"classify m --limit -1", "--limit is -1"},
		{"classify m --steps -1", "--steps is -1, expected 0 to 1048576"},
		{"classify m --margin NaN", "--margin is NaN"},
		{"classify m --data d x.npy", "exclude each other"},
		{"inspect", "expected MODEL, found 0 arguments"},
		{"verify", "expected MODEL, found no arguments"},
		{"help nope", `unknown command "nope"`},
		{"help plot nope", `unknown command "nope"`},
		{"clasify --limit 3", `unknown command "clasify"; did you mean "classify"?`},
		{"simulate m", "expected --in X.npy and --out Y.npz"},
		{"simulate m --in x --out y --record weights", `--record has "weights"`},
		{"data mnist", "--out is missing"},
		{"train", "--data is missing"},
		{"train --data d --dataset cifar", `--dataset is "cifar"`},
		{"train --data d --recipe stew", `recipe "stew" is unknown`},
		{"train --data d --threads 0", "--threads is 0"},
		{"train --data d --draws 0", "--draws is 0"},
		{"version 1", "expected no arguments"},
		{"classify m - -", "standard input, -, is named twice"},
		{"completion bsh", `did you mean "bash"`},
		{"completion bash x", "expected no arguments"},
	} {
		_, diagnostics, code := snurun(t, strings.Fields(c.args)...)
		if code != exitUsage || !strings.Contains(diagnostics, c.says) || !strings.Contains(diagnostics, "--help") {
			t.Errorf("snurun %s: exit %d, %q, expected exit %d and %q", c.args, code, diagnostics, exitUsage, c.says)
		}
	}
}

func TestFailuresNameTheFile(t *testing.T) {
	dir := t.TempDir()
	whole, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
		return name
	}
	truncated := write("truncated.msgpack", whole[:len(whole)/2])
	text := write("text.msgpack", []byte("hello"))
	wrong := write("x.npy", npyOf(t, make([]uint8, 30), 3, 10))
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"classify", "absent.msgpack"}, "absent.msgpack"},
		{[]string{"inspect", truncated}, "truncated.msgpack"},
		{[]string{"verify", text}, "text.msgpack"},
		{[]string{"classify", shipped, "absent.png"}, "absent.png"},
		{[]string{"classify", shipped, text}, "neither IDX images, nor PNG"},
		{[]string{"classify", shipped, wrong}, "x.npy"},
		{[]string{"classify", shipped, "--data", dir}, "snurun data mnist"},
		{[]string{"simulate", shipped, "--in", wrong, "--out", filepath.Join(dir, "y.npz")}, "x.npy"},
	} {
		out, diagnostics, code := snurun(t, c.args...)
		if code != exitFailure || out != "" || !strings.Contains(diagnostics, c.says) || strings.Count(diagnostics, "\n") != 1 {
			t.Errorf("snurun %v: exit %d, %q, %q, expected exit %d and one line that says %q", c.args, code, out, diagnostics, exitFailure, c.says)
		}
	}
}

func TestClassifySample(t *testing.T) {
	out := must(t, "classify", shipped)
	for _, line := range []string{"samples     1000", "accuracy    9", "spikes ", "synops ", "latency ", "kernel      " + asm.Tier()} {
		if !strings.Contains(out, line) {
			t.Errorf("the summary lacks %q:\n%s", line, out)
		}
	}
	if lines := strings.Count(must(t, "classify", shipped, "--limit", "7"), "\n"); lines != 7+8 {
		t.Errorf("%d lines for 7 samples, expected one each and the summary", lines)
	}
}

// jsonSummary is the last line of classify --json.
type jsonSummary struct {
	Summary struct {
		Samples    int
		Correct    int
		Accuracy   float64
		Latency    map[string]float64 `json:"latency_us"`
		Throughput float64            `json:"throughput_per_s"`
		Spikes     float64            `json:"spikes_per_sample"`
		SynOps     float64            `json:"synops_per_sample"`
		Kernel     string
		Threads    int
	}
}

func TestClassifyJSON(t *testing.T) {
	var want []outcome
	for _, threads := range []string{"1", "3"} {
		lines := strings.Split(strings.TrimSpace(must(t, "classify", shipped, "--json", "--limit", "50", "--threads", threads)), "\n")
		if len(lines) != 51 {
			t.Fatalf("%d lines, expected 51", len(lines))
		}
		var s jsonSummary
		if err := json.Unmarshal([]byte(lines[50]), &s); err != nil {
			t.Fatal(err)
		}
		correct := 0
		var spikes float64
		for i, line := range lines[:50] {
			var o outcome
			if err := json.Unmarshal([]byte(line), &o); err != nil {
				t.Fatal(err)
			}
			if o.Index != i || o.Label == nil || len(o.Scores) != 10 || o.Latency <= 0 || o.Steps != 10 {
				t.Fatalf("line %d is %s", i, line)
			}
			if *o.Label == o.Class {
				correct++
			}
			spikes += float64(o.Spikes)
			if threads == "1" {
				want = append(want, o)
			} else if fmt.Sprint(o.Scores) != fmt.Sprint(want[i].Scores) {
				t.Errorf("sample %d: scores %v on 3 threads, %v on one", i, o.Scores, want[i].Scores)
			}
		}
		if g := s.Summary; g.Samples != 50 || g.Correct != correct || g.Accuracy != float64(correct)/50 || math.Abs(g.Spikes-spikes/50) > 1e-9 ||
			g.SynOps <= 0 || g.Kernel != asm.Tier() || len(g.Latency) != 5 || g.Latency["p50"] > g.Latency["max"] {
			t.Errorf("summary %+v", g)
		}
	}
}

// A digit gives the same scores as PNG, IDX file, .npy of its spikes and on
// standard input.
func TestInputsAgree(t *testing.T) {
	dir := t.TempDir()
	m, err := export.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Sample()
	if err != nil {
		t.Fatal(err)
	}
	first := must(t, "classify", shipped, "--json", "--limit", "1")
	scores := scoresOf(t, first)

	idx := append([]byte{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28}, set.At(0)...)
	writeFile(t, filepath.Join(dir, "digit-images-idx3-ubyte"), idx)
	writeFile(t, filepath.Join(dir, "digit-labels-idx1-ubyte"), []byte{0, 0, 8, 1, 0, 0, 0, 1, byte(set.Labels[0])})
	picture := image.NewGray(image.Rect(0, 0, 28, 28))
	for i, v := range set.At(0) {
		picture.SetGray(i%28, i/28, color.Gray{Y: v})
	}
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, picture); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "digit.png"), encoded.Bytes())
	source, err := imageSource(m, set)
	if err != nil {
		t.Fatal(err)
	}
	x := m.Input.New(m.Steps)
	if err := source.Load(x, 0, evaluate.Key(1, 0)); err != nil {
		t.Fatal(err)
	}
	spikes := make([]uint8, 10*784)
	for k := range 10 {
		for i := range x.Active(k) {
			spikes[k*784+i] = 1
		}
	}
	array := npyOf(t, spikes, 10, 784)
	writeFile(t, filepath.Join(dir, "spikes.npy"), array)

	for _, name := range []string{"digit-images-idx3-ubyte", "digit.png", "spikes.npy"} {
		out := must(t, "classify", shipped, filepath.Join(dir, name), "--json")
		if got := scoresOf(t, out); got != scores {
			t.Errorf("%s: scores %s, expected %s", name, got, scores)
		}
		if strings.Contains(name, "idx3") != strings.Contains(out, `"label":`) {
			t.Errorf("%s: %s", name, out)
		}
	}
	var out, diagnostics bytes.Buffer
	if code := run(context.Background(), []string{"classify", shipped, "-", "--json"}, bytes.NewReader(array), &out, &diagnostics); code != exitOK {
		t.Fatal(diagnostics.String())
	}
	if got := scoresOf(t, out.String()); got != scores {
		t.Errorf("standard input: scores %s, expected %s", got, scores)
	}
}

func scoresOf(t *testing.T, lines string) string {
	t.Helper()
	var o outcome
	line, _, _ := strings.Cut(lines, "\n")
	if err := json.Unmarshal([]byte(line), &o); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return fmt.Sprint(o.Scores)
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func npyOf[E npy.Element](t *testing.T, data []E, shape ...int) []byte {
	t.Helper()
	a, err := npy.New(data, shape...)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := a.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSimulateEqualsPlainLoops compares every recorded spike and membrane with
// loops over the model's own weights.
func TestSimulateEqualsPlainLoops(t *testing.T) {
	dir := t.TempDir()
	m, err := export.ReadFile(counting)
	if err != nil {
		t.Fatal(err)
	}
	x := m.SelfTest.Inputs[0]
	m, file := m.Floats(), filepath.Join(dir, "m.msgpack")
	if err := export.WriteFile(file, m); err != nil {
		t.Fatal(err)
	}
	data := make([]uint8, x.Steps()*784)
	for k := range x.Steps() {
		for i := range x.Active(k) {
			data[k*784+i] = 1
		}
	}
	in, out := filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npz")
	writeFile(t, in, npyOf(t, data, x.Steps(), 784))
	must(t, "simulate", file, "--in", in, "--out", out)
	arrays := readArchive(t, out)

	s, y := make([][]float32, len(m.Layers)), make([][]float32, len(m.Layers))
	counts := make([]float32, 10)
	for k := range x.Steps() {
		input := make([]float32, 784)
		for i := range input {
			input[i] = float32(data[k*784+i])
		}
		for i := range m.Layers {
			l := &m.Layers[i]
			n := l.OutSize()
			if s[i] == nil {
				s[i], y[i] = make([]float32, n), make([]float32, n)
			}
			decay := model.Broadcast(l.Decay, n)
			for j := range n {
				var a float32
				for c, w := range l.Weight.Row(j, nil) {
					if input[c] != 0 {
						a += w
					}
				}
				p := a
				if y[i][j] == 0 {
					p += float32(decay[j] * s[i][j])
				}
				if p <= 0 {
					p = asm.Exp(p) - 1
				}
				s[i][j], y[i][j] = p, 0
				if p+l.Bias[j] > 0 {
					y[i][j] = 1
				}
				at := k*n + j
				if got := arrays[fmt.Sprintf("layer%d.membrane", i)].At(at); got != float64(p) {
					t.Fatalf("layer %d, step %d, neuron %d: membrane %v, expected %v", i, k, j, got, p)
				}
				if got := arrays[fmt.Sprintf("layer%d.spikes", i)].At(at); got != float64(y[i][j]) {
					t.Fatalf("layer %d, step %d, neuron %d: spike %v, expected %v", i, k, j, got, y[i][j])
				}
			}
			input = y[i]
		}
		for j, v := range input {
			counts[j] += v
		}
	}
	for j, want := range counts {
		if got := arrays["scores"].At(j); got != float64(want) {
			t.Errorf("score %d is %v, expected %v", j, got, want)
		}
	}
	if c := int(arrays["class"].At(0)); counts[c] < counts[0] {
		t.Errorf("class %d of scores %v", c, counts)
	}
	must(t, "simulate", file, "--in", in, "--out", out, "--record", "membrane")
	if arrays := readArchive(t, out); arrays["layer0.spikes"] != nil || arrays["layer0.membrane"] == nil {
		t.Error("--record membrane records something else")
	}
}

func readArchive(t *testing.T, name string) map[string]*npy.Array {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := npy.ReadZip(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return arrays
}

func TestInspect(t *testing.T) {
	out := must(t, "inspect", shipped)
	for _, part := range []string{"sha256", "poisson 100 Hz", "784 → 256", "plan      panels, 10 steps at once", "decay", "threshold", "335885 parameters", "command: snurun train --dataset mnist --data DIR --out MODEL"} {
		if !strings.Contains(out, part) {
			t.Errorf("inspect lacks %q:\n%s", part, out)
		}
	}
	var r report
	if err := json.Unmarshal([]byte(must(t, "inspect", shipped, "--json")), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Layers) != 4 || r.Parameters != 335885 || r.Layers[0].Decay.Mean <= 0 || len(r.SHA256) != 64 || r.SelfTest == nil {
		t.Errorf("inspect --json: %+v", r)
	}
}

func TestVerify(t *testing.T) {
	if out := must(t, "verify", shipped); !strings.Contains(out, "ok") {
		t.Errorf("verify prints %q", out)
	}
	m, err := export.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Layers[0].Weight.F32 {
		m.Layers[0].Weight.F32[i] *= 1.1
	}
	changed := filepath.Join(t.TempDir(), "changed.msgpack")
	if err := export.WriteFile(changed, m); err != nil {
		t.Fatal(err)
	}
	if _, diagnostics, code := snurun(t, "verify", changed); code != exitFailure || !strings.Contains(diagnostics, "self-test failed") {
		t.Errorf("verify of a changed weight: exit %d, %q", code, diagnostics)
	}
}

func TestVersion(t *testing.T) {
	if out := must(t, "version"); !strings.Contains(out, "kernels "+asm.Tier()) {
		t.Errorf("version prints %q", out)
	}
}

func TestEarlyDecisionTakesFewerSteps(t *testing.T) {
	last := func(args ...string) map[string]any {
		lines := strings.Split(strings.TrimSpace(must(t, args...)), "\n")
		var s map[string]map[string]any
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &s); err != nil {
			t.Fatal(err)
		}
		return s["summary"]
	}
	whole := last("classify", shipped, "--json", "--limit", "200")
	early := last("classify", shipped, "--json", "--limit", "200", "--margin", "2")
	if whole["steps_per_sample"].(float64) != 10 || early["steps_per_sample"].(float64) > 8 {
		t.Errorf("%v steps, early %v", whole["steps_per_sample"], early["steps_per_sample"])
	}
}

// TestMessage: errors as they are printed, without names of packages and with a file
// named once.
func TestMessage(t *testing.T) {
	for text, want := range map[string]string{
		"serve: stat m.msgpack: no such file or directory":     "stat m.msgpack: no such file or directory",
		"m.msgpack: open m.msgpack: no such file or directory": "open m.msgpack: no such file or directory",
		"m: m: not a snurun model file":                        "m: not a snurun model file",
		"export: folder: read folder: is a directory":          "folder is a folder, expected a file",
		"read folder: is a directory":                          "folder is a folder, expected a file",
		"a.msgpack: layer 1: export: a.msgpack: no weights":    "a.msgpack: layer 1: no weights",
		"--out: open x.npz: permission denied":                 "--out: open x.npz: permission denied",
	} {
		if got := message(errors.New(text)); got != want {
			t.Errorf("%q becomes %q, expected %q", text, got, want)
		}
	}
}
