//go:build !board

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/runtime"
)

// withMargin writes the shipped model with another recommended margin.
func withMargin(t *testing.T, margin float32) string {
	t.Helper()
	m, err := export.ReadFile(counting)
	if err != nil {
		t.Fatal(err)
	}
	m.Readout.Margin = margin
	file := filepath.Join(t.TempDir(), "model.msgpack")
	if err := export.WriteFile(file, m); err != nil {
		t.Fatal(err)
	}
	return file
}

// withoutTimes returns lines of JSON without what differs from run to run.
func withoutTimes(t *testing.T, lines string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(lines) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		delete(fields, "latency_us")
		delete(fields, "time")
		if start, ok := fields["start"].(map[string]any); ok {
			delete(start, "time")
		}
		delete(fields, "summary")
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

// TestMarginAuto decides as with the number that the model recommends.
func TestMarginAuto(t *testing.T) {
	file := withMargin(t, 3)
	m, err := export.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var steps strings.Builder
	for _, x := range m.SelfTest.Inputs {
		for k := range x.Steps() {
			for i := range x.Active(k) {
				fmt.Fprint(&steps, i, " ")
			}
			steps.WriteByte('\n')
		}
	}
	command := func(args ...string) string {
		var out, diagnostics bytes.Buffer
		if code := run(context.Background(), args, strings.NewReader(steps.String()), &out, &diagnostics); code != exitOK {
			t.Fatalf("snurun %v: %s", args, diagnostics.String())
		}
		return withoutTimes(t, out.String())
	}
	for _, args := range [][]string{{"classify", file, "--json", "--limit", "40"}, {"stream", file, "--json", "--rearm"}} {
		auto, three := command(append(args, "--margin", "auto")...), command(append(args, "--margin", "3")...)
		if auto != three {
			t.Errorf("snurun %s --margin auto: %s, with 3: %s", args[0], auto, three)
		}
		if never := command(append(args, "--margin", "0")...); never == three {
			t.Errorf("snurun %s: margin 3 changes nothing", args[0])
		}
	}
	for _, asked := range []string{"classify", "stream"} {
		bare := withMargin(t, 0)
		_, diagnostics, code := snurun(t, asked, bare, "--margin", "auto")
		if code != exitFailure || !strings.Contains(diagnostics, "model.msgpack recommends no margin") {
			t.Errorf("%s without a recommendation: exit %d, %q", asked, code, diagnostics)
		}
	}
}

func TestMarginFlag(t *testing.T) {
	for _, command := range []string{"classify", "stream"} {
		for _, value := range []string{"", "x", "AUTO", "auto,3", "-1", "NaN", "Inf", "-Inf", "1e39", "1e999"} {
			_, diagnostics, code := snurun(t, command, shipped, "--margin="+value)
			if code != exitUsage || !strings.Contains(diagnostics, "auto") {
				t.Errorf("%s --margin=%s: exit %d, %q, expected exit %d", command, value, code, diagnostics, exitUsage)
			}
		}
		if out := must(t, "__complete", command, shipped, "--margin", ""); !strings.Contains(out, "auto\n") {
			t.Errorf("%s --margin completes to %q", command, out)
		}
	}
	for _, value := range []string{"0", "5e-324", "1e38"} {
		must(t, "classify", shipped, "--limit", "1", "--margin", value)
	}
}

func TestInspectMargin(t *testing.T) {
	if out := must(t, "inspect", withMargin(t, 2.5)); !strings.Contains(out, "margin      2.5 for early decisions\n") {
		t.Errorf("inspect prints %q", out)
	}
	if out := must(t, "inspect", withMargin(t, 0)); strings.Contains(out, "early") {
		t.Errorf("inspect prints a margin that is not there: %q", out)
	}
	for _, margin := range []float32{0, 2.5} {
		var r report
		if err := json.Unmarshal([]byte(must(t, "inspect", withMargin(t, margin), "--json")), &r); err != nil || r.Margin != margin {
			t.Errorf("margin %v in JSON, %v, expected %v", r.Margin, err, margin)
		}
	}
}

// TestPlotMargin marks the recommended margin where the curve has it, and
// thins nothing that a spike count tells apart.
func TestPlotMargin(t *testing.T) {
	p := &plotter{ctx: t.Context(), options: plotOptions{seed: 1, limit: 100, steps: 10}}
	l, err := p.load([]string{withMargin(t, 3)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.margins(l)
	if err != nil {
		t.Fatal(err)
	}
	e := earlyCurve("m", c, l.model.Readout.Margin)
	if len(e.Points) != len(c.Points) || len(e.Fixed) != 10 {
		t.Fatalf("%d points of %d, %d fixed", len(e.Points), len(c.Points), len(e.Fixed))
	}
	for i, at := range e.Points {
		if at.Marked != (c.Points[i].Margin == 3) || at.Steps != float64(c.Points[i].Steps)/100 {
			t.Errorf("margin %v is %+v", c.Points[i].Margin, at)
		}
	}
	if a := e.Points[len(e.Points)-1]; a.Accuracy != e.Fixed[9] || a.Steps != 10 {
		t.Errorf("the last point is %+v, the last fixed %v", a, e.Fixed[9])
	}
}

// TestTrainRecommendsMargin stores what the samples held out recommend.
func TestTrainRecommendsMargin(t *testing.T) {
	out := filepath.Join(t.TempDir(), "model.msgpack")
	data := smallMNIST(t, 300)
	s := summaryOf(t, must(t, trainArgs(data, out, "--json")...))
	m, err := export.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if m.Readout.Margin <= 0 || s["margin"] != float64(m.Readout.Margin) {
		t.Fatalf("the model recommends %v, the summary %v", m.Readout.Margin, s["margin"])
	}
	// The test digits of smallMNIST are those that it was trained on, the last 50
	// of them held out.
	images, err := dataset.LoadMNIST(data, dataset.TestPart)
	if err != nil {
		t.Fatal(err)
	}
	source, err := imageSource(m, images)
	if err != nil {
		t.Fatal(err)
	}
	net, err := runtime.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	c, err := evaluate.New(net).Margins(t.Context(), evaluate.Set{Source: source, Indices: sequence(250, 300), Steps: m.Steps}, evaluate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	whole := c.Points[len(c.Points)-1]
	if p := c.At(m.Readout.Margin); s["margin_steps"] != float64(p.Steps)/50 || p.Steps >= whole.Steps || p.Correct < whole.Correct {
		t.Errorf("margin %v decides %d of 50 right in %d steps, whole presentations %d in %d; the summary says %v", p.Margin, p.Correct, p.Steps, whole.Correct, whole.Steps, s)
	}
	if text := must(t, trainArgs(data, out, "--epochs", "1")...); !strings.Contains(text, "\ntest accuracy ") {
		t.Errorf("train prints %q", text)
	}
}
