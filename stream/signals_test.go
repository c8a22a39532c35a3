package stream

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// signals is a network of three values a step, with windows of 50 steps.
func signals() *model.Network {
	r := rand.New(rand.NewPCG(5, 5))
	w := make([]float32, 4*6)
	for i := range w {
		w[i] = float32(r.NormFloat64())
	}
	return &model.Network{
		Steps: 50, Readout: model.Readout{Kind: model.MembraneSum},
		Input:  model.Input{Dt: 10, Shape: []int{6}, Encoder: model.Encoder{Coding: model.Series, Delta: []float32{0.25, 0.5, 1}}},
		Layers: []model.Layer{{Kind: model.SNU, In: []int{6}, Out: []int{4}, Activation: model.Identity, Output: model.None, Reset: model.ResetNone, Weight: model.Matrix(4, 6, w), Decay: []float32{0.9}}},
	}
}

// walk is a random walk of three channels, in numbers that text tells exactly.
func walk(steps int) spike.Values {
	r := rand.New(rand.NewPCG(6, 6))
	x := spike.NewValues(steps, 3)
	for i := range x.Data() {
		x.Data()[i] = float32(r.IntN(33)-16) / 32
		if i >= 3 {
			x.Data()[i] += x.Data()[i-3]
		}
	}
	return x
}

// TestSignals: however values come, their spikes are those of the same values in a
// file, to the bit, and a window's decision is that of the recording.
func TestSignals(t *testing.T) {
	m := signals()
	net := compile(t, m)
	x := walk(m.Steps)
	values, err := dataset.FromInputs([]spike.Values{x}, []int{3}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	source, err := dataset.FromSignals(values, m.Input)
	if err != nil {
		t.Fatal(err)
	}
	want := spike.NewTrain(m.Steps, 6)
	if err := source.Load(want, 0, dataset.Key{}); err != nil || want.Count() < 20 {
		t.Fatalf("%d spikes, %v", want.Count(), err)
	}
	result, err := net.NewSession().Classify(want)
	if err != nil {
		t.Fatal(err)
	}
	lines := func(form string) string {
		var b strings.Builder
		for k := range x.Steps() {
			v := x.At(k)
			fmt.Fprintf(&b, form, v[0], v[1], v[2], k)
		}
		return b.String()
	}
	for _, c := range []struct{ format, columns, text string }{
		{"", "", lines("%[1]v,%[2]v,%[3]v\n")},
		{CSV, "", "t,a,b,c\n" + strings.ReplaceAll(lines("0,%v,%v,%v #%d\n"), " #", "\n# ")},
		{CSV, "3,2,1", lines("%[3]v %[2]v %[1]v %[4]d\n")},
		{JSONL, "", lines("[%[1]v, %[2]v, %[3]v]\n")},
		{JSONL, "", lines("{\"values\":[%[1]v,%[2]v,%[3]v]}\n")},
		{JSONL, "", lines("{\"t\":%[4]d.5,\"x\":[%[1]v,%[2]v,%[3]v]}\n")},
		{JSONL, "", lines("{\"T\":\"9:00\",\"x\":[%[1]v,%[2]v,%[3]v],\"step\":%[4]d}\n")},
	} {
		in := newInput(t, strings.NewReader(c.text), m, InputOptions{Format: c.format, Columns: c.columns})
		w := newWindows(t, m, WindowOptions{})
		for k := range m.Steps {
			f, err := in.Next(t.Context())
			if err != nil {
				t.Fatalf("%s %.40q, step %d: %v", c.format, c.text, k, err)
			}
			if got := f.Input.(spike.Train).At(0); !slices.Equal(got, want.At(k)) || f.Events != want.At(k).Count() || f.EndUS != int64(k+1)*10_000 {
				t.Fatalf("%s %.40q, step %d: spikes %b, expected %b; %d events, end %d µs", c.format, c.text, k, got, want.At(k), f.Events, f.EndUS)
			}
			decisions, err := w.Step(f.Input, 0)
			if err != nil {
				t.Fatal(err)
			}
			if k < m.Steps-1 {
				continue
			}
			if len(decisions) != 1 || decisions[0].Class != result.Class || !slices.Equal(decisions[0].Scores, result.Scores) {
				t.Errorf("%s: %+v, expected %+v", c.format, decisions, result)
			}
		}
		if _, err := in.Next(t.Context()); err != io.EOF {
			t.Errorf("%s: %v behind the last line", c.format, err)
		}
	}
}

// TestSignalGaps: a value that is missing stays what it was; a jump in time is the
// beginning of another signal.
func TestSignalGaps(t *testing.T) {
	m := signals()
	m.Input.Shape, m.Input.Encoder.Delta = []int{2}, []float32{1}
	m.Layers[0].In, m.Layers[0].Weight = []int{2}, model.Matrix(4, 2, make([]float32, 8))
	spikes := func(text string, o InputOptions) (string, *Input) {
		in := newInput(t, strings.NewReader(text), m, o)
		var b strings.Builder
		for {
			f, err := in.Next(t.Context())
			if err == io.EOF {
				return b.String(), in
			}
			if err != nil {
				t.Fatal(err)
			}
			if f.Restart {
				b.WriteByte('|')
			}
			b.WriteByte(".+-"[f.Input.(spike.Train).At(0)[0]])
		}
	}
	got, in := spikes("5\n6\nx\n7\n\n8\n", InputOptions{SkipBad: true})
	if got != ".+.++" || in.Skipped() != 1 {
		t.Errorf("with a line that is none: %s, %d skipped", got, in.Skipped())
	}
	got, _ = spikes(`{"step":0,"x":[5]}`+"\n"+`{"step":3,"x":[6]}`+"\n"+`{"step":9000,"x":[9]}`+"\n"+`{"step":9001,"x":[8]}`+"\n", InputOptions{Format: JSONL})
	if got != "...+|.-" {
		t.Errorf("with steps left out and a jump: %s", got)
	}
	got, in = spikes(`{"step":1,"x":[5]}`+"\n"+`{"step":2,"x":[6]}`+"\n"+`{"step":0,"x":[9]}`+"\n"+`{"spikes":[1]}`+"\n", InputOptions{Format: JSONL, Late: event.FoldLate})
	if got != ".+-" || in.Late() != 1 {
		t.Errorf("with a late step, and spikes as they are: %s, %d late", got, in.Late())
	}
	for text, want := range map[string]string{"1,2\n": "2 numbers, expected 1", "a\n1,2\n": "2 fields, expected 1", "NaN\n": "finite"} {
		in := newInput(t, strings.NewReader(text), m, InputOptions{})
		if _, err := in.Next(t.Context()); !errors.Is(err, event.ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, expected %s", text, err, want)
		}
	}
}

// TestSignalReplaced: a network with other levels does not take the spikes of these.
func TestSignalReplaced(t *testing.T) {
	w := newWindows(t, signals(), WindowOptions{})
	if err := w.Replace(compile(t, signals()), WindowOptions{}); err != nil {
		t.Error(err)
	}
	for _, change := range []func(e *model.Encoder){func(e *model.Encoder) { e.Delta[1] = 0.75 }, func(e *model.Encoder) { e.Difference = true }} {
		m := signals()
		change(&m.Input.Encoder)
		if err := w.Replace(compile(t, m), WindowOptions{}); !errors.Is(err, runtime.ErrInput) {
			t.Errorf("encoder %v in place of %v: %v", m.Input.Encoder, signals().Input.Encoder, err)
		}
	}
}
