//go:build !board

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
)

// largeSums writes a network of two analog inputs whose sums leave float32 where
// both are 1, and three samples of two steps, of which the last does that.
func largeSums(t *testing.T) (file, samples string) {
	t.Helper()
	dir := t.TempDir()
	m := &model.Network{
		Steps: 2, Input: model.Input{Dt: 0.1, Shape: []int{2}, Encoder: model.Encoder{Coding: model.Direct}},
		Layers: []model.Layer{{
			Kind: model.Dense, In: []int{2}, Out: []int{2}, Activation: model.Identity, Output: model.None, Reset: model.ResetNone,
			Weight: model.Matrix(2, 2, []float32{3e38, 3e38, 0, 3e38}),
		}},
		Readout: model.Readout{Kind: model.MembraneMax},
	}
	file, samples = filepath.Join(dir, "large.msgpack"), filepath.Join(dir, "x.npy")
	if err := export.WriteFile(file, m); err != nil {
		t.Fatal(err)
	}
	writeFile(t, samples, npyOf(t, []float32{0.5, 0, 0, 0, 0, 0.5, 0, 0, 1, 1, 0, 0}, 3, 2, 2))
	return file, samples
}

// Samples before one that cannot be classified have their lines; its number is named.
func TestClassifyOutOfRange(t *testing.T) {
	file, samples := largeSums(t)
	for _, threads := range []string{"1", "3"} {
		out, diagnostics, code := snurun(t, "classify", file, samples, "--threads", threads)
		if code != exitFailure || strings.Count(out, "\n") != 2 || !strings.Contains(diagnostics, "x.npy: sample 2: the sums leave the range of float32") {
			t.Errorf("%s threads: exit %d, %q, %q", threads, code, out, diagnostics)
		}
	}
}

// stopAfter calls stop once n lines are written.
type stopAfter struct {
	bytes.Buffer
	n    int
	stop func()
}

func (s *stopAfter) Write(p []byte) (int, error) {
	if strings.Count(s.String(), "\n") >= s.n {
		s.stop()
	}
	return s.Buffer.Write(p)
}

// Lines come as the samples are classified, not all in the end.
func TestInterruptedClassify(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, diagnostics := &stopAfter{n: 1, stop: cancel}, &bytes.Buffer{}
	file := filepath.Join(t.TempDir(), "out.csv")
	if code := run(ctx, []string{"classify", shipped, "--verbose", "--threads", "2", "--out", file}, strings.NewReader(""), out, diagnostics); code != exitFailure {
		t.Errorf("exit %d", code)
	}
	n := strings.Count(out.String(), "sample[")
	if n < 16 || n > 150 {
		t.Errorf("%d lines of an interrupted classification", n)
	}
	if !strings.Contains(out.String(), fmt.Sprintf("\nsamples     %d\n", n)) {
		t.Errorf("there is no summary of %d samples in %q", n, out.String())
	}
	if want := fmt.Sprintf("snurun: interrupted after %d of 1000 samples; %s was not written\n", n, file); diagnostics.String() != want {
		t.Errorf("%q, expected %q", diagnostics.String(), want)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file of an interrupted classification: %v", err)
	}
}

// A folder or many files can take long to read: Ctrl-C ends that.
func TestInterruptedWhileReading(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	const recordings = "../../testdata/nmnist"
	model, one := "../../testdata/nmnist.msgpack", filepath.Join(recordings, "60001.bs2")
	out := filepath.Join(t.TempDir(), "out.msgpack")
	for _, args := range [][]string{
		{"classify", model, "--data", recordings}, {"classify", model, one}, {"plot", "raster", model, one, "--out", "none.png"}, {"bench", model, one},
		{"train", "--dataset", "folder", "--data", recordings, "--recipe", "nmnist", "--out", out},
	} {
		var diagnostics bytes.Buffer
		if code := run(ctx, args, strings.NewReader(""), io.Discard, &diagnostics); code != exitFailure || diagnostics.String() != "snurun: interrupted\n" {
			t.Errorf("%v: exit %d, %q", args, code, diagnostics.String())
		}
	}
}

// An error of the output is told once, and not as one of the input.
func TestErrorOfOutput(t *testing.T) {
	full := errors.New("no space left")
	for _, args := range [][]string{{"classify", shipped, "--json"}, {"classify", shipped, "--limit", "3"}, {"stream", shipped, "--window", "1"}} {
		var diagnostics bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader("1\n2\n"), &fullAfter{0, full}, &diagnostics); code != exitFailure || diagnostics.String() != "snurun: no space left\n" {
			t.Errorf("%v: exit %d, %q", args, code, diagnostics.String())
		}
	}
}

func TestPlotOutOfRange(t *testing.T) {
	file, samples := largeSums(t)
	out := filepath.Join(t.TempDir(), "x.png")
	for _, args := range [][]string{{"plot", "spikes", file, samples}, {"plot", "raster", file, samples, "--index", "2"}} {
		if _, diagnostics, code := snurun(t, append(args, "--out", out)...); code != exitFailure || !strings.Contains(diagnostics, "the sums leave the range of float32") {
			t.Errorf("%v: exit %d, %q", args, code, diagnostics)
		}
	}
}

// A lead may be infinite where scores are not: it is left out.
func TestStreamInfiniteLead(t *testing.T) {
	file, _ := largeSums(t)
	m, err := export.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m.Layers[0].Weight.F32[1] = 0
	if err := export.WriteFile(file, m); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"--json", "--json=false"} {
		var out, diagnostics bytes.Buffer
		if code := run(t.Context(), []string{"stream", file, format, "--window", "1"}, strings.NewReader("{\"values\":[-1,1]}\n"), &out, &diagnostics); code != exitOK || strings.Contains(out.String(), "+Inf") {
			t.Errorf("%s: exit %d, %q, %q", format, code, out.String(), diagnostics.String())
		}
	}
}

func TestStreamOutOfRange(t *testing.T) {
	file, _ := largeSums(t)
	const lines = `{"values":[0.5,0]}
{"values":[0,0]}
{"values":[1,1]}
{"values":[0,0]}
{"values":[0,0.5]}
{"values":[0,0]}
`
	for _, format := range []string{"--json", "--json=false"} {
		var out, diagnostics bytes.Buffer
		if code := run(t.Context(), []string{"stream", file, format}, strings.NewReader(lines), &out, &diagnostics); code != exitFailure || !strings.Contains(diagnostics.String(), "standard input: window 1: the sums leave the range") {
			t.Errorf("%s: exit %d, %q", format, code, diagnostics.String())
		}
		out.Reset()
		diagnostics.Reset()
		if code := run(t.Context(), []string{"stream", file, format, "--skip-bad"}, strings.NewReader(lines), &out, &diagnostics); code != exitOK || strings.Contains(out.String(), "+Inf") {
			t.Errorf("%s --skip-bad: exit %d, %q, %q", format, code, out.String(), diagnostics.String())
		}
		want := "[2]  0.000600 s  "
		if format == "--json" {
			want = `{"window":2,"step":5,"t_us":600,`
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s --skip-bad prints %q, expected %q in it", format, out.String(), want)
		}
	}
}

// simulate records sums out of range, and says so; it does not write over what it reads.
func TestSimulateOut(t *testing.T) {
	file, samples := largeSums(t)
	out := filepath.Join(t.TempDir(), "y.npz")
	if _, diagnostics, code := snurun(t, "simulate", file, "--in", samples, "--index", "2", "--out", out); code != exitOK || !strings.Contains(diagnostics, "warning: runtime: the sums leave the range of float32") {
		t.Errorf("exit %d, %q", code, diagnostics)
	}
	before, err := os.ReadFile(samples)
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.npy")
	if err := os.Link(samples, link); err != nil {
		t.Skip(err)
	}
	for to, says := range map[string]string{samples: "the same file", link: "the same file", "-": "--out is -"} {
		if _, diagnostics, code := snurun(t, "simulate", file, "--in", samples, "--out", to); code != exitUsage || !strings.Contains(diagnostics, says) {
			t.Errorf("--out %s: exit %d, %q", to, code, diagnostics)
		}
	}
	if after, err := os.ReadFile(samples); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the input has changed: %v", err)
	}
}
