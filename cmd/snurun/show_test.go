//go:build !board

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
)

// TestShow draws a digit 7 that the model is sure of.
func TestShow(t *testing.T) {
	for columns, besides := range map[string]bool{"80": true, "40": false} {
		t.Setenv("COLUMNS", columns)
		out := must(t, "classify", counting, "--limit", "1", "--show")
		if !strings.Contains(out, "7 |||||||||| 10 <\n") || !strings.Contains(out, "0 ..........  0\n") {
			t.Errorf("%s columns: no raster in\n%s", columns, out)
		}
		lines := strings.Split(out, "\n")
		first := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "0 ..........") })
		if got := first == 1; got != besides {
			t.Errorf("%s columns: the raster starts at line %d of\n%s", columns, first, out)
		}
		for _, l := range lines[1 : first+10] {
			if len(l) > 40 && columns == "40" {
				t.Errorf("%d cells in a line of %s: %q", len(l), columns, l)
			}
		}
		if strings.ContainsRune(out, 0x1b) {
			t.Error("there are escape sequences where there is no terminal")
		}
	}
}

// TestShowEarly draws the steps until the decision.
func TestShowEarly(t *testing.T) {
	if out := must(t, "classify", counting, "--limit", "1", "--show", "--margin", "3"); !strings.Contains(out, "7 |||  3 <") && !strings.Contains(out, "7 ||| 3 <") {
		t.Errorf("%s", out)
	}
}

// TestShowMembranes draws the membranes of a network that has no spikes to
// show.
func TestShowMembranes(t *testing.T) {
	m, err := export.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	m.SelfTest = nil
	last := &m.Layers[len(m.Layers)-1]
	last.Output, last.Reset = model.None, model.ResetNone
	m.Readout.Kind = model.MembraneSum
	file := t.TempDir() + "/m.msgpack"
	if err := export.WriteFile(file, m); err != nil {
		t.Fatal(err)
	}
	out := must(t, "classify", file, "--limit", "1", "--show")
	if strings.Contains(out, "0 ..........") || !strings.Contains(out, " <\n") {
		t.Errorf("%s", out)
	}
}

func TestShowUsage(t *testing.T) {
	for args, says := range map[string]string{
		"--show":                       "--show draws at most 20 samples, there are 1000; add --limit 20",
		"--show --limit 21":            "add --limit 20",
		"--show --limit 1 --json":      "--show and --json exclude each other",
		"--show --limit 0 --threads 2": "add --limit 20",
	} {
		out, diagnostics, code := snurun(t, append([]string{"classify", shipped}, strings.Fields(args)...)...)
		if code != exitUsage || !strings.Contains(diagnostics, says) || out != "" {
			t.Errorf("%s: exit %d, %q, expected %q", args, code, diagnostics, says)
		}
	}
}

func TestFlatten(t *testing.T) {
	for _, c := range []struct {
		values []float32
		shape  []int
		want   []float32
		width  int
	}{
		{[]float32{1, 2, 3, 4, 5}, []int{5}, []float32{1, 2, 3, 4, 5}, 3},
		{[]float32{1, 2, 3, 4}, []int{2, 2}, []float32{1, 2, 3, 4}, 2},
		{[]float32{1, 2, 3, 10, 20, 30}, []int{2, 1, 3}, []float32{11, 22, 33}, 3},
	} {
		if got, width := flatten(c.values, c.shape); !slices.Equal(got, c.want) || width != c.width {
			t.Errorf("%v of shape %v: %v in rows of %d, expected %v in rows of %d", c.values, c.shape, got, width, c.want, c.width)
		}
	}
}

func TestNormalise(t *testing.T) {
	a, b, silent := []float32{-1, 0}, []float32{3}, []float32{0, 0}
	normalise(a, b)
	normalise(silent)
	if a[0] != 0 || a[1] != 0.25 || b[0] != 1 || silent[0] != 0 {
		t.Errorf("%v %v %v", a, b, silent)
	}
}
