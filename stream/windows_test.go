package stream

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

var readouts = []model.ReadoutKind{model.SpikeCount, model.MembraneSum, model.MembraneMax, model.FirstSpike}

// decide takes a whole train through windows. The decisions are copies.
func decide(t *testing.T, w *Windows, x spike.Train) []Decision {
	t.Helper()
	var all []Decision
	for k := range x.Steps() {
		decisions, err := w.Step(x, k)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range decisions {
			d.Scores = slices.Clone(d.Scores)
			all = append(all, d)
		}
	}
	return all
}

// sameDecisions compares two lists, the second of which is sorted first.
func sameDecisions(t *testing.T, got, want []Decision) {
	t.Helper()
	slices.SortFunc(want, func(a, b Decision) int { return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Window, b.Window)) })
	if len(got) != len(want) {
		t.Fatalf("%d decisions, expected %d", len(got), len(want))
	}
	for i, g := range got {
		w := want[i]
		if g.Window != w.Window || g.Step != w.Step || g.Class != w.Class || g.Steps != w.Steps || g.Lead != w.Lead || !slices.Equal(g.Scores, w.Scores) {
			t.Fatalf("decision %d is %+v, expected %+v", i, g, w)
		}
	}
}

func TestWindowsAreClassify(t *testing.T) {
	x := randomTrain(95)
	for _, readout := range readouts {
		m := network(readout)
		for _, o := range []WindowOptions{
			{}, {Steps: 1}, {Steps: 7}, {Steps: 10, Stride: 5}, {Steps: 10, Stride: 3}, {Steps: 9, Stride: 1},
			{Steps: 10, Margin: 0.5}, {Steps: 10, Stride: 4, Margin: 1}, {Steps: 200}, {Steps: 12, Margin: 0.5, Rearm: true},
		} {
			t.Run(fmt.Sprintf("%s/%+v", readout, o), func(t *testing.T) {
				got := decide(t, newWindows(t, m, o), x)
				sameDecisions(t, got, classified(t, compile(t, m), o, x))
			})
		}
	}
}

// classified cuts x into windows and classifies each by itself.
func classified(t *testing.T, net *runtime.Network, o WindowOptions, x spike.Train) []Decision {
	t.Helper()
	n := cmp.Or(o.Steps, 10)
	stride := cmp.Or(o.Stride, n)
	margin := o.Margin
	if margin == 0 {
		margin = float32(math.Inf(1))
	}
	s := net.NewSession()
	var all []Decision
	for w, from := int64(0), 0; from < x.Steps(); w++ {
		to := min(from+n, x.Steps())
		r, err := s.ClassifyEarly(x.Slice(from, to), margin)
		if err != nil {
			t.Fatal(err)
		}
		r.Scores = slices.Clone(r.Scores)
		if r.Steps == n || s.Lead() >= margin {
			all = append(all, Decision{Window: w, Step: int64(from + r.Steps - 1), Lead: s.Lead(), Result: r})
		}
		if o.Rearm {
			from += r.Steps
		} else {
			from += stride
		}
	}
	return all
}

// TestKeptMembranes computes the scores of windows over a session that runs on,
// by their definition in package model.
func TestKeptMembranes(t *testing.T) {
	const steps = 95
	x := randomTrain(steps)
	for _, readout := range readouts {
		m := network(readout)
		s := compile(t, m).NewSession()
		var spikes, membranes [steps][3]float32
		for k := range steps {
			if err := s.Step(x, k); err != nil {
				t.Fatal(err)
			}
			for j := range 3 {
				membranes[k][j] = s.Membrane(1)[j]
				if y := s.Spikes(1); y != nil && y.Get(j) {
					spikes[k][j] = 1
				}
			}
		}
		for _, o := range []WindowOptions{{Steps: 10, Stride: 10}, {Steps: 10, Stride: 5}, {Steps: 11, Stride: 3}, {Steps: 4, Stride: 1}} {
			o.Keep = true
			got := decide(t, newWindows(t, m, o), x)
			if want := (steps-o.Steps)/o.Stride + 1; len(got) != want {
				t.Fatalf("%s/%+v: %d decisions, expected %d", readout, o, len(got), want)
			}
			for w, d := range got {
				var scores [3]float32
				for j := range scores {
					if readout == model.MembraneMax {
						scores[j] = float32(math.Inf(-1))
					}
					for k := range o.Steps {
						y, s := spikes[w*o.Stride+k][j], membranes[w*o.Stride+k][j]
						switch {
						case readout == model.SpikeCount:
							scores[j] += y
						case readout == model.MembraneSum:
							scores[j] += s
						case readout == model.MembraneMax:
							scores[j] = max(scores[j], s)
						case y == 1 && scores[j] == 0:
							scores[j] = 1 / float32(k+1)
						}
					}
				}
				if d.Window != int64(w) || d.Step != int64(w*o.Stride+o.Steps-1) || d.Steps != o.Steps || !slices.Equal(d.Scores, scores[:]) {
					t.Fatalf("%s/%+v: decision %+v, expected scores %v", readout, o, d, scores)
				}
				if slices.Max(scores[:]) != scores[d.Class] {
					t.Fatalf("%s/%+v: class %d of scores %v", readout, o, d.Class, scores)
				}
			}
		}
	}
}

// TestKeptMembranesEarly decides at the first step at which the lead of a plain
// readout reaches the margin, and begins anew with the next.
func TestKeptMembranesEarly(t *testing.T) {
	x := randomTrain(95)
	m := network(model.MembraneSum)
	got := decide(t, newWindows(t, m, WindowOptions{Steps: 8, Keep: true, Margin: 0.7, Rearm: true}), x)
	s := compile(t, m).NewSession()
	r := s.NewReadout()
	var want []Decision
	for k := range x.Steps() {
		if err := s.Step(x, k); err != nil {
			t.Fatal(err)
		}
		r.Add()
		if result := r.Result(); r.Lead() >= 0.7 || result.Steps == 8 {
			result.Scores = slices.Clone(result.Scores)
			want = append(want, Decision{Window: int64(len(want)), Step: int64(k), Lead: r.Lead(), Result: result})
			r.Reset()
		}
	}
	if len(want) < 15 {
		t.Fatalf("%d decisions, expected early ones", len(want))
	}
	sameDecisions(t, got, want)
}

func TestAnalogWindows(t *testing.T) {
	m := network(model.MembraneSum)
	m.Input.Encoder.Counts = true
	x := spike.NewValues(20, 60)
	for k := range 20 {
		for i := range 60 {
			x.At(k)[i] = float32((k*i)%7) / 10
		}
	}
	w, s := newWindows(t, m, WindowOptions{}), compile(t, m).NewSession()
	for k := range 20 {
		decisions, err := w.Step(x, k)
		if err != nil {
			t.Fatal(err)
		}
		if k%10 != 9 {
			continue
		}
		want, err := s.Classify(x.Slice(k-9, k+1))
		if err != nil {
			t.Fatal(err)
		}
		if len(decisions) != 1 || !slices.Equal(decisions[0].Scores, want.Scores) {
			t.Fatalf("step %d: %+v, expected %+v", k, decisions, want)
		}
	}
}

// TestRestart gives up the open windows: what follows is decided as if nothing
// had been before.
func TestRestart(t *testing.T) {
	x := randomTrain(50)
	for _, keep := range []bool{false, true} {
		o := WindowOptions{Steps: 10, Stride: 5, Keep: keep}
		w := newWindows(t, network(model.SpikeCount), o)
		before := decide(t, w, x.Slice(0, 23))
		w.Restart()
		got := decide(t, w, x.Slice(23, 50))
		want := decide(t, newWindows(t, network(model.SpikeCount), o), x.Slice(23, 50))
		for i := range want {
			want[i].Window += 5 // of which 3 were decided
			want[i].Step += 23
		}
		if len(before) != 3 {
			t.Fatalf("%d decisions of 23 steps, expected 3", len(before))
		}
		sameDecisions(t, got, want)
	}
}

// TestFailedStep has not happened.
func TestFailedStep(t *testing.T) {
	x := randomTrain(40)
	for _, keep := range []bool{false, true} {
		o := WindowOptions{Steps: 10, Stride: 4, Keep: keep}
		w := newWindows(t, network(model.SpikeCount), o)
		var got []Decision
		for k := range x.Steps() {
			if _, err := w.Step(spike.NewTrain(1, 70), 0); err == nil {
				t.Fatal("70 channels were taken")
			}
			got = append(got, decide(t, w, x.Slice(k, k+1))...)
		}
		sameDecisions(t, got, decide(t, newWindows(t, network(model.SpikeCount), o), x))
	}
}

func TestWindowErrors(t *testing.T) {
	net := compile(t, network(model.SpikeCount))
	for _, c := range []struct {
		o    WindowOptions
		says string
	}{
		{WindowOptions{Steps: -1}, "window of -1 steps"},
		{WindowOptions{Stride: -1}, "stride of -1 steps"},
		{WindowOptions{Stride: 11}, "stride of 11 steps, expected 1 to 10"},
		{WindowOptions{Margin: -1}, "margin -1"},
		{WindowOptions{Margin: float32(math.NaN())}, "margin NaN"},
		{WindowOptions{Margin: float32(math.Inf(1))}, "margin +Inf"},
		{WindowOptions{Stride: 5, Rearm: true}, "rearm needs"},
		{WindowOptions{Steps: maxOpen + 1, Stride: 1}, "1025 would be open at once"},
	} {
		if _, err := NewWindows(net, c.o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: error %v, expected %q", c.o, err, c.says)
		}
	}
}

func TestNothingIsAllocatedInAStep(t *testing.T) {
	x := randomTrain(100)
	for _, o := range []WindowOptions{{}, {Stride: 3}, {Stride: 3, Keep: true}, {Margin: 1, Rearm: true}} {
		w := newWindows(t, network(model.SpikeCount), o)
		k := 0
		if n := testing.AllocsPerRun(500, func() {
			if _, err := w.Step(x, k%100); err != nil {
				t.Error(err)
			}
			k++
		}); n > 0 {
			t.Errorf("%+v: %v allocations a step", o, n)
		}
	}
}
