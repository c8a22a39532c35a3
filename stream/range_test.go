package stream

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

// large returns a network of two analog inputs and outputs whose sums leave
// float32 where both inputs are 1. Its scores are the inputs, summed over time, in
// units of 3e38.
func large(decay float32) *model.Network {
	l := model.Layer{
		Kind: model.SNU, In: []int{2}, Out: []int{2}, Activation: model.Identity, Output: model.None, Reset: model.ResetNone,
		Weight: model.Matrix(2, 2, []float32{3e38, 3e38, 0, 3e38}), Decay: []float32{decay},
	}
	return &model.Network{
		Steps: 2, Input: model.Input{Dt: 1, Shape: []int{2}, Encoder: model.Encoder{Coding: model.Direct}},
		Layers: []model.Layer{l}, Readout: model.Readout{Kind: model.MembraneMax},
	}
}

// A window whose scores are not finite is given up, and leaves nothing behind.
func TestScoresOutOfRange(t *testing.T) {
	for _, keep := range []bool{false, true} {
		for _, margin := range []float32{0, 1e30} {
			w := newWindows(t, large(1), WindowOptions{Steps: 2, Keep: keep, Margin: margin, Rearm: margin > 0})
			lost, decided := 0, 0
			for _, x := range [][2]float32{{0, 0}, {0, 0}, {1, 1}, {0, 0}, {0, 0.5}, {0, 0}, {0, 0}, {0, 0}} {
				decisions, err := w.Step(values(x[:]...), 0)
				if errors.Is(err, runtime.ErrRange) && strings.Contains(err.Error(), "window 1") {
					lost++
				} else if err != nil {
					t.Fatal(err)
				}
				for _, d := range decisions {
					decided++
					if d.Check() != nil || d.Lead-d.Lead != 0 {
						t.Errorf("keep %v, margin %v: decision %+v", keep, margin, d)
					}
				}
			}
			if lost != 1 || decided < 2 {
				t.Errorf("keep %v, margin %v: %d windows lost, expected 1, %d decided", keep, margin, lost, decided)
			}
		}
	}
}

func TestRunOutOfRange(t *testing.T) {
	lines := strings.Repeat("{\"values\":[0,0.5]}\n", 2) + strings.Repeat("{\"values\":[1,1]}\n", 2) + strings.Repeat("{\"values\":[0,0]}\n", 4)
	for _, keep := range []bool{false, true} {
		for _, skip := range []bool{false, true} {
			m := large(0)
			in := newInput(t, strings.NewReader(lines), m, InputOptions{SkipBad: skip})
			var windows []int64
			s, err := Run(t.Context(), in, newWindows(t, m, WindowOptions{Keep: keep}), Handler{Decide: func(d Decision) error {
				windows = append(windows, d.Window)
				return nil
			}})
			want := []int64{0}
			if skip {
				want = []int64{0, 2, 3}
			}
			if skip == (err != nil) || !skip && !errors.Is(err, runtime.ErrRange) || !slices.Equal(windows, want) || skip != (s.Skipped == 1) {
				t.Errorf("keep %v, skip %v: windows %v, %d skipped, error %v, expected %v", keep, skip, windows, s.Skipped, err, want)
			}
		}
	}
	m := large(0)
	if s, err := Run(t.Context(), newInput(t, strings.NewReader(lines[:38]), m, InputOptions{}), newWindows(t, m, WindowOptions{}), Handler{}); err != nil || s.Decisions != 1 {
		t.Errorf("without Decide: %+v, %v", s, err)
	}
}

// Spike counts stay finite where membranes do not: what runs on begins anew there.
func TestMembranesOutOfRange(t *testing.T) {
	m := large(1)
	l := &m.Layers[0]
	l.Output, l.Reset, l.Bias = model.Step, model.ResetNone, []float32{-1}
	m.Readout.Kind = model.SpikeCount
	w := newWindows(t, m, WindowOptions{Steps: 1, Keep: true})
	for k, c := range []struct {
		x    []float32
		lost bool
	}{{[]float32{1e-38, 1e-38}, false}, {[]float32{-1, -1}, true}, {[]float32{1e-38, 1e-38}, false}} {
		decisions, err := w.Step(values(c.x...), 0)
		if c.lost != errors.Is(err, runtime.ErrRange) || !c.lost && (err != nil || len(decisions) != 1 || !slices.Equal(decisions[0].Scores, []float32{1, 1})) {
			t.Errorf("step %d: %+v, %v", k, decisions, err)
		}
	}
}

// Every window that is given up counts, and the first is named.
func TestLostWindowsCount(t *testing.T) {
	m := large(0)
	in := newInput(t, strings.NewReader(strings.Repeat("{\"values\":[0,0]}\n", 2)+"{\"values\":[1,1]}\n"), m, InputOptions{SkipBad: true})
	w := newWindows(t, m, WindowOptions{Steps: 3, Stride: 1, Margin: 1e30})
	if s, err := Run(t.Context(), in, w, Handler{}); err != nil || s.Skipped != 3 || s.Decisions != 0 || s.Windows != 3 {
		t.Errorf("%+v, %v, expected 3 of 3 windows skipped", s, err)
	}
	w = newWindows(t, m, WindowOptions{Steps: 3, Stride: 1, Margin: 1e30})
	for range 2 {
		if _, err := w.Step(values(0, 0), 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Step(values(1, 1), 0); err == nil || !strings.Contains(err.Error(), "window 0") {
		t.Errorf("error %v, expected one of window 0", err)
	}
}

func TestPlain(t *testing.T) {
	for line, want := range map[string]bool{
		`{"values":[1.0E-4,2.E5,-3e+2]}`: true, `{"Spikes":[1]}`: false, `{"stEp":1}`: false, `{"sp\u0069kes":[1]}`: false, `{"ſpikes":[1]}`: false, `{"E":1}`: false,
	} {
		if plain([]byte(line)) != want {
			t.Errorf("%s: %v, expected %v", line, !want, want)
		}
	}
}

// Lines that are folded into one step add up to what float32 holds.
func TestFoldedValuesStayFinite(t *testing.T) {
	m := large(0)
	in := newInput(t, strings.NewReader(`{"step":5,"values":[3e38,-3e38]}
{"step":4,"values":[3e38,-3e38]}
{"step":3,"values":[3e38,-3e38]}
{"step":6,"values":[1,1]}
`), m, InputOptions{Late: event.FoldLate})
	got, err := frames(in)
	if err != nil || len(got) != 2 || !slices.Equal(valuesOf(got[1]), []float32{math.MaxFloat32, -math.MaxFloat32}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// A key is what it is to the letter: T is not t.
func TestKeysAreExact(t *testing.T) {
	m := network(model.SpikeCount)
	for line, want := range map[string][]uint32{
		`{"spikes":[1,2],"T":25.3,"Step":-1,"Values":"x"}`:           {1, 2},
		`{"spikes":[1,2],"ſpikeſ":[5]}`:                              {1, 2},
		`{"\u0073pikes":[1,2]}`:                                      {1, 2},
		`{"t":0,"x":1,"y":0,"p":0,"P":1013,"X":"5","place":"Trier"}`: {1},
	} {
		got, err := frames(newInput(t, strings.NewReader(line+"\n"), m, InputOptions{Format: JSONL}))
		if err != nil || len(got) != 1 || !slices.Equal(channels(got[0]), want) {
			t.Errorf("%s: %+v, %v, expected channels %v", line, got, err, want)
		}
	}
	for line, says := range map[string]string{
		`{"Spikes":[1,2]}`:                `or "spikes", or "values"`,
		`{"T":1,"x":1,"y":1,"p":1}`:       `or "spikes", or "values"`,
		`{"spikes":[1],"A":`:              "unexpected end",
		`{"spikes":"A"}`:                  "expected an array",
		`{"step":null,"spikes":[],"A":1}`: "found null, expected a whole number",
	} {
		if _, err := frames(newInput(t, strings.NewReader(line+"\n"), m, InputOptions{Format: JSONL})); !errors.Is(err, event.ErrMalformed) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, expected %q", line, err, says)
		}
	}
}
